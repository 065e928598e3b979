/* The master's way to tablets on any server: commands to this very process go to its host, all others to the peer. */
#ifndef STELE_SERVER_PEER_PEER_TABLET_LINK_H
#define STELE_SERVER_PEER_PEER_TABLET_LINK_H

#include "server/master/tablet_link.h"
#include "server/peer/peers.h"

/* `peers` is borrowed. `host` too; NULL when this process serves no tablets. `self` is this process's name. */
enum status peer_tablet_link_new(struct peers *peers, struct tablet_host *host,
    const struct server_name *self, struct tablet_link **out_link, struct error *error);

#endif
