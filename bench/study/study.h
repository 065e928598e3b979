/* stele bench study: one logical trace, several row key designs, side by side. */
#ifndef STELE_BENCH_STUDY_STUDY_H
#define STELE_BENCH_STUDY_STUDY_H

#include "bench/study/model.h"

#define STUDY_MAPPERS_MOST 32

/* What a study found of one design. */
struct study_cell {
    struct key_mapper mapper;
    struct static_result fixed;
    struct model_result run;
    struct query_cost queries[SCENARIO_QUERIES];
    unsigned get_cost;
    bool is_decodable; /* and every row of the population was: checked */
};

struct study {
    const struct scenario *scenario;
    struct model_settings settings;
    size_t tablets;  /* of the fixed cut */
    size_t requests; /* of the fixed cut */
    struct study_cell *cells;
    size_t cell_count;
};

/* The subcommand; argv[0] is "study". Returns the exit code. */
int command_bench_study(int argc, char **argv);

/* ---- study_report.c ---- */

/* For people; `colours`: 0 none (letters), 256, or 1 << 24. */
void study_print(const struct study *study, unsigned colours);
/* One object, "schema":"stele-study-1". */
void study_print_json(const struct study *study);

#endif
