#include "server/hbase/call.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/limits.h"
#include "base/log_lines.h"
#include "base/memory.h"
#include "base/trouble.h"
#include "server/hbase/call_load.h"
#include "server/hbase/client_service.h"
#include "server/net/loop.h"

#define CALLS_KEPT     1024
#define CALL_HELD_SIZE (sizeof(struct call) + ARENA_CHUNK_BYTES_MIN) /* by one of no bytes */
#define ANSWER_FREE    (64u << 10) /* bytes of an answer that are not counted */
#define ANSWER_STEP    (1u << 20)  /* beyond, they are in steps of */

static struct call *call_from_task(struct task *task)
{
    return (struct call *)((char *)task - offsetof(struct call, task));
}

struct call *call_new(struct connection *connection, struct hbase_service *service)
{
    struct call_pool *pool = connection->loop->service;
    struct call *call = pool->first;
    if (call) {
        pool->first = call->next;
        pool->count--;
    } else {
        call = memory_allocate_zeroed(1, sizeof *call);
        if (!call)
            return NULL;
        call->arena.limit_bytes = LIMIT_CALL_MEMORY;
        call->arena.uncounted_bytes = ARENA_CHUNK_BYTES_MIN;
        call->exception_text.limit = LIMIT_EXCEPTION_TEXT_SIZE;
    }
    call->service = service;
    call->arena.budget = &service->requests;
    call->connection = connection;
    call->loop = connection->loop;
    connection_hold(connection);
    return call;
}

static void give_large(struct loop *loop, struct buffer *buffer)
{
    if (buffer->capacity > BUFFER_LARGE_SIZE)
        buffer_pool_give(&loop->pool, buffer);
    else
        buffer_reset(buffer);
}

static void call_memory_free(struct call *call)
{
    arena_deinit(&call->arena);
    buffer_deinit(&call->own);
    buffer_deinit(&call->result);
    buffer_deinit(&call->cells);
    buffer_deinit(&call->exception_text);
    memory_free(call);
}

static void call_release(struct call *call)
{
    struct loop *loop = call->loop;
    struct call_pool *pool = loop->service;
    if (call->is_counted) {
        atomic_fetch_sub_explicit(&call->service->calls_in_flight, 1, memory_order_relaxed);
        memory_budget_give(&call->service->requests, call->counted_size);
    }
    output_budget_give(loop->output, call->answer_taken);
    if (call->is_expected)
        loop_expect_end(loop);
    arena_reset(&call->arena);
    connection_release(call->connection);
    if (pool->count >= CALLS_KEPT) {
        call_memory_free(call);
        return;
    }
    give_large(loop, &call->own);
    give_large(loop, &call->result);
    give_large(loop, &call->cells);
    buffer_reset(&call->exception_text);
    call->is_own = call->is_counted = call->is_expected = call->may_block = call->is_failed = false;
    call->answer_size = call->answer_taken = 0;
    call->deadline_ns = 0;
    call->holds = 0;
    call->start_ns = 0;
    call->context = NULL;
    call->next = pool->first;
    pool->first = call;
    pool->count++;
}

void call_pool_free(struct call_pool *pool)
{
    while (pool->first) {
        struct call *call = pool->first;
        pool->first = call->next;
        call_memory_free(call);
    }
    memory_free(pool);
}

static void put_exception(struct call *call, struct buffer *out)
{
    struct span class_name = span_string(call->exception_class);
    struct exception exception = {
        .class_name = class_name,
        .text = buffer_span(&call->exception_text),
        .has_do_not_retry = true,
        .is_do_not_retry = exception_is_do_not_retry(class_name),
        .is_server_overloaded = exception_classify(class_name, false) == EXCEPTION_OVERLOADED,
    };
    exception_encode(out, call->call_id, &exception);
}

enum call_outcome call_fail_no_room(struct call *call)
{
    return call_fail(call, EXCEPTION_CALL_QUEUE_TOO_BIG,
        "Too many bytes of answers on %s wait for their clients to read them",
        call->service->name_text);
}

enum call_outcome call_fail_no_memory(struct call *call)
{
    uint64_t limit = call->service->requests.limit_bytes;
    size_t refused = call->arena.refused_bytes;
    if (refused > 0 && call->counted_size + call->arena.reserved_bytes + refused > limit)
        return call_fail(call, EXCEPTION_REQUEST_TOO_BIG, /* it would come again in vain */
            "A request of %zu bytes needs more than the %llu that all requests may take on %s: see "
            "--memory",
            call->param.size + call->cell_block.size, (unsigned long long)limit,
            call->service->name_text);
    return call_fail(call, EXCEPTION_CALL_QUEUE_TOO_BIG,
        "Call queue is full on %s: %llu of %llu bytes for requests are taken",
        call->service->name_text, (unsigned long long)memory_budget_used(&call->service->requests),
        (unsigned long long)call->service->requests.limit_bytes);
}

enum call_outcome call_fail_row_size(struct call *call)
{
    return call_fail(call, EXCEPTION_ROW_TOO_BIG,
        "Max row size allowed: %zu, but the row is bigger than that.", call_row_limit(call));
}

size_t call_row_limit(const struct call *call)
{
    uint64_t most = output_budget_most(call->loop->output);
    return most < LIMIT_ROW_READ_SIZE ? (size_t)most : LIMIT_ROW_READ_SIZE;
}

bool call_answer_has_room(struct call *call, size_t bytes)
{
    size_t size = call->answer_size + bytes;
    if (size <= call->answer_taken + ANSWER_FREE)
        return true;
    size_t wanted = size - call->answer_taken;
    wanted += ANSWER_STEP - wanted % ANSWER_STEP;
    /* The last step to the most that one may have is a shorter one. */
    size_t most = (size_t)output_budget_most(call->loop->output);
    if (most > size && call->answer_taken + wanted > most)
        wanted = most - call->answer_taken;
    if (!output_budget_take(call->loop->output, wanted))
        return false;
    call->answer_taken += wanted;
    return true;
}

bool call_answer_grow(struct call *call, size_t bytes)
{
    if (!call_answer_has_room(call, bytes))
        return false;
    call->answer_size += bytes;
    return true;
}

/* It ends: what it was and how long it took. */
static void count_end(struct call *call)
{
    struct hbase_service *service = call->service;
    struct call_pool *pool = call->loop->service;
    uint64_t now_ns = env_monotonic_ns(service->env);
    uint64_t duration_ns = now_ns > call->received_ns ? now_ns - call->received_ns : 0;
    call_metrics_count(&pool->metrics, client_method_kind(call->method), duration_ns,
        call->is_failed ? call->exception_class : NULL, now_ns);
    if (duration_ns > SLOW_LOG_MS * UINT64_C(1000000))
        slow_log_note(&service->slow, call, duration_ns);
}

/* An answer that cannot be sent becomes the exception that says why. */
static void check_answer(struct call *call)
{
    if (!call->is_failed && (buffer_status(&call->result) || buffer_status(&call->cells)))
        call_fail(call, EXCEPTION_REGION_TOO_BUSY, "no memory for the answer");
    if (call->result.size + call->cells.size > LIMIT_ANSWER_SMALL_SIZE && call->answer_taken == 0 &&
        loop_output_is_over(call->connection->loop))
        call_fail_no_room(call);
}

void call_emit(struct call *call)
{
    struct connection *connection = call->connection;
    check_answer(call);
    count_end(call);
    if (connection_is_open(connection)) {
        uint8_t memory[FRAME_HEAD_SIZE_MAX(0) + 64];
        struct buffer head = {.data = memory, .capacity = sizeof memory, .limit = sizeof memory};
        if (call->is_failed) {
            struct buffer out = buffer_pool_take(&connection->loop->pool, false);
            put_exception(call, &out);
            connection_take(connection, &out);
            buffer_pool_give(&connection->loop->pool, &out);
        } else {
            response_head_encode(&head, call->call_id, call->result.size, call->cells.size);
            connection_put(connection, buffer_span(&head));
            connection_take(connection, &call->result);
            if (call->cells.size > 0)
                connection_take(connection, &call->cells);
        }
    }
    call_release(call);
}

/* Loop thread. The answer is ready. */
static void call_answer(struct call *call)
{
    if (call->needs_look && !call->is_failed)
        answer_looks_add(call->service->looks, call);
    else
        call_emit(call);
}

static void answer_run(struct task *task)
{
    call_answer(call_from_task(task));
}

void call_finish(struct call *call)
{
    call->task.run = answer_run;
    loop_post(call->loop, &call->task);
}

bool call_is_expired(const struct call *call)
{
    return call->deadline_ns && env_monotonic_ns(call->service->env) > call->deadline_ns;
}

static void start_over(struct call *call);

static void wait_in_queue(struct call *call)
{
    start_over(call);
    executor_submit_at(store_workers(call->service->store), &call->task, call->start_ns);
}

static void go_on(struct call *call, enum call_outcome outcome)
{
    if (outcome == CALL_TO_HOLD)
        call_hold(call);
    else if (outcome == CALL_TO_QUEUE)
        wait_in_queue(call);
    else if (outcome != CALL_PENDING)
        call_finish(call);
}

static void worker_run(struct task *task)
{
    struct call *call = call_from_task(task);
    call_load_start(call);
    enum call_outcome outcome = CALL_DONE;
    if (call_is_expired(call))
        call_fail(
            call, EXCEPTION_CALL_DROPPED, "Call %s waited past its timeout", call->method->name);
    else
        outcome = call->method->handler(call);
    go_on(call, outcome);
}

/* Forgets what the handler has made so far. */
static void start_over(struct call *call)
{
    buffer_reset(&call->result);
    buffer_reset(&call->cells);
    arena_reset(&call->arena);
    call->answer_size = 0; /* what it took of the budget it keeps */
    call->is_failed = false;
    call->may_block = true;
    call->task.run = worker_run;
}

/* What ran on the loop without an end starts again on a worker. */
static void send_to_worker(struct call *call)
{
    if (!call_own(call)) {
        call_answer(call);
        return;
    }
    start_over(call);
    executor_submit(store_workers(call->service->store), &call->task);
}

static void resume(struct tablet_waiter *waiter)
{
    struct call *call = (struct call *)((char *)waiter - offsetof(struct call, waiter));
    worker_run(&call->task);
}

void call_hold(struct call *call)
{
    call->holds++;
    start_over(call);
    call->waiter.resume = resume;
    if (!tablet_service_wait(
            call->service->tablets, span_string(call->held_id), call->deadline_ns, &call->waiter))
        executor_submit(store_workers(call->service->store), &call->task);
}

void call_run(struct call *call)
{
    if (loop_output_is_over(call->loop)) {
        call_fail_no_room(call);
        call_answer(call);
        return;
    }
    call_load_start(call);
    switch (call->method->handler(call)) {
    case CALL_DONE:
        call_answer(call);
        break;
    case CALL_PENDING: /* still ours: its end comes as a message to this thread */
        call->is_expected = true;
        loop_expect(call->loop);
        break;
    case CALL_TO_WORKER:
        send_to_worker(call);
        break;
    case CALL_TO_HOLD:
        if (call_own(call))
            call_hold(call);
        else
            call_answer(call);
        break;
    case CALL_TO_QUEUE:
        if (call_own(call))
            wait_in_queue(call);
        else
            call_answer(call);
        break;
    }
}

bool call_is_queued(struct call *call, enum call_outcome *out_outcome)
{
    struct sim_capacity *capacity = &call->service->capacity;
    if (capacity->call_ns == 0 || call->start_ns)
        return false;
    uint64_t now_ns = env_monotonic_ns(call->service->env);
    if (!sim_capacity_take(capacity, now_ns, &call->start_ns)) {
        *out_outcome = call_fail(call, EXCEPTION_CALL_QUEUE_TOO_BIG,
            "Call queue is full on %s: its modelled capacity is used up", call->service->name_text);
        return true;
    }
    *out_outcome = CALL_TO_QUEUE;
    return call->start_ns > now_ns;
}

static bool admit(struct call *call, size_t size)
{
    struct hbase_service *service = call->service;
    if (size > service->requests.limit_bytes) { /* it would come again in vain */
        call_fail(call, EXCEPTION_REQUEST_TOO_BIG,
            "A request of %zu bytes is more than the %llu that all requests may take on %s: see "
            "--memory",
            size, (unsigned long long)service->requests.limit_bytes, service->name_text);
        return false;
    }
    if (!memory_budget_take(&service->requests, size)) {
        call_fail_no_memory(call);
        return false;
    }
    uint64_t calls = atomic_fetch_add_explicit(&service->calls_in_flight, 1, memory_order_relaxed);
    if (calls < LIMIT_CALLS_IN_FLIGHT)
        return true;
    memory_budget_give(&service->requests, size);
    atomic_fetch_sub_explicit(&service->calls_in_flight, 1, memory_order_relaxed);
    call_fail(call, EXCEPTION_CALL_QUEUE_TOO_BIG,
        "Call queue is full on %s, too many items queued ?", service->name_text);
    return false;
}

bool call_own(struct call *call)
{
    if (call->is_own)
        return true;
    size_t size = call->param.size + call->cell_block.size;
    if (!admit(call, CALL_HELD_SIZE + size))
        return false;
    call->is_counted = true;
    call->counted_size = CALL_HELD_SIZE + size;
    if (call->own.capacity == 0 && size > BUFFER_LARGE_SIZE)
        call->own = buffer_pool_take(&call->loop->pool, true);
    buffer_reserve(&call->own, size); /* at once, and so no more than that */
    buffer_put(&call->own, call->param);
    buffer_put(&call->own, call->cell_block);
    if (buffer_status(&call->own)) {
        call_fail_no_memory(call);
        return false;
    }
    call->cell_block = span_make(call->own.data + call->param.size, call->cell_block.size);
    call->param = span_make(call->own.data, call->param.size);
    call->is_own = true;
    return true;
}

enum call_outcome call_fail(struct call *call, const char *exception_class, const char *format, ...)
{
    char text[4096];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    call->is_failed = true;
    call->exception_class = exception_class;
    buffer_reset(&call->exception_text);
    buffer_put_format(&call->exception_text, "%s: %s\n", exception_class, text);
    return CALL_DONE;
}

void call_tell_damage(struct call *call, enum status status, const char *text)
{
    struct hbase_service *service = call->service;
    if (status != STATUS_CORRUPT && status != STATUS_IO)
        return;
    uint64_t now_ns = env_monotonic_ns(service->env),
             told_ns = atomic_load(&service->damage_told_ns);
    bool is_due = told_ns == 0 || now_ns - told_ns >= TROUBLE_PERIOD_NS;
    if (is_due && atomic_compare_exchange_strong(&service->damage_told_ns, &told_ns, now_ns))
        log_line(LOG_ERROR, "call.damaged", "error=\"%s\"", text);
}

static enum call_outcome fail_words(struct call *call, enum status status, const char *text)
{
    if (status == STATUS_NO_MEMORY)
        return call_fail_no_memory(call);
    call_tell_damage(call, status, text);
    return call_fail(call, exception_of_status(status), "%s", text);
}

enum call_outcome call_fail_status(struct call *call, enum status status, const struct error *error)
{
    return fail_words(
        call, status, error && error->message[0] ? error->message : status_name(status));
}

enum call_outcome call_fail_operation(struct call *call, const struct write_operation *operation)
{
    return fail_words(call, operation->status, write_operation_reason(operation));
}

void *call_unpack(struct call *call, const ProtobufCMessageDescriptor *descriptor)
{
    struct error error = {0};
    ProtobufCMessage *message = message_unpack(descriptor, call->param, &call->arena, &error);
    if (!message && error.status == STATUS_NO_MEMORY)
        call_fail_no_memory(call);
    else if (!message)
        call_fail(call, EXCEPTION_DO_NOT_RETRY_IO, "%s", error.message);
    return message;
}

enum call_outcome call_reply(struct call *call, const ProtobufCMessage *message)
{
    message_pack(message, &call->result);
    return CALL_DONE;
}

enum call_outcome call_reply_empty(struct call *call)
{
    buffer_reset(&call->result);
    return CALL_DONE;
}
