/* What the heat of keys looks like and what to do about it (model/key_advice.h): of a table for the Key Visualizer, and of
 * single tablets. */
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "model/heat_even.h"
#include "model/key_advice.h"
#include "server/heat/heat_diagnosis.h"
#include "server/master/table_extents.h"
#include "server/web/api_internal.h"

#define RANGES         512 /* of one size */
#define COLUMNS_MOST   60
#define ROWS_LOOKED_AT 2048

/* Its heat over ranges of one size. False when nothing can be said of it. */
static bool make_even(struct web_call *call, struct span table, const struct heat_matrix *drawn,
    struct heat_even *out_even)
{
    struct heat_extent *tablets;
    struct heat_grid grid = {.bounds = drawn->bounds,
        .row_count = drawn->row_count,
        .column_count = drawn->column_count,
        .values = drawn->values};
    size_t count = table_extents_list(api_catalogue(call), table, &call->arena, &tablets);
    double *bytes = count ? arena_allocate_zeroed(&call->arena, grid.row_count, sizeof *bytes)
                          : NULL;
    if (!bytes)
        return false;
    heat_even_weigh(&grid, tablets, count, bytes);
    return heat_even_make(&grid, bytes, RANGES, &call->arena, out_even) == STATUS_OK;
}

/* The busiest row and its share of all that the table is asked for. Of a picture that ends before rows were counted both
 * stay empty, which is "not known" to key_advice, and its words say so. */
static void find_top_row(
    struct web_call *call, const struct heat_query *query, struct key_heat *heat)
{
    struct heat_board *board = call->service->hbase->heat;
    struct heat_rows rows = {0};
    if (!heat_rows_tell_of(query->to_s, env_wall_ms(call->service->env) / 1000) ||
        heat_board_rows(board, query->table, 1, &call->arena, &rows) || rows.count == 0)
        return;
    heat->top_row = rows.rows[0].row;
    heat->top_share = heat_row_share(
        &rows.rows[0], heat_board_total(board, query->table, HEAT_OPS));
}

/* "single row" -> "single_row" */
static json_t *kind_name(enum key_pattern pattern)
{
    char name[32];
    snprintf(name, sizeof name, "%s", key_pattern_name(pattern));
    for (char *at = name; *at; at++)
        if (*at == ' ')
            *at = '_';
    return json_string(name);
}

static json_t *words_of(const struct key_diagnosis *diagnosis)
{
    char advice[2 * KEY_ADVICE_TEXT + 16];
    bool has_price = diagnosis->pattern != KEY_EVEN && diagnosis->price[0];
    snprintf(advice, sizeof advice, "%s%s%s", diagnosis->advice, has_price ? " Price: " : "",
        has_price ? diagnosis->price : "");
    return json_pack("{s:o, s:s, s:s}", "kind", kind_name(diagnosis->pattern), "text",
        diagnosis->reason, "advice", advice);
}

static json_t *item_of(const struct key_diagnosis *diagnosis, const struct heat_matrix *drawn,
    const struct heat_even *even, const struct heat_matrix *shown)
{
    size_t last = diagnosis->to > diagnosis->from ? diagnosis->to - 1 : diagnosis->from;
    json_t *item = words_of(diagnosis);
    if (item && diagnosis->pattern != KEY_EVEN && last < even->ranges) {
        struct span from = drawn->bounds[even->rows[diagnosis->from]],
                    to = drawn->bounds[even->rows[last]];
        json_object_set_new(item, "first_row", json_integer((json_int_t)api_row_of(shown, from)));
        json_object_set_new(item, "last_row", json_integer((json_int_t)api_row_of(shown, to)));
    }
    return item;
}

json_t *api_diagnosis(struct web_call *call, const struct heat_query *shown_query, int64_t known_s,
    const struct heat_matrix *shown)
{
    struct heat_query query = *shown_query;
    struct heat_matrix drawn;
    struct heat_even even;
    struct key_heat heat = {0};
    struct key_diagnosis diagnosis;
    struct error error;
    json_t *array = json_array();
    query.rows = LIMIT_HEAT_ROWS;
    query.columns = COLUMNS_MOST;
    if (query.from_s < known_s)
        query.from_s = known_s;
    if (query.start_key.size || query.end_key.size || query.from_s >= query.to_s)
        return array;
    if (heat_board_matrix(call->service->hbase->heat, &query, &call->arena, &drawn, &error) ||
        drawn.column_count == 0 || drawn.most <= 0 || !make_even(call, query.table, &drawn, &even))
        return array;
    if (!heat_even_begin(&even, &heat))
        return array;
    heat.column_s = drawn.step_s;
    heat.servers = api_live_servers(call);
    struct span *starts = arena_allocate_zeroed(&call->arena, RANGES, sizeof *starts);
    for (size_t i = 0; starts && i < RANGES; i++)
        starts[i] = drawn.bounds[even.rows[i]];
    heat.starts = starts;
    find_top_row(call, &query, &heat);
    if (heat.columns > 0 && key_advice_diagnose(&heat, &diagnosis))
        json_array_append_new(array, item_of(&diagnosis, &drawn, &even, shown));
    return array;
}

/* ---- Of tablets ---- */

static const struct heat_tablet *find_tablet(const struct heat_tablets *tablets, const char *id)
{
    for (size_t i = 0; i < tablets->count; i++)
        if (span_equal(tablets->tablets[i].tablet_id, span_string(id)))
            return &tablets->tablets[i];
    return NULL;
}

static json_t *diagnose_tablet(
    const struct heat_tablet *tablet, const struct heat_rows *rows, uint32_t metric, size_t servers)
{
    struct key_diagnosis diagnosis;
    return tablet && heat_diagnose_tablet(tablet, rows, metric, servers, &diagnosis)
               ? words_of(&diagnosis)
               : json_null();
}

void api_diagnose_tablets(
    struct web_call *call, struct span table, enum view_resource resource, json_t *items)
{
    static const uint32_t metrics[VIEW_RESOURCES] = {[VIEW_REQUESTS] = HEAT_OPS,
        [VIEW_BYTES] = HEAT_BYTES,
        [VIEW_CPU] = 1u << HEAT_CPU_NS,
        [VIEW_MEMORY] = HEAT_OPS};
    struct heat_board *board = call->service->hbase->heat;
    struct heat_tablets tablets = {0};
    struct heat_rows rows = {0};
    size_t i, servers = api_live_servers(call);
    json_t *item;
    /* the minute that the board looks at is another window than the catalogue's: hence some more */
    if (heat_board_tablets(board, table, metrics[resource], 2 * json_array_size(items) + 64,
            &call->arena, &tablets) ||
        heat_board_rows(board, table, ROWS_LOOKED_AT, &call->arena, &rows))
        tablets.count = 0;
    json_array_foreach(items, i, item)
    {
        const char *id = json_string_value(json_object_get(item, "id"));
        json_object_set_new(item, "diagnosis",
            diagnose_tablet(
                id ? find_tablet(&tablets, id) : NULL, &rows, metrics[resource], servers));
    }
}
