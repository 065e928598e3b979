#include "storage/store.h"

#include <inttypes.h>
#include <unistd.h>

#include "base/log_lines.h"
#include "base/memory.h"
#include "storage/block_cache.h"
#include "storage/cluster.h"
#include "storage/memtable_memory.h"
#include "storage/seal.h"
#include "storage/tablet.h"

#define FATAL_EXIT 70 /* EX_SOFTWARE */

struct store_tablet_closing {
    struct completion completion;
    struct store *store;
    struct tablet *tablet; /* referenced */
};

/* ---- Fatal ---- */

/* Tablets whose close waits for time to pass need not any more. */
static void end_closings(struct store *store)
{
    for (size_t i = 0; i < store->closing_count; i++) {
        mutex_lock(&store->mutex);
        struct tablet *tablet = store->closings[i].tablet;
        bool is_held = tablet && tablet_try_ref(tablet);
        mutex_unlock(&store->mutex);
        if (!is_held)
            continue;
        tablet_close_step(tablet);
        tablet_unref(tablet);
    }
}

/* Upkeep, as what makes the closings does. */
static void run_death(struct task *task)
{
    end_closings((struct store *)((char *)task - offsetof(struct store, death_task)));
}

void store_fatal(struct store *store, const struct error *error)
{
    bool was_dead = atomic_exchange(&store->is_dead, true);
    if (store->log)
        log_kill(store->log);
    if (store->config.fatal) {
        store->config.fatal(store->config.fatal_context, error);
        store->death_task.run = run_death;
        if (!was_dead && store->upkeep)
            executor_submit(store->upkeep, &store->death_task);
        return;
    }
    log_line(LOG_ERROR, "store.fatal", "incarnation=%s error=\"%s\"", store->config.incarnation,
        error->message);
    _exit(FATAL_EXIT);
}

static void fatal_callback(void *context, const struct error *error)
{
    store_fatal(context, error);
}

enum status store_commit_manifest(
    struct store *store, struct manifest *manifest, bool is_opening, struct error *error)
{
    struct error own = {0};
    if (!error)
        error = &own;
    if (store_is_dead(store))
        return error_set(error, STATUS_CLOSED, "the store has died");
    /* A zombie that has opened the tablet since it was sealed: the collector may have its files already. */
    enum status status = is_opening ? STATUS_OK : store_look(store, error);
    if (status)
        return STATUS_CLOSED;
    status = manifest_commit(&store->directory, manifest, 1, error);
    if (status == STATUS_NO_SPACE && store_spend_reserve(store))
        status = manifest_commit(&store->directory, manifest, 1, error);
    if (status == STATUS_OK || status == STATUS_NO_SPACE || status == STATUS_NO_MEMORY ||
        (status == STATUS_SUPERSEDED && is_opening))
        return status;
    error_prefix(error, status, "commit manifest %" PRIu64 " of tablet %s", manifest->version + 1,
        manifest->tablet_id);
    store_fatal(store, error);
    return STATUS_CLOSED;
}

/* ---- Opening ---- */

static enum status make_executors(struct store *store, struct error *error)
{
    struct env *env = store->env;
    const struct store_config *config = &store->config;
    bool has_tablets = config->role != STORE_DOCUMENTS;
    enum status status = env_executor_new(
        env, "worker", config->worker_threads, &store->workers, error);
    if (status == STATUS_OK && has_tablets)
        status = env_executor_new(env, "flush", config->flush_threads, &store->flushers, error);
    if (status == STATUS_OK && has_tablets)
        status = env_executor_new(
            env, "compaction", config->compaction_threads, &store->compactors, error);
    store->compaction_slots.executor = store->compactors;
    if (status == STATUS_OK)
        status = env_executor_new(env, "upkeep", 1, &store->upkeep, error);
    return status;
}

static enum status open_log(struct store *store, struct error *error)
{
    struct log_config config = {
        .directory = &store->directory,
        .alive = store->alive,
        .upkeep = store->upkeep,
        .segment_bytes = store->config.log_segment_bytes,
        .total_bytes = store->config.log_total_bytes,
        .context = store,
        .fatal = fatal_callback,
        .pressure = tablet_log_pressure,
    };
    return log_open(&config, &store->log, error);
}

/* What tablets need. */
static enum status make_engine(struct store *store, struct error *error)
{
    enum status status = block_cache_new(store->config.cache_budget_bytes, &store->cache, error);
    if (status)
        return status;
    store->memtable_memory = memtable_memory_new(store->config.memtable_budget_bytes);
    return store->memtable_memory ? open_log(store, error)
                                  : error_set(error, STATUS_NO_MEMORY, "memory of memtables");
}

static void fill_defaults(struct store_config *config)
{
    static const uint64_t mib = 1 << 20;
    if (!config->memtable_budget_bytes)
        config->memtable_budget_bytes = 256 * mib;
    if (!config->cache_budget_bytes)
        config->cache_budget_bytes = 256 * mib;
    if (!config->log_segment_bytes)
        config->log_segment_bytes = 64 * mib;
    if (!config->log_total_bytes)
        config->log_total_bytes = 512 * mib;
    if (!config->worker_threads)
        config->worker_threads = 4;
    if (!config->flush_threads)
        config->flush_threads = 1;
    if (!config->compaction_threads)
        config->compaction_threads = 1;
}

/* The directory, the lock, ourselves, and, when we are alone, the dead. */
static enum status take_root(struct store *store, struct error *error)
{
    enum status status = cluster_open(&store->directory, store->cluster_id, error);
    if (status == STATUS_OK)
        status = cluster_lock(
            &store->directory, store->config.role != STORE_ALONE, &store->lock, error);
    bool is_alone = store->config.role == STORE_ALONE; /* the lock says: all others are dead */
    if (status == STATUS_OK && is_alone)
        store_free_reserves(store);
    if (status == STATUS_OK)
        status = directory_make(&store->directory, error);
    if (status == STATUS_OK)
        status = seal_register(&store->directory, &store->alive, error);
    if (status == STATUS_EXISTS)
        status = error_set(
            error, STATUS_INVALID, "incarnation %s was used before", store->config.incarnation);
    if (status == STATUS_OK)
        status = cluster_probe(&store->directory, error);
    if (status == STATUS_OK && is_alone)
        status = store_bury_others(store, error);
    return status;
}

enum status store_open(
    const struct store_config *config, struct store **out_store, struct error *error)
{
    struct store *store = memory_allocate_zeroed(1, sizeof(*store));
    char *root = memory_duplicate_string(config->root);
    char *incarnation = memory_duplicate_string(config->incarnation);
    if (!store || !root || !incarnation) {
        memory_free(store);
        memory_free(root);
        memory_free(incarnation);
        return error_set(error, STATUS_NO_MEMORY, "open %s", config->root);
    }
    store->config = *config;
    store->config.root = root;
    store->config.incarnation = incarnation;
    store->env = config->env;
    fill_defaults(&store->config);
    mutex_init(&store->mutex, LOCK_RANK_STORE);
    compaction_slots_init(&store->compaction_slots);
    store->tablets.previous = store->tablets.next = &store->tablets;

    enum status status = directory_init(&store->directory, config->env, root, incarnation, error);
    if (status == STATUS_OK)
        status = take_root(store, error);
    if (status == STATUS_OK)
        status = make_executors(store, error);
    if (status == STATUS_OK && config->role != STORE_DOCUMENTS)
        status = make_engine(store, error);
    if (status == STATUS_OK)
        status = collector_new(store, &store->collector, error);
    if (status) {
        error_prefix(error, status, "open %s", config->root);
        store_free(store);
        return status;
    }
    if (store->log) {
        reserve_start(store);
        tablet_age_start(store);
    }
    if (config->role == STORE_ALONE)
        collector_start(store->collector);
    *out_store = store;
    return STATUS_OK;
}

/* ---- Tablets ---- */

enum status store_add_tablet(
    struct store *store, struct store_tablet *link, struct tablet *tablet, struct error *error)
{
    mutex_lock(&store->mutex);
    bool is_closing = atomic_load(&store->is_closing);
    if (!is_closing) {
        link->tablet = tablet;
        link->previous = store->tablets.previous;
        link->next = &store->tablets;
        link->previous->next = link;
        link->next->previous = link;
        store->tablet_count++;
    }
    mutex_unlock(&store->mutex);
    return is_closing ? error_set(error, STATUS_CLOSED, "the store is closing") : STATUS_OK;
}

void store_remove_tablet(struct store *store, struct store_tablet *link)
{
    mutex_lock(&store->mutex);
    if (link->tablet) {
        link->previous->next = link->next;
        link->next->previous = link->previous;
        *link = (struct store_tablet){0};
        store->tablet_count--;
    }
    mutex_unlock(&store->mutex);
}

/* ---- Closing ---- */

static void log_closed(struct completion *completion)
{
    struct store *store = (struct store *)((char *)completion -
                                           offsetof(struct store, log_closing));
    mutex_lock(&store->mutex);
    struct completion *closing = store->closing;
    store->closing = NULL;
    mutex_unlock(&store->mutex);
    closing->status = completion->status;
    closing->error = completion->error;
    closing->done(closing);
}

static void close_log(struct store *store)
{
    mutex_lock(&store->mutex);
    bool is_wanted = store->closing != NULL; /* store_free did not wait */
    mutex_unlock(&store->mutex);
    if (!is_wanted)
        return;
    store->log_closing.done = log_closed;
    if (store->log)
        log_close(store->log, &store->log_closing);
    else
        log_closed(&store->log_closing);
}

static void tablet_closed(struct completion *completion)
{
    struct store_tablet_closing *closing = (struct store_tablet_closing *)completion;
    struct store *store = closing->store;
    if (completion->status != STATUS_OK) /* the log has what was not flushed */
        log_line(LOG_WARN, "tablet.close", "tablet=%s error=\"%s\"",
            tablet_get_info(closing->tablet)->id, completion->error.message);
    mutex_lock(&store->mutex);
    struct tablet *tablet = closing->tablet;
    closing->tablet = NULL;
    bool is_last = --store->closings_left == 0;
    mutex_unlock(&store->mutex);
    tablet_unref(tablet);
    if (is_last)
        close_log(store);
}

/* Upkeep. */
static void close_tablets(struct task *task)
{
    struct store *store = (struct store *)((char *)task - offsetof(struct store, close_task));
    mutex_lock(&store->mutex);
    size_t count = store->tablet_count;
    store->closings = memory_allocate_zeroed(count, sizeof(*store->closings));
    if (!store->closings)
        count = 0; /* no memory: the log has everything */
    size_t at = 0;
    for (struct store_tablet *link = store->tablets.next; link != &store->tablets && at < count;
         link = link->next) {
        if (!tablet_try_ref(link->tablet)) /* its last user is just gone */
            continue;
        store->closings[at++] = (struct store_tablet_closing){
            .completion = {.done = tablet_closed}, .store = store, .tablet = link->tablet};
    }
    count = at;
    store->closings_left = store->closing_count = count;
    mutex_unlock(&store->mutex);
    for (size_t i = 0; i < count; i++)
        tablet_close(store->closings[i].tablet, false, &store->closings[i].completion);
    if (count == 0)
        close_log(store);
}

void store_close(struct store *store, uint64_t flush_ms, struct completion *completion)
{
    mutex_lock(&store->mutex);
    CHECK(!store->closing);
    store->closing = completion;
    atomic_store(&store->close_deadline_ns, env_monotonic_ns(store->env) + flush_ms * 1000000);
    atomic_store(&store->is_closing, true);
    mutex_unlock(&store->mutex);
    if (store->log) {
        reserve_stop(store);
        tablet_age_stop(store);
    }
    collector_stop(store->collector);
    store->close_task.run = close_tablets;
    executor_submit(store->upkeep, &store->close_task);
}

void store_free(struct store *store)
{
    if (!store)
        return;
    atomic_store(&store->is_closing, true);
    atomic_store(&store->is_dead, true);
    if (store->collector)
        collector_stop(store->collector);
    if (store->timer.run) {
        reserve_stop(store);
        tablet_age_stop(store);
    }
    mutex_lock(&store->mutex);
    store->closing = NULL;
    mutex_unlock(&store->mutex);
    end_closings(store);
    log_stop(store->log);
    executor_free(store->flushers);
    executor_free(store->compactors);
    executor_free(store->workers);
    executor_free(store->upkeep);
    collector_free(store->collector);
    log_free(store->log);
    memtable_memory_free(store->memtable_memory);
    block_cache_free(store->cache);
    recovery_plans_free(store->plans);
    memory_free(store->closings);
    env_file_close(store->alive);
    env_file_close(store->lock);
    compaction_slots_deinit(&store->compaction_slots);
    mutex_deinit(&store->mutex);
    memory_free((char *)store->config.root);
    memory_free((char *)store->config.incarnation);
    memory_free(store);
}

/* ---- Telling ---- */

enum store_role store_get_role(const struct store *store)
{
    return store->config.role;
}

const char *store_cluster_id(const struct store *store)
{
    return store->cluster_id;
}

const char *store_incarnation(const struct store *store)
{
    return store->config.incarnation;
}

struct env *store_env(const struct store *store)
{
    return store->env;
}

struct executor *store_workers(struct store *store)
{
    return store->workers;
}

void store_log_roll(struct store *store)
{
    if (store->log)
        log_roll(store->log);
}

bool store_set_compactions(struct store *store, bool are_on)
{
    return !atomic_exchange(&store->are_compactions_off, !are_on);
}

bool store_compactions_are_on(const struct store *store)
{
    return !atomic_load(&store->are_compactions_off);
}

bool store_is_read_only(const struct store *store)
{
    return store->log && log_is_read_only(store->log);
}

int64_t store_read_only_since_ms(const struct store *store)
{
    return store->log ? log_full_since_ms(store->log) : 0;
}

uint64_t store_budget_bytes(const struct store *store)
{
    return store->log ? store->config.memtable_budget_bytes + store->config.cache_budget_bytes : 0;
}

void store_statistics_read(const struct store *store, struct store_statistics *out_statistics)
{
    struct log_statistics log = {0};
    struct block_cache_stats cache = {0};
    if (store->log) {
        log_statistics_read(store->log, &log);
        block_cache_stats(store->cache, &cache);
    }
    *out_statistics = (struct store_statistics){
        .memtable_bytes = store->log ? memtable_memory_bytes(store->memtable_memory) : 0,
        .memtable_budget_bytes = store->log ? memtable_memory_budget(store->memtable_memory) : 0,
        .cache_bytes = cache.used_bytes,
        .cache_budget_bytes = cache.budget_bytes,
        .cache_hits = cache.hits,
        .cache_misses = cache.misses,
        .log_bytes = log.bytes,
        .log_segments = log.segments,
        .log_syncs = log.syncs,
        .log_records = log.records,
        .log_groups = log.groups,
        .flushes = atomic_load(&store->flushes),
        .compactions = atomic_load(&store->compactions),
        .flushed_bytes = atomic_load(&store->flushed_bytes),
        .flushed_before_close_bytes = atomic_load(&store->flushed_before_close_bytes),
        .flushed_at_close_bytes = atomic_load(&store->flushed_at_close_bytes),
        .compacted_bytes = atomic_load(&store->compacted_bytes),
        .log_sync_ns = log.sync_ns,
        .log_appended_ns = log.appended_ns,
        .flush_ns = atomic_load(&store->flush_ns),
        .writes_delayed = atomic_load(&store->writes_delayed),
        .writes_delay_ns = atomic_load(&store->writes_delay_ns),
        .writes_refused = atomic_load(&store->writes_refused),
        .compactions_queued = store->compactors ? executor_depth(store->compactors) : 0,
    };
    (void)env_space_free(
        store->env, store->directory.root, &out_statistics->space_free_bytes, NULL);
}
