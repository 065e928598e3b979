/* Tablets whose newest manifest is damaged: nothing is known of them but their id.
 *
 *   manifests --damaged--> noted with their table --a row of hbase:meta says the range--> FAILED_OPEN, like a tablet
 *                             |                                                           with any damaged file
 *                             `--LIST: a server has it open--> OPEN there: its next manifest is a whole one
 *
 * So one of them keeps no master from leading, and holds up no other tablet. One that has no row was split or merged, or
 * hbase:meta was lost too: when rows of its table are nobody's it is shown (master_tasks.c). hbase:meta's own cannot be
 * told from its rows: that tenure fails, and `stele fsck --repair` makes the table anew.
 *
 * A damaged file of hbase:meta shows when it is opened, or only when its rows are read. The tenure does not serve then, but goes
 * on trying (the file may come back), and says why: to who asks for the cluster's status, and with each call that it
 * refuses. Who is alone in a directory (standalone) ends with the reason. */
#include <string.h>

#include "base/limits.h"
#include "base/log_lines.h"
#include "proto/region.h"
#include "proto/znode.h"
#include "server/master/master_internal.h"

/* What we believe of it: open where a server has it, else not to be opened. */
static void set_believed_locked(struct master *master, struct assigned_tablet *tablet,
    const char *why, struct assigned_server *server, int64_t now_ms)
{
    tablet->is_manifest_closed = false;
    assignment_set(&master->catalogue.assignment, tablet,
        server ? ASSIGNMENT_OPEN : ASSIGNMENT_FAILED_OPEN, server, now_ms);
    assigned_tablet_set_failure(tablet, server ? NULL : why);
}

/* Rows of it are another's already. */
static bool is_overlapped(const struct catalogue_table *table, const struct tablet_info *info)
{
    for (size_t i = 0; i < table->tablet_count; i++) {
        const struct tablet_info *one = &table->tablets[i]->info;
        if ((one->end_row.size == 0 || span_compare(info->start_row, one->end_row) < 0) &&
            (info->end_row.size == 0 || span_compare(one->start_row, info->end_row) < 0))
            return true;
    }
    return false;
}

bool master_note_damaged_locked(struct master *master, struct catalogue_table *table,
    const struct tablet_info *info, int64_t now_ms)
{
    if (assignment_find(&master->catalogue.assignment, span_string(info->id)) ||
        master_find_damaged(table, span_string(info->id)))
        return true;
    if (info->region_id > 0 && is_overlapped(table, info))
        return true; /* it was split or merged long ago: those who came of it hold its rows */
    log_line(LOG_ERROR, "tablet.damaged", "tablet=%s table=%.*s error=\"%s\"", info->id,
        (int)table->descriptor.schema.name.size, (const char *)table->descriptor.schema.name.data,
        info->damage);
    if (info->region_id > 0) { /* as its parent says */
        struct assigned_tablet *tablet = catalogue_add_tablet_locked(
            &master->catalogue, table, info, now_ms);
        if (tablet)
            set_believed_locked(master, tablet, info->damage, NULL, now_ms);
        return tablet != NULL;
    }
    struct damaged_tablet *damaged = arena_allocate_zeroed(&table->arena, 1, sizeof *damaged);
    char *why = arena_copy_string(&table->arena, span_string(info->damage));
    if (!damaged || !why)
        return false;
    memcpy(damaged->id, info->id, sizeof damaged->id);
    damaged->why = why;
    damaged->since_ms = now_ms;
    damaged->next = table->damaged;
    table->damaged = damaged;
    return true;
}

struct damaged_tablet *master_find_damaged(const struct catalogue_table *table, struct span id)
{
    struct damaged_tablet *one = table->damaged;
    while (one && (one->is_placed || !span_equal(span_string(one->id), id)))
        one = one->next;
    return one;
}

void master_damaged_is_listed_locked(struct master *master, const struct assigned_server *server,
    const struct tablet_presence *presence)
{
    struct catalogue_table *table = catalogue_find_id_locked(
        &master->catalogue, presence->table_id);
    struct damaged_tablet *damaged = table ? master_find_damaged(table, span_string(presence->id))
                                           : NULL;
    if (!damaged || presence->state != SERVED_OPEN)
        return;
    memcpy(damaged->server, server->text, sizeof damaged->server);
    damaged->open_sequence = presence->open_sequence;
}

/* False: no region of it. */
static bool take_region(struct span message, const struct damaged_tablet *damaged,
    const struct catalogue_table *table, struct tablet_info *out_info, bool *out_is_split)
{
    uint8_t storage[LIMIT_TABLE_NAME_SIZE];
    struct region_info region;
    struct span magic = SPAN_LITERAL(PBUF_MAGIC);
    if (!span_starts_with(message, magic) ||
        region_info_decode(
            span_slice(message, magic.size, message.size - magic.size), storage, &region, NULL) ||
        region.region_id == 0)
        return false;
    *out_info = (struct tablet_info){.region_id = region.region_id,
        .start_row = region.start_key,
        .end_row = region.end_key,
        .open_sequence = damaged->open_sequence,
        .state = TABLET_CLOSED};
    memcpy(out_info->id, damaged->id, sizeof out_info->id);
    memcpy(out_info->table_id, table->descriptor.id, sizeof out_info->table_id);
    *out_is_split = region.is_split;
    return true;
}

struct assigned_tablet *master_place_damaged(struct master *master, struct catalogue_table *table,
    struct damaged_tablet *damaged, struct span region_message, bool *out_is_gone)
{
    struct tablet_info info;
    int64_t now_ms = env_wall_ms(master->env);
    bool is_split = false;
    if (!take_region(region_message, damaged, table, &info, &is_split))
        return NULL;
    *out_is_gone = is_split || is_overlapped(table, &info);
    if (*out_is_gone)
        return NULL;
    mutex_lock(&master->catalogue.mutex);
    struct assigned_tablet *tablet = catalogue_add_tablet_locked(
        &master->catalogue, table, &info, now_ms);
    if (tablet) {
        struct assigned_server *server = assignment_find_server(
            &master->catalogue.assignment, span_string(damaged->server));
        bool is_open = server && server->state == ASSIGNED_SERVER_LIVE;
        damaged->is_placed = true;
        set_believed_locked(master, tablet, damaged->why, is_open ? server : NULL, now_ms);
    }
    mutex_unlock(&master->catalogue.mutex);
    return tablet;
}

void master_hold_up(struct master *master, const char *what, const struct error *error)
{
    struct error why = {0};
    bool is_damaged = error->status == STATUS_CORRUPT || error->status == STATUS_INVALID;
    (void)error_set(&why, error->status, "hbase:meta cannot be %s%s: %s", what,
        is_damaged ? " (stele fsck --repair makes it anew)" : "", error->message);
    if (master->config.is_alone && (is_damaged || error->status == STATUS_NEWER_FORMAT)) {
        master_fail_tenure(master, &why);
        return;
    }
    mutex_lock(&master->results_mutex);
    master->held_up_error = why;
    mutex_unlock(&master->results_mutex);
    int64_t none = 0;
    if (atomic_compare_exchange_strong(&master->held_up_since_ms, &none, env_wall_ms(master->env)))
        log_line(LOG_ERROR, "master.held_up", "error=\"%s\"", why.message);
}

void master_go_on(struct master *master)
{
    atomic_store(&master->held_up_since_ms, 0);
}

int64_t master_held_up_since_ms(const struct master *master)
{
    return atomic_load(&master->held_up_since_ms);
}

bool master_is_held_up(struct master *master, struct error *out_why)
{
    if (master_held_up_since_ms(master) == 0)
        return false;
    mutex_lock(&master->results_mutex);
    *out_why = master->held_up_error;
    mutex_unlock(&master->results_mutex);
    return true;
}
