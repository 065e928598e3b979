/* A cluster that does what a test says: servers on the loop of the client under test, in one
 * thread.
 *
 * The registry and hbase:meta answer by themselves from `regions`; every other call goes to the
 * test's function, which answers it, fails it, breaks the connection or leaves it hanging. */
#ifndef STELE_TESTS_FAKE_CLUSTER_H
#define STELE_TESTS_FAKE_CLUSTER_H

#include <event2/event.h>

#include "base/bytes.h"
#include "model/cell.h"
#include "proto/frame.h"

enum { FAKE_SERVERS = 2, FAKE_REGIONS = 2 };

struct fake_cluster;

struct fake_call {
    struct fake_cluster *cluster;
    unsigned server; /* which one was asked */
    struct request_frame frame;
    void *connection;
};

typedef void fake_function(void *context, struct fake_call *call);

struct fake_region {
    const char *start_key; /* the end is the next one's start */
    unsigned server;
};

struct fake_cluster {
    struct event_base *loop;
    fake_function *function;
    void *context;
    uint16_t ports[FAKE_SERVERS];
    void *listeners[FAKE_SERVERS];
    void *connections;
    struct fake_region regions[FAKE_REGIONS]; /* of table "t" */
    size_t region_count;                      /* 0: the table does not exist */
    bool is_disabled;
    unsigned meta_server;  /* has hbase:meta */
    unsigned meta_scans;   /* answered so far */
    size_t meta_rows_most; /* a forward scan's answer stops after so many rows; 0: at the end */
    /* NULL, or what answers scans of hbase:meta instead */
    fake_function *meta_function;
};

/* One region on server 0. */
void fake_cluster_init(
    struct fake_cluster *cluster, struct event_base *loop, fake_function *function, void *context);
void fake_cluster_deinit(struct fake_cluster *cluster);
/* The server is gone: its connections break and nobody listens any more. */
void fake_cluster_stop(struct fake_cluster *cluster, unsigned server);

void fake_reply(struct fake_call *call, struct span message, struct span cell_block);
/* A ScanResponse of one cell a row; values as given. */
void fake_reply_rows(struct fake_call *call, const char *const *rows, size_t count,
    uint64_t scanner_id, bool more_in_region, bool is_last_partial);
/* A GetResponse or MutateResponse of one cell. */
void fake_reply_cell(struct fake_call *call, const char *value);
void fake_throw(
    struct fake_call *call, const char *class_name, const char *text, bool is_do_not_retry);
void fake_break(struct fake_call *call);
/* A cell of hbase:meta for a cell block; counts it. */
void fake_put_cell(struct buffer *block, struct span row, const char *family, const char *qualifier,
    struct span value, uint32_t *count);
/* The name of region `index`, as meta has it; for the caller's buffer. */
void fake_region_name(const struct fake_cluster *cluster, size_t index, struct buffer *out);

#endif
