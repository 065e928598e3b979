/* What a connection has yet to send: a list of byte chunks.
 *
 * Small answers are appended to the last chunk; a large one is linked in whole, without copying, with the memory it lies in. Chunks come
 * from and go back to a pool of the loop, because memory touched for the first time costs more than the
 * bytes written into it. Loop thread only. */
#ifndef STELE_SERVER_NET_OUTBOX_H
#define STELE_SERVER_NET_OUTBOX_H

#include "base/bytes.h"

#define OUTBOX_CHUNK_SIZE (32u << 10)
#define OUTBOX_COPY_LIMIT (16u << 10) /* answers from this size on are linked, not copied */
#define OUTBOX_FILL       4           /* ... if they fill this part of their memory */
#define BUFFER_LARGE_SIZE (64u << 10)
#define BUFFER_POOL_SMALL 64
#define BUFFER_POOL_LARGE 8
#define BUFFER_POOL_BYTES (32u << 20) /* most that the large ones may hold together */

/* Buffers that were used and may be used again: small and large ones apart. Zero-initialised is valid. */
struct buffer_pool {
    struct buffer small[BUFFER_POOL_SMALL];
    struct buffer large[BUFFER_POOL_LARGE];
    size_t small_count;
    size_t large_count;
    size_t large_bytes;
    size_t large_limit; /* most of large_bytes; 0 = BUFFER_POOL_BYTES */
};

/* An empty buffer, perhaps with capacity; is_large asks for one that held a large answer. */
struct buffer buffer_pool_take(struct buffer_pool *pool, bool is_large);
/* Takes the buffer's memory. */
void buffer_pool_give(struct buffer_pool *pool, struct buffer *buffer);
void buffer_pool_deinit(struct buffer_pool *pool);

struct outbox_chunk {
    struct buffer bytes;
    struct outbox_chunk *next;
};

struct outbox {
    struct buffer_pool *pool; /* the loop's */
    struct outbox_chunk *first;
    struct outbox_chunk *last;
    size_t sent;    /* of the first chunk */
    size_t size;    /* bytes not sent yet */
    bool is_failed; /* no memory: the connection must close */
};

void outbox_put(struct outbox *outbox, struct span bytes);
/* Appends a buffer's bytes, by copy or by taking its memory; the buffer is empty after. */
void outbox_take(struct outbox *outbox, struct buffer *bytes);
/* The front as at most `limit` pieces; returns how many. */
size_t outbox_pieces(const struct outbox *outbox, struct span *out_pieces, size_t limit);
/* The first `size` bytes were sent. */
void outbox_advance(struct outbox *outbox, size_t size);
void outbox_deinit(struct outbox *outbox);

#endif
