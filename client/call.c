#include "client/call.h"

#include "base/limits.h"
#include "base/memory.h"
#include "client/server.h"
#include "proto/region.h"
#include "proto/wire.h"

enum {
    FREE_CALLS = 256,          /* kept for reuse */
    FREE_BODY_SIZE = 64 << 10, /* with bodies up to this */
    PRIORITY_META = 250,
    LIMIT_REGION_NAME_SIZE = LIMIT_ROW_SIZE + LIMIT_TABLE_NAME_SIZE + 64,
};

static void dispatch(struct call *call);
static void locate(struct call *call);

struct call *client_call_new(struct stele_client *client, enum call_target target,
    enum service service, const char *method, call_function *done, void *context)
{
    client_lock(client);
    struct call *call = client->free_calls;
    if (call) {
        client->free_calls = call->next_free;
        client->free_call_count--;
    }
    client_unlock(client);
    struct buffer body = {0}, cell_block = {0};
    if (call) {
        body = call->body;
        cell_block = call->cell_block;
        buffer_reset(&body);
        buffer_reset(&cell_block);
    } else if (!(call = memory_allocate(sizeof(*call)))) {
        return NULL;
    }
    *call = (struct call){.client = client,
        .target = target,
        .service = service,
        .method = method,
        .done = done,
        .context = context,
        .body = body,
        .cell_block = cell_block};
    return call;
}

void call_free(struct call *call)
{
    if (!call)
        return;
    struct stele_client *client = call->client;
    region_unref(call->region);
    timer_stop(&call->timer);
    if (call->body.capacity > FREE_BODY_SIZE)
        buffer_deinit(&call->body);
    buffer_deinit(&call->cell_block);
    client_lock(client);
    bool is_kept = client->free_call_count < FREE_CALLS && !client->is_closing;
    if (is_kept) {
        call->next_free = client->free_calls;
        client->free_calls = call;
        client->free_call_count++;
    }
    client_unlock(client);
    if (is_kept)
        return;
    buffer_deinit(&call->body);
    memory_free(call);
}

struct span call_row(const struct call *call)
{
    return span_make(call->body.data, call->row_size);
}

static struct span call_message(const struct call *call)
{
    return span_make(call->body.data + call->row_size, call->body.size - call->row_size);
}

static void finish(struct call *call, const struct failure *failure,
    const struct response_frame *answer, struct block *block)
{
    struct stele_client *client = call->client;
    call->done(call, failure, answer, block);
    arena_reset(&client->scratch);
    atomic_fetch_sub(&client->in_flight, 1);
    call_free(call);
}

static void finish_failed(struct call *call, const struct failure *failure)
{
    finish(call, failure, NULL, NULL);
}

static void on_timer(struct timer *timer)
{
    struct call *call = (struct call *)(void *)((char *)timer - offsetof(struct call, timer));
    loop_refresh(&call->client->loop);
    if (call->is_locating) {
        struct failure failure;
        table_forget_waiter(call->table, &call->waiter);
        failure_init(&failure, EXCEPTION_DO_NOT_RETRY, STELE_TIMEOUT,
            "the region of the row in table %s was not found in time", call->table->name_text);
        failure.error.attempts = call->retry.attempts;
        finish_failed(call, &failure);
    } else {
        dispatch(call);
    }
}

/* What ended inside call_start ends in this turn of the loop. */
static void run_ending(struct loop_task *task)
{
    struct call *call = (struct call *)(void *)((char *)task - offsetof(struct call, task));
    struct failure *ending = call->ending;
    call->ending = NULL;
    finish_failed(call, ending);
    memory_free(ending);
}

/* Runs on_timer after a while; false on no memory. */
static bool wait_for(struct call *call, uint64_t pause_ns)
{
    call->timer.run = on_timer;
    return timer_start(&call->client->timers, &call->timer, pause_ns);
}

/* An attempt failed: again, or the end. */
static void fail(struct call *call, const struct failure *cause)
{
    struct stele_client *client = call->client;
    struct failure failure = *cause;
    uint64_t pause_ns;
    region_unref(call->region);
    call->region = NULL;
    call->hang_ups = failure.is_hang_up ? call->hang_ups + 1 : 0;
    if (call->hang_ups_most > 0 && call->hang_ups == call->hang_ups_most)
        failure.kind = EXCEPTION_DO_NOT_RETRY;
    if (call->is_once)
        failure.error.attempts = 1;
    else if (!client->is_closing &&
             retry_again(&call->retry, &failure, loop_now(&client->loop), &pause_ns) &&
             wait_for(call, pause_ns))
        return;
    if (!call->is_starting) {
        finish_failed(call, &failure);
        return;
    }
    call->ending = memory_allocate(sizeof(failure));
    CHECK(call->ending); /* out of memory before anything could be told */
    *call->ending = failure;
    call->task.run = run_ending;
    loop_defer(&client->loop, &call->task);
}

static void on_answer(struct request *request, const struct failure *failure,
    const struct response_frame *answer, struct block *block)
{
    struct call *call = (struct call *)request;
    if (!failure) {
        finish(call, NULL, answer, block);
        return;
    }
    client_note_failure(call->client, call->table, call->region, call->server, failure);
    if (call->target == CALL_TO_MASTER && failure->kind != EXCEPTION_DO_NOT_RETRY)
        call->client->master = NULL;
    fail(call, failure);
}

static void send_to(struct call *call, struct server *server, struct span prefix)
{
    struct stele_client *client = call->client;
    struct failure failure;
    struct connection *connection = server_connection(client, server, call->service, &failure);
    call->server = server;
    call->request.finish = on_answer;
    uint32_t timeout_ms = retry_call_timeout_ms(&call->retry, loop_recent(&client->loop));
    if (connection &&
        connection_send(connection, &call->request, span_string(call->method), call->priority,
            timeout_ms, prefix, call_message(call), buffer_span(&call->cell_block), &failure))
        return;
    client_note_failure(client, call->table, call->region, server, &failure);
    if (call->target == CALL_TO_MASTER)
        client->master = NULL;
    fail(call, &failure);
}

/* ---- to the region of a row ---- */

/* RegionSpecifier{type REGION_NAME = 1, value = name} as field 1, by hand: it is before every get
 * and put. */
static uint8_t *store_specifier(uint8_t *at, struct span name)
{
    *at++ = 1 << 3 | WIRE_BYTES;
    at += store_varint(at, 2 + 1 + varint_size(name.size) + name.size);
    *at++ = 1 << 3 | WIRE_VARINT;
    *at++ = 1;
    *at++ = 2 << 3 | WIRE_BYTES;
    at += store_varint(at, name.size);
    memcpy(at, name.data, name.size);
    return at + name.size;
}

static void send_to_region(struct call *call, struct region *region)
{
    uint8_t specifier[LIMIT_REGION_NAME_SIZE + 32], prefix[sizeof(specifier) + 32];
    if (region->name.size > LIMIT_REGION_NAME_SIZE) {
        struct failure failure;
        failure_init(
            &failure, EXCEPTION_DO_NOT_RETRY, STELE_PROTOCOL, "the region's name is too long");
        fail(call, &failure);
        return;
    }
    call->region = region_ref(region);
    if (call->table == call->client->meta)
        call->priority = PRIORITY_META;
    size_t size = (size_t)(store_specifier(specifier, region->name) - specifier);
    if (!call->is_region_action) {
        send_to(call, region->server, span_make(specifier, size));
        return;
    }
    uint8_t *at = prefix;
    *at++ = 2 << 3 | WIRE_VARINT; /* MultiRequest.nonce_group, then the only region action */
    at += store_varint(at, call->client->nonce_group);
    *at++ = 1 << 3 | WIRE_BYTES;
    at += store_varint(at, size + call_message(call).size);
    memcpy(at, specifier, size);
    send_to(call, region->server, span_make(prefix, (size_t)(at - prefix) + size));
}

static void on_located(struct locate_waiter *waiter, const struct failure *failure)
{
    struct call *call = (struct call *)(void *)((char *)waiter - offsetof(struct call, waiter));
    call->is_locating = false;
    timer_stop(&call->timer);
    loop_refresh(&call->client->loop);
    if (failure) {
        fail(call, failure);
        return;
    }
    struct region *region = region_map_find(&call->table->regions, call_row(call));
    if (region && region->server) {
        send_to_region(call, region);
        return;
    }
    struct failure lost;
    failure_init(&lost, EXCEPTION_REGION_GONE, STELE_CONNECTION,
        "the region of the row in table %s is on no server", call->table->name_text);
    call->table->is_suspect = true;
    fail(call, &lost);
}

/* ---- to the master ---- */

static void on_master(void *context, const struct failure *failure, struct span host, uint32_t port,
    uint64_t start_code)
{
    struct call *call = context;
    if (failure) {
        fail(call, failure);
        return;
    }
    struct server *server = server_find(call->client, host, port, start_code);
    if (!server) {
        struct failure none;
        failure_init(&none, EXCEPTION_DO_NOT_RETRY, STELE_NO_MEMORY, "no memory for a server");
        fail(call, &none);
        return;
    }
    call->client->master = server;
    loop_refresh(&call->client->loop);
    send_to(call, server, SPAN_EMPTY);
}

/* ---- starting ---- */

static void locate(struct call *call)
{
    uint64_t now = loop_now(&call->client->loop);
    uint64_t left = call->retry.deadline_ns > now ? call->retry.deadline_ns - now : 0;
    if (!wait_for(call, left)) {
        struct failure failure;
        failure_init(&failure, EXCEPTION_DO_NOT_RETRY, STELE_NO_MEMORY, "no memory for a timer");
        fail(call, &failure);
        return;
    }
    call->is_locating = true;
    call->waiter = (struct locate_waiter){.ready = on_located, .row = call_row(call)};
    table_locate(call->table, &call->waiter);
}

static void dispatch(struct call *call)
{
    struct stele_client *client = call->client;
    if (client->is_closing) {
        struct failure failure;
        failure_init(&failure, EXCEPTION_FATAL, STELE_CANCELLED, "the client is closing");
        fail(call, &failure);
        return;
    }
    if (call->target == CALL_TO_SERVER) {
        send_to(call, call->server, SPAN_EMPTY);
    } else if (call->target == CALL_TO_ROW) {
        struct region *region = region_map_find(&call->table->regions, call_row(call));
        if (region && region->server) {
            send_to_region(call, region);
        } else {
            locate(call);
        }
    } else if (client->master) {
        send_to(call, client->master, SPAN_EMPTY);
    } else if (!registry_ask(client, REGISTRY_MASTER, on_master, call)) {
        struct failure failure;
        failure_init(
            &failure, EXCEPTION_DO_NOT_RETRY, STELE_NO_MEMORY, "no memory to find the master");
        fail(call, &failure);
    }
}

static void run_start(struct loop_task *task)
{
    struct call *call = (struct call *)(void *)((char *)task - offsetof(struct call, task));
    struct stele_client *client = call->client;
    retry_init(&call->retry, &client->options, call->timeout_ms, loop_refresh(&client->loop));
    call->is_starting = true;
    if (buffer_status(&call->body) || buffer_status(&call->cell_block)) {
        struct failure failure;
        failure_init(&failure, EXCEPTION_DO_NOT_RETRY, STELE_NO_MEMORY, "no memory for a call");
        fail(call, &failure);
    } else {
        dispatch(call);
    }
    call->is_starting = false;
}

void call_start(struct call *call)
{
    atomic_fetch_add(&call->client->in_flight, 1);
    call->task.run = run_start;
    client_loop_post(&call->client->loop, &call->task);
}
