/* A cell of a study as SVG: its heat map, and under it how many requests each server was asked for, on the same time.
 *
 * Drawn with one path a colour, neighbours of one colour merged, so that a picture is some ten kilobytes. Text and lines
 * take their colours from the classes of picture_put_style, which know light and dark. */
#ifndef STELE_BENCH_STUDY_PICTURE_H
#define STELE_BENCH_STUDY_PICTURE_H

#include "bench/study/heat_map.h"

#define PICTURE_WIDTH      380
#define PICTURE_HEIGHT     250
#define PICTURE_LEFT       8 /* of the plots */
#define PICTURE_PLOT       360
#define PICTURE_MAP_Y      14
#define PICTURE_MAP_HEIGHT 128

/* Text that may stand in HTML and SVG. */
void picture_put_text(struct buffer *out, const char *text);
/* A row, escaped, cut to `most` characters. */
void picture_put_row(struct buffer *out, const struct study_row *row, size_t most);
/* CSS rules. */
void picture_put_style(struct buffer *out);
/* The drawing, from (0, 0) to (PICTURE_WIDTH, PICTURE_HEIGHT); without an <svg> around it. */
void picture_put_run(struct buffer *out, const struct study *study, const struct study_cell *cell,
    const struct study_run *run, const struct heat_scale *scale);
/* The scale of colours with its numbers, 380 wide and 34 high. */
void picture_put_legend(struct buffer *out, const struct heat_scale *scale);

#endif
