/* Opening one tablet: on a worker, with the table's schema of that moment, then its row in hbase:meta. */
#ifndef STELE_SERVER_MASTER_TABLET_OPENING_H
#define STELE_SERVER_MASTER_TABLET_OPENING_H

#include "server/master/master_internal.h"

/* Any thread. `done` runs once, on an executor of the store: the tablet is served and meta says so, or why not.
 * A tablet that is served, or being opened, already is STATUS_OK. info's spans must live until then.
 * STATUS_NO_MEMORY at once: done does not run. */
enum tablet_opening_mode {
    TABLET_OPENING_BEGIN,  /* tell meta again even if it is served already */
    TABLET_OPENING_ENSURE, /* leave alone one that is served already */
    TABLET_OPENING_BEGUN,  /* the caller has called tablet_service_begin_open */
};
enum status tablet_opening_start(struct master *master, const struct tablet_info *info,
    enum tablet_opening_mode mode,
    void (*done)(void *context, enum status status, const struct error *error), void *context);

#endif
