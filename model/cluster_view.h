/* What the policies of the master look at: servers, and tablets with their measured load, as plain arrays.
 *
 *   master's assignments + loads reported by servers --> cluster_view --> placement: where to open
 *                                                                         balance:   what to move
 *
 * The view is made by the master for one decision and is not kept. Policies are pure: the same view gives the
 * same answer, on every machine. They name servers and tablets by their index in the view.
 *
 * Loads are averages over a time (10 s by default: server/tablet/tablet_load.h), not totals. */
#ifndef STELE_MODEL_CLUSTER_VIEW_H
#define STELE_MODEL_CLUSTER_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VIEW_NO_SERVER UINT32_MAX

/* What a tablet costs its server. Each tablet also counts as one, whatever it does. */
enum view_resource {
    VIEW_REQUESTS, /* rows read and mutations, a second */
    VIEW_BYTES,    /* read and written over the wire, a second */
    VIEW_CPU,      /* seconds of CPU a second: 1 = one core */
    VIEW_MEMORY,   /* bytes in memtables */
    VIEW_RESOURCES /* how many; not a resource */
};

enum view_server_state {
    VIEW_ALIVE,
    VIEW_DRAINING, /* serves, gets nothing new, and is to be emptied */
    VIEW_SILENT, /* looks alive, but was not heard of for a while: keeps what it has, gets nothing new */
    VIEW_DEAD, /* recovery has its tablets; neither source nor target of a move */
};

struct view_server {
    enum view_server_state state;
};

struct view_tablet {
    uint32_t table;  /* tables are numbered densely from 0 */
    uint32_t server; /* where it is or is being opened; VIEW_NO_SERVER: nowhere */
    float load[VIEW_RESOURCES];
    uint32_t settled_s; /* since it was last moved for balance; UINT32_MAX = long ago, or never */
    bool is_new;        /* open for so short that its load is not known yet: it stays where it is */
    bool is_moving; /* a procedure has it, or its move waits for one: it counts where it is going */
    bool is_pinned; /* moves only when its server drains (hbase:meta) */
};

struct cluster_view {
    const struct view_server *servers;
    size_t server_count;
    const struct view_tablet *tablets;
    size_t tablet_count;
    size_t table_count;
};

/* "requests", "bytes", "CPU", "memory". */
const char *view_resource_name(enum view_resource resource);

#endif
