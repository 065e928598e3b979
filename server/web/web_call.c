#include "server/web/web_call.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/memory.h"
#include "server/coordination/coordination.h"
#include "server/web/web_json.h"
#include "server/web/web_route.h"

/* ---- Answers ---- */

static int append(const char *bytes, size_t size, void *context)
{
    buffer_put(context, span_make(bytes, size));
    return 0;
}

enum web_outcome web_answer_json(struct web_call *call, int status, json_t *object)
{
    struct web_answer *answer = &call->answer;
    buffer_reset(&answer->body);
    if (!object ||
        json_dump_callback(object, append, &answer->body, JSON_COMPACT | JSON_REAL_PRECISION(9)) ||
        buffer_status(&answer->body)) {
        json_decref(object);
        return web_answer_text(call, 503, "application/json",
            SPAN_LITERAL("{\"error\":{\"code\":\"busy\",\"message\":\"no memory\"}}"));
    }
    json_decref(object);
    buffer_put_u8(&answer->body, '\n');
    answer->status = status;
    answer->type = "application/json";
    return WEB_DONE;
}

enum web_outcome web_answer_text(
    struct web_call *call, int status, const char *type, struct span text)
{
    call->answer.status = status;
    call->answer.type = type;
    call->answer.borrowed = text;
    return WEB_DONE;
}

enum web_outcome web_fail(
    struct web_call *call, int status, const char *code, const char *format, ...)
{
    char message[ERROR_MESSAGE_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    return web_answer_json(call, status,
        json_pack("{s:{s:s, s:o}}", "error", "code", code, "message",
            web_json_text(span_string(message))));
}

enum web_outcome web_fail_error(struct web_call *call, const struct error *error)
{
    if (error->status == STATUS_NO_MEMORY)
        return web_fail(call, 503, "busy", "%s", error->message);
    return web_fail(call, 400, "bad_parameter", "%s", error->message);
}

/* ---- The guard ---- */

/* Without its port; [::1] without the brackets. */
static struct span host_name(struct span host)
{
    if (host.size > 0 && host.data[0] == '[') {
        const uint8_t *end = memchr(host.data, ']', host.size);
        return end ? span_make(host.data + 1, (size_t)(end - host.data) - 1) : SPAN_EMPTY;
    }
    const uint8_t *colon = host.size ? memchr(host.data, ':', host.size) : NULL;
    return colon ? span_make(host.data, (size_t)(colon - host.data)) : host;
}

static bool is_address(struct span name)
{
    char text[64];
    struct in6_addr address;
    if (name.size == 0 || name.size >= sizeof text)
        return false;
    memcpy(text, name.data, name.size);
    text[name.size] = 0;
    return inet_pton(AF_INET, text, &address) == 1 || inet_pton(AF_INET6, text, &address) == 1;
}

static bool is_same_name(struct span name, const char *ours)
{
    if (!ours || !*ours || strlen(ours) != name.size)
        return false;
    for (size_t i = 0; i < name.size; i++) {
        uint8_t a = name.data[i], b = (uint8_t)ours[i];
        a |= a >= 'A' && a <= 'Z' ? 0x20 : 0;
        b |= b >= 'A' && b <= 'Z' ? 0x20 : 0;
        if (a != b)
            return false;
    }
    return true;
}

/* A page of another site can point a name of its own at our address (DNS rebinding), and would then be of "our" origin;
 * but it cannot choose an address or a name of ours as Host. */
static bool is_our_host(const struct web_call *call)
{
    struct span name = host_name(call->request.host);
    return !call->request.is_host_doubled && (is_address(name) || is_same_name(name, "localhost") ||
                                                 is_same_name(name, call->service->host) ||
                                                 is_same_name(name, call->service->advertise_host));
}

bool web_is_our_origin(const struct web_request *request)
{
    struct span origin = request->origin;
    struct span schemes[] = {SPAN_LITERAL("http://"), SPAN_LITERAL("https://")};
    if (origin.size == 0)
        return true; /* not a browser: it has the token, or not */
    for (size_t i = 0; i < 2; i++)
        if (span_starts_with(origin, schemes[i]) &&
            span_equal(span_make(origin.data + schemes[i].size, origin.size - schemes[i].size),
                request->host))
            return true;
    return false;
}

/* In a time that does not tell how much of it was right. */
static bool is_token(const struct web_call *call)
{
    const char *token = call->service->token;
    struct span given = call->request.token;
    unsigned difference = given.size != strlen(token);
    for (size_t i = 0; token[i]; i++)
        difference |= (unsigned)(token[i] ^ (i < given.size ? given.data[i] : 0));
    return difference == 0;
}

/* True when it may act; else the answer says why not. */
static bool may_act(struct web_call *call)
{
    const struct web_request *request = &call->request;
    if (call->service->is_read_only)
        web_fail(call, 403, "read_only", "actions are off (--ui-readonly)");
    else if (!web_is_our_origin(request))
        web_fail(call, 403, "bad_origin", "actions come from our own pages only");
    else if (!is_token(call))
        web_fail(call, 403, "bad_token", "X-Stele-Token is not the one of /api/v1/token");
    else if (!span_starts_with(request->content_type, SPAN_LITERAL("application/json")))
        web_fail(call, 400, "bad_request", "the body must be application/json");
    else
        return true;
    return false;
}

/* ---- The way in ---- */

bool web_has_word(const char *words, struct span word)
{
    for (const char *at = words; *at;) {
        size_t size = strcspn(at, " ");
        if (size == word.size && memcmp(at, word.data, size) == 0)
            return true;
        at += size + strspn(at + size, " ");
    }
    return false;
}

static bool has_known_parameters(struct web_call *call, const struct web_route *route)
{
    for (size_t i = 0; i < call->request.parameter_count; i++) {
        struct span name = call->request.parameters[i].name;
        if (web_has_word(route->parameters, name))
            continue;
        struct buffer text = {0};
        buffer_put_escaped(&text, span_make(name.data, name.size < 40 ? name.size : 40));
        web_fail(call, 400, "bad_parameter", "there is no parameter '%.*s' here; there %s%s",
            (int)text.size, text.data ? (const char *)text.data : "",
            *route->parameters ? "are: " : "are none", route->parameters);
        buffer_deinit(&text);
        return false;
    }
    return true;
}

static bool is_needed_while_stopping(const struct web_route *route)
{
    return route->place == WEB_ON_LOOP;
}

const struct web_route *web_call_begin(struct web_call *call)
{
    const struct web_route *route = NULL;
    if (!is_our_host(call)) {
        web_fail(call, 403, "bad_host",
            "the Host header is no name of this server: use its address, or name it by "
            "--advertise");
        return NULL;
    }
    if (!web_route_find(&call->request, &route, &call->answer.allow)) {
        web_fail(call, 404, "no_such_route", "there is nothing at this address");
        return NULL;
    }
    if (!route) {
        web_fail(call, 405, "bad_method", "this address knows %s only", call->answer.allow);
        return NULL;
    }
    call->answer.allow = NULL;
    if (!has_known_parameters(call, route))
        return NULL;
    if (call->request.method == WEB_POST && !may_act(call))
        return NULL;
    if (atomic_load_explicit(&call->service->hbase->is_stopping, memory_order_relaxed) &&
        !is_needed_while_stopping(route)) {
        web_fail(call, 503, "stopping", "the server is stopping");
        return NULL;
    }
    return route;
}

bool web_route_is_on_loop(const struct web_route *route)
{
    return route->place == WEB_ON_LOOP;
}

enum web_outcome web_route_run(const struct web_route *route, struct web_call *call)
{
    return route->handler(call);
}

void web_call_finish(struct web_call *call)
{
    call->finish(call);
}

void web_call_deinit(struct web_call *call)
{
    buffer_deinit(&call->answer.body);
    arena_deinit(&call->arena);
}

/* ---- The master ---- */

const char *web_address(struct web_call *call, struct span host, uint32_t web_port)
{
    struct buffer text = {0};
    bool is_v6 = host.size && memchr(host.data, ':', host.size);
    if (web_port == 0)
        return NULL;
    buffer_put_format(&text, "http://%s%.*s%s:%u", is_v6 ? "[" : "", (int)host.size,
        (const char *)host.data, is_v6 ? "]" : "", web_port);
    const char *address = arena_copy_string(&call->arena, buffer_span(&text));
    buffer_deinit(&text);
    return address;
}

enum web_outcome web_fail_not_master(struct web_call *call)
{
    json_t *object = json_pack("{s:{s:s, s:s}, s:n}", "error", "code", "not_the_master", "message",
        "this process does not lead the cluster: ask the leading master", "master");
    if (object)
        json_object_set_new(object, "master", web_json_string(web_master_address(call)));
    return web_answer_json(call, 421, object);
}

const char *web_master_address(struct web_call *call)
{
    struct coordination *coordination = call->service->hbase->coordination;
    const char *address = NULL;
    if (!coordination)
        return NULL;
    const struct coordination_view *view = coordination_view_get(coordination);
    if (server_name_is_set(&view->master))
        address = web_address(call, view->master.host, view->master_web_port);
    coordination_view_unref(view);
    return address;
}

bool web_needs_master(struct web_call *call)
{
    struct hbase_service *hbase = call->service->hbase;
    if (hbase->master && master_is_ready(hbase->master))
        return true;
    if (hbase->master && master_epoch(hbase->master))
        web_fail(call, 503, "not_ready", "the master is starting: hbase:meta cannot be read yet");
    else
        web_fail_not_master(call);
    return false;
}

static struct web_call *call_of_master(struct master_request *request)
{
    return (struct web_call *)((char *)request - offsetof(struct web_call, master));
}

static void view(struct master_request *request)
{
    struct web_call *call = call_of_master(request);
    call->see(call);
}

static void on_viewed(struct master_request *request)
{
    struct web_call *call = call_of_master(request);
    if (request->exception_class)
        web_fail(call, 503, "not_ready", "%s", request->error.message);
    web_call_finish(call);
}

enum web_outcome web_master_view(struct web_call *call, void (*see)(struct web_call *call))
{
    call->master = (struct master_request){
        .operation = MASTER_VIEW, .view = view, .arena = &call->arena, .done = on_viewed};
    call->see = see;
    master_submit(call->service->hbase->master, &call->master);
    return WEB_PENDING;
}
