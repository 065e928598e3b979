#include "server/hbase/region_lookup.h"

const char *region_find(struct hbase_service *service, struct region_specifier specifier,
    struct served_tablet **out_tablet, struct buffer *out_text)
{
    enum tablet_lookup found = tablet_service_find(service->tablets, specifier, out_tablet);
    if (found == TABLET_FOUND)
        return NULL;
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
