/* Questions to Stele's own service: who has it not is told from who is away. */
#include "tests/support/support.h"

#include <event2/event.h>

#include "client/include/stele/stele.h"
#include "tests/unit/client/fake_cluster.h"

enum { RETRIES = 12 };

static struct fake_cluster cluster;
static struct event_base *loop;
static struct stele_client *client;
static struct stele_error error;
static size_t heat_calls, other_calls;
static size_t heat_hang_ups, other_hang_ups; /* of the first calls so many are hung up on */

static void play(void *context, struct fake_call *call)
{
    bool is_heat = span_equal(call->frame.method, SPAN_LITERAL("HotTablets"));
    size_t *calls = is_heat ? &heat_calls : &other_calls;
    size_t hang_ups = is_heat ? heat_hang_ups : other_hang_ups;
    (void)context;
    if (!is_heat)
        assert_true(span_equal(call->frame.method, SPAN_LITERAL("IsMasterRunning")));
    if ((*calls)++ < hang_ups)
        fake_break(call);
    else
        fake_reply(call, SPAN_EMPTY, SPAN_EMPTY);
}

static int set_up(void **state)
{
    struct stele_options options;
    char place[32];
    (void)state;
    loop = event_base_new();
    fake_cluster_init(&cluster, loop, play, NULL);
    heat_calls = other_calls = heat_hang_ups = other_hang_ups = 0;
    stele_options_init(&options);
    snprintf(place, sizeof(place), "127.0.0.1:%u", cluster.ports[0]);
    options.connect = place;
    options.run = STELE_RUN_ON_LOOP;
    options.loop = loop;
    options.retries = RETRIES;
    options.pause_ms = 1;
    assert_int_equal(stele_client_open(&options, &client, &error), STELE_OK);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    stele_client_close(client);
    fake_cluster_deinit(&cluster);
    event_base_free(loop);
    return 0;
}

static enum stele_status ask(void)
{
    struct stele_hot_tablet_list list = {0};
    enum stele_status status = stele_hot_tablets(
        client, STELE_NO_BYTES, STELE_TEXT("cpu"), 10, &list, &error);
    stele_hot_tablet_list_free(&list);
    return status;
}

static void who_hangs_up_twice_and_answers_others_has_not_the_service(void **state)
{
    (void)state;
    heat_hang_ups = SIZE_MAX;
    assert_int_equal(ask(), STELE_UNSUPPORTED);
    assert_non_null(strstr(error.message, "HotTablets"));
    assert_int_equal(heat_calls, 2);
    assert_int_equal(other_calls, 1);
}

static void one_hang_up_is_an_old_connection(void **state)
{
    (void)state;
    heat_hang_ups = 1;
    assert_int_equal(ask(), STELE_OK);
    assert_int_equal(heat_calls, 2);
    assert_int_equal(other_calls, 0);
}

static void who_hangs_up_on_everything_is_asked_until_it_is_back(void **state)
{
    (void)state;
    heat_hang_ups = 8;
    other_hang_ups = SIZE_MAX;
    assert_int_equal(ask(), STELE_OK);
    assert_int_equal(heat_calls, 9);
}

static void who_never_comes_back_is_a_lost_connection(void **state)
{
    (void)state;
    heat_hang_ups = other_hang_ups = SIZE_MAX;
    assert_int_equal(ask(), STELE_CONNECTION);
    assert_int_equal(heat_calls, 2 + RETRIES + 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(who_hangs_up_twice_and_answers_others_has_not_the_service),
        TEST(one_hang_up_is_an_old_connection),
        TEST(who_hangs_up_on_everything_is_asked_until_it_is_back),
        TEST(who_never_comes_back_is_a_lost_connection),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
