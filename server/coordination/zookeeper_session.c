#include <errno.h>

#define THREADED             /* the calls that wait */
#define buffer   jute_buffer /* its name for another thing than base/bytes.h's */
#include <zookeeper/zookeeper.h>
#undef buffer

#include "base/limits.h"
#include "base/memory.h"
#include "server/coordination/zookeeper_session.h"

struct zookeeper_session {
    zhandle_t *handle;
    void (*event)(void *context);
    void *context;
};

static void on_event(zhandle_t *handle, int type, int state, const char *path, void *context)
{
    struct zookeeper_session *session = context;
    (void)handle, (void)type, (void)state, (void)path;
    session->event(session->context);
}

/* What the client would tell of every attempt to connect: the server's own lines say what matters. */
static void ignore_line(const char *line)
{
    (void)line;
}

enum status zookeeper_session_open(const char *hosts, int timeout_ms, void (*event)(void *context),
    void *context, struct zookeeper_session **out_session, struct error *error)
{
    struct zookeeper_session *session = memory_allocate_zeroed(1, sizeof *session);
    if (!session)
        return error_set(error, STATUS_NO_MEMORY, "no memory for a session with ZooKeeper");
    session->event = event;
    session->context = context;
    errno = 0;
    /* Events may come before the handle is returned; they are looked at later. */
    session->handle = zookeeper_init2(
        hosts, on_event, timeout_ms, NULL, session, ZOO_NO_LOG_CLIENTENV, ignore_line);
    if (!session->handle) {
        int number = errno;
        memory_free(session);
        if (number == ENOMEM)
            return error_set(error, STATUS_NO_MEMORY, "no memory for a session with ZooKeeper");
        return error_set(
            error, STATUS_INVALID, "ZooKeeper at %s: no host of these names is known", hosts);
    }
    *out_session = session;
    return STATUS_OK;
}

void zookeeper_session_close(struct zookeeper_session *session)
{
    if (!session)
        return;
    zookeeper_close(session->handle);
    memory_free(session);
}

enum zookeeper_state zookeeper_session_state(const struct zookeeper_session *session)
{
    int state = zoo_state(session->handle);
    if (state == ZOO_CONNECTED_STATE)
        return ZOOKEEPER_CONNECTED;
    return state == ZOO_EXPIRED_SESSION_STATE || state == ZOO_AUTH_FAILED_STATE
               ? ZOOKEEPER_OVER
               : ZOOKEEPER_CONNECTING;
}

int zookeeper_session_timeout_ms(const struct zookeeper_session *session)
{
    return zoo_recv_timeout(session->handle);
}

int64_t zookeeper_session_id(const struct zookeeper_session *session)
{
    return zoo_client_id(session->handle)->client_id;
}

static enum status result(int code, const char *verb, const char *path, struct error *error)
{
    switch (code) {
    case ZOK:
        return STATUS_OK;
    case ZNONODE:
        return error_set(error, STATUS_NOT_FOUND, "ZooKeeper: %s %s: no node", verb, path);
    case ZNODEEXISTS:
        return error_set(error, STATUS_EXISTS, "ZooKeeper: %s %s: node exists", verb, path);
    case ZCONNECTIONLOSS:
    case ZOPERATIONTIMEOUT:
    case ZINVALIDSTATE:
    case ZCLOSING:
    case ZSESSIONEXPIRED:
    case ZSESSIONMOVED:
        return error_set(error, STATUS_CLOSED, "ZooKeeper: %s %s: %s", verb, path, zerror(code));
    default:
        return error_set(error, STATUS_IO, "ZooKeeper: %s %s: %s", verb, path, zerror(code));
    }
}

static void put_stat(const struct Stat *from, struct zookeeper_stat *out_stat)
{
    if (out_stat)
        *out_stat = (struct zookeeper_stat){
            .created_zxid = (uint64_t)from->czxid,
            .created_ms = from->ctime,
            .owner = from->ephemeralOwner,
            .version = from->version,
        };
}

enum status zookeeper_session_read(struct zookeeper_session *session, const char *path,
    struct buffer *out_data, struct zookeeper_stat *out_stat, struct error *error)
{
    struct Stat stat = {0};
    /* The watch first: it stands whether there is a node or not. */
    int code = zoo_wexists(session->handle, path, on_event, session, &stat);
    enum status status = result(code, "read", path, error);
    if (status)
        return status;
    char *place = (char *)buffer_reserve(out_data, LIMIT_ZNODE_SIZE);
    int size = LIMIT_ZNODE_SIZE;
    if (!place)
        return error_set(error, STATUS_NO_MEMORY, "no memory for a node of ZooKeeper");
    status = result(zoo_get(session->handle, path, 0, place, &size, &stat), "read", path, error);
    if (status)
        return status;
    if (stat.dataLength > LIMIT_ZNODE_SIZE)
        return error_set(error, STATUS_LIMIT, "ZooKeeper: %s holds %d bytes; %d is the limit", path,
            stat.dataLength, LIMIT_ZNODE_SIZE);
    if (size > 0)
        buffer_commit(out_data, (size_t)size);
    put_stat(&stat, out_stat);
    return STATUS_OK;
}

enum status zookeeper_session_children(struct zookeeper_session *session, const char *path,
    struct arena *arena, char ***out_names, size_t *out_count, struct error *error)
{
    struct String_vector found = {0};
    int code = zoo_wget_children(session->handle, path, on_event, session, &found);
    enum status status = result(code, "list", path, error);
    if (status)
        return status;
    size_t count = found.count > 0 ? (size_t)found.count : 0;
    char **names = arena_allocate_zeroed(arena, count, sizeof *names);
    for (size_t i = 0; i < count && names; i++) {
        names[i] = arena_copy_string(arena, span_string(found.data[i]));
        if (!names[i])
            names = NULL;
    }
    deallocate_String_vector(&found);
    if (!names)
        return error_set(error, STATUS_NO_MEMORY, "no memory for the nodes of %s", path);
    *out_names = names;
    *out_count = count;
    return STATUS_OK;
}

enum status zookeeper_session_create(struct zookeeper_session *session, const char *path,
    struct span data, bool is_ephemeral, struct zookeeper_stat *out_stat, struct error *error)
{
    struct Stat stat = {0};
    int code = zoo_create2(session->handle, path, data.data ? (const char *)data.data : "",
        (int)data.size, &ZOO_OPEN_ACL_UNSAFE, is_ephemeral ? ZOO_EPHEMERAL : ZOO_PERSISTENT, NULL,
        0, &stat);
    enum status status = result(code, "create", path, error);
    if (!status)
        put_stat(&stat, out_stat);
    return status;
}

enum status zookeeper_session_set(
    struct zookeeper_session *session, const char *path, struct span data, struct error *error)
{
    int code = zoo_set(session->handle, path, (const char *)data.data, (int)data.size, -1);
    return result(code, "write", path, error);
}

enum status zookeeper_session_delete(
    struct zookeeper_session *session, const char *path, struct error *error)
{
    return result(zoo_delete(session->handle, path, -1), "delete", path, error);
}
