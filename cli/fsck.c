/* stele fsck DIR: every promise of the formats, checked; with --repair, kept again where that can be. */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/options.h"
#include "cli/commands.h"
#include "server/master/document_words.h"
#include "storage/storage.h"

static const char usage[] =
    "usage: stele fsck DIR [--repair] [--json]\n"
    "       stele fsck DIR --accept-loss=INCARNATION\n"
    "\n"
    "Checks every promise of the formats of a directory that no server uses: checksums of every\n"
    "byte, what documents say, order, references, chains, seals. Prints a line for each breach,\n"
    "with file and offset, and exits 1 if there is one. Only reads, unless\n"
    "\n"
    "  --repair   first mends what can be mended without loss, a line for each act: ends the logs "
    "of\n"
    "             dead servers, completes splits and merges that were cut, and moves a meta table\n"
    "             that is damaged to the trash (the next start makes it anew from the manifests)\n"
    "  --json     at the end one object instead (stele.fsck/1): what was mended, what is broken\n"
    "\n"
    "  --accept-loss=INCARNATION   checks nothing, and may be said while servers run: what damage "
    "has\n"
    "             taken from the log of a dead server (a folder in DIR/servers) is given up for "
    "good,\n"
    "             so that tablets that may have lost writes there open with what is left. Prints\n"
    "             what cannot be read; then assign the tablets, or start the server\n";

/* What is told, when it is told as one object; NULL members: as lines, at once. */
struct findings {
    json_t *acts, *problems;
};

/* Paths are bytes: what is not UTF-8 is shown as JSON can. */
static json_t *text(const char *bytes)
{
    json_t *string = json_string(bytes);
    char shown[1024];
    size_t size = 0;
    for (; !string && bytes[size] && size + 1 < sizeof shown; size++)
        shown[size] = (char)((unsigned char)bytes[size] < 0x80 ? bytes[size] : '?');
    return string ? string : json_stringn(shown, size);
}

/* An error that a reader of the file made names it at its beginning; the line does so already. */
static const char *without_path(const char *what, const char *path)
{
    size_t size = strlen(path);
    if (strncmp(what, path, size) != 0)
        return what;
    const char *rest = what + size;
    return strncmp(rest, ": ", 2) == 0 ? rest + 2 : *rest == ' ' ? rest + 1 : what;
}

static void print_problem(void *context, const char *path, uint64_t offset, const char *what)
{
    const struct findings *findings = context;
    what = without_path(what, path);
    if (findings->problems)
        json_array_append_new(
            findings->problems, json_pack("{s:o, s:I, s:o}", "file", text(path), "offset",
                                    (json_int_t)offset, "what", text(what)));
    else
        printf("%s: offset %" PRIu64 ": %s\n", path, offset, what);
}

static void print_act(void *context, const char *path, const char *what)
{
    const struct findings *findings = context;
    if (findings->acts)
        json_array_append_new(
            findings->acts, json_pack("{s:o, s:o}", "file", text(path), "act", text(what)));
    else
        printf("%s: %s\n", path, what);
}

static int tell_json(const struct findings *findings, const char *root)
{
    json_t *report = json_pack("{s:s, s:o, s:o, s:o}", "schema", "stele.fsck/1", "directory",
        text(root), "acts", findings->acts, "problems", findings->problems);
    bool is_clean = json_array_size(findings->problems) == 0;
    bool is_told = report && json_dumpf(report, stdout, JSON_COMPACT) == 0 && putchar('\n') != EOF;
    json_decref(report);
    if (!is_told)
        fputs("stele: fsck: the report cannot be written\n", stderr);
    return is_told && is_clean ? EXIT_DONE : EXIT_FAILED;
}

static int accept_loss(const char *root, const char *incarnation)
{
    struct error error = {0};
    struct findings findings = {0};
    if (storage_accept_loss(env_real(), root, incarnation, print_problem, &findings, &error)) {
        fflush(stdout);
        fprintf(stderr, "stele: %s\n", error.message);
        return EXIT_FAILED;
    }
    printf("what the log of %s has lost is given up\n", incarnation);
    return EXIT_DONE;
}

int command_fsck(int argc, char **argv)
{
    const char *root;
    uint64_t problems = 0;
    struct error error = {0};
    struct findings findings = {0};
    struct option_value values[] = {{.name = "repair", .is_flag = true},
        {.name = "json", .is_flag = true}, {.name = "accept-loss"}};
    struct options options = {.command = "fsck",
        .usage = usage,
        .values = values,
        .value_count = sizeof values / sizeof values[0],
        .arguments = &root,
        .argument_limit = 1};
    int code = options_parse(&options, argc, argv);
    if (code >= 0)
        return code;
    if (options.argument_count == 0) {
        fputs("stele: fsck needs a directory; try 'stele fsck --help'\n", stderr);
        return EXIT_USAGE;
    }
    const char *lost = options_get(&options, "accept-loss");
    if (lost && (options_get(&options, "repair") || options_get(&options, "json"))) {
        fputs("stele: fsck: --accept-loss stands alone\n", stderr);
        return EXIT_USAGE;
    }
    if (lost)
        return accept_loss(root, lost);
    uint64_t acts = 0;
    if (options_get(&options, "json"))
        findings = (struct findings){json_array(), json_array()};
    enum status status = STATUS_OK;
    if (options_get(&options, "repair"))
        status = storage_repair(env_real(), root, print_act, &findings, &acts, &error);
    if (!status)
        status = storage_check(env_real(), root, print_problem, &findings, master_document_words,
            NULL, &problems, &error);
    if (status) {
        fflush(stdout);
        fprintf(stderr, "stele: %s\n", error.message);
        json_decref(findings.acts);
        json_decref(findings.problems);
        return EXIT_FAILED;
    }
    if (findings.problems)
        return tell_json(&findings, root);
    if (problems) {
        fflush(stdout);
        fprintf(stderr, "stele: %" PRIu64 " problem%s in %s\n", problems, problems == 1 ? "" : "s",
            root);
        return EXIT_FAILED;
    }
    printf("%s is clean\n", root);
    return EXIT_DONE;
}
