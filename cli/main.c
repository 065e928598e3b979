/* stele: the table of subcommands. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/options.h"
#include "base/pause.h"
#include "bench/bench.h"
#include "cli/commands.h"
#include "shell/shell.h"

struct command {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *summary;
};

static const struct command commands[] = {
    {"standalone", command_standalone,
        "serve: master and tablet server in one process, over one directory"},
    {"master", command_master, "one of the masters of a cluster, over a shared directory"},
    {"tabletserver", command_tabletserver, "one of the tablet servers of a cluster"},
    {"shell", command_shell, "the HBase shell's commands, here or on a script"},
    {"bench", command_bench, "drive a server and measure it"},
    {"import", command_import, "load a file into a table"},
    {"export", command_export, "write a table to a file"},
    {"export-snapshot", command_export_snapshot, "copy a snapshot into a directory of its own"},
    {"rolling-restart", command_rolling_restart,
        "restart a cluster's servers one by one, every tablet stays served"},
    {"dump", command_dump, "print any on-disk file in words"},
    {"fsck", command_fsck, "check every promise of the formats"},
    {"version", command_version, "tell the version"},
};

#define COMMAND_COUNT (sizeof commands / sizeof commands[0])

static void print_usage(FILE *out)
{
    fputs("usage: stele COMMAND [OPTIONS]\n\n", out);
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        fprintf(out, "  %-16s %s\n", commands[i].name, commands[i].summary);
    fputs("\n'stele COMMAND --help' tells more about each.\n", out);
}

static int refuse(const char *name)
{
    const char *names[COMMAND_COUNT];
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        names[i] = commands[i].name;
    const char *nearest = options_nearest(name, names, COMMAND_COUNT);
    if (nearest)
        fprintf(stderr, "stele: there is no command '%s'; did you mean '%s'?\n", name, nearest);
    else
        fprintf(stderr, "stele: there is no command '%s'; try 'stele --help'\n", name);
    return EXIT_USAGE;
}

/* The code, or EXIT_FAILED when what was said did not arrive. */
static int end_output(int code)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return code;
    if (errno != EPIPE)
        fprintf(stderr, "stele: standard output: %s\n", strerror(errno));
    return code == EXIT_DONE ? EXIT_FAILED : code;
}

int main(int argc, char **argv)
{
    const char *problem;
    signal(SIGPIPE, SIG_IGN);
    if (!pause_arm_from_environment(&problem)) {
        fprintf(stderr, "stele: STELE_PAUSE: %s\n", problem);
        return EXIT_USAGE;
    }
    if (argc < 2) {
        print_usage(stderr);
        return EXIT_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
        strcmp(argv[1], "help") == 0) {
        print_usage(stdout);
        return EXIT_DONE;
    }
    if (strcmp(argv[1], "--version") == 0)
        return end_output(command_version(1, argv + 1));
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (strcmp(argv[1], commands[i].name) == 0)
            return end_output(commands[i].run(argc - 1, argv + 1));
    return refuse(argv[1]);
}
