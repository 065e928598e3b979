#include "base/memory.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#define GROW_FROM 8 /* elements */

static const struct memory_table real_table = {malloc, realloc, free};
static const struct memory_table *table = &real_table;

void memory_install(const struct memory_table *new_table)
{
    table = new_table ? new_table : &real_table;
}

void *memory_allocate(size_t size)
{
    return table->allocate(size ? size : 1); /* so that NULL always means failure */
}

void *memory_allocate_zeroed(size_t count, size_t size)
{
    size_t total;
    if (__builtin_mul_overflow(count, size, &total))
        return NULL;
    /* The kernel's zero pages come free with calloc; a replaced table has no such call. */
    if (table == &real_table)
        return calloc(1, total ? total : 1);
    void *memory = memory_allocate(total);
    if (memory)
        memset(memory, 0, total);
    return memory;
}

void *memory_reallocate(void *memory, size_t size)
{
    return table->reallocate(memory, size ? size : 1);
}

void memory_free(void *memory)
{
    if (memory)
        table->release(memory);
}

bool memory_grow(void *array, size_t count, size_t *capacity, size_t element_size)
{
    if (count < *capacity)
        return true;
    size_t wanted, size;
    if (__builtin_mul_overflow(*capacity, 2, &wanted))
        return false;
    if (wanted == 0)
        wanted = GROW_FROM;
    if (__builtin_mul_overflow(wanted, element_size, &size))
        return false;
    void *elements; /* copied, for the array's pointer is of some other type */
    memcpy(&elements, array, sizeof elements);
    elements = memory_reallocate(elements, size);
    if (!elements)
        return false;
    memcpy(array, &elements, sizeof elements);
    *capacity = wanted;
    return true;
}

char *memory_duplicate_string(const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = memory_allocate(size);
    if (copy)
        memcpy(copy, text, size);
    return copy;
}

void memory_return_large(size_t size)
{
    mallopt(M_MMAP_THRESHOLD, (int)size);
}
