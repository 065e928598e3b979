/* Plans: how a dead incarnation's log is given an end that all agree on (design 7.3;
 * docs/formats/plan.md).
 *
 * Once an incarnation is sealed (seal.h), a scan says where each of its segments ends; that is
 * written as a temporary and linked to servers/<incarnation>/plan: the first plan wins, and every
 * recovery reads the winner. What a zombie appends later lies behind the ends and is never
 * replayed; in the block that an end lies in it writes the bytes before the end again, as they are.
 *
 * Payload of the document (subject: the incarnation; sorted by nothing):
 *   v segments { v number; u64 salt; v end; v index offset (0 = the index is here, and not there);
 *                when 0: the index, as in log_segment.h;
 *                format 2: v damages { v offset; v size }, rising }
 * in rising order of number. The document's checksum names the plan in manifests.
 *
 * Damage is where frames were that nobody can read, nor say whose they were: of each tablet, replay
 * finds out whether it can have lost any (log_replay.h). A plan without is written in format 1. */
#ifndef STELE_STORAGE_PLAN_H
#define STELE_STORAGE_PLAN_H

#include "storage/chain.h"
#include "storage/log_segment.h"

struct plan_segment {
    uint64_t number;
    uint64_t salt;
    uint64_t end;
    uint64_t index_offset;  /* 0 = index is the plan's own */
    struct log_index index; /* empty until plan_load_index when it is the segment's */
    struct log_extent *damages;
    size_t damage_count;
};

struct plan {
    char incarnation[DIRECTORY_NAME_SIZE + 1]; /* encoded */
    uint64_t checksum;                         /* of the file */
    struct plan_segment *segments;
    size_t segment_count;
};

void plan_deinit(struct plan *plan);
void plan_encode(const struct plan *plan, struct buffer *out_payload);
/* The least format that can say it. */
uint16_t plan_format_version(const struct plan *plan);
/* STATUS_CORRUPT. On failure *out_plan is untouched. */
enum status plan_decode(
    struct span payload, uint16_t format_version, struct plan *out_plan, struct error *error);

/* The plan of a sealed incarnation; STATUS_NOT_FOUND: none was written yet. Worker. */
enum status plan_read(const struct directory *directory, const char *incarnation,
    struct plan *out_plan, struct error *error);
/* Reads the plan, or scans the segments and writes it. The incarnation must be sealed. Worker. */
enum status plan_make(struct directory *directory, const char *incarnation, struct plan *out_plan,
    struct error *error);
/* Declares an incarnation (encoded) dead: seals it and makes its plan. One that never registered, or is
 * not there, is let be. *out_is_new (may be NULL): there was no plan before. Worker. */
enum status plan_bury(
    struct directory *directory, const char *incarnation, bool *out_is_new, struct error *error);
/* Fills the index of a segment that has its own; where that was damaged since, from the frames. Worker. */
enum status plan_load_index(const struct directory *directory, const struct plan *plan,
    struct plan_segment *segment, struct error *error);

#endif
