/* stele dump PATH...: any on-disk file or directory of ours in words. */
#include <stdio.h>
#include <string.h>

#include "base/env_memory.h"
#include "base/limits.h"
#include "base/options.h"
#include "cli/commands.h"
#include "server/master/document_words.h"
#include "storage/storage.h"

#define STANDARD_INPUT "standard input"

static const char usage[] =
    "usage: stele dump PATH...\n"
    "\n"
    "Prints in words what a file of Stele holds (log segment, SSTable, manifest, descriptor, "
    "snapshot, plan,\n"
    "loss, seal, procedure, settings, namespace, history, cluster file, quorum), or what lies in a "
    "directory.\n"
    "- is a file on standard input.\n"
    "Only reads. Exit 1 when a file is damaged or not ours.\n";

static void print_line(void *context, const char *line)
{
    (void)context;
    puts(line);
}

/* Standard input, to its end, as the file STANDARD_INPUT of `env`. */
static enum status take_input(struct env *env, struct error *error)
{
    uint8_t bytes[64 << 10];
    struct env_file *file = NULL;
    uint64_t size = 0;
    size_t got;
    enum status status = env_file_open(
        env, STANDARD_INPUT, ENV_WRITE | ENV_CREATE, 0600, &file, error);
    while (status == STATUS_OK && (got = fread(bytes, 1, sizeof bytes, stdin)) > 0) {
        status = size + got > LIMIT_DUMP_INPUT_SIZE
                     ? error_set(error, STATUS_LIMIT, "%s has more than %u bytes", STANDARD_INPUT,
                           LIMIT_DUMP_INPUT_SIZE)
                     : env_file_write(file, size, span_make(bytes, got), error);
        size += got;
    }
    if (status == STATUS_OK && ferror(stdin))
        status = error_set(error, STATUS_IO, "cannot read %s", STANDARD_INPUT);
    env_file_close(file);
    return status;
}

static enum status dump_input(struct error *error)
{
    struct env *env = env_memory_new(0, ENV_MEMORY_SEEDED);
    if (!env)
        return error_set(error, STATUS_NO_MEMORY, "no memory for %s", STANDARD_INPUT);
    enum status status = take_input(env, error);
    if (status == STATUS_OK)
        status = storage_dump(
            env, STANDARD_INPUT, print_line, NULL, master_document_words, NULL, error);
    env_memory_free(env);
    return status;
}

static enum status dump(const char *path, struct error *error)
{
    if (strcmp(path, "-") == 0)
        return dump_input(error);
    return storage_dump(env_real(), path, print_line, NULL, master_document_words, NULL, error);
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
        if (dump(paths[i], &error)) {
            fflush(stdout);
            fprintf(stderr, "stele: %s\n", error.message);
            code = EXIT_FAILED;
        }
    }
    return code;
}
