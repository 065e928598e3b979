#include "bench/sinks.h"

#include "bench/hdr_log.h"
#include "bench/report_csv.h"

static bool open_file(const char *command, const char *path, FILE **out_file)
{
    *out_file = path ? fopen(path, "we") : NULL;
    if (path && !*out_file)
        fprintf(stderr, "stele: %s: %s: %m\n", command, path);
    return !path || *out_file;
}

bool sinks_open(struct sinks *sinks, const struct load_settings *settings)
{
    *sinks = (struct sinks){.command = settings->command};
    bool is_open = open_file(settings->command, settings->csv, &sinks->csv) &&
                   open_file(settings->command, settings->hdr, &sinks->hdr);
    if (is_open && sinks->csv)
        sinks->has_failed = !report_csv_begin(sinks->csv);
    return is_open;
}

void sinks_begin(struct sinks *sinks, int64_t now_ms)
{
    if (sinks->hdr && !hdr_log_begin(sinks->hdr, now_ms))
        sinks->has_failed = true;
}

void sinks_second(struct sinks *sinks, const struct second *second, const struct point *point)
{
    if ((sinks->csv && !report_csv_second(sinks->csv, point)) ||
        (sinks->hdr && !hdr_log_second(sinks->hdr, second)))
        sinks->has_failed = true;
}

bool sinks_close(struct sinks *sinks)
{
    bool is_good = !sinks->has_failed;
    if (sinks->csv)
        is_good = fclose(sinks->csv) == 0 && is_good;
    if (sinks->hdr)
        is_good = fclose(sinks->hdr) == 0 && is_good;
    if (!is_good)
        fprintf(stderr, "stele: %s: the timeline or the histogram log could not be written\n",
            sinks->command);
    *sinks = (struct sinks){0};
    return is_good;
}
