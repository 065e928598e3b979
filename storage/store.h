/* The inside of a store: what the parts of the engine share. Private to storage/.
 *
 * Life: store_open (store.c) -> tablets come and go -> store_close: no new tablets, tablet_close
 * for each, log_close,
 * -> store_free. A failure that must not be survived goes through store_fatal, from any thread.
 *
 * Threads: pointers are set by store_open and stay; what changes is atomic or guarded as said. */
#ifndef STELE_STORAGE_STORE_H
#define STELE_STORAGE_STORE_H

#include <stdatomic.h>

#include "base/mutex.h"
#include "storage/collector.h"
#include "storage/compaction.h"
#include "storage/compaction_slots.h"
#include "storage/directory.h"
#include "storage/log.h"
#include "storage/manifest.h"
#include "storage/recovery.h"
#include "storage/storage.h"

struct block_cache;
struct memtable_memory;
struct recovery_plan;
struct store_tablet_closing;

/* A tablet's place in the store's list; embedded in struct tablet. */
struct store_tablet {
    struct store_tablet *previous;
    struct store_tablet *next;
    struct tablet *tablet;
};

struct store {
    struct store_config config; /* defaults filled in; strings below */
    struct env *env;
    struct directory directory;
    char cluster_id[37]; /* uuid text */

    struct env_file *lock;  /* held for life: one store a root */
    struct env_file *alive; /* held for life: the look */
    struct log *log;
    struct collector *collector;
    struct block_cache *cache;
    struct memtable_memory *memtable_memory; /* chunks and budget of all memtables */

    struct executor *workers; /* reads that need the disk, opens, closes, recovery */
    struct executor *flushers;
    struct executor *compactors;
    struct executor *upkeep; /* 1 thread: segments, collector, reserve */

    struct mutex mutex;          /* LOCK_RANK_STORE */
    struct store_tablet tablets; /* guarded by mutex; head of a ring */
    size_t tablet_count;         /* guarded by mutex */
    struct completion *closing;  /* guarded by mutex; store_close is under way */
    bool has_reserve;            /* guarded by mutex: the reserve file is there in full */
    struct recovery_plan *plans; /* guarded by mutex: plans read so far, kept for life */

    _Atomic bool is_closing;            /* no new tablets, no new background work */
    _Atomic bool is_dead;               /* store_fatal was called and returned */
    _Atomic uint64_t close_deadline_ns; /* flushes of a closing store end by then; 0 = no bound */

    /* Budgets and counters of the tablets (tablet.c and friends keep them). */
    _Atomic bool are_compactions_off;
    _Atomic uint64_t flushes;
    _Atomic uint64_t compactions;
    _Atomic uint64_t flushed_bytes;
    _Atomic uint64_t flushed_before_close_bytes, flushed_at_close_bytes;
    _Atomic uint64_t compacted_bytes;
    _Atomic uint64_t flush_ns;
    _Atomic uint64_t writes_delayed, writes_refused;
    _Atomic uint64_t writes_delay_ns;

    struct compaction_budget compaction_budget; /* bytes a second of all compactions */
    struct compaction_slots compaction_slots;

    /* tablet_sweep.c's own */
    struct task sweep;
    _Atomic bool is_sweep_due;

    /* tablet_age.c's own */
    struct task age_timer;
    unsigned age_looks;

    /* store.c's own */
    struct task timer; /* upkeep: space, reserve */
    struct task close_task;
    struct task death_task;
    struct store_tablet_closing *closings; /* one a tablet while closing */
    size_t closing_count;
    size_t closings_left; /* guarded by mutex */
    struct completion log_closing;
};

/* Something happened after which going on could lose data or lie: ends the process, or, when the
 * configuration's function returns (tests), leaves a store that refuses everything with
 * STATUS_CLOSED. Any thread, any locks. */
void store_fatal(struct store *store, const struct error *error);
static inline bool store_is_dead(const struct store *store)
{
    return atomic_load_explicit(&store->is_dead, memory_order_acquire);
}

/* A tablet serves from now on / no longer. STATUS_CLOSED: the store is closing. Any. */
enum status store_add_tablet(
    struct store *store, struct store_tablet *link, struct tablet *tablet, struct error *error);
void store_remove_tablet(struct store *store, struct store_tablet *link);

/* A flush or a manifest met STATUS_NO_SPACE: gives the reserve back to the file system. True: try
 * again at once. False: nothing was left to give. Made again when space returns. Blocks. */
bool store_spend_reserve(struct store *store);

/* manifest_commit for a tablet this store owns, or is about to (is_opening): spends the reserve when
 * space runs out, and calls store_fatal when somebody else committed first, or when it is not known
 * whether the commit was made. An opener that somebody was faster than gets STATUS_SUPERSEDED.
 * STATUS_CLOSED after a fatal that returned. STATUS_NO_SPACE: surely not committed. Blocks. */
enum status store_commit_manifest(
    struct store *store, struct manifest *manifest, bool is_opening, struct error *error);

/* servers.c: gives back the space that the dead kept back, as store_bury_others would, before a start needs some in a full
 * directory. All are dead. Blocks. */
void store_free_reserves(struct store *store);

/* servers.c: seals every incarnation but our own, which must be dead (we hold the root alone). Blocks.
 */
enum status store_bury_others(struct store *store, struct error *error);

/* catalog.c: whether a table's descriptor says dropped and no living server has a tablet of it open. */
enum status catalog_is_removable(
    struct store *store, const char *table_id, bool *out_is, struct error *error);

/* reserve.c: space kept back. The timer makes it when there is room, and tells the log when space
 * is back. */
void reserve_start(struct store *store);
void reserve_stop(struct store *store);

/* tablet_flush.c: the log's pressure callback (log.h); `store` is a struct store. */
void tablet_log_pressure(void *store, struct log_tablet *tablet);

#endif
