/* A filter of the filter language from its name and its arguments. Private to model/filter_parse.c. */
#ifndef STELE_MODEL_FILTER_BUILD_H
#define STELE_MODEL_FILTER_BUILD_H

#include "model/filter.h"

/* The node and what it points to live in the arena, but for the bytes of the arguments. An argument that was quoted
 * still has its quotes. STATUS_NOT_FOUND: no filter has this name; STATUS_INVALID: these are not its arguments (HBase
 * says no more than that either); STATUS_NO_MEMORY. */
enum status filter_build(struct span name, const struct span *arguments, size_t count,
    struct arena *arena, struct filter_node **out_node);

#endif
