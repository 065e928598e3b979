#include "storage/collector.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log_lines.h"
#include "base/memory.h"
#include "base/pause.h"
#include "storage/dead_incarnations.h"
#include "storage/name_list.h"
#include "storage/references.h"
#include "storage/seal.h"
#include "storage/store.h"
#include "storage/trash.h"

struct given_up {
    struct given_up *next;
    char table_id[TABLE_ID_SIZE];
    char file[SSTABLE_NAME_SIZE];
};

struct collector {
    struct store *store;
    struct mutex mutex;     /* LOCK_RANK_COLLECTOR */
    struct given_up *files; /* guarded: to be deleted with proof */
    size_t holds;           /* guarded */
    uint64_t holds_begun;   /* guarded: how many ever */
    uint64_t pass_holds;    /* guarded: holds_begun as the pass under way began */
    bool is_pass_held;      /* guarded: somebody held it then */
    bool is_woken;          /* guarded: a pass is due soon */
    bool is_scheduled;      /* guarded: the timer is set, or its task about to begin */
    bool is_running;        /* guarded: a pass */
    bool is_stopped;        /* guarded */
    uint64_t epoch;         /* guarded: of the tenure whose trash is used */
    struct name_list
        gone; /* the pass's: incarnations that the one before it found without a folder */
    struct task timer;
};

/* What a pass knows. */
struct pass {
    struct collector *collector;
    struct trash trash;            /* of the tenure in which it began */
    struct dead_incarnations dead; /* before `references` were read */
    struct references references;
    struct dead_incarnations found; /* without a folder: dead in the next pass */
};

/* ---- SSTables ---- */

static enum status trash_sstable(
    const struct trash *trash, const char *table_id, const char *file, struct error *error)
{
    struct path from;
    struct path to;
    char what[TABLE_ID_SIZE + SSTABLE_NAME_SIZE + 1];
    snprintf(what, sizeof(what), "%s-%s", table_id, file);
    directory_sstable_path(trash->directory, table_id, file, &from);
    trash_path(trash, what, &to);
    pause_point("collector.trash.before");
    enum status status = trash_move(trash, &from, &to, error);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

/* When somebody copied pointers at any time since the pass began, what was read of manifests and
 * snapshots may lack them: no file goes. */
static bool is_held(struct collector *collector)
{
    mutex_lock(&collector->mutex);
    bool held = collector->is_stopped || collector->is_pass_held ||
                collector->holds_begun != collector->pass_holds;
    mutex_unlock(&collector->mutex);
    return held;
}

/* Deletes of `files` what nothing names; returns what has to wait. */
static struct given_up *collect_given_up(const struct pass *pass, struct given_up *files)
{
    struct collector *collector = pass->collector;
    const struct references *references = &pass->references;
    struct given_up *kept = NULL;
    while (files) {
        struct given_up *next = files->next;
        struct error error = {0};
        enum status status = STATUS_BUSY;
        /* Named by a manifest: of another table, or its dropper was wrong. Then it is not ours to
         * delete, and an orphan like any other once it is. */
        bool is_named = references_have_file(references, files->table_id, files->file);
        if (!is_named && !is_held(collector))
            status = trash_sstable(&pass->trash, files->table_id, files->file, &error);
        if (status == STATUS_OK || is_named) {
            memory_free(files);
        } else {
            files->next = kept;
            kept = files;
        }
        files = next;
    }
    return kept;
}

/* Whether it was dead before the references were read, and can commit nothing that they lack. One that is gone now may
 * have come and gone meanwhile: the next pass knows that it was dead before. */
static enum status was_incarnation_dead(
    struct pass *pass, const char *incarnation, bool *out_was_dead, struct error *error)
{
    struct store *store = pass->collector->store;
    *out_was_dead = false;
    if (strcmp(incarnation, store->directory.incarnation) == 0)
        return STATUS_OK;
    *out_was_dead = (dead_incarnations_is_sealed(&pass->dead, incarnation) &&
                        !references_have_owner(&pass->references, incarnation)) ||
                    dead_incarnations_is_gone(&pass->dead, incarnation);
    if (dead_incarnations_is_sealed(&pass->dead, incarnation) ||
        dead_incarnations_is_gone(&pass->found, incarnation))
        return STATUS_OK;
    struct path folder;
    bool is_there = true;
    directory_path(&store->directory, &folder, "servers/%s", incarnation);
    enum status status = directory_exists(store->env, folder.text, &is_there, error);
    return status || is_there ? status : dead_incarnations_note(&pass->found, incarnation, error);
}

/* Files that dead incarnations made and never committed, or gave up and had no time to delete. */
static enum status collect_orphans_of(struct pass *pass, const char *table_id, struct error *error)
{
    struct store *store = pass->collector->store;
    struct name_list names;
    struct path folder;
    bool is_there = false;
    directory_sstables_path(&store->directory, table_id, &folder);
    enum status status = directory_exists(store->env, folder.text, &is_there, error);
    if (status || !is_there)
        return status;
    status = name_list_read(store->env, folder.text, &names, error);
    for (size_t i = 0; i < names.count && status == STATUS_OK; i++) {
        char incarnation[DIRECTORY_NAME_SIZE + 1];
        uint64_t number;
        bool was_dead = false;
        if (!directory_sstable_name_parse(names.items[i], incarnation, &number) ||
            references_have_file(&pass->references, table_id, names.items[i]))
            continue;
        status = was_incarnation_dead(pass, incarnation, &was_dead, error);
        if (status == STATUS_OK && was_dead && !is_held(pass->collector))
            status = trash_sstable(&pass->trash, table_id, names.items[i], error);
    }
    name_list_deinit(&names);
    return status;
}

static enum status collect_orphans(struct pass *pass, struct error *error)
{
    struct store *store = pass->collector->store;
    struct name_list tables;
    struct path folder;
    directory_path(&store->directory, &folder, "tables");
    enum status status = name_list_read(store->env, folder.text, &tables, error);
    for (size_t i = 0; i < tables.count && status == STATUS_OK; i++)
        status = collect_orphans_of(pass, tables.items[i], error);
    name_list_deinit(&tables);
    return status;
}

/* ---- Dead incarnations ---- */

/* A dead incarnation goes in three steps, and every beginning, cut anywhere, is one that nobody needs:
 *
 *   its folder is renamed into the trash: a zombie of it finds no place for temporaries any more, so
 *   it commits nothing, and nothing of it is left half
 *   the manifests are read again: what a zombie committed before that names it, and it comes back
 *   its seal is removed
 *
 * Who finds an owner without a folder (recovery.c) knows that it is dead and that its log is empty of
 * what counts. */
struct leaving {
    struct leaving *next;
    char incarnation[DIRECTORY_NAME_SIZE + 1];
    struct path trash;
};

static enum status sync_both(const struct trash *trash, struct error *error)
{
    struct path path;
    enum status status = trash_sync(trash, error);
    directory_path(trash->directory, &path, "servers");
    return status ? status : env_directory_sync(trash->directory->env, path.text, error);
}

/* Nobody needs it, as far as was read; it was sealed before, or a tablet that it opened since may need its log. */
static enum status is_collectable(
    const struct pass *pass, const char *incarnation, bool *out_is, struct error *error)
{
    struct store *store = pass->collector->store;
    *out_is = false;
    if (strcmp(incarnation, store->directory.incarnation) == 0 ||
        references_have_incarnation(&pass->references, incarnation))
        return STATUS_OK;
    struct path path;
    bool is_registered = true;
    if (dead_incarnations_is_sealed(&pass->dead, incarnation)) {
        /* In whole, whoever began: when its seal is gone, the mode alone tells it. */
        enum status sealed = seal_make(&store->directory, incarnation, error);
        *out_is = sealed == STATUS_OK;
        return sealed;
    }
    directory_server_path(&store->directory, incarnation, "alive", &path);
    enum status status = directory_exists(store->env, path.text, &is_registered, error);
    if (status || is_registered)
        return status;
    /* Cut before it was registered, or just starting: only an empty folder goes, and then the start
     * fails. */
    directory_path(&store->directory, &path, "servers/%s", incarnation);
    status = env_directory_remove(store->env, path.text, error);
    return status == STATUS_BUSY || status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

static enum status send_away(const struct trash *trash, const char *incarnation,
    struct leaving **leaving, struct error *error)
{
    struct path from;
    char what[DIRECTORY_NAME_SIZE + 16];
    struct leaving *one = memory_allocate_zeroed(1, sizeof(*one));
    if (!one)
        return error_set(error, STATUS_NO_MEMORY, "dead incarnations");
    CHECK(strlen(incarnation) < sizeof(one->incarnation));
    strcpy(one->incarnation, incarnation);
    directory_path(trash->directory, &from, "servers/%s", incarnation);
    snprintf(what, sizeof(what), "server-%s", incarnation);
    trash_path(trash, what, &one->trash);
    enum status status = trash_move(trash, &from, &one->trash, error);
    if (status) {
        memory_free(one);
        return status;
    }
    one->next = *leaving;
    *leaving = one;
    return STATUS_OK;
}

static enum status call_back(
    const struct trash *trash, const struct leaving *one, struct error *error)
{
    struct path to;
    directory_path(trash->directory, &to, "servers/%s", one->incarnation);
    return trash_move(trash, &one->trash, &to, error);
}

static enum status remove_seal(struct store *store, const char *incarnation, struct error *error)
{
    struct path path;
    directory_seal_path(&store->directory, incarnation, &path);
    enum status status = env_path_remove(store->env, path.text, error);
    if (status == STATUS_NOT_FOUND)
        status = STATUS_OK;
    if (status == STATUS_OK)
        log_line(LOG_INFO, "incarnation.collected", "incarnation=%s", incarnation);
    return status;
}

static enum status send_all_away(
    const struct pass *pass, struct leaving **leaving, struct error *error)
{
    struct store *store = pass->collector->store;
    struct name_list names;
    struct path folder;
    directory_path(&store->directory, &folder, "servers");
    enum status status = name_list_read(store->env, folder.text, &names, error);
    for (size_t i = 0; i < names.count && status == STATUS_OK; i++) {
        bool is = false;
        status = is_collectable(pass, names.items[i], &is, error);
        if (status == STATUS_OK && is)
            status = send_away(&pass->trash, names.items[i], leaving, error);
    }
    name_list_deinit(&names);
    return status;
}

/* Seals whose incarnation went in a pass that was cut. */
static enum status remove_left_seals(struct store *store, struct error *error)
{
    struct name_list names;
    struct path folder;
    directory_path(&store->directory, &folder, "sealed");
    enum status status = name_list_read(store->env, folder.text, &names, error);
    for (size_t i = 0; i < names.count && status == STATUS_OK; i++) {
        bool is_there = true;
        struct path path;
        directory_path(&store->directory, &path, "servers/%s", names.items[i]);
        status = directory_exists(store->env, path.text, &is_there, error);
        if (status == STATUS_OK &&
            !is_there) { /* unless it comes back with the end of who sent it away */
            directory_path(&store->directory, &folder, "servers");
            status = env_directory_sync(store->env, folder.text, error);
            if (status == STATUS_OK)
                status = directory_exists(store->env, path.text, &is_there, error);
        }
        if (status == STATUS_OK && !is_there)
            status = remove_seal(store, names.items[i], error);
    }
    name_list_deinit(&names);
    return status;
}

static enum status collect_incarnations(const struct pass *pass, struct error *error)
{
    struct store *store = pass->collector->store;
    struct leaving *leaving = NULL;
    enum status status = remove_left_seals(store, error);
    if (status == STATUS_OK)
        status = send_all_away(pass, &leaving, error);
    if (!leaving)
        return status;
    struct references again;
    enum status read = sync_both(&pass->trash, status ? NULL : error);
    pause_point("collector.incarnation.between");
    if (read == STATUS_OK)
        read = references_read(&store->directory, &again, status ? NULL : error);
    while (leaving) {
        struct leaving *one = leaving;
        leaving = one->next;
        bool is_needed = read != STATUS_OK || references_have_incarnation(&again, one->incarnation);
        enum status last = is_needed ? call_back(&pass->trash, one, status ? NULL : error)
                                     : remove_seal(store, one->incarnation, status ? NULL : error);
        status = status ? status : last;
        memory_free(one);
    }
    if (read == STATUS_OK)
        references_deinit(&again);
    return status ? status : read;
}

/* ---- Dropped tables ---- */

enum status collector_trash_table(
    const struct trash *trash, const char *table_id, struct error *error)
{
    struct path from;
    struct path to;
    struct path folder;
    directory_table_path(trash->directory, table_id, &from);
    trash_path(trash, table_id, &to);
    enum status status = trash_move(trash, &from, &to, error);
    if (status == STATUS_OK)
        status = trash_sync(trash, error);
    directory_path(trash->directory, &folder, "tables");
    return status ? status : env_directory_sync(trash->directory->env, folder.text, error);
}

/* Tables that could not go when they were dropped, for others pointed at their files. */
static enum status collect_tables(const struct pass *pass, struct error *error)
{
    struct collector *collector = pass->collector;
    struct store *store = collector->store;
    struct name_list tables;
    struct path folder;
    directory_path(&store->directory, &folder, "tables");
    enum status status = name_list_read(store->env, folder.text, &tables, error);
    for (size_t i = 0; i < tables.count && status == STATUS_OK; i++) {
        bool is_ready = false;
        if (!directory_id_is_valid(tables.items[i]) ||
            references_have_table(&pass->references, tables.items[i]) || is_held(collector))
            continue;
        status = catalog_is_removable(store, tables.items[i], &is_ready, error);
        if (status == STATUS_OK && is_ready)
            status = collector_trash_table(&pass->trash, tables.items[i], error);
    }
    name_list_deinit(&tables);
    return status;
}

/* ---- Passes ---- */

/* False when one is under way: the timer's and one that was asked for. */
static bool begin_pass(struct pass *pass)
{
    struct collector *collector = pass->collector;
    mutex_lock(&collector->mutex);
    bool begins = !collector->is_running;
    if (begins) {
        collector->is_running = true;
        pass->trash = (struct trash){&collector->store->directory, collector->epoch};
        collector->pass_holds = collector->holds_begun;
        collector->is_pass_held = collector->holds > 0;
    }
    mutex_unlock(&collector->mutex);
    return begins;
}

static void end_pass(struct collector *collector)
{
    mutex_lock(&collector->mutex);
    collector->is_running = false;
    mutex_unlock(&collector->mutex);
}

static struct given_up *take_given_up(struct collector *collector)
{
    mutex_lock(&collector->mutex);
    struct given_up *files = collector->files;
    collector->files = NULL;
    mutex_unlock(&collector->mutex);
    return files;
}

static void put_back(struct collector *collector, struct given_up *files)
{
    if (!files)
        return;
    struct given_up *last = files;
    while (last->next)
        last = last->next;
    mutex_lock(&collector->mutex);
    last->next = collector->files;
    collector->files = files;
    mutex_unlock(&collector->mutex);
}

/* What is dead is read first: then what was given up, for it is in no manifest that is read after it. */
static enum status read_all(struct pass *pass, struct given_up **out_files, struct error *error)
{
    struct collector *collector = pass->collector;
    enum status status = dead_incarnations_read(&collector->store->directory, &pass->dead, error);
    if (status)
        return status;
    pass->dead.gone = collector->gone;
    collector->gone = (struct name_list){0};
    *out_files = take_given_up(collector);
    status = references_read(&collector->store->directory, &pass->references, error);
    pause_point("collector.read.after");
    return status;
}

static enum status collect(struct pass *pass, struct given_up *files, struct error *error)
{
    struct collector *collector = pass->collector;
    put_back(collector, collect_given_up(pass, files));
    enum status status = collect_orphans(pass, error);
    if (status == STATUS_OK) {
        collector->gone = pass->found.gone;
        pass->found.gone = (struct name_list){0};
        status = collect_tables(pass, error);
    }
    if (status == STATUS_OK)
        status = collect_incarnations(pass, error);
    if (status == STATUS_OK)
        status = trash_empty(&pass->trash, error);
    references_deinit(&pass->references);
    return status;
}

enum status collector_run(struct collector *collector, struct error *error)
{
    struct pass pass = {.collector = collector};
    struct given_up *files = NULL;
    if (!begin_pass(&pass))
        return STATUS_OK;
    enum status status = read_all(&pass, &files, error);
    if (status)
        put_back(collector, files);
    else
        status = collect(&pass, files, error);
    dead_incarnations_deinit(&pass.dead);
    dead_incarnations_deinit(&pass.found);
    end_pass(collector);
    return status ? error_prefix(error, status, "collect") : STATUS_OK;
}

struct trash collector_trash(struct collector *collector)
{
    mutex_lock(&collector->mutex);
    struct trash trash = {&collector->store->directory, collector->epoch};
    mutex_unlock(&collector->mutex);
    return trash;
}

enum status collector_names_table(
    struct collector *collector, const char *table_id, bool *out_is_named, struct error *error)
{
    struct references references;
    enum status status = references_read(&collector->store->directory, &references, error);
    if (status)
        return status;
    *out_is_named = references_have_table(&references, table_id);
    references_deinit(&references);
    return STATUS_OK;
}

static void schedule_locked(struct collector *collector, uint64_t delay_ms)
{
    struct store *store = collector->store;
    collector->is_scheduled = true;
    executor_submit_at(
        store->upkeep, &collector->timer, env_monotonic_ns(store->env) + delay_ms * 1000000);
}

static void run_timer(struct task *task)
{
    struct collector *collector = (struct collector *)((char *)task -
                                                       offsetof(struct collector, timer));
    mutex_lock(&collector->mutex);
    bool is_stopped = collector->is_stopped;
    collector->is_woken = false;
    collector->is_scheduled = false;
    mutex_unlock(&collector->mutex);

    struct error error = {0};
    enum status status = STATUS_OK;
    if (!is_stopped && !store_is_dead(collector->store))
        status = collector_run(collector, &error);
    if (status)
        log_line(LOG_WARN, "collector.pass", "error=\"%s\"", error.message);

    mutex_lock(&collector->mutex);
    if (!collector->is_stopped && !collector->is_scheduled)
        schedule_locked(collector, collector->is_woken ? COLLECTOR_DELAY_MS : COLLECTOR_PERIOD_MS);
    mutex_unlock(&collector->mutex);
}

/* ---- From outside ---- */

enum status collector_new(
    struct store *store, struct collector **out_collector, struct error *error)
{
    struct collector *collector = memory_allocate_zeroed(1, sizeof(*collector));
    if (!collector)
        return error_set(error, STATUS_NO_MEMORY, "collector");
    collector->store = store;
    collector->timer.run = run_timer;
    collector->is_stopped = true;
    mutex_init(&collector->mutex, LOCK_RANK_COLLECTOR);
    *out_collector = collector;
    return STATUS_OK;
}

void collector_free(struct collector *collector)
{
    if (!collector)
        return;
    while (collector->files) {
        struct given_up *next = collector->files->next;
        memory_free(collector->files);
        collector->files = next;
    }
    name_list_deinit(&collector->gone);
    mutex_deinit(&collector->mutex);
    memory_free(collector);
}

void collector_start(struct collector *collector)
{
    mutex_lock(&collector->mutex);
    bool was_stopped = collector->is_stopped;
    collector->is_stopped = false;
    collector->is_woken = collector->is_woken || was_stopped;
    if (was_stopped && !collector->is_scheduled)
        schedule_locked(collector, COLLECTOR_FIRST_MS);
    mutex_unlock(&collector->mutex);
}

void collector_stop(struct collector *collector)
{
    mutex_lock(&collector->mutex);
    if (!collector->is_stopped) {
        collector->is_stopped = true;
        if (executor_cancel(collector->store->upkeep, &collector->timer))
            collector->is_scheduled = false;
    }
    mutex_unlock(&collector->mutex);
}

void collector_wake(struct collector *collector)
{
    mutex_lock(&collector->mutex);
    bool is_idle = !collector->is_woken && collector->is_scheduled && !collector->is_stopped;
    collector->is_woken = true;
    if (is_idle && executor_cancel(collector->store->upkeep, &collector->timer))
        schedule_locked(collector, COLLECTOR_DELAY_MS);
    mutex_unlock(&collector->mutex);
}

void collector_give_up(struct collector *collector, const char *table_id, const char *file)
{
    struct given_up *given = memory_allocate_zeroed(1, sizeof(*given));
    if (!given || strlen(table_id) >= sizeof(given->table_id) ||
        strlen(file) >= sizeof(given->file)) {
        memory_free(given);
        return;
    }
    strcpy(given->table_id, table_id);
    strcpy(given->file, file);
    put_back(collector, given);
    collector_wake(collector);
}

size_t collector_take_given_up(struct collector *collector, size_t limit,
    void (*each)(void *context, const char *table_id, const char *file), void *context)
{
    struct given_up *files = take_given_up(collector);
    size_t taken = 0;
    while (files && taken < limit) {
        struct given_up *next = files->next;
        each(context, files->table_id, files->file);
        memory_free(files);
        files = next;
        taken++;
    }
    put_back(collector, files);
    return taken;
}

void collector_hold(struct collector *collector)
{
    mutex_lock(&collector->mutex);
    collector->holds++;
    collector->holds_begun++;
    mutex_unlock(&collector->mutex);
}

void collector_release(struct collector *collector)
{
    mutex_lock(&collector->mutex);
    CHECK(collector->holds > 0);
    bool is_last = --collector->holds == 0 && collector->files;
    mutex_unlock(&collector->mutex);
    if (is_last)
        collector_wake(collector);
}

/* ---- storage.h's ---- */

enum status store_collector_take(
    struct store *store, uint64_t epoch, bool is_alone, struct error *error)
{
    enum status status = trash_fence(&store->directory, epoch, is_alone, error);
    if (status)
        return status;
    mutex_lock(&store->collector->mutex);
    store->collector->epoch = epoch;
    mutex_unlock(&store->collector->mutex);
    return STATUS_OK;
}

void store_collector_enable(struct store *store, bool is_enabled)
{
    if (is_enabled && store->config.role != STORE_TABLETS && !atomic_load(&store->is_closing))
        collector_start(store->collector);
    else
        collector_stop(store->collector);
}

enum status store_collector_run(struct store *store, struct error *error)
{
    mutex_lock(&store->collector->mutex);
    bool is_stopped = store->collector->is_stopped;
    mutex_unlock(&store->collector->mutex);
    return is_stopped ? STATUS_OK : collector_run(store->collector, error);
}

size_t store_take_given_up(struct store *store, size_t limit,
    void (*each)(void *context, const char *table_id, const char *file), void *context)
{
    return collector_take_given_up(store->collector, limit, each, context);
}

void store_give_up(struct store *store, const char *table_id, const char *file)
{
    collector_give_up(store->collector, table_id, file);
}
