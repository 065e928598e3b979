/* Ruby's regular expressions, on PCRE2: it has what they have, but for sets in sets ([a[bc]], &&), which are refused. The text
 * is UTF-8; where it is not, its bytes match nothing but themselves. */
#ifndef STELE_SHELL_PATTERN_H
#define STELE_SHELL_PATTERN_H

#include <stddef.h>

#include "base/bytes.h"
#include "base/status.h"

/* Numbers of Ruby's Regexp. */
enum pattern_option {
    PATTERN_IGNORECASE = 1,
    PATTERN_EXTENDED = 2,
    PATTERN_MULTILINE = 4, /* a dot is a newline too */
};

struct pattern;

/* STATUS_INVALID: no pattern, or one that is not there; *error says why and where. */
enum status pattern_new(
    struct span source, unsigned options, struct pattern **out_pattern, struct error *error);
void pattern_free(struct pattern *pattern);

/* Where the text has the pattern first, from byte `from` on, which begins a character: STATUS_NOT_FOUND when nowhere. *out_places
 * are begin and end of the whole and of each group, *out_count pairs, SIZE_MAX where a group took no part; they are the
 * pattern's until its next search. STATUS_LIMIT: it takes too long. */
enum status pattern_search(struct pattern *pattern, struct span text, size_t from,
    const size_t **out_places, size_t *out_count, struct error *error);

/* Calls each(context, name, number) for every named group. */
void pattern_names(const struct pattern *pattern,
    void (*each)(void *context, const char *name, unsigned number), void *context);

#endif
