/* Row key designs as users write them (`--mappers`): what is read makes rows that fit, gives keys back as they were, and
 * has prefixes that hold its rows. */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "bench/study/key_mapper.h"

static const struct study_layout layout = {{{"birth", 8}, {"serial", 4}, {"kind", 1}}, 3};

static bool holds(const struct key_mapper *mapper, const struct study_key *partial, struct span row)
{
    static struct key_prefix prefixes[KEY_MAPPER_SALT_MAX];
    size_t count = key_mapper_prefixes(mapper, partial, prefixes);
    fuzz_check(count >= 1 && count <= KEY_MAPPER_SALT_MAX);
    for (size_t i = 0; i < count; i++)
        if (span_starts_with(row, span_make(prefixes[i].bytes, prefixes[i].size)))
            return true;
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char text[256];
    struct arena arena = {0};
    struct key_mapper mapper;
    struct dice dice = {size};
    struct study_key key = {0}, back, partial = {.text = {"200305"}, .known = {6}};
    uint8_t row[STUDY_KEY_SIZE];
    if (size >= sizeof text)
        return 0;
    for (size_t i = 0; i < size; i++)
        text[i] = (char)data[i];
    text[size] = '\0';
    study_key_set(&key, &layout, 0, "20030517");
    study_key_set(&key, &layout, 1, "0042");
    study_key_set(&key, &layout, 2, "7");
    if (!key_mapper_parse(text, &layout, &arena, &mapper, NULL)) {
        size_t made = key_mapper_encode(&mapper, &key, &dice, row);
        fuzz_check(made <= sizeof row);
        if (key_mapper_decode(&mapper, span_make(row, made), &back))
            fuzz_check(study_key_matches(&back, &key));
        fuzz_check(holds(&mapper, &partial, span_make(row, made)));
        fuzz_check(holds(&mapper, &key, span_make(row, made)));
    }
    arena_deinit(&arena);
    return 0;
}
