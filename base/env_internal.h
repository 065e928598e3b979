/* What the implementations of env share; nobody else includes this. */
#ifndef STELE_BASE_ENV_INTERNAL_H
#define STELE_BASE_ENV_INTERNAL_H

#include <setjmp.h>

#include "base/dice.h"
#include "base/env.h"
#include "base/mutex.h"

/* Implementations embed this first in their handle, so that env_file_* can dispatch. */
struct env_file {
    struct env *env;
    char *path;        /* as given to open; the implementation's to free */
    size_t block_size; /* of file_write_start */
};

struct executor_table {
    void (*submit)(struct executor *executor, struct task *task);
    /* May be NULL: submit, then unlock. */
    void (*submit_unlock)(struct executor *executor, struct task *task, struct mutex *held);
    void (*poll)(struct executor *executor, uint64_t limit_ns); /* may be NULL: does nothing */
    void (*submit_at)(struct executor *executor, struct task *task, uint64_t due_ns);
    bool (*cancel)(struct executor *executor, struct task *task);
    size_t (*depth)(const struct executor *executor);
    bool (*is_current)(const struct executor *executor);
    void (*free)(struct executor *executor);
};

/* Implementations embed this first. */
struct executor {
    const struct executor_table *table;
    struct env *env;                            /* whose clock its timers follow */
    struct executor *next_of_env;               /* env_memory's list */
    void (*on_free)(struct executor *executor); /* env_memory takes it off the list; or NULL */
};

/* An executor of real threads. Its timers sleep by the system's clock for what env's clock says is
 * left; executor_threads_wake makes them look at env's clock again after it was moved by hand. */
enum status executor_threads_new(struct env *env, const char *name, unsigned threads,
    struct executor **out_executor, struct error *error);
void executor_threads_wake(struct executor *executor);

/* A host of the simulated world, as the scheduler sees it. */
struct seeded_host {
    unsigned stops;           /* above 0: it stands still, none of its tasks begins */
    uint64_t clock_offset_ns; /* its monotonic clock is ahead of the world's by so much */
};

/* A task that runs. Another host's may run on top of it, while an I/O call of this one is held up.
 */
struct seeded_frame {
    struct seeded_frame *up;
    const struct seeded_host *host;
    struct executor *current;  /* of the scheduler, before */
    struct mutexes_aside held; /* of the thread, before */
    jmp_buf here;
};

/* Executors that run in the thread that calls seeded_run, in an order drawn from the seed. */
struct seeded_scheduler {
    struct dice dice;
    uint64_t now_ns;            /* virtual time */
    struct executor *executors; /* linked by next_of_env, newest first */
    struct executor *dead;      /* of hosts that died, linked the same way */
    struct executor *current;   /* whose task runs */
    struct seeded_frame *frame; /* the task that runs; NULL: none */
};

struct executor *seeded_executor_new(struct env *env, struct seeded_scheduler *scheduler,
    const struct seeded_host *host, unsigned threads);
/* Takes a dead host's executors out, with what is queued in them; they are freed by
 * seeded_free_dead, for the dead program may still name them. */
void seeded_bury_host(struct seeded_scheduler *scheduler, const struct seeded_host *host);
void seeded_free_dead(struct seeded_scheduler *scheduler);
/* Ends the running task where it stands, and those of its host below it. Does not return. */
_Noreturn void seeded_abandon(struct seeded_scheduler *scheduler);
/* What there is to run: hosts that stand still count for nothing. */
struct seeded_choices {
    uint64_t count;       /* tasks that may run next */
    uint64_t next_due_ns; /* of the earliest timer that is not due; UINT64_MAX without one */
};

/* Makes the timers that are due ready, and looks. */
struct seeded_choices seeded_survey(struct seeded_scheduler *scheduler);
/* Runs one of the `count` tasks that a survey found just now. Moves virtual time on a little. */
void seeded_run(struct seeded_scheduler *scheduler, uint64_t count);
void seeded_drop_tasks(struct seeded_scheduler *scheduler);
/* One of its threads waits in a call while other tasks of its host run; NULL: none of an executor's does. */
void seeded_hold_thread(struct executor *executor);
void seeded_release_thread(struct executor *executor);

/* A queue of tasks, first in first out. */
struct task_queue {
    struct task *first;
    struct task *last;
    size_t count;
};

void task_queue_push(struct task_queue *queue, struct task *task);
/* Adds by due_ns, after those due at the same time. Linear from the front: timers are few. */
void task_queue_push_by_due(struct task_queue *queue, struct task *task);
/* Takes the task at `index`, or NULL when there are fewer. */
struct task *task_queue_take(struct task_queue *queue, size_t index);
bool task_queue_remove(struct task_queue *queue, struct task *task);

#endif
