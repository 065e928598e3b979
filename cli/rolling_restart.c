/* stele rolling-restart: the servers of a cluster start anew one after another, and every tablet stays served.
 *
 * A tablet server is drained (decommissioned, its tablets moved away), restarted by the operator's command, and given
 * the same tablets again once it is back: the layout is afterwards what it was, and it works with the balancer off too.
 * Masters follow, those that wait first. Whatever goes wrong, the server at hand is taken back into service, and the
 * next ones are left alone.
 *
 * It keeps no state: what a run has done already shows in nothing but the servers' start codes, so a second run after
 * a failure restarts all again, or those that --servers names. */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/env.h"
#include "base/memory.h"
#include "cli/commands.h"
#include "cli/place.h"
#include "cli/restart_command.h"
#include "cli/restart_list.h"

#define LOOK_MS             200
#define PROGRESS_MS         5000
#define DEFAULT_PATIENCE_MS 300000
#define MOVES_AT_A_TIME     16
#define NAME_SIZE           (RESTART_HOST_SIZE + 32) /* host,port,startcode */

static const char usage[] =
    "usage: stele rolling-restart --restart-command=COMMAND [OPTIONS]\n"
    "\n"
    "Restarts the servers of a cluster one by one while every tablet stays served: a tablet "
    "server's\n"
    "tablets are moved away, COMMAND restarts it, and when it is back it gets them again. Masters\n"
    "follow, the one that leads last. Stops at the first server that does not come back.\n"
    "\n"
    "  --restart-command=COMMAND   run by /bin/sh; %h is the server's host, %p its port, %r its "
    "role\n"
    "                          (tabletserver, master), %s its name: 'ssh %h systemctl restart "
    "stele-%r'\n"
    "  --only=ROLE             tabletserver or master (both)\n"
    "  --servers=HOST[:PORT],...   only these (all)\n"
    "  --patience=TIME         how long a server may take without progress (5m)\n"
    "  --connect=HOST:PORT,... a server of the cluster (default: $STELE_CONNECT, else "
    "127.0.0.1:16000)\n"
    "  --zookeeper=HOST:PORT,...[/hbase]\n";

struct restart {
    const char *command;
    const char *only;    /* NULL: both */
    const char *servers; /* NULL: all */
    uint32_t patience_ms;
    struct stele_client *client;
    /* The server at hand */
    struct stele_server server; /* its host is in `host` */
    char host[RESTART_HOST_SIZE], name[NAME_SIZE];
    const char *role;
    size_t number, total;
    uint64_t began_ns;
    struct buffer tablets; /* the names of those that it had, each with a NUL at its end */
    size_t tablet_count;
    bool was_decommissioned;
    struct stele_error error;
};

static volatile sig_atomic_t is_interrupted;
static struct stele_client *interruptible;

static void on_signal(int number)
{
    (void)number;
    is_interrupted = 1;
    stele_client_interrupt(interruptible);
}

static uint64_t now_ns(void)
{
    return env_monotonic_ns(env_real());
}

static void say(const struct restart *restart, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void say(const struct restart *restart, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    printf("%zu/%zu %s: ", restart->number, restart->total, restart->name);
    vprintf(format, arguments);
    putchar('\n');
    fflush(stdout);
    va_end(arguments);
}

static bool fail(const struct restart *restart, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* One line on stderr; false. */
static bool fail(const struct restart *restart, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "stele: rolling-restart: ");
    if (restart->name[0])
        fprintf(stderr, "%s: ", restart->name);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    return false;
}

/* ---- What the cluster says ---- */

/* Masters change meanwhile: calls are made again for as long as patience lasts (the client's options). */
static bool look(struct restart *restart, struct stele_cluster *out_cluster)
{
    if (stele_cluster_status(restart->client, out_cluster, &restart->error) == STELE_OK)
        return true;
    return is_interrupted ? fail(restart, "interrupted")
                          : fail(restart, "the cluster's status: %s", restart->error.message);
}

static bool is_same_place(const struct stele_server *a, const struct stele_server *b)
{
    return a->port == b->port && a->host.size == b->host.size &&
           memcmp(a->host.data, b->host.data, a->host.size) == 0;
}

static const struct stele_server_load *find_load(
    const struct restart *restart, const struct stele_cluster *cluster)
{
    for (size_t i = 0; i < cluster->server_count; i++) {
        const struct stele_server_load *one = &cluster->servers[i];
        if (is_same_place(&one->server, &restart->server) &&
            one->server.start_code == restart->server.start_code)
            return one;
    }
    return NULL;
}

/* A later life of the server, in its role. */
static bool find_successor(const struct restart *restart, const struct stele_cluster *cluster,
    struct stele_server *out_server)
{
    bool is_master = strcmp(restart->role, "master") == 0;
    size_t count = is_master ? cluster->backup_master_count + 1 : cluster->server_count;
    for (size_t i = 0; i < count; i++) {
        const struct stele_server *one = !is_master ? &cluster->servers[i].server
                                         : i == 0   ? &cluster->master
                                                    : &cluster->backup_masters[i - 1];
        if (is_same_place(one, &restart->server) && one->start_code > restart->server.start_code) {
            *out_server = *one;
            return true;
        }
    }
    return false;
}

/* ---- The steps ---- */

static bool set_server(struct restart *restart, const struct stele_server *server)
{
    if (server->host.size >= sizeof restart->host)
        return fail(restart, "the name of its host is too long");
    snprintf(restart->name, sizeof restart->name, "%.*s,%" PRIu32 ",%" PRIu64,
        (int)server->host.size, (const char *)server->host.data, server->port, server->start_code);
    memcpy(restart->host, server->host.data, server->host.size);
    restart->host[server->host.size] = 0;
    restart->server = *server;
    restart->server.host = stele_text(restart->host);
    return true;
}

static bool run_command(struct restart *restart)
{
    struct buffer command = {0};
    struct error error = {0};
    bool is_good = restart_command_put(
                       &command, restart->command, &restart->server, restart->role, &error) == 0;
    if (!is_good)
        fail(restart, "%s", error.message);
    int code = is_good ? system((const char *)command.data) : 0;
    if (is_good && code != 0) {
        is_good = false;
        if (code < 0)
            fail(restart, "'%s' cannot be run: %s", (const char *)command.data, strerror(errno));
        else if (WIFSIGNALED(code))
            fail(
                restart, "'%s' was ended by signal %d", (const char *)command.data, WTERMSIG(code));
        else
            fail(restart, "'%s' ended with exit code %d", (const char *)command.data,
                WEXITSTATUS(code));
    }
    buffer_deinit(&command);
    return is_good;
}

/* Until the server is back under a later start code, whose name is then ours. */
static bool wait_back(struct restart *restart)
{
    uint64_t until_ns = now_ns() + restart->patience_ms * UINT64_C(1000000);
    while (now_ns() < until_ns && !is_interrupted) {
        struct stele_cluster cluster = {0};
        struct stele_server successor;
        if (!look(restart, &cluster))
            return false;
        bool is_back = find_successor(restart, &cluster, &successor);
        bool is_named = is_back && set_server(restart, &successor);
        stele_cluster_free(&cluster);
        if (is_back)
            return is_named;
        poll(NULL, 0, LOOK_MS);
    }
    return is_interrupted ? fail(restart, "interrupted before it was back")
                          : fail(restart, "it is not back after %u s", restart->patience_ms / 1000);
}

static void on_moved(void *context, const struct stele_error *error)
{
    struct restart *restart = context;
    if (error->status &&
        error->status != STELE_NOT_FOUND) /* not found: split or merged meanwhile */
        restart->error = *error;
}

/* Moves that do not succeed are not the end: the balancer does what is left. */
static void give_back(struct restart *restart)
{
    const char *at = (const char *)restart->tablets.data;
    restart->error.status = STELE_OK;
    for (size_t i = 0; i < restart->tablet_count && !is_interrupted; i++) {
        stele_move_region_async(
            restart->client, stele_text(at), stele_text(restart->name), on_moved, restart);
        at += strlen(at) + 1;
        while ((i + 1) % MOVES_AT_A_TIME == 0 || i + 1 == restart->tablet_count) {
            stele_client_run(restart->client, LOOK_MS);
            if (stele_client_in_flight(restart->client) == 0)
                break;
        }
    }
    if (restart->error.status)
        say(restart, "not all of its tablets could be given back: %s", restart->error.message);
}

/* Back into service as it is, with what it had. */
static bool take_back(struct restart *restart)
{
    struct stele_error error;
    enum stele_status status = STELE_CANCELLED;
    if (restart->was_decommissioned)
        return false;
    /* An interrupt that met no call ends the next one. */
    for (int i = 0; i < 2 && status == STELE_CANCELLED; i++)
        status = stele_recommission_server(
            restart->client, stele_text(restart->name), NULL, 0, &error);
    if (status)
        return fail(restart, "it stays decommissioned: %s", error.message);
    is_interrupted = 0;
    give_back(restart);
    say(restart, "is in service again, and was not restarted");
    return false;
}

/* The command did nothing. */
static bool is_still_there(struct restart *restart)
{
    struct stele_cluster cluster = {0};
    enum stele_status status = STELE_CANCELLED;
    for (int i = 0; i < 2 && status == STELE_CANCELLED; i++)
        status = stele_cluster_status(restart->client, &cluster, &restart->error);
    bool is_there = !status && find_load(restart, &cluster);
    stele_cluster_free(&cluster);
    return is_there;
}

/* Until it has no tablet. A server that ends meanwhile has none either. */
static bool drain(struct restart *restart)
{
    struct stele_bytes name = stele_text(restart->name);
    if (stele_decommission_servers(restart->client, &name, 1, true, &restart->error))
        return fail(restart, "decommission: %s", restart->error.message);
    size_t least = SIZE_MAX;
    uint64_t moved_ns = now_ns(), told_ns = moved_ns;
    while (!is_interrupted) {
        struct stele_cluster cluster = {0};
        if (!look(restart, &cluster))
            return false;
        const struct stele_server_load *load = find_load(restart, &cluster);
        size_t left = load ? load->region_count : 0;
        stele_cluster_free(&cluster);
        if (left == 0)
            return true;
        uint64_t now = now_ns();
        if (left < least) {
            least = left;
            moved_ns = now;
        }
        if (now - moved_ns > restart->patience_ms * UINT64_C(1000000))
            return fail(restart, "%zu tablets are still there, and for %u s none has left", left,
                restart->patience_ms / 1000);
        if (now - told_ns > PROGRESS_MS * UINT64_C(1000000)) {
            say(restart, "%zu of %zu tablets are still there", left, restart->tablet_count);
            told_ns = now;
        }
        poll(NULL, 0, LOOK_MS);
    }
    return fail(restart, "interrupted");
}

/* By its encoded name: of "t,start,id.md5." the md5, of "hbase:meta,,1" its fixed one. */
static void remember_tablet(struct restart *restart, struct stele_bytes name)
{
    static const char meta[] = "hbase:meta,,1";
    if (name.size > 33 && name.data[name.size - 1] == '.')
        buffer_put(&restart->tablets, span_make(name.data + name.size - 33, 32));
    else if (name.size >= sizeof meta - 1 && memcmp(name.data, meta, sizeof meta - 1) == 0)
        buffer_put(&restart->tablets, SPAN_LITERAL("1588230740"));
    else
        return;
    buffer_put_u8(&restart->tablets, 0);
    restart->tablet_count++;
}

/* What it has now, and whether it is out of service already. */
static bool remember(struct restart *restart)
{
    struct stele_cluster cluster = {0};
    struct stele_server_list out = {0};
    buffer_reset(&restart->tablets);
    restart->tablet_count = 0;
    if (!look(restart, &cluster))
        return false;
    const struct stele_server_load *load = find_load(restart, &cluster);
    for (size_t i = 0; load && i < load->region_count; i++)
        remember_tablet(restart, load->regions[i].name);
    bool is_live = load != NULL, has_others = cluster.server_count > 1;
    stele_cluster_free(&cluster);
    if (!is_live)
        return fail(restart, "it is not there any more");
    if (!has_others)
        return fail(restart, "there is no other tablet server: its tablets have nowhere to go");
    if (stele_list_decommissioned_servers(restart->client, &out, &restart->error))
        return fail(restart, "the decommissioned servers: %s", restart->error.message);
    restart->was_decommissioned = false;
    for (size_t i = 0; i < out.count; i++)
        restart->was_decommissioned = restart->was_decommissioned ||
                                      is_same_place(&out.servers[i], &restart->server);
    stele_server_list_free(&out);
    return buffer_status(&restart->tablets) == STATUS_OK || fail(restart, "no memory");
}

static double seconds_since(uint64_t began_ns)
{
    return (double)(now_ns() - began_ns) / 1e9;
}

static bool restart_tablet_server(struct restart *restart)
{
    if (!remember(restart))
        return false;
    say(restart, "%zu tablet%s to move away", restart->tablet_count,
        restart->tablet_count == 1 ? "" : "s");
    if (!drain(restart))
        return take_back(restart);
    say(restart, "empty after %.1f s; restarting", seconds_since(restart->began_ns));
    if (!run_command(restart))
        return take_back(restart);
    if (!wait_back(restart))
        return is_still_there(restart) && take_back(restart);
    struct stele_bytes name = stele_text(restart->name);
    if (restart->was_decommissioned) {
        if (stele_decommission_servers(restart->client, &name, 1, true, &restart->error))
            return fail(restart, "decommission: %s", restart->error.message);
        say(restart, "back after %.1f s, and decommissioned as it was",
            seconds_since(restart->began_ns));
        return true;
    }
    give_back(restart);
    if (is_interrupted)
        return fail(restart, "interrupted; it is back, the balancer gives it the rest");
    say(restart, "back with its tablets after %.1f s", seconds_since(restart->began_ns));
    return true;
}

static bool restart_master(struct restart *restart)
{
    say(restart, "restarting");
    if (!run_command(restart) || !wait_back(restart))
        return false;
    say(restart, "back after %.1f s", seconds_since(restart->began_ns));
    return true;
}

/* ---- All ---- */

static struct restart_list list_servers(struct restart *restart)
{
    struct restart_list list = {0};
    struct stele_cluster cluster = {0};
    if (!look(restart, &cluster))
        return list;
    list = restart_list_make(&cluster, restart->only, restart->servers);
    stele_cluster_free(&cluster);
    if (!list.items)
        fail(restart, "no memory");
    else if (list.count == 0)
        fail(restart, "no server of the cluster is meant by these options");
    return list;
}

static bool restart_all(struct restart *restart)
{
    struct restart_list list = list_servers(restart);
    bool is_done = list.count > 0;
    restart->total = list.count;
    for (size_t i = 0; is_done && i < list.count; i++) {
        restart->number = i + 1;
        restart->began_ns = now_ns();
        restart->role = list.items[i].role;
        is_done = set_server(restart, &list.items[i].server) &&
                  (strcmp(restart->role, "master") == 0 ? restart_master(restart)
                                                        : restart_tablet_server(restart));
    }
    restart_list_deinit(&list);
    return is_done;
}

/* ---- The command ---- */

static bool read_options(
    const struct options *options, struct restart *restart, struct stele_options *client)
{
    static const struct stele_server example = {{(const uint8_t *)"host", 4}, 1, 1};
    const char *patience = options_get(options, "patience");
    struct error error = {0};
    struct buffer command = {0};
    restart->command = options_get(options, "restart-command");
    restart->only = options_get(options, "only");
    restart->servers = options_get(options, "servers");
    restart->patience_ms = DEFAULT_PATIENCE_MS;
    if (!restart->command)
        error_set(&error, STATUS_INVALID,
            "rolling-restart needs --restart-command; try 'stele rolling-restart --help'");
    else
        (void)restart_command_put(&command, restart->command, &example, "master", &error);
    buffer_deinit(&command);
    if (!error.status && patience)
        options_parse_duration("patience", patience, &restart->patience_ms, &error);
    if (!error.status && restart->only && strcmp(restart->only, "tabletserver") != 0 &&
        strcmp(restart->only, "master") != 0)
        error_set(&error, STATUS_INVALID, "--only: '%s' is neither tabletserver nor master",
            restart->only);
    if (error.status)
        fprintf(stderr, "stele: %s\n", error.message);
    return !error.status && place_from_options(options, client);
}

int command_rolling_restart(int argc, char **argv)
{
    struct option_value values[] = {
        {.name = "restart-command"},
        {.name = "only"},
        {.name = "servers"},
        {.name = "patience"},
        {.name = "connect"},
        {.name = "zookeeper"},
    };
    struct options options = {.command = "rolling-restart",
        .usage = usage,
        .values = values,
        .value_count = sizeof values / sizeof values[0]};
    struct stele_options client;
    struct restart restart = {0};
    int code = options_parse(&options, argc, argv);
    if (code >= 0)
        return code;
    stele_options_init(&client);
    if (!read_options(&options, &restart, &client))
        return EXIT_USAGE;
    client.run = STELE_RUN_INLINE;
    client.operation_timeout_ms = restart.patience_ms;
    if (stele_client_open(&client, &restart.client, &restart.error)) {
        fprintf(stderr, "stele: rolling-restart: %s\n", restart.error.message);
        return EXIT_FAILED;
    }
    interruptible = restart.client;
    signal(SIGINT, on_signal);
    signal(SIGTERM, on_signal);
    bool is_done = restart_all(&restart);
    if (is_done)
        printf("%zu server%s restarted\n", restart.total, restart.total == 1 ? "" : "s");
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    stele_client_close(restart.client);
    buffer_deinit(&restart.tablets);
    return is_done ? EXIT_DONE : EXIT_FAILED;
}
