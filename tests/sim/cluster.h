/* A cluster in one thread: servers as hosts of a simulated world, each of which dies and is started again as a new
 * life over the one directory.
 *
 *   slot "server2"   life 1: env, server -> crash, exit -> (a while) -> life 2 ...
 *
 * A slot's process runs the real server over the memory reactor, the memory disk and the model of ZooKeeper. When it
 * ends (by a fault, or by itself: fatal, sealed, asked to stop) its memory is left behind. */
#ifndef STELE_TESTS_SIM_CLUSTER_H
#define STELE_TESTS_SIM_CLUSTER_H

#include "base/dice.h"
#include "base/env_memory.h"
#include "server/server.h"

#define CLUSTER_SLOTS_MAX 9
#define CLUSTER_ROOT      "root"
#define CLUSTER_PORT      16020

struct slot {
    struct cluster *cluster;
    char name[16];
    enum server_role role;
    struct env *env; /* of the life; NULL: none */
    struct server *server;
    bool is_ready;
    bool is_wanted;      /* to be up: it is started again after it died */
    bool is_reaped;      /* its death has been told to the network */
    uint64_t restart_ns; /* when */
    unsigned lives;
    struct task start_task;
    struct executor *main; /* of the life */
};

struct cluster {
    struct env *world;
    struct executor *director; /* of the world's own host */
    struct dice dice;
    uint32_t session_ms;
    struct slot slots[CLUSTER_SLOTS_MAX];
    size_t slot_count;
    struct task look_task;
    uint64_t restart_most_ns; /* a dead slot is started again within */
    uint64_t deaths, exits;   /* by the test, by the server itself */
};

/* Masters and tablet servers as many; no masters: one standalone server. They start when the world runs. */
void cluster_start(struct cluster *cluster, struct env *world, uint64_t seed, size_t masters,
    size_t tablet_servers, uint32_t session_ms);
/* "server1:16020,server2:16020,...": for clients. */
const char *cluster_places(const struct cluster *cluster);

/* Now. A slot that is dead already is left as it is. */
void cluster_kill(struct slot *slot, enum env_memory_power_cut how);
bool slot_is_alive(const struct slot *slot);
/* All wanted slots live and are ready. */
bool cluster_is_whole(const struct cluster *cluster);
/* Stops what runs by killing it, and starts nothing any more. */
void cluster_end(struct cluster *cluster);
/* After that: fails the test on whatever `stele fsck` would find. */
void cluster_check_directory(const struct cluster *cluster);

#endif
