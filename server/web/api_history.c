/* /api/v1/history: requests, bytes, CPU and latency of the cluster over the last minutes or hours. */
#include "server/master/load_history.h"
#include "server/master/master_view.h"
#include "server/web/api_internal.h"

#define WINDOW_DEFAULT_S 600
#define WINDOW_LEAST_S   60
#define WINDOW_MOST_S    (LOAD_COARSE_KEPT * LOAD_COARSE_S)

static json_t *seconds_or_null(double seconds)
{
    return seconds > 0 ? web_json_number(seconds) : json_null();
}

static void put_points(json_t *object, const struct load_point *points, size_t count)
{
    static const char *const names[] = {"times", "requests_per_s", "bytes_per_s", "cpu", "servers",
        "read_p50_s", "read_p99_s", "write_p50_s", "write_p99_s"};
    json_t *lists[sizeof names / sizeof *names];
    for (size_t n = 0; n < sizeof names / sizeof *names; n++)
        json_object_set_new(object, names[n], lists[n] = json_array());
    for (size_t i = 0; i < count; i++) {
        const struct load_point *point = &points[i];
        json_array_append_new(lists[0], json_integer(point->time_s));
        json_array_append_new(lists[1], web_json_number((double)point->requests_per_s));
        json_array_append_new(lists[2], web_json_number((double)point->bytes_per_s));
        json_array_append_new(lists[3], web_json_number((double)point->cpu));
        json_array_append_new(lists[4], web_json_count(point->servers));
        for (unsigned kind = 0; kind < LOAD_CALLS; kind++) {
            json_array_append_new(lists[5 + 2 * kind], seconds_or_null((double)point->p50_s[kind]));
            json_array_append_new(lists[6 + 2 * kind], seconds_or_null((double)point->p99_s[kind]));
        }
    }
}

enum web_outcome web_get_history(struct web_call *call)
{
    struct error error = {0};
    struct load_point *points;
    size_t count;
    int64_t window_s, now_s = env_wall_ms(call->service->env) / 1000;
    if (web_request_number(&call->request, "window", WINDOW_DEFAULT_S, WINDOW_LEAST_S,
            WINDOW_MOST_S, &window_s, &error))
        return web_fail_error(call, &error);
    if (!web_needs_master(call))
        return WEB_DONE;
    if (load_history_read(master_load_history(call->service->hbase->master), now_s - window_s,
            now_s, &call->arena, &points, &count))
        return web_answer_json(call, 503, NULL);
    json_t *object = json_pack("{s:I, s:i}", "window_s", (json_int_t)window_s, "step_s",
        window_s <= LOAD_FINE_KEPT * LOAD_STEP_S ? LOAD_STEP_S : LOAD_COARSE_S);
    if (object)
        put_points(object, points, count);
    return web_answer_json(call, 200, object);
}
