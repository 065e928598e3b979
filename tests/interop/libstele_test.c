/* Every call of libstele against a server: real HBase or Stele.
 *
 *   libstele_test PLACE [inline]     PLACE is "host:port" or "zk://host:port/hbase"
 *
 * Prints each failed expectation with its line and, at the end, how many were looked at. Exit 1 when one failed. The
 * tables it makes begin with "libstele_" and are dropped at the end. */
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <stele/stele.h>
#include <unistd.h>

static unsigned looked_at, failed;
static struct stele_client *client;
static struct stele_error error;
static struct stele_table *table;

static void expect_at(int line, bool holds, const char *what)
{
    looked_at++;
    if (holds)
        return;
    failed++;
    printf("line %d: not so: %s\n", line, what);
}

static void expect_ok_at(int line, enum stele_status status, const char *what)
{
    looked_at++;
    if (status == STELE_OK)
        return;
    failed++;
    printf("line %d: %s: %s: %s %s\n", line, what, stele_status_name(status), error.exception_class,
        error.message);
}

#define EXPECT(condition) expect_at(__LINE__, (condition), #condition)
#define EXPECT_OK(call)   expect_ok_at(__LINE__, (call), #call)

static bool bytes_are(struct stele_bytes bytes, const char *text)
{
    return bytes.size == strlen(text) && memcmp(bytes.data, text, bytes.size) == 0;
}

static bool class_ends_with(const char *name)
{
    size_t size = strlen(error.exception_class), tail = strlen(name);
    return size >= tail && strcmp(error.exception_class + size - tail, name) == 0;
}

static struct stele_bytes row_name(char *storage, int number)
{
    snprintf(storage, 16, "row%04d", number);
    return stele_text(storage);
}

/* ---- tables ---- */

static const struct stele_family two_families[] = {
    {.name = {(const uint8_t *)"a", 1}}, {.name = {(const uint8_t *)"f", 1}}};

static void drop(const char *name)
{
    enum stele_table_state state;
    if (stele_get_table_state(client, stele_text(name), &state, &error))
        return;
    if (state == STELE_ENABLED)
        EXPECT_OK(stele_disable_table(client, stele_text(name), &error));
    EXPECT_OK(stele_delete_table(client, stele_text(name), &error));
}

static void create(const char *name, size_t split_count)
{
    struct stele_bytes splits[] = {STELE_TEXT("row0500"), STELE_TEXT("row0200")};
    struct stele_schema schema = {
        .name = stele_text(name), .families = two_families, .family_count = 2};
    struct stele_attribute versions = {STELE_TEXT("VERSIONS"), STELE_TEXT("3")};
    struct stele_family families[2] = {two_families[0], two_families[1]};
    families[1].attributes = &versions;
    families[1].attribute_count = 1;
    schema.families = families;
    EXPECT_OK(stele_create_table(client, &schema, splits, split_count, &error));
}

static void test_tables(void)
{
    struct stele_bytes name = STELE_TEXT("libstele_ddl");
    enum stele_table_state state = STELE_ENABLING;
    struct stele_schema_list list;
    struct stele_name_list names;
    struct stele_bytes value;
    bool exists = true;
    drop("libstele_ddl");
    EXPECT_OK(stele_table_exists(client, name, &exists, &error));
    EXPECT(!exists);
    EXPECT(stele_describe_table(client, name, &list, &error) == STELE_NOT_FOUND);
    create("libstele_ddl", 0);
    struct stele_schema again = {.name = name, .families = two_families, .family_count = 1};
    EXPECT(stele_create_table(client, &again, NULL, 0, &error) == STELE_EXISTS);
    EXPECT(class_ends_with("TableExistsException"));
    EXPECT_OK(stele_table_exists(client, name, &exists, &error));
    EXPECT(exists);
    EXPECT_OK(stele_get_table_state(client, name, &state, &error));
    EXPECT(state == STELE_ENABLED);
    EXPECT_OK(stele_describe_table(client, name, &list, &error));
    EXPECT(list.count == 1 && bytes_are(list.schemas[0].name, "libstele_ddl") &&
           list.schemas[0].family_count == 2);
    EXPECT(bytes_are(list.schemas[0].families[1].name, "f"));
    EXPECT(stele_attribute_find(list.schemas[0].families[1].attributes,
               list.schemas[0].families[1].attribute_count, STELE_TEXT("VERSIONS"), &value) &&
           bytes_are(value, "3"));
    stele_schema_list_free(&list);
    EXPECT_OK(stele_list_tables(client, "libstele_d.*", false, &names, &error));
    EXPECT(names.count == 1 && bytes_are(names.names[0], "libstele_ddl"));
    stele_name_list_free(&names);
    EXPECT_OK(stele_describe_tables(client, "libstele_d.*", false, &list, &error));
    EXPECT(list.count == 1);
    stele_schema_list_free(&list);

    struct stele_family added = {.name = STELE_TEXT("g")};
    EXPECT_OK(stele_add_family(client, name, &added, &error));
    EXPECT(stele_add_family(client, name, &added, &error) == STELE_NO_FAMILY);
    EXPECT(class_ends_with("InvalidFamilyOperationException"));
    struct stele_attribute ttl = {STELE_TEXT("TTL"), STELE_TEXT("86400")};
    added.attributes = &ttl;
    added.attribute_count = 1;
    EXPECT_OK(stele_modify_family(client, name, &added, &error));
    EXPECT_OK(stele_delete_family(client, name, STELE_TEXT("a"), &error));
    EXPECT_OK(stele_describe_table(client, name, &list, &error));
    EXPECT(list.count == 1 && list.schemas[0].family_count == 2);
    EXPECT(stele_attribute_find(list.schemas[0].families[1].attributes,
               list.schemas[0].families[1].attribute_count, STELE_TEXT("TTL"), &value) &&
           bytes_are(value, "86400"));
    struct stele_schema changed = list.schemas[0];
    struct stele_attribute attributes[16];
    size_t count = changed.attribute_count < 15 ? changed.attribute_count : 15;
    if (count)
        memcpy(attributes, changed.attributes, count * sizeof(*attributes));
    attributes[count++] = (struct stele_attribute){
        STELE_TEXT("MAX_FILESIZE"), STELE_TEXT("1073741824")};
    changed.attributes = attributes;
    changed.attribute_count = count;
    EXPECT_OK(stele_modify_table(client, &changed, &error));
    stele_schema_list_free(&list);
    EXPECT_OK(stele_describe_table(client, name, &list, &error));
    EXPECT(stele_attribute_find(list.schemas[0].attributes, list.schemas[0].attribute_count,
               STELE_TEXT("MAX_FILESIZE"), &value) &&
           bytes_are(value, "1073741824"));
    stele_schema_list_free(&list);
    uint32_t left = 9, total = 0;
    EXPECT_OK(stele_alter_status(client, name, &left, &total, &error));
    EXPECT(left == 0);

    EXPECT(stele_delete_table(client, name, &error) == STELE_WRONG_STATE);
    EXPECT(class_ends_with("TableNotDisabledException"));
    EXPECT_OK(stele_disable_table(client, name, &error));
    EXPECT(stele_disable_table(client, name, &error) == STELE_WRONG_STATE);
    EXPECT_OK(stele_get_table_state(client, name, &state, &error));
    EXPECT(state == STELE_DISABLED);
    struct stele_table *disabled = stele_table_open(client, name);
    EXPECT(stele_put_column(disabled, STELE_TEXT("r"), STELE_TEXT("f"), STELE_TEXT("q"),
               STELE_TEXT("v"), &error) == STELE_WRONG_STATE);
    EXPECT(class_ends_with("TableNotEnabledException"));
    EXPECT_OK(stele_enable_table(client, name, &error));
    EXPECT_OK(stele_put_column(
        disabled, STELE_TEXT("r"), STELE_TEXT("f"), STELE_TEXT("q"), STELE_TEXT("v"), &error));
    EXPECT_OK(stele_disable_table(client, name, &error));
    EXPECT_OK(stele_truncate_table(client, name, true, &error));
    struct stele_get get;
    struct stele_result result = {0};
    stele_get_init(&get, STELE_TEXT("r"));
    EXPECT_OK(stele_get(disabled, &get, &result, &error));
    EXPECT(result.cell_count == 0 && !result.exists);
    stele_table_close(disabled);
    drop("libstele_ddl");
    EXPECT(stele_enable_table(client, name, &error) == STELE_NOT_FOUND);
    struct stele_table *missing = stele_table_open(client, STELE_TEXT("libstele_missing"));
    EXPECT(stele_get(missing, &get, &result, &error) == STELE_NOT_FOUND);
    EXPECT(class_ends_with("TableNotFoundException"));
    stele_table_close(missing);
    EXPECT(stele_create_table(client, &(struct stele_schema){.name = STELE_TEXT("bad name")}, NULL,
               0, &error) == STELE_INVALID);
}

static void test_namespaces(void)
{
    struct stele_attribute owner = {STELE_TEXT("k"), STELE_TEXT("v")};
    struct stele_namespace space = {STELE_TEXT("libstele_ns"), &owner, 1};
    struct stele_namespace_list list;
    struct stele_name_list names;
    bool has_default = false, has_ours = false;
    drop("libstele_ns:t");
    stele_delete_namespace(client, space.name, &error);
    EXPECT(stele_describe_namespace(client, space.name, &list, &error) == STELE_NOT_FOUND);
    EXPECT_OK(stele_create_namespace(client, &space, &error));
    EXPECT(stele_create_namespace(client, &space, &error) == STELE_EXISTS);
    EXPECT_OK(stele_describe_namespace(client, space.name, &list, &error));
    EXPECT(list.count == 1 && list.namespaces[0].configuration_count == 1 &&
           bytes_are(list.namespaces[0].configuration[0].value, "v"));
    stele_namespace_list_free(&list);
    owner.value = STELE_TEXT("w");
    EXPECT_OK(stele_modify_namespace(client, &space, &error));
    EXPECT_OK(stele_list_namespaces(client, &list, &error));
    for (size_t i = 0; i < list.count; i++) {
        has_default |= bytes_are(list.namespaces[i].name, "default");
        has_ours |= bytes_are(list.namespaces[i].name, "libstele_ns") &&
                    bytes_are(list.namespaces[i].configuration[0].value, "w");
    }
    EXPECT(has_default && has_ours);
    stele_namespace_list_free(&list);
    create("libstele_ns:t", 0);
    EXPECT_OK(stele_list_namespace_tables(client, space.name, &names, &error));
    EXPECT(names.count == 1 && bytes_are(names.names[0], "libstele_ns:t"));
    stele_name_list_free(&names);
    struct stele_table *inside = stele_table_open(client, STELE_TEXT("libstele_ns:t"));
    EXPECT_OK(stele_put_column(
        inside, STELE_TEXT("r"), STELE_TEXT("f"), STELE_TEXT("q"), STELE_TEXT("v"), &error));
    stele_table_close(inside);
    EXPECT(stele_delete_namespace(client, space.name, &error) == STELE_INVALID);
    EXPECT(class_ends_with("ConstraintException"));
    drop("libstele_ns:t");
    EXPECT_OK(stele_delete_namespace(client, space.name, &error));
}

/* ---- rows ---- */

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

static void test_rows(void)
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

    /* a cell's own time to live */
    stele_mutation_init(&put, STELE_PUT, STELE_TEXT("r2"));
    cells[0].timestamp = STELE_LATEST;
    put.cells = cells;
    put.cell_count = 1;
    put.ttl_ms = 200;
    EXPECT_OK(stele_mutate(table, &put, NULL, &error));
    EXPECT(count_cells("r2", 1) == 1);
    usleep(400000);
    EXPECT(count_cells("r2", 1) == 0);
}

static void test_counters(void)
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

static void test_conditions(void)
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

/* ---- batches ---- */

enum { BATCH_ROWS = 800 };

static void test_batches(void)
{
    static char names[BATCH_ROWS][16];
    static struct stele_mutation puts[BATCH_ROWS];
    static struct stele_get gets[BATCH_ROWS];
    static struct stele_action actions[BATCH_ROWS];
    struct stele_cell cell = {.family = STELE_TEXT("f"),
        .qualifier = STELE_TEXT("b"),
        .value = STELE_TEXT("batch"),
        .timestamp = STELE_LATEST,
        .type = STELE_CELL_PUT};
    struct stele_batch batch;
    for (int i = 0; i < BATCH_ROWS; i++) {
        stele_mutation_init(&puts[i], STELE_PUT, row_name(names[i], i));
        puts[i].cells = &cell;
        puts[i].cell_count = 1;
        actions[i] = (struct stele_action){.mutation = &puts[i]};
    }
    EXPECT_OK(stele_batch(table, actions, BATCH_ROWS, &batch, &error));
    EXPECT(batch.count == BATCH_ROWS && batch.failed_count == 0);
    stele_batch_free(&batch);
    for (int i = 0; i < BATCH_ROWS; i++) {
        stele_get_init(&gets[i], stele_text(names[i]));
        actions[i] = (struct stele_action){.get = &gets[i]};
    }
    EXPECT_OK(stele_batch(table, actions, BATCH_ROWS, &batch, &error));
    size_t right = 0;
    for (size_t i = 0; i < batch.count; i++)
        right += batch.outcomes[i].result.cell_count == 1 &&
                 bytes_are(batch.outcomes[i].result.cells[0].value, "batch") &&
                 bytes_are(batch.outcomes[i].result.cells[0].row, names[i]);
    EXPECT(right == BATCH_ROWS);
    stele_batch_free(&batch);

    /* all kinds in one, one of them wrong */
    uint8_t two[8];
    stele_store_i64(two, 2);
    struct stele_cell wrong = cell, amount = cell;
    struct stele_mutation increment, bad;
    wrong.family = STELE_TEXT("none");
    amount.qualifier = STELE_TEXT("n");
    amount.value = stele_bytes(two, 8);
    stele_mutation_init(&increment, STELE_INCREMENT, STELE_TEXT("row0300"));
    increment.cells = &amount;
    increment.cell_count = 1;
    stele_mutation_init(&bad, STELE_PUT, STELE_TEXT("row0301"));
    bad.cells = &wrong;
    bad.cell_count = 1;
    struct stele_action mixed[] = {
        {.get = &gets[10]}, {.mutation = &increment}, {.mutation = &bad}, {.mutation = &puts[700]}};
    EXPECT(stele_batch(table, mixed, 4, &batch, &error) == STELE_NO_FAMILY);
    EXPECT(batch.count == 4 && batch.failed_count == 1 && batch.outcomes[2].error &&
           !batch.outcomes[0].error && !batch.outcomes[1].error && !batch.outcomes[3].error);
    EXPECT(batch.outcomes[0].result.cell_count == 1);
    EXPECT(batch.outcomes[1].result.cell_count == 1 &&
           stele_load_i64(batch.outcomes[1].result.cells[0].value.data) == 2);
    stele_batch_free(&batch);
    EXPECT_OK(stele_batch(table, NULL, 0, &batch, &error));
    stele_batch_free(&batch);
    struct stele_action neither = {0};
    EXPECT(stele_batch(table, &neither, 1, &batch, &error) == STELE_INVALID);
    stele_batch_free(&batch);
    EXPECT_OK(stele_delete_column(
        table, STELE_TEXT("row0300"), STELE_TEXT("f"), STELE_TEXT("n"), &error));
}

/* ---- scans: rows row0000 to row0799 over three regions ---- */

static size_t scan_rows(const struct stele_scan *scan, char first[16], char last[16])
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

static void base_scan(struct stele_scan *scan)
{
    stele_scan_init(scan);
    scan->start_row = STELE_TEXT("row");
    scan->stop_row = STELE_TEXT("rox");
}

static void test_scans(void)
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
static void test_wide_rows(void)
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

static void test_filters(void)
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
    int64_t timestamps[] = {3, 1};
    filter = stele_filter_timestamps(timestamps, 2);
    EXPECT(scan_filtered(filter) == 0);
    stele_filter_free(filter);
}

/* ---- regions and the cluster ---- */

static void test_regions(void)
{
    struct stele_bytes name = STELE_TEXT("libstele_rows");
    struct stele_region_list list;
    enum stele_compaction_state state;
    char encoded[64];
    EXPECT_OK(stele_list_regions(client, name, &list, &error));
    EXPECT(list.count == 3);
    if (list.count == 3) {
        EXPECT(
            list.regions[0].start_key.size == 0 && bytes_are(list.regions[0].end_key, "row0200"));
        EXPECT(
            bytes_are(list.regions[2].start_key, "row0500") && list.regions[2].end_key.size == 0);
        EXPECT(list.regions[1].server.port != 0 && list.regions[1].encoded_name.size == 32);
        EXPECT(bytes_are(list.regions[1].table, "libstele_rows") &&
               bytes_are(list.regions[1].state, "OPEN"));
        snprintf(encoded, sizeof(encoded), "%s", (const char *)list.regions[1].encoded_name.data);
        EXPECT_OK(stele_flush(client, list.regions[1].name, STELE_NO_BYTES, &error));
        EXPECT_OK(stele_compact(client, stele_text(encoded), STELE_NO_BYTES, false, &error));
    }
    stele_region_list_free(&list);
    EXPECT_OK(stele_locate_region(client, name, STELE_TEXT("row0350"), &list, &error));
    EXPECT(list.count == 1 && bytes_are(list.regions[0].start_key, "row0200"));
    stele_region_list_free(&list);
    EXPECT_OK(stele_flush(client, name, STELE_NO_BYTES, &error));
    EXPECT_OK(stele_flush(client, name, STELE_TEXT("f"), &error));
    EXPECT_OK(stele_compact(client, name, STELE_NO_BYTES, true, &error));
    EXPECT_OK(stele_get_compaction_state(client, name, &state, &error));
    EXPECT(stele_list_regions(client, STELE_TEXT("libstele_missing"), &list, &error) ==
           STELE_NOT_FOUND);
    EXPECT_OK(stele_list_regions(client, STELE_TEXT("hbase:meta"), &list, &error));
    EXPECT(list.count == 1 && bytes_are(list.regions[0].encoded_name, "1588230740"));
    stele_region_list_free(&list);
}

static void test_cluster(void)
{
    struct stele_cluster cluster;
    const char *id = "";
    bool has_table = false;
    EXPECT_OK(stele_cluster_id(client, &id, &error));
    EXPECT(strlen(id) > 0);
    EXPECT_OK(stele_cluster_status(client, &cluster, &error));
    EXPECT(cluster.server_count >= 1 && cluster.master.host.size > 0 && cluster.version.size > 0);
    EXPECT(bytes_are(cluster.id, id));
    EXPECT(cluster.average_load >= 3);
    for (size_t i = 0; i < cluster.table_count; i++)
        has_table |= bytes_are(cluster.tables[i].table, "libstele_rows") &&
                     cluster.tables[i].open == 3;
    EXPECT(has_table);
    stele_cluster_free(&cluster);
}

/* ---- asynchronous, on a loop of the caller's ---- */

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

static void test_async(const struct stele_options *place)
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

/* ---- failures of connecting ---- */

static void test_unreachable(void)
{
    struct stele_options options;
    struct stele_client *lost = NULL;
    struct stele_result result = {0};
    struct stele_get get;
    EXPECT(stele_connect("127.0.0.1:1", &lost, &error) == STELE_CONNECTION);
    EXPECT(stele_connect("zk://127.0.0.1:1", &lost, &error) == STELE_CONNECTION);
    EXPECT(stele_connect("not a place", &lost, &error) != STELE_OK);
    stele_options_init(&options);
    EXPECT(stele_client_open(&options, &lost, &error) == STELE_INVALID);
    options.connect = "127.0.0.1:1";
    options.retries = 2;
    options.pause_ms = 1;
    EXPECT_OK(stele_client_open(&options, &lost, &error));
    stele_get_init(&get, STELE_TEXT("r"));
    EXPECT(stele_get(stele_table_open(lost, STELE_TEXT("t")), &get, &result, &error) ==
           STELE_CONNECTION);
    EXPECT(stele_delete_table(lost, STELE_TEXT("t"), &error) == STELE_CONNECTION);
    EXPECT(error.attempts == 3);
    stele_client_interrupt(lost);
    EXPECT(stele_delete_table(lost, STELE_TEXT("t"), &error) == STELE_CANCELLED);
    stele_client_close(lost);
    options.connect = "192.0.2.1:1"; /* nobody there, and nobody says so */
    options.retries = 1000;
    options.operation_timeout_ms = 300;
    EXPECT_OK(stele_client_open(&options, &lost, &error));
    enum stele_status status = stele_get(
        stele_table_open(lost, STELE_TEXT("t")), &get, &result, &error);
    EXPECT(status == STELE_TIMEOUT || status == STELE_CONNECTION);
    stele_client_close(lost);
}

int main(int argc, char **argv)
{
    struct stele_options options;
    if (argc < 2) {
        fprintf(stderr, "usage: libstele_test PLACE [inline]\n");
        return 2;
    }
    stele_options_init(&options);
    if (strncmp(argv[1], "zk://", 5) == 0)
        options.zookeeper = argv[1] + 5;
    else
        options.connect = argv[1];
    if (argc > 2 && strcmp(argv[2], "inline") == 0)
        options.run = STELE_RUN_INLINE;
    if (stele_client_open(&options, &client, &error)) {
        fprintf(stderr, "%s\n", error.message);
        return 1;
    }
    drop("libstele_rows");
    create("libstele_rows", 2);
    table = stele_table_open(client, STELE_TEXT("libstele_rows"));
    test_rows();
    test_counters();
    test_conditions();
    test_batches();
    test_scans();
    test_wide_rows();
    test_filters();
    test_regions();
    test_cluster();
    test_async(&options);
    test_tables();
    test_namespaces();
    drop("libstele_rows");
    stele_table_close(table);
    stele_client_close(client);
    test_unreachable();
    printf("%s: %u expectations, %u failed\n", argv[1], looked_at, failed);
    return failed ? 1 : 0;
}
