/* Rows of hbase:meta, as they are to be written (facts: hbase-rpc 7c); meta_access.h sends them. */
#ifndef STELE_SERVER_MASTER_META_BATCH_H
#define STELE_SERVER_MASTER_META_BATCH_H

#include "proto/server_name.h"
#include "storage/storage.h"

struct meta_batch;

/* NULL on no memory. All calls that add may fail for memory too: meta_batch_finish says so. */
struct meta_batch *meta_batch_new(void);
void meta_batch_free(struct meta_batch *batch);

/* info:regioninfo and info:state of a tablet; when `server` is not NULL also where it is open: info:server,
 * info:serverstartcode, info:seqnumDuringOpen, info:sn. */
void meta_batch_put_tablet(struct meta_batch *batch, struct span table_name,
    const struct tablet_info *tablet, const char *state, const struct server_name *server,
    uint64_t open_sequence);
/* Takes away where it was open, all that meta_batch_put_tablet says of it: clients then hear that it is on no server,
 * not that a server of long ago cannot be reached. */
void meta_batch_delete_place(
    struct meta_batch *batch, struct span table_name, const struct tablet_info *tablet);
void meta_batch_put_state(struct meta_batch *batch, struct span table_name, enum table_state state);
void meta_batch_put_namespace(struct meta_batch *batch, struct span name,
    const struct attribute *configuration, size_t count);
void meta_batch_delete_tablet(
    struct meta_batch *batch, struct span table_name, const struct tablet_info *tablet);
/* A table and a namespace of one name share a row: each takes only its own column away. */
void meta_batch_delete_state(struct meta_batch *batch, struct span table_name);
void meta_batch_delete_namespace(struct meta_batch *batch, struct span name);
void meta_batch_delete_row(struct meta_batch *batch, struct span row);

/* A tablet that is split: offline, with its daughters (HBase's info:splitA, info:splitB). */
void meta_batch_put_split(struct meta_batch *batch, struct span table_name,
    const struct tablet_info *parent, const struct tablet_info daughters[2]);
/* The rows as operations, all of one timestamp, in the batch's memory. STATUS_NO_MEMORY, also of an earlier call. */
enum status meta_batch_finish(struct meta_batch *batch, int64_t timestamp,
    struct write_operation **out_operations, size_t *out_count, struct error *error);
bool meta_batch_is_empty(const struct meta_batch *batch);
/* A table's state is put or deleted by it. */
bool meta_batch_has_state(const struct meta_batch *batch);
struct arena *meta_batch_arena(struct meta_batch *batch);

/* The schema of hbase:meta itself, in `arena`. STATUS_NO_MEMORY. */
enum status meta_schema_make(
    struct arena *arena, struct table_schema *out_schema, struct error *error);

#endif
