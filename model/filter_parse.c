/* The filter language (facts: hbase-semantics 8; HBase ParseFilter):
 *
 *   filters, each Name(argument, ...), joined by AND and OR, wrapped by SKIP and WHILE, grouped by brackets;
 *   argument := 'quoted bytes' | integer | true | false | one of = != < <= > >=
 *
 * Read from left to right with two stacks, of filters and of operators, as HBase reads it: so that what it lets pass
 * passes, bracket left open and all, and what is refused is refused with its sentence. A run of one operator
 * becomes one flat list. The tree borrows nothing: bytes are copied into the arena. */
#include "model/filter_build.h"

#include "base/limits.h"

#define LIST_ALL    1
#define LIST_ONE    2
#define STACK_LIMIT (2 * LIMIT_FILTER_NODES)

/* The lower ones bind first. */
enum operation { OPERATION_SKIP, OPERATION_WHILE, OPERATION_AND, OPERATION_OR, OPERATION_BRACKET };

static const unsigned priorities[] = {
    [OPERATION_SKIP] = 1, [OPERATION_WHILE] = 1, [OPERATION_AND] = 2, [OPERATION_OR] = 3};

struct parser {
    struct span text;
    size_t at;
    bool is_losing; /* operators at closing brackets, as HBase does */
    struct arena *arena;
    struct error *error;
    struct filter_node *filters[STACK_LIMIT];
    size_t filter_count;
    enum operation operators[STACK_LIMIT];
    size_t operator_count;
    struct span arguments[LIMIT_FILTER_ARGUMENTS]; /* of the filter being read */
};

static enum status wrong(struct parser *parser, const char *sentence)
{
    return error_set(parser->error, STATUS_INVALID, "%s", sentence);
}

static enum status no_memory(struct parser *parser)
{
    return error_set(parser->error, STATUS_NO_MEMORY, "no memory for a filter");
}

/* ---- The stacks ---- */

static enum status push_filter(struct parser *parser, struct filter_node *node)
{
    if (parser->filter_count == STACK_LIMIT)
        return error_set(
            parser->error, STATUS_LIMIT, "a filter of more than %d parts", STACK_LIMIT);
    parser->filters[parser->filter_count++] = node;
    return STATUS_OK;
}

static enum status push_operator(struct parser *parser, enum operation operation)
{
    if (parser->operator_count == STACK_LIMIT)
        return error_set(
            parser->error, STATUS_LIMIT, "a filter of more than %d parts", STACK_LIMIT);
    parser->operators[parser->operator_count++] = operation;
    return STATUS_OK;
}

static bool top_is(const struct parser *parser, enum operation operation)
{
    return parser->operator_count > 0 && parser->operators[parser->operator_count - 1] == operation;
}

/* A node over the last `count` filters, which it replaces. */
static enum status wrap(struct parser *parser, enum filter_kind kind, int op, size_t count)
{
    struct filter_node *node = arena_allocate_zeroed(parser->arena, 1, sizeof(*node));
    const struct filter_node **children = arena_allocate_zeroed(
        parser->arena, count, sizeof(*children));
    if (!node || !children)
        return no_memory(parser);
    parser->filter_count -= count;
    for (size_t i = 0; i < count; i++)
        children[i] = parser->filters[parser->filter_count + i];
    node->kind = kind;
    node->op = op;
    node->children = children;
    node->child_count = count;
    return push_filter(parser, node);
}

/* Joins as many filters as the run of this operator on the stack has. */
static enum status join(struct parser *parser, enum operation operation)
{
    bool is_or = operation == OPERATION_OR;
    size_t count = 1;
    for (; top_is(parser, operation); count++)
        parser->operator_count--;
    if (parser->filter_count < count)
        return wrong(parser, is_or ? "Incorrect input string - an OR needs two filters"
                                   : "Incorrect input string - an AND needs two filters");
    return wrap(parser, FILTER_LIST, is_or ? LIST_ONE : LIST_ALL, count);
}

/* Applies the operator on top to the filters that it takes. */
static enum status apply(struct parser *parser)
{
    enum operation operation = parser->operators[parser->operator_count - 1];
    if (operation == OPERATION_AND || operation == OPERATION_OR)
        return join(parser, operation);
    parser->operator_count--;
    if (operation == OPERATION_BRACKET)
        return parser->filter_count > 0 ? STATUS_OK : wrong(parser, "Incorrect Filter String");
    bool is_skip = operation == OPERATION_SKIP;
    if (parser->filter_count == 0)
        return wrong(parser, is_skip ? "Incorrect input string - a SKIP wraps a filter"
                                     : "Incorrect input string - a WHILE wraps a filter");
    return wrap(parser, is_skip ? FILTER_SKIP : FILTER_WHILE_MATCH, 0, 1);
}

/* An operator comes: those that bind more closely are applied first. */
static enum status take_operator(struct parser *parser, enum operation operation)
{
    while (parser->operator_count > 0 && !top_is(parser, OPERATION_BRACKET) &&
           priorities[parser->operators[parser->operator_count - 1]] < priorities[operation]) {
        enum status status = apply(parser);
        if (status)
            return status;
    }
    return push_operator(parser, operation);
}

/* HBase loses the operator below each one that it applies here, and so refuses "(a OR b AND c)", in the words of
 * whatever that leads to. */
static enum status close_bracket(struct parser *parser)
{
    if (parser->operator_count == 0)
        return wrong(parser, "Mismatched parenthesis");
    if (top_is(parser, OPERATION_BRACKET)) {
        parser->operator_count--;
        return STATUS_OK;
    }
    for (bool is_closed = false; !is_closed;) {
        enum status status = apply(parser);
        if (status)
            return status;
        if (parser->operator_count == 0)
            return wrong(parser, "Mismatched parenthesis");
        is_closed = top_is(parser, OPERATION_BRACKET);
        if (is_closed || (parser->is_losing && parser->operator_count > 1))
            parser->operator_count--;
    }
    return STATUS_OK;
}

/* ---- Words ---- */

static bool is_space(uint8_t byte)
{
    return byte == ' ' || byte == '\t';
}

/* Whether the byte at `at` is one of these; nothing is there past the end. */
static bool is_one_of(struct span text, size_t at, const char *bytes)
{
    return at < text.size && text.data[at] != 0 && strchr(bytes, text.data[at]);
}

/* A keyword stands between spaces or brackets; SKIP and WHILE may begin the text, or a bracket. */
static bool take_keyword(struct parser *parser, const char *keyword, bool may_begin)
{
    struct span text = parser->text, word = span_string(keyword);
    size_t at = parser->at;
    if (!span_starts_with(span_slice(text, at, text.size - at), word) ||
        !is_one_of(text, at + word.size, " ("))
        return false;
    bool is_begun = at == 0 ? may_begin : is_one_of(text, at - 1, may_begin ? " )(" : " )");
    if (is_begun)
        parser->at += word.size;
    return is_begun;
}

static bool find_operator(struct parser *parser, enum operation *out_operator)
{
    static const struct {
        enum operation operation;
        const char *keyword;
        bool may_begin;
    } keywords[] = {{OPERATION_OR, "OR", false}, {OPERATION_AND, "AND", false},
        {OPERATION_SKIP, "SKIP", true}, {OPERATION_WHILE, "WHILE", true}};
    for (size_t i = 0; i < sizeof(keywords) / sizeof(keywords[0]); i++) {
        if (take_keyword(parser, keywords[i].keyword, keywords[i].may_begin)) {
            *out_operator = keywords[i].operation;
            return true;
        }
    }
    return false;
}

/* ---- One filter ---- */

/* Two quotes are one byte of what is quoted. */
static bool is_doubled(struct span text, size_t quote)
{
    return quote + 1 < text.size && text.data[quote + 1] == '\'';
}

/* From `at` to the bracket that ends the filter: the first outside quotes. */
static bool find_filter(struct span text, size_t at, struct span *out_filter)
{
    bool is_quoted = false;
    for (size_t i = at; i < text.size; i++) {
        if (text.data[i] == '\'' && is_doubled(text, i)) {
            i++;
        } else if (text.data[i] == '\'') {
            is_quoted = !is_quoted;
        } else if (text.data[i] == ')' && !is_quoted) {
            *out_filter = span_slice(text, at, i - at + 1);
            return true;
        }
    }
    return false;
}

/* Copies an argument. A quoted one keeps its outer quotes; of doubled ones inside it one is left. */
static enum status copy_argument(struct parser *parser, struct span text, struct span *out_argument)
{
    uint8_t *bytes = arena_allocate(parser->arena, text.size);
    bool is_quoted = text.data[0] == '\'';
    size_t size = 0;
    if (!bytes)
        return no_memory(parser);
    for (size_t i = 0; i < text.size; i++) {
        bytes[size++] = text.data[i];
        if (is_quoted && text.data[i] == '\'' && i > 0 && i + 2 < text.size && is_doubled(text, i))
            i++;
    }
    *out_argument = span_make(bytes, size);
    return STATUS_OK;
}

/* The end of the argument that begins at `at`: past its closing quote, or at what ends a word. SIZE_MAX: it does not
 * end. */
static size_t end_of_argument(struct span filter, size_t at)
{
    bool is_quoted = filter.data[at] == '\'';
    for (size_t i = is_quoted ? at + 1 : at; i < filter.size; i++) {
        if (!is_quoted && is_one_of(filter, i, " ,)"))
            return i;
        if (!is_quoted || filter.data[i] != '\'')
            continue;
        if (!is_doubled(filter, i))
            return i + 1;
        i++;
    }
    return SIZE_MAX;
}

/* What stands between the brackets. Any spaces and commas part arguments; the byte after a closing quote does
 * whatever it is. */
static enum status take_arguments(struct parser *parser, struct span filter, size_t *out_count)
{
    size_t at = span_find(filter, '('), count = 0;
    if (at == SIZE_MAX)
        return wrong(parser, "Incorrect argument list");
    for (at++; at < filter.size; at++) {
        if (is_one_of(filter, at, " ,)"))
            continue;
        size_t end = end_of_argument(filter, at);
        if (end == SIZE_MAX)
            return wrong(parser, "Incorrect argument list");
        if (count == LIMIT_FILTER_ARGUMENTS)
            return error_set(parser->error, STATUS_LIMIT, "a filter of more than %d arguments",
                LIMIT_FILTER_ARGUMENTS);
        enum status status = copy_argument(
            parser, span_slice(filter, at, end - at), &parser->arguments[count++]);
        if (status)
            return status;
        at = end;
    }
    *out_count = count;
    return STATUS_OK;
}

static enum status take_filter(struct parser *parser)
{
    struct span filter;
    if (!find_filter(parser->text, parser->at, &filter))
        return wrong(parser, "Incorrect Filter String");
    parser->at += filter.size;
    size_t name_size = 0;
    while (name_size < filter.size && !is_one_of(filter, name_size, " ("))
        name_size++;
    if (name_size == filter.size)
        return wrong(parser, "Incorrect Filter Name");
    size_t count;
    enum status status = take_arguments(parser, filter, &count);
    if (status)
        return status;
    struct span name = span_slice(filter, 0, name_size);
    struct filter_node *node;
    status = filter_build(name, parser->arguments, count, parser->arena, &node);
    if (status == STATUS_NOT_FOUND)
        return error_set(parser->error, STATUS_INVALID, "Filter Name %.*s not supported",
            (int)name.size, (const char *)name.data);
    if (status == STATUS_INVALID)
        return error_set(parser->error, STATUS_INVALID, "Incorrect filter string %.*s",
            (int)filter.size, (const char *)filter.data);
    return status ? no_memory(parser) : push_filter(parser, node);
}

/* ---- The whole ---- */

static enum status take_next(struct parser *parser)
{
    enum operation operation;
    uint8_t byte = parser->text.data[parser->at];
    if (is_space(byte)) {
        parser->at++;
        return STATUS_OK;
    }
    if (byte == '(') {
        parser->at++;
        return push_operator(parser, OPERATION_BRACKET);
    }
    if (byte == ')') {
        parser->at++;
        return close_bracket(parser);
    }
    return find_operator(parser, &operation) ? take_operator(parser, operation)
                                             : take_filter(parser);
}

static enum status parse(struct parser *parser)
{
    enum status status = STATUS_OK;
    parser->at = parser->filter_count = parser->operator_count = 0;
    while (!status && parser->at < parser->text.size)
        status = take_next(parser);
    while (!status && parser->operator_count > 0)
        status = apply(parser);
    if (!status && parser->filter_count != 1)
        status = wrong(parser, "Incorrect Filter String");
    return status;
}

enum status filter_parse(
    struct span text, struct arena *arena, const struct filter_node **out_tree, struct error *error)
{
    struct parser *parser = arena_allocate_zeroed(arena, 1, sizeof(*parser));
    if (!parser)
        return error_set(error, STATUS_NO_MEMORY, "no memory for a filter");
    parser->text = text;
    parser->arena = arena;
    parser->error = error;
    enum status status = parse(parser);
    if (status == STATUS_INVALID) {
        parser->is_losing = true; /* what HBase makes of it */
        error_clear(error);
        status = parse(parser);
    }
    if (!status)
        *out_tree = parser->filters[0];
    return status;
}
