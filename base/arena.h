/* Arenas: memory that is freed all at once. For one thread at a time, or one writer with readers
 * that only follow published pointers (the memtable). Zero-initialised is a valid arena on the heap
 * without limit.
 *
 * With a budget, every chunk is taken from it when it comes from the heap and given back when it goes: what is counted is
 * what is held. Chunks of up to uncounted_bytes are left out, and are the only ones that a reset keeps: so an arena that
 * waits for its next use holds nothing of the budget, whoever keeps it counts its first chunk. */
#ifndef STELE_BASE_ARENA_H
#define STELE_BASE_ARENA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/memory_budget.h"

struct arena_chunk;

struct arena {
    struct arena_chunk *chunks; /* newest first */
    uint8_t *next;              /* free space of the newest chunk */
    size_t left;
    size_t used_bytes;     /* handed out, with padding */
    size_t reserved_bytes; /* held from the heap */
    size_t limit_bytes;    /* most that may be handed out; 0 = none */
    struct memory_budget *
        budget; /* NULL = none; like uncounted_bytes it stays while there are chunks that it counts */
    size_t uncounted_bytes;
    size_t refused_bytes; /* of the chunk that the budget had no room for last, since the reset */
    size_t chunk_bytes;   /* of the next chunk: doubles from 4 KiB to 1 MiB; set first to fix it */
    bool is_doubling;     /* the arena's own: chunk_bytes was not set by the user */
};

/* What the first chunk of an arena takes whose chunk_bytes was left alone. */
#define ARENA_CHUNK_BYTES_MIN 4096

/* 8-byte aligned; NULL when memory, the limit or the budget runs out. size 0 gives a valid pointer. */
void *arena_allocate(struct arena *arena, size_t size);
void *arena_allocate_zeroed(struct arena *arena, size_t count, size_t size);
/* A copy. On no memory SPAN_EMPTY, which for bytes.size > 0 is told by its size; empty bytes give
 * SPAN_EMPTY too. */
struct span arena_copy(struct arena *arena, struct span bytes);
char *arena_copy_string(struct arena *arena, struct span bytes); /* adds the NUL */
/* Frees all but the first chunk, and that one too if the budget counts it. */
void arena_reset(struct arena *arena);
/* The limit and the budget stay. */
void arena_deinit(struct arena *arena);

#endif
