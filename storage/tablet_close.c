/* Close: preparing it while the tablet serves, and then a state machine that is looked at whenever something it waits for has ended.
 *
 *   no new calls -> writes under way end, the compaction is cancelled -> a last flush (not when the
 *   tablet is dropped) -> a worker commits the manifest as closed or dropped -> done
 *
 * Preparing flushes what is in memory, again while much has been written meanwhile, so that the last
 * flush, during which nobody writes, is short; and it sends the compaction away, which would have to
 * be waited for.
 *
 * When there is no space, both are tried again until there is. When the store closes and its time is
 * up, the manifest stays open: the next owner replays the log. */
#include "base/log_lines.h"
#include "base/memory.h"
#include "base/pause.h"
#include "storage/tablet.h"

#define COMMIT_RETRY_NS    (1000u * 1000 * 1000) /* until a full disk is tried again */
#define PREPARE_ROUNDS     4                     /* flushes at most */
#define PREPARE_REST_BYTES (1u << 20) /* so little in memory is left to the close itself */

/* ---- Preparing ---- */

struct preparation {
    struct completion flush; /* first */
    struct tablet *tablet;   /* referenced */
    struct completion *completion;
    unsigned rounds;
    uint64_t started_ns;
};

static uint64_t memtable_bytes(struct tablet *tablet)
{
    uint64_t ignored;
    struct version *version = tablet_snapshot(tablet, &ignored);
    uint64_t bytes = version_memtable_bytes(version);
    version_unref(version);
    return bytes;
}

static void prepared(struct completion *completion)
{
    struct preparation *preparation = (struct preparation *)completion;
    struct tablet *tablet = preparation->tablet;
    struct completion *whole = preparation->completion;
    if (completion->status == STATUS_OK && ++preparation->rounds < PREPARE_ROUNDS &&
        memtable_bytes(tablet) > PREPARE_REST_BYTES) {
        tablet_flush(tablet, NULL, completion);
        return;
    }
    mutex_lock(&tablet->mutex);
    tablet->preparations--;
    tablet->close_report.prepared_ns += env_monotonic_ns(tablet->store->env) -
                                        preparation->started_ns;
    mutex_unlock(&tablet->mutex);
    whole->status = completion->status;
    whole->error = completion->error;
    memory_free(preparation);
    tablet_unref(tablet);
    whole->done(whole);
}

void tablet_prepare_close(struct tablet *tablet, struct completion *completion)
{
    struct preparation *preparation = memory_allocate_zeroed(1, sizeof(*preparation));
    if (!preparation) {
        completion->status = error_set(&completion->error, STATUS_NO_MEMORY,
            "tablet %s: no memory to prepare its close", tablet->info.id);
        completion->done(completion);
        return;
    }
    tablet_ref(tablet);
    preparation->flush.done = prepared;
    preparation->tablet = tablet;
    preparation->completion = completion;
    preparation->started_ns = env_monotonic_ns(tablet->store->env);
    mutex_lock(&tablet->mutex);
    tablet->preparations++;
    mutex_unlock(&tablet->mutex);
    tablet_rest_compaction(tablet);
    tablet_flush(tablet, NULL, &preparation->flush);
}

void tablet_close_report_read(const struct tablet *tablet, struct tablet_close_report *out_report)
{
    struct mutex *mutex = (struct mutex *)&tablet->mutex;
    mutex_lock(mutex);
    *out_report = tablet->close_report;
    mutex_unlock(mutex);
}

/* ---- Closing ---- */

static void close_end(struct tablet *tablet, enum status status, const struct error *error)
{
    struct completion *completion = tablet->closing;
    store_remove_tablet(tablet->store, &tablet->link);
    mutex_lock(&tablet->mutex);
    tablet->close_report.stopped_ns = env_monotonic_ns(tablet->store->env) - tablet->close_begun_ns;
    struct tablet_close_report report = tablet->close_report;
    mutex_unlock(&tablet->mutex);
    log_line(LOG_INFO, "tablet.close",
        "tablet=%s status=\"%s\" prepared_bytes=%llu rest_bytes=%llu stopped_us=%llu",
        tablet->info.id, status_name(status), (unsigned long long)report.prepared_bytes,
        (unsigned long long)report.rest_bytes, (unsigned long long)report.stopped_ns / 1000);
    completion->status = status;
    if (status)
        completion->error = *error;
    completion->done(completion);
    tablet_unref(tablet);
}

struct closing_edit {
    struct tablet_edit edit; /* first */
    enum status status;
    struct error error;
};

static void close_committed(struct tablet_edit *edit, enum status status, const struct error *error)
{
    struct closing_edit *closing = (struct closing_edit *)edit;
    closing->status = status;
    closing->error = *error;
}

/* All families are flushed. Without memory for the list the manifest only says less. */
static void list_families(struct tablet *tablet, struct tablet_edit *edit)
{
    const struct table_schema *schema = tablet_get_schema(tablet);
    struct span *names = arena_allocate(&tablet->arena, schema->family_count * sizeof(*names));
    if (!names || tablet->is_dropping)
        return;
    for (size_t i = 0; i < schema->family_count; i++)
        names[i] = schema->families[i].name;
    edit->flushed_families = names;
    edit->flushed_family_count = schema->family_count;
}

/* Closing store: its flushes must end by then. */
static bool is_out_of_time(struct store *store)
{
    uint64_t deadline_ns = atomic_load(&store->close_deadline_ns);
    return deadline_ns != 0 && env_monotonic_ns(store->env) >= deadline_ns;
}

static void close_run(struct task *task)
{
    struct tablet *tablet = (struct tablet *)(void *)((char *)task -
                                                      offsetof(struct tablet, close_task));
    if (tablet->close_error.status) {
        struct error error = tablet->close_error;
        close_end(tablet, error.status, &error);
        return;
    }
    /* Nothing else commits any more, so this runs here and now; and nothing is in memory only. */
    struct closing_edit closing = {
        .edit = {.flushed_sequence = log_tablet_last_sequence(&tablet->log),
            .is_state_changed = true,
            .state = tablet->is_dropping ? TABLET_DROPPED : TABLET_CLOSED,
            .committed = close_committed}};
    list_families(tablet, &closing.edit);
    tablet_commit(tablet, &closing.edit);
    bool is_passing = closing.status == STATUS_NO_SPACE || closing.status == STATUS_NO_MEMORY;
    if (is_passing && !is_out_of_time(tablet->store) && !atomic_load(&tablet->store->is_closing)) {
        log_line(LOG_WARN, "tablet.close", "tablet=%s error=\"%s\"", tablet->info.id,
            closing.error.message);
        executor_submit_at(tablet->store->workers, &tablet->close_task,
            env_monotonic_ns(tablet->store->env) + COMMIT_RETRY_NS);
        return;
    }
    if (!closing.status && tablet->is_dropping) /* its records are nobody's any more */
        log_flushed(tablet->store->log, &tablet->log, closing.edit.flushed_sequence);
    close_end(tablet, closing.status, &closing.error);
}

static bool has_unflushed(const struct version *version)
{
    for (size_t i = 0; i < version->family_count; i++) {
        const struct version_family *family = &version->families[i];
        if (family->frozen_count > 0 || (family->active && !memtable_is_empty(family->active)))
            return true;
    }
    return false;
}

/* Nothing is under way that has to end first. */
static bool is_quiet_locked(struct tablet *tablet)
{
    bool is_retrying = tablet->flush_retry_ns != 0 && !is_out_of_time(tablet->store) &&
                       !store_is_dead(tablet->store);
    return tablet->closing && !tablet->is_close_ending && !tablet->is_flushing && !is_retrying &&
           !tablet->is_compacting && !tablet->is_committing && !tablet->is_close_flush_beginning &&
           tablet->alterations == 0 &&
           atomic_load_explicit(&tablet->writes_under_way, memory_order_seq_cst) == 0;
}

/* True when a last flush is to be begun: the close stands still, for whoever else comes by, until the flush is under way. */
static bool close_step(struct tablet *tablet, bool has_begun_flush)
{
    bool must_flush = false;
    bool must_end = false;
    mutex_lock(&tablet->mutex);
    if (has_begun_flush)
        tablet->is_close_flush_beginning = false;
    if (is_quiet_locked(tablet)) {
        bool is_left = !tablet->is_dropping && has_unflushed(tablet->version);
        must_flush = is_left && !tablet->is_close_flushed && !store_is_dead(tablet->store) &&
                     !is_out_of_time(tablet->store);
        must_end = !must_flush;
        tablet->is_close_flushed = true;
        tablet->is_close_flush_beginning = must_flush;
        tablet->is_flush_asked = tablet->is_flush_asked || must_flush;
        tablet->is_close_ending = must_end;
        if (must_flush || !is_left)
            error_clear(&tablet->close_error);
        else if (!tablet->close_error.status)
            error_set(&tablet->close_error, STATUS_CLOSED,
                "tablet %s was not flushed: its log will be replayed", tablet->info.id);
    }
    mutex_unlock(&tablet->mutex);
    if (must_end) {
        tablet->close_task.run = close_run;
        executor_submit(tablet->store->workers, &tablet->close_task);
    }
    return must_flush;
}

void tablet_close_step(struct tablet *tablet)
{
    if (!close_step(tablet, false))
        return;
    pause_point("close.flush.before");
    tablet_ask_own_flush(tablet);
    close_step(tablet, true);
}

void tablet_close(struct tablet *tablet, bool is_dropped, struct completion *completion)
{
    mutex_lock(&tablet->mutex);
    bool is_first = !tablet->closing;
    if (is_first) {
        tablet->closing = completion;
        tablet->is_dropping = is_dropped;
        tablet->close_begun_ns = env_monotonic_ns(tablet->store->env);
    }
    mutex_unlock(&tablet->mutex);
    if (!is_first) {
        completion->status = error_set(
            &completion->error, STATUS_CLOSED, "tablet %s is closing already", tablet->info.id);
        completion->done(completion);
        return;
    }
    tablet_ref(tablet);
    atomic_store_explicit(&tablet->is_closed, true, memory_order_seq_cst);
    tablet_cancel_compaction(tablet);
    tablet_close_step(tablet);
}
