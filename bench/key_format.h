/* How a row number is written as a key: a prefix and digits, all keys of one size.
 *
 * Ordered: neighbours in number are neighbours in the table, so a hot part of the numbers is a hot
 * range. Hashed: the number is scattered first, as YCSB does by default, and no range is hot.
 * "user" and 16 digits (20 bytes) unless told; PerformanceEvaluation has 26 digits. */
#ifndef STELE_BENCH_KEY_FORMAT_H
#define STELE_BENCH_KEY_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KEY_SIZE_MOST   64
#define KEY_DIGITS_MOST 18 /* of a hashed number; an ordered one has zeros before it */

struct key_format {
    char prefix[KEY_SIZE_MOST];
    size_t prefix_size;
    size_t size; /* of the whole key; at least one digit */
    bool is_hashed;
    uint64_t hashed_below; /* hashed numbers lie below: a power of ten */
};

/* False when the prefix leaves no room for `rows` ordered numbers, or for 8 digits when hashed. */
bool key_format_init(
    struct key_format *format, const char *prefix, size_t size, bool is_hashed, uint64_t rows);
/* Writes format->size bytes. */
void key_format_write(const struct key_format *format, uint64_t number, uint8_t *out_key);
/* The first key of part `part` of `parts` even ones of the key space of `rows` rows. */
void key_format_split(
    const struct key_format *format, uint64_t rows, size_t part, size_t parts, uint8_t *out_key);

#endif
