#include "server/hbase/rpc_connection.h"

#include <string.h>

#include "base/limits.h"
#include "base/memory.h"
#include "proto/rpc.pb-c.h"
#include "proto/wire.h"
#include "server/hbase/services.h"
#include "server/net/loop.h"

#define TIMEOUT_MIN_MS        20
#define SASL_STATUS_SUCCESS   0
#define SASL_SWITCH_TO_SIMPLE ((uint32_t)-88)
#define SHOWN_MAGIC_SIZE      4

enum rpc_state { RPC_PREAMBLE, RPC_SASL_TOKEN, RPC_HEADER, RPC_CALLS };

struct rpc_connection {
    struct hbase_service *server;
    enum rpc_state state;
    const struct rpc_service *service; /* from RPC_CALLS on, as all below */
    enum cell_codec codec;
    unsigned client_major, client_minor; /* 0 = not told */
    struct peer_session peer;
};

struct peer_session *rpc_peer_session(struct connection *connection)
{
    struct rpc_connection *self = connection->state;
    return &self->peer;
}

/* ---- Answers that belong to no call ---- */

static void put_exception(
    struct connection *connection, uint32_t call_id, const char *class_name, struct span text)
{
    struct exception exception = {
        .class_name = span_string(class_name),
        .text = text,
        .has_do_not_retry = true,
        .is_do_not_retry = exception_is_do_not_retry(span_string(class_name)),
    };
    struct buffer out = buffer_pool_take(&connection->loop->pool, false);
    exception_encode(&out, call_id, &exception);
    connection_put(connection, buffer_span(&out));
    buffer_pool_give(&connection->loop->pool, &out);
}

/* The last thing this connection says. */
static void refuse(
    struct connection *connection, const char *class_name, const char *what, struct span detail)
{
    struct buffer text = {0};
    buffer_put_format(&text, "%s", what);
    buffer_put_escaped(&text, detail);
    put_exception(connection, CALL_ID_NONE, class_name, buffer_span(&text));
    buffer_deinit(&text);
    connection_finish(connection);
}

/* ---- Preambles ---- */

static void answer_cluster_id(struct connection *connection, const struct hbase_service *server)
{
    struct buffer message = {0}, out = {0};
    wire_put_bytes(&message, 1, span_string(server->cluster_id));
    response_encode(&out, CALL_ID_NONE, buffer_span(&message));
    connection_put(connection, buffer_span(&out));
    buffer_deinit(&out);
    buffer_deinit(&message);
    connection_finish(connection);
}

/* The words that newer clients look for when an older server does not know their preamble. */
static void refuse_magic(struct connection *connection, struct span preamble)
{
    struct buffer text = {0};
    buffer_put_format(&text, "Expected HEADER=" PREAMBLE_MAGIC " but received HEADER=");
    buffer_put_escaped(&text, span_slice(preamble, 0, SHOWN_MAGIC_SIZE));
    buffer_put_format(&text, " from %s", connection->stream->peer);
    put_exception(connection, CALL_ID_NONE, EXCEPTION_FATAL_CONNECTION, buffer_span(&text));
    buffer_deinit(&text);
    connection_finish(connection);
}

static void tell_to_go_on_without_sasl(struct connection *connection)
{
    uint8_t answer[8];
    store_be32(answer, SASL_STATUS_SUCCESS);
    store_be32(answer + 4, SASL_SWITCH_TO_SIMPLE);
    connection_put(connection, span_make(answer, sizeof answer));
}

static void take_preamble(struct connection *connection, struct span preamble)
{
    struct rpc_connection *self = connection->state;
    if (span_equal(preamble, SPAN_LITERAL(PREAMBLE_REGISTRY))) {
        answer_cluster_id(connection, self->server);
        return;
    }
    if (span_equal(preamble, SPAN_LITERAL(PREAMBLE_SECURITY))) {
        put_exception(connection, CALL_ID_NONE, EXCEPTION_SECURITY_NOT_ENABLED,
            SPAN_LITERAL("this server has no security"));
        return;
    }
    if (!span_starts_with(preamble, SPAN_LITERAL(PREAMBLE_MAGIC))) {
        refuse_magic(connection, preamble);
        return;
    }
    uint8_t version = preamble.data[4], method = preamble.data[5];
    if (version != 0) {
        refuse(connection, EXCEPTION_WRONG_VERSION,
            "serverVersion=0, clientVersion=", span_make(&version, 1));
        return;
    }
    switch (method) {
    case AUTH_SIMPLE:
        self->state = RPC_HEADER;
        break;
    case AUTH_KERBEROS:
    case AUTH_DIGEST:
        tell_to_go_on_without_sasl(connection);
        self->state = RPC_SASL_TOKEN;
        break;
    default:
        refuse(connection, EXCEPTION_BAD_AUTH,
            "serverVersion=0, clientVersion=0, authMethod=", span_make(&method, 1));
        break;
    }
}

/* ---- The connection header ---- */

static void take_header(struct connection *connection, struct span body)
{
    struct rpc_connection *self = connection->state;
    struct arena arena = {0};
    struct error error = {0};
    const Hbase__Pb__ConnectionHeader *header = (const void *)message_unpack(
        &hbase__pb__connection_header__descriptor, body, &arena, &error);
    if (!header) {
        refuse(connection, EXCEPTION_FATAL_CONNECTION, error.message, SPAN_EMPTY);
        goto done;
    }
    struct span service = span_string(header->service_name ? header->service_name : "");
    struct span codec = span_string(
        header->cell_block_codec_class ? header->cell_block_codec_class : "");
    self->service = rpc_service_find(service);
    if (!self->service) {
        refuse(connection, EXCEPTION_UNKNOWN_SERVICE, "unknown service ", service);
        goto done;
    }
    if (!cell_codec_find(codec, &self->codec)) {
        refuse(connection, EXCEPTION_UNSUPPORTED_CODEC, "unknown cell codec ", codec);
        goto done;
    }
    if (header->cell_block_compressor_class && header->cell_block_compressor_class[0]) {
        refuse(connection, EXCEPTION_UNSUPPORTED_COMPRESSION,
            "no such compression of cell blocks: ",
            span_string(header->cell_block_compressor_class));
        goto done;
    }
    if (header->version_info) {
        self->client_major = header->version_info->version_major;
        self->client_minor = header->version_info->version_minor;
    }
    self->state = RPC_CALLS;
done:
    arena_deinit(&arena);
}

/* What a client of the master is told instead of an answer; NULL when it is answered. While a master takes over, what
 * it does not know yet (a procedure, a table) must not look as if it were not. */
static const char *why_no_master(
    const struct hbase_service *server, const struct call_method *method, struct error *out_why)
{
    if (!server->master)
        return EXCEPTION_MASTER_NOT_RUNNING;
    bool is_held_up = !master_is_ready(server->master) &&
                      master_is_held_up(server->master, out_why);
    if (is_held_up && method && strcmp(method->name, "GetClusterStatus") == 0)
        return NULL; /* it says what is the matter, as in HBase, whose master answers this while it starts */
    return master_is_ready(server->master) ? NULL : EXCEPTION_PLEASE_HOLD;
}

/* True: it has failed, for want of a master. */
static bool refuse_without_master(struct call *call)
{
    struct error why = {0};
    const char *class_name = why_no_master(call->service, call->method, &why);
    if (class_name)
        call_fail(call, class_name, "%s is no master that leads, or not yet%s%s",
            call->service->name_text, why.message[0] ? ": " : "", why.message);
    return class_name != NULL;
}

/* ---- Calls ---- */

static void refuse_malformed(struct call *call, const struct request_frame *request)
{
    if (!call->method)
        call_fail(call, EXCEPTION_DO_NOT_RETRY_IO, "java.lang.UnsupportedOperationException: %.*s",
            (int)request->method.size, (const char *)request->method.data);
    else
        call_fail(call, EXCEPTION_DO_NOT_RETRY_IO, "the call has no parameter");
    call_finish(call);
}

static void run_call(struct connection *connection, const struct request_frame *request)
{
    struct rpc_connection *self = connection->state;
    struct call *call = call_new(connection, self->server);
    if (!call) {
        connection_close(connection);
        return;
    }
    call->call_id = request->call_id;
    call->param = request->param;
    call->cell_block = request->cell_block;
    call->codec = self->codec;
    call->client_major = self->client_major;
    call->client_minor = self->client_minor;
    call->received_ns = env_monotonic_ns(self->server->env);
    if (request->timeout_ms) {
        uint64_t ms = request->timeout_ms < TIMEOUT_MIN_MS ? TIMEOUT_MIN_MS : request->timeout_ms;
        call->deadline_ns = call->received_ns + ms * 1000000u;
    }
    call->needs_look = self->service->is_looked && self->server->looks;
    call->method = rpc_service_method(self->service, request->method);
    atomic_fetch_add_explicit(&self->server->calls_received, 1, memory_order_relaxed);
    if (self->service->methods == master_methods && refuse_without_master(call))
        call_finish(call);
    else if (call->method && request->has_param)
        call_run(call);
    else
        refuse_malformed(call, request);
}

/* The id of a call whose frame is not all here: its header may be. */
static uint32_t peek_call_id(struct span frame)
{
    struct span header;
    struct wire_field field;
    uint32_t total;
    if (span_take_be32(&frame, &total) || span_take_sized(&frame, &header))
        return CALL_ID_NONE;
    while (!wire_take(&header, &field))
        if (wire_is(&field, 1, WIRE_VARINT))
            return (uint32_t)field.value;
    return CALL_ID_NONE;
}

static void refuse_frame(struct connection *connection, struct span in)
{
    struct rpc_connection *self = connection->state;
    struct buffer text = {0};
    uint32_t size = load_be32(in.data);
    if (self->state == RPC_CALLS) {
        buffer_put_format(&text,
            EXCEPTION_REQUEST_TOO_BIG
            ": RPC data length of %u received from %s is greater than max allowed %u",
            size, connection->stream->peer, LIMIT_FRAME_SIZE);
        put_exception(connection, peek_call_id(in), EXCEPTION_REQUEST_TOO_BIG, buffer_span(&text));
    } else {
        buffer_put_format(&text, "a connection header of %u bytes", size);
        put_exception(connection, CALL_ID_NONE, EXCEPTION_FATAL_CONNECTION, buffer_span(&text));
    }
    buffer_deinit(&text);
    connection_finish(connection);
}

static void take_frame(struct connection *connection, struct span body)
{
    struct rpc_connection *self = connection->state;
    struct request_frame request;
    struct error error;
    error_clear(&error);
    switch (self->state) {
    case RPC_SASL_TOKEN:
        self->state = RPC_HEADER;
        break;
    case RPC_HEADER:
        take_header(connection, body);
        break;
    default:
        if (request_frame_decode(body, &request, &error))
            refuse(connection, EXCEPTION_FATAL_CONNECTION, error.message, SPAN_EMPTY);
        else
            run_call(connection, &request);
        break;
    }
}

/* ---- On a connection ---- */

static enum status rpc_open(struct connection *connection, void *context)
{
    struct rpc_connection *self = memory_allocate_zeroed(1, sizeof *self);
    if (!self)
        return STATUS_NO_MEMORY;
    self->server = context;
    connection->state = self;
    return STATUS_OK;
}

static size_t rpc_consume(struct connection *connection, struct span in)
{
    struct rpc_connection *self = connection->state;
    size_t whole = in.size;
    while (!connection_is_full(connection)) {
        if (self->state == RPC_PREAMBLE) {
            struct span preamble;
            if (span_take_bytes(&in, PREAMBLE_SIZE, &preamble))
                break;
            take_preamble(connection, preamble);
            continue;
        }
        struct span body;
        size_t size;
        enum status status = frame_peek(in,
            self->state == RPC_CALLS ? LIMIT_FRAME_SIZE : LIMIT_FRAME_SIZE_BEFORE_HEADER, &body,
            &size);
        if (status == STATUS_LIMIT)
            refuse_frame(connection, in);
        if (status)
            break;
        in = span_slice(in, size, in.size - size);
        take_frame(connection, body);
    }
    return whole - in.size;
}

static void rpc_tick(struct connection *connection, uint64_t now_ns)
{
    const struct rpc_connection *self = connection->state;
    if (self->state != RPC_CALLS &&
        now_ns - connection->opened_ns > LIMIT_HANDSHAKE_MS * 1000000ull)
        connection_close(connection);
}

static void rpc_closed(struct connection *connection)
{
    memory_free(connection->state);
}

const struct protocol rpc_protocol = {
    .name = "hbase",
    .open = rpc_open,
    .consume = rpc_consume,
    .tick = rpc_tick,
    .closed = rpc_closed,
};
