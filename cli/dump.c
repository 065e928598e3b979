/* stele dump PATH...: any on-disk file or directory of ours in words. */
#include <stdio.h>

#include "base/limits.h"
#include "base/options.h"
#include "cli/commands.h"
#include "server/master/document_words.h"
#include "storage/storage.h"

static const char usage[] =
    "usage: stele dump PATH...\n"
    "\n"
    "Prints in words what a file of Stele holds (log segment, SSTable, manifest, descriptor, "
    "snapshot, plan,\n"
    "loss, seal, procedure, settings, namespace, history, cluster file, quorum), or what lies in a "
    "directory.\n"
    "Only reads. Exit 1 when a file is damaged or not ours.\n";

static void print_line(void *context, const char *line)
{
    (void)context;
    puts(line);
}

int command_dump(int argc, char **argv)
{
    static const char *paths[LIMIT_DUMP_PATHS];
    struct options options = {
        .command = "dump", .usage = usage, .arguments = paths, .argument_limit = LIMIT_DUMP_PATHS};
    int code = options_parse(&options, argc, argv);
    if (code >= 0)
        return code;
    if (options.argument_count == 0) {
        fputs("stele: dump needs a path; try 'stele dump --help'\n", stderr);
        return EXIT_USAGE;
    }
    code = EXIT_DONE;
    for (size_t i = 0; i < options.argument_count; i++) {
        struct error error = {0};
        if (options.argument_count > 1)
            printf("%s%s:\n", i ? "\n" : "", paths[i]);
        if (storage_dump(
                env_real(), paths[i], print_line, NULL, master_document_words, NULL, &error)) {
            fflush(stdout);
            fprintf(stderr, "stele: %s\n", error.message);
            code = EXIT_FAILED;
        }
    }
    return code;
}
