/* The network in memory: what arrives, in which order, over links that fail. */
#include "tests/sim/reactor_memory.h"

#include "base/env_memory.h"
#include "tests/support/support.h"

#define SECOND_NS UINT64_C(1000000000)

static struct error error;

/* A host with a reactor that echoes what it reads, or only counts it. */
struct party {
    struct env *env;
    struct reactor *reactor;
    struct stream *stream; /* the last accepted or connected */
    struct buffer received, to_send;
    bool is_connected, has_failed, has_ended, echoes;
};

static void on_nothing(void *context)
{
    (void)context;
}

static void send_more(struct party *party)
{
    while (party->to_send.size) {
        struct span bytes = buffer_span(&party->to_send);
        ptrdiff_t sent = party->stream->table->write(party->stream, &bytes, 1);
        if (sent == STREAM_FAILED)
            party->has_failed = true;
        if (sent <= 0)
            break;
        memmove(party->to_send.data, party->to_send.data + sent, bytes.size - (size_t)sent);
        party->to_send.size -= (size_t)sent;
    }
    party->stream->table->watch(party->stream, !party->has_ended && !party->has_failed,
        party->to_send.size > 0 && !party->has_failed);
}

static void on_ready(struct stream *stream, bool is_readable, bool is_writable)
{
    struct party *party = stream->owner;
    uint8_t bytes[1000];
    if (is_writable)
        party->is_connected = true;
    if (is_readable) {
        ptrdiff_t got = stream->table->read(stream, bytes, sizeof bytes);
        if (got == STREAM_FAILED)
            party->has_failed = true;
        if (got == STREAM_END)
            party->has_ended = true;
        if (got > 0)
            buffer_put(
                party->echoes ? &party->to_send : &party->received, span_make(bytes, (size_t)got));
    }
    send_more(party);
}

static void on_accept(void *context, struct stream *stream)
{
    struct party *party = context;
    stream->ready = on_ready;
    stream->owner = party;
    party->stream = stream;
    assert_int_equal(reactor_adopt(party->reactor, stream), STATUS_OK);
    stream->table->watch(stream, true, false);
}

struct world {
    struct env *env;
    struct party server, client;
};

static void party_start(struct party *party, struct env *world, const char *name)
{
    *party = (struct party){.env = env_memory_host_new(world, name)};
    struct reactor_hooks hooks = {.turn = on_nothing, .tick = on_nothing, .context = party};
    assert_ok(reactor_memory_new(party->env, "loop", &hooks, &party->reactor, &error), &error);
}

static void connect_client(struct party *party, const char *host, uint16_t port)
{
    struct endpoint endpoint;
    assert_ok(reactor_resolve(party->reactor, host, port, &endpoint, &error), &error);
    assert_ok(reactor_connect(party->reactor, &endpoint, &party->stream, &error), &error);
    assert_int_equal(reactor_adopt(party->reactor, party->stream), STATUS_OK);
    party->stream->ready = on_ready;
    party->stream->owner = party;
    party->stream->table->watch(party->stream, true, true);
}

static void world_start(struct world *world, uint64_t seed)
{
    struct listener *listener;
    world->env = env_memory_new(seed, ENV_MEMORY_SEEDED);
    network_open(world->env, seed);
    party_start(&world->server, world->env, "server");
    party_start(&world->client, world->env, "client");
    world->server.echoes = true;
    assert_ok(reactor_listen(world->server.reactor, "0.0.0.0", 7, on_accept, &world->server,
                  &listener, &error),
        &error);
    reactor_start(world->server.reactor);
    reactor_start(world->client.reactor);
    connect_client(&world->client, "server", 7);
}

static void run(struct world *world, uint64_t ns)
{
    (void)env_memory_run_until(world->env, &(const bool){false}, ns);
}

static void world_end(struct world *world)
{
    buffer_deinit(&world->server.to_send);
    buffer_deinit(&world->client.to_send);
    buffer_deinit(&world->client.received);
    env_memory_drop_tasks(world->env);
    network_close();
}

static void send_text(struct party *party, const char *text)
{
    buffer_put(&party->to_send, span_string(text));
    party->stream->table->watch(party->stream, true, true);
}

static void bytes_arrive_in_order(uint64_t seed, void *context)
{
    struct world world;
    struct buffer expected = {0};
    (void)context;
    world_start(&world, seed);
    for (int i = 0; i < 20000; i++)
        buffer_put_format(&expected, "%d ", i);
    buffer_put(&world.client.to_send, buffer_span(&expected));
    run(&world, 60 * SECOND_NS);
    assert_true(world.client.is_connected);
    assert_spans_equal(buffer_span(&world.client.received), buffer_span(&expected));
    buffer_deinit(&expected);
    world_end(&world);
}

static void all_bytes_arrive_in_order(void **state)
{
    (void)state;
    for_each_seed(10, bytes_arrive_in_order, NULL);
}

static void a_link_that_is_down_holds_what_was_sent(void **state)
{
    (void)state;
    struct world world;
    world_start(&world, 1);
    run(&world, SECOND_NS);
    network_set_link("server", "client", false); /* one way */
    send_text(&world.client, "hello");
    run(&world, 5 * SECOND_NS);
    assert_int_equal(world.client.received.size, 0);
    network_heal_links();
    run(&world, SECOND_NS);
    assert_spans_equal(buffer_span(&world.client.received), SPAN_LITERAL("hello"));
    world_end(&world);
}

static void nobody_listens_there(void **state)
{
    (void)state;
    struct world world;
    world_start(&world, 1);
    connect_client(&world.client, "server", 8);
    run(&world, SECOND_NS);
    assert_true(world.client.has_failed);
    assert_int_equal(network_counts().refused, 1);
    world_end(&world);
}

static void a_connection_breaks_for_both(void **state)
{
    (void)state;
    struct world world;
    world_start(&world, 1);
    run(&world, SECOND_NS);
    assert_int_equal(network_break_connections("client", "server", 1, false), 1);
    run(&world, SECOND_NS);
    assert_true(world.client.has_failed && world.server.has_failed);
    world_end(&world);
}

static void a_hosts_death_is_heard_of(void **state)
{
    (void)state;
    struct world world;
    world_start(&world, 1);
    run(&world, SECOND_NS);
    env_memory_host_crash(world.server.env, ENV_CUT_KEEP_ALL);
    network_host_died(world.server.env);
    run(&world, 10 * SECOND_NS);
    assert_true(world.client.has_failed);
    connect_client(&world.client, "server", 7);
    world.client.has_failed = false;
    run(&world, SECOND_NS);
    assert_true(world.client.has_failed);
    world_end(&world);
}

static void a_paused_host_still_takes_bytes(void **state)
{
    (void)state;
    struct world world;
    world_start(&world, 1);
    run(&world, SECOND_NS);
    env_memory_host_pause(world.server.env);
    send_text(&world.client, "hello");
    run(&world, 5 * SECOND_NS);
    assert_int_equal(world.client.to_send.size, 0);
    assert_int_equal(world.client.received.size, 0);
    env_memory_host_resume(world.server.env);
    run(&world, SECOND_NS);
    assert_spans_equal(buffer_span(&world.client.received), SPAN_LITERAL("hello"));
    world_end(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_bytes_arrive_in_order),
        cmocka_unit_test(a_link_that_is_down_holds_what_was_sent),
        cmocka_unit_test(nobody_listens_there),
        cmocka_unit_test(a_connection_breaks_for_both),
        cmocka_unit_test(a_hosts_death_is_heard_of),
        cmocka_unit_test(a_paused_host_still_takes_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
