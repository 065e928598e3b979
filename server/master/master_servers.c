/* The servers of a tenure: who lives, what each serves, who is given up. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "base/log_lines.h"
#include "base/memory.h"
#include "server/master/master_internal.h"

#define LIST_TIMEOUT_MS 3000
#define ASK_PAUSE_NS    200000000ull /* after a LIST that failed, twice that after the next ... */
#define ASK_PAUSE_MOST  10000000000ull
#define DEAD_KEPT       100
#define STRANGER_NS     60000000000ull

struct assigned_server *master_server_find(struct master *master, struct span text)
{
    return assignment_find_server(&master->catalogue.assignment, text);
}

/* ---- What a server serves ---- */

struct listing {
    struct tablet_command command; /* first */
    struct task task;
    struct master *master;
    struct server_name server;
    char text[SERVER_TEXT_SIZE];
    struct arena arena;
    bool is_of_start; /* the start waits for it */
};

/* Where a tablet is open was not known, or thought to be elsewhere: a master that was deposed and did not know it may have
 * moved it since we read its manifest. Its row says so too then; until rows are read, the check of all rows writes it. */
static void note_moved(
    struct master *master, const struct assigned_tablet *tablet, struct meta_batch **batch)
{
    if (!master->has_meta_rows || tablet->table->is_hidden ||
        strcmp(tablet->info.id, META_TABLET_ID) == 0)
        return;
    if (!*batch)
        *batch = meta_batch_new();
    if (*batch)
        meta_batch_put_tablet(*batch, tablet->table->descriptor.schema.name, &tablet->info, "OPEN",
            &tablet->server->name, tablet->info.open_sequence);
}

static void take_presence(struct master *master, struct assigned_server *server,
    const struct tablet_presence *presence, struct meta_batch **batch)
{
    struct assignment *assignment = &master->catalogue.assignment;
    struct assigned_tablet *tablet = assignment_find(assignment, span_string(presence->id));
    if (!tablet)
        master_damaged_is_listed_locked(master, server, presence);
    if (!tablet || tablet->transition || tablet->state == ASSIGNMENT_SPLIT ||
        tablet->state == ASSIGNMENT_MERGED)
        return;
    if (presence->open_sequence && presence->open_sequence < tablet->info.open_sequence)
        return; /* another has opened it since: this one was sealed, and does not know it */
    enum assignment_state state = presence->state == SERVED_OPEN      ? ASSIGNMENT_OPEN
                                  : presence->state == SERVED_OPENING ? ASSIGNMENT_OPENING
                                                                      : ASSIGNMENT_CLOSING;
    bool was_here = tablet->state == ASSIGNMENT_OPEN && tablet->server == server &&
                    tablet->info.open_sequence == presence->open_sequence;
    tablet->is_manifest_closed = false;
    tablet->is_listed = true;
    if (presence->open_sequence)
        tablet->info.open_sequence = presence->open_sequence;
    assignment_set(assignment, tablet, state, server, env_wall_ms(master->env));
    if (state == ASSIGNMENT_OPEN && !was_here)
        note_moved(master, tablet, batch);
}

/* What it has by its manifests but does not serve is nowhere. */
static void drop_unlisted(struct master *master, struct assigned_server *server)
{
    for (struct assigned_tablet *tablet = server->first, *next; tablet; tablet = next) {
        next = tablet->server_next;
        if (tablet->is_listed || tablet->transition)
            continue;
        assignment_set(&master->catalogue.assignment, tablet, ASSIGNMENT_CLOSED, NULL,
            env_wall_ms(master->env));
        master_want_open(master, tablet);
    }
}

static void take_list(
    struct master *master, struct listing *listing, struct assigned_server *server)
{
    const struct tablet_command *command = &listing->command;
    struct meta_batch *batch = NULL;
    mutex_lock(&master->catalogue.mutex);
    for (struct assigned_tablet *one = server->first; one; one = one->server_next)
        one->is_listed = false;
    for (size_t i = 0; i < command->tablet_count; i++)
        take_presence(master, server, &command->tablets[i], &batch);
    drop_unlisted(master, server);
    server->is_known = true;
    mutex_unlock(&master->catalogue.mutex);
    if (batch)
        meta_access_write(master, batch, NULL, NULL);
}

/* One that cannot be reached, and lives all the same, is asked again and again, less and less often. */
static void note_ask(struct master *master, struct assigned_server *server, bool has_failed)
{
    uint64_t pause_ns = ASK_PAUSE_NS << (server->ask_failures < 6 ? server->ask_failures : 6);
    server->is_asked = false;
    server->ask_failures = has_failed ? server->ask_failures + 1 : 0;
    server->ask_after_ns = env_monotonic_ns(master->env) +
                           (pause_ns < ASK_PAUSE_MOST ? pause_ns : ASK_PAUSE_MOST);
}

static void on_listed(struct task *task)
{
    struct listing *listing = (struct listing *)((char *)task - offsetof(struct listing, task));
    struct master *master = listing->master;
    const struct tablet_command *command = &listing->command;
    if (master_came_back(master)) {
        struct assigned_server *server = master_server_find(master, span_string(listing->text));
        if (server)
            note_ask(master, server, command->status != STATUS_OK);
        if (listing->is_of_start)
            master->lists_pending--;
        if (command->status == STATUS_SUPERSEDED)
            master_lost(master, &command->error);
        else if (command->status)
            log_line(LOG_WARN, "server.list", "server=%s error=\"%s\"", listing->text,
                command->error.message);
        else if (server && server->state == ASSIGNED_SERVER_LIVE)
            take_list(master, listing, server);
        if (!master_is_over(master)) {
            master_start_listed(master);
            transitions_server_came(master);
            master_start_meta_seen(master);
            if (master->is_starting_done)
                master_assign_idle(master);
        }
    }
    arena_deinit(&listing->arena);
    memory_free(listing);
}

static void on_command_done(struct tablet_command *command)
{
    struct listing *listing = (struct listing *)command;
    listing->task.run = on_listed;
    master_back(listing->master, &listing->task);
}

void master_ask_server(struct master *master, struct assigned_server *server)
{
    struct listing *listing = memory_allocate_zeroed(1, sizeof *listing);
    if (!listing)
        return; /* the next tick asks */
    listing->master = master;
    memcpy(listing->text, server->text, sizeof listing->text);
    listing->server = server->name;
    listing->server.host = span_make(listing->text, server->name.host.size);
    listing->is_of_start = !master->is_starting_done;
    master->lists_pending += listing->is_of_start;
    struct tablet_command *command = &listing->command;
    command->kind = TABLET_COMMAND_LIST;
    command->server = &listing->server;
    command->epoch = atomic_load(&master->epoch);
    command->timeout_ms = LIST_TIMEOUT_MS;
    command->arena = &listing->arena;
    command->done = on_command_done;
    server->is_asked = true;
    master_hold(master);
    tablet_link_send(master->config.link, command);
}

/* ---- Who lives ---- */

/* Another life at the same address: this one is over, whatever ZooKeeper still shows. */
static void give_up_earlier_lives(struct master *master, const struct assigned_server *server)
{
    struct assigned_server *next;
    for (struct assigned_server *one = master->catalogue.assignment.servers; one; one = next) {
        next = one->next;
        if (one != server && one->state == ASSIGNED_SERVER_LIVE &&
            one->name.port == server->name.port && one->name.start_code < server->name.start_code &&
            span_equal(one->name.host, server->name.host))
            master_give_up_server(
                master, span_string(one->text), "another life began at its address");
    }
}

/* An earlier master gave it up. */
static bool was_sealed(const struct master *master, const char *text)
{
    const struct stranger *one = master->strangers;
    while (one && (!one->is_sealed || strcmp(one->text, text) != 0))
        one = one->next;
    return one != NULL;
}

static void see_live(struct master *master, const char *text)
{
    struct server_name name;
    struct assignment *assignment = &master->catalogue.assignment;
    if (server_name_parse(span_string(text), &name, NULL))
        return;
    mutex_lock(&master->catalogue.mutex);
    struct assigned_server *server = assignment_add_server(
        assignment, &name, env_wall_ms(master->env));
    if (server)
        server->is_seen = true;
    if (server && server->state == ASSIGNED_SERVER_LIVE && !server->is_known &&
        was_sealed(master, text)) {
        server->state = ASSIGNED_SERVER_DEAD;
        server->since_ms = env_wall_ms(master->env);
    }
    mutex_unlock(&master->catalogue.mutex);
    if (!server || server->state != ASSIGNED_SERVER_LIVE)
        return; /* sealed: it ends when it sees that */
    server->absent_since_ns = 0;
    if (!server->is_known && !server->is_asked) {
        log_line(LOG_INFO, "server.live", "server=%s", text);
        give_up_earlier_lives(master, server);
        master_ask_server(master, server);
    }
}

void master_servers_changed(struct master *master)
{
    uint64_t now_ns = env_monotonic_ns(master->env);
    mutex_lock(&master->servers_mutex);
    size_t count = master->live_count;
    char(*live)[SERVER_TEXT_SIZE] = memory_allocate_zeroed(count ? count : 1, sizeof *live);
    if (live && count)
        memcpy(live, master->live, count * sizeof *live);
    mutex_unlock(&master->servers_mutex);
    if (!live)
        return;
    mutex_lock(&master->catalogue.mutex);
    for (struct assigned_server *one = master->catalogue.assignment.servers; one; one = one->next)
        one->is_seen = false;
    mutex_unlock(&master->catalogue.mutex);
    for (size_t i = 0; i < count; i++)
        see_live(master, live[i]);
    for (struct assigned_server *one = master->catalogue.assignment.servers; one; one = one->next)
        if (!one->is_seen && one->state == ASSIGNED_SERVER_LIVE && !one->absent_since_ns) {
            log_line(LOG_INFO, "server.absent", "server=%s", one->text);
            one->absent_since_ns = now_ns;
        }
    memory_free(live);
    master_start_meta_seen(master);
    master_give_up_absent(master);
}

void master_give_up_absent(struct master *master)
{
    uint64_t now_ns = env_monotonic_ns(master->env);
    mutex_lock(&master->servers_mutex);
    uint64_t from_ns = master->absence_counts_from_ns;
    mutex_unlock(&master->servers_mutex);
    if (now_ns < from_ns || !master->is_starting_done)
        return;
    struct assigned_server *next;
    for (struct assigned_server *one = master->catalogue.assignment.servers; one; one = next) {
        next = one->next;
        if (one->state != ASSIGNED_SERVER_LIVE)
            continue;
        if (one->absent_since_ns)
            master_give_up_server(master, span_string(one->text), "its session is over");
        else if (!one->is_known && !one->is_asked && now_ns >= one->ask_after_ns)
            master_ask_server(master, one);
    }
}

static bool is_among(char (*texts)[SERVER_TEXT_SIZE], size_t count, const char *text)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(texts[i], text) == 0)
            return true;
    return false;
}

void master_bury_strangers(struct master *master)
{
    uint64_t now_ns = env_monotonic_ns(master->env);
    for (struct stranger **at = &master->strangers; *at;) {
        struct stranger *one = *at;
        mutex_lock(&master->servers_mutex);
        bool is_known = is_among(master->live, master->live_count, one->text) ||
                        is_among(master->masters, master->master_count, one->text);
        bool may_be_dead = now_ns >= master->absence_counts_from_ns && master->master_count > 0;
        mutex_unlock(&master->servers_mutex);
        if (is_known)
            one->seen_ns = now_ns;
        if (is_known || one->is_sealed || !may_be_dead || now_ns - one->seen_ns < STRANGER_NS) {
            at = &one->next;
            continue;
        }
        *at = one->next;
        master_give_up_server(master, span_string(one->text),
            "it is in the directory, and neither a server nor a master that lives");
        memory_free(one);
    }
}

void master_give_up_server(struct master *master, struct span text, const char *reason)
{
    struct server_name name;
    struct error error = {0};
    if (server_name_parse(text, &name, &error)) {
        log_line(LOG_ERROR, "server.give_up", "error=\"%s\"", error.message);
        return;
    }
    mutex_lock(&master->catalogue.mutex);
    struct assigned_server *server = assignment_add_server(
        &master->catalogue.assignment, &name, env_wall_ms(master->env));
    bool is_new = server && server->state == ASSIGNED_SERVER_LIVE;
    if (is_new) {
        server->state = ASSIGNED_SERVER_DYING;
        server->since_ms = env_wall_ms(master->env);
        snprintf(server->given_up, sizeof server->given_up, "%s", reason);
    }
    mutex_unlock(&master->catalogue.mutex);
    if (!is_new)
        return;
    log_line(LOG_WARN, "server.give_up", "server=%s tablets=%zu reason=\"%s\"", server->text,
        server->tablet_count, reason);
    tablet_link_forget(master->config.link, &server->name);
    struct procedure procedure = {.kind = PROCEDURE_CRASH};
    struct arena arena = {0};
    procedure.server = arena_copy(&arena, span_string(server->text));
    master_launch(master, NULL, &procedure, &arena);
}

/* Old ones are forgotten, as HBase does when there are many. */
static void forget_old_dead(struct master *master)
{
    struct assignment *assignment = &master->catalogue.assignment;
    size_t dead = 0;
    struct assigned_server *oldest = NULL;
    for (struct assigned_server *one = assignment->servers; one; one = one->next) {
        if (one->state != ASSIGNED_SERVER_DEAD || one->tablet_count)
            continue;
        dead++;
        if (!oldest || one->since_ms < oldest->since_ms)
            oldest = one;
    }
    if (dead > DEAD_KEPT)
        master_forget_dead_locked(master, oldest);
}

void master_forget_dead_locked(struct master *master, struct assigned_server *server)
{
    transitions_forget_server(master, server);
    assignment_remove_server(&master->catalogue.assignment, server);
}

void master_server_buried(struct master *master, struct assigned_server *server)
{
    struct assigned_tablet *meta = master_meta_tablet(master);
    mutex_lock(&master->catalogue.mutex);
    server->state = ASSIGNED_SERVER_DEAD;
    server->is_draining = false;
    mutex_unlock(&master->catalogue.mutex);
    if (meta->server == server && master->config.publish_meta)
        master->config.publish_meta(master->config.context, NULL);
    for (struct assigned_tablet *one = server->first; one; one = one->server_next)
        if (!one->transition)
            master_want_open(master, one);
    transitions_server_buried(master, server);
    mutex_lock(&master->catalogue.mutex);
    forget_old_dead(master);
    mutex_unlock(&master->catalogue.mutex);
    master_assign_idle(master);
}

/* ---- Reports ---- */

struct split_wish {
    struct task task; /* first */
    struct master *master;
    char id[TABLET_ID_SIZE];
    struct buffer row;
    char reason[96];
};

static void run_split_wish(struct task *task)
{
    struct split_wish *wish = (struct split_wish *)task;
    struct master *master = wish->master;
    if (master_came_back(master) && master->tenure == TENURE_SERVING) {
        struct assigned_tablet *tablet = assignment_find(
            &master->catalogue.assignment, span_string(wish->id));
        if (tablet && tablet->state == ASSIGNMENT_OPEN && !tablet->lock &&
            env_monotonic_ns(master->env) >= tablet->split_after_ns)
            (void)master_split_tablet(
                master, tablet, buffer_span(&wish->row), span_string(wish->reason));
    }
    buffer_deinit(&wish->row);
    memory_free(wish);
}

static void pass_split_on(struct master *master, const struct tablet_report *report)
{
    struct split_wish *wish = memory_allocate_zeroed(1, sizeof *wish);
    if (!wish)
        return; /* the next report asks again */
    wish->task.run = run_split_wish;
    wish->master = master;
    memcpy(wish->id, report->id, sizeof wish->id);
    buffer_put(&wish->row, report->split_row);
    if (report->split_reason == SPLIT_BY_LOAD)
        snprintf(wish->reason, sizeof wish->reason, "load: %.0f requests/s, %.0f KiB/s, %.2f cores",
            (double)report->load[VIEW_REQUESTS], (double)report->load[VIEW_BYTES] / 1024,
            (double)report->load[VIEW_CPU]);
    else
        snprintf(wish->reason, sizeof wish->reason, "size: %.0f MiB",
            (double)report->size_bytes / (1 << 20));
    master_hold(master);
    master_back(master, &wish->task);
}

/* Once for each time that it goes off, and is right again. */
static void tell_clock(const char *text, const struct clock_watch *clock)
{
    log_line(clock->is_off ? LOG_WARN : LOG_INFO, clock->is_off ? "clock.skewed" : "clock.right",
        "server=%s ahead_ms=%" PRId64 " allowed_ms=%d", text, clock->ahead_ms, LIMIT_CLOCK_SKEW_MS);
}

/* By our clock. A stall may be older than our host's start, where that clock begins: it is one all the same. */
static uint64_t stalled_since_ns(uint64_t now_ns, uint64_t stalled_ms)
{
    if (!stalled_ms)
        return 0;
    return stalled_ms < now_ns / 1000000 ? now_ns - stalled_ms * 1000000 : 1;
}

static void take_load(
    struct master *master, struct assigned_server *server, const struct server_report *report)
{
    server->load = (struct assigned_load){.requests_per_s = report->requests_per_s,
        .requests_total = report->requests_total,
        .used_mb = report->used_mb,
        .most_mb = report->most_mb,
        .started_ms = report->started_ms,
        .reported_ms = env_wall_ms(master->env),
        .web_port = report->web_port,
        .full_since_ms = report->full_since_ms};
    if (!server->heard_ns) /* what it did before we led is not ours to tell */
        memcpy(server->calls_seen, report->calls, sizeof server->calls_seen);
    server->heard_ns = env_monotonic_ns(master->env);
    server->stalled_since_ns = stalled_since_ns(server->heard_ns, report->stalled_ms);
    if (clock_watch_take(&server->clock, report->wall_ms, server->load.reported_ms))
        tell_clock(server->text, &server->clock);
    memcpy(server->calls, report->calls, sizeof server->calls);
    memset(server->tablet_load, 0, sizeof server->tablet_load);
    for (size_t i = 0; i < report->tablet_count; i++) {
        const struct tablet_report *one = &report->tablets[i];
        for (size_t resource = 0; resource < VIEW_RESOURCES; resource++)
            server->tablet_load[resource] += (double)one->load[resource];
        struct assigned_tablet *tablet = assignment_find(
            &master->catalogue.assignment, span_string(one->id));
        if (!tablet || tablet->server != server)
            continue;
        assigned_tablet_take_load(tablet, one->load, server->load.reported_ms);
        tablet->size_bytes = one->size_bytes;
        assigned_tablet_set_region_load(tablet, one->region_load);
    }
}

/* What the live servers' tablets carry together; how many those servers are. */
static size_t sum_load_locked(const struct master *master, double out_total[VIEW_RESOURCES])
{
    size_t live = 0;
    memset(out_total, 0, VIEW_RESOURCES * sizeof *out_total);
    for (const struct assigned_server *one = master->catalogue.assignment.servers; one;
         one = one->next) {
        if (one->state != ASSIGNED_SERVER_LIVE || one->is_draining)
            continue;
        live++;
        for (size_t resource = 0; resource < VIEW_RESOURCES; resource++)
            out_total[resource] += one->tablet_load[resource];
    }
    return live;
}

static void take_splits(struct master *master, const struct server_report *report,
    const double total[VIEW_RESOURCES], size_t live)
{
    for (size_t i = 0; i < report->tablet_count; i++) {
        const struct tablet_report *one = &report->tablets[i];
        if (one->split_reason == SPLIT_BY_SIZE ||
            (one->split_reason == SPLIT_BY_LOAD && split_policy_pays(one->load, total, live)))
            pass_split_on(master, one);
    }
}

/* Only then the load of all servers is looked at: a report comes from each of them each second. */
static bool wants_split_by_load(const struct server_report *report)
{
    for (size_t i = 0; i < report->tablet_count; i++)
        if (report->tablets[i].split_reason == SPLIT_BY_LOAD)
            return true;
    return false;
}

enum status master_take_report(struct master *master, const struct server_report *report,
    struct server_report_answer *out_answer, struct error *error)
{
    char text[SERVER_TEXT_SIZE];
    double total[VIEW_RESOURCES] = {0};
    *out_answer = (struct server_report_answer){0};
    if (!master_is_ready(master))
        return error_set(error, STATUS_WRONG_STATE, "this master does not lead, or not yet");
    snprintf(text, sizeof text, "%.*s,%u,%llu", (int)report->server.host.size,
        (const char *)report->server.host.data, report->server.port,
        (unsigned long long)report->server.start_code);
    mutex_lock(&master->catalogue.mutex);
    struct assigned_server *server = master_server_find(master, span_string(text));
    bool is_dead = server && server->state != ASSIGNED_SERVER_LIVE;
    out_answer->is_sealed = server && server->state == ASSIGNED_SERVER_DEAD;
    if (server && !is_dead)
        take_load(master, server, report);
    size_t live = wants_split_by_load(report) ? sum_load_locked(master, total) : 0;
    mutex_unlock(&master->catalogue.mutex);
    if (is_dead)
        return error_set(error, STATUS_CLOSED, "server %s has been given up", text);
    if (!server)
        return error_set(error, STATUS_WRONG_STATE, "server %s is not known yet", text);
    bool splits = master_setting_is_on(master, SETTING_SPLIT);
    if (splits)
        take_splits(master, report, total, live);
    for (size_t i = 0; i < report->file_count; i++) {
        char table_id[TABLE_ID_SIZE], file[256];
        snprintf(table_id, sizeof table_id, "%.*s", (int)report->files[i].table_id.size,
            (const char *)report->files[i].table_id.data);
        snprintf(file, sizeof file, "%.*s", (int)report->files[i].file.size,
            (const char *)report->files[i].file.data);
        store_give_up(master->store, table_id, file);
    }
    out_answer->epoch = atomic_load(&master->epoch);
    out_answer->splits_by_policy = splits;
    return STATUS_OK;
}
