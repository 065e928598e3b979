/* Regions: listing them from hbase:meta, flushing and compacting them. */
#include "base/limits.h"
#include "client/admin_text.h"
#include "client/convert.h"
#include "client/region_work.h"
#include "proto/wire.h"
#include "proto/znode.h"

void stele_region_list_free(struct stele_region_list *list)
{
    if (!list)
        return;
    admin_memory_free(list->memory);
    *list = (struct stele_region_list){0};
}

/* ---- lists ---- */

static struct job *list_regions(
    struct stele_client *client, enum listing_of of, struct stele_bytes subject)
{
    struct region_work *work = region_work_new(client, of, subject, NULL);
    return work ? &work->job : NULL;
}

static struct job *locate_region(
    struct stele_client *client, struct stele_bytes table, struct stele_bytes row)
{
    struct region_work *work = region_work_new(client, LISTING_OF_ROW, table, NULL);
    if (!work)
        return NULL;
    buffer_put(&work->row, span_of(row));
    return &work->job;
}

static void deliver_regions(struct job *job)
{
    ((stele_region_list_function *)job->done)(
        job->context, &job->error, job->error.status ? NULL : &job->result.regions);
}

static enum stele_status run_list(
    struct job *job, struct stele_region_list *out_list, struct stele_error *error)
{
    union job_result result;
    enum stele_status status = job_run(job, &result, error);
    if (!status)
        *out_list = result.regions;
    return status;
}

static void start_list(struct job *job, stele_region_list_function *done, void *context)
{
    job_start(job, deliver_regions, (void (*)(void))done, context);
}

enum stele_status stele_list_regions(struct stele_client *client, struct stele_bytes table,
    struct stele_region_list *out_list, struct stele_error *error)
{
    return run_list(list_regions(client, LISTING_OF_TABLE, table), out_list, error);
}

void stele_list_regions_async(struct stele_client *client, struct stele_bytes table,
    stele_region_list_function *done, void *context)
{
    start_list(list_regions(client, LISTING_OF_TABLE, table), done, context);
}

enum stele_status stele_locate_region(struct stele_client *client, struct stele_bytes table,
    struct stele_bytes row, struct stele_region_list *out_list, struct stele_error *error)
{
    return run_list(locate_region(client, table, row), out_list, error);
}

void stele_locate_region_async(struct stele_client *client, struct stele_bytes table,
    struct stele_bytes row, stele_region_list_function *done, void *context)
{
    start_list(locate_region(client, table, row), done, context);
}

enum stele_status stele_find_region(struct stele_client *client, struct stele_bytes region,
    struct stele_region_list *out_list, struct stele_error *error)
{
    return run_list(list_regions(client, LISTING_OF_REGION, region), out_list, error);
}

void stele_find_region_async(struct stele_client *client, struct stele_bytes region,
    stele_region_list_function *done, void *context)
{
    start_list(list_regions(client, LISTING_OF_REGION, region), done, context);
}

static bool copy_region(
    struct arena *arena, const struct region_info *info, struct stele_region *out_region)
{
    struct buffer name = {0};
    char storage[ENCODED_NAME_SIZE + 1];
    if (span_equal(info->table, SPAN_LITERAL(META_TABLE_NAME)))
        buffer_put(&name, SPAN_LITERAL(META_REGION_NAME));
    else
        region_name_put(&name, info->table, info->start_key, info->region_id);
    bool is_whole = !buffer_status(&name);
    *out_region = (struct stele_region){
        .table = admin_copy_text(arena, info->table),
        .name = admin_copy_text(arena, buffer_span(&name)),
        .encoded_name = admin_copy_text(arena, region_encoded_name(buffer_span(&name), storage)),
        .start_key = admin_copy_text(arena, info->start_key),
        .end_key = admin_copy_text(arena, info->end_key),
        .region_id = info->region_id,
        .server.host = STELE_TEXT(""),
        .open_sequence = -1,
        .state = STELE_TEXT(""),
        .is_offline = info->is_offline,
        .is_split = info->is_split,
    };
    buffer_deinit(&name);
    return is_whole && out_region->table.data && out_region->name.data &&
           out_region->encoded_name.data && out_region->start_key.data && out_region->end_key.data;
}

enum stele_status stele_region_decode(
    struct stele_bytes value, struct stele_region_list *out_list, struct stele_error *error)
{
    uint8_t storage[LIMIT_TABLE_NAME_SIZE];
    struct span message;
    struct region_info info;
    struct error why = {0};
    if (pbuf_unwrap(span_of(value), &message, &why) ||
        region_info_decode(message, storage, &info, &why))
        return failure_set(error, STELE_PROTOCOL, "%s", why.message);
    struct arena *memory = admin_memory_new();
    struct stele_region *region = memory ? arena_allocate(memory, sizeof *region) : NULL;
    if (!region || !copy_region(memory, &info, region)) {
        admin_memory_free(memory);
        return failure_set(error, STELE_NO_MEMORY, "no memory for a region");
    }
    *out_list = (struct stele_region_list){region, 1, memory};
    return STELE_OK;
}

/* ---- upkeep ---- */

static struct region_work *call_admin(
    struct stele_client *client, struct stele_bytes target, const char *method)
{
    struct region_work *work = region_work_new(
        client, LISTING_OF_TARGET, target, region_work_call_admin);
    if (work)
        work->method = method;
    return work;
}

static struct job *flush(
    struct stele_client *client, struct stele_bytes target, struct stele_bytes family)
{
    struct region_work *work = call_admin(client, target, "FlushRegion");
    if (!work)
        return NULL;
    if (family.size)
        wire_put_bytes(&work->argument, 4, span_of(family));
    return &work->job;
}

static struct job *compact(struct stele_client *client, struct stele_bytes target,
    struct stele_bytes family, bool is_major)
{
    struct region_work *work = call_admin(client, target, "CompactRegion");
    if (!work)
        return NULL;
    wire_put_bool(&work->argument, 2, is_major);
    if (family.size)
        wire_put_bytes(&work->argument, 3, span_of(family));
    return &work->job;
}

static struct job *get_compaction_state(struct stele_client *client, struct stele_bytes table)
{
    struct region_work *work = call_admin(client, table, "GetRegionInfo");
    if (!work)
        return NULL;
    wire_put_bool(&work->argument, 2, true);
    return &work->job;
}

enum stele_status stele_flush(struct stele_client *client, struct stele_bytes target,
    struct stele_bytes family, struct stele_error *error)
{
    return job_run(flush(client, target, family), NULL, error);
}

void stele_flush_async(struct stele_client *client, struct stele_bytes target,
    struct stele_bytes family, stele_done_function *done, void *context)
{
    job_start_done(flush(client, target, family), done, context);
}

enum stele_status stele_compact(struct stele_client *client, struct stele_bytes target,
    struct stele_bytes family, bool is_major, struct stele_error *error)
{
    return job_run(compact(client, target, family, is_major), NULL, error);
}

void stele_compact_async(struct stele_client *client, struct stele_bytes target,
    struct stele_bytes family, bool is_major, stele_done_function *done, void *context)
{
    job_start_done(compact(client, target, family, is_major), done, context);
}

enum stele_status stele_get_compaction_state(struct stele_client *client, struct stele_bytes table,
    enum stele_compaction_state *out_state, struct stele_error *error)
{
    int64_t number;
    enum stele_status status = job_run_number(get_compaction_state(client, table), &number, error);
    if (!status)
        *out_state = (enum stele_compaction_state)number;
    return status;
}

void stele_get_compaction_state_async(struct stele_client *client, struct stele_bytes table,
    stele_number_function *done, void *context)
{
    job_start_number(get_compaction_state(client, table), done, context);
}
