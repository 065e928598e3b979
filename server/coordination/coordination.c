#include "server/coordination/coordination_internal.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/memory.h"

/* ---- Views ---- */

struct owned_view {
    struct coordination_view view;
    struct arena arena;
    _Atomic unsigned references;
};

static struct owned_view *owned_of(const struct coordination_view *view)
{
    return (struct owned_view *)(uintptr_t)view;
}

const struct coordination_view *coordination_view_ref(const struct coordination_view *view)
{
    atomic_fetch_add_explicit(&owned_of(view)->references, 1, memory_order_relaxed);
    return view;
}

void coordination_view_unref(const struct coordination_view *view)
{
    if (!view)
        return;
    struct owned_view *owned = owned_of(view);
    if (atomic_fetch_sub_explicit(&owned->references, 1, memory_order_acq_rel) > 1)
        return;
    arena_deinit(&owned->arena);
    memory_free(owned);
}

static int compare_names(const struct server_name *a, const struct server_name *b)
{
    int order = span_compare(a->host, b->host);
    if (order)
        return order;
    if (a->port != b->port)
        return a->port < b->port ? -1 : 1;
    return a->start_code < b->start_code ? -1 : a->start_code > b->start_code;
}

static int compare_for_sort(const void *a, const void *b)
{
    return compare_names(a, b);
}

static bool names_equal(const struct coordination_names *a, const struct coordination_names *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++) {
        if (compare_names(&a->names[i], &b->names[i]))
            return false;
    }
    return true;
}

bool coordination_names_have(const struct coordination_names *names, const struct server_name *name)
{
    return names->count > 0 &&
           bsearch(name, names->names, names->count, sizeof *name, compare_for_sort) != NULL;
}

static bool copy_name(struct arena *arena, struct server_name *name)
{
    size_t size = name->host.size;
    name->host = arena_copy(arena, name->host);
    return name->host.size == size;
}

static bool copy_names(struct arena *arena, struct coordination_names *names)
{
    if (names->count == 0)
        return true;
    struct server_name *copy = arena_allocate_zeroed(arena, names->count, sizeof *copy);
    if (!copy)
        return false;
    for (size_t i = 0; i < names->count; i++) {
        copy[i] = names->names[i];
        if (!copy_name(arena, &copy[i]))
            return false;
    }
    qsort(copy, names->count, sizeof *copy, compare_for_sort);
    names->names = copy;
    return true;
}

/* A copy with one reference, its lists sorted; NULL on no memory. */
static const struct coordination_view *copy_view(const struct coordination_view *picture)
{
    struct owned_view *owned = memory_allocate_zeroed(1, sizeof *owned);
    if (!owned)
        return NULL;
    owned->references = 1;
    owned->view = *picture;
    struct coordination_view *view = &owned->view;
    if (copy_name(&owned->arena, &view->master) && copy_name(&owned->arena, &view->meta) &&
        copy_names(&owned->arena, &view->servers) && copy_names(&owned->arena, &view->backups))
        return view;
    coordination_view_unref(view);
    return NULL;
}

const struct coordination_view *coordination_view_get(struct coordination *coordination)
{
    mutex_lock(&coordination->mu);
    const struct coordination_view *view = coordination_view_ref(coordination->view);
    mutex_unlock(&coordination->mu);
    return view;
}

static unsigned changes_between(
    const struct coordination_view *a, const struct coordination_view *b)
{
    unsigned changes = 0;
    if (a->is_connected != b->is_connected ||
        a->absence_counts_from_ns != b->absence_counts_from_ns)
        changes |= COORDINATION_CONNECTION;
    if (compare_names(&a->master, &b->master) || a->master_epoch != b->master_epoch ||
        a->master_web_port != b->master_web_port || !names_equal(&a->backups, &b->backups))
        changes |= COORDINATION_MASTER;
    if (compare_names(&a->meta, &b->meta))
        changes |= COORDINATION_META;
    if (!names_equal(&a->servers, &b->servers))
        changes |= COORDINATION_SERVERS;
    if (a->is_leading != b->is_leading || a->epoch != b->epoch)
        changes |= COORDINATION_LEADING;
    return changes;
}

/* ---- Telling ---- */

static void tell_deposed(struct coordination *coordination)
{
    for (struct coordination_listener *one = coordination->listeners; one; one = one->next) {
        if (one->deposed)
            one->deposed(one->context);
    }
}

static void tell_changed(
    struct coordination *coordination, const struct coordination_view *view, unsigned changes)
{
    for (struct coordination_listener *one = coordination->listeners; one; one = one->next) {
        if (one->changed)
            one->changed(one->context, view, changes);
    }
}

static void tell_lead(struct coordination *coordination, uint64_t epoch)
{
    for (struct coordination_listener *one = coordination->listeners; one; one = one->next) {
        if (one->lead)
            one->lead(one->context, epoch);
    }
}

void coordination_show(struct coordination *coordination, const struct coordination_view *picture)
{
    if (coordination->is_closed)
        return;
    const struct coordination_view *before = coordination->view, *view = copy_view(picture);
    CHECK(view !=
          NULL); /* a few hundred bytes; a server that cannot say who is alive must not go on */
    unsigned changes = coordination->was_shown ? changes_between(before, view)
                                               : (unsigned)COORDINATION_ALL;
    if (changes == 0) {
        coordination_view_unref(view);
        return;
    }
    coordination->was_shown = true;
    mutex_lock(&coordination->mu);
    coordination->view = view;
    mutex_unlock(&coordination->mu);
    bool is_new_tenure = view->is_leading && (!before->is_leading || before->epoch != view->epoch);
    if (before->is_leading && (!view->is_leading || is_new_tenure))
        tell_deposed(coordination);
    tell_changed(coordination, view, changes);
    if (is_new_tenure)
        tell_lead(coordination, view->epoch);
    coordination_view_unref(before);
}

void coordination_fail(struct coordination *coordination, const struct error *error)
{
    if (coordination->is_closed)
        return;
    for (struct coordination_listener *one = coordination->listeners; one; one = one->next) {
        if (one->failed)
            one->failed(one->context, error);
    }
}

/* ---- Calls, which become messages ---- */

#define FROM_TASK(field)                                                                           \
    ((struct coordination *)((char *)task - offsetof(struct coordination, field)))

static void announce_run(struct task *task)
{
    struct coordination *coordination = FROM_TASK(announce_task);
    if (!coordination->is_closed)
        coordination->table->announce(coordination, coordination->announced);
}

static void campaign_run(struct task *task)
{
    struct coordination *coordination = FROM_TASK(campaign_task);
    if (!coordination->is_closed)
        coordination->table->campaign(coordination, coordination->candidate);
}

void coordination_announce(struct coordination *coordination, const struct server_name *self)
{
    coordination->announced = self;
    executor_submit(coordination->executor, &coordination->announce_task);
}

void coordination_campaign(struct coordination *coordination, const struct server_name *self)
{
    coordination->candidate = self;
    executor_submit(coordination->executor, &coordination->campaign_task);
}

static void resign_run(struct task *task)
{
    struct coordination *coordination = FROM_TASK(resign_task);
    mutex_lock(&coordination->mu);
    uint64_t epoch = coordination->resigned_epoch;
    coordination->resigned_epoch = 0;
    mutex_unlock(&coordination->mu);
    if (!coordination->is_closed && coordination->table->resign)
        coordination->table->resign(coordination, epoch);
}

void coordination_resign(struct coordination *coordination, uint64_t epoch)
{
    mutex_lock(&coordination->mu);
    bool is_queued = coordination->resigned_epoch != 0;
    coordination->resigned_epoch = epoch;
    mutex_unlock(&coordination->mu);
    if (!is_queued)
        executor_submit(coordination->executor, &coordination->resign_task);
}

static void wish_run(struct task *task)
{
    struct coordination_wish *wish =
        (struct coordination_wish *)((char *)task - offsetof(struct coordination_wish, task));
    struct coordination *coordination = wish->coordination;
    mutex_lock(&coordination->mu);
    const struct coordination_view *names = wish->wish;
    wish->wish = NULL;
    wish->is_queued = false;
    mutex_unlock(&coordination->mu);
    if (!coordination->is_closed) {
        if (wish == &coordination->meta_wish)
            coordination->table->publish_meta(coordination, &names->servers);
        else
            coordination->table->publish_draining(coordination, &names->servers);
    }
    coordination_view_unref(names);
}

static enum status make_wish(
    struct coordination_wish *wish, const struct server_name *names, size_t count)
{
    struct coordination *coordination = wish->coordination;
    struct coordination_view picture = {.servers = {.names = names, .count = count}};
    const struct coordination_view *copy = copy_view(&picture), *before;
    if (!copy)
        return STATUS_NO_MEMORY;
    mutex_lock(&coordination->mu);
    before = wish->wish;
    wish->wish = copy;
    bool is_queued = wish->is_queued;
    wish->is_queued = true;
    mutex_unlock(&coordination->mu);
    coordination_view_unref(before);
    if (!is_queued)
        executor_submit(coordination->executor, &wish->task);
    return STATUS_OK;
}

enum status coordination_publish_meta(
    struct coordination *coordination, const struct server_name *server)
{
    return make_wish(&coordination->meta_wish, server, server ? 1 : 0);
}

enum status coordination_publish_draining(
    struct coordination *coordination, const struct server_name *servers, size_t count)
{
    return make_wish(&coordination->draining_wish, servers, count);
}

/* ---- Life ---- */

enum status coordination_init(struct coordination *coordination, struct env *env,
    const struct coordination_table *table, struct error *error)
{
    coordination->table = table;
    coordination->env = env;
    coordination->announce_task.run = announce_run;
    coordination->campaign_task.run = campaign_run;
    coordination->resign_task.run = resign_run;
    coordination->meta_wish.coordination = coordination->draining_wish.coordination = coordination;
    coordination->meta_wish.task.run = coordination->draining_wish.task.run = wish_run;
    coordination->view = copy_view(&(struct coordination_view){0});
    if (!coordination->view)
        return error_set(error, STATUS_NO_MEMORY, "no memory for coordination");
    mutex_init(&coordination->mu, LOCK_RANK_COORDINATION);
    wakeup_init(&coordination->closing);
    enum status status = env_executor_new(env, "coordination", 1, &coordination->executor, error);
    if (status) {
        wakeup_deinit(&coordination->closing);
        mutex_deinit(&coordination->mu);
        coordination_view_unref(coordination->view);
    }
    return status;
}

void coordination_listen(struct coordination *coordination, struct coordination_listener *listener)
{
    struct coordination_listener **link = &coordination->listeners;
    while (*link)
        link = &(*link)->next;
    listener->next = NULL;
    *link = listener;
}

enum status coordination_start(struct coordination *coordination, struct error *error)
{
    return coordination->table->start(coordination, error);
}

static void close_run(struct task *task)
{
    struct coordination *coordination = FROM_TASK(close_task);
    coordination->is_closed = true;
    coordination->table->close(coordination);
}

void coordination_close(
    struct coordination *coordination, void (*closed)(void *context), void *context)
{
    coordination->closed = closed;
    coordination->closed_context = context;
    coordination->close_task.run = close_run;
    executor_submit(coordination->executor, &coordination->close_task);
}

void coordination_closed(struct coordination *coordination)
{
    coordination->closed(coordination->closed_context);
    mutex_lock(&coordination->mu);
    coordination->has_closed = true;
    wakeup_broadcast(&coordination->closing);
    mutex_unlock(&coordination->mu);
}

static void ignore_closed(void *context)
{
    (void)context;
}

void coordination_free(struct coordination *coordination)
{
    if (!coordination)
        return;
    if (coordination->table->has_threads && !coordination->closed)
        coordination_close(coordination, ignore_closed, NULL);
    /* Until then its threads may submit. */
    mutex_lock(&coordination->mu);
    while (coordination->table->has_threads && !coordination->has_closed)
        wakeup_wait(&coordination->closing, &coordination->mu);
    mutex_unlock(&coordination->mu);
    executor_free(coordination->executor);
    coordination_view_unref(coordination->view);
    coordination_view_unref(coordination->meta_wish.wish);
    coordination_view_unref(coordination->draining_wish.wish);
    wakeup_deinit(&coordination->closing);
    mutex_deinit(&coordination->mu);
    coordination->table->free(coordination);
}
