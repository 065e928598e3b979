/* A tenure's looks at the directory: whether it answers us, and whom it does not answer (stall_policy.h). */
#include <inttypes.h>
#include <stdio.h>

#include "server/master/master_internal.h"

static void look_run(struct master_work *work)
{
    struct master *master = work->master;
    bool is_well = store_look(master->store, NULL) == STATUS_OK;
    if (master->look_probes)
        master->is_directory_well = is_well && store_probe(master->store, NULL) == STATUS_OK;
}

static void look_back(struct master_work *work, bool is_over)
{
    struct master *master = work->master;
    (void)is_over;
    master->is_looking = false;
    if (master->look_probes)
        stall_proof_end(&master->proof, env_monotonic_ns(master->env), master->is_directory_well);
}

/* A leader that has been sealed, or whose host cannot use the directory any more, ends itself (the store is fatal), and
 * another leads: it would only refuse changes, and bury nobody. */
static void look(struct master *master, bool probes)
{
    if (master->is_looking)
        return;
    master->is_looking = true;
    master->look_probes = probes;
    if (probes)
        stall_proof_begin(&master->proof, env_monotonic_ns(master->env));
    else
        master->proof = (struct stall_proof){0};
    master->look.run = look_run;
    master->look.back = look_back;
    master_work(master, &master->look);
}

/* Of the live servers: how many are well, whether any is not, and one that is to be given up (NULL: none). */
static struct assigned_server *judge_locked(
    const struct master *master, bool *out_has_stalled, uint64_t *out_stalled_ms)
{
    uint64_t now_ns = env_monotonic_ns(master->env);
    uint64_t proven_ms = stall_proven_ms(&master->proof, now_ns);
    size_t well = 0;
    struct assigned_server *servers = master->catalogue.assignment.servers;
    for (const struct assigned_server *one = servers; one; one = one->next) {
        struct stall_facts facts = assigned_server_stall(one, now_ns);
        bool is_live = one->state == ASSIGNED_SERVER_LIVE && !one->absent_since_ns;
        well += is_live && stall_is_well(&facts);
        *out_has_stalled = *out_has_stalled || (is_live && stall_is_shown(&facts));
    }
    for (struct assigned_server *one = *out_has_stalled ? servers : NULL; one; one = one->next) {
        struct stall_facts facts = assigned_server_stall(one, now_ns);
        *out_stalled_ms = facts.stalled_ms;
        if (one->state == ASSIGNED_SERVER_LIVE &&
            stall_gives_up(&facts, proven_ms, well, master->config.stall_ms))
            return one;
    }
    return NULL;
}

void master_watch_directory(struct master *master)
{
    bool has_stalled = false;
    struct assigned_server *server;
    if (master->config.is_alone)
        return;
    do {
        uint64_t stalled_ms = 0;
        mutex_lock(&master->catalogue.mutex);
        server = judge_locked(master, &has_stalled, &stalled_ms);
        mutex_unlock(&master->catalogue.mutex);
        char reason[GIVEN_UP_SIZE];
        snprintf(reason, sizeof reason,
            "the directory has not answered it for %" PRIu64 " s, and answers us",
            stalled_ms / 1000);
        if (server)
            master_give_up_server(master, span_string(server->text), reason);
    } while (server);
    look(master, has_stalled);
}
