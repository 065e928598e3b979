/* The memory of all memtables of a store: chunks, and the one budget they count against.
 *
 * A memtable asks for chunks as it grows: small ones first, from the heap, so that a tablet with a
 * few cells costs a few kilobytes; then whole huge pages, which are kept here and handed out again
 * after a flush, because the first touch of fresh memory is dearer than all else about a put
 * (facts: performance 3.3). What counts against the budget is what is handed out, used or not.
 *
 * The budget itself refuses nothing: a write already in the log must find room. Writers look at
 * memtable_memory_pressure before they begin.
 *
 * Threads: any. */
#ifndef STELE_STORAGE_MEMTABLE_MEMORY_H
#define STELE_STORAGE_MEMTABLE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MEMTABLE_CHUNK_BYTES ((size_t)2 << 20) /* a whole chunk: one huge page */

struct memtable_memory;

/* What a writer should do before it adds to a memtable. */
enum memtable_pressure {
    MEMTABLE_PRESSURE_NONE,
    MEMTABLE_PRESSURE_FLUSH, /* over 2/5 of the budget: flush the largest tablet early */
    MEMTABLE_PRESSURE_DELAY, /* over 4/5: wait a little, then go on */
    MEMTABLE_PRESSURE_FULL,  /* over the budget: refuse */
};

struct memtable_memory *memtable_memory_new(uint64_t budget_bytes); /* NULL on no memory */
/* All chunks must have been given back. NULL is fine. */
void memtable_memory_free(struct memtable_memory *memory);

/* A chunk of at least `size` bytes, 8-byte aligned, its real size in *out_size: MEMTABLE_CHUNK_BYTES
 * from the pool when size is that, else from the heap. NULL on no memory. */
uint8_t *memtable_memory_take(struct memtable_memory *memory, size_t size, size_t *out_size);
/* `size` as *out_size of the take. */
void memtable_memory_give(struct memtable_memory *memory, uint8_t *chunk, size_t size);

uint64_t memtable_memory_bytes(const struct memtable_memory *memory); /* handed out */
uint64_t memtable_memory_budget(const struct memtable_memory *memory);
enum memtable_pressure memtable_memory_pressure(const struct memtable_memory *memory);
/* True for the first who asks for a flush under pressure, until a flush has ended. */
bool memtable_memory_ask_flush(struct memtable_memory *memory);
void memtable_memory_flush_ended(struct memtable_memory *memory);

#endif
