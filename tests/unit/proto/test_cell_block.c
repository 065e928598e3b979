#include "tests/support/support.h"

#include "base/limits.h"
#include "proto/cell_block.h"
#include "proto/frame.h"

static struct cell a_cell(void)
{
    return (struct cell){.row = SPAN_LITERAL("row"),
        .family = SPAN_LITERAL("f"),
        .qualifier = SPAN_LITERAL("qual"),
        .value = SPAN_LITERAL("value"),
        .tags = SPAN_LITERAL("\x00\x09\x08\x00\x00\x00\x00\x00\x00\x00\x05"),
        .timestamp = 1234567890123,
        .type = CELL_PUT};
}

static void assert_cells_equal(const struct cell *a, const struct cell *b, bool with_tags)
{
    assert_spans_equal(a->row, b->row);
    assert_spans_equal(a->family, b->family);
    assert_spans_equal(a->qualifier, b->qualifier);
    assert_spans_equal(a->value, b->value);
    assert_spans_equal(a->tags, with_tags ? b->tags : SPAN_EMPTY);
    assert_true(a->timestamp == b->timestamp && a->type == b->type);
}

/* The bytes of HBase's KeyValue, written by hand from its format. */
static void the_layout_is_hbases(void **state)
{
    (void)state;
    static const char expected[] = "\x00\x00\x00\x1d"
                                   "\x00\x00\x00\x10"
                                   "\x00\x00\x00\x05"
                                   "\x00\x01r"
                                   "\x01"
                                   "f"
                                   "qq"
                                   "\x00\x00\x00\x00\x00\x00\x00\x07"
                                   "\x0c"
                                   "value";
    struct cell cell = a_cell();
    struct buffer out = {0};
    cell.row = SPAN_LITERAL("r");
    cell.qualifier = SPAN_LITERAL("qq");
    cell.timestamp = 7;
    cell.type = CELL_DELETE_COLUMN;
    cell_block_put(&out, &cell, CELL_CODEC_KEY_VALUE);
    assert_spans_equal(buffer_span(&out), span_make(expected, sizeof(expected) - 1));
    buffer_deinit(&out);
}

static void cells_read_back_as_written(void **state)
{
    (void)state;
    struct cell cells[] = {a_cell(),
        {.row = SPAN_LITERAL("r"), .type = CELL_DELETE_FAMILY, .timestamp = INT64_MAX}, a_cell()};
    for (enum cell_codec codec = CELL_CODEC_KEY_VALUE; codec <= CELL_CODEC_KEY_VALUE_WITH_TAGS;
         codec++) {
        struct buffer out = {0};
        struct cell cell;
        struct error error;
        size_t size = 0;
        for (size_t i = 0; i < 3; i++) {
            cell_block_put(&out, &cells[i], codec);
            size += cell_block_cell_size(&cells[i], codec);
        }
        assert_int_equal(out.size, size);
        struct span in = buffer_span(&out);
        for (size_t i = 0; i < 3; i++) {
            assert_ok(cell_block_take(&in, &cell, &error), &error);
            assert_cells_equal(&cell, &cells[i], codec == CELL_CODEC_KEY_VALUE_WITH_TAGS);
        }
        assert_status(cell_block_take(&in, &cell, &error), STATUS_END);
        buffer_deinit(&out);
    }
}

/* Each size field, and each cut: refused, never read beyond (ASan watches). */
static void wrong_sizes_are_refused(void **state)
{
    (void)state;
    static const uint32_t values[] = {
        0, 1, 7, 8, 11, 12, 0x7f, 0xff, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff};
    struct cell cell = a_cell(), decoded;
    struct buffer out = {0};
    cell_block_put(&out, &cell, CELL_CODEC_KEY_VALUE_WITH_TAGS);
    for (size_t size = 1; size < out.size; size++) {
        struct buffer cut = {0};
        buffer_put(&cut, span_make(out.data, size));
        struct span in = buffer_span(&cut);
        assert_status(cell_block_take(&in, &decoded, NULL), STATUS_INVALID);
        buffer_deinit(&cut);
    }
    for (size_t at = 0; at < 12; at += 4) {
        uint32_t right = load_be32(out.data + at);
        for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
            struct span in = buffer_span(&out);
            if (values[i] == right)
                continue;
            store_be32(out.data + at, values[i]);
            assert_true(cell_block_take(&in, &decoded, NULL) != STATUS_OK);
        }
        store_be32(out.data + at, right);
    }
    buffer_deinit(&out);
}

static void codecs_are_found_by_class(void **state)
{
    (void)state;
    enum cell_codec codec;
    assert_true(cell_codec_find(SPAN_EMPTY, &codec) && codec == CELL_CODEC_NONE);
    assert_true(
        cell_codec_find(SPAN_LITERAL(CODEC_KEY_VALUE), &codec) && codec == CELL_CODEC_KEY_VALUE);
    assert_true(cell_codec_find(SPAN_LITERAL(CODEC_KEY_VALUE_WITH_TAGS), &codec) &&
                codec == CELL_CODEC_KEY_VALUE_WITH_TAGS);
    assert_false(cell_codec_find(SPAN_LITERAL("org.example.Codec"), &codec));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_layout_is_hbases),
        cmocka_unit_test(cells_read_back_as_written),
        cmocka_unit_test(wrong_sizes_are_refused),
        cmocka_unit_test(codecs_are_found_by_class),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
