/* The web port over real sockets: it answers while what it tells of is stuck. */
#include "tests/support/support.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "server/coordination/coordination.h"
#include "server/net/loop.h"
#include "server/web/web_server.h"

struct world {
    struct hbase_service hbase;
    struct loop loop;
    struct loop *loops[1];
    struct web_server *web;
};

static void start(struct world *world)
{
    struct error error = {0};
    struct web_config config = {.host = "127.0.0.1", .port = 0, .version = "0"};
    memset(world, 0, sizeof *world);
    world->hbase.env = env_real();
    world->hbase.cluster_id = "id";
    slow_log_init(&world->hbase.slow);
    assert_ok(coordination_local_new(env_real(), &world->hbase.coordination, &error), &error);
    atomic_store(&world->loop.ticked_ns, env_monotonic_ns(env_real()));
    world->loops[0] = &world->loop;
    struct web_service service = {
        .hbase = &world->hbase, .role = SERVER_MASTER, .loops = world->loops, .loop_count = 1};
    assert_ok(web_server_new(env_real(), &config, &world->web, &error), &error);
    assert_ok(web_server_start(world->web, &service, &error), &error);
}

static void stop(struct world *world)
{
    web_server_stop(world->web);
    web_server_free(world->web);
    coordination_free(world->hbase.coordination);
    slow_log_deinit(&world->hbase.slow);
}

static int connect_to(const struct world *world)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
        .sin_port = htons(web_server_port(world->web)),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static void ask(int fd, const char *path)
{
    char request[256];
    int size = snprintf(request, sizeof request,
        "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", path);
    assert_int_equal(write(fd, request, (size_t)size), size);
}

/* Reads to the end and closes; the status. */
static int answer(int fd, char *out_text, size_t room)
{
    size_t size = 0;
    ssize_t got;
    while (size + 1 < room && (got = read(fd, out_text + size, room - 1 - size)) > 0)
        size += (size_t)got;
    out_text[size] = 0;
    close(fd);
    int status = 0;
    sscanf(out_text, "HTTP/1.1 %d", &status);
    return status;
}

static int get(const struct world *world, const char *path, char *out_text, size_t room)
{
    int fd = connect_to(world);
    ask(fd, path);
    return answer(fd, out_text, room);
}

static void a_stuck_loop_is_told(void **state)
{
    (void)state;
    struct world world;
    char text[4096];
    start(&world);
    assert_int_equal(get(&world, "/livez", text, sizeof text), 200);
    atomic_store(&world.loop.ticked_ns, env_monotonic_ns(env_real()) - UINT64_C(6000000000));
    assert_int_equal(get(&world, "/livez", text, sizeof text), 503);
    unsigned seconds = 0;
    const char *told = strstr(text, "[-]loop-0 has not turned for ");
    assert_true(told && sscanf(told, "[-]loop-0 has not turned for %u s", &seconds) == 1);
    assert_true(seconds >= 6);
    assert_int_equal(get(&world, "/api/v1/version", text, sizeof text), 200);
    stop(&world);
}

/* A story that says in what time something happened is told up to three times: the machine may stand still. */
static void tell_in_time(bool (*story)(void))
{
    unsigned tries = 1;
    while (!story()) {
        print_message("try %u took too long\n", tries);
        assert_true(++tries <= 3);
    }
}

static bool is_answered_while_some_wait(void)
{
    struct world world;
    char text[4096];
    int late[4];
    start(&world);
    mutex_lock(&world.hbase.slow.mu); /* what data threads hold */
    for (size_t i = 0; i < 4; i++) {
        late[i] = connect_to(&world);
        ask(late[i], "/api/v1/slowlog");
    }
    uint64_t began_ns = env_monotonic_ns(env_real());
    for (size_t i = 0; i < 20; i++)
        assert_int_equal(get(&world, "/api/v1/version", text, sizeof text), 200);
    bool is_in_time = env_monotonic_ns(env_real()) - began_ns < UINT64_C(2000000000);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(answer(late[i], text, sizeof text), 503);
        assert_non_null(strstr(text, "\"code\":\"busy\""));
    }
    mutex_unlock(&world.hbase.slow.mu);
    /* those that were late are dropped when they come, and it serves on */
    assert_int_equal(get(&world, "/api/v1/slowlog", text, sizeof text), 200);
    stop(&world);
    return is_in_time;
}

static void others_are_answered_while_some_wait(void **state)
{
    (void)state;
    tell_in_time(is_answered_while_some_wait);
}

static void no_more_wait_than_it_can_hold(void **state)
{
    (void)state;
    struct world world;
    char text[4096];
    int waiting[LIMIT_WEB_CALLS];
    start(&world);
    mutex_lock(&world.hbase.slow.mu);
    for (size_t i = 0; i < LIMIT_WEB_CALLS; i++) {
        waiting[i] = connect_to(&world);
        ask(waiting[i], "/api/v1/slowlog");
    }
    int status;
    do /* until all of them are taken */
        status = get(&world, "/api/v1/slowlog", text, sizeof text);
    while (status == 503 && !strstr(text, "wait for their answers already"));
    assert_int_equal(status, 503);
    mutex_unlock(&world.hbase.slow.mu);
    for (size_t i = 0; i < LIMIT_WEB_CALLS; i++)
        (void)answer(waiting[i], text, sizeof text); /* each has an answer */
    stop(&world);
}

/* More than there is room for, none of which says what it wants; they send a byte now and then. */
static bool is_answered_beside_slow_clients(void)
{
    struct world world;
    char text[4096];
    static int slow[LIMIT_WEB_CONNECTIONS + 40];
    const size_t count = sizeof slow / sizeof *slow;
    start(&world);
    int kept = connect_to(&world);
    assert_int_equal(write(kept, "GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n", 40), 40);
    assert_true(read(kept, text, sizeof text) > 0);
    for (size_t i = 0; i < count; i++) {
        slow[i] = connect_to(&world);
        assert_int_equal(write(slow[i], "GET /l", 6), 6);
    }
    uint64_t began_ns = env_monotonic_ns(env_real());
    assert_int_equal(get(&world, "/livez", text, sizeof text), 200);
    bool is_in_time = env_monotonic_ns(env_real()) - began_ns < UINT64_C(10000000000);
    /* one that has asked is kept longer than those that have not */
    assert_int_equal(write(kept, "GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n", 40), 40);
    assert_true(read(kept, text, sizeof text) > 0);
    close(kept);
    for (size_t i = 0; i < count; i++)
        close(slow[i]);
    stop(&world);
    return is_in_time;
}

static void slow_clients_do_not_keep_a_probe_out(void **state)
{
    (void)state;
    tell_in_time(is_answered_beside_slow_clients);
}

static void it_ends_with_requests_under_way(void **state)
{
    (void)state;
    struct world world;
    start(&world);
    int idle = connect_to(&world), half = connect_to(&world), whole = connect_to(&world);
    assert_int_equal(write(half, "GET /livez HT", 13), 13);
    ask(whole, "/api/v1/slowlog");
    stop(&world);
    close(idle);
    close(half);
    close(whole);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stuck_loop_is_told),
        cmocka_unit_test(others_are_answered_while_some_wait),
        cmocka_unit_test(no_more_wait_than_it_can_hold),
        cmocka_unit_test(slow_clients_do_not_keep_a_probe_out),
        cmocka_unit_test(it_ends_with_requests_under_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
