/* Advice from the counters of a table's tablets, looked at each second: all that HBase tells, and coarse. */
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/options.h"
#include "bench/study/advise_internal.h"
#include "bench/study/skew.h"

#define WATCH_S      15
#define ENCODED_SIZE 32
#define TABLETS_FEW  8
#define HOT_TIMES    1.5 /* the mean: what one of few tablets carries that is not even */

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

static int watch(struct stele_client *client, const char *table, struct watched *watched)
{
    struct stele_error failure;
    if (stele_list_regions(client, stele_text(table), &watched->regions, &failure)) {
        advise_complain("table %s: %s", table, failure.message);
        return failure.status == STELE_NOT_FOUND ? EXIT_FAILED : ADVISE_UNREACHED;
    }
    size_t count = watched->regions.count;
    watched->before = memory_allocate_zeroed(count + 1, sizeof *watched->before);
    watched->loads = memory_allocate_zeroed((count + 1) * WATCH_S, sizeof *watched->loads);
    if (!watched->before || !watched->loads || count > KEY_ADVICE_BUCKETS_MOST) {
        advise_complain("table %s has too many tablets: %zu", table, count);
        return EXIT_FAILED;
    }
    fprintf(stderr, "watching %zu tablets of %s for %d s\n", count, table, WATCH_S);
    for (size_t second = 0; second <= WATCH_S; second++) {
        struct stele_cluster cluster;
        if (stele_cluster_status(client, &cluster, &failure)) {
            advise_complain("%s", failure.message);
            return ADVISE_UNREACHED;
        }
        take_counters(watched, &cluster, second ? second - 1 : 0, second == 0);
        stele_cluster_free(&cluster);
        if (second < WATCH_S)
            poll(NULL, 0, 1000);
    }
    return EXIT_DONE;
}

/* Of few tablets one carries much: that is not even, though too coarse to tell what it is. */
static void judge_few(const struct key_heat *heat, struct key_diagnosis *diagnosis)
{
    double loads[TABLETS_FEW] = {0};
    size_t busiest = 0;
    if (diagnosis->pattern != KEY_EVEN || heat->buckets < 2 || heat->buckets >= TABLETS_FEW)
        return;
    for (size_t i = 0; i < heat->columns * heat->buckets; i++)
        loads[i % heat->buckets] += heat->loads[i];
    struct skew skew = skew_of(loads, heat->buckets);
    if (skew.max_mean < HOT_TIMES)
        return;
    for (size_t i = 1; i < heat->buckets; i++)
        busiest = loads[i] > loads[busiest] ? i : busiest;
    diagnosis->pattern = KEY_NARROW_RANGE;
    diagnosis->share = skew.top_share;
    diagnosis->from = busiest;
    diagnosis->to = busiest + 1;
    diagnosis->is_cured_by_split = false;
    snprintf(diagnosis->reason, sizeof diagnosis->reason,
        "%.0f %% of the load lies in one tablet of %zu; counters do not say where in it",
        100 * skew.top_share, heat->buckets);
    snprintf(diagnosis->advice, sizeof diagnosis->advice,
        "It may be one row, a range of keys or their end: look at a file of keys and weights "
        "(--advise FILE), or cut the table into more tablets and watch again.");
    snprintf(diagnosis->price, sizeof diagnosis->price, "None to look.");
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
        advise_complain("table %s was not used while it was watched", table);
        return EXIT_FAILED;
    }
    judge_few(&heat, &diagnosis);
    struct advise_source source = {.name = "counters", .unit = count == 1 ? "tablet" : "tablets"};
    snprintf(source.text, sizeof source.text, "the tablets' counters, watched for %d s", WATCH_S);
    advise_tell(&heat, &diagnosis, &source, is_json);
    if (count < TABLETS_FEW)
        fprintf(stderr,
            "%zu tablet%s tell%s little; a file of keys and weights tells more "
            "(--advise)\n",
            count, count == 1 ? "" : "s", count == 1 ? "s" : "");
    return EXIT_DONE;
}

int advise_counters(struct stele_client *client, const char *table, size_t servers, bool is_json)
{
    struct watched watched = {0};
    int code = watch(client, table, &watched);
    if (code == EXIT_DONE)
        code = advise_watched(&watched, table, servers, is_json);
    memory_free(watched.before);
    memory_free(watched.loads);
    stele_region_list_free(&watched.regions);
    return code;
}
