#include "proto/multi_message.h"

#include "base/limits.h"
#include "proto/wire.h"

/* Action. */
static enum status action_decode(struct span message, struct span *cell_block, struct arena *arena,
    struct action *out_action, struct error *error)
{
    struct span mutation = SPAN_EMPTY, get = SPAN_EMPTY;
    struct wire_field field;
    enum status status;
    *out_action = (struct action){.kind = ACTION_SERVICE_CALL};
    while (!(status = wire_take(&message, &field))) {
        if (wire_is(&field, 1, WIRE_VARINT))
            out_action->index = (uint32_t)field.value;
        else if (wire_is(&field, 2, WIRE_BYTES))
            mutation = field.bytes;
        else if (wire_is(&field, 3, WIRE_BYTES))
            get = field.bytes;
    }
    if (status != STATUS_END)
        return error_set(error, STATUS_INVALID, "action is malformed");
    if (mutation.data) {
        out_action->kind = ACTION_MUTATION;
        return mutation_decode(mutation, cell_block, arena, &out_action->mutation, error);
    }
    if (get.data) {
        out_action->kind = ACTION_GET;
        return get_decode(get, arena, &out_action->get, error);
    }
    return STATUS_OK;
}

static size_t count_fields(struct span message, uint32_t number)
{
    struct wire_field field;
    size_t count = 0;
    while (!wire_take(&message, &field))
        count += wire_is(&field, number, WIRE_BYTES);
    return count;
}

/* RegionAction. */
static enum status region_action_decode(struct span message, struct span *cell_block,
    struct arena *arena, struct region_action *out_region, struct error *error)
{
    struct region_action region = {0};
    struct span specifier = SPAN_EMPTY, condition = SPAN_EMPTY;
    struct wire_field field;
    enum status status;
    size_t count = count_fields(message, 3);
    if (count > LIMIT_BATCH_ACTIONS)
        return error_set(
            error, STATUS_LIMIT, "batch exceeds the limit of %d actions", LIMIT_BATCH_ACTIONS);
    region.actions = arena_allocate(arena, count * sizeof(*region.actions));
    if (!region.actions)
        return error_set(error, STATUS_NO_MEMORY, "no memory for a batch of %zu actions", count);
    while (!(status = wire_take(&message, &field))) {
        if (wire_is(&field, 1, WIRE_BYTES)) {
            specifier = field.bytes;
        } else if (wire_is(&field, 2, WIRE_VARINT)) {
            region.is_atomic = field.value != 0;
        } else if (wire_is(&field, 3, WIRE_BYTES)) {
            status = action_decode(
                field.bytes, cell_block, arena, &region.actions[region.action_count++], error);
            if (status)
                return status;
        } else if (wire_is(&field, 4, WIRE_BYTES)) {
            condition = field.bytes;
        }
    }
    if (status != STATUS_END || !specifier.data)
        return error_set(error, STATUS_INVALID, "region action is malformed");
    if ((status = region_specifier_decode(specifier, &region.region, error)))
        return status;
    region.has_condition = condition.data != NULL;
    if (region.has_condition &&
        (status = condition_decode(condition, arena, &region.condition, error)))
        return status;
    *out_region = region;
    return STATUS_OK;
}

enum status multi_request_decode(struct span message, struct span cell_block, struct arena *arena,
    struct multi_message *out_multi, struct error *error)
{
    struct multi_message multi = {0};
    struct wire_field field;
    enum status status;
    size_t count = count_fields(message, 1);
    if (count > LIMIT_BATCH_ACTIONS)
        return error_set(
            error, STATUS_LIMIT, "batch exceeds the limit of %d actions", LIMIT_BATCH_ACTIONS);
    multi.regions = arena_allocate(arena, count * sizeof(*multi.regions));
    if (!multi.regions)
        return error_set(error, STATUS_NO_MEMORY, "no memory for a batch over %zu regions", count);
    while (!(status = wire_take(&message, &field))) {
        if (wire_is(&field, 1, WIRE_BYTES)) {
            struct region_action *region = &multi.regions[multi.region_count++];
            status = region_action_decode(field.bytes, &cell_block, arena, region, error);
            if (!status && (multi.action_count += region->action_count) > LIMIT_BATCH_ACTIONS)
                status = error_set(error, STATUS_LIMIT, "batch exceeds the limit of %d actions",
                    LIMIT_BATCH_ACTIONS);
        } else if (wire_is(&field, 2, WIRE_VARINT)) {
            multi.nonce_group = field.value;
        } else if (wire_is(&field, 3, WIRE_BYTES)) {
            multi.has_condition = true;
            status = condition_decode(field.bytes, arena, &multi.condition, error);
        }
        if (status)
            return status;
    }
    if (status != STATUS_END)
        return error_set(error, STATUS_INVALID, "multi request is malformed");
    if (cell_block.size)
        return error_set(error, STATUS_INVALID, "multi request leaves %zu bytes of its cell block",
            cell_block.size);
    *out_multi = multi;
    return STATUS_OK;
}

size_t multi_region_begin(struct buffer *out, struct region_specifier region, bool is_atomic)
{
    size_t mark = wire_begin(out, 1);
    region_specifier_put(out, 1, region);
    if (is_atomic)
        wire_put_bool(out, 2, true);
    return mark;
}

void multi_put_get(struct buffer *out, uint32_t index, const struct get_message *get)
{
    size_t action = wire_begin(out, 3);
    wire_put_varint(out, 1, index);
    size_t mark = wire_begin(out, 3);
    get_encode(out, get);
    wire_end(out, mark);
    wire_end(out, action);
}

void multi_put_mutation(struct buffer *out, struct buffer *cells, uint32_t index,
    const struct mutation *mutation, enum cell_codec codec)
{
    size_t action = wire_begin(out, 3);
    wire_put_varint(out, 1, index);
    size_t mark = wire_begin(out, 2);
    mutation_encode(out, mutation, codec == CELL_CODEC_NONE);
    wire_end(out, mark);
    wire_end(out, action);
    for (size_t i = 0; codec != CELL_CODEC_NONE && i < mutation->cell_count; i++)
        cell_block_put(cells, &mutation->cells[i], codec);
}

void multi_put_condition(struct buffer *out, const struct condition *condition)
{
    size_t mark = wire_begin(out, 4);
    condition_encode(out, condition);
    wire_end(out, mark);
}

void multi_region_end(struct buffer *out, size_t mark)
{
    wire_end(out, mark);
}

void multi_put_nonce_group(struct buffer *out, uint64_t nonce_group)
{
    wire_put_varint(out, 2, nonce_group);
}

size_t multi_response_region_begin(struct buffer *out)
{
    return wire_begin(out, 1);
}

void multi_response_put_result(
    struct buffer *out, uint32_t index, const struct result *result, bool is_inline)
{
    size_t entry = wire_begin(out, 1);
    wire_put_varint(out, 1, index);
    size_t mark = wire_begin(out, 2);
    result_encode(out, result, is_inline);
    wire_end(out, mark);
    wire_end(out, entry);
}

void multi_response_put_exception(
    struct buffer *out, uint32_t index, struct span class_name, struct span text)
{
    size_t entry = wire_begin(out, 1);
    wire_put_varint(out, 1, index);
    wire_put_pair(out, 3, class_name, text);
    wire_end(out, entry);
}

void multi_response_put_region_exception(
    struct buffer *out, struct span class_name, struct span text)
{
    wire_put_pair(out, 2, class_name, text);
}

void multi_response_put_region_processed(struct buffer *out, bool is_processed)
{
    wire_put_bool(out, 3, is_processed);
}

void multi_response_region_end(struct buffer *out, size_t mark)
{
    wire_end(out, mark);
}

void multi_response_put_processed(struct buffer *out, bool is_processed)
{
    wire_put_bool(out, 2, is_processed);
}

/* One decoding of a response. */
struct walk {
    struct span cell_block;
    struct arena *arena;
    action_outcome_function *each;
    void *context;
    struct error *error;
};

/* ResultOrException. */
static enum status outcome_decode(
    struct walk *walk, struct span message, struct action_outcome outcome)
{
    struct span result = SPAN_EMPTY;
    struct wire_field field;
    enum status status;
    while (!(status = wire_take(&message, &field))) {
        if (wire_is(&field, 1, WIRE_VARINT)) {
            outcome.index = (uint32_t)field.value;
        } else if (wire_is(&field, 2, WIRE_BYTES)) {
            result = field.bytes;
        } else if (wire_is(&field, 3, WIRE_BYTES)) {
            outcome.has_exception = true;
            if (wire_read_pair(field.bytes, &outcome.class_name, &outcome.text))
                return error_set(
                    walk->error, STATUS_INVALID, "multi response has a malformed exception");
        }
    }
    if (status != STATUS_END)
        return error_set(walk->error, STATUS_INVALID, "multi response has a malformed result");
    if (result.size && (status = result_decode(
                            result, &walk->cell_block, walk->arena, &outcome.result, walk->error)))
        return status;
    return walk->each(walk->context, &outcome, walk->error);
}

/* RegionActionResult. */
static enum status region_result_decode(struct walk *walk, struct span message, size_t region)
{
    struct action_outcome outcome = {.region = region, .index = UINT32_MAX};
    struct wire_field field;
    enum status status;
    for (struct span in = message; !(status = wire_take(&in, &field));) {
        if (wire_is(&field, 2, WIRE_BYTES)) {
            outcome.has_exception = true;
            if (wire_read_pair(field.bytes, &outcome.class_name, &outcome.text))
                return error_set(
                    walk->error, STATUS_INVALID, "multi response has a malformed exception");
        } else if (wire_is(&field, 3, WIRE_VARINT)) {
            outcome.has_processed = true;
            outcome.is_processed = field.value != 0;
        }
    }
    if (status != STATUS_END)
        return error_set(
            walk->error, STATUS_INVALID, "multi response has a malformed region result");
    if (outcome.has_exception)
        return walk->each(walk->context, &outcome, walk->error);
    while (!wire_take(&message, &field))
        if (wire_is(&field, 1, WIRE_BYTES) && (status = outcome_decode(walk, field.bytes, outcome)))
            return status;
    return STATUS_OK;
}

enum status multi_response_decode(struct span message, struct span cell_block, struct arena *arena,
    action_outcome_function *each, void *context, struct error *error)
{
    struct walk walk = {cell_block, arena, each, context, error};
    struct wire_field field;
    enum status status;
    size_t region = 0;
    while (!(status = wire_take(&message, &field))) {
        if (!wire_is(&field, 1, WIRE_BYTES))
            continue;
        enum status inner = region_result_decode(&walk, field.bytes, region++);
        if (inner)
            return inner;
    }
    if (status != STATUS_END)
        return error_set(error, STATUS_INVALID, "multi response is malformed");
    return STATUS_OK;
}
