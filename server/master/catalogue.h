/* The catalogue: every table with its schema, state and tablets, in memory.
 *
 * It is made at the start from the descriptors and manifests, which are the truth; the master's executor alone
 * changes it, under the mutex; any thread may read under the mutex and copies what it keeps. */
#ifndef STELE_SERVER_MASTER_CATALOGUE_H
#define STELE_SERVER_MASTER_CATALOGUE_H

#include "base/mutex.h"
#include "server/master/assignment.h"

/* A tablet whose newest manifest is damaged, before its range is known (master_damage.c). In its table's arena. */
struct damaged_tablet {
    struct damaged_tablet *next;
    char id[TABLET_ID_SIZE];
    const char *why;
    int64_t since_ms;
    /* where it is open all the same, by its server's word; "" = nowhere */
    char server[SERVER_TEXT_SIZE];
    uint64_t open_sequence;
    bool is_placed; /* the assignment has it */
};

struct catalogue_table {
    struct table_descriptor descriptor; /* schema in `arena` */
    struct assigned_tablet **tablets;   /* by start row: those that hold its rows */
    size_t tablet_count, tablet_room;
    struct assigned_tablet *
        *retired; /* split or merged, their rows of hbase:meta not taken away yet */
    size_t retired_count, retired_room;
    struct damaged_tablet *damaged;
    bool is_hidden; /* a successor before the swap, or one that is going, its name another's */
    uint64_t lock;  /* id of the procedure that has it for itself; 0 = none */
    size_t assigning_count;       /* tablets that the assigner is opening */
    struct arena arena;           /* of schemas */
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
    size_t table_count;
    struct assignment assignment; /* of all tablets, and the servers */
    struct namespace_entry *namespaces;
    uint64_t last_region_id;
};

void catalogue_init(struct catalogue *catalogue);
void catalogue_deinit(struct catalogue *catalogue);
/* Empties it; the mutex is held. */
void catalogue_clear_locked(struct catalogue *catalogue);

/* All below: the mutex is held. NULL when absent. Hidden tables are found only by id. */
struct catalogue_table *catalogue_find_locked(struct catalogue *catalogue, struct span name);
/* Is there another table, not hidden, of that name? table: NULL for any. */
bool catalogue_is_name_shared_locked(
    const struct catalogue *catalogue, const struct catalogue_table *table, struct span name);
struct catalogue_table *catalogue_find_id_locked(struct catalogue *catalogue, const char *table_id);
struct namespace_entry *catalogue_namespace_locked(struct catalogue *catalogue, struct span name);

/* Makes a table from a copy of the descriptor, without tablets. NULL on no memory. */
struct catalogue_table *catalogue_add_locked(
    struct catalogue *catalogue, const struct table_descriptor *descriptor);
/* With its tablets, none of which has a transition under way. */
void catalogue_remove_locked(struct catalogue *catalogue, struct catalogue_table *table);
/* Finds the tablet, or adds it at its place. NULL on no memory. */
struct assigned_tablet *catalogue_add_tablet_locked(struct catalogue *catalogue,
    struct catalogue_table *table, const struct tablet_info *info, int64_t now_ms);
/* The tablet's rows are others' now: `state` is SPLIT or MERGED. It must be nowhere. False on no memory. */
bool catalogue_retire_locked(struct catalogue *catalogue, struct assigned_tablet *tablet,
    enum assignment_state state, int64_t now_ms);
/* Adds one that is retired already. NULL on no memory. */
struct assigned_tablet *catalogue_add_retired_locked(struct catalogue *catalogue,
    struct catalogue_table *table, const struct tablet_info *info, enum assignment_state state,
    int64_t now_ms);
/* Takes a tablet out of its table, retired or not, and frees it. */
void catalogue_remove_tablet_locked(struct catalogue *catalogue, struct assigned_tablet *tablet);
/* The index of the tablet that holds the row; SIZE_MAX when there is none. */
size_t catalogue_tablet_of_row(const struct catalogue_table *table, struct span row);
/* Some rows are no tablet's. */
bool catalogue_has_hole_locked(const struct catalogue_table *table);
/* Replaces the schema by a copy. */
enum status catalogue_set_schema_locked(
    struct catalogue_table *table, const struct table_schema *schema, struct error *error);
/* Adds or replaces. NULL on no memory. */
struct namespace_entry *catalogue_put_namespace_locked(struct catalogue *catalogue,
    struct span name, const struct attribute *configuration, size_t count, uint64_t version);
void catalogue_remove_namespace_locked(struct catalogue *catalogue, struct namespace_entry *entry);
/* How many tables, hidden or not, have their names in the namespace. */
size_t catalogue_namespace_tables_locked(struct catalogue *catalogue, struct span name);

/* Region id and encoded name of a new tablet that starts at start_row: max(clock, last + 1). */
uint64_t catalogue_next_region_id(struct catalogue *catalogue, int64_t now_ms);
/* Fills in id and region_id of `count` tablets with the start keys given (the first empty), which must be sorted
 * and unique; spans are borrowed. False on no memory. */
bool catalogue_plan_tablets(struct catalogue *catalogue, struct span table_name,
    const char *table_id, const struct span *start_keys, size_t count, int64_t now_ms,
    struct tablet_info *out_tablets);

#endif
