/* What the parts of the master share. All fields are the master executor's unless said otherwise. */
#ifndef STELE_SERVER_MASTER_MASTER_INTERNAL_H
#define STELE_SERVER_MASTER_MASTER_INTERNAL_H

#include <stdatomic.h>

#include "server/master/master.h"
#include "server/master/meta_batch.h"

#define RESULTS_KEPT       4096
#define RESULTS_KEPT_MS    (10 * 60 * 1000)
#define RETRY_DELAY_NS     1000000000ull
#define RETRY_DELAY_MAX_NS 30000000000ull

/* A procedure under way. */
struct running {
    struct running *next;
    struct master *master;
    struct procedure procedure;
    struct arena arena;         /* of the procedure */
    struct task task;           /* the next turn on the master's executor */
    struct task answer_task;    /* the timer that answers early */
    enum procedure_event event; /* what the next turn is told */
    struct error failure;       /* of the last action; of the first, for a create that is undone */
    bool has_failed;
    bool is_answer_due;
    bool is_state_due; /* the state in memory is not on disk yet: no action before it is */
    unsigned retries;
    struct master_request *request; /* to answer, or NULL */
    _Atomic size_t pending;         /* parts of an action handed out */
    struct mutex mutex;             /* guards part_status and part_error */
    enum status part_status;        /* the first failure of the parts */
    struct error part_error;
};

struct kept_result {
    uint64_t id;
    uint64_t nonce_group, nonce;
    struct procedure_result result;
};

struct master {
    struct env *env;
    struct store *store;
    struct tablet_service *tablets;
    struct server_name name;
    struct catalogue catalogue;
    struct executor *executor;
    struct running *procedures;     /* under way */
    struct master_request *waiting; /* their table has a procedure under way; oldest first */
    uint64_t last_procedure_id;
    struct mutex results_mutex;  /* LOCK_RANK_MASTER: guards the two below */
    struct kept_result *results; /* ring of RESULTS_KEPT */
    size_t result_count;         /* ever kept */
    _Atomic bool is_ready;
    _Atomic bool is_stopping;
    struct task start_task;
    void (*ready)(void *context, enum status status, const struct error *error);
    void *ready_context;
    struct served_tablet *meta; /* referenced from the start on */
};

/* master_load.c */
enum status master_load(struct master *master, struct error *error);
void master_run_start(struct task *task);

/* master_request.c: validates and begins; answers refusals itself. */
void master_begin(struct master *master, struct master_request *request);
/* Answers, once. */
void master_answer(struct master_request *request, uint64_t procedure_id);
void master_refuse(struct master_request *request, const char *exception_class, const char *format,
    ...) __attribute__((format(printf, 3, 4)));
/* True while a procedure of that table is under way. */
bool master_table_is_busy(const struct master *master, struct span table_name);
/* Begins the requests that waited for a table. */
void master_wake(struct master *master);

/* master_namespace.c */
void master_change_namespace(struct master *master, struct master_request *request);

/* master_results.c */
void master_keep_result(struct master *master, uint64_t id, const struct master_request *request,
    const struct procedure_result *result);
/* The procedure a repeated request made; 0 when there is none. */
uint64_t master_find_nonce(struct master *master, uint64_t nonce_group, uint64_t nonce);

/* procedure_runner.c */
/* Takes the procedure and its arena. NULL on no memory (the arena stays the caller's). */
struct running *procedure_run(struct master *master, const struct procedure *procedure,
    struct arena *arena, struct master_request *request);
void procedure_running_free(struct running *running);

/* procedure_action.c */
/* Does an action, at once or in parts; then procedure_part_done has been called once for each of running->pending. */
void procedure_do(struct running *running, enum procedure_action action);
/* Any thread. */
void procedure_part_done(struct running *running, enum status status, const struct error *error);

/* What a failure is to HBase's users. */
const char *master_exception_of(enum status status);

#endif
