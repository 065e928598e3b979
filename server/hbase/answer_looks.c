#include "server/hbase/answer_looks.h"

#include <stdatomic.h>

#include "base/memory.h"
#include "base/mutex.h"
#include "base/pause.h"
#include "server/hbase/call.h"
#include "server/net/loop.h"

struct answer_looks {
    struct store *store;
    bool is_local;             /* loops look themselves: the executor is not needed */
    struct executor *executor; /* one thread */
    struct task task;
    struct mutex mutex;
    struct loop_looks *waiting; /* guarded by mutex, as is_queued */
    bool is_queued;             /* the task above is out */
    bool is_stopped;
    _Atomic uint64_t look_count, answer_count;
};

static struct loop_looks *loop_of_task(struct task *task)
{
    return (struct loop_looks *)((char *)task - offsetof(struct loop_looks, task));
}

static void begin(struct task *task);

/* The answers that waited leave, or are dropped. */
static void emit(struct loop_looks *self)
{
    struct call *call = self->looked, *next;
    self->looked = NULL;
    for (; call; call = next) {
        next = call->next;
        if (self->status)
            connection_close(call->connection); /* nothing it says counts any more */
        call_emit(call);
    }
}

static enum status make_look(struct answer_looks *looks)
{
    atomic_fetch_add_explicit(&looks->look_count, 1, memory_order_relaxed);
    pause_point("answer.look.before");
    return store_look(looks->store, NULL);
}

/* Loop thread: the look has ended. */
static void looked(struct task *task)
{
    struct loop_looks *self = loop_of_task(task);
    emit(self);
    self->is_begun = false;
    if (self->ready)
        begin(task);
}

/* The executor: one look for all loops that wait. */
static void look(struct task *task)
{
    struct answer_looks *looks = (struct answer_looks *)((char *)task -
                                                         offsetof(struct answer_looks, task));
    mutex_lock(&looks->mutex);
    struct loop_looks *self = looks->waiting, *next;
    looks->waiting = NULL;
    looks->is_queued = false;
    mutex_unlock(&looks->mutex);
    enum status status = make_look(looks);
    for (; self; self = next) {
        next = self->next;
        self->status = status;
        self->task.run = looked;
        loop_post(self->loop, &self->task);
    }
}

/* Loop thread: what is ready now waits for the next look. */
static void begin(struct task *task)
{
    struct loop_looks *self = loop_of_task(task);
    struct answer_looks *looks = self->looks;
    self->is_begun = true;
    self->looked = self->ready;
    self->ready = self->ready_last = NULL;
    if (looks->is_local) {
        self->status = make_look(looks);
        self->is_begun = false; /* what is ready from here on begins anew */
        emit(self);
        return;
    }
    mutex_lock(&looks->mutex);
    bool is_stopped = looks->is_stopped;
    if (!is_stopped) {
        self->next = looks->waiting;
        looks->waiting = self;
        if (!looks->is_queued)
            executor_submit(looks->executor, &looks->task);
        looks->is_queued = true;
    }
    mutex_unlock(&looks->mutex);
    if (!is_stopped)
        return;
    self->status = STATUS_CLOSED;
    emit(self);
    self->is_begun = false;
}

void answer_looks_add(struct answer_looks *looks, struct call *call)
{
    struct call_pool *pool = call->loop->service;
    struct loop_looks *self = &pool->looks;
    atomic_fetch_add_explicit(&looks->answer_count, 1, memory_order_relaxed);
    call->next = NULL;
    if (self->ready_last)
        self->ready_last->next = call;
    else
        self->ready = call;
    self->ready_last = call;
    if (self->is_begun)
        return;
    /* It begins with the loop's next posted tasks, so that one turn's answers go together. */
    self->is_begun = true;
    self->loop = call->loop;
    self->looks = looks;
    self->task.run = begin;
    loop_post(call->loop, &self->task);
}

void answer_looks_count(
    const struct answer_looks *looks, uint64_t *out_looks, uint64_t *out_answers)
{
    *out_looks = atomic_load_explicit(&looks->look_count, memory_order_relaxed);
    *out_answers = atomic_load_explicit(&looks->answer_count, memory_order_relaxed);
}

enum status answer_looks_new(struct env *env, const char *root, struct store *store,
    struct answer_looks **out_looks, struct error *error)
{
    struct answer_looks *looks = memory_allocate_zeroed(1, sizeof *looks);
    if (!looks)
        return error_set(error, STATUS_NO_MEMORY, "no memory for looks");
    looks->store = store;
    looks->is_local = env_path_is_local(env, root);
    looks->task.run = look;
    enum status status = env_executor_new(env, "look", 1, &looks->executor, error);
    if (status) {
        memory_free(looks);
        return status;
    }
    mutex_init(&looks->mutex, LOCK_RANK_SERVICE);
    *out_looks = looks;
    return STATUS_OK;
}

void answer_looks_stop(struct answer_looks *looks)
{
    if (!looks || !looks->executor)
        return;
    mutex_lock(&looks->mutex);
    looks->is_stopped = true;
    mutex_unlock(&looks->mutex);
    executor_free(looks->executor);
    looks->executor = NULL;
}

void answer_looks_free(struct answer_looks *looks)
{
    if (!looks)
        return;
    answer_looks_stop(looks);
    mutex_deinit(&looks->mutex);
    memory_free(looks);
}
