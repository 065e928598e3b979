
#include "base/memory.h"
#include "bench/study/model_internal.h"

#define CANDIDATES         20
#define CANDIDATE_REQUESTS 100  /* drawn requests that one must have seen */
#define IMBALANCE_MOST     0.25 /* |left - right| / all */
#define MOVE_GAIN          0.05 /* of the mean: less is not worth a move */
#define MOVES_MOST         64   /* of one look of the balancer */
#define SMOOTHING          0.25 /* of the newest second */

struct candidate {
    struct study_row row;
    unsigned left, right;
};

/* ---- Splits ---- */

static void forget_candidates(struct experiment_tablet *known)
{
    known->hot_s = known->candidate_count = known->seen = 0;
}

/* Reservoir sampling; a candidate begins to count when it comes in. */
void experiment_take(struct model *model, struct model_tablet *tablet, const struct study_row *row)
{
    struct experiment_tablet *known = &tablet->experiment;
    if (!model->settings->has_split || known->hot_s == 0)
        return;
    for (unsigned i = 0; i < known->candidate_count; i++) {
        struct candidate *candidate = &known->candidates[i];
        if (study_row_compare(row, &candidate->row) < 0)
            candidate->left++;
        else
            candidate->right++;
    }
    known->seen++;
    unsigned slot = known->candidate_count;
    if (slot == CANDIDATES)
        slot = (unsigned)dice_below(&model->choice, known->seen);
    if (slot >= CANDIDATES)
        return;
    known->candidates[slot] = (struct candidate){.row = *row};
    if (slot == known->candidate_count)
        known->candidate_count++;
}

static const struct candidate *best_candidate(const struct model_tablet *tablet)
{
    const struct candidate *best = NULL;
    double best_imbalance = IMBALANCE_MOST;
    for (unsigned i = 0; i < tablet->experiment.candidate_count; i++) {
        const struct candidate *candidate = &tablet->experiment.candidates[i];
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

static bool split(struct model *model, size_t at, const struct candidate *where, unsigned second)
{
    struct study_row row = where->row;
    double left = where->left, right = where->right;
    if (!model_split(model, at, &row, second))
        return false;
    struct experiment_tablet *known = &model->tablets[at].experiment;
    model->tablets[at + 1].experiment.smooth = known->smooth * right / (left + right);
    known->smooth *= left / (left + right);
    forget_candidates(known);
    return true;
}

static enum status split_hot(struct model *model, unsigned second, struct error *error)
{
    double threshold = model->settings->split_qps / model->settings->weight;
    for (size_t i = 0; i < model->tablet_count; i++) {
        struct experiment_tablet *known = &model->tablets[i].experiment;
        if (model->tablets[i].load < threshold) {
            forget_candidates(known);
            continue;
        }
        if (!known->candidates) {
            known->candidates = memory_allocate_zeroed(CANDIDATES, sizeof *known->candidates);
            if (!known->candidates)
                return error_set(error, STATUS_NO_MEMORY, "no memory for sampled keys");
        }
        if (++known->hot_s < model->settings->split_after_s)
            continue;
        const struct candidate *best = best_candidate(&model->tablets[i]);
        if (best && split(model, i, best, second))
            i++;
    }
    return STATUS_OK;
}

/* ---- Moves ---- */

/* The one move that lowers the busiest server most; false: none is worth it. */
static bool move_one(struct model *model, unsigned second)
{
    double loads[MODEL_SERVERS_MOST] = {0}, mean = 0;
    size_t servers = model->settings->servers, busiest = 0, idlest = 0, best = SIZE_MAX;
    for (size_t i = 0; i < model->tablet_count; i++)
        loads[model->tablets[i].server] += model->tablets[i].experiment.smooth;
    for (size_t i = 0; i < servers; i++) {
        mean += loads[i] / (double)servers;
        busiest = loads[i] > loads[busiest] ? i : busiest;
        idlest = loads[i] < loads[idlest] ? i : idlest;
    }
    double least = loads[busiest] - MOVE_GAIN * mean;
    for (size_t i = 0; i < model->tablet_count; i++) {
        const struct model_tablet *tablet = &model->tablets[i];
        if (tablet->server != busiest)
            continue;
        double here = loads[busiest] - tablet->experiment.smooth;
        double there = loads[idlest] + tablet->experiment.smooth;
        double worst = here > there ? here : there;
        if (worst < least) {
            least = worst;
            best = i;
        }
    }
    if (best == SIZE_MAX)
        return false;
    model_move(model, best, (uint32_t)idlest, second);
    return true;
}

static void balance(struct model *model, unsigned second)
{
    for (unsigned i = 0; i < MOVES_MOST && move_one(model, second); i++)
        ;
}

enum status experiment_end_second(struct model *model, unsigned second, struct error *error)
{
    const struct model_settings *settings = model->settings;
    for (size_t i = 0; i < model->tablet_count; i++) {
        struct model_tablet *tablet = &model->tablets[i];
        double *smooth = &tablet->experiment.smooth;
        *smooth = second == 0 ? tablet->load : *smooth * (1 - SMOOTHING) + tablet->load * SMOOTHING;
    }
    if (settings->has_balancer && (second + 1) % settings->balance_s == 0)
        balance(model, second);
    return settings->has_split ? split_hot(model, second, error) : STATUS_OK;
}
