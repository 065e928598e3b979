#include "server/tablet/command_lanes.h"

#include <xxhash.h>

#include "base/memory.h"

struct command_lane {
    struct command_lane *next;
    struct tablet_command *first, *last; /* never empty */
};

void command_lanes_init(struct command_lanes *lanes)
{
    mutex_init(&lanes->mutex, LOCK_RANK_SERVICE);
}

void command_lanes_deinit(struct command_lanes *lanes)
{
    mutex_deinit(&lanes->mutex);
}

/* The link that holds, or would hold, the lane of the tablet. */
static struct command_lane **find_locked(struct command_lanes *lanes, const char *tablet_id)
{
    mutex_assert_held(&lanes->mutex);
    size_t bucket = XXH3_64bits(tablet_id, strlen(tablet_id)) % LANE_BUCKETS;
    struct command_lane **link = &lanes->buckets[bucket];
    while (*link && strcmp((*link)->first->tablet.id, tablet_id) != 0)
        link = &(*link)->next;
    return link;
}

enum lane_entry command_lanes_enter(struct command_lanes *lanes, struct tablet_command *command)
{
    enum lane_entry entry = LANE_WAITS;
    command->next = NULL;
    mutex_lock(&lanes->mutex);
    struct command_lane **link = find_locked(lanes, command->tablet.id);
    struct command_lane *lane = *link;
    if (lane) {
        lane->last->next = command;
        lane->last = command;
    } else if ((lane = memory_allocate_zeroed(1, sizeof *lane))) {
        lane->first = lane->last = command;
        *link = lane;
        entry = LANE_FIRST;
    } else {
        entry = LANE_NO_MEMORY;
    }
    mutex_unlock(&lanes->mutex);
    return entry;
}

struct tablet_command *command_lanes_leave(
    struct command_lanes *lanes, struct tablet_command *command)
{
    mutex_lock(&lanes->mutex);
    struct command_lane **link = find_locked(lanes, command->tablet.id);
    struct command_lane *lane = *link;
    CHECK(lane && lane->first == command);
    struct tablet_command *next = command->next;
    if (next) {
        lane->first = next;
    } else {
        *link = lane->next;
        memory_free(lane);
    }
    mutex_unlock(&lanes->mutex);
    return next;
}

void command_lanes_each(struct command_lanes *lanes,
    void (*each)(void *context, const struct tablet_command *command), void *context)
{
    mutex_lock(&lanes->mutex);
    for (size_t i = 0; i < LANE_BUCKETS; i++)
        for (const struct command_lane *lane = lanes->buckets[i]; lane; lane = lane->next)
            each(context, lane->first);
    mutex_unlock(&lanes->mutex);
}
