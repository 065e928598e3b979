/* The checks of a schema at create and alter time (HBase TableDescriptorChecker and the builders),
 * with its sentences. */
#include <stdlib.h>

#include "base/limits.h"
#include "model/schema_parse.h"

#define LEAST_FILE_SIZE     (2 << 20)
#define LEAST_FLUSH_SIZE    (1 << 20)
#define LEAST_BLOCK_SIZE    1024
#define GREATEST_BLOCK_SIZE (16 << 20)

#define NAME(text) (int)(text).size, (const char *)(text).data

static int family_order(const void *a, const void *b)
{
    return span_compare(
        ((const struct family_schema *)a)->name, ((const struct family_schema *)b)->name);
}

/* Names, counts and order: never bypassed. */
static enum status check_families(struct table_schema *schema, struct error *error)
{
    enum status status;
    if (schema->family_count > LIMIT_FAMILIES)
        return error_set(error, STATUS_LIMIT, "%zu column families are more than %d",
            schema->family_count, LIMIT_FAMILIES);
    for (size_t i = 0; i < schema->family_count; i++) {
        const struct family_schema *family = &schema->families[i];
        if ((status = family_name_check(family->name, error)))
            return status;
        if (family->attribute_count > LIMIT_SCHEMA_ATTRIBUTES ||
            family->configuration_count > LIMIT_SCHEMA_ATTRIBUTES)
            return error_set(error, STATUS_LIMIT, "column family %.*s has more than %d attributes",
                NAME(family->name), LIMIT_SCHEMA_ATTRIBUTES);
    }
    if (schema->family_count)
        qsort(schema->families, schema->family_count, sizeof(schema->families[0]), family_order);
    for (size_t i = 1; i < schema->family_count; i++) {
        struct span name = schema->families[i].name;
        if (span_equal(schema->families[i - 1].name, name))
            return error_set(error, STATUS_INVALID,
                "Family '%.*s' already exists so cannot be added", NAME(name));
    }
    return STATUS_OK;
}

static bool sanity_is_bypassed(const struct table_schema *schema)
{
    struct span value;
    return table_schema_find(schema, "hbase.table.sanity.checks", &value) &&
           span_equal(value, SPAN_LITERAL("false"));
}

static enum status check_sizes(const struct table_schema *schema, struct error *error)
{
    if (schema->max_file_size_bytes >= 0 && schema->max_file_size_bytes < LEAST_FILE_SIZE)
        return error_set(error, STATUS_INVALID,
            "MAX_FILESIZE for table descriptor or \"hbase.hregion.max.filesize\" (%lld) is too "
            "small, which "
            "might cause over splitting into unmanageable number of regions." SANITY_BYPASS,
            (long long)schema->max_file_size_bytes);
    if (schema->memtable_flush_bytes > 0 && schema->memtable_flush_bytes < LEAST_FLUSH_SIZE)
        return error_set(error, STATUS_INVALID,
            "MEMSTORE_FLUSHSIZE for table descriptor or \"hbase.hregion.memstore.flush.size\" "
            "(%lld) is too "
            "small, which might cause very frequent flushing." SANITY_BYPASS,
            (long long)schema->memtable_flush_bytes);
    return STATUS_OK;
}

/* Classes cannot be loaded here; HBase's own split policies are known by name, and a table that
 * asks for code of its own is refused rather than served without it. */
static enum status check_classes(const struct table_schema *schema, struct error *error)
{
    static const char *const policies[] = {"SteppingSplitPolicy",
        "IncreasingToUpperBoundRegionSplitPolicy", "ConstantSizeRegionSplitPolicy",
        "KeyPrefixRegionSplitPolicy", "DelimitedKeyPrefixRegionSplitPolicy",
        "DisabledRegionSplitPolicy", "BusyRegionSplitPolicy"};
    static const struct span package = {
        (const uint8_t *)"org.apache.hadoop.hbase.regionserver.", 37};
    struct span value;
    if (table_schema_find(schema, "SPLIT_POLICY", &value)) {
        bool is_known = false;
        for (size_t i = 0;
             i < sizeof(policies) / sizeof(policies[0]) && span_starts_with(value, package); i++)
            is_known |= span_equal(span_slice(value, package.size, value.size - package.size),
                span_string(policies[i]));
        if (!is_known)
            return error_set(error, STATUS_INVALID,
                "Unable to load configured region split policy '%.*s' for table "
                "'%.*s'" SANITY_BYPASS,
                (int)(value.size < 100 ? value.size : 100), (const char *)value.data,
                NAME(schema->name));
    }
    for (size_t i = 0; i < schema->attribute_count; i++) {
        value = schema->attributes[i].value;
        if (span_starts_with(schema->attributes[i].key, SPAN_LITERAL("coprocessor$")))
            return error_set(error, STATUS_INVALID, "No jar path specified for %.*s" SANITY_BYPASS,
                (int)(value.size < 100 ? value.size : 100), (const char *)value.data);
    }
    return STATUS_OK;
}

static enum status check_table(const struct table_schema *schema, struct error *error)
{
    struct span value = SPAN_EMPTY;
    int64_t replicas;
    enum status status;
    if ((status = check_sizes(schema, error)) || (status = check_classes(schema, error)))
        return status;
    if (schema->family_count == 0)
        return error_set(
            error, STATUS_INVALID, "Table should have at least one column family." SANITY_BYPASS);
    bool is_present = table_schema_find(schema, "REGION_REPLICATION", &value);
    if ((status = attribute_parse_integer(
             is_present, value, INT32_MIN, INT32_MAX, 1, &replicas, error)))
        return status;
    if (replicas < 1)
        return error_set(error, STATUS_INVALID,
            "Table region replication should be at least one." SANITY_BYPASS);
    return STATUS_OK;
}

/* An integer attribute of a family, already known to be one when `schema_parse` reads it. */
static enum status family_number(const struct family_schema *family, const char *key,
    int64_t fallback, int64_t *out_number, struct error *error)
{
    struct span value = SPAN_EMPTY;
    bool is_present = family_schema_find(family, key, &value);
    return attribute_parse_integer(
        is_present, value, INT32_MIN, INT32_MAX, fallback, out_number, error);
}

static enum status check_family(const struct family_schema *family, struct error *error)
{
    int64_t block_size;
    int64_t versions;
    int64_t min_versions;
    int64_t scope;
    int64_t replication;
    enum status status;
    if ((status = family_number(family, "BLOCKSIZE", 65536, &block_size, error)) ||
        (status = family_number(family, "VERSIONS", 1, &versions, error)) ||
        (status = family_number(family, "MIN_VERSIONS", 0, &min_versions, error)) ||
        (status = family_number(family, "REPLICATION_SCOPE", 0, &scope, error)) ||
        (status = family_number(family, "DFS_REPLICATION", 0, &replication, error)))
        return status;
    if (versions < 1)
        return error_set(error, STATUS_INVALID, "Maximum versions must be positive" SANITY_BYPASS);
    if (scope != 0 && scope != 1)
        return error_set(error, STATUS_INVALID,
            "Replication scope for column family %.*s is %d which is invalid." SANITY_BYPASS,
            NAME(family->name), (int)scope);
    if (family->ttl_ms <= 0)
        return error_set(error, STATUS_INVALID,
            "TTL for column family %.*s must be positive." SANITY_BYPASS, NAME(family->name));
    if (block_size < LEAST_BLOCK_SIZE || block_size > GREATEST_BLOCK_SIZE)
        return error_set(error, STATUS_INVALID,
            "Block size for column family %.*s  must be between 1K and 16MB." SANITY_BYPASS,
            NAME(family->name));
    if (min_versions < 0)
        return error_set(error, STATUS_INVALID,
            "Min versions for column family %.*s  must be positive." SANITY_BYPASS,
            NAME(family->name));
    if (min_versions > versions)
        return error_set(error, STATUS_INVALID,
            "Min versions for column family %.*s must be less than the Max versions." SANITY_BYPASS,
            NAME(family->name));
    if (replication < 0)
        return error_set(error, STATUS_INVALID,
            "HFile Replication for column family %.*s  must be greater than zero." SANITY_BYPASS,
            NAME(family->name));
    return STATUS_OK;
}

/* What Stele has not: never bypassed, for then a table would be served without what it asks for (of coprocessors the
 * checks above speak first, in HBase's words). */
static enum status check_supported(const struct table_schema *schema, struct error *error)
{
    struct span value = SPAN_EMPTY;
    int64_t replicas = 1;
    bool is_present = table_schema_find(schema, "REGION_REPLICATION", &value);
    if (!attribute_parse_integer(is_present, value, INT32_MIN, INT32_MAX, 1, &replicas, NULL) &&
        replicas > 1)
        return error_set(error, STATUS_UNSUPPORTED,
            "Region replicas are not supported: table %.*s asks for %lld", NAME(schema->name),
            (long long)replicas);
    for (size_t i = 0; i < schema->attribute_count; i++)
        if (span_starts_with(schema->attributes[i].key, SPAN_LITERAL("coprocessor$")))
            return error_set(error, STATUS_UNSUPPORTED,
                "Coprocessors are not supported: table %.*s asks for one", NAME(schema->name));
    for (size_t i = 0; i < schema->family_count; i++)
        if (family_schema_find(&schema->families[i], "ENCRYPTION", &value) && value.size)
            return error_set(error, STATUS_UNSUPPORTED,
                "Encryption of column family %.*s is not supported",
                NAME(schema->families[i].name));
    return STATUS_OK;
}

static enum status check_sanity(const struct table_schema *schema, struct error *error)
{
    enum status status = check_table(schema, error);
    for (size_t i = 0; i < schema->family_count && !status; i++)
        status = check_family(&schema->families[i], error);
    return status;
}

enum status table_schema_check(struct table_schema *schema, struct error *error)
{
    enum status status;
    if ((status = table_name_check(schema->name, error)) ||
        (status = check_families(schema, error)) || (status = schema_parse(schema, error)))
        return status;
    if (schema->attribute_count > LIMIT_SCHEMA_ATTRIBUTES ||
        schema->configuration_count > LIMIT_SCHEMA_ATTRIBUTES)
        return error_set(error, STATUS_LIMIT, "table %.*s has more than %d attributes",
            NAME(schema->name), LIMIT_SCHEMA_ATTRIBUTES);
    if (schema->row_order == ROW_ORDER_META && schema->is_read_only)
        return error_set(
            error, STATUS_INVALID, "Meta table can't be set as read only." SANITY_BYPASS);
    if (!sanity_is_bypassed(schema) && (status = check_sanity(schema, error)))
        return status;
    return check_supported(schema, error);
}
