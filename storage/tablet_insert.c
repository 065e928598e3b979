/* Cells into memtables: the one writer of a tablet's memtables, on the log thread while it serves, on
 * the worker that opens it before (write_step.h, tablet_open.c). */
#include "storage/write_step.h"

#include <stdlib.h>

#include "base/pause.h"

enum {
    SORTED_OPERATIONS_MIN = 32, /* steps of fewer are inserted as they came */
    PREFETCH_STEP = 8,          /* operations between one look ahead and the next */
    GATHERINGS = 4,             /* families whose cells are gathered side by side */
};

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
        shared.size = memtable_shared_size(span_common(shared, cell->row), cell->row);
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

/* The active memtable of a family gives way to one of the same cells that is told better what its rows begin with. Readers on the
 * old one go on there: all that their read point shows is in it. Without memory it stays. */
static void share_active(
    struct tablet *tablet, const struct version_family *family, struct span shared)
{
    struct memtable *made = memtable_remake(family->active, shared);
    struct version *old = NULL;
    if (!made)
        return;
    mutex_lock(&tablet->mutex);
    struct version *version = version_copy(tablet->version, 0, 0);
    struct version_family *place = version ? version_find_family(version, family->schema->name)
                                           : NULL;
    if (place && place->active == family->active) {
        place->active = made;
        made = family->active; /* the copy's reference */
        old = tablet_publish_locked(tablet, version);
        version = NULL;
    }
    mutex_unlock(&tablet->mutex);
    memtable_unref(made);
    version_unref(version);
    version_unref(old);
}

static struct version_family *renew_version(
    struct tablet *tablet, struct version **version, struct span name)
{
    uint64_t ignored;
    version_unref(*version);
    *version = tablet_snapshot(tablet, &ignored);
    return version_find_family(*version, name);
}

/* The family's active memtable, made or told better what its rows begin with where that is due; *version is renewed then. NULL:
 * *out_status says why. */
static struct memtable *active_for(struct tablet *tablet, struct version **version,
    const struct cell *cell, struct span shared, enum status *out_status)
{
    struct version_family *family = version_find_family(*version, cell->family);
    struct span now_shared;
    *out_status = STATUS_OK;
    if (family && !family->active) {
        *out_status = make_active(tablet, cell, shared);
        if (*out_status)
            return NULL;
        family = renew_version(tablet, version, cell->family);
    } else if (family && memtable_should_share(family->active, shared, &now_shared)) {
        share_active(tablet, family, now_shared);
        family = renew_version(tablet, version, cell->family);
    }
    if (!family)
        *out_status = STATUS_NO_FAMILY;
    return family ? family->active : NULL;
}

enum status tablet_insert(struct tablet *tablet, struct version **version, const struct cell *cell,
    uint64_t sequence, struct span shared)
{
    enum status status;
    struct memtable *active = active_for(tablet, version, cell, shared, &status);
    return active ? memtable_add(active, cell, sequence) : status;
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
    return step->order ? step->order[i].payload : i;
}

/* Its cells are warmed with those of the steps beside it. Larger ones' are looked up together as they are added. */
static bool is_small(const struct write_step *step)
{
    return step_cells(step) < MEMTABLE_TOGETHER / 2;
}

/* Cells of one memtable that go into it together, or are warmed for it. */
struct gathering {
    struct memtable *memtable;
    const struct cell *cells[MEMTABLE_TOGETHER];
    uint64_t sequences[MEMTABLE_TOGETHER];
    size_t count;
};

static void warm_gathered(struct gathering *gathering)
{
    if (gathering->count > 1)
        memtable_warm(gathering->memtable, gathering->cells, gathering->count);
    gathering->count = 0;
}

static void warm_step(
    struct gathering *gathering, struct version *version, const struct write_step *step)
{
    for (size_t i = 0; i < step->operation_count; i++) {
        for (size_t j = 0; j < step->operations[i].cell_count; j++) {
            const struct cell *cell = &step->operations[i].cells[j];
            const struct version_family *family = version_find_family(version, cell->family);
            if (!family || !family->active)
                continue; /* the insert will say so, or make one */
            if (gathering->count == MEMTABLE_TOGETHER || gathering->memtable != family->active)
                warm_gathered(gathering);
            gathering->memtable = family->active;
            gathering->cells[gathering->count++] = cell;
        }
    }
}

void write_steps_warm(const struct write_step *const steps[], size_t count)
{
    uint64_t ignored;
    struct version *version = tablet_snapshot(steps[0]->run->tablet, &ignored);
    struct gathering gathering = {0};
    for (size_t i = 0; i < count; i++) {
        if (is_small(steps[i]))
            warm_step(&gathering, version, steps[i]);
    }
    warm_gathered(&gathering);
    version_unref(version);
}

void write_step_sort(struct write_step *step)
{
    size_t count = step->operation_count;
    if (count < SORTED_OPERATIONS_MIN || step->order ||
        step->run->tablet->row_order != ROW_ORDER_BYTES)
        return;
    struct radix_item *order = arena_allocate(step->run->write->arena, 2 * count * sizeof(*order));
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
        order[i] = (struct radix_item){load_be64(behind), i};
    }
    radix_sort_items(order, order + count, count);
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

/* A step being inserted. */
struct insertion {
    struct write_step *step;
    struct version *version;
    struct gathering gatherings[GATHERINGS]; /* one a family, for so many families */
    size_t next;                             /* to be emptied, when another family comes */
};

static void add_gathered(struct insertion *insertion, struct gathering *gathering)
{
    if (gathering->count > 0 && memtable_add_all(gathering->memtable, gathering->cells,
                                    gathering->sequences, gathering->count) == STATUS_NO_MEMORY)
        end_without_memory(insertion->step->run->tablet);
    gathering->count = 0;
    memtable_unref(gathering->memtable);
    gathering->memtable = NULL;
}

/* The gathering of the cell's family. NULL: the family is gone. A memtable gives way only while nothing is gathered for it. */
static struct gathering *gathering_for(struct insertion *insertion, const struct cell *cell)
{
    for (size_t i = 0; i < GATHERINGS; i++) {
        struct gathering *gathering = &insertion->gatherings[i];
        if (gathering->count > 0 && span_equal(gathering->cells[0]->family, cell->family))
            return gathering;
    }
    struct gathering *gathering = &insertion->gatherings[insertion->next];
    insertion->next = (insertion->next + 1) % GATHERINGS;
    add_gathered(insertion, gathering);
    pause_point("insert.family.before");
    struct write_step *step = insertion->step;
    enum status status;
    struct memtable *active = active_for(
        step->run->tablet, &insertion->version, cell, step->shared, &status);
    if (status == STATUS_NO_MEMORY)
        end_without_memory(step->run->tablet);
    if (!active)
        return NULL;
    /* Held: its family may be dropped, and then only the version knew it, which the next family's renews. */
    gathering->memtable = memtable_ref(active);
    return gathering;
}

static void insert_cell(struct insertion *insertion, const struct cell *cell, uint64_t sequence)
{
    struct gathering *gathering = gathering_for(insertion, cell);
    if (!gathering)
        return;
    gathering->cells[gathering->count] = cell;
    gathering->sequences[gathering->count++] = sequence;
    if (gathering->count == MEMTABLE_TOGETHER)
        add_gathered(insertion, gathering);
}

/* What the operations after the i-th are inserted from was last written by other threads, and lies in no order: asks for it step by
 * step, each as soon as the one that leads there has come. */
static void prefetch_ahead(const struct write_step *step, size_t i)
{
    size_t last = step->operation_count - 1;
    size_t far = i + 3 * PREFETCH_STEP, near = i + 2 * PREFETCH_STEP, next = i + PREFETCH_STEP;
    if (far <= last)
        __builtin_prefetch(&step->operations[step_place(step, far)]);
    if (near <= last)
        __builtin_prefetch(step->operations[step_place(step, near)].cells);
    if (next <= last && step->operations[step_place(step, next)].cell_count > 0) {
        const struct cell *cell = step->operations[step_place(step, next)].cells;
        __builtin_prefetch(cell->row.data);
        __builtin_prefetch(cell->value.data);
    }
}

void write_step_insert(struct write_step *step)
{
    struct tablet *tablet = step->run->tablet;
    uint64_t ignored;
    struct insertion insertion = {.step = step, .version = tablet_snapshot(tablet, &ignored)};
    for (size_t i = 0; i < step->operation_count; i++) {
        size_t place = step_place(step, i);
        const struct step_operation *operation = &step->operations[place];
        prefetch_ahead(step, i);
        for (size_t j = 0; j < operation->cell_count; j++)
            insert_cell(&insertion, &operation->cells[j], step->entry.sequence + place);
    }
    for (size_t i = 0; i < GATHERINGS; i++)
        add_gathered(&insertion, &insertion.gatherings[i]);
    atomic_store_explicit(&tablet->appended_sequence,
        step->entry.sequence + step->entry.sequence_count - 1, memory_order_release);
    atomic_fetch_add_explicit(
        &tablet->counters.cells_written, step_cells(step), memory_order_relaxed);
    if (active_bytes(insertion.version) >= flush_bytes(insertion.version))
        tablet_ask_own_flush(tablet);
    version_unref(insertion.version);
}
