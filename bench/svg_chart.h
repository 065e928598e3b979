/* Line charts and bars as SVG, without scripts: for reports that are one file. */
#ifndef STELE_BENCH_SVG_CHART_H
#define STELE_BENCH_SVG_CHART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct svg_line {
    const char *name;
    const char *colour;   /* a CSS colour */
    const double *values; /* y for each x; NAN: a gap */
};

struct svg_chart {
    const char *title;
    const char *x_name, *y_name;
    const double *x; /* rising */
    size_t count;
    const struct svg_line *lines;
    size_t line_count;
    bool is_logarithmic;         /* y; what is not above 0 is a gap */
    const char *const *x_labels; /* one for each x, or NULL: numbers at the ends */
};

/* Writes one <svg>. Nothing to show makes an empty frame that says so. */
void svg_chart_print(FILE *out, const struct svg_chart *chart);
/* Text for HTML and SVG: <, >, &, quotes escaped, what is not printable ASCII as \xNN. */
void svg_text_print(FILE *out, const char *text);
/* A number with few digits: 1.5k, 20M. */
#define SVG_NUMBER 24
const char *svg_number(double number, char out_text[SVG_NUMBER]);

#endif
