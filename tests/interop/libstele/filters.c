/* Filters, built and parsed, over the rows of scans.c. */
#include "tests/interop/libstele/expect.h"

static size_t scan_filtered(struct stele_filter *filter)
{
    struct stele_scan scan;
    char first[16], last[16];
    base_scan(&scan);
    scan.read.filter = filter;
    size_t count = scan_rows(&scan, first, last);
    return count;
}

static size_t scan_parsed(const char *text)
{
    struct stele_filter *filter = NULL;
    EXPECT_OK(stele_filter_parse(stele_text(text), &filter, &error));
    if (!filter)
        return SIZE_MAX;
    size_t count = scan_filtered(filter);
    stele_filter_free(filter);
    return count;
}

/* Takes the filter. */
static void expect_filtered(struct stele_filter *filter, size_t count)
{
    EXPECT(scan_filtered(filter) == count);
    stele_filter_free(filter);
}

/* The value is gone, or told by its size alone. */
static void test_key_only(void)
{
    for (int is_length_as_value = 0; is_length_as_value < 2; is_length_as_value++) {
        struct stele_filter *filter = stele_filter_key_only(is_length_as_value);
        struct stele_get get;
        struct stele_result result;
        stele_get_init(&get, STELE_TEXT("row0100"));
        get.read.filter = filter;
        EXPECT_OK(stele_get(table, &get, &result, &error));
        size_t size = is_length_as_value ? 4 : 0;
        EXPECT(result.cell_count >= 1 && result.cells[0].value.size == size);
        EXPECT(!is_length_as_value || memcmp(result.cells[0].value.data, "\0\0\0\5", 4) == 0);
        stele_result_free(&result);
        stele_filter_free(filter);
    }
}

void test_filters(void)
{
    struct stele_filter *filter;
    EXPECT(scan_parsed("PrefixFilter('row01')") == 100);
    EXPECT(scan_parsed("PrefixFilter('row01') AND RowFilter(=,'regexstring:7$')") == 10);
    EXPECT(scan_parsed("PrefixFilter('row01') OR PrefixFilter('row07')") == 200);
    EXPECT(scan_parsed("RowFilter(<=,'binary:row0009')") == 10);
    EXPECT(scan_parsed("ValueFilter(=,'substring:atc')") == 800);
    EXPECT(scan_parsed("ValueFilter(!=,'substring:atc')") == 0);
    EXPECT(scan_parsed("InclusiveStopFilter('row0009')") == 10);
    EXPECT(scan_parsed("KeyOnlyFilter() AND FirstKeyOnlyFilter()") == 800);
    EXPECT(scan_parsed("QualifierFilter(=,'binaryprefix:b')") == 800);
    EXPECT(scan_parsed("ColumnRangeFilter('a',true,'b',false)") == 0);
    EXPECT(scan_parsed("ColumnRangeFilter('a',true,'b',true)") == 800);
    EXPECT(scan_parsed("SKIP ValueFilter(=,'binary:batch')") == 800);
    EXPECT(scan_parsed("WHILE RowFilter(<,'binary:row0050')") == 50);
    EXPECT(scan_parsed("MultipleColumnPrefixFilter('x','b')") == 800);
    EXPECT(scan_parsed("ColumnPaginationFilter(1,0)") == 800);
    EXPECT(scan_parsed("SingleColumnValueFilter('f','b',=,'binary:batch',true,true)") == 800);
    EXPECT(scan_parsed("SingleColumnValueExcludeFilter('f','b',=,'binary:batch',true,true)") == 0);
    EXPECT(scan_parsed("ColumnValueFilter('f','b',=,'binary:batch')") == 800);
    EXPECT(scan_parsed("DependentColumnFilter('f','b')") == 800);
    EXPECT(scan_parsed("TimestampsFilter(1,2,3)") == 0);
    EXPECT(scan_parsed("FamilyFilter(=,'binary:a')") == 0);
    EXPECT(stele_filter_parse(STELE_TEXT("NoSuchFilter('a')"), &filter, &error) == STELE_INVALID);

    filter = stele_filter_page(5); /* of each region */
    EXPECT(scan_filtered(filter) == 15);
    stele_filter_free(filter);
    struct stele_filter *parts[] = {
        stele_filter_row(STELE_EQUAL, STELE_SUBSTRING, STELE_TEXT("99")),
        stele_filter_row(STELE_LESS, STELE_BINARY, STELE_TEXT("row0200"))};
    filter = stele_filter_all(parts, 2);
    stele_filter_free(parts[0]);
    stele_filter_free(parts[1]);
    EXPECT(scan_filtered(filter) == 2);
    stele_filter_free(filter);
    filter = stele_filter_column_value(STELE_TEXT("f"), STELE_TEXT("b"), STELE_EQUAL, STELE_REGEX,
        STELE_TEXT("^BATCH$"), true, true);
    EXPECT(scan_filtered(filter) == 0);
    stele_filter_free(filter);
    filter = stele_filter_value(STELE_EQUAL, STELE_REGEX_NO_CASE, STELE_TEXT("^BATCH$"));
    EXPECT(scan_filtered(filter) == 800);
    stele_filter_free(filter);
    filter = stele_filter_column_range(STELE_NO_BYTES, true, STELE_TEXT("a"), true);
    EXPECT(scan_filtered(filter) == 0);
    stele_filter_free(filter);
    expect_filtered(stele_filter_prefix(STELE_TEXT("row01")), 100);
    expect_filtered(stele_filter_column_prefix(STELE_TEXT("b")), 800);
    expect_filtered(stele_filter_column_prefix(STELE_TEXT("c")), 0);
    expect_filtered(stele_filter_family(STELE_EQUAL, STELE_BINARY, STELE_TEXT("a")), 0);
    expect_filtered(stele_filter_family(STELE_EQUAL, STELE_BINARY, STELE_TEXT("f")), 800);
    expect_filtered(stele_filter_qualifier(STELE_EQUAL, STELE_BINARY_PREFIX, STELE_TEXT("b")), 800);
    expect_filtered(stele_filter_qualifier(STELE_NOT_EQUAL, STELE_SUBSTRING, STELE_TEXT("b")), 0);
    expect_filtered(stele_filter_first_key_only(), 800);
    test_key_only();
    struct stele_filter *either[] = {stele_filter_prefix(STELE_TEXT("row01")),
        stele_filter_row(STELE_GREATER_OR_EQUAL, STELE_BINARY, STELE_TEXT("row0750"))};
    expect_filtered(stele_filter_one(either, 2), 150);
    stele_filter_free(either[0]);
    stele_filter_free(either[1]);
    int64_t timestamps[] = {3, 1};
    filter = stele_filter_timestamps(timestamps, 2);
    EXPECT(scan_filtered(filter) == 0);
    stele_filter_free(filter);
}
