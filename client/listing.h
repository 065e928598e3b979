/* A listing: regions as hbase:meta has them now, page after page; the map that gets and scans use is
 * neither asked nor changed. Loop thread. */
#ifndef STELE_CLIENT_LISTING_H
#define STELE_CLIENT_LISTING_H

#include "base/arena.h"
#include "client/client.h"
#include "client/failure.h"
#include "client/meta.h"

enum listing_of {
    LISTING_OF_TABLE,  /* every region of the table `subject` */
    LISTING_OF_ROW,    /* the region of `row` in the table `subject` */
    LISTING_OF_REGION, /* the region named `subject`, in full or encoded */
    LISTING_OF_TARGET, /* a region when `subject` names one, else a table */
};

struct listing;
typedef void listing_function(struct listing *listing, const struct stele_error *error);

/* Embedded in what needs it; zeroed, it holds nothing. */
struct listing {
    struct stele_client *client;
    struct arena *arena; /* the owner's: where the regions' texts go */
    struct buffer subject, row;
    listing_function *done;
    struct stele_region *regions; /* heap: listing_deinit */
    size_t count;
    bool is_region; /* LISTING_OF_TARGET: it named a region */

    size_t capacity;
    enum meta_scan scan;
    struct buffer from;       /* the last row read */
    struct span table;        /* only its regions; empty: all */
    struct span encoded_name; /* only this one; empty: all */
    char encoded_storage[40];
    bool has_table;  /* the table's state row was there */
    bool is_failed;  /* no memory */
    bool falls_back; /* LISTING_OF_TARGET: an encoded name may be a table's */
};

/* Reads. `done` is called once, perhaps from inside when there is no memory: with an error (STELE_NOT_FOUND when there is no
 * such table, or region; STELE_INVALID when `subject` is empty), or with error->status STELE_OK and the regions in order.
 * subject and row are copied. */
void listing_start(struct listing *listing, struct stele_client *client, struct arena *arena,
    enum listing_of of, struct span subject, struct span row, listing_function *done);
void listing_deinit(struct listing *listing);

#endif
