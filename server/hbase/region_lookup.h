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
/* As call_find_region for a call that changed nothing yet: when the tablet is on its way, *out_outcome is CALL_TO_HOLD
 * instead, for the handler to return; CALL_TO_QUEUE when a modelled capacity is used up. Else, on NULL, CALL_DONE. */
struct served_tablet *call_await_region(
    struct call *call, struct region_specifier specifier, enum call_outcome *out_outcome);
bool region_is_meta(struct region_specifier specifier);
/* It is opening, or closing to be moved. */
bool region_is_on_its_way(struct hbase_service *service, struct region_specifier specifier);
/* True, and the call may be held, when a tablet is on its way (or was when the engine said so): return CALL_TO_HOLD, or
 * call_hold it. */
bool call_may_hold(struct call *call, struct region_specifier specifier);

/* Why a tablet that was found answered STATUS_CLOSED: as region_find would say it now, but never NULL. */
const char *region_closed(
    struct hbase_service *service, struct region_specifier specifier, struct buffer *out_text);
/* call_fail_status for what a region's tablet answered: one that closed meanwhile says where it went. */
enum call_outcome call_fail_region(struct call *call, struct region_specifier specifier,
    enum status status, const struct error *error);

#endif
