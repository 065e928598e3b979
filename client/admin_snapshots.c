/* Snapshots: taking, listing, deleting, and tables made of them. */
#include "base/memory.h"
#include "client/admin_text.h"
#include "client/convert.h"
#include "client/operation.h"
#include "client/question.h"
#include "proto/exception_class.h"
#include "proto/master.pb-c.h"
#include "proto/unpack.h"
#include "proto/wire.h"

enum { SNAPSHOT_FORMAT = 2 }; /* SnapshotDescription.version of every HBase since 0.98 */

void stele_snapshot_list_free(struct stele_snapshot_list *list)
{
    if (!list)
        return;
    admin_memory_free(list->memory);
    *list = (struct stele_snapshot_list){0};
}

void stele_snapshot_init(
    struct stele_snapshot *snapshot, struct stele_bytes name, struct stele_bytes table)
{
    *snapshot = (struct stele_snapshot){.name = name, .table = table, .kind = STELE_SNAPSHOT_FLUSH};
}

/* ---- listing ---- */

/* The message shares the arena with the list, which so borrows from it. */
static struct stele_snapshot snapshot_of(const Hbase__Pb__SnapshotDescription *from)
{
    return (struct stele_snapshot){
        .name = stele_text(from->name),
        .table = stele_text(from->table ? from->table : ""),
        .created_ms = from->creation_time,
        .kind = (enum stele_snapshot_kind)(from->has_type ? (int)from->type : STELE_SNAPSHOT_FLUSH),
        .owner = stele_text(from->owner ? from->owner : ""),
        .ttl_s = from->ttl,
        .max_file_size = from->max_file_size,
    };
}

static enum stele_status decode_list(struct question *question, struct span answer)
{
    struct arena *arena = job_memory(&question->job);
    struct error cause;
    const Hbase__Pb__GetCompletedSnapshotsResponse *response =
        arena ? (void *)message_unpack(
                    &hbase__pb__get_completed_snapshots_response__descriptor, answer, arena, &cause)
              : NULL;
    if (arena && !response)
        return failure_set(&question->job.error, STELE_PROTOCOL, "%s", cause.message);
    struct stele_snapshot *list = arena
                                      ? arena_allocate(arena, response->n_snapshots * sizeof(*list))
                                      : NULL;
    if (!list)
        return failure_set(&question->job.error, STELE_NO_MEMORY, "no memory for snapshots");
    for (size_t i = 0; i < response->n_snapshots; i++)
        list[i] = snapshot_of(response->snapshots[i]);
    question->job.result.snapshots = (struct stele_snapshot_list){
        list, response->n_snapshots, arena};
    return STELE_OK;
}

static struct job *list_snapshots(struct stele_client *client)
{
    struct question *question = question_new(client, "GetCompletedSnapshots", decode_list);
    return question ? &question->job : NULL;
}

static void deliver_list(struct job *job)
{
    ((stele_snapshot_list_function *)job->done)(
        job->context, &job->error, job->error.status ? NULL : &job->result.snapshots);
}

enum stele_status stele_list_snapshots(
    struct stele_client *client, struct stele_snapshot_list *out_list, struct stele_error *error)
{
    union job_result result;
    enum stele_status status = job_run(list_snapshots(client), &result, error);
    if (!status)
        *out_list = result.snapshots;
    return status;
}

void stele_list_snapshots_async(
    struct stele_client *client, stele_snapshot_list_function *done, void *context)
{
    job_start(list_snapshots(client), deliver_list, (void (*)(void))done, context);
}

/* ---- taking and deleting ---- */

static void put_description(struct buffer *out, const struct stele_snapshot *snapshot)
{
    size_t mark = wire_begin(out, 1);
    wire_put_bytes(out, 1, span_of(snapshot->name));
    wire_put_bytes(out, 2, span_of(snapshot->table));
    wire_put_varint(out, 4, (uint64_t)snapshot->kind);
    wire_put_varint(out, 5, SNAPSHOT_FORMAT);
    if (snapshot->ttl_s)
        wire_put_varint(out, 8, (uint64_t)snapshot->ttl_s);
    if (snapshot->max_file_size)
        wire_put_varint(out, 9, (uint64_t)snapshot->max_file_size);
    wire_end(out, mark);
}

static void put_nonce(struct buffer *out, struct stele_client *client, uint32_t number)
{
    wire_put_varint(out, number, client->nonce_group);
    wire_put_varint(out, number + 1, client_next_nonce(client));
}

/* SnapshotRequest{snapshot = 1, nonces 2 and 3}. A 2.6 server answers with the procedure's number
 * in field 2, an older one is asked IsSnapshotDone{snapshot = 1}. */
static struct operation take_snapshot(
    struct stele_client *client, const struct stele_snapshot *snapshot)
{
    struct operation operation = {.method = "Snapshot",
        .id_field = 2,
        .poll_method = "IsSnapshotDone",
        .error = {.status = STELE_OK}};
    admin_check_table_name(snapshot->table, &operation.error);
    put_description(&operation.request, snapshot);
    put_nonce(&operation.request, client, 2);
    return operation;
}

enum stele_status stele_take_snapshot(
    struct stele_client *client, const struct stele_snapshot *snapshot, struct stele_error *error)
{
    struct operation operation = take_snapshot(client, snapshot);
    return operation_run(client, &operation, error);
}

void stele_take_snapshot_async(struct stele_client *client, const struct stele_snapshot *snapshot,
    stele_done_function *done, void *context)
{
    struct operation operation = take_snapshot(client, snapshot);
    operation_start(client, &operation, done, context);
}

static struct job *delete_snapshot(struct stele_client *client, struct stele_bytes name)
{
    struct question *question = question_new(client, "DeleteSnapshot", NULL);
    if (!question)
        return NULL;
    size_t mark = wire_begin(&question->request, 1);
    wire_put_bytes(&question->request, 1, span_of(name));
    wire_end(&question->request, mark);
    return &question->job;
}

enum stele_status stele_delete_snapshot(
    struct stele_client *client, struct stele_bytes name, struct stele_error *error)
{
    return job_run(delete_snapshot(client, name), NULL, error);
}

void stele_delete_snapshot_async(
    struct stele_client *client, struct stele_bytes name, stele_done_function *done, void *context)
{
    job_start_done(delete_snapshot(client, name), done, context);
}

/* ---- tables of snapshots ---- */

/* Restoring and cloning are one request of the master, which clones when there is no such table. The
 * rest is here, as in HBase's client: a restore looks up the snapshot's table and whether it is
 * disabled, and a clone looks whether its table is there already. */
struct restoration {
    struct job job;
    struct buffer name;
    struct buffer table; /* empty: the snapshot's */
};

static void release(struct job *job)
{
    struct restoration *restoration = (struct restoration *)job;
    buffer_deinit(&restoration->name);
    buffer_deinit(&restoration->table);
}

static void restore(struct restoration *restoration)
{
    struct operation operation = {.method = "RestoreSnapshot", .error = {.status = STELE_OK}};
    struct stele_snapshot snapshot;
    stele_snapshot_init(&snapshot, bytes_of(buffer_span(&restoration->name)),
        bytes_of(buffer_span(&restoration->table)));
    put_description(&operation.request, &snapshot);
    put_nonce(&operation.request, restoration->job.client, 2);
    operation_start(restoration->job.client, &operation, job_on_done, restoration);
}

static void on_state(void *context, const struct stele_error *error, int64_t state)
{
    struct restoration *restoration = context;
    struct stele_error *own = &restoration->job.error;
    struct span table = buffer_span(&restoration->table);
    if (error->status && error->status != STELE_NOT_FOUND) {
        job_fail(&restoration->job, error);
    } else if (!error->status && state != STELE_DISABLED) {
        failure_set(own, STELE_WRONG_STATE, "%.*s", (int)table.size, (const char *)table.data);
        memcpy(own->exception_class, EXCEPTION_TABLE_NOT_DISABLED,
            sizeof(EXCEPTION_TABLE_NOT_DISABLED));
        job_finish(&restoration->job);
    } else {
        restore(restoration);
    }
}

static void on_snapshots(
    void *context, const struct stele_error *error, const struct stele_snapshot_list *list)
{
    struct restoration *restoration = context;
    struct span name = buffer_span(&restoration->name);
    if (error->status) {
        job_fail(&restoration->job, error);
        return;
    }
    for (size_t i = 0; i < list->count; i++) {
        if (span_equal(span_of(list->snapshots[i].name), name)) {
            buffer_put(&restoration->table, span_of(list->snapshots[i].table));
            stele_get_table_state_async(
                restoration->job.client, list->snapshots[i].table, on_state, restoration);
            return;
        }
    }
    admin_not_found(&restoration->job.error, EXCEPTION_SNAPSHOT_DOES_NOT_EXIST, bytes_of(name));
    job_finish(&restoration->job);
}

static void on_exists(void *context, const struct stele_error *error, int64_t exists)
{
    struct restoration *restoration = context;
    struct stele_error *own = &restoration->job.error;
    struct span table = buffer_span(&restoration->table);
    if (error->status) {
        job_fail(&restoration->job, error);
    } else if (exists) {
        failure_set(own, STELE_EXISTS, "%.*s", (int)table.size, (const char *)table.data);
        memcpy(own->exception_class, EXCEPTION_TABLE_EXISTS, sizeof(EXCEPTION_TABLE_EXISTS));
        job_finish(&restoration->job);
    } else {
        restore(restoration);
    }
}

static void begin(struct job *job)
{
    struct restoration *restoration = (struct restoration *)job;
    if (buffer_status(&restoration->name) || buffer_status(&restoration->table))
        job_fail_no_memory(job);
    else if (restoration->table.size)
        stele_table_exists_async(
            job->client, bytes_of(buffer_span(&restoration->table)), on_exists, restoration);
    else
        stele_list_snapshots_async(job->client, on_snapshots, restoration);
}

static struct job *restoration_new(
    struct stele_client *client, struct stele_bytes name, struct stele_bytes table)
{
    struct restoration *restoration = memory_allocate_zeroed(1, sizeof(*restoration));
    if (!restoration)
        return NULL;
    job_init(&restoration->job, client, begin, release);
    buffer_put(&restoration->name, span_of(name));
    buffer_put(&restoration->table, span_of(table));
    return &restoration->job;
}

static struct job *clone_snapshot(
    struct stele_client *client, struct stele_bytes name, struct stele_bytes table)
{
    struct job *job = restoration_new(client, name, table);
    if (job)
        admin_check_table_name(table, &job->error);
    return job;
}

enum stele_status stele_clone_snapshot(struct stele_client *client, struct stele_bytes name,
    struct stele_bytes table, struct stele_error *error)
{
    return job_run(clone_snapshot(client, name, table), NULL, error);
}

void stele_clone_snapshot_async(struct stele_client *client, struct stele_bytes name,
    struct stele_bytes table, stele_done_function *done, void *context)
{
    job_start_done(clone_snapshot(client, name, table), done, context);
}

enum stele_status stele_restore_snapshot(
    struct stele_client *client, struct stele_bytes name, struct stele_error *error)
{
    return job_run(restoration_new(client, name, STELE_NO_BYTES), NULL, error);
}

void stele_restore_snapshot_async(
    struct stele_client *client, struct stele_bytes name, stele_done_function *done, void *context)
{
    job_start_done(restoration_new(client, name, STELE_NO_BYTES), done, context);
}
