/* What happened to tablets: marks on pictures of heat, and the list of events. */
#ifndef STELE_SERVER_HEAT_HEAT_EVENT_H
#define STELE_SERVER_HEAT_HEAT_EVENT_H

#include "base/bytes.h"

enum heat_event_kind {
    HEAT_SPLIT, /* at `key` */
    HEAT_MERGE, /* the merged tablet begins at `key` */
    HEAT_MOVE,  /* the tablet that begins at `key`, between two servers */
    HEAT_EVENT_KINDS
};

struct heat_event {
    uint64_t number; /* rises; the board's */
    int64_t time_ms; /* since 1970 */
    enum heat_event_kind kind;
    struct span table; /* its name, "ns:name" or "name" as users say it */
    struct span
        tablet_id; /* the encoded name: of a split the parent's, of a merge the merged one's */
    struct span key;
    struct span from, to; /* servers as "host,port,startcode"; empty where not known */
    struct span reason;   /* in words: "asked for", "load: 3,100 requests/s", "size", ... */
};

/* "split", "merge", "move". */
const char *heat_event_kind_name(enum heat_event_kind kind);

#endif
