/* libstele over virtual time and the network in memory: the transport of a client that is a host of its own. */
#ifndef STELE_TESTS_SIM_TRANSPORT_MEMORY_H
#define STELE_TESTS_SIM_TRANSPORT_MEMORY_H

#include "client/transport.h"

/* Everything runs as tasks of an executor of this host. */
struct transport *transport_memory_new(struct env *env);
/* The client's executor: calls of the client are made by its tasks. */
struct executor *transport_memory_executor(struct transport *transport);

#endif
