/* The ZooKeeper facade as a client's bytes meet it. */
#include "tests/support/support.h"

#include <stdlib.h>

#include "proto/znode.h"
#include "server/zk/facade.h"

#define STARTED_MS 1700000000000
#define FRESH_ID   77

struct world {
    struct znode_tree *tree;
    struct zk_facade facade;
    struct zk_session session;
    struct buffer out;
    struct buffer request;
};

static int make_world(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    const struct znode_tree_config config = {
        .cluster_id = "0a1b",
        .server = {SPAN_LITERAL("localhost"), 16000, STARTED_MS},
        .started_ms = STARTED_MS,
    };
    assert_int_equal(znode_tree_new(&config, &world->tree), STATUS_OK);
    world->facade = (struct zk_facade){.tree = world->tree, .secret = 5};
    *state = world;
    return 0;
}

static int free_world(void **state)
{
    struct world *world = *state;
    znode_tree_free(world->tree);
    buffer_deinit(&world->out);
    buffer_deinit(&world->request);
    free(world);
    return 0;
}

static void handle(struct world *world)
{
    zk_session_handle(
        &world->session, &world->facade, FRESH_ID, buffer_span(&world->request), &world->out);
}

/* The next message of the answers, which are read from the front. */
static struct span take_message(struct span *answers)
{
    uint32_t size;
    struct span message = SPAN_EMPTY;
    assert_false(span_take_be32(answers, &size));
    assert_false(span_take_bytes(answers, size, &message));
    return message;
}

/* Connects; *out_password points into world->out. Returns the time-out that was agreed, 0 = expired. */
static int32_t connect_as(
    struct world *world, uint64_t id, struct span password, struct span *out_password)
{
    buffer_reset(&world->request);
    buffer_reset(&world->out);
    jute_put_i32(&world->request, 0);
    jute_put_i64(&world->request, 0);
    jute_put_i32(&world->request, 90000);
    jute_put_i64(&world->request, (int64_t)id);
    jute_put_bytes(&world->request, password);
    jute_put_bool(&world->request, false);
    world->session = (struct zk_session){0};
    handle(world);
    struct span answers = buffer_span(&world->out);
    struct span message = take_message(&answers);
    int32_t version = -1, timeout_ms = -1;
    int64_t session = 0;
    bool is_read_only = true;
    assert_int_equal(answers.size, 0);
    assert_false(jute_take_i32(&message, &version) || jute_take_i32(&message, &timeout_ms) ||
                 jute_take_i64(&message, &session) || jute_take_bytes(&message, out_password) ||
                 jute_take_bool(&message, &is_read_only));
    return timeout_ms;
}

static void connect_fresh(struct world *world)
{
    struct span password;
    assert_true(connect_as(world, 0, SPAN_EMPTY, &password) > 0);
}

static void begin_request(struct world *world, int32_t operation)
{
    buffer_reset(&world->request);
    buffer_reset(&world->out);
    jute_put_i32(&world->request, 9);
    jute_put_i32(&world->request, operation);
}

/* Sends what was begun. Returns the error code; the body and what follows the answer come out. */
static int32_t send_request(struct world *world, struct span *out_body, struct span *out_rest)
{
    handle(world);
    struct span answers = buffer_span(&world->out);
    struct span message = take_message(&answers);
    int32_t xid = 0, problem = -1;
    int64_t zxid = 0;
    assert_false(jute_take_i32(&message, &xid) || jute_take_i64(&message, &zxid) ||
                 jute_take_i32(&message, &problem));
    assert_int_equal(xid, 9);
    assert_int_equal(zxid, STARTED_MS);
    *out_body = message;
    *out_rest = answers;
    return problem;
}

static int32_t ask(struct world *world, int32_t operation, const char *path, struct span *out_body)
{
    struct span rest;
    begin_request(world, operation);
    jute_put_bytes(&world->request, span_string(path));
    jute_put_bool(&world->request, true);
    int32_t problem = send_request(world, out_body, &rest);
    assert_int_equal(rest.size, 0);
    return problem;
}

static void a_session_comes_back_with_its_password_only(void **state)
{
    struct world *world = *state;
    struct span password;
    assert_int_equal(connect_as(world, 0, SPAN_EMPTY, &password), 90000);
    assert_int_equal(world->session.id, FRESH_ID);
    uint8_t kept[ZK_PASSWORD_SIZE];
    assert_int_equal(password.size, sizeof kept);
    memcpy(kept, password.data, sizeof kept);
    assert_int_equal(connect_as(world, FRESH_ID, span_make(kept, sizeof kept), &password), 90000);
    assert_false(world->session.is_over);
    kept[3] ^= 1;
    assert_int_equal(connect_as(world, FRESH_ID, span_make(kept, sizeof kept), &password), 0);
    assert_true(world->session.is_over);
}

static void the_master_is_told_in_hbases_wrapping(void **state)
{
    struct world *world = *state;
    struct span body, data = SPAN_EMPTY, message;
    struct error error = {0};
    connect_fresh(world);
    assert_int_equal(ask(world, ZK_GET_DATA, "/hbase/master", &body), ZK_OK);
    assert_false(jute_take_bytes(&body, &data));
    assert_int_equal(data.data[0], 0xFF); /* gohbase insists */
    assert_ok(znode_unwrap(data, &message, &error), &error);
    assert_true(message.size > 0);
    assert_int_equal(body.size, 68); /* the node's stat */
}

static void children_are_listed_by_name(void **state)
{
    struct world *world = *state;
    struct span body, name = SPAN_EMPTY;
    int32_t count = 0;
    bool has_meta = false;
    connect_fresh(world);
    assert_int_equal(ask(world, ZK_GET_CHILDREN, "/hbase", &body), ZK_OK);
    assert_false(jute_take_i32(&body, &count));
    for (int32_t i = 0; i < count; i++) {
        assert_false(jute_take_bytes(&body, &name));
        has_meta = has_meta || span_equal(name, SPAN_LITERAL("meta-region-server"));
    }
    assert_true(has_meta);
    assert_int_equal(body.size, 0);
    assert_int_equal(ask(world, ZK_GET_CHILDREN, "/hbase/rs", &body), ZK_OK);
    assert_false(jute_take_i32(&body, &count) || jute_take_bytes(&body, &name));
    assert_int_equal(count, 1);
    assert_spans_equal(name, SPAN_LITERAL("localhost,16000,1700000000000"));
}

static void what_is_not_served_is_refused_and_the_session_lives(void **state)
{
    struct world *world = *state;
    struct span body;
    connect_fresh(world);
    assert_int_equal(ask(world, ZK_EXISTS, "/hbase/nothing", &body), ZK_NO_NODE);
    assert_int_equal(ask(world, ZK_CREATE, "/hbase/new", &body), ZK_NO_AUTH);
    assert_int_equal(body.size, 0);
    assert_int_equal(ask(world, ZK_MULTI, "/hbase", &body), ZK_UNIMPLEMENTED);
    assert_int_equal(ask(world, 9999, "/hbase", &body), ZK_UNIMPLEMENTED);
    assert_false(world->session.is_over);
    assert_int_equal(ask(world, ZK_EXISTS, "/hbase", &body), ZK_OK);
}

static void put_paths(struct buffer *out, const char *path)
{
    jute_put_i32(out, 1);
    jute_put_bytes(out, span_string(path));
}

/* Sets three watches after having seen `zxid`; returns how many notifications follow the answer. */
static unsigned count_notifications(struct world *world, int64_t zxid)
{
    struct span body, rest;
    unsigned count = 0;
    begin_request(world, ZK_SET_WATCHES);
    jute_put_i64(&world->request, zxid);
    put_paths(&world->request, "/hbase/meta-region-server");
    put_paths(&world->request, "/hbase/not-there");
    put_paths(&world->request, "/hbase/rs");
    assert_int_equal(send_request(world, &body, &rest), ZK_OK);
    while (rest.size > 0) {
        struct span message = take_message(&rest);
        int32_t xid = 0;
        assert_false(jute_take_i32(&message, &xid));
        assert_int_equal(xid, ZK_XID_NOTIFICATION);
        count++;
    }
    return count;
}

static void watches_set_again_tell_what_changed_since(void **state)
{
    struct world *world = *state;
    connect_fresh(world);
    assert_int_equal(count_notifications(world, STARTED_MS), 0);
    assert_int_equal(count_notifications(world, STARTED_MS - 1), 2);
}

static void a_cut_request_is_an_error_and_a_cut_header_the_end(void **state)
{
    struct world *world = *state;
    struct span body, rest;
    connect_fresh(world);
    begin_request(world, ZK_GET_DATA);
    jute_put_i32(&world->request, 1000); /* a path longer than what follows */
    assert_int_equal(send_request(world, &body, &rest), ZK_MARSHALLING_ERROR);
    assert_false(world->session.is_over);
    buffer_reset(&world->request);
    buffer_put_u8(&world->request, 0);
    handle(world);
    assert_true(world->session.is_over);
}

static void null_and_negative_sizes_are_told_apart(void **state)
{
    static const uint8_t null[] = {0xFF, 0xFF, 0xFF, 0xFF}, negative[] = {0xFF, 0xFF, 0xFF, 0xFE};
    struct span in = span_make(null, sizeof null), bytes = SPAN_LITERAL("x");
    (void)state;
    assert_false(jute_take_bytes(&in, &bytes));
    assert_int_equal(bytes.size, 0);
    in = span_make(negative, sizeof negative);
    assert_true(jute_take_bytes(&in, &bytes));
    assert_int_equal(in.size, sizeof negative);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            a_session_comes_back_with_its_password_only, make_world, free_world),
        cmocka_unit_test_setup_teardown(
            the_master_is_told_in_hbases_wrapping, make_world, free_world),
        cmocka_unit_test_setup_teardown(children_are_listed_by_name, make_world, free_world),
        cmocka_unit_test_setup_teardown(
            what_is_not_served_is_refused_and_the_session_lives, make_world, free_world),
        cmocka_unit_test_setup_teardown(
            watches_set_again_tell_what_changed_since, make_world, free_world),
        cmocka_unit_test_setup_teardown(
            a_cut_request_is_an_error_and_a_cut_header_the_end, make_world, free_world),
        cmocka_unit_test(null_and_negative_sizes_are_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
