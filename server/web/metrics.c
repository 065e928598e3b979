/* /metrics: this process's counters and gauges (docs/operations.md lists them; names as Prometheus wants them, base units). */
#include <stdio.h>

#include "server/hbase/call_metrics.h"
#include "server/web/api_internal.h"
#include "server/web/metrics.h"
#include "server/web/process_facts.h"

#define NS_PER_S 1e9

/* ---- The process ---- */

static void put_process(struct metrics_text *text, const struct web_call *call)
{
    const struct web_service *service = call->service;
    struct process_facts facts;
    process_facts_read(service->env, &facts);
    const struct metric_label build[] = {
        LABEL("version", service->version ? service->version : "?"),
        LABEL("role", service->role == SERVER_STANDALONE ? "standalone"
                      : service->role == SERVER_MASTER   ? "master"
                                                         : "tabletserver")};
    metrics_family(text, "stele_build_info", METRIC_GAUGE, "What runs: always 1.");
    metrics_sample(text, "", build, 2, 1);
    metrics_single(
        text, "process_cpu_seconds_total", METRIC_COUNTER, "CPU time of the process.", facts.cpu_s);
    metrics_single(text, "process_resident_memory_bytes", METRIC_GAUGE,
        "Memory of the process in RAM.", (double)facts.resident_bytes);
    metrics_single(text, "process_virtual_memory_bytes", METRIC_GAUGE,
        "Address space of the process.", (double)facts.virtual_bytes);
    metrics_single(
        text, "process_open_fds", METRIC_GAUGE, "Open file descriptors.", (double)facts.open_files);
    metrics_single(text, "process_max_fds", METRIC_GAUGE, "Most file descriptors that may be open.",
        (double)facts.open_files_most);
    metrics_single(text, "process_start_time_seconds", METRIC_GAUGE, "When the process started.",
        (double)service->hbase->started_ms / 1e3);
}

static void put_calls(struct metrics_text *text, const struct web_call *call)
{
    const struct web_service *service = call->service;
    struct hbase_service *hbase = service->hbase;
    double connections = 0;
    for (size_t i = 0; i < service->loop_count; i++)
        connections += (double)atomic_load_explicit(service->connections[i], memory_order_relaxed);
    metrics_single(
        text, "stele_connections", METRIC_GAUGE, "Open connections of clients.", connections);
    metrics_single(text, "stele_calls_in_flight", METRIC_GAUGE,
        "Calls that have outlived their turn of the loop.",
        (double)atomic_load_explicit(&hbase->calls_in_flight, memory_order_relaxed));
    metrics_single(text, "stele_slow_requests_total", METRIC_COUNTER,
        "Calls that took over 100 ms.", (double)slow_log_count(&hbase->slow));
}

static void put_durations(struct metrics_text *text, const struct web_call *call)
{
    metrics_family(text, "stele_request_duration_seconds", METRIC_HISTOGRAM,
        "From the arrival of a call to its answer, failed calls included.");
    for (unsigned kind = 0; kind < CALL_KINDS; kind++) {
        struct metric_label labels[] = {LABEL("op", call_kind_name(kind)), LABEL("le", "+Inf")};
        uint64_t count = 0, sum_ns = 0;
        for (size_t b = 0; b < CALL_BUCKETS; b++) {
            char bound[32];
            for (size_t i = 0; i < call->service->loop_count; i++)
                count += atomic_load_explicit(
                    &call->service->metrics[i]->counts[kind][b], memory_order_relaxed);
            snprintf(bound, sizeof bound, "%.9g", call_bucket_bound(b));
            labels[1].value = b + 1 < CALL_BUCKETS ? span_string(bound) : SPAN_LITERAL("+Inf");
            metrics_sample(text, "_bucket", labels, 2, (double)count);
        }
        for (size_t i = 0; i < call->service->loop_count; i++)
            sum_ns += atomic_load_explicit(
                &call->service->metrics[i]->duration_ns[kind], memory_order_relaxed);
        metrics_sample(text, "_sum", labels, 1, (double)sum_ns / NS_PER_S);
        metrics_sample(text, "_count", labels, 1, (double)count);
    }
}

/* ---- Tables ---- */

struct by_table {
    struct metrics_text *text;
    double (*value)(const struct load_totals *totals);
};

static void put_one_table(void *context, struct span table_name, const struct load_totals *totals)
{
    const struct by_table *by = context;
    struct metric_label label = {"table", web_table_name(table_name)};
    metrics_sample(by->text, "", &label, 1, by->value(totals));
}

static void put_table_requests(
    void *context, struct span table_name, const struct load_totals *totals)
{
    static const char *const ops[] = {
        [LOAD_GET] = "get", [LOAD_SCAN] = "scan", [LOAD_WRITE] = "write"};
    for (unsigned kind = 0; kind < LOAD_KINDS; kind++) {
        const struct metric_label labels[] = {
            LABEL("op", ops[kind]), {"table", web_table_name(table_name)}, LABEL("code", "ok")};
        metrics_sample(context, "", labels, 3, (double)totals->calls[kind]);
    }
}

/* "org.apache.hadoop.hbase.NotServingRegionException" -> the last part. */
static struct span short_class(const char *exception_class)
{
    const char *dot = strrchr(exception_class, '.');
    return span_string(dot ? dot + 1 : exception_class);
}

static void put_failures(struct metrics_text *text, const struct web_call *call)
{
    static const char *const ops[] = {"other", "get", "write", "scan", "multi"};
    struct {
        struct span code;
        uint64_t counts[CALL_KINDS];
    } sums[CALL_FAILURES] = {0};
    size_t known = 0;
    for (size_t i = 0; i < call->service->loop_count; i++) {
        for (size_t f = 0; f < CALL_FAILURES; f++) {
            const struct call_failure *failure = &call->service->metrics[i]->failures[f];
            const char *class_name = atomic_load_explicit(
                &failure->exception_class, memory_order_acquire);
            size_t at = 0;
            if (!class_name)
                break;
            while (at < known && !span_equal(sums[at].code, short_class(class_name)))
                at++;
            if (at == CALL_FAILURES)
                break;
            if (at == known)
                sums[known++].code = short_class(class_name);
            for (size_t k = 0; k < CALL_KINDS; k++)
                sums[at].counts[k] += atomic_load_explicit(
                    &failure->counts[k], memory_order_relaxed);
        }
    }
    for (size_t f = 0; f < known; f++) {
        for (size_t k = 0; k < CALL_KINDS; k++) {
            const struct metric_label labels[] = {
                LABEL("op", ops[k]), {"table", SPAN_EMPTY}, {"code", sums[f].code}};
            if (sums[f].counts[k])
                metrics_sample(text, "", labels, 3, (double)sums[f].counts[k]);
        }
    }
}

static double rows_read(const struct load_totals *totals)
{
    return (double)(totals->requests[LOAD_GET] + totals->requests[LOAD_SCAN]);
}

static double rows_returned(const struct load_totals *totals)
{
    return (double)totals->rows_returned;
}

static double rows_written(const struct load_totals *totals)
{
    return (double)totals->requests[LOAD_WRITE];
}

static double bytes_read(const struct load_totals *totals)
{
    return (double)totals->bytes_out;
}

static double bytes_written(const struct load_totals *totals)
{
    return (double)totals->bytes_in;
}

static double cpu_seconds(const struct load_totals *totals)
{
    return (double)totals->cpu_ns / NS_PER_S;
}

static void put_tables(struct metrics_text *text, const struct web_call *call)
{
    static const struct {
        const char *name, *help;
        double (*value)(const struct load_totals *totals);
    } families[] = {
        {"stele_rows_read_total", "Gets, and rows that scans looked at.", rows_read},
        {"stele_rows_returned_total",
            "Rows in answers; beside those read, what reads cost in vain.", rows_returned},
        {"stele_rows_written_total", "Mutations.", rows_written},
        {"stele_bytes_read_total", "Bytes of answers to clients; not what was read from disk.",
            bytes_read},
        {"stele_bytes_written_total",
            "Bytes of requests of clients, of gets and scans as well as of mutations; not what was "
            "written to disk.",
            bytes_written},
        {"stele_cpu_seconds_total",
            "CPU time of the threads that run calls (one in 16 is measured).", cpu_seconds},
    };
    struct table_traffic *traffic = tablet_service_traffic(call->service->hbase->tablets);
    metrics_family(text, "stele_requests_total", METRIC_COUNTER,
        "Calls on tablets, a batch once for each tablet; those that failed by their exception, "
        "without a table.");
    table_traffic_each(traffic, put_table_requests, text);
    put_failures(text, call);
    for (size_t i = 0; i < sizeof families / sizeof *families; i++) {
        struct by_table by = {text, families[i].value};
        metrics_family(text, families[i].name, METRIC_COUNTER, families[i].help);
        table_traffic_each(traffic, put_one_table, &by);
    }
}

/* ---- Storage ---- */

struct tablet_sums {
    double sstables, sstable_bytes, pending_bytes, running;
};

static bool sum_tablet(void *context, struct served_tablet *served)
{
    struct tablet_sums *sums = context;
    struct tablet_statistics statistics;
    tablet_statistics_read(served->tablet, &statistics);
    sums->sstables += (double)statistics.sstable_count;
    sums->sstable_bytes += (double)statistics.sstable_bytes;
    if (statistics.compaction_state) {
        double left = statistics.compacting_cells ? 1 - (double)statistics.compacted_cells /
                                                            (double)statistics.compacting_cells
                                                  : 1;
        sums->running++;
        sums->pending_bytes += (double)statistics.sstable_bytes * (left > 0 ? left : 0);
    }
    return true;
}

static void put_storage(struct metrics_text *text, const struct web_call *call)
{
    const struct hbase_service *hbase = call->service->hbase;
    struct store_statistics s;
    struct tablet_sums sums = {0};
    store_statistics_read(hbase->store, &s);
    tablet_service_each(hbase->tablets, sum_tablet, &sums);
    const struct metric_label open = LABEL("state", "open"), opening = LABEL("state", "opening");
    double here = (double)tablet_service_count(hbase->tablets),
           on_way = (double)tablet_service_opening_count(hbase->tablets);
    metrics_family(text, "stele_tablets", METRIC_GAUGE, "Tablets at this server.");
    metrics_sample(text, "", &open, 1, here > on_way ? here - on_way : 0);
    metrics_sample(text, "", &opening, 1, on_way);
    const struct {
        const char *name;
        enum metric_type type;
        const char *help;
        double value;
    } all[] = {
        {"stele_memtable_bytes", METRIC_GAUGE, "Bytes in memtables.", (double)s.memtable_bytes},
        {"stele_memtable_budget_bytes", METRIC_GAUGE, "Most bytes that memtables may have.",
            (double)s.memtable_budget_bytes},
        {"stele_sstables", METRIC_GAUGE, "SSTables of the tablets here.", sums.sstables},
        {"stele_sstable_bytes", METRIC_GAUGE, "Bytes of the SSTables of the tablets here.",
            sums.sstable_bytes},
        {"stele_block_cache_bytes", METRIC_GAUGE, "Bytes in the block cache.",
            (double)s.cache_bytes},
        {"stele_block_cache_budget_bytes", METRIC_GAUGE,
            "Most bytes that the block cache may have.", (double)s.cache_budget_bytes},
        {"stele_block_cache_hits_total", METRIC_COUNTER, "Blocks found in the cache.",
            (double)s.cache_hits},
        {"stele_block_cache_misses_total", METRIC_COUNTER, "Blocks read from files.",
            (double)s.cache_misses},
        {"stele_flushed_bytes_total", METRIC_COUNTER, "Bytes of SSTables written by flushes.",
            (double)s.flushed_bytes},
        {"stele_flushed_before_close_bytes_total", METRIC_COUNTER,
            "Of these, of tablets about to move, split or merge, while they still served.",
            (double)s.flushed_before_close_bytes},
        {"stele_flushed_at_close_bytes_total", METRIC_COUNTER,
            "Of these, the small rest of such tablets, while their rows could not be written.",
            (double)s.flushed_at_close_bytes},
        {"stele_compactions_total", METRIC_COUNTER, "Compactions that have ended.",
            (double)s.compactions},
        {"stele_compacted_bytes_total", METRIC_COUNTER, "Bytes of SSTables written by compactions.",
            (double)s.compacted_bytes},
        {"stele_compactions_running", METRIC_GAUGE, "Tablets that are being compacted.",
            sums.running},
        {"stele_compactions_queued", METRIC_GAUGE, "Compactions that run or wait for a thread.",
            (double)s.compactions_queued},
        {"stele_compaction_pending_bytes", METRIC_GAUGE,
            "Bytes of the tablets that are being compacted, less the part that is done (an "
            "estimate).",
            sums.pending_bytes},
        {"stele_write_stalls_total", METRIC_COUNTER,
            "Writes made to wait because memtables were nearly full.", (double)s.writes_delayed},
        {"stele_write_stall_seconds_total", METRIC_COUNTER, "Time that they waited, all together.",
            (double)s.writes_delay_ns / NS_PER_S},
        {"stele_writes_refused_total", METRIC_COUNTER,
            "Writes refused because memtables were full.", (double)s.writes_refused},
        {"stele_wal_bytes", METRIC_GAUGE, "Bytes of log segments.", (double)s.log_bytes},
        {"stele_wal_segments", METRIC_GAUGE, "Log segments.", (double)s.log_segments},
        {"stele_wal_records_total", METRIC_COUNTER, "Records written to the log.",
            (double)s.log_records},
        {"stele_wal_groups_total", METRIC_COUNTER, "Groups of records, each synced once.",
            (double)s.log_groups},
        {"stele_disk_free_bytes", METRIC_GAUGE, "Free space under the directory.",
            (double)s.space_free_bytes},
        {"stele_disk_read_only", METRIC_GAUGE, "1: writes are refused for want of space.",
            store_is_read_only(hbase->store)},
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        metrics_single(text, all[i].name, all[i].type, all[i].help, all[i].value);
    metrics_family(text, "stele_wal_fsync_duration_seconds", METRIC_SUMMARY,
        "Syncs of the log: the log thread's time for them.");
    metrics_sample(text, "_sum", NULL, 0, (double)s.log_sync_ns / NS_PER_S);
    metrics_sample(text, "_count", NULL, 0, (double)s.log_syncs);
    metrics_family(text, "stele_memtable_insert_duration_seconds", METRIC_SUMMARY,
        "Groups of the log put into memtables, mostly while the disk takes them.");
    metrics_sample(text, "_sum", NULL, 0, (double)s.log_appended_ns / NS_PER_S);
    metrics_sample(text, "_count", NULL, 0, (double)s.log_groups);
    metrics_family(text, "stele_flush_duration_seconds", METRIC_SUMMARY, "Flushes of tablets.");
    metrics_sample(text, "_sum", NULL, 0, (double)s.flush_ns / NS_PER_S);
    metrics_sample(text, "_count", NULL, 0, (double)s.flushes);
}

/* ---- By tablet ---- */

struct details {
    struct metrics_text *text;
    struct served_tablet **tablets;
    size_t count, room;
};

static bool gather(void *context, struct served_tablet *served)
{
    struct details *details = context;
    if (details->count == details->room)
        return false;
    served_tablet_ref(served);
    details->tablets[details->count++] = served;
    return true;
}

static void put_tablet_family(struct details *details, const char *name, enum metric_type type,
    const char *help, double (*value)(const struct served_tablet *served))
{
    metrics_family(details->text, name, type, help);
    for (size_t i = 0; i < details->count; i++) {
        const struct served_tablet *one = details->tablets[i];
        const struct metric_label labels[] = {
            {"table", web_table_name(one->table_name)}, LABEL("tablet", one->id)};
        metrics_sample(details->text, "", labels, 2, value(one));
    }
}

static struct load_totals totals_of(const struct served_tablet *served)
{
    struct load_totals totals;
    tablet_load_totals(served->load, &totals);
    return totals;
}

static double tablet_read(const struct served_tablet *served)
{
    struct load_totals totals = totals_of(served);
    return rows_read(&totals);
}

static double tablet_written(const struct served_tablet *served)
{
    struct load_totals totals = totals_of(served);
    return rows_written(&totals);
}

static double tablet_cpu(const struct served_tablet *served)
{
    struct load_totals totals = totals_of(served);
    return cpu_seconds(&totals);
}

static double tablet_memtable(const struct served_tablet *served)
{
    struct tablet_statistics statistics;
    tablet_statistics_read(served->tablet, &statistics);
    return (double)statistics.memtable_bytes;
}

static double tablet_size(const struct served_tablet *served)
{
    struct tablet_statistics statistics;
    tablet_statistics_read(served->tablet, &statistics);
    return (double)statistics.sstable_bytes;
}

static void put_details(struct metrics_text *text, struct web_call *call)
{
    struct tablet_service *tablets = call->service->hbase->tablets;
    struct details details = {.text = text, .room = tablet_service_count(tablets) + 16};
    details.tablets = arena_allocate_zeroed(
        &call->arena, details.room, sizeof(struct served_tablet *));
    if (!details.tablets)
        return;
    tablet_service_each(tablets, gather, &details);
    put_tablet_family(&details, "stele_tablet_rows_read_total", METRIC_COUNTER,
        "Gets and rows scanned, since it was opened here.", tablet_read);
    put_tablet_family(&details, "stele_tablet_rows_written_total", METRIC_COUNTER,
        "Mutations, since it was opened here.", tablet_written);
    put_tablet_family(&details, "stele_tablet_cpu_seconds_total", METRIC_COUNTER,
        "CPU time of its calls, since it was opened here.", tablet_cpu);
    put_tablet_family(&details, "stele_tablet_memtable_bytes", METRIC_GAUGE,
        "Bytes in its memtables.", tablet_memtable);
    put_tablet_family(&details, "stele_tablet_sstable_bytes", METRIC_GAUGE,
        "Bytes of its SSTables.", tablet_size);
    for (size_t i = 0; i < details.count; i++)
        served_tablet_unref(details.tablets[i]);
}

enum web_outcome web_get_metrics(struct web_call *call)
{
    static const char *const details[] = {"tablet", NULL};
    struct metrics_text text = {0};
    struct error error = {0};
    size_t detail;
    if (web_request_choice(&call->request, "detail", details, SIZE_MAX, &detail, &error))
        return web_fail_error(call, &error);
    put_process(&text, call);
    put_calls(&text, call);
    put_durations(&text, call);
    if (call->service->role != SERVER_MASTER) {
        put_tables(&text, call);
        put_storage(&text, call);
        if (detail == 0)
            put_details(&text, call);
    }
    metrics_put_cluster(&text, call);
    if (buffer_status(&text.out)) {
        buffer_deinit(&text.out);
        return web_fail(call, 503, "busy", "no memory");
    }
    call->answer.body = text.out;
    call->answer.status = 200;
    call->answer.type = "text/plain; version=0.0.4; charset=utf-8";
    return WEB_DONE;
}
