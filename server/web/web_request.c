#include "server/web/web_request.h"

#include <stdio.h>

#include "base/limits.h"

/* ---- The target ---- */

static int hex_value(uint8_t digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    digit |= 0x20;
    return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

/* Undoes percent-encoding; in a query '+' is a space (forms, URLSearchParams). */
static enum status decode(struct span text, bool is_query, struct arena *arena,
    struct span *out_bytes, struct error *error)
{
    uint8_t *bytes = arena_allocate(arena, text.size);
    size_t size = 0;
    if (!bytes)
        return error_set(error, STATUS_NO_MEMORY, "no memory for the request");
    for (size_t i = 0; i < text.size; i++) {
        uint8_t byte = text.data[i];
        if (byte == '%') {
            int high = i + 2 < text.size ? hex_value(text.data[i + 1]) : -1;
            int low = i + 2 < text.size ? hex_value(text.data[i + 2]) : -1;
            if (high < 0 || low < 0)
                return error_set(error, STATUS_INVALID,
                    "a '%%' in the address is not followed by two hex digits");
            byte = (uint8_t)(high << 4 | low);
            i += 2;
        } else if (byte == '+' && is_query) {
            byte = ' ';
        }
        bytes[size++] = byte;
    }
    *out_bytes = span_make(bytes, size);
    return STATUS_OK;
}

/* Cuts what is before the first `separator` off; the separator goes too. */
static struct span take_until(struct span *in, uint8_t separator)
{
    const uint8_t *found = in->size ? memchr(in->data, separator, in->size) : NULL;
    size_t size = found ? (size_t)(found - in->data) : in->size;
    struct span taken = {in->data, size};
    size_t skipped = found ? size + 1 : size;
    in->data += skipped;
    in->size -= skipped;
    return taken;
}

static enum status parse_path(
    struct span path, struct arena *arena, struct web_request *request, struct error *error)
{
    request->path = path;
    (void)take_until(&path, '/'); /* it begins with one */
    while (path.size > 0) {
        struct span segment;
        if (request->segment_count == LIMIT_WEB_SEGMENTS)
            return error_set(error, STATUS_INVALID, "the address has too many parts");
        enum status status = decode(take_until(&path, '/'), false, arena, &segment, error);
        if (status)
            return status;
        request->segments[request->segment_count++] = segment;
    }
    return STATUS_OK;
}

static enum status parse_query(
    struct span query, struct arena *arena, struct web_request *request, struct error *error)
{
    while (query.size > 0) {
        struct web_parameter one = {0};
        struct span value = take_until(&query, '&');
        struct span name = take_until(&value, '=');
        if (name.size == 0 && value.size == 0)
            continue;
        enum status status = decode(name, true, arena, &one.name, error);
        if (!status)
            status = decode(value, true, arena, &one.value, error);
        if (status)
            return status;
        for (size_t i = 0; i < request->parameter_count; i++)
            if (span_equal(request->parameters[i].name, one.name))
                return error_set(error, STATUS_INVALID, "a parameter is given twice");
        if (request->parameter_count == LIMIT_WEB_PARAMETERS)
            return error_set(error, STATUS_INVALID, "there are too many parameters");
        request->parameters[request->parameter_count++] = one;
    }
    return STATUS_OK;
}

enum status web_request_parse(
    struct span target, struct arena *arena, struct web_request *out_request, struct error *error)
{
    if (target.size > LIMIT_WEB_TARGET_SIZE)
        return error_set(
            error, STATUS_INVALID, "the address has more than %d bytes", LIMIT_WEB_TARGET_SIZE);
    if (target.size == 0 || target.data[0] != '/')
        return error_set(error, STATUS_INVALID, "the address does not begin with '/'");
    struct span rest = take_until(&target, '#');
    struct span path = take_until(&rest, '?');
    out_request->segment_count = out_request->parameter_count = 0;
    enum status status = parse_path(path, arena, out_request, error);
    return status ? status : parse_query(rest, arena, out_request, error);
}

/* ---- Parameters ---- */

const struct span *web_request_find(const struct web_request *request, const char *name)
{
    for (size_t i = 0; i < request->parameter_count; i++)
        if (span_equal(request->parameters[i].name, span_string(name)))
            return &request->parameters[i].value;
    return NULL;
}

static bool take_digits(struct span text, int64_t *out_value)
{
    bool is_negative = text.size > 0 && text.data[0] == '-';
    int64_t value = 0;
    size_t i = is_negative;
    if (i == text.size || text.size - i > 18)
        return false;
    for (; i < text.size; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
        value = value * 10 + (text.data[i] - '0');
    }
    *out_value = is_negative ? -value : value;
    return true;
}

enum status web_request_number(const struct web_request *request, const char *name,
    int64_t otherwise, int64_t least, int64_t most, int64_t *out_value, struct error *error)
{
    const struct span *text = web_request_find(request, name);
    int64_t value = otherwise;
    if (text && (!take_digits(*text, &value) || value < least || value > most))
        return error_set(error, STATUS_INVALID, "'%s' must be a whole number from %lld to %lld",
            name, (long long)least, (long long)most);
    *out_value = value;
    return STATUS_OK;
}

enum status web_request_flag(
    const struct web_request *request, const char *name, bool *out_flag, struct error *error)
{
    const struct span *text = web_request_find(request, name);
    bool is_true = text && (text->size == 0 || span_equal(*text, SPAN_LITERAL("true")));
    if (text && !is_true && !span_equal(*text, SPAN_LITERAL("false")))
        return error_set(error, STATUS_INVALID, "'%s' must be true or false", name);
    *out_flag = is_true;
    return STATUS_OK;
}

enum status web_request_choice(const struct web_request *request, const char *name,
    const char *const *names, size_t otherwise, size_t *out_index, struct error *error)
{
    const struct span *text = web_request_find(request, name);
    char list[256] = "";
    size_t length = 0;
    if (!text) {
        *out_index = otherwise;
        return STATUS_OK;
    }
    for (size_t i = 0; names[i]; i++) {
        if (span_equal(*text, span_string(names[i]))) {
            *out_index = i;
            return STATUS_OK;
        }
        int written = snprintf(
            list + length, sizeof list - length, "%s%s", i ? ", " : "", names[i]);
        if (written > 0 && length + (size_t)written < sizeof list)
            length += (size_t)written;
    }
    return error_set(error, STATUS_INVALID, "'%s' must be one of %s", name, list);
}

enum status web_request_key(const struct web_request *request, const char *name,
    struct arena *arena, struct span *out_key, struct error *error)
{
    const struct span *text = web_request_find(request, name);
    struct span key = SPAN_EMPTY;
    if (text && span_starts_with(*text, SPAN_LITERAL("b64:"))) {
        if (!web_base64_decode(span_make(text->data + 4, text->size - 4), arena, &key))
            return error_set(error, STATUS_INVALID, "'%s' is not base64 after 'b64:'", name);
    } else if (text) {
        struct buffer bytes = {0};
        bool is_whole = bytes_unescape(*text, &bytes);
        key = is_whole ? arena_copy(arena, buffer_span(&bytes)) : SPAN_EMPTY;
        is_whole = is_whole && key.size == bytes.size;
        buffer_deinit(&bytes);
        if (!is_whole)
            return error_set(error, STATUS_NO_MEMORY, "no memory for '%s'", name);
    }
    if (key.size > LIMIT_ROW_SIZE)
        return error_set(
            error, STATUS_INVALID, "'%s' has more than %d bytes", name, LIMIT_ROW_SIZE);
    *out_key = key;
    return STATUS_OK;
}

/* ---- Base64 (RFC 4648) ---- */

static int base64_value(uint8_t letter)
{
    if (letter >= 'A' && letter <= 'Z')
        return letter - 'A';
    if (letter >= 'a' && letter <= 'z')
        return letter - 'a' + 26;
    if (letter >= '0' && letter <= '9')
        return letter - '0' + 52;
    if (letter == '+' || letter == '-' || letter == ' ') /* a '+' that a query has made a space */
        return 62;
    return letter == '/' || letter == '_' ? 63 : -1;
}

bool web_base64_decode(struct span text, struct arena *arena, struct span *out_bytes)
{
    while (text.size > 0 && text.data[text.size - 1] == '=')
        text.size--;
    uint8_t *bytes = arena_allocate(arena, text.size / 4 * 3 + 3);
    uint32_t bits = 0;
    size_t size = 0;
    if (!bytes || text.size % 4 == 1)
        return false;
    for (size_t i = 0; i < text.size; i++) {
        int value = base64_value(text.data[i]);
        if (value < 0)
            return false;
        bits = bits << 6 | (uint32_t)value;
        if (i % 4 == 0)
            continue;
        bytes[size++] = (uint8_t)(bits >> (6 - 2 * (i % 4)));
    }
    *out_bytes = span_make(bytes, size);
    return true;
}

void web_base64_encode(struct span bytes, struct buffer *out_text)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    uint8_t *text = buffer_reserve(out_text, (bytes.size + 2) / 3 * 4);
    size_t size = 0;
    if (!text)
        return;
    for (size_t i = 0; i < bytes.size; i += 3) {
        size_t left = bytes.size - i;
        uint32_t bits = (uint32_t)bytes.data[i] << 16 |
                        (left > 1 ? (uint32_t)bytes.data[i + 1] << 8 : 0) |
                        (left > 2 ? bytes.data[i + 2] : 0);
        text[size++] = (uint8_t)letters[bits >> 18];
        text[size++] = (uint8_t)letters[bits >> 12 & 63];
        text[size++] = left > 1 ? (uint8_t)letters[bits >> 6 & 63] : '=';
        text[size++] = left > 2 ? (uint8_t)letters[bits & 63] : '=';
    }
    buffer_commit(out_text, size);
}
