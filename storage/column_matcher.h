/* The cell pipeline (design 5): what a reader or a compaction does with each cell of one family.
 *
 *     merge of memtables and SSTables of ONE family: all versions and markers, in cell order
 *                                |
 *     column_matcher_match:  read point -> expiry -> delete markers -> time range -> columns
 *                            -> versions -> filter -> store limit and offset
 *                                |
 *     a match_code: give the cell or not, and where to go next
 *
 * It is HBase's family of ScanQueryMatcher classes as one: pure logic over the cells it is fed, no
 * I/O, no clock. Four modes differ in a few stages only:
 *
 *   MATCH_READ        a get or scan: what is visible at the read point
 *
 *   MATCH_READ_RAW    a raw scan: markers and masked cells too, and markers are no versions; a
 *                     cell's own TTL counts, the family's does not
 *
 *   MATCH_MERGE       flush and merging compaction: drops what no reader can see any more; keeps
 *                     markers, for they may mask cells of files that take no part
 *
 *   MATCH_MAJOR       all files of the family: drops markers too, as KEEP_DELETED_CELLS allows
 *
 * Compactions never drop, nor let themselves be misled by, a cell with a sequence above
 * oldest_read_point.
 *
 * Use, for one family of one row after the other:
 *     column_matcher_init; for each row: column_matcher_row, then column_matcher_match per cell,
 * obeying the codes; column_matcher_deinit. The matcher copies what it remembers, so cells may die
 * after each call, and a scanner may keep it between calls: a row is resumed by feeding the cell
 * after the last one matched.
 *
 * One trap is handled here: family markers have the empty qualifier, so they may lie behind puts of
 * the empty qualifier with greater timestamps. The matcher never lets a caller skip over them:
 * there it answers MATCH_SKIP instead of MATCH_NEXT_COLUMN.
 *
 * Threads: one at a time. */
#ifndef STELE_STORAGE_COLUMN_MATCHER_H
#define STELE_STORAGE_COLUMN_MATCHER_H

#include "base/status.h"
#include "model/filter.h"
#include "model/read.h"
#include "model/schema.h"
#include "storage/delete_tracker.h"
#include "storage/version_history.h"

enum match_mode { MATCH_READ, MATCH_READ_RAW, MATCH_MERGE, MATCH_MAJOR };

enum match_code {
    MATCH_INCLUDE,             /* give the cell, go to the next cell */
    MATCH_INCLUDE_NEXT_COLUMN, /* give the cell, go to the next column */
    MATCH_INCLUDE_NEXT_ROW,    /* give the cell; the family is done in this row */
    MATCH_SKIP,                /* go to the next cell */
    MATCH_NEXT_COLUMN,         /* go to the next column that can matter */
    MATCH_NEXT_ROW,            /* the family is done in this row */
    MATCH_SEEK_HINT,           /* go to where the filter says: in this row or in another */
    MATCH_DONE,                /* the filter wants nothing more of the scan */
};

static inline bool match_is_include(enum match_code code)
{
    return code <= MATCH_INCLUDE_NEXT_ROW;
}

/* What to match. All borrowed for the life of the matcher. */
struct column_matcher_config {
    enum match_mode mode;
    const struct family_schema *family;
    enum row_order row_order;
    int64_t now_ms;
    /* reads */
    const struct read_request *request;
    const struct family_selection
        *selection;        /* this family's entry in the request; NULL = whole family */
    struct filter *filter; /* of the whole read, shared by its families; or NULL */
    bool is_reversed;
    uint64_t read_point; /* greatest sequence seen; UINT64_MAX = all */
    /* compactions */
    uint64_t oldest_read_point; /* of any reader, now or later */
    int64_t earliest_put_ms; /* MAJOR: least timestamp of a put in the files; INT64_MIN = unknown */
    int64_t purge_deletes_after_ms; /* MAJOR: hbase.hstore.time.to.purge.deletes; 0 = at once */
};

/* Fields are the matcher's own. */
struct column_matcher {
    struct column_matcher_config config;
    struct time_range time_range;
    int64_t oldest_unexpired_ms; /* family TTL: what is below has expired; INT64_MIN = nothing */
    uint32_t max_versions;       /* counted before the filter */
    uint32_t max_after_filter;
    uint32_t store_limit; /* 0 = none */
    uint32_t store_offset;
    const struct span *wanted; /* explicit columns, sorted; NULL = all */
    size_t wanted_count;
    bool is_history_on; /* NEW_VERSION_BEHAVIOR */
    /* this row */
    size_t wanted_index;
    uint64_t given; /* cells of this row that got past the filter */
    struct delete_tracker deletes;
    struct version_history history;
    /* this column */
    struct tracked_bytes qualifier;
    bool has_column;     /* `qualifier` holds one */
    bool is_column_done; /* nothing more of it is wanted */
    uint32_t versions;
    uint32_t versions_after_filter;
    bool has_last; /* last version that counted: duplicates of it are skipped */
    int64_t last_timestamp;
    uint8_t last_type;
    /* after MATCH_SEEK_HINT */
    struct cell hint;
    bool is_out_of_memory;
};

/* Never fails; the config is copied, what it points to is borrowed. */
void column_matcher_init(
    struct column_matcher *matcher, const struct column_matcher_config *config);
void column_matcher_deinit(struct column_matcher *matcher);

/* A new row starts. The filter's own reset is the caller's, once per row and not per family. */
void column_matcher_row(struct column_matcher *matcher);

/* Judges one cell; cells of a row come in order. When the code includes the cell, its value may
 * have been replaced by the filter's (KeyOnlyFilter): bytes that live until the next call on the
 * filter. STATUS_NO_MEMORY leaves the row unusable. */
enum status column_matcher_match(struct column_matcher *matcher, struct cell *cell,
    enum match_code *out_code, struct error *error);

/* Where to seek after MATCH_[INCLUDE_]NEXT_COLUMN, MATCH_[INCLUDE_]NEXT_ROW or MATCH_SEEK_HINT of
 * `cell`: a probe for the family's iterator, forward in the row. Stepping by `next` while the cells
 * are below the probe is as good, and cheaper when they are few. MATCH_NEXT_ROW: the last of the
 * row; a hint into another row (compare rows) is the caller's to follow in its direction. Spans
 * live as long as cell's, the matcher's config and, for hints, until the next call on the filter.
 */
struct cell column_matcher_probe(
    const struct column_matcher *matcher, enum match_code code, const struct cell *cell);

#endif
