#include "tests/sim/workload_scan.h"

#include <stdlib.h>

struct workload_scan {
    struct workload_client *client;
    struct stele_scanner *scanner;
    void (*done)(struct workload_client *client);
    bool is_reversed;
    char last[16]; /* row; empty: none yet */
    size_t operations[WORKLOAD_ROWS_MAX];
    bool is_seen[WORKLOAD_ROWS_MAX];
};

static uint64_t now_ns(const struct workload_scan *scan)
{
    return env_monotonic_ns(scan->client->workload->world);
}

static void end_row(struct workload_scan *scan, size_t row, const struct history_answer *answer)
{
    history_return(scan->client->workload->history, scan->operations[row], answer, now_ns(scan));
}

/* "b-07" is row 7. */
static void take_row(struct workload_scan *scan, const struct stele_result *result)
{
    struct workload *workload = scan->client->workload;
    char name[16] = "";
    CHECK(result->cell_count > 0 && result->cells[0].row.size < sizeof name);
    memcpy(name, result->cells[0].row.data, result->cells[0].row.size);
    size_t row = (size_t)strtoul(name + 2, NULL, 10);
    int order = strcmp(name, scan->last);
    bool is_in_order = !scan->last[0] || (scan->is_reversed ? order < 0 : order > 0);
    if (row >= workload->row_count || scan->is_seen[row] || !is_in_order) {
        workload->misplaced++;
        return;
    }
    memcpy(scan->last, name, sizeof name);
    scan->is_seen[row] = true;
    struct history_answer answer = {.outcome = HISTORY_OK};
    answer.value = workload_value_of(workload, row, result);
    end_row(scan, row, &answer);
    workload->scanned++;
}

static void scan_end(struct workload_scan *scan, bool is_whole)
{
    struct workload_client *client = scan->client;
    struct history_answer answer = {.outcome = is_whole ? HISTORY_OK : HISTORY_UNKNOWN};
    for (size_t row = 0; row < client->workload->row_count; row++)
        if (!scan->is_seen[row])
            end_row(scan, row, &answer);
    client->workload->scans += is_whole;
    void (*done)(struct workload_client *) = scan->done;
    stele_scanner_close(scan->scanner);
    free(scan);
    done(client);
}

static void on_rows(void *context, const struct stele_error *error,
    const struct stele_result *results, size_t count)
{
    struct workload_scan *scan = context;
    for (size_t i = 0; i < count; i++)
        take_row(scan, &results[i]);
    if (error->status == STELE_OK)
        stele_scanner_next_async(scan->scanner, on_rows, scan);
    else
        scan_end(scan, error->status == STELE_END);
}

void workload_scan_start(
    struct workload_client *client, void (*done)(struct workload_client *client))
{
    struct workload *workload = client->workload;
    struct workload_scan *scan = calloc(1, sizeof *scan);
    struct stele_scan options;
    CHECK(scan);
    scan->client = client;
    scan->done = done;
    stele_scan_init(&options);
    options.caching = (uint32_t)dice_below(&workload->dice, 5); /* 0: all that fit */
    options.is_reversed = scan->is_reversed = dice_chance(&workload->dice, 30);
    options.prefetches = dice_chance(&workload->dice, 30);
    for (size_t row = 0; row < workload->row_count; row++) {
        char name[16];
        workload_row_name(row, name);
        struct history_call call = {.row = name, .client = client->number, .kind = HISTORY_GET};
        scan->operations[row] = history_invoke(workload->history, &call, now_ns(scan));
    }
    scan->scanner = stele_scanner_open(client->table, &options);
    CHECK(scan->scanner);
    stele_scanner_next_async(scan->scanner, on_rows, scan);
}
