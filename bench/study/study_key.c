#include "bench/study/study_key.h"

#include <string.h>

int study_layout_find(const struct study_layout *layout, struct span name)
{
    for (size_t i = 0; i < layout->count; i++)
        if (span_equal(span_string(layout->fields[i].name), name))
            return (int)i;
    return -1;
}

bool study_key_matches(const struct study_key *key, const struct study_key *partial)
{
    for (size_t i = 0; i < STUDY_FIELDS; i++)
        if (memcmp(key->text[i], partial->text[i], partial->known[i]) != 0)
            return false;
    return true;
}

void study_key_set(
    struct study_key *key, const struct study_layout *layout, size_t field, const char *text)
{
    size_t width = layout->fields[field].width;
    memcpy(key->text[field], text, width);
    key->known[field] = (uint8_t)width;
}
