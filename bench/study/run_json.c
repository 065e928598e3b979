#include "bench/study/run_json.h"

#include <inttypes.h>

#include "bench/study/json_text.h"

/* rows x columns of numbers. */
static void put_matrix(struct buffer *out, const double *numbers, size_t rows, size_t columns)
{
    buffer_put_u8(out, '[');
    for (size_t i = 0; i < rows; i++) {
        buffer_put_format(out, i ? ",[" : "[");
        for (size_t j = 0; j < columns; j++)
            buffer_put_format(out, "%s%.0f", j ? "," : "", numbers[i * columns + j]);
        buffer_put_u8(out, ']');
    }
    buffer_put_u8(out, ']');
}

/* ---- Latencies ---- */

/* Which of a summary's numbers. */
enum latency_part { PART_P50, PART_P99, PART_MAX };

static const char *const part_names[] = {"p50_ms", "p99_ms", "max_ms"};

static double part_of(const struct latency_summary *summary, enum latency_part part)
{
    return part == PART_P50   ? summary->p50_ms
           : part == PART_P99 ? summary->p99_ms
                              : summary->max_ms;
}

static void put_latencies(struct buffer *out, const struct run_latency *latency)
{
    buffer_put_format(out, "\"latency_ms\":{");
    json_put_latency(out, "intended", &latency->intended);
    buffer_put_u8(out, ',');
    json_put_latency(out, "service", &latency->service);
    buffer_put_u8(out, '}');
}

/* Six series, over the seconds of `latencies`, `stride` apart. */
static void put_latency_series(
    struct buffer *out, const struct run_latency *latencies, size_t stride, unsigned seconds)
{
    for (unsigned i = 0; i < 6; i++) {
        buffer_put_format(
            out, "%s\"%s%s\":[", i ? "," : "", i < 3 ? "" : "service_", part_names[i % 3]);
        for (unsigned second = 0; second < seconds; second++) {
            const struct run_latency *latency = (const void *)((const char *)latencies +
                                                               second * stride);
            double ms = part_of(i < 3 ? &latency->intended : &latency->service, i % 3);
            if (second)
                buffer_put_u8(out, ',');
            json_put_ms(out, ms);
        }
        buffer_put_u8(out, ']');
    }
}

/* ---- By second, server, tablet ---- */

static void put_share(struct buffer *out, const struct run_share *share)
{
    buffer_put_format(out, "\"asked\":{\"read\":%.0f,\"write\":%.0f},\"answered\":%.0f,",
        share->asked[REQUEST_READ], share->asked[REQUEST_WRITE], share->answered);
    put_latencies(out, &share->latency);
}

static void put_skews(const struct study_run *run, struct buffer *out)
{
    const struct run_load *load = &run->load;
    buffer_put_format(out, ",\"skew\":{\"servers\":{");
    json_put_skew(out, "start", &load->start_servers);
    buffer_put_u8(out, ',');
    json_put_skew(out, "end", &load->end_servers);
    buffer_put_format(out, "},\"tablets\":{");
    json_put_skew(out, "start", &load->start_tablets);
    buffer_put_u8(out, ',');
    json_put_skew(out, "end", &load->end_tablets);
    buffer_put_format(out, "}}");
}

/* A figure of each second. */
static void put_seconds(struct buffer *out, const struct study_run *run, const char *name,
    double (*figure)(const struct run_second *second), int digits)
{
    buffer_put_format(out, ",\"%s\":[", name);
    for (unsigned i = 0; i < run->seconds; i++)
        buffer_put_format(out, "%s%.*f", i ? "," : "", digits, figure(&run->load.seconds[i]));
    buffer_put_u8(out, ']');
}

static double server_gini(const struct run_second *second)
{
    return second->servers.gini;
}

static double server_effective(const struct run_second *second)
{
    return second->servers.effective;
}

static double reads(const struct run_second *second)
{
    return second->asked[REQUEST_READ];
}

static double writes(const struct run_second *second)
{
    return second->asked[REQUEST_WRITE];
}

static double tablet_count(const struct run_second *second)
{
    return second->tablet_count;
}

static double tablet_max_mean(const struct run_second *second)
{
    return second->tablets.max_mean;
}

static double tablet_gini(const struct run_second *second)
{
    return second->tablets.gini;
}

static double tablet_effective(const struct run_second *second)
{
    return second->tablets.effective;
}

static void put_timeline(const struct study_run *run, struct buffer *out)
{
    buffer_put_format(out, ",\"timeline\":{");
    json_put_series(out, "max_mean", run->max_mean, run->seconds, 3);
    buffer_put_u8(out, ',');
    json_put_series(out, "served", run->served, run->seconds, 4);
    put_seconds(out, run, "server_gini", server_gini, 3);
    put_seconds(out, run, "server_effective", server_effective, 2);
    put_seconds(out, run, "read", reads, 0);
    put_seconds(out, run, "write", writes, 0);
    put_seconds(out, run, "tablets", tablet_count, 0);
    put_seconds(out, run, "tablet_max_mean", tablet_max_mean, 2);
    put_seconds(out, run, "tablet_gini", tablet_gini, 3);
    put_seconds(out, run, "tablet_effective", tablet_effective, 2);
    buffer_put_u8(out, ',');
    put_latency_series(out, &run->load.seconds[0].latency, sizeof *run->load.seconds, run->seconds);
    buffer_put_u8(out, '}');
}

static double asked_of(const struct run_share *share)
{
    return share->asked[REQUEST_READ] + share->asked[REQUEST_WRITE];
}

static void put_servers(const struct study_run *run, struct buffer *out)
{
    const struct run_load *load = &run->load;
    double all = asked_of(&load->all);
    buffer_put_format(out, ",\"by_server\":[");
    for (size_t i = 0; i < load->servers; i++) {
        const struct run_share *share = &load->by_server[i];
        buffer_put_format(
            out, "%s{\"share\":%.4f,", i ? "," : "", all > 0 ? asked_of(share) / all : 0);
        put_share(out, share);
        buffer_put_format(out, ",\"timeline\":{");
        put_latency_series(
            out, &load->by_second[i], load->servers * sizeof *load->by_second, run->seconds);
        buffer_put_format(out, "}}");
    }
    buffer_put_u8(out, ']');
}

static void put_tablets(const struct study_run *run, struct buffer *out)
{
    const struct run_load *load = &run->load;
    buffer_put_format(out, ",\"by_tablet\":[");
    for (size_t i = 0; i < load->tablet_count; i++) {
        const struct run_tablet *tablet = &load->tablets[i];
        buffer_put_format(out, i ? ",{\"start\":" : "{\"start\":");
        json_put_row(out, &tablet->start);
        buffer_put_format(out,
            ",\"at\":%.5f,\"server\":%" PRIu32 ",\"from_s\":%u,\"to_s\":%u,\"share\":%.4f,",
            (double)tablet->at, tablet->server, tablet->from_s, tablet->to_s,
            run_load_tablet_share(load, tablet));
        put_share(out, &tablet->share);
        buffer_put_format(out, ",\"by_second\":[");
        for (unsigned second = tablet->from_s; second < tablet->to_s; second++)
            buffer_put_format(out, "%s%.0f", second > tablet->from_s ? "," : "",
                (double)tablet->asked[second - tablet->from_s]);
        buffer_put_format(out, "]}");
    }
    buffer_put_u8(out, ']');
}

static void put_events(const struct study_run *run, struct buffer *out)
{
    buffer_put_format(out, ",\"events\":[");
    for (size_t i = 0; i < run->event_count; i++) {
        const struct run_event *event = &run->events[i];
        buffer_put_format(out,
            "%s{\"second\":%u,\"kind\":\"%s\",\"tablet\":%" PRIu32 ",\"from\":%" PRIu32
            ",\"to\":%" PRIu32 ",\"at\":%.5f}",
            i ? "," : "", event->second, event->is_split ? "split" : "move", event->tablet,
            event->from, event->to, (double)event->at);
    }
    buffer_put_u8(out, ']');
}

void run_put_json(const struct study_run *run, struct buffer *out)
{
    buffer_put_format(out,
        "{\"verdict\":\"%s\",\"max_mean\":[%.3f,%.3f],\"served\":[%.4f,%.4f],\"splits\":%zu,"
        "\"moves\":%zu,\"tablets\":%zu,\"seconds\":%u,\"balanced_after_s\":",
        study_run_verdict(run), run->start_max_mean, run->end_max_mean, run->start_served,
        run->end_served, run->splits, run->moves, run->tablets, run->seconds);
    if (run->balanced_after_s < 0)
        buffer_put_format(out, "null");
    else
        buffer_put_format(out, "%d", run->balanced_after_s);
    if (run->requests)
        buffer_put_format(out,
            ",\"requests\":%" PRIu64 ",\"answers\":%" PRIu64 ",\"counted\":%" PRIu64
            ",\"lost_by_counters\":%" PRIu64 ",\"p99_ms\":[%.1f,%.1f]",
            run->requests, run->answers, run->counted, run->lost, run->start_p99_ms,
            run->end_p99_ms);
    buffer_put_u8(out, ',');
    put_share(out, &run->load.all);
    put_skews(run, out);
    put_timeline(run, out);
    put_servers(run, out);
    put_tablets(run, out);
    buffer_put_format(out, ",\"heat\":");
    put_matrix(out, run->heat, run->seconds, RUN_BUCKETS);
    buffer_put_format(out, ",\"servers\":");
    put_matrix(out, run->asked, run->seconds, run->servers);
    put_events(run, out);
    buffer_put_u8(out, '}');
}
