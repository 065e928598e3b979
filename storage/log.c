#include "storage/log.h"

#include <inttypes.h>

#include "base/log_lines.h"
#include "base/memory.h"
#include "base/patience.h"
#include "base/pause.h"
#include "storage/log_files.h"
#include "storage/log_group.h"
#include "storage/log_writer.h"
#include "storage/seal.h"

struct log {
    struct log_config config;
    struct env *env;
    struct executor *executor; /* one thread: the log thread */
    struct task task;

    struct mutex mutex;          /* LOCK_RANK_LOG */
    struct log_entry_list queue; /* guarded */
    bool is_scheduled;           /* guarded */
    bool is_stopped;             /* guarded: the executor is gone */
    struct completion *closing;  /* guarded: log_close was called */
    _Atomic bool is_dead;

    struct log_files files;

    /* log thread */
    struct log_entry_list waiting; /* taken from the queue, not in a group yet */
    struct log_group group;
    bool inserts_first;      /* what appended() appends should join the group: see gather */
    bool is_chained;         /* appended() has appended something */
    struct poll_trial trial; /* of polling, with groups of few entries */
    struct log_writer writer;
    uint64_t space_retry_ns; /* entries are refused until then */
    /* The last try to get space failed, as all since then (env_wall_ms); 0 = it did not. Others may clear it. */
    _Atomic int64_t full_since_ms;

    _Atomic bool is_roll_asked; /* log_roll */

    _Atomic uint64_t turn_since_ns; /* log_turn_since_ns */
    _Atomic uint64_t groups, appended_ns;
};

static void run_log(struct task *task);

static bool is_dead(const struct log *log)
{
    return atomic_load_explicit(&log->is_dead, memory_order_acquire);
}

/* The end of the process; in tests, of everything that this log will ever say yes to. */
static void die(struct log *log, struct error *error, enum status status, const char *what)
{
    error_prefix(error, status, "%s", what);
    log_kill(log);
    log->config.fatal(log->config.context, error);
}

/* ---- Tablets ---- */

void log_tablet_init(struct log_tablet *tablet, const char *id, uint64_t last_sequence)
{
    *tablet = (struct log_tablet){0};
    CHECK(strlen(id) < sizeof(tablet->id));
    strcpy(tablet->id, id);
    atomic_init(&tablet->last_sequence, last_sequence);
    tablet->flushed_sequence = last_sequence;
}

void log_tablet_deinit(struct log *log, struct log_tablet *tablet)
{
    if (!log)
        return;
    mutex_lock(&log->mutex);
    log_files_forget_locked(&log->files, tablet);
    mutex_unlock(&log->mutex);
}

uint64_t log_tablet_last_sequence(const struct log_tablet *tablet)
{
    return atomic_load_explicit(&tablet->last_sequence, memory_order_acquire);
}

void log_flushed(struct log *log, struct log_tablet *tablet, uint64_t sequence)
{
    mutex_lock(&log->mutex);
    if (sequence > tablet->flushed_sequence)
        tablet->flushed_sequence = sequence;
    log_files_flushed_locked(&log->files, tablet);
    mutex_unlock(&log->mutex);
}

/* ---- Taking entries into the group (log thread) ---- */

static void refuse(struct log_entry *entry, enum status status)
{
    entry->status = status;
    entry->appended(entry);
}

/* A new segment was asked for, and the current one has records. */
static bool is_roll_due(const struct log *log)
{
    return atomic_load_explicit(&log->is_roll_asked, memory_order_relaxed) &&
           log->writer.tail > LOG_SEGMENT_START;
}

/* Whether the segment has room for the group, an entry more and the index that ends it. */
static bool has_room(const struct log *log, const struct log_entry *entry)
{
    if (!log->files.current || is_roll_due(log))
        return false;
    uint64_t need = log_group_bound_with(&log->group, entry) + LOG_FRAME_OVERHEAD +
                    log_index_size_bound(&log->files.current->index);
    return need <= log_writer_room(&log->writer);
}

/* Ends the current segment and begins the next, with room for the entry. The group is empty.
 * STATUS_NO_SPACE: the current one (if any) goes on. */
static enum status switch_segment(
    struct log *log, const struct log_entry *entry, struct error *error)
{
    uint64_t need = LOG_SEGMENT_START + entry->body.size + LOG_RECORD_OVERHEAD +
                    2 * LOG_FRAME_OVERHEAD + LOG_INDEX_TABLET_BOUND + LOG_INDEX_EXTENT_BOUND + 10;
    enum status status = log_files_prepare(&log->files, need, error);
    if (status)
        return status;
    if (log->files.current) {
        status = log_writer_close(&log->writer, error);
        if (status)
            return error_prefix(error, STATUS_IO, "close segment");
        log_files_retire(&log->files);
    }
    pause_point("log.switch.between");
    status = log_files_advance(&log->files, need, error);
    if (status)
        return status;
    log_writer_begin(&log->writer);
    return STATUS_OK;
}

/* Entries are refused while the disk is full and it is not time for another try. */
static bool is_refusing(const struct log *log)
{
    return log_is_read_only(log) && env_monotonic_ns(log->env) < log->space_retry_ns;
}

static void note_space(struct log *log, bool has_space)
{
    if (has_space)
        log_space_returned(log);
    else if (!log_is_read_only(log))
        atomic_store_explicit(&log->full_since_ms, env_wall_ms(log->env), memory_order_relaxed);
}

/* Makes room for an entry with bytes. STATUS_BUSY: the group must be finished first. */
static enum status make_room(struct log *log, const struct log_entry *entry)
{
    if (has_room(log, entry))
        return STATUS_OK;
    if (log->group.count)
        return STATUS_BUSY;

    struct error error = {0};
    bool was_asked = atomic_exchange(&log->is_roll_asked, false);
    enum status status = switch_segment(log, entry, &error);
    if (status == STATUS_NO_SPACE && was_asked && has_room(log, entry))
        return STATUS_OK; /* it was not needed */
    bool was_full = log_is_read_only(log);
    note_space(log, status != STATUS_NO_SPACE);
    if (status == STATUS_NO_SPACE) {
        log->space_retry_ns = env_monotonic_ns(log->env) + (uint64_t)LOG_SPACE_RETRY_MS * 1000000;
        if (!was_full)
            log_line(LOG_WARN, "log.full", "error=\"%s\"", error.message);
        return status;
    }
    if (status == STATUS_NO_MEMORY && log->files.current)
        return status;
    if (status) {
        die(log, &error, status, "tablet log");
        return STATUS_CLOSED;
    }
    if (was_full)
        log_line(LOG_INFO, "log.space", "segment=%" PRIu64, log->files.current->number);
    return STATUS_OK;
}

/* Gives sequence numbers, and notes what the segment will hold. */
static enum status give_sequence(struct log *log, struct log_entry *entry)
{
    struct log_tablet *tablet = entry->tablet;
    uint64_t last = atomic_load_explicit(&tablet->last_sequence, memory_order_relaxed);
    if (entry->sequence_count == 0) {
        entry->sequence = last;
        return STATUS_OK;
    }
    uint64_t now_last = last + entry->sequence_count;
    if (log_entry_has_bytes(entry)) {
        mutex_lock(&log->mutex);
        struct log_segment_tablet *records = log_files_note_locked(&log->files, tablet, now_last);
        mutex_unlock(&log->mutex);
        if (!records)
            return STATUS_NO_MEMORY;
    }
    entry->sequence = last + 1;
    atomic_store_explicit(&tablet->last_sequence, now_last, memory_order_release);
    return STATUS_OK;
}

/* The next entry to look at: what was left over, then the queue. */
static struct log_entry *next_entry(struct log *log)
{
    if (!log->waiting.first) {
        mutex_lock(&log->mutex);
        log->waiting = log->queue;
        log->queue = (struct log_entry_list){0};
        mutex_unlock(&log->mutex);
    }
    return log_entry_list_pop(&log->waiting);
}

/* Takes an entry into the group, or says why not. STATUS_BUSY: the group must be finished first. */
static enum status admit(struct log *log, struct log_entry *entry)
{
    enum status status = is_dead(log) ? STATUS_CLOSED : STATUS_OK;
    if (status == STATUS_OK && entry->body.size > LIMIT_LOG_RECORD_SIZE)
        status = STATUS_LIMIT;
    if (status == STATUS_OK && entry->sequence_count > 0 && is_refusing(log))
        status = STATUS_NO_SPACE;
    if (status == STATUS_OK && log_entry_has_bytes(entry))
        status = make_room(log, entry);
    if (status == STATUS_OK)
        status = give_sequence(log, entry);
    if (status == STATUS_OK) {
        log_group_join(&log->group, entry);
        entry->status = STATUS_OK;
    }
    return status;
}

/* The hint for the entry and those behind it that are of its kind. Returns how many they are. */
static size_t tell_upcoming(struct log_entry *first)
{
    size_t count = 0;
    for (struct log_entry *entry = first;
         entry && count < LOG_UPCOMING_ENTRIES && entry->upcoming == first->upcoming &&
         entry->tablet == first->tablet;
         entry = entry->next)
        count++;
    if (first->upcoming && count > 1)
        first->upcoming(first, count);
    return count;
}

/* The appended() of these entries and all behind them, in order. They stay in the group. */
static void tell_appended(struct log *log, struct log_entry *first)
{
    uint64_t now_ns = env_monotonic_ns(log->env);
    size_t told = 0;
    for (struct log_entry *entry = first; entry; entry = entry->next, told--) {
        if (told == 0)
            told = tell_upcoming(entry);
        entry->appended(entry);
    }
    atomic_fetch_add_explicit(
        &log->appended_ns, env_monotonic_ns(log->env) - now_ns, memory_order_relaxed);
}

/* Fills the group. With inserts_first, what appended() appends comes last in the queue and joins, while there is
 * room; else the entries get their appended() when the bytes are on their way (run_log). */
static void gather(struct log *log)
{
    log_group_begin(&log->group);
    struct log_entry *entry;
    while (log_group_is_open(&log->group) && (entry = next_entry(log))) {
        enum status status = admit(log, entry);
        if (status == STATUS_BUSY) {
            log_entry_list_push_front(&log->waiting, entry);
            return;
        }
        if (status)
            refuse(entry, status);
        else if (log->inserts_first)
            tell_appended(log, entry); /* the last that joined */
    }
}

/* ---- Making the group durable (log thread) ---- */

/* Everything written is synced after it, and we may still say so. */
static enum status sync_and_look(struct log *log, struct error *error)
{
    if (log_writer_has_unsynced(&log->writer)) {
        uint64_t poll_ns = log->group.count <= LOG_POLL_ENTRIES ? LOG_POLL_NS : 0;
        enum status status = log_writer_sync(&log->writer, poll_ns, error);
        if (status)
            return status;
    }
    enum status status = seal_look(log->config.alive, error);
    pause_point("log.look.after");
    return status;
}

static void finish_entries(struct log *log)
{
    log_group_part(&log->group);
    enum status status = is_dead(log) ? STATUS_CLOSED : STATUS_OK;
    struct log_entry *entry;
    while ((entry = log_entry_list_pop(&log->group.entries))) {
        entry->status = status;
        entry->durable(entry);
    }
}

/* The group's bytes, towards the disk. */
static void send_group(struct log *log)
{
    struct error error = {0};
    if (!log->group.tablets || is_dead(log))
        return;
    enum status status = log_writer_send(&log->writer, &log->group, &error);
    if (status)
        die(log, &error, status, "write of the tablet log");
}

/* Polling is for groups of few entries, and for as long as it makes them end sooner. */
static void try_polling(struct log *log)
{
    if (log->group.count > LOG_POLL_ENTRIES)
        poll_trial_pause(&log->trial);
    else
        patience_allow(poll_trial_note(&log->trial, env_monotonic_ns(log->env), log->group.count));
}

static void end_group(struct log *log)
{
    struct error error = {0};
    bool needs_sync = log->group.needs_sync ||
                      (log->files.current &&
                          log->writer.tail - log->writer.synced > LOG_ASYNC_BYTES);
    if (needs_sync && !is_dead(log)) {
        enum status status = sync_and_look(log, &error);
        if (status)
            die(log, &error, status, "sync of the tablet log");
        try_polling(log);
    }
    atomic_fetch_add_explicit(&log->groups, 1, memory_order_relaxed);
    finish_entries(log);
    if (log->files.current)
        log_files_watch(&log->files, log->writer.tail);
}

/* ---- The log thread's turn ---- */

/* Without an entry to make room for. A full disk leaves it to the next. */
static void roll(struct log *log)
{
    struct error error = {0};
    struct log_entry nothing = {0};
    bool is_due = is_roll_due(log);
    atomic_store(&log->is_roll_asked, false);
    enum status status = is_due ? switch_segment(log, &nothing, &error) : STATUS_OK;
    if (status && status != STATUS_NO_SPACE && status != STATUS_NO_MEMORY)
        die(log, &error, status, "tablet log");
}

/* Nothing waits: syncs what ASYNC entries left behind, and ends the log when it is being closed. */
static void run_idle(struct log *log)
{
    struct error error = {0};
    enum status status;
    if (log->files.current && log_writer_has_unsynced(&log->writer) && !is_dead(log)) {
        status = sync_and_look(log, &error);
        if (status)
            die(log, &error, status, "sync of the tablet log");
    }
    if (log->files.current && atomic_load(&log->is_roll_asked) && !is_dead(log))
        roll(log);
    mutex_lock(&log->mutex);
    struct completion *closing = log->queue.first ? NULL : log->closing;
    if (closing)
        log->closing = NULL;
    mutex_unlock(&log->mutex);
    if (!closing)
        return;
    if (log->files.current && !is_dead(log)) {
        status = log_writer_close(&log->writer, &error);
        if (status)
            die(log, &error, status, "close of the tablet log");
        else
            log_files_retire(&log->files);
    }
    bool has_died = is_dead(log);
    log_kill(log); /* what comes later is refused */
    closing->status = has_died ? STATUS_CLOSED : STATUS_OK;
    closing->error = error;
    closing->done(closing);
}

static void take_turn(struct log *log)
{
    bool inserts_first = log->inserts_first;
    log->is_chained = false;
    gather(log);
    if (log->group.count) {
        send_group(log);
        if (!inserts_first)
            tell_appended(log, log->group.entries.first);
        log->inserts_first = log->is_chained;
        end_group(log);
    }

    mutex_lock(&log->mutex);
    bool has_more = log->waiting.first || log->queue.first;
    if (!has_more)
        log->is_scheduled = false;
    mutex_unlock(&log->mutex);
    if (has_more) {
        executor_submit(log->executor, &log->task);
        return;
    }
    run_idle(log);
}

static void run_log(struct task *task)
{
    struct log *log = (struct log *)((char *)task - offsetof(struct log, task));
    atomic_store_explicit(&log->turn_since_ns, env_monotonic_ns(log->env), memory_order_relaxed);
    take_turn(log);
    atomic_store_explicit(&log->turn_since_ns, 0, memory_order_relaxed);
}

/* ---- From outside ---- */

/* Lets the log thread run, and lets go of the lock, which that thread takes first of all. */
static void schedule_unlock(struct log *log)
{
    bool is_due = !log->is_scheduled;
    log->is_scheduled = true;
    if (is_due)
        executor_submit_unlock(log->executor, &log->task, &log->mutex);
    else
        mutex_unlock(&log->mutex);
}

void log_append(struct log *log, struct log_entry *entry)
{
    mutex_lock(&log->mutex);
    if (log->is_stopped) {
        mutex_unlock(&log->mutex);
        refuse(entry, STATUS_CLOSED);
        return;
    }
    log_entry_list_push(&log->queue, entry);
    if (executor_is_current(log->executor))
        log->is_chained = true;
    /* A closing log refuses by dying: what is queued after its end meets a dead log. */
    schedule_unlock(log);
}

void log_roll(struct log *log)
{
    mutex_lock(&log->mutex);
    if (log->is_stopped) {
        mutex_unlock(&log->mutex);
        return;
    }
    atomic_store(&log->is_roll_asked, true);
    schedule_unlock(log);
}

enum status log_open(const struct log_config *config, struct log **out_log, struct error *error)
{
    struct log *log = memory_allocate_zeroed(1, sizeof(*log));
    if (!log)
        return error_set(error, STATUS_NO_MEMORY, "tablet log");
    log->config = *config;
    log->env = config->directory->env;
    log->task.run = run_log;
    log->inserts_first = true;
    mutex_init(&log->mutex, LOCK_RANK_LOG);
    log_files_init(&log->files, config, &log->mutex);
    log_writer_init(&log->writer, log->env, &log->files);
    enum status status = log_files_advance(&log->files, LOG_SEGMENT_START, error);
    if (status == STATUS_NO_SPACE) { /* opens read-only */
        note_space(log, false);
        status = STATUS_OK;
    }
    if (status == STATUS_OK)
        status = env_executor_new(log->env, "log", 1, &log->executor, error);
    if (status) {
        log_free(log);
        return status;
    }
    executor_poll(log->executor, LOG_POLL_NS);
    log_writer_begin(&log->writer);
    *out_log = log;
    return STATUS_OK;
}

void log_close(struct log *log, struct completion *completion)
{
    mutex_lock(&log->mutex);
    CHECK(!log->closing && !log->is_stopped);
    log->closing = completion;
    schedule_unlock(log);
}

void log_kill(struct log *log)
{
    atomic_store_explicit(&log->is_dead, true, memory_order_release);
}

void log_stop(struct log *log)
{
    if (!log || !log->executor)
        return;
    log_kill(log);
    mutex_lock(&log->mutex);
    log->is_stopped = true;
    log->files.is_stopped = true;
    mutex_unlock(&log->mutex);
    executor_free(log->executor);
    log->executor = NULL;
}

void log_free(struct log *log)
{
    if (!log)
        return;
    log_stop(log);
    log_files_deinit(&log->files);
    log_writer_deinit(&log->writer);
    mutex_deinit(&log->mutex);
    memory_free(log);
}

bool log_is_read_only(const struct log *log)
{
    return log_full_since_ms(log) != 0;
}

int64_t log_full_since_ms(const struct log *log)
{
    return atomic_load_explicit(&log->full_since_ms, memory_order_relaxed);
}

void log_space_returned(struct log *log)
{
    atomic_store_explicit(&log->full_since_ms, 0, memory_order_relaxed);
}

uint64_t log_turn_since_ns(const struct log *log)
{
    return atomic_load_explicit(&log->turn_since_ns, memory_order_relaxed);
}

void log_statistics_read(const struct log *log, struct log_statistics *out_statistics)
{
    struct log *writable = (struct log *)log; /* its mutex only */
    mutex_lock(&writable->mutex);
    out_statistics->bytes = log->files.bytes;
    out_statistics->segments = log->files.count;
    mutex_unlock(&writable->mutex);
    out_statistics->syncs = atomic_load_explicit(&log->writer.syncs, memory_order_relaxed);
    out_statistics->sync_ns = atomic_load_explicit(&log->writer.sync_ns, memory_order_relaxed);
    out_statistics->appended_ns = atomic_load_explicit(&log->appended_ns, memory_order_relaxed);
    out_statistics->groups = atomic_load_explicit(&log->groups, memory_order_relaxed);
    out_statistics->records = atomic_load_explicit(&log->writer.records, memory_order_relaxed);
}
