#include "server/master/tablet_opening.h"

#include <string.h>

#include "base/memory.h"

struct tablet_opening {
    struct task task;
    struct master *master;
    struct tablet_info info;
    enum tablet_opening_mode mode;
    void (*done)(void *context, enum status status, const struct error *error);
    void *context;
};

static void finish(struct tablet_opening *opening, enum status status, const struct error *error)
{
    opening->done(opening->context, status, error);
    memory_free(opening);
}

static void on_row_written(void *context, enum status status, const struct error *error)
{
    finish(context, status, error);
}

static void tell_meta(struct tablet_opening *opening, struct span table_name)
{
    struct master *master = opening->master;
    struct served_tablet *served = NULL;
    struct region_specifier specifier = {span_string(opening->info.id), true};
    struct meta_batch *batch = meta_batch_new();
    struct error error = {0};
    uint64_t open_sequence = 0;
    if (!batch) {
        finish(opening, error_set(&error, STATUS_NO_MEMORY, "no memory for a row of hbase:meta"),
            &error);
        return;
    }
    if (tablet_service_find(master->tablets, specifier, &served) == TABLET_FOUND) {
        open_sequence = tablet_get_info(served->tablet)->open_sequence;
        served_tablet_unref(served);
    }
    meta_batch_put_tablet(batch, table_name, &opening->info, "OPEN", &master->name, open_sequence);
    meta_batch_send(batch, master->meta->tablet, on_row_written, opening);
}

/* The schema in force now, and its version; copied, for the catalogue may change it meanwhile. */
static enum status copy_schema(struct tablet_opening *opening, struct arena *arena,
    struct table_schema *out_schema, uint64_t *out_version, struct error *error)
{
    struct catalogue *catalogue = &opening->master->catalogue;
    enum status status = STATUS_NOT_FOUND;
    mutex_lock(&catalogue->mutex);
    struct catalogue_table *table = catalogue_find_id_locked(catalogue, opening->info.table_id);
    if (table) {
        *out_version = table->descriptor.version;
        status = table_schema_copy(arena, &table->descriptor.schema, out_schema, error);
    }
    mutex_unlock(&catalogue->mutex);
    return table ? status : error_set(error, STATUS_NOT_FOUND, "its table is gone");
}

/* An alter may have changed the schema while the tablet was being opened with the earlier one. */
static enum status catch_up(struct tablet_opening *opening, struct arena *arena,
    struct table_schema *schema, uint64_t version, struct error *error)
{
    for (;;) {
        struct served_tablet *served = NULL;
        struct region_specifier specifier = {span_string(opening->info.id), true};
        uint64_t opened_with = version;
        enum status status = copy_schema(opening, arena, schema, &version, error);
        if (status || version == opened_with)
            return status;
        if (tablet_service_find(opening->master->tablets, specifier, &served) != TABLET_FOUND)
            return STATUS_OK;
        status = tablet_set_schema(served->tablet, schema, error);
        served_tablet_unref(served);
        if (status)
            return status;
    }
}

static void run(struct task *task)
{
    struct tablet_opening *opening = (struct tablet_opening *)task;
    struct tablet_service *tablets = opening->master->tablets;
    struct table_schema schema;
    struct arena arena = {0};
    struct error error = {0};
    uint64_t version = 0;
    bool was_open = false;
    enum status status = copy_schema(opening, &arena, &schema, &version, &error);
    if (!status) {
        if (opening->mode != TABLET_OPENING_BEGUN)
            status = tablet_service_begin_open(tablets, &schema, &opening->info);
        was_open = status == STATUS_EXISTS;
        if (was_open)
            status = STATUS_OK;
        else if (!status)
            status = tablet_service_open(
                tablets, opening->info.id, opening->info.table_id, &schema, &error);
    }
    if (!status && !was_open)
        status = catch_up(opening, &arena, &schema, version, &error);
    if (status) {
        error_prefix(&error, status, "open tablet %s", opening->info.id);
        finish(opening, status, &error);
    } else if (was_open && opening->mode == TABLET_OPENING_ENSURE) {
        finish(opening, STATUS_OK, &error);
    } else {
        tell_meta(opening, schema.name);
    }
    arena_deinit(&arena);
}

enum status tablet_opening_start(struct master *master, const struct tablet_info *info,
    enum tablet_opening_mode mode,
    void (*done)(void *context, enum status status, const struct error *error), void *context)
{
    struct tablet_opening *opening = memory_allocate_zeroed(1, sizeof *opening);
    if (!opening)
        return STATUS_NO_MEMORY;
    *opening = (struct tablet_opening){.task = {.run = run},
        .master = master,
        .info = *info,
        .mode = mode,
        .done = done,
        .context = context};
    executor_submit(store_workers(master->store), &opening->task);
    return STATUS_OK;
}
