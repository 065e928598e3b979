#include "shell/pattern.h"

#include <ctype.h>
#include <string.h>

struct pattern {
    const char *at; /* of the text in Ruby's words */
    struct buffer *out;
    unsigned depth;       /* of groups */
    bool has_uncounted;   /* a group that has no number in Ruby */
    bool has_reference;   /* \1 */
    bool is_after_repeat; /* * + ? */
};

/* The byte that \n and the like stand for; 0 for what is none. */
static uint8_t control_of(char letter)
{
    static const char letters[] = "ntrfvae", controls[] = "\n\t\r\f\v\a\x1b";
    const char *found = letter ? strchr(letters, letter) : NULL;
    return found ? (uint8_t)controls[found - letters] : 0;
}

/* \x outside of a set; `at` is its letter. */
static bool put_escape(struct pattern *pattern)
{
    static const struct {
        char letter;
        const char *posix;
    } words[] = {{'d', "[0-9]"}, {'D', "[^0-9]"}, {'h', "[0-9a-fA-F]"}, {'H', "[^0-9a-fA-F]"},
        {'A', "\\`"}, {'z', "\\'"}, {'Z', "\n?\\'"}};
    char letter = *pattern->at++;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (words[i].letter == letter) {
            buffer_put(pattern->out, span_string(words[i].posix));
            return true;
        }
    uint8_t control = control_of(letter);
    if (control) {
        buffer_put_u8(pattern->out, control);
    } else if (letter && strchr("wWsSbB123456789.[]{}()*+?^$|\\", letter)) {
        pattern->has_reference |= isdigit((unsigned char)letter) != 0;
        buffer_put_format(pattern->out, "\\%c", letter);
    } else if (letter && !isalnum((unsigned char)letter)) {
        buffer_put_u8(pattern->out, (uint8_t)letter);
    } else {
        return false;
    }
    return true;
}

/* \x in a set, where the C library takes a backslash for one. */
static bool put_set_escape(struct pattern *pattern)
{
    char letter = *pattern->at++;
    uint8_t control = letter == 'b' ? '\b' : control_of(letter);
    if (control)
        buffer_put_u8(pattern->out, control);
    else if (letter == 'd')
        buffer_put(pattern->out, SPAN_LITERAL("0-9"));
    else if (letter == 'h')
        buffer_put(pattern->out, SPAN_LITERAL("0-9a-fA-F"));
    else if (letter == 'w')
        buffer_put(pattern->out, SPAN_LITERAL("[:alnum:]_"));
    else if (letter == 's')
        buffer_put(pattern->out, SPAN_LITERAL("[:space:]"));
    else if (letter && strchr("[]^-", letter))
        buffer_put_format(pattern->out, "[.%c.]", letter);
    else if (letter && !isalnum((unsigned char)letter))
        buffer_put_u8(pattern->out, (uint8_t)letter);
    else
        return false;
    return true;
}

/* [...]; `at` is behind its bracket. */
static bool put_set(struct pattern *pattern)
{
    buffer_put_u8(pattern->out, '[');
    if (*pattern->at == '^')
        buffer_put_u8(pattern->out, (uint8_t)*pattern->at++);
    for (bool is_first = true; *pattern->at; is_first = false) {
        const char *at = pattern->at++;
        const char *class_end = at[0] == '[' && at[1] == ':' ? strstr(at, ":]") : NULL;
        if (class_end) {
            buffer_put(pattern->out, span_make(at, (size_t)(class_end + 2 - at)));
            pattern->at = class_end + 2;
        } else if (*at == '[' || (at[0] == '&' && at[1] == '&')) {
            return false;
        } else if (*at == '\\') {
            if (!put_set_escape(pattern))
                return false;
        } else {
            buffer_put_u8(pattern->out, (uint8_t)*at);
            if (*at == ']' && !is_first)
                return true;
        }
    }
    return false;
}

/* (, (?: and (?<name>; `at` is behind the parenthesis. */
static bool put_group(struct pattern *pattern)
{
    const char *at = pattern->at;
    buffer_put_u8(pattern->out, '(');
    if (++pattern->depth > PATTERN_NESTED)
        return false;
    if (at[0] != '?')
        return true;
    const char *name_end = at[1] == '<' && at[2] != '=' && at[2] != '!' ? strchr(at, '>') : NULL;
    if (at[1] != ':' && !name_end)
        return false;
    pattern->has_uncounted = true;
    pattern->at = name_end ? name_end + 1 : at + 2;
    return true;
}

static bool put_next(struct pattern *pattern)
{
    bool was_repeat = pattern->is_after_repeat;
    char next = *pattern->at++;
    pattern->is_after_repeat = false;
    switch (next) {
    case '\\':
        return put_escape(pattern);
    case '[':
        return put_set(pattern);
    case '(':
        return put_group(pattern);
    case '?':
        if (was_repeat) /* the shortest: it is there, and begins, where the longest does */
            return true;
        break;
    case ')':
        pattern->depth -= pattern->depth > 0;
        break;
    default:
        break;
    }
    pattern->is_after_repeat = next == '*' || next == '+' || next == '?';
    buffer_put_u8(pattern->out, (uint8_t)next);
    return true;
}

bool pattern_put_posix(struct buffer *out, const char *ruby)
{
    struct pattern pattern = {.at = ruby, .out = out};
    while (*pattern.at)
        if (!put_next(&pattern))
            return false;
    buffer_put_u8(out, 0);
    return !(pattern.has_reference && pattern.has_uncounted);
}
