/* A model of ZooKeeper, and the coordination over it, for the simulated cluster.
 *
 *   coordination of a host --- heartbeats, requests ---> the model: sessions, ephemeral names, one leader
 *                          <-- pictures, late ----------
 *
 * Messages go over the links of network.h between the host and "zookeeper": delayed, and lost while a link is
 * down. A session ends when no heartbeat came for its time, or when the test says so (a session that expires at
 * the worst time); its host hears of that only with the next answer, if ever, and acts meanwhile on the picture
 * it has. Pictures are late by up to a second now and then: reads of ZooKeeper may be stale.
 *
 * A leader deposes itself when it has not heard of its session for as long that it may be over, as the real one
 * does. Epochs rise with every election. One model at a time. */
#ifndef STELE_TESTS_SIM_COORDINATION_SIM_H
#define STELE_TESTS_SIM_COORDINATION_SIM_H

#include "server/coordination/coordination.h"

#define ZOOKEEPER_HOST "zookeeper"

/* Runs on the world's own host, with sessions of that length. */
void zookeeper_sim_open(struct env *world, uint64_t seed, uint32_t session_ms);
/* Frees it. Those who used it are gone. */
void zookeeper_sim_close(void);

/* For server_config.make_coordination. */
enum status coordination_sim_new(
    struct env *env, struct coordination **out_coordination, struct error *error);

/* Ends the sessions of a host, which goes on. */
void zookeeper_sim_expire(const char *host);
/* Answers nobody, and ends no session while it is down: the quorum is lost. When it comes back, sessions have their
 * whole time again, or with is_forgetful have all expired. */
void zookeeper_sim_set_down(bool is_down, bool is_forgetful);

struct zookeeper_counts {
    uint64_t sessions, expired, elections;
};
struct zookeeper_counts zookeeper_sim_counts(void);

#endif
