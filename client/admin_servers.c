/* Servers: which get regions, and what one server is asked by itself. */
#include "client/admin_text.h"
#include "client/convert.h"
#include "client/question.h"
#include "proto/procedure.pb-c.h"
#include "proto/region.h"
#include "proto/unpack.h"
#include "proto/wire.h"

void stele_server_list_free(struct stele_server_list *list)
{
    if (!list)
        return;
    admin_memory_free(list->memory);
    *list = (struct stele_server_list){0};
}

/* ---- the master's view ---- */

/* {server_name* = 1} */
static enum stele_status decode_servers(struct question *question, struct span answer)
{
    struct arena *arena = job_memory(&question->job);
    struct error cause;
    const Hbase__Pb__ServerNames *response =
        arena ? (void *)message_unpack(&hbase__pb__server_names__descriptor, answer, arena, &cause)
              : NULL;
    if (arena && !response)
        return failure_set(&question->job.error, STELE_PROTOCOL, "%s", cause.message);
    struct stele_server *list = arena
                                    ? arena_allocate(arena, response->n_server_name * sizeof(*list))
                                    : NULL;
    if (!list)
        return failure_set(&question->job.error, STELE_NO_MEMORY, "no memory for servers");
    for (size_t i = 0; i < response->n_server_name; i++) {
        const Hbase__Pb__ServerName *name = response->server_name[i];
        list[i] = (struct stele_server){stele_text(name->host_name), name->port, name->start_code};
    }
    question->job.result.servers = (struct stele_server_list){list, response->n_server_name, arena};
    return STELE_OK;
}

static void put_servers(struct question *question, const struct stele_bytes *servers, size_t count)
{
    for (size_t i = 0; i < count && !question->job.error.status; i++)
        admin_put_server_name(&question->request, 1, servers[i], &question->job.error);
}

static struct job *list_decommissioned(struct stele_client *client)
{
    struct question *question = question_new(
        client, "ListDecommissionedRegionServers", decode_servers);
    return question ? &question->job : NULL;
}

/* {server_name* = 1, offload = 2} */
static struct job *decommission(struct stele_client *client, const struct stele_bytes *servers,
    size_t count, bool is_offloading)
{
    struct question *question = question_new(client, "DecommissionRegionServers", NULL);
    if (!question)
        return NULL;
    put_servers(question, servers, count);
    wire_put_bool(&question->request, 2, is_offloading);
    return &question->job;
}

/* {server_name = 1, region* = 2} */
static struct job *recommission(struct stele_client *client, struct stele_bytes server,
    const struct stele_bytes *regions, size_t count)
{
    struct question *question = question_new(client, "RecommissionRegionServer", NULL);
    if (!question)
        return NULL;
    put_servers(question, &server, 1);
    for (size_t i = 0; i < count; i++)
        region_specifier_put(&question->request, 2,
            (struct region_specifier){.value = span_of(regions[i]), .is_encoded = true});
    return &question->job;
}

static struct job *clear_dead(
    struct stele_client *client, const struct stele_bytes *servers, size_t count)
{
    struct question *question = question_new(client, "ClearDeadServers", decode_servers);
    if (!question)
        return NULL;
    put_servers(question, servers, count);
    return &question->job;
}

static void deliver_servers(struct job *job)
{
    ((stele_server_list_function *)job->done)(
        job->context, &job->error, job->error.status ? NULL : &job->result.servers);
}

static enum stele_status run_servers(
    struct job *job, struct stele_server_list *out_list, struct stele_error *error)
{
    union job_result result;
    enum stele_status status = job_run(job, &result, error);
    if (!status)
        *out_list = result.servers;
    return status;
}

enum stele_status stele_list_decommissioned_servers(
    struct stele_client *client, struct stele_server_list *out_list, struct stele_error *error)
{
    return run_servers(list_decommissioned(client), out_list, error);
}

void stele_list_decommissioned_servers_async(
    struct stele_client *client, stele_server_list_function *done, void *context)
{
    job_start(list_decommissioned(client), deliver_servers, (void (*)(void))done, context);
}

enum stele_status stele_decommission_servers(struct stele_client *client,
    const struct stele_bytes *servers, size_t count, bool is_offloading, struct stele_error *error)
{
    return job_run(decommission(client, servers, count, is_offloading), NULL, error);
}

void stele_decommission_servers_async(struct stele_client *client,
    const struct stele_bytes *servers, size_t count, bool is_offloading, stele_done_function *done,
    void *context)
{
    job_start_done(decommission(client, servers, count, is_offloading), done, context);
}

enum stele_status stele_recommission_server(struct stele_client *client, struct stele_bytes server,
    const struct stele_bytes *regions, size_t count, struct stele_error *error)
{
    return job_run(recommission(client, server, regions, count), NULL, error);
}

void stele_recommission_server_async(struct stele_client *client, struct stele_bytes server,
    const struct stele_bytes *regions, size_t count, stele_done_function *done, void *context)
{
    job_start_done(recommission(client, server, regions, count), done, context);
}

enum stele_status stele_clear_dead_servers(struct stele_client *client,
    const struct stele_bytes *servers, size_t count, struct stele_server_list *out_list,
    struct stele_error *error)
{
    return run_servers(clear_dead(client, servers, count), out_list, error);
}

void stele_clear_dead_servers_async(struct stele_client *client, const struct stele_bytes *servers,
    size_t count, stele_server_list_function *done, void *context)
{
    job_start(clear_dead(client, servers, count), deliver_servers, (void (*)(void))done, context);
}

/* ---- one server ---- */

/* {enabled = 1} answers {prev_state = 1} */
static struct job *switch_compaction(
    struct stele_client *client, struct stele_bytes server, bool on)
{
    struct question *question = question_to_server(
        client, server, "CompactionSwitch", question_decode_number);
    if (!question)
        return NULL;
    question->field = 1;
    wire_put_bool(&question->request, 1, on);
    return &question->job;
}

/* {queue_name* = 1} */
static struct job *clear_queues(
    struct stele_client *client, struct stele_bytes server, bool small, bool large)
{
    struct question *question = question_to_server(client, server, "ClearCompactionQueues", NULL);
    if (!question)
        return NULL;
    if (large)
        wire_put_bytes(&question->request, 1, SPAN_LITERAL("long"));
    if (small)
        wire_put_bytes(&question->request, 1, SPAN_LITERAL("short"));
    return &question->job;
}

static struct job *roll_log(struct stele_client *client, struct stele_bytes server)
{
    struct question *question = question_to_server(client, server, "RollWALWriter", NULL);
    return question ? &question->job : NULL;
}

/* {reason = 1} */
static struct job *stop_server(struct stele_client *client, struct stele_bytes server)
{
    struct question *question = question_to_server(client, server, "StopServer", NULL);
    if (!question)
        return NULL;
    wire_put_bytes(&question->request, 1, SPAN_LITERAL("asked by libstele"));
    return &question->job;
}

enum stele_status stele_set_compaction_switch(struct stele_client *client,
    struct stele_bytes server, bool on, bool *out_was_on, struct stele_error *error)
{
    return job_run_bool(switch_compaction(client, server, on), out_was_on, error);
}

void stele_set_compaction_switch_async(struct stele_client *client, struct stele_bytes server,
    bool on, stele_number_function *done, void *context)
{
    job_start_number(switch_compaction(client, server, on), done, context);
}

enum stele_status stele_clear_compaction_queues(struct stele_client *client,
    struct stele_bytes server, bool small, bool large, struct stele_error *error)
{
    return job_run(clear_queues(client, server, small, large), NULL, error);
}

void stele_clear_compaction_queues_async(struct stele_client *client, struct stele_bytes server,
    bool small, bool large, stele_done_function *done, void *context)
{
    job_start_done(clear_queues(client, server, small, large), done, context);
}

enum stele_status stele_roll_log(
    struct stele_client *client, struct stele_bytes server, struct stele_error *error)
{
    return job_run(roll_log(client, server), NULL, error);
}

void stele_roll_log_async(struct stele_client *client, struct stele_bytes server,
    stele_done_function *done, void *context)
{
    job_start_done(roll_log(client, server), done, context);
}

enum stele_status stele_stop_server(
    struct stele_client *client, struct stele_bytes server, struct stele_error *error)
{
    return job_run(stop_server(client, server), NULL, error);
}

void stele_stop_server_async(struct stele_client *client, struct stele_bytes server,
    stele_done_function *done, void *context)
{
    job_start_done(stop_server(client, server), done, context);
}
