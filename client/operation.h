/* Operations that the master runs as procedures: asked for with one call, then looked at until they
 * are done (HBase HBaseAdmin.ProcedureFuture). */
#ifndef STELE_CLIENT_OPERATION_H
#define STELE_CLIENT_OPERATION_H

#include "client/client.h"

/* What to ask for: made by the functions of the admin_*.c. */
struct operation {
    const char *method; /* of MasterService */
    struct buffer request;
    uint32_t id_field; /* of the answer: the procedure's number; 0: 1 */
    /* NULL, or what a server that tells no number is asked until it answers {done = 1}: true. It
     * takes the same request. */
    const char *poll_method;
    struct stele_error error; /* of an argument: nothing is asked then */
};

/* Both take the operation over. The completion runs once, on the loop, never from inside. */
void operation_start(struct stele_client *client, struct operation *operation,
    stele_done_function *done, void *context);
/* Starts it and waits. When interrupted, the procedure goes on. */
enum stele_status operation_run(
    struct stele_client *client, struct operation *operation, struct stele_error *error);

#endif
