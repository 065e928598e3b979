/* Connections and loops over a stream in memory: reading, writing, backpressure, and when memory goes. */
#include "tests/support/support.h"

#include <stdlib.h>

#include "base/env_memory.h"
#include "base/limits.h"
#include "server/net/loop.h"

/* The peer: what it has sent, what it has read, how much it reads at a time. */
struct peer {
    struct stream stream; /* first */
    struct buffer sent;
    size_t sent_from;
    struct buffer received;
    size_t room;    /* bytes it takes before the stream says AGAIN */
    bool has_ended; /* sends no more */
    bool is_reading, is_writing, is_closed;
};

struct fake_reactor {
    struct reactor reactor; /* first */
    struct reactor_hooks hooks;
};

static struct fake_reactor fake;

static ptrdiff_t peer_read(struct stream *stream, void *bytes, size_t size)
{
    struct peer *peer = (struct peer *)stream;
    size_t left = peer->sent.size - peer->sent_from;
    size_t got = left < size ? left : size;
    if (got == 0)
        return peer->has_ended ? STREAM_END : STREAM_AGAIN;
    memcpy(bytes, peer->sent.data + peer->sent_from, got);
    peer->sent_from += got;
    return (ptrdiff_t)got;
}

static ptrdiff_t peer_write(struct stream *stream, const struct span *pieces, size_t count)
{
    struct peer *peer = (struct peer *)stream;
    size_t taken = 0;
    for (size_t i = 0; i < count && peer->room > 0; i++) {
        size_t size = pieces[i].size < peer->room ? pieces[i].size : peer->room;
        buffer_put(&peer->received, span_make(pieces[i].data, size));
        peer->room -= size;
        taken += size;
    }
    return taken > 0 ? (ptrdiff_t)taken : STREAM_AGAIN;
}

static void peer_watch(struct stream *stream, bool is_reading, bool is_writing)
{
    struct peer *peer = (struct peer *)stream;
    peer->is_reading = is_reading;
    peer->is_writing = is_writing;
}

static void peer_close(struct stream *stream)
{
    ((struct peer *)stream)->is_closed = true;
}

static const struct stream_table peer_table = {peer_read, peer_write, peer_watch, peer_close};

static enum status fake_adopt(struct reactor *reactor, struct stream *stream)
{
    (void)reactor, (void)stream;
    return STATUS_OK;
}

static void fake_free(struct reactor *reactor)
{
    (void)reactor;
}

static const struct reactor_table fake_table = {.adopt = fake_adopt, .free = fake_free};

static enum status fake_new(struct env *env, const char *name, const struct reactor_hooks *hooks,
    struct reactor **out_reactor, struct error *error)
{
    (void)env, (void)name, (void)error;
    fake = (struct fake_reactor){{&fake_table}, *hooks};
    *out_reactor = &fake.reactor;
    return STATUS_OK;
}

/* The protocol: u8 size and that many bytes, answered by themselves; 'B' answers a megabyte, 'H' holds. */
static unsigned closed_count;

static enum status echo_open(struct connection *connection, void *context)
{
    (void)context;
    connection->state = NULL;
    return STATUS_OK;
}

static void answer(struct connection *connection, struct span message)
{
    if (message.data[0] == 'H') {
        connection_hold(connection);
        return;
    }
    if (message.data[0] != 'B') {
        connection_put(connection, message);
        return;
    }
    struct buffer large = {0};
    memset(buffer_reserve(&large, 1u << 20), 'b', 1u << 20);
    buffer_commit(&large, 1u << 20);
    connection_take(connection, &large);
    buffer_deinit(&large);
}

static size_t echo_consume(struct connection *connection, struct span in)
{
    size_t whole = in.size;
    while (!connection_is_full(connection)) {
        struct span rest = in, message;
        uint8_t size;
        if (span_take_u8(&rest, &size) || size == 0 || span_take_bytes(&rest, size, &message))
            break;
        in = rest;
        answer(connection, message);
    }
    return whole - in.size;
}

static void echo_closed(struct connection *connection)
{
    (void)connection;
    closed_count++;
}

static const struct protocol echo = {
    .name = "echo", .open = echo_open, .consume = echo_consume, .closed = echo_closed};

static const struct protocol *sniff(
    void *context, struct span first, bool *out_needs_more, void **out_protocol_context)
{
    (void)context, (void)first, (void)out_needs_more, (void)out_protocol_context;
    return &echo;
}

struct world {
    struct env *env;
    struct loop *loop;
    struct peer peer;
    struct connection *connection;
};

static int make_world(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    struct error error = {0};
    world->env = env_memory_new(1, ENV_MEMORY_SEEDED);
    assert_ok(loop_new(world->env, 0, fake_new, &world->loop, &error), &error);
    world->peer = (struct peer){.stream = {.table = &peer_table}, .room = SIZE_MAX};
    assert_int_equal(
        connection_new(world->loop, &world->peer.stream, sniff, NULL, &world->connection),
        STATUS_OK);
    closed_count = 0;
    *state = world;
    return 0;
}

static void end_turn(void)
{
    fake.hooks.turn(fake.hooks.context);
}

static int free_world(void **state)
{
    struct world *world = *state;
    loop_close_connections(world->loop);
    end_turn();
    loop_free(world->loop);
    env_memory_free(world->env);
    buffer_deinit(&world->peer.sent);
    buffer_deinit(&world->peer.received);
    free(world);
    return 0;
}

static void send_bytes(struct world *world, struct span bytes)
{
    buffer_put(&world->peer.sent, bytes);
}

static void send_message(struct world *world, char letter)
{
    uint8_t bytes[2] = {1, (uint8_t)letter};
    send_bytes(world, span_make(bytes, sizeof bytes));
}

/* Turns while the stream has events that are watched. */
static void turn(struct world *world)
{
    struct peer *peer = &world->peer;
    for (;;) {
        bool is_readable = peer->is_reading &&
                           (peer->has_ended || peer->sent_from < peer->sent.size);
        bool is_writable = peer->is_writing && peer->room > 0;
        if (peer->is_closed || (!is_readable && !is_writable))
            break;
        peer->stream.ready(&peer->stream, is_readable, is_writable);
        end_turn();
    }
    end_turn();
}

static void messages_cut_anywhere_are_consumed_whole(void **state)
{
    static const char wire[] = "\3one\3two\5three";
    struct world *world = *state;
    for (size_t i = 0; i + 1 < sizeof wire; i++) {
        send_bytes(world, span_make(wire + i, 1));
        turn(world);
    }
    assert_spans_equal(buffer_span(&world->peer.received), SPAN_LITERAL("onetwothree"));
    assert_int_equal(world->connection->in.capacity, 0); /* an idle connection holds no memory */
}

static void a_peer_that_reads_nothing_is_read_no_more(void **state)
{
    struct world *world = *state;
    struct peer *peer = &world->peer;
    peer->room = 0;
    for (int i = 0; i < 64; i++)
        send_message(world, 'B');
    turn(world);
    assert_false(peer->is_reading);
    assert_true(peer->is_writing);
    assert_true(world->connection->out.size <= CONNECTION_OUT_HIGH + (1u << 20));
    peer->room = SIZE_MAX; /* it reads at last: all answers come, in order */
    turn(world);
    assert_int_equal(peer->received.size, 64u << 20);
    assert_true(peer->is_reading);
    assert_false(peer->is_writing);
}

static void too_many_calls_stop_the_reading_until_one_ends(void **state)
{
    struct world *world = *state;
    for (int i = 0; i < LIMIT_CALLS_OF_CONNECTION; i++)
        send_message(world, 'H');
    send_message(world, 'x');
    turn(world);
    assert_int_equal(world->connection->holds, LIMIT_CALLS_OF_CONNECTION);
    assert_int_equal(world->peer.received.size, 0);
    connection_release(world->connection);
    turn(world);
    assert_spans_equal(buffer_span(&world->peer.received), SPAN_LITERAL("x"));
    while (world->connection->holds > 0)
        connection_release(world->connection);
    end_turn();
}

static void who_has_said_his_last_word_still_gets_his_answers(void **state)
{
    struct world *world = *state;
    send_message(world, 'H');
    send_message(world, 'x');
    world->peer.has_ended = true;
    world->peer.room = 0;
    turn(world);
    assert_false(world->peer.is_closed);
    connection_put(world->connection, SPAN_LITERAL("held"));
    connection_release(world->connection);
    end_turn();
    assert_false(world->peer.is_closed);
    assert_false(world->peer.is_reading); /* or its end would wake us for ever */
    world->peer.room = 100;
    turn(world);
    assert_spans_equal(buffer_span(&world->peer.received), SPAN_LITERAL("xheld"));
    assert_true(world->peer.is_closed);
}

static void an_unfinished_last_word_closes(void **state)
{
    struct world *world = *state;
    send_bytes(world, SPAN_LITERAL("\3on"));
    world->peer.has_ended = true;
    turn(world);
    assert_true(world->peer.is_closed);
}

static void the_longest_unread_goes_when_memory_is_short(void **state)
{
    struct world *world = *state;
    struct peer *peer = &world->peer;
    struct output_budget budget = {.limit_bytes = (3u << 20) - 1};
    world->loop->output = &budget;
    peer->room = 1u << 20;
    for (int i = 0; i < 3; i++)
        send_message(world, 'B');
    turn(world);
    assert_int_equal(atomic_load(&budget.bytes), 2u << 20);
    env_memory_advance_ns(world->env, 1000 * LIMIT_OUTPUT_PATIENCE_MS * 1000000ull);
    fake.hooks.tick(fake.hooks.context);
    end_turn();
    assert_false(loop_output_is_over(world->loop));
    assert_false(peer->is_closed); /* slow, but there is memory */
    send_message(world, 'B');
    turn(world);
    assert_true(loop_output_is_over(world->loop));
    fake.hooks.tick(fake.hooks.context);
    end_turn();
    assert_true(peer->is_closed);
    assert_int_equal(atomic_load(&budget.bytes), 0);
    world->loop->output = NULL;
}

static void who_reads_nothing_goes_when_an_answer_finds_no_room(void **state)
{
    struct world *world = *state;
    struct output_budget budget = {.limit_bytes = 4u << 20};
    world->loop->output = &budget;
    world->peer.room = 0;
    for (int i = 0; i < 2; i++)
        send_message(world, 'B');
    turn(world);
    assert_int_equal(atomic_load(&budget.bytes), 2u << 20);
    env_memory_advance_ns(world->env, LIMIT_OUTPUT_PATIENCE_MS * 1000000ull);
    fake.hooks.tick(fake.hooks.context);
    end_turn();
    assert_false(world->peer.is_closed); /* nobody misses the memory */
    assert_false(output_budget_take(&budget, 2u << 20));
    fake.hooks.tick(fake.hooks.context);
    end_turn();
    assert_true(world->peer.is_closed);
    assert_true(output_budget_take(&budget, 2u << 20));
    world->loop->output = NULL;
}

static void large_answers_leave_room_for_small_ones(void **state)
{
    (void)state;
    struct output_budget budget = {.limit_bytes = 400};
    assert_int_equal(output_budget_most(&budget), 300);
    assert_false(output_budget_take(&budget, 301));
    assert_true(output_budget_take(&budget, 200));
    assert_false(output_budget_take(&budget, 101));
    atomic_store(&budget.bytes, 50); /* on their way */
    assert_false(output_budget_take(&budget, 51));
    assert_true(output_budget_take(&budget, 50));
    output_budget_give(&budget, 250);
    assert_int_equal(atomic_load(&budget.making), 0);
    assert_true(output_budget_take(NULL, UINT64_MAX));
}

static void who_reads_in_time_stays_when_memory_is_short(void **state)
{
    struct world *world = *state;
    struct output_budget budget = {.limit_bytes = 1};
    world->loop->output = &budget;
    world->peer.room = 0;
    send_message(world, 'B');
    turn(world);
    env_memory_advance_ns(world->env, (LIMIT_OUTPUT_PATIENCE_MS - 1) * 1000000ull);
    fake.hooks.tick(fake.hooks.context);
    end_turn();
    assert_false(world->peer.is_closed);
    world->peer.room = SIZE_MAX;
    turn(world);
    assert_int_equal(atomic_load(&budget.bytes), 0);
    assert_false(world->peer.is_closed);
    world->loop->output = NULL;
}

static void memory_stays_until_the_last_call_ends(void **state)
{
    struct world *world = *state;
    send_message(world, 'H');
    turn(world);
    connection_close(world->connection);
    end_turn();
    assert_true(world->peer.is_closed);
    assert_int_equal(closed_count, 0);
    connection_put(world->connection, SPAN_LITERAL("too late")); /* goes nowhere */
    connection_release(world->connection);
    end_turn();
    assert_int_equal(closed_count, 1);
    assert_int_equal(world->peer.received.size, 0);
}

static void what_is_said_last_is_sent_before_the_end(void **state)
{
    struct world *world = *state;
    world->peer.room = 3;
    connection_put(world->connection, SPAN_LITERAL("farewell"));
    connection_finish(world->connection);
    end_turn();
    assert_false(world->peer.is_closed);
    world->peer.room = 100;
    turn(world);
    assert_spans_equal(buffer_span(&world->peer.received), SPAN_LITERAL("farewell"));
    assert_true(world->peer.is_closed);
}

static void who_never_speaks_is_shown_out(void **state)
{
    struct world *world = *state;
    env_memory_advance_ns(world->env, (LIMIT_HANDSHAKE_MS - 1) * 1000000ull);
    fake.hooks.tick(fake.hooks.context);
    end_turn();
    assert_false(world->peer.is_closed);
    env_memory_advance_ns(world->env, 2 * 1000000ull);
    fake.hooks.tick(fake.hooks.context);
    end_turn();
    assert_true(world->peer.is_closed);
}

static void a_message_that_never_ends_is_not_waited_for(void **state)
{
    struct world *world = *state;
    send_bytes(world, SPAN_LITERAL("\3on"));
    turn(world);
    env_memory_advance_ns(world->env, LIMIT_MESSAGE_MS * 1000000ull);
    fake.hooks.tick(fake.hooks.context);
    end_turn();
    assert_false(world->peer.is_closed);
    env_memory_advance_ns(world->env, 1000000);
    fake.hooks.tick(fake.hooks.context);
    end_turn();
    assert_true(world->peer.is_closed);
}

static void an_idle_connection_stays(void **state)
{
    struct world *world = *state;
    send_bytes(world, SPAN_LITERAL("\3one"));
    turn(world);
    env_memory_advance_ns(world->env, 2 * LIMIT_MESSAGE_MS * 1000000ull);
    fake.hooks.tick(fake.hooks.context);
    end_turn();
    assert_false(world->peer.is_closed);
}

static void a_draining_loop_lets_calls_end(void **state)
{
    struct world *world = *state;
    send_message(world, 'H');
    turn(world);
    atomic_store(&world->loop->is_draining, true);
    fake.hooks.tick(fake.hooks.context);
    end_turn();
    assert_false(world->peer.is_closed);
    connection_put(world->connection, SPAN_LITERAL("done"));
    connection_release(world->connection);
    end_turn();
    assert_true(world->peer.is_closed);
    assert_spans_equal(buffer_span(&world->peer.received), SPAN_LITERAL("done"));
}

static void large_answers_are_linked_and_sent_across_chunks(void **state)
{
    struct buffer_pool pool = {0};
    struct outbox outbox = {.pool = &pool};
    struct buffer large = {0};
    struct span pieces[4];
    (void)state;
    outbox_put(&outbox, SPAN_LITERAL("head"));
    memset(buffer_reserve(&large, OUTBOX_COPY_LIMIT), 'x', OUTBOX_COPY_LIMIT);
    buffer_commit(&large, OUTBOX_COPY_LIMIT);
    const uint8_t *memory = large.data;
    outbox_take(&outbox, &large);
    assert_null(large.data);
    assert_int_equal(outbox_pieces(&outbox, pieces, 4), 2);
    assert_ptr_equal(pieces[1].data, memory);
    outbox_advance(&outbox, 6);
    assert_int_equal(outbox_pieces(&outbox, pieces, 4), 1);
    assert_ptr_equal(pieces[0].data, memory + 2);
    assert_int_equal(outbox.size, OUTBOX_COPY_LIMIT - 2);
    outbox_advance(&outbox, outbox.size);
    assert_int_equal(outbox_pieces(&outbox, pieces, 4), 0);
    outbox_deinit(&outbox);
    buffer_pool_deinit(&pool);
}

/* A few bytes in the memory of a large answer before them: they wait in as much as they need, and the memory is for others. */
static void an_answer_takes_no_more_memory_along_than_it_fills(void **state)
{
    struct buffer_pool pool = {0};
    struct outbox outbox = {.pool = &pool};
    struct buffer hollow = {0};
    struct span pieces[4];
    (void)state;
    memset(buffer_reserve(&hollow, 8 * OUTBOX_COPY_LIMIT), 'x', OUTBOX_COPY_LIMIT);
    buffer_commit(&hollow, OUTBOX_COPY_LIMIT);
    const uint8_t *memory = hollow.data;
    outbox_take(&outbox, &hollow);
    assert_ptr_equal(hollow.data, memory);
    assert_int_equal(hollow.size, 0);
    assert_int_equal(outbox_pieces(&outbox, pieces, 4), 1);
    assert_int_equal(pieces[0].size, OUTBOX_COPY_LIMIT);
    assert_ptr_not_equal(pieces[0].data, memory);
    outbox_deinit(&outbox);
    buffer_deinit(&hollow);
    buffer_pool_deinit(&pool);
}

#define world_test(name) cmocka_unit_test_setup_teardown(name, make_world, free_world)

int main(void)
{
    const struct CMUnitTest tests[] = {
        world_test(messages_cut_anywhere_are_consumed_whole),
        world_test(a_peer_that_reads_nothing_is_read_no_more),
        world_test(too_many_calls_stop_the_reading_until_one_ends),
        world_test(who_has_said_his_last_word_still_gets_his_answers),
        world_test(an_unfinished_last_word_closes),
        world_test(the_longest_unread_goes_when_memory_is_short),
        world_test(who_reads_nothing_goes_when_an_answer_finds_no_room),
        world_test(who_reads_in_time_stays_when_memory_is_short),
        cmocka_unit_test(large_answers_leave_room_for_small_ones),
        world_test(memory_stays_until_the_last_call_ends),
        world_test(what_is_said_last_is_sent_before_the_end),
        world_test(who_never_speaks_is_shown_out),
        world_test(a_message_that_never_ends_is_not_waited_for),
        world_test(an_idle_connection_stays),
        world_test(a_draining_loop_lets_calls_end),
        cmocka_unit_test(large_answers_are_linked_and_sent_across_chunks),
        cmocka_unit_test(an_answer_takes_no_more_memory_along_than_it_fills),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
