#include "server/master/tablet_transition.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/log_lines.h"
#include "base/memory.h"
#include "server/master/master_internal.h"
#include "server/master/master_settings.h"

#define RETRY_FIRST_NS     50000000ull
#define RETRY_LAST_NS      2000000000ull
#define SERVERS_TRIED_MAX  2 /* that could not open it, before it counts as FAILED_OPEN */
#define WAIT_FOR_SERVER_NS 1000000000ull

struct sending;

struct tablet_transition {
    struct tablet_transition *next, **link; /* the master's list */
    struct master *master;
    struct assigned_tablet *tablet;
    struct transition_wish wish;
    transition_done *done;
    void *context;
    struct sending *sending; /* the command under way, or NULL */
    struct task timer;
    bool is_timer_out;
    unsigned retries;       /* of the same step, in a row */
    unsigned servers_tried; /* that failed to open it */
    unsigned looks;         /* at its manifest, that found it */
    struct assigned_server *except;
    bool
        is_fate_unknown; /* a close was sent that may still be executed, whatever becomes of the next */
    bool is_recovering; /* a close that first opens */
    bool is_telling;    /* its row is being written */
    bool is_schema_due; /* it was opened with an earlier one */
};

/* A command on its way. It may outlive its transition, which then has given it up. */
struct sending {
    struct tablet_command command; /* first */
    struct task task;
    struct master *master;
    struct tablet_transition *transition; /* NULL: given up */
    struct server_name server, destination;
    char server_text[SERVER_TEXT_SIZE], destination_text[SERVER_TEXT_SIZE];
    struct table_schema schema;
    uint64_t schema_version;
    struct arena arena;
};

static void turn(struct tablet_transition *transition);

/* ---- Ends ---- */

static void give_up_sending(struct tablet_transition *transition)
{
    if (transition->sending)
        transition->sending->transition = NULL;
    transition->sending = NULL;
}

static void finish(
    struct tablet_transition *transition, enum status status, const struct error *error)
{
    transition_done *done = transition->done;
    void *context = transition->context;
    give_up_sending(transition);
    transition->tablet->transition = NULL;
    *transition->link = transition->next;
    if (transition->next)
        transition->next->link = transition->link;
    memory_free(transition);
    done(context, status, error);
}

static void set(struct tablet_transition *transition, enum assignment_state state,
    struct assigned_server *server)
{
    struct master *master = transition->master;
    log_line(LOG_DEBUG, "tablet.assign", "tablet=%s state=%s server=%s",
        transition->tablet->info.id, assignment_state_name(state), server ? server->text : "");
    mutex_lock(&master->catalogue.mutex);
    assignment_set(
        &master->catalogue.assignment, transition->tablet, state, server, env_wall_ms(master->env));
    mutex_unlock(&master->catalogue.mutex);
}

static void on_timer(struct task *task)
{
    struct tablet_transition *transition =
        (struct tablet_transition *)((char *)task - offsetof(struct tablet_transition, timer));
    transition->is_timer_out = false;
    if (master_came_back(transition->master))
        turn(transition);
    else
        finish(transition, STATUS_CANCELLED, NULL);
}

static void wait(struct tablet_transition *transition, uint64_t delay_ns)
{
    transition->is_timer_out = true;
    transition->timer.run = on_timer;
    master_after(transition->master, &transition->timer, delay_ns);
}

static void again_later(struct tablet_transition *transition)
{
    uint64_t delay = RETRY_FIRST_NS << (transition->retries < 6 ? transition->retries : 6);
    transition->retries++;
    wait(transition, delay < RETRY_LAST_NS ? delay : RETRY_LAST_NS);
}

/* Goes on at once, when it waits. */
static void wake(struct tablet_transition *transition)
{
    if (!transition->is_timer_out || !master_cancel(transition->master, &transition->timer))
        return;
    transition->is_timer_out = false;
    turn(transition);
}

/* ---- Commands ---- */

static void on_answer(struct task *task);

static void on_command_done(struct tablet_command *command)
{
    struct sending *sending = (struct sending *)command;
    sending->task.run = on_answer;
    master_back(sending->master, &sending->task);
}

static void copy_name(
    struct server_name *out_name, char text[SERVER_TEXT_SIZE], const struct assigned_server *server)
{
    memcpy(text, server->text, SERVER_TEXT_SIZE);
    *out_name = server->name;
    out_name->host = span_make(text, server->name.host.size);
}

static void free_sending(struct sending *sending)
{
    arena_deinit(&sending->arena);
    memory_free(sending);
}

static struct sending *new_sending(
    struct tablet_transition *transition, enum tablet_command_kind kind)
{
    struct master *master = transition->master;
    struct assigned_tablet *tablet = transition->tablet;
    struct sending *sending = memory_allocate_zeroed(1, sizeof *sending);
    if (!sending)
        return NULL;
    sending->master = master;
    struct tablet_command *command = &sending->command;
    command->kind = kind;
    command->epoch = atomic_load(&master->epoch);
    command->tablet = tablet->info;
    command->tablet.start_row = arena_copy(&sending->arena, tablet->info.start_row);
    command->tablet.end_row = arena_copy(&sending->arena, tablet->info.end_row);
    command->server = &sending->server;
    command->done = on_command_done;
    bool is_failed = tablet->info.start_row.size != command->tablet.start_row.size ||
                     tablet->info.end_row.size != command->tablet.end_row.size;
    if (kind == TABLET_COMMAND_OPEN || kind == TABLET_COMMAND_EXPECT ||
        kind == TABLET_COMMAND_SET_SCHEMA) {
        is_failed = is_failed || table_schema_copy(&sending->arena,
                                     &tablet->table->descriptor.schema, &sending->schema, NULL);
        command->schema = &sending->schema;
        sending->schema_version = tablet->table->descriptor.version;
    }
    if (!is_failed)
        return sending;
    free_sending(sending);
    return NULL;
}

/* Takes the sending; NULL is no memory. */
static void send(struct tablet_transition *transition, struct sending *sending,
    const struct assigned_server *server)
{
    if (!sending) {
        again_later(transition);
        return;
    }
    copy_name(&sending->server, sending->server_text, server);
    sending->transition = transition;
    transition->sending = sending;
    master_hold(transition->master);
    tablet_link_send(transition->master->config.link, &sending->command);
}

static void send_open(struct tablet_transition *transition, struct assigned_server *server)
{
    set(transition, ASSIGNMENT_OPENING, server);
    transition->tablet->is_manifest_closed = false;
    send(transition, new_sending(transition, TABLET_COMMAND_OPEN), server);
}

/* So that requests which come before the tablet does wait for it there. Nothing depends on it: the answer is nobody's. */
static void send_expect(struct tablet_transition *transition, const struct assigned_server *server)
{
    struct sending *sending = new_sending(transition, TABLET_COMMAND_EXPECT);
    if (!sending)
        return;
    copy_name(&sending->server, sending->server_text, server);
    master_hold(transition->master);
    tablet_link_send(transition->master->config.link, &sending->command);
}

static void send_close(struct tablet_transition *transition)
{
    struct assigned_server *server = transition->tablet->server;
    const struct transition_wish *wish = &transition->wish;
    set(transition, ASSIGNMENT_CLOSING, server);
    struct sending *sending = new_sending(transition, TABLET_COMMAND_CLOSE);
    if (sending) {
        sending->command.is_dropped = wish->is_dropped;
        sending->command.is_prepared = wish->is_prepared;
        if (wish->server && wish->server != server) {
            send_expect(transition, wish->server);
            copy_name(&sending->destination, sending->destination_text, wish->server);
            sending->command.destination = &sending->destination;
        }
    }
    send(transition, sending, server);
}

/* To be closed, and its manifest says that it is split, merged or dropped: by a master before us, after we had read
 * it. Nothing of it is served, and what wants it closed finds its own work done. */
static void is_gone(struct tablet_transition *transition)
{
    set(transition, ASSIGNMENT_CLOSED, NULL);
    finish(transition, STATUS_OK, NULL);
}

/* ---- What the manifest says ---- */

struct look {
    struct master_work work; /* first */
    struct tablet_transition *transition;
    char table_id[TABLE_ID_SIZE], id[TABLET_ID_SIZE];
    struct arena arena;
    struct tablet_info info;
    enum status status;
    struct error error;
};

static void look_run(struct master_work *work)
{
    struct look *look = (struct look *)work;
    look->status = store_tablet_read(
        work->master->store, look->table_id, look->id, &look->arena, &look->info, &look->error);
}

static void fail_open(
    struct tablet_transition *transition, enum status status, const struct error *error);

static void look_back(struct master_work *work, bool is_over)
{
    struct look *look = (struct look *)work;
    struct tablet_transition *transition = look->transition;
    struct master *master = work->master;
    struct assigned_tablet *tablet = transition->tablet;
    bool is_lost = look->status == STATUS_CORRUPT || look->status == STATUS_NEWER_FORMAT ||
                   look->status == STATUS_NOT_FOUND;
    transition->looks += !look->status;
    if (is_over) {
        finish(transition, STATUS_CANCELLED, NULL);
    } else if (is_lost && transition->wish.is_dropped) {
        is_gone(transition);
    } else if (is_lost && look->status != STATUS_NOT_FOUND) {
        fail_open(transition, look->status, &look->error);
    } else if (look->status) {
        log_line(LOG_WARN, "tablet.look", "tablet=%s error=\"%s\"", look->id, look->error.message);
        again_later(transition);
    } else if (look->info.state == TABLET_OPEN) {
        struct assigned_server *owner = assignment_find_server(
            &master->catalogue.assignment, look->info.owner);
        tablet->is_manifest_closed = false;
        if (owner && owner->state != ASSIGNED_SERVER_DEAD) {
            set(transition, ASSIGNMENT_OPENING, owner); /* it says whether it is */
        } else {
            set(transition, ASSIGNMENT_CLOSED, NULL);
            if (!owner)
                master_give_up_server(
                    master, look->info.owner, "it owns a tablet, and no server of that name lives");
        }
        again_later(transition);
    } else if (look->info.state == TABLET_CLOSED) {
        tablet->is_manifest_closed = true;
        set(transition, ASSIGNMENT_CLOSED, NULL);
        if (transition->looks == 1)
            turn(transition);
        else /* its server is stopping, and there is no other: no reason to hurry */
            again_later(transition);
    } else if (transition->wish.kind == TRANSITION_CLOSE) {
        is_gone(transition);
    } else {
        struct error error = {0};
        fail_open(transition,
            error_set(&error, STATUS_WRONG_STATE, "tablet %s is split, merged or dropped",
                tablet->info.id),
            &error);
    }
    arena_deinit(&look->arena);
    memory_free(look);
}

static void look_at_manifest(struct tablet_transition *transition)
{
    struct look *look = memory_allocate_zeroed(1, sizeof *look);
    if (!look) {
        again_later(transition);
        return;
    }
    look->work = (struct master_work){.run = look_run, .back = look_back};
    look->transition = transition;
    memcpy(look->id, transition->tablet->info.id, sizeof look->id);
    memcpy(look->table_id, transition->tablet->info.table_id, sizeof look->table_id);
    master_work(transition->master, &look->work);
}

/* ---- Opened ---- */

static void on_told(void *context, enum status status, const struct error *error)
{
    struct tablet_transition *transition = context;
    finish(transition, status, error);
}

static void tell_meta(struct tablet_transition *transition)
{
    struct master *master = transition->master;
    const struct assigned_tablet *tablet = transition->tablet;
    struct meta_batch *batch = meta_batch_new();
    if (batch)
        meta_batch_put_tablet(batch, tablet->table->descriptor.schema.name, &tablet->info, "OPEN",
            &tablet->server->name, tablet->info.open_sequence);
    transition->is_telling = true;
    meta_access_write(master, batch, on_told, transition);
}

static void opened(struct tablet_transition *transition, const struct sending *sending)
{
    struct master *master = transition->master;
    struct assigned_tablet *tablet = transition->tablet;
    struct assigned_server *server = tablet->server;
    if (sending->command.kind != TABLET_COMMAND_OPEN)
        transition->is_schema_due = false;
    if (sending->schema_version != tablet->table->descriptor.version)
        transition->is_schema_due = true;
    mutex_lock(&master->catalogue.mutex);
    if (sending->command.kind == TABLET_COMMAND_OPEN)
        tablet->info.open_sequence = sending->command.open_sequence;
    tablet->failures = 0;
    assigned_tablet_set_failure(tablet, NULL);
    mutex_unlock(&master->catalogue.mutex);
    if (!transition->is_recovering)
        master_set_unassigned(master, &tablet, 1, false);
    transition->retries = 0;
    set(transition, ASSIGNMENT_OPEN, server);
    if (transition->is_recovering) {
        turn(transition);
    } else if (
        transition
            ->is_schema_due) { /* an alter came in between: the server must have it before anybody is told */
        struct sending *change = new_sending(transition, TABLET_COMMAND_SET_SCHEMA);
        send(transition, change, server);
    } else if (strcmp(tablet->info.id, META_TABLET_ID) == 0) {
        if (master->config.publish_meta)
            master->config.publish_meta(master->config.context, &server->name);
        meta_access_open(master);
        finish(transition, STATUS_OK, NULL);
    } else if (transition->wish.is_silent) {
        finish(transition, STATUS_OK, NULL);
    } else {
        tell_meta(transition);
    }
}

static void fail_open(
    struct tablet_transition *transition, enum status status, const struct error *error)
{
    struct master *master = transition->master;
    struct assigned_tablet *tablet = transition->tablet;
    struct error copy = *error;
    unsigned failures = tablet->failures < 6 ? tablet->failures : 6;
    set(transition, ASSIGNMENT_FAILED_OPEN, NULL);
    mutex_lock(&master->catalogue.mutex);
    assigned_tablet_set_failure(tablet, error->message);
    tablet->failures++;
    tablet->retry_ns = env_monotonic_ns(master->env) + (1000000000ull << failures);
    mutex_unlock(&master->catalogue.mutex);
    if (tablet->failures == 1 && strcmp(tablet->info.id, META_TABLET_ID) != 0) {
        struct meta_batch *batch = meta_batch_new();
        struct span table_name = tablet->table->descriptor.schema.name;
        if (batch) {
            meta_batch_put_tablet(batch, table_name, &tablet->info, "FAILED_OPEN", NULL, 0);
            meta_batch_delete_place(batch, table_name, &tablet->info);
        }
        meta_access_write(master, batch, NULL, NULL);
    }
    finish(transition, status, &copy);
}

/* ---- Answers ---- */

static bool is_live(const struct assigned_server *server)
{
    return server && server->state == ASSIGNED_SERVER_LIVE;
}

static void not_opened(struct tablet_transition *transition, struct tablet_command *command)
{
    struct assigned_tablet *tablet = transition->tablet;
    switch (command->status) {
    case STATUS_NOT_FOUND: /* that life of the server is over; we will be told */
        again_later(transition);
        break;
    case STATUS_CLOSED: /* it is stopping, and has not begun */
        transition->except = tablet->server;
        set(transition, ASSIGNMENT_CLOSED, NULL);
        look_at_manifest(transition);
        break;
    case STATUS_BUSY:
        look_at_manifest(transition);
        break;
    case STATUS_WRONG_STATE:
        if (transition->wish.kind == TRANSITION_CLOSE)
            is_gone(transition);
        else
            fail_open(transition, command->status, &command->error);
        break;
    default:
        transition->except = tablet->server;
        if (++transition->servers_tried >= SERVERS_TRIED_MAX ||
            !master_pick_server(transition->master, transition->except)) {
            fail_open(transition, command->status, &command->error);
        } else {
            set(transition, ASSIGNMENT_CLOSED, NULL);
            again_later(transition);
        }
    }
}

static void close_answered(struct tablet_transition *transition, struct tablet_command *command)
{
    struct assigned_tablet *tablet = transition->tablet;
    struct error copy = command->error;
    transition->is_fate_unknown = transition->is_fate_unknown || command->is_unknown;
    if (!command->status && !command->was_done) {
        tablet->is_manifest_closed = true;
        set(transition, ASSIGNMENT_CLOSED, NULL);
        log_line(LOG_DEBUG, "tablet.closed",
            "tablet=%s prepared_bytes=%" PRIu64 " rest_bytes=%" PRIu64 " stopped_us=%" PRIu64,
            tablet->info.id, command->prepared_bytes, command->rest_bytes,
            command->stopped_ns / 1000);
        finish(transition, STATUS_OK, NULL);
    } else if (!command->status) {
        set(transition, ASSIGNMENT_CLOSED, NULL);
        look_at_manifest(transition);
    } else if (command->status == STATUS_NOT_FOUND || command->status == STATUS_CLOSED ||
               command->is_unknown || transition->is_fate_unknown) {
        again_later(transition);
    } else { /* it serves on */
        set(transition, ASSIGNMENT_OPEN, tablet->server);
        finish(transition, command->status, &copy);
    }
}

static void on_answer(struct task *task)
{
    struct sending *sending = (struct sending *)((char *)task - offsetof(struct sending, task));
    struct master *master = sending->master;
    struct tablet_transition *transition = sending->transition;
    struct tablet_command *command = &sending->command;
    bool goes_on = master_came_back(master);
    if (transition) {
        transition->sending = NULL;
        enum status status = command->status;
        if (!goes_on) {
            finish(transition, STATUS_CANCELLED, NULL);
        } else if (status == STATUS_SUPERSEDED) {
            master_lost(master, &command->error);
            finish(transition, STATUS_CANCELLED, NULL);
        } else if (command->kind == TABLET_COMMAND_CLOSE) {
            close_answered(transition, command);
        } else if (!status) {
            opened(transition, sending);
        } else if (command->is_unknown || command->kind == TABLET_COMMAND_SET_SCHEMA) {
            again_later(transition);
        } else {
            log_line(LOG_WARN, "tablet.open", "tablet=%s server=%s error=\"%s\"",
                command->tablet.id, sending->server_text, command->error.message);
            not_opened(transition, command);
        }
    }
    free_sending(sending);
}

/* ---- What to do next ---- */

static struct assigned_server *choose(struct tablet_transition *transition)
{
    struct assigned_tablet *tablet = transition->tablet;
    if (tablet->server) /* the fate of a command there is not known, or it owns it */
        return is_live(tablet->server) ? tablet->server : NULL;
    if (transition->wish.kind == TRANSITION_OPEN && is_live(transition->wish.server) &&
        transition->wish.server != transition->except)
        return transition->wish.server;
    struct assigned_server *server = master_pick_server(transition->master, transition->except);
    return server ? server : master_pick_server(transition->master, NULL);
}

static void turn(struct tablet_transition *transition)
{
    struct assigned_tablet *tablet = transition->tablet;
    bool is_close = transition->wish.kind == TRANSITION_CLOSE;
    if (is_close && tablet->server &&
        (tablet->state == ASSIGNMENT_OPEN || tablet->state == ASSIGNMENT_CLOSING ||
            !transition->is_recovering)) {
        if (is_live(tablet->server))
            send_close(transition);
        else
            wait(transition, WAIT_FOR_SERVER_NS); /* for its burial */
        return;
    }
    if (is_close && !tablet->server && transition->wish.is_dropped && !tablet->is_manifest_closed &&
        transition->looks == 0) {
        look_at_manifest(transition); /* who opened it may live, and its answer be lost */
        return;
    }
    if (is_close && !tablet->server &&
        (tablet->is_manifest_closed || transition->wish.is_dropped ||
            transition->wish.may_need_log)) {
        set(transition, ASSIGNMENT_CLOSED, NULL);
        finish(transition, STATUS_OK, NULL);
        return;
    }
    transition->is_recovering = is_close;
    if (!is_close && tablet->state == ASSIGNMENT_OPEN && is_live(tablet->server) &&
        transition->retries == 0) {
        finish(transition, STATUS_OK, NULL);
        return;
    }
    struct assigned_server *server = choose(transition);
    if (server)
        send_open(transition, server);
    else
        wait(transition, WAIT_FOR_SERVER_NS);
}

void transition_start(struct master *master, struct assigned_tablet *tablet,
    const struct transition_wish *wish, transition_done *done, void *context)
{
    struct error error = {0};
    CHECK(!tablet->transition);
    struct tablet_transition *transition = memory_allocate_zeroed(1, sizeof *transition);
    if (!transition) {
        done(context, error_set(&error, STATUS_NO_MEMORY, "no memory to move a tablet"), &error);
        return;
    }
    *transition = (struct tablet_transition){.master = master,
        .tablet = tablet,
        .wish = *wish,
        .done = done,
        .context = context,
        .next = master->transitions,
        .link = &master->transitions};
    if (transition->next)
        transition->next->link = &transition->next;
    master->transitions = transition;
    tablet->transition = transition;
    turn(transition);
}

void transitions_server_buried(struct master *master, struct assigned_server *server)
{
    for (struct assigned_tablet *tablet = server->first, *next; tablet; tablet = next) {
        next = tablet->server_next;
        struct tablet_transition *transition = tablet->transition;
        mutex_lock(&master->catalogue.mutex);
        assignment_set(&master->catalogue.assignment, tablet, ASSIGNMENT_CLOSED, NULL,
            env_wall_ms(master->env));
        mutex_unlock(&master->catalogue.mutex);
        tablet->is_manifest_closed = false;
        if (!transition || transition->is_telling)
            continue; /* a row that tells of it is followed by that of its next place */
        bool was_sent = transition->sending != NULL;
        give_up_sending(transition);
        transition->retries = 0;
        if (was_sent)
            turn(transition);
        else
            wake(transition);
    }
}

void transitions_server_came(struct master *master)
{
    struct tablet_transition *next;
    for (struct tablet_transition *one = master->transitions; one; one = next) {
        next = one->next; /* a woken one may end, no other does */
        if (!one->tablet->server)
            wake(one);
    }
}

void transitions_forget_server(struct master *master, const struct assigned_server *server)
{
    for (struct tablet_transition *one = master->transitions; one; one = one->next) {
        if (one->wish.server == server)
            one->wish.server = NULL;
        if (one->except == server)
            one->except = NULL;
    }
}

void transitions_cancel_all(struct master *master)
{
    struct tablet_transition *next;
    for (struct tablet_transition *one = master->transitions; one; one = next) {
        next = one->next;
        if (one->is_telling)
            continue; /* the write ends it */
        if (one->sending || (one->is_timer_out && master_cancel(master, &one->timer)))
            finish(one, STATUS_CANCELLED, NULL);
        /* a timer or a look that has begun comes back and ends it */
    }
}
