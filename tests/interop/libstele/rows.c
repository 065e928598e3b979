/* Rows: gets, puts, deletes, counters, conditional mutations. */
#include <time.h>

#include "tests/interop/libstele/expect.h"

static size_t count_cells(const char *row, uint32_t versions)
{
    struct stele_get get;
    struct stele_result result = {0};
    stele_get_init(&get, stele_text(row));
    get.read.max_versions = versions;
    EXPECT_OK(stele_get(table, &get, &result, &error));
    size_t count = result.cell_count;
    stele_result_free(&result);
    return count;
}

static bool value_is(const char *row, const char *qualifier, const char *value)
{
    struct stele_column column = {STELE_TEXT("f"), stele_text(qualifier), false};
    struct stele_get get;
    struct stele_result result = {0};
    stele_get_init(&get, stele_text(row));
    get.read.columns = &column;
    get.read.column_count = 1;
    EXPECT_OK(stele_get(table, &get, &result, &error));
    bool is_so = result.cell_count == 1 && bytes_are(result.cells[0].value, value);
    stele_result_free(&result);
    return is_so;
}

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + (int64_t)now.tv_nsec / 1000000;
}

/* A cell's own time to live. A server that is slow to answer may let it pass: then it gets twice as long. */
static void test_cell_ttl(void)
{
    struct stele_mutation put;
    struct stele_cell cell = {.family = STELE_TEXT("f"),
        .qualifier = STELE_TEXT("q1"),
        .value = STELE_TEXT("v"),
        .timestamp = STELE_LATEST,
        .type = STELE_CELL_PUT};
    int64_t began_ms, took_ms;
    size_t found;
    stele_mutation_init(&put, STELE_PUT, STELE_TEXT("r2"));
    put.cells = &cell;
    put.cell_count = 1;
    put.ttl_ms = 100;
    do {
        put.ttl_ms *= 2;
        began_ms = now_ms();
        EXPECT_OK(stele_mutate(table, &put, NULL, &error));
        found = count_cells("r2", 1);
        took_ms = now_ms() - began_ms;
    } while (found == 0 && took_ms >= put.ttl_ms && took_ms < 60000);
    EXPECT(found == 1);
    for (began_ms = now_ms(); count_cells("r2", 1) > 0 && now_ms() - began_ms < 120000;)
        usleep(50000);
    EXPECT(count_cells("r2", 1) == 0);
}

void test_rows(void)
{
    struct stele_cell cells[] = {
        {.family = STELE_TEXT("f"),
            .qualifier = STELE_TEXT("q1"),
            .value = STELE_TEXT("v1"),
            .timestamp = 100,
            .type = STELE_CELL_PUT},
        {.family = STELE_TEXT("f"),
            .qualifier = STELE_TEXT("q1"),
            .value = STELE_TEXT("v2"),
            .timestamp = 200,
            .type = STELE_CELL_PUT},
        {.family = STELE_TEXT("a"),
            .qualifier = STELE_NO_BYTES,
            .value = STELE_TEXT("empty"),
            .timestamp = 100,
            .type = STELE_CELL_PUT},
        {.family = STELE_TEXT("f"),
            .qualifier = STELE_TEXT("q2"),
            .value = STELE_TEXT("x"),
            .timestamp = 100,
            .type = STELE_CELL_PUT},
    };
    struct stele_mutation put;
    struct stele_get get;
    struct stele_result result = {0};
    stele_mutation_init(&put, STELE_PUT, STELE_TEXT("r1"));
    put.cells = cells;
    put.cell_count = 4;
    EXPECT_OK(stele_mutate(table, &put, NULL, &error));

    stele_get_init(&get, STELE_TEXT("r1"));
    EXPECT_OK(stele_get(table, &get, &result, &error));
    EXPECT(result.cell_count == 3 && result.exists);
    EXPECT(bytes_are(result.cells[0].family, "a") && result.cells[0].qualifier.size == 0);
    EXPECT(bytes_are(result.cells[1].value, "v2") && result.cells[1].timestamp == 200);
    EXPECT(bytes_are(result.cells[2].row, "r1") && result.cells[2].type == STELE_CELL_PUT);
    stele_result_free(&result);
    EXPECT(count_cells("r1", 3) == 4);
    get.read.max_versions = 3;
    get.read.time_range = (struct stele_time_range){0, 200};
    EXPECT_OK(stele_get(table, &get, &result, &error));
    EXPECT(result.cell_count == 3 && bytes_are(result.cells[1].value, "v1"));
    stele_result_free(&result);
    struct stele_column columns[] = {{STELE_TEXT("f"), STELE_TEXT("q2"), false},
        {STELE_TEXT("a"), STELE_NO_BYTES, false}, {STELE_TEXT("f"), STELE_TEXT("q1"), false}};
    stele_get_init(&get, STELE_TEXT("r1"));
    get.read.columns = columns;
    get.read.column_count = 3;
    EXPECT_OK(stele_get(table, &get, &result, &error));
    EXPECT(result.cell_count == 3);
    stele_result_free(&result);
    columns[0].is_whole_family = true;
    get.read.column_count = 1;
    EXPECT_OK(stele_get(table, &get, &result, &error));
    EXPECT(result.cell_count == 2);
    stele_result_free(&result);
    get.is_existence_only = true;
    EXPECT_OK(stele_get(table, &get, &result, &error));
    EXPECT(result.exists && result.cell_count == 0);
    stele_result_free(&result);
    get.row = STELE_TEXT("no such row");
    EXPECT_OK(stele_get(table, &get, &result, &error));
    EXPECT(!result.exists);
    stele_result_free(&result);
    stele_get_init(&get, STELE_TEXT("r1"));
    get.read.store_limit = 1;
    get.read.store_offset = 1;
    EXPECT_OK(stele_get(table, &get, &result, &error));
    EXPECT(result.cell_count == 1 && bytes_are(result.cells[0].qualifier, "q2"));
    stele_result_free(&result);

    get = (struct stele_get){0};
    stele_get_init(&get, STELE_NO_BYTES);
    EXPECT(stele_get(table, &get, &result, &error) == STELE_INVALID);
    EXPECT(stele_put_column(table, STELE_TEXT("r"), STELE_TEXT("none"), STELE_TEXT("q"),
               STELE_TEXT("v"), &error) == STELE_NO_FAMILY);
    EXPECT(class_ends_with("NoSuchColumnFamilyException") && error.attempts == 1);

    /* deletes */
    struct stele_cell marker = {.family = STELE_TEXT("f"),
        .qualifier = STELE_TEXT("q1"),
        .timestamp = STELE_LATEST,
        .type = STELE_CELL_DELETE};
    struct stele_mutation deletion;
    stele_mutation_init(&deletion, STELE_DELETE, STELE_TEXT("r1"));
    deletion.cells = &marker;
    deletion.cell_count = 1;
    EXPECT_OK(stele_mutate(table, &deletion, NULL, &error));
    EXPECT(value_is("r1", "q1", "v1"));
    EXPECT_OK(
        stele_delete_column(table, STELE_TEXT("r1"), STELE_TEXT("f"), STELE_TEXT("q1"), &error));
    EXPECT(count_cells("r1", 3) == 2);
    marker.type = STELE_CELL_DELETE_FAMILY_VERSION;
    marker.qualifier = STELE_NO_BYTES;
    marker.timestamp = 100;
    EXPECT_OK(stele_mutate(table, &deletion, NULL, &error));
    EXPECT(count_cells("r1", 3) == 1);
    EXPECT_OK(stele_delete_column(table, STELE_TEXT("r1"), STELE_NO_BYTES, STELE_NO_BYTES, &error));
    EXPECT(count_cells("r1", 3) == 0);

    test_cell_ttl();
}

void test_counters(void)
{
    int64_t value = 0;
    struct stele_result result = {0};
    EXPECT_OK(stele_increment_column(
        table, STELE_TEXT("c"), STELE_TEXT("f"), STELE_TEXT("n"), 5, &value, &error));
    EXPECT(value == 5);
    EXPECT_OK(stele_increment_column(
        table, STELE_TEXT("c"), STELE_TEXT("f"), STELE_TEXT("n"), -7, &value, &error));
    EXPECT(value == -2);
    EXPECT_OK(stele_increment_column(
        table, STELE_TEXT("c"), STELE_TEXT("f"), STELE_TEXT("n"), 1, NULL, &error));
    EXPECT_OK(stele_put_column(
        table, STELE_TEXT("c"), STELE_TEXT("f"), STELE_TEXT("text"), STELE_TEXT("abc"), &error));
    EXPECT(stele_increment_column(table, STELE_TEXT("c"), STELE_TEXT("f"), STELE_TEXT("text"), 1,
               &value, &error) == STELE_REMOTE);
    EXPECT(class_ends_with("DoNotRetryIOException") && error.attempts == 1);
    struct stele_cell cell = {.family = STELE_TEXT("f"),
        .qualifier = STELE_TEXT("text"),
        .value = STELE_TEXT("def"),
        .timestamp = STELE_LATEST,
        .type = STELE_CELL_PUT};
    struct stele_mutation append;
    stele_mutation_init(&append, STELE_APPEND, STELE_TEXT("c"));
    append.cells = &cell;
    append.cell_count = 1;
    EXPECT_OK(stele_mutate(table, &append, &result, &error));
    EXPECT(result.cell_count == 1 && bytes_are(result.cells[0].value, "abcdef"));
    stele_result_free(&result);
    append.is_result_wanted = false;
    EXPECT_OK(stele_mutate(table, &append, &result, &error));
    EXPECT(result.cell_count == 0);
    EXPECT(value_is("c", "text", "abcdefdef"));
}

void test_conditions(void)
{
    struct stele_condition condition;
    struct stele_cell cell = {.family = STELE_TEXT("f"),
        .qualifier = STELE_TEXT("q"),
        .value = STELE_TEXT("1"),
        .timestamp = STELE_LATEST,
        .type = STELE_CELL_PUT};
    struct stele_mutation put;
    bool is_processed = false;
    stele_mutation_init(&put, STELE_PUT, STELE_TEXT("check"));
    put.cells = &cell;
    put.cell_count = 1;
    stele_condition_init(&condition);
    condition.family = STELE_TEXT("f");
    condition.qualifier = STELE_TEXT("q");
    EXPECT_OK(stele_check_and_mutate(table, &condition, &put, NULL, &is_processed, &error));
    EXPECT(is_processed); /* it was absent */
    EXPECT_OK(stele_check_and_mutate(table, &condition, &put, NULL, &is_processed, &error));
    EXPECT(!is_processed);
    condition.value = STELE_TEXT("1");
    cell.value = STELE_TEXT("2");
    EXPECT_OK(stele_check_and_mutate(table, &condition, &put, NULL, &is_processed, &error));
    EXPECT(is_processed && value_is("check", "q", "2"));
    condition.compare = STELE_GREATER;
    condition.value = STELE_TEXT("3"); /* 3 > 2 */
    cell.value = STELE_TEXT("4");
    EXPECT_OK(stele_check_and_mutate(table, &condition, &put, NULL, &is_processed, &error));
    EXPECT(is_processed && value_is("check", "q", "4"));
    EXPECT_OK(stele_check_and_mutate(table, &condition, &put, NULL, &is_processed, &error));
    EXPECT(!is_processed); /* 3 > 4 is not so */

    /* by filter */
    struct stele_filter *filter = NULL;
    EXPECT_OK(stele_filter_parse(
        STELE_TEXT("SingleColumnValueFilter('f','q',=,'binary:4')"), &filter, &error));
    if (filter) {
        stele_condition_init(&condition);
        condition.filter = filter;
        cell.value = STELE_TEXT("5");
        EXPECT_OK(stele_check_and_mutate(table, &condition, &put, NULL, &is_processed, &error));
        EXPECT(is_processed && value_is("check", "q", "5"));
        stele_filter_free(filter);
    }

    /* several mutations of a row */
    struct stele_cell marker = {.family = STELE_TEXT("f"),
        .qualifier = STELE_TEXT("q"),
        .timestamp = STELE_LATEST,
        .type = STELE_CELL_DELETE_COLUMN};
    struct stele_cell other = {.family = STELE_TEXT("f"),
        .qualifier = STELE_TEXT("other"),
        .value = STELE_TEXT("o"),
        .timestamp = STELE_LATEST,
        .type = STELE_CELL_PUT};
    uint8_t one[8];
    struct stele_cell amount = {.family = STELE_TEXT("f"),
        .qualifier = STELE_TEXT("n"),
        .timestamp = STELE_LATEST,
        .type = STELE_CELL_PUT};
    struct stele_mutation mutations[3];
    struct stele_result result = {0};
    stele_store_i64(one, 1);
    amount.value = stele_bytes(one, 8);
    stele_mutation_init(&mutations[0], STELE_DELETE, STELE_TEXT("check"));
    stele_mutation_init(&mutations[1], STELE_PUT, STELE_TEXT("check"));
    stele_mutation_init(&mutations[2], STELE_INCREMENT, STELE_TEXT("check"));
    mutations[0].cells = &marker;
    mutations[1].cells = &other;
    mutations[2].cells = &amount;
    for (size_t i = 0; i < 3; i++)
        mutations[i].cell_count = 1;
    EXPECT_OK(stele_mutate_row(table, NULL, mutations, 3, &result, &is_processed, &error));
    EXPECT(is_processed && result.cell_count == 1 && result.cells[0].value.size == 8 &&
           stele_load_i64(result.cells[0].value.data) == 1);
    stele_result_free(&result);
    EXPECT(value_is("check", "other", "o"));
    stele_condition_init(&condition);
    condition.family = STELE_TEXT("f");
    condition.qualifier = STELE_TEXT("other");
    condition.value = STELE_TEXT("not o");
    EXPECT_OK(stele_mutate_row(table, &condition, mutations, 2, NULL, &is_processed, &error));
    EXPECT(!is_processed);
    condition.value = STELE_TEXT("o");
    other.value = STELE_TEXT("p");
    EXPECT_OK(stele_mutate_row(table, &condition, mutations, 2, NULL, &is_processed, &error));
    EXPECT(is_processed && value_is("check", "other", "p"));
    mutations[1].row = STELE_TEXT("elsewhere");
    EXPECT(stele_mutate_row(table, NULL, mutations, 2, NULL, NULL, &error) == STELE_INVALID);
    other.family = STELE_TEXT("none");
    mutations[1].row = STELE_TEXT("check");
    EXPECT(stele_mutate_row(table, NULL, mutations, 2, NULL, NULL, &error) == STELE_NO_FAMILY);
}
