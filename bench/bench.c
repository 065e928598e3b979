#include "bench/bench.h"

#include <stdio.h>
#include <string.h>

#include "bench/comparison.h"
#include "bench/load.h"
#include "bench/study/study.h"

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *summary;
} commands[] = {
    {"load", command_bench_load, "drive a server (Stele or HBase): rate, latency, CPU"},
    {"study", command_bench_study, "compare row key designs: which make a hot spot"},
    {"engine", command_bench_engine, "the same loads on the storage library alone"},
    {"diff", command_bench_diff, "two reports side by side, with significance"},
};

#define COMMAND_COUNT (sizeof commands / sizeof *commands)

static void print_usage(FILE *out)
{
    fputs("usage: stele bench COMMAND [OPTIONS]\n\n", out);
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        fprintf(out, "  %-8s %s\n", commands[i].name, commands[i].summary);
    fputs("\n'stele bench COMMAND --help' tells more about each.\n", out);
}

int command_bench(int argc, char **argv)
{
    const char *names[COMMAND_COUNT];
    if (argc < 2) {
        print_usage(stderr);
        return EXIT_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        print_usage(stdout);
        return EXIT_DONE;
    }
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        names[i] = commands[i].name;
        if (strcmp(argv[1], commands[i].name) == 0)
            return commands[i].run(argc - 1, argv + 1);
    }
    const char *nearest = options_nearest(argv[1], names, COMMAND_COUNT);
    if (nearest)
        fprintf(stderr, "stele: bench has no command '%s'; did you mean '%s'?\n", argv[1], nearest);
    else
        fprintf(stderr, "stele: bench has no command '%s'; try 'stele bench --help'\n", argv[1]);
    return EXIT_USAGE;
}
