/* The table of a cell: made, cut, dealt over the servers, filled (live_fill.c), and asked. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <xxhash.h>

#include "base/env.h"
#include "base/memory.h"
#include "bench/study/live_internal.h"
#include "model/split_policy.h"

#define SCAN_ROWS   2000
#define NUMBER_SIZE 32

static struct stele_bytes table_name(const struct live *live, size_t cell)
{
    return stele_text(live->made[cell]);
}

/* ---- Making ---- */

static enum status drop(struct live *live, struct stele_bytes name, struct error *error)
{
    struct stele_error failure;
    enum stele_status disabled = stele_disable_table(live->admin, name, &failure);
    if (disabled && disabled != STELE_WRONG_STATE)
        return live_fail(&failure, "drop a table", error);
    return stele_delete_table(live->admin, name, &failure)
               ? live_fail(&failure, "drop a table", error)
               : STATUS_OK;
}

void live_table_drop(struct live *live, size_t cell)
{
    struct error ignored = {0};
    if (!live->made[cell][0])
        return;
    (void)drop(live, table_name(live, cell), &ignored);
    live->made[cell][0] = '\0';
}

/* Refused unless told otherwise: it may be somebody's. */
static enum status make_room(struct live *live, struct stele_bytes name, struct error *error)
{
    struct stele_error failure;
    bool exists = false;
    if (stele_table_exists(live->admin, name, &exists, &failure))
        return live_fail(&failure, "look for a table", error);
    if (!exists)
        return STATUS_OK;
    if (!live->config.is_overwriting)
        return error_set(error, STATUS_EXISTS,
            "table '%.*s' exists; --overwrite drops it, --table=PREFIX takes another name",
            (int)name.size, (const char *)name.data);
    return drop(live, name, error);
}

static enum status create(struct live *live, size_t index, struct error *error)
{
    const struct study *study = live->study;
    const struct study_cell *cell = &study->cells[index];
    size_t tablets = cell->presplit == PRESPLIT_NONE ? 1 : study->settings.tablets;
    struct study_row *starts = memory_allocate_zeroed(tablets, sizeof *starts);
    struct stele_bytes *keys = memory_allocate_zeroed(tablets, sizeof *keys);
    char threshold[NUMBER_SIZE];
    struct stele_error failure;
    enum status status = starts && keys ? STATUS_OK
                                        : error_set(error, STATUS_NO_MEMORY, "no memory");
    for (size_t i = 1; i < tablets && !status; i++) {
        row_set_cut(&cell->design->set, cell->presplit, i, tablets, &starts[i]);
        keys[i - 1] = stele_bytes(starts[i].bytes, starts[i].size);
    }
    snprintf(threshold, sizeof threshold, "%.0f", study->settings.split_qps);
    struct stele_attribute word = {STELE_TEXT(SPLIT_REQUESTS_WORD), stele_text(threshold)};
    struct stele_family family = {.name = STELE_TEXT("f")};
    struct stele_schema schema = {.name = table_name(live, index),
        .configuration = &word,
        .configuration_count = 1,
        .families = &family,
        .family_count = 1};
    if (!status && stele_create_table(live->admin, &schema, keys, tablets - 1, &failure))
        status = live_fail(&failure, "create a table", error);
    memory_free(starts);
    memory_free(keys);
    return status;
}

/* Tablet i on server i % servers, as the model has it. */
static enum status deal(struct live *live, size_t cell, struct error *error)
{
    struct stele_region_list list;
    struct stele_error failure;
    enum status status = STATUS_OK;
    if (stele_list_regions(live->admin, table_name(live, cell), &list, &failure))
        return live_fail(&failure, "list a table's tablets", error);
    for (size_t i = 0; i < list.count && !status; i++) {
        size_t to = i % live->server_count;
        if (live_find_server(live, &list.regions[i].server) == to)
            continue;
        if (stele_move_region(
                live->admin, list.regions[i].encoded_name, stele_text(live->servers[to]), &failure))
            status = live_fail(&failure, "deal the tablets", error);
    }
    stele_region_list_free(&list);
    return status;
}

/* ---- Asking ---- */

struct asking {
    const struct live *live;
    const struct study_cell *cell;
    const struct study_key *partial;
    struct query_seen seen;
    uint64_t from_ns;
};

/* A row that a query read: checked, and counted when it is wanted. */
static enum status take_row(
    struct asking *asking, const struct stele_result *result, struct error *error)
{
    const struct key_mapper *mapper = &asking->cell->design->mapper;
    struct study_key stored, decoded;
    if (result->cell_count == 0 ||
        !live_take_value(&asking->live->study->scenario, span_of(result->cells[0].value), &stored))
        return error_set(error, STATUS_CORRUPT, "a row of '%s' holds no key", mapper->name);
    if (asking->cell->design->is_decodable &&
        (!key_mapper_decode(mapper, span_of(result->cells[0].row), &decoded) ||
            !study_key_matches(&decoded, &stored)))
        return error_set(error, STATUS_CORRUPT, "row %.*s of '%s' holds another key",
            (int)result->cells[0].row.size, (const char *)result->cells[0].row.data, mapper->name);
    if (asking->seen.rows_read++ == 0)
        asking->seen.first_row_ms = (double)(env_monotonic_ns(env_real()) - asking->from_ns) / 1e6;
    asking->seen.bytes_read += result->cells[0].row.size + result->cells[0].value.size;
    if (!study_key_matches(&stored, asking->partial))
        return STATUS_OK;
    asking->seen.rows_wanted++;
    asking->seen.digest += XXH3_64bits(result->cells[0].value.data, result->cells[0].value.size);
    return STATUS_OK;
}

static size_t metric(struct stele_scanner *scanner, const char *name)
{
    const struct stele_metric *metrics;
    size_t count;
    stele_scanner_metrics(scanner, &metrics, &count);
    for (size_t i = 0; i < count; i++)
        if (strcmp(metrics[i].name, name) == 0)
            return (size_t)metrics[i].value;
    return 0;
}

static enum status scan_prefix(struct asking *asking, struct stele_table *table,
    const struct key_prefix *prefix, struct error *error)
{
    struct stele_scan scan;
    struct stele_error failure;
    struct study_row end;
    stele_scan_init(&scan);
    scan.start_row = stele_bytes(prefix->bytes, prefix->size);
    if (key_prefix_end(prefix, &end))
        scan.stop_row = stele_bytes(end.bytes, end.size);
    scan.caching = SCAN_ROWS;
    struct stele_scanner *scanner = stele_scanner_open(table, &scan);
    if (!scanner)
        return error_set(error, STATUS_NO_MEMORY, "no memory for a scan");
    enum status status = STATUS_OK;
    enum stele_status got = STELE_OK;
    while (!status && got == STELE_OK) {
        const struct stele_result *results;
        size_t count = 0;
        got = stele_scanner_next_rows(scanner, &results, &count, &failure);
        if (got && got != STELE_END)
            status = live_fail(&failure, "ask a query", error);
        for (size_t i = 0; i < count && !got && !status; i++)
            status = take_row(asking, &results[i], error);
    }
    asking->seen.tablets += metric(scanner, "REGIONS_SCANNED");
    stele_scanner_close(scanner);
    return status;
}

static enum status ask(struct live *live, size_t index, size_t query, struct error *error)
{
    struct study_cell *cell = &live->study->cells[index];
    struct key_prefix prefixes[KEY_MAPPER_SALT_MAX];
    struct study_key partial;
    struct asking asking = {
        .live = live, .cell = cell, .partial = &partial, .from_ns = env_monotonic_ns(env_real())};
    struct stele_table *table = stele_table_open(live->admin, table_name(live, index));
    if (!table)
        return error_set(error, STATUS_NO_MEMORY, "no memory for a table");
    scenario_query_key(&live->study->scenario, &live->study->scenario.queries[query], &partial);
    asking.seen.ranges = key_mapper_prefixes(&cell->design->mapper, &partial, prefixes);
    enum status status = STATUS_OK;
    for (size_t i = 0; i < asking.seen.ranges && !status; i++)
        status = scan_prefix(&asking, table, &prefixes[i], error);
    stele_table_close(table);
    asking.seen.ms = (double)(env_monotonic_ns(env_real()) - asking.from_ns) / 1e6;
    cell->seen[query] = asking.seen;
    return status;
}

enum status live_table_make(struct live *live, size_t index, struct error *error)
{
    struct study_cell *cell = &live->study->cells[index];
    snprintf(
        live->made[index], sizeof live->made[index], "%.48s_%zu", live->config.table, index + 1);
    enum status status = make_room(live, table_name(live, index), error);
    if (!status)
        status = create(live, index, error);
    if (status) {
        live->made[index][0] = '\0';
        return status;
    }
    live_tell(live, "%s: writing %zu rows", cell->design->mapper.name, cell->design->set.count);
    status = deal(live, index, error);
    if (!status)
        status = live_fill(live, index, error);
    for (size_t i = 0; i < SCENARIO_QUERIES && live->study->scenario.queries[i].name && !status;
         i++)
        status = ask(live, index, i, error);
    cell->has_seen = !status;
    return status;
}
