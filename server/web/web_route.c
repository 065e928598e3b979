#include "server/web/web_route.h"

#include "server/web/web_handlers.h"

#define LIST "limit after sort filter"

const struct web_route web_routes[] = {
    {"/api/v1/version", WEB_GET, WEB_ON_LOOP, "", web_get_version},
    {"/api/v1/token", WEB_GET, WEB_ON_LOOP, "", web_get_token},
    {"/api/v1/cluster", WEB_GET, WEB_ON_WORKER, "", web_get_cluster},
    {"/api/v1/servers", WEB_GET, WEB_ON_WORKER, LIST, web_get_servers},
    {"/api/v1/servers/{}", WEB_GET, WEB_ON_WORKER, "", web_get_one_server},
    {"/api/v1/tables", WEB_GET, WEB_ON_WORKER, LIST, web_get_tables},
    {"/api/v1/tables/{}", WEB_GET, WEB_ON_WORKER, "", web_get_table},
    {"/api/v1/tables/{}/tablets", WEB_GET, WEB_ON_WORKER, LIST " server state", web_get_tablets},
    {"/api/v1/hot-tablets", WEB_GET, WEB_ON_WORKER, "table server by limit", web_get_hot_tablets},
    {"/api/v1/history", WEB_GET, WEB_ON_WORKER, "window", web_get_history},
    {"/api/v1/hot-rows", WEB_GET, WEB_ON_WORKER, "table kind limit", web_get_hot_rows},
    {"/api/v1/keyvis", WEB_GET, WEB_ON_WORKER, "table metric from to start end rows columns",
        web_get_keyvis},
    {"/api/v1/keyvis/cell", WEB_GET, WEB_ON_WORKER, "table from to start end", web_get_keyvis_cell},
    {"/api/v1/events", WEB_GET, WEB_ON_WORKER, "table kind from to limit after", web_get_events},
    {"/api/v1/tasks", WEB_GET, WEB_ON_WORKER, "", web_get_tasks},
    {"/api/v1/balancer", WEB_GET, WEB_ON_WORKER, "limit after", web_get_balancer},
    {"/metrics", WEB_GET, WEB_ON_WORKER, "detail", web_get_metrics},
    {"/api/v1/server", WEB_GET, WEB_ON_WORKER, "", web_get_server},
    {"/api/v1/config", WEB_GET, WEB_ON_LOOP, "", web_get_config},
    {"/api/v1/slowlog", WEB_GET, WEB_ON_WORKER, "table op limit", web_get_slowlog},
    {"/api/v1/studies", WEB_GET, WEB_ON_WORKER, LIST, web_get_studies},
    {"/api/v1/studies/{}", WEB_GET, WEB_ON_WORKER, "", web_get_study},
    {"/api/v1/data/{}", WEB_GET, WEB_ON_WORKER, "row start end prefix limit columns versions",
        web_get_data},
    {"/api/v1/actions/split", WEB_POST, WEB_ON_WORKER, "", web_post_split},
    {"/api/v1/actions/merge", WEB_POST, WEB_ON_WORKER, "", web_post_merge},
    {"/api/v1/actions/move", WEB_POST, WEB_ON_WORKER, "", web_post_move},
    {"/api/v1/actions/compact", WEB_POST, WEB_ON_WORKER, "", web_post_compact},
    {"/api/v1/actions/flush", WEB_POST, WEB_ON_WORKER, "", web_post_flush},
    {"/livez", WEB_GET, WEB_ON_LOOP, "verbose", web_get_livez},
    {"/healthz", WEB_GET, WEB_ON_LOOP, "verbose", web_get_livez},
    {"/readyz", WEB_GET, WEB_ON_WORKER, "verbose", web_get_readyz},
    {"/", WEB_GET, WEB_ON_LOOP, "", web_get_page},
    {"/{}", WEB_GET, WEB_ON_LOOP, "", web_get_page},
    {"/assets/{}", WEB_GET, WEB_ON_LOOP, "", web_get_page},
    {NULL, WEB_GET, WEB_ON_LOOP, NULL, NULL},
};

static bool matches(const char *pattern, const struct web_request *request)
{
    size_t i = 0;
    for (; *pattern == '/' && pattern[1]; i++) {
        size_t size = strcspn(++pattern, "/");
        if (i == request->segment_count)
            return false;
        bool is_any = size == 2 && memcmp(pattern, "{}", 2) == 0;
        if (is_any ? request->segments[i].size == 0
                   : !span_equal(request->segments[i], span_make(pattern, size)))
            return false;
        pattern += size;
    }
    return i == request->segment_count;
}

bool web_route_find(
    const struct web_request *request, const struct web_route **out_route, const char **out_methods)
{
    enum web_method method = request->method == WEB_HEAD ? WEB_GET : request->method;
    const struct web_route *found = NULL;
    bool has_path = false;
    for (const struct web_route *one = web_routes; one->pattern; one++) {
        if (!matches(one->pattern, request) || (has_path && found))
            continue;
        has_path = true;
        *out_methods = one->method == WEB_POST ? "POST" : "GET, HEAD";
        if (one->method == method)
            found = one;
    }
    *out_route = found;
    return has_path;
}
