/* Batches: many actions in one call. */
#include "tests/interop/libstele/expect.h"

enum { BATCH_ROWS = 800 };

void test_batches(void)
{
    static char names[BATCH_ROWS][16];
    static struct stele_mutation puts[BATCH_ROWS];
    static struct stele_get gets[BATCH_ROWS];
    static struct stele_action actions[BATCH_ROWS];
    struct stele_cell cell = {.family = STELE_TEXT("f"),
        .qualifier = STELE_TEXT("b"),
        .value = STELE_TEXT("batch"),
        .timestamp = STELE_LATEST,
        .type = STELE_CELL_PUT};
    struct stele_batch batch;
    for (int i = 0; i < BATCH_ROWS; i++) {
        stele_mutation_init(&puts[i], STELE_PUT, row_name(names[i], i));
        puts[i].cells = &cell;
        puts[i].cell_count = 1;
        actions[i] = (struct stele_action){.mutation = &puts[i]};
    }
    EXPECT_OK(stele_batch(table, actions, BATCH_ROWS, &batch, &error));
    EXPECT(batch.count == BATCH_ROWS && batch.failed_count == 0);
    stele_batch_free(&batch);
    for (int i = 0; i < BATCH_ROWS; i++) {
        stele_get_init(&gets[i], stele_text(names[i]));
        actions[i] = (struct stele_action){.get = &gets[i]};
    }
    EXPECT_OK(stele_batch(table, actions, BATCH_ROWS, &batch, &error));
    size_t right = 0;
    for (size_t i = 0; i < batch.count; i++)
        right += batch.outcomes[i].result.cell_count == 1 &&
                 bytes_are(batch.outcomes[i].result.cells[0].value, "batch") &&
                 bytes_are(batch.outcomes[i].result.cells[0].row, names[i]);
    EXPECT(right == BATCH_ROWS);
    stele_batch_free(&batch);

    /* all kinds in one, one of them wrong */
    uint8_t two[8];
    stele_store_i64(two, 2);
    struct stele_cell wrong = cell, amount = cell;
    struct stele_mutation increment, bad;
    wrong.family = STELE_TEXT("none");
    amount.qualifier = STELE_TEXT("n");
    amount.value = stele_bytes(two, 8);
    stele_mutation_init(&increment, STELE_INCREMENT, STELE_TEXT("row0300"));
    increment.cells = &amount;
    increment.cell_count = 1;
    stele_mutation_init(&bad, STELE_PUT, STELE_TEXT("row0301"));
    bad.cells = &wrong;
    bad.cell_count = 1;
    struct stele_action mixed[] = {
        {.get = &gets[10]}, {.mutation = &increment}, {.mutation = &bad}, {.mutation = &puts[700]}};
    EXPECT(stele_batch(table, mixed, 4, &batch, &error) == STELE_NO_FAMILY);
    EXPECT(batch.count == 4 && batch.failed_count == 1 && batch.outcomes[2].error &&
           !batch.outcomes[0].error && !batch.outcomes[1].error && !batch.outcomes[3].error);
    EXPECT(batch.outcomes[0].result.cell_count == 1);
    EXPECT(batch.outcomes[1].result.cell_count == 1 &&
           stele_load_i64(batch.outcomes[1].result.cells[0].value.data) == 2);
    stele_batch_free(&batch);
    EXPECT_OK(stele_batch(table, NULL, 0, &batch, &error));
    stele_batch_free(&batch);
    struct stele_action neither = {0};
    EXPECT(stele_batch(table, &neither, 1, &batch, &error) == STELE_INVALID);
    stele_batch_free(&batch);
    EXPECT_OK(stele_delete_column(
        table, STELE_TEXT("row0300"), STELE_TEXT("f"), STELE_TEXT("n"), &error));
}
