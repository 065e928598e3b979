#include "bench/engine_store.h"

#include <ftw.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TABLET_NAME    "0123456789abcdef0123456789abcdef"
#define CLOSE_FLUSH_MS 5000
#define DESCRIPTORS    16 /* that the removal of a directory may hold open */

struct waited {
    struct completion completion; /* first */
    pthread_mutex_t mutex;
    pthread_cond_t is_done_now;
    bool is_done;
};

static void on_closed(struct completion *completion)
{
    struct waited *waited = (struct waited *)completion;
    pthread_mutex_lock(&waited->mutex);
    waited->is_done = true;
    pthread_cond_signal(&waited->is_done_now);
    pthread_mutex_unlock(&waited->mutex);
}

static enum status choose_directory(
    struct engine_store *engine, const char *directory, struct error *error)
{
    const char *parent = getenv("TMPDIR");
    if (directory) {
        snprintf(engine->directory, sizeof engine->directory, "%s", directory);
        return STATUS_OK;
    }
    snprintf(engine->directory, sizeof engine->directory, "%s/stele-engine.XXXXXX",
        parent && *parent ? parent : "/tmp");
    if (!mkdtemp(engine->directory))
        return error_set(
            error, STATUS_IO, "a directory cannot be made at %s: %m", engine->directory);
    engine->is_own_directory = true;
    return STATUS_OK;
}

static enum status make_tablet(struct engine_store *engine, const char *family, struct error *error)
{
    struct family_schema *families = arena_allocate_zeroed(&engine->arena, 1, sizeof *families);
    struct table_descriptor descriptor = {.state = TABLE_ENABLED};
    struct tablet_info info = {.id = TABLET_NAME, .region_id = 1, .state = TABLET_CLOSED};
    if (!families)
        return error_set(error, STATUS_NO_MEMORY, "no memory for a schema");
    families->name = arena_copy(&engine->arena, span_string(family));
    descriptor.schema = (struct table_schema){
        .name = SPAN_LITERAL("bench"), .families = families, .family_count = 1};
    enum status status = table_schema_check(&descriptor.schema, error);
    store_table_id_new(engine->store, descriptor.id);
    memcpy(info.table_id, descriptor.id, sizeof info.table_id);
    if (!status)
        status = store_table_commit(engine->store, &descriptor, error);
    if (!status)
        status = store_tablet_create(engine->store, descriptor.id, &info, 1, error);
    if (!status)
        status = store_tablet_open(
            engine->store, descriptor.id, info.id, &descriptor.schema, &engine->tablet, error);
    return status;
}

enum status engine_store_open(struct engine_store *engine, const char *directory,
    const char *family, uint64_t memory_bytes, struct error *error)
{
    char incarnation[64];
    *engine = (struct engine_store){0};
    snprintf(incarnation, sizeof incarnation, "engine,0,%lld", (long long)env_wall_ms(env_real()));
    enum status status = choose_directory(engine, directory, error);
    struct store_config config = {.env = env_real(),
        .role = STORE_ALONE,
        .root = engine->directory,
        .incarnation = incarnation,
        .memtable_budget_bytes = memory_bytes,
        .cache_budget_bytes = memory_bytes};
    if (!status)
        status = store_open(&config, &engine->store, error);
    if (!status)
        status = make_tablet(engine, family, error);
    return status;
}

static int remove_one(const char *path, const struct stat *stat, int kind, struct FTW *where)
{
    (void)stat;
    (void)kind;
    (void)where;
    return remove(path);
}

void engine_store_close(struct engine_store *engine)
{
    if (engine->tablet)
        tablet_unref(engine->tablet);
    if (engine->store) {
        struct waited waited = {.completion = {.done = on_closed},
            .mutex = PTHREAD_MUTEX_INITIALIZER,
            .is_done_now = PTHREAD_COND_INITIALIZER};
        store_close(
            engine->store, engine->is_own_directory ? 0 : CLOSE_FLUSH_MS, &waited.completion);
        pthread_mutex_lock(&waited.mutex);
        while (!waited.is_done)
            pthread_cond_wait(&waited.is_done_now, &waited.mutex);
        pthread_mutex_unlock(&waited.mutex);
        store_free(engine->store);
    }
    if (engine->is_own_directory)
        nftw(engine->directory, remove_one, DESCRIPTORS, FTW_DEPTH | FTW_PHYS);
    arena_deinit(&engine->arena);
    *engine = (struct engine_store){0};
}
