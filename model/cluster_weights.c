#include "model/cluster_weights.h"

#include "base/dice.h"

#define FREE_KEY UINT64_MAX

static const double dimension_weights[WEIGHT_DIMENSIONS] = {
    [VIEW_REQUESTS] = 1,
    [VIEW_BYTES] = 1,
    [VIEW_CPU] = 2,
    [VIEW_MEMORY] = 0.5,
    [WEIGHT_COUNT] = 1,
    [WEIGHT_SPREAD] = 1,
};

static const double floors[VIEW_RESOURCES] = {
    [VIEW_REQUESTS] = 100,
    [VIEW_BYTES] = 4 << 20,
    [VIEW_CPU] = 0.05,
    [VIEW_MEMORY] = 64 << 20,
};

const char *view_resource_name(enum view_resource resource)
{
    static const char *const names[VIEW_RESOURCES] = {"requests", "bytes", "CPU", "memory"};
    return names[resource];
}

/* ---- n[s][t] ---- */

static uint32_t *count_slot(const struct cluster_weights *weights, uint32_t server, uint32_t table)
{
    uint64_t key = (uint64_t)server << 32 | table;
    struct dice hash = {key};
    size_t at = dice_next(&hash) & (weights->count_room - 1);
    while (weights->count_keys[at] != key && weights->count_keys[at] != FREE_KEY)
        at = (at + 1) & (weights->count_room - 1);
    return &weights->counts[at];
}

uint32_t cluster_weights_table_count(
    const struct cluster_weights *weights, uint32_t server, uint32_t table)
{
    return *count_slot(weights, server, table);
}

static void count_add(
    struct cluster_weights *weights, uint32_t server, uint32_t table, uint32_t change)
{
    uint32_t *slot = count_slot(weights, server, table);
    weights->count_keys[slot - weights->counts] = (uint64_t)server << 32 | table;
    *slot += change;
}

/* Room for each tablet where it is and for each where it may go, half empty. */
static bool counts_make(struct cluster_weights *weights, size_t tablet_count, struct arena *arena)
{
    size_t room = 64;
    while (room < tablet_count * 4)
        room *= 2;
    weights->count_room = room;
    weights->count_keys = arena_allocate(arena, room * sizeof *weights->count_keys);
    weights->counts = arena_allocate_zeroed(arena, room, sizeof *weights->counts);
    if (!weights->count_keys || !weights->counts)
        return false;
    for (size_t i = 0; i < room; i++)
        weights->count_keys[i] = FREE_KEY;
    return true;
}

/* ---- Shares ---- */

static bool is_counted(const struct cluster_view *view, const bool *is_unplaced, size_t tablet)
{
    uint32_t server = view->tablets[tablet].server;
    return (!is_unplaced || !is_unplaced[tablet]) && server < view->server_count &&
           view->servers[server].state != VIEW_DEAD;
}

static double load_of(const struct view_tablet *tablet, unsigned dimension)
{
    return dimension == WEIGHT_COUNT ? 1 : (double)tablet->load[dimension];
}

/* The means of the live servers, with all that they have or will get. */
static void set_scales(struct cluster_weights *weights, const bool *is_unplaced)
{
    const struct cluster_view *view = weights->view;
    double sums[WEIGHT_COUNT + 1] = {0};
    for (size_t i = 0; i < view->tablet_count; i++) {
        const struct view_tablet *tablet = &view->tablets[i];
        if (!is_counted(view, is_unplaced, i) && !(is_unplaced && is_unplaced[i]))
            continue;
        for (unsigned d = 0; d <= WEIGHT_COUNT; d++)
            sums[d] += load_of(tablet, d);
        weights->table_scale[tablet->table] += 1;
    }
    double servers = (double)(weights->live_count ? weights->live_count : 1);
    for (unsigned d = 0; d <= WEIGHT_COUNT; d++) {
        double mean = sums[d] / servers;
        if (d < VIEW_RESOURCES && mean < floors[d])
            mean = floors[d];
        weights->scale[d] = mean > 0 ? 1 / mean : 0;
    }
    for (size_t t = 0; t < view->table_count; t++) {
        double fair = (double)weights->table_scale[t] / servers;
        weights->table_scale[t] = (float)(fair > 1 ? 1 / fair : 1);
    }
}

enum status cluster_weights_make(const struct cluster_view *view, const bool *is_unplaced,
    enum view_server_state targets, struct arena *arena, struct cluster_weights *out_weights)
{
    struct cluster_weights weights = {.view = view};
    weights.shares = arena_allocate_zeroed(arena, view->server_count + 1, sizeof *weights.shares);
    weights.table_scale = arena_allocate_zeroed(
        arena, view->table_count + 1, sizeof *weights.table_scale);
    if (!weights.shares || !weights.table_scale ||
        !counts_make(&weights, view->tablet_count, arena))
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < view->server_count; i++)
        weights.live_count += view->servers[i].state == targets;
    set_scales(&weights, is_unplaced);
    for (size_t i = 0; i < view->tablet_count; i++)
        if (is_counted(view, is_unplaced, i))
            cluster_weights_move(&weights, (uint32_t)i, VIEW_NO_SERVER, view->tablets[i].server);
    *out_weights = weights;
    return STATUS_OK;
}

/* ---- Moves ---- */

double cluster_weights_gain(const struct cluster_weights *weights, uint32_t tablet, uint32_t from,
    uint32_t to, double out_gains[WEIGHT_DIMENSIONS])
{
    const struct view_tablet *moved = &weights->view->tablets[tablet];
    double sum = 0;
    for (unsigned d = 0; d <= WEIGHT_COUNT; d++) {
        double share = load_of(moved, d) * weights->scale[d];
        double at_source = from == VIEW_NO_SERVER ? 0 : (double)weights->shares[from][d];
        double at_target = (double)weights->shares[to][d];
        double change = from == VIEW_NO_SERVER ? -(2 * at_target + share)
                                               : 2 * (at_source - at_target - share);
        out_gains[d] = dimension_weights[d] * share * change;
        sum += out_gains[d];
    }
    double at_source = from == VIEW_NO_SERVER
                           ? 0
                           : cluster_weights_table_count(weights, from, moved->table);
    double at_target = cluster_weights_table_count(weights, to, moved->table);
    double change = from == VIEW_NO_SERVER ? -(2 * at_target + 1) : 2 * (at_source - at_target - 1);
    out_gains[WEIGHT_SPREAD] = dimension_weights[WEIGHT_SPREAD] * weights->scale[WEIGHT_COUNT] *
                               (double)weights->table_scale[moved->table] * change;
    return sum + out_gains[WEIGHT_SPREAD];
}

struct cluster_probe cluster_probe_make(
    const struct cluster_weights *weights, uint32_t tablet, uint32_t from)
{
    const struct view_tablet *moved = &weights->view->tablets[tablet];
    bool is_new = from == VIEW_NO_SERVER;
    struct cluster_probe probe = {.table = moved->table};
    for (unsigned d = 0; d <= WEIGHT_COUNT; d++) {
        double share = load_of(moved, d) * weights->scale[d];
        probe.pull[d] = 2 * dimension_weights[d] * share;
        probe.base += probe.pull[d] *
                      (is_new ? -share / 2 : (double)weights->shares[from][d] - share);
    }
    probe.spread = 2 * dimension_weights[WEIGHT_SPREAD] * weights->scale[WEIGHT_COUNT] *
                   (double)weights->table_scale[moved->table];
    double at_source = is_new ? 0.5 : cluster_weights_table_count(weights, from, moved->table);
    probe.base += probe.spread * (at_source - 1);
    return probe;
}

double cluster_probe_most(
    const struct cluster_weights *weights, const struct cluster_probe *probe, uint32_t to)
{
    const float *shares = weights->shares[to];
    double gain = probe->base;
    for (unsigned d = 0; d <= WEIGHT_COUNT; d++)
        gain -= probe->pull[d] * (double)shares[d];
    return gain;
}

double cluster_probe_gain(
    const struct cluster_weights *weights, const struct cluster_probe *probe, uint32_t to)
{
    return cluster_probe_most(weights, probe, to) -
           probe->spread * cluster_weights_table_count(weights, to, probe->table);
}

double cluster_weights_heft(const struct cluster_weights *weights, uint32_t tablet)
{
    double sum = dimension_weights[WEIGHT_SPREAD] * weights->scale[WEIGHT_COUNT];
    for (unsigned d = 0; d <= WEIGHT_COUNT; d++)
        sum += dimension_weights[d] * load_of(&weights->view->tablets[tablet], d) *
               weights->scale[d];
    return 2 * sum;
}

void cluster_weights_move(
    struct cluster_weights *weights, uint32_t tablet, uint32_t from, uint32_t to)
{
    const struct view_tablet *moved = &weights->view->tablets[tablet];
    for (unsigned d = 0; d <= WEIGHT_COUNT; d++) {
        float share = (float)(load_of(moved, d) * weights->scale[d]);
        if (from != VIEW_NO_SERVER)
            weights->shares[from][d] -= share;
        weights->shares[to][d] += share;
    }
    if (from != VIEW_NO_SERVER)
        count_add(weights, from, moved->table, UINT32_MAX);
    count_add(weights, to, moved->table, 1);
}

/* ---- Sums ---- */

double cluster_weights_total(const struct cluster_weights *weights, uint32_t server)
{
    double sum = 0;
    for (unsigned d = 0; d <= WEIGHT_COUNT; d++)
        sum += dimension_weights[d] * (double)weights->shares[server][d];
    return sum;
}

double cluster_weights_potential(const struct cluster_weights *weights)
{
    double sum = 0;
    for (size_t s = 0; s < weights->view->server_count; s++)
        for (unsigned d = 0; d <= WEIGHT_COUNT; d++)
            sum += dimension_weights[d] * (double)weights->shares[s][d] *
                   (double)weights->shares[s][d];
    for (size_t i = 0; i < weights->count_room; i++) {
        if (weights->count_keys[i] == FREE_KEY)
            continue;
        double count = weights->counts[i];
        double scale = (double)weights->table_scale[(uint32_t)weights->count_keys[i]];
        sum += dimension_weights[WEIGHT_SPREAD] * count * count * scale *
               weights->scale[WEIGHT_COUNT];
    }
    return sum;
}
