#include "server/heat/heat_board.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/memory.h"
#include "server/heat/heat_board_internal.h"

#define MINUTE_MS 60000

/* ---- What is kept ---- */

void kept_minute_unref(struct kept_minute *minute)
{
    if (!minute || atomic_fetch_sub_explicit(&minute->references, 1, memory_order_acq_rel) > 1)
        return;
    arena_deinit(&minute->arena);
    memory_free(minute);
}

void kept_rows_unref(struct kept_rows *rows)
{
    if (!rows || atomic_fetch_sub_explicit(&rows->references, 1, memory_order_acq_rel) > 1)
        return;
    arena_deinit(&rows->arena);
    memory_free(rows);
}

/* False on no memory. */
static bool copy_span(struct arena *arena, struct span from, struct span *out_span)
{
    *out_span = from;
    return heat_copy_span(arena, out_span);
}

static bool copy_columns(
    struct arena *arena, const struct heat_minute *from, struct heat_minute *to)
{
    struct heat_column *columns = arena_allocate_zeroed(arena, from->column_count, sizeof *columns);
    if (!columns)
        return false;
    *to = *from;
    to->columns = columns;
    for (size_t i = 0; i < from->column_count; i++) {
        columns[i] = from->columns[i];
        if (!heat_copy_span(arena, &columns[i].table) || !heat_copy_axis(arena, &columns[i].axis))
            return false;
    }
    return true;
}

/* Once, here, for all who ask what a tablet takes. */
static bool add_up(struct kept_minute *kept)
{
    const struct heat_minute *minute = &kept->minute;
    kept->totals = arena_allocate_zeroed(
        &kept->arena, minute->column_count + 1, sizeof *kept->totals);
    for (size_t c = 0; kept->totals && c < minute->column_count; c++)
        for (size_t i = 0; i < minute->columns[c].axis.count; i++)
            heat_add(&kept->totals[c], &minute->columns[c].axis.values[i], 1);
    return kept->totals != NULL;
}

static int by_id(const void *a, const void *b)
{
    const struct heat_column *const *left = a, *const *right = b;
    return strcmp((*left)->tablet_id, (*right)->tablet_id);
}

/* What the server told of this minute before and tells no more: tablets on their way out, which it tells of once more when
 * they are closed, and those that it has lost (HEAT_REPORT_TABLETS, CLOSED_HEAT_COLUMNS). */
static size_t list_gone(const struct heat_minute *minute, const struct kept_minute *before,
    struct arena *scratch, const struct heat_column **out_gone)
{
    const struct heat_column **told = arena_allocate(
        scratch, (minute->column_count + 1) * sizeof(struct heat_column *));
    size_t count = 0;
    if (!told)
        return 0;
    for (size_t i = 0; i < minute->column_count; i++)
        told[i] = &minute->columns[i];
    if (minute->column_count > 0)
        qsort(told, minute->column_count, sizeof(struct heat_column *), by_id);
    for (size_t i = 0; i < before->minute.column_count; i++) {
        const struct heat_column *column = &before->minute.columns[i];
        if (minute->column_count + count < HEAT_REPORT_TABLETS &&
            (minute->column_count == 0 ||
                !bsearch(&column, told, minute->column_count, sizeof(struct heat_column *), by_id)))
            out_gone[count++] = column;
    }
    return count;
}

/* `before`: what the server told last of the minute that runs; NULL: nothing, or another minute. */
static struct kept_minute *keep_minute(
    struct span server, const struct heat_minute *minute, const struct kept_minute *before)
{
    struct arena scratch = {0};
    struct heat_minute all = *minute;
    size_t most = minute->column_count + (before ? before->minute.column_count : 0);
    struct kept_minute *kept = memory_allocate_zeroed(1, sizeof *kept);
    struct heat_column *columns = arena_allocate_zeroed(&scratch, most + 1, sizeof *columns);
    const struct heat_column **gone = arena_allocate(
        &scratch, (most + 1) * sizeof(struct heat_column *));
    if (kept)
        atomic_init(&kept->references, 1);
    bool is_kept = kept && columns && gone;
    if (is_kept) {
        size_t gone_count = before ? list_gone(minute, before, &scratch, gone) : 0;
        size_t count = 0;
        for (size_t i = 0; i < minute->column_count; i++)
            if (!minute->columns[i].is_closed)
                columns[count++] = minute->columns[i];
        kept->open_count = count;
        for (size_t i = 0; i < minute->column_count; i++)
            if (minute->columns[i].is_closed)
                columns[count++] = minute->columns[i];
        for (size_t i = 0; i < gone_count; i++)
            columns[count++] = *gone[i];
        all.columns = columns;
        all.column_count = count;
        is_kept = copy_span(&kept->arena, server, &kept->server) &&
                  copy_columns(&kept->arena, &all, &kept->minute) && add_up(kept);
    }
    arena_deinit(&scratch);
    if (is_kept)
        return kept;
    kept_minute_unref(kept);
    return NULL;
}

static bool copy_hot(struct arena *arena, const struct heat_report *report, struct kept_rows *to)
{
    struct heat_tablet_rows *hot = arena_allocate_zeroed(arena, report->hot_count, sizeof *hot);
    if (!hot)
        return false;
    for (size_t i = 0; i < report->hot_count; i++) {
        const struct heat_tablet_rows *from = &report->hot[i];
        struct hot_row *rows = arena_allocate_zeroed(arena, from->row_count, sizeof *rows);
        hot[i] = *from;
        hot[i].rows = rows;
        if (!rows || !copy_span(arena, from->table, &hot[i].table))
            return false;
        for (size_t r = 0; r < from->row_count; r++) {
            rows[r] = from->rows[r];
            if (!copy_span(arena, from->rows[r].row, &rows[r].row))
                return false;
        }
    }
    to->hot = hot;
    to->hot_count = report->hot_count;
    return true;
}

static struct kept_rows *keep_rows(struct span server, const struct heat_report *report)
{
    struct kept_rows *kept = memory_allocate_zeroed(1, sizeof *kept);
    if (!kept)
        return NULL;
    atomic_init(&kept->references, 1);
    if (copy_span(&kept->arena, server, &kept->server) && copy_hot(&kept->arena, report, kept))
        return kept;
    kept_rows_unref(kept);
    return NULL;
}

/* ---- Life ---- */

enum status heat_board_new(struct env *env, bool is_alone, struct heat_board **out_board)
{
    struct heat_board *board = memory_allocate_zeroed(1, sizeof *board);
    if (!board)
        return STATUS_NO_MEMORY;
    mutex_init(&board->mu, LOCK_RANK_HEAT_BOARD);
    board->env = env;
    board->is_alone = is_alone;
    if (heat_history_new(HEAT_MEMORY_BYTES, &board->history)) {
        heat_board_free(board);
        return STATUS_NO_MEMORY;
    }
    *out_board = board;
    return STATUS_OK;
}

static void server_deinit(struct board_server *server)
{
    kept_minute_unref(server->running);
    kept_minute_unref(server->previous);
    kept_rows_unref(server->rows);
}

void heat_board_free(struct heat_board *board)
{
    if (!board)
        return;
    for (size_t i = 0; i < board->server_count; i++)
        server_deinit(&board->servers[i]);
    for (size_t i = 0; i < board->pending_count; i++)
        kept_minute_unref(board->pending[i]);
    for (size_t i = 0; i < HEAT_EVENTS_KEPT; i++)
        memory_free(board->events[i].memory);
    memory_free(board->servers);
    memory_free(board->pending);
    recent_axes_unref(board->drawn);
    heat_history_free(board->history);
    mutex_deinit(&board->mu);
    memory_free(board);
}

/* ---- Reports ---- */

/* Servers that have been silent for an hour are forgotten. */
static void forget_silent_locked(struct heat_board *board, int64_t now_ms)
{
    size_t left = 0;
    for (size_t i = 0; i < board->server_count; i++) {
        if (board->servers[i].heard_ms + HEAT_REPLAY_MINUTES * MINUTE_MS < now_ms)
            server_deinit(&board->servers[i]);
        else
            board->servers[left++] = board->servers[i];
    }
    board->server_count = left;
}

static struct board_server *find_server_locked(
    struct heat_board *board, struct span name, int64_t now_ms)
{
    for (size_t i = 0; i < board->server_count; i++)
        if (span_equal(span_string(board->servers[i].name), name))
            return &board->servers[i];
    forget_silent_locked(board, now_ms);
    if (name.size >= HEAT_SERVER_TEXT || board->server_count == LIMIT_HEAT_SERVERS)
        return NULL;
    struct board_server *servers = memory_reallocate(
        board->servers, (board->server_count + 1) * sizeof *servers);
    if (!servers)
        return NULL;
    board->servers = servers;
    struct board_server *server = &servers[board->server_count++];
    *server = (struct board_server){0};
    memcpy(server->name, name.data, name.size);
    return server;
}

/* What the server told last of the minute that ran then, referenced; or NULL. */
static struct kept_minute *take_running(struct heat_board *board, struct span name)
{
    struct kept_minute *running = NULL;
    mutex_lock(&board->mu);
    for (size_t i = 0; i < board->server_count && !running; i++)
        if (span_equal(span_string(board->servers[i].name), name))
            running = board->servers[i].running;
    if (running)
        atomic_fetch_add_explicit(&running->references, 1, memory_order_relaxed);
    mutex_unlock(&board->mu);
    return running;
}

/* Takes the minute. */
static void add_pending_locked(struct heat_board *board, struct kept_minute *minute)
{
    if (board->pending_count == board->pending_room) {
        size_t room = board->pending_room ? board->pending_room * 2 : 16;
        struct kept_minute **pending = room <= LIMIT_HEAT_PENDING
                                           ? memory_reallocate(
                                                 board->pending, room * sizeof *pending)
                                           : NULL;
        if (!pending) {
            kept_minute_unref(minute);
            return;
        }
        board->pending = pending;
        board->pending_room = room;
    }
    board->pending[board->pending_count++] = minute;
}

/* Takes the minutes and the rows; entries may be NULL. */
static void keep_report_locked(struct heat_board *board, struct board_server *server,
    struct kept_minute **minutes, size_t count, struct kept_rows *rows)
{
    kept_minute_unref(server->running);
    server->running = NULL;
    kept_rows_unref(server->rows);
    server->rows = rows;
    for (size_t i = 0; i < count; i++) {
        struct kept_minute *minute = minutes[i];
        if (i + 1 == count) {
            server->running = minute;
            break;
        }
        if (!minute || minute->minute.minute <= server->newest_ended) {
            kept_minute_unref(minute);
            continue;
        }
        server->newest_ended = minute->minute.minute;
        kept_minute_unref(server->previous);
        server->previous = minute;
        atomic_fetch_add_explicit(&minute->references, 1, memory_order_relaxed);
        add_pending_locked(board, minute);
    }
}

/* ---- Ended minutes into the history ---- */

/* The newest minute that every server which still speaks has ended; 0 = none. */
static int64_t ended_everywhere_locked(const struct heat_board *board, int64_t now_ms)
{
    int64_t ended = now_ms / MINUTE_MS - 1;
    if (!board->is_alone && board->begun_ms + HEAT_SILENT_MS > now_ms)
        return 0; /* servers not heard of yet may have the last hour to tell */
    for (size_t i = 0; i < board->server_count; i++) {
        const struct board_server *server = &board->servers[i];
        bool speaks = server->heard_ms + HEAT_SILENT_MS > now_ms;
        if (speaks && server->running && server->running->minute.minute - 1 < ended)
            ended = server->running->minute.minute - 1;
    }
    return ended;
}

/* The minute that a server was in as it fell silent: nobody will say that it has ended. */
static void end_silent_locked(struct heat_board *board, int64_t now_ms)
{
    for (size_t i = 0; i < board->server_count; i++) {
        struct board_server *server = &board->servers[i];
        struct kept_minute *last = server->running;
        if (!last || server->heard_ms + HEAT_SILENT_MS > now_ms ||
            last->minute.minute >= now_ms / MINUTE_MS)
            continue;
        server->running = NULL;
        server->newest_ended = last->minute.minute;
        kept_minute_unref(server->previous);
        server->previous = last;
        atomic_fetch_add_explicit(&last->references, 1, memory_order_relaxed);
        add_pending_locked(board, last);
    }
}

static int by_minute(const void *a, const void *b)
{
    int64_t left = (*(struct kept_minute *const *)a)->minute.minute;
    int64_t right = (*(struct kept_minute *const *)b)->minute.minute;
    return left < right ? -1 : left > right;
}

/* Takes out of `pending` what has ended everywhere, oldest first. NULL when there is nothing, or no memory. */
static struct kept_minute **take_ended_locked(
    struct heat_board *board, int64_t now_ms, size_t *out_count)
{
    end_silent_locked(board, now_ms);
    int64_t ended = ended_everywhere_locked(board, now_ms);
    size_t count = 0, left = 0;
    for (size_t i = 0; i < board->pending_count; i++)
        count += board->pending[i]->minute.minute <= ended;
    struct kept_minute **taken = count ? memory_allocate_zeroed(count, sizeof *taken) : NULL;
    if (!taken)
        return NULL;
    count = 0;
    for (size_t i = 0; i < board->pending_count; i++)
        if (board->pending[i]->minute.minute <= ended)
            taken[count++] = board->pending[i];
        else
            board->pending[left++] = board->pending[i];
    board->pending_count = left;
    qsort(taken, count, sizeof(struct kept_minute *), by_minute);
    *out_count = count;
    return taken;
}

/* A column on its way into the picture of its table. */
struct ordered {
    struct span table, start;
    const struct heat_column *column;
};

static int by_table_and_start(const void *a, const void *b)
{
    const struct ordered *left = a, *right = b;
    int order = span_compare(left->table, right->table);
    if (order == 0) /* the newest table of a name comes last */
        order = strcmp(left->column->table_id, right->column->table_id);
    return order ? order : span_compare(left->start, right->start);
}

/* `table` empty: of all. */
static struct ordered *list_columns(struct kept_minute *const *minutes, size_t count,
    struct span table, struct arena *arena, size_t *out_count)
{
    size_t room = 0, made = 0;
    for (size_t i = 0; i < count; i++)
        room += minutes[i]->minute.column_count;
    struct ordered *columns = arena_allocate(arena, (room + 1) * sizeof *columns);
    for (size_t i = 0; columns && i < count; i++)
        for (size_t c = 0; c < minutes[i]->minute.column_count; c++) {
            const struct heat_column *column = &minutes[i]->minute.columns[c];
            struct span start = column->axis.count ? column->axis.starts[0] : SPAN_EMPTY;
            if (table.size == 0 || span_equal(column->table, table))
                columns[made++] = (struct ordered){column->table, start, column};
        }
    if (columns)
        qsort(columns, made, sizeof *columns, by_table_and_start);
    *out_count = columns ? made : 0;
    return columns;
}

/* Columns of one table, in order of their starts. */
static enum status join_columns(
    const struct ordered *columns, size_t count, struct arena *arena, struct heat_axis *out_axis)
{
    struct heat_axis *axes = arena_allocate(arena, (count + 1) * sizeof *axes);
    if (!axes)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < count; i++)
        axes[i] = columns[i].column->axis;
    return heat_axis_union(axes, count, arena, out_axis);
}

enum status heat_minutes_axis(struct kept_minute *const *minutes, size_t count, struct span table,
    struct arena *arena, struct heat_axis *out_axis)
{
    size_t column_count;
    struct ordered *columns = list_columns(minutes, count, table, arena, &column_count);
    return columns ? join_columns(columns, column_count, arena, out_axis) : STATUS_NO_MEMORY;
}

static bool is_same_table(const struct ordered *a, const struct ordered *b)
{
    return span_equal(a->table, b->table) && strcmp(a->column->table_id, b->column->table_id) == 0;
}

/* One minute of all servers. What there is no memory for is lost. A table of very many tablets is made small before the
 * mutex is taken. */
static void draw_minute(struct heat_board *board, struct kept_minute *const *minutes, size_t count)
{
    struct arena arena = {0};
    size_t column_count, first = 0;
    struct ordered *columns = list_columns(minutes, count, SPAN_EMPTY, &arena, &column_count);
    while (columns && first < column_count) {
        size_t end = first + 1;
        struct heat_axis axis, divided;
        while (end < column_count && is_same_table(&columns[first], &columns[end]))
            end++;
        if (!join_columns(columns + first, end - first, &arena, &axis) &&
            !heat_history_divide(&axis, &arena, &divided)) {
            mutex_lock(&board->mu);
            (void)heat_history_add(board->history, columns[first].table,
                span_string(columns[first].column->table_id), minutes[0]->minute.minute, &divided);
            mutex_unlock(&board->mu);
        }
        first = end;
    }
    arena_deinit(&arena);
}

static void draw_ended(struct heat_board *board, struct kept_minute **ended, size_t count)
{
    for (size_t first = 0, end; first < count; first = end) {
        end = first + 1;
        while (end < count && ended[end]->minute.minute == ended[first]->minute.minute)
            end++;
        draw_minute(board, ended + first, end - first);
    }
    for (size_t i = 0; i < count; i++)
        kept_minute_unref(ended[i]);
    memory_free(ended);
}

void heat_board_take(struct heat_board *board, const struct heat_report *report,
    struct heat_report_answer *out_answer)
{
    int64_t now_ms = env_wall_ms(board->env);
    out_answer->minutes_from = now_ms / MINUTE_MS - HEAT_REPLAY_MINUTES;
    struct kept_minute **minutes = memory_allocate_zeroed(
        report->minute_count + 1, sizeof *minutes);
    if (!minutes)
        return;
    uint8_t text[HEAT_SERVER_TEXT];
    struct buffer name = {.data = text, .capacity = sizeof text, .limit = sizeof text};
    server_name_put_text(&name, &report->server);
    struct span server_name = buffer_span(&name);
    struct kept_minute *before = take_running(board, server_name);
    for (size_t i = 0; i < report->minute_count; i++) {
        const struct heat_minute *minute = &report->minutes[i];
        bool is_same = before && before->minute.minute == minute->minute;
        minutes[i] = keep_minute(server_name, minute, is_same ? before : NULL);
    }
    kept_minute_unref(before);
    struct kept_rows *rows = keep_rows(server_name, report);
    size_t ended_count = 0;
    mutex_lock(&board->mu);
    if (board->begun_ms == 0)
        board->begun_ms = now_ms;
    struct board_server *server = find_server_locked(board, server_name, now_ms);
    if (server) {
        server->heard_ms = now_ms;
        board->report_count++;
        keep_report_locked(board, server, minutes, report->minute_count, rows);
        if (server->newest_ended >= out_answer->minutes_from)
            out_answer->minutes_from = server->newest_ended + 1;
    }
    struct kept_minute **ended = take_ended_locked(board, now_ms, &ended_count);
    mutex_unlock(&board->mu);
    if (!server) {
        for (size_t i = 0; i < report->minute_count; i++)
            kept_minute_unref(minutes[i]);
        kept_rows_unref(rows);
    }
    if (ended)
        draw_ended(board, ended, ended_count);
    memory_free(minutes);
}

/* ---- Events ---- */

static const char *const kind_names[HEAT_EVENT_KINDS] = {
    [HEAT_SPLIT] = "split", [HEAT_MERGE] = "merge", [HEAT_MOVE] = "move"};

const char *heat_event_kind_name(enum heat_event_kind kind)
{
    return kind_names[kind];
}

static struct span lay_down(uint8_t **memory, struct span bytes)
{
    struct span at = span_make(*memory, bytes.size);
    if (bytes.size > 0)
        memcpy(*memory, bytes.data, bytes.size);
    *memory += bytes.size;
    return at;
}

void heat_board_note(struct heat_board *board, const struct heat_event *event)
{
    uint8_t *memory = memory_allocate(event->table.size + event->tablet_id.size + event->key.size +
                                      event->from.size + event->to.size + event->reason.size + 1);
    if (!memory)
        return;
    uint8_t *at = memory;
    struct kept_event kept = {*event, memory};
    if (kept.event.time_ms == 0)
        kept.event.time_ms = env_wall_ms(board->env);
    kept.event.table = lay_down(&at, event->table);
    kept.event.tablet_id = lay_down(&at, event->tablet_id);
    kept.event.key = lay_down(&at, event->key);
    kept.event.from = lay_down(&at, event->from);
    kept.event.to = lay_down(&at, event->to);
    kept.event.reason = lay_down(&at, event->reason);
    mutex_lock(&board->mu);
    struct kept_event *place = &board->events[board->event_count++ % HEAT_EVENTS_KEPT];
    kept.event.number = board->event_count;
    memory_free(place->memory);
    *place = kept;
    mutex_unlock(&board->mu);
}
