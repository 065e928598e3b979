/* The leader's watch: a leading master whose own directory hangs gives way to one whose directory works (ADR 0015).
 *
 * Such a master would lead for ever: its session goes on, while its executor and its workers hang in the first thing that
 * they write. So this has threads of its own, of which a look may hold one, and asks nothing of the rest of the process
 * but the network:
 *
 *   [executor "leader watch"], each second while it leads: begins a look (design 7), unless one is under way
 *      -> one has been for STALL_SHOWN_MS: the log says so, and a master that waits is asked to look too ("Look" of
 *         StelePeerService), one at a time, in turn until one answers; again and again
 *      -> stall_gives_way (server/master/stall_policy.h): the process ends, its session with it, and another leads
 *
 * A master that waits answers on a worker: looks, and tries whether the directory takes durable writes (store_probe).
 * Only who lives, and could do better, answers: nobody gives way for a name in ZooKeeper. One of an older version knows no
 * such question: it is as if it were not there. */
#ifndef STELE_SERVER_PEER_LEADER_WATCH_H
#define STELE_SERVER_PEER_LEADER_WATCH_H

#include "base/env.h"
#include "proto/server_name.h"

struct coordination;
struct leader_watch;
struct peers;
struct store;

#define LEADER_WATCH_MS     1000
#define LEADER_WATCH_ASK_MS 4000 /* for the answer of a master that waits; below STALL_SHOWN_MS */

struct leader_watch_config {
    struct env *env;
    struct store *store;
    const struct server_name *self;    /* borrowed, as all here */
    struct coordination *coordination; /* says who leads, and who waits */
    struct peers *peers;
    uint32_t stall_ms; /* how long is too long; 0 = LIMIT_DIRECTORY_STALL_MS */
};

/* Begins to watch. */
enum status leader_watch_new(
    const struct leader_watch_config *config, struct leader_watch **out_watch, struct error *error);
/* Worker. What a leader asks of us: STATUS_OK, the directory answers here, and takes durable writes. STATUS_BUSY: another
 * such look is under way; one thread is enough to hang. */
enum status leader_watch_answer(struct leader_watch *watch, struct error *error);
/* Any. For so long the directory has not answered us, who lead; 0 = it does, it is not worth a word, or we do not. */
uint64_t leader_watch_stalled_ms(const struct leader_watch *watch);
/* Asks and ends nothing any more. Any thread. NULL is fine. */
void leader_watch_stop(struct leader_watch *watch);
/* The same, and waits for the look under way. Before coordination and the store are freed. NULL is fine. */
void leader_watch_end(struct leader_watch *watch);
/* After leader_watch_end, and after the peers have ended. NULL is fine. */
void leader_watch_free(struct leader_watch *watch);

#endif
