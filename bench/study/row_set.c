#include "bench/study/row_set.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

#define HEAD_SIZE 8

static uint64_t head_of(const uint8_t *bytes, size_t size)
{
    uint64_t head = 0;
    for (size_t i = 0; i < HEAD_SIZE; i++)
        head = head << 8 | (i < size ? bytes[i] : 0);
    return head;
}

void study_row_set(struct study_row *row, struct span bytes)
{
    row->size = (uint8_t)(bytes.size < STUDY_KEY_SIZE ? bytes.size : STUDY_KEY_SIZE);
    if (row->size)
        memcpy(row->bytes, bytes.data, row->size);
    row->head = head_of(row->bytes, row->size);
}

void study_row_make(const struct key_mapper *mapper, const struct study_key *key, struct dice *dice,
    struct study_row *out_row)
{
    out_row->size = (uint8_t)key_mapper_encode(mapper, key, dice, out_row->bytes);
    out_row->head = head_of(out_row->bytes, out_row->size);
}

static int compare_indexes(const void *a, const void *b, void *context)
{
    const struct study_row *rows = context;
    return study_row_compare(&rows[*(const uint32_t *)a], &rows[*(const uint32_t *)b]);
}

/* A row that is two keys' would be lost by one of them. */
static enum status check_rows_differ(const struct row_set *set, struct error *error)
{
    size_t shared = 0, where = 0;
    for (size_t i = 1; i < set->count; i++) {
        if (study_row_compare(&set->rows[set->sorted[i]], &set->rows[set->sorted[i - 1]]) != 0)
            continue;
        shared++;
        where = i;
    }
    if (shared == 0)
        return STATUS_OK;
    const struct study_row *row = &set->rows[set->sorted[where]];
    return error_set(error, STATUS_INVALID,
        "design '%s' puts %zu of %zu keys on rows that others have (as %.*s): it must keep what "
        "tells keys apart",
        set->mapper->name, shared, set->count, (int)row->size, (const char *)row->bytes);
}

enum status row_set_make(const struct population *population, const struct key_mapper *mapper,
    uint64_t seed, struct row_set *out_set, struct error *error)
{
    struct row_set set = {.population = population, .mapper = mapper, .count = population->count};
    struct dice dice = {seed};
    set.rows = memory_allocate_zeroed(set.count, sizeof *set.rows);
    set.sorted = memory_allocate_zeroed(set.count, sizeof *set.sorted);
    set.rank = memory_allocate_zeroed(set.count, sizeof *set.rank);
    if (!set.rows || !set.sorted || !set.rank) {
        row_set_deinit(&set);
        return error_set(error, STATUS_NO_MEMORY, "no memory for %zu rows", population->count);
    }
    for (size_t i = 0; i < set.count; i++) {
        study_row_make(mapper, &population->keys[i], &dice, &set.rows[i]);
        set.sorted[i] = (uint32_t)i;
    }
    qsort_r(set.sorted, set.count, sizeof *set.sorted, compare_indexes, set.rows);
    for (size_t i = 0; i < set.count; i++)
        set.rank[set.sorted[i]] = (uint32_t)i;
    enum status status = check_rows_differ(&set, error);
    if (status)
        row_set_deinit(&set);
    else
        *out_set = set;
    return status;
}

void row_set_deinit(struct row_set *set)
{
    memory_free(set->rows);
    memory_free(set->sorted);
    memory_free(set->rank);
    *set = (struct row_set){0};
}

size_t row_set_find(const struct row_set *set, const struct study_row *row)
{
    size_t from = 0, to = set->count;
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        if (study_row_compare(&set->rows[set->sorted[middle]], row) < 0)
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

/* Among the few rows at which buckets begin: requests for new rows ask for nothing else, and a search among all rows
 * would miss the processor's caches at each step. */
size_t row_set_bucket(const struct row_set *set, const struct study_row *row, size_t buckets)
{
    size_t from = 0, to = buckets - 1;
    while (from < to) {
        size_t middle = from + (to - from + 1) / 2;
        size_t below = (middle * set->count + buckets - 1) / buckets; /* rows before it */
        if (study_row_compare(&set->rows[set->sorted[below - 1]], row) < 0)
            from = middle;
        else
            to = middle - 1;
    }
    return from;
}

size_t row_set_draw(const struct row_set *set, struct dice *dice, double now_s, size_t buckets,
    struct study_row *out_row)
{
    struct study_key key;
    size_t index = population_draw(set->population, dice, now_s, &key);
    if (index == SIZE_MAX) {
        study_row_make(set->mapper, &key, dice, out_row);
        return row_set_bucket(set, out_row, buckets);
    }
    if (set->mapper->kind == MAPPER_RANDOM_SALT) { /* each write of a key lands elsewhere */
        study_row_make(set->mapper, &set->population->keys[index], dice, out_row);
        return row_set_bucket(set, out_row, buckets);
    }
    *out_row = set->rows[index];
    return set->rank[index] * buckets / set->count;
}

bool requests_are_writes(const struct scenario *scenario, const struct key_mapper *mapper)
{
    return scenario->access == ACCESS_APPEND || mapper->kind == MAPPER_RANDOM_SALT;
}

const char *presplit_name(enum presplit presplit)
{
    static const char *const names[] = {
        [PRESPLIT_ROWS] = "rows", [PRESPLIT_NONE] = "none", [PRESPLIT_BYTES] = "bytes"};
    return names[presplit];
}

void row_set_cut(const struct row_set *set, enum presplit presplit, size_t index, size_t tablets,
    struct study_row *out_row)
{
    if (presplit == PRESPLIT_ROWS) {
        *out_row = set->rows[set->sorted[index * set->count / tablets]];
        return;
    }
    size_t at = index * 65536 / tablets; /* as far apart as two bytes can tell */
    const uint8_t bytes[] = {(uint8_t)(at >> 8), (uint8_t)at};
    study_row_set(out_row, span_make(bytes, sizeof bytes));
}

bool key_prefix_end(const struct key_prefix *prefix, struct study_row *out_row)
{
    *out_row = (struct study_row){.size = prefix->size};
    memcpy(out_row->bytes, prefix->bytes, prefix->size);
    while (out_row->size && out_row->bytes[out_row->size - 1] == UINT8_MAX)
        out_row->size--;
    if (out_row->size == 0)
        return false;
    out_row->bytes[out_row->size - 1]++;
    out_row->head = head_of(out_row->bytes, out_row->size);
    return true;
}

struct query_cost row_set_query(
    const struct row_set *set, const struct study_key *partial, size_t tablets)
{
    struct key_prefix prefixes[KEY_MAPPER_SALT_MAX];
    struct query_cost cost = {.ranges = key_mapper_prefixes(set->mapper, partial, prefixes)};
    bool is_touched[STUDY_TABLETS_MOST] = {false};
    for (size_t i = 0; i < cost.ranges; i++) {
        struct study_row from = {.size = prefixes[i].size}, to;
        memcpy(from.bytes, prefixes[i].bytes, from.size);
        from.head = head_of(from.bytes, from.size);
        size_t first = row_set_find(set, &from);
        size_t end = key_prefix_end(&prefixes[i], &to) ? row_set_find(set, &to) : set->count;
        cost.rows_read += end - first;
        size_t last = end > first ? end - 1 : first;
        for (size_t tablet = first * tablets / set->count;
             tablet <= last * tablets / set->count && tablet < tablets; tablet++)
            is_touched[tablet] = true;
        for (size_t row = first; row < end; row++)
            cost.rows_wanted += study_key_matches(
                &set->population->keys[set->sorted[row]], partial);
    }
    for (size_t tablet = 0; tablet < tablets; tablet++)
        cost.tablets += is_touched[tablet];
    return cost;
}
