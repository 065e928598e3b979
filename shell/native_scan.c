/* Shell::Native: scans. Rows are printed as they come; ^C ends a scan between rows. */
#include <inttypes.h>
#include <mruby.h>
#include <mruby/array.h>
#include <mruby/hash.h>
#include <mruby/string.h>
#include <mruby/variable.h>
#include <string.h>

#include "shell/format.h"
#include "shell/interrupt.h"
#include "shell/native.h"
#include "shell/read_spec.h"

/* A scan under way, and what must be freed before anything is raised. */
struct running_scan {
    struct read_spec spec;
    struct stele_scanner *scanner;
    struct buffer stop;     /* the end of a row prefix */
    struct buffer last_row; /* to count rows that come in parts once */
    uint64_t rows;
    bool has_row;
};

/* The first row after all that begin with `prefix`; empty = none. */
static void prefix_end(struct span prefix, struct buffer *out_end)
{
    buffer_put(out_end, prefix);
    while (out_end->size && out_end->data[out_end->size - 1] == 0xFF)
        out_end->size--;
    if (out_end->size && !out_end->is_failed)
        out_end->data[out_end->size - 1]++;
}

static bool truth(mrb_state *mrb, mrb_value hash, const char *key)
{
    return mrb_test(native_hash_get(mrb, hash, key));
}

/* Raises on bad options with nothing held. */
static void open_scan(mrb_state *mrb, mrb_value table, mrb_value hash,
    struct stele_filter *only_keys, struct running_scan *out_scan)
{
    struct stele_scan wanted;
    struct stele_table *handle = native_table(mrb, table);
    int64_t limit = read_spec_number(mrb, hash, "limit", -1, -1);
    int64_t cache = read_spec_number(mrb, hash, "cache", 0, 0);
    int64_t batch = read_spec_number(mrb, hash, "batch", 0, 0);
    int64_t size = read_spec_number(mrb, hash, "max_result_size", 0, 0);
    memset(out_scan, 0, sizeof *out_scan);
    read_spec_take(mrb, hash, &out_scan->spec);
    stele_scan_init(&wanted);
    read_spec_apply(&out_scan->spec, &wanted.read);
    wanted.start_row = native_bytes(native_hash_get(mrb, hash, "start"));
    wanted.stop_row = native_bytes(native_hash_get(mrb, hash, "stop"));
    struct stele_bytes prefix = native_bytes(native_hash_get(mrb, hash, "prefix"));
    if (prefix.size) {
        prefix_end(span_make(prefix.data, prefix.size), &out_scan->stop);
        wanted.start_row = prefix;
        wanted.stop_row = stele_bytes(out_scan->stop.data, out_scan->stop.size);
    }
    wanted.limit = limit > 0 ? (uint64_t)limit : 0;
    wanted.caching = (uint32_t)(cache > INT32_MAX ? INT32_MAX : cache);
    wanted.batch = (uint32_t)(batch > INT32_MAX ? INT32_MAX : batch);
    if (size > 0)
        wanted.max_result_size = (uint64_t)size;
    wanted.is_reversed = truth(mrb, hash, "reversed");
    wanted.read.is_raw = truth(mrb, hash, "raw");
    wanted.read.is_uncommitted = truth(mrb, hash, "uncommitted");
    wanted.allows_partial = truth(mrb, hash, "allow_partial");
    wanted.read_type = (enum stele_read_type)read_spec_number(mrb, hash, "read_type", 0, 0);
    wanted.tracks_metrics = truth(mrb, hash, "metrics");
    struct stele_filter *both = NULL;
    if (only_keys) {
        struct stele_filter *parts[2] = {out_scan->spec.filter, only_keys};
        both = wanted.read.filter ? stele_filter_all(parts, 2) : NULL;
        wanted.read.filter = both ? both : only_keys;
    }
    out_scan->scanner = stele_scanner_open(handle, &wanted);
    stele_filter_free(both);
}

static void close_scan(struct running_scan *scan)
{
    stele_scanner_close(scan->scanner);
    read_spec_deinit(&scan->spec);
    buffer_deinit(&scan->stop);
    buffer_deinit(&scan->last_row);
}

/* Closes, then raises what went wrong. */
static void fail_scan(mrb_state *mrb, struct running_scan *scan, struct stele_error *error)
{
    bool is_opened = scan->scanner != NULL;
    close_scan(scan);
    if (!is_opened)
        error->status = STELE_NO_MEMORY;
    if (interrupt_is_set())
        error->status = STELE_CANCELLED;
    native_raise(mrb, error);
}

/* Counts the row of a result; true when it is another than the last one's. */
static bool note_row(struct running_scan *scan, const struct stele_result *result)
{
    struct stele_bytes row = result->cells[0].row;
    if (scan->has_row && span_equal(buffer_span(&scan->last_row), span_make(row.data, row.size)))
        return false;
    buffer_reset(&scan->last_row);
    buffer_put(&scan->last_row, span_make(row.data, row.size));
    scan->has_row = true;
    scan->rows++;
    return true;
}

static void print_result(struct running_scan *scan, const struct stele_result *result,
    struct buffer *row, struct buffer *cell)
{
    buffer_reset(row);
    buffer_put_escaped(row, span_make(result->cells[0].row.data, result->cells[0].row.size));
    for (size_t i = 0; i < result->cell_count; i++) {
        buffer_reset(cell);
        buffer_put(cell, SPAN_LITERAL("column="));
        read_spec_print_column(&result->cells[i], cell);
        buffer_put(cell, SPAN_LITERAL(", "));
        read_spec_print_cell(&scan->spec, &result->cells[i], cell);
        struct span columns[2] = {buffer_span(row), buffer_span(cell)};
        format_row(columns, 2);
    }
}

static void keep_metrics(mrb_state *mrb, struct running_scan *scan)
{
    const struct stele_metric *metrics;
    size_t count;
    stele_scanner_metrics(scan->scanner, &metrics, &count);
    mrb_value kept = mrb_ary_new(mrb);
    for (size_t i = 0; i < count; i++) {
        mrb_value pair = mrb_assoc_new(mrb, mrb_str_new_cstr(mrb, metrics[i].name),
            mrb_int_value(mrb, (mrb_int)metrics[i].value));
        mrb_ary_push(mrb, kept, pair);
    }
    mrb_gv_set(mrb, mrb_intern_lit(mrb, "$scan_metrics"), kept);
}

/* scan(table, spec) prints rows and returns how many. */
static mrb_value scan_rows(mrb_state *mrb, mrb_value self)
{
    mrb_value table, hash;
    struct running_scan scan;
    struct buffer row = {0}, cell = {0};
    const struct stele_result *results;
    struct stele_error error = {0};
    enum stele_status status = STELE_NO_MEMORY;
    size_t count;
    (void)self;
    mrb_get_args(mrb, "SH", &table, &hash);
    open_scan(mrb, table, hash, NULL, &scan);
    while (scan.scanner && !interrupt_is_set() &&
           (status = stele_scanner_next_rows(scan.scanner, &results, &count, &error)) == STELE_OK) {
        for (size_t i = 0; i < count && !interrupt_is_set(); i++) {
            if (results[i].cell_count == 0)
                continue;
            note_row(&scan, &results[i]);
            print_result(&scan, &results[i], &row, &cell);
        }
    }
    buffer_deinit(&row);
    buffer_deinit(&cell);
    if (status != STELE_END)
        fail_scan(mrb, &scan, &error);
    if (truth(mrb, hash, "metrics"))
        keep_metrics(mrb, &scan);
    uint64_t rows = scan.rows;
    close_scan(&scan);
    return mrb_int_value(mrb, (mrb_int)rows);
}

static mrb_value scan_metrics(mrb_state *mrb, mrb_value self)
{
    (void)self;
    mrb_value kept = mrb_gv_get(mrb, mrb_intern_lit(mrb, "$scan_metrics"));
    return mrb_nil_p(kept) ? mrb_ary_new(mrb) : kept;
}

/* count(table, spec, interval) -> rows; tells every interval-th. */
static mrb_value count_rows(mrb_state *mrb, mrb_value self)
{
    mrb_value table, hash;
    mrb_int interval;
    struct running_scan scan;
    struct buffer text = {0};
    const struct stele_result *results;
    struct stele_error error = {0};
    enum stele_status status = STELE_NO_MEMORY;
    size_t count;
    (void)self;
    mrb_get_args(mrb, "SHi", &table, &hash, &interval);
    struct stele_filter *parts[2] = {stele_filter_first_key_only(), stele_filter_key_only(false)};
    struct stele_filter *only_keys = parts[0] && parts[1] ? stele_filter_all(parts, 2) : NULL;
    stele_filter_free(parts[0]);
    stele_filter_free(parts[1]);
    open_scan(mrb, table, hash, only_keys, &scan);
    stele_filter_free(only_keys);
    while (scan.scanner && !interrupt_is_set() &&
           (status = stele_scanner_next_rows(scan.scanner, &results, &count, &error)) == STELE_OK) {
        for (size_t i = 0; i < count; i++) {
            if (results[i].cell_count == 0 || !note_row(&scan, &results[i]) ||
                scan.rows % (uint64_t)interval)
                continue;
            buffer_reset(&text);
            buffer_put_escaped(&text, buffer_span(&scan.last_row));
            native_say_format("Current count: %" PRIu64 ", row: %.*s\n", scan.rows, (int)text.size,
                (const char *)text.data);
        }
    }
    buffer_deinit(&text);
    if (status != STELE_END)
        fail_scan(mrb, &scan, &error);
    uint64_t rows = scan.rows;
    close_scan(&scan);
    return mrb_int_value(mrb, (mrb_int)rows);
}

#define DELETE_BATCH 100

/* Deletes the rows of one batch of results as `model` says; the mutations borrow from them. */
static enum stele_status delete_results(struct stele_table *table,
    const struct stele_result *results, size_t count, const struct stele_mutation *model,
    struct stele_error *error)
{
    struct stele_mutation mutations[DELETE_BATCH];
    struct stele_action actions[DELETE_BATCH];
    struct stele_batch batch = {0};
    for (size_t i = 0; i < count; i++) {
        mutations[i] = *model;
        mutations[i].row = results[i].cells[0].row;
        actions[i] = (struct stele_action){NULL, &mutations[i]};
    }
    enum stele_status status = stele_batch(table, actions, count, &batch, error);
    stele_batch_free(&batch);
    return status;
}

/* delete_prefix(table, prefix, family or nil, qualifier or nil, timestamp or nil, cache, beside) */
static mrb_value delete_prefix(mrb_state *mrb, mrb_value self)
{
    mrb_value table, prefix, family, qualifier, timestamp, beside;
    mrb_int cache;
    struct stele_mutation model;
    struct running_scan scan;
    const struct stele_result *results;
    struct stele_error error = {0};
    enum stele_status status = STELE_NO_MEMORY;
    size_t count;
    (void)self;
    mrb_get_args(mrb, "SSoooiH", &table, &prefix, &family, &qualifier, &timestamp, &cache, &beside);
    mrb_value hash = mrb_hash_new(mrb);
    native_hash_set(mrb, hash, "prefix", prefix);
    native_hash_set(mrb, hash, "cache", mrb_int_value(mrb, cache));
    struct stele_cell marker = {.family = native_bytes(family),
        .qualifier = native_bytes(qualifier),
        .timestamp = mrb_integer_p(timestamp) ? mrb_integer(timestamp) : STELE_LATEST,
        .type = mrb_nil_p(qualifier) ? STELE_CELL_DELETE_FAMILY : STELE_CELL_DELETE_COLUMN};
    stele_mutation_init(&model, STELE_DELETE, STELE_NO_BYTES);
    model.timestamp = marker.timestamp;
    model.cells = &marker;
    model.cell_count = mrb_nil_p(family) ? 0 : 1;
    struct stele_filter *only_keys = stele_filter_key_only(false);
    open_scan(mrb, table, hash, only_keys, &scan);
    stele_filter_free(only_keys);
    model.attributes = native_attributes(
        &scan.spec.arena, native_hash_get(mrb, beside, "attributes"), &model.attribute_count);
    struct stele_table *handle = native_table(mrb, table);
    while (scan.scanner && !interrupt_is_set() &&
           (status = stele_scanner_next_rows(scan.scanner, &results, &count, &error)) == STELE_OK) {
        for (size_t from = 0; from < count && status == STELE_OK; from += DELETE_BATCH) {
            size_t size = count - from < DELETE_BATCH ? count - from : DELETE_BATCH;
            status = delete_results(handle, results + from, size, &model, &error);
        }
        if (status)
            break;
    }
    if (status != STELE_END)
        fail_scan(mrb, &scan, &error);
    close_scan(&scan);
    return mrb_nil_value();
}

void native_define_scan(mrb_state *mrb, struct RClass *native)
{
    mrb_define_module_function(mrb, native, "scan", scan_rows, MRB_ARGS_REQ(2));
    mrb_define_module_function(mrb, native, "scan_metrics", scan_metrics, MRB_ARGS_NONE());
    mrb_define_module_function(mrb, native, "count", count_rows, MRB_ARGS_REQ(3));
    mrb_define_module_function(mrb, native, "delete_prefix", delete_prefix, MRB_ARGS_REQ(7));
}
