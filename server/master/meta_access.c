#include "server/master/meta_access.h"

#include <stdio.h>

#include "base/log_lines.h"
#include "base/memory.h"
#include "server/master/master_internal.h"

#define READ_BYTES     (1u << 20)
#define RETRY_FIRST_NS 20000000ull
#define RETRY_MOST_NS  1000000000ull

/* A batch on its way. */
struct meta_sending {
    struct tablet_command command; /* first */
    struct task task;
    struct master *master;
    struct meta_batch *batch;
    struct server_name server; /* host in `text` */
    char text[SERVER_TEXT_SIZE];
    struct meta_sending *next; /* while it waits */
    bool is_first;             /* does not wait for others to begin */
    int64_t timestamp;         /* of its cells, once it was sent */
    void (*done)(void *context, enum status status, const struct error *error);
    void *context;
};

static void send(struct meta_sending *sending);

void meta_access_init(struct meta_access *meta)
{
    memset(meta, 0, sizeof *meta);
    meta->waiting_end = &meta->waiting;
}

static int64_t next_timestamp(struct master *master)
{
    int64_t now = env_wall_ms(master->env);
    struct meta_access *meta = &master->meta;
    meta->last_timestamp = now > meta->last_timestamp ? now : meta->last_timestamp + 1;
    return meta->last_timestamp;
}

static void finish(struct meta_sending *sending, enum status status, const struct error *error)
{
    if (sending->done)
        sending->done(sending->context, status, error);
    meta_batch_free(sending->batch);
    memory_free(sending);
}

static void cancel(struct meta_sending *sending)
{
    struct error error = {0};
    finish(
        sending, error_set(&error, STATUS_CANCELLED, "the master does not lead any more"), &error);
}

static void wait(struct meta_sending *sending)
{
    struct meta_access *meta = &sending->master->meta;
    sending->next = NULL;
    *meta->waiting_end = sending;
    meta->waiting_end = &sending->next;
}

static void retry(struct task *task)
{
    struct master *master = (struct master *)((char *)task -
                                              offsetof(struct master, meta.retry_task));
    master->meta.is_retry_out = false;
    if (master_came_back(master))
        meta_access_open(master);
}

static void retry_later(struct master *master)
{
    struct meta_access *meta = &master->meta;
    if (meta->is_retry_out)
        return;
    meta->delay_ns = meta->delay_ns ? meta->delay_ns * 2 : RETRY_FIRST_NS;
    if (meta->delay_ns > RETRY_MOST_NS)
        meta->delay_ns = RETRY_MOST_NS;
    meta->is_retry_out = true;
    meta->retry_task.run = retry;
    master_after(master, &meta->retry_task, meta->delay_ns);
}

/* The first failure: of the whole, or of a row. */
static enum status outcome_of(const struct meta_sending *sending, struct error *error)
{
    const struct tablet_command *command = &sending->command;
    *error = command->error;
    if (command->status)
        return command->status;
    for (size_t i = 0; i < command->operation_count; i++) {
        const struct write_operation *operation = &command->operations[i];
        if (operation->status)
            return error_set(error, operation->status, "%s", write_operation_reason(operation));
    }
    return STATUS_OK;
}

static void on_clock(struct task *task)
{
    struct meta_sending *sending = (struct meta_sending *)((char *)task -
                                                           offsetof(struct meta_sending, task));
    master_came_back(sending->master);
    finish(sending, STATUS_OK, NULL);
}

/* It is written; where clients look at it by their clock, ours must have passed its timestamp. */
static void finish_in_time(struct meta_sending *sending, bool goes_on)
{
    struct master *master = sending->master;
    int64_t ahead_ms = sending->timestamp + 1 - env_wall_ms(master->env);
    if (!goes_on || sending->is_first || !meta_batch_has_state(sending->batch) || ahead_ms <= 0 ||
        ahead_ms > META_CLOCK_WAIT_MS) {
        finish(sending, STATUS_OK, NULL);
        return;
    }
    sending->task.run = on_clock;
    master_after(master, &sending->task, (uint64_t)ahead_ms * 1000000);
}

static void on_answer(struct task *task)
{
    struct meta_sending *sending = (struct meta_sending *)((char *)task -
                                                           offsetof(struct meta_sending, task));
    struct master *master = sending->master;
    struct error error;
    bool goes_on = master_came_back(master);
    enum status status = outcome_of(sending, &error);
    if (!status) {
        master->meta.delay_ns = 0;
        finish_in_time(sending, goes_on);
    } else if (!goes_on) {
        cancel(sending);
    } else if (status == STATUS_SUPERSEDED) {
        master_lost(master, &error);
        cancel(sending);
    } else {
        log_line(LOG_WARN, "meta.write", "error=\"%s\"", error.message);
        wait(sending);
        retry_later(master);
    }
}

static void on_command_done(struct tablet_command *command)
{
    struct meta_sending *sending = (struct meta_sending *)command;
    sending->task.run = on_answer;
    master_back(sending->master, &sending->task);
}

static void copy_server(struct meta_sending *sending, const struct assigned_server *server)
{
    memcpy(sending->text, server->text, sizeof sending->text);
    sending->server = server->name;
    sending->server.host = span_make(sending->text, server->name.host.size);
}

/* Open on a server that is not given up. Of one that is, it opens elsewhere: meta_access_open() comes. */
static bool is_reachable(const struct assigned_tablet *meta)
{
    return meta && meta->state == ASSIGNMENT_OPEN &&
           (!meta->server || meta->server->state == ASSIGNED_SERVER_LIVE);
}

static void send(struct meta_sending *sending)
{
    struct master *master = sending->master;
    const struct assigned_tablet *meta = master_meta_tablet(master);
    bool may_write = sending->is_first ? master->meta.is_read : master->meta.is_begun;
    if (!is_reachable(meta) || !may_write) {
        wait(sending);
        return;
    }
    struct error error = {0};
    if (!sending->command.operations)
        sending->timestamp = next_timestamp(master);
    if (!sending->command.operations &&
        meta_batch_finish(sending->batch, sending->timestamp, &sending->command.operations,
            &sending->command.operation_count, &error)) {
        finish(sending, STATUS_NO_MEMORY, &error);
        return;
    }
    copy_server(sending, meta->server);
    struct tablet_command *command = &sending->command;
    command->server = &sending->server;
    snprintf(command->tablet.id, sizeof command->tablet.id, "%s", META_TABLET_ID);
    snprintf(command->tablet.table_id, sizeof command->tablet.table_id, "%s", META_TABLE_ID);
    command->epoch = atomic_load(&master->epoch);
    command->done = on_command_done;
    for (size_t i = 0; i < command->operation_count; i++)
        command->operations[i].status = STATUS_OK;
    master_hold(master);
    tablet_link_send(master->config.link, command);
}

static void write_batch(struct master *master, struct meta_batch *batch, bool is_first,
    void (*done)(void *context, enum status status, const struct error *error), void *context)
{
    struct error error = {0};
    struct meta_sending *sending = batch ? memory_allocate_zeroed(1, sizeof *sending) : NULL;
    enum status status = STATUS_OK;
    if (!sending)
        status = error_set(&error, STATUS_NO_MEMORY, "no memory for rows of hbase:meta");
    if (status || meta_batch_is_empty(batch)) {
        memory_free(sending);
        meta_batch_free(batch);
        if (done)
            done(context, status, &error);
        return;
    }
    sending->master = master;
    sending->batch = batch;
    sending->is_first = is_first;
    sending->done = done;
    sending->context = context;
    sending->command.kind = TABLET_COMMAND_WRITE;
    sending->command.arena = meta_batch_arena(batch);
    if (master_is_over(master))
        cancel(sending);
    else
        send(sending);
}

void meta_access_write(struct master *master, struct meta_batch *batch,
    void (*done)(void *context, enum status status, const struct error *error), void *context)
{
    write_batch(master, batch, false, done, context);
}

void meta_access_write_first(struct master *master, struct meta_batch *batch,
    void (*done)(void *context, enum status status, const struct error *error), void *context)
{
    write_batch(master, batch, true, done, context);
}

void meta_access_begin(struct master *master)
{
    master->meta.is_begun = true;
    meta_access_open(master);
}

static struct meta_sending *take_waiting(struct master *master)
{
    struct meta_sending *waiting = master->meta.waiting;
    master->meta.waiting = NULL;
    master->meta.waiting_end = &master->meta.waiting;
    return waiting;
}

static void read_some(struct meta_reading *reading);
static void end_reading(
    struct meta_reading *reading, enum status status, const struct error *error);

void meta_access_open(struct master *master)
{
    struct meta_reading *reading = master->meta.reading;
    struct meta_sending *waiting = take_waiting(master);
    master->meta.reading = NULL;
    while (waiting) {
        struct meta_sending *sending = waiting;
        waiting = sending->next;
        send(sending);
    }
    if (reading)
        read_some(reading);
}

void meta_access_cancel(struct master *master)
{
    struct meta_reading *reading = master->meta.reading;
    struct meta_sending *waiting = take_waiting(master);
    struct error error = {0};
    master->meta.reading = NULL;
    while (waiting) {
        struct meta_sending *sending = waiting;
        waiting = sending->next;
        cancel(sending);
    }
    if (reading)
        end_reading(reading,
            error_set(&error, STATUS_CANCELLED, "the master does not lead any more"), &error);
    if (master->meta.is_retry_out && master_cancel(master, &master->meta.retry_task))
        master->meta.is_retry_out = false;
}

/* ---- Reading ---- */

struct meta_reading {
    struct tablet_command command; /* first */
    struct task task;
    struct master *master;
    struct server_name server;
    char text[SERVER_TEXT_SIZE];
    struct arena arena;
    struct buffer after;
    unsigned failures;
    void (*cell)(void *context, const struct cell *cell);
    void (*done)(void *context, enum status status, const struct error *error);
    void *context;
};

#define READ_TRIES 30

static void end_reading(struct meta_reading *reading, enum status status, const struct error *error)
{
    struct master *master = reading->master;
    bool is_first = status == STATUS_OK && !master->meta.is_read;
    master->meta.is_read = master->meta.is_read || is_first;
    reading->done(reading->context, status, error);
    if (is_first)
        meta_access_open(master); /* what waited for a timestamp, and need not wait for more */
    arena_deinit(&reading->arena);
    buffer_deinit(&reading->after);
    memory_free(reading);
}

static void take_cells(struct meta_reading *reading)
{
    struct tablet_command *command = &reading->command;
    struct meta_access *meta = &reading->master->meta;
    for (size_t i = 0; i < command->cell_count; i++) {
        if (command->cells[i].timestamp > meta->last_timestamp &&
            command->cells[i].timestamp < TIMESTAMP_LATEST)
            meta->last_timestamp = command->cells[i].timestamp;
        reading->cell(reading->context, &command->cells[i]);
    }
    if (command->cell_count) {
        buffer_reset(&reading->after);
        buffer_put(&reading->after, command->cells[command->cell_count - 1].row);
    }
}

static void on_read_answer(struct task *task)
{
    struct meta_reading *reading = (struct meta_reading *)((char *)task -
                                                           offsetof(struct meta_reading, task));
    struct tablet_command *command = &reading->command;
    struct error error = {0};
    if (!master_came_back(reading->master)) {
        end_reading(reading,
            error_set(&error, STATUS_CANCELLED, "the master does not lead any more"), &error);
        return;
    }
    enum status status = command->status;
    if (!status) {
        master_go_on(reading->master);
        take_cells(reading);
        status = buffer_status(&reading->after);
        if (status || command->is_end)
            end_reading(reading, status, &error);
        else
            read_some(reading);
    } else if (status == STATUS_SUPERSEDED ||
               (status != STATUS_CORRUPT && ++reading->failures >= READ_TRIES)) {
        end_reading(reading, status, &command->error);
    } else {
        if (status == STATUS_CORRUPT)
            master_hold_up(reading->master, "read", &command->error);
        reading->master->meta.reading = reading;
        retry_later(reading->master);
    }
}

static void on_read_done(struct tablet_command *command)
{
    struct meta_reading *reading = (struct meta_reading *)command;
    reading->task.run = on_read_answer;
    master_back(reading->master, &reading->task);
}

static void read_some(struct meta_reading *reading)
{
    struct master *master = reading->master;
    const struct assigned_tablet *meta = master_meta_tablet(master);
    if (!is_reachable(meta)) {
        master->meta.reading = reading;
        return;
    }
    memcpy(reading->text, meta->server->text, sizeof reading->text);
    reading->server = meta->server->name;
    reading->server.host = span_make(reading->text, meta->server->name.host.size);
    struct tablet_command *command = &reading->command;
    arena_reset(&reading->arena);
    memset(command, 0, sizeof *command);
    command->kind = TABLET_COMMAND_READ;
    command->server = &reading->server;
    command->epoch = atomic_load(&master->epoch);
    snprintf(command->tablet.id, sizeof command->tablet.id, "%s", META_TABLET_ID);
    snprintf(command->tablet.table_id, sizeof command->tablet.table_id, "%s", META_TABLE_ID);
    command->after_row = buffer_span(&reading->after);
    command->read_bytes = READ_BYTES;
    command->arena = &reading->arena;
    command->done = on_read_done;
    master_hold(master);
    tablet_link_send(master->config.link, command);
}

void meta_access_read(struct master *master, void (*cell)(void *context, const struct cell *cell),
    void (*done)(void *context, enum status status, const struct error *error), void *context)
{
    struct error error = {0};
    struct meta_reading *reading = memory_allocate_zeroed(1, sizeof *reading);
    if (!reading) {
        done(context, error_set(&error, STATUS_NO_MEMORY, "no memory to read hbase:meta"), &error);
        return;
    }
    reading->master = master;
    reading->cell = cell;
    reading->done = done;
    reading->context = context;
    read_some(reading);
}
