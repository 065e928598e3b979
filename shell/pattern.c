#include "shell/pattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/limits.h"
#include "base/memory.h"

struct pattern {
    pcre2_code *code;
    pcre2_match_data *match;
    pcre2_match_context *context;
};

/* What PCRE2 says otherwise: \h and \H are hex digits in Ruby. False: a set in a set. */
static bool put_pcre(struct buffer *out, struct span ruby)
{
    bool is_in_set = false;
    for (size_t i = 0; i < ruby.size; i++) {
        uint8_t byte = ruby.data[i], next = i + 1 < ruby.size ? ruby.data[i + 1] : 0;
        if (byte == '\\' && i + 1 < ruby.size) {
            if (next == 'h')
                buffer_put(
                    out, is_in_set ? SPAN_LITERAL("0-9a-fA-F") : SPAN_LITERAL("[0-9a-fA-F]"));
            else if (next == 'H' && !is_in_set)
                buffer_put(out, SPAN_LITERAL("[^0-9a-fA-F]"));
            else
                buffer_put(out, span_slice(ruby, i, 2));
            i++;
            continue;
        }
        if (is_in_set && byte == '[' && next == ':') { /* [:alpha:] */
            size_t size = span_find(span_slice(ruby, i + 1, ruby.size - i - 1), ']');
            size = size == SIZE_MAX ? 1 : size + 2;
            buffer_put(out, span_slice(ruby, i, size));
            i += size - 1;
            continue;
        }
        if (is_in_set && (byte == '[' || (byte == '&' && next == '&')))
            return false;
        buffer_put_u8(out, byte);
        if (!is_in_set && byte == '[') {
            is_in_set = true;
            for (size_t k = 0; k < 2 && i + 1 < ruby.size; k++) { /* ^ and ] may come first */
                if (ruby.data[i + 1] != "^]"[k])
                    continue;
                buffer_put_u8(out, ruby.data[++i]);
            }
        } else if (byte == ']') {
            is_in_set = false;
        }
    }
    return true;
}

static pcre2_code *compile(struct span words, unsigned options, bool is_text, int *out_code,
    size_t *out_offset, pcre2_compile_context *context)
{
    uint32_t flags = PCRE2_MULTILINE | PCRE2_NEVER_BACKSLASH_C; /* ^ and $ are those of a line */
    if (is_text)
        flags |= PCRE2_UTF | PCRE2_MATCH_INVALID_UTF;
    if (options & PATTERN_IGNORECASE)
        flags |= PCRE2_CASELESS;
    if (options & PATTERN_EXTENDED)
        flags |= PCRE2_EXTENDED;
    if (options & PATTERN_MULTILINE)
        flags |= PCRE2_DOTALL;
    return pcre2_compile(words.data, words.size, flags, out_code, out_offset, context);
}

enum status pattern_new(
    struct span source, unsigned options, struct pattern **out_pattern, struct error *error)
{
    struct buffer words = {0};
    int code = 0;
    size_t offset = 0;
    enum status status = STATUS_OK;
    struct pattern *pattern = memory_allocate_zeroed(1, sizeof *pattern);
    pcre2_compile_context *context = pcre2_compile_context_create(NULL);
    bool is_told = put_pcre(&words, source);
    buffer_put_u8(&words, 0); /* so that there is something */
    if (!pattern || !context || buffer_status(&words)) {
        status = error_set(error, STATUS_NO_MEMORY, "no memory for a pattern");
        goto done;
    }
    if (!is_told) {
        status = error_set(error, STATUS_INVALID, "sets in sets are not supported");
        goto done;
    }
    pcre2_set_newline(context, PCRE2_NEWLINE_LF);
    struct span text = span_make(words.data, words.size - 1);
    pattern->code = compile(text, options, true, &code, &offset, context);
    if (!pattern->code && code < 0) /* not UTF-8 */
        pattern->code = compile(text, options, false, &code, &offset, context);
    if (!pattern->code) {
        PCRE2_UCHAR why[120];
        pcre2_get_error_message(code, why, sizeof why);
        status = error_set(error, STATUS_INVALID, "%s at %zu", (const char *)why, offset);
        goto done;
    }
    pattern->match = pcre2_match_data_create_from_pattern(pattern->code, NULL);
    pattern->context = pcre2_match_context_create(NULL);
    if (!pattern->match || !pattern->context) {
        status = error_set(error, STATUS_NO_MEMORY, "no memory for a pattern");
        goto done;
    }
    pcre2_set_match_limit(pattern->context, LIMIT_REGEX_MATCH);
    pcre2_set_heap_limit(pattern->context, LIMIT_REGEX_HEAP_KIB);
    *out_pattern = pattern;
    pattern = NULL;
done:
    pcre2_compile_context_free(context);
    buffer_deinit(&words);
    pattern_free(pattern);
    return status;
}

void pattern_free(struct pattern *pattern)
{
    if (!pattern)
        return;
    pcre2_code_free(pattern->code);
    pcre2_match_data_free(pattern->match);
    pcre2_match_context_free(pattern->context);
    memory_free(pattern);
}

enum status pattern_search(struct pattern *pattern, struct span text, size_t from,
    const size_t **out_places, size_t *out_count, struct error *error)
{
    if (from > text.size)
        return STATUS_NOT_FOUND;
    int found = pcre2_match(pattern->code, text.size ? text.data : (PCRE2_SPTR) "", text.size, from,
        0, pattern->match, pattern->context);
    if (found == PCRE2_ERROR_NOMATCH)
        return STATUS_NOT_FOUND;
    if (found < 0) {
        PCRE2_UCHAR why[120];
        pcre2_get_error_message(found, why, sizeof why);
        return error_set(error, STATUS_LIMIT, "%s", (const char *)why);
    }
    *out_places = pcre2_get_ovector_pointer(pattern->match);
    *out_count = pcre2_get_ovector_count(pattern->match);
    return STATUS_OK;
}

void pattern_names(const struct pattern *pattern,
    void (*each)(void *context, const char *name, unsigned number), void *context)
{
    uint32_t count = 0, size = 0;
    PCRE2_SPTR table = NULL;
    pcre2_pattern_info(pattern->code, PCRE2_INFO_NAMECOUNT, &count);
    pcre2_pattern_info(pattern->code, PCRE2_INFO_NAMEENTRYSIZE, &size);
    pcre2_pattern_info(pattern->code, PCRE2_INFO_NAMETABLE, &table);
    for (uint32_t i = 0; i < count; i++, table += size)
        each(context, (const char *)table + 2, (unsigned)(table[0] << 8 | table[1]));
}
