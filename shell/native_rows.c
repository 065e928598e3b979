/* Shell::Native: one row at a time: put, get, delete, increment, counter, append. */
#include <mruby.h>
#include <mruby/hash.h>
#include <mruby/string.h>
#include <string.h>

#include "base/arena.h"
#include "shell/format.h"
#include "shell/native.h"
#include "shell/read_spec.h"

/* A mutation of one column; what the options of the dml commands share. */
static void mutation_of(struct stele_mutation *mutation, struct stele_cell *cell,
    enum stele_mutation_kind kind, mrb_value row, mrb_value family, mrb_value qualifier)
{
    stele_mutation_init(mutation, kind, native_bytes(row));
    memset(cell, 0, sizeof *cell);
    cell->family = native_bytes(family);
    cell->qualifier = native_bytes(qualifier);
    cell->timestamp = STELE_LATEST;
    cell->type = STELE_CELL_PUT;
    mutation->cells = cell;
    mutation->cell_count = 1;
}

static int64_t number_or(mrb_value value, int64_t otherwise)
{
    return mrb_integer_p(value) ? (int64_t)mrb_integer(value) : otherwise;
}

/* Does it, with what `beside` (ruby/commands_dml.rb) adds, or raises. */
static void mutate(mrb_state *mrb, mrb_value table, struct stele_mutation *mutation,
    mrb_value beside, struct stele_result *out_result)
{
    struct arena arena = {0};
    struct stele_error error = {0};
    struct stele_table *handle = native_table(mrb, table);
    mutation->ttl_ms = number_or(native_hash_get(mrb, beside, "ttl"), 0);
    mutation->attributes = native_attributes(
        &arena, native_hash_get(mrb, beside, "attributes"), &mutation->attribute_count);
    enum stele_status status = stele_mutate(handle, mutation, out_result, &error);
    arena_deinit(&arena);
    if (status)
        native_raise(mrb, &error);
}

/* put(table, row, family, qualifier, value, timestamp or nil, beside) */
static mrb_value put(mrb_state *mrb, mrb_value self)
{
    mrb_value table, row, family, qualifier, value, timestamp, beside;
    struct stele_mutation mutation;
    struct stele_cell cell;
    (void)self;
    mrb_get_args(mrb, "SSSSSoH", &table, &row, &family, &qualifier, &value, &timestamp, &beside);
    mutation_of(&mutation, &cell, STELE_PUT, row, family, qualifier);
    cell.value = native_bytes(value);
    cell.timestamp = number_or(timestamp, STELE_LATEST);
    mutate(mrb, table, &mutation, beside, NULL);
    return mrb_nil_value();
}

static void print_get(const struct read_spec *spec, const struct stele_result *result)
{
    struct buffer column = {0}, cell = {0};
    for (size_t i = 0; i < result->cell_count; i++) {
        buffer_reset(&column);
        buffer_reset(&cell);
        read_spec_print_column(&result->cells[i], &column);
        read_spec_print_cell(spec, &result->cells[i], &cell);
        struct span columns[2] = {buffer_span(&column), buffer_span(&cell)};
        format_row(columns, 2);
    }
    buffer_deinit(&column);
    buffer_deinit(&cell);
}

/* get(table, spec) prints the row and returns how many there are: 0 or 1. */
static mrb_value get(mrb_state *mrb, mrb_value self)
{
    mrb_value table, hash;
    struct read_spec spec;
    struct stele_get wanted;
    struct stele_result result = {0};
    struct stele_error error = {0};
    (void)self;
    mrb_get_args(mrb, "SH", &table, &hash);
    struct stele_table *handle = native_table(mrb, table);
    stele_get_init(&wanted, native_bytes(native_hash_get(mrb, hash, "row")));
    read_spec_take(mrb, hash, &spec);
    read_spec_apply(&spec, &wanted.read);
    enum stele_status status = stele_get(handle, &wanted, &result, &error);
    if (!status)
        print_get(&spec, &result);
    mrb_int rows = result.cell_count > 0;
    stele_result_free(&result);
    read_spec_deinit(&spec);
    if (status)
        native_raise(mrb, &error);
    return mrb_int_value(mrb, rows);
}

/* delete(table, row, family or nil, qualifier or nil, timestamp or nil, is_all_versions, beside) */
static mrb_value delete_cells(mrb_state *mrb, mrb_value self)
{
    mrb_value table, row, family, qualifier, timestamp, beside;
    mrb_bool is_all;
    struct stele_mutation mutation;
    struct stele_cell cell;
    (void)self;
    mrb_get_args(mrb, "SSooobH", &table, &row, &family, &qualifier, &timestamp, &is_all, &beside);
    mutation_of(&mutation, &cell, STELE_DELETE, row, family, qualifier);
    cell.timestamp = mutation.timestamp = number_or(timestamp, STELE_LATEST);
    if (mrb_nil_p(family))
        mutation.cell_count = 0;
    else if (mrb_nil_p(qualifier))
        cell.type = is_all ? STELE_CELL_DELETE_FAMILY : STELE_CELL_DELETE_FAMILY_VERSION;
    else
        cell.type = is_all ? STELE_CELL_DELETE_COLUMN : STELE_CELL_DELETE;
    mutate(mrb, table, &mutation, beside, NULL);
    return mrb_nil_value();
}

/* increment(table, row, family, qualifier, amount, beside) -> the sum, or nil */
static mrb_value increment(mrb_state *mrb, mrb_value self)
{
    mrb_value table, row, family, qualifier, beside, sum = mrb_nil_value();
    mrb_int amount;
    uint8_t bytes[8];
    struct stele_mutation mutation;
    struct stele_cell cell;
    struct stele_result result = {0};
    (void)self;
    mrb_get_args(mrb, "SSSSiH", &table, &row, &family, &qualifier, &amount, &beside);
    mutation_of(&mutation, &cell, STELE_INCREMENT, row, family, qualifier);
    stele_store_i64(bytes, amount);
    cell.value = stele_bytes(bytes, sizeof bytes);
    mutate(mrb, table, &mutation, beside, &result);
    if (result.cell_count == 1 && result.cells[0].value.size == 8)
        sum = mrb_int_value(mrb, stele_load_i64(result.cells[0].value.data));
    stele_result_free(&result);
    return sum;
}

/* counter(table, row, family, qualifier) -> its value, or nil; raises when it is not 8 bytes. */
static mrb_value counter(mrb_state *mrb, mrb_value self)
{
    mrb_value table, row, family, qualifier, value = mrb_nil_value();
    struct stele_get wanted;
    struct stele_result result = {0};
    struct stele_error error = {0};
    (void)self;
    mrb_get_args(mrb, "SSSS", &table, &row, &family, &qualifier);
    struct stele_column column = {native_bytes(family), native_bytes(qualifier), false};
    stele_get_init(&wanted, native_bytes(row));
    wanted.read.columns = &column;
    wanted.read.column_count = 1;
    if (stele_get(native_table(mrb, table), &wanted, &result, &error))
        native_raise(mrb, &error);
    size_t size = result.cell_count ? result.cells[0].value.size : 0;
    if (size == 8)
        value = mrb_int_value(mrb, stele_load_i64(result.cells[0].value.data));
    stele_result_free(&result);
    if (size != 0 && size != 8)
        mrb_raisef(mrb, mrb_class_get(mrb, "ArgumentError"),
            "Field is not a long, it's %i bytes wide", (mrb_int)size);
    return value;
}

/* append(table, row, family, qualifier, value, beside) -> the new value, or nil */
static mrb_value append(mrb_state *mrb, mrb_value self)
{
    mrb_value table, row, family, qualifier, value, beside, current = mrb_nil_value();
    struct stele_mutation mutation;
    struct stele_cell cell;
    struct stele_result result = {0};
    (void)self;
    mrb_get_args(mrb, "SSSSSH", &table, &row, &family, &qualifier, &value, &beside);
    mutation_of(&mutation, &cell, STELE_APPEND, row, family, qualifier);
    cell.value = native_bytes(value);
    mutate(mrb, table, &mutation, beside, &result);
    if (result.cell_count == 1)
        current = native_string(mrb, result.cells[0].value);
    stele_result_free(&result);
    return current;
}

void native_define_rows(mrb_state *mrb, struct RClass *native)
{
    mrb_define_module_function(mrb, native, "put", put, MRB_ARGS_REQ(7));
    mrb_define_module_function(mrb, native, "get", get, MRB_ARGS_REQ(2));
    mrb_define_module_function(mrb, native, "delete", delete_cells, MRB_ARGS_REQ(7));
    mrb_define_module_function(mrb, native, "increment", increment, MRB_ARGS_REQ(6));
    mrb_define_module_function(mrb, native, "counter", counter, MRB_ARGS_REQ(4));
    mrb_define_module_function(mrb, native, "append", append, MRB_ARGS_REQ(6));
}
