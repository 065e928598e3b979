/* Between the structs of <stele/stele.h> and those of the model. */
#ifndef STELE_CLIENT_CONVERT_H
#define STELE_CLIENT_CONVERT_H

#include <stdatomic.h>

#include "base/arena.h"
#include "client/include/stele/stele.h"
#include "model/mutation.h"
#include "model/read.h"
#include "proto/read_message.h"
#include "proto/result_message.h"

/* A filter: its tree, in its own arena and in those of its parts. */
struct stele_filter {
    atomic_uint refs;
    struct arena arena;
    const struct filter_node *node;
    struct stele_filter **parts; /* held */
    size_t part_count;
};

static inline struct span span_of(struct stele_bytes bytes)
{
    return span_make(bytes.data, bytes.size);
}

static inline struct stele_bytes bytes_of(struct span span)
{
    return stele_bytes(span.data, span.size);
}

/* The cells of a result are struct cell here and struct stele_cell outside: one layout, asserted in
 * convert.c. */
static inline const struct stele_cell *public_cells(const struct cell *cells)
{
    return (const struct stele_cell *)(const void *)cells;
}

/* Two names of one pair, too. */
static inline const struct attribute *inner_attributes(const struct stele_attribute *attributes)
{
    return (const struct attribute *)(const void *)attributes;
}

/* All of these check: STELE_INVALID with a sentence. The outputs borrow from the inputs; arrays are
 * in the arena. */
enum stele_status row_check(struct stele_bytes row, struct stele_error *error);
enum stele_status read_convert(const struct stele_read *read, struct arena *arena,
    struct read_request *out_read, struct stele_error *error);
enum stele_status get_convert(const struct stele_get *get, struct arena *arena,
    struct get_message *out_get, struct stele_error *error);
enum stele_status mutation_convert(const struct stele_mutation *mutation, struct arena *arena,
    struct mutation *out_mutation, struct stele_error *error);
/* storage: where the comparator goes. */
enum stele_status condition_convert(const struct stele_condition *condition, struct span row,
    struct comparator *storage, struct condition *out_condition, struct stele_error *error);

/* A view of a decoded result, borrowed. */
struct stele_result result_view(const struct result *result);
/* A copy on the heap, for stele_result_free. False on no memory. */
bool result_copy(const struct stele_result *from, struct stele_result *out_result);

#endif
