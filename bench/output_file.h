/* Files that a report will be written to: whether they can be is told before the work, not after it. */
#ifndef STELE_BENCH_OUTPUT_FILE_H
#define STELE_BENCH_OUTPUT_FILE_H

#include <stdbool.h>

/* NULL, "" and "-" are no files: true. What is in the file is left, and one that was not there is not
 * there afterwards. False after a line on stderr in the name of `command` ("bench load"). */
bool output_file_is_writable(const char *command, const char *path);

/* What was printed has reached whoever reads it. False after a line on stderr. */
bool output_flush(const char *command);

#endif
