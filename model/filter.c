/* Filters: making and freeing a tree's evaluation, and the calls that every kind answers. */
#include "model/filter.h"

#include "base/limits.h"
#include "base/memory.h"
#include "model/filter_state.h"

static const struct filter_class *const classes[] = {
    [FILTER_ROW] = &filter_row_class,
    [FILTER_FAMILY] = &filter_family_class,
    [FILTER_QUALIFIER] = &filter_qualifier_class,
    [FILTER_VALUE] = &filter_value_class,
    [FILTER_SINGLE_COLUMN_VALUE] = &filter_single_column_value_class,
    [FILTER_SINGLE_COLUMN_VALUE_EXCLUDE] = &filter_single_column_value_exclude_class,
    [FILTER_COLUMN_VALUE] = &filter_column_value_class,
    [FILTER_PREFIX] = &filter_prefix_class,
    [FILTER_INCLUSIVE_STOP] = &filter_inclusive_stop_class,
    [FILTER_PAGE] = &filter_page_class,
    [FILTER_COLUMN_PAGINATION] = &filter_column_pagination_class,
    [FILTER_COLUMN_COUNT_GET] = &filter_column_count_get_class,
    [FILTER_COLUMN_PREFIX] = &filter_column_prefix_class,
    [FILTER_MULTIPLE_COLUMN_PREFIX] = &filter_multiple_column_prefix_class,
    [FILTER_COLUMN_RANGE] = &filter_column_range_class,
    [FILTER_FIRST_KEY_ONLY] = &filter_first_key_only_class,
    [FILTER_FIRST_KEY_VALUE_MATCHING_QUALIFIERS] =
        &filter_first_key_value_matching_qualifiers_class,
    [FILTER_KEY_ONLY] = &filter_key_only_class,
    [FILTER_TIMESTAMPS] = &filter_timestamps_class,
    [FILTER_DEPENDENT_COLUMN] = &filter_dependent_column_class,
    [FILTER_FUZZY_ROW] = &filter_fuzzy_row_class,
    [FILTER_MULTI_ROW_RANGE] = &filter_multi_row_range_class,
    [FILTER_RANDOM_ROW] = &filter_random_row_class,
    [FILTER_SKIP] = &filter_skip_class,
    [FILTER_WHILE_MATCH] = &filter_while_match_class,
    [FILTER_ALL] = &filter_all_class,
    [FILTER_LIST] = &filter_list_class,
    [FILTER_WRAPPER] = &filter_wrapper_class,
};

#define CLASS_COUNT (sizeof(classes) / sizeof(classes[0]))

const char *filter_kind_name(enum filter_kind kind)
{
    return (size_t)kind < CLASS_COUNT ? classes[kind]->name : "?";
}

/* One making of a tree. */
struct maker {
    bool is_reversed;
    uint64_t random_seed;
    size_t nodes;
    struct error *error;
};

static enum status make(struct maker *maker, const struct filter_node *node, unsigned depth,
    struct filter **out_filter);

static enum status check_node(struct maker *maker, const struct filter_node *node, unsigned depth)
{
    if (depth > LIMIT_FILTER_DEPTH)
        return error_set(
            maker->error, STATUS_LIMIT, "filter is nested deeper than %d", LIMIT_FILTER_DEPTH);
    if (++maker->nodes > LIMIT_FILTER_NODES)
        return error_set(
            maker->error, STATUS_LIMIT, "filter has more than %d parts", LIMIT_FILTER_NODES);
    if ((size_t)node->kind >= CLASS_COUNT)
        return error_set(maker->error, STATUS_UNSUPPORTED, "filter kind %d", (int)node->kind);
    bool is_wrapper = node->kind == FILTER_SKIP || node->kind == FILTER_WHILE_MATCH ||
                      node->kind == FILTER_WRAPPER;
    if (is_wrapper && node->child_count != 1)
        return error_set(maker->error, STATUS_INVALID, "%s wraps one filter, not %zu",
            filter_kind_name(node->kind), node->child_count);
    return STATUS_OK;
}

static enum status make_children(
    struct maker *maker, const struct filter_node *node, unsigned depth, struct filter *filter)
{
    if (node->child_count == 0)
        return STATUS_OK;
    filter->children = memory_allocate_zeroed(node->child_count, sizeof(*filter->children));
    filter->memories = memory_allocate_zeroed(node->child_count, sizeof(*filter->memories));
    if (!filter->children || !filter->memories)
        return error_set(maker->error, STATUS_NO_MEMORY, "no memory for a filter");
    /* As in HBase, what SkipFilter and WhileMatchFilter wrap never learns that the scan is reversed. */
    bool is_reversed = maker->is_reversed;
    if (node->kind == FILTER_SKIP || node->kind == FILTER_WHILE_MATCH)
        maker->is_reversed = false;
    enum status status = STATUS_OK;
    for (size_t i = 0; i < node->child_count && !status; i++) {
        status = make(maker, node->children[i], depth + 1, &filter->children[i]);
        if (!status)
            filter->child_count++;
    }
    maker->is_reversed = is_reversed;
    return status;
}

static enum status make(
    struct maker *maker, const struct filter_node *node, unsigned depth, struct filter **out_filter)
{
    enum status status = check_node(maker, node, depth);
    if (status)
        return status;
    struct filter *filter = memory_allocate_zeroed(1, sizeof(*filter));
    if (!filter)
        return error_set(maker->error, STATUS_NO_MEMORY, "no memory for a filter");
    filter->class = classes[node->kind];
    filter->node = node;
    filter->is_reversed = maker->is_reversed;
    filter->random = (maker->random_seed + maker->nodes) * 0x9e3779b97f4a7c15ull | 1;
    status = compiled_comparator_init(&filter->comparator, node->comparator, maker->error);
    if (!status)
        status = make_children(maker, node, depth, filter);
    if (status) {
        filter_free(filter);
        return status;
    }
    filter_reset(filter);
    *out_filter = filter;
    return STATUS_OK;
}

enum status filter_new(const struct filter_node *tree, bool is_reversed, uint64_t random_seed,
    struct filter **out_filter, struct error *error)
{
    struct maker maker = {.is_reversed = is_reversed, .random_seed = random_seed, .error = error};
    return make(&maker, tree, 1, out_filter);
}

void filter_free(struct filter *filter)
{
    if (!filter)
        return;
    for (size_t i = 0; i < filter->child_count; i++)
        filter_free(filter->children[i]);
    for (size_t i = 0; filter->memories && i < filter->node->child_count; i++) {
        buffer_deinit(&filter->memories[i].family);
        buffer_deinit(&filter->memories[i].qualifier);
    }
    compiled_comparator_deinit(&filter->comparator);
    buffer_deinit(&filter->bound);
    memory_free(filter->children);
    memory_free(filter->memories);
    memory_free(filter->timestamps);
    memory_free(filter);
}

/* ---- The calls ---- */

bool filter_is_done(struct filter *filter)
{
    return filter->class->is_done ? filter->class->is_done(filter) : false;
}

bool filter_skips_row_key(struct filter *filter, struct span row)
{
    return filter->class->skips_row_key ? filter->class->skips_row_key(filter, row)
                                        : filter_is_done(filter);
}

bool filter_row_bound(struct filter *filter, struct span row, struct span *out_bound)
{
    return filter->class->row_bound ? filter->class->row_bound(filter, row, out_bound) : false;
}

enum filter_code filter_cell(struct filter *filter, const struct cell *cell)
{
    return filter->class->cell ? filter->class->cell(filter, cell) : FILTER_INCLUDE;
}

bool filter_hint(struct filter *filter, const struct cell *cell, struct cell *out_probe)
{
    return filter->class->hint ? filter->class->hint(filter, cell, out_probe) : false;
}

void filter_transform(struct filter *filter, struct cell *cell)
{
    if (filter->class->transform)
        filter->class->transform(filter, cell);
}

size_t filter_row_cells(struct filter *filter, struct cell *cells, size_t count)
{
    return filter->class->row_cells ? filter->class->row_cells(filter, cells, count) : count;
}

bool filter_skips_row(struct filter *filter)
{
    return filter->class->skips_row ? filter->class->skips_row(filter) : false;
}

bool filter_has_row(const struct filter *filter)
{
    if (filter->class->has_row)
        return true;
    if (filter->node->kind != FILTER_LIST && filter->node->kind != FILTER_WRAPPER)
        return false;
    for (size_t i = 0; i < filter->child_count; i++)
        if (filter_has_row(filter->children[i]))
            return true;
    return false;
}

void filter_reset(struct filter *filter)
{
    if (filter->class->reset)
        filter->class->reset(filter);
}

bool filter_is_family_essential(const struct filter *filter, struct span family)
{
    return filter->class->is_family_essential ? filter->class->is_family_essential(filter, family)
                                              : true;
}
