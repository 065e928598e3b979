/* stele import: a file of cells or of separated fields into a table.
 *
 * The file is read a chunk at a time; the lines of a chunk become puts, one for each run of lines
 * with the same row, and one batch. Several batches are in flight while the next chunk is parsed.
 */
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/env.h"
#include "base/limits.h"
#include "base/memory.h"
#include "base/options.h"
#include "cli/cell_line.h"
#include "cli/commands.h"
#include "cli/place.h"

enum {
    CHUNK_SIZE = 1 << 20,
    BATCHES_IN_FLIGHT = 6,
    CELLS_OF_A_PUT = 4096,  /* a run of one row longer than this is cut */
    PUTS_OF_A_BATCH = 4096, /* a server with the least memory takes that */
    PROGRESS_MS = 500,
    SCHEMA_MS = 1000, /* a family that is not known is not asked for more often */
};

static const char usage[] =
    "usage: stele import TABLE [OPTIONS] FILE        FILE - is standard input\n\n"
    "  --format=cells          lines of row TAB family:qualifier [TAB timestamp] TAB value, with "
    "\\xNN for\n"
    "                          other bytes: what 'stele export' writes\n"
    "  --columns=LIST          separated fields instead: HBASE_ROW_KEY,f:q,... (HBASE_TS_KEY: the "
    "timestamp;\n"
    "                          HBASE_CELL_TTL: how long the cells live, in ms; "
    "HBASE_ATTRIBUTES_KEY: "
    "key=>value,...)\n"
    "  --separator=CHAR        between those fields (default: tab)\n"
    "  --skip-bad              leave bad lines out instead of ending with exit 1\n"
    "  --connect=HOST:PORT,... a server of the cluster (default: $STELE_CONNECT, else "
    "127.0.0.1:16000)\n"
    "  --zookeeper=HOST:PORT,...[/hbase]\n";

/* What a line tells of its cells. */
struct beside {
    size_t first, count; /* cells of the chunk */
    struct tsv_beside told;
};

struct import {
    const char *place; /* the file's name, for messages */
    int fd;
    bool skips_bad;
    bool is_tsv;
    struct tsv_columns columns;
    uint8_t separator;
    struct stele_client *client;
    struct stele_table *table;
    struct event_base *loop;
    size_t in_flight; /* batches */
    char error
        [ERROR_MESSAGE_SIZE]; /* why it failed: the first reason, but a batch's rather than a bad line */
    bool is_failed;
    bool is_at_bad_line; /* that is why: what was sent before is there */

    struct stele_schema_list schema; /* the table's, of schema_ns */
    uint64_t schema_ns;

    struct stele_cell *cells; /* of the chunk */
    size_t cell_count, cell_capacity;
    struct beside *besides; /* of those lines of the chunk that tell something of their cells */
    size_t beside_count, beside_capacity;
    struct stele_mutation *puts;
    struct stele_action *actions;
    size_t put_count, put_capacity, action_capacity;
    struct buffer last_row; /* of the chunk before: a row is counted once */

    uint64_t line, rows, bad_lines, bytes;
    uint64_t start_ns, progress_ns;
    bool shows_progress;
};

static uint64_t now_ns(void)
{
    return env_monotonic_ns(env_real());
}

static void show_progress(struct import *import, bool is_last)
{
    uint64_t now = now_ns();
    if (!import->shows_progress ||
        (!is_last && now - import->progress_ns < (uint64_t)PROGRESS_MS * 1000000))
        return;
    double seconds = (double)(now - import->start_ns) / 1e9;
    import->progress_ns = now;
    fprintf(stderr, "\r%" PRIu64 " rows, %.0f rows/s, %.1f MB%s", import->rows,
        seconds > 0 ? (double)import->rows / seconds : 0, (double)import->bytes / 1e6,
        is_last ? "\n" : "");
}

__attribute__((format(printf, 2, 3))) static bool fail(
    struct import *import, const char *format, ...)
{
    va_list arguments;
    if (import->is_failed && !import->is_at_bad_line)
        return false;
    import->is_failed = true;
    import->is_at_bad_line = false;
    va_start(arguments, format);
    vsnprintf(import->error, sizeof(import->error), format, arguments);
    va_end(arguments);
    return false;
}

/* ---- cells to puts ---- */

static bool bytes_are_equal(struct stele_bytes a, struct stele_bytes b)
{
    return a.size == b.size && memcmp(a.data, b.data, a.size) == 0;
}

static bool add_cell(struct import *import, const struct stele_cell *cell)
{
    if (!memory_grow(
            &import->cells, import->cell_count, &import->cell_capacity, sizeof(*import->cells)))
        return false;
    import->cells[import->cell_count++] = *cell;
    return true;
}

/* Where the cells of one row that begin at `from` end, at `most` or before. */
static size_t end_of_row(const struct import *import, size_t from, size_t most)
{
    size_t to = from + 1;
    if (most > from + CELLS_OF_A_PUT)
        most = from + CELLS_OF_A_PUT;
    while (to < most && bytes_are_equal(import->cells[to].row, import->cells[from].row))
        to++;
    return to;
}

/* A put for each run of cells with one row, and for each line that tells something of its cells. */
static bool make_puts(struct import *import)
{
    size_t next = 0; /* of the besides */
    for (size_t from = 0, to; from < import->cell_count; from = to) {
        struct stele_bytes row = import->cells[from].row;
        struct beside *beside = next < import->beside_count ? &import->besides[next] : NULL;
        bool is_beside = beside && beside->first == from;
        to = is_beside ? from + beside->count
                       : end_of_row(import, from, beside ? beside->first : import->cell_count);
        if (!memory_grow(
                &import->puts, import->put_count, &import->put_capacity, sizeof(*import->puts)) ||
            !memory_grow(&import->actions, import->put_count, &import->action_capacity,
                sizeof(*import->actions)))
            return false;
        struct stele_mutation *put = &import->puts[import->put_count++];
        stele_mutation_init(put, STELE_PUT, row);
        put->cells = import->cells + from;
        put->cell_count = to - from;
        if (is_beside) {
            put->ttl_ms = beside->told.ttl_ms;
            put->attributes = beside->told.attributes;
            put->attribute_count = beside->told.attribute_count;
            next++;
        }
        struct stele_bytes last = stele_bytes(import->last_row.data, import->last_row.size);
        if (!bytes_are_equal(last, row)) {
            import->rows++;
            buffer_reset(&import->last_row);
            buffer_put(&import->last_row, span_make(row.data, row.size));
        }
    }
    for (size_t i = 0; i < import->put_count; i++)
        import->actions[i] = (struct stele_action){.mutation = &import->puts[i]};
    return true;
}

/* ---- batches ---- */

static void on_batch(
    void *context, const struct stele_error *error, const struct stele_batch *batch)
{
    struct import *import = context;
    (void)batch;
    import->in_flight--;
    if (error->status)
        fail(import, "%s", error->message);
}

static void wait_for_batches(struct import *import, size_t at_most)
{
    event_base_loop(import->loop, EVLOOP_NONBLOCK);
    while (import->in_flight > at_most)
        event_base_loop(import->loop, EVLOOP_ONCE);
}

/* Sends what the chunk had. False when the import failed. */
static bool send_batch(struct import *import)
{
    if (!make_puts(import))
        return fail(import, "no memory");
    for (size_t from = 0; from < import->put_count; from += PUTS_OF_A_BATCH) {
        size_t left = import->put_count - from;
        import->in_flight++;
        stele_batch_async(import->table, import->actions + from,
            left < PUTS_OF_A_BATCH ? left : PUTS_OF_A_BATCH, on_batch, import);
        wait_for_batches(import, BATCHES_IN_FLIGHT);
    }
    import->put_count = import->cell_count = import->beside_count = 0;
    show_progress(import, false);
    return !import->is_failed;
}

/* ---- lines ---- */

/* What no table takes, whatever its schema (client/convert.c says the same, of a batch and without the line). */
static enum status check_sizes(const struct stele_cell *cells, size_t count, struct error *error)
{
    for (size_t i = 0; i < count; i++) {
        if (cells[i].row.size > LIMIT_ROW_SIZE)
            return error_set(error, STATUS_LIMIT, "a row of %zu bytes, the most is %d",
                cells[i].row.size, LIMIT_ROW_SIZE);
        if (cells[i].value.size > LIMIT_CELL_SIZE || cells[i].qualifier.size > LIMIT_CELL_SIZE)
            return error_set(error, STATUS_LIMIT, "a cell of more than %u bytes", LIMIT_CELL_SIZE);
    }
    return STATUS_OK;
}

static bool has_family(const struct import *import, struct stele_bytes family)
{
    const struct stele_schema *schema = import->schema.schemas;
    for (size_t i = 0; i < schema->family_count; i++)
        if (bytes_are_equal(schema->families[i].name, family))
            return true;
    return false;
}

static enum status look_at_schema(struct import *import, struct error *error)
{
    struct stele_bytes name = stele_table_name(import->table);
    struct stele_schema_list schema = {0};
    struct stele_error told;
    enum stele_status status = stele_describe_table(import->client, name, &schema, &told);
    if (status == STELE_NOT_FOUND)
        return error_set(error, STATUS_IO, "Unknown table %s!", (const char *)name.data);
    if (status)
        return error_set(error, STATUS_IO, "%s", told.message);
    stele_schema_list_free(&import->schema);
    import->schema = schema;
    import->schema_ns = now_ns();
    return STATUS_OK;
}

/* That the table has the family of a cell. One may have been added since we looked. STATUS_IO: that could
 * not be asked. */
static enum status check_family(
    struct import *import, struct stele_bytes family, struct error *error)
{
    struct buffer valid = {0};
    if (has_family(import, family))
        return STATUS_OK;
    if (now_ns() - import->schema_ns > (uint64_t)SCHEMA_MS * 1000000) {
        if (look_at_schema(import, error))
            return STATUS_IO;
        if (has_family(import, family))
            return STATUS_OK;
    }
    const struct stele_schema *schema = import->schema.schemas;
    for (size_t i = 0; i < schema->family_count; i++)
        buffer_put_format(&valid, "%s%.*s:*", i > 0 ? ", " : "", (int)schema->families[i].name.size,
            (const char *)schema->families[i].name.data);
    error_set(error, STATUS_INVALID, "Unknown column family %.*s! Valid column names: %.*s",
        (int)family.size, (const char *)family.data, (int)valid.size, (const char *)valid.data);
    buffer_deinit(&valid);
    return STATUS_INVALID;
}

static bool keep_beside(struct import *import, size_t count, const struct tsv_beside *told)
{
    if (told->ttl_ms == 0 && told->attribute_count == 0)
        return true;
    if (!memory_grow(&import->besides, import->beside_count, &import->beside_capacity,
            sizeof(*import->besides)))
        return false;
    import->besides[import->beside_count++] = (struct beside){
        .first = import->cell_count, .count = count, .told = *told};
    return true;
}

static bool take_bad_line(struct import *import, const char *what)
{
    import->bad_lines++;
    if (import->skips_bad)
        return true;
    if (import->is_failed)
        return false;
    fail(import, "%s:%" PRIu64 ": %s", import->place, import->line, what);
    import->is_at_bad_line = true;
    return false;
}

/* False when the import failed. */
static bool take_line(struct import *import, uint8_t *line, size_t size)
{
    struct stele_cell cells[TSV_COLUMNS];
    struct tsv_beside beside; /* of separated fields */
    struct error error;
    size_t count = 1;
    enum status status;
    import->line++;
    if (size && line[size - 1] == '\r' && import->is_tsv)
        size--;
    if (size == 0)
        return true;
    if (import->is_tsv)
        status = tsv_line_parse(&import->columns, import->separator, span_make(line, size), cells,
            &count, &beside, &error);
    else
        status = cell_line_parse(line, size, cells, &error);
    if (!status)
        status = check_sizes(cells, count, &error);
    if (!status && !import->is_tsv) /* those of separated fields are the columns' */
        status = check_family(import, cells[0].family, &error);
    if (status == STATUS_IO)
        return fail(import, "%s", error.message);
    if (status)
        return take_bad_line(import, error.message);
    if (import->is_tsv && !keep_beside(import, count, &beside))
        return fail(import, "no memory");
    for (size_t i = 0; i < count; i++)
        if (!add_cell(import, &cells[i]))
            return fail(import, "no memory");
    return true;
}

/* Takes the whole lines of the buffer, and the rest too at the end of the file. Returns how many
 * bytes it took. */
static size_t take_lines(struct import *import, struct buffer *input, bool is_end)
{
    uint8_t *at = input->data, *end = input->data + input->size;
    while (at < end && !import->is_failed) {
        uint8_t *newline = memchr(at, '\n', (size_t)(end - at));
        if (!newline && !is_end)
            break;
        uint8_t *line_end = newline ? newline : end;
        if (!take_line(import, at, (size_t)(line_end - at)))
            break;
        at = newline ? newline + 1 : end;
    }
    return (size_t)(at - input->data);
}

static bool read_chunk(struct import *import, struct buffer *input, bool *out_is_end)
{
    while (input->size < CHUNK_SIZE || !memchr(input->data, '\n', input->size)) {
        if (input->size >= LIMIT_IMPORT_LINE_SIZE)
            return fail(import, "%s: a line is too long", import->place);
        uint8_t *room = buffer_reserve(input, CHUNK_SIZE);
        if (!room)
            return fail(import, "no memory");
        ssize_t size = read(import->fd, room, CHUNK_SIZE);
        if (size < 0 && errno == EINTR)
            continue;
        if (size < 0)
            return fail(import, "%s: %s", import->place, strerror(errno));
        if (size == 0) {
            *out_is_end = true;
            return true;
        }
        import->bytes += (uint64_t)size;
        buffer_commit(input, (size_t)size);
    }
    return true;
}

static void import_file(struct import *import)
{
    struct buffer input = {0};
    bool is_end = false;
    while (!is_end && read_chunk(import, &input, &is_end)) {
        size_t taken = take_lines(import, &input, is_end);
        if (import->is_failed || !send_batch(import))
            break;
        memmove(input.data, input.data + taken, input.size - taken);
        input.size -= taken;
    }
    wait_for_batches(import, 0);
    buffer_deinit(&input);
}

/* ---- the command ---- */

__attribute__((format(printf, 1, 2))) static int complain(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "stele: import: ");
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    return EXIT_FAILED;
}

/* The table must be there, with the families of the columns: without it the first batch would fail only after reading. */
static int check_table(struct import *import)
{
    struct error error;
    if (look_at_schema(import, &error))
        return complain("%s", error.message);
    for (size_t i = 0; import->is_tsv && i < import->columns.count; i++)
        if (import->columns.columns[i].kind == TSV_CELL &&
            check_family(import, import->columns.columns[i].family, &error))
            return complain("--columns: %s", error.message);
    return EXIT_DONE;
}

static int run_import(struct import *import)
{
    int code = check_table(import);
    if (code)
        return code;
    import->start_ns = import->progress_ns = now_ns();
    import->shows_progress = isatty(STDERR_FILENO);
    import_file(import);
    show_progress(import, true);
    if (!import->is_failed || import->is_at_bad_line)
        printf("%" PRIu64 " rows, %" PRIu64 " bad lines\n", import->rows, import->bad_lines);
    return import->is_failed ? complain("%s", import->error) : EXIT_DONE;
}

static int check_format(const struct options *options, struct import *import)
{
    const char *format = options_get(options, "format"), *columns = options_get(options, "columns");
    const char *separator = options_get(options, "separator");
    struct error error;
    if (!format == !columns || (format && strcmp(format, "cells") != 0)) {
        complain("give --format=cells or --columns=HBASE_ROW_KEY,f:q,...");
        return EXIT_USAGE;
    }
    import->is_tsv = columns != NULL;
    import->separator = separator ? (uint8_t)separator[0] : '\t';
    if (separator && strcmp(separator, "\\t") == 0)
        import->separator = '\t';
    else if (separator && strlen(separator) != 1) {
        complain("--separator=%s is not one byte", separator);
        return EXIT_USAGE;
    }
    if (columns && tsv_columns_parse(span_string(columns), &import->columns, &error)) {
        complain("--columns: %s", error.message);
        return EXIT_USAGE;
    }
    return EXIT_DONE;
}

static void import_deinit(struct import *import)
{
    stele_schema_list_free(&import->schema);
    stele_table_close(import->table);
    stele_client_close(import->client);
    if (import->loop)
        event_base_free(import->loop);
    if (import->fd > STDIN_FILENO)
        close(import->fd);
    buffer_deinit(&import->last_row);
    memory_free(import->cells);
    memory_free(import->besides);
    memory_free(import->puts);
    memory_free(import->actions);
    memory_free(import);
}

int command_import(int argc, char **argv)
{
    struct option_value values[] = {{.name = "format"}, {.name = "columns"}, {.name = "separator"},
        {.name = "skip-bad", .is_flag = true}, {.name = "connect"}, {.name = "zookeeper"}};
    const char *arguments[2];
    struct options options = {.command = "import",
        .usage = usage,
        .values = values,
        .value_count = sizeof(values) / sizeof(values[0]),
        .arguments = arguments,
        .argument_limit = 2};
    int code = options_parse(&options, argc, argv);
    if (code >= 0)
        return code;
    if (options.argument_count != 2) {
        complain("needs a table and a file");
        return EXIT_USAGE;
    }
    struct stele_options client_options;
    struct import *import = memory_allocate_zeroed(1, sizeof(*import));
    if (!import)
        return complain("no memory");
    stele_options_init(&client_options);
    code = place_from_options(&options, &client_options) ? check_format(&options, import)
                                                         : EXIT_USAGE;
    import->skips_bad = options_get(&options, "skip-bad") != NULL;
    import->place = arguments[1];
    if (code == EXIT_DONE && strcmp(arguments[1], "-") != 0) {
        import->fd = open(arguments[1], O_RDONLY | O_CLOEXEC);
        if (import->fd < 0) {
            fprintf(stderr, "stele: import: %s: %s\n", arguments[1], strerror(errno));
            code = EXIT_FAILED;
        }
    }
    if (code == EXIT_DONE) {
        import->loop = client_options.loop = event_base_new();
        client_options.run = STELE_RUN_ON_LOOP;
        struct stele_error error;
        if (stele_client_open(&client_options, &import->client, &error))
            code = complain("%s", error.message);
        else if (!(import->table = stele_table_open(import->client, stele_text(arguments[0]))))
            code = complain("no memory");
        else
            place_greet(&options, import->client);
    }
    if (code == EXIT_DONE)
        code = run_import(import);
    import_deinit(import);
    return code;
}
