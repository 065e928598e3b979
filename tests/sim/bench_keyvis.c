/* The Key Visualizer of a very large table: how long until a page has its picture.
 *
 *   bench_keyvis [TABLETS [SERVERS [MS]]]      100000, 1000 and 200
 *
 * The real web port in front of a master's heat board: a day of minutes in the history, every server's running
 * minute beside it. Each round all servers report anew, so that nothing is left of the picture before; then the day is
 * asked for as a page does, over HTTP. Exit 1 when it is wrong or large, 4 when the best of ROUNDS takes over MS of
 * CPU (the time by the clock is told beside it). A machine whose processors are slower, or shared just now, is given as
 * much more as it takes for a sort beside each round. */
#include <arpa/inet.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/log_lines.h"
#include "base/memory.h"
#include "server/heat/heat_board_internal.h"
#include "server/net/loop.h"
#include "server/web/web_server.h"
#include "tests/sim/model_heat.h"

#define ANSWER_MOST  (300u << 10) /* bytes, gzip */
#define ANSWER_LEAST 1000         /* a picture, and not of nothing */
#define TEXT_ROOM    (1u << 20)
#define ROUNDS       5
#define EXIT_SLOW    4
#define DAY          1440
#define KINDS        24 /* different minutes */
#define SORTED       1000000
#define SORT_MS      150.0 /* of CPU, for SORTED numbers, on the machine of the figures */
#define SLOWEST      6.0

/* Minutes that differ, each divided once: what has been through that stays as it is, and is taken in at once. */
static void fill_day(struct heat_board *board, size_t tablets, int64_t now)
{
    struct arena arena = {0};
    struct heat_axis divided[KINDS];
    struct error error = {0};
    struct span *starts = arena_allocate_zeroed(&arena, tablets, sizeof *starts);
    struct heat_values *values = arena_allocate_zeroed(&arena, tablets, sizeof *values);
    CHECK(starts && values);
    for (size_t kind = 0; kind < KINDS; kind++) {
        for (size_t i = 0; i < tablets; i++) {
            struct heat_axis one;
            if (kind == 0) {
                model_heat_axis(&arena, i, &one);
                starts[i] = one.starts[0];
            }
            bool is_hot = i * KINDS / tablets == kind; /* a stretch that moves */
            values[i].of[HEAT_READS] = (double)((i * 2654435761u + kind * 977) % 60000) *
                                       (is_hot ? 50 : 1);
        }
        struct heat_axis all = {starts, values, tablets, SPAN_EMPTY};
        fleet_must(heat_history_divide(&all, &arena, &divided[kind]), NULL);
    }
    mutex_lock(&board->mu);
    for (int64_t minute = now - DAY; minute < now - 2; minute++)
        fleet_must(heat_history_add(board->history, SPAN_LITERAL("t"), SPAN_LITERAL("t"), minute,
                       &divided[minute % KINDS]),
            &error);
    mutex_unlock(&board->mu);
    arena_deinit(&arena);
}

/* How long until the whole answer has come; *text is as much of it as there is room. */
static double ask(struct env *env, uint16_t port, const char *target, const char *encoding,
    size_t *out_size, char text[TEXT_ROOM])
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    char request[512], piece[65536];
    uint64_t began_ns = env_monotonic_ns(env);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0);
    int size = snprintf(request, sizeof request,
        "GET %s HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: %s\r\nConnection: close\r\n\r\n",
        target, encoding);
    CHECK(write(fd, request, (size_t)size) == size);
    *out_size = 0;
    for (ssize_t got; (got = read(fd, piece, sizeof piece)) > 0; *out_size += (size_t)got)
        if (*out_size + (size_t)got < TEXT_ROOM)
            memcpy(text + *out_size, piece, (size_t)got);
    text[*out_size < TEXT_ROOM ? *out_size : TEXT_ROOM - 1] = '\0';
    close(fd);
    return (double)(env_monotonic_ns(env) - began_ns) / 1e6;
}

/* The board has heard of all servers for long enough. */
static void begin_board(struct heat_board *board)
{
    mutex_lock(&board->mu);
    board->begun_ms -= HEAT_SILENT_MS + 1000;
    mutex_unlock(&board->mu);
}

/* What is kept of the last picture for a moment, so that others who look need not wait. */
static void forget_picture(struct heat_board *board)
{
    mutex_lock(&board->mu);
    struct recent_axes *drawn = board->drawn;
    board->drawn = NULL;
    mutex_unlock(&board->mu);
    recent_axes_unref(drawn);
}

static double cpu_ms(void)
{
    struct timespec now;
    CHECK(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now) == 0);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static int by_number(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
    return left < right ? -1 : left > right;
}

/* What the machine takes for work that does not change, in CPU. */
static double sort_ms(void)
{
    struct dice dice = {1};
    uint64_t *numbers = memory_allocate_zeroed(SORTED, sizeof *numbers);
    CHECK(numbers);
    for (size_t i = 0; i < SORTED; i++)
        numbers[i] = dice_next(&dice);
    double began_ms = cpu_ms();
    qsort(numbers, SORTED, sizeof *numbers, by_number);
    double took_ms = cpu_ms() - began_ms;
    CHECK(numbers[0] <= numbers[SORTED / 2]);
    memory_free(numbers);
    return took_ms;
}

/* The exit code. */
static int run(struct fleet *fleet, struct heat_board *board, uint16_t port, double most_ms)
{
    double best_ms = 1e9, worst_ms = 0, best_cpu_ms = 1e9, best_sort_ms = 1e9;
    size_t size = 0;
    static char text[TEXT_ROOM];
    for (int round = 0; round < ROUNDS; round++) {
        for (size_t i = 0; i < fleet->server_count; i++)
            model_heat_tell(fleet, board, &fleet->servers[i]);
        forget_picture(board);
        double began_ms = cpu_ms();
        double took_ms = ask(
            fleet->env, port, "/api/v1/keyvis?table=t&from=-86400", "gzip", &size, text);
        double took_cpu_ms = cpu_ms() - began_ms;
        best_sort_ms = fmin(best_sort_ms, sort_ms());
        best_cpu_ms = took_cpu_ms < best_cpu_ms ? took_cpu_ms : best_cpu_ms;
        best_ms = took_ms < best_ms ? took_ms : best_ms;
        worst_ms = took_ms > worst_ms ? took_ms : worst_ms;
    }
    bool is_answer = strncmp(text, "HTTP/1.1 200 ", 13) == 0;
    size_t plain_size;
    ask(fleet->env, port, "/api/v1/keyvis?table=t&from=-3600&rows=16&columns=16", "identity",
        &plain_size, text);
    bool is_diagnosed = strstr(text, "\"advice\"") != NULL;
    if (!is_answer || !is_diagnosed)
        fprintf(stderr, "bench_keyvis: no picture with a diagnosis: %.2000s\n", text);
    printf(
        "%zu tablets on %zu servers, a day, over HTTP: %.0f ms best, %.0f ms worst of %d, %.0f ms "
        "of CPU; %.0f KB (gzip); a sort of %d numbers: %.0f ms of CPU\n",
        fleet->tablet_count, fleet->server_count, best_ms, worst_ms, ROUNDS, best_cpu_ms,
        (double)size / 1e3, SORTED, best_sort_ms);
    if (!is_answer || !is_diagnosed || size >= ANSWER_MOST || size <= ANSWER_LEAST)
        return 1;
    double slowness = fmin(fmax(best_sort_ms / SORT_MS, 1), SLOWEST);
    return best_cpu_ms < most_ms * slowness ? 0 : EXIT_SLOW;
}

int main(int argc, char **argv)
{
    static struct hbase_service hbase;
    struct fleet fleet;
    struct loop *loops[1] = {NULL};
    struct web_server *web;
    double most_ms = argc > 3 ? strtod(argv[3], NULL) : 200;
    struct error error = {0};
    size_t tablets = argc > 1 ? strtoull(argv[1], NULL, 10) : 100000;
    size_t servers = argc > 2 ? strtoull(argv[2], NULL, 10) : 1000;
    log_set_level(LOG_ERROR);
    fleet_make(&fleet, env_real(), tablets, servers);
    fleet_show_servers(&fleet);
    master_lead(fleet.master, 1);
    fleet_wait_until(&fleet, fleet_leads);
    fleet_wait_until(&fleet, fleet_all_are_open);
    model_heat_serve(&fleet, &hbase);
    fill_day(hbase.heat, tablets, env_wall_ms(fleet.env) / 60000);
    model_heat_tell(&fleet, hbase.heat, &fleet.servers[0]);
    begin_board(hbase.heat);
    struct web_config config = {.host = "127.0.0.1", .version = "0"};
    struct web_service service = {
        .env = fleet.env, .hbase = &hbase, .role = SERVER_MASTER, .loops = loops};
    fleet_must(web_server_new(fleet.env, &config, &web, &error), &error);
    fleet_must(web_server_start(web, &service, &error), &error);
    int code = run(&fleet, hbase.heat, web_server_port(web), most_ms);
    fflush(stdout);
    web_server_stop(web);
    fleet_remove(&fleet);
    _Exit(code);
}
