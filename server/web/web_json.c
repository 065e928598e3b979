#include "server/web/web_json.h"

#include <math.h>

#include "server/web/web_request.h"

json_t *web_json_bytes(struct span bytes)
{
    return web_json_bytes_cut(bytes, SIZE_MAX);
}

json_t *web_json_bytes_cut(struct span bytes, size_t most)
{
    struct span kept = {bytes.data, bytes.size < most ? bytes.size : most};
    struct span shown = {bytes.data, kept.size < WEB_TEXT_SIZE_MAX ? kept.size : WEB_TEXT_SIZE_MAX};
    struct buffer base64 = {0}, text = {0};
    json_t *object = NULL;
    web_base64_encode(kept, &base64);
    buffer_put_escaped(&text, shown);
    if (!buffer_status(&base64) && !buffer_status(&text))
        object = json_pack("{s:s%, s:s%}", "b64", base64.data ? (const char *)base64.data : "",
            base64.size, "text", text.data ? (const char *)text.data : "", text.size);
    if (object && shown.size < bytes.size)
        json_object_set_new(object, "cut", json_true());
    buffer_deinit(&base64);
    buffer_deinit(&text);
    return object;
}

json_t *web_json_text(struct span text)
{
    json_t *string = json_stringn(text.data ? (const char *)text.data : "", text.size);
    if (string)
        return string;
    struct buffer escaped = {0};
    buffer_put_escaped(&escaped, text);
    if (!buffer_status(&escaped))
        string = json_stringn(escaped.data ? (const char *)escaped.data : "", escaped.size);
    buffer_deinit(&escaped);
    return string;
}

json_t *web_json_string(const char *text)
{
    return text ? web_json_text(span_string(text)) : json_null();
}

json_t *web_json_number(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

json_t *web_json_count(uint64_t value)
{
    return json_integer(value > INT64_MAX ? INT64_MAX : (json_int_t)value);
}

struct span web_table_name(struct span name)
{
    struct span prefix = SPAN_LITERAL("default:");
    if (!span_starts_with(name, prefix))
        return name;
    return span_make(name.data + prefix.size, name.size - prefix.size);
}

bool web_json_take_key(const json_t *value, struct arena *arena, struct span *out_key)
{
    const json_t *base64 = json_object_get(value, "b64"), *text = json_object_get(value, "text");
    if (json_is_string(base64))
        return web_base64_decode(
            span_make(json_string_value(base64), json_string_length(base64)), arena, out_key);
    if (!json_is_string(text))
        return false;
    struct buffer bytes = {0};
    bool is_whole = bytes_unescape(
        span_make(json_string_value(text), json_string_length(text)), &bytes);
    if (is_whole)
        *out_key = arena_copy(arena, buffer_span(&bytes));
    is_whole = is_whole && out_key->size == bytes.size;
    buffer_deinit(&bytes);
    return is_whole;
}
