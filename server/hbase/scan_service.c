#include "server/hbase/scan_service.h"

#include <inttypes.h>

#include "base/limits.h"
#include "proto/scan_message.h"
#include "server/hbase/call_load.h"
#include "server/hbase/region_lookup.h"
#include "server/hbase/scan_sink.h"
#include "server/hbase/scanner_table.h"
#include "server/net/loop.h"

#define NS_PER_MS          1000000u
#define LOOP_SHARE_NS      (3u * (uint64_t)NS_PER_MS) /* of one scan, before it moves to a worker */
#define HEARTBEAT_LEAST_MS 10
#define SCAN_SHARE         4 /* of what one answer may hold, a scan fills one in so many */

/* One call that reads: in the call's arena. */
struct scan_run {
    struct scan_sink sink; /* first */
    struct task task;      /* to a worker */
    struct call *call;
    struct scanner_entry *entry;   /* taken */
    struct scan_limits limits;     /* what is left */
    struct scan_progress progress; /* sums; the rest from the last part */
    uint64_t heartbeat_due_ns;     /* 0 = none is allowed */
    bool is_open;                  /* the scanner was opened by this call */
    bool is_close;                 /* and ends with it */
    bool tracks_metrics;
    uint64_t started_ns;
};

/* ---- Exceptions ---- */

static enum call_outcome fail_unknown(struct call *call, uint64_t id)
{
    return call_fail(call, EXCEPTION_UNKNOWN_SCANNER,
        "Unknown scanner '%" PRId64 "'. This can happen due to any of the following reasons: "
        "a) Scanner id given is wrong, b) Scanner lease expired because of long wait between "
        "consecutive client checkins, c) Server may be closing down, d) RegionServer restart "
        "during upgrade.\nIf the issue is due to reason (b), a possible fix would be increasing "
        "the value of 'hbase.client.scanner.timeout.period' configuration.",
        (int64_t)id);
}

static enum call_outcome fail_out_of_order(struct call *call, uint64_t expected, uint64_t found)
{
    return call_fail(call, EXCEPTION_OUT_OF_ORDER_SCANNER,
        "Expected nextCallSeq: %" PRIu64 " But the nextCallSeq got from client: %" PRIu64, expected,
        found);
}

/* A failure inside a scan: what the client can only cure by a new scanner is said so. */
static enum call_outcome fail_reading(
    struct call *call, enum status status, const struct error *error)
{
    if (status == STATUS_LIMIT)
        return call_fail_row_size(call);
    bool is_reset = status == STATUS_IO || status == STATUS_NO_MEMORY || status == STATUS_BUSY;
    if (!is_reset)
        return call_fail_status(call, status, error);
    bool is_old = call->client_major == 0 || (call->client_major == 1 && call->client_minor < 4);
    return call_fail(call, is_old ? EXCEPTION_UNKNOWN_SCANNER : EXCEPTION_SCANNER_RESET,
        "Scanner is closed on the server-side: %s", error->message);
}

/* ---- Answers ---- */

static int64_t to_ms(uint64_t ns)
{
    return (int64_t)((ns + 500000) / 1000000);
}

static void answer(const struct scan_run *run, bool more_results, bool more_in_region)
{
    struct call *call = run->call;
    const struct scan_sink *sink = &run->sink;
    const struct read_places *places = &run->progress.places;
    uint64_t now_ns = env_monotonic_ns(call->service->env);
    struct scan_metric metrics[] = {
        {SPAN_LITERAL("ROWS_SCANNED"), (int64_t)run->progress.rows_scanned},
        {SPAN_LITERAL("ROWS_FILTERED"), (int64_t)run->progress.rows_filtered},
        {SPAN_LITERAL("BLOCK_BYTES_SCANNED"), (int64_t)places->block_bytes},
        {SPAN_LITERAL("FS_READ_TIME"), to_ms(places->file_ns)},
        {SPAN_LITERAL("BYTES_READ_FROM_FS"), (int64_t)places->file_bytes},
        {SPAN_LITERAL("BYTES_READ_FROM_BLOCK_CACHE"), (int64_t)places->cache_bytes},
        {SPAN_LITERAL("BYTES_READ_FROM_MEMSTORE"), (int64_t)places->memtable_bytes},
        {SPAN_LITERAL("BLOCK_READ_OPS_COUNT"), (int64_t)places->file_reads},
        {SPAN_LITERAL("RPC_SCAN_PROCESSING_TIME"), to_ms(now_ns - run->started_ns)},
        {SPAN_LITERAL("RPC_SCAN_QUEUE_WAIT_TIME"), to_ms(run->started_ns - call->received_ns)},
    };
    struct scan_response response = {.has_scanner_id = true,
        .scanner_id = run->entry->id,
        .has_more_results = true,
        .more_results = more_results,
        .has_more_results_in_region = true,
        .more_results_in_region = more_in_region,
        .ttl_ms = LIMIT_SCANNER_LEASE_MS,
        .read_point = run->is_open ? scanner_read_point(run->entry->scanner) : 0,
        .result_count = sink->result_count,
        .metrics = metrics,
        .metric_count = run->tracks_metrics ? sizeof metrics / sizeof metrics[0] : 0};
    bool is_late = run->progress.stop == SCAN_STOP_TIME && run->heartbeat_due_ns > 0;
    response.is_heartbeat = is_late && more_in_region;
    if (response.is_heartbeat && run->entry->is_cursor_wanted)
        response.cursor_row = run->progress.last_row;
    struct buffer messages = {0};
    if (sink->is_inline) {
        scan_sink_put_messages(sink, &messages);
        response.results = buffer_span(&messages);
        response.result_count = 0;
        if (buffer_status(&messages))
            call_fail_status(call, STATUS_NO_MEMORY, NULL);
    } else {
        response.cells_per_result = sink->cell_counts;
        response.partial_flags = sink->partial_flags;
    }
    scan_response_encode(&call->result, &response);
    buffer_deinit(&messages);
}

/* Only the id: for renewals, closes and openings without rows. */
static void answer_id(
    struct call *call, uint64_t id, bool has_more, bool is_open, uint64_t read_point)
{
    struct scan_response response = {.has_scanner_id = true,
        .scanner_id = id,
        .has_more_results = is_open,
        .more_results = true,
        .has_more_results_in_region = is_open,
        .more_results_in_region = has_more,
        .ttl_ms = is_open ? LIMIT_SCANNER_LEASE_MS : 0,
        .read_point = read_point};
    scan_response_encode(&call->result, &response);
}

/* ---- Reading ---- */

/* The rows from where the scanner stood to where it stands. */
static void run_record(struct scan_run *run)
{
    struct scanner_entry *entry = run->entry;
    const struct scan_progress *sum = &run->progress;
    struct span from = span_make(entry->position, entry->position_size);
    struct span to = sum->last_row.size > 0 ? sum->last_row : from;
    bool is_back = span_compare(to, from) < 0; /* reversed, or from the first row */
    call_load_record(run->call, entry->tablet,
        (struct load_event){.kind = LOAD_SCAN,
            .requests = sum->rows_scanned > 0 ? sum->rows_scanned : 1,
            .rows_returned = sum->rows,
            .bytes_in = run->call->param.size,
            .bytes_out = sum->bytes},
        is_back ? to : from, is_back ? from : to);
    scanner_entry_set_position(entry, to);
}

/* The reading is over: the answer, and the scanner under a lease or closed. */
static void run_end(struct scan_run *run)
{
    struct scanner_table *scanners = run->call->service->scanners;
    enum scan_stop stop = run->progress.stop;
    bool more_in_region = stop != SCAN_STOP_END && stop != SCAN_STOP_FILTER;
    bool more_results = stop != SCAN_STOP_ROWS &&
                        !(stop == SCAN_STOP_FILTER && run->sink.result_count == 0);
    run_record(run);
    if (!more_in_region || !more_results)
        scan_sink_complete_last(&run->sink);
    run->entry->is_wide = run->call->cells.size > BUFFER_LARGE_SIZE;
    answer(run, more_results, more_in_region);
    if (!more_in_region || !more_results || run->is_close)
        scanner_table_close(scanners, run->entry);
    else if (!scanner_table_give(scanners, run->entry))
        call_fail(run->call, EXCEPTION_REGION_TOO_BUSY, "too many open scanners");
}

static void run_fail(struct scan_run *run, enum status status, const struct error *error)
{
    scanner_table_close(run->call->service->scanners, run->entry);
    fail_reading(run->call, status, error);
}

static uint64_t less(uint64_t limit, uint64_t used)
{
    return limit == UINT64_MAX ? limit : limit > used ? limit - used : 0;
}

static void count_places(struct read_places *sum, const struct read_places *part)
{
    sum->block_bytes += part->block_bytes;
    sum->cache_bytes += part->cache_bytes;
    sum->file_bytes += part->file_bytes;
    sum->file_reads += part->file_reads;
    sum->file_ns += part->file_ns;
    sum->memtable_bytes += part->memtable_bytes;
}

/* Takes a part's figures into the sums and off the limits. */
static void run_count(struct scan_run *run, const struct scan_progress *part)
{
    struct scan_progress *sum = &run->progress;
    sum->results += part->results;
    sum->rows += part->rows;
    sum->bytes += part->bytes;
    sum->cells += part->cells;
    sum->rows_scanned += part->rows_scanned;
    sum->rows_filtered += part->rows_filtered;
    count_places(&sum->places, &part->places);
    sum->stop = part->stop;
    sum->last_row = part->last_row;
    sum->is_mid_row = part->is_mid_row;
    run->limits.results = less(run->limits.results, part->results);
    run->limits.rows = less(run->limits.rows, part->rows);
    run->limits.bytes = less(run->limits.bytes, part->bytes);
}

/* Reads on. STATUS_WOULD_BLOCK: the rest is for a worker. */
static enum status run_read(struct scan_run *run, struct error *error)
{
    struct scan_progress part = {0};
    run->limits.deadline_ns = run->heartbeat_due_ns;
    if (!run->limits.may_block) {
        uint64_t share_ns = run->started_ns + LOOP_SHARE_NS;
        if (run->heartbeat_due_ns == 0 || share_ns < run->heartbeat_due_ns)
            run->limits.deadline_ns = share_ns;
    }
    enum status status = scanner_next(
        run->entry->scanner, &run->limits, &run->sink.sink, &part, error);
    if (status != STATUS_OK && status != STATUS_WOULD_BLOCK)
        return status;
    run_count(run, &part);
    if (status == STATUS_WOULD_BLOCK)
        return status;
    /* The loop's share is used up. A row that was cut has to be the answer's last. */
    bool is_share = !run->limits.may_block && part.stop == SCAN_STOP_TIME;
    return is_share && !part.is_mid_row ? STATUS_WOULD_BLOCK : STATUS_OK;
}

static void run_on_worker(struct task *task)
{
    struct scan_run *run = (struct scan_run *)((char *)task - offsetof(struct scan_run, task));
    struct call *call = run->call;
    struct error error = {0};
    call_load_start(call);
    run->limits.may_block = true;
    enum status status = run_read(run, &error);
    if (status == STATUS_OK)
        run_end(run);
    else
        run_fail(run, status, &error);
    call_finish(call);
}

static enum call_outcome run_start(struct scan_run *run)
{
    struct call *call = run->call;
    struct error error = {0};
    enum status status = STATUS_WOULD_BLOCK;
    if (!run->entry->is_heavy)
        status = run_read(run, &error);
    if (status == STATUS_OK) {
        run_end(run);
        return CALL_DONE;
    }
    if (status != STATUS_WOULD_BLOCK) {
        run_fail(run, status, &error);
        return CALL_DONE;
    }
    if (!call_own(call)) { /* the rows read so far are lost to it */
        scanner_table_close(call->service->scanners, run->entry);
        return CALL_DONE;
    }
    run->task.run = run_on_worker;
    executor_submit(store_workers(call->service->store), &run->task);
    return CALL_PENDING;
}

/* ---- Limits ---- */

/* When a heartbeat is due; 0 when this client takes none. */
static uint64_t heartbeat_due(
    const struct call *call, const struct scan_message *message, uint64_t now_ns)
{
    if (!message->handles_partials || !message->handles_heartbeats)
        return 0;
    uint64_t left_ns = (uint64_t)LIMIT_SCANNER_LEASE_MS * NS_PER_MS;
    if (call->deadline_ns > 0) {
        uint64_t until_ns = call->deadline_ns > now_ns ? call->deadline_ns - now_ns : 0;
        left_ns = until_ns < left_ns ? until_ns : left_ns;
    }
    uint64_t least_ns = (uint64_t)HEARTBEAT_LEAST_MS * NS_PER_MS;
    return now_ns + (left_ns / 2 > least_ns ? left_ns / 2 : least_ns);
}

/* An answer that will be large goes where a large one has been: memory that grows with it would be copied, and touched
 * for the first time, again with each answer. */
static void take_wide_memory(struct call *call)
{
    struct buffer_pool *pool = &call->loop->pool;
    buffer_pool_give(pool, &call->cells);
    call->cells = buffer_pool_take(pool, true);
}

static enum call_outcome start(struct call *call, const struct scan_message *message,
    struct scanner_entry *entry, uint32_t rows, bool is_open)
{
    struct scan_run *run = arena_allocate_zeroed(&call->arena, 1, sizeof *run);
    if (!run) {
        scanner_table_close(call->service->scanners, entry);
        return call_fail_status(call, STATUS_NO_MEMORY, NULL);
    }
    scan_sink_init(&run->sink, call);
    if (entry->is_wide && !call->may_block) /* on the loop, whose the pool is */
        take_wide_memory(call);
    run->call = call;
    run->entry = entry;
    run->is_open = is_open;
    run->is_close = message->is_close;
    run->tracks_metrics = message->tracks_metrics;
    run->started_ns = env_monotonic_ns(call->service->env);
    run->heartbeat_due_ns = heartbeat_due(call, message, run->started_ns);
    bool has_row_limit = message->has_limit_of_rows && message->limit_of_rows > 0;
    run->limits = (struct scan_limits){.results = rows,
        .rows = has_row_limit ? message->limit_of_rows : UINT64_MAX,
        .bytes = entry->max_result_size,
        .is_partial_allowed = message->handles_partials && !scanner_filter_has_row(entry->scanner)};
    if (run->limits.is_partial_allowed)
        run->sink.limit_bytes = &run->limits.bytes;
    return run_start(run);
}

/* ---- Opening ---- */

/* What the client wants, but never much of what all answers have together. */
static uint64_t answer_limit(const struct call *call, const struct scan_message *message)
{
    uint64_t most = output_budget_most(call->loop->output) / SCAN_SHARE;
    uint64_t size = message->max_result_size;
    if (size == 0 || size > LIMIT_SCAN_RESULT_SIZE)
        size = LIMIT_SCAN_RESULT_SIZE;
    return size < most ? size : most;
}

/* NULL: *out_outcome is what the handler returns. */
static struct scanner_entry *open_entry(
    struct call *call, const struct scan_message *message, enum call_outcome *out_outcome)
{
    struct served_tablet *tablet = call_await_region(call, message->region, out_outcome);
    if (!tablet)
        return NULL;
    struct scanner *scanner = NULL;
    struct error error = {0};
    enum status status = scanner_open(tablet->tablet, &message->scan, &scanner, &error);
    struct scanner_entry *entry = NULL;
    if (status == STATUS_OK) {
        entry = scanner_table_make(call->service->scanners, scanner, tablet);
        status = entry ? STATUS_OK : STATUS_NO_MEMORY;
    }
    if (!entry) {
        scanner_close(scanner);
        served_tablet_unref(tablet);
        *out_outcome = status == STATUS_CLOSED && call_may_hold(call, message->region)
                           ? CALL_TO_HOLD
                           : call_fail_region(call, message->region, status, &error);
        return NULL;
    }
    entry->max_result_size = answer_limit(call, message);
    entry->is_cursor_wanted = message->is_cursor_wanted;
    scanner_entry_set_position(entry, message->scan.start_row);
    entry->is_heavy = message->scan.read.filter != NULL;
    return entry;
}

static enum call_outcome open_scan(struct call *call, const struct scan_message *message)
{
    enum call_outcome outcome;
    struct scanner_entry *entry = open_entry(call, message, &outcome);
    if (!entry)
        return outcome;
    uint32_t rows = message->has_number_of_rows ? message->number_of_rows
                    : message->is_close         ? 0
                                                : 1;
    if (rows > 0)
        return start(call, message, entry, rows, true);
    answer_id(call, entry->id, true, true, scanner_read_point(entry->scanner));
    if (message->is_close)
        scanner_table_close(call->service->scanners, entry);
    else if (!scanner_table_give(call->service->scanners, entry))
        call_fail(call, EXCEPTION_REGION_TOO_BUSY, "too many open scanners");
    return CALL_DONE;
}

/* ---- Going on ---- */

/* The entry of the request's id, taken, with its sequence number consumed; NULL when the call is answered. */
static struct scanner_entry *take_entry(struct call *call, const struct scan_message *message)
{
    struct scanner_table *scanners = call->service->scanners;
    struct scanner_entry *entry = NULL;
    uint64_t id = message->scanner_id, expected = 0;
    switch (scanner_table_take(scanners, id, &entry, &expected)) {
    case SCANNER_TAKEN:
        break;
    case SCANNER_UNKNOWN:
        fail_unknown(call, id);
        return NULL;
    case SCANNER_CLOSED:
        /* Its rows are over. A number that is not the next one repeats a call whose answer was lost
         * (HBase 2.6 adds one too many, and refuses the next one as well). */
        if (message->is_close || !message->has_next_call_seq || message->next_call_seq == expected)
            answer_id(call, id, false, false, 0);
        else
            fail_out_of_order(call, expected, message->next_call_seq);
        return NULL;
    case SCANNER_IN_USE:
        call_fail(call, EXCEPTION_LEASE, "lease '%" PRId64 "' does not exist", (int64_t)id);
        return NULL;
    }
    if (message->has_next_call_seq && message->next_call_seq != entry->next_call_seq) {
        fail_out_of_order(call, entry->next_call_seq, message->next_call_seq);
        scanner_table_give(scanners, entry);
        return NULL;
    }
    if (message->has_next_call_seq)
        entry->next_call_seq++;
    return entry;
}

static enum call_outcome continue_scan(struct call *call, const struct scan_message *message)
{
    struct scanner_entry *entry = take_entry(call, message);
    if (!entry)
        return CALL_DONE;
    uint32_t rows = message->has_number_of_rows ? message->number_of_rows
                    : message->is_close         ? 0
                                                : 1;
    if (rows > 0 && !message->is_renew)
        return start(call, message, entry, rows, false);
    if (message->is_close) {
        answer_id(call, entry->id, true, true, 0);
        scanner_table_close(call->service->scanners, entry);
    } else {
        answer_id(call, entry->id, true, !message->is_renew, 0);
        scanner_table_give(call->service->scanners, entry);
    }
    return CALL_DONE;
}

enum call_outcome scan_service_scan(struct call *call)
{
    struct scan_message message = {0};
    struct error error = {0};
    enum status status = scan_request_decode(call->param, &call->arena, &message, &error);
    if (status != STATUS_OK)
        return call_fail_status(call, status, &error);
    if (message.has_scanner_id)
        return continue_scan(call, &message);
    if (message.has_scan)
        return open_scan(call, &message);
    return call_fail(call, EXCEPTION_DO_NOT_RETRY_IO, "Missing required input: scannerId or scan");
}
