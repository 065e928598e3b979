#include "storage/recovery.h"

#include <inttypes.h>

#include "base/memory.h"
#include "storage/seal.h"
#include "storage/store.h"

/* A plan with every index read, kept by the store: a crashed server's tablets all need it. */
struct recovery_plan {
    struct recovery_plan *next;
    struct plan plan;
};

void recovery_plans_free(struct recovery_plan *plans)
{
    while (plans) {
        struct recovery_plan *next = plans->next;
        plan_deinit(&plans->plan);
        memory_free(plans);
        plans = next;
    }
}

static struct recovery_plan *find_plan_locked(struct store *store, const char *incarnation)
{
    for (struct recovery_plan *at = store->plans; at; at = at->next)
        if (strcmp(at->plan.incarnation, incarnation) == 0)
            return at;
    return NULL;
}

/* The plan with its indexes; borrowed for the store's life. */
static enum status load_plan(
    struct store *store, const char *incarnation, const struct plan **out_plan, struct error *error)
{
    mutex_lock(&store->mutex);
    struct recovery_plan *known = find_plan_locked(store, incarnation);
    mutex_unlock(&store->mutex);
    if (known) {
        *out_plan = &known->plan;
        return STATUS_OK;
    }

    struct recovery_plan *fresh = memory_allocate_zeroed(1, sizeof(*fresh));
    if (!fresh)
        return error_set(error, STATUS_NO_MEMORY, "plan of %s", incarnation);
    /* Who sealed it may have died before that was durable, or before the plan; and the collector that called its folder
     * back, before that was. */
    struct path folder;
    directory_path(&store->directory, &folder, "servers");
    enum status status = seal_make(&store->directory, incarnation, error);
    if (status == STATUS_OK)
        status = env_directory_sync(store->env, folder.text, error);
    if (status == STATUS_OK)
        status = plan_make(&store->directory, incarnation, &fresh->plan, error);
    for (size_t i = 0; i < fresh->plan.segment_count && status == STATUS_OK; i++) {
        status = plan_load_index(&store->directory, &fresh->plan, &fresh->plan.segments[i], error);
        if (status == STATUS_NOT_FOUND) /* an incarnation is collected in whole, plan last */
            status = error_prefix(error, STATUS_CORRUPT, "segment of a plan");
    }
    if (status) {
        recovery_plans_free(fresh);
        return status;
    }
    mutex_lock(&store->mutex);
    known = find_plan_locked(store, incarnation);
    if (!known) {
        fresh->next = store->plans;
        store->plans = known = fresh;
        fresh = NULL;
    }
    mutex_unlock(&store->mutex);
    recovery_plans_free(fresh); /* another thread was first */
    *out_plan = &known->plan;
    return STATUS_OK;
}

/* Encoded names in manifests are bounded (manifest_decode). */
static void copy_name(struct span name, char out_name[DIRECTORY_NAME_SIZE + 1])
{
    CHECK(name.size <= DIRECTORY_NAME_SIZE);
    memcpy(out_name, name.data, name.size);
    out_name[name.size] = '\0';
}

static enum status is_incarnation_there(
    struct store *store, const char *incarnation, bool *out_is, struct error *error)
{
    struct path path;
    directory_path(&store->directory, &path, "servers/%s", incarnation);
    return directory_exists(store->env, path.text, out_is, error);
}

enum status recovery_is_served(
    struct store *store, const struct manifest *manifest, bool *out_is, struct error *error)
{
    char owner[DIRECTORY_NAME_SIZE + 1];
    bool is_sealed = false;
    bool is_there = true;
    *out_is = false;
    if (manifest->state != TABLET_OPEN)
        return STATUS_OK;
    copy_name(manifest->owner, owner);
    enum status status = seal_exists(&store->directory, owner, &is_sealed, error);
    if (status == STATUS_OK)
        status = is_incarnation_there(store, owner, &is_there, error);
    *out_is = !is_sealed && is_there;
    return status;
}

enum status recovery_list(struct store *store, const struct manifest *manifest,
    uint64_t from_sequence, struct arena *arena, struct manifest_dead_log **out_logs,
    size_t *out_count, struct error *error)
{
    size_t count = manifest->dead_log_count;
    bool is_open = manifest->state == TABLET_OPEN;
    struct manifest_dead_log *logs = arena_allocate_zeroed(arena, count + is_open, sizeof(*logs));
    if (!logs)
        return error_set(error, STATUS_NO_MEMORY, "dead logs of tablet %s", manifest->tablet_id);
    if (count)
        memcpy(logs, manifest->dead_logs, count * sizeof(*logs));
    if (is_open) {
        char owner[DIRECTORY_NAME_SIZE + 1];
        copy_name(manifest->owner, owner);
        bool is_sealed = false;
        bool is_there = true;
        enum status status = seal_exists(&store->directory, owner, &is_sealed, error);
        if (status == STATUS_OK)
            status = is_incarnation_there(store, owner, &is_there, error);
        if (status)
            return status;
        if (!is_there) { /* collected, so dead, and nothing in its log counted (collector.c) */
            *out_logs = logs;
            *out_count = count;
            return STATUS_OK;
        }
        if (!is_sealed)
            return error_set(error, STATUS_BUSY, "tablet %s is open on %s, which is not sealed",
                manifest->tablet_id, owner);
        const struct plan *plan;
        status = load_plan(store, owner, &plan, error);
        if (status)
            return error_prefix(error, status, "tablet %s", manifest->tablet_id);
        logs[count++] = (struct manifest_dead_log){
            .incarnation = arena_copy(arena, manifest->owner),
            .plan_checksum = plan->checksum,
            .from_sequence = from_sequence,
        };
        if (!logs[count - 1].incarnation.data)
            return error_set(
                error, STATUS_NO_MEMORY, "dead logs of tablet %s", manifest->tablet_id);
    }
    *out_logs = logs;
    *out_count = count;
    return STATUS_OK;
}

enum status recovery_replay(struct store *store, const char *tablet_id,
    const struct manifest_dead_log *log, log_record_function *each, void *context,
    struct error *error)
{
    char incarnation[DIRECTORY_NAME_SIZE + 1];
    copy_name(log->incarnation, incarnation);
    const struct plan *plan;
    enum status status = load_plan(store, incarnation, &plan, error);
    if (status)
        return error_prefix(error, status, "replay of tablet %s", tablet_id);
    if (log->plan_checksum && log->plan_checksum != plan->checksum)
        return error_set(error, STATUS_CORRUPT,
            "servers/%s/plan at offset 0: checksum %016" PRIx64
            ", but the manifest of tablet %s followed %016" PRIx64,
            incarnation, plan->checksum, tablet_id, log->plan_checksum);
    return log_replay(&store->directory, plan, tablet_id, log->from_sequence, each, context, error);
}
