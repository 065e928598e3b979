/* stele export-snapshot: a second copy of a table, as a directory of its own. */
#include <stdio.h>

#include "cli/commands.h"
#include "storage/storage.h"

static const char usage[] =
    "usage: stele export-snapshot DIR SNAPSHOT TARGET\n"
    "\n"
    "Copies what a snapshot of DIR holds into TARGET, which must be absent or empty: a consistent\n"
    "copy, every byte checked, that 'stele standalone TARGET' serves. DIR may be in use; a "
    "snapshot\n"
    "is taken in the shell: snapshot 'TABLE', 'NAME'. (Copying the files of a live directory is "
    "not\n"
    "a copy.)\n";

int command_export_snapshot(int argc, char **argv)
{
    const char *arguments[3];
    struct options options = {
        .command = "export-snapshot", .usage = usage, .arguments = arguments, .argument_limit = 3};
    struct error error = {0};
    int code = options_parse(&options, argc, argv);
    if (code >= 0)
        return code;
    if (options.argument_count != 3) {
        fputs("stele: export-snapshot needs a directory, a snapshot and a target; try 'stele "
              "export-snapshot --help'\n",
            stderr);
        return EXIT_USAGE;
    }
    if (store_export_snapshot(
            env_real(), arguments[0], span_string(arguments[1]), arguments[2], &error)) {
        fprintf(stderr, "stele: %s\n", error.message);
        return EXIT_FAILED;
    }
    printf("snapshot %s is in %s\n", arguments[1], arguments[2]);
    return EXIT_DONE;
}
