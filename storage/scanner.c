/* Scanners and gets: the row logic of HBase's RegionScannerImpl over a row reader.
 *
 * A row's cells go to the sink as they come when nothing can take them back. With a filter they are
 * gathered first, because the filter may drop cells or the row at its end; and in a get that must not
 * block, because STATUS_WOULD_BLOCK must leave the sink untouched (a large row is for a worker). What
 * is gathered is copied: sources move on.
 *
 * Stops. Inside a row: after a cell, when the batch is full, or bytes or time run out and partial
 * results are allowed (and the filter does not need whole rows). Between rows: any limit. Then the
 * reader is suspended; on STATUS_WOULD_BLOCK it stays open, for the call is about to be repeated. */
#include <assert.h>

#include "base/limits.h"
#include "base/memory.h"
#include "storage/row_reader.h"

enum { INLINE_CELLS = 4, INLINE_BYTES = 512 }; /* a small row is gathered without allocation */
enum { GET_GATHERED_BYTES = 1 << 20 };         /* of a get that must not block */

struct scanner {
    struct tablet *tablet; /* referenced */
    struct scan_request request;
    struct arena arena; /* of the request's copy */
    struct read_point point;
    bool is_registered;
    struct filter *filter;
    bool filter_has_row;
    struct row_reader *reader;
    bool is_get;       /* one row */
    bool is_untouched; /* a get whose sink is given nothing before its end */
    bool is_ended;
    enum scan_stop end; /* why */
    /* the row under way */
    bool is_in_row;
    bool is_row_partial;    /* part of the row has been given as a result */
    bool is_row_cells_done; /* only its end is left */
    bool is_peeking;        /* a cut was due: is there more of the row? */
    enum scan_stop cut;     /* of is_peeking */
    uint32_t result_cells;  /* given or gathered since the last result */
    uint64_t row_bytes;
    struct cell *cells; /* gathered: the inline ones, while they are enough, or of the heap */
    size_t cell_capacity;
    struct arena row_arena; /* their bytes, beyond the inline ones */
    size_t inline_used;
    struct buffer last_row;
    /* Not zeroed in a get: that would take as long as to fill them. */
    struct cell inline_cells[INLINE_CELLS];
    uint8_t inline_bytes[INLINE_BYTES];
};

/* ---- Opening ---- */

static enum status make_filter(struct scanner *scanner, struct error *error)
{
    const struct filter_node *tree = scanner->request.read.filter;
    if (!tree)
        return STATUS_OK;
    enum status status = filter_new(tree, scanner->request.is_reversed,
        env_random_u64(scanner->tablet->store->env), &scanner->filter, error);
    if (!status)
        scanner->filter_has_row = filter_has_row(scanner->filter);
    return status;
}

static bool is_selected(const struct read_request *request, struct span family)
{
    bool has_selection = false;
    for (size_t i = 0; i < request->family_count; i++) {
        if (request->families[i].is_time_range_only)
            continue;
        has_selection = true;
        if (span_equal(request->families[i].family, family))
            return true;
    }
    return !has_selection;
}

/* HBase cannot read families on demand backwards, and its clients are told so, though here it would
 * be the same as reading them at once. */
static enum status check_on_demand(
    const struct scanner *scanner, const struct table_schema *schema, struct error *error)
{
    const struct scan_request *request = &scanner->request;
    if (!request->is_reversed || !request->is_on_demand || !scanner->filter)
        return STATUS_OK;
    for (size_t i = 0; i < schema->family_count; i++) {
        struct span family = schema->families[i].name;
        if (is_selected(&request->read, family) &&
            !filter_is_family_essential(scanner->filter, family))
            return error_set(
                error, STATUS_INVALID, "Reverse scan with loading CFs on demand is not supported");
    }
    return STATUS_OK;
}

static enum status make_reader(struct scanner *scanner, const struct table_schema *schema,
    uint64_t read_point, struct error *error)
{
    struct row_reader_config config = {
        .schema = schema,
        .info = &scanner->tablet->info,
        .request = &scanner->request.read,
        .filter = scanner->filter,
        .is_reversed = scanner->request.is_reversed,
        .read_point = scanner->request.read.is_uncommitted ? UINT64_MAX : read_point,
        .now_ms = env_wall_ms(scanner->tablet->store->env),
    };
    return row_reader_new(&config, &scanner->reader, error);
}

/* The row to start from, within the tablet. */
static enum status start(struct scanner *scanner, struct error *error)
{
    const struct scan_request *request = &scanner->request;
    const struct tablet_info *info = &scanner->tablet->info;
    enum row_order order = scanner->tablet->row_order;
    struct span row = request->start_row;
    bool is_inclusive = request->is_start_inclusive;
    if (!request->is_reversed) {
        if (row_compare(order, row, info->start_row) < 0) {
            row = info->start_row;
            is_inclusive = true;
        }
    } else if (info->end_row.size > 0 &&
               (row.size == 0 || row_compare(order, row, info->end_row) >= 0)) {
        row = info->end_row;
        is_inclusive = false;
    }
    return row_reader_start(scanner->reader, row, is_inclusive, error);
}

static void scanner_deinit(struct scanner *scanner)
{
    row_reader_free(scanner->reader);
    filter_free(scanner->filter);
    if (scanner->is_registered)
        tablet_unregister_read_point(scanner->tablet, &scanner->point);
    arena_deinit(&scanner->row_arena);
    arena_deinit(&scanner->arena);
    if (scanner->cells != scanner->inline_cells)
        memory_free(scanner->cells);
    buffer_deinit(&scanner->last_row);
}

enum status scanner_open(struct tablet *tablet, const struct scan_request *request,
    struct scanner **out_scanner, struct error *error)
{
    if (atomic_load_explicit(&tablet->is_closed, memory_order_acquire))
        return error_set(error, STATUS_CLOSED, "tablet %s is closed", tablet->info.id);
    struct scanner *scanner = memory_allocate_zeroed(1, sizeof(*scanner));
    if (!scanner)
        return error_set(error, STATUS_NO_MEMORY, "no memory for a scanner");
    scanner->tablet = tablet;
    enum status status = scan_request_copy(&scanner->arena, request, &scanner->request, error);
    if (!status)
        status = make_filter(scanner, error);
    if (!status)
        status = check_on_demand(scanner, tablet_get_schema(tablet), error);
    if (!status) {
        version_unref(tablet_register_read_point(tablet, &scanner->point, request->read_point));
        scanner->is_registered = true;
        status = make_reader(scanner, tablet_get_schema(tablet), scanner->point.sequence, error);
    }
    if (!status)
        status = start(scanner, error);
    if (status) {
        scanner_deinit(scanner);
        memory_free(scanner);
        return status;
    }
    tablet_ref(tablet);
    *out_scanner = scanner;
    return STATUS_OK;
}

void scanner_close(struct scanner *scanner)
{
    if (!scanner)
        return;
    struct tablet *tablet = scanner->tablet;
    scanner_deinit(scanner);
    memory_free(scanner);
    tablet_unref(tablet);
}

uint64_t scanner_read_point(const struct scanner *scanner)
{
    return scanner->point.sequence;
}

bool scanner_filter_has_row(const struct scanner *scanner)
{
    return scanner->filter_has_row;
}

/* ---- One call ---- */

/* What a call of scanner_next carries along. */
struct run {
    struct scanner *scanner;
    const struct scan_limits *limits;
    struct read_sink *sink;
    struct scan_progress *progress;
    struct error *error;
};

static bool is_gathering(const struct scanner *scanner)
{
    return scanner->filter || scanner->is_untouched;
}

/* Whether a result may end inside a row. */
static bool can_cut(const struct run *run)
{
    return run->limits->is_partial_allowed && !run->scanner->filter_has_row;
}

static enum status give_cell(struct run *run, const struct cell *cell)
{
    run->progress->cells++;
    run->progress->bytes += cell_encoded_size(cell);
    return run->sink->cell(run->sink, cell);
}

/* Ends a result, if it has any cell. */
static enum status give_result(struct run *run, bool is_partial)
{
    struct scanner *scanner = run->scanner;
    if (scanner->result_cells == 0)
        return STATUS_OK;
    scanner->result_cells = 0;
    scanner->is_row_partial = is_partial;
    run->progress->results++;
    run->progress->is_mid_row = is_partial;
    return run->sink->result(run->sink, is_partial);
}

static enum status give_gathered(struct run *run, size_t count)
{
    struct scanner *scanner = run->scanner;
    enum status status = STATUS_OK;
    for (size_t i = 0; !status && i < count; i++)
        status = give_cell(run, &scanner->cells[i]);
    arena_reset(&scanner->row_arena);
    scanner->inline_used = 0;
    scanner->result_cells = (uint32_t)count;
    return status;
}

/* Room for another gathered cell. */
static bool grow_cells(struct scanner *scanner)
{
    size_t count = scanner->result_cells;
    if (!scanner->cells) {
        scanner->cells = scanner->inline_cells;
        scanner->cell_capacity = INLINE_CELLS;
    }
    if (count < scanner->cell_capacity)
        return true;
    bool is_inline = scanner->cells == scanner->inline_cells;
    struct cell *cells = memory_reallocate(
        is_inline ? NULL : scanner->cells, 4 * count * sizeof(*cells));
    if (!cells)
        return false;
    if (is_inline)
        memcpy(cells, scanner->inline_cells, count * sizeof(*cells));
    scanner->cells = cells;
    scanner->cell_capacity = 4 * count;
    return true;
}

static uint8_t *gather_bytes(struct scanner *scanner, size_t size)
{
    if (size > INLINE_BYTES - scanner->inline_used)
        return arena_allocate(&scanner->row_arena, size);
    uint8_t *bytes = scanner->inline_bytes + scanner->inline_used;
    scanner->inline_used += size;
    return bytes;
}

/* Copies a cell whose memory is about to move on. */
static enum status gather(struct scanner *scanner, const struct cell *cell, struct error *error)
{
    size_t size = cell->row.size + cell->family.size + cell->qualifier.size + cell->value.size +
                  cell->tags.size;
    uint8_t *to = grow_cells(scanner) ? gather_bytes(scanner, size) : NULL;
    if (!to)
        return error_set(error, STATUS_NO_MEMORY, "no memory for a row's cells");
    struct cell *copy = &scanner->cells[scanner->result_cells++];
    *copy = *cell;
    struct span *spans[] = {&copy->row, &copy->family, &copy->qualifier, &copy->value, &copy->tags};
    for (size_t i = 0; i < sizeof(spans) / sizeof(spans[0]); i++) {
        if (spans[i]->size > 0)
            memcpy(to, spans[i]->data, spans[i]->size);
        spans[i]->data = to;
        to += spans[i]->size;
    }
    return STATUS_OK;
}

/* A visible cell of the row: to the sink, or aside. */
static enum status take_cell(struct run *run, const struct cell *cell)
{
    struct scanner *scanner = run->scanner;
    scanner->row_bytes += cell_encoded_size(cell);
    if (scanner->row_bytes > LIMIT_ROW_READ_SIZE && !can_cut(run))
        return error_set(run->error, STATUS_LIMIT, "row is larger than %u bytes in one answer",
            LIMIT_ROW_READ_SIZE);
    if (is_gathering(scanner)) {
        if (scanner->is_untouched && scanner->row_bytes > GET_GATHERED_BYTES)
            return STATUS_WOULD_BLOCK;
        enum status status = run->sink->gathered
                                 ? run->sink->gathered(run->sink, scanner->row_bytes)
                                 : STATUS_OK;
        return status ? status : gather(scanner, cell, run->error);
    }
    scanner->result_cells++;
    return give_cell(run, cell);
}

static uint64_t gathered_bytes(const struct run *run)
{
    return is_gathering(run->scanner) ? run->scanner->row_bytes : 0;
}

static bool is_late(const struct run *run)
{
    return run->limits->deadline_ns != 0 &&
           env_monotonic_ns(run->scanner->tablet->store->env) >= run->limits->deadline_ns;
}

/* Why the row should be cut after the cell just taken; SCAN_STOP_NONE = it need not. */
static enum scan_stop cut_reason(const struct run *run)
{
    const struct scanner *scanner = run->scanner;
    if (scanner->request.batch > 0 && scanner->result_cells >= scanner->request.batch &&
        !scanner->filter_has_row)
        return SCAN_STOP_RESULTS;
    if (!can_cut(run))
        return SCAN_STOP_NONE;
    if (run->progress->bytes + gathered_bytes(run) >= run->limits->bytes)
        return SCAN_STOP_BYTES;
    return (run->progress->cells & 255) == 255 && is_late(run) ? SCAN_STOP_TIME : SCAN_STOP_NONE;
}

static bool is_over_between_rows(struct run *run)
{
    struct scan_progress *progress = run->progress;
    const struct scan_limits *limits = run->limits;
    if (progress->rows >= limits->rows) /* first: it ends the whole scan */
        progress->stop = SCAN_STOP_ROWS;
    else if (progress->results >= limits->results)
        progress->stop = SCAN_STOP_RESULTS;
    else if (progress->bytes >= limits->bytes)
        progress->stop = SCAN_STOP_BYTES;
    else if ((progress->rows_scanned & 15) == 1 && is_late(run)) /* the clock is not free */
        progress->stop = SCAN_STOP_TIME;
    return progress->stop != SCAN_STOP_NONE;
}

static void end_scan(struct run *run, enum scan_stop why)
{
    run->scanner->is_ended = true;
    run->scanner->end = why;
    run->progress->stop = why;
}

/* Whether the row lies past where the scan or the tablet ends. */
static bool is_past_stop(const struct scanner *scanner, struct span row)
{
    const struct scan_request *request = &scanner->request;
    const struct tablet_info *info = &scanner->tablet->info;
    enum row_order row_order = scanner->tablet->row_order;
    int sign = request->is_reversed ? -1 : 1;
    if (request->stop_row.size > 0) {
        int order = sign * row_compare(row_order, row, request->stop_row);
        if (order > 0 || (order == 0 && !request->is_stop_inclusive))
            return true;
    }
    if (request->is_reversed)
        return row_compare(row_order, row, info->start_row) < 0;
    return info->end_row.size > 0 && row_compare(row_order, row, info->end_row) >= 0;
}

/* The filter has refused the row by its key, and perhaps the rows that follow with it. */
static enum status pass_over_row(struct run *run, struct span row)
{
    struct scanner *scanner = run->scanner;
    struct span bound;
    enum status status = STATUS_OK;
    run->progress->rows_filtered++;
    if (scanner->tablet->row_order == ROW_ORDER_BYTES &&
        filter_row_bound(scanner->filter, row, &bound))
        status = row_reader_skip_to(scanner->reader, bound, run->error);
    filter_reset(scanner->filter);
    if (filter_is_done(scanner->filter))
        end_scan(run, SCAN_STOP_FILTER);
    return status;
}

/* Goes to the next row, and into it unless the filter wants nothing of it. */
static enum status enter_row(struct run *run)
{
    struct scanner *scanner = run->scanner;
    enum status status = row_reader_next_row(scanner->reader, run->error);
    if (status == STATUS_END) {
        end_scan(run, SCAN_STOP_END);
        return STATUS_OK;
    }
    if (status)
        return status;
    struct span row = row_reader_row(scanner->reader);
    if (is_past_stop(scanner, row)) {
        end_scan(run, SCAN_STOP_END);
        return STATUS_OK;
    }
    run->progress->rows_scanned++;
    if (scanner->filter) {
        if (filter_is_done(scanner->filter)) {
            end_scan(run, SCAN_STOP_FILTER);
            return STATUS_OK;
        }
        if (filter_skips_row_key(scanner->filter, row))
            return pass_over_row(run, row);
    }
    scanner->is_in_row = true;
    scanner->is_row_partial = false;
    scanner->is_row_cells_done = false;
    scanner->result_cells = 0;
    scanner->row_bytes = 0;
    return STATUS_OK;
}

/* What the filter leaves of a row gathered in whole. */
static size_t filter_whole_row(struct scanner *scanner, size_t count)
{
    if (scanner->filter_has_row) {
        count = filter_row_cells(scanner->filter, scanner->cells, count);
        return count > 0 && !filter_skips_row(scanner->filter) ? count : 0;
    }
    return count > 0 && filter_skips_row(scanner->filter) ? 0 : count;
}

/* All cells of the row have been seen. */
static enum status leave_row(struct run *run)
{
    struct scanner *scanner = run->scanner;
    enum status status = STATUS_OK;
    scanner->is_in_row = false;
    bool has_given = scanner->is_row_partial;
    if (is_gathering(scanner)) {
        size_t count = scanner->result_cells;
        if (scanner->filter && !scanner->is_row_partial)
            count = filter_whole_row(scanner, count);
        status = give_gathered(run, count);
    }
    has_given = has_given || scanner->result_cells > 0;
    if (!status)
        status = give_result(run, false);
    scanner->is_row_partial = false;
    run->progress->is_mid_row = false;
    run->progress->rows += has_given;
    run->progress->rows_filtered += !has_given;
    if (scanner->filter) {
        filter_reset(scanner->filter);
        if (filter_is_done(scanner->filter) || row_reader_is_done(scanner->reader))
            end_scan(run, SCAN_STOP_FILTER);
    }
    return status;
}

/* Ends a result inside the row, unless the row turns out to have ended. */
static enum status cut_row(struct run *run)
{
    struct scanner *scanner = run->scanner;
    enum status status = row_reader_peek(scanner->reader, run->error);
    if (status == STATUS_WOULD_BLOCK && scanner->cut != SCAN_STOP_RESULTS)
        status = STATUS_OK; /* it may go on */
    if (status != STATUS_OK && status != STATUS_END)
        return status;
    scanner->is_peeking = false;
    if (status == STATUS_END) {
        scanner->is_row_cells_done = true;
        return STATUS_OK;
    }
    if (is_gathering(scanner)) {
        status = give_gathered(run, scanner->result_cells);
        if (status)
            return status;
    }
    status = give_result(run, true);
    scanner->row_bytes = 0;
    if (!status && scanner->cut != SCAN_STOP_RESULTS)
        run->progress->stop = scanner->cut;
    else if (!status)
        is_over_between_rows(run);
    return status;
}

/* Reads on in the row until it ends or must be cut. */
static enum status read_row(struct run *run)
{
    struct scanner *scanner = run->scanner;
    while (!scanner->is_row_cells_done && run->progress->stop == SCAN_STOP_NONE) {
        if (scanner->is_peeking) {
            enum status status = cut_row(run);
            if (status)
                return status;
            continue;
        }
        struct cell cell;
        enum status status = row_reader_next_cell(scanner->reader, &cell, run->error);
        if (status == STATUS_END) {
            scanner->is_row_cells_done = true;
        } else if (status == STATUS_TIMEOUT) {
            if (can_cut(run) && scanner->result_cells == 0 && is_late(run))
                run->progress->stop = SCAN_STOP_TIME;
        } else if (status) {
            return status;
        } else {
            status = take_cell(run, &cell);
            if (status)
                return status;
            scanner->cut = cut_reason(run);
            scanner->is_peeking = scanner->cut != SCAN_STOP_NONE;
            if (scanner->request.read.is_existence_only && scanner->is_get && !scanner->filter)
                scanner->is_row_cells_done = true;
        }
    }
    return scanner->is_row_cells_done ? leave_row(run) : STATUS_OK;
}

static enum status run_scan(struct run *run)
{
    while (run->progress->stop == SCAN_STOP_NONE) {
        enum status status;
        if (run->scanner->is_in_row)
            status = read_row(run);
        else if (is_over_between_rows(run))
            break;
        else
            status = enter_row(run);
        if (status)
            return status;
    }
    return STATUS_OK;
}

static void count_reads(struct scanner *scanner, const struct scan_progress *progress)
{
    struct tablet_counters *counters = &scanner->tablet->counters;
    atomic_fetch_add_explicit(&counters->cells_read, progress->cells, memory_order_relaxed);
    if (progress->rows > 0)
        atomic_fetch_add_explicit(&counters->read_requests, progress->rows, memory_order_relaxed);
    if (progress->rows_filtered > 0)
        atomic_fetch_add_explicit(
            &counters->filtered_reads, progress->rows_filtered, memory_order_relaxed);
}

/* Keeps the last row examined for the answer. */
static enum status note_last_row(struct run *run)
{
    struct scanner *scanner = run->scanner;
    struct span row = row_reader_row(scanner->reader);
    if (run->progress->rows_scanned == 0 && !scanner->is_in_row)
        return STATUS_OK;
    buffer_reset(&scanner->last_row);
    buffer_put(&scanner->last_row, row);
    run->progress->last_row = buffer_span(&scanner->last_row);
    return buffer_status(&scanner->last_row);
}

static struct read_places places_since(
    const struct read_places *now, const struct read_places *before)
{
    return (struct read_places){
        .block_bytes = now->block_bytes - before->block_bytes,
        .cache_bytes = now->cache_bytes - before->cache_bytes,
        .file_bytes = now->file_bytes - before->file_bytes,
        .file_reads = now->file_reads - before->file_reads,
        .file_ns = now->file_ns - before->file_ns,
        .memtable_bytes = now->memtable_bytes - before->memtable_bytes,
    };
}

enum status scanner_next(struct scanner *scanner, const struct scan_limits *limits,
    struct read_sink *sink, struct scan_progress *progress, struct error *error)
{
    *progress = (struct scan_progress){0};
    struct read_places before = *row_reader_places(scanner->reader);
    if (scanner->is_ended) {
        progress->stop = scanner->end;
        return STATUS_OK;
    }
    struct tablet *tablet = scanner->tablet;
    if (atomic_load_explicit(&tablet->is_closed, memory_order_acquire))
        return error_set(error, STATUS_CLOSED, "tablet %s is closed", tablet->info.id);
    enum status status = STATUS_OK;
    if (!row_reader_is_open(scanner->reader)) {
        uint64_t ignored;
        struct version *version = tablet_snapshot(tablet, &ignored);
        status = row_reader_open(scanner->reader, version, SPAN_EMPTY, limits->may_block, error);
    } else {
        row_reader_set_may_block(scanner->reader, limits->may_block);
    }
    struct run run = {scanner, limits, sink, progress, error};
    if (!status)
        status = run_scan(&run);
    if (row_reader_is_open(scanner->reader) && note_last_row(&run) && !status)
        status = error_set(error, STATUS_NO_MEMORY, "no memory for a row key");
    progress->places = places_since(row_reader_places(scanner->reader), &before);
    count_reads(scanner, progress);
    if (status != STATUS_WOULD_BLOCK)
        row_reader_suspend(scanner->reader);
    return status;
}

/* ---- Gets ---- */

enum status tablet_get(struct tablet *tablet, struct span row, const struct read_request *request,
    bool may_block, struct read_sink *sink, struct error *error)
{
    if (atomic_load_explicit(&tablet->is_closed, memory_order_acquire))
        return error_set(error, STATUS_CLOSED, "tablet %s is closed", tablet->info.id);
    uint64_t read_point;
    struct version *version = tablet_snapshot(tablet, &read_point);
    enum status status = tablet_contains_row(tablet, row)
                             ? tablet_get_at(tablet, version, read_point, row, request, may_block,
                                   sink, error)
                             : tablet_refuse_row(&tablet->info, version->schema, row, "Get", error);
    version_unref(version);
    if (status != STATUS_WOULD_BLOCK)
        atomic_fetch_add_explicit(&tablet->counters.read_requests, 1, memory_order_relaxed);
    return status;
}

enum status tablet_get_at(struct tablet *tablet, struct version *version, uint64_t read_point,
    struct span row, const struct read_request *request, bool may_block, struct read_sink *sink,
    struct error *error)
{
    struct scanner scanner;
    memset(&scanner, 0, offsetof(struct scanner, inline_cells));
    scanner.tablet = tablet;
    scanner.is_get = true;
    scanner.is_untouched = !may_block;
    scanner.request = (struct scan_request){.read = *request,
        .start_row = row,
        .stop_row = row,
        .is_start_inclusive = true,
        .is_stop_inclusive = true};
    struct scan_limits limits = {
        .results = 1, .rows = 1, .bytes = UINT64_MAX, .may_block = may_block};
    struct scan_progress progress = {0};
    enum status status = make_filter(&scanner, error);
    if (!status)
        status = make_reader(&scanner, version->schema, read_point, error);
    if (!status)
        status = start(&scanner, error);
    if (!status) {
        version_ref(version);
        status = row_reader_open(scanner.reader, version, row, may_block, error);
    }
    if (!status) {
        struct run run = {&scanner, &limits, sink, &progress, error};
        status = run_scan(&run);
    }
    if (status != STATUS_WOULD_BLOCK)
        atomic_fetch_add_explicit(
            &tablet->counters.cells_read, progress.cells, memory_order_relaxed);
    scanner_deinit(&scanner);
    return status;
}
