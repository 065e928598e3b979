/* A job: one call of the administration, from the caller's thread to the loop and back.
 *
 * A call makes the struct of its job (struct job comes first in it), which is then started in one of
 * two ways: job_run waits on the caller's thread and takes the result; job_start ends with the
 * caller's completion. On the loop, `begin` makes the first RPC; what it sets going ends with
 * job_finish, once. A job whose error is set before it starts (a bad argument, no memory) ends with
 * that and begins nothing.
 *
 * What a job gives out lives in one arena, job->memory: the `memory` of the public lists. */
#ifndef STELE_CLIENT_JOB_H
#define STELE_CLIENT_JOB_H

#include "base/arena.h"
#include "client/client.h"
#include "client/failure.h"

/* What a job ends with; `memory` of the lists is the job's until job_run gives it away. */
union job_result {
    int64_t number;
    struct {
        uint32_t left, total;
    } alter;
    struct stele_balance balance;
    struct stele_schema_list schemas;
    struct stele_name_list names;
    struct stele_namespace_list namespaces;
    struct stele_region_list regions;
    struct stele_server_list servers;
    struct stele_snapshot_list snapshots;
    struct stele_procedure_list procedures;
    struct stele_lock_list locks;
    struct stele_cluster cluster;
    struct stele_hot_tablet_list hot_tablets;
    struct stele_hot_row_list hot_rows;
    struct stele_heat_map heat_map;
    struct stele_tablet_event_list events;
};

struct job {
    struct loop_task task;
    struct stele_client *client;
    void (*begin)(struct job *job);
    void (*release)(struct job *job); /* frees the rest of the struct's contents; NULL: nothing */
    struct stele_error error;
    union job_result result;
    struct arena *memory; /* NULL: nothing needs it */

    struct loop_wait *wait;           /* synchronous */
    void (*deliver)(struct job *job); /* asynchronous: calls `done` as what it is */
    void (*done)(void);
    void *context;
};

/* Fills in a job whose memory is zeroed. */
void job_init(struct job *job, struct stele_client *client, void (*begin)(struct job *job),
    void (*release)(struct job *job));

/* Waits for the job and frees it. *out_result (NULL: none) is set on success only. job NULL: there
 * was no memory for it. */
enum stele_status job_run(struct job *job, union job_result *out_result, struct stele_error *error);
/* The same for a number, or a truth; out_... may be NULL. */
enum stele_status job_run_number(struct job *job, int64_t *out_number, struct stele_error *error);
enum stele_status job_run_bool(struct job *job, bool *out_is_so, struct stele_error *error);

/* Starts the job, which ends with done(context, &error, ...): the forms of public completions. job
 * must not be NULL: a call that must tell its completion of no memory has nobody to tell it. */
void job_start_done(struct job *job, stele_done_function *done, void *context);
void job_start_number(struct job *job, stele_number_function *done, void *context);
/* Any other: deliver knows the type that `done` was cast from. */
void job_start(
    struct job *job, void (*deliver)(struct job *job), void (*done)(void), void *context);

/* Loop: ends the job with job->error and job->result. */
void job_finish(struct job *job);
/* With this failure. */
void job_fail(struct job *job, const struct stele_error *error);
void job_fail_no_memory(struct job *job);
/* job->memory, made at the first call; NULL on no memory. */
struct arena *job_memory(struct job *job);

/* A completion (stele_done_function) for what a job starts on the loop: it ends the job. */
void job_on_done(void *context, const struct stele_error *error);

#endif
