/* The heat of tablets that are not here any more: what each took in the minute in which it was closed, moved, split or
 * merged, and in the one before, as columns of reports. A tablet's own rings go with it.
 *
 * A tablet gives it when its last reference goes, so calls that end late are in it. Kept for TABLET_HEAT_MINUTES, and at
 * most CLOSED_HEAT_COLUMNS: then the oldest goes.
 *
 * Threads: any; the mutex is held for copies. */
#ifndef STELE_SERVER_HEAT_CLOSED_HEAT_H
#define STELE_SERVER_HEAT_CLOSED_HEAT_H

#include "server/heat/tablet_heat.h"

#define CLOSED_HEAT_COLUMNS 2048 /* of some 4 KiB */

struct closed_heat;

/* NULL on no memory. One reference. */
struct closed_heat *closed_heat_new(void);
void closed_heat_ref(struct closed_heat *closed);
void closed_heat_unref(struct closed_heat *closed); /* NULL is fine */

/* A column for a minute of a tablet: table, ids and `start_key`, `end_key` are borrowed, the rest is the copy's or the
 * arena's. STATUS_NO_MEMORY. */
struct heat_tablet_names {
    struct span table;
    const char *table_id, *tablet_id;
    struct span start_key, end_key;
};
enum status heat_column_make(const struct heat_tablet_names *names,
    const struct heat_minute_copy *copy, struct arena *arena, struct heat_column *out_column);

/* Copies what the heat has. What there is no memory for is lost. */
void closed_heat_keep(
    struct closed_heat *closed, struct tablet_heat *heat, const struct heat_tablet_names *names);
/* `minute` has ended: what was kept since the one before is of it. */
void closed_heat_minute(struct closed_heat *closed, int64_t minute);
size_t closed_heat_count(struct closed_heat *closed);
/* Appends those of a minute, copied into the arena; at most `room` in all. `minute` 0: the one that runs. */
enum status closed_heat_read(struct closed_heat *closed, int64_t minute, struct arena *arena,
    struct heat_column *columns, size_t room, size_t *count);

#endif
