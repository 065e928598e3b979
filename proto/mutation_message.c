#include "proto/mutation_message.h"

#include "base/limits.h"
#include "proto/filter_message.h"
#include "proto/read_message.h"
#include "proto/wire.h"

#define ATTRIBUTE_TTL            SPAN_LITERAL("_ttl")
#define ATTRIBUTE_RETURN_RESULTS SPAN_LITERAL("_rr_")

enum delete_type {
    DELETE_TYPE_ONE = 0,
    DELETE_TYPE_MULTIPLE = 1,
    DELETE_TYPE_FAMILY = 2,
    DELETE_TYPE_FAMILY_VERSION = 3
};

static const uint8_t cell_type_of_delete[] = {
    [DELETE_TYPE_ONE] = CELL_DELETE,
    [DELETE_TYPE_MULTIPLE] = CELL_DELETE_COLUMN,
    [DELETE_TYPE_FAMILY] = CELL_DELETE_FAMILY,
    [DELETE_TYPE_FAMILY_VERSION] = CELL_DELETE_FAMILY_VERSION,
};

static enum delete_type delete_type_of_cell(uint8_t type)
{
    switch (type) {
    case CELL_DELETE_COLUMN:
        return DELETE_TYPE_MULTIPLE;
    case CELL_DELETE_FAMILY:
        return DELETE_TYPE_FAMILY;
    case CELL_DELETE_FAMILY_VERSION:
        return DELETE_TYPE_FAMILY_VERSION;
    default:
        return DELETE_TYPE_ONE;
    }
}

/* QualifierValue. out_cell holds row and family already. */
static enum status qualifier_value_decode(
    struct span message, const struct mutation *mutation, struct cell *out_cell)
{
    struct wire_field field;
    enum status status;
    bool has_timestamp = false;
    uint64_t delete_type = mutation->kind == MUTATION_DELETE ? DELETE_TYPE_ONE : UINT64_MAX;
    while (!(status = wire_take(&message, &field))) {
        if (wire_is(&field, 1, WIRE_BYTES))
            out_cell->qualifier = field.bytes;
        else if (wire_is(&field, 2, WIRE_BYTES))
            out_cell->value = field.bytes;
        else if (wire_is(&field, 3, WIRE_VARINT)) {
            out_cell->timestamp = (int64_t)field.value;
            has_timestamp = true;
        } else if (wire_is(&field, 4, WIRE_VARINT))
            delete_type = field.value;
        else if (wire_is(&field, 5, WIRE_BYTES))
            out_cell->tags = field.bytes;
    }
    if (status != STATUS_END || !cell_tags_are_valid(out_cell->tags))
        return STATUS_INVALID;
    if (!has_timestamp)
        out_cell->timestamp = mutation->kind == MUTATION_PUT ? mutation->timestamp
                                                             : TIMESTAMP_LATEST;
    out_cell->type = CELL_PUT;
    if (delete_type == UINT64_MAX ||
        (mutation->kind != MUTATION_DELETE && mutation->kind != MUTATION_PUT))
        return STATUS_OK;
    if (delete_type > DELETE_TYPE_FAMILY_VERSION)
        return STATUS_INVALID;
    out_cell->type = cell_type_of_delete[delete_type];
    return STATUS_OK;
}

/* ColumnValue. Appends its cells; there is room for them. */
static enum status column_value_decode(struct span message, struct mutation *mutation)
{
    struct cell cell = {.row = mutation->row};
    struct wire_field field;
    enum status status;
    for (struct span in = message; !wire_take(&in, &field);)
        if (wire_is(&field, 1, WIRE_BYTES))
            cell.family = field.bytes;
    while (!(status = wire_take(&message, &field))) {
        if (!wire_is(&field, 2, WIRE_BYTES))
            continue;
        struct cell *next = &mutation->cells[mutation->cell_count];
        *next = cell;
        if (qualifier_value_decode(field.bytes, mutation, next))
            return STATUS_INVALID;
        mutation->cell_count++;
    }
    return status == STATUS_END ? STATUS_OK : status;
}

static enum status attribute_decode(struct span message, struct mutation *mutation)
{
    struct span name, value;
    if (wire_read_pair(message, &name, &value))
        return STATUS_INVALID;
    if (span_equal(name, ATTRIBUTE_TTL) && value.size == 8) {
        mutation->ttl_ms = (int64_t)load_be64(value.data);
        mutation->has_ttl = mutation->ttl_ms != INT64_MAX; /* HBase's "none" */
    } else if (span_equal(name, ATTRIBUTE_RETURN_RESULTS) && value.size == 1) {
        mutation->is_result_wanted = value.data[0] != 0;
    }
    return STATUS_OK;
}

static enum status mutation_field_decode(
    const struct wire_field *field, struct mutation *mutation, uint64_t *associated)
{
    if (wire_is(field, 1, WIRE_BYTES))
        mutation->row = field->bytes;
    else if (wire_is(field, 5, WIRE_BYTES))
        return attribute_decode(field->bytes, mutation);
    else if (wire_is(field, 7, WIRE_BYTES))
        return time_range_decode(field->bytes, &mutation->time_range);
    if (field->type != WIRE_VARINT)
        return STATUS_OK;
    switch (field->number) {
    case 2:
        if (field->value > MUTATION_DELETE)
            return STATUS_INVALID;
        mutation->kind = (enum mutation_kind)field->value;
        break;
    case 4:
        mutation->timestamp = (int64_t)field->value;
        break;
    case 6:
        if (field->value > DURABILITY_FSYNC_WAL)
            return STATUS_INVALID;
        mutation->durability = (enum durability)field->value;
        break;
    case 8:
        *associated = field->value;
        break;
    case 9:
        mutation->nonce = field->value;
        break;
    }
    return STATUS_OK;
}

/* QualifierValues of a ColumnValue. */
static size_t count_cells(struct span column)
{
    struct wire_field field;
    size_t count = 0;
    while (!wire_take(&column, &field))
        count += wire_is(&field, 2, WIRE_BYTES);
    return count;
}

/* Takes the mutation's cells off the block. */
static enum status block_cells_take(
    struct span *cell_block, uint64_t count, struct mutation *mutation, struct error *error)
{
    for (uint64_t i = 0; i < count; i++) {
        struct cell *cell = &mutation->cells[mutation->cell_count];
        enum status status = cell_block_take(cell_block, cell, error);
        if (status == STATUS_END)
            return error_set(
                error, STATUS_INVALID, "cell block ends before the cells of its mutations");
        if (status)
            return status;
        if (!mutation->row.data)
            mutation->row = cell->row;
        if (!span_equal(cell->row, mutation->row))
            return error_set(error, STATUS_INVALID, "a mutation holds a cell of another row");
        cell->row = mutation->row;
        mutation->cell_count++;
    }
    return STATUS_OK;
}

enum status mutation_decode(struct span message, struct span *cell_block, struct arena *arena,
    struct mutation *out_mutation, struct error *error)
{
    struct mutation mutation = {.kind = MUTATION_PUT,
        .timestamp = TIMESTAMP_LATEST,
        .time_range = TIME_RANGE_ALL,
        .is_result_wanted = true};
    struct wire_field field;
    uint64_t associated = 0;
    enum status status = STATUS_OK;
    bool has_columns = false;
    size_t count = 0;
    for (struct span in = message; !status && !(status = wire_take(&in, &field));) {
        if (wire_is(&field, 3, WIRE_BYTES)) {
            has_columns = true;
            count += count_cells(field.bytes);
        } else {
            status = mutation_field_decode(&field, &mutation, &associated);
        }
    }
    if (status != STATUS_END || associated > cell_block->size) /* a cell takes more than a byte */
        return error_set(error, STATUS_INVALID, "mutation is malformed");
    count += (size_t)associated;
    if (count && !(mutation.cells = arena_allocate(arena, count * sizeof(*mutation.cells))))
        return error_set(error, STATUS_NO_MEMORY, "no memory for a mutation of %zu cells", count);
    for (struct span in = message; has_columns && !wire_take(&in, &field);)
        if (wire_is(&field, 3, WIRE_BYTES) && column_value_decode(field.bytes, &mutation))
            return error_set(error, STATUS_INVALID, "mutation has a malformed column");
    if ((status = block_cells_take(cell_block, associated, &mutation, error)))
        return status;
    if (!mutation.row.data)
        return error_set(error, STATUS_INVALID, "mutation has no row");
    *out_mutation = mutation;
    return STATUS_OK;
}

static void inline_cells_put(struct buffer *out, const struct mutation *mutation)
{
    for (size_t i = 0; i < mutation->cell_count;) {
        struct span family = mutation->cells[i].family;
        size_t column = wire_begin(out, 3);
        wire_put_bytes(out, 1, family);
        for (; i < mutation->cell_count && span_equal(mutation->cells[i].family, family); i++) {
            const struct cell *cell = &mutation->cells[i];
            size_t mark = wire_begin(out, 2);
            wire_put_bytes(out, 1, cell->qualifier);
            wire_put_bytes(out, 2, cell->value);
            wire_put_varint(out, 3, (uint64_t)cell->timestamp);
            if (mutation->kind == MUTATION_DELETE || cell_is_delete(cell))
                wire_put_varint(out, 4, delete_type_of_cell(cell->type));
            if (cell->tags.size)
                wire_put_bytes(out, 5, cell->tags);
            wire_end(out, mark);
        }
        wire_end(out, column);
    }
}

void mutation_encode(struct buffer *out, const struct mutation *mutation, bool is_inline)
{
    wire_put_bytes(out, 1, mutation->row);
    wire_put_varint(out, 2, mutation->kind);
    if (is_inline)
        inline_cells_put(out, mutation);
    wire_put_varint(out, 4, (uint64_t)mutation->timestamp);
    if (mutation->has_ttl) {
        uint8_t ttl[8];
        store_be64(ttl, (uint64_t)mutation->ttl_ms);
        wire_put_pair(out, 5, ATTRIBUTE_TTL, span_make(ttl, sizeof(ttl)));
    }
    if (!mutation->is_result_wanted && mutation->kind <= MUTATION_INCREMENT)
        wire_put_pair(out, 5, ATTRIBUTE_RETURN_RESULTS, span_make("\0", 1));
    for (size_t i = 0; i < mutation->attribute_count; i++)
        wire_put_pair(out, 5, mutation->attributes[i].key, mutation->attributes[i].value);
    if (mutation->durability != DURABILITY_USE_DEFAULT)
        wire_put_varint(out, 6, mutation->durability);
    if (mutation->time_range.from != 0 || mutation->time_range.to != INT64_MAX)
        time_range_put(out, 7, mutation->time_range);
    if (!is_inline && mutation->cell_count)
        wire_put_varint(out, 8, mutation->cell_count);
    if (mutation->nonce)
        wire_put_varint(out, 9, mutation->nonce);
}

enum status condition_decode(
    struct span message, struct arena *arena, struct condition *out_condition, struct error *error)
{
    struct condition condition = {.op = COMPARE_EQUAL, .time_range = TIME_RANGE_ALL};
    struct span filter = SPAN_EMPTY, comparator = SPAN_EMPTY;
    struct wire_field field;
    enum status status = STATUS_OK;
    while (!status && !(status = wire_take(&message, &field))) {
        if (wire_is(&field, 1, WIRE_BYTES))
            condition.row = field.bytes;
        else if (wire_is(&field, 2, WIRE_BYTES))
            condition.family = field.bytes;
        else if (wire_is(&field, 3, WIRE_BYTES))
            condition.qualifier = field.bytes;
        else if (wire_is(&field, 4, WIRE_VARINT) && field.value <= COMPARE_NO_OP)
            condition.op = (enum compare_op)field.value;
        else if (wire_is(&field, 5, WIRE_BYTES))
            comparator = field.bytes;
        else if (wire_is(&field, 6, WIRE_BYTES))
            status = time_range_decode(field.bytes, &condition.time_range);
        else if (wire_is(&field, 7, WIRE_BYTES))
            filter = field.bytes;
    }
    if (status != STATUS_END || !condition.row.data)
        return error_set(error, STATUS_INVALID, "condition is malformed");
    if (comparator.data &&
        (status = comparator_decode(comparator, arena, &condition.comparator, error)))
        return status;
    if (filter.data && (status = filter_decode(filter, arena, &condition.filter, error)))
        return status;
    *out_condition = condition;
    return STATUS_OK;
}

void condition_encode(struct buffer *out, const struct condition *condition)
{
    static const struct comparator empty = {.kind = COMPARATOR_BINARY};
    size_t mark;
    wire_put_bytes(out, 1, condition->row);
    if (condition->filter) {
        mark = wire_begin(out, 7);
        filter_encode(out, condition->filter);
        wire_end(out, mark);
    } else {
        wire_put_bytes(out, 2, condition->family);
        wire_put_bytes(out, 3, condition->qualifier);
        wire_put_varint(out, 4, condition->op);
        mark = wire_begin(out, 5);
        comparator_encode(out, condition->comparator ? condition->comparator : &empty);
        wire_end(out, mark);
    }
    if (condition->time_range.from != 0 || condition->time_range.to != INT64_MAX)
        time_range_put(out, 6, condition->time_range);
}

enum status mutate_request_decode(struct span message, struct span cell_block, struct arena *arena,
    struct mutate_message *out_mutate, struct error *error)
{
    struct mutate_message mutate = {0};
    struct span region = SPAN_EMPTY, mutation = SPAN_EMPTY, condition = SPAN_EMPTY;
    struct wire_field field;
    enum status status;
    while (!(status = wire_take(&message, &field))) {
        if (wire_is(&field, 1, WIRE_BYTES))
            region = field.bytes;
        else if (wire_is(&field, 2, WIRE_BYTES))
            mutation = field.bytes;
        else if (wire_is(&field, 3, WIRE_BYTES))
            condition = field.bytes;
        else if (wire_is(&field, 4, WIRE_VARINT))
            mutate.nonce_group = field.value;
    }
    if (status != STATUS_END || !region.data || !mutation.data)
        return error_set(error, STATUS_INVALID, "mutate request is malformed");
    if ((status = region_specifier_decode(region, &mutate.region, error)) ||
        (status = mutation_decode(mutation, &cell_block, arena, &mutate.mutation, error)))
        return status;
    if (cell_block.size)
        return error_set(error, STATUS_INVALID, "mutate request leaves %zu bytes of its cell block",
            cell_block.size);
    mutate.has_condition = condition.data != NULL;
    if (mutate.has_condition &&
        (status = condition_decode(condition, arena, &mutate.condition, error)))
        return status;
    *out_mutate = mutate;
    return STATUS_OK;
}

void mutate_request_encode(struct buffer *out, const struct mutate_message *mutate)
{
    region_specifier_put(out, 1, mutate->region);
    size_t mark = wire_begin(out, 2);
    mutation_encode(out, &mutate->mutation, true);
    wire_end(out, mark);
    if (mutate->has_condition) {
        mark = wire_begin(out, 3);
        condition_encode(out, &mutate->condition);
        wire_end(out, mark);
    }
    if (mutate->nonce_group)
        wire_put_varint(out, 4, mutate->nonce_group);
}
