/* Pictures of the board: the history, and the minutes that are not in it yet. */
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/memory.h"
#include "server/heat/heat_board_internal.h"

#define MINUTE_S 60

/* Minutes that are not in the history: those that wait for other servers, and those that run. */
struct recent {
    struct kept_minute **minutes;
    size_t count;
    uint64_t report_count;
};

static enum status recent_take_locked(struct heat_board *board, struct recent *recent)
{
    size_t most = board->pending_count + board->server_count;
    recent->report_count = board->report_count;
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

/* ---- What they say of a table ---- */

#define KEPT_TIMES 10 /* as long as it took: so at most a tenth of a core makes them */

void recent_axes_unref(struct recent_axes *recent)
{
    if (!recent || atomic_fetch_sub_explicit(&recent->references, 1, memory_order_acq_rel) > 1)
        return;
    arena_deinit(&recent->arena);
    memory_free(recent);
}

/* Minutes of one time, `count` of them, into the next axis. */
static enum status add_axis(
    struct recent_axes *made, struct kept_minute *const *minutes, size_t count)
{
    struct arena scratch = {0};
    struct heat_axis joined, divided;
    double seconds = 0;
    for (size_t i = 0; i < count; i++)
        if (minutes[i]->minute.seconds > seconds)
            seconds = minutes[i]->minute.seconds;
    enum status status = heat_minutes_axis(minutes, count, made->table, &scratch, &joined);
    if (!status)
        status = heat_axis_divide(&joined, LIMIT_HEAT_ROWS, HEAT_COST, &scratch, &divided);
    if (!status && !heat_copy_axis(&made->arena, &divided))
        status = STATUS_NO_MEMORY;
    if (!status) {
        made->axes[made->count] = divided;
        made->minutes[made->count] = minutes[0]->minute.minute;
        made->seconds[made->count++] = seconds;
    }
    arena_deinit(&scratch);
    return status;
}

/* `minutes`: at least one, by minute. */
static enum status make_axes(struct heat_board *board, struct span table,
    struct kept_minute *const *minutes, size_t count, struct recent_axes **out_made)
{
    uint64_t began_ns = env_monotonic_ns(board->env);
    struct recent_axes *made = memory_allocate_zeroed(1, sizeof *made);
    if (!made)
        return STATUS_NO_MEMORY;
    atomic_init(&made->references, 1);
    made->table = arena_copy(&made->arena, table);
    made->first = minutes[0]->minute.minute;
    made->last = minutes[count - 1]->minute.minute;
    size_t most = (size_t)(made->last - made->first) + 1;
    most = most < count ? most : count;
    made->axes = arena_allocate_zeroed(&made->arena, most, sizeof *made->axes);
    made->minutes = arena_allocate_zeroed(&made->arena, most, sizeof *made->minutes);
    made->seconds = arena_allocate_zeroed(&made->arena, most, sizeof *made->seconds);
    enum status status = made->axes && made->minutes && made->seconds &&
                                 made->table.size == table.size
                             ? STATUS_OK
                             : STATUS_NO_MEMORY;
    for (size_t first = 0, end; !status && first < count; first = end) {
        for (end = first + 1; end < count && by_minute(&minutes[first], &minutes[end]) == 0; end++)
            ;
        status = add_axis(made, minutes + first, end - first);
    }
    if (status) {
        recent_axes_unref(made);
        return status;
    }
    made->made_ns = env_monotonic_ns(board->env);
    made->took_ns = made->made_ns - began_ns;
    *out_made = made;
    return STATUS_OK;
}

/* Those of the last picture, when they will do. */
static struct recent_axes *find_axes(
    struct heat_board *board, struct span table, int64_t first, int64_t last)
{
    uint64_t now_ns = env_monotonic_ns(board->env);
    mutex_lock(&board->mu);
    struct recent_axes *drawn = board->drawn;
    if (drawn &&
        (!span_equal(drawn->table, table) || drawn->first != first || drawn->last != last ||
            (drawn->report_count != board->report_count &&
                now_ns - drawn->made_ns >= KEPT_TIMES * drawn->took_ns)))
        drawn = NULL;
    if (drawn)
        atomic_fetch_add_explicit(&drawn->references, 1, memory_order_relaxed);
    mutex_unlock(&board->mu);
    return drawn;
}

static void keep_axes(struct heat_board *board, struct recent_axes *made)
{
    atomic_fetch_add_explicit(&made->references, 1, memory_order_relaxed);
    mutex_lock(&board->mu);
    struct recent_axes *before = board->drawn;
    board->drawn = made;
    mutex_unlock(&board->mu);
    recent_axes_unref(before);
}

/* Each recent minute of the range as one axis more. *out_axes: to be given back when the picture is drawn; or NULL. */
static enum status add_recent(struct heat_board *board, struct heat_gathering *gathering,
    const struct heat_query *query, const struct recent *recent, struct recent_axes **out_axes)
{
    size_t first = 0, end = recent->count;
    qsort(recent->minutes, recent->count, sizeof *recent->minutes, by_minute);
    while (first < end && (recent->minutes[first]->minute.minute + 1) * MINUTE_S <= query->from_s)
        first++;
    while (end > first && recent->minutes[end - 1]->minute.minute * MINUTE_S >= query->to_s)
        end--;
    if (first == end)
        return STATUS_OK;
    struct recent_axes *axes = find_axes(board, query->table, recent->minutes[first]->minute.minute,
        recent->minutes[end - 1]->minute.minute);
    if (!axes) {
        enum status status = make_axes(
            board, query->table, recent->minutes + first, end - first, &axes);
        if (status)
            return status;
        axes->report_count = recent->report_count;
        keep_axes(board, axes);
    }
    *out_axes = axes;
    for (size_t i = 0; i < axes->count; i++) {
        enum status status = heat_gathering_add(
            gathering, axes->minutes[i], axes->seconds[i], &axes->axes[i]);
        if (status)
            return status;
    }
    return STATUS_OK;
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
    struct recent recent = {0};
    struct recent_axes *axes = NULL;
    struct heat_gathering *gathering = NULL;
    mutex_lock(&board->mu);
    bool is_known = heat_history_has(board->history, query->table);
    enum status status = heat_history_gather(board->history, query, &gathering, error);
    if (!status)
        status = recent_take_locked(board, &recent);
    mutex_unlock(&board->mu);
    if (!status && !is_known && !has_table(&recent, query->table))
        status = error_set(error, STATUS_NOT_FOUND,
            "there is no heat of table %.*s: nothing was asked of it yet, or only just now",
            (int)query->table.size, (const char *)query->table.data);
    if (!status)
        status = add_recent(board, gathering, query, &recent, &axes);
    if (!status)
        status = heat_gathering_draw(gathering, arena, out_matrix);
    heat_gathering_free(gathering);
    recent_axes_unref(axes);
    recent_free(&recent);
    if (status == STATUS_NO_MEMORY)
        error_set(error, status, "no memory for a heat map");
    return status;
}
