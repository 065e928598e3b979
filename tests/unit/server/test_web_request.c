/* Requests of the web port taken apart, and what the guard and the routes make of them. */
#include "tests/support/support.h"

#include "server/web/web_call.h"
#include "server/web/web_gzip.h"
#include "server/web/web_json.h"
#include "server/web/web_skew.h"

#define TOKEN "0123456789abcdef0123456789abcdef"

static struct web_request parse(struct arena *arena, const char *target)
{
    struct web_request request = {0};
    struct error error = {0};
    assert_ok(web_request_parse(span_string(target), arena, &request, &error), &error);
    return request;
}

static void segments_are_decoded_one_by_one(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct web_request request = parse(&arena, "/api/v1/tables/a%2Fb%00/tablets?x=%31+2&y&=&z=%2B");
    assert_int_equal(request.segment_count, 5);
    assert_true(span_equal(request.segments[3], span_make("a/b\0", 4)));
    assert_int_equal(request.parameter_count, 3);
    assert_true(span_equal(*web_request_find(&request, "x"), SPAN_LITERAL("1 2")));
    assert_int_equal(web_request_find(&request, "y")->size, 0);
    assert_true(span_equal(*web_request_find(&request, "z"), SPAN_LITERAL("+")));
    assert_null(web_request_find(&request, "w"));
    assert_int_equal(parse(&arena, "/").segment_count, 0);
    arena_deinit(&arena);
}

static void gzip_is_given_to_those_who_take_it(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        bool is_taken;
    } cases[] = {{NULL, false}, {"", false}, {"gzip", true}, {"br , GZip", true},
        {"x-gzip;q=0.1", true}, {"gzip;q=0", false}, {"gzip ; q=0.000", false}, {"*", true},
        {"*;q=0", false}, {"*, gzip;q=0", false}, {"notgzip", false}, {"gzipped", false},
        {",,;=", false}, {"gzip;", true}, {"deflate, br", false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (web_gzip_is_taken(cases[i].header) != cases[i].is_taken)
            fail_msg("%s", cases[i].header);
}

static void what_was_packed_is_unpacked(void **state)
{
    (void)state;
    for (size_t size = 0; size < 300000; size = size * 3 + 1) {
        struct buffer bytes = {0}, packed = {0}, back = {0};
        for (size_t i = 0; i < size; i++)
            buffer_put_u8(&bytes, (uint8_t)(i % 9 + i / 1000 % 7));
        bool is_packed = web_gzip_pack(buffer_span(&bytes), &packed);
        assert_true(is_packed || size < 100); /* a few bytes do not become smaller */
        assert_int_equal(packed.size == 0, !is_packed);
        if (is_packed) {
            assert_true(packed.size < size);
            assert_true(web_gzip_unpack(buffer_span(&packed), &back));
            assert_true(span_equal(buffer_span(&back), buffer_span(&bytes)));
            assert_false(web_gzip_unpack(span_make(packed.data, packed.size - 9), &back));
        }
        buffer_deinit(&bytes);
        buffer_deinit(&packed);
        buffer_deinit(&back);
    }
}

static void wrong_targets_are_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {"", "x", "http://h/", "/%", "/%4", "/%4g", "/a?%", "/?a&a",
        "/?a=1&a=2", "/1/2/3/4/5/6/7/8/9", "*"};
    struct arena arena = {0};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct web_request request = {0};
        struct error error = {0};
        assert_status(
            web_request_parse(span_string(wrong[i]), &arena, &request, &error), STATUS_INVALID);
        assert_true(error.message[0]);
    }
    arena_deinit(&arena);
}

static void keys_are_text_or_base64(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct web_request request = parse(&arena,
        "/?text=a%5Cx00%5CxFF&base=b64:AP9h&url=b64:_-8&padded=b64:AP8=&plus=b64:++++&bad="
        "b64:A&worse=b64:*&");
    const struct {
        const char *name;
        struct span key;
    } good[] = {{"text", span_make("a\0\xff", 3)},
        {"base", span_make("\0\xff"
                           "a",
                     3)},
        {"url", span_make("\xff\xef", 2)}, {"padded", span_make("\0\xff", 2)},
        {"plus", span_make("\xfb\xef\xbe", 3)}, {"absent", SPAN_EMPTY}};
    struct span key;
    struct error error = {0};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_ok(web_request_key(&request, good[i].name, &arena, &key, &error), &error);
        assert_true(span_equal(key, good[i].key));
    }
    assert_status(web_request_key(&request, "bad", &arena, &key, &error), STATUS_INVALID);
    assert_status(web_request_key(&request, "worse", &arena, &key, &error), STATUS_INVALID);
    arena_deinit(&arena);
}

static void base64_comes_back(void **state)
{
    (void)state;
    struct arena arena = {0};
    uint8_t bytes[256];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 37);
    for (size_t size = 0; size <= sizeof bytes; size++) {
        struct buffer text = {0};
        struct span back = SPAN_EMPTY;
        web_base64_encode(span_make(bytes, size), &text);
        assert_int_equal(text.size, (size + 2) / 3 * 4);
        assert_true(web_base64_decode(buffer_span(&text), &arena, &back));
        assert_true(span_equal(back, span_make(bytes, size)));
        buffer_deinit(&text);
    }
    arena_deinit(&arena);
}

static void numbers_have_bounds(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct web_request request = parse(&arena, "/?a=5&b=-1&c=99999999999999999999&d=1x&e=&f=-");
    struct error error = {0};
    int64_t value = 0;
    assert_ok(web_request_number(&request, "a", 1, 1, 5, &value, &error), &error);
    assert_int_equal(value, 5);
    assert_ok(web_request_number(&request, "z", 7, 1, 5, &value, &error), &error);
    assert_int_equal(value, 7);
    for (const char *name = "abcdef"; *name; name++) {
        char text[2] = {*name, 0};
        assert_status(web_request_number(&request, text, 1, 1, 4, &value, &error), STATUS_INVALID);
    }
    arena_deinit(&arena);
}

/* ---- Guard and routes ---- */

struct world {
    struct hbase_service hbase;
    struct web_service service;
};

static struct world world(void)
{
    struct world made = {.service = {.role = SERVER_MASTER,
                             .host = "127.0.0.1",
                             .advertise_host = "Db.example",
                             .token = TOKEN}};
    return made;
}

/* The status that the guard gives; 0: it lets the call through. */
static int begin(struct world *world, const char *host, enum web_method method, const char *target,
    const char *token, const char *origin)
{
    world->service.hbase = &world->hbase;
    world->service.env = world->hbase.env = env_real();
    struct web_call call = {.service = &world->service};
    call.request = parse(&call.arena, target);
    call.request.method = method;
    call.request.host = span_string(host);
    call.request.token = span_string(token);
    call.request.origin = span_string(origin);
    call.request.content_type = SPAN_LITERAL("application/json; charset=utf-8");
    const struct web_route *route = web_call_begin(&call);
    int status = route ? 0 : call.answer.status;
    assert_true(route || strstr((const char *)call.answer.body.data, "\"error\""));
    web_call_deinit(&call);
    return status;
}

static void only_our_hosts_are_answered(void **state)
{
    (void)state;
    struct world one = world();
    static const char *const good[] = {"localhost", "localhost:80", "127.0.0.1:16010", "[::1]",
        "[::1]:1", "db.EXAMPLE:9", "192.168.1.7"};
    static const char *const bad[] = {"", "evil.example", "localhost.evil", "127.0.0.1.nip.io",
        "[::1", "::1:80", "db.example.", "999.1.1.1", "0x7f.1"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_int_equal(begin(&one, good[i], WEB_GET, "/livez", "", ""), 0);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(begin(&one, bad[i], WEB_GET, "/livez", "", ""), 403);
}

static void routes_know_methods_and_parameters(void **state)
{
    (void)state;
    struct world one = world();
    assert_int_equal(begin(&one, "localhost", WEB_HEAD, "/api/v1/tables/t", "", ""), 0);
    assert_int_equal(begin(&one, "localhost", WEB_GET, "/api/v1/tables//tablets", "", ""), 404);
    assert_int_equal(begin(&one, "localhost", WEB_GET, "/api/v1/tables/t/rows", "", ""), 404);
    assert_int_equal(begin(&one, "localhost", WEB_POST, "/api/v1/tables", TOKEN, ""), 405);
    assert_int_equal(begin(&one, "localhost", WEB_GET, "/api/v1/actions/split", TOKEN, ""), 405);
    assert_int_equal(
        begin(&one, "localhost", WEB_GET, "/api/v1/tables?limit=1&lim=1", "", ""), 400);
    assert_int_equal(begin(&one, "localhost", WEB_GET, "/api/v1/tables?", "", ""), 0);
}

static void actions_need_token_and_origin(void **state)
{
    (void)state;
    struct world one = world();
    const char *path = "/api/v1/actions/split";
    assert_int_equal(begin(&one, "localhost:80", WEB_POST, path, TOKEN, ""), 0);
    assert_int_equal(begin(&one, "localhost:80", WEB_POST, path, TOKEN, "http://localhost:80"), 0);
    assert_int_equal(
        begin(&one, "localhost:80", WEB_POST, path, TOKEN, "http://localhost:81"), 403);
    assert_int_equal(begin(&one, "localhost:80", WEB_POST, path, TOKEN, "null"), 403);
    assert_int_equal(begin(&one, "localhost:80", WEB_POST, path, "", ""), 403);
    assert_int_equal(begin(&one, "localhost:80", WEB_POST, path, TOKEN "0", ""), 403);
    one.service.is_read_only = true;
    assert_int_equal(begin(&one, "localhost:80", WEB_POST, path, TOKEN, ""), 403);
}

static void bytes_in_json(void **state)
{
    (void)state;
    uint8_t long_key[1000];
    memset(long_key, 'k', sizeof long_key);
    json_t *object = web_json_bytes(span_make("\0\xff\"", 3));
    assert_string_equal(json_string_value(json_object_get(object, "b64")), "AP8i");
    assert_string_equal(json_string_value(json_object_get(object, "text")), "\\x00\\xFF\"");
    assert_null(json_object_get(object, "cut"));
    json_decref(object);
    object = web_json_bytes(span_make(long_key, sizeof long_key));
    assert_int_equal(json_string_length(json_object_get(object, "b64")), 1336);
    assert_int_equal(json_string_length(json_object_get(object, "text")), WEB_TEXT_SIZE_MAX);
    assert_true(json_is_true(json_object_get(object, "cut")));
    json_decref(object);
    object = web_json_text(span_make("\xff\xfe", 2));
    assert_string_equal(json_string_value(object), "\\xFF\\xFE");
    json_decref(object);
}

static void skew(void **state)
{
    (void)state;
    struct web_skew skew;
    double even[] = {5, 5, 5, 5}, one[] = {0, 12, 0, 0}, none[] = {0, 0};
    assert_true(web_skew_of(even, 4, &skew));
    assert_true(skew.max_mean == 1 && skew.effective == 4 && skew.gini > -1e-9 && skew.gini < 1e-9);
    assert_true(web_skew_of(one, 4, &skew));
    assert_true(skew.max_mean == 4 && skew.effective == 1 && skew.gini > 0.74 && skew.gini < 0.76);
    assert_false(web_skew_of(none, 2, &skew));
    assert_false(web_skew_of(none, 0, &skew));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(segments_are_decoded_one_by_one),
        cmocka_unit_test(gzip_is_given_to_those_who_take_it),
        cmocka_unit_test(what_was_packed_is_unpacked),
        cmocka_unit_test(wrong_targets_are_refused),
        cmocka_unit_test(keys_are_text_or_base64),
        cmocka_unit_test(base64_comes_back),
        cmocka_unit_test(numbers_have_bounds),
        cmocka_unit_test(only_our_hosts_are_answered),
        cmocka_unit_test(routes_know_methods_and_parameters),
        cmocka_unit_test(actions_need_token_and_origin),
        cmocka_unit_test(bytes_in_json),
        cmocka_unit_test(skew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
