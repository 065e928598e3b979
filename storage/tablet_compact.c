/* Compaction: several SSTables of a family to one, in the background. compaction_policy.h says
 * which, compaction.h how; here is when, and what the manifest makes of it.
 *
 * One compaction a tablet at a time, in slices on the compaction executor, so that tablets take
 * turns and the byte budget is kept without a thread that sleeps; few of all tablets at once, and none
 * for which the disk has no room (compaction_slots.h). It reads past the cache and never
 * holds up a flush: their commits are edits of the same queue. Readers keep the files they began
 * with; those compacted away are given to the collector once nobody does. */
#include "base/log_lines.h"
#include "base/memory.h"
#include "base/pause.h"
#include "storage/compaction.h"
#include "storage/compaction_policy.h"
#include "storage/merge_iterator.h"
#include "storage/tablet.h"
#include "storage/tablet_setting.h"

enum {
    READAHEAD_BYTES = 2 << 20, /* of all inputs of a compaction together */
    READAHEAD_MOST = 1 << 20,  /* of one */
    READAHEAD_LEAST = 64 << 10,
};
static const uint64_t rest_ns = (uint64_t)10 * 1000 * 1000 *
                                1000; /* of a tablet that is to close */

struct compaction {
    struct task task;
    struct tablet_edit edit;
    struct tablet *tablet; /* referenced */
    struct tablet_request *requests;
    struct version *version; /* whose files are compacted; referenced */
    struct compaction_progress progress;
    struct arena arena;
    struct span *asked; /* families a major compaction is asked for */
    size_t asked_count;
    bool is_policy_asked; /* then ask the policy for every family, until it wants nothing */
    /* the family being compacted */
    const struct version_family *family;
    struct compaction_choice choice;
    struct compaction_job *job; /* NULL between families */
    struct compaction_slot slot;
    bool is_chosen; /* it waited for its slot */
    char name[SSTABLE_NAME_SIZE];
    struct path path;
    struct tablet_file *added;
    struct span added_family;
    uint64_t cells_before; /* of progress, counted in the tablet already */
    uint64_t started_ns;
};

static struct compaction *compaction_of(void *member, size_t offset)
{
    return (struct compaction *)(void *)((char *)member - offset);
}

static void compaction_begin_if_wanted(struct tablet *tablet);

/* ---- The end ---- */

static void compaction_end(
    struct compaction *compaction, enum status status, const struct error *error)
{
    struct tablet *tablet = compaction->tablet;
    if (status && status != STATUS_CANCELLED && status != STATUS_CLOSED)
        log_line(
            LOG_WARN, "tablet.compact", "tablet=%s error=\"%s\"", tablet->info.id, error->message);
    compaction_free(compaction->job);
    compaction_slots_give(&tablet->store->compaction_slots, &compaction->slot);
    version_unref(compaction->version);
    struct tablet_request *requests = compaction->requests, *waiting = NULL;
    mutex_lock(&tablet->mutex);
    tablet->is_compacting = false;
    tablet->compaction = NULL;
    if (status) { /* what was asked for meanwhile would fail as well, and nothing else may come to begin it */
        waiting = tablet->compaction_requests;
        tablet->compaction_requests = NULL;
    }
    mutex_unlock(&tablet->mutex);
    atomic_store(&tablet->counters.compacting_cells, 0);
    atomic_store(&tablet->counters.compacted_cells, 0);
    arena_deinit(&compaction->arena);
    memory_free(compaction);
    tablet_complete_requests(requests, status, error);
    tablet_complete_requests(waiting, status, error);
    if (!status)
        compaction_begin_if_wanted(tablet);
    tablet_close_step(tablet);
    tablet_unref(tablet);
}

/* ---- Choosing ---- */

static bool is_asked(const struct compaction *compaction, struct span family)
{
    for (size_t i = 0; i < compaction->asked_count; i++) {
        if (span_equal(compaction->asked[i], family))
            return true;
    }
    return false;
}

static void policy_of(const struct table_schema *table, const struct family_schema *family,
    struct compaction_policy *out_policy)
{
    compaction_policy_init(out_policy);
    if (family->min_versions == 0)
        out_policy->ttl_ms = family->ttl_ms;
    out_policy->major_period_ms = tablet_setting_integer(
        table, family, SPAN_LITERAL("hbase.hregion.majorcompaction"), out_policy->major_period_ms);
    double jitter = tablet_setting_number(table, family,
        SPAN_LITERAL("hbase.hregion.majorcompaction.jitter"), out_policy->major_jitter);
    out_policy->major_jitter = jitter > 1 ? 1 : jitter > 0 ? jitter : 0;
}

static struct compaction_choice choose(
    struct compaction *compaction, const struct version_family *family)
{
    struct compaction_policy policy;
    policy_of(compaction->version->schema, family->schema, &policy);
    struct compaction_choice none = {0};
    if (family->file_count == 0)
        return none;
    struct compaction_file *files = arena_allocate_zeroed(
        &compaction->arena, family->file_count, sizeof(*files));
    if (!files)
        return none;
    struct compaction_state state = {.files = files,
        .count = family->file_count,
        .now_ms = env_wall_ms(compaction->tablet->store->env),
        .major_compacted_ms = family->major_compacted_ms,
        .is_major_asked = is_asked(compaction, family->schema->name)};
    for (size_t i = 0; i < family->file_count; i++) {
        const struct manifest_file *entry = &family->files[i]->entry;
        const struct sstable_properties *properties = sstable_get_properties(
            family->files[i]->table);
        files[i] = (struct compaction_file){.size_bytes = entry->size_bytes,
            .cell_count = entry->cell_count,
            .delete_count = entry->delete_count,
            .min_timestamp = entry->min_timestamp,
            .max_timestamp = entry->max_timestamp,
            .is_part = entry->start_row.size > 0 || entry->end_row.size > 0};
        if (i == 0 || (int64_t)properties->created_ms < state.oldest_file_ms) {
            state.oldest_file_ms = (int64_t)properties->created_ms;
            state.oldest_identity = entry->identity;
        }
    }
    if (!state.is_major_asked && !compaction->is_policy_asked)
        return none;
    return compaction_pick(&policy, &state);
}

/* ---- One family ---- */

static uint32_t readahead_bytes(size_t inputs)
{
    uint32_t share = (uint32_t)(READAHEAD_BYTES / inputs);
    return share > READAHEAD_MOST    ? READAHEAD_MOST
           : share < READAHEAD_LEAST ? READAHEAD_LEAST
                                     : share;
}

static enum status open_input(
    struct compaction *compaction, struct cell_iterator **out_input, struct error *error)
{
    size_t count = compaction->choice.count;
    struct cell_iterator **sources = arena_allocate(&compaction->arena, count * sizeof(*sources));
    if (!sources)
        return error_set(error, STATUS_NO_MEMORY, "no memory to compact");
    for (size_t i = 0; i < count; i++) {
        struct tablet_file *file = compaction->family->files[compaction->choice.first + i];
        struct sstable_iterator_options options = {.from_row = file->entry.start_row,
            .to_row = file->entry.end_row,
            .readahead_bytes = readahead_bytes(count)};
        enum status status = sstable_iterator_new(file->table, &options, &sources[i], error);
        if (status) {
            while (i > 0)
                cell_iterator_close(sources[--i]);
            return status;
        }
    }
    return merge_iterator_new(compaction->tablet->row_order, sources, count, out_input, error);
}

/* Least timestamp of a cell in the files: no put in them is older. */
static int64_t least_timestamp(const struct compaction *compaction)
{
    int64_t least = INT64_MAX;
    for (size_t i = 0; i < compaction->choice.count; i++) {
        const struct manifest_file *entry =
            &compaction->family->files[compaction->choice.first + i]->entry;
        least = entry->min_timestamp < least ? entry->min_timestamp : least;
    }
    return least;
}

static enum status start_family(struct compaction *compaction, struct error *error)
{
    struct tablet *tablet = compaction->tablet;
    struct store *store = tablet->store;
    const struct family_schema *schema = compaction->family->schema;
    struct sstable_writer_options writer = {.family = schema->name,
        .row_order = tablet->row_order,
        .compression = schema->compression,
        .bloom = schema->bloom,
        .block_size_bytes = schema->block_size_bytes};
    struct column_matcher_config matcher = {
        .mode = compaction->choice.is_major ? MATCH_MAJOR : MATCH_MERGE,
        .family = schema,
        .row_order = tablet->row_order,
        .now_ms = env_wall_ms(store->env),
        .read_point = UINT64_MAX,
        .oldest_read_point = tablet_oldest_read_point(tablet),
        .earliest_put_ms = least_timestamp(compaction),
        .purge_deletes_after_ms = tablet_setting_integer(compaction->version->schema, schema,
            SPAN_LITERAL("hbase.hstore.time.to.purge.deletes"), 0)};
    directory_sstable_name(&store->directory, compaction->name);
    directory_sstable_path(
        &store->directory, tablet->info.table_id, compaction->name, &compaction->path);
    struct compaction_options options = {.env = store->env,
        .path = compaction->path.text,
        .writer = &writer,
        .matcher = &matcher,
        .budget = &store->compaction_budget,
        .progress = &compaction->progress};
    atomic_store(&store->compaction_budget.bytes_per_s, store->config.compaction_bytes_per_s);
    compaction->started_ns = env_monotonic_ns(store->env);
    compaction->cells_before = 0;
    atomic_store(&compaction->progress.cells_read, 0);
    mutex_lock(&tablet->mutex);
    tablet->is_compacting_major = compaction->choice.is_major;
    mutex_unlock(&tablet->mutex);
    uint64_t cells = 0;
    for (size_t i = 0; i < compaction->choice.count; i++)
        cells += compaction->family->files[compaction->choice.first + i]->entry.cell_count;
    atomic_store(&tablet->counters.compacted_cells, 0);
    atomic_store(&tablet->counters.compacting_cells, cells);
    enum status status = open_input(compaction, &options.input, error);
    return status ? status : compaction_new(&options, &compaction->job, error);
}

/* The most that it may write: what it reads, unless all of that has expired. */
static uint64_t output_bytes(const struct compaction *compaction)
{
    uint64_t bytes = 0;
    if (compaction->choice.reason == COMPACTION_EXPIRED)
        return 0;
    for (size_t i = 0; i < compaction->choice.count; i++)
        bytes += compaction->family->files[compaction->choice.first + i]->entry.size_bytes;
    return bytes;
}

/* Whether the disk has room for all compactions under way, this one among them. Not knowing is no
 * reason to refuse. */
static enum status check_space(struct compaction *compaction, struct error *error)
{
    struct store *store = compaction->tablet->store;
    uint64_t free_bytes;
    if (compaction->slot.input_bytes == 0 ||
        env_space_free(store->env, store->directory.root, &free_bytes, NULL))
        return STATUS_OK;
    uint64_t needed = compaction_slots_bytes(&store->compaction_slots) +
                      store->config.log_segment_bytes;
    if (free_bytes >= needed)
        return STATUS_OK;
    return error_set(error, STATUS_NO_SPACE,
        "no room to compact %zu files of %llu bytes: %llu bytes are free, %llu needed",
        compaction->choice.count, (unsigned long long)compaction->slot.input_bytes,
        (unsigned long long)free_bytes, (unsigned long long)needed);
}

/* To the next family with something to do; false when there is none. */
static bool choose_family(struct compaction *compaction)
{
    for (size_t i = 0; i < compaction->version->family_count; i++) {
        const struct version_family *family = &compaction->version->families[i];
        compaction->choice = choose(compaction, family);
        if (compaction->choice.count > 0) {
            compaction->family = family;
            return true;
        }
    }
    return false;
}

static void compaction_committed(
    struct tablet_edit *edit, enum status status, const struct error *error)
{
    struct compaction *compaction = compaction_of(edit, offsetof(struct compaction, edit));
    struct tablet *tablet = compaction->tablet;
    struct store *store = tablet->store;
    if (status) {
        if (compaction->added)
            atomic_store(&compaction->added->is_dropped, true);
    } else {
        uint64_t bytes = compaction->added ? compaction->added->entry.size_bytes : 0;
        log_line(LOG_INFO, "tablet.compact",
            "tablet=%s reason=%s major=%d files=%zu bytes=%llu ms=%llu", tablet->info.id,
            compaction_reason_name(compaction->choice.reason), compaction->choice.is_major,
            compaction->choice.count, (unsigned long long)bytes,
            (unsigned long long)((env_monotonic_ns(store->env) - compaction->started_ns) /
                                 1000000));
        atomic_fetch_add(&store->compactions, 1);
        atomic_fetch_add(&store->compacted_bytes, bytes);
    }
    tablet_file_unref(compaction->added);
    compaction->added = NULL;
    compaction_free(compaction->job);
    compaction->job = NULL;
    compaction_slots_give(&store->compaction_slots, &compaction->slot);
    if (status) {
        compaction_end(compaction, status, error);
        return;
    }
    /* A family is asked for once; then the policy may want more. */
    for (size_t i = 0; i < compaction->asked_count; i++) {
        if (span_equal(compaction->asked[i], compaction->family->schema->name))
            compaction->asked[i] = SPAN_EMPTY;
    }
    uint64_t ignored;
    version_unref(compaction->version);
    compaction->version = tablet_snapshot(tablet, &ignored);
    executor_submit(store->compactors, &compaction->task);
}

static enum status open_written(struct compaction *compaction, struct error *error)
{
    struct store *store = compaction->tablet->store;
    const struct sstable_properties *properties = compaction_result(compaction->job);
    if (!properties)
        return STATUS_OK;
    struct manifest_file entry;
    tablet_file_describe(&entry, compaction->tablet->info.table_id, compaction->name, properties);
    entry.level = 1;
    struct sstable *table;
    struct path folder;
    directory_sstables_path(&store->directory, compaction->tablet->info.table_id, &folder);
    enum status status = env_directory_sync(store->env, folder.text, error);
    if (!status)
        status = sstable_open(
            store->env, compaction->path.text, properties->identity, store->cache, &table, error);
    if (status) {
        collector_give_up(store->collector, compaction->tablet->info.table_id, compaction->name);
        return status;
    }
    compaction->added = tablet_file_new(table, &entry, store->collector);
    return compaction->added ? STATUS_OK
                             : error_set(error, STATUS_NO_MEMORY, "no memory to compact");
}

static enum status finish_family(struct compaction *compaction, struct error *error)
{
    enum status status = open_written(compaction, error);
    if (status)
        return status;
    const struct compaction_choice *choice = &compaction->choice;
    compaction->added_family = compaction->family->schema->name;
    compaction->edit = (struct tablet_edit){
        .removed = &compaction->family->files[choice->first],
        .removed_count = choice->count,
        .added = &compaction->added,
        .added_families = &compaction->added_family,
        .added_count = compaction->added != NULL,
        .committed = compaction_committed,
    };
    if (choice->is_major) {
        compaction->edit.major_family = compaction->added_family;
        compaction->edit.major_compacted_ms = env_wall_ms(compaction->tablet->store->env);
    }
    pause_point("compaction.commit.before");
    tablet_commit(compaction->tablet, &compaction->edit);
    return STATUS_OK;
}

/* A slice: chooses when nothing is chosen, else goes on. */
static void compaction_run(struct task *task)
{
    struct compaction *compaction = compaction_of(task, offsetof(struct compaction, task));
    struct store *store = compaction->tablet->store;
    struct error error = {0};
    enum status status = STATUS_OK;
    uint64_t due_ns = 0;
    if (store_is_dead(store) || atomic_load(&store->is_closing) ||
        atomic_load(&compaction->progress.is_cancelled)) {
        status = error_set(&error, STATUS_CANCELLED, "the tablet is closing");
    } else if (!compaction->job) {
        if (!compaction->is_chosen && !choose_family(compaction)) {
            compaction_end(compaction, STATUS_OK, &error);
            return;
        }
        if (!compaction->is_chosen) {
            compaction->is_chosen = true;
            compaction->slot.task = &compaction->task;
            compaction->slot.is_cancelled = &compaction->progress.is_cancelled;
            compaction->slot.input_bytes = output_bytes(compaction);
            if (!compaction_slots_take(&store->compaction_slots, &compaction->slot))
                return; /* comes again with it */
        }
        compaction->is_chosen = false;
        status = check_space(compaction, &error);
        if (!status)
            status = start_family(compaction, &error);
    } else {
        status = compaction_step(compaction->job, false, &due_ns, &error);
        atomic_store(&compaction->tablet->counters.compacted_cells,
            atomic_load(&compaction->progress.cells_read));
    }
    if (status == STATUS_END) {
        status = finish_family(compaction, &error);
        if (!status)
            return;
    }
    if (status)
        compaction_end(compaction, status, &error);
    else if (due_ns > 0)
        executor_submit_at(store->compactors, &compaction->task, due_ns);
    else
        executor_submit(store->compactors, &compaction->task);
}

/* ---- Asking ---- */

/* Which families the requests ask a major compaction of. False on no memory. */
static bool list_asked(struct compaction *compaction)
{
    const struct version *version = compaction->version;
    compaction->asked = arena_allocate(
        &compaction->arena, (version->family_count + 1) * sizeof(*compaction->asked));
    if (!compaction->asked)
        return false;
    for (const struct tablet_request *request = compaction->requests; request;
         request = request->next) {
        compaction->is_policy_asked = true;
        for (size_t i = 0; request->is_major && i < version->family_count; i++) {
            struct span name = version->families[i].schema->name;
            if ((request->is_all ||
                    span_equal(span_make(request->family, request->family_size), name)) &&
                !is_asked(compaction, name))
                compaction->asked[compaction->asked_count++] = name;
        }
    }
    return true;
}

static void compaction_begin_if_wanted(struct tablet *tablet)
{
    struct compaction *compaction = NULL;
    uint64_t now_ns = env_monotonic_ns(tablet->store->env);
    mutex_lock(&tablet->mutex);
    bool is_resting = now_ns < tablet->compaction_rest_ns;
    if (is_resting)
        tablet_sweep_arm(tablet->store);
    if (!is_resting && !tablet->is_compacting && !tablet->closing &&
        (tablet->compaction_requests ||
            (tablet->is_compaction_wanted && store_compactions_are_on(tablet->store))) &&
        !atomic_load(&tablet->store->is_closing))
        compaction = memory_allocate_zeroed(1, sizeof(*compaction));
    if (compaction) {
        compaction->tablet = tablet;
        compaction->requests = tablet->compaction_requests;
        compaction->is_policy_asked = tablet->is_compaction_wanted &&
                                      store_compactions_are_on(tablet->store);
        compaction->version = tablet->version;
        version_ref(compaction->version);
        tablet->compaction_requests = NULL;
        tablet->is_compaction_wanted = false;
        tablet->is_compacting = true;
        tablet->is_compacting_major = false;
        for (const struct tablet_request *request = compaction->requests; request;
             request = request->next)
            tablet->is_compacting_major = tablet->is_compacting_major || request->is_major;
        tablet->compaction = compaction;
    }
    mutex_unlock(&tablet->mutex);
    if (!compaction)
        return;
    tablet_ref(tablet);
    if (!list_asked(compaction)) {
        struct error error = {0};
        enum status status = error_set(&error, STATUS_NO_MEMORY, "no memory to compact");
        compaction_end(compaction, status, &error);
        return;
    }
    compaction->task.run = compaction_run;
    executor_submit(tablet->store->compactors, &compaction->task);
}

void tablet_consider_compaction(struct tablet *tablet)
{
    mutex_lock(&tablet->mutex);
    tablet->is_compaction_wanted = true;
    mutex_unlock(&tablet->mutex);
    compaction_begin_if_wanted(tablet);
}

void tablet_compact(
    struct tablet *tablet, const struct span *family, bool is_major, struct completion *completion)
{
    size_t size = family ? family->size : 0;
    struct error error = {0};
    enum status status = STATUS_OK;
    struct tablet_request *request = memory_allocate_zeroed(1, sizeof(*request) + size);
    if (request) {
        request->completion = completion;
        request->is_all = family == NULL;
        request->is_major = is_major;
        request->family_size = size;
        if (size > 0)
            memcpy(request->family, family->data, size);
        mutex_lock(&tablet->mutex);
        if (tablet->closing) {
            status = error_set(&error, STATUS_CLOSED, "tablet %s is closing", tablet->info.id);
        } else {
            request->next = tablet->compaction_requests;
            tablet->compaction_requests = request;
            request = NULL;
        }
        mutex_unlock(&tablet->mutex);
        memory_free(request);
    } else {
        status = error_set(&error, STATUS_NO_MEMORY, "no memory to compact");
    }
    if (status && completion) {
        completion->status = status;
        completion->error = error;
        completion->done(completion);
    }
    if (!status)
        compaction_begin_if_wanted(tablet);
}

bool tablet_retry_compaction(struct tablet *tablet, uint64_t now_ns)
{
    mutex_lock(&tablet->mutex);
    bool is_resting = now_ns < tablet->compaction_rest_ns;
    bool is_due = !is_resting && tablet->compaction_rest_ns != 0;
    if (is_due)
        tablet->compaction_rest_ns = 0;
    bool is_waiting = is_resting && !tablet->closing;
    mutex_unlock(&tablet->mutex);
    if (is_due)
        tablet_consider_compaction(tablet);
    return is_waiting;
}

/* Mutex held. */
static void cancel_locked(struct tablet *tablet)
{
    if (!tablet->compaction)
        return;
    atomic_store(&tablet->compaction->progress.is_cancelled, true);
    /* It may be resting for its byte budget. */
    struct executor *compactors = tablet->store->compactors;
    if (compaction_slots_wake(&tablet->store->compaction_slots, &tablet->compaction->slot))
        return;
    if (executor_cancel(compactors, &tablet->compaction->task))
        executor_submit(compactors, &tablet->compaction->task);
}

void tablet_rest_compaction(struct tablet *tablet)
{
    uint64_t now_ns = env_monotonic_ns(tablet->store->env);
    mutex_lock(&tablet->mutex);
    tablet->compaction_rest_ns = now_ns + rest_ns;
    cancel_locked(tablet);
    mutex_unlock(&tablet->mutex);
    tablet_sweep_arm(tablet->store);
}

void tablet_clear_compaction(struct tablet *tablet, bool clears_small, bool clears_large)
{
    uint64_t now_ns = env_monotonic_ns(tablet->store->env);
    mutex_lock(&tablet->mutex);
    bool is_cleared = tablet->compaction &&
                      compaction_slots_is_waiting(&tablet->store->compaction_slots,
                          &tablet->compaction->slot, clears_small, clears_large);
    if (is_cleared) {
        tablet->compaction_rest_ns = now_ns + rest_ns;
        cancel_locked(tablet);
    }
    mutex_unlock(&tablet->mutex);
    if (is_cleared)
        tablet_sweep_arm(tablet->store);
}

void tablet_cancel_compaction(struct tablet *tablet)
{
    struct error error = {0};
    mutex_lock(&tablet->mutex);
    cancel_locked(tablet);
    struct tablet_request *requests = tablet->compaction_requests;
    tablet->compaction_requests = NULL;
    mutex_unlock(&tablet->mutex);
    error_set(&error, STATUS_CANCELLED, "tablet %s is closing", tablet->info.id);
    tablet_complete_requests(requests, STATUS_CANCELLED, &error);
}
