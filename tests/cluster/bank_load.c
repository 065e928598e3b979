/* Transfers. Between accounts: two increments, one down, one up; each must count exactly once, whatever is retried, and
 * so every balance at the end is what was asked for. Inside a row: a conditional put that moves an amount from column
 * "a" to column "b"; every read, at any time, must see the same sum. */
#include <stdio.h>
#include <stdlib.h>

#include "tests/cluster/cluster_load.h"

#define ACCOUNTS 64
#define PAIRS    32
#define OPENING  1000
#define TELLERS  2 /* threads 0 and 1; thread 2 has the pairs */
#define REGIONS  4

static struct stele_table *table;
static _Atomic int64_t balances[ACCOUNTS]; /* as they must be in the end */
static _Atomic uint64_t transfers, pair_puts, pair_refused, audits;
static struct load_pace paces[TELLERS + 1];

struct bank_row {
    char text[16];
};

static struct bank_row account_row(unsigned number)
{
    struct bank_row row;
    snprintf(row.text, sizeof row.text, "%02x-account", number * 256 / ACCOUNTS);
    return row;
}

static struct bank_row pair_row(unsigned number)
{
    struct bank_row row;
    snprintf(row.text, sizeof row.text, "%02x-pair", number * 256 / PAIRS);
    return row;
}

static void put_pair(struct stele_mutation *put, struct stele_cell cells[2], uint8_t values[2][8],
    struct stele_bytes row, int64_t a, int64_t b)
{
    stele_store_i64(values[0], a);
    stele_store_i64(values[1], b);
    cells[0] = (struct stele_cell){.family = STELE_TEXT("f"),
        .qualifier = STELE_TEXT("a"),
        .value = stele_bytes(values[0], 8),
        .timestamp = STELE_LATEST,
        .type = STELE_CELL_PUT};
    cells[1] = cells[0];
    cells[1].qualifier = STELE_TEXT("b");
    cells[1].value = stele_bytes(values[1], 8);
    stele_mutation_init(put, STELE_PUT, row);
    put->cells = cells;
    put->cell_count = 2;
}

static void prepare(struct load *load)
{
    struct stele_error error = {0};
    table = load_table(load, "bank", REGIONS);
    for (unsigned i = 0; i < ACCOUNTS; i++) {
        struct bank_row row = account_row(i);
        atomic_store(&balances[i], OPENING);
        if (load_has_failed(load,
                stele_increment_column(table, stele_text(row.text), STELE_TEXT("f"),
                    STELE_TEXT("balance"), OPENING, NULL, &error),
                &error, "opening %s", row.text))
            exit(1);
    }
    for (unsigned i = 0; i < PAIRS; i++) {
        struct bank_row row = pair_row(i);
        struct stele_mutation put;
        struct stele_cell cells[2];
        uint8_t values[2][8];
        put_pair(&put, cells, values, stele_text(row.text), OPENING, OPENING);
        if (load_has_failed(
                load, stele_mutate(table, &put, NULL, &error), &error, "opening %s", row.text))
            exit(1);
    }
}

/* ---- Accounts ---- */

static void add(struct load *load, unsigned account, int64_t amount)
{
    struct stele_error error = {0};
    struct bank_row row = account_row(account);
    enum stele_status status = stele_increment_column(
        table, stele_text(row.text), STELE_TEXT("f"), STELE_TEXT("balance"), amount, NULL, &error);
    if (!load_has_failed(load, status, &error, "increment of %s", row.text))
        atomic_fetch_add(&balances[account], amount);
}

static void transfer(struct load *load)
{
    unsigned from = (unsigned)(load_random() % ACCOUNTS), to = (unsigned)(load_random() % ACCOUNTS);
    int64_t amount = 1 + (int64_t)(load_random() % 100);
    add(load, from, -amount);
    add(load, to, amount);
    atomic_fetch_add(&transfers, 1);
}

/* ---- Pairs ---- */

/* False: not a pair, and said so. */
static bool take_pair(struct load *load, const struct stele_result *result, int64_t *a, int64_t *b)
{
    if (result->cell_count != 2 || result->cells[0].value.size != 8 ||
        result->cells[1].value.size != 8) {
        load_fail(load, "a pair has %zu cells", result->cell_count);
        return false;
    }
    *a = stele_load_i64(result->cells[0].value.data);
    *b = stele_load_i64(result->cells[1].value.data);
    if (*a + *b != 2 * OPENING)
        load_fail(load, "a pair is %lld and %lld: half of a put", (long long)*a, (long long)*b);
    atomic_fetch_add(&audits, 1);
    return true;
}

static void move_inside(struct load *load, struct stele_bytes row, int64_t a, int64_t b)
{
    struct stele_error error = {0};
    struct stele_condition condition;
    struct stele_mutation put;
    struct stele_cell cells[2];
    uint8_t values[2][8], old[8];
    bool is_processed = false;
    int64_t amount = (int64_t)(load_random() % 50) - 25;
    stele_store_i64(old, a);
    stele_condition_init(&condition);
    condition.family = STELE_TEXT("f");
    condition.qualifier = STELE_TEXT("a");
    condition.compare = STELE_EQUAL;
    condition.value = stele_bytes(old, 8);
    put_pair(&put, cells, values, row, a - amount, b + amount);
    enum stele_status status = stele_check_and_mutate(
        table, &condition, &put, NULL, &is_processed, &error);
    if (!load_has_failed(load, status, &error, "a conditional put"))
        atomic_fetch_add(is_processed ? &pair_puts : &pair_refused, 1);
}

static void work_on_pair(struct load *load)
{
    struct stele_error error = {0};
    struct stele_result result = {0};
    struct stele_get get;
    struct bank_row row = pair_row((unsigned)(load_random() % PAIRS));
    int64_t a, b;
    stele_get_init(&get, stele_text(row.text));
    enum stele_status status = stele_get(table, &get, &result, &error);
    if (!load_has_failed(load, status, &error, "get of %s", row.text) &&
        take_pair(load, &result, &a, &b))
        move_inside(load, stele_text(row.text), a, b);
    stele_result_free(&result);
}

static void step(struct load *load, unsigned thread)
{
    if (thread < TELLERS)
        transfer(load);
    else
        work_on_pair(load);
    load_pace_tick(&paces[thread]);
}

static uint64_t done(void)
{
    return atomic_load(&transfers) + atomic_load(&pair_puts);
}

/* ---- Verifying ---- */

static void verify(struct load *load)
{
    struct stele_error error = {0};
    struct stele_scan scan;
    const struct stele_result *result;
    enum stele_status status;
    unsigned accounts = 0, pairs = 0;
    int64_t sum = 0, a, b;
    uint64_t longest_ns = 0;
    stele_scan_init(&scan);
    struct stele_scanner *scanner = stele_scanner_open(table, &scan);
    while ((status = stele_scanner_next(scanner, &result, &error)) == STELE_OK) {
        if (result->cells[0].qualifier.size == 1) {
            pairs += take_pair(load, result, &a, &b);
            continue;
        }
        int64_t found = stele_load_i64(result->cells[0].value.data);
        int64_t wanted = accounts < ACCOUNTS ? atomic_load(&balances[accounts]) : 0;
        if (found != wanted)
            load_fail(load, "account %u has %lld, not %lld", accounts, (long long)found,
                (long long)wanted);
        sum += found;
        accounts++;
    }
    if (status != STELE_END)
        load_has_failed(load, status, &error, "the scan at the end");
    if (accounts != ACCOUNTS || pairs != PAIRS || sum != ACCOUNTS * OPENING)
        load_fail(load, "%u accounts, %u pairs, a sum of %lld", accounts, pairs, (long long)sum);
    stele_scanner_close(scanner);
    for (unsigned i = 0; i <= TELLERS; i++)
        if (paces[i].longest_ns > longest_ns)
            longest_ns = paces[i].longest_ns;
    printf("bank: transfers=%llu pair_puts=%llu refused=%llu audits=%llu sum=%lld "
           "longest_wait=%.1fs\n",
        (unsigned long long)transfers, (unsigned long long)pair_puts,
        (unsigned long long)pair_refused, (unsigned long long)audits, (long long)sum,
        (double)longest_ns / 1e9);
    stele_table_close(table);
}

const struct load_part bank_load = {"bank", TELLERS + 1, prepare, step, done, verify};
