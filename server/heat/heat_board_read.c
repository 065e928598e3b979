/* Reading the board: references are taken under its mutex, answers are made without it. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "server/heat/heat_board_internal.h"

#define MINUTE_S 60
#define FEW_S    20 /* a minute that has run for less says little about where the heat is */

/* What the servers said last. */
struct view {
    struct kept_minute **minutes; /* running and previous ones */
    size_t minute_count;
    struct kept_rows **rows;
    size_t row_count;
};

static void view_free(struct view *view)
{
    for (size_t i = 0; i < view->minute_count; i++)
        kept_minute_unref(view->minutes[i]);
    for (size_t i = 0; i < view->row_count; i++)
        kept_rows_unref(view->rows[i]);
    memory_free(view->minutes);
    memory_free(view->rows);
}

static void view_add_locked(struct view *view, const struct board_server *server)
{
    if (server->running) {
        atomic_fetch_add_explicit(&server->running->references, 1, memory_order_relaxed);
        view->minutes[view->minute_count++] = server->running;
    }
    if (server->running && server->previous &&
        server->previous->minute.minute + 1 == server->running->minute.minute) {
        atomic_fetch_add_explicit(&server->previous->references, 1, memory_order_relaxed);
        view->minutes[view->minute_count++] = server->previous;
    }
    if (server->rows) {
        atomic_fetch_add_explicit(&server->rows->references, 1, memory_order_relaxed);
        view->rows[view->row_count++] = server->rows;
    }
}

static enum status view_take(struct heat_board *board, struct view *out_view)
{
    struct view view = {0};
    int64_t now_ms = env_wall_ms(board->env);
    mutex_lock(&board->mu);
    view.minutes = memory_allocate_zeroed(board->server_count * 2 + 1, sizeof *view.minutes);
    view.rows = memory_allocate_zeroed(board->server_count + 1, sizeof *view.rows);
    for (size_t i = 0; view.minutes && view.rows && i < board->server_count; i++)
        if (board->servers[i].heard_ms + HEAT_SILENT_MS > now_ms)
            view_add_locked(&view, &board->servers[i]);
    mutex_unlock(&board->mu);
    if (!view.minutes || !view.rows) {
        view_free(&view);
        return STATUS_NO_MEMORY;
    }
    *out_view = view;
    return STATUS_OK;
}

static bool copy(struct arena *arena, struct span *span)
{
    size_t size = span->size;
    *span = arena_copy(arena, *span);
    return span->size == size;
}

/* ---- Tablets ---- */

/* One tablet in one minute of one server. */
struct part {
    const struct heat_column *column;
    const struct kept_minute *minute;
    bool is_running;
    double per_s;
};

static struct heat_values total_of(const struct heat_axis *axis)
{
    struct heat_values sum = {0};
    for (size_t i = 0; i < axis->count; i++)
        heat_add(&sum, &axis->values[i], 1);
    return sum;
}

static int by_tablet(const void *a, const void *b)
{
    const struct part *left = a, *right = b;
    int order = span_compare(left->column->table, right->column->table);
    if (order == 0)
        order = strcmp(left->column->tablet_id, right->column->tablet_id);
    /* the one that runs says who serves it */
    return order ? order : right->is_running - left->is_running;
}

static struct part *list_parts(
    const struct view *view, struct span table, struct arena *arena, size_t *out_count)
{
    size_t room = 0, count = 0;
    for (size_t i = 0; i < view->minute_count; i++)
        room += view->minutes[i]->minute.column_count;
    struct part *parts = arena_allocate_zeroed(arena, room + 1, sizeof *parts);
    for (size_t i = 0; parts && i < view->minute_count; i++) {
        const struct kept_minute *minute = view->minutes[i];
        /* the running one of each server comes first */
        bool is_running = i == 0 || !span_equal(view->minutes[i - 1]->server, minute->server);
        for (size_t c = 0; c < minute->minute.column_count; c++) {
            const struct heat_column *column = &minute->minute.columns[c];
            if (column->axis.count == 0 || (table.size > 0 && !span_equal(column->table, table)))
                continue;
            parts[count++] = (struct part){column, minute, is_running, 0};
        }
    }
    if (parts)
        qsort(parts, count, sizeof *parts, by_tablet);
    *out_count = count;
    return parts;
}

/* The window of a server: the minute that runs, and the one before it when it is there. */
static double window_of(const struct view *view, const struct kept_minute *minute)
{
    double seconds = 0;
    for (size_t i = 0; i < view->minute_count; i++)
        if (span_equal(view->minutes[i]->server, minute->server))
            seconds += view->minutes[i]->minute.seconds;
    return seconds > 1 ? seconds : 1;
}

/* The hottest stretch, in the part that says most about it. */
static void find_hottest(
    const struct part *parts, size_t count, uint32_t metric, struct heat_tablet *tablet)
{
    const struct part *best = &parts[0];
    for (size_t i = 1; i < count; i++)
        if (best->minute->minute.seconds < FEW_S)
            best = &parts[i];
    const struct heat_axis *axis = &best->column->axis;
    double sum = 0, most = -1;
    tablet->stretches = *axis;
    for (size_t i = 0; i < axis->count; i++) {
        double value = heat_sum(&axis->values[i], metric);
        sum += value;
        if (value <= most)
            continue;
        most = value;
        tablet->hottest_start = axis->starts[i];
        tablet->hottest_end = i + 1 < axis->count ? axis->starts[i + 1] : axis->end;
    }
    tablet->hottest_share = sum > 0 ? most / sum : 0;
}

/* All parts of one tablet. */
static void join_parts(const struct view *view, const struct part *parts, size_t count,
    uint32_t metric, struct heat_tablet *tablet)
{
    const struct heat_column *column = parts[0].column;
    *tablet = (struct heat_tablet){.table = column->table,
        .tablet_id = span_string(column->tablet_id),
        .server = parts[0].minute->server,
        .start_key = column->axis.starts[0],
        .end_key = column->axis.end};
    for (size_t i = 0; i < count; i++) {
        struct heat_values sum = total_of(&parts[i].column->axis);
        heat_add(&tablet->per_s, &sum, 1 / window_of(view, parts[i].minute));
    }
    find_hottest(parts, count, metric, tablet);
}

static void set_shares(struct heat_tablet *tablets, size_t count, uint32_t metric)
{
    for (size_t first = 0, end; first < count; first = end) {
        double sum = 0;
        for (end = first; end < count && span_equal(tablets[end].table, tablets[first].table);
             end++)
            sum += heat_sum(&tablets[end].per_s, metric);
        for (size_t i = first; i < end && sum > 0; i++)
            tablets[i].share = heat_sum(&tablets[i].per_s, metric) / sum;
    }
}

struct ranked {
    double value;
    size_t index;
};

static int hottest_first(const void *a, const void *b)
{
    const struct ranked *left = a, *right = b;
    if (left->value != right->value)
        return left->value < right->value ? 1 : -1;
    return left->index < right->index ? -1 : left->index > right->index;
}

static bool copy_stretches(struct arena *arena, struct heat_axis *axis)
{
    struct span *starts = arena_allocate_zeroed(arena, axis->count, sizeof *starts);
    struct heat_values *values = arena_allocate_zeroed(arena, axis->count, sizeof *values);
    if (!starts || !values)
        return false;
    memcpy(values, axis->values, axis->count * sizeof *values);
    for (size_t i = 0; i < axis->count; i++) {
        starts[i] = axis->starts[i];
        if (!copy(arena, &starts[i]))
            return false;
    }
    axis->starts = starts;
    axis->values = values;
    return copy(arena, &axis->end);
}

/* The hottest `limit`, copied. */
static enum status rank_tablets(const struct heat_tablet *all, size_t count, uint32_t metric,
    size_t limit, struct arena *scratch, struct arena *arena, struct heat_tablets *out_tablets)
{
    struct ranked *ranked = arena_allocate_zeroed(scratch, count + 1, sizeof *ranked);
    size_t given = count < limit ? count : limit;
    struct heat_tablet *tablets = arena_allocate_zeroed(arena, given + 1, sizeof *tablets);
    if (!ranked || !tablets)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < count; i++)
        ranked[i] = (struct ranked){heat_sum(&all[i].per_s, metric), i};
    qsort(ranked, count, sizeof *ranked, hottest_first);
    for (size_t i = 0; i < given; i++) {
        struct heat_tablet *tablet = &tablets[i];
        *tablet = all[ranked[i].index];
        if (!copy(arena, &tablet->table) || !copy(arena, &tablet->tablet_id) ||
            !copy(arena, &tablet->server) || !copy(arena, &tablet->start_key) ||
            !copy(arena, &tablet->end_key) || !copy(arena, &tablet->hottest_start) ||
            !copy(arena, &tablet->hottest_end) || !copy_stretches(arena, &tablet->stretches))
            return STATUS_NO_MEMORY;
    }
    *out_tablets = (struct heat_tablets){tablets, given, count, {{0}}};
    for (size_t i = 0; i < count; i++)
        heat_add(&out_tablets->per_s, &all[i].per_s, 1);
    return STATUS_OK;
}

enum status heat_board_tablets(struct heat_board *board, struct span table, uint32_t metric,
    size_t limit, struct arena *arena, struct heat_tablets *out_tablets)
{
    struct view view;
    struct arena scratch = {0};
    enum status status = view_take(board, &view);
    if (status)
        return status;
    size_t part_count, count = 0;
    struct part *parts = list_parts(&view, table, &scratch, &part_count);
    struct heat_tablet *all = arena_allocate_zeroed(&scratch, part_count + 1, sizeof *all);
    status = parts && all ? STATUS_OK : STATUS_NO_MEMORY;
    for (size_t first = 0, end; !status && first < part_count; first = end) {
        end = first + 1;
        while (end < part_count &&
               strcmp(parts[end].column->tablet_id, parts[first].column->tablet_id) == 0)
            end++;
        join_parts(&view, parts + first, end - first, metric, &all[count++]);
    }
    if (!status) {
        set_shares(all, count, metric);
        status = rank_tablets(all, count, metric, limit, &scratch, arena, out_tablets);
    }
    arena_deinit(&scratch);
    view_free(&view);
    return status;
}

/* The part of the axis before the row; below 0: nothing was asked for. */
static double axis_share_before(const struct heat_axis *axis, struct span row)
{
    double before = 0, all = 0;
    for (size_t i = 0; i < axis->count; i++) {
        double ops = heat_sum(&axis->values[i], HEAT_OPS);
        struct span end = i + 1 < axis->count ? axis->starts[i + 1] : axis->end;
        all += ops;
        if (end.size > 0 && span_compare(end, row) <= 0)
            before += ops;
        else if (span_compare(axis->starts[i], row) < 0)
            before += ops / 2;
    }
    return all > 0 ? before / all : -1;
}

double heat_board_share_before(struct heat_board *board, struct span tablet_id, struct span row)
{
    struct view view;
    double share = -1;
    bool is_sure = false;
    if (view_take(board, &view))
        return 0.5;
    for (size_t i = 0; i < view.minute_count && !is_sure; i++) {
        const struct heat_minute *minute = &view.minutes[i]->minute;
        for (size_t c = 0; c < minute->column_count; c++) {
            const struct heat_column *column = &minute->columns[c];
            if (!span_equal(span_string(column->tablet_id), tablet_id) ||
                axis_share_before(&column->axis, row) < 0)
                continue;
            share = axis_share_before(&column->axis, row);
            is_sure = minute->seconds >= FEW_S;
        }
    }
    view_free(&view);
    return share < 0 ? 0.5 : share;
}

/* ---- Rows ---- */

static int most_first(const void *a, const void *b)
{
    const struct heat_row *left = a, *right = b;
    double first = left->count / left->window_s, second = right->count / right->window_s;
    if (first != second)
        return first < second ? 1 : -1;
    return span_compare(left->row, right->row);
}

static struct heat_row row_of(
    const struct kept_rows *rows, const struct heat_tablet_rows *tablet, const struct hot_row *row)
{
    double all = tablet->all[row->kind];
    return (struct heat_row){.table = tablet->table,
        .tablet_id = span_string(tablet->tablet_id),
        .server = rows->server,
        .row = row->row,
        .kind = row->kind,
        .window_s = tablet->window_s > 1 ? tablet->window_s : 1,
        .count = row->count,
        .error = row->error,
        .share = all > 0 ? row->count / all : 0};
}

static enum status copy_rows(
    const struct heat_row *all, size_t count, struct arena *arena, struct heat_rows *out_rows)
{
    struct heat_row *rows = arena_allocate_zeroed(arena, count + 1, sizeof *rows);
    if (!rows)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < count; i++) {
        rows[i] = all[i];
        if (!copy(arena, &rows[i].table) || !copy(arena, &rows[i].tablet_id) ||
            !copy(arena, &rows[i].server) || !copy(arena, &rows[i].row))
            return STATUS_NO_MEMORY;
    }
    *out_rows = (struct heat_rows){rows, count};
    return STATUS_OK;
}

enum status heat_board_rows(struct heat_board *board, struct span table, size_t limit,
    struct arena *arena, struct heat_rows *out_rows)
{
    struct view view;
    struct arena scratch = {0};
    enum status status = view_take(board, &view);
    if (status)
        return status;
    size_t room = 0, count = 0;
    for (size_t i = 0; i < view.row_count; i++)
        for (size_t t = 0; t < view.rows[i]->hot_count; t++)
            room += view.rows[i]->hot[t].row_count;
    struct heat_row *all = arena_allocate_zeroed(&scratch, room + 1, sizeof *all);
    for (size_t i = 0; all && i < view.row_count; i++)
        for (size_t t = 0; t < view.rows[i]->hot_count; t++) {
            const struct heat_tablet_rows *tablet = &view.rows[i]->hot[t];
            if (table.size > 0 && !span_equal(tablet->table, table))
                continue;
            for (size_t r = 0; r < tablet->row_count; r++)
                all[count++] = row_of(view.rows[i], tablet, &tablet->rows[r]);
        }
    if (all) {
        qsort(all, count, sizeof *all, most_first);
        status = copy_rows(all, count < limit ? count : limit, arena, out_rows);
    } else {
        status = STATUS_NO_MEMORY;
    }
    arena_deinit(&scratch);
    view_free(&view);
    return status;
}

/* ---- Matrix ---- */

/* Minutes that are not in the history: those that wait for other servers, and those that run. */
struct recent {
    struct kept_minute **minutes;
    size_t count;
};

static enum status recent_take_locked(struct heat_board *board, struct recent *recent)
{
    size_t most = board->pending_count + board->server_count;
    recent->minutes = memory_allocate_zeroed(most + 1, sizeof *recent->minutes);
    if (!recent->minutes)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < board->pending_count; i++)
        recent->minutes[recent->count++] = board->pending[i];
    for (size_t i = 0; i < board->server_count; i++)
        if (board->servers[i].running)
            recent->minutes[recent->count++] = board->servers[i].running;
    for (size_t i = 0; i < recent->count; i++)
        atomic_fetch_add_explicit(&recent->minutes[i]->references, 1, memory_order_relaxed);
    return STATUS_OK;
}

static void recent_free(struct recent *recent)
{
    for (size_t i = 0; i < recent->count; i++)
        kept_minute_unref(recent->minutes[i]);
    memory_free(recent->minutes);
}

static int by_minute(const void *a, const void *b)
{
    int64_t left = (*(struct kept_minute *const *)a)->minute.minute;
    int64_t right = (*(struct kept_minute *const *)b)->minute.minute;
    return left < right ? -1 : left > right;
}

/* Each recent minute of the range as one axis more. */
static enum status add_recent(struct heat_gathering *gathering, const struct heat_query *query,
    const struct recent *recent, struct arena *scratch)
{
    enum status status = STATUS_OK;
    qsort(recent->minutes, recent->count, sizeof *recent->minutes, by_minute);
    for (size_t first = 0, end; !status && first < recent->count; first = end) {
        int64_t minute = recent->minutes[first]->minute.minute;
        double seconds = 0;
        for (end = first; end < recent->count && recent->minutes[end]->minute.minute == minute;
             end++)
            if (recent->minutes[end]->minute.seconds > seconds)
                seconds = recent->minutes[end]->minute.seconds;
        struct heat_axis *axis = arena_allocate_zeroed(scratch, 1, sizeof *axis);
        if (!axis)
            return STATUS_NO_MEMORY;
        if (minute * MINUTE_S >= query->to_s || (minute + 1) * MINUTE_S <= query->from_s)
            continue;
        status = heat_minutes_axis(
            recent->minutes + first, end - first, query->table, scratch, axis);
        if (!status)
            status = heat_gathering_add(gathering, minute, seconds, axis);
    }
    return status;
}

static bool has_table(const struct recent *recent, struct span table)
{
    for (size_t i = 0; i < recent->count; i++)
        for (size_t c = 0; c < recent->minutes[i]->minute.column_count; c++)
            if (span_equal(recent->minutes[i]->minute.columns[c].table, table))
                return true;
    return false;
}

enum status heat_board_matrix(struct heat_board *board, const struct heat_query *query,
    struct arena *arena, struct heat_matrix *out_matrix, struct error *error)
{
    struct arena scratch = {0};
    struct recent recent = {0};
    struct heat_gathering *gathering = NULL;
    mutex_lock(&board->mu);
    bool is_known = heat_history_has(board->history, query->table);
    enum status status = heat_history_gather(board->history, query, &gathering, error);
    if (!status)
        status = recent_take_locked(board, &recent);
    mutex_unlock(&board->mu);
    if (!status && !is_known && !has_table(&recent, query->table))
        status = error_set(error, STATUS_NOT_FOUND, "there is no heat of table %.*s",
            (int)query->table.size, (const char *)query->table.data);
    if (!status)
        status = add_recent(gathering, query, &recent, &scratch);
    if (!status)
        status = heat_gathering_draw(gathering, arena, out_matrix);
    heat_gathering_free(gathering);
    recent_free(&recent);
    arena_deinit(&scratch);
    if (status == STATUS_NO_MEMORY)
        error_set(error, status, "no memory for a heat map");
    return status;
}

/* ---- Events ---- */

static enum status copy_event(
    struct arena *arena, const struct heat_event *from, struct heat_event *to)
{
    *to = *from;
    bool is_copied = copy(arena, &to->table) && copy(arena, &to->tablet_id) &&
                     copy(arena, &to->key) && copy(arena, &to->from) && copy(arena, &to->to) &&
                     copy(arena, &to->reason);
    return is_copied ? STATUS_OK : STATUS_NO_MEMORY;
}

enum status heat_board_events(struct heat_board *board, struct span table, uint64_t after,
    size_t limit, struct arena *arena, struct heat_events *out_events)
{
    size_t most = limit < HEAT_EVENTS_KEPT ? limit : HEAT_EVENTS_KEPT, count = 0;
    struct heat_event *events = arena_allocate_zeroed(arena, most + 1, sizeof *events);
    if (!events)
        return STATUS_NO_MEMORY;
    enum status status = STATUS_OK;
    mutex_lock(&board->mu);
    uint64_t kept = board->event_count < HEAT_EVENTS_KEPT ? board->event_count : HEAT_EVENTS_KEPT;
    for (uint64_t back = 0; back < kept && count < most && !status; back++) {
        const struct heat_event *event =
            &board->events[(board->event_count - 1 - back) % HEAT_EVENTS_KEPT].event;
        if (event->number <= after)
            break;
        if (table.size == 0 || span_equal(event->table, table))
            status = copy_event(arena, event, &events[most - ++count]);
    }
    mutex_unlock(&board->mu);
    *out_events = (struct heat_events){events + (most - count), count};
    return status;
}

/* ---- Tables ---- */

struct naming {
    struct arena *arena;
    struct span *names;
    size_t count, room;
    bool is_short;
};

static void name_table(void *context, struct span table)
{
    struct naming *naming = context;
    for (size_t i = 0; i < naming->count; i++)
        if (span_equal(naming->names[i], table))
            return;
    if (naming->count == naming->room) {
        size_t room = naming->room ? naming->room * 2 : 32;
        struct span *names = arena_allocate_zeroed(naming->arena, room, sizeof *names);
        naming->is_short = naming->is_short || !names;
        if (!names)
            return;
        if (naming->count > 0)
            memcpy(names, naming->names, naming->count * sizeof *names);
        naming->names = names;
        naming->room = room;
    }
    if (copy(naming->arena, &table))
        naming->names[naming->count++] = table;
    else
        naming->is_short = true;
}

static int by_name(const void *a, const void *b)
{
    return span_compare(*(const struct span *)a, *(const struct span *)b);
}

enum status heat_board_tables(
    struct heat_board *board, struct arena *arena, struct heat_tables *out_tables)
{
    struct view view;
    struct naming naming = {.arena = arena};
    enum status status = view_take(board, &view);
    if (status)
        return status;
    for (size_t i = 0; i < view.minute_count; i++)
        for (size_t c = 0; c < view.minutes[i]->minute.column_count; c++)
            name_table(&naming, view.minutes[i]->minute.columns[c].table);
    mutex_lock(&board->mu);
    heat_history_each(board->history, name_table, &naming);
    mutex_unlock(&board->mu);
    view_free(&view);
    if (naming.count > 0)
        qsort(naming.names, naming.count, sizeof *naming.names, by_name);
    *out_tables = (struct heat_tables){naming.names, naming.count};
    return naming.is_short ? STATUS_NO_MEMORY : STATUS_OK;
}
