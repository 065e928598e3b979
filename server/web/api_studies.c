/* /api/v1/studies: reports of `stele bench study` in a directory of the operator's (--studies-dir), as they are. */
#include <stdio.h>

#include "base/limits.h"
#include "server/web/api_internal.h"

#define STUDY_NAME_SIZE 200

/* A report draws itself by a script of its own: it may do that, and nothing else; its origin is nobody's. */
#define REPORT_POLICY                                                                              \
    "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline'; "                      \
    "style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'"

static bool ends_with(struct span name, const char *end)
{
    size_t size = strlen(end);
    return name.size > size && memcmp(name.data + name.size - size, end, size) == 0;
}

/* One of ours, and no way out of the directory. */
static bool is_study_name(struct span name)
{
    return name.size <= STUDY_NAME_SIZE && name.data && name.data[0] != '.' &&
           !memchr(name.data, '/', name.size) && !memchr(name.data, 0, name.size) &&
           (ends_with(name, ".json") || ends_with(name, ".html"));
}

static enum status add_study(void *context, const char *name, struct error *error)
{
    struct web_list *list = context;
    struct web_service *service = list->call->service;
    struct env_stat stat;
    char path[4096];
    (void)error;
    if (!is_study_name(span_string(name)) || !web_list_wants(list, span_string(name), SPAN_EMPTY) ||
        list->count >= LIMIT_WEB_STUDIES)
        return STATUS_OK;
    snprintf(path, sizeof path, "%s/%s", service->studies_directory, name);
    if (env_path_stat(service->env, path, &stat, NULL) || stat.is_directory)
        return STATUS_OK; /* gone meanwhile */
    web_list_add(list, (double)stat.modified_ms, SPAN_EMPTY, span_string(name));
    return STATUS_OK;
}

static json_t *make_study(struct web_call *call, const struct web_entry *entry, void *context)
{
    (void)context;
    struct env_stat stat;
    char path[4096];
    snprintf(path, sizeof path, "%s/%.*s", call->service->studies_directory, (int)entry->id.size,
        (const char *)entry->id.data);
    if (env_path_stat(call->service->env, path, &stat, NULL))
        return NULL;
    struct span title = span_make(entry->id.data, entry->id.size - 5); /* without its ending */
    return json_pack("{s:o, s:s, s:o, s:I, s:o}", "name", web_json_text(entry->id), "kind",
        ends_with(entry->id, ".json") ? "json" : "html", "size_bytes", web_json_count(stat.size),
        "modified_ms", (json_int_t)stat.modified_ms, "title", web_json_text(title));
}

enum web_outcome web_get_studies(struct web_call *call)
{
    static const char *const sorts[] = {"modified_ms", "name", NULL};
    struct web_list list;
    struct error error = {0};
    const char *directory = call->service->studies_directory;
    if (!web_list_begin(&list, call, sorts))
        return WEB_DONE;
    if (!web_request_find(&call->request, "sort"))
        list.is_falling = true; /* newest first */
    if (directory && env_directory_list(call->service->env, directory, add_study, &list, &error))
        return web_fail(call, 503, "busy", "%s", error.message);
    for (size_t i = 0; list.sort == 1 && i < list.count; i++)
        list.entries[i].number = 0;
    json_t *object = web_list_object(&list, web_list_page(&list, make_study, NULL, NULL));
    if (object)
        json_object_set_new(object, "directory", web_json_string(directory));
    return web_answer_json(call, 200, object);
}

enum web_outcome web_get_study(struct web_call *call)
{
    struct span name = call->request.segments[3];
    const char *directory = call->service->studies_directory;
    char path[4096];
    if (!directory || !is_study_name(name))
        return web_fail(call, 404, "no_such_study", "there is no report of that name");
    snprintf(path, sizeof path, "%s/%.*s", directory, (int)name.size, (const char *)name.data);
    struct error error = {0};
    if (env_read_file(call->service->env, path, LIMIT_WEB_STUDY_SIZE, &call->answer.body, &error)) {
        buffer_reset(&call->answer.body);
        return web_fail(
            call, 404, "no_such_study", "there is no report of that name that can be read");
    }
    bool is_html = ends_with(name, ".html");
    call->answer.status = 200;
    call->answer.type = is_html ? "text/html; charset=utf-8" : "application/json";
    call->answer.policy = is_html ? REPORT_POLICY : NULL;
    return WEB_DONE;
}
