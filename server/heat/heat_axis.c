#include "server/heat/heat_axis.h"

#include <string.h>

#define COST_BYTES      4096
#define THRESHOLD_STEPS 40

/* ---- Copies ---- */

bool heat_copy_span(struct arena *arena, struct span *span)
{
    size_t size = span->size;
    *span = arena_copy(arena, *span);
    return span->size == size;
}

bool heat_copy_axis(struct arena *arena, struct heat_axis *axis)
{
    struct span *starts = arena_allocate_zeroed(arena, axis->count + 1, sizeof *starts);
    struct heat_values *values = arena_allocate_zeroed(arena, axis->count + 1, sizeof *values);
    if (!starts || !values)
        return false;
    for (size_t i = 0; i < axis->count; i++) {
        starts[i] = axis->starts[i];
        values[i] = axis->values[i];
        if (!heat_copy_span(arena, &starts[i]))
            return false;
    }
    axis->starts = starts;
    axis->values = values;
    return heat_copy_span(arena, &axis->end);
}

/* ---- Bounds of many axes ---- */

/* A bound on its way into the union. */
struct bound {
    uint64_t head; /* its first 8 bytes behind what all have in common: most comparisons end here */
    struct span key;
    uint32_t slot; /* in the ranks */
};

static uint64_t head_of(struct span key, size_t skip)
{
    uint64_t head = 0;
    size_t size = key.size > skip ? key.size - skip : 0;
    for (size_t i = 0; i < 8; i++)
        head = head << 8 | (i < size ? key.data[skip + i] : 0);
    return head;
}

static bool is_before(const struct bound *a, const struct bound *b)
{
    if (a->head != b->head)
        return a->head < b->head;
    return span_compare(a->key, b->key) < 0;
}

static size_t common_prefix(struct span a, struct span b)
{
    size_t size = 0;
    while (size < a.size && size < b.size && a.data[size] == b.data[size])
        size++;
    return size;
}

/* What all keys but empty ones begin with. */
static size_t common_to_all(const struct heat_axis *axes, size_t axis_count)
{
    struct span least = SPAN_EMPTY, most = SPAN_EMPTY;
    for (size_t a = 0; a < axis_count; a++) {
        const struct heat_axis *axis = &axes[a];
        if (axis->count == 0)
            continue;
        struct span last = axis->end.size > 0 ? axis->end : axis->starts[axis->count - 1];
        struct span low = axis->starts[0].size > 0 ? axis->starts[0]
                          : axis->count > 1        ? axis->starts[1]
                                                   : axis->end;
        if (low.size > 0 && (least.size == 0 || span_compare(low, least) < 0))
            least = low;
        if (span_compare(last, most) > 0)
            most = last;
    }
    return common_prefix(least, most);
}

/* Two neighbouring runs into one. */
static void merge(const struct bound *from, size_t middle, size_t end, struct bound *to)
{
    size_t left = 0, right = middle;
    for (size_t i = 0; i < end; i++) {
        bool is_left = left < middle && (right == end || !is_before(&from[right], &from[left]));
        to[i] = from[is_left ? left++ : right++];
    }
}

/* Each axis is a sorted run: merges neighbours until one is left. `ends` are the runs' ends. */
static struct bound *sort_runs(
    struct bound *bounds, struct bound *spare, size_t *ends, size_t run_count)
{
    while (run_count > 1) {
        size_t start = 0, made = 0;
        for (size_t run = 0; run < run_count; run += 2) {
            size_t middle = ends[run], end = run + 1 < run_count ? ends[run + 1] : middle;
            merge(bounds + start, middle - start, end - start, spare + start);
            ends[made++] = start = end;
        }
        run_count = made;
        struct bound *other = bounds;
        bounds = spare;
        spare = other;
    }
    return bounds;
}

/* All bounds, axis by axis; how many. Slots count the ends of the table too, which are no bounds. */
static size_t list_bounds(const struct heat_axis *axes, size_t axis_count, size_t skip,
    struct bound *bounds, size_t *ends)
{
    size_t count = 0;
    uint32_t slot = 0;
    for (size_t a = 0; a < axis_count; a++) {
        const struct heat_axis *axis = &axes[a];
        for (size_t i = 0; i < axis->count; i++, slot++)
            bounds[count++] = (struct bound){head_of(axis->starts[i], skip), axis->starts[i], slot};
        if (axis->count > 0 && axis->end.size > 0)
            bounds[count++] = (struct bound){head_of(axis->end, skip), axis->end, slot};
        slot++;
        ends[a] = count;
    }
    return count;
}

enum status heat_bounds_make(const struct heat_axis *axes, size_t axis_count, struct arena *arena,
    struct heat_bounds *out_bounds)
{
    size_t most = axis_count;
    for (size_t a = 0; a < axis_count; a++)
        most += axes[a].count;
    struct heat_bounds made = {0};
    struct bound *bounds = arena_allocate_zeroed(arena, most + 1, sizeof *bounds);
    struct bound *spare = arena_allocate_zeroed(arena, most + 1, sizeof *spare);
    size_t *ends = arena_allocate_zeroed(arena, axis_count + 1, sizeof *ends);
    made.keys = arena_allocate_zeroed(arena, most + 1, sizeof *made.keys);
    made.ranks = arena_allocate_zeroed(arena, most + 1, sizeof *made.ranks);
    if (!bounds || !spare || !ends || !made.keys || !made.ranks)
        return STATUS_NO_MEMORY;
    size_t count = list_bounds(axes, axis_count, common_to_all(axes, axis_count), bounds, ends);
    const struct bound *sorted = sort_runs(bounds, spare, ends, axis_count);
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || is_before(&sorted[i - 1], &sorted[i]))
            made.keys[made.count++] = sorted[i].key;
        made.ranks[sorted[i].slot] = (uint32_t)(made.count - 1);
    }
    size_t slot = 0;
    for (size_t a = 0; a < axis_count; a++) {
        slot += axes[a].count;
        if (axes[a].end.size == 0 && axes[a].count > 0) {
            made.is_open = true;
            made.ranks[slot] = (uint32_t)made.count;
        }
        slot++;
    }
    *out_bounds = made;
    return STATUS_OK;
}

/* ---- Union ---- */

/* True: each begins where the one before it ends, or later. */
static bool is_in_a_row(const struct heat_axis *axes, size_t axis_count)
{
    const struct heat_axis *before = NULL;
    for (size_t a = 0; a < axis_count; a++) {
        if (axes[a].count == 0)
            continue;
        if (before && (before->end.size == 0 || span_compare(before->end, axes[a].starts[0]) > 0))
            return false;
        before = &axes[a];
    }
    return true;
}

/* One after another, gaps between them as stretches that took nothing: the usual case, tablets of one minute. */
static enum status put_in_a_row(const struct heat_axis *axes, size_t axis_count,
    struct arena *arena, struct heat_axis *out_axis)
{
    size_t most = 2 * axis_count, count = 0;
    for (size_t a = 0; a < axis_count; a++)
        most += axes[a].count;
    struct span *starts = arena_allocate(arena, (most + 1) * sizeof *starts), end = SPAN_EMPTY;
    struct heat_values *values = arena_allocate(arena, (most + 1) * sizeof *values);
    if (!starts || !values)
        return STATUS_NO_MEMORY;
    for (size_t a = 0; a < axis_count; a++) {
        size_t size = axes[a].count;
        if (size == 0)
            continue;
        if (count > 0 && span_compare(end, axes[a].starts[0]) < 0) {
            starts[count] = end;
            values[count++] = (struct heat_values){0};
        }
        memcpy(starts + count, axes[a].starts, size * sizeof *starts);
        memcpy(values + count, axes[a].values, size * sizeof *values);
        count += size;
        end = axes[a].end;
    }
    *out_axis = (struct heat_axis){.starts = starts, .values = values, .count = count, .end = end};
    return STATUS_OK;
}

enum status heat_axis_union(const struct heat_axis *axes, size_t axis_count, struct arena *arena,
    struct heat_axis *out_axis)
{
    if (is_in_a_row(axes, axis_count))
        return put_in_a_row(axes, axis_count, arena, out_axis);
    struct heat_bounds bounds;
    enum status status = heat_bounds_make(axes, axis_count, arena, &bounds);
    if (status)
        return status;
    size_t count = heat_bounds_stretches(&bounds);
    struct heat_values *values = arena_allocate_zeroed(arena, count + 1, sizeof *values);
    if (!values)
        return STATUS_NO_MEMORY;
    const uint32_t *rank = bounds.ranks;
    for (size_t a = 0; a < axis_count; rank += axes[a].count + 1, a++)
        for (size_t i = 0; i < axes[a].count; i++)
            for (uint32_t piece = rank[i]; piece < rank[i + 1]; piece++)
                heat_add(&values[piece], &axes[a].values[i], 1.0 / (rank[i + 1] - rank[i]));
    *out_axis = (struct heat_axis){.starts = bounds.keys,
        .values = values,
        .count = count,
        .end = bounds.is_open || bounds.count == 0 ? SPAN_EMPTY : bounds.keys[bounds.count - 1]};
    return STATUS_OK;
}

enum status heat_axis_cover(
    const struct heat_axis *axis, struct arena *arena, struct heat_axis *out_axis)
{
    struct span *starts = arena_allocate_zeroed(arena, axis->count + 2, sizeof *starts);
    struct heat_values *values = arena_allocate_zeroed(arena, axis->count + 2, sizeof *values);
    if (!starts || !values)
        return STATUS_NO_MEMORY;
    size_t count = 0;
    if (axis->count == 0 || axis->starts[0].size > 0)
        starts[count++] = SPAN_EMPTY;
    for (size_t i = 0; i < axis->count; i++) {
        starts[count] = axis->starts[i];
        values[count++] = axis->values[i];
    }
    if (axis->end.size > 0)
        starts[count++] = axis->end;
    *out_axis = (struct heat_axis){starts, values, count, SPAN_EMPTY};
    return STATUS_OK;
}

/* ---- Division ---- */

/* Walks the stretches as a division with this threshold does, closing cold ones too when `cold` have gathered. Gives
 * the firsts of what is left, if asked; returns how many. */
static size_t cut(
    const double *weights, size_t count, double threshold, size_t cold, size_t *out_firsts)
{
    size_t made = 0, gathered = 0;
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
        bool is_hot = weights[i] >= threshold;
        if (gathered > 0 && (is_hot || sum >= threshold || gathered >= cold)) {
            gathered = 0;
            sum = 0;
        }
        if (gathered == 0) {
            if (out_firsts)
                out_firsts[made] = i;
            made++;
        }
        gathered++;
        sum += weights[i];
    }
    return made;
}

size_t heat_divide(const double *weights, size_t count, size_t target, size_t *out_firsts)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += weights[i];
    if (count <= target)
        return cut(weights, count, -1, 1, out_firsts);
    size_t focus = target * 2 / 3;
    double low = 0, high = sum * 2 + 1; /* too many, and one only */
    for (int step = 0; step < THRESHOLD_STEPS && high - low > high * 1e-6; step++) {
        double middle = low + (high - low) / 2;
        if (middle > 0 && cut(weights, count, middle, SIZE_MAX, NULL) <= focus)
            high = middle;
        else
            low = middle;
    }
    size_t hot = cut(weights, count, high, SIZE_MAX, NULL);
    size_t cold = hot < target ? count / (target - hot) + 1 : SIZE_MAX;
    return cut(weights, count, high, cold, out_firsts);
}

static double weight_of(const struct heat_values *values, uint32_t metric)
{
    return metric == HEAT_COST
               ? heat_sum(values, HEAT_OPS) + heat_sum(values, HEAT_BYTES) / COST_BYTES
               : heat_sum(values, metric);
}

enum status heat_axis_divide(const struct heat_axis *axis, size_t target, uint32_t metric,
    struct arena *arena, struct heat_axis *out_axis)
{
    if (axis->count <= target) {
        *out_axis = *axis;
        return STATUS_OK;
    }
    double *weights = arena_allocate_zeroed(arena, axis->count, sizeof *weights);
    size_t *firsts = arena_allocate_zeroed(arena, target, sizeof *firsts);
    struct span *starts = arena_allocate_zeroed(arena, target, sizeof *starts);
    struct heat_values *values = arena_allocate_zeroed(arena, target, sizeof *values);
    if (!weights || !firsts || !starts || !values)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < axis->count; i++)
        weights[i] = weight_of(&axis->values[i], metric);
    size_t count = heat_divide(weights, axis->count, target, firsts);
    for (size_t i = 0; i < count; i++) {
        size_t end = i + 1 < count ? firsts[i + 1] : axis->count;
        starts[i] = axis->starts[firsts[i]];
        for (size_t from = firsts[i]; from < end; from++)
            heat_add(&values[i], &axis->values[from], 1);
    }
    *out_axis = (struct heat_axis){starts, values, count, axis->end};
    return STATUS_OK;
}
