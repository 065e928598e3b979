/* A comparator made ready to compare many values: patterns compiled, text lowered. */
#ifndef STELE_MODEL_COMPILED_COMPARATOR_H
#define STELE_MODEL_COMPILED_COMPARATOR_H

#include "model/filter.h"

struct compiled_comparator {
    const struct comparator *source; /* NULL: there is none */
    void *regex;                     /* pcre2_code, match data and context, owned */
    void *match;
    void *context;
    struct buffer lowered;       /* SUBSTRING: in lower case */
    struct buffer *text;         /* REGEX, SUBSTRING: of the bytes compared last, owned */
    struct buffer *lowered_text; /* SUBSTRING: in lower case, owned */
};

/* A zeroed one is a valid one of a NULL comparator. STATUS_INVALID: the pattern, with where and why;
 * STATUS_UNSUPPORTED with HBase's class; STATUS_NO_MEMORY. */
enum status compiled_comparator_init(
    struct compiled_comparator *compiled, const struct comparator *source, struct error *error);
void compiled_comparator_deinit(struct compiled_comparator *compiled);
/* HBase's ByteArrayComparable.compareTo: the comparator's value against these bytes. */
int compiled_comparator_order(const struct compiled_comparator *compiled, struct span bytes);
/* True when `bytes op comparator` holds: what HBase's CompareFilter keeps. NO_OP keeps nothing. */
bool compiled_comparator_keeps(
    const struct compiled_comparator *compiled, enum compare_op op, struct span bytes);

#endif
