#include "server/net/loop.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/limits.h"
#include "base/log_lines.h"
#include "base/memory.h"

static void end_turn(void *context)
{
    struct loop *loop = context;
    if (loop->turn)
        loop->turn(loop);
    while (loop->dirty) {
        struct connection *connection = loop->dirty;
        loop->dirty = connection->next_dirty;
        connection->is_dirty = false;
        connection_end_turn(connection);
    }
}

static bool is_expecting(void *context)
{
    struct loop *loop = context;
    bool was_expecting = loop->has_expected;
    loop->has_expected = loop->expected > 0;
    return loop->has_expected ? loop->expected <= LOOP_EXPECT_FEW : was_expecting;
}

uint64_t output_budget_most(const struct output_budget *output)
{
    return output ? output->limit_bytes / 4 * 3 : UINT64_MAX;
}

bool output_budget_take(struct output_budget *output, uint64_t bytes)
{
    if (!output)
        return true;
    uint64_t waiting = atomic_load_explicit(&output->bytes, memory_order_relaxed);
    uint64_t making = atomic_fetch_add_explicit(&output->making, bytes, memory_order_relaxed);
    if (waiting + making + bytes <= output_budget_most(output))
        return true;
    atomic_fetch_sub_explicit(&output->making, bytes, memory_order_relaxed);
    if (waiting > output->limit_bytes / 4)
        atomic_fetch_add_explicit(&output->refusals, 1, memory_order_relaxed);
    return false;
}

void output_budget_give(struct output_budget *output, uint64_t bytes)
{
    if (output && bytes > 0)
        atomic_fetch_sub_explicit(&output->making, bytes, memory_order_relaxed);
}

bool loop_output_is_over(const struct loop *loop)
{
    const struct output_budget *output = loop->output;
    return output &&
           atomic_load_explicit(&output->bytes, memory_order_relaxed) > output->limit_bytes;
}

/* Closes the connection whose peer has let us wait longest. */
static void relieve(struct loop *loop, uint64_t now_ns)
{
    struct connection *worst = NULL;
    for (struct connection *one = loop->connections; one; one = one->next)
        if (one->counted_output > 0 && (!worst || one->output_since_ns < worst->output_since_ns))
            worst = one;
    if (!worst || now_ns - worst->output_since_ns < LIMIT_OUTPUT_PATIENCE_MS * 1000000ull)
        return;
    log_line(LOG_WARN, "connection.unread",
        "peer=%s waiting_bytes=%zu waiting_ms=%" PRIu64 " server_limit_bytes=%" PRIu64,
        worst->stream->peer, worst->counted_output, (now_ns - worst->output_since_ns) / 1000000,
        loop->output->limit_bytes);
    connection_close(worst);
}

/* Since the last tick, by whatever loop. */
static bool was_refused(struct loop *loop)
{
    if (!loop->output)
        return false;
    uint64_t refusals = atomic_load_explicit(&loop->output->refusals, memory_order_relaxed);
    bool was_refused = refusals != loop->refusals_seen;
    loop->refusals_seen = refusals;
    return was_refused;
}

static void tick(void *context)
{
    struct loop *loop = context;
    uint64_t now_ns = env_monotonic_ns(loop->env);
    struct connection *next;
    atomic_store_explicit(&loop->ticked_ns, now_ns, memory_order_relaxed);
    for (struct connection *one = loop->connections; one; one = next) {
        next = one->next;
        connection_tick(one, now_ns);
    }
    if (loop_output_is_over(loop) || was_refused(loop))
        relieve(loop, now_ns);
}

enum status loop_new_named(struct env *env, const char *name, reactor_maker *make_reactor,
    struct loop **out_loop, struct error *error)
{
    struct loop *loop = memory_allocate_zeroed(1, sizeof *loop);
    if (!loop)
        return error_set(error, STATUS_NO_MEMORY, "%s: no memory", name);
    loop->env = env;
    loop->read_memory = memory_allocate(LOOP_READ_SIZE);
    struct reactor_hooks hooks = {end_turn, tick, loop, is_expecting};
    enum status status = loop->read_memory
                             ? make_reactor(env, name, &hooks, &loop->reactor, error)
                             : error_set(error, STATUS_NO_MEMORY, "%s: no memory", name);
    if (status) {
        memory_free(loop->read_memory);
        memory_free(loop);
        return status;
    }
    *out_loop = loop;
    return STATUS_OK;
}

enum status loop_new(struct env *env, unsigned index, reactor_maker *make_reactor,
    struct loop **out_loop, struct error *error)
{
    char name[16];
    snprintf(name, sizeof name, "loop-%u", index);
    enum status status = loop_new_named(env, name, make_reactor, out_loop, error);
    if (!status)
        (*out_loop)->index = index;
    return status;
}

void loop_start(struct loop *loop)
{
    reactor_start(loop->reactor);
}

void loop_post(struct loop *loop, struct task *task)
{
    reactor_post(loop->reactor, task);
}

void loop_expect(struct loop *loop)
{
    loop->expected++;
}

void loop_expect_end(struct loop *loop)
{
    loop->expected--;
}

void loop_close_connections(struct loop *loop)
{
    struct connection *next;
    for (struct connection *one = loop->connections; one; one = next) {
        next = one->next;
        connection_close(one);
    }
}

void loop_free(struct loop *loop)
{
    if (!loop)
        return;
    reactor_free(loop->reactor);
    buffer_pool_deinit(&loop->pool);
    memory_free(loop->read_memory);
    memory_free(loop);
}
