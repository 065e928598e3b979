#include "proto/schema_message.h"

#include "base/limits.h"
#include "proto/region.h"
#include "proto/wire.h"

static void pairs_put(
    struct buffer *out, uint32_t number, const struct attribute *pairs, size_t count)
{
    for (size_t i = 0; i < count; i++)
        wire_put_pair(out, number, pairs[i].key, pairs[i].value);
}

/* All pairs in field `number`. */
static enum status pairs_decode(struct span message, uint32_t number, struct arena *arena,
    struct attribute **out_pairs, size_t *out_count, struct error *error)
{
    struct wire_field field;
    size_t count = 0;
    for (struct span in = message; !wire_take(&in, &field);)
        count += wire_is(&field, number, WIRE_BYTES);
    if (count > LIMIT_SCHEMA_ATTRIBUTES)
        return error_set(error, STATUS_LIMIT, "schema exceeds the limit of %d attributes",
            LIMIT_SCHEMA_ATTRIBUTES);
    struct attribute *pairs = count ? arena_allocate(arena, count * sizeof(*pairs)) : NULL;
    if (count && !pairs)
        return error_set(error, STATUS_NO_MEMORY, "no memory for a schema");
    count = 0;
    while (!wire_take(&message, &field)) {
        if (!wire_is(&field, number, WIRE_BYTES))
            continue;
        if (wire_read_pair(field.bytes, &pairs[count].key, &pairs[count].value))
            return error_set(error, STATUS_INVALID, "schema has a malformed attribute");
        count++;
    }
    *out_pairs = pairs;
    *out_count = count;
    return STATUS_OK;
}

void family_schema_message_encode(struct buffer *out, const struct family_schema *family)
{
    wire_put_bytes(out, 1, family->name);
    pairs_put(out, 2, family->attributes, family->attribute_count);
    pairs_put(out, 3, family->configuration, family->configuration_count);
}

enum status family_schema_message_decode(
    struct span message, struct arena *arena, struct family_schema *out_family, struct error *error)
{
    struct family_schema family = {0};
    struct wire_field field;
    enum status status;
    for (struct span in = message; !(status = wire_take(&in, &field));)
        if (wire_is(&field, 1, WIRE_BYTES))
            family.name = field.bytes;
    if (status != STATUS_END || !family.name.data)
        return error_set(error, STATUS_INVALID, "column family schema is malformed");
    if ((status = pairs_decode(
             message, 2, arena, &family.attributes, &family.attribute_count, error)) ||
        (status = pairs_decode(
             message, 3, arena, &family.configuration, &family.configuration_count, error)))
        return status;
    *out_family = family;
    return STATUS_OK;
}

void table_schema_message_encode(struct buffer *out, const struct table_schema *schema)
{
    size_t mark = wire_begin(out, 1);
    table_name_encode(out, schema->name);
    wire_end(out, mark);
    pairs_put(out, 2, schema->attributes, schema->attribute_count);
    for (size_t i = 0; i < schema->family_count; i++) {
        mark = wire_begin(out, 3);
        family_schema_message_encode(out, &schema->families[i]);
        wire_end(out, mark);
    }
    pairs_put(out, 4, schema->configuration, schema->configuration_count);
}

enum status table_schema_message_decode(
    struct span message, struct arena *arena, struct table_schema *out_schema, struct error *error)
{
    struct table_schema schema = {0};
    struct wire_field field;
    enum status status;
    size_t count = 0;
    for (struct span in = message; !wire_take(&in, &field);)
        count += wire_is(&field, 3, WIRE_BYTES);
    if (count > LIMIT_FAMILIES)
        return error_set(
            error, STATUS_LIMIT, "schema exceeds the limit of %d column families", LIMIT_FAMILIES);
    schema.families = arena_allocate(arena, count * sizeof(*schema.families));
    uint8_t *storage = arena_allocate(arena, LIMIT_TABLE_NAME_SIZE);
    if (!schema.families || !storage)
        return error_set(error, STATUS_NO_MEMORY, "no memory for a schema");
    for (struct span in = message; !(status = wire_take(&in, &field));) {
        status = STATUS_OK;
        if (wire_is(&field, 1, WIRE_BYTES))
            status = table_name_decode(field.bytes, storage, &schema.name, error);
        else if (wire_is(&field, 3, WIRE_BYTES))
            status = family_schema_message_decode(
                field.bytes, arena, &schema.families[schema.family_count++], error);
        if (status)
            return status;
    }
    if (status != STATUS_END || !schema.name.size)
        return error_set(error, STATUS_INVALID, "table schema is malformed");
    if ((status = pairs_decode(
             message, 2, arena, &schema.attributes, &schema.attribute_count, error)) ||
        (status = pairs_decode(
             message, 4, arena, &schema.configuration, &schema.configuration_count, error)))
        return status;
    *out_schema = schema;
    return STATUS_OK;
}

void namespace_message_encode(struct buffer *out, const struct namespace_schema *schema)
{
    wire_put_bytes(out, 1, schema->name);
    pairs_put(out, 2, schema->configuration, schema->configuration_count);
}

enum status namespace_message_decode(struct span message, struct arena *arena,
    struct namespace_schema *out_schema, struct error *error)
{
    struct namespace_schema schema = {0};
    struct wire_field field;
    enum status status;
    for (struct span in = message; !(status = wire_take(&in, &field));)
        if (wire_is(&field, 1, WIRE_BYTES))
            schema.name = field.bytes;
    if (status != STATUS_END || !schema.name.data)
        return error_set(error, STATUS_INVALID, "namespace is malformed");
    if ((status = pairs_decode(
             message, 2, arena, &schema.configuration, &schema.configuration_count, error)))
        return status;
    *out_schema = schema;
    return STATUS_OK;
}
