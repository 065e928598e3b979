/* The shell's connection to a cluster: made at the first command that needs it. One thread. */
#ifndef STELE_SHELL_SESSION_H
#define STELE_SHELL_SESSION_H

#include <stele/stele.h>

#include "base/bytes.h"
#include "base/status.h"

struct interpreter;

struct session {
    struct stele_client *client; /* owned; NULL until needed */
    struct stele_table *table; /* owned: the last one used, whose map of regions is worth keeping */
    struct interpreter *interpreter; /* borrowed; for completion */
    const char *connect;             /* borrowed; one of the two is set */
    const char *zookeeper;
    bool is_debugging; /* errors are told with their Java class and attempts */
};

/* Takes the default place (STELE_CONNECT, 127.0.0.1:16000) when both are NULL. Connects to nothing
 * yet. */
enum status session_new(
    const char *connect, const char *zookeeper, struct session **out_session, struct error *error);
void session_free(struct session *session); /* NULL is fine */
void session_set_interpreter(struct session *session, struct interpreter *interpreter);

/* The client, made now if need be; NULL with *error set. Borrowed. */
struct stele_client *session_client(struct session *session, struct stele_error *error);
/* A table handle, borrowed until the next call; NULL with *error set. */
struct stele_table *session_table(
    struct session *session, struct stele_bytes name, struct stele_error *error);

/* Completion (line_complete_function; context is the session): commands at the start of a line,
 * names of tables and families elsewhere, for which the cluster is asked, and connected to if need
 * be; nothing when it does not answer. */
void session_complete(void *context, struct span prefix, bool is_first,
    void (*add)(void *list, struct span word), void *list);

#endif
