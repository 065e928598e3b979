#include "server/peer/peer_link.h"

#include <stdio.h>

#include "base/limits.h"
#include "base/log_lines.h"
#include "base/memory.h"
#include "proto/frame.h"
#include "proto/peer.pb-c.h"
#include "proto/unpack.h"
#include "proto/wire.h"

#define GREET_ID 0 /* calls of the handshake; others count from 2 */
#define PROVE_ID 1

static const struct protocol peer_protocol;

/* ---- Ends ---- */

static void end_call(struct peer_call *call, enum status status, const struct error *error)
{
    call->status = status;
    if (error)
        call->error = *error;
    if (status)
        error_prefix(&call->error, status, "%s to %.*s,%u", call->method, (int)call->to->host.size,
            (const char *)call->to->host.data, call->to->port);
    call->done(call);
}

void peer_link_fail(struct peer_link *link, enum status status, const struct error *error)
{
    struct peer_call *sent = link->sent, *waiting = link->waiting, *next;
    link->sent = link->waiting = link->waiting_last = NULL;
    link->state = LINK_IDLE;
    if (link->connection) {
        link->connection->state = NULL;
        connection_close(link->connection);
        link->connection = NULL;
    }
    for (; sent; sent = next) {
        next = sent->next;
        end_call(sent, status, error);
    }
    for (; waiting; waiting = next) {
        next = waiting->next;
        end_call(waiting, status, error);
    }
}

static void fail(struct peer_link *link, enum status status, const char *why)
{
    struct error error = {0};
    peer_link_fail(link, error_set(&error, status, "%s", why), &error);
}

/* ---- Sending ---- */

static void send_request(struct connection *connection, uint32_t id, const char *method,
    uint32_t timeout_ms, struct span message)
{
    struct buffer head = {0};
    request_head_encode(&head, id, span_string(method), 0, timeout_ms, message.size, 0);
    connection_put(connection, buffer_span(&head));
    connection_put(connection, message);
    buffer_deinit(&head);
}

static void send_call(struct peer_link *link, struct peer_call *call)
{
    uint64_t now_ns = env_monotonic_ns(link->peers->config.env);
    uint64_t left_ms = call->due_ns > now_ns ? (call->due_ns - now_ns) / 1000000 + 1 : 1;
    call->id = ++link->last_id;
    call->was_sent = true;
    call->next = link->sent;
    link->sent = call;
    send_request(
        link->connection, call->id, call->method, (uint32_t)left_ms, buffer_span(&call->request));
}

static void send_greeting(struct peer_link *link)
{
    const struct peers_config *config = &link->peers->config;
    struct buffer out = {0}, message = {0};
    link->greeting = (struct peer_greeting){
        .caller = span_string(config->self), .callee = span_string(link->name)};
    env_random_bytes(config->env, link->greeting.caller_nonce, PEER_NONCE_SIZE);
    buffer_put(&out, SPAN_LITERAL(PREAMBLE_MAGIC));
    buffer_put_u8(&out, 0);
    buffer_put_u8(&out, AUTH_SIMPLE);
    wire_put_bytes(&message, 2, SPAN_LITERAL(PEER_SERVICE_NAME)); /* ConnectionHeader */
    buffer_put_be32(&out, (uint32_t)message.size);
    buffer_put(&out, buffer_span(&message));
    connection_put(link->connection, buffer_span(&out));
    buffer_reset(&message);
    wire_put_bytes(&message, 1, link->greeting.caller);
    wire_put_bytes(&message, 2, link->greeting.callee);
    wire_put_bytes(&message, 3, span_make(link->greeting.caller_nonce, PEER_NONCE_SIZE));
    send_request(link->connection, GREET_ID, "Greet", PEER_HANDSHAKE_MS, buffer_span(&message));
    buffer_deinit(&out);
    buffer_deinit(&message);
    link->state = LINK_GREETING;
}

/* ---- Connecting ---- */

static void begin_connecting(struct peer_link *link)
{
    struct loop *loop = link->peers->loop;
    struct error error = {0};
    struct stream *stream;
    enum status status = link->resolve_status;
    if (status)
        error = link->resolve_error;
    if (status == STATUS_NOT_FOUND) /* of a name; not of the server's life */
        status = error.status = STATUS_IO;
    if (!status)
        status = reactor_connect(loop->reactor, &link->endpoint, &stream, &error);
    if (!status && connection_new_outgoing(loop, stream, &peer_protocol, link, &link->connection))
        status = error_set(&error, STATUS_NO_MEMORY, "no memory to connect");
    if (status)
        peer_link_fail(link, status, &error);
    else
        send_greeting(link);
}

static struct peer_link *link_of_task(struct task *task)
{
    return (struct peer_link *)((char *)task - offsetof(struct peer_link, task));
}

static void resolved(struct task *task)
{
    struct peer_link *link = link_of_task(task);
    link->is_resolving = false;
    if (link->is_removed)
        memory_free(link);
    else if (link->state == LINK_RESOLVING)
        begin_connecting(link);
}

static void resolve_run(struct task *task)
{
    struct peer_link *link = link_of_task(task);
    char host[PEER_NAME_SIZE];
    snprintf(host, sizeof host, "%.*s", (int)link->server.host.size,
        (const char *)link->server.host.data);
    error_clear(&link->resolve_error);
    link->resolve_status = reactor_resolve(link->peers->loop->reactor, host,
        (uint16_t)link->server.port, &link->endpoint, &link->resolve_error);
    task->run = resolved;
    loop_post(link->peers->loop, task);
}

static void begin(struct peer_link *link)
{
    link->state = LINK_RESOLVING;
    link->since_ns = env_monotonic_ns(link->peers->config.env);
    if (link->is_resolving)
        return;
    link->is_resolving = true;
    link->task.run = resolve_run;
    executor_submit(link->peers->resolver, &link->task);
}

void peer_link_add(struct peer_link *link, struct peer_call *call)
{
    if (link->state == LINK_READY) {
        send_call(link, call);
        return;
    }
    call->next = NULL;
    if (link->waiting_last)
        link->waiting_last->next = call;
    else
        link->waiting = call;
    link->waiting_last = call;
    if (link->state == LINK_IDLE)
        begin(link);
}

/* ---- The handshake ---- */

static const char *text_of_exception(const struct exception *exception, struct error *error)
{
    error_set(error, STATUS_REMOTE, "%.*s",
        (int)(exception->text.size < 400 ? exception->text.size : 400),
        (const char *)exception->text.data);
    for (char *c = error->message; *c; c++)
        if (*c == '\n')
            *c = ' ';
    return error->message;
}

static void take_greeting(struct peer_link *link, const struct response_frame *response)
{
    struct arena arena = {0};
    struct buffer message = {0};
    uint8_t proof[PEER_PROOF_SIZE];
    const Stele__Pb__GreetResponse *answer = (const void *)message_unpack(
        &stele__pb__greet_response__descriptor, response->result, &arena, NULL);
    if (!answer) {
        fail(link, STATUS_INVALID, "its greeting is malformed");
    } else if (!span_equal(binary_span(answer->callee), span_string(link->name))) {
        struct error error = {0};
        peer_link_fail(link,
            error_set(&error, STATUS_NOT_FOUND, "its address is that of %.*s now",
                (int)(answer->callee.len < 300 ? answer->callee.len : 300), answer->callee.data),
            &error);
    } else if (answer->nonce.len != PEER_NONCE_SIZE) {
        fail(link, STATUS_INVALID, "its greeting is malformed");
    } else {
        memcpy(link->greeting.callee_nonce, answer->nonce.data, PEER_NONCE_SIZE);
        const struct peer_secret *secret = link->peers->config.secret;
        if (!peer_check_proof(secret, PEER_CALLEE, &link->greeting, binary_span(answer->proof)) ||
            !peer_prove(secret, PEER_CALLER, &link->greeting, proof)) {
            fail(link, STATUS_INVALID, "it does not know the secret of this cluster");
        } else {
            wire_put_bytes(&message, 1, span_make(proof, sizeof proof));
            send_request(
                link->connection, PROVE_ID, "Prove", PEER_HANDSHAKE_MS, buffer_span(&message));
            link->state = LINK_PROVING;
        }
    }
    buffer_deinit(&message);
    arena_deinit(&arena);
}

static void become_ready(struct peer_link *link)
{
    struct peer_call *next;
    link->state = LINK_READY;
    struct peer_call *waiting = link->waiting;
    link->waiting = link->waiting_last = NULL;
    for (; waiting; waiting = next) {
        next = waiting->next;
        send_call(link, waiting);
    }
}

static void take_handshake(struct peer_link *link, const struct response_frame *response)
{
    struct error error = {0};
    if (response->has_exception)
        fail(link, STATUS_INVALID, text_of_exception(&response->exception, &error));
    else if (link->state == LINK_GREETING && response->call_id == GREET_ID)
        take_greeting(link, response);
    else if (link->state == LINK_PROVING && response->call_id == PROVE_ID)
        become_ready(link);
    else
        fail(link, STATUS_INVALID, "it answered what was not asked");
}

/* ---- Answers ---- */

static void take_answer(struct peer_link *link, const struct response_frame *response)
{
    struct peer_call **place = &link->sent;
    struct error error = {0};
    while (*place && (*place)->id != response->call_id)
        place = &(*place)->next;
    struct peer_call *call = *place;
    if (!call)
        return; /* given up already */
    *place = call->next;
    if (!response->has_exception) {
        call->answer = response->result;
        end_call(call, STATUS_OK, NULL);
        return;
    }
    snprintf(call->exception_class, sizeof call->exception_class, "%.*s",
        (int)response->exception.class_name.size,
        (const char *)response->exception.class_name.data);
    text_of_exception(&response->exception, &error);
    end_call(call, STATUS_REMOTE, &error);
}

static size_t peer_consume(struct connection *connection, struct span in)
{
    size_t whole = in.size;
    struct span body;
    size_t size;
    while (connection->state && !connection_is_full(connection)) {
        struct peer_link *link = connection->state;
        struct response_frame response;
        struct error error = {0};
        enum status status = frame_peek(in, LIMIT_FRAME_SIZE, &body, &size);
        if (status == STATUS_WOULD_BLOCK)
            break;
        if (!status)
            status = response_frame_decode(body, &response, &error);
        if (status) {
            fail(link, STATUS_INVALID, "its answer is malformed");
            break;
        }
        in = span_slice(in, size, in.size - size);
        link->heard_ns = env_monotonic_ns(link->peers->config.env);
        if (link->state == LINK_READY)
            take_answer(link, &response);
        else
            take_handshake(link, &response);
    }
    return whole - in.size;
}

/* ---- The connection ---- */

static enum status peer_open(struct connection *connection, void *context)
{
    connection->state = context;
    return STATUS_OK;
}

/* The other side, or the network, has ended it: else the state is gone by now. */
static void peer_closed(struct connection *connection)
{
    struct peer_link *link = connection->state;
    if (!link)
        return;
    link->connection = NULL;
    fail(link, STATUS_IO,
        link->state == LINK_READY ? "the connection broke" : "it could not be reached");
}

static const struct protocol peer_protocol = {
    .name = "peer",
    .open = peer_open,
    .consume = peer_consume,
    .closed = peer_closed,
};

/* ---- Time ---- */

/* Fails the late ones of a list; true when there were some. */
static bool expire(struct peer_call **place, uint64_t now_ns)
{
    bool has_late = false;
    struct error error = {0};
    while (*place) {
        struct peer_call *call = *place;
        if (call->due_ns > now_ns) {
            place = &call->next;
            continue;
        }
        *place = call->next;
        has_late = true;
        end_call(call, error_set(&error, STATUS_TIMEOUT, "no answer in time"), &error);
    }
    return has_late;
}

void peer_link_expire(struct peer_link *link, uint64_t now_ns)
{
    bool is_silent = expire(&link->sent, now_ns) &&
                     now_ns - link->heard_ns > PEER_SILENT_MS * 1000000ull;
    (void)expire(&link->waiting, now_ns);
    link->waiting_last = link->waiting;
    while (link->waiting_last && link->waiting_last->next)
        link->waiting_last = link->waiting_last->next;
    bool is_stuck = link->state != LINK_IDLE && link->state != LINK_READY &&
                    now_ns - link->since_ns > PEER_HANDSHAKE_MS * 1000000ull;
    if (is_silent || is_stuck)
        fail(link, STATUS_TIMEOUT, is_stuck ? "it could not be reached in time" : "it is silent");
}

bool peer_link_is_unused(const struct peer_link *link)
{
    return link->state == LINK_IDLE && !link->waiting && !link->sent;
}

struct peer_link *peer_link_new(struct peers *peers, const struct server_name *server)
{
    struct buffer text = {0};
    struct peer_link *link = memory_allocate_zeroed(1, sizeof *link);
    server_name_put_text(&text, server);
    if (!link || buffer_status(&text) || text.size >= sizeof link->name) {
        memory_free(link);
        buffer_deinit(&text);
        return NULL;
    }
    memcpy(link->name, text.data, text.size);
    buffer_deinit(&text);
    link->peers = peers;
    link->server = *server;
    link->server.host = span_make(link->name, server->host.size);
    link->last_id = PROVE_ID;
    return link;
}

void peer_link_remove(struct peer_link *link)
{
    link->is_removed = true;
    if (!link->is_resolving)
        memory_free(link);
}
