/* What the implementations of env share; nobody else includes this. */
#ifndef STELE_BASE_ENV_INTERNAL_H
#define STELE_BASE_ENV_INTERNAL_H

#include "base/env.h"

/* Implementations embed this first in their handle, so that env_file_* can dispatch. */
struct env_file {
    struct env *env;
    char *path; /* as given to open; the implementation's to free */
};

struct executor_table {
    void (*submit)(struct executor *executor, struct task *task);
    void (*submit_at)(struct executor *executor, struct task *task, uint64_t due_ns);
    bool (*cancel)(struct executor *executor, struct task *task);
    size_t (*depth)(const struct executor *executor);
    bool (*is_current)(const struct executor *executor);
    void (*free)(struct executor *executor);
};

/* Implementations embed this first. */
struct executor {
    const struct executor_table *table;
    struct env *env; /* whose clock its timers follow */
};

/* An executor of real threads. Its timers sleep by the system's clock for what env's clock says is
 * left; executor_threads_wake makes them look at env's clock again after it was moved by hand. */
enum status executor_threads_new(struct env *env, const char *name, unsigned threads,
    struct executor **out_executor, struct error *error);
void executor_threads_wake(struct executor *executor);

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
