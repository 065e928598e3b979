/* Filters that judge rows: by key, by number, by chance. */
#include "model/filter_state.h"

static bool row_is_out(struct filter *filter)
{
    return filter->is_row_out;
}

static bool is_over(struct filter *filter)
{
    return filter->is_over;
}

static void let_row_in(struct filter *filter)
{
    filter->is_row_out = false;
}

/* A refused row is refused cell by cell too: lists of ONE show cells whatever the row key's answer was. */
static enum filter_code next_row_when_out(struct filter *filter, const struct cell *cell)
{
    (void)cell;
    return filter->is_row_out ? FILTER_NEXT_ROW : FILTER_INCLUDE;
}

static enum filter_code next_row_when_over(struct filter *filter, const struct cell *cell)
{
    (void)cell;
    return filter->is_over ? FILTER_NEXT_ROW : FILTER_INCLUDE;
}

/* ---- RowFilter ---- */

static bool row_skips_key(struct filter *filter, struct span row)
{
    if (!compiled_comparator_keeps(&filter->comparator, (enum compare_op)filter->node->op, row))
        filter->is_row_out = true;
    return filter->is_row_out;
}

const struct filter_class filter_row_class = {.name = "RowFilter",
    .skips_row_key = row_skips_key,
    .cell = next_row_when_out,
    .skips_row = row_is_out,
    .reset = let_row_in};

/* ---- PrefixFilter ---- */

static bool prefix_skips_key(struct filter *filter, struct span row)
{
    struct span prefix = filter->node->bytes;
    if (filter->is_over || row.size < prefix.size)
        return true;
    int order = span_compare(span_slice(row, 0, prefix.size), prefix);
    if (filter->is_reversed ? order < 0 : order > 0)
        filter->is_over = true;
    filter->is_row_out = order != 0;
    return filter->is_row_out;
}

static void prefix_reset(struct filter *filter)
{
    filter->is_row_out = true;
}

const struct filter_class filter_prefix_class = {.name = "PrefixFilter",
    .is_done = is_over,
    .skips_row_key = prefix_skips_key,
    .cell = next_row_when_out,
    .skips_row = row_is_out,
    .reset = prefix_reset};

/* ---- InclusiveStopFilter ---- */

static bool stop_skips_key(struct filter *filter, struct span row)
{
    if (filter->is_over)
        return true;
    int order = span_compare(row, filter->node->bytes);
    filter->is_over = filter->is_reversed ? order < 0 : order > 0;
    return filter->is_over;
}

const struct filter_class filter_inclusive_stop_class = {.name = "InclusiveStopFilter",
    .is_done = is_over,
    .skips_row_key = stop_skips_key,
    .cell = next_row_when_over};

/* ---- FuzzyRowFilter ---- */

/* Users write 0 for "must match" and 1 for "any"; HBase's own client may send what it makes of that: 0xFF for
 * "must match", 0 or 2 for "any". */
static bool mask_is_internal(struct span mask)
{
    for (size_t i = 0; i < mask.size; i++)
        if (mask.data[i] == 0xFF || mask.data[i] == 2)
            return true;
    return false;
}

static bool fuzzy_matches(const struct filter_range *pair, struct span row)
{
    struct span key = pair->from, mask = pair->to;
    uint8_t fixed = mask_is_internal(mask) ? 0xFF : 0;
    for (size_t i = 0; i < key.size && i < row.size; i++)
        if ((i >= mask.size || mask.data[i] == fixed) && key.data[i] != row.data[i])
            return false;
    return true;
}

static bool fuzzy_skips_key(struct filter *filter, struct span row)
{
    filter->is_row_out = true;
    for (size_t i = 0; i < filter->node->range_count && filter->is_row_out; i++)
        filter->is_row_out = !fuzzy_matches(&filter->node->ranges[i], row);
    return filter->is_row_out;
}

const struct filter_class filter_fuzzy_row_class = {.name = "FuzzyRowFilter",
    .skips_row_key = fuzzy_skips_key,
    .cell = next_row_when_out,
    .skips_row = row_is_out,
    .reset = let_row_in};

/* ---- MultiRowRangeFilter ---- */

static bool is_before(const struct filter_range *range, struct span row)
{
    int order = span_compare(row, range->from);
    return order < 0 || (order == 0 && !range->is_from_inclusive && range->from.size);
}

static bool is_after(const struct filter_range *range, struct span row)
{
    if (range->to.size == 0)
        return false;
    int order = span_compare(row, range->to);
    return order > 0 || (order == 0 && !range->is_to_inclusive);
}

static bool ranges_skip_key(struct filter *filter, struct span row)
{
    bool is_past_all = true;
    filter->is_row_out = true;
    for (size_t i = 0; i < filter->node->range_count; i++) {
        const struct filter_range *range = &filter->node->ranges[i];
        bool before = is_before(range, row), after = is_after(range, row);
        if (!before && !after)
            filter->is_row_out = false;
        if (filter->is_reversed ? !before : !after)
            is_past_all = false;
    }
    filter->is_over = is_past_all;
    return filter->is_row_out;
}

const struct filter_class filter_multi_row_range_class = {.name = "MultiRowRangeFilter",
    .is_done = is_over,
    .skips_row_key = ranges_skip_key,
    .cell = next_row_when_out,
    .skips_row = row_is_out,
    .reset = let_row_in};

/* ---- RandomRowFilter ---- */

static double draw(struct filter *filter)
{
    uint64_t x = filter->random;
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    filter->random = x;
    return (double)(x >> 11) / 9007199254740992.0;
}

static bool random_skips_key(struct filter *filter, struct span row)
{
    double chance = (double)filter->node->chance;
    (void)row;
    filter->is_row_out = chance < 0 || (chance <= 1 && draw(filter) >= chance);
    return filter->is_row_out;
}

const struct filter_class filter_random_row_class = {.name = "RandomRowFilter",
    .has_row = true,
    .skips_row_key = random_skips_key,
    .cell = next_row_when_out,
    .skips_row = row_is_out,
    .reset = let_row_in};

/* ---- PageFilter ---- */

static bool page_is_done(struct filter *filter)
{
    return filter->count >= filter->node->limit;
}

static bool page_skips_row(struct filter *filter)
{
    return ++filter->count > filter->node->limit;
}

const struct filter_class filter_page_class = {
    .name = "PageFilter", .has_row = true, .is_done = page_is_done, .skips_row = page_skips_row};

/* ---- FilterAllFilter ---- */

static bool yes(struct filter *filter)
{
    (void)filter;
    return true;
}

static bool yes_to_key(struct filter *filter, struct span row)
{
    (void)filter;
    (void)row;
    return true;
}

static enum filter_code skip_cell(struct filter *filter, const struct cell *cell)
{
    (void)filter;
    (void)cell;
    return FILTER_SKIP_CELL;
}

const struct filter_class filter_all_class = {.name = "FilterAllFilter",
    .has_row = true,
    .is_done = yes,
    .skips_row_key = yes_to_key,
    .cell = skip_cell,
    .skips_row = yes};
