/* The znodes that HBase's clients look for (facts: hbase-rpc 7a), as an immutable tree.
 *
 * Built once when the server knows its name, then read by all loops without a lock: in standalone nothing in
 * it changes while the process lives. Its zxid is the start time, so a client that comes back after a restart
 * finds every node newer than what it saw. */
#ifndef STELE_SERVER_ZK_ZNODE_TREE_H
#define STELE_SERVER_ZK_ZNODE_TREE_H

#include "base/arena.h"
#include "proto/server_name.h"
#include "server/zk/jute.h"

#define ZNODE_PARENT "/hbase"

struct znode {
    struct span path;
    struct span data;
    const struct znode *first_child; /* in order of path */
    const struct znode *next;        /* sibling */
    bool is_ephemeral;
    int32_t child_count;
};

struct znode_tree;

struct znode_tree_config {
    const char *cluster_id;
    struct server_name server; /* master, tablet server and keeper of hbase:meta in one */
    uint16_t web_port;         /* 0 = none */
    int64_t started_ms;
};

/* STATUS_NO_MEMORY. Spans of config are copied. */
enum status znode_tree_new(const struct znode_tree_config *config, struct znode_tree **out_tree);
void znode_tree_free(struct znode_tree *tree);
/* NULL when absent. A trailing '/' is not accepted, as in ZooKeeper. */
const struct znode *znode_tree_find(const struct znode_tree *tree, struct span path);
int64_t znode_tree_zxid(const struct znode_tree *tree);
void znode_tree_stat(
    const struct znode_tree *tree, const struct znode *node, struct zk_stat *out_stat);
/* The last part of the path. */
struct span znode_name(const struct znode *node);

#endif
