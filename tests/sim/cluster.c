#include "tests/sim/cluster.h"

#include "tests/support/support.h"

#include <stdio.h>
#include <string.h>

#include "base/log_lines.h"
#include "server/master/document_words.h"
#include "storage/storage.h"
#include "tests/sim/coordination_sim.h"
#include "tests/sim/network.h"
#include "tests/sim/reactor_memory.h"

#define LOOK_NS     UINT64_C(20000000)
#define MEMORY      (24u << 20)
#define LIFE_GAP_NS UINT64_C(300000000) /* at least, between two lives */

bool slot_is_alive(const struct slot *slot)
{
    return slot->env && !env_memory_host_is_dead(slot->env);
}

/* The life is over: of this process, or of the whole host. */
static void end_life(struct slot *slot, enum env_memory_power_cut how)
{
    struct env *env = slot->env;
    slot->is_ready = false;
    slot->is_reaped = true;
    slot->restart_ns = env_monotonic_ns(slot->cluster->world) + LIFE_GAP_NS +
                       dice_below(&slot->cluster->dice, slot->cluster->restart_most_ns);
    network_host_died(env);
    env_memory_host_crash(env, how); /* may not return */
}

void cluster_kill(struct slot *slot, enum env_memory_power_cut how)
{
    if (!slot_is_alive(slot))
        return;
    slot->cluster->deaths++;
    end_life(slot, how);
}

/* ---- What a server says of itself ---- */

static void on_fatal(void *context, const struct error *error)
{
    struct slot *slot = context;
    log_line(LOG_INFO, "sim.exit", "host=%s why=\"%s\"", slot->name, error ? error->message : "");
    slot->cluster->exits++;
    end_life(slot, ENV_CUT_KEEP_ALL);
}

static void on_ready(void *context, enum status status, const struct error *error)
{
    struct slot *slot = context;
    if (status) {
        on_fatal(context, error);
        return;
    }
    log_line(LOG_INFO, "sim.ready", "host=%s life=%u", slot->name, slot->lives);
    slot->is_ready = true;
}

static void on_stop_wanted(void *context)
{
    struct error error;
    (void)error_set(&error, STATUS_CLOSED, "asked to stop");
    on_fatal(context, &error);
}

static enum status make_coordination(void *context, const char *cluster_id,
    struct coordination **out_coordination, struct error *error)
{
    (void)cluster_id;
    return coordination_sim_new(((struct slot *)context)->env, out_coordination, error);
}

/* ---- Lives ---- */

/* The main of the process. */
static void run_main(struct task *task)
{
    struct slot *slot = (struct slot *)((char *)task - offsetof(struct slot, start_task));
    struct error error = {0};
    struct server_config config = {.env = slot->env,
        .role = slot->role,
        .root = CLUSTER_ROOT,
        .session_ms = slot->cluster->session_ms,
        .host = slot->name,
        .port = CLUSTER_PORT,
        .zookeeper_port = SERVER_PORT_OFF,
        .memory_bytes = MEMORY,
        .loops = 1,
        .stop_wanted = on_stop_wanted,
        .make_coordination = slot->role == SERVER_STANDALONE ? NULL : make_coordination,
        .make_reactor = reactor_memory_new,
        .fatal = on_fatal,
        .ready = on_ready,
        .context = slot};
    if (server_open(&config, &slot->server, &error))
        on_fatal(slot, &error);
}

static void start_life(struct slot *slot)
{
    slot->lives++;
    slot->is_reaped = slot->is_ready = false;
    slot->env = env_memory_host_new(slot->cluster->world, slot->name);
    slot->start_task.run = run_main;
    CHECK(env_executor_new(slot->env, "main", 1, &slot->main, NULL) == STATUS_OK);
    executor_submit(slot->main, &slot->start_task);
}

/* Deaths in the middle of a call are found here, and what is dead long enough lives again. */
static void look(struct task *task)
{
    struct cluster *cluster = (struct cluster *)((char *)task -
                                                 offsetof(struct cluster, look_task));
    uint64_t now_ns = env_monotonic_ns(cluster->world);
    for (size_t i = 0; i < cluster->slot_count; i++) {
        struct slot *slot = &cluster->slots[i];
        if (slot->env && !slot_is_alive(slot) && !slot->is_reaped) {
            cluster->deaths++;
            end_life(slot, ENV_CUT_KEEP_ALL);
        }
        if (slot->is_wanted && !slot_is_alive(slot) && now_ns >= slot->restart_ns)
            start_life(slot);
    }
    executor_submit_at(cluster->director, task, now_ns + LOOK_NS);
}

static void add_slot(
    struct cluster *cluster, const char *kind, size_t number, enum server_role role)
{
    struct slot *slot = &cluster->slots[cluster->slot_count++];
    *slot = (struct slot){.cluster = cluster,
        .role = role,
        .is_wanted = true,
        .restart_ns = env_monotonic_ns(cluster->world) + dice_below(&cluster->dice, 1000000000)};
    snprintf(slot->name, sizeof slot->name, "%s%zu", kind, number);
}

void cluster_start(struct cluster *cluster, struct env *world, uint64_t seed, size_t masters,
    size_t tablet_servers, uint32_t session_ms)
{
    *cluster = (struct cluster){
        .world = world, .dice = {seed}, .session_ms = session_ms, .restart_most_ns = 5000000000};
    CHECK(masters + tablet_servers <= CLUSTER_SLOTS_MAX);
    CHECK(env_executor_new(world, "director", 1, &cluster->director, NULL) == STATUS_OK);
    if (masters == 0)
        add_slot(cluster, "server", 1, SERVER_STANDALONE);
    for (size_t i = 0; i < masters; i++)
        add_slot(cluster, "master", i + 1, SERVER_MASTER);
    for (size_t i = 0; masters && i < tablet_servers; i++)
        add_slot(cluster, "server", i + 1, SERVER_TABLETS);
    cluster->look_task.run = look;
    executor_submit_at(cluster->director, &cluster->look_task, 0);
}

const char *cluster_places(const struct cluster *cluster)
{
    static char text[CLUSTER_SLOTS_MAX * 24];
    size_t size = 0;
    for (size_t i = 0; i < cluster->slot_count; i++)
        size += (size_t)snprintf(text + size, sizeof text - size, "%s%s:%d", i ? "," : "",
            cluster->slots[i].name, CLUSTER_PORT);
    return text;
}

bool cluster_is_whole(const struct cluster *cluster)
{
    for (size_t i = 0; i < cluster->slot_count; i++)
        if (cluster->slots[i].is_wanted &&
            (!slot_is_alive(&cluster->slots[i]) || !cluster->slots[i].is_ready))
            return false;
    return true;
}

void cluster_end(struct cluster *cluster)
{
    executor_cancel(cluster->director, &cluster->look_task);
    for (size_t i = 0; i < cluster->slot_count; i++) {
        cluster->slots[i].is_wanted = false;
        cluster_kill(&cluster->slots[i], ENV_CUT_KEEP_ALL);
    }
}

static void print_problem(void *context, const char *path, uint64_t offset, const char *what)
{
    (void)context;
    printf("%s: offset %llu: %s\n", path, (unsigned long long)offset, what);
}

void cluster_check_directory(const struct cluster *cluster)
{
    struct error error = {0};
    uint64_t problems = 0;
    assert_ok(storage_check(cluster->world, CLUSTER_ROOT, print_problem, NULL,
                  master_document_words, NULL, &problems, &error),
        &error);
    assert_int_equal(problems, 0);
}
