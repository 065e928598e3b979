/* How a master reaches tablets, wherever they are served: in its own process or by a peer.
 *
 * A link has one call, and a word for servers that are given up. The local link (tablet_link_local_new) hands commands to the tablet host of this process; the
 * peer link (server/peer/peer_tablet_link.h) does so for commands to this very server, and sends all others over the
 * network. The commands themselves: server/tablet/tablet_command.h. */
#ifndef STELE_SERVER_MASTER_TABLET_LINK_H
#define STELE_SERVER_MASTER_TABLET_LINK_H

#include "server/tablet/tablet_command.h"

struct tablet_host;
struct tablet_link;

struct tablet_link_table {
    void (*send)(struct tablet_link *link, struct tablet_command *command);
    /* NULL when commands never wait for a server that is silent. */
    void (*forget)(struct tablet_link *link, const struct server_name *server);
    void (*free)(struct tablet_link *link);
};

/* Implementations embed this first. */
struct tablet_link {
    const struct tablet_link_table *table;
};

/* Any thread. command->done runs once, on any executor, maybe before this returns. */
static inline void tablet_link_send(struct tablet_link *link, struct tablet_command *command)
{
    link->table->send(link, command);
}

/* That life of a server is given up: commands on their way to it fail now (nobody knows whether they were executed), not
 * when their time is over. It may still hang with its connections open. Any thread; `server` is copied. */
static inline void tablet_link_forget(struct tablet_link *link, const struct server_name *server)
{
    if (link->table->forget)
        link->table->forget(link, server);
}

/* No command is under way. NULL is fine. */
static inline void tablet_link_free(struct tablet_link *link)
{
    if (link)
        link->table->free(link);
}

/* Everything is served here: `server` of a command is not looked at. `host` is borrowed. */
enum status tablet_link_local_new(
    struct tablet_host *host, struct tablet_link **out_link, struct error *error);

#endif
