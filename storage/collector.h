/* The collector: the one that deletes (design 4).
 *
 * What goes, and the proof needed:
 *   - An SSTable that was dropped: its dropper says that nobody reads it and that the manifest
 *     without it is durable; no manifest of any table names it; nobody holds the collector.
 *   - An SSTable never committed: its incarnation was dead before the manifests were read and owns no
 *     tablet by them (a zombie may still commit the next one of its own; of a tablet that it opened since
 *     it looks before it does), or is ours and gave the file up; no manifest names it; nobody holds the
 *     collector.
 *   - A dead incarnation, whole: it was sealed before the manifests were read, and no newest one has
 *     it as owner or in its dead logs, also after its folder was taken away from it.
 *   - Older versions in a chain: a newer one is durable.
 *   - A dropped table, whole: its descriptor says so, no tablet of it is open at a living server, no
 *     snapshot and no other table names a file of it.
 * What goes first lies in the trash for a while (trash.h). It goes there, and comes back, by a rename that
 * fails once a later leader has begun: so a leader that stands still anywhere in a pass, and wakes when another
 * has long led, does nothing any more.
 *
 * Manifests are the newest, and older ones as long as these are there (references.h): the newest may be of a
 * host that has not synced it. Seals, and deletions of snapshots, are made durable before they are believed.
 *
 * An error is never read as "absent": when any table, manifest or plan cannot be read, nothing that
 * it might name goes. Whoever is about to make a manifest that points at files of another tablet
 * (split, merge, clone, snapshot) holds the collector from before it reads the pointers until its
 * commit is durable.
 *
 * Threads: passes run on the upkeep executor, soon after something was given up and from time to
 * time. Calls: any. */
#ifndef STELE_STORAGE_COLLECTOR_H
#define STELE_STORAGE_COLLECTOR_H

#include "storage/trash.h"

struct collector;
struct store;

#define COLLECTOR_FIRST_MS  5000 /* after the start: not in its way */
#define COLLECTOR_DELAY_MS  2000 /* from a request to its pass, so that requests gather */
#define COLLECTOR_PERIOD_MS (5 * 60 * 1000)

enum status collector_new(
    struct store *store, struct collector **out_collector, struct error *error);
/* Takes the timers back; no pass may be running (the upkeep executor was drained). NULL is fine. */
void collector_free(struct collector *collector);
/* A new one is stopped. Started and stopped as often as leadership comes and goes. */
void collector_start(struct collector *collector);
void collector_stop(struct collector *collector); /* no pass begins any more, no file goes */

/* The SSTable is in no manifest of its owner any more, durably, and no reader is left; or it was
 * made and never committed. `file` is copied; on no memory the file stays until the next start. */
void collector_give_up(struct collector *collector, const char *table_id, const char *file);
/* Asks for a pass: dead logs were flushed past, a table was dropped. */
void collector_wake(struct collector *collector);
/* Hands out and forgets up to `limit` of those given up: a tablet server's, for the leader. */
size_t collector_take_given_up(struct collector *collector, size_t limit,
    void (*each)(void *context, const char *table_id, const char *file), void *context);
/* From a hold to its release no SSTable goes. Held by any number. */
void collector_hold(struct collector *collector);
void collector_release(struct collector *collector);

/* Any. The trash of this tenure: taken before the looks that what goes there is judged by. */
struct trash collector_trash(struct collector *collector);
/* Worker. Moves a table to the trash. */
enum status collector_trash_table(
    const struct trash *trash, const char *table_id, struct error *error);
/* Worker. Whether a snapshot or the newest manifest of another table points at a file of this one. */
enum status collector_names_table(
    struct collector *collector, const char *table_id, bool *out_is_named, struct error *error);
/* One whole pass, now; nothing when one is under way. Worker. */
enum status collector_run(struct collector *collector, struct error *error);

#endif
