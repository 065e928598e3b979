/* The tablet host over an engine in memory: commands of a master, repeated, out of turn, and from a master that leads
 * no more. */
#include "tests/support/tablet_world.h"

#include <stdio.h>

#include "server/heat/heat_collector.h"
#include "server/tablet/tablet_host.h"

#define TABLET_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define TABLET_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

struct host_world {
    struct tablet_world world;
    struct tablet_service *tablets;
    struct tablet_host *host;
};

struct waited {
    struct tablet_command command;
    struct tablet_world *world;
    bool is_done;
    unsigned turn; /* in which order they ended, from 1 */
    unsigned *turns;
};

static void on_done(struct tablet_command *command)
{
    struct waited *waited = (struct waited *)command;
    waited->turn = ++*waited->turns;
    tablet_world_signal(waited->world, &waited->is_done);
}

static unsigned turns;

static struct waited make(
    struct host_world *self, enum tablet_command_kind kind, const char *tablet_id)
{
    struct waited waited = {.world = &self->world, .turns = &turns};
    waited.command = (struct tablet_command){.kind = kind,
        .epoch = 5,
        .schema = &self->world.schema,
        .arena = &self->world.arena,
        .done = on_done};
    strcpy(waited.command.tablet.id, tablet_id);
    strcpy(waited.command.tablet.table_id, self->world.table_id);
    return waited;
}

static enum status wait_for(struct host_world *self, struct waited *waited)
{
    tablet_world_wait(&self->world, &waited->is_done);
    return waited->command.status;
}

static enum status run(struct host_world *self, struct waited *waited)
{
    tablet_host_run(self->host, &waited->command);
    return wait_for(self, waited);
}

static void host_world_init(struct host_world *self, uint64_t seed)
{
    struct error error = {0};
    struct tablet_info tablets[] = {
        {.id = TABLET_A, .region_id = 7, .end_row = SPAN_LITERAL("m"), .state = TABLET_CLOSED},
        {.id = TABLET_B, .region_id = 7, .start_row = SPAN_LITERAL("m"), .state = TABLET_CLOSED}};
    memset(self, 0, sizeof *self);
    turns = 0;
    tablet_world_init(&self->world, seed, ENV_MEMORY_SEEDED);
    tablet_world_set_families(&self->world, "f");
    assert_ok(tablet_world_start(&self->world, &error), &error);
    for (size_t i = 0; i < 2; i++)
        strcpy(tablets[i].table_id, self->world.table_id);
    assert_ok(
        store_tablet_create(self->world.store, self->world.table_id, tablets, 2, &error), &error);
    assert_ok(tablet_service_new(self->world.store, &self->tablets), NULL);
    struct tablet_host_config config = {
        .env = self->world.env, .store = self->world.store, .tablets = self->tablets};
    assert_ok(tablet_host_new(&config, &self->host, &error), &error);
}

static void close_all(struct host_world *self)
{
    const char *const ids[] = {TABLET_A, TABLET_B};
    for (size_t i = 0; i < 2; i++) {
        struct waited close = make(self, TABLET_COMMAND_CLOSE, ids[i]);
        close.command.epoch = UINT64_MAX;
        run(self, &close);
    }
}

static void host_world_deinit(struct host_world *self)
{
    close_all(self);
    tablet_host_free(self->host);
    tablet_service_free(self->tablets);
    tablet_world_stop(&self->world);
    tablet_world_deinit(&self->world);
}

static enum status write_row(struct host_world *self, const char *tablet_id, const char *row)
{
    struct cell cell = {.row = span_string(row),
        .family = SPAN_LITERAL("f"),
        .qualifier = SPAN_LITERAL("q"),
        .value = SPAN_LITERAL("v"),
        .timestamp = TIMESTAMP_LATEST,
        .type = CELL_PUT};
    struct mutation mutation = {.kind = MUTATION_PUT,
        .row = cell.row,
        .cells = &cell,
        .cell_count = 1,
        .timestamp = TIMESTAMP_LATEST,
        .time_range = TIME_RANGE_ALL};
    struct write_operation operation = {
        .row = cell.row, .mutations = &mutation, .mutation_count = 1};
    struct waited write = make(self, TABLET_COMMAND_WRITE, tablet_id);
    write.command.operations = &operation;
    write.command.operation_count = 1;
    enum status status = run(self, &write);
    return status ? status : operation.status;
}

static void opens_and_closes_once_however_often_it_is_told(void **state)
{
    struct host_world self;
    host_world_init(&self, 1);
    (void)state;
    struct waited open = make(&self, TABLET_COMMAND_OPEN, TABLET_A);
    assert_ok(run(&self, &open), &open.command.error);
    assert_false(open.command.was_done);
    uint64_t sequence = open.command.open_sequence;
    assert_true(sequence > 0);

    struct waited again = make(&self, TABLET_COMMAND_OPEN, TABLET_A);
    assert_ok(run(&self, &again), &again.command.error);
    assert_true(again.command.was_done);
    assert_int_equal(again.command.open_sequence, sequence);

    struct waited close = make(&self, TABLET_COMMAND_CLOSE, TABLET_A);
    assert_ok(run(&self, &close), &close.command.error);
    assert_false(close.command.was_done);
    struct waited close_again = make(&self, TABLET_COMMAND_CLOSE, TABLET_A);
    assert_ok(run(&self, &close_again), &close_again.command.error);
    assert_true(close_again.command.was_done);
    host_world_deinit(&self);
}

/* Where it was sent it may not have been opened. */
static void where_a_tablet_went_is_forgotten_soon(void **state)
{
    (void)state;
    const struct span id = SPAN_LITERAL(TABLET_A);
    const struct server_name elsewhere = {SPAN_LITERAL("far.example"), 16020, 77};
    const uint64_t second_ns = 1000000000, now_ns = 5 * second_ns;
    static struct moved_tablets moved;
    struct moved_tablet found;
    moved_tablets_init(&moved);
    moved_tablets_put(&moved, TABLET_A, &elsewhere, 3, now_ns);
    assert_true(moved_tablets_find(&moved, id, now_ns + 9 * second_ns, &found));
    assert_int_equal(found.sequence, 3);
    assert_false(moved_tablets_find(&moved, id, now_ns + 10 * second_ns, &found));
    moved_tablets_deinit(&moved);
}

static void a_prepared_close_flushes_while_it_serves(void **state)
{
    struct host_world self;
    struct moved_tablet moved;
    struct server_name elsewhere = {SPAN_LITERAL("far.example"), 16020, 77};
    (void)state;
    host_world_init(&self, 2);
    struct waited open = make(&self, TABLET_COMMAND_OPEN, TABLET_A);
    assert_ok(run(&self, &open), &open.command.error);
    assert_ok(write_row(&self, TABLET_A, "a"), NULL);
    assert_ok(write_row(&self, TABLET_A, "b"), NULL);

    struct waited close = make(&self, TABLET_COMMAND_CLOSE, TABLET_A);
    close.command.is_prepared = true;
    close.command.destination = &elsewhere;
    assert_ok(run(&self, &close), &close.command.error);
    assert_true(close.command.prepared_bytes > 0);
    assert_int_equal(close.command.rest_bytes, 0);

    /* late requests are sent after it */
    assert_int_equal(write_row(&self, TABLET_A, "c"), STATUS_NOT_FOUND);
    assert_true(tablet_host_find_moved(self.host, SPAN_LITERAL(TABLET_A), &moved));
    assert_string_equal(moved.host, "far.example");
    assert_int_equal(moved.start_code, 77);
    assert_true(moved.sequence > open.command.open_sequence);

    /* until it comes back */
    struct waited reopen = make(&self, TABLET_COMMAND_OPEN, TABLET_A);
    assert_ok(run(&self, &reopen), &reopen.command.error);
    assert_true(reopen.command.open_sequence > open.command.open_sequence);
    assert_false(tablet_host_find_moved(self.host, SPAN_LITERAL(TABLET_A), &moved));
    struct waited read = make(&self, TABLET_COMMAND_READ, TABLET_A);
    assert_ok(run(&self, &read), &read.command.error);
    assert_int_equal(read.command.cell_count, 2);
    assert_true(read.command.is_end);
    assert_true(span_equal(read.command.cells[1].row, SPAN_LITERAL("b")));
    host_world_deinit(&self);
}

static void rows_are_read_some_at_a_time(void **state)
{
    struct host_world self;
    struct span after = SPAN_EMPTY;
    unsigned rows = 0, reads = 0;
    bool is_end = false;
    (void)state;
    host_world_init(&self, 3);
    struct waited open = make(&self, TABLET_COMMAND_OPEN, TABLET_B);
    assert_ok(run(&self, &open), &open.command.error);
    for (char name[3] = "m0"; name[1] < '9'; name[1]++)
        assert_ok(write_row(&self, TABLET_B, name), NULL);
    while (!is_end) {
        struct waited read = make(&self, TABLET_COMMAND_READ, TABLET_B);
        read.command.after_row = after;
        read.command.read_bytes = 60;
        assert_ok(run(&self, &read), &read.command.error);
        rows += (unsigned)read.command.cell_count;
        reads++;
        if (read.command.cell_count)
            after = read.command.cells[read.command.cell_count - 1].row;
        is_end = read.command.is_end;
    }
    assert_int_equal(rows, 9);
    assert_true(reads > 1);
    host_world_deinit(&self);
}

static void commands_of_one_tablet_keep_their_order(void **state)
{
    struct host_world self;
    (void)state;
    host_world_init(&self, 4);
    struct waited commands[] = {make(&self, TABLET_COMMAND_OPEN, TABLET_A),
        make(&self, TABLET_COMMAND_CLOSE, TABLET_A), make(&self, TABLET_COMMAND_OPEN, TABLET_A),
        make(&self, TABLET_COMMAND_OPEN, TABLET_B)};
    for (size_t i = 0; i < 4; i++)
        tablet_host_run(self.host, &commands[i].command);

    struct waited list = make(&self, TABLET_COMMAND_LIST, "");
    assert_ok(run(&self, &list), &list.command.error);
    assert_int_equal(list.command.tablet_count, 2);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(list.command.tablets[i].state, SERVED_OPENING);

    for (size_t i = 0; i < 4; i++)
        assert_ok(wait_for(&self, &commands[i]), &commands[i].command.error);
    assert_true(commands[0].turn < commands[1].turn && commands[1].turn < commands[2].turn);
    assert_false(commands[1].command.was_done);
    assert_false(commands[2].command.was_done);

    struct waited later = make(&self, TABLET_COMMAND_LIST, "");
    assert_ok(run(&self, &later), &later.command.error);
    assert_int_equal(later.command.tablet_count, 2);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(later.command.tablets[i].state, SERVED_OPEN);
    host_world_deinit(&self);
}

static void a_master_of_a_lower_epoch_is_refused(void **state)
{
    struct host_world self;
    (void)state;
    host_world_init(&self, 5);
    struct waited open = make(&self, TABLET_COMMAND_OPEN, TABLET_A);
    open.command.epoch = 9;
    assert_ok(run(&self, &open), &open.command.error);
    struct waited close = make(&self, TABLET_COMMAND_CLOSE, TABLET_A); /* of epoch 5 */
    assert_int_equal(run(&self, &close), STATUS_SUPERSEDED);
    assert_int_equal(tablet_host_epoch(self.host), 9);

    /* one that waits in a lane while the next master comes */
    struct waited older = make(&self, TABLET_COMMAND_CLOSE, TABLET_B);
    struct waited first = make(&self, TABLET_COMMAND_OPEN, TABLET_B);
    first.command.epoch = older.command.epoch = 9;
    tablet_host_run(self.host, &first.command);
    tablet_host_run(self.host, &older.command);
    struct waited newer = make(&self, TABLET_COMMAND_LIST, "");
    newer.command.epoch = 10;
    assert_ok(run(&self, &newer), &newer.command.error);
    assert_ok(wait_for(&self, &first), &first.command.error);
    assert_int_equal(wait_for(&self, &older), STATUS_SUPERSEDED);
    host_world_deinit(&self);
}

static void a_schema_reaches_tablets_that_are_being_opened(void **state)
{
    struct host_world self;
    struct table_schema old;
    (void)state;
    host_world_init(&self, 6);
    assert_ok(table_schema_copy(&self.world.arena, &self.world.schema, &old, NULL), NULL);
    struct waited open = make(&self, TABLET_COMMAND_OPEN, TABLET_A);
    open.command.schema = &old;
    tablet_host_run(self.host, &open.command);
    tablet_world_set_families(&self.world, "f;g");
    struct waited set = make(&self, TABLET_COMMAND_SET_SCHEMA, "");
    assert_ok(run(&self, &set), &set.command.error);
    assert_true(open.is_done);
    struct served_tablet *served = NULL;
    struct region_specifier specifier = {SPAN_LITERAL(TABLET_A), true};
    assert_int_equal(tablet_service_find(self.tablets, specifier, &served), TABLET_FOUND);
    assert_int_equal(tablet_get_schema(served->tablet)->family_count, 2);
    served_tablet_unref(served);
    host_world_deinit(&self);
}

/* ---- Requests that wait ---- */

struct waiting {
    struct tablet_waiter waiter;
    struct host_world *self;
    bool is_done;
    enum tablet_lookup found; /* when it went on */
};

static enum tablet_lookup look_up(struct host_world *self, const char *tablet_id)
{
    struct served_tablet *served = NULL;
    struct region_specifier specifier = {span_string(tablet_id), true};
    enum tablet_lookup found = tablet_service_find(self->tablets, specifier, &served);
    served_tablet_unref(served);
    return found;
}

static void on_resume(struct tablet_waiter *waiter)
{
    struct waiting *waiting = (struct waiting *)waiter;
    waiting->found = look_up(waiting->self, TABLET_A);
    tablet_world_signal(&waiting->self->world, &waiting->is_done);
}

static bool begin_waiting(struct host_world *self, struct waiting *waiting, uint64_t due_ns)
{
    *waiting = (struct waiting){.waiter.resume = on_resume, .self = self};
    return tablet_service_wait(self->tablets, SPAN_LITERAL(TABLET_A), due_ns, &waiting->waiter);
}

static void requests_wait_for_a_tablet_that_is_expected(void **state)
{
    struct host_world self;
    struct waiting waiting;
    (void)state;
    host_world_init(&self, 8);
    assert_false(begin_waiting(&self, &waiting, 0)); /* nobody knows of it */
    struct waited expect = make(&self, TABLET_COMMAND_EXPECT, TABLET_A);
    assert_ok(run(&self, &expect), &expect.command.error);
    assert_int_equal(look_up(&self, TABLET_A), TABLET_OPENING);
    assert_true(begin_waiting(&self, &waiting, 0));
    struct waited open = make(&self, TABLET_COMMAND_OPEN, TABLET_A);
    assert_ok(run(&self, &open), &open.command.error);
    assert_false(open.command.was_done);
    tablet_world_wait(&self.world, &waiting.is_done);
    assert_int_equal(waiting.found, TABLET_FOUND);
    assert_false(begin_waiting(&self, &waiting, 0)); /* it is open */
    host_world_deinit(&self);
}

static void requests_wait_for_a_tablet_that_moves_away(void **state)
{
    struct host_world self;
    struct waiting waiting;
    struct server_name elsewhere = {SPAN_LITERAL("far.example"), 16020, 77};
    (void)state;
    host_world_init(&self, 9);
    struct waited open = make(&self, TABLET_COMMAND_OPEN, TABLET_A);
    assert_ok(run(&self, &open), &open.command.error);
    struct waited close = make(&self, TABLET_COMMAND_CLOSE, TABLET_A);
    close.command.destination = &elsewhere;
    tablet_host_run(self.host, &close.command);
    assert_int_equal(look_up(&self, TABLET_A), TABLET_CLOSING);
    assert_true(begin_waiting(&self, &waiting, 0));
    assert_ok(wait_for(&self, &close), &close.command.error);
    tablet_world_wait(&self.world, &waiting.is_done);
    assert_int_equal(waiting.found, TABLET_ABSENT);
    host_world_deinit(&self);
}

static void nobody_waits_for_ever(void **state)
{
    struct host_world self;
    struct waiting waiting;
    (void)state;
    host_world_init(&self, 10);
    struct waited expect = make(&self, TABLET_COMMAND_EXPECT, TABLET_A);
    assert_ok(run(&self, &expect), &expect.command.error);
    uint64_t start_ns = env_monotonic_ns(self.world.env);
    assert_true(begin_waiting(&self, &waiting, start_ns + 1000000));
    tablet_world_wait(&self.world, &waiting.is_done);
    assert_int_equal(waiting.found, TABLET_OPENING);
    assert_true(begin_waiting(&self, &waiting, 0));
    tablet_world_wait(&self.world, &waiting.is_done);
    assert_int_equal(waiting.found, TABLET_OPENING);
    assert_true(env_monotonic_ns(self.world.env) - start_ns >= HOLD_MS * 1000000ull);
    /* and nothing is expected for ever */
    for (unsigned i = 0; i <= EXPECT_MS / HOLD_MS && look_up(&self, TABLET_A) != TABLET_ABSENT; i++)
        if (begin_waiting(&self, &waiting, 0))
            tablet_world_wait(&self.world, &waiting.is_done);
    assert_int_equal(look_up(&self, TABLET_A), TABLET_ABSENT);
    host_world_deinit(&self);
}

static void a_tablet_that_cannot_be_opened_says_why_and_leaves_no_trace(void **state)
{
    struct host_world self;
    (void)state;
    host_world_init(&self, 7);
    struct waited open = make(&self, TABLET_COMMAND_OPEN, "cccccccccccccccccccccccccccccccc");
    assert_true(run(&self, &open) != STATUS_OK);
    assert_non_null(strstr(open.command.error.message, "cccccccc"));
    struct waited list = make(&self, TABLET_COMMAND_LIST, "");
    assert_ok(run(&self, &list), &list.command.error);
    assert_int_equal(list.command.tablet_count, 0);
    host_world_deinit(&self);
}

/* ---- Heat of what was closed ---- */

static void read_times(struct host_world *self, const char *tablet_id, uint64_t times)
{
    struct served_tablet *served = NULL;
    struct region_specifier specifier = {span_string(tablet_id), true};
    struct heat_use use = {.kind = HEAT_READS, .operations = times};
    assert_int_equal(tablet_service_find(self->tablets, specifier, &served), TABLET_FOUND);
    tablet_heat_add(&served->heat, &use, SPAN_LITERAL("c"), SPAN_LITERAL("c"));
    served_tablet_unref(served);
}

/* Reads of tablet A in the report's last minute but `back`, where it is open and where it was closed. */
static void expect_reads(struct host_world *self, struct heat_collector *collector, size_t back,
    double open, double closed)
{
    struct arena arena = {0};
    struct heat_report report;
    struct server_name name = {.host = SPAN_LITERAL("h"), .port = 1, .start_code = 1};
    double sums[2] = {0};
    assert_ok(heat_collector_report(collector, &name, 1, collector->second, &arena, &report), NULL);
    const struct heat_minute *minute = &report.minutes[report.minute_count - 1 - back];
    for (size_t c = 0; c < minute->column_count; c++)
        for (size_t i = 0; i < minute->columns[c].axis.count; i++) {
            assert_string_equal(minute->columns[c].tablet_id, TABLET_A);
            assert_spans_equal(minute->columns[c].table, self->world.schema.name);
            sums[minute->columns[c].is_closed] += minute->columns[c].axis.values[i].of[HEAT_READS];
        }
    arena_deinit(&arena);
    assert_true(sums[0] == open);
    assert_true(sums[1] == closed);
}

/* Moved away, back, and away again: every call is in the minute in which it was, to the last one before the close. */
static void what_a_closed_tablet_took_is_still_reported(void **state)
{
    struct host_world self;
    host_world_init(&self, 3);
    (void)state;
    struct heat_collector collector = {.tablets = self.tablets};
    for (unsigned round = 0; round < 2; round++) {
        struct waited open = make(&self, TABLET_COMMAND_OPEN, TABLET_A);
        assert_ok(run(&self, &open), &open.command.error);
        read_times(&self, TABLET_A, 10);
        (void)heat_collector_second(&collector, 6000 + round);
        read_times(&self, TABLET_A, 7); /* since then */
        expect_reads(&self, &collector, 0, 17, round * 17);
        struct waited close = make(&self, TABLET_COMMAND_CLOSE, TABLET_A);
        assert_ok(run(&self, &close), &close.command.error);
        expect_reads(&self, &collector, 0, 0, (round + 1) * 17);
    }
    assert_true(heat_collector_second(&collector, 6060));
    expect_reads(&self, &collector, 0, 0, 0);
    expect_reads(&self, &collector, 1, 0, 34);
    for (int64_t minute = 102; minute <= 102 + TABLET_HEAT_MINUTES; minute++)
        (void)heat_collector_second(&collector, minute * 60);
    assert_int_equal(closed_heat_count(tablet_service_closed_heat(self.tablets)), 0);
    host_world_deinit(&self);
}

/* ---- Buckets of a tablet that is being filled ---- */

static void fill(struct host_world *self, unsigned from, unsigned to)
{
    char row[16];
    for (unsigned i = from; i < to; i++) {
        snprintf(row, sizeof row, "a%05u", i);
        assert_ok(write_row(self, TABLET_A, row), NULL);
    }
}

/* How many of its buckets begin behind `row`, once the collector has looked in that second. */
static size_t buckets_behind(
    struct host_world *self, struct heat_collector *collector, int64_t second, const char *row)
{
    struct arena arena = {0};
    struct heat_report report;
    struct server_name name = {.host = SPAN_LITERAL("h"), .port = 1, .start_code = 1};
    size_t behind = 0;
    read_times(self, TABLET_A, 1);
    (void)heat_collector_second(collector, second);
    read_times(self, TABLET_A, 1); /* of the minute that runs now */
    assert_ok(heat_collector_report(collector, &name, 1, second, &arena, &report), NULL);
    const struct heat_minute *minute = &report.minutes[report.minute_count - 1];
    assert_int_equal(minute->column_count, 1);
    for (size_t i = 0; i < minute->columns[0].axis.count; i++)
        behind += span_compare(minute->columns[0].axis.starts[i], span_string(row)) > 0;
    arena_deinit(&arena);
    return behind;
}

/* Its first buckets are cut anew for some seconds, when its data have grown by a quarter; then they last until the minute ends. */
static void buckets_of_a_young_tablet_follow_its_data(void **state)
{
    struct host_world self;
    (void)state;
    host_world_init(&self, 5);
    struct heat_collector collector = {.tablets = self.tablets};
    struct waited open = make(&self, TABLET_COMMAND_OPEN, TABLET_A);
    assert_ok(run(&self, &open), &open.command.error);
    fill(&self, 0, 200);
    assert_int_equal(buckets_behind(&self, &collector, 6000, "a00199"), 0);
    assert_true(buckets_behind(&self, &collector, 6001, "a00100") > 10);
    fill(&self, 200, 230); /* less than a quarter more */
    assert_int_equal(buckets_behind(&self, &collector, 6002, "a00200"), 0);
    fill(&self, 230, 400);
    assert_true(buckets_behind(&self, &collector, 6000 + HEAT_YOUNG_S, "a00200") > 10);
    fill(&self, 400, 800);
    assert_int_equal(buckets_behind(&self, &collector, 6000 + HEAT_YOUNG_S + 1, "a00400"), 0);
    assert_int_equal(buckets_behind(&self, &collector, 6059, "a00400"), 0);
    assert_true(buckets_behind(&self, &collector, 6060, "a00400") > 10);
    host_world_deinit(&self);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opens_and_closes_once_however_often_it_is_told),
        cmocka_unit_test(a_prepared_close_flushes_while_it_serves),
        cmocka_unit_test(where_a_tablet_went_is_forgotten_soon),
        cmocka_unit_test(rows_are_read_some_at_a_time),
        cmocka_unit_test(commands_of_one_tablet_keep_their_order),
        cmocka_unit_test(a_master_of_a_lower_epoch_is_refused),
        cmocka_unit_test(a_schema_reaches_tablets_that_are_being_opened),
        cmocka_unit_test(requests_wait_for_a_tablet_that_is_expected),
        cmocka_unit_test(requests_wait_for_a_tablet_that_moves_away),
        cmocka_unit_test(nobody_waits_for_ever),
        cmocka_unit_test(a_tablet_that_cannot_be_opened_says_why_and_leaves_no_trace),
        cmocka_unit_test(what_a_closed_tablet_took_is_still_reported),
        cmocka_unit_test(buckets_of_a_young_tablet_follow_its_data),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
