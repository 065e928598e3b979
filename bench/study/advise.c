#include "bench/study/advise.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/options.h"
#include "bench/study/advise_internal.h"
#include "bench/study/skew.h"

#define TIMEOUT_MS 20000

void advise_complain(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs("stele: bench study: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
}

/* ---- What is told ---- */

static void print_json_text(const char *text)
{
    putchar('"');
    for (; *text; text++) {
        unsigned char byte = (unsigned char)*text;
        if (byte == '"' || byte == '\\')
            printf("\\%c", byte);
        else if (byte < 0x20)
            printf("\\u%04x", byte);
        else
            putchar(byte);
    }
    putchar('"');
}

void advise_tell(const struct key_heat *heat, const struct key_diagnosis *diagnosis,
    const struct advise_source *source, bool is_json)
{
    double loads[KEY_ADVICE_BUCKETS_MOST] = {0};
    for (size_t i = 0; i < heat->columns * heat->buckets; i++)
        loads[i % heat->buckets] += heat->loads[i];
    struct skew skew = skew_of(loads, heat->buckets);
    if (is_json) {
        printf("{\"schema\":\"stele.advice/"
               "1\",\"source\":\"%s\",\"pattern\":\"%s\",\"share\":%.4f,\"from\":%zu,\"to\":%zu,"
               "\"buckets\":%zu,\"max_mean\":%.3f,\"gini\":%.4f,\"effective\":%.2f,"
               "\"cured_by_split\":%s,\"reason\":",
            source->name, key_pattern_name(diagnosis->pattern), diagnosis->share, diagnosis->from,
            diagnosis->to, heat->buckets, skew.max_mean, skew.gini, skew.effective,
            diagnosis->is_cured_by_split ? "true" : "false");
        print_json_text(diagnosis->reason);
        fputs(",\"advice\":", stdout);
        print_json_text(diagnosis->advice);
        fputs(",\"price\":", stdout);
        print_json_text(diagnosis->price);
        puts("}");
        return;
    }
    printf("pattern  %s\nreason   %s\nadvice   %s\nprice    %s\n",
        key_pattern_name(diagnosis->pattern), diagnosis->reason, diagnosis->advice,
        diagnosis->price);
    printf("seen     %s\n", source->text);
    printf("load     %zu %s: the busiest carries %.2f times the mean; as good as %.1f even ones\n",
        heat->buckets, source->unit, skew.max_mean, skew.effective);
}

/* ---- From a table in use ---- */

/* What it has measured; else, as of HBase, what its counters do for a while. */
static int ask(struct stele_client *client, const char *table, unsigned minutes, bool is_json)
{
    struct stele_error failure;
    struct stele_cluster cluster;
    bool exists = false;
    if (stele_table_exists(client, stele_text(table), &exists, &failure) ||
        stele_cluster_status(client, &cluster, &failure)) {
        advise_complain("%s", failure.message);
        return ADVISE_UNREACHED;
    }
    size_t servers = cluster.server_count;
    stele_cluster_free(&cluster);
    if (!exists) {
        advise_complain("there is no table %s", table);
        return EXIT_FAILED;
    }
    if (advise_history(client, table, minutes, servers, is_json, &failure))
        return EXIT_DONE;
    fprintf(stderr, "no measured heat of the last %u minute%s: %s\n", minutes,
        minutes == 1 ? "" : "s", failure.message);
    return advise_counters(client, table, servers, is_json);
}

static int advise_table(
    const char *table, const char *connect, const char *zookeeper, unsigned minutes, bool is_json)
{
    struct stele_options options;
    struct stele_error failure;
    struct stele_client *client = NULL;
    stele_options_init(&options);
    options.connect = connect || zookeeper ? connect : getenv("STELE_CONNECT");
    options.zookeeper = zookeeper;
    options.run = STELE_RUN_INLINE;
    options.operation_timeout_ms = TIMEOUT_MS;
    if (!options.connect && !options.zookeeper)
        options.connect = "127.0.0.1:16000";
    if (stele_client_open(&options, &client, &failure)) {
        advise_complain("%s", failure.message);
        return failure.status == STELE_INVALID ? EXIT_USAGE : ADVISE_UNREACHED;
    }
    int code = ask(client, table, minutes, is_json);
    stele_client_close(client);
    return code;
}

int advise(const struct advice_wanted *wanted)
{
    return wanted->file ? advise_file(wanted->file, wanted->is_json)
                        : advise_table(wanted->table, wanted->connect, wanted->zookeeper,
                              wanted->minutes, wanted->is_json);
}
