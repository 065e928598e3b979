/* The on-disk bytes of a schema (docs/formats/descriptor.md):
 *
 *   schema     = u8 version (1), name, attributes, attributes (configuration), varint families,
 * family* family     = name, attributes, attributes (configuration) attributes = varint count,
 * (key, value)* name, key, value = varint size, bytes
 *
 * Families lie sorted by name. The parsed fields are not stored: they follow from the attributes.
 */
#include "base/limits.h"
#include "model/schema.h"
#include "model/schema_parse.h"

#define SCHEMA_VERSION 1

static void attributes_encode(
    const struct attribute *attributes, size_t count, struct buffer *out_bytes)
{
    buffer_put_varint(out_bytes, count);
    for (size_t i = 0; i < count; i++) {
        buffer_put_sized(out_bytes, attributes[i].key);
        buffer_put_sized(out_bytes, attributes[i].value);
    }
}

void table_schema_encode(const struct table_schema *schema, struct buffer *out_bytes)
{
    buffer_put_u8(out_bytes, SCHEMA_VERSION);
    buffer_put_sized(out_bytes, schema->name);
    attributes_encode(schema->attributes, schema->attribute_count, out_bytes);
    attributes_encode(schema->configuration, schema->configuration_count, out_bytes);
    buffer_put_varint(out_bytes, schema->family_count);
    for (size_t i = 0; i < schema->family_count; i++) {
        const struct family_schema *family = &schema->families[i];
        buffer_put_sized(out_bytes, family->name);
        attributes_encode(family->attributes, family->attribute_count, out_bytes);
        attributes_encode(family->configuration, family->configuration_count, out_bytes);
    }
}

static enum status too_short(struct error *error)
{
    return error_set(error, STATUS_CORRUPT, "schema is cut short");
}

/* A sized piece, copied into the arena. */
static enum status take_copy(
    struct span *in, struct arena *arena, struct span *out_bytes, struct error *error)
{
    struct span bytes;
    if (span_take_sized(in, &bytes))
        return too_short(error);
    *out_bytes = arena_copy(arena, bytes);
    if (bytes.size && !out_bytes->data)
        return error_set(error, STATUS_NO_MEMORY, "no memory to decode a schema");
    return STATUS_OK;
}

/* A count that is within its limit and for which there can be enough bytes. */
static enum status take_count(struct span *in, uint64_t limit, size_t least_size, const char *what,
    size_t *out_count, struct error *error)
{
    uint64_t count;
    if (span_take_varint(in, &count))
        return too_short(error);
    if (count > limit || count > in->size / least_size)
        return error_set(
            error, STATUS_CORRUPT, "schema says %llu %s", (unsigned long long)count, what);
    *out_count = (size_t)count;
    return STATUS_OK;
}

static enum status attributes_decode(struct span *in, struct arena *arena,
    struct attribute **out_attributes, size_t *out_count, struct error *error)
{
    size_t count;
    enum status status = take_count(in, LIMIT_SCHEMA_ATTRIBUTES, 2, "attributes", &count, error);
    if (status)
        return status;
    struct attribute *attributes = arena_allocate_zeroed(arena, count, sizeof(*attributes));
    if (!attributes)
        return error_set(error, STATUS_NO_MEMORY, "no memory to decode a schema");
    for (size_t i = 0; i < count; i++) {
        if ((status = take_copy(in, arena, &attributes[i].key, error)) ||
            (status = take_copy(in, arena, &attributes[i].value, error)))
            return status;
    }
    *out_attributes = attributes;
    *out_count = count;
    return STATUS_OK;
}

static enum status family_decode(
    struct span *in, struct arena *arena, struct family_schema *out_family, struct error *error)
{
    struct family_schema family = {0};
    enum status status = take_copy(in, arena, &family.name, error);
    if (!status)
        status = attributes_decode(in, arena, &family.attributes, &family.attribute_count, error);
    if (!status)
        status = attributes_decode(
            in, arena, &family.configuration, &family.configuration_count, error);
    if (!status)
        *out_family = family;
    return status;
}

/* After decoding: what encode promises, and attributes that mean something. */
static enum status schema_settle(struct table_schema *schema, struct error *error)
{
    for (size_t i = 1; i < schema->family_count; i++) {
        if (span_compare(schema->families[i - 1].name, schema->families[i].name) >= 0)
            return error_set(error, STATUS_CORRUPT, "families of a schema are out of order");
    }
    enum status status = schema_parse(schema, error);
    return status ? error_prefix(error, STATUS_CORRUPT, "schema") : STATUS_OK;
}

enum status table_schema_decode(
    struct span *in, struct arena *arena, struct table_schema *out_schema, struct error *error)
{
    struct span rest = *in;
    struct table_schema schema = {0};
    uint8_t version;
    if (span_take_u8(&rest, &version))
        return too_short(error);
    if (version != SCHEMA_VERSION)
        return error_set(error, version > SCHEMA_VERSION ? STATUS_NEWER_FORMAT : STATUS_CORRUPT,
            "schema version is %u", version);
    enum status status = take_copy(&rest, arena, &schema.name, error);
    if (!status)
        status = attributes_decode(
            &rest, arena, &schema.attributes, &schema.attribute_count, error);
    if (!status)
        status = attributes_decode(
            &rest, arena, &schema.configuration, &schema.configuration_count, error);
    if (!status)
        status = take_count(&rest, LIMIT_FAMILIES, 3, "families", &schema.family_count, error);
    if (status)
        return status;
    schema.families = arena_allocate_zeroed(arena, schema.family_count, sizeof(*schema.families));
    if (!schema.families)
        return error_set(error, STATUS_NO_MEMORY, "no memory to decode a schema");
    for (size_t i = 0; i < schema.family_count; i++) {
        if ((status = family_decode(&rest, arena, &schema.families[i], error)))
            return status;
    }
    if ((status = schema_settle(&schema, error)))
        return status;
    *out_schema = schema;
    *in = rest;
    return STATUS_OK;
}
