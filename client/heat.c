/* Measured heat: questions to SteleService of the active master (proto/heat.proto). */
#include "client/admin_text.h"
#include "client/convert.h"
#include "client/question.h"
#include "proto/heat.pb-c.h"
#include "proto/unpack.h"
#include "proto/wire.h"

enum { RATES = 6 }; /* gets, scanned rows, writes, bytes in, bytes out, ns of CPU */

#define NS_PER_S 1e9

static struct question *ask(
    struct stele_client *client, const char *method, question_decode *decode)
{
    struct question *question = question_new(client, method, decode);
    if (question)
        question->service = SERVICE_STELE;
    return question;
}

static void put_given(struct question *question, uint32_t number, struct stele_bytes bytes)
{
    if (bytes.size > 0)
        wire_put_bytes(&question->request, number, span_of(bytes));
}

/* The answer in the job's memory; NULL with the job's error set. */
static const void *take(
    struct question *question, const ProtobufCMessageDescriptor *descriptor, struct span answer)
{
    struct arena *arena = job_memory(&question->job);
    struct error cause;
    const void *message = arena ? message_unpack(descriptor, answer, arena, &cause) : NULL;
    if (!arena)
        failure_set(&question->job.error, STELE_NO_MEMORY, "no memory for an answer");
    else if (!message)
        failure_set(&question->job.error, STELE_PROTOCOL, "%s", cause.message);
    return message;
}

static enum stele_status no_memory(struct question *question)
{
    return failure_set(&question->job.error, STELE_NO_MEMORY, "no memory for an answer");
}

static struct stele_bytes given(protobuf_c_boolean has, ProtobufCBinaryData bytes)
{
    return has ? bytes_of(binary_span(bytes)) : STELE_NO_BYTES;
}

static struct stele_bytes needed(ProtobufCBinaryData bytes)
{
    return bytes_of(binary_span(bytes));
}

/* ---- Tablets ---- */

static enum stele_status decode_tablets(struct question *question, struct span answer)
{
    const Stele__Pb__HotTabletsResponse *response = take(
        question, &stele__pb__hot_tablets_response__descriptor, answer);
    if (!response)
        return question->job.error.status;
    struct stele_hot_tablet *tablets = arena_allocate_zeroed(
        job_memory(&question->job), response->n_tablets, sizeof(*tablets));
    if (!tablets)
        return no_memory(question);
    for (size_t i = 0; i < response->n_tablets; i++) {
        const Stele__Pb__HotTablet *one = response->tablets[i];
        double rates[RATES] = {0};
        for (size_t r = 0; r < one->n_per_s && r < RATES; r++)
            rates[r] = one->per_s[r];
        tablets[i] = (struct stele_hot_tablet){
            .table = needed(one->table),
            .encoded_name = needed(one->tablet),
            .server = given(one->has_server, one->server),
            .start_key = given(one->has_start_key, one->start_key),
            .end_key = given(one->has_end_key, one->end_key),
            .gets = rates[0],
            .scanned_rows = rates[1],
            .writes = rates[2],
            .bytes_in = rates[3],
            .bytes_out = rates[4],
            .cpu = rates[5] / NS_PER_S,
            .share = one->share,
            .hottest_start = given(one->has_hottest_start, one->hottest_start),
            .hottest_end = given(one->has_hottest_end, one->hottest_end),
            .hottest_share = one->hottest_share,
        };
    }
    question->job.result.hot_tablets = (struct stele_hot_tablet_list){
        tablets, response->n_tablets, response->active, question->job.memory};
    return STELE_OK;
}

static struct job *ask_tablets(struct stele_client *client, struct stele_bytes table,
    struct stele_bytes metric, uint32_t limit)
{
    struct question *question = ask(client, "HotTablets", decode_tablets);
    if (!question)
        return NULL;
    put_given(question, 1, table);
    put_given(question, 2, metric);
    wire_put_varint(&question->request, 3, limit);
    return &question->job;
}

static void deliver_tablets(struct job *job)
{
    ((stele_hot_tablet_list_function *)job->done)(
        job->context, &job->error, job->error.status ? NULL : &job->result.hot_tablets);
}

enum stele_status stele_hot_tablets(struct stele_client *client, struct stele_bytes table,
    struct stele_bytes metric, uint32_t limit, struct stele_hot_tablet_list *out_list,
    struct stele_error *error)
{
    union job_result result;
    enum stele_status status = job_run(ask_tablets(client, table, metric, limit), &result, error);
    if (!status)
        *out_list = result.hot_tablets;
    return status;
}

void stele_hot_tablets_async(struct stele_client *client, struct stele_bytes table,
    struct stele_bytes metric, uint32_t limit, stele_hot_tablet_list_function *done, void *context)
{
    job_start(
        ask_tablets(client, table, metric, limit), deliver_tablets, (void (*)(void))done, context);
}

void stele_hot_tablet_list_free(struct stele_hot_tablet_list *list)
{
    if (!list)
        return;
    admin_memory_free(list->memory);
    *list = (struct stele_hot_tablet_list){0};
}

/* ---- Rows ---- */

static enum stele_status decode_rows(struct question *question, struct span answer)
{
    const Stele__Pb__HotRowsResponse *response = take(
        question, &stele__pb__hot_rows_response__descriptor, answer);
    if (!response)
        return question->job.error.status;
    struct stele_hot_row *rows = arena_allocate_zeroed(
        job_memory(&question->job), response->n_rows, sizeof(*rows));
    if (!rows)
        return no_memory(question);
    for (size_t i = 0; i < response->n_rows; i++) {
        const Stele__Pb__MeasuredRow *one = response->rows[i];
        rows[i] = (struct stele_hot_row){
            .table = needed(one->table),
            .row = needed(one->row),
            .is_write = one->is_write,
            .count = one->count,
            .error = one->error,
            .window_s = one->window_s,
            .share = one->share,
            .encoded_name = given(one->has_tablet, one->tablet),
            .server = given(one->has_server, one->server),
        };
    }
    question->job.result.hot_rows = (struct stele_hot_row_list){
        rows, response->n_rows, question->job.memory};
    return STELE_OK;
}

static struct job *ask_rows(struct stele_client *client, struct stele_bytes table, uint32_t limit)
{
    struct question *question = ask(client, "HotRows", decode_rows);
    if (!question)
        return NULL;
    put_given(question, 1, table);
    wire_put_varint(&question->request, 2, limit);
    return &question->job;
}

static void deliver_rows(struct job *job)
{
    ((stele_hot_row_list_function *)job->done)(
        job->context, &job->error, job->error.status ? NULL : &job->result.hot_rows);
}

enum stele_status stele_hot_rows(struct stele_client *client, struct stele_bytes table,
    uint32_t limit, struct stele_hot_row_list *out_list, struct stele_error *error)
{
    union job_result result;
    enum stele_status status = job_run(ask_rows(client, table, limit), &result, error);
    if (!status)
        *out_list = result.hot_rows;
    return status;
}

void stele_hot_rows_async(struct stele_client *client, struct stele_bytes table, uint32_t limit,
    stele_hot_row_list_function *done, void *context)
{
    job_start(ask_rows(client, table, limit), deliver_rows, (void (*)(void))done, context);
}

void stele_hot_row_list_free(struct stele_hot_row_list *list)
{
    if (!list)
        return;
    admin_memory_free(list->memory);
    *list = (struct stele_hot_row_list){0};
}

/* ---- Map ---- */

static enum stele_status decode_map(struct question *question, struct span answer)
{
    const Stele__Pb__HeatMapResponse *response = take(
        question, &stele__pb__heat_map_response__descriptor, answer);
    if (!response)
        return question->job.error.status;
    size_t rows = response->n_bounds > 0 ? response->n_bounds - 1 : 0;
    if (rows == 0 || response->n_values != rows * response->columns)
        return failure_set(&question->job.error, STELE_PROTOCOL,
            "a heat map of %zu rows and %u columns has %zu values", rows, response->columns,
            response->n_values);
    struct stele_bytes *bounds = arena_allocate_zeroed(
        job_memory(&question->job), rows + 1, sizeof(*bounds));
    if (!bounds)
        return no_memory(question);
    for (size_t i = 0; i <= rows; i++)
        bounds[i] = needed(response->bounds[i]);
    question->job.result.heat_map = (struct stele_heat_map){
        .bounds = bounds,
        .row_count = rows,
        .column_count = response->columns,
        .from_s = response->from_s,
        .step_s = response->step_s,
        .values = response->values,
        .bytes = response->n_bytes == rows ? response->bytes : NULL,
        .memory = question->job.memory,
    };
    return STELE_OK;
}

static struct job *ask_map(
    struct stele_client *client, struct stele_bytes table, const struct stele_heat_query *query)
{
    struct question *question = ask(client, "HeatMap", decode_map);
    if (!question)
        return NULL;
    wire_put_bytes(&question->request, 1, span_of(table));
    put_given(question, 2, query->metric);
    if (query->from_s != 0)
        wire_put_varint(&question->request, 3, (uint64_t)query->from_s);
    if (query->to_s != 0)
        wire_put_varint(&question->request, 4, (uint64_t)query->to_s);
    put_given(question, 5, query->start_key);
    put_given(question, 6, query->end_key);
    if (query->rows > 0)
        wire_put_varint(&question->request, 7, query->rows);
    if (query->columns > 0)
        wire_put_varint(&question->request, 8, query->columns);
    return &question->job;
}

static void deliver_map(struct job *job)
{
    ((stele_heat_map_function *)job->done)(
        job->context, &job->error, job->error.status ? NULL : &job->result.heat_map);
}

enum stele_status stele_heat_map(struct stele_client *client, struct stele_bytes table,
    const struct stele_heat_query *query, struct stele_heat_map *out_map, struct stele_error *error)
{
    union job_result result;
    enum stele_status status = job_run(ask_map(client, table, query), &result, error);
    if (!status)
        *out_map = result.heat_map;
    return status;
}

void stele_heat_map_async(struct stele_client *client, struct stele_bytes table,
    const struct stele_heat_query *query, stele_heat_map_function *done, void *context)
{
    job_start(ask_map(client, table, query), deliver_map, (void (*)(void))done, context);
}

void stele_heat_map_free(struct stele_heat_map *map)
{
    if (!map)
        return;
    admin_memory_free(map->memory);
    *map = (struct stele_heat_map){0};
}

/* ---- Events ---- */

static enum stele_status decode_events(struct question *question, struct span answer)
{
    const Stele__Pb__EventsResponse *response = take(
        question, &stele__pb__events_response__descriptor, answer);
    if (!response)
        return question->job.error.status;
    struct stele_tablet_event *events = arena_allocate_zeroed(
        job_memory(&question->job), response->n_events, sizeof(*events));
    if (!events)
        return no_memory(question);
    for (size_t i = 0; i < response->n_events; i++) {
        const Stele__Pb__TabletEvent *one = response->events[i];
        events[i] = (struct stele_tablet_event){
            .number = one->number,
            .time_ms = one->time_ms,
            .kind = needed(one->kind),
            .table = given(one->has_table, one->table),
            .encoded_name = given(one->has_tablet, one->tablet),
            .key = given(one->has_key, one->key),
            .from = given(one->has_from, one->from),
            .to = given(one->has_to, one->to),
            .reason = given(one->has_reason, one->reason),
        };
    }
    question->job.result.events = (struct stele_tablet_event_list){
        events, response->n_events, question->job.memory};
    return STELE_OK;
}

static struct job *ask_events(
    struct stele_client *client, struct stele_bytes table, uint64_t after, uint32_t limit)
{
    struct question *question = ask(client, "Events", decode_events);
    if (!question)
        return NULL;
    put_given(question, 1, table);
    wire_put_varint(&question->request, 2, after);
    wire_put_varint(&question->request, 3, limit);
    return &question->job;
}

static void deliver_events(struct job *job)
{
    ((stele_tablet_event_list_function *)job->done)(
        job->context, &job->error, job->error.status ? NULL : &job->result.events);
}

enum stele_status stele_tablet_events(struct stele_client *client, struct stele_bytes table,
    uint64_t after, uint32_t limit, struct stele_tablet_event_list *out_list,
    struct stele_error *error)
{
    union job_result result;
    enum stele_status status = job_run(ask_events(client, table, after, limit), &result, error);
    if (!status)
        *out_list = result.events;
    return status;
}

void stele_tablet_events_async(struct stele_client *client, struct stele_bytes table,
    uint64_t after, uint32_t limit, stele_tablet_event_list_function *done, void *context)
{
    job_start(
        ask_events(client, table, after, limit), deliver_events, (void (*)(void))done, context);
}

void stele_tablet_event_list_free(struct stele_tablet_event_list *list)
{
    if (!list)
        return;
    admin_memory_free(list->memory);
    *list = (struct stele_tablet_event_list){0};
}
