#include "storage/lineage.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/pause.h"
#include "storage/store.h"

#define LINEAGE_TRIES 16 /* each lost to somebody who did the same, or part of it */

/* ---- Sets of manifests ---- */

static enum status no_memory(const char *table_id, struct error *error)
{
    return error_set(error, STATUS_NO_MEMORY, "manifests of table %s", table_id);
}

enum status manifest_set_add(
    struct manifest_set *set, struct manifest *manifest, struct error *error)
{
    if (set->count == set->capacity) {
        size_t capacity = set->capacity ? set->capacity * 2 : 32;
        struct manifest **items = arena_allocate(set->arena, capacity * sizeof(struct manifest *));
        if (!items)
            return no_memory(manifest->table_id, error);
        if (set->count)
            memcpy(items, set->items, set->count * sizeof(struct manifest *));
        set->items = items;
        set->capacity = capacity;
    }
    set->items[set->count++] = manifest;
    return STATUS_OK;
}

static enum status add_listed(void *context, const struct manifest *manifest, struct error *error)
{
    return manifest_set_add(context, (struct manifest *)manifest, error); /* in the set's arena */
}

enum status manifest_set_read(const struct directory *directory, const char *table_id,
    struct arena *arena, struct manifest_set *out_set, struct error *error)
{
    struct manifest_set set = {.arena = arena};
    enum status status = manifest_list(directory, table_id, arena, add_listed, &set, error);
    if (status == STATUS_OK)
        *out_set = set;
    return status;
}

static bool is_same_versions(const struct manifest_set *a, const struct manifest_set *b)
{
    bool is_same = a->count == b->count;
    for (size_t i = 0; i < a->count && is_same; i++) {
        const struct manifest *other = manifest_set_find(b, a->items[i]->tablet_id);
        is_same = other && other->version == a->items[i]->version;
    }
    return is_same;
}

enum status manifest_set_read_durable(const struct directory *directory, const char *table_id,
    struct arena *arena, struct manifest_set *out_set, struct error *error)
{
    struct manifest_set seen;
    struct path folder;
    directory_tablets_path(directory, table_id, &folder);
    enum status status = manifest_set_read(directory, table_id, arena, &seen, error);
    if (status)
        return status;
    struct chain_version *versions = arena_allocate(arena, (seen.count + 1) * sizeof(*versions));
    if (!versions)
        return no_memory(table_id, error);
    for (size_t i = 0; i < seen.count; i++)
        versions[i] = (struct chain_version){seen.items[i]->tablet_id, seen.items[i]->version};
    status = chain_make_sure(directory->env, folder.text, versions, seen.count, error);
    /* Now that these stay, what they hold. */
    if (status == STATUS_OK)
        status = manifest_set_read(directory, table_id, arena, out_set, error);
    if (status == STATUS_OK && !is_same_versions(&seen, out_set))
        status = error_set(error, STATUS_SUPERSEDED, "the tablets of table %s change", table_id);
    return status;
}

struct undamaged {
    struct manifest_set set; /* first: add_listed */
    struct damaged_manifest *damaged;
};

static enum status add_damaged(
    void *context, const char *tablet_id, const struct error *why, struct error *error)
{
    struct undamaged *undamaged = context;
    struct damaged_manifest *one = arena_allocate_zeroed(undamaged->set.arena, 1, sizeof(*one));
    char *text = arena_copy_string(undamaged->set.arena, span_string(why->message));
    if (!one || !text)
        return error_set(error, STATUS_NO_MEMORY, "damaged manifest of tablet %s", tablet_id);
    memcpy(one->tablet_id, tablet_id, strlen(tablet_id)); /* a valid id */
    one->why = text;
    one->next = undamaged->damaged;
    undamaged->damaged = one;
    return STATUS_OK;
}

enum status manifest_set_read_undamaged(const struct directory *directory, const char *table_id,
    struct arena *arena, struct manifest_set *out_set, struct damaged_manifest **out_damaged,
    struct error *error)
{
    struct undamaged undamaged = {.set.arena = arena};
    enum status status = manifest_list_undamaged(
        directory, table_id, arena, add_listed, add_damaged, &undamaged, error);
    if (status == STATUS_OK) {
        *out_set = undamaged.set;
        *out_damaged = undamaged.damaged;
    }
    return status;
}

static int compare_ids(const void *a, const void *b)
{
    return strcmp((*(const struct manifest *const *)a)->tablet_id,
        (*(const struct manifest *const *)b)->tablet_id);
}

void manifest_set_sort(struct manifest_set *set)
{
    if (set->count)
        qsort(set->items, set->count, sizeof(struct manifest *), compare_ids);
}

static int compare_id(const void *key, const void *item)
{
    return strcmp(key, (*(const struct manifest *const *)item)->tablet_id);
}

const struct manifest *manifest_set_find(const struct manifest_set *set, const char *tablet_id)
{
    struct manifest **found = set->count ? bsearch(tablet_id, set->items, set->count,
                                               sizeof(struct manifest *), compare_id)
                                         : NULL;
    return found ? *found : NULL;
}

static bool is_ended(const struct manifest *manifest)
{
    return manifest->state == TABLET_SPLIT || manifest->state == TABLET_MERGED;
}

bool lineage_is_settled(const struct manifest_set *set, const struct manifest *manifest)
{
    if (!is_ended(manifest) || manifest->child_count == 0)
        return false;
    for (size_t i = 0; i < manifest->child_count; i++)
        if (!manifest_set_find(set, manifest->children[i].id))
            return false;
    return true;
}

/* ---- A child from its parents ---- */

/* The common part of two ranges. False: there is none. */
static bool cut(enum row_order order, struct span *start, struct span *end, struct span other_start,
    struct span other_end)
{
    if (row_compare(order, other_start, *start) > 0)
        *start = other_start;
    if (other_end.size > 0 && (end->size == 0 || row_compare(order, other_end, *end) < 0))
        *end = other_end;
    return end->size == 0 || row_compare(order, *start, *end) < 0;
}

static uint32_t add_family(struct manifest *child, const struct manifest_family *family)
{
    for (size_t i = 0; i < child->family_count; i++) {
        struct manifest_family *known = &child->families[i];
        if (!span_equal(known->name, family->name))
            continue;
        if (family->major_compacted_ms < known->major_compacted_ms)
            known->major_compacted_ms = family->major_compacted_ms;
        return (uint32_t)i;
    }
    child->families[child->family_count] = *family;
    return (uint32_t)child->family_count++;
}

static bool covers(const struct manifest *child, const struct manifest *parent)
{
    return row_compare(child->row_order, child->start_row, parent->start_row) <= 0 &&
           (child->end_row.size == 0 ||
               (parent->end_row.size > 0 &&
                   row_compare(child->row_order, parent->end_row, child->end_row) <= 0));
}

/* Adds what one parent holds of the child's range. The child has room. */
static void inherit(struct manifest *child, const struct manifest *parent)
{
    if (parent->open_sequence > child->open_sequence)
        child->open_sequence = parent->open_sequence;
    if (parent->last_sequence > child->last_sequence)
        child->last_sequence = parent->last_sequence;
    if (parent->last_timestamp_ms > child->last_timestamp_ms)
        child->last_timestamp_ms = parent->last_timestamp_ms;
    bool is_whole = covers(child, parent);
    uint32_t families[LIMIT_FAMILIES];
    CHECK(parent->family_count <= LIMIT_FAMILIES);
    for (size_t i = 0; i < parent->family_count; i++)
        families[i] = add_family(child, &parent->families[i]);
    for (size_t i = 0; i < parent->file_count; i++) {
        /* What the parent points at lies in its range, so a child that has all of it cuts nothing. */
        struct manifest_file file = parent->files[i];
        if (!is_whole && !cut(child->row_order, &file.start_row, &file.end_row, child->start_row,
                             child->end_row))
            continue;
        file.family = families[file.family];
        child->files[child->file_count++] = file;
    }
}

/* Room for what all parents have. */
static bool make_room(struct manifest *child, const struct manifest *const *parents, size_t count,
    struct arena *arena)
{
    size_t families = 0;
    size_t files = 0;
    size_t nonces = 0;
    for (size_t i = 0; i < count; i++) {
        families += parents[i]->family_count;
        files += parents[i]->file_count;
        nonces += parents[i]->nonces.size;
    }
    child->parents = arena_allocate_zeroed(arena, count, sizeof(*child->parents));
    child->families = arena_allocate_zeroed(arena, families + 1, sizeof(*child->families));
    child->files = arena_allocate_zeroed(arena, files + 1, sizeof(*child->files));
    uint8_t *bytes = arena_allocate(arena, nonces + 1);
    if (!child->parents || !child->families || !child->files || !bytes)
        return false;
    child->nonces = span_make(bytes, nonces);
    for (size_t i = 0; i < count; i++) {
        if (parents[i]->nonces.size)
            memcpy(bytes, parents[i]->nonces.data, parents[i]->nonces.size);
        bytes += parents[i]->nonces.size;
    }
    return true;
}

/* The child's first manifest, not committed yet. Parents in order of their rows. */
static enum status make_child(const struct manifest_child *from,
    const struct manifest *const *parents, size_t count, struct arena *arena,
    struct manifest *out_child, struct error *error)
{
    struct manifest child = {
        .row_order = parents[0]->row_order,
        .state = TABLET_CLOSED,
        .region_id = from->region_id,
        .start_row = from->start_row,
        .end_row = from->end_row,
    };
    memcpy(child.table_id, parents[0]->table_id, sizeof(child.table_id));
    memcpy(child.tablet_id, from->id, sizeof(child.tablet_id));
    if (!make_room(&child, parents, count, arena))
        return no_memory(child.table_id, error);
    for (size_t i = 0; i < count; i++) {
        child.parents[child.parent_count++] = span_string(parents[i]->tablet_id);
        inherit(&child, parents[i]);
    }
    /* Everything of the parents is in the files. */
    for (size_t i = 0; i < child.family_count; i++)
        child.families[i].flushed_sequence = child.last_sequence;
    *out_child = child;
    return STATUS_OK;
}

/* ---- Children that have no manifest ---- */

static int compare_starts(const void *a, const void *b)
{
    const struct manifest *left = *(const struct manifest *const *)a;
    const struct manifest *right = *(const struct manifest *const *)b;
    return row_compare(left->row_order, left->start_row, right->start_row);
}

/* All that say "merged into it", in order of their rows; true when they make up its range. */
static bool find_parents(const struct manifest_set *set, const struct manifest_child *child,
    const struct manifest **out_parents, size_t *out_count)
{
    size_t count = 0;
    for (size_t i = 0; i < set->count; i++) {
        const struct manifest *manifest = set->items[i];
        if (is_ended(manifest) && manifest->state == TABLET_MERGED && manifest->child_count == 1 &&
            strcmp(manifest->children[0].id, child->id) == 0)
            out_parents[count++] = manifest;
    }
    qsort(out_parents, count, sizeof(struct manifest *), compare_starts);
    *out_count = count;
    for (size_t i = 0; i + 1 < count; i++)
        if (!span_equal(out_parents[i]->end_row, out_parents[i + 1]->start_row))
            return false;
    return span_equal(out_parents[0]->start_row, child->start_row) &&
           span_equal(out_parents[count - 1]->end_row, child->end_row);
}

static bool has_item(const struct manifest_set *set, const char *tablet_id)
{
    for (size_t i = 0; i < set->count; i++)
        if (strcmp(set->items[i]->tablet_id, tablet_id) == 0)
            return true;
    return false;
}

static enum status add_missing(const struct manifest_set *set, const struct manifest *parent,
    const struct manifest_child *child, struct manifest_set *missing, struct error *error)
{
    if (child->region_id == 0 || manifest_set_find(set, child->id) || has_item(missing, child->id))
        return STATUS_OK;
    const struct manifest **parents = &parent;
    size_t count = 1;
    if (parent->state == TABLET_MERGED) {
        parents = arena_allocate(set->arena, set->count * sizeof(struct manifest *));
        if (!parents)
            return no_memory(parent->table_id, error);
        if (!find_parents(set, child, parents, &count))
            return STATUS_OK; /* another of them is not closed yet */
    }
    struct manifest *made = arena_allocate(set->arena, sizeof(*made));
    if (!made)
        return no_memory(parent->table_id, error);
    enum status status = make_child(child, parents, count, set->arena, made, error);
    return status ? status : manifest_set_add(missing, made, error);
}

enum status lineage_missing(
    const struct manifest_set *set, struct manifest_set *out_missing, struct error *error)
{
    struct manifest_set missing = {.arena = set->arena};
    enum status status = STATUS_OK;
    for (size_t i = 0; i < set->count && status == STATUS_OK; i++) {
        const struct manifest *parent = set->items[i];
        for (size_t k = 0; is_ended(parent) && k < parent->child_count && status == STATUS_OK; k++)
            status = add_missing(set, parent, &parent->children[k], &missing, error);
    }
    if (status == STATUS_OK)
        *out_missing = missing;
    return status;
}

/* Commits them; those that somebody else has committed meanwhile are fine: were they lost with a host that had not synced
 * them, whoever opens one makes it again (lineage_complete). */
static enum status commit_children(
    struct directory *directory, const struct manifest_set *children, struct error *error)
{
    enum status status = STATUS_OK;
    pause_point("lineage.children.before");
    for (unsigned tries = 0; tries < LINEAGE_TRIES; tries++) {
        struct manifest *left = arena_allocate(
            children->arena, (children->count + 1) * sizeof(*left));
        size_t count = 0;
        if (!left)
            return error_set(error, STATUS_NO_MEMORY, "children of a tablet");
        for (size_t i = 0; i < children->count; i++) {
            uint64_t version;
            struct path folder;
            directory_tablets_path(directory, children->items[i]->table_id, &folder);
            status = chain_newest(
                directory->env, folder.text, children->items[i]->tablet_id, &version, error);
            if (status == STATUS_NOT_FOUND)
                left[count++] = *children->items[i];
            else if (status)
                return status;
        }
        if (count == 0)
            return STATUS_OK;
        status = manifest_commit(directory, left, count, error);
        if (status != STATUS_SUPERSEDED)
            return status;
    }
    return status;
}

enum status lineage_complete(
    struct directory *directory, const char *table_id, const char *tablet_id, struct error *error)
{
    struct arena arena = {0};
    struct manifest_set set;
    struct manifest_set missing;
    struct manifest_set wanted = {.arena = &arena};
    struct damaged_manifest *damaged; /* of others: one may be the parent of this one */
    enum status status = manifest_set_read_undamaged(
        directory, table_id, &arena, &set, &damaged, error);
    if (status == STATUS_OK)
        status = lineage_missing(&set, &missing, error);
    for (size_t i = 0; status == STATUS_OK && i < missing.count; i++)
        if (!tablet_id || strcmp(missing.items[i]->tablet_id, tablet_id) == 0)
            status = manifest_set_add(&wanted, missing.items[i], error);
    if (status == STATUS_OK && tablet_id && wanted.count == 0 && damaged)
        status = error_set(error, STATUS_CORRUPT,
            "tablet %s has no manifest, and one that may say what it was made from is damaged: %s",
            tablet_id, damaged->why);
    else if (status == STATUS_OK && tablet_id && wanted.count == 0)
        status = error_set(
            error, STATUS_NOT_FOUND, "table %s has no tablet %s", table_id, tablet_id);
    if (status == STATUS_OK)
        status = commit_children(directory, &wanted, error);
    arena_deinit(&arena);
    return status;
}

/* ---- Splitting and merging ---- */

/* What is to become of which tablets. */
struct change {
    struct store *store;
    const char *table_id;
    const char *const *parent_ids;
    size_t parent_count;
    struct manifest_child *children;
    size_t child_count;
    enum tablet_state state; /* that the parents get */
};

static bool is_same_child(const struct manifest_child *a, const struct manifest_child *b)
{
    return strcmp(a->id, b->id) == 0 && a->region_id == b->region_id &&
           span_equal(a->start_row, b->start_row) && span_equal(a->end_row, b->end_row);
}

/* It says already what is to be said. */
static bool is_done(const struct change *change, const struct manifest *parent)
{
    if (parent->state != change->state || parent->child_count != change->child_count)
        return false;
    for (size_t i = 0; i < change->child_count; i++)
        if (!is_same_child(&parent->children[i], &change->children[i]))
            return false;
    return true;
}

static enum status check_parent(
    const struct change *change, const struct manifest *parent, struct error *error)
{
    static const char *const names[] = {"open", "closed", "split", "merged", "dropped"};
    if (is_done(change, parent))
        return STATUS_OK;
    if (parent->state == TABLET_OPEN)
        return error_set(error, STATUS_BUSY, "tablet %s is open on %.*s", parent->tablet_id,
            (int)parent->owner.size, (const char *)parent->owner.data);
    if (parent->state != TABLET_CLOSED)
        return error_set(error, STATUS_WRONG_STATE, "tablet %s is %s already", parent->tablet_id,
            names[parent->state]);
    if (parent->dead_log_count > 0)
        return error_set(error, STATUS_BUSY,
            "tablet %s still needs the log of %.*s: open it and close it again", parent->tablet_id,
            (int)parent->dead_logs[0].incarnation.size,
            (const char *)parent->dead_logs[0].incarnation.data);
    for (size_t i = 0; i < change->child_count; i++)
        if (change->children[i].region_id <= parent->region_id)
            return error_set(error, STATUS_INVALID,
                "region id %" PRIu64 " is not above that of tablet %s",
                change->children[i].region_id, parent->tablet_id);
    return STATUS_OK;
}

/* Parents and children, each in a row without holes, are the same rows. */
static enum status check_ranges(
    const struct change *change, const struct manifest *parents, struct error *error)
{
    size_t last_parent = change->parent_count - 1;
    size_t last_child = change->child_count - 1;
    bool is_right = span_equal(parents[0].start_row, change->children[0].start_row) &&
                    span_equal(parents[last_parent].end_row, change->children[last_child].end_row);
    for (size_t i = 0; i < last_parent && is_right; i++)
        is_right = parents[i].end_row.size > 0 &&
                   span_equal(parents[i].end_row, parents[i + 1].start_row);
    for (size_t i = 0; i < change->child_count && is_right; i++) {
        const struct manifest_child *child = &change->children[i];
        is_right = (i == last_child ||
                       (child->end_row.size > 0 &&
                           span_equal(child->end_row, change->children[i + 1].start_row))) &&
                   (child->end_row.size == 0 ||
                       row_compare(parents[0].row_order, child->start_row, child->end_row) < 0);
    }
    return is_right ? STATUS_OK
                    : error_set(error, STATUS_INVALID,
                          "the rows of %zu tablets from %s on are not those of %zu tablets "
                          "from %s on",
                          change->parent_count, parents[0].tablet_id, change->child_count,
                          change->children[0].id);
}

/* Commits what the parents have to say, also those that say it: a host that said it and did not sync it may be gone.
 * *out_parents: what they hold. STATUS_SUPERSEDED: look again. */
static enum status commit_parents(const struct change *change, struct arena *arena,
    struct manifest **out_parents, struct error *error)
{
    struct directory *directory = &change->store->directory;
    struct manifest *parents = arena_allocate_zeroed(
        arena, 2 * change->parent_count, sizeof(*parents));
    if (!parents)
        return no_memory(change->table_id, error);
    struct manifest *changed = parents + change->parent_count;
    enum status status = STATUS_OK;
    for (size_t i = 0; i < change->parent_count && status == STATUS_OK; i++) {
        status = manifest_read_durable(
            directory, change->table_id, change->parent_ids[i], arena, &parents[i], error);
        if (status == STATUS_OK)
            status = check_parent(change, &parents[i], error);
        changed[i] = parents[i];
        changed[i].state = change->state;
        changed[i].children = change->children;
        changed[i].child_count = change->child_count;
    }
    if (status == STATUS_OK)
        status = check_ranges(change, parents, error);
    if (status == STATUS_OK)
        status = manifest_commit(directory, changed, change->parent_count, error);
    *out_parents = parents;
    return status;
}

/* Commits the first manifests of the children, from what the parents hold. */
static enum status make_children(const struct change *change, const struct manifest *parents,
    struct arena *arena, struct error *error)
{
    struct manifest_set children = {.arena = arena};
    const struct manifest **list = arena_allocate(arena, change->parent_count * sizeof(*list));
    if (!list)
        return no_memory(change->table_id, error);
    for (size_t i = 0; i < change->parent_count; i++)
        list[i] = &parents[i];
    enum status status = STATUS_OK;
    for (size_t i = 0; i < change->child_count && status == STATUS_OK; i++) {
        struct manifest *child = arena_allocate(arena, sizeof(*child));
        if (!child)
            return no_memory(change->table_id, error);
        status = make_child(&change->children[i], list, change->parent_count, arena, child, error);
        if (status == STATUS_OK)
            status = manifest_set_add(&children, child, error);
    }
    return status ? status : commit_children(&change->store->directory, &children, error);
}

static enum status make_change(const struct change *change, struct error *error)
{
    struct arena arena = {0};
    struct manifest *parents = NULL;
    enum status status = STATUS_SUPERSEDED;
    collector_hold(change->store->collector);
    for (unsigned tries = 0; tries < LINEAGE_TRIES && status == STATUS_SUPERSEDED; tries++)
        status = commit_parents(change, &arena, &parents, error);
    if (status == STATUS_OK)
        status = make_children(change, parents, &arena, error);
    collector_release(change->store->collector);
    arena_deinit(&arena);
    return status;
}

static enum status take_child(
    const struct tablet_info *info, struct manifest_child *out_child, struct error *error)
{
    if (!directory_id_is_valid(info->id) || info->region_id == 0)
        return error_set(error, STATUS_INVALID, "\"%s\" with region id %" PRIu64 " is no tablet",
            info->id, info->region_id);
    *out_child = (struct manifest_child){
        .region_id = info->region_id, .start_row = info->start_row, .end_row = info->end_row};
    memcpy(out_child->id, info->id, sizeof(out_child->id));
    return STATUS_OK;
}

static enum status check_ids(
    const char *table_id, const char *const *tablet_ids, size_t count, struct error *error)
{
    bool is_right = directory_id_is_valid(table_id);
    for (size_t i = 0; i < count && is_right; i++)
        is_right = directory_id_is_valid(tablet_ids[i]);
    return is_right ? STATUS_OK
                    : error_set(error, STATUS_INVALID, "table \"%s\": not an id", table_id);
}

enum status store_tablet_split(struct store *store, const char *table_id, const char *parent_id,
    const struct tablet_info daughters[2], struct error *error)
{
    struct manifest_child children[2];
    struct change change = {store, table_id, &parent_id, 1, children, 2, TABLET_SPLIT};
    enum status status = check_ids(table_id, &parent_id, 1, error);
    for (size_t i = 0; i < 2 && status == STATUS_OK; i++)
        status = take_child(&daughters[i], &children[i], error);
    if (status == STATUS_OK)
        status = make_change(&change, error);
    return status ? error_prefix(error, status, "split tablet %s", parent_id) : STATUS_OK;
}

enum status store_tablet_merge(struct store *store, const char *table_id,
    const char *const *parent_ids, size_t parent_count, const struct tablet_info *merged,
    struct error *error)
{
    struct manifest_child child;
    struct change change = {store, table_id, parent_ids, parent_count, &child, 1, TABLET_MERGED};
    if (parent_count < 2)
        return error_set(error, STATUS_INVALID, "merge of %zu tablets", parent_count);
    enum status status = check_ids(table_id, parent_ids, parent_count, error);
    if (status == STATUS_OK)
        status = take_child(merged, &child, error);
    if (status == STATUS_OK)
        status = make_change(&change, error);
    return status ? error_prefix(error, status, "merge into tablet %s", merged->id) : STATUS_OK;
}
