/* A call on the web port: one request, what answers it, and the answer.
 *
 *   web_server (loop thread) -> web_call_begin: guard, route -+-> handler on the loop    (touches nothing that can wait)
 *                                                             `-> handler on a worker    (locks, disk)
 *                                                                    `-> the master's executor -> web_call_finish
 *
 * A handler runs once and returns WEB_DONE with the answer set, or WEB_PENDING: somebody has the call and ends it by
 * web_call_finish, from any thread. Whoever is late does not matter to the client: the loop answers 503 after
 * WEB_DEADLINE_MS, and drops what comes then. So a handler must not look at the loop's things.
 *
 * The service is immutable while it serves, but for what locks itself. */
#ifndef STELE_SERVER_WEB_WEB_CALL_H
#define STELE_SERVER_WEB_WEB_CALL_H

#include <jansson.h>
#include <stdatomic.h>

#include "server/hbase/service.h"
#include "server/heat/heat_event.h"
#include "server/role.h"
#include "server/web/web_request.h"

#define WEB_DEADLINE_MS 2000
#define WEB_TOKEN_SIZE  33

struct call_metrics;
struct loop;
struct web_call;
struct web_route;

/* An option as it was given, for /api/v1/config. */
struct web_setting {
    const char *name, *value; /* value NULL: the default */
};

/* Splits, merges and moves since the start, by why: counted from the board's events at each scrape (metrics.c). */
enum web_reason {
    WEB_REASON_ASKED,
    WEB_REASON_LOAD,
    WEB_REASON_SIZE,
    WEB_REASON_OTHER,
    WEB_REASONS
};

struct web_event_counts {
    _Atomic uint64_t seen; /* number of the last event counted */
    _Atomic uint64_t of[HEAT_EVENT_KINDS][WEB_REASONS];
};

/* What handlers see. Strings are borrowed for its life. */
struct web_service {
    struct env *env;
    struct hbase_service *hbase;
    enum server_role role;
    const char *version;
    struct loop *const
        *loops; /* of the data path: whether they live, how many connections they have */
    size_t loop_count;
    const struct call_metrics *const *metrics; /* of each loop */
    const _Atomic size_t *const *connections;  /* of each loop */
    const char *host,
        *advertise_host;           /* names of ours besides addresses and localhost; may be NULL */
    bool is_read_only;             /* no actions */
    const char *ui_directory;      /* pages from disk; NULL: those in the program */
    const char *studies_directory; /* NULL: none */
    const struct web_setting *settings;
    size_t setting_count;
    char token[WEB_TOKEN_SIZE]; /* of actions */
    struct web_event_counts events;
    _Atomic bool has_loaded; /* once, no tablet was being opened: web_health.c */
};

enum web_outcome { WEB_DONE, WEB_PENDING };
typedef enum web_outcome web_handler(struct web_call *call);

/* What goes back. */
struct web_answer {
    int status; /* 200 .. */
    const char *type;
    struct buffer body;
    struct span borrowed; /* instead of body: constant bytes */
    const char *etag;     /* or NULL */
    const char *policy;   /* Content-Security-Policy instead of the usual one; or NULL */
    const char *allow;    /* of a 405 */
    bool is_gzip;         /* the body is compressed */
    bool is_varied;       /* is_gzip is as the client takes it */
    bool is_immutable;    /* may be kept for ever */
};

struct web_call {
    struct web_service *service;
    struct web_request request;
    struct arena arena; /* one thread at a time */
    struct web_answer answer;
    void (*finish)(struct web_call *call); /* the server's: the answer is ready */
    struct master_request master;          /* a handler's, while it is pending */
    void (*see)(struct web_call *call);    /* the same: web_master_view */
    void *context;                         /* a handler's own */
};

/* Judges host, method, route, parameters, token. NULL: the answer says what is wrong. Loop thread. */
const struct web_route *web_call_begin(struct web_call *call);
/* Of a request that says where it comes from. True without one: that is no browser. */
bool web_is_our_origin(const struct web_request *request);
bool web_route_is_on_loop(const struct web_route *route);
enum web_outcome web_route_run(const struct web_route *route, struct web_call *call);
/* Any thread, after WEB_PENDING. */
void web_call_finish(struct web_call *call);
void web_call_deinit(struct web_call *call);

/* ---- Answers. All return WEB_DONE, so that `return web_fail(...)` reads well. ---- */

/* Takes the object (NULL: no memory). */
enum web_outcome web_answer_json(struct web_call *call, int status, json_t *object);
/* The text is a literal or in the call's arena. */
enum web_outcome web_answer_text(
    struct web_call *call, int status, const char *type, struct span text);
/* {"error": {"code", "message"}}. */
enum web_outcome web_fail(struct web_call *call, int status, const char *code, const char *format,
    ...) __attribute__((format(printf, 4, 5)));
/* A parameter that is wrong: 400; no memory: 503. */
enum web_outcome web_fail_error(struct web_call *call, const struct error *error);
/* 421, with where the master's pages are. */
enum web_outcome web_fail_not_master(struct web_call *call);
/* The leading master's web port, in the call's arena; NULL: none is known, or it has none. */
const char *web_master_address(struct web_call *call);

/* True when the word is one of `words`, which have a space between them. */
bool web_has_word(const char *words, struct span word);

/* ---- Ways to the master ---- */

/* True: this process leads, and knows the cluster. Else the answer says why not. */
bool web_needs_master(struct web_call *call);
/* Runs see(call) on the master's executor; returns the outcome for the handler. */
enum web_outcome web_master_view(struct web_call *call, void (*see)(struct web_call *call));
/* The web address of a server "http://host:port" in the arena; NULL: it has none. */
const char *web_address(struct web_call *call, struct span host, uint32_t web_port);

#endif
