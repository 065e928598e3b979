/* Files of keys for `stele bench study --advise`: each that can be read is put into ranges that keep the weights, and
 * judged. */
#include "tests/fuzz/fuzz.h"

#include <math.h>
#include <stdio.h>

#include "bench/study/key_lines.h"

static void fold(struct key_lines *lines)
{
    static struct key_lines_heat folded;
    struct key_diagnosis diagnosis;
    double weights = 0, loads = 0;
    for (size_t i = 0; i < lines->count; i++)
        weights += lines->all[i].weight;
    key_lines_fold(lines, &folded);
    for (size_t i = 0; i < folded.heat.buckets * folded.heat.columns; i++)
        loads += folded.loads[i];
    fuzz_check(fabs(loads - weights) <= 1e-6 * weights);
    if (key_advice_diagnose(&folded.heat, &diagnosis))
        fuzz_check(diagnosis.from <= diagnosis.to && diagnosis.to <= folded.heat.buckets);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct key_lines lines = {0};
    struct error error = {0};
    FILE *file = size ? fmemopen((void *)(uintptr_t)data, size, "r") : NULL;
    if (!file)
        return 0;
    if (key_lines_read(file, "input", &lines, &error))
        fuzz_check(error.message[0]);
    else
        fold(&lines);
    fclose(file);
    key_lines_deinit(&lines);
    return 0;
}
