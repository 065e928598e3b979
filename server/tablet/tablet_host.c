#include "server/tablet/tablet_host.h"

#include <inttypes.h>
#include <stdatomic.h>

#include "base/log_lines.h"
#include "base/memory.h"
#include "server/tablet/command_lanes.h"
#include "server/tablet/tablet_rows.h"

struct tablet_host {
    struct tablet_host_config config;
    struct command_lanes lanes;
    struct moved_tablets moved;
    _Atomic uint64_t epoch;
    _Atomic bool is_stopping;
};

/* What a close keeps between its parts. command->state. */
struct closing {
    struct tablet_host *host;
    struct served_tablet *served;
    uint64_t stopped_since_ns;
};

static struct tablet_command *command_of_task(struct task *task)
{
    return (struct tablet_command *)((char *)task - offsetof(struct tablet_command, task));
}

static struct tablet_command *command_of_completion(struct completion *completion)
{
    return (
        struct tablet_command *)((char *)completion - offsetof(struct tablet_command, completion));
}

static void execute(struct tablet_host *host, struct tablet_command *command);

/* Ends a command that is in no lane. */
static void answer(struct tablet_command *command, enum status status, const struct error *error)
{
    command->status = status;
    if (error && error != &command->error)
        command->error = *error;
    command->done(command);
}

/* Ends the command at the front of its lane and begins the next. */
static void finish(struct tablet_host *host, struct tablet_command *command, enum status status,
    const struct error *error)
{
    struct tablet_command *next = command_lanes_leave(&host->lanes, command);
    answer(command, status, error);
    if (next)
        execute(host, next);
}

/* Raises the highest epoch seen; false when the command's is lower. */
static bool accept_epoch(struct tablet_host *host, const struct tablet_command *command)
{
    uint64_t seen = atomic_load(&host->epoch);
    while (seen < command->epoch)
        if (atomic_compare_exchange_weak(&host->epoch, &seen, command->epoch))
            return true;
    return seen == command->epoch;
}

static enum status refuse_epoch(
    struct tablet_host *host, const struct tablet_command *command, struct error *error)
{
    return error_set(error, STATUS_SUPERSEDED,
        "a master of epoch %" PRIu64 " is obeyed, not one of %" PRIu64, atomic_load(&host->epoch),
        command->epoch);
}

static struct served_tablet *find(struct tablet_host *host, const char *tablet_id)
{
    struct served_tablet *served = NULL;
    struct region_specifier specifier = {span_string(tablet_id), true};
    return tablet_service_find(host->config.tablets, specifier, &served) == TABLET_FOUND ? served
                                                                                         : NULL;
}

/* ---- Open ---- */

static void open_run(struct task *task)
{
    struct tablet_command *command = command_of_task(task);
    struct tablet_host *host = command->state;
    struct error error = {0};
    uint64_t begun_ns = env_monotonic_ns(host->config.env);
    enum status status = tablet_service_open(host->config.tablets, command->tablet.id,
        command->tablet.table_id, command->schema, &error);
    struct served_tablet *served = status ? NULL : find(host, command->tablet.id);
    if (served) {
        command->open_sequence = tablet_get_info(served->tablet)->open_sequence;
        moved_tablets_forget(&host->moved, command->tablet.id);
        log_line(LOG_INFO, "tablet.open", "tablet=%s table=%s sequence=%" PRIu64 " us=%" PRIu64,
            command->tablet.id, command->tablet.table_id, command->open_sequence,
            (env_monotonic_ns(host->config.env) - begun_ns) / 1000);
        served_tablet_unref(served);
    } else if (status) {
        error_prefix(&error, status, "open tablet %s", command->tablet.id);
        log_line(LOG_ERROR, "tablet.open", "error=\"%s\"", error.message);
    }
    finish(host, command, status, &error);
}

static void execute_open(struct tablet_host *host, struct tablet_command *command)
{
    struct error error = {0};
    struct served_tablet *served = find(host, command->tablet.id);
    if (served) {
        command->was_done = true;
        command->open_sequence = tablet_get_info(served->tablet)->open_sequence;
        served_tablet_unref(served);
        finish(host, command, STATUS_OK, NULL);
        return;
    }
    enum status status = tablet_service_begin_open(
        host->config.tablets, command->schema, &command->tablet);
    if (status == STATUS_EXISTS)
        status = error_set(
            &error, STATUS_BUSY, "tablet %s is being opened already", command->tablet.id);
    else if (status)
        error_set(&error, status, "no memory to open tablet %s", command->tablet.id);
    if (status) {
        finish(host, command, status, &error);
        return;
    }
    command->state = host;
    command->task.run = open_run;
    executor_submit(store_workers(host->config.store), &command->task);
}

static void expect(struct tablet_host *host, struct tablet_command *command)
{
    struct error error = {0};
    enum status status = tablet_service_expect(
        host->config.tablets, command->schema, &command->tablet);
    if (status)
        error_set(&error, status, "no memory to expect tablet %s", command->tablet.id);
    answer(command, status, &error);
}

/* ---- Close ---- */

static void closing_end(
    struct tablet_command *command, enum status status, const struct error *error)
{
    struct closing *closing = command->state;
    struct tablet_host *host = closing->host;
    served_tablet_unref(closing->served);
    memory_free(closing);
    finish(host, command, status, error);
}

static void on_closed(struct completion *completion)
{
    struct tablet_command *command = command_of_completion(completion);
    struct closing *closing = command->state;
    struct tablet_close_report report;
    tablet_close_report_read(closing->served->tablet, &report);
    command->prepared_bytes = report.prepared_bytes;
    command->rest_bytes = report.rest_bytes;
    command->stopped_ns = env_monotonic_ns(closing->host->config.env) - closing->stopped_since_ns;
    tablet_service_end_close(closing->host->config.tablets, command->tablet.id);
    closing_end(command, completion->status, &completion->error);
}

/* From here on no request finds it. */
static void stop_serving(struct tablet_command *command)
{
    struct closing *closing = command->state;
    struct tablet_host *host = closing->host;
    uint64_t now_ns = env_monotonic_ns(host->config.env);
    if (command->destination)
        moved_tablets_put(&host->moved, command->tablet.id, command->destination,
            command->open_sequence + 1, now_ns);
    served_tablet_unref(tablet_service_begin_close(
        host->config.tablets, command->tablet.id, command->destination != NULL));
    closing->stopped_since_ns = now_ns;
    command->completion.done = on_closed;
    tablet_close(closing->served->tablet, command->is_dropped, &command->completion);
}

static void on_prepared(struct completion *completion)
{
    struct tablet_command *command = command_of_completion(completion);
    struct closing *closing = command->state;
    struct error error = {0};
    if (completion->status) /* it goes on serving */
        closing_end(command, completion->status, &completion->error);
    else if (!accept_epoch(closing->host, command))
        closing_end(command, refuse_epoch(closing->host, command, &error), &error);
    else
        stop_serving(command);
}

static void execute_close(struct tablet_host *host, struct tablet_command *command)
{
    struct error error = {0};
    struct served_tablet *served = find(host, command->tablet.id);
    if (!served) {
        command->was_done = true;
        finish(host, command, STATUS_OK, NULL);
        return;
    }
    struct closing *closing = memory_allocate_zeroed(1, sizeof *closing);
    if (!closing) {
        served_tablet_unref(served);
        finish(host, command, error_set(&error, STATUS_NO_MEMORY, "no memory to close a tablet"),
            &error);
        return;
    }
    *closing = (struct closing){.host = host, .served = served};
    command->state = closing;
    command->open_sequence = tablet_get_info(served->tablet)->open_sequence;
    if (!command->is_prepared || command->is_dropped) {
        stop_serving(command);
        return;
    }
    command->completion.done = on_prepared;
    tablet_prepare_close(served->tablet, &command->completion);
}

/* ---- Schema: every tablet of a table, those that are being opened too ---- */

/* A SET_SCHEMA handed out to lanes. */
struct schema_change {
    struct tablet_host *host;
    struct tablet_command *command;
    _Atomic size_t pending;
    struct mutex mutex; /* guards the first failure in command */
};

/* A tablet's part of it, behind the open that is under way. */
struct schema_part {
    struct tablet_command command; /* first */
    struct schema_change *change;
    struct schema_part *next;
};

static void schema_part_done(
    struct schema_change *change, enum status status, const struct error *error)
{
    struct tablet_command *command = change->command;
    mutex_lock(&change->mutex);
    if (status && !command->status) {
        command->status = status;
        command->error = *error;
    }
    mutex_unlock(&change->mutex);
    if (atomic_fetch_sub(&change->pending, 1) > 1)
        return;
    mutex_deinit(&change->mutex);
    memory_free(change);
    command->done(command);
}

static void on_schema_part(struct tablet_command *command)
{
    struct schema_part *part = (struct schema_part *)command;
    schema_part_done(part->change, command->status, &command->error);
    memory_free(part);
}

static void execute_set_schema(struct tablet_host *host, struct tablet_command *command)
{
    struct error error = {0};
    enum status status = STATUS_OK;
    struct served_tablet *served = find(host, command->tablet.id);
    if (served)
        status = tablet_set_schema(served->tablet, command->schema, &error);
    served_tablet_unref(served);
    finish(host, command, status, &error);
}

struct schema_walk {
    struct schema_change *change;
    struct schema_part *parts;
    bool is_failed;
};

static void see_opening(void *context, const struct tablet_command *front)
{
    struct schema_walk *walk = context;
    const struct tablet_command *command = walk->change->command;
    if (front->kind != TABLET_COMMAND_OPEN ||
        strcmp(front->tablet.table_id, command->tablet.table_id) != 0)
        return;
    struct schema_part *part = memory_allocate_zeroed(1, sizeof *part);
    if (!part) {
        walk->is_failed = true;
        return;
    }
    part->command = (struct tablet_command){.kind = TABLET_COMMAND_SET_SCHEMA,
        .epoch = command->epoch,
        .tablet = front->tablet,
        .schema = command->schema,
        .done = on_schema_part};
    part->change = walk->change;
    part->next = walk->parts;
    walk->parts = part;
}

static bool set_schema_of(void *context, struct served_tablet *served)
{
    struct schema_change *change = context;
    struct error error = {0};
    if (strcmp(served->table_id, change->command->tablet.table_id) != 0)
        return true;
    atomic_fetch_add(&change->pending, 1);
    enum status status = tablet_set_schema(served->tablet, change->command->schema, &error);
    schema_part_done(change, status == STATUS_CLOSED ? STATUS_OK : status, &error);
    return true;
}

static void set_schema(struct tablet_host *host, struct tablet_command *command)
{
    struct error error = {0};
    struct schema_change *change = memory_allocate_zeroed(1, sizeof *change);
    if (!change) {
        answer(command, error_set(&error, STATUS_NO_MEMORY, "no memory to set a schema"), &error);
        return;
    }
    change->host = host;
    change->command = command;
    atomic_init(&change->pending, 1);
    mutex_init(&change->mutex, LOCK_RANK_SERVICE);
    command->status = STATUS_OK;
    struct schema_walk walk = {.change = change};
    command_lanes_each(&host->lanes, see_opening, &walk);
    while (walk.parts) {
        struct schema_part *part = walk.parts;
        walk.parts = part->next;
        atomic_fetch_add(&change->pending, 1);
        tablet_host_run(host, &part->command);
    }
    tablet_service_each(host->config.tablets, set_schema_of, change);
    enum status status = walk.is_failed
                             ? error_set(&error, STATUS_NO_MEMORY, "no memory to set a schema")
                             : STATUS_OK;
    schema_part_done(change, status, &error);
}

/* ---- List ---- */

struct listing {
    struct tablet_command *command;
    size_t room;
    size_t lane_count; /* the first of them: tablets with a command under way */
    bool is_failed;
};

static struct tablet_presence *list_one(
    struct listing *listing, const char *tablet_id, const char *table_id)
{
    struct tablet_command *command = listing->command;
    for (size_t i = 0; i < listing->lane_count; i++)
        if (strcmp(command->tablets[i].id, tablet_id) == 0)
            return &command->tablets[i];
    if (command->tablet_count == listing->room) {
        size_t room = listing->room ? listing->room * 2 : 64;
        struct tablet_presence *grown = arena_allocate_zeroed(command->arena, room, sizeof *grown);
        listing->is_failed = listing->is_failed || !grown;
        if (!grown)
            return NULL;
        if (listing->room)
            memcpy(grown, command->tablets, listing->room * sizeof *grown);
        command->tablets = grown;
        listing->room = room;
    }
    struct tablet_presence *presence = &command->tablets[command->tablet_count++];
    memset(presence, 0, sizeof *presence);
    memcpy(presence->id, tablet_id, strnlen(tablet_id, TABLET_ID_SIZE - 1));
    memcpy(presence->table_id, table_id, strnlen(table_id, TABLE_ID_SIZE - 1));
    return presence;
}

static void list_lane(void *context, const struct tablet_command *front)
{
    if (front->kind != TABLET_COMMAND_OPEN && front->kind != TABLET_COMMAND_CLOSE)
        return;
    struct tablet_presence *presence = list_one(context, front->tablet.id, front->tablet.table_id);
    if (presence)
        presence->state = front->kind == TABLET_COMMAND_OPEN ? SERVED_OPENING : SERVED_CLOSING;
}

static bool list_served(void *context, struct served_tablet *served)
{
    struct listing *listing = context;
    size_t count = listing->command->tablet_count;
    struct tablet_presence *presence = list_one(listing, served->id, served->table_id);
    if (!presence)
        return false;
    if (listing->command->tablet_count > count)
        presence->state = SERVED_OPEN;
    memcpy(presence->table_id, served->table_id, TABLE_ID_SIZE);
    presence->open_sequence = tablet_get_info(served->tablet)->open_sequence;
    return true;
}

static void list(struct tablet_host *host, struct tablet_command *command)
{
    struct listing listing = {.command = command};
    struct error error = {0};
    command->tablets = NULL;
    command->tablet_count = 0;
    command_lanes_each(&host->lanes, list_lane, &listing);
    listing.lane_count = command->tablet_count;
    tablet_service_each(host->config.tablets, list_served, &listing);
    answer(command,
        listing.is_failed ? error_set(&error, STATUS_NO_MEMORY, "no memory for a list of tablets")
                          : STATUS_OK,
        &error);
}

/* ---- Rows, flush, compact ---- */

static void on_flushed(struct completion *completion)
{
    struct tablet_command *command = command_of_completion(completion);
    served_tablet_unref(command->state);
    answer(command, completion->status, &completion->error);
}

static void on_written(struct write *write)
{
    struct tablet_command *command =
        (struct tablet_command *)((char *)write - offsetof(struct tablet_command, write));
    served_tablet_unref(command->state);
    answer(command, write->status, &write->error);
}

static void read_run(struct task *task)
{
    struct tablet_command *command = command_of_task(task);
    struct served_tablet *served = command->state;
    struct error error = {0};
    enum status status = command->kind == TABLET_COMMAND_SPLIT_ROW
                             ? tablet_split_row(
                                   served->tablet, command->arena, &command->split_row, &error)
                             : tablet_rows_read(served->tablet, command, &error);
    served_tablet_unref(served);
    answer(command, status, &error);
}

/* Commands that need the tablet open, and no lane. */
static void run_on_open(struct tablet_host *host, struct tablet_command *command)
{
    struct error error = {0};
    struct served_tablet *served = find(host, command->tablet.id);
    command->state = served;
    if (!served) {
        answer(command,
            error_set(&error, STATUS_NOT_FOUND, "tablet %s is not open here", command->tablet.id),
            &error);
    } else if (command->kind == TABLET_COMMAND_FLUSH) {
        command->completion.done = on_flushed;
        tablet_flush(served->tablet, NULL, &command->completion);
    } else if (command->kind == TABLET_COMMAND_COMPACT) {
        tablet_compact(served->tablet, NULL, command->is_major, NULL);
        served_tablet_unref(served);
        answer(command, STATUS_OK, NULL);
    } else if (command->kind == TABLET_COMMAND_WRITE) {
        command->write = (struct write){.operations = command->operations,
            .operation_count = command->operation_count,
            .arena = command->arena,
            .done = on_written};
        tablet_write(served->tablet, &command->write);
    } else {
        command->task.run = read_run;
        executor_submit(store_workers(host->config.store), &command->task);
    }
}

enum status tablet_host_stop_server(struct tablet_host *host, struct error *error)
{
    if (!host->config.stop)
        return error_set(error, STATUS_UNSUPPORTED, "this server is stopped by signals");
    host->config.stop(host->config.stop_context);
    return STATUS_OK;
}

/* ---- All ---- */

/* The front command of a lane. */
static void execute(struct tablet_host *host, struct tablet_command *command)
{
    struct error error = {0};
    if (!accept_epoch(host, command)) {
        finish(host, command, refuse_epoch(host, command, &error), &error);
        return;
    }
    if (command->kind == TABLET_COMMAND_OPEN)
        execute_open(host, command);
    else if (command->kind == TABLET_COMMAND_CLOSE)
        execute_close(host, command);
    else
        execute_set_schema(host, command);
}

static void enter_lane(struct tablet_host *host, struct tablet_command *command)
{
    struct error error = {0};
    switch (command_lanes_enter(&host->lanes, command)) {
    case LANE_FIRST:
        execute(host, command);
        break;
    case LANE_WAITS:
        break;
    case LANE_NO_MEMORY:
        answer(command, error_set(&error, STATUS_NO_MEMORY, "no memory for a command"), &error);
        break;
    }
}

void tablet_host_run(struct tablet_host *host, struct tablet_command *command)
{
    struct error error = {0};
    command->status = STATUS_OK;
    command->is_unknown = command->was_done = false;
    error_clear(&command->error);
    if (atomic_load(&host->is_stopping)) {
        answer(command, error_set(&error, STATUS_CLOSED, "the server is stopping"), &error);
        return;
    }
    if (!accept_epoch(host, command)) {
        answer(command, refuse_epoch(host, command, &error), &error);
        return;
    }
    switch (command->kind) {
    case TABLET_COMMAND_OPEN:
    case TABLET_COMMAND_CLOSE:
        enter_lane(host, command);
        break;
    case TABLET_COMMAND_SET_SCHEMA:
        if (command->tablet.id[0])
            enter_lane(host, command);
        else
            set_schema(host, command);
        break;
    case TABLET_COMMAND_EXPECT:
        expect(host, command);
        break;
    case TABLET_COMMAND_LIST:
        list(host, command);
        break;
    case TABLET_COMMAND_FLUSH:
    case TABLET_COMMAND_COMPACT:
    case TABLET_COMMAND_WRITE:
    case TABLET_COMMAND_READ:
    case TABLET_COMMAND_SPLIT_ROW:
        run_on_open(host, command);
        break;
    case TABLET_COMMAND_STOP:
        answer(command, tablet_host_stop_server(host, &error), &error);
        break;
    default:
        answer(command,
            error_set(&error, STATUS_UNSUPPORTED, "unknown command %d", (int)command->kind),
            &error);
        break;
    }
}

void tablet_host_stop(struct tablet_host *host)
{
    atomic_store(&host->is_stopping, true);
}

bool tablet_host_find_moved(
    struct tablet_host *host, struct span tablet_id, struct moved_tablet *out_moved)
{
    return moved_tablets_find(
        &host->moved, tablet_id, env_monotonic_ns(host->config.env), out_moved);
}

uint64_t tablet_host_epoch(const struct tablet_host *host)
{
    return atomic_load(&host->epoch);
}

enum status tablet_host_new(
    const struct tablet_host_config *config, struct tablet_host **out_host, struct error *error)
{
    struct tablet_host *host = memory_allocate_zeroed(1, sizeof *host);
    if (!host)
        return error_set(error, STATUS_NO_MEMORY, "no memory for the tablets");
    host->config = *config;
    command_lanes_init(&host->lanes);
    moved_tablets_init(&host->moved);
    *out_host = host;
    return STATUS_OK;
}

void tablet_host_free(struct tablet_host *host)
{
    if (!host)
        return;
    command_lanes_deinit(&host->lanes);
    moved_tablets_deinit(&host->moved);
    memory_free(host);
}
