/* A table as the client knows it: its name, its map of regions, and who waits for a look-up. One
 * for each name and client, shared by all handles and kept until the client closes. All but the
 * name is the loop thread's. */
#ifndef STELE_CLIENT_TABLE_H
#define STELE_CLIENT_TABLE_H

#include "client/client.h"
#include "client/failure.h"
#include "client/region_map.h"

/* Embedded in what waits for the region of a row. */
struct locate_waiter {
    /* Without failure: look in the map again. */
    void (*ready)(struct locate_waiter *waiter, const struct failure *failure);
    struct locate_waiter *next;
    struct span row; /* good until ready */
    bool is_before;  /* the region of the rows just below `row` */
};

struct stele_table {
    struct stele_client *client;
    struct stele_table *next; /* of client->tables */
    struct region_map regions;
    struct locate_waiter *waiters; /* in order */
    bool is_locating;
    bool is_filled;  /* the map was once filled with the table's first regions */
    bool is_suspect; /* a region was not where it should be: look at the table's state too */
    struct loop_task locate_task;
    struct span name;
    char name_text[];
};

/* Finds or makes it; NULL on no memory. From any thread. */
struct stele_table *table_find(struct stele_client *client, struct span name);
void table_free(struct stele_table *table);

/* Looks the row's region up in hbase:meta (or, for hbase:meta itself, in the registry), then calls
 * the waiter: with a failure, or when the map may have what it needs. Not called from inside. */
void table_locate(struct stele_table *table, struct locate_waiter *waiter);
/* Takes a waiter back. */
void table_forget_waiter(struct stele_table *table, struct locate_waiter *waiter);
/* Ends the look-up under way: every waiter gets the failure. */
void table_fail_waiters(struct stele_table *table, const struct failure *failure);

#endif
