/* Age: what a tablet does after a while though nobody writes, reads or asks.
 *
 *   flush       memtables whose oldest cell is older than an hour go into files, so that a quiet
 *               tablet holds no log back and is open again at once after a crash. HBase's
 *               hbase.regionserver.optionalcacheflushinterval, with up to five minutes more, drawn
 *               for each memtable, so that tablets filled together are not flushed together.
 *   compaction  the policy is asked anew: files whose cells have all expired go, and old ones are
 *               due for a major compaction (compaction_policy.h: EXPIRED, PERIOD).
 *
 * Both intervals can be set for a table (tablet_setting.h). One timer a store looks at all tablets. */
#include "base/dice.h"
#include "base/memory.h"
#include "storage/tablet.h"
#include "storage/tablet_setting.h"

#define LOOK_MS            10000 /* HBase: hbase.server.thread.wakefrequency */
#define LOOKS_A_COMPACTION 60    /* every so many looks at memtables, one at files */
#define FLUSH_MS           ((int64_t)3600 * 1000)
#define FLUSH_DELAY_MS     300000u
#define NS_PER_MS          1000000u

/* Mutex held. Whether a memtable of the tablet is so old that it is flushed now. */
static bool is_flush_due_locked(const struct tablet *tablet, uint64_t now_ns)
{
    const struct version *version = tablet->version;
    int64_t interval_ms = tablet_setting_integer(version->schema, NULL,
        SPAN_LITERAL("hbase.regionserver.optionalcacheflushinterval"), FLUSH_MS);
    if (interval_ms <= 0 || interval_ms > INT64_MAX / NS_PER_MS / 2)
        return false;
    for (size_t i = 0; i < version->family_count; i++) {
        const struct version_family *family = &version->families[i];
        struct dice dice = {family->active_since_ns};
        uint64_t delay_ms = dice_below(&dice, FLUSH_DELAY_MS);
        if (family->active &&
            now_ns - family->active_since_ns >= ((uint64_t)interval_ms + delay_ms) * NS_PER_MS)
            return true;
    }
    return false;
}

static void look(struct tablet *tablet, uint64_t now_ns, bool is_compaction_considered)
{
    mutex_lock(&tablet->mutex);
    bool is_flush_due = !tablet->closing && is_flush_due_locked(tablet, now_ns);
    mutex_unlock(&tablet->mutex);
    if (is_flush_due)
        tablet_ask_own_flush(tablet);
    if (is_compaction_considered)
        tablet_consider_compaction(tablet);
}

static void schedule(struct store *store)
{
    executor_submit_at(store->upkeep, &store->age_timer,
        env_monotonic_ns(store->env) + (uint64_t)LOOK_MS * NS_PER_MS);
}

static void age_run(struct task *task)
{
    struct store *store = (struct store *)(void *)((char *)task -
                                                   offsetof(struct store, age_timer));
    if (atomic_load(&store->is_closing) || store_is_dead(store))
        return;
    uint64_t now_ns = env_monotonic_ns(store->env);
    bool is_compaction_considered = ++store->age_looks % LOOKS_A_COMPACTION == 0;
    struct tablet **tablets;
    size_t count;
    (void)tablet_list_all(store, &tablets, &count); /* no memory: next time */
    for (size_t i = 0; i < count; i++) {
        look(tablets[i], now_ns, is_compaction_considered);
        tablet_unref(tablets[i]);
    }
    memory_free(tablets);
    schedule(store);
}

void tablet_age_start(struct store *store)
{
    store->age_timer.run = age_run;
    schedule(store);
}

void tablet_age_stop(struct store *store)
{
    /* One that has begun sees is_closing. */
    (void)executor_cancel(store->upkeep, &store->age_timer);
}
