#include "bench/study/picture.h"

#include <math.h>
#include <string.h>

#define MAP_COLUMNS  60
#define CELL_WIDTH   6 /* PICTURE_PLOT / MAP_COLUMNS */
#define CELL_HEIGHT  4 /* PICTURE_MAP_HEIGHT / RUN_BUCKETS */
#define EVENTS_Y     (PICTURE_MAP_Y + PICTURE_MAP_HEIGHT)
#define CHART_Y      (EVENTS_Y + 24)
#define CHART_HEIGHT 52
#define SHOWN_KEY    30

void picture_put_text(struct buffer *out, const char *text)
{
    for (; *text; text++) {
        unsigned char byte = (unsigned char)*text;
        if (strchr("<>&\"'", byte))
            buffer_put_format(out, "&#%u;", byte);
        else if (byte >= 0x20)
            buffer_put_u8(out, byte);
    }
}

void picture_put_row(struct buffer *out, const struct study_row *row, size_t most)
{
    struct buffer text = {0};
    buffer_put_escaped(&text, span_make(row->bytes, row->size));
    bool is_cut = text.size > most;
    if (is_cut)
        text.size = most - 1;
    buffer_put_u8(&text, '\0');
    if (!buffer_status(&text))
        picture_put_text(out, (const char *)text.data);
    if (is_cut)
        buffer_put_format(out, "\xe2\x80\xa6"); /* an ellipsis */
    buffer_deinit(&text);
}

void picture_put_style(struct buffer *out)
{
    buffer_put_format(out,
        ".p-ink{fill:#1f2328}.p-soft{fill:#57606a}.p-line{stroke:#8c959f;fill:none}"
        ".p-back{fill:#fff}.p-none{fill:#f0f2f4}.p-other{stroke:#7d8894;fill:none;stroke-width:1.2}"
        ".p-hot{stroke:#d55e00;fill:none;stroke-width:2}.p-hot-text{fill:#b34700}"
        ".p-good-text{fill:#0a6640}"
        ".p-limit{stroke:#1f2328;fill:none;stroke-dasharray:4 3}"
        "@media(prefers-color-scheme:dark){.p-ink{fill:#e6edf3}.p-soft{fill:#9aa4af}"
        ".p-back{fill:#0d1117}.p-none{fill:#1a2029}.p-other{stroke:#8a95a1}"
        ".p-hot{stroke:#ff9b45}.p-hot-text{fill:#ff9b45}.p-good-text{fill:#56d39b}.p-limit{stroke:#"
        "e6edf3}}"
        ".p-text{font:11px system-ui,sans-serif}.p-key{font:10px ui-monospace,monospace}");
}

/* ---- The heat map ---- */

static int level_of(
    const struct study_run *run, const struct heat_scale *scale, unsigned column, size_t bucket)
{
    double requests = heat_bucket(run, scale, column, MAP_COLUMNS, bucket);
    if (requests < 0)
        return -1;
    return (int)(heat_part(requests, scale->bucket_most) * (HEAT_LEVELS - 1) + 0.5);
}

/* Neighbours in time of one level are one rectangle. */
static void put_level(
    struct buffer *out, const struct study_run *run, const struct heat_scale *scale, int level)
{
    bool is_open = false;
    for (size_t bucket = 0; bucket < RUN_BUCKETS; bucket++) {
        for (unsigned column = 0; column < MAP_COLUMNS;) {
            unsigned end = column;
            while (end < MAP_COLUMNS && level_of(run, scale, end, bucket) == level)
                end++;
            if (end == column) {
                column++;
                continue;
            }
            if (!is_open) {
                unsigned rgb[3];
                heat_colour((double)level / (HEAT_LEVELS - 1), rgb);
                buffer_put_format(out, "<path fill=\"#%02x%02x%02x\" d=\"", rgb[0], rgb[1], rgb[2]);
                is_open = true;
            }
            buffer_put_format(out, "M%u %zuh%uv%dh-%uz", PICTURE_LEFT + column * CELL_WIDTH,
                PICTURE_MAP_Y + bucket * CELL_HEIGHT, (end - column) * CELL_WIDTH, CELL_HEIGHT,
                (end - column) * CELL_WIDTH);
            column = end;
        }
    }
    if (is_open)
        buffer_put_format(out, "\"/>");
}

static void put_map(struct buffer *out, const struct study_run *run, const struct heat_scale *scale)
{
    buffer_put_format(out,
        "<rect class=\"p-none\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\"/>"
        "<g shape-rendering=\"crispEdges\">",
        PICTURE_LEFT, PICTURE_MAP_Y, PICTURE_PLOT, PICTURE_MAP_HEIGHT);
    for (int level = 0; level < HEAT_LEVELS; level++)
        put_level(out, run, scale, level);
    buffer_put_format(out, "</g>");
    if (run->seconds < scale->seconds)
        buffer_put_format(out,
            "<text class=\"p-soft p-text\" x=\"%u\" y=\"%d\" text-anchor=\"middle\">%s</text>",
            PICTURE_LEFT + (run->seconds + scale->seconds) * PICTURE_PLOT / scale->seconds / 2,
            PICTURE_MAP_Y + PICTURE_MAP_HEIGHT / 2 + 4,
            (scale->seconds - run->seconds) * PICTURE_PLOT / scale->seconds > 110
                ? "balanced: ended early"
                : "");
}

/* Splits point up at the map, moves to the right. */
static void put_events(
    struct buffer *out, const struct study_run *run, const struct heat_scale *scale)
{
    buffer_put_format(out, "<path class=\"p-ink\" d=\"");
    for (size_t i = 0; i < run->event_count; i++) {
        const struct run_event *event = &run->events[i];
        double x = PICTURE_LEFT + (event->second + 0.5) * PICTURE_PLOT / scale->seconds;
        if (event->is_split)
            buffer_put_format(out, "M%.1f %dl3 6h-6z", x, EVENTS_Y + 2);
        else
            buffer_put_format(out, "M%.1f %dv6l5 -3z", x, EVENTS_Y + 9);
    }
    buffer_put_format(out, "\"/>");
}

/* ---- The servers ---- */

/* The server that was asked most in the first part of the run. */
static size_t hot_server(const struct study_run *run)
{
    size_t hot = 0;
    double most = 0;
    for (size_t server = 0; server < run->servers; server++) {
        double sum = 0;
        for (unsigned second = 0; second < run->seconds && second < 10; second++)
            sum += run->asked[second * run->servers + server];
        if (sum > most) {
            most = sum;
            hot = server;
        }
    }
    return hot;
}

static double chart_top(const struct study *study, const struct heat_scale *scale)
{
    return fmax(scale->server_most, study->settings.capacity) * 1.08;
}

static double chart_y(double requests, double top)
{
    return CHART_Y + CHART_HEIGHT * (1 - fmin(1, requests / top));
}

static void put_server(struct buffer *out, const struct study_run *run,
    const struct heat_scale *scale, size_t server, double top, bool is_hot)
{
    bool is_begun = false;
    buffer_put_format(out, "<path class=\"%s\" d=\"", is_hot ? "p-hot" : "p-other");
    for (unsigned column = 0; column < MAP_COLUMNS; column++) {
        double requests = heat_server(run, scale, column, MAP_COLUMNS, server);
        if (requests < 0)
            break;
        buffer_put_format(out, "%s%.1f %.1f", is_begun ? "L" : "M",
            PICTURE_LEFT + (column + 0.5) * CELL_WIDTH, chart_y(requests, top));
        is_begun = true;
    }
    buffer_put_format(out, "\"/>");
}

static void put_chart(struct buffer *out, const struct study *study, const struct study_run *run,
    const struct heat_scale *scale)
{
    double top = chart_top(study, scale), limit = chart_y(study->settings.capacity, top);
    size_t hot = hot_server(run);
    buffer_put_format(out, "<path class=\"p-line\" d=\"M%d %dv%dh%d\"/>", PICTURE_LEFT, CHART_Y,
        CHART_HEIGHT, PICTURE_PLOT);
    for (size_t server = 0; server < run->servers; server++)
        if (server != hot)
            put_server(out, run, scale, server, top, false);
    put_server(out, run, scale, hot, top, true);
    buffer_put_format(
        out, "<path class=\"p-limit\" d=\"M%d %.1fh%d\"/>", PICTURE_LEFT, limit, PICTURE_PLOT);
    buffer_put_format(out,
        "<text class=\"p-ink p-text\" x=\"%d\" y=\"%.1f\" text-anchor=\"end\">a server can serve "
        "%.0f/s</text>",
        PICTURE_LEFT + PICTURE_PLOT, limit - 4, study->settings.capacity);
}

void picture_put_run(struct buffer *out, const struct study *study, const struct study_cell *cell,
    const struct study_run *run, const struct heat_scale *scale)
{
    buffer_put_format(
        out, "<text class=\"p-soft p-key\" x=\"%d\" y=\"%d\">", PICTURE_LEFT, PICTURE_MAP_Y - 4);
    picture_put_row(out, &cell->design->bounds[0], SHOWN_KEY);
    buffer_put_format(out, " \xe2\x86\x93 keys in order</text>");
    put_map(out, run, scale);
    put_events(out, run, scale);
    buffer_put_format(out,
        "<text class=\"p-soft p-text\" x=\"%d\" y=\"%d\" text-anchor=\"end\">%zu split%s, %zu "
        "move%s</text>",
        PICTURE_LEFT + PICTURE_PLOT, EVENTS_Y + 23, run->splits, run->splits == 1 ? "" : "s",
        run->moves, run->moves == 1 ? "" : "s");
    put_chart(out, study, run, scale);
    buffer_put_format(out,
        "<text class=\"p-soft p-text\" x=\"%d\" y=\"%d\">0 s</text>"
        "<text class=\"p-soft p-text\" x=\"%d\" y=\"%d\" text-anchor=\"middle\">requests/s asked "
        "of each server</text>"
        "<text class=\"p-soft p-text\" x=\"%d\" y=\"%d\" text-anchor=\"end\">%u s</text>",
        PICTURE_LEFT, CHART_Y + CHART_HEIGHT + 14, PICTURE_LEFT + PICTURE_PLOT / 2,
        CHART_Y + CHART_HEIGHT + 14, PICTURE_LEFT + PICTURE_PLOT, CHART_Y + CHART_HEIGHT + 14,
        scale->seconds);
}

void picture_put_legend(struct buffer *out, const struct heat_scale *scale)
{
    const double width = 340.0 / HEAT_LEVELS;
    for (int level = 0; level < HEAT_LEVELS; level++) {
        unsigned rgb[3];
        heat_colour((double)level / (HEAT_LEVELS - 1), rgb);
        buffer_put_format(out,
            "<rect x=\"%.2f\" y=\"2\" width=\"%.2f\" height=\"12\" fill=\"#%02x%02x%02x\"/>",
            8 + level * width, width + 0.3, rgb[0], rgb[1], rgb[2]);
    }
    for (unsigned i = 0; i <= 4; i++) { /* the values at quarters of the way */
        double requests = scale->bucket_most * i * i / 16;
        buffer_put_format(out,
            "<text class=\"p-soft p-text\" x=\"%.1f\" y=\"27\" text-anchor=\"%s\">%.*f%s</text>",
            8 + 85.0 * i,
            i == 0   ? "start"
            : i == 4 ? "end"
                     : "middle",
            requests < 10 && i ? 1 : 0, requests, i == 4 ? "/s" : "");
    }
}
