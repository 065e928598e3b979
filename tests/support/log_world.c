#include "tests/support/log_world.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/env_memory.h"
#include "storage/cluster.h"
#include "storage/log_replay.h"
#include "storage/seal.h"
#include "tests/support/support.h"

const char *log_world_tablet_id(unsigned tablet)
{
    static const char *const ids[LOG_WORLD_TABLETS] = {
        "00000000000000000000000000000000", "11111111111111111111111111111111", "1588230740"};
    return ids[tablet];
}

static void note_death(void *context, const struct error *error)
{
    struct log_world *world = context;
    if (!world->has_died)
        world->death = *error;
    world->has_died = true;
}

static void note_pressure(void *context, struct log_tablet *tablet)
{
    struct log_world *world = context;
    world->pressed[tablet - world->tablets]++;
}

void log_world_init(
    struct log_world *world, struct env *env, const char *root, const char *incarnation)
{
    *world = (struct log_world){.env = env};
    assert_int_equal(directory_init(&world->directory, env, root, incarnation, NULL), STATUS_OK);
    for (unsigned i = 0; i < LOG_WORLD_TABLETS; i++)
        log_tablet_init(&world->tablets[i], log_world_tablet_id(i), 0);
}

enum status log_world_open(struct log_world *world, struct error *error)
{
    char id[CLUSTER_ID_SIZE];
    enum status status = cluster_open(&world->directory, id, error);
    if (status == STATUS_OK)
        status = directory_make(&world->directory, error);
    if (status == STATUS_OK)
        status = seal_register(&world->directory, &world->alive, error);
    if (status == STATUS_OK)
        status = env_executor_new(world->env, "upkeep", 1, &world->upkeep, error);
    struct log_config config = {
        .directory = &world->directory,
        .alive = world->alive,
        .upkeep = world->upkeep,
        .segment_bytes = world->segment_bytes ? world->segment_bytes : 64 << 10,
        .total_bytes = world->total_bytes ? world->total_bytes : UINT64_MAX,
        .context = world,
        .fatal = note_death,
        .pressure = note_pressure,
    };
    if (status == STATUS_OK)
        status = log_open(&config, &world->log, error);
    return status;
}

void log_world_deinit(struct log_world *world)
{
    log_stop(world->log);
    executor_free(world->upkeep);
    for (unsigned i = 0; i < LOG_WORLD_TABLETS; i++)
        log_tablet_deinit(world->log, &world->tablets[i]);
    log_free(world->log);
    env_file_close(world->alive);
    for (size_t i = 0; i < world->entry_count; i++) {
        free(world->entries[i]->body);
        free(world->entries[i]);
    }
    free(world->entries);
}

static void appended(struct log_entry *log_entry)
{
    struct log_world_entry *entry = (struct log_world_entry *)log_entry;
    struct log_world *world = entry->world;
    assert_false(entry->is_appended || entry->is_refused);
    if (log_entry->status != STATUS_OK) {
        entry->is_refused = entry->is_done = true;
        return;
    }
    entry->is_appended = true;
    entry->calls = env_memory_call_count(world->env);
    if (world->last_appended)
        world->last_appended->next = entry;
    else
        world->first_appended = entry;
    world->last_appended = entry;
    if (entry->then)
        log_append(world->log, &entry->then->entry);
}

static void durable(struct log_entry *log_entry)
{
    struct log_world_entry *entry = (struct log_world_entry *)log_entry;
    assert_true(entry->is_appended && !entry->is_done);
    entry->is_durable = log_entry->status == STATUS_OK;
    entry->is_done = true;
}

static struct log_world_entry *make_entry(
    struct log_world *world, unsigned tablet, size_t size, enum durability durability)
{
    struct log_world_entry *entry = calloc(1, sizeof(*entry));
    world->entries = realloc(world->entries, (world->entry_count + 1) * sizeof(*world->entries));
    assert_non_null(entry);
    assert_non_null(world->entries);
    entry->world = world;
    entry->tablet = tablet;
    entry->number = (unsigned)world->entry_count;
    world->entries[world->entry_count++] = entry;
    char head[32];
    int head_size = snprintf(head, sizeof(head), "%u:%u:", tablet, entry->number);
    if (size < (size_t)head_size)
        size = (size_t)head_size;
    entry->body = malloc(size);
    assert_non_null(entry->body);
    memset(entry->body, 'a' + (int)(entry->number % 26), size);
    memcpy(entry->body, head, (size_t)head_size);
    entry->entry = (struct log_entry){
        .tablet = &world->tablets[tablet],
        .body = span_make(entry->body, size),
        .sequence_count = 1 + entry->number % 3,
        .durability = durability,
        .appended = appended,
        .durable = durable,
    };
    return entry;
}

struct log_world_entry *log_world_append(
    struct log_world *world, unsigned tablet, size_t size, enum durability durability)
{
    struct log_world_entry *entry = make_entry(world, tablet, size, durability);
    log_append(world->log, &entry->entry);
    return entry;
}

struct log_world_entry *log_world_barrier(struct log_world *world, unsigned tablet)
{
    struct log_world_entry *entry = make_entry(world, tablet, 0, DURABILITY_SYNC_WAL);
    entry->entry.body = SPAN_EMPTY;
    entry->entry.sequence_count = 0;
    log_append(world->log, &entry->entry);
    return entry;
}

struct log_world_entry *log_world_append_then(
    struct log_world_entry *after, unsigned tablet, size_t size)
{
    after->then = make_entry(after->world, tablet, size, DURABILITY_SYNC_WAL);
    return after->then;
}

void log_world_run(struct log_world *world)
{
    env_memory_run_until(world->env, NULL, 10 * 1000000);
}

static void note_closed(struct completion *completion)
{
    (void)completion;
}

void log_world_close(struct log_world *world)
{
    struct completion closing = {.done = note_closed};
    log_close(world->log, &closing);
    log_world_run(world);
}

/* ---- Recovery, as recovery.c does it but without a store ---- */

enum status log_world_recover(struct env *env, const char *root, const char *incarnation,
    const char *tablet_id,
    enum status (*each)(void *context, const struct log_record *record, struct error *error),
    void *context, struct error *error)
{
    static unsigned recoverers;
    struct directory directory;
    struct plan plan = {0};
    char name[40];
    struct path folder;
    snprintf(name, sizeof(name), "recoverer%u", recoverers++);
    enum status status = directory_init(&directory, env, root, name, error);
    directory_path(&directory, &folder, "servers/%s", name);
    if (status == STATUS_OK)
        status = env_directory_make(env, folder.text, 0700, error);
    if (status == STATUS_OK)
        status = seal_make(&directory, incarnation, error);
    if (status == STATUS_OK)
        status = plan_make(&directory, incarnation, &plan, error);
    for (size_t i = 0; i < plan.segment_count && status == STATUS_OK; i++)
        status = plan_load_index(&directory, &plan, &plan.segments[i], error);
    if (status == STATUS_OK)
        status = log_replay(&directory, &plan, tablet_id, 1, each, context, error);
    plan_deinit(&plan);
    return status;
}
