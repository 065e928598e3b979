#include "server/heat/heat_history.h"

#include <stdatomic.h>
#include <string.h>

#include "base/limits.h"
#include "base/memory.h"

#define LAYERS     5
#define TABLE_NAME 256 /* a longer one has no history */
#define SECONDS    60  /* of a minute */

/* An axis that is kept, in one piece of memory. Immutable. */
struct kept_axis {
    _Atomic unsigned references;
    int64_t minute;
    uint32_t minutes; /* that it stands for; values are means of one */
    uint32_t count;
    size_t bytes; /* of all this */
    float (*values)[HEAT_COUNTERS];
    uint32_t *ends; /* of each start's bytes in `keys`, where the one before ends */
    uint8_t *keys;
};

/* Axes of one length, oldest first. They leave when they are `horizon` minutes older than the newest. */
struct layer {
    struct kept_axis **axes;
    size_t count, room;
};

static const struct {
    uint32_t minutes; /* of an axis */
    int64_t horizon;
} layers[LAYERS] = {{1, 60}, {2, 480}, {6, 1440}, {30, 10080}, {240, HEAT_KEEP_MINUTES}};

struct table {
    struct table *next;
    char name[TABLE_NAME], id[TABLE_NAME];
    struct layer layers[LAYERS];
    int64_t newest; /* minute */
    size_t bytes;   /* of its axes */
};

struct heat_history {
    size_t memory_bytes, bytes;
    struct table *tables;
};

/* ---- Axes ---- */

static void axis_unref(struct kept_axis *axis)
{
    if (axis && atomic_fetch_sub_explicit(&axis->references, 1, memory_order_acq_rel) == 1)
        memory_free(axis);
}

static struct span axis_start(const struct kept_axis *axis, size_t i)
{
    uint32_t from = i > 0 ? axis->ends[i - 1] : 0;
    return span_make(axis->keys + from, axis->ends[i] - from);
}

/* Values times `factor`. The axis covers the whole table. */
static struct kept_axis *axis_keep(
    const struct heat_axis *from, int64_t minute, uint32_t minutes, double factor)
{
    size_t key_bytes = 0;
    for (size_t i = 0; i < from->count; i++)
        key_bytes += from->starts[i].size;
    size_t bytes = sizeof(struct kept_axis) +
                   from->count * (HEAT_COUNTERS * sizeof(float) + sizeof(uint32_t)) + key_bytes;
    struct kept_axis *axis = memory_allocate(bytes);
    if (!axis || key_bytes > UINT32_MAX) {
        memory_free(axis);
        return NULL;
    }
    atomic_init(&axis->references, 1);
    axis->minute = minute;
    axis->minutes = minutes;
    axis->count = (uint32_t)from->count;
    axis->bytes = bytes;
    axis->values = (void *)(axis + 1);
    axis->ends = (void *)(axis->values + from->count);
    axis->keys = (uint8_t *)(axis->ends + from->count);
    uint32_t end = 0;
    for (size_t i = 0; i < from->count; i++) {
        if (from->starts[i].size > 0)
            memcpy(axis->keys + end, from->starts[i].data, from->starts[i].size);
        axis->ends[i] = end += (uint32_t)from->starts[i].size;
        for (unsigned c = 0; c < HEAT_COUNTERS; c++)
            axis->values[i][c] = (float)(from->values[i].of[c] * factor);
    }
    return axis;
}

/* Borrows the keys; values times `factor`. */
static enum status axis_view(
    const struct kept_axis *axis, double factor, struct arena *arena, struct heat_axis *out_axis)
{
    struct span *starts = arena_allocate_zeroed(arena, axis->count, sizeof *starts);
    struct heat_values *values = arena_allocate_zeroed(arena, axis->count, sizeof *values);
    if (!starts || !values)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < axis->count; i++) {
        starts[i] = axis_start(axis, i);
        for (unsigned c = 0; c < HEAT_COUNTERS; c++)
            values[i].of[c] = (double)axis->values[i][c] * factor;
    }
    *out_axis = (struct heat_axis){starts, values, axis->count, SPAN_EMPTY};
    return STATUS_OK;
}

/* ---- Layers ---- */

/* Takes the axis, on failure too. */
static enum status layer_push(struct table *table, unsigned level, struct kept_axis *axis)
{
    struct layer *layer = &table->layers[level];
    if (layer->count == layer->room) {
        size_t room = layer->room ? layer->room * 2 : 16;
        struct kept_axis **axes = memory_reallocate(layer->axes, room * sizeof *axes);
        if (!axes) {
            axis_unref(axis);
            return STATUS_NO_MEMORY;
        }
        layer->axes = axes;
        layer->room = room;
    }
    layer->axes[layer->count++] = axis;
    table->bytes += axis->bytes;
    return STATUS_OK;
}

static void layer_drop(struct table *table, unsigned level, size_t count)
{
    struct layer *layer = &table->layers[level];
    for (size_t i = 0; i < count; i++) {
        table->bytes -= layer->axes[i]->bytes;
        axis_unref(layer->axes[i]);
    }
    layer->count -= count;
    if (layer->count > 0)
        memmove(layer->axes, layer->axes + count, layer->count * sizeof(struct kept_axis *));
}

/* The first `count` axes of a layer as one of the next. */
static enum status compact(
    struct table *table, unsigned level, size_t count, int64_t minute, struct arena *arena)
{
    const struct layer *layer = &table->layers[level];
    struct heat_axis *views = arena_allocate_zeroed(arena, count, sizeof *views);
    struct heat_axis sum, divided;
    enum status status = views ? STATUS_OK : STATUS_NO_MEMORY;
    for (size_t i = 0; i < count && !status; i++)
        status = axis_view(layer->axes[i], layer->axes[i]->minutes, arena, &views[i]);
    if (!status)
        status = heat_axis_union(views, count, arena, &sum);
    if (!status)
        status = heat_axis_divide(&sum, HEAT_STORED_ROWS, HEAT_COST, arena, &divided);
    if (status)
        return status;
    uint32_t minutes = layers[level + 1].minutes;
    struct kept_axis *axis = axis_keep(&divided, minute, minutes, 1.0 / minutes);
    return axis ? layer_push(table, level + 1, axis) : STATUS_NO_MEMORY;
}

/* What is too old for its layer goes on to the next. On no memory it is lost. */
static void age(struct table *table)
{
    for (unsigned level = 0; level < LAYERS; level++) {
        struct layer *layer = &table->layers[level];
        int64_t horizon = table->newest - layers[level].horizon;
        uint32_t next_minutes = level + 1 < LAYERS ? layers[level + 1].minutes : 1;
        while (layer->count > 0) {
            int64_t block = layer->axes[0]->minute / next_minutes * next_minutes;
            if (block + next_minutes > horizon)
                break;
            size_t count = 1;
            while (count < layer->count && layer->axes[count]->minute < block + next_minutes)
                count++;
            if (level + 1 < LAYERS) {
                struct arena arena = {0};
                (void)compact(table, level, count, block, &arena);
                arena_deinit(&arena);
            }
            layer_drop(table, level, count);
        }
    }
}

/* ---- Tables ---- */

static void table_clear(struct table *table)
{
    for (unsigned level = 0; level < LAYERS; level++) {
        layer_drop(table, level, table->layers[level].count);
        memory_free(table->layers[level].axes);
        table->layers[level] = (struct layer){0};
    }
    table->newest = 0;
}

static struct table *find(const struct heat_history *history, struct span name)
{
    struct table *table = history->tables;
    while (table && !span_equal(span_string(table->name), name))
        table = table->next;
    return table;
}

static struct table *find_or_make(struct heat_history *history, struct span name, struct span id)
{
    if (name.size >= TABLE_NAME || id.size >= TABLE_NAME)
        return NULL;
    struct table *table = find(history, name);
    if (!table) {
        table = memory_allocate_zeroed(1, sizeof *table);
        if (!table)
            return NULL;
        memcpy(table->name, name.data, name.size);
        table->next = history->tables;
        history->tables = table;
        history->bytes += sizeof *table;
    }
    if (!span_equal(span_string(table->id), id)) {
        history->bytes -= table->bytes;
        table_clear(table);
        memset(table->id, 0, sizeof table->id);
        if (id.size > 0)
            memcpy(table->id, id.data, id.size);
    }
    return table;
}

void heat_history_forget(struct heat_history *history, struct span name)
{
    for (struct table **at = &history->tables; *at; at = &(*at)->next) {
        struct table *table = *at;
        if (!span_equal(span_string(table->name), name))
            continue;
        *at = table->next;
        history->bytes -= table->bytes + sizeof *table;
        table_clear(table);
        memory_free(table);
        return;
    }
}

/* The oldest axis of the table that has most; a table that has none left goes. */
static void evict(struct heat_history *history)
{
    struct table *largest = NULL;
    for (struct table *table = history->tables; table; table = table->next)
        if (!largest || table->bytes > largest->bytes)
            largest = table;
    if (!largest)
        return;
    unsigned level = LAYERS;
    while (level > 0 && largest->layers[level - 1].count == 0)
        level--;
    if (level == 0) {
        heat_history_forget(history, span_string(largest->name));
        return;
    }
    history->bytes -= largest->bytes;
    layer_drop(largest, level - 1, 1);
    history->bytes += largest->bytes;
}

enum status heat_history_new(size_t memory_bytes, struct heat_history **out_history)
{
    struct heat_history *history = memory_allocate_zeroed(1, sizeof *history);
    if (!history)
        return STATUS_NO_MEMORY;
    history->memory_bytes = memory_bytes;
    *out_history = history;
    return STATUS_OK;
}

void heat_history_free(struct heat_history *history)
{
    if (!history)
        return;
    while (history->tables)
        heat_history_forget(history, span_string(history->tables->name));
    memory_free(history);
}

enum status heat_history_divide(
    const struct heat_axis *axis, struct arena *arena, struct heat_axis *out_axis)
{
    struct heat_axis covering;
    enum status status = heat_axis_cover(axis, arena, &covering);
    if (!status)
        status = heat_axis_divide(&covering, HEAT_STORED_ROWS, HEAT_COST, arena, out_axis);
    return status;
}

enum status heat_history_add(struct heat_history *history, struct span name, struct span id,
    int64_t minute, const struct heat_axis *axis)
{
    if (axis->count == 0)
        return STATUS_OK;
    struct table *table = find_or_make(history, name, id);
    if (!table)
        return STATUS_NO_MEMORY;
    if (minute <= table->newest)
        return STATUS_OK;
    struct arena arena = {0};
    struct heat_axis divided;
    struct kept_axis *kept = NULL;
    enum status status = heat_history_divide(axis, &arena, &divided);
    if (!status)
        kept = axis_keep(&divided, minute, 1, 1);
    arena_deinit(&arena);
    if (!kept)
        return STATUS_NO_MEMORY;
    history->bytes -= table->bytes;
    status = layer_push(table, 0, kept);
    table->newest = minute;
    age(table);
    history->bytes += table->bytes;
    while (history->bytes > history->memory_bytes && history->tables)
        evict(history);
    return status;
}

bool heat_history_has(const struct heat_history *history, struct span table)
{
    return find(history, table) != NULL;
}

size_t heat_history_memory(const struct heat_history *history)
{
    return history->bytes;
}

void heat_history_each(const struct heat_history *history,
    void (*each)(void *context, struct span table), void *context)
{
    for (const struct table *table = history->tables; table; table = table->next)
        each(context, span_string(table->name));
}

/* ---- Pictures ---- */

/* Room for what is added to what is stored: servers may hand in all that they keep, an hour of minutes, at once. */
#define RECENT_AXES 128

/* One axis of a picture. */
struct layer_of_picture {
    struct kept_axis *kept; /* referenced; or NULL: */
    const struct heat_axis *extra;
    int64_t minute;
    uint32_t minutes;
    double per_minute; /* times this its values are of one minute */
    /* while it is drawn: what lies in the range, by the metric */
    size_t first, count;
    double *values;
    const uint32_t *ranks;
};

struct heat_gathering {
    struct heat_query query;
    struct arena arena;
    struct layer_of_picture *layers;
    size_t count, room;
};

enum status heat_history_gather(struct heat_history *history, const struct heat_query *query,
    struct heat_gathering **out_gathering, struct error *error)
{
    if (query->from_s >= query->to_s || query->from_s < 0)
        return error_set(error, STATUS_INVALID, "the time range is empty");
    if (query->to_s - query->from_s > HEAT_SPAN_MOST_S)
        return error_set(
            error, STATUS_INVALID, "the time range is longer than %u seconds", HEAT_SPAN_MOST_S);
    if (query->end_key.size > 0 && span_compare(query->start_key, query->end_key) >= 0)
        return error_set(error, STATUS_INVALID, "the key range is empty");
    if (query->rows == 0 || query->rows > LIMIT_HEAT_ROWS || query->columns == 0 ||
        query->columns > LIMIT_HEAT_COLUMNS)
        return error_set(error, STATUS_INVALID, "rows must be 1 to %d, columns 1 to %d",
            LIMIT_HEAT_ROWS, LIMIT_HEAT_COLUMNS);
    if (query->metric == 0)
        return error_set(error, STATUS_INVALID, "there is no such metric");
    const struct table *table = find(history, query->table);
    size_t room = RECENT_AXES;
    for (unsigned level = 0; table && level < LAYERS; level++)
        room += table->layers[level].count;
    struct heat_gathering *gathering = memory_allocate_zeroed(1, sizeof *gathering);
    if (!gathering)
        return error_set(error, STATUS_NO_MEMORY, "no memory for a picture");
    gathering->query = *query;
    gathering->query.start_key = arena_copy(&gathering->arena, query->start_key);
    gathering->query.end_key = arena_copy(&gathering->arena, query->end_key);
    gathering->layers = arena_allocate_zeroed(&gathering->arena, room, sizeof *gathering->layers);
    gathering->room = gathering->layers ? room : 0;
    for (unsigned level = LAYERS; table && gathering->layers && level-- > 0;)
        for (size_t i = 0; i < table->layers[level].count; i++) {
            struct kept_axis *axis = table->layers[level].axes[i];
            if ((axis->minute + axis->minutes) * SECONDS <= query->from_s ||
                axis->minute * SECONDS >= query->to_s)
                continue;
            atomic_fetch_add_explicit(&axis->references, 1, memory_order_relaxed);
            gathering->layers[gathering->count++] = (struct layer_of_picture){
                .kept = axis, .minute = axis->minute, .minutes = axis->minutes, .per_minute = 1};
        }
    *out_gathering = gathering;
    return STATUS_OK;
}

enum status heat_gathering_add(
    struct heat_gathering *gathering, int64_t minute, double seconds, const struct heat_axis *axis)
{
    if (gathering->count == gathering->room)
        return STATUS_NO_MEMORY;
    if (axis->count == 0 || seconds <= 0)
        return STATUS_OK;
    gathering->layers[gathering->count++] = (struct layer_of_picture){
        .extra = axis, .minute = minute, .minutes = 1, .per_minute = SECONDS / seconds};
    return STATUS_OK;
}

void heat_gathering_free(struct heat_gathering *gathering)
{
    if (!gathering)
        return;
    for (size_t i = 0; i < gathering->count; i++)
        axis_unref(gathering->layers[i].kept);
    arena_deinit(&gathering->arena);
    memory_free(gathering);
}

static size_t layer_size(const struct layer_of_picture *layer)
{
    return layer->kept ? layer->kept->count : layer->extra->count;
}

static struct span layer_start(const struct layer_of_picture *layer, size_t i)
{
    return layer->kept ? axis_start(layer->kept, i) : layer->extra->starts[i];
}

static double layer_value(const struct layer_of_picture *layer, size_t i, uint32_t metric)
{
    if (!layer->kept)
        return heat_sum(&layer->extra->values[i], metric) * layer->per_minute;
    double sum = 0;
    for (unsigned c = 0; c < HEAT_COUNTERS; c++)
        if (metric & 1u << c)
            sum += (double)layer->kept->values[i][c];
    return sum;
}

/* How many starts are at or before the key. */
static size_t starts_until(const struct layer_of_picture *layer, struct span key)
{
    size_t low = 0, high = layer_size(layer);
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (span_compare(layer_start(layer, middle), key) <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* What of a layer lies in the range of the query, as an axis without values. */
static enum status clip(struct layer_of_picture *layer, const struct heat_query *query,
    struct arena *arena, struct heat_axis *out_axis)
{
    size_t until = starts_until(layer, query->start_key);
    size_t first = until > 0 ? until - 1 : 0;
    size_t end = query->end_key.size > 0 ? starts_until(layer, query->end_key) : layer_size(layer);
    struct span end_key = end < layer_size(layer) ? layer_start(layer, end)
                          : layer->kept           ? SPAN_EMPTY
                                                  : layer->extra->end;
    if (first > end)
        first = end;
    layer->first = first;
    layer->count = end - first;
    struct span *starts = arena_allocate_zeroed(arena, layer->count + 1, sizeof *starts);
    layer->values = arena_allocate_zeroed(arena, layer->count + 1, sizeof *layer->values);
    if (!starts || !layer->values)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < layer->count; i++) {
        starts[i] = layer_start(layer, first + i);
        layer->values[i] = layer_value(layer, first + i, query->metric);
    }
    *out_axis = (struct heat_axis){.starts = starts, .count = layer->count, .end = end_key};
    return STATUS_OK;
}

/* The rows of a picture while it is made: fine stretches of all layers, and where the rows begin among them. */
struct drawing {
    struct layer_of_picture *layers;
    size_t count;
    struct heat_bounds bounds;
    size_t from, to; /* the fine stretches that the query asked for */
    size_t *firsts;  /* of the rows, counted from `from` */
    size_t rows;
};

/* Bounds of all layers and of the query itself. */
static enum status drawing_bounds(
    struct drawing *drawing, const struct heat_query *query, struct arena *arena)
{
    struct heat_axis *axes = arena_allocate_zeroed(arena, drawing->count + 1, sizeof *axes);
    if (!axes)
        return STATUS_NO_MEMORY;
    enum status status = STATUS_OK;
    for (size_t i = 0; i < drawing->count && !status; i++)
        status = clip(&drawing->layers[i], query, arena, &axes[i]);
    axes[drawing->count] = (struct heat_axis){
        .starts = &query->start_key, .count = 1, .end = query->end_key};
    if (!status)
        status = heat_bounds_make(axes, drawing->count + 1, arena, &drawing->bounds);
    if (status)
        return status;
    const uint32_t *ranks = drawing->bounds.ranks;
    for (size_t i = 0; i < drawing->count; i++) {
        drawing->layers[i].ranks = ranks;
        ranks += drawing->layers[i].count + 1;
    }
    drawing->from = ranks[0];
    drawing->to = ranks[1];
    return STATUS_OK;
}

/* What every fine stretch took in all; a difference array first. */
static enum status drawing_divide(
    struct drawing *drawing, const struct heat_query *query, struct arena *arena)
{
    size_t fine = drawing->to - drawing->from;
    double *sums = arena_allocate_zeroed(arena, drawing->bounds.count + 2, sizeof *sums);
    drawing->firsts = arena_allocate_zeroed(arena, query->rows, sizeof *drawing->firsts);
    if (!sums || !drawing->firsts)
        return STATUS_NO_MEMORY;
    for (size_t l = 0; l < drawing->count; l++) {
        const struct layer_of_picture *layer = &drawing->layers[l];
        for (size_t i = 0; i < layer->count; i++) {
            uint32_t start = layer->ranks[i], end = layer->ranks[i + 1];
            double each = layer->values[i] * layer->minutes / (end - start);
            sums[start] += each;
            sums[end] -= each;
        }
    }
    double sum = 0;
    for (size_t i = 0; i < drawing->bounds.count; i++) {
        sum += sums[i];
        sums[i] = sum > 0 ? sum : 0;
    }
    drawing->rows = heat_divide(sums + drawing->from, fine, query->rows, drawing->firsts);
    return STATUS_OK;
}

/* Row by row, what a layer has in one minute. */
static void layer_rows(
    const struct drawing *drawing, const struct layer_of_picture *layer, double *row_values)
{
    size_t row = 0;
    memset(row_values, 0, drawing->rows * sizeof *row_values);
    for (size_t i = 0; i < layer->count; i++) {
        size_t start = layer->ranks[i], end = layer->ranks[i + 1];
        double each = layer->values[i] / (double)(end - start);
        if (layer->values[i] == 0)
            continue;
        if (start < drawing->from)
            start = drawing->from;
        if (end > drawing->to)
            end = drawing->to;
        while (start < end) {
            while (row + 1 < drawing->rows && drawing->from + drawing->firsts[row + 1] <= start)
                row++;
            size_t row_end = row + 1 < drawing->rows ? drawing->from + drawing->firsts[row + 1]
                                                     : drawing->to;
            size_t until = end < row_end ? end : row_end;
            row_values[row] += each * (double)(until - start);
            start = until;
        }
    }
}

/* Adds a layer's rows to the columns that it overlaps, each by its share of the column. */
static void put_layer(
    struct heat_matrix *matrix, const struct layer_of_picture *layer, const double *row_values)
{
    int64_t step = matrix->step_s / SECONDS, origin = matrix->from_s / SECONDS;
    int64_t from = layer->minute - origin, to = from + layer->minutes;
    for (int64_t c = from > 0 ? from / step : 0; c < (int64_t)matrix->column_count && c * step < to;
         c++) {
        int64_t start = from > c * step ? from : c * step;
        int64_t end = to < (c + 1) * step ? to : (c + 1) * step;
        double factor = (double)(end - start) / (double)step / SECONDS;
        double *column = matrix->values + (size_t)c * matrix->row_count;
        for (size_t r = 0; r < matrix->row_count; r++)
            column[r] += row_values[r] * factor;
    }
}

static enum status draw_values(
    const struct drawing *drawing, struct arena *arena, struct heat_matrix *matrix)
{
    double *row_values = arena_allocate_zeroed(arena, drawing->rows, sizeof *row_values);
    if (!row_values)
        return STATUS_NO_MEMORY;
    for (size_t l = 0; l < drawing->count; l++) {
        layer_rows(drawing, &drawing->layers[l], row_values);
        put_layer(matrix, &drawing->layers[l], row_values);
    }
    for (size_t i = 0; i < matrix->row_count * matrix->column_count; i++)
        if (matrix->values[i] > matrix->most)
            matrix->most = matrix->values[i];
    return STATUS_OK;
}

/* The columns of a query: whole minutes, as few as fit. */
static void lay_out(const struct heat_query *query, struct heat_matrix *matrix)
{
    int64_t from = query->from_s / SECONDS, to = (query->to_s + SECONDS - 1) / SECONDS;
    int64_t minutes = to - from, most = (int64_t)query->columns;
    int64_t step = (minutes + most - 1) / most;
    matrix->from_s = from * SECONDS;
    matrix->step_s = (uint32_t)(step * SECONDS);
    matrix->column_count = (size_t)((minutes + step - 1) / step);
}

static enum status copy_bounds(
    const struct drawing *drawing, struct arena *arena, struct heat_matrix *matrix)
{
    size_t rows = drawing->rows;
    matrix->bounds = arena_allocate_zeroed(arena, rows + 1, sizeof *matrix->bounds);
    if (!matrix->bounds)
        return STATUS_NO_MEMORY;
    for (size_t r = 0; r <= rows; r++) {
        size_t at = r < rows ? drawing->from + drawing->firsts[r] : drawing->to;
        struct span key = at < drawing->bounds.count ? drawing->bounds.keys[at] : SPAN_EMPTY;
        matrix->bounds[r] = arena_copy(arena, key);
        if (matrix->bounds[r].size != key.size)
            return STATUS_NO_MEMORY;
    }
    return STATUS_OK;
}

enum status heat_gathering_draw(
    const struct heat_gathering *gathering, struct arena *arena, struct heat_matrix *out_matrix)
{
    struct arena scratch = {0};
    struct heat_matrix matrix = {0};
    struct drawing drawing = {.count = gathering->count};
    const struct heat_query *query = &gathering->query;
    lay_out(query, &matrix);
    drawing.layers = arena_allocate_zeroed(&scratch, drawing.count + 1, sizeof *drawing.layers);
    enum status status = drawing.layers ? STATUS_OK : STATUS_NO_MEMORY;
    if (!status && drawing.count > 0)
        memcpy(drawing.layers, gathering->layers, drawing.count * sizeof *drawing.layers);
    if (!status)
        status = drawing_bounds(&drawing, query, &scratch);
    if (!status)
        status = drawing_divide(&drawing, query, &scratch);
    if (!status)
        status = copy_bounds(&drawing, arena, &matrix);
    matrix.row_count = drawing.rows;
    if (!status) {
        matrix.values = arena_allocate_zeroed(
            arena, matrix.row_count * matrix.column_count, sizeof *matrix.values);
        status = matrix.values ? draw_values(&drawing, &scratch, &matrix) : STATUS_NO_MEMORY;
    }
    arena_deinit(&scratch);
    if (!status)
        *out_matrix = matrix;
    return status;
}
