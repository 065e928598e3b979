/* What get, scan and count ask for, from the hash that the Ruby commands make; and how they print a cell. */
#include "tests/support/support.h"

#include <mruby/compile.h>
#include <mruby/error.h>
#include <mruby/hash.h>
#include <mruby/string.h>
#include <stdlib.h>
#include <time.h>

#include "shell/native.h"
#include "shell/read_spec.h"

#define DAY_MS 86400000

static mrb_state *mrb;
static struct read_spec spec;
static struct buffer text;

static int set_up(void **state)
{
    (void)state;
    setenv("TZ", "UTC", 1);
    tzset();
    mrb = mrb_open();
    assert_non_null(mrb);
    struct RClass *shell = mrb_define_module(mrb, "Shell");
    native_define(mrb, shell);
    /* as ruby/command.rb has it */
    mrb_load_string(mrb, "module Shell; module Native; class Error < StandardError\n"
                         "def initialize(name, message); super(name + ': ' + message); end\n"
                         "end; end; end");
    assert_null(mrb->exc);
    spec = (struct read_spec){0};
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    read_spec_deinit(&spec);
    buffer_deinit(&text);
    mrb_close(mrb);
    return 0;
}

static mrb_value hash_of(const char *ruby)
{
    mrb_value hash = mrb_load_string(mrb, ruby);
    assert_null(mrb->exc);
    assert_true(mrb_hash_p(hash));
    mrb_gc_register(mrb, hash); /* what is taken borrows its strings */
    return hash;
}

static void take(const char *ruby)
{
    read_spec_take(mrb, hash_of(ruby), &spec);
}

static mrb_value take_protected(mrb_state *state, void *hash)
{
    read_spec_take(state, *(mrb_value *)hash, &spec);
    return mrb_nil_value();
}

/* It raises, and says so in these words. */
static void assert_refused(const char *ruby, const char *what)
{
    mrb_bool is_raised = false;
    mrb_value hash = hash_of(ruby);
    mrb_value raised = mrb_protect_error(mrb, take_protected, &hash, &is_raised);
    assert_true(is_raised);
    assert_string_equal(mrb_str_to_cstr(mrb, mrb_inspect(mrb, raised)), what);
}

static void assert_bytes(struct stele_bytes bytes, const char *expected)
{
    assert_spans_equal(span_make(bytes.data, bytes.size), span_string(expected));
}

static void nothing_asked_for_is_the_newest_version_of_all(void **state)
{
    (void)state;
    struct stele_read wanted = {0};
    take("{}");
    read_spec_apply(&spec, &wanted);
    assert_int_equal(wanted.column_count, 0);
    assert_int_equal(wanted.max_versions, 1);
    assert_int_equal(wanted.time_range.from, 0);
    assert_int_equal(wanted.time_range.to, INT64_MAX);
    assert_null(wanted.filter);
    assert_true(wanted.is_cached);
    assert_false(wanted.is_timeline);
    assert_int_equal(wanted.attribute_count, 0);
    assert_int_equal(spec.max_length, -1);
}

static void all_that_can_be_asked_for_is_taken(void **state)
{
    (void)state;
    struct stele_read wanted = {0};
    take("{columns: [['f', 'q', nil], ['g', nil, nil], ['h', '', nil]], versions: 7, "
         "time_range: [3, 9], filter: \"PrefixFilter('r')\", cache_blocks: false, timeline: true, "
         "attributes: [['a', '1'], ['b', '']], max_length: 20}");
    read_spec_apply(&spec, &wanted);
    assert_int_equal(wanted.column_count, 3);
    assert_bytes(wanted.columns[0].family, "f");
    assert_bytes(wanted.columns[0].qualifier, "q");
    assert_false(wanted.columns[0].is_whole_family);
    assert_bytes(wanted.columns[1].family, "g");
    assert_true(wanted.columns[1].is_whole_family && wanted.columns[2].is_whole_family);
    assert_int_equal(wanted.max_versions, 7);
    assert_int_equal(wanted.time_range.from, 3);
    assert_int_equal(wanted.time_range.to, 9);
    assert_non_null(wanted.filter);
    assert_false(wanted.is_cached);
    assert_true(wanted.is_timeline);
    assert_int_equal(wanted.attribute_count, 2);
    assert_bytes(wanted.attributes[0].key, "a");
    assert_bytes(wanted.attributes[1].value, "");
    assert_int_equal(spec.max_length, 20);
}

static void more_versions_than_hbase_counts_are_all(void **state)
{
    (void)state;
    take("{versions: 99999999999}");
    assert_int_equal(spec.max_versions, INT32_MAX);
}

static void what_makes_no_sense_is_refused(void **state)
{
    (void)state;
    assert_refused("{versions: 0}", "versions should be at least 1, not 0 (ArgumentError)");
    assert_refused("{max_length: -2}", "max_length should be at least -1, not -2 (ArgumentError)");
    assert_refused("{time_range: [9, 3]}",
        "Timestamp range should not be negative or reversed: [9, 3] (ArgumentError)");
    assert_refused("{time_range: [-1, 3]}",
        "Timestamp range should not be negative or reversed: [-1, 3] (ArgumentError)");
    /* what was taken before the filter is given back: the leak checker looks */
    assert_refused(
        "{columns: [['f', 'q', 'toInt']], attributes: [['a', '1']], filter: 'Nonsense('}",
        ": Incorrect Filter String (Shell::Native::Error)");
}

static void a_number_is_its_own_or_the_default(void **state)
{
    (void)state;
    mrb_value hash = hash_of("{limit: 5}");
    assert_int_equal(read_spec_number(mrb, hash, "limit", 1, 5), 5);
    assert_int_equal(read_spec_number(mrb, hash, "cache", 1, 0), 1);
    assert_int_equal(read_spec_number(mrb, hash, "cache", -1, 0), -1); /* not looked at */
}

static void assert_printed(const struct stele_cell *cell, const char *expected)
{
    buffer_reset(&text);
    read_spec_print_cell(&spec, cell, &text);
    assert_spans_equal(buffer_span(&text), span_string(expected));
}

static void a_cell_is_printed_by_its_columns_converter(void **state)
{
    (void)state;
    struct stele_cell cell = {.row = STELE_TEXT("r"),
        .family = STELE_TEXT("f"),
        .qualifier = STELE_TEXT("n"),
        .timestamp = DAY_MS,
        .type = STELE_CELL_PUT,
        .value = stele_bytes("\0\0\1\0", 4)};
    take("{columns: [['f', 'n', 'toInt'], ['f', nil, nil]], formatter: 'toString'}");
    assert_printed(&cell, "timestamp=1970-01-02T00:00, value=256");
    cell.qualifier = STELE_TEXT("other"); /* the formatter is for all others */
    cell.value = STELE_TEXT("a\xc3\xa4");
    assert_printed(&cell, "timestamp=1970-01-02T00:00, value=a\xc3\xa4");
    read_spec_deinit(&spec);
    take("{}");
    assert_printed(&cell, "timestamp=1970-01-02T00:00, value=a\\xC3\\xA4");
}

static void a_marker_is_printed_by_its_type(void **state)
{
    (void)state;
    struct stele_cell cell = {.family = STELE_TEXT("f"),
        .qualifier = STELE_TEXT("q"),
        .timestamp = DAY_MS,
        .type = STELE_CELL_DELETE_COLUMN};
    take("{}");
    assert_printed(&cell, "timestamp=1970-01-02T00:00, type=DeleteColumn");
}

static void a_cell_is_cut_to_the_length_wanted(void **state)
{
    (void)state;
    struct stele_cell cell = {
        .timestamp = DAY_MS, .type = STELE_CELL_PUT, .value = STELE_TEXT("value")};
    take("{max_length: 13}");
    assert_printed(&cell, "timestamp=197");
    buffer_reset(&text);
    buffer_put(&text, SPAN_LITERAL("before "));
    read_spec_print_cell(&spec, &cell, &text); /* of the cell, not of the line */
    assert_spans_equal(buffer_span(&text), SPAN_LITERAL("before timestamp=197"));
    buffer_reset(&text);
    buffer_put(&text, SPAN_LITERAL("before "));
    spec.max_length = 45; /* the cell is shorter, the line is not */
    read_spec_print_cell(&spec, &cell, &text);
    assert_spans_equal(
        buffer_span(&text), SPAN_LITERAL("before timestamp=1970-01-02T00:00, value=value"));
    spec.max_length = 0;
    assert_printed(&cell, "");
}

static void numbers_of_meta_are_printed_in_words_there_alone(void **state)
{
    (void)state;
    struct stele_cell cell = {.family = STELE_TEXT("info"),
        .qualifier = STELE_TEXT("serverstartcode"),
        .timestamp = DAY_MS,
        .type = STELE_CELL_PUT,
        .value = stele_bytes("\0\0\0\0\0\0\1\0", 8)};
    take("{meta: true}");
    assert_printed(&cell, "timestamp=1970-01-02T00:00, value=256");
    cell.qualifier = STELE_TEXT("regioninfo"); /* of bytes that are no region: as they are */
    assert_printed(
        &cell, "timestamp=1970-01-02T00:00, value=\\x00\\x00\\x00\\x00\\x00\\x00\\x01\\x00");
    read_spec_deinit(&spec);
    take("{}");
    cell.qualifier = STELE_TEXT("serverstartcode");
    assert_printed(
        &cell, "timestamp=1970-01-02T00:00, value=\\x00\\x00\\x00\\x00\\x00\\x00\\x01\\x00");
}

static void a_column_is_printed_with_its_bytes_escaped(void **state)
{
    (void)state;
    struct stele_cell cell = {.family = STELE_TEXT("f"), .qualifier = stele_bytes("a\0:", 3)};
    read_spec_print_column(&cell, &text);
    assert_spans_equal(buffer_span(&text), SPAN_LITERAL("f:a\\x00:"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {TEST(nothing_asked_for_is_the_newest_version_of_all),
        TEST(all_that_can_be_asked_for_is_taken), TEST(more_versions_than_hbase_counts_are_all),
        TEST(what_makes_no_sense_is_refused), TEST(a_number_is_its_own_or_the_default),
        TEST(a_cell_is_printed_by_its_columns_converter), TEST(a_marker_is_printed_by_its_type),
        TEST(a_cell_is_cut_to_the_length_wanted),
        TEST(numbers_of_meta_are_printed_in_words_there_alone),
        TEST(a_column_is_printed_with_its_bytes_escaped)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
