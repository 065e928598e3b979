/* /api/v1/actions: the few changes that the pages can ask for. The guard has seen origin and token (web_call.c). */
#include <string.h>

#include "base/memory.h"
#include "proto/exception_class.h"
#include "server/web/api_internal.h"

#define TABLETS_MOST 64

/* The body, an object with these members only ("tablet row"); NULL: the call is answered. */
static json_t *read_body(struct web_call *call, const char *members)
{
    json_error_t error;
    struct span body = call->request.body;
    json_t *object = json_loadb(
        body.data ? (const char *)body.data : "", body.size, JSON_REJECT_DUPLICATES, &error);
    if (!json_is_object(object)) {
        json_decref(object);
        web_fail(call, 400, "bad_request", "the body is no JSON object");
        return NULL;
    }
    const char *key;
    json_t *value;
    json_object_foreach(object, key, value)
    {
        if (!web_has_word(members, span_string(key))) {
            web_fail(call, 400, "bad_parameter", "the body may have: %s", members);
            json_decref(object);
            return NULL;
        }
    }
    return object;
}

/* A string member in the arena; empty when it is absent. False: it is none, or "needed" and absent. */
static bool take_text(struct web_call *call, const json_t *object, const char *name, bool is_needed,
    struct span *out_text)
{
    const json_t *value = json_object_get(object, name);
    *out_text = SPAN_EMPTY;
    if (!value && !is_needed)
        return true;
    if (!json_is_string(value)) {
        web_fail(call, 400, "bad_parameter", "'%s' must be a string", name);
        return false;
    }
    *out_text = arena_copy(
        &call->arena, span_make(json_string_value(value), json_string_length(value)));
    return true;
}

/* ---- Through the master ---- */

/* The master's refusals are HBase's, some of which are only a name: who reads them here gets a sentence. */
static void refuse(struct web_call *call, const struct master_request *request)
{
    const char *class = request->exception_class, *message = request->error.message;
    if (strcmp(class, EXCEPTION_UNKNOWN_REGION) == 0)
        web_fail(call, 404, "no_such_tablet", "there is no tablet %s (any more)", message);
    else if (strcmp(class, EXCEPTION_TABLE_NOT_ENABLED) == 0)
        web_fail(call, 409, "refused", "table '%s' is not enabled", message);
    else
        web_fail(call, 409, "refused", "%s", message);
}

static void on_done(struct master_request *request)
{
    struct web_call *call = (struct web_call *)((char *)request -
                                                offsetof(struct web_call, master));
    if (request->exception_class)
        refuse(call, request);
    else if (request->operation == MASTER_MOVE && request->procedure_id == 0)
        web_fail(call, 409, "refused", "%s",
            request->server.size ? "the tablet is on that server already"
                                 : "there is no other server that the tablet could move to");
    else
        web_answer_json(
            call, 202, json_pack("{s:I}", "procedure", (json_int_t)request->procedure_id));
    web_call_finish(call);
}

/* One that was split or merged is known for a while, and gone. */
static bool is_tablet(struct web_call *call, struct span id)
{
    struct catalogue *catalogue = api_catalogue(call);
    mutex_lock(&catalogue->mutex);
    const struct assigned_tablet *tablet = assignment_find(&catalogue->assignment, id);
    enum assignment_state state = tablet ? tablet->state : ASSIGNMENT_CLOSED;
    mutex_unlock(&catalogue->mutex);
    if (tablet && state != ASSIGNMENT_SPLIT && state != ASSIGNMENT_MERGED)
        return true;
    int size = (int)(id.size < TABLET_ID_SIZE ? id.size : TABLET_ID_SIZE);
    web_fail(call, 404, "no_such_tablet",
        state == ASSIGNMENT_SPLIT    ? "tablet %.*s is gone: it was split"
        : state == ASSIGNMENT_MERGED ? "tablet %.*s is gone: it was merged with another"
                                     : "there is no tablet %.*s",
        size, (const char *)id.data);
    return false;
}

/* call->master has its fields; the tablets are checked here. */
static enum web_outcome submit(struct web_call *call, enum master_operation operation)
{
    struct master_request *request = &call->master;
    for (size_t i = 0; i < request->tablet_count; i++)
        if (!is_tablet(call, request->tablets[i]))
            return WEB_DONE;
    request->operation = operation;
    request->arena = &call->arena;
    request->done = on_done;
    master_submit(call->service->hbase->master, request);
    return WEB_PENDING;
}

static bool take_tablet(struct web_call *call, const json_t *object)
{
    struct span *id = arena_allocate(&call->arena, sizeof *id);
    call->master = (struct master_request){.tablets = id, .tablet_count = 1};
    return id && take_text(call, object, "tablet", true, id);
}

enum web_outcome web_post_split(struct web_call *call)
{
    json_t *object = web_needs_master(call) ? read_body(call, "tablet row") : NULL;
    enum web_outcome outcome = WEB_DONE;
    const json_t *row = json_object_get(object, "row");
    if (object && take_tablet(call, object)) {
        if (row && !web_json_take_key(row, &call->arena, &call->master.row))
            web_fail(call, 400, "bad_parameter", "'row' must be {\"b64\"} or {\"text\"}");
        else
            outcome = submit(call, MASTER_SPLIT);
    }
    json_decref(object);
    return outcome;
}

enum web_outcome web_post_move(struct web_call *call)
{
    json_t *object = web_needs_master(call) ? read_body(call, "tablet server") : NULL;
    enum web_outcome outcome = WEB_DONE;
    struct span server;
    if (object && take_tablet(call, object) && take_text(call, object, "server", false, &server)) {
        call->master.server = server;
        outcome = submit(call, MASTER_MOVE);
    }
    json_decref(object);
    return outcome;
}

static bool take_tablets(struct web_call *call, const json_t *array)
{
    size_t count = json_array_size(array);
    struct span *ids = count ? arena_allocate(&call->arena, count * sizeof *ids) : NULL;
    bool are_strings = ids && count >= 2 && count <= TABLETS_MOST;
    for (size_t i = 0; are_strings && i < count; i++) {
        const json_t *id = json_array_get(array, i);
        are_strings = json_is_string(id);
        if (are_strings)
            ids[i] = arena_copy(
                &call->arena, span_make(json_string_value(id), json_string_length(id)));
    }
    if (!are_strings)
        web_fail(call, 400, "bad_parameter", "'tablets' must be 2 to %d ids", TABLETS_MOST);
    call->master = (struct master_request){.tablets = ids, .tablet_count = count};
    return are_strings;
}

enum web_outcome web_post_merge(struct web_call *call)
{
    json_t *object = web_needs_master(call) ? read_body(call, "tablets") : NULL;
    enum web_outcome outcome = WEB_DONE;
    if (object && take_tablets(call, json_object_get(object, "tablets")))
        outcome = submit(call, MASTER_MERGE);
    json_decref(object);
    return outcome;
}

/* ---- Flush and compact ---- */

struct upkeep {
    struct span table, tablet; /* one of them */
    bool is_flush, is_major;
    size_t count;
};

struct flushing {
    struct completion completion; /* first */
    struct served_tablet *served;
};

/* Of a tablet server, or a master that does not lead: the tablets here. */

static void flushed(struct completion *completion)
{
    struct flushing *flushing = (struct flushing *)completion;
    served_tablet_unref(flushing->served);
    memory_free(flushing);
}

static bool ask_tablet(void *context, struct served_tablet *served)
{
    struct upkeep *upkeep = context;
    if (upkeep->tablet.size ? !span_equal(upkeep->tablet, span_string(served->id))
                            : !span_equal(upkeep->table, served->table_name))
        return true;
    if (!upkeep->is_flush) {
        tablet_compact(served->tablet, NULL, upkeep->is_major, NULL);
        upkeep->count++;
        return true;
    }
    struct flushing *flushing = memory_allocate_zeroed(1, sizeof *flushing);
    if (!flushing)
        return false;
    served_tablet_ref(served);
    flushing->served = served;
    flushing->completion.done = flushed;
    tablet_flush(served->tablet, NULL, &flushing->completion);
    upkeep->count++;
    return true;
}

/* Of the leading master: a command to each tablet's server. Nobody waits for the answers. */

struct upkeep_command {
    struct tablet_command command; /* first */
    struct server_name server;
    char text[SERVER_TEXT_SIZE];
    struct upkeep_command *next;
};

static void on_kept_up(struct tablet_command *command)
{
    memory_free(command);
}

static void add_command_locked(struct upkeep *upkeep, const struct assigned_tablet *tablet,
    uint64_t epoch, struct upkeep_command **list)
{
    struct upkeep_command *one = tablet->state == ASSIGNMENT_OPEN
                                     ? memory_allocate_zeroed(1, sizeof *one)
                                     : NULL;
    if (!one)
        return; /* a close flushes; what there is no memory for is asked for again */
    memcpy(one->text, tablet->server->text, sizeof one->text);
    one->server = tablet->server->name;
    one->server.host = span_make(one->text, tablet->server->name.host.size);
    one->command.kind = upkeep->is_flush ? TABLET_COMMAND_FLUSH : TABLET_COMMAND_COMPACT;
    one->command.server = &one->server;
    one->command.epoch = epoch;
    one->command.is_major = upkeep->is_major;
    memcpy(one->command.tablet.id, tablet->info.id, sizeof tablet->info.id);
    memcpy(one->command.tablet.table_id, tablet->info.table_id, sizeof tablet->info.table_id);
    one->command.done = on_kept_up;
    one->next = *list;
    *list = one;
    upkeep->count++;
}

static void ask_cluster(struct web_call *call, struct upkeep *upkeep)
{
    struct master *master = call->service->hbase->master;
    struct catalogue *catalogue = api_catalogue(call);
    struct upkeep_command *list = NULL;
    uint64_t epoch = master_epoch(master);
    mutex_lock(&catalogue->mutex);
    const struct catalogue_table *table = upkeep->table.size
                                              ? catalogue_find_locked(catalogue, upkeep->table)
                                              : NULL;
    for (size_t i = 0; table && i < table->tablet_count; i++)
        add_command_locked(upkeep, table->tablets[i], epoch, &list);
    const struct assigned_tablet *tablet =
        upkeep->tablet.size ? assignment_find(&catalogue->assignment, upkeep->tablet) : NULL;
    if (tablet)
        add_command_locked(upkeep, tablet, epoch, &list);
    mutex_unlock(&catalogue->mutex);
    while (list) {
        struct upkeep_command *one = list;
        list = one->next;
        tablet_link_send(master_get_config(master)->link, &one->command);
    }
}

static enum web_outcome keep_up(struct web_call *call, struct upkeep *upkeep, const json_t *object)
{
    const struct hbase_service *hbase = call->service->hbase;
    const json_t *major = json_object_get(object, "is_major");
    if (!take_text(call, object, "table", false, &upkeep->table) ||
        !take_text(call, object, "tablet", false, &upkeep->tablet))
        return WEB_DONE;
    if ((upkeep->table.size > 0) == (upkeep->tablet.size > 0))
        return web_fail(call, 400, "bad_parameter", "one of 'table' and 'tablet' is needed");
    if (major && !json_is_boolean(major))
        return web_fail(call, 400, "bad_parameter", "'is_major' must be true or false");
    upkeep->table = api_table_name(upkeep->table);
    upkeep->is_major = json_is_true(major);
    bool is_leading = hbase->master && master_is_ready(hbase->master);
    if (is_leading)
        ask_cluster(call, upkeep);
    else if (hbase->tablets)
        tablet_service_each(hbase->tablets, ask_tablet, upkeep);
    else
        return web_fail_not_master(call);
    if (upkeep->count == 0)
        return web_fail(call, 404, upkeep->tablet.size ? "no_such_tablet" : "no_such_table",
            is_leading ? "no such tablet is open" : "this server has no such tablet open");
    return web_answer_json(call, 202, json_pack("{s:I}", "tablets", (json_int_t)upkeep->count));
}

static enum web_outcome post_upkeep(struct web_call *call, const char *members, bool is_flush)
{
    struct upkeep upkeep = {.is_flush = is_flush};
    json_t *object = read_body(call, members);
    enum web_outcome outcome = object ? keep_up(call, &upkeep, object) : WEB_DONE;
    json_decref(object);
    return outcome;
}

enum web_outcome web_post_flush(struct web_call *call)
{
    return post_upkeep(call, "table tablet", true);
}

enum web_outcome web_post_compact(struct web_call *call)
{
    return post_upkeep(call, "table tablet is_major", false);
}
