/* The rows that a design makes of a population, sorted: where a key lies, and what a query reads. */
#ifndef STELE_BENCH_STUDY_ROW_SET_H
#define STELE_BENCH_STUDY_ROW_SET_H

#include "bench/study/key_mapper.h"
#include "bench/study/scenario.h"

/* A row with its first eight bytes as a number: most comparisons end there. */
struct study_row {
    uint64_t head;
    uint8_t size;
    uint8_t bytes[STUDY_KEY_SIZE];
};

/* <0, 0, >0, as HBase orders rows. */
static inline int study_row_compare(const struct study_row *a, const struct study_row *b)
{
    if (a->head != b->head)
        return a->head < b->head ? -1 : 1;
    return span_compare(span_make(a->bytes, a->size), span_make(b->bytes, b->size));
}

/* Of `count` things in order (at least one), each of `size` bytes and beginning with its first row: the place of the last
 * that begins at the row or before it; 0 where none does. */
static inline size_t study_row_last(
    const void *things, size_t size, size_t count, const struct study_row *row)
{
    const uint8_t *bytes = things;
    size_t from = 0, to = count;
    while (to - from > 1) {
        size_t middle = from + (to - from) / 2;
        const void *start = bytes + middle * size;
        if (study_row_compare(start, row) <= 0)
            from = middle;
        else
            to = middle;
    }
    return from;
}

/* Sets a row to at most STUDY_KEY_SIZE bytes. */
void study_row_set(struct study_row *row, struct span bytes);
void study_row_make(const struct key_mapper *mapper, const struct study_key *key, struct dice *dice,
    struct study_row *out_row);

#define STUDY_TABLETS_MOST 1024

struct row_set {
    const struct population *population;
    const struct key_mapper *mapper;
    struct study_row *rows; /* one a key of the population, by its index */
    uint32_t *sorted;       /* indexes, in row order */
    uint32_t *rank;         /* place in `sorted` of each index */
    size_t count;
};

/* Borrows population and mapper. */
enum status row_set_make(const struct population *population, const struct key_mapper *mapper,
    uint64_t seed, struct row_set *out_set, struct error *error);
void row_set_deinit(struct row_set *set);
/* The number of rows below `row`. */
size_t row_set_find(const struct row_set *set, const struct study_row *row);

/* The next request at second `now_s` (population_draw) as a row of this design, and which of `buckets` ranges of equal
 * rows holds it. */
size_t row_set_draw(const struct row_set *set, struct dice *dice, double now_s, size_t buckets,
    struct study_row *out_row);
/* Which of them holds a row, of the set or not: that of row_set_find. */
size_t row_set_bucket(const struct row_set *set, const struct study_row *row, size_t buckets);

/* Whether the requests write rows: they append, or each write of a key lands elsewhere (random-salt). Else they read. */
bool requests_are_writes(const struct scenario *scenario, const struct key_mapper *mapper);

/* How a table is cut before it has any load. */
enum presplit {
    PRESPLIT_ROWS, /* tablets of equal rows: by what the data will be */
    PRESPLIT_NONE, /* one tablet */
    PRESPLIT_BYTES, /* equal parts of the space of bytes, whatever keys look like (HBase's UniformSplit) */
};
/* "rows", "none", "bytes". */
const char *presplit_name(enum presplit presplit);
/* The first row of tablet `index` (from 1) of `tablets`. */
void row_set_cut(const struct row_set *set, enum presplit presplit, size_t index, size_t tablets,
    struct study_row *out_row);

/* The first row behind all that begin with the prefix; false when there is none. */
bool key_prefix_end(const struct key_prefix *prefix, struct study_row *out_row);

/* What one query costs. tablets <= STUDY_TABLETS_MOST. */
struct query_cost {
    size_t ranges;      /* scans to start */
    size_t tablets;     /* touched, of `tablets` with equal rows */
    size_t rows_read;   /* in the ranges */
    size_t rows_wanted; /* that match */
};

struct query_cost row_set_query(
    const struct row_set *set, const struct study_key *partial, size_t tablets);

#endif
