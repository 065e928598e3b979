/* What a load asks for: operations, rows and values, drawn from a seed.
 *
 * The workload is shared by all threads; only its two counters change. Rows 0 .. rows-1 are there
 * at the start; an insert takes the next number, and reads see it once it is acknowledged (nearly:
 * acknowledgements are counted, not sorted). A stream belongs to one thread. */
#ifndef STELE_BENCH_WORKLOAD_H
#define STELE_BENCH_WORKLOAD_H

#include <stdatomic.h>

#include "bench/key_distribution.h"
#include "bench/key_format.h"
#include "bench/mix.h"
#include "bench/value_maker.h"

#define BATCH_ROWS_MOST 1000
#define COLUMNS_MOST    100

struct workload {
    struct mix mix;
    struct key_distribution keys;
    struct key_format format;
    struct value_plan value;
    struct size_draw scan_rows; /* 0: the whole table */
    uint64_t rows;              /* at the start; when filling, those to write */
    uint32_t columns;           /* of a row */
    uint32_t batch_rows;        /* rows of a request */
    bool is_filling;            /* inserts begin at row 0 */
    uint64_t seed;
    _Atomic uint64_t inserted;     /* numbers given to inserts so far */
    _Atomic uint64_t acknowledged; /* of these, written */
};

struct workload_stream {
    struct workload *workload;
    struct key_draw draw;
    struct value_maker maker;
};

/* False on no memory. Stream `index` of `count`. */
bool workload_stream_init(
    struct workload_stream *stream, struct workload *workload, size_t index, size_t count);
void workload_stream_deinit(struct workload_stream *stream);

enum operation workload_next_operation(struct workload_stream *stream);
/* Writes the key of the next row for an operation; returns its size. 0: a fill has all its rows, and the batch ends here.
 * `now_s`: since the start. */
size_t workload_next_key(
    struct workload_stream *stream, enum operation operation, double now_s, uint8_t *out_key);
struct span workload_next_value(struct workload_stream *stream);
uint64_t workload_next_scan_rows(struct workload_stream *stream);
/* The column that an update changes. */
uint32_t workload_next_column(struct workload_stream *stream);
/* So many rows of an insert are there now. */
void workload_acknowledge(struct workload *workload, enum operation operation, uint64_t rows);
/* Whether the operation makes a new row. */
bool workload_makes_row(const struct workload *workload, enum operation operation);

#endif
