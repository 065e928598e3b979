#include "proto/read_message.h"

#include <stdlib.h>

#include "proto/filter_message.h"
#include "proto/wire.h"

#define ATTRIBUTE_RAW       SPAN_LITERAL("_raw_")
#define ATTRIBUTE_ISOLATION SPAN_LITERAL("_isolationlevel_")

enum { ISOLATION_READ_UNCOMMITTED = 1 }; /* IsolationLevel.toByte(): the ordinal */

enum status time_range_decode(struct span message, struct time_range *out_range)
{
    struct time_range range = TIME_RANGE_ALL;
    struct wire_field field;
    enum status status;
    while (!(status = wire_take(&message, &field))) {
        if (wire_is(&field, 1, WIRE_VARINT))
            range.from = (int64_t)field.value;
        else if (wire_is(&field, 2, WIRE_VARINT))
            range.to = (int64_t)field.value;
    }
    if (status != STATUS_END)
        return status;
    *out_range = range;
    return STATUS_OK;
}

void time_range_put(struct buffer *out, uint32_t number, struct time_range range)
{
    size_t mark = wire_begin(out, number);
    wire_put_varint(out, 1, (uint64_t)range.from);
    wire_put_varint(out, 2, (uint64_t)range.to);
    wire_end(out, mark);
}

static int compare_spans(const void *a, const void *b)
{
    return span_compare(*(const struct span *)a, *(const struct span *)b);
}

static int compare_families(const void *a, const void *b)
{
    return span_compare(
        ((const struct family_selection *)a)->family, ((const struct family_selection *)b)->family);
}

static size_t sort_unique(struct span *items, size_t count)
{
    if (count < 2)
        return count;
    qsort(items, count, sizeof(*items), compare_spans);
    size_t kept = 1;
    for (size_t i = 1; i < count; i++)
        if (!span_equal(items[i], items[kept - 1]))
            items[kept++] = items[i];
    return kept;
}

enum status family_list_add_column(
    struct family_list *list, struct span message, struct arena *arena)
{
    struct family_selection *item = &list->items[list->count];
    *item = (struct family_selection){0};
    struct wire_field field;
    enum status status;
    size_t count = 0;
    for (struct span in = message; !wire_take(&in, &field);)
        count += wire_is(&field, 2, WIRE_BYTES);
    if (count && !(item->qualifiers = arena_allocate(arena, count * sizeof(*item->qualifiers))))
        return STATUS_NO_MEMORY;
    while (!(status = wire_take(&message, &field))) {
        if (wire_is(&field, 1, WIRE_BYTES))
            item->family = field.bytes;
        else if (wire_is(&field, 2, WIRE_BYTES))
            item->qualifiers[item->qualifier_count++] = field.bytes;
    }
    if (status != STATUS_END)
        return status;
    item->qualifier_count = sort_unique(item->qualifiers, item->qualifier_count);
    list->count++;
    return STATUS_OK;
}

enum status family_list_add_time_range(struct family_list *list, struct span message)
{
    struct family_selection *item = &list->items[list->count];
    *item = (struct family_selection){
        .has_time_range = true, .is_time_range_only = true, .time_range = TIME_RANGE_ALL};
    struct wire_field field;
    enum status status;
    while (!(status = wire_take(&message, &field))) {
        if (wire_is(&field, 1, WIRE_BYTES))
            item->family = field.bytes;
        else if (wire_is(&field, 2, WIRE_BYTES) &&
                 time_range_decode(field.bytes, &item->time_range))
            return STATUS_INVALID;
    }
    if (status != STATUS_END)
        return status;
    list->count++;
    return STATUS_OK;
}

/* Folds `from` into `into`, both of one family. */
static enum status merge_families(
    struct arena *arena, struct family_selection *into, const struct family_selection *from)
{
    if (from->has_time_range) {
        into->has_time_range = true;
        into->time_range = from->time_range;
    }
    if (from->is_time_range_only)
        return STATUS_OK;
    if (into->is_time_range_only || from->qualifier_count == 0 || into->qualifier_count == 0) {
        bool is_whole = !into->is_time_range_only || from->qualifier_count == 0;
        into->qualifiers = is_whole ? NULL : from->qualifiers;
        into->qualifier_count = is_whole ? 0 : from->qualifier_count;
        into->is_time_range_only = false;
        return STATUS_OK;
    }
    size_t count = into->qualifier_count + from->qualifier_count;
    struct span *both = arena_allocate(arena, count * sizeof(*both));
    if (!both)
        return STATUS_NO_MEMORY;
    memcpy(both, into->qualifiers, into->qualifier_count * sizeof(*both));
    memcpy(both + into->qualifier_count, from->qualifiers, from->qualifier_count * sizeof(*both));
    into->qualifiers = both;
    into->qualifier_count = sort_unique(both, count);
    return STATUS_OK;
}

enum status family_list_finish(
    struct family_list *list, struct arena *arena, struct read_request *out_read)
{
    size_t kept = list->count ? 1 : 0;
    if (list->count > 1)
        qsort(list->items, list->count, sizeof(*list->items), compare_families);
    for (size_t i = 1; i < list->count; i++) {
        if (!span_equal(list->items[i].family, list->items[kept - 1].family))
            list->items[kept++] = list->items[i];
        else if (merge_families(arena, &list->items[kept - 1], &list->items[i]))
            return STATUS_NO_MEMORY;
    }
    out_read->families = list->items;
    out_read->family_count = kept;
    return STATUS_OK;
}

void families_put(struct buffer *out, const struct read_request *read, uint32_t column_number,
    uint32_t range_number)
{
    for (size_t i = 0; i < read->family_count; i++) {
        const struct family_selection *family = &read->families[i];
        if (!family->is_time_range_only) {
            size_t mark = wire_begin(out, column_number);
            wire_put_bytes(out, 1, family->family);
            for (size_t q = 0; q < family->qualifier_count; q++)
                wire_put_bytes(out, 2, family->qualifiers[q]);
            wire_end(out, mark);
        }
        if (family->has_time_range) {
            size_t mark = wire_begin(out, range_number);
            wire_put_bytes(out, 1, family->family);
            time_range_put(out, 2, family->time_range);
            wire_end(out, mark);
        }
    }
}

enum status read_attribute_decode(struct span message, struct read_request *read)
{
    struct span name, value;
    if (wire_read_pair(message, &name, &value))
        return STATUS_INVALID;
    if (span_equal(name, ATTRIBUTE_RAW))
        read->is_raw = value.size == 1 && value.data[0] != 0;
    else if (span_equal(name, ATTRIBUTE_ISOLATION))
        read->is_uncommitted = value.size == 1 && value.data[0] == ISOLATION_READ_UNCOMMITTED;
    return STATUS_OK;
}

void read_attributes_put(struct buffer *out, uint32_t number, const struct read_request *read)
{
    if (read->is_raw)
        wire_put_pair(out, number, ATTRIBUTE_RAW, SPAN_LITERAL("\xff"));
    if (read->is_uncommitted)
        wire_put_pair(out, number, ATTRIBUTE_ISOLATION, SPAN_LITERAL("\x01"));
    for (size_t i = 0; i < read->attribute_count; i++)
        wire_put_pair(out, number, read->attributes[i].key, read->attributes[i].value);
}

/* Room for every family that the message names. */
static enum status families_allocate(
    struct span message, struct arena *arena, struct family_list *list)
{
    struct wire_field field;
    size_t count = 0;
    while (!wire_take(&message, &field))
        count += field.number == 2 || field.number == 13;
    if (count && !(list->items = arena_allocate(arena, count * sizeof(*list->items))))
        return STATUS_NO_MEMORY;
    return STATUS_OK;
}

static enum status get_field_decode(const struct wire_field *field, struct arena *arena,
    struct family_list *families, struct get_message *get, struct span *filter)
{
    struct read_request *read = &get->read;
    if (field->type == WIRE_BYTES) {
        switch (field->number) {
        case 1:
            get->row = field->bytes;
            break;
        case 2:
            return family_list_add_column(families, field->bytes, arena);
        case 3:
            return read_attribute_decode(field->bytes, read);
        case 4:
            *filter = field->bytes;
            break;
        case 5:
            return time_range_decode(field->bytes, &read->time_range);
        case 13:
            return family_list_add_time_range(families, field->bytes);
        }
        return STATUS_OK;
    }
    if (field->type != WIRE_VARINT)
        return STATUS_OK;
    switch (field->number) {
    case 6:
        read->max_versions = (uint32_t)field->value;
        break;
    case 7:
        read->is_cache_fill = field->value != 0;
        break;
    case 8:
        read->store_limit = field->value ? (uint32_t)field->value : 1; /* HBase takes 0 for 1 */
        break;
    case 9:
        read->store_offset = (uint32_t)field->value;
        break;
    case 10:
        read->is_existence_only = field->value != 0;
        break;
    case 11:
        get->is_closest_row_before = field->value != 0;
        break;
    }
    return STATUS_OK;
}

enum status get_decode(
    struct span message, struct arena *arena, struct get_message *out_get, struct error *error)
{
    struct get_message get = {.region = out_get->region};
    struct family_list families = {0};
    struct span filter = SPAN_EMPTY;
    struct wire_field field;
    read_request_init(&get.read);
    enum status status = families_allocate(message, arena, &families);
    while (!status && !(status = wire_take(&message, &field)))
        status = get_field_decode(&field, arena, &families, &get, &filter);
    if (status == STATUS_END)
        status = family_list_finish(&families, arena, &get.read);
    if (status)
        return error_set(
            error, status, status == STATUS_NO_MEMORY ? "no memory for a get" : "get is malformed");
    if (filter.data && (status = filter_decode(filter, arena, &get.read.filter, error)))
        return status;
    *out_get = get;
    return STATUS_OK;
}

void get_encode(struct buffer *out, const struct get_message *get)
{
    const struct read_request *read = &get->read;
    wire_put_bytes(out, 1, get->row);
    families_put(out, read, 2, 13);
    read_attributes_put(out, 3, read);
    if (read->filter) {
        size_t mark = wire_begin(out, 4);
        filter_encode(out, read->filter);
        wire_end(out, mark);
    }
    if (read->time_range.from != 0 || read->time_range.to != INT64_MAX)
        time_range_put(out, 5, read->time_range);
    if (read->max_versions != 1)
        wire_put_varint(out, 6, read->max_versions);
    if (!read->is_cache_fill)
        wire_put_bool(out, 7, false);
    if (read->store_limit)
        wire_put_varint(out, 8, read->store_limit);
    if (read->store_offset)
        wire_put_varint(out, 9, read->store_offset);
    if (read->is_existence_only)
        wire_put_bool(out, 10, true);
    if (read->is_timeline)
        wire_put_varint(out, 12, CONSISTENCY_TIMELINE);
}

enum status get_request_decode(
    struct span message, struct arena *arena, struct get_message *out_get, struct error *error)
{
    struct get_message get = {0};
    struct span inner = SPAN_EMPTY;
    struct wire_field field;
    enum status status;
    while (!(status = wire_take(&message, &field))) {
        if (wire_is(&field, 1, WIRE_BYTES) &&
            (status = region_specifier_decode(field.bytes, &get.region, error)))
            return status;
        if (wire_is(&field, 2, WIRE_BYTES))
            inner = field.bytes;
    }
    if (status != STATUS_END || !inner.data || !get.region.value.size)
        return error_set(error, STATUS_INVALID, "get request is malformed");
    if ((status = get_decode(inner, arena, &get, error)))
        return status;
    *out_get = get;
    return STATUS_OK;
}

void get_request_encode(struct buffer *out, const struct get_message *get)
{
    region_specifier_put(out, 1, get->region);
    size_t mark = wire_begin(out, 2);
    get_encode(out, get);
    wire_end(out, mark);
}
