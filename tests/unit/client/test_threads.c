/* A client with a thread of its own, used by several at once; also under ThreadSanitizer. */
#include "tests/support/support.h"

#include <event2/event.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>

#include "client/include/stele/stele.h"
#include "proto/exception_class.h"
#include "tests/unit/client/fake_cluster.h"

enum { THREADS = 4, OPERATIONS = 200 };

static struct fake_cluster cluster;
static struct event_base *loop;
static pthread_t server;
static bool is_stopping; /* atomic */
static struct stele_client *client;
static struct stele_table *table;
static unsigned failed; /* atomic */

/* Gets and mutations are answered, one in ten fails first; scans have two pages. */
static void answer(void *context, struct fake_call *call)
{
    static const char *const rows[] = {"a", "b", "c"};
    static unsigned count;
    (void)context;
    if (span_equal(call->frame.method, SPAN_LITERAL("Scan")))
        fake_reply_rows(call, rows, 3, 1, count++ % 2 == 0, false);
    else if (count++ % 10 == 0)
        fake_throw(call, EXCEPTION_REGION_TOO_BUSY, "busy", false);
    else
        fake_reply_cell(call, "value");
}

static void *serve(void *context)
{
    (void)context;
    /* A client that closes hangs up on answers under way; libevent writes them all the same. Here alone: the library
     * must not raise it. */
    sigset_t broken_pipe;
    sigemptyset(&broken_pipe);
    sigaddset(&broken_pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &broken_pipe, NULL);
    while (!__atomic_load_n(&is_stopping, __ATOMIC_ACQUIRE)) {
        struct timeval turn = {0, 10000};
        event_base_loopexit(loop, &turn);
        event_base_dispatch(loop);
    }
    return NULL;
}

static int set_up(void **state)
{
    struct stele_options options;
    struct stele_error error;
    static char place[32];
    (void)state;
    loop = event_base_new();
    fake_cluster_init(&cluster, loop, answer, NULL);
    snprintf(place, sizeof(place), "127.0.0.1:%u", cluster.ports[0]);
    is_stopping = false;
    assert_int_equal(pthread_create(&server, NULL, serve, NULL), 0);
    stele_options_init(&options);
    options.connect = place;
    options.pause_ms = 1;
    assert_int_equal(stele_client_open(&options, &client, &error), STELE_OK);
    table = stele_table_open(client, STELE_TEXT("t"));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    stele_client_close(client);
    __atomic_store_n(&is_stopping, true, __ATOMIC_RELEASE);
    pthread_join(server, NULL);
    fake_cluster_deinit(&cluster);
    event_base_free(loop);
    return 0;
}

static void expect_ok(enum stele_status status)
{
    if (status)
        __atomic_add_fetch(&failed, 1, __ATOMIC_RELAXED);
}

static void scan_once(void)
{
    struct stele_scan scan;
    struct stele_error error;
    const struct stele_result *result;
    size_t count = 0;
    stele_scan_init(&scan);
    struct stele_scanner *scanner = stele_scanner_open(table, &scan);
    while (stele_scanner_next(scanner, &result, &error) == STELE_OK && count < 5)
        count++;
    const struct stele_metric *metrics;
    stele_scanner_metrics(scanner, &metrics, &count);
    stele_scanner_close(scanner); /* often with a page on its way */
}

static void *work(void *context)
{
    struct stele_error error;
    (void)context;
    for (int i = 0; i < OPERATIONS; i++) {
        struct stele_get get;
        struct stele_result result = {0};
        stele_get_init(&get, STELE_TEXT("r"));
        expect_ok(stele_get(table, &get, &result, &error));
        stele_result_free(&result);
        expect_ok(stele_put_column(
            table, STELE_TEXT("r"), STELE_TEXT("f"), STELE_TEXT("q"), STELE_TEXT("v"), &error));
        if (i % 20 == 0)
            scan_once();
    }
    return NULL;
}

static void several_threads_share_a_client(void **state)
{
    pthread_t threads[THREADS];
    (void)state;
    failed = 0;
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, work, NULL), 0);
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(failed, 0);
}

static void count_done(void *context, const struct stele_error *error,
    const struct stele_result *result, bool is_processed)
{
    (void)error;
    (void)result;
    (void)is_processed;
    __atomic_add_fetch((unsigned *)context, 1, __ATOMIC_RELEASE);
}

/* Every completion comes, whether the client was closed before its answer or after. */
static void closing_completes_what_was_started(void **state)
{
    struct stele_get get;
    unsigned done = 0;
    stele_get_init(&get, STELE_TEXT("r"));
    for (int i = 0; i < OPERATIONS; i++)
        stele_get_async(table, &get, count_done, &done);
    stele_client_close(client);
    client = NULL;
    assert_int_equal(__atomic_load_n(&done, __ATOMIC_ACQUIRE), OPERATIONS);
    (void)state;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(several_threads_share_a_client, set_up, tear_down),
        cmocka_unit_test_setup_teardown(closing_completes_what_was_started, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
