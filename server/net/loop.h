/* A loop: one reactor and the connections that live on it.
 *
 * The loop owns what its connections share: the memory that reads go into, the pool of output buffers, the
 * list of connections with something to write. Connections are dealt to loops by the acceptor and stay.
 *
 * Threads: loop_post from any; all else on the loop thread. */
#ifndef STELE_SERVER_NET_LOOP_H
#define STELE_SERVER_NET_LOOP_H

#include <stdatomic.h>

#include "server/net/connection.h"

#define LOOP_READ_SIZE  (256u << 10)
#define LOOP_EXPECT_FEW 4 /* with more on their way the loop has enough to do between sleeps */

/* The memory of answers, from when they are made until they are sent.
 *
 * What all connections have yet to send is counted at the ends of their turns. Clients that read nothing could
 * make that grow without an end. So while it is over the limit, calls whose answers would add to it are refused
 * (who calls asks loop_output_is_over), and each loop, at each tick, closes the connection whose output has waited
 * longest, if that is LIMIT_OUTPUT_PATIENCE_MS or more.
 *   Answers of many bytes ask for them while they are made (output_budget_take), and are refused what would leave
 * less than a quarter of the limit: so the large never bring it over the limit, and the small go out beside them. One
 * that is refused while so much waits to be read is as good as being over the limit: who reads nothing is shown out. */
struct output_budget {
    _Atomic uint64_t bytes;
    _Atomic uint64_t making;   /* taken for answers that are made */
    _Atomic uint64_t refusals; /* for want of what waits to be read */
    uint64_t limit_bytes;
};

/* Any thread. False: not now; nothing is taken. NULL has no limit. */
bool output_budget_take(struct output_budget *output, uint64_t bytes);
void output_budget_give(struct output_budget *output, uint64_t bytes);
/* The most that one answer can take. */
uint64_t output_budget_most(const struct output_budget *output);

struct loop {
    struct env *env;
    struct reactor *reactor;
    unsigned index;
    uint8_t *read_memory; /* LOOP_READ_SIZE, shared by all reads */
    struct buffer_pool pool;
    struct connection *connections;
    size_t connection_count;
    struct connection *dirty;        /* to be written at the end of the turn */
    struct output_budget *output;    /* the server's; NULL = no limit */
    uint64_t refusals_seen;          /* of the budget's, at the last tick */
    void *service;                   /* the server's per-loop state (calls to reuse) */
    void (*turn)(struct loop *loop); /* before writing, each turn; may be NULL */
    unsigned expected;          /* calls whose end another thread will tell soon (loop_expect) */
    bool has_expected;          /* and there were some at the last look */
    _Atomic uint64_t ticked_ns; /* its last tick, for whoever asks whether it lives; 0 = none yet */
    _Atomic bool is_draining;   /* set once: connections close when their calls are done */
};

/* Over a reactor of make_reactor's. It does not turn before loop_start. */
enum status loop_new(struct env *env, unsigned index, reactor_maker *make_reactor,
    struct loop **out_loop, struct error *error);
/* The same with a name of its own, which its thread has too. */
enum status loop_new_named(struct env *env, const char *name, reactor_maker *make_reactor,
    struct loop **out_loop, struct error *error);
void loop_start(struct loop *loop);
void loop_post(struct loop *loop, struct task *task);
/* Loop thread. A task that will be posted is on its way, and likely to come soon; and the end of that. While
 * they are few, and right after the last, the loop rather polls than sleeps: a client with one request in
 * flight sends its next as soon as it has its answer. */
void loop_expect(struct loop *loop);
void loop_expect_end(struct loop *loop);
/* Loop thread. More waits to be sent than the server has memory for. */
bool loop_output_is_over(const struct loop *loop);
/* Any thread but the loop's, after all connections are closed. NULL is fine. */
void loop_free(struct loop *loop);
/* Loop thread. Closes every connection at once. */
void loop_close_connections(struct loop *loop);

#endif
