/* Filters of filters: lists (HBase FilterListWithAND, FilterListWithOR), SkipFilter, WhileMatchFilter.
 *
 * A list's answer for a cell is merged from its members'. Every answer is either an inclusion or a refusal, and
 * a step: this cell, this column, or the rest of the row. ALL includes when all do, and takes the widest step;
 * ONE includes when any does, and takes the narrowest. */
#include <string.h>

#include "model/filter_state.h"

#define LIST_ALL 1 /* FilterList.Operator on the wire */

enum step { STEP_CELL, STEP_COLUMN, STEP_ROW };

static bool is_inclusion(enum filter_code code)
{
    return code == FILTER_INCLUDE || code == FILTER_INCLUDE_AND_NEXT_COLUMN ||
           code == FILTER_INCLUDE_AND_NEXT_ROW;
}

static enum step step_of(enum filter_code code)
{
    switch (code) {
    case FILTER_INCLUDE_AND_NEXT_COLUMN:
    case FILTER_NEXT_COLUMN:
        return STEP_COLUMN;
    case FILTER_INCLUDE_AND_NEXT_ROW:
    case FILTER_NEXT_ROW:
        return STEP_ROW;
    default:
        return STEP_CELL;
    }
}

static enum filter_code code_of(bool is_included, enum step step)
{
    static const enum filter_code inclusions[] = {
        FILTER_INCLUDE, FILTER_INCLUDE_AND_NEXT_COLUMN, FILTER_INCLUDE_AND_NEXT_ROW};
    static const enum filter_code refusals[] = {
        FILTER_SKIP_CELL, FILTER_NEXT_COLUMN, FILTER_NEXT_ROW};
    return is_included ? inclusions[step] : refusals[step];
}

static bool is_all(const struct filter *list)
{
    return list->node->op == LIST_ALL;
}

/* ---- Rows ---- */

static bool list_is_done(struct filter *list)
{
    bool is_one = !is_all(list);
    for (size_t i = 0; i < list->child_count; i++)
        if (filter_is_done(list->children[i]) != is_one)
            return !is_one;
    return is_one && list->child_count > 0;
}

/* Every member is asked: some learn of the new row only here. */
static bool list_skips_key(struct filter *list, struct span row)
{
    size_t skipping = 0;
    for (size_t i = 0; i < list->child_count; i++) {
        struct filter *child = list->children[i];
        list->memories[i].is_row_refused = filter_is_done(child) ||
                                           filter_skips_row_key(child, row);
        skipping += list->memories[i].is_row_refused;
    }
    return is_all(list) ? skipping > 0 : skipping > 0 && skipping == list->child_count;
}

/* ALL: the furthest bound of those that refused the row. ONE: the nearest, when all that are not done have one. */
static bool list_row_bound(struct filter *list, struct span row, struct span *out_bound)
{
    bool is_found = false, wants_greater = is_all(list) != list->is_reversed;
    for (size_t i = 0; i < list->child_count; i++) {
        struct span bound;
        if (!is_all(list) && filter_is_done(list->children[i]))
            continue;
        bool has_bound = list->memories[i].is_row_refused &&
                         filter_row_bound(list->children[i], row, &bound);
        if (!has_bound && !is_all(list))
            return false;
        if (!has_bound)
            continue;
        int order = is_found ? span_compare(bound, *out_bound) : 0;
        if (!is_found || (wants_greater ? order > 0 : order < 0))
            *out_bound = bound;
        is_found = true;
    }
    return is_found;
}

static bool list_skips_row(struct filter *list)
{
    bool is_one = !is_all(list);
    for (size_t i = 0; i < list->child_count; i++)
        if (filter_skips_row(list->children[i]) != is_one)
            return !is_one;
    return is_one && list->child_count > 0;
}

static size_t list_row_cells(struct filter *list, struct cell *cells, size_t count)
{
    for (size_t i = 0; i < list->child_count; i++)
        count = filter_row_cells(list->children[i], cells, count);
    return count;
}

static void list_reset(struct filter *list)
{
    for (size_t i = 0; i < list->child_count; i++) {
        filter_reset(list->children[i]);
        list->memories[i].is_set = false;
    }
}

static bool list_is_essential(const struct filter *list, struct span family)
{
    for (size_t i = 0; i < list->child_count; i++)
        if (filter_is_family_essential(list->children[i], family))
            return true;
    return list->child_count == 0;
}

/* ---- Cells, ALL ---- */

/* After a refusal only hinting members are still asked, so that the furthest hint is known; the state of the
 * others does not move. */
static enum filter_code all_cell(struct filter *list, const struct cell *cell)
{
    bool is_included = true, is_hinted = false;
    enum step step = STEP_CELL;
    for (size_t i = 0; i < list->child_count; i++) {
        struct filter *child = list->children[i];
        list->memories[i].is_set = false;
        if (filter_is_done(child))
            return FILTER_NEXT_ROW;
        if (!is_included && !child->class->is_hinting)
            continue;
        enum filter_code code = filter_cell(child, cell);
        if (code == FILTER_SEEK_HINT) {
            list->memories[i].is_set = is_hinted = true;
            is_included = false;
            continue;
        }
        if (!is_inclusion(code))
            is_included = false;
        if (step_of(code) > step)
            step = step_of(code);
    }
    return is_hinted ? FILTER_SEEK_HINT : code_of(is_included, step);
}

/* ---- Cells, ONE ---- */

/* False when the member's earlier answer in this row already refuses the cell. */
static bool must_ask(
    struct filter *list, size_t index, const struct cell *cell, enum step *out_refused_step)
{
    struct filter_memory *memory = &list->memories[index];
    struct cell probe;
    *out_refused_step = STEP_CELL;
    if (!memory->is_set)
        return true;
    bool is_same_family = span_equal(buffer_span(&memory->family), cell->family);
    bool is_same_column = is_same_family &&
                          span_equal(buffer_span(&memory->qualifier), cell->qualifier);
    if (memory->code == FILTER_SEEK_HINT) {
        struct cell earlier = {.row = cell->row,
            .family = buffer_span(&memory->family),
            .qualifier = buffer_span(&memory->qualifier)};
        if (!filter_hint(list->children[index], &earlier, &probe))
            return true;
        int order = cell_compare(ROW_ORDER_BYTES, cell, &probe);
        return list->is_reversed ? order <= 0 : order >= 0;
    }
    *out_refused_step = step_of(memory->code);
    if (*out_refused_step == STEP_COLUMN)
        return !is_same_column;
    if (*out_refused_step == STEP_ROW)
        return !is_same_family;
    return true;
}

static void remember(struct filter_memory *memory, const struct cell *cell, enum filter_code code)
{
    buffer_reset(&memory->family);
    buffer_reset(&memory->qualifier);
    buffer_put(&memory->family, cell->family);
    buffer_put(&memory->qualifier, cell->qualifier);
    memory->code = code;
    memory->is_set = !buffer_status(&memory->family) && !buffer_status(&memory->qualifier);
}

static enum filter_code one_cell(struct filter *list, const struct cell *cell)
{
    bool is_included = false, is_all_hinted = true, is_asked = false;
    enum step step = STEP_ROW;
    for (size_t i = 0; i < list->child_count; i++) {
        enum step child_step;
        struct filter_memory *memory = &list->memories[i];
        memory->is_included = false;
        if (filter_is_done(list->children[i]))
            continue;
        is_asked = true;
        if (must_ask(list, i, cell, &child_step)) {
            enum filter_code code = filter_cell(list->children[i], cell);
            remember(memory, cell, code);
            is_all_hinted = is_all_hinted && code == FILTER_SEEK_HINT;
            memory->is_included = is_inclusion(code);
            is_included = is_included || memory->is_included;
            child_step = step_of(code);
        } else {
            is_all_hinted = is_all_hinted && memory->code == FILTER_SEEK_HINT;
        }
        if (child_step < step)
            step = child_step;
    }
    if (!is_asked)
        return list->child_count ? FILTER_NEXT_ROW : FILTER_INCLUDE;
    return is_all_hinted ? FILTER_SEEK_HINT : code_of(is_included, step);
}

static enum filter_code list_cell(struct filter *list, const struct cell *cell)
{
    return is_all(list) ? all_cell(list, cell) : one_cell(list, cell);
}

/* The furthest hint of those that hinted, for ALL; the nearest for ONE. */
static bool list_hint(struct filter *list, const struct cell *cell, struct cell *out_probe)
{
    bool is_found = false, wants_greater = is_all(list) != list->is_reversed;
    for (size_t i = 0; i < list->child_count; i++) {
        struct cell probe;
        if (!list->memories[i].is_set || (!is_all(list) && filter_is_done(list->children[i])))
            continue;
        if (!filter_hint(list->children[i], cell, &probe)) {
            if (!is_all(list))
                return false;
            continue;
        }
        int order = is_found ? cell_compare(ROW_ORDER_BYTES, &probe, out_probe) : 0;
        if (!is_found || (wants_greater ? order > 0 : order < 0))
            *out_probe = probe;
        is_found = true;
    }
    return is_found;
}

static void list_transform(struct filter *list, struct cell *cell)
{
    for (size_t i = 0; i < list->child_count; i++)
        if (is_all(list) || list->memories[i].is_included)
            filter_transform(list->children[i], cell);
}

const struct filter_class filter_list_class = {.name = "FilterList",
    .is_done = list_is_done,
    .skips_row_key = list_skips_key,
    .row_bound = list_row_bound,
    .cell = list_cell,
    .hint = list_hint,
    .transform = list_transform,
    .row_cells = list_row_cells,
    .skips_row = list_skips_row,
    .reset = list_reset,
    .is_family_essential = list_is_essential};

/* ---- SkipFilter: the whole row goes when one cell does ---- */

static enum filter_code skip_cell(struct filter *filter, const struct cell *cell)
{
    enum filter_code code = filter_cell(filter->children[0], cell);
    if (code != FILTER_INCLUDE)
        filter->is_row_out = true;
    return code;
}

static bool wrapped_hint(struct filter *filter, const struct cell *cell, struct cell *out_probe)
{
    return filter_hint(filter->children[0], cell, out_probe);
}

static void wrapped_transform(struct filter *filter, struct cell *cell)
{
    filter_transform(filter->children[0], cell);
}

static bool wrapped_is_essential(const struct filter *filter, struct span family)
{
    return filter_is_family_essential(filter->children[0], family);
}

static bool skip_skips_row(struct filter *filter)
{
    return filter->is_row_out;
}

static void skip_reset(struct filter *filter)
{
    filter->is_row_out = false;
    filter_reset(filter->children[0]);
}

const struct filter_class filter_skip_class = {.name = "SkipFilter",
    .has_row = true,
    .cell = skip_cell,
    .hint = wrapped_hint,
    .transform = wrapped_transform,
    .skips_row = skip_skips_row,
    .reset = skip_reset,
    .is_family_essential = wrapped_is_essential};

/* ---- WhileMatchFilter: the first refusal ends the scan ---- */

static bool while_is_done(struct filter *filter)
{
    return filter->is_over || filter_is_done(filter->children[0]);
}

static bool while_skips_key(struct filter *filter, struct span row)
{
    bool skips = filter_skips_row_key(filter->children[0], row);
    filter->is_over = filter->is_over || skips;
    return skips;
}

static enum filter_code while_cell(struct filter *filter, const struct cell *cell)
{
    enum filter_code code = filter_cell(filter->children[0], cell);
    filter->is_over = filter->is_over || code != FILTER_INCLUDE;
    return code;
}

static bool while_skips_row(struct filter *filter)
{
    bool skips = filter_skips_row(filter->children[0]);
    filter->is_over = filter->is_over || skips;
    return skips;
}

static void wrapped_reset(struct filter *filter)
{
    filter_reset(filter->children[0]);
}

const struct filter_class filter_while_match_class = {.name = "WhileMatchFilter",
    .has_row = true,
    .is_done = while_is_done,
    .skips_row_key = while_skips_key,
    .cell = while_cell,
    .hint = wrapped_hint,
    .transform = wrapped_transform,
    .skips_row = while_skips_row,
    .reset = wrapped_reset,
    .is_family_essential = wrapped_is_essential};

/* ---- FilterWrapper: transparent ---- */

static bool wrapped_is_done(struct filter *filter)
{
    return filter_is_done(filter->children[0]);
}

static bool wrapped_skips_key(struct filter *filter, struct span row)
{
    return filter_skips_row_key(filter->children[0], row);
}

static bool wrapped_row_bound(struct filter *filter, struct span row, struct span *out_bound)
{
    return filter_row_bound(filter->children[0], row, out_bound);
}

static enum filter_code wrapped_cell(struct filter *filter, const struct cell *cell)
{
    return filter_cell(filter->children[0], cell);
}

static size_t wrapped_row_cells(struct filter *filter, struct cell *cells, size_t count)
{
    return filter_row_cells(filter->children[0], cells, count);
}

static bool wrapped_skips_row(struct filter *filter)
{
    return filter_skips_row(filter->children[0]);
}

const struct filter_class filter_wrapper_class = {.name = "FilterWrapper",
    .is_done = wrapped_is_done,
    .skips_row_key = wrapped_skips_key,
    .row_bound = wrapped_row_bound,
    .cell = wrapped_cell,
    .hint = wrapped_hint,
    .transform = wrapped_transform,
    .row_cells = wrapped_row_cells,
    .skips_row = wrapped_skips_row,
    .reset = wrapped_reset,
    .is_family_essential = wrapped_is_essential};
