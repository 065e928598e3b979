/* A cluster of one. What is announced is live, who campaigns leads, and nothing is ever lost. */
#include "base/memory.h"
#include "server/coordination/coordination_internal.h"

#define EPOCH 1

struct local {
    struct coordination coordination;
    struct coordination_view picture; /* executor; names are the caller's, meta's host is below */
    struct buffer meta_host;          /* executor */
    struct task start_task;
};

static struct local *local_of(struct coordination *coordination)
{
    return (struct local *)coordination;
}

static void show(struct local *local)
{
    if (local->picture.is_connected)
        coordination_show(&local->coordination, &local->picture);
}

static void start_run(struct task *task)
{
    struct local *local = (struct local *)((char *)task - offsetof(struct local, start_task));
    local->picture.is_connected = true;
    show(local);
}

static enum status local_start(struct coordination *coordination, struct error *error)
{
    struct local *local = local_of(coordination);
    (void)error;
    local->start_task.run = start_run;
    executor_submit(coordination->executor, &local->start_task);
    return STATUS_OK;
}

static void local_announce(struct coordination *coordination, const struct server_name *self)
{
    struct local *local = local_of(coordination);
    local->picture.servers = (struct coordination_names){.names = self, .count = 1};
    show(local);
}

static void local_campaign(struct coordination *coordination, const struct server_name *self)
{
    struct local *local = local_of(coordination);
    local->picture.master = *self;
    local->picture.master_epoch = local->picture.epoch = EPOCH;
    local->picture.is_leading = true;
    show(local);
}

static void local_publish_meta(
    struct coordination *coordination, const struct coordination_names *names)
{
    struct local *local = local_of(coordination);
    local->picture.meta = (struct server_name){0};
    buffer_reset(&local->meta_host);
    if (names->count > 0) {
        buffer_put(&local->meta_host, names->names[0].host);
        local->picture.meta = names->names[0];
        local->picture.meta.host = buffer_span(&local->meta_host);
    }
    show(local);
}

static void local_publish_draining(
    struct coordination *coordination, const struct coordination_names *names)
{
    (void)coordination, (void)names; /* there is nobody to see it */
}

static void local_close(struct coordination *coordination)
{
    coordination_closed(coordination);
}

static void local_free(struct coordination *coordination)
{
    buffer_deinit(&local_of(coordination)->meta_host);
    memory_free(coordination);
}

static const struct coordination_table local_table = {
    .start = local_start,
    .announce = local_announce,
    .campaign = local_campaign,
    .publish_meta = local_publish_meta,
    .publish_draining = local_publish_draining,
    .close = local_close,
    .free = local_free,
};

enum status coordination_local_new(
    struct env *env, struct coordination **out_coordination, struct error *error)
{
    struct local *local = memory_allocate_zeroed(1, sizeof *local);
    if (!local)
        return error_set(error, STATUS_NO_MEMORY, "no memory for coordination");
    enum status status = coordination_init(&local->coordination, env, &local_table, error);
    if (status) {
        memory_free(local);
        return status;
    }
    *out_coordination = &local->coordination;
    return STATUS_OK;
}
