#include "bench/study/key_lines.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

#define LINE_MOST    (64u << 10)
#define KEYS_MOST    (16u << 20)
#define COLUMN_LINES 10
#define SPACE_DIGITS 12

void key_lines_deinit(struct key_lines *lines)
{
    memory_free(lines->all);
    arena_deinit(&lines->arena);
    *lines = (struct key_lines){0};
}

/* ---- Reading ---- */

/* The number behind the tab, which is cut off. */
static enum status take_weight(
    struct key_lines *lines, char *tab, size_t number, double *out_weight, struct error *error)
{
    char *end = NULL;
    *tab = '\0';
    lines->has_weights = true;
    errno = 0;
    double weight = strtod(tab + 1, &end);
    if (errno || end == tab + 1 || *end || !(weight >= 0 && weight < 1e15))
        return error_set(error, STATUS_INVALID, "line %zu: '%.40s' is no weight (a number from 0)",
            number, tab + 1);
    *out_weight = weight;
    return STATUS_OK;
}

static enum status make_room(struct key_lines *lines, struct error *error)
{
    size_t room = lines->room ? 2 * lines->room : 1024;
    if (lines->count < lines->room)
        return STATUS_OK;
    if (room > KEYS_MOST)
        return error_set(error, STATUS_INVALID, "more keys than %u", KEYS_MOST);
    struct weighed_key *grown = memory_reallocate(lines->all, room * sizeof *grown);
    if (!grown)
        return error_set(error, STATUS_NO_MEMORY, "no memory for more keys than %zu", lines->count);
    lines->all = grown;
    lines->room = room;
    return STATUS_OK;
}

static enum status add_line(struct key_lines *lines, char *text, size_t number, struct error *error)
{
    char *tab = strrchr(text, '\t');
    struct buffer key = {0};
    double weight = 1;
    enum status status = tab ? take_weight(lines, tab, number, &weight, error) : STATUS_OK;
    if (!status)
        status = make_room(lines, error);
    if (status)
        return status;
    struct span kept = SPAN_EMPTY;
    bool is_kept = bytes_unescape(span_string(text), &key);
    if (is_kept && key.size > 0) {
        kept = arena_copy(&lines->arena, buffer_span(&key));
        is_kept = kept.data != NULL;
    }
    buffer_deinit(&key);
    if (!is_kept)
        return error_set(error, STATUS_NO_MEMORY, "line %zu: no memory", number);
    if (lines->count > 0 && span_compare(kept, lines->all[lines->count - 1].key) < 0)
        lines->was_sorted = false;
    lines->all[lines->count] = (struct weighed_key){kept, weight, lines->count};
    lines->count++;
    return STATUS_OK;
}

enum status key_lines_read(
    FILE *file, const char *name, struct key_lines *lines, struct error *error)
{
    char *text = NULL;
    size_t room = 0, number = 0;
    ssize_t size;
    enum status status = STATUS_OK;
    lines->was_sorted = true;
    while (!status && (size = getline(&text, &room, file)) >= 0) {
        number++;
        if (size > 0 && text[size - 1] == '\n')
            text[--size] = '\0';
        if (size == 0)
            continue;
        if ((size_t)size > LINE_MOST || strlen(text) != (size_t)size)
            status = error_set(error, STATUS_INVALID,
                "line %zu is longer than %u bytes, or holds a NUL (write \\x00)", number,
                LINE_MOST);
        else
            status = add_line(lines, text, number, error);
    }
    if (!status && ferror(file))
        status = error_set_errno(error, errno, "read %s", name);
    if (!status && lines->count == 0)
        status = error_set(error, STATUS_INVALID, "%s holds no keys", name);
    free(text); /* getline's */
    return status;
}

/* ---- Where a key lies among all keys that could be ---- */

/* At each position the bytes that occur there, as digits of a number: keys of digits, hex or letters become what they
 * count. Order is kept. */
struct key_space {
    size_t skipped; /* bytes that all keys begin with */
    uint16_t rank[SPACE_DIGITS][256];
    uint16_t radix[SPACE_DIGITS]; /* and one more for a key that ends before */
};

static size_t common_prefix(const struct key_lines *lines)
{
    struct span first = lines->all[0].key;
    size_t common = first.size;
    for (size_t i = 1; i < lines->count; i++) {
        struct span key = lines->all[i].key;
        size_t same = 0;
        while (same < common && same < key.size && key.data[same] == first.data[same])
            same++;
        common = same;
    }
    return common;
}

static void key_space_make(const struct key_lines *lines, struct key_space *out_space)
{
    bool occurs[SPACE_DIGITS][256] = {{false}};
    struct key_space space = {.skipped = common_prefix(lines)};
    for (size_t i = 0; i < lines->count; i++) {
        struct span key = lines->all[i].key;
        for (size_t p = 0; p < SPACE_DIGITS && space.skipped + p < key.size; p++)
            occurs[p][key.data[space.skipped + p]] = true;
    }
    for (size_t p = 0; p < SPACE_DIGITS; p++) {
        space.radix[p] = 1;
        for (unsigned byte = 0; byte < 256; byte++)
            if (occurs[p][byte])
                space.rank[p][byte] = space.radix[p]++;
    }
    *out_space = space;
}

/* 0 to 1. */
static double key_space_place(const struct key_space *space, struct span key)
{
    double place = 0, width = 1;
    for (size_t p = 0; p < SPACE_DIGITS && space->skipped + p < key.size; p++) {
        width /= space->radix[p] > 1 ? space->radix[p] - 1 : 1;
        place += width * (space->rank[p][key.data[space->skipped + p]] - 1);
    }
    return place;
}

/* ---- Ranges ---- */

static int by_key(const void *a, const void *b)
{
    const struct weighed_key *first = a, *second = b;
    int order = span_compare(first->key, second->key);
    return order ? order : (first->number > second->number) - (first->number < second->number);
}

static bool is_new_key(const struct key_lines *lines, size_t i)
{
    return i == 0 || !span_equal(lines->all[i].key, lines->all[i - 1].key);
}

/* Puts every line into its range and column, and finds the busiest key. */
static void pour(const struct key_lines *lines, size_t keys, const struct key_space *space,
    struct key_lines_heat *out)
{
    struct key_heat *heat = &out->heat;
    size_t key = 0, filled = 0;
    double all = 0, of_key = 0, top = 0;
    for (size_t i = 0; i < lines->count; i++) {
        const struct weighed_key *one = &lines->all[i];
        bool is_new = is_new_key(lines, i);
        key += is_new && i > 0;
        of_key = (is_new ? 0 : of_key) + one->weight;
        double place = lines->has_weights ? (double)key / (double)keys
                                          : key_space_place(space, one->key);
        size_t bucket = (size_t)(place * (double)heat->buckets);
        bucket = bucket < heat->buckets ? bucket : heat->buckets - 1;
        while (filled <= bucket) /* an empty range begins where the next full one does */
            out->starts[filled++] = one->key;
        out->loads[one->number * heat->columns / lines->count * heat->buckets + bucket] +=
            one->weight;
        all += one->weight;
        if (of_key > top) {
            top = of_key;
            heat->top_row = one->key;
        }
    }
    while (filled < heat->buckets)
        out->starts[filled++] = lines->all[lines->count - 1].key;
    heat->top_share = all > 0 ? top / all : 0;
}

void key_lines_fold(struct key_lines *lines, struct key_lines_heat *out_heat)
{
    size_t keys = 0;
    struct key_space space;
    qsort(lines->all, lines->count, sizeof *lines->all, by_key);
    for (size_t i = 0; i < lines->count; i++)
        keys += is_new_key(lines, i);
    bool is_log = !lines->has_weights;
    memset(out_heat, 0, sizeof *out_heat);
    out_heat->heat = (struct key_heat){.loads = out_heat->loads,
        .buckets = is_log || keys >= KEY_LINES_BUCKETS ? KEY_LINES_BUCKETS : keys,
        .columns = is_log && lines->count >= KEY_LINES_COLUMNS * COLUMN_LINES ? KEY_LINES_COLUMNS
                                                                              : 1,
        .column_s = 1,
        .starts = out_heat->starts};
    key_space_make(lines, &space);
    pour(lines, keys, &space, out_heat);
}
