/* Visibility in the order of writing (version_history.h). */
#include "storage/version_history.h"

#include "base/memory.h"

void version_history_reset(struct version_history *history)
{
    history->family_count = 0;
    history->event_count = 0;
    history->life_count = 0;
    history->has_column = false;
    history->has_last = false;
}

void version_history_deinit(struct version_history *history)
{
    memory_free(history->family);
    memory_free(history->events);
    memory_free(history->lives);
    tracked_bytes_deinit(&history->column);
    *history = (struct version_history){0};
}

/* Inserts by sequence, before events of the same sequence. */
static bool insert_event(struct version_event **events, size_t *count, size_t *capacity,
    const struct version_event *event)
{
    if (!memory_grow(events, *count, capacity, sizeof(**events)))
        return false;
    size_t at = *count;
    while (at > 0 && (*events)[at - 1].sequence >= event->sequence)
        at--;
    memmove(&(*events)[at + 1], &(*events)[at], (*count - at) * sizeof(**events));
    (*events)[at] = *event;
    *count += 1;
    return true;
}

/* Makes `qualifier` the column: its events are the family's markers and the end of time. */
static bool enter_column(struct version_history *history, struct span qualifier)
{
    if (history->has_column && span_equal(tracked_bytes_get(&history->column), qualifier))
        return true;
    if (!tracked_bytes_set(&history->column, qualifier))
        return false;
    history->has_column = true;
    history->has_last = false;
    history->life_count = 0;
    history->event_count = 0;
    while (history->event_capacity < history->family_count + 1) {
        if (!memory_grow(&history->events, history->event_capacity, &history->event_capacity,
                sizeof(*history->events)))
            return false;
    }
    if (history->family_count)
        memcpy(history->events, history->family, history->family_count * sizeof(*history->events));
    history->event_count = history->family_count;
    history->events[history->event_count++] = (struct version_event){
        .sequence = UINT64_MAX, .type = CELL_MINIMUM};
    return true;
}

bool version_history_add(struct version_history *history, const struct cell *marker)
{
    struct version_event event = {
        .sequence = marker->sequence, .timestamp = marker->timestamp, .type = marker->type};
    if (!enter_column(history, marker->qualifier))
        return false;
    if ((marker->type == CELL_DELETE_FAMILY || marker->type == CELL_DELETE_FAMILY_VERSION) &&
        !insert_event(&history->family, &history->family_count, &history->family_capacity, &event))
        return false;
    for (size_t i = 0; i < history->life_count; i++) {
        const struct version_life *life = &history->lives[i];
        event.alive += life->sequence < event.sequence && life->death >= event.sequence;
    }
    return insert_event(&history->events, &history->event_count, &history->event_capacity, &event);
}

static bool covers(const struct version_event *event, const struct cell *put)
{
    switch (event->type) {
    case CELL_DELETE_FAMILY:
    case CELL_DELETE_COLUMN:
        return put->timestamp <= event->timestamp;
    case CELL_DELETE_FAMILY_VERSION:
    case CELL_DELETE:
        return put->timestamp == event->timestamp;
    default:
        return false;
    }
}

/* Lives the put through the events after it; *life ends with its death. True when it sees the end
 * of time. */
static bool live(struct version_history *history, const struct cell *put, uint64_t replaced_at,
    uint32_t max_versions, struct version_life *life)
{
    for (size_t i = 0; i < history->event_count; i++) {
        struct version_event *event = &history->events[i];
        if (event->sequence < put->sequence)
            continue;
        if (event->sequence > replaced_at || event->alive >= max_versions)
            return false;
        event->alive++;
        life->death = event->sequence;
        if (covers(event, put))
            return false;
    }
    return true;
}

bool version_history_judge(struct version_history *history, const struct cell *put,
    uint32_t max_versions, bool *out_is_visible)
{
    if (!enter_column(history, put->qualifier))
        return false;
    /* A newer put of the same timestamp takes this one's place when it is written. */
    bool is_duplicate = history->has_last && history->last_timestamp == put->timestamp;
    uint64_t replaced_at = is_duplicate ? history->last_sequence : UINT64_MAX;
    if (!memory_grow(
            &history->lives, history->life_count, &history->life_capacity, sizeof(*history->lives)))
        return false;
    struct version_life life = {.sequence = put->sequence};
    *out_is_visible = live(history, put, replaced_at, max_versions, &life);
    history->lives[history->life_count++] = life;
    history->has_last = true;
    history->last_timestamp = put->timestamp;
    history->last_sequence = put->sequence;
    return true;
}
