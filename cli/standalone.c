/* stele standalone DIR: the whole of a server in one process.
 *
 * The main thread only waits: for a signal, for the server to be ready, for it to be closed. Each
 * of them writes one byte into a pipe, which is what it reads. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log_lines.h"
#include "base/options.h"
#include "cli/commands.h"
#include "server/server.h"

#define DEFAULT_PORT           16000
#define DEFAULT_ZOOKEEPER_PORT 2181
#define DEFAULT_MEMORY         "1G"
#define MEMORY_MIN             (32u << 20)
#define FLUSH_MS               3000 /* of a clean stop: it ends within 5 s */
#define HOST_SIZE              256

static const char usage[] =
    "usage: stele standalone DIR [OPTIONS]\n"
    "\n"
    "Serves the tables in DIR, which is made when it is not there, and prints one line when it "
    "does.\n"
    "\n"
    "  --listen=HOST:PORT      where HBase's clients connect (127.0.0.1:16000); port 0 takes any "
    "free one\n"
    "  --zookeeper-port=PORT   where they look for ZooKeeper (2181, when it is free); off = "
    "nowhere\n"
    "  --bigtable-port=PORT    not built yet: off\n"
    "  --web-port=PORT         not built yet: off\n"
    "  --advertise=HOST:PORT   what clients are told to connect to (what it listens on)\n"
    "  --memory=SIZE           for memtables, block cache and requests together (1G)\n"
    "  --insecure              listen on an address that others can reach: there is no "
    "authentication\n"
    "  --config=FILE           lines of `option = value`; the command line wins\n";

enum {
    OPTION_LISTEN,
    OPTION_ZOOKEEPER_PORT,
    OPTION_BIGTABLE_PORT,
    OPTION_WEB_PORT,
    OPTION_ADVERTISE,
    OPTION_MEMORY,
    OPTION_INSECURE,
    OPTION_CONFIG,
    OPTION_COUNT
};

static struct option_value option_values[OPTION_COUNT] = {
    [OPTION_LISTEN] = {.name = "listen", .is_from_file = true},
    [OPTION_ZOOKEEPER_PORT] = {.name = "zookeeper-port", .is_from_file = true},
    [OPTION_BIGTABLE_PORT] = {.name = "bigtable-port", .is_from_file = true},
    [OPTION_WEB_PORT] = {.name = "web-port", .is_from_file = true},
    [OPTION_ADVERTISE] = {.name = "advertise", .is_from_file = true},
    [OPTION_MEMORY] = {.name = "memory", .is_from_file = true},
    [OPTION_INSECURE] = {.name = "insecure", .is_flag = true, .is_from_file = true},
    [OPTION_CONFIG] = {.name = "config"},
};

static int complain(const char *message)
{
    fprintf(stderr, "stele: %s\n", message);
    return EXIT_USAGE;
}

/* ---- What the options mean ---- */

static enum status read_port(
    int option, int default_port, int *out_port, bool *out_is_asked, struct error *error)
{
    const char *text = option_values[option].value;
    *out_is_asked = text != NULL;
    if (!text) {
        *out_port = default_port;
        return STATUS_OK;
    }
    if (strcmp(text, "off") == 0) {
        *out_port = SERVER_PORT_OFF;
        return STATUS_OK;
    }
    char *end;
    errno = 0;
    long port = strtol(text, &end, 10);
    if (errno || end == text || *end || port < 0 || port > UINT16_MAX)
        return error_set(error, STATUS_INVALID, "--%s: '%s' is not a port, nor 'off'",
            option_values[option].name, text);
    *out_port = (int)port;
    return STATUS_OK;
}

/* Services that are not built yet are off, and asking for one is an error. */
static enum status refuse_unbuilt(int option, struct error *error)
{
    int port;
    bool is_asked;
    enum status status = read_port(option, SERVER_PORT_OFF, &port, &is_asked, error);
    if (!status && port != SERVER_PORT_OFF)
        return error_set(error, STATUS_UNSUPPORTED,
            "--%s: this service is not built yet; only 'off' is possible",
            option_values[option].name);
    return status;
}

static bool is_loopback(const char *host)
{
    struct in_addr address;
    bool is_127 = inet_pton(AF_INET, host, &address) == 1 && ntohl(address.s_addr) >> 24 == 127;
    return is_127 || strcmp(host, "::1") == 0 || strcmp(host, "localhost") == 0;
}

static bool is_any_address(const char *host)
{
    return !*host || strcmp(host, "0.0.0.0") == 0 || strcmp(host, "::") == 0;
}

/* The names that clients are told live as long as the process. */
static enum status read_addresses(struct server_config *config, struct error *error)
{
    static char host[HOST_SIZE], advertised[HOST_SIZE];
    uint16_t port = DEFAULT_PORT;
    const char *listen = option_values[OPTION_LISTEN].value,
               *advertise = option_values[OPTION_ADVERTISE].value;
    strcpy(host, "127.0.0.1");
    enum status status = listen ? options_parse_address(
                                      "listen", listen, host, sizeof host, &port, error)
                                : STATUS_OK;
    if (status)
        return status;
    if (!is_loopback(host) && !option_values[OPTION_INSECURE].value)
        return error_set(error, STATUS_INVALID,
            "--listen: %s can be reached by others, and there is no authentication yet: say "
            "--insecure to do it all the same",
            host);
    config->host = host;
    config->port = port;
    if (advertise) {
        uint16_t advertised_port = 0;
        status = options_parse_address(
            "advertise", advertise, advertised, sizeof advertised, &advertised_port, error);
        config->advertise_host = advertised;
        config->advertise_port = advertised_port;
    } else if (is_any_address(host)) {
        if (gethostname(advertised, sizeof advertised - 1))
            return error_set_errno(error, errno, "the name of this host");
        config->advertise_host = advertised;
    }
    return status;
}

static enum status read_options(struct server_config *config, struct error *error)
{
    const char *memory = option_values[OPTION_MEMORY].value;
    bool is_zookeeper_asked;
    enum status status = read_addresses(config, error);
    if (!status)
        status = read_port(OPTION_ZOOKEEPER_PORT, DEFAULT_ZOOKEEPER_PORT, &config->zookeeper_port,
            &is_zookeeper_asked, error);
    if (!status)
        status = refuse_unbuilt(OPTION_BIGTABLE_PORT, error);
    if (!status)
        status = refuse_unbuilt(OPTION_WEB_PORT, error);
    if (!status)
        status = options_parse_size(
            "memory", memory ? memory : DEFAULT_MEMORY, &config->memory_bytes, error);
    if (!status && config->memory_bytes < MEMORY_MIN)
        status = error_set(
            error, STATUS_INVALID, "--memory: %s is too little; 32M is the least", memory);
    config->is_zookeeper_optional = !status && !is_zookeeper_asked;
    return status;
}

/* ---- What the main thread waits for ---- */

enum event { EVENT_STOP = 'S', EVENT_READY = 'R', EVENT_FAILED = 'F', EVENT_CLOSED = 'C' };

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
    (void)number;
    tell(EVENT_STOP);
}

static void on_ready(void *context, enum status status, const struct error *error)
{
    (void)context;
    if (status)
        start_error = *error;
    tell(status ? EVENT_FAILED : EVENT_READY);
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

static void print_ready(const struct server *server, const struct server_config *config)
{
    const char *host = config->advertise_host ? config->advertise_host : config->host;
    int port = config->advertise_port ? config->advertise_port : server_port(server);
    printf("ready hbase=%s:%d", host, port);
    if (server_zookeeper_port(server))
        printf(" zookeeper=%s:%u", host, server_zookeeper_port(server));
    putchar('\n');
    fflush(stdout);
}

static int serve(const struct server_config *config)
{
    struct server *server = NULL;
    struct error error = {0};
    int code = EXIT_DONE;
    if (server_open(config, &server, &error)) {
        fprintf(stderr, "stele: %s\n", error.message);
        return EXIT_FAILED;
    }
    bool is_started = false, is_stop_wanted = false, is_closing = false;
    for (enum event event; (event = wait_event()) != EVENT_CLOSED;) {
        if (event == EVENT_STOP)
            is_stop_wanted = true;
        if (event == EVENT_READY && !is_stop_wanted) {
            print_ready(server, config);
            notify("READY=1");
        }
        if (event == EVENT_FAILED) {
            fprintf(stderr, "stele: %s\n", start_error.message);
            code = EXIT_FAILED;
            is_stop_wanted = true;
        }
        if (event != EVENT_STOP)
            is_started = true;
        if (is_started && is_stop_wanted && !is_closing) {
            is_closing = true;
            notify("STOPPING=1");
            server_close(server, FLUSH_MS, on_closed);
        }
    }
    server_free(server);
    return code;
}

int command_standalone(int argc, char **argv)
{
    static const char *directories[1];
    struct options options = {
        .command = "standalone",
        .usage = usage,
        .values = option_values,
        .value_count = OPTION_COUNT,
        .arguments = directories,
        .argument_limit = 1,
    };
    struct server_config config = {.env = env_real(), .ready = on_ready};
    struct error error = {0};
    int code = options_parse(&options, argc, argv);
    if (code >= 0)
        return code;
    if (options.argument_count == 0)
        return complain("standalone needs a directory; try 'stele standalone --help'");
    if (option_values[OPTION_CONFIG].value &&
        options_read_file(&options, option_values[OPTION_CONFIG].value, &error))
        return complain(error.message);
    if (read_options(&config, &error))
        return complain(error.message);
    config.root = directories[0];
    if (pipe2(event_pipe, O_CLOEXEC)) {
        fprintf(stderr, "stele: pipe: %s\n", strerror(errno));
        return EXIT_FAILED;
    }
    catch_signals();
    return serve(&config);
}
