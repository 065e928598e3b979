/* What the parts of the world share: nodes and requests (master_world.c), the way between them (master_world_link.c),
 * what must hold (master_world_check.c). */
#ifndef STELE_TESTS_MASTER_WORLD_INTERNAL_H
#define STELE_TESTS_MASTER_WORLD_INTERNAL_H

#include "tests/support/master_world.h"

#define MASTER_WORLD_ROOT "root"

struct tablet_link *master_world_link_new(struct node *node);
/* NULL: that server is none of the world. */
struct node *master_world_node_of(struct master_world *world, const struct assigned_server *server);
void master_world_crash_all(struct master_world *world);

struct waited {
    struct tablet_command command;
    bool is_done;
};

/* Runs it at the node; false when it did not succeed, or the node died. */
bool master_world_run_at(struct master_world *world, struct node *node, struct waited *waited,
    enum tablet_command_kind kind, const char *id);

#endif
