/* The one door to the heap, so that tests can fail allocation N and count what is live.
 *
 * Same contracts as malloc and friends, except that sizes are checked products. Memory from outside
 * libraries (libevent, protobuf-c, mruby) is steered here where they offer a hook. */
#ifndef STELE_BASE_MEMORY_H
#define STELE_BASE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

struct memory_table {
    void *(*allocate)(size_t size);
    void *(*reallocate)(void *memory, size_t size);
    void (*release)(void *memory);
};

/* Replaces the table (NULL: the real one). Call before other threads exist, with nothing live. */
void memory_install(const struct memory_table *table);

void *memory_allocate(size_t size);
void *memory_allocate_zeroed(size_t count, size_t size); /* NULL also when count * size overflows */
void *memory_reallocate(void *memory, size_t size);
void memory_free(void *memory); /* NULL is fine */
/* Room for one more in an array that doubles. `array` is the address of the pointer to its elements (NULL at
 * first), of which `count` of *capacity are used. False: no memory; nothing has changed. */
bool memory_grow(void *array, size_t count, size_t *capacity, size_t element_size);
char *memory_duplicate_string(const char *text);
/* For a server's main: blocks of `size` bytes and over go back to the system as soon as they are freed. The heap of
 * glibc, left alone, learns to keep those of up to 32 MB, for each thread its own. */
void memory_return_large(size_t size);

#endif
