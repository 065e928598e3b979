/* The program: cluster_load ZOOKEEPER [SEED]
 *
 * Prints "running" once the tables are filled and every thread works, and then what is done so far, five times a second;
 * goes on until its standard input ends; then verifies and prints what was done, a line a part. Exit 0: all held; 1: not. */
#include "tests/cluster/cluster_load.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/dice.h"

#define FAILURES_PRINTED 50
#define PAUSE_NS         1000000 /* between a thread's steps: the load is there to be right, not fast */
#define TICK_MS          200
#define RPC_TIMEOUT_MS   5000 /* a server that stands still is noticed after this */
#define OPERATION_MS     180000

static const struct load_part *const parts[] = {&list_load, &bank_load, &still_load};
#define PARTS (sizeof parts / sizeof parts[0])

static _Thread_local const char *part_name = "load";
static _Thread_local struct dice dice;

/* ---- What parts use ---- */

void load_fail(struct load *load, const char *format, ...)
{
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (atomic_fetch_add(&load->failures, 1) < FAILURES_PRINTED)
        printf("FAILED %s: %s\n", part_name, text);
}

bool load_has_failed(struct load *load, enum stele_status status, const struct stele_error *error,
    const char *format, ...)
{
    char text[256];
    va_list arguments;
    if (status == STELE_OK)
        return false;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    load_fail(load, "%s: %s after %u attempts: %s %s", text, stele_status_name(status),
        error->attempts, error->exception_class, error->message);
    return true;
}

struct stele_table *load_table(struct load *load, const char *name, unsigned regions)
{
    struct stele_error error = {0};
    struct stele_family family = {.name = STELE_TEXT("f")};
    struct stele_schema schema = {.name = stele_text(name), .families = &family, .family_count = 1};
    struct stele_bytes splits[256];
    char keys[256][4];
    for (unsigned i = 1; i < regions; i++) {
        snprintf(keys[i], sizeof keys[i], "%02x", i * 256 / regions);
        splits[i - 1] = stele_text(keys[i]);
    }
    if (load_has_failed(load,
            stele_create_table(load->client, &schema, splits, regions - 1, &error), &error,
            "create %s", name))
        exit(1);
    return stele_table_open(load->client, stele_text(name));
}

uint64_t load_mix(uint64_t a, uint64_t b, uint64_t c)
{
    struct dice mixer = {a};
    mixer.state = dice_next(&mixer) ^ b;
    mixer.state = dice_next(&mixer) ^ c;
    return dice_next(&mixer);
}

uint64_t load_random(void)
{
    return dice_next(&dice);
}

static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

void load_pace_tick(struct load_pace *pace)
{
    uint64_t now = now_ns();
    if (pace->last_ns && now - pace->last_ns > pace->longest_ns)
        pace->longest_ns = now - pace->last_ns;
    pace->last_ns = now;
}

/* ---- Threads ---- */

struct worker {
    struct load *load;
    const struct load_part *part;
    unsigned number;
    pthread_t thread;
};

static void *work(void *context)
{
    struct worker *worker = context;
    part_name = worker->part->name;
    dice.state = load_mix(worker->load->seed, worker->number, (uintptr_t)worker->part->name[0]);
    while (!atomic_load(&worker->load->is_stopping)) {
        worker->part->step(worker->load, worker->number);
        nanosleep(&(struct timespec){.tv_nsec = PAUSE_NS}, NULL);
    }
    return NULL;
}

/* After at most a tick: has whoever started us closed our standard input? */
static bool is_input_over(void)
{
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    char byte;
    return poll(&input, 1, TICK_MS) > 0 && read(STDIN_FILENO, &byte, 1) <= 0;
}

static void print_progress(void)
{
    printf("progress");
    for (unsigned i = 0; i < PARTS; i++)
        printf(" %s=%llu", parts[i]->name, (unsigned long long)parts[i]->done());
    printf("\n");
}

static void run(struct load *load)
{
    static struct worker workers[PARTS * LOAD_THREADS_MOST];
    unsigned count = 0;
    for (unsigned i = 0; i < PARTS; i++)
        for (unsigned j = 0; j < parts[i]->threads; j++)
            workers[count++] = (struct worker){load, parts[i], j, 0};
    for (unsigned i = 0; i < count; i++)
        if (pthread_create(&workers[i].thread, NULL, work, &workers[i]))
            exit(1);
    printf("running\n");
    while (!is_input_over())
        print_progress();
    atomic_store(&load->is_stopping, true);
    for (unsigned i = 0; i < count; i++)
        pthread_join(workers[i].thread, NULL);
    printf("stopped\n");
}

int main(int argc, char **argv)
{
    struct load load = {.seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1};
    struct stele_error error = {0};
    struct stele_options options;
    if (argc < 2) {
        fprintf(stderr, "usage: cluster_load ZOOKEEPER [SEED]\n");
        return 2;
    }
    setlinebuf(stdout);
    stele_options_init(&options);
    options.zookeeper = argv[1];
    options.rpc_timeout_ms = RPC_TIMEOUT_MS;
    options.operation_timeout_ms = OPERATION_MS;
    options.retries = 60;
    if (load_has_failed(
            &load, stele_client_open(&options, &load.client, &error), &error, "%s", argv[1]))
        return 1;
    for (unsigned i = 0; i < PARTS; i++) {
        part_name = parts[i]->name;
        parts[i]->prepare(&load);
    }
    run(&load);
    for (unsigned i = 0; i < PARTS; i++) {
        part_name = parts[i]->name;
        parts[i]->verify(&load);
    }
    stele_client_close(load.client);
    printf("failures=%llu\n", (unsigned long long)load.failures);
    return load.failures > 0;
}
