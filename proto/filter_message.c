#include "proto/filter_message.h"

#include <stdlib.h>

#include "base/limits.h"
#include "proto/wire.h"

#define PACKAGE "org.apache.hadoop.hbase.filter."

/* One decoding of a tree. */
struct decoder {
    struct arena *arena;
    struct error *error;
    size_t nodes;
};

static enum status node_decode(struct decoder *decoder, struct span message, unsigned depth,
    const struct filter_node **out_node);

static enum status no_memory(struct decoder *decoder)
{
    return error_set(decoder->error, STATUS_NO_MEMORY, "no memory for a filter");
}

static size_t count_fields(struct span body, uint32_t number)
{
    struct wire_field field;
    size_t count = 0;
    while (!wire_take(&body, &field))
        count += field.number == number;
    return count;
}

static int compare_spans(const void *a, const void *b)
{
    return span_compare(*(const struct span *)a, *(const struct span *)b);
}

static int compare_timestamps(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

static bool filter_find(struct span class_name, enum filter_kind *out_kind)
{
    struct span package = SPAN_LITERAL(PACKAGE);
    if (!span_starts_with(class_name, package))
        return false;
    struct span name = span_slice(class_name, package.size, class_name.size - package.size);
    for (int kind = FILTER_ROW; kind <= FILTER_WRAPPER; kind++) {
        if (span_equal(name, span_string(filter_kind_name((enum filter_kind)kind)))) {
            *out_kind = (enum filter_kind)kind;
            return true;
        }
    }
    return false;
}

static enum status op_decode(uint64_t value, struct filter_node *node)
{
    if (value > COMPARE_NO_OP)
        return STATUS_INVALID;
    node->op = (int)value;
    return STATUS_OK;
}

/* CompareFilter{op = 1, comparator = 2}. */
static enum status compare_filter_decode(
    struct decoder *decoder, struct span body, struct filter_node *node)
{
    struct wire_field field;
    enum status status;
    while (!(status = wire_take(&body, &field))) {
        if (wire_is(&field, 1, WIRE_VARINT))
            status = op_decode(field.value, node);
        else if (wire_is(&field, 2, WIRE_BYTES))
            status = comparator_decode(
                field.bytes, decoder->arena, &node->comparator, decoder->error);
        if (status)
            return status;
    }
    return status == STATUS_END ? STATUS_OK : status;
}

/* SingleColumnValueFilter and, with the same first four fields, ColumnValueFilter. */
static enum status column_value_decode(
    struct decoder *decoder, struct span body, struct filter_node *node)
{
    struct wire_field field;
    enum status status;
    node->is_latest_version_only = true;
    while (!(status = wire_take(&body, &field))) {
        if (wire_is(&field, 1, WIRE_BYTES))
            node->family = field.bytes;
        else if (wire_is(&field, 2, WIRE_BYTES))
            node->qualifier = field.bytes;
        else if (wire_is(&field, 3, WIRE_VARINT))
            status = op_decode(field.value, node);
        else if (wire_is(&field, 4, WIRE_BYTES))
            status = comparator_decode(
                field.bytes, decoder->arena, &node->comparator, decoder->error);
        else if (wire_is(&field, 5, WIRE_VARINT))
            node->is_filter_if_missing = field.value != 0;
        else if (wire_is(&field, 6, WIRE_VARINT))
            node->is_latest_version_only = field.value != 0;
        if (status)
            return status;
    }
    return status == STATUS_END ? STATUS_OK : status;
}

/* A repeated bytes field 1: prefixes, qualifiers. Sorted. */
static enum status list_decode(struct decoder *decoder, struct span body, struct filter_node *node)
{
    size_t count = count_fields(body, 1);
    node->list = arena_allocate(decoder->arena, count * sizeof(*node->list));
    if (!node->list)
        return no_memory(decoder);
    struct wire_field field;
    enum status status;
    while (!(status = wire_take(&body, &field)))
        if (wire_is(&field, 1, WIRE_BYTES))
            node->list[node->list_count++] = field.bytes;
    if (node->list_count)
        qsort(node->list, node->list_count, sizeof(*node->list), compare_spans);
    return status == STATUS_END ? STATUS_OK : status;
}

/* TimestampsFilter: packed or not. Sorted. */
static enum status timestamps_decode(
    struct decoder *decoder, struct span body, struct filter_node *node)
{
    node->timestamps = arena_allocate(decoder->arena, (body.size + 1) * sizeof(*node->timestamps));
    if (!node->timestamps)
        return no_memory(decoder);
    struct wire_field field;
    enum status status;
    while (!(status = wire_take(&body, &field))) {
        if (wire_is(&field, 1, WIRE_VARINT))
            node->timestamps[node->timestamp_count++] = (int64_t)field.value;
        if (!wire_is(&field, 1, WIRE_BYTES))
            continue;
        uint64_t value;
        while (field.bytes.size) {
            if (span_take_varint(&field.bytes, &value))
                return STATUS_INVALID;
            node->timestamps[node->timestamp_count++] = (int64_t)value;
        }
    }
    if (node->timestamp_count)
        qsort(
            node->timestamps, node->timestamp_count, sizeof(*node->timestamps), compare_timestamps);
    return status == STATUS_END ? STATUS_OK : status;
}

/* RowRange, and ColumnRangeFilter itself: {from = 1, inclusive = 2, to = 3, inclusive = 4}. */
static enum status range_decode(struct span body, struct filter_range *range)
{
    struct wire_field field;
    enum status status;
    while (!(status = wire_take(&body, &field))) {
        if (wire_is(&field, 1, WIRE_BYTES))
            range->from = field.bytes;
        else if (wire_is(&field, 2, WIRE_VARINT))
            range->is_from_inclusive = field.value != 0;
        else if (wire_is(&field, 3, WIRE_BYTES))
            range->to = field.bytes;
        else if (wire_is(&field, 4, WIRE_VARINT))
            range->is_to_inclusive = field.value != 0;
    }
    return status == STATUS_END ? STATUS_OK : status;
}

static enum status ranges_decode(
    struct decoder *decoder, struct span body, struct filter_node *node)
{
    size_t count = node->kind == FILTER_COLUMN_RANGE ? 1 : count_fields(body, 1);
    node->ranges = arena_allocate_zeroed(decoder->arena, count, sizeof(*node->ranges));
    if (!node->ranges)
        return no_memory(decoder);
    if (node->kind == FILTER_COLUMN_RANGE) {
        node->range_count = 1;
        return range_decode(body, &node->ranges[0]);
    }
    struct wire_field field;
    enum status status;
    while (!(status = wire_take(&body, &field))) {
        if (!wire_is(&field, 1, WIRE_BYTES))
            continue;
        struct filter_range *range = &node->ranges[node->range_count++];
        status = node->kind == FILTER_FUZZY_ROW
                     ? wire_read_pair(field.bytes, &range->from, &range->to)
                     : range_decode(field.bytes, range);
        if (status)
            return status;
    }
    return status == STATUS_END ? STATUS_OK : status;
}

/* DependentColumnFilter. */
static enum status dependent_decode(
    struct decoder *decoder, struct span body, struct filter_node *node)
{
    struct wire_field field;
    enum status status;
    while (!(status = wire_take(&body, &field))) {
        if (wire_is(&field, 1, WIRE_BYTES))
            status = compare_filter_decode(decoder, field.bytes, node);
        else if (wire_is(&field, 2, WIRE_BYTES))
            node->family = field.bytes;
        else if (wire_is(&field, 3, WIRE_BYTES))
            node->qualifier = field.bytes;
        else if (wire_is(&field, 4, WIRE_VARINT))
            node->is_dependent_dropped = field.value != 0;
        if (status)
            return status;
    }
    return status == STATUS_END ? STATUS_OK : status;
}

/* FilterList{operator = 1, filters = 2}; SkipFilter, WhileMatchFilter, FilterWrapper{filter = 1}.
 */
static enum status children_decode(
    struct decoder *decoder, struct span body, unsigned depth, struct filter_node *node)
{
    uint32_t number = node->kind == FILTER_LIST ? 2 : 1;
    size_t count = count_fields(body, number);
    node->children = arena_allocate(decoder->arena, (count + 1) * sizeof(*node->children));
    if (!node->children)
        return no_memory(decoder);
    struct wire_field field;
    enum status status;
    while (!(status = wire_take(&body, &field))) {
        if (node->kind == FILTER_LIST && wire_is(&field, 1, WIRE_VARINT))
            node->op = (int)(field.value & 3);
        if (!wire_is(&field, number, WIRE_BYTES))
            continue;
        status = node_decode(decoder, field.bytes, depth + 1, &node->children[node->child_count]);
        if (status)
            return status;
        node->child_count++;
    }
    if (node->kind == FILTER_LIST ? node->op != 1 && node->op != 2 : node->child_count != 1)
        return STATUS_INVALID;
    return status == STATUS_END ? STATUS_OK : status;
}

/* Filters whose fields are a few scalars. */
static enum status scalars_decode(struct span body, struct filter_node *node)
{
    struct wire_field field;
    enum status status;
    while (!(status = wire_take(&body, &field))) {
        if (wire_is(&field, 1, WIRE_BYTES)) {
            node->bytes = field.bytes;
        } else if (wire_is(&field, 1, WIRE_VARINT)) {
            node->limit = node->kind == FILTER_PAGE ? (int64_t)field.value : (int32_t)field.value;
            node->is_length_as_value = node->kind == FILTER_KEY_ONLY && field.value != 0;
        } else if (wire_is(&field, 2, WIRE_VARINT)) {
            node->offset = (int32_t)field.value;
        } else if (wire_is(&field, 3, WIRE_BYTES)) {
            node->bytes = field.bytes;
            node->has_bytes = true;
        } else if (wire_is(&field, 1, WIRE_FIXED32)) {
            uint32_t bits = (uint32_t)field.value;
            memcpy(&node->chance, &bits, sizeof(bits));
        }
    }
    return status == STATUS_END ? STATUS_OK : status;
}

/* The submessage in field 1. */
static enum status inner_message(struct span body, struct span *out_inner)
{
    struct wire_field field;
    while (!wire_take(&body, &field)) {
        if (wire_is(&field, 1, WIRE_BYTES)) {
            *out_inner = field.bytes;
            return STATUS_OK;
        }
    }
    return STATUS_INVALID;
}

static enum status body_decode(
    struct decoder *decoder, struct span body, unsigned depth, struct filter_node *node)
{
    struct span inner;
    switch (node->kind) {
    case FILTER_ROW:
    case FILTER_FAMILY:
    case FILTER_QUALIFIER:
    case FILTER_VALUE:
        return inner_message(body, &inner) ? STATUS_INVALID
                                           : compare_filter_decode(decoder, inner, node);
    case FILTER_SINGLE_COLUMN_VALUE_EXCLUDE:
        return inner_message(body, &inner) ? STATUS_INVALID
                                           : column_value_decode(decoder, inner, node);
    case FILTER_SINGLE_COLUMN_VALUE:
    case FILTER_COLUMN_VALUE:
        return column_value_decode(decoder, body, node);
    case FILTER_MULTIPLE_COLUMN_PREFIX:
    case FILTER_FIRST_KEY_VALUE_MATCHING_QUALIFIERS:
        return list_decode(decoder, body, node);
    case FILTER_TIMESTAMPS:
        return timestamps_decode(decoder, body, node);
    case FILTER_COLUMN_RANGE:
    case FILTER_FUZZY_ROW:
    case FILTER_MULTI_ROW_RANGE:
        return ranges_decode(decoder, body, node);
    case FILTER_DEPENDENT_COLUMN:
        return dependent_decode(decoder, body, node);
    case FILTER_LIST:
    case FILTER_SKIP:
    case FILTER_WHILE_MATCH:
    case FILTER_WRAPPER:
        return children_decode(decoder, body, depth, node);
    default:
        return scalars_decode(body, node);
    }
}

static enum status node_decode(struct decoder *decoder, struct span message, unsigned depth,
    const struct filter_node **out_node)
{
    struct span name, body;
    if (depth > LIMIT_FILTER_DEPTH || ++decoder->nodes > LIMIT_FILTER_NODES)
        return error_set(decoder->error, STATUS_LIMIT,
            "filter exceeds the limit of %d levels or %d nodes", LIMIT_FILTER_DEPTH,
            LIMIT_FILTER_NODES);
    if (wire_read_pair(message, &name, &body))
        return error_set(decoder->error, STATUS_INVALID, "filter is malformed");
    struct filter_node *node = arena_allocate_zeroed(decoder->arena, 1, sizeof(*node));
    if (!node)
        return no_memory(decoder);
    if (!filter_find(name, &node->kind))
        return error_set(decoder->error, STATUS_UNSUPPORTED,
            "java.lang.ClassNotFoundException: %.*s", (int)(name.size < 200 ? name.size : 200),
            (const char *)name.data);
    if (body.data == NULL)
        body = SPAN_LITERAL("");
    enum status status = body_decode(decoder, body, depth, node);
    if (status == STATUS_INVALID)
        return error_set(
            decoder->error, STATUS_INVALID, "filter %s is malformed", filter_kind_name(node->kind));
    if (status)
        return status;
    *out_node = node;
    return STATUS_OK;
}

enum status filter_decode(struct span message, struct arena *arena,
    const struct filter_node **out_filter, struct error *error)
{
    struct decoder decoder = {arena, error, 0};
    return node_decode(&decoder, message, 1, out_filter);
}
