#include "bench/svg_chart.h"

#include <math.h>

#define WIDTH  760
#define HEIGHT 240
#define LEFT   64
#define RIGHT  30
#define TOP    42
#define BOTTOM 38
#define GRID   5 /* lines at most, of a linear scale */

void svg_text_print(FILE *out, const char *text)
{
    for (; *text; text++) {
        unsigned char byte = (unsigned char)*text;
        if (byte == '<' || byte == '>' || byte == '&' || byte == '"' || byte == '\'')
            fprintf(out, "&#%d;", byte);
        else if (byte >= 0x20 && byte < 0x7f)
            fputc(byte, out);
        else
            fprintf(out, "\\x%02X", byte);
    }
}

const char *svg_number(double number, char out_text[SVG_NUMBER])
{
    static const char units[] = {'\0', 'k', 'M', 'G', 'T'};
    size_t unit = 0;
    double size = fabs(number);
    while (size >= 999.5 && unit + 1 < sizeof units) {
        size /= 1000;
        number /= 1000;
        unit++;
    }
    int used = snprintf(out_text, SVG_NUMBER, "%.3g", number);
    if (units[unit] && used > 0 && used + 1 < SVG_NUMBER) {
        out_text[used] = units[unit];
        out_text[used + 1] = '\0';
    }
    return out_text;
}

struct scale {
    double least, most, step;
    bool is_logarithmic;
};

static double share_of(const struct scale *scale, double value)
{
    if (scale->is_logarithmic)
        return (log10(value) - log10(scale->least)) / (log10(scale->most) - log10(scale->least));
    return (value - scale->least) / (scale->most - scale->least);
}

static double y_of(const struct scale *scale, double value)
{
    return HEIGHT - BOTTOM - share_of(scale, value) * (HEIGHT - TOP - BOTTOM);
}

static double x_of(const struct svg_chart *chart, size_t i)
{
    double span = chart->x[chart->count - 1] - chart->x[0];
    double share = span > 0 ? (chart->x[i] - chart->x[0]) / span : 0.5;
    return LEFT + share * (WIDTH - LEFT - RIGHT);
}

static bool is_shown(const struct svg_chart *chart, double value)
{
    return isfinite(value) && (!chart->is_logarithmic || value > 0);
}

/* False when there is nothing to show. */
static bool find_scale(const struct svg_chart *chart, struct scale *scale)
{
    *scale = (struct scale){INFINITY, -INFINITY, 1, chart->is_logarithmic};
    for (size_t i = 0; i < chart->line_count; i++) {
        for (size_t j = 0; j < chart->count; j++) {
            double value = chart->lines[i].values[j];
            if (!is_shown(chart, value))
                continue;
            scale->least = fmin(scale->least, value);
            scale->most = fmax(scale->most, value);
        }
    }
    if (scale->most < scale->least)
        return false;
    if (chart->is_logarithmic) {
        scale->least = pow(10, floor(log10(scale->least)));
        scale->most = pow(10, ceil(log10(scale->most) + 1e-9));
        return true;
    }
    scale->least = 0;
    scale->most = scale->most > 0 ? scale->most : 1;
    double rough = scale->most / GRID, power = pow(10, floor(log10(rough)));
    scale->step = rough / power > 5 ? 10 * power : rough / power > 2 ? 5 * power : 2 * power;
    scale->most = scale->step * ceil(scale->most / scale->step - 1e-9);
    return true;
}

static void print_grid(FILE *out, const struct scale *scale)
{
    char number[SVG_NUMBER];
    double value = scale->least;
    while (value <= scale->most * (1 + 1e-9)) {
        double y = y_of(scale, value);
        fprintf(out,
            "<line class=\"grid\" x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"/>"
            "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%s</text>\n",
            LEFT, WIDTH - RIGHT, y, y, LEFT - 6, y + 4, svg_number(value, number));
        value = scale->is_logarithmic ? value * 10 : value + scale->step;
    }
}

static void print_x_axis(FILE *out, const struct svg_chart *chart)
{
    char number[SVG_NUMBER];
    size_t step = chart->x_labels ? 1 : chart->count > 8 ? (chart->count + 6) / 7 : 1;
    for (size_t i = 0; i < chart->count; i += step) {
        fprintf(out, "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">", x_of(chart, i),
            HEIGHT - BOTTOM + 16);
        svg_text_print(out, chart->x_labels ? chart->x_labels[i] : svg_number(chart->x[i], number));
        fputs("</text>\n", out);
    }
    fprintf(out, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">", WIDTH - RIGHT, HEIGHT - 6);
    svg_text_print(out, chart->x_name);
    fputs("</text>\n", out);
}

static void print_line(FILE *out, const struct svg_chart *chart, const struct scale *scale,
    const struct svg_line *line)
{
    bool is_drawing = false;
    fprintf(out, "<path fill=\"none\" stroke-width=\"2\" stroke=\"%s\" d=\"", line->colour);
    for (size_t i = 0; i < chart->count; i++) {
        bool is_there = is_shown(chart, line->values[i]);
        if (is_there)
            fprintf(out, "%c%.1f %.1f", is_drawing ? 'L' : 'M', x_of(chart, i),
                y_of(scale, line->values[i]));
        is_drawing = is_there;
    }
    fputs("\"/>\n", out);
    for (size_t i = 0; chart->count <= 40 && i < chart->count; i++)
        if (is_shown(chart, line->values[i]))
            fprintf(out, "<circle r=\"2.5\" cx=\"%.1f\" cy=\"%.1f\" fill=\"%s\"/>\n",
                x_of(chart, i), y_of(scale, line->values[i]), line->colour);
}

static void print_legend(FILE *out, const struct svg_chart *chart)
{
    int x = LEFT;
    fprintf(out, "<text class=\"title\" x=\"%d\" y=\"14\">", LEFT);
    svg_text_print(out, chart->title);
    fputs(", ", out);
    svg_text_print(out, chart->y_name);
    fputs("</text>\n", out);
    for (size_t i = 0; i < chart->line_count; i++, x += 150) {
        fprintf(out,
            "<rect x=\"%d\" y=\"25\" width=\"14\" height=\"4\" fill=\"%s\"/><text x=\"%d\" "
            "y=\"31\">",
            x, chart->lines[i].colour, x + 19);
        svg_text_print(out, chart->lines[i].name);
        fputs("</text>\n", out);
    }
}

void svg_chart_print(FILE *out, const struct svg_chart *chart)
{
    struct scale scale;
    fprintf(out, "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"", WIDTH, HEIGHT);
    svg_text_print(out, chart->title);
    fputs("\">\n", out);
    print_legend(out, chart);
    if (chart->count == 0 || !find_scale(chart, &scale)) {
        fprintf(out, "<text x=\"%d\" y=\"%d\">nothing to show</text>\n", LEFT, HEIGHT / 2);
    } else {
        print_grid(out, &scale);
        print_x_axis(out, chart);
        for (size_t i = 0; i < chart->line_count; i++)
            print_line(out, chart, &scale, &chart->lines[i]);
    }
    fputs("</svg>\n", out);
}
