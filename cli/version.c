#include <stdio.h>

#include "base/options.h"
#include "cli/commands.h"

int command_version(int argc, char **argv)
{
    struct option_value values[] = {{.name = "json", .is_flag = true}};
    struct options options = {.command = "version",
        .usage = "usage: stele version [--json]\n\nPrints the version.\n",
        .values = values,
        .value_count = 1};
    int code = options_parse(&options, argc, argv);
    if (code >= 0)
        return code;
    printf(options_get(&options, "json") ? "{\"version\":\"%s\"}\n" : "stele %s\n", STELE_VERSION);
    return EXIT_DONE;
}
