/* Comparing decimals (big_decimal.h): by sign, then by how many digits stand before the point, and only when
 * that leaves a doubt by bringing both to one scale, which then takes few digits. */
#include "model/big_decimal.h"

#include "base/limits.h"

#define LIMBS                                                                                      \
    (LIMIT_BIG_DECIMAL_SIZE / 4 * 2 + 4) /* room to scale one by as many digits as the other has */

struct decimal {
    int64_t scale;
    bool is_negative;
    size_t count;          /* limbs in use: the greatest is not 0; none is the number 0 */
    uint32_t limbs[LIMBS]; /* the magnitude, least first */
};

static bool is_no_decimal(struct span bytes, struct decimal *out_decimal)
{
    uint32_t scale;
    if (span_take_be32(&bytes, &scale) || bytes.size == 0 || bytes.size > LIMIT_BIG_DECIMAL_SIZE)
        return true;
    *out_decimal = (struct decimal){.scale = (int32_t)scale, .is_negative = bytes.data[0] & 0x80};
    uint32_t carry = out_decimal->is_negative;
    uint8_t flip = out_decimal->is_negative ? 0xff : 0;
    for (size_t i = 0; i < bytes.size; i++) {
        carry += (uint8_t)(bytes.data[bytes.size - 1 - i] ^ flip);
        out_decimal->limbs[i / 4] |= (carry & 0xff) << (i % 4 * 8);
        carry >>= 8;
    }
    out_decimal->count = (bytes.size + 3) / 4;
    if (carry) /* -256^n */
        out_decimal->limbs[bytes.size / 4] |= carry << (bytes.size % 4 * 8),
            out_decimal->count = bytes.size / 4 + 1;
    while (out_decimal->count && out_decimal->limbs[out_decimal->count - 1] == 0)
        out_decimal->count--;
    return false;
}

/* Decimal digits of the magnitude, or one more. */
static int64_t digits_at_most(const struct decimal *decimal)
{
    int bits = 32 - __builtin_clz(decimal->limbs[decimal->count - 1]);
    return ((int64_t)(decimal->count - 1) * 32 + bits) * 30103 / 100000 + 1;
}

/* Times 10^digits; what does not fit would have been told apart by its digits. */
static void scale_up(struct decimal *decimal, int64_t digits)
{
    for (; digits > 0; digits--) {
        uint64_t carry = 0;
        for (size_t i = 0; i < decimal->count; i++) {
            carry += (uint64_t)decimal->limbs[i] * 10;
            decimal->limbs[i] = (uint32_t)carry;
            carry >>= 32;
        }
        if (carry && decimal->count < LIMBS)
            decimal->limbs[decimal->count++] = (uint32_t)carry;
    }
}

static int compare_magnitudes(struct decimal *a, struct decimal *b)
{
    int64_t a_digits = digits_at_most(a) - a->scale, b_digits = digits_at_most(b) - b->scale;
    if (a_digits - b_digits > 1 || b_digits - a_digits > 1)
        return a_digits < b_digits ? -1 : 1;
    if (a->scale < b->scale)
        scale_up(a, b->scale - a->scale);
    else
        scale_up(b, a->scale - b->scale);
    if (a->count != b->count)
        return a->count < b->count ? -1 : 1;
    for (size_t i = a->count; i-- > 0;) {
        if (a->limbs[i] != b->limbs[i])
            return a->limbs[i] < b->limbs[i] ? -1 : 1;
    }
    return 0;
}

int big_decimal_compare(struct span a, struct span b)
{
    struct decimal left, right;
    if (is_no_decimal(a, &left) || is_no_decimal(b, &right))
        return 1;
    int left_sign = left.count == 0 ? 0 : left.is_negative ? -1 : 1;
    int right_sign = right.count == 0 ? 0 : right.is_negative ? -1 : 1;
    if (left_sign != right_sign || left_sign == 0)
        return left_sign < right_sign ? -1 : left_sign > right_sign;
    return left_sign * compare_magnitudes(&left, &right);
}
