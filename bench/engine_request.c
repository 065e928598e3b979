#include "bench/engine_request.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"

#define COUNTER "count"

bool engine_request_init(struct engine_request *request, const struct engine_plan *plan,
    struct workload_stream *stream, engine_request_done *done, void *context)
{
    uint32_t columns = plan->workload->columns;
    *request = (struct engine_request){.plan = plan,
        .stream = stream,
        .done = done,
        .context = context,
        .room = plan->workload->batch_rows};
    request->operations = memory_allocate_zeroed(request->room, sizeof *request->operations);
    request->mutations = memory_allocate_zeroed(request->room, sizeof *request->mutations);
    request->cells = memory_allocate_zeroed(request->room * columns, sizeof *request->cells);
    request->keys = memory_allocate_zeroed(request->room, KEY_SIZE_MOST);
    for (uint32_t i = 0; i < columns; i++)
        snprintf(request->columns[i], sizeof request->columns[i], columns > 1 ? "%.20s%u" : "%.20s",
            plan->qualifier, i);
    return request->operations && request->mutations && request->cells && request->keys;
}

void engine_request_deinit(struct engine_request *request)
{
    memory_free(request->operations);
    memory_free(request->mutations);
    memory_free(request->cells);
    memory_free(request->keys);
    arena_deinit(&request->arena);
}

/* ---- Writes ---- */

static struct cell cell_of(
    const struct engine_request *request, struct span row, const char *column, struct span value)
{
    return (struct cell){.row = row,
        .family = span_string(request->plan->family),
        .qualifier = span_string(column),
        .value = value,
        .timestamp = TIMESTAMP_LATEST,
        .type = CELL_PUT};
}

/* A put of all columns or of one. Returns how many cells. */
static size_t fill_put(
    struct engine_request *request, struct span row, bool is_whole_row, struct cell *cells)
{
    uint32_t first = is_whole_row ? 0 : workload_next_column(request->stream);
    uint32_t count = is_whole_row ? request->plan->workload->columns : 1;
    for (uint32_t i = 0; i < count; i++) {
        struct span value = workload_next_value(request->stream);
        cells[i] = cell_of(request, row, request->columns[first + i], value);
        request->slot.bytes += value.size;
    }
    return count;
}

static size_t fill_addition(
    struct engine_request *request, struct span row, bool is_append, struct cell *cells)
{
    static const uint8_t one[8] = {0, 0, 0, 0, 0, 0, 0, 1};
    struct span value = is_append ? workload_next_value(request->stream)
                                  : span_make(one, sizeof one);
    cells[0] = cell_of(request, row, is_append ? request->columns[0] : COUNTER, value);
    return 1;
}

static void set_condition(struct engine_request *request, struct span row)
{
    request->condition = (struct condition){.row = row,
        .family = span_string(request->plan->family),
        .qualifier = span_string(request->columns[0]),
        .op = COMPARE_NOT_EQUAL,
        .time_range = TIME_RANGE_ALL};
}

/* The write of row i of the request. */
static void fill_operation(struct engine_request *request, size_t i, struct span row)
{
    enum operation operation = request->slot.operation;
    struct cell *cells = request->cells + i * request->plan->workload->columns;
    struct mutation *mutation = &request->mutations[i];
    bool is_delete = operation == OPERATION_DELETE || operation == OPERATION_CHECK_AND_DELETE;
    *mutation = (struct mutation){.kind = MUTATION_PUT,
        .row = row,
        .cells = cells,
        .timestamp = TIMESTAMP_LATEST,
        .durability = request->plan->durability,
        .time_range = TIME_RANGE_ALL};
    request->operations[i] = (struct write_operation){
        .row = row, .mutations = mutation, .mutation_count = 1};
    if (is_delete) {
        mutation->kind = MUTATION_DELETE;
        mutation->cells = NULL;
    } else if (operation == OPERATION_INCREMENT || operation == OPERATION_APPEND) {
        mutation->kind = operation == OPERATION_APPEND ? MUTATION_APPEND : MUTATION_INCREMENT;
        mutation->cell_count = fill_addition(request, row, operation == OPERATION_APPEND, cells);
    } else {
        mutation->cell_count = fill_put(
            request, row, workload_makes_row(request->plan->workload, operation), cells);
    }
    if (operation == OPERATION_CHECK_AND_PUT || operation == OPERATION_CHECK_AND_DELETE) {
        set_condition(request, row);
        request->operations[i].condition = &request->condition;
    }
    request->slot.rows++;
}

/* On a thread of the engine. */
static void on_written(struct write *write)
{
    struct engine_request *request =
        (struct engine_request *)((uint8_t *)write - offsetof(struct engine_request, write));
    if (request->slot.operation == OPERATION_CHECK_AND_PUT ||
        request->slot.operation == OPERATION_CHECK_AND_DELETE)
        request->slot.missing += !request->operations[0].is_processed;
    request->done(request->context, request);
}

void engine_request_write(struct engine_request *request)
{
    struct span first = span_make(request->keys, request->plan->workload->format.size);
    if (request->slot.operation == OPERATION_READ_MODIFY_WRITE) {
        request->slot.rows = 0;
        fill_operation(request, 0, first);
        request->write.operation_count = 1;
    }
    arena_reset(&request->arena);
    request->write.operations = request->operations;
    request->write.arena = &request->arena;
    request->write.deadline_ns = 0;
    request->write.done = on_written;
    tablet_write(request->plan->engine->tablet, &request->write);
}

const char *engine_request_failure(const struct engine_request *request)
{
    if (request->write.status)
        return request->write.error.message;
    for (size_t i = 0; i < request->write.operation_count; i++)
        if (request->operations[i].status)
            return write_operation_reason(&request->operations[i]);
    return NULL;
}

/* ---- Reads ---- */

struct counting_sink {
    struct read_sink sink; /* first */
    uint64_t cells, results, bytes;
};

static enum status count_cell(struct read_sink *sink, const struct cell *cell)
{
    struct counting_sink *counting = (struct counting_sink *)sink;
    counting->cells++;
    counting->bytes += cell->value.size;
    return STATUS_OK;
}

static enum status count_result(struct read_sink *sink, bool is_partial)
{
    ((struct counting_sink *)sink)->results += !is_partial;
    return STATUS_OK;
}

static enum status scan(
    struct engine_request *request, struct span start, struct counting_sink *counting)
{
    struct scan_request wanted;
    struct scanner *scanner;
    struct scan_progress progress = {0};
    uint64_t rows = workload_next_scan_rows(request->stream);
    scan_request_init(&wanted);
    wanted.start_row = rows ? start : SPAN_EMPTY; /* 0: the whole table */
    wanted.is_reversed = request->plan->is_scan_reversed;
    enum status status = scanner_open(
        request->plan->engine->tablet, &wanted, &scanner, &request->failure);
    while (!status && progress.stop != SCAN_STOP_END && (!rows || counting->results < rows)) {
        struct scan_limits limits = {.results = UINT64_MAX,
            .rows = rows ? rows - counting->results : UINT64_MAX,
            .bytes = 2 << 20,
            .may_block = true};
        status = scanner_next(scanner, &limits, &counting->sink, &progress, &request->failure);
    }
    if (scanner)
        scanner_close(scanner);
    return status;
}

static enum status get_rows(struct engine_request *request, struct counting_sink *counting)
{
    const struct workload *workload = request->plan->workload;
    size_t count = request->slot.operation == OPERATION_READ ? workload->batch_rows : 1;
    enum status status = STATUS_OK;
    for (size_t i = 0; i < count && !status; i++) {
        struct read_request wanted;
        uint64_t before = counting->cells;
        read_request_init(&wanted);
        status = tablet_get(request->plan->engine->tablet,
            span_make(request->keys + i * KEY_SIZE_MOST, workload->format.size), &wanted, true,
            &counting->sink, &request->failure);
        request->slot.missing += !status && counting->cells == before;
    }
    request->slot.rows = count;
    return status;
}

bool engine_request_read(struct engine_request *request)
{
    struct counting_sink counting = {.sink = {.cell = count_cell, .result = count_result}};
    enum status status;
    if (request->slot.operation == OPERATION_SCAN) {
        status = scan(
            request, span_make(request->keys, request->plan->workload->format.size), &counting);
        request->slot.rows = counting.results;
    } else {
        status = get_rows(request, &counting);
    }
    request->slot.bytes = counting.bytes;
    return status == STATUS_OK;
}

/* ---- Both ---- */

bool engine_request_draw(struct engine_request *request, double now_s)
{
    const struct workload *workload = request->plan->workload;
    enum operation operation = workload_next_operation(request->stream);
    bool goes_in_batches = operation == OPERATION_READ || operation == OPERATION_UPDATE ||
                           operation == OPERATION_INSERT || operation == OPERATION_DELETE;
    bool is_read = operation == OPERATION_READ || operation == OPERATION_SCAN ||
                   operation == OPERATION_READ_MODIFY_WRITE;
    size_t count = goes_in_batches ? workload->batch_rows : 1;
    request->slot.operation = operation;
    for (size_t i = 0; i < count; i++) {
        uint8_t *key = request->keys + i * KEY_SIZE_MOST;
        size_t size = workload_next_key(request->stream, operation, now_s, key);
        if (size == 0) { /* the last batch of a fill */
            count = i;
            break;
        }
        if (!is_read)
            fill_operation(request, i, span_make(key, size));
    }
    request->write.operation_count = count;
    return is_read;
}
