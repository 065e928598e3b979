/* What the heat inside one tablet looks like, and what to do about it (model/key_advice.h).
 *
 *   a tablet's stretches (about as many bytes each) and its hot rows -> ranges of one size, busiest row -> key_advice
 *
 * It is of the last one to two minutes, so it speaks of where the load lies and not of waves. An end of a tablet is an
 * end of the table's keys only where the table ends. Pure. */
#ifndef STELE_SERVER_HEAT_HEAT_DIAGNOSIS_H
#define STELE_SERVER_HEAT_HEAT_DIAGNOSIS_H

#include "model/key_advice.h"
#include "server/heat/heat_board.h"

#define HEAT_DIAGNOSED_LEAST 5.0 /* operations a second: of less nothing is said */

/* `rows`: hot rows, most first, of any tablets; `metric`: what the ranges are judged by; `servers`: 0 = not known.
 * False: too little happens, or too little is known of where. */
bool heat_diagnose_tablet(const struct heat_tablet *tablet, const struct heat_rows *rows,
    uint32_t metric, size_t servers, struct key_diagnosis *out_diagnosis);

/* Hot rows are those of the last one to two minutes: whether they say something of a time that ended at to_s. */
bool heat_rows_tell_of(int64_t to_s, int64_t now_s);
/* The busiest row's share of `per_s` operations a second, for sure; 0: nothing is sure. */
double heat_row_share(const struct heat_row *row, double per_s);

#endif
