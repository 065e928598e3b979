/* Readers beside the writer of a memtable: what their read point shows they find, always. */
#include <pthread.h>
#include <stdatomic.h>

#include "storage/memtable.h"
#include "tests/support/support.h"

enum { CELLS = 1 << 15, READERS = 2, ROW_BYTES = 10 };

struct world {
    struct memtable *memtable;
    _Atomic uint64_t read_point; /* 0: nothing yet */
    _Atomic uint64_t readers;    /* that began */
    _Atomic uint64_t looks;
};

/* The row of a sequence number: each its own, in no order; the first eight bytes of some are the same. */
static struct span row_of(uint64_t sequence, uint8_t bytes[ROW_BYTES])
{
    uint32_t number = (uint32_t)(sequence * 40503u) & (CELLS * 2 - 1);
    memset(bytes, 'r', ROW_BYTES);
    bytes[6] = (uint8_t)(number >> 12);
    bytes[7] = (uint8_t)(number >> 8 & 0x0f);
    bytes[8] = (uint8_t)(number >> 4 & 0x0f);
    bytes[9] = (uint8_t)(number & 0x0f);
    return span_make(bytes, ROW_BYTES);
}

static struct cell cell_of(uint64_t sequence, uint8_t bytes[ROW_BYTES])
{
    return (struct cell){.row = row_of(sequence, bytes),
        .family = SPAN_LITERAL("f"),
        .qualifier = SPAN_LITERAL("q"),
        .timestamp = 1,
        .type = CELL_PUT,
        .sequence = sequence};
}

static void *read_all_the_while(void *context)
{
    struct world *world = context;
    struct error error = {0};
    struct dice dice = {atomic_fetch_add_explicit(&world->readers, 1, memory_order_relaxed) + 1};
    for (uint64_t read_point = 0; read_point < CELLS;) {
        read_point = atomic_load_explicit(&world->read_point, memory_order_acquire);
        if (read_point == 0)
            continue;
        struct memtable_iterator iterator;
        memtable_iterator_init(&iterator, world->memtable, read_point);
        uint64_t sequence = 1 + dice_below(&dice, read_point);
        uint8_t bytes[ROW_BYTES], other[ROW_BYTES];
        struct cell probe = cell_probe_row(row_of(sequence, bytes));
        /* What is there is found. */
        assert_status(cell_iterator_seek(&iterator.base, &probe, &error), STATUS_OK);
        assert_true(span_equal(iterator.base.cell.row, probe.row));
        assert_true(iterator.base.cell.sequence == sequence);
        /* Between any row and what a search for it finds there is nothing. */
        probe = cell_probe_row(row_of(dice_below(&dice, CELLS * 2), other));
        if (cell_iterator_seek(&iterator.base, &probe, &error) == STATUS_OK) {
            assert_true(span_compare(iterator.base.cell.row, probe.row) >= 0);
            struct span found = iterator.base.cell.row;
            if (cell_iterator_seek_before_row(&iterator.base, found, &error) == STATUS_OK)
                assert_true(span_compare(iterator.base.cell.row, probe.row) < 0);
        }
        atomic_fetch_add_explicit(&world->looks, 1, memory_order_relaxed);
    }
    return NULL;
}

static void test_readers_miss_nothing_beside_a_writer(void **state)
{
    (void)state;
    static const char *const shared[] = {"", "rrrrrr", "rrrr", "x"};
    for (size_t i = 0; i < sizeof shared / sizeof *shared; i++) {
        struct memtable_memory *memory = memtable_memory_new(1 << 30);
        struct world world = {.memtable = memtable_new(memory, SPAN_LITERAL("f"), ROW_ORDER_BYTES,
                                  span_string(shared[i]))};
        pthread_t readers[READERS];
        for (size_t j = 0; j < READERS; j++)
            assert_int_equal(pthread_create(&readers[j], NULL, read_all_the_while, &world), 0);
        for (uint64_t sequence = 1; sequence <= CELLS; sequence++) {
            uint8_t bytes[ROW_BYTES];
            struct cell cell = cell_of(sequence, bytes);
            assert_status(memtable_add(world.memtable, &cell, sequence), STATUS_OK);
            if (sequence % 8 == 0) /* the same again takes its place */
                assert_status(memtable_add(world.memtable, &cell, sequence), STATUS_OK);
            atomic_store_explicit(&world.read_point, sequence, memory_order_release);
        }
        for (size_t j = 0; j < READERS; j++)
            assert_int_equal(pthread_join(readers[j], NULL), 0);
        assert_true(atomic_load(&world.looks) > 0);
        memtable_unref(world.memtable);
        memtable_memory_free(memory);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_readers_miss_nothing_beside_a_writer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
