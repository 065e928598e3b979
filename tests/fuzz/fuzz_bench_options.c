/* What users write in the options of `stele bench load`: mixes, distributions, sizes, assertions. */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "bench/assertion.h"
#include "bench/workload.h"

#define ROWS 1000

static void try_distribution(const char *text)
{
    struct key_distribution keys;
    struct key_draw draw;
    if (key_distribution_parse(text, &keys, NULL))
        return;
    key_draw_init(&draw, &keys, ROWS, 1, 0, 1);
    for (unsigned i = 0; i < 20; i++)
        fuzz_check(key_draw_next(&draw, &keys, ROWS + i, i * 1.7) < ROWS + i);
}

static void try_size(const char *text)
{
    struct size_draw draw;
    struct dice dice = {1};
    if (size_draw_parse(text, 100000, &draw, NULL))
        return;
    for (unsigned i = 0; i < 20; i++) {
        uint64_t size = size_draw_next(&draw, &dice);
        fuzz_check(size >= draw.least && size <= draw.most && size <= 100000);
    }
}

static void try_mix(const char *text)
{
    struct mix mix;
    struct dice dice = {1};
    if (mix_parse(text, &mix, NULL))
        return;
    for (unsigned i = 0; i < 20; i++)
        fuzz_check(mix.percent[mix_draw(&mix, &dice)] > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct assertions assertions;
    char text[512];
    if (size >= sizeof text)
        return 0;
    for (size_t i = 0; i < size; i++)
        text[i] = (char)data[i];
    text[size] = '\0';
    try_distribution(text);
    try_size(text);
    try_mix(text);
    if (!assertions_parse(text, &assertions, NULL))
        fuzz_check(assertions.count <= ASSERTIONS_MOST);
    return 0;
}
