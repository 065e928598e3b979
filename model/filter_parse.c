/* The filter language (facts: hbase-semantics 8; HBase ParseFilter):
 *
 *   or := and {"OR" and};  and := unary {"AND" unary};  unary := ["SKIP"|"WHILE"] primary
 *   primary := "(" or ")" | Name "(" [argument {"," argument}] ")"
 *   argument := 'quoted bytes' | integer | true | false | one of = != < <= > >=
 *
 * A recursive descent over the text, nesting at most LIMIT_FILTER_DEPTH. A run of one operator becomes one flat
 * list. The tree borrows nothing: quoted bytes are copied into the arena. */
#include <stdlib.h>

#include "base/limits.h"
#include "model/filter.h"

#define LIST_ALL       1
#define LIST_ONE       2
#define ARGUMENT_LIMIT 1024

#define JAVA_CASE_INSENSITIVE 2
#define JAVA_DOTALL           32

enum argument_kind { ARGUMENT_BYTES, ARGUMENT_WORD };

struct argument {
    enum argument_kind kind;
    struct span text; /* without quotes */
};

struct parser {
    struct span whole; /* for messages */
    struct span rest;
    struct arena *arena;
    struct error *error;
    size_t nodes;
};

/* A filter being built from its name and arguments. */
struct builder {
    struct parser *parser;
    struct filter_node *node;
    const struct argument *arguments;
    size_t count;
};

static enum status parse_or(
    struct parser *parser, unsigned depth, const struct filter_node **out_node);

static enum status wrong(struct parser *parser, const char *what)
{
    return error_set(parser->error, STATUS_INVALID, "%s: %.*s", what, (int)parser->whole.size,
        (const char *)parser->whole.data);
}

static enum status no_memory(struct parser *parser)
{
    return error_set(parser->error, STATUS_NO_MEMORY, "no memory for a filter");
}

static struct filter_node *new_node(struct parser *parser, enum filter_kind kind)
{
    struct filter_node *node = arena_allocate_zeroed(parser->arena, 1, sizeof(*node));
    parser->nodes++;
    if (node)
        node->kind = kind;
    return node;
}

/* ---- Words ---- */

static bool is_space(uint8_t byte)
{
    return byte == ' ' || byte == '\t';
}

static void skip_spaces(struct parser *parser)
{
    while (parser->rest.size && is_space(parser->rest.data[0]))
        parser->rest = span_slice(parser->rest, 1, parser->rest.size - 1);
}

static bool next_is(struct parser *parser, char byte)
{
    skip_spaces(parser);
    return parser->rest.size && parser->rest.data[0] == (uint8_t)byte;
}

static bool take_byte(struct parser *parser, char byte)
{
    if (!next_is(parser, byte))
        return false;
    parser->rest = span_slice(parser->rest, 1, parser->rest.size - 1);
    return true;
}

/* An upper-case keyword, followed by a space or an opening bracket. */
static bool take_keyword(struct parser *parser, const char *keyword)
{
    struct span word = span_string(keyword);
    skip_spaces(parser);
    if (!span_starts_with(parser->rest, word) || parser->rest.size == word.size)
        return false;
    uint8_t after = parser->rest.data[word.size];
    if (!is_space(after) && after != '(')
        return false;
    parser->rest = span_slice(parser->rest, word.size, parser->rest.size - word.size);
    return true;
}

static bool is_name_byte(uint8_t byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9') || byte == '_';
}

static struct span take_name(struct parser *parser)
{
    size_t size = 0;
    skip_spaces(parser);
    while (size < parser->rest.size && is_name_byte(parser->rest.data[size]))
        size++;
    struct span name = span_slice(parser->rest, 0, size);
    parser->rest = span_slice(parser->rest, size, parser->rest.size - size);
    return name;
}

/* 'bytes', where '' is one quote. */
static enum status take_quoted(struct parser *parser, struct span *out_text)
{
    uint8_t *text = arena_allocate(parser->arena, parser->rest.size);
    size_t size = 0, at = 1;
    if (!text)
        return no_memory(parser);
    for (;; at++) {
        if (at >= parser->rest.size)
            return wrong(parser, "Incorrect argument list");
        if (parser->rest.data[at] == '\'') {
            if (at + 1 >= parser->rest.size || parser->rest.data[at + 1] != '\'')
                break;
            at++;
        }
        text[size++] = parser->rest.data[at];
    }
    parser->rest = span_slice(parser->rest, at + 1, parser->rest.size - at - 1);
    *out_text = span_make(text, size);
    return STATUS_OK;
}

static enum status take_argument(struct parser *parser, struct argument *out_argument)
{
    if (next_is(parser, '\'')) {
        out_argument->kind = ARGUMENT_BYTES;
        return take_quoted(parser, &out_argument->text);
    }
    size_t size = 0;
    while (size < parser->rest.size && !is_space(parser->rest.data[size]) &&
           parser->rest.data[size] != ',' && parser->rest.data[size] != ')')
        size++;
    if (size == 0)
        return wrong(parser, "Incorrect argument list");
    out_argument->kind = ARGUMENT_WORD;
    out_argument->text = span_slice(parser->rest, 0, size);
    parser->rest = span_slice(parser->rest, size, parser->rest.size - size);
    return STATUS_OK;
}

/* ---- Arguments of filters ---- */

static enum status wrong_count(const struct builder *builder)
{
    return wrong(builder->parser, "Incorrect Filter String, wrong number of arguments");
}

static enum status get_bytes(const struct builder *builder, size_t index, struct span *out_bytes)
{
    if (builder->arguments[index].kind != ARGUMENT_BYTES)
        return wrong(builder->parser, "Incorrect argument list, a quoted string is expected");
    *out_bytes = builder->arguments[index].text;
    return STATUS_OK;
}

static enum status get_number(const struct builder *builder, size_t index, int64_t *out_number)
{
    struct span text = builder->arguments[index].text;
    bool is_negative = text.size && text.data[0] == '-';
    int64_t number = 0;
    size_t at = is_negative;
    if (builder->arguments[index].kind != ARGUMENT_WORD || at == text.size)
        return wrong(builder->parser, "Incorrect argument list, a number is expected");
    for (; at < text.size; at++) {
        uint8_t digit = (uint8_t)(text.data[at] - '0');
        if (digit > 9 || __builtin_mul_overflow(number, 10, &number) ||
            __builtin_add_overflow(number, digit, &number))
            return wrong(builder->parser, "Incorrect argument list, a number is expected");
    }
    *out_number = is_negative ? -number : number;
    return STATUS_OK;
}

static enum status get_count(const struct builder *builder, size_t index, int64_t *out_number)
{
    enum status status = get_number(builder, index, out_number);
    if (!status && *out_number < 0)
        status = wrong(
            builder->parser, "Incorrect argument list, limits and offsets are not negative");
    return status;
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
    const struct argument *argument = &builder->arguments[index];
    bool is_true = equals_ignoring_case(argument->text, "true");
    if (argument->kind != ARGUMENT_WORD ||
        (!is_true && !equals_ignoring_case(argument->text, "false")))
        return wrong(builder->parser, "Incorrect Boolean Expression");
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
        if (builder->arguments[index].kind == ARGUMENT_WORD &&
            span_equal(builder->arguments[index].text, span_string(ops[i].text))) {
            *out_op = (int)ops[i].op;
            return STATUS_OK;
        }
    }
    return wrong(builder->parser, "Invalid compare operator");
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
        return wrong(builder->parser, "Incorrect comparator");
    struct comparator *comparator = arena_allocate_zeroed(
        builder->parser->arena, 1, sizeof(*comparator));
    if (!comparator)
        return no_memory(builder->parser);
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        if (!span_equal(span_slice(text, 0, colon), span_string(types[i].type)))
            continue;
        comparator->kind = types[i].kind;
        comparator->regex_flags = types[i].flags;
        comparator->value = span_slice(text, colon + 1, text.size - colon - 1);
        bool is_equality = builder->node->op == COMPARE_EQUAL ||
                           builder->node->op == COMPARE_NOT_EQUAL;
        if (!is_equality &&
            (comparator->kind == COMPARATOR_REGEX || comparator->kind == COMPARATOR_SUBSTRING))
            return wrong(builder->parser,
                "A regexstring comparator and a substring comparator can only be used with EQUAL "
                "and NOT_EQUAL");
        builder->node->comparator = comparator;
        return STATUS_OK;
    }
    return wrong(builder->parser, "Incorrect comparator");
}

/* ---- Filters by name ---- */

static enum status build_nothing(struct builder *builder)
{
    return builder->count == 0 ? STATUS_OK : wrong_count(builder);
}

static enum status build_key_only(struct builder *builder)
{
    if (builder->count == 0)
        return STATUS_OK;
    return builder->count == 1 ? get_bool(builder, 0, &builder->node->is_length_as_value)
                               : wrong_count(builder);
}

static enum status build_bytes(struct builder *builder)
{
    return builder->count == 1 ? get_bytes(builder, 0, &builder->node->bytes)
                               : wrong_count(builder);
}

static enum status build_limit(struct builder *builder)
{
    return builder->count == 1 ? get_count(builder, 0, &builder->node->limit)
                               : wrong_count(builder);
}

static enum status build_pagination(struct builder *builder)
{
    if (builder->count != 2)
        return wrong_count(builder);
    enum status status = get_count(builder, 0, &builder->node->limit);
    return status ? status : get_count(builder, 1, &builder->node->offset);
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
    if (builder->count == 0)
        return wrong_count(builder);
    node->list = arena_allocate_zeroed(builder->parser->arena, builder->count, sizeof(*node->list));
    if (!node->list)
        return no_memory(builder->parser);
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
        builder->parser->arena, builder->count + 1, sizeof(*node->timestamps));
    if (!node->timestamps)
        return no_memory(builder->parser);
    for (; node->timestamp_count < builder->count; node->timestamp_count++) {
        enum status status = get_count(
            builder, node->timestamp_count, &node->timestamps[node->timestamp_count]);
        if (status)
            return status;
    }
    qsort(node->timestamps, node->timestamp_count, sizeof(*node->timestamps), compare_numbers);
    return STATUS_OK;
}

static enum status build_compare(struct builder *builder)
{
    if (builder->count != 2)
        return wrong_count(builder);
    enum status status = get_op(builder, 0, &builder->node->op);
    return status ? status : get_comparator(builder, 1);
}

static enum status build_range(struct builder *builder)
{
    struct filter_range *range = arena_allocate_zeroed(builder->parser->arena, 1, sizeof(*range));
    if (builder->count != 4)
        return wrong_count(builder);
    if (!range)
        return no_memory(builder->parser);
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
    return status ? status : get_comparator(builder, 3);
}

static enum status build_column_value(struct builder *builder)
{
    return builder->count == 4 ? build_column(builder) : wrong_count(builder);
}

static enum status build_single(struct builder *builder)
{
    struct filter_node *node = builder->node;
    node->is_latest_version_only = true;
    if (builder->count != 4 && builder->count != 6)
        return wrong_count(builder);
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
        return wrong_count(builder);
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
    {FILTER_MULTIPLE_COLUMN_PREFIX, build_prefixes}, {FILTER_COLUMN_COUNT_GET, build_limit},
    {FILTER_PAGE, build_limit}, {FILTER_COLUMN_PAGINATION, build_pagination},
    {FILTER_INCLUSIVE_STOP, build_bytes}, {FILTER_TIMESTAMPS, build_timestamps},
    {FILTER_ROW, build_compare}, {FILTER_FAMILY, build_compare}, {FILTER_QUALIFIER, build_compare},
    {FILTER_VALUE, build_compare}, {FILTER_COLUMN_RANGE, build_range},
    {FILTER_SINGLE_COLUMN_VALUE, build_single}, {FILTER_SINGLE_COLUMN_VALUE_EXCLUDE, build_single},
    {FILTER_COLUMN_VALUE, build_column_value}, {FILTER_DEPENDENT_COLUMN, build_dependent}};

/* ---- Expressions ---- */

static enum status parse_arguments(
    struct parser *parser, struct argument **out_arguments, size_t *out_count)
{
    size_t room = 0, count = 0;
    struct argument *arguments = NULL;
    while (!take_byte(parser, ')')) {
        if (count > 0 && !take_byte(parser, ','))
            return wrong(
                parser, parser->rest.size ? "Incorrect argument list" : "Mismatched parenthesis");
        if (count == ARGUMENT_LIMIT)
            return wrong(parser, "Incorrect argument list, too many arguments");
        if (count == room) {
            room = room ? room * 2 : 8;
            struct argument *grown = arena_allocate_zeroed(parser->arena, room, sizeof(*grown));
            if (!grown)
                return no_memory(parser);
            if (count)
                memcpy(grown, arguments, count * sizeof(*grown));
            arguments = grown;
        }
        if (parser->rest.size == 0)
            return wrong(parser, "Mismatched parenthesis");
        enum status status = take_argument(parser, &arguments[count]);
        if (status)
            return status;
        count++;
    }
    *out_arguments = arguments;
    *out_count = count;
    return STATUS_OK;
}

static enum status parse_filter(struct parser *parser, const struct filter_node **out_node)
{
    struct argument *arguments = NULL;
    size_t count = 0;
    struct span name = take_name(parser);
    if (name.size == 0)
        return wrong(parser, "Incorrect filter string");
    if (!take_byte(parser, '('))
        return wrong(parser, "Incorrect Filter String");
    enum status status = parse_arguments(parser, &arguments, &count);
    if (status)
        return status;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (!span_equal(name, span_string(filter_kind_name(names[i].kind))))
            continue;
        struct filter_node *node = new_node(parser, names[i].kind);
        if (!node)
            return no_memory(parser);
        struct builder builder = {parser, node, arguments, count};
        status = names[i].build(&builder);
        if (!status)
            *out_node = node;
        return status;
    }
    return error_set(parser->error, STATUS_INVALID, "Filter Name %.*s not supported",
        (int)name.size, (const char *)name.data);
}

static enum status parse_primary(
    struct parser *parser, unsigned depth, const struct filter_node **out_node)
{
    if (depth > LIMIT_FILTER_DEPTH || parser->nodes > LIMIT_FILTER_NODES)
        return wrong(parser, "Incorrect filter string, it is too deep or too long");
    if (!take_byte(parser, '('))
        return parse_filter(parser, out_node);
    enum status status = parse_or(parser, depth + 1, out_node);
    if (!status && !take_byte(parser, ')'))
        status = wrong(parser, "Mismatched parenthesis");
    return status;
}

static enum status parse_unary(
    struct parser *parser, unsigned depth, const struct filter_node **out_node)
{
    bool is_skip = take_keyword(parser, "SKIP");
    bool is_while = !is_skip && take_keyword(parser, "WHILE");
    if (!is_skip && !is_while)
        return parse_primary(parser, depth, out_node);
    struct filter_node *node = new_node(parser, is_skip ? FILTER_SKIP : FILTER_WHILE_MATCH);
    const struct filter_node **child = arena_allocate_zeroed(parser->arena, 1, sizeof(*child));
    if (!node || !child)
        return no_memory(parser);
    enum status status = parse_primary(parser, depth + 1, child);
    node->children = child;
    node->child_count = 1;
    *out_node = node;
    return status;
}

typedef enum status parse_function(
    struct parser *parser, unsigned depth, const struct filter_node **out_node);

/* member {keyword member}: one member alone, or a flat list. */
static enum status parse_run(struct parser *parser, unsigned depth, const char *keyword,
    int list_op, parse_function *member, const struct filter_node **out_node)
{
    const struct filter_node **members = NULL, *first;
    size_t count = 1, room = 0;
    enum status status = member(parser, depth, &first);
    while (!status && take_keyword(parser, keyword)) {
        if (count + 1 > room) {
            room = room ? room * 2 : 4;
            const struct filter_node **grown = arena_allocate_zeroed(
                parser->arena, room, sizeof(*grown));
            if (!grown)
                return no_memory(parser);
            grown[0] = first;
            if (count > 1)
                memcpy(grown, members, count * sizeof(*grown));
            members = grown;
        }
        status = member(parser, depth, &members[count]);
        count++;
    }
    if (status)
        return status;
    if (count == 1) {
        *out_node = first;
        return STATUS_OK;
    }
    struct filter_node *list = new_node(parser, FILTER_LIST);
    if (!list)
        return no_memory(parser);
    list->op = list_op;
    list->children = members;
    list->child_count = count;
    *out_node = list;
    return STATUS_OK;
}

static enum status parse_and(
    struct parser *parser, unsigned depth, const struct filter_node **out_node)
{
    return parse_run(parser, depth, "AND", LIST_ALL, parse_unary, out_node);
}

static enum status parse_or(
    struct parser *parser, unsigned depth, const struct filter_node **out_node)
{
    return parse_run(parser, depth, "OR", LIST_ONE, parse_and, out_node);
}

enum status filter_parse(
    struct span text, struct arena *arena, const struct filter_node **out_tree, struct error *error)
{
    struct parser parser = {.whole = text, .rest = text, .arena = arena, .error = error};
    const struct filter_node *tree;
    enum status status = parse_or(&parser, 1, &tree);
    if (status)
        return status;
    skip_spaces(&parser);
    if (parser.rest.size)
        return wrong(&parser,
            parser.rest.data[0] == ')' ? "Mismatched parenthesis" : "Incorrect filter string");
    *out_tree = tree;
    return STATUS_OK;
}
