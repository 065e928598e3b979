#include "tests/sim/meta_check.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/limits.h"
#include "client/meta.h"

#define REGIONS_MAX 512

struct meta_check {
    struct stele_scanner *scanner;
    struct arena arena;
    char table[64];
    struct seen_region regions[REGIONS_MAX];
    size_t count;
    bool is_done, has_failed;
    char failure[256];
};

static void take_row(struct meta_check *check, const struct stele_result *result)
{
    struct cell cells[32];
    uint8_t storage[LIMIT_TABLE_NAME_SIZE];
    struct meta_row row;
    size_t count = result->cell_count < 32 ? result->cell_count : 32;
    for (size_t i = 0; i < count; i++) {
        const struct stele_cell *from = &result->cells[i];
        cells[i] = (struct cell){.row = span_make(from->row.data, from->row.size),
            .family = span_make(from->family.data, from->family.size),
            .qualifier = span_make(from->qualifier.data, from->qualifier.size),
            .value = span_make(from->value.data, from->value.size),
            .timestamp = from->timestamp,
            .type = CELL_PUT};
    }
    if (!meta_row_decode(cells, count, storage, &row) || row.is_table ||
        !span_equal(row.info.table, span_string(check->table)) || check->count == REGIONS_MAX)
        return;
    struct seen_region *region = &check->regions[check->count++];
    *region = (struct seen_region){.name = arena_copy(&check->arena, cells[0].row),
        .info = row.info,
        .server = arena_copy(&check->arena, row.host),
        .state = arena_copy(&check->arena, row.state),
        .start_code = row.start_code,
        .is_over = row.info.is_split || row.info.is_offline};
    region->info.table = span_string(check->table);
    region->info.start_key = arena_copy(&check->arena, row.info.start_key);
    region->info.end_key = arena_copy(&check->arena, row.info.end_key);
}

static void on_rows(void *context, const struct stele_error *error,
    const struct stele_result *results, size_t count)
{
    struct meta_check *check = context;
    for (size_t i = 0; i < count; i++)
        take_row(check, &results[i]);
    if (error->status == STELE_OK) {
        stele_scanner_next_async(check->scanner, on_rows, check);
        return;
    }
    check->is_done = true;
    check->has_failed = error->status != STELE_END;
    memcpy(check->failure, error->message, sizeof check->failure - 1);
}

struct meta_check *meta_check_start(struct stele_client *client, const char *table)
{
    struct meta_check *check = calloc(1, sizeof *check);
    struct stele_scan scan;
    CHECK(check && strlen(table) < sizeof check->table);
    memcpy(check->table, table, strlen(table) + 1);
    stele_scan_init(&scan);
    check->scanner = stele_scanner_open(stele_table_open(client, STELE_TEXT("hbase:meta")), &scan);
    CHECK(check->scanner);
    stele_scanner_next_async(check->scanner, on_rows, check);
    return check;
}

bool meta_check_is_done(const struct meta_check *check)
{
    return check->is_done;
}

const struct seen_region *meta_check_regions(const struct meta_check *check, size_t *out_count)
{
    *out_count = check->count;
    return check->regions;
}

static void print_region(struct buffer *out, const struct seen_region *region)
{
    buffer_put_format(out, "  region [");
    buffer_put_escaped(out, region->info.start_key);
    buffer_put_format(out, ", ");
    buffer_put_escaped(out, region->info.end_key);
    buffer_put_format(out, ") %.*s on %.*s,%llu%s\n", (int)region->state.size,
        (const char *)region->state.data, (int)region->server.size,
        (const char *)region->server.data, (unsigned long long)region->start_code,
        region->is_over ? " (over)" : "");
}

bool meta_check_end(struct meta_check *check, struct buffer *out)
{
    struct span expected = SPAN_EMPTY;
    bool is_right = !check->has_failed && check->count > 0, has_end = false;
    if (check->has_failed)
        buffer_put_format(out, "hbase:meta cannot be read: %s\n", check->failure);
    for (size_t i = 0; i < check->count; i++) {
        const struct seen_region *region = &check->regions[i];
        print_region(out, region);
        if (region->is_over)
            continue;
        if (has_end || !span_equal(region->info.start_key, expected)) {
            buffer_put_format(out, "    a hole or an overlap before it\n");
            is_right = false;
        }
        if (region->server.size == 0 || !span_equal(region->state, SPAN_LITERAL("OPEN"))) {
            buffer_put_format(out, "    is not open\n");
            is_right = false;
        }
        expected = region->info.end_key;
        has_end = region->info.end_key.size == 0;
    }
    if (!has_end) {
        buffer_put_format(out, "the last row is nowhere\n");
        is_right = false;
    }
    stele_scanner_close(check->scanner);
    arena_deinit(&check->arena);
    free(check);
    return is_right;
}
