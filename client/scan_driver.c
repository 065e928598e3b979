/* The loop's side of a scanner: which call comes next, and what to do when one fails. */
#include "base/memory.h"
#include "client/address.h"
#include "client/scanner.h"
#include "client/server.h"

enum { PAGES_AHEAD = 1 }; /* prefetched while the caller reads its page */

static void drive(struct stele_scanner *scanner);

/* ---- answering the caller ---- */

static void scanner_free(struct stele_scanner *scanner)
{
    while (scanner->pages) {
        struct scan_page *next = scanner->pages->next;
        scan_page_free(scanner->pages);
        scanner->pages = next;
    }
    while (scanner->free_pages) {
        struct scan_page *next = scanner->free_pages->next;
        scan_page_free(scanner->free_pages);
        scanner->free_pages = next;
    }
    memory_free(scanner->wait); /* given up by the caller, or NULL */
    scan_partial_deinit(&scanner->partial);
    buffer_deinit(&scanner->mark.bytes);
    buffer_deinit(&scanner->position);
    region_unref(scanner->region);
    timer_stop(&scanner->timer);
    stele_filter_free(scanner->filter);
    arena_deinit(&scanner->arena);
    memory_free(scanner);
}

static struct scan_page *take_page(struct stele_scanner *scanner)
{
    struct scan_page *page = scanner->pages;
    if (page) {
        scanner->pages = page->next;
        if (!scanner->pages)
            scanner->last_page = &scanner->pages;
        scanner->page_count--;
    }
    return page;
}

static void put_page_back(struct stele_scanner *scanner, struct scan_page *page)
{
    page->next = scanner->pages;
    if (!scanner->pages)
        scanner->last_page = &page->next;
    scanner->pages = page;
    scanner->page_count++;
}

/* Only while the caller waits: the totals are its own. */
static void count_for_caller(struct stele_scanner *scanner, struct scan_counts *counts)
{
    for (size_t i = 0; i < counts->count; i++)
        scan_counts_add(
            &scanner->totals, span_string(counts->counts[i].name), counts->counts[i].value);
    counts->count = 0;
}

/* Answers the caller's request when there is something to say. */
static void answer_caller(struct stele_scanner *scanner)
{
    struct stele_error error = {.status = STELE_OK};
    if (!scanner->is_waiting || (!scanner->pages && !scanner->is_finished))
        return;
    struct scan_page *page = take_page(scanner);
    if (!page && scanner->is_failed)
        error = scanner->failure.error;
    else if (!page)
        failure_set(&error, STELE_END, "the scan is at its end");
    if (!page)
        count_for_caller(scanner, &scanner->counts);
    scanner->is_waiting = false;
    if (scanner->wait) {
        struct loop_wait *wait = scanner->wait;
        scanner->wait = NULL;
        wait->error = error;
        wait->answer = page;
        if (!loop_wait_finish(&scanner->client->loop, wait) && page)
            put_page_back(scanner, page);
        return;
    }
    stele_rows_function *done = scanner->done;
    scanner->page = page;
    scanner->row = page ? page->count : 0;
    if (page)
        count_for_caller(scanner, &page->counts);
    done(scanner->done_context, &error, page ? page->results : NULL, page ? page->count : 0);
}

/* ---- going on ---- */

static void finish(struct stele_scanner *scanner, const struct failure *failure)
{
    scanner->is_finished = true;
    if (failure) {
        scanner->is_failed = true;
        scanner->failure = *failure;
    }
}

/* The server has no scanner of ours any more. */
static void forget_open(struct stele_scanner *scanner)
{
    scanner->is_open = false;
    region_unref(scanner->region);
    scanner->region = NULL;
}

static void on_pause_over(struct timer *timer)
{
    struct stele_scanner *scanner =
        (struct stele_scanner *)(void *)((char *)timer - offsetof(struct stele_scanner, timer));
    scanner->is_busy = false;
    drive(scanner);
}

static void pause_for(struct stele_scanner *scanner, uint64_t pause_ns)
{
    scanner->timer.run = on_pause_over;
    if (timer_start(&scanner->client->timers, &scanner->timer, pause_ns)) {
        scanner->is_busy = true;
        return;
    }
    struct failure failure;
    failure_init(&failure, EXCEPTION_DO_NOT_RETRY, STELE_NO_MEMORY, "no memory for a timer");
    finish(scanner, &failure);
}

/* A call or a look-up failed: read on after the last row taken in, or end. */
static void fail(struct stele_scanner *scanner, const struct failure *cause)
{
    struct failure failure = *cause;
    uint64_t pause_ns;
    forget_open(scanner);
    scan_partial_drop(scanner);
    scanner->skips_to_mark = scanner->mark.is_set && scanner->is_position_inclusive;
    if (failure.kind == EXCEPTION_SCANNER_LOST)
        failure.kind = EXCEPTION_RETRY_NOW;
    scan_counts_add(&scanner->counts, SPAN_LITERAL("RPC_RETRIES"), 1);
    if (scanner->is_remote)
        scan_counts_add(&scanner->counts, SPAN_LITERAL("REMOTE_RPC_RETRIES"), 1);
    if (failure.kind == EXCEPTION_REGION_GONE || failure.kind == EXCEPTION_REGION_MOVED)
        scan_counts_add(&scanner->counts, SPAN_LITERAL("NOT_SERVING_REGION_EXCEPTION"), 1);
    if (!scanner->client->is_closing &&
        retry_again(&scanner->retry, &failure, loop_now(&scanner->client->loop), &pause_ns))
        pause_for(scanner, pause_ns);
    else
        finish(scanner, &failure);
}

/* The region is read to its end: where does the next one begin, if it does? */
static void next_region(struct stele_scanner *scanner)
{
    const struct scan_request *scan = &scanner->message.scan;
    struct region *region = scanner->region;
    struct span edge = scan->is_reversed ? region->start_key : region->end_key;
    int order = span_compare(edge, scan->stop_row);
    if (edge.size == 0) {
        finish(scanner, NULL);
    } else if (scan->stop_row.size && !scan->is_reversed &&
               (order > 0 || (order == 0 && !scan->is_stop_inclusive))) {
        finish(scanner, NULL);
    } else if (scan->stop_row.size && scan->is_reversed && order <= 0) {
        finish(scanner, NULL);
    } else {
        buffer_reset(&scanner->position);
        buffer_put(&scanner->position, edge);
        scanner->is_position_inclusive = !scan->is_reversed;
    }
    forget_open(scanner);
}

/* ---- answers ---- */

static void count_answer(
    struct stele_scanner *scanner, const struct scan_response *response, size_t bytes)
{
    scan_counts_add(&scanner->counts, SPAN_LITERAL("RPC_CALLS"), 1);
    scan_counts_add(&scanner->counts, SPAN_LITERAL("BYTES_IN_RESULTS"), (int64_t)bytes);
    uint64_t taken_ns = loop_now(&scanner->client->loop) - scanner->sent_ns;
    scan_counts_add(
        &scanner->counts, SPAN_LITERAL("MILLIS_BETWEEN_NEXTS"), (int64_t)(taken_ns / 1000000));
    if (scanner->is_remote) {
        scan_counts_add(&scanner->counts, SPAN_LITERAL("REMOTE_RPC_CALLS"), 1);
        scan_counts_add(&scanner->counts, SPAN_LITERAL("BYTES_IN_REMOTE_RESULTS"), (int64_t)bytes);
    }
    for (size_t i = 0; i < response->metric_count; i++)
        scan_counts_add(&scanner->counts, response->metrics[i].name, response->metrics[i].value);
}

static void take_answer(struct stele_scanner *scanner, const struct scan_response *response,
    struct span cell_block, struct block *block)
{
    struct failure failure;
    struct error error;
    bool has_more_in_region = response->has_more_results_in_region &&
                              response->more_results_in_region;
    bool has_more = !response->has_more_results || response->more_results;
    bool is_row_ended = !has_more_in_region || !has_more;
    struct scan_page *page = scan_page_new(scanner);
    enum status status = page ? scan_page_fill(scanner, page, response, cell_block, block,
                                    is_row_ended, &error)
                              : error_set(&error, STATUS_NO_MEMORY, "no memory for a scan's rows");
    count_answer(scanner, response, cell_block.size);
    if (status) {
        scan_page_recycle(scanner, page);
        failure_init(&failure, EXCEPTION_DO_NOT_RETRY,
            status == STATUS_NO_MEMORY ? STELE_NO_MEMORY : STELE_PROTOCOL, "%s", error.message);
        finish(scanner, &failure);
        return;
    }
    retry_init(&scanner->retry, &scanner->client->options, scanner->timeout_ms,
        loop_now(&scanner->client->loop));
    if (!has_more || scanner->rows_left == 0) {
        scanner->is_open = scanner->is_open && has_more && has_more_in_region;
        finish(scanner, NULL);
    } else if (!has_more_in_region) {
        next_region(scanner);
    }
    if (page->count == 0) {
        scan_page_recycle(scanner, page);
        return;
    }
    page->counts = scanner->counts;
    scanner->counts.count = 0;
    *scanner->last_page = page;
    scanner->last_page = &page->next;
    scanner->page_count++;
}

static void on_answer(struct call *call, const struct failure *failure,
    const struct response_frame *answer, struct block *block)
{
    struct stele_scanner *scanner = call->context;
    struct stele_client *client = scanner->client;
    struct scan_response response;
    struct failure malformed;
    struct error error;
    scanner->call = NULL;
    scanner->is_busy = false;
    if (failure) {
        client_note_failure(client, scanner->table, scanner->region, scanner->server, failure);
        fail(scanner, failure);
    } else if (scan_response_decode(answer->result, &client->scratch, &response, &error)) {
        failure_init(&malformed, EXCEPTION_DO_NOT_RETRY, STELE_PROTOCOL, "%s", error.message);
        finish(scanner, &malformed);
    } else {
        if (response.has_scanner_id) {
            scanner->scanner_id = response.scanner_id;
            scanner->is_open = true;
        }
        take_answer(scanner, &response, answer->cell_block, block);
    }
    drive(scanner);
}

/* ---- calls ---- */

static struct call *scan_call_new(struct stele_scanner *scanner, call_function *done)
{
    struct call *call = client_call_new(
        scanner->client, CALL_TO_SERVER, SERVICE_CLIENT, "Scan", done, scanner);
    if (call) {
        call->is_once = true;
        call->server = scanner->server;
        call->timeout_ms = retry_call_timeout_ms(&scanner->retry, loop_now(&scanner->client->loop));
    }
    return call;
}

static void fill_limits(const struct stele_scanner *scanner, struct scan_message *message)
{
    message->has_number_of_rows = true;
    message->number_of_rows = scanner->message.caching ? scanner->message.caching : INT32_MAX;
    if (scanner->rows_left != UINT64_MAX) {
        message->has_limit_of_rows = true;
        message->limit_of_rows = scanner->rows_left < INT32_MAX ? (uint32_t)scanner->rows_left
                                                                : INT32_MAX;
    }
    message->handles_partials = true;
    message->handles_heartbeats = true;
    message->tracks_metrics = scanner->message.tracks_metrics;
}

/* Opens on the region, or asks the open scanner for more. */
static void send_next(struct stele_scanner *scanner, struct region *region)
{
    struct call *call = NULL;
    struct scan_message message;
    if (region) {
        message = scanner->message;
        message.region = (struct region_specifier){region->name, false};
        message.scan.start_row = buffer_span(&scanner->position);
        message.scan.is_start_inclusive = scanner->is_position_inclusive;
        region_unref(scanner->region);
        scanner->region = region_ref(region);
        scanner->server = region->server;
        scanner->is_remote = !address_is_own_host(scanner->server->host);
        scanner->next_call_seq = 0;
        scan_counts_add(&scanner->counts, SPAN_LITERAL("REGIONS_SCANNED"), 1);
    } else {
        message = (struct scan_message){.has_scanner_id = true,
            .scanner_id = scanner->scanner_id,
            .has_next_call_seq = true,
            .next_call_seq = scanner->next_call_seq++};
    }
    fill_limits(scanner, &message);
    call = scan_call_new(scanner, on_answer);
    if (!call) {
        struct failure failure;
        failure_init(&failure, EXCEPTION_DO_NOT_RETRY, STELE_NO_MEMORY, "no memory for a scan");
        finish(scanner, &failure);
        return;
    }
    scan_request_encode(&call->body, &message);
    scanner->sent_ns = loop_now(&scanner->client->loop);
    scanner->call = call;
    scanner->is_busy = true;
    call_start(call);
}

static struct region *find_region(struct stele_scanner *scanner, bool is_before)
{
    struct span position = buffer_span(&scanner->position);
    struct region *region = is_before ? region_map_find_before(&scanner->table->regions, position)
                                      : region_map_find(&scanner->table->regions, position);
    return region && region->server ? region : NULL;
}

static bool looks_before(const struct stele_scanner *scanner)
{
    return scanner->message.scan.is_reversed &&
           (!scanner->is_position_inclusive || scanner->position.size == 0);
}

static void on_located(struct locate_waiter *waiter, const struct failure *failure)
{
    struct stele_scanner *scanner =
        (struct stele_scanner *)(void *)((char *)waiter - offsetof(struct stele_scanner, waiter));
    scanner->is_locating = false;
    scanner->is_busy = false;
    if (failure) {
        fail(scanner, failure);
    } else if (!find_region(scanner, waiter->is_before)) {
        struct failure lost;
        failure_init(&lost, EXCEPTION_RETRY, STELE_CONNECTION,
            "a region of table %s is on no server", scanner->table->name_text);
        scanner->table->is_suspect = true;
        fail(scanner, &lost);
    }
    drive(scanner);
}

static void locate(struct stele_scanner *scanner, bool is_before)
{
    scanner->waiter = (struct locate_waiter){
        .ready = on_located, .row = buffer_span(&scanner->position), .is_before = is_before};
    scanner->is_busy = true;
    scanner->is_locating = true;
    table_locate(scanner->table, &scanner->waiter);
}

/* Does what there is to do: answers the caller, and starts the next call if one is wanted. */
static void drive(struct stele_scanner *scanner)
{
    if (scanner->is_closing) {
        if (!scanner->is_busy)
            scan_driver_close(&scanner->close_task);
        return;
    }
    if (scanner->client->is_closing && !scanner->is_finished && !scanner->is_busy) {
        struct failure failure;
        failure_init(&failure, EXCEPTION_FATAL, STELE_CANCELLED, "the client is closing");
        finish(scanner, &failure);
    }
    size_t wanted = scanner->prefetches ? PAGES_AHEAD : 0;
    if (scanner->is_waiting)
        wanted++;
    if (!scanner->is_busy && !scanner->is_finished && scanner->page_count < wanted) {
        bool is_before = looks_before(scanner);
        struct region *region = scanner->is_open ? NULL : find_region(scanner, is_before);
        if (scanner->is_open || region)
            send_next(scanner, region);
        else
            locate(scanner, is_before);
    }
    answer_caller(scanner);
}

/* ---- from the caller ---- */

static void run_drive(struct loop_task *task)
{
    drive((
        struct stele_scanner *)(void *)((char *)task - offsetof(struct stele_scanner, drive_task)));
}

void scan_driver_demand(struct loop_task *task)
{
    struct scan_demand *demand = (struct scan_demand *)task;
    struct stele_scanner *scanner = demand->scanner;
    scan_page_recycle(scanner, demand->returned);
    memory_free(scanner->wait); /* given up by the caller, or NULL */
    scanner->wait = demand->wait;
    scanner->done = demand->done;
    scanner->done_context = demand->done_context;
    scanner->is_waiting = true;
    memory_free(demand);
    if (!scanner->retry.options || !scanner->is_busy)
        retry_init(&scanner->retry, &scanner->client->options, scanner->timeout_ms,
            loop_now(&scanner->client->loop));
    if (scanner->wait) {
        drive(scanner);
        return;
    }
    scanner->drive_task.run = run_drive; /* the completion must not run inside the caller's call */
    loop_defer(&scanner->client->loop, &scanner->drive_task);
}

static void on_closed(struct call *call, const struct failure *failure,
    const struct response_frame *answer, struct block *block)
{
    (void)call;
    (void)failure;
    (void)answer;
    (void)block;
}

void scan_driver_close(struct loop_task *task)
{
    struct stele_scanner *scanner =
        (struct stele_scanner *)(void *)((char *)task - offsetof(struct stele_scanner, close_task));
    scanner->is_closing = true;
    if (scanner->is_locating) {
        table_forget_waiter(scanner->table, &scanner->waiter);
        scanner->is_busy = scanner->is_locating = false;
    }
    if (scanner->is_busy && scanner->call)
        return; /* its answer brings us back */
    struct call *call = scanner->is_open && !scanner->client->is_closing
                            ? scan_call_new(scanner, on_closed)
                            : NULL;
    if (call) {
        struct scan_message message = {.has_scanner_id = true,
            .scanner_id = scanner->scanner_id,
            .is_close = true,
            .has_number_of_rows = true,
            .number_of_rows = 0};
        scan_request_encode(&call->body, &message);
        call_start(call);
    }
    scanner_free(scanner);
}
