#include "server/hbase/scanner_table.h"

#include "base/limits.h"
#include "base/memory.h"
#include "base/mutex.h"

#define BUCKETS     4096u /* a power of two */
#define CLOSED_KEPT 8192u
#define SWEEP_NS    (5u * (uint64_t)1000000000)
#define NS_PER_MS   1000000u

struct closed_id {
    uint64_t id;
    uint64_t until_ns;
    uint64_t next_call_seq;
};

struct scanner_table {
    struct env *env;
    struct executor *workers;
    struct mutex mu; /* guards all below */
    struct scanner_entry *buckets[BUCKETS];
    size_t count;                         /* in the buckets */
    struct closed_id closed[CLOSED_KEPT]; /* a ring */
    size_t closed_next;
    struct task sweep;
    bool is_sweep_due; /* the timer is set, or the sweep runs */
    bool is_stopping;
    unsigned references; /* the owner's, and the sweep's while it is due */
};

static struct scanner_entry **bucket_of(struct scanner_table *table, uint64_t id)
{
    return &table->buckets[(id ^ id >> 32) & (BUCKETS - 1)];
}

static void entry_free(struct scanner_entry *entry)
{
    scanner_close(entry->scanner);
    served_tablet_unref(entry->tablet);
    memory_free(entry);
}

static void free_list(struct scanner_entry *list)
{
    while (list) {
        struct scanner_entry *entry = list;
        list = entry->next;
        entry_free(entry);
    }
}

/* Unlinks what is idle and due by `now_ns`; the list is the caller's to free. */
static struct scanner_entry *take_due_locked(struct scanner_table *table, uint64_t now_ns)
{
    struct scanner_entry *due = NULL;
    for (size_t i = 0; i < BUCKETS && table->count > 0; i++) {
        struct scanner_entry **link = &table->buckets[i];
        while (*link) {
            struct scanner_entry *entry = *link;
            if (entry->is_taken || entry->lease_due_ns > now_ns) {
                link = &entry->next;
                continue;
            }
            *link = entry->next;
            table->count--;
            entry->next = due;
            due = entry;
        }
    }
    return due;
}

/* ---- The sweep ---- */

/* Frees the table when that was the last reference. */
static void table_unref(struct scanner_table *table)
{
    mutex_lock(&table->mu);
    bool is_last = --table->references == 0;
    mutex_unlock(&table->mu);
    if (!is_last)
        return;
    mutex_deinit(&table->mu);
    memory_free(table);
}

static void sweep_run(struct task *task)
{
    struct scanner_table *table = (struct scanner_table *)((char *)task -
                                                           offsetof(struct scanner_table, sweep));
    uint64_t now_ns = env_monotonic_ns(table->env);
    mutex_lock(&table->mu);
    struct scanner_entry *due = take_due_locked(table, now_ns);
    bool is_again = table->count > 0 && !table->is_stopping;
    table->is_sweep_due = is_again;
    if (is_again)
        executor_submit_at(table->workers, &table->sweep, now_ns + SWEEP_NS);
    mutex_unlock(&table->mu);
    free_list(due);
    if (!is_again)
        table_unref(table);
}

static void want_sweep_locked(struct scanner_table *table, uint64_t now_ns)
{
    if (table->is_sweep_due || table->is_stopping)
        return;
    table->is_sweep_due = true;
    table->references++;
    table->sweep.run = sweep_run;
    executor_submit_at(table->workers, &table->sweep, now_ns + SWEEP_NS);
}

/* ---- Life ---- */

enum status scanner_table_new(
    struct env *env, struct executor *workers, struct scanner_table **out_table)
{
    struct scanner_table *table = memory_allocate_zeroed(1, sizeof *table);
    if (!table)
        return STATUS_NO_MEMORY;
    table->env = env;
    table->workers = workers;
    table->references = 1;
    mutex_init(&table->mu, LOCK_RANK_SERVICE);
    *out_table = table;
    return STATUS_OK;
}

void scanner_table_free(struct scanner_table *table)
{
    if (!table)
        return;
    mutex_lock(&table->mu);
    table->is_stopping = true;
    struct scanner_entry *all = take_due_locked(table, UINT64_MAX);
    /* A sweep that has begun drops its own reference when it ends. */
    if (table->is_sweep_due && executor_cancel(table->workers, &table->sweep))
        table->references--;
    mutex_unlock(&table->mu);
    free_list(all);
    table_unref(table);
}

uint64_t scanner_table_lease_ms(const struct scanner_table *table)
{
    (void)table;
    return LIMIT_SCANNER_LEASE_MS;
}

size_t scanner_table_count(struct scanner_table *table)
{
    mutex_lock(&table->mu);
    size_t count = table->count;
    mutex_unlock(&table->mu);
    return count;
}

/* ---- Entries ---- */

struct scanner_entry *scanner_table_make(
    struct scanner_table *table, struct scanner *scanner, struct served_tablet *tablet)
{
    struct scanner_entry *entry = memory_allocate_zeroed(1, sizeof *entry);
    if (!entry)
        return NULL;
    do
        entry->id = env_random_u64(table->env);
    while (entry->id == 0 || entry->id == UINT64_MAX);
    entry->scanner = scanner;
    entry->tablet = tablet;
    entry->is_taken = true;
    return entry;
}

static struct scanner_entry *find_locked(struct scanner_table *table, uint64_t id)
{
    struct scanner_entry *entry = *bucket_of(table, id);
    while (entry && entry->id != id)
        entry = entry->next;
    return entry;
}

/* NULL when it was not closed, or long ago. Looks from the newest on: who asks comes soon after. */
static const struct closed_id *find_closed_locked(
    struct scanner_table *table, uint64_t id, uint64_t now_ns)
{
    for (size_t i = 1; i <= CLOSED_KEPT; i++) {
        const struct closed_id *closed =
            &table->closed[(table->closed_next + CLOSED_KEPT - i) % CLOSED_KEPT];
        if (closed->until_ns <= now_ns)
            return NULL; /* and all before it */
        if (closed->id == id)
            return closed;
    }
    return NULL;
}

enum scanner_lookup scanner_table_take(struct scanner_table *table, uint64_t id,
    struct scanner_entry **out_entry, uint64_t *out_next_call_seq)
{
    enum scanner_lookup lookup = SCANNER_TAKEN;
    uint64_t now_ns = env_monotonic_ns(table->env);
    mutex_lock(&table->mu);
    struct scanner_entry *entry = find_locked(table, id);
    const struct closed_id *closed = entry ? NULL : find_closed_locked(table, id, now_ns);
    if (closed) {
        lookup = SCANNER_CLOSED;
        *out_next_call_seq = closed->next_call_seq;
    } else if (!entry)
        lookup = SCANNER_UNKNOWN;
    else if (entry->is_taken)
        lookup = SCANNER_IN_USE;
    else if (entry->lease_due_ns <= now_ns)
        lookup = SCANNER_UNKNOWN; /* the sweep will come by */
    else
        entry->is_taken = true;
    mutex_unlock(&table->mu);
    if (lookup == SCANNER_TAKEN)
        *out_entry = entry;
    return lookup;
}

bool scanner_table_give(struct scanner_table *table, struct scanner_entry *entry)
{
    uint64_t now_ns = env_monotonic_ns(table->env);
    mutex_lock(&table->mu);
    bool is_listed = find_locked(table, entry->id) == entry;
    bool is_full = !is_listed && (table->count >= LIMIT_SCANNERS || table->is_stopping);
    if (!is_full) {
        if (!is_listed) {
            struct scanner_entry **bucket = bucket_of(table, entry->id);
            entry->next = *bucket;
            *bucket = entry;
            table->count++;
        }
        entry->lease_due_ns = now_ns + (uint64_t)LIMIT_SCANNER_LEASE_MS * NS_PER_MS;
        entry->is_taken = false;
        want_sweep_locked(table, now_ns);
    }
    mutex_unlock(&table->mu);
    if (is_full)
        scanner_table_close(table, entry);
    return !is_full;
}

void scanner_table_close(struct scanner_table *table, struct scanner_entry *entry)
{
    uint64_t now_ns = env_monotonic_ns(table->env);
    mutex_lock(&table->mu);
    struct scanner_entry **link = bucket_of(table, entry->id);
    while (*link && *link != entry)
        link = &(*link)->next;
    if (*link) {
        *link = entry->next;
        table->count--;
    }
    table->closed[table->closed_next] = (struct closed_id){
        entry->id, now_ns + (uint64_t)LIMIT_SCANNER_LEASE_MS * NS_PER_MS, entry->next_call_seq};
    table->closed_next = (table->closed_next + 1) % CLOSED_KEPT;
    mutex_unlock(&table->mu);
    entry_free(entry);
}

void scanner_entry_set_position(struct scanner_entry *entry, struct span row)
{
    size_t size = row.size < sizeof entry->position ? row.size : sizeof entry->position;
    if (size > 0)
        memcpy(entry->position, row.data, size);
    entry->position_size = (uint8_t)size;
}
