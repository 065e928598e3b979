#include "cli/serve.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log_lines.h"
#include "base/memory.h"
#include "base/options.h"

#define FLUSH_MS 3000 /* of a clean stop: it ends within 5 s */
#define LARGE_SIZE                                                                                 \
    (8u << 20) /* of memory that is given back at once; the usual answer is smaller */

enum event {
    EVENT_STOP = 'S',
    EVENT_READY = 'R',
    EVENT_FAILED = 'F',
    EVENT_CLOSED = 'C',
    EVENT_TIME_UP = 'T', /* it was to stop before it served, and still starts */
};

static int event_pipe[2];
static struct error start_error; /* written before EVENT_FAILED */

/* From anywhere, signal handlers too. */
static void tell(enum event event)
{
    char byte = (char)event;
    int saved = errno;
    while (write(event_pipe[1], &byte, 1) < 0 && errno == EINTR)
        ;
    errno = saved;
}

static enum event wait_event(void)
{
    char byte;
    while (read(event_pipe[0], &byte, 1) < 1)
        ;
    return (enum event)byte;
}

static void on_signal(int number)
{
    tell(number == SIGALRM ? EVENT_TIME_UP : EVENT_STOP);
}

static void on_ready(void *context, enum status status, const struct error *error)
{
    (void)context;
    if (status)
        start_error = *error;
    tell(status ? EVENT_FAILED : EVENT_READY);
}

static void on_stop_wanted(void *context)
{
    (void)context;
    tell(EVENT_STOP);
}

static void on_closed(void *context)
{
    (void)context;
    tell(EVENT_CLOSED);
}

static void catch_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGALRM, &action, NULL);
}

/* A thread that wakes up does not push another off its core (SCHED_BATCH, sched(7)): where a core is free nothing
 * changes; where all are busy the server's threads run when it is their turn, find more work then, and so answer more
 * with each wake-up, each write of the log, each packet. A policy that somebody chose (systemd, chrt) stays. */
static void run_in_turn(void)
{
    struct sched_param none = {0};
    if (sched_getscheduler(0) == SCHED_OTHER && sched_setscheduler(0, SCHED_BATCH, &none))
        log_line(LOG_INFO, "sched.batch", "errno=%d", errno);
}

/* systemd's readiness protocol: a datagram to the socket that NOTIFY_SOCKET names; '@' = abstract.
 */
static void notify(const char *state)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (!path || !*path || strlen(path) >= sizeof address.sun_path)
        return;
    memcpy(address.sun_path, path, strlen(path));
    if (address.sun_path[0] == '@')
        address.sun_path[0] = 0;
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
    if (sendto(fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&address, size) < 0)
        log_line(LOG_WARN, "notify.failed", "errno=%d", errno);
    close(fd);
}

static void print_ready(struct server *server, const struct server_config *config)
{
    const char *host = config->advertise_host ? config->advertise_host : config->host;
    int port = config->advertise_port ? config->advertise_port : server_port(server);
    printf("ready hbase=%s:%d", host, port);
    if (server_zookeeper_port(server))
        printf(" zookeeper=%s:%u", host, server_zookeeper_port(server));
    if (server_web_port(server))
        printf(" web=%s:%u", host, server_web_port(server));
    if (config->role == SERVER_MASTER)
        printf(" role=master leader=%s", server_is_leading(server) ? "yes" : "no");
    if (config->role == SERVER_TABLETS)
        printf(" role=tabletserver");
    putchar('\n');
    fflush(stdout);
}

int serve(struct server_config *config)
{
    struct server *server = NULL;
    struct error error = {0};
    int code = EXIT_DONE;
    if (pipe2(event_pipe, O_CLOEXEC)) {
        fprintf(stderr, "stele: pipe: %s\n", strerror(errno));
        return EXIT_FAILED;
    }
    catch_signals();
    run_in_turn();
    memory_return_large(LARGE_SIZE);
    config->ready = on_ready;
    config->stop_wanted = on_stop_wanted;
    if (server_open(config, &server, &error)) {
        fprintf(stderr, "stele: %s\n", error.message);
        return EXIT_FAILED;
    }
    bool is_started = false, is_stop_wanted = false, is_closing = false;
    for (enum event event; (event = wait_event()) != EVENT_CLOSED;) {
        if (event == EVENT_STOP)
            is_stop_wanted = true;
        if (event == EVENT_STOP && !is_started)
            alarm(FLUSH_MS / 1000); /* who waits for a ZooKeeper may wait long */
        if (event == EVENT_TIME_UP && !is_started)
            _exit(EXIT_DONE); /* nothing was acknowledged, and a start may be cut anywhere */
        if (event == EVENT_READY && !is_stop_wanted) {
            print_ready(server, config);
            notify("READY=1");
        }
        if (event == EVENT_FAILED) {
            fprintf(stderr, "stele: %s\n", start_error.message);
            code = EXIT_FAILED;
            is_stop_wanted = true;
        }
        if (event == EVENT_READY || event == EVENT_FAILED)
            is_started = true;
        if (is_started && is_stop_wanted && !is_closing) {
            is_closing = true;
            notify("STOPPING=1");
            server_close(server, FLUSH_MS, on_closed);
        }
    }
    if (server_has_failed(server))
        code = EXIT_FAILED;
    server_free(server);
    return code;
}
