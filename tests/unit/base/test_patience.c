#include "tests/support/support.h"

#include "base/patience.h"

static unsigned waits_without_a_poll(struct patience *patience)
{
    unsigned passed = 0;
    while (!patience_may_poll(patience))
        passed++;
    return passed;
}

static void a_poll_in_vain_is_dearer_each_time(void **state)
{
    (void)state;
    struct patience patience = {0};
    assert_int_equal(waits_without_a_poll(&patience), 0);
    for (unsigned penalty = 1; penalty <= PATIENCE_SKIP_MAX; penalty *= 2) {
        patience_note(&patience, false);
        assert_int_equal(waits_without_a_poll(&patience), penalty);
    }
    patience_note(&patience, false);
    assert_int_equal(waits_without_a_poll(&patience), PATIENCE_SKIP_MAX);
}

static void a_paid_poll_forgives(void **state)
{
    (void)state;
    struct patience patience = {0};
    for (unsigned i = 0; i < 5; i++) {
        patience_note(&patience, false);
        waits_without_a_poll(&patience);
    }
    patience_note(&patience, true);
    assert_true(patience_may_poll(&patience));
    patience_note(&patience, false);
    assert_int_equal(waits_without_a_poll(&patience), 1);
}

static void a_poll_ends_by_its_limit_or_when_disturbed(void **state)
{
    (void)state;
    struct poll poll;
    poll_begin(&poll, 1000000);
    while (poll_round(&poll))
        continue;
    assert_true(poll.is_disturbed || poll.round_ns >= poll.deadline_ns);
    poll_begin(&poll, 0);
    assert_false(poll_round(&poll));
}

static void nobody_polls_where_it_is_forbidden(void **state)
{
    (void)state;
    struct patience patience = {0};
    patience_allow(false);
    assert_false(patience_may_poll(&patience));
    patience_allow(true);
    assert_true(patience_may_poll(&patience)); /* what was forbidden was no poll in vain */
    patience_note(&patience, false);
    patience_allow(false);
    assert_false(patience_may_poll(&patience)); /* but a wait that passed */
    patience_allow(true);
    assert_true(patience_may_poll(&patience));
}

/* A load of so many pieces of work, each of which takes so long without and with polling. */
struct pace {
    uint64_t ns[2];
    unsigned work[2]; /* of a piece */
};

/* How many of the pieces were done while polling. */
static unsigned run_load(
    struct poll_trial *trial, uint64_t *now_ns, const struct pace *pace, unsigned pieces)
{
    unsigned polled = 0;
    bool is_polling = false;
    for (unsigned i = 0; i < pieces; i++) {
        *now_ns += pace->ns[is_polling];
        polled += is_polling;
        is_polling = poll_trial_note(trial, *now_ns, pace->work[is_polling]);
    }
    return polled;
}

#define TRIAL_PIECES (POLL_TRIAL_TURNS * (POLL_TRIAL_SETTLE + POLL_TRIAL_SPANS) + 1)

static void trials_follow_the_clock(void **state)
{
    (void)state;
    static const struct {
        struct pace pace;
        bool is_better;
    } cases[] = {
        {{{250000, 150000}, {1, 1}}, true},
        {{{250000, 300000}, {1, 1}}, false},
        {{{250000, 250000}, {1, 1}}, false},
        {{{250000, 249000}, {1, 1}}, false}, /* too little for what it costs */
        {{{250000, 240000}, {4, 2}}, false}, /* sooner, but less of it */
        {{{250000, 400000}, {1, 2}}, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct poll_trial trial = {0};
        uint64_t now_ns = 1;
        unsigned polled = run_load(&trial, &now_ns, &cases[i].pace, TRIAL_PIECES);
        assert_in_range(polled, TRIAL_PIECES / 2 - 2, TRIAL_PIECES / 2 + 2);
        assert_int_equal(run_load(&trial, &now_ns, &cases[i].pace, POLL_TRIAL_HOLD - 2),
            cases[i].is_better ? POLL_TRIAL_HOLD - 2 - 1 : 0);
    }
}

static void a_trial_is_held_again_after_a_while(void **state)
{
    (void)state;
    static const struct pace faster = {{250000, 150000}, {1, 1}},
                             slower = {{150000, 250000}, {1, 1}};
    struct poll_trial trial = {0};
    uint64_t now_ns = 1;
    run_load(&trial, &now_ns, &faster, TRIAL_PIECES);
    assert_true(trial.is_better);
    run_load(&trial, &now_ns, &slower, POLL_TRIAL_HOLD + TRIAL_PIECES);
    assert_false(trial.is_better);
}

static void pauses_are_no_spans(void **state)
{
    (void)state;
    static const struct pace idle = {
        {POLL_TRIAL_SPAN_MAX_NS + 1, POLL_TRIAL_SPAN_MAX_NS + 1}, {1, 1}};
    struct poll_trial trial = {0};
    uint64_t now_ns = 1;
    assert_int_equal(run_load(&trial, &now_ns, &idle, 10 * TRIAL_PIECES), 0);
    for (unsigned i = 0; i < 10 * TRIAL_PIECES; i++) {
        poll_trial_pause(&trial);
        assert_false(poll_trial_note(&trial, now_ns += 100000, 1));
    }
    poll_trial_note(&trial, now_ns - 1000, 1); /* a clock that went back */
    assert_int_equal(trial.spans, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_poll_in_vain_is_dearer_each_time),
        cmocka_unit_test(a_paid_poll_forgives),
        cmocka_unit_test(nobody_polls_where_it_is_forbidden),
        cmocka_unit_test(trials_follow_the_clock),
        cmocka_unit_test(a_trial_is_held_again_after_a_while),
        cmocka_unit_test(pauses_are_no_spans),
        cmocka_unit_test(a_poll_ends_by_its_limit_or_when_disturbed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
