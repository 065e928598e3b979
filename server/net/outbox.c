#include "server/net/outbox.h"

#include "base/memory.h"

struct buffer buffer_pool_take(struct buffer_pool *pool, bool is_large)
{
    if (is_large && pool->large_count > 0) {
        struct buffer buffer = pool->large[--pool->large_count];
        pool->large_bytes -= buffer.capacity;
        return buffer;
    }
    if (pool->small_count > 0)
        return pool->small[--pool->small_count];
    return (struct buffer){0};
}

void buffer_pool_give(struct buffer_pool *pool, struct buffer *buffer)
{
    struct buffer given = *buffer;
    *buffer = (struct buffer){0};
    buffer_reset(&given);
    given.limit = 0;
    bool is_large = given.capacity > BUFFER_LARGE_SIZE;
    size_t limit = pool->large_limit ? pool->large_limit : BUFFER_POOL_BYTES;
    if (is_large && pool->large_count < BUFFER_POOL_LARGE &&
        pool->large_bytes + given.capacity <= limit) {
        pool->large[pool->large_count++] = given;
        pool->large_bytes += given.capacity;
    } else if (!is_large && given.capacity > 0 && pool->small_count < BUFFER_POOL_SMALL) {
        pool->small[pool->small_count++] = given;
    } else {
        buffer_deinit(&given);
    }
}

void buffer_pool_deinit(struct buffer_pool *pool)
{
    while (pool->small_count > 0)
        buffer_deinit(&pool->small[--pool->small_count]);
    while (pool->large_count > 0)
        buffer_deinit(&pool->large[--pool->large_count]);
    pool->large_bytes = 0;
}

static struct outbox_chunk *append_chunk(struct outbox *outbox, struct buffer bytes)
{
    struct outbox_chunk *chunk = memory_allocate(sizeof *chunk);
    if (!chunk) {
        buffer_deinit(&bytes);
        outbox->is_failed = true;
        return NULL;
    }
    *chunk = (struct outbox_chunk){bytes, NULL};
    if (outbox->last)
        outbox->last->next = chunk;
    else
        outbox->first = chunk;
    outbox->last = chunk;
    return chunk;
}

void outbox_put(struct outbox *outbox, struct span bytes)
{
    struct outbox_chunk *chunk = outbox->last;
    bool has_room = chunk && (chunk->bytes.size + bytes.size <= chunk->bytes.capacity ||
                                 chunk->bytes.size + bytes.size <= OUTBOX_CHUNK_SIZE);
    if (!has_room)
        chunk = append_chunk(outbox, buffer_pool_take(outbox->pool, false));
    if (!chunk)
        return;
    buffer_put(&chunk->bytes, bytes);
    if (buffer_status(&chunk->bytes))
        outbox->is_failed = true;
    else
        outbox->size += bytes.size;
}

void outbox_take(struct outbox *outbox, struct buffer *bytes)
{
    bool is_small = bytes->size < OUTBOX_COPY_LIMIT;
    bool is_hollow = bytes->size < bytes->capacity / OUTBOX_FILL; /* of a large answer before */
    if (is_small || is_hollow) {
        outbox_put(outbox, buffer_span(bytes));
        buffer_reset(bytes);
        return;
    }
    size_t size = bytes->size;
    if (append_chunk(outbox, *bytes))
        outbox->size += size;
    *bytes = (struct buffer){0};
}

size_t outbox_pieces(const struct outbox *outbox, struct span *out_pieces, size_t limit)
{
    size_t count = 0;
    size_t skip = outbox->sent;
    for (const struct outbox_chunk *chunk = outbox->first; chunk && count < limit;
         chunk = chunk->next) {
        if (chunk->bytes.size > skip)
            out_pieces[count++] = span_make(chunk->bytes.data + skip, chunk->bytes.size - skip);
        skip = 0;
    }
    return count;
}

static void remove_first(struct outbox *outbox)
{
    struct outbox_chunk *chunk = outbox->first;
    outbox->first = chunk->next;
    if (!outbox->first)
        outbox->last = NULL;
    buffer_pool_give(outbox->pool, &chunk->bytes);
    memory_free(chunk);
    outbox->sent = 0;
}

void outbox_advance(struct outbox *outbox, size_t size)
{
    outbox->size -= size;
    while (outbox->first) {
        size_t left = outbox->first->bytes.size - outbox->sent;
        if (size < left) {
            outbox->sent += size;
            return;
        }
        size -= left;
        remove_first(outbox);
    }
}

void outbox_deinit(struct outbox *outbox)
{
    while (outbox->first)
        remove_first(outbox);
    outbox->size = 0;
}
