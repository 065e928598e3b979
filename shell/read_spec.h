/* What get, scan and count ask for, taken from the hash that ruby/commands_dml.rb makes. */
#ifndef STELE_SHELL_READ_SPEC_H
#define STELE_SHELL_READ_SPEC_H

#include <mruby.h>
#include <stele/stele.h>

#include "base/arena.h"
#include "base/bytes.h"

struct read_spec {
    struct arena arena; /* columns, converters; borrows Ruby's strings */
    struct stele_column *columns;
    const char **converters; /* beside columns; NULL = none */
    size_t column_count;
    struct stele_time_range time_range;
    uint32_t max_versions;
    struct stele_filter *filter; /* owned */
    const char *formatter;       /* default converter, or NULL */
    int64_t max_length;          /* of a printed cell; -1 = whole */
    bool is_cached;
    bool is_timeline;
    struct stele_attribute *attributes;
    size_t attribute_count;
    bool is_meta; /* of hbase:meta, whose regions are printed in words */
};

/* Raises on a bad filter or numbers out of range, with nothing held. */
void read_spec_take(mrb_state *mrb, mrb_value hash, struct read_spec *out_spec);
void read_spec_deinit(struct read_spec *spec);
void read_spec_apply(const struct read_spec *spec, struct stele_read *out_read);

/* "timestamp=T, value=V", or "timestamp=T, type=DeleteColumn" of a marker, cut to max_length. */
void read_spec_print_cell(
    const struct read_spec *spec, const struct stele_cell *cell, struct buffer *out_text);
/* "f:q". */
void read_spec_print_column(const struct stele_cell *cell, struct buffer *out_text);

/* A number of the hash, or `otherwise`; raises when it is below `least`. */
int64_t read_spec_number(
    mrb_state *mrb, mrb_value hash, const char *key, int64_t otherwise, int64_t least);

#endif
