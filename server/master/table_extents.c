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
    for (; extents && count < table->tablet_count; count++) {
        const struct assigned_tablet *one = table->tablets[count];
        extents[count] = (struct heat_extent){.start = arena_copy(arena, one->info.start_row),
            .end = arena_copy(arena, one->info.end_row),
            .bytes = 1 + (double)one->info.sstable_bytes + (double)one->load[VIEW_MEMORY]};
    }
    mutex_unlock(&catalogue->mutex);
    *out_extents = extents;
    return count;
}
