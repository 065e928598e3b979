/* Blocks of cells: data blocks, index parts and tops of an SSTable all have this form.
 *
 *   i64 base timestamp, u64 base sequence      (of the first cell)
 *   entries, in order
 *   u32 offset of each restart point           (from the block's first byte; the first is 16)
 *
 * The number of restart points stands in the block's trailer. An entry:
 *
 *   u8 flags
 *   unless SAME_ROW:        varint bytes shared with the row before, varint bytes added
 *   unless SAME_QUALIFIER:  varint bytes shared with the qualifier before, varint bytes added
 *   unless SAME_TIMESTAMP:  varint zigzag(timestamp - base timestamp), modulo 2^64
 *   unless SAME_SEQUENCE:   varint zigzag(sequence - base sequence), modulo 2^64
 *   if HAS_TYPE:            u8 type                (else CELL_PUT)
 *   if HAS_TAGS:            varint size of tags
 *   varint size of value
 *   row bytes added, qualifier bytes added, tags, value
 *
 * The entry at a restart point has no SAME flag and shares nothing. The family is the file's, and
 * not here.
 *
 * In memory a block gets a search array in front of its bytes (sorted_block_prepare): for each
 * restart point the eight bytes that follow what all the points' rows (or, when they are one row,
 * qualifiers) have in common, as a big-endian number. A search touches that array and usually one
 * entry.
 *
 * Index blocks hold cells too: the key from which an entry counts, and a value that is varint
 * offset, varint size of a block.
 *
 * Threads: a prepared block is immutable; builder and cursor: one at a time. */
#ifndef STELE_STORAGE_SORTED_BLOCK_H
#define STELE_STORAGE_SORTED_BLOCK_H

#include "base/bytes.h"
#include "model/cell.h"

#define SORTED_BLOCK_HEADER_SIZE 16u

/* ---- Building ---- */

struct sorted_block_builder {
    struct buffer bytes;
    struct buffer restarts; /* u32 each */
    uint32_t restart_count;
    uint32_t restart_interval; /* entries at most between restart points */
    uint32_t cells;            /* in the block so far */
    uint32_t cells_since_restart;
    size_t restart_offset; /* of the newest restart point */
    int64_t base_timestamp;
    uint64_t base_sequence;
};

void sorted_block_builder_init(struct sorted_block_builder *builder, uint32_t restart_interval);
void sorted_block_builder_deinit(struct sorted_block_builder *builder);
/* `previous` is the cell added before (NULL or anything for the first); shared_* are how many first
 * bytes of row and qualifier both have in common. */
void sorted_block_builder_add(struct sorted_block_builder *builder, const struct cell *cell,
    const struct cell *previous, size_t shared_row, size_t shared_qualifier);
/* Bytes of the block if it were finished now. */
size_t sorted_block_builder_size(const struct sorted_block_builder *builder);
/* Borrowed until reset. STATUS_NO_MEMORY when an add failed. */
enum status sorted_block_builder_finish(struct sorted_block_builder *builder, struct span *out_raw);
void sorted_block_builder_reset(struct sorted_block_builder *builder);

/* ---- Reading ---- */

/* Bytes that a prepared block has in front of its raw bytes. */
size_t sorted_block_front_size(uint32_t restart_count);
/* The raw bytes stand in memory from sorted_block_front_size on; checks the restart points and
 * fills the front. memory is 8-byte aligned. STATUS_CORRUPT. */
enum status sorted_block_prepare(uint8_t *memory, uint32_t raw_size, uint32_t restart_count,
    enum row_order order, struct error *error);

/* Where to go, in the terms of one file's family. */
struct cell_probe {
    enum row_order order;
    struct span row;
    bool is_row_end; /* behind every cell of the row; the rest is unused */
    struct span qualifier;
    int64_t timestamp;
    uint64_t sequence;
    uint8_t type;
};

/* What `probe` means among cells of `family` only. */
struct cell_probe cell_probe_of(enum row_order order, struct span family, const struct cell *probe);
/* <0 when the cell sorts before the probe, >0 after; 0 equal in all. */
int cell_probe_compare(const struct cell *cell, const struct cell_probe *probe);

/* Bytes of a key that spans entries: small ones lie inside. */
struct key_bytes {
    uint8_t *data; /* inline_bytes or the heap */
    size_t capacity;
    uint8_t inline_bytes[112];
};

enum cursor_answer { CURSOR_CELL, CURSOR_END, CURSOR_DAMAGED, CURSOR_NO_MEMORY };

struct cell_cursor {
    const uint8_t *data; /* the prepared block; NULL = none */
    const uint8_t *entries_end;
    const uint64_t *keys; /* the search array */
    const uint32_t *restarts;
    uint32_t restart_count;
    uint32_t shared_size;  /* what the points' rows, or qualifiers, have in common */
    bool is_one_row;       /* of all restart points: the array is of qualifiers */
    struct span first_row; /* of the first entry; its qualifier lies behind it */
    int64_t base_timestamp;
    uint64_t base_sequence;
    const uint8_t *at;   /* the current entry */
    const uint8_t *next; /* the one behind it */
    struct cell *cell;   /* the current cell goes here; family is left alone */
    struct key_bytes row;
    struct key_bytes qualifier;
};

void cell_cursor_init(struct cell_cursor *cursor, struct cell *cell);
void cell_cursor_deinit(struct cell_cursor *cursor);
/* Points the cursor at a prepared block (memory[0, size)), or at none (NULL); stands on no entry.
 */
void cell_cursor_set(struct cell_cursor *cursor, const uint8_t *memory);

enum cursor_answer cell_cursor_first(struct cell_cursor *cursor);
enum cursor_answer cell_cursor_last(struct cell_cursor *cursor);
/* Only while on a cell. On END the cell stays readable. */
enum cursor_answer cell_cursor_next(struct cell_cursor *cursor);
enum cursor_answer cell_cursor_previous(struct cell_cursor *cursor);
/* To the first cell at or after the probe. */
enum cursor_answer cell_cursor_seek(struct cell_cursor *cursor, const struct cell_probe *probe);
/* To the last cell before the probe (is_or_equal: or equal to it); END when there is none. */
enum cursor_answer cell_cursor_seek_last(
    struct cell_cursor *cursor, const struct cell_probe *probe, bool is_or_equal);
/* As cell_cursor_seek when the answer is surely in this block, because restart points lie on both
 * sides of the probe; otherwise END, and nothing has moved. */
enum cursor_answer cell_cursor_seek_inside(
    struct cell_cursor *cursor, const struct cell_probe *probe);

#endif
