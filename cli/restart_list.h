/* Which servers a rolling restart is for, in its order: tablet servers, masters that wait, the leader. */
#ifndef STELE_CLI_RESTART_LIST_H
#define STELE_CLI_RESTART_LIST_H

#include "client/include/stele/stele.h"

#define RESTART_HOST_SIZE 256 /* longer names of hosts are left out */

struct restart_item {
    struct stele_server server; /* its host is the one below */
    char host[RESTART_HOST_SIZE];
    const char *role; /* "tabletserver" or "master" */
};

struct restart_list {
    struct restart_item *items; /* NULL: no memory */
    size_t count;
};

/* Nothing of the cluster is borrowed. only: the role, NULL = both. servers: "HOST,HOST:PORT,...", NULL = all. */
struct restart_list restart_list_make(
    const struct stele_cluster *cluster, const char *only, const char *servers);
void restart_list_deinit(struct restart_list *list);

#endif
