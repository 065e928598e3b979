/* MD5 (RFC 1321): HBase names a region by it. For names only, never for safety. */
#ifndef STELE_BASE_MD5_H
#define STELE_BASE_MD5_H

#include "base/bytes.h"

#define MD5_SIZE 16

void md5(struct span bytes, uint8_t out_digest[MD5_SIZE]);
/* As 32 lower-case hex digits and a NUL. */
void md5_hex(struct span bytes, char out_text[2 * MD5_SIZE + 1]);

#endif
