/* A call: one RPC with its retries, to the server of a row, to a given server, or to the active
 * master.
 *
 * Made on the caller's thread (client_call_new, then its body is written), started by call_start,
 * and from then on the loop's until `done` is called, once, on the loop's thread and never from
 * inside call_start. The body is kept for retries; the region's name is put before it when it is
 * sent. Calls are reused with their memory. */
#ifndef STELE_CLIENT_CALL_H
#define STELE_CLIENT_CALL_H

#include "client/client.h"
#include "client/retry.h"
#include "client/table.h"

enum call_target {
    CALL_TO_ROW,    /* the region of `row`, its specifier as field 1 of the request */
    CALL_TO_SERVER, /* `server` */
    CALL_TO_MASTER,
};

struct call;

/* Exactly one of failure and answer is given; their spans are good during this call. The call is
 * freed after it. */
typedef void call_function(struct call *call, const struct failure *failure,
    const struct response_frame *answer, struct block *block);

struct call {
    struct request request;
    struct loop_task task;
    struct locate_waiter waiter;
    struct stele_client *client;
    struct call *next_free;

    enum call_target target;
    struct stele_table *table; /* CALL_TO_ROW */
    struct server *server;     /* CALL_TO_SERVER; else the one it was sent to */
    enum service service;
    const char *method;
    uint32_t priority;
    uint32_t timeout_ms; /* of the operation; 0: the client's */
    bool is_once;        /* no retries: the owner does them */
    uint32_t
        hang_ups_most;     /* so many hang-ups in a row end it; 0: as other failures, the retries */
    uint32_t hang_ups;     /* in a row, so far */
    bool is_region_action; /* the body is the rest of the one RegionAction of a MultiRequest */
    struct buffer body;    /* row, then the request message without its region */
    size_t row_size;
    struct buffer cell_block;

    call_function *done;
    void *context; /* the owner's */
    void *context2;
    union { /* the public completion */
        void (*any)(void);
        stele_result_function *result;
    } user;
    int kind; /* the owner's */

    struct region *region; /* CALL_TO_ROW: while in flight */
    struct retry retry;
    struct timer timer; /* while pausing or locating */
    bool is_starting;   /* inside call_start: it must not end there */
    bool is_locating;
    struct failure *ending; /* to end with, from the loop */
};

/* NULL on no memory. */
struct call *client_call_new(struct stele_client *client, enum call_target target,
    enum service service, const char *method, call_function *done, void *context);
/* Frees a call that was not started. */
void call_free(struct call *call);
/* From any thread. A call whose body ran out of memory fails with STELE_NO_MEMORY. */
void call_start(struct call *call);
struct span call_row(const struct call *call);

#endif
