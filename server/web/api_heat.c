/* The measured heat: Key Visualizer, hot rows, events. Read from the board (server/heat/heat_board.h), which makes its
 * pictures without a lock. */
#include <math.h>
#include <stdio.h>

#include "server/heat/heat_board.h"
#include "server/web/api_internal.h"

#define ROWS_DEFAULT    256
#define COLUMNS_DEFAULT 360
#define CELLS_LEAST     16
#define CELLS_MOST      1024
#define TABLETS_SHOWN   1024 /* of the picture; with more of them only a cell names its own */
#define CELL_TABLETS    20
#define LEVELS          255
#define WINDOW_S        3600

/* ---- What is asked ---- */

struct question {
    struct heat_query query;
    double unit; /* divides values: cpu is shown in cores */
    const char *unit_name;
    int64_t now_s;
};

/* "requests" is what the rest of this API calls what heat calls "ops"; cpu's nanoseconds are cores. */
static enum status read_metric(
    const struct web_call *call, struct question *question, struct error *error)
{
    const struct span *given = web_request_find(&call->request, "metric");
    struct span name = given ? *given : SPAN_LITERAL("requests");
    if (span_equal(name, SPAN_LITERAL("requests")))
        name = SPAN_LITERAL("ops");
    question->query.metric = heat_metric_find(name);
    bool is_cpu = question->query.metric == 1u << HEAT_CPU_NS;
    question->unit = is_cpu ? 1e9 : 1;
    question->unit_name = is_cpu                                  ? "cores"
                          : question->query.metric & (HEAT_BYTES) ? "bytes/s"
                                                                  : "requests/s";
    return question->query.metric ? STATUS_OK
                                  : error_set(error, STATUS_INVALID,
                                        "'metric' must be one of requests, reads, gets, scans, "
                                        "writes, bytes, bytes_in, bytes_out, cpu");
}

static enum status read_times(
    const struct web_call *call, struct question *question, struct error *error)
{
    int64_t from, to, most = INT64_C(1) << 40;
    enum status status = web_request_number(
        &call->request, "from", -WINDOW_S, -most, most, &from, error);
    if (!status)
        status = web_request_number(&call->request, "to", question->now_s, -most, most, &to, error);
    if (status)
        return status;
    question->query.from_s = from < 0 ? question->now_s + from : from;
    question->query.to_s = to <= 0 ? question->now_s + to : to;
    if (question->query.from_s >= question->query.to_s)
        return error_set(error, STATUS_INVALID, "'from' must be before 'to'");
    return STATUS_OK;
}

/* False: the call is answered. */
static bool read_question(struct web_call *call, struct question *question)
{
    struct error error = {0};
    int64_t rows = 0, columns = 0;
    const struct span *table = web_request_find(&call->request, "table");
    *question = (struct question){.now_s = env_wall_ms(call->service->env) / 1000};
    enum status status = table ? STATUS_OK
                               : error_set(&error, STATUS_INVALID, "'table' is missing");
    if (!status)
        status = read_metric(call, question, &error);
    if (!status)
        status = read_times(call, question, &error);
    if (!status)
        status = web_request_key(
            &call->request, "start", &call->arena, &question->query.start_key, &error);
    if (!status)
        status = web_request_key(
            &call->request, "end", &call->arena, &question->query.end_key, &error);
    if (!status && question->query.end_key.size &&
        span_compare(question->query.start_key, question->query.end_key) >= 0)
        status = error_set(&error, STATUS_INVALID, "'start' must be before 'end'");
    if (!status)
        status = web_request_number(
            &call->request, "rows", ROWS_DEFAULT, CELLS_LEAST, CELLS_MOST, &rows, &error);
    if (!status)
        status = web_request_number(
            &call->request, "columns", COLUMNS_DEFAULT, CELLS_LEAST, CELLS_MOST, &columns, &error);
    if (status) {
        web_fail_error(call, &error);
        return false;
    }
    question->query.table = api_table_name(*table);
    question->query.rows = (size_t)rows;
    question->query.columns = (size_t)columns;
    return true;
}

/* False: the call is answered. A table of which nothing was measured has an empty picture. */
static bool draw(
    struct web_call *call, const struct heat_query *query, struct heat_matrix *out_matrix)
{
    struct error error = {0};
    enum status status = heat_board_matrix(
        call->service->hbase->heat, query, &call->arena, out_matrix, &error);
    if (status == STATUS_NOT_FOUND) {
        struct span *bounds = arena_allocate(&call->arena, 2 * sizeof *bounds);
        *out_matrix = (struct heat_matrix){
            .bounds = bounds, .row_count = 1, .from_s = query->from_s / 60 * 60, .step_s = 60};
        if (bounds) {
            bounds[0] = query->start_key;
            bounds[1] = query->end_key;
            status = STATUS_OK;
        }
    }
    if (status)
        web_fail_error(call, &error);
    return status == STATUS_OK;
}

/* ---- The picture ---- */

size_t api_row_of(const struct heat_matrix *matrix, struct span key)
{
    size_t low = 0, high = matrix->row_count;
    while (high - low > 1) {
        size_t middle = (low + high) / 2;
        if (span_compare(matrix->bounds[middle], key) <= 0)
            low = middle;
        else
            high = middle;
    }
    return low;
}

static json_t *levels_text(struct web_call *call, const struct heat_matrix *matrix, double unit)
{
    size_t count = matrix->row_count * matrix->column_count;
    uint8_t *levels = arena_allocate(&call->arena, count);
    struct buffer text = {0};
    double most = log1p(matrix->most / unit);
    if (!levels)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        double value = matrix->values[i] / unit;
        double level = most > 0 && value > 0 ? log1p(value) / most * LEVELS : 0;
        /* what is there at all is seen */
        levels[i] = (uint8_t)(level > LEVELS ? LEVELS : value > 0 && level < 1 ? 1 : lround(level));
    }
    web_base64_encode(span_make(levels, count), &text);
    json_t *string = buffer_status(&text)
                         ? NULL
                         : json_stringn(text.data ? (const char *)text.data : "", text.size);
    buffer_deinit(&text);
    return string;
}

static void put_axes(json_t *object, const struct heat_matrix *matrix, double unit)
{
    json_t *bounds = json_array(), *times = json_array(), *rows = json_array(),
           *columns = json_array();
    for (size_t r = 0; r <= matrix->row_count; r++)
        json_array_append_new(bounds, web_json_bytes(matrix->bounds[r]));
    for (size_t c = 0; c <= matrix->column_count; c++)
        json_array_append_new(times, json_integer(matrix->from_s + (int64_t)(c * matrix->step_s)));
    for (size_t r = 0; r < matrix->row_count; r++) {
        double sum = 0; /* the mean over the picture's time */
        for (size_t c = 0; c < matrix->column_count; c++)
            sum += matrix->values[c * matrix->row_count + r];
        json_array_append_new(rows,
            web_json_number(matrix->column_count ? sum / unit / (double)matrix->column_count : 0));
    }
    for (size_t c = 0; c < matrix->column_count; c++) {
        double sum = 0;
        for (size_t r = 0; r < matrix->row_count; r++)
            sum += matrix->values[c * matrix->row_count + r];
        json_array_append_new(columns, web_json_number(sum / unit));
    }
    json_object_set_new(object, "bounds", bounds);
    json_object_set_new(object, "times", times);
    json_object_set_new(object, "row_totals", rows);
    json_object_set_new(object, "column_totals", columns);
}

static bool is_inside(const struct heat_query *query, struct span start, struct span end)
{
    return (!query->end_key.size || span_compare(start, query->end_key) < 0) &&
           (!end.size || span_compare(end, query->start_key) > 0);
}

/* The table's tablets, as rows of the picture; null when they are too many, or the table is gone. */
static json_t *tablets_array(
    struct web_call *call, const struct heat_query *query, const struct heat_matrix *matrix)
{
    struct catalogue *catalogue = api_catalogue(call);
    json_t *array = json_array();
    size_t count = 0;
    mutex_lock(&catalogue->mutex);
    const struct catalogue_table *table = catalogue_find_locked(catalogue, query->table);
    for (size_t i = 0; table && i < table->tablet_count && count <= TABLETS_SHOWN; i++) {
        const struct assigned_tablet *one = table->tablets[i];
        struct span start = one->info.start_row, end = one->info.end_row;
        if (!is_inside(query, start, end) || ++count > TABLETS_SHOWN)
            continue;
        size_t first = api_row_of(matrix, start);
        size_t last = end.size ? api_row_of(matrix, end) : matrix->row_count - 1;
        if (end.size && last > first && span_equal(matrix->bounds[last], end))
            last--;
        json_array_append_new(
            array, json_pack("{s:s, s:I, s:I, s:o}", "id", one->info.id, "start_row",
                       (json_int_t)first, "rows", (json_int_t)(last - first + 1), "server",
                       web_json_string(one->server ? one->server->text : NULL)));
    }
    mutex_unlock(&catalogue->mutex);
    if (table && count <= TABLETS_SHOWN)
        return array;
    json_decref(array);
    return json_null();
}

static json_t *marks_array(
    struct web_call *call, const struct heat_query *query, const struct heat_matrix *matrix)
{
    json_t *array = json_array();
    struct heat_events events = {0};
    if (heat_board_events(
            call->service->hbase->heat, query->table, 0, HEAT_EVENTS_KEPT, &call->arena, &events))
        return array;
    for (size_t i = 0; i < events.count; i++) {
        const struct heat_event *event = &events.events[i];
        int64_t time_s = event->time_ms / 1000;
        if (time_s < query->from_s || time_s > query->to_s ||
            span_compare(event->key, query->start_key) < 0 ||
            (query->end_key.size && span_compare(event->key, query->end_key) >= 0))
            continue;
        json_array_append_new(
            array, json_pack("{s:I, s:s, s:o, s:I, s:o, s:o}", "time", (json_int_t)time_s, "kind",
                       heat_event_kind_name(event->kind), "key", web_json_bytes(event->key), "row",
                       (json_int_t)api_row_of(matrix, event->key), "reason",
                       web_json_text(event->reason), "tablet", web_json_text(event->tablet_id)));
    }
    return array;
}

enum web_outcome web_get_keyvis(struct web_call *call)
{
    struct question question;
    struct heat_matrix matrix;
    if (!read_question(call, &question) || !web_needs_master(call))
        return WEB_DONE;
    struct heat_query *query = &question.query;
    if (!api_has_table(call, query->table))
        return api_no_such_table(call, query->table);
    if (!draw(call, query, &matrix))
        return WEB_DONE;
    /* before it began, and an hour in which the tablet servers remember, nobody measured */
    int64_t known_s = call->service->hbase->started_ms / 1000 -
                      (call->service->role == SERVER_STANDALONE ? 0 : WINDOW_S);
    const struct span *metric = web_request_find(&call->request, "metric");
    json_t *object = json_pack("{s:o, s:o, s:s, s:I, s:{s:s, s:o}, s:I, s:b}", "table",
        web_json_text(query->table), "metric",
        metric ? web_json_text(*metric) : json_string("requests"), "unit", question.unit_name,
        "step_s", (json_int_t)matrix.step_s, "scale", "kind", "log1p", "max",
        web_json_number(matrix.most / question.unit), "complete_from",
        (json_int_t)(known_s > query->from_s ? known_s : query->from_s), "is_live",
        (int)(query->to_s >= question.now_s));
    if (!object)
        return web_answer_json(call, 503, NULL);
    put_axes(object, &matrix, question.unit);
    json_object_set_new(object, "levels", levels_text(call, &matrix, question.unit));
    json_object_set_new(object, "tablets", tablets_array(call, query, &matrix));
    json_object_set_new(object, "marks", marks_array(call, query, &matrix));
    json_object_set_new(object, "diagnosis", api_diagnosis(call, query, known_s, &matrix));
    return web_answer_json(call, 200, object);
}

/* ---- One cell ---- */

static void put_cell_tablets(struct web_call *call, const struct heat_query *query, json_t *object)
{
    struct catalogue *catalogue = api_catalogue(call);
    json_t *array = json_array();
    size_t count = 0;
    mutex_lock(&catalogue->mutex);
    const struct catalogue_table *table = catalogue_find_locked(catalogue, query->table);
    for (size_t i = 0; table && i < table->tablet_count; i++) {
        const struct assigned_tablet *one = table->tablets[i];
        if (!is_inside(query, one->info.start_row, one->info.end_row))
            continue;
        if (count++ < CELL_TABLETS)
            json_array_append_new(
                array, json_pack("{s:s, s:o, s:o, s:o}", "id", one->info.id, "server",
                           web_json_string(one->server ? one->server->text : NULL), "start_key",
                           web_json_bytes(one->info.start_row), "end_key",
                           web_json_bytes(one->info.end_row)));
    }
    mutex_unlock(&catalogue->mutex);
    json_object_set_new(object, "tablets", array);
    json_object_set_new(object, "tablet_count", web_json_count(count));
}

enum web_outcome web_get_keyvis_cell(struct web_call *call)
{
    static const char *const names[] = {[HEAT_READS] = "gets",
        [HEAT_SCANS] = "scans",
        [HEAT_WRITES] = "writes",
        [HEAT_BYTES_IN] = "bytes_in",
        [HEAT_BYTES_OUT] = "bytes_out",
        [HEAT_CPU_NS] = "cpu"};
    struct question question;
    struct heat_matrix matrix;
    if (!read_question(call, &question) || !web_needs_master(call))
        return WEB_DONE;
    struct heat_query *query = &question.query;
    if (!api_has_table(call, query->table))
        return api_no_such_table(call, query->table);
    json_t *values = json_object();
    query->rows = query->columns = 1;
    for (unsigned i = 0; i < HEAT_COUNTERS; i++) {
        query->metric = 1u << i;
        if (!draw(call, query, &matrix)) {
            json_decref(values);
            return WEB_DONE;
        }
        json_object_set_new(
            values, names[i], web_json_number(matrix.most / (i == HEAT_CPU_NS ? 1e9 : 1)));
    }
    json_t *object = json_pack("{s:o, s:I, s:I, s:o, s:o, s:o}", "table",
        web_json_text(query->table), "from", (json_int_t)query->from_s, "to",
        (json_int_t)query->to_s, "start_key", web_json_bytes(query->start_key), "end_key",
        web_json_bytes(query->end_key), "values", values);
    if (object)
        put_cell_tablets(call, query, object);
    return web_answer_json(call, 200, object);
}

/* ---- Hot rows, events ---- */

enum web_outcome web_get_hot_rows(struct web_call *call)
{
    static const char *const kinds[] = {"read", "write", NULL};
    struct error error = {0};
    struct heat_rows rows = {0};
    int64_t limit;
    size_t kind;
    if (web_request_number(&call->request, "limit", 20, 1, 256, &limit, &error) ||
        web_request_choice(&call->request, "kind", kinds, SIZE_MAX, &kind, &error))
        return web_fail_error(call, &error);
    if (!web_needs_master(call))
        return WEB_DONE;
    const struct span *table = web_request_find(&call->request, "table");
    struct span name = table ? api_table_name(*table) : SPAN_EMPTY;
    if (table && !api_has_table(call, name))
        return api_no_such_table(call, name);
    if (heat_board_rows(call->service->hbase->heat, name, 1024, &call->arena, &rows))
        return web_answer_json(call, 503, NULL);
    json_t *items = json_array();
    for (size_t i = 0; i < rows.count && json_array_size(items) < (size_t)limit; i++) {
        const struct heat_row *row = &rows.rows[i];
        if (kind != SIZE_MAX && row->kind != kind)
            continue;
        json_array_append_new(
            items, json_pack("{s:o, s:o, s:o, s:o, s:s, s:o, s:o, s:o, s:o, s:o}", "table",
                       web_json_text(row->table), "tablet", web_json_text(row->tablet_id), "server",
                       web_json_text(row->server), "row", web_json_bytes(row->row), "kind",
                       kinds[row->kind], "count", web_json_number(row->count), "error",
                       web_json_number(row->error), "per_s",
                       web_json_number(row->window_s > 0 ? row->count / row->window_s : 0), "part",
                       web_json_number(row->share), "window_s", web_json_number(row->window_s)));
    }
    return web_answer_json(call, 200, json_pack("{s:o}", "items", items));
}

static json_t *event_object(const struct heat_event *event)
{
    return json_pack("{s:I, s:I, s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "id",
        (json_int_t)event->number, "time_ms", (json_int_t)event->time_ms, "kind",
        heat_event_kind_name(event->kind), "table", web_json_text(event->table), "tablet",
        web_json_text(event->tablet_id), "key", web_json_bytes(event->key), "from",
        event->from.size ? web_json_text(event->from) : json_null(), "to",
        event->to.size ? web_json_text(event->to) : json_null(), "reason",
        web_json_text(event->reason));
}

enum web_outcome web_get_events(struct web_call *call)
{
    static const char *const kinds[] = {"split", "merge", "move", NULL};
    struct error error = {0};
    struct heat_events events = {0};
    int64_t limit, offset, from, to, most = INT64_C(1) << 40, seen = 0;
    size_t kind;
    const struct web_request *request = &call->request;
    if (web_request_number(request, "limit", WEB_LIST_DEFAULT, 1, WEB_LIST_MOST, &limit, &error) ||
        web_request_number(request, "after", 0, 0, INT32_MAX, &offset, &error) ||
        web_request_number(request, "from", 0, 0, most, &from, &error) ||
        web_request_number(request, "to", most, 0, most, &to, &error) ||
        web_request_choice(request, "kind", kinds, SIZE_MAX, &kind, &error))
        return web_fail_error(call, &error);
    if (!web_needs_master(call))
        return WEB_DONE;
    const struct span *table = web_request_find(request, "table");
    struct span name = table ? api_table_name(*table) : SPAN_EMPTY;
    if (heat_board_events(
            call->service->hbase->heat, name, 0, HEAT_EVENTS_KEPT, &call->arena, &events))
        return web_answer_json(call, 503, NULL);
    json_t *items = json_array();
    for (size_t i = events.count; i-- > 0;) { /* newest first */
        const struct heat_event *event = &events.events[i];
        if (event->time_ms / 1000 < from || event->time_ms / 1000 > to ||
            (kind != SIZE_MAX && event->kind != kind))
            continue;
        if (seen++ >= offset && json_array_size(items) < (size_t)limit)
            json_array_append_new(items, event_object(event));
    }
    char next[24];
    snprintf(next, sizeof next, "%lld", (long long)(offset + limit));
    return web_answer_json(call, 200,
        json_pack("{s:o, s:I, s:s?}", "items", items, "total", (json_int_t)seen, "next",
            offset + limit < seen ? next : NULL));
}
