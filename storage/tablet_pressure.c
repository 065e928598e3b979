/* Who flushes when something runs short: the log's segments, or the memory of memtables. */
#include "base/memory.h"
#include "storage/tablet.h"

/* A tablet that was asked under a lock, and is to begin without. */
struct pressed {
    struct task task;
    struct tablet *tablet; /* referenced */
};

static void pressed_run(struct task *task)
{
    struct pressed *pressed = (struct pressed *)(void *)task;
    if (!store_is_dead(pressed->tablet->store))
        tablet_ask_own_flush(pressed->tablet);
    tablet_unref(pressed->tablet);
    memory_free(pressed);
}

void tablet_log_pressure(void *context, struct log_tablet *log_tablet)
{
    struct store *store = context;
    struct tablet *tablet = (struct tablet *)(void *)((char *)log_tablet -
                                                      offsetof(struct tablet, log));
    struct pressed *pressed = memory_allocate_zeroed(1, sizeof(*pressed));
    if (!pressed || !tablet_try_ref(tablet)) {
        memory_free(pressed);
        return;
    }
    pressed->task.run = pressed_run;
    pressed->tablet = tablet;
    executor_submit(store->flushers, &pressed->task);
}

/* Bytes that a flush of the tablet would free. */
static uint64_t flushable_bytes(struct tablet *tablet)
{
    uint64_t bytes = 0;
    mutex_lock(&tablet->mutex);
    for (size_t i = 0; i < tablet->version->family_count; i++) {
        const struct memtable *active = tablet->version->families[i].active;
        bytes += active ? memtable_reserved_bytes(active) : 0;
    }
    mutex_unlock(&tablet->mutex);
    return bytes;
}

void tablet_flush_largest(struct store *store)
{
    if (!memtable_memory_ask_flush(store->memtable_memory))
        return;
    struct tablet *largest = NULL;
    uint64_t largest_bytes = 0;
    mutex_lock(&store->mutex);
    for (struct store_tablet *link = store->tablets.next; link != &store->tablets;
         link = link->next) {
        uint64_t bytes = flushable_bytes(link->tablet);
        if (bytes > largest_bytes) {
            largest = link->tablet;
            largest_bytes = bytes;
        }
    }
    if (largest && !tablet_try_ref(largest))
        largest = NULL;
    mutex_unlock(&store->mutex);
    if (!largest) {
        memtable_memory_flush_ended(store->memtable_memory);
        return;
    }
    tablet_ask_own_flush(largest);
    tablet_unref(largest);
}
