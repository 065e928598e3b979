#include "bench/study/study_html_load.h"

#include "bench/study/picture.h"
#include "bench/study/study_report_load.h"

#define TABLETS_SHOWN 64 /* the JSON has them all */

static void put(struct buffer *out, const char *text)
{
    buffer_put(out, span_string(text));
}

static void put_name(struct buffer *out, const char *name)
{
    put(out, "<tr><td><span class=\"key\">");
    picture_put_text(out, name);
    put(out, "</span></td>");
}

static void put_ms(struct buffer *out, double ms)
{
    char text[STUDY_MS_SIZE];
    buffer_put_format(out, "<td>%s</td>", study_ms_text(ms, text));
}

static void put_latency(struct buffer *out, const struct run_latency *latency)
{
    put_ms(out, latency->intended.p50_ms);
    put_ms(out, latency->intended.p99_ms);
    put_ms(out, latency->intended.max_ms);
    put_ms(out, latency->service.p50_ms);
    put_ms(out, latency->service.p99_ms);
    put_ms(out, latency->service.max_ms);
}

#define LATENCY_HEAD                                                                               \
    "<th>p50, ms</th><th>p99</th><th>most</th><th>service p50</th><th>p99</th><th>most</th>"

/* ---- All cells ---- */

static void put_skew(struct buffer *out, const struct skew *start, const struct skew *end)
{
    buffer_put_format(out,
        "<td>%.2f &#8594; %.2f</td><td>%.2f &#8594; %.2f</td><td>%.1f &#8594; %.1f</td>",
        start->max_mean, end->max_mean, start->gini, end->gini, start->effective, end->effective);
}

static void put_run(
    struct buffer *out, const char *name, const char *kind, const struct study_run *run)
{
    put_name(out, name);
    buffer_put_format(out, "<td class=\"left\">%s</td>", kind);
    put_skew(out, &run->load.start_servers, &run->load.end_servers);
    put_skew(out, &run->load.start_tablets, &run->load.end_tablets);
    buffer_put_format(out, "<td>%zu</td>", run->tablets);
    put_latency(out, &run->load.all.latency);
    put(out, "</tr>");
}

static void put_all(const struct study *study, struct buffer *out)
{
    char name[STUDY_TEXT_SIZE];
    put(out, "<div class=\"scroll\"><table><thead><tr><th>key</th><th class=\"left\"></th>"
             "<th>servers: max/mean</th><th>Gini</th><th>effective</th><th>tablets: "
             "max/mean</th><th>Gini</th><th>effective</th><th>of, at the end</th>" LATENCY_HEAD
             "</tr></thead><tbody>");
    for (size_t i = 0; i < study->cell_count; i++) {
        const struct study_cell *cell = &study->cells[i];
        study_cell_label(study, cell, name);
        put_run(out, name, "predicted", &cell->predicted);
        if (cell->measured_count)
            put_run(out, name, "measured", study_cell_run(cell));
    }
    put(out, "</tbody></table></div>");
}

/* ---- One cell ---- */

static double asked_of(const struct run_share *share)
{
    return share->asked[REQUEST_READ] + share->asked[REQUEST_WRITE];
}

static void put_share(struct buffer *out, const struct run_share *share, double part)
{
    buffer_put_format(out, "<td>%.1f %%</td><td>%.0f</td><td>%.0f</td><td>%.0f</td>", 100 * part,
        share->asked[REQUEST_READ], share->asked[REQUEST_WRITE], share->answered);
    put_latency(out, &share->latency);
    put(out, "</tr>");
}

#define SHARE_HEAD "<th>share</th><th>reads</th><th>writes</th><th>answered</th>" LATENCY_HEAD

static void put_servers(const struct run_load *load, struct buffer *out)
{
    double all = asked_of(&load->all);
    put(out, "<div class=\"scroll\"><table><thead><tr><th>server</th>" SHARE_HEAD
             "</tr></thead><tbody>");
    for (size_t i = 0; i < load->servers; i++) {
        const struct run_share *share = &load->by_server[i];
        buffer_put_format(out, "<tr><td>%zu</td>", i + 1);
        put_share(out, share, all > 0 ? asked_of(share) / all : 0);
    }
    put(out, "</tbody></table></div>");
}

static void put_tablets(const struct run_load *load, struct buffer *out)
{
    put(out, "<div class=\"scroll\"><table><thead><tr><th>tablet from</th><th>of the "
             "rows</th><th>seconds</th><th>server</th>" SHARE_HEAD "</tr></thead><tbody>");
    for (size_t i = 0; i < load->tablet_count && i < TABLETS_SHOWN; i++) {
        const struct run_tablet *tablet = &load->tablets[i];
        put(out, "<tr><td><span class=\"key\">");
        picture_put_row(out, &tablet->start, 30);
        buffer_put_format(out, "</span></td><td>%.1f %%</td><td>%u to %u</td><td>%u</td>",
            100 * (double)tablet->at, tablet->from_s, tablet->to_s, tablet->server + 1);
        put_share(out, &tablet->share, run_load_tablet_share(load, tablet));
    }
    put(out, "</tbody></table></div>");
    if (load->tablet_count > TABLETS_SHOWN)
        buffer_put_format(out, "<p class=\"soft\">%zu more are in this page's JSON.</p>",
            load->tablet_count - TABLETS_SHOWN);
}

void study_put_html_loads(const struct study *study, struct buffer *out)
{
    char name[STUDY_TEXT_SIZE];
    put(out,
        "<h2>Servers, tablets and latency</h2><p class=\"soft\">From the first 10 s to the last: "
        "the busiest over the mean, how unequal all are (Gini: 0 even, towards 1 all on one; it "
        "grows with the number of tablets), and how many evenly loaded ones would do. Latencies "
        "are of what was answered, from when a request should have begun; service: from when it "
        "did. &#8220;-&#8221;: of too few. Under each name: every server and every tablet that "
        "there was, a tablet's share being of what was asked while it lived.</p>");
    put_all(study, out);
    for (size_t i = 0; i < study->cell_count; i++) {
        const struct study_cell *cell = &study->cells[i];
        const struct study_run *run = study_cell_run(cell);
        study_cell_label(study, cell, name);
        put(out, "<details><summary><span class=\"key\">");
        picture_put_text(out, name);
        buffer_put_format(out, "</span>, %s: %zu server%s, %zu tablets in all</summary>",
            run == &cell->predicted ? "predicted" : "measured", run->servers,
            run->servers == 1 ? "" : "s", run->load.tablet_count);
        put_servers(&run->load, out);
        put_tablets(&run->load, out);
        put(out, "</details>");
    }
}

/* ---- Writes ---- */

void study_put_html_writes(const struct study *study, struct buffer *out)
{
    buffer_put_format(out,
        "<h2>What a write costs</h2><p class=\"soft\">Bytes of a row's key, and of them beyond the "
        "fields that it is made of: they are stored and sent with every cell.%s</p><div "
        "class=\"scroll\"><table><thead><tr><th>key</th><th>key bytes</th><th>beyond its "
        "fields</th><th>key and value</th>%s</tr></thead><tbody>",
        study->is_live ? " Measured: all rows in batches, and before that 1,000 puts, four at a "
                         "time, all over the keys."
                       : "",
        study->is_live ? "<th>measured: rows</th><th>bytes</th><th>time</th><th>a put: p50, "
                         "ms</th><th>p99</th><th>most</th>"
                       : "");
    for (size_t i = 0; i < study->design_count; i++) {
        const struct study_design *design = &study->designs[i];
        const struct write_cost *cost = &design->write;
        const struct write_seen *written = study_written_of(study, design);
        put_name(out, design->mapper.name);
        buffer_put_format(out, "<td>%.1f</td><td>%.1f</td><td>%.1f</td>", cost->key_bytes,
            cost->key_bytes - cost->logical_bytes, cost->key_bytes + cost->value_bytes);
        if (written) {
            buffer_put_format(out, "<td>%zu</td><td>%llu</td><td>%.0f ms</td>", written->rows,
                (unsigned long long)written->bytes, written->ms);
            put_ms(out, written->puts.p50_ms);
            put_ms(out, written->puts.p99_ms);
            put_ms(out, written->puts.max_ms);
        } else if (study->is_live) {
            put(out, "<td class=\"left soft\" colspan=\"6\">not measured</td>");
        }
        put(out, "</tr>");
    }
    put(out, "</tbody></table></div>");
}
