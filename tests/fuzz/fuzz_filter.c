/* The filter language, and the evaluation of whatever tree it gives over a few cells. */
#include "tests/fuzz/fuzz.h"

#include "model/filter.h"
#include "proto/filter_message.h"

#define CELL(r, f, q, t, v)                                                                        \
    {                                                                                              \
        .row = SPAN_LITERAL(r), .family = SPAN_LITERAL(f), .qualifier = SPAN_LITERAL(q),           \
        .timestamp = (t), .type = CELL_PUT, .value = SPAN_LITERAL(v)                               \
    }

static const struct cell cells[] = {
    CELL("row1", "f", "a", 5, "value"),
    CELL("row1", "f", "b", 4, "\x00\x00\x00\x00\x00\x00\x00\x07"),
    CELL("row1", "g", "", 3, ""),
    CELL("row2", "f", "abc", 2, "abc"),
};

enum { CELL_COUNT = sizeof(cells) / sizeof(cells[0]) };

/* In the order that model/filter.h asks for. */
static void evaluate_row(struct filter *filter, size_t first, size_t end)
{
    struct cell included[CELL_COUNT];
    size_t count = 0;
    if (filter_is_done(filter) || filter_skips_row_key(filter, cells[first].row))
        return;
    for (size_t i = first; i < end; i++) {
        struct cell probe;
        enum filter_code code = filter_cell(filter, &cells[i]);
        if (code == FILTER_SEEK_HINT)
            (void)filter_hint(filter, &cells[i], &probe);
        if (code == FILTER_INCLUDE || code == FILTER_INCLUDE_AND_NEXT_COLUMN ||
            code == FILTER_INCLUDE_AND_NEXT_ROW) {
            included[count] = cells[i];
            filter_transform(filter, &included[count]);
            count++;
        }
        if (code == FILTER_NEXT_ROW || code == FILTER_INCLUDE_AND_NEXT_ROW)
            break;
    }
    if (filter_has_row(filter)) {
        size_t left = filter_row_cells(filter, included, count);
        fuzz_check(left <= count);
    }
    (void)filter_skips_row(filter);
    (void)filter_is_family_essential(filter, SPAN_LITERAL("f"));
    filter_reset(filter);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = {.limit_bytes = 64u << 20};
    struct error error;
    const struct filter_node *tree;
    struct filter *filter = NULL;
    if (filter_parse(span_make(data, size), &arena, &tree, &error) == STATUS_OK) {
        struct buffer message = {0};
        const struct filter_node *again;
        filter_encode(&message, tree);
        /* The text may be nested deeper than a filter may be: then the message and the filter are both refused. */
        enum status decoded = filter_decode(buffer_span(&message), &arena, &again, &error);
        fuzz_check(decoded == STATUS_OK || decoded == STATUS_LIMIT);
        buffer_deinit(&message);
        for (int is_reversed = 0; is_reversed < 2; is_reversed++) {
            if (filter_new(tree, is_reversed, 1, &filter, &error))
                continue;
            fuzz_check(decoded == STATUS_OK);
            evaluate_row(filter, 0, 3);
            evaluate_row(filter, 3, CELL_COUNT);
            filter_free(filter);
        }
    }
    arena_deinit(&arena);
    return 0;
}
