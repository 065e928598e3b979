/* Our hand-written messages beside protobuf-c's, compiled from the same .proto: what one writes the
 * other reads. */
#include "tests/support/support.h"

#include "base/limits.h"
#include "proto/client.pb-c.h"
#include "proto/multi_message.h"
#include "proto/scan_message.h"
#include "proto/schema_message.h"
#include "proto/unpack.h"

static struct arena arena;
static struct buffer out, cells;
static struct error error;

static int set_up(void **state)
{
    (void)state;
    arena = (struct arena){0};
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_deinit(&arena);
    buffer_deinit(&out);
    buffer_deinit(&cells);
    return 0;
}

#define UNPACK(type)                                                                               \
    ((void *)message_unpack(&hbase__pb__##type##__descriptor, buffer_span(&out), &arena, &error))

static struct region_specifier a_region(void)
{
    return (struct region_specifier){SPAN_LITERAL("t,,1.0123."), false};
}

static struct family_selection *two_families(void)
{
    static struct span qualifiers[] = {{(const uint8_t *)"", 0}, {(const uint8_t *)"q", 1}};
    static struct family_selection families[2];
    families[0] = (struct family_selection){
        .family = SPAN_LITERAL("a"), .has_time_range = true, .time_range = {5, 6}};
    families[1] = (struct family_selection){
        .family = SPAN_LITERAL("f"), .qualifiers = qualifiers, .qualifier_count = 2};
    return families;
}

static void fill_read(struct read_request *read)
{
    read_request_init(read);
    read->families = two_families();
    read->family_count = 2;
    read->time_range = (struct time_range){10, 20};
    read->max_versions = 7;
    read->store_limit = 3;
    read->store_offset = 2;
    read->is_raw = true;
    read->is_uncommitted = true;
    read->is_cache_fill = false;
}

static void assert_reads_equal(const struct read_request *a, const struct read_request *b)
{
    assert_int_equal(a->family_count, b->family_count);
    for (size_t i = 0; i < a->family_count; i++) {
        assert_spans_equal(a->families[i].family, b->families[i].family);
        assert_int_equal(a->families[i].qualifier_count, b->families[i].qualifier_count);
        for (size_t q = 0; q < a->families[i].qualifier_count; q++)
            assert_spans_equal(a->families[i].qualifiers[q], b->families[i].qualifiers[q]);
        assert_int_equal(a->families[i].has_time_range, b->families[i].has_time_range);
        assert_true(!a->families[i].has_time_range ||
                    a->families[i].time_range.from == b->families[i].time_range.from);
    }
    assert_true(a->time_range.from == b->time_range.from && a->time_range.to == b->time_range.to);
    assert_int_equal(a->max_versions, b->max_versions);
    assert_int_equal(a->store_limit, b->store_limit);
    assert_int_equal(a->store_offset, b->store_offset);
    assert_true(a->is_raw == b->is_raw && a->is_uncommitted == b->is_uncommitted);
    assert_true(
        a->is_cache_fill == b->is_cache_fill && a->is_existence_only == b->is_existence_only);
}

static bool has_bytes(const struct buffer *message, struct span wanted)
{
    for (size_t i = 0; i + wanted.size <= message->size; i++)
        if (memcmp(message->data + i, wanted.data, wanted.size) == 0)
            return true;
    return false;
}

/* NameBytesPair{name = 1, value = 2}: what stands behind the name is HBase's, not ours to choose. */
static void attributes_are_hbases(void **state)
{
    const struct attribute own[] = {{SPAN_LITERAL("k"), SPAN_LITERAL("v")}};
    struct get_message get = {.row = SPAN_LITERAL("r")};
    struct read_request read;
    (void)state;
    read_request_init(&get.read);
    get.read.is_uncommitted = true;
    get.read.is_raw = true;
    get.read.attributes = own;
    get.read.attribute_count = 1;
    get_encode(&out, &get);
    assert_true(has_bytes(&out, SPAN_LITERAL("_isolationlevel_\x12\x01\x01")));
    assert_true(has_bytes(&out, SPAN_LITERAL("_raw_\x12\x01\xff")));
    assert_true(has_bytes(&out, SPAN_LITERAL("\x0a\x01k\x12\x01v")));
    read_request_init(&read);
    assert_ok(
        read_attribute_decode(SPAN_LITERAL("\x0a\x10_isolationlevel_\x12\x01\x01"), &read), &error);
    assert_true(read.is_uncommitted);
    read_request_init(&read);
    assert_ok(
        read_attribute_decode(span_make("\x0a\x10_isolationlevel_\x12\x01\0", 21), &read), &error);
    assert_false(read.is_uncommitted);
}

static void gets_pass_both_ways(void **state)
{
    (void)state;
    struct get_message get = {.region = a_region(), .row = SPAN_LITERAL("row")}, decoded;
    fill_read(&get.read);
    get.read.is_existence_only = true;
    get_request_encode(&out, &get);
    assert_ok(get_request_decode(buffer_span(&out), &arena, &decoded, &error), &error);
    assert_spans_equal(decoded.row, get.row);
    assert_spans_equal(decoded.region.value, get.region.value);
    assert_reads_equal(&decoded.read, &get.read);
    Hbase__Pb__GetRequest *theirs = UNPACK(get_request);
    assert_non_null(theirs);
    assert_int_equal(
        theirs->region->type, HBASE__PB__REGION_SPECIFIER__REGION_SPECIFIER_TYPE__REGION_NAME);
    assert_int_equal(theirs->get->max_versions, 7);
    assert_int_equal(theirs->get->n_column, 2);
    assert_int_equal(theirs->get->column[1]->n_qualifier, 2);
    assert_int_equal(theirs->get->n_cf_time_range, 1);
    assert_int_equal(theirs->get->n_attribute, 2);
    assert_true(theirs->get->has_cache_blocks && !theirs->get->cache_blocks);
}

static void a_default_get_is_small_and_has_defaults(void **state)
{
    (void)state;
    struct get_message get = {.region = a_region(), .row = SPAN_LITERAL("row")}, decoded;
    read_request_init(&get.read);
    get_request_encode(&out, &get);
    assert_true(out.size < 30);
    assert_ok(get_request_decode(buffer_span(&out), &arena, &decoded, &error), &error);
    assert_reads_equal(&decoded.read, &get.read);
}

/* Columns as clients may send them: out of order, one family twice, a range for a family that is
 * not selected. */
static void families_are_sorted_and_merged(void **state)
{
    (void)state;
    static const char get[] = "\x0a\x01r"
                              "\x12\x06\x0a\x01z\x12\x01"
                              "b"
                              "\x12\x06\x0a\x01z\x12\x01"
                              "a"
                              "\x12\x03\x0a\x01y"
                              "\x6a\x07\x0a\x01x\x12\x02\x08\x05";
    struct get_message decoded = {0};
    assert_ok(get_decode(span_make(get, sizeof(get) - 1), &arena, &decoded, &error), &error);
    assert_int_equal(decoded.read.family_count, 3);
    assert_true(decoded.read.families[0].is_time_range_only &&
                decoded.read.families[0].time_range.from == 5);
    assert_spans_equal(decoded.read.families[1].family, SPAN_LITERAL("y"));
    assert_int_equal(decoded.read.families[1].qualifier_count, 0);
    assert_int_equal(decoded.read.families[2].qualifier_count, 2);
    assert_spans_equal(decoded.read.families[2].qualifiers[0], SPAN_LITERAL("a"));
}

static void scans_pass_both_ways(void **state)
{
    (void)state;
    struct scan_message scan = {.region = a_region(),
        .has_scan = true,
        .max_result_size = 1000,
        .caching = 50,
        .has_number_of_rows = true,
        .number_of_rows = 9,
        .handles_partials = true,
        .handles_heartbeats = true,
        .has_limit_of_rows = true,
        .limit_of_rows = 4,
        .is_cursor_wanted = true};
    struct scan_message decoded;
    scan_request_init(&scan.scan);
    fill_read(&scan.scan.read);
    scan.scan.start_row = SPAN_LITERAL("a");
    scan.scan.stop_row = SPAN_LITERAL("z");
    scan.scan.is_start_inclusive = false;
    scan.scan.is_stop_inclusive = true;
    scan.scan.is_reversed = true;
    scan.scan.batch = 3;
    scan.scan.read_point = 99;
    scan_request_encode(&out, &scan);
    assert_ok(scan_request_decode(buffer_span(&out), &arena, &decoded, &error), &error);
    assert_reads_equal(&decoded.scan.read, &scan.scan.read);
    assert_spans_equal(decoded.scan.stop_row, SPAN_LITERAL("z"));
    assert_true(decoded.has_scan && !decoded.has_scanner_id && decoded.scan.is_reversed &&
                !decoded.scan.is_start_inclusive && decoded.scan.is_stop_inclusive &&
                decoded.scan.batch == 3 && decoded.scan.read_point == 99 &&
                decoded.max_result_size == 1000 && decoded.caching == 50 &&
                decoded.number_of_rows == 9 && decoded.limit_of_rows == 4 &&
                decoded.handles_partials && decoded.handles_heartbeats && !decoded.tracks_metrics &&
                decoded.is_cursor_wanted);
    Hbase__Pb__ScanRequest *theirs = UNPACK(scan_request);
    assert_non_null(theirs);
    assert_true(theirs->scan->reversed && theirs->scan->batch_size == 3 &&
                theirs->limit_of_rows == 4 && !theirs->scan->include_start_row &&
                theirs->scan->include_stop_row);
    buffer_reset(&out);
    scan = (struct scan_message){.has_scanner_id = true,
        .scanner_id = 1ull << 63,
        .has_next_call_seq = true,
        .next_call_seq = 2,
        .is_close = true,
        .is_renew = true};
    scan_request_encode(&out, &scan);
    assert_ok(scan_request_decode(buffer_span(&out), &arena, &decoded, &error), &error);
    assert_true(!decoded.has_scan && decoded.scanner_id == 1ull << 63 &&
                decoded.next_call_seq == 2 && decoded.is_close && decoded.is_renew &&
                !decoded.has_number_of_rows);
}

static void scan_responses_pass_both_ways(void **state)
{
    (void)state;
    uint32_t counts[] = {3, 0, 300};
    bool flags[] = {false, false, true};
    struct scan_metric metrics[] = {{SPAN_LITERAL("ROWS_SCANNED"), 12}};
    struct scan_response response = {.has_scanner_id = true,
        .scanner_id = 5,
        .has_more_results = true,
        .more_results = true,
        .has_more_results_in_region = true,
        .ttl_ms = 60000,
        .is_heartbeat = true,
        .read_point = 8,
        .cursor_row = SPAN_LITERAL("c"),
        .cells_per_result = counts,
        .partial_flags = flags,
        .result_count = 3,
        .metrics = metrics,
        .metric_count = 1};
    struct scan_response decoded;
    scan_response_encode(&out, &response);
    assert_ok(scan_response_decode(buffer_span(&out), &arena, &decoded, &error), &error);
    assert_int_equal(decoded.result_count, 3);
    assert_true(decoded.cells_per_result[2] == 300 && decoded.partial_flags[2] &&
                !decoded.partial_flags[0]);
    assert_true(decoded.more_results && !decoded.more_results_in_region &&
                decoded.has_more_results_in_region && decoded.is_heartbeat &&
                decoded.read_point == 8 && decoded.ttl_ms == 60000);
    assert_spans_equal(decoded.cursor_row, SPAN_LITERAL("c"));
    assert_true(decoded.metric_count == 1 && decoded.metrics[0].value == 12);
    Hbase__Pb__ScanResponse *theirs = UNPACK(scan_response);
    assert_non_null(theirs);
    assert_true(theirs->n_cells_per_result == 3 && theirs->n_partial_flag_per_result == 3 &&
                theirs->scanner_id == 5);
    /* packed, as another writer may have it */
    static const char packed[] = "\x0a\x03\x01\xac\x02\x3a\x02\x00\x01";
    assert_ok(scan_response_decode(span_make(packed, sizeof(packed) - 1), &arena, &decoded, &error),
        &error);
    assert_true(decoded.result_count == 2 && decoded.cells_per_result[1] == 300 &&
                decoded.partial_flags[1]);
}

static struct cell *three_cells(void)
{
    static struct cell list[3];
    list[0] = (struct cell){.row = SPAN_LITERAL("row"),
        .family = SPAN_LITERAL("a"),
        .qualifier = SPAN_LITERAL(""),
        .value = SPAN_LITERAL("1"),
        .timestamp = TIMESTAMP_LATEST,
        .type = CELL_PUT};
    list[1] = (struct cell){.row = SPAN_LITERAL("row"),
        .family = SPAN_LITERAL("f"),
        .qualifier = SPAN_LITERAL("q"),
        .value = SPAN_LITERAL("2"),
        .timestamp = 5,
        .type = CELL_PUT};
    list[2] = (struct cell){.row = SPAN_LITERAL("row"),
        .family = SPAN_LITERAL("f"),
        .qualifier = SPAN_LITERAL("r"),
        .timestamp = 6,
        .type = CELL_DELETE_COLUMN};
    return list;
}

static struct mutation a_mutation(enum mutation_kind kind)
{
    struct mutation mutation = {.kind = kind,
        .row = SPAN_LITERAL("row"),
        .cells = three_cells(),
        .cell_count = 3,
        .timestamp = TIMESTAMP_LATEST,
        .durability = DURABILITY_SKIP_WAL,
        .time_range = {1, 2},
        .has_ttl = true,
        .ttl_ms = kind == MUTATION_PUT ? 1000 : 0,
        .is_result_wanted = true,
        .nonce = 42};
    if (kind == MUTATION_DELETE) {
        mutation.cells[0].type = CELL_DELETE;
        mutation.cells[1].type = CELL_DELETE_FAMILY_VERSION;
    } else if (kind != MUTATION_PUT) {
        mutation.cell_count = 2;
        mutation.is_result_wanted = false;
    }
    return mutation;
}

static void assert_mutations_equal(const struct mutation *a, const struct mutation *b)
{
    assert_int_equal(a->kind, b->kind);
    assert_spans_equal(a->row, b->row);
    assert_int_equal(a->cell_count, b->cell_count);
    for (size_t i = 0; i < a->cell_count; i++) {
        assert_int_equal(cell_compare(ROW_ORDER_BYTES, &a->cells[i], &b->cells[i]), 0);
        assert_spans_equal(a->cells[i].value, b->cells[i].value);
    }
    assert_true(a->timestamp == b->timestamp && a->durability == b->durability);
    assert_true(a->has_ttl == b->has_ttl && a->ttl_ms == b->ttl_ms);
    assert_true(
        a->time_range.from == b->time_range.from && a->is_result_wanted == b->is_result_wanted);
    assert_true(a->nonce == b->nonce);
}

static void mutations_pass_inline_and_in_the_block(void **state)
{
    (void)state;
    for (enum mutation_kind kind = MUTATION_APPEND; kind <= MUTATION_DELETE; kind++) {
        for (int is_inline = 0; is_inline < 2; is_inline++) {
            struct mutation mutation = a_mutation(kind), decoded;
            buffer_reset(&out);
            buffer_reset(&cells);
            mutation_encode(&out, &mutation, is_inline);
            for (size_t i = 0; !is_inline && i < mutation.cell_count; i++)
                cell_block_put(&cells, &mutation.cells[i], CELL_CODEC_KEY_VALUE);
            struct span block = buffer_span(&cells);
            assert_ok(mutation_decode(buffer_span(&out), &block, &arena, &decoded, &error), &error);
            assert_int_equal(block.size, 0);
            assert_mutations_equal(&decoded, &mutation);
            assert_non_null(UNPACK(mutation_proto));
        }
    }
}

static void a_mutation_of_another_row_is_refused(void **state)
{
    (void)state;
    struct mutation mutation = a_mutation(MUTATION_PUT), decoded;
    mutation.row = SPAN_LITERAL("other");
    mutation_encode(&out, &mutation, false);
    for (size_t i = 0; i < 3; i++)
        cell_block_put(&cells, &mutation.cells[i], CELL_CODEC_KEY_VALUE);
    struct span block = buffer_span(&cells);
    assert_status(
        mutation_decode(buffer_span(&out), &block, &arena, &decoded, &error), STATUS_INVALID);
    block = SPAN_EMPTY; /* it tells of cells that are not there */
    assert_status(
        mutation_decode(buffer_span(&out), &block, &arena, &decoded, &error), STATUS_INVALID);
}

static void conditional_mutates_pass_both_ways(void **state)
{
    (void)state;
    struct comparator comparator = {.kind = COMPARATOR_BINARY, .value = SPAN_LITERAL("v")};
    struct mutate_message mutate = {.region = a_region(),
        .mutation = a_mutation(MUTATION_PUT),
        .has_condition = true,
        .condition = {.row = SPAN_LITERAL("row"),
            .family = SPAN_LITERAL("f"),
            .qualifier = SPAN_LITERAL("q"),
            .op = COMPARE_GREATER,
            .comparator = &comparator,
            .time_range = TIME_RANGE_ALL},
        .nonce_group = 7};
    struct mutate_message decoded;
    mutate_request_encode(&out, &mutate);
    assert_ok(
        mutate_request_decode(buffer_span(&out), SPAN_EMPTY, &arena, &decoded, &error), &error);
    assert_mutations_equal(&decoded.mutation, &mutate.mutation);
    assert_true(decoded.has_condition && decoded.condition.op == COMPARE_GREATER &&
                decoded.nonce_group == 7);
    assert_spans_equal(decoded.condition.comparator->value, SPAN_LITERAL("v"));
    Hbase__Pb__MutateRequest *theirs = UNPACK(mutate_request);
    assert_non_null(theirs);
    assert_int_equal(theirs->condition->compare_type, HBASE__PB__COMPARE_TYPE__GREATER);
    assert_string_equal(
        theirs->condition->comparator->name, "org.apache.hadoop.hbase.filter.BinaryComparator");
    assert_status(
        mutate_request_decode(buffer_span(&out), SPAN_LITERAL("x"), &arena, &decoded, &error),
        STATUS_INVALID);
}

static void batches_pass_both_ways(void **state)
{
    (void)state;
    struct mutation put = a_mutation(MUTATION_PUT);
    struct get_message get = {.row = SPAN_LITERAL("row")};
    struct multi_message decoded;
    read_request_init(&get.read);
    size_t mark = multi_region_begin(&out, a_region(), false);
    multi_put_mutation(&out, &cells, 4, &put, CELL_CODEC_KEY_VALUE);
    multi_put_get(&out, 2, &get);
    multi_region_end(&out, mark);
    mark = multi_region_begin(&out, a_region(), true);
    multi_put_mutation(&out, &cells, 0, &put, CELL_CODEC_KEY_VALUE);
    multi_put_condition(&out,
        &(struct condition){
            .row = SPAN_LITERAL("row"), .family = SPAN_LITERAL("f"), .time_range = TIME_RANGE_ALL});
    multi_region_end(&out, mark);
    multi_put_nonce_group(&out, 9);
    assert_ok(
        multi_request_decode(buffer_span(&out), buffer_span(&cells), &arena, &decoded, &error),
        &error);
    assert_true(decoded.region_count == 2 && decoded.action_count == 3 && decoded.nonce_group == 9);
    assert_int_equal(decoded.regions[0].actions[0].kind, ACTION_MUTATION);
    assert_int_equal(decoded.regions[0].actions[0].index, 4);
    assert_mutations_equal(&decoded.regions[0].actions[0].mutation, &put);
    assert_int_equal(decoded.regions[0].actions[1].kind, ACTION_GET);
    assert_true(decoded.regions[1].is_atomic && decoded.regions[1].has_condition);
    assert_mutations_equal(&decoded.regions[1].actions[0].mutation, &put);
    Hbase__Pb__MultiRequest *theirs = UNPACK(multi_request);
    assert_non_null(theirs);
    assert_int_equal(theirs->region_action[0]->action[0]->mutation->associated_cell_count, 3);
}

/* A stock client cuts nothing: a list of puts for one server is one batch. */
static void a_batch_of_many_is_taken_and_one_without_end_is_not(void **state)
{
    (void)state;
    struct multi_message decoded;
    for (size_t count = LIMIT_BATCH_ACTIONS; count <= LIMIT_BATCH_ACTIONS + 2; count += 2) {
        buffer_reset(&out);
        for (size_t half = 0; half < 2; half++) {
            size_t mark = multi_region_begin(&out, a_region(), false);
            for (size_t i = 0; i < count / 2; i++)
                buffer_put(&out, SPAN_LITERAL("\x1a\0")); /* an action of nothing */
            multi_region_end(&out, mark);
        }
        assert_status(multi_request_decode(buffer_span(&out), SPAN_EMPTY, &arena, &decoded, &error),
            count > LIMIT_BATCH_ACTIONS ? STATUS_LIMIT : STATUS_OK);
        assert_true(count > LIMIT_BATCH_ACTIONS || decoded.action_count == count);
        arena_reset(&arena);
    }
    assert_string_equal(error.message, "batch exceeds the limit of 200000 actions");
}

struct outcomes {
    struct action_outcome list[8];
    size_t count;
};

static enum status keep_outcome(
    void *context, const struct action_outcome *outcome, struct error *unused)
{
    struct outcomes *outcomes = context;
    (void)unused;
    outcomes->list[outcomes->count++] = *outcome;
    return STATUS_OK;
}

static void batch_responses_pass_both_ways(void **state)
{
    (void)state;
    struct result result = {.cells = three_cells(), .cell_count = 2}, none = {0};
    struct outcomes outcomes = {0};
    size_t mark = multi_response_region_begin(&out);
    multi_response_put_result(&out, 3, &result, false);
    multi_response_put_exception(&out, 1, SPAN_LITERAL("java.io.IOException"), SPAN_LITERAL("why"));
    multi_response_put_result(&out, 2, &none, false);
    multi_response_region_end(&out, mark);
    mark = multi_response_region_begin(&out);
    multi_response_put_region_exception(&out, SPAN_LITERAL("c"), SPAN_LITERAL("t"));
    multi_response_region_end(&out, mark);
    mark = multi_response_region_begin(&out);
    multi_response_put_result(&out, 0, &result, true);
    multi_response_put_region_processed(&out, true);
    multi_response_region_end(&out, mark);
    multi_response_put_processed(&out, true);
    for (size_t i = 0; i < 2; i++)
        cell_block_put(&cells, &result.cells[i], CELL_CODEC_KEY_VALUE);
    assert_ok(multi_response_decode(
                  buffer_span(&out), buffer_span(&cells), &arena, keep_outcome, &outcomes, &error),
        &error);
    assert_int_equal(outcomes.count, 5);
    assert_true(outcomes.list[0].index == 3 && outcomes.list[0].result.cell_count == 2);
    assert_spans_equal(outcomes.list[0].result.cells[1].value, SPAN_LITERAL("2"));
    assert_true(outcomes.list[1].has_exception && outcomes.list[1].index == 1);
    assert_spans_equal(outcomes.list[1].text, SPAN_LITERAL("why"));
    assert_true(outcomes.list[2].index == 2 && outcomes.list[2].result.cell_count == 0);
    assert_true(outcomes.list[3].index == UINT32_MAX && outcomes.list[3].region == 1);
    assert_true(outcomes.list[4].region == 2 && outcomes.list[4].is_processed &&
                outcomes.list[4].result.cell_count == 2);
    assert_non_null(UNPACK(multi_response));
}

static void results_pass_both_ways(void **state)
{
    (void)state;
    struct result result = {.cells = three_cells(),
        .cell_count = 3,
        .has_exists = true,
        .exists = true,
        .is_partial = true};
    struct result decoded;
    bool is_processed = false;
    mutate_response_encode(&out, &result, true, true, true);
    assert_ok(mutate_response_decode(
                  buffer_span(&out), SPAN_EMPTY, &arena, &decoded, &is_processed, &error),
        &error);
    assert_true(is_processed && decoded.cell_count == 3 && decoded.exists && decoded.is_partial);
    assert_int_equal(cell_compare(ROW_ORDER_BYTES, &decoded.cells[2], &result.cells[2]), 0);
    Hbase__Pb__MutateResponse *theirs = UNPACK(mutate_response);
    assert_non_null(theirs);
    assert_int_equal(theirs->result->cell[2]->cell_type, CELL_DELETE_COLUMN);
    buffer_reset(&out);
    get_response_encode(&out, &result, false);
    for (size_t i = 0; i < 3; i++)
        cell_block_put(&cells, &result.cells[i], CELL_CODEC_KEY_VALUE);
    assert_ok(get_response_decode(buffer_span(&out), buffer_span(&cells), &arena, &decoded, &error),
        &error);
    assert_int_equal(decoded.cell_count, 3);
    assert_status(get_response_decode(buffer_span(&out), SPAN_EMPTY, &arena, &decoded, &error),
        STATUS_INVALID);
}

static void schemas_pass_both_ways(void **state)
{
    (void)state;
    struct attribute attributes[] = {
        {SPAN_LITERAL("VERSIONS"), SPAN_LITERAL("3")}, {SPAN_LITERAL("odd"), SPAN_LITERAL("")}};
    struct family_schema family = {.name = SPAN_LITERAL("f"),
        .attributes = attributes,
        .attribute_count = 2,
        .configuration = attributes,
        .configuration_count = 1};
    struct table_schema schema = {.name = SPAN_LITERAL("ns:t"),
        .attributes = attributes,
        .attribute_count = 1,
        .configuration = attributes + 1,
        .configuration_count = 1,
        .families = &family,
        .family_count = 1};
    struct table_schema decoded;
    table_schema_message_encode(&out, &schema);
    assert_ok(table_schema_message_decode(buffer_span(&out), &arena, &decoded, &error), &error);
    assert_spans_equal(decoded.name, schema.name);
    assert_int_equal(decoded.family_count, 1);
    assert_int_equal(decoded.families[0].attribute_count, 2);
    assert_spans_equal(decoded.families[0].attributes[1].key, SPAN_LITERAL("odd"));
    assert_int_equal(decoded.families[0].configuration_count, 1);
    assert_int_equal(decoded.configuration_count, 1);
    Hbase__Pb__TableSchema *theirs = UNPACK(table_schema);
    assert_non_null(theirs);
    assert_int_equal(theirs->n_column_families, 1);
}

/* Every cut and every flipped byte of real messages: an answer or a refusal, never a crash (ASan
 * watches). */
static void damaged_messages_are_survived(void **state)
{
    (void)state;
    struct scan_message scan;
    struct multi_message multi;
    struct mutation put = a_mutation(MUTATION_PUT);
    size_t mark = multi_region_begin(&out, a_region(), true);
    multi_put_mutation(&out, &cells, 0, &put, CELL_CODEC_KEY_VALUE);
    multi_put_mutation(&out, &cells, 0, &put, CELL_CODEC_NONE);
    multi_region_end(&out, mark);
    for (size_t at = 0; at < out.size; at++) {
        struct buffer copy = {0};
        for (unsigned bit = 0; bit < 9; bit++) {
            buffer_reset(&copy);
            buffer_put(&copy, span_make(out.data, bit == 8 ? at : out.size));
            if (bit < 8)
                copy.data[at] ^= (uint8_t)(1u << bit);
            (void)multi_request_decode(
                buffer_span(&copy), buffer_span(&cells), &arena, &multi, &error);
            (void)scan_request_decode(buffer_span(&copy), &arena, &scan, &error);
            arena_reset(&arena);
        }
        buffer_deinit(&copy);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(attributes_are_hbases),
        TEST(gets_pass_both_ways),
        TEST(a_default_get_is_small_and_has_defaults),
        TEST(families_are_sorted_and_merged),
        TEST(scans_pass_both_ways),
        TEST(scan_responses_pass_both_ways),
        TEST(mutations_pass_inline_and_in_the_block),
        TEST(a_mutation_of_another_row_is_refused),
        TEST(conditional_mutates_pass_both_ways),
        TEST(batches_pass_both_ways),
        TEST(a_batch_of_many_is_taken_and_one_without_end_is_not),
        TEST(batch_responses_pass_both_ways),
        TEST(results_pass_both_ways),
        TEST(schemas_pass_both_ways),
        TEST(damaged_messages_are_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
