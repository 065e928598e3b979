#include "storage/tablet_setting.h"

#include <errno.h>
#include <stdlib.h>

enum { TEXT_SIZE = 64 }; /* of a number, with its NUL */

/* The setting as text; false when there is none that could be a number. */
static bool find_text(const struct table_schema *schema, const struct family_schema *family,
    struct span name, char out_text[TEXT_SIZE])
{
    struct span value;
    bool is_found = (family && attributes_find(family->configuration, family->configuration_count,
                                   name, &value)) ||
                    attributes_find(
                        schema->configuration, schema->configuration_count, name, &value);
    if (!is_found || value.size == 0 || value.size >= TEXT_SIZE)
        return false;
    memcpy(out_text, value.data, value.size);
    out_text[value.size] = '\0';
    return true;
}

int64_t tablet_setting_integer(const struct table_schema *schema,
    const struct family_schema *family, struct span name, int64_t otherwise)
{
    char text[TEXT_SIZE];
    if (!find_text(schema, family, name, text))
        return otherwise;
    char *end;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    return *end == '\0' && errno == 0 ? value : otherwise;
}

double tablet_setting_number(const struct table_schema *schema, const struct family_schema *family,
    struct span name, double otherwise)
{
    char text[TEXT_SIZE];
    if (!find_text(schema, family, name, text))
        return otherwise;
    char *end;
    double value = strtod(text, &end);
    return *end == '\0' && value == value ? value : otherwise;
}
