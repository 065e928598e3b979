/* What to read: the part that Get and Scan share, and a scan's range (HBase Get, Scan; facts: hbase-semantics
 * 4, 6). Plain structs in the request's arena. */
#ifndef STELE_MODEL_READ_H
#define STELE_MODEL_READ_H

#include "model/cell.h"
#include "model/filter.h"
#include "model/schema.h"

/* [from, to) in milliseconds. */
struct time_range {
    int64_t from;
    int64_t to;
};

#define TIME_RANGE_ALL ((struct time_range){0, INT64_MAX})

struct family_selection {
    struct span family;
    struct span *qualifiers; /* sorted, unique; NULL = the whole family */
    size_t qualifier_count;
    bool has_time_range; /* overrides the request's for this family */
    struct time_range time_range;
    bool
        is_time_range_only; /* the family was named only by a cf_time_range: selects nothing itself */
};

struct read_request {
    struct family_selection *families; /* sorted by name; none selected = all families */
    size_t family_count;
    struct time_range time_range;
    uint32_t max_versions; /* at least 1 */
    uint32_t store_limit;  /* cells per row and family; 0 = no limit */
    uint32_t store_offset;
    const struct filter_node *filter; /* or NULL */
    bool is_raw;                      /* delete markers and masked cells too */
    bool is_uncommitted;              /* READ_UNCOMMITTED: an infinite read point */
    bool is_cache_fill;               /* blocks read go into the cache */
    bool is_existence_only;
    /* for a server, when written: beside those that is_raw and is_uncommitted stand for; what is read leaves them out */
    const struct attribute *attributes;
    size_t attribute_count;
    bool is_timeline; /* written only: a replica of the region may answer */
};

struct scan_request {
    struct read_request read;
    struct span start_row; /* empty = the end it starts from */
    struct span stop_row;  /* empty = the other end */
    bool is_start_inclusive;
    bool is_stop_inclusive;
    bool is_reversed; /* start_row is the high end */
    bool
        is_on_demand; /* families that the filter does not need may be read later: only refused, when reversed */
    uint32_t batch;      /* most cells of a result; 0 = whole rows */
    uint64_t read_point; /* 0 = now */
};

/* The defaults of HBase's Get and Scan: everything, one version, caching. */
void read_request_init(struct read_request *request);
void scan_request_init(struct scan_request *request);
/* A deep copy into `arena`, filter tree and all; STATUS_NO_MEMORY, also for a tree far deeper than
 * filter_new allows. */
enum status scan_request_copy(struct arena *arena, const struct scan_request *from,
    struct scan_request *out_request, struct error *error);

#endif
