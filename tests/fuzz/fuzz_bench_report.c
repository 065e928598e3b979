/* The files that `stele bench diff` reads: whatever JSON says it is a report, two of them can be put side by side. */
#include "tests/fuzz/fuzz.h"

#include <stdio.h>

#include "bench/comparison.h"

static json_t *read_reports(const uint8_t *data, size_t size)
{
    json_t *reports = NULL;
    struct error error = {0};
    FILE *file = fmemopen((void *)(uintptr_t)data, size, "r");
    if (!file)
        return NULL;
    if (comparison_read_stream(file, "input", &reports, &error))
        fuzz_check(error.message[0]);
    else
        fuzz_check(json_array_size(reports) > 0);
    fclose(file);
    return reports;
}

/* Two files, parted by the first zero byte; without one the file is held against itself. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct comparison_plan plan = {.least_percent = 3, .probability = 0.01};
    const uint8_t *end = size ? memchr(data, 0, size) : NULL;
    size_t first = end ? (size_t)(end - data) : size;
    char said[4096];
    if (first == 0)
        return 0;
    json_t *a = read_reports(data, first);
    json_t *b = end && first + 1 < size ? read_reports(end + 1, size - first - 1) : json_incref(a);
    FILE *out = fmemopen(said, sizeof said, "w");
    if (a && b && out) {
        json_t *comparison = comparison_make(&plan, a, b);
        fuzz_check(comparison != NULL);
        comparison_print(out, comparison);
        json_decref(comparison);
    }
    if (out)
        fclose(out);
    json_decref(a);
    json_decref(b);
    return 0;
}
