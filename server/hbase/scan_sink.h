/* Where a scan's cells go in its answer: into the cell block, counted by result; or, for a client without a
 * codec, into Result messages one after the other. */
#ifndef STELE_SERVER_HBASE_SCAN_SINK_H
#define STELE_SERVER_HBASE_SCAN_SINK_H

#include "proto/result_message.h"
#include "server/hbase/call.h"

struct scan_sink {
    struct read_sink sink; /* first: what the engine is given */
    struct call *call;
    bool is_inline;
    /* The scan's limit of bytes, to be made 0 when the server has no memory for more: then the scan stops, inside the
     * row if it must. NULL: it cannot, and fails (STATUS_BUSY; STATUS_LIMIT: a row that would never fit). */
    uint64_t *limit_bytes;
    uint32_t *cell_counts; /* of each result; these arrays in the call's arena */
    bool *partial_flags;
    size_t result_count;
    size_t result_room;
    uint32_t cell_count; /* of the result under way */
    size_t result_bytes; /* of it */
    struct cell *cells;  /* inline: of all results, copies */
    size_t total_count;  /* of them */
    size_t cell_room;
};

void scan_sink_init(struct scan_sink *sink, struct call *call);
/* Nothing of the last result's row is left: it is no part of it. */
void scan_sink_complete_last(struct scan_sink *sink);
/* Inline: appends the Result messages, each as a sized field 5 of ScanResponse. */
void scan_sink_put_messages(const struct scan_sink *sink, struct buffer *out);

#endif
