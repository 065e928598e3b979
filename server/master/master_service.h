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
enum call_outcome master_get_last_major_compaction(struct call *call);
enum call_outcome master_get_last_region_major_compaction(struct call *call);
enum call_outcome master_get_namespace_descriptor(struct call *call);
enum call_outcome master_list_namespace_descriptors(struct call *call);
enum call_outcome master_list_namespaces(struct call *call);
enum call_outcome master_flush_table(struct call *call);
enum call_outcome master_exec_procedure(struct call *call);
enum call_outcome master_is_procedure_done(struct call *call);

enum call_outcome master_split_region(struct call *call);
enum call_outcome master_merge_regions(struct call *call);
enum call_outcome master_move_region(struct call *call);
enum call_outcome master_assign_region(struct call *call);
enum call_outcome master_unassign_region(struct call *call);

enum call_outcome master_balance_now(struct call *call);
enum call_outcome master_set_balancer(struct call *call);
enum call_outcome master_is_balancer_enabled(struct call *call);
enum call_outcome master_set_split_or_merge(struct call *call);
enum call_outcome master_is_split_or_merge_enabled(struct call *call);
enum call_outcome master_normalize_now(struct call *call);
enum call_outcome master_set_normalizer(struct call *call);
enum call_outcome master_is_normalizer_enabled(struct call *call);
enum call_outcome master_run_catalog_scan(struct call *call);
enum call_outcome master_enable_catalog_janitor(struct call *call);
enum call_outcome master_is_catalog_janitor_enabled(struct call *call);
enum call_outcome master_run_cleaner_chore(struct call *call);
enum call_outcome master_set_cleaner_chore(struct call *call);
enum call_outcome master_is_cleaner_chore_enabled(struct call *call);
enum call_outcome master_switch_snapshot_cleanup(struct call *call);
enum call_outcome master_is_snapshot_cleanup_enabled(struct call *call);
enum call_outcome master_list_decommissioned(struct call *call);
enum call_outcome master_decommission(struct call *call);
enum call_outcome master_recommission(struct call *call);
enum call_outcome master_list_dead_servers(struct call *call);
enum call_outcome master_clear_dead_servers(struct call *call);

enum call_outcome master_get_procedures(struct call *call);
enum call_outcome master_get_locks(struct call *call);

enum call_outcome master_snapshot(struct call *call);
enum call_outcome master_is_snapshot_done(struct call *call);
enum call_outcome master_get_completed_snapshots(struct call *call);
enum call_outcome master_delete_snapshot(struct call *call);
enum call_outcome master_restore_snapshot(struct call *call);
enum call_outcome master_is_restore_snapshot_done(struct call *call);

/* A request to the master and the call that waits for it: the answer is the procedure's id in field 1, unless `reply`
 * writes another. */
struct call_request {
    struct master_request request; /* first */
    struct call *call;
    void (*reply)(struct call *call, const struct master_request *request); /* or NULL */
};

/* In the call's arena; NULL after a call_fail. nonce_field: that of nonce_group, the nonce follows; 0 = none. */
struct call_request *master_new_request(
    struct call *call, enum master_operation operation, uint32_t nonce_field);
/* The outcome to return. */
enum call_outcome master_hand_over(struct call *call, struct call_request *request);
/* The encoded name in a RegionSpecifier, in the call's arena. False after a call_fail. */
bool master_take_region(struct call *call, struct span message, struct span *out_id);
/* A reply without fields. */
void master_reply_nothing(struct call *call, const struct master_request *request);

/* Fields of a request. Bytes: false when absent; the span is in the request. */
bool master_field_bytes(struct call *call, uint32_t number, struct span *out_bytes);
uint64_t master_field_number(struct call *call, uint32_t number, uint64_t otherwise);
/* A TableName submessage as "ns:name" in the call's arena; false after a call_fail. */
bool master_field_table(struct call *call, uint32_t number, struct span *out_name);

#endif
