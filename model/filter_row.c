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

bool filter_bound_after_prefix(struct filter *filter, struct span prefix, struct span *out_bound)
{
    struct buffer *bound = &filter->bound;
    while (prefix.size > 0 && prefix.data[prefix.size - 1] == 0xFF)
        prefix.size--;
    buffer_reset(bound);
    buffer_put(bound, prefix);
    if (prefix.size == 0 || buffer_status(bound))
        return false;
    bound->data[bound->size - 1]++;
    *out_bound = buffer_span(bound);
    return true;
}

/* The least row above `row` alone, as a bound of a reversed scan that may still meet `row`. */
static bool bound_after_row(struct filter *filter, struct span row, struct span *out_bound)
{
    buffer_reset(&filter->bound);
    buffer_put(&filter->bound, row);
    buffer_put_u8(&filter->bound, 0);
    *out_bound = buffer_span(&filter->bound);
    return !buffer_status(&filter->bound);
}

/* ---- RowFilter ---- */

static bool row_skips_key(struct filter *filter, struct span row)
{
    if (!compiled_comparator_keeps(&filter->comparator, (enum compare_op)filter->node->op, row))
        filter->is_row_out = true;
    return filter->is_row_out;
}

/* Comparisons with bytes or a prefix of bytes say where rows begin (reversed: end) to pass. */
static bool row_bound(struct filter *filter, struct span row, struct span *out_bound)
{
    const struct comparator *comparator = filter->node->comparator;
    enum compare_op op = (enum compare_op)filter->node->op;
    bool is_prefix = comparator->kind == COMPARATOR_BINARY_PREFIX;
    (void)row;
    if (!is_prefix && comparator->kind != COMPARATOR_BINARY)
        return false;
    bool is_bound = op == COMPARE_EQUAL ||
                    (filter->is_reversed ? op == COMPARE_LESS || op == COMPARE_LESS_OR_EQUAL
                                         : op == COMPARE_GREATER || op == COMPARE_GREATER_OR_EQUAL);
    if (!is_bound)
        return false;
    *out_bound = comparator->value;
    if (!filter->is_reversed || op == COMPARE_LESS)
        return true;
    return is_prefix ? filter_bound_after_prefix(filter, comparator->value, out_bound)
                     : bound_after_row(filter, comparator->value, out_bound);
}

const struct filter_class filter_row_class = {.name = "RowFilter",
    .skips_row_key = row_skips_key,
    .row_bound = row_bound,
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

static bool prefix_bound(struct filter *filter, struct span row, struct span *out_bound)
{
    (void)row;
    if (filter->is_reversed)
        return filter_bound_after_prefix(filter, filter->node->bytes, out_bound);
    *out_bound = filter->node->bytes;
    return true;
}

const struct filter_class filter_prefix_class = {.name = "PrefixFilter",
    .is_done = is_over,
    .skips_row_key = prefix_skips_key,
    .row_bound = prefix_bound,
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

static bool fuzzy_is_fixed(const struct filter_range *pair, size_t i)
{
    struct span mask = pair->to;
    return i >= mask.size || mask.data[i] == (mask_is_internal(mask) ? 0xFF : 0);
}

/* The first byte that keeps the row from matching; SIZE_MAX: it matches, as far as row and key go. */
static size_t fuzzy_difference(const struct filter_range *pair, struct span row)
{
    struct span key = pair->from, mask = pair->to;
    uint8_t fixed = mask_is_internal(mask) ? 0xFF : 0;
    for (size_t i = 0; i < key.size && i < row.size; i++)
        if ((i >= mask.size || mask.data[i] == fixed) && key.data[i] != row.data[i])
            return i;
    return SIZE_MAX;
}

static bool fuzzy_skips_key(struct filter *filter, struct span row)
{
    filter->is_row_out = true;
    for (size_t i = 0; i < filter->node->range_count && filter->is_row_out; i++)
        filter->is_row_out = fuzzy_difference(&filter->node->ranges[i], row) != SIZE_MAX;
    return filter->is_row_out;
}

/* The least row above one that does not match, that does: as a piece of `row` and the byte that comes after it.
 * Rows shorter than the key match when they begin as it does, so nothing need follow. False: there is none. */
static bool fuzzy_next(
    const struct filter_range *pair, struct span row, size_t *out_kept, uint8_t *out_byte)
{
    size_t at = fuzzy_difference(pair, row);
    if (pair->from.data[at] > row.data[at]) {
        *out_kept = at;
        *out_byte = pair->from.data[at];
        return true;
    }
    while (at > 0) {
        at--;
        if (!fuzzy_is_fixed(pair, at) && row.data[at] < 0xFF) {
            *out_kept = at;
            *out_byte = (uint8_t)(row.data[at] + 1);
            return true;
        }
    }
    return false;
}

/* What a reversed scan need not go above to find the next match: what has the key's byte where the row has a
 * greater one; else the piece of the row before the difference, which matches alone. */
static void fuzzy_previous(
    const struct filter_range *pair, struct span row, size_t *out_kept, uint8_t *out_byte)
{
    size_t at = fuzzy_difference(pair, row);
    uint8_t wanted = pair->from.data[at];
    *out_kept = at;
    *out_byte = wanted < row.data[at] ? (uint8_t)(wanted + 1) : 0;
}

/* The bound nearest to the row that any of the patterns has. */
static bool fuzzy_bound(struct filter *filter, struct span row, struct span *out_bound)
{
    size_t kept = 0;
    uint8_t byte = 0;
    bool has_any = false;
    for (size_t i = 0; i < filter->node->range_count; i++) {
        const struct filter_range *pair = &filter->node->ranges[i];
        size_t one_kept;
        uint8_t one_byte;
        if (filter->is_reversed)
            fuzzy_previous(pair, row, &one_kept, &one_byte);
        else if (!fuzzy_next(pair, row, &one_kept, &one_byte))
            continue;
        /* All share what they keep of the row: more of it is nearer, then the byte decides. */
        bool is_nearer = one_kept != kept
                             ? one_kept > kept
                             : (filter->is_reversed ? one_byte > byte : one_byte < byte);
        if (has_any && !is_nearer)
            continue;
        has_any = true;
        kept = one_kept;
        byte = one_byte;
    }
    filter->is_over = !has_any;
    buffer_reset(&filter->bound);
    buffer_put(&filter->bound, span_slice(row, 0, kept));
    buffer_put_u8(&filter->bound, byte);
    *out_bound = buffer_span(&filter->bound);
    return has_any && !buffer_status(&filter->bound);
}

const struct filter_class filter_fuzzy_row_class = {.name = "FuzzyRowFilter",
    .is_done = is_over,
    .skips_row_key = fuzzy_skips_key,
    .row_bound = fuzzy_bound,
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

/* Where the nearest range begins; reversed, where the nearest one ends. */
static bool ranges_bound(struct filter *filter, struct span row, struct span *out_bound)
{
    const struct filter_range *nearest = NULL;
    for (size_t i = 0; i < filter->node->range_count; i++) {
        const struct filter_range *range = &filter->node->ranges[i];
        if (filter->is_reversed ? !is_after(range, row) : !is_before(range, row))
            continue;
        if (!nearest || (filter->is_reversed ? span_compare(range->to, nearest->to) > 0
                                             : span_compare(range->from, nearest->from) < 0))
            nearest = range;
    }
    if (!nearest)
        return false;
    *out_bound = filter->is_reversed ? nearest->to : nearest->from;
    return !filter->is_reversed || bound_after_row(filter, nearest->to, out_bound);
}

const struct filter_class filter_multi_row_range_class = {.name = "MultiRowRangeFilter",
    .is_done = is_over,
    .skips_row_key = ranges_skip_key,
    .row_bound = ranges_bound,
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
