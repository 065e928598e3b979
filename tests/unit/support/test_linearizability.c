/* The checker against a register that is right, and against one with a bug planted: a check that
 * finds nothing wrong is worth as much as the bugs it is known to find. */
#include "tests/support/linearizability.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/support/support.h"

enum {
    CLIENTS = 4,
    STEPS = 400,
    ROWS = 3,
    VALUE_SIZE = 64,
    SEEDS = 60,
};

enum bug {
    NO_BUG,
    LOST_WRITE,            /* a put is acknowledged and never happens */
    LOST_AFTER_A_WHILE,    /* a put is undone some time after its acknowledgement, as by a crash */
    STALE_READ,            /* a read gives the value before the newest */
    STALE_AFTER_MOVE,      /* one client's reads come from an old owner */
    DIRTY_READ,            /* a read shows a put that then never happens */
    DOUBLE_APPEND,         /* a retried append happens twice */
    DOUBLE_INCREMENT,      /* a retried increment happens twice */
    LOST_INCREMENT,        /* two increments start from the same number */
    LOST_APPEND,           /* two appends start from the same bytes */
    RESURRECTED,           /* a deleted value is back later */
    DELETE_WITHOUT_EFFECT, /* a delete is acknowledged and does nothing */
    CHECK_IS_BLIND,        /* check and put does not look */
    CHECK_SAYS_NO,         /* check and put says "not equal" and puts */
    CHECK_IS_NOT_ATOMIC,   /* check and put looks first and puts later */
    CHECK_AND_DELETE_LIES, /* check and delete says "done" and leaves the row */
    LATE_WRITE,            /* an acknowledged put happens once more, later: a zombie */
    EARLY_ANSWER,          /* a put is acknowledged before it happens */
    WRONG_ROW,             /* a put lands in the next row */
    FAILED_BUT_DONE,       /* a put that is said to have failed is there */
    GHOST,                 /* a put of unknown outcome comes, goes and comes again */
    WRONG_SUM,             /* an increment answers the number before it */
    BUGS,
};

struct value {
    bool is_there;
    size_t size;
    uint8_t bytes[VALUE_SIZE];
};

struct row {
    struct value now, before; /* `before` the newest change */
    struct value oldest;      /* what an old owner has */
    struct value later;       /* what a bug brings back */
    uint64_t later_at;        /* step; 0 = nothing */
};

struct client {
    bool is_busy, is_applied;
    size_t row;
    size_t operation;
    struct history_call call;
    uint8_t bytes[8];
    uint8_t expected_bytes[VALUE_SIZE];
    struct value seen; /* what a step before the effect looked at */
    bool has_seen;
    struct history_answer answer;
    struct value answer_value;
    bool is_lost;  /* nobody will know */
    bool is_wrong; /* the bug strikes here */
};

struct world {
    struct dice dice;
    enum bug bug;
    struct history *history;
    struct row rows[ROWS + 1];
    struct client clients[CLIENTS];
    uint64_t step, last_value;
};

static const char *const row_names[ROWS] = {"register", "counter", "list"};

static struct span span_of(const struct value *value)
{
    return span_make(value->bytes, value->size);
}

static void set(struct row *row, struct span bytes, bool is_there)
{
    row->before = row->now;
    if (row->later_at == 0)
        row->oldest = row->now;
    row->now = (struct value){.is_there = is_there, .size = bytes.size};
    if (bytes.size)
        memcpy(row->now.bytes, bytes.data, bytes.size);
}

static bool is_equal(const struct value *value, const struct history_value *expected)
{
    return value->is_there == expected->is_there &&
           (!value->is_there || span_equal(span_of(value), expected->bytes));
}

/* ---- Beginning ---- */

static void choose_call(struct world *world, struct client *client)
{
    struct history_call *call = &client->call;
    uint64_t choice = dice_below(&world->dice, 10);
    client->row = (size_t)dice_below(&world->dice, ROWS);
    *call = (struct history_call){
        .row = row_names[client->row], .client = (unsigned)(client - world->clients)};
    store_be64(client->bytes, ++world->last_value);
    if (choice < 3) {
        call->kind = HISTORY_GET;
        return;
    }
    if (client->row == 1) {
        call->kind = choice < 9 ? HISTORY_INCREMENT : HISTORY_DELETE;
        call->amount = 1 + (int64_t)dice_below(&world->dice, 3);
        return;
    }
    call->value = span_make(client->bytes, client->row == 2 ? 1 : 8);
    if (client->row == 2) {
        client->bytes[0] = (uint8_t)('a' + world->last_value % 26);
        call->kind = choice < 8 && world->rows[2].now.size < VALUE_SIZE - 8 ? HISTORY_APPEND
                                                                            : HISTORY_DELETE;
        return;
    }
    const struct value *now = &world->rows[0].now;
    call->kind = choice < 6   ? HISTORY_PUT
                 : choice < 7 ? HISTORY_DELETE
                 : choice < 9 ? HISTORY_CHECK_AND_PUT
                              : HISTORY_CHECK_AND_DELETE;
    memcpy(client->expected_bytes, now->bytes, now->size);
    call->expected = (struct history_value){
        now->is_there, span_make(client->expected_bytes, now->size)};
    if (dice_chance(&world->dice, 20))
        call->expected = (struct history_value){true, SPAN_LITERAL("something else")};
}

static void begin(struct world *world, struct client *client)
{
    *client = (struct client){.is_busy = true};
    choose_call(world, client);
    client->is_lost = dice_chance(&world->dice, 3);
    client->is_wrong = dice_chance(&world->dice, 20);
    client->answer.outcome = HISTORY_OK;
    client->operation = history_invoke(world->history, &client->call, world->step);
}

/* ---- Taking effect ---- */

static void answer_with(struct client *client, const struct value *value)
{
    client->answer_value = *value;
    client->answer.value = (struct history_value){value->is_there, span_of(&client->answer_value)};
}

static void read_row(struct world *world, struct client *client, struct row *row)
{
    answer_with(client, &row->now);
    if (world->bug == STALE_READ && client->is_wrong)
        answer_with(client, &row->before);
    if (world->bug == STALE_AFTER_MOVE && client == world->clients)
        answer_with(client, &row->oldest);
    if (world->bug == STALE_AFTER_MOVE)
        row->later_at = UINT64_MAX; /* from here on the old owner hears nothing */
    if (world->bug == DIRTY_READ && client->is_wrong && client->row == 0) {
        struct value ghost = {.is_there = true, .size = 8};
        for (size_t i = 0; i < CLIENTS; i++) {
            const struct client *other = &world->clients[i];
            if (!other->is_busy || other->is_applied || other->call.kind != HISTORY_PUT)
                continue;
            memcpy(ghost.bytes, other->bytes, 8);
            answer_with(client, &ghost);
            world->clients[i].is_applied = true; /* and so it never happens */
            world->clients[i].answer.outcome = HISTORY_FAILED;
        }
    }
}

static void put_row(struct world *world, struct client *client, struct row *row)
{
    bool is_wrong = client->is_wrong && client->row == 0;
    uint64_t later = world->step + 20;
    if (is_wrong && world->bug == LOST_WRITE)
        return;
    if (is_wrong && world->bug == WRONG_ROW) {
        set(&world->rows[ROWS], client->call.value, true);
        return;
    }
    struct value before = row->now;
    set(row, client->call.value, true);
    if (is_wrong && world->bug == LOST_AFTER_A_WHILE && !client->is_lost) {
        row->later = before;
        row->later_at = later;
    }
    if (is_wrong && world->bug == LATE_WRITE && !client->is_lost) {
        row->later = row->now;
        row->later_at = later;
    }
    if (is_wrong && world->bug == FAILED_BUT_DONE)
        client->answer.outcome = HISTORY_FAILED;
    if (is_wrong && world->bug == GHOST) {
        client->is_lost = true;
        row->later = row->now;
        row->later_at = later;
    }
}

static void delete_row(struct world *world, struct client *client, struct row *row)
{
    if (client->is_wrong && world->bug == DELETE_WITHOUT_EFFECT)
        return;
    if (client->is_wrong && world->bug == RESURRECTED && row->now.is_there) {
        row->later = row->now;
        row->later_at = world->step + 20;
    }
    set(row, SPAN_EMPTY, false);
}

static void check_row(struct world *world, struct client *client, struct row *row)
{
    const struct value *looked_at = client->has_seen ? &client->seen : &row->now;
    bool is_done = is_equal(looked_at, &client->call.expected);
    client->answer.is_done = is_done;
    if (client->call.kind == HISTORY_CHECK_AND_DELETE) {
        if (is_done && !(client->is_wrong && world->bug == CHECK_AND_DELETE_LIES))
            set(row, SPAN_EMPTY, false);
        return;
    }
    if (world->bug == CHECK_IS_BLIND && client->is_wrong)
        client->answer.is_done = is_done = true;
    if (is_done)
        set(row, client->call.value, true);
    if (world->bug == CHECK_SAYS_NO && client->is_wrong)
        client->answer.is_done = false;
}

static void add_to_row(struct world *world, struct client *client, struct row *row)
{
    const struct value *base = client->has_seen ? &client->seen : &row->now;
    uint8_t sum[VALUE_SIZE + 16];
    bool is_increment = client->call.kind == HISTORY_INCREMENT;
    bool is_double = client->is_wrong &&
                     world->bug == (is_increment ? DOUBLE_INCREMENT : DOUBLE_APPEND);
    size_t size = is_increment ? 8 : base->size;
    uint64_t number = base->is_there && is_increment ? load_be64(base->bytes) : 0;
    memcpy(sum, base->bytes, base->size);
    for (int times = 0; times < 1 + is_double; times++) {
        number += (uint64_t)client->call.amount;
        if (!is_increment)
            sum[size++] = client->bytes[0];
    }
    if (is_increment)
        store_be64(sum, number);
    struct value before = row->now;
    set(row, span_make(sum, size), true);
    answer_with(client, &row->now);
    if (world->bug == WRONG_SUM && client->is_wrong && before.is_there)
        answer_with(client, &before);
}

static void apply(struct world *world, struct client *client)
{
    struct row *row = &world->rows[client->row];
    bool looks_first = (world->bug == LOST_INCREMENT && client->call.kind == HISTORY_INCREMENT) ||
                       (world->bug == LOST_APPEND && client->call.kind == HISTORY_APPEND) ||
                       (world->bug == CHECK_IS_NOT_ATOMIC &&
                           client->call.kind == HISTORY_CHECK_AND_PUT);
    if (looks_first && !client->has_seen) {
        client->seen = row->now;
        client->has_seen = true;
        return;
    }
    client->is_applied = true;
    switch (client->call.kind) {
    case HISTORY_GET:
        read_row(world, client, row);
        break;
    case HISTORY_PUT:
        put_row(world, client, row);
        break;
    case HISTORY_DELETE:
        delete_row(world, client, row);
        break;
    case HISTORY_CHECK_AND_PUT:
    case HISTORY_CHECK_AND_DELETE:
        check_row(world, client, row);
        break;
    default:
        add_to_row(world, client, row);
    }
}

/* ---- A run ---- */

static void end(struct world *world, struct client *client)
{
    if (client->is_lost)
        client->answer.outcome = HISTORY_UNKNOWN;
    history_return(world->history, client->operation, &client->answer, world->step);
    client->is_busy = false;
}

static void step(struct world *world)
{
    struct client *client = &world->clients[dice_below(&world->dice, CLIENTS)];
    world->step++;
    for (size_t i = 0; i < ROWS; i++)
        if (world->rows[i].later_at == world->step) {
            world->rows[i].now = world->rows[i].later;
            world->rows[i].later_at = 0;
        }
    bool is_early = world->bug == EARLY_ANSWER && client->is_wrong &&
                    client->call.kind == HISTORY_PUT;
    if (!client->is_busy && is_early && !client->is_applied)
        apply(world, client);
    else if (!client->is_busy)
        begin(world, client);
    else if (!client->is_applied && is_early)
        end(world, client);
    else if (!client->is_applied && !(client->is_lost && dice_chance(&world->dice, 30)))
        apply(world, client);
    else
        end(world, client);
}

static bool run(uint64_t seed, enum bug bug, struct buffer *out_report)
{
    struct world *world = calloc(1, sizeof(*world));
    struct history_verdict verdict;
    assert_non_null(world);
    world->dice.state = seed;
    world->bug = bug;
    world->history = history_new();
    while (world->step < STEPS)
        step(world);
    bool is_linearizable = history_check(world->history, &verdict, out_report);
    assert_int_equal(verdict.undecided, 0);
    history_free(world->history);
    free(world);
    return is_linearizable;
}

static void check_right(uint64_t seed, void *context)
{
    struct buffer report = {0};
    (void)context;
    if (!run(seed, NO_BUG, &report))
        fail_msg("a history that is right was refused:\n%.*s", (int)report.size, report.data);
    buffer_deinit(&report);
}

static void what_is_right_passes(void **state)
{
    (void)state;
    for_each_seed(300, check_right, NULL);
}

static void every_planted_bug_is_caught(void **state)
{
    (void)state;
    for (enum bug bug = NO_BUG + 1; bug < BUGS; bug++) {
        unsigned caught = 0;
        for (uint64_t seed = 1; seed <= SEEDS; seed++) {
            struct buffer report = {0};
            caught += !run(seed, bug, &report);
            buffer_deinit(&report);
        }
        printf("bug %2d: caught by %u of %d seeds\n", bug, caught, SEEDS);
        assert_true(caught >= SEEDS / 10);
    }
}

static void a_report_names_the_row_and_its_operations(void **state)
{
    (void)state;
    struct history *history = history_new();
    struct history_verdict verdict;
    struct buffer report = {0};
    struct history_answer done = {.outcome = HISTORY_OK};
    size_t put = history_invoke(history,
        &(struct history_call){
            .row = "r", .client = 1, .kind = HISTORY_PUT, .value = SPAN_LITERAL("new")},
        1000000);
    history_return(history, put, &done, 2000000);
    size_t get = history_invoke(
        history, &(struct history_call){.row = "r", .client = 2, .kind = HISTORY_GET}, 3000000);
    history_return(history, get, &done, 4000000);
    assert_false(history_check(history, &verdict, &report));
    buffer_put_u8(&report, 0);
    assert_non_null(strstr((char *)report.data, "row r"));
    assert_non_null(strstr((char *)report.data, "put \"new\" -> done"));
    assert_non_null(strstr((char *)report.data, "get -> absent"));
    assert_int_equal(verdict.operations, 2);
    buffer_deinit(&report);
    history_free(history);
}

static void what_nobody_knows_may_have_happened_or_not(void **state)
{
    (void)state;
    for (int is_seen = 0; is_seen < 2; is_seen++) {
        struct history *history = history_new();
        struct history_verdict verdict;
        struct buffer report = {0};
        struct history_answer answer = {.outcome = HISTORY_OK};
        if (is_seen)
            answer.value = (struct history_value){true, SPAN_LITERAL("v")};
        history_invoke(history,
            &(struct history_call){.row = "r", .kind = HISTORY_PUT, .value = SPAN_LITERAL("v")}, 1);
        size_t get = history_invoke(
            history, &(struct history_call){.row = "r", .kind = HISTORY_GET}, 2);
        history_return(history, get, &answer, 3);
        assert_true(history_check(history, &verdict, &report));
        assert_int_equal(verdict.unknown, 1);
        buffer_deinit(&report);
        history_free(history);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_right_passes),
        cmocka_unit_test(every_planted_bug_is_caught),
        cmocka_unit_test(a_report_names_the_row_and_its_operations),
        cmocka_unit_test(what_nobody_knows_may_have_happened_or_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
