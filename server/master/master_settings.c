#include "server/master/master_settings.h"

#include <stdio.h>

#include "base/log_lines.h"
#include "base/memory.h"
#include "proto/exception_class.h"
#include "server/master/master_document.h"
#include "server/master/settings_document.h"

/* As in HBase: the balancer and the cleaners run, the normalizer too, splits and merges are allowed. */
unsigned master_default_switches(void)
{
    return (1u << SETTING_COUNT) - 1;
}

bool master_setting_is_on(const struct master *master, enum master_setting setting)
{
    return atomic_load(&master->switches) >> setting & 1;
}

static void set_draining(
    struct master *master, struct assigned_server *server, bool is_draining, bool offloads)
{
    mutex_lock(&master->catalogue.mutex);
    server->is_draining = is_draining;
    server->offloads = is_draining && offloads;
    mutex_unlock(&master->catalogue.mutex);
}

static void mark_unassigned(
    struct master *master, struct assigned_tablet *tablet, bool is_unassigned)
{
    mutex_lock(&master->catalogue.mutex);
    tablet->is_unassigned = is_unassigned;
    mutex_unlock(&master->catalogue.mutex);
}

enum status master_take_settings(
    struct master *master, uint64_t version, struct span bytes, struct error *error)
{
    struct settings_document document;
    struct server_name name;
    struct span text;
    bool offloads;
    enum status status = settings_document_open(bytes, &document, error);
    if (status)
        return status;
    atomic_store(&master->switches, (unsigned)document.switches);
    master->settings_version = version;
    master->epoch_before = document.epoch;
    while (!(status = settings_document_next(&document, &text, &offloads, error))) {
        if (server_name_parse(text, &name, error))
            return error_prefix(error, STATUS_CORRUPT, "settings");
        struct assigned_server *server = master_server_find(master, text);
        if (server)
            set_draining(master, server, true, offloads);
    }
    while (status == STATUS_END &&
           !(status = settings_document_next_unassigned(&document, &text, error))) {
        struct assigned_tablet *tablet = assignment_find(&master->catalogue.assignment, text);
        if (tablet && tablet->state != ASSIGNMENT_OPEN) /* else it was assigned since */
            mark_unassigned(master, tablet, true);
        status = STATUS_END;
    }
    if (status != STATUS_END)
        return status;
    master_publish_draining(master);
    return STATUS_OK;
}

void master_publish_draining(struct master *master)
{
    size_t count = 0;
    for (struct assigned_server *one = master->catalogue.assignment.servers; one; one = one->next)
        count += one->is_draining && one->state == ASSIGNED_SERVER_LIVE;
    struct server_name *names = memory_allocate_zeroed(count ? count : 1, sizeof *names);
    if (!names || !master->config.publish_draining) {
        memory_free(names);
        return;
    }
    count = 0;
    for (struct assigned_server *one = master->catalogue.assignment.servers; one; one = one->next)
        if (one->is_draining && one->state == ASSIGNED_SERVER_LIVE)
            names[count++] = one->name;
    master->config.publish_draining(master->config.context, names, count);
    memory_free(names);
}

/* How many are closed by command; their ids are put when `out` is there. */
static size_t put_unassigned(const struct master *master, struct buffer *out)
{
    size_t count = 0;
    for (const struct catalogue_table *table = master->catalogue.tables; table; table = table->next)
        for (size_t i = 0; i < table->tablet_count; i++) {
            const struct assigned_tablet *one = table->tablets[i];
            count += one->is_unassigned;
            if (one->is_unassigned && out)
                settings_document_put_unassigned(out, span_string(one->info.id));
        }
    return count;
}

enum status master_write_settings(struct master *master, struct error *error)
{
    struct buffer bytes = {0};
    size_t count = 0;
    for (struct assigned_server *one = master->catalogue.assignment.servers; one; one = one->next)
        count += one->is_draining;
    settings_document_put(&bytes, atomic_load(&master->epoch), atomic_load(&master->switches),
        count, put_unassigned(master, NULL));
    for (struct assigned_server *one = master->catalogue.assignment.servers; one; one = one->next)
        if (one->is_draining)
            settings_document_put_draining(&bytes, span_string(one->text), one->offloads);
    put_unassigned(master, &bytes);
    enum status status = buffer_status(&bytes);
    if (!status)
        status = master_document_commit(master->store, CHAIN_PROCEDURE, SPAN_LITERAL(SETTINGS_NAME),
            &master->settings_version, buffer_span(&bytes), error);
    buffer_deinit(&bytes);
    return status;
}

void master_set_unassigned(
    struct master *master, struct assigned_tablet *const *tablets, size_t count, bool is_unassigned)
{
    struct error error = {0};
    bool has_changed = false;
    for (size_t i = 0; i < count; i++) {
        if (!tablets[i] || tablets[i]->is_unassigned == is_unassigned)
            continue;
        mark_unassigned(master, tablets[i], is_unassigned);
        has_changed = true;
    }
    enum status status = has_changed ? master_write_settings(master, &error) : STATUS_OK;
    if (status == STATUS_SUPERSEDED)
        master_lost(master, &error);
    else if (status) /* a master after us may open, or leave closed, what this one would not */
        log_line(LOG_WARN, "settings.write", "error=\"%s\"", error.message);
}

/* "host,port,startcode", or as shells also give it "host,port" and "host:port": any life of it. */
static struct assigned_server *find_server(struct master *master, struct span text)
{
    struct server_name name;
    uint32_t port;
    struct span host;
    struct assigned_server *server = master_server_find(master, text);
    if (server || server_name_parse(text, &name, NULL) == STATUS_OK)
        return server;
    if (host_port_parse(text, 0, &host, &port, NULL)) {
        size_t comma = span_find_last(text, ',');
        if (comma == SIZE_MAX)
            return NULL;
        struct buffer with_colon = {0};
        buffer_put(&with_colon, span_slice(text, 0, comma));
        buffer_put(&with_colon, SPAN_LITERAL(":"));
        buffer_put(&with_colon, span_slice(text, comma + 1, text.size - comma - 1));
        bool is_bad = buffer_status(&with_colon) ||
                      host_port_parse(buffer_span(&with_colon), 0, &host, &port, NULL);
        buffer_deinit(&with_colon);
        if (is_bad)
            return NULL;
        host = span_slice(text, 0, comma);
    }
    for (server = master->catalogue.assignment.servers; server; server = server->next)
        if (server->state == ASSIGNED_SERVER_LIVE && server->name.port == port &&
            span_equal(server->name.host, host))
            return server;
    return NULL;
}

static bool change(struct master *master, struct master_request *request)
{
    bool is_decommission = request->operation == MASTER_DECOMMISSION;
    if (request->operation == MASTER_SWITCH) {
        unsigned bit = 1u << request->setting;
        request->was_on = atomic_load(&master->switches) & bit;
        if (request->is_on)
            atomic_fetch_or(&master->switches, bit);
        else
            atomic_fetch_and(&master->switches, ~bit);
        return request->was_on != request->is_on;
    }
    for (size_t i = 0; i < request->server_count; i++) {
        struct assigned_server *server = find_server(master, request->servers[i]);
        if (server)
            set_draining(master, server, is_decommission, request->offloads);
    }
    master_publish_draining(master);
    return true;
}

/* RecommissionRegionServer may name regions that the server is to get. */
static void bring_back(struct master *master, const struct master_request *request)
{
    struct assigned_server *server = request->server_count
                                         ? find_server(master, request->servers[0])
                                         : NULL;
    for (size_t i = 0; server && i < request->tablet_count; i++) {
        struct assigned_tablet *tablet = assignment_find(
            &master->catalogue.assignment, request->tablets[i]);
        if (tablet && tablet->state == ASSIGNMENT_OPEN && tablet->server != server)
            (void)master_move_tablet(
                master, tablet, server, SPAN_LITERAL("its server was recommissioned"));
    }
}

void master_change_settings(struct master *master, struct master_request *request)
{
    struct error error = {0};
    enum status status = change(master, request) ? master_write_settings(master, &error)
                                                 : STATUS_OK;
    if (status) {
        if (status == STATUS_SUPERSEDED)
            master_lost(master, &error);
        if (request->operation == MASTER_SWITCH) { /* as it is told: nothing has changed */
            request->is_on = request->was_on;
            (void)change(master, request);
        }
        master_refuse(request, EXCEPTION_IO, "%s", error.message);
        return;
    }
    if (request->operation == MASTER_SWITCH && request->setting == SETTING_CLEANER)
        store_collector_enable(master->store, request->is_on);
    if (request->operation == MASTER_RECOMMISSION)
        bring_back(master, request);
    if (request->operation == MASTER_DECOMMISSION)
        master->last_drain_ns = 0; /* its tablets go at once */
    master_answer(request, 0);
}
