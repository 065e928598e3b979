#include "server/hbase/region_lookup.h"

#include <inttypes.h>

#include "server/tablet/tablet_host.h"

static struct span encoded_name(
    struct region_specifier specifier, char storage[ENCODED_NAME_SIZE + 1])
{
    if (specifier.is_encoded)
        return specifier.value;
    return span_equal(specifier.value, SPAN_LITERAL(META_REGION_NAME))
               ? SPAN_LITERAL(META_ENCODED_NAME)
               : region_encoded_name(specifier.value, storage);
}

/* In the words that clients read the new place from (HBase RegionMovedException). */
static bool put_moved(struct hbase_service *service, struct span tablet_id, struct buffer *out_text)
{
    struct moved_tablet moved;
    if (!service->host || !tablet_host_find_moved(service->host, tablet_id, &moved))
        return false;
    buffer_put_format(out_text,
        "Region moved to: hostname=%s port=%" PRIu32 " startCode=%" PRIu64
        ". As of locationSeqNum=%" PRIu64 ".",
        moved.host, moved.port, moved.start_code, moved.sequence);
    return true;
}

/* It is not here, or not any more. */
static const char *say_absent(struct hbase_service *service, struct span tablet_id,
    struct span shown_name, struct buffer *out_text)
{
    if (put_moved(service, tablet_id, out_text))
        return EXCEPTION_REGION_MOVED_CLASS;
    if (atomic_load_explicit(&service->is_stopping, memory_order_relaxed)) {
        buffer_put_format(out_text, "Server %s stopping", service->name_text);
        return EXCEPTION_SERVER_STOPPED;
    }
    buffer_put_escaped(out_text, shown_name);
    buffer_put_format(out_text, " is not online on %s", service->name_text);
    return EXCEPTION_NOT_SERVING_REGION;
}

const char *region_find(struct hbase_service *service, struct region_specifier specifier,
    struct served_tablet **out_tablet, struct buffer *out_text)
{
    char storage[ENCODED_NAME_SIZE + 1];
    switch (tablet_service_find(service->tablets, specifier, out_tablet)) {
    case TABLET_FOUND:
        return NULL;
    case TABLET_OPENING:
        buffer_put_escaped(out_text, specifier.value);
        buffer_put_format(out_text, " is opening on %s", service->name_text);
        return EXCEPTION_REGION_OPENING;
    case TABLET_CLOSING:
    case TABLET_ABSENT:
        break;
    }
    return say_absent(service, encoded_name(specifier, storage), specifier.value, out_text);
}

static enum call_outcome fail(struct call *call, const char *class, struct buffer *text)
{
    call_fail(call, class, "%.*s", (int)text->size, text->data ? (const char *)text->data : "");
    buffer_deinit(text);
    return CALL_DONE;
}

struct served_tablet *call_find_region(struct call *call, struct region_specifier specifier)
{
    struct served_tablet *tablet = NULL;
    struct buffer text = {0};
    const char *class = region_find(call->service, specifier, &tablet, &text);
    if (class)
        fail(call, class, &text);
    return tablet;
}

bool region_is_on_its_way(struct hbase_service *service, struct region_specifier specifier)
{
    struct served_tablet *tablet = NULL;
    enum tablet_lookup found = tablet_service_find(service->tablets, specifier, &tablet);
    served_tablet_unref(tablet);
    return found == TABLET_OPENING || found == TABLET_CLOSING;
}

bool call_may_hold(struct call *call, struct region_specifier specifier)
{
    char storage[ENCODED_NAME_SIZE + 1];
    struct span tablet_id = encoded_name(specifier, storage);
    if (call->holds >= CALL_HOLDS || tablet_id.size > ENCODED_NAME_SIZE ||
        atomic_load_explicit(&call->service->is_stopping, memory_order_relaxed))
        return false;
    memcpy(call->held_id, tablet_id.data, tablet_id.size);
    call->held_id[tablet_id.size] = '\0';
    return true;
}

bool region_is_meta(struct region_specifier specifier)
{
    char storage[ENCODED_NAME_SIZE + 1];
    return span_equal(encoded_name(specifier, storage), SPAN_LITERAL(META_ENCODED_NAME));
}

struct served_tablet *call_await_region(
    struct call *call, struct region_specifier specifier, enum call_outcome *out_outcome)
{
    struct served_tablet *tablet = NULL;
    *out_outcome = CALL_DONE;
    if (call->service->capacity.call_ns && !region_is_meta(specifier) &&
        call_is_queued(call, out_outcome))
        return NULL;
    enum tablet_lookup found = tablet_service_find(call->service->tablets, specifier, &tablet);
    bool is_on_its_way = found == TABLET_OPENING || found == TABLET_CLOSING;
    if (is_on_its_way && call_may_hold(call, specifier))
        *out_outcome = CALL_TO_HOLD;
    else if (found != TABLET_FOUND)
        tablet = call_find_region(call, specifier);
    return tablet;
}

const char *region_closed(
    struct hbase_service *service, struct region_specifier specifier, struct buffer *out_text)
{
    char storage[ENCODED_NAME_SIZE + 1];
    return say_absent(service, encoded_name(specifier, storage), specifier.value, out_text);
}

enum call_outcome call_fail_region(struct call *call, struct region_specifier specifier,
    enum status status, const struct error *error)
{
    struct buffer text = {0};
    if (status != STATUS_CLOSED)
        return call_fail_status(call, status, error);
    const char *class = region_closed(call->service, specifier, &text);
    return fail(call, class, &text);
}
