/* stele export: a table's cells, every version, as lines that `stele import --format=cells` reads
 * back. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/memory.h"
#include "base/options.h"
#include "cli/cell_line.h"
#include "cli/commands.h"
#include "cli/place.h"

enum { OUTPUT_SIZE = 1 << 20 };

static const char usage[] =
    "usage: stele export TABLE [OPTIONS] [FILE]      without FILE, or with -: standard output\n\n"
    "  --columns=f:q,f,...     only these columns and families\n"
    "  --connect=HOST:PORT,... a server of the cluster (default: $STELE_CONNECT, else "
    "127.0.0.1:16000)\n"
    "  --zookeeper=HOST:PORT,...[/hbase]\n\n"
    "Writes one cell a line: row TAB family:qualifier TAB timestamp TAB value, bytes outside "
    "printable\n"
    "ASCII, tab and backslash as \\xNN. All versions that the table keeps are written.\n"
    "FILE is written as FILE.part and put in the place of what was there when all is done.\n";

static int complain(const char *what)
{
    fprintf(stderr, "stele: export: %s\n", what);
    return EXIT_FAILED;
}

/* "f:q,f" to columns, which point into the text. NULL on no memory. */
static struct stele_column *parse_columns(const char *text, size_t *out_count)
{
    size_t capacity = 1, count = 0;
    for (const char *at = text; *at; at++)
        capacity += *at == ',';
    struct stele_column *columns = memory_allocate_zeroed(capacity, sizeof(*columns));
    for (const char *at = text; columns && *at;) {
        size_t size = strcspn(at, ","), family = strcspn(at, ":,");
        columns[count].family = stele_bytes(at, family);
        columns[count].is_whole_family = family == size;
        if (family < size)
            columns[count].qualifier = stele_bytes(at + family + 1, size - family - 1);
        count++;
        at += size + (at[size] == ',');
    }
    *out_count = count;
    return columns;
}

static int write_rows(struct stele_scanner *scanner, FILE *file)
{
    struct buffer output = {0};
    struct stele_error error;
    const struct stele_result *results;
    enum stele_status status;
    size_t count;
    int code = EXIT_DONE;
    while (code == EXIT_DONE &&
           (status = stele_scanner_next_rows(scanner, &results, &count, &error)) != STELE_END) {
        if (status) {
            bool is_unknown = status == STELE_NOT_FOUND;
            char text[sizeof error.message + 32];
            snprintf(text, sizeof text, "%s%s%s", is_unknown ? "Unknown table " : "", error.message,
                is_unknown ? "!" : "");
            code = complain(text);
            break;
        }
        for (size_t r = 0; r < count; r++)
            for (size_t c = 0; c < results[r].cell_count; c++)
                cell_line_put(&output, &results[r].cells[c]);
        if (output.is_failed)
            code = complain("no memory");
        if (output.size >= OUTPUT_SIZE) {
            if (fwrite(output.data, 1, output.size, file) != output.size)
                code = complain(strerror(errno));
            buffer_reset(&output);
        }
    }
    if (code == EXIT_DONE && output.size &&
        fwrite(output.data, 1, output.size, file) != output.size)
        code = complain(strerror(errno));
    buffer_deinit(&output);
    return code;
}

static int export_table(const struct options *options, struct stele_client *client, FILE *file)
{
    const char *columns_text = options_get(options, "columns");
    struct stele_table *table = stele_table_open(client, stele_text(options->arguments[0]));
    struct stele_column *columns = NULL;
    struct stele_scan scan;
    stele_scan_init(&scan);
    scan.read.max_versions = INT32_MAX;
    scan.read.is_cached = false;
    scan.allows_partial = true;
    if (columns_text && !(columns = parse_columns(columns_text, &scan.read.column_count)))
        return complain("no memory");
    scan.read.columns = columns;
    struct stele_scanner *scanner = table ? stele_scanner_open(table, &scan) : NULL;
    int code = scanner ? write_rows(scanner, file) : complain("no memory");
    stele_scanner_close(scanner);
    stele_table_close(table);
    memory_free(columns);
    return code;
}

/* is_synced: a file of a disk, and no device or pipe. */
static int write_file(
    const struct options *options, struct stele_client *client, const char *name, bool is_synced)
{
    FILE *file = fopen(name, "we");
    if (!file) {
        fprintf(stderr, "stele: export: %s: %s\n", name, strerror(errno));
        return EXIT_FAILED;
    }
    int code = export_table(options, client, file);
    bool is_lost = fflush(file) || (is_synced && fsync(fileno(file)));
    is_lost |= fclose(file) != 0;
    return is_lost && code == EXIT_DONE ? complain(strerror(errno)) : code;
}

/* What stands there stays until all is written: beside it, and then put in its place. A device, a pipe or a link is
 * written to as it is. */
static int export_to_file(
    const struct options *options, struct stele_client *client, const char *name)
{
    struct stat found;
    if (lstat(name, &found) == 0 && !S_ISREG(found.st_mode))
        return write_file(options, client, name, false);
    struct buffer path = {0};
    buffer_put_format(&path, "%s.part", name);
    buffer_put_u8(&path, 0);
    if (buffer_status(&path)) {
        buffer_deinit(&path);
        return complain("no memory");
    }
    const char *part = (const char *)path.data;
    int code = write_file(options, client, part, true);
    if (code == EXIT_DONE && rename(part, name))
        code = complain(strerror(errno));
    if (code != EXIT_DONE)
        (void)remove(part);
    buffer_deinit(&path);
    return code;
}

int command_export(int argc, char **argv)
{
    struct option_value values[] = {
        {.name = "columns"}, {.name = "connect"}, {.name = "zookeeper"}};
    const char *arguments[2] = {NULL, "-"};
    struct options options = {.command = "export",
        .usage = usage,
        .values = values,
        .value_count = sizeof(values) / sizeof(values[0]),
        .arguments = arguments,
        .argument_limit = 2};
    struct stele_options client_options;
    struct stele_client *client;
    struct stele_error error;
    int code = options_parse(&options, argc, argv);
    if (code >= 0)
        return code;
    if (options.argument_count == 0) {
        complain("needs a table");
        return EXIT_USAGE;
    }
    stele_options_init(&client_options);
    if (!place_from_options(&options, &client_options))
        return EXIT_USAGE;
    if (stele_client_open(&client_options, &client, &error))
        return complain(error.message);
    place_greet(&options, client);
    bool is_stdout = options.argument_count < 2 || strcmp(arguments[1], "-") == 0;
    if (is_stdout) {
        code = export_table(&options, client, stdout);
        if (fflush(stdout) && code == EXIT_DONE)
            code = complain(strerror(errno));
    } else {
        code = export_to_file(&options, client, arguments[1]);
    }
    stele_client_close(client);
    return code;
}
