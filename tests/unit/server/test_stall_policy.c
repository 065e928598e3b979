/* When a server that the directory does not answer is given up, and when a leading master gives way: tables of what is
 * known, and the verdict. */
#include "tests/support/support.h"

#include "base/limits.h"
#include "server/master/stall_policy.h"

#define LIMIT    LIMIT_DIRECTORY_STALL_MS
#define SECOND   1000000000ull
#define START_NS (500 * SECOND)

static void a_server_is_given_up_past_the_limit_where_the_master_and_another_are_well(void **state)
{
    static const struct {
        const char *what;
        struct stall_facts facts;
        uint64_t proven_ms;
        size_t others_well;
        bool is_well, is_shown, gives_up;
    } rows[] = {
        {"all is well", {0, 500}, 0, 2, true, false, false},
        {"a slow disk", {4000, 500}, 0, 2, true, false, false},
        {"a stall that is shown", {5000, 500}, 0, 2, false, true, false},
        {"gone for 30 s", {30000, 500}, 25000, 2, false, true, false},
        {"just below the limit", {LIMIT - 1, 500}, LIMIT, 2, false, true, false},
        {"at the limit", {LIMIT, 500}, LIMIT, 2, false, true, true},
        {"long past it", {10 * LIMIT, 0}, 9 * LIMIT, 1, false, true, true},
        {"the master's own directory was not tried", {2 * LIMIT, 500}, 0, 2, false, true, false},
        {"it has come back just now", {10 * LIMIT, 500}, 3000, 2, false, true, false},
        {"nearly long enough ago", {10 * LIMIT, 500}, LIMIT - 1, 2, false, true, false},
        {"nobody else is well", {2 * LIMIT, 500}, 2 * LIMIT, 0, false, true, false},
        {"it says nothing any more", {2 * LIMIT, 3001}, 2 * LIMIT, 2, false, false, false},
        {"it never said anything", {0, UINT64_MAX}, 2 * LIMIT, 2, false, false, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (stall_is_well(&rows[i].facts) != rows[i].is_well ||
            stall_is_shown(&rows[i].facts) != rows[i].is_shown ||
            stall_gives_up(&rows[i].facts, rows[i].proven_ms, rows[i].others_well, LIMIT) !=
                rows[i].gives_up)
            fail_msg("%s", rows[i].what);
    }
}

/* One probe a second, each takes 100 ms. */
static uint64_t probe(struct stall_proof *proof, uint64_t now_ns, unsigned times)
{
    for (unsigned i = 0; i < times; i++) {
        stall_proof_begin(proof, now_ns);
        stall_proof_end(proof, now_ns + SECOND / 10, true);
        now_ns += SECOND;
    }
    return now_ns;
}

static void the_proof_begins_with_the_first_probe_that_ends_well(void **state)
{
    struct stall_proof proof = {0};
    (void)state;
    assert_int_equal(stall_proven_ms(&proof, START_NS), 0);
    stall_proof_begin(&proof, START_NS);
    assert_int_equal(stall_proven_ms(&proof, START_NS + SECOND), 0);
    stall_proof_end(&proof, START_NS + SECOND, true);
    assert_int_equal(stall_proven_ms(&proof, START_NS + SECOND), 1000);
    uint64_t now_ns = probe(&proof, START_NS + SECOND, 60);
    assert_int_equal(stall_proven_ms(&proof, now_ns), 61000);
}

static void a_probe_that_fails_or_hangs_or_is_late_begins_it_anew(void **state)
{
    struct stall_proof proof = {0};
    (void)state;
    uint64_t now_ns = probe(&proof, START_NS, 60);
    stall_proof_begin(&proof, now_ns);
    stall_proof_end(&proof, now_ns + SECOND, false);
    assert_int_equal(stall_proven_ms(&proof, now_ns + SECOND), 0);
    now_ns = probe(&proof, now_ns + SECOND, 30);
    assert_int_equal(stall_proven_ms(&proof, now_ns), 30000);
    stall_proof_begin(&proof, now_ns); /* hangs, for a minute, and it is known at once */
    assert_int_equal(stall_proven_ms(&proof, now_ns + 2 * SECOND), 32000);
    assert_int_equal(stall_proven_ms(&proof, now_ns + 5 * SECOND), 0);
    stall_proof_end(&proof, now_ns + 60 * SECOND, true);
    assert_int_equal(stall_proven_ms(&proof, now_ns + 60 * SECOND), 0);
    now_ns = probe(&proof, now_ns + 60 * SECOND, 10);
    assert_int_equal(stall_proven_ms(&proof, now_ns), 10000);
}

/* Stopped, or its machine: nobody has looked meanwhile. */
static void whoever_stood_still_between_two_probes_has_proven_nothing(void **state)
{
    struct stall_proof proof = {0};
    (void)state;
    uint64_t now_ns = probe(&proof, START_NS, 60);
    now_ns = probe(&proof, now_ns + 2 * SECOND, 1);
    assert_int_equal(stall_proven_ms(&proof, now_ns), 63000);
    now_ns = probe(&proof, now_ns + 5 * SECOND, 1);
    assert_int_equal(stall_proven_ms(&proof, now_ns), 1000);
}

static void a_leader_gives_way_past_the_limit_to_one_whose_directory_has_worked_for_as_long(
    void **state)
{
    static const struct {
        const char *what;
        struct stall_leader leader;
        bool is_shown, gives_way;
    } rows[] = {
        {"all is well", {true, 0, false, 0}, false, false},
        {"a slow directory, that answers at last", {true, 4999, false, 0}, false, false},
        {"a stall that is shown", {true, 5000, false, 0}, true, false},
        {"away for everybody: nobody answers", {true, 10 * LIMIT, false, 0}, true, false},
        {"away for everybody, and back at the other", {true, 10 * LIMIT, true, 1}, true, false},
        {"back there for nearly long enough", {true, 10 * LIMIT, true, LIMIT - 1}, true, false},
        {"just below the limit", {true, LIMIT - 1, true, LIMIT}, true, false},
        {"at the limit", {true, LIMIT, true, LIMIT}, true, true},
        {"long past it", {true, 10 * LIMIT, true, 9 * LIMIT}, true, true},
        {"whoever answered waits no more", {true, 2 * LIMIT, false, 2 * LIMIT}, true, false},
        {"another leads, or nobody knows", {false, 2 * LIMIT, true, 2 * LIMIT}, false, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (stall_is_leader_shown(&rows[i].leader) != rows[i].is_shown ||
            stall_gives_way(&rows[i].leader, LIMIT) != rows[i].gives_way)
            fail_msg("%s", rows[i].what);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_server_is_given_up_past_the_limit_where_the_master_and_another_are_well),
        cmocka_unit_test(the_proof_begins_with_the_first_probe_that_ends_well),
        cmocka_unit_test(a_probe_that_fails_or_hangs_or_is_late_begins_it_anew),
        cmocka_unit_test(whoever_stood_still_between_two_probes_has_proven_nothing),
        cmocka_unit_test(
            a_leader_gives_way_past_the_limit_to_one_whose_directory_has_worked_for_as_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
