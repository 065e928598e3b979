/* What others left in ZooKeeper and in the directory's note of it: data of HBase's znodes, names of children, `quorum`.
 * The first byte says which. What decodes is written back and decodes the same. */
#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <string.h>

#include "base/env_memory.h"
#include "base/limits.h"
#include "base/log_lines.h"
#include "proto/znode.h"
#include "server/coordination/quorum.h"

static void keep_quiet(void *context, const char *line)
{
    (void)context, (void)line;
}

static void try_server(struct span data)
{
    struct server_name server, again;
    struct buffer written = {0};
    if (!znode_take_server(data, &server, NULL)) {
        znode_put_master(&written, SPAN_LITERAL("fuzz"), &server, 0);
        fuzz_check(!buffer_status(&written));
        fuzz_check(!znode_take_server(buffer_span(&written), &again, NULL));
        fuzz_check(span_equal(again.host, server.host) && again.port == server.port &&
                   again.start_code == server.start_code);
        buffer_reset(&written);
        znode_put_meta(&written, SPAN_EMPTY, &server);
        fuzz_check(!znode_take_server(buffer_span(&written), &again, NULL));
        fuzz_check(span_equal(again.host, server.host) && again.start_code == server.start_code);
    }
    buffer_deinit(&written);
}

static void try_cluster_id(struct span data)
{
    struct span id, again;
    struct buffer written = {0};
    if (!znode_take_cluster_id(data, &id, NULL)) {
        fuzz_check(
            id.size > 0 && id.data >= data.data && id.data + id.size <= data.data + data.size);
        znode_put_cluster_id(&written, SPAN_LITERAL("fuzz"), id);
        fuzz_check(!znode_take_cluster_id(buffer_span(&written), &again, NULL));
        fuzz_check(span_equal(again, id));
    }
    buffer_deinit(&written);
}

static void try_name(struct span text)
{
    struct server_name name, again;
    struct buffer written = {0};
    if (!server_name_parse(text, &name, NULL)) {
        server_name_put_text(&written, &name);
        fuzz_check(!buffer_status(&written));
        fuzz_check(!server_name_parse(buffer_span(&written), &again, NULL));
        fuzz_check(span_equal(again.host, name.host) && again.port == name.port &&
                   again.start_code == name.start_code);
    }
    buffer_deinit(&written);
}

static void try_place(struct span text)
{
    struct quorum quorum, again;
    char place[4096], whole[2 * QUORUM_SIZE];
    if (text.size >= sizeof place || memchr(text.data, 0, text.size))
        return;
    memcpy(place, text.data, text.size);
    place[text.size] = 0;
    if (quorum_parse(place, &quorum, NULL))
        return;
    snprintf(whole, sizeof whole, "%s%s", quorum.hosts, quorum.base);
    fuzz_check(!quorum_parse(whole, &again, NULL));
    fuzz_check(strcmp(again.hosts, quorum.hosts) == 0 && strcmp(again.base, quorum.base) == 0);
}

/* A note that somebody left: it is understood and claimed, then once more with the same answer, or refused. */
static void try_note(struct span note)
{
    struct env *env = env_memory_new(1, ENV_MEMORY_SEEDED);
    struct quorum quorum;
    uint64_t generation = 0, again = 0;
    fuzz_check(!quorum_parse("a:1", &quorum, NULL));
    fuzz_check(!env_directory_make(env, "root", 0700, NULL));
    fuzz_check(!env_write_file(env, "root/quorum", 0644, note, NULL));
    if (!quorum_claim(env, "root", &quorum, "1-1", &generation, NULL)) {
        fuzz_check(generation > 0 && generation <= LIMIT_QUORUM_GENERATION);
        fuzz_check(!quorum_claim(env, "root", &quorum, "1-1", &again, NULL));
        fuzz_check(again == generation);
    }
    env_memory_free(env);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    log_set_sink(keep_quiet, NULL);
    struct span bytes = span_make(data + 1, size - 1);
    switch (data[0] % 5) {
    case 0:
        try_server(bytes);
        break;
    case 1:
        try_cluster_id(bytes);
        break;
    case 2:
        try_name(bytes);
        break;
    case 3:
        try_place(bytes);
        break;
    default:
        try_note(bytes);
    }
    return 0;
}
