/* A run as a picture: cells of requests a second, colours, and one scale for all pictures of a study.
 *
 * Brightness is the square root of requests/s over that of the busiest cell of the study: one scale, so that a cell of
 * one design can be held against that of another; the root, so that what is hot stands out and what is cold still shows. The palette goes from dark to light by one path through blue, green and yellow
 * (as viridis does): it is in order for people who do not see some colours, and in grey. */
#ifndef STELE_BENCH_STUDY_HEAT_MAP_H
#define STELE_BENCH_STUDY_HEAT_MAP_H

#include "bench/study/study.h"

#define HEAT_LEVELS  24 /* colours that pictures use: runs of one level are one shape */
#define HEAT_COLUMNS 60

/* Of a study: the longest run, and the busiest cell. */
struct heat_scale {
    unsigned seconds;
    double bucket_most; /* requests a second of a range of keys */
    double server_most; /* ... of a server */
};

struct heat_scale heat_scale_of(const struct study *study);
/* Requests a second of a range or a server in a column of `columns`; below 0 where the run had ended. */
double heat_bucket(const struct study_run *run, const struct heat_scale *scale, unsigned column,
    unsigned columns, size_t bucket);
double heat_server(const struct study_run *run, const struct heat_scale *scale, unsigned column,
    unsigned columns, size_t server);
/* 0 to 1. */
double heat_part(double requests, double most);
void heat_colour(double part, unsigned out_rgb[3]);
/* The columns in which something happened: '^' splits, '>' moves, '*' both, ' ' nothing. */
char heat_event(
    const struct study_run *run, const struct heat_scale *scale, unsigned column, unsigned columns);

#endif
