/* Heat along the keys of a table: stretches of keys one after another, and what each took. Pure; any thread.
 *
 *   bounds  ""      "c"      "k"      "r"       (end of the table)
 *             |  12  |   0    |  900   |   3   |
 *
 * Two operations make every picture of heat:
 *
 * - A union puts axes with other bounds into one (tablets of one minute, or minutes of one day). Every bound of any of
 *   them becomes one; what a stretch took is divided evenly among the pieces that it is cut into. Sums are kept.
 * - A division merges neighbours until few stretches are left: those that are hot by themselves stay alone, cold ones
 *   go together. A threshold is searched: a stretch is closed when it or the sum since the last bound reaches it, so
 *   that about two thirds of the wanted stretches are spent on heat, and the rest on cutting cold space evenly.
 *
 * (TiDB Dashboard's key visualizer works by the same two ideas; the code is ours.) */
#ifndef STELE_SERVER_HEAT_HEAT_AXIS_H
#define STELE_SERVER_HEAT_HEAT_AXIS_H

#include "base/arena.h"
#include "server/heat/heat_metric.h"

/* Stretch i is [starts[i], starts[i + 1]), the last ends at `end`. Starts rise. */
struct heat_axis {
    const struct span *starts;
    const struct heat_values *values;
    size_t count;
    struct span end; /* empty: the end of the table */
};

/* Into the arena, of a span the bytes, of an axis keys and arrays. False on no memory. */
bool heat_copy_span(struct arena *arena, struct span *span);
bool heat_copy_axis(struct arena *arena, struct heat_axis *axis);

/* The bounds of all axes together, and where each axis's own are among them. */
struct heat_bounds {
    struct span *keys; /* rising; stretch i is [keys[i], keys[i + 1]) */
    size_t count;      /* of keys */
    bool is_open;    /* the last stretch goes to the end of the table; else the last key ends it */
    uint32_t *ranks; /* axis by axis: its starts, then its end (`count` for the table's end) */
};

/* Keys are borrowed. STATUS_NO_MEMORY. */
enum status heat_bounds_make(const struct heat_axis *axes, size_t axis_count, struct arena *arena,
    struct heat_bounds *out_bounds);
/* How many stretches there are between them. */
static inline size_t heat_bounds_stretches(const struct heat_bounds *bounds)
{
    return bounds->count == 0 ? 0 : bounds->is_open ? bounds->count : bounds->count - 1;
}

/* What all of them took, by their bounds together. Stretches between them that belong to none have taken nothing; the
 * union begins with the least start and ends with the greatest end. Keys are borrowed, arrays are in the arena.
 * No axis gives no stretch. STATUS_NO_MEMORY. */
enum status heat_axis_union(const struct heat_axis *axes, size_t axis_count, struct arena *arena,
    struct heat_axis *out_axis);

/* The axis, widened with stretches that took nothing so that it covers the whole table. */
enum status heat_axis_cover(
    const struct heat_axis *axis, struct arena *arena, struct heat_axis *out_axis);

/* Where to cut `count` stretches that took `weights`, so that at most `target` (at least 1) are left: out_firsts[i] is
 * the first old stretch of the new one i, room for `target`. Returns how many there are; 0 only of none. */
size_t heat_divide(const double *weights, size_t count, size_t target, size_t *out_firsts);

/* At most `target` (at least 1) stretches, by the metric; HEAT_COST: by all of them, weighted. The same axis when it
 * has no more. */
#define HEAT_COST 0u /* an operation counts 1, and 4 KiB moved count 1 */
enum status heat_axis_divide(const struct heat_axis *axis, size_t target, uint32_t metric,
    struct arena *arena, struct heat_axis *out_axis);

#endif
