#include "storage/log_files.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/log_lines.h"
#include "base/memory.h"
#include "base/pause.h"

#define SPARE_NAME_SIZE 32

static void run_upkeep(struct task *task);

void log_files_init(struct log_files *files, const struct log_config *config, struct mutex *mutex)
{
    *files = (struct log_files){
        .directory = config->directory,
        .upkeep = config->upkeep,
        .segment_bytes = config->segment_bytes,
        .total_bytes = config->total_bytes,
        .pressure = config->pressure,
        .context = config->context,
        .next_number = 1,
        .inline_capacity = LOG_FIRST_SEGMENT_BYTES,
        .next_spare_number = 1,
        .mutex = mutex,
        .upkeep_task = {.run = run_upkeep},
    };
    uint64_t least = LOG_SEGMENT_START + LOG_SEGMENT_PAGE;
    if (files->segment_bytes < least)
        files->segment_bytes = least;
    /* Whole blocks, whatever way they are written. */
    files->segment_bytes -= files->segment_bytes % LOG_SEGMENT_PAGE;
    files->next_capacity = files->segment_bytes < LOG_FIRST_SEGMENT_BYTES ? files->segment_bytes
                                                                          : LOG_FIRST_SEGMENT_BYTES;
}

static void free_segment(struct log_live_segment *segment)
{
    while (segment->records) {
        struct log_segment_tablet *records = segment->records;
        segment->records = records->next_of_segment;
        memory_free(records);
    }
    log_index_deinit(&segment->index);
    env_file_close(segment->file);
    memory_free(segment);
}

static void free_segments(struct log_live_segment *first)
{
    while (first) {
        struct log_live_segment *next = first->next;
        free_segment(first);
        first = next;
    }
}

void log_files_deinit(struct log_files *files)
{
    env_file_close(files->file);
    files->file = NULL;
    free_segments(files->first);
    free_segments(files->released);
    files->first = files->last = files->released = files->current = NULL;
}

/* ---- Making segments ---- */

static void spare_path(const struct log_files *files, uint64_t number, struct path *out_path)
{
    char name[SPARE_NAME_SIZE];
    snprintf(name, sizeof(name), "spare-%" PRIu64, number);
    directory_server_path(files->directory, files->directory->incarnation, name, out_path);
}

static void folder_path(const struct log_files *files, struct path *out_path)
{
    directory_path(files->directory, out_path, "servers/%s", files->directory->incarnation);
}

/* A new file of zeroes. Nothing is left behind on failure. */
static enum status make_spare(
    struct log_files *files, uint64_t number, uint64_t capacity, struct error *error)
{
    struct env *env = files->directory->env;
    struct path path;
    struct env_file *file = NULL;
    spare_path(files, number, &path);
    enum status status = env_file_open(
        env, path.text, ENV_WRITE | ENV_DIRECT | ENV_CREATE | ENV_EXCLUSIVE, 0600, &file, error);
    if (status)
        return status;
    /* Not synced here: its header page will be, with everything before it, ahead of its name. */
    status = env_file_preallocate(file, capacity, error);
    if (status == STATUS_OK && env_file_block_size(file) > 1)
        env_file_forget(file, 0, capacity); /* the zeroes: frames will go past the page cache */
    env_file_close(file);
    if (status)
        (void)env_path_remove(env, path.text, NULL);
    return status;
}

/* Takes the spare, or makes a small one here and now. Log thread. */
static enum status take_spare(struct log_files *files, uint64_t need, uint64_t *out_number,
    uint64_t *out_capacity, struct error *error)
{
    mutex_lock(files->mutex);
    bool is_ready = files->spare == LOG_SPARE_READY && files->spare_capacity >= need;
    uint64_t number = is_ready ? files->spare_number : files->next_spare_number++;
    uint64_t capacity = files->spare_capacity;
    if (is_ready)
        files->spare = LOG_SPARE_NONE;
    mutex_unlock(files->mutex);
    if (!is_ready) {
        /* Upkeep is behind, or this is the first, or one record is huge. Small is quick, but upkeep
         * that stays behind must not make every few writes change segments. */
        capacity = files->inline_capacity < files->segment_bytes ? files->inline_capacity
                                                                 : files->segment_bytes;
        if (files->inline_capacity < LOG_INLINE_SEGMENT_BYTES)
            files->inline_capacity *= LOG_INLINE_GROWTH;
        if (capacity < need)
            capacity = (need + LOG_SEGMENT_PAGE - 1) / LOG_SEGMENT_PAGE * LOG_SEGMENT_PAGE;
        enum status status = make_spare(files, number, capacity, error);
        if (status)
            return status;
    }
    *out_number = number;
    *out_capacity = capacity;
    return STATUS_OK;
}

/* Keeps one of what is there and a new one, the larger: a spare is never worth keeping two of. Returns the other's number;
 * 0 = there was none. */
static uint64_t keep_spare_locked(struct log_files *files, uint64_t number, uint64_t capacity)
{
    uint64_t other = files->spare == LOG_SPARE_READY ? files->spare_number : 0;
    if (other && files->spare_capacity >= capacity)
        return number;
    files->spare = LOG_SPARE_READY;
    files->spare_number = number;
    files->spare_capacity = capacity;
    return other;
}

static void remove_spare(struct log_files *files, uint64_t number)
{
    struct path path;
    if (!number)
        return;
    spare_path(files, number, &path);
    (void)env_path_remove(files->directory->env, path.text, NULL);
}

enum status log_files_prepare(struct log_files *files, uint64_t need, struct error *error)
{
    uint64_t number;
    uint64_t capacity;
    enum status status = take_spare(files, need, &number, &capacity, error);
    if (status)
        return status;
    mutex_lock(files->mutex);
    uint64_t other = keep_spare_locked(files, number, capacity); /* upkeep's, finished meanwhile */
    mutex_unlock(files->mutex);
    remove_spare(files, other);
    return STATUS_OK;
}

/* Gives a spare its header, durably, and then its name, durably. */
static enum status name_spare(struct log_files *files, uint64_t spare_number, uint64_t capacity,
    struct env_file **out_file, uint64_t *out_salt, struct error *error)
{
    struct directory *directory = files->directory;
    struct path from;
    struct path to;
    struct path folder;
    struct env_file *file = NULL;
    spare_path(files, spare_number, &from);
    directory_segment_path(directory, directory->incarnation, files->next_number, &to);
    folder_path(files, &folder);

    struct log_segment_header header = {
        .number = files->next_number,
        .salt = env_random_u64(directory->env),
        .capacity = capacity,
        .made_ms = env_wall_ms(directory->env),
    };
    memcpy(header.incarnation, directory->incarnation, sizeof(header.incarnation));
    uint8_t pages[2 * LOG_SEGMENT_PAGE] = {0};
    log_segment_header_encode(&header, pages);

    enum status status = env_file_open(
        directory->env, from.text, ENV_WRITE | ENV_DIRECT, 0, &file, error);
    if (status)
        return status;
    status = env_file_write(file, 0, span_make(pages, sizeof(pages)), error);
    if (status == STATUS_OK)
        status = env_file_sync(file, error);
    if (status == STATUS_OK)
        status = env_path_rename(directory->env, from.text, to.text, error);
    pause_point("log.rename.after");
    if (status == STATUS_OK)
        status = env_directory_sync(directory->env, folder.text, error);
    if (status) {
        env_file_close(file);
        /* Its name may be there: only a new process can tell. No space must not read as "try
         * again". */
        return error_prefix(error, STATUS_IO, "log segment %" PRIu64, files->next_number);
    }
    *out_file = file;
    *out_salt = header.salt;
    return STATUS_OK;
}

enum status log_files_advance(struct log_files *files, uint64_t need, struct error *error)
{
    CHECK(!files->current);
    uint64_t spare_number;
    uint64_t capacity;
    struct log_live_segment *segment = memory_allocate_zeroed(1, sizeof(*segment));
    if (!segment)
        return error_set(error, STATUS_NO_MEMORY, "log segment %" PRIu64, files->next_number);
    enum status status = take_spare(files, need, &spare_number, &capacity, error);
    if (status == STATUS_OK)
        status = name_spare(files, spare_number, capacity, &files->file, &files->salt, error);
    if (status) {
        memory_free(segment);
        return status;
    }

    segment->number = files->next_number++;
    segment->capacity = capacity;
    segment->is_current = true;
    if (files->next_capacity < files->segment_bytes / LOG_SEGMENT_GROWTH)
        files->next_capacity *= LOG_SEGMENT_GROWTH;
    else
        files->next_capacity = files->segment_bytes;
    mutex_lock(files->mutex);
    if (files->last)
        files->last->next = segment;
    else
        files->first = segment;
    files->last = segment;
    files->bytes += capacity;
    files->count++;
    log_files_press_locked(files);
    mutex_unlock(files->mutex);
    files->current = segment;
    return STATUS_OK;
}

/* ---- Who needs them ---- */

static void schedule_upkeep_locked(struct log_files *files)
{
    if (files->is_upkeep_scheduled || files->is_stopped)
        return;
    files->is_upkeep_scheduled = true;
    executor_submit(files->upkeep, &files->upkeep_task);
}

/* Moves full segments that nobody needs to the released ones. */
static void release_locked(struct log_files *files)
{
    struct log_live_segment *before = NULL;
    struct log_live_segment *segment = files->first;
    while (segment) {
        struct log_live_segment *next = segment->next;
        if (segment->is_current || segment->pending) {
            before = segment;
            segment = next;
            continue;
        }
        if (before)
            before->next = next;
        else
            files->first = next;
        if (files->last == segment)
            files->last = before;
        segment->next = files->released;
        files->released = segment;
        schedule_upkeep_locked(files);
        segment = next;
    }
}

void log_files_retire(struct log_files *files)
{
    log_index_deinit(&files->current->index);
    mutex_lock(files->mutex);
    files->current->is_current = false;
    files->current->file = files->file;
    schedule_upkeep_locked(files);
    release_locked(files);
    mutex_unlock(files->mutex);
    files->current = NULL;
    files->file = NULL;
}

void log_files_watch(struct log_files *files, uint64_t tail)
{
    if (tail < files->current->capacity / 2)
        return;
    mutex_lock(files->mutex);
    if (files->spare == LOG_SPARE_NONE &&
        (!files->spare_retry_ns ||
            env_monotonic_ns(files->directory->env) >= files->spare_retry_ns)) {
        files->spare = LOG_SPARE_ASKED;
        files->spare_retry_ns = 0;
        files->asked_capacity = files->next_capacity;
        schedule_upkeep_locked(files);
    }
    mutex_unlock(files->mutex);
}

struct log_segment_tablet *log_files_note_locked(
    struct log_files *files, struct log_tablet *tablet, uint64_t last_sequence)
{
    mutex_assert_held(files->mutex);
    struct log_segment_tablet *records = tablet->records_last;
    if (!records || records->segment != files->current) {
        records = memory_allocate_zeroed(1, sizeof(*records));
        if (!records)
            return NULL;
        records->segment = files->current;
        records->tablet = tablet;
        records->slot = SIZE_MAX;
        records->next_of_segment = files->current->records;
        files->current->records = records;
        files->current->pending++;
        if (tablet->records_last)
            tablet->records_last->next_of_tablet = records;
        else
            tablet->records = records;
        tablet->records_last = records;
    }
    records->last_sequence = last_sequence;
    return records;
}

static void done_locked(struct log_segment_tablet *records)
{
    records->is_done = true;
    records->tablet = NULL;
    records->segment->pending--;
}

void log_files_flushed_locked(struct log_files *files, struct log_tablet *tablet)
{
    mutex_assert_held(files->mutex);
    bool is_any = false;
    while (tablet->records && tablet->records->last_sequence <= tablet->flushed_sequence) {
        struct log_segment_tablet *records = tablet->records;
        tablet->records = records->next_of_tablet;
        done_locked(records);
        is_any = true;
    }
    if (!tablet->records)
        tablet->records_last = NULL;
    if (is_any)
        release_locked(files);
}

void log_files_forget_locked(struct log_files *files, struct log_tablet *tablet)
{
    mutex_assert_held(files->mutex);
    for (struct log_segment_tablet *at = tablet->records; at; at = at->next_of_tablet)
        at->tablet = NULL;
    tablet->records = tablet->records_last = NULL;
}

void log_files_press_locked(struct log_files *files)
{
    mutex_assert_held(files->mutex);
    if (!files->pressure)
        return;
    uint64_t excess = files->bytes > files->total_bytes ? files->bytes - files->total_bytes : 0;
    for (struct log_live_segment *segment = files->first; segment && excess && !segment->is_current;
         segment = segment->next) {
        for (struct log_segment_tablet *at = segment->records; at; at = at->next_of_segment)
            if (at->tablet)
                files->pressure(files->context, at->tablet);
        excess = excess > segment->capacity ? excess - segment->capacity : 0;
    }
}

/* ---- Upkeep ---- */

/* Makes a released segment the spare. Only when the rename is durable may its header be written
 * anew: else a crash could leave another header under the old name. The header comes when it is
 * taken. */
static enum status recycle(struct log_files *files, const struct log_live_segment *segment,
    uint64_t spare_number, struct error *error)
{
    struct directory *directory = files->directory;
    struct path from;
    struct path to;
    struct path folder;
    directory_segment_path(directory, directory->incarnation, segment->number, &from);
    spare_path(files, spare_number, &to);
    folder_path(files, &folder);
    enum status status = env_path_rename(directory->env, from.text, to.text, error);
    if (status == STATUS_OK)
        status = env_directory_sync(directory->env, folder.text, error);
    return status;
}

/* Takes one released segment away. It is out of all lists. */
static void take_away(struct log_files *files, struct log_live_segment *segment)
{
    mutex_lock(files->mutex);
    bool is_spare = files->spare != LOG_SPARE_READY && segment->capacity == files->segment_bytes;
    uint64_t spare_number = files->next_spare_number;
    files->next_spare_number += is_spare;
    mutex_unlock(files->mutex);

    struct error error = {0};
    struct path path;
    directory_segment_path(files->directory, files->directory->incarnation, segment->number, &path);
    enum status status;
    if (is_spare)
        status = recycle(files, segment, spare_number, &error);
    else
        status = env_path_remove(files->directory->env, path.text, &error);
    if (status) /* it stays until this incarnation is collected: harmless */
        log_line(LOG_WARN, "log.release", "segment=%" PRIu64 " error=\"%s\"", segment->number,
            error.message);

    mutex_lock(files->mutex);
    files->bytes -= segment->capacity;
    files->count--;
    uint64_t other = 0;
    if (is_spare && status == STATUS_OK)
        other = keep_spare_locked(files, spare_number, segment->capacity);
    mutex_unlock(files->mutex);
    remove_spare(files, other);
    free_segment(segment);
}

/* Makes the spare that was asked for. */
static void make_asked(struct log_files *files, uint64_t number, uint64_t capacity)
{
    struct error error = {0};
    enum status status = make_spare(files, number, capacity, &error);
    if (status)
        log_line(LOG_WARN, "log.spare", "bytes=%" PRIu64 " error=\"%s\"", capacity, error.message);
    pause_point("log.spare.after");
    uint64_t other = 0;
    mutex_lock(files->mutex);
    if (status == STATUS_OK) { /* the log thread may have made, and used, small ones meanwhile */
        other = keep_spare_locked(files, number, capacity);
    } else if (files->spare == LOG_SPARE_ASKED) {
        files->spare = LOG_SPARE_NONE; /* asked for again later; else made when needed */
        files->spare_retry_ns = env_monotonic_ns(files->directory->env) +
                                (uint64_t)LOG_SPACE_RETRY_MS * 1000000;
    }
    mutex_unlock(files->mutex);
    remove_spare(files, other);
}

/* The file of a full segment that nobody has closed yet, or NULL. */
static struct env_file *take_file_locked(struct log_files *files)
{
    for (struct log_live_segment *at = files->first; at && !at->is_current; at = at->next)
        if (at->file) {
            struct env_file *file = at->file;
            at->file = NULL;
            return file;
        }
    return NULL;
}

static void run_upkeep(struct task *task)
{
    struct log_files *files = (struct log_files *)((char *)task -
                                                   offsetof(struct log_files, upkeep_task));
    for (;;) {
        mutex_lock(files->mutex);
        struct log_live_segment *segment = files->released;
        struct env_file *file = files->is_stopped || segment ? NULL : take_file_locked(files);
        bool is_asked = files->spare == LOG_SPARE_ASKED;
        uint64_t capacity = files->asked_capacity;
        uint64_t number = files->next_spare_number;
        if (files->is_stopped || (!segment && !file && !is_asked)) {
            files->is_upkeep_scheduled = false;
            mutex_unlock(files->mutex);
            return;
        }
        if (segment)
            files->released = segment->next;
        else if (!file)
            files->next_spare_number++;
        mutex_unlock(files->mutex);
        if (segment)
            take_away(files, segment);
        else if (file)
            env_file_close(file);
        else
            make_asked(files, number, capacity);
    }
}
