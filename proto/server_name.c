#include "proto/server_name.h"

#include <inttypes.h>

#include "proto/wire.h"

void server_name_put_text(struct buffer *out, const struct server_name *name)
{
    buffer_put(out, name->host);
    buffer_put_format(out, ",%" PRIu32 ",%" PRIu64, name->port, name->start_code);
}

/* All digits, no overflow. True when it is not a number. */
static bool parse_number(struct span text, uint64_t limit, uint64_t *out_value)
{
    uint64_t value = 0;
    if (text.size == 0 || text.size > 19)
        return true;
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return true;
        value = value * 10 + (text.data[i] - '0');
    }
    if (value > limit)
        return true;
    *out_value = value;
    return false;
}

enum status server_name_parse(struct span text, struct server_name *out_name, struct error *error)
{
    size_t second = span_find_last(text, ',');
    size_t first = second == SIZE_MAX ? SIZE_MAX : span_find(text, ',');
    uint64_t port, start_code;
    if (first == SIZE_MAX || first == second || first == 0 ||
        parse_number(span_slice(text, first + 1, second - first - 1), UINT16_MAX, &port) ||
        parse_number(span_slice(text, second + 1, text.size - second - 1), INT64_MAX, &start_code))
        return error_set(error, STATUS_INVALID, "'%.*s' is not host,port,startcode",
            (int)(text.size < 200 ? text.size : 200), (const char *)text.data);
    *out_name = (struct server_name){span_slice(text, 0, first), (uint32_t)port, start_code};
    return STATUS_OK;
}

void server_name_encode(struct buffer *out, const struct server_name *name)
{
    wire_put_bytes(out, 1, name->host);
    wire_put_varint(out, 2, name->port);
    wire_put_varint(out, 3, name->start_code);
}

enum status server_name_decode(
    struct span message, struct server_name *out_name, struct error *error)
{
    struct server_name name = {0};
    struct wire_field field;
    enum status status;
    while (!(status = wire_take(&message, &field))) {
        if (wire_is(&field, 1, WIRE_BYTES))
            name.host = field.bytes;
        else if (wire_is(&field, 2, WIRE_VARINT))
            name.port = (uint32_t)field.value;
        else if (wire_is(&field, 3, WIRE_VARINT))
            name.start_code = field.value;
    }
    if (status != STATUS_END || name.host.size == 0)
        return error_set(error, STATUS_INVALID, "server name is malformed");
    *out_name = name;
    return STATUS_OK;
}

enum status host_port_parse(struct span text, uint32_t default_port, struct span *out_host,
    uint32_t *out_port, struct error *error)
{
    size_t colon = span_find_last(text, ':');
    uint64_t port = default_port;
    struct span host = colon == SIZE_MAX ? text : span_slice(text, 0, colon);
    bool is_wrong = colon == SIZE_MAX
                        ? default_port == 0
                        : parse_number(span_slice(text, colon + 1, text.size - colon - 1),
                              UINT16_MAX, &port);
    if (is_wrong || host.size == 0 || port == 0)
        return error_set(error, STATUS_INVALID, "'%.*s' is not host:port",
            (int)(text.size < 200 ? text.size : 200), (const char *)text.data);
    *out_host = host;
    *out_port = (uint32_t)port;
    return STATUS_OK;
}
