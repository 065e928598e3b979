/* Log segments: the files a tablet log is made of (docs/formats/log.md).
 *
 *   0      header page   4096 bytes, durable before the file has its name
 *   4096   closing page  4096 bytes, zero until the segment is closed
 *   8192   frames, each at a multiple of 8, until the first that is not valid
 *
 * Header page: "SteleLog", u16 format version, u16 0, u32 size of the incarnation, u64 segment
 * number, u64 salt, u64 capacity, u64 made at (ms), the incarnation, zeros, and in its last 8 bytes
 * XXH3 of the page before them.
 *
 * Closing page: "SteleEnd", u64 salt, u64 offset of the index frame, u64 end (first offset after
 * it), zeros, and in its last 8 bytes XXH3 of the page before them. Written after the index frame;
 * both are durable before the next segment has its name, so only the newest segment of an
 * incarnation may be without.
 *
 * Frame: what one tablet has in one group.
 *
 *   0   8   mark: XXH3 of {salt, offset}. No frame of a recycled segment's earlier life, nor one
 *           at a wrong place, is taken for one of ours; frames can be found behind damage
 *   8   1   kind: 1 records, 2 index
 *   9   1   size of the tablet id (0 for an index)
 *   10  2   0
 *   12  4   size of the body
 *   16  8   synced up to: every byte of this segment below it was synced before this frame was
 *           written
 *   24  8   first sequence (0 for an index)
 *   32  8   written at (ms)
 *   40  ..  tablet id, body
 *   ..  8   XXH3 of all before it, seeded with the mark
 *   ..  ..  zeros to a multiple of 8
 *
 * Body of records, one for each entry (`v` varint, `s` varint size and bytes):
 *   v sequences skipped (given to entries that were not logged), v sequences taken, s cell batch
 * Body of an index, runs of frames of one tablet, rising:
 *   v tablets { s id; v first sequence; v last sequence;
 *               v extents { v offset / 8 since the end of the extent before; v size / 8 } }
 *
 * What a crash leaves behind. Bytes below the greatest "synced up to" of any valid frame of the
 * segment were synced, and so was all of a segment that has a successor: an invalid frame there is
 * damage (STATUS_CORRUPT with file and offset). At or above that offset it is a torn tail, never
 * acknowledged; the plan of the recovery fixes once and for all where it begins. A read error is
 * never an end.
 *
 * Frames are written as the 4096-byte blocks that they touch (log_tail.h), or as they are; a reader
 * cannot tell. A block is written again, with equal bytes where it has frames already, when the next
 * frames begin in it: docs/formats/log.md says why a torn one is harmless. */
#ifndef STELE_STORAGE_LOG_SEGMENT_H
#define STELE_STORAGE_LOG_SEGMENT_H

#include "base/bytes.h"
#include "base/env.h"
#include "storage/directory.h"
#include "storage/storage.h"

#define LOG_SEGMENT_FORMAT_VERSION 1
#define LOG_SEGMENT_PAGE           4096u
#define LOG_SEGMENT_START          (2 * LOG_SEGMENT_PAGE)
#define LOG_FRAME_HEADER           40u
#define LOG_FRAME_CHECKSUM         8u

struct log_segment_header {
    uint64_t number;
    uint64_t salt;
    uint64_t capacity;
    int64_t made_ms;
    char incarnation[DIRECTORY_NAME_SIZE + 1]; /* encoded, as in paths */
};

void log_segment_header_encode(
    const struct log_segment_header *header, uint8_t out_page[LOG_SEGMENT_PAGE]);
enum status log_segment_header_decode(const uint8_t page[LOG_SEGMENT_PAGE],
    struct log_segment_header *out_header, struct error *error);

struct log_segment_closing {
    uint64_t salt;
    uint64_t index_offset;
    uint64_t end;
};

void log_segment_closing_encode(
    const struct log_segment_closing *closing, uint8_t out_page[LOG_SEGMENT_PAGE]);
/* STATUS_NOT_FOUND: all zero, not closed. STATUS_CORRUPT: neither zero nor valid (torn while it was
 * closed, when the segment has no successor). */
enum status log_segment_closing_decode(const uint8_t page[LOG_SEGMENT_PAGE],
    struct log_segment_closing *out_closing, struct error *error);

enum log_frame_kind { LOG_FRAME_RECORDS = 1, LOG_FRAME_INDEX = 2 };

struct log_frame {
    enum log_frame_kind kind;
    uint64_t synced_offset;
    uint64_t first_sequence;
    int64_t written_ms;
    char tablet_id[TABLET_ID_SIZE];
    struct span body;
};

/* Size of a frame in the file, padding included. */
size_t log_frame_size(size_t tablet_id_size, size_t body_size);
uint64_t log_frame_mark(uint64_t salt, uint64_t offset);

/* Writing a frame in place, without a copy of its body: log_frame_begin reserves the header, the
 * caller appends the body to the buffer, log_frame_end fills in size and checksum. The frame starts
 * at buffer offset out_begin. `offset` is where it will lie in the segment. */
void log_frame_begin(struct buffer *out_bytes, const struct log_frame *frame, size_t *out_begin);
void log_frame_end(struct buffer *out_bytes, size_t begin, uint64_t salt, uint64_t offset);

/* Takes the frame at the front of `in` (which starts at `offset` of the segment). STATUS_NOT_FOUND:
 * no valid frame there; *out_size is then untouched. STATUS_WOULD_BLOCK: its header is valid as far
 * as it can be told and *out_size bytes are needed. Borrowed from `in`. */
enum status log_frame_decode(
    struct span in, uint64_t salt, uint64_t offset, struct log_frame *out_frame, size_t *out_size);

/* A record, as replay and dump see it. */
struct log_record {
    uint64_t sequence; /* first */
    uint64_t sequence_count;
    int64_t written_ms; /* wall clock of its group: nonces expire by it */
    struct span body;
};

/* Records of a frame of kind RECORDS, one after the other. STATUS_END; STATUS_CORRUPT (the checksum
 * held, so this is a bug or a newer writer). */
struct log_record_reader {
    struct span left;
    uint64_t next_sequence;
    int64_t written_ms;
};

void log_record_reader_init(struct log_record_reader *reader, const struct log_frame *frame);
enum status log_record_next(
    struct log_record_reader *reader, struct log_record *out_record, struct error *error);

/* ---- The index of a segment ---- */

struct log_extent {
    uint64_t offset;
    uint64_t size;
};

struct log_index_tablet {
    char id[TABLET_ID_SIZE];
    uint64_t first_sequence;
    uint64_t last_sequence;
    struct log_extent *extents;
    size_t extent_count;
    size_t extent_capacity;
};

struct log_index {
    struct log_index_tablet *tablets; /* in the order of first appearance */
    size_t tablet_count;
    size_t tablet_capacity;
    size_t extent_count; /* of all tablets */
};

void log_index_deinit(struct log_index *index);
/* Notes a frame; extents that touch become one. STATUS_NO_MEMORY. */
enum status log_index_add(struct log_index *index, const char *tablet_id, uint64_t offset,
    uint64_t size, uint64_t first_sequence, uint64_t last_sequence);
const struct log_index_tablet *log_index_find(const struct log_index *index, const char *tablet_id);
/* Notes a frame of tablets[slot] without looking it up. STATUS_NO_MEMORY. */
enum status log_index_extend(
    struct log_index *index, size_t slot, uint64_t offset, uint64_t size, uint64_t last_sequence);
#define LOG_INDEX_EXTENT_BOUND 20                    /* most bytes that one more extent adds */
#define LOG_INDEX_TABLET_BOUND (TABLET_ID_SIZE + 30) /* and one more tablet */
/* At most how many bytes log_index_encode gives. */
size_t log_index_size_bound(const struct log_index *index);
void log_index_encode(const struct log_index *index, struct buffer *out_bytes);
/* Checks that extents rise and lie in [LOG_SEGMENT_START, end). */
enum status log_index_decode(
    struct span *in, uint64_t end, struct log_index *out_index, struct error *error);

/* ---- Reading a segment ---- */

struct log_segment {
    struct log_segment_header header;
    uint64_t end;           /* offset after the last valid frame */
    bool is_closed;         /* with an index */
    uint64_t index_offset;  /* of the index frame when closed */
    struct log_index index; /* read, or made by the scan */
    uint64_t frame_count;   /* seen by a scan; 0 when the index was read */
    uint64_t synced_offset; /* by a scan: all below it was synced, its frames say */
    /* By a salvage: where frames were, rising; whose is not known. */
    struct log_extent *damages;
    size_t damage_count;
    size_t damage_capacity;
};

/* Called for every valid frame of a scan, in order. */
typedef enum status log_frame_function(void *context, const struct log_frame *frame,
    uint64_t offset, uint64_t size, struct error *error);

/* Reads header, and closing page with index, or scans the frames. has_successor: a segment with a
 * higher number exists, so this one must be closed. each may be NULL; when set, frames are always
 * scanned. STATUS_CORRUPT names file and offset. */
enum status log_segment_read(struct env *env, const char *path, bool has_successor,
    log_frame_function *each, void *context, struct log_segment *out_segment, struct error *error);
/* Reads what is left of a segment that log_segment_read calls damaged: goes on behind what is not
 * valid, and says what it passed over. A closed one whose index can be read, or whose frames all
 * can, has no damage here: a frame that is not valid is then found by who reads it
 * (log_extent_read). is_closed: its own index was read; else it was made of the frames. The header
 * is what the name says, and the salt. A read error is an error. */
enum status log_segment_salvage(struct env *env, const char *path, const char *incarnation,
    uint64_t number, bool has_successor, struct log_segment *out_segment, struct error *error);
void log_segment_deinit(struct log_segment *segment);
/* Reads frames of an extent and calls each() for those of the tablet; any that is not valid, or lies
 * behind the file's size, is STATUS_CORRUPT, and *out_damage its offset (else 0). */
enum status log_extent_read(struct env_file *file, uint64_t file_size, uint64_t salt,
    const struct log_extent *extent, const char *tablet_id, log_frame_function *each, void *context,
    uint64_t *out_damage, struct error *error);
/* Makes of an extent what follows its damage: it begins at the next valid frame of the tablet, or
 * has size 0. */
enum status log_extent_skip(struct env_file *file, uint64_t file_size, uint64_t salt,
    const char *tablet_id, uint64_t damage, struct log_extent *extent, struct error *error);

#endif
