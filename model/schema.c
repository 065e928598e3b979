/* Schemas: looking up, changing and copying attributes. Their meaning is in schema_check.c, their
 * bytes in schema_codec.c. */
#include "model/schema.h"

const struct family_schema *table_schema_family(const struct table_schema *schema, struct span name)
{
    size_t low = 0;
    size_t high = schema->family_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = span_compare(schema->families[middle].name, name);
        if (order == 0)
            return &schema->families[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

bool attributes_find(
    const struct attribute *attributes, size_t count, struct span key, struct span *out_value)
{
    for (size_t i = 0; i < count; i++) {
        if (span_equal(attributes[i].key, key)) {
            *out_value = attributes[i].value;
            return true;
        }
    }
    return false;
}

/* A copy that says no memory only when there was something to copy. */
static bool copy_failed(struct arena *arena, struct span from, struct span *out_copy)
{
    *out_copy = arena_copy(arena, from);
    return from.size > 0 && !out_copy->data;
}

enum status attributes_set(struct arena *arena, struct attribute **attributes, size_t *count,
    struct span key, struct span value)
{
    struct span new_value;
    if (copy_failed(arena, value, &new_value))
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < *count; i++) {
        if (span_equal((*attributes)[i].key, key)) {
            (*attributes)[i].value = new_value;
            return STATUS_OK;
        }
    }
    struct span new_key;
    struct attribute *grown = arena_allocate_zeroed(arena, *count + 1, sizeof(*grown));
    if (!grown || copy_failed(arena, key, &new_key))
        return STATUS_NO_MEMORY;
    if (*count)
        memcpy(grown, *attributes, *count * sizeof(*grown));
    grown[*count] = (struct attribute){.key = new_key, .value = new_value};
    *attributes = grown;
    *count += 1;
    return STATUS_OK;
}

static bool copy_attributes_failed(struct arena *arena, const struct attribute *from, size_t count,
    struct attribute **out_attributes)
{
    struct attribute *copy = arena_allocate_zeroed(arena, count, sizeof(*copy));
    if (!copy)
        return true;
    for (size_t i = 0; i < count; i++) {
        if (copy_failed(arena, from[i].key, &copy[i].key) ||
            copy_failed(arena, from[i].value, &copy[i].value))
            return true;
    }
    *out_attributes = copy;
    return false;
}

static bool copy_family_failed(
    struct arena *arena, const struct family_schema *from, struct family_schema *out_family)
{
    *out_family = *from;
    return copy_failed(arena, from->name, &out_family->name) ||
           copy_attributes_failed(
               arena, from->attributes, from->attribute_count, &out_family->attributes) ||
           copy_attributes_failed(
               arena, from->configuration, from->configuration_count, &out_family->configuration);
}

enum status table_schema_copy(struct arena *arena, const struct table_schema *from,
    struct table_schema *out_schema, struct error *error)
{
    struct table_schema copy = *from;
    copy.families = arena_allocate_zeroed(arena, from->family_count, sizeof(*copy.families));
    if (!copy.families || copy_failed(arena, from->name, &copy.name) ||
        copy_attributes_failed(arena, from->attributes, from->attribute_count, &copy.attributes) ||
        copy_attributes_failed(
            arena, from->configuration, from->configuration_count, &copy.configuration))
        return error_set(error, STATUS_NO_MEMORY, "no memory to copy a schema");
    for (size_t i = 0; i < from->family_count; i++) {
        if (copy_family_failed(arena, &from->families[i], &copy.families[i]))
            return error_set(error, STATUS_NO_MEMORY, "no memory to copy a schema");
    }
    *out_schema = copy;
    return STATUS_OK;
}
