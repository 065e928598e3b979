/* What the client does on each kind of failure, against a cluster that fails as told (facts: hbase-
 * rpc 2b). */
#include "tests/support/support.h"

#include <event2/event.h>

#include "client/include/stele/stele.h"
#include "proto/exception_class.h"
#include "proto/multi_message.h"
#include "proto/mutation_message.h"
#include "proto/scan_message.h"
#include "tests/unit/client/fake_cluster.h"

enum reaction { ANSWER, THROW, BREAK, HANG };

/* What to do with the next calls; ANSWER when the script is over. */
struct step {
    enum reaction reaction;
    const char *class_name;
    const char *text;
    bool is_do_not_retry;
};

static struct fake_cluster cluster;
static struct event_base *loop;
static struct stele_client *client;
static struct stele_table *table;
static struct stele_error error;
static const struct step *script;
static size_t script_size, calls;
static unsigned servers_asked[32];
static uint64_t nonces[32];

static uint64_t nonce_of(const struct fake_call *call)
{
    struct mutate_message mutate = {0};
    struct arena arena = {0};
    if (span_equal(call->frame.method, SPAN_LITERAL("Mutate")))
        assert_status(
            mutate_request_decode(call->frame.param, call->frame.cell_block, &arena, &mutate, NULL),
            STATUS_OK);
    arena_deinit(&arena);
    return mutate.mutation.nonce;
}

static void play(void *context, struct fake_call *call)
{
    (void)context;
    struct step step = calls < script_size ? script[calls] : (struct step){.reaction = ANSWER};
    servers_asked[calls] = call->server;
    nonces[calls++] = nonce_of(call);
    switch (step.reaction) {
    case ANSWER:
        fake_reply_cell(call, "value");
        break;
    case THROW:
        fake_throw(call, step.class_name, step.text ? step.text : "why", step.is_do_not_retry);
        break;
    case BREAK:
        fake_break(call);
        break;
    case HANG:
        break;
    }
}

static void open_client(uint32_t retries, uint32_t rpc_timeout_ms, uint32_t operation_timeout_ms)
{
    struct stele_options options;
    char place[32];
    stele_options_init(&options);
    snprintf(place, sizeof(place), "127.0.0.1:%u", cluster.ports[0]);
    options.connect = place;
    options.run = STELE_RUN_ON_LOOP;
    options.loop = loop;
    options.retries = retries;
    options.pause_ms = 1;
    options.pause_overloaded_ms = 50;
    options.rpc_timeout_ms = rpc_timeout_ms;
    options.operation_timeout_ms = operation_timeout_ms;
    assert_int_equal(stele_client_open(&options, &client, &error), STELE_OK);
    table = stele_table_open(client, STELE_TEXT("t"));
}

static int set_up(void **state)
{
    (void)state;
    loop = event_base_new();
    fake_cluster_init(&cluster, loop, play, NULL);
    script = NULL;
    script_size = calls = 0;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    stele_client_close(client);
    client = NULL;
    fake_cluster_deinit(&cluster);
    event_base_free(loop);
    return 0;
}

#define PLAY(...)                                                                                  \
    static const struct step steps[] = {__VA_ARGS__};                                              \
    script = steps;                                                                                \
    script_size = sizeof(steps) / sizeof(steps[0])

static enum stele_status get(void)
{
    struct stele_get request;
    struct stele_result result = {0};
    stele_get_init(&request, STELE_TEXT("r"));
    enum stele_status status = stele_get(table, &request, &result, &error);
    if (status == STELE_OK)
        assert_int_equal(result.cell_count, 1);
    stele_result_free(&result);
    return status;
}

static void a_busy_region_is_asked_again(void **state)
{
    (void)state;
    PLAY({THROW, EXCEPTION_REGION_TOO_BUSY, NULL, false}, {THROW, EXCEPTION_IO, NULL, false});
    open_client(5, 1000, 5000);
    assert_int_equal(get(), STELE_OK);
    assert_int_equal(calls, 3);
    assert_int_equal(cluster.meta_scans, 1); /* the place is right */
}

static void attempts_run_out(void **state)
{
    (void)state;
    PLAY({THROW, EXCEPTION_REGION_TOO_BUSY, "Over memstore limit", false},
        {THROW, EXCEPTION_REGION_TOO_BUSY, "Over memstore limit", false},
        {THROW, EXCEPTION_REGION_TOO_BUSY, "Over memstore limit", false});
    open_client(2, 1000, 5000);
    assert_int_equal(get(), STELE_BUSY);
    assert_int_equal(calls, 3);
    assert_int_equal(error.attempts, 3);
    assert_string_equal(error.exception_class, EXCEPTION_REGION_TOO_BUSY);
    assert_string_equal(error.message, "Over memstore limit");
}

static void what_must_not_be_retried_is_not(void **state)
{
    (void)state;
    PLAY({THROW, EXCEPTION_NO_SUCH_FAMILY,
        EXCEPTION_NO_SUCH_FAMILY ": Column family x\n\tat java.lang", true});
    open_client(5, 1000, 5000);
    assert_int_equal(get(), STELE_NO_FAMILY);
    assert_int_equal(calls, 1);
    assert_string_equal(error.message, "Column family x"); /* no class, no trace */
}

static void an_unknown_class_is_retried_unless_it_says_not(void **state)
{
    (void)state;
    PLAY({THROW, "org.apache.hadoop.hbase.NewException", NULL, false},
        {THROW, "org.apache.hadoop.hbase.NewException", NULL, true});
    open_client(5, 1000, 5000);
    assert_int_equal(get(), STELE_REMOTE);
    assert_int_equal(calls, 2);
}

static void a_region_that_is_gone_is_looked_for_again(void **state)
{
    (void)state;
    PLAY({.reaction = ANSWER}, {THROW, EXCEPTION_NOT_SERVING_REGION, NULL, false});
    open_client(5, 1000, 5000);
    assert_int_equal(get(), STELE_OK);
    cluster.regions[0].server = 1;
    assert_int_equal(get(), STELE_OK);
    assert_int_equal(calls, 3);
    assert_int_equal(cluster.meta_scans, 2);
    assert_int_equal(servers_asked[1], 0);
    assert_int_equal(servers_asked[2], 1);
}

static void say_moved_to(unsigned server, int sequence, char (*out_text)[128])
{
    snprintf(*out_text, sizeof(*out_text),
        "Region moved to: hostname=127.0.0.1 port=%u startCode=1. As of locationSeqNum=%d.",
        cluster.ports[server], sequence);
}

static void a_moved_region_is_followed_without_asking_meta(void **state)
{
    (void)state;
    static char text[128];
    static struct step steps[1];
    say_moved_to(1, 5, &text);
    steps[0] = (struct step){THROW, EXCEPTION_REGION_MOVED_CLASS, text, false};
    script = steps;
    script_size = 1;
    open_client(5, 1000, 5000);
    assert_int_equal(get(), STELE_OK);
    assert_int_equal(servers_asked[1], 1);
    assert_int_equal(cluster.meta_scans, 1);
}

/* It was moved from 1 to 0, and back to 1, where it could not be opened. */
static void two_servers_that_send_to_each_other_make_it_ask_meta(void **state)
{
    (void)state;
    static char to_1[128], to_0[128];
    static struct step steps[2] = {{THROW, EXCEPTION_REGION_MOVED_CLASS, to_1, false},
        {THROW, EXCEPTION_REGION_MOVED_CLASS, to_0, false}};
    say_moved_to(1, 6, &to_1);
    say_moved_to(0, 5, &to_0);
    script = steps;
    script_size = 2;
    open_client(5, 1000, 5000);
    assert_int_equal(get(), STELE_OK);
    assert_int_equal(servers_asked[1], 1);
    assert_int_equal(cluster.meta_scans, 2);
}

static void count_answered(void *context, const struct stele_error *outcome,
    const struct stele_result *result, bool is_processed)
{
    (void)result;
    (void)is_processed;
    *(size_t *)context += outcome->status == STELE_OK;
}

static void calls_that_were_on_their_way_when_a_region_moved_follow_it_too(void **state)
{
    (void)state;
    static char text[128];
    static struct step steps[3] = {{.reaction = ANSWER},
        {THROW, EXCEPTION_REGION_MOVED_CLASS, text, false},
        {THROW, EXCEPTION_REGION_MOVED_CLASS, text, false}};
    struct stele_get request;
    size_t answered = 0;
    say_moved_to(1, 5, &text);
    script = steps;
    script_size = 3;
    open_client(5, 1000, 5000);
    assert_int_equal(get(), STELE_OK);
    stele_get_init(&request, STELE_TEXT("r"));
    stele_get_async(table, &request, count_answered, &answered);
    stele_get_async(table, &request, count_answered, &answered);
    while (answered < 2)
        event_base_loop(loop, EVLOOP_ONCE);
    assert_int_equal(calls, 5);
    assert_true(servers_asked[1] == 0 && servers_asked[2] == 0);
    assert_true(servers_asked[3] == 1 && servers_asked[4] == 1);
    assert_int_equal(cluster.meta_scans, 1);
}

static void a_cluster_is_found_again_when_the_host_that_was_named_is_gone(void **state)
{
    (void)state;
    open_client(5, 1000, 5000);
    assert_int_equal(get(), STELE_OK);
    fake_cluster_stop(&cluster, 0); /* the only one that the options name */
    cluster.regions[0].server = cluster.meta_server = 1;
    assert_int_equal(get(), STELE_OK);
    assert_int_equal(servers_asked[1], 1);
    assert_int_equal(stele_delete_table(client, STELE_TEXT("t"), &error), STELE_OK);
    assert_int_equal(servers_asked[2], 1);
}

/* A server may end an answer where it likes and say that there is more. */
static void rows_of_meta_that_an_answer_left_out_are_asked_for(void **state)
{
    (void)state;
    cluster.regions[1] = (struct fake_region){"q", 1};
    cluster.region_count = 2;
    cluster.meta_rows_most = 2; /* the table's state and the first region */
    open_client(2, 1000, 5000);
    assert_int_equal(get(), STELE_OK); /* row r: the second region */
    assert_int_equal(cluster.meta_scans, 2);
    assert_int_equal(servers_asked[0], 1);
}

/* A loop counts a timer from the start of its round: on a busy machine that is earlier than our look. */
enum { EARLY_NS = 10000000 };

static void an_overloaded_server_is_given_a_longer_pause(void **state)
{
    (void)state;
    PLAY({THROW, EXCEPTION_CALL_QUEUE_TOO_BIG, NULL, false});
    open_client(5, 1000, 5000);
    uint64_t start = env_monotonic_ns(env_real());
    assert_int_equal(get(), STELE_OK);
    assert_true(env_monotonic_ns(env_real()) - start >= 50000000 - EARLY_NS);
}

static void a_throttled_call_waits_as_it_is_told(void **state)
{
    (void)state;
    PLAY({THROW, EXCEPTION_RPC_THROTTLING, "number of read requests exceeded - wait 30ms", false});
    open_client(5, 1000, 5000);
    uint64_t start = env_monotonic_ns(env_real());
    assert_int_equal(get(), STELE_OK);
    assert_true(env_monotonic_ns(env_real()) - start >= 30000000 - EARLY_NS);
}

static void a_broken_connection_is_made_again(void **state)
{
    (void)state;
    PLAY({.reaction = BREAK}, {.reaction = ANSWER}, {.reaction = BREAK});
    open_client(5, 1000, 5000);
    assert_int_equal(get(), STELE_OK);
    assert_int_equal(get(), STELE_OK);
    assert_int_equal(calls, 4);
}

static void a_call_without_an_answer_times_out_and_is_tried_again(void **state)
{
    (void)state;
    PLAY({.reaction = HANG});
    open_client(5, 50, 5000);
    assert_int_equal(get(), STELE_OK);
    assert_int_equal(calls, 2);
}

static void what_a_silent_server_had_is_looked_for_elsewhere(void **state)
{
    (void)state;
    PLAY({.reaction = ANSWER}, {.reaction = HANG});
    open_client(5, 50, 5000);
    assert_int_equal(get(), STELE_OK);
    cluster.regions[0].server = 1; /* it stands still, and was declared dead */
    assert_int_equal(get(), STELE_OK);
    assert_int_equal(calls, 3);
    assert_int_equal(cluster.meta_scans, 2);
    assert_int_equal(servers_asked[1], 0);
    assert_int_equal(servers_asked[2], 1);
}

static void the_operations_time_ends_the_retries(void **state)
{
    (void)state;
    PLAY({.reaction = HANG}, {.reaction = HANG}, {.reaction = HANG}, {.reaction = HANG},
        {.reaction = HANG}, {.reaction = HANG}, {.reaction = HANG}, {.reaction = HANG});
    open_client(100, 50, 120);
    assert_int_equal(get(), STELE_TIMEOUT);
    assert_true(calls >= 2 && calls <= 4);
}

static void a_retried_increment_keeps_its_nonce(void **state)
{
    (void)state;
    PLAY({.reaction = BREAK}, {THROW, EXCEPTION_IO, NULL, false});
    open_client(5, 1000, 5000);
    assert_int_equal(stele_increment_column(
                         table, STELE_TEXT("r"), STELE_TEXT("f"), STELE_TEXT("q"), 1, NULL, &error),
        STELE_OK);
    assert_int_equal(stele_increment_column(
                         table, STELE_TEXT("r"), STELE_TEXT("f"), STELE_TEXT("q"), 1, NULL, &error),
        STELE_OK);
    assert_int_equal(calls, 4);
    assert_true(nonces[0] != 0 && nonces[1] == nonces[0] && nonces[2] == nonces[0] &&
                nonces[3] != nonces[0]);
}

static void a_missing_table_is_told_at_once(void **state)
{
    (void)state;
    cluster.region_count = 0;
    open_client(5, 1000, 5000);
    assert_int_equal(get(), STELE_NOT_FOUND);
    assert_string_equal(error.exception_class, EXCEPTION_TABLE_NOT_FOUND);
    assert_int_equal(calls, 0);
    cluster.region_count = 1; /* and found when it is made */
    assert_int_equal(get(), STELE_OK);
}

static void a_table_disabled_meanwhile_is_told(void **state)
{
    (void)state;
    PLAY({.reaction = ANSWER}, {THROW, EXCEPTION_NOT_SERVING_REGION, NULL, false});
    open_client(5, 1000, 5000);
    assert_int_equal(get(), STELE_OK);
    cluster.is_disabled = true;
    assert_int_equal(get(), STELE_WRONG_STATE);
    assert_string_equal(error.exception_class, EXCEPTION_TABLE_NOT_ENABLED);
}

static void another_master_is_found(void **state)
{
    (void)state;
    PLAY({THROW, EXCEPTION_MASTER_NOT_RUNNING, NULL, false});
    open_client(5, 1000, 5000);
    cluster.regions[0].server = 1; /* where the master is, too */
    assert_int_equal(stele_delete_table(client, STELE_TEXT("t"), &error), STELE_OK);
    assert_int_equal(calls, 2);
}

/* ---- batches ---- */

static size_t actions_of_call[8];
static bool fails_second_region;

/* Fails the second region's actions once, and one action of the first for good. */
static void play_multi(void *context, struct fake_call *call)
{
    struct multi_message multi;
    struct arena arena = {0};
    struct buffer out = {0};
    (void)context;
    assert_status(multi_request_decode(call->frame.param, call->frame.cell_block, &arena, &multi,
                      &(struct error){0}),
        STATUS_OK);
    actions_of_call[calls++] = multi.action_count;
    for (size_t r = 0; r < multi.region_count; r++) {
        size_t mark = multi_response_region_begin(&out);
        bool is_second = memmem(
            multi.regions[r].region.value.data, multi.regions[r].region.value.size, "t,m,", 4);
        if (is_second && fails_second_region) {
            fails_second_region = false;
            multi_response_put_region_exception(
                &out, SPAN_LITERAL(EXCEPTION_NOT_SERVING_REGION), SPAN_LITERAL("gone"));
        } else {
            for (size_t a = 0; a < multi.regions[r].action_count; a++) {
                const struct action *action = &multi.regions[r].actions[a];
                struct result none = {0};
                if (span_equal(action->mutation.row, SPAN_LITERAL("bad")))
                    multi_response_put_exception(&out, action->index,
                        SPAN_LITERAL(EXCEPTION_NO_SUCH_FAMILY), SPAN_LITERAL("no"));
                else
                    multi_response_put_result(&out, action->index, &none, false);
            }
        }
        multi_response_region_end(&out, mark);
    }
    fake_reply(call, buffer_span(&out), SPAN_EMPTY);
    buffer_deinit(&out);
    arena_deinit(&arena);
}

static void only_what_failed_of_a_batch_is_sent_again(void **state)
{
    (void)state;
    static const char *const rows[] = {"a", "bad", "n", "o", "b"};
    struct stele_cell cell = {.family = STELE_TEXT("f"),
        .qualifier = STELE_TEXT("q"),
        .value = STELE_TEXT("v"),
        .timestamp = 1,
        .type = STELE_CELL_PUT};
    struct stele_mutation puts[5];
    struct stele_action actions[5];
    struct stele_batch batch;
    cluster.function = play_multi;
    cluster.regions[1] = (struct fake_region){"m", 0};
    cluster.region_count = 2;
    fails_second_region = true;
    open_client(5, 1000, 5000);
    for (size_t i = 0; i < 5; i++) {
        stele_mutation_init(&puts[i], STELE_PUT, stele_text(rows[i]));
        puts[i].cells = &cell;
        puts[i].cell_count = 1;
        actions[i] = (struct stele_action){.mutation = &puts[i]};
    }
    assert_int_equal(stele_batch(table, actions, 5, &batch, &error), STELE_NO_FAMILY);
    assert_int_equal(calls, 2);
    assert_int_equal(actions_of_call[0], 5);
    assert_int_equal(actions_of_call[1], 2);
    assert_int_equal(batch.failed_count, 1);
    assert_non_null(batch.outcomes[1].error);
    assert_null(batch.outcomes[2].error);
    stele_batch_free(&batch);
}

/* ---- scans ---- */

static struct span start_rows[16];
static uint8_t start_storage[16][32];
static bool starts_inclusive[16];
static size_t opens;

/* Rows a b c d e f/1 f/2 g; scanner 1 is lost after c; a heartbeat comes; f comes in two parts,
 * with the scanner lost between them. */
static void play_scan(void *context, struct fake_call *call)
{
    static const char *const abc[] = {"a", "b", "c"}, *const de[] = {"d", "e", "f/1"},
                             *const f_g[] = {"f/1", "f/2", "g"};
    static const char *const f1[] = {"f/1"}, *const f2[] = {"f/2", "g"};
    struct scan_message scan;
    struct arena arena = {0};
    (void)context;
    (void)f_g;
    assert_status(scan_request_decode(call->frame.param, &arena, &scan, NULL), STATUS_OK);
    if (scan.has_scan) {
        struct span row = scan.scan.start_row;
        if (row.size)
            memcpy(start_storage[opens], row.data, row.size);
        start_rows[opens] = span_make(start_storage[opens], row.size);
        starts_inclusive[opens++] = scan.scan.is_start_inclusive;
    }
    bool is_close = scan.is_close;
    arena_deinit(&arena);
    if (is_close) {
        fake_reply(call, SPAN_EMPTY, SPAN_EMPTY);
        return;
    }
    switch (calls++) {
    case 0:
        fake_reply_rows(call, abc, 3, 1, true, false);
        break;
    case 1:
        fake_throw(call, EXCEPTION_UNKNOWN_SCANNER, "lease expired", true);
        break;
    case 2:
        fake_reply_rows(call, NULL, 0, 2, true, false); /* a heartbeat */
        break;
    case 3:
        fake_reply_rows(call, de, 3, 2, true, true);
        break;
    case 4:
        fake_throw(call, EXCEPTION_NOT_SERVING_REGION, "moved", false);
        break;
    case 5:
        fake_reply_rows(call, f1, 1, 3, true, true);
        break;
    default:
        fake_reply_rows(call, f2, 2, 3, false, false);
    }
}

static void a_scan_goes_on_where_it_lost_its_scanner(void **state)
{
    (void)state;
    struct stele_scan scan;
    const struct stele_result *result;
    char rows[64] = "";
    size_t cells = 0;
    cluster.function = play_scan;
    opens = 0;
    open_client(5, 1000, 5000);
    stele_scan_init(&scan);
    struct stele_scanner *scanner = stele_scanner_open(table, &scan);
    while (stele_scanner_next(scanner, &result, &error) == STELE_OK) {
        strncat(rows, (const char *)result->cells[0].row.data, result->cells[0].row.size);
        cells += result->cell_count;
        assert_false(result->is_partial);
    }
    assert_int_equal(error.status, STELE_END);
    assert_string_equal(rows, "abcdefg");
    assert_int_equal(cells, 8);
    assert_int_equal(opens, 3);
    assert_spans_equal(start_rows[0], SPAN_EMPTY);
    assert_spans_equal(start_rows[1], SPAN_LITERAL("c"));
    assert_false(starts_inclusive[1]);
    assert_spans_equal(start_rows[2], SPAN_LITERAL("e")); /* f was begun, not delivered */
    assert_false(starts_inclusive[2]);
    stele_scanner_close(scanner);
}

static void a_scan_in_parts_delivers_no_cell_twice(void **state)
{
    (void)state;
    struct stele_scan scan;
    const struct stele_result *result;
    char cells[64] = "";
    cluster.function = play_scan;
    opens = 0;
    open_client(5, 1000, 5000);
    stele_scan_init(&scan);
    scan.allows_partial = true;
    struct stele_scanner *scanner = stele_scanner_open(table, &scan);
    while (stele_scanner_next(scanner, &result, &error) == STELE_OK)
        for (size_t i = 0; i < result->cell_count; i++) {
            strncat(cells, (const char *)result->cells[i].row.data, 1);
            strncat(cells, (const char *)result->cells[i].qualifier.data, 1);
        }
    assert_int_equal(error.status, STELE_END);
    assert_string_equal(cells, "aqbqcqdqeqf1f2gq");
    assert_spans_equal(
        start_rows[2], SPAN_LITERAL("f")); /* read again, the delivered part left out */
    assert_true(starts_inclusive[2]);
    stele_scanner_close(scanner);
}

static void count_cancelled(void *context, const struct stele_error *outcome,
    const struct stele_result *result, bool is_processed)
{
    (void)result;
    (void)is_processed;
    *(size_t *)context += outcome->status == STELE_CANCELLED;
}

static void count_batch(
    void *context, const struct stele_error *outcome, const struct stele_batch *batch)
{
    (void)batch;
    *(size_t *)context += outcome->status == STELE_CANCELLED;
}

/* Calls that hang, wait for their next attempt, or look for their region. */
static void closing_cancels_everything(void **state)
{
    (void)state;
    PLAY({THROW, EXCEPTION_CALL_QUEUE_TOO_BIG, NULL, false}, {.reaction = HANG},
        {THROW, EXCEPTION_CALL_QUEUE_TOO_BIG, NULL, false}, {.reaction = HANG});
    struct stele_get request;
    struct stele_cell cell = {.family = STELE_TEXT("f"), .type = STELE_CELL_PUT};
    struct stele_mutation put;
    size_t cancelled = 0;
    open_client(5, 60000, 60000);
    stele_get_init(&request, STELE_TEXT("r"));
    stele_mutation_init(&put, STELE_PUT, STELE_TEXT("r"));
    put.cells = &cell;
    put.cell_count = 1;
    struct stele_action action = {.mutation = &put};
    stele_get_async(table, &request, count_cancelled, &cancelled);
    stele_get_async(table, &request, count_cancelled, &cancelled);
    stele_batch_async(table, &action, 1, count_batch, &cancelled);
    while (calls < 3)
        event_base_loop(loop, EVLOOP_ONCE);
    for (int i = 0; i < 20; i++)
        event_base_loop(loop, EVLOOP_NONBLOCK);
    stele_get_async(
        stele_table_open(client, STELE_TEXT("other")), &request, count_cancelled, &cancelled);
    stele_client_close(client);
    client = NULL;
    assert_int_equal(cancelled, 4);
}

static void closing_ends_what_hangs(void **state)
{
    (void)state;
    PLAY({.reaction = HANG}, {.reaction = HANG}, {.reaction = HANG});
    open_client(5, 60000, 60000);
    struct stele_scan scan;
    stele_scan_init(&scan);
    struct stele_scanner *scanner = stele_scanner_open(table, &scan);
    stele_client_interrupt(client);
    const struct stele_result *result;
    assert_int_equal(stele_scanner_next(scanner, &result, &error), STELE_CANCELLED);
    stele_client_interrupt(client);
    assert_int_equal(get(), STELE_CANCELLED);
    stele_scanner_close(scanner);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_busy_region_is_asked_again),
        TEST(attempts_run_out),
        TEST(what_must_not_be_retried_is_not),
        TEST(an_unknown_class_is_retried_unless_it_says_not),
        TEST(a_region_that_is_gone_is_looked_for_again),
        TEST(a_moved_region_is_followed_without_asking_meta),
        TEST(two_servers_that_send_to_each_other_make_it_ask_meta),
        TEST(calls_that_were_on_their_way_when_a_region_moved_follow_it_too),
        TEST(a_cluster_is_found_again_when_the_host_that_was_named_is_gone),
        TEST(rows_of_meta_that_an_answer_left_out_are_asked_for),
        TEST(an_overloaded_server_is_given_a_longer_pause),
        TEST(a_throttled_call_waits_as_it_is_told),
        TEST(a_broken_connection_is_made_again),
        TEST(a_call_without_an_answer_times_out_and_is_tried_again),
        TEST(what_a_silent_server_had_is_looked_for_elsewhere),
        TEST(the_operations_time_ends_the_retries),
        TEST(a_retried_increment_keeps_its_nonce),
        TEST(a_missing_table_is_told_at_once),
        TEST(a_table_disabled_meanwhile_is_told),
        TEST(another_master_is_found),
        TEST(only_what_failed_of_a_batch_is_sent_again),
        TEST(a_scan_goes_on_where_it_lost_its_scanner),
        TEST(a_scan_in_parts_delivers_no_cell_twice),
        TEST(closing_cancels_everything),
        TEST(closing_ends_what_hangs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
