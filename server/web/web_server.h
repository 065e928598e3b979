/* The web port: HTTP/1.1 by libevent's evhttp on a thread of its own, so that pages, metrics and health answer while
 * data threads are busy (hotspot.md 5.2).
 *
 *   [thread "web"]  evhttp -> web_call_begin -+-> loop handlers, answered at once
 *                                             `-> [executor "web-work"] or the master -> posted back -> answered
 *                                                  not back within WEB_DEADLINE_MS: 503, and what comes later is dropped
 *
 * Limits: head and body (web_request.h), LIMIT_WEB_CONNECTIONS connections (more wait in the kernel), LIMIT_WEB_CALLS calls
 * out at once (more are answered 503: a stuck master cannot gather them), LIMIT_WEB_IDLE_S without a byte
 * closes, as LIMIT_WEB_REQUEST_S without a whole request does. While all connections are in use and others wait, one without a
 * whole request is ended after WEB_MUTE_MS, one that is kept after an answer after WEB_KEPT_MS: slow clients cannot keep a
 * probe out.
 *
 * Threads: new, stop, free from the server's owner, which is no executor. */
#ifndef STELE_SERVER_WEB_WEB_SERVER_H
#define STELE_SERVER_WEB_WEB_SERVER_H

#include "server/web/web_call.h"

#define WEB_MUTE_MS 500
#define WEB_KEPT_MS 3000 /* over WEB_DEADLINE_MS: one that waits for its answer gets it */

struct web_server;

struct web_config {
    const char *host;    /* where to listen */
    int port;            /* 0 = any free one */
    bool is_optional;    /* the port may be taken: there is none then, and a line says so */
    const char *version; /* of the program */
    const char *ui_directory, *studies_directory;
    bool is_read_only;
    const struct web_setting *settings;
    size_t setting_count;
};

/* Binds. The config's strings are borrowed for the server's life. STATUS_EXISTS: the port is in use. */
enum status web_server_new(struct env *env, const struct web_config *config,
    struct web_server **out_server, struct error *error);
uint16_t web_server_port(const struct web_server *server); /* any thread */
/* Begins to answer. Fills in what is not in the config. */
enum status web_server_start(
    struct web_server *server, const struct web_service *service, struct error *error);
/* No answer is given any more, and no handler runs but on the master's executor. NULL is fine. */
void web_server_stop(struct web_server *server);
/* After stop, and after the master's executor has ended. NULL is fine. */
void web_server_free(struct web_server *server);

#endif
