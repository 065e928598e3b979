#include "bench/study/json_text.h"

void json_put_text(struct buffer *out, const char *text)
{
    buffer_put_u8(out, '"');
    for (; *text; text++) {
        unsigned char byte = (unsigned char)*text;
        if (byte == '"' || byte == '\\')
            buffer_put_format(out, "\\%c", byte);
        else if (byte < 0x20 || byte == '<') /* '<': it may stand inside a page */
            buffer_put_format(out, "\\u%04x", byte);
        else
            buffer_put_u8(out, byte);
    }
    buffer_put_u8(out, '"');
}

void json_put_row(struct buffer *out, const struct study_row *row)
{
    struct buffer text = {0};
    buffer_put_escaped(&text, span_make(row->bytes, row->size));
    buffer_put_u8(&text, '\0');
    json_put_text(out, buffer_status(&text) ? "" : (const char *)text.data);
    buffer_deinit(&text);
}

void json_put_skew(struct buffer *out, const char *name, const struct skew *skew)
{
    buffer_put_format(out,
        "\"%s\":{\"max_mean\":%.4f,\"gini\":%.4f,\"effective\":%.2f,\"top_share\":%.4f}", name,
        skew->max_mean, skew->gini, skew->effective, skew->top_share);
}

void json_put_series(
    struct buffer *out, const char *name, const double *numbers, unsigned count, int digits)
{
    buffer_put_format(out, "\"%s\":[", name);
    for (unsigned i = 0; i < count; i++)
        buffer_put_format(out, "%s%.*f", i ? "," : "", digits, numbers[i]);
    buffer_put_u8(out, ']');
}

void json_put_ms(struct buffer *out, double ms)
{
    if (ms < 0)
        buffer_put_format(out, "null");
    else
        buffer_put_format(out, "%.*f", ms < 10 ? 2 : ms < 100 ? 1 : 0, ms);
}

void json_put_latency(struct buffer *out, const char *name, const struct latency_summary *summary)
{
    buffer_put_format(out, "\"%s\":{\"p50\":", name);
    json_put_ms(out, summary->p50_ms);
    buffer_put_format(out, ",\"p99\":");
    json_put_ms(out, summary->p99_ms);
    buffer_put_format(out, ",\"max\":");
    json_put_ms(out, summary->max_ms);
    buffer_put_u8(out, '}');
}
