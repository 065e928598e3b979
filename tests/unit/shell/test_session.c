/* The shell's connection: where it goes when nobody says, that it is made when it is needed and not before, and what is
 * offered to complete a word. No server is asked. */
#include "tests/support/support.h"

#include <stdlib.h>

#include "shell/interpreter.h"
#include "shell/session.h"

static struct session *session;

static struct session *open_session(const char *connect, const char *zookeeper)
{
    struct error error = {0};
    assert_ok(session_new(connect, zookeeper, &session, &error), &error);
    return session;
}

static int set_up(void **state)
{
    (void)state;
    unsetenv("STELE_CONNECT");
    session = NULL;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    session_free(session);
    return 0;
}

static void the_place_is_what_was_said_else_of_the_environment_else_the_default(void **state)
{
    (void)state;
    assert_string_equal(open_session(NULL, NULL)->connect, "127.0.0.1:16000");
    session_free(session);
    setenv("STELE_CONNECT", "", 1);
    assert_string_equal(open_session(NULL, NULL)->connect, "127.0.0.1:16000");
    session_free(session);
    setenv("STELE_CONNECT", "there:1", 1);
    assert_string_equal(open_session(NULL, NULL)->connect, "there:1");
    session_free(session);
    assert_string_equal(open_session("here:1", NULL)->connect, "here:1");
    session_free(session);
    open_session(NULL, "zk:2181");
    assert_null(session->connect);
    assert_string_equal(session->zookeeper, "zk:2181");
}

static void the_client_is_made_once_when_it_is_needed(void **state)
{
    (void)state;
    struct stele_error error = {0};
    open_session("127.0.0.1:1", NULL);
    assert_null(session->client);
    struct stele_client *client = session_client(session, &error);
    assert_non_null(client);
    assert_ptr_equal(session_client(session, &error), client);
}

static void a_place_that_is_none_is_told(void **state)
{
    (void)state;
    struct stele_error error = {0};
    open_session("host:port", NULL);
    assert_null(session_client(session, &error));
    assert_int_equal(error.status, STELE_INVALID);
    assert_null(session_table(session, STELE_TEXT("t"), &error));
    assert_int_equal(error.status, STELE_INVALID);
}

static void the_table_used_last_is_kept(void **state)
{
    (void)state;
    struct stele_error error = {0};
    open_session("127.0.0.1:1", NULL);
    struct stele_table *table = session_table(session, STELE_TEXT("t"), &error);
    assert_non_null(table);
    assert_ptr_equal(session_table(session, STELE_TEXT("t"), &error), table);
    table = session_table(session, STELE_TEXT("u"), &error);
    assert_non_null(table);
    struct stele_bytes name = stele_table_name(table);
    assert_spans_equal(span_make(name.data, name.size), SPAN_LITERAL("u"));
    table = session_table(session, STELE_TEXT("t"), &error);
    name = stele_table_name(table);
    assert_spans_equal(span_make(name.data, name.size), SPAN_LITERAL("t"));
}

struct words {
    unsigned count;
    bool has_scan, has_other;
};

static void add_word(void *list, struct span word)
{
    struct words *words = list;
    words->count++;
    words->has_scan = words->has_scan || span_equal(word, SPAN_LITERAL("scan"));
    words->has_other = words->has_other || !span_starts_with(word, SPAN_LITERAL("sc"));
}

static void the_first_word_is_completed_to_commands_without_a_server(void **state)
{
    (void)state;
    struct interpreter *interpreter;
    struct error error = {0};
    struct words all = {0}, some = {0}, none = {0};
    open_session("127.0.0.1:1", NULL);
    assert_ok(interpreter_new(session, true, NULL, &interpreter, &error), &error);
    session_set_interpreter(session, interpreter);
    session_complete(session, SPAN_EMPTY, true, add_word, &all);
    session_complete(session, SPAN_LITERAL("sc"), true, add_word, &some);
    session_complete(session, SPAN_LITERAL("xyzzy"), true, add_word, &none);
    assert_true(all.has_scan && all.has_other && some.has_scan && !some.has_other);
    assert_true(some.count > 0 && some.count < all.count);
    assert_int_equal(none.count, 0);
    assert_null(session->client);
    interpreter_free(interpreter);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(the_place_is_what_was_said_else_of_the_environment_else_the_default),
        TEST(the_client_is_made_once_when_it_is_needed), TEST(a_place_that_is_none_is_told),
        TEST(the_table_used_last_is_kept),
        TEST(the_first_word_is_completed_to_commands_without_a_server)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
