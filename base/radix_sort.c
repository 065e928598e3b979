#include "base/radix_sort.h"

#include <stdbool.h>
#include <string.h>

enum { DIGITS = 256, INSERTED_MAX = 48 /* fewer are put in place one by one */ };

/* What differs, bit by bit, among the keys (the first eight bytes of each record), and whether they are in order already. */
static inline uint64_t differences(const char *records, size_t count, size_t size, bool *is_sorted)
{
    uint64_t first, last, differing = 0;
    memcpy(&first, records, sizeof first);
    last = first;
    *is_sorted = true;
    for (size_t i = 1; i < count; i++) {
        uint64_t key;
        memcpy(&key, records + i * size, sizeof key);
        differing |= key ^ first;
        *is_sorted &= last <= key;
        last = key;
    }
    return differing;
}

/* One pass: `from` by the byte at `shift` into `to`. */
static inline void distribute(const char *from, char *to, size_t count, size_t size, unsigned shift)
{
    size_t ends[DIGITS] = {0};
    for (size_t i = 0; i < count; i++) {
        uint64_t key;
        memcpy(&key, from + i * size, sizeof key);
        ends[(uint8_t)(key >> shift)]++;
    }
    size_t begin = 0;
    for (size_t digit = 0; digit < DIGITS; digit++) {
        size_t there = ends[digit];
        ends[digit] = begin;
        begin += there;
    }
    for (size_t i = 0; i < count; i++) {
        uint64_t key;
        memcpy(&key, from + i * size, sizeof key);
        memcpy(to + ends[(uint8_t)(key >> shift)]++ * size, from + i * size, size);
    }
}

static inline void insert_each(char *records, char *scratch, size_t count, size_t size)
{
    for (size_t i = 1; i < count; i++) {
        uint64_t key, other;
        memcpy(&key, records + i * size, sizeof key);
        size_t place = i;
        for (; place > 0; place--) {
            memcpy(&other, records + (place - 1) * size, sizeof other);
            if (other <= key)
                break;
        }
        memcpy(scratch, records + i * size, size);
        memmove(records + (place + 1) * size, records + place * size, (i - place) * size);
        memcpy(records + place * size, scratch, size);
    }
}

static inline void sort(char *records, char *scratch, size_t count, size_t size)
{
    if (count < INSERTED_MAX) {
        insert_each(records, scratch, count, size);
        return;
    }
    bool is_sorted;
    uint64_t differing = differences(records, count, size, &is_sorted);
    if (is_sorted)
        return;
    char *from = records, *to = scratch;
    for (unsigned shift = 0; shift < 64; shift += 8) {
        if (!(uint8_t)(differing >> shift))
            continue;
        distribute(from, to, count, size, shift);
        char *sorted = to;
        to = from;
        from = sorted;
    }
    if (from != records)
        memcpy(records, from, count * size);
}

void radix_sort_numbers(uint64_t *numbers, uint64_t *scratch, size_t count)
{
    sort((char *)numbers, (char *)scratch, count, sizeof *numbers);
}

void radix_sort_items(struct radix_item *items, struct radix_item *scratch, size_t count)
{
    sort((char *)items, (char *)scratch, count, sizeof *items);
}
