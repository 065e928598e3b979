/* A call: one request from its frame to its answer.
 *
 *   frame -> call_take -> handler on the loop --- CALL_DONE ---------------------> answer into the outbox
 *                            |      |  ^ CALL_TO_WORKER: once more on a worker       ^
 *                            |      |--'                                             |
 *                            |      `-- CALL_TO_HOLD: once more, when the tablet that it needs has opened or gone
 *                            |- CALL_TO_QUEUE: once more, when a modelled capacity has room (sim_capacity.h)
 *                            `- CALL_PENDING: somebody has the call and ends it by call_finish
 *
 * A handler reads call->param and writes its answer: `result` (the response message) and `cells` (the cell
 * block), or an exception (a class of proto/exception_class.h) by call_fail. On the loop it must not touch the disk (call->may_block is false); it
 * returns CALL_TO_WORKER to be run again from the start where it may. A handler that returns CALL_PENDING
 * first makes the request's bytes the call's own (call_own).
 *
 * Calls are reused by their loop, arena and buffers with them.
 *
 * Memory. A call that outlives its turn counts itself and its request against service->requests; so does, of every
 * call, each chunk that its arena takes beyond the first, and of a batch those of its writes. All of it is given back when the call ends. When
 * there is no room, what asked for memory gets none, and the client CallQueueTooBigException: it comes again later. What
 * the answer holds is counted elsewhere (call_answer_grow). */
#ifndef STELE_SERVER_HBASE_CALL_H
#define STELE_SERVER_HBASE_CALL_H

#include "base/arena.h"
#include "proto/cell_block.h"
#include "proto/frame.h"
#include "proto/unpack.h"
#include "server/hbase/answer_looks.h"
#include "server/hbase/call_metrics.h"
#include "server/hbase/exception.h"
#include "server/hbase/service.h"
#include "server/net/connection.h"

struct call;
struct rpc_connection;

enum call_outcome { CALL_DONE, CALL_PENDING, CALL_TO_WORKER, CALL_TO_HOLD, CALL_TO_QUEUE };

#define CALL_HOLDS                                                                                 \
    3 /* most that a call is held: once where its tablet was, once where it is, and one more */

typedef enum call_outcome call_handler(struct call *call);

struct call_method {
    const char *name;
    call_handler *handler;
};

struct call {
    struct task task; /* to a worker, and back to the loop */
    struct hbase_service *service;
    struct connection *connection; /* held */
    struct loop *loop;
    const struct call_method *method;
    uint32_t call_id;
    struct span param;      /* the request message */
    struct span cell_block; /* the request's */
    struct buffer own;      /* holds both after call_own */
    bool is_own;
    bool is_counted;     /* in the service's calls in flight */
    size_t counted_size; /* and this much in its requests, besides what the arena counts itself */
    size_t answer_size;  /* bytes that its answer holds, as told by call_answer_grow */
    size_t answer_taken; /* and what it took for them of the output budget */
    bool is_expected;    /* by its loop: loop_expect */
    bool may_block;
    enum cell_codec codec;               /* the connection's, for the answer's cells */
    unsigned client_major, client_minor; /* the client's version; 0 = not told */
    uint64_t received_ns;
    uint64_t deadline_ns; /* 0 = none */
    uint64_t
        cpu_started_ns; /* the thread's CPU time as it took the call on; 0 = not measured: call_load.h */
    struct arena arena;   /* of this call; any one thread at a time */
    struct buffer result; /* answer */
    struct buffer cells;
    bool is_failed;
    const char *exception_class; /* Java class; static */
    struct buffer exception_text;
    void *context;     /* the handler's, while pending */
    struct call *next; /* the loop's: calls to reuse, or answers that wait for a look */
    bool needs_look;   /* its answer leaves after a look only */
    unsigned holds;    /* how often it was held */
    uint64_t start_ns; /* CALL_TO_QUEUE: when a modelled capacity has room for it; else 0 */
    struct tablet_waiter waiter;
    char held_id[ENCODED_NAME_SIZE + 1]; /* the tablet it waits for */
};

/* What a loop keeps (loop->service): calls to reuse, and answers that wait for a look. */
struct call_pool {
    struct call *first;
    size_t count;
    struct loop_looks looks;
    struct call_metrics metrics;
};

/* Loop thread. A call that holds the connection; NULL on no memory. */
struct call *call_new(struct connection *connection, struct hbase_service *service);
/* Loop thread. Runs the method; the answer may be in the outbox when this returns, or come later. */
void call_run(struct call *call);
/* Any thread, for a pending call whose handler has changed nothing: as if it had returned CALL_TO_HOLD. */
void call_hold(struct call *call);
/* True when a modelled capacity (sim_capacity.h) keeps the call from beginning now: *out_outcome is what the handler
 * returns, having done nothing yet. Asked once a call. */
bool call_is_queued(struct call *call, enum call_outcome *out_outcome);
/* Copies the request's bytes, which are else gone when the handler returns. False: the call has failed. */
bool call_own(struct call *call);
/* Loop thread. The answer goes to the connection, if it is still there, and the call ends. */
void call_emit(struct call *call);
/* Any thread: the pending call's answer is ready. The call is not the caller's any more. */
void call_finish(struct call *call);
/* Sets the answer to an exception. The text follows the class name as Java prints it. */
enum call_outcome call_fail(struct call *call, const char *exception_class, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The log hears of a file that a call found damaged, or could not read: at most once in TROUBLE_PERIOD_NS. Does nothing
 * for other statuses. Any thread. */
void call_tell_damage(struct call *call, enum status status, const char *text);
/* By exception_of_status, after call_tell_damage; STATUS_NO_MEMORY is call_fail_no_memory. */
enum call_outcome call_fail_status(
    struct call *call, enum status status, const struct error *error);
/* The answer is about to hold so many bytes more. False: the server has no memory for them now; small answers are
 * never refused. */
bool call_answer_grow(struct call *call, size_t bytes);
/* As before growing: whether it could, with bytes that are held aside until it is known. */
bool call_answer_has_room(struct call *call, size_t bytes);
/* The most bytes that one row may have in an answer. */
size_t call_row_limit(const struct call *call);
/* There was no room: the client is to come again later. */
enum call_outcome call_fail_no_room(struct call *call);
/* There was no memory for the request, or what it takes to answer it. */
enum call_outcome call_fail_no_memory(struct call *call);
/* A row has more bytes than call_row_limit. */
enum call_outcome call_fail_row_size(struct call *call);
/* What the operation failed of: as call_fail_status. */
enum call_outcome call_fail_operation(struct call *call, const struct write_operation *operation);
/* True when it is too late to answer. */
bool call_is_expired(const struct call *call);

/* Decodes the request as a message in the arena; NULL after a call_fail. */
void *call_unpack(struct call *call, const ProtobufCMessageDescriptor *descriptor);
/* Sets the answer. */
enum call_outcome call_reply(struct call *call, const ProtobufCMessage *message);
/* Sets the answer to a message without fields. */
enum call_outcome call_reply_empty(struct call *call);

void call_pool_free(struct call_pool *pool);

#endif
