#include "server/peer/peer_message.h"

#include <stdlib.h>

#include "base/limits.h"
#include "proto/mutation_message.h"
#include "proto/peer.pb-c.h"
#include "proto/unpack.h"
#include "proto/wire.h"

/* ---- Parts ---- */

const char *tablet_command_method(enum tablet_command_kind kind)
{
    switch (kind) {
    case TABLET_COMMAND_OPEN:
        return "OpenTablet";
    case TABLET_COMMAND_CLOSE:
        return "CloseTablet";
    case TABLET_COMMAND_SET_SCHEMA:
        return "SetSchema";
    case TABLET_COMMAND_LIST:
        return "ListTablets";
    case TABLET_COMMAND_FLUSH:
        return "FlushTablet";
    case TABLET_COMMAND_WRITE:
        return "WriteRows";
    case TABLET_COMMAND_READ:
        return "ReadRows";
    case TABLET_COMMAND_STOP:
        return "Stop";
    case TABLET_COMMAND_SPLIT_ROW:
        return "SplitRow";
    case TABLET_COMMAND_EXPECT:
        return "ExpectTablet";
    case TABLET_COMMAND_COMPACT:
        return "CompactTablet";
    }
    return NULL;
}

static void put_status(struct buffer *out, uint32_t number, enum status status)
{
    wire_put_bytes(out, number, span_string(status_name(status)));
}

/* A status of a later version is a failure that we cannot name. */
static enum status read_status(ProtobufCBinaryData name)
{
    for (int status = 0; status < STATUS_COUNT; status++)
        if (span_equal(binary_span(name), span_string(status_name((enum status)status))))
            return (enum status)status;
    return STATUS_IO;
}

static void read_message(
    enum status status, bool has_message, ProtobufCBinaryData message, struct error *out_error)
{
    error_clear(out_error);
    if (status)
        error_set(out_error, status, "%.*s", has_message ? (int)message.len : 0,
            has_message ? (const char *)message.data : "");
}

/* False when it does not fit. */
static bool read_id(bool has_id, ProtobufCBinaryData id, char *out_id, size_t size)
{
    if (!has_id || id.len == 0)
        return true;
    if (id.len >= size || memchr(id.data, '\0', id.len))
        return false;
    memcpy(out_id, id.data, id.len);
    out_id[id.len] = '\0';
    return true;
}

/* ---- Commands ---- */

static void put_tablet(struct buffer *out, uint32_t number, const struct tablet_info *tablet)
{
    size_t mark = wire_begin(out, number);
    wire_put_bytes(out, 1, span_string(tablet->id));
    wire_put_bytes(out, 2, span_string(tablet->table_id));
    wire_put_varint(out, 3, tablet->region_id);
    wire_put_bytes(out, 4, tablet->start_row);
    wire_put_bytes(out, 5, tablet->end_row);
    wire_end(out, mark);
}

static void put_destination(struct buffer *out, const struct server_name *destination)
{
    struct buffer text = {0};
    server_name_put_text(&text, destination);
    wire_put_bytes(out, 7, buffer_span(&text));
    buffer_deinit(&text);
}

static bool needs_schema(const struct tablet_command *command)
{
    return command->kind == TABLET_COMMAND_OPEN || command->kind == TABLET_COMMAND_EXPECT ||
           command->kind == TABLET_COMMAND_SET_SCHEMA;
}

void tablet_command_encode(const struct tablet_command *command, struct buffer *out)
{
    struct buffer part = {0};
    wire_put_varint(out, 1, command->kind);
    wire_put_varint(out, 2, command->epoch);
    put_tablet(out, 3, &command->tablet);
    if (needs_schema(command)) {
        table_schema_encode(command->schema, &part);
        wire_put_bytes(out, 4, buffer_span(&part));
        out->is_failed = out->is_failed || part.is_failed;
    }
    if (command->kind == TABLET_COMMAND_CLOSE) {
        wire_put_bool(out, 5, command->is_dropped);
        wire_put_bool(out, 6, command->is_prepared);
        if (command->destination)
            put_destination(out, command->destination);
    }
    for (size_t i = 0; command->kind == TABLET_COMMAND_WRITE && i < command->operation_count; i++) {
        CHECK(command->operations[i].mutation_count == 1 && !command->operations[i].condition);
        buffer_reset(&part);
        mutation_encode(&part, &command->operations[i].mutations[0], true);
        wire_put_bytes(out, 8, buffer_span(&part));
        out->is_failed = out->is_failed || part.is_failed;
    }
    if (command->kind == TABLET_COMMAND_COMPACT)
        wire_put_bool(out, 11, command->is_major);
    if (command->kind == TABLET_COMMAND_READ) {
        wire_put_bytes(out, 9, command->after_row);
        wire_put_varint(out, 10, command->read_bytes);
    }
    buffer_deinit(&part);
}

static enum status read_tablet(
    const Stele__Pb__TabletName *message, struct tablet_info *out_tablet, struct error *error)
{
    if (!message)
        return STATUS_OK;
    if (!read_id(message->has_id, message->id, out_tablet->id, sizeof out_tablet->id) ||
        !read_id(message->has_table_id, message->table_id, out_tablet->table_id,
            sizeof out_tablet->table_id))
        return error_set(error, STATUS_INVALID, "a tablet's id is malformed");
    out_tablet->region_id = message->region_id;
    out_tablet->start_row = message->has_start_row ? binary_span(message->start_row) : SPAN_EMPTY;
    out_tablet->end_row = message->has_end_row ? binary_span(message->end_row) : SPAN_EMPTY;
    if (out_tablet->start_row.size > LIMIT_ROW_SIZE || out_tablet->end_row.size > LIMIT_ROW_SIZE)
        return error_set(error, STATUS_LIMIT, "a tablet's range is too long");
    return STATUS_OK;
}

static enum status read_schema(const Stele__Pb__TabletCommandRequest *message,
    struct tablet_command *command, struct error *error)
{
    if (!message->has_schema)
        return STATUS_OK;
    struct span in = binary_span(message->schema);
    struct table_schema *schema = arena_allocate_zeroed(command->arena, 1, sizeof *schema);
    if (!schema)
        return error_set(error, STATUS_NO_MEMORY, "no memory for a schema");
    enum status status = table_schema_decode(&in, command->arena, schema, error);
    command->schema = schema;
    return status;
}

static enum status read_destination(const Stele__Pb__TabletCommandRequest *message,
    struct tablet_command *command, struct error *error)
{
    if (!message->has_destination)
        return STATUS_OK;
    struct server_name *name = arena_allocate_zeroed(command->arena, 1, sizeof *name);
    if (!name)
        return error_set(error, STATUS_NO_MEMORY, "no memory for a server's name");
    command->destination = name;
    return server_name_parse(binary_span(message->destination), name, error);
}

static enum status read_operations(const Stele__Pb__TabletCommandRequest *message,
    struct tablet_command *command, struct error *error)
{
    size_t count = message->n_mutations;
    enum status status = STATUS_OK;
    struct span no_block = SPAN_EMPTY;
    if (count == 0)
        return STATUS_OK;
    struct write_operation *operations = arena_allocate_zeroed(
        command->arena, count, sizeof *operations);
    struct mutation *mutations = arena_allocate_zeroed(command->arena, count, sizeof *mutations);
    if (!operations || !mutations)
        return error_set(error, STATUS_NO_MEMORY, "no memory for rows to write");
    for (size_t i = 0; i < count && !status; i++) {
        status = mutation_decode(
            binary_span(message->mutations[i]), &no_block, command->arena, &mutations[i], error);
        operations[i] = (struct write_operation){
            .row = mutations[i].row, .mutations = &mutations[i], .mutation_count = 1};
    }
    command->operations = operations;
    command->operation_count = count;
    return status;
}

static enum status check(const struct tablet_command *command, struct error *error)
{
    bool needs_id = command->kind != TABLET_COMMAND_SET_SCHEMA &&
                    command->kind != TABLET_COMMAND_LIST && command->kind != TABLET_COMMAND_STOP;
    if (!tablet_command_method(command->kind))
        return error_set(error, STATUS_INVALID, "unknown command %d", (int)command->kind);
    if (needs_id && !command->tablet.id[0])
        return error_set(error, STATUS_INVALID, "a command without its tablet");
    if (needs_schema(command) && (!command->schema || !command->tablet.table_id[0]))
        return error_set(error, STATUS_INVALID, "a command without its table");
    return STATUS_OK;
}

enum status tablet_command_decode(
    struct span bytes, struct arena *arena, struct tablet_command *out_command, struct error *error)
{
    struct tablet_command command = {.arena = arena};
    const Stele__Pb__TabletCommandRequest *message = (const void *)message_unpack(
        &stele__pb__tablet_command_request__descriptor, bytes, arena, error);
    if (!message)
        return STATUS_INVALID;
    command.kind = (enum tablet_command_kind)message->kind;
    command.epoch = message->epoch;
    command.is_dropped = message->is_dropped;
    command.is_prepared = message->is_prepared;
    command.is_major = message->is_major;
    command.after_row = message->has_after_row ? binary_span(message->after_row) : SPAN_EMPTY;
    command.read_bytes = message->read_bytes;
    enum status status = read_tablet(message->tablet, &command.tablet, error);
    if (!status)
        status = read_schema(message, &command, error);
    if (!status)
        status = read_destination(message, &command, error);
    if (!status)
        status = read_operations(message, &command, error);
    if (!status)
        status = check(&command, error);
    if (!status)
        *out_command = command;
    return status;
}

/* ---- Answers to commands ---- */

static void put_presences(struct buffer *out, const struct tablet_command *command)
{
    for (size_t i = 0; i < command->tablet_count; i++) {
        const struct tablet_presence *presence = &command->tablets[i];
        size_t mark = wire_begin(out, 8);
        wire_put_bytes(out, 1, span_string(presence->id));
        wire_put_bytes(out, 2, span_string(presence->table_id));
        wire_put_varint(out, 3, presence->state);
        wire_put_varint(out, 4, presence->open_sequence);
        wire_end(out, mark);
    }
}

static void put_cells(struct buffer *out, const struct tablet_command *command)
{
    size_t mark = wire_begin(out, 9);
    for (size_t i = 0; i < command->cell_count; i++)
        cell_block_put(out, &command->cells[i], CELL_CODEC_KEY_VALUE);
    wire_end(out, mark);
    wire_put_bool(out, 10, command->is_end);
}

static void put_outcomes(struct buffer *out, const struct tablet_command *command)
{
    for (size_t i = 0; i < command->operation_count; i++) {
        const struct write_operation *operation = &command->operations[i];
        size_t mark = wire_begin(out, 11);
        put_status(out, 1, operation->status);
        if (operation->status)
            wire_put_bytes(out, 2, span_string(write_operation_reason(operation)));
        wire_end(out, mark);
    }
}

void tablet_command_encode_answer(const struct tablet_command *command, struct buffer *out)
{
    put_status(out, 1, command->status);
    if (command->status)
        wire_put_bytes(out, 2, span_string(command->error.message));
    wire_put_bool(out, 3, command->was_done);
    wire_put_varint(out, 4, command->open_sequence);
    wire_put_varint(out, 5, command->prepared_bytes);
    wire_put_varint(out, 6, command->rest_bytes);
    wire_put_varint(out, 7, command->stopped_ns);
    if (command->status)
        return;
    if (command->kind == TABLET_COMMAND_LIST)
        put_presences(out, command);
    if (command->kind == TABLET_COMMAND_READ)
        put_cells(out, command);
    if (command->kind == TABLET_COMMAND_WRITE)
        put_outcomes(out, command);
    if (command->kind == TABLET_COMMAND_SPLIT_ROW)
        wire_put_bytes(out, 12, command->split_row);
}

static enum status read_presences(const Stele__Pb__TabletCommandResponse *message,
    struct tablet_command *command, struct error *error)
{
    size_t count = message->n_tablets;
    struct tablet_presence *tablets = arena_allocate_zeroed(
        command->arena, count ? count : 1, sizeof *tablets);
    if (!tablets)
        return error_set(error, STATUS_NO_MEMORY, "no memory for a list of tablets");
    for (size_t i = 0; i < count; i++) {
        const Stele__Pb__TabletPresence *one = message->tablets[i];
        if (!read_id(true, one->id, tablets[i].id, sizeof tablets[i].id) ||
            !read_id(true, one->table_id, tablets[i].table_id, sizeof tablets[i].table_id))
            return error_set(error, STATUS_INVALID, "a tablet's id is malformed");
        tablets[i].state = (enum served_state)one->state;
        tablets[i].open_sequence = one->open_sequence;
    }
    command->tablets = tablets;
    command->tablet_count = count;
    return STATUS_OK;
}

static enum status read_cells(const Stele__Pb__TabletCommandResponse *message,
    struct tablet_command *command, struct error *error)
{
    struct span in = message->has_cells ? binary_span(message->cells) : SPAN_EMPTY;
    struct cell cell;
    size_t count = 0;
    enum status status;
    for (struct span rest = in; !(status = cell_block_take(&rest, &cell, error)); count++)
        ;
    if (status != STATUS_END)
        return status;
    command->cells = arena_allocate_zeroed(
        command->arena, count ? count : 1, sizeof *command->cells);
    if (!command->cells)
        return error_set(error, STATUS_NO_MEMORY, "no memory for cells");
    for (size_t i = 0; i < count; i++)
        (void)cell_block_take(&in, &command->cells[i], NULL);
    command->cell_count = count;
    command->is_end = message->is_end;
    return STATUS_OK;
}

static enum status read_outcomes(const Stele__Pb__TabletCommandResponse *message,
    struct tablet_command *command, struct error *error)
{
    if (message->n_operations != command->operation_count)
        return error_set(error, STATUS_INVALID, "%zu outcomes of %zu writes", message->n_operations,
            command->operation_count);
    for (size_t i = 0; i < command->operation_count; i++) {
        const Stele__Pb__OperationOutcome *one = message->operations[i];
        struct write_operation *operation = &command->operations[i];
        operation->status = read_status(one->status);
        operation->message = operation->status && one->has_message
                                 ? arena_copy_string(command->arena, binary_span(one->message))
                                 : NULL;
    }
    return STATUS_OK;
}

enum status tablet_command_decode_answer(
    struct span bytes, struct tablet_command *command, struct error *error)
{
    /* commands without an arena have answers that need none to be kept */
    struct arena own = {0};
    struct arena *arena = command->arena ? command->arena : &own;
    const Stele__Pb__TabletCommandResponse *message = (const void *)message_unpack(
        &stele__pb__tablet_command_response__descriptor, bytes, arena, error);
    enum status status = message ? STATUS_OK : STATUS_INVALID;
    if (message) {
        command->status = read_status(message->status);
        read_message(command->status, message->has_message, message->message, &command->error);
        command->was_done = message->was_done;
        command->open_sequence = message->open_sequence;
        command->prepared_bytes = message->prepared_bytes;
        command->rest_bytes = message->rest_bytes;
        command->stopped_ns = message->stopped_ns;
    }
    if (message && !command->status) {
        if (command->kind == TABLET_COMMAND_LIST)
            status = read_presences(message, command, error);
        if (command->kind == TABLET_COMMAND_READ)
            status = read_cells(message, command, error);
        if (command->kind == TABLET_COMMAND_WRITE)
            status = read_outcomes(message, command, error);
        if (command->kind == TABLET_COMMAND_SPLIT_ROW)
            command->split_row = message->has_split_row ? binary_span(message->split_row)
                                                        : SPAN_EMPTY;
    }
    arena_deinit(&own);
    return status;
}

/* ---- Reports ---- */

static void put_tablet_report(struct buffer *out, const struct tablet_report *report)
{
    size_t mark = wire_begin(out, 8);
    wire_put_bytes(out, 1, span_string(report->id));
    wire_put_varint(out, 2, report->open_sequence);
    for (size_t i = 0; i < VIEW_RESOURCES; i++) {
        uint32_t bits;
        memcpy(&bits, &report->load[i], sizeof bits);
        wire_put_fixed32(out, 3, bits);
    }
    wire_put_varint(out, 4, report->size_bytes);
    wire_put_bytes(out, 5, report->region_load);
    wire_put_varint(out, 6, report->split_reason);
    wire_put_bytes(out, 7, report->split_row);
    wire_end(out, mark);
}

static void put_calls(struct buffer *out, const struct server_report *report)
{
    size_t mark = wire_begin(out, 11);
    for (unsigned kind = 0; kind < LOAD_CALLS; kind++)
        for (unsigned bucket = 0; bucket < CALL_BUCKETS; bucket++)
            buffer_put_varint(out, report->calls[kind][bucket]);
    wire_end(out, mark);
}

void server_report_encode(const struct server_report *report, struct buffer *out)
{
    struct buffer name = {0};
    server_name_put_text(&name, &report->server);
    wire_put_bytes(out, 1, buffer_span(&name));
    out->is_failed = out->is_failed || name.is_failed;
    buffer_deinit(&name);
    wire_put_varint(out, 2, report->requests_per_s);
    wire_put_varint(out, 3, report->requests_total);
    wire_put_varint(out, 4, report->used_mb);
    wire_put_varint(out, 5, report->most_mb);
    wire_put_varint(out, 6, (uint64_t)report->started_ms);
    wire_put_varint(out, 7, report->web_port);
    wire_put_varint(out, 10, (uint64_t)report->full_since_ms);
    wire_put_varint(out, 12, report->stalled_ms);
    wire_put_varint(out, 13, (uint64_t)report->wall_ms);
    put_calls(out, report);
    for (size_t i = 0; i < report->tablet_count; i++)
        put_tablet_report(out, &report->tablets[i]);
    for (size_t i = 0; i < report->file_count; i++)
        wire_put_pair(out, 9, report->files[i].table_id, report->files[i].file);
}

static enum status read_tablet_reports(const Stele__Pb__ReportRequest *message, struct arena *arena,
    struct server_report *report, struct error *error)
{
    size_t count = message->n_tablets;
    struct tablet_report *tablets = arena_allocate_zeroed(
        arena, count ? count : 1, sizeof *tablets);
    if (!tablets)
        return error_set(error, STATUS_NO_MEMORY, "no memory for a report");
    for (size_t i = 0; i < count; i++) {
        const Stele__Pb__TabletReport *one = message->tablets[i];
        struct tablet_report *tablet = &tablets[i];
        if (!read_id(true, one->id, tablet->id, sizeof tablet->id))
            return error_set(error, STATUS_INVALID, "a tablet's id is malformed");
        tablet->open_sequence = one->open_sequence;
        for (size_t k = 0; k < one->n_load && k < VIEW_RESOURCES; k++)
            tablet->load[k] = one->load[k];
        tablet->size_bytes = one->size_bytes;
        tablet->region_load = one->has_region_load ? binary_span(one->region_load) : SPAN_EMPTY;
        tablet->split_reason = (enum split_reason)one->split_reason;
        tablet->split_row = one->has_split_row ? binary_span(one->split_row) : SPAN_EMPTY;
    }
    report->tablets = tablets;
    report->tablet_count = count;
    return STATUS_OK;
}

static enum status read_files(const Stele__Pb__ReportRequest *message, struct arena *arena,
    struct server_report *report, struct error *error)
{
    size_t count = message->n_files;
    struct given_up_file *files = arena_allocate_zeroed(arena, count ? count : 1, sizeof *files);
    if (!files)
        return error_set(error, STATUS_NO_MEMORY, "no memory for a report");
    for (size_t i = 0; i < count; i++)
        files[i] = (struct given_up_file){
            binary_span(message->files[i]->table_id), binary_span(message->files[i]->file)};
    report->files = files;
    report->file_count = count;
    return STATUS_OK;
}

enum status server_report_decode(
    struct span bytes, struct arena *arena, struct server_report *out_report, struct error *error)
{
    struct server_report report = {0};
    const Stele__Pb__ReportRequest *message = (const void *)message_unpack(
        &stele__pb__report_request__descriptor, bytes, arena, error);
    if (!message)
        return STATUS_INVALID;
    report.requests_per_s = message->requests_per_s;
    report.requests_total = message->requests_total;
    report.used_mb = message->used_mb;
    report.most_mb = message->most_mb;
    report.started_ms = message->started_ms;
    report.web_port = message->web_port;
    report.full_since_ms = message->full_since_ms;
    report.stalled_ms = message->stalled_ms;
    report.wall_ms = message->wall_ms;
    if (message->n_calls == LOAD_CALLS * CALL_BUCKETS) /* else of another version */
        memcpy(report.calls, message->calls, sizeof report.calls);
    enum status status = server_name_parse(binary_span(message->server), &report.server, error);
    if (!status)
        status = read_tablet_reports(message, arena, &report, error);
    if (!status)
        status = read_files(message, arena, &report, error);
    if (!status)
        *out_report = report;
    return status;
}

void server_report_answer_encode(const struct server_report_answer *answer, struct buffer *out)
{
    wire_put_varint(out, 1, answer->epoch);
    wire_put_bool(out, 2, answer->splits_by_policy);
    wire_put_bool(out, 3, answer->is_sealed);
}

enum status server_report_answer_decode(
    struct span bytes, struct server_report_answer *out_answer, struct error *error)
{
    struct arena arena = {0};
    const Stele__Pb__ReportResponse *message = (const void *)message_unpack(
        &stele__pb__report_response__descriptor, bytes, &arena, error);
    if (message)
        *out_answer = (struct server_report_answer){.epoch = message->epoch,
            .splits_by_policy = message->splits_by_policy,
            .is_sealed = message->is_sealed};
    arena_deinit(&arena);
    return message ? STATUS_OK : STATUS_INVALID;
}
