/* /api/v1/data/{table}: rows for people, read only and bounded; from the tablets that this process serves. */
#include <stdio.h>
#include <stdlib.h>

#include "server/web/api_internal.h"

#define ROWS_DEFAULT  20
#define ROWS_MOST     200
#define VERSIONS_MOST 100
#define ANSWER_BYTES  (1u << 20)
#define ANSWER_NS     UINT64_C(1000000000)
#define ROW_CELLS     1000
#define VALUE_BYTES   4096
#define COLUMNS_MOST  64

/* ---- What is asked ---- */

struct browse {
    struct web_call *call;
    struct scan_request scan;
    struct span table;
    uint64_t rows_left, bytes_left, deadline_ns;
    uint64_t rows_scanned;
    json_t *items;
    bool is_whole[COLUMNS_MOST]; /* families of `scan`, as they were named */
    /* the row under way */
    json_t *cells;
    struct buffer row, next_row;
    size_t cell_count;
    bool is_cut; /* the row has more cells */
    bool has_next;
};

/* The row behind all that begin with the prefix; empty: there is none. */
static struct span prefix_end(struct span prefix, struct arena *arena)
{
    while (prefix.size > 0 && prefix.data[prefix.size - 1] == 0xff)
        prefix.size--;
    struct span copy = arena_copy(arena, prefix);
    if (copy.size)
        ((uint8_t *)(uintptr_t)copy.data)[copy.size - 1]++;
    return copy;
}

static enum status read_range(struct browse *browse, struct error *error)
{
    const struct web_request *request = &browse->call->request;
    struct arena *arena = &browse->call->arena;
    struct span row = SPAN_EMPTY, prefix = SPAN_EMPTY;
    enum status status = web_request_key(request, "row", arena, &row, error);
    if (!status)
        status = web_request_key(request, "prefix", arena, &prefix, error);
    if (!status)
        status = web_request_key(request, "start", arena, &browse->scan.start_row, error);
    if (!status)
        status = web_request_key(request, "end", arena, &browse->scan.stop_row, error);
    if (status)
        return status;
    browse->scan.is_start_inclusive = true;
    if (web_request_find(request, "row")) {
        if (row.size == 0 || web_request_find(request, "start") ||
            web_request_find(request, "end") || web_request_find(request, "prefix"))
            return error_set(error, STATUS_INVALID, "'row' is one row, and stands alone");
        browse->scan.start_row = browse->scan.stop_row = row;
        browse->scan.is_stop_inclusive = true;
        browse->rows_left = 1;
    } else if (web_request_find(request, "prefix")) {
        if (web_request_find(request, "end"))
            return error_set(error, STATUS_INVALID, "'prefix' and 'end' do not go together");
        browse->scan.stop_row = prefix_end(prefix, arena);
        if (span_compare(browse->scan.start_row, prefix) < 0) /* a later page begins further on */
            browse->scan.start_row = prefix;
    }
    if (!browse->scan.is_stop_inclusive && browse->scan.stop_row.size &&
        span_compare(browse->scan.start_row, browse->scan.stop_row) >= 0)
        return error_set(error, STATUS_INVALID, "'start' must be before 'end'");
    return STATUS_OK;
}

static int compare_spans(const void *a, const void *b)
{
    return span_compare(*(const struct span *)a, *(const struct span *)b);
}

/* "f:q" or "f", added to the selection. False: there are too many, or no memory. */
static bool select_column(struct browse *browse, struct span column)
{
    struct read_request *read = &browse->scan.read;
    const uint8_t *colon = column.size ? memchr(column.data, ':', column.size) : NULL;
    struct span family = span_make(
        column.data, colon ? (size_t)(colon - column.data) : column.size);
    struct family_selection *selection = NULL;
    for (size_t i = 0; i < read->family_count; i++)
        if (span_equal(read->families[i].family, family))
            selection = &read->families[i];
    if (!selection) {
        selection = &read->families[read->family_count++];
        *selection = (struct family_selection){.family = family};
    }
    bool *is_whole = &browse->is_whole[selection - read->families];
    *is_whole = *is_whole || !colon; /* "f" takes "f:q" in */
    if (*is_whole) {
        selection->qualifier_count = 0;
        selection->qualifiers = NULL;
        return true;
    }
    if (!selection->qualifiers)
        selection->qualifiers = arena_allocate(
            &browse->call->arena, COLUMNS_MOST * sizeof(struct span));
    if (!selection->qualifiers)
        return false;
    selection->qualifiers[selection->qualifier_count++] = span_make(
        colon + 1, column.size - family.size - 1);
    return true;
}

static enum status read_columns(struct browse *browse, struct error *error)
{
    const struct span *given = web_request_find(&browse->call->request, "columns");
    struct read_request *read = &browse->scan.read;
    struct span left = given ? *given : SPAN_EMPTY;
    read->families = arena_allocate_zeroed(
        &browse->call->arena, COLUMNS_MOST, sizeof *read->families);
    for (size_t count = 0; read->families && left.size > 0; count++) {
        const uint8_t *comma = memchr(left.data, ',', left.size);
        struct span column = span_make(left.data, comma ? (size_t)(comma - left.data) : left.size);
        if (count == COLUMNS_MOST || column.size == 0)
            return error_set(error, STATUS_INVALID,
                "'columns' is f:q,f:q,f ... with at most %d of them", COLUMNS_MOST);
        if (!select_column(browse, column))
            break;
        left = comma ? span_make(comma + 1, left.size - column.size - 1) : SPAN_EMPTY;
    }
    if (!read->families)
        return error_set(error, STATUS_NO_MEMORY, "no memory");
    for (size_t i = 0; i < read->family_count; i++) {
        struct family_selection *one = &read->families[i];
        size_t kept = 0;
        if (one->qualifier_count)
            qsort(one->qualifiers, one->qualifier_count, sizeof *one->qualifiers, compare_spans);
        for (size_t k = 0; k < one->qualifier_count; k++)
            if (kept == 0 || !span_equal(one->qualifiers[kept - 1], one->qualifiers[k]))
                one->qualifiers[kept++] = one->qualifiers[k];
        one->qualifier_count = kept;
    }
    if (read->family_count > 1) /* sorted by name, as scans want them */
        qsort(read->families, read->family_count, sizeof *read->families, compare_spans);
    return STATUS_OK;
}

static enum status read_question(struct browse *browse, struct error *error)
{
    const struct web_request *request = &browse->call->request;
    int64_t rows = 0, versions = 0;
    scan_request_init(&browse->scan);
    enum status status = web_request_number(
        request, "limit", ROWS_DEFAULT, 1, ROWS_MOST, &rows, error);
    if (!status)
        status = web_request_number(request, "versions", 1, 1, VERSIONS_MOST, &versions, error);
    browse->rows_left = (uint64_t)rows;
    browse->scan.read.max_versions = (uint32_t)versions;
    browse->scan.read.is_cache_fill = false; /* who looks around must not push out what serves */
    if (!status)
        status = read_range(browse, error);
    return status ? status : read_columns(browse, error);
}

/* ---- Rows ---- */

struct row_sink {
    struct read_sink sink; /* first */
    struct browse *browse;
};

static void end_row(struct browse *browse, bool is_partial)
{
    if (!browse->cells)
        return;
    json_array_append_new(browse->items,
        json_pack("{s:o, s:o, s:b}", "row", web_json_bytes(buffer_span(&browse->row)), "cells",
            browse->cells, "is_partial", (int)(is_partial || browse->is_cut)));
    browse->cells = NULL;
    browse->cell_count = 0;
    browse->is_cut = false;
}

static enum status take_cell(struct read_sink *sink, const struct cell *cell)
{
    struct browse *browse = ((struct row_sink *)sink)->browse;
    if (browse->cells && !span_equal(buffer_span(&browse->row), cell->row))
        end_row(browse, false);
    if (!browse->cells) {
        browse->cells = json_array();
        buffer_reset(&browse->row);
        buffer_put(&browse->row, cell->row);
        if (!browse->cells || buffer_status(&browse->row))
            return STATUS_NO_MEMORY;
    }
    browse->is_cut = browse->cell_count >= ROW_CELLS;
    if (browse->is_cut)
        return STATUS_OK;
    browse->cell_count++;
    json_array_append_new(browse->cells,
        json_pack("{s:o, s:o, s:I, s:o, s:o}", "family", web_json_text(cell->family), "qualifier",
            web_json_bytes(cell->qualifier), "timestamp", (json_int_t)cell->timestamp, "value",
            web_json_bytes_cut(cell->value, VALUE_BYTES), "size_bytes",
            web_json_count(cell->value.size)));
    return STATUS_OK;
}

static enum status take_result(struct read_sink *sink, bool is_partial)
{
    if (!is_partial)
        end_row(((struct row_sink *)sink)->browse, false);
    return STATUS_OK;
}

/* Where the next page begins: behind that row. */
static void go_on_after(struct browse *browse, struct span row)
{
    buffer_reset(&browse->next_row);
    buffer_put(&browse->next_row, row);
    buffer_put_u8(&browse->next_row, 0);
    browse->has_next = true;
}

/* Reads one tablet; *out_is_done: the page is full, else the tablet has no more. */
static enum status read_tablet(
    struct browse *browse, struct tablet *tablet, bool *out_is_done, struct error *error)
{
    struct scanner *scanner = NULL;
    struct row_sink sink = {.sink = {.cell = take_cell, .result = take_result}, .browse = browse};
    enum status status = scanner_open(tablet, &browse->scan, &scanner, error);
    struct scan_progress progress = {.stop = SCAN_STOP_NONE};
    *out_is_done = false;
    while (!status && progress.stop != SCAN_STOP_END && progress.stop != SCAN_STOP_FILTER &&
           !*out_is_done) {
        struct scan_limits limits = {.results = UINT64_MAX,
            .rows = browse->rows_left,
            .bytes = browse->bytes_left,
            .deadline_ns = browse->deadline_ns,
            .is_partial_allowed = true,
            .may_block = true};
        progress = (struct scan_progress){0};
        status = scanner_next(scanner, &limits, &sink.sink, &progress, error);
        browse->rows_scanned += progress.rows_scanned;
        browse->rows_left -= progress.rows < browse->rows_left ? progress.rows : browse->rows_left;
        browse->bytes_left -= progress.bytes < browse->bytes_left ? progress.bytes
                                                                  : browse->bytes_left;
        bool is_late = env_monotonic_ns(browse->call->service->env) >= browse->deadline_ns;
        *out_is_done = browse->rows_left == 0 || browse->bytes_left == 0 || is_late;
        /* a single row has no next page */
        if (!status && *out_is_done && progress.last_row.size && !browse->scan.is_stop_inclusive)
            go_on_after(browse, progress.last_row);
        if (progress.is_mid_row)
            end_row(browse, true);
    }
    end_row(browse, false);
    scanner_close(scanner);
    return status;
}

struct tablet_search {
    struct span table, row;
    struct served_tablet *found;
};

static bool search_tablet(void *context, struct served_tablet *served)
{
    struct tablet_search *search = context;
    if (!span_equal(served->table_name, search->table) ||
        !tablet_contains_row(served->tablet, search->row))
        return true;
    served_tablet_ref(served);
    search->found = served;
    return false;
}

/* ---- The answer ---- */

/* It is elsewhere: the leading master knows where, and others know who leads. */
static enum web_outcome fail_not_here(struct browse *browse, struct span row)
{
    struct web_call *call = browse->call;
    const char *address = NULL, *master = NULL;
    struct hbase_service *hbase = call->service->hbase;
    if (hbase->master && master_is_ready(hbase->master)) {
        struct catalogue *catalogue = api_catalogue(call);
        mutex_lock(&catalogue->mutex);
        const struct catalogue_table *table = catalogue_find_locked(catalogue, browse->table);
        size_t index = table ? catalogue_tablet_of_row(table, row) : SIZE_MAX;
        const struct assigned_server *server = NULL;
        if (table && index != SIZE_MAX)
            server = table->tablets[index]->server;
        if (server)
            address = web_address(call, server->name.host, server->load.web_port);
        mutex_unlock(&catalogue->mutex);
        if (!table)
            return api_no_such_table(call, browse->table);
        if (index != SIZE_MAX && !server)
            return web_fail(call, 503, "busy", "the tablet of this row is not open");
    } else {
        master = web_master_address(call);
    }
    return web_answer_json(call, 421,
        json_pack("{s:{s:s, s:s}, s:s?, s:s?}", "error", "code", "not_here", "message",
            "the tablet of this row is not at this server", "server", address, "master", master));
}

static enum web_outcome read_rows(struct browse *browse)
{
    struct web_call *call = browse->call;
    struct hbase_service *hbase = call->service->hbase;
    struct error error = {0};
    bool is_done = false, is_first = true, is_elsewhere = false;
    struct span row = browse->scan.start_row;
    while (!is_done) {
        struct tablet_search search = {.table = browse->table, .row = row};
        if (hbase->tablets)
            tablet_service_each(hbase->tablets, search_tablet, &search);
        if (!search.found && is_first)
            return fail_not_here(browse, row);
        if (!search.found) { /* the rest is elsewhere */
            buffer_reset(&browse->next_row);
            buffer_put(&browse->next_row, row);
            browse->has_next = is_elsewhere = true;
            break;
        }
        enum status status = read_tablet(browse, search.found->tablet, &is_done, &error);
        row = arena_copy(&call->arena, search.found->info.end_key);
        served_tablet_unref(search.found);
        if (status == STATUS_NO_FAMILY || status == STATUS_INVALID)
            return web_fail(call, 400, "bad_parameter", "%s", error.message);
        if (status)
            return web_fail(call, 503, "busy", "%s", error.message);
        browse->scan.start_row = row;
        bool is_past = browse->scan.stop_row.size && span_compare(row, browse->scan.stop_row) >= 0;
        is_done = is_done || row.size == 0 || is_past;
        is_first = false;
    }
    /* whoever is declared dead says nothing any more (design 7) */
    if (hbase->looks && store_look(hbase->store, &error))
        return web_fail(call, 503, "stopping", "%s", error.message);
    json_t *next = browse->has_next ? web_json_bytes(buffer_span(&browse->next_row)) : json_null();
    return web_answer_json(call, 200,
        json_pack("{s:o, s:O, s:o, s:o, s:s?}", "table", web_json_text(browse->table), "items",
            browse->items, "next", next, "rows_scanned", web_json_count(browse->rows_scanned),
            "next_at", is_elsewhere ? web_master_address(call) : NULL));
}

enum web_outcome web_get_data(struct web_call *call)
{
    struct browse browse = {.call = call,
        .table = api_table_name(call->request.segments[3]),
        .bytes_left = ANSWER_BYTES,
        .deadline_ns = env_monotonic_ns(call->service->env) + ANSWER_NS};
    struct error error = {0};
    if (read_question(&browse, &error))
        return web_fail_error(call, &error);
    browse.items = json_array();
    enum web_outcome outcome = read_rows(&browse);
    json_decref(browse.items);
    json_decref(browse.cells);
    buffer_deinit(&browse.row);
    buffer_deinit(&browse.next_row);
    return outcome;
}
