/* Flush: memtables to SSTables.
 *
 *   asked (size, command, memory or log pressure, close)
 *     -> barrier in the log
 *          appended (log thread): the active memtables become frozen; the sequence is known
 *          durable:  all that is in them is synced
 *     -> task on the flush executor: an SSTable per family, through the matcher, which drops what no
 *        reader can see any more
 *     -> manifest -> the SSTables take the memtables' place -> the log may forget
 *
 * A flush that fails, for want of space say, leaves its memtables frozen and readable, and what was
 * asked for stands; the sweep (tablet_sweep.c) begins it anew. */
#include "base/log_lines.h"
#include "base/memory.h"
#include "base/pause.h"
#include "storage/compaction.h"
#include "storage/merge_iterator.h"
#include "storage/tablet.h"

enum { RETRY_NS = 1000 * 1000 * 1000 };

struct flush_family {
    struct span name;         /* of the version's schema */
    struct tablet_file *file; /* written; NULL = no cell survived, or none was there */
};

struct flush {
    struct log_entry barrier; /* first */
    struct task task;
    struct tablet_edit edit;
    struct tablet *tablet; /* referenced */
    struct tablet_request *requests;
    bool is_all;             /* all families, whatever the requests name */
    struct version *version; /* as frozen */
    struct arena arena;
    struct flush_family *families; /* whose memory up to the barrier is flushed */
    size_t family_count;
    uint64_t bytes;
    uint64_t started_ns;
};

static struct flush *flush_of(void *member, size_t offset)
{
    return (struct flush *)(void *)((char *)member - offset);
}

/* ---- The end ---- */

void tablet_complete_requests(
    struct tablet_request *request, enum status status, const struct error *error)
{
    while (request) {
        struct tablet_request *next = request->next;
        struct completion *completion = request->completion;
        memory_free(request);
        if (completion) {
            completion->status = status;
            if (status)
                completion->error = *error;
            completion->done(completion);
        }
        request = next;
    }
}

static void begin_if_asked(struct tablet *tablet);

/* Lets go of what the flush holds but its requests; files that were not committed are given up. */
static struct tablet_request *flush_free(struct flush *flush, bool is_committed)
{
    for (size_t i = 0; i < flush->family_count; i++) {
        struct tablet_file *file = flush->families[i].file;
        if (file && !is_committed)
            atomic_store(&file->is_dropped, true);
        tablet_file_unref(file);
    }
    version_unref(flush->version);
    memtable_memory_flush_ended(flush->tablet->store->memtable_memory);
    struct tablet_request *requests = flush->requests;
    arena_deinit(&flush->arena);
    memory_free(flush);
    return requests;
}

static void flush_end(struct flush *flush, enum status status, const struct error *error)
{
    struct tablet *tablet = flush->tablet;
    struct tablet_request *requests = flush_free(flush, status == STATUS_OK);
    mutex_lock(&tablet->mutex);
    tablet->is_flushing = false;
    if (status) {
        struct tablet_request **last = &requests; /* those that came meanwhile fail with it */
        while (*last)
            last = &(*last)->next;
        *last = tablet->flush_requests;
        tablet->flush_requests = NULL;
        tablet->is_flush_asked = false;
        tablet->close_error = *error;
    }
    mutex_unlock(&tablet->mutex);
    tablet_complete_requests(requests, status, error);
    if (!status) {
        tablet_consider_compaction(tablet);
        begin_if_asked(tablet);
    }
    tablet_close_step(tablet);
    tablet_unref(tablet);
}

/* It failed, but may succeed later: stands as asked for, until the sweep comes. */
static void flush_put_off(struct flush *flush, const struct error *error)
{
    struct tablet *tablet = flush->tablet;
    log_line(LOG_WARN, "tablet.flush", "tablet=%s error=\"%s\"", tablet->info.id, error->message);
    bool is_all = flush->is_all;
    struct tablet_request *requests = flush_free(flush, false);
    mutex_lock(&tablet->mutex);
    tablet->is_flushing = false;
    tablet->is_flush_asked = tablet->is_flush_asked || is_all;
    struct tablet_request **last = &tablet->flush_requests;
    while (*last)
        last = &(*last)->next;
    *last = requests;
    tablet->flush_retry_ns = env_monotonic_ns(tablet->store->env) + RETRY_NS;
    mutex_unlock(&tablet->mutex);
    tablet_sweep_arm(tablet->store);
    tablet_close_step(tablet);
    tablet_unref(tablet);
}

static void flush_committed(struct tablet_edit *edit, enum status status, const struct error *error)
{
    struct flush *flush = flush_of(edit, offsetof(struct flush, edit));
    struct tablet *tablet = flush->tablet;
    if (!status) {
        uint64_t now_ns = env_monotonic_ns(tablet->store->env);
        if (flush->bytes > 0)
            log_line(LOG_INFO, "tablet.flush", "tablet=%s sequence=%llu bytes=%llu ms=%llu",
                tablet->info.id, (unsigned long long)edit->flushed_sequence,
                (unsigned long long)flush->bytes,
                (unsigned long long)((now_ns - flush->started_ns) / 1000000));
        atomic_fetch_add(&tablet->store->flushes, 1);
        atomic_fetch_add(&tablet->store->flushed_bytes, flush->bytes);
        atomic_fetch_add(&tablet->store->flush_ns, now_ns - flush->started_ns);
        mutex_lock(&tablet->mutex);
        if (tablet->closing) {
            tablet->close_report.rest_bytes += flush->bytes;
            atomic_fetch_add(&tablet->store->flushed_at_close_bytes, flush->bytes);
        } else if (tablet->preparations > 0) {
            tablet->close_report.prepared_bytes += flush->bytes;
            atomic_fetch_add(&tablet->store->flushed_before_close_bytes, flush->bytes);
        }
        if (edit->flushed_family_count == flush->version->family_count)
            tablet->oldest_flush_ms = env_wall_ms(tablet->store->env);
        mutex_unlock(&tablet->mutex);
    }
    if (status == STATUS_OK || status == STATUS_CLOSED)
        flush_end(flush, status, error);
    else
        flush_put_off(flush, error);
}

/* ---- Writing ---- */

/* All frozen memtables of the family as one run. */
static enum status open_input(const struct version_family *family, struct arena *arena,
    enum row_order row_order, struct cell_iterator **out_input, struct error *error)
{
    size_t count = family->frozen_count;
    struct memtable_iterator *iterators = arena_allocate(arena, count * sizeof(*iterators));
    struct cell_iterator **sources = arena_allocate(arena, count * sizeof(*sources));
    if (!iterators || !sources)
        return error_set(error, STATUS_NO_MEMORY, "no memory for a flush");
    for (size_t i = 0; i < count; i++) {
        memtable_iterator_init(&iterators[i], family->frozen[i], UINT64_MAX);
        sources[i] = &iterators[i].base;
    }
    return merge_iterator_new(row_order, sources, count, out_input, error);
}

static enum status open_written(struct flush *flush, struct flush_family *to, const char *name,
    const struct path *path, const struct sstable_properties *properties, struct error *error)
{
    struct store *store = flush->tablet->store;
    struct sstable *table;
    struct manifest_file entry;
    tablet_file_describe(&entry, flush->tablet->info.table_id, name, properties);
    enum status status = sstable_open(
        store->env, path->text, properties->identity, store->cache, &table, error);
    if (status) {
        collector_give_up(store->collector, flush->tablet->info.table_id, name);
        return status;
    }
    to->file = tablet_file_new(table, &entry, store->collector);
    return to->file ? STATUS_OK
                    : error_set(error, STATUS_NO_MEMORY, "no memory for an SSTable's place");
}

static enum status write_family(struct flush *flush, struct flush_family *to, struct error *error)
{
    struct tablet *tablet = flush->tablet;
    struct store *store = tablet->store;
    const struct version_family *family = version_find_family(flush->version, to->name);
    if (to->file || family->frozen_count == 0)
        return STATUS_OK;
    char name[SSTABLE_NAME_SIZE];
    struct path path;
    directory_sstable_name(&store->directory, name);
    directory_sstable_path(&store->directory, tablet->info.table_id, name, &path);
    struct sstable_writer_options writer = {.family = to->name,
        .row_order = tablet->row_order,
        .compression = family->schema->compression,
        .bloom = family->schema->bloom,
        .block_size_bytes = family->schema->block_size_bytes};
    struct column_matcher_config matcher = {.mode = MATCH_MERGE,
        .family = family->schema,
        .row_order = tablet->row_order,
        .now_ms = env_wall_ms(store->env),
        .read_point = UINT64_MAX,
        .oldest_read_point = tablet_oldest_read_point(tablet),
        .earliest_put_ms = INT64_MIN};
    struct compaction_options options = {
        .env = store->env, .path = path.text, .writer = &writer, .matcher = &matcher};
    struct compaction_job *job = NULL;
    enum status status = open_input(
        family, &flush->arena, tablet->row_order, &options.input, error);
    if (!status)
        status = compaction_new(&options, &job, error);
    uint64_t due_ns;
    while (!status)
        status = compaction_step(job, true, &due_ns, error);
    const struct sstable_properties *properties = status == STATUS_END ? compaction_result(job)
                                                                       : NULL;
    status = status == STATUS_END ? STATUS_OK : status;
    if (properties) {
        flush->bytes += properties->file_bytes;
        status = open_written(flush, to, name, &path, properties, error);
    }
    compaction_free(job);
    return status;
}

static enum status sync_folder(struct tablet *tablet, struct error *error)
{
    struct path path;
    directory_sstables_path(&tablet->store->directory, tablet->info.table_id, &path);
    return env_directory_sync(tablet->store->env, path.text, error);
}

/* Lists what changes and has it committed. */
static enum status commit(struct flush *flush, struct error *error)
{
    size_t memtables = 0;
    for (size_t i = 0; i < flush->version->family_count; i++)
        memtables += flush->version->families[i].frozen_count;
    struct tablet_edit *edit = &flush->edit;
    struct span *names = arena_allocate(&flush->arena, 2 * flush->family_count * sizeof(*names));
    edit->flushed = arena_allocate(&flush->arena, (memtables + 1) * sizeof(*edit->flushed));
    edit->added = arena_allocate(&flush->arena, flush->family_count * sizeof(*edit->added));
    if (!names || !edit->flushed || !edit->added)
        return error_set(error, STATUS_NO_MEMORY, "no memory for a flush");
    edit->flushed_families = names;
    edit->added_families = names + flush->family_count;
    edit->flushed_count = edit->added_count = 0;
    for (size_t i = 0; i < flush->family_count; i++) {
        const struct flush_family *from = &flush->families[i];
        const struct version_family *family = version_find_family(flush->version, from->name);
        names[i] = from->name;
        for (size_t j = 0; j < family->frozen_count; j++)
            edit->flushed[edit->flushed_count++] = family->frozen[j];
        if (from->file) {
            names[flush->family_count + edit->added_count] = from->name;
            edit->added[edit->added_count++] = from->file;
        }
    }
    edit->flushed_family_count = flush->family_count;
    edit->committed = flush_committed;
    pause_point("flush.commit.before");
    tablet_commit(flush->tablet, edit);
    return STATUS_OK;
}

static bool must_stop(struct tablet *tablet)
{
    struct store *store = tablet->store;
    uint64_t deadline_ns = atomic_load(&store->close_deadline_ns);
    return store_is_dead(store) ||
           (deadline_ns != 0 && env_monotonic_ns(store->env) >= deadline_ns);
}

static void flush_run(struct task *task)
{
    struct flush *flush = flush_of(task, offsetof(struct flush, task));
    struct tablet *tablet = flush->tablet;
    struct error error = {0};
    enum status status = STATUS_OK;
    if (must_stop(tablet)) {
        status = error_set(&error, STATUS_CLOSED, "the store is closing");
        flush_end(flush, status, &error);
        return;
    }
    for (size_t i = 0; !status && i < flush->family_count; i++)
        status = write_family(flush, &flush->families[i], &error);
    if (!status && flush->bytes > 0)
        status = sync_folder(tablet, &error);
    if (!status)
        status = commit(flush, &error);
    if (!status)
        return;
    if (status == STATUS_NO_SPACE && store_spend_reserve(tablet->store))
        executor_submit(tablet->store->flushers, &flush->task);
    else
        flush_put_off(flush, &error);
}

/* ---- Freezing ---- */

static bool is_asked(const struct flush *flush, struct span family)
{
    if (flush->is_all)
        return true;
    for (const struct tablet_request *request = flush->requests; request; request = request->next) {
        if (request->is_all || span_equal(span_make(request->family, request->family_size), family))
            return true;
    }
    return false;
}

/* Makes the active memtables of the families asked for frozen ones. False on no memory. */
static bool freeze_locked(struct flush *flush, struct version **out_old)
{
    struct version *version = version_copy(flush->tablet->version, 1, 0);
    flush->families = version ? arena_allocate_zeroed(&flush->arena, version->family_count + 1,
                                    sizeof(*flush->families))
                              : NULL;
    if (!flush->families) {
        version_unref(version);
        return false;
    }
    for (size_t i = 0; i < version->family_count; i++) {
        struct version_family *family = &version->families[i];
        bool has_active = family->active && !memtable_is_empty(family->active);
        if (has_active && is_asked(flush, family->schema->name)) {
            memmove(family->frozen + 1, family->frozen,
                family->frozen_count * sizeof(family->frozen[0]));
            family->frozen[0] = family->active;
            family->frozen_count++;
            family->active = NULL;
            has_active = false;
        }
        /* With nothing left active, all up to the barrier is frozen, or was flushed before. */
        if (!has_active)
            flush->families[flush->family_count++].name = family->schema->name;
    }
    *out_old = tablet_publish_locked(flush->tablet, version);
    version_ref(version);
    flush->version = version;
    return true;
}

static bool has_work(const struct flush *flush)
{
    for (size_t i = 0; i < flush->family_count; i++) {
        const struct version_family *family = version_find_family(
            flush->version, flush->families[i].name);
        if (family->frozen_count > 0 || family->flushed_sequence < flush->edit.flushed_sequence)
            return true;
    }
    return false;
}

static void barrier_appended(struct log_entry *entry)
{
    struct flush *flush = (struct flush *)(void *)entry;
    struct error error = {0};
    if (entry->status) {
        error_set(&error, entry->status, "the log takes no more: %s", status_name(entry->status));
        flush_end(flush, entry->status, &error);
        return;
    }
    struct version *old = NULL;
    flush->edit.flushed_sequence = entry->sequence;
    mutex_lock(&flush->tablet->mutex);
    freeze_locked(flush, &old);
    mutex_unlock(&flush->tablet->mutex);
    version_unref(old);
}

static void barrier_durable(struct log_entry *entry)
{
    struct flush *flush = (struct flush *)(void *)entry;
    struct error error = {0};
    if (entry->status)
        flush_end(flush, error_set(&error, STATUS_CLOSED, "the store is closed"), &error);
    else if (!flush->version)
        flush_end(flush, error_set(&error, STATUS_NO_MEMORY, "no memory for a flush"), &error);
    else if (!has_work(flush))
        flush_end(flush, STATUS_OK, &error);
    else
        executor_submit(flush->tablet->store->flushers, &flush->task);
}

/* ---- Asking ---- */

/* Takes what was asked for, if no flush is under way. NULL: nothing to begin. */
static struct flush *take_asked_locked(struct tablet *tablet)
{
    if (tablet->is_flushing || (!tablet->flush_requests && !tablet->is_flush_asked))
        return NULL;
    struct flush *flush = memory_allocate_zeroed(1, sizeof(*flush));
    if (!flush)
        return NULL; /* the next request tries again */
    flush->tablet = tablet;
    flush->requests = tablet->flush_requests;
    flush->is_all = tablet->is_flush_asked;
    tablet->flush_requests = NULL;
    tablet->is_flush_asked = false;
    tablet->is_flushing = true;
    return flush;
}

static void begin_if_asked(struct tablet *tablet)
{
    mutex_lock(&tablet->mutex);
    struct flush *flush = take_asked_locked(tablet);
    mutex_unlock(&tablet->mutex);
    if (!flush)
        return;
    tablet_ref(tablet);
    flush->started_ns = env_monotonic_ns(tablet->store->env);
    flush->task.run = flush_run;
    flush->barrier = (struct log_entry){.tablet = &tablet->log,
        .durability = DURABILITY_SYNC_WAL,
        .appended = barrier_appended,
        .durable = barrier_durable};
    log_append(tablet->store->log, &flush->barrier);
}

void tablet_ask_own_flush(struct tablet *tablet)
{
    mutex_lock(&tablet->mutex);
    bool is_idle = !tablet->is_flushing;
    if (is_idle)
        tablet->is_flush_asked = true;
    mutex_unlock(&tablet->mutex);
    if (is_idle)
        begin_if_asked(tablet);
}

void tablet_flush(struct tablet *tablet, const struct span *family, struct completion *completion)
{
    size_t size = family ? family->size : 0;
    struct tablet_request *request = memory_allocate_zeroed(1, sizeof(*request) + size);
    if (!request) {
        completion->status = error_set(
            &completion->error, STATUS_NO_MEMORY, "no memory for a flush");
        completion->done(completion);
        return;
    }
    request->completion = completion;
    request->is_all = family == NULL;
    request->family_size = size;
    if (size > 0)
        memcpy(request->family, family->data, size);
    mutex_lock(&tablet->mutex);
    request->next = tablet->flush_requests;
    tablet->flush_requests = request;
    mutex_unlock(&tablet->mutex);
    begin_if_asked(tablet);
}

bool tablet_retry_flush(struct tablet *tablet, uint64_t now_ns)
{
    mutex_lock(&tablet->mutex);
    bool is_due = tablet->flush_retry_ns != 0 && tablet->flush_retry_ns <= now_ns;
    if (is_due)
        tablet->flush_retry_ns = 0;
    bool is_waiting = tablet->flush_retry_ns != 0;
    mutex_unlock(&tablet->mutex);
    if (is_due)
        begin_if_asked(tablet);
    return is_waiting;
}
