#include "proto/znode.h"

#include <time.h>

#include "proto/wire.h"

#define REGION_STATE_OPEN 3

void znode_head_put(struct buffer *out, struct span id)
{
    buffer_put_u8(out, 0xff);
    buffer_put_be32(out, (uint32_t)id.size);
    buffer_put(out, id);
    buffer_put(out, SPAN_LITERAL(PBUF_MAGIC));
}

enum status pbuf_unwrap(struct span data, struct span *out_message, struct error *error)
{
    struct span magic = SPAN_LITERAL(PBUF_MAGIC);
    if (!span_starts_with(data, magic))
        return error_set(error, STATUS_INVALID,
            "a message of %zu bytes does not begin with " PBUF_MAGIC, data.size);
    *out_message = span_slice(data, magic.size, data.size - magic.size);
    return STATUS_OK;
}

enum status znode_unwrap(struct span data, struct span *out_message, struct error *error)
{
    uint8_t first;
    uint32_t id_size;
    struct span id;
    if (data.size > 0 && data.data[0] == 0xff)
        if (span_take_u8(&data, &first) || span_take_be32(&data, &id_size) ||
            span_take_bytes(&data, id_size, &id))
            return error_set(error, STATUS_INVALID, "znode data ends within its head");
    return pbuf_unwrap(data, out_message, error);
}

static void put_server_name(struct buffer *out, const struct server_name *server)
{
    size_t mark = wire_begin(out, 1);
    server_name_encode(out, server);
    wire_end(out, mark);
}

void znode_put_cluster_id(struct buffer *out, struct span id, struct span cluster_id)
{
    znode_head_put(out, id);
    wire_put_bytes(out, 1, cluster_id);
}

void znode_put_master(
    struct buffer *out, struct span id, const struct server_name *master, uint32_t web_port)
{
    znode_head_put(out, id);
    put_server_name(out, master);
    wire_put_varint(out, 2, 0);
    wire_put_varint(out, 3, web_port);
}

void znode_put_meta(struct buffer *out, struct span id, const struct server_name *server)
{
    znode_head_put(out, id);
    put_server_name(out, server);
    wire_put_varint(out, 2, 0);
    wire_put_varint(out, 3, REGION_STATE_OPEN);
}

void znode_put_server(struct buffer *out, struct span id, uint32_t web_port)
{
    znode_head_put(out, id);
    wire_put_varint(out, 1, web_port);
}

void znode_put_running(struct buffer *out, struct span id, int64_t started_ms)
{
    time_t started_s = (time_t)(started_ms / 1000);
    struct tm parts;
    char date[64] = "";
    if (gmtime_r(&started_s, &parts))
        strftime(date, sizeof date, "%a %b %d %H:%M:%S UTC %Y", &parts);
    znode_head_put(out, id);
    wire_put_bytes(out, 1, span_string(date));
}

/* The bytes of field 1, which is what is wanted of all these messages. */
static enum status take_first(struct span data, struct span *out_bytes, struct error *error)
{
    struct span message, found = SPAN_EMPTY;
    struct wire_field field;
    enum status status = znode_unwrap(data, &message, error);
    if (status)
        return status;
    while (!(status = wire_take(&message, &field))) {
        if (wire_is(&field, 1, WIRE_BYTES))
            found = field.bytes;
    }
    if (status != STATUS_END || found.size == 0)
        return error_set(error, STATUS_INVALID, "znode data is malformed");
    *out_bytes = found;
    return STATUS_OK;
}

enum status znode_take_server(struct span data, struct server_name *out_server, struct error *error)
{
    struct span message;
    enum status status = take_first(data, &message, error);
    return status ? status : server_name_decode(message, out_server, error);
}

uint32_t znode_take_web_port(struct span data)
{
    struct span message;
    struct wire_field field;
    uint32_t port = 0;
    if (znode_unwrap(data, &message, NULL))
        return 0;
    while (wire_take(&message, &field) == STATUS_OK)
        if (wire_is(&field, 3, WIRE_VARINT) && field.value <= UINT16_MAX)
            port = (uint32_t)field.value;
    return port;
}

enum status znode_take_cluster_id(
    struct span data, struct span *out_cluster_id, struct error *error)
{
    return take_first(data, out_cluster_id, error);
}
