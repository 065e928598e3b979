/* Space is handed out from the newest chunk, upwards. An allocation that does not fit a chunk gets
 * one of its own, put behind the newest, whose free space stays in use.
 *
 * Under AddressSanitizer the space not handed out is poisoned, so that a read or write past an
 * arena's last allocation is found as one past the heap's would be. */
#include "base/arena.h"

#include <string.h>

#include "base/memory.h"

#if defined(__SANITIZE_ADDRESS__)
#define ARENA_POISONS 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_POISONS 1
#endif
#endif
#ifdef ARENA_POISONS
#include <sanitizer/asan_interface.h>
#define POISON(memory, size)   __asan_poison_memory_region(memory, size)
#define UNPOISON(memory, size) __asan_unpoison_memory_region(memory, size)
#else
#define POISON(memory, size)   ((void)0)
#define UNPOISON(memory, size) ((void)0)
#endif

enum { ALIGNMENT = 8, CHUNK_BYTES_MAX = 1 << 20 };

struct arena_chunk {
    struct arena_chunk *older;
    size_t size; /* of data */
    uint8_t data[] __attribute__((aligned(ALIGNMENT)));
};

/* Whether the budget knows of a chunk of so many bytes, its head among them. */
static bool is_counted(const struct arena *arena, size_t total)
{
    return arena->budget && total > arena->uncounted_bytes;
}

static struct arena_chunk *chunk_new(struct arena *arena, size_t size)
{
    size_t total;
    if (__builtin_add_overflow(sizeof(struct arena_chunk), size, &total))
        return NULL;
    if (is_counted(arena, total) && !memory_budget_take(arena->budget, total)) {
        arena->refused_bytes = total;
        return NULL;
    }
    struct arena_chunk *chunk = memory_allocate(total);
    if (!chunk) {
        if (is_counted(arena, total))
            memory_budget_give(arena->budget, total);
        return NULL;
    }
    chunk->size = size;
    POISON(chunk->data, size);
    arena->reserved_bytes += total;
    return chunk;
}

static void chunk_free(struct arena *arena, struct arena_chunk *chunk)
{
    UNPOISON(chunk->data, chunk->size);
    size_t total = sizeof(*chunk) + chunk->size;
    arena->reserved_bytes -= total;
    if (is_counted(arena, total))
        memory_budget_give(arena->budget, total);
    memory_free(chunk);
}

/* A chunk of this one allocation. */
static void *allocate_alone(struct arena *arena, size_t size)
{
    struct arena_chunk *chunk = chunk_new(arena, size);
    if (!chunk)
        return NULL;
    if (arena->chunks) {
        chunk->older = arena->chunks->older;
        arena->chunks->older = chunk;
    } else {
        chunk->older = NULL;
        arena->chunks = chunk;
    }
    return chunk->data;
}

static bool add_chunk(struct arena *arena)
{
    size_t total = arena->chunk_bytes;
    struct arena_chunk *chunk = chunk_new(arena, total - sizeof(struct arena_chunk));
    if (!chunk)
        return false;
    chunk->older = arena->chunks;
    arena->chunks = chunk;
    arena->next = chunk->data;
    arena->left = chunk->size;
    return true;
}

void *arena_allocate(struct arena *arena, size_t size)
{
    size_t padded = size ? size : 1;
    if (__builtin_add_overflow(padded, (size_t)(ALIGNMENT - 1), &padded))
        return NULL;
    padded &= ~(size_t)(ALIGNMENT - 1);
    if (arena->limit_bytes &&
        (padded > arena->limit_bytes || arena->used_bytes > arena->limit_bytes - padded))
        return NULL;

    void *memory;
    if (padded > arena->left) {
        if (arena->chunk_bytes == 0) {
            arena->chunk_bytes = ARENA_CHUNK_BYTES_MIN;
            arena->is_doubling = true;
        }
        if (padded + sizeof(struct arena_chunk) > arena->chunk_bytes) {
            memory = allocate_alone(arena, padded);
            if (!memory)
                return NULL;
            goto done;
        }
        if (!add_chunk(arena))
            return NULL;
        if (arena->is_doubling && arena->chunk_bytes < CHUNK_BYTES_MAX)
            arena->chunk_bytes *= 2;
    }
    memory = arena->next;
    arena->next += padded;
    arena->left -= padded;

done:
    UNPOISON(memory, size);
    arena->used_bytes += padded;
    return memory;
}

void *arena_allocate_zeroed(struct arena *arena, size_t count, size_t size)
{
    size_t total;
    if (__builtin_mul_overflow(count, size, &total))
        return NULL;
    void *memory = arena_allocate(arena, total);
    if (memory)
        memset(memory, 0, total);
    return memory;
}

struct span arena_copy(struct arena *arena, struct span bytes)
{
    if (bytes.size == 0)
        return SPAN_EMPTY;
    uint8_t *copy = arena_allocate(arena, bytes.size);
    if (!copy)
        return SPAN_EMPTY;
    memcpy(copy, bytes.data, bytes.size);
    return span_make(copy, bytes.size);
}

char *arena_copy_string(struct arena *arena, struct span bytes)
{
    if (bytes.size == SIZE_MAX)
        return NULL;
    char *copy = arena_allocate(arena, bytes.size + 1);
    if (!copy)
        return NULL;
    if (bytes.size)
        memcpy(copy, bytes.data, bytes.size);
    copy[bytes.size] = '\0';
    return copy;
}

void arena_reset(struct arena *arena)
{
    struct arena_chunk *chunk = arena->chunks;
    while (chunk && chunk->older) {
        struct arena_chunk *older = chunk->older;
        chunk_free(arena, chunk);
        chunk = older;
    }
    /* A first allocation of unusual size is not worth keeping. */
    if (chunk &&
        (chunk->size > CHUNK_BYTES_MAX || is_counted(arena, sizeof(*chunk) + chunk->size))) {
        chunk_free(arena, chunk);
        chunk = NULL;
    }
    arena->chunks = chunk;
    arena->next = chunk ? chunk->data : NULL;
    arena->left = chunk ? chunk->size : 0;
    arena->used_bytes = arena->refused_bytes = 0;
    if (arena->is_doubling) /* the next is the second one when the first was kept */
        arena->chunk_bytes = chunk ? 2 * ARENA_CHUNK_BYTES_MIN : ARENA_CHUNK_BYTES_MIN;
    if (chunk)
        POISON(chunk->data, chunk->size);
}

void arena_deinit(struct arena *arena)
{
    if (!arena)
        return;
    for (struct arena_chunk *chunk = arena->chunks; chunk;) {
        struct arena_chunk *older = chunk->older;
        chunk_free(arena, chunk);
        chunk = older;
    }
    *arena = (struct arena){.limit_bytes = arena->limit_bytes,
        .budget = arena->budget,
        .uncounted_bytes = arena->uncounted_bytes};
}
