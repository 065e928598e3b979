#include "cli/restart_list.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"

static bool is_wanted(const struct stele_server *server, const char *servers)
{
    char with_port[RESTART_HOST_SIZE + 16];
    size_t host_size = server->host.size;
    if (!servers)
        return true;
    int whole_size = snprintf(with_port, sizeof with_port, "%.*s:%" PRIu32, (int)host_size,
        (const char *)server->host.data, server->port);
    for (const char *at = servers; *at;) {
        size_t size = strcspn(at, ",");
        if ((size == host_size || size == (size_t)whole_size) && memcmp(at, with_port, size) == 0)
            return true;
        at += size + (at[size] == ',');
    }
    return false;
}

struct choice {
    const char *only, *servers;
};

static void add(struct restart_list *list, const struct choice *choice,
    const struct stele_server *server, const char *role)
{
    bool has_name = server->host.size > 0 && server->host.size < RESTART_HOST_SIZE;
    if (!has_name || (choice->only && strcmp(choice->only, role) != 0) ||
        !is_wanted(server, choice->servers))
        return;
    struct restart_item *item = &list->items[list->count++];
    item->server = *server;
    item->role = role;
    memcpy(item->host, server->host.data, server->host.size);
    item->server.host = stele_bytes(item->host, server->host.size);
}

struct restart_list restart_list_make(
    const struct stele_cluster *cluster, const char *only, const char *servers)
{
    size_t room = cluster->server_count + cluster->backup_master_count + 1;
    struct restart_list list = {.items = memory_allocate_zeroed(room, sizeof *list.items)};
    struct choice choice = {only, servers};
    for (size_t i = 0; list.items && i < cluster->server_count; i++)
        add(&list, &choice, &cluster->servers[i].server, "tabletserver");
    for (size_t i = 0; list.items && i < cluster->backup_master_count; i++)
        add(&list, &choice, &cluster->backup_masters[i], "master");
    if (list.items)
        add(&list, &choice, &cluster->master, "master");
    return list;
}

void restart_list_deinit(struct restart_list *list)
{
    memory_free(list->items);
    *list = (struct restart_list){0};
}
