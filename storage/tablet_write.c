/* The beginning and the end of a write: what refuses or delays it before anything was begun, and who
 * is told when it is done. What lies between is write_step.c.
 *
 * A write holds a reference on its tablet until it is done. What refuses it before anything was
 * begun calls done() at once. */
#include "base/limits.h"
#include "storage/write_step.h"

enum { DELAY_NS = 5 * 1000 * 1000 }; /* of a write when memory runs short */

/* ---- The end of a write ---- */

static void write_done(struct write *write)
{
    struct write_run *run = write->engine;
    struct tablet *tablet = run->tablet;
    write->done(write);
    if (atomic_fetch_sub_explicit(&tablet->writes_under_way, 1, memory_order_acq_rel) == 1)
        tablet_close_step(tablet);
    tablet_unref(tablet);
}

static void done_task_run(struct task *task)
{
    write_done((struct write *)(void *)((char *)task - offsetof(struct write, task)));
}

void write_run_unref(struct write_run *run, bool is_posted)
{
    if (atomic_fetch_sub_explicit(&run->references, 1, memory_order_acq_rel) != 1)
        return;
    if (!is_posted) {
        write_done(run->write);
        return;
    }
    run->write->task.run = done_task_run;
    executor_submit(run->tablet->store->workers, &run->write->task);
}

/* ---- Beginning ---- */

static void write_refuse(struct tablet *tablet, struct write *write, enum status status)
{
    write->status = status;
    if (atomic_fetch_sub_explicit(&tablet->writes_under_way, 1, memory_order_acq_rel) == 1)
        tablet_close_step(tablet);
    write->done(write);
}

static void write_begin(struct tablet *tablet, struct write *write, bool is_delayed);

static void delayed_task_run(struct task *task)
{
    struct write *write = (struct write *)(void *)((char *)task - offsetof(struct write, task));
    struct tablet *tablet = write->engine;
    write_begin(tablet, write, true);
    tablet_unref(tablet);
}

/* True: the write goes on now. False: it was refused, or waits. */
static bool pass_pressure(struct tablet *tablet, struct write *write, bool is_delayed)
{
    struct store *store = tablet->store;
    enum memtable_pressure pressure = memtable_memory_pressure(store->memtable_memory);
    if (pressure == MEMTABLE_PRESSURE_NONE)
        return true;
    tablet_flush_largest(store);
    if (pressure == MEMTABLE_PRESSURE_FULL) {
        error_set(&write->error, STATUS_BUSY, "Over memstore limit=%llu, regionName=%s",
            (unsigned long long)memtable_memory_budget(store->memtable_memory), tablet->info.id);
        atomic_fetch_add(&store->writes_refused, 1);
        write_refuse(tablet, write, STATUS_BUSY);
        return false;
    }
    if (pressure == MEMTABLE_PRESSURE_FLUSH || is_delayed)
        return true;
    atomic_fetch_add(&store->writes_delayed, 1);
    atomic_fetch_add(&store->writes_delay_ns, DELAY_NS);
    tablet_ref(tablet);
    write->engine = tablet;
    write->task.run = delayed_task_run;
    executor_submit_at(store->workers, &write->task, env_monotonic_ns(store->env) + DELAY_NS);
    return false;
}

static enum status check_tablet(
    struct tablet *tablet, const struct table_schema *schema, struct error *error)
{
    if (atomic_load_explicit(&tablet->is_closed, memory_order_seq_cst) ||
        store_is_dead(tablet->store))
        return error_set(error, STATUS_CLOSED, "tablet %s is closed", tablet->info.id);
    if (log_is_read_only(tablet->store->log))
        return error_set(error, STATUS_NO_SPACE, "no space left for the log: writes are refused");
    if (schema->is_read_only)
        return error_set(error, STATUS_WRONG_STATE, "region is read only");
    return STATUS_OK;
}

static void write_begin(struct tablet *tablet, struct write *write, bool is_delayed)
{
    const struct table_schema *schema = tablet_get_schema(tablet);
    enum status status = check_tablet(tablet, schema, &write->error);
    if (status) {
        write_refuse(tablet, write, status);
        return;
    }
    if (!pass_pressure(tablet, write, is_delayed))
        return;
    struct write_run *run = arena_allocate_zeroed(write->arena, 1, sizeof(*run));
    if (!run) {
        write_refuse(
            tablet, write, error_set(&write->error, STATUS_NO_MEMORY, "no memory for a write"));
        return;
    }
    tablet_ref(tablet);
    run->write = write;
    run->tablet = tablet;
    run->schema = schema;
    run->deadline_ns = write->deadline_ns ? write->deadline_ns
                                          : env_monotonic_ns(tablet->store->env) +
                                                (uint64_t)LIMIT_ROW_LOCK_WAIT_MS * 1000 * 1000;
    atomic_init(&run->references, 1);
    write->engine = run;
    write_run_start(run);
}

void tablet_write(struct tablet *tablet, struct write *write)
{
    write->status = STATUS_OK;
    /* Counted before the look at is_closed: a close that does not see us, we see. */
    atomic_fetch_add_explicit(&tablet->writes_under_way, 1, memory_order_seq_cst);
    write_begin(tablet, write, false);
}
