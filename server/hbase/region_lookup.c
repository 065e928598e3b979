#include "server/hbase/region_lookup.h"

#include <inttypes.h>

#include "server/tablet/tablet_host.h"

/* In the words that clients read the new place from (HBase RegionMovedException). */
static bool put_moved(
    struct hbase_service *service, struct region_specifier specifier, struct buffer *out_text)
{
    char storage[ENCODED_NAME_SIZE + 1];
    struct moved_tablet moved;
    struct span id = specifier.is_encoded ? specifier.value
                                          : region_encoded_name(specifier.value, storage);
    if (!service->host || !tablet_host_find_moved(service->host, id, &moved))
        return false;
    buffer_put_format(out_text,
        "Region moved to: hostname=%s port=%" PRIu32 " startCode=%" PRIu64
        ". As of locationSeqNum=%" PRIu64 ".",
        moved.host, moved.port, moved.start_code, moved.sequence);
    return true;
}

const char *region_find(struct hbase_service *service, struct region_specifier specifier,
    struct served_tablet **out_tablet, struct buffer *out_text)
{
    enum tablet_lookup found = tablet_service_find(service->tablets, specifier, out_tablet);
    if (found == TABLET_FOUND)
        return NULL;
    if (found == TABLET_ABSENT && put_moved(service, specifier, out_text))
        return EXCEPTION_REGION_MOVED_CLASS;
    buffer_put_escaped(out_text, specifier.value);
    buffer_put_format(out_text, " is %s on %s", found == TABLET_OPENING ? "opening" : "not online",
        service->name_text);
    return found == TABLET_OPENING ? EXCEPTION_REGION_OPENING : EXCEPTION_NOT_SERVING_REGION;
}

struct served_tablet *call_find_region(struct call *call, struct region_specifier specifier)
{
    struct served_tablet *tablet = NULL;
    struct buffer text = {0};
    const char *class = region_find(call->service, specifier, &tablet, &text);
    if (class)
        call_fail(call, class, "%.*s", (int)text.size, (const char *)text.data);
    buffer_deinit(&text);
    return tablet;
}
