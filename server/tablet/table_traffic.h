/* What each table's tablets have done at this server since it started, for counters that never fall (metrics).
 *
 * A tablet's own totals (tablet_load.h) go with it when it moves away; here they are added to its table's first. A tablet
 * is a member from when it is made to when its last reference goes, so calls that end late count too. Counting itself
 * costs nothing more: sums are made when they are asked for.
 *
 * Threads: any; the mutex is held for the sums. */
#ifndef STELE_SERVER_TABLET_TABLE_TRAFFIC_H
#define STELE_SERVER_TABLET_TABLE_TRAFFIC_H

#include "server/tablet/tablet_load.h"

#define TABLE_TRAFFIC_TABLES                                                                       \
    4096 /* kept; past it tables without tablets here go first, then new ones are not told apart */

struct table_traffic;
struct traffic_table;

/* In the tablet. */
struct traffic_member {
    struct traffic_table *table; /* NULL: no member */
    const struct tablet_load *load;
    struct traffic_member *next, *previous;
};

/* NULL on no memory. One reference. */
struct table_traffic *table_traffic_new(void);
void table_traffic_unref(struct table_traffic *traffic); /* NULL is fine */

/* The load lives until leave. Without memory it is no member. */
void table_traffic_join(struct table_traffic *traffic, struct span table_name,
    const struct tablet_load *load, struct traffic_member *member);
/* Its totals stay. Fine for one that never joined. */
void table_traffic_leave(struct traffic_member *member);

/* Calls each() for every table, under the mutex. */
void table_traffic_each(struct table_traffic *traffic,
    void (*each)(void *context, struct span table_name, const struct load_totals *totals),
    void *context);

#endif
