/* A study as JSON: "stele.study/2". Keys of rows are text where they are printable ASCII, \xNN else; null is what is not
 * known, as a percentile of too few (ten must lie beyond it). Fields are added; what one means changes with the number.
 *
 *   settings           what was asked for; model: whose policies split and move in what is predicted, "experiment" or "stele"
 *   designs[]          key, requests ("read" or "write": others' figures of a run are no comparison for it), example, get_cost (rows a get asks for), keeps_key, write (bytes of a row's key, of the fields
 *                      that it is made of, of its value), fixed (skews of a fixed cut, loads by tablet), queries[]
 *                      (predicted), bounds (first rows of the 32 ranges of the heat)
 *   cells[]            a design under one setting: predicted, and each measured[] run; seen[] (queries measured) and
 *                      written (what filling measured: all rows in batches, and 1,000 single puts)
 *
 * A run: verdict; max_mean and served [first 10 s, last 10 s]; splits, moves, tablets at the end; balanced_after_s;
 *   asked {read, write}, answered
 *   latency_ms         intended (from when a request should have begun) and service (from when it did): p50, p99, max
 *   skew               servers and tablets, start and end (means of 10 s): max_mean, gini, effective, top_share
 *   timeline           by second: max_mean, server_gini, server_effective (of the last 4 s), served, read, write; tablets
 *                      (how many), tablet_max_mean, tablet_gini, tablet_effective; p50_ms, p99_ms, max_ms, and service_...
 *   by_server[]        share of all, read, write, answered, latency_ms; timeline: latencies by second
 *   by_tablet[]        each that there was: start row, at (place among the rows, 0 to 1), server (the last), [from_s, to_s),
 *                      share of what was asked while it lived, read, write, answered, latency_ms, by_second: what it was asked
 *   heat               by second, by range of keys; servers: by second, by server: requests asked
 *   events[]           splits and moves
 * and of a measured one: requests, answers, counted (by the tablets' own counters), lost_by_counters, p99_ms [start, end].
 *
 * stele.study/1 had neither write and written, nor asked, answered, latency_ms, skew, by_server and by_tablet, and of the
 * timeline max_mean and served. */
#include <inttypes.h>

#include "bench/study/json_text.h"
#include "bench/study/run_json.h"
#include "bench/study/study.h"

static void put_queries(
    const struct study *study, const struct study_design *design, struct buffer *out)
{
    for (size_t i = 0; i < SCENARIO_QUERIES && study->scenario.queries[i].name; i++) {
        const struct query_cost *cost = &design->queries[i];
        buffer_put_format(out, i ? ",{\"name\":" : "{\"name\":");
        json_put_text(out, study->scenario.queries[i].name);
        buffer_put_format(out,
            ",\"ranges\":%zu,\"tablets\":%zu,\"rows_read\":%zu,\"rows_wanted\":%zu}", cost->ranges,
            cost->tablets, cost->rows_read, cost->rows_wanted);
    }
}

static void put_design(
    const struct study *study, const struct study_design *design, struct buffer *out)
{
    buffer_put_format(out, "{\"key\":");
    json_put_text(out, design->mapper.name);
    buffer_put_format(out, ",\"requests\":\"%s\",\"example\":",
        requests_are_writes(&study->scenario, &design->mapper) ? "write" : "read");
    json_put_row(out, &design->example);
    buffer_put_format(out,
        ",\"get_cost\":%u,\"keeps_key\":%s,\"write\":{\"key_bytes\":%.2f,\"logical_bytes\":%.2f,"
        "\"value_bytes\":%.2f},\"fixed\":{",
        design->get_cost, design->is_decodable ? "true" : "false", design->write.key_bytes,
        design->write.logical_bytes, design->write.value_bytes);
    json_put_skew(out, "tablets", &design->fixed.tablets);
    buffer_put_u8(out, ',');
    json_put_skew(out, "contiguous", &design->fixed.contiguous);
    buffer_put_u8(out, ',');
    json_put_skew(out, "round_robin", &design->fixed.round_robin);
    buffer_put_u8(out, ',');
    json_put_series(
        out, "loads", design->fixed.tablet_loads, (unsigned)design->fixed.tablet_count, 0);
    buffer_put_format(out, "},\"queries\":[");
    put_queries(study, design, out);
    buffer_put_format(out, "],\"bounds\":[");
    for (size_t i = 0; i < RUN_BUCKETS; i++) {
        if (i)
            buffer_put_u8(out, ',');
        json_put_row(out, &design->bounds[i]);
    }
    buffer_put_format(out, "]}");
}

static void put_written(const struct study_cell *cell, struct buffer *out)
{
    const struct write_seen *written = &cell->written;
    if (!cell->has_seen) {
        buffer_put_format(out, "null");
        return;
    }
    buffer_put_format(out, "{\"rows\":%zu,\"bytes\":%" PRIu64 ",\"ms\":%.2f,", written->rows,
        written->bytes, written->ms);
    json_put_latency(out, "put_ms", &written->puts);
    buffer_put_u8(out, '}');
}

static void put_cell(const struct study *study, const struct study_cell *cell, struct buffer *out)
{
    char name[STUDY_TEXT_SIZE];
    study_cell_name(study, cell, name);
    buffer_put_format(out, "{\"name\":");
    json_put_text(out, name);
    buffer_put_format(out,
        ",\"design\":%zu,\"presplit\":\"%s\",\"split\":%s,\"balancer\":%s,\"verdict\":\"%s\","
        "\"predicted\":",
        (size_t)(cell->design - study->designs), presplit_name(cell->presplit),
        cell->has_split ? "true" : "false", cell->has_balancer ? "true" : "false",
        study_run_verdict(study_cell_run(cell)));
    run_put_json(&cell->predicted, out);
    buffer_put_format(out, ",\"measured\":[");
    for (size_t i = 0; i < cell->measured_count; i++) {
        if (i)
            buffer_put_u8(out, ',');
        run_put_json(&cell->measured[i], out);
    }
    buffer_put_format(out, "],\"seen\":[");
    for (size_t i = 0; cell->has_seen && i < SCENARIO_QUERIES && study->scenario.queries[i].name;
         i++) {
        const struct query_seen *seen = &cell->seen[i];
        buffer_put_format(out,
            "%s{\"ranges\":%zu,\"tablets\":%zu,\"rows_read\":%zu,\"rows_wanted\":%zu,\"bytes_"
            "read\":%" PRIu64 ",\"first_row_ms\":%.2f,\"ms\":%.2f}",
            i ? "," : "", seen->ranges, seen->tablets, seen->rows_read, seen->rows_wanted,
            seen->bytes_read, seen->first_row_ms, seen->ms);
    }
    buffer_put_format(out, "],\"written\":");
    put_written(cell, out);
    buffer_put_u8(out, '}');
}

void study_put_json(const struct study *study, struct buffer *out)
{
    const struct model_settings *settings = &study->settings;
    buffer_put_format(out, "{\"schema\":\"stele.study/2\",\"scenario\":");
    json_put_text(out, study->scenario.name);
    buffer_put_format(out, ",\"summary\":");
    json_put_text(out, study->scenario.summary);
    buffer_put_format(out, ",\"mode\":\"%s\",\"command\":", study->is_live ? "live" : "simulate");
    json_put_text(out, study->command);
    buffer_put_format(out, ",\"place\":");
    json_put_text(out, study->place);
    buffer_put_format(out, ",\"unfinished\":");
    json_put_text(out, study->unfinished);
    buffer_put_format(out,
        ",\"settings\":{\"servers\":%zu,\"tablets_at_start\":%zu,\"tablets_fixed\":%zu,"
        "\"requests_fixed\":%zu,\"capacity\":%.0f,\"rate\":%.0f,\"split_at\":%.0f,\"rows\":%zu,"
        "\"seconds\":%u,\"repeats\":%u,\"seed\":%" PRIu64
        ",\"buckets\":%d,\"capacity_is_guessed\":%s,\"model\":\"%s\"},\"designs\":[",
        settings->servers, settings->tablets, study->tablets, study->requests, settings->capacity,
        settings->rate, settings->split_qps, study->scenario.population, settings->seconds,
        study->repeats, settings->seed, RUN_BUCKETS, study->is_capacity_guessed ? "true" : "false",
        model_name(settings));
    for (size_t i = 0; i < study->design_count; i++) {
        if (i)
            buffer_put_u8(out, ',');
        put_design(study, &study->designs[i], out);
    }
    buffer_put_format(out, "],\"cells\":[");
    for (size_t i = 0; i < study->cell_count; i++) {
        if (i)
            buffer_put_u8(out, ',');
        put_cell(study, &study->cells[i], out);
    }
    buffer_put_format(out, "]}\n");
}
