#include <stdio.h>

#include "base/options.h"
#include "cli/commands.h"

int command_version(int argc, char **argv)
{
    struct options options = {
        .command = "version", .usage = "usage: stele version\n\nPrints the version.\n"};
    int code = options_parse(&options, argc, argv);
    if (code >= 0)
        return code;
    printf("stele %s\n", STELE_VERSION);
    return EXIT_DONE;
}
