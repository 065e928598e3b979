#include "tests/sim/model_heat.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "server/coordination/coordination.h"

#define STRETCHES 4 /* of a tablet's heat */
#define HOT_ROWS  2

void model_heat_load(
    const struct fleet *fleet, const struct fleet_tablet *tablet, struct tablet_report *out_report)
{
    (void)fleet;
    out_report->load[VIEW_REQUESTS] = (float)(tablet->number * 2654435761u % 997 + 1);
    out_report->load[VIEW_BYTES] = out_report->load[VIEW_REQUESTS] * 100;
    out_report->load[VIEW_CPU] = out_report->load[VIEW_REQUESTS] / 1e6f;
    out_report->load[VIEW_MEMORY] = 4096;
    out_report->size_bytes = tablet->number % 1000 << 20;
}

/* The keys of model_fleet.c, and some between them. */
static struct span row_of(struct arena *arena, size_t number, size_t part)
{
    char *text = arena_allocate(arena, 24);
    CHECK(text);
    int size = snprintf(text, 24, part ? "%012zu/%zu" : "%012zu", number, part);
    return span_make(text, (size_t)size);
}

void model_heat_axis(struct arena *arena, size_t number, struct heat_axis *out_axis)
{
    struct span *starts = arena_allocate_zeroed(arena, STRETCHES, sizeof *starts);
    struct heat_values *values = arena_allocate_zeroed(arena, STRETCHES, sizeof *values);
    CHECK(starts && values);
    for (size_t i = 0; i < STRETCHES; i++) {
        starts[i] = row_of(arena, number, i);
        values[i].of[HEAT_READS] = (double)((number * 2654435761u + i * 7) % 60000);
        values[i].of[HEAT_WRITES] = (double)((number * 40503u + i) % 6000);
    }
    *out_axis = (struct heat_axis){starts, values, STRETCHES, row_of(arena, number + 1, 0)};
}

void model_heat_tell(struct fleet *fleet, struct heat_board *board, struct fleet_server *server)
{
    struct arena arena = {0};
    struct heat_report_answer told;
    int64_t now = env_wall_ms(fleet->env) / 60000;
    struct heat_minute minutes[] = {
        {.minute = now - 1, .seconds = 60}, {.minute = now, .seconds = 30}};
    struct heat_column *columns = arena_allocate_zeroed(
        &arena, server->tablet_count + 1, sizeof *columns);
    struct heat_tablet_rows *hot = arena_allocate_zeroed(
        &arena, server->tablet_count + 1, sizeof *hot);
    CHECK(columns && hot);
    size_t count = 0;
    for (const struct fleet_tablet *one = server->first; one; one = one->server_next, count++) {
        columns[count].table = SPAN_LITERAL("t");
        memcpy(columns[count].tablet_id, one->id, sizeof one->id);
        model_heat_axis(&arena, one->number, &columns[count].axis);
        struct hot_row *rows = arena_allocate_zeroed(&arena, HOT_ROWS, sizeof *rows);
        CHECK(rows);
        for (size_t i = 0; i < HOT_ROWS; i++)
            rows[i] = (struct hot_row){
                columns[count].axis.starts[i], (enum heat_row_kind)i, 1000, 10};
        hot[count] = (struct heat_tablet_rows){.table = SPAN_LITERAL("t"),
            .window_s = 90,
            .all = {50000, 5000},
            .rows = rows,
            .row_count = HOT_ROWS};
        memcpy(hot[count].tablet_id, one->id, sizeof one->id);
    }
    for (size_t i = 0; i < 2; i++) {
        minutes[i].columns = columns;
        minutes[i].column_count = count;
    }
    struct heat_report report = {.server = server->name,
        .minutes = minutes,
        .minute_count = 2,
        .hot = hot,
        .hot_count = count};
    heat_board_take(board, &report, &told);
    arena_deinit(&arena);
}

void model_heat_serve(struct fleet *fleet, struct hbase_service *out_hbase)
{
    struct error error = {0};
    *out_hbase = (struct hbase_service){.env = fleet->env,
        .store = fleet->store,
        .master = fleet->master,
        .tablets = fleet->service,
        .cluster_id = "id",
        .name = fleet->servers[0].name};
    fleet_must(heat_board_new(fleet->env, false, &out_hbase->heat), NULL);
    slow_log_init(&out_hbase->slow);
    fleet_must(coordination_local_new(fleet->env, &out_hbase->coordination, &error), &error);
}
