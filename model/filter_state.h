/* Inside a filter: the calls of each kind, and its state. Private to model/filter*.c. */
#ifndef STELE_MODEL_FILTER_STATE_H
#define STELE_MODEL_FILTER_STATE_H

#include "model/compiled_comparator.h"
#include "model/filter.h"

/* One kind of filter. A call left NULL is FilterBase's: nothing is done, skipped or changed, every cell included,
 * and the row key is skipped when the filter is done. */
struct filter_class {
    const char *name; /* HBase's class without package */
    bool has_row;     /* hasFilterRow */
    bool
        is_hinting; /* its seek hints count even after another filter of a list has refused the cell */
    bool (*is_done)(struct filter *filter);
    bool (*skips_row_key)(struct filter *filter, struct span row);
    bool (*row_bound)(struct filter *filter, struct span row, struct span *out_bound);
    enum filter_code (*cell)(struct filter *filter, const struct cell *cell);
    bool (*hint)(struct filter *filter, const struct cell *cell, struct cell *out_probe);
    void (*transform)(struct filter *filter, struct cell *cell);
    size_t (*row_cells)(struct filter *filter, struct cell *cells, size_t count);
    bool (*skips_row)(struct filter *filter);
    void (*reset)(struct filter *filter);
    bool (*is_family_essential)(const struct filter *filter, struct span family);
};

/* What a list remembers of a member within a row; all but the first for lists of ONE. */
struct filter_memory {
    bool is_row_refused; /* by its key */
    bool is_set;
    enum filter_code code; /* its last answer, for this column: */
    struct buffer family;
    struct buffer qualifier;
    bool is_included; /* it included the current cell */
};

struct filter {
    const struct filter_class *class;
    const struct filter_node *node; /* borrowed */
    bool is_reversed;
    struct compiled_comparator comparator;
    struct filter **children;       /* LIST; SKIP, WHILE_MATCH and WRAPPER have one */
    struct filter_memory *memories; /* LIST of ONE: beside children */
    size_t child_count;
    /* state, by kind */
    bool is_row_out; /* the row key or the row was refused */
    bool is_over;    /* nothing more will pass */
    bool is_found;   /* the column was met, or the first cell */
    bool is_matched; /* and its value passes */
    int64_t count;   /* rows or columns so far */
    uint64_t random;
    int64_t *timestamps; /* DEPENDENT_COLUMN: of the column in this row, owned */
    size_t timestamp_count;
    size_t timestamp_room;
    size_t hint_index;   /* MULTIPLE_COLUMN_PREFIX: the prefix to seek to */
    uint8_t length[4];   /* KEY_ONLY: the value's length */
    struct buffer bound; /* of rows, where none of the node's own bytes will do */
};

extern const struct filter_class filter_row_class, filter_prefix_class, filter_inclusive_stop_class,
    filter_fuzzy_row_class, filter_multi_row_range_class, filter_random_row_class,
    filter_page_class, filter_all_class;
extern const struct filter_class filter_family_class, filter_qualifier_class, filter_value_class,
    filter_column_pagination_class, filter_column_count_get_class, filter_column_prefix_class,
    filter_multiple_column_prefix_class, filter_column_range_class, filter_first_key_only_class,
    filter_first_key_value_matching_qualifiers_class, filter_key_only_class,
    filter_timestamps_class;
extern const struct filter_class filter_single_column_value_class,
    filter_single_column_value_exclude_class, filter_column_value_class,
    filter_dependent_column_class;
extern const struct filter_class filter_list_class, filter_skip_class, filter_while_match_class,
    filter_wrapper_class;

/* Sets filter->bound to the least row above all that begin with `prefix`; false: there is none. */
bool filter_bound_after_prefix(struct filter *filter, struct span prefix, struct span *out_bound);

/* The probe that sorts before every cell of a column in the cell's row and family. */
static inline struct cell filter_first_on_column(const struct cell *cell, struct span qualifier)
{
    return (struct cell){.row = cell->row,
        .family = cell->family,
        .qualifier = qualifier,
        .timestamp = TIMESTAMP_LATEST,
        .type = CELL_MAXIMUM};
}

#endif
