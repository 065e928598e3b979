/* What the disk and loopback allow together: a bare server takes BYTES over a connection, appends them to a
 * preallocated, zeroed file in DIR, syncs, and sends a few bytes back; its one client waits for them before it
 * sends again. No protocol, no memtable, no hand-over between threads: the most that any server that
 * writes and syncs so could acknowledge with one request in flight on this machine. Prints answers a second.
 *   sync-echo DIR BYTES SECONDS [CLIENT-CORE [SERVER-CORE]]
 * With `-` for DIR nothing is written or synced: what loopback alone allows. */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/env.h"

#define FILE_BYTES   (64u << 20)
#define ANSWER_BYTES 32

struct server {
    int listener;
    int core;              /* -1 = any */
    struct env_file *file; /* NULL = nothing is synced */
    size_t size;
};

static uint8_t request[1 << 16];

static void pin(int core)
{
    cpu_set_t set;
    if (core < 0)
        return;
    CPU_ZERO(&set);
    CPU_SET((size_t)core, &set);
    pthread_setaffinity_np(pthread_self(), sizeof set, &set);
}

static bool receive(int fd, void *bytes, size_t size)
{
    return recv(fd, bytes, size, MSG_WAITALL) == (ssize_t)size;
}

static void no_delay(int fd)
{
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
}

/* Until the client goes. Returns the server itself when something failed. */
static void *serve(void *argument)
{
    struct server *server = argument;
    static uint8_t bytes[sizeof request];
    uint8_t answer[ANSWER_BYTES] = {0};
    uint64_t offset = 0;
    struct error error = {0};
    pin(server->core);
    int fd = accept(server->listener, NULL, NULL);
    if (fd < 0)
        return server;
    no_delay(fd);
    void *failed = NULL;
    while (!failed && receive(fd, bytes, server->size)) {
        if (server->file) {
            if (offset + server->size > FILE_BYTES)
                offset = 0;
            if (env_file_write(server->file, offset, span_make(bytes, server->size), &error) ||
                env_file_sync(server->file, &error))
                failed = server;
            offset += server->size;
        }
        if (send(fd, answer, sizeof answer, MSG_NOSIGNAL) != (ssize_t)sizeof answer)
            break;
    }
    close(fd);
    return failed;
}

static int listen_anywhere(struct sockaddr_in *out_address)
{
    socklen_t size = sizeof *out_address;
    *out_address = (struct sockaddr_in){
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)out_address, size) || listen(fd, 1) ||
        getsockname(fd, (struct sockaddr *)out_address, &size))
        return -1;
    return fd;
}

/* Answers a second, or less than 0. */
static double ask(const struct sockaddr_in *address, size_t size, double seconds)
{
    struct env *env = env_real();
    uint8_t answer[ANSWER_BYTES];
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || connect(fd, (const struct sockaddr *)address, sizeof *address))
        return -1;
    no_delay(fd);
    uint64_t start = env_monotonic_ns(env), now = start, count = 0;
    bool is_well = true;
    while (is_well && (double)(now - start) < seconds * 1e9) {
        is_well = send(fd, request, size, MSG_NOSIGNAL) == (ssize_t)size &&
                  receive(fd, answer, sizeof answer);
        count++;
        now = env_monotonic_ns(env);
    }
    close(fd);
    return is_well ? (double)count * 1e9 / (double)(now - start) : -1;
}

int main(int argc, char **argv)
{
    char path[4096] = "";
    struct error error = {0};
    struct env *env = env_real();
    bool is_synced = argc > 1 && strcmp(argv[1], "-") != 0;
    struct server server = {
        .size = argc > 3 ? strtoul(argv[2], NULL, 10) : 0, .core = argc > 5 ? atoi(argv[5]) : -1};
    double seconds = argc > 3 ? strtod(argv[3], NULL) : 0;
    if (argc > 6 || server.size == 0 || server.size > sizeof request || !(seconds > 0)) {
        fputs("usage: sync-echo DIR|- BYTES SECONDS [CLIENT-CORE [SERVER-CORE]]\n", stderr);
        return 2;
    }
    memset(request, 'x', sizeof request);
    if (is_synced) {
        snprintf(path, sizeof path, "%s/sync-echo.tmp", argv[1]);
        if (env_file_open(
                env, path, ENV_WRITE | ENV_CREATE | ENV_TRUNCATE, 0600, &server.file, &error) ||
            env_file_preallocate(server.file, FILE_BYTES, &error)) {
            fprintf(stderr, "sync-echo: %s\n", error.message);
            return 1;
        }
    }
    struct sockaddr_in address;
    pthread_t thread;
    server.listener = listen_anywhere(&address);
    double rate = -1;
    void *failed = NULL;
    if (server.listener >= 0 && !pthread_create(&thread, NULL, serve, &server)) {
        pin(argc > 4 ? atoi(argv[4]) : -1);
        rate = ask(&address, server.size, seconds);
        shutdown(server.listener, SHUT_RDWR);
        pthread_join(thread, &failed);
    }
    env_file_close(server.file);
    if (is_synced)
        env_path_remove(env, path, NULL);
    if (rate < 0 || failed) {
        fputs("sync-echo: cannot serve on loopback, or cannot sync\n", stderr);
        return 1;
    }
    printf("%.0f\n", rate);
    return 0;
}
