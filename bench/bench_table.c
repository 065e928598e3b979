#include "bench/bench_table.h"

#include <stdio.h>

#include "base/memory.h"

/* How long a server may take to answer at all before the load says that there is none. */
#define CONNECT_MS     10000
#define RETRIES        3
#define CREATE_TIME_MS 120000

static int complain(const char *what, const struct stele_error *error)
{
    bool is_unreachable = error->status == STELE_CONNECTION || error->status == STELE_TIMEOUT;
    fprintf(stderr, "stele: bench load: %s%s\n", what, error->message);
    return run_was_interrupted() ? EXIT_INTERRUPTED
           : is_unreachable      ? EXIT_UNREACHABLE
                                 : EXIT_FAILED;
}

static enum stele_status open_client(
    const struct place *place, struct stele_client **out_client, struct stele_error *error)
{
    struct stele_options options;
    stele_options_init(&options);
    options.connect = place->connect;
    options.zookeeper = place->zookeeper;
    options.run = STELE_RUN_INLINE;
    options.operation_timeout_ms = CREATE_TIME_MS;
    options.connect_timeout_ms = CONNECT_MS;
    options.retries = RETRIES;
    return stele_client_open(&options, out_client, error);
}

static enum stele_status create(
    const struct load_settings *settings, struct stele_client *client, struct stele_error *error)
{
    const struct key_format *format = &settings->workload.format;
    struct stele_family family = {.name = stele_text(settings->family)};
    struct stele_schema schema = {
        .name = stele_text(settings->table), .families = &family, .family_count = 1};
    size_t count = settings->splits - 1;
    struct stele_bytes *keys = memory_allocate_zeroed(count + 1, sizeof *keys);
    uint8_t *bytes = memory_allocate((count + 1) * format->size);
    enum stele_status status = STELE_NO_MEMORY;
    if (keys && bytes) {
        for (size_t i = 0; i < count; i++) {
            key_format_split(
                format, settings->workload.rows, i + 1, settings->splits, bytes + i * format->size);
            keys[i] = stele_bytes(bytes + i * format->size, format->size);
        }
        status = stele_create_table(client, &schema, keys, count, error);
    }
    memory_free(keys);
    memory_free(bytes);
    return status;
}

int bench_place_check(const char *command, const char *connect, const char *zookeeper)
{
    struct place place = {connect, zookeeper};
    struct stele_client *client = NULL;
    struct stele_error error = {0};
    if (!connect && !zookeeper)
        return -1;
    enum stele_status status = open_client(&place, &client, &error);
    stele_client_close(client);
    if (status != STELE_INVALID)
        return -1; /* what else is wrong is told when it is used */
    fprintf(stderr, "stele: %s: %s\n", command, error.message);
    return EXIT_USAGE;
}

/* -1 when the table is there, or is not, as the settings want it; else the exit code. */
static int look(const struct load_settings *settings, const struct place *place,
    struct stele_client **out_client, bool *out_exists)
{
    struct stele_error error = {0};
    int code = -1;
    bool exists = false;
    if (open_client(place, out_client, &error) ||
        stele_table_exists(*out_client, stele_text(settings->table), &exists, &error)) {
        code = complain("", &error);
    } else if (exists && !settings->is_reusing) {
        fprintf(stderr,
            "stele: bench load: table %s exists; --reuse works on it as it is, --table=NAME on "
            "another\n",
            settings->table);
        code = EXIT_FAILED;
    } else if (!exists && settings->is_reusing) {
        fprintf(stderr, "stele: bench load: table %s does not exist; without --reuse it is made\n",
            settings->table);
        code = EXIT_FAILED;
    }
    *out_exists = exists;
    return code;
}

int bench_table_check(const struct load_settings *settings, const struct place *place)
{
    struct stele_client *client = NULL;
    bool exists;
    int code = look(settings, place, &client, &exists);
    stele_client_close(client);
    return code;
}

int bench_table_prepare(
    const struct load_settings *settings, const struct place *place, bool *out_is_made)
{
    struct stele_client *client = NULL;
    struct stele_error error = {0};
    bool exists;
    int code = look(settings, place, &client, &exists);
    *out_is_made = code < 0 && !exists;
    if (*out_is_made && create(settings, client, &error)) {
        code = complain("make the table: ", &error);
        *out_is_made = false;
    }
    stele_client_close(client);
    return code;
}

bool bench_table_drop(const struct load_settings *settings, const struct place *place)
{
    struct stele_client *client = NULL;
    struct stele_error error = {0};
    struct stele_bytes table = stele_text(settings->table);
    bool is_dropped = !open_client(place, &client, &error) &&
                      !stele_disable_table(client, table, &error) &&
                      !stele_delete_table(client, table, &error);
    if (!is_dropped)
        fprintf(stderr, "stele: bench load: drop the table: %s\n", error.message);
    stele_client_close(client);
    return is_dropped;
}
