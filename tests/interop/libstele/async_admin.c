/* Asynchronous calls of administration, on a loop of the caller's: those that async.c has not. Each is the twin of a
 * synchronous call that other parts ask about its effects; here it has to be done, once, and say how it went. */
#include <event2/event.h>

#include "tests/interop/libstele/expect.h"

static struct event_base *base;
static struct stele_client *on_loop;
static unsigned done, wrong;

static void count_answer(const struct stele_error *outcome, bool is_right)
{
    done++;
    if (outcome->status || !is_right) {
        wrong++;
        printf("answer %u is wrong: %s\n", done, outcome->message);
    }
}

static void on_done(void *context, const struct stele_error *outcome)
{
    (void)context;
    count_answer(outcome, true);
}

static void on_result(void *context, const struct stele_error *outcome,
    const struct stele_result *result, bool is_processed)
{
    (void)context, (void)result;
    count_answer(outcome, is_processed);
}

static void on_truth(void *context, const struct stele_error *outcome, int64_t number)
{
    (void)context;
    count_answer(outcome, number >= 0);
}

static void on_balance(
    void *context, const struct stele_error *outcome, const struct stele_balance *balance)
{
    (void)context;
    count_answer(outcome, balance && balance->moves_executed <= balance->moves_calculated);
}

static void on_procedures(
    void *context, const struct stele_error *outcome, const struct stele_procedure_list *list)
{
    (void)context;
    count_answer(outcome, list != NULL);
}

static void on_locks(
    void *context, const struct stele_error *outcome, const struct stele_lock_list *list)
{
    (void)context;
    count_answer(outcome, list != NULL);
}

static void on_servers(
    void *context, const struct stele_error *outcome, const struct stele_server_list *list)
{
    (void)context;
    count_answer(outcome, list && list->count == 0);
}

static void on_snapshots(
    void *context, const struct stele_error *outcome, const struct stele_snapshot_list *list)
{
    (void)context;
    count_answer(outcome, list != NULL);
}

static void on_was_on(void *context, const struct stele_error *outcome, int64_t number)
{
    (void)context;
    count_answer(outcome, number == 1);
}

static void on_was_off(void *context, const struct stele_error *outcome, int64_t number)
{
    (void)context;
    count_answer(outcome, number == 0);
}

static void on_invalid(void *context, const struct stele_error *outcome)
{
    (void)context;
    done++;
    wrong += outcome->status != STELE_INVALID;
}

static void on_not_found(void *context, const struct stele_error *outcome)
{
    (void)context;
    done++;
    wrong += outcome->status != STELE_NOT_FOUND;
}

/* All that are in flight are answered: `count`, since the last time. */
static void expect_answers(int line, unsigned count)
{
    done = wrong = 0;
    while (stele_client_in_flight(on_loop))
        event_base_loop(base, EVLOOP_ONCE);
    expect_at(__FILE__, line, done == count && wrong == 0, "every call answers once, and well");
}

/* The second half of a table that was split, closed and opened again. */
static void test_region(struct stele_bytes table_name)
{
    struct stele_region_list list;
    EXPECT_OK(stele_locate_region(client, table_name, STELE_TEXT("n"), &list, &error));
    if (error.status)
        return;
    EXPECT(bytes_are(list.regions[0].start_key, "m"));
    stele_move_region_async(on_loop, list.regions[0].encoded_name, STELE_NO_BYTES, on_done, NULL);
    expect_answers(__LINE__, 1);
    stele_move_region_async(on_loop, STELE_TEXT("0123456789abcdef0123456789abcdef"), STELE_NO_BYTES,
        on_not_found, NULL);
    expect_answers(__LINE__, 1);
    stele_unassign_region_async(on_loop, list.regions[0].encoded_name, on_done, NULL);
    expect_answers(__LINE__, 1);
    stele_assign_region_async(on_loop, list.regions[0].encoded_name, on_done, NULL);
    expect_answers(__LINE__, 1);
    stele_region_list_free(&list);
}

static void test_schema(void)
{
    struct stele_bytes name = STELE_TEXT("libstele_async");
    struct stele_schema schema = {.name = name, .families = two_families, .family_count = 2};
    struct stele_attribute versions = {STELE_TEXT("VERSIONS"), STELE_TEXT("7")};
    struct stele_family family = {.name = STELE_TEXT("third")};
    struct stele_schema_list list;
    drop("libstele_async");
    EXPECT_OK(stele_create_table(client, &schema, NULL, 0, &error));
    stele_add_family_async(on_loop, name, &family, on_done, NULL);
    expect_answers(__LINE__, 1);
    family.attributes = &versions;
    family.attribute_count = 1;
    stele_modify_family_async(on_loop, name, &family, on_done, NULL);
    expect_answers(__LINE__, 1);
    EXPECT_OK(stele_describe_table(client, name, &list, &error));
    EXPECT(list.schemas[0].family_count == 3);
    stele_schema_list_free(&list);
    stele_delete_family_async(on_loop, name, STELE_TEXT("third"), on_done, NULL);
    expect_answers(__LINE__, 1);
    schema.family_count = 1;
    stele_modify_table_async(on_loop, &schema, on_done, NULL);
    expect_answers(__LINE__, 1);
    EXPECT_OK(stele_describe_table(client, name, &list, &error));
    EXPECT(list.schemas[0].family_count == 1);
    stele_schema_list_free(&list);
    stele_split_async(on_loop, name, STELE_TEXT("m"), on_done, NULL);
    expect_answers(__LINE__, 1);
    struct stele_bytes none[] = {STELE_TEXT("0123456789abcdef0123456789abcdef"),
        STELE_TEXT("0123456789abcdef0123456789abcdee")};
    stele_merge_regions_async(on_loop, none, 2, false, on_not_found, NULL);
    expect_answers(__LINE__, 1);
    test_region(name);
    drop("libstele_async");
}

static void test_namespace(void)
{
    struct stele_attribute owner = {STELE_TEXT("owner"), STELE_TEXT("ann")};
    struct stele_namespace space = {.name = STELE_TEXT("libstele_async")};
    stele_create_namespace_async(on_loop, &space, on_done, NULL);
    expect_answers(__LINE__, 1);
    space.configuration = &owner;
    space.configuration_count = 1;
    stele_modify_namespace_async(on_loop, &space, on_done, NULL);
    expect_answers(__LINE__, 1);
    stele_delete_namespace_async(on_loop, space.name, on_done, NULL);
    expect_answers(__LINE__, 1);
}

static void test_row(void)
{
    struct stele_table *rows = stele_table_open(on_loop, STELE_TEXT("libstele_rows"));
    struct stele_cell cells[2] = {{.family = STELE_TEXT("a"),
                                      .qualifier = STELE_TEXT("q"),
                                      .value = STELE_TEXT("v"),
                                      .timestamp = 5,
                                      .type = STELE_CELL_PUT},
        {.family = STELE_TEXT("f"),
            .qualifier = STELE_TEXT("q"),
            .timestamp = 9,
            .type = STELE_CELL_DELETE_COLUMN}};
    struct stele_mutation mutations[2];
    stele_mutation_init(&mutations[0], STELE_PUT, STELE_TEXT("async row"));
    stele_mutation_init(&mutations[1], STELE_DELETE, STELE_TEXT("async row"));
    for (size_t i = 0; i < 2; i++) {
        mutations[i].cells = &cells[i];
        mutations[i].cell_count = 1;
    }
    stele_mutate_row_async(rows, NULL, mutations, 2, on_result, NULL);
    expect_answers(__LINE__, 1);
    stele_table_close(rows);
}

/* What the master does by itself: asked all at once. */
static void test_chores(void)
{
    bool is_on = false;
    EXPECT_OK(stele_get_switch(client, STELE_SWITCH_NORMALIZER, &is_on, &error));
    stele_get_switch_async(on_loop, STELE_SWITCH_BALANCER, on_truth, NULL);
    stele_set_switch_async(on_loop, STELE_SWITCH_NORMALIZER, is_on, false, on_truth, NULL);
    stele_balance_async(on_loop, true, false, on_balance, NULL);
    stele_normalize_async(on_loop, NULL, 0, "libstele_none", STELE_NO_BYTES, on_truth, NULL);
    stele_run_catalog_janitor_async(on_loop, on_truth, NULL);
    stele_run_cleaner_async(on_loop, on_truth, NULL);
    stele_list_procedures_async(on_loop, on_procedures, NULL);
    stele_list_locks_async(on_loop, on_locks, NULL);
    stele_list_decommissioned_servers_async(on_loop, on_servers, NULL);
    stele_clear_dead_servers_async(on_loop, NULL, 0, on_servers, NULL);
    stele_list_snapshots_async(on_loop, on_snapshots, NULL);
    expect_answers(__LINE__, 11);
}

/* Calls with the name of the first server, "host,port,startcode". */
static void with_first_server(void (*call)(struct stele_bytes server))
{
    struct stele_cluster cluster;
    char name[256];
    EXPECT_OK(stele_cluster_status(client, &cluster, &error));
    const struct stele_server *server = &cluster.servers[0].server;
    snprintf(name, sizeof(name), "%s,%u,%llu", (const char *)server->host.data, server->port,
        (unsigned long long)server->start_code);
    call(stele_text(name));
    stele_cluster_free(&cluster);
}

/* What a server is asked by itself. */
static void ask_server(struct stele_bytes server)
{
    stele_set_compaction_switch_async(on_loop, server, false, on_was_on, NULL);
    expect_answers(__LINE__, 1);
    stele_set_compaction_switch_async(on_loop, server, true, on_was_off, NULL);
    expect_answers(__LINE__, 1);
    stele_clear_compaction_queues_async(on_loop, server, true, true, on_done, NULL);
    stele_roll_log_async(on_loop, server, on_done, NULL);
    stele_roll_log_async(on_loop, STELE_TEXT("nonsense"), on_invalid, NULL);
    expect_answers(__LINE__, 3);
}

static void stop(struct stele_bytes server)
{
    stele_stop_server_async(on_loop, STELE_TEXT("nonsense"), on_invalid, NULL);
    stele_stop_server_async(on_loop, server, on_done, NULL);
    expect_answers(__LINE__, 2);
}

static void open_on_loop(const struct stele_options *place)
{
    struct stele_options options = *place;
    base = event_base_new();
    options.run = STELE_RUN_ON_LOOP;
    options.loop = base;
    EXPECT_OK(stele_client_open(&options, &on_loop, &error));
}

static void close_on_loop(void)
{
    stele_client_close(on_loop);
    event_base_free(base);
}

void test_stop_server(const struct stele_options *place)
{
    open_on_loop(place);
    with_first_server(stop);
    close_on_loop();
}

void test_async_admin(const struct stele_options *place)
{
    open_on_loop(place);
    test_schema();
    test_namespace();
    test_row();
    test_chores();
    with_first_server(ask_server);
    close_on_loop();
}
