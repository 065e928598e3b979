/* Filters: the tree that a client sends (immutable, plain structs in an arena), and its evaluation
 * (facts: hbase-semantics 7, 8; HBase package org.apache.hadoop.hbase.filter).
 *
 * A `filter_node` tree comes from the wire (proto/), or from the filter language (filter_parse). A `filter`
 * is one evaluation of a tree by one scanner; it is called per row in this order:
 *   filter_is_done -> filter_skips_row_key -> per cell filter_cell (then filter_transform when included)
 *   -> filter_row_cells -> filter_skips_row -> filter_reset
 * Every call gives the same answers as HBase 2.6's class of that name. */
#ifndef STELE_MODEL_FILTER_H
#define STELE_MODEL_FILTER_H

#include "base/arena.h"
#include "base/status.h"
#include "model/cell.h"
#include "model/charset.h"

/* Names are the wire's (CompareType). */
enum compare_op {
    COMPARE_LESS = 0,
    COMPARE_LESS_OR_EQUAL = 1,
    COMPARE_EQUAL = 2,
    COMPARE_NOT_EQUAL = 3,
    COMPARE_GREATER_OR_EQUAL = 4,
    COMPARE_GREATER = 5,
    COMPARE_NO_OP = 6,
};

enum comparator_kind {
    COMPARATOR_BINARY,
    COMPARATOR_BINARY_PREFIX,
    COMPARATOR_BINARY_COMPONENT,
    COMPARATOR_LONG,
    COMPARATOR_BIG_DECIMAL,
    COMPARATOR_BIT,
    COMPARATOR_NULL,
    COMPARATOR_REGEX,
    COMPARATOR_SUBSTRING,
};

enum bit_op { BIT_AND = 1, BIT_OR = 2, BIT_XOR = 3 };

struct comparator {
    enum comparator_kind kind;
    struct span value;  /* bytes, regex pattern or substring */
    uint32_t offset;    /* BINARY_COMPONENT */
    enum bit_op bit_op; /* BIT */
    /* Java's Pattern flags: 2 case-insensitive, 8 multiline, 16 literal, 32 dotall ... */
    int32_t regex_flags;
    enum charset charset; /* REGEX: of the bytes that it is compared with; the pattern is UTF-8 */
    int64_t long_value;   /* LONG */
};

enum filter_kind {
    FILTER_ROW,
    FILTER_FAMILY,
    FILTER_QUALIFIER,
    FILTER_VALUE,
    FILTER_SINGLE_COLUMN_VALUE,
    FILTER_SINGLE_COLUMN_VALUE_EXCLUDE,
    FILTER_COLUMN_VALUE,
    FILTER_PREFIX,
    FILTER_INCLUSIVE_STOP,
    FILTER_PAGE,
    FILTER_COLUMN_PAGINATION,
    FILTER_COLUMN_COUNT_GET,
    FILTER_COLUMN_PREFIX,
    FILTER_MULTIPLE_COLUMN_PREFIX,
    FILTER_COLUMN_RANGE,
    FILTER_FIRST_KEY_ONLY,
    FILTER_FIRST_KEY_VALUE_MATCHING_QUALIFIERS,
    FILTER_KEY_ONLY,
    FILTER_TIMESTAMPS,
    FILTER_DEPENDENT_COLUMN,
    FILTER_FUZZY_ROW,
    FILTER_MULTI_ROW_RANGE,
    FILTER_RANDOM_ROW,
    FILTER_SKIP,
    FILTER_WHILE_MATCH,
    FILTER_ALL,
    FILTER_LIST,
    FILTER_WRAPPER,
};

struct filter_range { /* MULTI_ROW_RANGE; FUZZY_ROW uses from = key, to = mask */
    struct span from;
    struct span to;
    bool is_from_inclusive;
    bool is_to_inclusive;
};

struct filter_node {
    enum filter_kind kind;
    int op; /* enum compare_op of comparing filters; LIST: 1 all, 2 one (as the wire) */
    const struct comparator *comparator;
    struct span family; /* column of SINGLE_COLUMN_VALUE, COLUMN_VALUE, DEPENDENT_COLUMN */
    struct span qualifier;
    struct span bytes; /* prefix, stop row, column offset */
    bool has_bytes;    /* COLUMN_PAGINATION: paged by column offset */
    struct span *list; /* prefixes, qualifiers: sorted */
    size_t list_count;
    int64_t *timestamps; /* sorted */
    size_t timestamp_count;
    struct filter_range *ranges; /* COLUMN_RANGE uses ranges[0], an open bound has data NULL */
    size_t range_count;
    const struct filter_node **children; /* LIST; SKIP, WHILE_MATCH, WRAPPER have one */
    size_t child_count;
    int64_t limit; /* page size, column limit */
    int64_t offset;
    float chance;
    bool is_filter_if_missing;
    bool is_latest_version_only;
    bool is_dependent_dropped;
    bool is_length_as_value; /* KEY_ONLY */
};

enum filter_code {
    FILTER_INCLUDE,
    FILTER_INCLUDE_AND_NEXT_COLUMN,
    FILTER_INCLUDE_AND_NEXT_ROW,
    FILTER_SKIP_CELL,
    FILTER_NEXT_COLUMN,
    FILTER_NEXT_ROW /* the rest of this family's row */,
    FILTER_SEEK_HINT,
};

struct filter;

/* Checks depth, node count, patterns; STATUS_INVALID, STATUS_LIMIT, or STATUS_UNSUPPORTED naming HBase's
 * class. The tree must outlive the filter. random_seed serves RandomRowFilter. */
enum status filter_new(const struct filter_node *tree, bool is_reversed, uint64_t random_seed,
    struct filter **out_filter, struct error *error);
void filter_free(struct filter *filter);

bool filter_is_done(struct filter *filter);                        /* filterAllRemaining */
bool filter_skips_row_key(struct filter *filter, struct span row); /* filterRowKey */
/* After filter_skips_row_key has refused `row`, before filter_reset: true when every row between it and
 * *out_bound is refused too, so that a scan may go to the bound at once. Forward the bound itself may pass;
 * reversed it may not, only what lies before it. The filter need not see the rows between. The bytes are the
 * filter's until its next call. */
bool filter_row_bound(struct filter *filter, struct span row, struct span *out_bound);
enum filter_code filter_cell(struct filter *filter, const struct cell *cell); /* filterCell */
/* After FILTER_SEEK_HINT: a probe cell to seek to, spans owned by the filter until its next call;
 * false = no hint. */
bool filter_hint(struct filter *filter, const struct cell *cell, struct cell *out_probe);
/* transformCell of an included cell: may change value (owned by filter or static). */
void filter_transform(struct filter *filter, struct cell *cell);
/* filterRowCells: removes cells in place, returns the new count. Call only when filter_has_row. */
size_t filter_row_cells(struct filter *filter, struct cell *cells, size_t count);
bool filter_skips_row(struct filter *filter);     /* filterRow */
bool filter_has_row(const struct filter *filter); /* hasFilterRow */
void filter_reset(struct filter *filter);         /* between rows */
bool filter_is_family_essential(const struct filter *filter, struct span family);

/* compareTo of a comparator against bytes: <0, 0, >0 with Java's operand order. Regexes are compiled inside
 * filter_new; this form is for conditions and compiles each time. */
enum status comparator_compare(
    const struct comparator *comparator, struct span bytes, int *out_order, struct error *error);

/* The filter language (HBase ParseFilter). STATUS_INVALID with its sentences. */
enum status filter_parse(struct span text, struct arena *arena, const struct filter_node **out_tree,
    struct error *error);
/* HBase's class name of a kind, without package. */
const char *filter_kind_name(enum filter_kind kind);

#endif
