#include "bench/key_preview.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "bench/study/skew.h"

#define PARTS   32
#define SAMPLES 200000
#define BAR     40

/* Rows that the operations of the mix ask for; inserts are counted as written at once. */
static void draw_key(struct workload_stream *stream, double now_s, uint8_t *out_key)
{
    enum operation operation = workload_next_operation(stream);
    workload_next_key(stream, operation, now_s, out_key);
    workload_acknowledge(stream->workload, operation, 1);
}

void key_preview_print_keys(struct workload *workload, uint64_t count)
{
    struct workload_stream stream;
    uint8_t key[KEY_SIZE_MOST];
    if (!workload_stream_init(&stream, workload, 0, 1))
        return;
    for (uint64_t i = 0; i < count; i++) {
        draw_key(&stream, 0, key);
        printf("%.*s\n", (int)workload->format.size, (const char *)key);
    }
    workload_stream_deinit(&stream);
}

static int compare_keys(const void *a, const void *b)
{
    return memcmp(a, b, KEY_SIZE_MOST);
}

/* Share of the busiest of sorted keys. */
static double busiest(const uint8_t (*keys)[KEY_SIZE_MOST], size_t count)
{
    size_t most = 0, run = 0;
    for (size_t i = 0; i < count; i++) {
        run = i > 0 && memcmp(keys[i], keys[i - 1], KEY_SIZE_MOST) == 0 ? run + 1 : 1;
        most = run > most ? run : most;
    }
    return (double)most / (double)count;
}

static void print_parts(
    const struct workload *workload, const uint8_t (*keys)[KEY_SIZE_MOST], size_t count)
{
    static const char bar[] = "########################################";
    double parts[PARTS] = {0};
    size_t part = 0;
    uint8_t next[KEY_SIZE_MOST];
    for (size_t i = 0; i < count; i++) {
        for (; part + 1 < PARTS; part++) {
            key_format_split(&workload->format, workload->rows, part + 1, PARTS, next);
            if (memcmp(keys[i], next, workload->format.size) < 0)
                break;
        }
        parts[part]++;
    }
    struct skew skew = skew_of(parts, PARTS);
    for (size_t i = 0; i < PARTS; i++) {
        uint8_t first[KEY_SIZE_MOST];
        key_format_split(&workload->format, workload->rows, i, PARTS, first);
        printf("%.*s  %6.2f %%  %.*s\n", (int)workload->format.size, (const char *)first,
            100 * parts[i] / (double)count,
            (int)(BAR * parts[i] / (skew.top_share * (double)count) + 0.5), bar);
    }
    printf("busiest of %d parts: %.2f times the mean; as even as %.1f parts would be\n", PARTS,
        skew.max_mean, skew.effective);
}

void key_preview_print_distribution(struct workload *workload, const char *name)
{
    struct workload_stream stream;
    uint8_t(*keys)[KEY_SIZE_MOST] = memory_allocate_zeroed(SAMPLES, sizeof *keys);
    if (!keys || !workload_stream_init(&stream, workload, 0, 1)) {
        memory_free(keys);
        return;
    }
    for (size_t i = 0; i < SAMPLES; i++)
        draw_key(&stream, 0, keys[i]);
    workload_stream_deinit(&stream);
    qsort(keys, SAMPLES, sizeof *keys, compare_keys);
    printf("%s, %s keys, %" PRIu64 " rows; %d requests on %d even parts, named by their first "
           "key\n",
        name, workload->format.is_hashed ? "hashed" : "ordered", workload->rows, SAMPLES, PARTS);
    print_parts(workload, keys, SAMPLES);
    printf("busiest row: %.2f %% of the requests\n", 100 * busiest(keys, SAMPLES));
    if (workload->keys.kind == KEYS_MOVING)
        printf("(in the first %g s: then the hot part is elsewhere)\n", workload->keys.every_s);
    if (workload->keys.kind == KEYS_BURST)
        printf("(for the first %g s of every %g s: uniform in between)\n", workload->keys.for_s,
            workload->keys.every_s);
    memory_free(keys);
}
