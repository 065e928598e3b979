/* A study as JSON: "stele.study/1". Keys of rows are text where they are printable ASCII, \xNN else. */
#include <inttypes.h>

#include "bench/study/study.h"

static void put_text(struct buffer *out, const char *text)
{
    buffer_put_u8(out, '"');
    for (; *text; text++) {
        unsigned char byte = (unsigned char)*text;
        if (byte == '"' || byte == '\\')
            buffer_put_format(out, "\\%c", byte);
        else if (byte < 0x20 || byte == '<') /* '<': it may stand inside a page */
            buffer_put_format(out, "\\u%04x", byte);
        else
            buffer_put_u8(out, byte);
    }
    buffer_put_u8(out, '"');
}

static void put_row(struct buffer *out, const struct study_row *row)
{
    struct buffer text = {0};
    buffer_put_escaped(&text, span_make(row->bytes, row->size));
    buffer_put_u8(&text, '\0');
    put_text(out, buffer_status(&text) ? "" : (const char *)text.data);
    buffer_deinit(&text);
}

static void put_skew(struct buffer *out, const char *name, const struct skew *skew)
{
    buffer_put_format(out,
        "\"%s\":{\"max_mean\":%.4f,\"gini\":%.4f,\"effective\":%.2f,\"top_share\":%.4f}", name,
        skew->max_mean, skew->gini, skew->effective, skew->top_share);
}

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

static void put_series(
    struct buffer *out, const char *name, const double *numbers, unsigned count, int digits)
{
    buffer_put_format(out, "\"%s\":[", name);
    for (unsigned i = 0; i < count; i++)
        buffer_put_format(out, "%s%.*f", i ? "," : "", digits, numbers[i]);
    buffer_put_u8(out, ']');
}

static void put_run(struct buffer *out, const struct study_run *run)
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
    buffer_put_format(out, ",\"timeline\":{");
    put_series(out, "max_mean", run->max_mean, run->seconds, 3);
    buffer_put_u8(out, ',');
    put_series(out, "served", run->served, run->seconds, 4);
    buffer_put_format(out, "},\"heat\":");
    put_matrix(out, run->heat, run->seconds, RUN_BUCKETS);
    buffer_put_format(out, ",\"servers\":");
    put_matrix(out, run->asked, run->seconds, run->servers);
    buffer_put_format(out, ",\"events\":[");
    for (size_t i = 0; i < run->event_count; i++) {
        const struct run_event *event = &run->events[i];
        buffer_put_format(out,
            "%s{\"second\":%u,\"kind\":\"%s\",\"tablet\":%" PRIu32 ",\"from\":%" PRIu32
            ",\"to\":%" PRIu32 ",\"at\":%.5f}",
            i ? "," : "", event->second, event->is_split ? "split" : "move", event->tablet,
            event->from, event->to, (double)event->at);
    }
    buffer_put_format(out, "]}");
}

static void put_queries(
    const struct study *study, const struct study_design *design, struct buffer *out)
{
    for (size_t i = 0; i < SCENARIO_QUERIES && study->scenario.queries[i].name; i++) {
        const struct query_cost *cost = &design->queries[i];
        buffer_put_format(out, i ? ",{\"name\":" : "{\"name\":");
        put_text(out, study->scenario.queries[i].name);
        buffer_put_format(out,
            ",\"ranges\":%zu,\"tablets\":%zu,\"rows_read\":%zu,\"rows_wanted\":%zu}", cost->ranges,
            cost->tablets, cost->rows_read, cost->rows_wanted);
    }
}

static void put_design(
    const struct study *study, const struct study_design *design, struct buffer *out)
{
    buffer_put_format(out, "{\"key\":");
    put_text(out, design->mapper.name);
    buffer_put_format(out, ",\"example\":");
    put_row(out, &design->example);
    buffer_put_format(out, ",\"get_cost\":%u,\"keeps_key\":%s,\"fixed\":{", design->get_cost,
        design->is_decodable ? "true" : "false");
    put_skew(out, "tablets", &design->fixed.tablets);
    buffer_put_u8(out, ',');
    put_skew(out, "contiguous", &design->fixed.contiguous);
    buffer_put_u8(out, ',');
    put_skew(out, "round_robin", &design->fixed.round_robin);
    buffer_put_u8(out, ',');
    put_series(out, "loads", design->fixed.tablet_loads, (unsigned)design->fixed.tablet_count, 0);
    buffer_put_format(out, "},\"queries\":[");
    put_queries(study, design, out);
    buffer_put_format(out, "],\"bounds\":[");
    for (size_t i = 0; i < RUN_BUCKETS; i++) {
        if (i)
            buffer_put_u8(out, ',');
        put_row(out, &design->bounds[i]);
    }
    buffer_put_format(out, "]}");
}

static void put_cell(const struct study *study, const struct study_cell *cell, struct buffer *out)
{
    char name[STUDY_TEXT_SIZE];
    study_cell_name(study, cell, name);
    buffer_put_format(out, "{\"name\":");
    put_text(out, name);
    buffer_put_format(out,
        ",\"design\":%zu,\"presplit\":\"%s\",\"split\":%s,\"balancer\":%s,\"verdict\":\"%s\","
        "\"predicted\":",
        (size_t)(cell->design - study->designs), presplit_name(cell->presplit),
        cell->has_split ? "true" : "false", cell->has_balancer ? "true" : "false",
        study_run_verdict(study_cell_run(cell)));
    put_run(out, &cell->predicted);
    buffer_put_format(out, ",\"measured\":[");
    for (size_t i = 0; i < cell->measured_count; i++) {
        if (i)
            buffer_put_u8(out, ',');
        put_run(out, &cell->measured[i]);
    }
    buffer_put_format(out, "],\"seen\":[");
    for (size_t i = 0; cell->has_seen && i < SCENARIO_QUERIES && study->scenario.queries[i].name;
         i++) {
        const struct query_seen *seen = &cell->seen[i];
        buffer_put_format(out,
            "%s{\"ranges\":%zu,\"tablets\":%zu,\"rows_read\":%zu,\"rows_wanted\":%zu,\"ms\":%.2f}",
            i ? "," : "", seen->ranges, seen->tablets, seen->rows_read, seen->rows_wanted,
            seen->ms);
    }
    buffer_put_format(out, "]}");
}

void study_put_json(const struct study *study, struct buffer *out)
{
    const struct model_settings *settings = &study->settings;
    buffer_put_format(out, "{\"schema\":\"stele.study/1\",\"scenario\":");
    put_text(out, study->scenario.name);
    buffer_put_format(out, ",\"summary\":");
    put_text(out, study->scenario.summary);
    buffer_put_format(out, ",\"mode\":\"%s\",\"command\":", study->is_live ? "live" : "simulate");
    put_text(out, study->command);
    buffer_put_format(out, ",\"place\":");
    put_text(out, study->place);
    buffer_put_format(out, ",\"unfinished\":");
    put_text(out, study->unfinished);
    buffer_put_format(out,
        ",\"settings\":{\"servers\":%zu,\"tablets_at_start\":%zu,\"tablets_fixed\":%zu,"
        "\"requests_fixed\":%zu,\"capacity\":%.0f,\"rate\":%.0f,\"split_at\":%.0f,\"rows\":%zu,"
        "\"seconds\":%u,\"repeats\":%u,\"seed\":%" PRIu64 ",\"buckets\":%d},\"designs\":[",
        settings->servers, settings->tablets, study->tablets, study->requests, settings->capacity,
        settings->rate, settings->split_qps, study->scenario.population, settings->seconds,
        study->repeats, settings->seed, RUN_BUCKETS);
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
