#include <inttypes.h>
#include <stdio.h>

#include "base/limits.h"
#include "base/log_lines.h"
#include "proto/znode.h"
#include "server/coordination/zookeeper_internal.h"

#define CAMPAIGN_TRIES 4
#define ZXID_BITS      56 /* of an epoch; the generation is before them */
#define PATH_SIZE      (QUORUM_SIZE + 400)

static const char *path_of(const struct zookeeper *zk, char *out_path, const char *name)
{
    snprintf(out_path, PATH_SIZE, "%s/%s", zk->quorum.base, name);
    return out_path;
}

static const char *server_path(const struct zookeeper *zk, char *out_path, const char *directory,
    const struct server_name *name)
{
    snprintf(out_path, PATH_SIZE, "%s/%s/%.*s,%" PRIu32 ",%" PRIu64, zk->quorum.base, directory,
        (int)name->host.size, (const char *)name->host.data, name->port, name->start_code);
    return out_path;
}

/* Says who wrote a node. */
static struct span writer_of(const struct zookeeper *zk)
{
    const struct server_name *self = zk->candidate ? zk->candidate : zk->server;
    return self ? self->host : SPAN_LITERAL("stele");
}

static bool is_same_server(const struct server_name *a, const struct server_name *b)
{
    return a->start_code == b->start_code && a->port == b->port && span_equal(a->host, b->host);
}

static bool is_same_address(const struct server_name *a, const struct server_name *b)
{
    return a->port == b->port && span_equal(a->host, b->host);
}

/* ---- The cluster's nodes ---- */

/* STATUS_EXISTS is fine. */
static enum status make_node(
    struct zookeeper *zk, const char *path, struct span data, struct error *error)
{
    enum status status = zookeeper_session_create(zk->session, path, data, false, NULL, error);
    if (status == STATUS_EXISTS) {
        error_clear(error);
        return STATUS_OK;
    }
    return status;
}

static enum status make_base(struct zookeeper *zk, struct error *error)
{
    char path[QUORUM_SIZE];
    size_t size = strlen(zk->quorum.base);
    enum status status = STATUS_OK;
    for (size_t i = 1; i <= size && !status; i++) {
        if (i < size && zk->quorum.base[i] != '/')
            continue;
        memcpy(path, zk->quorum.base, i);
        path[i] = 0;
        status = make_node(zk, path, SPAN_EMPTY, error);
    }
    return status;
}

static enum status make_nodes(struct zookeeper *zk, struct error *error)
{
    static const char *const directories[] = {
        "backup-masters", "draining", "namespace", "rs", "switch", "table"};
    char path[PATH_SIZE];
    struct buffer data = {0};
    enum status status = make_base(zk, error);
    for (size_t i = 0; i < sizeof directories / sizeof *directories && !status; i++)
        status = make_node(zk, path_of(zk, path, directories[i]), SPAN_EMPTY, error);
    znode_put_cluster_id(&data, writer_of(zk), span_string(zk->config.cluster_id));
    if (!status)
        status = make_node(zk, path_of(zk, path, "hbaseid"), buffer_span(&data), error);
    buffer_reset(&data);
    znode_put_running(&data, writer_of(zk), env_wall_ms(zk->coordination.env));
    if (!status)
        status = make_node(zk, path_of(zk, path, "running"), buffer_span(&data), error);
    buffer_deinit(&data);
    if (status == STATUS_IO)
        status = error_prefix(error, status, "%s%s cannot be written (is it a standalone's?)",
            zk->quorum.hosts, zk->quorum.base);
    return status;
}

/* This cluster, and this directory's. */
static enum status check_cluster(struct zookeeper *zk, struct error *error)
{
    char path[PATH_SIZE], instance[QUORUM_INSTANCE];
    struct buffer data = {0};
    struct zookeeper_stat stat;
    struct span id;
    path_of(zk, path, "hbaseid");
    enum status status = zookeeper_session_read(zk->session, path, &data, &stat, error);
    if (!status)
        status = znode_take_cluster_id(buffer_span(&data), &id, error);
    if (!status && !span_equal(id, span_string(zk->config.cluster_id)))
        status = error_set(error, STATUS_INVALID,
            "ZooKeeper %s%s belongs to cluster %.*s, and the directory %s to cluster %s",
            zk->quorum.hosts, zk->quorum.base, (int)id.size, (const char *)id.data, zk->config.root,
            zk->config.cluster_id);
    buffer_deinit(&data);
    if (status)
        return status;
    snprintf(instance, sizeof instance, "%" PRIx64 "-%" PRId64, stat.created_zxid, stat.created_ms);
    return quorum_claim(
        zk->coordination.env, zk->config.root, &zk->quorum, instance, &zk->generation, error);
}

/* Once a session. What does not fit at the first one is the end; later it is only said. */
enum status zookeeper_prepare(struct zookeeper *zk, struct error *error)
{
    int granted_ms = zookeeper_session_timeout_ms(zk->session);
    if (zk->is_prepared)
        return STATUS_OK;
    if (granted_ms != (int)zk->config.session_ms && !zk->was_connected) {
        error_set(error, STATUS_INVALID,
            "ZooKeeper %s grants a session of %d ms where %" PRIu32
            " ms is asked for: with its tickTime the least is 2 ticks and the most 20",
            zk->quorum.hosts, granted_ms, zk->config.session_ms);
        return zookeeper_fail(zk, STATUS_INVALID, error);
    }
    enum status status = make_nodes(zk, error);
    if (!status)
        status = check_cluster(zk, error);
    if (status && status != STATUS_CLOSED && status != STATUS_NO_MEMORY && !zk->was_connected)
        return zookeeper_fail(zk, status, error);
    if (!status)
        zk->is_prepared = zk->was_connected = true;
    return status;
}

/* A node of ours was made just now: how far are the clocks apart? */
static enum status check_clock(
    struct zookeeper *zk, const struct zookeeper_stat *stat, struct error *error)
{
    int64_t ahead_ms = env_wall_ms(zk->coordination.env) - stat->created_ms;
    if (ahead_ms >= -LIMIT_CLOCK_SKEW_MS && ahead_ms <= LIMIT_CLOCK_SKEW_MS) {
        zk->has_checked_clock = true;
        return STATUS_OK;
    }
    error_set(error, STATUS_INVALID,
        "this host's clock is %" PRId64 " ms %s ZooKeeper's; %d ms is allowed",
        ahead_ms < 0 ? -ahead_ms : ahead_ms, ahead_ms < 0 ? "behind" : "ahead of",
        LIMIT_CLOCK_SKEW_MS);
    if (!zk->has_checked_clock)
        return zookeeper_fail(zk, STATUS_INVALID, error);
    log_line(LOG_WARN, "clock.skewed", "reason=\"%s\"", error->message);
    error_clear(error);
    return STATUS_OK;
}

/* ---- Our own nodes ---- */

/* An ephemeral node of this session; one left by an earlier session of ours is replaced. */
static enum status make_own(
    struct zookeeper *zk, const char *path, struct span data, struct error *error)
{
    struct zookeeper_stat stat;
    struct buffer old = {0};
    enum status status;
    for (int i = 0; i < CAMPAIGN_TRIES; i++) {
        status = zookeeper_session_create(zk->session, path, data, true, &stat, error);
        if (status != STATUS_EXISTS)
            break;
        error_clear(error);
        buffer_reset(&old);
        status = zookeeper_session_read(zk->session, path, &old, &stat, error);
        if (!status && stat.owner == zookeeper_session_id(zk->session))
            break;
        if (!status)
            status = zookeeper_session_delete(zk->session, path, error);
        if (status && status != STATUS_NOT_FOUND)
            break;
        error_clear(error);
    }
    buffer_deinit(&old);
    return status ? status : check_clock(zk, &stat, error);
}

static enum status delete_if_there(struct zookeeper *zk, const char *path, struct error *error)
{
    enum status status = zookeeper_session_delete(zk->session, path, error);
    if (status != STATUS_NOT_FOUND)
        return status;
    error_clear(error);
    return STATUS_OK;
}

/* Whoever served at our address before is dead, for we have its port: nobody need wait for its session to end. Once,
 * or two servers that are told to be at one address would take turns. */
static enum status remove_old(struct zookeeper *zk, const char *directory,
    const struct server_name *self, struct error *error)
{
    char path[PATH_SIZE], child[PATH_SIZE];
    struct arena arena = {0};
    struct server_name name;
    char **names;
    size_t count;
    enum status status = zookeeper_session_children(
        zk->session, path_of(zk, path, directory), &arena, &names, &count, error);
    for (size_t i = 0; i < count && !status; i++) {
        if (server_name_parse(span_string(names[i]), &name, NULL) ||
            !is_same_address(&name, self) || is_same_server(&name, self))
            continue;
        status = delete_if_there(zk, server_path(zk, child, directory, &name), error);
    }
    arena_deinit(&arena);
    return status;
}

static enum status announce(struct zookeeper *zk, struct error *error)
{
    char path[PATH_SIZE];
    struct buffer data = {0};
    enum status status = STATUS_OK;
    if (!zk->server || zk->is_announced)
        return STATUS_OK;
    if (!zk->has_removed_old)
        status = remove_old(zk, "rs", zk->server, error);
    znode_put_server(&data, zk->server->host, zk->config.web_port);
    if (!status)
        status = make_own(zk, server_path(zk, path, "rs", zk->server), buffer_span(&data), error);
    buffer_deinit(&data);
    if (!status) {
        zk->has_removed_old = zk->is_announced = true;
        log_line(LOG_INFO, "coordination.announced", "node=%s", path);
    }
    return status;
}

/* ---- Who leads ---- */

struct master_node {
    bool is_there;
    bool is_ours;            /* of this session */
    struct server_name name; /* in the picture's arena; nobody when its data is no master's */
    uint64_t epoch;
    uint32_t web_port; /* 0 = none */
};

static enum status read_master(
    struct zookeeper *zk, struct master_node *out_node, struct error *error)
{
    char path[PATH_SIZE];
    struct buffer data = {0};
    struct zookeeper_stat stat;
    enum status status = zookeeper_session_read(
        zk->session, path_of(zk, path, "master"), &data, &stat, error);
    *out_node = (struct master_node){0};
    if (!status) {
        out_node->is_there = true;
        out_node->is_ours = stat.owner == zookeeper_session_id(zk->session);
        out_node->epoch = zk->generation << ZXID_BITS |
                          (stat.created_zxid & ((UINT64_C(1) << ZXID_BITS) - 1));
        out_node->web_port = znode_take_web_port(buffer_span(&data));
        if (znode_take_server(buffer_span(&data), &out_node->name, error)) {
            log_line(LOG_WARN, "coordination.odd", "node=%s reason=\"%s\"", path,
                error ? error->message : "");
            error_clear(error);
            out_node->name = (struct server_name){0};
        }
        out_node->name.host = arena_copy(&zk->picture_arena, out_node->name.host);
    } else if (status == STATUS_NOT_FOUND) {
        error_clear(error);
        status = STATUS_OK;
    }
    buffer_deinit(&data);
    return status;
}

static enum status make_master(struct zookeeper *zk, struct error *error)
{
    char path[PATH_SIZE];
    struct buffer data = {0};
    struct zookeeper_stat stat;
    znode_put_master(&data, zk->candidate->host, zk->candidate, zk->config.web_port);
    enum status status = zookeeper_session_create(
        zk->session, path_of(zk, path, "master"), buffer_span(&data), true, &stat, error);
    buffer_deinit(&data);
    if (!status) {
        zk->must_renew = false;
        return check_clock(zk, &stat, error);
    }
    if (status != STATUS_EXISTS)
        return status;
    error_clear(error);
    return STATUS_OK;
}

/* Must it go for ours to come: of a tenure that is over, of an earlier session of ours, or of an earlier life at our
 * address? */
static bool is_in_the_way(struct zookeeper *zk, const struct master_node *node)
{
    if (node->is_ours)
        return zk->must_renew;
    if (is_same_server(&node->name, zk->candidate))
        return true;
    bool is_old = is_same_address(&node->name, zk->candidate) && !zk->has_removed_old;
    if (is_old)
        zk->has_removed_old = true;
    return is_old;
}

/* Reads /hbase/master and tries to be it. */
static enum status campaign(struct zookeeper *zk, struct master_node *out_node, struct error *error)
{
    char path[PATH_SIZE];
    enum status status = read_master(zk, out_node, error);
    if (!zk->candidate)
        return status;
    for (int i = 0; i < CAMPAIGN_TRIES && !status; i++) {
        if (out_node->is_there && !is_in_the_way(zk, out_node))
            break;
        if (out_node->is_there)
            status = delete_if_there(zk, path_of(zk, path, "master"), error);
        if (!status)
            status = make_master(zk, error);
        if (!status)
            status = read_master(zk, out_node, error);
    }
    return status;
}

/* Shows that we wait; or no longer, once we lead. */
static enum status update_backup(struct zookeeper *zk, bool is_leading, struct error *error)
{
    char path[PATH_SIZE];
    struct buffer data = {0};
    if (!zk->candidate || zk->is_backup == !is_leading)
        return STATUS_OK;
    server_path(zk, path, "backup-masters", zk->candidate);
    enum status status;
    if (is_leading) {
        status = delete_if_there(zk, path, error);
    } else {
        znode_put_master(&data, zk->candidate->host, zk->candidate, zk->config.web_port);
        status = make_own(zk, path, buffer_span(&data), error);
        buffer_deinit(&data);
    }
    if (!status)
        zk->is_backup = !is_leading;
    return status;
}

/* ---- What the leader publishes ---- */

static enum status write_meta(struct zookeeper *zk, struct error *error)
{
    char path[PATH_SIZE];
    struct buffer data = {0};
    path_of(zk, path, "meta-region-server");
    enum status status;
    if (zk->meta.names.count == 0) {
        status = delete_if_there(zk, path, error);
    } else {
        znode_put_meta(&data, writer_of(zk), &zk->meta.names.names[0]);
        status = zookeeper_session_set(zk->session, path, buffer_span(&data), error);
        if (status == STATUS_NOT_FOUND) {
            error_clear(error);
            status = zookeeper_session_create(
                zk->session, path, buffer_span(&data), false, NULL, error);
        }
        buffer_deinit(&data);
    }
    return status;
}

static bool list_has(char *const *names, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(names[i], name) == 0)
            return true;
    }
    return false;
}

static enum status write_draining(struct zookeeper *zk, struct error *error)
{
    char path[PATH_SIZE], child[PATH_SIZE];
    struct arena arena = {0};
    struct server_name name;
    char **names;
    size_t count;
    enum status status = zookeeper_session_children(
        zk->session, path_of(zk, path, "draining"), &arena, &names, &count, error);
    for (size_t i = 0; i < count && !status; i++) {
        bool is_name = !server_name_parse(span_string(names[i]), &name, NULL), is_wanted = false;
        for (size_t j = 0; j < zk->draining.names.count && is_name; j++)
            is_wanted = is_wanted || is_same_server(&name, &zk->draining.names.names[j]);
        snprintf(child, sizeof child, "%s/%s", path, names[i]);
        if (!is_wanted)
            status = delete_if_there(zk, child, error);
    }
    for (size_t j = 0; j < zk->draining.names.count && !status; j++) {
        server_path(zk, child, "draining", &zk->draining.names.names[j]);
        if (!list_has(names, count, child + strlen(path) + 1))
            status = make_node(zk, child, SPAN_EMPTY, error);
    }
    arena_deinit(&arena);
    return status;
}

static enum status publish(struct zookeeper *zk, struct error *error)
{
    enum status status = STATUS_OK;
    if (zk->meta.is_set && zk->meta.is_dirty) {
        status = write_meta(zk, error);
        zk->meta.is_dirty = status != STATUS_OK;
    }
    if (!status && zk->draining.is_set && zk->draining.is_dirty) {
        status = write_draining(zk, error);
        zk->draining.is_dirty = status != STATUS_OK;
    }
    return status;
}

/* ---- The picture ---- */

static enum status read_meta(
    struct zookeeper *zk, struct server_name *out_name, struct error *error)
{
    char path[PATH_SIZE];
    struct buffer data = {0};
    struct zookeeper_stat stat;
    *out_name = (struct server_name){0};
    enum status status = zookeeper_session_read(
        zk->session, path_of(zk, path, "meta-region-server"), &data, &stat, error);
    if (!status && !znode_take_server(buffer_span(&data), out_name, NULL))
        out_name->host = arena_copy(&zk->picture_arena, out_name->host);
    buffer_deinit(&data);
    if (status != STATUS_NOT_FOUND)
        return status;
    error_clear(error);
    return STATUS_OK;
}

static enum status read_servers(struct zookeeper *zk, const char *directory,
    struct coordination_names *out_names, struct error *error)
{
    char path[PATH_SIZE], **texts;
    size_t count;
    enum status status = zookeeper_session_children(
        zk->session, path_of(zk, path, directory), &zk->picture_arena, &texts, &count, error);
    if (status)
        return status;
    struct server_name *names = arena_allocate_zeroed(&zk->picture_arena, count, sizeof *names);
    if (!names)
        return error_set(error, STATUS_NO_MEMORY, "no memory for the names in %s", path);
    *out_names = (struct coordination_names){.names = names};
    for (size_t i = 0; i < count; i++) {
        if (!server_name_parse(span_string(texts[i]), &names[out_names->count], NULL))
            out_names->count++;
    }
    return STATUS_OK;
}

static bool names_have(const struct coordination_names *names, const struct server_name *name)
{
    for (size_t i = 0; i < names->count; i++) {
        if (is_same_server(&names->names[i], name))
            return true;
    }
    return false;
}

/* Everything, in the order that the file's head gives. */
enum status zookeeper_read_all(
    struct zookeeper *zk, struct coordination_view *picture, struct error *error)
{
    struct master_node master;
    enum status status = announce(zk, error);
    if (!status)
        status = campaign(zk, &master, error);
    if (status)
        return status;
    picture->is_leading = master.is_there && master.is_ours && !zk->must_renew;
    picture->epoch = picture->is_leading ? master.epoch : 0;
    picture->master = master.name;
    picture->master_epoch = master.epoch;
    picture->master_web_port = master.web_port;
    status = update_backup(zk, picture->is_leading, error);
    if (!status && zk->picture.is_leading && picture->is_leading)
        status = publish(zk, error);
    if (!status)
        status = read_meta(zk, &picture->meta, error);
    if (!status)
        status = read_servers(zk, "rs", &picture->servers, error);
    if (!status)
        status = read_servers(zk, "backup-masters", &picture->backups, error);
    if (!status && zk->is_announced && !names_have(&picture->servers, zk->server)) {
        zk->is_announced = false; /* somebody deleted it */
        zookeeper_ask_look(zk);
    }
    return status;
}
