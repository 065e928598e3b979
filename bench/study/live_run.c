/* One cell's trace against its table, in open loop: request n begins at n / rate seconds, whatever the servers do.
 *
 *   pace   every millisecond: begins what is due; the place of each (tablet, server) is noted as it begins, by what
 *          hbase:meta said last: what a server is asked, served or not
 *   look   each second: hbase:meta again (splits and moves are what has changed), and the tablets' own counters
 *
 * A request that a server refuses (its call queue is full) or that takes over 4 s is not served; one whose tablet was
 * just moved is begun again, a few times. It ends after `seconds`, or once servers have been balanced for 15 s, for
 * that is more of the same; not where the load moves on. When this process stood still for a while (stopped, or the
 * machine was asleep), the schedule is moved on by as much. */
#include <event2/event.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/env.h"
#include "base/memory.h"
#include "bench/study/live_run_internal.h"

#define PACE_US          1000
#define STOOD_STILL_MS   2000 /* between two looks at the clock: stopped, or a machine asleep */
#define ALL_FAILED_S     10   /* seconds without one answer: the cluster is gone */
#define REPORTS_WAIT_MS  5000
#define REPORTS_PAUSE_MS 200

uint64_t live_now_ns(void)
{
    return env_monotonic_ns(env_real());
}

void live_run_end(struct live_cell_run *run, enum status status)
{
    if (!run->is_over)
        run->status = status;
    run->is_over = true;
}

/* ---- Time ---- */

static void tell(const struct live_cell_run *run)
{
    const struct study_run *result = run->run;
    unsigned before = run->second > 1 ? run->second - 2 : 0; /* its answers are in */
    double asked = 0;
    for (size_t i = 0; i < result->servers; i++)
        asked += result->asked[before * result->servers + i];
    live_tell(run->live,
        "%.24s: %u s, busiest %.2f x mean, %.0f %% served, %zu tablets, %zu/%zu splits/moves",
        run->set->mapper->name, run->second + 1, result->max_mean[run->second],
        asked > 0 ? 100 * run->answered[before] / asked : 0, run->tablets.count, result->splits,
        result->moves);
}

static void turn_histograms(struct live_cell_run *run)
{
    struct histogram *kept = run->before_last;
    run->before_last = run->last;
    run->last = kept;
    histogram_reset(run->last);
}

/* A second's requests have all begun. */
static void end_second(struct live_cell_run *run)
{
    struct study_run *result = run->run;
    bool is_steady = run->set->population->scenario->access != ACCESS_MOVING;
    struct error error = {0};
    study_run_end_second(result, run->second);
    tell(run);
    result->seconds = run->second + 1;
    if (live_now_ns() - run->answered_ns > ALL_FAILED_S * 1000000000ull)
        live_run_end(run, error_set(&run->error, STATUS_REMOTE, "no answer for %d s: %s",
                              ALL_FAILED_S, run->last_failure));
    enum status status = live_check_stop(run->live, &error);
    if (status && !run->is_over) {
        run->error = error;
        live_run_end(run, status);
    }
    bool is_settled = is_steady && result->seconds >= 2 * LIVE_ENDS_S &&
                      study_run_is_settled(result, run->second);
    run->second++;
    if (run->second % LIVE_ENDS_S == 0)
        turn_histograms(run);
    if (is_settled || run->second == result->room)
        live_run_end(run, STATUS_OK);
    else
        live_looks_begin(run);
}

static bool has_ended(const struct live_cell_run *run)
{
    return run->is_over && run->busy == 0 && !run->is_listing && !run->is_counting;
}

static void on_pace(evutil_socket_t fd, short what, void *context)
{
    struct live_cell_run *run = context;
    double rate = run->live->study->settings.rate;
    uint64_t now = live_now_ns(), stood_ns = now - run->paced_ns;
    (void)fd;
    (void)what;
    if (stood_ns >
        STOOD_STILL_MS * 1000000ull) { /* this process, not the servers: not their fault */
        run->started_ns += stood_ns;
        run->answered_ns += stood_ns;
    }
    run->paced_ns = now;
    double due = (double)(now - run->started_ns) / 1e9 * rate;
    while (!run->is_over && (double)run->begun <= due) {
        if ((double)run->begun >= (run->second + 1) * rate)
            end_second(run);
        else
            live_requests_begin(run);
    }
    if (run->live->config.stop && *run->live->config.stop && !run->is_over)
        live_run_end(run, error_set(&run->error, STATUS_CANCELLED, "interrupted"));
    if (has_ended(run)) {
        event_base_loopbreak(run->live->loop);
        return;
    }
    struct timeval delay = {0, PACE_US};
    event_add(run->pace, &delay);
}

static void on_spun(evutil_socket_t fd, short what, void *context)
{
    (void)fd;
    (void)what;
    *(bool *)context = true;
}

/* Runs the loop for a while, without pacing. No loopexit: one that is left over would end the next run's loop. */
static void spin(struct live_cell_run *run, uint32_t ms)
{
    bool is_spun = false;
    struct timeval delay = {ms / 1000, (suseconds_t)(ms % 1000) * 1000};
    struct event *timer = evtimer_new(run->live->loop, on_spun, &is_spun);
    if (timer)
        event_add(timer, &delay);
    while (timer && !is_spun)
        event_base_loop(run->live->loop, EVLOOP_ONCE);
    if (timer)
        event_free(timer);
    else
        poll(NULL, 0, (int)ms);
}

/* Their answers come to this run: it must not go before. Their client's time-out bounds it. */
static void finish_looks(struct live_cell_run *run)
{
    while (run->is_listing || run->is_counting)
        spin(run, 50);
}

/* Looks until every tablet is in a report: one that were to come later would count from its beginning. */
static void take_first_counters(struct live_cell_run *run)
{
    uint64_t until_ns = live_now_ns() + REPORTS_WAIT_MS * 1000000ull;
    for (;;) {
        live_looks_begin(run);
        finish_looks(run);
        if ((run->tablets.count && run->counters.reported >= run->tablets.count) || run->status ||
            live_now_ns() >= until_ns)
            break;
        spin(run, REPORTS_PAUSE_MS);
    }
    live_counters_begin(&run->counters);
}

static enum status open_run(struct live_cell_run *run, struct error *error)
{
    unsigned seconds = run->run->room;
    run->table = stele_table_open(run->live->data, run->name);
    run->pace = evtimer_new(run->live->loop, on_pace, run);
    bool has_slots = live_requests_init(run);
    bool has_tablets = live_tablets_init(&run->tablets);
    run->answered = memory_allocate_zeroed(seconds, sizeof *run->answered);
    run->first = histogram_new();
    run->last = histogram_new();
    run->before_last = histogram_new();
    if (!run->table || !run->pace || !has_slots || !has_tablets || !run->answered || !run->first ||
        !run->last || !run->before_last)
        return error_set(error, STATUS_NO_MEMORY, "no memory for a run");
    take_first_counters(run);
    return run->tablets.count
               ? STATUS_OK
               : error_set(error, STATUS_REMOTE, "the tablets of %.*s cannot be found",
                     (int)run->name.size, (const char *)run->name.data);
}

static void close_run(struct live_cell_run *run)
{
    if (run->pace)
        event_free(run->pace);
    stele_table_close(run->table);
    live_requests_deinit(run);
    live_tablets_deinit(&run->tablets);
    memory_free(run->answered);
    histogram_free(run->first);
    histogram_free(run->last);
    histogram_free(run->before_last);
}

/* A percentile of few says nothing. */
static double p99_ms(const struct histogram *histogram)
{
    return histogram_count(histogram) < 1000 ? 0
                                             : (double)histogram_quantile(histogram, 0.99) / 1e6;
}

static void conclude(struct live_cell_run *run)
{
    struct study_run *result = run->run;
    for (unsigned second = 0; second < result->seconds; second++) {
        double asked = 0;
        for (size_t i = 0; i < result->servers; i++)
            asked += result->asked[second * result->servers + i];
        result->served[second] = asked > 0 ? run->answered[second] / asked : 0;
    }
    result->tablets = run->tablets.count;
    histogram_merge(run->last, run->before_last);
    result->start_p99_ms = p99_ms(run->first);
    result->end_p99_ms = p99_ms(run->last);
    study_run_conclude(result);
}

/* Servers tell their counters each second (HBase's: each three): the last look is one at reports of after the end. */
static void take_last_counters(struct live_cell_run *run)
{
    int64_t end_ms = env_wall_ms(env_real());
    uint64_t until_ns = live_now_ns() + REPORTS_WAIT_MS * 1000000ull;
    do {
        live_looks_begin(run);
        finish_looks(run);
        if (run->reported_ms >= end_ms || run->status)
            return;
        spin(run, REPORTS_PAUSE_MS);
    } while (live_now_ns() < until_ns);
}

enum status live_run(
    struct live *live, size_t index, struct study_run *out_run, struct error *error)
{
    const struct study *study = live->study;
    struct live_cell_run *run = memory_allocate_zeroed(1, sizeof *run);
    if (!run)
        return error_set(error, STATUS_NO_MEMORY, "no memory for a run");
    run->live = live;
    run->set = &study->cells[index].design->set;
    run->kind = requests_are_writes(&study->scenario, run->set->mapper) ? REQUEST_WRITE
                                                                        : REQUEST_READ;
    run->run = out_run;
    run->name = stele_text(live->made[index]);
    run->dice.state = study->settings.seed;
    enum status status = study_run_init(
        out_run, study->settings.seconds, live->server_count, error);
    if (!status)
        status = open_run(run, error);
    if (!status) /* not before: a tablet that is on its way at the first look would count from its beginning */
        status = live_set_switches(
            live, study->cells[index].has_split, study->cells[index].has_balancer, error);
    if (!status) {
        run->started_ns = run->paced_ns = run->answered_ns = live_now_ns();
        on_pace(-1, 0, run);
        while (!has_ended(run)) /* its requests and looks end here: they must not outlive it */
            event_base_loop(live->loop, EVLOOP_NO_EXIT_ON_EMPTY);
        event_del(run->pace);
        take_last_counters(run);
        conclude(run);
        status = run->status;
        if (status)
            *error = run->error;
        if (!status && run->wrong)
            status = error_set(error, STATUS_CORRUPT,
                "%llu gets of '%s' found something else than was written, row %s first",
                (unsigned long long)run->wrong, run->set->mapper->name, run->wrong_row);
    }
    close_run(run);
    memory_free(run);
    return status;
}
