/* The tablets that this server serves, by their encoded names.
 *
 * A tablet is `opening` from the moment that somebody asks for it until the engine has it, then `open`; a
 * tablet that closes leaves the table first, so that no new request finds it, and is closed after. Requests
 * hold a reference while they work.
 *
 * Threads: any; the table is guarded by a mutex held for a look-up only. */
#ifndef STELE_SERVER_TABLET_TABLET_SERVICE_H
#define STELE_SERVER_TABLET_TABLET_SERVICE_H

#include <stdatomic.h>

#include "proto/region.h"
#include "server/tablet/tablet_load.h"
#include "storage/storage.h"

struct tablet_service;

/* Immutable once it is open, but for its references. */
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
    struct arena arena;         /* of the spans */
    struct served_tablet *next; /* the table's chain; guarded by its mutex */
};

enum status tablet_service_new(struct store *store, struct tablet_service **out_service);
/* All tablets must have been taken out. NULL is fine. */
void tablet_service_free(struct tablet_service *service);

/* Says that a tablet is being opened. STATUS_EXISTS when it is here already, open or opening. */
enum status tablet_service_begin_open(struct tablet_service *service,
    const struct table_schema *schema, const struct tablet_info *info);
/* Worker. Opens it in the engine; on failure it is as if never begun. */
enum status tablet_service_open(struct tablet_service *service, const char *tablet_id,
    const char *table_id, const struct table_schema *schema, struct error *error);
/* Takes it out: later requests do not find it. The caller owns the reference; NULL when absent or opening. */
struct served_tablet *tablet_service_take(struct tablet_service *service, const char *tablet_id);

enum tablet_lookup { TABLET_FOUND, TABLET_OPENING, TABLET_ABSENT };

/* By whole or encoded name. TABLET_FOUND: *out_tablet is referenced. */
enum tablet_lookup tablet_service_find(struct tablet_service *service,
    struct region_specifier specifier, struct served_tablet **out_tablet);
/* The one tablet of hbase:meta; NULL when it is not open. Referenced. */
struct served_tablet *tablet_service_find_meta(struct tablet_service *service);
/* Calls each() for every open tablet, in no order, without the mutex held; false stops. */
void tablet_service_each(struct tablet_service *service,
    bool (*each)(void *context, struct served_tablet *tablet), void *context);
size_t tablet_service_count(struct tablet_service *service);
/* What all open tablets carry together, as tablet_load_measure says it, and their memtables. */
void tablet_service_measure(
    struct tablet_service *service, uint64_t now_ns, float out_load[VIEW_RESOURCES]);

/* What an open tablet carries, memtables included: what the policies of the master look at. */
void served_tablet_measure(
    struct served_tablet *tablet, uint64_t now_ns, float out_load[VIEW_RESOURCES]);
void served_tablet_ref(struct served_tablet *tablet);
void served_tablet_unref(struct served_tablet *tablet); /* NULL is fine */

#endif
