/* What the parts of the model share: its state (model.c), and the two sets of policies that may act on it. */
#ifndef STELE_BENCH_STUDY_MODEL_INTERNAL_H
#define STELE_BENCH_STUDY_MODEL_INTERNAL_H

#include "bench/study/model.h"

#define MODEL_TABLETS_MOST 1024
#define MODEL_SERVERS_MOST 256

/* What the experiment's policies know of a tablet. */
struct experiment_tablet {
    double smooth;                /* its load over some seconds */
    unsigned hot_s;               /* seconds above the threshold */
    struct candidate *candidates; /* heap, once it is hot */
    unsigned candidate_count, seen;
};

struct model_tablet {
    struct study_row start; /* inclusive; the first tablet's is empty */
    size_t start_place;
    uint32_t server;
    uint32_t told;   /* its number in the run's load */
    double load;     /* drawn requests of this second */
    double answered; /* ... of them those that were not refused */
    struct experiment_tablet experiment;
    struct stele_tablet *stele; /* what Stele's know of it; NULL without them */
};

struct model {
    const struct row_set *set;
    const struct model_settings *settings;
    struct model_tablet *tablets;
    size_t tablet_count;
    struct dice dice;   /* requests */
    struct dice choice; /* sampling: apart, so that settings do not change the requests */
    struct study_run *run;
    enum request_kind kind;            /* of all requests */
    struct stele_model *stele;         /* NULL: the experiment's policies act */
    double free_s[MODEL_SERVERS_MOST]; /* when a server will have served all that has come */
};

/* Cuts tablet `at` before `row`, at the end of `second`; what policies know of it stays with its first half. false: there
 * is no room for more. */
bool model_split(struct model *model, size_t at, const struct study_row *row, unsigned second);
/* Gives tablet `at` to another server at the end of `second`. */
void model_move(struct model *model, size_t at, uint32_t to, unsigned second);

/* ---- model_experiment.c: the policies of tables 2.2 and 2.3 ---- */

/* A request that arrived, answered or not. */
void experiment_take(struct model *model, struct model_tablet *tablet, const struct study_row *row);
/* Splits and moves of the end of `second`. */
enum status experiment_end_second(struct model *model, unsigned second, struct error *error);

/* ---- model_stele.c: Stele's ---- */

/* Once the tablets are cut. */
enum status stele_model_make(struct model *model, struct error *error);
void stele_model_free(struct model *model); /* not made is fine */
/* A request that was answered. */
void stele_model_take(
    struct model *model, struct model_tablet *tablet, const struct study_row *row, unsigned second);
enum status stele_model_end_second(struct model *model, unsigned second, struct error *error);

#endif
