/* Flushing a whole table: FlushTable of 2.6 clients, and `flush-table-proc` of older ones. */
#include <stdatomic.h>
#include <string.h>

#include "base/limits.h"
#include "base/memory.h"
#include "proto/wire.h"
#include "server/master/master_service.h"

#define FLUSH_SIGNATURE "flush-table-proc"

/* A call that waits for the flushes of a table. */
struct table_flush {
    struct call *call;
    struct span table_name;
    struct span *families; /* none = all */
    size_t family_count;
    bool is_procedure_id_told; /* FlushTable */
    _Atomic size_t pending;
    _Atomic int status; /* the first failure */
};

/* One tablet's part; a command to its server. */
struct tablet_flush {
    struct tablet_command command; /* first */
    struct table_flush *flush;
    struct server_name server;
    char text[SERVER_TEXT_SIZE];
};

static void part_done(struct table_flush *flush, enum status status)
{
    int none = STATUS_OK;
    /* a tablet that is on its way is flushed by its close */
    if (status && status != STATUS_CLOSED && status != STATUS_NOT_FOUND)
        atomic_compare_exchange_strong(&flush->status, &none, status);
    if (atomic_fetch_sub(&flush->pending, 1) != 1)
        return;
    struct call *call = flush->call;
    if (flush->status)
        call_fail(call, EXCEPTION_IO, "flush of %.*s: %s", (int)flush->table_name.size,
            (const char *)flush->table_name.data, status_name((enum status)flush->status));
    else if (flush->is_procedure_id_told)
        wire_put_varint(&call->result, 1, 0);
    else
        wire_put_varint(&call->result, 1, 60000); /* how long to wait, ms: it is done already */
    call_finish(call);
}

static void on_flushed(struct tablet_command *command)
{
    part_done(((struct tablet_flush *)command)->flush, command->status);
}

/* The commands for all open tablets, in the call's arena; the mutex is held. False on no memory. */
static bool make_parts(struct call *call, const struct catalogue_table *table,
    struct table_flush *flush, struct tablet_flush **out_parts, size_t *out_count)
{
    struct tablet_flush *parts = arena_allocate_zeroed(
        &call->arena, table->tablet_count + 1, sizeof *parts);
    size_t count = 0;
    for (size_t i = 0; parts && i < table->tablet_count; i++) {
        const struct assigned_tablet *tablet = table->tablets[i];
        if (tablet->state != ASSIGNMENT_OPEN)
            continue;
        struct tablet_flush *part = &parts[count++];
        part->flush = flush;
        memcpy(part->text, tablet->server->text, sizeof part->text);
        part->server = tablet->server->name;
        part->server.host = span_make(part->text, tablet->server->name.host.size);
        part->command.kind = TABLET_COMMAND_FLUSH;
        part->command.server = &part->server;
        part->command.epoch = master_epoch(call->service->master);
        memcpy(part->command.tablet.id, tablet->info.id, sizeof tablet->info.id);
        memcpy(part->command.tablet.table_id, tablet->info.table_id, sizeof tablet->info.table_id);
        part->command.done = on_flushed;
    }
    *out_parts = parts;
    *out_count = count;
    return parts != NULL;
}

/* Judges the table and starts. Every family is flushed, also when some are named. */
static enum call_outcome start(struct call *call, struct table_flush *flush)
{
    struct catalogue *catalogue = master_catalogue(call->service->master);
    struct span name = flush->table_name;
    mutex_lock(&catalogue->mutex);
    struct catalogue_table *table = catalogue_find_locked(catalogue, name);
    bool is_enabled = table && table->descriptor.state == TABLE_ENABLED;
    struct buffer missing = {0};
    struct tablet_flush *parts = NULL;
    size_t count = 0;
    bool is_made = is_enabled && make_parts(call, table, flush, &parts, &count);
    for (size_t i = 0; table && i < flush->family_count; i++) {
        if (table_schema_family(&table->descriptor.schema, flush->families[i]))
            continue;
        buffer_put(&missing, missing.size ? SPAN_LITERAL(", ") : SPAN_EMPTY);
        buffer_put(&missing, flush->families[i]);
    }
    mutex_unlock(&catalogue->mutex);
    if (!table)
        call_fail(call, EXCEPTION_TABLE_NOT_FOUND, "%.*s", (int)name.size, (const char *)name.data);
    else if (!is_enabled)
        call_fail(
            call, EXCEPTION_TABLE_NOT_ENABLED, "%.*s", (int)name.size, (const char *)name.data);
    else if (missing.size)
        call_fail(call, EXCEPTION_NO_SUCH_FAMILY,
            "Column families [%.*s] don't exist in table %.*s", (int)missing.size,
            (const char *)missing.data, (int)name.size, (const char *)name.data);
    else if (!is_made)
        call_fail(call, EXCEPTION_IO, "no memory for the call");
    bool is_refused = !is_enabled || missing.size > 0 || !is_made;
    buffer_deinit(&missing);
    if (is_refused)
        return CALL_DONE;
    flush->call = call;
    atomic_store(&flush->pending, count + 1);
    struct tablet_link *link = master_get_config(call->service->master)->link;
    for (size_t i = 0; i < count; i++)
        tablet_link_send(link, &parts[i].command);
    part_done(flush, STATUS_OK);
    return CALL_PENDING;
}

static struct table_flush *new_flush(struct call *call)
{
    if (!call_own(call))
        return NULL;
    struct table_flush *flush = arena_allocate_zeroed(&call->arena, 1, sizeof *flush);
    if (flush)
        flush->families = arena_allocate_zeroed(
            &call->arena, LIMIT_FAMILIES, sizeof *flush->families);
    if (!flush || !flush->families) {
        call_fail(call, EXCEPTION_IO, "no memory for the call");
        return NULL;
    }
    return flush;
}

enum call_outcome master_flush_table(struct call *call)
{
    struct table_flush *flush = new_flush(call);
    struct wire_field field;
    if (!flush || !master_field_table(call, 1, &flush->table_name))
        return CALL_DONE;
    struct span in = call->param;
    while (wire_take(&in, &field) == STATUS_OK && flush->family_count < LIMIT_FAMILIES)
        if (wire_is(&field, 2, WIRE_BYTES))
            flush->families[flush->family_count++] = field.bytes;
    flush->is_procedure_id_told = true;
    return start(call, flush);
}

/* ProcedureDescription {signature 1, instance 2, creation_time 3, configuration 4 (NameStringPair)}. */
static bool take_description(
    struct call *call, struct span *out_signature, struct table_flush *flush)
{
    struct span in = SPAN_EMPTY, name, value;
    struct wire_field field;
    master_field_bytes(call, 1, &in);
    *out_signature = SPAN_EMPTY;
    while (wire_take(&in, &field) == STATUS_OK) {
        if (wire_is(&field, 1, WIRE_BYTES))
            *out_signature = field.bytes;
        else if (wire_is(&field, 2, WIRE_BYTES))
            flush->table_name = field.bytes;
        else if (wire_is(&field, 4, WIRE_BYTES) && !wire_read_pair(field.bytes, &name, &value) &&
                 span_equal(name, SPAN_LITERAL("family"))) {
            while (value.size && flush->family_count < LIMIT_FAMILIES) {
                size_t comma = span_find(value, ',');
                size_t size = comma == SIZE_MAX ? value.size : comma;
                flush->families[flush->family_count++] = span_slice(value, 0, size);
                value = comma == SIZE_MAX ? SPAN_EMPTY
                                          : span_slice(value, size + 1, value.size - size - 1);
            }
        }
    }
    return span_equal(*out_signature, SPAN_LITERAL(FLUSH_SIGNATURE));
}

enum call_outcome master_exec_procedure(struct call *call)
{
    struct span signature;
    struct table_flush *flush = new_flush(call);
    if (!flush)
        return CALL_DONE;
    if (!take_description(call, &signature, flush))
        return call_fail(call, EXCEPTION_DO_NOT_RETRY_IO, "The procedure is not registered: %.*s",
            (int)signature.size, (const char *)signature.data);
    return start(call, flush);
}

/* ExecProcedure answers when the flush is done. */
enum call_outcome master_is_procedure_done(struct call *call)
{
    wire_put_bool(&call->result, 1, true);
    return CALL_DONE;
}
