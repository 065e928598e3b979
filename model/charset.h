/* The text that Java makes of bytes (String(byte[], Charset)), for comparators that are patterns of text. */
#ifndef STELE_MODEL_CHARSET_H
#define STELE_MODEL_CHARSET_H

#include "base/bytes.h"

enum charset {
    CHARSET_UTF_8,
    CHARSET_LATIN_1, /* ISO-8859-1: a character a byte */
    CHARSET_ASCII,
};

/* By a name that Java's Charset.forName knows it by, in any case. False: another charset, or none. */
bool charset_find(struct span name, enum charset *out_charset);
/* Java's own name for it. */
const char *charset_name(enum charset charset);
/* The bytes as UTF-8: themselves where they are that already, else put into `scratch`, which is reset first. What is malformed
 * becomes U+FFFD, once or several times as Java does it. No memory: scratch says so. */
struct span charset_decode(enum charset charset, struct span bytes, struct buffer *scratch);

#endif
