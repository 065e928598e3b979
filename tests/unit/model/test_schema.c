/* Schemas: HBase's checks in its words, what attributes mean, and our bytes. */
#include "model/schema.h"
#include "tests/support/support.h"

#define MOST_ATTRIBUTES 4

/* A table "t" of one family "f" with "KEY=VALUE" attributes (of the table when the key starts with '@'). */
struct sample {
    struct table_schema table;
    struct family_schema family;
    struct attribute of_table[MOST_ATTRIBUTES];
    struct attribute of_family[MOST_ATTRIBUTES];
};

static void sample_init(struct sample *sample, const char *attribute)
{
    *sample = (struct sample){
        .table = {.name = SPAN_LITERAL("t")}, .family = {.name = SPAN_LITERAL("f")}};
    sample->table.families = &sample->family;
    sample->table.family_count = 1;
    sample->table.attributes = sample->of_table;
    sample->family.attributes = sample->of_family;
    if (!attribute)
        return;
    bool is_of_table = attribute[0] == '@';
    const char *key = attribute + is_of_table;
    const char *equals = strchr(key, '=');
    struct attribute made = {
        .key = span_make(key, (size_t)(equals - key)), .value = span_string(equals + 1)};
    if (is_of_table)
        sample->of_table[sample->table.attribute_count++] = made;
    else
        sample->of_family[sample->family.attribute_count++] = made;
}

static void test_refusals_are_in_the_words_of_hbase(void **state)
{
    (void)state;
    static const struct {
        const char *attribute, *message;
    } table[] = {
        {"TTL=0", "TTL for column family f must be positive."},
        {"TTL=x", "For input string: \"x\""},
        {"BLOCKSIZE=512", "Block size for column family f  must be between 1K and 16MB."},
        {"MIN_VERSIONS=2", "Min versions for column family f must be less than the Max versions."},
        {"BLOOMFILTER=MANY", "Failed to get bloom filter param"},
        {"REPLICATION_SCOPE=7", "Replication scope for column family f is 7 which is invalid."},
        {"@MAX_FILESIZE=1024", "MAX_FILESIZE for table descriptor or "
                               "\"hbase.hregion.max.filesize\" (1024) is too small"},
        {"@REGION_REPLICATION=0", "Table region replication should be at least one."},
        {"@SPLIT_POLICY=my.Policy",
            "Unable to load configured region split policy 'my.Policy' for table 't'"},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct sample sample;
        struct error error = {0};
        sample_init(&sample, table[i].attribute);
        assert_int_equal(table_schema_check(&sample.table, &error), STATUS_INVALID);
        if (!strstr(error.message, table[i].message))
            fail_msg("%s: %s", table[i].attribute, error.message);
    }
}

/* Also with HBase's checks bypassed: a table is not served without what it asks for. */
static void test_what_is_not_there_is_refused_always(void **state)
{
    (void)state;
    static const struct {
        const char *attribute, *message;
    } table[] = {
        {"@REGION_REPLICATION=2", "Region replicas are not supported: table t asks for 2"},
        {"@coprocessor$1=|my.Observer|1|", "Coprocessors are not supported: table t asks for one"},
        {"ENCRYPTION=AES", "Encryption of column family f is not supported"},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct sample sample;
        struct error error = {0};
        sample_init(&sample, table[i].attribute);
        sample.of_table[sample.table.attribute_count++] = (struct attribute){
            SPAN_LITERAL("hbase.table.sanity.checks"), SPAN_LITERAL("false")};
        assert_int_equal(table_schema_check(&sample.table, &error), STATUS_UNSUPPORTED);
        assert_string_equal(error.message, table[i].message);
    }
}

static void test_attributes_have_meaning(void **state)
{
    (void)state;
    struct sample sample;
    struct error error = {0};
    sample_init(&sample, NULL);
    assert_ok(table_schema_check(&sample.table, &error), &error);
    assert_int_equal(sample.family.max_versions, 1);
    assert_true(sample.family.ttl_ms == TTL_FOREVER_MS);
    assert_int_equal(sample.family.compression, COMPRESSION_LZ4);
    assert_int_equal(sample.family.block_size_bytes, 16384);
    assert_int_equal(sample.table.durability, DURABILITY_SYNC_WAL);
    sample_init(&sample, "TTL=60");
    assert_ok(table_schema_check(&sample.table, &error), &error);
    assert_int_equal(sample.family.ttl_ms, 60000);
    sample_init(&sample, "KEEP_DELETED_CELLS=ttl");
    assert_ok(table_schema_check(&sample.table, &error), &error);
    assert_int_equal(sample.family.keep_deleted, KEEP_DELETED_TTL);
    sample_init(&sample, "stele.compression=NONE");
    assert_ok(table_schema_check(&sample.table, &error), &error);
    assert_int_equal(sample.family.compression, COMPRESSION_NONE);
    sample_init(&sample, "COMPRESSION=LZO"); /* OpenTSDB's own script asks for it */
    assert_int_equal(table_schema_check(&sample.table, &error), STATUS_INVALID);
    assert_string_equal(error.message,
        "Compression algorithm 'LZO' is not available: there are NONE, LZ4, ZSTD, SNAPPY and GZ");
    sample_init(&sample, "COMPRESSION=lz5");
    assert_int_equal(table_schema_check(&sample.table, &error), STATUS_INVALID);
    assert_non_null(strstr(error.message, "No enum constant "));
}

static void test_names(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        bool is_table, is_family;
    } table[] = {
        {"t", true, true},
        {"ns:t", true, false},
        {"", false, false},
        {".t", false, false},
        {"-t", false, true},
        {"t-1.x_2", true, true},
        {"a b", false, true},
        {"zookeeper", false, true},
        {"a/b", false, false},
        {"ns:", false, false},
        {"\xc3\xa9t\xc3\xa9", true, true},
        {"\xff", false, true},
        {"recovered.edits", true, false},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        assert_int_equal(
            table_name_check(span_string(table[i].name), NULL) == STATUS_OK, table[i].is_table);
        assert_int_equal(
            family_name_check(span_string(table[i].name), NULL) == STATUS_OK, table[i].is_family);
    }
}

static void test_bytes_go_there_and_back(void **state)
{
    (void)state;
    struct sample sample;
    struct arena arena = {0};
    struct buffer bytes = {0};
    struct table_schema decoded;
    struct error error = {0};
    sample_init(&sample, "VERSIONS=5");
    assert_ok(attributes_set(&arena, &sample.table.attributes, &sample.table.attribute_count,
                  SPAN_LITERAL("OWNER"), SPAN_LITERAL("me")),
        &error);
    table_schema_encode(&sample.table, &bytes);
    assert_status(buffer_status(&bytes), STATUS_OK);
    struct span in = buffer_span(&bytes);
    assert_ok(table_schema_decode(&in, &arena, &decoded, &error), &error);
    assert_int_equal(in.size, 0);
    assert_int_equal(decoded.families[0].max_versions, 5);
    assert_spans_equal(decoded.attributes[0].value, SPAN_LITERAL("me"));
    assert_non_null(table_schema_family(&decoded, SPAN_LITERAL("f")));
    assert_null(table_schema_family(&decoded, SPAN_LITERAL("g")));
    for (size_t size = 0; size < bytes.size; size++) {
        in = span_make(bytes.data, size);
        assert_status(table_schema_decode(&in, &arena, &decoded, NULL), STATUS_CORRUPT);
    }
    bytes.data[0] = 9;
    in = buffer_span(&bytes);
    assert_status(table_schema_decode(&in, &arena, &decoded, NULL), STATUS_NEWER_FORMAT);
    buffer_deinit(&bytes);
    arena_deinit(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refusals_are_in_the_words_of_hbase),
        cmocka_unit_test(test_what_is_not_there_is_refused_always),
        cmocka_unit_test(test_attributes_have_meaning),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_bytes_go_there_and_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
