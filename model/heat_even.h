/* A picture of heat over ranges of keys that hold about as many bytes each. The rows of a measured picture are fine where
 * it is hot, and one row may cover many tablets that nobody asked for; whoever judges how wide a hot range is
 * (key_advice.h) needs ranges of one size.
 *
 *   tablets with their bytes, rows of a picture -> each row's bytes: its tablets' bytes, shared evenly among the rows
 *   that touch a tablet (a tablet's buckets are of one size) -> the rows laid end to end, cut into even ranges
 *
 * Pure. */
#ifndef STELE_MODEL_HEAT_EVEN_H
#define STELE_MODEL_HEAT_EVEN_H

#include "base/arena.h"
#include "model/key_advice.h"

/* Row r is [bounds[r], bounds[r + 1]); the last bound may be empty: the end of the table. */
struct heat_grid {
    const struct span *bounds; /* row_count + 1 */
    size_t row_count, column_count;
    const double *values; /* [column][row] */
};

struct heat_extent {
    struct span start, end; /* end empty: the end of the table */
    double bytes;           /* over 0 */
};

/* Each row's bytes into out_bytes[row_count]. Tablets in order, end to end; rows that touch none have 0. */
void heat_even_weigh(const struct heat_grid *grid, const struct heat_extent *tablets,
    size_t tablet_count, double *out_bytes);

struct heat_even {
    double *loads; /* [column][range] */
    size_t *rows;  /* by range: the picture's row that it begins in */
    size_t ranges, columns;
};

/* Without any bytes all loads are 0. STATUS_NO_MEMORY. */
enum status heat_even_make(const struct heat_grid *grid, const double *row_bytes, size_t ranges,
    struct arena *arena, struct heat_even *out_even);

/* Loads, buckets and columns for a diagnosis, from the first column in which anything was asked for; borrowed. False: there is
 * none, and no column. */
bool heat_even_begin(const struct heat_even *even, struct key_heat *heat);

#endif
