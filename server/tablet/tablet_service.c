#include "server/tablet/tablet_service.h"

#include <xxhash.h>

#include "base/memory.h"
#include "base/mutex.h"

#define FIRST_BUCKETS 256

struct tablet_service {
    struct store *store;
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
    service->bucket_count = FIRST_BUCKETS;
    service->buckets = memory_allocate_zeroed(FIRST_BUCKETS, sizeof *service->buckets);
    if (!service->buckets) {
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
    memory_free(service->buckets);
    memory_free(service);
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
    tablet_load_free(tablet->load);
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

static struct served_tablet *served_tablet_new(
    const char *id, const char *table_id, const struct region_info *info)
{
    struct served_tablet *tablet = memory_allocate_zeroed(1, sizeof *tablet);
    if (!tablet)
        return NULL;
    struct buffer name = {0};
    atomic_init(&tablet->references, 1);
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
    return tablet;
}

enum status tablet_service_begin_open(struct tablet_service *service,
    const struct table_schema *schema, const struct tablet_info *info)
{
    struct region_info region = {
        .region_id = info->region_id,
        .table = schema->name,
        .start_key = info->start_row,
        .end_key = info->end_row,
    };
    struct served_tablet *tablet = served_tablet_new(info->id, info->table_id, &region);
    if (!tablet)
        return STATUS_NO_MEMORY;
    mutex_lock(&service->mu);
    bool is_taken = *find_locked(service, span_string(info->id)) != NULL;
    if (!is_taken)
        insert_locked(service, tablet);
    mutex_unlock(&service->mu);
    if (!is_taken)
        return STATUS_OK;
    served_tablet_unref(tablet);
    return STATUS_EXISTS;
}

enum status tablet_service_open(struct tablet_service *service, const char *tablet_id,
    const char *table_id, const struct table_schema *schema, struct error *error)
{
    struct tablet *opened = NULL;
    enum status status = store_tablet_open(
        service->store, table_id, tablet_id, schema, &opened, error);
    mutex_lock(&service->mu);
    struct served_tablet *tablet = *find_locked(service, span_string(tablet_id));
    CHECK(tablet && !tablet->tablet);
    if (status)
        remove_locked(service, span_string(tablet_id));
    else
        tablet->tablet = opened;
    mutex_unlock(&service->mu);
    if (status)
        served_tablet_unref(tablet);
    return status;
}

struct served_tablet *tablet_service_take(struct tablet_service *service, const char *tablet_id)
{
    mutex_lock(&service->mu);
    struct served_tablet *tablet = *find_locked(service, span_string(tablet_id));
    if (tablet && tablet->tablet)
        remove_locked(service, span_string(tablet_id));
    else
        tablet = NULL;
    mutex_unlock(&service->mu);
    return tablet;
}

static enum tablet_lookup find_by_id(
    struct tablet_service *service, struct span id, struct served_tablet **out_tablet)
{
    enum tablet_lookup answer = TABLET_ABSENT;
    mutex_lock(&service->mu);
    struct served_tablet *tablet = *find_locked(service, id);
    if (tablet && tablet->tablet) {
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

void tablet_service_each(struct tablet_service *service,
    bool (*each)(void *context, struct served_tablet *tablet), void *context)
{
    mutex_lock(&service->mu);
    size_t count = 0;
    struct served_tablet **all = memory_allocate_zeroed(service->count + 1, sizeof *all);
    for (size_t i = 0; all && i < service->bucket_count; i++) {
        for (struct served_tablet *one = service->buckets[i]; one; one = one->next) {
            if (!one->tablet)
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
