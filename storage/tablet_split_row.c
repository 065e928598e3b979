/* Where a tablet is best split: the middle of its largest SSTable, as HBase's midkey of the largest
 * store file of the largest store (facts: hbase-semantics 9). */
#include "storage/tablet.h"

static uint64_t family_bytes(const struct version_family *family)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < family->file_count; i++)
        bytes += family->files[i]->entry.size_bytes;
    return bytes;
}

/* NULL when there is no file at all. */
static const struct tablet_file *find_largest_file(const struct version *version)
{
    const struct version_family *largest_family = NULL;
    for (size_t i = 0; i < version->family_count; i++) {
        const struct version_family *family = &version->families[i];
        if (family->file_count > 0 &&
            (!largest_family || family_bytes(family) > family_bytes(largest_family)))
            largest_family = family;
    }
    const struct tablet_file *largest = NULL;
    for (size_t i = 0; largest_family && i < largest_family->file_count; i++) {
        const struct tablet_file *file = largest_family->files[i];
        if (!largest || file->entry.size_bytes > largest->entry.size_bytes)
            largest = file;
    }
    return largest;
}

enum status tablet_split_row(
    struct tablet *tablet, struct arena *arena, struct span *out_row, struct error *error)
{
    uint64_t ignored;
    struct version *version = tablet_snapshot(tablet, &ignored);
    const struct tablet_file *file = find_largest_file(version);
    struct buffer row = {0};
    enum status status = file ? sstable_middle_row(file->table, file->entry.start_row,
                                    file->entry.end_row, &row, error)
                              : STATUS_NOT_FOUND;
    version_unref(version);
    if (!status && (!tablet_contains_row(tablet, buffer_span(&row)) ||
                       span_equal(buffer_span(&row), tablet->info.start_row)))
        status = STATUS_NOT_FOUND;
    if (!status) {
        *out_row = arena_copy(arena, buffer_span(&row));
        if (!out_row->data)
            status = error_set(error, STATUS_NO_MEMORY, "no memory for a split row");
    }
    buffer_deinit(&row);
    return status;
}
