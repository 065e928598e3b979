#include "cli/cell_line.h"

#include <inttypes.h>

static int hex_digit(uint8_t digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    if (digit >= 'a' && digit <= 'f')
        return digit - 'a' + 10;
    if (digit >= 'A' && digit <= 'F')
        return digit - 'A' + 10;
    return -1;
}

/* Turns \xNN into bytes where the field stands. False when a backslash begins something else. */
static bool unescape(uint8_t *data, size_t *size)
{
    uint8_t *from = *size ? memchr(data, '\\', *size) : NULL;
    uint8_t *to = from, *end = data + *size;
    if (!from)
        return true;
    while (from < end) {
        if (*from != '\\') {
            *to++ = *from++;
            continue;
        }
        int high = end - from >= 4 && from[1] == 'x' ? hex_digit(from[2]) : -1;
        int low = high >= 0 ? hex_digit(from[3]) : -1;
        if (low < 0)
            return false;
        *to++ = (uint8_t)(high << 4 | low);
        from += 4;
    }
    *size = (size_t)(to - data);
    return true;
}

static bool parse_timestamp(struct span text, int64_t *out_timestamp)
{
    uint64_t value = 0;
    if (text.size == 0 || text.size > 19)
        return false;
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
        value = value * 10 + (text.data[i] - '0');
    }
    if (value > INT64_MAX)
        return false;
    *out_timestamp = (int64_t)value;
    return true;
}

enum status cell_line_parse(
    uint8_t *line, size_t size, struct stele_cell *out_cell, struct error *error)
{
    struct span fields[4];
    size_t count = 0;
    for (uint8_t *at = line, *end = line + size;;) {
        uint8_t *tab = at < end ? memchr(at, '\t', (size_t)(end - at)) : NULL;
        if (count == 4)
            return error_set(error, STATUS_INVALID, "more than four fields");
        size_t field_size = (size_t)((tab ? tab : end) - at);
        bool is_timestamp = count == 2 && tab;
        if (!is_timestamp && !unescape(at, &field_size))
            return error_set(error, STATUS_INVALID, "a backslash is not followed by xNN");
        fields[count++] = span_make(at, field_size);
        if (!tab)
            break;
        at = tab + 1;
    }
    if (count < 3)
        return error_set(error, STATUS_INVALID, "fewer than three fields");
    size_t colon = span_find(fields[1], ':');
    if (fields[0].size == 0 || colon == 0 || colon == SIZE_MAX)
        return error_set(error, STATUS_INVALID,
            fields[0].size ? "the column is not family:qualifier" : "the row is empty");
    struct stele_cell cell = {
        .row = {fields[0].data, fields[0].size},
        .family = {fields[1].data, colon},
        .qualifier = {fields[1].data + colon + 1, fields[1].size - colon - 1},
        .value = {fields[count - 1].data, fields[count - 1].size},
        .timestamp = STELE_LATEST,
        .type = STELE_CELL_PUT,
    };
    if (count == 4 && !parse_timestamp(fields[2], &cell.timestamp))
        return error_set(error, STATUS_INVALID, "the timestamp is not a number");
    *out_cell = cell;
    return STATUS_OK;
}

static void put_escaped(struct buffer *out, struct stele_bytes bytes)
{
    uint8_t *at = buffer_reserve(out, bytes.size * 4);
    uint8_t *from = at;
    if (!at)
        return;
    for (size_t i = 0; i < bytes.size; i++) {
        uint8_t byte = bytes.data[i];
        if (byte >= 0x20 && byte <= 0x7e && byte != '\\') {
            *at++ = byte;
            continue;
        }
        *at++ = '\\';
        *at++ = 'x';
        *at++ = (uint8_t) "0123456789ABCDEF"[byte >> 4];
        *at++ = (uint8_t) "0123456789ABCDEF"[byte & 15];
    }
    buffer_commit(out, (size_t)(at - from));
}

void cell_line_put(struct buffer *out, const struct stele_cell *cell)
{
    put_escaped(out, cell->row);
    buffer_put_u8(out, '\t');
    put_escaped(out, cell->family);
    buffer_put_u8(out, ':');
    put_escaped(out, cell->qualifier);
    buffer_put_format(out, "\t%" PRId64 "\t", cell->timestamp);
    put_escaped(out, cell->value);
    buffer_put_u8(out, '\n');
}

/* ---- TSV ---- */

enum status tsv_columns_parse(
    struct span text, struct tsv_columns *out_columns, struct error *error)
{
    static const char *const names[] = {[TSV_ROW] = "HBASE_ROW_KEY",
        [TSV_TIMESTAMP] = "HBASE_TS_KEY",
        [TSV_TTL] = "HBASE_CELL_TTL",
        [TSV_ATTRIBUTE_LIST] = "HBASE_ATTRIBUTES_KEY"};
    size_t counts[TSV_KINDS] = {0};
    out_columns->count = 0;
    for (bool is_last = false; !is_last;) {
        size_t comma = span_find(text, ',');
        is_last = comma == SIZE_MAX;
        struct span name = is_last ? text : span_slice(text, 0, comma);
        if (!is_last)
            text = span_slice(text, comma + 1, text.size - comma - 1);
        if (out_columns->count == TSV_COLUMNS)
            return error_set(error, STATUS_LIMIT, "more than %d columns", TSV_COLUMNS);
        size_t index = out_columns->count++, colon = span_find(name, ':');
        size_t family_size = colon == SIZE_MAX ? name.size : colon;
        size_t kind = TSV_KINDS - 1;
        while (kind > TSV_CELL && !span_equal(name, span_string(names[kind])))
            kind--;
        out_columns->columns[index].kind = (enum tsv_kind)kind;
        counts[kind]++;
        if (span_equal(name, SPAN_LITERAL("HBASE_CELL_VISIBILITY")))
            return error_set(error, STATUS_INVALID, "column '%.*s' is not supported",
                (int)name.size, (const char *)name.data);
        if (kind == TSV_CELL &&
            (family_size == 0 || span_starts_with(name, SPAN_LITERAL("HBASE_"))))
            return error_set(error, STATUS_INVALID, "column '%.*s' is not family:qualifier",
                (int)name.size, (const char *)name.data);
        out_columns->columns[index].family = stele_bytes(name.data, family_size);
        out_columns->columns[index].qualifier = colon == SIZE_MAX
                                                    ? STELE_TEXT("")
                                                    : stele_bytes(name.data + colon + 1,
                                                          name.size - colon - 1);
    }
    for (size_t kind = TSV_TIMESTAMP; kind < TSV_KINDS; kind++)
        if (counts[kind] > 1)
            return error_set(error, STATUS_INVALID, "%s is there more than once", names[kind]);
    if (counts[TSV_ROW] != 1 || counts[TSV_CELL] == 0)
        return error_set(
            error, STATUS_INVALID, "the columns need HBASE_ROW_KEY once, and one family:qualifier");
    return STATUS_OK;
}

static bool parse_ttl(struct span text, int64_t *out_ttl_ms)
{
    bool is_negative = text.size > 1 && text.data[0] == '-';
    int64_t ttl_ms;
    if (!parse_timestamp(is_negative ? span_slice(text, 1, text.size - 1) : text, &ttl_ms))
        return false;
    *out_ttl_ms = is_negative ? 0 : ttl_ms;
    return true;
}

static enum status parse_attributes(
    struct span text, struct tsv_beside *beside, struct error *error)
{
    while (text.size > 0) {
        size_t comma = span_find(text, ',');
        struct span one = span_slice(text, 0, comma == SIZE_MAX ? text.size : comma);
        text = comma == SIZE_MAX ? SPAN_EMPTY : span_slice(text, comma + 1, text.size - comma - 1);
        size_t arrow = span_find(one, '=');
        while (arrow != SIZE_MAX && (arrow + 1 == one.size || one.data[arrow + 1] != '>')) {
            size_t next = span_find(span_slice(one, arrow + 1, one.size - arrow - 1), '=');
            arrow = next == SIZE_MAX ? SIZE_MAX : arrow + 1 + next;
        }
        if (arrow == SIZE_MAX || arrow == 0)
            return error_set(error, STATUS_INVALID, "the attributes are not key=>value,...");
        if (beside->attribute_count == TSV_ATTRIBUTES)
            return error_set(error, STATUS_LIMIT, "more than %d attributes", (int)TSV_ATTRIBUTES);
        beside->attributes[beside->attribute_count++] = (struct stele_attribute){
            stele_bytes(one.data, arrow), stele_bytes(one.data + arrow + 2, one.size - arrow - 2)};
    }
    return STATUS_OK;
}

enum status tsv_line_parse(const struct tsv_columns *columns, uint8_t separator, struct span line,
    struct stele_cell *out_cells, size_t *out_count, struct tsv_beside *out_beside,
    struct error *error)
{
    static const char *const missing[] = {[TSV_ROW] = "row key",
        [TSV_TIMESTAMP] = "timestamp",
        [TSV_TTL] = "time to live",
        [TSV_ATTRIBUTE_LIST] = "attributes"};
    struct stele_bytes row = {NULL, 0};
    int64_t timestamp = STELE_LATEST;
    size_t count = 0, field = 0;
    out_beside->ttl_ms = 0;
    out_beside->attribute_count = 0;
    for (bool is_last = false; !is_last; field++) {
        enum status status;
        size_t end = span_find(line, separator);
        is_last = end == SIZE_MAX;
        struct span value = is_last ? line : span_slice(line, 0, end);
        if (!is_last)
            line = span_slice(line, end + 1, line.size - end - 1);
        if (field == columns->count)
            return error_set(error, STATUS_INVALID, "more than %zu fields", columns->count);
        switch (columns->columns[field].kind) {
        case TSV_ROW:
            row = stele_bytes(value.data, value.size);
            break;
        case TSV_TIMESTAMP:
            if (!parse_timestamp(value, &timestamp))
                return error_set(error, STATUS_INVALID, "the timestamp is not a number");
            break;
        case TSV_TTL:
            if (!parse_ttl(value, &out_beside->ttl_ms))
                return error_set(error, STATUS_INVALID, "the time to live is not a number");
            break;
        case TSV_ATTRIBUTE_LIST:
            if ((status = parse_attributes(value, out_beside, error)))
                return status;
            break;
        case TSV_CELL:
            out_cells[count++] = (struct stele_cell){
                .family = columns->columns[field].family,
                .qualifier = columns->columns[field].qualifier,
                .value = {value.data, value.size},
                .type = STELE_CELL_PUT,
            };
            break;
        }
    }
    for (size_t i = field; i < columns->count; i++)
        if (columns->columns[i].kind != TSV_CELL)
            return error_set(error, STATUS_INVALID, "%zu field%s: no %s", field,
                field == 1 ? "" : "s", missing[columns->columns[i].kind]);
    if (row.size == 0)
        return error_set(error, STATUS_INVALID, "the row is empty");
    if (count == 0)
        return error_set(error, STATUS_INVALID, "no field but the row's");
    for (size_t i = 0; i < count; i++) {
        out_cells[i].row = row;
        out_cells[i].timestamp = timestamp;
    }
    *out_count = count;
    return STATUS_OK;
}
