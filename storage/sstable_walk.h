/* Visits every block of an SSTable by way of its indexes: for tools (dump, check) and for finding a
 * middle row. */
#ifndef STELE_STORAGE_SSTABLE_WALK_H
#define STELE_STORAGE_SSTABLE_WALK_H

#include "storage/sstable_table.h"

struct block_visit {
    enum block_kind kind;
    struct block_handle handle;
    const struct cell *start; /* the key it is listed under; NULL for tops and properties */
};

/* Non-OK stops the walk and is returned. */
typedef enum status block_visit_function(
    void *context, const struct block_visit *visit, struct error *error);

/* In this order: each index part followed by its data blocks; bloom parts; top index, top bloom,
 * properties. An index part that cannot be read is visited, and its data blocks are left out: the
 * visitor, who may read it, has seen why. *out_is_whole (may be NULL) says whether none was. */
enum status sstable_walk_blocks(struct sstable *table, block_visit_function *visit, void *context,
    bool *out_is_whole, struct error *error);

#endif
