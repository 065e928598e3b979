/* The sweep: looks at all tablets of a store from time to time while something in any of them waits
 * for time to pass: a row lock's deadline, a failed flush. One timer a store, so that nothing that
 * waits needs one of its own. */
#include "base/memory.h"
#include "storage/tablet.h"

enum { SWEEP_NS = 250 * 1000 * 1000 };

bool tablet_list_all(struct store *store, struct tablet ***out_list, size_t *out_count)
{
    mutex_lock(&store->mutex);
    size_t count = 0;
    struct tablet **list = memory_allocate((store->tablet_count + 1) * sizeof(struct tablet *));
    for (struct store_tablet *link = store->tablets.next; list && link != &store->tablets;
         link = link->next) {
        if (tablet_try_ref(link->tablet))
            list[count++] = link->tablet;
    }
    mutex_unlock(&store->mutex);
    *out_list = list;
    *out_count = count;
    return list != NULL;
}

static void sweep_run(struct task *task)
{
    struct store *store = (struct store *)(void *)((char *)task - offsetof(struct store, sweep));
    uint64_t now_ns = env_monotonic_ns(store->env);
    atomic_store(&store->is_sweep_due, false);
    struct tablet **tablets;
    size_t count;
    bool is_any_left = !tablet_list_all(store, &tablets, &count); /* no memory: next time */
    for (size_t i = 0; i < count; i++) {
        bool has_waits = tablet_expire_waits(tablets[i], now_ns);
        bool has_flush = tablet_retry_flush(tablets[i], now_ns);
        bool has_compaction = tablet_retry_compaction(tablets[i], now_ns);
        is_any_left = is_any_left || has_waits || has_flush || has_compaction;
        tablet_unref(tablets[i]);
    }
    memory_free(tablets);
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
