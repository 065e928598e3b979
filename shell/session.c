#include "shell/session.h"

#include <stdlib.h>

#include "base/memory.h"
#include "shell/interpreter.h"
#include "shell/interrupt.h"

#define DEFAULT_PLACE            "127.0.0.1:16000"
#define SHELL_RETRIES            6 /* a person waits: HBase's shell lowers them as well */
#define SHELL_CONNECT_TIMEOUT_MS 5000

enum status session_new(
    const char *connect, const char *zookeeper, struct session **out_session, struct error *error)
{
    struct session *session = memory_allocate_zeroed(1, sizeof *session);
    if (!session)
        return error_set(error, STATUS_NO_MEMORY, "no memory for the shell");
    if (!connect && !zookeeper)
        connect = getenv("STELE_CONNECT");
    if (!zookeeper && (!connect || !*connect))
        connect = DEFAULT_PLACE;
    session->connect = connect;
    session->zookeeper = zookeeper;
    *out_session = session;
    return STATUS_OK;
}

void session_free(struct session *session)
{
    if (!session)
        return;
    interrupt_set_client(NULL);
    stele_table_close(session->table);
    stele_client_close(session->client);
    memory_free(session);
}

void session_set_interpreter(struct session *session, struct interpreter *interpreter)
{
    session->interpreter = interpreter;
}

struct stele_client *session_client(struct session *session, struct stele_error *error)
{
    if (!session->client) {
        struct stele_options options;
        stele_options_init(&options);
        options.connect = session->connect;
        options.zookeeper = session->zookeeper;
        options.run = STELE_RUN_INLINE;
        options.retries = SHELL_RETRIES;
        options.connect_timeout_ms = SHELL_CONNECT_TIMEOUT_MS;
        if (stele_client_open(&options, &session->client, error) == STELE_OK)
            interrupt_set_client(session->client);
    }
    return session->client;
}

struct stele_table *session_table(
    struct session *session, struct stele_bytes name, struct stele_error *error)
{
    struct stele_client *client = session_client(session, error);
    if (!client)
        return NULL;
    if (session->table) {
        struct stele_bytes held = stele_table_name(session->table);
        if (held.size == name.size &&
            (name.size == 0 || memcmp(held.data, name.data, name.size) == 0))
            return session->table;
        stele_table_close(session->table);
    }
    session->table = stele_table_open(client, name);
    if (!session->table && error) {
        memset(error, 0, sizeof *error);
        error->status = STELE_NO_MEMORY;
    }
    return session->table;
}

struct completion_list {
    struct span prefix;
    void (*add)(void *list, struct span word);
    void *list;
};

static void offer(struct completion_list *wanted, struct span word)
{
    if (span_starts_with(word, wanted->prefix))
        wanted->add(wanted->list, word);
}

static void offer_command(void *context, const char *name)
{
    offer(context, span_string(name));
}

void session_complete(void *context, struct span prefix, bool is_first,
    void (*add)(void *list, struct span word), void *list)
{
    struct session *session = context;
    struct completion_list wanted = {prefix, add, list};
    struct stele_schema_list schemas = {0};
    if (is_first) {
        interpreter_commands(session->interpreter, offer_command, &wanted);
        return;
    }
    if (!session_client(session, NULL) ||
        stele_describe_tables(session->client, NULL, false, &schemas, NULL))
        return;
    for (size_t i = 0; i < schemas.count; i++) {
        const struct stele_schema *schema = &schemas.schemas[i];
        offer(&wanted, span_make(schema->name.data, schema->name.size));
        for (size_t j = 0; j < schema->family_count; j++)
            offer(&wanted, span_make(schema->families[j].name.data, schema->families[j].name.size));
    }
    stele_schema_list_free(&schemas);
}
