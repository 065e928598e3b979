#include "tests/unit/client/fake_cluster.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/listener.h>
#include <netinet/in.h>
#include <stdlib.h>

#include "base/limits.h"
#include "proto/cell_block.h"
#include "proto/region.h"
#include "proto/result_message.h"
#include "proto/scan_message.h"
#include "proto/server_name.h"
#include "proto/wire.h"

struct connection {
    struct connection *next;
    struct fake_cluster *cluster;
    unsigned server;
    struct bufferevent *stream;
    bool has_header;
};

static void close_connection(struct connection *connection)
{
    struct connection **at = (struct connection **)&connection->cluster->connections;
    while (*at != connection)
        at = &(*at)->next;
    *at = connection->next;
    bufferevent_free(connection->stream);
    free(connection);
}

/* ---- answers ---- */

static void send_bytes(struct fake_call *call, struct buffer *bytes)
{
    struct connection *connection = call->connection;
    bufferevent_write(connection->stream, bytes->data, bytes->size);
    buffer_deinit(bytes);
}

void fake_reply(struct fake_call *call, struct span message, struct span cell_block)
{
    struct buffer out = {0};
    response_head_encode(&out, call->frame.call_id, message.size, cell_block.size);
    buffer_put(&out, message);
    buffer_put(&out, cell_block);
    send_bytes(call, &out);
}

void fake_throw(
    struct fake_call *call, const char *class_name, const char *text, bool is_do_not_retry)
{
    struct buffer out = {0};
    struct exception exception = {.class_name = span_string(class_name),
        .text = span_string(text),
        .has_do_not_retry = true,
        .is_do_not_retry = is_do_not_retry};
    exception_encode(&out, call->frame.call_id, &exception);
    send_bytes(call, &out);
}

void fake_break(struct fake_call *call)
{
    close_connection(call->connection);
    call->connection = NULL;
}

void fake_reply_cell(struct fake_call *call, const char *value)
{
    struct buffer message = {0}, block = {0};
    struct cell cell = {.row = SPAN_LITERAL("r"),
        .family = SPAN_LITERAL("f"),
        .qualifier = SPAN_LITERAL("q"),
        .value = span_string(value),
        .timestamp = 1,
        .type = CELL_PUT};
    struct result result = {.cells = &cell, .cell_count = 1};
    mutate_response_encode(&message, &result, false, true, true);
    cell_block_put(&block, &cell, CELL_CODEC_KEY_VALUE);
    fake_reply(call, buffer_span(&message), buffer_span(&block));
    buffer_deinit(&message);
    buffer_deinit(&block);
}

void fake_reply_rows(struct fake_call *call, const char *const *rows, size_t count,
    uint64_t scanner_id, bool more_in_region, bool is_last_partial)
{
    struct buffer message = {0}, block = {0};
    uint32_t counts[16];
    bool flags[16] = {false};
    for (size_t i = 0; i < count; i++) {
        /* "row/qualifier" */
        struct span text = span_string(rows[i]);
        size_t slash = span_find(text, '/');
        struct cell cell = {.row = span_slice(text, 0, slash == SIZE_MAX ? text.size : slash),
            .family = SPAN_LITERAL("f"),
            .qualifier = slash == SIZE_MAX ? SPAN_LITERAL("q")
                                           : span_slice(text, slash + 1, text.size - slash - 1),
            .value = SPAN_LITERAL("v"),
            .timestamp = 1,
            .type = CELL_PUT};
        counts[i] = 1;
        cell_block_put(&block, &cell, CELL_CODEC_KEY_VALUE);
    }
    if (count)
        flags[count - 1] = is_last_partial;
    struct scan_response response = {.has_scanner_id = true,
        .scanner_id = scanner_id,
        .has_more_results = true,
        .more_results = true,
        .has_more_results_in_region = true,
        .more_results_in_region = more_in_region,
        .is_heartbeat = count == 0 && more_in_region,
        .cells_per_result = counts,
        .partial_flags = flags,
        .result_count = count};
    scan_response_encode(&message, &response);
    fake_reply(call, buffer_span(&message), buffer_span(&block));
    buffer_deinit(&message);
    buffer_deinit(&block);
}

/* ---- the registry and hbase:meta ---- */

static void put_server(
    struct buffer *out, uint32_t number, const struct fake_cluster *cluster, unsigned server)
{
    struct server_name name = {SPAN_LITERAL("127.0.0.1"), cluster->ports[server], 1};
    size_t mark = wire_begin(out, number);
    server_name_encode(out, &name);
    wire_end(out, mark);
}

static void reply_meta_place(struct fake_call *call)
{
    struct buffer message = {0};
    struct region_info info = {.region_id = 1, .table = SPAN_LITERAL(META_TABLE_NAME)};
    size_t location = wire_begin(&message, 1), mark = wire_begin(&message, 1);
    region_info_encode(&message, &info);
    wire_end(&message, mark);
    put_server(&message, 2, call->cluster, call->cluster->meta_server);
    wire_put_varint(&message, 3, 1);
    wire_end(&message, location);
    fake_reply(call, buffer_span(&message), SPAN_EMPTY);
    buffer_deinit(&message);
}

static void reply_master(struct fake_call *call)
{
    struct buffer message = {0};
    put_server(&message, 1, call->cluster, call->cluster->regions[0].server);
    fake_reply(call, buffer_span(&message), SPAN_EMPTY);
    buffer_deinit(&message);
}

static void reply_servers(struct fake_call *call)
{
    struct buffer message = {0};
    for (unsigned i = 0; i < FAKE_SERVERS; i++)
        put_server(&message, 1, call->cluster, i);
    fake_reply(call, buffer_span(&message), SPAN_EMPTY);
    buffer_deinit(&message);
}

void fake_region_name(const struct fake_cluster *cluster, size_t index, struct buffer *out)
{
    region_name_put(
        out, SPAN_LITERAL("t"), span_string(cluster->regions[index].start_key), 1000 + index);
}

void fake_put_cell(struct buffer *block, struct span row, const char *family, const char *qualifier,
    struct span value, uint32_t *count)
{
    struct cell cell = {.row = row,
        .family = span_string(family),
        .qualifier = span_string(qualifier),
        .value = value,
        .timestamp = 1,
        .type = CELL_PUT};
    cell_block_put(block, &cell, CELL_CODEC_KEY_VALUE);
    (*count)++;
}

static void put_region_row(
    struct fake_cluster *cluster, size_t index, struct buffer *block, uint32_t *count)
{
    const struct fake_region *region = &cluster->regions[index];
    struct buffer name = {0}, info_bytes = {0}, place = {0};
    struct region_info info = {.region_id = 1000 + index,
        .table = SPAN_LITERAL("t"),
        .start_key = span_string(region->start_key),
        .end_key = index + 1 < cluster->region_count
                       ? span_string(cluster->regions[index + 1].start_key)
                       : SPAN_LITERAL("")};
    fake_region_name(cluster, index, &name);
    buffer_put(&info_bytes, SPAN_LITERAL("PBUF"));
    region_info_encode(&info_bytes, &info);
    buffer_put_format(&place, "127.0.0.1:%u", cluster->ports[region->server]);
    fake_put_cell(block, buffer_span(&name), "info", "regioninfo", buffer_span(&info_bytes), count);
    fake_put_cell(block, buffer_span(&name), "info", "server", buffer_span(&place), count);
    buffer_deinit(&name);
    buffer_deinit(&info_bytes);
    buffer_deinit(&place);
}

static bool is_reversed(const struct fake_call *call)
{
    struct scan_message scan = {0};
    struct arena arena = {0};
    if (scan_request_decode(call->frame.param, &arena, &scan, NULL))
        abort();
    arena_deinit(&arena);
    return scan.scan.is_reversed;
}

/* The state row and every region, whatever was asked: the client takes what it needs. Backward: all
 * regions. */
static void reply_meta_rows(struct fake_call *call)
{
    struct fake_cluster *cluster = call->cluster;
    struct buffer message = {0}, block = {0};
    uint32_t counts[FAKE_REGIONS + 1] = {0};
    size_t rows = 0, most = SIZE_MAX;
    bool is_backward = is_reversed(call);
    cluster->meta_scans++;
    if (cluster->meta_rows_most && !is_backward)
        most = cluster->meta_rows_most;
    if (cluster->region_count && !is_backward)
        fake_put_cell(&block, SPAN_LITERAL("t"), "table", "state",
            cluster->is_disabled ? SPAN_LITERAL("\x08\x01") : SPAN_LITERAL("\x08\x00"),
            &counts[rows++]);
    for (size_t i = 0; i < cluster->region_count && rows < most; i++)
        put_region_row(cluster, i, &block, &counts[rows++]);
    struct scan_response response = {.has_more_results = true,
        .more_results = true,
        .has_more_results_in_region = true,
        .more_results_in_region = rows == most,
        .cells_per_result = counts,
        .result_count = rows};
    scan_response_encode(&message, &response);
    fake_reply(call, buffer_span(&message), buffer_span(&block));
    buffer_deinit(&message);
    buffer_deinit(&block);
}

static bool is_meta_scan(const struct fake_call *call)
{
    return span_equal(call->frame.method, SPAN_LITERAL("Scan")) &&
           memmem(call->frame.param.data, call->frame.param.size, META_REGION_NAME,
               sizeof(META_REGION_NAME) - 1);
}

static void answer(struct fake_call *call)
{
    if (span_equal(call->frame.method, SPAN_LITERAL("GetMetaRegionLocations")))
        reply_meta_place(call);
    else if (span_equal(call->frame.method, SPAN_LITERAL("GetActiveMaster")))
        reply_master(call);
    else if (span_equal(call->frame.method, SPAN_LITERAL("GetBootstrapNodes")))
        reply_servers(call);
    else if (is_meta_scan(call) && call->cluster->meta_function)
        call->cluster->meta_function(call->cluster->context, call);
    else if (is_meta_scan(call))
        reply_meta_rows(call);
    else
        call->cluster->function(call->cluster->context, call);
}

/* ---- streams ---- */

static void on_read(struct bufferevent *stream, void *context)
{
    struct connection *connection = context;
    struct evbuffer *input = bufferevent_get_input(stream);
    if (!connection->has_header) {
        uint8_t head[PREAMBLE_SIZE + 4];
        if (evbuffer_copyout(input, head, sizeof(head)) < (ssize_t)sizeof(head))
            return;
        size_t size = sizeof(head) + load_be32(head + PREAMBLE_SIZE);
        if (evbuffer_get_length(input) < size)
            return;
        evbuffer_drain(input, size);
        connection->has_header = true;
    }
    for (;;) {
        struct fake_call call = {
            .cluster = connection->cluster, .server = connection->server, .connection = connection};
        size_t size = evbuffer_get_length(input), total;
        struct span body, bytes = span_make(evbuffer_pullup(input, -1), size);
        if (size == 0 || frame_peek(bytes, LIMIT_FRAME_SIZE, &body, &total))
            return;
        if (request_frame_decode(body, &call.frame, NULL))
            abort();
        answer(&call);
        if (!call.connection)
            return;
        evbuffer_drain(input, total);
    }
}

static void on_event(struct bufferevent *stream, short what, void *context)
{
    (void)stream;
    if (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR))
        close_connection(context);
}

struct listening {
    struct fake_cluster *cluster;
    unsigned server;
    struct evconnlistener *listener;
};

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *address,
    int size, void *context)
{
    struct listening *listening = context;
    struct connection *connection = calloc(1, sizeof(*connection));
    (void)listener;
    (void)address;
    (void)size;
    connection->cluster = listening->cluster;
    connection->server = listening->server;
    connection->stream = bufferevent_socket_new(
        listening->cluster->loop, fd, BEV_OPT_CLOSE_ON_FREE);
    connection->next = listening->cluster->connections;
    listening->cluster->connections = connection;
    bufferevent_setcb(connection->stream, on_read, NULL, on_event, connection);
    bufferevent_enable(connection->stream, EV_READ | EV_WRITE);
}

void fake_cluster_init(
    struct fake_cluster *cluster, struct event_base *loop, fake_function *function, void *context)
{
    *cluster = (struct fake_cluster){.loop = loop,
        .function = function,
        .context = context,
        .regions = {{"", 0}},
        .region_count = 1};
    for (unsigned i = 0; i < FAKE_SERVERS; i++) {
        struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
        socklen_t size = sizeof(address);
        struct listening *listening = calloc(1, sizeof(*listening));
        listening->cluster = cluster;
        listening->server = i;
        listening->listener = evconnlistener_new_bind(loop, on_accept, listening,
            LEV_OPT_CLOSE_ON_FREE, 16, (struct sockaddr *)&address, sizeof(address));
        getsockname(evconnlistener_get_fd(listening->listener), (struct sockaddr *)&address, &size);
        cluster->ports[i] = ntohs(address.sin_port);
        cluster->listeners[i] = listening;
    }
}

void fake_cluster_stop(struct fake_cluster *cluster, unsigned server)
{
    struct listening *listening = cluster->listeners[server];
    for (struct connection *connection = cluster->connections; connection;) {
        struct connection *next = connection->next;
        if (connection->server == server)
            close_connection(connection);
        connection = next;
    }
    evconnlistener_free(listening->listener);
    free(listening);
    cluster->listeners[server] = NULL;
}

void fake_cluster_deinit(struct fake_cluster *cluster)
{
    while (cluster->connections)
        close_connection(cluster->connections);
    for (unsigned i = 0; i < FAKE_SERVERS; i++)
        if (cluster->listeners[i])
            fake_cluster_stop(cluster, i);
}
