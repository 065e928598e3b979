/* Tablets: life, snapshots, read points, schema, clock, statistics (tablet.h is the model). */
#include "storage/tablet.h"

#include <assert.h>

#include "base/memory.h"

/* ---- Life ---- */

void tablet_ref(struct tablet *tablet)
{
    atomic_fetch_add_explicit(&tablet->references, 1, memory_order_relaxed);
}

bool tablet_try_ref(struct tablet *tablet)
{
    uint32_t references = atomic_load_explicit(&tablet->references, memory_order_relaxed);
    while (references > 0) {
        if (atomic_compare_exchange_weak_explicit(&tablet->references, &references, references + 1,
                memory_order_acq_rel, memory_order_relaxed))
            return true;
    }
    return false;
}

static void requests_free(struct tablet_request *request)
{
    while (request) {
        struct tablet_request *next = request->next;
        memory_free(request);
        request = next;
    }
}

void tablet_free_unopened(struct tablet *tablet)
{
    if (!tablet)
        return;
    store_remove_tablet(tablet->store, &tablet->link); /* still there when it was never closed */
    version_unref(tablet->version);
    while (tablet->schemas) {
        struct tablet_schema *schema = tablet->schemas;
        tablet->schemas = schema->older;
        arena_deinit(&schema->arena);
        memory_free(schema);
    }
    nonce_table_deinit(&tablet->nonces);
    requests_free(tablet->flush_requests);
    requests_free(tablet->compaction_requests);
    log_tablet_deinit(tablet->store->log, &tablet->log);
    row_locks_deinit(&tablet->locks);
    mutex_deinit(&tablet->mutex);
    arena_deinit(&tablet->arena);
    memory_free(tablet);
}

void tablet_unref(struct tablet *tablet)
{
    if (tablet && atomic_fetch_sub_explicit(&tablet->references, 1, memory_order_acq_rel) == 1)
        tablet_free_unopened(tablet);
}

const struct tablet_info *tablet_get_info(const struct tablet *tablet)
{
    return &tablet->info;
}

bool tablet_contains_row(const struct tablet *tablet, struct span row)
{
    const struct tablet_info *info = &tablet->info;
    return row_compare(tablet->row_order, row, info->start_row) >= 0 &&
           (info->end_row.size == 0 || row_compare(tablet->row_order, row, info->end_row) < 0);
}

/* ---- Versions and read points ---- */

struct version *tablet_snapshot(struct tablet *tablet, uint64_t *out_read_point)
{
    mutex_lock(&tablet->mutex);
    *out_read_point = atomic_load_explicit(&tablet->read_point, memory_order_acquire);
    struct version *version = tablet->version;
    version_ref(version);
    mutex_unlock(&tablet->mutex);
    return version;
}

struct version *tablet_publish_locked(struct tablet *tablet, struct version *version)
{
    mutex_assert_held(&tablet->mutex);
    struct version *old = tablet->version;
    tablet->version = version;
    return old;
}

struct version *tablet_register_read_point(
    struct tablet *tablet, struct read_point *point, uint64_t sequence)
{
    mutex_lock(&tablet->mutex);
    uint64_t now = atomic_load_explicit(&tablet->read_point, memory_order_acquire);
    if (sequence > 0 && sequence < tablet->scan_floor)
        sequence = tablet->scan_floor;
    point->sequence = sequence > 0 && sequence < now ? sequence : now;
    /* Mostly the newest, so its place is found from the end. */
    struct read_point *head = &tablet->read_points;
    struct read_point *before = head->previous;
    while (before != head && before->sequence > point->sequence)
        before = before->previous;
    point->previous = before;
    point->next = before->next;
    before->next->previous = point;
    before->next = point;
    struct version *version = tablet->version;
    version_ref(version);
    mutex_unlock(&tablet->mutex);
    return version;
}

void tablet_unregister_read_point(struct tablet *tablet, struct read_point *point)
{
    mutex_lock(&tablet->mutex);
    point->previous->next = point->next;
    point->next->previous = point->previous;
    mutex_unlock(&tablet->mutex);
}

uint64_t tablet_oldest_read_point(struct tablet *tablet)
{
    mutex_lock(&tablet->mutex);
    uint64_t oldest = atomic_load_explicit(&tablet->read_point, memory_order_acquire);
    const struct read_point *first = tablet->read_points.next;
    if (first != &tablet->read_points && first->sequence < oldest)
        oldest = first->sequence;
    mutex_unlock(&tablet->mutex);
    return oldest;
}

/* Raises *value to at least `least`; its value then. */
static int64_t raise_to(_Atomic int64_t *value, int64_t least)
{
    int64_t before = atomic_load_explicit(value, memory_order_relaxed);
    while (before < least)
        if (atomic_compare_exchange_weak_explicit(
                value, &before, least, memory_order_relaxed, memory_order_relaxed))
            return least;
    return before;
}

int64_t tablet_clock(struct tablet *tablet, int64_t least_ms)
{
    int64_t now_ms = raise_to(&tablet->clock_ms, env_wall_ms(tablet->store->env));
    if (now_ms < least_ms)
        now_ms = least_ms;
    tablet_note_timestamp(tablet, now_ms);
    return now_ms;
}

void tablet_note_timestamp(struct tablet *tablet, int64_t given_ms)
{
    (void)raise_to(&tablet->greatest_ms, given_ms);
}

/* ---- Schema ---- */

const struct table_schema *tablet_get_schema(const struct tablet *tablet)
{
    struct mutex *mutex = (struct mutex *)&tablet->mutex;
    mutex_lock(mutex);
    const struct table_schema *schema = &tablet->schemas->schema;
    mutex_unlock(mutex);
    return schema;
}

enum status tablet_set_schema(
    struct tablet *tablet, const struct table_schema *schema, struct error *error)
{
    struct tablet_schema *fresh = memory_allocate_zeroed(1, sizeof(*fresh));
    if (!fresh)
        return error_set(error, STATUS_NO_MEMORY, "no memory for a schema");
    enum status status = table_schema_copy(&fresh->arena, schema, &fresh->schema, error);
    struct version *old = NULL;
    if (!status) {
        /* Whoever writes to a new family has seen the version that this makes, so its sequences are greater than any
         * that was given by now. What was given and is not inserted yet was checked against the old schema. */
        mutex_lock(&tablet->mutex);
        struct version *version = version_copy_altered(
            tablet->version, &fresh->schema, log_tablet_last_sequence(&tablet->log));
        if (version) {
            old = tablet_publish_locked(tablet, version);
            fresh->older = tablet->schemas;
            tablet->schemas = fresh;
        }
        mutex_unlock(&tablet->mutex);
        if (!version)
            status = error_set(error, STATUS_NO_MEMORY, "no memory for a schema");
    }
    if (status) {
        arena_deinit(&fresh->arena);
        memory_free(fresh);
        return status;
    }
    tablet_commit_altered(tablet, old);
    tablet_consider_compaction(tablet);
    return STATUS_OK;
}

/* ---- Statistics ---- */

uint64_t version_memtable_bytes(const struct version *version)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < version->family_count; i++) {
        const struct version_family *family = &version->families[i];
        if (family->active)
            bytes += memtable_used_bytes(family->active);
        for (size_t j = 0; j < family->frozen_count; j++)
            bytes += memtable_used_bytes(family->frozen[j]);
    }
    return bytes;
}

/* Sums up the files; a major compaction counts once every family has had one. */
static void add_files(
    const struct version *version, const char *table_id, struct tablet_statistics *statistics)
{
    int64_t oldest_major = INT64_MAX;
    for (size_t i = 0; i < version->family_count; i++) {
        const struct version_family *family = &version->families[i];
        uint64_t family_bytes = 0;
        for (size_t j = 0; j < family->file_count; j++) {
            const struct sstable_properties *properties = sstable_get_properties(
                family->files[j]->table);
            family_bytes += properties->file_bytes;
            statistics->has_references = statistics->has_references ||
                                         manifest_file_is_reference(
                                             &family->files[j]->entry, table_id);
            statistics->sstable_raw_bytes += properties->data_raw_bytes;
            statistics->index_bytes += properties->index_file_bytes;
            statistics->bloom_bytes += properties->bloom_file_bytes;
        }
        statistics->sstable_count += family->file_count;
        statistics->sstable_bytes += family_bytes;
        if (family_bytes > statistics->largest_family_bytes)
            statistics->largest_family_bytes = family_bytes;
        if (family->major_compacted_ms < oldest_major)
            oldest_major = family->major_compacted_ms;
    }
    statistics->family_count = version->family_count;
    statistics->last_major_compaction_ms = version->family_count > 0 ? oldest_major : 0;
}

static uint64_t counter(const _Atomic uint64_t *value)
{
    return atomic_load_explicit(value, memory_order_relaxed);
}

void tablet_statistics_read(const struct tablet *tablet, struct tablet_statistics *out_statistics)
{
    struct tablet *mutable_tablet = (struct tablet *)tablet;
    uint64_t read_point;
    struct version *version = tablet_snapshot(mutable_tablet, &read_point);
    struct tablet_statistics statistics = {
        .read_requests = counter(&tablet->counters.read_requests),
        .write_requests = counter(&tablet->counters.write_requests),
        .filtered_reads = counter(&tablet->counters.filtered_reads),
        .cells_read = counter(&tablet->counters.cells_read),
        .cells_written = counter(&tablet->counters.cells_written),
        .compacting_cells = counter(&tablet->counters.compacting_cells),
        .compacted_cells = counter(&tablet->counters.compacted_cells),
        .memtable_bytes = version_memtable_bytes(version),
        .last_sequence = log_tablet_last_sequence(&tablet->log),
    };
    add_files(version, tablet->info.table_id, &statistics);
    version_unref(version);
    mutex_lock(&mutable_tablet->mutex);
    statistics.oldest_flush_ms = tablet->oldest_flush_ms;
    bool is_minor = tablet->is_compacting && !tablet->is_compacting_major;
    bool is_major = tablet->is_compacting && tablet->is_compacting_major;
    for (const struct tablet_request *request = tablet->compaction_requests; request;
         request = request->next) {
        is_minor = is_minor || !request->is_major;
        is_major = is_major || request->is_major;
    }
    mutex_unlock(&mutable_tablet->mutex);
    statistics.compaction_state = is_minor + 2 * is_major;
    *out_statistics = statistics;
}

static void put_region_name(
    struct buffer *text, const struct tablet_info *info, const struct table_schema *schema)
{
    buffer_put_escaped(text, schema->name);
    buffer_put_u8(text, ',');
    buffer_put_escaped(text, info->start_row);
    buffer_put_format(text, ",%llu.%s.", (unsigned long long)info->region_id, info->id);
}

static enum status refuse(struct buffer *text, enum status status, struct error *error)
{
    error_set(error, status, "%.*s", (int)text->size, text->data ? (const char *)text->data : "");
    buffer_deinit(text);
    return status;
}

enum status tablet_refuse_family(const struct tablet_info *info, const struct table_schema *schema,
    struct span family, struct error *error)
{
    struct buffer text = {0};
    buffer_put_format(&text, "Column family ");
    buffer_put_escaped(&text, family);
    buffer_put_format(&text, " does not exist in region ");
    put_region_name(&text, info, schema);
    return refuse(&text, STATUS_NO_FAMILY, error);
}

enum status tablet_refuse_row(const struct tablet_info *info, const struct table_schema *schema,
    struct span row, const char *call, struct error *error)
{
    struct buffer text = {0};
    buffer_put_format(&text, "Requested row out of range for %s on HRegion ", call);
    put_region_name(&text, info, schema);
    buffer_put_format(&text, ", startKey='");
    buffer_put_escaped(&text, info->start_row);
    buffer_put_format(&text, "', getEndKey()='");
    buffer_put_escaped(&text, info->end_row);
    buffer_put_format(&text, "', row='");
    buffer_put_escaped(&text, row);
    buffer_put_u8(&text, '\'');
    return refuse(&text, STATUS_OUT_OF_RANGE, error);
}
