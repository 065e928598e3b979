/* One process's part in coordination, by hand: for run-coordination.
 *
 *   coordination_driver server|master|watch QUORUM ROOT CLUSTER-ID HOST,PORT,CODE SESSION-MS
 *
 * Events become lines on stdout: lead EPOCH; deposed; failed WORDS; and after every change the whole view, as
 *   view connected=1 leading=0 master=a,1,2 meta=- servers=a,1,2;b,1,2 backups=- absence=MS
 * Lines on stdin are orders: meta NAME|-; draining NAME...; resign EPOCH; quit. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log_lines.h"
#include "server/coordination/coordination.h"
#include "server/coordination/quorum.h"

#define NAMES_MAX 16

static struct env *env;

static void print_name(const struct server_name *name)
{
    if (server_name_is_set(name))
        printf("%.*s,%u,%" PRIu64, (int)name->host.size, (const char *)name->host.data, name->port,
            name->start_code);
    else
        printf("-");
}

static void print_names(const char *label, const struct coordination_names *names)
{
    printf(" %s=%s", label, names->count ? "" : "-");
    for (size_t i = 0; i < names->count; i++) {
        if (i > 0)
            putchar(';');
        print_name(&names->names[i]);
    }
}

static void on_lead(void *context, uint64_t epoch)
{
    (void)context;
    printf("lead %" PRIu64 "\n", epoch);
    fflush(stdout);
}

static void on_deposed(void *context)
{
    (void)context;
    puts("deposed");
    fflush(stdout);
}

static void on_failed(void *context, const struct error *error)
{
    (void)context;
    printf("failed %s\n", error->message);
    fflush(stdout);
}

static void on_changed(void *context, const struct coordination_view *view, unsigned changes)
{
    (void)context, (void)changes;
    uint64_t now = env_monotonic_ns(env), from = view->absence_counts_from_ns;
    printf("view connected=%d leading=%d master=", view->is_connected, view->is_leading);
    print_name(&view->master);
    printf(" meta=");
    print_name(&view->meta);
    print_names("servers", &view->servers);
    print_names("backups", &view->backups);
    printf(" absence=%" PRIu64 "\n", from > now ? (from - now) / 1000000 : 0);
    fflush(stdout);
}

static void on_closed(void *context)
{
    (void)context;
    puts("closed");
    fflush(stdout);
}

static size_t parse_names(char *words, struct server_name *out_names)
{
    size_t count = 0;
    for (char *word = strtok(words, " \n"); word && count < NAMES_MAX; word = strtok(NULL, " \n")) {
        if (server_name_parse(span_string(word), &out_names[count], NULL) == STATUS_OK)
            count++;
    }
    return count;
}

/* False at the end. */
static bool obey(struct coordination *coordination, char *line)
{
    struct server_name names[NAMES_MAX];
    if (strncmp(line, "quit", 4) == 0)
        return false;
    if (strncmp(line, "meta ", 5) == 0) {
        size_t count = parse_names(line + 5, names);
        coordination_publish_meta(coordination, count ? names : NULL);
    } else if (strncmp(line, "draining", 8) == 0) {
        size_t count = parse_names(line + 8, names);
        coordination_publish_draining(coordination, names, count);
    } else if (strncmp(line, "resign ", 7) == 0) {
        coordination_resign(coordination, strtoull(line + 7, NULL, 10));
    }
    return true;
}

int main(int argc, char **argv)
{
    static struct coordination_listener listener = {
        .lead = on_lead, .deposed = on_deposed, .changed = on_changed, .failed = on_failed};
    static struct server_name self;
    static char line[4096];
    struct quorum quorum;
    struct error error = {0};
    struct coordination *coordination;
    if (argc != 7)
        return 2;
    env = env_real();
    struct coordination_zookeeper_config config = {
        .env = env,
        .quorum = &quorum,
        .root = argv[3],
        .cluster_id = argv[4],
        .session_ms = (uint32_t)atoi(argv[6]),
        .start_ms = 5000,
    };
    if (quorum_parse(argv[2], &quorum, &error) ||
        server_name_parse(span_string(argv[5]), &self, &error) ||
        coordination_zookeeper_new(&config, &coordination, &error)) {
        printf("failed %s\n", error.message);
        return 0;
    }
    coordination_listen(coordination, &listener);
    if (coordination_start(coordination, &error)) {
        printf("failed %s\n", error.message);
        coordination_free(coordination);
        return 0;
    }
    if (strcmp(argv[1], "server") == 0)
        coordination_announce(coordination, &self);
    if (strcmp(argv[1], "master") == 0)
        coordination_campaign(coordination, &self);
    while (fgets(line, sizeof line, stdin)) {
        if (!obey(coordination, line))
            break;
    }
    coordination_close(coordination, on_closed, NULL);
    coordination_free(coordination); /* which waits for the end of what runs */
    return 0;
}
