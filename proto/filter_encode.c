#include "proto/filter_message.h"
#include "proto/wire.h"

static void put_comparator(struct buffer *out, uint32_t number, const struct comparator *comparator)
{
    static const struct comparator null = {.kind = COMPARATOR_NULL};
    size_t mark = wire_begin(out, number);
    comparator_encode(out, comparator ? comparator : &null);
    wire_end(out, mark);
}

static void put_compare_filter(struct buffer *out, const struct filter_node *filter)
{
    size_t mark = wire_begin(out, 1);
    wire_put_varint(out, 1, (uint64_t)filter->op);
    if (filter->comparator)
        put_comparator(out, 2, filter->comparator);
    wire_end(out, mark);
}

static void put_column_value(struct buffer *out, const struct filter_node *filter)
{
    wire_put_bytes(out, 1, filter->family);
    wire_put_bytes(out, 2, filter->qualifier);
    wire_put_varint(out, 3, (uint64_t)filter->op);
    put_comparator(out, 4, filter->comparator);
    if (filter->kind == FILTER_COLUMN_VALUE)
        return;
    wire_put_bool(out, 5, filter->is_filter_if_missing);
    wire_put_bool(out, 6, filter->is_latest_version_only);
}

static void put_range(struct buffer *out, const struct filter_range *range)
{
    if (range->from.data)
        wire_put_bytes(out, 1, range->from);
    wire_put_bool(out, 2, range->is_from_inclusive);
    if (range->to.data)
        wire_put_bytes(out, 3, range->to);
    wire_put_bool(out, 4, range->is_to_inclusive);
}

static void put_child(struct buffer *out, uint32_t number, const struct filter_node *child)
{
    size_t mark = wire_begin(out, number);
    filter_encode(out, child);
    wire_end(out, mark);
}

static void put_timestamps(struct buffer *out, const struct filter_node *filter)
{
    size_t mark = wire_begin(out, 1);
    for (size_t i = 0; i < filter->timestamp_count; i++)
        buffer_put_varint(out, (uint64_t)filter->timestamps[i]);
    wire_end(out, mark);
}

static void put_body(struct buffer *out, const struct filter_node *filter)
{
    uint32_t bits;
    size_t mark;
    switch (filter->kind) {
    case FILTER_ROW:
    case FILTER_FAMILY:
    case FILTER_QUALIFIER:
    case FILTER_VALUE:
        put_compare_filter(out, filter);
        break;
    case FILTER_SINGLE_COLUMN_VALUE_EXCLUDE:
        mark = wire_begin(out, 1);
        put_column_value(out, filter);
        wire_end(out, mark);
        break;
    case FILTER_SINGLE_COLUMN_VALUE:
    case FILTER_COLUMN_VALUE:
        put_column_value(out, filter);
        break;
    case FILTER_PREFIX:
    case FILTER_INCLUSIVE_STOP:
    case FILTER_COLUMN_PREFIX:
        wire_put_bytes(out, 1, filter->bytes);
        break;
    case FILTER_PAGE:
    case FILTER_COLUMN_COUNT_GET:
        wire_put_varint(out, 1, (uint64_t)filter->limit);
        break;
    case FILTER_COLUMN_PAGINATION:
        wire_put_varint(out, 1, (uint64_t)filter->limit);
        if (filter->has_bytes)
            wire_put_bytes(out, 3, filter->bytes);
        else
            wire_put_varint(out, 2, (uint64_t)filter->offset);
        break;
    case FILTER_MULTIPLE_COLUMN_PREFIX:
    case FILTER_FIRST_KEY_VALUE_MATCHING_QUALIFIERS:
        for (size_t i = 0; i < filter->list_count; i++)
            wire_put_bytes(out, 1, filter->list[i]);
        break;
    case FILTER_COLUMN_RANGE:
        if (filter->range_count)
            put_range(out, &filter->ranges[0]);
        break;
    case FILTER_FUZZY_ROW:
        for (size_t i = 0; i < filter->range_count; i++)
            wire_put_pair(out, 1, filter->ranges[i].from, filter->ranges[i].to);
        break;
    case FILTER_MULTI_ROW_RANGE:
        for (size_t i = 0; i < filter->range_count; i++) {
            mark = wire_begin(out, 1);
            put_range(out, &filter->ranges[i]);
            wire_end(out, mark);
        }
        break;
    case FILTER_KEY_ONLY:
        wire_put_bool(out, 1, filter->is_length_as_value);
        break;
    case FILTER_TIMESTAMPS:
        put_timestamps(out, filter);
        break;
    case FILTER_DEPENDENT_COLUMN:
        put_compare_filter(out, filter);
        wire_put_bytes(out, 2, filter->family);
        wire_put_bytes(out, 3, filter->qualifier);
        wire_put_bool(out, 4, filter->is_dependent_dropped);
        break;
    case FILTER_RANDOM_ROW:
        memcpy(&bits, &filter->chance, sizeof(bits));
        wire_put_fixed32(out, 1, bits);
        break;
    case FILTER_LIST:
        wire_put_varint(out, 1, (uint64_t)filter->op);
        for (size_t i = 0; i < filter->child_count; i++)
            put_child(out, 2, filter->children[i]);
        break;
    case FILTER_SKIP:
    case FILTER_WHILE_MATCH:
    case FILTER_WRAPPER:
        put_child(out, 1, filter->children[0]);
        break;
    case FILTER_FIRST_KEY_ONLY:
    case FILTER_ALL:
        break;
    }
}

void filter_encode(struct buffer *out, const struct filter_node *filter)
{
    size_t mark = wire_begin(out, 1);
    buffer_put(out, SPAN_LITERAL("org.apache.hadoop.hbase.filter."));
    buffer_put(out, span_string(filter_kind_name(filter->kind)));
    wire_end(out, mark);
    mark = wire_begin(out, 2);
    put_body(out, filter);
    wire_end(out, mark);
}
