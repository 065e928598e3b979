/* Evens out the sizes of a table's tablets: splits large ones, merges small neighbours (HBase's
 * SimpleRegionNormalizer).
 *
 * The target is the mean size; or the table's NORMALIZER_TARGET_REGION_SIZE_MB; or its size over
 * NORMALIZER_TARGET_REGION_COUNT. A tablet above twice the target is split at the middle of its size. Neighbours that
 * together stay at or below the target are merged, as many as fit. A tablet is in one plan at most.
 *
 * Ours beyond HBase: neighbours under load are not merged, or the normalizer would undo what the load split did.
 * Pure; any thread. */
#ifndef STELE_SERVER_MASTER_NORMALIZER_H
#define STELE_SERVER_MASTER_NORMALIZER_H

#include "base/arena.h"
#include "model/cluster_view.h"
#include "model/schema.h"

struct normalizer_settings {
    bool splits,
        merges; /* hbase.normalizer.split.enabled, merge.enabled, and the switches of the shell */
    uint32_t tablets_least;    /* merge.min.region.count: a table of fewer is not merged */
    int64_t merge_age_ms;      /* merge.min_region_age.days: younger ones are not merged */
    uint64_t merge_bytes;      /* merge.min_region_size.mb: smaller ones are not merged */
    float requests_per_s_most; /* of a tablet to be merged */
};

/* Both, 3 tablets, 3 days, 0 bytes, 250 requests a second. */
struct normalizer_settings normalizer_settings_default(void);

struct normalizer_tablet {
    uint64_t size_bytes;
    int64_t age_ms;
    float requests_per_s;
    bool is_busy; /* a procedure has it, or it is not open: in no plan */
};

struct normalizer_step {
    bool is_split;       /* else a merge */
    size_t first, count; /* tablets first .. first+count-1; count 1 for a split */
};

/* `tablets`: of one table, by key, without holes. Steps live in the arena. STATUS_OK or STATUS_NO_MEMORY. `schema`
 * may be NULL. Its NORMALIZATION_ENABLED is the caller's to look at. */
enum status normalizer_plan(const struct normalizer_tablet *tablets, size_t count,
    const struct table_schema *schema, const struct normalizer_settings *settings,
    struct arena *arena, struct normalizer_step **out_steps, size_t *out_count);

#endif
