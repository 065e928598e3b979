/* What to write (HBase Put, Delete, Increment, Append, CheckAndMutate; facts: hbase-semantics 2, 3, 5).
 * Plain structs in the request's arena. */
#ifndef STELE_MODEL_MUTATION_H
#define STELE_MODEL_MUTATION_H

#include "model/cell.h"
#include "model/filter.h"
#include "model/read.h"
#include "model/schema.h"

enum mutation_kind {
    MUTATION_APPEND = 0,
    MUTATION_INCREMENT = 1,
    MUTATION_PUT = 2,
    MUTATION_DELETE = 3
};

/* One row. A put may hold delete markers too. A delete without cells means every family at `timestamp`.
 * For increment each value is a big-endian i64 delta; for append the bytes to add. */
struct mutation {
    enum mutation_kind kind;
    struct span row;
    struct cell *cells; /* row is the mutation's; TIMESTAMP_LATEST = the server's now */
    size_t cell_count;
    int64_t timestamp; /* of a delete without cells */
    enum durability durability;
    struct time_range time_range; /* increment, append: which existing cells are read */
    bool has_ttl;                 /* the _ttl attribute was given */
    int64_t ttl_ms;               /* it; 0 and below: gone as soon as written */
    bool is_result_wanted;        /* increment, append: the _rr_ attribute */
    uint64_t nonce;               /* 0 = none */
    /* when written: beside those above; what is read leaves them out */
    const struct attribute *attributes;
    size_t attribute_count;
};

/* CheckAndMutate: either a filter (matches when a get with it finds a cell), or one column compared; there
 * `comparator OP stored` has the operands reversed versus filters. */
struct condition {
    struct span row;
    const struct filter_node *filter; /* when set, the rest but time_range is unused */
    struct span family;
    struct span qualifier;
    enum compare_op op;
    const struct comparator *comparator; /* NULL or an empty value: the null check of HBase */
    struct time_range time_range;
};

#endif
