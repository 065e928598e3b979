#include "server/heat/heat_ring.h"

#include <string.h>

#include "base/memory.h"
#include "server/heat/counted_by_name.h"

#define RECORD_MOST                                                                                \
    8192 /* 63 bounds of 64 bytes, 64 buckets of 6 varints; larger ones are left out */
#define BUCKET_MOST (2 + 10 * HEAT_COUNTERS) /* bytes of one */
#define RISEN_MOST  (14 + HEAT_RING_BUCKETS * BUCKET_MOST)
#define PACK_FREES  8 /* a part of it at least is free when records are moved */

void heat_ring_init(struct heat_ring *ring, size_t most, unsigned records_most)
{
    *ring = (struct heat_ring){.most = most, .records_most = records_most};
}

void heat_ring_deinit(struct heat_ring *ring)
{
    memory_free(ring->data);
    ring->data = NULL;
    ring->from = ring->size = ring->capacity = ring->records = 0;
}

void heat_ring_clear(struct heat_ring *ring)
{
    ring->from = ring->size = 0;
    ring->records = 0;
}

static size_t record_size(const uint8_t *at)
{
    return (size_t)at[0] | (size_t)at[1] << 8;
}

static void drop_oldest(struct heat_ring *ring)
{
    size_t size = record_size(ring->data + ring->from);
    ring->from += size;
    ring->size -= size;
    ring->records--;
}

/* More memory for `size` more bytes, while there may be more. */
static bool grow(struct heat_ring *ring, size_t size)
{
    size_t capacity = ring->capacity ? ring->capacity * 2 : 1024;
    while (capacity < ring->size + size)
        capacity *= 2;
    capacity = capacity < ring->most ? capacity : ring->most;
    if (capacity < ring->size + size)
        return false;
    uint8_t *data = memory_reallocate(ring->data, capacity);
    if (!data)
        return false;
    ring->data = data;
    ring->capacity = capacity;
    return true;
}

/* Moves the records to the beginning. When little was free an eighth is freed, so that they are not moved each time. */
static void pack(struct heat_ring *ring, size_t size)
{
    size_t full = ring->most - ring->most / PACK_FREES;
    while (ring->records > 1 && ring->capacity == ring->most && ring->size + size > full)
        drop_oldest(ring);
    memmove(ring->data, ring->data + ring->from, ring->size);
    ring->from = 0;
}

/* Drops the oldest records until `size` more bytes fit. */
static bool make_room(struct heat_ring *ring, size_t size)
{
    while (ring->records > 0 &&
           (ring->size + size > ring->most || ring->records >= ring->records_most))
        drop_oldest(ring);
    if (ring->from + ring->size + size <= ring->capacity)
        return true;
    if (ring->from > 0)
        pack(ring, size);
    return ring->from + ring->size + size <= ring->capacity || grow(ring, size);
}

static size_t shared_size(struct span a, struct span b)
{
    size_t size = 0;
    while (size < a.size && size < b.size && a.data[size] == b.data[size])
        size++;
    return size;
}

static void put_bounds(struct buffer *out, const struct span *bounds, size_t count)
{
    struct span before = SPAN_EMPTY;
    buffer_put_u8(out, (uint8_t)count);
    for (size_t i = 0; i < count; i++) {
        size_t shared = shared_size(before, bounds[i]);
        buffer_put_varint(out, shared);
        buffer_put_sized(out, span_slice(bounds[i], shared, bounds[i].size - shared));
        before = bounds[i];
    }
}

/* Done for each bucket of each tablet each second, so without a look at the room for each byte. */
static inline uint8_t *put_varint(uint8_t *at, uint64_t value)
{
    for (; value >= 0x80; value >>= 7)
        *at++ = (uint8_t)(value | 0x80);
    *at++ = (uint8_t)value;
    return at;
}

/* Nothing when it counted nothing. */
static inline uint8_t *put_bucket(
    uint8_t *out, size_t bucket, const uint64_t counters[HEAT_COUNTERS])
{
    unsigned mask = 0;
    uint8_t *at = out + 2;
    for (unsigned c = 0; c < HEAT_COUNTERS; c++) {
        if (counters[c] == 0)
            continue;
        mask |= 1u << c;
        at = put_varint(at, counters[c]);
    }
    out[0] = (uint8_t)bucket;
    out[1] = (uint8_t)mask;
    return mask > 0 ? at : out;
}

static void put_counters(struct buffer *out, size_t count, uint64_t (*counters)[HEAT_COUNTERS])
{
    uint8_t *from = buffer_reserve(out, count * BUCKET_MOST), *at = from;
    for (size_t i = 0; from && i < count; i++)
        at = put_bucket(at, i, counters[i]);
    if (from)
        buffer_commit(out, (size_t)(at - from));
}

/* Writes its size into it first. */
static COUNTED_BY_NAME void heat_ring_append(struct heat_ring *ring, uint8_t *record, size_t size)
{
    if (!make_room(ring, size))
        return;
    record[0] = (uint8_t)size;
    record[1] = (uint8_t)(size >> 8);
    memcpy(ring->data + ring->from + ring->size, record, size);
    ring->size += size;
    ring->records++;
}

void heat_ring_add(struct heat_ring *ring, int64_t time, const struct span *bounds, size_t count,
    uint64_t (*counters)[HEAT_COUNTERS])
{
    uint8_t memory[RECORD_MOST];
    struct buffer record = {.data = memory, .capacity = sizeof memory, .limit = sizeof memory};
    buffer_put_u16(&record, 0);
    buffer_put_varint(&record, (uint64_t)time);
    buffer_put_u8(&record, (uint8_t)count);
    if (bounds)
        put_bounds(&record, bounds, count - 1);
    else
        put_bounds(&record, &(struct span){0}, 0);
    put_counters(&record, count, counters);
    if (!buffer_status(&record))
        heat_ring_append(ring, memory, record.size);
}

/* As put_bucket, in one look at each counter: this is most of what the end of a second costs a tablet. */
static inline uint8_t *put_risen(uint8_t *out, size_t bucket,
    const uint64_t counters[HEAT_COUNTERS], uint64_t before[HEAT_RING_KINDS])
{
    unsigned mask = 0;
    uint8_t *at = out + 2;
    for (unsigned c = 0; c < HEAT_RING_KINDS; c++) {
        uint64_t risen = counters[c] - before[c];
        if (risen == 0)
            continue;
        before[c] = counters[c];
        mask |= 1u << c;
        at = put_varint(at, risen);
    }
    if (mask == 0)
        return out;
    out[0] = (uint8_t)bucket;
    out[1] = (uint8_t)mask;
    return at;
}

bool heat_ring_add_risen(struct heat_ring *ring, int64_t time, size_t count,
    uint64_t (*counters)[HEAT_COUNTERS], uint64_t (*before)[HEAT_RING_KINDS])
{
    uint8_t record[RISEN_MOST];
    CHECK(count <= HEAT_RING_BUCKETS);
    uint8_t *first = put_varint(record + 2, (uint64_t)time);
    *first++ = (uint8_t)count;
    *first++ = 0; /* bounds */
    uint8_t *at = first;
    for (size_t i = 0; i < count; i++)
        at = put_risen(at, i, counters[i], before[i]);
    if (at == first)
        return false;
    heat_ring_append(ring, record, (size_t)(at - record));
    return true;
}

/* The newest record of the time, behind its size and time. */
static bool find(const struct heat_ring *ring, int64_t time, struct span *out_record)
{
    bool is_found = false;
    size_t end = ring->from + ring->size;
    for (size_t at = ring->from; at < end; at += record_size(ring->data + at)) {
        struct span record = span_make(ring->data + at + 2, record_size(ring->data + at) - 2);
        uint64_t its;
        if (!span_take_varint(&record, &its) && (int64_t)its == time) {
            *out_record = record;
            is_found = true;
        }
    }
    return is_found;
}

/* Bounds share their beginnings with the one before. */
static bool take_bounds(struct span *record, struct arena *arena, struct span *bounds, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct span before = i > 0 ? bounds[i - 1] : SPAN_EMPTY, added;
        uint64_t shared;
        if (span_take_varint(record, &shared) || shared > before.size ||
            span_take_sized(record, &added))
            return false;
        uint8_t *key = arena_allocate(arena, (size_t)shared + added.size);
        if (!key)
            return false;
        if (shared > 0)
            memcpy(key, before.data, (size_t)shared);
        if (added.size > 0)
            memcpy(key + shared, added.data, added.size);
        bounds[i] = span_make(key, (size_t)shared + added.size);
    }
    return true;
}

static bool take_counters(struct span *record, struct heat_values *values, size_t count)
{
    while (record->size > 0) {
        uint8_t bucket, mask;
        if (span_take_u8(record, &bucket) || bucket >= count || span_take_u8(record, &mask))
            return false;
        for (unsigned c = 0; c < HEAT_COUNTERS; c++) {
            uint64_t value = 0;
            if ((mask & 1u << c) && span_take_varint(record, &value))
                return false;
            values[bucket].of[c] = (double)value;
        }
    }
    return true;
}

enum status heat_ring_read(const struct heat_ring *ring, int64_t time, struct arena *arena,
    struct span **out_bounds, struct heat_values **out_values, size_t *out_count)
{
    struct span record;
    uint8_t count, bound_count;
    if (!find(ring, time, &record) || span_take_u8(&record, &count) ||
        span_take_u8(&record, &bound_count))
        return STATUS_NOT_FOUND;
    struct span *bounds = arena_allocate_zeroed(arena, count, sizeof *bounds);
    struct heat_values *values = arena_allocate_zeroed(arena, count, sizeof *values);
    if (!bounds || !values || !take_bounds(&record, arena, bounds, bound_count) ||
        !take_counters(&record, values, count))
        return STATUS_NO_MEMORY;
    *out_bounds = bound_count + 1 == count ? bounds : NULL;
    *out_values = values;
    *out_count = count;
    return STATUS_OK;
}
