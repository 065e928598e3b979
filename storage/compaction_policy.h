/* Which SSTables of a family to compact: a pure function, so that policies are table tests.
 *
 * Files stand oldest data first and a choice is a run of neighbours, so that age order survives. In
 * this order the first rule that applies decides:
 *
 *   ASKED       somebody asked for a major compaction
 *   EXPIRED     the longest run of files whose every cell is past the family's TTL: they vanish
 *   STUCK       so many files that reads or flushes suffer: the cheapest run of min_files or more
 *   RATIO       a run of min_files..max_files where no file is larger than ratio times the sum of
 *               the others (or all are small): the one with the most files, then the fewest bytes
 *               (HBase's ExploringCompactionPolicy, HBASE-7842)
 *   PARTS       a file of which only a row range counts (after a split): it is rewritten to free
 *               the parent's
 *   DELETES     delete markers are so large a share of all cells that a major compaction pays
 *   PERIOD      the oldest file is older than the period and a major compaction has something to do:
 *               several files, markers, or cells past their TTL (HBase's
 *               hbase.hregion.majorcompaction). The period is jittered by what the oldest file is
 *               called, so that files of one day do not all fall due at once, nor anew at a restart
 *
 * A choice of all files is a major compaction: it costs no more and drops more. */
#ifndef STELE_STORAGE_COMPACTION_POLICY_H
#define STELE_STORAGE_COMPACTION_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct compaction_policy {
    size_t min_files;
    size_t max_files;   /* of one merging compaction; major ones take all */
    size_t stuck_files; /* at that many files STUCK applies */
    unsigned ratio_percent;
    uint64_t small_bytes;    /* a run of files up to this size each needs no ratio */
    unsigned delete_percent; /* of all cells, for DELETES; 0 = never */
    uint64_t delete_cells;   /* least number of cells for DELETES */
    int64_t major_period_ms; /* 0 = never */
    double major_jitter;     /* part of the period, 0..1: up to so much sooner or later */
    int64_t ttl_ms;          /* the family's; INT64_MAX = none, or when MIN_VERSIONS keeps some */
};

/* 3, 10, 16 files; 120 %; 16 MiB; 40 % of at least 1000 cells; 7 days, half of it sooner or later; no
 * TTL. */
void compaction_policy_init(struct compaction_policy *policy);

struct compaction_file {
    uint64_t size_bytes;
    uint64_t cell_count;
    uint64_t delete_count;
    int64_t min_timestamp;
    int64_t max_timestamp;
    bool is_part; /* only a row range of it counts */
};

struct compaction_state {
    const struct compaction_file *files; /* oldest data first */
    size_t count;
    int64_t now_ms;
    int64_t major_compacted_ms; /* 0 = never */
    int64_t oldest_file_ms;     /* when the oldest file was made */
    uint64_t oldest_identity;   /* the oldest file's: a number of its own */
    bool is_major_asked;
};

enum compaction_reason {
    COMPACTION_NONE,
    COMPACTION_ASKED,
    COMPACTION_EXPIRED,
    COMPACTION_STUCK,
    COMPACTION_RATIO,
    COMPACTION_PARTS,
    COMPACTION_DELETES,
    COMPACTION_PERIOD,
};

/* files[first, first + count); count 0 and COMPACTION_NONE when there is nothing to do. */
struct compaction_choice {
    size_t first;
    size_t count;
    bool is_major;
    enum compaction_reason reason;
};

struct compaction_choice compaction_pick(
    const struct compaction_policy *policy, const struct compaction_state *state);
/* The period of a family whose oldest file has that identity. */
int64_t compaction_period_ms(const struct compaction_policy *policy, uint64_t identity);
/* "ratio", for log lines. */
const char *compaction_reason_name(enum compaction_reason reason);

#endif
