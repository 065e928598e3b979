#include "storage/row_reader.h"

#include <assert.h>

#include "base/memory.h"
#include "storage/column_matcher.h"
#include "storage/merge_iterator.h"

/* Cells stepped over one by one towards a place further on before seeking there. */
enum { STEPS_BEFORE_SEEK = 12, INLINE_MEMTABLES = 2, INLINE_BYTES = 64 };

/* Bytes that outlive the cell they came from; without allocation while they are few. */
struct kept_bytes {
    uint8_t inline_bytes[INLINE_BYTES];
    struct buffer heap;
};

/* What a family's iterator has to do before it is looked at. */
enum move { MOVE_NONE, MOVE_NEXT, MOVE_SEEK };

struct family_reader {
    const struct family_schema *schema;
    struct column_matcher matcher;
    struct cell_iterator *input; /* NULL while suspended */
    struct memtable_iterator inline_memtables[INLINE_MEMTABLES];
    struct memtable_iterator *memtables; /* inline_memtables, or of the heap */
    enum move move;
    struct cell probe; /* of MOVE_SEEK; spans in probe_bytes */
    struct kept_bytes probe_bytes;
    unsigned steps;   /* since the last cell that was given, of this column or row */
    bool is_row_done; /* nothing more of the current row */
    bool is_placed;   /* reversed: stands at its greatest row before the current */
};

struct row_reader {
    struct row_reader_config config;
    struct version *version; /* NULL while suspended */
    bool is_started;         /* a first row was looked for */
    bool has_row;            /* is in a row: `row` */
    bool is_advancing;       /* reversed: next_row was interrupted */
    bool is_start_inclusive;
    bool is_filter_done;
    bool is_lost;    /* no memory to keep its place */
    struct span row; /* the current row, or the bound to start from; in row_bytes */
    struct kept_bytes row_bytes;
    struct read_places places; /* of all it came to so far */
    size_t at;                 /* family being read */
    size_t family_count;
    struct family_reader families[];
};

/* ---- Life ---- */

static const struct family_selection *find_selection(
    const struct read_request *request, struct span family)
{
    for (size_t i = 0; i < request->family_count; i++) {
        if (span_equal(request->families[i].family, family))
            return &request->families[i];
    }
    return NULL;
}

/* Checks the families named, and counts those that select. */
static enum status check_selections(
    const struct row_reader_config *config, size_t *out_selecting, struct error *error)
{
    const struct read_request *request = config->request;
    size_t selecting = 0;
    for (size_t i = 0; i < request->family_count; i++) {
        const struct family_selection *selection = &request->families[i];
        if (!table_schema_family(config->schema, selection->family))
            return tablet_refuse_family(config->info, config->schema, selection->family, error);
        if (request->is_raw && selection->qualifiers)
            return error_set(error, STATUS_INVALID, "Cannot specify any column for a raw scan");
        selecting += !selection->is_time_range_only;
    }
    *out_selecting = selecting;
    return STATUS_OK;
}

static void family_init(struct family_reader *family, const struct family_schema *schema,
    const struct family_selection *selection, const struct row_reader_config *config)
{
    family->schema = schema;
    struct column_matcher_config matcher = {
        .mode = config->request->is_raw ? MATCH_READ_RAW : MATCH_READ,
        .family = schema,
        .row_order = config->schema->row_order,
        .now_ms = config->now_ms,
        .request = config->request,
        .selection = selection,
        .filter = config->filter,
        .is_reversed = config->is_reversed,
        .read_point = config->read_point,
    };
    column_matcher_init(&family->matcher, &matcher);
}

enum status row_reader_new(
    const struct row_reader_config *config, struct row_reader **out_reader, struct error *error)
{
    size_t selecting = 0;
    enum status status = check_selections(config, &selecting, error);
    if (status)
        return status;
    const struct table_schema *schema = config->schema;
    size_t count = selecting ? selecting : schema->family_count;
    struct row_reader *reader = memory_allocate_zeroed(
        1, sizeof(*reader) + count * sizeof(reader->families[0]));
    if (!reader)
        return error_set(error, STATUS_NO_MEMORY, "no memory to read");
    reader->config = *config;
    for (size_t i = 0; i < schema->family_count; i++) {
        const struct family_schema *family = &schema->families[i];
        const struct family_selection *selection = find_selection(config->request, family->name);
        if (selecting && (!selection || selection->is_time_range_only))
            continue;
        family_init(&reader->families[reader->family_count++], family, selection, config);
    }
    *out_reader = reader;
    return STATUS_OK;
}

static void family_close(struct family_reader *family)
{
    cell_iterator_close(family->input);
    family->input = NULL;
    if (family->memtables != family->inline_memtables)
        memory_free(family->memtables);
    family->memtables = NULL;
}

static void close_inputs(struct row_reader *reader)
{
    for (size_t i = 0; i < reader->family_count; i++)
        family_close(&reader->families[i]);
    version_unref(reader->version);
    reader->version = NULL;
}

void row_reader_free(struct row_reader *reader)
{
    if (!reader)
        return;
    close_inputs(reader);
    for (size_t i = 0; i < reader->family_count; i++) {
        column_matcher_deinit(&reader->families[i].matcher);
        buffer_deinit(&reader->families[i].probe_bytes.heap);
    }
    buffer_deinit(&reader->row_bytes.heap);
    memory_free(reader);
}

/* ---- Opening: which sources take part ---- */

/* Whether any cell of the file can change the answer. */
static enum status file_is_needed(const struct family_reader *family, struct tablet_file *file,
    struct span only_row, bool may_block, bool *out_is_needed, struct error *error)
{
    *out_is_needed = sstable_overlaps_time(file->table, family->matcher.time_range);
    if (!*out_is_needed || only_row.size == 0)
        return STATUS_OK;
    return sstable_may_contain_row(file->table, only_row, may_block, out_is_needed, error);
}

struct sources {
    struct cell_iterator **iterators;
    size_t count;
};

static void sources_close(struct sources *sources)
{
    for (size_t i = 0; i < sources->count; i++)
        cell_iterator_close(sources->iterators[i]);
    sources->count = 0;
}

static void add_memtable(struct row_reader *reader, struct family_reader *family,
    const struct memtable *memtable, struct sources *sources)
{
    if (!memtable || memtable_is_empty(memtable))
        return;
    struct memtable_iterator *iterator = &family->memtables[sources->count];
    memtable_iterator_init(iterator, memtable, reader->config.read_point);
    iterator->bytes = &reader->places.memtable_bytes;
    sources->iterators[sources->count++] = &iterator->base;
}

static enum status add_file(struct row_reader *reader, struct tablet_file *file, bool may_block,
    struct sources *sources, struct error *error)
{
    struct sstable_iterator_options options = {
        .from_row = file->entry.start_row,
        .to_row = file->entry.end_row,
        .is_cache_fill = reader->config.request->is_cache_fill,
        .places = &reader->places,
    };
    enum status status = sstable_iterator_new(
        file->table, &options, &sources->iterators[sources->count], error);
    if (status)
        return status;
    if (!may_block)
        cell_iterator_set_may_block(sources->iterators[sources->count], false);
    sources->count++;
    return STATUS_OK;
}

static enum status collect_sources(struct row_reader *reader, struct family_reader *family,
    const struct version_family *from, struct span only_row, bool may_block,
    struct sources *sources, struct error *error)
{
    add_memtable(reader, family, from->active, sources);
    for (size_t i = 0; i < from->frozen_count; i++)
        add_memtable(reader, family, from->frozen[i], sources);
    for (size_t i = 0; i < from->file_count; i++) {
        bool is_needed;
        enum status status = file_is_needed(
            family, from->files[i], only_row, may_block, &is_needed, error);
        if (status)
            return status;
        if (!is_needed)
            continue;
        status = add_file(reader, from->files[i], may_block, sources, error);
        if (status)
            return status;
    }
    return STATUS_OK;
}

static enum status family_open(struct row_reader *reader, struct family_reader *family,
    struct span only_row, bool may_block, struct error *error)
{
    enum { INLINE_SOURCES = 32 };
    struct cell_iterator *inline_sources[INLINE_SOURCES];
    static const struct version_family nothing = {0};
    const struct version_family *from = version_find_family(reader->version, family->schema->name);
    if (!from)
        from = &nothing; /* altered away since */
    size_t memtables = from->frozen_count + 1;
    family->memtables = memtables <= INLINE_MEMTABLES
                            ? family->inline_memtables
                            : memory_allocate(memtables * sizeof(*family->memtables));
    size_t most = memtables + from->file_count;
    struct sources sources = {.iterators = most <= INLINE_SOURCES
                                               ? inline_sources
                                               : memory_allocate(most * sizeof(inline_sources[0]))};
    enum status status;
    if (!family->memtables || !sources.iterators) {
        status = error_set(error, STATUS_NO_MEMORY, "no memory to read");
        goto done;
    }
    status = collect_sources(reader, family, from, only_row, may_block, &sources, error);
    if (status)
        goto done;
    status = merge_iterator_new(
        reader->config.schema->row_order, sources.iterators, sources.count, &family->input, error);
    sources.count = 0; /* taken over, or closed */
    if (!status && !may_block)
        cell_iterator_set_may_block(family->input, false);
done:
    if (sources.iterators)
        sources_close(&sources);
    if (sources.iterators != inline_sources)
        memory_free(sources.iterators);
    return status;
}

enum status row_reader_open(struct row_reader *reader, struct version *version,
    struct span only_row, bool may_block, struct error *error)
{
    assert(!reader->version);
    reader->version = version;
    for (size_t i = 0; i < reader->family_count; i++) {
        enum status status = family_open(reader, &reader->families[i], only_row, may_block, error);
        if (status) {
            close_inputs(reader);
            return status;
        }
    }
    return STATUS_OK;
}

bool row_reader_is_open(const struct row_reader *reader)
{
    return reader->version != NULL;
}

void row_reader_set_may_block(struct row_reader *reader, bool may_block)
{
    for (size_t i = 0; i < reader->family_count; i++)
        cell_iterator_set_may_block(reader->families[i].input, may_block);
}

/* ---- Moves ---- */

/* Room for `size` bytes in the place of those before; NULL on no memory. */
static uint8_t *kept_bytes_reserve(struct kept_bytes *bytes, size_t size)
{
    if (size <= INLINE_BYTES)
        return bytes->inline_bytes;
    buffer_reset(&bytes->heap);
    return buffer_reserve(&bytes->heap, size);
}

static struct span put_bytes(uint8_t *to, struct span bytes)
{
    if (bytes.size > 0)
        memcpy(to, bytes.data, bytes.size);
    return span_make(to, bytes.size);
}

/* Has the family seek to the probe before it is looked at next; copies the probe's bytes, which are
 * not those of the probe before. */
static enum status seek_later(
    struct family_reader *family, const struct cell *probe, struct error *error)
{
    size_t row = probe->row.size;
    size_t name = probe->family.size;
    size_t qualifier = probe->qualifier.size;
    uint8_t *to = kept_bytes_reserve(&family->probe_bytes, row + name + qualifier);
    if (!to)
        return error_set(error, STATUS_NO_MEMORY, "no memory to seek");
    family->probe = *probe;
    family->probe.row = put_bytes(to, probe->row);
    family->probe.family = put_bytes(to + row, probe->family);
    family->probe.qualifier = put_bytes(to + row + name, probe->qualifier);
    family->move = MOVE_SEEK;
    family->steps = 0;
    return STATUS_OK;
}

/* Does the move that is due. STATUS_END of the iterator is STATUS_OK here: it is not valid then. */
static enum status settle(struct family_reader *family, struct error *error)
{
    enum status status = STATUS_OK;
    if (family->move == MOVE_NEXT && family->input->is_valid)
        status = cell_iterator_next(family->input, error);
    else if (family->move == MOVE_SEEK)
        status = cell_iterator_seek(family->input, &family->probe, error);
    if (status != STATUS_OK && status != STATUS_END)
        return status;
    family->move = MOVE_NONE;
    return STATUS_OK;
}

static struct span current_row(const struct row_reader *reader)
{
    return reader->row;
}

static int compare_to_row(const struct row_reader *reader, struct span row)
{
    return row_compare(reader->config.schema->row_order, row, current_row(reader));
}

static bool is_in_row(const struct row_reader *reader, const struct family_reader *family)
{
    return family->input->is_valid && span_equal(family->input->cell.row, current_row(reader));
}

static enum status set_row(struct row_reader *reader, struct span row, struct error *error)
{
    uint8_t *to = kept_bytes_reserve(&reader->row_bytes, row.size);
    if (!to)
        return error_set(error, STATUS_NO_MEMORY, "no memory for a row key");
    reader->row = put_bytes(to, row);
    return STATUS_OK;
}

/* Rests with no iterator: every family gets the probe that brings it back to its place. */
void row_reader_suspend(struct row_reader *reader)
{
    if (!reader->version)
        return;
    reader->is_advancing = false;
    for (size_t i = 0; i < reader->family_count; i++) {
        struct family_reader *family = &reader->families[i];
        struct cell probe;
        if (!reader->is_started || family->move == MOVE_SEEK) {
            continue; /* it knows already */
        } else if (reader->has_row && i == reader->at && !family->is_row_done) {
            if (!family->input->is_valid)
                continue; /* MOVE_NONE at its end: it stays there */
            probe = family->input->cell;
            if (family->move == MOVE_NEXT)
                probe.sequence--; /* what follows it; sequences begin at 1 */
        } else if (reader->has_row && i > reader->at) {
            probe = cell_probe_row(current_row(reader));
        } else {
            probe = cell_probe_after_row(current_row(reader));
        }
        /* Without memory the place is lost, and with it the scan: the next move says so. */
        struct error ignored;
        if (seek_later(family, &probe, &ignored))
            reader->is_lost = true;
    }
    close_inputs(reader);
}

enum status row_reader_start(
    struct row_reader *reader, struct span row, bool is_inclusive, struct error *error)
{
    reader->is_start_inclusive = is_inclusive || row.size == 0;
    enum status status = set_row(reader, row, error);
    for (size_t i = 0; !status && i < reader->family_count; i++) {
        struct cell probe = reader->is_start_inclusive ? cell_probe_row(row)
                                                       : cell_probe_after_row(row);
        if (!reader->config.is_reversed || (is_inclusive && row.size > 0))
            status = seek_later(&reader->families[i], &probe, error);
    }
    return status;
}

/* ---- Rows ---- */

/* Passes over what is left of the current row in this family. */
static enum status leave_row(
    struct row_reader *reader, struct family_reader *family, struct error *error)
{
    enum status status = settle(family, error);
    while (!status && reader->has_row && is_in_row(reader, family)) {
        if (++family->steps > STEPS_BEFORE_SEEK) {
            struct cell probe = cell_probe_after_row(current_row(reader));
            status = seek_later(family, &probe, error);
            if (status)
                return status;
        } else {
            family->move = MOVE_NEXT;
        }
        status = settle(family, error);
    }
    return status;
}

static enum status advance_forward(struct row_reader *reader, struct error *error)
{
    for (size_t i = 0; i < reader->family_count; i++) {
        enum status status = leave_row(reader, &reader->families[i], error);
        if (status)
            return status;
    }
    return STATUS_OK;
}

/* Places every family at its greatest row before the current one (or at the start row itself). */
static enum status advance_backward(struct row_reader *reader, struct error *error)
{
    if (!reader->is_advancing) {
        reader->is_advancing = true;
        for (size_t i = 0; i < reader->family_count; i++)
            reader->families[i].is_placed = false;
    }
    bool is_at_start = !reader->is_started && reader->is_start_inclusive && reader->row.size > 0;
    bool is_start_there = false;
    for (size_t i = 0; is_at_start && i < reader->family_count; i++) {
        enum status status = settle(&reader->families[i], error);
        if (status)
            return status;
        is_start_there = is_start_there || is_in_row(reader, &reader->families[i]);
    }
    if (is_start_there)
        return STATUS_OK;
    for (size_t i = 0; i < reader->family_count; i++) {
        struct family_reader *family = &reader->families[i];
        family->move = MOVE_NONE;
        if (family->is_placed)
            continue;
        if (!family->input->is_valid || reader->row.size == 0 ||
            compare_to_row(reader, family->input->cell.row) >= 0) {
            enum status status = cell_iterator_seek_before_row(
                family->input, current_row(reader), error);
            if (status != STATUS_OK && status != STATUS_END)
                return status;
        }
        family->is_placed = true;
    }
    return STATUS_OK;
}

/* The least or greatest row in which any family stands; NULL = none. */
static const struct cell *choose_row(const struct row_reader *reader)
{
    const struct cell *best = NULL;
    bool is_reversed = reader->config.is_reversed;
    /* The start row itself may be among them, with other families behind it. */
    for (size_t i = 0; i < reader->family_count; i++) {
        const struct cell_iterator *input = reader->families[i].input;
        if (!input->is_valid)
            continue;
        if (is_reversed && reader->row.size > 0 && compare_to_row(reader, input->cell.row) > 0)
            continue;
        if (!best) {
            best = &input->cell;
            continue;
        }
        int order = row_compare(reader->config.schema->row_order, input->cell.row, best->row);
        if (is_reversed ? order > 0 : order < 0)
            best = &input->cell;
    }
    return best;
}

enum status row_reader_next_row(struct row_reader *reader, struct error *error)
{
    if (reader->is_lost)
        return error_set(error, STATUS_NO_MEMORY, "no memory to keep a scan's place");
    enum status status = reader->config.is_reversed ? advance_backward(reader, error)
                                                    : advance_forward(reader, error);
    if (status)
        return status;
    reader->is_started = true;
    reader->is_advancing = false;
    const struct cell *best = choose_row(reader);
    if (!best) {
        reader->has_row = false;
        return STATUS_END;
    }
    status = set_row(reader, best->row, error);
    if (status)
        return status;
    reader->has_row = true;
    reader->at = 0;
    for (size_t i = 0; i < reader->family_count; i++) {
        struct family_reader *family = &reader->families[i];
        column_matcher_row(&family->matcher);
        family->is_row_done = false;
        family->steps = 0;
    }
    return STATUS_OK;
}

enum status row_reader_skip_to(struct row_reader *reader, struct span bound, struct error *error)
{
    if (reader->config.is_reversed) /* it goes down from the current row */
        return compare_to_row(reader, bound) < 0 ? set_row(reader, bound, error) : STATUS_OK;
    if (compare_to_row(reader, bound) <= 0)
        return STATUS_OK;
    struct cell probe = cell_probe_row(bound);
    enum status status = STATUS_OK;
    for (size_t i = 0; !status && i < reader->family_count; i++) {
        struct family_reader *family = &reader->families[i];
        const struct cell_iterator *input = family->input;
        bool is_behind = family->move == MOVE_NONE && input->is_valid &&
                         row_compare(reader->config.schema->row_order, input->cell.row, bound) < 0;
        if (is_behind)
            status = seek_later(family, &probe, error);
    }
    return status;
}

struct span row_reader_row(const struct row_reader *reader)
{
    return current_row(reader);
}

/* ---- Cells ---- */

/* Follows a matcher's code. */
static enum status follow(struct row_reader *reader, struct family_reader *family,
    enum match_code code, const struct cell *cell, struct error *error)
{
    family->move = MOVE_NEXT;
    switch (code) {
    case MATCH_INCLUDE:
    case MATCH_INCLUDE_NEXT_COLUMN:
        family->steps = 0;
        return STATUS_OK;
    case MATCH_INCLUDE_NEXT_ROW:
    case MATCH_NEXT_ROW:
        family->is_row_done = true;
        family->move = MOVE_NONE;
        family->steps = 0;
        return STATUS_OK;
    case MATCH_SKIP:
        return STATUS_OK;
    case MATCH_NEXT_COLUMN:
        if (++family->steps <= STEPS_BEFORE_SEEK)
            return STATUS_OK;
        break;
    case MATCH_SEEK_HINT:
        break;
    case MATCH_DONE:
        reader->is_filter_done = true;
        family->move = MOVE_NONE;
        return STATUS_OK;
    }
    struct cell probe = column_matcher_probe(&family->matcher, code, cell);
    if (compare_to_row(reader, probe.row) != 0) {
        family->is_row_done = true;
        if (reader->config.is_reversed) {
            family->move = MOVE_NONE;
            return STATUS_OK; /* row by row it comes there too */
        }
    }
    return seek_later(family, &probe, error);
}

/* The next visible cell of this family in the row. */
static enum status family_next_cell(struct row_reader *reader, struct family_reader *family,
    struct cell *out_cell, unsigned *patience, struct error *error)
{
    while (!family->is_row_done) {
        enum status status = settle(family, error);
        if (status)
            return status;
        if (!is_in_row(reader, family))
            break;
        if ((*patience)-- == 0)
            return STATUS_TIMEOUT;
        *out_cell = family->input->cell;
        enum match_code code;
        status = column_matcher_match(&family->matcher, out_cell, &code, error);
        if (!status)
            status = follow(reader, family, code, &family->input->cell, error);
        if (status || match_is_include(code))
            return status;
        if (reader->is_filter_done)
            return STATUS_END;
    }
    return STATUS_END;
}

enum status row_reader_next_cell(
    struct row_reader *reader, struct cell *out_cell, struct error *error)
{
    if (reader->is_lost)
        return error_set(error, STATUS_NO_MEMORY, "no memory to keep a scan's place");
    unsigned patience = ROW_READER_PATIENCE;
    for (; reader->at < reader->family_count && !reader->is_filter_done; reader->at++) {
        struct family_reader *family = &reader->families[reader->at];
        enum status status = family_next_cell(reader, family, out_cell, &patience, error);
        if (status != STATUS_END)
            return status;
    }
    return STATUS_END;
}

enum status row_reader_peek(struct row_reader *reader, struct error *error)
{
    for (; reader->at < reader->family_count; reader->at++) {
        struct family_reader *family = &reader->families[reader->at];
        if (family->is_row_done)
            continue;
        enum status status = settle(family, error);
        if (status || is_in_row(reader, family))
            return status;
    }
    return STATUS_END;
}

const struct read_places *row_reader_places(const struct row_reader *reader)
{
    return &reader->places;
}

bool row_reader_is_done(const struct row_reader *reader)
{
    return reader->is_filter_done;
}
