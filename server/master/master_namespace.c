/* Changes of namespaces: one chained document and one row of meta, so they need no steps. */
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "proto/exception_class.h"
#include "server/master/master_document.h"
#include "server/master/master_internal.h"
#include "server/master/namespace_document.h"

static bool is_built_in(struct span name)
{
    return span_equal(name, SPAN_LITERAL("default")) || span_equal(name, SPAN_LITERAL("hbase"));
}

/* A create that is not in the catalogue yet has been promised its namespace. */
static bool has_procedure(const struct master *master, struct span name)
{
    for (const struct running *running = master->procedures; running; running = running->next) {
        struct span namespace_name, qualifier;
        table_name_split(running->procedure.table_name, &namespace_name, &qualifier);
        if (span_equal(namespace_name, name))
            return true;
    }
    return false;
}

static const char *kind_name(enum master_operation operation)
{
    return operation == MASTER_CREATE_NAMESPACE   ? "CreateNamespaceProcedure"
           : operation == MASTER_MODIFY_NAMESPACE ? "ModifyNamespaceProcedure"
                                                  : "DeleteNamespaceProcedure";
}

const char *master_namespace_kind_named(struct span name)
{
    static const enum master_operation operations[] = {
        MASTER_CREATE_NAMESPACE, MASTER_MODIFY_NAMESPACE, MASTER_DELETE_NAMESPACE};
    for (size_t i = 0; i < sizeof operations / sizeof *operations; i++)
        if (span_equal(name, span_string(kind_name(operations[i]))))
            return kind_name(operations[i]);
    return NULL;
}

static void keep_result(
    struct master_request *request, enum procedure_state state, const char *failure)
{
    struct master *master = request->master;
    struct procedure_result result = {.state = state,
        .kind = kind_name(request->operation),
        .submitted_ms = request->submitted_ms,
        .updated_ms = env_wall_ms(master->env),
        .exception_class = failure ? EXCEPTION_IO : NULL};
    snprintf(result.message, sizeof result.message, "%s", failure ? failure : "");
    struct procedure done = {
        .id = request->procedure_id, .nonce_group = request->nonce_group, .nonce = request->nonce};
    master_keep_result(master, &done, &result);
}

static void on_row_written(void *context, enum status status, const struct error *error)
{
    struct master_request *request = context;
    if (status == STATUS_CANCELLED) {
        master_refuse(request, EXCEPTION_PLEASE_HOLD, "Master is stopping");
        return;
    }
    keep_result(request, PROCEDURE_FINISHED, status ? error->message : NULL);
    if (status)
        master_refuse(request, EXCEPTION_IO, "%s", error->message);
    else
        master_answer(request, request->procedure_id);
}

static void send(struct master_request *request, struct meta_batch *batch)
{
    /* the catalogue has it, hbase:meta not yet: a repeat of the request is to find this one */
    request->procedure_id = ++request->master->last_procedure_id;
    request->submitted_ms = env_wall_ms(request->master->env);
    keep_result(request, PROCEDURE_RUNNING, NULL);
    meta_access_write(request->master, batch, on_row_written, request);
}

/* `version`: of the document so far, 0 = there is none. */
static void put_namespace(struct master *master, struct master_request *request, uint64_t version)
{
    struct buffer bytes = {0};
    struct error error = {0};
    struct meta_batch *batch = meta_batch_new();
    namespace_document_encode(request->configuration, request->configuration_count, &bytes);
    enum status status = batch ? buffer_status(&bytes) : STATUS_NO_MEMORY;
    if (!status)
        status = master_document_commit(master->store, CHAIN_NAMESPACE, request->namespace_name,
            &version, buffer_span(&bytes), &error);
    buffer_deinit(&bytes);
    if (!status) {
        mutex_lock(&master->catalogue.mutex);
        if (!catalogue_put_namespace_locked(&master->catalogue, request->namespace_name,
                request->configuration, request->configuration_count, version))
            status = error_set(&error, STATUS_NO_MEMORY, "no memory for a namespace");
        mutex_unlock(&master->catalogue.mutex);
    }
    if (status) {
        meta_batch_free(batch);
        master_refuse(
            request, EXCEPTION_IO, "%s", error.message[0] ? error.message : status_name(status));
        return;
    }
    meta_batch_put_namespace(
        batch, request->namespace_name, request->configuration, request->configuration_count);
    send(request, batch);
}

static void remove_namespace(struct master *master, struct master_request *request)
{
    struct error error = {0};
    struct meta_batch *batch = meta_batch_new();
    enum status status =
        batch ? store_chain_remove(master->store, CHAIN_NAMESPACE, request->namespace_name, &error)
              : error_set(&error, STATUS_NO_MEMORY, "no memory for a row of hbase:meta");
    if (status && status != STATUS_NOT_FOUND) {
        meta_batch_free(batch);
        master_refuse(request, EXCEPTION_IO, "%s", error.message);
        return;
    }
    mutex_lock(&master->catalogue.mutex);
    struct namespace_entry *entry = catalogue_namespace_locked(
        &master->catalogue, request->namespace_name);
    if (entry)
        catalogue_remove_namespace_locked(&master->catalogue, entry);
    mutex_unlock(&master->catalogue.mutex);
    meta_batch_delete_namespace(batch, request->namespace_name);
    send(request, batch);
}

void master_change_namespace(struct master *master, struct master_request *request)
{
    struct error error = {0};
    struct span name = request->namespace_name;
    enum status status = namespace_name_check(name, &error);
    if (status) {
        /* as HBase: which clients try again */
        master_refuse(request, EXCEPTION_IO, "%s", error.message);
        return;
    }
    mutex_lock(&master->catalogue.mutex);
    struct namespace_entry *entry = catalogue_namespace_locked(&master->catalogue, name);
    bool is_there = entry != NULL;
    size_t tables = catalogue_namespace_tables_locked(&master->catalogue, name);
    uint64_t version = entry ? entry->version : 0;
    mutex_unlock(&master->catalogue.mutex);
    int size = (int)name.size;
    const char *text = (const char *)name.data;
    if (request->operation == MASTER_CREATE_NAMESPACE) {
        if (is_there)
            master_refuse(
                request, EXCEPTION_NAMESPACE_EXISTS, "Namespace %.*s already exists", size, text);
        else
            put_namespace(master, request, 0);
    } else if (!is_there) {
        master_refuse(request, EXCEPTION_NAMESPACE_NOT_FOUND, "%.*s", size, text);
    } else if (request->operation == MASTER_MODIFY_NAMESPACE) {
        put_namespace(master, request, version);
    } else if (is_built_in(name)) {
        master_refuse(request, EXCEPTION_CONSTRAINT, "Reserved namespace %.*s cannot be removed.",
            size, text);
    } else if (tables > 0 || has_procedure(master, name)) { /* one comes, or goes */
        master_refuse(request, EXCEPTION_CONSTRAINT,
            "Only empty namespaces can be removed. Namespace %.*s has %zu tables", size, text,
            tables > 0 ? tables : 1);
    } else {
        remove_namespace(master, request);
    }
}
