#include "server/hbase/row_service.h"

#include "proto/mutation_message.h"
#include "proto/read_message.h"
#include "server/hbase/call_load.h"
#include "server/hbase/region_lookup.h"
#include "server/hbase/result_sink.h"

/* ---- Get ---- */

/* Clients before 1.3, and those that do not tell, read a get's cells from the message only. */
static bool takes_block_for_get(const struct call *call)
{
    return call->codec != CELL_CODEC_NONE &&
           (call->client_major > 1 || (call->client_major == 1 && call->client_minor >= 3));
}

static enum call_outcome answer_get(
    struct call *call, const struct get_message *get, const struct result_sink *sink)
{
    struct result result = result_sink_result(sink);
    if (get->read.is_existence_only) {
        result.has_exists = true;
        result.exists = sink->cell_count > 0;
        result.cell_count = 0;
    }
    get_response_encode(&call->result, &result, sink->is_inline);
    return CALL_DONE;
}

enum call_outcome row_service_get(struct call *call)
{
    struct get_message get;
    struct result_sink sink;
    struct error error;
    error_clear(&error);
    enum status status = get_request_decode(call->param, &call->arena, &get, &error);
    if (status)
        return call_fail_status(call, status, &error);
    if (get.is_closest_row_before)
        return call_fail(call, EXCEPTION_UNKNOWN_PROTOCOL,
            "Is this a pre-hbase-1.0.0 or asynchbase client? Client is invoking "
            "getClosestRowBefore removed in hbase-2.0.0");
    enum call_outcome outcome;
    struct served_tablet *tablet = call_await_region(call, get.region, &outcome);
    if (!tablet)
        return outcome;
    result_sink_init(&sink, call, !takes_block_for_get(call));
    sink.is_counting_only = get.read.is_existence_only;
    status = tablet_get(tablet->tablet, get.row, &get.read, call->may_block, &sink.sink, &error);
    if (status != STATUS_WOULD_BLOCK)
        call_load_record(call, tablet,
            (struct load_event){.kind = LOAD_GET,
                .requests = 1,
                .rows_returned = sink.cell_count > 0,
                .bytes_in = call->param.size,
                .bytes_out = sink.bytes},
            get.row, get.row);
    served_tablet_unref(tablet);
    if (status == STATUS_WOULD_BLOCK)
        return CALL_TO_WORKER;
    if (status == STATUS_LIMIT)
        return call_fail_row_size(call);
    if (status == STATUS_BUSY)
        return call_fail_no_room(call);
    if (status == STATUS_CLOSED && call_may_hold(call, get.region))
        return CALL_TO_HOLD;
    if (status)
        return call_fail_region(call, get.region, status, &error);
    return answer_get(call, &get, &sink);
}

/* ---- Mutate ---- */

struct pending_mutate {
    struct write write;
    struct write_operation operation;
    struct mutate_message message;
    struct call *call;
    struct served_tablet *tablet;
};

static void answer_mutate(struct pending_mutate *pending)
{
    struct call *call = pending->call;
    const struct write_operation *operation = &pending->operation;
    enum mutation_kind kind = pending->message.mutation.kind;
    bool has_cells = kind == MUTATION_APPEND || kind == MUTATION_INCREMENT;
    bool is_inline = call->codec == CELL_CODEC_NONE;
    struct result result = {
        .cells = operation->result_cells, .cell_count = operation->result_count};
    bool is_told = has_cells && operation->is_processed; /* without results wanted: an empty one */
    if (is_told && !is_inline)
        for (size_t i = 0; i < result.cell_count; i++)
            cell_block_put(&call->cells, &result.cells[i], call->codec);
    bool has_processed = !has_cells || pending->message.has_condition;
    mutate_response_encode(
        &call->result, is_told ? &result : NULL, is_inline, has_processed, operation->is_processed);
}

static void on_written(struct write *write)
{
    struct pending_mutate *pending = (struct pending_mutate *)write;
    struct call *call = pending->call;
    struct region_specifier region = pending->message.region;
    served_tablet_unref(pending->tablet);
    if (write->status == STATUS_CLOSED && call_may_hold(call, region)) {
        call_hold(call); /* it was refused: nothing is written */
        return;
    }
    if (write->status)
        call_fail_region(call, region, write->status, &write->error);
    else if (pending->operation.status)
        call_fail_operation(call, &pending->operation);
    else
        answer_mutate(pending);
    call_finish(call);
}

enum call_outcome row_service_mutate(struct call *call)
{
    struct error error;
    error_clear(&error);
    if (!call_own(call))
        return CALL_DONE;
    struct pending_mutate *pending = arena_allocate(&call->arena, sizeof *pending);
    if (!pending)
        return call_fail_no_memory(call);
    struct mutate_message *message = &pending->message;
    enum status status = mutate_request_decode(
        call->param, call->cell_block, &call->arena, message, &error);
    if (status)
        return call_fail_status(call, status, &error);
    enum call_outcome outcome;
    pending->tablet = call_await_region(call, message->region, &outcome);
    if (!pending->tablet)
        return outcome;
    pending->call = call;
    pending->operation = (struct write_operation){.row = message->mutation.row,
        .condition = message->has_condition ? &message->condition : NULL,
        .mutations = &message->mutation,
        .mutation_count = 1};
    pending->write = (struct write){.operations = &pending->operation,
        .operation_count = 1,
        .nonce_group = message->nonce_group,
        .arena = &call->arena,
        .deadline_ns = call->deadline_ns,
        .done = on_written};
    call_load_record(call, pending->tablet,
        (struct load_event){.kind = LOAD_WRITE,
            .requests = 1,
            .bytes_in = call->param.size + call->cell_block.size},
        message->mutation.row, message->mutation.row);
    tablet_write(pending->tablet->tablet, &pending->write);
    return CALL_PENDING;
}
