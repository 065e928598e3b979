#include "cli/server_options.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/options.h"
#include "server/coordination/coordination.h"
#include "server/coordination/quorum.h"
#include "server/hbase/sim_capacity.h"
#include "server/web/web_server.h"

#define DEFAULT_PORT             16000
#define DEFAULT_TABLETS_PORT     16020
#define DEFAULT_ZOOKEEPER_PORT   2181
#define DEFAULT_WEB_PORT         16010
#define DEFAULT_TABLETS_WEB_PORT 16030
#define DEFAULT_MEMORY           "1G"
#define MEMORY_MIN               (32u << 20)
#define HOST_SIZE                256

enum {
    OPTION_ZOOKEEPER_PORT, /* standalone's */
    OPTION_LISTEN,
    OPTION_BIGTABLE_PORT,
    OPTION_WEB_PORT,
    OPTION_ADVERTISE,
    OPTION_MEMORY,
    OPTION_INSECURE,
    OPTION_CONFIG,
    OPTION_SIM_CAPACITY,
    OPTION_UI_READONLY,
    OPTION_UI_DIR,
    OPTION_STUDIES_DIR,
    OPTION_ZOOKEEPER, /* a cluster's, as the next */
    OPTION_SESSION_TIMEOUT,
    OPTION_STALL_TIMEOUT,
    OPTION_COUNT
};

/* A role's are next to each other. */
static struct option_value option_values[OPTION_COUNT] = {
    [OPTION_LISTEN] = {.name = "listen", .is_from_file = true},
    [OPTION_BIGTABLE_PORT] = {.name = "bigtable-port", .is_from_file = true},
    [OPTION_WEB_PORT] = {.name = "web-port", .is_from_file = true},
    [OPTION_ADVERTISE] = {.name = "advertise", .is_from_file = true},
    [OPTION_MEMORY] = {.name = "memory", .is_from_file = true},
    [OPTION_INSECURE] = {.name = "insecure", .is_flag = true, .is_from_file = true},
    [OPTION_CONFIG] = {.name = "config"},
    [OPTION_SIM_CAPACITY] = {.name = "sim-capacity", .is_from_file = true},
    [OPTION_UI_READONLY] = {.name = "ui-readonly", .is_flag = true, .is_from_file = true},
    [OPTION_UI_DIR] = {.name = "ui-dir", .is_from_file = true},
    [OPTION_STUDIES_DIR] = {.name = "studies-dir", .is_from_file = true},
    [OPTION_ZOOKEEPER_PORT] = {.name = "zookeeper-port", .is_from_file = true},
    [OPTION_ZOOKEEPER] = {.name = "zookeeper", .is_from_file = true},
    [OPTION_SESSION_TIMEOUT] = {.name = "session-timeout", .is_from_file = true},
    [OPTION_STALL_TIMEOUT] = {.name = "stall-timeout", .is_from_file = true},
};

static const char *const role_names[] = {
    [SERVER_STANDALONE] = "standalone",
    [SERVER_MASTER] = "master",
    [SERVER_TABLETS] = "tabletserver",
};

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
    uint16_t port = config->role == SERVER_TABLETS ? DEFAULT_TABLETS_PORT : DEFAULT_PORT;
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

/* Where the ZooKeeper is, which a cluster cannot do without, and how long its sessions live. */
static enum status read_cluster(struct server_config *config, struct error *error)
{
    static struct quorum quorum;
    const char *text = option_values[OPTION_ZOOKEEPER].value,
               *session = option_values[OPTION_SESSION_TIMEOUT].value,
               *stall = option_values[OPTION_STALL_TIMEOUT].value;
    if (!text)
        return error_set(error, STATUS_INVALID,
            "%s needs --zookeeper=HOST:PORT,...; 'stele standalone DIR' serves from one process "
            "without one",
            role_names[config->role]);
    enum status status = quorum_parse(text, &quorum, error);
    config->quorum = &quorum;
    config->session_ms = COORDINATION_SESSION_MS;
    if (!status && session)
        status = options_parse_duration("session-timeout", session, &config->session_ms, error);
    if (!status && (config->session_ms < COORDINATION_SESSION_MIN_MS ||
                       config->session_ms > COORDINATION_SESSION_MAX_MS))
        status = error_set(error, STATUS_INVALID,
            "--session-timeout: between %d s and %d s, not %s", COORDINATION_SESSION_MIN_MS / 1000,
            COORDINATION_SESSION_MAX_MS / 1000, session);
    if (!status && stall)
        status = options_parse_duration("stall-timeout", stall, &config->stall_ms, error);
    if (!status && stall && config->stall_ms < LIMIT_DIRECTORY_STALL_MIN_MS)
        status = error_set(error, STATUS_INVALID, "--stall-timeout: at least %d s, not %s",
            LIMIT_DIRECTORY_STALL_MIN_MS / 1000, stall);
    return status;
}

/* For studies: how much a server is made to seem to be able to do. */
static enum status read_sim_capacity(struct server_config *config, struct error *error)
{
    const char *text = option_values[OPTION_SIM_CAPACITY].value;
    char *end;
    if (!text)
        return STATUS_OK;
    errno = 0;
    long number = strtol(text, &end, 10);
    if (errno || end == text || *end || number < 1 || number > SIM_CAPACITY_MOST)
        return error_set(error, STATUS_INVALID,
            "--sim-capacity: '%s' is not a number of calls a second from 1 to %d", text,
            SIM_CAPACITY_MOST);
    if (config->role == SERVER_MASTER)
        return error_set(error, STATUS_INVALID,
            "--sim-capacity is of servers that have tablets; a master has none");
    config->sim_capacity = (uint32_t)number;
    return STATUS_OK;
}

/* The pages' port, on the same address as the main one. */
static enum status read_web(struct server_config *config, struct error *error)
{
    static struct web_config web;
    static struct web_setting settings[OPTION_COUNT];
    bool is_asked;
    int otherwise = config->role == SERVER_TABLETS ? DEFAULT_TABLETS_WEB_PORT : DEFAULT_WEB_PORT;
    enum status status = read_port(OPTION_WEB_PORT, otherwise, &web.port, &is_asked, error);
    if (status || web.port == SERVER_PORT_OFF)
        return status;
    web.version = STELE_VERSION;
    web.host = config->host;
    web.is_optional = !is_asked;
    web.is_read_only = option_values[OPTION_UI_READONLY].value;
    web.ui_directory = option_values[OPTION_UI_DIR].value;
    web.studies_directory = option_values[OPTION_STUDIES_DIR].value;
    for (size_t i = config->role == SERVER_STANDALONE ? 0 : 1;
         i < (config->role == SERVER_STANDALONE ? OPTION_ZOOKEEPER : OPTION_COUNT); i++)
        settings[web.setting_count++] = (struct web_setting){option_values[i].name,
            option_values[i].is_flag && option_values[i].value ? "true" : option_values[i].value};
    web.settings = settings;
    config->web = &web;
    return STATUS_OK;
}

static enum status read_options(struct server_config *config, struct error *error)
{
    const char *memory = option_values[OPTION_MEMORY].value;
    bool is_zookeeper_asked;
    enum status status = read_addresses(config, error);
    if (!status && config->role != SERVER_STANDALONE)
        status = read_cluster(config, error);
    if (!status)
        status = read_port(OPTION_ZOOKEEPER_PORT, DEFAULT_ZOOKEEPER_PORT, &config->zookeeper_port,
            &is_zookeeper_asked, error);
    if (!status)
        status = refuse_unbuilt(OPTION_BIGTABLE_PORT, error);
    if (!status)
        status = read_web(config, error);
    if (!status)
        status = read_sim_capacity(config, error);
    if (!status)
        status = options_parse_size(
            "memory", memory ? memory : DEFAULT_MEMORY, &config->memory_bytes, error);
    if (!status && config->memory_bytes < MEMORY_MIN)
        status = error_set(
            error, STATUS_INVALID, "--memory: %s is too little; 32M is the least", memory);
    config->is_zookeeper_optional = !status && !is_zookeeper_asked;
    if (config->role != SERVER_STANDALONE)
        config->zookeeper_port = SERVER_PORT_OFF;
    return status;
}

int server_options_parse(int argc, char **argv, const char *usage, struct server_config *out_config)
{
    static const char *directories[1];
    bool is_alone = out_config->role == SERVER_STANDALONE;
    struct error error = {0};
    struct options options = {
        .command = role_names[out_config->role],
        .usage = usage,
        .values = is_alone ? option_values : option_values + 1,
        .value_count = is_alone ? OPTION_ZOOKEEPER : OPTION_COUNT - 1,
        .arguments = directories,
        .argument_limit = 1,
    };
    int code = options_parse(&options, argc, argv);
    if (code >= 0)
        return code;
    if (options.argument_count == 0)
        error_set(&error, STATUS_INVALID, "%s needs a directory; try 'stele %s --help'",
            options.command, options.command);
    else if (option_values[OPTION_CONFIG].value)
        options_read_file(&options, option_values[OPTION_CONFIG].value, &error);
    if (!error.status)
        read_options(out_config, &error);
    if (error.status) {
        fprintf(stderr, "stele: %s\n", error.message);
        return EXIT_USAGE;
    }
    out_config->root = directories[0];
    return -1;
}
