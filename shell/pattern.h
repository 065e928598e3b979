/* Ruby's regular expressions in the words of the C library's extended ones (regcomp), for glibc: what they match, and where
 * it begins, is the same, but for [^...], which matches no newline here. */
#ifndef STELE_SHELL_PATTERN_H
#define STELE_SHELL_PATTERN_H

#include <stdbool.h>

#include "base/bytes.h"

enum { PATTERN_NESTED = 250 }; /* groups in groups: regcomp goes down into each on the stack */

/* Appends the pattern and a zero. False when it has what the C library has not (lookahead, \p{...}, sets in sets), or is
 * nested too deeply; a pattern that is wrong in Ruby too may pass, for regcomp to refuse. */
bool pattern_put_posix(struct buffer *out, const char *ruby);

#endif
