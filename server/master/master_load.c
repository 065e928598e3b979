/* The beginning of a tenure:
 *
 *   directory -> catalogue (hbase:meta is made when there is none) -> every live server says what it serves
 *     -> procedures are taken up -> hbase:meta open -> its rows brought in line with the truth -> serving
 *     -> tablets that are nowhere are opened */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log_lines.h"
#include "base/memory.h"
#include "proto/region.h"
#include "proto/schema_message.h"
#include "server/master/master_document.h"
#include "server/master/master_history.h"
#include "server/master/master_internal.h"
#include "server/master/master_settings.h"
#include "server/master/namespace_document.h"

/* ---- Reading the directory ---- */

static enum status add_table(
    void *context, const struct table_descriptor *descriptor, struct error *error)
{
    struct master *master = context;
    mutex_lock(&master->catalogue.mutex);
    struct catalogue_table *table = catalogue_add_locked(&master->catalogue, descriptor);
    mutex_unlock(&master->catalogue.mutex);
    return table ? STATUS_OK : error_set(error, STATUS_NO_MEMORY, "no memory for a table");
}

struct tablet_array {
    struct tablet_info *tablets;
    size_t count;
    size_t room;
};

static enum status collect_tablet(
    void *context, const struct tablet_info *tablet, struct error *error)
{
    struct tablet_array *array = context;
    if (tablet->state == TABLET_DROPPED)
        return STATUS_OK;
    if (tablet->damage && strcmp(tablet->table_id, META_TABLE_ID) == 0)
        return error_set(error, STATUS_CORRUPT,
            "hbase:meta cannot be read (stele fsck --repair makes it anew): %s", tablet->damage);
    if (array->count == array->room) {
        size_t room = array->room ? array->room * 2 : 16;
        struct tablet_info *grown = memory_reallocate(array->tablets, room * sizeof *grown);
        if (!grown)
            return error_set(error, STATUS_NO_MEMORY, "no memory for the list of tablets");
        array->tablets = grown;
        array->room = room;
    }
    array->tablets[array->count++] = *tablet;
    return STATUS_OK;
}

/* What a manifest says of a tablet becomes what we believe, until its server says more. */
static bool take_tablet(struct master *master, struct catalogue_table *table,
    const struct tablet_info *info, int64_t now_ms)
{
    struct catalogue *catalogue = &master->catalogue;
    struct assigned_tablet *tablet = assignment_find(&catalogue->assignment, span_string(info->id));
    bool is_retired = info->state == TABLET_SPLIT || info->state == TABLET_MERGED;
    if (tablet)
        return true;
    if (info->damage)
        return master_note_damaged_locked(master, table, info, now_ms);
    if (is_retired) {
        tablet = catalogue_add_retired_locked(catalogue, table, info,
            info->state == TABLET_SPLIT ? ASSIGNMENT_SPLIT : ASSIGNMENT_MERGED, now_ms);
        return tablet != NULL;
    }
    tablet = catalogue_add_tablet_locked(catalogue, table, info, now_ms);
    if (!tablet)
        return false;
    tablet->has_references = info->has_references;
    tablet->size_bytes = info->sstable_bytes;
    struct assigned_server *owner = info->state == TABLET_OPEN
                                        ? assignment_find_server(
                                              &catalogue->assignment, info->owner)
                                        : NULL;
    if (owner)
        assignment_set(&catalogue->assignment, tablet, ASSIGNMENT_OPEN, owner, now_ms);
    return true;
}

enum status master_load_tablets(
    struct master *master, struct catalogue_table *table, struct error *error)
{
    struct tablet_array array = {0};
    struct arena arena = {0};
    int64_t now = env_wall_ms(master->env);
    enum status status = store_tablet_list(
        master->store, table->descriptor.id, &arena, collect_tablet, &array, error);
    mutex_lock(&master->catalogue.mutex);
    for (size_t i = 0; i < array.count && !status; i++)
        if (!take_tablet(master, table, &array.tablets[i], now))
            status = error_set(error, STATUS_NO_MEMORY, "no memory for the tablets of a table");
    mutex_unlock(&master->catalogue.mutex);
    memory_free(array.tablets);
    arena_deinit(&arena);
    return status;
}

static enum status add_namespace(
    void *context, struct span name, uint64_t version, struct span bytes, struct error *error)
{
    struct master *master = context;
    struct arena arena = {0};
    struct attribute *configuration;
    size_t count;
    enum status status = namespace_document_decode(bytes, &arena, &configuration, &count, error);
    if (!status) {
        mutex_lock(&master->catalogue.mutex);
        if (!catalogue_put_namespace_locked(
                &master->catalogue, name, configuration, count, version))
            status = error_set(error, STATUS_NO_MEMORY, "no memory for a namespace");
        mutex_unlock(&master->catalogue.mutex);
    }
    arena_deinit(&arena);
    return status ? error_prefix(
                        error, status, "namespace %.*s", (int)name.size, (const char *)name.data)
                  : STATUS_OK;
}

/* hbase:meta is made when the directory has none. Idempotent: a crash in its middle leaves what the next start uses. */
static enum status make_meta(struct master *master, struct error *error)
{
    struct arena arena = {0};
    struct table_descriptor descriptor = {.id = META_TABLE_ID, .state = TABLE_ENABLED};
    struct tablet_info tablet = {.id = META_TABLET_ID,
        .table_id = META_TABLE_ID,
        .region_id = META_REGION_ID,
        .state = TABLET_CLOSED};
    mutex_lock(&master->catalogue.mutex);
    struct catalogue_table *table = catalogue_find_id_locked(&master->catalogue, META_TABLE_ID);
    mutex_unlock(&master->catalogue.mutex);
    enum status status = STATUS_OK;
    if (!table) {
        status = meta_schema_make(&arena, &descriptor.schema, error);
        if (!status)
            status = master_descriptor_commit(master->store, &descriptor, error);
        if (!status)
            status = add_table(master, &descriptor, error);
    }
    if (!status && (!table || table->tablet_count == 0)) {
        status = store_tablet_create(master->store, META_TABLE_ID, &tablet, 1, error);
        mutex_lock(&master->catalogue.mutex);
        table = catalogue_find_id_locked(&master->catalogue, META_TABLE_ID);
        if (!status && !catalogue_add_tablet_locked(
                           &master->catalogue, table, &tablet, env_wall_ms(master->env)))
            status = error_set(error, STATUS_NO_MEMORY, "no memory for hbase:meta");
        mutex_unlock(&master->catalogue.mutex);
    }
    arena_deinit(&arena);
    return status;
}

/* False on no memory. */
static bool add_stranger(struct master *master, struct span text, bool is_sealed)
{
    struct stranger *stranger = memory_allocate_zeroed(1, sizeof *stranger);
    if (!stranger)
        return false;
    snprintf(
        stranger->text, sizeof stranger->text, "%.*s", (int)text.size, (const char *)text.data);
    stranger->seen_ns = env_monotonic_ns(master->env);
    stranger->is_sealed = is_sealed;
    stranger->next = master->strangers;
    master->strangers = stranger;
    return true;
}

/* Servers that the directory knows: living, or dead and not given up yet. */
static enum status add_server(void *context, const struct store_server *known, struct error *error)
{
    struct master *master = context;
    struct server_name name;
    if ((known->is_self && !master->config.is_alone) ||
        server_name_parse(known->incarnation, &name, NULL))
        return STATUS_OK;
    if (known->is_sealed)
        return add_stranger(master, known->incarnation, true)
                   ? STATUS_OK
                   : error_set(error, STATUS_NO_MEMORY, "no memory for a server");
    if (!known->is_registered)
        return STATUS_OK;
    mutex_lock(&master->catalogue.mutex);
    struct assigned_server *server = assignment_add_server(
        &master->catalogue.assignment, &name, env_wall_ms(master->env));
    if (server)
        server->absent_since_ns = env_monotonic_ns(master->env);
    mutex_unlock(&master->catalogue.mutex);
    return server ? STATUS_OK : error_set(error, STATUS_NO_MEMORY, "no memory for a server");
}

/* Masters are registered too, and servers that died without a tablet: kept apart. */
static void part_strangers(struct master *master)
{
    struct assignment *assignment = &master->catalogue.assignment;
    mutex_lock(&master->catalogue.mutex);
    struct assigned_server *next;
    for (struct assigned_server *one = assignment->servers; one; one = next) {
        next = one->next;
        if (one->tablet_count > 0)
            continue;
        (void)add_stranger(
            master, span_string(one->text), false); /* else the next master sees it */
        assignment_remove_server(assignment, one);
    }
    mutex_unlock(&master->catalogue.mutex);
}

static enum status load(struct master *master, struct error *error)
{
    struct arena arena = {0};
    enum status status = store_collector_take(
        master->store, atomic_load(&master->epoch), master->config.is_alone, error);
    if (!status)
        status = store_server_list(master->store, &arena, add_server, master, error);
    if (!status)
        status = store_table_list(master->store, &arena, add_table, master, error);
    arena_deinit(&arena);
    for (struct catalogue_table *table = master->catalogue.tables; table && !status;
         table = table->next)
        status = master_load_tablets(master, table, error);
    if (!status)
        status = make_meta(master, error);
    static const char *const built_in[] = {"default", "hbase"};
    mutex_lock(&master->catalogue.mutex);
    for (size_t i = 0; i < 2 && !status; i++)
        if (!catalogue_put_namespace_locked(
                &master->catalogue, span_string(built_in[i]), NULL, 0, 0))
            status = error_set(error, STATUS_NO_MEMORY, "no memory for a namespace");
    mutex_unlock(&master->catalogue.mutex);
    if (!status)
        status = store_chain_list(master->store, CHAIN_NAMESPACE, add_namespace, master, error);
    if (!status)
        part_strangers(master);
    if (!status)
        master_history_read(master);
    return status;
}

/* ---- Procedures left by an earlier start ---- */

static enum status take_settings(
    void *context, struct span name, uint64_t version, struct span bytes, struct error *error)
{
    return span_equal(name, SPAN_LITERAL(SETTINGS_NAME))
               ? master_take_settings(context, version, bytes, error)
               : STATUS_OK;
}

static bool decode(struct span name, struct span bytes, struct arena *arena,
    struct procedure *out_procedure, enum status *out_status, struct error *error)
{
    *out_status = STATUS_OK;
    if (span_equal(name, SPAN_LITERAL(SETTINGS_NAME)))
        return false;
    *out_status = procedure_decode(bytes, arena, out_procedure, error);
    if (*out_status)
        error_prefix(error, *out_status, "procedure %.*s", (int)name.size, (const char *)name.data);
    return *out_status == STATUS_OK;
}

/* Writes a procedure anew under our epoch; one of a master that was deposed before it wrote goes. */
static enum status adopt(
    void *context, struct span name, uint64_t version, struct span bytes, struct error *error)
{
    struct master *master = context;
    struct procedure procedure;
    struct arena arena = {0};
    struct buffer anew = {0};
    enum status status;
    if (!decode(name, bytes, &arena, &procedure, &status, error)) {
        arena_deinit(&arena);
        return status;
    }
    if (procedure.epoch < master->epoch_before && procedure.epoch > 0) {
        log_line(LOG_WARN, "procedure.drop",
            "id=%" PRIu64 " kind=%s epoch=%" PRIu64 " reason=\"its master had been deposed\"",
            procedure.id, procedure_kind_name(procedure.kind), procedure.epoch);
        status = store_chain_remove(master->store, CHAIN_PROCEDURE, name, error);
        status = status == STATUS_NOT_FOUND ? STATUS_OK : status;
    } else if (procedure.epoch != atomic_load(&master->epoch)) {
        procedure.epoch = atomic_load(&master->epoch);
        procedure_encode(&procedure, &anew);
        status = buffer_status(&anew);
        if (!status)
            status = store_chain_commit(
                master->store, CHAIN_PROCEDURE, name, version + 1, buffer_span(&anew), error);
    }
    buffer_deinit(&anew);
    arena_deinit(&arena);
    return status;
}

#define ADOPT_TRIES 10

/* All that is there becomes ours, and only then our epoch the highest that led (procedure.h). */
static enum status adopt_all(struct master *master, struct error *error)
{
    struct store *store = master->store;
    enum status status = store_chain_list(store, CHAIN_PROCEDURE, take_settings, master, error);
    if (status)
        return status;
    if (master->epoch_before > atomic_load(&master->epoch) && !master->config.is_alone)
        return error_set(error, STATUS_SUPERSEDED, "a master of a later epoch has led");
    for (int tries = 0; tries < ADOPT_TRIES; tries++) { /* the one before us may still be writing */
        status = store_chain_list(store, CHAIN_PROCEDURE, adopt, master, error);
        if (status != STATUS_SUPERSEDED)
            break;
    }
    return status ? status : master_write_settings(master, error);
}

static enum status take_up(
    void *context, struct span name, uint64_t version, struct span bytes, struct error *error)
{
    struct master *master = context;
    struct procedure procedure;
    struct arena arena = {0};
    enum status status;
    if (!decode(name, bytes, &arena, &procedure, &status, error) ||
        procedure.epoch != atomic_load(&master->epoch)) {
        arena_deinit(&arena);
        return status;
    }
    procedure.version = (uint32_t)version;
    if (procedure.id > master->last_procedure_id)
        master->last_procedure_id = procedure.id;
    log_line(LOG_INFO, "procedure.resume", "id=%" PRIu64 " kind=%s step=%u undoing=%d",
        procedure.id, procedure_kind_name(procedure.kind), procedure.step, procedure.is_undoing);
    /* a successor that has not taken the name yet must not be seen under it */
    if (procedure.new_table_id[0]) {
        mutex_lock(&master->catalogue.mutex);
        struct catalogue_table *successor = catalogue_find_id_locked(
            &master->catalogue, procedure.new_table_id);
        struct catalogue_table *old = catalogue_find_id_locked(
            &master->catalogue, procedure.table_id);
        if (successor && old)
            successor->is_hidden = true;
        mutex_unlock(&master->catalogue.mutex);
    }
    if (!procedure_run(master, &procedure, &arena, NULL)) {
        arena_deinit(&arena);
        return error_set(error, STATUS_NO_MEMORY, "no memory for a procedure");
    }
    return STATUS_OK;
}

/* ---- The beginning ---- */

struct assigned_tablet *master_meta_tablet(struct master *master)
{
    return assignment_find(&master->catalogue.assignment, SPAN_LITERAL(META_TABLET_ID));
}

void master_fail_tenure(struct master *master, const struct error *error)
{
    struct error copy = *error;
    log_line(LOG_ERROR, "master.start", "error=\"%s\"", copy.message);
    master->config.ready(master->config.context, copy.status ? copy.status : STATUS_IO, &copy);
    master_depose(master);
}

/* Tablets of enabled tables that are not open get a place. */
static void want_all_open(struct master *master)
{
    for (struct catalogue_table *table = master->catalogue.tables; table; table = table->next)
        for (size_t i = 0; i < table->tablet_count && !table->is_hidden; i++)
            if (table->descriptor.state == TABLE_ENABLED &&
                table->tablets[i]->state != ASSIGNMENT_OPEN)
                master_want_open(master, table->tablets[i]);
    master_assign_idle(master);
}

static void on_healed(void *context, enum status status, const struct error *error)
{
    (void)context;
    if (status && status != STATUS_CANCELLED)
        log_line(LOG_ERROR, "table.heal", "error=\"%s\"", error->message);
}

/* Retires what the manifest says is split or merged; its row goes, for it would hide those of its children. */
static void heal_gone(
    struct master *master, const struct tablet_info *info, struct meta_batch *batch, int64_t now_ms)
{
    struct assigned_tablet *tablet = assignment_find(
        &master->catalogue.assignment, span_string(info->id));
    if ((info->state != TABLET_SPLIT && info->state != TABLET_MERGED) || !tablet ||
        tablet->server || tablet->transition || tablet->lock)
        return;
    master_forget_idle(master, tablet);
    if (catalogue_retire_locked(&master->catalogue, tablet,
            info->state == TABLET_SPLIT ? ASSIGNMENT_SPLIT : ASSIGNMENT_MERGED, now_ms) &&
        batch)
        meta_batch_delete_tablet(batch, tablet->table->descriptor.schema.name, &tablet->info);
}

/* Takes in what was not known, with its row: the check of hbase:meta at the start may have taken it away. */
static bool heal_new(struct master *master, struct catalogue_table *table,
    const struct tablet_info *info, struct meta_batch *batch, int64_t now_ms)
{
    struct assignment *assignment = &master->catalogue.assignment;
    if (assignment_find(assignment, span_string(info->id)) || info->damage)
        return true;
    if (!take_tablet(master, table, info, now_ms))
        return false;
    const struct assigned_tablet *tablet = assignment_find(assignment, span_string(info->id));
    if (batch && tablet->state != ASSIGNMENT_SPLIT && tablet->state != ASSIGNMENT_MERGED)
        meta_batch_put_tablet(batch, table->descriptor.schema.name, &tablet->info,
            assignment_state_name(tablet->state), tablet->server ? &tablet->server->name : NULL,
            tablet->info.open_sequence);
    return true;
}

void master_heal_table(struct master *master, struct catalogue_table *table)
{
    struct tablet_array array = {0};
    struct arena arena = {0};
    struct error error = {0};
    struct meta_batch *batch = meta_batch_new();
    int64_t now = env_wall_ms(master->env);
    enum status status = store_tablet_list(
        master->store, table->descriptor.id, &arena, collect_tablet, &array, &error);
    mutex_lock(&master->catalogue.mutex);
    for (size_t i = 0; i < array.count && !status; i++)
        heal_gone(master, &array.tablets[i], batch, now);
    for (size_t i = 0; i < array.count && !status; i++)
        if (!heal_new(master, table, &array.tablets[i], batch, now))
            status = error_set(&error, STATUS_NO_MEMORY, "no memory for the tablets of a table");
    mutex_unlock(&master->catalogue.mutex);
    if (status)
        log_line(LOG_ERROR, "table.heal", "error=\"%s\"", error.message);
    meta_access_write(master, batch, on_healed, NULL);
    master_sweep(master);
    memory_free(array.tablets);
    arena_deinit(&arena);
}

void master_serve(struct master *master)
{
    log_line(LOG_INFO, "master.serve", "tables=%zu tablets=%zu servers=%zu ms=%" PRIu64,
        master->catalogue.table_count, master->catalogue.assignment.tablet_count,
        master->catalogue.assignment.server_count,
        (env_monotonic_ns(master->env) - master->lead_since_ns) / 1000000);
    master->tenure = TENURE_SERVING;
    load_history_clear(&master->load_history);
    store_collector_enable(master->store, master_setting_is_on(master, SETTING_CLEANER));
    want_all_open(master);
    master_settle_tables(master);
    master_go_on(master);
    atomic_store(&master->is_ready, true);
    master->config.ready(master->config.context, STATUS_OK, NULL);
}

void master_start_meta_seen(struct master *master)
{
    struct assigned_tablet *meta = master_meta_tablet(master);
    if (!master->is_starting_done || master->has_meta_rows || meta->state != ASSIGNMENT_OPEN ||
        meta->transition || meta->server->state != ASSIGNED_SERVER_LIVE ||
        meta->server->absent_since_ns)
        return;
    if (master->config.publish_meta)
        master->config.publish_meta(master->config.context, &meta->server->name);
    master_start_meta_open(master);
}

void master_start_go_on(struct master *master)
{
    struct assigned_tablet *meta = master_meta_tablet(master);
    if (!master->is_starting_done || master->tenure != TENURE_STARTING)
        return;
    if (meta->state != ASSIGNMENT_OPEN && !meta->lock && !meta->transition)
        master_want_open(master, meta);
    master_start_meta_seen(master);
}

void master_start_listed(struct master *master)
{
    struct error error = {0};
    if (master->is_starting_done || master->lists_pending > 0 ||
        assignment_live_count(&master->catalogue.assignment) == 0)
        return;
    master->is_starting_done = true;
    enum status status = adopt_all(master, &error);
    if (!status)
        status = store_chain_list(master->store, CHAIN_PROCEDURE, take_up, master, &error);
    if (status) {
        master_fail_tenure(master, &error);
        return;
    }
    master_hide_twins(master);
    struct assigned_tablet *meta = master_meta_tablet(master);
    master_start_ticking(master);
    master_give_up_absent(master);
    master_start_meta_seen(master);
    if (master->has_meta_rows)
        return;
    /* Else its server comes back, or is given up: either brings it here. */
    if (meta->state != ASSIGNMENT_OPEN)
        master_want_open(master, meta);
    master_assign_idle(master);
}

void master_begin_tenure(struct master *master)
{
    struct error error = {0};
    enum status status = load(master, &error);
    if (status) {
        master_fail_tenure(master, &error);
        return;
    }
    master_servers_changed(master);
    master_start_listed(master);
}
