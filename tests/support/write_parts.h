/* Cells, mutations and operations of a write in a line each; they borrow what they are made of. */
#ifndef STELE_TESTS_WRITE_PARTS_H
#define STELE_TESTS_WRITE_PARTS_H

#include "storage/storage.h"

static inline struct cell make_cell(const char *row, const char *family, const char *qualifier,
    int64_t timestamp, enum cell_type type, const char *value)
{
    return (struct cell){.row = span_string(row),
        .family = span_string(family),
        .qualifier = span_string(qualifier),
        .timestamp = timestamp,
        .type = (uint8_t)type,
        .value = span_string(value)};
}

static inline struct mutation make_mutation(
    enum mutation_kind kind, struct cell *cells, size_t count)
{
    return (struct mutation){.kind = kind,
        .row = cells->row,
        .cells = cells,
        .cell_count = count,
        .time_range = TIME_RANGE_ALL,
        .is_result_wanted = true};
}

static inline struct write_operation make_operation(struct mutation *mutations, size_t count)
{
    return (struct write_operation){
        .row = mutations->row, .mutations = mutations, .mutation_count = count};
}

#endif
