#include "bench/study/advise.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <stele/stele.h>

#include "base/arena.h"
#include "base/memory.h"
#include "base/options.h"
#include "bench/study/skew.h"
#include "model/key_advice.h"

#define LINE_MOST      (64u << 10)
#define KEYS_MOST      (16u << 20)
#define FILE_BUCKETS   64
#define FILE_COLUMNS   20
#define WATCH_S        15 /* of a table */
#define EXIT_UNREACHED 3
#define TIMEOUT_MS     20000
#define COLUMN_LINES   10
#define SPACE_DIGITS   12
#define ENCODED_SIZE   32

static void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void complain(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs("stele: bench study: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
}

/* ---- What is told ---- */

static void print_json_text(const char *text)
{
    putchar('"');
    for (; *text; text++) {
        unsigned char byte = (unsigned char)*text;
        if (byte == '"' || byte == '\\')
            printf("\\%c", byte);
        else if (byte < 0x20)
            printf("\\u%04x", byte);
        else
            putchar(byte);
    }
    putchar('"');
}

/* `unit`: what the ranges are: "ranges of keys", "tablets". */
static void tell(const struct key_heat *heat, const struct key_diagnosis *diagnosis,
    const char *unit, bool is_json)
{
    double loads[KEY_ADVICE_BUCKETS_MOST] = {0};
    for (size_t i = 0; i < heat->columns * heat->buckets; i++)
        loads[i % heat->buckets] += heat->loads[i];
    struct skew skew = skew_of(loads, heat->buckets);
    if (is_json) {
        printf("{\"schema\":\"stele.advice/"
               "1\",\"pattern\":\"%s\",\"share\":%.4f,\"from\":%zu,\"to\":%zu,"
               "\"buckets\":%zu,\"max_mean\":%.3f,\"gini\":%.4f,\"effective\":%.2f,"
               "\"cured_by_split\":%s,\"reason\":",
            key_pattern_name(diagnosis->pattern), diagnosis->share, diagnosis->from, diagnosis->to,
            heat->buckets, skew.max_mean, skew.gini, skew.effective,
            diagnosis->is_cured_by_split ? "true" : "false");
        print_json_text(diagnosis->reason);
        fputs(",\"advice\":", stdout);
        print_json_text(diagnosis->advice);
        fputs(",\"price\":", stdout);
        print_json_text(diagnosis->price);
        puts("}");
        return;
    }
    printf("pattern  %s\nreason   %s\nadvice   %s\nprice    %s\n",
        key_pattern_name(diagnosis->pattern), diagnosis->reason, diagnosis->advice,
        diagnosis->price);
    printf("load     %zu %s: the busiest carries %.2f times the mean; as good as %.1f even ones\n",
        heat->buckets, unit, skew.max_mean, skew.effective);
}

/* ---- From a file ---- */

struct weighed {
    struct span key;
    double weight;
    size_t number; /* of the key, from 0, in the file's order */
};

struct lines {
    struct arena arena;
    struct weighed *all;
    size_t count, room;
    bool has_weights;
};

static bool add_line(struct lines *lines, char *text, size_t number)
{
    char *tab = strrchr(text, '\t'), *end = NULL;
    struct buffer key = {0};
    double weight = 1;
    if (tab) {
        *tab = '\0';
        lines->has_weights = true;
        errno = 0;
        weight = strtod(tab + 1, &end);
        if (errno || end == tab + 1 || *end || !(weight >= 0 && weight < 1e15)) {
            complain("line %zu: '%.40s' is no weight (a number from 0)", number, tab + 1);
            return false;
        }
    }
    if (!bytes_unescape(span_string(text), &key)) {
        buffer_deinit(&key);
        complain("line %zu: no memory", number);
        return false;
    }
    struct span kept = arena_copy(&lines->arena, buffer_span(&key));
    buffer_deinit(&key);
    if (lines->count == lines->room) {
        size_t room = lines->room ? 2 * lines->room : 1024;
        struct weighed *grown = room <= KEYS_MOST
                                    ? memory_reallocate(lines->all, room * sizeof *grown)
                                    : NULL;
        if (!grown) {
            complain("more keys than memory for them: %zu", lines->count);
            return false;
        }
        lines->all = grown;
        lines->room = room;
    }
    lines->all[lines->count] = (struct weighed){kept, weight, lines->count};
    lines->count++;
    return true;
}

static bool read_lines(FILE *file, const char *name, struct lines *lines)
{
    char *text = NULL;
    size_t room = 0, number = 0;
    ssize_t size;
    bool is_good = true;
    while (is_good && (size = getline(&text, &room, file)) >= 0) {
        number++;
        if (size > 0 && text[size - 1] == '\n')
            text[--size] = '\0';
        if (size == 0)
            continue;
        if ((size_t)size > LINE_MOST || strlen(text) != (size_t)size) {
            complain("line %zu is longer than %u bytes, or holds a NUL (write \\x00)", number,
                LINE_MOST);
            is_good = false;
        } else {
            is_good = add_line(lines, text, number);
        }
    }
    if (is_good && ferror(file)) {
        complain("read %s: %s", name, strerror(errno));
        is_good = false;
    }
    free(text); /* getline's */
    return is_good;
}

static int by_key(const void *a, const void *b)
{
    const struct weighed *first = a, *second = b;
    int order = span_compare(first->key, second->key);
    return order ? order : (first->number > second->number) - (first->number < second->number);
}

/* ---- Where a key lies among all keys that could be: lines that are requests say nothing of how many rows lie where ---- */

/* At each position the bytes that occur there, as digits of a number: keys of digits, hex or letters become what they
 * count. Order is kept. */
struct key_space {
    size_t skipped; /* bytes that all keys begin with */
    uint16_t rank[SPACE_DIGITS][256];
    uint16_t radix[SPACE_DIGITS]; /* and one more for a key that ends before */
};

static size_t common_prefix(const struct lines *lines)
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

static void key_space_make(const struct lines *lines, struct key_space *out_space)
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

/* Sorted lines into ranges, and the busiest key's share. Lines with weights are rows: ranges of as many rows each.
 * Lines without are requests, in order of time: ranges are equal parts of the space of keys. */
static struct key_heat fold(
    const struct lines *lines, size_t keys, double *loads, struct span *starts)
{
    bool is_log = !lines->has_weights;
    size_t buckets = is_log || keys >= FILE_BUCKETS ? FILE_BUCKETS : keys, key = 0, filled = 0;
    double all = 0, of_key = 0, top = 0;
    struct key_space space;
    struct key_heat heat = {.loads = loads,
        .buckets = buckets,
        .columns = is_log && lines->count >= FILE_COLUMNS * COLUMN_LINES ? FILE_COLUMNS : 1,
        .column_s = 1,
        .starts = starts};
    key_space_make(lines, &space);
    for (size_t i = 0; i < lines->count; i++) {
        const struct weighed *one = &lines->all[i];
        bool is_new = i == 0 || !span_equal(one->key, lines->all[i - 1].key);
        key += is_new && i > 0;
        of_key = (is_new ? 0 : of_key) + one->weight;
        double place = is_log ? key_space_place(&space, one->key) : (double)key / (double)keys;
        size_t bucket = (size_t)(place * (double)buckets);
        bucket = bucket < buckets ? bucket : buckets - 1;
        while (filled <= bucket) /* an empty range begins where the next full one does */
            starts[filled++] = one->key;
        loads[one->number * heat.columns / lines->count * buckets + bucket] += one->weight;
        all += one->weight;
        if (of_key > top) {
            top = of_key;
            heat.top_row = one->key;
        }
    }
    while (filled < buckets)
        starts[filled++] = lines->all[lines->count - 1].key;
    heat.top_share = all > 0 ? top / all : 0;
    return heat;
}

static bool is_sorted(const struct lines *lines)
{
    for (size_t i = 1; i < lines->count; i++)
        if (span_compare(lines->all[i].key, lines->all[i - 1].key) < 0)
            return false;
    return true;
}

static int advise_lines(struct lines *lines, const char *name, bool is_json)
{
    double loads[FILE_BUCKETS * FILE_COLUMNS] = {0};
    struct span starts[FILE_BUCKETS];
    struct key_diagnosis diagnosis;
    size_t keys = 1;
    if (lines->count == 0) {
        complain("%s holds no keys", name);
        return EXIT_FAILED;
    }
    if (!lines->has_weights && lines->count > 1 && is_sorted(lines))
        complain("the lines have no weights, so they are taken for requests in order of time, but "
                 "they are "
                 "sorted by key: give weights, or the order in which they came");
    qsort(lines->all, lines->count, sizeof *lines->all, by_key);
    for (size_t i = 1; i < lines->count; i++)
        keys += !span_equal(lines->all[i].key, lines->all[i - 1].key);
    struct key_heat heat = fold(lines, keys, loads, starts);
    if (!key_advice_diagnose(&heat, &diagnosis)) {
        complain("the weights of %s are all 0", name);
        return EXIT_FAILED;
    }
    tell(&heat, &diagnosis, "ranges of keys", is_json);
    return EXIT_DONE;
}

static int advise_file(const char *name, bool is_json)
{
    struct lines lines = {0};
    FILE *file = strcmp(name, "-") == 0 ? stdin : fopen(name, "r");
    if (!file) {
        complain("open %s: %s", name, strerror(errno));
        return EXIT_FAILED;
    }
    int code = read_lines(file, name, &lines) ? advise_lines(&lines, name, is_json) : EXIT_FAILED;
    if (file != stdin)
        fclose(file);
    memory_free(lines.all);
    arena_deinit(&lines.arena);
    return code;
}

/* ---- From a table in use ---- */

struct watched {
    struct stele_region_list regions;
    uint64_t *before; /* counters, by region */
    double *loads;    /* by second and region */
};

static size_t find_region(const struct stele_region_list *list, struct stele_bytes name)
{
    if (name.size < ENCODED_SIZE + 1)
        return SIZE_MAX;
    const uint8_t *encoded = name.data + name.size - ENCODED_SIZE - 1;
    for (size_t i = 0; i < list->count; i++)
        if (list->regions[i].encoded_name.size == ENCODED_SIZE &&
            memcmp(list->regions[i].encoded_name.data, encoded, ENCODED_SIZE) == 0)
            return i;
    return SIZE_MAX;
}

/* What each tablet's counters rose by; a tablet that moved begins anew. */
static void take_counters(
    struct watched *watched, const struct stele_cluster *cluster, size_t second, bool is_first)
{
    size_t count = watched->regions.count;
    for (size_t i = 0; i < cluster->server_count; i++)
        for (size_t j = 0; j < cluster->servers[i].region_count; j++) {
            const struct stele_region_load *load = &cluster->servers[i].regions[j];
            size_t at = find_region(&watched->regions, load->name);
            uint64_t now = load->read_requests + load->write_requests;
            if (at == SIZE_MAX)
                continue;
            if (!is_first)
                watched->loads[second * count + at] =
                    (double)(now >= watched->before[at] ? now - watched->before[at] : now);
            watched->before[at] = now;
        }
}

static int watch(
    struct stele_client *client, const char *table, struct watched *watched, size_t *out_servers)
{
    struct stele_error failure;
    if (stele_list_regions(client, stele_text(table), &watched->regions, &failure)) {
        complain("table %s: %s", table, failure.message);
        return failure.status == STELE_NOT_FOUND ? EXIT_FAILED : EXIT_UNREACHED;
    }
    size_t count = watched->regions.count;
    watched->before = memory_allocate_zeroed(count + 1, sizeof *watched->before);
    watched->loads = memory_allocate_zeroed((count + 1) * WATCH_S, sizeof *watched->loads);
    if (!watched->before || !watched->loads || count > KEY_ADVICE_BUCKETS_MOST) {
        complain("table %s has too many tablets: %zu", table, count);
        return EXIT_FAILED;
    }
    fprintf(stderr, "watching %zu tablets of %s for %d s\n", count, table, WATCH_S);
    for (size_t second = 0; second <= WATCH_S; second++) {
        struct stele_cluster cluster;
        if (stele_cluster_status(client, &cluster, &failure)) {
            complain("%s", failure.message);
            return EXIT_UNREACHED;
        }
        take_counters(watched, &cluster, second ? second - 1 : 0, second == 0);
        *out_servers = cluster.server_count;
        stele_cluster_free(&cluster);
        if (second < WATCH_S)
            poll(NULL, 0, 1000);
    }
    return EXIT_DONE;
}

static int advise_watched(
    const struct watched *watched, const char *table, size_t servers, bool is_json)
{
    struct span starts[KEY_ADVICE_BUCKETS_MOST];
    struct key_diagnosis diagnosis;
    size_t count = watched->regions.count;
    for (size_t i = 0; i < count; i++)
        starts[i] = span_make(
            watched->regions.regions[i].start_key.data, watched->regions.regions[i].start_key.size);
    struct key_heat heat = {.loads = watched->loads,
        .buckets = count,
        .columns = WATCH_S,
        .column_s = 1,
        .starts = starts,
        .servers = servers};
    if (!key_advice_diagnose(&heat, &diagnosis)) {
        complain("table %s was not used while it was watched", table);
        return EXIT_FAILED;
    }
    tell(&heat, &diagnosis, count == 1 ? "tablet" : "tablets", is_json);
    if (count < 8)
        fprintf(stderr,
            "%zu tablet%s tell%s little; a file of keys and weights tells more "
            "(--advise)\n",
            count, count == 1 ? "" : "s", count == 1 ? "s" : "");
    return EXIT_DONE;
}

static int advise_table(const char *table, const char *connect, const char *zookeeper, bool is_json)
{
    struct stele_options options;
    struct stele_error failure;
    struct stele_client *client = NULL;
    struct watched watched = {0};
    size_t servers = 0;
    stele_options_init(&options);
    options.connect = connect || zookeeper ? connect : getenv("STELE_CONNECT");
    options.zookeeper = zookeeper;
    options.run = STELE_RUN_INLINE;
    options.operation_timeout_ms = TIMEOUT_MS;
    if (!options.connect && !options.zookeeper)
        options.connect = "127.0.0.1:16000";
    if (stele_client_open(&options, &client, &failure)) {
        complain("%s", failure.message);
        return failure.status == STELE_INVALID ? EXIT_USAGE : EXIT_UNREACHED;
    }
    int code = watch(client, table, &watched, &servers);
    if (code == EXIT_DONE)
        code = advise_watched(&watched, table, servers, is_json);
    memory_free(watched.before);
    memory_free(watched.loads);
    stele_region_list_free(&watched.regions);
    stele_client_close(client);
    return code;
}

int advise(
    const char *file, const char *table, const char *connect, const char *zookeeper, bool is_json)
{
    if (file && table) {
        complain("--advise and --table: one of the two");
        return EXIT_USAGE;
    }
    return file ? advise_file(file, is_json) : advise_table(table, connect, zookeeper, is_json);
}
