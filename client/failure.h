/* Failures: how the library's own and the servers' become a struct stele_error. */
#ifndef STELE_CLIENT_FAILURE_H
#define STELE_CLIENT_FAILURE_H

#include "base/status.h"
#include "client/include/stele/stele.h"
#include "proto/exception_class.h"
#include "proto/frame.h"

/* Why one attempt failed, and what that means for the next. */
struct failure {
    enum exception_kind kind;
    bool is_hang_up; /* the server closed the connection that the call was on, with no answer */
    struct stele_error error;
};

/* Sets *error (NULL is fine), with no exception class, and returns status. */
enum stele_status failure_set(struct stele_error *error, enum stele_status status,
    const char *format, ...) __attribute__((format(printf, 3, 4)));
/* From a status of base: arguments, bytes of the server that cannot be read, memory. */
enum stele_status failure_from_error(
    struct stele_error *error, enum status status, const struct error *cause);

/* A failure of the library's own: not retried unless kind says so. */
void failure_init(struct failure *failure, enum exception_kind kind, enum stele_status status,
    const char *format, ...) __attribute__((format(printf, 4, 5)));
/* An exception in a response header, or of one action of a batch: {class, text}. */
void failure_from_exception(struct failure *failure, const struct exception *exception);

/* The pause of HBase's "<reason> - wait 1min, 2sec, 5ms"; 0 when there is none. */
uint32_t failure_throttle_ms(const struct stele_error *error);
/* The place in HBase's "Region moved to: hostname=h port=p startCode=c. As of locationSeqNum=n."; false when it
 * is not there. The host points into the error. */
bool failure_moved_to(const struct stele_error *error, struct span *out_host, uint32_t *out_port,
    uint64_t *out_start_code, int64_t *out_sequence);

#endif
