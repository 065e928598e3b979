/* Row readers: the cells that a get or scan sees, row by row (HBase RegionScannerImpl, StoreScanner).
 *
 *     per family:  memtables, SSTables -> merge -> column matcher
 *                                             \
 *     row_reader_next_row: the least (reversed: greatest) row in which any family stands
 *     row_reader_next_cell: its visible cells, family after family in their order
 *
 * A move that needs the disk answers STATUS_WOULD_BLOCK and changes nothing that matters: the same
 * call made again, with may_block, goes on. No filter or matcher has seen what comes after.
 *
 * Between calls a reader can be suspended at any moment, within a row too: it then holds no
 * iterator and no version, only its place (a probe a family) and what the matchers remember, and
 * goes on from there over whatever version it is opened on.
 *
 * The filter of a read is shared by its families and driven by two: here per cell (through the
 * matcher), by the scanner per row.
 *
 * Threads: one at a time. */
#ifndef STELE_STORAGE_ROW_READER_H
#define STELE_STORAGE_ROW_READER_H

#include "storage/tablet.h"

struct row_reader;

struct row_reader_config {
    const struct table_schema *schema; /* borrowed, like the rest, for the reader's life */
    const struct tablet_info *info;    /* for messages */
    const struct read_request *request;
    struct filter *filter; /* or NULL */
    bool is_reversed;
    uint64_t read_point;
    int64_t now_ms;
};

/* STATUS_NO_FAMILY, STATUS_INVALID (columns in a raw read), STATUS_NO_MEMORY. It starts suspended
 * and in no row. */
enum status row_reader_new(
    const struct row_reader_config *config, struct row_reader **out_reader, struct error *error);
void row_reader_free(struct row_reader *reader); /* NULL is fine */

/* Takes the version over (a reference), whatever the answer. only_row: when not empty, only this
 * row is going to be read, and SSTables that surely lack it stay closed. STATUS_WOULD_BLOCK: it is
 * suspended still. */
enum status row_reader_open(struct row_reader *reader, struct version *version,
    struct span only_row, bool may_block, struct error *error);
bool row_reader_is_open(const struct row_reader *reader);
void row_reader_set_may_block(struct row_reader *reader, bool may_block);
void row_reader_suspend(struct row_reader *reader);

/* Where the first next_row looks from: at `row` if is_inclusive, else behind it (reversed: before
 * it). Empty = from the end it starts from. Before anything else. */
enum status row_reader_start(
    struct row_reader *reader, struct span row, bool is_inclusive, struct error *error);
/* To the next row: STATUS_OK, STATUS_END, STATUS_WOULD_BLOCK, or a failure. What is left of the
 * current row is passed over. */
enum status row_reader_next_row(struct row_reader *reader, struct error *error);
/* The scan has no use for rows before `bound` (reversed: at or above it): the next next_row passes over them.
 * In a row nothing of which was read. */
enum status row_reader_skip_to(struct row_reader *reader, struct span bound, struct error *error);
/* The row next_row came to; lives until the next call of next_row. */
struct span row_reader_row(const struct row_reader *reader);
/* The next visible cell of the row: its spans live until the next call. STATUS_END: the row has no
 * more. STATUS_TIMEOUT: ROW_READER_PATIENCE cells were passed over without one; call again, or
 * suspend. */
#define ROW_READER_PATIENCE 512
enum status row_reader_next_cell(
    struct row_reader *reader, struct cell *out_cell, struct error *error);
/* Whether the row may go on: STATUS_OK: there is a cell, visible or not; STATUS_END: there is none;
 * STATUS_WOULD_BLOCK. The last cell's spans die. */
enum status row_reader_peek(struct row_reader *reader, struct error *error);
/* Bytes, unpacked, of the data blocks that it came to so far; one that it comes back to counts again. */
const struct read_places *row_reader_places(const struct row_reader *reader);
/* The filter said that nothing more of the scan is wanted. */
bool row_reader_is_done(const struct row_reader *reader);

#endif
