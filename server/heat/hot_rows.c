#include "server/heat/hot_rows.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "server/heat/counted_by_name.h"

#define WINDOWS 2
#define BUCKETS 128 /* of the hash table */
#define NOBODY  0xff

/* One window: HOT_ROW_SLOTS entries, each field of them by itself, so that an index is all that is reckoned. */
struct sketch {
    uint64_t all;   /* counted */
    uint64_t least; /* no entry has less */
    uint8_t cursor; /* all entries before it have more */
    uint8_t count;
    uint8_t buckets[BUCKETS];    /* the first entry; NOBODY = none */
    uint8_t next[HOT_ROW_SLOTS]; /* in its bucket; NOBODY = last */
    uint8_t sizes[HOT_ROW_SLOTS];
    uint32_t hashes[HOT_ROW_SLOTS];
    uint64_t counts[HOT_ROW_SLOTS], errors[HOT_ROW_SLOTS];
    uint8_t rows[HOT_ROW_SLOTS][HOT_ROW_PREFIX];
};

struct hot_rows {
    struct sketch sketches[WINDOWS];
    struct sketch *running;
};

static void sketch_clear(struct sketch *sketch)
{
    sketch->all = sketch->least = 0;
    sketch->count = sketch->cursor = 0;
    memset(sketch->buckets, NOBODY, sizeof sketch->buckets);
    memset(sketch->counts, 0, sizeof sketch->counts);
}

struct hot_rows *hot_rows_new(void)
{
    struct hot_rows *rows = memory_allocate_zeroed(1, sizeof *rows);
    for (unsigned i = 0; rows && i < WINDOWS; i++)
        sketch_clear(&rows->sketches[i]);
    if (rows)
        rows->running = rows->sketches;
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

/* Every sample comes through here, so rows of 8 bytes and more, which are nearly all, are taken by words: the last one
 * overlaps the one before. */

static inline uint64_t hash_step(uint64_t hash, uint64_t word)
{
    return (hash ^ word) * 0x100000001b3u ^ hash >> 29;
}

static __attribute__((noinline, cold)) uint64_t short_word(struct span row)
{
    uint64_t word = 0;
    for (size_t i = 0; i < row.size; i++)
        word = word << 8 | row.data[i];
    return word;
}

/* FNV-1a over words, mixed at the end. */
static inline uint32_t hash_of(struct span row)
{
    uint64_t hash = 0xcbf29ce484222325u ^ row.size;
    if (row.size < 8) {
        hash = hash_step(hash, short_word(row));
    } else {
        for (size_t at = 0; at + 8 < row.size; at += 8)
            hash = hash_step(hash, load_u64(row.data + at));
        hash = hash_step(hash, load_u64(row.data + row.size - 8));
    }
    hash = (hash ^ hash >> 32) * 0x9e3779b97f4a7c15u;
    return (uint32_t)(hash >> 32);
}

static __attribute__((noinline, cold)) void copy_short(uint8_t *to, struct span row)
{
    if (row.size > 0)
        memcpy(to, row.data, row.size);
}

static inline void copy_row(uint8_t *to, struct span row)
{
    if (row.size < 16) {
        copy_short(to, row);
        return;
    }
    for (size_t at = 0; at + 16 < row.size; at += 16)
        memcpy(to + at, row.data + at, 16);
    memcpy(to + row.size - 16, row.data + row.size - 16, 16);
}

static __attribute__((noinline, cold)) bool is_same_short(struct span row, const uint8_t *kept)
{
    return row.size == 0 || memcmp(row.data, kept, row.size) == 0;
}

static inline bool is_same(struct span row, const uint8_t *kept, size_t size)
{
    if (row.size != size)
        return false;
    if (size < 8)
        return is_same_short(row, kept);
    for (size_t at = 0; at + 8 < size; at += 8)
        if (load_u64(row.data + at) != load_u64(kept + at))
            return false;
    return load_u64(row.data + size - 8) == load_u64(kept + size - 8);
}

/* The first entry from `i` on, in its bucket, that has the hash; or NOBODY. */
static inline unsigned same_hash(const struct sketch *sketch, unsigned i, uint32_t hash)
{
    while (i != NOBODY && sketch->hashes[i] != hash)
        i = sketch->next[i];
    return i;
}

/* The row's entry, or NOBODY. */
static inline unsigned sketch_find(const struct sketch *sketch, struct span row, uint32_t hash)
{
    unsigned i = same_hash(sketch, sketch->buckets[hash % BUCKETS], hash);
    while (i != NOBODY && !is_same(row, sketch->rows[i], sketch->sizes[i]))
        i = same_hash(sketch, sketch->next[i], hash);
    return i;
}

static unsigned sketch_least(const struct sketch *sketch)
{
    unsigned least = 0;
    for (unsigned i = 1; i < sketch->count; i++)
        if (sketch->counts[i] < sketch->counts[least])
            least = i;
    return least;
}

static __attribute__((noinline, cold)) unsigned sketch_raise_least(struct sketch *sketch)
{
    unsigned at = sketch_least(sketch);
    sketch->least = sketch->counts[at];
    return at;
}

/* The entry to give up: one that has least. Counts only rise, so those before the cursor, which had more than the least,
 * need not be looked at again before none that has it is left. */
static inline unsigned sketch_victim(struct sketch *sketch)
{
    unsigned at = sketch->cursor;
    while (at < HOT_ROW_SLOTS && sketch->counts[at] > sketch->least)
        at++;
    if (at == HOT_ROW_SLOTS)
        at = sketch_raise_least(sketch);
    sketch->cursor = (uint8_t)(at + 1);
    return at;
}

static inline void sketch_unlink(struct sketch *sketch, unsigned index)
{
    uint8_t *at = &sketch->buckets[sketch->hashes[index] % BUCKETS];
    while (*at != index)
        at = &sketch->next[*at];
    *at = sketch->next[index];
}

/* A row that is not there takes a place. */
static inline void sketch_enter(
    struct sketch *sketch, struct span row, uint32_t hash, uint64_t weight)
{
    unsigned index = sketch->count;
    if (index < HOT_ROW_SLOTS) {
        sketch->count++;
    } else {
        index = sketch_victim(sketch);
        sketch_unlink(sketch, index);
    }
    uint64_t before = sketch->counts[index]; /* 0 where there was nobody */
    sketch->hashes[index] = hash;
    sketch->sizes[index] = (uint8_t)row.size;
    sketch->counts[index] = before + weight;
    sketch->errors[index] = before;
    copy_row(sketch->rows[index], row);
    uint8_t *bucket = &sketch->buckets[hash % BUCKETS];
    sketch->next[index] = *bucket;
    *bucket = (uint8_t)index;
}

COUNTED_BY_NAME void hot_rows_count(struct hot_rows *rows, struct span row, uint64_t weight)
{
    struct sketch *sketch = rows->running;
    row.size = row.size < HOT_ROW_PREFIX ? row.size : HOT_ROW_PREFIX;
    uint32_t hash = hash_of(row);
    unsigned index = sketch_find(sketch, row, hash);
    sketch->all += weight;
    if (index == NOBODY)
        sketch_enter(sketch, row, hash, weight);
    else
        sketch->counts[index] += weight;
}

/* ---- Sampling ---- */

void hot_sampler_init(struct hot_sampler *sampler, uint64_t seed)
{
    *sampler = (struct hot_sampler){
        .left = 1, .stride = 1, .most = HOT_ROW_AT_ONCE, .highest = 1, .dice = {seed}};
}

static __attribute__((noinline, cold)) void sampler_widen(struct hot_sampler *sampler)
{
    uint32_t times = sampler->stride == 1 ? HOT_ROW_STRIDE : 2;
    sampler->taken /= times;
    sampler->most = HOT_ROW_SAMPLES;
    if (sampler->stride < 1u << 20)
        sampler->stride *= times;
    if (sampler->stride > sampler->highest)
        sampler->highest = sampler->stride;
}

COUNTED_BY_NAME uint64_t hot_sampler_take(struct hot_sampler *sampler)
{
    uint32_t weight = sampler->stride;
    if (++sampler->taken >= sampler->most)
        sampler_widen(sampler);
    /* 1 to 2 * stride - 1: no rhythm of the calls is met */
    sampler->left = sampler->stride == 1
                        ? 1
                        : 1 + (uint32_t)dice_below(&sampler->dice, 2 * sampler->stride - 1);
    return weight;
}

void hot_sampler_second(struct hot_sampler *sampler)
{
    sampler->window += sampler->taken;
    while (sampler->stride > HOT_ROW_STRIDE && sampler->taken < HOT_ROW_SAMPLES / 2) {
        sampler->stride /= 2;
        sampler->taken = sampler->taken * 2 + 1;
    }
    if (sampler->stride == HOT_ROW_STRIDE && sampler->taken < HOT_ROW_EXACT / HOT_ROW_STRIDE)
        sampler->stride = 1;
    if (sampler->left > 2 * sampler->stride)
        sampler->left = sampler->stride;
    sampler->taken = 0;
    sampler->most = sampler->stride > 1                ? HOT_ROW_SAMPLES
                    : sampler->window >= HOT_ROW_BURST ? HOT_ROW_EXACT
                                                       : HOT_ROW_AT_ONCE;
}

void hot_sampler_turn(struct hot_sampler *sampler)
{
    sampler->window = 0;
    sampler->highest_before = sampler->highest;
    sampler->highest = sampler->stride;
}

uint32_t hot_sampler_stride(const struct hot_sampler *sampler)
{
    return sampler->highest > sampler->highest_before ? sampler->highest : sampler->highest_before;
}

/* ---- Reading ---- */

static const struct sketch *other_window(const struct hot_rows *rows)
{
    return &rows->sketches[rows->running == rows->sketches];
}

void hot_rows_turn(struct hot_rows *rows)
{
    rows->running = (struct sketch *)other_window(rows);
    sketch_clear(rows->running);
}

double hot_rows_all(const struct hot_rows *rows)
{
    return (double)(rows->sketches[0].all + rows->sketches[1].all);
}

/* What a row that is not in the sketch may have at most. */
static uint64_t sketch_rest(const struct sketch *sketch)
{
    return sketch->count < HOT_ROW_SLOTS ? 0 : sketch->counts[sketch_least(sketch)];
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
        struct span row = span_make(sketch->rows[i], sketch->sizes[i]);
        unsigned same = sketch_find(other, row, sketch->hashes[i]);
        if (same != NOBODY && without_both)
            continue;
        uint64_t rest = same == NOBODY ? sketch_rest(other) : 0;
        double total = (double)(sketch->counts[i] + (same == NOBODY ? rest : other->counts[same]));
        double error = (double)(sketch->errors[i] + (same == NOBODY ? rest : other->errors[same]));
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
    const struct sketch *running = rows->running, *before = other_window(rows);
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
