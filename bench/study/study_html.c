/* A study as one page: pictures side by side on one scale, a table with the best and the worst marked, predicted beside
 * measured, advice, and how it was made. Without script it is all there; the script adds tabs and what lies under the
 * pointer. Nothing is loaded from anywhere, so it works from a file. */
#include <inttypes.h>
#include <string.h>

#include "bench/study/picture.h"
#include "bench/study/study_advice.h"
#include "bench/study/study_html_load.h"
#include "study_page_text.h"

static void put(struct buffer *out, const char *text)
{
    buffer_put(out, span_string(text));
}

/* The sign tells without colour. */
static void put_verdict(struct buffer *out, const struct study_run *run)
{
    const char *verdict = study_run_verdict(run);
    bool is_good = study_run_ends_well(run);
    buffer_put_format(out, "<span class=\"badge %s\">%s %s</span>", is_good ? "good" : "bad",
        !is_good                       ? "&#10007;"
        : strcmp(verdict, "even") == 0 ? "&#10003;"
                                       : "&#8618;",
        verdict);
}

/* ---- Head ---- */

static void put_mark(const struct study *study, struct buffer *out)
{
    if (!study_mark_text(study))
        return;
    put(out, "<p class=\"warn\">");
    picture_put_text(out, study_mark_text(study));
    put(out, "</p>");
}

static void put_head(const struct study *study, struct buffer *out)
{
    put(out,
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
        "content=\"width=device-width,initial-scale=1\"><title>Row key study: ");
    picture_put_text(out, study->scenario.name);
    put(out, "</title><style>");
    put(out, page_css);
    picture_put_style(out);
    put(out, "</style></head><body><h1>Row key study: ");
    picture_put_text(out, study->scenario.name);
    put(out, "</h1><p class=\"soft\">");
    picture_put_text(out, study->scenario.summary);
    buffer_put_format(out,
        ". %zu key design%s, the same %.0f requests a second for each, %zu servers; %s.</p>",
        study->design_count, study->design_count == 1 ? "" : "s", study->settings.rate,
        study->settings.servers, study->is_live ? "measured on a cluster" : "predicted by a model");
    if (study->unfinished[0]) {
        put(out, "<p class=\"warn\"><b>Unfinished:</b> ");
        picture_put_text(out, study->unfinished);
        put(out, ". What was not measured is predicted.</p>");
    }
    put_mark(study, out);
}

static void put_conclusion(const struct study *study, struct buffer *out)
{
    char sentences[STUDY_SENTENCES][2 * KEY_ADVICE_TEXT];
    size_t count = study_advice_conclude(study, sentences);
    put(out, "<h2>In short</h2>");
    for (size_t i = 0; i < count; i++) {
        put(out, i == 0 ? "<p class=\"lead\">" : "<p>");
        picture_put_text(out, sentences[i]);
        put(out, "</p>");
    }
}

/* ---- Pictures ---- */

static void put_panel(
    const struct study *study, size_t index, const struct heat_scale *scale, struct buffer *out)
{
    const struct study_cell *cell = &study->cells[index];
    const struct study_run *run = study_cell_run(cell);
    char name[STUDY_TEXT_SIZE];
    study_cell_label(study, cell, name);
    put(out, "<article class=\"panel\"><header><h3>");
    picture_put_text(out, name);
    put(out, "</h3>");
    put_verdict(out, run);
    buffer_put_format(out,
        "</header><div class=\"figures\"><p><b>%.1f &#8594; %.1f&#215;</b> <span "
        "class=\"soft\">busiest server</span></p><p><b>%.0f &#8594; %.0f %%</b> "
        "<span class=\"soft\">of requests served</span></p></div><p class=\"soft\">a key: <span "
        "class=\"key\">",
        run->start_max_mean, run->end_max_mean, 100 * run->start_served, 100 * run->end_served);
    picture_put_row(out, &cell->design->example, 64);
    put(out, "</span></p>");
    buffer_put_format(out, "<svg class=\"map\" data-cell=\"%zu\" data-seconds=\"%u\" data-run=\"",
        index, scale->seconds);
    if (run == &cell->predicted)
        put(out, "predicted");
    else
        buffer_put_format(out, "%zu", (size_t)(run - cell->measured));
    buffer_put_format(
        out, "\" viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"", PICTURE_WIDTH, PICTURE_HEIGHT);
    picture_put_text(out, name);
    buffer_put_format(
        out, ": %s; splits: %zu, moves: %zu\">", study_run_verdict(run), run->splits, run->moves);
    picture_put_run(out, study, cell, run, scale);
    buffer_put_format(out, "</svg></article>");
}

static void put_maps(const struct study *study, struct buffer *out)
{
    struct heat_scale scale = heat_scale_of(study);
    put(out,
        "<h2>Where the requests go</h2><p class=\"soft\">Up to down: all keys of the table in "
        "order, "
        "in 32 ranges of equally many rows. Left to right: time. Bright is busy; all maps have one "
        "scale. Under each: what each server was asked for (orange: the one that began busiest; "
        "&#215; is its share times the mean). "
        "&#9650; a tablet was split, &#9654; one moved.</p>"
        "<div class=\"legend\"><svg viewBox=\"0 0 380 32\" role=\"img\" aria-label=\"scale of "
        "colours\">");
    picture_put_legend(out, &scale);
    put(out,
        "</svg><span class=\"soft\">requests/s in a thirty-second of the rows</span></div>"
        "<div id=\"tabs\" class=\"tabs\" hidden></div><div id=\"maps\"><div class=\"panels\">");
    for (size_t i = 0; i < study->cell_count; i++)
        put_panel(study, i, &scale, out);
    put(out, "</div></div>");
}

/* ---- The table ---- */

/* A column: its figure of each cell, and which way is better. */
struct column {
    const char *title;
    int digits;
    const char *unit;
    double (*figure)(const struct study *study, const struct study_cell *cell);
    bool is_load; /* of the requests: designs that are asked for something else are not ranked */
};

static double start_max_mean(const struct study *study, const struct study_cell *cell)
{
    (void)study;
    return study_cell_run(cell)->start_max_mean;
}

static double end_max_mean(const struct study *study, const struct study_cell *cell)
{
    (void)study;
    return study_cell_run(cell)->end_max_mean;
}

static double unserved_start(const struct study *study, const struct study_cell *cell)
{
    (void)study;
    return 100 * (1 - study_cell_run(cell)->start_served);
}

static double tablet_max_mean(const struct study *study, const struct study_cell *cell)
{
    (void)study;
    return cell->design->fixed.tablets.max_mean;
}

static double get_cost(const struct study *study, const struct study_cell *cell)
{
    (void)study;
    return cell->design->get_cost;
}

static double ranges(const struct study *study, const struct study_cell *cell)
{
    return (double)study_advice_ranges(study, cell->design);
}

static double amplification(const struct study *study, const struct study_cell *cell)
{
    return study_advice_amplification(study, cell->design);
}

static const struct column columns[] = {
    {"busiest server, start", 2, "&#215;", start_max_mean, true},
    {"busiest server, end", 2, "&#215;", end_max_mean, true},
    {"not served, start", 0, " %", unserved_start, true},
    {"busiest of fixed tablets", 2, "&#215;", tablet_max_mean, true},
    {"rows a get asks", 0, "", get_cost, false},
    {"most ranges of a query", 0, "", ranges, false},
    {"most rows read per row returned", 1, "", amplification, false},
};

#define COLUMNS (sizeof columns / sizeof *columns)

/* A figure of a column that goes from `least` to `most`: best and worst are marked where they differ by more than noise. */
static void put_marked(
    struct buffer *out, double figure, double least, double most, int digits, const char *unit)
{
    double noise = (most - least) * 0.05;
    bool differs = most > least * 1.2 && most - least > 0.1;
    bool is_best = differs && figure <= least + noise, is_worst = differs && figure >= most - noise;
    put(out, is_best    ? "<td class=\"best\">&#9660; "
             : is_worst ? "<td class=\"worst\">&#9650; "
                        : "<td>");
    buffer_put_format(out, "%.*f%s</td>", digits, figure, unit);
}

static void put_figure(const struct study *study, const struct study_cell *cell,
    const struct column *column, struct buffer *out)
{
    double figure = column->figure(study, cell), least = figure, most = figure;
    if (column->is_load && study_design_writes(study, cell->design)) {
        buffer_put_format(
            out, "<td class=\"soft\">%.*f%s</td>", column->digits, figure, column->unit);
        return;
    }
    for (size_t i = 0; i < study->cell_count; i++) {
        if (column->is_load && study_design_writes(study, study->cells[i].design))
            continue;
        double other = column->figure(study, &study->cells[i]);
        least = other < least ? other : least;
        most = other > most ? other : most;
    }
    put_marked(out, figure, least, most, column->digits, column->unit);
}

static void put_table(const struct study *study, struct buffer *out)
{
    char name[STUDY_TEXT_SIZE];
    put(out,
        "<h2>What each design gains and costs</h2><p class=\"soft\">&#9660; best, &#9650; worst "
        "of the column. &#8220;Times&#8221;: of the mean of all servers (or tablets), which is "
        "the capacity to buy beyond the average.</p><div class=\"scroll\"><table><thead><tr>"
        "<th>key</th><th class=\"left\">verdict</th><th>balanced</th><th>splits, moves</th>");
    for (size_t i = 0; i < COLUMNS; i++)
        buffer_put_format(out, "<th>%s</th>", columns[i].title);
    put(out, "</tr></thead><tbody>");
    for (size_t i = 0; i < study->cell_count; i++) {
        const struct study_cell *cell = &study->cells[i];
        const struct study_run *run = study_cell_run(cell);
        study_cell_label(study, cell, name);
        put(out, "<tr><td><span class=\"key\">");
        picture_put_text(out, name);
        put(out, "</span></td><td class=\"left\">");
        put_verdict(out, run);
        if (run->balanced_after_s == 0)
            put(out, "</td><td>at once</td>");
        else if (run->balanced_after_s > 0)
            buffer_put_format(out, "</td><td>after %d s</td>", run->balanced_after_s);
        else
            put(out, "</td><td>never</td>");
        buffer_put_format(out, "<td>%zu, %zu</td>", run->splits, run->moves);
        for (size_t j = 0; j < COLUMNS; j++)
            put_figure(study, cell, &columns[j], out);
        put(out, "</tr>");
    }
    put(out, "</tbody></table></div>");
}

/* ---- Queries ---- */

static void put_query_row(const struct study *study, const struct study_design *design,
    size_t query, double least, double most, struct buffer *out)
{
    const struct query_cost *cost = &design->queries[query];
    const struct query_seen *seen = study_query_seen(study, design, query);
    put(out, "<tr><td><span class=\"key\">");
    picture_put_text(out, design->mapper.name);
    buffer_put_format(out, "</span></td><td>%zu</td><td>%zu</td><td>%zu</td>", cost->ranges,
        cost->tablets, cost->rows_read);
    put_marked(out, study_advice_read_per_row(design, query), least, most, 1, "");
    if (seen)
        buffer_put_format(out, "<td>%zu</td><td>%zu</td><td>%.1f ms</td>", seen->tablets,
            seen->rows_read, seen->ms);
    else if (study->is_live)
        put(out, "<td class=\"left soft\" colspan=\"3\">not measured</td>");
    put(out, "</tr>");
}

static void put_query(const struct study *study, size_t query, struct buffer *out)
{
    double least = 0, most = 0;
    for (size_t i = 0; i < study->design_count; i++) {
        double rows = study_advice_read_per_row(&study->designs[i], query);
        least = i == 0 || rows < least ? rows : least;
        most = i == 0 || rows > most ? rows : most;
    }
    put(out, "<h3 class=\"query\">");
    picture_put_text(out, study->scenario.queries[query].name);
    buffer_put_format(out,
        " <span class=\"soft\">(%zu rows)</span></h3><div class=\"scroll\"><table><thead><tr>"
        "<th>key</th><th>ranges</th><th>tablets, of %zu equal ones</th><th>rows read</th><th>rows "
        "read per row returned</th>%s</tr></thead><tbody>",
        study->designs[0].queries[query].rows_wanted, study->tablets,
        study->is_live ? "<th>measured: tablets</th><th>rows read</th><th>time</th>" : "");
    for (size_t i = 0; i < study->design_count; i++)
        put_query_row(study, &study->designs[i], query, least, most, out);
    put(out, "</tbody></table></div>");
}

static void put_queries(const struct study *study, struct buffer *out)
{
    if (!study->scenario.queries[0].name)
        return;
    put(out,
        "<h2>What a query costs</h2><p class=\"soft\">A design that spreads neighbours makes "
        "a query over them dear: it takes several ranges, or reads what it does not want.</p>");
    for (size_t i = 0; i < SCENARIO_QUERIES && study->scenario.queries[i].name; i++)
        put_query(study, i, out);
}

/* ---- Predicted beside measured ---- */

static void put_after(struct buffer *out, const struct study_run *run)
{
    if (run->balanced_after_s < 0)
        put(out, "<td>never</td>");
    else
        buffer_put_format(out, "<td>%d s</td>", run->balanced_after_s);
}

static double after_s(const struct study_run *run)
{
    return run->balanced_after_s < 0 ? (double)run->seconds : run->balanced_after_s;
}

/* From the least to the most of several runs. */
static void put_measured_after(struct buffer *out, const struct study_cell *cell)
{
    const struct study_run *run = study_cell_run(cell);
    struct study_range range = study_cell_range(cell, after_s);
    if (cell->measured_count == 1 || run->balanced_after_s < 0)
        put_after(out, run);
    else
        buffer_put_format(
            out, "<td>%d s (%.0f to %.0f)</td>", run->balanced_after_s, range.least, range.most);
}

static void put_agreement(const struct study *study, struct buffer *out)
{
    char name[STUDY_TEXT_SIZE];
    put(out, "<h2>Predicted and measured</h2><p class=\"soft\">Measured on ");
    picture_put_text(out, study->place);
    buffer_put_format(out,
        ". Each design was measured %u time%s, in an order drawn from the seed, on a fresh "
        "table%s. Every %s was checked: all designs gave the same answers.</p><div "
        "class=\"scroll\"><table><thead><tr><th>key</th>"
        "<th class=\"left\">predicted</th><th>start &#8594; end</th><th>balanced after</th>"
        "<th class=\"left\">measured</th><th>start &#8594; end</th><th>balanced "
        "after</th><th>asked</th>"
        "<th>answered</th><th>p99, start &#8594; end</th></tr></thead><tbody>",
        study->repeats, study->repeats == 1 ? "" : "s",
        study->repeats == 1 ? "" : "; the run in the middle is shown",
        study->scenario.access == ACCESS_APPEND ? "query" : "get and query");
    for (size_t i = 0; i < study->cell_count; i++) {
        const struct study_cell *cell = &study->cells[i];
        const struct study_run *told = &cell->predicted, *run = study_cell_run(cell);
        study_cell_label(study, cell, name);
        put(out, "<tr><td><span class=\"key\">");
        picture_put_text(out, name);
        buffer_put_format(out, "</span></td><td class=\"left\">%s</td><td>%.2f &#8594; %.2f</td>",
            study_run_verdict(told), told->start_max_mean, told->end_max_mean);
        put_after(out, told);
        if (run == told) {
            put(out, "<td class=\"left soft\" colspan=\"6\">not measured</td></tr>");
            continue;
        }
        buffer_put_format(out, "<td class=\"left\">%s</td><td>%.2f &#8594; %.2f</td>",
            study_run_verdict(run), run->start_max_mean, run->end_max_mean);
        put_measured_after(out, cell);
        buffer_put_format(
            out, "<td>%" PRIu64 "</td><td>%" PRIu64 "</td>", run->requests, run->answers);
        if (run->start_p99_ms > 0 && run->end_p99_ms > 0)
            buffer_put_format(
                out, "<td>%.0f &#8594; %.0f ms</td></tr>", run->start_p99_ms, run->end_p99_ms);
        else
            put(out, "<td>of too few</td></tr>");
    }
    put(out, "</tbody></table></div>");
}

/* ---- Advice and settings ---- */

static void put_advice(const struct study *study, struct buffer *out)
{
    char name[STUDY_TEXT_SIZE];
    put(out, "<h2>What the heat of each design says</h2><dl>");
    for (size_t i = 0; i < study->cell_count; i++) {
        struct key_diagnosis diagnosis;
        if (!study_advice_diagnose(study, &study->cells[i], &diagnosis))
            continue;
        study_cell_label(study, &study->cells[i], name);
        put(out, "<dt><span class=\"key\">");
        picture_put_text(out, name);
        buffer_put_format(out, "</span></dt><dd><b>%s</b>: ", key_pattern_name(diagnosis.pattern));
        picture_put_text(out, diagnosis.reason);
        if (diagnosis.pattern != KEY_EVEN) {
            put(out, ". ");
            picture_put_text(out, diagnosis.advice);
            put(out, " <span class=\"soft\">Price: ");
            picture_put_text(out, diagnosis.price);
            put(out, "</span>");
        }
        put(out, "</dd>");
    }
    put(out, "</dl>");
}

static void put_settings(const struct study *study, struct buffer *out)
{
    const struct model_settings *settings = &study->settings;
    put(out, "<h2>How it was made</h2><dl><dt>command</dt><dd><code>");
    picture_put_text(out, study->command);
    buffer_put_format(out,
        "</code></dd><dt>trace</dt><dd>seed %" PRIu64
        ", %zu rows, %.0f requests a second for at most %u "
        "s; every design sees the same requests%s</dd><dt>servers</dt><dd>%zu, each with a "
        "modelled "
        "capacity of %.0f requests a second: what is over it waits up to a second and is then "
        "refused</dd><dt>splits</dt><dd>a tablet that is asked over %.0f requests a second for 10 "
        "s "
        "is split where its load halves, unless one row carries it; a balancer looks each %u s</dd>"
        "<dt>predictions</dt><dd>tablets are split and moved %s</dd>"
        "<dt>verdicts</dt><dd>balanced: the busiest server has at most 1.3 times the mean for 15 "
        "s. "
        "even: from the start; cured: later, and it stays; comes back: lost again</dd>"
        "<dt>fixed tablets</dt><dd>%zu of equally many rows, %zu requests</dd></dl>",
        settings->seed, study->scenario.population, settings->rate, settings->seconds,
        study_mark_text(study) ? ", those marked " STUDY_MARK " as writes" : "", settings->servers,
        settings->capacity, settings->split_qps, settings->balance_s, model_text(settings),
        study->tablets, study->requests);
    if (study->is_capacity_guessed)
        put(out,
            "<p>What these servers can serve is not known (<code>--capacity=N</code> says it): "
            "the predictions are for a guess, 40 % of the rate. Where a real server can do more, "
            "less is refused than was predicted.</p>");
}

void study_put_html(const struct study *study, struct buffer *out)
{
    put_head(study, out);
    put_conclusion(study, out);
    put_maps(study, out);
    put_table(study, out);
    put_queries(study, out);
    study_put_html_writes(study, out);
    if (study->is_live)
        put_agreement(study, out);
    study_put_html_loads(study, out);
    put_advice(study, out);
    put_settings(study, out);
    put(out, "<div id=\"tip\" role=\"status\" hidden></div><script id=\"study\" "
             "type=\"application/json\">");
    study_put_json(study, out);
    put(out, "</script><script>");
    put(out, page_js);
    put(out, "</script></body></html>\n");
}
