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
#include "base/histogram.h"
#include "base/memory.h"
#include "bench/study/live_internal.h"

#define TABLETS_SEEN     1024
#define SLOTS            20000 /* requests in flight; past it they count as not served */
#define TRIES            5     /* of a request whose tablet is on its way */
#define PACE_US          1000
#define STOOD_STILL_MS   2000 /* between two looks at the clock: stopped, or a machine asleep */
#define ENDS_S           10
#define ALL_FAILED_S     10 /* seconds without one answer: the cluster is gone */
#define FAILURES_TOLD    5
#define ENCODED_SIZE     32
#define REPORTS_WAIT_MS  5000
#define REPORTS_PAUSE_MS 200
#define VALUE_SIZE       (STUDY_FIELDS * STUDY_FIELD_SIZE)

struct live_cell_run;

struct slot {
    struct live_cell_run *run;
    struct slot *next; /* free ones */
    uint64_t intended_ns;
    unsigned second;
    unsigned tries;
    bool is_write;
    struct study_row row;
    uint8_t value[VALUE_SIZE]; /* what is written, or expected */
    size_t value_size;
};

/* A tablet, as hbase:meta had it last. */
struct seen_tablet {
    struct study_row start;
    uint32_t server;
};

/* A tablet's counters as one server reported them last: while it moves, two servers' reports may have it. */
struct counted_tablet {
    char encoded[ENCODED_SIZE];
    size_t server;
    uint64_t requests;
    uint64_t grown; /* from the look before to the last */
    unsigned look;  /* the last that had it; of a tablet that is gone, forgotten */
};

struct live_cell_run {
    struct live *live;
    const struct row_set *set;
    struct study_run *run;
    struct stele_bytes name;
    struct stele_table *table;
    struct slot *slots, *idle;
    size_t busy;
    struct event *pace;
    struct dice dice;
    uint64_t started_ns;
    uint64_t begun; /* requests, served or not */
    unsigned second;
    struct seen_tablet *tablets, *seen; /* now, and being read */
    size_t tablet_count;
    struct counted_tablet counted[TABLETS_SEEN];
    size_t counted_count;
    bool has_counted; /* once: what was there before the run does not count */
    unsigned count_look;
    size_t reported;     /* tablets that the last look had */
    int64_t reported_ms; /* the oldest of the servers' reports, at the last look */
    bool is_listing, is_counting;
    double *answered;                             /* by second */
    struct histogram *first, *last, *before_last; /* of the first 10 s, and of the last 10 to 20 */
    uint64_t answered_ns;                         /* the last answer */
    uint64_t paced_ns;                            /* the last look at the clock */
    bool is_over;
    enum status status; /* why it ended early */
    struct error error;
    uint64_t wrong;
    char wrong_row[STUDY_TEXT_SIZE];
    char last_failure[STUDY_TEXT_SIZE];
};

static uint64_t now_ns(void)
{
    return env_monotonic_ns(env_real());
}

static void end(struct live_cell_run *run, enum status status)
{
    if (!run->is_over)
        run->status = status;
    run->is_over = true;
}

/* ---- Requests ---- */

static void send_again(struct slot *slot);

static void check_value(struct slot *slot, const struct stele_result *result)
{
    struct live_cell_run *run = slot->run;
    if (result && result->cell_count == 1 && result->cells[0].value.size == slot->value_size &&
        memcmp(result->cells[0].value.data, slot->value, slot->value_size) == 0)
        return;
    if (run->wrong++ == 0)
        snprintf(run->wrong_row, sizeof run->wrong_row, "%.*s", (int)slot->row.size,
            (const char *)slot->row.bytes);
}

static void on_answer(void *context, const struct stele_error *failure,
    const struct stele_result *result, bool is_processed)
{
    struct slot *slot = context;
    struct live_cell_run *run = slot->run;
    (void)is_processed;
    bool may_repeat = failure->status && failure->status != STELE_BUSY &&
                      failure->status != STELE_TIMEOUT && failure->status != STELE_CANCELLED;
    if (may_repeat && ++slot->tries < TRIES && !run->is_over) {
        send_again(slot);
        return;
    }
    if (failure->status) {
        snprintf(run->last_failure, sizeof run->last_failure, "%.250s", failure->message);
    } else {
        if (!slot->is_write)
            check_value(slot, result);
        uint64_t took_ns = now_ns() - slot->intended_ns;
        run->answered[slot->second]++;
        run->run->answers++;
        run->answered_ns = now_ns();
        if (slot->second < ENDS_S)
            histogram_record(run->first, took_ns, 1);
        histogram_record(run->last, took_ns, 1);
    }
    slot->next = run->idle;
    run->idle = slot;
    run->busy--;
}

static void send_again(struct slot *slot)
{
    struct live_cell_run *run = slot->run;
    struct stele_bytes row = stele_bytes(slot->row.bytes, slot->row.size);
    if (!slot->is_write) {
        struct stele_get get;
        stele_get_init(&get, row);
        stele_get_async(run->table, &get, on_answer, slot);
        return;
    }
    struct stele_mutation mutation;
    struct stele_cell cell = {.family = STELE_TEXT("f"),
        .qualifier = STELE_TEXT("k"),
        .value = stele_bytes(slot->value, slot->value_size),
        .timestamp = STELE_LATEST,
        .type = STELE_CELL_PUT};
    stele_mutation_init(&mutation, STELE_PUT, row);
    mutation.cells = &cell;
    mutation.cell_count = 1;
    stele_mutate_async(run->table, &mutation, on_answer, slot);
}

static uint32_t server_of(const struct live_cell_run *run, const struct study_row *row)
{
    size_t from = 0, to = run->tablet_count;
    while (to - from > 1) {
        size_t middle = from + (to - from) / 2;
        if (study_row_compare(&run->tablets[middle].start, row) <= 0)
            from = middle;
        else
            to = middle;
    }
    return run->tablets[from].server;
}

/* What a get is to find, or a put writes (of an append: a neighbour's; nobody reads it). */
static void set_value(struct slot *slot, size_t place)
{
    const struct live_cell_run *run = slot->run;
    const struct population *population = run->set->population;
    slot->is_write = population->scenario->access == ACCESS_APPEND ||
                     run->set->mapper->kind == MAPPER_RANDOM_SALT;
    size_t at = place < run->set->count ? place : run->set->count - 1;
    slot->value_size = live_put_value(
        population->scenario, &population->keys[run->set->sorted[at]], slot->value);
}

static void begin_request(struct live_cell_run *run)
{
    struct study_run *result = run->run;
    double now_s = (double)run->begun / run->live->study->settings.rate;
    unsigned second = (unsigned)now_s;
    struct study_row row;
    size_t place = row_set_draw(run->set, &run->dice, now_s, &row);
    uint32_t server = server_of(run, &row);
    run->begun++;
    result->requests++;
    result->asked[second * result->servers + server]++;
    result->heat[second * RUN_BUCKETS + row_set_bucket(run->set, place, RUN_BUCKETS)]++;
    struct slot *slot = run->idle;
    if (!slot)
        return;
    run->idle = slot->next;
    run->busy++;
    slot->intended_ns = run->started_ns + (uint64_t)(now_s * 1e9);
    slot->second = second;
    slot->tries = 0;
    slot->row = row;
    set_value(slot, place);
    send_again(slot);
}

/* ---- Looks ---- */

/* What has changed since the last look is what happened. */
static void note_changes(struct live_cell_run *run, size_t count)
{
    size_t old = 0;
    for (size_t i = 0; i < count; i++) {
        const struct seen_tablet *one = &run->seen[i];
        while (
            old < run->tablet_count && study_row_compare(&run->tablets[old].start, &one->start) < 0)
            old++;
        bool is_known = old < run->tablet_count &&
                        study_row_compare(&run->tablets[old].start, &one->start) == 0;
        struct run_event event = {.second = run->second,
            .tablet = (uint32_t)i,
            .from = one->server,
            .to = one->server,
            .at = (float)row_set_find(run->set, &one->start) / (float)run->set->count};
        if (!is_known) {
            event.is_split = true;
            study_run_note(run->run, &event);
        } else if (run->tablets[old].server != one->server) {
            event.from = run->tablets[old].server;
            study_run_note(run->run, &event);
        }
    }
}

static void on_regions(
    void *context, const struct stele_error *failure, const struct stele_region_list *list)
{
    struct live_cell_run *run = context;
    size_t count = 0;
    run->is_listing = false;
    if (failure->status)
        return; /* the next look tells */
    for (size_t i = 0; i < list->count && count < TABLETS_SEEN; i++) {
        const struct stele_region *region = &list->regions[i];
        if (region->is_split || region->is_offline || region->start_key.size > STUDY_KEY_SIZE)
            continue;
        size_t server = live_find_server(run->live, &region->server);
        if (server == SIZE_MAX) /* nowhere now: where it was */
            server = run->tablet_count ? run->tablets[0].server : 0;
        struct seen_tablet *one = &run->seen[count++];
        one->server = (uint32_t)server;
        study_row_set(&one->start, span_of(region->start_key));
    }
    if (count == 0)
        return;
    if (run->tablet_count)
        note_changes(run, count);
    struct seen_tablet *kept = run->tablets;
    run->tablets = run->seen;
    run->seen = kept;
    run->tablet_count = count;
}

/* Its counters are gone, or began anew: what it took from its last report to its end is in none. In the mean that is
 * half the time between two reports, and the time that closing takes: about what it took from look to look. */
static void note_lost(struct live_cell_run *run, struct counted_tablet *one)
{
    run->run->lost += one->grown;
    one->grown = 0;
}

/* What a tablet's counters rose by; a tablet that was opened anew began at 0. */
static uint64_t count_tablet(
    struct live_cell_run *run, struct stele_bytes name, size_t server, uint64_t requests)
{
    if (name.size < ENCODED_SIZE + 2)
        return 0;
    const uint8_t *encoded = name.data + name.size - ENCODED_SIZE - 1; /* "t,start,id.ENCODED." */
    for (size_t i = 0; i < run->counted_count; i++) {
        struct counted_tablet *one = &run->counted[i];
        if (one->server != server || memcmp(one->encoded, encoded, ENCODED_SIZE) != 0)
            continue;
        if (requests < one->requests) {
            note_lost(run, one);
            one->requests = 0;
        }
        one->grown = requests - one->requests;
        one->requests = requests;
        one->look = run->count_look;
        return one->grown;
    }
    if (run->counted_count == TABLETS_SEEN)
        return 0;
    struct counted_tablet *one = &run->counted[run->counted_count++];
    memcpy(one->encoded, encoded, ENCODED_SIZE);
    one->server = server;
    one->requests = requests;
    one->grown = run->has_counted ? requests : 0;
    one->look = run->count_look;
    return one->grown;
}

/* Those that the look did not have were split, or are on their way. */
static void note_gone(struct live_cell_run *run)
{
    for (size_t i = 0; i < run->counted_count; i++)
        if (run->counted[i].look != run->count_look)
            note_lost(run, &run->counted[i]);
}

static void on_cluster(
    void *context, const struct stele_error *failure, const struct stele_cluster *cluster)
{
    struct live_cell_run *run = context;
    size_t live_servers = 0;
    int64_t reported_ms = INT64_MAX;
    run->is_counting = false;
    if (failure->status)
        return;
    run->count_look++;
    run->reported = 0;
    for (size_t i = 0; i < cluster->server_count; i++) {
        const struct stele_server_load *server = &cluster->servers[i];
        size_t at = live_find_server(run->live, &server->server);
        if (at != SIZE_MAX) {
            live_servers++;
            if ((int64_t)server->report_end_ms < reported_ms)
                reported_ms = (int64_t)server->report_end_ms;
        }
        for (size_t j = 0; j < server->region_count; j++) {
            const struct stele_region_load *load = &server->regions[j];
            if (load->name.size <= run->name.size || load->name.data[run->name.size] != ',' ||
                memcmp(load->name.data, run->name.data, run->name.size) != 0)
                continue;
            run->reported++;
            run->run->counted += count_tablet(
                run, load->name, at, load->read_requests + load->write_requests);
        }
    }
    note_gone(run);
    run->reported_ms = reported_ms;
    if (live_servers < run->live->server_count && !run->is_over)
        end(run, error_set(&run->error, STATUS_REMOTE, "%zu of %zu tablet servers are gone",
                     run->live->server_count - live_servers, run->live->server_count));
}

static void look(struct live_cell_run *run)
{
    if (!run->is_listing) {
        run->is_listing = true;
        stele_list_regions_async(run->live->looks, run->name, on_regions, run);
    }
    if (!run->is_counting) {
        run->is_counting = true;
        stele_cluster_status_async(run->live->looks, on_cluster, run);
    }
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
        "%s: %u s, busiest server %.2f times the mean, %.0f %% served, %zu tablets",
        run->set->mapper->name, run->second + 1, result->max_mean[run->second],
        asked > 0 ? 100 * run->answered[before] / asked : 0, run->tablet_count);
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
    if (now_ns() - run->answered_ns > ALL_FAILED_S * 1000000000ull)
        end(run, error_set(&run->error, STATUS_REMOTE, "no answer for %d s: %s", ALL_FAILED_S,
                     run->last_failure));
    enum status status = live_check_stop(run->live, &error);
    if (status && !run->is_over) {
        run->error = error;
        end(run, status);
    }
    bool is_settled = is_steady && result->seconds >= 2 * ENDS_S &&
                      study_run_is_settled(result, run->second);
    run->second++;
    if (run->second % ENDS_S == 0)
        turn_histograms(run);
    if (is_settled || run->second == result->room)
        end(run, STATUS_OK);
    else
        look(run);
}

static bool has_ended(const struct live_cell_run *run)
{
    return run->is_over && run->busy == 0 && !run->is_listing && !run->is_counting;
}

static void on_pace(evutil_socket_t fd, short what, void *context)
{
    struct live_cell_run *run = context;
    double rate = run->live->study->settings.rate;
    uint64_t now = now_ns(), stood_ns = now - run->paced_ns;
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
            begin_request(run);
    }
    if (run->live->config.stop && *run->live->config.stop && !run->is_over)
        end(run, error_set(&run->error, STATUS_CANCELLED, "interrupted"));
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
    uint64_t until_ns = now_ns() + REPORTS_WAIT_MS * 1000000ull;
    for (;;) {
        look(run);
        finish_looks(run);
        if ((run->tablet_count && run->reported >= run->tablet_count) || run->status ||
            now_ns() >= until_ns)
            break;
        spin(run, REPORTS_PAUSE_MS);
    }
    run->run->counted = run->run->lost = 0;
    run->has_counted = true;
}

static enum status open_run(struct live_cell_run *run, struct error *error)
{
    unsigned seconds = run->run->room;
    run->table = stele_table_open(run->live->data, run->name);
    run->pace = evtimer_new(run->live->loop, on_pace, run);
    run->slots = memory_allocate_zeroed(SLOTS, sizeof *run->slots);
    run->tablets = memory_allocate_zeroed(TABLETS_SEEN, sizeof *run->tablets);
    run->seen = memory_allocate_zeroed(TABLETS_SEEN, sizeof *run->seen);
    run->answered = memory_allocate_zeroed(seconds, sizeof *run->answered);
    run->first = histogram_new();
    run->last = histogram_new();
    run->before_last = histogram_new();
    if (!run->table || !run->pace || !run->slots || !run->tablets || !run->seen || !run->answered ||
        !run->first || !run->last || !run->before_last)
        return error_set(error, STATUS_NO_MEMORY, "no memory for a run");
    for (size_t i = 0; i < SLOTS; i++) {
        run->slots[i].run = run;
        run->slots[i].next = run->idle;
        run->idle = &run->slots[i];
    }
    take_first_counters(run);
    return run->tablet_count
               ? STATUS_OK
               : error_set(error, STATUS_REMOTE, "the tablets of %.*s cannot be found",
                     (int)run->name.size, (const char *)run->name.data);
}

static void close_run(struct live_cell_run *run)
{
    if (run->pace)
        event_free(run->pace);
    stele_table_close(run->table);
    memory_free(run->slots);
    memory_free(run->tablets);
    memory_free(run->seen);
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
    result->tablets = run->tablet_count;
    histogram_merge(run->last, run->before_last);
    result->start_p99_ms = p99_ms(run->first);
    result->end_p99_ms = p99_ms(run->last);
    study_run_conclude(result);
}

/* Servers tell their counters each second (HBase's: each three): the last look is one at reports of after the end. */
static void take_last_counters(struct live_cell_run *run)
{
    int64_t end_ms = env_wall_ms(env_real());
    uint64_t until_ns = now_ns() + REPORTS_WAIT_MS * 1000000ull;
    do {
        look(run);
        finish_looks(run);
        if (run->reported_ms >= end_ms || run->status)
            return;
        spin(run, REPORTS_PAUSE_MS);
    } while (now_ns() < until_ns);
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
        run->started_ns = run->paced_ns = run->answered_ns = now_ns();
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
