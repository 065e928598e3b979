#include "server/net/loop.h"

#include <stdio.h>

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

static void tick(void *context)
{
    struct loop *loop = context;
    uint64_t now_ns = env_monotonic_ns(loop->env);
    struct connection *next;
    for (struct connection *one = loop->connections; one; one = next) {
        next = one->next;
        connection_tick(one, now_ns);
    }
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
