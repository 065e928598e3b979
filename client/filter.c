/* Filters of <stele/stele.h>: trees of the model, immutable and counted. */
#include <stdlib.h>

#include "base/memory.h"
#include "client/convert.h"
#include "client/failure.h"

static struct stele_filter *filter_make(void)
{
    struct stele_filter *filter = memory_allocate_zeroed(1, sizeof(*filter));
    if (filter) {
        atomic_init(&filter->refs, 1);
        filter->arena.chunk_bytes = 512;
    }
    return filter;
}

void stele_filter_free(struct stele_filter *filter)
{
    if (!filter || atomic_fetch_sub(&filter->refs, 1) != 1)
        return;
    for (size_t i = 0; i < filter->part_count; i++)
        stele_filter_free(filter->parts[i]);
    arena_deinit(&filter->arena);
    memory_free(filter);
}

/* Takes the filter over: gives it its node, or frees it when one of the allocations failed. */
static struct stele_filter *filter_done(
    struct stele_filter *filter, const struct filter_node *node, bool is_complete)
{
    if (!node || !is_complete) {
        stele_filter_free(filter);
        return NULL;
    }
    filter->node = node;
    return filter;
}

static struct filter_node *node_new(struct stele_filter *filter, enum filter_kind kind)
{
    struct filter_node *node = arena_allocate_zeroed(&filter->arena, 1, sizeof(*node));
    if (node)
        node->kind = kind;
    return node;
}

/* False on no memory. An empty span stays not NULL. */
static bool copy_in(struct stele_filter *filter, struct stele_bytes bytes, struct span *out_span)
{
    *out_span = bytes.size ? arena_copy(&filter->arena, span_of(bytes)) : SPAN_LITERAL("");
    return out_span->data != NULL;
}

enum stele_status stele_filter_parse(
    struct stele_bytes text, struct stele_filter **out_filter, struct stele_error *error)
{
    struct stele_filter *filter = filter_make();
    struct error cause;
    struct span copy;
    if (!filter || !copy_in(filter, text, &copy)) {
        stele_filter_free(filter);
        return failure_set(error, STELE_NO_MEMORY, "no memory for a filter");
    }
    enum status status = filter_parse(copy, &filter->arena, &filter->node, &cause);
    if (status) {
        stele_filter_free(filter);
        return failure_from_error(error, status, &cause);
    }
    *out_filter = filter;
    return STELE_OK;
}

static struct stele_filter *with_bytes(enum filter_kind kind, struct stele_bytes bytes)
{
    struct stele_filter *filter = filter_make();
    struct filter_node *node = filter ? node_new(filter, kind) : NULL;
    return filter_done(filter, node, node && copy_in(filter, bytes, &node->bytes));
}

struct stele_filter *stele_filter_prefix(struct stele_bytes prefix)
{
    return with_bytes(FILTER_PREFIX, prefix);
}

struct stele_filter *stele_filter_column_prefix(struct stele_bytes prefix)
{
    return with_bytes(FILTER_COLUMN_PREFIX, prefix);
}

struct stele_filter *stele_filter_column_range(
    struct stele_bytes from, bool is_from_inclusive, struct stele_bytes to, bool is_to_inclusive)
{
    struct stele_filter *filter = filter_make();
    struct filter_node *node = filter ? node_new(filter, FILTER_COLUMN_RANGE) : NULL;
    struct filter_range *range = node ? arena_allocate_zeroed(&filter->arena, 1, sizeof(*range))
                                      : NULL;
    if (!range)
        return filter_done(filter, NULL, false);
    range->is_from_inclusive = is_from_inclusive;
    range->is_to_inclusive = is_to_inclusive;
    node->ranges = range;
    node->range_count = 1;
    bool is_complete = (!from.data || copy_in(filter, from, &range->from)) &&
                       (!to.data || copy_in(filter, to, &range->to));
    return filter_done(filter, node, is_complete);
}

enum { JAVA_CASE_INSENSITIVE = 2, JAVA_DOTALL = 32 };

static const struct comparator *comparator_new(
    struct stele_filter *filter, enum stele_comparator kind, struct stele_bytes operand)
{
    static const enum comparator_kind kinds[] = {
        [STELE_BINARY] = COMPARATOR_BINARY,
        [STELE_BINARY_PREFIX] = COMPARATOR_BINARY_PREFIX,
        [STELE_SUBSTRING] = COMPARATOR_SUBSTRING,
        [STELE_REGEX] = COMPARATOR_REGEX,
        [STELE_REGEX_NO_CASE] = COMPARATOR_REGEX,
        [STELE_NULL] = COMPARATOR_NULL,
        [STELE_LONG] = COMPARATOR_LONG,
    };
    struct comparator *comparator = arena_allocate_zeroed(&filter->arena, 1, sizeof(*comparator));
    if (!comparator || !copy_in(filter, operand, &comparator->value))
        return NULL;
    comparator->kind = kinds[kind];
    comparator->regex_flags = kind == STELE_REGEX_NO_CASE ? JAVA_DOTALL | JAVA_CASE_INSENSITIVE
                                                          : JAVA_DOTALL;
    if (kind == STELE_LONG && operand.size == 8)
        comparator->long_value = stele_load_i64(operand.data);
    return comparator;
}

static struct stele_filter *comparing(enum filter_kind kind, enum stele_compare compare,
    enum stele_comparator comparator, struct stele_bytes operand)
{
    struct stele_filter *filter = filter_make();
    struct filter_node *node = filter ? node_new(filter, kind) : NULL;
    if (!node)
        return filter_done(filter, NULL, false);
    node->op = (int)compare;
    node->comparator = comparator_new(filter, comparator, operand);
    return filter_done(filter, node, node->comparator != NULL);
}

struct stele_filter *stele_filter_row(
    enum stele_compare compare, enum stele_comparator comparator, struct stele_bytes operand)
{
    return comparing(FILTER_ROW, compare, comparator, operand);
}

struct stele_filter *stele_filter_family(
    enum stele_compare compare, enum stele_comparator comparator, struct stele_bytes operand)
{
    return comparing(FILTER_FAMILY, compare, comparator, operand);
}

struct stele_filter *stele_filter_qualifier(
    enum stele_compare compare, enum stele_comparator comparator, struct stele_bytes operand)
{
    return comparing(FILTER_QUALIFIER, compare, comparator, operand);
}

struct stele_filter *stele_filter_value(
    enum stele_compare compare, enum stele_comparator comparator, struct stele_bytes operand)
{
    return comparing(FILTER_VALUE, compare, comparator, operand);
}

struct stele_filter *stele_filter_column_value(struct stele_bytes family,
    struct stele_bytes qualifier, enum stele_compare compare, enum stele_comparator comparator,
    struct stele_bytes operand, bool if_missing, bool is_latest_only)
{
    struct stele_filter *filter = filter_make();
    struct filter_node *node = filter ? node_new(filter, FILTER_SINGLE_COLUMN_VALUE) : NULL;
    if (!node)
        return filter_done(filter, NULL, false);
    node->op = (int)compare;
    node->is_filter_if_missing = if_missing;
    node->is_latest_version_only = is_latest_only;
    node->comparator = comparator_new(filter, comparator, operand);
    return filter_done(filter, node,
        node->comparator && copy_in(filter, family, &node->family) &&
            copy_in(filter, qualifier, &node->qualifier));
}

struct stele_filter *stele_filter_first_key_only(void)
{
    struct stele_filter *filter = filter_make();
    return filter_done(filter, filter ? node_new(filter, FILTER_FIRST_KEY_ONLY) : NULL, true);
}

struct stele_filter *stele_filter_key_only(bool is_length_as_value)
{
    struct stele_filter *filter = filter_make();
    struct filter_node *node = filter ? node_new(filter, FILTER_KEY_ONLY) : NULL;
    if (node)
        node->is_length_as_value = is_length_as_value;
    return filter_done(filter, node, true);
}

struct stele_filter *stele_filter_page(int64_t rows)
{
    struct stele_filter *filter = filter_make();
    struct filter_node *node = filter ? node_new(filter, FILTER_PAGE) : NULL;
    if (node)
        node->limit = rows;
    return filter_done(filter, node, true);
}

static int compare_timestamps(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

struct stele_filter *stele_filter_timestamps(const int64_t *timestamps, size_t count)
{
    struct stele_filter *filter = filter_make();
    struct filter_node *node = filter ? node_new(filter, FILTER_TIMESTAMPS) : NULL;
    if (!node || !(node->timestamps = arena_allocate(&filter->arena, count * sizeof(*timestamps))))
        return filter_done(filter, NULL, false);
    if (count) {
        memcpy(node->timestamps, timestamps, count * sizeof(*timestamps));
        qsort(node->timestamps, count, sizeof(*timestamps), compare_timestamps);
    }
    node->timestamp_count = count;
    return filter_done(filter, node, true);
}

enum { LIST_ALL = 1, LIST_ONE = 2 };

/* The list's node points at its parts' nodes and holds the parts. */
static struct stele_filter *list_of(int op, struct stele_filter *const *filters, size_t count)
{
    struct stele_filter *filter = filter_make();
    struct filter_node *node = filter ? node_new(filter, FILTER_LIST) : NULL;
    if (!node ||
        !(node->children = arena_allocate(&filter->arena, count * sizeof(*node->children))) ||
        !(filter->parts = arena_allocate(&filter->arena, count * sizeof(struct stele_filter *))))
        return filter_done(filter, NULL, false);
    node->op = op;
    node->child_count = filter->part_count = count;
    for (size_t i = 0; i < count; i++) {
        atomic_fetch_add(&filters[i]->refs, 1);
        filter->parts[i] = filters[i];
        node->children[i] = filters[i]->node;
    }
    return filter_done(filter, node, true);
}

struct stele_filter *stele_filter_all(struct stele_filter *const *filters, size_t count)
{
    return list_of(LIST_ALL, filters, count);
}

struct stele_filter *stele_filter_one(struct stele_filter *const *filters, size_t count)
{
    return list_of(LIST_ONE, filters, count);
}
