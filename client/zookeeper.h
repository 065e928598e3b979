/* The little of ZooKeeper that HBase's clients need: read the data of one node in a session of its
 * own (connect, getData, close). Servers are tried in turn from a random one. Loop thread only. */
#ifndef STELE_CLIENT_ZOOKEEPER_H
#define STELE_CLIENT_ZOOKEEPER_H

#include "base/bytes.h"
#include "client/failure.h"
#include "client/loop.h"

/* Exactly one of failure and data is given; data is borrowed. A node that does not exist is a
 * failure of
 * STELE_NOT_FOUND. Not called from inside zookeeper_read. */
typedef void zookeeper_function(void *context, const struct failure *failure, struct span data);

struct zookeeper_read;

/* Reads `path` from one of "host:port,...". Both texts are copied. NULL on no memory: `done` is not
 * called. */
struct zookeeper_read *zookeeper_read(struct loop *loop, struct span hosts, const char *path,
    uint32_t timeout_ms, zookeeper_function *done, void *context);
/* Gives up; `done` is not called. */
void zookeeper_cancel(struct zookeeper_read *read);

#endif
