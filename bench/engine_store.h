/* The storage engine with one table of one tablet, in a directory of its own. */
#ifndef STELE_BENCH_ENGINE_STORE_H
#define STELE_BENCH_ENGINE_STORE_H

#include "storage/storage.h"

struct engine_store {
    struct store *store;
    struct tablet *tablet;
    struct arena arena; /* of the schema */
    char directory[256];
    bool is_own_directory; /* made here: goes at the end */
};

/* Opens the engine in `directory` (NULL: a new one below TMPDIR), which must be empty or absent.
 * memory_bytes: of memtables and of the block cache each; 0: the engine's defaults. */
enum status engine_store_open(struct engine_store *engine, const char *directory,
    const char *family, uint64_t memory_bytes, struct error *error);
/* Flushes nothing more than needed, closes, and removes a directory that it made. Half-built is
 * fine. */
void engine_store_close(struct engine_store *engine);

#endif
