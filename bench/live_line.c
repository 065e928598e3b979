#include "bench/live_line.h"

#include <inttypes.h>
#include <math.h>
#include <unistd.h>

void live_line_init(struct live_line *line, bool is_quiet, bool is_filling)
{
    *line = (struct live_line){.out = is_quiet ? NULL : stderr,
        .is_terminal = isatty(STDERR_FILENO),
        .is_filling = is_filling};
}

const char *latency_text(double microseconds, char out_text[LATENCY_TEXT])
{
    double ms = microseconds / 1000;
    if (isnan(ms))
        snprintf(out_text, LATENCY_TEXT, "-");
    else
        snprintf(out_text, LATENCY_TEXT,
            ms < 0.01  ? "%.5f"
            : ms < 10  ? "%.3f"
            : ms < 100 ? "%.1f"
                       : "%.0f",
            ms);
    return out_text;
}

void live_line_show(struct live_line *line, const struct point *point, size_t tablets)
{
    char p50[LATENCY_TEXT], p99[LATENCY_TEXT], max[LATENCY_TEXT];
    if (!line->out || point->length_s < 0.5)
        return;
    const struct latency *latency = isnan(point->all.intended.max) ? &point->all.service
                                                                   : &point->all.intended;
    fprintf(line->out, "%s%s ", line->is_terminal ? "\r\x1b[K" : "",
        line->is_filling ? "fill" : "run ");
    if (point->second < 0)
        fputs("warm-up", line->out);
    else
        fprintf(line->out, "%5" PRId64 " s", point->second + 1);
    fprintf(line->out, "  %9.0f %s/s  %" PRIu64 " errors  p50 %s  p99 %s  max %s ms",
        (double)(line->is_filling ? point->all.rows : point->all.operations) / point->length_s,
        line->is_filling ? "rows" : "ops", point->all.failed, latency_text(latency->p50, p50),
        latency_text(latency->p99, p99), latency_text(latency->max, max));
    if (tablets)
        fprintf(line->out, "  %zu tablet%s", tablets, tablets == 1 ? "" : "s");
    if (!line->is_terminal)
        fputc('\n', line->out);
    line->is_open = line->is_terminal;
    fflush(line->out);
}

void live_line_end(struct live_line *line)
{
    if (line->out && line->is_open)
        fputc('\n', line->out);
    line->is_open = false;
}
