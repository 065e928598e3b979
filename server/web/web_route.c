#include "server/web/web_route.h"

#include "server/web/web_handlers.h"

#define LIST "limit after sort filter"

const struct web_route web_routes[] = {
    {"/api/v1/version", WEB_GET, WEB_ON_LOOP, "", web_get_version},
    {"/api/v1/token", WEB_GET, WEB_ON_LOOP, "", web_get_token},
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
