#include "shell/format.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define DEFAULT_WIDTH 100

static bool is_terminal;
static size_t width = DEFAULT_WIDTH;

void format_init(void)
{
    struct winsize size;
    is_terminal = isatty(STDOUT_FILENO) == 1;
    width = DEFAULT_WIDTH;
    if (is_terminal && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= 40)
        width = size.ws_col;
}

/* What was to be read is lost, or nobody reads any more: as a filter, which ends there, and in silence when it is a
 * pipe. The server needs no goodbye. */
static void end_without_output(void)
{
    if (errno != EPIPE)
        fprintf(stderr, "stele: standard output: %s\n", strerror(errno));
    _exit(1);
}

void format_text(struct span text)
{
    if (text.size && fwrite(text.data, 1, text.size, stdout) < text.size)
        end_without_output();
}

static void put_padded(struct span text, size_t wanted)
{
    format_text(text);
    for (size_t i = text.size; is_terminal && i < wanted; i++)
        putchar(' ');
}

static struct span take_line(struct span *text, size_t most)
{
    struct span line = {text->data, text->size < most ? text->size : most};
    text->data += line.size;
    text->size -= line.size;
    return line;
}

static void row_of_two(struct span first, struct span second, bool is_inset)
{
    size_t first_width = is_terminal ? width / 4 : SIZE_MAX;
    size_t second_width = is_terminal ? width - first_width - 2 : SIZE_MAX;
    do {
        struct span left = take_line(&first, first_width), right = take_line(&second, second_width);
        if (is_inset)
            putchar(' ');
        put_padded(left, first_width);
        if (!is_inset)
            putchar(' ');
        putchar(' ');
        put_padded(right, second_width);
        putchar('\n');
    } while (first.size || second.size);
}

static void row(const struct span *columns, size_t count, bool is_inset)
{
    if (count == 1) {
        put_padded(columns[0], 0);
        putchar('\n');
    } else if (count == 2) {
        row_of_two(columns[0], columns[1], is_inset);
    } else {
        for (size_t i = 0; i < count; i++) {
            putchar(' ');
            format_text(columns[i]);
        }
        putchar('\n');
    }
}

void format_header(const struct span *columns, size_t count)
{
    row(columns, count, false);
}

void format_row(const struct span *columns, size_t count)
{
    row(columns, count, true);
}

void format_footer(uint64_t rows)
{
    printf("%" PRIu64 " row(s)\n", rows);
}

void format_timestamp(struct buffer *out_text, int64_t timestamp_ms)
{
    struct tm local;
    int64_t ms = timestamp_ms % 1000;
    time_t seconds = (time_t)(timestamp_ms / 1000);
    if (ms < 0) {
        ms += 1000;
        seconds--;
    }
    if (!localtime_r(&seconds, &local)) {
        buffer_put_format(out_text, "%" PRId64, timestamp_ms);
        return;
    }
    const char *sign = local.tm_year + 1900 > 9999 ? "+" : "";
    buffer_put_format(out_text, "%s%04d-%02d-%02dT%02d:%02d", sign, local.tm_year + 1900,
        local.tm_mon + 1, local.tm_mday, local.tm_hour, local.tm_min);
    if (local.tm_sec || ms)
        buffer_put_format(out_text, ":%02d", local.tm_sec);
    if (ms)
        buffer_put_format(out_text, ".%03d", (int)ms);
}

/* As Ruby writes it: the fewest digits that are this number and no other, with a point; from 1e16 on, and below 0.0001,
 * with an exponent. */
static void put_double(struct buffer *out_text, double value)
{
    char digits[32];
    int precision = 0;
    if (isnan(value) || isinf(value)) {
        buffer_put_format(out_text, "%s",
            isnan(value) ? "NaN"
            : value < 0  ? "-Infinity"
                         : "Infinity");
        return;
    }
    do
        snprintf(digits, sizeof digits, "%.*e", precision, value);
    while (strtod(digits, NULL) != value && ++precision < 17);
    char *exponent_text = strchr(digits, 'e');
    int exponent = (int)strtol(exponent_text + 1, NULL, 10);
    if (value != 0 && (exponent < -4 || exponent >= 16))
        buffer_put_format(out_text, "%.*s%se%+03d", (int)(exponent_text - digits), digits,
            precision == 0 ? ".0" : "", exponent);
    else
        buffer_put_format(
            out_text, "%.*f", precision - exponent > 1 ? precision - exponent : 1, value);
}

static bool put_converted(struct buffer *out_text, struct span bytes, const char *converter)
{
    uint32_t u32;
    uint64_t u64;
    uint16_t u16;
    struct span in = bytes;
    if (strcmp(converter, "toInt") == 0 && bytes.size == 4 && !span_take_be32(&in, &u32))
        buffer_put_format(out_text, "%" PRId32, (int32_t)u32);
    else if (strcmp(converter, "toLong") == 0 && bytes.size == 8 && !span_take_be64(&in, &u64))
        buffer_put_format(out_text, "%" PRId64, (int64_t)u64);
    else if (strcmp(converter, "toShort") == 0 && bytes.size == 2 && !span_take_be16(&in, &u16))
        buffer_put_format(out_text, "%d", (int16_t)u16);
    else if (strcmp(converter, "toFloat") == 0 && bytes.size == 4 && !span_take_be32(&in, &u32)) {
        float value;
        memcpy(&value, &u32, sizeof value);
        put_double(out_text, (double)value);
    } else if (strcmp(converter, "toDouble") == 0 && bytes.size == 8 &&
               !span_take_be64(&in, &u64)) {
        double value;
        memcpy(&value, &u64, sizeof value);
        put_double(out_text, value);
    } else if (strcmp(converter, "toBoolean") == 0 && bytes.size == 1)
        buffer_put_format(out_text, "%s", bytes.data[0] ? "true" : "false");
    else if (strcmp(converter, "toString") == 0)
        buffer_put(out_text, bytes);
    else if (strcmp(converter, "len") == 0)
        buffer_put_format(out_text, "%zu", bytes.size);
    else
        return false;
    return true;
}

void format_value(struct buffer *out_text, struct span bytes, const char *converter)
{
    if (!converter || !put_converted(out_text, bytes, converter))
        buffer_put_escaped(out_text, bytes);
}

const char *format_cell_type(unsigned type)
{
    switch (type) {
    case 4:
        return "Put";
    case 8:
        return "Delete";
    case 10:
        return "DeleteFamilyVersion";
    case 12:
        return "DeleteColumn";
    case 14:
        return "DeleteFamily";
    }
    return "Unknown";
}

void format_flush(void)
{
    if (fflush(stdout) != 0)
        end_without_output();
}
