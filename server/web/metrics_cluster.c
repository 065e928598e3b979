/* /metrics of the leading master: how evenly load lies, what moves, in which state tablets and servers are. */
#include <stdlib.h>

#include "server/heat/heat_board.h"
#include "server/master/master_view.h"
#include "server/web/api_internal.h"
#include "server/web/metrics.h"

#define HOT_ROW_LEAST 100.0 /* operations a second: below it no row is hot */

/* Under the catalogue's mutex: the loads, copied. */
struct loads {
    struct span name; /* of a table */
    double *values[VIEW_RESOURCES];
    size_t count;
};

static const char *const kind_names[] = {[VIEW_REQUESTS] = "requests",
    [VIEW_BYTES] = "bytes",
    [VIEW_CPU] = "cpu",
    [VIEW_MEMORY] = "memory"};

static bool make_loads(struct arena *arena, struct loads *loads, size_t room)
{
    for (size_t k = 0; k < VIEW_RESOURCES; k++)
        if (!(loads->values[k] = arena_allocate(arena, (room + 1) * sizeof(double))))
            return false;
    return true;
}

static size_t copy_tables(
    struct arena *arena, const struct catalogue *catalogue, struct loads *tables)
{
    size_t count = 0;
    for (const struct catalogue_table *table = catalogue->tables; table; table = table->next) {
        struct loads *loads = &tables[count];
        if (table->is_hidden || !make_loads(arena, loads, table->tablet_count))
            continue;
        loads->name = arena_copy(arena, web_table_name(table->descriptor.schema.name));
        loads->count = table->tablet_count;
        for (size_t i = 0; i < table->tablet_count; i++)
            for (size_t k = 0; k < VIEW_RESOURCES; k++)
                loads->values[k][i] = table->tablets[i]->load[k];
        count++;
    }
    return count;
}

static void copy_servers(
    struct arena *arena, const struct catalogue *catalogue, struct loads *servers)
{
    if (!make_loads(arena, servers, catalogue->assignment.server_count))
        return;
    for (const struct assigned_server *one = catalogue->assignment.servers; one; one = one->next) {
        if (one->state != ASSIGNED_SERVER_LIVE)
            continue;
        for (size_t k = 0; k < VIEW_RESOURCES; k++)
            servers->values[k][servers->count] = one->tablet_load[k];
        servers->count++;
    }
}

/* What there is of each kind. */
struct skews {
    struct web_skew of[VIEW_RESOURCES];
    bool is_known[VIEW_RESOURCES];
};

static void find_skews(struct loads *loads, struct skews *skews)
{
    for (unsigned k = 0; k < VIEW_RESOURCES; k++)
        skews->is_known[k] = loads->values[k] &&
                             web_skew_of(loads->values[k], loads->count, &skews->of[k]);
}

static void put_skews(struct metrics_text *text, struct web_call *call, struct loads *tables,
    size_t table_count, struct loads *servers)
{
    struct skews *skews = arena_allocate_zeroed(&call->arena, table_count + 1, sizeof *skews);
    if (!skews)
        return;
    for (size_t t = 0; t < table_count; t++)
        find_skews(&tables[t], &skews[t]);
    find_skews(servers, &skews[table_count]);
    metrics_family(text, "stele_tablet_load_max_mean_ratio", METRIC_GAUGE,
        "The busiest tablet of a table over the mean; absent without load.");
    for (size_t t = 0; t < table_count; t++)
        for (unsigned k = 0; k < VIEW_RESOURCES; k++) {
            const struct metric_label labels[] = {
                {"table", tables[t].name}, LABEL("kind", kind_names[k])};
            if (skews[t].is_known[k])
                metrics_sample(text, "", labels, 2, skews[t].of[k].max_mean);
        }
    metrics_family(text, "stele_tablet_load_gini", METRIC_GAUGE,
        "How uneven a table's tablets are: 0 even, 1 all in one.");
    for (size_t t = 0; t < table_count; t++)
        for (unsigned k = 0; k < VIEW_RESOURCES; k++) {
            const struct metric_label labels[] = {
                {"table", tables[t].name}, LABEL("kind", kind_names[k])};
            if (skews[t].is_known[k])
                metrics_sample(text, "", labels, 2, skews[t].of[k].gini);
        }
    metrics_family(text, "stele_server_load_max_mean_ratio", METRIC_GAUGE,
        "The busiest server over the mean of the live ones; absent without load.");
    for (unsigned k = 0; k < VIEW_RESOURCES; k++) {
        const struct metric_label label = LABEL("kind", kind_names[k]);
        if (skews[table_count].is_known[k])
            metrics_sample(text, "", &label, 1, skews[table_count].of[k].max_mean);
    }
}

static void put_hot_rows(struct metrics_text *text, struct web_call *call,
    const struct loads *tables, size_t table_count)
{
    struct heat_rows rows = {0};
    metrics_family(text, "stele_hot_row_share_ratio", METRIC_GAUGE,
        "The largest part that one row has of its tablet's operations of its kind, where it has "
        "over 100 a second.");
    if (heat_board_rows(call->service->hbase->heat, SPAN_EMPTY, 2048, &call->arena, &rows))
        return;
    for (size_t t = 0; t < table_count; t++) {
        double most = 0;
        for (size_t i = 0; i < rows.count; i++) {
            const struct heat_row *row = &rows.rows[i];
            bool is_hot = row->window_s > 0 &&
                          (row->count - row->error) / row->window_s > HOT_ROW_LEAST;
            if (is_hot && span_equal(web_table_name(row->table), tables[t].name) &&
                row->share > most)
                most = row->share;
        }
        const struct metric_label label = {"table", tables[t].name};
        metrics_sample(text, "", &label, 1, most);
    }
}

/* Events since the start, by kind and reason: the board keeps the last few thousand, we keep the count. */
static void count_events(struct web_call *call, struct web_event_counts *counts)
{
    struct heat_events events = {0};
    uint64_t after = atomic_load(&counts->seen);
    if (heat_board_events(
            call->service->hbase->heat, SPAN_EMPTY, after, HEAT_EVENTS_KEPT, &call->arena, &events))
        return;
    for (size_t i = 0; i < events.count; i++) {
        const struct heat_event *event = &events.events[i];
        unsigned reason = WEB_REASON_ASKED;
        if (span_starts_with(event->reason, SPAN_LITERAL("load")))
            reason = WEB_REASON_LOAD;
        else if (span_starts_with(event->reason, SPAN_LITERAL("size")))
            reason = WEB_REASON_SIZE;
        else if (event->reason.size && !span_starts_with(event->reason, SPAN_LITERAL("asked")))
            reason = WEB_REASON_OTHER;
        /* of two scrapes at once one moves on, and that one counts */
        uint64_t seen = atomic_load(&counts->seen);
        if (event->number > seen &&
            atomic_compare_exchange_strong(&counts->seen, &seen, event->number))
            atomic_fetch_add(&counts->of[event->kind][reason], 1);
    }
}

static void put_events(struct metrics_text *text, struct web_call *call)
{
    static const char *const reasons[] = {"asked", "load", "size", "other"};
    static const struct {
        const char *name, *help;
        enum heat_event_kind kind;
    } families[] = {{"stele_splits_total", "Tablets split, since this master began.", HEAT_SPLIT},
        {"stele_merges_total", "Tablets merged.", HEAT_MERGE},
        {"stele_tablet_moves_total", "Tablets moved.", HEAT_MOVE}};
    struct web_event_counts *counts = &call->service->events;
    count_events(call, counts);
    for (size_t f = 0; f < sizeof families / sizeof *families; f++) {
        metrics_family(text, families[f].name, METRIC_COUNTER, families[f].help);
        for (unsigned r = 0; r < WEB_REASONS; r++) {
            const struct metric_label label = LABEL("reason", reasons[r]);
            metrics_sample(
                text, "", &label, 1, (double)atomic_load(&counts->of[families[f].kind][r]));
        }
    }
}

static void put_states(struct metrics_text *text, const struct catalogue *catalogue)
{
    static const char *const names[] = {"closed", "opening", "open", "closing", "failed_open"};
    size_t servers[3] = {0}, in_transition = 0;
    int64_t skew_ms = 0;
    static const char *const server_names[] = {"live", "dying", "dead"};
    for (const struct assigned_server *one = catalogue->assignment.servers; one; one = one->next) {
        servers[one->state]++;
        if (one->state == ASSIGNED_SERVER_LIVE && llabs(one->clock.ahead_ms) > skew_ms)
            skew_ms = llabs(one->clock.ahead_ms);
    }
    for (const struct catalogue_table *table = catalogue->tables; table; table = table->next)
        for (size_t i = 0; i < table->tablet_count && !table->is_hidden; i++)
            in_transition += api_is_in_transition(table->tablets[i]);
    metrics_family(text, "stele_master_tablets", METRIC_GAUGE, "Tablets of the cluster.");
    for (unsigned i = 0; i <= ASSIGNMENT_FAILED_OPEN; i++) {
        const struct metric_label label = LABEL("state", names[i]);
        metrics_sample(text, "", &label, 1, (double)catalogue->assignment.state_counts[i]);
    }
    metrics_single(text, "stele_master_tablets_in_transition", METRIC_GAUGE,
        "Tablets that should be open and are not.", (double)in_transition);
    metrics_family(text, "stele_master_servers", METRIC_GAUGE, "Tablet servers of the cluster.");
    for (unsigned i = 0; i < 3; i++) {
        const struct metric_label label = LABEL("state", server_names[i]);
        metrics_sample(text, "", &label, 1, (double)servers[i]);
    }
    metrics_single(text, "stele_master_clock_skew_max_seconds", METRIC_GAUGE,
        "The furthest clock of a live server from this master's.", (double)skew_ms / 1000);
}

static void put_balancer(struct metrics_text *text, struct master *master)
{
    struct balance_run run;
    balance_log_last(master_balance_log(master), &run);
    const struct metric_label moving = LABEL("result", "moves"), even = LABEL("result", "even");
    metrics_family(text, "stele_balancer_runs_total", METRIC_COUNTER, "Plans of the balancer.");
    metrics_sample(text, "", &moving, 1, (double)run.runs_with_moves);
    metrics_sample(text, "", &even, 1, (double)(run.runs - run.runs_with_moves));
    metrics_single(text, "stele_balancer_moves_total", METRIC_COUNTER,
        "Moves that the balancer began.", (double)run.moves);
}

void metrics_put_cluster(struct metrics_text *text, struct web_call *call)
{
    struct master *master = call->service->hbase->master;
    bool is_leading = master && master_is_ready(master);
    if (!master)
        return;
    metrics_single(
        text, "stele_master_is_leader", METRIC_GAUGE, "1: this master leads.", is_leading);
    if (!is_leading)
        return;
    struct catalogue *catalogue = api_catalogue(call);
    struct loads servers = {0};
    size_t count = 0;
    mutex_lock(&catalogue->mutex);
    struct loads *tables = arena_allocate_zeroed(
        &call->arena, catalogue->table_count + 1, sizeof *tables);
    if (tables)
        count = copy_tables(&call->arena, catalogue, tables);
    copy_servers(&call->arena, catalogue, &servers);
    put_states(text, catalogue);
    mutex_unlock(&catalogue->mutex);
    put_skews(text, call, tables, count, &servers);
    put_hot_rows(text, call, tables, count);
    put_events(text, call);
    put_balancer(text, master);
}
