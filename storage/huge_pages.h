/* Large reservations of memory backed by huge pages.
 *
 * First touch of fresh 4 KiB pages is dear (tens of microseconds each on a virtual machine); with 2
 * MiB pages it is a fortieth. Pages are taken from the system when first written, so an idle
 * reservation costs only address space. */
#ifndef STELE_STORAGE_HUGE_PAGES_H
#define STELE_STORAGE_HUGE_PAGES_H

#include <stddef.h>
#include <stdint.h>

#define HUGE_PAGE_SIZE ((size_t)2 << 20)

/* Zeroed memory of `size` bytes, aligned to HUGE_PAGE_SIZE; NULL when there is no address space. */
uint8_t *huge_pages_reserve(size_t size);
/* `size` as reserved. NULL memory is fine. */
void huge_pages_release(uint8_t *memory, size_t size);

#endif
