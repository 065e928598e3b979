#include "client/region_work.h"

#include "base/memory.h"
#include "client/call.h"
#include "client/convert.h"
#include "client/table.h"
#include "proto/wire.h"

enum { MOST_IN_FLIGHT = 16 };

static void release(struct job *job)
{
    struct region_work *work = (struct region_work *)job;
    listing_deinit(&work->listing);
    buffer_deinit(&work->target);
    buffer_deinit(&work->row);
    buffer_deinit(&work->argument);
    buffer_deinit(&work->text);
}

static void go_on(struct region_work *work)
{
    struct listing *listing = &work->listing;
    work->in_flight++; /* so that what ends meanwhile does not end the job */
    while (work->in_flight <= MOST_IN_FLIGHT && work->next < listing->count &&
           !work->job.error.status) {
        const struct stele_region *region = &listing->regions[work->next++];
        if (!listing->is_region && (region->is_offline || region->is_split))
            continue;
        work->in_flight++;
        work->is_asked = true;
        work->each(work, region);
    }
    if (--work->in_flight == 0)
        job_finish(&work->job);
}

void region_work_done(struct region_work *work, const struct stele_error *error)
{
    if (error->status && !work->job.error.status)
        work->job.error = *error;
    work->in_flight--;
    go_on(work);
}

void region_work_on_done(void *context, const struct stele_error *error)
{
    region_work_done(context, error);
}

/* The listing is the result. */
static void finish_list(struct region_work *work)
{
    struct listing *listing = &work->listing;
    struct stele_region *regions = arena_allocate(
        work->job.memory, listing->count * sizeof(*regions));
    if (!regions) {
        job_fail_no_memory(&work->job);
        return;
    }
    if (listing->count)
        memcpy(regions, listing->regions, listing->count * sizeof(*regions));
    work->job.result.regions = (struct stele_region_list){
        regions, listing->count, work->job.memory};
    job_finish(&work->job);
}

static void on_listed(struct listing *listing, const struct stele_error *error)
{
    struct region_work *work =
        (struct region_work *)(void *)((char *)listing - offsetof(struct region_work, listing));
    if (error->status)
        job_fail(&work->job, error);
    else if (work->each)
        go_on(work);
    else
        finish_list(work);
}

static void begin(struct job *job)
{
    struct region_work *work = (struct region_work *)job;
    listing_start(&work->listing, job->client, job_memory(job), work->of,
        buffer_span(&work->target), buffer_span(&work->row), on_listed);
}

struct region_work *region_work_new(struct stele_client *client, enum listing_of of,
    struct stele_bytes target, region_function *each)
{
    struct region_work *work = memory_allocate_zeroed(1, sizeof(*work));
    if (!work)
        return NULL;
    job_init(&work->job, client, begin, release);
    work->of = of;
    work->each = each;
    buffer_put(&work->target, span_of(target));
    return work;
}

/* ---- AdminService ---- */

/* GetRegionInfoResponse{compaction_state = 2}: states join as bits. The other answers have no such
 * field that anybody looks at. */
static void on_admin_answer(struct call *call, const struct failure *failure,
    const struct response_frame *answer, struct block *block)
{
    struct region_work *work = call->context;
    struct stele_error ok = {.status = STELE_OK};
    struct wire_field field;
    (void)block;
    for (struct span in = failure ? SPAN_EMPTY : answer->result; !wire_take(&in, &field);)
        if (wire_is(&field, 2, WIRE_VARINT))
            work->job.result.number |= (int64_t)(field.value & 3);
    region_work_done(work, failure ? &failure->error : &ok);
}

void region_work_call_admin(struct region_work *work, const struct stele_region *region)
{
    struct stele_client *client = work->job.client;
    struct stele_table *table = table_find(client, span_of(region->table));
    struct call *call = table ? client_call_new(client, CALL_TO_ROW, SERVICE_ADMIN, work->method,
                                    on_admin_answer, work)
                              : NULL;
    if (!call) {
        struct stele_error error;
        failure_set(&error, STELE_NO_MEMORY, "no memory for a call");
        work->job.error = error;
        work->in_flight--;
        return;
    }
    call->table = table;
    call->row_size = region->start_key.size;
    buffer_put(&call->body, span_of(region->start_key));
    buffer_put(&call->body, buffer_span(&work->argument));
    call->body.is_failed |= work->argument.is_failed;
    call_start(call);
}
