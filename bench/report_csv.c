#include "bench/report_csv.h"

#include <inttypes.h>
#include <math.h>

bool report_csv_begin(FILE *file)
{
    return fputs(
               "second,length_s,operation,operations,rate,failed,rows,mean_us,p50_us,p99_us,max_us,"
               "intended_mean_us,intended_p50_us,intended_p99_us,intended_max_us\n",
               file) != EOF;
}

static void put_latency(FILE *file, const struct latency *latency)
{
    const double values[] = {latency->mean, latency->p50, latency->p99, latency->max};
    for (size_t i = 0; i < 4; i++) {
        if (isnan(values[i]))
            fputc(',', file);
        else
            fprintf(file, ",%.1f", values[i]);
    }
}

static void put_line(
    FILE *file, const struct point *point, const char *name, const struct point_part *part)
{
    fprintf(file, "%" PRId64 ",%.3f,%s,%" PRIu64 ",%.1f,%" PRIu64 ",%" PRIu64, point->second,
        point->length_s, name, part->operations,
        point->length_s > 0 ? (double)part->operations / point->length_s : 0, part->failed,
        part->rows);
    put_latency(file, &part->service);
    put_latency(file, &part->intended);
    fputc('\n', file);
}

bool report_csv_second(FILE *file, const struct point *point)
{
    for (int i = 0; i < OPERATION_COUNT; i++)
        if (point->of[i].operations || point->of[i].failed)
            put_line(file, point, operation_name((enum operation)i), &point->of[i]);
    put_line(file, point, "all", &point->all);
    return fflush(file) == 0;
}
