/* Batches: actions grouped by server, each server's in one Multi call, and what failed tried again.
 *
 * Every action is encoded once, on the caller's thread. A round finds the region of each action
 * that is not done yet, sends each server its part, and waits for all answers; actions whose
 * failure may pass go to another round after a pause. */
#include <stdlib.h>

#include "base/memory.h"
#include "client/call.h"
#include "client/convert.h"
#include "client/server.h"
#include "proto/multi_message.h"
#include "proto/wire.h"

enum {
    GROUP_BYTES = 16 << 20, /* a call is cut when it has this much */
    GROUP_ACTIONS = 20000,
};

enum item_state { ITEM_PENDING, ITEM_DONE, ITEM_FAILED };

struct item {
    size_t from, to;             /* its Action in batch.actions */
    size_t cells_from, cells_to; /* its cells in batch.cells */
    struct span row;             /* in batch.actions, once that does not grow any more */
    struct region *region; /* this round's, borrowed while the round is being sent, then held */
    size_t ordinal;        /* of its region action in its call */
    enum item_state state;
    bool is_answered; /* in this round */
    const struct stele_error *error;
};

struct batch {
    struct stele_batch public;
    struct stele_client *client;
    struct stele_table *table;
    struct arena arena; /* items, groups, errors, results */
    struct buffer actions;
    struct buffer cells;
    struct item *items;
    size_t count;
    size_t calls_open;      /* of this round */
    bool is_sending;        /* calls of this round are still being made */
    struct failure failure; /* the last that may pass, of this round */
    bool has_failure;
    struct retry retry;
    struct locate_waiter waiter;
    struct timer timer;
    struct loop_task task;
    struct stele_error error; /* of an argument, or of the first action that failed */
    stele_batch_function *done;
    void *context;
    void (*keeper)(struct batch *batch); /* instead of done: takes the batch over */
};

/* One call: some items of one server, in the order sent. */
struct group {
    struct batch *batch;
    struct item **items;
    size_t count;
    size_t region_count;
    struct server *server;
};

static void start_round(struct batch *batch);

static void batch_free(struct batch *batch)
{
    buffer_deinit(&batch->actions);
    buffer_deinit(&batch->cells);
    memory_free(batch->public.outcomes);
    arena_deinit(&batch->arena);
    memory_free(batch);
}

void stele_batch_free(struct stele_batch *batch)
{
    if (!batch)
        return;
    if (batch->memory)
        batch_free(batch->memory);
    *batch = (struct stele_batch){0};
}

/* ---- the end ---- */

static void finish(struct batch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        struct item *item = &batch->items[i];
        region_unref(item->region);
        item->region = NULL;
        if (item->state == ITEM_DONE)
            continue;
        batch->public.failed_count++;
        batch->public.outcomes[i].error = (struct stele_error *)(uintptr_t)item->error;
        if (batch->error.status == STELE_OK)
            batch->error = *item->error;
    }
    batch->public.count = batch->count;
    atomic_fetch_sub(&batch->client->in_flight, 1);
    if (batch->keeper) {
        batch->keeper(batch);
        return;
    }
    batch->done(batch->context, &batch->error, &batch->public);
    batch_free(batch);
}

/* A copy of an error in the batch's memory; the same one again for the same words. */
static const struct stele_error *keep_error(
    struct batch *batch, const struct stele_error *error, const struct stele_error *last)
{
    static const struct stele_error no_memory = {
        .status = STELE_NO_MEMORY, .message = "no memory for an error"};
    if (last && last->status == error->status && strcmp(last->message, error->message) == 0)
        return last;
    struct stele_error *kept = arena_allocate(&batch->arena, sizeof(*kept));
    if (!kept)
        return &no_memory;
    *kept = *error;
    return kept;
}

static void item_fail(struct batch *batch, struct item *item, const struct failure *failure,
    const struct stele_error **last)
{
    *last = item->error = keep_error(batch, &failure->error, *last);
    item->is_answered = true;
    switch (failure->kind) {
    case EXCEPTION_DO_NOT_RETRY:
    case EXCEPTION_FATAL:
    case EXCEPTION_SCANNER_LOST:
        item->state = ITEM_FAILED;
        break;
    default:
        batch->failure = *failure;
        batch->has_failure = true;
    }
}

/* ---- between rounds ---- */

static void on_pause_over(struct timer *timer)
{
    start_round((struct batch *)(void *)((char *)timer - offsetof(struct batch, timer)));
}

static void end_round(struct batch *batch)
{
    uint64_t pause_ns;
    bool has_pending = false;
    for (size_t i = 0; i < batch->count && !has_pending; i++)
        has_pending = batch->items[i].state == ITEM_PENDING;
    bool goes_on = has_pending && batch->has_failure && !batch->client->is_closing &&
                   retry_again(
                       &batch->retry, &batch->failure, loop_now(&batch->client->loop), &pause_ns);
    batch->timer.run = on_pause_over;
    if (goes_on && timer_start(&batch->client->timers, &batch->timer, pause_ns))
        return;
    finish(batch);
}

/* ---- answers ---- */

/* One walk over an answer. */
struct answer {
    struct group *group;
    const struct stele_error *last; /* kept */
};

/* A result's cells, copied into the batch's memory. */
static bool keep_result(
    struct batch *batch, const struct result *result, struct stele_result *out_result)
{
    struct arena *arena = &batch->arena;
    *out_result = result_view(result);
    if (result->cell_count == 0)
        return true;
    struct cell *cells = arena_allocate(arena, result->cell_count * sizeof(*cells));
    if (!cells)
        return false;
    for (size_t i = 0; i < result->cell_count; i++) {
        cells[i] = result->cells[i];
        struct span *spans[] = {
            &cells[i].row, &cells[i].family, &cells[i].qualifier, &cells[i].value, &cells[i].tags};
        for (size_t s = 0; s < sizeof(spans) / sizeof(spans[0]); s++) {
            if (spans[s]->size == 0)
                continue;
            *spans[s] = arena_copy(arena, *spans[s]);
            if (!spans[s]->data)
                return false;
        }
    }
    out_result->cells = public_cells(cells);
    return true;
}

static enum status on_outcome(
    void *context, const struct action_outcome *outcome, struct error *error)
{
    struct answer *answer = context;
    struct group *group = answer->group;
    struct batch *batch = group->batch;
    struct failure failure;
    (void)error;
    if (outcome->has_exception) {
        struct exception exception = {.class_name = outcome->class_name,
            .text = outcome->text,
            .has_do_not_retry = true,
            .is_do_not_retry = exception_is_do_not_retry(outcome->class_name)};
        failure_from_exception(&failure, &exception);
    }
    if (outcome->index == UINT32_MAX) {
        for (size_t i = 0; i < group->count; i++) {
            struct item *item = group->items[i];
            if (item->ordinal != outcome->region)
                continue;
            if (!item->is_answered)
                client_note_failure(
                    batch->client, batch->table, item->region, group->server, &failure);
            item_fail(batch, item, &failure, &answer->last);
        }
        return STATUS_OK;
    }
    if (outcome->index >= batch->count)
        return error_set(error, STATUS_INVALID, "an outcome has index %u", outcome->index);
    struct item *item = &batch->items[outcome->index];
    if (item->state != ITEM_PENDING)
        return STATUS_OK;
    if (outcome->has_exception) {
        client_note_failure(batch->client, batch->table, item->region, group->server, &failure);
        item_fail(batch, item, &failure, &answer->last);
        return STATUS_OK;
    }
    item->is_answered = true;
    item->state = ITEM_DONE;
    if (!keep_result(batch, &outcome->result, &batch->public.outcomes[outcome->index].result))
        return error_set(error, STATUS_NO_MEMORY, "no memory for a result");
    return STATUS_OK;
}

static void on_answer(struct call *call, const struct failure *failure,
    const struct response_frame *frame, struct block *block)
{
    struct group *group = call->context;
    struct batch *batch = group->batch;
    struct answer answer = {.group = group};
    struct failure wrong;
    struct error error;
    (void)block;
    enum status status = failure ? STATUS_OK
                                 : multi_response_decode(frame->result, frame->cell_block,
                                       &batch->client->scratch, on_outcome, &answer, &error);
    if (failure) {
        wrong = *failure;
        client_note_failure(batch->client, batch->table, NULL, group->server, failure);
    } else if (status) {
        failure_init(&wrong, EXCEPTION_DO_NOT_RETRY, STELE_PROTOCOL, "%s", error.message);
    } else {
        failure_init(&wrong, EXCEPTION_DO_NOT_RETRY, STELE_PROTOCOL,
            "the server did not answer this action");
    }
    for (size_t i = 0; i < group->count; i++)
        if (group->items[i]->state == ITEM_PENDING && !group->items[i]->is_answered)
            item_fail(batch, group->items[i], &wrong, &answer.last);
    if (--batch->calls_open == 0 && !batch->is_sending)
        end_round(batch);
}

/* ---- a round ---- */

static struct server *item_server(const struct item *item)
{
    return item->region->server;
}

/* The first items of the list that go to one server, up to the size of a call. */
static size_t measure_group(struct item **items, size_t count)
{
    size_t taken = 0, bytes = 0;
    while (taken < count && item_server(items[taken]) == item_server(items[0]) &&
           taken < GROUP_ACTIONS && (taken == 0 || bytes < GROUP_BYTES)) {
        bytes += items[taken]->to - items[taken]->from + items[taken]->cells_to -
                 items[taken]->cells_from;
        taken++;
    }
    return taken;
}

static void group_encode(struct group *group, struct call *call)
{
    struct batch *batch = group->batch;
    struct region *region = NULL;
    size_t mark = 0;
    multi_put_nonce_group(&call->body, batch->client->nonce_group);
    for (size_t i = 0; i < group->count; i++) {
        struct item *item = group->items[i];
        if (item->region != region) {
            if (region)
                multi_region_end(&call->body, mark);
            region = item->region;
            mark = multi_region_begin(
                &call->body, (struct region_specifier){region->name, false}, false);
            group->region_count++;
        }
        item->ordinal = group->region_count - 1;
        item->is_answered = false;
        buffer_put(&call->body, span_make(batch->actions.data + item->from, item->to - item->from));
        if (item->cells_to > item->cells_from)
            buffer_put(&call->cell_block,
                span_make(batch->cells.data + item->cells_from, item->cells_to - item->cells_from));
    }
    multi_region_end(&call->body, mark);
}

static void send_group(struct batch *batch, struct item **items, size_t count)
{
    struct stele_client *client = batch->client;
    struct group *group = arena_allocate_zeroed(&batch->arena, 1, sizeof(*group));
    struct call *call = group ? client_call_new(client, CALL_TO_SERVER, SERVICE_CLIENT, "Multi",
                                    on_answer, group)
                              : NULL;
    if (!call) {
        const struct stele_error *last = NULL;
        struct failure failure;
        failure_init(&failure, EXCEPTION_DO_NOT_RETRY, STELE_NO_MEMORY, "no memory for a call");
        for (size_t i = 0; i < count; i++)
            item_fail(batch, items[i], &failure, &last);
        return;
    }
    *group = (struct group){
        .batch = batch, .items = items, .count = count, .server = item_server(items[0])};
    call->is_once = true;
    call->server = group->server;
    call->timeout_ms = retry_call_timeout_ms(&batch->retry, loop_now(&client->loop));
    group_encode(group, call);
    batch->calls_open++;
    call_start(call);
}

static int compare_servers(const struct server *x, const struct server *y)
{
    int order = x == y ? 0 : span_compare(x->host, y->host);
    return order ? order : x->port < y->port ? -1 : x->port > y->port;
}

static int compare_regions(const struct region *x, const struct region *y)
{
    int order = x == y ? 0 : span_compare(x->start_key, y->start_key);
    return order || x == y ? order : span_compare(x->name, y->name);
}

/* Not by address: a simulation that is run again must do the same. */
static int compare_places(const void *a, const void *b)
{
    const struct item *x = *(struct item *const *)a, *y = *(struct item *const *)b;
    int order = compare_servers(item_server(x), item_server(y));
    if (order == 0)
        order = compare_regions(x->region, y->region);
    return order ? order : x < y ? -1 : x > y; /* of one array */
}

static void on_located(struct locate_waiter *waiter, const struct failure *failure)
{
    struct batch *batch = (struct batch *)(void *)((char *)waiter - offsetof(struct batch, waiter));
    struct failure lost;
    const struct stele_error *last = NULL;
    if (!failure) {
        struct region *region = region_map_find(&batch->table->regions, waiter->row);
        if (region && region->server) {
            start_round(batch);
            return;
        }
        batch->table->is_suspect = true;
        failure_init(&lost, EXCEPTION_REGION_GONE, STELE_CONNECTION,
            "a region of table %s is on no server", batch->table->name_text);
        failure = &lost;
    }
    for (size_t i = 0; i < batch->count; i++)
        if (batch->items[i].state == ITEM_PENDING)
            item_fail(batch, &batch->items[i], failure, &last);
    end_round(batch);
}

static void start_round(struct batch *batch)
{
    struct item **pending = arena_allocate(&batch->arena, batch->count * sizeof(struct item *));
    size_t count = 0;
    if (!pending) {
        const struct stele_error *last = NULL;
        struct failure failure;
        failure_init(&failure, EXCEPTION_DO_NOT_RETRY, STELE_NO_MEMORY, "no memory for a batch");
        for (size_t i = 0; i < batch->count; i++)
            if (batch->items[i].state == ITEM_PENDING)
                item_fail(batch, &batch->items[i], &failure, &last);
    }
    for (size_t i = 0; pending && i < batch->count; i++) {
        struct item *item = &batch->items[i];
        if (item->state != ITEM_PENDING)
            continue;
        struct region *region = region_map_find(&batch->table->regions, item->row);
        if (!region || !region->server) {
            batch->waiter = (struct locate_waiter){.ready = on_located, .row = item->row};
            table_locate(batch->table, &batch->waiter);
            return;
        }
        region_ref(region);
        region_unref(item->region);
        item->region = region;
        pending[count++] = item;
    }
    batch->has_failure = false;
    batch->is_sending = true;
    if (pending && count > 1)
        qsort(pending, count, sizeof(*pending), compare_places);
    for (size_t from = 0; from < count;) {
        size_t taken = measure_group(pending + from, count - from);
        send_group(batch, pending + from, taken);
        from += taken;
    }
    batch->is_sending = false;
    if (batch->calls_open == 0)
        end_round(batch);
}

/* ---- starting ---- */

static enum stele_status encode_item(struct batch *batch, size_t index,
    const struct stele_action *action, struct arena *arena, struct stele_error *error)
{
    struct item *item = &batch->items[index];
    struct get_message get;
    struct mutation mutation;
    enum stele_status status;
    item->from = batch->actions.size;
    item->cells_from = batch->cells.size;
    if (action->get) {
        status = get_convert(action->get, arena, &get, error);
        if (!status)
            multi_put_get(&batch->actions, (uint32_t)index, &get);
    } else {
        status = mutation_convert(action->mutation, arena, &mutation, error);
        if (!status && (mutation.kind == MUTATION_INCREMENT || mutation.kind == MUTATION_APPEND))
            mutation.nonce = client_next_nonce(batch->client);
        if (!status)
            multi_put_mutation(
                &batch->actions, &batch->cells, (uint32_t)index, &mutation, CELL_CODEC_KEY_VALUE);
    }
    arena_reset(arena);
    item->to = batch->actions.size;
    item->cells_to = batch->cells.size;
    return status;
}

static enum stele_status encode_items(struct batch *batch, const struct stele_action *actions,
    size_t count, struct stele_error *error)
{
    struct arena arena = {0};
    enum stele_status status = STELE_OK;
    for (size_t i = 0; i < count && !status; i++)
        status = !actions[i].get == !actions[i].mutation
                     ? failure_set(error, STELE_INVALID,
                           "an action has not exactly one of get and mutation")
                     : encode_item(batch, i, &actions[i], &arena, error);
    arena_deinit(&arena);
    if (status)
        return status;
    if (buffer_status(&batch->actions) || buffer_status(&batch->cells))
        return failure_set(error, STELE_NO_MEMORY, "no memory for a batch of %zu actions", count);
    for (size_t i = 0; i < count; i++) {
        /* Action{index = 1, mutation = 2 | get = 3}: the row follows the keys and sizes of both and
         * the index. */
        struct span in = span_make(
            batch->actions.data + batch->items[i].from, batch->items[i].to - batch->items[i].from);
        struct wire_field field = {0};
        CHECK(!wire_take(&in, &field));
        in = field.bytes;
        CHECK(!wire_take(&in, &field) && !wire_take(&in, &field));
        in = field.bytes;
        CHECK(!wire_take(&in, &field));
        batch->items[i].row = field.bytes;
    }
    return STELE_OK;
}

static void run_start(struct loop_task *task)
{
    struct batch *batch = (struct batch *)(void *)((char *)task - offsetof(struct batch, task));
    retry_init(&batch->retry, &batch->client->options, 0, loop_now(&batch->client->loop));
    if (batch->error.status || batch->count == 0)
        finish(batch);
    else
        start_round(batch);
}

/* A completion must not run inside the caller's call: what ends at once ends from the loop. */
static void post_start(struct loop_task *task)
{
    struct batch *batch = (struct batch *)(void *)((char *)task - offsetof(struct batch, task));
    task->run = run_start;
    loop_defer(&batch->client->loop, task);
}

static void batch_start(struct stele_table *table, const struct stele_action *actions, size_t count,
    stele_batch_function *done, void (*keeper)(struct batch *batch), void *context)
{
    struct batch *batch = memory_allocate_zeroed(1, sizeof(*batch));
    CHECK(batch);
    batch->client = table->client;
    batch->table = table;
    batch->done = done;
    batch->keeper = keeper;
    batch->context = context;
    batch->task.run = post_start;
    batch->items = arena_allocate_zeroed(&batch->arena, count, sizeof(*batch->items));
    batch->public.outcomes = memory_allocate_zeroed(count + 1, sizeof(*batch->public.outcomes));
    enum stele_status status = !batch->items || !batch->public.outcomes
                                   ? failure_set(&batch->error, STELE_NO_MEMORY,
                                         "no memory for a batch of %zu actions", count)
                                   : encode_items(batch, actions, count, &batch->error);
    if (!status)
        batch->count = count;
    atomic_fetch_add(&batch->client->in_flight, 1);
    client_loop_post(&batch->client->loop, &batch->task);
}

void stele_batch_async(struct stele_table *table, const struct stele_action *actions, size_t count,
    stele_batch_function *done, void *context)
{
    batch_start(table, actions, count, done, NULL, context);
}

/* ---- synchronous ---- */

/* What the completion leaves for the waiter. */
struct batch_wait {
    struct loop_wait *wait;
    struct loop *loop;
    struct batch *batch;
};

static void keep_batch(struct batch *batch)
{
    struct batch_wait *answer = batch->context;
    answer->wait->error = batch->error;
    answer->batch = batch;
    if (!loop_wait_finish(answer->loop, answer->wait)) {
        memory_free(answer);
        batch_free(batch);
    }
}

enum stele_status stele_batch(struct stele_table *table, const struct stele_action *actions,
    size_t count, struct stele_batch *out_batch, struct stele_error *error)
{
    struct batch_wait *answer = memory_allocate_zeroed(1, sizeof(*answer));
    struct loop_wait *wait = loop_wait_new();
    *out_batch = (struct stele_batch){0};
    if (!answer || !wait) {
        memory_free(answer);
        memory_free(wait);
        return failure_set(error, STELE_NO_MEMORY, "no memory for a call");
    }
    answer->wait = wait;
    answer->loop = &table->client->loop;
    batch_start(table, actions, count, NULL, keep_batch, answer);
    if (!loop_wait_until(answer->loop, wait, 0))
        return failure_set(error, STELE_CANCELLED, "interrupted");
    enum stele_status status = wait->error.status;
    if (error)
        *error = wait->error;
    *out_batch = answer->batch->public;
    out_batch->memory = answer->batch;
    memory_free(wait);
    memory_free(answer);
    return status;
}
