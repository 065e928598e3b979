#include "tests/sim/workload.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/env_memory.h"
#include "tests/sim/transport_memory.h"
#include "tests/sim/workload_scan.h"
#include "tests/support/support.h"

#define MS           UINT64_C(1000000)
#define PAUSE_NS     (60 * MS) /* at most, between operations */
#define RPC_MS       3000
#define OPERATION_MS 15000
#define SCAN_CHANCE  2  /* percent */
#define LETTERS      25 /* rows begin with b .. z, so that a tablet may lie before the first */

enum row_kind { REGISTER, COUNTER, LIST, ROW_KINDS };

void workload_row_name(size_t row, char out_name[16])
{
    snprintf(out_name, 16, "%c-%02zu", (char)('b' + row * 7 % LETTERS), row);
}

static uint64_t now_ns(const struct workload *workload)
{
    return env_monotonic_ns(workload->world);
}

static void schedule(struct workload_client *client, uint64_t most_ns)
{
    executor_submit_at(client->executor, &client->next_task,
        env_monotonic_ns(client->env) + dice_below(&client->workload->dice, most_ns + 1));
}

/* ---- Results ---- */

static struct span column_of(const struct stele_result *result, char qualifier, bool *out_is_there)
{
    for (size_t i = 0; i < result->cell_count; i++) {
        const struct stele_cell *cell = &result->cells[i];
        if (cell->qualifier.size == 1 && cell->qualifier.data[0] == (uint8_t)qualifier) {
            *out_is_there = true;
            return span_make(cell->value.data, cell->value.size);
        }
    }
    *out_is_there = false;
    return SPAN_EMPTY;
}

struct history_value workload_value_of(
    struct workload *workload, size_t row, const struct stele_result *result)
{
    bool has_a, has_b;
    struct span a = column_of(result, 'a', &has_a), b = column_of(result, 'b', &has_b);
    if (row % ROW_KINDS == REGISTER && (has_a != has_b || !span_equal(a, b)))
        workload->torn++;
    return (struct history_value){has_a, a};
}

/* What an increment or append answers is one column. */
static struct history_value value_of(
    struct workload_client *client, const struct stele_result *result)
{
    struct history_value value;
    if (client->call.kind == HISTORY_GET)
        return workload_value_of(client->workload, client->next_read, result);
    value.bytes = column_of(result, 'a', &value.is_there);
    return value;
}

/* Expectations of later checks are made of what was seen. */
static void remember(struct workload_client *client, const struct history_value *value)
{
    size_t row = client->next_read;
    struct span copy = arena_copy(&client->workload->memory, value->bytes);
    client->last_seen[row] = (struct history_value){value->is_there, copy};
}

static void on_done(void *context, const struct stele_error *error,
    const struct stele_result *result, bool is_processed)
{
    struct workload_client *client = context;
    struct workload *workload = client->workload;
    struct history_answer answer = {.outcome = HISTORY_OK, .is_done = is_processed};
    if (error->status) {
        answer.outcome = HISTORY_UNKNOWN;
        workload->unknown++;
        if (!workload->first_error[0])
            snprintf(workload->first_error, sizeof workload->first_error, "%.250s", error->message);
    } else {
        if (result && client->call.kind != HISTORY_PUT && client->call.kind != HISTORY_DELETE)
            answer.value = value_of(client, result);
        bool is_check = client->call.kind == HISTORY_CHECK_AND_PUT ||
                        client->call.kind == HISTORY_CHECK_AND_DELETE;
        /* As with HBase: a repeat of an increment is answered with the value of then, and one of a check finds
         * what the first did. */
        answer.is_value_unknown = error->attempts > 1;
        if (is_check && error->attempts > 1)
            answer.outcome = HISTORY_UNKNOWN;
        workload->repeated += error->attempts > 1;
        if (client->call.kind == HISTORY_GET) {
            remember(client, &answer.value);
            workload->reads++;
        } else {
            workload->acknowledged++;
        }
        client->answered_ns = now_ns(workload);
    }
    /* Increments and appends have nonces; the rest may happen once an attempt, as with HBase. */
    if (error->attempts > 1 && client->call.kind != HISTORY_GET &&
        client->call.kind != HISTORY_INCREMENT && client->call.kind != HISTORY_APPEND)
        history_repeat(workload->history, client->operation, error->attempts - 1);
    history_return(workload->history, client->operation, &answer, now_ns(workload));
    if (client->is_of_all && !error->status && ++client->next_read == workload->row_count)
        client->has_read_all = true;
    schedule(client, client->is_of_all && !error->status ? 0 : PAUSE_NS);
}

/* ---- Operations ---- */

static struct stele_bytes bytes_of(struct span span)
{
    return stele_bytes(span.data, span.size);
}

static void start_get(struct workload_client *client)
{
    struct stele_get get;
    stele_get_init(&get, stele_text(client->row));
    stele_get_async(client->table, &get, on_done, client);
}

static void fill_cells(
    const struct workload_client *client, struct stele_cell cells[2], struct span value)
{
    for (int i = 0; i < 2; i++)
        cells[i] = (struct stele_cell){.row = stele_text(client->row),
            .family = STELE_TEXT("f"),
            .qualifier = i ? STELE_TEXT("b") : STELE_TEXT("a"),
            .value = bytes_of(value),
            .timestamp = STELE_LATEST,
            .type = STELE_CELL_PUT};
}

static void start_mutation(struct workload_client *client)
{
    struct stele_mutation mutation;
    struct stele_cell cells[2];
    const struct history_call *call = &client->call;
    uint8_t amount[8];
    store_be64(amount, (uint64_t)call->amount);
    fill_cells(client, cells, call->kind == HISTORY_INCREMENT ? span_make(amount, 8) : call->value);
    bool is_delete = call->kind == HISTORY_DELETE || call->kind == HISTORY_CHECK_AND_DELETE;
    bool is_pair = call->kind == HISTORY_PUT || call->kind == HISTORY_CHECK_AND_PUT;
    stele_mutation_init(&mutation,
        is_delete                         ? STELE_DELETE
        : call->kind == HISTORY_INCREMENT ? STELE_INCREMENT
        : call->kind == HISTORY_APPEND    ? STELE_APPEND
                                          : STELE_PUT,
        stele_text(client->row));
    if (!is_delete) {
        mutation.cells = cells;
        mutation.cell_count = is_pair ? 2 : 1;
    }
    if (call->kind != HISTORY_CHECK_AND_PUT && call->kind != HISTORY_CHECK_AND_DELETE) {
        stele_mutate_async(client->table, &mutation, on_done, client);
        return;
    }
    struct stele_condition condition;
    stele_condition_init(&condition);
    condition.family = STELE_TEXT("f");
    condition.qualifier = STELE_TEXT("a");
    condition.compare = STELE_EQUAL;
    condition.value = call->expected.is_there ? bytes_of(call->expected.bytes) : STELE_NO_BYTES;
    stele_check_and_mutate_async(client->table, &condition, &mutation, on_done, client);
}

static void choose_register(struct workload_client *client, struct dice *dice)
{
    static const enum history_kind kinds[] = {HISTORY_PUT, HISTORY_PUT, HISTORY_PUT, HISTORY_DELETE,
        HISTORY_CHECK_AND_PUT, HISTORY_CHECK_AND_PUT, HISTORY_CHECK_AND_DELETE};
    client->call.kind = kinds[dice_below(dice, sizeof kinds / sizeof kinds[0])];
    client->call.expected = client->last_seen[client->next_read];
}

static void choose(struct workload_client *client)
{
    struct workload *workload = client->workload;
    struct dice *dice = &workload->dice;
    enum row_kind kind = (enum row_kind)(client->next_read % ROW_KINDS);
    client->call = (struct history_call){.row = client->row, .client = client->number};
    buffer_reset(&client->value);
    if (client->is_of_all || dice_chance(dice, 35)) {
        client->call.kind = HISTORY_GET;
        return;
    }
    buffer_put_format(&client->value, "%u.%llu,", client->number,
        (unsigned long long)(workload->acknowledged + workload->unknown));
    client->call.value = buffer_span(&client->value);
    switch (kind) {
    case COUNTER:
        client->call.kind = HISTORY_INCREMENT;
        client->call.amount = 1 + (int64_t)dice_below(dice, 5);
        break;
    case LIST:
        client->call.kind = dice_chance(dice, 20) ? HISTORY_DELETE : HISTORY_APPEND;
        break;
    default:
        choose_register(client, dice);
    }
}

static void on_scanned(struct workload_client *client)
{
    schedule(client, PAUSE_NS);
}

static void begin(struct task *task)
{
    struct workload_client *client =
        (struct workload_client *)((char *)task - offsetof(struct workload_client, next_task));
    struct workload *workload = client->workload;
    if (client->has_read_all)
        return;
    if (!workload->has_table) {
        schedule(client, 500 * MS);
        return;
    }
    if (client->is_reading_all && !client->is_of_all)
        client->next_read = 0;
    client->is_of_all = client->is_reading_all;
    if (!client->is_of_all && dice_chance(&workload->dice, SCAN_CHANCE)) {
        workload_scan_start(client, on_scanned);
        return;
    }
    if (!client->is_of_all)
        client->next_read = (size_t)dice_below(&workload->dice, workload->row_count);
    workload_row_name(client->next_read, client->row);
    choose(client);
    client->operation = history_invoke(workload->history, &client->call, now_ns(workload));
    if (client->call.kind == HISTORY_GET)
        start_get(client);
    else
        start_mutation(client);
}

/* ---- The table ---- */

static void create_table(struct task *task);

static void on_table(void *context, const struct stele_error *error)
{
    struct workload_client *client = context;
    struct workload *workload = client->workload;
    if (error->status == STELE_OK || error->status == STELE_EXISTS) {
        workload->has_table = true;
        client->next_task.run = begin;
        schedule(client, PAUSE_NS);
        return;
    }
    schedule(client, 500 * MS); /* the cluster starts, or is under attack */
}

static void create_table(struct task *task)
{
    struct workload_client *client =
        (struct workload_client *)((char *)task - offsetof(struct workload_client, next_task));
    struct stele_family family = {.name = STELE_TEXT("f")};
    struct stele_schema schema = {
        .name = STELE_TEXT(WORKLOAD_TABLE), .families = &family, .family_count = 1};
    static char keys[64][4];
    struct stele_bytes split_keys[64];
    size_t count = client->workload->tablets - 1;
    for (size_t i = 0; i < count; i++) {
        size_t at = (i + 1) * LETTERS * 10 / (count + 1); /* letter and digit */
        snprintf(keys[i], sizeof keys[i], "%c-%zu", (char)('b' + at / 10), at % 10);
        split_keys[i] = stele_text(keys[i]);
    }
    stele_create_table_async(client->client, &schema, split_keys, count, on_table, client);
}

/* ---- The whole ---- */

static void open_client(struct workload *workload, const char *places, size_t number)
{
    struct workload_client *client = &workload->clients[number];
    struct stele_options options;
    struct stele_error error;
    char name[16];
    snprintf(name, sizeof name, "client%zu", number + 1);
    *client = (struct workload_client){.workload = workload, .number = (unsigned)number + 1};
    client->env = env_memory_host_new(workload->world, name);
    stele_options_init(&options);
    options.connect = places;
    options.user = "sim";
    options.run = STELE_RUN_ON_LOOP;
    options.rpc_timeout_ms = RPC_MS;
    options.connect_timeout_ms = 1000;
    options.operation_timeout_ms = OPERATION_MS;
    struct transport *transport = transport_memory_new(client->env);
    client->executor = transport_memory_executor(transport);
    CHECK(client_open_on(&options, transport, &client->client, &error) == STELE_OK);
    client->table = stele_table_open(client->client, STELE_TEXT(WORKLOAD_TABLE));
    CHECK(client->table);
    client->next_task.run = number == 0 ? create_table : begin;
    schedule(client, 500 * MS);
}

void workload_start(struct workload *workload, struct env *world, uint64_t seed, const char *places,
    size_t clients, size_t rows, size_t tablets)
{
    *workload = (struct workload){.world = world,
        .dice = {seed},
        .history = history_new(),
        .client_count = clients,
        .row_count = rows,
        .tablets = tablets};
    CHECK(clients <= WORKLOAD_CLIENTS_MAX && rows <= WORKLOAD_ROWS_MAX && tablets <= 64);
    for (size_t i = 0; i < clients; i++)
        open_client(workload, places, i);
}

void workload_read_all(struct workload *workload)
{
    for (size_t i = 0; i < workload->client_count; i++)
        workload->clients[i].is_reading_all = true;
}

bool workload_has_read_all(const struct workload *workload)
{
    for (size_t i = 0; i < workload->client_count; i++)
        if (!workload->clients[i].has_read_all)
            return false;
    return true;
}

uint64_t workload_check_history(const struct workload *workload)
{
    struct history_verdict verdict;
    struct buffer report = {0};
    bool is_linearizable = history_check(workload->history, &verdict, &report);
    printf("%.*s", (int)report.size, report.size ? (const char *)report.data : "");
    buffer_deinit(&report);
    assert_true(is_linearizable);
    assert_int_equal(workload->torn, 0);
    assert_int_equal(workload->misplaced, 0);
    return verdict.undecided;
}

void workload_print_state(const struct workload *workload, struct buffer *out)
{
    for (size_t i = 0; i < workload->client_count; i++) {
        const struct workload_client *client = &workload->clients[i];
        if (!client->has_read_all)
            buffer_put_format(out, "client %u waits for row %s since %.3f s\n", client->number,
                client->row, (double)client->answered_ns / 1e9);
    }
}

void workload_deinit(struct workload *workload)
{
    for (size_t i = 0; i < workload->client_count; i++)
        buffer_deinit(&workload->clients[i].value);
    history_free(workload->history);
    arena_deinit(&workload->memory);
}
