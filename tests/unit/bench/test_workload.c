/* Mixes, sizes, keys, values and presets. */
#include "tests/support/support.h"

#include <math.h>

#include "bench/preset.h"
#include "bench/workload.h"

#define DRAWS 100000

static void a_mix_draws_its_shares(void **state)
{
    (void)state;
    struct mix mix;
    struct error error = {0};
    struct dice dice = {3};
    unsigned counts[OPERATION_COUNT] = {0};
    assert_ok(mix_parse("get:70,put:20,scan:9.5,rmw:0.5", &mix, &error), &error);
    for (size_t i = 0; i < DRAWS; i++)
        counts[mix_draw(&mix, &dice)]++;
    assert_in_range(counts[OPERATION_READ], 69000, 71000);
    assert_in_range(counts[OPERATION_UPDATE], 19200, 20800);
    assert_in_range(counts[OPERATION_SCAN], 8900, 10100);
    assert_in_range(counts[OPERATION_READ_MODIFY_WRITE], 350, 650);
    assert_ok(mix_parse("increment", &mix, &error), &error);
    assert_int_equal(mix_draw(&mix, &dice), OPERATION_INCREMENT);
}

static void a_wrong_mix_is_named(void **state)
{
    (void)state;
    static const struct {
        const char *text, *says;
    } cases[] = {{"get:50", "sum to 50 %"}, {"get:50,putt:50", "did you mean"},
        {"get:x", "no percentage"}, {"", "sum to 0 %"}, {"get:60,put:60", "120 %"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct mix mix;
        struct error error = {0};
        assert_int_equal(mix_parse(cases[i].text, &mix, &error), STATUS_INVALID);
        if (!strstr(error.message, cases[i].says))
            fail_msg("'%s' answers: %s", cases[i].text, error.message);
    }
}

static void sizes_have_their_mean_and_bounds(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        double mean, within;
        uint64_t least, most;
    } cases[] = {{"100", 100, 0, 100, 100}, {"uniform:10-30", 20, .2, 10, 30},
        {"exponential:50", 50, 1.5, 0, 1000}, {"zipf:1-1000", 133.8, 8, 1, 1000}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct size_draw draw;
        struct error error = {0};
        struct dice dice = {5};
        double sum = 0;
        assert_ok(size_draw_parse(cases[i].text, 1 << 20, &draw, &error), &error);
        for (size_t j = 0; j < DRAWS; j++) {
            uint64_t size = size_draw_next(&draw, &dice);
            assert_in_range(size, cases[i].least, cases[i].most);
            sum += (double)size;
        }
        if (fabs(sum / DRAWS - cases[i].mean) > cases[i].within)
            fail_msg("%s: mean %.2f, expected %.2f", cases[i].text, sum / DRAWS, cases[i].mean);
    }
}

static void wrong_sizes_are_refused(void **state)
{
    (void)state;
    static const char *const cases[] = {"", "x", "10-20", "uniform:20-10", "uniform:5", "2000000",
        "zipf:1-2000000", "exponential:0", "-5", "100k"};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct size_draw draw;
        struct error error = {0};
        if (size_draw_parse(cases[i], 1 << 20, &draw, &error) != STATUS_INVALID)
            fail_msg("'%s' is taken", cases[i]);
    }
}

static void keys_are_written_in_order_or_hashed(void **state)
{
    (void)state;
    struct key_format format;
    uint8_t key[KEY_SIZE_MOST], next[KEY_SIZE_MOST];
    assert_true(key_format_init(&format, "user", 20, false, 1000));
    key_format_write(&format, 42, key);
    assert_memory_equal(key, "user0000000000000042", 20);
    key_format_split(&format, 1000, 1, 4, key);
    assert_memory_equal(key, "user0000000000000250", 20);
    assert_true(key_format_init(&format, "", 26, false, 1u << 20));
    key_format_write(&format, 1048575, key);
    assert_memory_equal(key, "00000000000000000001048575", 26);
    assert_true(key_format_init(&format, "user", 20, true, 1000));
    size_t rising = 0;
    for (uint64_t i = 0; i < 1000; i++) {
        key_format_write(&format, i, key);
        key_format_write(&format, i + 1, next);
        rising += memcmp(key, next, 20) < 0;
    }
    assert_in_range(rising, 400, 600);
    key_format_split(&format, 1000, 1, 2, key);
    assert_memory_equal(key, "user5000000000000000", 20);
    assert_false(key_format_init(&format, "user", 6, false, 101)); /* two digits: 100 rows */
    assert_true(key_format_init(&format, "user", 6, false, 100));
    assert_false(key_format_init(&format, "user", 10, true, 10)); /* hashed: at least eight */
    assert_false(key_format_init(&format, "user", 4, false, 1));
}

/* Of 32 bytes as many repeat as asked: told by how many blocks have the text at their end. */
static void values_compress_as_asked(void **state)
{
    (void)state;
    static const unsigned percents[] = {0, 50, 100};
    for (size_t i = 0; i < 3; i++) {
        struct value_plan plan = {size_draw_fixed(64000), percents[i]};
        struct value_maker maker;
        struct dice dice = {9};
        size_t text = 0;
        assert_true(value_maker_init(&maker, &plan, &dice));
        struct span value = value_maker_next(&maker, &dice);
        assert_int_equal(value.size, 64000);
        for (size_t j = 0; j < value.size; j++)
            text += value.data[j] >= 'a' && value.data[j] < 'a' + 16;
        double share = (double)text / 64000, random = (100 - percents[i]) / 100.0;
        assert_true(fabs(share - (1 - random) - random * 16 / 256) < .02);
        value_maker_deinit(&maker);
    }
}

struct presets {
    size_t count;
};

static void look_at_preset(void *context, const struct preset *preset)
{
    struct presets *presets = context;
    struct error error = {0};
    for (size_t i = 0; i < PRESET_OPTIONS && preset->options[i].name; i++) {
        struct mix mix;
        struct key_distribution keys;
        struct size_draw size;
        const char *name = preset->options[i].name, *value = preset->options[i].value;
        if (strcmp(name, "mix") == 0)
            assert_ok(mix_parse(value, &mix, &error), &error);
        if (strcmp(name, "keys") == 0)
            assert_ok(key_distribution_parse(value, &keys, &error), &error);
        if (strcmp(name, "scan-rows") == 0)
            assert_ok(size_draw_parse(value, UINT32_MAX, &size, &error), &error);
    }
    presets->count++;
}

static void presets_say_what_can_be_understood(void **state)
{
    (void)state;
    struct presets presets = {0};
    preset_each(look_at_preset, &presets);
    assert_true(presets.count >= 30);
    assert_non_null(preset_find("ycsb-a"));
    assert_non_null(preset_find("scanRange100"));
    assert_null(preset_find("ycsb-z"));
    assert_null(preset_why_refused("metaRandomRead"));
    assert_null(preset_find("metaWrite"));
    assert_non_null(preset_why_refused("metaWrite"));
    assert_non_null(preset_why_refused("cleanMeta"));
    assert_string_equal(preset_nearest("randomRaed"), "randomRead");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_mix_draws_its_shares),
        cmocka_unit_test(a_wrong_mix_is_named),
        cmocka_unit_test(sizes_have_their_mean_and_bounds),
        cmocka_unit_test(wrong_sizes_are_refused),
        cmocka_unit_test(keys_are_written_in_order_or_hashed),
        cmocka_unit_test(values_compress_as_asked),
        cmocka_unit_test(presets_say_what_can_be_understood),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
