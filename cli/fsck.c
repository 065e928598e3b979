/* stele fsck DIR: every promise of the formats, checked; with --repair, kept again where that can be. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/options.h"
#include "cli/commands.h"
#include "storage/storage.h"

static const char usage[] =
    "usage: stele fsck DIR [--repair]\n"
    "\n"
    "Checks every promise of the formats of a directory that no server uses: checksums of every "
    "byte,\n"
    "order, references, chains, seals. Prints a line for each breach, with file and offset, and "
    "exits\n"
    "1 if there is one. Only reads, unless\n"
    "\n"
    "  --repair   first mends what can be mended without loss, a line for each act: ends the logs "
    "of\n"
    "             dead servers, completes splits and merges that were cut, and moves a meta table\n"
    "             that is damaged to the trash (the next start makes it anew from the manifests)\n";

static void print_problem(void *context, const char *path, uint64_t offset, const char *what)
{
    (void)context;
    printf("%s: offset %" PRIu64 ": %s\n", path, offset, what);
}

static void print_act(void *context, const char *path, const char *what)
{
    (void)context;
    printf("%s: %s\n", path, what);
}

int command_fsck(int argc, char **argv)
{
    const char *root;
    uint64_t problems = 0;
    struct error error = {0};
    struct option_value values[] = {{.name = "repair", .is_flag = true}};
    struct options options = {.command = "fsck",
        .usage = usage,
        .values = values,
        .value_count = 1,
        .arguments = &root,
        .argument_limit = 1};
    int code = options_parse(&options, argc, argv);
    if (code >= 0)
        return code;
    if (options.argument_count == 0) {
        fputs("stele: fsck needs a directory; try 'stele fsck --help'\n", stderr);
        return EXIT_USAGE;
    }
    uint64_t acts = 0;
    if (options_get(&options, "repair") &&
        storage_repair(env_real(), root, print_act, NULL, &acts, &error)) {
        fflush(stdout);
        fprintf(stderr, "stele: %s\n", error.message);
        return EXIT_FAILED;
    }
    if (storage_check(env_real(), root, print_problem, NULL, &problems, &error)) {
        fprintf(stderr, "stele: %s\n", error.message);
        return EXIT_FAILED;
    }
    if (problems) {
        fflush(stdout);
        fprintf(stderr, "stele: %" PRIu64 " problem%s in %s\n", problems, problems == 1 ? "" : "s",
            root);
        return EXIT_FAILED;
    }
    printf("%s is clean\n", root);
    return EXIT_DONE;
}
