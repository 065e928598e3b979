/* The logical key of a study: what a row is about, before a row key design turns it into bytes.
 *
 * A key has named fields of fixed width, in their natural order ("birth", 8 digits; "serial", 4 digits). A partial
 * key says what a query knows of each field: all of it, how it begins, or nothing. */
#ifndef STELE_BENCH_STUDY_STUDY_KEY_H
#define STELE_BENCH_STUDY_STUDY_KEY_H

#include "base/bytes.h"

#define STUDY_FIELDS     4
#define STUDY_FIELD_SIZE 16
#define STUDY_KEY_SIZE   96 /* most bytes of a row key */

struct study_field {
    const char *name;
    uint8_t width; /* bytes, the same in every key */
};

/* The fields of a scenario. */
struct study_layout {
    struct study_field fields[STUDY_FIELDS];
    size_t count;
};

struct study_key {
    uint8_t text[STUDY_FIELDS][STUDY_FIELD_SIZE];
    uint8_t known
        [STUDY_FIELDS]; /* bytes of each field that are known: its width, unless the key is partial */
};

static inline struct span study_key_field(const struct study_key *key, size_t field)
{
    return span_make(key->text[field], key->known[field]);
}

/* Whether the key begins, in every field, as the partial one does. */
bool study_key_matches(const struct study_key *key, const struct study_key *partial);
/* A field by its name; -1 when there is none. */
int study_layout_find(const struct study_layout *layout, struct span name);
/* Sets a field from text of its width. */
void study_key_set(
    struct study_key *key, const struct study_layout *layout, size_t field, const char *text);

#endif
