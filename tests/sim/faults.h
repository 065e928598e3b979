/* What happens to a simulated cluster: faults drawn from the seed, one every so often, until they stop. Each is undone
 * after a while; stopping undoes all. */
#ifndef STELE_TESTS_SIM_FAULTS_H
#define STELE_TESTS_SIM_FAULTS_H

#include "tests/sim/cluster.h"

enum fault {
    FAULT_KILL,          /* a process ends between two tasks */
    FAULT_KILL_AT_CALL,  /* before an I/O call */
    FAULT_HOST_CRASH,    /* what it had not synced is gone, or some of it */
    FAULT_PAUSE,         /* stands still between two tasks, up to three sessions long */
    FAULT_STALL_AT_CALL, /* the same in the middle of one, before an I/O call */
    FAULT_DISK_BLOCKS,   /* the directory does not answer it */
    FAULT_LINK_ONE_WAY,
    FAULT_LINK_BOTH_WAYS,
    FAULT_LINK_FLAPS,
    FAULT_ZOOKEEPER_LINK, /* one way or both */
    FAULT_RESET,          /* connections break */
    FAULT_HALF_RESET,     /* for one end */
    FAULT_EXPIRE,         /* its session ends */
    FAULT_ZOOKEEPER_DOWN,
    FAULT_CLOCK, /* its wall clock jumps by up to an hour */
    FAULTS,
};

struct faults {
    struct cluster *cluster;
    struct dice dice;
    const char *clients; /* how their hosts' names begin */
    size_t client_count;
    struct task next_task;
    struct undoing *undoings; /* what is to be undone */
    uint64_t pause_most_ns;   /* between faults */
    uint64_t counts[FAULTS];
    bool is_over;
};

void faults_start(struct faults *faults, struct cluster *cluster, uint64_t seed,
    const char *clients, size_t client_count, uint64_t pause_most_ns);
void faults_stop(struct faults *faults);
uint64_t faults_total(const struct faults *faults);
const char *fault_name(enum fault fault);

#endif
