/* A heat map as text: a row for each stretch of keys, a column for each stretch of time, brighter = more.
 *
 *   row000000        |  .:-=+*#%@@%#*=-. |     812/s
 *   row000500        |      ....         |      12/s
 *                     08:20     08:30
 *   brightest: 3,204/s
 *
 * On a terminal with colours a line holds two rows (the upper half block, U+2580, has one colour in front and one
 * behind); without, a line is a row and a character a level. Brightness goes with the logarithm: what is ten times as
 * hot is a fixed step brighter, so that what is cold still shows. The palette rises in lightness all the way, so it is
 * in order also for people who do not see some colours, and in grey.
 *
 * Pure: text into a buffer. Any thread. */
#ifndef STELE_BASE_HEAT_PICTURE_H
#define STELE_BASE_HEAT_PICTURE_H

#include "base/bytes.h"

enum heat_ink {
    HEAT_INK_PLAIN, /* ASCII */
    HEAT_INK_256,   /* xterm's palette, UTF-8 */
    HEAT_INK_TRUE,  /* 24 bits, UTF-8 */
};

/* What a stream can show, by what the environment says: colours when `is_terminal`, TERM is not "dumb", NO_COLOR is
 * not set, and the locale is UTF-8 (LC_ALL, LC_CTYPE, LANG: the first that is set). */
enum heat_ink heat_ink_find(bool is_terminal);

struct heat_picture {
    const float *values; /* values[column * rows + row], 0 or more */
    size_t rows, columns;
    const struct span *bounds; /* where each row begins */
    int64_t from_s;            /* of the first column, since 1970 */
    uint32_t step_s;
    const char *unit;  /* "/s": behind every number */
    const char *marks; /* one character a column, shown above it; NULL = none */
};

void heat_picture_draw(struct buffer *out, const struct heat_picture *picture, enum heat_ink ink);

#endif
