/* What an assertion asks of an outcome, and what is refused. */
#include "tests/support/support.h"

#include <math.h>

#include "bench/load.h"

/* 1,000 reads of 1..1000 us, 10 updates of 2 ms of which 5 failed, in 2 s. */
static void make_outcome(struct load_outcome *outcome)
{
    struct tally *reads = &outcome->run.of[OPERATION_READ],
                 *updates = &outcome->run.of[OPERATION_UPDATE];
    reads->operations = 1000;
    reads->service = histogram_new();
    reads->missing = 3;
    for (uint64_t i = 1; i <= 1000; i++)
        histogram_record(reads->service, i * 1000, 1);
    updates->operations = 10;
    updates->failed = 5;
    updates->service = histogram_new();
    histogram_record(updates->service, 2000000, 10);
    assert_true(tally_merge(&outcome->run.all, reads));
    assert_true(tally_merge(&outcome->run.all, updates));
    outcome->run.elapsed_ns = 2000000000;
    outcome->has_server_cpu = true;
    outcome->server_cpu_us = 10100;
    outcome->client_cpu_us = 20200;
}

static void assertions_are_judged(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool holds;
    } cases[] = {{"read.p50<510us", true}, {"read.p50<490us", false}, {"read.p99<1ms", true},
        {"p90>500us", true}, {"max<=2ms", true}, {"max<2ms", false}, {"update.mean>=2ms", true},
        {"read.p99.9<1s", false}, /* too few samples: not known */
        {"intended.p50<1s", false}, {"service.p50<1s", true}, {"rate>500", true},
        {"rate>506", false}, {"read.rate=>1", false}, {"errors<=5", true}, {"errors<1%", true},
        {"errors<0.4%", false}, {"update.errors<30%", false}, {"update.errors<40%", true},
        {"missing<4", true}, {"operations>=1010", true}, {"server_cpu<11us", true},
        {"server_cpu<9us", false}, {"client_cpu<1ms", true}, {"tablet_max_mean<2", false}};
    struct load_outcome outcome = {0};
    make_outcome(&outcome);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct assertions assertions;
        struct error error = {0};
        double value;
        enum status status = assertions_parse(cases[i].text, &assertions, &error);
        if (strstr(cases[i].text, "=>")) {
            assert_int_equal(status, STATUS_INVALID);
            continue;
        }
        assert_ok(status, &error);
        assert_int_equal(assertions.count, 1);
        if (assertion_holds(&assertions.list[0], &outcome, &value) != cases[i].holds)
            fail_msg("%s: %g", cases[i].text, value);
    }
    load_outcome_deinit(&outcome);
}

static void what_is_wrong_is_named(void **state)
{
    (void)state;
    static const struct {
        const char *text, *says;
    } cases[] = {{"p98<5ms", "did you mean"}, {"p99<5", "a time such as"}, {"p99", "no assertion"},
        {"rate>5ms", "a number"}, {"<5", "no assertion"}, {"raet>5", "did you mean 'rate'"},
        {"read.server_cpu<5us", "not an operation's"}, {"errors<5ms", "a number or %"},
        {"p99<5ms,,rate>1", "no assertion"}, {"write.p99<5ms", "no metric"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct assertions assertions;
        struct error error = {0};
        assert_int_equal(assertions_parse(cases[i].text, &assertions, &error), STATUS_INVALID);
        if (!strstr(error.message, cases[i].says))
            fail_msg("'%s' answers: %s", cases[i].text, error.message);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(assertions_are_judged),
        cmocka_unit_test(what_is_wrong_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
