#include "storage/log.h"

#include <inttypes.h>

#include "base/log_lines.h"
#include "base/memory.h"
#include "base/pause.h"
#include "storage/log_files.h"
#include "storage/log_tail.h"
#include "storage/seal.h"

/* Most bytes that an entry adds to a frame besides its body, and that a frame adds besides its
 * records. */
#define RECORD_OVERHEAD 30
#define FRAME_OVERHEAD  (LOG_FRAME_HEADER + TABLET_ID_SIZE + LOG_FRAME_CHECKSUM + 8)

struct entry_list {
    struct log_entry *first;
    struct log_entry *last;
};

/* What is made durable together. Log thread. */
struct group {
    struct entry_list entries;  /* in the order of appended() */
    struct log_tablet *tablets; /* those with entries in it, in order of appearance */
    struct log_tablet **tablets_end;
    size_t count;
    uint64_t bound;       /* most bytes its frames take */
    uint64_t index_bound; /* most bytes they add to the index */
    uint64_t logged;      /* entries that have bytes */
    bool needs_sync;
    bool is_in_flight;   /* its write has been started, not finished */
    uint64_t started_ns; /* when its bytes were on their way to the disk, or their sync began */
};

struct log {
    struct log_config config;
    struct env *env;
    struct executor *executor; /* one thread: the log thread */
    struct task task;

    struct mutex mutex;         /* LOCK_RANK_LOG */
    struct entry_list queue;    /* guarded */
    bool is_scheduled;          /* guarded */
    bool is_stopped;            /* guarded: the executor is gone */
    struct completion *closing; /* guarded: log_close was called */
    _Atomic bool is_dead;

    struct log_files files;

    /* log thread */
    struct entry_list waiting; /* taken from the queue, not in a group yet */
    struct group group;
    bool inserts_first;      /* what appended() appends should join the group: see gather */
    bool is_chained;         /* appended() has appended something */
    struct buffer bytes;     /* of the group's frames */
    struct log_tail end;     /* of the current segment, when it takes whole blocks */
    uint64_t tail;           /* of the current segment */
    uint64_t synced;         /* every byte of it below was synced */
    uint64_t space_retry_ns; /* entries are refused until then */
    _Atomic bool is_full;    /* the last try to get space failed; others may clear it */

    _Atomic uint64_t syncs, sync_ns;
    _Atomic uint64_t groups;
    _Atomic uint64_t records;
};

static void run_log(struct task *task);

static void push(struct entry_list *list, struct log_entry *entry)
{
    entry->next = NULL;
    if (list->last)
        list->last->next = entry;
    else
        list->first = entry;
    list->last = entry;
}

static void push_front(struct entry_list *list, struct log_entry *entry)
{
    entry->next = list->first;
    list->first = entry;
    if (!list->last)
        list->last = entry;
}

static struct log_entry *pop(struct entry_list *list)
{
    struct log_entry *entry = list->first;
    if (entry) {
        list->first = entry->next;
        if (!list->first)
            list->last = NULL;
    }
    return entry;
}

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

static bool has_bytes(const struct log_entry *entry)
{
    return entry->sequence_count > 0 && entry->durability != DURABILITY_SKIP_WAL;
}

static void refuse(struct log_entry *entry, enum status status)
{
    entry->status = status;
    entry->appended(entry);
}

/* Room that the segment must have for the group, an entry more and the index that ends it. */
static uint64_t room_needed(const struct log *log, const struct log_entry *entry)
{
    const struct group *group = &log->group;
    uint64_t index = FRAME_OVERHEAD + LOG_INDEX_TABLET_BOUND + LOG_INDEX_EXTENT_BOUND;
    if (log->files.current)
        index += log_index_size_bound(&log->files.current->index);
    return group->bound + group->index_bound + entry->body.size + RECORD_OVERHEAD + FRAME_OVERHEAD +
           index;
}

static bool has_room(const struct log *log, const struct log_entry *entry)
{
    return log->files.current &&
           room_needed(log, entry) <= log->files.current->capacity - log->tail;
}

static enum status write_closing(struct log *log, struct error *error);

static void begin_segment(struct log *log)
{
    log->tail = log->synced = LOG_SEGMENT_START;
    log_tail_begin(&log->end, LOG_SEGMENT_START);
}

/* Ends the current segment and begins the next, with room for the entry. The group is empty.
 * STATUS_NO_SPACE: the current one (if any) goes on. */
static enum status switch_segment(
    struct log *log, const struct log_entry *entry, struct error *error)
{
    uint64_t need = LOG_SEGMENT_START + entry->body.size + RECORD_OVERHEAD + 2 * FRAME_OVERHEAD +
                    LOG_INDEX_TABLET_BOUND + LOG_INDEX_EXTENT_BOUND + 10;
    enum status status = log_files_prepare(&log->files, need, error);
    if (status)
        return status;
    if (log->files.current) {
        status = write_closing(log, error);
        if (status)
            return error_prefix(error, STATUS_IO, "close segment");
        log_files_retire(&log->files);
        log->tail = log->synced = 0;
    }
    pause_point("log.switch.between");
    status = log_files_advance(&log->files, need, error);
    if (status)
        return status;
    begin_segment(log);
    return STATUS_OK;
}

/* Entries are refused while the disk is full and it is not time for another try. */
static bool is_refusing(const struct log *log)
{
    return log->is_full && env_monotonic_ns(log->env) < log->space_retry_ns;
}

/* Makes room for an entry with bytes. STATUS_BUSY: the group must be finished first. */
static enum status make_room(struct log *log, const struct log_entry *entry)
{
    if (has_room(log, entry))
        return STATUS_OK;
    if (log->group.count)
        return STATUS_BUSY;

    struct error error = {0};
    enum status status = switch_segment(log, entry, &error);
    bool was_full = log->is_full;
    log->is_full = status == STATUS_NO_SPACE;
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
    if (has_bytes(entry)) {
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

static void join_group(struct log *log, struct log_entry *entry)
{
    struct group *group = &log->group;
    struct log_tablet *tablet = entry->tablet;
    push(&group->entries, entry);
    group->count++;
    entry->tablet_next = NULL;
    if (has_bytes(entry)) {
        if (!tablet->is_in_group) {
            tablet->is_in_group = true;
            tablet->group_next = NULL;
            tablet->group_first = tablet->group_last = NULL;
            *group->tablets_end = tablet;
            group->tablets_end = &tablet->group_next;
            group->bound += FRAME_OVERHEAD;
            group->index_bound += LOG_INDEX_TABLET_BOUND + LOG_INDEX_EXTENT_BOUND;
        }
        if (tablet->group_last)
            tablet->group_last->tablet_next = entry;
        else
            tablet->group_first = entry;
        tablet->group_last = entry;
        group->bound += entry->body.size + RECORD_OVERHEAD;
        group->logged++;
    }
    bool is_lazy = entry->durability == DURABILITY_ASYNC_WAL ||
                   entry->durability == DURABILITY_SKIP_WAL;
    if (entry->sequence_count == 0 || !is_lazy)
        group->needs_sync = true;
}

/* The next entry to look at: what was left over, then the queue. */
static struct log_entry *next_entry(struct log *log)
{
    if (!log->waiting.first) {
        mutex_lock(&log->mutex);
        log->waiting = log->queue;
        log->queue = (struct entry_list){0};
        mutex_unlock(&log->mutex);
    }
    return pop(&log->waiting);
}

/* Takes an entry into the group, or says why not. STATUS_BUSY: the group must be finished first. */
static enum status admit(struct log *log, struct log_entry *entry)
{
    enum status status = is_dead(log) ? STATUS_CLOSED : STATUS_OK;
    if (status == STATUS_OK && entry->body.size > LIMIT_LOG_RECORD_SIZE)
        status = STATUS_LIMIT;
    if (status == STATUS_OK && entry->sequence_count > 0 && is_refusing(log))
        status = STATUS_NO_SPACE;
    if (status == STATUS_OK && has_bytes(entry))
        status = make_room(log, entry);
    if (status == STATUS_OK)
        status = give_sequence(log, entry);
    if (status == STATUS_OK) {
        join_group(log, entry);
        entry->status = STATUS_OK;
    }
    return status;
}

/* Fills the group. With inserts_first, what appended() appends comes last in the queue and joins, while there is
 * room; else the entries get their appended() when the bytes are on their way (run_log). */
static void gather(struct log *log)
{
    struct group *group = &log->group;
    *group = (struct group){.tablets_end = &group->tablets};
    struct log_entry *entry;
    while (group->count < LOG_GROUP_ENTRIES && group->bound < LOG_GROUP_BYTES &&
           (entry = next_entry(log))) {
        enum status status = admit(log, entry);
        if (status == STATUS_BUSY) {
            push_front(&log->waiting, entry);
            return;
        }
        if (status)
            refuse(entry, status);
        else if (log->inserts_first)
            entry->appended(entry);
    }
}

/* The entries' appended(), in order, for a group that was gathered without. They stay in the group. */
static void tell_appended(struct log *log)
{
    for (struct log_entry *entry = log->group.entries.first; entry; entry = entry->next)
        entry->appended(entry);
}

/* ---- Making the group durable (log thread) ---- */

/* What a tablet has in the group, as one frame. */
static enum status encode_tablet(struct log *log, struct log_tablet *tablet, int64_t now_ms)
{
    struct log_frame frame = {
        .kind = LOG_FRAME_RECORDS,
        .synced_offset = log->synced,
        .first_sequence = tablet->group_first->sequence,
        .written_ms = now_ms,
    };
    memcpy(frame.tablet_id, tablet->id, sizeof(frame.tablet_id));
    size_t begin;
    log_frame_begin(&log->bytes, &frame, &begin);
    uint64_t next = frame.first_sequence;
    for (struct log_entry *entry = tablet->group_first; entry; entry = entry->tablet_next) {
        buffer_put_varint(&log->bytes, entry->sequence - next);
        buffer_put_varint(&log->bytes, entry->sequence_count);
        buffer_put_sized(&log->bytes, entry->body);
        next = entry->sequence + entry->sequence_count;
    }
    uint64_t offset = log->tail + begin;
    log_frame_end(&log->bytes, begin, log->files.salt, offset);
    enum status status = buffer_status(&log->bytes);
    if (status)
        return status;

    struct log_index *index = &log->files.current->index;
    mutex_lock(&log->mutex);
    struct log_segment_tablet *records = tablet->records_last;
    if (records && records->segment != log->files.current)
        records = NULL; /* flushed past it meanwhile: only its slot is not known */
    mutex_unlock(&log->mutex);
    uint64_t size = log->bytes.size - begin;
    if (records && records->slot != SIZE_MAX)
        return log_index_extend(index, records->slot, offset, size, next - 1);
    status = log_index_add(index, tablet->id, offset, size, frame.first_sequence, next - 1);
    if (status == STATUS_OK && records)
        records->slot = (size_t)(log_index_find(index, tablet->id) - index->tablets);
    return status;
}

static enum status encode_group(struct log *log, struct error *error)
{
    int64_t now_ms = env_wall_ms(log->env);
    buffer_reset(&log->bytes);
    enum status status = STATUS_OK;
    for (struct log_tablet *tablet = log->group.tablets; tablet && !status;
         tablet = tablet->group_next)
        status = encode_tablet(log, tablet, now_ms);
    if (status)
        return error_set(error, status, "group of %zu entries", log->group.count);
    CHECK(log->tail + log->bytes.size <= log->files.current->capacity);
    return STATUS_OK;
}

/* Starts a write that will be durable when it is finished: all before it is synced. */
static enum status start_write(struct log *log, struct error *error)
{
    struct env_file *file = log->files.file;
    struct span bytes = buffer_span(&log->bytes);
    uint64_t offset = log->tail;
    if (env_file_block_size(file) > 1) {
        enum status status = log_tail_append(&log->end, bytes);
        if (status)
            return error_set(error, status, "blocks of a group of %zu bytes", bytes.size);
        bytes = log_tail_blocks(&log->end);
        offset = log->end.offset;
    }
    log->group.started_ns = env_monotonic_ns(log->env);
    log->group.is_in_flight = true;
    return env_file_write_start(file, offset, bytes, error);
}

/* Writes into the page cache; a sync must follow. */
static enum status write_cached(struct log *log, struct error *error)
{
    struct span bytes = buffer_span(&log->bytes);
    enum status status = env_file_write(log->files.file, log->tail, bytes, error);
    if (status == STATUS_OK && env_file_block_size(log->files.file) > 1)
        status = log_tail_pass(&log->end, bytes);
    return status;
}

/* Brings the group's bytes on their way: past the page cache when they are few, and are to be synced with all that is
 * unsynced; else into it. */
static enum status write_group(struct log *log, struct error *error)
{
    enum status status = encode_group(log, error);
    if (status)
        return status;
    bool is_direct = log->group.needs_sync && log->synced == log->tail &&
                     log->bytes.size <= LOG_DIRECT_BYTES;
    pause_point("log.write.before");
    status = is_direct ? start_write(log, error) : write_cached(log, error);
    pause_point("log.write.after");
    if (status)
        return status;
    log->tail += log->bytes.size;
    atomic_fetch_add_explicit(&log->records, log->group.logged, memory_order_relaxed);
    return STATUS_OK;
}

/* Waits for the disk to have all that was written. */
static enum status sync_written(struct log *log, struct error *error)
{
    struct group *group = &log->group;
    pause_point("log.sync.before");
    enum status status;
    if (group->is_in_flight) {
        uint64_t poll_ns = group->count <= LOG_POLL_ENTRIES ? LOG_POLL_NS : 0;
        group->is_in_flight = false;
        status = env_file_write_finish(log->files.file, poll_ns, error);
        if (status)
            return status; /* the disk may still read the blocks */
        log_tail_advance(&log->end);
    } else {
        group->started_ns = env_monotonic_ns(log->env);
        status = env_file_sync(log->files.file, error);
    }
    if (status)
        return status;
    atomic_fetch_add_explicit(
        &log->sync_ns, env_monotonic_ns(log->env) - group->started_ns, memory_order_relaxed);
    pause_point("log.sync.after");
    log->synced = log->tail;
    atomic_fetch_add_explicit(&log->syncs, 1, memory_order_relaxed);
    return STATUS_OK;
}

/* Everything written is synced after it, and we may still say so. */
static enum status sync_and_look(struct log *log, struct error *error)
{
    enum status status = log->synced < log->tail ? sync_written(log, error) : STATUS_OK;
    if (status)
        return status;
    status = seal_look(log->config.alive, error);
    pause_point("log.look.after");
    return status;
}

static void finish_entries(struct log *log)
{
    for (struct log_tablet *tablet = log->group.tablets; tablet;) {
        struct log_tablet *next = tablet->group_next;
        tablet->is_in_group = false;
        tablet->group_next = NULL;
        tablet->group_first = tablet->group_last = NULL;
        tablet = next;
    }
    enum status status = is_dead(log) ? STATUS_CLOSED : STATUS_OK;
    struct log_entry *entry;
    while ((entry = pop(&log->group.entries))) {
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
    enum status status = write_group(log, &error);
    if (status)
        die(log, &error, status, "write of the tablet log");
}

static void end_group(struct log *log)
{
    struct error error = {0};
    bool needs_sync = log->group.needs_sync ||
                      (log->files.current && log->tail - log->synced > LOG_ASYNC_BYTES);
    if (needs_sync && !is_dead(log)) {
        enum status status = sync_and_look(log, &error);
        if (status)
            die(log, &error, status, "sync of the tablet log");
    }
    atomic_fetch_add_explicit(&log->groups, 1, memory_order_relaxed);
    finish_entries(log);
    if (log->files.current)
        log_files_watch(&log->files, log->tail);
}

/* The index frame and the closing page, synced. */
static enum status write_closing(struct log *log, struct error *error)
{
    struct log_frame frame = {
        .kind = LOG_FRAME_INDEX,
        .synced_offset = log->synced,
        .written_ms = env_wall_ms(log->env),
    };
    size_t begin;
    buffer_reset(&log->bytes);
    log_frame_begin(&log->bytes, &frame, &begin);
    log_index_encode(&log->files.current->index, &log->bytes);
    log_frame_end(&log->bytes, begin, log->files.salt, log->tail);
    struct log_segment_closing closing = {
        .salt = log->files.salt,
        .index_offset = log->tail,
        .end = log->tail + log->bytes.size,
    };
    uint8_t page[LOG_SEGMENT_PAGE];
    log_segment_closing_encode(&closing, page);

    struct env_file *file = log->files.file;
    enum status status = buffer_status(&log->bytes);
    if (status == STATUS_OK && log->synced < log->tail)
        status = env_file_sync(file, error); /* the index says "all before me was synced" */
    if (status == STATUS_OK)
        status = env_file_write(file, log->tail, buffer_span(&log->bytes), error);
    if (status == STATUS_OK)
        status = env_file_write(file, LOG_SEGMENT_PAGE, span_make(page, sizeof(page)), error);
    if (status == STATUS_OK)
        status = env_file_sync(file, error);
    return status;
}

/* ---- The log thread's turn ---- */

/* Nothing waits: syncs what ASYNC entries left behind, and ends the log when it is being closed. */
static void run_idle(struct log *log)
{
    struct error error = {0};
    enum status status;
    if (log->files.current && log->synced < log->tail && !is_dead(log)) {
        status = sync_and_look(log, &error);
        if (status)
            die(log, &error, status, "sync of the tablet log");
    }
    mutex_lock(&log->mutex);
    struct completion *closing = log->queue.first ? NULL : log->closing;
    if (closing)
        log->closing = NULL;
    mutex_unlock(&log->mutex);
    if (!closing)
        return;
    if (log->files.current && !is_dead(log)) {
        status = write_closing(log, &error);
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

static void run_log(struct task *task)
{
    struct log *log = (struct log *)((char *)task - offsetof(struct log, task));
    bool inserts_first = log->inserts_first;
    log->is_chained = false;
    gather(log);
    if (log->group.count) {
        send_group(log);
        if (!inserts_first)
            tell_appended(log);
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
    push(&log->queue, entry);
    if (executor_is_current(log->executor))
        log->is_chained = true;
    /* A closing log refuses by dying: what is queued after its end meets a dead log. */
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
    enum status status = log_files_advance(&log->files, LOG_SEGMENT_START, error);
    if (status == STATUS_NO_SPACE) { /* opens read-only */
        log->is_full = true;
        status = STATUS_OK;
    }
    if (status == STATUS_OK)
        status = env_executor_new(log->env, "log", 1, &log->executor, error);
    if (status) {
        log_free(log);
        return status;
    }
    executor_poll(log->executor, LOG_POLL_NS);
    begin_segment(log);
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
    log_tail_deinit(&log->end);
    buffer_deinit(&log->bytes);
    mutex_deinit(&log->mutex);
    memory_free(log);
}

bool log_is_read_only(const struct log *log)
{
    return atomic_load_explicit(&log->is_full, memory_order_relaxed);
}

void log_space_returned(struct log *log)
{
    atomic_store_explicit(&log->is_full, false, memory_order_relaxed);
}

void log_statistics_read(const struct log *log, struct log_statistics *out_statistics)
{
    struct log *writable = (struct log *)log; /* its mutex only */
    mutex_lock(&writable->mutex);
    out_statistics->bytes = log->files.bytes;
    out_statistics->segments = log->files.count;
    mutex_unlock(&writable->mutex);
    out_statistics->syncs = atomic_load_explicit(&log->syncs, memory_order_relaxed);
    out_statistics->sync_ns = atomic_load_explicit(&log->sync_ns, memory_order_relaxed);
    out_statistics->groups = atomic_load_explicit(&log->groups, memory_order_relaxed);
    out_statistics->records = atomic_load_explicit(&log->records, memory_order_relaxed);
}
