/* Filters of the filter language by name: which arguments each takes (HBase: createFilterFromArguments of each class).
 */
#include "model/filter_build.h"

#include <stdlib.h>

#define JAVA_CASE_INSENSITIVE 2
#define JAVA_DOTALL           32

/* A filter being built from its name and arguments. */
struct builder {
    struct arena *arena;
    struct filter_node *node;
    const struct span *arguments;
    size_t count;
};

/* ---- Arguments ---- */

static enum status get_bytes(const struct builder *builder, size_t index, struct span *out_bytes)
{
    struct span text = builder->arguments[index];
    if (text.size < 2 || text.data[0] != '\'' || text.data[text.size - 1] != '\'')
        return STATUS_INVALID;
    *out_bytes = span_slice(text, 1, text.size - 2);
    return STATUS_OK;
}

/* As HBase reads numbers: "-" alone is 0, and one too large shows by its sign turning. */
static enum status get_number(const struct builder *builder, size_t index, int64_t *out_number)
{
    struct span text = builder->arguments[index];
    bool is_negative = text.size && text.data[0] == '-';
    uint64_t number = 0;
    for (size_t at = is_negative; at < text.size; at++) {
        uint8_t digit = (uint8_t)(text.data[at] - '0');
        number = number * 10 + digit;
        if (digit > 9 || number > INT64_MAX)
            return STATUS_INVALID;
    }
    *out_number = is_negative ? -(int64_t)number : (int64_t)number;
    return STATUS_OK;
}

/* What counts something, up to `most`. */
static enum status get_count(
    const struct builder *builder, size_t index, int64_t most, int64_t *out_number)
{
    int64_t number;
    enum status status = get_number(builder, index, &number);
    if (status || number < 0 || number > most)
        return STATUS_INVALID;
    *out_number = number;
    return STATUS_OK;
}

static bool equals_ignoring_case(struct span text, const char *lower)
{
    size_t size = strlen(lower);
    if (text.size != size)
        return false;
    for (size_t i = 0; i < size; i++)
        if ((text.data[i] | 0x20) != (uint8_t)lower[i])
            return false;
    return true;
}

static enum status get_bool(const struct builder *builder, size_t index, bool *out_value)
{
    bool is_true = equals_ignoring_case(builder->arguments[index], "true");
    if (!is_true && !equals_ignoring_case(builder->arguments[index], "false"))
        return STATUS_INVALID;
    *out_value = is_true;
    return STATUS_OK;
}

static enum status get_op(const struct builder *builder, size_t index, int *out_op)
{
    static const struct {
        const char *text;
        enum compare_op op;
    } ops[] = {{"=", COMPARE_EQUAL}, {"!=", COMPARE_NOT_EQUAL}, {"<", COMPARE_LESS},
        {"<=", COMPARE_LESS_OR_EQUAL}, {">", COMPARE_GREATER}, {">=", COMPARE_GREATER_OR_EQUAL}};
    for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
        if (span_equal(builder->arguments[index], span_string(ops[i].text))) {
            *out_op = (int)ops[i].op;
            return STATUS_OK;
        }
    }
    return STATUS_INVALID;
}

/* 'type:value' */
static enum status get_comparator(const struct builder *builder, size_t index)
{
    static const struct {
        const char *type;
        enum comparator_kind kind;
        int32_t flags;
    } types[] = {{"binary", COMPARATOR_BINARY, 0}, {"binaryprefix", COMPARATOR_BINARY_PREFIX, 0},
        {"regexstring", COMPARATOR_REGEX, JAVA_DOTALL},
        {"regexstringnocase", COMPARATOR_REGEX, JAVA_CASE_INSENSITIVE | JAVA_DOTALL},
        {"substring", COMPARATOR_SUBSTRING, 0}};
    struct span text;
    enum status status = get_bytes(builder, index, &text);
    size_t colon = status ? SIZE_MAX : span_find(text, ':');
    if (status || colon == SIZE_MAX)
        return STATUS_INVALID;
    struct comparator *comparator = arena_allocate_zeroed(builder->arena, 1, sizeof(*comparator));
    if (!comparator)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        if (!span_equal(span_slice(text, 0, colon), span_string(types[i].type)))
            continue;
        comparator->kind = types[i].kind;
        comparator->regex_flags = types[i].flags;
        comparator->value = span_slice(text, colon + 1, text.size - colon - 1);
        builder->node->comparator = comparator;
        return STATUS_OK;
    }
    return STATUS_INVALID;
}

/* A comparator for a filter that knows that regular expressions and substrings have no order. */
static enum status get_ordering_comparator(const struct builder *builder, size_t index)
{
    enum status status = get_comparator(builder, index);
    int op = builder->node->op;
    if (status || op == COMPARE_EQUAL || op == COMPARE_NOT_EQUAL)
        return status;
    enum comparator_kind kind = builder->node->comparator->kind;
    return kind == COMPARATOR_REGEX || kind == COMPARATOR_SUBSTRING ? STATUS_INVALID : STATUS_OK;
}

/* ---- Filters by name ---- */

static enum status build_nothing(struct builder *builder)
{
    return builder->count == 0 ? STATUS_OK : STATUS_INVALID;
}

static enum status build_key_only(struct builder *builder)
{
    if (builder->count == 0)
        return STATUS_OK;
    return builder->count == 1 ? get_bool(builder, 0, &builder->node->is_length_as_value)
                               : STATUS_INVALID;
}

static enum status build_bytes(struct builder *builder)
{
    return builder->count == 1 ? get_bytes(builder, 0, &builder->node->bytes) : STATUS_INVALID;
}

static enum status build_page(struct builder *builder)
{
    return builder->count == 1 ? get_count(builder, 0, INT64_MAX, &builder->node->limit)
                               : STATUS_INVALID;
}

static enum status build_column_count(struct builder *builder)
{
    return builder->count == 1 ? get_count(builder, 0, INT32_MAX, &builder->node->limit)
                               : STATUS_INVALID;
}

static enum status build_pagination(struct builder *builder)
{
    if (builder->count != 2)
        return STATUS_INVALID;
    enum status status = get_count(builder, 0, INT32_MAX, &builder->node->limit);
    return status ? status : get_count(builder, 1, INT32_MAX, &builder->node->offset);
}

static int compare_spans(const void *a, const void *b)
{
    return span_compare(*(const struct span *)a, *(const struct span *)b);
}

static int compare_numbers(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

static enum status build_prefixes(struct builder *builder)
{
    struct filter_node *node = builder->node;
    node->list = arena_allocate_zeroed(builder->arena, builder->count + 1, sizeof(*node->list));
    if (!node->list)
        return STATUS_NO_MEMORY;
    for (; node->list_count < builder->count; node->list_count++) {
        enum status status = get_bytes(builder, node->list_count, &node->list[node->list_count]);
        if (status)
            return status;
    }
    qsort(node->list, node->list_count, sizeof(*node->list), compare_spans);
    return STATUS_OK;
}

static enum status build_timestamps(struct builder *builder)
{
    struct filter_node *node = builder->node;
    node->timestamps = arena_allocate_zeroed(
        builder->arena, builder->count + 1, sizeof(*node->timestamps));
    if (!node->timestamps)
        return STATUS_NO_MEMORY;
    for (; node->timestamp_count < builder->count; node->timestamp_count++) {
        enum status status = get_count(
            builder, node->timestamp_count, INT64_MAX, &node->timestamps[node->timestamp_count]);
        if (status)
            return status;
    }
    qsort(node->timestamps, node->timestamp_count, sizeof(*node->timestamps), compare_numbers);
    return STATUS_OK;
}

static enum status build_compare(struct builder *builder)
{
    if (builder->count != 2)
        return STATUS_INVALID;
    enum status status = get_op(builder, 0, &builder->node->op);
    return status ? status : get_ordering_comparator(builder, 1);
}

static enum status build_range(struct builder *builder)
{
    struct filter_range *range = arena_allocate_zeroed(builder->arena, 1, sizeof(*range));
    if (builder->count != 4)
        return STATUS_INVALID;
    if (!range)
        return STATUS_NO_MEMORY;
    builder->node->ranges = range;
    builder->node->range_count = 1;
    enum status status = get_bytes(builder, 0, &range->from);
    if (!status)
        status = get_bool(builder, 1, &range->is_from_inclusive);
    if (!status)
        status = get_bytes(builder, 2, &range->to);
    if (!status)
        status = get_bool(builder, 3, &range->is_to_inclusive);
    return status;
}

/* 'family', 'qualifier', op, 'comparator' */
static enum status build_column(struct builder *builder)
{
    enum status status = get_bytes(builder, 0, &builder->node->family);
    if (!status)
        status = get_bytes(builder, 1, &builder->node->qualifier);
    if (!status)
        status = get_op(builder, 2, &builder->node->op);
    return status ? status : get_ordering_comparator(builder, 3);
}

static enum status build_column_value(struct builder *builder)
{
    return builder->count == 4 ? build_column(builder) : STATUS_INVALID;
}

static enum status build_single(struct builder *builder)
{
    struct filter_node *node = builder->node;
    node->is_latest_version_only = true;
    if (builder->count != 4 && builder->count != 6)
        return STATUS_INVALID;
    enum status status = build_column(builder);
    if (!status && builder->count == 6)
        status = get_bool(builder, 4, &node->is_filter_if_missing);
    if (!status && builder->count == 6)
        status = get_bool(builder, 5, &node->is_latest_version_only);
    return status;
}

static enum status build_dependent(struct builder *builder)
{
    struct filter_node *node = builder->node;
    node->op = COMPARE_NO_OP;
    if (builder->count != 2 && builder->count != 3 && builder->count != 5)
        return STATUS_INVALID;
    enum status status = get_bytes(builder, 0, &node->family);
    if (!status)
        status = get_bytes(builder, 1, &node->qualifier);
    if (!status && builder->count > 2)
        status = get_bool(builder, 2, &node->is_dependent_dropped);
    if (!status && builder->count == 5)
        status = get_op(builder, 3, &node->op);
    if (!status && builder->count == 5)
        status = get_comparator(builder, 4);
    return status;
}

static const struct {
    enum filter_kind kind;
    enum status (*build)(struct builder *builder);
} names[] = {{FILTER_KEY_ONLY, build_key_only}, {FILTER_FIRST_KEY_ONLY, build_nothing},
    {FILTER_PREFIX, build_bytes}, {FILTER_COLUMN_PREFIX, build_bytes},
    {FILTER_MULTIPLE_COLUMN_PREFIX, build_prefixes}, {FILTER_COLUMN_COUNT_GET, build_column_count},
    {FILTER_PAGE, build_page}, {FILTER_COLUMN_PAGINATION, build_pagination},
    {FILTER_INCLUSIVE_STOP, build_bytes}, {FILTER_TIMESTAMPS, build_timestamps},
    {FILTER_ROW, build_compare}, {FILTER_FAMILY, build_compare}, {FILTER_QUALIFIER, build_compare},
    {FILTER_VALUE, build_compare}, {FILTER_COLUMN_RANGE, build_range},
    {FILTER_SINGLE_COLUMN_VALUE, build_single}, {FILTER_SINGLE_COLUMN_VALUE_EXCLUDE, build_single},
    {FILTER_COLUMN_VALUE, build_column_value}, {FILTER_DEPENDENT_COLUMN, build_dependent}};

enum status filter_build(struct span name, const struct span *arguments, size_t count,
    struct arena *arena, struct filter_node **out_node)
{
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (!span_equal(name, span_string(filter_kind_name(names[i].kind))))
            continue;
        struct filter_node *node = arena_allocate_zeroed(arena, 1, sizeof(*node));
        if (!node)
            return STATUS_NO_MEMORY;
        node->kind = names[i].kind;
        struct builder builder = {arena, node, arguments, count};
        enum status status = names[i].build(&builder);
        if (!status)
            *out_node = node;
        return status;
    }
    return STATUS_NOT_FOUND;
}
