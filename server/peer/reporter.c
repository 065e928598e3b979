#include "server/peer/reporter.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/log_lines.h"
#include "base/memory.h"
#include "base/trouble.h"
#include "proto/wire.h"
#include "server/coordination/coordination.h"
#include "server/hbase/region_load.h"
#include "server/hbase/service.h"
#include "server/peer/peer_message.h"
#include "server/peer/peers.h"

#define MASTER_HOST_SIZE 256

struct reporter {
    struct reporter_config config;
    struct split_settings split_settings;
    struct executor *executor;      /* two threads: a look may hold one of them for long */
    struct task task;               /* the next report */
    struct task look_task;          /* while look_since_ns says so */
    _Atomic uint64_t look_since_ns; /* a look was begun, and has not ended; 0 = none */
    _Atomic bool has_failed;        /* a look did: the store is dead */
    struct arena arena;
    struct buffer loads; /* of the report: every RegionLoad */
    struct server_report report;
    struct given_up_file *files;          /* the report's */
    uint64_t requests_total, measured_ns; /* as of the last report, as the next */
    bool splits_by_policy;                /* as the master said */
    _Atomic bool is_stopping;
    struct peer_call call;  /* while one is under way */
    struct trouble trouble; /* of the calls */
    char master_host[MASTER_HOST_SIZE];
    struct server_name master;
};

static void run(struct task *task);

static void rest(struct reporter *self)
{
    const struct hbase_service *service = self->config.service;
    arena_reset(&self->arena);
    if (atomic_load(&self->is_stopping))
        return;
    self->task.run = run;
    executor_submit_at(self->executor, &self->task,
        env_monotonic_ns(service->env) + REPORT_PERIOD_MS * 1000000ull);
}

/* ---- What there is to say ---- */

/* What each stretch of its keys took of the resource lately. */
static void measure_stretches(struct reporter *self, struct served_tablet *served,
    enum view_resource resource, struct split_candidate *candidate)
{
    static const uint32_t metrics[VIEW_RESOURCES] = {
        [VIEW_REQUESTS] = HEAT_OPS, [VIEW_BYTES] = HEAT_BYTES, [VIEW_CPU] = 1u << HEAT_CPU_NS};
    int64_t now_s = env_wall_ms(self->config.service->env) / 1000;
    struct heat_minute_copy copy = {0};
    enum status status = STATUS_NOT_FOUND;
    if (resource == VIEW_REQUESTS)
        status = tablet_heat_read_seconds(
            &served->heat, now_s - LOAD_WINDOW_S + 1, now_s + 1, &self->arena, &copy);
    else if (now_s % 60 >= LOAD_WINDOW_S) /* of a minute that has just begun little is known */
        status = tablet_heat_read_minute(&served->heat, 0, &self->arena, &copy);
    struct split_stretch *stretches = status ? NULL
                                             : arena_allocate_zeroed(&self->arena, copy.value_count,
                                                   sizeof *stretches);
    for (size_t i = 0; stretches && i < copy.value_count; i++)
        stretches[i] = (struct split_stretch){
            i > 0 ? copy.bounds[i - 1] : SPAN_EMPTY, heat_sum(&copy.values[i], metrics[resource])};
    candidate->stretches = stretches;
    candidate->stretch_count = stretches ? copy.value_count : 0;
}

/* The row that takes most, read and written, and what it takes for sure. */
static void find_hot_row(
    struct reporter *self, struct served_tablet *served, struct split_candidate *candidate)
{
    int64_t now_s = env_wall_ms(self->config.service->env) / 1000;
    struct heat_tablet_rows hot = {0};
    double all = 0, most = 0;
    if (tablet_heat_read_rows(&served->heat, now_s, 1, &self->arena, &hot))
        return;
    for (unsigned kind = 0; kind < HEAT_ROW_KINDS; kind++)
        all += hot.all[kind];
    for (size_t i = 0; i < hot.row_count; i++) {
        double sure = 0;
        for (size_t k = 0; k < hot.row_count; k++)
            if (span_equal(hot.rows[k].row, hot.rows[i].row))
                sure += hot.rows[k].count - hot.rows[k].error;
        if (sure <= most)
            continue;
        most = sure;
        candidate->hot_row = hot.rows[i].row;
    }
    candidate->hot_share = all > 0 ? most / all : 0;
}

/* Once for each time that it comes to stand in the way. */
static void tell_obstacle(struct served_tablet *served, const struct split_decision *decision)
{
    if (decision->obstacle != served->split_obstacle && decision->obstacle &&
        decision->obstacle != SPLIT_FEW_SAMPLES)
        log_line(LOG_INFO, "split.none", "tablet=%s reason=\"%s\"", served->id,
            split_obstacle_text(decision->obstacle));
    if (decision->obstacle != SPLIT_FEW_SAMPLES)
        served->split_obstacle = decision->obstacle;
}

/* Whether to ask for a split of the tablet, and where. */
static void judge_split(struct reporter *self, struct served_tablet *served, uint32_t tablets_here,
    uint64_t now_ns, struct tablet_report *report)
{
    const struct table_schema *schema = tablet_get_schema(served->tablet);
    const struct split_settings *settings = &self->split_settings;
    struct tablet_statistics statistics;
    tablet_statistics_read(served->tablet, &statistics);
    struct split_candidate candidate = {.start_row = served->info.start_key,
        .end_row = served->info.end_key,
        .size_bytes = statistics.largest_family_bytes,
        .is_shared = statistics.has_references,
        .is_meta = served->is_meta,
        .tablets_here = tablets_here};
    memcpy(candidate.load, report->load, sizeof candidate.load);
    struct split_sample *samples = NULL;
    enum view_resource resource;
    if (split_policy_is_loaded(report->load, schema, settings, &resource) &&
        !tablet_load_samples(
            served->load, now_ns, &self->arena, &samples, &candidate.sample_count)) {
        candidate.samples = samples;
        measure_stretches(self, served, resource, &candidate);
        find_hot_row(self, served, &candidate);
    }
    struct split_decision decision = split_policy_decide(&candidate, schema, settings);
    tell_obstacle(served, &decision);
    report->split_reason = decision.reason;
    report->split_row = arena_copy(&self->arena, decision.row);
}

struct gathering {
    struct served_tablet **served;
    size_t count, room;
};

static bool gather(void *context, struct served_tablet *served)
{
    struct gathering *gathering = context;
    if (gathering->count == gathering->room)
        return false; /* opened meanwhile: the next report has it */
    served_tablet_ref(served);
    gathering->served[gathering->count++] = served;
    return true;
}

static int by_table(const void *a, const void *b)
{
    return strcmp((*(struct served_tablet *const *)a)->table_id,
        (*(struct served_tablet *const *)b)->table_id);
}

static uint32_t same_table_from(const struct gathering *gathering, size_t first)
{
    size_t end = first;
    while (end < gathering->count &&
           strcmp(gathering->served[end]->table_id, gathering->served[first]->table_id) == 0)
        end++;
    return (uint32_t)(end - first);
}

static void report_tablet(struct reporter *self, struct served_tablet *served,
    uint32_t tablets_here, uint64_t now_ns, struct tablet_report *report)
{
    struct tablet_statistics statistics;
    tablet_statistics_read(served->tablet, &statistics);
    memcpy(report->id, served->id, sizeof report->id);
    report->open_sequence = tablet_get_info(served->tablet)->open_sequence;
    served_tablet_measure(served, now_ns, report->load);
    report->size_bytes = statistics.sstable_bytes + statistics.memtable_bytes;
    buffer_reset(&self->loads);
    region_load_put_fields(&self->loads, served);
    report->region_load = arena_copy(&self->arena, buffer_span(&self->loads));
    if (self->splits_by_policy)
        judge_split(self, served, tablets_here, now_ns, report);
}

static void report_tablets(struct reporter *self, uint64_t now_ns)
{
    struct tablet_service *tablets = self->config.service->tablets;
    struct gathering gathering = {.room = tablet_service_count(tablets)};
    gathering.served = arena_allocate_zeroed(
        &self->arena, gathering.room + 1, sizeof *gathering.served);
    struct tablet_report *reports = arena_allocate_zeroed(
        &self->arena, gathering.room + 1, sizeof *reports);
    if (!gathering.served || !reports)
        return;
    tablet_service_each(tablets, gather, &gathering);
    if (gathering.count)
        qsort(gathering.served, gathering.count, sizeof *gathering.served, by_table);
    uint32_t tablets_here = 0, left = 0;
    for (size_t i = 0; i < gathering.count; i++) {
        if (left == 0)
            left = tablets_here = same_table_from(&gathering, i);
        left--;
        report_tablet(self, gathering.served[i], tablets_here, now_ns, &reports[i]);
        served_tablet_unref(gathering.served[i]);
    }
    self->report.tablets = reports;
    self->report.tablet_count = gathering.count;
}

static void take_file(void *context, const char *table_id, const char *file)
{
    struct reporter *self = context;
    struct given_up_file *one = &self->files[self->report.file_count++];
    one->table_id = span_string(table_id);
    one->file = span_string(file);
    const char *id = arena_copy_string(&self->arena, one->table_id);
    const char *name = arena_copy_string(&self->arena, one->file);
    if (!id || !name) { /* the next report has it */
        store_give_up(self->config.service->store, table_id, file);
        self->report.file_count--;
        return;
    }
    one->table_id = span_string(id);
    one->file = span_string(name);
}

static void sum_calls(const struct hbase_service *service, struct server_report *report)
{
    static const enum load_calls kinds[CALL_KINDS] = {[CALL_OTHER] = LOAD_CALLS,
        [CALL_GET] = LOAD_CALLS_READ,
        [CALL_SCAN] = LOAD_CALLS_READ,
        [CALL_MUTATE] = LOAD_CALLS_WRITE,
        [CALL_MULTI] = LOAD_CALLS_WRITE};
    for (size_t i = 0; i < service->metrics_count; i++)
        for (unsigned kind = 0; kind < CALL_KINDS; kind++)
            for (unsigned bucket = 0; kinds[kind] < LOAD_CALLS && bucket < CALL_BUCKETS; bucket++)
                report->calls[kinds[kind]][bucket] += atomic_load_explicit(
                    &service->metrics[i]->counts[kind][bucket], memory_order_relaxed);
}

static void look(struct task *task)
{
    struct reporter *self = (struct reporter *)((char *)task -
                                                offsetof(struct reporter, look_task));
    if (store_look(self->config.service->store, NULL))
        atomic_store(&self->has_failed, true);
    atomic_store(&self->look_since_ns, 0);
}

/* Without clients nothing else would ever find out that this server has been declared dead. */
static void begin_look(struct reporter *self)
{
    if (atomic_load(&self->look_since_ns))
        return;
    atomic_store(&self->look_since_ns, env_monotonic_ns(self->config.service->env));
    self->look_task.run = look;
    executor_submit(self->executor, &self->look_task);
}

/* For how long the directory has not answered: the look, or the log. */
static uint64_t stalled_ms(const struct reporter *self, uint64_t now_ns)
{
    uint64_t since_ns = atomic_load(&self->look_since_ns);
    uint64_t log_ns = store_log_turn_since_ns(self->config.service->store);
    if (log_ns && (!since_ns || log_ns < since_ns))
        since_ns = log_ns;
    return since_ns && since_ns < now_ns ? (now_ns - since_ns) / 1000000 : 0;
}

static void make_report(struct reporter *self)
{
    const struct hbase_service *service = self->config.service;
    uint64_t now_ns = env_monotonic_ns(service->env);
    uint64_t total = atomic_load_explicit(&service->calls_received, memory_order_relaxed);
    uint64_t passed_ms = (now_ns - self->measured_ns) / 1000000;
    self->report = (struct server_report){.server = service->name,
        .requests_per_s = passed_ms ? (total - self->requests_total) * 1000 / passed_ms : 0,
        .requests_total = total,
        .used_mb = env_resident_bytes(service->env) >> 20,
        .most_mb = store_budget_bytes(service->store) >> 20,
        .started_ms = service->started_ms,
        .web_port = service->web_port,
        .full_since_ms = store_read_only_since_ms(service->store),
        .stalled_ms = stalled_ms(self, now_ns),
        .wall_ms = env_wall_ms(service->env)};
    sum_calls(service, &self->report);
    self->requests_total = total;
    self->measured_ns = now_ns;
    report_tablets(self, now_ns);
    self->files = arena_allocate_zeroed(&self->arena, REPORT_FILES, sizeof *self->files);
    if (self->files)
        store_take_given_up(service->store, REPORT_FILES, take_file, self);
    self->report.files = self->files;
}

/* ---- To whom ---- */

static void give_files_back(struct reporter *self)
{
    for (size_t i = 0; i < self->report.file_count; i++)
        store_give_up(self->config.service->store, (const char *)self->files[i].table_id.data,
            (const char *)self->files[i].file.data);
}

static void take_answer(struct reporter *self, const struct server_report_answer *answer)
{
    struct error error = {0};
    if (answer->is_sealed) {
        error_set(&error, STATUS_CLOSED, "the master says that this server is sealed");
        store_end(self->config.service->store, &error);
        atomic_store(&self->has_failed, true);
    }
    self->splits_by_policy = answer->splits_by_policy;
    if (answer->epoch == 0) /* it leads nobody: it has not kept them */
        give_files_back(self);
}

static void on_answer(struct peer_call *call)
{
    struct reporter *self = (struct reporter *)((char *)call - offsetof(struct reporter, call));
    struct server_report_answer answer;
    struct error error = {0};
    if (!call->status && !server_report_answer_decode(call->answer, &answer, &error))
        take_answer(self, &answer);
    else
        give_files_back(self);
    uint64_t now_ns = env_monotonic_ns(self->config.service->env);
    if (call->status && call->status != STATUS_CLOSED)
        trouble_failed(&self->trouble, now_ns, "report", call->error.message);
    else if (!call->status)
        trouble_over(&self->trouble, now_ns, "report");
    rest(self);
}

static void send(struct reporter *self, const struct server_name *master)
{
    memcpy(self->master_host, master->host.data, master->host.size);
    self->master = *master;
    self->master.host = span_make(self->master_host, master->host.size);
    buffer_reset(&self->call.request);
    struct buffer request = self->call.request;
    server_report_encode(&self->report, &request);
    self->call = (struct peer_call){.to = &self->master,
        .method = "Report",
        .request = request,
        .timeout_ms = REPORT_TIMEOUT_MS,
        .done = on_answer};
    peers_call(self->config.peers, &self->call);
}

static bool is_us(const struct reporter *self, const struct server_name *master)
{
    const struct server_name *name = &self->config.service->name;
    return master->port == name->port && master->start_code == name->start_code &&
           span_equal(master->host, name->host);
}

static void run(struct task *task)
{
    struct reporter *self = (struct reporter *)((char *)task - offsetof(struct reporter, task));
    const struct reporter_config *config = &self->config;
    if (atomic_load(&self->is_stopping) || atomic_load(&self->has_failed))
        return;
    make_report(self);
    if (config->peers)
        begin_look(self);
    const struct coordination_view *view = coordination_view_get(config->coordination);
    const struct server_name *master = &view->master;
    bool is_own = config->take_report && (!config->peers || is_us(self, master));
    if (is_own) {
        struct server_report_answer answer = {0};
        config->take_report(config->context, &self->report, &answer);
        take_answer(self, &answer);
        rest(self);
    } else if (config->peers && server_name_is_set(master) &&
               master->host.size < sizeof self->master_host) {
        send(self, master);
    } else {
        give_files_back(self);
        rest(self);
    }
    coordination_view_unref(view);
}

enum status reporter_new(
    const struct reporter_config *config, struct reporter **out_reporter, struct error *error)
{
    struct reporter *self = memory_allocate_zeroed(1, sizeof *self);
    if (!self)
        return error_set(error, STATUS_NO_MEMORY, "no memory for reports");
    self->config = *config;
    self->split_settings = split_settings_default();
    self->measured_ns = env_monotonic_ns(config->service->env);
    enum status status = env_executor_new(
        config->service->env, "report", 2, &self->executor, error);
    if (status) {
        memory_free(self);
        return status;
    }
    self->task.run = run;
    executor_submit(self->executor, &self->task);
    *out_reporter = self;
    return STATUS_OK;
}

void reporter_stop(struct reporter *reporter)
{
    if (reporter)
        atomic_store(&reporter->is_stopping, true);
}

void reporter_end(struct reporter *reporter)
{
    if (!reporter || !reporter->executor)
        return;
    reporter_stop(reporter);
    executor_free(reporter->executor);
    reporter->executor = NULL;
}

void reporter_free(struct reporter *reporter)
{
    if (!reporter)
        return;
    arena_deinit(&reporter->arena);
    buffer_deinit(&reporter->loads);
    buffer_deinit(&reporter->call.request);
    memory_free(reporter);
}
