/* The rows of a cell's table written, and what that costs: first some single puts, for their latency, then all rows in
 * batches. */
#include <event2/event.h>
#include <stdio.h>

#include "base/env.h"
#include "base/memory.h"
#include "bench/study/latency_sketch.h"
#include "bench/study/live_internal.h"

#define BATCH_ROWS 500
#define VALUE_SIZE (STUDY_FIELDS * STUDY_FIELD_SIZE)
#define PUTS       1000 /* as many as a p99 takes */
#define PUT_DEPTH  4
#define PUT_STRIDE 7919 /* a prime: the puts lie all over the keys, whatever the design */

static void set_cell(struct live *live, size_t cell, size_t row, uint8_t value[VALUE_SIZE],
    struct stele_cell *out_cell, struct stele_mutation *out_mutation)
{
    const struct study_row *key = &live->study->cells[cell].design->set.rows[row];
    size_t size = live_put_value(&live->study->scenario, &live->study->population.keys[row], value);
    *out_cell = (struct stele_cell){.family = STELE_TEXT("f"),
        .qualifier = STELE_TEXT("k"),
        .value = stele_bytes(value, size),
        .timestamp = STELE_LATEST,
        .type = STELE_CELL_PUT};
    stele_mutation_init(out_mutation, STELE_PUT, stele_bytes(key->bytes, key->size));
    out_mutation->cells = out_cell;
    out_mutation->cell_count = 1;
}

/* ---- Single puts ---- */

struct put {
    struct putting *putting;
    uint64_t from_ns;
    uint8_t value[VALUE_SIZE];
};

struct putting {
    struct live *live;
    size_t cell;
    struct stele_table *table;
    struct put puts[PUT_DEPTH];
    size_t begun, busy;
    struct latency_sketch took;
    struct stele_error failure;
};

static void begin_put(struct put *put);

static void on_put(void *context, const struct stele_error *failure,
    const struct stele_result *result, bool is_processed)
{
    struct put *put = context;
    struct putting *putting = put->putting;
    (void)result;
    (void)is_processed;
    putting->busy--;
    if (failure->status)
        putting->failure = *failure;
    else
        latency_sketch_record(
            &putting->took, (env_monotonic_ns(env_real()) - put->from_ns) / 1000, 1);
    begin_put(put);
}

static void begin_put(struct put *put)
{
    struct putting *putting = put->putting;
    size_t rows = putting->live->study->population.count;
    struct stele_cell cell;
    struct stele_mutation mutation;
    if (putting->failure.status || putting->begun == (rows < PUTS ? rows : PUTS))
        return;
    set_cell(putting->live, putting->cell, putting->begun++ * PUT_STRIDE % rows, put->value, &cell,
        &mutation);
    putting->busy++;
    put->from_ns = env_monotonic_ns(env_real());
    stele_mutate_async(putting->table, &mutation, on_put, put);
}

static enum status put_some(
    struct live *live, size_t index, struct stele_table *table, struct error *error)
{
    struct putting *putting = memory_allocate_zeroed(1, sizeof *putting);
    if (!putting)
        return error_set(error, STATUS_NO_MEMORY, "no memory");
    putting->live = live;
    putting->cell = index;
    putting->table = table;
    for (size_t i = 0; i < PUT_DEPTH; i++) {
        putting->puts[i].putting = putting;
        begin_put(&putting->puts[i]);
    }
    while (putting->busy > 0)
        event_base_loop(live->loop, EVLOOP_ONCE);
    live->study->cells[index].written.puts = latency_sketch_summary(&putting->took);
    enum status status = putting->failure.status
                             ? live_fail(&putting->failure, "write a row", error)
                             : STATUS_OK;
    memory_free(putting);
    return status;
}

/* ---- All rows ---- */

struct filling {
    struct stele_mutation mutations[BATCH_ROWS];
    struct stele_cell cells[BATCH_ROWS];
    struct stele_action actions[BATCH_ROWS];
    uint8_t values[BATCH_ROWS][VALUE_SIZE];
};

static enum status put_batch(struct live *live, size_t index, struct stele_table *table,
    struct filling *filling, size_t from, size_t count, struct error *error)
{
    struct write_seen *written = &live->study->cells[index].written;
    struct stele_batch batch;
    struct stele_error failure;
    for (size_t i = 0; i < count; i++) {
        set_cell(
            live, index, from + i, filling->values[i], &filling->cells[i], &filling->mutations[i]);
        filling->mutations[i].durability = STELE_ASYNC_WAL;
        filling->actions[i].mutation = &filling->mutations[i];
        written->bytes += filling->mutations[i].row.size + filling->cells[i].value.size;
    }
    written->rows += count;
    enum status status = STATUS_OK;
    if (stele_batch(table, filling->actions, count, &batch, &failure))
        status = live_fail(&failure, "write the rows", error);
    stele_batch_free(&batch);
    return status ? status : live_check_stop(live, error);
}

enum status live_fill(struct live *live, size_t index, struct error *error)
{
    struct study_cell *cell = &live->study->cells[index];
    size_t rows = cell->design->set.count;
    struct filling *filling = memory_allocate_zeroed(1, sizeof *filling);
    struct stele_table *table = stele_table_open(live->admin, stele_text(live->made[index]));
    enum status status = filling && table ? STATUS_OK
                                          : error_set(error, STATUS_NO_MEMORY, "no memory");
    cell->written = (struct write_seen){0};
    if (!status)
        status = put_some(live, index, table, error);
    uint64_t from_ns = env_monotonic_ns(env_real());
    for (size_t from = 0; from < rows && !status; from += BATCH_ROWS)
        status = put_batch(live, index, table, filling, from,
            rows - from < BATCH_ROWS ? rows - from : BATCH_ROWS, error);
    cell->written.ms = (double)(env_monotonic_ns(env_real()) - from_ns) / 1e6;
    stele_table_close(table);
    memory_free(filling);
    return status;
}
