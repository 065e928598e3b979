/* A tablet server's part in measured heat: the clock of its tablets' rings, their buckets, and its reports.
 *
 *   each second -> heat_collector_second -> every tablet's second; at the end of a minute its minute, and new buckets
 *                                           where the data have grown or shrunk by a quarter
 *   each 5 s    -> heat_collector_report -> what the master is told (heat_report.h)
 *
 * Buckets of a tablet that has none are made as soon as there are data to cut, and in its next seconds again where these grow:
 * else all that a fill brings after them would lie in the last one until the minute ends. Looking at the data reads indexes, so at
 * most HEAT_PICKS tablets get new ones a second, and a minute.
 *
 * Threads: one caller at a time, a worker (it reads indexes). */
#ifndef STELE_SERVER_HEAT_HEAT_COLLECTOR_H
#define STELE_SERVER_HEAT_HEAT_COLLECTOR_H

#include "server/heat/heat_report.h"
#include "server/tablet/tablet_service.h"

#define HEAT_PICKS   64
#define HEAT_YOUNG_S 5 /* a tablet's first buckets may be made anew for so long */

struct heat_collector {
    struct tablet_service *tablets; /* borrowed */
    int64_t first;                  /* the first second; 0 = none yet, as below */
    int64_t second, minute;         /* of the last heat_collector_second */
};

/* `now_s`: the wall clock. True when a minute has ended. */
bool heat_collector_second(struct heat_collector *collector, int64_t now_s);

/* The minutes that have ended, from `minutes_from` on as far as they are kept, and the one that runs. All of it in the
 * arena but the server's name, which is borrowed. */
enum status heat_collector_report(const struct heat_collector *collector,
    const struct server_name *server, int64_t minutes_from, int64_t now_s, struct arena *arena,
    struct heat_report *out_report);

#endif
