#include "bench/live_line.h"

#include <inttypes.h>
#include <math.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define LINE_SIZE 256 /* longer than any */

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

/* Characters that fit in a line. */
static size_t line_room(const struct live_line *line)
{
    struct winsize size;
    bool is_known = line->is_terminal && ioctl(fileno(line->out), TIOCGWINSZ, &size) == 0;
    return is_known && size.ws_col > 1 && size.ws_col <= LINE_SIZE ? size.ws_col - 1u
                                                                   : LINE_SIZE - 1u;
}

static size_t put_load(const struct live_line *line, const struct point *point, char *text)
{
    char p50[LATENCY_TEXT], p99[LATENCY_TEXT], max[LATENCY_TEXT], when[24] = "warm-up";
    const struct latency *latency = isnan(point->all.intended.max) ? &point->all.service
                                                                   : &point->all.intended;
    if (point->second >= 0)
        snprintf(when, sizeof when, "%5" PRId64 " s", point->second + 1);
    return (size_t)snprintf(text, LINE_SIZE,
        "%s %s %8.0f %s/s %" PRIu64 " errors  p50 %s p99 %s max %s ms",
        line->is_filling ? "fill" : "run", when,
        (double)(line->is_filling ? point->all.rows : point->all.operations) / point->length_s,
        line->is_filling ? "rows" : "ops", point->all.failed, latency_text(latency->p50, p50),
        latency_text(latency->p99, p99), latency_text(latency->max, max));
}

static size_t put_glance(const struct watch_glance *glance, char *text, size_t size)
{
    size += (size_t)snprintf(text + size, LINE_SIZE - size, "  %zu tablet%s", glance->tablets,
        glance->tablets == 1 ? "" : "s");
    if (glance->splits)
        size += (size_t)snprintf(text + size, LINE_SIZE - size, ", %zu split%s", glance->splits,
            glance->splits == 1 ? "" : "s");
    if (glance->moves)
        size += (size_t)snprintf(text + size, LINE_SIZE - size, ", %zu move%s", glance->moves,
            glance->moves == 1 ? "" : "s");
    if (glance->max_mean > 0)
        size += (size_t)snprintf(
            text + size, LINE_SIZE - size, ", max/mean %.2f", glance->max_mean);
    return size;
}

void live_line_show(struct live_line *line, const struct point *point, struct watch_glance glance)
{
    char text[LINE_SIZE];
    if (!line->out || point->length_s < 0.5)
        return;
    size_t size = put_load(line, point, text), room = line_room(line);
    if (glance.tablets)
        size = put_glance(&glance, text, size);
    fprintf(line->out, "%s%.*s", line->is_terminal ? "\r\x1b[K" : "",
        (int)(size < room ? size : room), text);
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
