/* Text in lower case as Java has it (String.toLowerCase(Locale.ROOT)), of any script. */
#ifndef STELE_MODEL_LOWER_CASE_H
#define STELE_MODEL_LOWER_CASE_H

#include "base/bytes.h"

/* Appends the text, which is UTF-8 (charset_decode makes it so), in lower case. */
void lower_case_put(struct buffer *out, struct span text);

#endif
