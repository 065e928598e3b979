/* Measured heat, by asynchronous calls on a loop of the caller's. Only Stele measures it: real HBase ends each of them
 * with STELE_UNSUPPORTED. Tablet servers report each five seconds, so a call is made again until it has heard. */
#include <event2/event.h>

#include "tests/interop/libstele/expect.h"

#define HEATED STELE_TEXT("libstele_heat")
enum { READS = 200, TRIES = 1200, PAUSE_US = 50000 };

static struct event_base *base;
static struct stele_client *on_loop;
static struct {
    unsigned count;
    enum stele_status status;
    bool is_right;
    uint64_t event; /* number of the last one */
} answer;

static void take(const struct stele_error *outcome, bool is_right)
{
    answer.count++;
    answer.status = outcome->status;
    answer.is_right = is_right;
}

static void on_tablets(
    void *context, const struct stele_error *outcome, const struct stele_hot_tablet_list *list)
{
    (void)context;
    take(outcome, list && list->count == 1 && list->active == 1 &&
                      bytes_are(list->tablets[0].table, "libstele_heat") &&
                      list->tablets[0].share > 0.99 && list->tablets[0].gets > 0);
}

static void on_rows(
    void *context, const struct stele_error *outcome, const struct stele_hot_row_list *list)
{
    (void)context;
    take(outcome, list && list->count == 1 && bytes_are(list->rows[0].row, "hot") &&
                      !list->rows[0].is_write && list->rows[0].count >= READS &&
                      list->rows[0].count - list->rows[0].error <= READS);
}

static void on_map(
    void *context, const struct stele_error *outcome, const struct stele_heat_map *map)
{
    (void)context;
    double sum = 0;
    for (size_t i = 0; map && i < map->row_count * map->column_count; i++)
        sum += (double)map->values[i];
    take(outcome, map && map->row_count >= 1 && map->row_count <= 8 && map->column_count >= 1 &&
                      map->bounds[map->row_count].size == 0 && sum > 0);
}

static void on_split(
    void *context, const struct stele_error *outcome, const struct stele_tablet_event_list *list)
{
    (void)context;
    take(outcome, list && list->count >= 1);
    if (!answer.is_right)
        return;
    const struct stele_tablet_event *last = &list->events[list->count - 1];
    answer.is_right = bytes_are(last->kind, "split") && bytes_are(last->key, "m") &&
                      bytes_are(last->table, "libstele_heat");
    answer.event = last->number;
}

static void on_no_event(
    void *context, const struct stele_error *outcome, const struct stele_tablet_event_list *list)
{
    (void)context;
    take(outcome, list && list->count == 0);
}

static void ask_tablets(void)
{
    stele_hot_tablets_async(on_loop, HEATED, STELE_TEXT("gets"), 10, on_tablets, NULL);
}

static void ask_rows(void)
{
    stele_hot_rows_async(on_loop, HEATED, 1, on_rows, NULL);
}

static void ask_map(void)
{
    struct stele_heat_query query = {.metric = STELE_TEXT("gets"), .rows = 8};
    stele_heat_map_async(on_loop, HEATED, &query, on_map, NULL);
}

static void ask_events(void)
{
    stele_tablet_events_async(on_loop, HEATED, 0, 10, on_split, NULL);
}

static void ask_later_events(void)
{
    stele_tablet_events_async(on_loop, HEATED, answer.event, 10, on_no_event, NULL);
}

static void ask_nonsense(void)
{
    stele_hot_tablets_async(on_loop, HEATED, STELE_TEXT("nonsense"), 10, on_tablets, NULL);
}

/* Calls until the answer is right, or that there is none. */
static void expect_heard(int line, void (*call)(void))
{
    for (int i = 0; i < TRIES; i++) {
        answer.count = 0;
        call();
        while (stele_client_in_flight(on_loop))
            event_base_loop(base, EVLOOP_ONCE);
        if (answer.count != 1 || answer.status == STELE_UNSUPPORTED ||
            (answer.status == STELE_OK && answer.is_right))
            break;
        usleep(PAUSE_US);
    }
    expect_at(__FILE__, line,
        answer.count == 1 && (answer.status == STELE_UNSUPPORTED || answer.is_right),
        "the call answers once, with what was done");
}

static void read_one_row(void)
{
    struct stele_schema schema = {.name = HEATED, .families = two_families, .family_count = 1};
    struct stele_get get;
    EXPECT_OK(stele_create_table(client, &schema, NULL, 0, &error));
    struct stele_table *heated = stele_table_open(client, HEATED);
    stele_get_init(&get, STELE_TEXT("hot"));
    for (int i = 0; i < READS; i++) {
        struct stele_result result = {0};
        EXPECT_OK(stele_get(heated, &get, &result, &error));
        stele_result_free(&result);
    }
    stele_table_close(heated);
}

void test_async_heat(const struct stele_options *place)
{
    struct stele_options options = *place;
    base = event_base_new();
    options.run = STELE_RUN_ON_LOOP;
    options.loop = base;
    EXPECT_OK(stele_client_open(&options, &on_loop, &error));
    drop("libstele_heat");
    read_one_row();
    expect_heard(__LINE__, ask_tablets);
    expect_heard(__LINE__, ask_rows);
    expect_heard(__LINE__, ask_map);
    answer.count = 0;
    ask_nonsense();
    while (stele_client_in_flight(on_loop))
        event_base_loop(base, EVLOOP_ONCE);
    EXPECT(
        answer.count == 1 && (answer.status == STELE_REMOTE || answer.status == STELE_UNSUPPORTED));
    EXPECT_OK(stele_split(client, HEATED, STELE_TEXT("m"), &error));
    expect_heard(__LINE__, ask_events);
    expect_heard(__LINE__, ask_later_events);
    drop("libstele_heat");
    stele_client_close(on_loop);
    event_base_free(base);
}
