/* The heat inside a tablet: what each stretch of its keys takes, second by second and minute by minute, and its hot
 * rows.
 *
 *   call on a tablet -> tablet_heat_add -+-> one of up to 32 buckets: exact counters
 *                                        `-> hot rows (hot_rows.h): sampled when there is much
 *   every second -> tablet_heat_second  --> what the buckets took in it, into the ring of seconds
 *   every minute -> tablet_heat_minute  --> the same of the minute; the next one may have other buckets
 *
 * Buckets follow the data: their bounds cut the tablet into parts of about the same bytes (tablet_data_bounds), so
 * that what differs between them is heat. They change between minutes, so a minute has one axis, but for a young tablet's:
 * then what the minute took so far is divided evenly among the new ones.
 *
 * Search. Bounds share a beginning nearly always; behind it eight bytes of each are kept as a number. A search compares
 * the shared beginning once, then numbers.
 *
 * Memory: nothing before the first call, and again nothing when a tablet was idle for an hour; below
 * TABLET_HEAT_BYTES else. Rings hold varints of what is not zero, as many of the newest seconds and minutes as fit
 * (TABLET_HEAT_SECONDS and TABLET_HEAT_MINUTES at most).
 *
 * Threads: any. One brief mutex (LOCK_RANK_HEAT), held for some dozens of instructions by a call, and for a copy by readers. */
#ifndef STELE_SERVER_HEAT_TABLET_HEAT_H
#define STELE_SERVER_HEAT_TABLET_HEAT_H

#include "base/arena.h"
#include "base/brief_mutex.h"
#include "model/load_window.h"
#include "server/heat/heat_report.h"

#define TABLET_HEAT_BUCKETS LOAD_STRETCHES
#define TABLET_HEAT_KEY     64 /* bytes of a bound that are kept */
#define TABLET_HEAT_SECONDS 120
#define TABLET_HEAT_MINUTES 60
#define TABLET_HEAT_BYTES   65536

struct heat_body;

/* In the owner's memory. */
struct tablet_heat {
    struct brief_mutex mu;
    uint64_t seed;
    struct heat_body *body; /* guarded by mu; NULL = idle */
};

void tablet_heat_init(struct tablet_heat *heat, uint64_t seed);
void tablet_heat_deinit(struct tablet_heat *heat);

/* What a call took, or the part of it that concerns some rows. */
struct heat_use {
    enum heat_counter kind; /* HEAT_READS, HEAT_SCANS, HEAT_WRITES */
    uint64_t operations;
    uint64_t bytes_in, bytes_out, cpu_ns;
};

/* Counts rows first to last (the same: one row). What they took is divided among the buckets that they lie in. */
void tablet_heat_add(struct tablet_heat *heat, const struct heat_use *use, struct span first_row,
    struct span last_row);
/* The same for many rows of one call: lock, add each, unlock. */
void tablet_heat_lock(struct tablet_heat *heat);
void tablet_heat_add_locked(struct tablet_heat *heat, const struct heat_use *use,
    struct span first_row, struct span last_row);
void tablet_heat_unlock(struct tablet_heat *heat);

/* One caller at a time calls the three below; the first each second: what has been taken since goes into the ring.
 * Seconds and minutes are of the wall clock. False: it was idle for so long that nothing is kept any more, or always. */
bool tablet_heat_second(struct tablet_heat *heat, int64_t now_s);
/* Ends the minute: its column is kept, the window of the hot rows turns. */
void tablet_heat_minute(struct tablet_heat *heat, int64_t minute);
/* Other buckets (bounds rising, inside the tablet; all but the first TABLET_HEAT_BUCKETS - 1 are left out). In the
 * middle of a minute what it took so far is divided evenly among them, so that is only for a young tablet's bounds. */
void tablet_heat_set_bounds(
    struct tablet_heat *heat, const struct span *bounds, size_t bound_count);
/* When tablet_heat_second was called last; 0 = not yet, or idle. */
int64_t tablet_heat_last_second(struct tablet_heat *heat);
/* How many buckets there are; 0 = idle. */
unsigned tablet_heat_buckets(struct tablet_heat *heat);

/* What the minute that runs took so far, or a minute that ended: interior bounds, and one value more than bounds. */
struct heat_minute_copy {
    struct span *bounds;
    struct heat_values *values;
    size_t value_count; /* 0: nothing at all */
};

/* Copies into the arena. `minute` 0: the one that runs. STATUS_NOT_FOUND: it is not kept (or was idle). */
enum status tablet_heat_read_minute(struct tablet_heat *heat, int64_t minute, struct arena *arena,
    struct heat_minute_copy *out_copy);
/* Operations of the seconds from `from_s` to before `to_s` together, as far as they are kept, the same way; none is kept
 * from before the buckets were made. */
enum status tablet_heat_read_seconds(struct tablet_heat *heat, int64_t from_s, int64_t to_s,
    struct arena *arena, struct heat_minute_copy *out_copy);

/* Hot rows of the last one to two minutes, by kind, most first: at most `most` of each kind. Table and tablet of
 * *out_rows are left alone. */
enum status tablet_heat_read_rows(struct tablet_heat *heat, int64_t now_s, size_t most,
    struct arena *arena, struct heat_tablet_rows *out_rows);

/* Bytes held now. */
size_t tablet_heat_memory(struct tablet_heat *heat);

#endif
