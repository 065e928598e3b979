/* One JSON object, schema "stele.load/1". Latencies are in microseconds; what has too few samples is
 * left out. */
#include <jansson.h>
#include <math.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "bench/report.h"
#include "bench/revision.h"
#include "bench/study/skew.h"

static json_t *number(double value)
{
    return json_real(isfinite(value) ? round(value * 1000) / 1000 : 0);
}

static json_t *latencies(const struct histogram *histogram)
{
    json_t *object = json_object();
    double us;
    json_object_set_new(object, "count", json_integer((json_int_t)histogram_count(histogram)));
    json_object_set_new(object, "mean", number(histogram_mean(histogram) / 1e3));
    for (size_t i = 0; i < TALLY_QUANTILES; i++)
        if (tally_quantile(histogram, tally_quantiles[i].quantile, &us))
            json_object_set_new(object, tally_quantiles[i].name, number(us));
    json_object_set_new(object, "max", number((double)histogram_max(histogram) / 1e3));
    return object;
}

static json_t *tally(const struct tally *counted, uint64_t elapsed_ns)
{
    double seconds = elapsed_ns ? (double)elapsed_ns / 1e9 : 1e-9;
    json_t *object = json_pack("{s:I, s:f, s:I, s:I, s:I, s:I}", "operations",
        (json_int_t)counted->operations, "rate", (double)counted->operations / seconds, "failed",
        (json_int_t)counted->failed, "missing", (json_int_t)counted->missing, "rows",
        (json_int_t)counted->rows, "value_bytes", (json_int_t)counted->bytes);
    if (counted->service && histogram_count(counted->service))
        json_object_set_new(object, "service_us", latencies(counted->service));
    if (counted->intended && histogram_count(counted->intended))
        json_object_set_new(object, "intended_us", latencies(counted->intended));
    return object;
}

static json_t *config(const struct load_settings *settings)
{
    static const char *const durabilities[] = {"default", "skip", "async", "sync", "fsync"};
    const struct workload *workload = &settings->workload;
    json_t *object = json_pack("{s:s?, s:s, s:s, s:s, s:I, s:i, s:i, s:s, s:i, s:s, s:s}",
        "workload", settings->preset, "mix", settings->mix_text, "keys", settings->keys_text,
        "key_order", workload->format.is_hashed ? "hashed" : "ordered", "rows",
        (json_int_t)workload->rows, "key_size", (int)workload->format.size, "columns",
        (int)workload->columns, "value_size", settings->value_text, "compressible_percent",
        (int)workload->value.compressible_percent, "scan_rows", settings->scan_text, "table",
        settings->table);
    json_t *rest = json_pack("{s:i, s:s, s:i, s:i, s:i, s:f, s:f, s:f, s:I, s:I, s:b, s:b, s:b}",
        "batch", (int)workload->batch_rows, "durability", durabilities[settings->durability],
        "threads", (int)settings->threads, "connections", (int)settings->clients, "depth",
        (int)settings->depth, "rate", settings->pace.rate, "warmup_s",
        (double)settings->pace.warmup_ns / 1e9, "duration_s",
        (double)settings->pace.duration_ns / 1e9, "operations",
        (json_int_t)settings->pace.operations, "splits", (json_int_t)settings->splits, "engine",
        settings->is_engine, "reuse", settings->is_reusing, "null", settings->is_null);
    json_object_update(object, rest);
    json_decref(rest);
    return object;
}

static json_t *host(void)
{
    struct utsname names;
    if (uname(&names))
        return json_object();
    return json_pack("{s:s, s:s, s:s, s:i}", "name", names.nodename, "kernel", names.release,
        "machine", names.machine, "cores", (int)sysconf(_SC_NPROCESSORS_ONLN));
}

static json_t *totals(const struct load_outcome *outcome)
{
    json_t *object = tally(&outcome->run.all, outcome->run.elapsed_ns);
    json_object_set_new(object, "seconds", number((double)outcome->run.elapsed_ns / 1e9));
    json_object_set_new(object, "rate_asked", number(outcome->settings->pace.rate));
    json_object_set_new(object, "unstarted", json_integer((json_int_t)outcome->run.unstarted));
    if (outcome->run.late && histogram_count(outcome->run.late))
        json_object_set_new(object, "late_us", latencies(outcome->run.late));
    json_object_set_new(object, "abandoned", json_integer((json_int_t)outcome->run.abandoned));
    if (outcome->run.first_failure[0])
        json_object_set_new(object, "first_failure", json_string(outcome->run.first_failure));
    json_object_set_new(
        object, "client_cpu_us", number(report_per_operation(outcome->client_cpu_us, outcome)));
    if (outcome->has_server_cpu) {
        json_object_set_new(
            object, "server_cpu_us", number(report_per_operation(outcome->server_cpu_us, outcome)));
        json_object_set_new(
            object, "server_resident_kib", json_integer((json_int_t)outcome->server_resident_kib));
    }
    if (outcome->watched.tablet_count)
        json_object_set_new(
            object, "tablet_max_mean", number(report_tablet_skew(outcome).max_mean));
    if (outcome->watched.server_count)
        json_object_set_new(
            object, "server_max_mean", number(report_server_skew(outcome).max_mean));
    return object;
}

static json_t *operations(const struct run_result *run)
{
    json_t *object = json_object();
    for (int i = 0; i < OPERATION_COUNT; i++)
        if (run->of[i].operations || run->of[i].failed)
            json_object_set_new(
                object, operation_name((enum operation)i), tally(&run->of[i], run->elapsed_ns));
    return object;
}

static void set_latency(json_t *object, const char *name, const struct latency *latency)
{
    if (isnan(latency->max))
        return;
    json_t *parts = json_pack(
        "{s:o, s:o}", "mean", number(latency->mean), "max", number(latency->max));
    if (!isnan(latency->p50))
        json_object_set_new(parts, "p50", number(latency->p50));
    if (!isnan(latency->p99))
        json_object_set_new(parts, "p99", number(latency->p99));
    json_object_set_new(object, name, parts);
}

static json_t *part(const struct point_part *counted)
{
    json_t *object = json_pack("{s:I, s:I}", "operations", (json_int_t)counted->operations,
        "failed", (json_int_t)counted->failed);
    set_latency(object, "service_us", &counted->service);
    set_latency(object, "intended_us", &counted->intended);
    return object;
}

static json_t *timeline(const struct run_result *run)
{
    json_t *array = json_array();
    for (size_t i = 0; i < run->point_count; i++) {
        const struct point *point = &run->points[i];
        json_t *object = part(&point->all), *parts = json_object();
        json_object_set_new(object, "second", json_integer(point->second));
        json_object_set_new(object, "length_s", number(point->length_s));
        for (int j = 0; j < OPERATION_COUNT; j++)
            if (run->of[j].operations || run->of[j].failed)
                json_object_set_new(parts, operation_name((enum operation)j), part(&point->of[j]));
        json_object_set_new(object, "of", parts);
        json_array_append_new(array, object);
    }
    return array;
}

/* Names of tablets hold keys: any bytes. JSON takes UTF-8: what is not printable ASCII is \xNN. */
static json_t *text_of_bytes(const char *bytes)
{
    char text[1024];
    size_t at = 0;
    for (; *bytes && at + 5 < sizeof text; bytes++) {
        unsigned char byte = (unsigned char)*bytes;
        at += (size_t)snprintf(text + at, sizeof text - at,
            byte >= 0x20 && byte < 0x7f && byte != '\\' ? "%c" : "\\x%02X", byte);
    }
    text[at] = '\0';
    return json_string(text);
}

static void set_watched(json_t *object, const struct watch_figures *watched)
{
    json_t *tablets = json_array(), *servers = json_array(), *events = json_array();
    for (size_t i = 0; i < watched->tablet_count; i++)
        json_array_append_new(
            tablets, json_pack("{s:o, s:s, s:I, s:I}", "name",
                         text_of_bytes(watched->tablets[i].name), "server",
                         watched->tablets[i].server, "reads", (json_int_t)watched->tablets[i].reads,
                         "writes", (json_int_t)watched->tablets[i].writes));
    for (size_t i = 0; i < watched->server_count; i++) {
        const struct watched_server *server = &watched->servers[i];
        json_t *one = json_pack("{s:s, s:I, s:I, s:I}", "address", server->address, "tablets",
            (json_int_t)server->tablets, "reads", (json_int_t)server->reads, "writes",
            (json_int_t)server->writes);
        if (server->pid > 0)
            json_object_set_new(one, "cpu_s", number((double)server->cpu_us / 1e6));
        json_array_append_new(servers, one);
    }
    for (size_t i = 0; i < watched->event_count; i++)
        json_array_append_new(events, json_pack("{s:f, s:s}", "at_s", watched->events[i].at_s,
                                          "text", watched->events[i].text));
    json_object_set_new(object, "tablets", tablets);
    json_object_set_new(object, "servers", servers);
    json_object_set_new(object, "events", events);
}

json_t *report_json_make(const struct load_outcome *outcome)
{
    json_t *object = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:s, s:o, s:o}", "schema",
        "stele.load/1", "name", outcome->settings->name, "place", outcome->place, "version",
        stele_version(), "revision", bench_revision, "server_version", outcome->watched.version,
        "seed", (json_int_t)outcome->settings->workload.seed, "started_ms",
        (json_int_t)outcome->run.started_ms, "end", run_end_name(outcome->run.end), "host", host(),
        "config", config(outcome->settings));
    if (!object)
        return NULL;
    if (outcome->has_fill)
        json_object_set_new(object, "fill", tally(&outcome->fill.all, outcome->fill.elapsed_ns));
    json_object_set_new(object, "totals", totals(outcome));
    json_object_set_new(object, "operations", operations(&outcome->run));
    set_watched(object, &outcome->watched);
    json_object_set_new(object, "timeline", timeline(&outcome->run));
    if (outcome->against)
        json_object_set(object, "against", outcome->against);
    return object;
}

bool report_json_print(FILE *out, const struct load_outcome *outcome)
{
    json_t *object = report_json_make(outcome);
    bool is_written = object &&
                      json_dumpf(object, out, JSON_COMPACT | JSON_REAL_PRECISION(10)) == 0;
    json_decref(object);
    return fputc('\n', out) != EOF && is_written;
}
