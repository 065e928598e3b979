/* Filters that judge by the value of one named column. */
#include <stdlib.h>

#include "base/memory.h"
#include "model/filter_state.h"

static bool is_column(const struct filter *filter, const struct cell *cell)
{
    return span_equal(cell->family, filter->node->family) &&
           span_equal(cell->qualifier, filter->node->qualifier);
}

static bool value_passes(const struct filter *filter, const struct cell *cell)
{
    return compiled_comparator_keeps(
        &filter->comparator, (enum compare_op)filter->node->op, cell->value);
}

static void forget_row(struct filter *filter)
{
    filter->is_found = filter->is_matched = false;
    filter->timestamp_count = 0;
}

/* ---- SingleColumnValueFilter, SingleColumnValueExcludeFilter ---- */

static bool never(struct filter *filter, struct span row)
{
    (void)filter;
    (void)row;
    return false;
}

static enum filter_code single_cell(struct filter *filter, const struct cell *cell)
{
    bool is_latest_only = filter->node->is_latest_version_only;
    if (filter->is_matched)
        return FILTER_INCLUDE;
    if (is_latest_only && filter->is_found)
        return FILTER_NEXT_ROW; /* its newest version did not pass */
    if (!is_column(filter, cell))
        return FILTER_INCLUDE;
    filter->is_found = true;
    if (!value_passes(filter, cell))
        return is_latest_only ? FILTER_NEXT_ROW : FILTER_INCLUDE;
    filter->is_matched = true;
    return FILTER_INCLUDE;
}

static bool single_skips_row(struct filter *filter)
{
    return filter->is_found ? !filter->is_matched : filter->node->is_filter_if_missing;
}

static bool single_is_essential(const struct filter *filter, struct span family)
{
    return !filter->node->is_filter_if_missing || span_equal(family, filter->node->family);
}

const struct filter_class filter_single_column_value_class = {.name = "SingleColumnValueFilter",
    .has_row = true,
    .skips_row_key = never,
    .cell = single_cell,
    .skips_row = single_skips_row,
    .reset = forget_row,
    .is_family_essential = single_is_essential};

static size_t exclude_column(struct filter *filter, struct cell *cells, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (!is_column(filter, &cells[i]))
            cells[kept++] = cells[i];
    return kept;
}

const struct filter_class filter_single_column_value_exclude_class = {
    .name = "SingleColumnValueExcludeFilter",
    .has_row = true,
    .skips_row_key = never,
    .cell = single_cell,
    .row_cells = exclude_column,
    .skips_row = single_skips_row,
    .reset = forget_row,
    .is_family_essential = single_is_essential};

/* ---- ColumnValueFilter ---- */

static enum filter_code column_value_cell(struct filter *filter, const struct cell *cell)
{
    if (!is_column(filter, cell))
        return filter->is_found ? FILTER_NEXT_ROW : FILTER_NEXT_COLUMN;
    filter->is_found = true;
    return value_passes(filter, cell) ? FILTER_INCLUDE : FILTER_SKIP_CELL;
}

static bool column_value_is_essential(const struct filter *filter, struct span family)
{
    return span_equal(family, filter->node->family);
}

const struct filter_class filter_column_value_class = {.name = "ColumnValueFilter",
    .skips_row_key = never,
    .cell = column_value_cell,
    .reset = forget_row,
    .is_family_essential = column_value_is_essential};

/* ---- DependentColumnFilter ---- */

static void note_timestamp(struct filter *filter, int64_t timestamp)
{
    if (filter->timestamp_count == filter->timestamp_room) {
        size_t room = filter->timestamp_room ? filter->timestamp_room * 2 : 8;
        int64_t *grown = memory_reallocate(filter->timestamps, room * sizeof(*grown));
        if (!grown)
            return; /* fewer cells pass; the next allocation of the read fails it */
        filter->timestamps = grown;
        filter->timestamp_room = room;
    }
    filter->timestamps[filter->timestamp_count++] = timestamp;
}

static enum filter_code dependent_cell(struct filter *filter, const struct cell *cell)
{
    if (!is_column(filter, cell))
        return FILTER_INCLUDE; /* filter_row_cells decides, once the row is known */
    if (filter->comparator.source && !value_passes(filter, cell))
        return FILTER_SKIP_CELL;
    note_timestamp(filter, cell->timestamp);
    return filter->node->is_dependent_dropped ? FILTER_SKIP_CELL : FILTER_INCLUDE;
}

static int timestamp_order(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;
    return left < right ? -1 : left > right;
}

static size_t keep_dependent(struct filter *filter, struct cell *cells, size_t count)
{
    size_t kept = 0;
    if (filter->timestamp_count == 0)
        return 0;
    qsort(filter->timestamps, filter->timestamp_count, sizeof(int64_t), timestamp_order);
    for (size_t i = 0; i < count; i++) {
        if (bsearch(&cells[i].timestamp, filter->timestamps, filter->timestamp_count,
                sizeof(int64_t), timestamp_order))
            cells[kept++] = cells[i];
    }
    return kept;
}

const struct filter_class filter_dependent_column_class = {.name = "DependentColumnFilter",
    .has_row = true,
    .skips_row_key = never,
    .cell = dependent_cell,
    .row_cells = keep_dependent,
    .reset = forget_row};
