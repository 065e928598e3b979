#include "server/tablet/moved_tablets.h"

#include <xxhash.h>

void moved_tablets_init(struct moved_tablets *moved)
{
    mutex_init(&moved->mutex, LOCK_RANK_SERVICE);
}

void moved_tablets_deinit(struct moved_tablets *moved)
{
    mutex_deinit(&moved->mutex);
}

static struct moved_tablet *place_of(struct moved_tablets *moved, struct span tablet_id)
{
    return &moved->places[XXH3_64bits(tablet_id.data, tablet_id.size) % MOVED_TABLETS];
}

void moved_tablets_put(struct moved_tablets *moved, const char *tablet_id,
    const struct server_name *destination, uint64_t sequence, uint64_t now_ns)
{
    struct moved_tablet next = {.port = destination->port,
        .start_code = destination->start_code,
        .sequence = sequence,
        .moved_ns = now_ns};
    if (destination->host.size >= sizeof next.host)
        return;
    memcpy(next.id, tablet_id, strnlen(tablet_id, TABLET_ID_SIZE - 1));
    memcpy(next.host, destination->host.data, destination->host.size);
    mutex_lock(&moved->mutex);
    *place_of(moved, span_string(next.id)) = next;
    mutex_unlock(&moved->mutex);
}

void moved_tablets_forget(struct moved_tablets *moved, const char *tablet_id)
{
    mutex_lock(&moved->mutex);
    struct moved_tablet *place = place_of(moved, span_string(tablet_id));
    if (strcmp(place->id, tablet_id) == 0)
        memset(place, 0, sizeof *place);
    mutex_unlock(&moved->mutex);
}

bool moved_tablets_find(struct moved_tablets *moved, struct span tablet_id, uint64_t now_ns,
    struct moved_tablet *out_moved)
{
    mutex_lock(&moved->mutex);
    const struct moved_tablet *place = place_of(moved, tablet_id);
    bool is_known = place->id[0] && span_equal(span_string(place->id), tablet_id) &&
                    now_ns - place->moved_ns < MOVED_KEPT_SECONDS * 1000000000ull;
    if (is_known)
        *out_moved = *place;
    mutex_unlock(&moved->mutex);
    return is_known;
}
