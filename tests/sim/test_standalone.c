/* The whole standalone server from one seed: wire, services, master and engine in one thread, on virtual time, over a
 * network and a disk in memory. Clients write, count and read through HBase's RPC; at an I/O call drawn from the seed
 * the power goes, and what is left of the disk (torn, reordered) is served by the next life. Checked: every write that
 * was acknowledged is there, one that was not is there whole or not at all, a counter counts each acknowledged
 * increment once. */
#include "tests/support/support.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/env_memory.h"
#include "base/log_lines.h"
#include "proto/frame.h"
#include "proto/mutation_message.h"
#include "proto/read_message.h"
#include "proto/region.h"
#include "proto/result_message.h"
#include "proto/schema_message.h"
#include "proto/wire.h"
#include "server/server.h"
#include "tests/sim/reactor_memory.h"

#define CLIENTS      4
#define ROWS         6 /* of each client */
#define LIVES        4 /* of each seed */
#define PORT         16000
#define STEPS_MAX    2000000
#define CALLS_TO_CUT 900 /* at most so many I/O calls in a life */

/* What a row may hold: the last value known to be there, and one that may have made it. */
struct row_state {
    int64_t known; /* 0 = none */
    int64_t maybe; /* 0 = none */
};

struct client {
    struct network_end *stream;
    struct buffer input;
    uint32_t call_id;
    bool is_waiting;
    enum operation { OPERATION_PUT, OPERATION_INCREMENT, OPERATION_GET, OPERATION_ADMIN } operation;
    size_t row;
    int64_t value;
    struct row_state rows[ROWS];
    int64_t count_known, count_maybe; /* increments of the client's counter */
};

struct world {
    struct env *env;
    struct dice dice;
    struct server *server;
    bool is_ready, has_died;
    struct client clients[CLIENTS];
    struct client admin;
    struct buffer region; /* the name of the table's only region */
    int64_t last_value;
    uint64_t last_nonce;
    uint64_t acknowledged, lives, cuts;
};

static void on_ready(void *context, enum status status, const struct error *error)
{
    struct world *world = context;
    (void)error;
    world->is_ready = status == STATUS_OK;
    world->has_died = world->has_died || status != STATUS_OK;
}

static void on_fatal(void *context, const struct error *error)
{
    (void)error;
    ((struct world *)context)->has_died = true;
}

static bool is_over(const struct world *world)
{
    return world->has_died || env_memory_is_cut(world->env);
}

/* ---- The wire ---- */

static void say_hello(struct client *client, const char *service)
{
    struct buffer out = {0};
    buffer_put(&out, SPAN_LITERAL("HBas\0\x50"));
    buffer_put_be32(&out, (uint32_t)(2 + strlen(service)));
    wire_put_bytes(&out, 2, span_string(service));
    test_send(client->stream, buffer_span(&out));
    buffer_deinit(&out);
}

static void connect_client(struct client *client, const char *service)
{
    client->stream = test_connect("world", PORT);
    buffer_reset(&client->input);
    client->is_waiting = false;
    say_hello(client, service);
}

static void send_call(struct client *client, const char *method, const struct buffer *param)
{
    struct buffer out = {0};
    request_head_encode(&out, ++client->call_id, span_string(method), 0, 0, param->size, 0);
    buffer_put(&out, buffer_span(param));
    test_send(client->stream, buffer_span(&out));
    buffer_deinit(&out);
    client->is_waiting = true;
}

/* The answer of the call that waits, when it is there whole. Its bytes stay in client->input. */
static bool take_answer(struct client *client, struct response_frame *out_response)
{
    struct span body;
    size_t size;
    test_receive(client->stream, &client->input);
    if (frame_peek(buffer_span(&client->input), 1 << 20, &body, &size) != STATUS_OK)
        return false;
    assert_ok(response_frame_decode(body, out_response, NULL), NULL);
    assert_int_equal(out_response->call_id, client->call_id);
    client->is_waiting = false;
    return true;
}

static void drop_answer(struct client *client)
{
    buffer_reset(&client->input); /* one call at a time: there is nothing behind it */
}

/* Turns the world until the call is answered; false when the life ends first. */
static bool wait_answer(
    struct world *world, struct client *client, struct response_frame *out_response)
{
    for (size_t step = 0; step < STEPS_MAX && !is_over(world); step++) {
        if (take_answer(client, out_response))
            return true;
        env_memory_run_one(world->env);
    }
    assert_true(is_over(world));
    return false;
}

/* ---- Set-up of a life ---- */

static bool make_table(struct world *world)
{
    struct family_schema family = {.name = SPAN_LITERAL("f")};
    struct table_schema schema = {
        .name = SPAN_LITERAL("t"), .families = &family, .family_count = 1};
    struct buffer param = {0};
    struct response_frame response;
    connect_client(&world->admin, "MasterService");
    size_t mark = wire_begin(&param, 1);
    table_schema_message_encode(&param, &schema);
    wire_end(&param, mark);
    send_call(&world->admin, "CreateTable", &param);
    buffer_deinit(&param);
    bool is_answered = wait_answer(world, &world->admin, &response);
    if (is_answered && response.has_exception)
        assert_non_null(
            strstr((const char *)response.exception.class_name.data, "TableExistsException"));
    drop_answer(&world->admin);
    return is_answered;
}

/* Asks what is open until the table's region is. */
static bool find_region(struct world *world)
{
    struct buffer param = {0};
    connect_client(&world->admin, "AdminService");
    buffer_reset(&world->region);
    while (world->region.size == 0) {
        struct response_frame response;
        struct wire_field field;
        uint8_t storage[300];
        send_call(&world->admin, "GetOnlineRegion", &param);
        if (!wait_answer(world, &world->admin, &response))
            return false;
        struct span in = response.has_exception ? SPAN_EMPTY : response.result;
        while (wire_take(&in, &field) == STATUS_OK) {
            struct region_info info;
            assert_ok(region_info_decode(field.bytes, storage, &info, NULL), NULL);
            if (span_equal(info.table, SPAN_LITERAL("t")))
                region_name_put(&world->region, info.table, info.start_key, info.region_id);
        }
        drop_answer(&world->admin);
    }
    return true;
}

/* ---- Operations ---- */

static void row_name(
    const struct world *world, const struct client *client, size_t row, char out_name[32])
{
    snprintf(out_name, 32, "row-%zu-%zu", (size_t)(client - world->clients), row);
}

static void send_mutation(struct world *world, struct client *client, enum mutation_kind kind,
    const char *row, const char *qualifier, int64_t value)
{
    uint8_t bytes[8];
    struct buffer param = {0};
    store_be64(bytes, (uint64_t)value);
    struct cell cell = {.row = span_string(row),
        .family = SPAN_LITERAL("f"),
        .qualifier = span_string(qualifier),
        .value = span_make(bytes, 8),
        .timestamp = TIMESTAMP_LATEST,
        .type = CELL_PUT};
    struct mutate_message message = {.region = {buffer_span(&world->region), false},
        .mutation = {.kind = kind,
            .row = cell.row,
            .cells = &cell,
            .cell_count = 1,
            .timestamp = TIMESTAMP_LATEST,
            .time_range = TIME_RANGE_ALL,
            .is_result_wanted = true,
            .nonce = kind == MUTATION_INCREMENT ? ++world->last_nonce : 0},
        .nonce_group = 1 + world->lives};
    mutate_request_encode(&param, &message);
    send_call(client, "Mutate", &param);
    buffer_deinit(&param);
}

static void send_get(struct world *world, struct client *client, const char *row)
{
    struct buffer param = {0};
    struct get_message message = {
        .region = {buffer_span(&world->region), false}, .row = span_string(row)};
    read_request_init(&message.read);
    get_request_encode(&param, &message);
    send_call(client, "Get", &param);
    buffer_deinit(&param);
}

static void begin_operation(struct world *world, struct client *client)
{
    char name[32];
    uint64_t choice = dice_below(&world->dice, 10);
    client->row = (size_t)dice_below(&world->dice, ROWS);
    row_name(world, client, client->row, name);
    if (choice < 6) {
        client->operation = OPERATION_PUT;
        client->value = ++world->last_value;
        client->rows[client->row].maybe = client->value;
        send_mutation(world, client, MUTATION_PUT, name, "value", client->value);
    } else if (choice < 8) {
        client->operation = OPERATION_INCREMENT;
        client->count_maybe = client->count_known + 1;
        row_name(world, client, ROWS, name);
        send_mutation(world, client, MUTATION_INCREMENT, name, "count", 1);
    } else {
        client->operation = OPERATION_GET;
        send_get(world, client, name);
    }
}

/* The value a get answered; 0 = no cell. */
static int64_t value_of(const struct response_frame *response)
{
    struct arena arena = {0};
    struct result result;
    assert_false(response->has_exception);
    assert_ok(
        get_response_decode(response->result, response->cell_block, &arena, &result, NULL), NULL);
    int64_t value = 0;
    if (result.cell_count) {
        assert_int_equal(result.cells[0].value.size, 8);
        value = (int64_t)load_be64(result.cells[0].value.data);
    }
    arena_deinit(&arena);
    return value;
}

static void end_operation(
    struct world *world, struct client *client, const struct response_frame *response)
{
    struct row_state *row = &client->rows[client->row];
    assert_false(response->has_exception);
    switch (client->operation) {
    case OPERATION_PUT:
        row->known = client->value;
        row->maybe = 0;
        world->acknowledged++;
        break;
    case OPERATION_INCREMENT:
        client->count_known = client->count_maybe;
        world->acknowledged++;
        break;
    default: {
        int64_t value = value_of(response);
        assert_true(value == row->known || (row->maybe && value == row->maybe));
    }
    }
}

/* After a restart: what was acknowledged is there; what was not has happened whole, or not. */
static bool verify(struct world *world)
{
    for (size_t i = 0; i < CLIENTS; i++) {
        struct client *client = &world->clients[i];
        for (size_t row = 0; row <= ROWS; row++) {
            char name[32];
            struct response_frame response;
            row_name(world, client, row, name);
            send_get(world, client, name);
            if (!wait_answer(world, client, &response))
                return false;
            int64_t value = value_of(&response);
            drop_answer(client);
            if (row == ROWS) {
                assert_true(value == client->count_known || value == client->count_maybe);
                client->count_known = client->count_maybe = value;
            } else {
                struct row_state *state = &client->rows[row];
                assert_true(value == state->known || (state->maybe && value == state->maybe));
                state->known = value;
                state->maybe = 0;
            }
        }
    }
    return true;
}

/* ---- A life ---- */

static bool open_server(struct world *world)
{
    struct error error = {0};
    struct server_config config = {.env = world->env,
        .root = "root",
        .host = "127.0.0.1",
        .port = PORT,
        .zookeeper_port = SERVER_PORT_OFF,
        .memory_bytes = 16 << 20,
        .loops = 2,
        .make_reactor = reactor_memory_new,
        .fatal = on_fatal,
        .ready = on_ready,
        .context = world};
    world->is_ready = world->has_died = false;
    enum status status = server_open(&config, &world->server, &error);
    if (status) {
        if (!env_memory_is_cut(world->env))
            fail_msg("the server does not start: %s", error.message);
        return false;
    }
    for (size_t step = 0; step < STEPS_MAX && !world->is_ready && !is_over(world); step++)
        env_memory_run_one(world->env);
    assert_true(world->is_ready || is_over(world));
    return world->is_ready;
}

static void flush_now_and_then(struct world *world)
{
    struct buffer param = {0};
    if (world->admin.is_waiting || dice_below(&world->dice, 400) != 0)
        return;
    region_specifier_put(&param, 1, (struct region_specifier){buffer_span(&world->region), false});
    send_call(&world->admin, dice_below(&world->dice, 3) ? "FlushRegion" : "CompactRegion", &param);
    buffer_deinit(&param);
}

static void work(struct world *world, size_t steps)
{
    for (size_t step = 0; step < steps && !is_over(world); step++) {
        struct response_frame response;
        for (size_t i = 0; i < CLIENTS && !is_over(world); i++) {
            struct client *client = &world->clients[i];
            if (!client->is_waiting) {
                begin_operation(world, client);
            } else if (take_answer(client, &response)) {
                end_operation(world, client, &response);
                drop_answer(client);
            }
        }
        if (world->admin.is_waiting && take_answer(&world->admin, &response))
            drop_answer(&world->admin);
        flush_now_and_then(world);
        env_memory_run_one(world->env);
    }
}

static void live(struct world *world, bool is_cut)
{
    world->lives++;
    network_open(world->env, dice_next(&world->dice));
    if (is_cut)
        env_memory_cut_at(world->env,
            env_memory_call_count(world->env) + 1 + dice_below(&world->dice, CALLS_TO_CUT));
    if (open_server(world) && make_table(world) && find_region(world)) {
        for (size_t i = 0; i < CLIENTS; i++)
            connect_client(&world->clients[i], "ClientService");
        if (verify(world))
            work(world, is_cut ? 30000 : 3000);
    }
    if (!is_cut)
        assert_false(is_over(world));
    /* the process is gone, in the middle of whatever it did: its memory is left behind */
    world->cuts += env_memory_is_cut(world->env);
    env_memory_drop_tasks(world->env);
    network_close();
    static const enum env_memory_power_cut kinds[] = {
        ENV_CUT_LOSE_ALL, ENV_CUT_KEEP_ALL, ENV_CUT_RANDOM, ENV_CUT_RANDOM};
    env_memory_power_cut(world->env, kinds[dice_below(&world->dice, 4)]);
    env_memory_advance_ns(world->env, 1000000000);
}

static uint64_t all_acknowledged, all_cuts, all_lives;

static void run_seed(uint64_t seed, void *context)
{
    struct world *world = calloc(1, sizeof *world);
    (void)context;
    assert_non_null(world);
    world->dice = (struct dice){seed | 1};
    world->env = env_memory_new(seed, ENV_MEMORY_SEEDED);
    for (int life = 0; life < LIVES; life++)
        live(world, true);
    live(world, false);
    all_acknowledged += world->acknowledged;
    all_cuts += world->cuts;
    all_lives += world->lives;
    for (size_t i = 0; i < CLIENTS; i++)
        buffer_deinit(&world->clients[i].input);
    buffer_deinit(&world->admin.input);
    buffer_deinit(&world->region);
    free(world);
}

static void nothing_acknowledged_is_lost(void **state)
{
    (void)state;
    log_set_level(LOG_OFF);
    bool is_whole = for_each_seed(10, run_seed, NULL);
    printf("%llu lives, %llu power cuts, %llu writes acknowledged\n", (unsigned long long)all_lives,
        (unsigned long long)all_cuts, (unsigned long long)all_acknowledged);
    if (is_whole) { /* an idle run proves nothing */
        assert_true(all_cuts >= 20);
        assert_true(all_acknowledged >= 1000);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(nothing_acknowledged_is_lost)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
