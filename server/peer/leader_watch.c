#include "server/peer/leader_watch.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <string.h>

#include "base/limits.h"
#include "base/log_lines.h"
#include "base/memory.h"
#include "server/coordination/coordination.h"
#include "server/master/stall_policy.h"
#include "server/peer/peers.h"
#include "storage/storage.h"

#define HOST_SIZE 256

/* The task's, where nothing else is said. */
struct leader_watch {
    struct leader_watch_config config;
    struct executor *executor;      /* two threads: a look may hold one of them for ever */
    struct task task;               /* the next second */
    struct task look_task;          /* while look_since_ns says so */
    _Atomic uint64_t look_since_ns; /* a look was begun, and has not ended; 0 = none */
    _Atomic bool is_stopping;
    _Atomic uint64_t shown_ms;  /* how long it had lasted when it was last shown; 0 = it is not */
    struct stall_proof proof;   /* of asking; one is under way from its beginning until its end */
    struct peer_call call;      /* while is_calling */
    _Atomic bool is_calling;    /* the peers have it */
    size_t turn;                /* of those that wait: who is asked */
    struct server_name asked;   /* who was */
    char asked_host[HOST_SIZE]; /* its host */
    _Atomic bool is_answering;  /* any thread's: a look for another leader is under way */
};

static uint64_t now_ns(const struct leader_watch *self)
{
    return env_monotonic_ns(self->config.env);
}

/* ---- Our own look ---- */

/* One that fails ends the process: the store is fatal. */
static void look(struct task *task)
{
    struct leader_watch *self = (struct leader_watch *)((char *)task -
                                                        offsetof(struct leader_watch, look_task));
    if (store_look(self->config.store, NULL))
        atomic_store(&self->is_stopping, true);
    atomic_store(&self->look_since_ns, 0);
}

static void begin_look(struct leader_watch *self)
{
    if (atomic_load(&self->look_since_ns))
        return;
    atomic_store(&self->look_since_ns, now_ns(self));
    self->look_task.run = look;
    executor_submit(self->executor, &self->look_task);
}

static uint64_t look_ms(const struct leader_watch *self)
{
    uint64_t since_ns = atomic_load(&self->look_since_ns), now = now_ns(self);
    return since_ns && since_ns < now ? (now - since_ns) / 1000000 : 0;
}

/* ---- Whoever waits ---- */

static void on_answer(struct peer_call *call)
{
    struct leader_watch *self = (struct leader_watch *)((char *)call -
                                                        offsetof(struct leader_watch, call));
    atomic_store(&self->is_calling, false);
}

static bool is_us(const struct leader_watch *self, const struct server_name *name)
{
    const struct server_name *own = self->config.self;
    return name->port == own->port && name->start_code == own->start_code &&
           span_equal(name->host, own->host);
}

/* Whose turn it is; NULL: nobody waits. */
static const struct server_name *next_of(
    const struct leader_watch *self, const struct coordination_names *waiting)
{
    for (size_t i = 0; i < waiting->count; i++) {
        const struct server_name *one = &waiting->names[(self->turn + i) % waiting->count];
        if (!is_us(self, one) && one->host.size < HOST_SIZE)
            return one;
    }
    return NULL;
}

static void ask(struct leader_watch *self, const struct server_name *name)
{
    memcpy(self->asked_host, name->host.data, name->host.size);
    self->asked = *name;
    self->asked.host = span_make(self->asked_host, name->host.size);
    self->call = (struct peer_call){
        .to = &self->asked, .method = "Look", .timeout_ms = LEADER_WATCH_ASK_MS, .done = on_answer};
    stall_proof_begin(&self->proof, now_ns(self));
    atomic_store(&self->is_calling, true);
    peers_call(self->config.peers, &self->call);
}

/* True: one that waits has answered just now, and well. Whoever does not is followed by the next one. */
static bool take_answer(struct leader_watch *self)
{
    if (!self->proof.begun_ns || atomic_load(&self->is_calling))
        return false;
    bool is_well = self->call.status == STATUS_OK;
    stall_proof_end(&self->proof, now_ns(self), is_well);
    self->turn += !is_well;
    return is_well;
}

/* ---- Each second ---- */

static void tell(struct leader_watch *self, bool is_shown, uint64_t own_ms)
{
    uint64_t shown_ms = atomic_load(&self->shown_ms);
    if (is_shown && !shown_ms)
        log_line(LOG_WARN, "directory.stalled",
            "reason=\"it has not answered this master, which leads, for %" PRIu64 " s\"",
            own_ms / 1000);
    else if (!is_shown && shown_ms && own_ms < STALL_SHOWN_MS)
        log_line(LOG_INFO, "directory.answers", "after_s=%" PRIu64, shown_ms / 1000);
    atomic_store(&self->shown_ms, is_shown ? own_ms : 0);
}

static void give_way(struct leader_watch *self, const struct stall_leader *leader)
{
    struct error error = {0};
    atomic_store(&self->is_stopping, true);
    error_set(&error, STATUS_TIMEOUT,
        "the directory has not answered this master for %" PRIu64 " s, and answers %.*s:%" PRIu32
        ", which waits to lead",
        leader->own_ms / 1000, (int)self->asked.host.size, (const char *)self->asked.host.data,
        self->asked.port);
    store_end(self->config.store, &error);
}

static void watch(struct leader_watch *self, const struct coordination_view *view)
{
    bool has_answer = take_answer(self);
    struct stall_leader leader = {.is_leading = view->is_connected && view->is_leading,
        .own_ms = look_ms(self),
        .has_successor = has_answer && coordination_names_have(&view->backups, &self->asked),
        .proven_ms = stall_proven_ms(&self->proof, now_ns(self))};
    if (leader.is_leading)
        begin_look(self);
    bool is_shown = stall_is_leader_shown(&leader);
    tell(self, is_shown, leader.own_ms);
    if (stall_gives_way(&leader, self->config.stall_ms)) {
        give_way(self, &leader);
        return;
    }
    const struct server_name *next = is_shown ? next_of(self, &view->backups) : NULL;
    if (!next)
        self->proof.since_ns = 0;
    else if (!self->proof.begun_ns)
        ask(self, next);
}

static void run(struct task *task)
{
    struct leader_watch *self = (struct leader_watch *)((char *)task -
                                                        offsetof(struct leader_watch, task));
    const struct coordination_view *view = coordination_view_get(self->config.coordination);
    if (!atomic_load(&self->is_stopping))
        watch(self, view);
    coordination_view_unref(view);
    if (!atomic_load(&self->is_stopping))
        executor_submit_at(
            self->executor, &self->task, now_ns(self) + LEADER_WATCH_MS * 1000000ull);
}

uint64_t leader_watch_stalled_ms(const struct leader_watch *self)
{
    return atomic_load(&self->shown_ms);
}

/* ---- The other side ---- */

enum status leader_watch_answer(struct leader_watch *self, struct error *error)
{
    if (atomic_exchange(&self->is_answering, true))
        return error_set(error, STATUS_BUSY, "a look for a leader is under way");
    enum status status = store_look(self->config.store, error);
    if (!status)
        status = store_probe(self->config.store, error);
    atomic_store(&self->is_answering, false);
    return status;
}

/* ---- Life ---- */

enum status leader_watch_new(
    const struct leader_watch_config *config, struct leader_watch **out_watch, struct error *error)
{
    struct leader_watch *self = memory_allocate_zeroed(1, sizeof *self);
    if (!self)
        return error_set(error, STATUS_NO_MEMORY, "no memory for the leader's watch");
    self->config = *config;
    if (!self->config.stall_ms)
        self->config.stall_ms = LIMIT_DIRECTORY_STALL_MS;
    enum status status = env_executor_new(config->env, "leader watch", 2, &self->executor, error);
    if (status) {
        memory_free(self);
        return status;
    }
    self->task.run = run;
    executor_submit(self->executor, &self->task);
    *out_watch = self;
    return STATUS_OK;
}

void leader_watch_stop(struct leader_watch *watch)
{
    if (watch)
        atomic_store(&watch->is_stopping, true);
}

void leader_watch_end(struct leader_watch *watch)
{
    if (!watch || !watch->executor)
        return;
    leader_watch_stop(watch);
    executor_free(watch->executor);
    watch->executor = NULL;
}

void leader_watch_free(struct leader_watch *watch)
{
    memory_free(watch);
}
