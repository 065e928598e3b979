#include "shell/read_spec.h"

#include <inttypes.h>
#include <mruby.h>
#include <mruby/array.h>
#include <mruby/class.h>
#include <mruby/string.h>
#include <string.h>

#include "shell/format.h"
#include "shell/native.h"

int64_t read_spec_number(
    mrb_state *mrb, mrb_value hash, const char *key, int64_t otherwise, int64_t least)
{
    mrb_value value = native_hash_get(mrb, hash, key);
    if (mrb_nil_p(value))
        return otherwise;
    mrb_int number = mrb_integer(mrb_to_int(mrb, value));
    if (number < least)
        mrb_raisef(mrb, mrb_class_get(mrb, "ArgumentError"), "%s should be at least %i, not %i",
            key, (mrb_int)least, number);
    return number;
}

static const char *text_or_null(struct arena *arena, mrb_value value)
{
    struct stele_bytes bytes = native_bytes(value);
    return bytes.size ? arena_copy_string(arena, span_make(bytes.data, bytes.size)) : NULL;
}

static bool take_columns(mrb_value list, struct read_spec *spec)
{
    size_t count = mrb_array_p(list) ? (size_t)RARRAY_LEN(list) : 0;
    if (count == 0)
        return true;
    spec->columns = arena_allocate_zeroed(&spec->arena, count, sizeof *spec->columns);
    spec->converters = arena_allocate_zeroed(&spec->arena, count, sizeof *spec->converters);
    if (!spec->columns || !spec->converters)
        return false;
    for (size_t i = 0; i < count; i++) {
        mrb_value column = mrb_ary_ref(mrb, list, (mrb_int)i);
        mrb_value qualifier = mrb_ary_ref(mrb, column, 1);
        spec->columns[i].family = native_bytes(mrb_ary_ref(mrb, column, 0));
        spec->columns[i].qualifier = native_bytes(qualifier);
        /* "f" and "f:" both mean the family in the HBase shell */
        spec->columns[i].is_whole_family = spec->columns[i].qualifier.size == 0;
        spec->converters[i] = text_or_null(&spec->arena, mrb_ary_ref(mrb, column, 2));
    }
    spec->column_count = count;
    return true;
}

void read_spec_take(mrb_state *mrb, mrb_value hash, struct read_spec *out_spec)
{
    struct read_spec spec = {
        .max_versions = 1, .time_range = {0, INT64_MAX}, .max_length = -1, .is_cached = true};
    struct stele_error error = {0};
    int64_t versions = read_spec_number(mrb, hash, "versions", 1, 1);
    spec.max_versions = versions > INT32_MAX ? INT32_MAX : (uint32_t)versions;
    spec.max_length = read_spec_number(mrb, hash, "max_length", -1, -1);
    spec.is_cached = !mrb_false_p(native_hash_get(mrb, hash, "cache_blocks"));
    spec.is_meta = mrb_test(native_hash_get(mrb, hash, "meta"));
    mrb_value range = native_hash_get(mrb, hash, "time_range");
    if (mrb_array_p(range)) {
        spec.time_range.from = mrb_integer(mrb_ary_ref(mrb, range, 0));
        spec.time_range.to = mrb_integer(mrb_ary_ref(mrb, range, 1));
        if (spec.time_range.from < 0 || spec.time_range.to < spec.time_range.from)
            mrb_raisef(mrb, mrb_class_get(mrb, "ArgumentError"),
                "Timestamp range should not be negative or reversed: [%i, %i]",
                (mrb_int)spec.time_range.from, (mrb_int)spec.time_range.to);
    }
    spec.is_timeline = mrb_test(native_hash_get(mrb, hash, "timeline"));
    mrb_value attributes = native_hash_get(mrb, hash, "attributes");
    spec.attributes = native_attributes(&spec.arena, attributes, &spec.attribute_count);
    if (!take_columns(native_hash_get(mrb, hash, "columns"), &spec)) {
        read_spec_deinit(&spec);
        error.status = STELE_NO_MEMORY;
        native_raise(mrb, &error);
    }
    spec.formatter = text_or_null(&spec.arena, native_hash_get(mrb, hash, "formatter"));
    mrb_value filter = native_hash_get(mrb, hash, "filter");
    if (mrb_string_p(filter) && stele_filter_parse(native_bytes(filter), &spec.filter, &error)) {
        read_spec_deinit(&spec);
        native_raise(mrb, &error);
    }
    *out_spec = spec;
}

void read_spec_deinit(struct read_spec *spec)
{
    stele_filter_free(spec->filter);
    arena_deinit(&spec->arena);
}

void read_spec_apply(const struct read_spec *spec, struct stele_read *out_read)
{
    out_read->columns = spec->columns;
    out_read->column_count = spec->column_count;
    out_read->time_range = spec->time_range;
    out_read->max_versions = spec->max_versions;
    out_read->filter = spec->filter;
    out_read->is_cached = spec->is_cached;
    out_read->is_timeline = spec->is_timeline;
    out_read->attributes = spec->attributes;
    out_read->attribute_count = spec->attribute_count;
}

static bool bytes_equal(struct stele_bytes a, struct stele_bytes b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

static const char *converter_of(const struct read_spec *spec, const struct stele_cell *cell)
{
    for (size_t i = 0; i < spec->column_count; i++)
        if (spec->converters[i] && bytes_equal(spec->columns[i].family, cell->family) &&
            bytes_equal(spec->columns[i].qualifier, cell->qualifier))
            return spec->converters[i];
    return spec->formatter;
}

static bool is_text(struct stele_bytes bytes, const char *text)
{
    return bytes_equal(bytes, stele_text(text));
}

static bool begins(struct stele_bytes bytes, const char *text)
{
    return bytes.size >= strlen(text) && memcmp(bytes.data, text, strlen(text)) == 0;
}

static void put_escaped(struct buffer *out, const char *what, struct stele_bytes bytes)
{
    buffer_put_format(out, "%s'", what);
    buffer_put_escaped(out, span_make(bytes.data, bytes.size));
    buffer_put_u8(out, '\'');
}

/* A region as HBase's RegionInfo tells itself. */
static void put_region(struct buffer *out, const struct stele_region *region)
{
    buffer_put_format(out, "{ENCODED => %s", (const char *)region->encoded_name.data);
    put_escaped(out, ", NAME => ", region->name);
    put_escaped(out, ", STARTKEY => ", region->start_key);
    put_escaped(out, ", ENDKEY => ", region->end_key);
    if (region->is_offline)
        buffer_put(out, SPAN_LITERAL(", OFFLINE => true"));
    if (region->is_split)
        buffer_put(out, SPAN_LITERAL(", SPLIT => true"));
    buffer_put_u8(out, '}');
}

/* The columns of hbase:meta that hold regions and a number; false: another one. */
static bool put_meta_value(struct buffer *out, const struct stele_cell *cell)
{
    struct stele_region_list list;
    if (!is_text(cell->family, "info"))
        return false;
    if (is_text(cell->qualifier, "serverstartcode") && cell->value.size == 8) {
        buffer_put_format(out, "%" PRId64, stele_load_i64(cell->value.data));
        return true;
    }
    if (!is_text(cell->qualifier, "regioninfo") && !is_text(cell->qualifier, "splitA") &&
        !is_text(cell->qualifier, "splitB") && !begins(cell->qualifier, "merge"))
        return false;
    if (stele_region_decode(cell->value, &list, NULL))
        return false;
    put_region(out, &list.regions[0]);
    stele_region_list_free(&list);
    return true;
}

void read_spec_print_cell(
    const struct read_spec *spec, const struct stele_cell *cell, struct buffer *out_text)
{
    size_t from = out_text->size;
    buffer_put(out_text, SPAN_LITERAL("timestamp="));
    format_timestamp(out_text, cell->timestamp);
    if (cell->type == STELE_CELL_PUT) {
        buffer_put(out_text, SPAN_LITERAL(", value="));
        if (!spec->is_meta || !put_meta_value(out_text, cell))
            format_value(
                out_text, span_make(cell->value.data, cell->value.size), converter_of(spec, cell));
    } else {
        buffer_put(out_text, SPAN_LITERAL(", type="));
        buffer_put(out_text, span_string(format_cell_type(cell->type)));
    }
    if (spec->max_length >= 0 && out_text->size - from > (size_t)spec->max_length)
        out_text->size = from + (size_t)spec->max_length;
}

void read_spec_print_column(const struct stele_cell *cell, struct buffer *out_text)
{
    buffer_put_escaped(out_text, span_make(cell->family.data, cell->family.size));
    buffer_put_u8(out_text, ':');
    buffer_put_escaped(out_text, span_make(cell->qualifier.data, cell->qualifier.size));
}
