/* A cluster of this program's own processes on loopback, for a study on one machine: a ZooKeeper (Debian's, by Java), a
 * master, and tablet servers with a modelled capacity, in a temporary directory that goes with it.
 *
 * The processes die with the one that started them, however it ends; they are in a process group of their own, so that
 * a ^C at the terminal reaches the study and not them.
 *
 * Threads: the one that started it. */
#ifndef STELE_BENCH_STUDY_LOCAL_CLUSTER_H
#define STELE_BENCH_STUDY_LOCAL_CLUSTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

#define LOCAL_SERVERS_MOST 32

struct local_cluster;

/* Returns when all serve (seconds). STATUS_UNSUPPORTED: there is no Java or no ZooKeeper here, and *error says what to
 * install; STATUS_IO: a process did not start, with the end of what it said. */
enum status local_cluster_start(
    size_t servers, uint32_t capacity, struct local_cluster **out_cluster, struct error *error);
/* "127.0.0.1:PORT/hbase", the cluster's. */
const char *local_cluster_zookeeper(const struct local_cluster *cluster);
/* False, with what ended in *error, when one of the processes is gone. */
bool local_cluster_check(struct local_cluster *cluster, struct error *error);
/* Ends all processes and removes the directory. NULL is fine. */
void local_cluster_stop(struct local_cluster *cluster);

#endif
