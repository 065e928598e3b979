/* The reserve: a preallocated file in our own folder that is given back when a flush or a manifest
 * finds no space (design 5), so that what frees space (flushing memtables, and with them log
 * segments) can go on while writes are refused. */
#include <inttypes.h>

#include "base/log_lines.h"
#include "storage/log_files.h"
#include "storage/memtable_memory.h"
#include "storage/store.h"

#define RESERVE_BYTES     (32u << 20)
#define RESERVE_SPARE     4    /* made only when that many times its size is free */
#define RESERVE_FIRST_MS  1000 /* after the start: nobody waits for it */
#define RESERVE_URGENT_MS 1000 /* looks while writes are refused */
#define RESERVE_PERIOD_MS 10000

static uint64_t reserve_bytes(const struct store *store)
{
    return store->config.log_segment_bytes < RESERVE_BYTES ? store->config.log_segment_bytes
                                                           : RESERVE_BYTES;
}

static void reserve_path(const struct store *store, struct path *out_path)
{
    directory_server_path(&store->directory, store->directory.incarnation, "reserve", out_path);
}

bool store_spend_reserve(struct store *store)
{
    mutex_lock(&store->mutex);
    bool had_reserve = store->has_reserve;
    store->has_reserve = false;
    mutex_unlock(&store->mutex);
    if (!had_reserve)
        return false;
    struct path path;
    struct error error = {0};
    reserve_path(store, &path);
    enum status status = env_path_remove(store->env, path.text, &error);
    log_line(LOG_WARN, "reserve.spent", "bytes=%" PRIu64 " status=\"%s\"", reserve_bytes(store),
        status_name(status));
    return status == STATUS_OK;
}

static void make_reserve(struct store *store)
{
    struct path path;
    struct env_file *file = NULL;
    reserve_path(store, &path);
    (void)env_path_remove(store->env, path.text, NULL); /* what an earlier try left */
    enum status status = env_file_open(
        store->env, path.text, ENV_WRITE | ENV_CREATE | ENV_EXCLUSIVE, 0600, &file, NULL);
    if (status == STATUS_OK)
        status = env_file_preallocate(file, reserve_bytes(store), NULL);
    env_file_close(file);
    if (status) {
        (void)env_path_remove(store->env, path.text, NULL);
        return;
    }
    mutex_lock(&store->mutex);
    store->has_reserve = true;
    mutex_unlock(&store->mutex);
}

/* So many bytes make writes worth another try: some segments of the kind that the log makes for itself, as after a start. Without a
 * reserve, what flushes may have to write of what is in memory too: they are what makes room. */
static uint64_t bytes_to_go_on(const struct store *store, bool has_reserve)
{
    uint64_t segment = store->config.log_segment_bytes;
    uint64_t wanted = 2 * (segment < LOG_INLINE_SEGMENT_BYTES ? segment : LOG_INLINE_SEGMENT_BYTES);
    if (!has_reserve)
        wanted += memtable_memory_bytes(store->memtable_memory);
    return wanted < 2 * segment ? wanted : 2 * segment;
}

static void schedule(struct store *store, uint64_t delay_ms)
{
    executor_submit_at(
        store->upkeep, &store->timer, env_monotonic_ns(store->env) + delay_ms * 1000000);
}

static void run_timer(struct task *task)
{
    struct store *store = (struct store *)((char *)task - offsetof(struct store, timer));
    if (atomic_load(&store->is_closing) || store_is_dead(store))
        return;
    mutex_lock(&store->mutex);
    bool has_reserve = store->has_reserve;
    mutex_unlock(&store->mutex);
    bool is_read_only = log_is_read_only(store->log);
    uint64_t free_bytes = 0;
    if ((!has_reserve || is_read_only) &&
        env_space_free(store->env, store->directory.root, &free_bytes, NULL) == STATUS_OK) {
        if (is_read_only && free_bytes > bytes_to_go_on(store, has_reserve))
            log_space_returned(store->log);
        if (!has_reserve && free_bytes / RESERVE_SPARE > reserve_bytes(store))
            make_reserve(store);
    }
    schedule(store, is_read_only ? RESERVE_URGENT_MS : RESERVE_PERIOD_MS);
}

void reserve_start(struct store *store)
{
    store->timer.run = run_timer;
    schedule(store, RESERVE_FIRST_MS);
}

void reserve_stop(struct store *store)
{
    /* One that has begun sees is_closing. */
    (void)executor_cancel(store->upkeep, &store->timer);
}
