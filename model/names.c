/* Names of tables, namespaces and families, with HBase's sentences (TableName,
 * ColumnFamilyDescriptorBuilder). HBase allows letters and digits of every script; here any
 * character beyond ASCII passes when it is well-formed UTF-8. */
#include <stdio.h>

#include "base/limits.h"
#include "model/schema.h"

#define NAMESPACE_DEFAULT SPAN_LITERAL("default")

/* Length of the character at the front, 0 when it is not well-formed UTF-8. */
static size_t utf8_length(struct span text)
{
    uint8_t lead = text.data[0];
    size_t length = lead < 0x80   ? 1
                    : lead < 0xc2 ? 0
                    : lead < 0xe0 ? 2
                    : lead < 0xf0 ? 3
                    : lead < 0xf5 ? 4
                                  : 0;
    if (length > text.size)
        return 0;
    for (size_t i = 1; i < length; i++) {
        if ((text.data[i] & 0xc0) != 0x80)
            return 0;
    }
    return length;
}

static bool is_word(uint8_t byte)
{
    return (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= 'a' && byte <= 'z') || byte == '_';
}

/* Offset of the first character that is neither a word character nor in `also`; name.size when all
 * are. */
static size_t name_find_illegal(struct span name, const char *also)
{
    size_t at = 0;
    while (at < name.size) {
        uint8_t byte = name.data[at];
        size_t length = utf8_length(span_make(name.data + at, name.size - at));
        if (length == 0 || (length == 1 && !is_word(byte) && (byte == 0 || !strchr(also, byte))))
            break;
        at += length;
    }
    return at;
}

static int printable_size(struct span text)
{
    return (int)(text.size < LIMIT_TABLE_NAME_SIZE ? text.size : LIMIT_TABLE_NAME_SIZE);
}

enum status namespace_name_check(struct span name, struct error *error)
{
    if (name.size == 0)
        return error_set(error, STATUS_INVALID, "Namespace name must not be empty");
    if (span_equal(name, SPAN_LITERAL("zookeeper")))
        return error_set(error, STATUS_INVALID, "Tables may not be named 'zookeeper'");
    if (name.size > LIMIT_TABLE_NAME_SIZE)
        return error_set(
            error, STATUS_INVALID, "Namespace name is longer than %d bytes", LIMIT_TABLE_NAME_SIZE);
    size_t at = name_find_illegal(name, "");
    if (at < name.size)
        return error_set(error, STATUS_INVALID,
            "Illegal character <%c> at %zu. Namespaces may only contain 'alphanumeric characters' "
            "from any "
            "language and digits: %.*s",
            name.data[at], at, printable_size(name), (const char *)name.data);
    return STATUS_OK;
}

static enum status qualifier_check(struct span name, struct error *error)
{
    if (name.size == 0)
        return error_set(error, STATUS_INVALID, "Table qualifier must not be empty");
    if (name.data[0] == '.' || name.data[0] == '-')
        return error_set(error, STATUS_INVALID,
            "Illegal first character <%c> at 0. User-space table qualifiers can only start with "
            "'alphanumeric "
            "characters' from any language: %.*s",
            name.data[0], printable_size(name), (const char *)name.data);
    if (span_equal(name, SPAN_LITERAL("zookeeper")))
        return error_set(error, STATUS_INVALID, "Tables may not be named 'zookeeper'");
    size_t at = name_find_illegal(name, "-.");
    if (at < name.size)
        return error_set(error, STATUS_INVALID,
            "Illegal character code:%d, <%c> at %zu. User-space table qualifiers may only contain "
            "'alphanumeric "
            "characters' and digits: %.*s",
            name.data[at], name.data[at], at, printable_size(name), (const char *)name.data);
    return STATUS_OK;
}

enum status table_name_check(struct span name, struct error *error)
{
    if (name.size == 0)
        return error_set(error, STATUS_INVALID, "Name is null or empty");
    if (name.size > LIMIT_TABLE_NAME_SIZE)
        return error_set(
            error, STATUS_INVALID, "Table name is longer than %d bytes", LIMIT_TABLE_NAME_SIZE);
    size_t colon = span_find(name, ':');
    if (colon == SIZE_MAX)
        return qualifier_check(name, error);
    enum status status = namespace_name_check(span_make(name.data, colon), error);
    return status ? status
                  : qualifier_check(span_make(name.data + colon + 1, name.size - colon - 1), error);
}

enum status family_name_check(struct span name, struct error *error)
{
    if (name.size == 0)
        return error_set(error, STATUS_INVALID, "Column Family name can not be empty");
    if (name.size > LIMIT_FAMILY_SIZE)
        return error_set(error, STATUS_INVALID, "The length of family name is bigger than %d",
            LIMIT_FAMILY_SIZE);
    if (name.data[0] == '.')
        return error_set(error, STATUS_INVALID,
            "Column Family names cannot start with a period: %.*s", printable_size(name),
            (const char *)name.data);
    for (size_t i = 0; i < name.size; i++) {
        uint8_t byte = name.data[i];
        if (byte < 0x20 || byte == 0x7f || byte == ':' || byte == '\\' || byte == '/')
            return error_set(error, STATUS_INVALID,
                "Illegal character <%d>. Column Family names cannot contain control characters or "
                "colons: %.*s",
                byte, printable_size(name), (const char *)name.data);
    }
    if (span_equal(name, SPAN_LITERAL("recovered.edits")))
        return error_set(error, STATUS_INVALID, "Column Family name cannot be: recovered.edits");
    return STATUS_OK;
}

void table_name_split(struct span name, struct span *out_namespace, struct span *out_qualifier)
{
    size_t colon = span_find(name, ':');
    if (colon == SIZE_MAX) {
        *out_namespace = NAMESPACE_DEFAULT;
        *out_qualifier = name;
    } else {
        *out_namespace = span_make(name.data, colon);
        *out_qualifier = span_make(name.data + colon + 1, name.size - colon - 1);
    }
}
