/* Long options: --name=value, --name value, --flag, -x for those with a letter, and the rest in
 * order.
 *
 * An unknown option is told with the nearest known one. Values are text: what they mean is the
 * command's to say (options_* below turn the common kinds into numbers, with one kind of
 * complaint). */
#ifndef STELE_BASE_OPTIONS_H
#define STELE_BASE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

/* Exit codes of every subcommand (cli.md). */
#define EXIT_DONE   0
#define EXIT_FAILED 1
#define EXIT_USAGE  2

struct option_value {
    const char *name;  /* without "--" */
    char letter;       /* 0 = none */
    bool is_flag;      /* takes no value */
    bool is_optional;  /* with is_flag: may take one all the same, after "=" */
    bool is_from_file; /* may stand in a --config file */
    const char *value; /* out: "" for a flag that was given, NULL when absent; borrowed from argv or
                          memory */
};

struct options {
    const char *command; /* for messages: "standalone" */
    const char *usage;   /* the page that --help prints */
    struct option_value *values;
    size_t value_count;
    const char **arguments; /* out: what is not an option, in order */
    size_t argument_limit;  /* room in arguments */
    size_t argument_count;  /* out */
};

/* Reads argv[1..]. Returns -1 to go on, or the exit code: 0 after --help, 2 after a complaint on
 * stderr. */
int options_parse(struct options *options, int argc, char **argv);
/* The value of an option of the table, or NULL. */
const char *options_get(const struct options *options, const char *name);
/* Reads lines of `option = value` ('#' comments) from a file for options that may stand there and
 * were not given: the command line wins. `-` is standard input. The values live in static memory until the process ends. */
enum status options_read_file(struct options *options, const char *path, struct error *error);

/* "1G", "512M", "64K", "1073741824" -> bytes. */
enum status options_parse_size(
    const char *name, const char *text, uint64_t *out_bytes, struct error *error);
/* "6s", "2500ms", "2m", "6" (seconds) -> milliseconds. */
enum status options_parse_duration(
    const char *name, const char *text, uint32_t *out_ms, struct error *error);
/* "HOST:PORT", "[::1]:PORT", "PORT" (host is then 127.0.0.1). */
enum status options_parse_address(const char *name, const char *text, char *out_host,
    size_t host_size, uint16_t *out_port, struct error *error);

/* The name of `names` that is nearest to `given` by edit distance, or NULL when none is near. */
const char *options_nearest(const char *given, const char *const *names, size_t count);

#endif
