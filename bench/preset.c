#include "bench/preset.h"

#include <string.h>

#include "base/options.h"

/* YCSB: rows of 10 columns of 100 bytes, keys in hashed order (its `core` workload's defaults). */
#define YCSB_ROWS                                                                                  \
    {"columns", "10"}, {"value-size", "100"},                                                      \
    {                                                                                              \
        "key-order", "hashed"                                                                      \
    }
/* PerformanceEvaluation: one column of 1,000 bytes, keys of 26 digits. */
#define PE_ROWS                                                                                    \
    {"value-size", "1000"}, {"key-prefix", ""},                                                    \
    {                                                                                              \
        "key-size", "26"                                                                           \
    }
#define PIPELINED                                                                                  \
    {                                                                                              \
        "depth", "16"                                                                              \
    }
#define EMPTY_AT_FIRST                                                                             \
    {                                                                                              \
        "no-fill", ""                                                                              \
    }

static const struct preset presets[] = {
    {"ycsb-a", "half reads, half updates, zipf",
        {{"mix", "read:50,update:50"}, {"keys", "zipf-scrambled"}, YCSB_ROWS}},
    {"ycsb-b", "95 % reads, 5 % updates, zipf",
        {{"mix", "read:95,update:5"}, {"keys", "zipf-scrambled"}, YCSB_ROWS}},
    {"ycsb-c", "reads only, zipf", {{"mix", "read:100"}, {"keys", "zipf-scrambled"}, YCSB_ROWS}},
    {"ycsb-d", "95 % reads of the latest rows, 5 % inserts",
        {{"mix", "read:95,insert:5"}, {"keys", "latest"}, YCSB_ROWS}},
    {"ycsb-e", "95 % scans of up to 100 rows, 5 % inserts",
        {{"mix", "scan:95,insert:5"}, {"keys", "zipf-scrambled"}, {"scan-rows", "uniform:1-100"},
            YCSB_ROWS}},
    {"ycsb-f", "half reads, half read-modify-writes, zipf",
        {{"mix", "read:50,read-modify-write:50"}, {"keys", "zipf-scrambled"}, YCSB_ROWS}},
    {"randomRead", "gets of uniform rows", {{"mix", "read"}, PE_ROWS}},
    {"metaRandomRead", "look-ups in hbase:meta of the tablets of uniform rows (--splits=N)",
        {{"mix", "locate"}, EMPTY_AT_FIRST, PE_ROWS}},
    {"randomWrite", "puts of uniform rows", {{"mix", "update"}, EMPTY_AT_FIRST, PE_ROWS}},
    {"randomDelete", "deletes of uniform rows", {{"mix", "delete"}, PE_ROWS}},
    {"sequentialRead", "gets in order", {{"mix", "read"}, {"keys", "sequential"}, PE_ROWS}},
    {"sequentialWrite", "puts in order",
        {{"mix", "update"}, {"keys", "sequential"}, EMPTY_AT_FIRST, PE_ROWS}},
    {"sequentialDelete", "deletes in order", {{"mix", "delete"}, {"keys", "sequential"}, PE_ROWS}},
    {"randomSeekScan", "scans of 120 rows from uniform rows",
        {{"mix", "scan"}, {"scan-rows", "120"}, PE_ROWS}},
    {"scan", "scans of the whole table", {{"mix", "scan"}, {"scan-rows", "0"}, PE_ROWS}},
    {"reverseScan", "scans of the whole table, backwards",
        {{"mix", "scan"}, {"scan-rows", "0"}, {"scan-reversed", ""}, PE_ROWS}},
    {"scanRange10", "scans of 10 rows", {{"mix", "scan"}, {"scan-rows", "10"}, PE_ROWS}},
    {"scanRange100", "scans of 100 rows", {{"mix", "scan"}, {"scan-rows", "100"}, PE_ROWS}},
    {"scanRange1000", "scans of 1,000 rows", {{"mix", "scan"}, {"scan-rows", "1000"}, PE_ROWS}},
    {"scanRange10000", "scans of 10,000 rows", {{"mix", "scan"}, {"scan-rows", "10000"}, PE_ROWS}},
    {"filterScan", "scans of the whole table for a value that is not there",
        {{"mix", "scan"}, {"scan-rows", "0"}, {"scan-filter", "ValueFilter(=, 'binary:none')"},
            PE_ROWS}},
    {"increment", "increments of uniform rows", {{"mix", "increment"}, PE_ROWS}},
    {"append", "appends to uniform rows", {{"mix", "append"}, PE_ROWS}},
    {"checkAndPut", "conditional puts", {{"mix", "check-and-put"}, PE_ROWS}},
    {"checkAndMutate", "conditional puts", {{"mix", "check-and-put"}, PE_ROWS}},
    {"checkAndDelete", "conditional deletes", {{"mix", "check-and-delete"}, PE_ROWS}},
    {"asyncRandomRead", "gets of uniform rows, 16 in flight",
        {{"mix", "read"}, PIPELINED, PE_ROWS}},
    {"asyncRandomWrite", "puts of uniform rows, 16 in flight",
        {{"mix", "update"}, PIPELINED, EMPTY_AT_FIRST, PE_ROWS}},
    {"asyncSequentialRead", "gets in order, 16 in flight",
        {{"mix", "read"}, {"keys", "sequential"}, PIPELINED, PE_ROWS}},
    {"asyncSequentialWrite", "puts in order, 16 in flight",
        {{"mix", "update"}, {"keys", "sequential"}, PIPELINED, EMPTY_AT_FIRST, PE_ROWS}},
    {"asyncScan", "scans of the whole table, 16 in flight",
        {{"mix", "scan"}, {"scan-rows", "0"}, PIPELINED, PE_ROWS}},
};

/* PerformanceEvaluation's, which cannot be had here. */
static const struct preset_refusal refusals[] = {
    {"metaWrite", "it puts made-up regions into hbase:meta, which is the master's alone; create a "
                  "table with --splits=N, and metaRandomRead looks its tablets up"},
    {"cleanMeta", "it deletes from hbase:meta what metaWrite put there, which is not done here; "
                  "--drop takes a load's table and its tablets away"},
};

#define REFUSAL_COUNT (sizeof refusals / sizeof *refusals)
#define PRESET_COUNT  (sizeof presets / sizeof *presets)

const struct preset *preset_find(const char *name)
{
    for (size_t i = 0; i < PRESET_COUNT; i++)
        if (strcmp(presets[i].name, name) == 0)
            return &presets[i];
    return NULL;
}

const char *preset_why_refused(const char *name)
{
    for (size_t i = 0; i < REFUSAL_COUNT; i++)
        if (strcmp(refusals[i].name, name) == 0)
            return refusals[i].why;
    return NULL;
}

const char *preset_nearest(const char *name)
{
    const char *names[PRESET_COUNT];
    for (size_t i = 0; i < PRESET_COUNT; i++)
        names[i] = presets[i].name;
    return options_nearest(name, names, PRESET_COUNT);
}

void preset_each(void (*each)(void *context, const struct preset *preset), void *context)
{
    for (size_t i = 0; i < PRESET_COUNT; i++)
        each(context, &presets[i]);
}

void preset_each_refused(
    void (*each)(void *context, const struct preset_refusal *refusal), void *context)
{
    for (size_t i = 0; i < REFUSAL_COUNT; i++)
        each(context, &refusals[i]);
}
