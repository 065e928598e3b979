/* The pages: files that lie in the program (assets.h), or in a directory (--ui-dir) for those who work on them. */
#include <stdio.h>

#include "server/web/assets.h"
#include "server/web/web_gzip.h"
#include "server/web/web_handlers.h"

#define FILE_SIZE_MAX (4u << 20)

static const char plain_page[] = "<!DOCTYPE html>\n<html lang=\"en\"><head><meta "
                                 "charset=\"utf-8\"><title>Stele</title></head><body>\n"
                                 "<h1>Stele</h1>\n"
                                 "<p>This program was built without its pages (they need npm when "
                                 "it is built). The API is here all the same:</p>\n"
                                 "<ul><li><a href=\"/api/v1/cluster\">/api/v1/cluster</a></li>\n"
                                 "<li><a href=\"/api/v1/tables\">/api/v1/tables</a></li>\n"
                                 "<li><a href=\"/api/v1/servers\">/api/v1/servers</a></li>\n"
                                 "<li><a href=\"/metrics\">/metrics</a></li>\n"
                                 "<li><a href=\"/readyz?verbose\">/readyz?verbose</a></li></ul>\n"
                                 "<p>All of it is described in docs/api.md.</p></body></html>\n";

/* ---- From the program ---- */

static const struct web_asset *find_asset(struct span path)
{
    size_t low = 0, high = web_asset_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = span_compare(path, span_string(web_assets[middle].path));
        if (order == 0)
            return &web_assets[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

static bool has_tag(struct span given, const char *etag)
{
    struct span tag = span_string(etag);
    return given.size >= tag.size && memmem(given.data, given.size, tag.data, tag.size);
}

static enum web_outcome answer_asset(struct web_call *call, const struct web_asset *asset)
{
    call->answer.etag = asset->etag;
    call->answer.is_immutable = span_starts_with(call->request.path, SPAN_LITERAL("/assets/"));
    if (has_tag(call->request.if_none_match, asset->etag))
        return web_answer_text(call, 304, asset->type, SPAN_EMPTY);
    call->answer.is_varied = true;
    if (!call->request.accepts_gzip) {
        /* curl without --compressed: all browsers do, so the bytes are kept in no other form */
        if (!web_gzip_unpack(span_make(asset->gzip, asset->length), &call->answer.body))
            return web_fail(call, 503, "busy", "no memory");
        call->answer.status = 200;
        call->answer.type = asset->type;
        return WEB_DONE;
    }
    call->answer.is_gzip = true;
    return web_answer_text(call, 200, asset->type, span_make(asset->gzip, asset->length));
}

/* ---- From a directory ---- */

static const char *type_of(struct span name)
{
    static const struct {
        const char *end, *type;
    } types[] = {{".html", "text/html; charset=utf-8"}, {".js", "text/javascript; charset=utf-8"},
        {".css", "text/css; charset=utf-8"}, {".svg", "image/svg+xml"},
        {".json", "application/json"}, {".map", "application/json"}};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        struct span end = span_string(types[i].end);
        if (name.size > end.size &&
            memcmp(name.data + name.size - end.size, end.data, end.size) == 0)
            return types[i].type;
    }
    return "application/octet-stream";
}

/* A name of letters, digits, '-', '_' and dots inside: it leads nowhere else. */
static bool is_plain_name(struct span name)
{
    for (size_t i = 0; i < name.size; i++) {
        uint8_t byte = name.data[i];
        bool is_letter = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
                         (byte >= '0' && byte <= '9') || byte == '-' || byte == '_';
        if (!is_letter && (byte != '.' || i == 0))
            return false;
    }
    return name.size > 0;
}

/* A developer's: reads the disk on the web's own thread. */
static enum web_outcome answer_file(struct web_call *call)
{
    const struct web_request *request = &call->request;
    char path[4096];
    struct span index[] = {SPAN_LITERAL("index.html")};
    const struct span *names = request->segment_count ? request->segments : index;
    size_t count = request->segment_count ? request->segment_count : 1;
    int length = snprintf(path, sizeof path, "%s", call->service->ui_directory);
    for (size_t i = 0; i < count; i++) {
        if (!is_plain_name(names[i]) || length < 0 ||
            (size_t)length + names[i].size + 2 > sizeof path)
            return web_fail(call, 404, "no_such_route", "there is nothing at this address");
        length += snprintf(path + length, sizeof path - (size_t)length, "/%.*s", (int)names[i].size,
            (const char *)names[i].data);
    }
    struct error error = {0};
    if (env_read_file(call->service->env, path, FILE_SIZE_MAX, &call->answer.body, &error)) {
        buffer_reset(&call->answer.body);
        return web_fail(call, 404, "no_such_route", "%s", error.message);
    }
    call->answer.status = 200;
    call->answer.type = type_of(names[count - 1]);
    return WEB_DONE;
}

enum web_outcome web_get_page(struct web_call *call)
{
    if (call->service->ui_directory)
        return answer_file(call);
    struct span path = call->request.segment_count ? call->request.path : SPAN_LITERAL("/");
    const struct web_asset *asset = find_asset(path);
    if (asset)
        return answer_asset(call, asset);
    if (call->request.segment_count == 0)
        return web_answer_text(call, 200, "text/html; charset=utf-8", SPAN_LITERAL(plain_page));
    return web_fail(call, 404, "no_such_route", "there is nothing at this address");
}
