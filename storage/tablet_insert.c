/* Cells into memtables: the one writer of a tablet's memtables, on the log thread while it serves, on
 * the worker that opens it before (write_step.h, tablet_open.c). */
#include "storage/write_step.h"

/* The active memtable of the family, made when there is none. The log thread is the only writer. */
static enum status make_active(struct tablet *tablet, struct span family)
{
    struct version *old = NULL;
    enum status status = STATUS_NO_MEMORY;
    mutex_lock(&tablet->mutex);
    struct version *version = version_copy(tablet->version, 0, 0);
    struct version_family *place = version ? version_find_family(version, family) : NULL;
    if (place) {
        place->active = memtable_new(
            tablet->store->memtable_memory, place->schema->name, tablet->row_order);
        if (place->active) {
            place->active_since_ns = env_monotonic_ns(tablet->store->env);
            old = tablet_publish_locked(tablet, version);
            status = STATUS_OK;
        }
    } else if (version) {
        status = STATUS_NO_FAMILY;
    }
    mutex_unlock(&tablet->mutex);
    version_unref(status ? version : old);
    return status;
}

enum status tablet_insert(
    struct tablet *tablet, struct version **version, const struct cell *cell, uint64_t sequence)
{
    struct version_family *family = version_find_family(*version, cell->family);
    if (!family)
        return STATUS_NO_FAMILY;
    if (!family->active) {
        enum status status = make_active(tablet, cell->family);
        if (status)
            return status;
        uint64_t ignored;
        version_unref(*version);
        *version = tablet_snapshot(tablet, &ignored);
        family = version_find_family(*version, cell->family);
        if (!family)
            return STATUS_NO_FAMILY;
    }
    return memtable_add(family->active, cell, sequence);
}

static uint64_t active_bytes(const struct version *version)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < version->family_count; i++) {
        if (version->families[i].active)
            bytes += memtable_used_bytes(version->families[i].active);
    }
    return bytes;
}

static uint64_t flush_bytes(const struct version *version)
{
    return version->schema->memtable_flush_bytes > 0
               ? (uint64_t)version->schema->memtable_flush_bytes
               : TABLET_FLUSH_BYTES;
}

void write_step_insert(struct write_step *step)
{
    struct tablet *tablet = step->run->tablet;
    uint64_t ignored;
    uint64_t cells = 0;
    struct version *version = tablet_snapshot(tablet, &ignored);
    for (size_t i = 0; i < step->operation_count; i++) {
        const struct step_operation *operation = &step->operations[i];
        for (size_t j = 0; j < operation->cell_count; j++) {
            enum status status = tablet_insert(
                tablet, &version, &operation->cells[j], step->entry.sequence + i);
            if (status == STATUS_NO_MEMORY) {
                /* It has its place in the log; there is no way back. */
                struct error error;
                error_set(&error, status, "no memory for a cell that is in the log");
                store_fatal(tablet->store, &error);
            }
        }
        cells += operation->cell_count;
    }
    atomic_store_explicit(&tablet->appended_sequence,
        step->entry.sequence + step->entry.sequence_count - 1, memory_order_release);
    atomic_fetch_add_explicit(&tablet->counters.cells_written, cells, memory_order_relaxed);
    if (active_bytes(version) >= flush_bytes(version))
        tablet_ask_own_flush(tablet);
    version_unref(version);
}
