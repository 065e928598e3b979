#include "server/web/metrics_text.h"

#include <math.h>

void metrics_family(
    struct metrics_text *text, const char *name, enum metric_type type, const char *help)
{
    static const char *const types[] = {"counter", "gauge", "histogram", "summary"};
    text->name = name;
    buffer_put_format(&text->out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, types[type]);
}

static void put_value(struct buffer *out, struct span value)
{
    for (size_t i = 0; i < value.size; i++) {
        uint8_t byte = value.data[i];
        if (byte == '\\' || byte == '"')
            buffer_put_format(out, "\\%c", byte);
        else if (byte == '\n')
            buffer_put(out, SPAN_LITERAL("\\n"));
        else if (byte >= 0x20 && byte < 0x7f)
            buffer_put_u8(out, byte);
        else
            buffer_put_format(
                out, "\\\\x%02X", byte); /* as HBase prints it; the backslash escaped */
    }
}

void metrics_sample(struct metrics_text *text, const char *suffix,
    const struct metric_label *labels, size_t label_count, double value)
{
    struct buffer *out = &text->out;
    buffer_put_format(out, "%s%s", text->name, suffix);
    for (size_t i = 0; i < label_count; i++) {
        buffer_put_format(out, "%c%s=\"", i ? ',' : '{', labels[i].name);
        put_value(out, labels[i].value);
        buffer_put_u8(out, '"');
    }
    if (label_count)
        buffer_put_u8(out, '}');
    if (isnan(value))
        buffer_put(out, SPAN_LITERAL(" NaN\n"));
    else if (floor(value) == value && fabs(value) < 1e15)
        buffer_put_format(out, " %.0f\n", value);
    else
        buffer_put_format(out, " %.12g\n", value);
}

void metrics_single(struct metrics_text *text, const char *name, enum metric_type type,
    const char *help, double value)
{
    metrics_family(text, name, type, help);
    metrics_sample(text, "", NULL, 0, value);
}
