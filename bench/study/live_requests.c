/* The requests of a live run: a slot for each in flight, begun when it is due, begun again when its tablet has just moved. */
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "bench/study/live_run_internal.h"

#define SLOTS 20000 /* requests in flight; past it they count as not served */
#define TRIES 5     /* of a request whose tablet is on its way */

struct live_slot {
    struct live_cell_run *run;
    struct live_slot *next; /* free ones */
    uint64_t intended_ns, begun_ns;
    unsigned second;
    unsigned tries;
    uint32_t server,
        tablet; /* that it was for when it began; the tablet by its number in the run's load */
    struct study_row row;
    uint8_t value[LIVE_VALUE_SIZE]; /* what is written, or expected */
    size_t value_size;
};

bool live_requests_init(struct live_cell_run *run)
{
    run->slots = memory_allocate_zeroed(SLOTS, sizeof *run->slots);
    for (size_t i = 0; run->slots && i < SLOTS; i++) {
        run->slots[i].run = run;
        run->slots[i].next = run->idle;
        run->idle = &run->slots[i];
    }
    return run->slots;
}

void live_requests_deinit(struct live_cell_run *run)
{
    memory_free(run->slots);
}

static void send_again(struct live_slot *slot);

static void check_value(struct live_slot *slot, const struct stele_result *result)
{
    struct live_cell_run *run = slot->run;
    if (result && result->cell_count == 1 && result->cells[0].value.size == slot->value_size &&
        memcmp(result->cells[0].value.data, slot->value, slot->value_size) == 0)
        return;
    if (run->wrong++ == 0)
        snprintf(run->wrong_row, sizeof run->wrong_row, "%.*s", (int)slot->row.size,
            (const char *)slot->row.bytes);
}

static void on_answer(void *context, const struct stele_error *failure,
    const struct stele_result *result, bool is_processed)
{
    struct live_slot *slot = context;
    struct live_cell_run *run = slot->run;
    (void)is_processed;
    bool may_repeat = failure->status && failure->status != STELE_BUSY &&
                      failure->status != STELE_TIMEOUT && failure->status != STELE_CANCELLED;
    if (may_repeat && ++slot->tries < TRIES && !run->is_over) {
        send_again(slot);
        return;
    }
    if (failure->status) {
        snprintf(run->last_failure, sizeof run->last_failure, "%.250s", failure->message);
    } else {
        if (run->kind == REQUEST_READ)
            check_value(slot, result);
        uint64_t now = live_now_ns(), took_ns = now - slot->intended_ns;
        run->answered[slot->second]++;
        run->run->answers++;
        run->answered_ns = now;
        run_load_answer(&run->run->load, slot->second, slot->server, slot->tablet, took_ns / 1000,
            (now - slot->begun_ns) / 1000, 1);
        if (slot->second < LIVE_ENDS_S)
            histogram_record(run->first, took_ns, 1);
        histogram_record(run->last, took_ns, 1);
    }
    slot->next = run->idle;
    run->idle = slot;
    run->busy--;
}

static void send_again(struct live_slot *slot)
{
    struct live_cell_run *run = slot->run;
    struct stele_bytes row = stele_bytes(slot->row.bytes, slot->row.size);
    if (run->kind == REQUEST_READ) {
        struct stele_get get;
        stele_get_init(&get, row);
        stele_get_async(run->table, &get, on_answer, slot);
        return;
    }
    struct stele_mutation mutation;
    struct stele_cell cell = {.family = STELE_TEXT("f"),
        .qualifier = STELE_TEXT("k"),
        .value = stele_bytes(slot->value, slot->value_size),
        .timestamp = STELE_LATEST,
        .type = STELE_CELL_PUT};
    stele_mutation_init(&mutation, STELE_PUT, row);
    mutation.cells = &cell;
    mutation.cell_count = 1;
    stele_mutate_async(run->table, &mutation, on_answer, slot);
}

/* What a get is to find, or a put writes (of an append: a neighbour's; nobody reads it). */
static void set_value(struct live_slot *slot, size_t place)
{
    const struct live_cell_run *run = slot->run;
    const struct population *population = run->set->population;
    size_t at = place < run->set->count ? place : run->set->count - 1;
    slot->value_size = live_put_value(
        population->scenario, &population->keys[run->set->sorted[at]], slot->value);
}

void live_requests_begin(struct live_cell_run *run)
{
    struct study_run *result = run->run;
    double now_s = (double)run->begun / run->live->study->settings.rate;
    unsigned second = (unsigned)now_s;
    struct study_row row;
    size_t bucket = row_set_draw(run->set, &run->dice, now_s, RUN_BUCKETS, &row);
    const struct seen_tablet *tablet = live_tablets_of(&run->tablets, &row);
    run->begun++;
    result->requests++;
    result->asked[second * result->servers + tablet->server]++;
    run_load_ask(&result->load, second, tablet->server, tablet->told, run->kind, 1);
    result->heat[second * RUN_BUCKETS + bucket]++;
    struct live_slot *slot = run->idle;
    if (!slot)
        return;
    run->idle = slot->next;
    run->busy++;
    slot->intended_ns = run->started_ns + (uint64_t)(now_s * 1e9);
    slot->begun_ns = live_now_ns();
    slot->second = second;
    slot->tries = 0;
    slot->server = tablet->server;
    slot->tablet = tablet->told;
    slot->row = row;
    set_value(slot, row_set_find(run->set, &row));
    send_again(slot);
}
