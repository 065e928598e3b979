#include "client/table.h"

#include "base/memory.h"
#include "client/call.h"
#include "client/meta.h"
#include "client/server.h"

enum { FILL_ROWS = 500 }; /* regions that one look-up of a fresh table fetches at most */

static void locate_next(struct loop_task *task);

struct stele_table *table_find(struct stele_client *client, struct span name)
{
    client_lock(client);
    struct stele_table *table = client->tables;
    while (table && !span_equal(table->name, name))
        table = table->next;
    if (!table && (table = memory_allocate_zeroed(1, sizeof(*table) + name.size + 1))) {
        memcpy(table->name_text, name.data, name.size);
        table->name = span_make(table->name_text, name.size);
        table->client = client;
        table->locate_task.run = locate_next;
        table->next = client->tables;
        client->tables = table;
    }
    client_unlock(client);
    return table;
}

void table_free(struct stele_table *table)
{
    region_map_deinit(&table->regions);
    memory_free(table);
}

/* ---- waiters ---- */

static bool is_known(struct stele_table *table, const struct locate_waiter *waiter)
{
    struct region *region = waiter->is_before ? region_map_find_before(&table->regions, waiter->row)
                                              : region_map_find(&table->regions, waiter->row);
    return region && region->server;
}

void table_locate(struct stele_table *table, struct locate_waiter *waiter)
{
    struct locate_waiter **last = &table->waiters;
    while (*last)
        last = &(*last)->next;
    waiter->next = NULL;
    *last = waiter;
    if (!table->is_locating) {
        table->is_locating = true;
        loop_defer(&table->client->loop, &table->locate_task);
    }
}

void table_forget_waiter(struct stele_table *table, struct locate_waiter *waiter)
{
    for (struct locate_waiter **at = &table->waiters; *at; at = &(*at)->next) {
        if (*at == waiter) {
            *at = waiter->next;
            return;
        }
    }
}

void table_fail_waiters(struct stele_table *table, const struct failure *failure)
{
    struct locate_waiter *waiter = table->waiters;
    table->waiters = NULL;
    while (waiter) {
        struct locate_waiter *next = waiter->next;
        waiter->ready(waiter, failure);
        waiter = next;
    }
}

/* Lets go all waiters that the map can answer, and the first one anyway if `lets_first_go`: it will
 * see that its region is nowhere now. */
static void release_waiters(struct stele_table *table, bool lets_first_go)
{
    struct locate_waiter *all = table->waiters, *kept = NULL, **last = &kept;
    table->waiters = NULL;
    while (all) {
        struct locate_waiter *waiter = all;
        all = all->next;
        if (lets_first_go || is_known(table, waiter)) {
            lets_first_go = false;
            waiter->ready(waiter, NULL);
        } else {
            waiter->next = NULL;
            *last = waiter;
            last = &waiter->next;
        }
    }
    *last = table->waiters; /* those that came meanwhile */
    table->waiters = kept;
}

static void end_look_up(struct stele_table *table, const struct failure *failure)
{
    if (failure) {
        struct failure final = *failure;
        if (final.kind != EXCEPTION_FATAL)
            final.kind = EXCEPTION_DO_NOT_RETRY; /* it was retried already */
        table_fail_waiters(table, &final);
    }
    if (table->waiters) {
        loop_defer(&table->client->loop, &table->locate_task);
        return;
    }
    table->is_locating = false;
}

/* ---- hbase:meta itself ---- */

static void on_meta_place(void *context, const struct failure *failure, struct span host,
    uint32_t port, uint64_t start_code)
{
    struct stele_table *table = context;
    struct server *server = failure ? NULL : server_find(table->client, host, port, start_code);
    struct region *region = server ? region_new(SPAN_LITERAL(META_REGION_NAME), SPAN_EMPTY,
                                         SPAN_EMPTY, server, 0)
                                   : NULL;
    if (failure) {
        table_fail_waiters(table, failure); /* these retry themselves */
        end_look_up(table, NULL);
        return;
    }
    if (region)
        region_map_add(&table->regions, region);
    region_unref(region);
    release_waiters(table, true);
    end_look_up(table, NULL);
}

/* ---- other tables ---- */

struct look_up {
    struct stele_table *table;
    bool has_state;
    bool has_region;
    enum stele_table_state state;
};

static void add_row(void *context, const struct meta_row *row)
{
    struct look_up *look_up = context;
    struct stele_table *table = look_up->table;
    if (row->is_table && span_equal(row->name, table->name)) {
        look_up->has_state = true;
        look_up->state = row->table_state;
    }
    if (row->is_table || !span_equal(row->info.table, table->name) || row->info.is_split ||
        row->info.is_offline)
        return;
    look_up->has_region = true;
    if (row->host.size == 0)
        return;
    struct server *server = server_find(table->client, row->host, row->port, row->start_code);
    struct region *region = server ? region_new(row->name, row->info.start_key, row->info.end_key,
                                         server, row->open_sequence)
                                   : NULL;
    if (region)
        region_map_add(&table->regions, region);
    region_unref(region);
}

/* What a look-up that scanned the table's state and first regions says against reading the table at
 * all. */
static bool check_state(const struct look_up *look_up, struct failure *failure)
{
    const char *name = look_up->table->name_text;
    const char *class_name = NULL;
    if (!look_up->has_state && !look_up->has_region) {
        class_name = EXCEPTION_TABLE_NOT_FOUND;
        failure_init(failure, EXCEPTION_DO_NOT_RETRY, STELE_NOT_FOUND, "%s", name);
    } else if (look_up->has_state &&
               (look_up->state == STELE_DISABLED || look_up->state == STELE_DISABLING)) {
        class_name = EXCEPTION_TABLE_NOT_ENABLED;
        failure_init(failure, EXCEPTION_DO_NOT_RETRY, STELE_WRONG_STATE, "%s is disabled.", name);
    }
    if (class_name)
        memcpy(failure->error.exception_class, class_name, strlen(class_name) + 1);
    return class_name == NULL;
}

static void on_meta_rows(struct call *call, const struct failure *failure,
    const struct response_frame *answer, struct block *block)
{
    struct stele_table *table = call->context;
    enum meta_scan kind = (enum meta_scan)call->kind;
    struct look_up look_up = {.table = table};
    struct failure wrong;
    struct meta_answer rows;
    struct error error;
    (void)block;
    if (failure) {
        end_look_up(table, failure);
        return;
    }
    if (meta_answer_decode(answer->result, answer->cell_block, &table->client->scratch, add_row,
            &look_up, &rows, &error)) {
        failure_init(
            &wrong, EXCEPTION_DO_NOT_RETRY, STELE_PROTOCOL, "hbase:meta: %s", error.message);
        end_look_up(table, &wrong);
        return;
    }
    bool has_more = kind == META_SCAN_TABLE && rows.has_more;
    if (kind == META_SCAN_TABLE) {
        table->is_filled = true;
        table->is_suspect = false;
        if (!check_state(&look_up, &wrong)) {
            table->is_filled = false;
            end_look_up(table, &wrong);
            return;
        }
    } else if (!look_up.has_region) {
        table->is_suspect = true; /* perhaps dropped: the next look-up will tell */
    }
    release_waiters(table, !has_more);
    end_look_up(table, NULL);
}

static void look_up_in_meta(struct stele_table *table, const struct locate_waiter *waiter)
{
    struct stele_client *client = table->client;
    enum meta_scan kind = !table->is_filled || table->is_suspect ? META_SCAN_TABLE
                          : waiter->is_before                    ? META_SCAN_BEFORE
                                                                 : META_SCAN_ROW;
    struct call *call = client_call_new(
        client, CALL_TO_ROW, SERVICE_CLIENT, "Scan", on_meta_rows, table);
    struct failure failure;
    if (!call) {
        failure_init(
            &failure, EXCEPTION_DO_NOT_RETRY, STELE_NO_MEMORY, "no memory to find a region");
        end_look_up(table, &failure);
        return;
    }
    call->table = client->meta;
    call->kind = (int)kind;
    meta_scan_encode(&call->body, kind, table->name, waiter->row, SPAN_EMPTY, FILL_ROWS);
    call_start(call);
}

static void locate_next(struct loop_task *task)
{
    struct stele_table *table =
        (struct stele_table *)(void *)((char *)task - offsetof(struct stele_table, locate_task));
    struct stele_client *client = table->client;
    struct failure failure;
    release_waiters(table, false);
    if (!table->waiters) {
        table->is_locating = false;
    } else if (client->is_closing) {
        failure_init(&failure, EXCEPTION_FATAL, STELE_CANCELLED, "the client is closing");
        end_look_up(table, &failure);
    } else if (table != client->meta) {
        look_up_in_meta(table, table->waiters);
    } else if (!registry_ask(client, REGISTRY_META, on_meta_place, table)) {
        failure_init(
            &failure, EXCEPTION_DO_NOT_RETRY, STELE_NO_MEMORY, "no memory to find hbase:meta");
        end_look_up(table, &failure);
    }
}
