/* What one add to a memtable, and one look-up in it, cost while it grows, one thread:
 *
 *   bench-memtable [-n CELLS] [-v VALUE_BYTES] [-b BATCH] [-s SORTED] [-p] [-z]
 *
 * Rows are decimal numbers in random order, padded with zeros to 26 bytes (PerformanceEvaluation's: the first eight bytes
 * say nothing); -p: the memtable is told that they share 20; -z: not padded in front, so that the first eight bytes differ. -b: so many cells are added
 * together (memtable_add_all); -s: so many at a time are put in order first, as the cells of a large batch are. Prints nanoseconds for each quarter of the cells. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/dice.h"
#include "storage/memtable.h"

#define ROW_BYTES 26

static double now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static void row_name(char row[ROW_BYTES], uint64_t number, bool is_spread)
{
    memset(row, '0', ROW_BYTES);
    for (int i = is_spread ? 8 : ROW_BYTES; i-- > 0 && number; number /= 10)
        row[i] = (char)('0' + number % 10);
}

static int compare_rows(const void *a, const void *b)
{
    return memcmp(a, b, ROW_BYTES);
}

/* The next rows, in order when there are several. */
static void draw(
    char (*rows)[ROW_BYTES], uint64_t count, struct dice *dice, uint64_t most, bool is_spread)
{
    for (uint64_t i = 0; i < count; i++)
        row_name(rows[i], dice_below(dice, most), is_spread);
    if (count > 1)
        qsort(rows, count, ROW_BYTES, compare_rows);
}

static void look_up(struct memtable *memtable, struct cell *cell)
{
    struct memtable_iterator iterator;
    memtable_iterator_init(&iterator, memtable, UINT64_MAX);
    struct error error;
    iterator.base.table->seek(&iterator.base, cell, &error); /* the end of the list is fine */
}

int main(int argc, char **argv)
{
    uint64_t count = 1000000, value_bytes = 100, batch = 1, sorted = 1;
    bool is_spread = false;
    size_t shared = 0;
    for (int option; (option = getopt(argc, argv, "n:v:b:s:pz")) != -1;) {
        if (option == 'n')
            count = strtoull(optarg, NULL, 10);
        else if (option == 'v')
            value_bytes = strtoull(optarg, NULL, 10);
        else if (option == 'b')
            batch = strtoull(optarg, NULL, 10);
        else if (option == 's')
            sorted = strtoull(optarg, NULL, 10);
        else if (option == 'p')
            shared = 20;
        else if (option == 'z')
            is_spread = true;
        else
            return 2;
    }
    struct memtable_memory *memory = memtable_memory_new((uint64_t)8 << 30);
    struct memtable *memtable = memtable_new(
        memory, span_string("info"), ROW_ORDER_BYTES, span_make("00000000000000000000", shared));
    char *value = calloc(1, value_bytes);
    char(*rows)[ROW_BYTES] = calloc(sorted + MEMTABLE_TOGETHER, ROW_BYTES);
    if (!memory || !memtable || !value || !rows || batch < 1 || batch > MEMTABLE_TOGETHER)
        return 1;
    struct cell cells[MEMTABLE_TOGETHER];
    const struct cell *places[MEMTABLE_TOGETHER];
    uint64_t sequences[MEMTABLE_TOGETHER];
    for (uint64_t i = 0; i < batch; i++) {
        cells[i] = (struct cell){
            .row = span_make(rows[i], ROW_BYTES),
            .family = span_string("info"),
            .qualifier = span_string("0"),
            .value = span_make(value, value_bytes),
            .timestamp = 1,
            .type = CELL_PUT,
        };
        places[i] = &cells[i];
    }
    struct dice dice = {1};
    for (uint64_t quarter = 0, sequence = 1; quarter < 4; quarter++) {
        double begin = now_ns(), drawing = 0;
        for (uint64_t i = 0, drawn = sorted; i < count / 4; i += batch, drawn += batch) {
            if (drawn >= sorted) {
                double before = now_ns();
                draw(rows, sorted > batch ? sorted : batch, &dice, count, is_spread);
                drawing += sorted > 1 ? now_ns() - before : 0;
                drawn = 0;
            }
            for (uint64_t j = 0; j < batch; j++)
                cells[j].row = span_make(rows[drawn + j], ROW_BYTES);
            for (uint64_t j = 0; j < batch; j++)
                sequences[j] = sequence++;
            if (memtable_add_all(memtable, places, sequences, batch) != STATUS_OK)
                return 1;
        }
        double added = now_ns();
        cells[0].row = span_make(rows[0], ROW_BYTES);
        for (uint64_t i = 0; i < count / 4; i++) {
            row_name(rows[0], dice_below(&dice, count), is_spread);
            look_up(memtable, &cells[0]);
        }
        double looked_up = now_ns();
        printf("%9" PRIu64 " cells: add %6.0f ns, look up %6.0f ns\n",
            memtable_cell_count(memtable), (added - begin - drawing) / (double)(count / 4),
            (looked_up - added) / (double)(count / 4));
    }
    memtable_unref(memtable);
    memtable_memory_free(memory);
    free(rows);
    free(value);
    return 0;
}
