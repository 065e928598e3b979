#include "bench/study/model.h"

#include <string.h>

#include "base/memory.h"
#include "bench/study/model_internal.h"

#define WAIT_MOST_S 1.0 /* for a server: what would wait longer is refused */

/* ---- A fixed cut ---- */

void model_static(const struct row_set *set, size_t tablets, size_t servers, size_t requests,
    uint64_t seed, struct static_result *out_result)
{
    struct static_result result = {.tablet_count = tablets};
    double contiguous[MODEL_SERVERS_MOST] = {0}, round_robin[MODEL_SERVERS_MOST] = {0};
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

const char *model_name(const struct model_settings *settings)
{
    return settings->is_stele ? "stele" : "experiment";
}

const char *model_text(const struct model_settings *settings)
{
    return settings->is_stele ? "when Stele's own policies would"
                              : "by the policies of an independent experiment (CockroachDB's "
                                "splits, a greedy balancer); --model=stele: by Stele's own";
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

bool model_split(struct model *model, size_t at, const struct study_row *row, unsigned second)
{
    if (model->tablet_count == MODEL_TABLETS_MOST)
        return false;
    memmove(&model->tablets[at + 2], &model->tablets[at + 1],
        (model->tablet_count - at - 1) * sizeof *model->tablets);
    model->tablet_count++;
    struct model_tablet *parent = &model->tablets[at], *daughter = &model->tablets[at + 1];
    *daughter = (struct model_tablet){
        .start = *row, .start_place = row_set_find(model->set, row), .server = parent->server};
    run_load_close_tablet(&model->run->load, parent->told, second + 1);
    tell_tablet(model, parent, second + 1);
    tell_tablet(model, daughter, second + 1);
    note_event(model, second, true, parent->server, parent->server, at + 1);
    return true;
}

void model_move(struct model *model, size_t at, uint32_t to, unsigned second)
{
    struct model_tablet *tablet = &model->tablets[at];
    uint32_t from = tablet->server;
    tablet->server = to;
    run_load_move_tablet(&model->run->load, tablet->told, to);
    note_event(model, second, false, from, to, at);
}

/* A request of `now_s` waits its turn at its tablet's server, or is refused: false. */
static bool serve(struct model *model, struct model_tablet *tablet, unsigned second, double now_s)
{
    const struct model_settings *settings = model->settings;
    double *free_s = &model->free_s[tablet->server];
    double wait_s = *free_s > now_s ? *free_s - now_s : 0;
    run_load_ask(
        &model->run->load, second, tablet->server, tablet->told, model->kind, settings->weight);
    if (wait_s > WAIT_MOST_S)
        return false;
    tablet->answered++;
    *free_s = now_s + wait_s + settings->weight / settings->capacity;
    uint64_t took_us = (uint64_t)((wait_s + 1 / settings->capacity) * 1e6);
    run_load_answer(&model->run->load, second, tablet->server, tablet->told, took_us, AS_INTENDED,
        settings->weight);
    return true;
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
        struct model_tablet *tablet = &model->tablets[study_row_last(
            model->tablets, sizeof *model->tablets, model->tablet_count, &row)];
        tablet->load++;
        bool is_answered = serve(model, tablet, second, now_s);
        if (!settings->is_stele)
            experiment_take(model, tablet, &row);
        else if (is_answered)
            stele_model_take(model, tablet, &row, second);
        run->heat[second * RUN_BUCKETS + bucket] += settings->weight;
    }
    for (size_t i = 0; i < model->tablet_count; i++)
        asked[model->tablets[i].server] += model->tablets[i].load * settings->weight;
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
        .run = &run,
        .kind = requests_are_writes(set->population->scenario, set->mapper) ? REQUEST_WRITE
                                                                            : REQUEST_READ};
    enum status status = study_run_init(&run, settings->seconds, settings->servers, error);
    if (status)
        return status;
    model.tablets = memory_allocate_zeroed(MODEL_TABLETS_MOST + 1, sizeof *model.tablets);
    if (!model.tablets) {
        status = error_set(error, STATUS_NO_MEMORY, "no memory for a model");
        goto done;
    }
    cut(&model);
    status = settings->is_stele ? stele_model_make(&model, error) : STATUS_OK;
    for (unsigned second = 0; second < settings->seconds && !status; second++) {
        if (settings->stop && *settings->stop) {
            status = error_set(error, STATUS_CANCELLED, "interrupted");
            break;
        }
        serve_second(&model, second);
        status = settings->is_stele ? stele_model_end_second(&model, second, error)
                                    : experiment_end_second(&model, second, error);
    }
    run.seconds = settings->seconds;
    run.tablets = model.tablet_count;
    study_run_conclude(&run);
done:
    for (size_t i = 0; i < model.tablet_count; i++)
        memory_free(model.tablets[i].experiment.candidates);
    stele_model_free(&model);
    memory_free(model.tablets);
    if (status)
        study_run_deinit(&run);
    else
        *out_run = run;
    return status;
}
