/* What a tablet carries over moves, splits and times in which nobody knows. */
#include "tests/support/support.h"

#include "server/master/assignment.h"

#define NOW_MS 1000000

static struct assigned_tablet *open_one(
    struct assignment *assignment, struct assigned_server *server, int64_t now_ms)
{
    struct tablet_info info = {.id = "0123456789abcdef0123456789abcdef"};
    struct assigned_tablet *tablet = assignment_add(assignment, &info, now_ms);
    assert_non_null(tablet);
    assignment_set(assignment, tablet, ASSIGNMENT_OPENING, server, now_ms);
    assignment_set(assignment, tablet, ASSIGNMENT_OPEN, server, now_ms);
    return tablet;
}

static struct assigned_server *add_server(struct assignment *assignment, unsigned port)
{
    struct server_name name = {.host = SPAN_LITERAL("h"), .port = port, .start_code = 1};
    struct assigned_server *server = assignment_add_server(assignment, &name, NOW_MS);
    assert_non_null(server);
    return server;
}

static void move(struct assignment *assignment, struct assigned_tablet *tablet,
    struct assigned_server *to, int64_t closed_ms, int64_t open_ms)
{
    assignment_set(assignment, tablet, ASSIGNMENT_CLOSING, tablet->server, closed_ms);
    assignment_set(assignment, tablet, ASSIGNMENT_CLOSED, NULL, closed_ms);
    assignment_set(assignment, tablet, ASSIGNMENT_OPENING, to, open_ms);
    assignment_set(assignment, tablet, ASSIGNMENT_OPEN, to, open_ms);
}

static void a_moved_tablet_carries_its_load_until_it_is_measured(void **state)
{
    static const float busy[VIEW_RESOURCES] = {1000, 4000, 0.5f, 1 << 20};
    static const float begun[VIEW_RESOURCES] = {100, 5000, 0.1f, 0};
    struct assignment assignment;
    (void)state;
    assignment_init(&assignment);
    struct assigned_server *first = add_server(&assignment, 1),
                           *second = add_server(&assignment, 2);
    struct assigned_tablet *tablet = open_one(&assignment, first, NOW_MS);
    assigned_tablet_take_load(tablet, busy, NOW_MS + 20000);
    assert_true(tablet->load[VIEW_REQUESTS] == 1000);
    int64_t moved_ms = NOW_MS + 30000;
    move(&assignment, tablet, second, moved_ms, moved_ms + 50);
    assigned_tablet_take_load(tablet, begun, moved_ms + 1000);
    assert_true(tablet->load[VIEW_REQUESTS] == 1000 && tablet->load[VIEW_BYTES] == 5000);
    assert_true(tablet->load[VIEW_CPU] == 0.5f && tablet->load[VIEW_MEMORY] == 0); /* flushed */
    assigned_tablet_take_load(tablet, begun, moved_ms + 50 + LOAD_KNOWN_AFTER_MS);
    assert_true(tablet->load[VIEW_REQUESTS] == 100 && tablet->load[VIEW_CPU] == 0.1f);
    assignment_deinit(&assignment);
}

static void what_was_closed_for_long_carries_nothing(void **state)
{
    static const float busy[VIEW_RESOURCES] = {1000, 4000, 0.5f, 0};
    static const float idle[VIEW_RESOURCES] = {0};
    struct assignment assignment;
    (void)state;
    assignment_init(&assignment);
    struct assigned_server *server = add_server(&assignment, 1);
    struct assigned_tablet *tablet = open_one(&assignment, server, NOW_MS);
    assigned_tablet_take_load(tablet, busy, NOW_MS + 20000);
    int64_t opened_ms = NOW_MS + 3600000;
    move(&assignment, tablet, server, NOW_MS + 21000, opened_ms);
    assigned_tablet_take_load(tablet, idle, opened_ms + 1000);
    assert_true(tablet->load[VIEW_REQUESTS] == 0);
    assignment_deinit(&assignment);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_moved_tablet_carries_its_load_until_it_is_measured),
        cmocka_unit_test(what_was_closed_for_long_carries_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
