/* Hot tablets of the board: what each takes now, and where in it. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "server/heat/heat_board_internal.h"

#define FEW_S 20 /* a minute that has run for less says little about where the heat is */

/* One tablet in one minute of one server. */
struct part {
    uint64_t head; /* of its id: most comparisons end here */
    const struct heat_column *column;
    const struct heat_values *total;
    const struct viewed_minute *minute;
};

static uint64_t head_of(const char *tablet_id)
{
    uint64_t head = 0;
    for (size_t i = 0; i < sizeof head && tablet_id[i]; i++)
        head |= (uint64_t)(uint8_t)tablet_id[i] << (56 - 8 * i);
    return head;
}

static int by_tablet(const void *a, const void *b)
{
    const struct part *left = a, *right = b;
    if (left->head != right->head)
        return left->head < right->head ? -1 : 1;
    int order = strcmp(left->column->tablet_id, right->column->tablet_id);
    /* the one that runs says who serves it */
    return order ? order : right->minute->is_running - left->minute->is_running;
}

/* By tablet. */
static struct part *list_parts(
    const struct board_view *view, struct span table, struct arena *arena, size_t *out_count)
{
    size_t room = 0, count = 0;
    for (size_t i = 0; i < view->minute_count; i++)
        room += view->minutes[i].minute->open_count;
    struct part *parts = arena_allocate(arena, (room + 1) * sizeof *parts);
    for (size_t i = 0; parts && i < view->minute_count; i++) {
        const struct kept_minute *minute = view->minutes[i].minute;
        for (size_t c = 0; c < minute->open_count; c++) {
            const struct heat_column *column = &minute->minute.columns[c];
            if (column->axis.count == 0 || (table.size > 0 && !span_equal(column->table, table)))
                continue;
            parts[count++] = (struct part){
                head_of(column->tablet_id), column, &minute->totals[c], &view->minutes[i]};
        }
    }
    if (parts)
        qsort(parts, count, sizeof *parts, by_tablet);
    *out_count = count;
    return parts;
}

/* ---- Sums: all parts of a tablet ---- */

struct sum {
    const struct part *parts;
    size_t part_count;
    struct heat_values per_s;
    double value, share; /* of the metric */
};

static struct sum *list_sums(const struct part *parts, size_t part_count, uint32_t metric,
    struct arena *arena, size_t *out_count)
{
    struct sum *sums = arena_allocate(arena, (part_count + 1) * sizeof *sums);
    size_t count = 0;
    for (size_t first = 0, end; sums && first < part_count; first = end) {
        struct sum *sum = &sums[count++];
        *sum = (struct sum){.parts = parts + first};
        for (end = first; end < part_count && parts[end].head == parts[first].head &&
                          strcmp(parts[end].column->tablet_id, parts[first].column->tablet_id) == 0;
             end++)
            heat_add(&sum->per_s, parts[end].total, 1 / parts[end].minute->window_s);
        sum->part_count = end - first;
        sum->value = heat_sum(&sum->per_s, metric);
    }
    *out_count = count;
    return sums;
}

static int by_table(const void *a, const void *b)
{
    const struct sum *const *left = a, *const *right = b;
    return span_compare((*left)->parts[0].column->table, (*right)->parts[0].column->table);
}

static int hottest_first(const void *a, const void *b)
{
    const struct heat_ranked *left = a, *right = b;
    if (left->value != right->value)
        return left->value < right->value ? 1 : -1;
    const struct sum *one = left->item, *other = right->item; /* in one array */
    return one < other ? -1 : one > other;
}

static enum status set_shares(
    struct sum *sums, size_t count, bool is_one_table, struct arena *scratch)
{
    struct sum **sorted = arena_allocate(scratch, (count + 1) * sizeof(struct sum *));
    if (!sorted)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < count; i++)
        sorted[i] = &sums[i];
    if (!is_one_table)
        qsort(sorted, count, sizeof(struct sum *), by_table);
    for (size_t first = 0, end; first < count; first = end) {
        double all = 0;
        for (end = first;
             end < count && (is_one_table || by_table(&sorted[first], &sorted[end]) == 0); end++)
            all += sorted[end]->value;
        for (size_t i = first; i < end && all > 0; i++)
            sorted[i]->share = sorted[i]->value / all;
    }
    return STATUS_OK;
}

/* ---- Tablets ---- */

/* The hottest stretch, in the part that says most about it. */
static void find_hottest(
    const struct part *parts, size_t count, uint32_t metric, struct heat_tablet *tablet)
{
    const struct part *best = &parts[0];
    for (size_t i = 1; i < count; i++)
        if (best->minute->minute->minute.seconds < FEW_S)
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

static void describe(const struct sum *sum, uint32_t metric, struct heat_tablet *tablet)
{
    const struct heat_column *column = sum->parts[0].column;
    *tablet = (struct heat_tablet){.table = column->table,
        .tablet_id = span_string(column->tablet_id),
        .server = sum->parts[0].minute->minute->server,
        .start_key = column->axis.starts[0],
        .end_key = column->axis.end,
        .per_s = sum->per_s,
        .share = sum->share};
    find_hottest(sum->parts, sum->part_count, metric, tablet);
}

static bool copy_tablet(struct arena *arena, struct heat_tablet *tablet)
{
    return heat_copy_span(arena, &tablet->table) && heat_copy_span(arena, &tablet->tablet_id) &&
           heat_copy_span(arena, &tablet->server) && heat_copy_span(arena, &tablet->start_key) &&
           heat_copy_span(arena, &tablet->end_key) &&
           heat_copy_span(arena, &tablet->hottest_start) &&
           heat_copy_span(arena, &tablet->hottest_end) && heat_copy_axis(arena, &tablet->stretches);
}

/* The hottest `limit`, copied. */
static enum status rank_tablets(const struct sum *sums, size_t count, uint32_t metric, size_t limit,
    struct arena *scratch, struct arena *arena, struct heat_tablets *out_tablets)
{
    size_t given = count < limit ? count : limit;
    struct heat_ranked *ranked = arena_allocate(scratch, (count + 1) * sizeof *ranked);
    struct heat_tablet *tablets = arena_allocate_zeroed(arena, given + 1, sizeof *tablets);
    if (!ranked || !tablets)
        return STATUS_NO_MEMORY;
    *out_tablets = (struct heat_tablets){tablets, given, count, {{0}}};
    for (size_t i = 0; i < count; i++) {
        ranked[i] = (struct heat_ranked){sums[i].value, &sums[i]};
        heat_add(&out_tablets->per_s, &sums[i].per_s, 1);
    }
    heat_ranked_select(ranked, count, given);
    qsort(ranked, given, sizeof *ranked, hottest_first);
    for (size_t i = 0; i < given; i++) {
        describe(ranked[i].item, metric, &tablets[i]);
        if (!copy_tablet(arena, &tablets[i]))
            return STATUS_NO_MEMORY;
    }
    return STATUS_OK;
}

enum status heat_board_tablets(struct heat_board *board, struct span table, uint32_t metric,
    size_t limit, struct arena *arena, struct heat_tablets *out_tablets)
{
    struct board_view view;
    struct arena scratch = {0};
    enum status status = board_view_take(board, &view);
    if (status)
        return status;
    size_t part_count, count = 0;
    struct part *parts = list_parts(&view, table, &scratch, &part_count);
    struct sum *sums = parts ? list_sums(parts, part_count, metric, &scratch, &count) : NULL;
    status = sums ? set_shares(sums, count, table.size > 0, &scratch) : STATUS_NO_MEMORY;
    if (!status)
        status = rank_tablets(sums, count, metric, limit, &scratch, arena, out_tablets);
    arena_deinit(&scratch);
    board_view_free(&view);
    return status;
}

double heat_board_total(struct heat_board *board, struct span table, uint32_t metric)
{
    struct board_view view;
    double sum = 0;
    if (board_view_take(board, &view))
        return 0;
    for (size_t i = 0; i < view.minute_count; i++) {
        const struct kept_minute *minute = view.minutes[i].minute;
        for (size_t c = 0; c < minute->open_count; c++)
            if (span_equal(minute->minute.columns[c].table, table))
                sum += heat_sum(&minute->totals[c], metric) / view.minutes[i].window_s;
    }
    board_view_free(&view);
    return sum;
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
    struct board_view view;
    double share = -1;
    bool is_sure = false;
    if (board_view_take(board, &view))
        return 0.5;
    for (size_t i = 0; i < view.minute_count && !is_sure; i++) {
        const struct heat_minute *minute = &view.minutes[i].minute->minute;
        for (size_t c = 0; c < view.minutes[i].minute->open_count; c++) {
            const struct heat_column *column = &minute->columns[c];
            if (!span_equal(span_string(column->tablet_id), tablet_id) ||
                axis_share_before(&column->axis, row) < 0)
                continue;
            share = axis_share_before(&column->axis, row);
            is_sure = minute->seconds >= FEW_S;
        }
    }
    board_view_free(&view);
    return share < 0 ? 0.5 : share;
}
