/* Names of regions and servers, znode wrapping, exception classes. */
#include "tests/support/support.h"

#include "base/limits.h"
#include "proto/exception_class.h"
#include "proto/region.h"
#include "proto/server_name.h"
#include "proto/znode.h"

/* A name that real HBase 2.6.4 gave. */
static void region_names_are_hbases(void **state)
{
    (void)state;
    struct span name = SPAN_LITERAL(
        "hbase:namespace,,1795404486296.87dac63348de6b16316acba4d2b68996.");
    struct buffer out = {0};
    char storage[ENCODED_NAME_SIZE + 1];
    struct span table, start_key, id;
    region_name_put(&out, SPAN_LITERAL("hbase:namespace"), SPAN_EMPTY, 1795404486296);
    assert_spans_equal(buffer_span(&out), name);
    assert_spans_equal(
        region_encoded_name(name, storage), SPAN_LITERAL("87dac63348de6b16316acba4d2b68996"));
    assert_spans_equal(
        region_encoded_name(SPAN_LITERAL("hbase:meta,,1"), storage), SPAN_LITERAL("1588230740"));
    assert_status(
        region_name_split(SPAN_LITERAL("t,a,b,17.x."), &table, &start_key, &id), STATUS_OK);
    assert_spans_equal(table, SPAN_LITERAL("t"));
    assert_spans_equal(start_key, SPAN_LITERAL("a,b"));
    assert_spans_equal(id, SPAN_LITERAL("17.x."));
    assert_status(region_name_split(SPAN_LITERAL("t,17"), &table, &start_key, &id), STATUS_INVALID);
    buffer_reset(&out);
    region_name_put(&out, SPAN_LITERAL("hbase:meta"), SPAN_EMPTY, 1);
    assert_spans_equal(buffer_span(&out), SPAN_LITERAL("hbase:meta,,1"));
    buffer_deinit(&out);
}

static void region_infos_read_back_as_written(void **state)
{
    (void)state;
    struct region_info info = {.region_id = 17,
        .table = SPAN_LITERAL("ns:t"),
        .start_key = SPAN_LITERAL("a"),
        .end_key = SPAN_LITERAL("b"),
        .is_offline = true,
        .is_split = true,
        .replica_id = 2};
    struct region_info decoded;
    struct buffer out = {0};
    struct error error;
    uint8_t storage[LIMIT_TABLE_NAME_SIZE];
    region_info_encode(&out, &info);
    assert_ok(region_info_decode(buffer_span(&out), storage, &decoded, &error), &error);
    assert_spans_equal(decoded.table, info.table);
    assert_spans_equal(decoded.start_key, info.start_key);
    assert_spans_equal(decoded.end_key, info.end_key);
    assert_true(decoded.region_id == 17 && decoded.is_offline && decoded.is_split &&
                decoded.replica_id == 2);
    assert_status(region_info_decode(SPAN_EMPTY, storage, &decoded, &error), STATUS_INVALID);
    buffer_reset(&out);
    table_name_encode(&out, SPAN_LITERAL("bare"));
    struct span name;
    assert_ok(table_name_decode(buffer_span(&out), storage, &name, &error), &error);
    assert_spans_equal(name, SPAN_LITERAL("bare"));
    buffer_deinit(&out);
}

static void server_names_are_texts(void **state)
{
    (void)state;
    struct server_name name;
    struct buffer out = {0};
    struct error error;
    assert_ok(
        server_name_parse(SPAN_LITERAL("host.example,16020,1795404486296"), &name, &error), &error);
    assert_spans_equal(name.host, SPAN_LITERAL("host.example"));
    assert_true(name.port == 16020 && name.start_code == 1795404486296);
    server_name_put_text(&out, &name);
    assert_spans_equal(buffer_span(&out), SPAN_LITERAL("host.example,16020,1795404486296"));
    static const char *const wrong[] = {"", "host", "host,1", ",1,2", "host,70000,1", "host,1,",
        "host,a,1", "host,1,99999999999999999999"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_status(server_name_parse(span_string(wrong[i]), &name, NULL), STATUS_INVALID);
    struct span host;
    uint32_t port;
    assert_ok(host_port_parse(SPAN_LITERAL("::1:2181"), 0, &host, &port, &error), &error);
    assert_spans_equal(host, SPAN_LITERAL("::1"));
    assert_ok(host_port_parse(SPAN_LITERAL("h"), 2181, &host, &port, &error), &error);
    assert_int_equal(port, 2181);
    assert_status(host_port_parse(SPAN_LITERAL("h"), 0, &host, &port, NULL), STATUS_INVALID);
    assert_status(host_port_parse(SPAN_LITERAL("h:"), 1, &host, &port, NULL), STATUS_INVALID);
    buffer_deinit(&out);
}

static void znodes_are_wrapped_and_unwrapped(void **state)
{
    (void)state;
    struct buffer out = {0};
    struct span message;
    struct error error;
    znode_head_put(&out, SPAN_LITERAL("master:16000"));
    buffer_put(&out, SPAN_LITERAL("message"));
    assert_ok(znode_unwrap(buffer_span(&out), &message, &error), &error);
    assert_spans_equal(message, SPAN_LITERAL("message"));
    assert_ok(znode_unwrap(SPAN_LITERAL("PBUFm"), &message, &error), &error);
    assert_spans_equal(message, SPAN_LITERAL("m"));
    assert_status(znode_unwrap(SPAN_LITERAL("\xff\x00\x00\xff\xff"
                                            "PBUF"),
                      &message, NULL),
        STATUS_INVALID);
    assert_status(znode_unwrap(SPAN_EMPTY, &message, NULL), STATUS_INVALID);
    buffer_deinit(&out);
}

static void znodes_say_who_and_which_cluster(void **state)
{
    (void)state;
    struct buffer out = {0};
    struct error error;
    struct server_name name = {.host = SPAN_LITERAL("h"), .port = 16020, .start_code = 5}, found;
    struct span id;
    znode_put_master(&out, SPAN_LITERAL("w"), &name, 16010);
    assert_ok(znode_take_server(buffer_span(&out), &found, &error), &error);
    assert_int_equal(found.start_code, 5);
    buffer_reset(&out);
    znode_put_meta(&out, SPAN_LITERAL("w"), &name);
    assert_ok(znode_take_server(buffer_span(&out), &found, &error), &error);
    assert_spans_equal(found.host, name.host);
    buffer_reset(&out);
    znode_put_cluster_id(&out, SPAN_LITERAL("w"), SPAN_LITERAL("uuid"));
    assert_ok(znode_take_cluster_id(buffer_span(&out), &id, &error), &error);
    assert_spans_equal(id, SPAN_LITERAL("uuid"));
    assert_status(znode_take_server(SPAN_LITERAL("PBUF"), &found, NULL), STATUS_INVALID);
    assert_status(znode_take_server(buffer_span(&out), &found, NULL), STATUS_INVALID);
    buffer_deinit(&out);
}

static void exceptions_are_classified(void **state)
{
    (void)state;
    assert_int_equal(exception_classify(SPAN_LITERAL(EXCEPTION_NOT_SERVING_REGION), false),
        EXCEPTION_REGION_GONE);
    assert_int_equal(exception_classify(SPAN_LITERAL(EXCEPTION_CALL_QUEUE_TOO_BIG), false),
        EXCEPTION_OVERLOADED);
    assert_int_equal(
        exception_classify(SPAN_LITERAL(EXCEPTION_UNKNOWN_SCANNER), true), EXCEPTION_SCANNER_LOST);
    assert_int_equal(
        exception_classify(SPAN_LITERAL("java.io.EOFException"), false), EXCEPTION_RETRY);
    assert_int_equal(
        exception_classify(SPAN_LITERAL("java.io.EOFException"), true), EXCEPTION_DO_NOT_RETRY);
    assert_int_equal(exception_classify(SPAN_LITERAL("java.lang.NullPointerException"), false),
        EXCEPTION_DO_NOT_RETRY);
    assert_true(exception_is_do_not_retry(SPAN_LITERAL(EXCEPTION_NO_SUCH_FAMILY)));
    assert_false(exception_is_do_not_retry(SPAN_LITERAL(EXCEPTION_REGION_TOO_BUSY)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(region_names_are_hbases),
        cmocka_unit_test(region_infos_read_back_as_written),
        cmocka_unit_test(server_names_are_texts),
        cmocka_unit_test(znodes_are_wrapped_and_unwrapped),
        cmocka_unit_test(znodes_say_who_and_which_cluster),
        cmocka_unit_test(exceptions_are_classified),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
