/* Lanes: the commands of one tablet run one after another, in the order in which they came.
 *
 * A lane exists while a tablet has commands. Whoever enters an empty lane runs its command; whoever leaves is given the
 * next one to run.
 *
 * Threads: any; one mutex (LOCK_RANK_SERVICE), held for look-ups only. */
#ifndef STELE_SERVER_TABLET_COMMAND_LANES_H
#define STELE_SERVER_TABLET_COMMAND_LANES_H

#include "base/mutex.h"
#include "server/tablet/tablet_command.h"

#define LANE_BUCKETS 512

struct command_lane;

struct command_lanes {
    struct mutex mutex;
    struct command_lane *buckets[LANE_BUCKETS]; /* guarded by mutex, as all in them */
};

void command_lanes_init(struct command_lanes *lanes);
void command_lanes_deinit(struct command_lanes *lanes); /* empty */

enum lane_entry { LANE_FIRST, LANE_WAITS, LANE_NO_MEMORY };

/* LANE_FIRST: run it now. LANE_WAITS: command_lanes_leave will give it to somebody. */
enum lane_entry command_lanes_enter(struct command_lanes *lanes, struct tablet_command *command);
/* The command at the front of its lane has ended. Returns the next to run, or NULL. */
struct tablet_command *command_lanes_leave(
    struct command_lanes *lanes, struct tablet_command *command);
/* Calls each() for the front command of every lane, with the mutex held. */
void command_lanes_each(struct command_lanes *lanes,
    void (*each)(void *context, const struct tablet_command *command), void *context);

#endif
