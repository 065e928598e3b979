/* Files that reports will be written to: whether they can be, and are not one and the same, is told before the work. */
#ifndef STELE_BENCH_OUTPUT_FILE_H
#define STELE_BENCH_OUTPUT_FILE_H

#include <stdbool.h>
#include <stddef.h>

enum { OUTPUT_FILES_MOST = 4 };

struct output_file {
    const char *option; /* "html" */
    const char *path;   /* NULL: not wanted; "" and "-": standard output */
};

/* -1: all can be written. EXIT_FAILED when one cannot, EXIT_USAGE when two are standard output or the same regular file, by
 * whatever names: after a line on stderr in the name of `command` ("bench load"). What is in the files is left, and one that
 * was not there is not there afterwards. */
int output_files_check(const char *command, const struct output_file *files, size_t count);

/* What was printed has reached whoever reads it. False after a line on stderr. */
bool output_flush(const char *command);

#endif
