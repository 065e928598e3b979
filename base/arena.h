/* Arenas: memory that is freed all at once. For one thread at a time, or one writer with readers
 * that only follow published pointers (the memtable). Zero-initialised is a valid arena on the heap
 * without limit. */
#ifndef STELE_BASE_ARENA_H
#define STELE_BASE_ARENA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

struct arena_chunk;

struct arena {
    struct arena_chunk *chunks; /* newest first */
    uint8_t *next;              /* free space of the newest chunk */
    size_t left;
    size_t used_bytes;     /* handed out, with padding */
    size_t reserved_bytes; /* held from the heap */
    size_t limit_bytes;    /* most that may be handed out; 0 = none */
    size_t chunk_bytes;    /* of the next chunk: doubles from 4 KiB to 1 MiB; set first to fix it */
    bool is_doubling;      /* the arena's own: chunk_bytes was not set by the user */
};

/* 8-byte aligned; NULL when memory or the limit runs out. size 0 gives a valid pointer. */
void *arena_allocate(struct arena *arena, size_t size);
void *arena_allocate_zeroed(struct arena *arena, size_t count, size_t size);
/* A copy. On no memory SPAN_EMPTY, which for bytes.size > 0 is told by its size; empty bytes give
 * SPAN_EMPTY too. */
struct span arena_copy(struct arena *arena, struct span bytes);
char *arena_copy_string(struct arena *arena, struct span bytes); /* adds the NUL */
/* Frees all but the first chunk. */
void arena_reset(struct arena *arena);
void arena_deinit(struct arena *arena);

#endif
