/* The slowest calls of this process: the last SLOW_LOG_KEPT that took over SLOW_LOG_MS, for people (web port).
 *
 * Nothing is kept, and nothing looked at, of a call that was fast. Threads: any; a mutex is held for copies only. */
#ifndef STELE_SERVER_HBASE_SLOW_LOG_H
#define STELE_SERVER_HBASE_SLOW_LOG_H

#include "base/bytes.h"
#include "base/mutex.h"

#define SLOW_LOG_KEPT     512
#define SLOW_LOG_MS       100
#define SLOW_LOG_ROW_SIZE 200

struct slow_call {
    int64_t time_ms;  /* of the answer */
    const char *op;   /* static: "Scan" */
    char region[320]; /* as the client named it, cut; empty: none */
    bool is_encoded;  /* ... by its encoded name */
    uint8_t row[SLOW_LOG_ROW_SIZE];
    size_t row_size; /* 0: none, or not known */
    char client[64];
    uint64_t duration_ns;
    uint64_t request_bytes, response_bytes;
    const char *exception_class; /* static, or NULL */
};

struct slow_log {
    struct mutex mu;         /* LOCK_RANK_LOOP */
    struct slow_call *calls; /* ring; NULL before the first */
    uint64_t count;          /* ever noted */
};

struct call;

void slow_log_init(struct slow_log *log);
void slow_log_deinit(struct slow_log *log);
/* Loop thread, as the call ends. Best effort: without memory it is left out. */
void slow_log_note(struct slow_log *log, const struct call *call, uint64_t duration_ns);
uint64_t slow_log_count(struct slow_log *log);
/* Number from 0, rising. False: it is not kept (any more). */
bool slow_log_read(struct slow_log *log, uint64_t number, struct slow_call *out_call);

#endif
