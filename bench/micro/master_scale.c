/* The master's policies at the size they must bear: 100,000 tablets on 1,000 servers.
 *
 *   bench-master-scale [-t TABLETS] [-s SERVERS] [-f FAILURES] [-m MINUTES] [-q]
 *
 * 1. A cluster starts: placement of all tablets, none of which is anywhere.
 * 2. Plans of the balancer: when it is even, when the load has just moved to a part of the keys, until it is quiet.
 * 3. A day: every simulated minute (-m: so many of them, 1440) one plan; FAILURES servers (144) die over a day and come back half an hour later,
 *    the load follows the hours, and a hot range wanders. Told: how long plans and placements took, how uneven the
 *    cluster was, moves.
 * -q prints one line and fails (exit 1) when memory took 500 MB, or something is left unplaced, or (exit 4) when a plan took a second.
 *
 * The model: servers are nothing but a number; tablets of 200 tables, sizes and loads skewed. One seed, one thread; times are CPU times. */
#include <getopt.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/dice.h"
#include "base/env.h"
#include "base/memory.h"
#include "model/balance.h"
#include "server/master/placement.h"

#define TABLES         200
#define MINUTES        (24 * 60)
#define MINUTES_DOWN   30
#define PLAN_LIMIT_S   1.0
#define MEMORY_LIMIT   (500u << 20)
#define EXIT_SLOW      4
#define PLANS_TO_QUIET 2000

struct model {
    struct view_server *servers;
    uint32_t *down_until; /* minute; 0 = up */
    struct view_tablet *tablets;
    float (*base)[VIEW_RESOURCES]; /* load at noon */
    struct cluster_view view;
    struct dice dice;
    uint64_t seed;
};

/* A series of times, in seconds. */
struct series {
    unsigned long count;
    double sum, most;
};

static void die(const char *what)
{
    fprintf(stderr, "bench-master-scale: %s\n", what);
    exit(1);
}

static double now_s(void)
{
    return (double)env_thread_cpu_ns(env_real()) / 1e9;
}

static void note(struct series *series, double seconds)
{
    series->count++;
    series->sum += seconds;
    series->most = fmax(series->most, seconds);
}

static double mean_ms(const struct series *series)
{
    return series->count ? series->sum / (double)series->count * 1e3 : 0;
}

static uint64_t peak_bytes(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (uint64_t)usage.ru_maxrss * 1024;
}

/* ---- The model ---- */

static void model_make(struct model *model, size_t servers, size_t tablets)
{
    *model = (struct model){.dice = {1}};
    model->servers = memory_allocate_zeroed(servers, sizeof *model->servers);
    model->down_until = memory_allocate_zeroed(servers, sizeof *model->down_until);
    model->tablets = memory_allocate_zeroed(tablets, sizeof *model->tablets);
    model->base = memory_allocate_zeroed(tablets, sizeof *model->base);
    if (!model->servers || !model->down_until || !model->tablets || !model->base)
        die("no memory for the model");
    for (size_t i = 0; i < tablets; i++) {
        double skew = pow((double)(1 + dice_below(&model->dice, 1000)) / 1000, -0.5);
        model->base[i][VIEW_REQUESTS] = (float)(20 * skew);
        model->base[i][VIEW_BYTES] = (float)(20e3 * skew);
        model->base[i][VIEW_CPU] = (float)(0.0004 * skew);
        model->base[i][VIEW_MEMORY] = (float)dice_below(&model->dice, 4 << 20);
        model->tablets[i] = (struct view_tablet){.table = (uint32_t)(i * TABLES / tablets),
            .server = VIEW_NO_SERVER,
            .settled_s = UINT32_MAX};
        memcpy(model->tablets[i].load, model->base[i], sizeof model->base[i]);
    }
    model->view = (struct cluster_view){model->servers, servers, model->tablets, tablets, TABLES};
}

static void model_free(struct model *model)
{
    memory_free(model->servers);
    memory_free(model->down_until);
    memory_free(model->tablets);
    memory_free(model->base);
}

/* Loads at a minute of the day: they follow the hours, and one tablet in 50, a range of neighbours that moves on each
 * two hours, has ten times as much. */
static void set_loads(struct model *model, unsigned minute)
{
    size_t count = model->view.tablet_count, width = count / 50;
    size_t hot = (size_t)(minute / 120) * 7919 % (count - width);
    float hours = 0.6f + 0.4f * sinf((float)minute / MINUTES * 6.2832f);
    for (size_t i = 0; i < count; i++) {
        float factor = hours * (i >= hot && i < hot + width ? 10 : 1);
        for (unsigned r = 0; r < VIEW_MEMORY; r++)
            model->tablets[i].load[r] = model->base[i][r] * factor;
    }
}

static double worst_requests(const struct model *model)
{
    double *loads = memory_allocate_zeroed(model->view.server_count, sizeof *loads);
    double sum = 0, most = 0, live = 0;
    if (!loads)
        die("no memory");
    for (size_t i = 0; i < model->view.tablet_count; i++)
        loads[model->tablets[i].server] += (double)model->tablets[i].load[VIEW_REQUESTS];
    for (size_t s = 0; s < model->view.server_count; s++) {
        if (model->servers[s].state == VIEW_DEAD)
            continue;
        live++;
        sum += loads[s];
        most = fmax(most, loads[s]);
    }
    memory_free(loads);
    return sum > 0 ? most * live / sum : 1;
}

/* ---- Steps ---- */

/* Opens what `server` had (VIEW_NO_SERVER: what is nowhere) elsewhere. */
static size_t place(struct model *model, uint32_t server, struct series *times)
{
    struct arena arena = {0};
    size_t count = 0;
    double begin = now_s();
    uint32_t *lost = arena_allocate(&arena, model->view.tablet_count * sizeof *lost);
    uint32_t *chosen = arena_allocate(&arena, model->view.tablet_count * sizeof *chosen);
    if (!lost || !chosen)
        die("no memory");
    for (size_t i = 0; i < model->view.tablet_count; i++)
        if (model->tablets[i].server == server)
            lost[count++] = (uint32_t)i;
    if (placement_choose(&model->view, lost, count, ++model->seed, &arena, chosen))
        die("tablets cannot be placed");
    for (size_t i = 0; i < count; i++) {
        if (model->servers[chosen[i]].state != VIEW_ALIVE)
            die("a tablet was placed on a server that is dead");
        model->tablets[lost[i]].server = chosen[i];
    }
    note(times, now_s() - begin);
    arena_deinit(&arena);
    return count;
}

static size_t plan(struct model *model, const struct balance_settings *base, struct series *times)
{
    struct arena arena = {0};
    struct balance_plan plan;
    struct balance_settings settings = *base;
    settings.seed = ++model->seed;
    double begin = now_s();
    if (balance_plan_make(&model->view, &settings, &arena, &plan))
        die("no memory for a plan");
    note(times, now_s() - begin);
    for (size_t i = 0; i < plan.move_count; i++) {
        model->tablets[plan.moves[i].tablet].server = plan.moves[i].to;
        model->tablets[plan.moves[i].tablet].settled_s = 0;
    }
    size_t moves = plan.move_count;
    arena_deinit(&arena);
    return moves;
}

static void pass_time(struct model *model, uint32_t seconds)
{
    for (size_t i = 0; i < model->view.tablet_count; i++)
        if (model->tablets[i].settled_s < UINT32_MAX - seconds)
            model->tablets[i].settled_s += seconds;
}

/* ---- The parts ---- */

static void report(const char *what, const struct series *times, const char *rest)
{
    printf("%-34s %6lu times, mean %7.1f ms, most %7.1f ms%s\n", what, times->count, mean_ms(times),
        times->most * 1e3, rest);
}

static void converge(struct model *model, const struct balance_settings *settings,
    struct series *times, const char *what, bool is_quiet)
{
    struct series here = {0};
    char rest[128];
    double before = worst_requests(model);
    size_t moves = 0;
    for (unsigned i = 0; i < PLANS_TO_QUIET; i++) {
        size_t made = plan(model, settings, &here);
        moves += made;
        pass_time(model, 1);
        if (made == 0)
            break;
    }
    snprintf(rest, sizeof rest, "; %zu moves, max over mean %.2f -> %.2f", moves, before,
        worst_requests(model));
    if (!is_quiet)
        report(what, &here, rest);
    times->count += here.count;
    times->sum += here.sum;
    times->most = fmax(times->most, here.most);
}

static uint32_t fail_one(struct model *model, unsigned minute)
{
    uint32_t server;
    do {
        server = (uint32_t)dice_below(&model->dice, model->view.server_count);
    } while (model->servers[server].state == VIEW_DEAD);
    model->servers[server].state = VIEW_DEAD;
    model->down_until[server] = minute + MINUTES_DOWN;
    return server;
}

static void come_back(struct model *model, unsigned minute)
{
    for (size_t s = 0; s < model->view.server_count; s++) {
        if (model->servers[s].state != VIEW_DEAD || model->down_until[s] > minute)
            continue;
        model->servers[s].state = VIEW_ALIVE;
    }
}

static void day(struct model *model, const struct balance_settings *settings, unsigned failures,
    unsigned minutes, struct series *plans, bool is_quiet)
{
    struct series here = {0}, placements = {0};
    size_t moves = 0, recovered = 0;
    double worst_sum = 0, worst = 0, begin = now_s();
    char rest[128];
    for (unsigned minute = 1; minute <= minutes; minute++) {
        set_loads(model, minute);
        come_back(model, minute);
        if (minute * failures / MINUTES != (minute - 1) * failures / MINUTES)
            recovered += place(model, fail_one(model, minute), &placements);
        moves += plan(model, settings, &here);
        pass_time(model, 60);
        double now = worst_requests(model);
        worst_sum += now;
        worst = fmax(worst, now);
    }
    if (!is_quiet) {
        snprintf(rest, sizeof rest, "; %zu moves, max over mean: mean %.2f, most %.2f", moves,
            minutes ? worst_sum / minutes : 0, worst);
        report("plans, one a minute", &here, rest);
        snprintf(rest, sizeof rest, "; %zu tablets opened elsewhere", recovered);
        report("its failed servers", &placements, rest);
        printf("%-34s %.1f s\n", "the minutes took", now_s() - begin);
    }
    plans->count += here.count;
    plans->sum += here.sum;
    plans->most = fmax(plans->most, here.most);
}

int main(int argc, char **argv)
{
    size_t tablets = 100000, servers = 1000;
    unsigned failures = 144, minutes = MINUTES;
    bool is_quiet = false;
    for (int option; (option = getopt(argc, argv, "t:s:f:m:q")) != -1;) {
        switch (option) {
        case 't':
            tablets = strtoul(optarg, NULL, 10);
            break;
        case 's':
            servers = strtoul(optarg, NULL, 10);
            break;
        case 'f':
            failures = (unsigned)strtoul(optarg, NULL, 10);
            break;
        case 'm':
            minutes = (unsigned)strtoul(optarg, NULL, 10);
            break;
        case 'q':
            is_quiet = true;
            break;
        default:
            fprintf(stderr, "usage: bench-master-scale [-t TABLETS] [-s SERVERS] [-f FAILURES] [-m "
                            "MINUTES] [-q]\n");
            return 2;
        }
    }
    setlinebuf(stdout);
    if (tablets < 100 || servers < 2 || failures > MINUTES) {
        fprintf(stderr, "bench-master-scale: at least 100 tablets and 2 servers, at most one "
                        "failure a minute\n");
        return 2;
    }
    struct model model;
    struct series start = {0}, plans = {0};
    struct balance_settings settings = balance_settings_default();
    settings.moves = (uint32_t)(servers < 64 ? 64 : servers);
    model_make(&model, servers, tablets);
    place(&model, VIEW_NO_SERVER, &start);
    if (!is_quiet)
        report("placement of all tablets", &start, "");
    converge(&model, &settings, &plans, "plans, evenly placed", is_quiet);
    set_loads(&model, 1);
    converge(&model, &settings, &plans, "plans, a hot range, until quiet", is_quiet);
    day(&model, &settings, failures, minutes, &plans, is_quiet);
    uint64_t peak = peak_bytes();
    printf("%zu tablets, %zu servers: placed in %.2f s; %lu plans, mean %.0f ms, most %.0f ms; "
           "%" PRIu64 " MB\n",
        tablets, servers, start.sum, plans.count, mean_ms(&plans), plans.most * 1e3, peak >> 20);
    model_free(&model);
    if (is_quiet && peak >= MEMORY_LIMIT)
        return 1;
    return is_quiet && plans.most >= PLAN_LIMIT_S ? EXIT_SLOW : 0;
}
