/* Read-modify-write (HBase HRegion: checkAndMutate, reckonDeltas, prepareDeleteTimestamps; facts:
 * hbase-semantics 2, 5). Reads are at UINT64_MAX under the row's lock: all that was appended. Every
 * mutation of an operation is worked out against the row as it was before the operation. */
#include <stdlib.h>

#include "base/limits.h"
#include "storage/write_step.h"

/* Cells of one get, copied into an arena. */
struct collector_sink {
    struct read_sink base; /* first */
    struct arena *arena;
    struct cell *cells;
    size_t count;
    size_t capacity;
};

static enum status no_memory(struct error *error)
{
    return error_set(error, STATUS_NO_MEMORY, "no memory for a write");
}

static bool copy_span(struct arena *arena, struct span *span)
{
    struct span copy = arena_copy(arena, *span);
    if (span->size > 0 && !copy.data)
        return false;
    *span = copy;
    return true;
}

static enum status collect_cell(struct read_sink *base, const struct cell *cell)
{
    struct collector_sink *sink = (struct collector_sink *)base;
    if (sink->count == sink->capacity) {
        size_t capacity = sink->capacity ? 2 * sink->capacity : 4;
        struct cell *cells = arena_allocate(sink->arena, capacity * sizeof(*cells));
        if (!cells)
            return STATUS_NO_MEMORY;
        if (sink->count > 0)
            memcpy(cells, sink->cells, sink->count * sizeof(*cells));
        sink->cells = cells;
        sink->capacity = capacity;
    }
    struct cell copy = *cell;
    if (!copy_span(sink->arena, &copy.row) || !copy_span(sink->arena, &copy.family) ||
        !copy_span(sink->arena, &copy.qualifier) || !copy_span(sink->arena, &copy.value) ||
        !copy_span(sink->arena, &copy.tags))
        return STATUS_NO_MEMORY;
    sink->cells[sink->count++] = copy;
    return STATUS_OK;
}

static enum status collect_result(struct read_sink *base, bool is_partial)
{
    (void)base;
    (void)is_partial;
    return STATUS_OK;
}

/* What one evaluation works with. */
struct evaluation {
    struct write_step *step;
    struct tablet *tablet;
    struct arena *arena;
    struct version *version;
    struct write_operation *operation;
    bool may_block;
    struct error *error;
    int64_t now_ms;     /* what LATEST becomes in puts */
    struct cell *cells; /* the outcome */
    size_t count;
    size_t capacity;
    struct cell *results;
    size_t result_count;
    size_t result_capacity;
};

static enum status get(
    struct evaluation *evaluation, const struct read_request *request, struct collector_sink *sink)
{
    *sink = (struct collector_sink){
        .base = {.cell = collect_cell, .result = collect_result}, .arena = evaluation->arena};
    enum status status = tablet_get_at(evaluation->tablet, evaluation->version, UINT64_MAX,
        evaluation->operation->row, request, evaluation->may_block, &sink->base, evaluation->error);
    return status == STATUS_NO_MEMORY ? no_memory(evaluation->error) : status;
}

static enum status get_column(struct evaluation *evaluation, struct span family,
    struct span qualifier, struct time_range time_range, uint32_t versions,
    struct collector_sink *sink)
{
    struct family_selection selection = {
        .family = family, .qualifiers = &qualifier, .qualifier_count = 1};
    struct read_request request;
    read_request_init(&request);
    request.families = &selection;
    request.family_count = 1;
    request.time_range = time_range;
    request.max_versions = versions;
    return get(evaluation, &request, sink);
}

/* ---- Conditions ---- */

static bool order_matches(enum compare_op op, int order)
{
    switch (op) {
    case COMPARE_LESS:
        return order < 0;
    case COMPARE_LESS_OR_EQUAL:
        return order <= 0;
    case COMPARE_EQUAL:
        return order == 0;
    case COMPARE_NOT_EQUAL:
        return order != 0;
    case COMPARE_GREATER_OR_EQUAL:
        return order >= 0;
    case COMPARE_GREATER:
        return order > 0;
    case COMPARE_NO_OP:
        break;
    }
    return false;
}

/* `stored` NULL: there is no cell. */
static enum status column_matches(const struct condition *condition, const struct cell *stored,
    bool *out_matches, struct error *error)
{
    bool is_null_check = !condition->comparator || condition->comparator->value.size == 0;
    bool is_not_equal = condition->op == COMPARE_NOT_EQUAL;
    if (is_null_check && condition->comparator && condition->comparator->kind == COMPARATOR_LONG)
        is_null_check = false;
    if (is_null_check) {
        bool is_absent = !stored || stored->value.size == 0;
        *out_matches = is_absent != is_not_equal;
        return STATUS_OK;
    }
    *out_matches = false;
    if (!stored)
        return STATUS_OK;
    if (condition->op == COMPARE_NO_OP)
        return error_set(error, STATUS_INVALID, "Unknown Compare op NO_OP");
    int order;
    enum status status = comparator_compare(condition->comparator, stored->value, &order, error);
    if (!status)
        *out_matches = order_matches(condition->op, order);
    return status;
}

/* Sets is_processed; a cell found pushes the puts' timestamp up to its own. */
static enum status check_condition(struct evaluation *evaluation)
{
    struct write_operation *operation = evaluation->operation;
    const struct condition *condition = operation->condition;
    operation->is_processed = true;
    if (!condition)
        return STATUS_OK;
    struct collector_sink found;
    enum status status;
    bool matches;
    if (condition->filter) {
        struct read_request request;
        read_request_init(&request);
        request.filter = condition->filter;
        request.time_range = condition->time_range;
        status = get(evaluation, &request, &found);
        matches = found.count > 0;
    } else {
        status = get_column(
            evaluation, condition->family, condition->qualifier, condition->time_range, 1, &found);
        if (!status)
            status = column_matches(
                condition, found.count > 0 ? &found.cells[0] : NULL, &matches, evaluation->error);
    }
    if (status)
        return status;
    operation->is_processed = matches;
    if (found.count > 0 && found.cells[0].timestamp > evaluation->now_ms)
        evaluation->now_ms = found.cells[0].timestamp;
    return STATUS_OK;
}

/* ---- Cells ---- */

static enum status push(struct arena *arena, struct cell **cells, size_t *count, size_t *capacity,
    const struct cell *cell, struct error *error)
{
    if (*count == *capacity) {
        size_t larger = *capacity ? 2 * *capacity : 8;
        struct cell *copy = arena_allocate(arena, larger * sizeof(*copy));
        if (!copy)
            return no_memory(error);
        if (*count > 0)
            memcpy(copy, *cells, *count * sizeof(*copy));
        *cells = copy;
        *capacity = larger;
    }
    (*cells)[(*count)++] = *cell;
    return STATUS_OK;
}

static enum status push_cell(struct evaluation *evaluation, const struct cell *cell)
{
    return push(evaluation->arena, &evaluation->cells, &evaluation->count, &evaluation->capacity,
        cell, evaluation->error);
}

/* Appends the tags of `from` but TTLs, if a TTL is going to be set. */
static void put_tags(struct buffer *out, struct span from, bool is_ttl_dropped)
{
    while (from.size > 0) {
        struct span tag = from;
        uint16_t size;
        struct span body;
        if (span_take_be16(&from, &size) || span_take_bytes(&from, size, &body) || size == 0)
            return;
        if (!is_ttl_dropped || body.data[0] != CELL_TAG_TTL)
            buffer_put(out, span_make(tag.data, 2u + size));
    }
}

/* The tags of a new cell: those given, those of the cell it follows, and the mutation's TTL in the
 * place of any other (HBase TagUtil.carryForwardTags, carryForwardTTLTag). */
static enum status make_tags(struct arena *arena, struct span given, struct span carried,
    const struct mutation *mutation, struct span *out_tags, struct error *error)
{
    if (!mutation->has_ttl && carried.size == 0) {
        *out_tags = given;
        return STATUS_OK;
    }
    struct buffer tags = {.limit = LIMIT_TAGS_SIZE};
    put_tags(&tags, given, mutation->has_ttl);
    put_tags(&tags, carried, mutation->has_ttl);
    if (mutation->has_ttl) {
        buffer_put_be16(&tags, 1 + 8);
        buffer_put_u8(&tags, CELL_TAG_TTL);
        buffer_put_be64(&tags, (uint64_t)mutation->ttl_ms);
    }
    enum status status = buffer_status(&tags);
    if (!status) {
        *out_tags = arena_copy(arena, buffer_span(&tags));
        if (tags.size > 0 && !out_tags->data)
            status = STATUS_NO_MEMORY;
    }
    buffer_deinit(&tags);
    if (status == STATUS_LIMIT)
        return error_set(error, STATUS_LIMIT, "tags of a cell exceed %d bytes", LIMIT_TAGS_SIZE);
    return status ? no_memory(error) : STATUS_OK;
}

/* ---- Puts and deletes ---- */

/* A delete without cells: every family, at its timestamp. */
static enum status add_family_markers(
    struct evaluation *evaluation, const struct mutation *mutation)
{
    const struct table_schema *schema = evaluation->step->run->schema;
    for (size_t i = 0; i < schema->family_count; i++) {
        struct cell marker = {.row = evaluation->operation->row,
            .family = schema->families[i].name,
            .type = CELL_DELETE_FAMILY,
            .timestamp = mutation->timestamp == TIMESTAMP_LATEST ? evaluation->step->clock_ms
                                                                 : mutation->timestamp};
        enum status status = push_cell(evaluation, &marker);
        if (status)
            return status;
    }
    return STATUS_OK;
}

/* How many one-version deletes of the cell's column at LATEST come up to this one. */
static uint32_t count_newest_deletes(const struct mutation *mutation, size_t index)
{
    uint32_t count = 0;
    for (size_t i = 0; i <= index; i++) {
        const struct cell *cell = &mutation->cells[i];
        count += cell->type == CELL_DELETE && cell->timestamp == TIMESTAMP_LATEST &&
                 cell_compare_column(cell, &mutation->cells[index]) == 0;
    }
    return count;
}

/* The timestamp of the k-th newest version, for the k-th such delete; now, when there is none. */
static enum status find_newest(struct evaluation *evaluation, const struct mutation *mutation,
    size_t index, int64_t *out_timestamp)
{
    const struct cell *cell = &mutation->cells[index];
    uint32_t versions = count_newest_deletes(mutation, index);
    struct collector_sink found;
    enum status status = get_column(
        evaluation, cell->family, cell->qualifier, TIME_RANGE_ALL, versions, &found);
    if (!status)
        *out_timestamp = found.count == versions ? found.cells[versions - 1].timestamp
                                                 : evaluation->step->clock_ms;
    return status;
}

static enum status add_cells(struct evaluation *evaluation, const struct mutation *mutation)
{
    if (mutation->kind == MUTATION_DELETE && mutation->cell_count == 0)
        return add_family_markers(evaluation, mutation);
    int64_t now_ms = mutation->kind == MUTATION_PUT ? evaluation->now_ms
                                                    : evaluation->step->clock_ms;
    for (size_t i = 0; i < mutation->cell_count; i++) {
        struct cell cell = mutation->cells[i];
        cell.row = evaluation->operation->row;
        enum status status = STATUS_OK;
        if (mutation->kind == MUTATION_DELETE && cell.type == CELL_DELETE &&
            cell.timestamp == TIMESTAMP_LATEST)
            status = find_newest(evaluation, mutation, i, &cell.timestamp);
        else if (cell.timestamp == TIMESTAMP_LATEST)
            cell.timestamp = now_ms;
        if (!status && mutation->has_ttl)
            status = make_tags(
                evaluation->arena, cell.tags, SPAN_EMPTY, mutation, &cell.tags, evaluation->error);
        if (!status)
            status = push_cell(evaluation, &cell);
        if (status)
            return status;
    }
    return STATUS_OK;
}

/* ---- Increments and appends ---- */

static int compare_columns(const void *a, const void *b)
{
    return cell_compare_column(a, b);
}

/* The mutation's cells in the order of columns. NULL on no memory. */
static struct cell *sort_cells(struct arena *arena, const struct mutation *mutation)
{
    struct cell *cells = arena_allocate(arena, (mutation->cell_count + 1) * sizeof(*cells));
    if (!cells)
        return NULL;
    memcpy(cells, mutation->cells, mutation->cell_count * sizeof(*cells));
    qsort(cells, mutation->cell_count, sizeof(*cells), compare_columns);
    return cells;
}

/* Reads the newest version of every column of `cells` (sorted). */
static enum status get_columns(struct evaluation *evaluation, const struct cell *cells,
    size_t count, struct time_range range, struct collector_sink *sink)
{
    struct family_selection *families = arena_allocate_zeroed(
        evaluation->arena, count + 1, sizeof(*families));
    struct span *qualifiers = arena_allocate_zeroed(
        evaluation->arena, count + 1, sizeof(*qualifiers));
    if (!families || !qualifiers)
        return no_memory(evaluation->error);
    size_t family_count = 0;
    for (size_t i = 0; i < count; i++) {
        qualifiers[i] = cells[i].qualifier;
        struct family_selection *last = family_count > 0 ? &families[family_count - 1] : NULL;
        if (!last || !span_equal(last->family, cells[i].family)) {
            last = &families[family_count++];
            *last = (struct family_selection){
                .family = cells[i].family, .qualifiers = &qualifiers[i]};
        }
        bool is_repeat = last->qualifier_count > 0 &&
                         span_equal(last->qualifiers[last->qualifier_count - 1], qualifiers[i]);
        if (!is_repeat)
            last->qualifiers[last->qualifier_count++] = qualifiers[i];
    }
    struct read_request request;
    read_request_init(&request);
    request.families = families;
    request.family_count = family_count;
    request.time_range = range;
    return get(evaluation, &request, sink);
}

static enum status add_value(struct evaluation *evaluation, const struct cell *delta,
    const struct cell *stored, struct span *out_value)
{
    uint64_t sum = load_be64(delta->value.data);
    if (stored) {
        if (stored->value.size != 8)
            return error_set(evaluation->error, STATUS_INVALID,
                "Field is not a long, it's %zu bytes wide", stored->value.size);
        sum += load_be64(stored->value.data); /* wraps, as Java's long */
    }
    uint8_t *bytes = arena_allocate(evaluation->arena, 8);
    if (!bytes)
        return no_memory(evaluation->error);
    store_be64(bytes, sum);
    *out_value = span_make(bytes, 8);
    return STATUS_OK;
}

static enum status append_value(struct evaluation *evaluation, const struct cell *delta,
    const struct cell *stored, struct span *out_value)
{
    if (!stored) {
        *out_value = delta->value;
        return STATUS_OK;
    }
    size_t size = stored->value.size + delta->value.size;
    uint8_t *bytes = arena_allocate(evaluation->arena, size);
    if (!bytes)
        return no_memory(evaluation->error);
    if (stored->value.size > 0)
        memcpy(bytes, stored->value.data, stored->value.size);
    if (delta->value.size > 0)
        memcpy(bytes + stored->value.size, delta->value.data, delta->value.size);
    *out_value = span_make(bytes, size);
    return STATUS_OK;
}

/* The cell that one delta comes to. */
static enum status reckon(struct evaluation *evaluation, const struct mutation *mutation,
    const struct cell *delta, const struct cell *stored)
{
    struct cell cell = *delta;
    cell.row = evaluation->operation->row;
    cell.type = CELL_PUT;
    int64_t now_ms = evaluation->step->clock_ms;
    if (stored && stored->timestamp < INT64_MAX - 1)
        cell.timestamp = stored->timestamp + 1 > now_ms ? stored->timestamp + 1 : now_ms;
    else if (cell.timestamp == TIMESTAMP_LATEST)
        cell.timestamp = now_ms;
    enum status status = mutation->kind == MUTATION_INCREMENT
                             ? add_value(evaluation, delta, stored, &cell.value)
                             : append_value(evaluation, delta, stored, &cell.value);
    if (!status)
        status = make_tags(evaluation->arena, delta->tags, stored ? stored->tags : SPAN_EMPTY,
            mutation, &cell.tags, evaluation->error);
    if (!status)
        status = cell_check_outcome_size(&cell, evaluation->error);
    if (!status)
        status = push_cell(evaluation, &cell);
    if (!status && mutation->is_result_wanted)
        status = push(evaluation->arena, &evaluation->results, &evaluation->result_count,
            &evaluation->result_capacity, &cell, evaluation->error);
    return status;
}

static enum status add_deltas(struct evaluation *evaluation, const struct mutation *mutation)
{
    struct cell *deltas = sort_cells(evaluation->arena, mutation);
    if (!deltas)
        return no_memory(evaluation->error);
    atomic_fetch_add_explicit(&evaluation->tablet->counters.read_requests, 1, memory_order_relaxed);
    struct collector_sink stored;
    enum status status = get_columns(
        evaluation, deltas, mutation->cell_count, mutation->time_range, &stored);
    size_t at = 0;
    for (size_t i = 0; !status && i < mutation->cell_count; i++) {
        while (at < stored.count && cell_compare_column(&stored.cells[at], &deltas[i]) < 0)
            at++;
        bool is_stored = at < stored.count &&
                         cell_compare_column(&stored.cells[at], &deltas[i]) == 0;
        status = reckon(evaluation, mutation, &deltas[i], is_stored ? &stored.cells[at] : NULL);
    }
    return status;
}

/* ---- Operations ---- */

static enum status evaluate(struct evaluation *evaluation)
{
    struct write_operation *operation = evaluation->operation;
    enum status status = check_condition(evaluation);
    if (status || !operation->is_processed)
        return status;
    if (operation->condition)
        status = write_mutations_check(
            evaluation->tablet, evaluation->step->run->schema, operation, evaluation->error);
    for (size_t i = 0; !status && i < operation->mutation_count; i++) {
        const struct mutation *mutation = &operation->mutations[i];
        bool is_delta = mutation->kind == MUTATION_INCREMENT || mutation->kind == MUTATION_APPEND;
        status = is_delta ? add_deltas(evaluation, mutation) : add_cells(evaluation, mutation);
    }
    return status;
}

/* A put or delete whose cells can be stored as they are once they are stamped. */
static bool is_plain(const struct write_operation *operation)
{
    return operation->mutation_count == 1 && operation->mutations[0].cell_count > 0 &&
           !operation->mutations[0].has_ttl;
}

static void stamp(struct step_operation *to, int64_t now_ms)
{
    struct mutation *mutation = &to->operation->mutations[0];
    for (size_t i = 0; i < mutation->cell_count; i++) {
        mutation->cells[i].row = to->operation->row;
        if (mutation->cells[i].timestamp == TIMESTAMP_LATEST)
            mutation->cells[i].timestamp = now_ms;
    }
    to->cells = mutation->cells;
    to->cell_count = mutation->cell_count;
}

/* The time of a step: after every delete marker of its rows. */
static int64_t choose_clock(struct write_step *step)
{
    struct tablet *tablet = step->run->tablet;
    int64_t least_ms = 0;
    for (size_t i = 0; i < step->operation_count; i++) {
        int64_t after_ms = marker_clock_after(
            &tablet->markers, row_hash(step->operations[i].operation->row));
        if (least_ms < after_ms)
            least_ms = after_ms;
    }
    return tablet_clock(tablet, least_ms);
}

/* What later writes of the row must come after. Timestamps further ahead are their writer's choice. */
static void note_timestamps(struct write_step *step, const struct step_operation *to)
{
    struct tablet *tablet = step->run->tablet;
    int64_t now_ms = step->clock_ms;
    for (size_t i = 0; i < to->cell_count; i++) {
        const struct cell *cell = &to->cells[i];
        if (cell->type != CELL_PUT && cell->timestamp <= now_ms)
            marker_clock_note(&tablet->markers, row_hash(to->operation->row), cell->timestamp);
        if (cell->type != CELL_PUT || cell->timestamp != now_ms + 1)
            continue;
        marker_clock_note(&tablet->markers, row_hash(to->operation->row), now_ms);
        tablet_note_timestamp(tablet, cell->timestamp);
        step->greatest_ms = cell->timestamp;
    }
}

enum status write_step_evaluate(struct write_step *step, bool may_block, struct error *error)
{
    struct tablet *tablet = step->run->tablet;
    step->clock_ms = step->greatest_ms = choose_clock(step);
    struct evaluation evaluation = {.step = step,
        .tablet = tablet,
        .arena = step->run->write->arena,
        .may_block = may_block,
        .error = error};
    if (!step->is_blind) {
        uint64_t ignored;
        evaluation.version = tablet_snapshot(tablet, &ignored);
    }
    enum status status = STATUS_OK;
    for (size_t i = 0; !status && i < step->operation_count; i++) {
        struct step_operation *to = &step->operations[i];
        to->operation->is_processed = true;
        if (step->is_blind && is_plain(to->operation)) {
            stamp(to, step->clock_ms);
            note_timestamps(step, to);
            continue;
        }
        evaluation.operation = to->operation;
        evaluation.now_ms = step->clock_ms;
        evaluation.cells = NULL;
        evaluation.count = evaluation.capacity = 0;
        status = evaluate(&evaluation);
        if (status)
            break;
        to->cells = evaluation.cells;
        to->cell_count = evaluation.count;
        note_timestamps(step, to);
        to->operation->result_cells = evaluation.results;
        to->operation->result_count = evaluation.result_count;
    }
    version_unref(evaluation.version);
    return status;
}

enum status write_step_repeat(struct write_step *step, bool may_block, struct error *error)
{
    struct tablet *tablet = step->run->tablet;
    struct write_operation *operation = step->operations[0].operation;
    uint64_t ignored;
    struct evaluation evaluation = {.step = step,
        .tablet = tablet,
        .arena = step->run->write->arena,
        .version = tablet_snapshot(tablet, &ignored),
        .operation = operation,
        .may_block = may_block,
        .error = error};
    enum status status = STATUS_OK;
    for (size_t i = 0; !status && i < operation->mutation_count; i++) {
        const struct mutation *mutation = &operation->mutations[i];
        if ((mutation->kind != MUTATION_INCREMENT && mutation->kind != MUTATION_APPEND) ||
            !mutation->is_result_wanted)
            continue;
        struct cell *columns = sort_cells(evaluation.arena, mutation);
        struct collector_sink stored;
        status = columns ? get_columns(&evaluation, columns, mutation->cell_count,
                               mutation->time_range, &stored)
                         : no_memory(error);
        for (size_t j = 0; !status && j < stored.count; j++)
            status = push(evaluation.arena, &evaluation.results, &evaluation.result_count,
                &evaluation.result_capacity, &stored.cells[j], error);
    }
    version_unref(evaluation.version);
    if (status)
        return status;
    operation->is_processed = true;
    operation->result_cells = evaluation.results;
    operation->result_count = evaluation.result_count;
    return STATUS_OK;
}
