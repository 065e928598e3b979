/* stele bench diff: two reports side by side. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/options.h"
#include "bench/comparison.h"
#include "bench/output_file.h"

#define EXIT_WORSE 4

static const char usage[] =
    "usage: stele bench diff A.json B.json [options]\n"
    "Compares two reports of 'bench load --json' or 'bench engine --json': rates, percentiles and "
    "CPU side by side,\n"
    "and whether B differs from A by more than chance. A file may hold several runs, one object "
    "after the other;\n"
    "with three or more on both sides the runs are compared, else their seconds.\n"
    "\n"
    "  --least=PERCENT     a change below it is none (default 3)\n"
    "  --chance=PERCENT    how likely chance alone may make a change that counts (default 1)\n"
    "  --fail-on-worse     exit 4 when a figure of B is worse\n"
    "  --json              the comparison as JSON (schema stele.diff/1)\n"
    "\n"
    "The test is Mann-Whitney's U (ranks only, two-sided). Seconds that follow each other are not "
    "independent: for\n"
    "them it is widened by their lag-1 correlation, and Welch's t is asked too. Latencies are the "
    "intended ones.\n"
    "\n"
    "Exit codes: 0 done, 1 a file cannot be read, 2 wrong usage, 4 worse (with --fail-on-worse).\n";

static bool take_percent(const struct options *options, const char *name, double *out_percent)
{
    const char *text = options_get(options, name);
    char *end;
    if (!text)
        return true;
    errno = 0;
    *out_percent = strtod(text, &end);
    if (!errno && end != text && !*end && *out_percent >= 0 && *out_percent <= 100)
        return true;
    fprintf(stderr, "stele: bench diff: --%s takes 0 to 100, not '%s'\n", name, text);
    return false;
}

int command_bench_diff(int argc, char **argv)
{
    struct option_value values[] = {{.name = "least"}, {.name = "chance"},
        {.name = "fail-on-worse", .is_flag = true}, {.name = "json", .is_flag = true}};
    const char *paths[2];
    struct options options = {.command = "bench diff",
        .usage = usage,
        .values = values,
        .value_count = sizeof values / sizeof *values,
        .arguments = paths,
        .argument_limit = 2};
    struct comparison_plan plan = {.least_percent = 3, .probability = 1};
    json_t *reports[2] = {NULL, NULL}, *comparison = NULL;
    struct error error = {0};
    size_t worse = 0;
    int code = options_parse(&options, argc, argv);
    if (code >= 0)
        return code;
    if (options.argument_count != 2) {
        fputs("stele: bench diff takes two files; try 'stele bench diff --help'\n", stderr);
        return EXIT_USAGE;
    }
    if (!take_percent(&options, "least", &plan.least_percent) ||
        !take_percent(&options, "chance", &plan.probability))
        return EXIT_USAGE;
    plan.probability /= 100;
    code = EXIT_DONE;
    for (size_t i = 0; i < 2 && code == EXIT_DONE; i++) {
        if (comparison_read(paths[i], &reports[i], &error)) {
            fprintf(stderr, "stele: bench diff: %s\n", error.message);
            code = EXIT_FAILED;
        }
    }
    if (code == EXIT_DONE && !(comparison = comparison_make(&plan, reports[0], reports[1]))) {
        fputs("stele: bench diff: no memory for a comparison\n", stderr);
        code = EXIT_FAILED;
    }
    if (code == EXIT_DONE && options_get(&options, "json"))
        json_dumpf(comparison, stdout, JSON_INDENT(1) | JSON_REAL_PRECISION(10)), putchar('\n');
    else if (code == EXIT_DONE)
        comparison_print(stdout, comparison);
    worse = comparison_worse(comparison);
    if (code == EXIT_DONE && !output_flush("bench diff"))
        code = EXIT_FAILED;
    if (code == EXIT_DONE && worse && options_get(&options, "fail-on-worse")) {
        fprintf(
            stderr, "stele: bench diff: %zu figure%s worse\n", worse, worse == 1 ? " is" : "s are");
        code = EXIT_WORSE;
    }
    json_decref(comparison);
    json_decref(reports[0]);
    json_decref(reports[1]);
    return code;
}
