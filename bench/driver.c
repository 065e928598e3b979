#include "bench/driver.h"

#include <event2/event.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>

#include "base/env.h"
#include "base/memory.h"

struct slot;

struct driver {
    const struct driver_plan *plan;
    struct workload_stream stream;
    struct event_base *loop;
    struct event *pace; /* open loop: the next start */
    struct stele_client **clients;
    struct stele_table **tables;
    struct slot *slots;
    struct slot *idle; /* open loop: free slots */
    size_t slot_count;
    size_t busy;
    uint64_t started_ns;
    uint64_t counted_from_ns; /* end of the warm-up */
    uint64_t ends_ns;         /* UINT64_MAX = none */
    uint64_t issued;
    uint64_t due;   /* open loop: requests that should have started by now and have not */
    uint64_t paced; /* open loop: how many starts there have been, real or due */
    bool is_over;
    struct driver_result result;
};

/* One request at a time. */
struct slot {
    struct driver *driver;
    struct stele_table *table;
    struct stele_scanner *scanner;
    struct slot *next; /* idle list */
    uint64_t start_ns;
    uint64_t intended_ns;
    uint64_t rows; /* of the running request */
    uint64_t bytes;
};

static uint64_t now_ns(void)
{
    return env_monotonic_ns(env_real());
}

static void start(struct slot *slot, uint64_t intended_ns);

static uint64_t intended_start(const struct driver *driver, uint64_t number)
{
    return driver->started_ns + (uint64_t)((double)number * 1e9 / driver->plan->rate);
}

static void check_end(struct driver *driver)
{
    if (driver->is_over && driver->busy == 0)
        event_base_loopbreak(driver->loop);
}

static bool may_start(struct driver *driver)
{
    if (!driver->is_over &&
        ((driver->plan->operations && driver->issued >= driver->plan->operations) ||
            now_ns() >= driver->ends_ns))
        driver->is_over = true;
    return !driver->is_over;
}

static void note(struct driver *driver, struct slot *slot, const struct stele_error *error)
{
    uint64_t now = now_ns();
    if (error->status != STELE_OK && error->status != STELE_END) {
        if (driver->result.failed++ == 0)
            snprintf(driver->result.first_failure, sizeof driver->result.first_failure, "%s",
                error->message);
        return;
    }
    if (slot->start_ns < driver->counted_from_ns)
        return;
    driver->result.operations++;
    driver->result.rows += slot->rows;
    driver->result.bytes += slot->bytes;
    histogram_record(driver->result.service, now - slot->start_ns, 1);
    if (driver->result.intended)
        histogram_record(driver->result.intended, now - slot->intended_ns, 1);
}

static void finish(struct slot *slot, const struct stele_error *error)
{
    struct driver *driver = slot->driver;
    driver->busy--;
    note(driver, slot, error);
    if (driver->plan->rate > 0) {
        if (driver->due && may_start(driver)) {
            uint64_t number = driver->paced - driver->due--;
            start(slot, intended_start(driver, number));
        } else {
            slot->next = driver->idle;
            driver->idle = slot;
        }
    } else if (may_start(driver)) {
        start(slot, now_ns());
    }
    check_end(driver);
}

static void on_result(void *context, const struct stele_error *error,
    const struct stele_result *result, bool is_processed)
{
    struct slot *slot = context;
    (void)is_processed;
    for (size_t i = 0; result && i < result->cell_count; i++)
        slot->bytes += result->cells[i].value.size;
    finish(slot, error);
}

static void on_batch(
    void *context, const struct stele_error *error, const struct stele_batch *batch)
{
    (void)batch;
    finish(context, error);
}

static void on_rows(void *context, const struct stele_error *error,
    const struct stele_result *results, size_t count)
{
    struct slot *slot = context;
    if (error->status == STELE_OK) {
        slot->rows += count;
        for (size_t i = 0; i < count; i++)
            for (size_t j = 0; j < results[i].cell_count; j++)
                slot->bytes += results[i].cells[j].value.size;
        stele_scanner_next_async(slot->scanner, on_rows, slot);
        return;
    }
    stele_scanner_close(slot->scanner);
    slot->scanner = NULL;
    finish(slot, error);
}

static void start_get(struct slot *slot, struct stele_bytes key)
{
    struct stele_get get;
    stele_get_init(&get, key);
    slot->rows = 1;
    stele_get_async(slot->table, &get, on_result, slot);
}

static void put_mutation(struct slot *slot, struct stele_bytes key, struct stele_cell *cell,
    struct stele_mutation *out_mutation)
{
    const struct driver_plan *plan = slot->driver->plan;
    struct span value = workload_value(&slot->driver->stream);
    memset(cell, 0, sizeof *cell);
    cell->family = plan->family;
    cell->qualifier = plan->qualifier;
    cell->value = stele_bytes(value.data, value.size);
    cell->timestamp = STELE_LATEST;
    cell->type = STELE_CELL_PUT;
    stele_mutation_init(out_mutation, STELE_PUT, key);
    out_mutation->cells = cell;
    out_mutation->cell_count = 1;
    slot->rows++;
    slot->bytes += value.size;
}

static void start_put(struct slot *slot, struct stele_bytes key)
{
    struct stele_mutation mutation;
    struct stele_cell cell;
    put_mutation(slot, key, &cell, &mutation);
    stele_mutate_async(slot->table, &mutation, on_result, slot);
}

#define BATCH_LIMIT 1000

static void start_batch(struct slot *slot)
{
    struct driver *driver = slot->driver;
    static _Thread_local struct stele_mutation mutations[BATCH_LIMIT];
    static _Thread_local struct stele_cell cells[BATCH_LIMIT];
    static _Thread_local struct stele_action actions[BATCH_LIMIT];
    static _Thread_local uint8_t keys[BATCH_LIMIT][WORKLOAD_KEY_SIZE];
    size_t count = driver->plan->workload->batch_rows < BATCH_LIMIT
                       ? driver->plan->workload->batch_rows
                       : BATCH_LIMIT;
    for (size_t i = 0; i < count; i++) {
        workload_key(driver->plan->workload, workload_next_row(&driver->stream), keys[i]);
        put_mutation(slot, stele_bytes(keys[i], WORKLOAD_KEY_SIZE), &cells[i], &mutations[i]);
        actions[i] = (struct stele_action){NULL, &mutations[i]};
    }
    stele_batch_async(slot->table, actions, count, on_batch, slot);
}

static void start_scan(struct slot *slot, struct stele_bytes key)
{
    struct stele_scan scan;
    uint32_t rows = slot->driver->plan->workload->scan_rows;
    stele_scan_init(&scan);
    scan.start_row = rows ? key : STELE_NO_BYTES; /* 0: the whole table */
    scan.limit = rows;
    slot->scanner = stele_scanner_open(slot->table, &scan);
    if (!slot->scanner) {
        struct stele_error error = {.status = STELE_NO_MEMORY};
        finish(slot, &error);
        return;
    }
    stele_scanner_next_async(slot->scanner, on_rows, slot);
}

static void start_increment(struct slot *slot, struct stele_bytes key)
{
    uint8_t one[8];
    struct stele_mutation mutation;
    struct stele_cell cell = {.family = slot->driver->plan->family,
        .qualifier = STELE_TEXT("count"),
        .timestamp = STELE_LATEST,
        .type = STELE_CELL_PUT};
    stele_store_i64(one, 1);
    cell.value = stele_bytes(one, sizeof one);
    stele_mutation_init(&mutation, STELE_INCREMENT, key);
    mutation.cells = &cell;
    mutation.cell_count = 1;
    slot->rows = 1;
    stele_mutate_async(slot->table, &mutation, on_result, slot);
}

static void start(struct slot *slot, uint64_t intended_ns)
{
    struct driver *driver = slot->driver;
    uint8_t key[WORKLOAD_KEY_SIZE];
    enum operation operation = workload_next_operation(&driver->stream);
    slot->rows = slot->bytes = 0;
    slot->intended_ns = intended_ns;
    slot->start_ns = now_ns();
    driver->issued++;
    driver->busy++;
    if (operation == OPERATION_PUT && driver->plan->workload->batch_rows > 1) {
        start_batch(slot);
        return;
    }
    workload_key(driver->plan->workload, workload_next_row(&driver->stream), key);
    struct stele_bytes row = stele_bytes(key, sizeof key);
    switch (operation) {
    case OPERATION_PUT:
        start_put(slot, row);
        break;
    case OPERATION_SCAN:
        start_scan(slot, row);
        break;
    case OPERATION_INCREMENT:
        start_increment(slot, row);
        break;
    default:
        start_get(slot, row);
    }
}

/* Open loop: starts what is due, and comes back at the next start. */
static void on_pace(evutil_socket_t fd, short what, void *context)
{
    struct driver *driver = context;
    (void)fd;
    (void)what;
    uint64_t now = now_ns();
    while (may_start(driver) && intended_start(driver, driver->paced) <= now) {
        uint64_t number = driver->paced++;
        struct slot *slot = driver->idle;
        if (slot) {
            driver->idle = slot->next;
            start(slot, intended_start(driver, number));
        } else {
            driver->due++;
        }
    }
    if (!driver->is_over) {
        uint64_t next = intended_start(driver, driver->paced);
        uint64_t wait_us = next > now ? (next - now) / 1000 : 0;
        struct timeval delay = {(time_t)(wait_us / 1000000), (suseconds_t)(wait_us % 1000000)};
        event_add(driver->pace, &delay);
    }
    check_end(driver);
}

static void on_end(evutil_socket_t fd, short what, void *context)
{
    struct driver *driver = context;
    (void)fd;
    (void)what;
    driver->is_over = true;
    check_end(driver);
}

static enum status open_clients(struct driver *driver, struct error *error)
{
    const struct driver_plan *plan = driver->plan;
    driver->clients = memory_allocate_zeroed(plan->clients, sizeof(struct stele_client *));
    driver->tables = memory_allocate_zeroed(plan->clients, sizeof(struct stele_table *));
    driver->slots = memory_allocate_zeroed(plan->clients * plan->depth, sizeof *driver->slots);
    if (!driver->clients || !driver->tables || !driver->slots)
        return error_set(error, STATUS_NO_MEMORY, "no memory for %zu clients", plan->clients);
    for (size_t i = 0; i < plan->clients; i++) {
        struct stele_options options;
        struct stele_error failure;
        bool exists = false;
        stele_options_init(&options);
        options.connect = plan->connect;
        options.zookeeper = plan->zookeeper;
        options.run = STELE_RUN_ON_LOOP;
        options.loop = driver->loop;
        options.operation_timeout_ms = 60000;
        if (stele_client_open(&options, &driver->clients[i], &failure) ||
            stele_table_exists(driver->clients[i], plan->table, &exists, &failure))
            return error_set(error, STATUS_REMOTE, "%s", failure.message);
        if (!exists)
            return error_set(error, STATUS_NOT_FOUND, "table %.*s does not exist",
                (int)plan->table.size, (const char *)plan->table.data);
        driver->tables[i] = stele_table_open(driver->clients[i], plan->table);
        if (!driver->tables[i])
            return error_set(error, STATUS_NO_MEMORY, "no memory for a table handle");
        for (size_t j = 0; j < plan->depth; j++) {
            struct slot *slot = &driver->slots[driver->slot_count++];
            slot->driver = driver;
            slot->table = driver->tables[i];
            slot->next = driver->idle;
            driver->idle = slot;
        }
    }
    return STATUS_OK;
}

static void close_all(struct driver *driver)
{
    for (size_t i = 0; i < driver->plan->clients; i++) {
        if (driver->tables)
            stele_table_close(driver->tables[i]);
        if (driver->clients)
            stele_client_close(driver->clients[i]);
    }
    if (driver->pace)
        event_free(driver->pace);
    if (driver->loop)
        event_base_free(driver->loop);
    memory_free(driver->clients);
    memory_free(driver->tables);
    memory_free(driver->slots);
    workload_stream_deinit(&driver->stream);
}

static void pin(const struct driver_plan *plan, size_t index)
{
    cpu_set_t set;
    if (plan->cpu < 0)
        return;
    CPU_ZERO(&set);
    CPU_SET((size_t)plan->cpu + index, &set);
    pthread_setaffinity_np(pthread_self(), sizeof set, &set);
}

static void run(struct driver *driver)
{
    const struct driver_plan *plan = driver->plan;
    driver->started_ns = now_ns();
    driver->counted_from_ns = driver->started_ns + plan->warmup_ns;
    driver->ends_ns = plan->duration_ns ? driver->counted_from_ns + plan->duration_ns : UINT64_MAX;
    struct event *end = evtimer_new(driver->loop, on_end, driver);
    if (end && plan->duration_ns) {
        uint64_t left_us = (driver->ends_ns - driver->started_ns) / 1000;
        struct timeval delay = {(time_t)(left_us / 1000000), (suseconds_t)(left_us % 1000000)};
        event_add(end, &delay);
    }
    if (plan->rate > 0) {
        on_pace(-1, 0, driver);
    } else {
        driver->idle = NULL;
        for (size_t i = 0; i < driver->slot_count && may_start(driver); i++)
            start(&driver->slots[i], now_ns());
    }
    event_base_loop(driver->loop, EVLOOP_NO_EXIT_ON_EMPTY);
    driver->result.elapsed_ns = now_ns() - driver->counted_from_ns;
    if (end)
        event_free(end);
}

enum status driver_run(const struct driver_plan *plan, size_t index,
    struct driver_result *out_result, struct error *error)
{
    struct driver driver = {.plan = plan};
    enum status status = error_set(error, STATUS_NO_MEMORY, "no memory for the load");
    pin(plan, index);
    struct event_config *config = event_config_new();
    if (config)
        event_config_set_flag(config, EVENT_BASE_FLAG_PRECISE_TIMER);
    driver.loop = config ? event_base_new_with_config(config) : NULL;
    if (config)
        event_config_free(config);
    driver.pace = driver.loop ? evtimer_new(driver.loop, on_pace, &driver) : NULL;
    driver.result.service = histogram_new();
    driver.result.intended = plan->rate > 0 ? histogram_new() : NULL;
    if (!driver.pace || !driver.result.service || (plan->rate > 0 && !driver.result.intended) ||
        !workload_stream_init(&driver.stream, plan->workload, plan->seed, index, plan->threads))
        goto done;
    error_clear(error);
    status = open_clients(&driver, error);
    if (status)
        goto done;
    run(&driver);
    *out_result = driver.result;
    driver.result.service = driver.result.intended = NULL;
done:
    close_all(&driver);
    driver_result_deinit(&driver.result);
    return status;
}

void driver_result_deinit(struct driver_result *result)
{
    histogram_free(result->service);
    histogram_free(result->intended);
    result->service = result->intended = NULL;
}
