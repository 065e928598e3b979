/* Checks every promise of an SSTable's format (docs/formats/sstable.md): for fsck and tests.
 *
 *   - every byte belongs to the footer or to one block that an index lists, and every checksum
 * holds
 *   - cells rise strictly, in every block and over blocks; restart points are entries
 *   - each index key lies above all cells before its block and not above the block's first
 *   - every row is in the bloom filter, in the part that a reader would look into
 *   - every property is what the cells and blocks say
 *
 * Blocks on I/O. */
#ifndef STELE_STORAGE_SSTABLE_CHECK_H
#define STELE_STORAGE_SSTABLE_CHECK_H

#include "base/env.h"

typedef void check_problem_function(
    void *context, const char *path, uint64_t offset, const char *what);

/* Calls problem() for each promise broken, with the offset of the block it is in, and counts them.
 * identity: what the manifest says, 0 = any. Non-OK only when it could not look (I/O, memory). */
enum status sstable_check(struct env *env, const char *path, uint64_t identity,
    check_problem_function *problem, void *context, uint64_t *out_problems, struct error *error);

#endif
