/* A table on a fake cluster whose regions split, merge and move between the calls of the client
 * under test, by dice: what a client must not notice.
 *
 * Rows r000 to r299 are there from the start, one cell each; gets, puts and batches reach the same
 * rows. hbase:meta answers what it is asked, in its order, with parents of splits for a while, and
 * ends its answers where it likes. A call to a region that is not there is refused as HBase refuses
 * it. */
#ifndef STELE_TESTS_MOVING_TABLE_H
#define STELE_TESTS_MOVING_TABLE_H

#include "base/dice.h"
#include "tests/unit/client/fake_cluster.h"

enum { MOVING_ROWS = 300, MOVING_REGIONS = 64, MOVING_SCANNERS = 256 };

struct moving_region {
    uint64_t id;
    char start_key[8], end_key[8]; /* empty: no bound */
    unsigned server;
    unsigned moved_from; /* FAKE_SERVERS: not moved */
    bool is_parent;      /* split: only in hbase:meta still */
};

struct moving_scanner {
    uint64_t region; /* its id; 0: closed */
    unsigned server;
    int next, last; /* rows left, in the direction of the scan; none when they have crossed */
    int step;
    unsigned most;
    uint64_t sequence;
};

struct moving_table {
    struct fake_cluster cluster;
    struct dice dice;
    struct moving_region regions[MOVING_REGIONS]; /* in hbase:meta's order */
    size_t count;
    uint64_t last_id;
    struct moving_scanner scanners[MOVING_SCANNERS];
    size_t scanner_count;
    unsigned puts[MOVING_ROWS]; /* how often each row was put */
    unsigned splits, merges, moves, refusals, other_failures;
};

void moving_table_init(struct moving_table *table, struct event_base *loop, uint64_t seed);
void moving_table_deinit(struct moving_table *table);

#endif
