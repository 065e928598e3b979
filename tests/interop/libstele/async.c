/* Asynchronous calls, on a loop of the caller's. */
#include <event2/event.h>

#include "tests/interop/libstele/expect.h"

struct counts {
    size_t done;
    size_t wrong;
};

static void on_result(void *context, const struct stele_error *outcome,
    const struct stele_result *result, bool is_processed)
{
    struct counts *counts = context;
    (void)result;
    counts->done++;
    counts->wrong += outcome->status != STELE_OK || !is_processed;
}

static void on_batch(
    void *context, const struct stele_error *outcome, const struct stele_batch *batch)
{
    struct counts *counts = context;
    counts->done++;
    counts->wrong += outcome->status != STELE_OK || batch->failed_count;
}

static void on_done(void *context, const struct stele_error *outcome)
{
    struct counts *counts = context;
    counts->done++;
    counts->wrong += outcome->status != STELE_OK;
}

struct async_scan {
    struct stele_scanner *scanner;
    size_t rows;
    bool is_done;
};

static void on_rows(void *context, const struct stele_error *outcome,
    const struct stele_result *results, size_t count)
{
    struct async_scan *scan = context;
    (void)results;
    if (outcome->status) {
        scan->is_done = true;
        EXPECT(outcome->status == STELE_END);
        return;
    }
    scan->rows += count;
    stele_scanner_next_async(scan->scanner, on_rows, scan);
}

static void wait_for_all(struct event_base *base, const struct stele_client *on_loop)
{
    while (stele_client_in_flight(on_loop))
        event_base_loop(base, EVLOOP_ONCE);
}

static void test_async_operations(struct event_base *base, struct stele_client *on_loop)
{
    struct counts counts = {0};
    struct stele_schema schema = {
        .name = STELE_TEXT("libstele_async"), .families = two_families, .family_count = 2};
    void (*const steps[])(struct stele_client *, struct stele_bytes, stele_done_function *,
        void *) = {stele_disable_table_async, stele_enable_table_async, stele_disable_table_async,
        stele_delete_table_async};
    drop("libstele_async");
    stele_create_table_async(on_loop, &schema, NULL, 0, on_done, &counts);
    EXPECT(counts.done == 0);
    wait_for_all(base, on_loop);
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        steps[i](on_loop, schema.name, on_done, &counts);
        wait_for_all(base, on_loop);
    }
    EXPECT(counts.done == 5 && counts.wrong == 0);
    stele_delete_table_async(on_loop, schema.name, on_done, &counts);
    stele_delete_table_async(on_loop, STELE_TEXT("bad name"), on_done, &counts);
    wait_for_all(base, on_loop);
    EXPECT(counts.done == 7 && counts.wrong == 2);
}

/* ---- what there is ---- */

static void count_answer(struct counts *counts, const struct stele_error *outcome, bool is_right)
{
    counts->done++;
    if (outcome->status || !is_right) {
        counts->wrong++;
        printf("answer %zu is wrong: %s\n", counts->done, outcome->message);
    }
}

static void on_number(void *context, const struct stele_error *outcome, int64_t number)
{
    count_answer(context, outcome, number >= 0);
}

static void on_names(
    void *context, const struct stele_error *outcome, const struct stele_name_list *list)
{
    count_answer(context, outcome, list && list->count >= 1);
}

static void on_schemas(
    void *context, const struct stele_error *outcome, const struct stele_schema_list *list)
{
    count_answer(context, outcome, list && list->count >= 1 && list->schemas[0].family_count);
}

static void on_namespaces(
    void *context, const struct stele_error *outcome, const struct stele_namespace_list *list)
{
    count_answer(context, outcome, list && list->count >= 1 && list->namespaces[0].name.size);
}

static void on_regions(
    void *context, const struct stele_error *outcome, const struct stele_region_list *list)
{
    count_answer(context, outcome, list && list->count >= 1 && list->regions[0].name.size);
}

static void on_cluster(
    void *context, const struct stele_error *outcome, const struct stele_cluster *cluster)
{
    count_answer(context, outcome, cluster && cluster->server_count >= 1);
}

static void on_alter(
    void *context, const struct stele_error *outcome, uint32_t left, uint32_t total)
{
    count_answer(context, outcome, left == 0 && total == 3);
}

static void on_missing_number(void *context, const struct stele_error *outcome, int64_t number)
{
    struct counts *counts = context;
    counts->done++;
    counts->wrong += outcome->status != STELE_NOT_FOUND || number != 0;
}

static void on_missing_schemas(
    void *context, const struct stele_error *outcome, const struct stele_schema_list *list)
{
    struct counts *counts = context;
    counts->done++;
    counts->wrong += outcome->status != STELE_NOT_FOUND || list;
}

static void on_missing_regions(
    void *context, const struct stele_error *outcome, const struct stele_region_list *list)
{
    struct counts *counts = context;
    counts->done++;
    counts->wrong += outcome->status != STELE_NOT_FOUND || list;
}

/* Every call that only reads, all in flight at once. */
static void test_async_reads(struct event_base *base, struct stele_client *on_loop)
{
    struct stele_bytes name = STELE_TEXT("libstele_rows"), missing = STELE_TEXT("libstele_none");
    struct counts right = {0}, wrong = {0};
    stele_describe_table_async(on_loop, name, on_schemas, &right);
    stele_describe_tables_async(on_loop, "libstele_.*", false, on_schemas, &right);
    stele_list_tables_async(on_loop, "libstele_.*", false, on_names, &right);
    stele_table_exists_async(on_loop, name, on_number, &right);
    stele_get_table_state_async(on_loop, name, on_number, &right);
    stele_alter_status_async(on_loop, name, on_alter, &right);
    stele_describe_namespace_async(on_loop, STELE_TEXT("default"), on_namespaces, &right);
    stele_list_namespaces_async(on_loop, on_namespaces, &right);
    stele_list_namespace_tables_async(on_loop, STELE_TEXT("default"), on_names, &right);
    stele_list_regions_async(on_loop, name, on_regions, &right);
    stele_list_regions_async(on_loop, STELE_TEXT("hbase:meta"), on_regions, &right);
    stele_locate_region_async(on_loop, name, STELE_TEXT("row0300"), on_regions, &right);
    stele_flush_async(on_loop, name, STELE_NO_BYTES, on_done, &right);
    stele_compact_async(on_loop, name, STELE_TEXT("f"), false, on_done, &right);
    stele_get_compaction_state_async(on_loop, name, on_number, &right);
    stele_cluster_status_async(on_loop, on_cluster, &right);
    EXPECT(right.done == 0 && stele_client_in_flight(on_loop) == 16);
    wait_for_all(base, on_loop);
    EXPECT(right.done == 16 && right.wrong == 0);
    stele_get_table_state_async(on_loop, missing, on_missing_number, &wrong);
    stele_describe_table_async(on_loop, missing, on_missing_schemas, &wrong);
    stele_list_regions_async(on_loop, missing, on_missing_regions, &wrong);
    stele_find_region_async(on_loop, missing, on_missing_regions, &wrong);
    wait_for_all(base, on_loop);
    EXPECT(wrong.done == 4 && wrong.wrong == 0);
}

void test_async(const struct stele_options *place)
{
    struct stele_options options = *place;
    struct event_base *base = event_base_new();
    struct stele_client *on_loop = NULL;
    struct counts puts = {0}, gets = {0}, wrong = {0}, batches = {0};
    options.run = STELE_RUN_ON_LOOP;
    options.loop = base;
    EXPECT_OK(stele_client_open(&options, &on_loop, &error));
    struct stele_table *rows = stele_table_open(on_loop, STELE_TEXT("libstele_rows"));
    struct stele_cell cell = {.family = STELE_TEXT("f"),
        .qualifier = STELE_TEXT("async"),
        .value = STELE_TEXT("v"),
        .timestamp = STELE_LATEST,
        .type = STELE_CELL_PUT};
    for (int i = 0; i < 500; i++) {
        char name[16];
        struct stele_mutation put;
        struct stele_get get;
        stele_mutation_init(&put, STELE_PUT, row_name(name, i));
        put.cells = &cell;
        put.cell_count = 1;
        stele_mutate_async(rows, &put, on_result, &puts);
        stele_get_init(&get, stele_text(name));
        stele_get_async(rows, &get, on_result, &gets);
        struct stele_action action = {.mutation = &put};
        if (i % 100 == 0)
            stele_batch_async(rows, &action, 1, on_batch, &batches);
    }
    struct stele_get nothing;
    stele_get_init(&nothing, STELE_NO_BYTES);
    stele_get_async(rows, &nothing, on_result, &wrong);
    EXPECT(puts.done == 0 && wrong.done == 0 && stele_client_in_flight(on_loop) == 1006);
    struct stele_scan scan;
    base_scan(&scan);
    struct async_scan scanning = {.scanner = stele_scanner_open(rows, &scan)};
    stele_scanner_next_async(scanning.scanner, on_rows, &scanning);
    while (stele_client_in_flight(on_loop) || !scanning.is_done)
        event_base_loop(base, EVLOOP_ONCE);
    EXPECT(puts.done == 500 && puts.wrong == 0 && gets.done == 500 && gets.wrong == 0);
    EXPECT(wrong.done == 1 && wrong.wrong == 1 && batches.done == 5 && batches.wrong == 0);
    EXPECT(scanning.rows == 800);
    stele_scanner_close(scanning.scanner);
    test_async_operations(base, on_loop);
    test_async_reads(base, on_loop);
    int64_t value;
    EXPECT_OK(stele_increment_column(
        rows, STELE_TEXT("loop"), STELE_TEXT("f"), STELE_TEXT("n"), 3, &value, &error));
    for (int i = 0; i < 10; i++) /* given up while in flight */
        stele_get_async(rows,
            &(struct stele_get){
                .row = STELE_TEXT("r"), .read = {.max_versions = 1, .time_range = {0, INT64_MAX}}},
            on_result, &wrong);
    stele_client_close(on_loop);
    EXPECT(wrong.done == 11 && wrong.wrong == 11);
    event_base_free(base);
}
