#include "server/heat/hot_rows.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

#define WINDOWS 2
#define BUCKETS 128 /* of the hash table */
#define NOBODY  0xff

struct entry {
    uint32_t hash;
    uint8_t next; /* in its bucket; NOBODY = last */
    uint8_t size;
    uint64_t count, error;
    uint8_t row[HOT_ROW_PREFIX];
};

/* One window. */
struct sketch {
    uint64_t all;   /* counted */
    uint64_t least; /* no entry has less */
    uint8_t cursor; /* where the next entry that has no more is looked for */
    uint8_t count;
    uint8_t buckets[BUCKETS]; /* the first entry; NOBODY = none */
    struct entry entries[HOT_ROW_SLOTS];
};

struct hot_rows {
    struct sketch sketches[WINDOWS];
    unsigned running;
};

static void sketch_clear(struct sketch *sketch)
{
    sketch->all = sketch->least = 0;
    sketch->count = sketch->cursor = 0;
    memset(sketch->buckets, NOBODY, sizeof sketch->buckets);
}

struct hot_rows *hot_rows_new(void)
{
    struct hot_rows *rows = memory_allocate_zeroed(1, sizeof *rows);
    for (unsigned i = 0; rows && i < WINDOWS; i++)
        sketch_clear(&rows->sketches[i]);
    return rows;
}

void hot_rows_free(struct hot_rows *rows)
{
    memory_free(rows);
}

size_t hot_rows_memory(void)
{
    return sizeof(struct hot_rows);
}

/* ---- Counting ---- */

/* FNV-1a over words, mixed at the end. */
static uint32_t hash_of(struct span row)
{
    uint64_t hash = 0xcbf29ce484222325u ^ row.size;
    size_t at = 0;
    for (; at + 8 <= row.size; at += 8)
        hash = (hash ^ load_u64(row.data + at)) * 0x100000001b3u ^ hash >> 29;
    for (; at < row.size; at++)
        hash = (hash ^ row.data[at]) * 0x100000001b3u;
    hash = (hash ^ hash >> 32) * 0x9e3779b97f4a7c15u;
    return (uint32_t)(hash >> 32);
}

static struct entry *sketch_find(const struct sketch *sketch, struct span row, uint32_t hash)
{
    for (uint8_t i = sketch->buckets[hash % BUCKETS]; i != NOBODY; i = sketch->entries[i].next) {
        const struct entry *entry = &sketch->entries[i];
        if (entry->hash == hash && entry->size == row.size &&
            memcmp(entry->row, row.data, row.size) == 0)
            return (struct entry *)entry;
    }
    return NULL;
}

static unsigned sketch_least(const struct sketch *sketch)
{
    unsigned least = 0;
    for (unsigned i = 1; i < sketch->count; i++)
        if (sketch->entries[i].count < sketch->entries[least].count)
            least = i;
    return least;
}

/* The entry to give up: one that has least. Counts only rise, so those that had more than the least need not be looked
 * at again before a round has found no other. */
static unsigned sketch_victim(struct sketch *sketch)
{
    for (unsigned i = 0; i < HOT_ROW_SLOTS; i++) {
        unsigned at = sketch->cursor;
        sketch->cursor = (uint8_t)((sketch->cursor + 1) % HOT_ROW_SLOTS);
        if (sketch->entries[at].count <= sketch->least)
            return at;
    }
    unsigned at = sketch_least(sketch);
    sketch->least = sketch->entries[at].count;
    sketch->cursor = (uint8_t)((at + 1) % HOT_ROW_SLOTS);
    return at;
}

static void sketch_unlink(struct sketch *sketch, unsigned index)
{
    uint8_t *at = &sketch->buckets[sketch->entries[index].hash % BUCKETS];
    while (*at != index)
        at = &sketch->entries[*at].next;
    *at = sketch->entries[index].next;
}

static void sketch_count(struct sketch *sketch, struct span row, uint64_t weight)
{
    uint32_t hash = hash_of(row);
    sketch->all += weight;
    struct entry *entry = sketch_find(sketch, row, hash);
    if (entry) {
        entry->count += weight;
        return;
    }
    uint64_t before = 0;
    unsigned index = sketch->count;
    if (index < HOT_ROW_SLOTS) {
        sketch->count++;
    } else {
        index = sketch_victim(sketch);
        before = sketch->entries[index].count;
        sketch_unlink(sketch, index);
    }
    entry = &sketch->entries[index];
    uint8_t *bucket = &sketch->buckets[hash % BUCKETS];
    entry->hash = hash;
    entry->size = (uint8_t)row.size;
    entry->count = before + weight;
    entry->error = before;
    if (row.size > 0)
        memcpy(entry->row, row.data, row.size);
    entry->next = *bucket;
    *bucket = (uint8_t)index;
}

void hot_rows_count(struct hot_rows *rows, struct span row, uint64_t weight)
{
    struct span kept = span_make(row.data, row.size < HOT_ROW_PREFIX ? row.size : HOT_ROW_PREFIX);
    sketch_count(&rows->sketches[rows->running], kept, weight);
}

/* ---- Sampling ---- */

void hot_sampler_init(struct hot_sampler *sampler, uint64_t seed)
{
    *sampler = (struct hot_sampler){.left = 1, .stride = 1, .highest = 1, .dice = {seed}};
}

uint64_t hot_sampler_take(struct hot_sampler *sampler)
{
    uint32_t weight = sampler->stride;
    if (++sampler->taken % HOT_ROW_EXACT == 0 && sampler->stride < 1u << 20)
        sampler->stride *= 2;
    if (sampler->stride > sampler->highest)
        sampler->highest = sampler->stride;
    /* 1 to 2 * stride - 1: no rhythm of the calls is met */
    sampler->left = sampler->stride == 1
                        ? 1
                        : 1 + (uint32_t)dice_below(&sampler->dice, 2 * sampler->stride - 1);
    return weight;
}

void hot_sampler_second(struct hot_sampler *sampler)
{
    while (sampler->stride > 1 && sampler->taken < HOT_ROW_EXACT / 2) {
        sampler->stride /= 2;
        sampler->taken = sampler->taken * 2 + 1;
    }
    if (sampler->left > 2 * sampler->stride)
        sampler->left = sampler->stride;
    sampler->taken = 0;
}

void hot_sampler_turn(struct hot_sampler *sampler)
{
    sampler->highest_before = sampler->highest;
    sampler->highest = sampler->stride;
}

uint32_t hot_sampler_stride(const struct hot_sampler *sampler)
{
    return sampler->highest > sampler->highest_before ? sampler->highest : sampler->highest_before;
}

/* ---- Reading ---- */

void hot_rows_turn(struct hot_rows *rows)
{
    rows->running = (rows->running + 1) % WINDOWS;
    sketch_clear(&rows->sketches[rows->running]);
}

double hot_rows_all(const struct hot_rows *rows)
{
    return (double)(rows->sketches[0].all + rows->sketches[1].all);
}

/* What a row that is not in the sketch may have at most. */
static uint64_t sketch_rest(const struct sketch *sketch)
{
    return sketch->count < HOT_ROW_SLOTS ? 0 : sketch->entries[sketch_least(sketch)].count;
}

static int most_first(const void *a, const void *b)
{
    const struct hot_row *left = a, *right = b;
    double first = left->count - left->error, second = right->count - right->error;
    if (left->count != right->count)
        return left->count < right->count ? 1 : -1;
    return first < second ? 1 : first > second ? -1 : span_compare(left->row, right->row);
}

/* The rows of one window, with what the other has of them; those that the other has too are left out when
 * `without_both`. */
static size_t list_window(const struct sketch *sketch, const struct sketch *other,
    bool without_both, enum heat_row_kind kind, uint32_t stride, struct hot_row *rows)
{
    size_t count = 0;
    for (unsigned i = 0; i < sketch->count; i++) {
        const struct entry *entry = &sketch->entries[i];
        struct span row = span_make(entry->row, entry->size);
        const struct entry *same = sketch_find(other, row, entry->hash);
        if (same && without_both)
            continue;
        uint64_t rest = same ? 0 : sketch_rest(other);
        double total = (double)(entry->count + (same ? same->count : rest));
        double error = (double)(entry->error + (same ? same->error : rest));
        if (stride > 1)
            error += 2 * sqrt(total * (stride - 1));
        if (error > total)
            error = total;
        rows[count] = (struct hot_row){.row = row, .kind = kind, .count = total, .error = error};
        count++;
    }
    return count;
}

enum status hot_rows_list(const struct hot_rows *rows, enum heat_row_kind kind, uint32_t stride,
    size_t most, struct arena *arena, struct hot_row **out_rows, size_t *out_count)
{
    const struct sketch *running = &rows->sketches[rows->running];
    const struct sketch *before = &rows->sketches[(rows->running + 1) % WINDOWS];
    struct hot_row *list = arena_allocate_zeroed(arena, WINDOWS * HOT_ROW_SLOTS, sizeof *list);
    if (!list)
        return STATUS_NO_MEMORY;
    size_t count = list_window(running, before, false, kind, stride, list);
    count += list_window(before, running, true, kind, stride, list + count);
    qsort(list, count, sizeof *list, most_first);
    count = count < most ? count : most;
    for (size_t i = 0; i < count; i++) {
        size_t size = list[i].row.size;
        list[i].row = arena_copy(arena, list[i].row);
        if (list[i].row.size != size)
            return STATUS_NO_MEMORY;
    }
    *out_rows = list;
    *out_count = count;
    return STATUS_OK;
}
