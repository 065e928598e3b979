/* MasterService: HBase's administrative calls over the master (facts: hbase-rpc 6). */
#ifndef STELE_SERVER_MASTER_MASTER_SERVICE_H
#define STELE_SERVER_MASTER_MASTER_SERVICE_H

#include "server/hbase/call.h"

/* Ended by an entry without a name. What is not here answers "not supported". */
extern const struct call_method master_methods[];

/* The parts; each ended likewise and gathered in master_methods. */
enum call_outcome master_get_cluster_status(struct call *call);
enum call_outcome master_get_table_descriptors(struct call *call);
enum call_outcome master_get_table_names(struct call *call);
enum call_outcome master_list_descriptors_by_state(struct call *call);
enum call_outcome master_list_names_by_state(struct call *call);
enum call_outcome master_list_descriptors_by_namespace(struct call *call);
enum call_outcome master_list_names_by_namespace(struct call *call);
enum call_outcome master_get_table_state(struct call *call);
enum call_outcome master_get_namespace_descriptor(struct call *call);
enum call_outcome master_list_namespace_descriptors(struct call *call);
enum call_outcome master_list_namespaces(struct call *call);
enum call_outcome master_flush_table(struct call *call);
enum call_outcome master_exec_procedure(struct call *call);
enum call_outcome master_is_procedure_done(struct call *call);

/* Fields of a request. Bytes: false when absent; the span is in the request. */
bool master_field_bytes(struct call *call, uint32_t number, struct span *out_bytes);
uint64_t master_field_number(struct call *call, uint32_t number, uint64_t otherwise);
/* A TableName submessage as "ns:name" in the call's arena; false after a call_fail. */
bool master_field_table(struct call *call, uint32_t number, struct span *out_name);

#endif
