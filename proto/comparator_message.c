#include "proto/filter_message.h"
#include "proto/wire.h"

#define PACKAGE "org.apache.hadoop.hbase.filter."

static const char *const comparator_names[] = {
    [COMPARATOR_BINARY] = "BinaryComparator",
    [COMPARATOR_BINARY_PREFIX] = "BinaryPrefixComparator",
    [COMPARATOR_BINARY_COMPONENT] = "BinaryComponentComparator",
    [COMPARATOR_LONG] = "LongComparator",
    [COMPARATOR_BIG_DECIMAL] = "BigDecimalComparator",
    [COMPARATOR_BIT] = "BitComparator",
    [COMPARATOR_NULL] = "NullComparator",
    [COMPARATOR_REGEX] = "RegexStringComparator",
    [COMPARATOR_SUBSTRING] = "SubstringComparator",
};

static bool comparator_find(struct span class_name, enum comparator_kind *out_kind)
{
    struct span package = SPAN_LITERAL(PACKAGE);
    if (!span_starts_with(class_name, package))
        return false;
    struct span name = span_slice(class_name, package.size, class_name.size - package.size);
    for (size_t i = 0; i < sizeof(comparator_names) / sizeof(comparator_names[0]); i++) {
        if (span_equal(name, span_string(comparator_names[i]))) {
            *out_kind = (enum comparator_kind)i;
            return true;
        }
    }
    return false;
}

/* ByteArrayComparable{value = 1}. */
static enum status comparable_decode(struct span message, struct span *out_value)
{
    struct wire_field field;
    enum status status;
    *out_value = SPAN_LITERAL("");
    while (!(status = wire_take(&message, &field)))
        if (wire_is(&field, 1, WIRE_BYTES))
            *out_value = field.bytes;
    return status == STATUS_END ? STATUS_OK : status;
}

/* One field of the serialized comparator. */
static enum status field_decode(const struct wire_field *field, struct comparator *out)
{
    switch (out->kind) {
    case COMPARATOR_BINARY:
    case COMPARATOR_BINARY_PREFIX:
    case COMPARATOR_LONG:
    case COMPARATOR_BIG_DECIMAL:
    case COMPARATOR_BIT:
        if (wire_is(field, 1, WIRE_BYTES))
            return comparable_decode(field->bytes, &out->value);
        if (out->kind == COMPARATOR_BIT && wire_is(field, 2, WIRE_VARINT)) {
            if (field->value < BIT_AND || field->value > BIT_XOR)
                return STATUS_INVALID;
            out->bit_op = (enum bit_op)field->value;
        }
        return STATUS_OK;
    case COMPARATOR_BINARY_COMPONENT:
        if (wire_is(field, 1, WIRE_BYTES))
            out->value = field->bytes;
        else if (wire_is(field, 2, WIRE_VARINT))
            out->offset = (uint32_t)field->value;
        return STATUS_OK;
    case COMPARATOR_REGEX:
        if (wire_is(field, 1, WIRE_BYTES))
            out->value = field->bytes;
        else if (wire_is(field, 2, WIRE_VARINT))
            out->regex_flags = (int32_t)field->value;
        else if (wire_is(field, 3, WIRE_BYTES) && !charset_find(field->bytes, &out->charset))
            return STATUS_UNSUPPORTED;
        return STATUS_OK;
    case COMPARATOR_SUBSTRING:
        if (wire_is(field, 1, WIRE_BYTES))
            out->value = field->bytes;
        return STATUS_OK;
    case COMPARATOR_NULL:
        return STATUS_OK;
    }
    return STATUS_INVALID;
}

enum status comparator_decode(struct span message, struct arena *arena,
    const struct comparator **out_comparator, struct error *error)
{
    struct span name, body;
    struct comparator comparator = {.value = SPAN_LITERAL(""), .bit_op = BIT_AND};
    if (wire_read_pair(message, &name, &body))
        return error_set(error, STATUS_INVALID, "comparator is malformed");
    if (!comparator_find(name, &comparator.kind))
        return error_set(error, STATUS_UNSUPPORTED, "comparator %.*s is not supported",
            (int)(name.size < 200 ? name.size : 200), (const char *)name.data);
    struct wire_field field;
    enum status status;
    while (!(status = wire_take(&body, &field)))
        if ((status = field_decode(&field, &comparator)))
            break;
    if (status == STATUS_UNSUPPORTED)
        return error_set(error, status, "charset %.*s is not supported",
            (int)(field.bytes.size < 200 ? field.bytes.size : 200), (const char *)field.bytes.data);
    if (status != STATUS_END || (comparator.kind == COMPARATOR_LONG && comparator.value.size != 8))
        return error_set(error, STATUS_INVALID, "comparator %.*s is malformed", (int)name.size,
            (const char *)name.data);
    if (comparator.kind == COMPARATOR_LONG)
        comparator.long_value = (int64_t)load_be64(comparator.value.data);
    struct comparator *copy = arena_allocate(arena, sizeof(*copy));
    if (!copy)
        return error_set(error, STATUS_NO_MEMORY, "no memory for a comparator");
    *copy = comparator;
    *out_comparator = copy;
    return STATUS_OK;
}

static void comparable_put(struct buffer *out, struct span value)
{
    size_t mark = wire_begin(out, 1);
    wire_put_bytes(out, 1, value);
    wire_end(out, mark);
}

void comparator_encode(struct buffer *out, const struct comparator *comparator)
{
    size_t mark = wire_begin(out, 1);
    buffer_put(out, SPAN_LITERAL(PACKAGE));
    buffer_put(out, span_string(comparator_names[comparator->kind]));
    wire_end(out, mark);
    mark = wire_begin(out, 2);
    uint8_t number[8];
    switch (comparator->kind) {
    case COMPARATOR_BINARY:
    case COMPARATOR_BINARY_PREFIX:
    case COMPARATOR_BIG_DECIMAL:
        comparable_put(out, comparator->value);
        break;
    case COMPARATOR_LONG:
        store_be64(number, (uint64_t)comparator->long_value);
        comparable_put(out, span_make(number, sizeof(number)));
        break;
    case COMPARATOR_BIT:
        comparable_put(out, comparator->value);
        wire_put_varint(out, 2, comparator->bit_op);
        break;
    case COMPARATOR_BINARY_COMPONENT:
        wire_put_bytes(out, 1, comparator->value);
        wire_put_varint(out, 2, comparator->offset);
        break;
    case COMPARATOR_REGEX:
        wire_put_bytes(out, 1, comparator->value);
        wire_put_varint(out, 2, (uint64_t)(int64_t)comparator->regex_flags);
        wire_put_bytes(out, 3, span_string(charset_name(comparator->charset)));
        break;
    case COMPARATOR_SUBSTRING:
        wire_put_bytes(out, 1, comparator->value);
        break;
    case COMPARATOR_NULL:
        break;
    }
    wire_end(out, mark);
}
