/* MultiRequest and MultiResponse: batches over regions (facts: hbase-rpc 4).
 *
 * A request is a list of region actions, each a list of gets and mutations on one region, atomic or
 * not, with or without a condition. The answer has one entry for each region action in the same
 * order: either an exception for all of it or one result or exception for each action. */
#ifndef STELE_PROTO_MULTI_MESSAGE_H
#define STELE_PROTO_MULTI_MESSAGE_H

#include "proto/mutation_message.h"
#include "proto/read_message.h"
#include "proto/result_message.h"

enum action_kind {
    ACTION_GET,
    ACTION_MUTATION,
    ACTION_SERVICE_CALL /* refused: no coprocessors */
};

struct action {
    uint32_t index; /* the client's, echoed in the answer */
    enum action_kind kind;
    union {
        struct get_message get; /* its region is unused */
        struct mutation mutation;
    };
};

struct region_action {
    struct region_specifier region;
    bool is_atomic;
    struct action *actions;
    size_t action_count;
    bool has_condition;
    struct condition condition;
};

struct multi_message {
    struct region_action *regions;
    size_t region_count;
    size_t action_count; /* over all regions */
    uint64_t nonce_group;
    bool has_condition; /* the old form: one condition for the whole request */
    struct condition condition;
};

/* All of it, with the cells of every mutation taken off the block, so that a region that is refused
 * leaves the others right. More than LIMIT_BATCH_ACTIONS actions are STATUS_LIMIT:
 * far above what clients send (HBase only warns, at 5,000), it is there because an empty action
 * takes hundreds of times its own size. */
enum status multi_request_decode(struct span message, struct span cell_block, struct arena *arena,
    struct multi_message *out_multi, struct error *error);

/* A request is written region by region: begin, its actions, end. Cells of mutations go to `cells`
 * in the order of the actions. */
size_t multi_region_begin(struct buffer *out, struct region_specifier region, bool is_atomic);
void multi_put_get(struct buffer *out, uint32_t index, const struct get_message *get);
void multi_put_mutation(struct buffer *out, struct buffer *cells, uint32_t index,
    const struct mutation *mutation, enum cell_codec codec);
void multi_put_condition(struct buffer *out, const struct condition *condition);
void multi_region_end(struct buffer *out, size_t mark);
void multi_put_nonce_group(struct buffer *out, uint64_t nonce_group);

/* A response is written the same way. class_name and text of an exception must not be empty.
 * Results that are not inline leave their cells to the caller's block, in the order written. */
size_t multi_response_region_begin(struct buffer *out);
void multi_response_put_result(
    struct buffer *out, uint32_t index, const struct result *result, bool is_inline);
void multi_response_put_exception(
    struct buffer *out, uint32_t index, struct span class_name, struct span text);
/* Instead of results: the whole region action failed. */
void multi_response_put_region_exception(
    struct buffer *out, struct span class_name, struct span text);
/* Of atomic and conditional region actions: did it happen? */
void multi_response_put_region_processed(struct buffer *out, bool is_processed);
void multi_response_region_end(struct buffer *out, size_t mark);
void multi_response_put_processed(struct buffer *out, bool is_processed);

/* What a client is told of one action or, with index UINT32_MAX, of a whole region action. */
struct action_outcome {
    size_t region; /* which region action, in the request's order */
    uint32_t index;
    bool has_exception;
    struct span class_name;
    struct span text;
    struct result result;
    bool has_processed;
    bool is_processed; /* of the region action */
};

/* Walks a response in order. Errors end the walk. */
typedef enum status action_outcome_function(
    void *context, const struct action_outcome *outcome, struct error *error);
enum status multi_response_decode(struct span message, struct span cell_block, struct arena *arena,
    action_outcome_function *each, void *context, struct error *error);

#endif
