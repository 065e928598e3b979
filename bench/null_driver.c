#include "bench/null_driver.h"

#include "base/env.h"

struct null_driver {
    struct workload_stream stream;
    struct runner runner;
    struct slot slot;
    bool is_started; /* the slot's request waits for its end */
};

static void start(void *context, struct slot *slot, uint64_t now_ns)
{
    struct null_driver *driver = context;
    uint8_t key[KEY_SIZE_MOST];
    slot->operation = workload_next_operation(&driver->stream);
    slot->rows = 1;
    workload_next_key(
        &driver->stream, slot->operation, runner_seconds(&driver->runner, now_ns), key);
    if (operation_is_write(slot->operation))
        slot->bytes = workload_next_value(&driver->stream).size;
    driver->is_started = true;
}

enum status null_driver_run(void *context, struct run_thread *thread, struct error *error)
{
    const struct null_plan *plan = context;
    struct null_driver driver = {0};
    bool is_ready = workload_stream_init(
        &driver.stream, plan->workload, thread->index, plan->threads);
    if (run_begin(thread, is_ready, &driver.runner, start, &driver)) {
        runner_add_slot(&driver.runner, &driver.slot);
        uint64_t now_ns = env_monotonic_ns(env_real());
        runner_go(&driver.runner, now_ns);
        while (!runner_is_done(&driver.runner)) {
            now_ns = env_monotonic_ns(env_real());
            if (run_is_stopped(thread))
                runner_stop(&driver.runner);
            bool was_started = driver.is_started;
            driver.is_started = false;
            if (was_started)
                runner_done(&driver.runner, &driver.slot, false, true, now_ns);
            else
                runner_go(&driver.runner, now_ns);
        }
        thread->ended_ns = now_ns;
        thread->unstarted = runner_end(&driver.runner, now_ns);
        runner_deinit(&driver.runner);
    }
    workload_stream_deinit(&driver.stream);
    return is_ready ? STATUS_OK : error_set(error, STATUS_NO_MEMORY, "no memory for a thread");
}
