#include "server/zk/znode_tree.h"

#include <stdio.h>

#include "base/memory.h"
#include "proto/znode.h"

#define NODES_MAX 24

struct znode_tree {
    struct arena arena;
    int64_t zxid;
    int64_t started_ms;
    struct znode nodes[NODES_MAX];
    size_t count;
};

static struct znode *find(struct znode_tree *tree, struct span path)
{
    for (size_t i = 0; i < tree->count; i++) {
        if (span_equal(tree->nodes[i].path, path))
            return &tree->nodes[i];
    }
    return NULL;
}

static struct span parent_path(struct span path)
{
    size_t slash = span_find_last(path, '/');
    return span_make(path.data, slash == 0 ? 1 : slash);
}

/* Parents come before their children; children of one parent in order of path. */
static void add(struct znode_tree *tree, const char *path, struct span data, bool is_ephemeral)
{
    CHECK(tree->count < NODES_MAX);
    struct znode *node = &tree->nodes[tree->count];
    node->path = arena_copy(&tree->arena, span_string(path));
    node->data = arena_copy(&tree->arena, data);
    node->is_ephemeral = is_ephemeral;
    tree->count++;
    if (tree->count == 1)
        return;
    struct znode *parent = find(tree, parent_path(node->path));
    CHECK(parent && parent != node);
    parent->child_count++;
    const struct znode **link = &parent->first_child;
    while (*link)
        link = (const struct znode **)&(*link)->next;
    *link = node;
}

/* As add; empties the payload for the next. */
static void add_payload(struct znode_tree *tree, const char *path, struct buffer *payload)
{
    add(tree, path, buffer_span(payload), false);
    buffer_reset(payload);
}

static void add_all(
    struct znode_tree *tree, const struct znode_tree_config *config, struct buffer *payload)
{
    char id_text[64], path[512];
    snprintf(id_text, sizeof id_text, "stele:%u", config->server.port);
    struct span id = span_string(id_text), none = SPAN_EMPTY;
    add(tree, "/", none, false);
    add(tree, "/hbase", none, false);
    add(tree, "/hbase/backup-masters", none, false);
    add(tree, "/hbase/draining", none, false);
    znode_put_cluster_id(payload, id, span_string(config->cluster_id));
    add_payload(tree, "/hbase/hbaseid", payload);
    znode_put_master(payload, id, &config->server, config->web_port);
    add_payload(tree, "/hbase/master", payload);
    znode_put_meta(payload, id, &config->server);
    add_payload(tree, "/hbase/meta-region-server", payload);
    add(tree, "/hbase/namespace", none, false);
    add(tree, "/hbase/rs", none, false);
    znode_put_running(payload, id, config->started_ms);
    add_payload(tree, "/hbase/running", payload);
    add(tree, "/hbase/switch", none, false);
    add(tree, "/hbase/table", none, false);
    add(tree, "/zookeeper", none, false);
    snprintf(path, sizeof path, "/hbase/rs/%.*s,%u,%llu", (int)config->server.host.size,
        (const char *)config->server.host.data, config->server.port,
        (unsigned long long)config->server.start_code);
    znode_put_server(payload, id, config->web_port);
    add(tree, path, buffer_span(payload), true);
}

enum status znode_tree_new(const struct znode_tree_config *config, struct znode_tree **out_tree)
{
    struct znode_tree *tree = memory_allocate_zeroed(1, sizeof *tree);
    if (!tree)
        return STATUS_NO_MEMORY;
    tree->zxid = config->started_ms;
    tree->started_ms = config->started_ms;
    struct buffer payload = {0};
    add_all(tree, config, &payload);
    enum status status = buffer_status(&payload);
    buffer_deinit(&payload);
    if (status) {
        znode_tree_free(tree);
        return status;
    }
    *out_tree = tree;
    return STATUS_OK;
}

void znode_tree_free(struct znode_tree *tree)
{
    if (!tree)
        return;
    arena_deinit(&tree->arena);
    memory_free(tree);
}

const struct znode *znode_tree_find(const struct znode_tree *tree, struct span path)
{
    return find((struct znode_tree *)(uintptr_t)tree, path);
}

int64_t znode_tree_zxid(const struct znode_tree *tree)
{
    return tree->zxid;
}

void znode_tree_stat(
    const struct znode_tree *tree, const struct znode *node, struct zk_stat *out_stat)
{
    *out_stat = (struct zk_stat){
        .zxid = tree->zxid,
        .time_ms = tree->started_ms,
        .owner = node->is_ephemeral ? (uint64_t)tree->zxid : 0,
        .data_size = (int32_t)node->data.size,
        .child_count = node->child_count,
    };
}

struct span znode_name(const struct znode *node)
{
    size_t from = span_find_last(node->path, '/') + 1;
    return span_slice(node->path, from, node->path.size - from);
}
