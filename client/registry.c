#include "client/registry.h"

#include <stdio.h>

#include "base/memory.h"
#include "client/client.h"
#include "client/server.h"
#include "client/zookeeper.h"
#include "proto/registry.pb-c.h"
#include "proto/server_name.h"
#include "proto/unpack.h"
#include "proto/wire.h"
#include "proto/znode.h"

enum { MASTER_PORT = 16000 };

#define LEARN_EVERY_NS (300 * (uint64_t)1000000000) /* as HBase's client does */

/* One question. */
struct inquiry {
    struct request request;       /* to the host being asked, by RPC */
    struct loop_task task;        /* begins */
    struct inquiry *next, **link; /* of registry.inquiries */
    struct zookeeper_read *read;  /* by ZooKeeper */
    struct stele_client *client;
    enum registry_question question;
    registry_function *done;
    void *context;
    bool is_answered_asked; /* RPC: the server that answered last was asked */
    size_t hosts_left;      /* RPC: still to be asked */
    struct server *asked;   /* RPC: now */
    struct server *met;     /* RPC: of the servers met, the next to ask after the hosts */
    struct failure failure; /* the last host's */
};

static const char *const znodes[] = {[REGISTRY_META] = "meta-region-server",
    [REGISTRY_MASTER] = "master",
    [REGISTRY_CLUSTER_ID] = "hbaseid"};
static const char *const methods[] = {[REGISTRY_META] = "GetMetaRegionLocations",
    [REGISTRY_MASTER] = "GetActiveMaster",
    [REGISTRY_CLUSTER_ID] = "GetClusterId",
    [REGISTRY_SERVERS] = "GetBootstrapNodes"};

static bool hosts_are_valid(struct span hosts, uint32_t default_port)
{
    while (hosts.size) {
        size_t comma = span_find(hosts, ',');
        struct span host = comma == SIZE_MAX ? hosts : span_slice(hosts, 0, comma), name;
        uint32_t port;
        if (host_port_parse(host, default_port, &name, &port, NULL))
            return false;
        hosts = comma == SIZE_MAX ? SPAN_EMPTY
                                  : span_slice(hosts, comma + 1, hosts.size - comma - 1);
        if (comma != SIZE_MAX && hosts.size == 0)
            return false;
    }
    return true;
}

static char *copy_text(struct span text)
{
    char *copy = memory_allocate(text.size + 1);
    if (copy) {
        memcpy(copy, text.data, text.size);
        copy[text.size] = '\0';
    }
    return copy;
}

enum stele_status registry_init(
    struct registry *registry, const struct stele_options *options, struct stele_error *error)
{
    *registry = (struct registry){.is_zookeeper = options->zookeeper != NULL};
    const char *place = options->zookeeper ? options->zookeeper : options->connect;
    if (!place || (options->zookeeper && options->connect))
        return failure_set(
            error, STELE_INVALID, "give a host:port of the cluster or a ZooKeeper, one of the two");
    struct span hosts = span_string(place), znode = SPAN_LITERAL("/hbase");
    size_t slash = registry->is_zookeeper ? span_find(hosts, '/') : SIZE_MAX;
    if (slash != SIZE_MAX) {
        znode = span_slice(hosts, slash, hosts.size - slash);
        hosts = span_slice(hosts, 0, slash);
        while (znode.size > 1 && znode.data[znode.size - 1] == '/')
            znode.size--;
    }
    if (hosts.size == 0 || !hosts_are_valid(hosts, registry->is_zookeeper ? 2181 : MASTER_PORT))
        return failure_set(error, STELE_INVALID, "'%s' is not host:port,...", place);
    registry->hosts = copy_text(hosts);
    registry->znode = copy_text(znode);
    if (!registry->hosts || !registry->znode)
        return failure_set(error, STELE_NO_MEMORY, "no memory for a client");
    return STELE_OK;
}

void registry_deinit(struct registry *registry)
{
    memory_free(registry->hosts);
    memory_free(registry->znode);
}

static void finish(struct inquiry *inquiry, const struct failure *failure, struct span host,
    uint32_t port, uint64_t start_code)
{
    *inquiry->link = inquiry->next;
    if (inquiry->next)
        inquiry->next->link = inquiry->link;
    inquiry->done(inquiry->context, failure, host, port, start_code);
    memory_free(inquiry);
}

static void finish_malformed(struct inquiry *inquiry, const char *what)
{
    struct failure failure;
    failure_init(&failure, EXCEPTION_RETRY, STELE_PROTOCOL, "the answer to %s is malformed", what);
    finish(inquiry, &failure, SPAN_EMPTY, 0, 0);
}

static void finish_place(struct inquiry *inquiry, const Hbase__Pb__ServerName *name)
{
    finish(inquiry, NULL, span_string(name->host_name), name->port, name->start_code);
}

/* ---- by ZooKeeper ---- */

static void on_znode(void *context, const struct failure *failure, struct span data)
{
    struct inquiry *inquiry = context;
    struct span message = SPAN_EMPTY, id;
    struct arena arena = {0};
    struct error error;
    if (failure) {
        finish(inquiry, failure, SPAN_EMPTY, 0, 0);
        return;
    }
    if (znode_unwrap(data, &message, &error)) {
        finish_malformed(inquiry, znodes[inquiry->question]);
        return;
    }
    Hbase__Pb__MetaRegionServer *meta = NULL;
    Hbase__Pb__Master *master = NULL;
    struct span unused;
    switch (inquiry->question) {
    case REGISTRY_META:
        meta = (Hbase__Pb__MetaRegionServer *)message_unpack(
            &hbase__pb__meta_region_server__descriptor, message, &arena, &error);
        break;
    case REGISTRY_MASTER:
        master = (Hbase__Pb__Master *)message_unpack(
            &hbase__pb__master__descriptor, message, &arena, &error);
        break;
    case REGISTRY_CLUSTER_ID:
    case REGISTRY_SERVERS: /* by RPC only */
        break;
    }
    if (meta)
        finish_place(inquiry, meta->server);
    else if (master)
        finish_place(inquiry, master->master);
    else if (inquiry->question == REGISTRY_CLUSTER_ID && !wire_read_pair(message, &id, &unused) &&
             id.size)
        finish(inquiry, NULL, id, 0, 0); /* ClusterId{cluster_id = 1} */
    else
        finish_malformed(inquiry, znodes[inquiry->question]);
    arena_deinit(&arena);
}

static bool ask_zookeeper(struct inquiry *inquiry)
{
    struct stele_client *client = inquiry->client;
    const struct registry *registry = &client->registry;
    char path[1024];
    snprintf(path, sizeof(path), "%s/%s", strcmp(registry->znode, "/") == 0 ? "" : registry->znode,
        znodes[inquiry->question]);
    inquiry->read = zookeeper_read(&client->loop, span_string(registry->hosts), path,
        client->options.connect_timeout_ms, on_znode, inquiry);
    return inquiry->read != NULL;
}

/* ---- by RPC ---- */

static void ask_host(struct inquiry *inquiry);

static void on_learnt(void *context, const struct failure *failure, struct span host, uint32_t port,
    uint64_t start_code)
{
    (void)context;
    (void)failure; /* a server that does not know them; it is asked again later */
    (void)host;
    (void)port;
    (void)start_code;
}

/* Some server answered: which others are there? */
static void learn_servers(struct stele_client *client, struct server *answered)
{
    struct registry *registry = &client->registry;
    uint64_t now = loop_recent(&client->loop);
    registry->answered = answered;
    if (now < registry->learn_at_ns || client->is_closing)
        return;
    registry->learn_at_ns = now + LEARN_EVERY_NS;
    registry_ask(client, REGISTRY_SERVERS, on_learnt, NULL);
}

static void meet_servers(
    struct stele_client *client, const Hbase__Pb__GetBootstrapNodesResponse *nodes)
{
    for (size_t i = 0; i < nodes->n_server_name; i++)
        server_find(client, span_string(nodes->server_name[i]->host_name),
            nodes->server_name[i]->port, nodes->server_name[i]->start_code);
}

static void on_answer(struct request *request, const struct failure *failure,
    const struct response_frame *answer, struct block *block)
{
    struct inquiry *inquiry = (struct inquiry *)request;
    struct arena arena = {0};
    (void)block;
    if (failure) {
        inquiry->failure = *failure;
        if (inquiry->client->registry.answered == inquiry->asked)
            inquiry->client->registry.answered = NULL;
        ask_host(inquiry);
        return;
    }
    learn_servers(inquiry->client, inquiry->asked);
    const ProtobufCMessageDescriptor *const descriptors[] = {
        [REGISTRY_META] = &hbase__pb__get_meta_region_locations_response__descriptor,
        [REGISTRY_MASTER] = &hbase__pb__get_active_master_response__descriptor,
        [REGISTRY_CLUSTER_ID] = &hbase__pb__get_cluster_id_response__descriptor,
        [REGISTRY_SERVERS] = &hbase__pb__get_bootstrap_nodes_response__descriptor,
    };
    ProtobufCMessage *message = message_unpack(
        descriptors[inquiry->question], answer->result, &arena, NULL);
    const Hbase__Pb__GetMetaRegionLocationsResponse *meta = (void *)message;
    const Hbase__Pb__GetActiveMasterResponse *master = (void *)message;
    const Hbase__Pb__GetClusterIdResponse *id = (void *)message;
    if (message && inquiry->question == REGISTRY_META && meta->n_meta_locations &&
        meta->meta_locations[0]->server_name)
        finish_place(inquiry, meta->meta_locations[0]->server_name);
    else if (message && inquiry->question == REGISTRY_MASTER && master->server_name)
        finish_place(inquiry, master->server_name);
    else if (message && inquiry->question == REGISTRY_CLUSTER_ID && id->cluster_id)
        finish(inquiry, NULL, span_string(id->cluster_id), 0, 0);
    else if (message && inquiry->question == REGISTRY_SERVERS) {
        meet_servers(inquiry->client, (const void *)message);
        finish(inquiry, NULL, SPAN_EMPTY, 0, 0);
    } else
        finish_malformed(inquiry, methods[inquiry->question]);
    arena_deinit(&arena);
}

static struct span host_at(const struct registry *registry, size_t index, size_t *out_count)
{
    struct span rest = span_string(registry->hosts), found = SPAN_EMPTY;
    size_t count = 0;
    for (bool is_last = false; !is_last; count++) {
        size_t comma = span_find(rest, ',');
        is_last = comma == SIZE_MAX;
        struct span host = is_last ? rest : span_slice(rest, 0, comma);
        if (count == index)
            found = host;
        if (!is_last)
            rest = span_slice(rest, comma + 1, rest.size - comma - 1);
    }
    *out_count = count;
    return found;
}

/* The next server to ask; NULL: all were. */
static struct server *next_server(struct inquiry *inquiry)
{
    struct stele_client *client = inquiry->client;
    struct registry *registry = &client->registry;
    size_t count;
    if (!inquiry->is_answered_asked) {
        inquiry->is_answered_asked = true;
        if (registry->answered)
            return registry->answered;
    }
    while (inquiry->hosts_left > 0) {
        struct span name;
        uint32_t port;
        host_at(registry, SIZE_MAX, &count);
        struct span host = host_at(registry, registry->next++ % count, &count);
        struct server *server = host_port_parse(host, MASTER_PORT, &name, &port, NULL)
                                    ? NULL
                                    : server_find(client, name, port, 0);
        if (--inquiry->hosts_left == 0)
            inquiry->met = client->servers;
        if (server)
            return server;
    }
    struct server *met = inquiry->met;
    if (met)
        inquiry->met = met->next;
    return met;
}

/* Asks the next server, or ends with the last one's failure. */
static void ask_host(struct inquiry *inquiry)
{
    struct stele_client *client = inquiry->client;
    uint32_t timeout_ms = client->options.connect_timeout_ms;
    loop_refresh(&client->loop);
    while (!client->is_closing && (inquiry->asked = next_server(inquiry))) {
        struct connection *connection = server_connection(
            client, inquiry->asked, SERVICE_REGISTRY, &inquiry->failure);
        if (connection &&
            connection_send(connection, &inquiry->request, span_string(methods[inquiry->question]),
                0, timeout_ms, SPAN_EMPTY, SPAN_EMPTY, SPAN_EMPTY, &inquiry->failure))
            return;
    }
    finish(inquiry, &inquiry->failure, SPAN_EMPTY, 0, 0);
}

static void start_asking(struct loop_task *task)
{
    struct inquiry *inquiry = (struct inquiry *)(void *)((char *)task -
                                                         offsetof(struct inquiry, task));
    inquiry->request.finish = on_answer;
    ask_host(inquiry);
}

bool registry_ask(struct stele_client *client, enum registry_question question,
    registry_function *done, void *context)
{
    struct inquiry *inquiry = memory_allocate_zeroed(1, sizeof(*inquiry));
    if (!inquiry)
        return false;
    inquiry->client = client;
    inquiry->question = question;
    inquiry->done = done;
    inquiry->context = context;
    failure_init(
        &inquiry->failure, EXCEPTION_RETRY, STELE_CONNECTION, "the registry has no reachable host");
    if (client->registry.is_zookeeper) {
        if (!ask_zookeeper(inquiry)) {
            memory_free(inquiry);
            return false;
        }
    } else {
        host_at(&client->registry, SIZE_MAX, &inquiry->hosts_left);
        inquiry->task.run = start_asking;
        loop_defer(&client->loop, &inquiry->task);
    }
    inquiry->next = client->registry.inquiries;
    inquiry->link = &client->registry.inquiries;
    if (inquiry->next)
        inquiry->next->link = &inquiry->next;
    client->registry.inquiries = inquiry;
    return true;
}

void registry_cancel(struct stele_client *client)
{
    struct failure failure;
    failure_init(&failure, EXCEPTION_FATAL, STELE_CANCELLED, "the client is closing");
    for (struct inquiry *inquiry = client->registry.inquiries; inquiry;) {
        struct inquiry *next = inquiry->next;
        if (inquiry->read) {
            zookeeper_cancel(inquiry->read);
            finish(inquiry, &failure, SPAN_EMPTY, 0, 0);
            next = client->registry.inquiries; /* what ended may have ended others */
        }
        inquiry = next;
    }
}
