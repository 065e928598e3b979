/* Decimal numbers as HBase's Bytes.toBytes(BigDecimal) writes them: i32be scale, then the unscaled value in two's
 * complement, big-endian; the number is unscaled * 10^-scale. */
#ifndef STELE_MODEL_BIG_DECIMAL_H
#define STELE_MODEL_BIG_DECIMAL_H

#include "base/bytes.h"

/* By value, as BigDecimal.compareTo: <0, 0, >0. Bytes that are no such number, or a too long one, are equal to
 * none: 1. */
int big_decimal_compare(struct span a, struct span b);

#endif
