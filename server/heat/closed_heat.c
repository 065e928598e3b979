#include "server/heat/closed_heat.h"

#include <stdatomic.h>
#include <string.h>

#include "base/memory.h"
#include "base/mutex.h"

#define MINUTE_S 60

struct closed_column {
    struct closed_column *next;
    int64_t minute; /* 0: the one that runs */
    struct heat_column column;
    struct arena arena; /* of its spans */
};

struct closed_heat {
    _Atomic unsigned references; /* its owner's, and one for each tablet */
    struct mutex mu;             /* LOCK_RANK_CLOSED_HEAT: guards all below */
    int64_t running;             /* the minute that runs; 0 = not known yet */
    struct closed_column *first; /* oldest first */
    struct closed_column **last;
    size_t count;
};

struct closed_heat *closed_heat_new(void)
{
    struct closed_heat *closed = memory_allocate_zeroed(1, sizeof *closed);
    if (!closed)
        return NULL;
    atomic_init(&closed->references, 1);
    mutex_init(&closed->mu, LOCK_RANK_CLOSED_HEAT);
    closed->last = &closed->first;
    return closed;
}

void closed_heat_ref(struct closed_heat *closed)
{
    atomic_fetch_add_explicit(&closed->references, 1, memory_order_relaxed);
}

static void column_free(struct closed_column *column)
{
    if (column)
        arena_deinit(&column->arena);
    memory_free(column);
}

static void drop_first_locked(struct closed_heat *closed)
{
    struct closed_column *first = closed->first;
    closed->first = first->next;
    if (!closed->first)
        closed->last = &closed->first;
    closed->count--;
    column_free(first);
}

void closed_heat_unref(struct closed_heat *closed)
{
    if (!closed || atomic_fetch_sub_explicit(&closed->references, 1, memory_order_acq_rel) > 1)
        return;
    while (closed->first)
        drop_first_locked(closed);
    mutex_deinit(&closed->mu);
    memory_free(closed);
}

/* A stretch for each bucket, also where nothing was taken: they are of about one size, which tells how wide heat is. */
enum status heat_column_make(const struct heat_tablet_names *names,
    const struct heat_minute_copy *copy, struct arena *arena, struct heat_column *out_column)
{
    struct span *starts = arena_allocate_zeroed(arena, copy->value_count, sizeof *starts);
    if (!starts)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < copy->value_count; i++)
        starts[i] = i > 0 ? copy->bounds[i - 1] : names->start_key;
    *out_column = (struct heat_column){.table = names->table,
        .axis = {.starts = starts,
            .values = copy->values,
            .count = copy->value_count,
            .end = names->end_key}};
    memcpy(out_column->table_id, names->table_id, sizeof out_column->table_id);
    memcpy(out_column->tablet_id, names->tablet_id, sizeof out_column->tablet_id);
    return STATUS_OK;
}

/* `from`: as tablet_heat_read_minute has it. NULL when there is nothing, or no memory. */
static struct closed_column *column_new(
    struct tablet_heat *heat, const struct heat_tablet_names *names, int64_t from)
{
    struct heat_minute_copy copy;
    struct closed_column *made = memory_allocate_zeroed(1, sizeof *made);
    if (made && !tablet_heat_read_minute(heat, from, &made->arena, &copy) &&
        !heat_column_make(names, &copy, &made->arena, &made->column) &&
        heat_copy_span(&made->arena, &made->column.table) &&
        heat_copy_span(&made->arena, (struct span *)&made->column.axis.starts[0]) &&
        heat_copy_span(&made->arena, &made->column.axis.end))
        return made;
    column_free(made);
    return NULL;
}

static void append_locked(struct closed_heat *closed, struct closed_column *column)
{
    *closed->last = column;
    closed->last = &column->next;
    closed->count++;
    if (closed->count > CLOSED_HEAT_COLUMNS)
        drop_first_locked(closed);
}

void closed_heat_keep(
    struct closed_heat *closed, struct tablet_heat *heat, const struct heat_tablet_names *names)
{
    if (tablet_heat_buckets(heat) == 0)
        return;
    mutex_lock(&closed->mu);
    int64_t running = closed->running;
    int64_t counted = tablet_heat_last_second(heat) / MINUTE_S; /* by what is not in its ring yet */
    struct closed_column *before = running > 0 ? column_new(heat, names, running - 1) : NULL;
    struct closed_column *now = column_new(heat, names, 0);
    if (before) {
        before->minute = running - 1;
        append_locked(closed, before);
    }
    if (now) {
        /* It was on its way out when the minute ended, and did not hear of that. */
        now->minute = counted > 0 && counted < running ? counted : 0;
        append_locked(closed, now);
    }
    mutex_unlock(&closed->mu);
}

void closed_heat_minute(struct closed_heat *closed, int64_t minute)
{
    mutex_lock(&closed->mu);
    closed->running = minute + 1;
    for (struct closed_column *one = closed->first; one; one = one->next)
        if (one->minute == 0)
            one->minute = minute;
    while (closed->first && closed->first->minute + TABLET_HEAT_MINUTES < minute)
        drop_first_locked(closed);
    mutex_unlock(&closed->mu);
}

size_t closed_heat_count(struct closed_heat *closed)
{
    mutex_lock(&closed->mu);
    size_t count = closed->count;
    mutex_unlock(&closed->mu);
    return count;
}

enum status closed_heat_read(struct closed_heat *closed, int64_t minute, struct arena *arena,
    struct heat_column *columns, size_t room, size_t *count)
{
    enum status status = STATUS_OK;
    mutex_lock(&closed->mu);
    for (const struct closed_column *one = closed->first; one && !status; one = one->next) {
        if (one->minute != minute || *count == room)
            continue;
        columns[*count] = one->column;
        columns[*count].is_closed = true;
        if (heat_copy_span(arena, &columns[*count].table) &&
            heat_copy_axis(arena, &columns[*count].axis))
            ++*count;
        else
            status = STATUS_NO_MEMORY;
    }
    mutex_unlock(&closed->mu);
    return status;
}
