/* Filters that judge cells by family, qualifier, timestamp, value or place in the row. */
#include "base/bytes.h"
#include "model/filter_state.h"

static void forget_row(struct filter *filter)
{
    filter->is_found = false;
    filter->count = 0;
}

/* ---- FamilyFilter, QualifierFilter, ValueFilter ---- */

static bool keeps(struct filter *filter, struct span bytes)
{
    return compiled_comparator_keeps(&filter->comparator, (enum compare_op)filter->node->op, bytes);
}

static enum filter_code family_cell(struct filter *filter, const struct cell *cell)
{
    return cell->family.size == 0 || keeps(filter, cell->family) ? FILTER_INCLUDE : FILTER_NEXT_ROW;
}

static enum filter_code qualifier_cell(struct filter *filter, const struct cell *cell)
{
    return keeps(filter, cell->qualifier) ? FILTER_INCLUDE : FILTER_SKIP_CELL;
}

static enum filter_code value_cell(struct filter *filter, const struct cell *cell)
{
    return keeps(filter, cell->value) ? FILTER_INCLUDE : FILTER_SKIP_CELL;
}

const struct filter_class filter_family_class = {.name = "FamilyFilter", .cell = family_cell};
const struct filter_class filter_qualifier_class = {
    .name = "QualifierFilter", .cell = qualifier_cell};
const struct filter_class filter_value_class = {.name = "ValueFilter", .cell = value_cell};

/* ---- ColumnPaginationFilter ---- */

static enum filter_code pagination_cell(struct filter *filter, const struct cell *cell)
{
    const struct filter_node *node = filter->node;
    if (node->has_bytes) {
        if (filter->count >= node->limit)
            return FILTER_NEXT_ROW;
        if (filter->count == 0 && span_compare(cell->qualifier, node->bytes) < 0)
            return FILTER_SEEK_HINT;
        filter->count++;
        return FILTER_INCLUDE_AND_NEXT_COLUMN;
    }
    if (filter->count >= node->offset + node->limit)
        return FILTER_NEXT_ROW;
    return filter->count++ < node->offset ? FILTER_NEXT_COLUMN : FILTER_INCLUDE_AND_NEXT_COLUMN;
}

static bool hint_bytes(struct filter *filter, const struct cell *cell, struct cell *out_probe)
{
    *out_probe = filter_first_on_column(cell, filter->node->bytes);
    return true;
}

const struct filter_class filter_column_pagination_class = {.name = "ColumnPaginationFilter",
    .cell = pagination_cell,
    .hint = hint_bytes,
    .reset = forget_row};

/* ---- ColumnCountGetFilter ---- */

static bool count_is_done(struct filter *filter)
{
    return filter->count > filter->node->limit;
}

static enum filter_code count_cell(struct filter *filter, const struct cell *cell)
{
    (void)cell;
    return ++filter->count > filter->node->limit ? FILTER_NEXT_COLUMN
                                                 : FILTER_INCLUDE_AND_NEXT_COLUMN;
}

const struct filter_class filter_column_count_get_class = {.name = "ColumnCountGetFilter",
    .is_done = count_is_done,
    .cell = count_cell,
    .reset = forget_row};

/* ---- ColumnPrefixFilter, MultipleColumnPrefixFilter ---- */

static enum filter_code prefix_cell(struct filter *filter, const struct cell *cell)
{
    struct span prefix = filter->node->bytes, qualifier = cell->qualifier;
    if (qualifier.size < prefix.size) {
        prefix.size = qualifier.size;
        return span_compare(qualifier, prefix) <= 0 ? FILTER_SEEK_HINT : FILTER_NEXT_ROW;
    }
    qualifier.size = prefix.size;
    int order = span_compare(qualifier, prefix);
    return order < 0 ? FILTER_SEEK_HINT : order > 0 ? FILTER_NEXT_ROW : FILTER_INCLUDE;
}

const struct filter_class filter_column_prefix_class = {
    .name = "ColumnPrefixFilter", .is_hinting = true, .cell = prefix_cell, .hint = hint_bytes};

static enum filter_code prefixes_cell(struct filter *filter, const struct cell *cell)
{
    const struct filter_node *node = filter->node;
    size_t above = 0; /* the first prefix greater than the qualifier */
    while (above < node->list_count && span_compare(node->list[above], cell->qualifier) <= 0)
        above++;
    if (above > 0 && span_starts_with(cell->qualifier, node->list[above - 1]))
        return FILTER_INCLUDE;
    filter->hint_index = above;
    return above < node->list_count ? FILTER_SEEK_HINT : FILTER_NEXT_ROW;
}

static bool prefixes_hint(struct filter *filter, const struct cell *cell, struct cell *out_probe)
{
    if (filter->hint_index >= filter->node->list_count)
        return false;
    *out_probe = filter_first_on_column(cell, filter->node->list[filter->hint_index]);
    return true;
}

const struct filter_class filter_multiple_column_prefix_class = {
    .name = "MultipleColumnPrefixFilter",
    .is_hinting = true,
    .cell = prefixes_cell,
    .hint = prefixes_hint};

/* ---- ColumnRangeFilter ---- */

static enum filter_code range_cell(struct filter *filter, const struct cell *cell)
{
    const struct filter_range *range = &filter->node->ranges[0];
    if (filter->node->range_count == 0)
        return FILTER_INCLUDE;
    if (range->from.data) {
        int order = span_compare(cell->qualifier, range->from);
        if (order < 0)
            return FILTER_SEEK_HINT;
        if (order == 0 && !range->is_from_inclusive)
            return FILTER_NEXT_COLUMN;
    }
    if (!range->to.data)
        return FILTER_INCLUDE;
    int order = span_compare(cell->qualifier, range->to);
    return order < 0 || (order == 0 && range->is_to_inclusive) ? FILTER_INCLUDE : FILTER_NEXT_ROW;
}

static bool range_hint(struct filter *filter, const struct cell *cell, struct cell *out_probe)
{
    *out_probe = filter_first_on_column(cell, filter->node->ranges[0].from);
    return true;
}

const struct filter_class filter_column_range_class = {
    .name = "ColumnRangeFilter", .is_hinting = true, .cell = range_cell, .hint = range_hint};

/* ---- FirstKeyOnlyFilter, FirstKeyValueMatchingQualifiersFilter ---- */

static enum filter_code first_cell(struct filter *filter, const struct cell *cell)
{
    (void)cell;
    if (filter->is_found)
        return FILTER_NEXT_ROW;
    filter->is_found = true;
    return FILTER_INCLUDE;
}

const struct filter_class filter_first_key_only_class = {
    .name = "FirstKeyOnlyFilter", .cell = first_cell, .reset = forget_row};

static enum filter_code until_match_cell(struct filter *filter, const struct cell *cell)
{
    if (filter->is_found)
        return FILTER_NEXT_ROW;
    for (size_t i = 0; i < filter->node->list_count && !filter->is_found; i++)
        filter->is_found = span_equal(filter->node->list[i], cell->qualifier);
    return FILTER_INCLUDE;
}

const struct filter_class filter_first_key_value_matching_qualifiers_class = {
    .name = "FirstKeyValueMatchingQualifiersFilter", .cell = until_match_cell, .reset = forget_row};

/* ---- KeyOnlyFilter ---- */

static void drop_value(struct filter *filter, struct cell *cell)
{
    if (filter->node->is_length_as_value) {
        store_be32(filter->length, (uint32_t)cell->value.size);
        cell->value = span_make(filter->length, sizeof(filter->length));
    } else {
        cell->value = SPAN_EMPTY;
    }
}

const struct filter_class filter_key_only_class = {
    .name = "KeyOnlyFilter", .transform = drop_value};

/* ---- TimestampsFilter ---- */

static enum filter_code timestamps_cell(struct filter *filter, const struct cell *cell)
{
    const struct filter_node *node = filter->node;
    size_t from = 0, to = node->timestamp_count;
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        if (node->timestamps[middle] < cell->timestamp)
            from = middle + 1;
        else
            to = middle;
    }
    if (from < node->timestamp_count && node->timestamps[from] == cell->timestamp)
        return FILTER_INCLUDE;
    /* versions come newest first: below the least nothing follows in this column */
    return from == 0 ? FILTER_NEXT_COLUMN : FILTER_SKIP_CELL;
}

const struct filter_class filter_timestamps_class = {
    .name = "TimestampsFilter", .cell = timestamps_cell};
