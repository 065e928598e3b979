#include "bench/study/heat_map.h"

#include <math.h>

struct heat_scale heat_scale_of(const struct study *study)
{
    struct heat_scale scale = {.seconds = 1, .bucket_most = 1, .server_most = 1};
    for (size_t i = 0; i < study->cell_count; i++) {
        const struct study_run *run = study_cell_run(&study->cells[i]);
        if (run->seconds > scale.seconds)
            scale.seconds = run->seconds;
    }
    /* of columns, not of seconds: what is drawn */
    for (size_t i = 0; i < study->cell_count; i++) {
        const struct study_run *run = study_cell_run(&study->cells[i]);
        for (unsigned column = 0; column < HEAT_COLUMNS; column++) {
            for (size_t bucket = 0; bucket < RUN_BUCKETS; bucket++)
                scale.bucket_most = fmax(
                    scale.bucket_most, heat_bucket(run, &scale, column, HEAT_COLUMNS, bucket));
            for (size_t server = 0; server < run->servers; server++)
                scale.server_most = fmax(
                    scale.server_most, heat_server(run, &scale, column, HEAT_COLUMNS, server));
        }
    }
    return scale;
}

/* The mean of a column of a matrix over the seconds that a column of the picture stands for. */
static double mean(const struct study_run *run, const struct heat_scale *scale, unsigned column,
    unsigned columns, const double *numbers, size_t width)
{
    unsigned from = column * scale->seconds / columns, to = (column + 1) * scale->seconds / columns;
    double sum = 0;
    if (to == from)
        to = from + 1;
    if (to > run->seconds)
        to = run->seconds;
    if (to <= from)
        return -1;
    for (unsigned second = from; second < to; second++)
        sum += numbers[second * width];
    return sum / (to - from);
}

double heat_bucket(const struct study_run *run, const struct heat_scale *scale, unsigned column,
    unsigned columns, size_t bucket)
{
    return mean(run, scale, column, columns, run->heat + bucket, RUN_BUCKETS);
}

double heat_server(const struct study_run *run, const struct heat_scale *scale, unsigned column,
    unsigned columns, size_t server)
{
    return mean(run, scale, column, columns, run->asked + server, run->servers);
}

double heat_part(double requests, double most)
{
    double part = requests > 0 ? sqrt(requests / most) : 0;
    return part > 1 ? 1 : part;
}

void heat_colour(double part, unsigned out_rgb[3])
{
    static const unsigned char points[][3] = {{24, 12, 48}, {62, 50, 124}, {48, 92, 140},
        {34, 136, 140}, {56, 178, 110}, {150, 212, 62}, {253, 231, 80}};
    const size_t last = sizeof points / sizeof *points - 1;
    double at = (part < 0 ? 0 : part > 1 ? 1 : part) * (double)last;
    size_t from = at >= (double)last ? last - 1 : (size_t)at;
    for (size_t i = 0; i < 3; i++)
        out_rgb[i] = (unsigned)(points[from][i] +
                                (at - (double)from) * (points[from + 1][i] - points[from][i]));
}

char heat_event(
    const struct study_run *run, const struct heat_scale *scale, unsigned column, unsigned columns)
{
    bool is_split = false, is_move = false;
    for (size_t i = 0; i < run->event_count; i++) {
        if (run->events[i].second * columns / scale->seconds != column)
            continue;
        is_split = is_split || run->events[i].is_split;
        is_move = is_move || !run->events[i].is_split;
    }
    return is_split && is_move ? '*' : is_split ? '^' : is_move ? '>' : ' ';
}
