/* Sorting many records by a 64-bit number: radix sort, least byte first (Knuth, The Art of Computer Programming 3, 5.2.5). Stable;
 * as fast whatever the numbers are; a byte that is the same in all costs nothing. */
#ifndef STELE_BASE_RADIX_SORT_H
#define STELE_BASE_RADIX_SORT_H

#include <stddef.h>
#include <stdint.h>

struct radix_item {
    uint64_t key;
    uint64_t payload;
};

/* `scratch` has room for as many; what is left in it means nothing. */
void radix_sort_numbers(uint64_t *numbers, uint64_t *scratch, size_t count);
void radix_sort_items(struct radix_item *items, struct radix_item *scratch, size_t count);

#endif
