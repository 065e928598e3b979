/* Commits of a tablet's manifest: flushes, compactions, alterations and the close change it, one
 * after the other. Whoever finds nobody committing commits, and goes on with what has queued up
 * meanwhile; the others' tasks end, and go on in their committed(). */
#include "base/log_lines.h"
#include "base/memory.h"
#include "storage/tablet.h"

/* ---- The next version ---- */

static bool contains(void *const *list, size_t count, const void *item)
{
    for (size_t i = 0; i < count; i++) {
        if (list[i] == item)
            return true;
    }
    return false;
}

static void remove_memtables(struct version_family *family, const struct tablet_edit *edit)
{
    size_t kept = 0;
    for (size_t i = 0; i < family->frozen_count; i++) {
        struct memtable *memtable = family->frozen[i];
        if (contains((void *const *)edit->flushed, edit->flushed_count, memtable))
            memtable_unref(memtable);
        else
            family->frozen[kept++] = memtable;
    }
    family->frozen_count = kept;
}

/* Takes the removed files out and puts the family's added ones in their place. */
static void change_files(struct version_family *family, const struct tablet_edit *edit)
{
    size_t kept = 0;
    size_t place = SIZE_MAX;
    for (size_t i = 0; i < family->file_count; i++) {
        struct tablet_file *file = family->files[i];
        if (contains((void *const *)edit->removed, edit->removed_count, file)) {
            place = place == SIZE_MAX ? kept : place;
            tablet_file_unref(file);
        } else {
            family->files[kept++] = file;
        }
    }
    family->file_count = kept;
    place = place == SIZE_MAX ? kept : place;
    for (size_t i = 0; i < edit->added_count; i++) {
        if (!span_equal(edit->added_families[i], family->schema->name))
            continue;
        memmove(&family->files[place + 1], &family->files[place],
            (family->file_count - place) * sizeof(family->files[0]));
        family->files[place++] = tablet_file_ref(edit->added[i]);
        family->file_count++;
    }
}

/* `from` with the edit. NULL on no memory. */
static struct version *version_edit(const struct version *from, const struct tablet_edit *edit)
{
    struct version *version = version_copy(from, 0, edit->added_count);
    for (size_t i = 0; version && i < version->family_count; i++) {
        struct version_family *family = &version->families[i];
        remove_memtables(family, edit);
        change_files(family, edit);
        if (edit->major_family.size > 0 && span_equal(edit->major_family, family->schema->name))
            family->major_compacted_ms = edit->major_compacted_ms;
    }
    for (size_t i = 0; version && i < edit->flushed_family_count; i++) {
        struct version_family *family = version_find_family(version, edit->flushed_families[i]);
        if (family && family->flushed_sequence < edit->flushed_sequence)
            family->flushed_sequence = edit->flushed_sequence;
    }
    return version;
}

/* What no family has in memory any more. */
static uint64_t least_flushed_sequence(const struct version *version)
{
    uint64_t least = UINT64_MAX;
    for (size_t i = 0; i < version->family_count; i++) {
        if (version->families[i].flushed_sequence < least)
            least = version->families[i].flushed_sequence;
    }
    return version->family_count > 0 ? least : 0;
}

/* ---- The next manifest ---- */

/* Families and files of the version, in the arena; spans are borrowed from what the version holds. */
static bool list_contents(
    const struct version *version, struct arena *arena, struct manifest *manifest)
{
    size_t files = 0;
    for (size_t i = 0; i < version->family_count; i++)
        files += version->families[i].file_count;
    manifest->families = arena_allocate_zeroed(
        arena, version->family_count + 1, sizeof(*manifest->families));
    manifest->files = arena_allocate_zeroed(arena, files + 1, sizeof(*manifest->files));
    if (!manifest->families || !manifest->files)
        return false;
    manifest->family_count = version->family_count;
    manifest->file_count = 0;
    for (size_t i = 0; i < version->family_count; i++) {
        const struct version_family *family = &version->families[i];
        manifest->families[i] = (struct manifest_family){.name = family->schema->name,
            .flushed_sequence = family->flushed_sequence,
            .major_compacted_ms = family->major_compacted_ms};
        for (size_t j = 0; j < family->file_count; j++) {
            struct manifest_file *entry = &manifest->files[manifest->file_count++];
            *entry = family->files[j]->entry;
            entry->family = (uint32_t)i;
        }
    }
    return true;
}

static enum status encode_nonces(struct tablet *tablet, struct buffer *out)
{
    mutex_lock(&tablet->mutex);
    nonce_table_encode(&tablet->nonces, out);
    mutex_unlock(&tablet->mutex);
    return buffer_status(out);
}

/* Commits the manifest that describes the version. The committer's. */
static enum status commit_version(struct tablet *tablet, const struct version *version,
    const struct tablet_edit *edit, struct error *error)
{
    struct arena arena = {0};
    struct buffer nonces = {0};
    struct manifest manifest = tablet->manifest;
    enum status status = encode_nonces(tablet, &nonces);
    if (!status && !list_contents(version, &arena, &manifest))
        status = STATUS_NO_MEMORY;
    if (status) {
        error_set(error, status, "tablet %s: no memory for its manifest", tablet->info.id);
        goto done;
    }
    manifest.nonces = buffer_span(&nonces);
    manifest.last_sequence = log_tablet_last_sequence(&tablet->log);
    manifest.last_timestamp_ms = atomic_load(&tablet->greatest_ms);
    if (least_flushed_sequence(version) >= tablet->replayed_sequence)
        manifest.dead_log_count = 0;
    if (edit->is_state_changed) {
        manifest.state = edit->state;
        manifest.owner = SPAN_EMPTY;
    }
    status = store_commit_manifest(tablet->store, &manifest, edit->is_opening, error);
    if (status)
        goto done;
    if (manifest.dead_log_count < tablet->manifest.dead_log_count)
        collector_wake(tablet->store->collector);
    tablet->manifest.version = manifest.version;
    tablet->manifest.state = manifest.state;
    tablet->manifest.owner = manifest.owner;
    tablet->manifest.dead_log_count = manifest.dead_log_count;
done:
    buffer_deinit(&nonces);
    arena_deinit(&arena);
    return status;
}

/* ---- Committing ---- */

/* Puts the edit in force over whatever the version is by now: `committed`, edited from `base`, when
 * that is still it. Takes both references. */
static enum status publish(struct tablet *tablet, const struct tablet_edit *edit,
    struct version *base, struct version *committed, struct error *error)
{
    struct version *old = NULL;
    struct version *unused = NULL;
    mutex_lock(&tablet->mutex);
    struct version *fresh = committed;
    if (tablet->version != base) {
        unused = committed;
        fresh = version_edit(tablet->version, edit);
    }
    if (fresh)
        old = tablet_publish_locked(tablet, fresh);
    mutex_unlock(&tablet->mutex);
    version_unref(base);
    version_unref(unused);
    version_unref(old);
    if (fresh)
        return STATUS_OK;
    /* The manifest is committed: what is in memory no longer says the same. */
    error_set(error, STATUS_NO_MEMORY, "tablet %s: no memory for a version", tablet->info.id);
    store_fatal(tablet->store, error);
    return STATUS_CLOSED;
}

static enum status commit_edit(
    struct tablet *tablet, const struct tablet_edit *edit, struct error *error)
{
    uint64_t ignored;
    struct version *base = tablet_snapshot(tablet, &ignored);
    struct version *version = version_edit(base, edit);
    if (!version) {
        version_unref(base);
        return error_set(
            error, STATUS_NO_MEMORY, "tablet %s: no memory for a version", tablet->info.id);
    }
    enum status status = commit_version(tablet, version, edit, error);
    if (status) {
        version_unref(version);
        version_unref(base);
        return status;
    }
    uint64_t flushed = least_flushed_sequence(version);
    for (size_t i = 0; i < edit->removed_count; i++)
        atomic_store_explicit(&edit->removed[i]->is_dropped, true, memory_order_release);
    status = publish(tablet, edit, base, version, error);
    log_flushed(tablet->store->log, &tablet->log, flushed);
    return status;
}

/* The next edit to commit; NULL: none, and nobody commits any more. */
static struct tablet_edit *take_edit(struct tablet *tablet)
{
    mutex_lock(&tablet->mutex);
    struct tablet_edit *edit = tablet->edits;
    if (edit)
        tablet->edits = edit->next;
    else
        tablet->is_committing = false;
    mutex_unlock(&tablet->mutex);
    return edit;
}

void tablet_commit(struct tablet *tablet, struct tablet_edit *edit)
{
    edit->next = NULL;
    mutex_lock(&tablet->mutex);
    struct tablet_edit **end = &tablet->edits;
    while (*end)
        end = &(*end)->next;
    *end = edit;
    bool is_ours = !tablet->is_committing;
    tablet->is_committing = true;
    mutex_unlock(&tablet->mutex);
    if (!is_ours)
        return;
    tablet_ref(tablet);
    while ((edit = take_edit(tablet)) != NULL) {
        struct error error = {0};
        enum status status = commit_edit(tablet, edit, &error);
        edit->committed(edit, status, &error);
    }
    tablet_close_step(tablet);
    tablet_unref(tablet);
}

/* ---- Alterations ---- */

struct altered {
    struct task task;
    struct tablet_edit edit;
    struct tablet *tablet; /* referenced */
    struct version *old;   /* holds the files that go */
    struct tablet_file *removed[];
};

static void altered_committed(
    struct tablet_edit *edit, enum status status, const struct error *error)
{
    struct altered *altered = (struct altered *)(void *)((char *)edit -
                                                         offsetof(struct altered, edit));
    struct tablet *tablet = altered->tablet;
    if (status)
        log_line(
            LOG_WARN, "tablet.alter", "tablet=%s error=\"%s\"", tablet->info.id, error->message);
    version_unref(altered->old);
    memory_free(altered);
    mutex_lock(&tablet->mutex);
    tablet->alterations--;
    mutex_unlock(&tablet->mutex);
    tablet_unref(tablet);
}

static void altered_run(struct task *task)
{
    struct altered *altered = (struct altered *)(void *)task;
    tablet_commit(altered->tablet, &altered->edit);
}

void tablet_commit_altered(struct tablet *tablet, struct version *old)
{
    uint64_t ignored;
    struct version *version = tablet_snapshot(tablet, &ignored);
    size_t most = 0;
    for (size_t i = 0; i < old->family_count; i++)
        most += old->families[i].file_count;
    struct altered *altered = memory_allocate_zeroed(
        1, sizeof(*altered) + most * sizeof(altered->removed[0]));
    size_t count = 0;
    for (size_t i = 0; altered && i < old->family_count; i++) {
        const struct version_family *family = &old->families[i];
        if (version_find_family(version, family->schema->name))
            continue;
        for (size_t j = 0; j < family->file_count; j++)
            altered->removed[count++] = family->files[j];
    }
    version_unref(version);
    mutex_lock(&tablet->mutex);
    bool is_needed = altered && !tablet->closing;
    tablet->alterations += is_needed;
    mutex_unlock(&tablet->mutex);
    if (!is_needed) { /* the next commit says the same, and the collector finds the files */
        version_unref(old);
        memory_free(altered);
        return;
    }
    tablet_ref(tablet);
    altered->tablet = tablet;
    altered->old = old;
    altered->edit = (struct tablet_edit){
        .removed = altered->removed, .removed_count = count, .committed = altered_committed};
    altered->task.run = altered_run;
    executor_submit(tablet->store->workers, &altered->task);
}
