#include "storage/log_tail.h"

#include "base/env.h"
#include "base/memory.h"

static size_t round_up(size_t size)
{
    return (size + ENV_BLOCK_SIZE - 1) & ~(size_t)(ENV_BLOCK_SIZE - 1);
}

void log_tail_deinit(struct log_tail *tail)
{
    memory_free(tail->memory);
    *tail = (struct log_tail){0};
}

void log_tail_begin(struct log_tail *tail, uint64_t offset)
{
    CHECK(offset % ENV_BLOCK_SIZE == 0);
    tail->offset = offset;
    tail->size = 0;
}

static enum status grow(struct log_tail *tail, size_t size)
{
    if (size <= tail->capacity)
        return STATUS_OK;
    size_t capacity = round_up(size > tail->capacity * 2 ? size : tail->capacity * 2);
    void *memory = memory_allocate(capacity + ENV_BLOCK_SIZE);
    if (!memory)
        return STATUS_NO_MEMORY;
    uint8_t *blocks = (uint8_t *)round_up((uintptr_t)memory);
    if (tail->size)
        memcpy(blocks, tail->blocks, tail->size);
    memory_free(tail->memory);
    tail->memory = memory;
    tail->blocks = blocks;
    tail->capacity = capacity;
    return STATUS_OK;
}

enum status log_tail_append(struct log_tail *tail, struct span bytes)
{
    enum status status = grow(tail, tail->size + bytes.size);
    if (status == STATUS_OK && bytes.size) {
        memcpy(tail->blocks + tail->size, bytes.data, bytes.size);
        tail->size += bytes.size;
    }
    return status;
}

struct span log_tail_blocks(struct log_tail *tail)
{
    size_t size = round_up(tail->size);
    if (size > tail->size)
        memset(tail->blocks + tail->size, 0, size - tail->size);
    return span_make(tail->blocks, size);
}

void log_tail_advance(struct log_tail *tail)
{
    size_t full = tail->size / ENV_BLOCK_SIZE * ENV_BLOCK_SIZE;
    size_t kept = tail->size - full;
    if (full && kept)
        memmove(tail->blocks, tail->blocks + full, kept);
    tail->offset += full;
    tail->size = kept;
}

size_t log_tail_gap(const struct log_tail *tail)
{
    return round_up(tail->size) - tail->size;
}

void log_tail_skip(struct log_tail *tail, size_t size)
{
    CHECK(tail->size == 0 && size % ENV_BLOCK_SIZE == 0);
    tail->offset += size;
}
