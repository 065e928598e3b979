/* Which rows cut a tablet's data into parts of about the same bytes: for pictures of its heat. SSTables tell by their
 * indexes, memtables by the upper levels of their skip lists; no data block is read. */
#include <stdlib.h>

#include "storage/sstable_walk.h"
#include "storage/tablet.h"

enum { FILE_SAMPLES = 128, MEMTABLE_SAMPLES = 512 };

/* A row, and the bytes that it stands for. */
struct sample {
    struct span row;
    uint64_t bytes;
};

struct sampling {
    const struct tablet *tablet;
    struct arena *arena; /* of rows and samples */
    struct sample *samples;
    size_t count, room;
    uint64_t step, gathered; /* of the file: bytes between samples, and since the last */
};

static enum status add(struct sampling *sampling, struct span row, uint64_t bytes)
{
    if (!tablet_contains_row(sampling->tablet, row))
        return STATUS_OK;
    if (sampling->count == sampling->room) {
        size_t room = sampling->room ? sampling->room * 2 : 256;
        struct sample *samples = arena_allocate_zeroed(sampling->arena, room, sizeof *samples);
        if (!samples)
            return STATUS_NO_MEMORY;
        if (sampling->count > 0)
            memcpy(samples, sampling->samples, sampling->count * sizeof *samples);
        sampling->samples = samples;
        sampling->room = room;
    }
    struct span kept = arena_copy(sampling->arena, row);
    if (kept.size != row.size)
        return STATUS_NO_MEMORY;
    sampling->samples[sampling->count++] = (struct sample){kept, bytes};
    return STATUS_OK;
}

static enum status visit(void *context, const struct block_visit *visit, struct error *error)
{
    struct sampling *sampling = context;
    (void)error;
    if (visit->kind != BLOCK_DATA)
        return STATUS_OK;
    sampling->gathered += visit->handle.size;
    if (sampling->gathered < sampling->step)
        return STATUS_OK;
    uint64_t bytes = sampling->gathered;
    sampling->gathered = 0;
    return add(sampling, visit->start->row, bytes);
}

static enum status sample_memtable(struct sampling *sampling, const struct memtable *memtable)
{
    struct span rows[MEMTABLE_SAMPLES];
    size_t count = memtable_sample_rows(memtable, rows, MEMTABLE_SAMPLES);
    enum status status = STATUS_OK;
    for (size_t i = 0; i < count && !status; i++)
        status = add(sampling, rows[i], memtable_used_bytes(memtable) / count + 1);
    return status;
}

static enum status sample_family(
    struct sampling *sampling, const struct version_family *family, struct error *error)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; i < family->file_count && !status; i++) {
        sampling->step = family->files[i]->entry.size_bytes / FILE_SAMPLES;
        sampling->gathered = 0;
        status = sstable_walk_blocks(family->files[i]->table, visit, sampling, NULL, error);
    }
    for (size_t i = 0; i < family->frozen_count && !status; i++)
        status = sample_memtable(sampling, family->frozen[i]);
    if (family->active && !status)
        status = sample_memtable(sampling, family->active);
    return status;
}

static int by_row(const void *a, const void *b)
{
    return span_compare(((const struct sample *)a)->row, ((const struct sample *)b)->row);
}

/* The rows at which each part is full. */
static size_t pick(const struct sampling *sampling, size_t parts, struct span *out_rows)
{
    uint64_t total = 0, seen = 0;
    size_t count = 0;
    for (size_t i = 0; i < sampling->count; i++)
        total += sampling->samples[i].bytes;
    for (size_t i = 0; i < sampling->count && count + 1 < parts; i++) {
        struct span row = sampling->samples[i].row;
        bool is_new = count > 0 ? span_compare(out_rows[count - 1], row) < 0
                                : !span_equal(row, sampling->tablet->info.start_row);
        if (is_new && seen >= total / parts * (count + 1))
            out_rows[count++] = row;
        seen += sampling->samples[i].bytes;
    }
    return count;
}

enum status tablet_data_bounds(struct tablet *tablet, size_t parts, struct arena *arena,
    struct span **out_rows, size_t *out_count, struct error *error)
{
    uint64_t ignored;
    struct sampling sampling = {.tablet = tablet, .arena = arena};
    struct version *version = tablet_snapshot(tablet, &ignored);
    enum status status = STATUS_OK;
    for (size_t i = 0; i < version->family_count && !status; i++)
        status = sample_family(&sampling, &version->families[i], error);
    version_unref(version);
    struct span *rows = arena_allocate_zeroed(arena, parts, sizeof *rows);
    if (status == STATUS_NO_MEMORY || !rows)
        return error_set(error, STATUS_NO_MEMORY, "no memory for the bounds of a tablet's data");
    if (status)
        return status;
    if (sampling.count > 0)
        qsort(sampling.samples, sampling.count, sizeof *sampling.samples, by_row);
    *out_count = pick(&sampling, parts, rows);
    *out_rows = rows;
    return STATUS_OK;
}
