#include "server/hbase/multi_service.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>

#include "base/limits.h"
#include "proto/multi_message.h"
#include "server/hbase/call_load.h"
#include "server/hbase/region_lookup.h"
#include "server/hbase/result_sink.h"

/* What runs on the loop; of more, a worker decodes and decides. */
#define ACTIONS_ON_LOOP    512
#define BYTES_ON_LOOP      (16u << 10)  /* of the message */
#define CELL_BYTES_ON_LOOP (128u << 10) /* of the cell block: one action may have many cells */
#define TEXT_SIZE          2048

/* What a client is told of an action, or of a region's. Many actions that fail for one reason share one. */
struct multi_failure {
    const char *exception_class; /* static */
    const char *reason;          /* borrowed */
    struct span text;            /* "class: reason" */
};

/* What one action of a region answers. */
struct multi_action {
    const struct action *action;
    const struct multi_failure *failure; /* NULL: it went well */
    union {
        struct result result;              /* of a get */
        struct write_operation *operation; /* of a mutation; NULL when it was not tried */
    };
};

struct multi_region {
    struct multi_call *multi;
    const struct region_action *request;
    const struct condition *condition;   /* of this region action, or NULL */
    bool is_atomic;                      /* one operation for all its mutations */
    struct served_tablet *tablet;        /* referenced until its write is done */
    const struct multi_failure *failure; /* of all of it; NULL: see the actions */
    size_t get_bytes;                    /* of what its gets answer */
    size_t get_rows;                     /* that its gets found */
    struct multi_action *actions;
    struct write_operation *operations;
    size_t operation_count;
    struct write write;
    struct arena arena; /* the write's: writes of one call run side by side */
};

struct multi_call {
    struct call *call;
    struct multi_message message;
    struct multi_region *regions;
    bool is_inline; /* the client takes no cell block */
    bool
        is_block_for_gets; /* nothing but gets has cells: they go into the block as they are read */
    _Atomic size_t writes_left;               /* and one for whoever submits them */
    const struct multi_failure *last_failure; /* of those made so far */
    size_t text_bytes; /* of exceptions in the answer: LIMIT_ANSWER_TEXT_SIZE */
};

/* ---- Failures ---- */

/* What is told when there is no memory for better. */
static const struct multi_failure no_memory = {
    .exception_class = EXCEPTION_CALL_QUEUE_TOO_BIG,
    .reason = "no memory for the call",
    .text = {(const uint8_t *)EXCEPTION_CALL_QUEUE_TOO_BIG,
        sizeof EXCEPTION_CALL_QUEUE_TOO_BIG - 1},
};

/* "class: reason", as Java prints an exception; the class alone when there is no memory for it. The failure that was made
 * last is given again when it is the same. */
static const struct multi_failure *failure_of(
    struct multi_call *multi, const char *class_name, const char *reason)
{
    struct arena *arena = &multi->call->arena;
    const struct multi_failure *last = multi->last_failure;
    if (last && strcmp(last->exception_class, class_name) == 0 &&
        (last->reason == reason || strcmp(last->reason, reason) == 0))
        return last;
    struct multi_failure *failure = arena_allocate_zeroed(arena, 1, sizeof *failure);
    if (!failure)
        return &no_memory;
    char text[TEXT_SIZE];
    snprintf(text, sizeof text, "%s: %s", class_name, reason);
    char *copy = arena_copy_string(arena, span_string(text));
    failure->exception_class = class_name;
    failure->reason = copy ? copy + strlen(class_name) + 2 : "";
    failure->text = span_string(copy ? copy : class_name);
    multi->last_failure = failure;
    return failure;
}

static const struct multi_failure *failure_format(struct multi_call *multi, const char *class_name,
    const char *format, ...) __attribute__((format(printf, 3, 4)));
static const struct multi_failure *failure_format(
    struct multi_call *multi, const char *class_name, const char *format, ...)
{
    char reason[TEXT_SIZE / 2];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(reason, sizeof reason, format, arguments);
    va_end(arguments);
    return failure_of(multi, class_name, reason);
}

static const struct multi_failure *failure_of_status(
    struct multi_call *multi, enum status status, const char *reason)
{
    const char *text = reason && reason[0] ? reason : status_name(status);
    call_tell_damage(multi->call, status, text);
    return failure_of(multi, exception_of_status(status), text);
}

static void fail_region(struct multi_region *region, const char *class_name, const char *reason)
{
    region->failure = failure_of(region->multi, class_name, reason);
}

/* The text that goes into the answer. Of many failures, those past the limit are told by their class. */
static struct span answer_text(struct multi_call *multi, const struct multi_failure *failure)
{
    if (failure->text.size > LIMIT_ANSWER_TEXT_SIZE - multi->text_bytes)
        return span_string(failure->exception_class);
    multi->text_bytes += failure->text.size;
    return failure->text;
}

/* ---- Regions ---- */

static void refuse_tablet(struct multi_region *region, const char *class, struct buffer *text)
{
    region->failure = failure_format(
        region->multi, class, "%.*s", (int)text->size, text->data ? (const char *)text->data : "");
    buffer_deinit(text);
}

/* False: the tablet is on its way, and the call waits for that. */
static bool find_tablet(struct multi_region *region)
{
    struct call *call = region->multi->call;
    struct buffer text = {0};
    struct region_specifier specifier = region->request->region;
    const char *class = region_find(call->service, specifier, &region->tablet, &text);
    if (class && region_is_on_its_way(call->service, specifier) && call_may_hold(call, specifier)) {
        buffer_deinit(&text);
        return false;
    }
    if (class)
        refuse_tablet(region, class, &text);
    return true;
}

static void release_tablets(struct multi_call *multi)
{
    for (size_t i = 0; i < multi->message.region_count; i++) {
        served_tablet_unref(multi->regions[i].tablet);
        multi->regions[i].tablet = NULL;
    }
}

/* ---- Gets ---- */

static const struct multi_failure *too_large(struct multi_call *multi)
{
    return failure_format(multi, EXCEPTION_MULTI_RESULT_TOO_LARGE,
        "Max size exceeded CellSize: %zu", multi->call->cells.size);
}

static const struct multi_failure *failure_of_get(
    struct multi_call *multi, enum status status, const struct error *error)
{
    struct call *call = multi->call;
    if (status == STATUS_LIMIT)
        return failure_format(multi, EXCEPTION_ROW_TOO_BIG,
            "Max row size allowed: %zu, but the row is bigger than that.", call_row_limit(call));
    if (status == STATUS_BUSY && call->cells.size == 0)
        return failure_of(multi, EXCEPTION_CALL_QUEUE_TOO_BIG,
            "Too many bytes of answers wait for their clients to read them");
    if (status == STATUS_BUSY) /* the rest of the batch comes again, with less before it */
        return too_large(multi);
    return failure_of_status(multi, status, error->message);
}

/* STATUS_WOULD_BLOCK, or STATUS_OK: the action has its answer. */
static enum status run_get(struct multi_region *region, struct multi_action *answer)
{
    struct multi_call *multi = region->multi;
    struct call *call = multi->call;
    const struct get_message *get = &answer->action->get;
    struct result_sink sink;
    struct error error;
    error_clear(&error);
    if (get->is_closest_row_before) {
        answer->failure = failure_of(
            multi, EXCEPTION_UNKNOWN_PROTOCOL, "closest_row_before is not supported");
        return STATUS_OK;
    }
    if (call->cells.size > LIMIT_SCAN_RESULT_SIZE || !call_answer_has_room(call, 0)) {
        answer->failure = too_large(multi);
        return STATUS_OK;
    }
    size_t block_size = call->cells.size;
    result_sink_init(&sink, call, !multi->is_block_for_gets);
    sink.is_counting_only = get->read.is_existence_only;
    enum status status = tablet_get(
        region->tablet->tablet, get->row, &get->read, call->may_block, &sink.sink, &error);
    if (status == STATUS_WOULD_BLOCK)
        return status;
    if (status) {
        if (block_size < call->cells.size)
            call->cells.size = block_size;
        answer->failure = failure_of_get(multi, status, &error);
        return STATUS_OK;
    }
    region->get_bytes += sink.bytes;
    region->get_rows += sink.cell_count > 0;
    answer->result = result_sink_result(&sink);
    if (get->read.is_existence_only) {
        answer->result.has_exists = true;
        answer->result.exists = sink.cell_count > 0;
        answer->result.cell_count = 0;
    }
    return STATUS_OK;
}

static enum status run_gets(struct multi_region *region)
{
    for (size_t i = 0; i < region->request->action_count; i++) {
        struct multi_action *answer = &region->actions[i];
        if (answer->action->kind != ACTION_GET)
            continue;
        enum status status = run_get(region, answer);
        if (status)
            return status;
    }
    return STATUS_OK;
}

/* ---- Mutations ---- */

static bool is_delta(const struct mutation *mutation)
{
    return mutation->kind == MUTATION_INCREMENT || mutation->kind == MUTATION_APPEND;
}

/* All mutations of an atomic region action as one operation. */
static void plan_atomic(struct multi_region *region)
{
    struct call *call = region->multi->call;
    const struct region_action *request = region->request;
    struct mutation *mutations = arena_allocate_zeroed(
        &call->arena, request->action_count, sizeof *mutations);
    struct write_operation *operation = &region->operations[0];
    if (!mutations) {
        region->failure = &no_memory;
        return;
    }
    for (size_t i = 0; i < request->action_count; i++) {
        const struct action *action = &request->actions[i];
        if (action->kind != ACTION_MUTATION) {
            fail_region(
                region, EXCEPTION_DO_NOT_RETRY_IO, "Atomic put and/or delete only, not a get");
            return;
        }
        mutations[i] = action->mutation;
        if (!span_equal(mutations[i].row, mutations[0].row)) {
            fail_region(region, EXCEPTION_DO_NOT_RETRY_IO,
                "the mutations of an atomic action are of several rows");
            return;
        }
        if (!operation->nonce)
            operation->nonce = mutations[i].nonce;
    }
    if (region->condition && !span_equal(region->condition->row, mutations[0].row)) {
        fail_region(region, EXCEPTION_DO_NOT_RETRY_IO,
            "The row of the action doesn't match the original one");
        return;
    }
    operation->row = mutations[0].row;
    operation->condition = region->condition;
    operation->mutations = mutations;
    operation->mutation_count = request->action_count;
    region->operation_count = 1;
}

/* HBase refuses all puts and deletes of a region when one of their cells is too large. False: no such cell. */
static bool find_large_cell(const struct region_action *request, struct error *error)
{
    for (size_t i = 0; i < request->action_count; i++) {
        const struct mutation *mutation = &request->actions[i].mutation;
        if (request->actions[i].kind != ACTION_MUTATION || is_delta(mutation))
            continue;
        for (size_t j = 0; j < mutation->cell_count; j++)
            if (cell_check_size(&mutation->cells[j], error))
                return true;
    }
    return false;
}

static void plan_single(struct multi_region *region)
{
    struct error large = {0};
    bool has_large = find_large_cell(region->request, &large);
    for (size_t i = 0; i < region->request->action_count; i++) {
        struct multi_action *answer = &region->actions[i];
        struct action *action = &region->request->actions[i];
        if (action->kind == ACTION_SERVICE_CALL) {
            answer->failure = failure_of(
                region->multi, EXCEPTION_UNKNOWN_PROTOCOL, "no coprocessor services here");
        }
        if (action->kind != ACTION_MUTATION)
            continue;
        if (has_large && !is_delta(&action->mutation)) {
            answer->failure = failure_of_status(region->multi, STATUS_LIMIT, large.message);
            continue;
        }
        struct write_operation *operation = &region->operations[region->operation_count++];
        operation->row = action->mutation.row;
        operation->mutations = &action->mutation;
        operation->mutation_count = 1;
        answer->operation = operation;
    }
}

/* ---- The answer ---- */

static void put_cells(struct multi_call *multi, const struct result *result)
{
    for (size_t i = 0; i < result->cell_count; i++)
        cell_block_put(&multi->call->cells, &result->cells[i], multi->call->codec);
}

static struct result mutation_result(const struct multi_action *answer)
{
    const struct mutation *mutation = &answer->action->mutation;
    if (!is_delta(mutation) || !mutation->is_result_wanted)
        return (struct result){0};
    return (struct result){
        .cells = answer->operation->result_cells, .cell_count = answer->operation->result_count};
}

static void put_action(struct multi_region *region, struct multi_action *answer)
{
    struct multi_call *multi = region->multi;
    struct buffer *out = &multi->call->result;
    uint32_t index = answer->action->index;
    bool is_get = answer->action->kind == ACTION_GET;
    const struct multi_failure *failure = answer->failure;
    if (!failure && !is_get && answer->operation && answer->operation->status)
        failure = failure_of_status(multi, answer->operation->status, answer->operation->message);
    if (failure) {
        multi_response_put_exception(
            out, index, span_string(failure->exception_class), answer_text(multi, failure));
        return;
    }
    struct result result = is_get ? answer->result : mutation_result(answer);
    multi_response_put_result(out, index, &result, multi->is_inline);
    if (!multi->is_inline && !(is_get && multi->is_block_for_gets))
        put_cells(multi, &result);
}

/* An entry for each mutation; the first one carries the cells of all, inside the message. */
static void put_atomic(struct multi_region *region)
{
    struct buffer *out = &region->multi->call->result;
    const struct write_operation *operation = &region->operations[0];
    struct result first = {.cells = operation->result_cells, .cell_count = operation->result_count};
    struct result empty = {0};
    for (size_t i = 0; i < region->request->action_count; i++)
        multi_response_put_result(out, (uint32_t)i, i == 0 ? &first : &empty, true);
    multi_response_put_region_processed(out, operation->is_processed);
}

static bool has_gets(const struct region_action *request)
{
    for (size_t i = 0; i < request->action_count; i++)
        if (request->actions[i].kind == ACTION_GET)
            return true;
    return false;
}

/* The write as a whole was refused. Gets of the region keep their answers. */
static void fail_write(struct multi_region *region)
{
    const struct write *write = &region->write;
    struct buffer text = {0};
    if (write->status == STATUS_CLOSED && !has_gets(region->request)) {
        const char *class = region_closed(
            region->multi->call->service, region->request->region, &text);
        refuse_tablet(region, class, &text);
        return;
    }
    for (size_t i = 0; !region->is_atomic && i < region->operation_count; i++) {
        region->operations[i].status = write->status;
        region->operations[i].message = write->error.message[0] ? write->error.message : NULL;
    }
    if (region->is_atomic)
        region->failure = failure_of_status(region->multi, write->status, write->error.message);
}

static void put_region(struct multi_region *region)
{
    struct buffer *out = &region->multi->call->result;
    if (!region->failure && region->operation_count && region->write.status)
        fail_write(region);
    if (!region->failure && region->is_atomic && region->operations[0].status)
        region->failure = failure_of_status(
            region->multi, region->operations[0].status, region->operations[0].message);
    size_t mark = multi_response_region_begin(out);
    if (region->failure) {
        multi_response_put_region_exception(out, span_string(region->failure->exception_class),
            answer_text(region->multi, region->failure));
    } else if (region->is_atomic) {
        put_atomic(region);
    } else {
        for (size_t i = 0; i < region->request->action_count; i++)
            put_action(region, &region->actions[i]);
    }
    multi_response_region_end(out, mark);
}

/* Every write is done: nobody else has the call. */
static void answer_multi(struct multi_call *multi)
{
    bool has_processed = false, is_processed = true;
    for (size_t i = 0; i < multi->message.region_count; i++) {
        struct multi_region *region = &multi->regions[i];
        put_region(region);
        if (region->is_atomic && !region->failure) {
            has_processed = true;
            is_processed = is_processed && region->operations[0].is_processed;
        }
        arena_deinit(&region->arena);
    }
    if (has_processed)
        multi_response_put_processed(&multi->call->result, is_processed);
}

/* ---- Load ---- */

static struct span action_row(const struct action *action)
{
    return action->kind == ACTION_GET ? action->get.row : action->mutation.row;
}

/* Each row its part of the event: they are of one kind. */
static void record_heat(struct multi_region *region, const struct load_event *event)
{
    const struct region_action *request = region->request;
    struct tablet_heat *heat = &region->tablet->heat;
    if (region->tablet->is_meta)
        return;
    struct heat_use use = call_load_heat(event);
    use.operations = 1;
    use.bytes_in /= event->requests;
    use.bytes_out /= event->requests;
    use.cpu_ns /= event->requests;
    tablet_heat_lock(heat);
    for (size_t i = 0; i < request->action_count; i++) {
        const struct action *action = &request->actions[i];
        bool is_get = action->kind == ACTION_GET;
        if (action->kind == ACTION_SERVICE_CALL || is_get != (event->kind == LOAD_GET))
            continue;
        struct span row = action_row(action);
        tablet_heat_add_locked(heat, &use, row, row);
    }
    tablet_heat_unlock(heat);
}

/* `event` is of the region's gets or of its mutations: `count` of them. */
static void record_actions(struct multi_region *region, struct load_event event)
{
    const struct region_action *request = region->request;
    uint64_t now_ns = region->multi->call->received_ns;
    unsigned due = tablet_load_record(region->tablet->load, &event, now_ns);
    for (unsigned i = 0; i < due; i++) {
        const struct action *action = &request->actions[i * request->action_count / due];
        if (action->kind != ACTION_SERVICE_CALL)
            tablet_load_sample(
                region->tablet->load, action_row(action), action_row(action), now_ns);
    }
    record_heat(region, &event);
}

/* Bytes and time of the call are shared among its actions. */
static void record_region(struct multi_region *region, uint64_t cpu_ns)
{
    struct call *call = region->multi->call;
    const struct region_action *request = region->request;
    size_t all = region->multi->message.action_count;
    uint64_t bytes = call->param.size + call->cell_block.size;
    uint64_t gets = 0;
    for (size_t i = 0; i < request->action_count; i++)
        gets += request->actions[i].kind == ACTION_GET;
    uint64_t writes = request->action_count - gets;
    if (gets > 0)
        record_actions(region, (struct load_event){.kind = LOAD_GET,
                                   .requests = gets,
                                   .rows_returned = region->get_rows,
                                   .bytes_in = bytes * gets / all,
                                   .bytes_out = region->get_bytes,
                                   .cpu_ns = cpu_ns * gets / all});
    if (writes > 0)
        record_actions(region, (struct load_event){.kind = LOAD_WRITE,
                                   .requests = writes,
                                   .bytes_in = bytes * writes / all,
                                   .cpu_ns = cpu_ns * writes / all});
}

/* When every get has its answer and no mutation is on its way yet. */
static void record_load(struct multi_call *multi)
{
    uint64_t cpu_ns = call_load_cpu(multi->call);
    for (size_t i = 0; i < multi->message.region_count; i++)
        if (!multi->regions[i].failure)
            record_region(&multi->regions[i], cpu_ns);
}

/* ---- Running ---- */

/* True when its tablets had closed before anything was written, and the call may be held. */
static bool is_to_hold(struct multi_call *multi)
{
    struct call *call = multi->call;
    const struct multi_region *closed = NULL;
    for (size_t i = 0; i < multi->message.region_count; i++) {
        const struct multi_region *region = &multi->regions[i];
        if (region->failure || region->operation_count == 0)
            continue;
        if (region->write.status != STATUS_CLOSED)
            return false;
        closed = region;
    }
    if (!closed || !call_may_hold(call, closed->request->region))
        return false;
    for (size_t i = 0; i < multi->message.region_count; i++)
        arena_deinit(&multi->regions[i].arena);
    return true;
}

static void region_written(struct write *write)
{
    struct multi_region *region = (struct multi_region *)((char *)write -
                                                          offsetof(struct multi_region, write));
    struct multi_call *multi = region->multi;
    served_tablet_unref(region->tablet);
    region->tablet = NULL;
    if (atomic_fetch_sub_explicit(&multi->writes_left, 1, memory_order_acq_rel) > 1)
        return;
    if (is_to_hold(multi)) {
        call_hold(multi->call);
        return;
    }
    answer_multi(multi);
    call_finish(multi->call);
}

static void write_region(struct multi_region *region)
{
    struct call *call = region->multi->call;
    region->write = (struct write){
        .operations = region->operations,
        .operation_count = region->operation_count,
        .nonce_group = region->multi->message.nonce_group,
        .arena = &region->arena,
        .deadline_ns = call->deadline_ns,
        .done = region_written,
    };
    tablet_write(region->tablet->tablet, &region->write);
}

static enum call_outcome write_regions(struct multi_call *multi)
{
    size_t count = multi->message.region_count, writes = 0;
    for (size_t i = 0; i < count; i++)
        writes += !multi->regions[i].failure && multi->regions[i].operation_count > 0;
    atomic_init(&multi->writes_left, writes + 1);
    for (size_t i = 0; i < count; i++) {
        struct multi_region *region = &multi->regions[i];
        if (!region->failure && region->operation_count > 0) {
            write_region(region);
        } else {
            served_tablet_unref(region->tablet);
            region->tablet = NULL;
        }
    }
    if (atomic_fetch_sub_explicit(&multi->writes_left, 1, memory_order_acq_rel) > 1)
        return CALL_PENDING;
    if (is_to_hold(multi))
        return CALL_TO_HOLD;
    answer_multi(multi);
    return CALL_DONE;
}

static bool begin_region(struct multi_call *multi, size_t at)
{
    struct multi_region *region = &multi->regions[at];
    struct region_action *request = &multi->message.regions[at];
    struct arena *arena = &multi->call->arena;
    region->multi = multi;
    region->request = request;
    region->condition = request->has_condition         ? &request->condition
                        : multi->message.has_condition ? &multi->message.condition
                                                       : NULL;
    region->is_atomic = (request->is_atomic || region->condition) && request->action_count > 0;
    region->arena.limit_bytes = multi->call->arena.limit_bytes;
    region->arena.budget = multi->call->arena.budget; /* all of it: nobody keeps it */
    region->actions = arena_allocate_zeroed(arena, request->action_count, sizeof *region->actions);
    region->operations = arena_allocate_zeroed(
        arena, request->action_count, sizeof *region->operations);
    if (request->action_count > 0 && (!region->actions || !region->operations))
        return false;
    for (size_t i = 0; i < request->action_count; i++)
        region->actions[i].action = &request->actions[i];
    return true;
}

static bool has_cells_of_mutations(const struct multi_message *message)
{
    for (size_t i = 0; i < message->region_count; i++) {
        for (size_t j = 0; j < message->regions[i].action_count; j++) {
            const struct action *action = &message->regions[i].actions[j];
            if (action->kind == ACTION_MUTATION && is_delta(&action->mutation))
                return true;
        }
    }
    return false;
}

enum call_outcome multi_service_multi(struct call *call)
{
    struct error error;
    error_clear(&error);
    bool is_long = call->param.size > BYTES_ON_LOOP || call->cell_block.size > CELL_BYTES_ON_LOOP;
    if (is_long && !call->may_block)
        return CALL_TO_WORKER;
    if (!call_own(call))
        return CALL_DONE;
    struct multi_call *multi = arena_allocate_zeroed(&call->arena, 1, sizeof *multi);
    if (!multi)
        return call_fail_no_memory(call);
    multi->call = call;
    enum status status = multi_request_decode(
        call->param, call->cell_block, &call->arena, &multi->message, &error);
    if (status)
        return call_fail_status(call, status, &error);
    if (multi->message.action_count > ACTIONS_ON_LOOP && !call->may_block)
        return CALL_TO_WORKER;
    size_t count = multi->message.region_count;
    enum call_outcome queued;
    if (call->service->capacity.call_ns && count > 0 &&
        !region_is_meta(multi->message.regions[0].region) && call_is_queued(call, &queued))
        return queued;
    multi->regions = arena_allocate_zeroed(&call->arena, count, sizeof *multi->regions);
    multi->is_inline = call->codec == CELL_CODEC_NONE;
    multi->is_block_for_gets = !multi->is_inline && !has_cells_of_mutations(&multi->message);
    for (size_t i = 0; i < count; i++)
        if (!multi->regions || !begin_region(multi, i))
            return call_fail_no_memory(call);
    for (size_t i = 0; i < count; i++) {
        struct multi_region *region = &multi->regions[i];
        if (!find_tablet(region)) {
            release_tablets(multi);
            return CALL_TO_HOLD;
        }
        if (region->failure)
            continue;
        if (region->is_atomic) {
            plan_atomic(region);
            continue;
        }
        if (run_gets(region) == STATUS_WOULD_BLOCK) {
            release_tablets(multi);
            return CALL_TO_WORKER;
        }
        plan_single(region);
    }
    record_load(multi);
    return write_regions(multi);
}
