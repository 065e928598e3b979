/* Regions that change their shape or their place: split, merge, move, assign, unassign. Each is a
 * procedure of the master. */
#include "base/memory.h"
#include "client/admin_text.h"
#include "client/convert.h"
#include "client/region_work.h"
#include "proto/region.h"
#include "proto/wire.h"

static void put_nonce(struct buffer *out, struct stele_client *client, uint32_t number)
{
    wire_put_varint(out, number, client->nonce_group);
    wire_put_varint(out, number + 1, client_next_nonce(client));
}

/* ---- split ---- */

static bool holds(const struct stele_region *region, struct span key)
{
    return span_compare(span_of(region->start_key), key) <= 0 &&
           (region->end_key.size == 0 || span_compare(key, span_of(region->end_key)) < 0);
}

/* SplitTableRegionRequest{region_info = 1, split_row = 2, nonces 3 and 4}. A key of a table is only
 * for the region that holds it; of a region, for the master to judge. */
static void split_region(struct region_work *work, const struct stele_region *region)
{
    struct stele_client *client = work->job.client;
    struct operation operation = {.method = "SplitRegion", .error = {.status = STELE_OK}};
    struct span key = buffer_span(&work->argument);
    struct region_info info = {.region_id = region->region_id,
        .table = span_of(region->table),
        .start_key = span_of(region->start_key),
        .end_key = span_of(region->end_key)};
    if (key.size && !work->listing.is_region && !holds(region, key)) {
        work->in_flight--;
        return;
    }
    size_t mark = wire_begin(&operation.request, 1);
    region_info_encode(&operation.request, &info);
    wire_end(&operation.request, mark);
    if (key.size)
        wire_put_bytes(&operation.request, 2, key);
    put_nonce(&operation.request, client, 3);
    operation_start(client, &operation, region_work_on_done, work);
}

static struct job *split(
    struct stele_client *client, struct stele_bytes target, struct stele_bytes key)
{
    struct region_work *work = region_work_new(client, LISTING_OF_TARGET, target, split_region);
    if (!work)
        return NULL;
    buffer_put(&work->argument, span_of(key));
    return &work->job;
}

enum stele_status stele_split(struct stele_client *client, struct stele_bytes target,
    struct stele_bytes key, struct stele_error *error)
{
    return job_run(split(client, target, key), NULL, error);
}

void stele_split_async(struct stele_client *client, struct stele_bytes target,
    struct stele_bytes key, stele_done_function *done, void *context)
{
    job_start_done(split(client, target, key), done, context);
}

/* ---- merge ---- */

/* The encoded name of a region named either way. */
static struct span encoded_of(struct stele_bytes region, char storage[ENCODED_NAME_SIZE + 1])
{
    struct span name = span_of(region), table, start_key, id;
    return region_name_split(name, &table, &start_key, &id) ? name
                                                            : region_encoded_name(name, storage);
}

static void put_region(struct buffer *out, struct stele_bytes region)
{
    char storage[ENCODED_NAME_SIZE + 1];
    region_specifier_put(
        out, 1, (struct region_specifier){encoded_of(region, storage), .is_encoded = true});
}

/* MergeTableRegionsRequest{region* = 1, forcible = 3, nonces 4 and 5}. */
static struct operation merge_regions(
    struct stele_client *client, const struct stele_bytes *regions, size_t count, bool is_forced)
{
    struct operation operation = {.method = "MergeTableRegions", .error = {.status = STELE_OK}};
    if (count < 2)
        failure_set(
            &operation.error, STELE_INVALID, "a merge needs two regions or more, not %zu", count);
    for (size_t i = 0; i < count; i++)
        put_region(&operation.request, regions[i]);
    wire_put_bool(&operation.request, 3, is_forced);
    put_nonce(&operation.request, client, 4);
    return operation;
}

enum stele_status stele_merge_regions(struct stele_client *client,
    const struct stele_bytes *regions, size_t count, bool is_forced, struct stele_error *error)
{
    struct operation operation = merge_regions(client, regions, count, is_forced);
    return operation_run(client, &operation, error);
}

void stele_merge_regions_async(struct stele_client *client, const struct stele_bytes *regions,
    size_t count, bool is_forced, stele_done_function *done, void *context)
{
    struct operation operation = merge_regions(client, regions, count, is_forced);
    operation_start(client, &operation, done, context);
}

/* ---- move ---- */

/* MoveRegionRequest{region = 1, dest_server_name = 2}; the master answers when it is done. */
static struct operation move_region(struct stele_bytes region, struct stele_bytes server)
{
    struct operation operation = {.method = "MoveRegion", .error = {.status = STELE_OK}};
    put_region(&operation.request, region);
    if (server.size)
        admin_put_server_name(&operation.request, 2, server, &operation.error);
    return operation;
}

enum stele_status stele_move_region(struct stele_client *client, struct stele_bytes region,
    struct stele_bytes server, struct stele_error *error)
{
    struct operation operation = move_region(region, server);
    return operation_run(client, &operation, error);
}

void stele_move_region_async(struct stele_client *client, struct stele_bytes region,
    struct stele_bytes server, stele_done_function *done, void *context)
{
    struct operation operation = move_region(region, server);
    operation_start(client, &operation, done, context);
}

/* ---- assign, unassign ---- */

/* {region = 1, by its whole name: HBase's master knows no other here}. */
static void change_assignment(struct region_work *work, const struct stele_region *region)
{
    struct operation operation = {.method = work->method, .error = {.status = STELE_OK}};
    region_specifier_put(
        &operation.request, 1, (struct region_specifier){.value = span_of(region->name)});
    operation_start(work->job.client, &operation, region_work_on_done, work);
}

static struct job *assign(
    struct stele_client *client, struct stele_bytes region, const char *method)
{
    struct region_work *work = region_work_new(
        client, LISTING_OF_REGION, region, change_assignment);
    if (!work)
        return NULL;
    work->method = method;
    return &work->job;
}

enum stele_status stele_assign_region(
    struct stele_client *client, struct stele_bytes region, struct stele_error *error)
{
    return job_run(assign(client, region, "AssignRegion"), NULL, error);
}

void stele_assign_region_async(struct stele_client *client, struct stele_bytes region,
    stele_done_function *done, void *context)
{
    job_start_done(assign(client, region, "AssignRegion"), done, context);
}

enum stele_status stele_unassign_region(
    struct stele_client *client, struct stele_bytes region, struct stele_error *error)
{
    return job_run(assign(client, region, "UnassignRegion"), NULL, error);
}

void stele_unassign_region_async(struct stele_client *client, struct stele_bytes region,
    stele_done_function *done, void *context)
{
    job_start_done(assign(client, region, "UnassignRegion"), done, context);
}
