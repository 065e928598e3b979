#include "server/tablet/tablet_service.h"

#include <xxhash.h>

#include "base/memory.h"
#include "base/mutex.h"

#define FIRST_BUCKETS 256

struct tablet_service {
    struct store *store;
    struct env *env;
    struct table_traffic *traffic;
    struct closed_heat *closed;
    struct mutex mu;                /* LOCK_RANK_SERVICE */
    struct served_tablet **buckets; /* guarded by mu, as all below */
    size_t bucket_count;            /* a power of two */
    size_t count;
};

static size_t bucket_of(const struct tablet_service *service, struct span id)
{
    return XXH3_64bits(id.data, id.size) & (service->bucket_count - 1);
}

enum status tablet_service_new(struct store *store, struct tablet_service **out_service)
{
    struct tablet_service *service = memory_allocate_zeroed(1, sizeof *service);
    if (!service)
        return STATUS_NO_MEMORY;
    service->store = store;
    service->env = store_env(store);
    service->bucket_count = FIRST_BUCKETS;
    service->buckets = memory_allocate_zeroed(FIRST_BUCKETS, sizeof *service->buckets);
    service->traffic = table_traffic_new();
    service->closed = closed_heat_new();
    if (!service->buckets || !service->traffic || !service->closed) {
        closed_heat_unref(service->closed);
        table_traffic_unref(service->traffic);
        memory_free(service->buckets);
        memory_free(service);
        return STATUS_NO_MEMORY;
    }
    mutex_init(&service->mu, LOCK_RANK_SERVICE);
    *out_service = service;
    return STATUS_OK;
}

void tablet_service_free(struct tablet_service *service)
{
    if (!service)
        return;
    for (size_t i = 0; i < service->bucket_count; i++) {
        while (service->buckets[i]) {
            struct served_tablet *tablet = service->buckets[i];
            service->buckets[i] = tablet->next;
            served_tablet_unref(tablet);
        }
    }
    mutex_deinit(&service->mu);
    table_traffic_unref(service->traffic);
    closed_heat_unref(service->closed);
    memory_free(service->buckets);
    memory_free(service);
}

struct heat_tablet_names served_tablet_heat_names(const struct served_tablet *tablet)
{
    return (struct heat_tablet_names){.table = tablet->table_name,
        .table_id = tablet->table_id,
        .tablet_id = tablet->id,
        .start_key = tablet->info.start_key,
        .end_key = tablet->info.end_key};
}

void served_tablet_ref(struct served_tablet *tablet)
{
    atomic_fetch_add_explicit(&tablet->references, 1, memory_order_relaxed);
}

void served_tablet_unref(struct served_tablet *tablet)
{
    if (!tablet || atomic_fetch_sub_explicit(&tablet->references, 1, memory_order_acq_rel) > 1)
        return;
    if (tablet->tablet)
        tablet_unref(tablet->tablet);
    table_traffic_leave(&tablet->traffic);
    struct heat_tablet_names names = served_tablet_heat_names(tablet);
    if (!tablet->is_meta)
        closed_heat_keep(tablet->closed, &tablet->heat, &names);
    closed_heat_unref(tablet->closed);
    tablet_load_free(tablet->load);
    tablet_heat_deinit(&tablet->heat);
    arena_deinit(&tablet->arena);
    memory_free(tablet);
}

static struct served_tablet **find_locked(struct tablet_service *service, struct span id)
{
    mutex_assert_held(&service->mu);
    struct served_tablet **link = &service->buckets[bucket_of(service, id)];
    while (*link && !span_equal(span_string((*link)->id), id))
        link = &(*link)->next;
    return link;
}

static void grow_locked(struct tablet_service *service)
{
    size_t count = service->bucket_count * 2;
    struct served_tablet **buckets = memory_allocate_zeroed(count, sizeof *buckets);
    if (!buckets)
        return; /* longer chains until there is memory */
    struct served_tablet **old = service->buckets;
    size_t old_count = service->bucket_count;
    service->buckets = buckets;
    service->bucket_count = count;
    for (size_t i = 0; i < old_count; i++) {
        while (old[i]) {
            struct served_tablet *tablet = old[i];
            old[i] = tablet->next;
            size_t bucket = bucket_of(service, span_string(tablet->id));
            tablet->next = buckets[bucket];
            buckets[bucket] = tablet;
        }
    }
    memory_free(old);
}

static void insert_locked(struct tablet_service *service, struct served_tablet *tablet)
{
    if (service->count >= service->bucket_count)
        grow_locked(service);
    size_t bucket = bucket_of(service, span_string(tablet->id));
    tablet->next = service->buckets[bucket];
    service->buckets[bucket] = tablet;
    service->count++;
}

static struct served_tablet *remove_locked(struct tablet_service *service, struct span id)
{
    struct served_tablet **link = find_locked(service, id);
    struct served_tablet *tablet = *link;
    if (tablet) {
        *link = tablet->next;
        tablet->next = NULL;
        service->count--;
    }
    return tablet;
}

static struct served_tablet *served_tablet_new(struct tablet_service *service, const char *id,
    const char *table_id, const struct region_info *info)
{
    struct served_tablet *tablet = memory_allocate_zeroed(1, sizeof *tablet);
    if (!tablet)
        return NULL;
    struct buffer name = {0};
    atomic_init(&tablet->references, 1);
    tablet_heat_init(&tablet->heat, XXH3_64bits(id, strlen(id)));
    closed_heat_ref(service->closed);
    tablet->closed = service->closed;
    memcpy(tablet->id, id, strnlen(id, TABLET_ID_SIZE - 1));
    memcpy(tablet->table_id, table_id, strnlen(table_id, TABLE_ID_SIZE - 1));
    tablet->info = *info;
    tablet->info.table = tablet->table_name = arena_copy(&tablet->arena, info->table);
    tablet->info.start_key = arena_copy(&tablet->arena, info->start_key);
    tablet->info.end_key = arena_copy(&tablet->arena, info->end_key);
    tablet->is_meta = span_equal(info->table, SPAN_LITERAL(META_TABLE_NAME));
    if (tablet->is_meta)
        buffer_put(&name, SPAN_LITERAL(META_REGION_NAME));
    else
        region_name_put(&name, info->table, info->start_key, info->region_id);
    tablet->region_name = arena_copy(&tablet->arena, buffer_span(&name));
    buffer_deinit(&name);
    tablet->load = tablet_load_new(XXH3_64bits(tablet->id, sizeof tablet->id));
    if (!tablet->load || !tablet->region_name.data || !tablet->table_name.data) {
        served_tablet_unref(tablet);
        return NULL;
    }
    table_traffic_join(service->traffic, tablet->table_name, tablet->load, &tablet->traffic);
    return tablet;
}

static void wake_locked(struct tablet_service *service, struct served_tablet *tablet);

/* The tablet, unless it has been expected in vain. */
static struct served_tablet *find_live_locked(struct tablet_service *service, struct span id)
{
    struct served_tablet *tablet = *find_locked(service, id);
    if (!tablet || !tablet->expected_until_ns ||
        env_monotonic_ns(service->env) < tablet->expected_until_ns)
        return tablet;
    remove_locked(service, id);
    wake_locked(service, tablet);
    served_tablet_unref(tablet);
    return NULL;
}

/* ---- Those who wait ---- */

static struct tablet_waiter *waiter_of(struct task *task)
{
    return (struct tablet_waiter *)((char *)task - offsetof(struct tablet_waiter, task));
}

/* Worker: its time is up, or what it waited for has ended. */
static void resume_run(struct task *task)
{
    struct tablet_waiter *waiter = waiter_of(task);
    mutex_lock(&waiter->service->mu);
    if (waiter->tablet) {
        struct tablet_waiter **link = &waiter->tablet->waiters;
        while (*link != waiter)
            link = &(*link)->next;
        *link = waiter->next;
        waiter->tablet = NULL;
    }
    mutex_unlock(&waiter->service->mu);
    waiter->resume(waiter);
}

/* Each goes on once: by its timer when that has begun (it waits for the mutex), else now. */
static void wake_locked(struct tablet_service *service, struct served_tablet *tablet)
{
    struct executor *workers = store_workers(service->store);
    mutex_assert_held(&service->mu);
    while (tablet->waiters) {
        struct tablet_waiter *waiter = tablet->waiters;
        tablet->waiters = waiter->next;
        waiter->tablet = NULL;
        if (executor_cancel(workers, &waiter->task))
            executor_submit(workers, &waiter->task);
    }
}

bool tablet_service_wait(struct tablet_service *service, struct span tablet_id, uint64_t due_ns,
    struct tablet_waiter *waiter)
{
    uint64_t last_ns = env_monotonic_ns(service->env) + HOLD_MS * 1000000ull;
    mutex_lock(&service->mu);
    struct served_tablet *tablet = find_live_locked(service, tablet_id);
    bool is_waiting = tablet && (!tablet->tablet || tablet->is_closing);
    if (is_waiting) {
        waiter->service = service;
        waiter->tablet = tablet;
        waiter->next = tablet->waiters;
        tablet->waiters = waiter;
        waiter->task.run = resume_run;
        executor_submit_at(store_workers(service->store), &waiter->task,
            due_ns && due_ns < last_ns ? due_ns : last_ns);
    }
    mutex_unlock(&service->mu);
    return is_waiting;
}

/* ---- Opening ---- */

/* Puts a new tablet in. is_expected: opening begins later. */
static enum status add(struct tablet_service *service, const struct table_schema *schema,
    const struct tablet_info *info, bool is_expected)
{
    struct region_info region = {
        .region_id = info->region_id,
        .table = schema->name,
        .start_key = info->start_row,
        .end_key = info->end_row,
    };
    struct served_tablet *tablet = served_tablet_new(service, info->id, info->table_id, &region);
    if (!tablet)
        return STATUS_NO_MEMORY;
    mutex_lock(&service->mu);
    struct served_tablet *there = find_live_locked(service, span_string(info->id));
    bool was_expected = there && there->expected_until_ns;
    if (was_expected)
        there->expected_until_ns = 0;
    if (is_expected)
        tablet->expected_until_ns = env_monotonic_ns(service->env) + EXPECT_MS * 1000000ull;
    if (!there)
        insert_locked(service, tablet);
    mutex_unlock(&service->mu);
    if (!there)
        return STATUS_OK;
    served_tablet_unref(tablet);
    return was_expected ? STATUS_OK : STATUS_EXISTS;
}

enum status tablet_service_begin_open(struct tablet_service *service,
    const struct table_schema *schema, const struct tablet_info *info)
{
    return add(service, schema, info, false);
}

enum status tablet_service_expect(struct tablet_service *service, const struct table_schema *schema,
    const struct tablet_info *info)
{
    mutex_lock(&service->mu);
    bool is_here = find_live_locked(service, span_string(info->id)) != NULL;
    mutex_unlock(&service->mu);
    enum status status = is_here ? STATUS_OK : add(service, schema, info, true);
    return status == STATUS_EXISTS ? STATUS_OK : status;
}

enum status tablet_service_open(struct tablet_service *service, const char *tablet_id,
    const char *table_id, const struct table_schema *schema, struct error *error)
{
    struct tablet *opened = NULL;
    /* A server that was declared dead while it was idle must find out before it takes a tablet. */
    enum status status = store_get_role(service->store) == STORE_ALONE
                             ? STATUS_OK
                             : store_look(service->store, error);
    if (!status)
        status = store_tablet_open(service->store, table_id, tablet_id, schema, &opened, error);
    mutex_lock(&service->mu);
    struct served_tablet *tablet = *find_locked(service, span_string(tablet_id));
    CHECK(tablet && !tablet->tablet);
    if (status)
        remove_locked(service, span_string(tablet_id));
    else
        tablet->tablet = opened;
    wake_locked(service, tablet);
    mutex_unlock(&service->mu);
    if (status)
        served_tablet_unref(tablet);
    return status;
}

/* ---- Closing ---- */

struct served_tablet *tablet_service_begin_close(
    struct tablet_service *service, const char *tablet_id, bool is_moving)
{
    mutex_lock(&service->mu);
    struct served_tablet *tablet = *find_locked(service, span_string(tablet_id));
    if (!tablet || !tablet->tablet || tablet->is_closing) {
        tablet = NULL;
    } else if (is_moving) {
        tablet->is_closing = true;
        served_tablet_ref(tablet);
    } else {
        remove_locked(service, span_string(tablet_id));
    }
    mutex_unlock(&service->mu);
    return tablet;
}

void tablet_service_end_close(struct tablet_service *service, const char *tablet_id)
{
    mutex_lock(&service->mu);
    struct served_tablet *tablet = *find_locked(service, span_string(tablet_id));
    if (tablet && tablet->is_closing) {
        remove_locked(service, span_string(tablet_id));
        wake_locked(service, tablet);
    } else {
        tablet = NULL;
    }
    mutex_unlock(&service->mu);
    served_tablet_unref(tablet);
}

struct served_tablet *tablet_service_take(struct tablet_service *service, const char *tablet_id)
{
    return tablet_service_begin_close(service, tablet_id, false);
}

/* ---- Looking up ---- */

static enum tablet_lookup find_by_id(
    struct tablet_service *service, struct span id, struct served_tablet **out_tablet)
{
    enum tablet_lookup answer = TABLET_ABSENT;
    mutex_lock(&service->mu);
    struct served_tablet *tablet = find_live_locked(service, id);
    if (tablet && tablet->is_closing) {
        answer = TABLET_CLOSING;
    } else if (tablet && tablet->tablet) {
        served_tablet_ref(tablet);
        *out_tablet = tablet;
        answer = TABLET_FOUND;
    } else if (tablet) {
        answer = TABLET_OPENING;
    }
    mutex_unlock(&service->mu);
    return answer;
}

enum tablet_lookup tablet_service_find(struct tablet_service *service,
    struct region_specifier specifier, struct served_tablet **out_tablet)
{
    char storage[ENCODED_NAME_SIZE + 1];
    struct span id = specifier.value;
    if (!specifier.is_encoded)
        id = span_equal(id, SPAN_LITERAL(META_REGION_NAME)) ? SPAN_LITERAL(META_ENCODED_NAME)
                                                            : region_encoded_name(id, storage);
    return find_by_id(service, id, out_tablet);
}

struct served_tablet *tablet_service_find_meta(struct tablet_service *service)
{
    struct served_tablet *tablet = NULL;
    find_by_id(service, SPAN_LITERAL(META_ENCODED_NAME), &tablet);
    return tablet;
}

size_t tablet_service_count(struct tablet_service *service)
{
    mutex_lock(&service->mu);
    size_t count = service->count;
    mutex_unlock(&service->mu);
    return count;
}

struct table_traffic *tablet_service_traffic(struct tablet_service *service)
{
    return service->traffic;
}

struct closed_heat *tablet_service_closed_heat(struct tablet_service *service)
{
    return service->closed;
}

size_t tablet_service_opening_count(struct tablet_service *service)
{
    size_t count = 0;
    mutex_lock(&service->mu);
    for (size_t i = 0; i < service->bucket_count; i++)
        for (struct served_tablet *one = service->buckets[i]; one; one = one->next)
            count += !one->tablet && one->expected_until_ns == 0;
    mutex_unlock(&service->mu);
    return count;
}

void tablet_service_each(struct tablet_service *service,
    bool (*each)(void *context, struct served_tablet *tablet), void *context)
{
    mutex_lock(&service->mu);
    size_t count = 0;
    struct served_tablet **all = memory_allocate_zeroed(service->count + 1, sizeof *all);
    for (size_t i = 0; all && i < service->bucket_count; i++) {
        for (struct served_tablet *one = service->buckets[i]; one; one = one->next) {
            if (!one->tablet || one->is_closing)
                continue;
            served_tablet_ref(one);
            all[count++] = one;
        }
    }
    mutex_unlock(&service->mu);
    bool is_going = true;
    for (size_t i = 0; i < count; i++) {
        is_going = is_going && each(context, all[i]);
        served_tablet_unref(all[i]);
    }
    memory_free(all);
}

struct measuring {
    uint64_t now_ns;
    float sum[VIEW_RESOURCES];
};

static bool measure_one(void *context, struct served_tablet *tablet)
{
    struct measuring *measuring = context;
    float load[VIEW_RESOURCES];
    served_tablet_measure(tablet, measuring->now_ns, load);
    for (unsigned r = 0; r < VIEW_RESOURCES; r++)
        measuring->sum[r] += load[r];
    return true;
}

void tablet_service_measure(
    struct tablet_service *service, uint64_t now_ns, float out_load[VIEW_RESOURCES])
{
    struct measuring measuring = {.now_ns = now_ns};
    tablet_service_each(service, measure_one, &measuring);
    memcpy(out_load, measuring.sum, sizeof measuring.sum);
}

void served_tablet_measure(
    struct served_tablet *tablet, uint64_t now_ns, float out_load[VIEW_RESOURCES])
{
    struct tablet_statistics statistics;
    tablet_statistics_read(tablet->tablet, &statistics);
    tablet_load_measure(tablet->load, now_ns, out_load);
    out_load[VIEW_MEMORY] = (float)statistics.memtable_bytes;
}
