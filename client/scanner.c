#include "client/scanner.h"

#include <stdlib.h>

#include "base/memory.h"

static bool copy_span(struct arena *arena, struct span *span)
{
    if (span->size == 0) {
        *span = SPAN_LITERAL("");
        return true;
    }
    *span = arena_copy(arena, *span);
    return span->data != NULL;
}

static bool copy_attributes(struct arena *arena, struct read_request *read)
{
    size_t count = read->attribute_count;
    struct attribute *copies = arena_allocate_zeroed(arena, count, sizeof(*copies));
    for (size_t i = 0; copies && i < count; i++) {
        copies[i] = read->attributes[i];
        if (!copy_span(arena, &copies[i].key) || !copy_span(arena, &copies[i].value))
            return false;
    }
    read->attributes = copies;
    return copies || count == 0;
}

/* The request, with all its bytes in the scanner's arena. */
static bool copy_request(struct stele_scanner *scanner, const struct stele_scan *scan)
{
    struct scan_message *message = &scanner->message;
    struct scan_request *request = &message->scan;
    struct arena *arena = &scanner->arena;
    scan_request_init(request);
    if (read_convert(&scan->read, arena, &request->read, &scanner->failure.error)) {
        scanner->is_finished = scanner->is_failed = true;
        return scanner->failure.error.status != STELE_NO_MEMORY;
    }
    for (size_t i = 0; i < request->read.family_count; i++) {
        struct family_selection *family = &request->read.families[i];
        if (!copy_span(arena, &family->family))
            return false;
        for (size_t q = 0; q < family->qualifier_count; q++)
            if (!copy_span(arena, &family->qualifiers[q]))
                return false;
    }
    if (!copy_attributes(arena, &request->read))
        return false;
    message->read_type = scan->read_type;
    request->stop_row = span_of(scan->stop_row);
    request->is_stop_inclusive = scan->is_stop_inclusive;
    request->is_reversed = scan->is_reversed;
    request->batch = scan->batch;
    message->has_scan = true;
    message->caching = scan->caching;
    message->max_result_size = scan->max_result_size;
    message->tracks_metrics = scan->tracks_metrics;
    buffer_put(&scanner->position, span_of(scan->start_row));
    scanner->is_position_inclusive = scan->is_start_inclusive || scan->start_row.size == 0;
    return copy_span(arena, &request->stop_row) && !buffer_status(&scanner->position);
}

/* What HBase's client counts by itself is told when it did not happen, too. */
static void count_from_zero(struct scan_counts *counts)
{
    static const char *const names[] = {"RPC_CALLS", "REMOTE_RPC_CALLS", "MILLIS_BETWEEN_NEXTS",
        "NOT_SERVING_REGION_EXCEPTION", "BYTES_IN_RESULTS", "BYTES_IN_REMOTE_RESULTS",
        "REGIONS_SCANNED", "RPC_RETRIES", "REMOTE_RPC_RETRIES"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        scan_counts_add(counts, span_string(names[i]), 0);
}

struct stele_scanner *stele_scanner_open(struct stele_table *table, const struct stele_scan *scan)
{
    struct stele_scanner *scanner = memory_allocate_zeroed(1, sizeof(*scanner));
    if (!scanner)
        return NULL;
    scanner->client = table->client;
    scanner->table = table;
    scanner->arena.chunk_bytes = 1024;
    scanner->last_page = &scanner->pages;
    scanner->rows_left = scan->limit ? scan->limit : UINT64_MAX;
    scanner->timeout_ms = scan->timeout_ms;
    scanner->prefetches = scan->prefetches;
    scanner->keeps_parts = scan->batch > 0 || scan->allows_partial;
    if (scan->read.filter) {
        scanner->filter = (struct stele_filter *)(uintptr_t)scan->read.filter;
        atomic_fetch_add(&scanner->filter->refs, 1);
    }
    count_from_zero(&scanner->totals);
    if (copy_request(scanner, scan))
        return scanner;
    stele_filter_free(scanner->filter);
    buffer_deinit(&scanner->position);
    arena_deinit(&scanner->arena);
    memory_free(scanner);
    return NULL;
}

void stele_scanner_close(struct stele_scanner *scanner)
{
    if (!scanner)
        return;
    scan_page_free(scanner->page);
    scanner->page = NULL;
    scanner->close_task.run = scan_driver_close;
    client_loop_post(&scanner->client->loop, &scanner->close_task);
}

/* ---- synchronous ---- */

/* Hands the page in hand back and asks for the next. False on no memory. */
static bool post_demand(
    struct stele_scanner *scanner, struct loop_wait *wait, stele_rows_function *done, void *context)
{
    struct scan_demand *demand = memory_allocate(sizeof(*demand));
    if (!demand)
        return false;
    *demand = (struct scan_demand){
        {scan_driver_demand, NULL}, scanner, scanner->page, wait, done, context};
    scanner->page = NULL;
    scanner->row = 0;
    client_loop_post(&scanner->client->loop, &demand->task);
    return true;
}

/* Waits for the next page. */
static enum stele_status fetch_page(struct stele_scanner *scanner, struct stele_error *error)
{
    struct loop_wait *wait = loop_wait_new();
    if (!wait || !post_demand(scanner, wait, NULL, NULL)) {
        memory_free(wait);
        return failure_set(error, STELE_NO_MEMORY, "no memory for a call");
    }
    if (!loop_wait_until(&scanner->client->loop, wait, 0))
        return failure_set(error, STELE_CANCELLED, "interrupted");
    enum stele_status status = wait->error.status;
    if (error)
        *error = wait->error;
    scanner->page = wait->answer;
    memory_free(wait);
    if (scanner->page)
        for (size_t i = 0; i < scanner->page->counts.count; i++)
            scan_counts_add(&scanner->totals, span_string(scanner->page->counts.counts[i].name),
                scanner->page->counts.counts[i].value);
    return status;
}

enum stele_status stele_scanner_next(struct stele_scanner *scanner,
    const struct stele_result **out_result, struct stele_error *error)
{
    if (!scanner->page || scanner->row == scanner->page->count) {
        enum stele_status status = fetch_page(scanner, error);
        if (status)
            return status;
    }
    *out_result = &scanner->page->results[scanner->row++];
    return STELE_OK;
}

enum stele_status stele_scanner_next_rows(struct stele_scanner *scanner,
    const struct stele_result **out_results, size_t *out_count, struct stele_error *error)
{
    if (!scanner->page || scanner->row == scanner->page->count) {
        enum stele_status status = fetch_page(scanner, error);
        if (status)
            return status;
    }
    *out_results = scanner->page->results + scanner->row;
    *out_count = scanner->page->count - scanner->row;
    scanner->row = scanner->page->count;
    return STELE_OK;
}

/* ---- asynchronous ---- */

void stele_scanner_next_async(
    struct stele_scanner *scanner, stele_rows_function *done, void *context)
{
    CHECK(post_demand(scanner, NULL, done, context));
}

/* ---- renewing ---- */

static void on_renewed(struct call *call, const struct failure *failure,
    const struct response_frame *answer, struct block *block)
{
    struct loop_wait *wait = call->context2;
    (void)answer;
    (void)block;
    if (failure)
        wait->error = failure->error;
    loop_wait_finish(&call->client->loop, wait);
}

struct renewal {
    struct loop_task task;
    struct stele_scanner *scanner;
    struct loop_wait *wait;
};

static void start_renewal(struct loop_task *task)
{
    struct renewal *renewal = (struct renewal *)task;
    struct stele_scanner *scanner = renewal->scanner;
    struct call *call = NULL;
    /* Nothing to keep alive, or a call under way that does: fine. */
    if (scanner->is_open && !scanner->is_busy)
        call = client_call_new(
            scanner->client, CALL_TO_SERVER, SERVICE_CLIENT, "Scan", on_renewed, scanner);
    if (call) {
        struct scan_message message = {.has_scanner_id = true,
            .scanner_id = scanner->scanner_id,
            .has_next_call_seq = true,
            .next_call_seq = scanner->next_call_seq++,
            .is_renew = true,
            .has_number_of_rows = true,
            .number_of_rows = 0};
        call->is_once = true;
        call->server = scanner->server;
        call->context2 = renewal->wait;
        scan_request_encode(&call->body, &message);
        call_start(call);
    } else {
        loop_wait_finish(&scanner->client->loop, renewal->wait);
    }
    memory_free(renewal);
}

enum stele_status stele_scanner_renew(struct stele_scanner *scanner, struct stele_error *error)
{
    struct loop_wait *wait = loop_wait_new();
    struct renewal *renewal = memory_allocate(sizeof(*renewal));
    if (!wait || !renewal) {
        memory_free(wait);
        memory_free(renewal);
        return failure_set(error, STELE_NO_MEMORY, "no memory for a call");
    }
    *renewal = (struct renewal){{start_renewal, NULL}, scanner, wait};
    client_loop_post(&scanner->client->loop, &renewal->task);
    if (!loop_wait_until(&scanner->client->loop, wait, 0))
        return failure_set(error, STELE_CANCELLED, "interrupted");
    enum stele_status status = wait->error.status;
    if (error)
        *error = wait->error;
    memory_free(wait);
    return status;
}

/* ---- metrics ---- */

static int compare_metrics(const void *a, const void *b)
{
    return strcmp(((const struct stele_metric *)a)->name, ((const struct stele_metric *)b)->name);
}

void stele_scanner_metrics(
    struct stele_scanner *scanner, const struct stele_metric **out_metrics, size_t *out_count)
{
    for (size_t i = 0; i < scanner->totals.count; i++)
        scanner->metrics[i] = (struct stele_metric){
            scanner->totals.counts[i].name, scanner->totals.counts[i].value};
    qsort(scanner->metrics, scanner->totals.count, sizeof(*scanner->metrics), compare_metrics);
    *out_metrics = scanner->metrics;
    *out_count = scanner->totals.count;
}
