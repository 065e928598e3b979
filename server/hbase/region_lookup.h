/* The region that a request names, or the exception that says why it is not here. */
#ifndef STELE_SERVER_HBASE_REGION_LOOKUP_H
#define STELE_SERVER_HBASE_REGION_LOOKUP_H

#include "server/hbase/call.h"

/* Why a region cannot be served: the class, and the text in *out_text (appended). For places that answer per
 * region rather than per call. NULL and *out_tablet (referenced) when it can. */
const char *region_find(struct hbase_service *service, struct region_specifier specifier,
    struct served_tablet **out_tablet, struct buffer *out_text);
/* The same for a whole call: the tablet, referenced, or NULL after a call_fail. */
struct served_tablet *call_find_region(struct call *call, struct region_specifier specifier);

#endif
