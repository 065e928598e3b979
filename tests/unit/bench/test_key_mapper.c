/* Row key designs: what rows they make, that they give the key back, what prefixes a query needs. */
#include "tests/support/support.h"

#include <stdio.h>

#include "bench/study/key_mapper.h"

static const struct study_layout layout = {{{"birth", 8}, {"serial", 4}}, 2};

static struct key_mapper parse(const char *text, struct arena *arena)
{
    struct key_mapper mapper;
    struct error error = {0};
    assert_ok(key_mapper_parse(text, &layout, arena, &mapper, &error), &error);
    return mapper;
}

static struct study_key key_of(const char *birth, const char *serial)
{
    struct study_key key = {0};
    study_key_set(&key, &layout, 0, birth);
    study_key_set(&key, &layout, 1, serial);
    return key;
}

static void rows_are_as_the_design_says(void **state)
{
    (void)state;
    static const struct {
        const char *design, *row;
    } cases[] = {
        {"raw", "200305170042"},
        {"promote", "004220030517"},
        {"swap", "004220030517"},
        /* '2' is 0x32, 0x4c with its bits turned; the last byte comes first */
        {"bit-reverse", "\x4c\x2c\x0c\x0c\xec\x8c\xac\x0c\xcc\x0c\x0c\x4c"},
        {"order:serial", "004220030517"},
        {"reverse", "240071503002"},
        {"latest:birth", "799694820042"},
        {"template:{birth:2-8}-{serial}", "030517-0042"},
    };
    struct arena arena = {0};
    struct dice dice = {1};
    struct study_key key = key_of("20030517", "0042");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct key_mapper mapper = parse(cases[i].design, &arena);
        uint8_t row[STUDY_KEY_SIZE];
        size_t size = key_mapper_encode(&mapper, &key, &dice, row);
        assert_spans_equal(span_make(row, size), span_string(cases[i].row));
    }
    arena_deinit(&arena);
}

static void what_keeps_the_key_gives_it_back(void **state)
{
    (void)state;
    static const struct {
        const char *design;
        bool keeps;
    } cases[] = {{"raw", true}, {"promote", true}, {"reverse", true}, {"bit-reverse", true},
        {"swap", true}, {"salt:16", true}, {"salt:7:serial", true}, {"random-salt:4", true},
        {"md5:4", true}, {"md5", false}, {"uuid", false}, {"latest:birth", true},
        {"template:{birth:2-8}{serial}", false}, {"template:x{serial}{birth}", true}};
    struct arena arena = {0};
    struct dice dice = {1};
    struct study_key key = key_of("19981231", "9999"), back;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct key_mapper mapper = parse(cases[i].design, &arena);
        uint8_t row[STUDY_KEY_SIZE];
        size_t size = key_mapper_encode(&mapper, &key, &dice, row);
        assert_int_equal(key_mapper_decode(&mapper, span_make(row, size), &back), cases[i].keeps);
        if (cases[i].keeps)
            assert_true(study_key_matches(&back, &key));
    }
    arena_deinit(&arena);
}

/* Every row of the partial key begins with one of the prefixes. */
static void prefixes_hold_all_rows_of_a_query(void **state)
{
    (void)state;
    static const struct {
        const char *design;
        size_t prefixes;
        bool is_whole_table;
    } cases[] = {{"raw", 1, false}, {"salt:16", 16, false}, {"random-salt:4", 4, false},
        {"md5:4", 1, true}, {"reverse", 1, true}, {"bit-reverse", 1, true}, {"promote", 1, true},
        {"template:{birth:2-8}{serial}", 1, false}, {"uuid", 1, true}};
    struct arena arena = {0};
    struct study_key partial = {.text = {"200305"}, .known = {6}};
    struct key_prefix prefixes[KEY_MAPPER_SALT_MAX];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct key_mapper mapper = parse(cases[i].design, &arena);
        struct dice dice = {i};
        assert_int_equal(key_mapper_prefixes(&mapper, &partial, prefixes), cases[i].prefixes);
        assert_int_equal(prefixes[0].size == 0, cases[i].is_whole_table);
        for (unsigned day = 1; day <= 31; day++) {
            char birth[16];
            uint8_t row[STUDY_KEY_SIZE];
            bool is_held = false;
            snprintf(birth, sizeof birth, "200305%02u", day);
            struct study_key key = key_of(birth, "0007");
            size_t size = key_mapper_encode(&mapper, &key, &dice, row);
            for (size_t j = 0; j < cases[i].prefixes; j++)
                is_held = is_held || span_starts_with(span_make(row, size),
                                         span_make(prefixes[j].bytes, prefixes[j].size));
            assert_true(is_held);
        }
    }
    arena_deinit(&arena);
}

static void a_wrong_design_is_named(void **state)
{
    (void)state;
    static const struct {
        const char *design, *says;
    } cases[] = {{"salts:4", "did you mean"}, {"salt:0", "1 to 256"},
        {"salt:4:birht", "did you mean 'birth'"},
        {"template:{birth}-{seral}", "there is no field 'seral'; did you mean 'serial'"},
        {"bitreverse", "did you mean 'bit-reverse'"}, {"reverse:4", "used otherwise"},
        {"order:birth,birth", "twice"}, {"template:{birth", "no }"},
        {"template:{birth:4-99}", "bytes 0 to 8"}, {"template:", "used otherwise"},
        {"md5:40", "1 to 32"}};
    struct arena arena = {0};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct key_mapper mapper;
        struct error error = {0};
        assert_int_equal(
            key_mapper_parse(cases[i].design, &layout, &arena, &mapper, &error), STATUS_INVALID);
        if (!strstr(error.message, cases[i].says))
            fail_msg("'%s' answers: %s", cases[i].design, error.message);
    }
    arena_deinit(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_as_the_design_says),
        cmocka_unit_test(what_keeps_the_key_gives_it_back),
        cmocka_unit_test(prefixes_hold_all_rows_of_a_query),
        cmocka_unit_test(a_wrong_design_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
