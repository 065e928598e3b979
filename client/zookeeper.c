#include "client/zookeeper.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "base/memory.h"
#include "proto/server_name.h"

enum {
    ZOOKEEPER_PORT = 2181,
    OPERATION_GET_DATA = 4,
    OPERATION_CLOSE = -11,
    ERROR_NO_NODE = -101,
    PASSWORD_SIZE = 16,
    XID_READ = 1,
    XID_CLOSE = 2,
};

struct zookeeper_read {
    struct loop *loop;
    zookeeper_function *done;
    void *context;
    char *hosts; /* "host:port,..." */
    char *path;
    size_t host_count;
    size_t host_index; /* of the one being tried, modulo host_count */
    size_t tried;
    uint32_t timeout_ms;
    struct channel *channel;      /* NULL: none */
    bool is_in_session;           /* the connect response has come */
    struct transport_timer timer; /* too late; or, after the last server, the end */
    struct buffer input;
    struct buffer output;
    struct failure failure; /* of the last server tried */
};

static void try_next(struct zookeeper_read *read);

static void disconnect(struct zookeeper_read *read)
{
    transport_timer_stop(&read->timer);
    if (read->channel)
        read->channel->table->close(read->channel);
    read->channel = NULL;
}

static struct zookeeper_read *read_of(struct transport_timer *timer)
{
    return (
        struct zookeeper_read *)(void *)((char *)timer - offsetof(struct zookeeper_read, timer));
}

void zookeeper_cancel(struct zookeeper_read *read)
{
    disconnect(read);
    buffer_deinit(&read->input);
    buffer_deinit(&read->output);
    memory_free(read->hosts);
    memory_free(read->path);
    memory_free(read);
}

static void finish(struct zookeeper_read *read, const struct failure *failure, struct span data)
{
    zookeeper_function *done = read->done;
    void *context = read->context;
    disconnect(read);
    done(context, failure, data);
    zookeeper_cancel(read);
}

static struct span current_host(const struct zookeeper_read *read)
{
    struct span rest = span_string(read->hosts);
    for (size_t i = read->host_index % read->host_count;; i--) {
        size_t comma = span_find(rest, ',');
        struct span host = comma == SIZE_MAX ? rest : span_slice(rest, 0, comma);
        if (i == 0)
            return host;
        rest = span_slice(rest, comma + 1, rest.size - comma - 1);
    }
}

static void fail(struct zookeeper_read *read, enum stele_status status, const char *why)
{
    struct span host = current_host(read);
    failure_init(&read->failure, EXCEPTION_RETRY, status, "ZooKeeper %.*s: %s", (int)host.size,
        (const char *)host.data, why);
    disconnect(read);
    try_next(read);
}

static void put_string(struct buffer *out, const char *text)
{
    buffer_put_be32(out, (uint32_t)strlen(text));
    buffer_put(out, span_string(text));
}

static void put_requests(struct zookeeper_read *read)
{
    static const uint8_t no_password[PASSWORD_SIZE];
    struct buffer *out = &read->output;
    buffer_reset(out);
    buffer_put_be32(out, 4 + 8 + 4 + 8 + 4 + PASSWORD_SIZE + 1);
    buffer_put_be32(out, 0); /* protocol version */
    buffer_put_be64(out, 0); /* last zxid seen */
    buffer_put_be32(out, read->timeout_ms);
    buffer_put_be64(out, 0); /* a new session */
    buffer_put_be32(out, PASSWORD_SIZE);
    buffer_put(out, span_make(no_password, PASSWORD_SIZE));
    buffer_put_u8(out, 0); /* not read-only */
    buffer_put_be32(out, (uint32_t)(4 + 4 + 4 + strlen(read->path) + 1));
    buffer_put_be32(out, XID_READ);
    buffer_put_be32(out, OPERATION_GET_DATA);
    put_string(out, read->path);
    buffer_put_u8(out, 0); /* no watch */
    buffer_put_be32(out, 4 + 4);
    buffer_put_be32(out, XID_CLOSE);
    buffer_put_be32(out, (uint32_t)OPERATION_CLOSE);
}

/* The reply to getData: xid, zxid, error, data, stat. */
static void on_reply(struct zookeeper_read *read, struct span reply)
{
    uint32_t xid, error_code, size;
    uint64_t zxid;
    struct span data;
    if (span_take_be32(&reply, &xid) || span_take_be64(&reply, &zxid) ||
        span_take_be32(&reply, &error_code)) {
        fail(read, STELE_PROTOCOL, "a reply is too short");
        return;
    }
    if ((int32_t)error_code == ERROR_NO_NODE) {
        failure_init(&read->failure, EXCEPTION_RETRY, STELE_CONNECTION,
            "there is no %s in ZooKeeper: is the cluster up, and the znode right?", read->path);
        finish(read, &read->failure, SPAN_EMPTY);
        return;
    }
    if (error_code || span_take_be32(&reply, &size) || (int32_t)size < 0 ||
        span_take_bytes(&reply, size, &data)) {
        fail(read, STELE_PROTOCOL, "a reply is an error or malformed");
        return;
    }
    finish(read, NULL, data);
}

/* Frames that are whole. The first is the connect response, the second ours. */
static void parse_input(struct zookeeper_read *read)
{
    struct span in = buffer_span(&read->input);
    uint32_t size;
    while (in.size >= 4) {
        size = load_be32(in.data);
        if (size > LIMIT_ZK_REQUEST_SIZE) {
            fail(read, STELE_PROTOCOL, "a reply is over the limit");
            return;
        }
        if (in.size - 4 < size)
            return;
        if (read->is_in_session) {
            on_reply(read, span_make(in.data + 4, size));
            return;
        }
        read->is_in_session = true;
        in = span_slice(in, 4 + size, in.size - 4 - size);
        if (in.size)
            memmove(read->input.data, in.data, in.size);
        read->input.size = in.size;
        in = buffer_span(&read->input);
    }
}

static void on_late(struct transport_timer *timer)
{
    fail(read_of(timer), STELE_TIMEOUT, "no answer in time");
}

static void wait_for_it(struct zookeeper_read *read)
{
    read->timer.run = on_late;
    if (!transport_timer_start(
            read->loop->transport, &read->timer, (uint64_t)read->timeout_ms * 1000000))
        fail(read, STELE_NO_MEMORY, "no memory");
}

static void on_connected(struct zookeeper_read *read)
{
    int error_number = read->channel->table->finish_connect(read->channel);
    if (error_number) {
        fail(read, STELE_CONNECTION, strerror(error_number));
        return;
    }
    put_requests(read);
    read->channel->table->want_room(read->channel, false);
    ptrdiff_t written = read->channel->table->write(read->channel, buffer_span(&read->output));
    if (written != (ptrdiff_t)read->output.size) {
        /* under 200 bytes: a fresh connection takes them whole */
        fail(read, STELE_CONNECTION, "cannot write");
        return;
    }
    wait_for_it(read);
}

static void on_ready(struct channel *channel, bool is_readable, bool is_writable)
{
    struct zookeeper_read *read = channel->owner;
    if (read->output.size == 0) {
        if (is_writable)
            on_connected(read);
        return;
    }
    if (!is_readable)
        return;
    uint8_t *room = buffer_reserve(&read->input, 16384);
    ptrdiff_t received = room ? channel->table->read(channel, room, 16384) : -ENOMEM;
    if (received == -EAGAIN)
        return;
    if (received <= 0) {
        fail(read, STELE_CONNECTION, received ? strerror((int)-received) : "closed the connection");
        return;
    }
    buffer_commit(&read->input, (size_t)received);
    parse_input(read);
}

static void try_host(struct zookeeper_read *read)
{
    struct span host = current_host(read), name;
    uint32_t port;
    buffer_reset(&read->input);
    buffer_reset(&read->output);
    read->is_in_session = false;
    if (host_port_parse(host, ZOOKEEPER_PORT, &name, &port, NULL)) {
        fail(read, STELE_INVALID, "is not host:port");
        return;
    }
    const char *why;
    read->channel = read->loop->transport->table->connect(read->loop->transport, name, port, &why);
    if (!read->channel) {
        fail(read, STELE_CONNECTION, why);
        return;
    }
    read->channel->ready = on_ready;
    read->channel->owner = read;
    wait_for_it(read);
}

static void on_failed(struct transport_timer *timer)
{
    struct zookeeper_read *read = read_of(timer);
    finish(read, &read->failure, SPAN_EMPTY);
}

/* The end comes from the loop: never from inside the call that began. */
static void try_next(struct zookeeper_read *read)
{
    if (read->tried++ < read->host_count) {
        read->host_index++;
        try_host(read);
        return;
    }
    read->timer.run = on_failed;
    (void)transport_timer_start(read->loop->transport, &read->timer, 0);
}

struct zookeeper_read *zookeeper_read(struct loop *loop, struct span hosts, const char *path,
    uint32_t timeout_ms, zookeeper_function *done, void *context)
{
    struct zookeeper_read *read = memory_allocate_zeroed(1, sizeof(*read));
    if (!read)
        return NULL;
    read->loop = loop;
    read->done = done;
    read->context = context;
    read->timeout_ms = timeout_ms;
    read->hosts = memory_allocate(hosts.size + 1);
    read->path = memory_duplicate_string(path);
    if (!read->hosts || !read->path) {
        zookeeper_cancel(read);
        return NULL;
    }
    memcpy(read->hosts, hosts.data, hosts.size);
    read->hosts[hosts.size] = '\0';
    read->host_count = 1;
    for (size_t i = 0; i < hosts.size; i++)
        read->host_count += hosts.data[i] == ',';
    read->host_index = (size_t)(env_random_u64(loop->transport->env) % read->host_count);
    try_next(read);
    return read;
}
