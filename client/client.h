/* The client: what its calls share. Except for opening tables, everything here belongs to the
 * loop's thread. */
#ifndef STELE_CLIENT_CLIENT_H
#define STELE_CLIENT_CLIENT_H

#include "base/arena.h"
#include "base/bytes.h"
#include "client/block.h"
#include "client/connection.h"
#include "client/loop.h"
#include "client/region_map.h"
#include "client/registry.h"
#include "client/timer.h"

struct call;
struct table_handle;

struct stele_client {
    struct loop loop;
    struct block_pool blocks;
    struct connection_context connections;
    struct stele_options options; /* texts are the client's */
    char *user;
    struct registry registry;
    struct timers timers;
    struct server *servers;     /* every one ever met */
    struct server *master;      /* NULL: not known */
    struct mutex mutex;         /* STELE_RUN_THREAD: guards tables and the free calls */
    struct stele_table *tables; /* guarded by mutex: kept until the client closes */
    struct stele_table *meta;
    struct call *free_calls; /* guarded by mutex */
    size_t free_call_count;  /* the same */
    atomic_size_t in_flight; /* operations */
    uint64_t nonce_group;
    atomic_uint_fast64_t nonce;
    struct arena scratch; /* what one completion decodes; emptied after it */
    char *cluster_id;     /* once asked for */
    bool is_closing;
};

/* Opens a client over this transport, which it takes, also on failure; NULL is no memory. Options
 * as stele_client_open's, checked. */
enum stele_status client_open_on(const struct stele_options *options, struct transport *transport,
    struct stele_client **out_client, struct stele_error *error);

/* The mutex only where there are threads. */
void client_lock(struct stele_client *client);
void client_unlock(struct stele_client *client);

uint64_t client_next_nonce(struct stele_client *client);

/* Forgets what a failure of a call to that server says is wrong: the place of the region, of all
 * the server's regions, or of the master. region and table may be NULL. */
void client_note_failure(struct stele_client *client, struct stele_table *table,
    struct region *region, struct server *server, const struct failure *failure);

#endif
