/* Comparators (facts: hbase-semantics 7; HBase ByteArrayComparable and its subclasses). */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/limits.h"
#include "base/memory.h"
#include "model/big_decimal.h"
#include "model/compiled_comparator.h"
#include "model/lower_case.h"

/* java.util.regex.Pattern's flags. */
enum java_flag {
    JAVA_UNIX_LINES = 1,
    JAVA_CASE_INSENSITIVE = 2,
    JAVA_COMMENTS = 4,
    JAVA_MULTILINE = 8,
    JAVA_LITERAL = 16,
    JAVA_DOTALL = 32,
};

static uint32_t pcre2_options(int32_t flags)
{
    uint32_t options = PCRE2_UTF;
    if (flags & JAVA_LITERAL) /* few options go with it */
        return options | PCRE2_LITERAL | (flags & JAVA_CASE_INSENSITIVE ? PCRE2_CASELESS : 0);
    if (flags & JAVA_CASE_INSENSITIVE)
        options |= PCRE2_CASELESS;
    if (flags & JAVA_COMMENTS)
        options |= PCRE2_EXTENDED;
    if (flags & JAVA_MULTILINE)
        options |= PCRE2_MULTILINE;
    if (flags & JAVA_DOTALL)
        options |= PCRE2_DOTALL;
    return options;
}

static enum status compile_regex(
    struct compiled_comparator *compiled, const struct comparator *source, struct error *error)
{
    int code;
    PCRE2_SIZE offset;
    PCRE2_UCHAR text[120];
    PCRE2_SPTR pattern = source->value.size ? source->value.data : (PCRE2_SPTR) "";
    pcre2_compile_context *context = pcre2_compile_context_create(NULL);
    if (!context)
        return error_set(error, STATUS_NO_MEMORY, "no memory for a pattern");
    bool is_unix = source->regex_flags & JAVA_UNIX_LINES;
    pcre2_set_newline(context, is_unix ? PCRE2_NEWLINE_LF : PCRE2_NEWLINE_ANYCRLF);
    pcre2_code *regex = pcre2_compile(
        pattern, source->value.size, pcre2_options(source->regex_flags), &code, &offset, context);
    pcre2_compile_context_free(context);
    if (!regex) {
        pcre2_get_error_message(code, text, sizeof text);
        return error_set(error, STATUS_INVALID, "RegexStringComparator: %s near index %zu in %.*s",
            (const char *)text, offset, (int)source->value.size, (const char *)source->value.data);
    }
    compiled->regex = regex;
    compiled->match = pcre2_match_data_create_from_pattern(regex, NULL);
    compiled->context = pcre2_match_context_create(NULL);
    compiled->text = memory_allocate_zeroed(1, sizeof *compiled->text);
    if (!compiled->match || !compiled->context || !compiled->text)
        return error_set(error, STATUS_NO_MEMORY, "no memory for a pattern");
    pcre2_set_match_limit(compiled->context, LIMIT_REGEX_MATCH);
    pcre2_set_heap_limit(compiled->context, LIMIT_REGEX_HEAP_KIB);
    return STATUS_OK;
}

static uint8_t lower(uint8_t byte)
{
    return byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte + ('a' - 'A')) : byte;
}

static enum status lower_source(
    struct compiled_comparator *compiled, const struct comparator *source, struct error *error)
{
    compiled->text = memory_allocate_zeroed(1, sizeof *compiled->text);
    compiled->lowered_text = memory_allocate_zeroed(1, sizeof *compiled->lowered_text);
    if (compiled->text && compiled->lowered_text) {
        lower_case_put(
            &compiled->lowered, charset_decode(CHARSET_UTF_8, source->value, compiled->text));
        if (!buffer_status(compiled->text) && !buffer_status(&compiled->lowered))
            return STATUS_OK;
    }
    return error_set(error, STATUS_NO_MEMORY, "no memory for a comparator");
}

enum status compiled_comparator_init(
    struct compiled_comparator *compiled, const struct comparator *source, struct error *error)
{
    enum status status = STATUS_OK;
    memset(compiled, 0, sizeof *compiled);
    compiled->source = source;
    if (!source)
        return STATUS_OK;
    switch (source->kind) {
    case COMPARATOR_REGEX:
        status = compile_regex(compiled, source, error);
        break;
    case COMPARATOR_SUBSTRING:
        status = lower_source(compiled, source, error);
        break;
    default:
        break;
    }
    if (status)
        compiled_comparator_deinit(compiled);
    return status;
}

#define COMPARATOR_KEPT_BYTES (64 << 10)

void compiled_comparator_deinit(struct compiled_comparator *compiled)
{
    pcre2_code_free(compiled->regex);
    pcre2_match_data_free(compiled->match);
    pcre2_match_context_free(compiled->context);
    buffer_deinit(&compiled->lowered);
    if (compiled->text)
        buffer_deinit(compiled->text);
    memory_free(compiled->text);
    if (compiled->lowered_text)
        buffer_deinit(compiled->lowered_text);
    memory_free(compiled->lowered_text);
    memset(compiled, 0, sizeof *compiled);
}

/* Of ASCII: as most is, and without a copy. */
static bool contains_lowered(struct span text, struct span lowered)
{
    if (lowered.size == 0)
        return true;
    for (size_t from = 0; from + lowered.size <= text.size; from++) {
        size_t same = 0;
        while (same < lowered.size && lower(text.data[from + same]) == lowered.data[same])
            same++;
        if (same == lowered.size)
            return true;
    }
    return false;
}

static int substring_order(const struct compiled_comparator *compiled, struct span bytes)
{
    struct span lowered = buffer_span(&compiled->lowered);
    bool is_ascii = true;
    for (size_t i = 0; i < bytes.size && is_ascii; i++)
        is_ascii = bytes.data[i] < 0x80;
    if (is_ascii)
        return contains_lowered(bytes, lowered) ? 0 : 1;
    buffer_reset(compiled->lowered_text);
    lower_case_put(compiled->lowered_text, charset_decode(CHARSET_UTF_8, bytes, compiled->text));
    if (buffer_status(compiled->text) || buffer_status(compiled->lowered_text))
        return 1;
    struct span text = buffer_span(compiled->lowered_text);
    return lowered.size == 0 || memmem(text.data, text.size, lowered.data, lowered.size) ? 0 : 1;
}

static int bit_order(const struct comparator *source, struct span bytes)
{
    if (source->value.size != bytes.size)
        return 1;
    for (size_t i = 0; i < bytes.size; i++) {
        uint8_t a = source->value.data[i], b = bytes.data[i];
        uint8_t bits = source->bit_op == BIT_AND  ? a & b
                       : source->bit_op == BIT_OR ? a | b
                                                  : (uint8_t)(a ^ b);
        if (bits)
            return 0;
    }
    return 1;
}

static int long_order(const struct comparator *source, struct span bytes)
{
    if (bytes.size != 8)
        return 1; /* not a long: equal to none */
    int64_t value = (int64_t)load_be64(bytes.data);
    return source->long_value < value ? -1 : source->long_value > value;
}

/* JavaRegexEngine.compareTo: 0 where the text of the bytes has the pattern anywhere. */
static int regex_order(const struct compiled_comparator *compiled, struct span bytes)
{
    struct span text = charset_decode(compiled->source->charset, bytes, compiled->text);
    if (buffer_status(compiled->text))
        return 1;
    int found = pcre2_match(compiled->regex, text.size ? text.data : (PCRE2_SPTR) "", text.size, 0,
        PCRE2_NO_UTF_CHECK, compiled->match, compiled->context);
    return found >= 0 ? 0 : 1;
}

int compiled_comparator_order(const struct compiled_comparator *compiled, struct span bytes)
{
    const struct comparator *source = compiled->source;
    switch (source->kind) {
    case COMPARATOR_BINARY_PREFIX:
        if (bytes.size > source->value.size)
            bytes.size = source->value.size;
        return span_compare(source->value, bytes);
    case COMPARATOR_BINARY_COMPONENT:
        if (bytes.size < source->offset)
            return 1;
        bytes = span_slice(bytes, source->offset, bytes.size - source->offset);
        if (bytes.size > source->value.size)
            bytes.size = source->value.size;
        return span_compare(source->value, bytes);
    case COMPARATOR_LONG:
        return long_order(source, bytes);
    case COMPARATOR_BIG_DECIMAL:
        return big_decimal_compare(source->value, bytes);
    case COMPARATOR_BIT:
        return bit_order(source, bytes);
    case COMPARATOR_NULL:
        return 1; /* there is a value */
    case COMPARATOR_REGEX:
        return regex_order(compiled, bytes);
    case COMPARATOR_SUBSTRING:
        return substring_order(compiled, bytes);
    default:
        return span_compare(source->value, bytes);
    }
}

/* Room for text that a long value needed; a filter has up to a thousand comparators, and each would keep its own. */
static void give_back(struct buffer *buffer)
{
    if (buffer && buffer->capacity > COMPARATOR_KEPT_BYTES)
        buffer_deinit(buffer);
}

static bool has_failed(const struct buffer *buffer)
{
    return buffer && buffer_status(buffer);
}

bool compiled_comparator_keeps(
    const struct compiled_comparator *compiled, enum compare_op op, struct span bytes)
{
    if (op == COMPARE_NO_OP || !compiled->source)
        return false;
    int order = compiled_comparator_order(compiled, bytes);
    give_back(compiled->text);
    give_back(compiled->lowered_text);
    switch (op) {
    case COMPARE_LESS:
        return order > 0;
    case COMPARE_LESS_OR_EQUAL:
        return order >= 0;
    case COMPARE_EQUAL:
        return order == 0;
    case COMPARE_NOT_EQUAL:
        return order != 0;
    case COMPARE_GREATER_OR_EQUAL:
        return order <= 0;
    case COMPARE_GREATER:
        return order < 0;
    default:
        return false;
    }
}

enum status comparator_compare(
    const struct comparator *comparator, struct span bytes, int *out_order, struct error *error)
{
    struct compiled_comparator compiled;
    enum status status = compiled_comparator_init(&compiled, comparator, error);
    if (status)
        return status;
    *out_order = compiled_comparator_order(&compiled, bytes);
    if (has_failed(compiled.text) || has_failed(compiled.lowered_text))
        status = error_set(error, STATUS_NO_MEMORY, "text of %zu bytes", bytes.size);
    compiled_comparator_deinit(&compiled);
    return status;
}
