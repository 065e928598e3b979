#include "bench/study/run_load.h"

#include "base/memory.h"

enum status run_load_init(
    struct run_load *load, unsigned seconds, size_t servers, struct error *error)
{
    struct run_load made = {.room = seconds, .servers = servers};
    made.seconds = memory_allocate_zeroed(seconds, sizeof *made.seconds);
    made.by_server = memory_allocate_zeroed(servers, sizeof *made.by_server);
    made.by_second = memory_allocate_zeroed(seconds * servers, sizeof *made.by_second);
    made.tablets = memory_allocate_zeroed(RUN_TABLETS_MOST, sizeof *made.tablets);
    made.recent = memory_allocate_zeroed(RUN_ANSWER_S * servers, sizeof *made.recent);
    made.overall = memory_allocate_zeroed(servers, sizeof *made.overall);
    made.scratch = memory_allocate_zeroed(1, sizeof *made.scratch);
    made.asked_now = memory_allocate_zeroed(RUN_TABLETS_MOST, sizeof *made.asked_now);
    if (!made.seconds || !made.by_server || !made.by_second || !made.tablets || !made.recent ||
        !made.overall || !made.scratch || !made.asked_now) {
        run_load_deinit(&made);
        return error_set(error, STATUS_NO_MEMORY, "no memory for a run of %u seconds", seconds);
    }
    *load = made;
    return STATUS_OK;
}

static void free_filling(struct run_load *load)
{
    for (size_t i = 0; i < load->tablet_count; i++) {
        memory_free(load->tablets[i].sketches);
        load->tablets[i].sketches = NULL;
    }
    memory_free(load->recent);
    memory_free(load->overall);
    memory_free(load->scratch);
    memory_free(load->asked_now);
    load->recent = load->overall = load->scratch = NULL;
    load->asked_now = NULL;
}

void run_load_deinit(struct run_load *load)
{
    free_filling(load);
    for (size_t i = 0; i < load->tablet_count; i++)
        memory_free(load->tablets[i].asked);
    memory_free(load->seconds);
    memory_free(load->by_server);
    memory_free(load->by_second);
    memory_free(load->tablets);
    *load = (struct run_load){0};
}

/* ---- Tablets ---- */

uint32_t run_load_open_tablet(struct run_load *load, const struct study_row *start, float at,
    uint32_t server, unsigned second)
{
    if (load->tablet_count == RUN_TABLETS_MOST || second >= load->room)
        return NO_TABLET;
    struct run_tablet *tablet = &load->tablets[load->tablet_count];
    *tablet = (struct run_tablet){.start = *start,
        .at = at,
        .server = server,
        .from_s = second,
        .to_s = load->room,
        .is_open = true,
        .asked = memory_allocate_zeroed(load->room - second, sizeof *tablet->asked),
        .sketches = memory_allocate_zeroed(1, sizeof *tablet->sketches)};
    if (!tablet->asked || !tablet->sketches) {
        memory_free(tablet->asked);
        memory_free(tablet->sketches);
        return NO_TABLET;
    }
    return (uint32_t)load->tablet_count++;
}

void run_load_move_tablet(struct run_load *load, uint32_t tablet, uint32_t server)
{
    if (tablet != NO_TABLET)
        load->tablets[tablet].server = server;
}

void run_load_close_tablet(struct run_load *load, uint32_t tablet, unsigned second)
{
    if (tablet == NO_TABLET)
        return;
    load->tablets[tablet].to_s = second;
    load->tablets[tablet].is_open = false;
}

/* ---- Requests ---- */

void run_load_ask(struct run_load *load, unsigned second, size_t server, uint32_t tablet,
    enum request_kind kind, double count)
{
    load->all.asked[kind] += count;
    load->seconds[second].asked[kind] += count;
    load->by_server[server].asked[kind] += count;
    if (tablet == NO_TABLET)
        return;
    struct run_tablet *one = &load->tablets[tablet];
    one->share.asked[kind] += count;
    if (second >= one->from_s)
        one->asked[second - one->from_s] += (float)count;
}

static void record(
    struct sketch_pair *pair, uint64_t intended_us, uint64_t service_us, uint32_t count)
{
    latency_sketch_record(&pair->intended, intended_us, count);
    if (service_us != AS_INTENDED)
        latency_sketch_record(&pair->service, service_us, count);
}

void run_load_answer(struct run_load *load, unsigned second, size_t server, uint32_t tablet,
    uint64_t intended_us, uint64_t service_us, uint32_t count)
{
    load->all.answered += count;
    load->by_server[server].answered += count;
    if (second >= load->summed)
        record(&load->recent[second % RUN_ANSWER_S * load->servers + server], intended_us,
            service_us, count);
    if (tablet == NO_TABLET)
        return;
    load->tablets[tablet].share.answered += count;
    record(load->tablets[tablet].sketches, intended_us, service_us, count);
}

/* ---- Summaries ---- */

static void merge(struct sketch_pair *into, const struct sketch_pair *from)
{
    latency_sketch_merge(&into->intended, &from->intended);
    latency_sketch_merge(&into->service, &from->service);
}

static struct run_latency summary_of(const struct sketch_pair *pair)
{
    struct latency_summary intended = latency_sketch_summary(&pair->intended);
    return (struct run_latency){
        intended, pair->service.count ? latency_sketch_summary(&pair->service) : intended};
}

/* The sketches of a second become summaries, and are free for another. */
static void sum_up(struct run_load *load, unsigned second)
{
    *load->scratch = (struct sketch_pair){0};
    for (size_t i = 0; i < load->servers; i++) {
        struct sketch_pair *pair = &load->recent[second % RUN_ANSWER_S * load->servers + i];
        load->by_second[second * load->servers + i] = summary_of(pair);
        merge(&load->overall[i], pair);
        merge(load->scratch, pair);
        *pair = (struct sketch_pair){0};
    }
    load->seconds[second].latency = summary_of(load->scratch);
    load->summed = second + 1;
}

void run_load_end_second(struct run_load *load, unsigned second, const struct skew *servers)
{
    struct run_second *one = &load->seconds[second];
    one->servers = *servers;
    for (size_t i = 0; i < load->tablet_count; i++)
        if (load->tablets[i].is_open && load->tablets[i].from_s <= second)
            load->asked_now[one->tablet_count++] =
                load->tablets[i].asked[second - load->tablets[i].from_s];
    one->tablets = skew_of(load->asked_now, one->tablet_count);
    if (second + 1 >= RUN_ANSWER_S) /* its place is the next second's */
        sum_up(load, second + 1 - RUN_ANSWER_S);
}

static void add_part(struct skew *into, const struct skew *skew, unsigned parts)
{
    into->max_mean += skew->max_mean / parts;
    into->gini += skew->gini / parts;
    into->effective += skew->effective / parts;
    into->top_share += skew->top_share / parts;
}

void run_load_conclude(struct run_load *load, unsigned seconds, unsigned ends)
{
    if (!load->recent)
        return;
    while (load->summed < seconds)
        sum_up(load, load->summed);
    *load->scratch = (struct sketch_pair){0};
    for (size_t i = 0; i < load->servers; i++) {
        load->by_server[i].latency = summary_of(&load->overall[i]);
        merge(load->scratch, &load->overall[i]);
    }
    load->all.latency = summary_of(load->scratch);
    for (size_t i = 0; i < load->tablet_count; i++) {
        struct run_tablet *tablet = &load->tablets[i];
        tablet->share.latency = summary_of(tablet->sketches);
        tablet->to_s = tablet->to_s < seconds ? tablet->to_s : seconds;
    }
    for (unsigned i = 0; i < ends && i < seconds; i++) {
        add_part(&load->start_servers, &load->seconds[i].servers, ends);
        add_part(&load->start_tablets, &load->seconds[i].tablets, ends);
        add_part(&load->end_servers, &load->seconds[seconds - 1 - i].servers, ends);
        add_part(&load->end_tablets, &load->seconds[seconds - 1 - i].tablets, ends);
    }
    free_filling(load);
}

double run_load_tablet_share(const struct run_load *load, const struct run_tablet *tablet)
{
    double own = 0, all = 0;
    for (unsigned second = tablet->from_s; second < tablet->to_s; second++) {
        own += (double)tablet->asked[second - tablet->from_s];
        for (size_t kind = 0; kind < REQUEST_KINDS; kind++)
            all += load->seconds[second].asked[kind];
    }
    return all > 0 ? own / all : 0;
}
