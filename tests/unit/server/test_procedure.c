#include "tests/support/support.h"

#include "server/master/procedure.h"

/* Walks a procedure from its begin, every action succeeding, until it finishes; the actions, in order. */
static size_t walk(struct procedure *procedure, enum procedure_action *out_actions, size_t room)
{
    enum procedure_event event = PROCEDURE_BEGIN;
    for (size_t count = 0; count < room; count++) {
        struct procedure_decision decision = procedure_step(procedure, event);
        assert_false(decision.is_delayed);
        procedure->step = decision.step;
        procedure->is_undoing = decision.is_undoing;
        out_actions[count] = decision.action;
        if (decision.action == ACTION_FINISH)
            return count + 1;
        event = PROCEDURE_DONE;
    }
    fail_msg("the procedure does not end");
    return 0;
}

#define assert_walk(kind_, undoing, ...)                                                           \
    do {                                                                                           \
        static const enum procedure_action expected[] = {__VA_ARGS__};                             \
        enum procedure_action actions[32];                                                         \
        struct procedure procedure = {.kind = (kind_), .is_undoing = (undoing)};                   \
        assert_int_equal(walk(&procedure, actions, 32), sizeof expected / sizeof expected[0]);     \
        assert_memory_equal(actions, expected, sizeof expected);                                   \
    } while (0)

static void each_kind_walks_its_list(void **state)
{
    (void)state;
    assert_walk(PROCEDURE_CREATE, false, ACTION_COMMIT_ENABLING, ACTION_CREATE_TABLETS,
        ACTION_META_ROWS, ACTION_OPEN, ACTION_COMMIT_ENABLED, ACTION_META_STATE, ACTION_FINISH);
    assert_walk(PROCEDURE_DELETE, false, ACTION_COMMIT_DROPPED, ACTION_META_REMOVE, ACTION_REMOVE,
        ACTION_FINISH);
    assert_walk(PROCEDURE_ENABLE, false, ACTION_COMMIT_ENABLING, ACTION_META_STATE, ACTION_OPEN,
        ACTION_COMMIT_ENABLED, ACTION_META_STATE, ACTION_FINISH);
    assert_walk(PROCEDURE_DISABLE, false, ACTION_COMMIT_DISABLING, ACTION_META_STATE, ACTION_CLOSE,
        ACTION_COMMIT_DISABLED, ACTION_META_STATE, ACTION_FINISH);
    assert_walk(PROCEDURE_MODIFY, false, ACTION_COMMIT_SCHEMA, ACTION_SET_SCHEMA, ACTION_FINISH);
    assert_walk(PROCEDURE_TRUNCATE, false, ACTION_COMMIT_NEW, ACTION_CREATE_NEW_TABLETS,
        ACTION_COMMIT_DROPPED, ACTION_META_REMOVE, ACTION_SWAP, ACTION_META_ROWS, ACTION_OPEN,
        ACTION_COMMIT_ENABLED, ACTION_META_STATE, ACTION_REMOVE_OLD, ACTION_FINISH);
    assert_walk(PROCEDURE_ASSIGN, false, ACTION_OPEN_SOURCES, ACTION_FINISH);
    assert_walk(PROCEDURE_UNASSIGN, false, ACTION_CLOSE_SOURCES, ACTION_FINISH);
    assert_walk(PROCEDURE_MOVE, false, ACTION_CLOSE_SOURCES, ACTION_OPEN_SOURCES, ACTION_FINISH);
    assert_walk(PROCEDURE_SPLIT, false, ACTION_FIND_SPLIT_ROW, ACTION_CLOSE_SOURCES, ACTION_DIVIDE,
        ACTION_OPEN_CHILDREN, ACTION_META_CHILDREN, ACTION_FINISH);
    assert_walk(PROCEDURE_MERGE, false, ACTION_CLOSE_SOURCES, ACTION_JOIN, ACTION_OPEN_CHILDREN,
        ACTION_META_CHILDREN, ACTION_FINISH);
    assert_walk(PROCEDURE_CRASH, false, ACTION_BURY, ACTION_RELEASE, ACTION_FINISH);
    assert_walk(PROCEDURE_SNAPSHOT, false, ACTION_FLUSH, ACTION_SNAPSHOT, ACTION_FINISH);
    assert_walk(PROCEDURE_CLONE, false, ACTION_COMMIT_ENABLING, ACTION_CLONE_TABLETS,
        ACTION_META_ROWS, ACTION_OPEN, ACTION_COMMIT_ENABLED, ACTION_META_STATE, ACTION_FINISH);
    assert_walk(PROCEDURE_RESTORE, false, ACTION_COMMIT_SCHEMA, ACTION_META_REMOVE, ACTION_RESTORE,
        ACTION_META_ROWS, ACTION_META_STATE, ACTION_FINISH);
}

/* Steps whose state is on disk before them, as bits; step 0 always is. */
static unsigned checkpoints(enum procedure_kind kind, uint32_t steps)
{
    unsigned bits = 0;
    for (uint32_t step = 0; step < steps; step++) {
        struct procedure procedure = {.kind = kind, .step = step};
        bits |= (unsigned)procedure_step(&procedure, PROCEDURE_BEGIN).is_state_due << step;
    }
    return bits;
}

/* No state is written while rows cannot be: neither between close and open, nor between close and the commit. */
static void a_tablet_that_moves_waits_for_no_state(void **state)
{
    (void)state;
    assert_int_equal(checkpoints(PROCEDURE_MOVE, 3), 1);
    assert_int_equal(checkpoints(PROCEDURE_MERGE, 5), 1);
    assert_int_equal(
        checkpoints(PROCEDURE_SPLIT, 6), 3); /* the daughters are named on disk first */
    assert_int_equal(checkpoints(PROCEDURE_CREATE, 6), 1 | 1 << 3); /* before it can be served */
    assert_int_equal(checkpoints(PROCEDURE_DISABLE, 5), 1);
}

/* Old and new trade places: what was done is on disk before what comes next. */
static void a_truncate_and_a_restore_have_a_state_before_each_step(void **state)
{
    (void)state;
    assert_int_equal(checkpoints(PROCEDURE_TRUNCATE, 10), 1023);
    assert_int_equal(checkpoints(PROCEDURE_RESTORE, 5), 31);
}

/* What a failure at a step does. */
enum reaction { IT_IS_TRIED_AGAIN, IT_IS_UNDONE, IT_ENDS };

static enum reaction reaction_of(const struct procedure_decision *decision)
{
    if (decision->is_delayed)
        return IT_IS_TRIED_AGAIN;
    assert_true(decision->has_failed);
    if (decision->is_undoing) {
        assert_int_equal(decision->step, 0);
        return IT_IS_UNDONE;
    }
    assert_int_equal(decision->action, ACTION_FINISH);
    return IT_ENDS;
}

static void each_failure_has_its_reaction(void **state)
{
    static const struct {
        enum procedure_kind kind;
        uint32_t step;
        enum reaction reaction;
    } cases[] = {
        {PROCEDURE_ASSIGN, 0, IT_ENDS},
        {PROCEDURE_UNASSIGN, 0, IT_ENDS},
        {PROCEDURE_MOVE, 0, IT_ENDS},
        {PROCEDURE_MOVE, 1, IT_ENDS}, /* the assigner goes on trying */
        {PROCEDURE_SPLIT, 0, IT_IS_UNDONE},
        {PROCEDURE_SPLIT, 1, IT_IS_UNDONE},
        {PROCEDURE_SPLIT, 2, IT_IS_UNDONE},
        {PROCEDURE_SPLIT, 3, IT_IS_TRIED_AGAIN},
        {PROCEDURE_SPLIT, 4, IT_IS_TRIED_AGAIN},
        {PROCEDURE_MERGE, 0, IT_IS_UNDONE},
        {PROCEDURE_MERGE, 1,
            IT_IS_TRIED_AGAIN}, /* once a parent says merged there is no way back */
        {PROCEDURE_MERGE, 3, IT_IS_TRIED_AGAIN},
        {PROCEDURE_CRASH, 0, IT_IS_TRIED_AGAIN},
        {PROCEDURE_CRASH, 1, IT_IS_TRIED_AGAIN},
        {PROCEDURE_SNAPSHOT, 0, IT_ENDS},
        {PROCEDURE_SNAPSHOT, 1, IT_ENDS},
        {PROCEDURE_CLONE, 1, IT_IS_UNDONE},
        {PROCEDURE_CLONE, 4, IT_IS_TRIED_AGAIN},
        {PROCEDURE_RESTORE, 2, IT_IS_TRIED_AGAIN},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct procedure procedure = {.kind = cases[i].kind, .step = cases[i].step};
        struct procedure_decision decision = procedure_step(&procedure, PROCEDURE_FAILED);
        if (reaction_of(&decision) != cases[i].reaction)
            fail_msg("%s, step %u", procedure_kind_name(cases[i].kind), cases[i].step);
    }
}

static void a_split_that_is_undone_opens_its_parent(void **state)
{
    (void)state;
    assert_walk(PROCEDURE_SPLIT, true, ACTION_OPEN_SOURCES, ACTION_FINISH);
    assert_walk(PROCEDURE_MERGE, true, ACTION_OPEN_SOURCES, ACTION_FINISH);
}

/* A master that did not know yet that it was deposed has committed it: its successor, undoing, goes on from the commit. */
static void what_cannot_be_undone_goes_forward(void **state)
{
    (void)state;
    static const struct {
        enum procedure_kind kind;
        enum procedure_action commit;
    } cases[] = {{PROCEDURE_SPLIT, ACTION_DIVIDE}, {PROCEDURE_MERGE, ACTION_JOIN}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct procedure procedure = {.kind = cases[i].kind, .is_undoing = true};
        struct procedure_decision decision = procedure_step(&procedure, PROCEDURE_PASSED);
        assert_int_equal(decision.action, cases[i].commit);
        assert_false(decision.is_undoing);
        assert_true(decision.is_delayed); /* never in a tight loop */
    }
}

static void a_table_that_is_gone_ends_what_would_go_on(void **state)
{
    (void)state;
    static const enum procedure_kind kinds[] = {
        PROCEDURE_ENABLE, PROCEDURE_DISABLE, PROCEDURE_MODIFY};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        struct procedure procedure = {.kind = kinds[i]};
        struct procedure_decision decision = procedure_step(&procedure, PROCEDURE_GONE);
        assert_int_equal(decision.action, ACTION_FINISH);
        assert_true(decision.has_failed);
        assert_false(decision.is_delayed);
    }
    struct procedure delete = {.kind = PROCEDURE_DELETE, .step = 2};
    assert_true(procedure_step(&delete, PROCEDURE_GONE).is_delayed);
}

static struct procedure on(
    enum procedure_kind kind, const char *table, struct span *sources, size_t count)
{
    return (struct procedure){
        .kind = kind, .table_name = span_string(table), .sources = sources, .source_count = count};
}

static void locks_conflict_by_table_tablet_and_server(void **state)
{
    struct span a = SPAN_LITERAL("a"), b = SPAN_LITERAL("b"), both[2] = {a, b};
    struct procedure move_a = on(PROCEDURE_MOVE, "t", &a, 1);
    struct procedure split_b = on(PROCEDURE_SPLIT, "t", &b, 1);
    struct procedure merge = on(PROCEDURE_MERGE, "t", both, 2);
    struct procedure disable = on(PROCEDURE_DISABLE, "t", NULL, 0);
    struct procedure other = on(PROCEDURE_DISABLE, "u", NULL, 0);
    struct procedure crash_1 = {.kind = PROCEDURE_CRASH, .server = SPAN_LITERAL("h,1,1")};
    struct procedure crash_2 = {.kind = PROCEDURE_CRASH, .server = SPAN_LITERAL("h,1,2")};
    (void)state;
    assert_false(procedure_conflicts(&move_a, &split_b));
    assert_true(procedure_conflicts(&move_a, &merge));
    assert_true(procedure_conflicts(&merge, &split_b));
    assert_true(procedure_conflicts(&disable, &move_a));
    assert_true(procedure_conflicts(&move_a, &disable));
    assert_true(procedure_conflicts(&disable, &disable));
    assert_false(procedure_conflicts(&disable, &other));
    assert_false(procedure_conflicts(&crash_1, &disable));
    assert_false(procedure_conflicts(&crash_1, &crash_2));
    assert_true(procedure_conflicts(&crash_1, &crash_1));
}

static void a_table_is_enabled_only_after_its_tablets_are_open(void **state)
{
    static const enum procedure_kind kinds[] = {
        PROCEDURE_CREATE, PROCEDURE_ENABLE, PROCEDURE_TRUNCATE};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        enum procedure_action actions[32];
        struct procedure procedure = {.kind = kinds[i]};
        size_t count = walk(&procedure, actions, 32), opened = 32, enabled = 32;
        for (size_t j = 0; j < count; j++) {
            if (actions[j] == ACTION_OPEN)
                opened = j;
            if (actions[j] == ACTION_COMMIT_ENABLED)
                enabled = j;
        }
        assert_true(opened < enabled);
        assert_true(enabled < count);
    }
}

static void a_create_that_fails_before_it_is_enabled_is_undone(void **state)
{
    (void)state;
    for (uint32_t step = 0; step < 6; step++) {
        struct procedure procedure = {.kind = PROCEDURE_CREATE, .step = step};
        struct procedure_decision decision = procedure_step(&procedure, PROCEDURE_FAILED);
        if (step <= 3) {
            assert_true(decision.is_undoing);
            assert_false(decision.is_delayed);
            assert_int_equal(decision.step, 0);
            assert_int_equal(decision.action, ACTION_COMMIT_DROPPED);
        } else {
            assert_false(decision.is_undoing);
            assert_true(decision.is_delayed);
            assert_int_equal(decision.step, step);
        }
    }
    assert_walk(PROCEDURE_CREATE, true, ACTION_COMMIT_DROPPED, ACTION_CLOSE, ACTION_META_REMOVE,
        ACTION_REMOVE, ACTION_FINISH);
}

/* Its rows may have been written: they are not dropped because a restart cannot open it yet. */
static void a_create_that_was_open_is_not_undone_after_a_restart(void **state)
{
    struct arena arena = {0};
    struct error error = {0};
    (void)state;
    for (uint32_t step = 2; step < 6; step++) {
        struct buffer bytes = {0};
        struct procedure procedure = {.kind = PROCEDURE_CREATE,
            .id = 1,
            .step = step,
            .table_id = "t1",
            .table_name = SPAN_LITERAL("t")};
        procedure_encode(&procedure, &bytes);
        assert_ok(procedure_decode(buffer_span(&bytes), &arena, &procedure, &error), &error);
        procedure.step = procedure_step(&procedure, PROCEDURE_RESUMED).step;
        struct procedure_decision decision = procedure_step(&procedure, PROCEDURE_FAILED);
        assert_int_equal(decision.is_undoing, step < 3);
        assert_int_equal(decision.is_delayed, step >= 3);
        buffer_deinit(&bytes);
    }
    arena_deinit(&arena);
}

static void what_fails_otherwise_is_tried_again_later(void **state)
{
    (void)state;
    for (int kind = PROCEDURE_DELETE; kind <= PROCEDURE_MODIFY; kind++) {
        for (uint32_t step = 0; step < 3; step++) {
            struct procedure procedure = {.kind = (enum procedure_kind)kind, .step = step};
            struct procedure_decision begun = procedure_step(&procedure, PROCEDURE_BEGIN);
            struct procedure_decision failed = procedure_step(&procedure, PROCEDURE_FAILED);
            if (begun.action == ACTION_FINISH)
                continue;
            assert_true(failed.is_delayed);
            assert_int_equal(failed.step, step);
            assert_int_equal(failed.action, begun.action);
        }
    }
}

static void a_restart_goes_back_to_the_open(void **state)
{
    (void)state;
    for (int kind = PROCEDURE_CREATE; kind <= PROCEDURE_MODIFY; kind++) {
        bool is_opened = false;
        for (uint32_t step = 0; step < 12; step++) {
            struct procedure procedure = {.kind = (enum procedure_kind)kind, .step = step};
            struct procedure_decision begun = procedure_step(&procedure, PROCEDURE_BEGIN);
            struct procedure_decision resumed = procedure_step(&procedure, PROCEDURE_RESUMED);
            if (is_opened)
                assert_int_equal(resumed.action, ACTION_OPEN);
            else
                assert_int_equal(resumed.step, step);
            is_opened = is_opened || begun.action == ACTION_OPEN;
        }
    }
}

static void an_undoing_that_fails_goes_on_undoing(void **state)
{
    struct procedure procedure = {.kind = PROCEDURE_CREATE, .step = 1, .is_undoing = true};
    (void)state;
    struct procedure_decision decision = procedure_step(&procedure, PROCEDURE_FAILED);
    assert_true(decision.is_undoing);
    assert_true(decision.is_delayed);
    assert_int_equal(decision.step, 1);
}

static void bytes_read_back(void **state)
{
    struct arena arena = {0};
    struct buffer bytes = {0};
    struct error error = {0};
    struct tablet_info tablets[2] = {{.id = "aaaabbbbccccddddaaaabbbbccccdddd",
                                         .table_id = "t1",
                                         .region_id = 7,
                                         .end_row = SPAN_LITERAL("m")},
        {.id = "eeeebbbbccccddddaaaabbbbccccdddd",
            .table_id = "t1",
            .region_id = 7,
            .start_row = SPAN_LITERAL("m")}};
    struct span sources[2] = {SPAN_LITERAL("a"), SPAN_LITERAL("b")};
    struct family_schema family = {.name = SPAN_LITERAL("f")};
    struct procedure procedure = {.id = 42,
        .kind = PROCEDURE_CREATE,
        .step = 3,
        .submitted_ms = 1234567,
        .table_name = SPAN_LITERAL("ns:t"),
        .table_id = "t1",
        .tablets = tablets,
        .tablet_count = 2,
        .sources = sources,
        .source_count = 2,
        .server = SPAN_LITERAL("h,1,2"),
        .row = SPAN_LITERAL("r"),
        .snapshot = SPAN_LITERAL("s"),
        .owner = SPAN_LITERAL("o"),
        .number = 77,
        .flags = 2,
        .nonce_group = 5,
        .nonce = 6};
    struct procedure read;
    (void)state;
    procedure.schema = (struct table_schema){
        .name = SPAN_LITERAL("ns:t"), .families = &family, .family_count = 1};
    procedure_encode(&procedure, &bytes);
    assert_ok(buffer_status(&bytes), NULL);
    assert_ok(procedure_decode(buffer_span(&bytes), &arena, &read, &error), &error);
    assert_int_equal(read.id, 42);
    assert_int_equal(read.kind, PROCEDURE_CREATE);
    assert_int_equal(read.step, 3);
    assert_int_equal(read.submitted_ms, 1234567);
    assert_spans_equal(read.table_name, SPAN_LITERAL("ns:t"));
    assert_spans_equal(read.schema.families[0].name, SPAN_LITERAL("f"));
    assert_int_equal(read.tablet_count, 2);
    assert_string_equal(read.tablets[1].id, tablets[1].id);
    assert_spans_equal(read.tablets[0].end_row, SPAN_LITERAL("m"));
    assert_spans_equal(read.tablets[1].start_row, SPAN_LITERAL("m"));
    assert_int_equal(read.source_count, 2);
    assert_spans_equal(read.sources[1], SPAN_LITERAL("b"));
    assert_spans_equal(read.server, SPAN_LITERAL("h,1,2"));
    assert_spans_equal(read.row, SPAN_LITERAL("r"));
    assert_spans_equal(read.snapshot, SPAN_LITERAL("s"));
    assert_spans_equal(read.owner, SPAN_LITERAL("o"));
    assert_int_equal(read.number, 77);
    assert_int_equal(read.flags, 2);
    assert_int_equal(read.nonce_group, 5);
    assert_int_equal(read.nonce, 6);
    assert_int_equal(bytes.data[0], 3);
    buffer_reset(&bytes); /* without a nonce it is what masters before this one read too */
    procedure.nonce = 0;
    procedure_encode(&procedure, &bytes);
    assert_int_equal(bytes.data[0], 2);
    assert_ok(procedure_decode(buffer_span(&bytes), &arena, &read, &error), &error);
    assert_int_equal(read.flags, 2);
    assert_int_equal(read.nonce, 0);
    buffer_deinit(&bytes);
    arena_deinit(&arena);
}

static void bytes_cut_short_are_refused(void **state)
{
    struct arena arena = {0};
    struct buffer bytes = {0};
    struct tablet_info tablet = {.id = "aaaabbbbccccddddaaaabbbbccccdddd", .table_id = "t1"};
    struct procedure procedure = {.id = 1,
        .kind = PROCEDURE_DELETE,
        .table_name = SPAN_LITERAL("t"),
        .table_id = "t1",
        .tablets = &tablet,
        .tablet_count = 1,
        .nonce = 3};
    (void)state;
    procedure.schema.name = SPAN_LITERAL("t");
    procedure_encode(&procedure, &bytes);
    for (size_t size = 0; size < bytes.size; size++) {
        struct procedure read;
        struct error error = {0};
        assert_int_not_equal(
            procedure_decode(span_make(bytes.data, size), &arena, &read, &error), STATUS_OK);
    }
    buffer_deinit(&bytes);
    arena_deinit(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_kind_walks_its_list),
        cmocka_unit_test(a_tablet_that_moves_waits_for_no_state),
        cmocka_unit_test(a_truncate_and_a_restore_have_a_state_before_each_step),
        cmocka_unit_test(each_failure_has_its_reaction),
        cmocka_unit_test(a_split_that_is_undone_opens_its_parent),
        cmocka_unit_test(what_cannot_be_undone_goes_forward),
        cmocka_unit_test(locks_conflict_by_table_tablet_and_server),
        cmocka_unit_test(a_table_is_enabled_only_after_its_tablets_are_open),
        cmocka_unit_test(a_create_that_fails_before_it_is_enabled_is_undone),
        cmocka_unit_test(a_create_that_was_open_is_not_undone_after_a_restart),
        cmocka_unit_test(what_fails_otherwise_is_tried_again_later),
        cmocka_unit_test(a_table_that_is_gone_ends_what_would_go_on),
        cmocka_unit_test(a_restart_goes_back_to_the_open),
        cmocka_unit_test(an_undoing_that_fails_goes_on_undoing),
        cmocka_unit_test(bytes_read_back),
        cmocka_unit_test(bytes_cut_short_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
