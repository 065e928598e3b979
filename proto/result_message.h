/* Results: what reads, increments and appends answer (facts: hbase-rpc 3, 4). Their cells travel in
 * the answer's cell block (the message then tells how many) or inside the message. */
#ifndef STELE_PROTO_RESULT_MESSAGE_H
#define STELE_PROTO_RESULT_MESSAGE_H

#include "base/arena.h"
#include "model/cell.h"

struct result {
    const struct cell *cells;
    size_t cell_count;
    bool has_exists; /* the answer of an existence-only get */
    bool exists;
    bool is_stale;
    bool is_partial; /* more cells of the row follow in the next result */
};

/* The fields of a Result. is_inline: cells inside; else only their count, and the caller puts them
 * into the block. */
void result_encode(struct buffer *out, const struct result *result, bool is_inline);
/* Takes the cells that are in the block off *cell_block; cells borrow from message and block, their
 * array is in the arena. */
enum status result_decode(struct span message, struct span *cell_block, struct arena *arena,
    struct result *out_result, struct error *error);

/* GetResponse{result}. */
void get_response_encode(struct buffer *out, const struct result *result, bool is_inline);
enum status get_response_decode(struct span message, struct span cell_block, struct arena *arena,
    struct result *out_result, struct error *error);

/* MutateResponse: result NULL = absent. */
void mutate_response_encode(struct buffer *out, const struct result *result, bool is_inline,
    bool has_processed, bool is_processed);
enum status mutate_response_decode(struct span message, struct span cell_block, struct arena *arena,
    struct result *out_result, bool *out_is_processed, struct error *error);

#endif
