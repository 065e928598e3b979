#include "server/master/master_tasks.h"

#include <inttypes.h>

#include "base/limits.h"
#include "proto/wire.h"
#include "server/hbase/service.h"
#include "server/master/master_service.h"
#include "server/peer/leader_watch.h"

#define TASKS_MAX         1000 /* tablets that cannot be opened; more are left out */
#define SILENT_MS         3000
#define FIELD_MASTER_TASK 13
#define FIELD_SERVER_TASK 15
#define FULL_TEXT         "refused: the directory has no space; reads go on, and writes when there is room"

/* ServerTask{description 1, status 2, state 3 RUNNING, start_time 4}. */
static void put_task(struct buffer *out, uint32_t number, struct span description, struct span text,
    int64_t since_ms)
{
    size_t mark = wire_begin(out, number);
    wire_put_bytes(out, 1, description);
    wire_put_bytes(out, 2, text);
    wire_put_varint(out, 3, 0);
    wire_put_varint(out, 4, (uint64_t)since_ms);
    wire_end(out, mark);
}

static void put_failed_open(
    struct call *call, const struct assigned_tablet *tablet, uint64_t now_ns)
{
    struct buffer description = {0}, text = {0};
    struct span table = tablet->table->descriptor.schema.name;
    uint64_t left_s = tablet->retry_ns > now_ns ? (tablet->retry_ns - now_ns) / 1000000000 : 0;
    buffer_put_format(&description, "Tablet %s of %.*s cannot be opened", tablet->info.id,
        (int)table.size, (const char *)table.data);
    buffer_put_format(&text, "tried %u times, again in %" PRIu64 " s: %s", tablet->failures, left_s,
        tablet->failure ? tablet->failure : "no reason is known");
    put_task(&call->result, FIELD_MASTER_TASK, buffer_span(&description), buffer_span(&text),
        tablet->since_ms);
    buffer_deinit(&description);
    buffer_deinit(&text);
}

/* Tablets whose manifests are damaged, and whose ranges nobody knows: shown while rows of their table are nobody's, else
 * they were split or merged. */
static void put_damaged(struct call *call, const struct catalogue_table *table)
{
    struct span name = table->descriptor.schema.name;
    if (table->is_hidden || !table->damaged || !catalogue_has_hole_locked(table))
        return;
    for (const struct damaged_tablet *one = table->damaged; one; one = one->next) {
        struct buffer description = {0};
        if (one->is_placed)
            continue;
        buffer_put_format(&description, "Tablet %s of %.*s cannot be opened", one->id,
            (int)name.size, (const char *)name.data);
        put_task(&call->result, FIELD_MASTER_TASK, buffer_span(&description), span_string(one->why),
            one->since_ms);
        buffer_deinit(&description);
    }
}

/* Those that were given up and have not ended: their hosts want a look. */
static void put_given_up(struct call *call, const struct assigned_server *server)
{
    struct buffer description = {0}, text = {0};
    if (server->state == ASSIGNED_SERVER_LIVE || !server->is_seen)
        return;
    buffer_put_format(&description, "Server %s was given up", server->text);
    buffer_put_format(&text, "%s; its process has not ended yet",
        server->given_up[0] ? server->given_up : "an earlier master did it");
    put_task(&call->result, FIELD_MASTER_TASK, buffer_span(&description), buffer_span(&text),
        server->since_ms);
    buffer_deinit(&description);
    buffer_deinit(&text);
}

static void put_own_directory(struct call *call)
{
    const struct leader_watch *watch = call->service->leader_watch;
    uint64_t stalled_ms = watch ? leader_watch_stalled_ms(watch) : 0;
    struct buffer text = {0};
    if (!stalled_ms)
        return;
    buffer_put_format(&text,
        "has not answered it for %" PRIu64
        " s: changes wait; past %u s a master that waits leads, if it answers that",
        stalled_ms / 1000, master_get_config(call->service->master)->stall_ms / 1000);
    put_task(&call->result, FIELD_MASTER_TASK, SPAN_LITERAL("Directory of the master"),
        buffer_span(&text), env_wall_ms(call->service->env) - (int64_t)stalled_ms);
    buffer_deinit(&text);
}

void master_put_tasks(struct call *call)
{
    struct catalogue *catalogue = master_catalogue(call->service->master);
    uint64_t now_ns = env_monotonic_ns(call->service->env);
    size_t count = 0;
    struct error why;
    if (master_is_held_up(call->service->master, &why))
        put_task(&call->result, FIELD_MASTER_TASK, SPAN_LITERAL("Start of the master"),
            span_string(why.message), master_held_up_since_ms(call->service->master));
    put_own_directory(call);
    mutex_lock(&catalogue->mutex);
    for (const struct catalogue_table *table = catalogue->tables; table; table = table->next)
        put_damaged(call, table);
    for (const struct assigned_server *one = catalogue->assignment.servers; one; one = one->next)
        put_given_up(call, one);
    size_t failed = catalogue->assignment.state_counts[ASSIGNMENT_FAILED_OPEN];
    for (const struct catalogue_table *table = catalogue->tables; table && count < failed;
         table = table->next)
        for (size_t i = 0; i < table->tablet_count && !table->is_hidden; i++)
            if (table->tablets[i]->state == ASSIGNMENT_FAILED_OPEN && count++ < TASKS_MAX)
                put_failed_open(call, table->tablets[i], now_ns);
    mutex_unlock(&catalogue->mutex);
}

void master_put_server_tasks(struct call *call, const struct assigned_server *server)
{
    if (server->load.full_since_ms)
        put_task(&call->result, FIELD_SERVER_TASK, SPAN_LITERAL("Writes"), SPAN_LITERAL(FULL_TEXT),
            server->load.full_since_ms);
    uint64_t now_ns = env_monotonic_ns(call->service->env);
    struct stall_facts facts = assigned_server_stall(server, now_ns);
    if (stall_is_shown(&facts)) {
        struct buffer text = {0};
        buffer_put_format(&text,
            "has not answered it for %" PRIu64 " s; past %u its tablets go to others, "
            "if their directory and the master's answer",
            facts.stalled_ms / 1000, master_get_config(call->service->master)->stall_ms / 1000);
        put_task(&call->result, FIELD_SERVER_TASK, SPAN_LITERAL("Directory"), buffer_span(&text),
            env_wall_ms(call->service->env) - (int64_t)facts.stalled_ms);
        buffer_deinit(&text);
    }
    if (server->clock.is_off) {
        struct buffer text = {0};
        int64_t ahead_ms = server->clock.ahead_ms;
        buffer_put_format(&text, "%" PRId64 " s %s the master's; %d s are allowed",
            (ahead_ms < 0 ? -ahead_ms : ahead_ms) / 1000, ahead_ms < 0 ? "behind" : "ahead of",
            LIMIT_CLOCK_SKEW_MS / 1000);
        put_task(&call->result, FIELD_SERVER_TASK, SPAN_LITERAL("Clock"), buffer_span(&text),
            server->load.reported_ms);
        buffer_deinit(&text);
    }
    /* The master heard nothing in its tenure, or not for long. */
    int64_t heard_ms = server->heard_ns ? server->load.reported_ms : server->since_ms;
    int64_t silent_ms = env_wall_ms(call->service->env) - heard_ms;
    if (silent_ms > SILENT_MS) {
        struct buffer text = {0};
        buffer_put_format(&text,
            "none for %" PRId64 " s, though it lives: it, or the way to it, may hang",
            silent_ms / 1000);
        put_task(&call->result, FIELD_SERVER_TASK, SPAN_LITERAL("Reports"), buffer_span(&text),
            heard_ms);
        buffer_deinit(&text);
    }
}

void master_put_own_tasks(struct call *call)
{
    int64_t since_ms = store_read_only_since_ms(call->service->store);
    if (since_ms)
        put_task(&call->result, FIELD_SERVER_TASK, SPAN_LITERAL("Writes"), SPAN_LITERAL(FULL_TEXT),
            since_ms);
}
