/* Coordination over a real ZooKeeper.
 *
 * Level-triggered: whatever happens (a watch, a connection, a timer, a call of ours) asks for one look, and a look
 * makes ZooKeeper's nodes what they should be, reads them, and shows the picture. A look that fails in the middle is
 * made again when the connection is back, or after a while; nothing depends on having seen an event.
 *
 *   look:  session over? -> forget it, open another
 *          not connected? -> show that; a leader is deposed when the session may have expired by now
 *          else: cluster's nodes and id -> our node in rs/ -> master/ (campaign) -> meta -> rs/ and backup-masters/
 *
 * Tenures. We lead while /hbase/master is a node of our session; its czxid is the epoch, with the directory's
 * generation of ZooKeepers before it (quorum.h). A tenure that was ended by
 * the timer, or given up, is never taken up again: the node is deleted and made anew, so that the epoch rises.
 *
 * Threads: all of it on the executor "coordination", which waits for ZooKeeper in every call; but events, which
 * only post. */
#include <inttypes.h>
#include <stdio.h>

#include "base/log_lines.h"
#include "base/memory.h"
#include "server/coordination/zookeeper_internal.h"

#define NS_PER_MS 1000000ull
#define RETRY_MS  1000
#define REOPEN_SESSIONS                                                                            \
    2 /* a connection that is away for so many session times: the session is given up */

static struct zookeeper *zookeeper_of(struct coordination *coordination)
{
    return (struct zookeeper *)coordination;
}

static uint64_t now_ns(const struct zookeeper *zk)
{
    return env_monotonic_ns(zk->coordination.env);
}

void zookeeper_ask_look(struct zookeeper *zk)
{
    if (!atomic_exchange(&zk->is_look_queued, true))
        executor_submit(zk->coordination.executor, &zk->look_task);
}

/* A thread of the client. */
static void on_event(void *context)
{
    zookeeper_ask_look(context);
}

enum status zookeeper_fail(struct zookeeper *zk, enum status status, const struct error *error)
{
    if (!zk->has_failed) {
        zk->has_failed = true;
        coordination_fail(&zk->coordination, error);
    }
    return status;
}

/* ---- The picture ---- */

static void forget_wanted(struct wanted *wanted)
{
    arena_deinit(&wanted->arena);
    *wanted = (struct wanted){0};
}

/* Others may be on their way back too, when we come from being away for long. */
static uint64_t absence_from(const struct zookeeper *zk, bool is_first)
{
    uint64_t session_ns = zk->config.session_ms * NS_PER_MS, now = now_ns(zk);
    uint64_t lost = atomic_load(&zk->lost_ns);
    if (is_first || (lost && now - lost > session_ns))
        return now + session_ns;
    return zk->picture.absence_counts_from_ns;
}

static void retry_later(struct zookeeper *zk, uint64_t due_ns)
{
    if (zk->is_retry_queued && !executor_cancel(zk->coordination.executor, &zk->retry_task))
        return;
    zk->is_retry_queued = true;
    executor_submit_at(zk->coordination.executor, &zk->retry_task, due_ns);
}

static void end_tenure(struct zookeeper *zk, const char *reason)
{
    if (!zk->picture.is_leading)
        return;
    log_line(LOG_WARN, "coordination.deposed", "epoch=%" PRIu64 " reason=\"%s\"", zk->picture.epoch,
        reason);
    zk->picture.is_leading = false;
    zk->picture.epoch = 0;
    forget_wanted(&zk->meta);
    forget_wanted(&zk->draining);
}

static void look_connected(struct zookeeper *zk)
{
    struct error error = {0};
    struct arena before = zk->picture_arena;
    bool is_first = !zk->is_prepared;
    struct coordination_view picture = {
        .is_connected = true, .absence_counts_from_ns = absence_from(zk, is_first)};
    zk->picture_arena = (struct arena){0};
    enum status status = zookeeper_prepare(zk, &error);
    if (!status)
        status = zookeeper_read_all(zk, &picture, &error);
    if (zk->has_failed || status) {
        arena_deinit(&zk->picture_arena);
        zk->picture_arena = before;
        if (zk->has_failed)
            return;
        if (status != STATUS_CLOSED)
            log_line(LOG_WARN, "coordination.retry", "reason=\"%s\"", error.message);
        retry_later(zk, now_ns(zk) + RETRY_MS * NS_PER_MS);
        return;
    }
    if (atomic_exchange(&zk->lost_ns, 0))
        log_line(LOG_INFO, "coordination.connected", "zookeeper=%s%s session=0x%" PRIx64,
            zk->quorum.hosts, zk->quorum.base, (uint64_t)zookeeper_session_id(zk->session));
    if (picture.epoch != zk->picture.epoch) {
        end_tenure(zk, "its node went");
        if (picture.is_leading)
            log_line(LOG_INFO, "coordination.leading", "epoch=%" PRIu64, picture.epoch);
    }
    zk->picture = picture;
    coordination_show(&zk->coordination, &zk->picture);
    arena_deinit(&before);
}

/* ---- Without a connection ---- */

static void open_session(struct zookeeper *zk)
{
    struct error error = {0};
    if (zookeeper_session_open(
            zk->quorum.hosts, (int)zk->config.session_ms, on_event, zk, &zk->session, &error)) {
        log_line(LOG_WARN, "coordination.retry", "reason=\"%s\"", error.message);
        retry_later(zk, now_ns(zk) + RETRY_MS * NS_PER_MS);
    }
}

static void forget_session(struct zookeeper *zk)
{
    zookeeper_session_close(zk->session);
    zk->session = NULL;
    zk->is_prepared = zk->is_announced = zk->is_backup = zk->must_renew = false;
}

/* A ZooKeeper that was wiped turns away sessions that have seen more of it than there is. */
static void give_up_session(struct zookeeper *zk)
{
    end_tenure(zk, "no connection");
    forget_session(zk);
    atomic_store(&zk->lost_ns, now_ns(zk)); /* once in a while */
    open_session(zk);
}

/* The client says that the connection is lost at the latest when two thirds of the session time have passed
 * without a word; another third, and the session may be over. */
static void look_disconnected(struct zookeeper *zk)
{
    uint64_t now = now_ns(zk), lost = atomic_load(&zk->lost_ns);
    if (lost == 0) {
        atomic_store(&zk->lost_ns, now);
        lost = now;
        log_line(LOG_WARN, "coordination.disconnected", "zookeeper=%s", zk->quorum.hosts);
    }
    uint64_t session_ns = zk->config.session_ms * NS_PER_MS;
    uint64_t over_ns = lost + session_ns / 3, give_up_ns = lost + REOPEN_SESSIONS * session_ns;
    zk->picture.is_connected = false;
    if (zk->picture.is_leading && now >= over_ns) {
        end_tenure(zk, "no connection for as long as the session lasts");
        zk->must_renew = true;
    }
    if (!zk->was_connected)
        return;
    coordination_show(&zk->coordination, &zk->picture);
    if (now >= give_up_ns)
        give_up_session(zk);
    else
        retry_later(zk, zk->picture.is_leading ? over_ns : give_up_ns);
}

static void look_over(struct zookeeper *zk)
{
    log_line(LOG_WARN, "coordination.expired", "session=0x%" PRIx64,
        (uint64_t)zookeeper_session_id(zk->session));
    forget_session(zk);
    zk->picture.is_connected = false;
    end_tenure(zk, "the session expired");
    if (zk->was_connected)
        coordination_show(&zk->coordination, &zk->picture);
    open_session(zk);
}

static void look(struct zookeeper *zk)
{
    if (zk->coordination.is_closed || zk->has_failed)
        return;
    if (!zk->session)
        open_session(zk);
    if (!zk->session)
        return;
    switch (zookeeper_session_state(zk->session)) {
    case ZOOKEEPER_CONNECTED:
        look_connected(zk);
        break;
    case ZOOKEEPER_CONNECTING:
        look_disconnected(zk);
        break;
    case ZOOKEEPER_OVER:
        look_over(zk);
        break;
    }
}

static void look_run(struct task *task)
{
    struct zookeeper *zk = (struct zookeeper *)((char *)task -
                                                offsetof(struct zookeeper, look_task));
    atomic_store(&zk->is_look_queued, false);
    look(zk);
}

static void retry_run(struct task *task)
{
    struct zookeeper *zk = (struct zookeeper *)((char *)task -
                                                offsetof(struct zookeeper, retry_task));
    zk->is_retry_queued = false;
    look(zk);
}

/* ---- The table ---- */

static void start_is_over(struct task *task)
{
    struct zookeeper *zk = (struct zookeeper *)((char *)task -
                                                offsetof(struct zookeeper, start_task));
    struct error error = {0};
    zk->is_start_queued = false;
    if (zk->was_connected || zk->coordination.is_closed)
        return;
    error_set(&error, STATUS_TIMEOUT, "no ZooKeeper answers at %s within %" PRIu32 " s",
        zk->quorum.hosts, zk->config.start_ms / 1000);
    zookeeper_fail(zk, STATUS_TIMEOUT, &error);
}

static enum status zookeeper_start(struct coordination *coordination, struct error *error)
{
    struct zookeeper *zk = zookeeper_of(coordination);
    /* Here, so that a name that nobody knows is told at once. */
    atomic_store(&zk->lost_ns, now_ns(zk));
    enum status status = zookeeper_session_open(
        zk->quorum.hosts, (int)zk->config.session_ms, on_event, zk, &zk->session, error);
    if (status)
        return status;
    zk->is_start_queued = true;
    executor_submit_at(
        coordination->executor, &zk->start_task, now_ns(zk) + zk->config.start_ms * NS_PER_MS);
    return STATUS_OK;
}

static void zookeeper_announce(struct coordination *coordination, const struct server_name *self)
{
    zookeeper_of(coordination)->server = self;
    zookeeper_ask_look(zookeeper_of(coordination));
}

static void zookeeper_campaign(struct coordination *coordination, const struct server_name *self)
{
    zookeeper_of(coordination)->candidate = self;
    zookeeper_ask_look(zookeeper_of(coordination));
}

static void zookeeper_resign(struct coordination *coordination, uint64_t epoch)
{
    struct zookeeper *zk = zookeeper_of(coordination);
    if (!zk->picture.is_leading || zk->picture.epoch != epoch)
        return;
    end_tenure(zk, "it was given up");
    zk->must_renew = true;
    coordination_show(coordination, &zk->picture);
    retry_later(zk, now_ns(zk) + RETRY_MS * NS_PER_MS);
}

static void want(
    struct zookeeper *zk, struct wanted *wanted, const struct coordination_names *names)
{
    forget_wanted(wanted);
    struct server_name *copy = arena_allocate_zeroed(&wanted->arena, names->count, sizeof *copy);
    for (size_t i = 0; i < names->count && copy; i++) {
        copy[i] = names->names[i];
        copy[i].host = arena_copy(&wanted->arena, copy[i].host);
    }
    if (!copy || !zk->picture.is_leading)
        return;
    wanted->names = (struct coordination_names){.names = copy, .count = names->count};
    wanted->is_set = wanted->is_dirty = true;
    zookeeper_ask_look(zk);
}

static void zookeeper_publish_meta(
    struct coordination *coordination, const struct coordination_names *names)
{
    want(zookeeper_of(coordination), &zookeeper_of(coordination)->meta, names);
}

static void zookeeper_publish_draining(
    struct coordination *coordination, const struct coordination_names *names)
{
    want(zookeeper_of(coordination), &zookeeper_of(coordination)->draining, names);
}

/* The end of the session takes our nodes along. Timers are taken back, and an event that comes before the session is
 * closed finds is_closed. */
static void zookeeper_close_all(struct coordination *coordination)
{
    struct zookeeper *zk = zookeeper_of(coordination);
    zookeeper_session_close(zk->session);
    zk->session = NULL;
    if (zk->is_retry_queued)
        executor_cancel(coordination->executor, &zk->retry_task);
    if (zk->is_start_queued)
        executor_cancel(coordination->executor, &zk->start_task);
    coordination_closed(coordination);
}

static void zookeeper_free(struct coordination *coordination)
{
    struct zookeeper *zk = zookeeper_of(coordination);
    forget_wanted(&zk->meta);
    forget_wanted(&zk->draining);
    arena_deinit(&zk->picture_arena);
    memory_free(zk);
}

static const struct coordination_table zookeeper_table = {
    .start = zookeeper_start,
    .announce = zookeeper_announce,
    .campaign = zookeeper_campaign,
    .resign = zookeeper_resign,
    .publish_meta = zookeeper_publish_meta,
    .publish_draining = zookeeper_publish_draining,
    .close = zookeeper_close_all,
    .has_threads = true,
    .free = zookeeper_free,
};

enum status coordination_zookeeper_new(const struct coordination_zookeeper_config *config,
    struct coordination **out_coordination, struct error *error)
{
    struct zookeeper *zk = memory_allocate_zeroed(1, sizeof *zk);
    if (!zk)
        return error_set(error, STATUS_NO_MEMORY, "no memory for coordination");
    zk->config = *config;
    zk->quorum = *config->quorum;
    if (zk->config.start_ms == 0)
        zk->config.start_ms = COORDINATION_START_MS;
    zk->look_task.run = look_run;
    zk->retry_task.run = retry_run;
    zk->start_task.run = start_is_over;
    enum status status = coordination_init(&zk->coordination, config->env, &zookeeper_table, error);
    if (status) {
        memory_free(zk);
        return status;
    }
    *out_coordination = &zk->coordination;
    return STATUS_OK;
}
