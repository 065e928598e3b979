/* Calls of the administration: made and waited for on the caller's thread, their answers copied to
 * it. */
#ifndef STELE_CLIENT_ADMIN_RPC_H
#define STELE_CLIENT_ADMIN_RPC_H

#include <protobuf-c/protobuf-c.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "client/client.h"
#include "client/table.h"
#include "proto/common.pb-c.h"

struct admin_answer {
    uint8_t *bytes; /* heap; admin_answer_deinit */
    struct span result;
    struct span cell_block;
};

void admin_answer_deinit(struct admin_answer *answer);

/* To the active master. request: NULL = an empty message. */
enum stele_status admin_call_master(struct stele_client *client, const char *method,
    const ProtobufCMessage *request, struct admin_answer *out_answer, struct stele_error *error);
/* The same with the request as bytes (owned by the caller). */
enum stele_status admin_call_master_bytes(struct stele_client *client, const char *method,
    struct buffer *request, struct admin_answer *out_answer, struct stele_error *error);
/* To the region of a row, its specifier before the message. */
enum stele_status admin_call_region(struct stele_table *table, struct span row,
    enum service service, const char *method, const struct buffer *message,
    struct admin_answer *out_answer, struct stele_error *error);
/* Decodes the answer into the arena; NULL with *error (STELE_PROTOCOL). */
ProtobufCMessage *admin_unpack(const struct admin_answer *answer,
    const ProtobufCMessageDescriptor *descriptor, struct arena *arena, struct stele_error *error);

/* A TableName message that borrows the name; it must outlive nothing but the call. */
Hbase__Pb__TableName admin_table_name(struct stele_bytes name);

/* A heap arena for what a list holds: the `memory` of the public lists. NULL on no memory. */
struct arena *admin_memory_new(void);
void admin_memory_free(void *memory);
/* A copy with a NUL after it; data NULL on no memory. */
struct stele_bytes admin_copy_text(struct arena *arena, struct span text);
/* "ns:name" with a NUL. */
struct stele_bytes admin_copy_table_name(struct arena *arena, const Hbase__Pb__TableName *name);

#endif
