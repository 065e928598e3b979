#include "tests/sim/operator.h"

#include <stdio.h>

#include "base/env_memory.h"
#include "client/call.h"
#include "proto/wire.h"
#include "stele/admin.h"
#include "tests/sim/meta_check.h"
#include "tests/sim/transport_memory.h"

#define MS       UINT64_C(1000000)
#define SNAPSHOT "s"
#define CLONE    "clone"
#define OF_CLONE "c" /* a snapshot of the clone */

static void run(struct task *task);

static void again(struct operator* operator, uint64_t most_ns)
{
    operator->task.run = run;
    executor_submit_at(operator->executor, &operator->task,
        env_monotonic_ns(operator->env) + 1 + dice_below(&operator->dice, most_ns));
}

const char *operator_action_name(enum operator_action action)
{
    static const char *const names[OPERATOR_ACTIONS] = {"moves", "splits", "merges", "balances",
        "flushes", "compactions", "drains", "ends of drains", "steps of snapshots"};
    return names[action];
}

/* ---- Requests ---- */

static void on_answer(struct call *call, const struct failure *failure,
    const struct response_frame *answer, struct block *block)
{
    struct operator* operator= call->context;
    (void)answer, (void)block;
    operator->is_busy = false;
    operator->done[call->kind] += failure == NULL;
}

static void send_request(
    struct operator* operator, enum operator_action action, const char *method, struct buffer *body)
{
    struct call *call = client_call_new(operator->client, CALL_TO_MASTER, SERVICE_MASTER, method,
        on_answer, operator);
    CHECK(call);
    call->is_once = true;
    call->kind = (int)action;
    buffer_put(&call->body, buffer_span(body));
    buffer_deinit(body);
    operator->is_busy = true;
    operator->asked[action]++;
    call_start(call);
}

static void put_region(struct buffer *out, uint32_t field, const struct seen_region *region)
{
    region_specifier_put(out, field, (struct region_specifier){region->name, false});
}

static void put_server(struct buffer *out, uint32_t field, const struct seen_region *of)
{
    size_t mark = wire_begin(out, field);
    wire_put_bytes(out, 1, of->server);
    wire_put_varint(out, 2, 16020);
    wire_put_varint(out, 3, of->start_code);
    wire_end(out, mark);
}

static void move(
    struct operator* operator, const struct seen_region * region, const struct seen_region *to)
{
    struct buffer body = {0};
    put_region(&body, 1, region);
    if (to->server.size && dice_chance(&operator->dice, 80))
        put_server(&body, 2, to);
    send_request(operator, OPERATOR_MOVE, "MoveRegion", &body);
}

/* A row somewhere after the start, as workload rows are: a letter, a dash, digits. */
static bool choose_row(struct operator* operator, const struct region_info * info, char out_row[8])
{
    for (int i = 0; i < 20; i++) {
        snprintf(out_row, 8, "%c-%02u", (char)('b' + dice_below(&operator->dice, 25)),
            (unsigned)dice_below(&operator->dice, 40));
        struct span row = span_string(out_row);
        if (span_compare(row, info->start_key) > 0 &&
            (info->end_key.size == 0 || span_compare(row, info->end_key) < 0))
            return true;
    }
    return false;
}

static void split(struct operator* operator, const struct seen_region * region)
{
    struct buffer body = {0};
    char row[8];
    if (!choose_row(operator, & region->info, row))
        return;
    size_t mark = wire_begin(&body, 1);
    region_info_encode(&body, &region->info);
    wire_end(&body, mark);
    wire_put_bytes(&body, 2, span_string(row));
    wire_put_varint(&body, 3, client_next_nonce(operator->client));
    wire_put_varint(&body, 4, client_next_nonce(operator->client));
    send_request(operator, OPERATOR_SPLIT, "SplitRegion", &body);
}

static void merge(
    struct operator* operator, const struct seen_region * left, const struct seen_region *right)
{
    struct buffer body = {0};
    put_region(&body, 1, left);
    put_region(&body, 1, right);
    wire_put_varint(&body, 3, client_next_nonce(operator->client));
    wire_put_varint(&body, 4, client_next_nonce(operator->client));
    send_request(operator, OPERATOR_MERGE, "MergeTableRegions", &body);
}

static void on_done(struct operator* operator, enum operator_action action, bool is_ok)
{
    operator->is_busy = false;
    operator->done[action] += is_ok;
}

static void begin(struct operator* operator, enum operator_action action)
{
    operator->is_busy = true;
    operator->asked[action]++;
}

static void on_flushed(void *context, const struct stele_error *error)
{
    on_done(context, OPERATOR_FLUSH, error->status == STELE_OK);
}

static void on_compacted(void *context, const struct stele_error *error)
{
    on_done(context, OPERATOR_COMPACT, error->status == STELE_OK);
}

/* A drain whose outcome is unknown may still come: it is taken back all the same. */
static void on_drained(void *context, const struct stele_error *error)
{
    on_done(context, OPERATOR_DRAIN, error->status == STELE_OK);
}

/* A server that is not known any more takes nothing, and its next life is another. */
static void on_undrained(void *context, const struct stele_error *error)
{
    struct operator* operator= context;
    bool is_known = error->status == STELE_OK || error->status == STELE_REMOTE ||
                    error->status == STELE_NOT_FOUND;
    on_done(operator, OPERATOR_UNDRAIN, error->status == STELE_OK);
    if (is_known)
        operator->drained[0] = 0;
}

static void on_snapshot_step(void *context, const struct stele_error *error)
{
    struct operator* operator= context;
    on_done(operator, OPERATOR_SNAPSHOT, error->status == STELE_OK);
    operator->snapshot_step++;
}

static void undrain(struct operator* operator)
{
    begin(operator, OPERATOR_UNDRAIN);
    stele_recommission_server_async(operator->client, stele_text(operator->drained), NULL, 0,
        on_undrained, operator);
}

static void drain(struct operator* operator, const struct seen_region * of)
{
    if (operator->drained[0]) {
        undrain(operator);
        return;
    }
    if (of->server.size == 0)
        return;
    snprintf(operator->drained, sizeof operator->drained, "%.*s,16020,%llu", (int)of->server.size,
        (const char *)of->server.data, (unsigned long long)of->start_code);
    struct stele_bytes server = stele_text(operator->drained);
    begin(operator, OPERATOR_DRAIN);
    stele_decommission_servers_async(operator->client, &server, 1, true, on_drained, operator);
}

static void snapshot(struct operator* operator)
{
    struct stele_client *client = operator->client;
    struct stele_bytes clone = STELE_TEXT(CLONE), name = STELE_TEXT(SNAPSHOT),
                       of_clone = STELE_TEXT(OF_CLONE);
    struct stele_snapshot taken;
    begin(operator, OPERATOR_SNAPSHOT);
    switch (operator->snapshot_step % 12) {
    case 0:
        stele_snapshot_init(&taken, name, stele_text(operator->table));
        stele_take_snapshot_async(client, &taken, on_snapshot_step, operator);
        break;
    case 1:
        stele_clone_snapshot_async(client, name, clone, on_snapshot_step, operator);
        break;
    case 2:
        stele_snapshot_init(&taken, of_clone, clone);
        stele_take_snapshot_async(client, &taken, on_snapshot_step, operator);
        break;
    case 4:
        stele_truncate_table_async(
            client, clone, dice_chance(&operator->dice, 50), on_snapshot_step, operator);
        break;
    case 6:
        stele_restore_snapshot_async(client, of_clone, on_snapshot_step, operator);
        break;
    case 7:
        stele_enable_table_async(client, clone, on_snapshot_step, operator);
        break;
    case 3:
    case 5:
    case 8:
        stele_disable_table_async(client, clone, on_snapshot_step, operator);
        break;
    case 9:
        stele_delete_table_async(client, clone, on_snapshot_step, operator);
        break;
    case 10:
        stele_delete_snapshot_async(client, of_clone, on_snapshot_step, operator);
        break;
    default:
        stele_delete_snapshot_async(client, name, on_snapshot_step, operator);
    }
}

static void act(struct operator* operator, const struct seen_region * regions, size_t count)
{
    static const enum operator_action choices[] = {OPERATOR_MOVE, OPERATOR_MOVE, OPERATOR_MOVE,
        OPERATOR_SPLIT, OPERATOR_SPLIT, OPERATOR_MERGE, OPERATOR_MERGE, OPERATOR_BALANCE,
        OPERATOR_FLUSH, OPERATOR_COMPACT, OPERATOR_DRAIN, OPERATOR_SNAPSHOT, OPERATOR_SNAPSHOT};
    struct buffer nothing = {0};
    size_t i = (size_t)dice_below(&operator->dice, count);
    if (regions[i].is_over)
        return;
    switch (choices[dice_below(&operator->dice, sizeof choices / sizeof choices[0])]) {
    case OPERATOR_MOVE:
        move(operator, & regions[i], &regions[dice_below(&operator->dice, count)]);
        break;
    case OPERATOR_SPLIT:
        split(operator, & regions[i]);
        break;
    case OPERATOR_MERGE:
        if (i + 1 < count && count > 4 && !regions[i + 1].is_over &&
            span_equal(regions[i].info.end_key, regions[i + 1].info.start_key))
            merge(operator, & regions[i], &regions[i + 1]);
        break;
    case OPERATOR_FLUSH:
        begin(operator, OPERATOR_FLUSH);
        stele_flush_async(operator->client, stele_text(operator->table), STELE_NO_BYTES,
            on_flushed, operator);
        break;
    case OPERATOR_COMPACT:
        begin(operator, OPERATOR_COMPACT);
        stele_compact_async(operator->client, stele_text(operator->table), STELE_NO_BYTES, true,
            on_compacted, operator);
        break;
    case OPERATOR_DRAIN:
        drain(operator, & regions[i]);
        break;
    case OPERATOR_SNAPSHOT:
        snapshot(operator);
        break;
    default:
        send_request(operator, OPERATOR_BALANCE, "Balance", &nothing);
    }
}

/* ---- Looking ---- */

static void run(struct task *task)
{
    struct operator* operator=(struct operator*)((char *)task - offsetof(struct operator, task));
    if (operator->reading && meta_check_is_done(operator->reading)) {
        struct buffer report = {0};
        size_t count;
        const struct seen_region *regions = meta_check_regions(operator->reading, &count);
        if (count && !operator->is_over)
            act(operator, regions, count);
        (void)meta_check_end(operator->reading, &report);
        buffer_deinit(&report);
        operator->reading = NULL;
        again(operator, operator->pause_most_ns);
        return;
    }
    if (operator->is_over && !operator->reading) {
        if (!operator->drained[0])
            return;
        if (!operator->is_busy)
            undrain(operator);
        again(operator, 500 * MS);
        return;
    }
    if (!operator->is_busy && !operator->reading)
        operator->reading = meta_check_start(operator->client, operator->table);
    again(operator, 20 * MS);
}

void operator_start(struct operator* operator, struct env * world, uint64_t seed,
    const char *places, const char *table, uint64_t pause_most_ns)
{
    struct stele_options options;
    struct stele_error error;
    *operator=(struct operator){.dice = {seed}, .table = table, .pause_most_ns = pause_most_ns};
    operator->env = env_memory_host_new(world, "operator");
    stele_options_init(&options);
    options.connect = places;
    options.user = "sim";
    options.run = STELE_RUN_ON_LOOP;
    options.rpc_timeout_ms = 5000;
    options.connect_timeout_ms = 1000;
    options.operation_timeout_ms = 10000;
    struct transport *transport = transport_memory_new(operator->env);
    operator->executor = transport_memory_executor(transport);
    CHECK(client_open_on(&options, transport, &operator->client, &error) == STELE_OK);
    again(operator, pause_most_ns);
}

void operator_stop(struct operator* operator)
{
    operator->is_over = true;
}
