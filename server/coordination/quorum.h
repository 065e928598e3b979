/* A quorum is where a ZooKeeper is: "HOST:PORT,HOST:PORT[/base]", as HBase's clients write it.
 *
 * A directory belongs to one of them. The file <root>/quorum says to which:
 *
 *     zookeeper = 127.0.0.1:2181/hbase       as it was given, for people
 *     instance = 1000000a2-1796000000123     czxid and ctime of the cluster's hbaseid there
 *     generation = 1                         rises with every other instance
 *
 * The instance tells two ZooKeepers apart whatever their addresses are: moved to other hosts it stays, wiped it is
 * another. So two clusters on one directory are refused, even when both call it by the same cluster id. The generation goes before
 * the zxids of masters' elections, which begin again in a ZooKeeper that was wiped: their epochs still rise. */
#ifndef STELE_SERVER_COORDINATION_QUORUM_H
#define STELE_SERVER_COORDINATION_QUORUM_H

#include "base/env.h"

#define QUORUM_DEFAULT_BASE "/hbase"
#define QUORUM_SIZE         1024 /* of hosts, and of the base */
#define QUORUM_INSTANCE     64

struct quorum {
    char hosts[QUORUM_SIZE]; /* each with its port */
    char base[QUORUM_SIZE];  /* begins with '/', does not end with it */
};

/* STATUS_INVALID says what is wrong with it. */
enum status quorum_parse(const char *text, struct quorum *out_quorum, struct error *error);

/* Worker. Notes in the directory that it belongs to this quorum, or checks that it does:
 * - nothing noted: notes it;
 * - the same instance: fine; another address is noted;
 * - another instance at the same address (its ZooKeeper was wiped): notes it, with a line in the log;
 * - another instance at another address: STATUS_INVALID, another cluster's directory. */
enum status quorum_claim(struct env *env, const char *root, const struct quorum *quorum,
    const char *instance, uint64_t *out_generation, struct error *error);

#endif
