/* The flags of an entry in a block of cells: shared by its builder and its cursor
 * (storage/sorted_block.h). */
#ifndef STELE_STORAGE_SORTED_BLOCK_ENTRY_H
#define STELE_STORAGE_SORTED_BLOCK_ENTRY_H

enum entry_flags {
    ENTRY_SAME_ROW = 1,
    ENTRY_SAME_QUALIFIER = 2,
    ENTRY_SAME_TIMESTAMP = 4,
    ENTRY_SAME_SEQUENCE = 8,
    ENTRY_HAS_TYPE = 16,
    ENTRY_HAS_TAGS = 32,
    ENTRY_SAME_ANY = 15,
    ENTRY_KNOWN = 63,
};

/* Flags, type, and seven varints of at most ten bytes. */
#define ENTRY_HEAD_MOST (2u + 8u * 10u)

#endif
