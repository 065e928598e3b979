/* Chains of nodes (after Accumulo's continuous ingest and HBase's big linked list). Node n of a chain has a row that
 * follows from (seed, chain, n), and names the row of node n-1. A group of nodes goes as one batch; when it is
 * acknowledged, all its nodes must be there for ever, and no node may be there that was never begun. */
#include <stdio.h>
#include <stdlib.h>

#include "tests/cluster/cluster_load.h"

#define CHAINS     2
#define GROUP      20
#define REGIONS    6
#define NODES_MOST 4000000

struct chain {
    uint64_t begun; /* nodes */
    _Atomic uint64_t acknowledged;
    uint64_t read_back;
    struct load_pace pace;
};

static struct chain chains[CHAINS];
static struct stele_table *table;

struct node_row {
    char text[20]; /* 16 hex digits, chain */
};

static struct node_row row_of(const struct load *load, unsigned chain, uint64_t number)
{
    struct node_row row;
    snprintf(row.text, sizeof row.text, "%016llx.%u",
        (unsigned long long)load_mix(load->seed, chain + 1, number), chain % 10);
    return row;
}

static void prepare(struct load *load)
{
    table = load_table(load, "list", REGIONS);
}

/* ---- Writing ---- */

static void write_group(struct load *load, unsigned number)
{
    struct chain *chain = &chains[number];
    struct node_row rows[GROUP + 1]; /* rows[0] is the one before the group */
    struct stele_cell cells[GROUP][2];
    struct stele_mutation mutations[GROUP];
    struct stele_action actions[GROUP];
    struct stele_batch batch = {0};
    struct stele_error error = {0};
    uint8_t numbers[GROUP][8];
    uint64_t first = chain->acknowledged;
    for (unsigned i = 0; i <= GROUP; i++)
        rows[i] = row_of(load, number, first + i - 1);
    for (unsigned i = 0; i < GROUP; i++) {
        bool is_root = first + i == 0;
        stele_store_i64(numbers[i], (int64_t)(first + i));
        cells[i][0] = (struct stele_cell){.family = STELE_TEXT("f"),
            .qualifier = STELE_TEXT("n"),
            .value = stele_bytes(numbers[i], 8),
            .timestamp = STELE_LATEST,
            .type = STELE_CELL_PUT};
        cells[i][1] = cells[i][0];
        cells[i][1].qualifier = STELE_TEXT("prev");
        cells[i][1].value = is_root ? STELE_TEXT("") : stele_text(rows[i].text);
        stele_mutation_init(&mutations[i], STELE_PUT, stele_text(rows[i + 1].text));
        mutations[i].cells = cells[i];
        mutations[i].cell_count = 2;
        actions[i] = (struct stele_action){.mutation = &mutations[i]};
    }
    chain->begun = first + GROUP;
    enum stele_status status = stele_batch(table, actions, GROUP, &batch, &error);
    stele_batch_free(&batch);
    if (load_has_failed(load, status, &error, "nodes %llu to %llu of chain %u",
            (unsigned long long)first, (unsigned long long)first + GROUP - 1, number))
        return; /* again: the same nodes */
    chain->acknowledged = first + GROUP;
    load_pace_tick(&chain->pace);
}

static bool check_node(struct load *load, unsigned chain, uint64_t number,
    const struct stele_result *result, const char *when)
{
    struct node_row before = row_of(load, chain, number - 1);
    struct stele_bytes prev = number == 0 ? STELE_TEXT("") : stele_text(before.text);
    bool is_right = result->cell_count == 2 && result->cells[0].value.size == 8 &&
                    (uint64_t)stele_load_i64(result->cells[0].value.data) == number &&
                    result->cells[1].value.size == prev.size &&
                    memcmp(result->cells[1].value.data, prev.data, prev.size) == 0;
    if (!is_right)
        load_fail(load, "node %llu of chain %u (row %s) %s, %s", (unsigned long long)number, chain,
            row_of(load, chain, number).text,
            result->cell_count == 0 ? "is lost" : "is not as it was written", when);
    return is_right;
}

static void read_node(struct load *load, unsigned number, uint64_t node, const char *when)
{
    struct stele_error error = {0};
    struct stele_result result = {0};
    struct stele_get get;
    struct node_row row = row_of(load, number, node);
    stele_get_init(&get, stele_text(row.text));
    enum stele_status status = stele_get(table, &get, &result, &error);
    if (!load_has_failed(load, status, &error, "get of node %llu", (unsigned long long)node))
        check_node(load, number, node, &result, when);
    stele_result_free(&result);
    chains[number].read_back++;
}

static void step(struct load *load, unsigned number)
{
    struct chain *chain = &chains[number];
    if (chain->begun < NODES_MOST)
        write_group(load, number);
    if (chain->acknowledged > 0) {
        read_node(load, number, chain->acknowledged - 1, "read at once");
        read_node(load, number, load_random() % chain->acknowledged, "read later");
    }
}

static uint64_t done(void)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < CHAINS; i++)
        sum += atomic_load(&chains[i].acknowledged);
    return sum;
}

/* ---- Verifying ---- */

/* Which chain and node a row is: by its own number. */
static void take_row(struct load *load, const struct stele_result *result, uint8_t *seen[CHAINS])
{
    struct stele_bytes row = result->cells[0].row;
    unsigned number = row.size == 18 ? (unsigned)(row.data[17] - '0') : CHAINS;
    uint64_t node = result->cells[0].value.size == 8
                        ? (uint64_t)stele_load_i64(result->cells[0].value.data)
                        : UINT64_MAX;
    if (number >= CHAINS || node >= chains[number].begun) {
        load_fail(load, "row %.*s was never written", (int)row.size, (const char *)row.data);
        return;
    }
    check_node(load, number, node, result, "in the scan at the end");
    if (seen[number][node]++)
        load_fail(load, "node %llu of chain %u is there twice", (unsigned long long)node, number);
}

static void scan_all(struct load *load, uint8_t *seen[CHAINS])
{
    struct stele_error error = {0};
    struct stele_scan scan;
    const struct stele_result *result;
    enum stele_status status;
    stele_scan_init(&scan);
    struct stele_scanner *scanner = stele_scanner_open(table, &scan);
    while ((status = stele_scanner_next(scanner, &result, &error)) == STELE_OK)
        take_row(load, result, seen);
    if (status != STELE_END)
        load_has_failed(load, status, &error, "the scan at the end");
    stele_scanner_close(scanner);
}

static void verify(struct load *load)
{
    uint8_t *seen[CHAINS];
    uint64_t acknowledged = 0, begun = 0, lost = 0, read_back = 0, longest_ns = 0;
    for (unsigned i = 0; i < CHAINS; i++)
        if (!(seen[i] = calloc(chains[i].begun + 1, 1)))
            exit(1);
    scan_all(load, seen);
    for (unsigned i = 0; i < CHAINS; i++) {
        for (uint64_t node = 0; node < chains[i].acknowledged; node++) {
            if (seen[i][node])
                continue;
            load_fail(load, "node %llu of chain %u was acknowledged and is lost",
                (unsigned long long)node, i);
            lost++;
        }
        for (uint64_t n = 0; n < 200 && n < chains[i].acknowledged; n++)
            read_node(load, i, chains[i].acknowledged - 1 - n, "walked at the end");
        acknowledged += chains[i].acknowledged;
        begun += chains[i].begun;
        read_back += chains[i].read_back;
        if (chains[i].pace.longest_ns > longest_ns)
            longest_ns = chains[i].pace.longest_ns;
        free(seen[i]);
    }
    printf("list: acknowledged=%llu begun=%llu lost=%llu read=%llu longest_wait=%.1fs\n",
        (unsigned long long)acknowledged, (unsigned long long)begun, (unsigned long long)lost,
        (unsigned long long)read_back, (double)longest_ns / 1e9);
    stele_table_close(table);
}

const struct load_part list_load = {"list", CHAINS, prepare, step, done, verify};
