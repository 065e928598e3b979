/* The sweep: looks at all tablets of a store from time to time while something in any of them waits
 * for time to pass: a row lock's deadline, a failed flush. One timer a store, so that nothing that
 * waits needs one of its own. */
#include "storage/tablet.h"

enum { SWEEP_NS = 250 * 1000 * 1000 };

/* The tablet at that place of the store's list, referenced; NULL behind its end. A tablet that comes
 * or goes meanwhile may make one be missed or met twice: the next sweep is soon. */
static struct tablet *tablet_at(struct store *store, size_t index)
{
    struct tablet *found = NULL;
    mutex_lock(&store->mutex);
    struct store_tablet *link = store->tablets.next;
    while (link != &store->tablets && index > 0) {
        link = link->next;
        index--;
    }
    if (link != &store->tablets && tablet_try_ref(link->tablet))
        found = link->tablet;
    mutex_unlock(&store->mutex);
    return found;
}

static void sweep_run(struct task *task)
{
    struct store *store = (struct store *)(void *)((char *)task - offsetof(struct store, sweep));
    uint64_t now_ns = env_monotonic_ns(store->env);
    bool is_any_left = false;
    atomic_store(&store->is_sweep_due, false);
    struct tablet *tablet;
    for (size_t i = 0; (tablet = tablet_at(store, i)) != NULL; i++) {
        bool has_waits = tablet_expire_waits(tablet, now_ns);
        bool has_flush = tablet_retry_flush(tablet, now_ns);
        bool has_compaction = tablet_retry_compaction(tablet, now_ns);
        is_any_left = is_any_left || has_waits || has_flush || has_compaction;
        tablet_unref(tablet);
    }
    if (is_any_left && !store_is_dead(store))
        tablet_sweep_arm(store);
}

void tablet_sweep_arm(struct store *store)
{
    if (atomic_exchange(&store->is_sweep_due, true))
        return;
    store->sweep.run = sweep_run;
    executor_submit_at(store->workers, &store->sweep, env_monotonic_ns(store->env) + SWEEP_NS);
}
