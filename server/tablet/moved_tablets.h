/* Where tablets went that this server has closed, so that late requests can be sent after them
 * (RegionMovedException).
 *
 * A memory of fixed size: a place for each hash of a tablet's id, where a later one displaces an earlier. What is
 * forgotten costs a client one look into hbase:meta. It is kept for a short while only, for it is said when the tablet
 * is closed, and the destination may fail to open it: HBase's clients believe a place until they are told of a younger
 * one, and of two servers that have both closed a tablet each would send them to the other.
 *
 * Threads: any; one mutex (LOCK_RANK_SERVICE). */
#ifndef STELE_SERVER_TABLET_MOVED_TABLETS_H
#define STELE_SERVER_TABLET_MOVED_TABLETS_H

#include "base/mutex.h"
#include "proto/server_name.h"
#include "storage/storage.h"

#define MOVED_TABLETS      1024
#define MOVED_HOST_SIZE    256
#define MOVED_KEPT_SECONDS 10

struct moved_tablet {
    char id[TABLET_ID_SIZE]; /* empty: nothing here */
    char host[MOVED_HOST_SIZE];
    uint32_t port;
    uint64_t start_code;
    uint64_t sequence; /* above that of its last open here: clients then prefer the new place */
    uint64_t moved_ns;
};

struct moved_tablets {
    struct mutex mutex;
    struct moved_tablet places[MOVED_TABLETS]; /* guarded by mutex */
};

void moved_tablets_init(struct moved_tablets *moved);
void moved_tablets_deinit(struct moved_tablets *moved);

/* A name of MOVED_HOST_SIZE or more is not remembered. */
void moved_tablets_put(struct moved_tablets *moved, const char *tablet_id,
    const struct server_name *destination, uint64_t sequence, uint64_t now_ns);
/* It is here again. */
void moved_tablets_forget(struct moved_tablets *moved, const char *tablet_id);
/* False when it is not known, or too long ago. */
bool moved_tablets_find(struct moved_tablets *moved, struct span tablet_id, uint64_t now_ns,
    struct moved_tablet *out_moved);

#endif
