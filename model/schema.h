/* Schemas of tables and families (HBase TableDescriptor, ColumnFamilyDescriptor; facts: hbase-rpc 8).
 *
 * A schema keeps every attribute verbatim, known or not, in the order given, so that it is shown as it was
 * sent; the parsed fields beside them are what the engine acts on. Immutable once built; lives in one arena. */
#ifndef STELE_MODEL_SCHEMA_H
#define STELE_MODEL_SCHEMA_H

#include "base/arena.h"
#include "base/bytes.h"
#include "base/status.h"
#include "model/cell.h"

struct attribute {
    struct span key;
    struct span value;
};

enum keep_deleted { KEEP_DELETED_FALSE, KEEP_DELETED_TRUE, KEEP_DELETED_TTL };
enum compression {
    COMPRESSION_NONE = 0,
    COMPRESSION_LZ4 = 1,
    COMPRESSION_ZSTD = 2,
    COMPRESSION_SNAPPY = 3,
    COMPRESSION_GZIP = 4
};
enum bloom_kind { BLOOM_NONE = 0, BLOOM_ROW = 1, BLOOM_ROW_COLUMN = 2 /* kept as ROW in files */ };
enum durability {
    DURABILITY_USE_DEFAULT = 0,
    DURABILITY_SKIP_WAL = 1,
    DURABILITY_ASYNC_WAL = 2,
    DURABILITY_SYNC_WAL = 3,
    DURABILITY_FSYNC_WAL = 4
};

#define TTL_FOREVER_MS INT64_MAX

struct family_schema {
    struct span name;
    struct attribute *attributes; /* verbatim, e.g. VERSIONS -> "3" */
    size_t attribute_count;
    struct attribute *configuration;
    size_t configuration_count;
    /* parsed */
    uint32_t max_versions;
    uint32_t min_versions;
    int64_t ttl_ms; /* TTL_FOREVER_MS = none */
    enum keep_deleted keep_deleted;
    enum compression compression; /* the file's: NONE by default means ours, lz4 (design 5) */
    enum bloom_kind bloom;
    uint32_t block_size_bytes; /* the file's: 65536 by default means ours, 16384 */
    bool is_new_version_behavior;
    bool is_in_memory;
    bool is_block_cache_on;
};

struct table_schema {
    struct span name; /* "ns:qualifier", or bare for namespace "default" */
    struct attribute *attributes;
    size_t attribute_count;
    struct attribute *configuration;
    size_t configuration_count;
    struct family_schema *families; /* sorted by name, unique */
    size_t family_count;
    /* parsed */
    enum row_order row_order;   /* ROW_ORDER_META for hbase:meta only */
    enum durability durability; /* DURABILITY_SYNC_WAL when left alone */
    bool is_read_only;
    int64_t max_file_size_bytes;  /* -1: unset */
    int64_t memtable_flush_bytes; /* -1: unset (128 MiB) */
};

/* Fills the parsed fields from the attributes and checks them as HBase does at create time
 * (facts: hbase-rpc 8). STATUS_INVALID with HBase's sentence on a bad one. Sorts families. */
enum status table_schema_check(struct table_schema *schema, struct error *error);
/* A deep copy into `arena`; STATUS_NO_MEMORY. */
enum status table_schema_copy(struct arena *arena, const struct table_schema *from,
    struct table_schema *out_schema, struct error *error);
/* NULL when absent. */
const struct family_schema *table_schema_family(
    const struct table_schema *schema, struct span name);
/* The attribute's value; false when absent. */
bool attributes_find(
    const struct attribute *attributes, size_t count, struct span key, struct span *out_value);
/* Adds or replaces; the array grows in the arena. */
enum status attributes_set(struct arena *arena, struct attribute **attributes, size_t *count,
    struct span key, struct span value);

/* Our on-disk bytes of a schema (docs/formats/descriptor.md); both directions. */
void table_schema_encode(const struct table_schema *schema, struct buffer *out_bytes);
enum status table_schema_decode(
    struct span *in, struct arena *arena, struct table_schema *out_schema, struct error *error);

/* Names (HBase TableName, ColumnFamilyDescriptorBuilder). STATUS_INVALID with HBase's sentence. */
enum status table_name_check(struct span name, struct error *error); /* with or without namespace */
enum status namespace_name_check(struct span name, struct error *error);
enum status family_name_check(struct span name, struct error *error);
/* "ns:q" -> {ns, q}; "q" -> {"default", q}. */
void table_name_split(struct span name, struct span *out_namespace, struct span *out_qualifier);

#endif
