#include "storage/version.h"

#include "base/memory.h"

/* ---- Files ---- */

void tablet_file_describe(struct manifest_file *out_entry, const char *table_id, const char *name,
    const struct sstable_properties *properties)
{
    *out_entry = (struct manifest_file){.file = span_string(name),
        .identity = properties->identity,
        .size_bytes = properties->file_bytes,
        .raw_bytes = properties->data_raw_bytes,
        .cell_count = properties->cell_count,
        .delete_count = properties->delete_count,
        .min_sequence = properties->min_sequence,
        .max_sequence = properties->max_sequence,
        .min_timestamp = properties->min_timestamp,
        .max_timestamp = properties->max_timestamp};
    strcpy(out_entry->table_id, table_id);
}

struct tablet_file *tablet_file_new(
    struct sstable *table, const struct manifest_file *entry, struct collector *collector)
{
    size_t bytes = entry->file.size + 1 + entry->start_row.size + entry->end_row.size;
    struct tablet_file *file = memory_allocate_zeroed(1, sizeof(*file) + bytes);
    if (!file) {
        sstable_unref(table);
        return NULL;
    }
    atomic_init(&file->references, 1);
    file->table = table;
    file->collector = collector;
    file->entry = *entry;
    uint8_t *to = (uint8_t *)(file + 1);
    struct span *spans[] = {&file->entry.file, &file->entry.start_row, &file->entry.end_row};
    for (size_t i = 0; i < sizeof(spans) / sizeof(spans[0]); i++) {
        if (spans[i]->size > 0)
            memcpy(to, spans[i]->data, spans[i]->size);
        spans[i]->data = to;
        to += spans[i]->size + (i == 0); /* the name is also read as a string */
    }
    return file;
}

struct tablet_file *tablet_file_ref(struct tablet_file *file)
{
    atomic_fetch_add_explicit(&file->references, 1, memory_order_relaxed);
    return file;
}

void tablet_file_unref(struct tablet_file *file)
{
    if (!file || atomic_fetch_sub_explicit(&file->references, 1, memory_order_acq_rel) != 1)
        return;
    sstable_unref(file->table);
    if (file->collector && atomic_load_explicit(&file->is_dropped, memory_order_acquire))
        collector_give_up(
            file->collector, file->entry.table_id, (const char *)file->entry.file.data);
    memory_free(file);
}

/* ---- Versions ---- */

static struct version *version_allocate(const struct table_schema *schema)
{
    struct version *version = memory_allocate_zeroed(
        1, sizeof(*version) + schema->family_count * sizeof(version->families[0]));
    if (!version)
        return NULL;
    atomic_init(&version->references, 1);
    version->schema = schema;
    version->family_count = schema->family_count;
    for (size_t i = 0; i < schema->family_count; i++)
        version->families[i].schema = &schema->families[i];
    return version;
}

struct version *version_new(const struct table_schema *schema)
{
    return version_allocate(schema);
}

/* Copies lists and takes references; `to` keeps its schema. False on no memory. */
static bool copy_family(struct version_family *to, const struct version_family *from,
    size_t frozen_room, size_t file_room)
{
    to->flushed_sequence = from->flushed_sequence;
    to->major_compacted_ms = from->major_compacted_ms;
    to->active = from->active ? memtable_ref(from->active) : NULL;
    to->active_since_ns = from->active_since_ns;
    to->frozen = memory_allocate_zeroed(from->frozen_count + frozen_room + 1, sizeof(*to->frozen));
    to->files = memory_allocate_zeroed(from->file_count + file_room + 1, sizeof(*to->files));
    if (!to->frozen || !to->files)
        return false;
    for (; to->frozen_count < from->frozen_count; to->frozen_count++)
        to->frozen[to->frozen_count] = memtable_ref(from->frozen[to->frozen_count]);
    for (; to->file_count < from->file_count; to->file_count++)
        to->files[to->file_count] = tablet_file_ref(from->files[to->file_count]);
    return true;
}

struct version *version_copy(const struct version *from, size_t frozen_room, size_t file_room)
{
    struct version *version = version_allocate(from->schema);
    for (size_t i = 0; version && i < from->family_count; i++) {
        if (!copy_family(&version->families[i], &from->families[i], frozen_room, file_room)) {
            version_unref(version);
            return NULL;
        }
    }
    return version;
}

static const struct version_family *find_family(const struct version *version, struct span name)
{
    for (size_t i = 0; i < version->family_count; i++) {
        if (span_equal(version->families[i].schema->name, name))
            return &version->families[i];
    }
    return NULL;
}

struct version *version_copy_altered(
    const struct version *from, const struct table_schema *schema, uint64_t last_sequence)
{
    struct version *version = version_allocate(schema);
    for (size_t i = 0; version && i < version->family_count; i++) {
        struct version_family *family = &version->families[i];
        const struct version_family *old = find_family(from, family->schema->name);
        family->flushed_sequence = last_sequence;
        if (old && !copy_family(family, old, 0, 0)) {
            version_unref(version);
            return NULL;
        }
    }
    return version;
}

void version_ref(struct version *version)
{
    atomic_fetch_add_explicit(&version->references, 1, memory_order_relaxed);
}

void version_unref(struct version *version)
{
    if (!version || atomic_fetch_sub_explicit(&version->references, 1, memory_order_acq_rel) != 1)
        return;
    for (size_t i = 0; i < version->family_count; i++) {
        struct version_family *family = &version->families[i];
        memtable_unref(family->active);
        for (size_t j = 0; j < family->frozen_count; j++)
            memtable_unref(family->frozen[j]);
        for (size_t j = 0; j < family->file_count; j++)
            tablet_file_unref(family->files[j]);
        memory_free(family->frozen);
        memory_free(family->files);
    }
    memory_free(version);
}

struct version_family *version_find_family(struct version *version, struct span name)
{
    return (struct version_family *)find_family(version, name);
}
