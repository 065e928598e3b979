/* Whose way to the directory stalls: when a server is given up, and when a leading master gives way. Pure; all times are
 * told.
 *
 * Such a server answers nothing, for its log and its looks (design 7) do not return, and yet looks alive: its session in
 * ZooKeeper goes on. It says so itself in its reports, which do not touch the directory, and the leading master decides:
 *
 *     stalled for the limit (--stall-timeout)  and  the master's own directory seen to work for as long
 *                                           and  another server that is well      -> given up, as if its session were over
 *
 * The second keeps a file server that was away for all, and comes back for one after the other (the mounts of an NFS
 * client try again ever more seldom), from costing whoever is last; the third, from giving up everybody. Neither is
 * needed for safety, which is the seal's.
 *
 * The master's own directory is seen to work by probes (store_probe: durable writes, not just a look), one after the other
 * while some server stalls. One that fails, or is slow, and all begins anew. */
#ifndef STELE_SERVER_MASTER_STALL_POLICY_H
#define STELE_SERVER_MASTER_STALL_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STALL_SHOWN_MS  5000 /* a stall that is worth a word; less is a slow disk */
#define STALL_SILENT_MS 3000 /* reports come each second: an older one says nothing of now */

/* The master's probes. Zeroed memory: none was made. Who stood still for as long as one may take has seen nothing
 * meanwhile: all begins anew. */
struct stall_proof {
    uint64_t since_ns; /* all that began from here on ended well, and in time; 0 = none */
    uint64_t begun_ns; /* the one under way; 0 = none is */
    uint64_t ended_ns; /* the last one; 0 = none has */
};

void stall_proof_begin(struct stall_proof *proof, uint64_t now_ns);
void stall_proof_end(struct stall_proof *proof, uint64_t now_ns, bool is_well);
/* For how long the directory has been seen to work without a break, up to now. */
uint64_t stall_proven_ms(const struct stall_proof *proof, uint64_t now_ns);

/* A server, as of now. */
struct stall_facts {
    uint64_t stalled_ms; /* as it said last, and what has passed since; 0 = it is not */
    uint64_t silent_ms;  /* since it said anything */
};

/* The directory answers it. */
bool stall_is_well(const struct stall_facts *facts);
/* It says that the directory does not answer it: it is shown, gets nothing new, and the master probes. */
bool stall_is_shown(const struct stall_facts *facts);
/* It is given up. others_well: the servers that are well. limit_ms: how long is too long. */
bool stall_gives_up(
    const struct stall_facts *facts, uint64_t proven_ms, size_t others_well, uint64_t limit_ms);

/* ---- A leading master whose own directory does not answer (leader_watch.h) ----
 *
 *     its look has lasted for the limit  and  a master that waits was seen to have a directory that works for as long
 *                                        -> its process ends, and the other leads
 *
 * The second is the same proof, of looks and durable writes that the other makes when asked: so masters do not end one
 * after the other when the file server is away for all, or comes back to one host after the other; and the only one, or
 * one that waits for nobody who could do better, goes on. A directory that is slow and answers ends no look late enough. */

struct stall_leader {
    bool is_leading;    /* as is seen now, not as it was known last */
    uint64_t own_ms;    /* its look has been under way for so long; 0 = none is */
    bool has_successor; /* the master that answered waits still */
    uint64_t proven_ms; /* for so long it was seen to have a directory that works */
};

/* It is worth a word, and those that wait are asked. */
bool stall_is_leader_shown(const struct stall_leader *leader);
bool stall_gives_way(const struct stall_leader *leader, uint64_t limit_ms);

#endif
