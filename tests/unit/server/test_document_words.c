#include "tests/support/support.h"

#include <stdio.h>
#include <stdlib.h>

#include "server/master/document_words.h"
#include "server/master/history_document.h"
#include "server/master/master.h"
#include "server/master/namespace_document.h"
#include "server/master/procedure.h"
#include "server/master/settings_document.h"
#include "storage/chain.h"

static void take_line(void *context, const char *line)
{
    buffer_put(context, span_string(line));
    buffer_put_u8(context, '\n');
}

/* `payload` is taken; its words are `expected`. */
static void assert_words(
    enum chain_kind kind, const char *name, struct buffer *payload, const char *expected)
{
    struct buffer words = {0};
    struct error error = {0};
    assert_ok(master_document_words(
                  NULL, kind, span_string(name), buffer_span(payload), take_line, &words, &error),
        &error);
    assert_spans_equal(buffer_span(&words), span_string(expected));
    buffer_deinit(&words);
    buffer_deinit(payload);
}

static void a_procedure_tells_its_step_and_what_it_works_on(void **state)
{
    struct tablet_info tablets[2] = {
        {.id = "0a", .table_id = "t1", .region_id = 8, .end_row = SPAN_LITERAL("m\x01")},
        {.id = "0b", .table_id = "t1", .region_id = 8, .start_row = SPAN_LITERAL("m\x01")}};
    struct span sources[1] = {SPAN_LITERAL("09")};
    struct procedure procedure = {.id = 7,
        .kind = PROCEDURE_SPLIT,
        .step = 2,
        .submitted_ms = 1000,
        .table_name = SPAN_LITERAL("ns:t"),
        .table_id = "t1",
        .tablets = tablets,
        .tablet_count = 2,
        .sources = sources,
        .source_count = 1,
        .row = SPAN_LITERAL("m\x01"),
        .epoch = 3,
        .nonce_group = 1,
        .nonce = 255};
    struct buffer bytes = {0};
    (void)state;
    procedure_encode(&procedure, &bytes);
    assert_words(CHAIN_PROCEDURE, "7", &bytes,
        "  SplitTableRegionProcedure, step 2: divide, submitted 1000 ms, epoch 3, "
        "nonce 00000000000000ff of 0000000000000001\n"
        "  table \"ns:t\" t1\n"
        "  at row \"m\\x01\"\n"
        "  works on tablet \"09\"\n"
        "  makes tablet 0a of table t1, region id 8, rows from \"\" to \"m\\x01\"\n"
        "  makes tablet 0b of table t1, region id 8, rows from \"m\\x01\" to \"\"\n");
}

static void a_namespace_tells_its_properties(void **state)
{
    struct attribute properties[1] = {{SPAN_LITERAL("owner"), SPAN_LITERAL("ann")}};
    struct buffer bytes = {0};
    (void)state;
    namespace_document_encode(properties, 1, &bytes);
    assert_words(CHAIN_NAMESPACE, "shop", &bytes, "  property \"owner\" = \"ann\"\n");
}

static void settings_tell_switches_and_who_is_drained(void **state)
{
    struct buffer bytes = {0};
    (void)state;
    settings_document_put(&bytes, 4, 1u << SETTING_SPLIT | 1u << SETTING_CLEANER, 1, 1);
    settings_document_put_draining(&bytes, SPAN_LITERAL("host,16020,9"), true);
    settings_document_put_unassigned(&bytes, SPAN_LITERAL("00ff"));
    assert_words(CHAIN_PROCEDURE, SETTINGS_NAME, &bytes,
        "  epoch 4, balancer off, splits on, merges off, normalizer off, catalog janitor off, "
        "cleaner on, snapshot cleanup off\n"
        "  gets no tablets: \"host,16020,9\", is being emptied\n"
        "  closed by command: \"00ff\"\n");
}

static void the_history_tells_what_has_ended_and_what_was_moved(void **state)
{
    struct history_head head = {.epoch = 4,
        .run_ms = 900,
        .worst_share = 2.5,
        .verdict = SPAN_LITERAL("1 moves are worth it, 1 began"),
        .runs = 7,
        .runs_with_moves = 2,
        .moves = 3,
        .procedure_count = 2,
        .move_count = 1};
    struct history_procedure created = {.id = 7,
        .kind = SPAN_LITERAL("CreateNamespaceProcedure"),
        .submitted_ms = 100,
        .ended_ms = 120,
        .asked_ms = 130,
        .nonce_group = 1,
        .nonce = 255};
    struct history_procedure moved = {.id = 8,
        .kind = SPAN_LITERAL("MoveRegionProcedure"),
        .submitted_ms = 200,
        .ended_ms = 220,
        .exception_class = SPAN_LITERAL("java.io.IOException"),
        .message = SPAN_LITERAL("no \"luck\"")};
    struct history_move move = {.time_ms = 900,
        .tablet = SPAN_LITERAL("00ff"),
        .table = SPAN_LITERAL("ns:t"),
        .from = SPAN_LITERAL("a,1,2"),
        .to = SPAN_LITERAL("b,1,2"),
        .reason = SPAN_LITERAL("it is too much"),
        .gain = 1.5};
    struct buffer bytes = {0};
    (void)state;
    history_put_head(&bytes, &head);
    history_put_procedure(&bytes, &created);
    history_put_procedure(&bytes, &moved);
    history_put_move(&bytes, &move);
    assert_words(CHAIN_HISTORY, HISTORY_NAME, &bytes,
        "  epoch 4, balancer: 7 runs, 2 with moves, 3 moves, the last at 900 ms: "
        "\"1 moves are worth it, 1 began\"\n"
        "  CreateNamespaceProcedure 7, submitted 100 ms, ended 120 ms, asked for 130 ms, "
        "nonce 00000000000000ff of 0000000000000001\n"
        "  MoveRegionProcedure 8, submitted 200 ms, ended 220 ms, failed: "
        "\"java.io.IOException\" \"no \"luck\"\"\n"
        "  move at 900 ms, not begun: tablet \"00ff\" of \"ns:t\" from \"a,1,2\" to "
        "\"b,1,2\", \"it is too much\", gain 1.500\n");
}

/* Files that a cluster wrote are read for ever: tests/golden/settings-v<format of the payload>. */
static void settings_of_every_format_are_read(void **state)
{
    static const char *const expected[] = {
        "  epoch 72057594037927947, balancer off, splits on, merges on, normalizer on, catalog "
        "janitor on, cleaner on, snapshot cleanup on\n"
        "  gets no tablets: \"127.0.0.1,22988,1795894884827\", is being emptied\n",
        "  closed by command: \"cdefe6aa355fde8233b93d55423d1c22\"\n"};
    const char *golden = getenv("STELE_GOLDEN");
    (void)state;
    assert_non_null(golden);
    for (unsigned format = 1; format <= 2; format++) {
        struct buffer file = {0}, words = {0}, payload = {0};
        struct document document;
        struct error error = {0};
        char path[512];
        snprintf(path, sizeof path, "%s/settings-v%u", golden, format);
        assert_ok(
            document_read(env_real(), path, DOCUMENT_PROCEDURE, &file, &document, &error), &error);
        assert_spans_equal(document.subject, SPAN_LITERAL(SETTINGS_NAME));
        assert_int_equal(document.payload.data[0], format);
        for (unsigned i = 0; i < format; i++)
            buffer_put(&words, span_string(expected[i]));
        buffer_put_u8(&words, 0);
        buffer_put(&payload, document.payload);
        assert_words(CHAIN_PROCEDURE, SETTINGS_NAME, &payload, (const char *)words.data);
        buffer_deinit(&words);
        buffer_deinit(&file);
    }
}

/* Likewise: tests/golden/history-v<format>. */
static void the_history_of_every_format_is_read(void **state)
{
    static const char expected[] =
        "  epoch 72057594037927947, balancer: 4 runs, 1 with moves, 2 moves, the last at "
        "1795953383365 ms: \"2 moves are worth it, 2 began\"\n"
        "  CreateNamespaceProcedure 1839056248839169, submitted 1795953368346 ms, ended "
        "1795953368346 ms, asked for 1795953368347 ms, nonce f85b4a7a1695c5bc of 19c62e3afe908f7f\n"
        "  CreateTableProcedure 1839056248839170, submitted 1795953368347 ms, ended 1795953368362 "
        "ms, asked for 1795953368362 ms, nonce f85b4a7a1695c5bd of 19c62e3afe908f7f\n"
        "  CreateTableProcedure 1839056248839171, submitted 1795953368362 ms, ended 1795953368371 "
        "ms, asked for 1795953368371 ms, nonce f85b4a7a1695c5be of 19c62e3afe908f7f\n"
        "  DisableTableProcedure 1839056248839172, submitted 1795953368375 ms, ended 1795953368381 "
        "ms, asked for 1795953368381 ms, nonce f85b4a7a1695c5bf of 19c62e3afe908f7f\n"
        "  DeleteTableProcedure 1839056248839173, submitted 1795953368382 ms, ended 1795953368385 "
        "ms, asked for 1795953368385 ms, nonce f85b4a7a1695c5c0 of 19c62e3afe908f7f\n"
        "  MoveRegionProcedure 1839056248839174, submitted 1795953383364 ms, ended 1795953383370 "
        "ms\n"
        "  MoveRegionProcedure 1839056248839175, submitted 1795953383365 ms, ended 1795953383370 "
        "ms\n"
        "  move at 1795953383365 ms: tablet \"57647008db30b7180528fc586d5150ba\" of \"shop:held\" "
        "from \"127.0.0.1,21072,1795953368230\" to \"127.0.0.1,30434,1795953368516\", \"spread: 3 "
        "tablets of the table at the source, 0 at the target\", gain 2.200\n"
        "  move at 1795953383365 ms: tablet \"4193cc8aa3c21baa4315567fb8b4e2bf\" of \"shop:held\" "
        "from \"127.0.0.1,20019,1795953368095\" to \"127.0.0.1,30434,1795953368516\", \"count: "
        "1.50 times the mean at the source, 0.50 at the target; the tablet is 0.50 of it\", gain "
        "0.500\n";
    const char *golden = getenv("STELE_GOLDEN");
    struct buffer file = {0}, payload = {0};
    struct document document;
    struct error error = {0};
    char path[512];
    (void)state;
    assert_non_null(golden);
    snprintf(path, sizeof path, "%s/history-v1", golden);
    assert_ok(document_read(env_real(), path, DOCUMENT_HISTORY, &file, &document, &error), &error);
    assert_spans_equal(document.subject, SPAN_LITERAL(HISTORY_NAME));
    buffer_put(&payload, document.payload);
    assert_words(CHAIN_HISTORY, HISTORY_NAME, &payload, expected);
    buffer_deinit(&file);
}

/* Likewise: tests/golden/procedure-v<format>; the first was encoded by the code before fb0045a. */
static void procedures_of_every_format_are_read(void **state)
{
    static const char *const names[] = {
        "00001806663681605633", "00001839030527887364", "00001839030527887361"};
    static const char *const expected[] = {
        "  TruncateTableProcedure, step 4: swap, submitted 1764315000000 ms, epoch 0\n"
        "  table \"ns1:old\" 0123456789abcdef0123456789abcdef, successor "
        "6e9e5479d1ea395c5a0ee28fdfda19fc, schema of 1 families\n"
        "  makes tablet f1afbc357b1db9500f2b5f41baeaecdd of table "
        "6e9e5479d1ea395c5a0ee28fdfda19fc, region id 1764315000000, rows from \"\" to \"m\"\n"
        "  makes tablet f240e517aa02e6f3b1e8aa1031941952 of table "
        "6e9e5479d1ea395c5a0ee28fdfda19fc, region id 1764315000000, rows from \"m\" to \"\"\n",
        "  ServerCrashProcedure, step 0: bury, submitted "
        "1795928274431 ms, epoch 72057594037927947\n"
        "  server \"127.0.0.1,28403,1795928250383\"\n",
        "  CreateTableProcedure, step 3: open, submitted 1795928250791 ms, epoch "
        "72057594037927947, nonce be2994628edfa814 of c0d071b77f361f5b\n"
        "  table \"ns1\" 6e9e5479d1ea395c5a0ee28fdfda19fc, schema of 1 families\n"
        "  makes tablet f1afbc357b1db9500f2b5f41baeaecdd of table "
        "6e9e5479d1ea395c5a0ee28fdfda19fc, region id 1795928250791, rows from \"\" to \"m\"\n"
        "  makes tablet f240e517aa02e6f3b1e8aa1031941952 of table "
        "6e9e5479d1ea395c5a0ee28fdfda19fc, region id 1795928250791, rows from \"m\" to \"\"\n"};
    const char *golden = getenv("STELE_GOLDEN");
    (void)state;
    assert_non_null(golden);
    for (unsigned format = 1; format <= 3; format++) {
        struct buffer file = {0}, payload = {0};
        struct document document;
        struct error error = {0};
        char path[512];
        snprintf(path, sizeof path, "%s/procedure-v%u", golden, format);
        assert_ok(
            document_read(env_real(), path, DOCUMENT_PROCEDURE, &file, &document, &error), &error);
        assert_spans_equal(document.subject, span_string(names[format - 1]));
        assert_int_equal(document.payload.data[0], format);
        buffer_put(&payload, document.payload);
        assert_words(CHAIN_PROCEDURE, names[format - 1], &payload, expected[format - 1]);
        buffer_deinit(&file);
    }
}

static void what_cannot_be_read_is_an_error(void **state)
{
    struct buffer words = {0};
    struct error error = {0};
    (void)state;
    const struct span cut = SPAN_LITERAL("\x01");
    assert_status(master_document_words(NULL, CHAIN_PROCEDURE, SPAN_LITERAL(SETTINGS_NAME), cut,
                      take_line, &words, &error),
        STATUS_CORRUPT);
    assert_status(master_document_words(
                      NULL, CHAIN_PROCEDURE, SPAN_LITERAL("7"), cut, take_line, &words, &error),
        STATUS_CORRUPT);
    assert_status(master_document_words(
                      NULL, CHAIN_NAMESPACE, SPAN_LITERAL("n"), cut, take_line, &words, &error),
        STATUS_CORRUPT);
    assert_status(master_document_words(NULL, CHAIN_HISTORY, SPAN_LITERAL(HISTORY_NAME), cut,
                      take_line, &words, &error),
        STATUS_CORRUPT);
    assert_status(master_document_words(NULL, CHAIN_HISTORY, SPAN_LITERAL(HISTORY_NAME),
                      SPAN_LITERAL("\x02"), take_line, &words, &error),
        STATUS_NEWER_FORMAT);
    buffer_deinit(&words);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_procedure_tells_its_step_and_what_it_works_on),
        cmocka_unit_test(a_namespace_tells_its_properties),
        cmocka_unit_test(settings_tell_switches_and_who_is_drained),
        cmocka_unit_test(the_history_tells_what_has_ended_and_what_was_moved),
        cmocka_unit_test(settings_of_every_format_are_read),
        cmocka_unit_test(the_history_of_every_format_is_read),
        cmocka_unit_test(procedures_of_every_format_are_read),
        cmocka_unit_test(what_cannot_be_read_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
