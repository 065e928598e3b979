#include "tests/sim/model_fleet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/memory.h"
#include "proto/region.h"

#define TABLE       "11111111111111111111111111111111"
#define TABLE_NAME  "t"
#define REGION_LOAD 300     /* bytes, about */
#define OPEN_NS     4000000 /* a model's, and half as much again at most */
#define CLOSE_NS    2000000
#define TRIP_NS     300000
#define REFUSED_NS  200000 /* nobody listens at that address */
#define FIRST_LIFE  1000

void fleet_must(enum status status, const struct error *error)
{
    if (status == STATUS_OK)
        return;
    fprintf(stderr, "fleet: %s\n", error ? error->message : "failed");
    exit(1);
}

/* ---- Who serves what ---- */

static size_t bucket_of(const struct fleet *fleet, const char *id)
{
    char head[17];
    memcpy(head, id, 16);
    head[16] = '\0';
    return strtoull(head, NULL, 16) % fleet->bucket_count;
}

static struct fleet_tablet *find_or_add(struct fleet *fleet, const char *id)
{
    struct fleet_tablet **at = &fleet->buckets[bucket_of(fleet, id)];
    for (; *at; at = &(*at)->hash_next)
        if (strcmp((*at)->id, id) == 0)
            return *at;
    struct fleet_tablet *tablet = *at = memory_allocate_zeroed(1, sizeof *tablet);
    CHECK(tablet);
    memcpy(tablet->id, id, sizeof tablet->id);
    if (fleet->tablet_count == fleet->tablet_room) {
        fleet->tablet_room = fleet->tablet_room ? fleet->tablet_room * 2 : 1024;
        fleet->tablets = memory_reallocate(
            fleet->tablets, fleet->tablet_room * sizeof(struct fleet_tablet *));
        CHECK(fleet->tablets);
    }
    tablet->number = fleet->tablet_count;
    fleet->tablets[fleet->tablet_count++] = tablet;
    return tablet;
}

static void leave(struct fleet_tablet *tablet)
{
    struct fleet_server *server = tablet->server;
    if (!server)
        return;
    if (tablet->server_next)
        tablet->server_next->server_previous = tablet->server_previous;
    if (tablet->server_previous)
        tablet->server_previous->server_next = tablet->server_next;
    else
        server->first = tablet->server_next;
    server->tablet_count--;
    tablet->server = NULL;
}

static void enter(struct fleet_tablet *tablet, struct fleet_server *server)
{
    tablet->server = server;
    tablet->server_previous = NULL;
    tablet->server_next = server->first;
    if (server->first)
        server->first->server_previous = tablet;
    server->first = tablet;
    server->tablet_count++;
}

static void end_gap(struct fleet *fleet, struct fleet_tablet *tablet)
{
    if (!tablet->unserved_since_ns)
        return;
    struct fleet_gaps *gaps = tablet->is_crashed ? &fleet->crash_gaps : &fleet->close_gaps;
    uint64_t gap_ns = env_monotonic_ns(fleet->env) - tablet->unserved_since_ns;
    gaps->count++;
    gaps->sum_ns += gap_ns;
    if (gap_ns > gaps->longest_ns)
        gaps->longest_ns = gap_ns;
    tablet->unserved_since_ns = 0;
}

static void begin_gap(struct fleet *fleet, struct fleet_tablet *tablet, bool is_crashed)
{
    leave(tablet);
    tablet->is_crashed = is_crashed;
    tablet->unserved_since_ns = env_monotonic_ns(fleet->env);
}

/* ---- A model's answers ---- */

static void list(const struct fleet_server *server, struct tablet_command *command)
{
    command->tablets = arena_allocate_zeroed(
        command->arena, server->tablet_count + 1, sizeof *command->tablets);
    for (const struct fleet_tablet *one = server->first; one; one = one->server_next) {
        struct tablet_presence *presence = &command->tablets[command->tablet_count++];
        memcpy(presence->id, one->id, sizeof presence->id);
        snprintf(presence->table_id, sizeof presence->table_id, "%s", TABLE);
        presence->state = SERVED_OPEN;
        presence->open_sequence = one->open_sequence;
    }
}

/* Where a server begins to count its opens: what the manifest says. Of the tablets that were made the master tells as much; a
 * child of a split or merge has what its parents had, if the real one opened those. */
static uint64_t sequence_of_manifest(
    const struct fleet *fleet, const struct tablet_command *command)
{
    struct arena arena = {0};
    struct error error = {0};
    struct tablet_info info = {0};
    if (command->tablet.region_id > fleet->made_count)
        fleet_must(
            store_tablet_read(fleet->store, TABLE, command->tablet.id, &arena, &info, &error),
            &error);
    arena_deinit(&arena);
    return info.open_sequence;
}

static void open_tablet(
    struct fleet *fleet, struct fleet_server *server, struct tablet_command *command)
{
    struct fleet_tablet *tablet = find_or_add(fleet, command->tablet.id);
    fleet->opens++;
    command->was_done = tablet->server == server;
    if (tablet->open_sequence == 0)
        tablet->open_sequence = sequence_of_manifest(fleet, command);
    if (!command->was_done)
        tablet->open_sequence = 1 + (command->tablet.open_sequence > tablet->open_sequence
                                            ? command->tablet.open_sequence
                                            : tablet->open_sequence);
    command->open_sequence = tablet->open_sequence;
    if (command->was_done)
        return;
    fleet->doubles += tablet->server && tablet->server->is_up;
    leave(tablet);
    enter(tablet, server);
    end_gap(fleet, tablet);
}

static void close_tablet(
    struct fleet *fleet, struct fleet_server *server, struct tablet_command *command)
{
    struct fleet_tablet *tablet = find_or_add(fleet, command->tablet.id);
    fleet->closes++;
    command->open_sequence = tablet->open_sequence;
    command->was_done = tablet->server != server;
    if (!command->was_done)
        begin_gap(fleet, tablet, false);
}

/* Does it, as the server that lives at that address now. */
static void answer(struct fleet *fleet, struct tablet_command *command)
{
    struct fleet_server *server = &fleet->servers[command->server->port - 1];
    command->status = STATUS_OK;
    if (!server->is_up) {
        fleet->lost++;
        command->is_unknown = true;
        command->status = error_set(&command->error, STATUS_IO, "connection refused");
    } else if (server->name.start_code != command->server->start_code) {
        command->status = error_set(&command->error, STATUS_NOT_FOUND, "another life");
    } else if (command->kind == TABLET_COMMAND_LIST) {
        list(server, command);
    } else if (command->kind == TABLET_COMMAND_OPEN) {
        open_tablet(fleet, server, command);
    } else if (command->kind == TABLET_COMMAND_CLOSE) {
        close_tablet(fleet, server, command);
    }
    command->done(command);
}

struct later {
    struct task task; /* first */
    struct fleet *fleet;
    struct tablet_command *command;
};

static void answer_now(struct task *task)
{
    struct later *later = (struct later *)task;
    struct fleet *fleet = later->fleet;
    struct tablet_command *command = later->command;
    memory_free(later);
    answer(fleet, command);
}

static uint64_t time_of(struct fleet *fleet, const struct tablet_command *command)
{
    uint64_t work_ns = command->kind == TABLET_COMMAND_OPEN    ? OPEN_NS
                       : command->kind == TABLET_COMMAND_CLOSE ? CLOSE_NS
                                                               : 0;
    return TRIP_NS + work_ns + dice_below(&fleet->dice, work_ns / 2 + TRIP_NS);
}

/* The real one opens and closes in its own time; when it is asked is near enough. */
static void note_real(struct fleet *fleet, const struct tablet_command *command)
{
    if (command->kind != TABLET_COMMAND_OPEN && command->kind != TABLET_COMMAND_CLOSE)
        return;
    struct fleet_tablet *tablet = find_or_add(fleet, command->tablet.id);
    leave(tablet);
    if (command->kind == TABLET_COMMAND_OPEN)
        end_gap(fleet, tablet);
    else if (!tablet->unserved_since_ns)
        begin_gap(fleet, tablet, false);
}

static void send_command(struct tablet_link *link, struct tablet_command *command)
{
    struct fleet *fleet = (struct fleet *)link;
    atomic_fetch_add(&fleet->commands, 1);
    /* Wherever the master puts hbase:meta, the real one has it. */
    bool is_meta = strcmp(command->tablet.id, META_TABLET_ID) == 0;
    if (command->server->port == 1 || is_meta) {
        if (!is_meta)
            note_real(fleet, command);
        tablet_host_run(fleet->host, command);
        return;
    }
    if (!fleet->world) {
        answer(fleet, command);
        return;
    }
    struct later *later = memory_allocate_zeroed(1, sizeof *later);
    CHECK(later);
    *later = (struct later){{.run = answer_now}, fleet, command};
    executor_submit_at(
        fleet->world, &later->task, env_monotonic_ns(fleet->env) + time_of(fleet, command));
}

static void free_link(struct tablet_link *link)
{
    (void)link;
}

/* ---- Lives ---- */

static void name_server(struct fleet_server *server, size_t number, uint64_t life)
{
    snprintf(
        server->text, sizeof server->text, "server,%zu,%llu", number + 1, (unsigned long long)life);
    server->name = (struct server_name){
        .host = span_make(server->text, 6), .port = (uint32_t)number + 1, .start_code = life};
}

void fleet_show_servers(struct fleet *fleet)
{
    struct server_name *names = memory_allocate_zeroed(fleet->server_count, sizeof *names);
    size_t count = 0;
    CHECK(names);
    for (size_t i = 0; i < fleet->server_count; i++)
        if (fleet->servers[i].is_shown)
            names[count++] = fleet->servers[i].name;
    master_set_servers(fleet->master, names, count, fleet->world ? 0 : UINT64_MAX);
    memory_free(names);
}

void fleet_kill(struct fleet *fleet, struct fleet_server *server)
{
    server->is_up = false;
    while (server->first)
        begin_gap(fleet, server->first, true);
}

/* What a tablet server leaves in the directory when it starts: something to seal (design 7). */
static void register_server(struct fleet *fleet, const struct fleet_server *server)
{
    char path[900];
    struct error error = {0};
    snprintf(path, sizeof path, "%s/servers/%s", fleet->root, server->text);
    fleet_must(env_directory_make(fleet->env, path, 0700, &error), &error);
    snprintf(path, sizeof path, "%s/servers/%s/alive", fleet->root, server->text);
    fleet_must(env_write_file(fleet->env, path, 0600, SPAN_EMPTY, &error), &error);
}

void fleet_start(struct fleet *fleet, struct fleet_server *server)
{
    name_server(server, (size_t)(server - fleet->servers), server->name.start_code + 1);
    register_server(fleet, server);
    server->is_up = server->is_shown = true;
}

enum status fleet_report(struct fleet *fleet, const struct fleet_server *server,
    void (*load)(const struct fleet *fleet, const struct fleet_tablet *tablet,
        struct tablet_report *out_report))
{
    static const uint8_t fields[REGION_LOAD];
    struct error error = {0};
    struct server_report report = {.server = server->name};
    struct server_report_answer told;
    struct tablet_report *reports = memory_allocate_zeroed(
        server->tablet_count + 1, sizeof *reports);
    CHECK(reports);
    for (const struct fleet_tablet *one = server->first; one && load; one = one->server_next) {
        struct tablet_report *tablet = &reports[report.tablet_count++];
        memcpy(tablet->id, one->id, sizeof tablet->id);
        tablet->region_load = span_make(fields, sizeof fields);
        load(fleet, one, tablet);
    }
    report.tablets = reports;
    enum status status = master_take_report(fleet->master, &report, &told, &error);
    memory_free(reports);
    return status;
}

/* ---- The directory ---- */

/* The encoded name of a region is its id: HBase's rows of hbase:meta say no more. */
static void name_tablet(struct tablet_info *info)
{
    struct buffer name = {0};
    char storage[ENCODED_NAME_SIZE + 1];
    region_name_put(&name, SPAN_LITERAL(TABLE_NAME), info->start_row, info->region_id);
    struct span id = region_encoded_name(buffer_span(&name), storage);
    snprintf(info->id, sizeof info->id, "%.*s", (int)id.size, (const char *)id.data);
    buffer_deinit(&name);
}

static void make_table(struct fleet *fleet, size_t count)
{
    struct error error = {0};
    struct arena arena = {0};
    struct family_schema family = {.name = SPAN_LITERAL("f")};
    struct table_descriptor descriptor = {.id = TABLE,
        .schema = {.name = SPAN_LITERAL(TABLE_NAME), .families = &family, .family_count = 1}};
    struct tablet_info *infos = arena_allocate_zeroed(&arena, count, sizeof *infos);
    fleet_must(table_schema_check(&descriptor.schema, &error), &error);
    fleet_must(store_table_commit(fleet->store, &descriptor, &error), &error);
    for (size_t i = 0; i < count; i++) {
        char *row = arena_allocate(&arena, 16);
        snprintf(row, 16, "%012zu", i);
        infos[i].region_id = i + 1;
        infos[i].start_row = i ? span_string(row) : SPAN_EMPTY;
        if (i)
            infos[i - 1].end_row = infos[i].start_row;
        name_tablet(&infos[i]);
    }
    fleet_must(store_tablet_create(fleet->store, TABLE, infos, count, &error), &error);
    arena_deinit(&arena);
}

static void on_ready(void *context, enum status status, const struct error *error)
{
    struct fleet *fleet = context;
    fleet_must(status, error);
    fleet->ready_ns = env_monotonic_ns(fleet->env);
    atomic_store(&fleet->is_ready, true);
}

static void make_directory(struct fleet *fleet)
{
    const char *place = getenv("TMPDIR");
    snprintf(fleet->root, sizeof fleet->root, "%s/stele-fleet-XXXXXX", place ? place : "/dev/shm");
    if (!mkdtemp(fleet->root)) {
        perror(fleet->root);
        exit(1);
    }
}

/* The threads go on while the directory is removed, and find it gone: that is no failure. */
static void end_unless_removed(void *context, const struct error *error)
{
    struct fleet *fleet = context;
    if (atomic_load(&fleet->is_removed))
        return;
    fprintf(stderr, "the fleet's store: %s\n", error->message);
    _Exit(1);
}

void fleet_make(struct fleet *fleet, struct env *env, size_t tablets, size_t servers)
{
    static const struct tablet_link_table table = {.send = send_command, .free = free_link};
    struct error error = {0};
    *fleet = (struct fleet){.link.table = &table, .env = env, .server_count = servers};
    fleet->made_count = tablets;
    fleet->bucket_count = tablets * 2 + 1;
    fleet->buckets = memory_allocate_zeroed(fleet->bucket_count, sizeof(struct fleet_tablet *));
    fleet->servers = memory_allocate_zeroed(servers, sizeof *fleet->servers);
    CHECK(fleet->buckets && fleet->servers);
    make_directory(fleet);
    for (size_t i = 0; i < servers; i++)
        name_server(&fleet->servers[i], i, FIRST_LIFE);
    struct store_config config = {.env = env,
        .role = STORE_ALONE,
        .root = fleet->root,
        .incarnation = fleet->servers[0].text,
        .fatal = end_unless_removed,
        .fatal_context = fleet};
    fleet_must(store_open(&config, &fleet->store, &error), &error);
    for (size_t i = 0; i < servers; i++) {
        if (i > 0)
            register_server(fleet, &fleet->servers[i]);
        fleet->servers[i].is_up = fleet->servers[i].is_shown = true;
    }
    make_table(fleet, tablets);
    fleet_must(tablet_service_new(fleet->store, &fleet->service), NULL);
    struct tablet_host_config host = {.env = env, .store = fleet->store, .tablets = fleet->service};
    fleet_must(tablet_host_new(&host, &fleet->host, &error), &error);
    struct master_config master = {.env = env,
        .store = fleet->store,
        .link = &fleet->link,
        .name = fleet->servers[0].name,
        .ready = on_ready,
        .context = fleet};
    fleet_must(master_new(&master, &fleet->master, &error), &error);
}

void fleet_use_time(struct fleet *fleet, uint64_t seed)
{
    struct error error = {0};
    fleet->dice.state = seed;
    fleet_must(env_executor_new(fleet->env, "world", 1, &fleet->world, &error), &error);
}

void fleet_remove(struct fleet *fleet)
{
    char command[300];
    atomic_store(&fleet->is_removed, true);
    snprintf(command, sizeof command, "rm -rf %s", fleet->root);
    if (system(command) != 0)
        perror(command);
}

/* ---- What is so ---- */

size_t fleet_unserved(struct fleet *fleet, size_t *out_wrong)
{
    struct catalogue *catalogue = master_catalogue(fleet->master);
    size_t unserved = 0;
    *out_wrong = 0;
    for (struct catalogue_table *table = catalogue->tables; table; table = table->next) {
        struct span row = SPAN_EMPTY;
        for (size_t i = 0; i < table->tablet_count; i++) {
            const struct assigned_tablet *one = table->tablets[i];
            unserved += one->state != ASSIGNMENT_OPEN;
            *out_wrong += !span_equal(one->info.start_row, row);
            row = one->info.end_row;
            if (one->state != ASSIGNMENT_OPEN || one->server->name.port == 1 ||
                strcmp(one->info.id, META_TABLET_ID) == 0)
                continue;
            const struct fleet_server *server = &fleet->servers[one->server->name.port - 1];
            *out_wrong += find_or_add(fleet, one->info.id)->server != server;
        }
        *out_wrong += row.size != 0;
    }
    return unserved;
}

double fleet_resident_mb(void)
{
    unsigned long total = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file && fscanf(file, "%lu %lu", &total, &resident) != 2)
        resident = 0;
    if (file)
        fclose(file);
    return (double)resident * (double)sysconf(_SC_PAGESIZE) / 1e6;
}

double fleet_most_mb(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)usage.ru_maxrss * 1024 / 1e6;
}

/* ---- Waiting ---- */

#define WAIT_LIMIT_NS UINT64_C(1200000000000)

void fleet_wait_until(struct fleet *fleet, bool (*is_true)(struct fleet *fleet))
{
    uint64_t until_ns = env_monotonic_ns(fleet->env) + WAIT_LIMIT_NS;
    while (!is_true(fleet)) {
        nanosleep(&(struct timespec){0, 1000000}, NULL);
        if (env_monotonic_ns(fleet->env) > until_ns)
            fleet_must(STATUS_TIMEOUT, &(struct error){.message = "over twenty minutes"});
    }
}

bool fleet_leads(struct fleet *fleet)
{
    return atomic_load(&fleet->is_ready);
}

bool fleet_all_are_open(struct fleet *fleet)
{
    struct catalogue *catalogue = master_catalogue(fleet->master);
    mutex_lock(&catalogue->mutex);
    size_t open = catalogue->assignment.state_counts[ASSIGNMENT_OPEN];
    size_t all = catalogue->assignment.tablet_count;
    mutex_unlock(&catalogue->mutex);
    return open == all;
}
