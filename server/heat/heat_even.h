/* A picture of heat over ranges of keys that hold about as many bytes each. The rows of a picture (heat_history.h) are
 * fine where it is hot, and one row may cover many tablets that nobody asked for; whoever judges how wide a hot range is
 * (model/key_advice.h) needs ranges of one size.
 *
 *   tablets with their bytes, rows of a picture -> each row's bytes: its tablets' bytes, shared evenly among the rows
 *   that touch a tablet (a tablet's buckets are of one size) -> the rows laid end to end, cut into even ranges
 *
 * Pure. */
#ifndef STELE_SERVER_HEAT_HEAT_EVEN_H
#define STELE_SERVER_HEAT_HEAT_EVEN_H

#include "server/heat/heat_history.h"

struct heat_extent {
    struct span start, end; /* end empty: the end of the table */
    double bytes;           /* over 0 */
};

struct heat_even {
    double *loads; /* [column][range] */
    size_t *rows;  /* by range: the picture's row that it begins in */
    size_t ranges, columns;
};

/* Tablets in order, end to end. STATUS_NO_MEMORY. */
enum status heat_even_make(const struct heat_matrix *matrix, const struct heat_extent *tablets,
    size_t tablet_count, size_t ranges, struct arena *arena, struct heat_even *out_even);

#endif
