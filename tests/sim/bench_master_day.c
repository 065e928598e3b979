/* A day of failures, with the real master: very many tablets on very many servers, on virtual time.
 *
 *   bench_master_day [-t TABLETS] [-s SERVERS] [-H HOURS] [-x SPEED] [-f FAILURES] [-r SEED] [-m MB] [-c US]
 *                    100000       1000         24         24         300           1         500     0
 *
 * On a fleet of models (model_fleet.h) that answer as late as servers do; the master's processor time passes as time
 * (virtual_env.h), or US microseconds for each task: then a seed is one run. What a day brings comes SPEED times as fast,
 * so that the servers' and the master's seconds, which are not faster, are few enough to be played in minutes: that is
 * harder than a day. FAILURES servers a day die, each is missed by ZooKeeper a session later and comes back within half
 * an hour; each six hours a rack of 2 % dies at once; one tablet in a hundred is split a day, as many pairs are merged; each hour
 * a server is drained, stopped, and comes back, and the leading master dies (another leads a session later). All servers
 * report each second that they live, and each five minutes what their tablets carry: the load follows the hours, and a
 * hot range of 2 % of the keys, with ten times the load, wanders each two hours; the balancer moves what it likes.
 *
 * Told: events, procedures, how long tablets were nobody's, the masters' starts, wall time, memory. Exit 1 when at the
 * end a tablet is not served, hbase:meta's order has a hole, two ever served one tablet, a tablet was nobody's for
 * longer than GAP_MOST_S beyond the sessions that had to end, or memory went over MB (0 = whatever: sanitizers). */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log_lines.h"
#include "base/memory.h"
#include "tests/sim/model_fleet.h"
#include "tests/sim/virtual_env.h"

#define SECOND_NS      UINT64_C(1000000000)
#define DAY_S          86400
#define SESSION_S      6
#define REPORT_EACH_S  300
#define BACK_MOST_S    1800
#define RACK_EACH_S    21600
#define SETTLE_S       600
#define MOVING_S       60
#define TAKE_OVER_MOST 5.0
/* A tablet's server and the master may die within one another's sessions, and its new server too. */
#define SESSIONS_MOST 3
#define GAP_MOST_S    5

struct day {
    struct fleet fleet;
    struct task tick;      /* each second, on the fleet's world */
    uint64_t second, last; /* that have passed; of the last event */
    uint64_t speed;        /* so many seconds of the day pass in one */
    unsigned failures;
    double memory_most_mb;
    uint64_t epoch;
    uint64_t lead_at; /* second; 0 = a master leads, or is starting */
    uint64_t lead_began_ns;
    uint32_t *hide_at, *back_at; /* of a dead server: seconds; 0 = not */
    size_t draining;             /* server; 0 = none */
    bool is_over;
    /* told */
    uint64_t deaths, racks, splits, merges, refused, drains, masters, procedures;
    uint64_t procedure_from;
    double starts_sum_s, starts_most_s;
};

/* ---- What a day brings ---- */

static uint32_t now_s(const struct day *day)
{
    return (uint32_t)day->second;
}

static void die(struct day *day, size_t number, uint32_t back_after_s)
{
    struct fleet_server *server = &day->fleet.servers[number];
    if (!server->is_up || number == 0)
        return;
    fleet_kill(&day->fleet, server);
    day->hide_at[number] = now_s(day) + SESSION_S;
    day->back_at[number] = now_s(day) + back_after_s;
    day->deaths++;
}

/* True once in so many seconds of the day, `offset` after each begins. */
static bool comes_round(const struct day *day, uint64_t period_s, uint64_t offset_s)
{
    uint64_t now = day->second * day->speed + period_s - offset_s;
    return now / period_s != (now - day->speed) / period_s;
}

static size_t any_server(struct day *day)
{
    return 1 + (size_t)dice_below(&day->fleet.dice, day->fleet.server_count - 1);
}

static uint32_t any_absence(struct day *day)
{
    return SESSION_S + 10 + (uint32_t)dice_below(&day->fleet.dice, BACK_MOST_S);
}

/* Sessions that end, servers that come back. */
static void pass_second(struct day *day)
{
    struct fleet *fleet = &day->fleet;
    bool is_changed = false;
    for (size_t i = 1; i < fleet->server_count; i++) {
        if (day->hide_at[i] == now_s(day)) {
            fleet->servers[i].is_shown = false;
            is_changed = true;
        }
        if (day->back_at[i] == now_s(day)) {
            fleet_start(fleet, &fleet->servers[i]);
            is_changed = true;
        }
    }
    if (is_changed)
        fleet_show_servers(fleet);
}

/* ---- Requests ---- */

struct asking {
    struct master_request request; /* first */
    struct day *day;
    struct arena arena;
    struct span spans[2];
};

static void on_answered(struct master_request *request)
{
    struct asking *asking = (struct asking *)request;
    asking->day->refused += request->exception_class != NULL;
    arena_deinit(&asking->arena);
    memory_free(asking);
}

static struct asking *new_asking(struct day *day, enum master_operation operation)
{
    struct asking *asking = memory_allocate_zeroed(1, sizeof *asking);
    CHECK(asking);
    asking->day = day;
    asking->request = (struct master_request){.operation = operation,
        .arena = &asking->arena,
        .tablets = asking->spans,
        .servers = asking->spans,
        .waits = true,
        .done = on_answered};
    return asking;
}

static void name_tablet(struct asking *asking, const struct assigned_tablet *tablet)
{
    struct master_request *request = &asking->request;
    asking->spans[request->tablet_count++] = arena_copy(
        &asking->arena, span_string(tablet->info.id));
}

/* Any tablet of the table with a neighbour behind it; NULL when the master has none to show. */
static struct assigned_tablet *const *any_tablet(struct day *day)
{
    struct catalogue *catalogue = master_catalogue(day->fleet.master);
    struct catalogue_table *table = catalogue_find_locked(catalogue, SPAN_LITERAL("t"));
    if (!table || table->tablet_count < 2 || !master_is_ready(day->fleet.master))
        return NULL;
    return &table->tablets[dice_below(&day->fleet.dice, table->tablet_count - 1)];
}

static void split(struct day *day)
{
    struct assigned_tablet *const *tablet = any_tablet(day);
    if (!tablet)
        return;
    struct asking *asking = new_asking(day, MASTER_SPLIT);
    struct buffer row = {0};
    name_tablet(asking, *tablet);
    buffer_put(&row, (*tablet)->info.start_row); /* the row behind its first */
    buffer_put_u8(&row, '!');
    asking->request.row = arena_copy(&asking->arena, buffer_span(&row));
    buffer_deinit(&row);
    day->splits++;
    master_submit(day->fleet.master, &asking->request);
}

static void merge(struct day *day)
{
    struct assigned_tablet *const *tablet = any_tablet(day);
    if (!tablet)
        return;
    struct asking *asking = new_asking(day, MASTER_MERGE);
    name_tablet(asking, tablet[0]);
    name_tablet(asking, tablet[1]);
    day->merges++;
    master_submit(day->fleet.master, &asking->request);
}

static void ask_server(struct day *day, enum master_operation operation, size_t server)
{
    struct asking *asking = new_asking(day, operation);
    asking->spans[0] = arena_copy(&asking->arena, span_string(day->fleet.servers[server].text));
    asking->request.server_count = 1;
    asking->request.offloads = true;
    master_submit(day->fleet.master, &asking->request);
}

/* An operator drains a server, stops it when it is empty, and it comes back. */
static void drain(struct day *day)
{
    struct fleet *fleet = &day->fleet;
    if (day->draining == 0 && comes_round(day, 3600, 1200) && master_is_ready(fleet->master)) {
        day->draining = any_server(day);
        if (fleet->servers[day->draining].is_up)
            ask_server(day, MASTER_DECOMMISSION, day->draining);
        else
            day->draining = 0;
    }
    struct fleet_server *server = &fleet->servers[day->draining];
    if (day->draining == 0 || (server->is_up && server->tablet_count > 0))
        return;
    day->drains += server->is_up;
    die(day, day->draining, 60);
    day->draining = 0;
}

/* ---- Masters ---- */

static void count_procedures(struct day *day)
{
    uint64_t last = day->fleet.master->last_procedure_id;
    day->procedures += last - day->procedure_from;
    day->procedure_from = last;
}

static void lead(struct day *day)
{
    struct fleet *fleet = &day->fleet;
    day->lead_began_ns = env_monotonic_ns(fleet->env);
    day->lead_at = 0;
    atomic_store(&fleet->is_ready, false);
    fleet_show_servers(fleet);
    master_lead(fleet->master, ++day->epoch);
}

static void change_master(struct day *day)
{
    if (!day->lead_at && comes_round(day, 3600, 2400) && master_is_ready(day->fleet.master)) {
        count_procedures(day);
        master_depose(day->fleet.master);
        day->lead_at = day->second + SESSION_S;
        day->masters++;
    }
    if (day->lead_at && day->second >= day->lead_at) {
        lead(day);
        return;
    }
    if (day->lead_began_ns && atomic_load(&day->fleet.is_ready)) {
        double took_s = (double)(day->fleet.ready_ns - day->lead_began_ns) / 1e9;
        day->lead_began_ns = 0;
        day->starts_sum_s += took_s;
        day->starts_most_s = fmax(day->starts_most_s, took_s);
        /* ids of a tenure begin where its clock says */
        day->procedure_from = day->fleet.master->last_procedure_id;
    }
}

/* ---- Reports ---- */

static float factor_of(const struct day *day, size_t number)
{
    size_t count = day->fleet.tablet_count, width = count / 50;
    size_t hot = (size_t)(day->second * day->speed / 7200) * 7919 % (count - width);
    float hours = 0.6f + 0.4f * sinf((float)(day->second * day->speed) / DAY_S * 6.2832f);
    return hours * (number >= hot && number < hot + width ? 10 : 1);
}

static void load_of(
    const struct fleet *fleet, const struct fleet_tablet *tablet, struct tablet_report *out_report)
{
    const struct day *day = (const struct day *)fleet;
    struct dice dice = {tablet->number};
    float skew = sqrtf(1000.0f / (float)(1 + dice_below(&dice, 1000)));
    float factor = skew * factor_of(day, tablet->number);
    out_report->load[VIEW_REQUESTS] = 20 * factor;
    out_report->load[VIEW_BYTES] = 20e3f * factor;
    out_report->load[VIEW_CPU] = 0.0004f * factor;
    out_report->load[VIEW_MEMORY] = (float)dice_below(&dice, 4 << 20);
    out_report->size_bytes = dice_below(&dice, 1000) << 20;
}

static void report(struct day *day)
{
    struct fleet *fleet = &day->fleet;
    for (size_t i = 0; i < fleet->server_count && master_is_ready(fleet->master); i++) {
        bool is_full = (day->second + i) % REPORT_EACH_S == 0;
        if (!fleet->servers[i].is_up)
            continue;
        /* given up though it lives: it ends, as real ones do */
        if (fleet_report(fleet, &fleet->servers[i], is_full ? load_of : NULL) == STATUS_CLOSED)
            die(day, i, SESSION_S + 10);
    }
}

/* ---- The clock ---- */

/* True when one of `count` a day is due. */
static bool is_due(struct day *day, uint64_t count)
{
    return dice_below(&day->fleet.dice, DAY_S) < count * day->speed;
}

static void bring(struct day *day)
{
    struct fleet *fleet = &day->fleet;
    if (is_due(day, day->failures))
        die(day, any_server(day), any_absence(day));
    if (comes_round(day, RACK_EACH_S, RACK_EACH_S / 4)) {
        size_t first = any_server(day), size = fleet->server_count / 50;
        for (size_t i = 0; i < (size > 2 ? size : 2); i++)
            die(day, 1 + (first + i) % (fleet->server_count - 1), any_absence(day));
        day->racks++;
    }
    if (is_due(day, fleet->tablet_count / 100))
        split(day);
    if (is_due(day, fleet->tablet_count / 100))
        merge(day);
    change_master(day);
    drain(day);
}

static void tick(struct task *task)
{
    struct day *day = (struct day *)((char *)task - offsetof(struct day, tick));
    day->second++;
    pass_second(day);
    report(day);
    if (day->second <= day->last)
        bring(day);
    else if (day->lead_at || day->lead_began_ns)
        change_master(day);
    /* the balancer may be moving a few just now */
    size_t wrong, over_s = day->last + SETTLE_S;
    day->is_over = day->second >= over_s &&
                   (day->second >= over_s + MOVING_S || fleet_unserved(&day->fleet, &wrong) == 0);
    executor_submit_at(day->fleet.world, &day->tick, env_monotonic_ns(day->fleet.env) + SECOND_NS);
}

static bool is_over(const void *context)
{
    return ((const struct day *)context)->is_over;
}

static bool all_are_open(const void *context)
{
    const struct fleet *fleet = context;
    const struct assignment *assignment = &master_catalogue(fleet->master)->assignment;
    return atomic_load(&fleet->is_ready) &&
           assignment->state_counts[ASSIGNMENT_OPEN] == assignment->tablet_count;
}

/* ---- The figures ---- */

static void tell_gaps(const char *what, const struct fleet_gaps *gaps)
{
    printf("  %-44s %8" PRIu64 " times, mean %.3f s, longest %.3f s\n", what, gaps->count,
        gaps->count ? (double)gaps->sum_ns / (double)gaps->count / 1e9 : 0.0,
        (double)gaps->longest_ns / 1e9);
}

static double wall_s(void)
{
    return (double)env_monotonic_ns(env_real()) / 1e9;
}

static bool tell(struct day *day, size_t tablets, double first_s, double took_s)
{
    struct fleet *fleet = &day->fleet;
    size_t wrong, unserved = fleet_unserved(fleet, &wrong);
    double longest_s = (double)fleet->crash_gaps.longest_ns / 1e9;
    printf("%zu tablets on %zu servers, what %" PRIu64 " h bring in %" PRIu64 " s of virtual time\n"
           "  %" PRIu64 " servers died (%" PRIu64 " racks), %" PRIu64 " drained; %" PRIu64
           " masters died; %" PRIu64 " splits and %" PRIu64 " merges asked for, %" PRIu64
           " of all refused\n"
           "  %" PRIu64 " procedures; %" PRIu64 " opens, %" PRIu64 " closes; %" PRIu64
           " commands to the dead\n",
        tablets, fleet->server_count, day->last * day->speed / 3600, day->last, day->deaths,
        day->racks, day->drains, day->masters, day->splits, day->merges, day->refused,
        day->procedures, fleet->opens, fleet->closes, fleet->lost);
    tell_gaps("unserved after a death, session (6 s) included", &fleet->crash_gaps);
    tell_gaps("unserved between close and open", &fleet->close_gaps);
    printf("  a master's start: first %.2f s, later mean %.2f s, most %.2f s\n"
           "  wall time %.0f s; memory %.0f MB at most\n"
           "  at the end: %zu unserved, %zu wrong, %" PRIu64 " ever served by two\n",
        first_s, day->masters ? day->starts_sum_s / (double)day->masters : 0.0, day->starts_most_s,
        took_s, fleet_most_mb(), unserved, wrong, fleet->doubles);
    fflush(stdout);
    return unserved == 0 && wrong == 0 && fleet->doubles == 0 && day->deaths > 0 &&
           day->masters > 0 && fleet->crash_gaps.count > 0 &&
           longest_s < SESSIONS_MOST * SESSION_S + GAP_MOST_S &&
           day->starts_most_s < TAKE_OVER_MOST &&
           (day->memory_most_mb <= 0 || fleet_most_mb() < day->memory_most_mb);
}

static void usage(void)
{
    fprintf(stderr, "usage: bench_master_day [-t TABLETS] [-s SERVERS] [-H HOURS] [-x SPEED] "
                    "[-f FAILURES A DAY] [-r SEED] [-m MB] [-c US]\n");
    exit(2);
}

int main(int argc, char **argv)
{
    struct day day = {.failures = 300, .memory_most_mb = 500, .last = DAY_S, .speed = 24};
    size_t tablets = 100000, servers = 1000;
    uint64_t seed = 1, task_us = 0;
    for (int option; (option = getopt(argc, argv, "t:s:H:x:f:r:m:c:")) != -1;) {
        switch (option) {
        case 't':
            tablets = strtoul(optarg, NULL, 10);
            break;
        case 's':
            servers = strtoul(optarg, NULL, 10);
            break;
        case 'H':
            day.last = strtoul(optarg, NULL, 10) * 3600;
            break;
        case 'x':
            day.speed = strtoul(optarg, NULL, 10);
            break;
        case 'f':
            day.failures = (unsigned)strtoul(optarg, NULL, 10);
            break;
        case 'r':
            seed = strtoull(optarg, NULL, 10);
            break;
        case 'm':
            day.memory_most_mb = strtod(optarg, NULL);
            break;
        case 'c':
            task_us = strtoul(optarg, NULL, 10);
            break;
        default:
            usage();
        }
    }
    if (tablets < 100 || servers < 3 || day.speed == 0 || day.last < day.speed)
        usage();
    day.last /= day.speed;
    printf("bench_master_day, seed %" PRIu64 "\n", seed);
    log_set_level(LOG_ERROR);
    struct env *env = virtual_env_new(seed);
    virtual_env_set_task_time(env, task_us * 1000);
    double began_s = wall_s();
    fleet_make(&day.fleet, env, tablets, servers);
    fleet_use_time(&day.fleet, seed);
    day.hide_at = memory_allocate_zeroed(servers, sizeof *day.hide_at);
    day.back_at = memory_allocate_zeroed(servers, sizeof *day.back_at);
    uint64_t first_ns = env_monotonic_ns(env);
    lead(&day);
    if (!virtual_env_run(env, all_are_open, &day.fleet, 3600 * SECOND_NS))
        fleet_must(STATUS_TIMEOUT, &(struct error){.message = "not all tablets could be opened"});
    double first_s = (double)(env_monotonic_ns(env) - first_ns) / 1e9;
    day.lead_began_ns = 0;
    day.procedure_from = day.fleet.master->last_procedure_id;
    day.tick.run = tick;
    executor_submit(day.fleet.world, &day.tick);
    bool is_well = virtual_env_run(env, is_over, &day, UINT64_MAX / 2);
    count_procedures(&day);
    is_well = tell(&day, tablets, first_s, wall_s() - began_s) && is_well;
    fleet_remove(&day.fleet);
    fprintf(stderr, "%s", is_well ? "" : "bench_master_day: see above\n");
    _Exit(!is_well);
}
