#include "bench/watch.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/env.h"
#include "base/memory.h"
#include "bench/load_counters.h"

#define LOOK_EVERY      2    /* ticks between two looks at the regions */
#define REPORT_WAIT_MS  5000 /* for the servers' reports after a run; HBase's come every 3 s */
#define REPORT_PAUSE_MS 200
#define TIMEOUT_MS      3000
#define KEY_TEXT        96

struct watch {
    struct stele_client *client; /* owned; runs on its own thread */
    struct stele_bytes table;
    int server_pid;
    unsigned ticks; /* the command's thread, as all above */
    pthread_mutex_t mutex;
    pthread_cond_t is_idle;
    bool is_looking;    /* guarded, as all below: a look is under way */
    double looked_at_s; /* of that look */
    struct load_counters counters;
    struct watched_region *last;
    size_t last_count;
    struct watched_event *events;
    size_t event_count;
    size_t splits, moves;
    uint64_t *taken; /* by the tablets of `counters`, until the look before; owned */
    size_t taken_count;
    double max_mean;
};

/* What is remembered of a region between two looks. */
struct watched_region {
    char *encoded_name, *start, *end; /* one allocation, at encoded_name */
    size_t start_size, end_size;
    char server[280];
};

void watch_figures_deinit(struct watch_figures *figures)
{
    for (size_t i = 0; i < figures->tablet_count; i++)
        memory_free(figures->tablets[i].name);
    memory_free(figures->tablets);
    memory_free(figures->events);
    *figures = (struct watch_figures){0};
}

struct watch *watch_new(
    const char *connect, const char *zookeeper, struct stele_bytes table, int server_pid)
{
    struct stele_options options;
    struct watch *watch = memory_allocate_zeroed(1, sizeof *watch);
    if (!watch)
        return NULL;
    stele_options_init(&options);
    options.connect = connect;
    options.zookeeper = zookeeper;
    options.operation_timeout_ms = TIMEOUT_MS;
    if (stele_client_open(&options, &watch->client, NULL)) {
        memory_free(watch);
        return NULL;
    }
    watch->table = table;
    watch->server_pid = server_pid;
    CHECK(pthread_mutex_init(&watch->mutex, NULL) == 0);
    CHECK(pthread_cond_init(&watch->is_idle, NULL) == 0);
    return watch;
}

static void forget_regions(struct watched_region *regions, size_t count)
{
    for (size_t i = 0; i < count; i++)
        memory_free(regions[i].encoded_name);
    memory_free(regions);
}

static void wait_until_idle(struct watch *watch)
{
    pthread_mutex_lock(&watch->mutex);
    while (watch->is_looking)
        pthread_cond_wait(&watch->is_idle, &watch->mutex);
    pthread_mutex_unlock(&watch->mutex);
}

void watch_free(struct watch *watch)
{
    if (!watch)
        return;
    stele_client_close(watch->client); /* ends a look that is under way */
    wait_until_idle(watch);
    load_counters_deinit(&watch->counters);
    forget_regions(watch->last, watch->last_count);
    memory_free(watch->events);
    memory_free(watch->taken);
    pthread_cond_destroy(&watch->is_idle);
    pthread_mutex_destroy(&watch->mutex);
    memory_free(watch);
}

/* ---- Events ---- */

static bool keep_region(const struct stele_region *region, struct watched_region *out_region)
{
    size_t name = region->encoded_name.size, start = region->start_key.size,
           end = region->end_key.size;
    char *room = memory_allocate(name + 1 + start + end);
    if (!room)
        return false;
    *out_region = (struct watched_region){
        .encoded_name = room, .start_size = start, .end_size = end};
    memcpy(room, region->encoded_name.data, name);
    room[name] = '\0';
    out_region->start = memcpy(
        room + name + 1, start ? region->start_key.data : (uint8_t *)"", start);
    out_region->end = memcpy(
        room + name + 1 + start, end ? region->end_key.data : (uint8_t *)"", end);
    snprintf(out_region->server, sizeof out_region->server, "%.*s:%u",
        (int)region->server.host.size, (const char *)region->server.host.data, region->server.port);
    return true;
}

static const struct watched_region *find_region(
    const struct watched_region *regions, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(regions[i].encoded_name, name) == 0)
            return &regions[i];
    return NULL;
}

/* Whether `outer` begins before `inner` does, and ends after that. */
static bool holds_start(const struct watched_region *outer, const struct watched_region *inner)
{
    struct span start = span_make(inner->start, inner->start_size);
    return span_compare(span_make(outer->start, outer->start_size), start) <= 0 &&
           (outer->end_size == 0 ||
               span_compare(start, span_make(outer->end, outer->end_size)) < 0);
}

static void write_key(const char *key, size_t size, char out_text[KEY_TEXT])
{
    size_t at = 0;
    for (size_t i = 0; i < size && at + 5 < KEY_TEXT; i++) {
        unsigned char byte = (unsigned char)key[i];
        at += (size_t)snprintf(out_text + at, KEY_TEXT - at,
            byte >= 0x20 && byte < 0x7f && byte != '\\' ? "%c" : "\\x%02X", byte);
    }
    out_text[at] = '\0';
}

static void note(struct watch *watch, const char *what, const struct watched_region *region,
    const char *more, const char *rest)
{
    char key[KEY_TEXT];
    if (watch->event_count == WATCH_EVENTS_MOST)
        return;
    if (!watch->events)
        watch->events = memory_allocate(WATCH_EVENTS_MOST * sizeof *watch->events);
    if (!watch->events)
        return;
    struct watched_event *event = &watch->events[watch->event_count++];
    write_key(region->start, region->start_size, key);
    event->at_s = watch->looked_at_s;
    snprintf(event->text, sizeof event->text, "%s '%s'%s%.100s", what, key, more, rest);
}

static void note_split(struct watch *watch, const struct watched_region *upper)
{
    watch->splits++;
    note(watch, "split at", upper, "", "");
}

static void note_move(struct watch *watch, const struct watched_region *region)
{
    watch->moves++;
    note(watch, "moved the tablet from", region, " to ", region->server);
}

/* How many of `regions` that `others` lacks begin inside `outer`; the last of them. */
static size_t count_inside(const struct watched_region *outer, const struct watched_region *regions,
    size_t count, const struct watched_region *others, size_t other_count,
    const struct watched_region **out_last)
{
    size_t inside = 0;
    for (size_t i = 0; i < count; i++) {
        if (!holds_start(outer, &regions[i]) ||
            find_region(others, other_count, regions[i].encoded_name))
            continue;
        inside++;
        *out_last = &regions[i];
    }
    return inside;
}

static void compare(struct watch *watch, const struct watched_region *now, size_t count)
{
    const struct watched_region *last = watch->last, *other;
    for (size_t i = 0; i < watch->last_count; i++)
        if (!find_region(now, count, last[i].encoded_name) &&
            count_inside(&last[i], now, count, last, watch->last_count, &other) >= 2)
            note_split(watch, other);
    for (size_t i = 0; i < count; i++) {
        const struct watched_region *old = find_region(
            last, watch->last_count, now[i].encoded_name);
        if (old && strcmp(old->server, now[i].server) != 0)
            note_move(watch, &now[i]);
        else if (!old && count_inside(&now[i], last, watch->last_count, now, count, &other) >= 2)
            note(watch, "merged to one from", &now[i], "", "");
    }
}

/* How unevenly the tablets were asked since the look before. */
static void compare_tablets(struct watch *watch)
{
    const struct load_counters *counters = &watch->counters;
    uint64_t most = 0, all = 0;
    size_t there = 0;
    uint64_t *taken = memory_reallocate(
        watch->taken, (counters->tablet_count + 1) * sizeof *watch->taken);
    if (!taken)
        return;
    watch->taken = taken;
    for (size_t i = 0; i < counters->tablet_count; i++) {
        const struct counted_tablet *tablet = &counters->tablets[i];
        uint64_t sum = tablet->reads + tablet->writes,
                 grown = sum - (i < watch->taken_count ? taken[i] : 0);
        taken[i] = sum;
        there += tablet->is_there;
        all += grown;
        most = grown > most ? grown : most;
    }
    watch->taken_count = counters->tablet_count;
    watch->max_mean = all ? (double)most * (double)there / (double)all : 0;
}

/* The second half of a look: the counters, once they have begun to count. */
static void on_cluster(
    void *context, const struct stele_error *error, const struct stele_cluster *cluster)
{
    struct watch *watch = context;
    pthread_mutex_lock(&watch->mutex);
    if (error->status == STELE_OK && watch->counters.has_begun) {
        load_counters_read(&watch->counters, cluster, watch->table, watch->server_pid);
        compare_tablets(watch);
    }
    watch->is_looking = false;
    pthread_cond_signal(&watch->is_idle);
    pthread_mutex_unlock(&watch->mutex);
}

static void on_regions(
    void *context, const struct stele_error *error, const struct stele_region_list *list)
{
    struct watch *watch = context;
    pthread_mutex_lock(&watch->mutex);
    size_t count = 0;
    struct watched_region *now = error->status == STELE_OK
                                     ? memory_allocate_zeroed(list->count + 1, sizeof *now)
                                     : NULL;
    for (size_t i = 0; now && i < list->count; i++)
        if (!list->regions[i].is_split && !list->regions[i].is_offline)
            count += keep_region(&list->regions[i], &now[count]);
    if (now) {
        if (watch->last)
            compare(watch, now, count);
        forget_regions(watch->last, watch->last_count);
        watch->last = now;
        watch->last_count = count;
    }
    pthread_mutex_unlock(&watch->mutex);
    stele_cluster_status_async(watch->client, on_cluster, watch);
}

static void look(struct watch *watch, double at_s)
{
    pthread_mutex_lock(&watch->mutex);
    bool is_free = !watch->is_looking;
    if (is_free) {
        watch->is_looking = true;
        watch->looked_at_s = at_s;
    }
    pthread_mutex_unlock(&watch->mutex);
    if (is_free)
        stele_list_regions_async(watch->client, watch->table, on_regions, watch);
}

void watch_tick(struct watch *watch, double at_s)
{
    if (watch->ticks++ % LOOK_EVERY == 0)
        look(watch, at_s);
}

struct watch_glance watch_get_glance(struct watch *watch)
{
    pthread_mutex_lock(&watch->mutex);
    struct watch_glance glance = {.tablets = watch->last_count,
        .splits = watch->splits,
        .moves = watch->moves,
        .max_mean = watch->max_mean};
    pthread_mutex_unlock(&watch->mutex);
    return glance;
}

/* ---- Counters ---- */

void watch_begin(struct watch *watch)
{
    struct stele_cluster cluster;
    struct stele_error error;
    if (stele_cluster_status(watch->client, &cluster, &error))
        return;
    pthread_mutex_lock(&watch->mutex);
    load_counters_read(&watch->counters, &cluster, watch->table, watch->server_pid);
    pthread_mutex_unlock(&watch->mutex);
    stele_cluster_free(&cluster);
}

/* True when every server has reported since. */
static bool has_reports_since(const struct stele_cluster *cluster, int64_t since_ms)
{
    for (size_t i = 0; i < cluster->server_count; i++)
        if ((int64_t)cluster->servers[i].report_end_ms < since_ms)
            return false;
    return true;
}

static enum stele_status read_after(
    struct watch *watch, struct stele_cluster *out_cluster, struct stele_error *error)
{
    int64_t since_ms = env_wall_ms(env_real());
    for (unsigned waited_ms = 0;; waited_ms += REPORT_PAUSE_MS) {
        enum stele_status status = stele_cluster_status(watch->client, out_cluster, error);
        if (status || waited_ms >= REPORT_WAIT_MS || has_reports_since(out_cluster, since_ms))
            return status;
        stele_cluster_free(out_cluster);
        usleep(REPORT_PAUSE_MS * 1000);
    }
}

void watch_end(struct watch *watch, bool is_reachable, struct watch_figures *out_figures)
{
    struct watch_figures figures = {0};
    struct stele_cluster cluster;
    struct stele_error error;
    pthread_mutex_lock(&watch->mutex);
    load_counters_end_cpu(&watch->counters);
    pthread_mutex_unlock(&watch->mutex);
    wait_until_idle(watch);
    figures.events = watch->events;
    figures.event_count = watch->event_count;
    watch->events = NULL;
    if (is_reachable && read_after(watch, &cluster, &error) == STELE_OK) {
        load_counters_read(&watch->counters, &cluster, watch->table, watch->server_pid);
        load_counters_take(&watch->counters, &figures);
        stele_cluster_free(&cluster);
    }
    *out_figures = figures;
}
