/* The actions of assign, unassign, move, split and merge. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/log_lines.h"
#include "base/memory.h"
#include "server/heat/heat_board.h"
#include "server/master/master_internal.h"
#include "server/master/master_settings.h"

static struct assigned_tablet *source(struct running *running, size_t i)
{
    return assignment_find(&running->master->catalogue.assignment, running->procedure.sources[i]);
}

static bool is_retired(const struct assigned_tablet *tablet)
{
    return !tablet || tablet->state == ASSIGNMENT_SPLIT || tablet->state == ASSIGNMENT_MERGED;
}

static struct assigned_server *wished_server(struct running *running)
{
    return running->procedure.server.size
               ? master_server_find(running->master, running->procedure.server)
               : NULL;
}

/* ---- Open and close ---- */

/* Undone, one that cannot be opened is the assigner's in the end: it holds up neither its neighbours nor its table. One that
 * is split or merged already leads forward again (procedure_runner.c). */
static void on_opened(void *context, enum status status, const struct error *error)
{
    struct running *running = context;
    bool is_left = running->procedure.is_undoing && status && status != STATUS_CANCELLED &&
                   status != STATUS_WRONG_STATE;
    if (is_left)
        log_line(LOG_WARN, "tablet.reopen", "id=%" PRIu64 " error=\"%s\"", running->procedure.id,
            error ? error->message : "");
    procedure_part_done(running, is_left ? STATUS_OK : status, error);
}

static void open_sources(struct running *running)
{
    struct master *master = running->master;
    size_t count = running->procedure.source_count;
    struct assigned_server *server = wished_server(running);
    atomic_store(&running->pending, count + 1);
    for (size_t i = 0; i < count; i++) {
        struct assigned_tablet *tablet = source(running, i);
        if (is_retired(tablet) || tablet->state == ASSIGNMENT_OPEN) {
            procedure_part_done(running, STATUS_OK, NULL);
            continue;
        }
        struct transition_wish wish = {.kind = TRANSITION_OPEN, .server = server};
        if (!server)
            master_place(master, &tablet, 1, &wish.server);
        master_forget_idle(master, tablet);
        master_set_unassigned(master, &tablet, 1, false);
        transition_start(master, tablet, &wish, on_opened, running);
    }
    procedure_part_done(running, STATUS_OK, NULL);
}

/* Where the daughters, or the merged one, are opened: there its blocks are in the cache. */
static void remember_server(struct running *running, const struct assigned_tablet *tablet)
{
    if (!running->procedure.server.size && tablet->server)
        running->procedure.server = arena_copy(&running->arena, span_string(tablet->server->text));
}

/* A tablet that is closed to stay so: its row says it. */
struct unassigning {
    struct running *running;
    struct assigned_tablet *tablet;
};

static void on_unassigned(void *context, enum status status, const struct error *error)
{
    struct unassigning *unassigning = context;
    struct running *running = unassigning->running;
    struct assigned_tablet *tablet = unassigning->tablet;
    bool has_row = strcmp(tablet->info.id, META_TABLET_ID) != 0;
    memory_free(unassigning);
    if (status &&
        status !=
            STATUS_CANCELLED) /* it was refused: the tablet is to be served, by us and those after us */
        master_set_unassigned(running->master, &tablet, 1, false);
    if (status || !has_row || is_retired(tablet)) {
        procedure_part_done(running, status, error);
        return;
    }
    struct meta_batch *batch = meta_batch_new();
    if (batch)
        meta_batch_put_tablet(batch, tablet->table->descriptor.schema.name, &tablet->info,
            assignment_state_name(tablet->state), NULL, 0);
    meta_access_write(running->master, batch, procedure_on_part_done, running);
}

static void unassign(
    struct running *running, struct assigned_tablet *tablet, const struct transition_wish *wish)
{
    struct error error = {0};
    struct unassigning *unassigning = memory_allocate_zeroed(1, sizeof *unassigning);
    if (!unassigning) {
        procedure_part_done(
            running, error_set(&error, STATUS_NO_MEMORY, "no memory to close a tablet"), &error);
        return;
    }
    unassigning->running = running;
    unassigning->tablet = tablet;
    master_set_unassigned(running->master, &tablet, 1, true);
    master_forget_idle(running->master, tablet);
    transition_start(running->master, tablet, wish, on_unassigned, unassigning);
}

static void close_sources(struct running *running)
{
    struct master *master = running->master;
    enum procedure_kind kind = running->procedure.kind;
    size_t count = running->procedure.source_count;
    atomic_store(&running->pending, count + 1);
    for (size_t i = 0; i < count; i++) {
        struct assigned_tablet *tablet = source(running, i);
        struct transition_wish wish = {.kind = TRANSITION_CLOSE, .is_prepared = true};
        if (is_retired(tablet)) {
            procedure_part_done(running, STATUS_OK, NULL);
            continue;
        }
        if (kind == PROCEDURE_UNASSIGN) {
            unassign(running, tablet, &wish);
            continue;
        }
        if (kind == PROCEDURE_MOVE) {
            wish.server = wished_server(running);
            wish.may_need_log = true;
            if (tablet->state == ASSIGNMENT_OPEN && tablet->server == wish.server) {
                procedure_part_done(running, STATUS_OK, NULL); /* it is there */
                continue;
            }
        } else {
            remember_server(running, tablet);
        }
        master_forget_idle(master, tablet);
        transition_start(master, tablet, &wish, procedure_on_part_done, running);
    }
    procedure_part_done(running, STATUS_OK, NULL);
}

/* ---- Split: where ---- */

/* A question to the server: which row halves the tablet. */
struct row_question {
    struct tablet_command command; /* first */
    struct task task;
    struct running *running;
    struct server_name server;
    char text[SERVER_TEXT_SIZE];
    struct arena arena;
};

/* Names the daughters. */
static enum status plan_daughters(struct running *running, const struct assigned_tablet *parent,
    struct span row, struct error *error)
{
    struct master *master = running->master;
    struct procedure *procedure = &running->procedure;
    struct span keys[2] = {
        arena_copy(&running->arena, parent->info.start_row), arena_copy(&running->arena, row)};
    struct span end = arena_copy(&running->arena, parent->info.end_row);
    struct tablet_info *daughters = arena_allocate_zeroed(&running->arena, 2, sizeof *daughters);
    if (!daughters || keys[1].size != row.size ||
        !catalogue_plan_tablets(&master->catalogue, procedure->table_name, procedure->table_id,
            keys, 2, env_wall_ms(master->env), daughters))
        return error_set(error, STATUS_NO_MEMORY, "no memory to split a tablet");
    daughters[1].end_row = end;
    procedure->tablets = daughters;
    procedure->tablet_count = 2;
    return STATUS_OK;
}

static enum status judge_row(
    const struct assigned_tablet *parent, struct span row, struct error *error)
{
    struct span start = parent->info.start_row, end = parent->info.end_row;
    if (row.size == 0 || span_compare(row, start) <= 0 ||
        (end.size && span_compare(row, end) >= 0)) {
        struct buffer text = {0};
        buffer_put_escaped(&text, row);
        error_set(error, STATUS_INVALID,
            "Split row is not in region key range or is its first: %.*s", (int)text.size,
            text.data ? (const char *)text.data : "");
        buffer_deinit(&text);
        return STATUS_INVALID;
    }
    return STATUS_OK;
}

static void row_found(struct running *running, struct span row)
{
    struct error error = {0};
    struct assigned_tablet *parent = source(running, 0);
    enum status status = parent ? judge_row(parent, row, &error)
                                : error_set(&error, STATUS_NOT_FOUND, "the tablet is gone");
    if (!status)
        status = plan_daughters(running, parent, row, &error);
    procedure_part_done(running, status, &error);
}

static void on_row_answer(struct task *task)
{
    struct row_question *question = (struct row_question *)((char *)task -
                                                            offsetof(struct row_question, task));
    struct running *running = question->running;
    const struct tablet_command *command = &question->command;
    struct error error = command->error;
    if (!master_came_back(running->master))
        procedure_part_done(running, STATUS_CANCELLED, NULL);
    else if (!command->status)
        row_found(running, command->split_row);
    else if (command->status == STATUS_NOT_FOUND)
        procedure_part_done(running,
            error_set(&error, STATUS_INVALID, "Region %s is not splittable: no row would halve it",
                command->tablet.id),
            &error);
    else
        procedure_part_done(running, command->status, &error);
    arena_deinit(&question->arena);
    memory_free(question);
}

static void on_row_command(struct tablet_command *command)
{
    struct row_question *question = (struct row_question *)command;
    question->task.run = on_row_answer;
    master_back(question->running->master, &question->task);
}

static void ask_row(struct running *running, const struct assigned_tablet *tablet)
{
    struct error error = {0};
    struct row_question *question = memory_allocate_zeroed(1, sizeof *question);
    if (!question || !tablet->server) {
        memory_free(question);
        procedure_part_done(running,
            error_set(&error, STATUS_WRONG_STATE, "tablet %s is not open", tablet->info.id),
            &error);
        return;
    }
    question->running = running;
    memcpy(question->text, tablet->server->text, sizeof question->text);
    question->server = tablet->server->name;
    question->server.host = span_make(question->text, tablet->server->name.host.size);
    struct tablet_command *command = &question->command;
    command->kind = TABLET_COMMAND_SPLIT_ROW;
    command->server = &question->server;
    command->epoch = atomic_load(&running->master->epoch);
    memcpy(command->tablet.id, tablet->info.id, sizeof command->tablet.id);
    memcpy(command->tablet.table_id, tablet->info.table_id, sizeof command->tablet.table_id);
    command->arena = &question->arena;
    command->done = on_row_command;
    master_hold(running->master);
    tablet_link_send(running->master->config.link, command);
}

static void find_split_row(struct running *running)
{
    struct error error = {0};
    struct assigned_tablet *parent = source(running, 0);
    atomic_store(&running->pending, 1);
    if (is_retired(parent) || parent->state != ASSIGNMENT_OPEN)
        procedure_part_done(running,
            error_set(&error, STATUS_WRONG_STATE, "Region %.*s is not open",
                (int)running->procedure.sources[0].size,
                (const char *)running->procedure.sources[0].data),
            &error);
    else if (running->procedure.row.size)
        row_found(running, running->procedure.row);
    else
        ask_row(running, parent);
}

/* ---- Split and merge: the commit ---- */

static void copy_id(char out_id[TABLET_ID_SIZE], struct span id)
{
    snprintf(out_id, TABLET_ID_SIZE, "%.*s", (int)id.size, (const char *)id.data);
}

static enum status divide(struct running *running, struct error *error)
{
    struct store *store = running->master->store;
    const struct procedure *procedure = &running->procedure;
    char id[TABLET_ID_SIZE];
    copy_id(id, procedure->sources[0]);
    enum status status = store_tablet_split(
        store, procedure->table_id, id, procedure->tablets, error);
    for (int tries = 0; status && tries < 3;
         tries++) { /* once committed there is only the way forward */
        struct tablet_info parent;
        struct arena arena = {0};
        bool is_split = !store_tablet_read(store, procedure->table_id, id, &arena, &parent, NULL) &&
                        parent.state == TABLET_SPLIT;
        arena_deinit(&arena);
        if (!is_split)
            return status;
        error_clear(error);
        status = store_tablet_split(store, procedure->table_id, id, procedure->tablets, error);
    }
    return status;
}

static enum status join(struct running *running, struct error *error)
{
    const struct procedure *procedure = &running->procedure;
    struct arena arena = {0};
    size_t count = procedure->source_count;
    char(*ids)[TABLET_ID_SIZE] = arena_allocate_zeroed(&arena, count, sizeof *ids);
    const char **parents = arena_allocate_zeroed(&arena, count, sizeof *parents);
    enum status status = ids && parents ? STATUS_OK
                                        : error_set(error, STATUS_NO_MEMORY, "no memory to merge");
    for (size_t i = 0; i < count && !status; i++) {
        copy_id(ids[i], procedure->sources[i]);
        parents[i] = ids[i];
    }
    if (!status)
        status = store_tablet_merge(
            running->master->store, procedure->table_id, parents, count, procedure->tablets, error);
    arena_deinit(&arena);
    return status;
}

/* Each child carries what its part of the parents carried, until its server has measured it: of the halves of a split
 * as the heat inside the parent says (each a half where nothing is known), of a merged tablet all. */
static void pass_load_on_locked(struct running *running, double share_before,
    const float sums[VIEW_RESOURCES], struct assigned_tablet *child, size_t i)
{
    double part = running->procedure.kind != PROCEDURE_SPLIT ? 1
                  : i == 0                                   ? share_before
                                                             : 1 - share_before;
    for (unsigned r = 0; r < VIEW_RESOURCES; r++)
        child->load[r] = r == VIEW_MEMORY ? 0 : (float)((double)sums[r] * part); /* flushed */
}

static double share_before(const struct running *running)
{
    const struct procedure *procedure = &running->procedure;
    struct heat_board *board = running->master->config.heat;
    return board && procedure->kind == PROCEDURE_SPLIT && procedure->tablet_count > 1
               ? heat_board_share_before(
                     board, procedure->sources[0], procedure->tablets[1].start_row)
               : 0.5;
}

/* The parents retire, the children are there, locked with them. */
static enum status take_children(struct running *running, struct error *error)
{
    struct master *master = running->master;
    struct catalogue *catalogue = &master->catalogue;
    const struct procedure *procedure = &running->procedure;
    enum assignment_state state = procedure->kind == PROCEDURE_SPLIT ? ASSIGNMENT_SPLIT
                                                                     : ASSIGNMENT_MERGED;
    int64_t now = env_wall_ms(master->env);
    enum status status = STATUS_OK;
    double before = share_before(running);
    float sums[VIEW_RESOURCES] = {0};
    mutex_lock(&catalogue->mutex);
    struct catalogue_table *table = procedure_table(running);
    for (size_t i = 0; i < procedure->source_count && !status; i++) {
        struct assigned_tablet *parent = source(running, i);
        for (unsigned r = 0; parent && r < VIEW_RESOURCES; r++)
            sums[r] += parent->load[r];
        if (parent && !catalogue_retire_locked(catalogue, parent, state, now))
            status = STATUS_NO_MEMORY;
    }
    for (size_t i = 0; i < procedure->tablet_count && !status; i++) {
        struct assigned_tablet *child = table ? catalogue_add_tablet_locked(
                                                    catalogue, table, &procedure->tablets[i], now)
                                              : NULL;
        if (child) {
            child->lock = procedure->id;
            child->has_references = true;
            pass_load_on_locked(running, before, sums, child, i);
        } else {
            status = STATUS_NO_MEMORY;
        }
    }
    mutex_unlock(&catalogue->mutex);
    return status ? error_set(error, status, "no memory for the tablets of a table") : STATUS_OK;
}

/* ---- Children ---- */

static struct assigned_tablet *child(struct running *running, size_t i)
{
    return assignment_find(
        &running->master->catalogue.assignment, span_string(running->procedure.tablets[i].id));
}

/* One that cannot be opened is the assigner's in the end. */
static void on_child_opened(void *context, enum status status, const struct error *error)
{
    procedure_part_done(context, status == STATUS_CANCELLED ? status : STATUS_OK, error);
}

static void open_children(struct running *running)
{
    struct master *master = running->master;
    size_t count = running->procedure.tablet_count;
    struct assigned_server *server = wished_server(running);
    atomic_store(&running->pending, count + 1);
    for (size_t i = 0; i < count; i++) {
        struct assigned_tablet *tablet = child(running, i);
        struct transition_wish wish = {
            .kind = TRANSITION_OPEN, .server = server, .is_silent = true};
        if (is_retired(tablet) || tablet->state == ASSIGNMENT_OPEN) {
            procedure_part_done(running, STATUS_OK, NULL);
            continue;
        }
        if (!server)
            master_place(master, &tablet, 1, &wish.server);
        transition_start(master, tablet, &wish, on_child_opened, running);
    }
    procedure_part_done(running, STATUS_OK, NULL);
}

static void put_child(
    struct meta_batch *batch, struct span table_name, const struct assigned_tablet *tablet)
{
    const struct server_name *server = tablet->state == ASSIGNMENT_OPEN ? &tablet->server->name
                                                                        : NULL;
    meta_batch_put_tablet(batch, table_name, &tablet->info, assignment_state_name(tablet->state),
        server, tablet->info.open_sequence);
}

static void meta_children(struct running *running)
{
    struct master *master = running->master;
    const struct procedure *procedure = &running->procedure;
    struct meta_batch *batch = meta_batch_new();
    struct assigned_tablet *parent = source(running, 0);
    struct span name = procedure->table_name;
    if (batch && procedure->kind == PROCEDURE_SPLIT && parent)
        meta_batch_put_split(batch, name, &parent->info, procedure->tablets);
    for (size_t i = 0; i < procedure->tablet_count; i++) {
        struct assigned_tablet *tablet = child(running, i);
        if (!tablet)
            continue;
        if (batch && !is_retired(tablet))
            put_child(batch, name, tablet);
        if (tablet->state != ASSIGNMENT_OPEN)
            master_want_open(master, tablet);
    }
    for (size_t i = 0; batch && procedure->kind == PROCEDURE_MERGE && i < procedure->source_count;
         i++) {
        struct assigned_tablet *gone = source(running, i);
        if (gone)
            meta_batch_delete_tablet(batch, name, &gone->info);
    }
    atomic_store(&running->pending, 1);
    meta_access_write(master, batch, procedure_on_part_done, running);
}

void procedure_do_tablets(struct running *running, enum procedure_action action)
{
    switch (action) {
    case ACTION_OPEN_SOURCES:
        open_sources(running);
        break;
    case ACTION_CLOSE_SOURCES:
        close_sources(running);
        break;
    case ACTION_FIND_SPLIT_ROW:
        find_split_row(running);
        break;
    case ACTION_DIVIDE:
        atomic_store(&running->pending, 1);
        procedure_work(running, divide, take_children);
        break;
    case ACTION_JOIN:
        atomic_store(&running->pending, 1);
        procedure_work(running, join, take_children);
        break;
    case ACTION_OPEN_CHILDREN:
        open_children(running);
        break;
    default:
        meta_children(running);
    }
}
