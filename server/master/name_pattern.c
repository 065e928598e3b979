#include "server/master/name_pattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/limits.h"
#include "base/memory.h"

struct name_pattern {
    pcre2_code *code;
    pcre2_match_data *match;
    pcre2_match_context *context;
};

enum status name_pattern_new(
    struct span pattern, struct name_pattern **out_pattern, struct error *error)
{
    int code;
    PCRE2_SIZE offset;
    PCRE2_UCHAR text[120];
    struct name_pattern *made = memory_allocate_zeroed(1, sizeof *made);
    if (!made)
        return error_set(error, STATUS_NO_MEMORY, "no memory for a pattern");
    made->code = pcre2_compile(pattern.size ? pattern.data : (PCRE2_SPTR) "", pattern.size,
        PCRE2_ANCHORED | PCRE2_ENDANCHORED, &code, &offset, NULL);
    if (!made->code) {
        pcre2_get_error_message(code, text, sizeof text);
        name_pattern_free(made);
        return error_set(error, STATUS_INVALID, "%s near index %zu in %.*s", (const char *)text,
            offset, (int)pattern.size, (const char *)pattern.data);
    }
    made->match = pcre2_match_data_create_from_pattern(made->code, NULL);
    made->context = pcre2_match_context_create(NULL);
    if (!made->match || !made->context) {
        name_pattern_free(made);
        return error_set(error, STATUS_NO_MEMORY, "no memory for a pattern");
    }
    pcre2_set_match_limit(made->context, LIMIT_REGEX_MATCH);
    pcre2_set_heap_limit(made->context, LIMIT_REGEX_HEAP_KIB);
    *out_pattern = made;
    return STATUS_OK;
}

void name_pattern_free(struct name_pattern *pattern)
{
    if (!pattern)
        return;
    pcre2_code_free(pattern->code);
    pcre2_match_data_free(pattern->match);
    pcre2_match_context_free(pattern->context);
    memory_free(pattern);
}

static bool matches(struct name_pattern *pattern, struct span name)
{
    return pcre2_match(
               pattern->code, name.data, name.size, 0, 0, pattern->match, pattern->context) >= 0;
}

bool name_pattern_matches(struct name_pattern *pattern, struct span table_name)
{
    uint8_t memory[LIMIT_TABLE_NAME_SIZE + 8] = "default:";
    if (!pattern || matches(pattern, table_name))
        return true;
    if (span_find(table_name, ':') != SIZE_MAX || table_name.size > LIMIT_TABLE_NAME_SIZE)
        return false;
    memcpy(memory + 8, table_name.data, table_name.size);
    return matches(pattern, span_make(memory, table_name.size + 8));
}
