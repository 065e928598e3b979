/* Two loads side by side, from their reports (schema "stele.load/1"): rates, percentiles and CPU,
 * and whether they differ by more than chance.
 *
 * A side is one run or several of the same kind. With three runs or more on both sides the values
 * compared are the runs'; else they are the seconds of the runs (significance.h says how). A change
 * counts when it is at least `least_percent` and chance makes it in fewer than one of
 * 1 / `probability` cases. */
#ifndef STELE_BENCH_COMPARISON_H
#define STELE_BENCH_COMPARISON_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/status.h"

struct comparison_plan {
    double least_percent;
    double probability;
};

enum verdict { VERDICT_SAME, VERDICT_BETTER, VERDICT_WORSE, VERDICT_UNSURE };

/* a and b: arrays of reports. An object, schema "stele.diff/1", the caller's; NULL on no memory. Fields are added, never
 * changed:
 *   a, b             runs, name, place, revision, seconds, is_partial
 *   settings_differ  [{setting, a, b}]
 *   by               "runs" or "seconds": what was compared; least_percent, chance_percent: the plan
 *   figures          [{operation ("all": all together), figure, a, b, ratio (b / a), change_percent, chance (0 to 1; null:
 *                    one number a side), verdict ("same", "better", "worse", "not sure"; null)}]
 *   worse, unsure    how many of them are */
json_t *comparison_make(const struct comparison_plan *plan, const json_t *a, const json_t *b);
/* Figures that are worse in b. */
size_t comparison_worse(const json_t *comparison);
/* A table for people. */
void comparison_print(FILE *out, const json_t *comparison);
/* Reads a file ("-": standard input) of one report or several. STATUS_INVALID names what is wrong with it. */
enum status comparison_read(const char *path, json_t **out_reports, struct error *error);
enum status comparison_read_stream(
    FILE *file, const char *name, json_t **out_reports, struct error *error);

/* The subcommand "diff"; argv[0] is "diff". Returns the exit code. */
int command_bench_diff(int argc, char **argv);

#endif
