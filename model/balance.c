#include "model/balance.h"

#include <math.h>

#include "model/target_list.h"

/* The best that a server can give now. */
struct offer {
    double gain; /* 0 or below: nothing worth it */
    uint32_t tablet, to;
    bool is_pressing; /* something that it could give is worth waking for */
};

struct balance {
    const struct cluster_view *view;
    const struct balance_settings *settings;
    struct cluster_weights weights;
    struct target_list targets;
    uint32_t *first; /* of a server's tablets in by_server; its last + 1 is first[server + 1] */
    uint32_t *by_server;
    uint32_t *given, *taken; /* moves of this plan, by server */
    bool *is_moved;          /* by tablet: in this plan */
    struct offer *offers;    /* by server */
    uint32_t *queue;         /* a heap of the servers with an offer, best first */
    size_t queue_count;
    struct balance_plan *plan;
};

struct balance_settings balance_settings_default(void)
{
    return (struct balance_settings){
        .wake = 0.15, .slack = 0.1, .settle_s = 60, .moves = 64, .moves_per_server = 8};
}

/* ---- Preparation ---- */

/* Tablets by the server where they are, by counting: first[s + 1] begins where s's tablets do, and ends where they
 * end, which is where those of s + 1 begin. */
static bool group_by_server(struct balance *balance, struct arena *arena)
{
    const struct cluster_view *view = balance->view;
    size_t servers = view->server_count;
    uint32_t *first = arena_allocate_zeroed(arena, servers + 2, sizeof *first);
    uint32_t *by_server = arena_allocate_zeroed(arena, view->tablet_count + 1, sizeof *by_server);
    if (!first || !by_server)
        return false;
    for (size_t i = 0; i < view->tablet_count; i++)
        if (view->tablets[i].server < servers)
            first[view->tablets[i].server + 2]++;
    for (size_t s = 2; s <= servers; s++)
        first[s] += first[s - 1];
    for (size_t i = 0; i < view->tablet_count; i++)
        if (view->tablets[i].server < servers)
            by_server[first[view->tablets[i].server + 1]++] = (uint32_t)i;
    balance->first = first;
    balance->by_server = by_server;
    return true;
}

static bool prepare(struct balance *balance, struct arena *arena)
{
    const struct cluster_view *view = balance->view;
    size_t servers = view->server_count;
    balance->given = arena_allocate_zeroed(arena, servers + 1, sizeof *balance->given);
    balance->taken = arena_allocate_zeroed(arena, servers + 1, sizeof *balance->taken);
    balance->offers = arena_allocate_zeroed(arena, servers + 1, sizeof *balance->offers);
    balance->queue = arena_allocate_zeroed(arena, servers + 1, sizeof *balance->queue);
    balance->is_moved = arena_allocate_zeroed(
        arena, view->tablet_count + 1, sizeof *balance->is_moved);
    size_t most = balance->settings->moves < view->tablet_count ? balance->settings->moves
                                                                : view->tablet_count;
    balance->plan->moves = arena_allocate_zeroed(arena, most + 1, sizeof *balance->plan->moves);
    return balance->given && balance->taken && balance->offers && balance->queue &&
           balance->is_moved && balance->plan->moves && group_by_server(balance, arena) &&
           !cluster_weights_make(view, NULL, VIEW_ALIVE, arena, &balance->weights) &&
           !target_list_make(
               &balance->weights, VIEW_ALIVE, balance->settings->seed, arena, &balance->targets);
}

/* ---- Moves ---- */

static float table_share(const struct balance *balance, uint32_t server, uint32_t tablet)
{
    return (float)cluster_weights_table_count(
        &balance->weights, server, balance->view->tablets[tablet].table);
}

/* The dimension that gains most names the reason. */
static void set_reason(
    const struct balance *balance, struct balance_move *move, const double *gains)
{
    const struct cluster_weights *weights = &balance->weights;
    const struct view_tablet *tablet = &balance->view->tablets[move->tablet];
    unsigned best = 0;
    for (unsigned d = 1; d < WEIGHT_DIMENSIONS; d++)
        if (gains[d] > gains[best])
            best = d;
    if (best == WEIGHT_SPREAD) {
        move->reason = BALANCE_SPREAD;
        move->tablet_share = 1;
        move->from_share = table_share(balance, move->from, move->tablet);
        move->to_share = table_share(balance, move->to, move->tablet);
        return;
    }
    bool is_count = best == WEIGHT_COUNT;
    move->reason = is_count ? BALANCE_COUNT : BALANCE_LOAD;
    move->resource = is_count ? VIEW_REQUESTS : (enum view_resource)best;
    move->tablet_share = (float)((is_count ? 1 : (double)tablet->load[best]) *
                                 weights->scale[best]);
    move->from_share = weights->shares[move->from][best];
    move->to_share = weights->shares[move->to][best];
}

static bool is_full(const struct balance *balance)
{
    return balance->plan->move_count >= balance->settings->moves;
}

static void apply(struct balance *balance, uint32_t tablet, uint32_t from, uint32_t to)
{
    double gains[WEIGHT_DIMENSIONS];
    struct balance_move move = {.tablet = tablet, .from = from, .to = to};
    move.gain = (float)cluster_weights_gain(&balance->weights, tablet, from, to, gains);
    set_reason(balance, &move, gains);
    if (balance->view->servers[from].state == VIEW_DRAINING)
        move.reason = BALANCE_DRAIN;
    balance->plan->moves[balance->plan->move_count++] = move;
    cluster_weights_move(&balance->weights, tablet, from, to);
    target_list_update(&balance->targets, from);
    target_list_update(&balance->targets, to);
    balance->is_moved[tablet] = true;
    balance->given[from]++;
    if (++balance->taken[to] >= balance->settings->moves_per_server)
        target_list_remove(&balance->targets, to);
}

/* ---- Draining ---- */

static void drain(struct balance *balance, uint32_t server)
{
    for (uint32_t i = balance->first[server]; i < balance->first[server + 1]; i++) {
        uint32_t tablet = balance->by_server[i];
        uint32_t to = VIEW_NO_SERVER;
        double gain;
        bool may_give = !is_full(balance) &&
                        balance->given[server] < balance->settings->moves_per_server;
        if (may_give && !balance->view->tablets[tablet].is_moving)
            to = target_list_best(&balance->targets, tablet, server, -HUGE_VAL, &gain);
        if (to != VIEW_NO_SERVER)
            apply(balance, tablet, server, to);
        else
            balance->plan->draining_left++;
    }
}

/* ---- Evening out ---- */

static bool may_move(const struct balance *balance, uint32_t tablet)
{
    const struct view_tablet *moved = &balance->view->tablets[tablet];
    return !balance->is_moved[tablet] && !moved->is_moving && !moved->is_pinned && !moved->is_new &&
           moved->settled_s >= balance->settings->settle_s;
}

static double larger(double a, double b)
{
    return a > b ? a : b;
}

static struct offer best_offer(const struct balance *balance, uint32_t server)
{
    struct offer best = {.to = VIEW_NO_SERVER};
    if (balance->given[server] >= balance->settings->moves_per_server)
        return best;
    for (uint32_t i = balance->first[server]; i < balance->first[server + 1]; i++) {
        uint32_t tablet = balance->by_server[i];
        double gain;
        if (!may_move(balance, tablet))
            continue;
        double heft = cluster_weights_heft(&balance->weights, tablet);
        double least = larger(best.gain, balance->settings->slack * heft);
        double pressing = balance->settings->wake * heft;
        uint32_t to = target_list_best(&balance->targets, tablet, server,
            best.is_pressing || least < pressing ? least : pressing, &gain);
        if (to == VIEW_NO_SERVER)
            continue;
        bool is_pressing = best.is_pressing || gain >= pressing;
        if (gain >= least)
            best = (struct offer){gain, tablet, to, false};
        best.is_pressing = is_pressing;
    }
    return best;
}

static double queue_key(const struct balance *balance, size_t at)
{
    return balance->offers[balance->queue[at]].gain;
}

static void queue_swap(struct balance *balance, size_t a, size_t b)
{
    uint32_t server = balance->queue[a];
    balance->queue[a] = balance->queue[b];
    balance->queue[b] = server;
}

static void queue_push(struct balance *balance, uint32_t server)
{
    size_t at = balance->queue_count++;
    balance->queue[at] = server;
    while (at > 0 && queue_key(balance, at) > queue_key(balance, (at - 1) / 2)) {
        queue_swap(balance, at, (at - 1) / 2);
        at = (at - 1) / 2;
    }
}

static uint32_t queue_pop(struct balance *balance)
{
    uint32_t server = balance->queue[0];
    balance->queue[0] = balance->queue[--balance->queue_count];
    for (size_t at = 0;;) {
        size_t child = 2 * at + 1;
        if (child + 1 < balance->queue_count &&
            queue_key(balance, child + 1) > queue_key(balance, child))
            child++;
        if (child >= balance->queue_count || queue_key(balance, child) <= queue_key(balance, at))
            break;
        queue_swap(balance, at, child);
        at = child;
    }
    return server;
}

static void refresh(struct balance *balance, uint32_t server)
{
    balance->offers[server] = best_offer(balance, server);
    if (balance->offers[server].to != VIEW_NO_SERVER)
        queue_push(balance, server);
}

/* The best offer of all is looked at again, as moves since may have changed it, and taken when it still is the
 * best. */
static void even_out(struct balance *balance)
{
    bool is_awake = false;
    for (uint32_t s = 0; s < balance->view->server_count; s++) {
        if (balance->view->servers[s].state != VIEW_ALIVE)
            continue;
        refresh(balance, s);
        is_awake = is_awake || balance->offers[s].is_pressing;
    }
    while (is_awake && balance->queue_count > 0 && !is_full(balance)) {
        uint32_t server = queue_pop(balance);
        struct offer offer = best_offer(balance, server);
        balance->offers[server] = offer;
        if (offer.to == VIEW_NO_SERVER)
            continue;
        if (balance->queue_count > 0 && offer.gain < queue_key(balance, 0)) {
            queue_push(balance, server);
            continue;
        }
        apply(balance, offer.tablet, server, offer.to);
        refresh(balance, server);
    }
}

/* ---- The plan ---- */

static double worst_share(const struct balance *balance)
{
    float worst = 0;
    for (size_t s = 0; s < balance->view->server_count; s++)
        for (unsigned d = 0; d <= WEIGHT_COUNT; d++)
            if (balance->view->servers[s].state == VIEW_ALIVE &&
                balance->weights.shares[s][d] > worst)
                worst = balance->weights.shares[s][d];
    return (double)worst;
}

enum status balance_plan_make(const struct cluster_view *view,
    const struct balance_settings *settings, struct arena *arena, struct balance_plan *out_plan)
{
    struct balance_plan plan = {0};
    struct balance balance = {.view = view, .settings = settings, .plan = &plan};
    if (!prepare(&balance, arena))
        return STATUS_NO_MEMORY;
    plan.potential_before = cluster_weights_potential(&balance.weights);
    plan.worst_share = worst_share(&balance);
    for (uint32_t s = 0; s < view->server_count; s++)
        if (view->servers[s].state == VIEW_DRAINING)
            drain(&balance, s);
    if (!settings->drains_only)
        even_out(&balance);
    plan.potential_after = cluster_weights_potential(&balance.weights);
    *out_plan = plan;
    return STATUS_OK;
}

void balance_move_put_reason(const struct balance_move *move, struct buffer *out_text)
{
    switch (move->reason) {
    case BALANCE_DRAIN:
        buffer_put_format(out_text, "the server is being drained");
        break;
    case BALANCE_SPREAD:
        buffer_put_format(out_text,
            "spread: %.0f tablets of the table at the source, %.0f at the target",
            (double)move->from_share, (double)move->to_share);
        break;
    case BALANCE_COUNT:
    case BALANCE_LOAD:
        buffer_put_format(out_text,
            "%s: %.2f times the mean at the source, %.2f at the target; the tablet is %.2f of it",
            move->reason == BALANCE_COUNT ? "count" : view_resource_name(move->resource),
            (double)move->from_share, (double)move->to_share, (double)move->tablet_share);
        break;
    }
}
