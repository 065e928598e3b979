#include "server/tablet/table_traffic.h"

#include <stdatomic.h>
#include <string.h>

#include "base/memory.h"
#include "base/mutex.h"

struct traffic_table {
    struct table_traffic *traffic;
    struct load_totals past; /* of members that have left */
    struct traffic_member *members;
    struct traffic_table *next;
    size_t name_size;
    uint8_t name[];
};

struct table_traffic {
    _Atomic unsigned references; /* its owner's, and one for each member */
    struct mutex mu;             /* LOCK_RANK_TABLE_TRAFFIC: guards all below */
    struct traffic_table *tables;
    size_t table_count;
};

struct table_traffic *table_traffic_new(void)
{
    struct table_traffic *traffic = memory_allocate_zeroed(1, sizeof *traffic);
    if (!traffic)
        return NULL;
    atomic_init(&traffic->references, 1);
    mutex_init(&traffic->mu, LOCK_RANK_TABLE_TRAFFIC);
    return traffic;
}

void table_traffic_unref(struct table_traffic *traffic)
{
    if (!traffic || atomic_fetch_sub_explicit(&traffic->references, 1, memory_order_acq_rel) > 1)
        return;
    while (traffic->tables) {
        struct traffic_table *table = traffic->tables;
        traffic->tables = table->next;
        memory_free(table);
    }
    mutex_deinit(&traffic->mu);
    memory_free(traffic);
}

/* One that has no tablet here makes room. */
static void drop_one_locked(struct table_traffic *traffic)
{
    for (struct traffic_table **link = &traffic->tables; *link; link = &(*link)->next) {
        struct traffic_table *table = *link;
        if (table->members)
            continue;
        *link = table->next;
        traffic->table_count--;
        memory_free(table);
        return;
    }
}

static struct traffic_table *find_locked(struct table_traffic *traffic, struct span name)
{
    for (struct traffic_table *one = traffic->tables; one; one = one->next)
        if (span_equal(span_make(one->name, one->name_size), name))
            return one;
    if (traffic->table_count >= TABLE_TRAFFIC_TABLES)
        drop_one_locked(traffic);
    if (traffic->table_count >= TABLE_TRAFFIC_TABLES)
        return NULL;
    struct traffic_table *table = memory_allocate_zeroed(1, sizeof *table + name.size);
    if (!table)
        return NULL;
    table->traffic = traffic;
    table->name_size = name.size;
    memcpy(table->name, name.data, name.size);
    table->next = traffic->tables;
    traffic->tables = table;
    traffic->table_count++;
    return table;
}

void table_traffic_join(struct table_traffic *traffic, struct span table_name,
    const struct tablet_load *load, struct traffic_member *member)
{
    *member = (struct traffic_member){.load = load};
    mutex_lock(&traffic->mu);
    struct traffic_table *table = find_locked(traffic, table_name);
    if (table) {
        member->table = table;
        member->next = table->members;
        if (table->members)
            table->members->previous = member;
        table->members = member;
        atomic_fetch_add_explicit(&traffic->references, 1, memory_order_relaxed);
    }
    mutex_unlock(&traffic->mu);
}

static void add_totals(struct load_totals *to, const struct tablet_load *load)
{
    struct load_totals totals;
    tablet_load_totals(load, &totals);
    for (size_t i = 0; i < LOAD_KINDS; i++) {
        to->requests[i] += totals.requests[i];
        to->calls[i] += totals.calls[i];
    }
    to->rows_returned += totals.rows_returned;
    to->bytes_in += totals.bytes_in;
    to->bytes_out += totals.bytes_out;
    to->cpu_ns += totals.cpu_ns;
}

void table_traffic_leave(struct traffic_member *member)
{
    struct traffic_table *table = member->table;
    if (!table)
        return;
    struct table_traffic *traffic = table->traffic;
    mutex_lock(&traffic->mu);
    add_totals(&table->past, member->load);
    if (member->previous)
        member->previous->next = member->next;
    else
        table->members = member->next;
    if (member->next)
        member->next->previous = member->previous;
    mutex_unlock(&traffic->mu);
    member->table = NULL;
    table_traffic_unref(traffic);
}

void table_traffic_each(struct table_traffic *traffic,
    void (*each)(void *context, struct span table_name, const struct load_totals *totals),
    void *context)
{
    mutex_lock(&traffic->mu);
    for (const struct traffic_table *table = traffic->tables; table; table = table->next) {
        struct load_totals totals = table->past;
        for (const struct traffic_member *one = table->members; one; one = one->next)
            add_totals(&totals, one->load);
        each(context, span_make(table->name, table->name_size), &totals);
    }
    mutex_unlock(&traffic->mu);
}
