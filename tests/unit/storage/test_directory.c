#include "storage/directory.h"

#include <stdlib.h>

#include "base/env_memory.h"
#include "tests/support/support.h"

static void names_from_users_survive_encoding(void **state)
{
    (void)state;
    struct dice dice = {7};
    for (int i = 0; i < 2000; i++) {
        uint8_t bytes[80];
        size_t size = dice_below(&dice, sizeof(bytes));
        for (size_t k = 0; k < size; k++)
            bytes[k] = (uint8_t)dice_next(&dice);
        char encoded[DIRECTORY_NAME_SIZE + 1];
        struct buffer decoded = {0};
        assert_status(directory_name_encode(span_make(bytes, size), encoded, NULL), STATUS_OK);
        assert_null(strchr(encoded, '/'));
        assert_null(strchr(encoded, '.'));
        assert_status(directory_name_decode(encoded, &decoded, NULL), STATUS_OK);
        assert_spans_equal(buffer_span(&decoded), span_make(bytes, size));
        buffer_deinit(&decoded);
    }
}

static void a_name_that_does_not_fit_is_refused(void **state)
{
    (void)state;
    char encoded[DIRECTORY_NAME_SIZE + 1] = "untouched";
    uint8_t bytes[DIRECTORY_NAME_SIZE] = {0};
    assert_status(
        directory_name_encode(span_make(bytes, sizeof(bytes)), encoded, NULL), STATUS_LIMIT);
    assert_string_equal(encoded, "untouched");
    memset(bytes, 'x', sizeof(bytes));
    assert_status(directory_name_encode(span_make(bytes, sizeof(bytes)), encoded, NULL), STATUS_OK);
}

static void a_name_has_one_encoding(void **state)
{
    (void)state;
    const char *const bad[] = {"a.b", "%41", "%2f", "%4", "%", "a/b", "a%zz", "\xc3"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct buffer decoded = {0};
        assert_status(directory_name_decode(bad[i], &decoded, NULL), STATUS_CORRUPT);
        buffer_deinit(&decoded);
    }
}

static void sstable_names_are_fresh_and_split_again(void **state)
{
    (void)state;
    struct directory directory;
    struct env *env = env_memory_new(1, ENV_MEMORY_SEEDED);
    assert_status(
        directory_init(&directory, env, "root//", "host.example.org,16000,17", NULL), STATUS_OK);
    assert_string_equal(directory.root, "root");
    for (uint64_t i = 1; i < 4; i++) {
        char name[SSTABLE_NAME_SIZE];
        char incarnation[DIRECTORY_NAME_SIZE + 1];
        uint64_t number;
        directory_sstable_name(&directory, name);
        assert_true(directory_sstable_name_parse(name, incarnation, &number));
        assert_int_equal(number, i);
        assert_string_equal(incarnation, directory.incarnation);
    }
    char incarnation[DIRECTORY_NAME_SIZE + 1];
    uint64_t number;
    assert_false(directory_sstable_name_parse("../x-1.sst", incarnation, &number));
    assert_false(directory_sstable_name_parse("x-01.sst", incarnation, &number));
    assert_false(directory_sstable_name_parse("-1.sst", incarnation, &number));
    assert_false(directory_sstable_name_parse("x-1.sst.tmp", incarnation, &number));
    env_memory_free(env);
}

static void numbers_have_one_spelling(void **state)
{
    (void)state;
    uint64_t number = 99;
    assert_true(directory_number_parse("12.log", "", ".log", &number));
    assert_int_equal(number, 12);
    assert_true(directory_number_parse("spare-0", "spare-", "", &number));
    assert_int_equal(number, 0);
    assert_false(directory_number_parse("012.log", "", ".log", &number));
    assert_false(directory_number_parse(".log", "", ".log", &number));
    assert_false(directory_number_parse("1x.log", "", ".log", &number));
    assert_false(directory_number_parse("99999999999999999999.log", "", ".log", &number));
    assert_false(directory_id_is_valid(""));
    assert_false(directory_id_is_valid("a/b"));
    assert_false(directory_id_is_valid("000000000000000000000000000000000"));
    assert_true(directory_id_is_valid("1588230740"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_from_users_survive_encoding),
        cmocka_unit_test(a_name_that_does_not_fit_is_refused),
        cmocka_unit_test(a_name_has_one_encoding),
        cmocka_unit_test(sstable_names_are_fresh_and_split_again),
        cmocka_unit_test(numbers_have_one_spelling),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
