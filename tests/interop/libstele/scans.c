/* Scans, over rows row0000 to row0799 in three regions. */
#include "tests/interop/libstele/expect.h"

size_t scan_rows(const struct stele_scan *scan, char first[16], char last[16])
{
    struct stele_scanner *scanner = stele_scanner_open(table, scan);
    const struct stele_result *result;
    enum stele_status status;
    size_t count = 0;
    first[0] = last[0] = '\0';
    while ((status = stele_scanner_next(scanner, &result, &error)) == STELE_OK) {
        snprintf(last, 16, "%.*s", (int)result->cells[0].row.size,
            (const char *)result->cells[0].row.data);
        if (count++ == 0)
            memcpy(first, last, 16);
    }
    EXPECT(status == STELE_END);
    if (status != STELE_END)
        printf("%s %s\n", error.exception_class, error.message);
    EXPECT(stele_scanner_next(scanner, &result, &error) == STELE_END);
    stele_scanner_close(scanner);
    return count;
}

void base_scan(struct stele_scan *scan)
{
    stele_scan_init(scan);
    scan->start_row = STELE_TEXT("row");
    scan->stop_row = STELE_TEXT("rox");
}

void test_scans(void)
{
    struct stele_scan scan;
    char first[16], last[16];
    base_scan(&scan);
    EXPECT(scan_rows(&scan, first, last) == 800);
    EXPECT(strcmp(first, "row0000") == 0 && strcmp(last, "row0799") == 0);
    scan.prefetches = false;
    scan.caching = 7;
    EXPECT(scan_rows(&scan, first, last) == 800);
    base_scan(&scan);
    scan.is_reversed = true;
    scan.start_row = STELE_TEXT("rox");
    scan.stop_row = STELE_TEXT("row");
    EXPECT(scan_rows(&scan, first, last) == 800);
    EXPECT(strcmp(first, "row0799") == 0 && strcmp(last, "row0000") == 0);
    scan.start_row = STELE_TEXT("row0500");
    scan.stop_row = STELE_TEXT("row0200");
    EXPECT(scan_rows(&scan, first, last) == 300);
    EXPECT(strcmp(first, "row0500") == 0 && strcmp(last, "row0201") == 0);
    scan.is_start_inclusive = false;
    scan.is_stop_inclusive = true;
    scan.limit = 300;
    EXPECT(scan_rows(&scan, first, last) == 300);
    EXPECT(strcmp(first, "row0499") == 0 && strcmp(last, "row0200") == 0);
    base_scan(&scan);
    scan.start_row = STELE_TEXT("row0199");
    scan.is_start_inclusive = false;
    scan.stop_row = STELE_TEXT("row0500");
    EXPECT(scan_rows(&scan, first, last) == 300);
    EXPECT(strcmp(first, "row0200") == 0);
    scan.is_stop_inclusive = true;
    EXPECT(scan_rows(&scan, first, last) == 301);
    base_scan(&scan);
    for (uint64_t limit = 1; limit < 800; limit = limit * 3 + 1) {
        scan.limit = limit;
        EXPECT(scan_rows(&scan, first, last) == limit);
    }
    base_scan(&scan);
    scan.max_result_size = 500;
    scan.tracks_metrics = true;
    struct stele_scanner *scanner = stele_scanner_open(table, &scan);
    const struct stele_result *results;
    const struct stele_metric *metrics;
    size_t count, total = 0, metric_count;
    int64_t regions = 0, rows = 0, calls = 0;
    while (stele_scanner_next_rows(scanner, &results, &count, &error) == STELE_OK) {
        total += count;
        if (total < 100)
            EXPECT_OK(stele_scanner_renew(scanner, &error));
    }
    EXPECT(total == 800);
    stele_scanner_metrics(scanner, &metrics, &metric_count);
    for (size_t i = 0; i < metric_count; i++) {
        if (strcmp(metrics[i].name, "REGIONS_SCANNED") == 0)
            regions = metrics[i].value;
        if (strcmp(metrics[i].name, "ROWS_SCANNED") == 0)
            rows = metrics[i].value;
        if (strcmp(metrics[i].name, "RPC_CALLS") == 0)
            calls = metrics[i].value;
    }
    EXPECT(regions == 3 && rows >= 800 && calls > 50);
    stele_scanner_close(scanner);
    base_scan(&scan); /* closed in the middle, with a call under way */
    scan.caching = 10;
    scanner = stele_scanner_open(table, &scan);
    EXPECT_OK(stele_scanner_next_rows(scanner, &results, &count, &error));
    stele_scanner_close(scanner);
    struct stele_column column = {STELE_TEXT("none"), STELE_TEXT("q"), false};
    scan.read.columns = &column;
    scan.read.column_count = 1;
    scanner = stele_scanner_open(table, &scan);
    EXPECT(stele_scanner_next_rows(scanner, &results, &count, &error) == STELE_NO_FAMILY);
    stele_scanner_close(scanner);
}

/* A row larger than an answer, read whole, in parts and in batches; and raw. */
void test_wide_rows(void)
{
    static struct stele_cell cells[1000];
    static char qualifiers[1000][8];
    static char value[300];
    struct stele_mutation put;
    memset(value, 'v', sizeof(value));
    for (int i = 0; i < 1000; i++) {
        snprintf(qualifiers[i], sizeof(qualifiers[i]), "%05d", i);
        cells[i] = (struct stele_cell){.family = STELE_TEXT("f"),
            .qualifier = stele_text(qualifiers[i]),
            .value = stele_bytes(value, sizeof(value)),
            .timestamp = 10,
            .type = STELE_CELL_PUT};
    }
    for (int i = 0; i < 3; i++) {
        char name[16];
        snprintf(name, sizeof(name), "wide%d", i);
        stele_mutation_init(&put, STELE_PUT, stele_text(name));
        put.cells = cells;
        put.cell_count = 1000;
        EXPECT_OK(stele_mutate(table, &put, NULL, &error));
    }
    struct stele_scan scan;
    stele_scan_init(&scan);
    scan.start_row = STELE_TEXT("wide");
    scan.stop_row = STELE_TEXT("wide9");
    scan.max_result_size = 20000;
    for (int mode = 0; mode < 3; mode++) {
        scan.allows_partial = mode == 1;
        scan.batch = mode == 2 ? 100 : 0;
        struct stele_scanner *scanner = stele_scanner_open(table, &scan);
        const struct stele_result *result;
        size_t results = 0, total = 0, whole = 0, in_order = 1;
        char last[8] = "";
        while (stele_scanner_next(scanner, &result, &error) == STELE_OK) {
            results++;
            total += result->cell_count;
            whole += !result->is_partial;
            for (size_t i = 0; i < result->cell_count; i++) {
                char qualifier[8];
                snprintf(qualifier, sizeof(qualifier), "%.*s", (int)result->cells[i].qualifier.size,
                    (const char *)result->cells[i].qualifier.data);
                in_order &= strcmp(qualifier, last) > 0 || strcmp(qualifier, "00000") == 0;
                memcpy(last, qualifier, sizeof(last));
            }
        }
        EXPECT(total == 3000 && in_order);
        EXPECT(mode == 0 ? results == 3 && whole == 3 : results > 3);
        stele_scanner_close(scanner);
    }
    scan.limit = 2;
    scan.batch = 0;
    char first[16], last[16];
    EXPECT(scan_rows(&scan, first, last) == 2);
    EXPECT(strcmp(last, "wide1") == 0);
    EXPECT_OK(
        stele_delete_column(table, STELE_TEXT("wide0"), STELE_NO_BYTES, STELE_NO_BYTES, &error));
    stele_scan_init(&scan);
    scan.start_row = STELE_TEXT("wide");
    scan.stop_row = STELE_TEXT("wide1");
    EXPECT(scan_rows(&scan, first, last) == 0);
    scan.read.is_raw = true;
    scan.read.max_versions = 10;
    struct stele_scanner *scanner = stele_scanner_open(table, &scan);
    const struct stele_result *result;
    size_t markers = 0;
    while (stele_scanner_next(scanner, &result, &error) == STELE_OK)
        for (size_t i = 0; i < result->cell_count; i++)
            markers += result->cells[i].type == STELE_CELL_DELETE_FAMILY;
    EXPECT(markers == 2);
    stele_scanner_close(scanner);
}
