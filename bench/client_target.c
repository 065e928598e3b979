#include "bench/client_target.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"

#define COUNTER "count"

/* What a batch is put together in; libstele copies it. */
struct batch_room {
    struct stele_get gets[BATCH_ROWS_MOST];
    struct stele_mutation mutations[BATCH_ROWS_MOST];
    struct stele_action actions[BATCH_ROWS_MOST];
    uint8_t keys[BATCH_ROWS_MOST][KEY_SIZE_MOST];
};

bool target_init(struct target *target, const struct driver_plan *plan, size_t thread,
    target_done_function *done, void *context)
{
    target->plan = plan;
    target->done = done;
    target->context = context;
    for (uint32_t i = 0; i < plan->workload->columns; i++) {
        if (plan->workload->columns == 1)
            snprintf(target->columns[i], sizeof target->columns[i], "%s", plan->qualifier);
        else
            snprintf(target->columns[i], sizeof target->columns[i], "%.20s%u", plan->qualifier, i);
    }
    if (plan->workload->batch_rows > 1) {
        target->room = memory_allocate(sizeof *target->room);
        target->cells = memory_allocate(
            (size_t)plan->workload->batch_rows * plan->workload->columns * sizeof *target->cells);
        if (!target->room || !target->cells)
            return false;
    }
    return workload_stream_init(&target->stream, plan->workload, thread, plan->threads);
}

void target_deinit(struct target *target)
{
    memory_free(target->room);
    memory_free(target->cells);
    workload_stream_deinit(&target->stream);
}

/* ---- Ends ---- */

static void finish(struct target_slot *slot, const struct stele_error *error)
{
    if (error->status == STELE_OK || error->status == STELE_END)
        workload_acknowledge(slot->target->plan->workload, slot->slot.operation, slot->slot.rows);
    slot->target->done(slot->target->context, &slot->slot, error);
}

static uint64_t value_bytes(const struct stele_result *result)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < result->cell_count; i++)
        bytes += result->cells[i].value.size;
    return bytes;
}

static void on_result(void *context, const struct stele_error *error,
    const struct stele_result *result, bool is_processed)
{
    struct target_slot *slot = context;
    slot->slot.bytes += result ? value_bytes(result) : 0;
    bool is_conditional = slot->slot.operation == OPERATION_CHECK_AND_PUT ||
                          slot->slot.operation == OPERATION_CHECK_AND_DELETE;
    if ((is_conditional && !is_processed) ||
        (slot->slot.operation == OPERATION_READ && error->status == STELE_OK &&
            result->cell_count == 0))
        slot->slot.missing++;
    finish(slot, error);
}

static void on_batch(
    void *context, const struct stele_error *error, const struct stele_batch *batch)
{
    struct target_slot *slot = context;
    for (size_t i = 0; batch && slot->slot.operation == OPERATION_READ && i < batch->count; i++) {
        const struct stele_outcome *outcome = &batch->outcomes[i];
        slot->slot.bytes += value_bytes(&outcome->result);
        slot->slot.missing += !outcome->error && outcome->result.cell_count == 0;
    }
    finish(slot, error);
}

static void on_rows(void *context, const struct stele_error *error,
    const struct stele_result *results, size_t count)
{
    struct target_slot *slot = context;
    if (error->status == STELE_OK) {
        slot->slot.rows += count;
        for (size_t i = 0; i < count; i++)
            slot->slot.bytes += value_bytes(&results[i]);
        stele_scanner_next_async(slot->scanner, on_rows, slot);
        return;
    }
    stele_scanner_close(slot->scanner);
    slot->scanner = NULL;
    finish(slot, error);
}

static void on_located(
    void *context, const struct stele_error *error, const struct stele_region_list *list)
{
    struct target_slot *slot = context;
    slot->slot.rows = 1;
    slot->slot.missing += list && list->count == 0;
    finish(slot, error);
}

/* ---- Cells ---- */

/* A put of the row's columns, or of one of them; room for COLUMNS_MOST cells. */
static void fill_put(struct target_slot *slot, struct stele_bytes key, bool is_whole_row,
    struct stele_cell *cells, struct stele_mutation *out_mutation)
{
    struct target *target = slot->target;
    const struct driver_plan *plan = target->plan;
    uint32_t count = is_whole_row ? plan->workload->columns : 1;
    uint32_t first = is_whole_row ? 0 : workload_next_column(&target->stream);
    stele_mutation_init(out_mutation, STELE_PUT, key);
    for (uint32_t i = 0; i < count; i++) {
        struct span value = workload_next_value(&target->stream);
        cells[i] = (struct stele_cell){.family = plan->family,
            .qualifier = stele_text(target->columns[first + i]),
            .value = stele_bytes(value.data, value.size),
            .timestamp = STELE_LATEST,
            .type = STELE_CELL_PUT};
        slot->slot.bytes += value.size;
    }
    out_mutation->cells = cells;
    out_mutation->cell_count = count;
    out_mutation->durability = plan->durability;
    slot->slot.rows++;
}

static bool writes_whole_row(const struct target *target, enum operation operation)
{
    return workload_makes_row(target->plan->workload, operation);
}

static struct stele_bytes next_key(struct target_slot *slot, double now_s, uint8_t *key)
{
    size_t size = workload_next_key(&slot->target->stream, slot->slot.operation, now_s, key);
    return stele_bytes(key, size);
}

/* ---- Starts ---- */

static void start_get(struct target_slot *slot, struct stele_bytes key, stele_result_function *done)
{
    struct stele_get get;
    stele_get_init(&get, key);
    slot->slot.rows = 1;
    stele_get_async(slot->table, &get, done, slot);
}

static void start_put(struct target_slot *slot, struct stele_bytes key)
{
    struct stele_mutation mutation;
    struct stele_cell cells[COLUMNS_MOST];
    fill_put(slot, key, writes_whole_row(slot->target, slot->slot.operation), cells, &mutation);
    stele_mutate_async(slot->table, &mutation, on_result, slot);
}

static void on_read_half(void *context, const struct stele_error *error,
    const struct stele_result *result, bool is_processed)
{
    struct target_slot *slot = context;
    if (error->status != STELE_OK) {
        finish(slot, error);
        return;
    }
    (void)is_processed;
    slot->slot.bytes = value_bytes(result);
    slot->slot.rows = 0;
    start_put(slot, stele_bytes(slot->key, slot->key_size));
}

static void start_read_modify_write(struct target_slot *slot, struct stele_bytes key)
{
    memcpy(slot->key, key.data, key.size);
    slot->key_size = key.size;
    start_get(slot, key, on_read_half);
}

static void start_scan(struct target_slot *slot, struct stele_bytes key)
{
    const struct driver_plan *plan = slot->target->plan;
    struct stele_scan scan;
    uint64_t rows = workload_next_scan_rows(&slot->target->stream);
    stele_scan_init(&scan);
    scan.start_row = rows ? key : STELE_NO_BYTES; /* 0: the whole table */
    scan.limit = rows;
    scan.is_reversed = plan->is_scan_reversed;
    scan.read.filter = plan->scan_filter;
    slot->scanner = stele_scanner_open(slot->table, &scan);
    CHECK(slot->scanner);
    stele_scanner_next_async(slot->scanner, on_rows, slot);
}

/* An increment by one, or an append of a value. */
static void start_addition(struct target_slot *slot, struct stele_bytes key)
{
    struct target *target = slot->target;
    bool is_append = slot->slot.operation == OPERATION_APPEND;
    uint8_t one[8];
    struct stele_mutation mutation;
    struct stele_cell cell = {.family = target->plan->family,
        .qualifier = is_append ? stele_text(target->columns[0]) : STELE_TEXT(COUNTER),
        .timestamp = STELE_LATEST,
        .type = STELE_CELL_PUT};
    stele_store_i64(one, 1);
    struct span value = is_append ? workload_next_value(&target->stream)
                                  : span_make(one, sizeof one);
    cell.value = stele_bytes(value.data, value.size);
    stele_mutation_init(&mutation, is_append ? STELE_APPEND : STELE_INCREMENT, key);
    mutation.cells = &cell;
    mutation.cell_count = 1;
    mutation.durability = target->plan->durability;
    mutation.is_result_wanted = !is_append; /* the whole value would come back */
    slot->slot.rows = 1;
    stele_mutate_async(slot->table, &mutation, on_result, slot);
}

static void start_delete(struct target_slot *slot, struct stele_bytes key)
{
    struct stele_mutation mutation;
    stele_mutation_init(&mutation, STELE_DELETE, key);
    mutation.durability = slot->target->plan->durability;
    slot->slot.rows = 1;
    stele_mutate_async(slot->table, &mutation, on_result, slot);
}

/* A put or a delete if the row's first column is there. */
static void start_conditional(struct target_slot *slot, struct stele_bytes key)
{
    struct target *target = slot->target;
    struct stele_mutation mutation;
    struct stele_cell cells[COLUMNS_MOST];
    struct stele_condition condition;
    stele_condition_init(&condition);
    condition.family = target->plan->family;
    condition.qualifier = stele_text(target->columns[0]);
    condition.compare = STELE_NOT_EQUAL;
    if (slot->slot.operation == OPERATION_CHECK_AND_PUT) {
        fill_put(slot, key, false, cells, &mutation);
    } else {
        stele_mutation_init(&mutation, STELE_DELETE, key);
        mutation.durability = target->plan->durability;
        slot->slot.rows = 1;
    }
    stele_check_and_mutate_async(slot->table, &condition, &mutation, on_result, slot);
}

/* ---- Batches ---- */

static bool goes_in_batches(enum operation operation)
{
    return operation == OPERATION_READ || operation == OPERATION_UPDATE ||
           operation == OPERATION_INSERT || operation == OPERATION_DELETE;
}

static void start_batch(struct target_slot *slot, double now_s)
{
    struct target *target = slot->target;
    struct batch_room *room = target->room;
    const struct workload *workload = target->plan->workload;
    enum operation operation = slot->slot.operation;
    size_t count = workload->batch_rows;
    for (size_t i = 0; i < count; i++) {
        struct stele_bytes key = next_key(slot, now_s, room->keys[i]);
        if (key.size == 0) { /* the last batch of a fill */
            count = i;
            break;
        }
        if (operation == OPERATION_READ) {
            stele_get_init(&room->gets[i], key);
            room->actions[i] = (struct stele_action){&room->gets[i], NULL};
            slot->slot.rows++;
            continue;
        }
        if (operation == OPERATION_DELETE) {
            stele_mutation_init(&room->mutations[i], STELE_DELETE, key);
            room->mutations[i].durability = target->plan->durability;
            slot->slot.rows++;
        } else {
            fill_put(slot, key, writes_whole_row(target, operation),
                &target->cells[i * workload->columns], &room->mutations[i]);
        }
        room->actions[i] = (struct stele_action){NULL, &room->mutations[i]};
    }
    stele_batch_async(slot->table, room->actions, count, on_batch, slot);
}

void target_start(struct target *target, struct target_slot *slot, double now_s)
{
    uint8_t key[KEY_SIZE_MOST];
    slot->slot.operation = workload_next_operation(&target->stream);
    if (target->plan->workload->batch_rows > 1 && goes_in_batches(slot->slot.operation)) {
        start_batch(slot, now_s);
        return;
    }
    struct stele_bytes row = next_key(slot, now_s, key);
    switch (slot->slot.operation) {
    case OPERATION_SCAN:
        start_scan(slot, row);
        break;
    case OPERATION_READ_MODIFY_WRITE:
        start_read_modify_write(slot, row);
        break;
    case OPERATION_INCREMENT:
    case OPERATION_APPEND:
        start_addition(slot, row);
        break;
    case OPERATION_DELETE:
        start_delete(slot, row);
        break;
    case OPERATION_CHECK_AND_PUT:
    case OPERATION_CHECK_AND_DELETE:
        start_conditional(slot, row);
        break;
    case OPERATION_LOCATE:
        stele_locate_region_async(slot->client, target->plan->table, row, on_located, slot);
        break;
    case OPERATION_READ:
        start_get(slot, row, on_result);
        break;
    default:
        start_put(slot, row);
    }
}
