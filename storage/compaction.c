#include "storage/compaction.h"

#include "base/memory.h"

#define SLICE_BYTES (4u << 20) /* of input keys and values, between looks at the budget */
#define LOOK_CELLS  1024u      /* cells between looks at is_cancelled */
#define NS_PER_S    1000000000u

struct compaction_job {
    struct env *env;
    char *path;
    struct sstable_writer_options writer_options;
    struct column_matcher_config matcher_config;
    struct column_matcher matcher;
    struct cell_iterator *input;
    struct sstable_writer *writer; /* NULL until a cell survives */
    struct compaction_budget *budget;
    struct compaction_progress *progress;
    struct compaction_progress own_progress;
    bool is_started; /* the input stands on the next cell to match */
    bool is_done;
    bool has_file;
    struct sstable_properties properties;
    struct buffer row;  /* of the newest cell matched */
    struct buffer kept; /* row and qualifier of the cell that a probe is made of */
    uint64_t cells_read;
    uint64_t cells_written;
};

/* ---- Budget ---- */

uint64_t compaction_budget_take(struct compaction_budget *budget, uint64_t bytes, uint64_t now_ns)
{
    uint64_t rate = atomic_load_explicit(&budget->bytes_per_s, memory_order_relaxed);
    if (rate == 0)
        return 0;
    uint64_t cost = (uint64_t)((double)bytes * NS_PER_S / (double)rate);
    uint64_t until = atomic_load(&budget->spent_until_ns);
    uint64_t next;
    do {
        next = (until > now_ns ? until : now_ns) + cost;
    } while (!atomic_compare_exchange_weak(&budget->spent_until_ns, &until, next));
    return next;
}

/* ---- Life ---- */

enum status compaction_new(
    const struct compaction_options *options, struct compaction_job **out_job, struct error *error)
{
    struct compaction_job *job = memory_allocate_zeroed(1, sizeof *job);
    char *path = memory_duplicate_string(options->path);
    if (!job || !path) {
        cell_iterator_close(options->input);
        memory_free(job);
        memory_free(path);
        return error_set(error, STATUS_NO_MEMORY, "%s: no memory for a job", options->path);
    }
    job->env = options->env;
    job->path = path;
    job->writer_options = *options->writer;
    job->matcher_config = *options->matcher;
    job->input = options->input;
    job->budget = options->budget;
    job->progress = options->progress ? options->progress : &job->own_progress;
    column_matcher_init(&job->matcher, &job->matcher_config);
    *out_job = job;
    return STATUS_OK;
}

void compaction_free(struct compaction_job *job)
{
    if (!job)
        return;
    if (job->is_done)
        sstable_writer_free(job->writer);
    else
        sstable_writer_discard(job->writer);
    cell_iterator_close(job->input);
    column_matcher_deinit(&job->matcher);
    buffer_deinit(&job->row);
    buffer_deinit(&job->kept);
    memory_free(job->path);
    memory_free(job);
}

const struct sstable_properties *compaction_result(const struct compaction_job *job)
{
    return job->has_file ? &job->properties : NULL;
}

/* ---- Cells ---- */

static enum status no_memory(const struct compaction_job *job, struct error *error)
{
    return error_set(error, STATUS_NO_MEMORY, "%s: no memory for a key", job->path);
}

static enum status keep_row(struct compaction_job *job, struct span row, struct error *error)
{
    buffer_reset(&job->row);
    buffer_put(&job->row, row);
    return job->row.is_failed ? no_memory(job, error) : STATUS_OK;
}

static enum status put_cell(
    struct compaction_job *job, const struct cell *cell, struct error *error)
{
    if (!job->writer) {
        enum status status = sstable_writer_new(
            job->env, job->path, &job->writer_options, &job->writer, error);
        if (status != STATUS_OK)
            return status;
    }
    job->cells_written++;
    return sstable_writer_add(job->writer, cell, error);
}

/* Moves the input to the first cell that the matcher's code leaves in the running. */
static enum status follow(struct compaction_job *job, enum match_code code, struct error *error)
{
    struct cell_iterator *input = job->input;
    if (code == MATCH_INCLUDE || code == MATCH_SKIP) {
        job->cells_read++;
        return cell_iterator_next(input, error);
    }
    struct cell kept = input->cell;
    buffer_reset(&job->kept);
    buffer_put(&job->kept, kept.row);
    buffer_put(&job->kept, kept.qualifier);
    if (job->kept.is_failed)
        return no_memory(job, error);
    kept.row = span_make(job->kept.data, kept.row.size);
    kept.qualifier = span_slice(buffer_span(&job->kept), kept.row.size, kept.qualifier.size);
    kept.family = job->writer_options.family;
    kept.value = kept.tags = SPAN_EMPTY;
    struct cell probe = column_matcher_probe(&job->matcher, code, &kept);
    /* Everything is read anyway, so stepping beats seeking. */
    enum status status;
    do {
        job->cells_read++;
        status = cell_iterator_next(input, error);
    } while (status == STATUS_OK &&
             cell_compare(job->matcher_config.row_order, &input->cell, &probe) < 0);
    return status;
}

static enum status match_cell(struct compaction_job *job, uint64_t *bytes, struct error *error)
{
    struct cell cell = job->input->cell;
    *bytes += cell.row.size + cell.qualifier.size + cell.value.size + cell.tags.size;
    if (!span_equal(cell.row, buffer_span(&job->row))) {
        enum status status = keep_row(job, cell.row, error);
        if (status != STATUS_OK)
            return status;
        column_matcher_row(&job->matcher);
    }
    enum match_code code = MATCH_SKIP;
    enum status status = column_matcher_match(&job->matcher, &cell, &code, error);
    if (status == STATUS_OK && match_is_include(code))
        status = put_cell(job, &cell, error);
    return status == STATUS_OK ? follow(job, code, error) : status;
}

static void tell(struct compaction_job *job)
{
    struct compaction_progress *progress = job->progress;
    atomic_store_explicit(&progress->cells_read, job->cells_read, memory_order_relaxed);
    atomic_store_explicit(&progress->cells_written, job->cells_written, memory_order_relaxed);
    if (job->writer)
        atomic_store_explicit(
            &progress->bytes_written, sstable_writer_size(job->writer), memory_order_relaxed);
}

/* ---- Steps ---- */

static enum status finish(struct compaction_job *job, struct error *error)
{
    if (job->writer) {
        enum status status = sstable_writer_finish(job->writer, &job->properties, error);
        if (status != STATUS_OK)
            return status;
        job->has_file = true;
    }
    job->is_done = true;
    tell(job);
    return STATUS_END;
}

enum status compaction_step(
    struct compaction_job *job, bool is_hasty, uint64_t *out_due_ns, struct error *error)
{
    uint64_t bytes = 0;
    enum status status = STATUS_OK;
    if (!job->is_started) {
        status = cell_iterator_seek_first(job->input, error);
        job->is_started = status == STATUS_OK;
    }
    for (unsigned cells = 1; status == STATUS_OK; cells++) {
        if (cells % LOOK_CELLS == 1 && atomic_load(&job->progress->is_cancelled))
            return error_set(error, STATUS_CANCELLED, "%s: compaction is cancelled", job->path);
        if (bytes >= SLICE_BYTES && !is_hasty)
            break;
        status = match_cell(job, &bytes, error);
    }
    if (status == STATUS_END)
        return finish(job, error);
    tell(job);
    if (status != STATUS_OK)
        return status;
    *out_due_ns = job->budget
                      ? compaction_budget_take(job->budget, bytes, env_monotonic_ns(job->env))
                      : 0;
    return STATUS_OK;
}
