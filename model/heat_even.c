#include "model/heat_even.h"

static bool ends_before(struct span end, struct span key)
{
    return end.size > 0 && span_compare(end, key) <= 0;
}

static bool touches(const struct heat_grid *grid, size_t row, const struct heat_extent *tablet)
{
    return !ends_before(grid->bounds[row + 1], tablet->start) &&
           !ends_before(tablet->end, grid->bounds[row]);
}

/* Both lists are in order, so each is walked once. */
void heat_even_weigh(const struct heat_grid *grid, const struct heat_extent *tablets,
    size_t tablet_count, double *out_bytes)
{
    size_t first = 0;
    for (size_t row = 0; row < grid->row_count; row++)
        out_bytes[row] = 0;
    for (size_t t = 0; t < tablet_count; t++) {
        while (first < grid->row_count && !touches(grid, first, &tablets[t]))
            first++;
        size_t last = first;
        while (last < grid->row_count && touches(grid, last, &tablets[t]))
            last++;
        for (size_t row = first; row < last; row++)
            out_bytes[row] += tablets[t].bytes / (double)(last - first);
        if (last > first)
            first = last - 1; /* the next tablet may share the last row */
    }
}

/* Row `row` lies from `from` to `to` of the whole, 0 to 1: its load goes to the ranges there. */
static void spread(
    const struct heat_grid *grid, size_t row, double from, double to, struct heat_even *even)
{
    double width = 1.0 / (double)even->ranges;
    size_t first = (size_t)(from / width);
    for (size_t range = first; range < even->ranges && (double)range * width < to; range++) {
        double low = (double)range * width, high = low + width;
        double part = ((high < to ? high : to) - (low > from ? low : from)) / (to - from);
        if (low >= from - 1e-9)
            even->rows[range] = row;
        for (size_t column = 0; part > 0 && column < even->columns; column++)
            even->loads[column * even->ranges + range] +=
                part * grid->values[column * grid->row_count + row];
    }
}

enum status heat_even_make(const struct heat_grid *grid, const double *row_bytes, size_t ranges,
    struct arena *arena, struct heat_even *out_even)
{
    double sum = 0, at = 0;
    *out_even = (struct heat_even){
        .loads = arena_allocate_zeroed(arena, grid->column_count * ranges, sizeof(double)),
        .rows = arena_allocate_zeroed(arena, ranges, sizeof(size_t)),
        .ranges = ranges,
        .columns = grid->column_count};
    if (!out_even->loads || !out_even->rows)
        return STATUS_NO_MEMORY;
    for (size_t row = 0; row < grid->row_count; row++)
        sum += row_bytes[row];
    for (size_t row = 0; row < grid->row_count && sum > 0; row++) {
        double next = at + row_bytes[row];
        if (next > at)
            spread(grid, row, at / sum, next / sum, out_even);
        at = next;
    }
    return STATUS_OK;
}

bool heat_even_begin(const struct heat_even *even, struct key_heat *heat)
{
    size_t first = 0, count = even->columns * even->ranges;
    while (first < count && even->loads[first] <= 0)
        first++;
    first /= even->ranges;
    heat->loads = even->loads + first * even->ranges;
    heat->buckets = even->ranges;
    heat->columns = even->columns - first;
    return heat->columns > 0;
}
