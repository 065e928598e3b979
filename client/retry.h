/* When to try again, as HBase's client does (RpcRetryingCaller, ConnectionUtils; facts: hbase-rpc
 * 2b). */
#ifndef STELE_CLIENT_RETRY_H
#define STELE_CLIENT_RETRY_H

#include "client/failure.h"

struct retry {
    const struct stele_options *options;
    uint64_t deadline_ns; /* of the whole operation */
    uint32_t attempts;    /* made so far */
    uint32_t quick;       /* of them, those that were followed by a quick one (retry_again) */
};

void retry_init(
    struct retry *retry, const struct stele_options *options, uint32_t timeout_ms, uint64_t now_ns);
/* After a failed attempt: true to try again after *out_pause_ns. A region that moved, was split or merged is there again
 * within some 20 ms: the first attempt after that comes at once, the second after a quarter of the pause, and only
 * then HBase's back-off begins. False when it is final: the
 * failure then tells the number of attempts, and is a time-out when only the time ended it. */
bool retry_again(
    struct retry *retry, struct failure *failure, uint64_t now_ns, uint64_t *out_pause_ns);
/* The time-out of the next call: at most what is left of the operation, at least 1. */
uint32_t retry_call_timeout_ms(const struct retry *retry, uint64_t now_ns);

#endif
