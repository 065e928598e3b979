/* Prints an SSTable in words: footer, properties, and each block with its entries. */
#ifndef STELE_STORAGE_SSTABLE_DUMP_H
#define STELE_STORAGE_SSTABLE_DUMP_H

#include "base/env.h"

/* One call per line, without newline. A damaged block is a line too, and the rest goes on; what
 * keeps the file from being opened at all is returned. Blocks on I/O. */
enum status sstable_dump(struct env *env, const char *path,
    void (*print)(void *context, const char *line), void *context, struct error *error);

#endif
