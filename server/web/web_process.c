/* What this process is: version, token, options. */
#include "server/web/assets.h"
#include "server/web/web_handlers.h"
#include "server/web/web_json.h"

#define API_VERSION  1
#define WIRE_VERSION "HBase 2.6.4"

static const char *role_name(enum server_role role)
{
    return role == SERVER_STANDALONE ? "standalone"
           : role == SERVER_MASTER   ? "master"
                                     : "tabletserver";
}

enum web_outcome web_get_version(struct web_call *call)
{
    const struct web_service *service = call->service;
    const struct hbase_service *hbase = service->hbase;
    return web_answer_json(call, 200,
        json_pack("{s:s, s:s, s:i, s:s, s:s, s:s, s:I, s:I, s:b, s:b}", "name", "stele", "version",
            service->version, "api", API_VERSION, "wire", WIRE_VERSION, "role",
            role_name(service->role), "server", hbase->name_text, "started_ms",
            (json_int_t)hbase->started_ms, "now_ms", (json_int_t)env_wall_ms(service->env),
            "is_read_only", (int)service->is_read_only, "has_pages",
            (int)(web_asset_count > 0 || service->ui_directory)));
}

enum web_outcome web_get_token(struct web_call *call)
{
    struct span site = call->request.fetch_site;
    /* browsers keep other sites from reading the answer; this keeps them from asking */
    if (site.size > 0 && !span_equal(site, SPAN_LITERAL("same-origin")) &&
        !span_equal(site, SPAN_LITERAL("none")))
        return web_fail(call, 403, "bad_origin", "the token is for our own pages only");
    if (call->service->is_read_only)
        return web_fail(call, 403, "read_only", "actions are off (--ui-readonly)");
    return web_answer_json(call, 200, json_pack("{s:s}", "token", call->service->token));
}
