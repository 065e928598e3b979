/* Cells into memtables: the one writer of a tablet's memtables, on the log thread while it serves, on
 * the worker that opens it before (write_step.h, tablet_open.c). */
#include "storage/write_step.h"

#include <stdlib.h>

/* Steps of fewer operations are inserted as they came. */
enum { SORTED_OPERATIONS_MIN = 32 };

/* What the family's next rows will probably begin with: what its newest cells do or, when it has none, the step that brings
 * the first. Borrowed. */
static struct span expect_shared(const struct version_family *family, struct span step_shared)
{
    if (family->frozen_count > 0)
        return memtable_shared_row(family->frozen[0]);
    if (family->file_count == 0)
        return step_shared;
    const struct sstable_properties *properties = sstable_get_properties(
        family->files[family->file_count - 1]->table);
    struct span row = properties->first_row;
    row.size = span_common(row, properties->last_row);
    return row;
}

/* The active memtable of the cell's family, made when there is none. The log thread is the only writer. */
static enum status make_active(
    struct tablet *tablet, const struct cell *cell, struct span step_shared)
{
    struct version *old = NULL;
    enum status status = STATUS_NO_MEMORY;
    mutex_lock(&tablet->mutex);
    struct version *version = version_copy(tablet->version, 0, 0);
    struct version_family *place = version ? version_find_family(version, cell->family) : NULL;
    if (place) {
        /* Not what the first row says otherwise: keys that rise have left it behind. */
        struct span shared = expect_shared(place, step_shared);
        shared.size = span_common(shared, cell->row);
        place->active = memtable_new(
            tablet->store->memtable_memory, place->schema->name, tablet->row_order, shared);
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

enum status tablet_insert(struct tablet *tablet, struct version **version, const struct cell *cell,
    uint64_t sequence, struct span shared)
{
    struct version_family *family = version_find_family(*version, cell->family);
    if (!family)
        return STATUS_NO_FAMILY;
    if (!family->active) {
        enum status status = make_active(tablet, cell, shared);
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

/* Cells of one memtable that will be added next. */
struct warming {
    const struct memtable *memtable;
    const struct cell *cells[MEMTABLE_WARM_CELLS];
    size_t count;
};

static void warming_end(struct warming *warming)
{
    if (warming->count > 1)
        memtable_warm(warming->memtable, warming->cells, warming->count);
    warming->count = 0;
}

static void warming_add(struct warming *warming, struct version *version, const struct cell *cell)
{
    const struct version_family *family = version_find_family(version, cell->family);
    if (!family || !family->active)
        return; /* the insert will say so, or make one */
    if (warming->count == MEMTABLE_WARM_CELLS || warming->memtable != family->active)
        warming_end(warming);
    warming->memtable = family->active;
    warming->cells[warming->count++] = cell;
}

static size_t step_cells(const struct write_step *step)
{
    size_t cells = 0;
    for (size_t i = 0; i < step->operation_count; i++)
        cells += step->operations[i].cell_count;
    return cells;
}

/* Which operation is inserted as the i-th. */
static size_t step_place(const struct write_step *step, size_t i)
{
    return step->order ? step->order[i].operation : i;
}

/* The cells of operations from `begin` on, as many as are warmed at once. Returns the first operation that is left. */
static size_t warm_operations(
    struct warming *warming, struct version *version, const struct write_step *step, size_t begin)
{
    size_t cells = 0, i = begin;
    for (; i < step->operation_count && cells < MEMTABLE_WARM_CELLS; i++) {
        const struct step_operation *operation = &step->operations[step_place(step, i)];
        for (size_t j = 0; j < operation->cell_count && cells < MEMTABLE_WARM_CELLS; j++, cells++)
            warming_add(warming, version, &operation->cells[j]);
    }
    return i;
}

/* Larger steps warm their cells themselves, a few before each few they insert. */
static bool is_small(const struct write_step *step)
{
    return step_cells(step) < MEMTABLE_WARM_CELLS / 2;
}

void write_steps_warm(const struct write_step *const steps[], size_t count)
{
    uint64_t ignored;
    struct version *version = tablet_snapshot(steps[0]->run->tablet, &ignored);
    struct warming warming = {0};
    for (size_t i = 0; i < count; i++) {
        if (is_small(steps[i]))
            warm_operations(&warming, version, steps[i], 0);
    }
    warming_end(&warming);
    version_unref(version);
}

static int compare_places(const void *a, const void *b)
{
    const struct step_place *left = a, *right = b;
    if (left->prefix != right->prefix)
        return left->prefix < right->prefix ? -1 : 1;
    return left->operation < right->operation ? -1 : left->operation > right->operation;
}

void write_step_sort(struct write_step *step)
{
    size_t count = step->operation_count;
    if (count < SORTED_OPERATIONS_MIN || step->order ||
        step->run->tablet->row_order != ROW_ORDER_BYTES)
        return;
    struct step_place *order = arena_allocate(step->run->write->arena, count * sizeof(*order));
    if (!order)
        return; /* then as they came */
    struct span shared = step->operations[0].operation->row;
    for (size_t i = 1; i < count; i++)
        if (!span_starts_with(step->operations[i].operation->row, shared))
            shared.size = span_common(shared, step->operations[i].operation->row);
    for (size_t i = 0; i < count; i++) {
        struct span row = step->operations[i].operation->row;
        uint8_t behind[8] = {0};
        size_t left = row.size - shared.size;
        memcpy(behind, row.data + shared.size, left < sizeof behind ? left : sizeof behind);
        order[i] = (struct step_place){load_be64(behind), (uint32_t)i};
    }
    qsort(order, count, sizeof(*order), compare_places);
    step->order = order;
    step->shared = shared;
}

/* It has its place in the log; there is no way back. */
static void end_without_memory(struct tablet *tablet)
{
    struct error error;
    error_set(&error, STATUS_NO_MEMORY, "no memory for a cell that is in the log");
    store_fatal(tablet->store, &error);
}

void write_step_insert(struct write_step *step)
{
    struct tablet *tablet = step->run->tablet;
    uint64_t ignored;
    struct version *version = tablet_snapshot(tablet, &ignored);
    size_t warm_end = is_small(step) ? step->operation_count : 0;
    struct warming warming = {0};
    for (size_t i = 0; i < step->operation_count; i++) {
        if (i == warm_end) {
            warm_end = warm_operations(&warming, version, step, i);
            warming_end(&warming);
        }
        size_t place = step_place(step, i);
        const struct step_operation *operation = &step->operations[place];
        for (size_t j = 0; j < operation->cell_count; j++) {
            enum status status = tablet_insert(
                tablet, &version, &operation->cells[j], step->entry.sequence + place, step->shared);
            if (status == STATUS_NO_MEMORY)
                end_without_memory(tablet);
        }
    }
    atomic_store_explicit(&tablet->appended_sequence,
        step->entry.sequence + step->entry.sequence_count - 1, memory_order_release);
    atomic_fetch_add_explicit(
        &tablet->counters.cells_written, step_cells(step), memory_order_relaxed);
    if (active_bytes(version) >= flush_bytes(version))
        tablet_ask_own_flush(tablet);
    version_unref(version);
}
