#include "server/heat/heat_diagnosis.h"

#include "server/heat/tablet_heat.h"

#define ROWS_OLDEST_S 120

bool heat_rows_tell_of(int64_t to_s, int64_t now_s)
{
    return to_s >= now_s - ROWS_OLDEST_S;
}

double heat_row_share(const struct heat_row *row, double per_s)
{
    double sure = row->window_s > 0 ? (row->count - row->error) / row->window_s : 0;
    if (sure <= 0 || per_s <= 0)
        return 0;
    return sure < per_s ? sure / per_s : 1;
}

static void find_top_row(const struct heat_tablet *tablet, const struct heat_rows *rows,
    double per_s, struct key_heat *heat)
{
    for (size_t i = 0; i < rows->count; i++) {
        const struct heat_row *row = &rows->rows[i];
        double share = span_equal(row->tablet_id, tablet->tablet_id) ? heat_row_share(row, per_s)
                                                                     : 0;
        if (share <= heat->top_share)
            continue;
        heat->top_share = share;
        heat->top_row = row->row;
    }
}

bool heat_diagnose_tablet(const struct heat_tablet *tablet, const struct heat_rows *rows,
    uint32_t metric, size_t servers, struct key_diagnosis *out_diagnosis)
{
    const struct heat_axis *axis = &tablet->stretches;
    double loads[TABLET_HEAT_BUCKETS], per_s = heat_sum(&tablet->per_s, HEAT_OPS);
    if (axis->count == 0 || axis->count > TABLET_HEAT_BUCKETS || per_s < HEAT_DIAGNOSED_LEAST)
        return false;
    struct key_heat heat = {.loads = loads,
        .buckets = axis->count,
        .columns = 1,
        .starts = axis->starts,
        .is_cut_before = tablet->start_key.size > 0,
        .is_cut_after = tablet->end_key.size > 0,
        .servers = servers};
    for (size_t i = 0; i < axis->count; i++)
        loads[i] = heat_sum(&axis->values[i], metric);
    find_top_row(tablet, rows, per_s, &heat);
    /* one stretch alone is even by itself, and says nothing */
    return key_advice_diagnose(&heat, out_diagnosis) &&
           (axis->count > 1 || out_diagnosis->pattern == KEY_SINGLE_ROW);
}
