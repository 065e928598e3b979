/* One HTML file that needs nothing else: the table, charts as SVG, tablets, settings. */
#include <inttypes.h>
#include <math.h>

#include "base/memory.h"
#include "bench/live_line.h"
#include "bench/report.h"
#include "bench/revision.h"
#include "bench/study/skew.h"
#include "bench/svg_chart.h"

#define TABLETS_SHOWN 100
#define SPECTRUM      9

static const char head[] =
    "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
    "<style>\n"
    ":root{color-scheme:light "
    "dark;--ink:#1c2128;--paper:#fff;--soft:#667;--line:#d8dce2;--bad:#b3261e}\n"
    "@media (prefers-color-scheme:dark){:root{--ink:#e6e8eb;--paper:#15181d;--soft:#9aa3ad;"
    "--line:#343a42;--bad:#ff8a80}}\n"
    "body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);"
    "max-width:800px;margin:2rem auto;padding:0 1rem}\n"
    "h1{font-size:1.4rem;margin:0}h2{font-size:1.1rem;margin:2rem 0 .5rem}\n"
    "p{margin:.3rem 0}.soft{color:var(--soft)}.bad{color:var(--bad);font-weight:600}\n"
    "table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}\n"
    "th,td{text-align:right;padding:.2rem .5rem;border-bottom:1px solid var(--line)}\n"
    "th:first-child,td:first-child{text-align:left;overflow-wrap:anywhere;min-width:7rem}\n"
    ".wide{overflow-x:auto}svg{width:100%;min-width:34rem;height:auto;margin:.5rem 0}\n"
    "svg text{font:11px system-ui,sans-serif;fill:var(--soft)}\n"
    "svg .title{font-size:13px;fill:var(--ink)}.grid{stroke:var(--line)}\n"
    ".bar{display:block;height:.7rem;background:#d9622b;min-width:1px}\n"
    ".big{display:flex;flex-wrap:wrap;gap:1.5rem;margin:1rem 0}.big b{display:block;"
    "font-size:1.5rem}\n"
    "</style>\n";

static void print_figure(FILE *out, const char *value, const char *name)
{
    fprintf(out, "<div><b>%s</b><span class=\"soft\">%s</span></div>\n", value, name);
}

static void print_head(FILE *out, const struct load_outcome *outcome)
{
    const struct load_settings *settings = outcome->settings;
    const struct run_result *run = &outcome->run;
    const struct histogram *seen = run->all.intended ? run->all.intended : run->all.service;
    char number[SVG_NUMBER], text[LATENCY_TEXT], line[64];
    double us;
    fputs(head, out);
    fputs("<title>stele bench load: ", out);
    svg_text_print(out, settings->name);
    fputs("</title></head><body>\n<h1>", out);
    svg_text_print(out, settings->preset ? settings->preset : settings->mix_text);
    fputs("</h1>\n<p class=\"soft\">", out);
    svg_text_print(out, outcome->place);
    fprintf(out,
        ", keys %s (%s), %" PRIu64 " rows, %.1f s, seed %" PRIu64 "; stele %s, revision %s</p>\n",
        settings->keys_text, settings->workload.format.is_hashed ? "hashed" : "ordered",
        settings->workload.rows, (double)run->elapsed_ns / 1e9, settings->workload.seed,
        stele_version(), bench_revision);
    if (run->end != RUN_COMPLETE)
        fprintf(out, "<p class=\"bad\">Partial: %s.</p>\n", run_end_name(run->end));
    if (report_is_beyond_reach(outcome))
        fprintf(out,
            "<p class=\"bad\">Beyond reach: %.0f operations/s were asked for, %.0f/s done; %" PRIu64
            " that were due never started.</p>\n",
            settings->pace.rate, report_rate(outcome), run->unstarted);
    fputs("<div class=\"big\">\n", out);
    print_figure(out, svg_number(report_rate(outcome), number), "operations/s");
    snprintf(
        line, sizeof line, "%s ms", latency_text(tally_quantile(seen, .5, &us) ? us : NAN, text));
    print_figure(out, line, run->all.intended ? "p50, intended" : "p50");
    snprintf(
        line, sizeof line, "%s ms", latency_text(tally_quantile(seen, .99, &us) ? us : NAN, text));
    print_figure(out, line, run->all.intended ? "p99, intended" : "p99");
    print_figure(out, svg_number((double)run->all.failed, number), "failed");
    if (outcome->has_server_cpu) {
        snprintf(
            line, sizeof line, "%.1f us", report_per_operation(outcome->server_cpu_us, outcome));
        print_figure(out, line, "server CPU an operation");
    }
    fputs("</div>\n", out);
}

static void print_row(FILE *out, const char *name, const char *kind, const struct tally *tally,
    const struct histogram *histogram, double seconds)
{
    char number[SVG_NUMBER], text[LATENCY_TEXT];
    double us;
    if (!histogram || histogram_count(histogram) == 0)
        return;
    fprintf(out, "<tr><td>%s%s</td><td>%" PRIu64 "</td><td>%s</td><td>%" PRIu64 "</td>", name, kind,
        tally->operations, svg_number((double)tally->operations / seconds, number), tally->failed);
    fprintf(out, "<td>%s</td>", latency_text(histogram_mean(histogram) / 1e3, text));
    for (size_t i = 0; i < TALLY_QUANTILES; i++)
        fprintf(out, "<td>%s</td>",
            latency_text(
                tally_quantile(histogram, tally_quantiles[i].quantile, &us) ? us : NAN, text));
    fprintf(out, "<td>%s</td></tr>\n", latency_text((double)histogram_max(histogram) / 1e3, text));
}

static void print_table(FILE *out, const struct run_result *run)
{
    double seconds = run->elapsed_ns ? (double)run->elapsed_ns / 1e9 : 1e-9;
    fputs("<h2>Operations</h2>\n<div class=\"wide\" "
          "tabindex=\"0\"><table><tr><th>operation</th><th>done</th><th>a "
          "second</th><th>failed</th><th>mean ms</th>",
        out);
    for (size_t i = 0; i < TALLY_QUANTILES; i++)
        fprintf(out, "<th>%s</th>", tally_quantiles[i].name);
    fputs("<th>max</th></tr>\n", out);
    for (int i = 0; i < OPERATION_COUNT; i++) {
        const char *name = operation_name((enum operation)i);
        print_row(out, name, "", &run->of[i], run->of[i].service, seconds);
        print_row(out, name, ", intended", &run->of[i], run->of[i].intended, seconds);
    }
    fputs("</table></div>\n", out);
    if (run->all.intended)
        fputs("<p class=\"soft\">Intended: from when a request should have started at this "
              "rate.</p>\n",
            out);
    double late_us;
    if (run->late && tally_quantile(run->late, 0.5, &late_us))
        fprintf(out,
            "<p class=\"soft\">Of that, this load itself began its requests %.0f us late (the "
            "middle one): its own timers and CPU.</p>\n",
            late_us);
    if (run->first_failure[0]) {
        fputs("<p class=\"bad\">The first failure: ", out);
        svg_text_print(out, run->first_failure);
        fputs("</p>\n", out);
    }
}

/* Columns of the counted seconds, in one allocation. */
struct columns {
    double *x, *rate, *failed, *p50, *p99, *max;
    size_t count;
};

static bool take_columns(const struct run_result *run, struct columns *columns)
{
    size_t room = run->point_count + 1;
    double *memory = memory_allocate_zeroed(6 * room, sizeof *memory);
    *columns = (struct columns){memory, memory + room, memory + 2 * room, memory + 3 * room,
        memory + 4 * room, memory + 5 * room, 0};
    for (size_t i = 0; memory && i < run->point_count; i++) {
        const struct point *point = &run->points[i];
        const struct latency *latency = run->all.intended ? &point->all.intended
                                                          : &point->all.service;
        size_t at = columns->count;
        if (point->second < 0 || point->length_s < 0.5)
            continue;
        columns->x[at] = (double)point->second + point->length_s;
        columns->rate[at] = (double)point->all.operations / point->length_s;
        columns->failed[at] = (double)point->all.failed / point->length_s;
        columns->p50[at] = latency->p50 / 1e3;
        columns->p99[at] = latency->p99 / 1e3;
        columns->max[at] = latency->max / 1e3;
        columns->count++;
    }
    return memory != NULL;
}

static void print_timeline(FILE *out, const struct run_result *run)
{
    struct columns columns;
    if (!take_columns(run, &columns))
        return;
    struct svg_line rates[] = {
        {"done", "#2b7bd9", columns.rate}, {"failed", "#c0392b", columns.failed}};
    struct svg_line latencies[] = {{"p50", "#2b9d6b", columns.p50}, {"p99", "#d9a22b", columns.p99},
        {"max", "#c0392b", columns.max}};
    struct svg_chart rate = {.title = "Rate",
        .x_name = "seconds",
        .y_name = "operations/s",
        .x = columns.x,
        .count = columns.count,
        .lines = rates,
        .line_count = run->all.failed ? 2 : 1};
    struct svg_chart latency = {.title = run->all.intended ? "Latency, intended" : "Latency",
        .x_name = "seconds",
        .y_name = "ms",
        .x = columns.x,
        .count = columns.count,
        .lines = latencies,
        .line_count = 3,
        .is_logarithmic = true};
    fputs("<h2>Second by second</h2>\n<div class=\"wide\" tabindex=\"0\">\n", out);
    svg_chart_print(out, &rate);
    svg_chart_print(out, &latency);
    fputs("</div>\n", out);
    memory_free(columns.x);
}

/* Latency over the share of requests that were faster, as HdrHistogram's plots have it. */
static void print_spectrum(FILE *out, const struct run_result *run)
{
    static const double quantiles[SPECTRUM] = {0, .5, .75, .9, .95, .99, .999, .9999, .99999};
    static const char *const names[SPECTRUM] = {
        "0", "50 %", "75 %", "90 %", "95 %", "99 %", "99.9 %", "99.99 %", "99.999 %"};
    static const char *const colours[OPERATION_COUNT] = {"#2b7bd9", "#d9622b", "#2b9d6b", "#8e44ad",
        "#d9a22b", "#c0392b", "#16a085", "#7f8c8d", "#e84393", "#34495e", "#a67c52"};
    double values[OPERATION_COUNT][SPECTRUM], x[SPECTRUM];
    struct svg_line lines[OPERATION_COUNT];
    size_t count = 0;
    for (int i = 0; i < OPERATION_COUNT; i++) {
        const struct histogram *histogram = run->all.intended ? run->of[i].intended
                                                              : run->of[i].service;
        for (size_t j = 0; j < SPECTRUM; j++) {
            double us;
            x[j] = (double)j;
            values[count][j] = tally_quantile(histogram, quantiles[j], &us) ? us / 1e3 : NAN;
        }
        if (histogram && histogram_count(histogram))
            lines[count] = (struct svg_line){operation_name((enum operation)i), colours[i],
                values[count]},
            count++;
    }
    struct svg_chart chart = {.title = "Spectrum",
        .x_name = "requests that were faster",
        .y_name = "ms",
        .x = x,
        .count = SPECTRUM,
        .lines = lines,
        .line_count = count,
        .is_logarithmic = true,
        .x_labels = names};
    fputs("<div class=\"wide\" tabindex=\"0\">\n", out);
    svg_chart_print(out, &chart);
    fputs("</div>\n", out);
}

static void print_tablets(FILE *out, const struct load_outcome *outcome)
{
    const struct watch_figures *watched = &outcome->watched;
    uint64_t most = 1;
    if (watched->tablet_count == 0)
        return;
    struct skew skew = report_tablet_skew(outcome);
    for (size_t i = 0; i < watched->tablet_count; i++) {
        uint64_t load = watched->tablets[i].reads + watched->tablets[i].writes;
        most = load > most ? load : most;
    }
    if (watched->tablet_count == 1)
        fputs("<h2>Tablets</h2>\n<p>One.</p>\n", out);
    else
        fprintf(out,
            "<h2>Tablets</h2>\n<p>%zu; the busiest took %.2f times the mean: as good as %.1f even "
            "ones.</p>\n",
            watched->tablet_count, skew.max_mean, skew.effective);
    fputs("<div class=\"wide\" "
          "tabindex=\"0\"><table><tr><th>tablet</th><th>server</th><th>reads</th><th>writes</th>"
          "<th style=\"width:30%;min-width:4rem\"></th></tr>\n",
        out);
    for (size_t i = 0; i < watched->tablet_count && i < TABLETS_SHOWN; i++) {
        const struct watched_tablet *tablet = &watched->tablets[i];
        fputs("<tr><td>", out);
        svg_text_print(out, tablet->name);
        fputs("</td><td>", out);
        svg_text_print(out, tablet->server);
        fprintf(out,
            "</td><td>%" PRIu64 "</td><td>%" PRIu64
            "</td><td><span class=\"bar\" style=\"width:%.1f%%\"></span></td></tr>\n",
            tablet->reads, tablet->writes,
            100 * (double)(tablet->reads + tablet->writes) / (double)most);
    }
    fputs("</table></div>\n", out);
    if (watched->tablet_count > TABLETS_SHOWN)
        fprintf(out, "<p class=\"soft\">and %zu more: --json has all</p>\n",
            watched->tablet_count - TABLETS_SHOWN);
    for (size_t i = 0; i < watched->event_count; i++) {
        fprintf(out, "<p class=\"soft\">%.0f s: ", watched->events[i].at_s);
        svg_text_print(out, watched->events[i].text);
        fputs("</p>\n", out);
    }
}

static double number_of(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    return json_is_number(value) ? json_number_value(value) : NAN;
}

/* The same work at another place, side by side. */
static void print_against(FILE *out, const json_t *against)
{
    const char *names[] = {"a", "b"};
    size_t i;
    json_t *line;
    if (!against)
        return;
    fputs("<h2>The same against another</h2>\n", out);
    for (i = 0; i < 2; i++) {
        fprintf(out, "<p class=\"soft\">%c: ", i ? 'B' : 'A');
        svg_text_print(
            out, json_string_value(json_object_get(json_object_get(against, names[i]), "place")));
        fputs("</p>\n", out);
    }
    fputs(
        "<div class=\"wide\" tabindex=\"0\"><table><tr><th>operation</th><th>figure</th><th>A</th>"
        "<th>B</th><th>B / A</th><th></th></tr>\n",
        out);
    json_array_foreach(json_object_get(against, "figures"), i, line)
    {
        const char *verdict = json_string_value(json_object_get(line, "verdict"));
        fprintf(out,
            "<tr><td>%s</td><td>%s</td><td>%.1f</td><td>%.1f</td><td>%.3f</td><td>%s</td></tr>\n",
            json_string_value(json_object_get(line, "operation")),
            json_string_value(json_object_get(line, "figure")), number_of(line, "a"),
            number_of(line, "b"), number_of(line, "ratio"), verdict ? verdict : "");
    }
    fprintf(out,
        "</table></div>\n<p class=\"soft\">B is called better or worse from %g %% on, and when "
        "chance "
        "makes it in fewer than %g %% of cases.</p>\n",
        number_of(against, "least_percent"), number_of(against, "chance_percent"));
}

bool report_html_print(FILE *out, const struct load_outcome *outcome)
{
    print_head(out, outcome);
    print_table(out, &outcome->run);
    print_timeline(out, &outcome->run);
    print_spectrum(out, &outcome->run);
    print_tablets(out, outcome);
    print_against(out, outcome->against);
    fputs("</body></html>\n", out);
    return !ferror(out);
}
