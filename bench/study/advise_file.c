/* Advice from a file of keys (key_lines.h). */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/options.h"
#include "bench/study/advise_internal.h"
#include "bench/study/key_lines.h"

#define REQUESTS_LEAST 200 /* of fewer a range has its share by chance */

static int advise_lines(struct key_lines *lines, const char *name, bool is_json)
{
    struct key_lines_heat folded;
    struct key_diagnosis diagnosis;
    struct advise_source source = {.name = "file", .unit = "ranges of keys"};
    if (!lines->has_weights && lines->count > 1 && lines->was_sorted)
        advise_complain(
            "the lines have no weights, so they are taken for requests in order of time, but they "
            "are sorted by key: give weights, or the order in which they came");
    key_lines_fold(lines, &folded);
    if (!key_advice_diagnose(&folded.heat, &diagnosis)) {
        advise_complain("the weights of %s are all 0", name);
        return EXIT_FAILED;
    }
    snprintf(source.text, sizeof source.text, "%zu %s", lines->count,
        lines->has_weights ? "keys with their weights" : "requests in order of time");
    advise_tell(&folded.heat, &diagnosis, &source, is_json);
    if (!lines->has_weights && lines->count < REQUESTS_LEAST)
        fprintf(stderr, "%zu requests are too few to judge keys by: give %d or more\n",
            lines->count, REQUESTS_LEAST);
    return EXIT_DONE;
}

int advise_file(const char *name, bool is_json)
{
    struct key_lines lines = {0};
    struct error error = {0};
    FILE *file = strcmp(name, "-") == 0 ? stdin : fopen(name, "r");
    if (!file) {
        advise_complain("open %s: %s", name, strerror(errno));
        return EXIT_FAILED;
    }
    int code = EXIT_FAILED;
    if (key_lines_read(file, name, &lines, &error))
        advise_complain("%s", error.message);
    else
        code = advise_lines(&lines, name, is_json);
    if (file != stdin)
        fclose(file);
    key_lines_deinit(&lines);
    return code;
}
