/* A store with one table of one tablet over the world in memory, for tests of the engine: calls that
 * wait for their completion, and results as flat lists of cells. */
#ifndef STELE_TESTS_TABLET_WORLD_H
#define STELE_TESTS_TABLET_WORLD_H

#include "base/arena.h"
#include "base/env_memory.h"
#include "base/mutex.h"
#include "storage/storage.h"
#include "tests/support/support.h"

struct tablet_world {
    struct env *env;
    bool is_threaded;
    struct mutex mutex;
    struct wakeup wakeup;
    struct store_config config;
    struct store *store; /* NULL while it is down */
    struct tablet *tablet;
    unsigned starts; /* names incarnations */
    char incarnation[64];
    char table_id[TABLE_ID_SIZE];
    char tablet_id[TABLET_ID_SIZE];
    struct arena arena; /* of the schema, and of what calls return */
    struct table_schema schema;
    unsigned fatals; /* times the store died */
    char fatal_message[ERROR_MESSAGE_SIZE];
};

/* `families`: "f" or "f:VERSIONS=3,TTL=100;g". The store is not open yet. */
void tablet_world_init(
    struct tablet_world *world, uint64_t seed, enum env_memory_executors executors);
/* Sets the schema. "f;g:VERSIONS=3,MIN_VERSIONS=1". */
void tablet_world_set_families(struct tablet_world *world, const char *families);
void tablet_world_deinit(struct tablet_world *world);

/* Fails unless the write of the operation, which has ended, went well. */
#define assert_operation_ok(operation) check_operation((operation), #operation, __FILE__, __LINE__)
void check_operation(
    const struct write_operation *operation, const char *text, const char *file, int line);

/* Opens the store; at first also makes the table. Then the tablet. */
enum status tablet_world_start(struct tablet_world *world, struct error *error);
/* Closes cleanly. */
void tablet_world_stop(struct tablet_world *world);
/* kill -9 or a power cut: all memory is gone. Start again after it. */
void tablet_world_crash(struct tablet_world *world, enum env_memory_power_cut how);

/* For cmocka's tests: *state becomes a world on the heap, seeded and started; and its end. */
int tablet_world_set_up(void **state, uint64_t seed, const char *families);
int tablet_world_tear_down(void **state);

/* Drops the table's SSTables from the page cache: reads that must not block answer so. */
void tablet_world_forget_pages(struct tablet_world *world);

/* Runs the world until *is_done, which completions set under the mutex. */
void tablet_world_wait(struct tablet_world *world, const bool *is_done);
void tablet_world_signal(struct tablet_world *world, bool *is_done);

/* One write, waited for. The answers are in it. */
void world_write(struct tablet_world *world, struct write_operation *operations, size_t count);
/* timestamp: TIMESTAMP_LATEST = now. Fails the test unless it is acknowledged. */
void world_put(struct tablet_world *world, const char *row, const char *column, int64_t timestamp,
    const char *value);
/* type: a marker; column "f:" for family markers. */
void world_delete(struct tablet_world *world, enum cell_type type, const char *row,
    const char *column, int64_t timestamp);
int64_t world_increment(
    struct tablet_world *world, const char *row, const char *column, int64_t delta, uint64_t nonce);
enum status world_flush(struct tablet_world *world);
enum status world_compact(struct tablet_world *world, bool is_major);

/* What a read gives: cells in the world's arena; result_ends[i] = cells up to the end of result i. */
struct world_cells {
    struct read_sink sink; /* first */
    struct tablet_world *world;
    struct cell *cells;
    size_t count, capacity;
    size_t result_ends[4096];
    bool result_is_partial[4096];
    size_t result_count;
};

void world_cells_init(struct world_cells *cells, struct tablet_world *world);
void world_cells_deinit(struct world_cells *cells);
/* The row "row f:q/ts/Type=value ..." as text, cell by cell: "r f:q@5=v;r f:q@4=w". Markers are
 * "@5D", "@5V" (family version), "@5C" (column), "@5F" (family). In the world's arena. */
const char *world_cells_text(const struct world_cells *cells);

/* A get of the whole row, or "f:q", or "f:", as text. */
const char *world_get(
    struct tablet_world *world, const char *row, const char *columns, uint32_t versions);
/* A scan in one go (may block), as text. */
const char *world_scan(struct tablet_world *world, const struct scan_request *request);
const char *world_scan_all(struct tablet_world *world);

#endif
