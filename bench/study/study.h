/* stele bench study: one logical trace, several row key designs, side by side.
 *
 *   plan      designs x ways to cut the table x split on or off x balancer on or off = cells
 *   predict   every cell by the model, in milliseconds: always
 *   measure   every cell on a cluster (live.h), in an order drawn from the seed, several times over: unless --simulate
 *   report    to the terminal, as JSON, as a page, as a picture; after each cell too, so that what is there when a
 *             study is interrupted is a report of what was done
 *
 * Threads: one. */
#ifndef STELE_BENCH_STUDY_STUDY_H
#define STELE_BENCH_STUDY_STUDY_H

#include "bench/study/model.h"

#define STUDY_MAPPERS_MOST 32
#define STUDY_CELLS_MOST   256
#define STUDY_REPEATS_MOST 20
#define STUDY_TEXT_SIZE    256

/* What writing a row costs, by the design: as the client sends it, keys and values. */
struct write_cost {
    double key_bytes;     /* of a row's key, the mean */
    double logical_bytes; /* of the fields that it is made of */
    double value_bytes;
};

/* What a study found of one design before any run. */
struct study_design {
    struct key_mapper mapper;
    struct row_set set;         /* empty unless measured */
    struct static_result fixed; /* a fixed cut into equal rows */
    struct query_cost queries[SCENARIO_QUERIES];
    unsigned get_cost;
    struct write_cost write;
    bool is_decodable;                    /* and every row of the population was: checked */
    struct study_row bounds[RUN_BUCKETS]; /* the first row of each range of the heat maps */
    struct study_row example;             /* what the busiest part of the keys looks like */
    struct study_row top_row;             /* the busiest row, and its share of the requests */
    double top_share;
};

/* What a query cost on a cluster. */
struct query_seen {
    size_t ranges, tablets, rows_read, rows_wanted;
    uint64_t bytes_read; /* keys and values */
    uint64_t digest;     /* of the keys found, in any order */
    double first_row_ms, ms;
};

/* What filling the table cost on a cluster. */
struct write_seen {
    size_t rows;
    uint64_t bytes;              /* keys and values */
    double ms;                   /* in batches, all rows */
    struct latency_summary puts; /* single puts, a few at a time, before that */
};

/* A design under one setting. */
struct study_cell {
    struct study_design *design;
    enum presplit presplit;
    bool has_split, has_balancer;
    struct study_run predicted;
    struct study_run measured[STUDY_REPEATS_MOST];
    size_t measured_count;
    struct query_seen seen[SCENARIO_QUERIES];
    struct write_seen written;
    bool has_seen;
};

struct study {
    struct scenario scenario; /* its population may be another than the built-in one's */
    struct population population;
    struct model_settings settings;
    size_t tablets;  /* of the fixed cut */
    size_t requests; /* of the fixed cut */
    struct study_design *designs;
    size_t design_count;
    struct study_cell *cells;
    size_t cell_count;
    bool is_live;
    bool is_capacity_guessed; /* live, on servers of the user's, and nobody said what they can */
    unsigned repeats;
    char place[STUDY_TEXT_SIZE];      /* live: where, in words */
    char command[STUDY_TEXT_SIZE];    /* as it was typed */
    char unfinished[STUDY_TEXT_SIZE]; /* why it ended early; empty = it did not */
};

/* The subcommand; argv[0] is "study". Returns the exit code. */
int command_bench_study(int argc, char **argv);

/* "md5:4", or with its setting where the study has several: "md5:4, no presplit, balancer off". */
void study_cell_name(
    const struct study *study, const struct study_cell *cell, char out_name[STUDY_TEXT_SIZE]);
/* The same for people: marked with STUDY_MARK where its requests are writes and those of other designs reads, which
 * study_mark_text tells (random-salt: a get would have to ask each salt). */
#define STUDY_MARK "[writes]"
void study_cell_label(
    const struct study *study, const struct study_cell *cell, char out_label[STUDY_TEXT_SIZE]);
/* The same of a design, whatever its setting. */
void study_design_label(
    const struct study *study, const struct study_design *design, char out_label[STUDY_TEXT_SIZE]);
/* Whether the design's requests are writes where the scenario's are reads. */
bool study_design_writes(const struct study *study, const struct study_design *design);
/* What the mark means: a sentence; NULL when no design has it. */
const char *study_mark_text(const struct study *study);
/* The run to show: the measured one with the middle end, else the predicted one. */
const struct study_run *study_cell_run(const struct study_cell *cell);
/* Least, middle and greatest of a figure over the measured runs; measured_count > 0. */
struct study_range {
    double least, middle, most;
};
struct study_range study_cell_range(
    const struct study_cell *cell, double (*figure)(const struct study_run *run));

/* ---- study_report.c ---- */

/* What a query cost in a cell of the design that was measured; NULL: none was. */
const struct query_seen *study_query_seen(
    const struct study *study, const struct study_design *design, size_t query);

/* For people; `colours`: 0 none (letters), 256, or 1 << 24. */
void study_print(const struct study *study, unsigned colours);

/* ---- study_json.c ---- */

/* One object, "schema":"stele.study/2". */
void study_put_json(const struct study *study, struct buffer *out);

/* ---- study_svg.c ---- */

/* The heat maps side by side, on one colour scale, as one picture. */
void study_put_svg(const struct study *study, struct buffer *out);

/* ---- study_html.c ---- */

/* One page that needs nothing else: pictures, tables, advice; the JSON is in it. */
void study_put_html(const struct study *study, struct buffer *out);

#endif
