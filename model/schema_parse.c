/* From attributes to what the engine acts on (schema_parse.h). */
#include "model/schema_parse.h"

#include <strings.h>

#define BLOCK_SIZE_CLIENT_DEFAULT 65536 /* what every client sends when the user said nothing */
#define BLOCK_SIZE_OURS           16384

bool table_schema_find(const struct table_schema *schema, const char *key, struct span *out_value)
{
    return attributes_find(
               schema->attributes, schema->attribute_count, span_string(key), out_value) ||
           attributes_find(
               schema->configuration, schema->configuration_count, span_string(key), out_value);
}

bool family_schema_find(const struct family_schema *family, const char *key, struct span *out_value)
{
    return attributes_find(
               family->attributes, family->attribute_count, span_string(key), out_value) ||
           attributes_find(
               family->configuration, family->configuration_count, span_string(key), out_value);
}

/* Text for messages: at most 100 bytes of it. */
#define SHOWN(text) (int)((text).size < 100 ? (text).size : 100), (const char *)(text).data

static enum status number_format_error(struct span value, struct error *error)
{
    return error_set(error, STATUS_INVALID, "For input string: \"%.*s\"", SHOWN(value));
}

enum status attribute_parse_integer(bool is_present, struct span value, int64_t least,
    int64_t greatest, int64_t fallback, int64_t *out_number, struct error *error)
{
    if (!is_present) {
        *out_number = fallback;
        return STATUS_OK;
    }
    bool is_negative = value.size && value.data[0] == '-';
    size_t at = is_negative || (value.size && value.data[0] == '+');
    if (at == value.size)
        return number_format_error(value, error);
    int64_t number = 0;
    for (; at < value.size; at++) {
        int digit = value.data[at] - '0';
        if (digit < 0 || digit > 9 || __builtin_mul_overflow(number, (int64_t)10, &number) ||
            __builtin_sub_overflow(number, (int64_t)digit, &number))
            return number_format_error(value, error);
    }
    if (!is_negative && __builtin_sub_overflow((int64_t)0, number, &number))
        return number_format_error(value, error);
    if (number < least || number > greatest)
        return number_format_error(value, error);
    *out_number = number;
    return STATUS_OK;
}

static bool text_is(struct span text, const char *word)
{
    return text.size == strlen(word) && strncasecmp((const char *)text.data, word, text.size) == 0;
}

/* Index of the value in `words`; Java's Enum.valueOf complaint otherwise. */
static enum status word_parse(struct span value, const char *const *words, size_t count,
    const char *type, size_t *out_index, struct error *error)
{
    for (size_t i = 0; i < count; i++) {
        if (text_is(value, words[i])) {
            *out_index = i;
            return STATUS_OK;
        }
    }
    return error_set(error, STATUS_INVALID, "No enum constant org.apache.hadoop.hbase.%s.%.*s",
        type, SHOWN(value));
}

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static enum status family_integer(const struct family_schema *family, const char *key,
    int64_t fallback, int64_t *out_number, struct error *error)
{
    struct span value = SPAN_EMPTY;
    bool is_present = family_schema_find(family, key, &value);
    return attribute_parse_integer(
        is_present, value, INT32_MIN, INT32_MAX, fallback, out_number, error);
}

static bool family_flag(const struct family_schema *family, const char *key, bool fallback)
{
    struct span value;
    return family_schema_find(family, key, &value) ? text_is(value, "true") : fallback;
}

static enum status parse_keep_deleted(struct family_schema *family, struct error *error)
{
    static const char *const words[] = {"FALSE", "TRUE", "TTL"};
    struct span value;
    size_t index = KEEP_DELETED_FALSE;
    enum status status = STATUS_OK;
    if (family_schema_find(family, "KEEP_DELETED_CELLS", &value))
        status = word_parse(value, words, COUNT_OF(words), "KeepDeletedCells", &index, error);
    family->keep_deleted = (enum keep_deleted)index;
    return status;
}

/* COMPRESSION NONE is what clients send unasked, so it means ours, lz4; who wants none at all says
 * so with the configuration entry stele.compression. */
static enum status parse_compression(struct family_schema *family, struct error *error)
{
    static const char *const words[] = {"NONE", "LZ4", "ZSTD", "SNAPPY", "GZ", "GZIP"};
    static const enum compression kinds[] = {COMPRESSION_NONE, COMPRESSION_LZ4, COMPRESSION_ZSTD,
        COMPRESSION_SNAPPY, COMPRESSION_GZIP, COMPRESSION_GZIP};
    struct span value;
    size_t index = 0;
    bool is_ours_named = family_schema_find(family, "stele.compression", &value);
    enum status status = STATUS_OK;
    if (is_ours_named || family_schema_find(family, "COMPRESSION", &value))
        status = word_parse(
            value, words, COUNT_OF(words), "io.compress.Compression.Algorithm", &index, error);
    static const char *const missing[] = {"LZO", "BZIP2", "LZMA", "BROTLI"};
    if (status && !word_parse(value, missing, COUNT_OF(missing), "", &(size_t){0}, NULL))
        error_set(error, status,
            "Compression algorithm '%.*s' is not available: there are NONE, LZ4, ZSTD, SNAPPY and "
            "GZ",
            SHOWN(value));
    else if (status)
        error_set(error, status,
            "No enum constant "
            "org.apache.hadoop.hbase.io.compress.Compression.Algorithm.%.*s" SANITY_BYPASS,
            SHOWN(value));
    family->compression = kinds[index];
    if (family->compression == COMPRESSION_NONE && !is_ours_named)
        family->compression = COMPRESSION_LZ4;
    return status;
}

static enum status parse_bloom(struct family_schema *family, struct error *error)
{
    static const char *const words[] = {"NONE", "ROW", "ROWCOL", "ROWPREFIX_FIXED_LENGTH"};
    static const enum bloom_kind kinds[] = {BLOOM_NONE, BLOOM_ROW, BLOOM_ROW_COLUMN, BLOOM_ROW};
    struct span value;
    size_t index = 1;
    enum status status = STATUS_OK;
    if (family_schema_find(family, "BLOOMFILTER", &value))
        status = word_parse(value, words, COUNT_OF(words), "regionserver.BloomType", &index, error);
    if (status)
        error_set(error, status, "Failed to get bloom filter param" SANITY_BYPASS);
    family->bloom = kinds[index];
    return status;
}

static enum status parse_ttl(struct family_schema *family, struct error *error)
{
    struct span value;
    if (family_schema_find(family, "TTL", &value) && text_is(value, "FOREVER")) {
        family->ttl_ms = TTL_FOREVER_MS;
        return STATUS_OK;
    }
    int64_t seconds;
    enum status status = family_integer(family, "TTL", INT32_MAX, &seconds, error);
    if (!status)
        family->ttl_ms = seconds == INT32_MAX ? TTL_FOREVER_MS : seconds * 1000;
    return status;
}

static enum status family_parse(struct family_schema *family, struct error *error)
{
    int64_t max_versions;
    int64_t min_versions;
    int64_t block_size;
    enum status status;
    if ((status = family_integer(family, "VERSIONS", 1, &max_versions, error)) ||
        (status = family_integer(family, "MIN_VERSIONS", 0, &min_versions, error)) ||
        (status = family_integer(
             family, "BLOCKSIZE", BLOCK_SIZE_CLIENT_DEFAULT, &block_size, error)) ||
        (status = parse_ttl(family, error)) || (status = parse_keep_deleted(family, error)) ||
        (status = parse_compression(family, error)) || (status = parse_bloom(family, error)))
        return status;
    family->max_versions = max_versions < 1 ? 1 : (uint32_t)max_versions;
    family->min_versions = min_versions < 0 ? 0 : (uint32_t)min_versions;
    if (block_size == BLOCK_SIZE_CLIENT_DEFAULT)
        family->block_size_bytes = BLOCK_SIZE_OURS;
    else
        family->block_size_bytes = block_size < 1 ? 1 : (uint32_t)block_size;
    family->is_new_version_behavior = family_flag(family, "NEW_VERSION_BEHAVIOR", false);
    family->is_in_memory = family_flag(family, "IN_MEMORY", false);
    family->is_block_cache_on = family_flag(family, "BLOCKCACHE", true);
    return STATUS_OK;
}

static enum status table_long(
    const struct table_schema *schema, const char *key, int64_t *out_number, struct error *error)
{
    struct span value = SPAN_EMPTY;
    bool is_present = table_schema_find(schema, key, &value);
    return attribute_parse_integer(is_present, value, INT64_MIN, INT64_MAX, -1, out_number, error);
}

static enum status parse_durability(struct table_schema *schema, struct error *error)
{
    static const char *const words[] = {
        "USE_DEFAULT", "SKIP_WAL", "ASYNC_WAL", "SYNC_WAL", "FSYNC_WAL"};
    struct span value;
    size_t index = DURABILITY_USE_DEFAULT;
    enum status status = STATUS_OK;
    if (table_schema_find(schema, "DURABILITY", &value))
        status = word_parse(value, words, COUNT_OF(words), "client.Durability", &index, error);
    schema->durability = index == DURABILITY_USE_DEFAULT ? DURABILITY_SYNC_WAL
                                                         : (enum durability)index;
    return status;
}

enum status schema_parse(struct table_schema *schema, struct error *error)
{
    struct span value;
    enum status status;
    schema->row_order = span_equal(schema->name, SPAN_LITERAL("hbase:meta")) ? ROW_ORDER_META
                                                                             : ROW_ORDER_BYTES;
    schema->is_read_only = table_schema_find(schema, "READONLY", &value) && text_is(value, "true");
    if ((status = parse_durability(schema, error)) ||
        (status = table_long(schema, "MAX_FILESIZE", &schema->max_file_size_bytes, error)) ||
        (status = table_long(schema, "MEMSTORE_FLUSHSIZE", &schema->memtable_flush_bytes, error)))
        return status;
    for (size_t i = 0; i < schema->family_count; i++) {
        if ((status = family_parse(&schema->families[i], error)))
            return status;
    }
    return STATUS_OK;
}
