#include "server/peer/heat_reporter.h"

#include <stdatomic.h>

#include "base/memory.h"
#include "base/trouble.h"
#include "server/coordination/coordination.h"
#include "server/hbase/service.h"
#include "server/heat/heat_board.h"
#include "server/heat/heat_collector.h"
#include "server/peer/heat_message.h"
#include "server/peer/peers.h"

#define SECOND_NS        1000000000ull
#define MS_PER_S         1000
#define MASTER_HOST_SIZE 256
#define LOOK_NS          10000000ull
#define REPORT_S         (HEAT_REPORT_MS / MS_PER_S)

struct heat_reporter {
    struct heat_reporter_config config;
    struct heat_collector collector; /* a worker's, one at a time */
    struct task task;                /* the next second */
    int64_t reported_s;              /* the wall clock at the last report; the task's */
    _Atomic int64_t minutes_from;    /* as the master said */
    _Atomic bool is_calling;
    _Atomic bool is_finishing;
    bool is_last;          /* the report under way is the last one; the task's */
    uint64_t finish_by_ns; /* set before is_finishing, as the two below */
    void (*finished)(void *context);
    void *finished_context;
    struct peer_call call;  /* while is_calling */
    struct trouble trouble; /* of the calls */
    char master_host[MASTER_HOST_SIZE];
    struct server_name master;
};

/* The task's next turn is now, unless it runs. */
static void hurry(struct heat_reporter *self)
{
    struct executor *workers = store_workers(self->config.service->store);
    if (executor_cancel(workers, &self->task))
        executor_submit(workers, &self->task);
}

static void rest(struct heat_reporter *self)
{
    const struct hbase_service *service = self->config.service;
    uint64_t pause_ns = atomic_load(&self->is_finishing) ? LOOK_NS : SECOND_NS;
    executor_submit_at(
        store_workers(service->store), &self->task, env_monotonic_ns(service->env) + pause_ns);
    if (pause_ns == SECOND_NS && atomic_load(&self->is_finishing))
        hurry(self);
}

/* No report is under way any more. */
static void end_report(struct heat_reporter *self)
{
    bool is_last = self->is_last;
    atomic_store(&self->is_calling, false);
    if (is_last)
        self->finished(self->finished_context);
}

static void on_answer(struct peer_call *call)
{
    struct heat_reporter *self = (struct heat_reporter *)((char *)call -
                                                          offsetof(struct heat_reporter, call));
    struct heat_report_answer answer;
    struct error error = {0};
    uint64_t now_ns = env_monotonic_ns(self->config.service->env);
    if (call->status && call->status != STATUS_CLOSED)
        trouble_failed(&self->trouble, now_ns, "report.heat", call->error.message);
    else if (!call->status)
        trouble_over(&self->trouble, now_ns, "report.heat");
    if (!call->status && !heat_report_answer_decode(call->answer, &answer, &error))
        atomic_store(&self->minutes_from, answer.minutes_from);
    end_report(self);
}

static void send(
    struct heat_reporter *self, const struct server_name *master, const struct heat_report *report)
{
    memcpy(self->master_host, master->host.data, master->host.size);
    self->master = *master;
    self->master.host = span_make(self->master_host, master->host.size);
    buffer_reset(&self->call.request);
    struct buffer request = self->call.request;
    heat_report_encode(report, &request);
    self->call = (struct peer_call){
        .to = &self->master, .method = "ReportHeat", .request = request, .done = on_answer};
    if (self->is_last)
        self->call.timeout_ms = HEAT_FINISH_MS;
    if (buffer_status(&request)) {
        end_report(self);
        return;
    }
    peers_call(self->config.peers, &self->call);
}

static void deliver(struct heat_reporter *self, const struct heat_report *report)
{
    const struct heat_reporter_config *config = &self->config;
    if (!config->peers) {
        struct heat_report_answer answer = {0};
        heat_board_take(config->service->heat, report, &answer);
        atomic_store(&self->minutes_from, answer.minutes_from);
        end_report(self);
        return;
    }
    const struct coordination_view *view = coordination_view_get(config->coordination);
    if (server_name_is_set(&view->master) && view->master.host.size < MASTER_HOST_SIZE)
        send(self, &view->master, report);
    else
        end_report(self);
    coordination_view_unref(view);
}

static void make_report(struct heat_reporter *self, int64_t now_s)
{
    struct arena arena = {0};
    struct heat_report report;
    atomic_store(&self->is_calling, true);
    if (heat_collector_report(&self->collector, &self->config.service->name,
            atomic_load(&self->minutes_from), now_s, &arena, &report))
        end_report(self); /* no memory now: the next one */
    else
        deliver(self, &report);
    arena_deinit(&arena);
}

/* Looks again while a report is under way. */
static void finish(struct heat_reporter *self)
{
    const struct hbase_service *service = self->config.service;
    if (!atomic_load(&self->is_calling)) {
        self->is_last = true;
        make_report(self, env_wall_ms(service->env) / MS_PER_S);
    } else if (env_monotonic_ns(service->env) < self->finish_by_ns) {
        rest(self);
    } else {
        self->finished(self->finished_context);
    }
}

static void run(struct task *task)
{
    struct heat_reporter *self = (struct heat_reporter *)((char *)task -
                                                          offsetof(struct heat_reporter, task));
    if (atomic_load(&self->is_finishing)) {
        if (self->config.peers)
            finish(self);
        return;
    }
    int64_t now_s = env_wall_ms(self->config.service->env) / MS_PER_S;
    bool has_ended = heat_collector_second(&self->collector, now_s);
    bool is_due = has_ended || now_s >= self->reported_s + REPORT_S || now_s < self->reported_s;
    if (is_due && !atomic_load(&self->is_calling)) {
        self->reported_s = now_s;
        make_report(self, now_s);
    }
    rest(self);
}

enum status heat_reporter_new(const struct heat_reporter_config *config,
    struct heat_reporter **out_reporter, struct error *error)
{
    struct heat_reporter *self = memory_allocate_zeroed(1, sizeof *self);
    if (!self)
        return error_set(error, STATUS_NO_MEMORY, "no memory for reports of heat");
    self->config = *config;
    self->collector.tablets = config->service->tablets;
    self->task.run = run;
    executor_submit(store_workers(config->service->store), &self->task);
    *out_reporter = self;
    return STATUS_OK;
}

void heat_reporter_finish(
    struct heat_reporter *reporter, void (*done)(void *context), void *context)
{
    if (!reporter || !reporter->config.peers) {
        if (reporter)
            atomic_store(&reporter->is_finishing, true);
        done(context);
        return;
    }
    reporter->finished = done;
    reporter->finished_context = context;
    reporter->finish_by_ns = env_monotonic_ns(reporter->config.service->env) +
                             HEAT_FINISH_MS * 1000000ull;
    atomic_store(&reporter->is_finishing, true);
    hurry(reporter);
}

void heat_reporter_free(struct heat_reporter *reporter)
{
    if (!reporter)
        return;
    buffer_deinit(&reporter->call.request);
    memory_free(reporter);
}
