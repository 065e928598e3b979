#include "bench/key_format.h"

#include <string.h>

#include "bench/key_distribution.h"

#define HASHED_DIGITS_LEAST 8

static uint64_t power_of_ten(size_t digits)
{
    uint64_t power = 1;
    for (size_t i = 0; i < digits; i++)
        power *= 10;
    return power;
}

bool key_format_init(
    struct key_format *format, const char *prefix, size_t size, bool is_hashed, uint64_t rows)
{
    *format = (struct key_format){.prefix_size = strlen(prefix), .size = size};
    if (size > KEY_SIZE_MOST || format->prefix_size >= size)
        return false;
    memcpy(format->prefix, prefix, format->prefix_size);
    size_t digits = size - format->prefix_size;
    format->is_hashed = is_hashed;
    digits = digits > KEY_DIGITS_MOST ? KEY_DIGITS_MOST : digits;
    format->hashed_below = power_of_ten(digits);
    return is_hashed ? digits >= HASHED_DIGITS_LEAST : rows <= format->hashed_below;
}

static void write_digits(const struct key_format *format, uint64_t number, uint8_t *out_key)
{
    memcpy(out_key, format->prefix, format->prefix_size);
    for (size_t i = format->size; i > format->prefix_size; i--, number /= 10)
        out_key[i - 1] = (uint8_t)('0' + number % 10);
}

void key_format_write(const struct key_format *format, uint64_t number, uint8_t *out_key)
{
    write_digits(format,
        format->is_hashed ? key_scramble(number + 1) % format->hashed_below : number, out_key);
}

void key_format_split(
    const struct key_format *format, uint64_t rows, size_t part, size_t parts, uint8_t *out_key)
{
    uint64_t all = format->is_hashed ? format->hashed_below : rows;
    write_digits(format, (uint64_t)((double)all * (double)part / (double)parts), out_key);
}
