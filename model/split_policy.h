/* Whether to split a tablet: by its size, as HBase does, or by its load.
 *
 * By size: HBase's SteppingSplitPolicy. A table's only tablet on a server is split at twice the flush size
 * (MEMSTORE_FLUSHSIZE, 128 MiB), so that a young table spreads; any other at MAX_FILESIZE (10 GiB). SPLIT_POLICY
 * may name ConstantSizeRegionSplitPolicy (only MAX_FILESIZE), IncreasingToUpperBoundRegionSplitPolicy (2 * flush size
 * * R^3 for R tablets of the table here) or DisabledRegionSplitPolicy. The engine says at which row
 * (tablet_split_row); store files shared with others wait for a compaction to part them.
 *
 * By load: when requests, bytes or CPU were above a threshold in the mean of the last window, at a key that halves
 * the load, not the size. Keys are sampled by cost (server/tablet/tablet_load.h): the older half of the samples are
 * candidates, the younger half say what lies left of each, right of it, and across it (scans). So a row order in
 * which all new keys lie beyond the old ones finds no key: the split would be useless by the time that it is done.
 * The best candidate must have at most half of the cost across it, and the two sides must differ by at most a quarter
 * of it.
 *
 * What is measured exactly (server/heat) is taken before what is sampled: the load of each stretch of the tablet's keys
 * says how much lies left and right of a candidate, and samples only how the stretch that it cuts divides, and what lies
 * across; the stretches' own bounds are candidates too. A row cannot be cut: what the hottest row takes by itself, its
 * error left off, is not counted against the thresholds. So a single hot row is no reason to split, and `obstacle`
 * says that it was not.
 *
 * The thresholds are those of CockroachDB (2,500 requests a second, 10 s) and TiKV (30 MiB/s, a quarter of the CPU). A
 * table may set the first itself: CONFIGURATION => {'stele.split.requests_per_s' => '250'}.
 * Pure; any thread. */
#ifndef STELE_MODEL_SPLIT_POLICY_H
#define STELE_MODEL_SPLIT_POLICY_H

#include "base/bytes.h"
#include "model/cluster_view.h"
#include "model/schema.h"

enum split_reason { SPLIT_NONE, SPLIT_BY_SIZE, SPLIT_BY_LOAD };

struct split_settings {
    bool by_size, by_load;
    double requests_per_s, bytes_per_s, cpu; /* thresholds of load; cpu in cores */
    uint32_t sample_count_least;             /* of candidates, and of judges: fewer say nothing */
    uint64_t flush_bytes;                    /* where the table does not say */
    uint64_t file_bytes_most;
};

/* Both on; 2,500 /s, 30 MiB/s, 0.25 cores, 16 samples; 128 MiB, 10 GiB. */
struct split_settings split_settings_default(void);

/* A sampled access; all stand for the same cost. Rows may be cut to a prefix. */
struct split_sample {
    struct span first_row,
        last_row;  /* equal for a single row; what a scan read, not what it asked for */
    uint64_t at_s; /* when, in any unit that grows */
};

/* A stretch of the tablet's keys, up to the next one's start, and what it was asked for lately. */
struct split_stretch {
    struct span start_row; /* maybe cut to a prefix; the first may be empty */
    double load;           /* in any unit, the same for all */
};

struct split_candidate {
    struct span start_row, end_row; /* of the tablet */
    uint64_t size_bytes;            /* the largest family's SSTables */
    bool is_shared;             /* its files are shared with others (tablet_info.has_references) */
    bool is_meta;               /* never split */
    uint32_t tablets_here;      /* of its table on its server, itself among them */
    float load[VIEW_RESOURCES]; /* mean of the last window; 0 while the tablet is younger than it */
    const struct split_sample *samples;
    size_t sample_count;
    const struct split_stretch *stretches; /* rising; fewer than two: nothing is measured */
    size_t stretch_count;
    struct span hot_row; /* the row that takes most, maybe cut to a prefix; empty: none known */
    double hot_share;    /* of all requests, at least */
};

/* Why a tablet whose load is above a threshold is not split. */
enum split_obstacle {
    SPLIT_NO_OBSTACLE,
    SPLIT_ONE_ROW, /* without its hottest row it would not be above it, or no key parts the rest from it */
    SPLIT_FEW_SAMPLES, /* too little is known yet */
    SPLIT_NO_KEY,      /* no key halves it: scans over everything, or keys that only grow */
};

/* "one row takes most of it" ...; "" for none. */
const char *split_obstacle_text(enum split_obstacle obstacle);

struct split_decision {
    enum split_reason reason;
    enum split_obstacle obstacle; /* only with SPLIT_NONE */
    enum view_resource resource;  /* by load: which one */
    struct span row; /* by load: where, borrowed from the samples; by size empty: ask the engine */
    float left, right, across; /* by load: shares of the cost */
};

/* Whether a threshold of load is passed, and the resource that is furthest above its own. */
bool split_policy_is_loaded(const float load[VIEW_RESOURCES], const struct table_schema *schema,
    const struct split_settings *settings, enum view_resource *out_resource);

/* Whether, why and where. `schema` may be NULL: as if it said nothing. */
struct split_decision split_policy_decide(const struct split_candidate *candidate,
    const struct table_schema *schema, const struct split_settings *settings);

/* Whether a split by load that a tablet's server asks for is worth it to the cluster: there is another server to take
 * a half, and the tablet carries at least SPLIT_SHARE_LEAST of what a server carries on average, in requests, bytes or
 * CPU; smaller ones are spread well enough as they are. `total` is of all tablets on the `live_servers`. */
#define SPLIT_SHARE_LEAST 0.25
bool split_policy_pays(
    const float load[VIEW_RESOURCES], const double total[VIEW_RESOURCES], size_t live_servers);

/* The threshold of requests a second: the table's own, or the settings'. */
#define SPLIT_REQUESTS_WORD "stele.split.requests_per_s"
double split_policy_requests(
    const struct table_schema *schema, const struct split_settings *settings);

/* The size above which a tablet is split; UINT64_MAX = never. */
uint64_t split_policy_size_limit(const struct split_candidate *candidate,
    const struct table_schema *schema, const struct split_settings *settings);

/* KeyPrefixRegionSplitPolicy and DelimitedKeyPrefixRegionSplitPolicy keep rows of one prefix together: the row, cut to
 * the prefix that the table's policy names. Every split at a row that no user gave goes through it. */
struct span split_policy_cut_row(const struct table_schema *schema, struct span row);

#endif
