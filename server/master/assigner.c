/* The assigner: opens tablets that should be open and are nowhere. They are in one list, hbase:meta first; each is
 * placed, opened (tablet_transition.h), and on failure tried again after a pause that grows, for ever: a tablet that
 * cannot be opened stays FAILED_OPEN, is shown so, and holds up no other. */
#include <string.h>

#include "base/log_lines.h"
#include "base/memory.h"
#include "server/master/balancer.h"
#include "server/master/placement.h"

#define ASSIGNING_MOST 512 /* at a time; hbase:meta besides, for all others may be waiting for it */
#define BATCH          256

struct assigned_server *master_pick_server(
    struct master *master, const struct assigned_server *except)
{
    struct assigned_server *best = NULL, *draining = NULL;
    for (struct assigned_server *one = master->catalogue.assignment.servers; one; one = one->next) {
        if (one == except || one->state != ASSIGNED_SERVER_LIVE || one->absent_since_ns)
            continue;
        struct assigned_server **least = one->is_draining ? &draining : &best;
        if (!*least || one->tablet_count < (*least)->tablet_count)
            *least = one;
    }
    return best ? best : draining;
}

void master_place(struct master *master, struct assigned_tablet **tablets, size_t count,
    struct assigned_server **out_servers)
{
    struct arena arena = {0};
    struct master_view view;
    uint32_t *indexes = arena_allocate_zeroed(&arena, count ? count : 1, sizeof *indexes);
    uint32_t *servers = arena_allocate_zeroed(&arena, count ? count : 1, sizeof *servers);
    bool is_placed = indexes && servers && master_view_make(master, &arena, &view);
    for (size_t i = 0; is_placed && i < count; i++)
        indexes[i] = tablets[i]->index;
    is_placed = is_placed && placement_choose(&view.view, indexes, count, ++master->plans, &arena,
                                 servers) == STATUS_OK;
    for (size_t i = 0; i < count; i++)
        out_servers[i] = is_placed ? view.servers[servers[i]] : master_pick_server(master, NULL);
    arena_deinit(&arena);
}

/* True when it should be open now. */
static bool should_be_open(const struct assigned_tablet *tablet)
{
    const struct catalogue_table *table = tablet->table;
    return table && !table->is_hidden && table->descriptor.state == TABLE_ENABLED &&
           tablet->state != ASSIGNMENT_OPEN && tablet->state != ASSIGNMENT_SPLIT &&
           tablet->state != ASSIGNMENT_MERGED && !tablet->is_unassigned;
}

static bool is_meta(const struct assigned_tablet *tablet)
{
    return strcmp(tablet->info.id, META_TABLET_ID) == 0;
}

void master_want_open(struct master *master, struct assigned_tablet *tablet)
{
    if (tablet->is_idle)
        return;
    tablet->is_idle = true;
    if (is_meta(tablet)) {
        tablet->idle_next = master->idle;
        master->idle = tablet;
        if (!tablet->idle_next)
            master->idle_end = &tablet->idle_next;
    } else {
        tablet->idle_next = NULL;
        *master->idle_end = tablet;
        master->idle_end = &tablet->idle_next;
    }
}

static void unlink_idle(struct master *master, struct assigned_tablet **at)
{
    struct assigned_tablet *tablet = *at;
    *at = tablet->idle_next;
    if (!*at)
        master->idle_end = at;
    tablet->is_idle = false;
    tablet->idle_next = NULL;
}

void master_forget_idle(struct master *master, struct assigned_tablet *tablet)
{
    if (!tablet->is_idle)
        return;
    struct assigned_tablet **at = &master->idle;
    while (*at != tablet)
        at = &(*at)->idle_next;
    unlink_idle(master, at);
}

void master_sweep(struct master *master)
{
    for (struct catalogue_table *table = master->catalogue.tables; table; table = table->next) {
        if (table->lock || table->is_hidden || table->descriptor.state != TABLE_ENABLED)
            continue;
        for (size_t i = 0; i < table->tablet_count; i++) {
            struct assigned_tablet *one = table->tablets[i];
            if (!one->lock && !one->transition && should_be_open(one))
                master_want_open(master, one);
        }
    }
}

struct assigning {
    struct master *master;
    struct assigned_tablet *tablet;
};

static void on_opened(void *context, enum status status, const struct error *error)
{
    struct assigning *assigning = context;
    struct master *master = assigning->master;
    struct assigned_tablet *tablet = assigning->tablet;
    memory_free(assigning);
    master->assigning--;
    tablet->table->assigning_count--;
    if (status == STATUS_CANCELLED || master_is_over(master))
        return;
    if (status == STATUS_WRONG_STATE && master->tenure == TENURE_SERVING) {
        master_heal_table(master, tablet->table);
    } else if (status) {
        log_line(LOG_ERROR, "tablet.assign", "tablet=%s error=\"%s\"", tablet->info.id,
            error ? error->message : "");
        master_want_open(master, tablet);
        if (is_meta(tablet) && master->tenure == TENURE_STARTING)
            master_hold_up(master, "opened", error);
    } else if (is_meta(tablet)) {
        master_go_on(master); /* until it cannot be read */
    }
    if (is_meta(tablet))
        master_start_meta_open(master);
    master_wake(master);
    if (master->has_more_idle && master->assigning <= ASSIGNING_MOST - BATCH)
        master_assign_idle(master);
}

static void assign(
    struct master *master, struct assigned_tablet *tablet, struct assigned_server *server)
{
    struct transition_wish wish = {.kind = TRANSITION_OPEN, .server = server};
    struct assigning *assigning = memory_allocate_zeroed(1, sizeof *assigning);
    if (!assigning) {
        master_want_open(master, tablet);
        return;
    }
    assigning->master = master;
    assigning->tablet = tablet;
    master->assigning++;
    tablet->table->assigning_count++;
    transition_start(master, tablet, &wish, on_opened, assigning);
}

/* Takes up to `room` of those that may be opened now off the list. */
static size_t take_idle(struct master *master, struct assigned_tablet **out_tablets, size_t room)
{
    uint64_t now_ns = env_monotonic_ns(master->env);
    struct assigned_tablet **at = &master->idle;
    size_t count = 0;
    while (*at && count < room) {
        struct assigned_tablet *tablet = *at;
        bool is_taken = tablet->lock || tablet->transition || tablet->table->lock;
        if (!is_taken && !should_be_open(tablet)) {
            bool may_come = tablet->table->descriptor.state == TABLE_ENABLING;
            if (!may_come || tablet->state == ASSIGNMENT_OPEN) {
                unlink_idle(master, at);
                continue;
            }
        } else if (!is_taken && tablet->retry_ns <= now_ns) {
            unlink_idle(master, at);
            out_tablets[count++] = tablet;
            continue;
        }
        at = &tablet->idle_next;
    }
    return count;
}

static size_t room_to_assign(const struct master *master)
{
    size_t room = master->assigning < ASSIGNING_MOST ? ASSIGNING_MOST - master->assigning : 0;
    if (room == 0 && master->idle && is_meta(master->idle))
        room = 1;
    return room < BATCH ? room : BATCH;
}

void master_assign_idle(struct master *master)
{
    struct assigned_tablet *tablets[BATCH];
    struct assigned_server *servers[BATCH];
    size_t room;
    if (!master->is_starting_done)
        return; /* procedures of the tenure before do not have their locks yet */
    while ((room = room_to_assign(master)) > 0 && master_pick_server(master, NULL)) {
        size_t count = take_idle(master, tablets, room);
        master->has_more_idle = count == room; /* else those left are not to be opened yet */
        if (count == 0)
            return;
        master_place(master, tablets, count, servers);
        for (size_t i = 0; i < count; i++)
            assign(master, tablets[i], servers[i]);
    }
}
