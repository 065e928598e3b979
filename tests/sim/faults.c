#include "tests/sim/faults.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log_lines.h"
#include "tests/sim/coordination_sim.h"
#include "tests/sim/network.h"

#define MS         UINT64_C(1000000)
#define CALLS_MOST 400 /* until a death or a stall at a call */
#define FLAPS      6

/* A fault that ends. */
struct undoing {
    struct task task; /* timer of the director */
    struct faults *faults;
    struct undoing *next, **link;
    enum fault fault;
    struct env *env; /* the life it concerns */
    char from[32], to[32];
    unsigned flaps; /* to come */
};

const char *fault_name(enum fault fault)
{
    static const char *const names[FAULTS] = {"kill", "kill at a call", "host crash", "pause",
        "stall at a call", "disk blocks", "link one way", "link both ways", "link flaps",
        "zookeeper link", "reset", "half reset", "session expires", "zookeeper down",
        "clock jumps"};
    return names[fault];
}

uint64_t faults_total(const struct faults *faults)
{
    uint64_t total = 0;
    for (int i = 0; i < FAULTS; i++)
        total += faults->counts[i];
    return total;
}

static uint64_t now_ns(const struct faults *faults)
{
    return env_monotonic_ns(faults->cluster->world);
}

/* ---- Undoing ---- */

static void undo(struct undoing *undoing)
{
    bool is_alive = undoing->env && !env_memory_host_is_dead(undoing->env);
    switch (undoing->fault) {
    case FAULT_PAUSE:
        if (is_alive)
            env_memory_host_resume(undoing->env);
        break;
    case FAULT_DISK_BLOCKS:
        if (is_alive)
            env_memory_host_reach(undoing->env, ENV_REACH_OK);
        break;
    case FAULT_ZOOKEEPER_DOWN:
        zookeeper_sim_set_down(false, dice_chance(&undoing->faults->dice, 30));
        break;
    default:
        network_set_link(undoing->from, undoing->to, true);
        network_set_link(undoing->to, undoing->from, true);
    }
    log_line(LOG_INFO, "sim.undo", "fault=\"%s\" from=%s to=%s", fault_name(undoing->fault),
        undoing->from, undoing->to);
}

static void undoing_free(struct undoing *undoing)
{
    *undoing->link = undoing->next;
    if (undoing->next)
        undoing->next->link = undoing->link;
    free(undoing);
}

static void run_undoing(struct task *task)
{
    struct undoing *undoing = (struct undoing *)task;
    struct faults *faults = undoing->faults;
    if (undoing->flaps == 0) {
        undo(undoing);
        undoing_free(undoing);
        return;
    }
    undoing->flaps--;
    network_set_link(undoing->from, undoing->to, undoing->flaps % 2);
    executor_submit_at(
        faults->cluster->director, task, now_ns(faults) + dice_below(&faults->dice, 3000) * MS);
}

static struct undoing *undo_later(struct faults *faults, enum fault fault, uint64_t duration_ns)
{
    struct undoing *undoing = calloc(1, sizeof *undoing);
    CHECK(undoing);
    *undoing = (struct undoing){.task = {.run = run_undoing},
        .faults = faults,
        .fault = fault,
        .next = faults->undoings,
        .link = &faults->undoings};
    if (undoing->next)
        undoing->next->link = &undoing->next;
    faults->undoings = undoing;
    executor_submit_at(faults->cluster->director, &undoing->task, now_ns(faults) + duration_ns);
    return undoing;
}

static bool is_under(const struct faults *faults, const struct env *env, enum fault fault)
{
    for (const struct undoing *one = faults->undoings; one; one = one->next)
        if (one->fault == fault && one->env == env)
            return true;
    return false;
}

/* ---- Doing ---- */

static uint64_t some_time(struct faults *faults, uint64_t most_ns)
{
    return 1 + dice_below(&faults->dice, most_ns);
}

/* Short ones are as frequent as those that outlast a session. */
static uint64_t some_stillness(struct faults *faults)
{
    uint64_t session_ns = faults->cluster->session_ms * MS;
    return some_time(faults, dice_chance(&faults->dice, 50) ? session_ns / 2 : session_ns * 3);
}

static void some_host(struct faults *faults, char out_name[32])
{
    const struct cluster *cluster = faults->cluster;
    size_t which = (size_t)dice_below(&faults->dice, cluster->slot_count + faults->client_count);
    if (which < cluster->slot_count)
        snprintf(out_name, 32, "%s", cluster->slots[which].name);
    else
        snprintf(out_name, 32, "%s%zu", faults->clients, which - cluster->slot_count + 1);
}

static void cut_link(struct faults *faults, enum fault fault, struct slot *slot)
{
    struct undoing *undoing = undo_later(faults, fault, some_stillness(faults));
    snprintf(undoing->from, sizeof undoing->from, "%s", slot->name);
    do
        some_host(faults, undoing->to);
    while (strcmp(undoing->to, slot->name) == 0);
    if (fault == FAULT_ZOOKEEPER_LINK)
        snprintf(undoing->to, sizeof undoing->to, "%s", ZOOKEEPER_HOST);
    if (fault == FAULT_LINK_FLAPS)
        undoing->flaps = FLAPS;
    bool is_back = dice_chance(&faults->dice, 50);
    bool is_both = fault == FAULT_LINK_BOTH_WAYS ||
                   (fault == FAULT_ZOOKEEPER_LINK && dice_chance(&faults->dice, 50));
    if (is_both || !is_back)
        network_set_link(undoing->from, undoing->to, false);
    if (is_both || is_back)
        network_set_link(undoing->to, undoing->from, false);
    log_line(LOG_INFO, "sim.link", "from=%s to=%s both=%d back=%d", undoing->from, undoing->to,
        is_both, is_back);
}

static uint64_t some_call(struct faults *faults, const struct slot *slot)
{
    return env_memory_call_count(slot->env) + 1 + dice_below(&faults->dice, CALLS_MOST);
}

static enum env_memory_power_cut some_cut(struct faults *faults)
{
    return dice_chance(&faults->dice, 50) ? ENV_CUT_RANDOM : ENV_CUT_LOSE_ALL;
}

static void hold(struct faults *faults, enum fault fault, struct slot *slot)
{
    uint64_t duration_ns = some_stillness(faults);
    if (is_under(faults, slot->env, fault))
        return;
    if (fault == FAULT_PAUSE)
        env_memory_host_pause(slot->env);
    else
        env_memory_host_reach(slot->env, ENV_REACH_BLOCKS);
    struct undoing *undoing = undo_later(faults, fault, duration_ns);
    undoing->env = slot->env;
    snprintf(undoing->from, sizeof undoing->from, "%s", slot->name);
}

static void bring_about(struct faults *faults, enum fault fault, struct slot *slot)
{
    log_line(LOG_INFO, "sim.fault", "fault=\"%s\" host=%s", fault_name(fault), slot->name);
    switch (fault) {
    case FAULT_KILL:
        cluster_kill(slot, ENV_CUT_KEEP_ALL);
        break;
    case FAULT_KILL_AT_CALL:
        env_memory_host_crash_at(slot->env, some_call(faults, slot),
            dice_chance(&faults->dice, 50) ? ENV_CUT_KEEP_ALL : some_cut(faults));
        break;
    case FAULT_HOST_CRASH:
        cluster_kill(slot, some_cut(faults));
        break;
    case FAULT_STALL_AT_CALL:
        env_memory_host_stall_at(slot->env, some_call(faults, slot), some_stillness(faults));
        break;
    case FAULT_PAUSE:
    case FAULT_DISK_BLOCKS:
        hold(faults, fault, slot);
        break;
    case FAULT_LINK_ONE_WAY:
    case FAULT_LINK_BOTH_WAYS:
    case FAULT_LINK_FLAPS:
    case FAULT_ZOOKEEPER_LINK:
        cut_link(faults, fault, slot);
        break;
    case FAULT_RESET:
    case FAULT_HALF_RESET:
        (void)network_break_connections(dice_chance(&faults->dice, 70) ? slot->name : NULL, NULL,
            1 + (unsigned)dice_below(&faults->dice, 3), fault == FAULT_HALF_RESET);
        break;
    case FAULT_EXPIRE:
        zookeeper_sim_expire(slot->name);
        break;
    case FAULT_ZOOKEEPER_DOWN:
        if (is_under(faults, NULL, fault))
            break;
        zookeeper_sim_set_down(true, false);
        (void)undo_later(faults, fault, some_stillness(faults));
        break;
    case FAULT_CLOCK:
        env_memory_jump_wall_ms(slot->env, (int64_t)dice_below(&faults->dice, 7200000) - 3600000);
        break;
    case FAULTS:
        break;
    }
}

static void run_next(struct task *task)
{
    struct faults *faults = (struct faults *)((char *)task - offsetof(struct faults, next_task));
    struct cluster *cluster = faults->cluster;
    struct slot *slot = &cluster->slots[dice_below(&faults->dice, cluster->slot_count)];
    enum fault fault = (enum fault)dice_below(&faults->dice, FAULTS);
    if (faults->is_over)
        return;
    if (slot_is_alive(slot)) {
        faults->counts[fault]++;
        bring_about(faults, fault, slot);
    }
    executor_submit_at(
        cluster->director, task, now_ns(faults) + some_time(faults, faults->pause_most_ns));
}

void faults_start(struct faults *faults, struct cluster *cluster, uint64_t seed,
    const char *clients, size_t client_count, uint64_t pause_most_ns)
{
    *faults = (struct faults){.cluster = cluster,
        .dice = {seed},
        .clients = clients,
        .client_count = client_count,
        .pause_most_ns = pause_most_ns,
        .next_task = {.run = run_next}};
    executor_submit_at(cluster->director, &faults->next_task, 0);
}

void faults_stop(struct faults *faults)
{
    faults->is_over = true;
    executor_cancel(faults->cluster->director, &faults->next_task);
    while (faults->undoings) {
        executor_cancel(faults->cluster->director, &faults->undoings->task);
        undo(faults->undoings);
        undoing_free(faults->undoings);
    }
    network_heal_links();
    for (size_t i = 0; i < faults->cluster->slot_count; i++)
        if (slot_is_alive(&faults->cluster->slots[i])) {
            env_memory_host_crash_at(faults->cluster->slots[i].env, 0, ENV_CUT_KEEP_ALL);
            env_memory_host_stall_at(faults->cluster->slots[i].env, 0, 0);
        }
}
