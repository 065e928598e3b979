/* Stele's own policies, on the model's tablets: the functions that decide on a cluster decide here (model/split_policy.h,
 * model/balance.h); what they are given is what servers would measure and tell.
 *
 *   each second, as a server does      load of the last 10 s, samples, stretches -> split_policy_decide -> a wish
 *   each second, as the master does    load as told, or carried while a tablet is new; a wish is a split soon after
 *   every balance_s, as the master     balance_plan_make over these tablets, those of other tables, and hbase:meta
 *
 * Requests are the only resource: what bytes, CPU and memtables add in a study stays far below their floors
 * (cluster_weights.c). */
#include <limits.h>

#include "base/memory.h"
#include "bench/study/model_internal.h"
#include "model/balance.h"
#include "model/load_window.h"
#include "model/split_policy.h"

#define SPLIT_TAKES_S 2 /* a report to the master, the split itself, and meta to say so */
#define LONG_AGO      INT_MIN
#define NO_SECOND     UINT_MAX
#define STUDY_TABLE   0
#define META_TABLE    1
#define OTHER_TABLES  2

struct kept_sample {
    struct study_row row;
    unsigned second;
};

struct stretch {
    struct study_row start;
    double window[LOAD_WINDOW_S]; /* answered, by second % LOAD_WINDOW_S */
};

/* When a tablet was opened where it is, and when it was moved for balance: seconds, or LONG_AGO. */
struct past {
    int opened_s, moved_s;
};

/* A tablet, as its server and the master know it; anew wherever it is opened. */
struct stele_tablet {
    struct past past;
    double window[LOAD_WINDOW_S]; /* answered, by second % LOAD_WINDOW_S */
    float load;                   /* requests a second that the master reckons with */
    unsigned split_at; /* the second at whose end it is split before `split_row`; NO_SECOND */
    struct study_row split_row;
    float split_left; /* part of the load before it */
    uint64_t step;
    double credit;
    unsigned sampled; /* in this second */
    struct kept_sample samples[LOAD_SAMPLES];
    size_t sample_count; /* ever taken */
    struct stretch stretches[LOAD_STRETCHES];
    size_t stretch_count;
};

/* One of another table: nobody asks it anything. */
struct idle_tablet {
    uint32_t server;
    struct past past;
};

struct stele_model {
    struct arena arena; /* of a second's decisions */
    struct split_settings split;
    struct balance_settings balance;
    uint64_t plans;
    struct idle_tablet *idle;
};

/* ---- Tablets ---- */

static size_t end_place(const struct model *model, size_t at)
{
    return at + 1 < model->tablet_count ? model->tablets[at + 1].start_place : model->set->count;
}

/* Parts of equal rows. */
static void lay_stretches(const struct model *model, size_t at)
{
    struct model_tablet *tablet = &model->tablets[at];
    const struct row_set *set = model->set;
    size_t from = tablet->start_place, rows = end_place(model, at) - from;
    size_t count = rows < LOAD_STRETCHES ? rows : LOAD_STRETCHES;
    for (size_t i = 0; i < count; i++)
        tablet->stele->stretches[i] = (struct stretch){
            .start = i == 0 ? tablet->start : set->rows[set->sorted[from + i * rows / count]]};
    tablet->stele->stretch_count = count;
}

/* It is opened where it is: of what it is asked only what it carried before is known. */
static void open_anew(struct model *model, size_t at, float carried, struct past past)
{
    *model->tablets[at].stele = (struct stele_tablet){.past = past,
        .load = carried,
        .split_at = NO_SECOND,
        .step = LOAD_FIRST_STEP,
        .credit = LOAD_FIRST_STEP};
    lay_stretches(model, at);
}

static enum status know_tablet(struct model_tablet *tablet, struct error *error)
{
    tablet->stele = memory_allocate_zeroed(1, sizeof *tablet->stele);
    return tablet->stele ? STATUS_OK
                         : error_set(error, STATUS_NO_MEMORY, "no memory for a modelled tablet");
}

enum status stele_model_make(struct model *model, struct error *error)
{
    const struct model_settings *settings = model->settings;
    enum status status = STATUS_OK;
    model->stele = memory_allocate_zeroed(1, sizeof *model->stele);
    if (!model->stele)
        return error_set(error, STATUS_NO_MEMORY, "no memory for a model");
    model->stele->split = split_settings_default();
    model->stele->split.requests_per_s = settings->split_qps;
    model->stele->balance = balance_settings_default();
    model->stele->idle = memory_allocate_zeroed(
        settings->idle_tablets + 1, sizeof *model->stele->idle);
    if (!model->stele->idle)
        return error_set(error, STATUS_NO_MEMORY, "no memory for a model");
    for (size_t i = 0; i < settings->idle_tablets; i++)
        model->stele->idle[i] = (struct idle_tablet){
            (uint32_t)(i % settings->servers), {LONG_AGO, LONG_AGO}};
    for (size_t i = 0; i < model->tablet_count && !status; i++) {
        status = know_tablet(&model->tablets[i], error);
        if (!status)
            open_anew(model, i, 0, (struct past){LONG_AGO, LONG_AGO});
    }
    return status;
}

void stele_model_free(struct model *model)
{
    for (size_t i = 0; i < model->tablet_count; i++)
        memory_free(model->tablets[i].stele);
    if (!model->stele)
        return;
    arena_deinit(&model->stele->arena);
    memory_free(model->stele->idle);
    memory_free(model->stele);
}

/* ---- What a server measures ---- */

void stele_model_take(
    struct model *model, struct model_tablet *tablet, const struct study_row *row, unsigned second)
{
    struct stele_tablet *known = tablet->stele;
    double weight = model->settings->weight;
    known->window[second % LOAD_WINDOW_S] += weight;
    if (known->stretch_count > 0)
        known
            ->stretches[study_row_last(
                known->stretches, sizeof *known->stretches, known->stretch_count, row)]
            .window[second % LOAD_WINDOW_S] += weight;
    known->credit -= weight;
    if (known->credit > 0)
        return;
    known->credit = (double)load_next_sample(known->step, &model->choice);
    known->samples[known->sample_count++ % LOAD_SAMPLES] = (struct kept_sample){*row, second};
    if (++known->sampled % LOAD_SAMPLES_PER_SECOND == 0)
        known->step *= 2;
}

static double window_sum(const double window[LOAD_WINDOW_S])
{
    double sum = 0;
    for (unsigned i = 0; i < LOAD_WINDOW_S; i++)
        sum += window[i];
    return sum;
}

static bool is_new(const struct past *past, unsigned second)
{
    return past->opened_s != LONG_AGO && (int)second - past->opened_s < LOAD_KNOWN_AFTER_S;
}

/* A server's report of a second, as the master takes it: requests a second. */
static float report(struct stele_tablet *known, unsigned second)
{
    float load = (float)(window_sum(known->window) / LOAD_WINDOW_S);
    known->load = load_known(known->load, load, is_new(&known->past, second));
    return load;
}

static void begin_second(struct stele_tablet *known, unsigned second)
{
    known->step = load_step((uint64_t)window_sum(known->window));
    known->sampled = 0;
    known->window[second % LOAD_WINDOW_S] = 0;
    for (size_t i = 0; i < known->stretch_count; i++)
        known->stretches[i].window[second % LOAD_WINDOW_S] = 0;
}

/* ---- Splits ---- */

/* The row that most samples are of, and its part of them: servers count it apart. */
static void find_hot_row(struct split_candidate *candidate)
{
    size_t most = 0;
    for (size_t i = 0; i < candidate->sample_count; i++) {
        size_t same = 0;
        for (size_t k = 0; k < candidate->sample_count; k++)
            same += span_equal(candidate->samples[k].first_row, candidate->samples[i].first_row);
        if (same <= most)
            continue;
        most = same;
        candidate->hot_row = candidate->samples[i].first_row;
    }
    if (most > 1) /* once is chance */
        candidate->hot_share = (double)(most - 1) / (double)candidate->sample_count;
}

static struct span row_span(const struct study_row *row)
{
    return span_make(row->bytes, row->size);
}

/* What the server's reporter makes of it (server/peer/reporter.c). */
static bool fill_candidate(struct model *model, size_t at, unsigned second, float load,
    struct split_candidate *out_candidate)
{
    const struct stele_tablet *known = model->tablets[at].stele;
    struct arena *arena = &model->stele->arena;
    struct split_sample *samples = arena_allocate_zeroed(arena, LOAD_SAMPLES, sizeof *samples);
    struct split_stretch *stretches = arena_allocate_zeroed(
        arena, LOAD_STRETCHES, sizeof *stretches);
    if (!samples || !stretches)
        return false;
    *out_candidate = (struct split_candidate){.start_row = row_span(&model->tablets[at].start),
        .end_row = at + 1 < model->tablet_count ? row_span(&model->tablets[at + 1].start)
                                                : SPAN_EMPTY,
        .load = {[VIEW_REQUESTS] = load},
        .samples = samples,
        .stretches = stretches,
        .stretch_count = known->stretch_count};
    size_t taken = known->sample_count;
    for (size_t i = taken > LOAD_SAMPLES ? taken - LOAD_SAMPLES : 0; i < taken; i++) {
        const struct kept_sample *sample = &known->samples[i % LOAD_SAMPLES];
        struct span row = row_span(&sample->row);
        if (sample->second + LOAD_SAMPLE_AGE_S >= second)
            samples[out_candidate->sample_count++] = (struct split_sample){
                row, row, sample->second};
    }
    for (size_t i = 0; i < known->stretch_count; i++)
        stretches[i] = (struct split_stretch){
            row_span(&known->stretches[i].start), window_sum(known->stretches[i].window)};
    find_hot_row(out_candidate);
    return true;
}

/* Whether its server asks for a split, and the master grants it. */
static enum status wish_split(struct model *model, size_t at, unsigned second, float load,
    const double total[VIEW_RESOURCES], struct error *error)
{
    struct stele_tablet *known = model->tablets[at].stele;
    const struct split_settings *settings = &model->stele->split;
    const float loads[VIEW_RESOURCES] = {[VIEW_REQUESTS] = load};
    struct split_candidate candidate;
    enum view_resource resource;
    if (known->split_at != NO_SECOND || !split_policy_is_loaded(loads, NULL, settings, &resource))
        return STATUS_OK;
    if (!fill_candidate(model, at, second, load, &candidate))
        return error_set(error, STATUS_NO_MEMORY, "no memory for sampled keys");
    struct split_decision decision = split_policy_decide(&candidate, NULL, settings);
    if (decision.reason != SPLIT_BY_LOAD ||
        !split_policy_pays(loads, total, model->settings->servers))
        return STATUS_OK;
    study_row_set(&known->split_row, decision.row);
    known->split_left = decision.left;
    known->split_at = second + SPLIT_TAKES_S;
    return STATUS_OK;
}

/* Both halves begin with what they carried as parts of the parent. */
static enum status split(struct model *model, size_t at, unsigned second, struct error *error)
{
    struct stele_tablet *parent = model->tablets[at].stele;
    struct study_row row = parent->split_row;
    float left = parent->load * parent->split_left, right = parent->load - left;
    struct past past = {(int)second, LONG_AGO};
    parent->split_at = NO_SECOND;
    if (!model_split(model, at, &row, second))
        return STATUS_OK;
    enum status status = know_tablet(&model->tablets[at + 1], error);
    if (status)
        return status;
    open_anew(model, at, left, past);
    open_anew(model, at + 1, right, past);
    return STATUS_OK;
}

/* ---- Moves ---- */

static struct view_tablet view_of(
    uint32_t table, uint32_t server, const struct past *past, unsigned second)
{
    return (struct view_tablet){.table = table,
        .server = server,
        .settled_s = past->moved_s == LONG_AGO ? UINT32_MAX : second - (unsigned)past->moved_s,
        .is_new = is_new(past, second)};
}

/* The table's tablets, then hbase:meta, then those of other tables: each as large as this one was at first. */
static bool make_view(
    const struct model *model, unsigned second, struct arena *arena, struct cluster_view *out_view)
{
    const struct model_settings *settings = model->settings;
    size_t count = model->tablet_count, each = settings->tablets ? settings->tablets : 1;
    struct view_server *servers = arena_allocate_zeroed(arena, settings->servers, sizeof *servers);
    struct view_tablet *tablets = arena_allocate_zeroed(
        arena, count + 1 + settings->idle_tablets, sizeof *tablets);
    if (!servers || !tablets)
        return false;
    for (size_t i = 0; i < count; i++) {
        const struct stele_tablet *known = model->tablets[i].stele;
        tablets[i] = view_of(STUDY_TABLE, model->tablets[i].server, &known->past, second);
        tablets[i].load[VIEW_REQUESTS] = known->load;
        tablets[i].is_moving = known->split_at != NO_SECOND;
    }
    tablets[count++] = (struct view_tablet){
        .table = META_TABLE, .settled_s = UINT32_MAX, .is_pinned = true};
    for (size_t i = 0; i < settings->idle_tablets; i++) {
        const struct idle_tablet *idle = &model->stele->idle[i];
        tablets[count++] = view_of(
            (uint32_t)(OTHER_TABLES + i / each), idle->server, &idle->past, second);
    }
    *out_view = (struct cluster_view){.servers = servers, /* all alive: 0 */
        .server_count = settings->servers,
        .tablets = tablets,
        .tablet_count = count,
        .table_count = OTHER_TABLES + settings->idle_tablets / each + 1};
    return true;
}

static void move(struct model *model, const struct balance_move *chosen, unsigned second)
{
    size_t tablets = model->tablet_count;
    struct past past = {(int)second, (int)second};
    if (chosen->tablet < tablets) {
        model_move(model, chosen->tablet, chosen->to, second);
        open_anew(model, chosen->tablet, model->tablets[chosen->tablet].stele->load, past);
    } else {
        model->stele->idle[chosen->tablet - tablets - 1] = (struct idle_tablet){chosen->to, past};
    }
}

static enum status balance(struct model *model, unsigned second, struct error *error)
{
    struct stele_model *stele = model->stele;
    struct cluster_view view;
    struct balance_plan plan;
    stele->balance.seed = ++stele->plans;
    if (!make_view(model, second, &stele->arena, &view) ||
        balance_plan_make(&view, &stele->balance, &stele->arena, &plan))
        return error_set(error, STATUS_NO_MEMORY, "no memory for a plan");
    for (size_t i = 0; i < plan.move_count; i++)
        move(model, &plan.moves[i], second);
    return STATUS_OK;
}

/* The master's rounds know nothing of when a study begins: halfway between two is the mean. */
static bool is_balanced_after(const struct model_settings *settings, unsigned second)
{
    return settings->has_balancer &&
           (second + 1 + settings->balance_s / 2) % settings->balance_s == 0;
}

/* ---- A second ---- */

static enum status report_all(struct model *model, unsigned second, struct error *error)
{
    double total[VIEW_RESOURCES] = {0};
    float loads[MODEL_TABLETS_MOST];
    enum status status = STATUS_OK;
    for (size_t i = 0; i < model->tablet_count; i++) {
        loads[i] = report(model->tablets[i].stele, second);
        total[VIEW_REQUESTS] += (double)loads[i];
    }
    for (size_t i = 0; i < model->tablet_count && model->settings->has_split && !status; i++)
        status = wish_split(model, i, second, loads[i], total, error);
    return status;
}

enum status stele_model_end_second(struct model *model, unsigned second, struct error *error)
{
    struct stele_model *stele = model->stele;
    enum status status = report_all(model, second, error);
    for (size_t i = 0; i < model->tablet_count && !status; i++)
        if (model->tablets[i].stele->split_at == second) {
            status = split(model, i, second, error);
            i++;
        }
    if (!status && is_balanced_after(model->settings, second))
        status = balance(model, second, error);
    arena_reset(&stele->arena);
    for (size_t i = 0; i < model->tablet_count && !status; i++)
        begin_second(model->tablets[i].stele, second + 1);
    return status;
}
