/* Replay: what the logs of the dead hold of a tablet beyond its SSTables, into memtables (recovery.h
 * says which records).
 *
 * In bulk: cells are gathered, sorted, and then added in their order, which costs a memtable no search
 * (memtable.h); a run ends at REPLAY_RUN_BYTES, so that little is held twice. */
#include <stdlib.h>

#include "base/log_lines.h"
#include "base/memory.h"
#include "storage/cell_batch.h"
#include "storage/tablet.h"

#define REPLAY_RUN_BYTES (32u << 20)

static enum status no_memory(const char *tablet_id, struct error *error)
{
    return error_set(error, STATUS_NO_MEMORY, "tablet %s: no memory to open it", tablet_id);
}

static uint64_t least_flushed_sequence(const struct version *version)
{
    uint64_t least = UINT64_MAX;
    for (size_t i = 0; i < version->family_count; i++) {
        if (version->families[i].flushed_sequence < least)
            least = version->families[i].flushed_sequence;
    }
    return version->family_count > 0 ? least : 0;
}

/* A gathered cell; what it points at lies in the run's arena. */
struct gathered {
    uint64_t prefix; /* first eight bytes of the row, when rows compare as bytes */
    struct cell cell;
};

/* Its place in the order: most comparisons touch no cell. */
struct place {
    uint64_t prefix;
    const struct gathered *gathered; /* of two alike, the later lies behind */
};

struct replay {
    struct tablet *tablet;
    struct version *version; /* referenced */
    uint64_t last_sequence;
    uint64_t records;
    bool is_plain_order;
    struct arena arena; /* bytes of the gathered */
    size_t gathered_bytes;
    struct gathered *cells;
    size_t count;
    size_t capacity;
};

/* ---- Gathering ---- */

static uint64_t row_prefix(struct span row)
{
    uint8_t bytes[8] = {0};
    if (row.size)
        memcpy(bytes, row.data, row.size < 8 ? row.size : 8);
    return load_be64(bytes);
}

/* A copy of the cell's bytes in one piece. */
static bool copy_cell(struct arena *arena, struct cell *cell, size_t bytes)
{
    uint8_t *to = arena_allocate(arena, bytes + 1);
    struct span *spans[] = {&cell->row, &cell->qualifier, &cell->value, &cell->tags};
    if (!to)
        return false;
    for (size_t i = 0; i < sizeof(spans) / sizeof(spans[0]); i++) {
        if (spans[i]->size)
            memcpy(to, spans[i]->data, spans[i]->size);
        spans[i]->data = to;
        to += spans[i]->size;
    }
    return true;
}

static enum status insert_gathered(struct replay *replay, struct error *error);

/* The family's name is the schema's, which stays. */
static enum status gather(struct replay *replay, const struct version_family *family,
    const struct cell *cell, uint64_t sequence, struct error *error)
{
    if (!memory_grow(&replay->cells, replay->count, &replay->capacity, sizeof *replay->cells))
        return no_memory(replay->tablet->info.id, error);
    size_t bytes = cell->row.size + cell->qualifier.size + cell->value.size + cell->tags.size;
    struct gathered *gathered = &replay->cells[replay->count];
    *gathered = (struct gathered){.cell = *cell};
    gathered->cell.family = family->schema->name;
    gathered->cell.sequence = sequence;
    if (!copy_cell(&replay->arena, &gathered->cell, bytes))
        return no_memory(replay->tablet->info.id, error);
    gathered->prefix = replay->is_plain_order ? row_prefix(gathered->cell.row) : 0;
    replay->count++;
    replay->gathered_bytes += bytes + sizeof(*gathered);
    return replay->gathered_bytes < REPLAY_RUN_BYTES ? STATUS_OK : insert_gathered(replay, error);
}

/* ---- Adding ---- */

static int compare_places(const void *a, const void *b, void *row_order)
{
    const struct place *left = a;
    const struct place *right = b;
    if (left->prefix != right->prefix)
        return left->prefix < right->prefix ? -1 : 1;
    int order = cell_compare(
        *(const enum row_order *)row_order, &left->gathered->cell, &right->gathered->cell);
    return order ? order
                 : (left->gathered < right->gathered ? -1 : left->gathered > right->gathered);
}

/* Families are mixed in a run; each memtable gets its own in order. */
static enum status insert_gathered(struct replay *replay, struct error *error)
{
    enum status status = STATUS_OK;
    struct place *places = memory_allocate_zeroed(replay->count + 1, sizeof(*places));
    if (!places)
        return no_memory(replay->tablet->info.id, error);
    for (size_t i = 0; i < replay->count; i++)
        places[i] = (struct place){replay->cells[i].prefix, &replay->cells[i]};
    qsort_r(places, replay->count, sizeof(*places), compare_places, &replay->tablet->row_order);
    struct span shared = SPAN_EMPTY;
    if (!status && replay->count > 0) {
        shared = places[0].gathered->cell.row;
        shared.size = span_common(shared, places[replay->count - 1].gathered->cell.row);
    }
    for (size_t i = 0; i < replay->count && status == STATUS_OK; i++) {
        const struct cell *cell = &places[i].gathered->cell;
        status = tablet_insert(replay->tablet, &replay->version, cell, cell->sequence, shared);
    }
    memory_free(places);
    arena_deinit(&replay->arena);
    replay->count = 0;
    replay->gathered_bytes = 0;
    return status ? error_set(error, status, "replay: %s", status_name(status)) : STATUS_OK;
}

/* ---- Records ---- */

static enum status replay_operation(
    struct replay *replay, struct cell_batch *batch, uint64_t sequence, struct error *error)
{
    enum status status;
    struct cell cell;
    while ((status = cell_batch_next_cell(batch, &cell, error)) == STATUS_OK) {
        const struct version_family *family = version_find_family(replay->version, cell.family);
        if (!family || sequence <= family->flushed_sequence)
            continue;
        status = gather(replay, family, &cell, sequence, error);
        if (status)
            return status;
    }
    return status == STATUS_END ? STATUS_OK : status;
}

static enum status replay_record(
    void *context, const struct log_record *record, struct error *error)
{
    struct replay *replay = context;
    struct tablet *tablet = replay->tablet;
    struct cell_batch batch;
    enum status status = cell_batch_open(record->body, &batch, error);
    while (!status && (status = cell_batch_next_operation(&batch, error)) == STATUS_OK) {
        status = replay_operation(replay, &batch, record->sequence + batch.operation, error);
        if (!status && batch.nonce != 0 &&
            !nonce_table_add(&tablet->nonces, batch.nonce_group, batch.nonce, record->written_ms))
            status = no_memory(tablet->info.id, error);
    }
    if (status != STATUS_END)
        return status;
    tablet_note_timestamp(tablet, batch.clock_ms);
    uint64_t last = record->sequence + (record->sequence_count ? record->sequence_count - 1 : 0);
    if (last > replay->last_sequence)
        replay->last_sequence = last;
    replay->records++;
    return STATUS_OK;
}

enum status tablet_replay(struct tablet *tablet, uint64_t *last_sequence, struct error *error)
{
    struct manifest *manifest = &tablet->manifest;
    struct manifest_dead_log *logs;
    size_t count;
    enum status status = recovery_list(tablet->store, manifest,
        least_flushed_sequence(tablet->version) + 1, &tablet->arena, &logs, &count, error);
    if (status)
        return status;
    uint64_t ignored;
    uint64_t started_ns = env_monotonic_ns(tablet->store->env);
    struct replay replay = {.tablet = tablet,
        .version = tablet_snapshot(tablet, &ignored),
        .last_sequence = *last_sequence,
        .is_plain_order = tablet->row_order == ROW_ORDER_BYTES};
    for (size_t i = 0; !status && i < count; i++)
        status = recovery_replay(
            tablet->store, tablet->info.id, &logs[i], replay_record, &replay, error);
    if (!status)
        status = insert_gathered(&replay, error);
    version_unref(replay.version);
    arena_deinit(&replay.arena);
    memory_free(replay.cells);
    if (status)
        return error_prefix(error, status, "replay tablet %s", tablet->info.id);
    if (replay.records > 0)
        log_line(LOG_INFO, "tablet.replay", "tablet=%s records=%llu ms=%llu", tablet->info.id,
            (unsigned long long)replay.records,
            (unsigned long long)((env_monotonic_ns(tablet->store->env) - started_ns) / 1000000));
    manifest->dead_logs = logs;
    manifest->dead_log_count = count;
    *last_sequence = replay.last_sequence;
    tablet->replayed_sequence = count > 0 ? replay.last_sequence : 0;
    return STATUS_OK;
}
