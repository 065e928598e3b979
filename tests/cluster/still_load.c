/* Scans of a table that does not change, over ranges and backwards, with few rows a call, while its tablets move, split
 * and merge: every row of the range once, in order. */
#include <stdio.h>
#include <stdlib.h>

#include "tests/cluster/cluster_load.h"

#define ROWS    4000
#define BATCH   500
#define REGIONS 5
#define READERS 2

static struct stele_table *table;
static _Atomic uint64_t scans, rows_seen;
static struct load_pace paces[READERS];

struct still_row {
    char text[12];
};

/* Rows lie evenly in the space of two hex digits. */
static struct still_row row_of(unsigned number)
{
    struct still_row row;
    snprintf(row.text, sizeof row.text, "%06x", number * (0x1000000 / ROWS));
    return row;
}

static void prepare(struct load *load)
{
    static struct still_row rows[BATCH];
    static struct stele_mutation puts[BATCH];
    static struct stele_action actions[BATCH];
    struct stele_cell cell = {.family = STELE_TEXT("f"),
        .qualifier = STELE_TEXT("q"),
        .value = STELE_TEXT("still"),
        .timestamp = STELE_LATEST,
        .type = STELE_CELL_PUT};
    table = load_table(load, "still", REGIONS);
    for (unsigned first = 0; first < ROWS; first += BATCH) {
        struct stele_batch batch = {0};
        struct stele_error error = {0};
        for (unsigned i = 0; i < BATCH; i++) {
            rows[i] = row_of(first + i);
            stele_mutation_init(&puts[i], STELE_PUT, stele_text(rows[i].text));
            puts[i].cells = &cell;
            puts[i].cell_count = 1;
            actions[i] = (struct stele_action){.mutation = &puts[i]};
        }
        enum stele_status status = stele_batch(table, actions, BATCH, &batch, &error);
        stele_batch_free(&batch);
        if (load_has_failed(load, status, &error, "filling the table"))
            exit(1);
    }
}

/* Rows [from, to), ascending or descending. */
static void scan_range(struct load *load, unsigned from, unsigned to, bool is_reversed)
{
    struct stele_error error = {0};
    struct still_row first = row_of(from), last = row_of(to - 1);
    const struct stele_result *result;
    enum stele_status status;
    unsigned count = 0;
    struct stele_scan scan;
    stele_scan_init(&scan);
    scan.start_row = stele_text(is_reversed ? last.text : first.text);
    scan.stop_row = stele_text(is_reversed ? first.text : last.text);
    scan.is_stop_inclusive = true;
    scan.is_reversed = is_reversed;
    scan.caching = 1 + (uint32_t)(load_random() % 200);
    struct stele_scanner *scanner = stele_scanner_open(table, &scan);
    while ((status = stele_scanner_next(scanner, &result, &error)) == STELE_OK) {
        unsigned number = is_reversed ? to - 1 - count : from + count;
        struct still_row wanted = row_of(number);
        struct stele_bytes row = result->cells[0].row;
        if (count >= to - from || row.size != 6 || memcmp(row.data, wanted.text, 6) != 0) {
            load_fail(load, "a scan%s gave row %.*s where %s was due",
                is_reversed ? " backwards" : "", (int)row.size, (const char *)row.data,
                count >= to - from ? "none" : wanted.text);
            break;
        }
        count++;
    }
    stele_scanner_close(scanner);
    if (status != STELE_OK && status != STELE_END)
        load_has_failed(load, status, &error, "a scan after %u rows", count);
    else if (status == STELE_END && count < to - from)
        load_fail(load, "a scan%s of %u rows ended after %u", is_reversed ? " backwards" : "",
            to - from, count);
    atomic_fetch_add(&rows_seen, count);
    atomic_fetch_add(&scans, 1);
}

static void step(struct load *load, unsigned thread)
{
    unsigned from = (unsigned)(load_random() % ROWS);
    unsigned size = 1 + (unsigned)(load_random() % (ROWS - from));
    scan_range(load, from, from + size, load_random() % 4 == 0);
    load_pace_tick(&paces[thread]);
}

static uint64_t done(void)
{
    return atomic_load(&scans);
}

static void verify(struct load *load)
{
    uint64_t longest_ns = 0;
    scan_range(load, 0, ROWS, false);
    scan_range(load, 0, ROWS, true);
    for (unsigned i = 0; i < READERS; i++)
        if (paces[i].longest_ns > longest_ns)
            longest_ns = paces[i].longest_ns;
    printf("still: scans=%llu rows=%llu longest_wait=%.1fs\n", (unsigned long long)scans,
        (unsigned long long)rows_seen, (double)longest_ns / 1e9);
    stele_table_close(table);
}

const struct load_part still_load = {"still", READERS, prepare, step, done, verify};
