/* Where to open tablets that are nowhere: of a new table, of a dead server, of a cluster that starts.
 *
 * Each goes, heaviest first, to the live server where it raises the potential least (balance.h): loads even out,
 * the tablets of one table spread, and a plan made right after moves nothing for count or spread. With many servers
 * only some are tried for each: the least loaded, and a sample. Pure; any thread. */
#ifndef STELE_SERVER_MASTER_PLACEMENT_H
#define STELE_SERVER_MASTER_PLACEMENT_H

#include "base/arena.h"
#include "model/cluster_view.h"

/* Chooses a server for each of `count` tablets of the view (indexes; their .server is not looked at: they count
 * nowhere until they are placed). Their load is what they last had, all zero for new ones. Draining,
 * silent and dead servers get nothing; when nobody else lives, draining ones do, and then silent ones, rather than leave rows unserved. STATUS_NOT_FOUND: no server
 * can take any. out_servers: one for each of `tablets`, in its order. Scratch memory is of the arena. */
enum status placement_choose(const struct cluster_view *view, const uint32_t *tablets, size_t count,
    uint64_t seed, struct arena *arena, uint32_t *out_servers);

#endif
