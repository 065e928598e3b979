#include "tests/support/random_cells.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/support/support.h"

/* Half text, half noise: something for a codec to do. */
static struct span random_value(struct arena *arena, struct dice *dice, size_t most)
{
    size_t size = (size_t)dice_below(dice, most + 1);
    uint8_t *bytes = arena_allocate(arena, size);
    for (size_t i = 0; i < size; i++)
        bytes[i] = i % 2 ? 'v' : (uint8_t)dice_next(dice);
    return span_make(bytes, size);
}

static struct span key_part(
    struct arena *arena, const char *prefix, uint64_t number, bool may_be_empty)
{
    char text[64];
    int size = 0;
    switch (number % 5) {
    case 0:
        size = snprintf(text, sizeof text, "%s%06llu", prefix, (unsigned long long)number);
        break;
    case 1:
        size = snprintf(text, sizeof text, "%s%llu", prefix, (unsigned long long)number % 7);
        break;
    case 2:
        size = snprintf(text, sizeof text, "%s%llu%c", prefix, (unsigned long long)number % 7, 0);
        break;
    case 3:
        size = snprintf(
            text, sizeof text, "long common beginning %s%llx", prefix, (unsigned long long)number);
        break;
    default:
        size = may_be_empty ? 0 : 1;
        text[0] = (char)(number & 0xff);
    }
    return arena_copy(arena, span_make(text, (size_t)size));
}

static struct span meta_row(struct arena *arena, uint64_t number)
{
    char text[64];
    int size = snprintf(text, sizeof text, "t%llu,%.*s,%llu", (unsigned long long)(number % 4),
        (int)(number / 4 % 6), "a,b\x01~z", (unsigned long long)(number / 24));
    return arena_copy(arena, span_make(text, (size_t)size));
}

static struct span random_tags(struct arena *arena, struct dice *dice)
{
    if (!dice_chance(dice, 10))
        return SPAN_EMPTY;
    uint8_t *tag = arena_allocate(arena, 11);
    store_be16(tag, 9);
    tag[2] = CELL_TAG_TTL;
    store_be64(tag + 3, dice_below(dice, 1000000));
    return span_make(tag, 11);
}

static struct cell random_cell(struct random_cells *cells, struct dice *dice, size_t rows,
    size_t qualifiers, size_t value_size, bool is_put_only)
{
    static const uint8_t types[] = {CELL_PUT, CELL_PUT, CELL_PUT, CELL_PUT, CELL_DELETE,
        CELL_DELETE_COLUMN, CELL_DELETE_FAMILY, CELL_DELETE_FAMILY_VERSION};
    struct arena *arena = &cells->arena;
    struct cell cell = {.family = SPAN_LITERAL("f")};
    uint64_t row = dice_below(dice, rows);
    cell.row = cells->order == ROW_ORDER_META ? meta_row(arena, row)
                                              : key_part(arena, "row", row, false);
    cell.qualifier = key_part(arena, "q", dice_below(dice, qualifiers), true);
    cell.timestamp = dice_chance(dice, 5) ? (int64_t)dice_next(dice)
                                          : 1700000000000 + (int64_t)dice_below(dice, 20);
    cell.sequence = dice_chance(dice, 5) ? dice_next(dice) : dice_below(dice, 100000);
    cell.type = is_put_only ? CELL_PUT : types[dice_below(dice, sizeof types)];
    cell.value = random_value(arena, dice, value_size);
    cell.tags = random_tags(arena, dice);
    return cell;
}

static enum row_order sort_order;

static int compare_cells(const void *a, const void *b)
{
    return cell_compare(sort_order, a, b);
}

void random_cells_make(
    struct random_cells *cells, struct dice *dice, const struct random_cells_options *options)
{
    *cells = (struct random_cells){.order = options->order};
    size_t rows = options->rows ? options->rows : 1 + (size_t)dice_below(dice, options->count * 2);
    size_t value_size = options->value_size ? options->value_size : (size_t)dice_below(dice, 300);
    size_t qualifiers = 1 + (size_t)dice_below(dice, 40);
    cells->cells = arena_allocate(&cells->arena, options->count * sizeof *cells->cells);
    for (size_t i = 0; i < options->count; i++)
        cells->cells[i] = random_cell(
            cells, dice, rows, qualifiers, value_size, options->is_put_only);
    sort_order = cells->order;
    qsort(cells->cells, options->count, sizeof *cells->cells, compare_cells);
    for (size_t i = 0; i < options->count; i++) {
        if (cells->count == 0 ||
            cell_compare(cells->order, &cells->cells[cells->count - 1], &cells->cells[i]) != 0)
            cells->cells[cells->count++] = cells->cells[i];
    }
}

void random_cells_deinit(struct random_cells *cells)
{
    arena_deinit(&cells->arena);
}

static struct span nudge(struct arena *arena, struct dice *dice, struct span bytes)
{
    uint8_t *copy = arena_allocate(arena, bytes.size + 1);
    if (bytes.size > 0)
        memcpy(copy, bytes.data, bytes.size);
    copy[bytes.size] = (uint8_t)dice_below(dice, 3);
    switch (dice_below(dice, 3)) {
    case 0:
        return span_make(copy, bytes.size + 1);
    case 1:
        return span_make(copy, bytes.size ? bytes.size - 1 : 0);
    default:
        if (bytes.size > 0)
            copy[dice_below(dice, bytes.size)]++;
        return span_make(copy, bytes.size);
    }
}

struct cell random_probe(struct random_cells *cells, struct dice *dice)
{
    struct cell probe = cells->cells[dice_below(dice, cells->count)];
    if (dice_chance(dice, 30))
        probe.row = nudge(&cells->arena, dice, probe.row);
    if (dice_chance(dice, 30))
        probe.qualifier = nudge(&cells->arena, dice, probe.qualifier);
    switch (dice_below(dice, 8)) {
    case 0:
        probe.timestamp += (int64_t)dice_below(dice, 3) - 1;
        break;
    case 1:
        probe.family = dice_chance(dice, 50) ? SPAN_LITERAL("e") : SPAN_LITERAL("g");
        break;
    case 2:
        probe = (struct cell){.row = probe.row,
            .timestamp = TIMESTAMP_LATEST,
            .sequence = UINT64_MAX,
            .type = CELL_MAXIMUM};
        break;
    case 3:
        probe = (struct cell){
            .row = probe.row, .timestamp = INT64_MIN, .sequence = 0, .type = CELL_MINIMUM};
        break;
    case 4:
        probe.timestamp = TIMESTAMP_LATEST;
        probe.sequence = UINT64_MAX;
        probe.type = CELL_MAXIMUM;
        break;
    case 5:
        probe.sequence += dice_below(dice, 3) - 1;
        break;
    case 6:
        probe.type = (uint8_t)dice_next(dice);
        break;
    default:
        break;
    }
    return probe;
}

size_t random_cells_lower_bound(const struct random_cells *cells, const struct cell *probe)
{
    size_t low = 0, high = cells->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (cell_compare(cells->order, &cells->cells[middle], probe) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

void check_cells_equal(const struct cell *a, const struct cell *b, const char *file, int line)
{
    check_spans_equal(a->row, b->row, file, line);
    check_spans_equal(a->family, b->family, file, line);
    check_spans_equal(a->qualifier, b->qualifier, file, line);
    _assert_int_equal((uintmax_t)a->timestamp, (uintmax_t)b->timestamp, file, line);
    _assert_int_equal(a->type, b->type, file, line);
    _assert_int_equal(a->sequence, b->sequence, file, line);
    check_spans_equal(a->tags, b->tags, file, line);
    check_spans_equal(a->value, b->value, file, line);
}
