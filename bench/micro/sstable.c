/* Rates of one SSTable, on the real file system, one thread (or -t N for gets):
 *
 *   bench-sstable [-n CELLS] [-v VALUE_BYTES] [-c none|lz4|zstd|snappy|gzip] [-m CACHE_MIB] [-d
 * DIR]
 *                 [-t THREADS] [-r REPEATS] [-o ONLY]
 *
 * Rows are 20 bytes, "user" and 16 digits, one cell each; half of a value is random. */
#include <getopt.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/dice.h"
#include "base/env.h"
#include "storage/block_cache.h"
#include "storage/compress.h"
#include "storage/sstable.h"

#define ROW_BYTES 20

struct bench {
    struct env *env;
    const char *path;
    uint64_t cells;
    size_t value_bytes;
    enum compression codec;
    struct block_cache *cache;
    struct sstable *table;
    unsigned threads;
    unsigned repeats;
    const char *only; /* part of the names of what is measured; NULL = all */
};

static void must(enum status status, const struct error *error, const char *what)
{
    if (status == STATUS_OK)
        return;
    fprintf(stderr, "bench-sstable: %s: %s\n", what, error->message);
    exit(1);
}

static void row_name(char row[ROW_BYTES], uint64_t number)
{
    memcpy(row, "user", 4);
    for (int i = ROW_BYTES - 1; i >= 4; i--, number /= 10)
        row[i] = (char)('0' + number % 10);
}

static uint64_t write_table(struct bench *bench);

/* Runs body and prints count/s and CPU time a count; medians of the repeats. */
static int compare_rates(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static void measure(struct bench *bench, const char *name, uint64_t (*body)(struct bench *bench))
{
    double rates[32], cpu_ns[32];
    if (bench->only && body != write_table && !strstr(name, bench->only))
        return;
    for (unsigned i = 0; i < bench->repeats; i++) {
        uint64_t start_ns = env_monotonic_ns(bench->env);
        clock_t start_cpu = clock();
        uint64_t count = body(bench);
        cpu_ns[i] = (double)(clock() - start_cpu) * (1e9 / CLOCKS_PER_SEC) / (double)count;
        rates[i] = (double)count * 1e9 / (double)(env_monotonic_ns(bench->env) - start_ns);
    }
    qsort(rates, bench->repeats, sizeof rates[0], compare_rates);
    qsort(cpu_ns, bench->repeats, sizeof cpu_ns[0], compare_rates);
    printf("%-28s %12.0f /s, %.0f ns of CPU each\n", name, rates[bench->repeats / 2],
        cpu_ns[bench->repeats / 2]);
    fflush(stdout);
}

static uint64_t write_table(struct bench *bench)
{
    struct error error;
    struct dice dice = {1};
    struct sstable_writer *writer;
    struct sstable_properties properties;
    struct sstable_writer_options options = {
        .family = SPAN_LITERAL("f"), .compression = bench->codec, .bloom = BLOOM_ROW};
    uint8_t *value = malloc(bench->value_bytes + 8);
    env_path_remove(bench->env, bench->path, NULL);
    must(sstable_writer_new(bench->env, bench->path, &options, &writer, &error), &error, "write");
    for (uint64_t i = 0; i < bench->cells; i++) {
        char row[ROW_BYTES];
        row_name(row, i * 7);
        for (size_t at = 0; at < bench->value_bytes; at += 8)
            store_u64(value + at, at % 16 ? 0x2020202020202020u : dice_next(&dice));
        struct cell cell = {.row = span_make(row, ROW_BYTES),
            .family = SPAN_LITERAL("f"),
            .qualifier = SPAN_LITERAL("q"),
            .value = span_make(value, bench->value_bytes),
            .timestamp = 1700000000000 + (int64_t)(i / 10),
            .sequence = i + 1,
            .type = CELL_PUT};
        must(sstable_writer_add(writer, &cell, &error), &error, "add");
    }
    must(sstable_writer_finish(writer, &properties, &error), &error, "finish");
    sstable_writer_free(writer);
    free(value);
    return bench->cells;
}

static struct cell_iterator *iterate(struct bench *bench, bool is_cache_fill, uint32_t ahead)
{
    struct error error;
    struct cell_iterator *it;
    struct sstable_iterator_options options = {
        .is_cache_fill = is_cache_fill, .readahead_bytes = ahead};
    must(sstable_iterator_new(bench->table, &options, &it, &error), &error, "iterate");
    return it;
}

static uint64_t scan_with(struct bench *bench, bool is_cache_fill, uint32_t ahead)
{
    struct error error = {0};
    struct cell_iterator *it = iterate(bench, is_cache_fill, ahead);
    uint64_t count = 0, sum = 0;
    enum status status = cell_iterator_seek_first(it, &error);
    for (; status == STATUS_OK; status = cell_iterator_next(it, &error)) {
        sum += it->cell.value.data[0] + it->cell.row.data[it->cell.row.size - 1];
        count++;
    }
    cell_iterator_close(it);
    if (status != STATUS_END || count != bench->cells || sum == 0)
        must(STATUS_CORRUPT, &error, "scan");
    return count;
}

static uint64_t scan_cached(struct bench *bench)
{
    return scan_with(bench, true, 0);
}

static uint64_t scan_uncached(struct bench *bench)
{
    return scan_with(bench, false, 0);
}

static uint64_t scan_ahead(struct bench *bench)
{
    return scan_with(bench, false, 256u << 10);
}

static uint64_t scan_reversed(struct bench *bench)
{
    struct error error = {0};
    struct cell_iterator *it = iterate(bench, true, 0);
    uint64_t count = 0, most = bench->cells < 500000 ? bench->cells : 500000;
    enum status status = cell_iterator_seek_before_row(it, SPAN_EMPTY, &error);
    for (; status == STATUS_OK && count < most; count++)
        status = cell_iterator_seek_before_row(it, it->cell.row, &error);
    cell_iterator_close(it);
    return count;
}

/* As the engine gets: the filter, an iterator, one seek. */
static uint64_t gets(struct bench *bench, uint64_t seed, uint64_t count, bool is_present)
{
    struct error error;
    struct dice dice = {seed};
    uint64_t hits = 0;
    for (uint64_t i = 0; i < count; i++) {
        char row[ROW_BYTES];
        row_name(row, dice_below(&dice, bench->cells) * 7 + !is_present);
        struct span key = span_make(row, ROW_BYTES);
        bool may_contain;
        must(sstable_may_contain_row(bench->table, key, false, &may_contain, &error), &error,
            "filter");
        if (!may_contain)
            continue;
        struct cell_iterator *it = iterate(bench, true, 0);
        struct cell probe = cell_probe_row(key);
        enum status status = cell_iterator_seek(it, &probe, &error);
        hits += status == STATUS_OK && span_equal(it->cell.row, key);
        cell_iterator_close(it);
    }
    if (is_present != (hits == count) && count != bench->cells)
        must(STATUS_CORRUPT, &error, "get");
    return count;
}

static uint64_t gets_present(struct bench *bench)
{
    return gets(bench, 3, 1000000, true);
}

static uint64_t gets_absent(struct bench *bench)
{
    return gets(bench, 4, 1000000, false);
}

static void *get_thread(void *context)
{
    gets(context, (uint64_t)(uintptr_t)pthread_self(), 1000000, true);
    return NULL;
}

static uint64_t gets_threads(struct bench *bench)
{
    pthread_t threads[64];
    for (unsigned i = 0; i < bench->threads; i++)
        pthread_create(&threads[i], NULL, get_thread, bench);
    for (unsigned i = 0; i < bench->threads; i++)
        pthread_join(threads[i], NULL);
    return 1000000 * (uint64_t)bench->threads;
}

static uint64_t seek_50(struct bench *bench)
{
    struct error error;
    struct dice dice = {5};
    uint64_t count = 100000;
    for (uint64_t i = 0; i < count; i++) {
        char row[ROW_BYTES];
        row_name(row, dice_below(&dice, bench->cells) * 7);
        struct cell_iterator *it = iterate(bench, true, 0);
        struct cell probe = cell_probe_row(span_make(row, ROW_BYTES));
        enum status status = cell_iterator_seek(it, &probe, &error);
        for (int step = 0; status == STATUS_OK && step < 50; step++)
            status = cell_iterator_next(it, &error);
        cell_iterator_close(it);
    }
    return count;
}

static void run(struct bench *bench, size_t cache_bytes)
{
    struct error error;
    unsigned repeats = bench->repeats;
    must(block_cache_new(cache_bytes, &bench->cache, &error), &error, "cache");
    bench->repeats = 1;
    measure(bench, "write cells", write_table);
    must(sstable_open(bench->env, bench->path, 0, bench->cache, &bench->table, &error), &error,
        "open");
    const struct sstable_properties *properties = sstable_get_properties(bench->table);
    printf("%" PRIu64 " cells, %s: raw %" PRIu64 ", file %" PRIu64 ", index %" PRIu64
           ", bloom %" PRIu64 " bytes\n",
        properties->cell_count, compression_name(bench->codec), properties->data_raw_bytes,
        properties->file_bytes, properties->index_file_bytes, properties->bloom_file_bytes);
    measure(bench, "scan, filling the cache", scan_cached);
    bench->repeats = repeats;
    measure(bench, "scan cached", scan_cached);
    measure(bench, "scan past the cache", scan_uncached);
    measure(bench, "scan reading ahead", scan_ahead);
    measure(bench, "scan reversed", scan_reversed);
    measure(bench, "get present", gets_present);
    if (bench->threads > 1)
        measure(bench, "get present, threads", gets_threads);
    measure(bench, "get absent", gets_absent);
    measure(bench, "seek + 50 next", seek_50);
    struct block_cache_stats stats;
    block_cache_stats(bench->cache, &stats);
    printf("cache: %" PRIu64 " hits, %" PRIu64 " misses, %" PRIu64 " evictions, %" PRIu64
           " of %" PRIu64 " bytes used\n",
        stats.hits, stats.misses, stats.evictions, stats.used_bytes, stats.budget_bytes);
    sstable_unref(bench->table);
    block_cache_free(bench->cache);
    env_path_remove(bench->env, bench->path, NULL);
}

int main(int argc, char **argv)
{
    struct bench bench = {.env = env_real(),
        .cells = 5000000,
        .value_bytes = 100,
        .codec = COMPRESSION_LZ4,
        .threads = 1,
        .repeats = 3};
    size_t cache_mib = 2048;
    const char *directory = "/tmp";
    int option;
    while ((option = getopt(argc, argv, "n:v:c:m:d:t:r:o:")) != -1) {
        switch (option) {
        case 'n':
            bench.cells = strtoull(optarg, NULL, 10);
            break;
        case 'v':
            bench.value_bytes = strtoul(optarg, NULL, 10);
            break;
        case 'c':
            for (int codec = 0; codec <= COMPRESSION_GZIP; codec++)
                if (strcmp(compression_name((enum compression)codec), optarg) == 0)
                    bench.codec = (enum compression)codec;
            break;
        case 'm':
            cache_mib = strtoul(optarg, NULL, 10);
            break;
        case 'd':
            directory = optarg;
            break;
        case 't':
            bench.threads = (unsigned)strtoul(optarg, NULL, 10) % 64;
            break;
        case 'o':
            bench.only = optarg;
            break;
        case 'r':
            bench.repeats = (unsigned)strtoul(optarg, NULL, 10) % 32;
            break;
        default:
            fprintf(stderr, "usage: see the top of bench/micro/sstable.c\n");
            return 2;
        }
    }
    char path[4096];
    snprintf(path, sizeof path, "%s/bench-%d.sst", directory, (int)getpid());
    bench.path = path;
    run(&bench, cache_mib << 20);
    return 0;
}
