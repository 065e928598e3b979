#include "bench/study/model.h"

#include <string.h>

#include "base/memory.h"

#define CANDIDATES         20
#define CANDIDATE_REQUESTS 100  /* drawn requests that one must have seen */
#define IMBALANCE_MOST     0.25 /* |left - right| / all */
#define TABLETS_MOST       1024
#define SERVERS_MOST       256
#define MOVE_GAIN          0.05 /* of the mean: less is not worth a move */
#define MOVES_MOST         64   /* of one look of the balancer */
#define LOAD_WINDOW_S      10   /* Stele's: of the load that splits are judged by */
#define KNOWN_AFTER_S      12   /* Stele's: a tablet is not moved before its load is known */
#define SPLIT_TAKES_S      2    /* Stele's: a report to the master, and the split itself */
#define SETTLE_S           60   /* Stele's: nor so soon after it was moved */
#define WAIT_MOST_S        1.0  /* for a server: what would wait longer is refused */

/* ---- A fixed cut ---- */

void model_static(const struct row_set *set, size_t tablets, size_t servers, size_t requests,
    uint64_t seed, struct static_result *out_result)
{
    struct static_result result = {.tablet_count = tablets};
    double contiguous[SERVERS_MOST] = {0}, round_robin[SERVERS_MOST] = {0};
    struct dice dice = {seed};
    struct study_row row;
    for (size_t i = 0; i < requests; i++)
        result.tablet_loads[row_set_draw(
            set, &dice, (double)i * 60 / (double)requests, tablets, &row)]++;
    for (size_t i = 0; i < tablets; i++) {
        contiguous[i * servers / tablets] += result.tablet_loads[i];
        round_robin[i % servers] += result.tablet_loads[i];
    }
    result.tablets = skew_of(result.tablet_loads, tablets);
    result.contiguous = skew_of(contiguous, servers);
    result.round_robin = skew_of(round_robin, servers);
    *out_result = result;
}

/* ---- Second by second ---- */

struct candidate {
    struct study_row row;
    unsigned left, right;
};

struct model_tablet {
    struct study_row start; /* inclusive; the first tablet's is empty */
    size_t start_place;
    uint32_t server;
    uint32_t told;                /* its number in the run's load */
    double load;                  /* drawn requests of this second */
    double answered;              /* ... of them those that were not refused */
    double smooth;                /* over some seconds, for the balancer and the split */
    unsigned hot_s;               /* seconds above the threshold */
    double window[LOAD_WINDOW_S]; /* loads of its last seconds, by second % LOAD_WINDOW_S */
    unsigned age_s;               /* since it was opened where it is */
    unsigned due_s;               /* seconds since it was to be split */
    bool is_moved;                /* ... by a move */
    struct candidate *candidates; /* CANDIDATES, once it is hot */
    unsigned candidate_count, seen;
};

struct model {
    const struct row_set *set;
    const struct model_settings *settings;
    struct model_tablet *tablets;
    size_t tablet_count;
    struct dice dice;   /* requests */
    struct dice choice; /* sampling: apart, so that settings do not change the requests */
    struct study_run *run;
    double free_s[SERVERS_MOST]; /* when a server will have served all that has come */
};

struct model_settings model_settings_default(void)
{
    return (struct model_settings){.servers = 4,
        .tablets = 4,
        .presplit = PRESPLIT_ROWS,
        .capacity = 8000,
        .rate = 20000,
        .seconds = 180,
        .weight = 10,
        .has_split = true,
        .has_balancer = true,
        .split_qps = 2500,
        .split_after_s = 10,
        .balance_s = 10,
        .seed = 1};
}

static size_t find_tablet(const struct model *model, const struct study_row *row)
{
    size_t from = 0, to = model->tablet_count;
    while (to - from > 1) {
        size_t middle = from + (to - from) / 2;
        if (study_row_compare(&model->tablets[middle].start, row) <= 0)
            from = middle;
        else
            to = middle;
    }
    return from;
}

static void forget_candidates(struct model_tablet *tablet)
{
    tablet->hot_s = tablet->candidate_count = tablet->seen = 0;
}

static void open_anew(struct model_tablet *tablet, bool is_moved)
{
    forget_candidates(tablet);
    memset(tablet->window, 0, sizeof tablet->window);
    tablet->age_s = tablet->due_s = 0;
    tablet->is_moved = is_moved;
}

/* Reservoir sampling; a candidate begins to count when it comes in. */
static void sample(struct model *model, struct model_tablet *tablet, const struct study_row *row)
{
    for (unsigned i = 0; i < tablet->candidate_count; i++) {
        struct candidate *candidate = &tablet->candidates[i];
        if (study_row_compare(row, &candidate->row) < 0)
            candidate->left++;
        else
            candidate->right++;
    }
    tablet->seen++;
    unsigned slot = tablet->candidate_count;
    if (slot == CANDIDATES)
        slot = (unsigned)dice_below(&model->choice, tablet->seen);
    if (slot >= CANDIDATES)
        return;
    tablet->candidates[slot] = (struct candidate){.row = *row};
    if (slot == tablet->candidate_count)
        tablet->candidate_count++;
}

static const struct candidate *best_candidate(const struct model_tablet *tablet)
{
    const struct candidate *best = NULL;
    double best_imbalance = IMBALANCE_MOST;
    for (unsigned i = 0; i < tablet->candidate_count; i++) {
        const struct candidate *candidate = &tablet->candidates[i];
        double all = candidate->left + candidate->right;
        double difference = candidate->left > candidate->right ? candidate->left - candidate->right
                                                               : candidate->right - candidate->left;
        if (all < CANDIDATE_REQUESTS || difference / all >= best_imbalance)
            continue;
        if (study_row_compare(&candidate->row, &tablet->start) <= 0)
            continue;
        best = candidate;
        best_imbalance = difference / all;
    }
    return best;
}

static void note_event(
    struct model *model, unsigned second, bool is_split, uint32_t from, uint32_t to, size_t tablet)
{
    struct run_event event = {.second = second,
        .is_split = is_split,
        .tablet = (uint32_t)tablet,
        .from = from,
        .to = to,
        .at = (float)model->tablets[tablet].start_place / (float)model->set->count};
    study_run_note(model->run, &event);
}

static void tell_tablet(struct model *model, struct model_tablet *tablet, unsigned second)
{
    tablet->told = run_load_open_tablet(&model->run->load, &tablet->start,
        (float)tablet->start_place / (float)model->set->count, tablet->server, second);
}

static bool split(struct model *model, size_t at, const struct candidate *where, unsigned second)
{
    if (model->tablet_count == TABLETS_MOST)
        return false;
    struct study_row row = where->row;
    double left = where->left, right = where->right;
    memmove(&model->tablets[at + 2], &model->tablets[at + 1],
        (model->tablet_count - at - 1) * sizeof *model->tablets);
    model->tablet_count++;
    struct model_tablet *parent = &model->tablets[at], *daughter = &model->tablets[at + 1];
    *daughter = (struct model_tablet){.start = row,
        .start_place = row_set_find(model->set, &row),
        .server = parent->server,
        .smooth = parent->smooth * right / (left + right)};
    parent->smooth *= left / (left + right);
    open_anew(parent, false);
    run_load_close_tablet(&model->run->load, parent->told, second + 1);
    tell_tablet(model, parent, second + 1);
    tell_tablet(model, daughter, second + 1);
    note_event(model, second, true, parent->server, parent->server, at + 1);
    return true;
}

/* Whether it has been above the threshold for long enough. */
static bool is_due_for_split(
    const struct model *model, struct model_tablet *tablet, double threshold)
{
    double sum = 0;
    if (!model->settings->is_stele)
        return tablet->hot_s >= model->settings->split_after_s;
    for (unsigned i = 0; i < LOAD_WINDOW_S; i++)
        sum += tablet->window[i];
    tablet->due_s = sum / LOAD_WINDOW_S >= threshold ? tablet->due_s + 1 : 0;
    return tablet->due_s > SPLIT_TAKES_S;
}

static enum status split_hot(struct model *model, unsigned second, struct error *error)
{
    double threshold = model->settings->split_qps / model->settings->weight;
    for (size_t i = 0; i < model->tablet_count; i++) {
        struct model_tablet *tablet = &model->tablets[i];
        if (!model->settings->is_stele && tablet->load < threshold) {
            forget_candidates(tablet);
            continue;
        }
        if (!tablet->candidates) {
            tablet->candidates = memory_allocate_zeroed(CANDIDATES, sizeof *tablet->candidates);
            if (!tablet->candidates)
                return error_set(error, STATUS_NO_MEMORY, "no memory for sampled keys");
        }
        tablet->hot_s++;
        if (!is_due_for_split(model, tablet, threshold))
            continue;
        const struct candidate *best = best_candidate(tablet);
        if (best && split(model, i, best, second))
            i++;
    }
    return STATUS_OK;
}

static bool may_move(const struct model *model, const struct model_tablet *tablet)
{
    return !model->settings->is_stele ||
           tablet->age_s >= (tablet->is_moved ? SETTLE_S : KNOWN_AFTER_S);
}

/* The one move that lowers the busiest server most; false: none is worth it. */
static bool move_one(struct model *model, unsigned second)
{
    double loads[SERVERS_MOST] = {0}, mean = 0;
    size_t servers = model->settings->servers, busiest = 0, idlest = 0, best = SIZE_MAX;
    for (size_t i = 0; i < model->tablet_count; i++)
        loads[model->tablets[i].server] += model->tablets[i].smooth;
    for (size_t i = 0; i < servers; i++) {
        mean += loads[i] / (double)servers;
        busiest = loads[i] > loads[busiest] ? i : busiest;
        idlest = loads[i] < loads[idlest] ? i : idlest;
    }
    double least = loads[busiest] - MOVE_GAIN * mean;
    for (size_t i = 0; i < model->tablet_count; i++) {
        const struct model_tablet *tablet = &model->tablets[i];
        if (tablet->server != busiest || !may_move(model, tablet))
            continue;
        double here = loads[busiest] - tablet->smooth, there = loads[idlest] + tablet->smooth;
        double worst = here > there ? here : there;
        if (worst < least) {
            least = worst;
            best = i;
        }
    }
    if (best == SIZE_MAX)
        return false;
    model->tablets[best].server = (uint32_t)idlest;
    if (model->settings->is_stele)
        open_anew(&model->tablets[best], true);
    run_load_move_tablet(&model->run->load, model->tablets[best].told, (uint32_t)idlest);
    note_event(model, second, false, (uint32_t)busiest, (uint32_t)idlest, best);
    return true;
}

static void balance(struct model *model, unsigned second)
{
    for (unsigned i = 0; i < MOVES_MOST && move_one(model, second); i++)
        ;
}

#define SMOOTHING 0.25 /* of the newest second */

/* A request of `now_s` waits its turn at its tablet's server, or is refused. */
static void serve(struct model *model, struct model_tablet *tablet, unsigned second, double now_s)
{
    const struct model_settings *settings = model->settings;
    double *free_s = &model->free_s[tablet->server];
    double wait_s = *free_s > now_s ? *free_s - now_s : 0;
    run_load_ask(&model->run->load, second, tablet->server, tablet->told,
        row_set_is_written(model->set) ? REQUEST_WRITE : REQUEST_READ, settings->weight);
    if (wait_s > WAIT_MOST_S)
        return;
    tablet->answered++;
    *free_s = now_s + wait_s + settings->weight / settings->capacity;
    uint64_t took_us = (uint64_t)((wait_s + 1 / settings->capacity) * 1e6);
    run_load_answer(&model->run->load, second, tablet->server, tablet->told, took_us, AS_INTENDED,
        settings->weight);
}

static void serve_second(struct model *model, unsigned second)
{
    const struct model_settings *settings = model->settings;
    struct study_run *run = model->run;
    double *asked = &run->asked[second * settings->servers], served = 0;
    size_t requests = (size_t)(settings->rate / settings->weight);
    for (size_t i = 0; i < model->tablet_count; i++)
        model->tablets[i].load = model->tablets[i].answered = 0;
    for (size_t i = 0; i < requests; i++) {
        struct study_row row;
        double now_s = second + (double)i / (double)requests;
        size_t bucket = row_set_draw(model->set, &model->dice, now_s, RUN_BUCKETS, &row);
        struct model_tablet *tablet = &model->tablets[find_tablet(model, &row)];
        tablet->load++;
        serve(model, tablet, second, now_s);
        if (settings->has_split && tablet->hot_s > 0)
            sample(model, tablet, &row);
        run->heat[second * RUN_BUCKETS + bucket] += settings->weight;
    }
    for (size_t i = 0; i < model->tablet_count; i++) {
        struct model_tablet *tablet = &model->tablets[i];
        double seen = settings->is_stele ? tablet->answered : tablet->load;
        tablet->smooth = second == 0 ? seen : tablet->smooth * (1 - SMOOTHING) + seen * SMOOTHING;
        tablet->window[second % LOAD_WINDOW_S] = tablet->answered;
        tablet->age_s++;
        asked[tablet->server] += tablet->load * settings->weight;
    }
    for (size_t i = 0; i < settings->servers; i++)
        served += asked[i] < settings->capacity ? asked[i] : settings->capacity;
    study_run_end_second(run, second);
    run->served[second] = served / ((double)requests * settings->weight);
}

/* The tablets at the start, dealt in turn. */
static void cut(struct model *model)
{
    const struct model_settings *settings = model->settings;
    model->tablet_count = settings->presplit == PRESPLIT_NONE ? 1 : settings->tablets;
    for (size_t i = 0; i < model->tablet_count; i++) {
        struct model_tablet *tablet = &model->tablets[i];
        tablet->server = (uint32_t)(i % settings->servers);
        if (i > 0)
            row_set_cut(model->set, settings->presplit, i, model->tablet_count, &tablet->start);
        tablet->start_place = row_set_find(model->set, &tablet->start);
        tablet->age_s = KNOWN_AFTER_S; /* it was there before */
        tell_tablet(model, tablet, 0);
    }
}

enum status model_run(const struct row_set *set, const struct model_settings *settings,
    struct study_run *out_run, struct error *error)
{
    struct study_run run;
    struct model model = {.set = set,
        .settings = settings,
        .dice = {settings->seed},
        .choice = {settings->seed + 1},
        .run = &run};
    enum status status = study_run_init(&run, settings->seconds, settings->servers, error);
    if (status)
        return status;
    model.tablets = memory_allocate_zeroed(TABLETS_MOST + 1, sizeof *model.tablets);
    if (!model.tablets) {
        status = error_set(error, STATUS_NO_MEMORY, "no memory for a model");
        goto done;
    }
    cut(&model);
    for (unsigned second = 0; second < settings->seconds && !status; second++) {
        if (settings->stop && *settings->stop) {
            status = error_set(error, STATUS_CANCELLED, "interrupted");
            break;
        }
        serve_second(&model, second);
        if (settings->has_balancer && (second + 1) % settings->balance_s == 0)
            balance(&model, second);
        if (settings->has_split)
            status = split_hot(&model, second, error);
    }
    run.seconds = settings->seconds;
    run.tablets = model.tablet_count;
    study_run_conclude(&run);
done:
    for (size_t i = 0; i < model.tablet_count; i++)
        memory_free(model.tablets[i].candidates);
    memory_free(model.tablets);
    if (status)
        study_run_deinit(&run);
    else
        *out_run = run;
    return status;
}
