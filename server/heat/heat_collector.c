#include "server/heat/heat_collector.h"

#include <stdlib.h>
#include <string.h>

#define MINUTE_S 60

/* ---- Tablets, referenced ---- */

struct gathering {
    struct served_tablet **served;
    size_t count, room;
    struct closed_heat *closed; /* borrowed: the service's */
};

static bool gather(void *context, struct served_tablet *served)
{
    struct gathering *gathering = context;
    if (gathering->count == gathering->room)
        return false; /* opened meanwhile */
    if (served->is_meta)
        return true; /* its rows have an order of their own */
    served_tablet_ref(served);
    gathering->served[gathering->count++] = served;
    return true;
}

static enum status gather_all(
    struct tablet_service *tablets, struct arena *arena, struct gathering *out_gathering)
{
    *out_gathering = (struct gathering){
        .room = tablet_service_count(tablets), .closed = tablet_service_closed_heat(tablets)};
    out_gathering->served = arena_allocate_zeroed(
        arena, out_gathering->room + 1, sizeof(struct served_tablet *));
    if (!out_gathering->served)
        return STATUS_NO_MEMORY;
    tablet_service_each(tablets, gather, out_gathering);
    return STATUS_OK;
}

static void let_go(struct gathering *gathering)
{
    for (size_t i = 0; i < gathering->count; i++)
        served_tablet_unref(gathering->served[i]);
}

/* ---- The clock ---- */

/* New buckets, when the data are not what they were as the present ones were made. True when it looked. */
static bool pick_bounds(struct served_tablet *served, int64_t now_s, struct arena *arena)
{
    struct tablet_statistics statistics;
    struct span *bounds;
    size_t count;
    tablet_statistics_read(served->tablet, &statistics);
    uint64_t bytes = statistics.sstable_bytes + statistics.memtable_bytes;
    uint64_t before = served->heat_picked_bytes;
    if (bytes == 0 || (bytes < before + before / 4 && bytes > before - before / 4))
        return false;
    if (before == 0)
        served->heat_first_pick_s = now_s;
    served->heat_picked_bytes = bytes;
    if (!tablet_data_bounds(served->tablet, TABLET_HEAT_BUCKETS, arena, &bounds, &count, NULL))
        tablet_heat_set_bounds(&served->heat, bounds, count);
    return true;
}

/* Buckets last until the minute ends, but for those that were made while a young table was being filled: they would have all that came
 * after in the last of them. */
static bool may_pick(struct served_tablet *served, int64_t now_s)
{
    return tablet_heat_buckets(&served->heat) == 1 ||
           now_s - served->heat_first_pick_s <= HEAT_YOUNG_S;
}

bool heat_collector_second(struct heat_collector *collector, int64_t now_s)
{
    struct arena arena = {0};
    struct gathering gathering;
    int64_t minute = now_s / MINUTE_S;
    bool has_ended = collector->minute != 0 && minute != collector->minute;
    if (now_s == collector->second || gather_all(collector->tablets, &arena, &gathering)) {
        arena_deinit(&arena);
        return false;
    }
    if (has_ended)
        closed_heat_minute(gathering.closed, collector->minute);
    unsigned picks = 0;
    for (size_t i = 0; i < gathering.count; i++) {
        struct served_tablet *served = gathering.served[i];
        if (!tablet_heat_second(&served->heat, now_s)) {
            served->heat_picked_bytes = 0;
            continue;
        }
        if (has_ended)
            tablet_heat_minute(&served->heat, collector->minute);
        if (picks < HEAT_PICKS && (has_ended || may_pick(served, now_s)))
            picks += pick_bounds(served, now_s, &arena);
    }
    let_go(&gathering);
    arena_deinit(&arena);
    if (collector->first == 0)
        collector->first = now_s;
    collector->second = now_s;
    collector->minute = minute;
    return has_ended;
}

/* ---- Reports ---- */

static double cost_of(const struct heat_column *column)
{
    double sum = 0;
    for (size_t i = 0; i < column->axis.count; i++)
        sum += heat_sum(&column->axis.values[i], HEAT_OPS);
    return sum;
}

static int hottest_first(const void *a, const void *b)
{
    double left = cost_of(a), right = cost_of(b);
    return left < right ? 1 : left > right ? -1 : 0;
}

static size_t count_stretches(const struct heat_column *columns, size_t count)
{
    size_t stretches = 0;
    for (size_t i = 0; i < count; i++)
        stretches += columns[i].axis.count;
    return stretches;
}

/* Neighbours that both took nothing become one. The arrays are the report's own. */
static void join_idle(struct heat_axis *axis)
{
    struct span *starts = (struct span *)axis->starts;
    struct heat_values *values = (struct heat_values *)axis->values;
    const struct heat_values none = {0};
    size_t count = 0;
    for (size_t i = 0; i < axis->count; i++) {
        if (count > 0 && memcmp(&values[i], &none, sizeof none) == 0 &&
            memcmp(&values[count - 1], &none, sizeof none) == 0)
            continue;
        starts[count] = starts[i];
        values[count++] = values[i];
    }
    axis->count = count;
}

/* Keeps the bounds of a report: idle stretches together, cool tablets as one stretch, the coolest not at all. Says how
 * many those are. */
static size_t keep_bounds(struct heat_column *columns, size_t *count, struct arena *arena)
{
    if (count_stretches(columns, *count) > HEAT_REPORT_BUCKETS)
        for (size_t i = 0; i < *count; i++)
            join_idle(&columns[i].axis);
    if (count_stretches(columns, *count) <= HEAT_REPORT_BUCKETS && *count <= HEAT_REPORT_TABLETS)
        return 0;
    qsort(columns, *count, sizeof *columns, hottest_first);
    size_t left = *count < HEAT_REPORT_TABLETS ? *count : HEAT_REPORT_TABLETS;
    size_t spare = HEAT_REPORT_BUCKETS - left;
    for (size_t i = 0; i < left; i++) {
        size_t more = columns[i].axis.count - 1;
        if (more <= spare)
            spare -= more;
        else if (heat_axis_divide(&columns[i].axis, 1, HEAT_OPS, arena, &columns[i].axis))
            columns[i].axis.count = 1; /* no memory: the rest of it is lost */
    }
    size_t gone = *count - left;
    *count = left;
    return gone;
}

/* What all tablets took in a minute, those that were closed too; 0: the one that runs. */
static enum status make_minute(const struct gathering *gathering, int64_t minute,
    struct arena *arena, struct heat_minute *out_minute, size_t *left_out)
{
    size_t count = 0, room = gathering->count + closed_heat_count(gathering->closed);
    struct heat_column *columns = arena_allocate_zeroed(arena, room + 1, sizeof *columns);
    if (!columns)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < gathering->count; i++) {
        struct served_tablet *served = gathering->served[i];
        struct heat_tablet_names names = served_tablet_heat_names(served);
        struct heat_minute_copy copy;
        enum status status = tablet_heat_read_minute(&served->heat, minute, arena, &copy);
        if (!status)
            status = heat_column_make(&names, &copy, arena, &columns[count++]);
        if (status == STATUS_NO_MEMORY)
            return status;
    }
    if (closed_heat_read(gathering->closed, minute, arena, columns, room, &count))
        return STATUS_NO_MEMORY;
    *left_out += keep_bounds(columns, &count, arena);
    *out_minute = (struct heat_minute){minute, MINUTE_S, columns, count};
    return STATUS_OK;
}

/* How much of a minute has been measured. */
static double measured(const struct heat_collector *collector, int64_t minute, int64_t now_s)
{
    int64_t from = minute * MINUTE_S, to = from + MINUTE_S;
    if (collector->first > from)
        from = collector->first;
    if (now_s < to)
        to = now_s;
    return to > from ? (double)(to - from) : 0;
}

static enum status make_rows(const struct gathering *gathering, int64_t now_s, struct arena *arena,
    struct heat_report *report)
{
    struct heat_tablet_rows *hot = arena_allocate_zeroed(arena, gathering->count + 1, sizeof *hot);
    size_t count = 0, rows = 0;
    if (!hot)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < gathering->count && rows < HEAT_REPORT_ALL_ROWS; i++) {
        struct served_tablet *served = gathering->served[i];
        struct heat_tablet_rows *one = &hot[count];
        if (tablet_heat_read_rows(&served->heat, now_s, HEAT_REPORT_ROWS, arena, one))
            return STATUS_NO_MEMORY;
        if (one->row_count == 0)
            continue;
        one->table = served->table_name;
        memcpy(one->tablet_id, served->id, sizeof one->tablet_id);
        rows += one->row_count;
        count++;
    }
    report->hot = hot;
    report->hot_count = count;
    return STATUS_OK;
}

/* Names outlive the tablets, which are let go. */
static enum status own_names(
    struct heat_minute *minutes, size_t count, struct heat_report *report, struct arena *arena)
{
    for (size_t m = 0; m < count; m++)
        for (size_t i = 0; i < minutes[m].column_count; i++) {
            struct heat_column *column = (struct heat_column *)&minutes[m].columns[i];
            struct span *first = (struct span *)column->axis.starts;
            struct span table = column->table, start = first[0], end = column->axis.end;
            column->table = arena_copy(arena, table);
            first[0] = arena_copy(arena, start);
            column->axis.end = arena_copy(arena, end);
            if (column->table.size != table.size || first[0].size != start.size ||
                column->axis.end.size != end.size)
                return STATUS_NO_MEMORY;
        }
    for (size_t i = 0; i < report->hot_count; i++) {
        struct heat_tablet_rows *one = (struct heat_tablet_rows *)&report->hot[i];
        struct span table = one->table;
        one->table = arena_copy(arena, table);
        if (one->table.size != table.size)
            return STATUS_NO_MEMORY;
    }
    return STATUS_OK;
}

enum status heat_collector_report(const struct heat_collector *collector,
    const struct server_name *server, int64_t minutes_from, int64_t now_s, struct arena *arena,
    struct heat_report *out_report)
{
    struct gathering gathering;
    struct heat_report report = {.server = *server};
    int64_t running = collector->minute;
    int64_t first = running - TABLET_HEAT_MINUTES;
    first = minutes_from > first ? minutes_from : first;
    first = first < running ? first : running;
    size_t count = (size_t)(running - first) + 1, made = 0;
    struct heat_minute *minutes = arena_allocate_zeroed(arena, count, sizeof *minutes);
    enum status status = minutes ? gather_all(collector->tablets, arena, &gathering)
                                 : STATUS_NO_MEMORY;
    if (status)
        return status;
    size_t buckets = 0;
    for (int64_t minute = first; minute < running && !status; minute++) {
        if (buckets > HEAT_REPORT_BUCKETS)
            break; /* the rest with the next report */
        status = make_minute(&gathering, minute, arena, &minutes[made], &report.left_out);
        minutes[made].seconds = measured(collector, minute, now_s);
        for (size_t i = 0; !status && i < minutes[made].column_count; i++)
            buckets += minutes[made].columns[i].axis.count;
        made += status == STATUS_OK;
    }
    if (!status)
        status = make_minute(&gathering, 0, arena, &minutes[made], &report.left_out);
    if (!status) {
        minutes[made].minute = running;
        minutes[made].seconds = measured(collector, running, now_s);
        report.minutes = minutes;
        report.minute_count = made + 1;
        status = make_rows(&gathering, now_s, arena, &report);
    }
    if (!status)
        status = own_names(minutes, made + 1, &report, arena);
    let_go(&gathering);
    if (!status)
        *out_report = report;
    return status;
}
