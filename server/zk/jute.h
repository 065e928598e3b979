/* Jute: ZooKeeper's serialization. Big-endian integers; strings and buffers with an i32 size (-1 = null);
 * vectors with an i32 count; booleans of one byte. Readers are bounds-checked and return true when the bytes
 * were not there, as those of base/bytes do. */
#ifndef STELE_SERVER_ZK_JUTE_H
#define STELE_SERVER_ZK_JUTE_H

#include "base/bytes.h"

enum jute_error {
    ZK_OK = 0,
    ZK_MARSHALLING_ERROR = -5,
    ZK_UNIMPLEMENTED = -6,
    ZK_NO_NODE = -101,
    ZK_NO_AUTH = -102,
};

enum zk_operation {
    ZK_CREATE = 1,
    ZK_DELETE = 2,
    ZK_EXISTS = 3,
    ZK_GET_DATA = 4,
    ZK_SET_DATA = 5,
    ZK_GET_ACL = 6,
    ZK_SET_ACL = 7,
    ZK_GET_CHILDREN = 8,
    ZK_SYNC = 9,
    ZK_PING = 11,
    ZK_GET_CHILDREN2 = 12,
    ZK_CHECK = 13,
    ZK_MULTI = 14,
    ZK_CREATE2 = 15,
    ZK_RECONFIG = 16,
    ZK_CHECK_WATCHES = 17,
    ZK_REMOVE_WATCHES = 18,
    ZK_CREATE_CONTAINER = 19,
    ZK_CREATE_TTL = 21,
    ZK_MULTI_READ = 22,
    ZK_AUTH = 100,
    ZK_SET_WATCHES = 101,
    ZK_SASL = 102,
    ZK_GET_EPHEMERALS = 103,
    ZK_GET_ALL_CHILDREN_NUMBER = 104,
    ZK_SET_WATCHES2 = 105,
    ZK_ADD_WATCH = 106,
    ZK_CLOSE_SESSION = -11,
};

enum zk_event {
    ZK_EVENT_CREATED = 1,
    ZK_EVENT_DELETED = 2,
    ZK_EVENT_CHANGED = 3,
    ZK_EVENT_CHILD = 4
};

#define ZK_XID_NOTIFICATION (-1)
#define ZK_STATE_CONNECTED  3

struct zk_connect_request {
    int64_t last_zxid_seen;
    int32_t timeout_ms;
    uint64_t session_id; /* 0 = a new one */
    struct span password;
    bool has_read_only; /* the client is new enough to send and expect the flag */
    bool is_read_only;
};

struct zk_stat {
    int64_t zxid; /* of creation, last change and last change of children alike */
    int64_t time_ms;
    uint64_t owner; /* session of an ephemeral node, else 0 */
    int32_t data_size;
    int32_t child_count;
};

bool jute_take_i32(struct span *in, int32_t *out_value);
bool jute_take_i64(struct span *in, int64_t *out_value);
bool jute_take_bool(struct span *in, bool *out_value);
/* Strings and buffers; null reads as empty. */
bool jute_take_bytes(struct span *in, struct span *out_bytes);

void jute_put_i32(struct buffer *out, int32_t value);
void jute_put_i64(struct buffer *out, int64_t value);
void jute_put_bool(struct buffer *out, bool value);
void jute_put_bytes(struct buffer *out, struct span bytes);

/* A connect request's body, without its size. True when it is malformed. */
bool zk_connect_request_take(struct span *in, struct zk_connect_request *out_request);
void zk_stat_put(struct buffer *out, const struct zk_stat *stat);

#endif
