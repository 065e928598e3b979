#include "bench/study/live.h"

#include <event2/event.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/env.h"
#include "base/memory.h"
#include "bench/study/live_internal.h"
#include "bench/study/local_cluster.h"
#include "bench/study/study_check.h"
#include "bench/study/study_plan.h"
#include "model/load_window.h"

#define REST_MS          (LOAD_KNOWN_AFTER_S * 1000 + 1000) /* what was before is no load any more */
#define ADMIN_TIMEOUT_MS 60000
#define DATA_TIMEOUT_MS  4000
#define SERVED_WAIT_MS                                                                             \
    30000 /* until the master of a young cluster answers and its servers have come */

/* ---- Small things ---- */

enum status live_fail(const struct stele_error *failure, const char *doing, struct error *error)
{
    enum status status = failure->status == STELE_CANCELLED   ? STATUS_CANCELLED
                         : failure->status == STELE_EXISTS    ? STATUS_EXISTS
                         : failure->status == STELE_NO_MEMORY ? STATUS_NO_MEMORY
                         : failure->status == STELE_NOT_FOUND ? STATUS_NOT_FOUND
                                                              : STATUS_REMOTE;
    return error_set(error, status, "%s: %s", doing, failure->message);
}

enum status live_check_stop(const struct live *live, struct error *error)
{
    if (live->config.stop && *live->config.stop)
        return error_set(error, STATUS_CANCELLED, "interrupted");
    if (live->config.cluster && !local_cluster_check(live->config.cluster, error))
        return STATUS_REMOTE;
    return STATUS_OK;
}

void live_tell(const struct live *live, const char *format, ...)
{
    char text[STUDY_TEXT_SIZE];
    va_list arguments;
    if (!live->config.progress)
        return;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    live->config.progress(live->config.context, text);
}

static void put_server(const struct stele_server *server, char out_text[LIVE_NAME_SIZE])
{
    snprintf(out_text, LIVE_NAME_SIZE, "%.*s,%u,%llu",
        (int)(server->host.size < 256 ? server->host.size : 256), (const char *)server->host.data,
        server->port, (unsigned long long)server->start_code);
}

size_t live_find_server(const struct live *live, const struct stele_server *server)
{
    char text[LIVE_NAME_SIZE];
    put_server(server, text);
    for (size_t i = 0; i < live->server_count; i++)
        if (strcmp(live->servers[i], text) == 0)
            return i;
    return SIZE_MAX;
}

size_t live_put_value(const struct scenario *scenario, const struct study_key *key, uint8_t *out)
{
    size_t size = 0;
    for (size_t i = 0; i < scenario->layout.count; i++) {
        memcpy(out + size, key->text[i], scenario->layout.fields[i].width);
        size += scenario->layout.fields[i].width;
    }
    return size;
}

bool live_take_value(const struct scenario *scenario, struct span value, struct study_key *out_key)
{
    size_t at = 0;
    struct study_key key = {0};
    for (size_t i = 0; i < scenario->layout.count; i++) {
        size_t width = scenario->layout.fields[i].width;
        if (value.size - at < width)
            return false;
        memcpy(key.text[i], value.data + at, width);
        key.known[i] = (uint8_t)width;
        at += width;
    }
    *out_key = key;
    return at == value.size;
}

/* ---- The cluster ---- */

static enum status open_client(struct live *live, uint32_t timeout_ms, uint32_t retries,
    struct stele_client **out_client, struct error *error)
{
    struct stele_options options;
    struct stele_error failure;
    stele_options_init(&options);
    options.connect = live->config.connect;
    options.zookeeper = live->config.zookeeper;
    options.run = STELE_RUN_ON_LOOP;
    options.loop = live->loop;
    options.operation_timeout_ms = timeout_ms;
    options.retries = retries;
    return stele_client_open(&options, out_client, &failure)
               ? live_fail(&failure, "cannot reach the cluster", error)
               : STATUS_OK;
}

static int compare_servers(const void *a, const void *b)
{
    const struct stele_server_load *first = a, *second = b;
    return (first->server.port > second->server.port) - (first->server.port < second->server.port);
}

/* Who serves tablets. A server that is started for the study is waited for. */
static enum status find_servers(struct live *live, struct error *error)
{
    struct stele_cluster cluster;
    struct stele_error failure;
    uint64_t until_ns = env_monotonic_ns(env_real()) + SERVED_WAIT_MS * 1000000ull;
    size_t wanted = live->config.cluster ? live->study->settings.servers : 1;
    for (;;) {
        if (stele_cluster_status(
                live->config.cluster ? live->admin : live->looks, &cluster, &failure))
            return live_fail(&failure, "cannot reach the cluster", error);
        if (cluster.server_count >= wanted || env_monotonic_ns(env_real()) > until_ns)
            break;
        stele_cluster_free(&cluster);
        poll(NULL, 0, 100);
    }
    size_t count = cluster.server_count;
    struct stele_server_load *sorted = memory_allocate_zeroed(count + 1, sizeof *sorted);
    enum status status = STATUS_OK;
    if (!sorted)
        status = error_set(error, STATUS_NO_MEMORY, "no memory for a list of servers");
    else if (count < wanted || count > LIVE_SERVERS_MOST)
        status = error_set(error, STATUS_REMOTE, "the cluster has %zu tablet servers", count);
    for (size_t i = 0; i < count && !status; i++)
        sorted[i] = cluster.servers[i];
    if (!status)
        qsort(sorted, count, sizeof *sorted, compare_servers);
    for (size_t i = 0; i < count && !status; i++)
        put_server(&sorted[i].server, live->servers[i]);
    live->server_count = count;
    memory_free(sorted);
    stele_cluster_free(&cluster);
    return status;
}

static enum status read_switches(struct live *live, struct error *error)
{
    struct stele_error failure;
    if (stele_get_switch(live->admin, STELE_SWITCH_BALANCER, &live->was_balancing, &failure) ||
        stele_get_switch(live->admin, STELE_SWITCH_SPLIT, &live->was_splitting, &failure))
        return live_fail(&failure, "the master's switches", error);
    live->has_switches = true;
    return STATUS_OK;
}

enum status live_set_switches(
    struct live *live, bool has_split, bool has_balancer, struct error *error)
{
    struct stele_error failure;
    if (stele_set_switch(live->admin, STELE_SWITCH_BALANCER, has_balancer, true, NULL, &failure) ||
        stele_set_switch(live->admin, STELE_SWITCH_SPLIT, has_split, true, NULL, &failure))
        return live_fail(&failure, "the master's switches", error);
    return STATUS_OK;
}

enum status live_open(struct study *study, const struct live_config *config, struct live **out_live,
    struct error *error)
{
    struct live *live = memory_allocate_zeroed(1, sizeof *live);
    if (!live)
        return error_set(error, STATUS_NO_MEMORY, "no memory for a study");
    live->study = study;
    live->config = *config;
    struct event_config *loop = event_config_new();
    if (loop)
        event_config_set_flag(loop, EVENT_BASE_FLAG_PRECISE_TIMER);
    live->loop = loop ? event_base_new_with_config(loop) : NULL;
    if (loop)
        event_config_free(loop);
    enum status status = live->loop ? STATUS_OK
                                    : error_set(error, STATUS_NO_MEMORY, "no memory for a loop");
    if (!status)
        status = open_client(live, ADMIN_TIMEOUT_MS, 15, &live->admin, error);
    if (!status)
        status = open_client(live, DATA_TIMEOUT_MS, 15, &live->looks, error);
    if (!status)
        status = open_client(live, DATA_TIMEOUT_MS, 0, &live->data, error);
    if (!status)
        status = find_servers(live, error);
    if (!status)
        status = read_switches(live, error);
    if (status) {
        live_close(live);
        return status;
    }
    study->settings.servers = live->server_count;
    *out_live = live;
    return STATUS_OK;
}

void live_close(struct live *live)
{
    struct error error = {0};
    if (!live)
        return;
    bool is_there = !live->config.cluster; /* else it goes as a whole */
    for (size_t i = 0; is_there && i < live->study->cell_count; i++)
        live_table_drop(live, i);
    if (is_there && live->has_switches)
        (void)live_set_switches(live, live->was_splitting, live->was_balancing, &error);
    stele_client_close(live->data);
    stele_client_close(live->looks);
    stele_client_close(live->admin);
    if (live->loop)
        event_base_free(live->loop);
    memory_free(live);
}

/* ---- A round ---- */

/* Only splits and moves hang on what was before. */
static bool needs_rest(const struct study *study)
{
    for (size_t i = 0; i < study->cell_count; i++)
        if (study->cells[i].has_split || study->cells[i].has_balancer)
            return true;
    return false;
}

static enum status rest(struct live *live, struct error *error)
{
    enum status status = STATUS_OK;
    live_tell(live, "resting %d s, so that the servers forget the load of writing", REST_MS / 1000);
    for (unsigned passed = 0; passed < REST_MS && !status; passed += 100) {
        poll(NULL, 0, 100);
        status = live_check_stop(live, error);
    }
    return status;
}

static enum status measure_cell(struct live *live, size_t index, struct error *error)
{
    struct study_cell *cell = &live->study->cells[index];
    struct study_run run = {0};
    enum status status = live_run(live, index, &run, error);
    if (run.seconds > 0)
        cell->measured[cell->measured_count++] = run;
    else
        study_run_deinit(&run);
    struct error ignored = {0};
    (void)live_set_switches(live, false, false, &ignored);
    live_table_drop(live, index);
    if (live->config.cell_done)
        live->config.cell_done(live->config.context);
    return status;
}

static enum status measure_round(struct live *live, struct dice *dice, struct error *error)
{
    struct study *study = live->study;
    size_t order[STUDY_CELLS_MOST];
    enum status status = live_set_switches(live, false, false, error);
    study_plan_order(study, dice, order);
    for (size_t i = 0; i < study->cell_count && !status; i++) {
        status = live_check_stop(live, error);
        if (!status)
            status = live_table_make(live, i, error);
        if (!status)
            status = study_check_seen(study, i, error);
    }
    if (!status && needs_rest(study))
        status = rest(live, error);
    for (size_t i = 0; i < study->cell_count && !status; i++) {
        status = live_check_stop(live, error);
        if (!status)
            status = measure_cell(live, order[i], error);
    }
    return status;
}

enum status live_measure(struct live *live, struct error *error)
{
    struct dice dice = study_plan_dice(live->study);
    enum status status = STATUS_OK;
    for (unsigned i = 0; i < live->study->repeats && !status; i++)
        status = measure_round(live, &dice, error);
    if (status == STATUS_REMOTE && live->config.stop && *live->config.stop)
        status = STATUS_CANCELLED;
    return status;
}
