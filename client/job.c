#include "client/job.h"

#include "base/memory.h"
#include "client/admin_text.h"

void job_init(struct job *job, struct stele_client *client, void (*begin)(struct job *job),
    void (*release)(struct job *job))
{
    job->client = client;
    job->begin = begin;
    job->release = release;
}

static void job_free(struct job *job)
{
    admin_memory_free(job->memory);
    if (job->release)
        job->release(job);
    memory_free(job);
}

struct arena *job_memory(struct job *job)
{
    if (!job->memory)
        job->memory = admin_memory_new();
    return job->memory;
}

/* ---- starting ---- */

static void begin(struct loop_task *task)
{
    struct job *job = (struct job *)task;
    if (job->error.status)
        job_finish(job);
    else
        job->begin(job);
}

/* The completion must not run inside the call, which may be what posted this. */
static void defer_begin(struct loop_task *task)
{
    struct job *job = (struct job *)task;
    task->run = begin;
    loop_defer(&job->client->loop, task);
}

static void start(struct job *job)
{
    job->task.run = defer_begin;
    atomic_fetch_add(&job->client->in_flight, 1);
    client_loop_post(&job->client->loop, &job->task);
}

static enum stele_status run(
    struct job *job, union job_result *out_result, bool takes_memory, struct stele_error *error)
{
    struct loop_wait *wait = job ? loop_wait_new() : NULL;
    if (!wait) {
        if (job)
            job_free(job);
        return failure_set(error, STELE_NO_MEMORY, "no memory for a call");
    }
    struct stele_client *client = job->client;
    job->wait = wait;
    start(job);
    if (!loop_wait_until(&client->loop, wait, 0))
        return failure_set(error, STELE_CANCELLED, "interrupted; what was asked for may go on");
    enum stele_status status = job->error.status;
    if (error)
        *error = job->error;
    if (status == STELE_OK && out_result)
        *out_result = job->result;
    if (status == STELE_OK && takes_memory)
        job->memory = NULL;
    job_free(job);
    memory_free(wait);
    return status;
}

enum stele_status job_run(struct job *job, union job_result *out_result, struct stele_error *error)
{
    return run(job, out_result, out_result != NULL, error);
}

enum stele_status job_run_number(struct job *job, int64_t *out_number, struct stele_error *error)
{
    union job_result result;
    enum stele_status status = run(job, &result, false, error);
    if (!status && out_number)
        *out_number = result.number;
    return status;
}

enum stele_status job_run_bool(struct job *job, bool *out_is_so, struct stele_error *error)
{
    int64_t number;
    enum stele_status status = job_run_number(job, &number, error);
    if (!status && out_is_so)
        *out_is_so = number != 0;
    return status;
}

void job_start(struct job *job, void (*deliver)(struct job *job), void (*done)(void), void *context)
{
    CHECK(job);
    job->deliver = deliver;
    job->done = done;
    job->context = context;
    start(job);
}

static void deliver_done(struct job *job)
{
    ((stele_done_function *)job->done)(job->context, &job->error);
}

static void deliver_number(struct job *job)
{
    ((stele_number_function *)job->done)(
        job->context, &job->error, job->error.status ? 0 : job->result.number);
}

void job_start_done(struct job *job, stele_done_function *done, void *context)
{
    job_start(job, deliver_done, (void (*)(void))done, context);
}

void job_start_number(struct job *job, stele_number_function *done, void *context)
{
    job_start(job, deliver_number, (void (*)(void))done, context);
}

/* ---- ending ---- */

void job_finish(struct job *job)
{
    struct stele_client *client = job->client;
    if (job->wait) {
        atomic_fetch_sub(&client->in_flight, 1);
        if (!loop_wait_finish(&client->loop, job->wait))
            job_free(job);
        return;
    }
    job->deliver(job);
    atomic_fetch_sub(&client->in_flight, 1);
    job_free(job);
}

void job_fail(struct job *job, const struct stele_error *error)
{
    job->error = *error;
    job_finish(job);
}

void job_fail_no_memory(struct job *job)
{
    failure_set(&job->error, STELE_NO_MEMORY, "no memory for a call");
    job_finish(job);
}

void job_on_done(void *context, const struct stele_error *error)
{
    job_fail(context, error);
}
