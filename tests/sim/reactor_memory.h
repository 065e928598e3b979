/* Reactors over a network in memory (network.h), on the executors of an env.
 *
 * They listen and connect under the name of their env's host, whatever address they are given to listen on. */
#ifndef STELE_TESTS_SIM_REACTOR_MEMORY_H
#define STELE_TESTS_SIM_REACTOR_MEMORY_H

#include "tests/sim/network.h"

reactor_maker reactor_memory_new;

/* A connection whose one end the test holds itself, to the first host that listens on the port; connecting
 * until virtual time has gone on a little. */
struct network_end *test_connect(const char *host, uint16_t port);
/* To the other end, and what came from it so far (appended; taken from the end). Sending waits for nothing:
 * what there is no room for yet is kept. */
void test_send(struct network_end *end, struct span bytes);
void test_receive(struct network_end *end, struct buffer *out_bytes);

#endif
