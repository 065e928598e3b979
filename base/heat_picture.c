#include "base/heat_picture.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define LABEL_WIDTH 20
#define TIME_WIDTH  5 /* "08:30" */
#define TIME_ROOM   10
#define CUBE_FIRST  16 /* of xterm's 256 colours: a cube of 6 x 6 x 6 */
#define CUBE_SIDE   6
#define HALF_BLOCK  "\xe2\x96\x80"

static const char levels[] = " .:-=+*#%@";

/* ---- Colours ---- */

static bool is_utf8(void)
{
    const char *names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *value = getenv(names[i]);
        if (value && *value)
            return strstr(value, "UTF-8") || strstr(value, "utf8") || strstr(value, "utf-8");
    }
    return false;
}

enum heat_ink heat_ink_find(bool is_terminal)
{
    const char *none = getenv("NO_COLOR"), *term = getenv("TERM"), *depth = getenv("COLORTERM");
    if (!is_terminal || (none && *none) || !term || strcmp(term, "dumb") == 0 || !is_utf8())
        return HEAT_INK_PLAIN;
    bool is_deep = depth && (strcmp(depth, "truecolor") == 0 || strcmp(depth, "24bit") == 0);
    return is_deep ? HEAT_INK_TRUE : HEAT_INK_256;
}

/* From nearly black by violet and orange to nearly white. */
static void colour_of(double part, unsigned rgb[3])
{
    static const unsigned points[][3] = {{8, 6, 20}, {62, 15, 92}, {136, 34, 106}, {201, 60, 76},
        {242, 112, 35}, {250, 182, 40}, {252, 252, 190}};
    const size_t last = sizeof points / sizeof points[0] - 1;
    double at = part * (double)last;
    size_t from = at >= (double)last ? last - 1 : (size_t)at;
    for (size_t i = 0; i < 3; i++) {
        double low = points[from][i], high = points[from + 1][i];
        rgb[i] = (unsigned)(low + (at - (double)from) * (high - low));
    }
}

static unsigned cube_of(unsigned channel)
{
    return (channel * (CUBE_SIDE - 1) + 127) / 255;
}

/* `ground`: 38 = the colour in front, 48 = behind. */
static void put_colour(struct buffer *out, enum heat_ink ink, unsigned ground, double part)
{
    unsigned rgb[3];
    colour_of(part, rgb);
    if (ink == HEAT_INK_TRUE)
        buffer_put_format(out, "\x1b[%u;2;%u;%u;%um", ground, rgb[0], rgb[1], rgb[2]);
    else
        buffer_put_format(out, "\x1b[%u;5;%um", ground,
            CUBE_FIRST + CUBE_SIDE * CUBE_SIDE * cube_of(rgb[0]) + CUBE_SIDE * cube_of(rgb[1]) +
                cube_of(rgb[2]));
}

/* ---- Numbers and labels ---- */

/* "3,204/s", "12.5 M/s": short, and with what it is counted in. */
static void put_number(struct buffer *out, double value, const char *unit)
{
    char text[40];
    if (value >= 1e9)
        snprintf(text, sizeof text, "%.1f G", value / 1e9);
    else if (value >= 1e6)
        snprintf(text, sizeof text, "%.1f M", value / 1e6);
    else if (value >= 1000)
        snprintf(text, sizeof text, "%u,%03u", (unsigned)value / 1000, (unsigned)value % 1000);
    else
        snprintf(text, sizeof text, value >= 100 ? "%.0f" : "%.3g", value);
    buffer_put_format(out, "%s%s", text, unit);
}

static void put_label(struct buffer *out, struct span key)
{
    struct buffer text = {0};
    if (key.size == 0)
        buffer_put(&text, SPAN_LITERAL("(start)"));
    buffer_put_escaped(&text, key);
    struct span label = buffer_span(&text);
    bool is_cut = label.size > LABEL_WIDTH;
    if (is_cut)
        label.size = LABEL_WIDTH - 2;
    buffer_put(out, label);
    if (is_cut)
        buffer_put(out, SPAN_LITERAL(".."));
    for (size_t i = is_cut ? LABEL_WIDTH : label.size; i < LABEL_WIDTH; i++)
        buffer_put_u8(out, ' ');
    buffer_deinit(&text);
}

/* ---- The picture ---- */

static float value_at(const struct heat_picture *picture, size_t row, size_t column)
{
    return row < picture->rows ? picture->values[column * picture->rows + row] : 0;
}

static float most_of(const struct heat_picture *picture)
{
    float most = 0;
    for (size_t i = 0; i < picture->rows * picture->columns; i++)
        most = picture->values[i] > most ? picture->values[i] : most;
    return most;
}

static double mean_of(const struct heat_picture *picture, size_t row)
{
    double sum = 0;
    for (size_t column = 0; column < picture->columns; column++)
        sum += (double)value_at(picture, row, column);
    return picture->columns ? sum / (double)picture->columns : 0;
}

/* Of 1 or more; straight between powers of two, which is near enough for a colour and needs no mathematics library. */
static double log2_of(double value)
{
    double power = 0;
    for (; value >= 2; value /= 2)
        power++;
    return power + value - 1;
}

/* 0 to 1: ten halvings below the brightest are told apart. */
static double part_of(float value, float most)
{
    if (value <= 0 || most <= 0)
        return 0;
    double part = log2_of(1 + 1023 * (double)value / (double)most) / 10;
    return part < 1 ? part : 1;
}

static void put_plain(
    struct buffer *out, const struct heat_picture *picture, size_t row, float most)
{
    for (size_t column = 0; column < picture->columns; column++) {
        float value = value_at(picture, row, column);
        size_t level = (size_t)(part_of(value, most) * (double)(sizeof levels - 2) + 0.5);
        if (value > 0 && level == 0)
            level = 1; /* something is not nothing */
        buffer_put_u8(out, (uint8_t)levels[level]);
    }
}

static void put_two(struct buffer *out, const struct heat_picture *picture, size_t row, float most,
    enum heat_ink ink)
{
    for (size_t column = 0; column < picture->columns; column++) {
        put_colour(out, ink, 38, part_of(value_at(picture, row, column), most));
        put_colour(out, ink, 48, part_of(value_at(picture, row + 1, column), most));
        buffer_put(out, SPAN_LITERAL(HALF_BLOCK));
    }
    buffer_put(out, SPAN_LITERAL("\x1b[0m"));
}

/* "08:30" under every tenth column. UTC, as the tools print elsewhere. */
static void put_times(struct buffer *out, const struct heat_picture *picture)
{
    if (picture->columns < TIME_WIDTH)
        return;
    for (size_t i = 0; i < LABEL_WIDTH + 2; i++)
        buffer_put_u8(out, ' ');
    for (size_t column = 0; column < picture->columns; column++) {
        if (column % TIME_ROOM != 0 || column + TIME_WIDTH > picture->columns) {
            if (column % TIME_ROOM >= TIME_WIDTH)
                buffer_put_u8(out, ' ');
            continue;
        }
        struct tm parts;
        time_t at = (time_t)(picture->from_s + (int64_t)column * picture->step_s);
        gmtime_r(&at, &parts);
        buffer_put_format(out, "%02d:%02d", parts.tm_hour, parts.tm_min);
    }
    buffer_put_u8(out, '\n');
}

void heat_picture_draw(struct buffer *out, const struct heat_picture *picture, enum heat_ink ink)
{
    float most = most_of(picture);
    size_t rows_a_line = ink == HEAT_INK_PLAIN ? 1 : 2;
    if (picture->marks) {
        for (size_t i = 0; i < LABEL_WIDTH + 2; i++)
            buffer_put_u8(out, ' ');
        buffer_put_format(out, "%.*s\n", (int)picture->columns, picture->marks);
    }
    for (size_t row = 0; row < picture->rows; row += rows_a_line) {
        put_label(out, picture->bounds[row]);
        buffer_put(out, SPAN_LITERAL(" |"));
        if (ink == HEAT_INK_PLAIN)
            put_plain(out, picture, row, most);
        else
            put_two(out, picture, row, most, ink);
        buffer_put(out, SPAN_LITERAL("| "));
        double mean = mean_of(picture, row);
        if (rows_a_line == 2 && row + 1 < picture->rows)
            mean += mean_of(picture, row + 1);
        put_number(out, mean, picture->unit);
        buffer_put_u8(out, '\n');
    }
    put_times(out, picture);
    buffer_put(out, SPAN_LITERAL("brightest: "));
    put_number(out, (double)most, picture->unit);
    buffer_put_format(out,
        " in a cell of %u min; at the right the mean of the row; times are UTC\n",
        (unsigned)(picture->step_s / 60));
}
