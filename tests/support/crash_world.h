/* A whole store under a fixed workload, and an oracle of what it answered: for power cuts, failed calls and flipped bytes.
 *
 * Rows are written as two cells in two families that hold the same number, the number of the attempt on that row, so
 * that half a row and a lost or invented write show by themselves. Counters are rows that are only incremented. */
#ifndef STELE_TESTS_CRASH_WORLD_H
#define STELE_TESTS_CRASH_WORLD_H

#include "base/arena.h"
#include "base/env_memory.h"
#include "storage/storage.h"

#define CRASH_TABLES   3
#define CRASH_TABLETS  2  /* of a table */
#define CRASH_ROWS     8  /* of a tablet; the last is a counter */
#define CRASH_ATTEMPTS 64 /* on a row */

struct crash_row {
    unsigned attempted;
    unsigned acknowledged;              /* the last attempt that was; of a counter, how many were */
    bool is_delete[CRASH_ATTEMPTS + 1]; /* attempt n deleted the row */
};

struct crash_table {
    char id[TABLE_ID_SIZE];
    bool is_create_begun, is_create_answered;
    bool is_drop_begun, is_drop_answered;
    uint64_t descriptor_version;
    struct tablet *tablets[CRASH_TABLETS]; /* while open */
    struct crash_row rows[CRASH_TABLETS][CRASH_ROWS];
};

struct crash_world {
    struct env *env;
    struct store *store;
    struct arena arena; /* of the schema */
    struct table_schema schema;
    struct crash_table tables[CRASH_TABLES];
    unsigned starts;
    bool has_died;
    struct error death;
    size_t rows_checked;
};

void crash_world_init(struct crash_world *world, uint64_t seed);
void crash_world_deinit(struct crash_world *world);
/* Opens the store and every tablet of every table that is there. */
enum status crash_world_start(struct crash_world *world, struct error *error);
/* Closes cleanly, or as far as it gets. */
void crash_world_stop(struct crash_world *world);
/* Forgets the process: memory goes, the disk stays as it is. */
void crash_world_kill(struct crash_world *world);
/* Start, tables, writes, flushes, compactions, a drop, stop, start, writes: the same calls for the same seed, until the
 * end or until the store dies. The store is left open. */
void crash_world_run(struct crash_world *world, uint64_t seed);
/* Compares every row of every table with the oracle; fails the test on a lost write or half a row. STATUS_OK, or the
 * error of a read. */
enum status crash_world_verify(struct crash_world *world, struct error *error);
/* storage_check on the closed root: fails the test on a problem. */
void crash_world_check(struct crash_world *world);

#endif
