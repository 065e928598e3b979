/* The balancer and its likes: looks now and then at where tablets are and what they do, and has them moved, split or
 * merged. What to do is decided by pure functions (balance.h, normalizer.h); here they are fed and obeyed. */
#ifndef STELE_SERVER_MASTER_BALANCER_H
#define STELE_SERVER_MASTER_BALANCER_H

#include "model/balance.h"
#include "server/master/master_internal.h"

/* A cluster_view and whom its indexes mean. */
struct master_view {
    struct cluster_view view;
    struct assigned_server **servers;
    struct assigned_tablet **tablets;
};

/* All servers and tablets as they are now, in the arena; each tablet and server carries its index. False on no
 * memory. */
bool master_view_make(struct master *master, struct arena *arena, struct master_view *out_view);

/* Plans and, unless it is a dry run, begins the moves. False on no memory. */
bool master_balance(
    struct master *master, bool is_dry_run, size_t *out_calculated, size_t *out_begun);
/* For each table `wants` says yes to (NULL: all). Returns how many splits and merges began. */
size_t master_normalize(
    struct master *master, bool (*wants)(void *context, struct span table_name), void *context);
/* Retired tablets whose rows nobody needs any more leave hbase:meta; returns how many. */
size_t master_run_janitor(struct master *master);

#endif
