/* The counters of tablets that move and split, put together. */
#include "tests/support/support.h"

#include "bench/study/live_counters.h"

#define A "t,,1.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa."
#define B "t,m,2.bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb."

struct row {
    const char *region;
    size_t server;
    uint64_t requests;
};

static void look(struct live_counters *counters, const struct row *rows, size_t count)
{
    live_counters_begin_look(counters);
    for (size_t i = 0; i < count; i++)
        live_counters_take(counters, span_string(rows[i].region), rows[i].server, rows[i].requests);
    live_counters_end_look(counters);
}

static void what_was_there_before_does_not_count(void **state)
{
    (void)state;
    static struct live_counters counters;
    counters = (struct live_counters){0};
    look(&counters, (struct row[]){{A, 0, 500}, {"short", 0, 9}}, 2);
    live_counters_begin(&counters);
    look(&counters, (struct row[]){{A, 0, 700}, {B, 1, 30}}, 2);
    assert_int_equal(counters.total, 230); /* B is new: all of it */
    assert_int_equal(counters.lost, 0);
    assert_int_equal(counters.reported, 2);
}

static void a_tablet_that_moves_begins_anew(void **state)
{
    (void)state;
    static struct live_counters counters;
    counters = (struct live_counters){0};
    live_counters_begin(&counters);
    look(&counters, (struct row[]){{A, 0, 100}}, 1);
    look(&counters, (struct row[]){{A, 0, 160}}, 1);
    look(&counters, (struct row[]){{A, 1, 40}},
        1); /* moved: what it took since is guessed as the 60 before */
    assert_int_equal(counters.total, 200);
    assert_int_equal(counters.lost, 60);
    look(&counters, NULL, 0); /* split: the same, once */
    look(&counters, NULL, 0);
    assert_int_equal(counters.lost, 100);
    look(&counters, (struct row[]){{A, 0, 7}}, 1); /* back, from 0 */
    assert_int_equal(counters.total, 207);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_there_before_does_not_count),
        cmocka_unit_test(a_tablet_that_moves_begins_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
