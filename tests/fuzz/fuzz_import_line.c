/* A line of `stele import`: cells, and separated fields. */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>

#include "cli/cell_line.h"

static bool bytes_equal(struct stele_bytes a, struct stele_bytes b)
{
    return span_equal(span_make(a.data, a.size), span_make(b.data, b.size));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct tsv_columns columns;
    struct tsv_beside beside;
    static struct stele_cell cells[TSV_COLUMNS];
    struct stele_cell cell, again;
    struct buffer line = {0}, written = {0};
    size_t count;
    buffer_put(&line, span_make(data, size));
    if (!cell_line_parse(line.data, line.size, &cell, NULL)) {
        cell_line_put(&written, &cell);
        fuzz_check(!cell_line_parse(written.data, written.size - 1, &again, NULL));
        fuzz_check(bytes_equal(cell.row, again.row) && bytes_equal(cell.family, again.family) &&
                   bytes_equal(cell.qualifier, again.qualifier) &&
                   bytes_equal(cell.value, again.value) && cell.timestamp == again.timestamp);
    }
    /* The first line is the columns, the rest a line of fields. */
    struct span text = span_make(data, size);
    size_t newline = span_find(text, '\n');
    if (newline != SIZE_MAX && !tsv_columns_parse(span_slice(text, 0, newline), &columns, NULL) &&
        !tsv_line_parse(&columns, '\t', span_slice(text, newline + 1, size - newline - 1), cells,
            &count, &beside, NULL))
        fuzz_check(count < columns.count && beside.attribute_count <= TSV_ATTRIBUTES &&
                   beside.ttl_ms >= 0);
    buffer_deinit(&line);
    buffer_deinit(&written);
    return 0;
}
