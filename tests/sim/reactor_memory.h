/* A network in memory: reactors over the executors of an env, and byte streams whose other end a test holds.
 *
 * Reads give, and writes take, random amounts (drawn from the env's random numbers), so that frames are cut
 * everywhere. One network at a time: its listeners are found by port. */
#ifndef STELE_TESTS_SIM_REACTOR_MEMORY_H
#define STELE_TESTS_SIM_REACTOR_MEMORY_H

#include "server/net/reactor.h"

struct memory_stream;

reactor_maker reactor_memory_new;

/* Forgets all listeners and streams without freeing them: what owned them has died. */
void network_memory_reset(void);

/* Connects to a listener; NULL when there is none. The handle is the test's until network_memory_reset. */
struct memory_stream *network_memory_connect(uint16_t port);
/* To the server, and what came from it so far (appended; taken from the stream). */
void memory_stream_send(struct memory_stream *stream, struct span bytes);
void memory_stream_receive(struct memory_stream *stream, struct buffer *out_bytes);
bool memory_stream_is_closed(const struct memory_stream *stream);

#endif
