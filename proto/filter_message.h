/* Filters and comparators between the wire and the model (facts: hbase-semantics 7).
 *
 * Decoded trees live in the arena and borrow their bytes from the message. Depth and node count are
 * limited (LIMIT_FILTER_DEPTH, LIMIT_FILTER_NODES); a class the model does not have is
 * STATUS_UNSUPPORTED with its name in the error. */
#ifndef STELE_PROTO_FILTER_MESSAGE_H
#define STELE_PROTO_FILTER_MESSAGE_H

#include "base/arena.h"
#include "base/bytes.h"
#include "model/filter.h"

/* The fields of a Filter message {class name, serialized filter}. */
enum status filter_decode(struct span message, struct arena *arena,
    const struct filter_node **out_filter, struct error *error);
void filter_encode(struct buffer *out, const struct filter_node *filter);

/* The fields of a Comparator message. */
enum status comparator_decode(struct span message, struct arena *arena,
    const struct comparator **out_comparator, struct error *error);
void comparator_encode(struct buffer *out, const struct comparator *comparator);

#endif
