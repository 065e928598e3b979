/* Advice from the heat that the server has measured: keys within tablets, over time. */
#include <math.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/env.h"
#include "bench/study/advise_internal.h"
#include "model/heat_even.h"

#define RANGES       512  /* of one size */
#define ROWS         2048 /* of the picture: the most that a server draws */
#define COLUMNS      60
#define TABLETS_MOST 10000
#define MINUTE_S     60
#define MS_PER_S     1000
#define TIME_COLUMNS 8 /* with fewer nothing is said of waves (key_advice.h) */

static struct span span_of(struct stele_bytes bytes)
{
    return span_make(bytes.data, bytes.size);
}

/* The busiest row of the last minute or two, and its share, as far as that is sure. */
static void find_top_row(struct stele_client *client, const char *table,
    struct stele_hot_row_list *rows, struct key_heat *heat)
{
    struct stele_hot_tablet_list tablets;
    double per_s = 0;
    if (stele_hot_rows(client, stele_text(table), 1, rows, NULL) || rows->count == 0 ||
        rows->rows[0].window_s <= 0 ||
        stele_hot_tablets(
            client, stele_text(table), STELE_TEXT("ops"), TABLETS_MOST, &tablets, NULL))
        return;
    for (size_t i = 0; i < tablets.count; i++)
        per_s += tablets.tablets[i].gets + tablets.tablets[i].scanned_rows +
                 tablets.tablets[i].writes;
    stele_hot_tablet_list_free(&tablets);
    double sure = rows->rows[0].count - rows->rows[0].error;
    if (per_s > 0 && sure > 0) {
        heat->top_row = span_of(rows->rows[0].row);
        heat->top_share = fmin(1, sure / rows->rows[0].window_s / per_s);
    }
}

/* The map over ranges of one size. False on no memory, or when nothing was asked for. */
static bool make_heat(const struct stele_heat_map *map, struct arena *arena, struct key_heat *heat)
{
    struct span *bounds = arena_allocate_zeroed(arena, map->row_count + 1, sizeof *bounds),
                *starts = arena_allocate_zeroed(arena, RANGES, sizeof *starts);
    double *values = arena_allocate_zeroed(
        arena, map->row_count * map->column_count, sizeof *values);
    struct heat_even even;
    if (!bounds || !starts || !values)
        return false;
    for (size_t i = 0; i <= map->row_count; i++)
        bounds[i] = span_of(map->bounds[i]);
    for (size_t i = 0; i < map->row_count * map->column_count; i++)
        values[i] = map->values[i];
    struct heat_grid grid = {.bounds = bounds,
        .row_count = map->row_count,
        .column_count = map->column_count,
        .values = values};
    if (heat_even_make(&grid, map->bytes, RANGES, arena, &even))
        return false;
    for (size_t i = 0; i < RANGES; i++)
        starts[i] = bounds[even.rows[i]];
    heat->starts = starts;
    heat->column_s = map->step_s;
    return heat_even_begin(&even, heat);
}

static void tell(const struct key_diagnosis *diagnosis, const struct key_heat *heat,
    unsigned minutes, bool is_json)
{
    struct advise_source source = {.name = "history", .unit = "ranges of one size"};
    unsigned seen = (unsigned)((double)heat->columns * heat->column_s / MINUTE_S);
    snprintf(source.text, sizeof source.text,
        "the server's measured heat: the last %u minute%s, from the first request on",
        seen < minutes ? seen : minutes, seen == 1 ? "" : "s");
    advise_tell(heat, diagnosis, &source, is_json);
    if (heat->columns < TIME_COLUMNS)
        fprintf(stderr,
            "so short a history says where load lies, not whether it moves or comes in waves\n");
}

bool advise_history(struct stele_client *client, const char *table, unsigned minutes,
    size_t servers, bool is_json, struct stele_error *out_why)
{
    struct stele_heat_map map;
    struct stele_hot_row_list rows = {0};
    struct arena arena = {0};
    struct key_heat heat = {.servers = servers};
    struct key_diagnosis diagnosis;
    int64_t now_s = (int64_t)(env_wall_ms(env_real()) / MS_PER_S);
    struct stele_heat_query query = {.metric = STELE_TEXT("ops"),
        .from_s = now_s - (int64_t)minutes * MINUTE_S,
        .rows = ROWS,
        .columns = COLUMNS};
    if (stele_heat_map(client, stele_text(table), &query, &map, out_why))
        return false;
    bool is_known = map.bytes && make_heat(&map, &arena, &heat);
    if (is_known)
        find_top_row(client, table, &rows, &heat);
    is_known = is_known && key_advice_diagnose(&heat, &diagnosis);
    if (is_known)
        tell(&diagnosis, &heat, minutes, is_json);
    else
        snprintf(out_why->message, sizeof out_why->message,
            map.bytes ? "nothing was asked of it in that time" : "the server tells no sizes");
    stele_hot_row_list_free(&rows);
    stele_heat_map_free(&map);
    arena_deinit(&arena);
    return is_known;
}
