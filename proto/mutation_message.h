/* Mutations and conditions between the wire and the model (facts: hbase-rpc 4, hbase-semantics 5).
 *
 * Cells of a mutation travel inside its message (single Mutate calls) or in the frame's cell block
 * (batches), which is consumed strictly in the order of the mutations. Decoded mutations borrow
 * from both; their arrays are in the arena. */
#ifndef STELE_PROTO_MUTATION_MESSAGE_H
#define STELE_PROTO_MUTATION_MESSAGE_H

#include "base/arena.h"
#include "model/mutation.h"
#include "proto/cell_block.h"
#include "proto/region.h"

struct mutate_message {
    struct region_specifier region;
    struct mutation mutation;
    bool has_condition;
    struct condition condition;
    uint64_t nonce_group; /* 0 = none */
};

/* MutateRequest. cell_block is the frame's, and must be consumed whole. */
enum status mutate_request_decode(struct span message, struct span cell_block, struct arena *arena,
    struct mutate_message *out_mutate, struct error *error);
/* With the cells inside the message. */
void mutate_request_encode(struct buffer *out, const struct mutate_message *mutate);

/* The fields of a MutationProto. Takes associated_cell_count cells off *cell_block. All cells get
 * the mutation's row, a cell of another row is STATUS_INVALID; so is a mutation without row and
 * cells. */
enum status mutation_decode(struct span message, struct span *cell_block, struct arena *arena,
    struct mutation *out_mutation, struct error *error);
/* is_inline: cells inside; else only their count, and the caller puts them into the block. */
void mutation_encode(struct buffer *out, const struct mutation *mutation, bool is_inline);

/* The fields of a Condition. */
enum status condition_decode(
    struct span message, struct arena *arena, struct condition *out_condition, struct error *error);
void condition_encode(struct buffer *out, const struct condition *condition);

#endif
