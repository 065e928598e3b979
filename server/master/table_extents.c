#include "server/master/table_extents.h"

size_t table_extents_list(struct catalogue *catalogue, struct span table_name, struct arena *arena,
    struct heat_extent **out_extents)
{
    size_t count = 0;
    struct heat_extent *extents = NULL;
    mutex_lock(&catalogue->mutex);
    const struct catalogue_table *table = catalogue_find_locked(catalogue, table_name);
    if (table && table->tablet_count <= TABLE_EXTENTS_MOST)
        extents = arena_allocate_zeroed(arena, table->tablet_count, sizeof *extents);
    bool is_whole = true;
    for (; extents && is_whole && count < table->tablet_count; count++) {
        const struct assigned_tablet *one = table->tablets[count];
        /* nearly always one begins where the one before it ends */
        bool is_next = count > 0 && span_equal(extents[count - 1].end, one->info.start_row);
        extents[count] = (struct heat_extent){
            .start = is_next ? extents[count - 1].end : arena_copy(arena, one->info.start_row),
            .end = arena_copy(arena, one->info.end_row),
            .bytes = 1 + (double)one->size_bytes};
        is_whole = extents[count].start.size == one->info.start_row.size &&
                   extents[count].end.size == one->info.end_row.size;
    }
    mutex_unlock(&catalogue->mutex);
    *out_extents = extents;
    return is_whole ? count : 0; /* a key that could not be copied would be an end of the table */
}
