#include "client/client.h"

#include <pwd.h>
#include <stdio.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/memory.h"
#include "client/call.h"
#include "client/server.h"
#include "client/table.h"
#include "proto/region.h"

const char *stele_version(void)
{
    return "0.1.0";
}

void client_lock(struct stele_client *client)
{
    if (client->loop.run == STELE_RUN_THREAD)
        mutex_lock(&client->mutex);
}

void client_unlock(struct stele_client *client)
{
    if (client->loop.run == STELE_RUN_THREAD)
        mutex_unlock(&client->mutex);
}

uint64_t client_next_nonce(struct stele_client *client)
{
    uint64_t nonce = atomic_fetch_add(&client->nonce, 1);
    return nonce ? nonce : atomic_fetch_add(&client->nonce, 1);
}

static void forget_server(struct stele_client *client, const struct server *server)
{
    client_lock(client);
    for (struct stele_table *table = client->tables; table; table = table->next)
        region_map_remove_server(&table->regions, server);
    client_unlock(client);
    if (client->master == server)
        client->master = NULL;
}

void client_note_failure(struct stele_client *client, struct stele_table *table,
    struct region *region, struct server *server, const struct failure *failure)
{
    struct span host;
    uint32_t port;
    uint64_t start_code;
    int64_t sequence;
    switch (failure->kind) {
    case EXCEPTION_SERVER_GONE:
        if (server)
            forget_server(client, server);
        break;
    case EXCEPTION_REGION_GONE:
        if (table && region) {
            region_map_remove(&table->regions, region);
            table->is_suspect = true;
        }
        break;
    case EXCEPTION_REGION_MOVED:
        if (!region || region->server != server)
            break; /* another answer has told meanwhile */
        /* Only to a younger place: of two servers that have both closed it, each may send to the other, since
         * one could not open it. hbase:meta knows. */
        if (failure_moved_to(&failure->error, &host, &port, &start_code, &sequence) &&
            sequence > region->open_sequence) {
            region->server = server_find(client, host, port, start_code);
            region->open_sequence = sequence;
        } else if (table) {
            region_map_remove(&table->regions, region);
            table->is_suspect = true;
        }
        break;
    default:
        break;
    }
}

void stele_options_init(struct stele_options *options)
{
    *options = (struct stele_options){
        .run = STELE_RUN_THREAD,
        .rpc_timeout_ms = 60000,
        .operation_timeout_ms = 1200000,
        .connect_timeout_ms = 10000,
        .retries = 15,
        .pause_ms = 100,
        .pause_overloaded_ms = 100,
    };
}

static char *user_name(const char *given)
{
    struct passwd entry, *found = NULL;
    char text[1024], number[32];
    if (given)
        return memory_duplicate_string(given);
    if (getpwuid_r(geteuid(), &entry, text, sizeof(text), &found) == 0 && found)
        return memory_duplicate_string(found->pw_name);
    snprintf(number, sizeof(number), "uid-%u", (unsigned)geteuid());
    return memory_duplicate_string(number);
}

static enum stele_status check_options(
    const struct stele_options *options, struct stele_error *error)
{
    if (options->run == STELE_RUN_ON_LOOP && !options->loop)
        return failure_set(error, STELE_INVALID, "STELE_RUN_ON_LOOP needs a loop");
    if (options->run != STELE_RUN_ON_LOOP && options->loop)
        return failure_set(
            error, STELE_INVALID, "a loop is given, but run is not STELE_RUN_ON_LOOP");
    if (!options->rpc_timeout_ms || !options->operation_timeout_ms || !options->connect_timeout_ms)
        return failure_set(error, STELE_INVALID, "a time-out is 0");
    return STELE_OK;
}

/* Ends everything on the loop's thread. */
struct closing {
    struct loop_task task;
    struct stele_client *client;
};

static void close_on_loop(struct loop_task *task)
{
    struct stele_client *client = ((struct closing *)task)->client;
    struct failure failure;
    client->is_closing = true;
    failure_init(&failure, EXCEPTION_FATAL, STELE_CANCELLED, "the client is closing");
    do { /* what ends may begin something, which ends in the next round */
        registry_cancel(client);
        for (struct stele_table *table = client->tables; table; table = table->next)
            table_fail_waiters(table, &failure);
        connection_context_cancel(&client->connections);
        timers_expire(&client->timers);
    } while (loop_run_ready(&client->loop) || client->timers.set);
    connection_context_deinit(&client->connections);
}

static void client_free(struct stele_client *client)
{
    while (client->free_calls) {
        struct call *next = client->free_calls->next_free;
        buffer_deinit(&client->free_calls->body);
        memory_free(client->free_calls);
        client->free_calls = next;
    }
    while (client->tables) {
        struct stele_table *next = client->tables->next;
        table_free(client->tables);
        client->tables = next;
    }
    servers_free(client->servers);
    registry_deinit(&client->registry);
    arena_deinit(&client->scratch);
    block_pool_deinit(&client->blocks);
    mutex_deinit(&client->mutex);
    memory_free(client->cluster_id);
    memory_free(client->user);
    memory_free(client);
}

enum stele_status client_open_on(const struct stele_options *options, struct transport *transport,
    struct stele_client **out_client, struct stele_error *error)
{
    enum stele_status status;
    struct stele_client *client = memory_allocate_zeroed(1, sizeof(*client));
    if (!client || !transport) {
        memory_free(client);
        if (transport)
            transport->table->free(transport);
        return failure_set(error, STELE_NO_MEMORY, "no memory for a client");
    }
    mutex_init(&client->mutex, LOCK_RANK_CLIENT);
    block_pool_init(&client->blocks);
    client->options = *options;
    client->loop.run = options->run;
    client->user = user_name(options->user);
    client->nonce_group = env_random_u64(transport->env) | 1;
    atomic_init(&client->nonce, env_random_u64(transport->env));
    client->timers.transport = transport;
    if ((status = registry_init(&client->registry, options, error)))
        goto failed;
    client->meta = table_find(client, SPAN_LITERAL(META_TABLE_NAME));
    if (!client->user || !client->meta) {
        status = failure_set(error, STELE_NO_MEMORY, "no memory for a client");
        goto failed;
    }
    if ((status = loop_init(&client->loop, options->run, transport, error)))
        goto failed;
    connection_context_init(&client->connections, &client->loop, &client->blocks,
        span_string(client->user), options->connect_timeout_ms);
    *out_client = client;
    return STELE_OK;
failed:
    transport->table->free(transport);
    client_free(client);
    return status;
}

enum stele_status stele_client_open(const struct stele_options *options,
    struct stele_client **out_client, struct stele_error *error)
{
    enum stele_status status = check_options(options, error);
    if (status)
        return status;
    return client_open_on(options, transport_libevent_new(options->loop), out_client, error);
}

void stele_client_close(struct stele_client *client)
{
    if (!client)
        return;
    struct closing closing = {{close_on_loop, NULL}, client};
    loop_deinit(&client->loop, &closing.task);
    client_free(client);
}

static bool is_idle(void *context)
{
    struct stele_client *client = context;
    return atomic_load(&client->in_flight) == 0;
}

void stele_client_run(struct stele_client *client, uint32_t timeout_ms)
{
    loop_run(
        &client->loop, is_idle, client, loop_now(&client->loop) + (uint64_t)timeout_ms * 1000000);
}

void stele_client_interrupt(struct stele_client *client)
{
    loop_interrupt(&client->loop);
}

size_t stele_client_in_flight(const struct stele_client *client)
{
    return atomic_load(&client->in_flight);
}

/* ---- the cluster's id, and connecting at all ---- */

struct id_question {
    struct loop_task task;
    struct stele_client *client;
    struct loop_wait *wait;
};

static void on_cluster_id(void *context, const struct failure *failure, struct span id,
    uint32_t port, uint64_t start_code)
{
    struct id_question *question = context;
    struct stele_client *client = question->client;
    (void)port;
    (void)start_code;
    if (failure) {
        question->wait->error = failure->error;
    } else if (!client->cluster_id && (client->cluster_id = memory_allocate(id.size + 1))) {
        memcpy(client->cluster_id, id.data, id.size);
        client->cluster_id[id.size] = '\0';
    }
    loop_wait_finish(&client->loop, question->wait);
    memory_free(question);
}

static void ask_cluster_id(struct loop_task *task)
{
    struct id_question *question = (struct id_question *)task;
    if (registry_ask(question->client, REGISTRY_CLUSTER_ID, on_cluster_id, question))
        return;
    failure_set(&question->wait->error, STELE_NO_MEMORY, "no memory to ask for the cluster");
    loop_wait_finish(&question->client->loop, question->wait);
    memory_free(question);
}

enum stele_status stele_cluster_id(
    struct stele_client *client, const char **out_id, struct stele_error *error)
{
    struct loop_wait *wait = loop_wait_new();
    struct id_question *question = memory_allocate(sizeof(*question));
    if (!wait || !question) {
        memory_free(wait);
        memory_free(question);
        return failure_set(error, STELE_NO_MEMORY, "no memory to ask for the cluster");
    }
    *question = (struct id_question){{ask_cluster_id, NULL}, client, wait};
    client_loop_post(&client->loop, &question->task);
    if (!loop_wait_until(&client->loop, wait, 0))
        return failure_set(error, STELE_CANCELLED, "interrupted");
    enum stele_status status = wait->error.status;
    if (error)
        *error = wait->error;
    memory_free(wait);
    if (status == STELE_OK && !client->cluster_id)
        return failure_set(error, STELE_NO_MEMORY, "no memory for the cluster's id");
    if (status == STELE_OK)
        *out_id = client->cluster_id;
    return status;
}

enum stele_status stele_connect(
    const char *place, struct stele_client **out_client, struct stele_error *error)
{
    struct stele_options options;
    struct stele_client *client;
    const char *id;
    stele_options_init(&options);
    if (strncmp(place, "zk://", 5) == 0)
        options.zookeeper = place + 5;
    else
        options.connect = place;
    enum stele_status status = stele_client_open(&options, &client, error);
    if (status)
        return status;
    status = stele_cluster_id(client, &id, error);
    if (status) {
        stele_client_close(client);
        return status;
    }
    *out_client = client;
    return STELE_OK;
}

/* ---- table handles ---- */

struct stele_table *stele_table_open(struct stele_client *client, struct stele_bytes name)
{
    struct span text = span_make(name.data, name.size);
    if (span_starts_with(text, SPAN_LITERAL("default:")))
        text = span_slice(text, 8, text.size - 8);
    return table_find(client, text);
}

void stele_table_close(struct stele_table *table)
{
    (void)table; /* shared by name, and freed with the client */
}

struct stele_bytes stele_table_name(const struct stele_table *table)
{
    return stele_bytes(table->name.data, table->name.size);
}
