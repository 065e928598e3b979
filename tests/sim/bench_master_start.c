/* The real master with very many tablets on very many servers: how long until it leads, what it costs.
 *
 *   bench_master_start [TABLETS [SERVERS]]      100000 and 1000
 *
 * One tablet server is real and has hbase:meta beside its share; the others are models, which say yes to everything at
 * once. The directory is real, in memory (TMPDIR, else /dev/shm): what is measured is the master's work. Told: the
 * first start, in which every tablet is placed and opened and hbase:meta is written; the start of a master that takes
 * over while all are open, which is the figure; a step of the balancer; the reports of all servers, due each second;
 * memory. Not a test: run by hand, release build. */
#include <malloc.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "base/log_lines.h"
#include "base/memory.h"
#include "server/master/master_internal.h"
#include "server/tablet/tablet_host.h"

#define TABLE    "11111111111111111111111111111111"
#define ID_BASE  UINT64_C(0x100000000)
#define LIMIT_NS UINT64_C(300000000000)

struct model_server {
    char text[SERVER_TEXT_SIZE];
    struct server_name name;
    struct tablet_report *reports;
};

struct world {
    struct tablet_link link; /* first */
    struct env *env;
    struct store *store;
    struct tablet_service *service;
    struct tablet_host *host; /* of server 0 */
    struct master *master;
    struct model_server *servers;
    size_t server_count, tablet_count;
    uint32_t *place; /* of a tablet: server + 1; 0 = nowhere. The master's executor */
    _Atomic bool is_ready, is_done;
    _Atomic uint64_t commands;
};

static void must(enum status status, const struct error *error)
{
    if (status == STATUS_OK)
        return;
    fprintf(stderr, "bench_master_start: %s\n", error->message);
    exit(1);
}

static void wait_until(const struct world *world, bool (*is_true)(const struct world *world))
{
    uint64_t until_ns = env_monotonic_ns(world->env) + LIMIT_NS;
    while (!is_true(world)) {
        nanosleep(&(struct timespec){0, 1000000}, NULL);
        if (env_monotonic_ns(world->env) > until_ns)
            must(STATUS_TIMEOUT, &(struct error){.message = "it takes more than five minutes"});
    }
}

/* ---- Model servers ---- */

static uint64_t number_of(const char *id)
{
    return strtoull(id + 16, NULL, 16) - ID_BASE;
}

static size_t server_of(const struct server_name *name)
{
    return (size_t)name->port - 1;
}

static void list(struct world *world, struct tablet_command *command)
{
    size_t server = server_of(command->server), count = 0;
    for (size_t i = 0; i < world->tablet_count; i++)
        count += world->place[i] == server + 1;
    command->tablets = arena_allocate_zeroed(command->arena, count + 1, sizeof *command->tablets);
    for (size_t i = 0; i < world->tablet_count; i++)
        if (world->place[i] == server + 1) {
            struct tablet_presence *one = &command->tablets[command->tablet_count++];
            snprintf(one->id, sizeof one->id, "%032llx", (unsigned long long)(ID_BASE + i));
            snprintf(one->table_id, sizeof one->table_id, "%s", TABLE);
            one->state = SERVED_OPEN;
            one->open_sequence = 1;
        }
}

static void send_command(struct tablet_link *link, struct tablet_command *command)
{
    struct world *world = (struct world *)link;
    atomic_fetch_add(&world->commands, 1);
    /* Wherever the master puts hbase:meta, the real one has it. */
    if (server_of(command->server) == 0 || strcmp(command->tablet.id, META_TABLET_ID) == 0) {
        tablet_host_run(world->host, command);
        return;
    }
    if (command->kind == TABLET_COMMAND_LIST)
        list(world, command);
    if (command->kind == TABLET_COMMAND_OPEN) {
        world->place[number_of(command->tablet.id)] = (uint32_t)server_of(command->server) + 1;
        command->open_sequence = 1;
    }
    command->done(command);
}

static void free_link(struct tablet_link *link)
{
    (void)link;
}

/* ---- The directory ---- */

static void make_table(struct world *world)
{
    struct error error = {0};
    struct arena arena = {0};
    struct family_schema family = {.name = SPAN_LITERAL("f")};
    struct table_descriptor descriptor = {
        .id = TABLE, .schema = {.name = SPAN_LITERAL("t"), .families = &family, .family_count = 1}};
    struct tablet_info *infos = arena_allocate_zeroed(&arena, world->tablet_count, sizeof *infos);
    must(table_schema_check(&descriptor.schema, &error), &error);
    must(store_table_commit(world->store, &descriptor, &error), &error);
    for (size_t i = 0; i < world->tablet_count; i++) {
        char *row = arena_allocate(&arena, 16);
        snprintf(row, 16, "%012zu", i);
        snprintf(infos[i].id, sizeof infos[i].id, "%032llx", (unsigned long long)(ID_BASE + i));
        infos[i].region_id = i + 1;
        infos[i].start_row = i ? span_string(row) : SPAN_EMPTY;
        if (i)
            infos[i - 1].end_row = infos[i].start_row;
    }
    must(store_tablet_create(world->store, TABLE, infos, world->tablet_count, &error), &error);
    arena_deinit(&arena);
}

/* ---- The master ---- */

static void on_ready(void *context, enum status status, const struct error *error)
{
    struct world *world = context;
    must(status, error);
    atomic_store(&world->is_ready, true);
}

static bool leads(const struct world *world)
{
    return atomic_load(&world->is_ready);
}

static bool all_are_open(const struct world *world)
{
    struct catalogue *catalogue = master_catalogue(world->master);
    mutex_lock(&catalogue->mutex);
    size_t open = catalogue->assignment.state_counts[ASSIGNMENT_OPEN];
    mutex_unlock(&catalogue->mutex);
    return open == world->tablet_count + 1;
}

static bool rows_are_written(const struct world *world)
{
    static uint64_t before, since_ns; /* nothing is sent any more, for a while */
    uint64_t now_ns = env_monotonic_ns(world->env), commands = atomic_load(&world->commands);
    if (commands != before) {
        before = commands;
        since_ns = now_ns;
    }
    return now_ns - since_ns > 500000000;
}

static double lead(struct world *world, uint64_t epoch, bool is_first)
{
    struct server_name *names = memory_allocate_zeroed(world->server_count, sizeof *names);
    for (size_t i = 0; i < world->server_count; i++)
        names[i] = world->servers[i].name;
    uint64_t began_ns = env_monotonic_ns(world->env);
    atomic_store(&world->is_ready, false);
    master_set_servers(world->master, names, world->server_count, UINT64_MAX);
    master_lead(world->master, epoch);
    memory_free(names);
    wait_until(world, leads);
    if (is_first)
        wait_until(world, all_are_open);
    return (double)(env_monotonic_ns(world->env) - began_ns) / 1e9;
}

static void on_request_done(struct master_request *request)
{
    atomic_store((_Atomic bool *)request->context, true);
}

static bool is_answered(const struct world *world)
{
    return atomic_load(&world->is_done);
}

static double balance(struct world *world, size_t *out_moves)
{
    struct master_request request = {
        .operation = MASTER_BALANCE, .is_dry_run = true, .done = on_request_done};
    request.context = &world->is_done;
    atomic_store(&world->is_done, false);
    uint64_t began_ns = env_monotonic_ns(world->env);
    master_submit(world->master, &request);
    wait_until(world, is_answered);
    *out_moves = request.moves_calculated;
    return (double)(env_monotonic_ns(world->env) - began_ns) / 1e9;
}

/* What all servers say in a second; the load is uneven. */
static double report_all(struct world *world)
{
    struct error error = {0};
    struct tablet_report *reports = memory_allocate_zeroed(world->tablet_count, sizeof *reports);
    static const uint8_t fields[300]; /* about what a RegionLoad takes */
    uint64_t spent_ns = 0;
    for (size_t server = 0; server < world->server_count; server++) {
        struct server_report report = {.server = world->servers[server].name, .tablets = reports};
        struct server_report_answer answer;
        for (size_t i = 0; i < world->tablet_count; i++) {
            if (world->place[i] != server + 1)
                continue;
            struct tablet_report *one = &reports[report.tablet_count++];
            snprintf(one->id, sizeof one->id, "%032llx", (unsigned long long)(ID_BASE + i));
            one->load[VIEW_REQUESTS] = (float)(i % 97 * (server % 3 + 1));
            one->size_bytes = i % 1000 << 20;
            one->region_load = span_make(fields, sizeof fields);
        }
        uint64_t began_ns = env_monotonic_ns(world->env);
        must(master_take_report(world->master, &report, &answer, &error), &error);
        spent_ns += env_monotonic_ns(world->env) - began_ns;
    }
    memory_free(reports);
    return (double)spent_ns / 1e9;
}

static void make_world(struct world *world, const char *root)
{
    static const struct tablet_link_table table = {send_command, free_link};
    struct error error = {0};
    world->link.table = &table;
    world->env = env_real();
    world->place = memory_allocate_zeroed(world->tablet_count, sizeof *world->place);
    world->servers = memory_allocate_zeroed(world->server_count, sizeof *world->servers);
    for (size_t i = 0; i < world->server_count; i++) {
        struct model_server *one = &world->servers[i];
        snprintf(one->text, sizeof one->text, "server,%zu,1000", i + 1);
        one->name = (struct server_name){
            .host = span_make(one->text, 6), .port = (uint32_t)i + 1, .start_code = 1000};
    }
    struct store_config config = {.env = world->env,
        .role = STORE_ALONE,
        .root = root,
        .incarnation = world->servers[0].text};
    must(store_open(&config, &world->store, &error), &error);
    make_table(world);
    must(tablet_service_new(world->store, &world->service), &error);
    struct tablet_host_config host = {
        .env = world->env, .store = world->store, .tablets = world->service};
    must(tablet_host_new(&host, &world->host, &error), &error);
    struct master_config master = {.env = world->env,
        .store = world->store,
        .link = &world->link,
        .name = world->servers[0].name,
        .ready = on_ready,
        .context = world};
    must(master_new(&master, &world->master, &error), &error);
}

static double resident_mb(void)
{
    unsigned long total = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file && fscanf(file, "%lu %lu", &total, &resident) != 2)
        resident = 0;
    if (file)
        fclose(file);
    return (double)resident * 4096 / 1e6;
}

int main(int argc, char **argv)
{
    struct world world = {.tablet_count = argc > 1 ? strtoull(argv[1], NULL, 10) : 100000,
        .server_count = argc > 2 ? strtoull(argv[2], NULL, 10) : 1000};
    const char *place = getenv("TMPDIR");
    char root[256], command[300];
    size_t moves, moves_again;
    log_set_level(LOG_ERROR);
    snprintf(root, sizeof root, "%s/stele-master-start-XXXXXX", place ? place : "/dev/shm");
    if (!mkdtemp(root))
        return 1;
    make_world(&world, root);
    malloc_trim(0);
    double without = resident_mb();
    double first = lead(&world, 1, true);
    wait_until(&world, rows_are_written);
    double settled = balance(&world, &moves);
    double reports = report_all(&world);
    double step = balance(&world, &moves_again);
    master_depose(world.master);
    double again = lead(&world, 2, false);
    struct rusage usage;
    struct store_statistics statistics;
    getrusage(RUSAGE_SELF, &usage);
    store_statistics_read(world.store, &statistics);
    malloc_trim(0);
    printf("%zu tablets on %zu servers\n"
           "  placed, opened and written to hbase:meta in %.2f s\n"
           "  taken over by the next master in %.2f s\n"
           "  a step of the balancer %.3f s (%zu moves planned), under load %.3f s (%zu)\n"
           "  reports of all servers: %.3f s of each second\n"
           "  memory: %.0f MB before, %.0f MB now (of these the real tablet server's memtables "
           "%.0f MB), %.0f MB at most\n",
        world.tablet_count, world.server_count, first, again, settled, moves, step, moves_again,
        reports, without, resident_mb(), (double)statistics.memtable_bytes / 1e6,
        (double)usage.ru_maxrss * 1024 / 1e6);
    fflush(stdout);
    snprintf(command, sizeof command, "rm -rf %s", root);
    _Exit(system(command) != 0 || again > 5 || step > 1);
}
