#include "storage/huge_pages.h"

#include <sys/mman.h>

static size_t round_up(size_t size)
{
    return (size + HUGE_PAGE_SIZE - 1) & ~(HUGE_PAGE_SIZE - 1);
}

uint8_t *huge_pages_reserve(size_t size)
{
    if (size == 0 || size > SIZE_MAX / 2)
        return NULL;
    size = round_up(size);
    /* One page more, then the unaligned ends go back. */
    uint8_t *start = mmap(NULL, size + HUGE_PAGE_SIZE, PROT_READ | PROT_WRITE,
        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (start == MAP_FAILED)
        return NULL;
    uint8_t *memory = (uint8_t *)round_up((size_t)start);
    size_t before = (size_t)(memory - start);
    if (before > 0)
        munmap(start, before);
    if (HUGE_PAGE_SIZE - before > 0)
        munmap(memory + size, HUGE_PAGE_SIZE - before);
    madvise(memory, size, MADV_HUGEPAGE); /* a wish: without it all works, only slower */
    return memory;
}

void huge_pages_release(uint8_t *memory, size_t size)
{
    if (memory)
        munmap(memory, round_up(size));
}
