/* How the shell prints (facts: hbase-shell 1, 3): headers, rows of one, two or more columns,
 * footers.
 *
 * On a terminal two-column rows are padded and wrapped to its width; elsewhere they are "a b" with
 * one space before. All output of the shell goes through here, so that it is buffered in one place.
 */
#ifndef STELE_SHELL_FORMAT_H
#define STELE_SHELL_FORMAT_H

#include "base/bytes.h"

/* Looks at stdout once: terminal or not, and how wide. */
void format_init(void);

void format_text(struct span text);
void format_header(const struct span *columns, size_t count);
void format_row(const struct span *columns, size_t count);
/* "N row(s)". */
void format_footer(uint64_t rows);
/* A timestamp as the HBase shell prints it: local date-time, milliseconds in groups of three when
 * not zero. */
void format_timestamp(struct buffer *out_text, int64_t timestamp_ms);
/* Bytes by a converter's name (toInt, toLong, toString ...; NULL, and bytes of the wrong size, =
 * toStringBinary). */
void format_value(struct buffer *out_text, struct span bytes, const char *converter);
/* "Put", "Delete", "DeleteColumn" ... */
const char *format_cell_type(unsigned type);
void format_flush(void);

#endif
