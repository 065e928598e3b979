/* What hbase:meta says of a table: read through a client, and held against what must be true of it. */
#ifndef STELE_TESTS_SIM_META_CHECK_H
#define STELE_TESTS_SIM_META_CHECK_H

#include "client/client.h"
#include "proto/region.h"

struct meta_check;

struct seen_region {
    struct span name; /* the row of hbase:meta */
    struct region_info info;
    struct span server, state;
    uint64_t start_code;
    bool is_over; /* split, and only waiting to be forgotten */
};

/* Begins to read; on the client's executor. */
struct meta_check *meta_check_start(struct stele_client *client, const char *table);
bool meta_check_is_done(const struct meta_check *check);
/* What was read, good until the end. */
const struct seen_region *meta_check_regions(const struct meta_check *check, size_t *out_count);
/* True when the ranges of the table's live regions lie end to end from the first row to the last, each with a server
 * and the state OPEN. Appends all regions, one a line, and what is wrong with them. Frees the check. */
bool meta_check_end(struct meta_check *check, struct buffer *out_report);

#endif
