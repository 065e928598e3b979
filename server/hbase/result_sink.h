/* Where a read's cells go in an answer: into the cell block, when the client can take one, else into memory of the
 * call, to be put into the result message. */
#ifndef STELE_SERVER_HBASE_RESULT_SINK_H
#define STELE_SERVER_HBASE_RESULT_SINK_H

#include "proto/result_message.h"
#include "server/hbase/call.h"

struct result_sink {
    struct read_sink sink; /* first: what the engine is given */
    struct call *call;
    bool is_inline;
    bool is_counting_only; /* existence: nothing is kept */
    size_t
        limit_bytes; /* of all cells: beyond it STATUS_LIMIT. Sooner, STATUS_BUSY: call_answer_grow */
    size_t bytes;
    size_t cell_count;
    struct cell *cells; /* inline: copies in the call's arena */
    size_t cell_room;
};

void result_sink_init(struct result_sink *sink, struct call *call, bool is_inline);
/* What was gathered, as one result. */
struct result result_sink_result(const struct result_sink *sink);
/* Copies a cell and its bytes into an arena; false on no memory. */
bool cell_copy(struct arena *arena, const struct cell *cell, struct cell *out_cell);

#endif
