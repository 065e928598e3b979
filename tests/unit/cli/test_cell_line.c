#include "tests/support/support.h"

#include "cli/cell_line.h"

static enum status parse(const char *text, struct stele_cell *cell, struct error *error)
{
    static uint8_t line[256];
    size_t size = strlen(text);
    memcpy(line, text, size);
    return cell_line_parse(line, size, cell, error);
}

static void assert_bytes(struct stele_bytes bytes, const char *expected, size_t size)
{
    assert_spans_equal(span_make(bytes.data, bytes.size), span_make(expected, size));
}

static void a_line_is_a_cell(void **state)
{
    (void)state;
    struct stele_cell cell;
    struct error error;
    assert_ok(parse("row\tf:q\tvalue", &cell, &error), &error);
    assert_bytes(cell.row, "row", 3);
    assert_bytes(cell.family, "f", 1);
    assert_bytes(cell.qualifier, "q", 1);
    assert_bytes(cell.value, "value", 5);
    assert_true(cell.timestamp == STELE_LATEST && cell.type == STELE_CELL_PUT);
    assert_ok(parse("r\tf:\t12\t", &cell, &error), &error);
    assert_int_equal(cell.timestamp, 12);
    assert_int_equal(cell.value.size, 0);
    assert_int_equal(cell.qualifier.size, 0);
    assert_ok(parse("\\x00\\x09r\\x5C\tf:a:b\\x0A\t\\xFF", &cell, &error), &error);
    assert_bytes(cell.row, "\0\tr\\", 4);
    assert_bytes(cell.qualifier, "a:b\n", 4);
    assert_bytes(cell.value, "\xff", 1);
}

static void bad_lines_say_what_is_wrong(void **state)
{
    (void)state;
    static const char *const lines[] = {"", "row", "row\tf:q", "\tf:q\tv", "r\tfq\tv", "r\t:q\tv",
        "r\tf:q\tx\tv", "r\tf:q\t1\tv\tw", "r\tf:q\t\\", "r\tf:q\t\\n", "r\tf:q\t\\x0",
        "r\tf:q\t\\xgg", "r\tf:q\t99999999999999999999\tv"};
    struct stele_cell cell;
    struct error error;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        error_clear(&error);
        assert_status(parse(lines[i], &cell, &error), STATUS_INVALID);
        assert_true(error.message[0] != '\0');
    }
}

/* Any bytes come back as they were. */
static void every_byte_survives(uint64_t seed, void *context)
{
    struct dice dice = {seed};
    uint8_t bytes[40];
    struct buffer out = {0};
    struct error error;
    struct stele_cell cell;
    (void)context;
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)dice_below(&dice, 256);
    struct stele_cell written = {.row = stele_bytes(bytes, 10),
        .family = STELE_TEXT("f"),
        .qualifier = stele_bytes(bytes + 10, 10),
        .value = stele_bytes(bytes + 20, 20),
        .timestamp = (int64_t)seed & INT64_MAX};
    cell_line_put(&out, &written);
    assert_int_equal(out.data[out.size - 1], '\n');
    assert_ok(cell_line_parse(out.data, out.size - 1, &cell, &error), &error);
    assert_bytes(cell.row, (char *)bytes, 10);
    assert_bytes(cell.qualifier, (char *)bytes + 10, 10);
    assert_bytes(cell.value, (char *)bytes + 20, 20);
    assert_true(cell.timestamp == written.timestamp);
    buffer_deinit(&out);
}

static void lines_read_back_as_written(void **state)
{
    (void)state;
    for_each_seed(200, every_byte_survives, NULL);
}

/* Columns, and the line of theirs that was taken last. */
struct fields {
    struct tsv_columns columns;
    struct stele_cell cells[TSV_COLUMNS];
    size_t count;
    struct tsv_beside beside;
    struct error error;
};

static void columns_are(struct fields *fields, const char *columns)
{
    assert_ok(
        tsv_columns_parse(span_string(columns), &fields->columns, &fields->error), &fields->error);
}

static enum status take(struct fields *fields, const char *line)
{
    return tsv_line_parse(&fields->columns, '|', span_string(line), fields->cells, &fields->count,
        &fields->beside, &fields->error);
}

static void assert_bad(struct fields *fields, const char *const *lines, size_t count)
{
    for (size_t i = 0; i < count; i++)
        assert_status(take(fields, lines[i]), STATUS_INVALID);
}

static void separated_fields_follow_their_columns(void **state)
{
    (void)state;
    static struct fields fields;
    const struct stele_cell *cells = fields.cells;
    columns_are(&fields, "f:a,HBASE_ROW_KEY,g,HBASE_TS_KEY,f:b:c");
    assert_int_equal(fields.columns.count, 5);
    assert_ok(take(&fields, "1|row|2|77|"), &fields.error);
    assert_int_equal(fields.count, 3);
    assert_bytes(cells[0].row, "row", 3);
    assert_bytes(cells[0].value, "1", 1);
    assert_bytes(cells[1].family, "g", 1);
    assert_bytes(cells[2].qualifier, "b:c", 3);
    assert_true(cells[2].value.size == 0 && cells[2].timestamp == 77);
    assert_ok(take(&fields, "1|row|2|77"), &fields.error); /* the last column is missing */
    assert_int_equal(fields.count, 2);
    static const char *const bad[] = {"1|row|2" /* the timestamp is missing */, "1",
        "1|row|2|77|3|4", "1||2|77|3", "1|row|2|x|3"};
    assert_bad(&fields, bad, sizeof bad / sizeof *bad);
    columns_are(&fields, "HBASE_ROW_KEY,f:q");
    assert_status(take(&fields, "row"), STATUS_INVALID); /* nothing but the row */
}

static void columns_need_a_row_key_and_a_cell(void **state)
{
    (void)state;
    static struct fields fields;
    static const char *const wrong[] = {"", "f:q", "HBASE_ROW_KEY",
        "HBASE_ROW_KEY,HBASE_ROW_KEY,f:q", "HBASE_ROW_KEY,:q",
        "HBASE_ROW_KEY,HBASE_CELL_VISIBILITY", "HBASE_ROW_KEY,f:q,HBASE_TS_KEY,HBASE_TS_KEY",
        "HBASE_ROW_KEY,f:q,HBASE_CELL_TTL,HBASE_CELL_TTL", "HBASE_ROW_KEY,f:q,HBASE_OTHER",
        "HBASE_ROW_KEY,HBASE_CELL_TTL", "HBASE_ROW_KEY,HBASE_TS_KEY,HBASE_ATTRIBUTES_KEY"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_status(tsv_columns_parse(span_string(wrong[i]), &fields.columns, &fields.error),
            STATUS_INVALID);
}

static void a_line_has_a_time_to_live_and_attributes(void **state)
{
    (void)state;
    static struct fields fields;
    const struct tsv_beside *beside = &fields.beside;
    columns_are(&fields, "HBASE_ROW_KEY,f:q,HBASE_ATTRIBUTES_KEY,HBASE_CELL_TTL");
    assert_ok(take(&fields, "r|v|a=>1,b==>2=>3,c=>|60000"), &fields.error);
    assert_int_equal(fields.count, 1);
    assert_true(beside->ttl_ms == 60000);
    assert_int_equal(beside->attribute_count, 3);
    assert_bytes(beside->attributes[0].key, "a", 1);
    assert_bytes(beside->attributes[0].value, "1", 1);
    assert_bytes(beside->attributes[1].key, "b=", 2);
    assert_bytes(beside->attributes[1].value, "2=>3", 4);
    assert_true(beside->attributes[2].value.size == 0);
    static const char *const without[] = {"r|v||0", "r|v||-1"};
    for (size_t i = 0; i < 2; i++) {
        assert_ok(take(&fields, without[i]), &fields.error);
        assert_true(beside->ttl_ms == 0 && beside->attribute_count == 0);
    }
    static const char *const bad[] = {"r|v||", "r|v||-", "r|v||1x", "r|v|", "r|v|a|5", "r|v|=>b|5",
        "r|v|a=b|5", "r|v|a=>b,,c=>d|5", "r|v"};
    assert_bad(&fields, bad, sizeof bad / sizeof *bad);
    char many[200] = "r|v|";
    for (size_t i = 0; i <= TSV_ATTRIBUTES; i++)
        strcat(many, "k=>v,");
    strcat(many, "|5");
    assert_status(take(&fields, many), STATUS_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_is_a_cell),
        cmocka_unit_test(bad_lines_say_what_is_wrong),
        cmocka_unit_test(lines_read_back_as_written),
        cmocka_unit_test(separated_fields_follow_their_columns),
        cmocka_unit_test(columns_need_a_row_key_and_a_cell),
        cmocka_unit_test(a_line_has_a_time_to_live_and_attributes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
