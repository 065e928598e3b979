#include "server/peer/heat_message.h"

#include "proto/peer.pb-c.h"
#include "proto/unpack.h"
#include "proto/wire.h"

#define MS_PER_S 1000

/* ---- To bytes ---- */

static uint64_t whole(double value)
{
    return value > 0 ? value < 1e18 ? (uint64_t)(value + 0.5) : (uint64_t)1e18 : 0;
}

static void put_column(struct buffer *out, const struct heat_column *column)
{
    size_t mark = wire_begin(out, column->is_closed ? 4 : 3);
    wire_put_bytes(out, 1, column->table);
    wire_put_bytes(out, 2, span_string(column->table_id));
    wire_put_bytes(out, 3, span_string(column->tablet_id));
    for (size_t i = 0; i < column->axis.count; i++)
        wire_put_bytes(out, 4, column->axis.starts[i]);
    wire_put_bytes(out, 5, column->axis.end);
    size_t values = wire_begin(out, 6);
    for (size_t i = 0; i < column->axis.count; i++)
        for (unsigned c = 0; c < HEAT_COUNTERS; c++)
            buffer_put_varint(out, whole(column->axis.values[i].of[c]));
    wire_end(out, values);
    wire_end(out, mark);
}

static void put_minute(struct buffer *out, const struct heat_minute *minute)
{
    size_t mark = wire_begin(out, 2);
    wire_put_varint(out, 1, (uint64_t)minute->minute);
    wire_put_varint(out, 2, whole(minute->seconds * MS_PER_S));
    for (size_t i = 0; i < minute->column_count; i++)
        put_column(out, &minute->columns[i]);
    wire_end(out, mark);
}

static void put_rows(struct buffer *out, const struct heat_tablet_rows *tablet)
{
    size_t mark = wire_begin(out, 3);
    wire_put_bytes(out, 1, tablet->table);
    wire_put_bytes(out, 2, span_string(tablet->tablet_id));
    wire_put_varint(out, 3, whole(tablet->window_s * MS_PER_S));
    for (unsigned kind = 0; kind < HEAT_ROW_KINDS; kind++)
        wire_put_varint(out, 4, whole(tablet->all[kind]));
    for (size_t i = 0; i < tablet->row_count; i++) {
        const struct hot_row *row = &tablet->rows[i];
        size_t inner = wire_begin(out, 5);
        wire_put_bytes(out, 1, row->row);
        wire_put_varint(out, 2, row->kind);
        wire_put_varint(out, 3, whole(row->count));
        wire_put_varint(out, 4, whole(row->error));
        wire_end(out, inner);
    }
    wire_end(out, mark);
}

void heat_report_encode(const struct heat_report *report, struct buffer *out)
{
    size_t name = wire_begin(out, 1);
    server_name_put_text(out, &report->server);
    wire_end(out, name);
    for (size_t i = 0; i < report->minute_count; i++)
        put_minute(out, &report->minutes[i]);
    for (size_t i = 0; i < report->hot_count; i++)
        put_rows(out, &report->hot[i]);
    wire_put_varint(out, 4, report->left_out);
}

void heat_report_answer_encode(const struct heat_report_answer *answer, struct buffer *out)
{
    wire_put_varint(out, 1, answer->epoch);
    wire_put_varint(out, 2, (uint64_t)answer->minutes_from);
}

/* ---- And back ---- */

static bool read_id(ProtobufCBinaryData bytes, char *id, size_t size)
{
    if (bytes.len == 0 || bytes.len >= size || memchr(bytes.data, 0, bytes.len))
        return false;
    memcpy(id, bytes.data, bytes.len);
    return true;
}

static enum status read_axis(const Stele__Pb__HeatColumn *message, struct arena *arena,
    struct heat_axis *axis, struct error *error)
{
    size_t count = message->n_starts;
    if (count == 0 || message->n_values != count * HEAT_COUNTERS)
        return error_set(error, STATUS_INVALID, "a column of heat has %zu starts and %zu values",
            count, message->n_values);
    struct span *starts = arena_allocate_zeroed(arena, count, sizeof *starts);
    struct heat_values *values = arena_allocate_zeroed(arena, count, sizeof *values);
    if (!starts || !values)
        return error_set(error, STATUS_NO_MEMORY, "no memory for a report");
    for (size_t i = 0; i < count; i++) {
        starts[i] = binary_span(message->starts[i]);
        if (i > 0 && span_compare(starts[i - 1], starts[i]) >= 0)
            return error_set(error, STATUS_INVALID, "the keys of a column of heat do not rise");
        for (unsigned c = 0; c < HEAT_COUNTERS; c++)
            values[i].of[c] = (double)message->values[i * HEAT_COUNTERS + c];
    }
    axis->end = message->has_end ? binary_span(message->end) : SPAN_EMPTY;
    if (axis->end.size > 0 && span_compare(starts[count - 1], axis->end) >= 0)
        return error_set(error, STATUS_INVALID, "a column of heat ends before it begins");
    axis->starts = starts;
    axis->values = values;
    axis->count = count;
    return STATUS_OK;
}

static enum status read_minute(const Stele__Pb__HeatMinute *message, struct arena *arena,
    struct heat_minute *minute, struct error *error)
{
    size_t count = message->n_columns + message->n_closed;
    struct heat_column *columns = arena_allocate_zeroed(arena, count + 1, sizeof *columns);
    if (!columns)
        return error_set(error, STATUS_NO_MEMORY, "no memory for a report");
    for (size_t i = 0; i < count; i++) {
        struct heat_column *column = &columns[i];
        column->is_closed = i >= message->n_columns;
        const Stele__Pb__HeatColumn *one = column->is_closed
                                               ? message->closed[i - message->n_columns]
                                               : message->columns[i];
        if (!read_id(one->table_id, column->table_id, sizeof column->table_id) ||
            !read_id(one->tablet_id, column->tablet_id, sizeof column->tablet_id))
            return error_set(error, STATUS_INVALID, "an id in a report of heat is malformed");
        column->table = binary_span(one->table);
        enum status status = read_axis(one, arena, &column->axis, error);
        if (status)
            return status;
    }
    if (message->minute <= 0 || message->minute > INT32_MAX)
        return error_set(error, STATUS_INVALID, "a minute of heat is none");
    *minute = (struct heat_minute){.minute = message->minute,
        .seconds = (double)message->passed_ms / MS_PER_S,
        .columns = columns,
        .column_count = count};
    return STATUS_OK;
}

static enum status read_hot(const Stele__Pb__HotTabletRows *message, struct arena *arena,
    struct heat_tablet_rows *hot, struct error *error)
{
    struct hot_row *rows = arena_allocate_zeroed(arena, message->n_rows + 1, sizeof *rows);
    if (!rows)
        return error_set(error, STATUS_NO_MEMORY, "no memory for a report");
    if (!read_id(message->tablet_id, hot->tablet_id, sizeof hot->tablet_id))
        return error_set(error, STATUS_INVALID, "an id in a report of heat is malformed");
    for (size_t i = 0; i < message->n_rows; i++) {
        const Stele__Pb__HotRow *row = message->rows[i];
        if (row->kind >= HEAT_ROW_KINDS)
            return error_set(error, STATUS_INVALID, "a hot row is of kind %u", row->kind);
        rows[i] = (struct hot_row){.row = binary_span(row->row),
            .kind = (enum heat_row_kind)row->kind,
            .count = (double)row->count,
            .error = (double)row->error};
    }
    hot->table = binary_span(message->table);
    hot->window_s = (double)message->window_ms / MS_PER_S;
    for (size_t k = 0; k < message->n_all && k < HEAT_ROW_KINDS; k++)
        hot->all[k] = (double)message->all[k];
    hot->rows = rows;
    hot->row_count = message->n_rows;
    return STATUS_OK;
}

static enum status read_lists(const Stele__Pb__HeatReportRequest *message, struct arena *arena,
    struct heat_report *report, struct error *error)
{
    struct heat_minute *minutes = arena_allocate_zeroed(
        arena, message->n_minutes + 1, sizeof *minutes);
    struct heat_tablet_rows *hot = arena_allocate_zeroed(arena, message->n_hot + 1, sizeof *hot);
    if (!minutes || !hot)
        return error_set(error, STATUS_NO_MEMORY, "no memory for a report");
    enum status status = STATUS_OK;
    for (size_t i = 0; i < message->n_minutes && !status; i++) {
        status = read_minute(message->minutes[i], arena, &minutes[i], error);
        if (!status && i > 0 && minutes[i].minute <= minutes[i - 1].minute)
            status = error_set(error, STATUS_INVALID, "the minutes of a report do not rise");
    }
    for (size_t i = 0; i < message->n_hot && !status; i++)
        status = read_hot(message->hot[i], arena, &hot[i], error);
    report->minutes = minutes;
    report->minute_count = message->n_minutes;
    report->hot = hot;
    report->hot_count = message->n_hot;
    return status;
}

enum status heat_report_decode(
    struct span bytes, struct arena *arena, struct heat_report *out_report, struct error *error)
{
    struct heat_report report = {0};
    const Stele__Pb__HeatReportRequest *message = (const void *)message_unpack(
        &stele__pb__heat_report_request__descriptor, bytes, arena, error);
    if (!message)
        return STATUS_INVALID;
    report.left_out = message->left_out;
    enum status status = server_name_parse(binary_span(message->server), &report.server, error);
    if (!status)
        status = read_lists(message, arena, &report, error);
    if (!status)
        *out_report = report;
    return status;
}

enum status heat_report_answer_decode(
    struct span bytes, struct heat_report_answer *out_answer, struct error *error)
{
    struct arena arena = {0};
    const Stele__Pb__HeatReportResponse *message = (const void *)message_unpack(
        &stele__pb__heat_report_response__descriptor, bytes, &arena, error);
    if (message)
        *out_answer = (struct heat_report_answer){
            .epoch = message->epoch, .minutes_from = message->minutes_from};
    arena_deinit(&arena);
    return message ? STATUS_OK : STATUS_INVALID;
}
