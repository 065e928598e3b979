/* The catalogue: every table with its schema, state and tablets, in memory.
 *
 * It is made at the start from the descriptors and manifests, which are the truth; the master's executor alone
 * changes it, under the mutex; any thread may read under the mutex and copies what it keeps. */
#ifndef STELE_SERVER_MASTER_CATALOGUE_H
#define STELE_SERVER_MASTER_CATALOGUE_H

#include "base/mutex.h"
#include "storage/storage.h"

struct catalogue_table {
    struct table_descriptor descriptor; /* schema in `arena` */
    struct tablet_info *tablets;        /* by start row; spans in `arena` */
    size_t tablet_count;
    size_t opened_count; /* of the OPEN under way or done; for the state of regions */
    bool is_hidden;      /* a truncate's successor before the swap */
    struct arena arena;
    struct catalogue_table *next; /* sorted by name */
};

struct namespace_entry {
    struct namespace_entry *next; /* sorted by name */
    struct span name;             /* in `arena` */
    struct attribute *configuration;
    size_t configuration_count;
    uint64_t version; /* number in its chain; 0 = built in */
    struct arena arena;
};

struct catalogue {
    struct mutex mutex; /* LOCK_RANK_MASTER */
    struct catalogue_table *tables;
    struct namespace_entry *namespaces;
    uint64_t last_region_id;
};

void catalogue_init(struct catalogue *catalogue);
void catalogue_deinit(struct catalogue *catalogue);

/* All below: the mutex is held. NULL when absent. Hidden tables are found only by id. */
struct catalogue_table *catalogue_find_locked(struct catalogue *catalogue, struct span name);
struct catalogue_table *catalogue_find_id_locked(struct catalogue *catalogue, const char *table_id);
struct namespace_entry *catalogue_namespace_locked(struct catalogue *catalogue, struct span name);

/* Makes a table from a copy of the descriptor, without tablets. NULL on no memory. */
struct catalogue_table *catalogue_add_locked(
    struct catalogue *catalogue, const struct table_descriptor *descriptor);
void catalogue_remove_locked(struct catalogue *catalogue, struct catalogue_table *table);
/* Replaces the tablets by copies. False on no memory. */
bool catalogue_set_tablets_locked(struct catalogue *catalogue, struct catalogue_table *table,
    const struct tablet_info *tablets, size_t count);
/* Replaces the schema by a copy. */
enum status catalogue_set_schema_locked(
    struct catalogue_table *table, const struct table_schema *schema, struct error *error);
/* Adds or replaces. NULL on no memory. */
struct namespace_entry *catalogue_put_namespace_locked(struct catalogue *catalogue,
    struct span name, const struct attribute *configuration, size_t count, uint64_t version);
void catalogue_remove_namespace_locked(struct catalogue *catalogue, struct namespace_entry *entry);
/* True when no table, hidden or not, has its name in the namespace. */
bool catalogue_namespace_is_empty_locked(struct catalogue *catalogue, struct span name);

/* Region id and encoded name of a new tablet that starts at start_row: max(clock, last + 1). */
uint64_t catalogue_next_region_id(struct catalogue *catalogue, int64_t now_ms);
/* Fills in id and region_id of `count` tablets with the start keys given (the first empty), which must be sorted
 * and unique; spans are borrowed. False on no memory. */
bool catalogue_plan_tablets(struct catalogue *catalogue, struct span table_name,
    const char *table_id, const struct span *start_keys, size_t count, int64_t now_ms,
    struct tablet_info *out_tablets);

#endif
