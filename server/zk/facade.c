#include "server/zk/facade.h"

#include <xxhash.h>

#include "base/limits.h"
#include "base/memory.h"
#include "server/net/loop.h"

static void derive_password(
    const struct zk_facade *facade, uint64_t session_id, uint8_t out_password[ZK_PASSWORD_SIZE])
{
    store_be64(out_password, XXH3_64bits_withSeed(&session_id, sizeof session_id, facade->secret));
    store_be64(
        out_password + 8, XXH3_64bits_withSeed(&session_id, sizeof session_id, ~facade->secret));
}

static size_t message_begin(struct buffer *out)
{
    buffer_put_be32(out, 0);
    return out->size;
}

static void message_end(struct buffer *out, size_t mark)
{
    if (!buffer_status(out))
        store_be32(out->data + mark - 4, (uint32_t)(out->size - mark));
}

static void connect_session(struct zk_session *session, const struct zk_facade *facade,
    uint64_t fresh_session_id, struct span message, struct buffer *out)
{
    struct zk_connect_request request;
    if (zk_connect_request_take(&message, &request)) {
        session->is_over = true;
        return;
    }
    uint8_t password[ZK_PASSWORD_SIZE];
    session->id = request.session_id ? request.session_id : fresh_session_id;
    derive_password(facade, session->id, password);
    bool is_welcome = !request.session_id ||
                      span_equal(request.password, span_make(password, sizeof password));
    session->timeout_ms = request.timeout_ms < ZK_SESSION_MIN_MS   ? ZK_SESSION_MIN_MS
                          : request.timeout_ms > ZK_SESSION_MAX_MS ? ZK_SESSION_MAX_MS
                                                                   : request.timeout_ms;
    session->is_connected = is_welcome;
    session->is_over = !is_welcome;
    if (!is_welcome) /* a time-out of 0 and no id say: expired */
        memset(password, 0, sizeof password);
    size_t mark = message_begin(out);
    jute_put_i32(out, 0);
    jute_put_i32(out, is_welcome ? session->timeout_ms : 0);
    jute_put_i64(out, is_welcome ? (int64_t)session->id : 0);
    jute_put_bytes(out, span_make(password, sizeof password));
    if (request.has_read_only)
        jute_put_bool(out, false);
    message_end(out, mark);
}

/* ---- Answers: each appends its body and returns an error code, with nothing appended unless ZK_OK ---- */

static int32_t answer_node(
    const struct zk_facade *facade, int32_t operation, struct span *in, struct buffer *out)
{
    struct span path;
    if (jute_take_bytes(in, &path))
        return ZK_MARSHALLING_ERROR;
    const struct znode *node = znode_tree_find(facade->tree, path);
    if (!node)
        return ZK_NO_NODE;
    struct zk_stat stat;
    znode_tree_stat(facade->tree, node, &stat);
    if (operation == ZK_GET_DATA)
        jute_put_bytes(out, node->data);
    if (operation == ZK_GET_CHILDREN || operation == ZK_GET_CHILDREN2) {
        jute_put_i32(out, node->child_count);
        for (const struct znode *child = node->first_child; child; child = child->next)
            jute_put_bytes(out, znode_name(child));
    }
    if (operation == ZK_GET_ACL) {
        jute_put_i32(out, 1);
        jute_put_i32(out, 1); /* read */
        jute_put_bytes(out, SPAN_LITERAL("world"));
        jute_put_bytes(out, SPAN_LITERAL("anyone"));
    }
    if (operation == ZK_GET_ALL_CHILDREN_NUMBER)
        jute_put_i32(out, node->child_count);
    else if (operation != ZK_GET_CHILDREN)
        zk_stat_put(out, &stat);
    return ZK_OK;
}

static int32_t answer_sync(struct span *in, struct buffer *out)
{
    struct span path;
    if (jute_take_bytes(in, &path))
        return ZK_MARSHALLING_ERROR;
    jute_put_bytes(out, path);
    return ZK_OK;
}

static void put_notification(struct buffer *out, enum zk_event event, struct span path)
{
    size_t mark = message_begin(out);
    jute_put_i32(out, ZK_XID_NOTIFICATION);
    jute_put_i64(out, -1);
    jute_put_i32(out, ZK_OK);
    jute_put_i32(out, (int32_t)event);
    jute_put_i32(out, ZK_STATE_CONNECTED);
    jute_put_bytes(out, path);
    message_end(out, mark);
}

/* Watches of a client that saw `relative_zxid` last: 0 data, 1 exists, 2 children. */
static bool notify_list(const struct zk_facade *facade, int64_t relative_zxid, int kind,
    struct span *in, struct buffer *out)
{
    int32_t count;
    if (jute_take_i32(in, &count) || count < -1 || count > ZK_WATCHES_PER_REQUEST)
        return true;
    bool is_newer = znode_tree_zxid(facade->tree) > relative_zxid;
    for (int32_t i = 0; i < count; i++) {
        struct span path;
        if (jute_take_bytes(in, &path))
            return true;
        bool is_there = znode_tree_find(facade->tree, path) != NULL;
        if (kind == 1 && is_there)
            put_notification(out, ZK_EVENT_CREATED, path);
        else if (kind != 1 && !is_there)
            put_notification(out, ZK_EVENT_DELETED, path);
        else if (kind != 1 && is_newer)
            put_notification(out, kind == 0 ? ZK_EVENT_CHANGED : ZK_EVENT_CHILD, path);
    }
    return false;
}

static int32_t answer_set_watches(
    const struct zk_facade *facade, struct span *in, struct buffer *notifications)
{
    int64_t relative_zxid;
    if (jute_take_i64(in, &relative_zxid) ||
        notify_list(facade, relative_zxid, 0, in, notifications) ||
        notify_list(facade, relative_zxid, 1, in, notifications) ||
        notify_list(facade, relative_zxid, 2, in, notifications))
        return ZK_MARSHALLING_ERROR;
    return ZK_OK;
}

static int32_t answer(struct zk_session *session, const struct zk_facade *facade, int32_t operation,
    struct span *in, struct buffer *out, struct buffer *notifications)
{
    switch (operation) {
    case ZK_EXISTS:
    case ZK_GET_DATA:
    case ZK_GET_ACL:
    case ZK_GET_CHILDREN:
    case ZK_GET_CHILDREN2:
    case ZK_GET_ALL_CHILDREN_NUMBER:
        return answer_node(facade, operation, in, out);
    case ZK_SYNC:
        return answer_sync(in, out);
    case ZK_PING:
    case ZK_AUTH:
    case ZK_CHECK_WATCHES:
    case ZK_REMOVE_WATCHES:
        return ZK_OK;
    case ZK_SET_WATCHES:
    case ZK_SET_WATCHES2:
        return answer_set_watches(facade, in, notifications);
    case ZK_ADD_WATCH:
    case ZK_GET_EPHEMERALS:
        jute_put_i32(out, 0);
        return ZK_OK;
    case ZK_CLOSE_SESSION:
        session->is_over = true;
        return ZK_OK;
    case ZK_CREATE:
    case ZK_CREATE2:
    case ZK_CREATE_CONTAINER:
    case ZK_CREATE_TTL:
    case ZK_DELETE:
    case ZK_SET_DATA:
    case ZK_SET_ACL:
        return ZK_NO_AUTH;
    default:
        return ZK_UNIMPLEMENTED;
    }
}

void zk_session_handle(struct zk_session *session, const struct zk_facade *facade,
    uint64_t fresh_session_id, struct span message, struct buffer *out)
{
    if (!session->is_connected) {
        connect_session(session, facade, fresh_session_id, message, out);
        return;
    }
    int32_t xid, operation;
    if (jute_take_i32(&message, &xid) || jute_take_i32(&message, &operation)) {
        session->is_over = true;
        return;
    }
    struct buffer notifications = {.limit = LIMIT_ZK_REQUEST_SIZE * 2};
    size_t mark = message_begin(out);
    jute_put_i32(out, xid);
    jute_put_i64(out, znode_tree_zxid(facade->tree));
    size_t error_at = out->size;
    jute_put_i32(out, ZK_OK);
    size_t body_at = out->size;
    int32_t problem = answer(session, facade, operation, &message, out, &notifications);
    if (problem && !buffer_status(out)) {
        out->size = body_at;
        store_be32(out->data + error_at, (uint32_t)problem);
    }
    message_end(out, mark);
    if (!problem)
        buffer_put(out, buffer_span(&notifications));
    buffer_deinit(&notifications);
}

/* ---- On a connection ---- */

struct zk_connection {
    const struct zk_facade *facade;
    struct zk_session session;
    uint64_t heard_ns;
};

static enum status zk_open(struct connection *connection, void *context)
{
    struct zk_connection *self = memory_allocate_zeroed(1, sizeof *self);
    if (!self)
        return STATUS_NO_MEMORY;
    self->facade = context;
    self->heard_ns = env_monotonic_ns(connection->loop->env);
    self->session.timeout_ms = LIMIT_HANDSHAKE_MS;
    connection->state = self;
    return STATUS_OK;
}

static size_t zk_consume(struct connection *connection, struct span in)
{
    struct zk_connection *self = connection->state;
    size_t whole = in.size;
    struct buffer out = buffer_pool_take(&connection->loop->pool, false);
    self->heard_ns = env_monotonic_ns(connection->loop->env);
    while (!self->session.is_over && !connection_is_full(connection)) {
        struct span rest = in, message;
        uint32_t size;
        if (span_take_be32(&rest, &size))
            break;
        if (size > (self->session.is_connected ? LIMIT_ZK_REQUEST_SIZE : LIMIT_ZK_CONNECT_SIZE)) {
            connection_close(connection);
            break;
        }
        if (span_take_bytes(&rest, size, &message))
            break;
        in = rest;
        uint64_t fresh = env_random_u64(connection->loop->env) >> 1 | 1;
        zk_session_handle(&self->session, self->facade, fresh, message, &out);
    }
    connection_put(connection, buffer_span(&out));
    buffer_pool_give(&connection->loop->pool, &out);
    if (self->session.is_over)
        connection_finish(connection);
    return whole - in.size;
}

static void zk_tick(struct connection *connection, uint64_t now_ns)
{
    struct zk_connection *self = connection->state;
    if (now_ns - self->heard_ns > (uint64_t)self->session.timeout_ms * 1000000u)
        connection_close(connection);
}

static void zk_closed(struct connection *connection)
{
    memory_free(connection->state);
}

const struct protocol zk_protocol = {
    .name = "zookeeper",
    .open = zk_open,
    .consume = zk_consume,
    .tick = zk_tick,
    .closed = zk_closed,
};
