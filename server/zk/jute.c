#include "server/zk/jute.h"

bool jute_take_i32(struct span *in, int32_t *out_value)
{
    uint32_t value;
    if (span_take_be32(in, &value))
        return true;
    *out_value = (int32_t)value;
    return false;
}

bool jute_take_i64(struct span *in, int64_t *out_value)
{
    uint64_t value;
    if (span_take_be64(in, &value))
        return true;
    *out_value = (int64_t)value;
    return false;
}

bool jute_take_bool(struct span *in, bool *out_value)
{
    uint8_t value;
    if (span_take_u8(in, &value))
        return true;
    *out_value = value != 0;
    return false;
}

bool jute_take_bytes(struct span *in, struct span *out_bytes)
{
    struct span rest = *in;
    int32_t size;
    struct span bytes = SPAN_EMPTY;
    if (jute_take_i32(&rest, &size) || size < -1)
        return true;
    if (size > 0 && span_take_bytes(&rest, (size_t)size, &bytes))
        return true;
    *in = rest;
    *out_bytes = bytes;
    return false;
}

void jute_put_i32(struct buffer *out, int32_t value)
{
    buffer_put_be32(out, (uint32_t)value);
}

void jute_put_i64(struct buffer *out, int64_t value)
{
    buffer_put_be64(out, (uint64_t)value);
}

void jute_put_bool(struct buffer *out, bool value)
{
    buffer_put_u8(out, value ? 1 : 0);
}

void jute_put_bytes(struct buffer *out, struct span bytes)
{
    buffer_put_be32(out, (uint32_t)bytes.size);
    buffer_put(out, bytes);
}

bool zk_connect_request_take(struct span *in, struct zk_connect_request *out_request)
{
    struct zk_connect_request request = {0};
    int32_t version;
    int64_t session;
    if (jute_take_i32(in, &version) || jute_take_i64(in, &request.last_zxid_seen) ||
        jute_take_i32(in, &request.timeout_ms) || jute_take_i64(in, &session) ||
        jute_take_bytes(in, &request.password))
        return true;
    request.session_id = (uint64_t)session;
    request.has_read_only = !jute_take_bool(in, &request.is_read_only);
    *out_request = request;
    return false;
}

void zk_stat_put(struct buffer *out, const struct zk_stat *stat)
{
    jute_put_i64(out, stat->zxid);
    jute_put_i64(out, stat->zxid);
    jute_put_i64(out, stat->time_ms);
    jute_put_i64(out, stat->time_ms);
    jute_put_i32(out, 0); /* version */
    jute_put_i32(out, 0); /* version of the children */
    jute_put_i32(out, 0); /* version of the ACL */
    jute_put_i64(out, (int64_t)stat->owner);
    jute_put_i32(out, stat->data_size);
    jute_put_i32(out, stat->child_count);
    jute_put_i64(out, stat->zxid);
}
