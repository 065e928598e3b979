#include "server/master/balancer.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/log_lines.h"
#include "base/memory.h"
#include "server/master/master_history.h"
#include "server/master/normalizer.h"

#define BALANCE_PERIOD_NS   (BALANCE_PERIOD_S * 1000000000ull)
#define DRAIN_PERIOD_NS     500000000ull
#define NORMALIZE_PERIOD_NS 300000000000ull
#define JANITOR_PERIOD_NS   60000000000ull
#define LOOK_PERIOD_NS      1000000000ull
#define SNAPSHOTS_PERIOD_NS 10000000000ull
#define MOVES_AT_A_TIME     32
#define RETIRED_KEPT_MS     60000 /* clients that still hold the parent find out */

/* ---- The view ---- */

/* A server that we have not heard of yet has just come. */
static void view_server_locked(
    const struct assigned_server *server, uint64_t now_ns, struct view_server *out_server)
{
    struct stall_facts facts = assigned_server_stall(server, now_ns);
    bool is_silent = server->heard_ns && !stall_is_well(&facts);
    /* one that only gets no more is neither source nor target */
    bool is_out = server->state != ASSIGNED_SERVER_LIVE || server->absent_since_ns ||
                  (server->is_draining && !server->offloads);
    out_server->state = is_out                ? VIEW_DEAD
                        : is_silent           ? VIEW_SILENT
                        : server->is_draining ? VIEW_DRAINING
                                              : VIEW_ALIVE;
}

static void view_tablet_locked(const struct assigned_tablet *tablet, uint32_t table, int64_t now_ms,
    struct view_tablet *out_tablet)
{
    int64_t open_ms = now_ms - tablet->since_ms, settled_ms = now_ms - tablet->balanced_ms;
    out_tablet->table = table;
    out_tablet->server = tablet->server ? tablet->server->index : VIEW_NO_SERVER;
    memcpy(out_tablet->load, tablet->load, sizeof out_tablet->load);
    out_tablet->settled_s = tablet->balanced_ms == 0 ? UINT32_MAX
                            : settled_ms > 0         ? (uint32_t)(settled_ms / 1000)
                                                     : 0;
    out_tablet->is_new = open_ms < LOAD_KNOWN_AFTER_MS;
    out_tablet->is_moving = tablet->state != ASSIGNMENT_OPEN || tablet->lock ||
                            tablet->transition || tablet->table->lock;
    out_tablet->is_pinned = strcmp(tablet->info.id, META_TABLET_ID) == 0;
}

/* Into arrays with room for all. */
static void view_all_locked(struct master *master, struct view_server *servers,
    struct view_tablet *tablets, struct master_view *out_view)
{
    struct catalogue *catalogue = &master->catalogue;
    struct cluster_view view = {.servers = servers, .tablets = tablets};
    int64_t now = env_wall_ms(master->env);
    for (struct assigned_server *one = catalogue->assignment.servers; one; one = one->next) {
        one->index = (uint32_t)view.server_count;
        out_view->servers[view.server_count] = one;
        view_server_locked(one, env_monotonic_ns(master->env), &servers[view.server_count++]);
    }
    for (struct catalogue_table *table = catalogue->tables; table; table = table->next) {
        for (size_t i = 0; i < table->tablet_count; i++) {
            struct assigned_tablet *one = table->tablets[i];
            one->index = (uint32_t)view.tablet_count;
            out_view->tablets[view.tablet_count] = one;
            view_tablet_locked(one, (uint32_t)view.table_count, now, &tablets[view.tablet_count++]);
        }
        view.table_count++;
    }
    out_view->view = view;
}

bool master_view_make(struct master *master, struct arena *arena, struct master_view *out_view)
{
    struct assignment *assignment = &master->catalogue.assignment;
    size_t tablet_room = assignment->tablet_count + 1, server_room = assignment->server_count + 1;
    struct view_server *servers = arena_allocate_zeroed(arena, server_room, sizeof *servers);
    struct view_tablet *tablets = arena_allocate_zeroed(arena, tablet_room, sizeof *tablets);
    out_view->servers = arena_allocate_zeroed(arena, server_room, sizeof *out_view->servers);
    out_view->tablets = arena_allocate_zeroed(arena, tablet_room, sizeof *out_view->tablets);
    if (!servers || !tablets || !out_view->servers || !out_view->tablets)
        return false;
    mutex_lock(&master->catalogue.mutex); /* reports come in meanwhile, on any thread */
    view_all_locked(master, servers, tablets, out_view);
    mutex_unlock(&master->catalogue.mutex);
    return true;
}

/* ---- Balance ---- */

static size_t moves_under_way(const struct master *master)
{
    size_t count = 0;
    for (const struct running *one = master->procedures; one; one = one->next)
        count += one->procedure.kind == PROCEDURE_MOVE;
    return count;
}

/* Says a move and why: in the log, and for the web port. */
static void tell_move(struct master *master, const struct master_view *view,
    const struct balance_move *move, bool is_begun)
{
    const struct assigned_tablet *tablet = view->tablets[move->tablet];
    struct balance_record record = {
        .time_ms = env_wall_ms(master->env), .gain = move->gain, .is_begun = is_begun};
    struct buffer reason = {0};
    balance_move_put_reason(move, &reason);
    snprintf(record.reason, sizeof record.reason, "%.*s", (int)reason.size,
        reason.data ? (const char *)reason.data : "");
    buffer_deinit(&reason);
    snprintf(record.tablet, sizeof record.tablet, "%s", tablet->info.id);
    snprintf(record.from, sizeof record.from, "%s", view->servers[move->from]->text);
    snprintf(record.to, sizeof record.to, "%s", view->servers[move->to]->text);
    if (tablet->table) {
        struct span name = tablet->table->descriptor.schema.name;
        snprintf(
            record.table, sizeof record.table, "%.*s", (int)name.size, (const char *)name.data);
    }
    log_line(LOG_INFO, "balance.move", "tablet=%s from=%s to=%s begun=%s reason=\"%s\"",
        record.tablet, record.from, record.to, is_begun ? "yes" : "no", record.reason);
    balance_log_note(&master->balance_log, &record);
    master_history_note(master);
}

static void tell_plan(struct master *master, const struct master_view *view,
    const struct balance_settings *settings, const struct balance_plan *plan, size_t begun)
{
    struct balance_run run = {.time_ms = env_wall_ms(master->env),
        .worst_share = plan->worst_share,
        .potential = plan->potential_before};
    size_t alive = 0;
    for (size_t i = 0; i < view->view.server_count; i++)
        alive += view->view.servers[i].state == VIEW_ALIVE;
    if (plan->move_count)
        snprintf(run.verdict, sizeof run.verdict, "%zu moves are worth it, %zu began",
            plan->move_count, begun);
    else if (alive < 2)
        snprintf(run.verdict, sizeof run.verdict,
            "fewer than two live servers: there is nowhere to move to");
    else
        snprintf(run.verdict, sizeof run.verdict,
            "even enough: no move is worth %.2f of a fair share", settings->wake);
    balance_log_note_run(&master->balance_log, &run, begun);
}

static bool plan_and_move(struct master *master, struct balance_settings settings, bool is_dry_run,
    size_t *out_calculated, size_t *out_begun)
{
    struct balance_plan plan = {0};
    struct master_view view;
    struct arena arena = {0};
    size_t under_way = moves_under_way(master);
    settings.seed = ++master->plans;
    bool is_made = master_view_make(master, &arena, &view) &&
                   balance_plan_make(&view.view, &settings, &arena, &plan) == STATUS_OK;
    *out_calculated = is_made ? plan.move_count : 0;
    *out_begun = 0;
    for (size_t i = 0; is_made && !is_dry_run && i < plan.move_count; i++) {
        const struct balance_move *move = &plan.moves[i];
        if (under_way + *out_begun >= MOVES_AT_A_TIME)
            break;
        struct assigned_tablet *tablet = view.tablets[move->tablet];
        struct buffer reason = {0};
        balance_move_put_reason(move, &reason);
        bool is_begun = master_move_tablet(
            master, tablet, view.servers[move->to], buffer_span(&reason));
        buffer_deinit(&reason);
        tell_move(master, &view, move, is_begun);
        if (!is_begun)
            continue;
        tablet->balanced_ms = env_wall_ms(master->env);
        (*out_begun)++;
    }
    if (is_made && !is_dry_run && !settings.drains_only)
        tell_plan(master, &view, &settings, &plan, *out_begun);
    arena_deinit(&arena);
    return is_made;
}

bool master_balance(
    struct master *master, bool is_dry_run, size_t *out_calculated, size_t *out_begun)
{
    return plan_and_move(master, balance_settings_default(), is_dry_run, out_calculated, out_begun);
}

static bool is_left_on_draining(const struct master *master)
{
    for (const struct assigned_server *one = master->catalogue.assignment.servers; one;
         one = one->next)
        if (one->is_draining && one->offloads && one->state == ASSIGNED_SERVER_LIVE &&
            one->tablet_count > 0)
            return true;
    return false;
}

/* What an operator waits for: with the balancer off too, and as fast as moves may go. */
static void drain(struct master *master)
{
    struct balance_settings settings = balance_settings_default();
    size_t calculated, begun;
    settings.drains_only = true;
    settings.moves = settings.moves_per_server = MOVES_AT_A_TIME;
    (void)plan_and_move(master, settings, false, &calculated, &begun);
}

/* ---- Normalizer ---- */

static bool is_on(const struct table_schema *schema, struct span key)
{
    for (size_t i = 0; i < schema->attribute_count; i++)
        if (span_equal(schema->attributes[i].key, key))
            return span_equal(schema->attributes[i].value, SPAN_LITERAL("true"));
    return false;
}

static size_t normalize_table(struct master *master, struct catalogue_table *table)
{
    struct normalizer_settings settings = normalizer_settings_default();
    struct normalizer_step *steps;
    struct arena arena = {0};
    size_t count = 0, begun = 0;
    int64_t now = env_wall_ms(master->env);
    settings.splits = master_setting_is_on(master, SETTING_SPLIT);
    settings.merges = master_setting_is_on(master, SETTING_MERGE);
    struct normalizer_tablet *tablets = arena_allocate_zeroed(
        &arena, table->tablet_count + 1, sizeof *tablets);
    /* what follows changes table->tablets only later, on this executor */
    struct assigned_tablet **all = arena_allocate_zeroed(
        &arena, table->tablet_count + 1, sizeof(struct assigned_tablet *));
    mutex_lock(&master->catalogue.mutex); /* reports change sizes and loads */
    for (size_t i = 0; tablets && all && i < table->tablet_count; i++) {
        const struct assigned_tablet *one = all[i] = table->tablets[i];
        tablets[i] = (struct normalizer_tablet){.size_bytes = one->size_bytes,
            .age_ms = now - (int64_t)one->info.region_id,
            .requests_per_s = one->load[VIEW_REQUESTS],
            .is_busy = one->state != ASSIGNMENT_OPEN || one->lock || one->transition ||
                       one->has_references};
    }
    mutex_unlock(&master->catalogue.mutex);
    if (tablets && all &&
        normalizer_plan(tablets, table->tablet_count, &table->descriptor.schema, &settings, &arena,
            &steps, &count) == STATUS_OK)
        for (size_t i = 0; i < count; i++)
            begun += steps[i].is_split
                         ? master_split_tablet(master, all[steps[i].first], SPAN_EMPTY,
                               SPAN_LITERAL("normalizer: larger than others"))
                         : master_merge_tablets(master, &all[steps[i].first], steps[i].count,
                               SPAN_LITERAL("normalizer: small neighbours"));
    arena_deinit(&arena);
    return begun;
}

size_t master_normalize(
    struct master *master, bool (*wants)(void *context, struct span table_name), void *context)
{
    size_t begun = 0;
    for (struct catalogue_table *table = master->catalogue.tables; table; table = table->next) {
        const struct table_schema *schema = &table->descriptor.schema;
        if (table->is_hidden || table->lock || table->descriptor.state != TABLE_ENABLED ||
            strcmp(table->descriptor.id, META_TABLE_ID) == 0 ||
            !is_on(schema, SPAN_LITERAL("NORMALIZATION_ENABLED")) ||
            (wants && !wants(context, schema->name)))
            continue;
        begun += normalize_table(master, table);
    }
    return begun;
}

/* ---- Janitor ---- */

static void on_rows_gone(void *context, enum status status, const struct error *error)
{
    (void)context;
    if (status && status != STATUS_CANCELLED)
        log_line(LOG_WARN, "janitor", "error=\"%s\"", error->message);
}

/* The manifests of retired tablets are the collector's; here their rows go, and what we know of them. */
size_t master_run_janitor(struct master *master)
{
    struct catalogue *catalogue = &master->catalogue;
    struct meta_batch *batch = meta_batch_new();
    int64_t now = env_wall_ms(master->env);
    size_t count = 0;
    for (struct catalogue_table *table = catalogue->tables; batch && table; table = table->next) {
        for (size_t i = table->retired_count; i-- > 0;) {
            struct assigned_tablet *one = table->retired[i];
            if (one->lock || one->transition || now - one->since_ms < RETIRED_KEPT_MS)
                continue;
            meta_batch_delete_tablet(batch, table->descriptor.schema.name, &one->info);
            mutex_lock(&catalogue->mutex);
            catalogue_remove_tablet_locked(catalogue, one);
            mutex_unlock(&catalogue->mutex);
            count++;
        }
    }
    meta_access_write(master, batch, on_rows_gone, NULL);
    return count;
}

/* ---- The history of loads ---- */

/* Adds the calls that the server has ended since it was counted last. */
static void count_calls_locked(struct assigned_server *server, struct load_sample *sample)
{
    for (unsigned kind = 0; kind < LOAD_CALLS; kind++)
        for (unsigned bucket = 0; bucket < CALL_BUCKETS; bucket++)
            if (server->calls[kind][bucket] > server->calls_seen[kind][bucket])
                sample->counts[kind][bucket] += server->calls[kind][bucket] -
                                                server->calls_seen[kind][bucket];
    memcpy(server->calls_seen, server->calls, sizeof server->calls_seen);
}

static void remember_load(struct master *master)
{
    struct load_sample sample = {.time_s = env_wall_ms(master->env) / 1000};
    mutex_lock(&master->catalogue.mutex);
    for (struct assigned_server *one = master->catalogue.assignment.servers; one; one = one->next) {
        if (one->state != ASSIGNED_SERVER_LIVE || !one->heard_ns)
            continue;
        sample.servers++;
        sample.requests_per_s += one->tablet_load[VIEW_REQUESTS];
        sample.bytes_per_s += one->tablet_load[VIEW_BYTES];
        sample.cpu += one->tablet_load[VIEW_CPU];
        count_calls_locked(one, &sample);
    }
    mutex_unlock(&master->catalogue.mutex);
    load_history_add(&master->load_history, &sample);
}

/* ---- The tick ---- */

static bool is_due(uint64_t *last_ns, uint64_t now_ns, uint64_t period_ns)
{
    if (*last_ns && now_ns - *last_ns < period_ns)
        return false;
    *last_ns = now_ns;
    return true;
}

/* Places are being found: no time to move. A tablet that did not open is tried again for ever, and holds up nothing. */
static bool is_placing(const struct master *master)
{
    const struct assigned_tablet *one = master->idle;
    while (one && one->failures > 0)
        one = one->idle_next;
    return one != NULL;
}

static void do_chores(struct master *master)
{
    uint64_t now_ns = env_monotonic_ns(master->env);
    size_t calculated, begun;
    if (master->last_janitor_ns == 0) /* not at once */
        master->last_janitor_ns = master->last_normalize_ns = now_ns;
    if (is_left_on_draining(master) && is_due(&master->last_drain_ns, now_ns, DRAIN_PERIOD_NS))
        drain(master);
    if (is_due(&master->last_balance_ns, now_ns, BALANCE_PERIOD_NS)) {
        master_sweep(master);
        if (master_setting_is_on(master, SETTING_BALANCER) && !is_placing(master))
            (void)master_balance(master, false, &calculated, &begun);
    }
    if (is_due(&master->last_snapshots_ns, now_ns, SNAPSHOTS_PERIOD_NS)) {
        master_bury_strangers(master);
        if (master_setting_is_on(master, SETTING_SNAPSHOT_CLEANUP))
            master_clean_snapshots(master);
    }
    if (is_due(&master->last_janitor_ns, now_ns, JANITOR_PERIOD_NS) &&
        master_setting_is_on(master, SETTING_CATALOG_JANITOR))
        (void)master_run_janitor(master);
    if (is_due(&master->last_normalize_ns, now_ns, NORMALIZE_PERIOD_NS) &&
        master_setting_is_on(master, SETTING_NORMALIZER))
        (void)master_normalize(master, NULL, NULL);
}

static void tick(struct task *task)
{
    struct master *master = (struct master *)((char *)task - offsetof(struct master, tick_task));
    master->is_tick_out = false;
    if (!master_came_back(master))
        return;
    atomic_store_explicit(&master->ticked_ns, env_monotonic_ns(master->env), memory_order_relaxed);
    if (is_due(&master->last_look_ns, env_monotonic_ns(master->env), LOOK_PERIOD_NS))
        master_watch_directory(master);
    master_give_up_absent(master);
    master_assign_idle(master);
    master_history_turn(master);
    if (master->tenure == TENURE_SERVING) {
        if (is_due(
                &master->last_load_ns, env_monotonic_ns(master->env), LOAD_STEP_S * 1000000000ull))
            remember_load(master);
        do_chores(master);
        if (master->has_unsettled)
            master_settle_tables(master);
    } else {
        master_start_go_on(master);
    }
    master_start_ticking(master);
}

void master_start_ticking(struct master *master)
{
    if (master->is_tick_out || master_is_over(master))
        return;
    master->is_tick_out = true;
    master->tick_task.run = tick;
    master_after(master, &master->tick_task, TICK_NS);
}
