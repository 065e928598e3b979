/* The heat of tables over time: pure, no I/O, no clock.
 *
 *   each minute an axis -> [60 x 1 min] -> [210 x 2 min] -> [160 x 6 min] -> [288 x 30 min] -> [168 x 4 h] -> gone
 *                              1 h            8 h              1 day            1 week            5 weeks
 *
 * A full layer gives its oldest axes, as many as make one of the next, to their union (heat_axis.h); values become
 * means, so that a cell is always "per minute". Each axis is divided to HEAT_STORED_ROWS stretches when it comes in,
 * and again when it goes on. A minute in which nothing happened takes no memory.
 *
 * Memory: at most HEAT_MEMORY_BYTES for all tables; past it the oldest axis of the table that has most goes.
 *
 * Axes never change once they are kept, and are shared by count: heat_history_gather takes references under the
 * owner's lock, heat_gathering_draw makes the picture without it. Threads: one at a time for the history; a gathering
 * is its taker's. */
#ifndef STELE_SERVER_HEAT_HEAT_HISTORY_H
#define STELE_SERVER_HEAT_HEAT_HISTORY_H

#include "server/heat/heat_axis.h"

#define HEAT_STORED_ROWS  512
#define HEAT_MEMORY_BYTES (96u << 20)
/* Of a picture, less two minutes for the cut outwards: one column may have it all (heat_matrix.step_s). */
#define HEAT_SPAN_MOST_S  (UINT32_MAX / 3600 * 3600 - 120)
#define HEAT_KEEP_MINUTES (5 * 7 * 24 * 60)

struct heat_history;

enum status heat_history_new(size_t memory_bytes, struct heat_history **out_history);
void heat_history_free(struct heat_history *history); /* NULL is fine */

/* What a table did in a minute (since 1970). Minutes of a table come in order; an older one than the newest, and an
 * empty axis, are passed over. Copied. `table_id` tells tables of one name apart: another id than before forgets what
 * was. STATUS_NO_MEMORY: the minute is lost, nothing else. */
enum status heat_history_add(struct heat_history *history, struct span table, struct span table_id,
    int64_t minute, const struct heat_axis *axis);
/* The first step of an addition, which takes time when the axis is long: widened to the whole table, at most
 * HEAT_STORED_ROWS stretches. What has been through it once stays as it is. */
enum status heat_history_divide(
    const struct heat_axis *axis, struct arena *arena, struct heat_axis *out_axis);
void heat_history_forget(struct heat_history *history, struct span table);
size_t heat_history_memory(const struct heat_history *history);
bool heat_history_has(const struct heat_history *history, struct span table);
/* Calls each() for every table, in no order. */
void heat_history_each(const struct heat_history *history,
    void (*each)(void *context, struct span table), void *context);

/* A picture asked for. */
struct heat_query {
    struct span table;
    /* Since 1970, from_s < to_s, HEAT_SPAN_MOST_S apart at most; cut to whole minutes outwards. */
    int64_t from_s, to_s;
    struct span start_key, end_key; /* empty: of the table */
    uint32_t metric;                /* heat_metric.h */
    size_t rows, columns;           /* at most; 1 to LIMIT_HEAT_ROWS, LIMIT_HEAT_COLUMNS */
};

/* Row r is [bounds[r], bounds[r + 1]); column c is [from_s + c * step_s, + step_s). */
struct heat_matrix {
    struct span *bounds; /* row_count + 1; the last may be empty: the end of the table */
    size_t row_count;
    int64_t from_s;
    uint32_t step_s; /* whole minutes */
    size_t column_count;
    double *values; /* [column][row]: the metric per second, of all keys of the row together */
    double most;    /* the greatest value */
};

struct heat_gathering;

/* References to all that the query needs; of an unknown table there is nothing. STATUS_INVALID says what is wrong with
 * the query. */
enum status heat_history_gather(struct heat_history *history, const struct heat_query *query,
    struct heat_gathering **out_gathering, struct error *error);
/* Adds a minute that is not in the history yet; `axis` is borrowed until the drawing is done. */
enum status heat_gathering_add(
    struct heat_gathering *gathering, int64_t minute, double seconds, const struct heat_axis *axis);
/* Makes the picture. A query for keys or times without heat gives rows of nothing, one at least. */
enum status heat_gathering_draw(
    const struct heat_gathering *gathering, struct arena *arena, struct heat_matrix *out_matrix);
void heat_gathering_free(struct heat_gathering *gathering); /* NULL is fine; any thread */

#endif
