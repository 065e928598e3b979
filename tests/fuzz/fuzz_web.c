/* A request on the web port: "METHOD target\nHeader: value\n...\n\nbody", through guard, routes and handlers of a process
 * that leads no cluster and serves no tablets; what only reads is also asked of one that leads a cluster of models with load
 * and heat (tests/sim/model_fleet.h). Whatever comes, the answer has a status that the API knows, JSON is JSON,
 * and nothing is done without the token. */
#include "tests/fuzz/fuzz.h"

#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/log_lines.h"
#include "server/coordination/coordination.h"
#include "server/heat/heat_board.h"
#include "server/net/loop.h"
#include "server/web/web_call.h"
#include "tests/sim/model_heat.h"

#define TOKEN "0123456789abcdef0123456789abcdef"

static struct web_service *shared_service(void)
{
    static struct hbase_service hbase = {.name_text = "localhost,16000,1", .cluster_id = "id"};
    static struct web_service service = {.role = SERVER_MASTER,
        .host = "127.0.0.1",
        .version = "0",
        .token = TOKEN,
        .hbase = &hbase};
    struct error error;
    if (service.env)
        return &service;
    service.env = hbase.env = env_real();
    slow_log_init(&hbase.slow);
    if (coordination_local_new(service.env, &hbase.coordination, &error))
        abort();
    return &service;
}

#define FLEET_TABLETS 24
#define FLEET_SERVERS 3
#define TELL_NS       5000000000ull /* the board lists servers that still speak */

static struct fleet fleet;

static void remove_fleet(void)
{
    fleet_remove(&fleet);
}

/* A master that leads. */
static struct web_service *leading_service(void)
{
    static struct hbase_service hbase;
    static struct loop *loops[1];
    static uint64_t told_ns;
    static struct web_service service = {.role = SERVER_MASTER,
        .host = "127.0.0.1",
        .version = "0",
        .token = TOKEN,
        .hbase = &hbase,
        .loops = loops};
    if (!service.env) {
        log_set_level(LOG_ERROR);
        fleet_make(&fleet, env_real(), FLEET_TABLETS, FLEET_SERVERS);
        atexit(remove_fleet);
        fleet_show_servers(&fleet);
        master_lead(fleet.master, 1);
        fleet_wait_until(&fleet, fleet_leads);
        fleet_wait_until(&fleet, fleet_all_are_open);
        for (size_t i = 0; i < FLEET_SERVERS; i++)
            fleet_must(fleet_report(&fleet, &fleet.servers[i], model_heat_load), NULL);
        model_heat_serve(&fleet, &hbase);
        for (unsigned kind = 0; kind < HEAT_EVENT_KINDS; kind++)
            heat_board_note(hbase.heat, &(struct heat_event){.kind = (enum heat_event_kind)kind,
                                            .table = SPAN_LITERAL("t"),
                                            .tablet_id = SPAN_LITERAL("x"),
                                            .key = SPAN_LITERAL("\x00\xff<\"\n"),
                                            .reason = SPAN_LITERAL("\xff why")});
        service.env = fleet.env;
    }
    if (told_ns == 0 || env_monotonic_ns(service.env) - told_ns > TELL_NS) {
        told_ns = env_monotonic_ns(service.env);
        for (size_t i = 0; i < FLEET_SERVERS; i++)
            model_heat_tell(&fleet, hbase.heat, &fleet.servers[i]);
    }
    return &service;
}

static struct span take_line(struct span *in)
{
    const uint8_t *end = in->size ? memchr(in->data, '\n', in->size) : NULL;
    struct span line = span_make(in->data, end ? (size_t)(end - in->data) : in->size);
    size_t skipped = line.size + (end != NULL);
    *in = span_make(in->data + skipped, in->size - skipped);
    return line;
}

static void take_header(struct web_request *request, struct span line)
{
    const struct {
        struct span name;
        struct span *value;
    } headers[] = {{SPAN_LITERAL("Host: "), &request->host},
        {SPAN_LITERAL("Origin: "), &request->origin},
        {SPAN_LITERAL("Sec-Fetch-Site: "), &request->fetch_site},
        {SPAN_LITERAL("X-Stele-Token: "), &request->token},
        {SPAN_LITERAL("Content-Type: "), &request->content_type},
        {SPAN_LITERAL("If-None-Match: "), &request->if_none_match}};
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
        struct span name = headers[i].name;
        if (!span_starts_with(line, name))
            continue;
        request->is_host_doubled = request->is_host_doubled ||
                                   (i == 0 && headers[i].value->size > 0);
        *headers[i].value = span_make(line.data + name.size, line.size - name.size);
    }
}

static void check_answer(const struct web_call *call)
{
    static const int known[] = {200, 202, 304, 400, 403, 404, 405, 409, 421, 503};
    const struct web_answer *answer = &call->answer;
    bool is_known = false;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        is_known = is_known || answer->status == known[i];
    fuzz_check(is_known && answer->type);
    if (call->request.method == WEB_POST && answer->status < 400)
        fuzz_check(span_equal(call->request.token, SPAN_LITERAL(TOKEN)));
    if (strcmp(answer->type, "application/json") != 0 || answer->is_gzip)
        return;
    struct span body = answer->borrowed.size ? answer->borrowed : buffer_span(&answer->body);
    json_t *json = json_loadb((const char *)body.data, body.size, JSON_REJECT_DUPLICATES, NULL);
    fuzz_check(json_is_object(json));
    fuzz_check((answer->status >= 400) == (json_object_get(json, "error") != NULL));
    json_decref(json);
}

/* A call that the master's executor may end. */
struct waited {
    struct web_call call; /* first */
    _Atomic bool is_finished;
};

static void on_finish(struct web_call *call)
{
    atomic_store(&((struct waited *)call)->is_finished, true);
}

static enum web_method ask(struct web_service *service, const uint8_t *data, size_t size)
{
    struct waited waited = {.call = {.service = service, .finish = on_finish}};
    struct web_call *call = &waited.call;
    struct web_request *request = &call->request;
    struct span in = span_make(data, size), line = take_line(&in);
    struct error error = {0};
    static const struct {
        struct span name;
        enum web_method method;
    } methods[] = {{SPAN_LITERAL("GET "), WEB_GET}, {SPAN_LITERAL("HEAD "), WEB_HEAD},
        {SPAN_LITERAL("POST "), WEB_POST}, {SPAN_LITERAL("PUT "), WEB_OTHER_METHOD}};
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        struct span name = methods[i].name;
        if (!span_starts_with(line, name))
            continue;
        request->method = methods[i].method;
        line = span_make(line.data + name.size, line.size - name.size);
        break;
    }
    for (struct span header = take_line(&in); header.size > 0; header = take_line(&in))
        take_header(request, header);
    request->body = in;
    if (web_request_parse(line, &call->arena, request, &error) == STATUS_OK) {
        const struct web_route *route = web_call_begin(call);
        if (route && web_route_run(route, call) == WEB_PENDING) {
            fuzz_check(service == leading_service());
            while (!atomic_load(&waited.is_finished))
                sched_yield();
        }
        check_answer(call);
    }
    enum web_method method = request->method;
    web_call_deinit(call);
    return method;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum web_method method = ask(shared_service(), data, size);
    if (method == WEB_GET || method == WEB_HEAD)
        (void)ask(leading_service(), data, size);
    return 0;
}
