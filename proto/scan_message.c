#include "proto/scan_message.h"

#include "proto/filter_message.h"
#include "proto/wire.h"

static enum status scan_span_decode(const struct wire_field *field, struct arena *arena,
    struct family_list *families, struct scan_request *scan, struct span *filter)
{
    switch (field->number) {
    case 1:
        return family_list_add_column(families, field->bytes, arena);
    case 2:
        return read_attribute_decode(field->bytes, &scan->read);
    case 3:
        scan->start_row = field->bytes;
        break;
    case 4:
        scan->stop_row = field->bytes;
        break;
    case 5:
        *filter = field->bytes;
        break;
    case 6:
        return time_range_decode(field->bytes, &scan->read.time_range);
    case 19:
        return family_list_add_time_range(families, field->bytes);
    }
    return STATUS_OK;
}

static void scan_number_decode(const struct wire_field *field, struct scan_message *message)
{
    struct scan_request *scan = &message->scan;
    switch (field->number) {
    case 7:
        scan->read.max_versions = (uint32_t)field->value;
        break;
    case 8:
        scan->read.is_cache_fill = field->value != 0;
        break;
    case 9:
        scan->batch = (uint32_t)field->value;
        break;
    case 10:
        message->max_result_size = field->value;
        break;
    case 11:
        scan->read.store_limit = field->value ? (uint32_t)field->value
                                              : 1; /* HBase takes 0 for 1 */
        break;
    case 12:
        scan->read.store_offset = (uint32_t)field->value;
        break;
    case 13:
        scan->is_on_demand = field->value != 0;
        break;
    case 15:
        scan->is_reversed = field->value != 0;
        break;
    case 17:
        message->caching = (uint32_t)field->value;
        break;
    case 20:
        scan->read_point = field->value;
        break;
    case 21:
        scan->is_start_inclusive = field->value != 0;
        break;
    case 22:
        scan->is_stop_inclusive = field->value != 0;
        break;
    case 24:
        message->is_cursor_wanted = field->value != 0;
        break;
    }
}

/* The fields of a Scan message; its filter is left for later. */
static enum status scan_decode(
    struct span in, struct arena *arena, struct scan_message *message, struct span *out_filter)
{
    struct family_list families = {0};
    struct wire_field field;
    size_t count = 0;
    enum status status = STATUS_OK;
    scan_request_init(&message->scan);
    for (struct span rest = in; !wire_take(&rest, &field);)
        count += field.number == 1 || field.number == 19;
    if (count && !(families.items = arena_allocate(arena, count * sizeof(*families.items))))
        return STATUS_NO_MEMORY;
    while (!status && !(status = wire_take(&in, &field))) {
        if (field.type == WIRE_BYTES)
            status = scan_span_decode(&field, arena, &families, &message->scan, out_filter);
        else if (field.type == WIRE_VARINT)
            scan_number_decode(&field, message);
    }
    if (status != STATUS_END)
        return status;
    return family_list_finish(&families, arena, &message->scan.read);
}

static void request_number_decode(const struct wire_field *field, struct scan_message *message)
{
    switch (field->number) {
    case 3:
        message->has_scanner_id = true;
        message->scanner_id = field->value;
        break;
    case 4:
        message->has_number_of_rows = true;
        message->number_of_rows = (uint32_t)field->value;
        break;
    case 5:
        message->is_close = field->value != 0;
        break;
    case 6:
        message->has_next_call_seq = true;
        message->next_call_seq = field->value;
        break;
    case 7:
        message->handles_partials = field->value != 0;
        break;
    case 8:
        message->handles_heartbeats = field->value != 0;
        break;
    case 9:
        message->tracks_metrics = field->value != 0;
        break;
    case 10:
        message->is_renew = field->value != 0;
        break;
    case 11:
        message->has_limit_of_rows = true;
        message->limit_of_rows = (uint32_t)field->value;
        break;
    }
}

enum status scan_request_decode(
    struct span message, struct arena *arena, struct scan_message *out_scan, struct error *error)
{
    struct scan_message scan = {0};
    struct span region = SPAN_EMPTY, filter = SPAN_EMPTY;
    struct wire_field field;
    enum status status = STATUS_OK;
    while (!status && !(status = wire_take(&message, &field))) {
        if (field.type == WIRE_VARINT) {
            request_number_decode(&field, &scan);
        } else if (wire_is(&field, 1, WIRE_BYTES)) {
            region = field.bytes;
        } else if (wire_is(&field, 2, WIRE_BYTES)) {
            scan.has_scan = true;
            status = scan_decode(field.bytes, arena, &scan, &filter);
        }
    }
    if (status != STATUS_END)
        return error_set(error, status,
            status == STATUS_NO_MEMORY ? "no memory for a scan" : "scan request is malformed");
    if (region.data && (status = region_specifier_decode(region, &scan.region, error)))
        return status;
    if (filter.data && (status = filter_decode(filter, arena, &scan.scan.read.filter, error)))
        return status;
    *out_scan = scan;
    return STATUS_OK;
}

static void scan_put(struct buffer *out, const struct scan_message *message)
{
    const struct scan_request *scan = &message->scan;
    const struct read_request *read = &scan->read;
    families_put(out, read, 1, 19);
    read_attributes_put(out, 2, read);
    if (scan->start_row.size)
        wire_put_bytes(out, 3, scan->start_row);
    if (scan->stop_row.size)
        wire_put_bytes(out, 4, scan->stop_row);
    if (read->filter) {
        size_t mark = wire_begin(out, 5);
        filter_encode(out, read->filter);
        wire_end(out, mark);
    }
    if (read->time_range.from != 0 || read->time_range.to != INT64_MAX)
        time_range_put(out, 6, read->time_range);
    wire_put_varint(out, 7, read->max_versions);
    wire_put_bool(out, 8, read->is_cache_fill);
    if (scan->batch)
        wire_put_varint(out, 9, scan->batch);
    if (message->max_result_size)
        wire_put_varint(out, 10, message->max_result_size);
    if (read->store_limit)
        wire_put_varint(out, 11, read->store_limit);
    if (read->store_offset)
        wire_put_varint(out, 12, read->store_offset);
    if (!scan->is_on_demand)
        wire_put_bool(out, 13, false);
    if (scan->is_reversed)
        wire_put_bool(out, 15, true);
    if (read->is_timeline)
        wire_put_varint(out, 16, CONSISTENCY_TIMELINE);
    if (message->caching)
        wire_put_varint(out, 17, message->caching);
    if (scan->read_point)
        wire_put_varint(out, 20, scan->read_point);
    if (!scan->is_start_inclusive)
        wire_put_bool(out, 21, false);
    if (scan->is_stop_inclusive)
        wire_put_bool(out, 22, true);
    if (message->read_type)
        wire_put_varint(out, 23, message->read_type);
    if (message->is_cursor_wanted)
        wire_put_bool(out, 24, true);
}

void scan_request_encode(struct buffer *out, const struct scan_message *scan)
{
    if (scan->region.value.size)
        region_specifier_put(out, 1, scan->region);
    if (scan->has_scan) {
        size_t mark = wire_begin(out, 2);
        scan_put(out, scan);
        wire_end(out, mark);
    }
    if (scan->has_scanner_id)
        wire_put_varint(out, 3, scan->scanner_id);
    if (scan->has_number_of_rows)
        wire_put_varint(out, 4, scan->number_of_rows);
    if (scan->is_close)
        wire_put_bool(out, 5, true);
    if (scan->has_next_call_seq)
        wire_put_varint(out, 6, scan->next_call_seq);
    wire_put_bool(out, 7, scan->handles_partials);
    wire_put_bool(out, 8, scan->handles_heartbeats);
    wire_put_bool(out, 9, scan->tracks_metrics);
    if (scan->is_renew)
        wire_put_bool(out, 10, true);
    if (scan->has_limit_of_rows)
        wire_put_varint(out, 11, scan->limit_of_rows);
}

static void metrics_put(struct buffer *out, const struct scan_response *response)
{
    size_t mark = wire_begin(out, 10);
    for (size_t i = 0; i < response->metric_count; i++) {
        size_t pair = wire_begin(out, 1);
        wire_put_bytes(out, 1, response->metrics[i].name);
        wire_put_varint(out, 2, (uint64_t)response->metrics[i].value);
        wire_end(out, pair);
    }
    wire_end(out, mark);
}

/* A number for each result: there may be many thousands, so the room for all is taken at once. */
#define NUMBER_SIZE_MAX 6u

static void cell_counts_put(struct buffer *out, const struct scan_response *response)
{
    uint8_t *start = buffer_reserve(out, response->result_count * NUMBER_SIZE_MAX);
    uint8_t *p = start;
    for (size_t i = 0; start && i < response->result_count; i++) {
        *p++ = 1 << 3 | WIRE_VARINT;
        p += store_varint(p, response->cells_per_result[i]);
    }
    if (start)
        buffer_commit(out, (size_t)(p - start));
}

static void partial_flags_put(struct buffer *out, const struct scan_response *response)
{
    uint8_t *p = buffer_reserve(out, response->result_count * 2);
    for (size_t i = 0; p && i < response->result_count; i++) {
        p[2 * i] = 7 << 3 | WIRE_VARINT;
        p[2 * i + 1] = response->partial_flags && response->partial_flags[i];
    }
    if (p)
        buffer_commit(out, response->result_count * 2);
}

void scan_response_encode(struct buffer *out, const struct scan_response *response)
{
    if (response->cells_per_result)
        cell_counts_put(out, response);
    if (response->has_scanner_id)
        wire_put_varint(out, 2, response->scanner_id);
    if (response->has_more_results)
        wire_put_bool(out, 3, response->more_results);
    if (response->ttl_ms)
        wire_put_varint(out, 4, response->ttl_ms);
    buffer_put(out, response->results);
    if (response->is_stale)
        wire_put_bool(out, 6, true);
    partial_flags_put(out, response);
    if (response->has_more_results_in_region)
        wire_put_bool(out, 8, response->more_results_in_region);
    if (response->is_heartbeat)
        wire_put_bool(out, 9, true);
    if (response->metric_count)
        metrics_put(out, response);
    if (response->read_point)
        wire_put_varint(out, 11, response->read_point);
    if (response->cursor_row.data) {
        size_t mark = wire_begin(out, 12);
        wire_put_bytes(out, 1, response->cursor_row);
        wire_end(out, mark);
    }
}

static enum status metric_decode(struct span message, struct scan_metric *metric)
{
    struct wire_field field;
    enum status status;
    *metric = (struct scan_metric){0};
    while (!(status = wire_take(&message, &field))) {
        if (wire_is(&field, 1, WIRE_BYTES))
            metric->name = field.bytes;
        else if (wire_is(&field, 2, WIRE_VARINT))
            metric->value = (int64_t)field.value;
    }
    return status == STATUS_END ? STATUS_OK : status;
}

static enum status metrics_decode(
    struct span message, struct arena *arena, struct scan_response *response)
{
    struct wire_field field;
    enum status status;
    size_t count = 0;
    for (struct span in = message; !wire_take(&in, &field);)
        count += wire_is(&field, 1, WIRE_BYTES);
    response->metrics = arena_allocate(arena, count * sizeof(*response->metrics));
    if (!response->metrics)
        return STATUS_NO_MEMORY;
    response->metric_count = 0;
    while (!(status = wire_take(&message, &field)))
        if (wire_is(&field, 1, WIRE_BYTES) &&
            metric_decode(field.bytes, &response->metrics[response->metric_count++]))
            return STATUS_INVALID;
    return status == STATUS_END ? STATUS_OK : status;
}

/* Elements of a repeated varint field, packed or not. */
static size_t count_numbers(const struct wire_field *field)
{
    if (field->type == WIRE_VARINT)
        return 1;
    size_t count = 0;
    if (field->type == WIRE_BYTES)
        for (size_t i = 0; i < field->bytes.size; i++)
            count += field->bytes.data[i] < 0x80;
    return count;
}

static enum status cells_per_result_add(
    const struct wire_field *field, struct scan_response *response)
{
    struct span packed = field->bytes;
    uint64_t value = field->value;
    if (field->type == WIRE_VARINT) {
        response->cells_per_result[response->result_count++] = (uint32_t)value;
        return STATUS_OK;
    }
    while (field->type == WIRE_BYTES && packed.size) {
        if (span_take_varint(&packed, &value))
            return STATUS_INVALID;
        response->cells_per_result[response->result_count++] = (uint32_t)value;
    }
    return STATUS_OK;
}

static void partial_flags_add(
    const struct wire_field *field, struct scan_response *response, size_t *count)
{
    if (field->type == WIRE_VARINT)
        response->partial_flags[(*count)++] = field->value != 0;
    else if (field->type == WIRE_BYTES)
        for (size_t i = 0; i < field->bytes.size; i++)
            if (field->bytes.data[i] < 0x80)
                response->partial_flags[(*count)++] = field->bytes.data[i] != 0;
}

static enum status response_field_decode(const struct wire_field *field, struct arena *arena,
    struct scan_response *response, size_t *flag_count)
{
    if (field->number == 1)
        return cells_per_result_add(field, response);
    if (field->number == 7)
        partial_flags_add(field, response, flag_count);
    else if (wire_is(field, 10, WIRE_BYTES))
        return metrics_decode(field->bytes, arena, response);
    else if (wire_is(field, 12, WIRE_BYTES)) {
        struct span unused;
        return wire_read_pair(field->bytes, &response->cursor_row, &unused);
    }
    if (field->type != WIRE_VARINT)
        return STATUS_OK;
    switch (field->number) {
    case 2:
        response->has_scanner_id = true;
        response->scanner_id = field->value;
        break;
    case 3:
        response->has_more_results = true;
        response->more_results = field->value != 0;
        break;
    case 4:
        response->ttl_ms = (uint32_t)field->value;
        break;
    case 6:
        response->is_stale = field->value != 0;
        break;
    case 8:
        response->has_more_results_in_region = true;
        response->more_results_in_region = field->value != 0;
        break;
    case 9:
        response->is_heartbeat = field->value != 0;
        break;
    case 11:
        response->read_point = field->value;
        break;
    }
    return STATUS_OK;
}

enum status scan_response_decode(struct span message, struct arena *arena,
    struct scan_response *out_response, struct error *error)
{
    struct scan_response response = {.results = message};
    struct wire_field field;
    enum status status;
    size_t counts = 0, flags = 0, flag_count = 0;
    for (struct span in = message; !wire_take(&in, &field);) {
        counts += field.number == 1 ? count_numbers(&field) : 0;
        flags += field.number == 7 ? count_numbers(&field) : 0;
        response.inline_result_count += wire_is(&field, 5, WIRE_BYTES);
    }
    size_t most = counts > response.inline_result_count ? counts : response.inline_result_count;
    response.cells_per_result = arena_allocate(arena, counts * sizeof(*response.cells_per_result));
    response.partial_flags = arena_allocate_zeroed(
        arena, most > flags ? most : flags, sizeof(bool));
    if (!response.cells_per_result || !response.partial_flags)
        return error_set(error, STATUS_NO_MEMORY, "no memory for a scan response");
    while (!(status = wire_take(&message, &field)))
        if ((status = response_field_decode(&field, arena, &response, &flag_count)))
            break;
    if (status != STATUS_END)
        return error_set(error, STATUS_INVALID, "scan response is malformed");
    if (response.inline_result_count > response.result_count)
        response.result_count = response.inline_result_count;
    *out_response = response;
    return STATUS_OK;
}

bool scan_response_take_result(struct span *in, struct span *out_result)
{
    struct wire_field field;
    while (!wire_take(in, &field)) {
        if (wire_is(&field, 5, WIRE_BYTES)) {
            *out_result = field.bytes;
            return true;
        }
    }
    return false;
}
