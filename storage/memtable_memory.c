#include "storage/memtable_memory.h"

#include <stdatomic.h>

#include "base/memory.h"
#include "base/mutex.h"
#include "storage/huge_pages.h"

enum { KEPT_CHUNKS_MAX = 64 }; /* free huge pages kept for the next memtable */

struct memtable_memory {
    uint64_t budget_bytes;
    _Atomic uint64_t bytes; /* handed out */
    _Atomic bool is_flush_asked;
    struct mutex mutex; /* guards what follows */
    uint8_t *kept[KEPT_CHUNKS_MAX];
    size_t kept_count;
};

struct memtable_memory *memtable_memory_new(uint64_t budget_bytes)
{
    struct memtable_memory *memory = memory_allocate_zeroed(1, sizeof(*memory));
    if (!memory)
        return NULL;
    memory->budget_bytes = budget_bytes;
    mutex_init(&memory->mutex, LOCK_RANK_MEMTABLE_MEMORY);
    return memory;
}

void memtable_memory_free(struct memtable_memory *memory)
{
    if (!memory)
        return;
    for (size_t i = 0; i < memory->kept_count; i++)
        huge_pages_release(memory->kept[i], MEMTABLE_CHUNK_BYTES);
    mutex_deinit(&memory->mutex);
    memory_free(memory);
}

/* A kept chunk, or NULL. */
static uint8_t *take_kept(struct memtable_memory *memory)
{
    uint8_t *chunk = NULL;
    mutex_lock(&memory->mutex);
    if (memory->kept_count > 0)
        chunk = memory->kept[--memory->kept_count];
    mutex_unlock(&memory->mutex);
    return chunk;
}

uint8_t *memtable_memory_take(struct memtable_memory *memory, size_t size, size_t *out_size)
{
    uint8_t *chunk;
    if (size == MEMTABLE_CHUNK_BYTES) {
        chunk = take_kept(memory);
        if (!chunk)
            chunk = huge_pages_reserve(size);
    } else {
        chunk = memory_allocate(size);
    }
    if (!chunk)
        return NULL;
    atomic_fetch_add_explicit(&memory->bytes, size, memory_order_relaxed);
    *out_size = size;
    return chunk;
}

void memtable_memory_give(struct memtable_memory *memory, uint8_t *chunk, size_t size)
{
    atomic_fetch_sub_explicit(&memory->bytes, size, memory_order_relaxed);
    if (size != MEMTABLE_CHUNK_BYTES) {
        memory_free(chunk);
        return;
    }
    mutex_lock(&memory->mutex);
    bool is_kept = memory->kept_count < KEPT_CHUNKS_MAX;
    if (is_kept)
        memory->kept[memory->kept_count++] = chunk;
    mutex_unlock(&memory->mutex);
    if (!is_kept)
        huge_pages_release(chunk, size);
}

uint64_t memtable_memory_bytes(const struct memtable_memory *memory)
{
    return atomic_load_explicit(&memory->bytes, memory_order_relaxed);
}

uint64_t memtable_memory_budget(const struct memtable_memory *memory)
{
    return memory->budget_bytes;
}

enum memtable_pressure memtable_memory_pressure(const struct memtable_memory *memory)
{
    uint64_t bytes = memtable_memory_bytes(memory);
    uint64_t fifth = memory->budget_bytes / 5;
    if (bytes <= 2 * fifth)
        return MEMTABLE_PRESSURE_NONE;
    if (bytes <= 4 * fifth)
        return MEMTABLE_PRESSURE_FLUSH;
    return bytes <= memory->budget_bytes ? MEMTABLE_PRESSURE_DELAY : MEMTABLE_PRESSURE_FULL;
}

bool memtable_memory_ask_flush(struct memtable_memory *memory)
{
    return !atomic_load_explicit(&memory->is_flush_asked, memory_order_relaxed) &&
           !atomic_exchange_explicit(&memory->is_flush_asked, true, memory_order_relaxed);
}

void memtable_memory_flush_ended(struct memtable_memory *memory)
{
    atomic_store_explicit(&memory->is_flush_asked, false, memory_order_relaxed);
}
