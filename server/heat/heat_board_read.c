/* Reading the board: what the servers said last, taken by reference under its mutex; hot rows, events, tables. Answers are
 * made without the mutex. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "server/heat/heat_board_internal.h"

/* ---- The view ---- */

void board_view_free(struct board_view *view)
{
    for (size_t i = 0; i < view->minute_count; i++)
        kept_minute_unref(view->minutes[i].minute);
    for (size_t i = 0; i < view->row_count; i++)
        kept_rows_unref(view->rows[i]);
    memory_free(view->minutes);
    memory_free(view->rows);
}

static void add_minute_locked(
    struct board_view *view, struct kept_minute *minute, bool is_running, double window_s)
{
    atomic_fetch_add_explicit(&minute->references, 1, memory_order_relaxed);
    view->minutes[view->minute_count++] = (struct viewed_minute){minute, is_running, window_s};
}

static void view_add_locked(struct board_view *view, const struct board_server *server)
{
    struct kept_minute *running = server->running, *previous = server->previous;
    if (previous && (!running || previous->minute.minute + 1 != running->minute.minute))
        previous = NULL;
    double window_s = (running ? running->minute.seconds : 0) +
                      (previous ? previous->minute.seconds : 0);
    if (running)
        add_minute_locked(view, running, true, window_s > 1 ? window_s : 1);
    if (previous)
        add_minute_locked(view, previous, false, window_s > 1 ? window_s : 1);
    if (server->rows) {
        atomic_fetch_add_explicit(&server->rows->references, 1, memory_order_relaxed);
        view->rows[view->row_count++] = server->rows;
    }
}

enum status board_view_take(struct heat_board *board, struct board_view *out_view)
{
    struct board_view view = {0};
    int64_t now_ms = env_wall_ms(board->env);
    mutex_lock(&board->mu);
    view.minutes = memory_allocate_zeroed(board->server_count * 2 + 1, sizeof *view.minutes);
    view.rows = memory_allocate_zeroed(board->server_count + 1, sizeof *view.rows);
    for (size_t i = 0; view.minutes && view.rows && i < board->server_count; i++)
        if (board->servers[i].heard_ms + HEAT_SILENT_MS > now_ms)
            view_add_locked(&view, &board->servers[i]);
    mutex_unlock(&board->mu);
    if (!view.minutes || !view.rows) {
        board_view_free(&view);
        return STATUS_NO_MEMORY;
    }
    *out_view = view;
    return STATUS_OK;
}

/* ---- The greatest ---- */

void heat_ranked_select(struct heat_ranked *all, size_t count, size_t limit)
{
    size_t low = 0, high = count; /* the limit lies between */
    while (limit > low && limit < high && high - low > 1) {
        double pivot = all[low + (high - 1 - low) / 2].value; /* never the last */
        size_t left = low, right = high - 1;
        for (;;) {
            while (all[left].value > pivot)
                left++;
            while (all[right].value < pivot)
                right--;
            if (left >= right)
                break;
            struct heat_ranked swap = all[left];
            all[left++] = all[right];
            all[right--] = swap;
        }
        /* [low, right] is not below the pivot, the rest not above it */
        if (limit <= right + 1)
            high = right + 1;
        else
            low = right + 1;
    }
}

/* ---- Rows ---- */

/* A row on its way: where it lies. */
struct found_row {
    double per_s;
    const struct kept_rows *rows;
    const struct heat_tablet_rows *tablet;
    const struct hot_row *row;
};

static double window_of(const struct heat_tablet_rows *tablet)
{
    return tablet->window_s > 1 ? tablet->window_s : 1;
}

static int most_first(const void *a, const void *b)
{
    const struct heat_ranked *left = a, *right = b;
    const struct found_row *one = left->item, *other = right->item;
    if (left->value != right->value)
        return left->value < right->value ? 1 : -1;
    return span_compare(one->row->row, other->row->row);
}

static struct heat_row row_of(const struct found_row *found)
{
    const struct heat_tablet_rows *tablet = found->tablet;
    const struct hot_row *row = found->row;
    double all = tablet->all[row->kind];
    return (struct heat_row){.table = tablet->table,
        .tablet_id = span_string(tablet->tablet_id),
        .server = found->rows->server,
        .row = row->row,
        .kind = row->kind,
        .window_s = window_of(tablet),
        .count = row->count,
        .error = row->error,
        .share = all > 0 ? row->count / all : 0};
}

static struct found_row *list_rows(
    const struct board_view *view, struct span table, struct arena *arena, size_t *out_count)
{
    size_t room = 0, count = 0;
    for (size_t i = 0; i < view->row_count; i++)
        for (size_t t = 0; t < view->rows[i]->hot_count; t++)
            room += view->rows[i]->hot[t].row_count;
    struct found_row *all = arena_allocate(arena, (room + 1) * sizeof *all);
    for (size_t i = 0; all && i < view->row_count; i++)
        for (size_t t = 0; t < view->rows[i]->hot_count; t++) {
            const struct heat_tablet_rows *tablet = &view->rows[i]->hot[t];
            if (table.size > 0 && !span_equal(tablet->table, table))
                continue;
            for (size_t r = 0; r < tablet->row_count; r++)
                all[count++] = (struct found_row){tablet->rows[r].count / window_of(tablet),
                    view->rows[i], tablet, &tablet->rows[r]};
        }
    *out_count = count;
    return all;
}

/* The hottest `limit`, copied. */
static enum status rank_rows(const struct found_row *all, size_t count, size_t limit,
    struct arena *scratch, struct arena *arena, struct heat_rows *out_rows)
{
    size_t given = count < limit ? count : limit;
    struct heat_ranked *ranked = arena_allocate(scratch, (count + 1) * sizeof *ranked);
    struct heat_row *rows = arena_allocate_zeroed(arena, given + 1, sizeof *rows);
    if (!ranked || !rows)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < count; i++)
        ranked[i] = (struct heat_ranked){all[i].per_s, &all[i]};
    heat_ranked_select(ranked, count, given);
    qsort(ranked, given, sizeof *ranked, most_first);
    for (size_t i = 0; i < given; i++) {
        rows[i] = row_of(ranked[i].item);
        if (!heat_copy_span(arena, &rows[i].table) || !heat_copy_span(arena, &rows[i].tablet_id) ||
            !heat_copy_span(arena, &rows[i].server) || !heat_copy_span(arena, &rows[i].row))
            return STATUS_NO_MEMORY;
    }
    *out_rows = (struct heat_rows){rows, given};
    return STATUS_OK;
}

enum status heat_board_rows(struct heat_board *board, struct span table, size_t limit,
    struct arena *arena, struct heat_rows *out_rows)
{
    struct board_view view;
    struct arena scratch = {0};
    enum status status = board_view_take(board, &view);
    if (status)
        return status;
    size_t count;
    struct found_row *all = list_rows(&view, table, &scratch, &count);
    status = all ? rank_rows(all, count, limit, &scratch, arena, out_rows) : STATUS_NO_MEMORY;
    arena_deinit(&scratch);
    board_view_free(&view);
    return status;
}

/* ---- Events ---- */

static enum status copy_event(
    struct arena *arena, const struct heat_event *from, struct heat_event *to)
{
    *to = *from;
    bool is_copied = heat_copy_span(arena, &to->table) && heat_copy_span(arena, &to->tablet_id) &&
                     heat_copy_span(arena, &to->key) && heat_copy_span(arena, &to->from) &&
                     heat_copy_span(arena, &to->to) && heat_copy_span(arena, &to->reason);
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
    if (heat_copy_span(naming->arena, &table))
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
    struct board_view view;
    struct naming naming = {.arena = arena};
    enum status status = board_view_take(board, &view);
    if (status)
        return status;
    for (size_t i = 0; i < view.minute_count; i++)
        for (size_t c = 0; c < view.minutes[i].minute->minute.column_count; c++)
            name_table(&naming, view.minutes[i].minute->minute.columns[c].table);
    mutex_lock(&board->mu);
    heat_history_each(board->history, name_table, &naming);
    mutex_unlock(&board->mu);
    board_view_free(&view);
    if (naming.count > 0)
        qsort(naming.names, naming.count, sizeof *naming.names, by_name);
    *out_tables = (struct heat_tables){naming.names, naming.count};
    return naming.is_short ? STATUS_NO_MEMORY : STATUS_OK;
}
