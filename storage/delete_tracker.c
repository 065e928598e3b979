/* Delete markers of one family of one row (delete_tracker.h). */
#include "storage/delete_tracker.h"

#include "base/memory.h"

bool tracked_bytes_set(struct tracked_bytes *tracked, struct span bytes)
{
    uint8_t *target = tracked->inline_bytes;
    if (bytes.size > TRACKED_BYTES_INLINE) {
        if (bytes.size > tracked->heap_capacity) {
            uint8_t *grown = memory_reallocate(tracked->heap_bytes, bytes.size);
            if (!grown)
                return false;
            tracked->heap_bytes = grown;
            tracked->heap_capacity = bytes.size;
        }
        target = tracked->heap_bytes;
    }
    if (bytes.size)
        memcpy(target, bytes.data, bytes.size);
    tracked->size = bytes.size;
    return true;
}

struct span tracked_bytes_get(const struct tracked_bytes *tracked)
{
    bool is_inline = tracked->size <= TRACKED_BYTES_INLINE;
    return span_make(is_inline ? tracked->inline_bytes : tracked->heap_bytes, tracked->size);
}

void tracked_bytes_deinit(struct tracked_bytes *tracked)
{
    memory_free(tracked->heap_bytes);
    tracked->heap_bytes = NULL;
    tracked->heap_capacity = 0;
    tracked->size = 0;
}

void delete_tracker_reset(struct delete_tracker *tracker)
{
    tracker->has_family = false;
    tracker->family_version_count = 0;
    tracker->has_column = false;
}

void delete_tracker_deinit(struct delete_tracker *tracker)
{
    memory_free(tracker->family_versions);
    tracker->family_versions = NULL;
    tracker->family_version_count = 0;
    tracker->family_version_capacity = 0;
    tracked_bytes_deinit(&tracker->column);
}

/* They come newest first, so the list stays in order by appending. */
static bool add_family_version(struct delete_tracker *tracker, int64_t timestamp)
{
    if (!memory_grow(&tracker->family_versions, tracker->family_version_count,
            &tracker->family_version_capacity, sizeof *tracker->family_versions))
        return false;
    tracker->family_versions[tracker->family_version_count++] = timestamp;
    return true;
}

static bool has_family_version(const struct delete_tracker *tracker, int64_t timestamp)
{
    size_t low = 0;
    size_t high = tracker->family_version_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (tracker->family_versions[middle] == timestamp)
            return true;
        if (tracker->family_versions[middle] > timestamp)
            low = middle + 1;
        else
            high = middle;
    }
    return false;
}

bool delete_tracker_add(struct delete_tracker *tracker, const struct cell *marker)
{
    if (tracker->has_family && marker->timestamp <= tracker->family_timestamp)
        return true; /* what it masks is masked */
    switch (marker->type) {
    case CELL_DELETE_FAMILY:
        tracker->has_family = true;
        tracker->family_timestamp = marker->timestamp;
        return true;
    case CELL_DELETE_FAMILY_VERSION:
        return add_family_version(tracker, marker->timestamp);
    default:
        break;
    }
    if (tracker->has_column && tracker->column_type == CELL_DELETE_COLUMN &&
        span_equal(tracked_bytes_get(&tracker->column), marker->qualifier))
        return true; /* a column marker above it masks more */
    if (!tracked_bytes_set(&tracker->column, marker->qualifier))
        return false;
    tracker->has_column = true;
    tracker->column_type = marker->type;
    tracker->column_timestamp = marker->timestamp;
    return true;
}

enum delete_verdict delete_tracker_judge(struct delete_tracker *tracker, const struct cell *put)
{
    if (tracker->has_family && put->timestamp <= tracker->family_timestamp)
        return DELETE_REST;
    if (tracker->family_version_count && has_family_version(tracker, put->timestamp))
        return DELETE_VERSION;
    if (!tracker->has_column)
        return DELETE_NOT;
    if (!span_equal(tracked_bytes_get(&tracker->column), put->qualifier)) {
        tracker->has_column = false;
        return DELETE_NOT;
    }
    if (tracker->column_type == CELL_DELETE_COLUMN)
        return DELETE_REST;
    return put->timestamp == tracker->column_timestamp ? DELETE_VERSION : DELETE_NOT;
}
