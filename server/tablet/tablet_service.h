/* The tablets that this server serves, by their encoded names.
 *
 *   begin_open -> OPENING -> open -> begin_close(is_moving) -> CLOSING -> end_close -> gone
 *                                 `-> begin_close, take -----------------------------> gone
 *   expect -> OPENING (begin_open goes on with it, or it is forgotten after EXPECT_MS)
 *
 * A tablet that closes is found by no new request. Requests hold a reference while they work. While a tablet opens,
 * and while it closes to be moved, requests for it can wait for that to end (tablet_service_wait): at most HOLD_MS,
 * which is longer than a move takes. So a client whose rows move is answered late rather than sent away.
 *
 * Threads: any; the table is guarded by a mutex held for a look-up only. */
#ifndef STELE_SERVER_TABLET_TABLET_SERVICE_H
#define STELE_SERVER_TABLET_TABLET_SERVICE_H

#include <stdatomic.h>

#include "proto/region.h"
#include "server/heat/closed_heat.h"
#include "server/tablet/table_traffic.h"
#include "server/tablet/tablet_load.h"
#include "storage/storage.h"

struct tablet_service;

#define HOLD_MS   1000 /* most that a request waits for a tablet on its way */
#define EXPECT_MS 5000 /* most that a tablet is expected */

/* A request that waits. */
struct tablet_waiter {
    struct task task;                             /* the timer; then the turn of resume */
    void (*resume)(struct tablet_waiter *waiter); /* on a worker, once: look the tablet up again */
    struct tablet_service *service;               /* the service's, as all below */
    struct served_tablet *tablet;                 /* in whose list it is; NULL: in none */
    struct tablet_waiter *next;
};

/* Immutable once it is open, but for its references and what the service guards. */
struct served_tablet {
    _Atomic unsigned references;
    struct tablet *tablet;   /* NULL while opening */
    char id[TABLET_ID_SIZE]; /* the encoded name */
    char table_id[TABLE_ID_SIZE];
    struct span table_name;  /* "ns:name" */
    struct span region_name; /* the whole name */
    struct region_info info; /* spans live as long as this */
    bool is_meta;
    struct tablet_load *load;   /* owned; its own threads' rules */
    struct tablet_heat heat;    /* the same */
    struct closed_heat *closed; /* referenced: takes the heat in the end */
    uint64_t heat_picked_bytes; /* the heat collector's: the data as it made buckets; 0 = never */
    int64_t heat_first_pick_s;  /* the same: when it first made some */
    enum split_obstacle
        split_obstacle;            /* the reporter's: why it was not split when it last looked */
    struct traffic_member traffic; /* the same */
    struct arena arena;            /* of the spans */
    struct served_tablet *next;    /* the table's chain; guarded by its mutex, as all below */
    bool is_closing;
    uint64_t expected_until_ns; /* opening has not begun yet; 0 = it has */
    struct tablet_waiter *waiters;
};

enum status tablet_service_new(struct store *store, struct tablet_service **out_service);
/* All tablets must have been taken out. NULL is fine. */
void tablet_service_free(struct tablet_service *service);

/* Says that a tablet is being opened. STATUS_EXISTS when it is here already, open or opening. */
enum status tablet_service_begin_open(struct tablet_service *service,
    const struct table_schema *schema, const struct tablet_info *info);
/* Says that it will be opened soon: it is OPENING until then. STATUS_OK also when it is here already. */
enum status tablet_service_expect(struct tablet_service *service, const struct table_schema *schema,
    const struct tablet_info *info);
/* Worker. Opens it in the engine; on failure it is as if never begun. Then those who wait for it go on. */
enum status tablet_service_open(struct tablet_service *service, const char *tablet_id,
    const char *table_id, const struct table_schema *schema, struct error *error);
/* Takes it out: later requests do not find it. The caller owns the reference; NULL when absent or opening. */
struct served_tablet *tablet_service_take(struct tablet_service *service, const char *tablet_id);

/* The same, but while it is_moving those who look for it find it CLOSING, until end_close. */
struct served_tablet *tablet_service_begin_close(
    struct tablet_service *service, const char *tablet_id, bool is_moving);
void tablet_service_end_close(struct tablet_service *service, const char *tablet_id);

enum tablet_lookup { TABLET_FOUND, TABLET_OPENING, TABLET_CLOSING, TABLET_ABSENT };

/* True: the tablet is OPENING or CLOSING, and waiter->resume runs when that has ended, or after HOLD_MS, or at due_ns
 * when that comes before. False: look it up again now. */
bool tablet_service_wait(struct tablet_service *service, struct span tablet_id, uint64_t due_ns,
    struct tablet_waiter *waiter);

/* By whole or encoded name. TABLET_FOUND: *out_tablet is referenced. */
enum tablet_lookup tablet_service_find(struct tablet_service *service,
    struct region_specifier specifier, struct served_tablet **out_tablet);
/* The one tablet of hbase:meta; NULL when it is not open. Referenced. */
struct served_tablet *tablet_service_find_meta(struct tablet_service *service);
/* Calls each() for every open tablet, in no order, without the mutex held; false stops. */
void tablet_service_each(struct tablet_service *service,
    bool (*each)(void *context, struct served_tablet *tablet), void *context);
size_t tablet_service_count(struct tablet_service *service);
/* What each table has had done here since the start. */
struct table_traffic *tablet_service_traffic(struct tablet_service *service);
/* What tablets that are here no more took in their last minutes. */
struct closed_heat *tablet_service_closed_heat(struct tablet_service *service);
/* Borrowed from the tablet. */
struct heat_tablet_names served_tablet_heat_names(const struct served_tablet *tablet);
size_t tablet_service_opening_count(struct tablet_service *service);
/* What all open tablets carry together, as tablet_load_measure says it, and their memtables. */
void tablet_service_measure(
    struct tablet_service *service, uint64_t now_ns, float out_load[VIEW_RESOURCES]);

/* What an open tablet carries, memtables included: what the policies of the master look at. */
void served_tablet_measure(
    struct served_tablet *tablet, uint64_t now_ns, float out_load[VIEW_RESOURCES]);
void served_tablet_ref(struct served_tablet *tablet);
void served_tablet_unref(struct served_tablet *tablet); /* NULL is fine */

#endif
