#include "tests/model/oracle.h"

#include <stdlib.h>
#include <string.h>

struct span oracle_row_name(unsigned row)
{
    static const char *const names[ORACLE_ROWS] = {"a", "b", "c", "d", "e", "f"};
    return span_string(names[row]);
}

struct span oracle_family_name(unsigned family)
{
    static const char *const names[ORACLE_FAMILIES] = {"f", "g"};
    return span_string(names[family]);
}

struct span oracle_qualifier_name(unsigned qualifier)
{
    static const char *const names[ORACLE_QUALIFIERS] = {"", "p", "q", "r"};
    return span_string(names[qualifier]);
}

void oracle_deinit(struct oracle *oracle)
{
    free(oracle->cells);
    oracle->cells = NULL;
    oracle->count = oracle->capacity = 0;
}

void oracle_copy(const struct oracle *from, struct oracle *out_copy)
{
    *out_copy = *from;
    out_copy->capacity = from->count + 1;
    out_copy->cells = malloc(out_copy->capacity * sizeof(*out_copy->cells));
    if (!out_copy->cells)
        abort();
    if (from->count)
        memcpy(out_copy->cells, from->cells, from->count * sizeof(*from->cells));
}

void oracle_write(struct oracle *oracle, unsigned row, unsigned family, unsigned qualifier,
    enum cell_type type, int64_t timestamp, struct span value)
{
    if (oracle->count == oracle->capacity) {
        oracle->capacity = oracle->capacity ? 2 * oracle->capacity : 256;
        oracle->cells = realloc(oracle->cells, oracle->capacity * sizeof(*oracle->cells));
        if (!oracle->cells)
            abort();
    }
    bool is_family_marker = type == CELL_DELETE_FAMILY || type == CELL_DELETE_FAMILY_VERSION;
    oracle->cells[oracle->count++] = (struct oracle_cell){
        .row = (uint8_t)row,
        .family = (uint8_t)family,
        .qualifier = (uint8_t)(is_family_marker ? ORACLE_QUALIFIERS : qualifier),
        .type = (uint8_t)type,
        .timestamp = timestamp,
        .order = ++oracle->next_order,
        .value = value,
    };
}

/* ---- What masks what ---- */

static bool masks(const struct oracle_cell *marker, const struct oracle_cell *put)
{
    if (marker->row != put->row || marker->family != put->family)
        return false;
    switch (marker->type) {
    case CELL_DELETE_FAMILY:
        return put->timestamp <= marker->timestamp;
    case CELL_DELETE_FAMILY_VERSION:
        return put->timestamp == marker->timestamp;
    case CELL_DELETE_COLUMN:
        return marker->qualifier == put->qualifier && put->timestamp <= marker->timestamp;
    case CELL_DELETE:
        return marker->qualifier == put->qualifier && put->timestamp == marker->timestamp;
    default:
        return false;
    }
}

/* Written again with the same timestamp later. */
static bool is_overwritten(const struct oracle *oracle, const struct oracle_cell *put)
{
    for (size_t i = 0; i < oracle->count; i++) {
        const struct oracle_cell *other = &oracle->cells[i];
        if (other->type == CELL_PUT && other->row == put->row && other->family == put->family &&
            other->qualifier == put->qualifier && other->timestamp == put->timestamp &&
            other->order > put->order)
            return true;
    }
    return false;
}

static bool is_masked(
    const struct oracle *oracle, const struct oracle_cell *put, struct time_range range)
{
    const struct family_schema *family = &oracle->schema->families[put->family];
    for (size_t i = 0; i < oracle->count; i++) {
        const struct oracle_cell *marker = &oracle->cells[i];
        if (!masks(marker, put))
            continue;
        /* With KEEP_DELETED_CELLS a look into the past does not see later deletes. */
        if (family->keep_deleted != KEEP_DELETED_FALSE &&
            (marker->timestamp < range.from || marker->timestamp >= range.to))
            continue;
        return true;
    }
    return false;
}

void oracle_purge(struct oracle *oracle, unsigned family)
{
    size_t kept = 0;
    if (oracle->schema->families[family].keep_deleted != KEEP_DELETED_FALSE)
        return;
    bool *is_gone = calloc(oracle->count + 1, sizeof(bool));
    if (!is_gone)
        abort();
    for (size_t i = 0; i < oracle->count; i++) {
        const struct oracle_cell *cell = &oracle->cells[i];
        is_gone[i] = cell->family == family &&
                     (cell->type != CELL_PUT || is_overwritten(oracle, cell) ||
                         is_masked(oracle, cell, TIME_RANGE_ALL));
    }
    for (size_t i = 0; i < oracle->count; i++)
        if (!is_gone[i])
            oracle->cells[kept++] = oracle->cells[i];
    oracle->count = kept;
    free(is_gone);
}

/* ---- Reading ---- */

static int compare_newest_first(const void *a, const void *b)
{
    const struct oracle_cell *left = *(const struct oracle_cell *const *)a;
    const struct oracle_cell *right = *(const struct oracle_cell *const *)b;
    return left->timestamp > right->timestamp ? -1 : left->timestamp < right->timestamp;
}

/* The visible versions of one column, newest first. */
static size_t read_column(const struct oracle *oracle, unsigned row, unsigned family,
    unsigned qualifier, struct time_range range, uint32_t max_versions, int64_t now_ms,
    const struct oracle_cell **out_puts)
{
    const struct family_schema *schema = &oracle->schema->families[family];
    size_t count = 0;
    for (size_t i = 0; i < oracle->count; i++) {
        const struct oracle_cell *cell = &oracle->cells[i];
        if (cell->type == CELL_PUT && cell->row == row && cell->family == family &&
            cell->qualifier == qualifier && cell->timestamp >= range.from &&
            cell->timestamp < range.to && !is_overwritten(oracle, cell) &&
            !is_masked(oracle, cell, range))
            out_puts[count++] = cell;
    }
    if (count)
        qsort(out_puts, count, sizeof(*out_puts), compare_newest_first);
    uint32_t limit = max_versions < schema->max_versions ? max_versions : schema->max_versions;
    size_t given = 0;
    while (given < count && given < limit) {
        bool is_expired = schema->ttl_ms != TTL_FOREVER_MS &&
                          out_puts[given]->timestamp < now_ms - schema->ttl_ms;
        if (is_expired && given >= schema->min_versions)
            break;
        given++;
    }
    return given;
}

static const struct family_selection *find_selection(
    const struct read_request *request, unsigned family)
{
    for (size_t i = 0; i < request->family_count; i++)
        if (span_equal(request->families[i].family, oracle_family_name(family)))
            return &request->families[i];
    return NULL;
}

static bool is_wanted(const struct family_selection *selection, unsigned qualifier)
{
    if (!selection || !selection->qualifiers)
        return true;
    for (size_t i = 0; i < selection->qualifier_count; i++)
        if (span_equal(selection->qualifiers[i], oracle_qualifier_name(qualifier)))
            return true;
    return false;
}

size_t oracle_read(const struct oracle *oracle, unsigned row, const struct read_request *request,
    int64_t now_ms, struct oracle_cell *out_cells, size_t capacity)
{
    const struct oracle_cell **puts = malloc((oracle->count + 1) * sizeof(*puts));
    size_t count = 0;
    if (!puts)
        abort();
    for (unsigned family = 0; family < oracle->schema->family_count; family++) {
        const struct family_selection *selection = find_selection(request, family);
        uint32_t seen = 0; /* of this row and family */
        if (request->family_count && !selection)
            continue;
        for (unsigned qualifier = 0; qualifier < ORACLE_QUALIFIERS; qualifier++) {
            if (!is_wanted(selection, qualifier))
                continue;
            size_t found = read_column(oracle, row, family, qualifier, request->time_range,
                request->max_versions, now_ms, puts);
            for (size_t i = 0; i < found; i++, seen++) {
                if (seen < request->store_offset ||
                    (request->store_limit && seen >= request->store_offset + request->store_limit))
                    continue;
                if (count == capacity)
                    abort();
                out_cells[count++] = *puts[i];
            }
        }
    }
    free(puts);
    return count;
}

const struct oracle_cell *oracle_newest(
    const struct oracle *oracle, unsigned row, unsigned family, unsigned qualifier, int64_t now_ms)
{
    const struct oracle_cell **puts = malloc((oracle->count + 1) * sizeof(*puts));
    if (!puts)
        abort();
    size_t count = read_column(
        oracle, row, family, qualifier, TIME_RANGE_ALL, UINT32_MAX, now_ms, puts);
    const struct oracle_cell *newest = count ? puts[0] : NULL;
    free(puts);
    return newest;
}
