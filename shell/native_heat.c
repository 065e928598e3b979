/* Shell::Native: measured heat, as hashes with symbol keys; the heat map is drawn here. */
#include <mruby.h>
#include <mruby/array.h>
#include <mruby/hash.h>
#include <mruby/string.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/heat_picture.h"
#include "base/memory.h"
#include "shell/format.h"
#include "shell/native.h"

#define EVENTS_MOST 1000

static void set_text(mrb_state *mrb, mrb_value hash, const char *key, struct stele_bytes text)
{
    native_hash_set(mrb, hash, key, native_string(mrb, text));
}

static void set_float(mrb_state *mrb, mrb_value hash, const char *key, double value)
{
    native_hash_set(mrb, hash, key, mrb_float_value(mrb, value));
}

static mrb_value tablet_value(mrb_state *mrb, const struct stele_hot_tablet *tablet)
{
    mrb_value hash = mrb_hash_new(mrb);
    set_text(mrb, hash, "table", tablet->table);
    set_text(mrb, hash, "encoded", tablet->encoded_name);
    set_text(mrb, hash, "server", tablet->server);
    set_text(mrb, hash, "start", tablet->start_key);
    set_text(mrb, hash, "end", tablet->end_key);
    set_float(mrb, hash, "gets", tablet->gets);
    set_float(mrb, hash, "scanned", tablet->scanned_rows);
    set_float(mrb, hash, "writes", tablet->writes);
    set_float(mrb, hash, "bytes", tablet->bytes_in + tablet->bytes_out);
    set_float(mrb, hash, "cpu", tablet->cpu);
    set_float(mrb, hash, "share", tablet->share);
    set_text(mrb, hash, "hottest_start", tablet->hottest_start);
    set_text(mrb, hash, "hottest_end", tablet->hottest_end);
    set_float(mrb, hash, "hottest_share", tablet->hottest_share);
    return hash;
}

/* [active tablets, [{...}...]] of a table ('': all), by a metric */
static mrb_value hot_tablets(mrb_state *mrb, mrb_value self)
{
    mrb_value table, metric;
    mrb_int limit;
    struct stele_hot_tablet_list list = {0};
    struct stele_error error = {0};
    (void)self;
    mrb_get_args(mrb, "SSi", &table, &metric, &limit);
    if (stele_hot_tablets(native_client(mrb), native_bytes(table), native_bytes(metric),
            (uint32_t)limit, &list, &error))
        native_raise(mrb, &error);
    mrb_value values = mrb_ary_new(mrb);
    for (size_t i = 0; i < list.count; i++)
        mrb_ary_push(mrb, values, tablet_value(mrb, &list.tablets[i]));
    mrb_value parts[2] = {mrb_int_value(mrb, (mrb_int)list.active), values};
    stele_hot_tablet_list_free(&list);
    return mrb_ary_new_from_values(mrb, 2, parts);
}

static mrb_value row_value(mrb_state *mrb, const struct stele_hot_row *row)
{
    mrb_value hash = mrb_hash_new(mrb);
    set_text(mrb, hash, "table", row->table);
    set_text(mrb, hash, "row", row->row);
    native_hash_set(mrb, hash, "write", mrb_bool_value(row->is_write));
    set_float(mrb, hash, "count", row->count);
    set_float(mrb, hash, "error", row->error);
    set_float(mrb, hash, "window", row->window_s);
    set_float(mrb, hash, "share", row->share);
    set_text(mrb, hash, "encoded", row->encoded_name);
    set_text(mrb, hash, "server", row->server);
    return hash;
}

static mrb_value hot_rows(mrb_state *mrb, mrb_value self)
{
    mrb_value table;
    mrb_int limit;
    struct stele_hot_row_list list = {0};
    struct stele_error error = {0};
    (void)self;
    mrb_get_args(mrb, "Si", &table, &limit);
    if (stele_hot_rows(native_client(mrb), native_bytes(table), (uint32_t)limit, &list, &error))
        native_raise(mrb, &error);
    mrb_value values = mrb_ary_new(mrb);
    for (size_t i = 0; i < list.count; i++)
        mrb_ary_push(mrb, values, row_value(mrb, &list.rows[i]));
    stele_hot_row_list_free(&list);
    return values;
}

/* ---- The map ---- */

/* '^' splits, 'v' merges, '>' moves, '*' several kinds, by columns. NULL on no memory. */
static char *make_marks(
    const struct stele_heat_map *map, const struct stele_tablet_event_list *events)
{
    char *marks = memory_allocate_zeroed(map->column_count + 1, 1);
    if (!marks)
        return NULL;
    memset(marks, ' ', map->column_count);
    for (size_t i = 0; i < events->count; i++) {
        const struct stele_tablet_event *event = &events->events[i];
        int64_t column = (event->time_ms / 1000 - map->from_s) / map->step_s;
        if (event->time_ms / 1000 < map->from_s || column >= (int64_t)map->column_count)
            continue;
        char mark = event->kind.size == 0                                ? '*'
                    : event->kind.data[0] == 's'                         ? '^'
                    : event->kind.size > 1 && event->kind.data[1] == 'e' ? 'v'
                                                                         : '>';
        marks[column] = marks[column] == ' ' || marks[column] == mark ? mark : '*';
    }
    return marks;
}

static void draw(const struct stele_heat_map *map, const struct stele_tablet_event_list *events,
    const char *unit)
{
    struct span *bounds = memory_allocate_zeroed(map->row_count + 1, sizeof *bounds);
    char *marks = make_marks(map, events);
    struct buffer text = {0};
    for (size_t i = 0; bounds && i <= map->row_count; i++)
        bounds[i] = span_make(map->bounds[i].data, map->bounds[i].size);
    struct heat_picture picture = {
        .values = map->values,
        .rows = map->row_count,
        .columns = map->column_count,
        .bounds = bounds,
        .from_s = map->from_s,
        .step_s = map->step_s,
        .unit = unit,
        .marks = events->count > 0 ? marks : NULL,
    };
    if (bounds)
        heat_picture_draw(&text, &picture, heat_ink_find(isatty(STDOUT_FILENO) == 1));
    format_text(buffer_span(&text));
    buffer_deinit(&text);
    memory_free(marks);
    memory_free(bounds);
}

/* heat_map table, metric, from_s, to_s, start, end, rows, columns, unit: draws; how many marks there are */
static mrb_value heat_map(mrb_state *mrb, mrb_value self)
{
    mrb_value table, metric, start, end;
    mrb_int from_s, to_s, rows, columns;
    const char *unit;
    struct stele_heat_map map = {0};
    struct stele_tablet_event_list events = {0};
    struct stele_error error = {0};
    (void)self;
    mrb_get_args(
        mrb, "SSiiSSiiz", &table, &metric, &from_s, &to_s, &start, &end, &rows, &columns, &unit);
    struct stele_heat_query query = {.metric = native_bytes(metric),
        .from_s = from_s,
        .to_s = to_s,
        .start_key = native_bytes(start),
        .end_key = native_bytes(end),
        .rows = (uint32_t)rows,
        .columns = (uint32_t)columns};
    struct stele_client *client = native_client(mrb);
    if (stele_heat_map(client, native_bytes(table), &query, &map, &error) ||
        stele_tablet_events(client, native_bytes(table), 0, EVENTS_MOST, &events, &error)) {
        stele_heat_map_free(&map);
        native_raise(mrb, &error);
    }
    draw(&map, &events, unit);
    mrb_int count = (mrb_int)events.count;
    stele_heat_map_free(&map);
    stele_tablet_event_list_free(&events);
    return mrb_int_value(mrb, count);
}

void native_define_heat(mrb_state *mrb, struct RClass *native)
{
    mrb_define_module_function(mrb, native, "hot_tablets", hot_tablets, MRB_ARGS_REQ(3));
    mrb_define_module_function(mrb, native, "hot_rows", hot_rows, MRB_ARGS_REQ(2));
    mrb_define_module_function(mrb, native, "heat_map", heat_map, MRB_ARGS_REQ(9));
}
