/* libstele, administration: tables and their schemas, namespaces, regions, snapshots, servers.
 * Included by <stele/stele.h>, whose rules for bytes, errors, ownership and threads hold here.
 *
 * Every call has two forms. The synchronous one waits until it is done, at most the operation
 * time-out. The asynchronous one, with _async at its end, returns at once and calls `done` later:
 * once, on the loop, never from inside the call; what `done` is given is borrowed for that call and
 * is not freed by it. What a synchronous call gives out is freed with the function that stands
 * beside its struct, and is untouched when the call fails.
 *
 * Changes of tables, regions and snapshots are procedures of the master: a call ends when its
 * procedure has. When the wait is interrupted or out of time, the procedure goes on.
 *
 * Names: tables are "name" or "namespace:name"; regions are named in full ("t,start,id.md5.") or by
 * the md5 alone, their encoded name; servers are "host,port,startcode". A name that cannot be one is
 * STELE_INVALID, here or by the server; a family's or a namespace's STELE_REMOTE, a region's STELE_NOT_FOUND.
 *
 * Ownership: what lies in a list or a cluster lives in its `memory` until the free beside it, which
 * takes NULL and zero-initialised ones too and leaves it empty.
 *
 * Errors: a call names those of its own. Any may end with what the way to the server makes of it
 * (STELE_CONNECTION, STELE_TIMEOUT, STELE_BUSY, STELE_CANCELLED, STELE_PROTOCOL, STELE_NO_MEMORY),
 * with STELE_ACCESS_DENIED, with STELE_UNSUPPORTED (the server does not know the call), and with
 * STELE_REMOTE: another exception, whose Java class is in error->exception_class.
 *
 * Units stand at the end of names: _ms, _s, _mb, _kb (1024 * 1024 and 1024 bytes). Moments are
 * milliseconds since 1970 by the server's clock. */
#ifndef STELE_ADMIN_H
#define STELE_ADMIN_H

#include "stele.h"

#ifdef __cplusplus
extern "C" {
#endif

/* How an asynchronous call ends: error->status is STELE_OK, or why not: then nothing else is given
 * (lists NULL, numbers 0). */
typedef void stele_done_function(void *context, const struct stele_error *error);
/* The same for a call with one number, state or truth to tell. */
typedef void stele_number_function(void *context, const struct stele_error *error, int64_t number);

/* ---- Schemas ---- */

/* A column family. Attributes are the schema's own (VERSIONS, TTL ...), values as text; configuration
 * is what CONFIGURATION => {...} holds in the shell. */
struct stele_family {
    struct stele_bytes name;
    /* only those that differ from the defaults need be given */
    const struct stele_attribute *attributes;
    size_t attribute_count;
    const struct stele_attribute *configuration;
    size_t configuration_count;
};

/* A table: attributes and configuration of its own, and its families. */
struct stele_schema {
    struct stele_bytes name; /* "ns:name", bare in namespace default */
    const struct stele_attribute *attributes;
    size_t attribute_count;
    const struct stele_attribute *configuration;
    size_t configuration_count;
    const struct stele_family *families; /* sorted by name */
    size_t family_count;
};

/* The value of an attribute, borrowed from the list; false when absent, *out_value untouched. */
bool stele_attribute_find(const struct stele_attribute *attributes, size_t count,
    struct stele_bytes key, struct stele_bytes *out_value);

/* In the server's order: by name. */
struct stele_schema_list {
    const struct stele_schema *schemas;
    size_t count;
    void *memory;
};
void stele_schema_list_free(struct stele_schema_list *list);
typedef void stele_schema_list_function(
    void *context, const struct stele_error *error, const struct stele_schema_list *list);

/* In the server's order: by name. */
struct stele_name_list {
    const struct stele_bytes *names; /* each is followed by a NUL */
    size_t count;
    void *memory;
};
void stele_name_list_free(struct stele_name_list *list);
typedef void stele_name_list_function(
    void *context, const struct stele_error *error, const struct stele_name_list *list);

/* ---- Tables ---- */
/* Families are given their defaults (VERSIONS 1, BLOOMFILTER ROW ...) as HBase's client sends them.
 */

/* split_keys: the first keys of the second and later regions, in any order; 0: one region.
 * STELE_EXISTS; STELE_NOT_FOUND: its namespace; STELE_INVALID: its name, or split keys that are
 * equal or empty; STELE_REMOTE (DoNotRetryIOException): attributes that the server does not take. */
enum stele_status stele_create_table(struct stele_client *client, const struct stele_schema *schema,
    const struct stele_bytes *split_keys, size_t split_key_count, struct stele_error *error);
void stele_create_table_async(struct stele_client *client, const struct stele_schema *schema,
    const struct stele_bytes *split_keys, size_t split_key_count, stele_done_function *done,
    void *context);
/* Deletes it with its data; it must be disabled. STELE_NOT_FOUND, STELE_WRONG_STATE. */
enum stele_status stele_delete_table(
    struct stele_client *client, struct stele_bytes table, struct stele_error *error);
void stele_delete_table_async(struct stele_client *client, struct stele_bytes table,
    stele_done_function *done, void *context);
/* Opens all its regions, and waits until they are. STELE_NOT_FOUND; STELE_WRONG_STATE: not disabled. */
enum stele_status stele_enable_table(
    struct stele_client *client, struct stele_bytes table, struct stele_error *error);
void stele_enable_table_async(struct stele_client *client, struct stele_bytes table,
    stele_done_function *done, void *context);
/* Closes all its regions, and waits until they are. STELE_NOT_FOUND; STELE_WRONG_STATE: not enabled. */
enum stele_status stele_disable_table(
    struct stele_client *client, struct stele_bytes table, struct stele_error *error);
void stele_disable_table_async(struct stele_client *client, struct stele_bytes table,
    stele_done_function *done, void *context);
/* Must be disabled; ends up enabled and empty. keeps_splits: with the regions of now, else with one.
 * STELE_NOT_FOUND, STELE_WRONG_STATE. */
enum stele_status stele_truncate_table(struct stele_client *client, struct stele_bytes table,
    bool keeps_splits, struct stele_error *error);
void stele_truncate_table_async(struct stele_client *client, struct stele_bytes table,
    bool keeps_splits, stele_done_function *done, void *context);
/* Replaces the whole schema: start from what stele_describe_table gave. Families that are not in it
 * any more go, with their data. Ends when every region has it. STELE_NOT_FOUND. */
enum stele_status stele_modify_table(
    struct stele_client *client, const struct stele_schema *schema, struct stele_error *error);
void stele_modify_table_async(struct stele_client *client, const struct stele_schema *schema,
    stele_done_function *done, void *context);
/* The three change one family, on an enabled or a disabled table, and end when every region has it.
 * Modify replaces the family's whole schema; delete drops its data. STELE_NOT_FOUND: the table;
 * STELE_NO_FAMILY: it is there already (add), it is not there, it is the last one (delete). */
enum stele_status stele_add_family(struct stele_client *client, struct stele_bytes table,
    const struct stele_family *family, struct stele_error *error);
void stele_add_family_async(struct stele_client *client, struct stele_bytes table,
    const struct stele_family *family, stele_done_function *done, void *context);
enum stele_status stele_modify_family(struct stele_client *client, struct stele_bytes table,
    const struct stele_family *family, struct stele_error *error);
void stele_modify_family_async(struct stele_client *client, struct stele_bytes table,
    const struct stele_family *family, stele_done_function *done, void *context);
enum stele_status stele_delete_family(struct stele_client *client, struct stele_bytes table,
    struct stele_bytes family, struct stele_error *error);
void stele_delete_family_async(struct stele_client *client, struct stele_bytes table,
    struct stele_bytes family, stele_done_function *done, void *context);

/* One schema in the list; STELE_NOT_FOUND. */
enum stele_status stele_describe_table(struct stele_client *client, struct stele_bytes table,
    struct stele_schema_list *out_list, struct stele_error *error);
void stele_describe_table_async(struct stele_client *client, struct stele_bytes table,
    stele_schema_list_function *done, void *context);
/* regex: Java's, matched against the whole name; NULL: all. System tables (namespace hbase) only
 * when asked. None is STELE_OK with an empty list; STELE_INVALID: no regular expression. */
enum stele_status stele_describe_tables(struct stele_client *client, const char *regex,
    bool with_system, struct stele_schema_list *out_list, struct stele_error *error);
void stele_describe_tables_async(struct stele_client *client, const char *regex, bool with_system,
    stele_schema_list_function *done, void *context);
/* Their names, likewise. */
enum stele_status stele_list_tables(struct stele_client *client, const char *regex,
    bool with_system, struct stele_name_list *out_list, struct stele_error *error);
void stele_list_tables_async(struct stele_client *client, const char *regex, bool with_system,
    stele_name_list_function *done, void *context);
/* Whether there is one of that name, in whatever state. */
enum stele_status stele_table_exists(struct stele_client *client, struct stele_bytes table,
    bool *out_exists, struct stele_error *error);
/* number: 1 or 0. */
void stele_table_exists_async(struct stele_client *client, struct stele_bytes table,
    stele_number_function *done, void *context);

enum stele_table_state {
    STELE_ENABLED = 0,
    STELE_DISABLED = 1,
    STELE_DISABLING = 2,
    STELE_ENABLING = 3
};
/* From hbase:meta; STELE_NOT_FOUND. */
enum stele_status stele_get_table_state(struct stele_client *client, struct stele_bytes table,
    enum stele_table_state *out_state, struct stele_error *error);
/* number: enum stele_table_state. */
void stele_get_table_state_async(struct stele_client *client, struct stele_bytes table,
    stele_number_function *done, void *context);
/* Regions that do not have the schema of the last change yet, and all; 0 of 0 of a table that is not
 * there, as HBase tells it. */
enum stele_status stele_alter_status(struct stele_client *client, struct stele_bytes table,
    uint32_t *out_left, uint32_t *out_total, struct stele_error *error);
typedef void stele_alter_status_function(
    void *context, const struct stele_error *error, uint32_t left, uint32_t total);
void stele_alter_status_async(struct stele_client *client, struct stele_bytes table,
    stele_alter_status_function *done, void *context);

/* ---- Namespaces ---- */

/* A namespace and its properties, in the server's own words. */
struct stele_namespace {
    struct stele_bytes name;
    const struct stele_attribute *configuration;
    size_t configuration_count;
};
/* In the server's order: by name. */
struct stele_namespace_list {
    const struct stele_namespace *namespaces;
    size_t count;
    void *memory;
};
void stele_namespace_list_free(struct stele_namespace_list *list);
typedef void stele_namespace_list_function(
    void *context, const struct stele_error *error, const struct stele_namespace_list *list);

/* STELE_EXISTS. */
enum stele_status stele_create_namespace(struct stele_client *client,
    const struct stele_namespace *namespace_, struct stele_error *error);
void stele_create_namespace_async(struct stele_client *client,
    const struct stele_namespace *namespace_, stele_done_function *done, void *context);
/* Replaces all properties. STELE_NOT_FOUND. */
enum stele_status stele_modify_namespace(struct stele_client *client,
    const struct stele_namespace *namespace_, struct stele_error *error);
void stele_modify_namespace_async(struct stele_client *client,
    const struct stele_namespace *namespace_, stele_done_function *done, void *context);
/* STELE_NOT_FOUND; STELE_INVALID: there are tables in it, or it is "default" or "hbase". */
enum stele_status stele_delete_namespace(
    struct stele_client *client, struct stele_bytes name, struct stele_error *error);
void stele_delete_namespace_async(
    struct stele_client *client, struct stele_bytes name, stele_done_function *done, void *context);
/* One namespace in the list; STELE_NOT_FOUND. */
enum stele_status stele_describe_namespace(struct stele_client *client, struct stele_bytes name,
    struct stele_namespace_list *out_list, struct stele_error *error);
void stele_describe_namespace_async(struct stele_client *client, struct stele_bytes name,
    stele_namespace_list_function *done, void *context);
/* All of them, "default" and "hbase" too. */
enum stele_status stele_list_namespaces(
    struct stele_client *client, struct stele_namespace_list *out_list, struct stele_error *error);
void stele_list_namespaces_async(
    struct stele_client *client, stele_namespace_list_function *done, void *context);
/* The tables in a namespace, each as "namespace:name" or bare in "default". STELE_NOT_FOUND. */
enum stele_status stele_list_namespace_tables(struct stele_client *client, struct stele_bytes name,
    struct stele_name_list *out_list, struct stele_error *error);
void stele_list_namespace_tables_async(struct stele_client *client, struct stele_bytes name,
    stele_name_list_function *done, void *context);

/* ---- Regions ---- */

/* A server by its address and the moment it started, in milliseconds since 1970. */
struct stele_server {
    struct stele_bytes host; /* each is followed by a NUL */
    uint32_t port;
    uint64_t start_code;
};

/* In the server's order. */
struct stele_server_list {
    const struct stele_server *servers;
    size_t count;
    void *memory;
};
void stele_server_list_free(struct stele_server_list *list);
typedef void stele_server_list_function(
    void *context, const struct stele_error *error, const struct stele_server_list *list);

/* A region (Stele: tablet) as hbase:meta has it: rows from start_key on, below end_key; empty: from the
 * first, to the last. */
struct stele_region {
    struct stele_bytes table;
    struct stele_bytes name;         /* "table,start,id.md5." */
    struct stele_bytes encoded_name; /* the md5 */
    struct stele_bytes start_key;
    struct stele_bytes end_key;
    uint64_t region_id;
    struct stele_server server; /* host empty: on none now */
    int64_t open_sequence;      /* seqnumDuringOpen; -1: not known */
    struct stele_bytes state;   /* "OPEN", as in hbase:meta; may be empty */
    bool is_offline;
    bool is_split; /* a parent of a split that is not cleaned up yet */
};

struct stele_region_list {
    const struct stele_region *regions; /* by start key */
    size_t count;
    void *memory;
};
void stele_region_list_free(struct stele_region_list *list);
typedef void stele_region_list_function(
    void *context, const struct stele_error *error, const struct stele_region_list *list);

/* All regions of a table, read from hbase:meta now; parents of splits too, until they are cleaned
 * up. STELE_NOT_FOUND when the table does not exist. */
enum stele_status stele_list_regions(struct stele_client *client, struct stele_bytes table,
    struct stele_region_list *out_list, struct stele_error *error);
void stele_list_regions_async(struct stele_client *client, struct stele_bytes table,
    stele_region_list_function *done, void *context);
/* The region that holds `row`, read from hbase:meta now. One in the list. STELE_NOT_FOUND: no such
 * table. */
enum stele_status stele_locate_region(struct stele_client *client, struct stele_bytes table,
    struct stele_bytes row, struct stele_region_list *out_list, struct stele_error *error);
void stele_locate_region_async(struct stele_client *client, struct stele_bytes table,
    struct stele_bytes row, stele_region_list_function *done, void *context);
/* The region of that name, read from hbase:meta now. One in the list; STELE_NOT_FOUND. */
enum stele_status stele_find_region(struct stele_client *client, struct stele_bytes region,
    struct stele_region_list *out_list, struct stele_error *error);
void stele_find_region_async(struct stele_client *client, struct stele_bytes region,
    stele_region_list_function *done, void *context);

/* Reads a value of hbase:meta: what its columns info:regioninfo, info:splitA, info:splitB and
 * info:merge* hold. No I/O. One region in the list, without its server. STELE_PROTOCOL: it is none. */
enum stele_status stele_region_decode(
    struct stele_bytes value, struct stele_region_list *out_list, struct stele_error *error);

/* Writes memtables to files, and waits until they are. `target`: a table or a region; family empty:
 * all. STELE_NOT_FOUND, STELE_NO_FAMILY. */
enum stele_status stele_flush(struct stele_client *client, struct stele_bytes target,
    struct stele_bytes family, struct stele_error *error);
void stele_flush_async(struct stele_client *client, struct stele_bytes target,
    struct stele_bytes family, stele_done_function *done, void *context);
/* Asks for a compaction of every region of the target (a table or a region; family empty: all); does
 * not wait for it: stele_get_compaction_state tells. is_major: of all files into one. STELE_NOT_FOUND,
 * STELE_NO_FAMILY. */
enum stele_status stele_compact(struct stele_client *client, struct stele_bytes target,
    struct stele_bytes family, bool is_major, struct stele_error *error);
void stele_compact_async(struct stele_client *client, struct stele_bytes target,
    struct stele_bytes family, bool is_major, stele_done_function *done, void *context);
enum stele_compaction_state {
    STELE_COMPACTION_NONE = 0,
    STELE_COMPACTION_MINOR = 1,
    STELE_COMPACTION_MAJOR = 2,
    STELE_COMPACTION_MAJOR_AND_MINOR = 3,
};
/* Of all regions of a table together: what runs or waits now. STELE_NOT_FOUND. */
enum stele_status stele_get_compaction_state(struct stele_client *client, struct stele_bytes table,
    enum stele_compaction_state *out_state, struct stele_error *error);
/* number: enum stele_compaction_state. */
void stele_get_compaction_state_async(struct stele_client *client, struct stele_bytes table,
    stele_number_function *done, void *context);

/* Splits a region in two at `key`; empty: where the server thinks best, which fails when the region
 * is too small to tell. The target may be a table: the region that holds the key is split, or
 * without a key every region. STELE_NOT_FOUND; STELE_REMOTE (DoNotRetryIOException): the key is not
 * inside the region or begins it, or the region cannot be split. */
enum stele_status stele_split(struct stele_client *client, struct stele_bytes target,
    struct stele_bytes key, struct stele_error *error);
void stele_split_async(struct stele_client *client, struct stele_bytes target,
    struct stele_bytes key, stele_done_function *done, void *context);
/* Makes one region of neighbours, two or more of one table. is_forced: of regions that are not
 * neighbours too, where the server does that (Stele does not). STELE_NOT_FOUND; STELE_INVALID: fewer
 * than two, or regions that the server does not merge. */
enum stele_status stele_merge_regions(struct stele_client *client,
    const struct stele_bytes *regions, size_t count, bool is_forced, struct stele_error *error);
void stele_merge_regions_async(struct stele_client *client, const struct stele_bytes *regions,
    size_t count, bool is_forced, stele_done_function *done, void *context);
/* Moves a region to the server; empty: to one that the master chooses. STELE_NOT_FOUND: the region;
 * STELE_REMOTE (DoNotRetryIOException): the server is not live. */
enum stele_status stele_move_region(struct stele_client *client, struct stele_bytes region,
    struct stele_bytes server, struct stele_error *error);
void stele_move_region_async(struct stele_client *client, struct stele_bytes region,
    struct stele_bytes server, stele_done_function *done, void *context);
/* Opens a region on a server of the master's choice. STELE_NOT_FOUND. */
enum stele_status stele_assign_region(
    struct stele_client *client, struct stele_bytes region, struct stele_error *error);
void stele_assign_region_async(struct stele_client *client, struct stele_bytes region,
    stele_done_function *done, void *context);
/* Closes a region, and leaves it closed until it is assigned or its table enabled. STELE_NOT_FOUND. */
enum stele_status stele_unassign_region(
    struct stele_client *client, struct stele_bytes region, struct stele_error *error);
void stele_unassign_region_async(struct stele_client *client, struct stele_bytes region,
    stele_done_function *done, void *context);

/* ---- Snapshots ---- */

enum stele_snapshot_kind {
    STELE_SNAPSHOT_OF_DISABLED = 0, /* taken while the table was disabled: what is in files */
    STELE_SNAPSHOT_FLUSH = 1,       /* memtables were written to files first */
    STELE_SNAPSHOT_SKIP_FLUSH = 2,  /* what was in memtables is not in it */
};

/* What a table was at a moment, kept under a name until it is deleted or its time is over. */
struct stele_snapshot {
    struct stele_bytes name;
    struct stele_bytes table;
    int64_t created_ms;
    enum stele_snapshot_kind kind;
    struct stele_bytes owner;
    int64_t ttl_s;         /* 0: for ever */
    int64_t max_file_size; /* of tables made from it; 0: as it was */
};

/* In the server's order. */
struct stele_snapshot_list {
    const struct stele_snapshot *snapshots;
    size_t count;
    void *memory;
};
void stele_snapshot_list_free(struct stele_snapshot_list *list);
typedef void stele_snapshot_list_function(
    void *context, const struct stele_error *error, const struct stele_snapshot_list *list);

/* kind STELE_SNAPSHOT_FLUSH, all else empty. The names are borrowed. */
void stele_snapshot_init(
    struct stele_snapshot *snapshot, struct stele_bytes name, struct stele_bytes table);
/* Takes a snapshot of a table. created_ms and owner are the server's to fill in. STELE_EXISTS;
 * STELE_REMOTE (SnapshotCreationException): the table does not exist, or it could not be taken. */
enum stele_status stele_take_snapshot(
    struct stele_client *client, const struct stele_snapshot *snapshot, struct stele_error *error);
void stele_take_snapshot_async(struct stele_client *client, const struct stele_snapshot *snapshot,
    stele_done_function *done, void *context);
/* All of the cluster; none is an empty list. */
enum stele_status stele_list_snapshots(
    struct stele_client *client, struct stele_snapshot_list *out_list, struct stele_error *error);
void stele_list_snapshots_async(
    struct stele_client *client, stele_snapshot_list_function *done, void *context);
/* Tables that were made from it stay. STELE_NOT_FOUND. */
enum stele_status stele_delete_snapshot(
    struct stele_client *client, struct stele_bytes name, struct stele_error *error);
void stele_delete_snapshot_async(
    struct stele_client *client, struct stele_bytes name, stele_done_function *done, void *context);
/* Makes a new table of a snapshot, and enables it; no data is copied. STELE_NOT_FOUND: the snapshot;
 * STELE_EXISTS: the table. */
enum stele_status stele_clone_snapshot(struct stele_client *client, struct stele_bytes name,
    struct stele_bytes table, struct stele_error *error);
void stele_clone_snapshot_async(struct stele_client *client, struct stele_bytes name,
    struct stele_bytes table, stele_done_function *done, void *context);
/* Makes the snapshot's table what it was; the table must be disabled (STELE_WRONG_STATE) or not be
 * there any more. STELE_NOT_FOUND: the snapshot. */
enum stele_status stele_restore_snapshot(
    struct stele_client *client, struct stele_bytes name, struct stele_error *error);
void stele_restore_snapshot_async(
    struct stele_client *client, struct stele_bytes name, stele_done_function *done, void *context);

/* ---- What the master does by itself ---- */

enum stele_switch {
    STELE_SWITCH_BALANCER,
    STELE_SWITCH_SPLIT, /* splits by size and load, and by command */
    STELE_SWITCH_MERGE,
    STELE_SWITCH_NORMALIZER,
    STELE_SWITCH_CATALOG_JANITOR, /* removes parents of splits and merges */
    STELE_SWITCH_CLEANER,         /* removes files that nothing needs */
    STELE_SWITCH_SNAPSHOT_CLEANUP /* removes snapshots whose time is over */
};
/* STELE_INVALID: there is no such switch. */
enum stele_status stele_get_switch(struct stele_client *client, enum stele_switch which,
    bool *out_is_on, struct stele_error *error);
/* number: 1 or 0. */
void stele_get_switch_async(struct stele_client *client, enum stele_switch which,
    stele_number_function *done, void *context);
/* *out_was_on (NULL: not wanted): what it was before. waits: until what runs under it has ended.
 * STELE_INVALID. */
enum stele_status stele_set_switch(struct stele_client *client, enum stele_switch which, bool on,
    bool waits, bool *out_was_on, struct stele_error *error);
/* number: what it was before. */
void stele_set_switch_async(struct stele_client *client, enum stele_switch which, bool on,
    bool waits, stele_number_function *done, void *context);

struct stele_balance {
    bool has_run; /* false: switched off, or regions are moving */
    uint32_t moves_calculated;
    uint32_t moves_executed;
};
typedef void stele_balance_function(
    void *context, const struct stele_error *error, const struct stele_balance *balance);
/* Balances now. is_dry: calculates only. ignores_transitions: even while regions move. */
enum stele_status stele_balance(struct stele_client *client, bool is_dry, bool ignores_transitions,
    struct stele_balance *out_balance, struct stele_error *error);
void stele_balance_async(struct stele_client *client, bool is_dry, bool ignores_transitions,
    stele_balance_function *done, void *context);
/* Normalizes tables now: those named, and those whose names match (NULL: not asked), and those of
 * the namespace (empty: not asked); nothing of the three: all. *out_has_run: whether it did. */
enum stele_status stele_normalize(struct stele_client *client, const struct stele_bytes *tables,
    size_t count, const char *regex, struct stele_bytes namespace_, bool *out_has_run,
    struct stele_error *error);
void stele_normalize_async(struct stele_client *client, const struct stele_bytes *tables,
    size_t count, const char *regex, struct stele_bytes namespace_, stele_number_function *done,
    void *context);
/* Removes parents of splits and merges that nothing needs any more. *out_count: how many. */
enum stele_status stele_run_catalog_janitor(
    struct stele_client *client, int64_t *out_count, struct stele_error *error);
void stele_run_catalog_janitor_async(
    struct stele_client *client, stele_number_function *done, void *context);
/* Removes files that nothing needs any more. *out_has_run: whether it did. */
enum stele_status stele_run_cleaner(
    struct stele_client *client, bool *out_has_run, struct stele_error *error);
void stele_run_cleaner_async(
    struct stele_client *client, stele_number_function *done, void *context);

/* A change under way, or ended not long ago. */
struct stele_procedure {
    uint64_t id;
    uint64_t parent_id; /* 0: none */
    struct stele_bytes name;
    struct stele_bytes state; /* "RUNNABLE" */
    struct stele_bytes owner;
    struct stele_bytes parameters; /* JSON: an array of what the procedure works on */
    uint64_t submitted_ms;
    uint64_t updated_ms;
    struct stele_bytes failure; /* empty: none */
};
/* In the server's order. */
struct stele_procedure_list {
    const struct stele_procedure *procedures;
    size_t count;
    void *memory;
};
void stele_procedure_list_free(struct stele_procedure_list *list);
typedef void stele_procedure_list_function(
    void *context, const struct stele_error *error, const struct stele_procedure_list *list);
/* Those that the master knows now. */
enum stele_status stele_list_procedures(
    struct stele_client *client, struct stele_procedure_list *out_list, struct stele_error *error);
void stele_list_procedures_async(
    struct stele_client *client, stele_procedure_list_function *done, void *context);

/* What a procedure holds while it works, and who waits for it. */
struct stele_lock {
    struct stele_bytes kind; /* "TABLE" */
    struct stele_bytes name;
    bool is_exclusive;
    struct stele_procedure owner;          /* of an exclusive one; id 0: not told */
    uint32_t shared_count;                 /* of a shared one */
    const struct stele_procedure *waiting; /* in order */
    size_t waiting_count;
};
/* In the server's order. */
struct stele_lock_list {
    const struct stele_lock *locks;
    size_t count;
    void *memory;
};
void stele_lock_list_free(struct stele_lock_list *list);
typedef void stele_lock_list_function(
    void *context, const struct stele_error *error, const struct stele_lock_list *list);
/* Those that are held now. */
enum stele_status stele_list_locks(
    struct stele_client *client, struct stele_lock_list *out_list, struct stele_error *error);
void stele_list_locks_async(
    struct stele_client *client, stele_lock_list_function *done, void *context);

/* ---- Servers ---- */

/* Servers that are to get no regions. */
enum stele_status stele_list_decommissioned_servers(
    struct stele_client *client, struct stele_server_list *out_list, struct stele_error *error);
void stele_list_decommissioned_servers_async(
    struct stele_client *client, stele_server_list_function *done, void *context);
/* Gives them no regions from now on, whether they live or not. is_offloading: moves those that they
 * have away; the call does not wait for that. */
enum stele_status stele_decommission_servers(struct stele_client *client,
    const struct stele_bytes *servers, size_t count, bool is_offloading, struct stele_error *error);
void stele_decommission_servers_async(struct stele_client *client,
    const struct stele_bytes *servers, size_t count, bool is_offloading, stele_done_function *done,
    void *context);
/* Takes that back, and moves these regions (encoded names; 0: none) to it. */
enum stele_status stele_recommission_server(struct stele_client *client, struct stele_bytes server,
    const struct stele_bytes *regions, size_t count, struct stele_error *error);
void stele_recommission_server_async(struct stele_client *client, struct stele_bytes server,
    const struct stele_bytes *regions, size_t count, stele_done_function *done, void *context);
/* Forgets dead servers. The list: those that were not forgotten, for they are worked on or not among
 * the dead. */
enum stele_status stele_clear_dead_servers(struct stele_client *client,
    const struct stele_bytes *servers, size_t count, struct stele_server_list *out_list,
    struct stele_error *error);
void stele_clear_dead_servers_async(struct stele_client *client, const struct stele_bytes *servers,
    size_t count, stele_server_list_function *done, void *context);
/* This call and the next three ask the server itself: STELE_CONNECTION, after the retries, when it is
 * not there. */
/* Lets a server compact by itself, or not. *out_was_on (NULL: not wanted): whether it did. */
enum stele_status stele_set_compaction_switch(struct stele_client *client,
    struct stele_bytes server, bool on, bool *out_was_on, struct stele_error *error);
void stele_set_compaction_switch_async(struct stele_client *client, struct stele_bytes server,
    bool on, stele_number_function *done, void *context);
/* Drops compactions that wait on the server, of small files ("short"), large ones ("long") or both.
 */
enum stele_status stele_clear_compaction_queues(struct stele_client *client,
    struct stele_bytes server, bool small, bool large, struct stele_error *error);
void stele_clear_compaction_queues_async(struct stele_client *client, struct stele_bytes server,
    bool small, bool large, stele_done_function *done, void *context);
/* Begins a new segment of the server's log. */
enum stele_status stele_roll_log(
    struct stele_client *client, struct stele_bytes server, struct stele_error *error);
void stele_roll_log_async(struct stele_client *client, struct stele_bytes server,
    stele_done_function *done, void *context);
/* Asks the server to stop, as SIGTERM does; the call does not wait until it has. */
enum stele_status stele_stop_server(
    struct stele_client *client, struct stele_bytes server, struct stele_error *error);
void stele_stop_server_async(struct stele_client *client, struct stele_bytes server,
    stele_done_function *done, void *context);

/* ---- The cluster ---- */

/* What the master or a server is at: starting, say. */
struct stele_task {
    struct stele_bytes description;
    struct stele_bytes status;
    struct stele_bytes state; /* "RUNNING", "COMPLETE" */
    uint64_t started_ms;
    uint64_t completed_ms; /* 0: not yet */
};

/* One region's, as its server told the master last; counts are its server's. */
struct stele_region_load {
    struct stele_bytes name;
    uint32_t stores;
    uint32_t store_files;
    uint32_t store_uncompressed_size_mb;
    uint32_t store_file_size_mb;
    uint32_t memtable_size_mb;
    uint64_t read_requests;
    uint64_t write_requests;
    uint64_t filtered_read_requests;
    uint64_t compacting_cells;
    uint64_t compacted_cells;
    uint32_t root_index_size_kb;
    uint32_t static_index_size_kb;
    uint32_t static_bloom_size_kb;
    uint64_t complete_sequence;
    uint64_t last_major_compaction_ms;
    uint32_t store_ref_count;
    uint32_t max_compacted_store_file_ref_count;
    float data_locality;
};

/* One server's, as it told the master last. */
struct stele_server_load {
    struct stele_server server;
    uint64_t requests_per_second;
    uint64_t total_requests;
    uint32_t used_heap_mb;
    uint32_t max_heap_mb;
    uint64_t report_start_ms;
    uint64_t report_end_ms;
    uint32_t web_port;
    const struct stele_region_load *regions;
    size_t region_count;
    const struct stele_bytes *coprocessors;
    size_t coprocessor_count;
    const struct stele_task *tasks;
    size_t task_count;
};

/* A region that is being opened, closed or moved, and since when. */
struct stele_transition {
    struct stele_bytes region_name; /* in full where the master tells it, else encoded */
    struct stele_bytes state;       /* "OPENING" */
    uint64_t since_ms;
};

/* A table's regions, counted by state. */
struct stele_table_regions {
    struct stele_bytes table;
    uint32_t open;
    uint32_t split;
    uint32_t closed;
    uint32_t in_transition;
    uint32_t total;
};

/* What the leading master knows of the cluster now. */
struct stele_cluster {
    struct stele_bytes version; /* texts are followed by a NUL */
    struct stele_bytes id;
    struct stele_server master; /* host empty: none */
    int32_t master_web_port;    /* -1: none */
    const struct stele_server *backup_masters;
    size_t backup_master_count;
    const struct stele_server_load *servers;
    size_t server_count;
    const struct stele_server *dead_servers;
    size_t dead_server_count;
    const struct stele_server *unknown_servers; /* hold regions and are neither live nor dead */
    size_t unknown_server_count;
    const struct stele_transition *transitions;
    size_t transition_count;
    const struct stele_table_regions *tables;
    size_t table_count;
    const struct stele_bytes *master_coprocessors;
    size_t master_coprocessor_count;
    const struct stele_task *tasks;
    size_t task_count;
    bool is_balancer_on;
    double average_load; /* regions a live server */
    void *memory;
};

/* Free it with stele_cluster_free. */
enum stele_status stele_cluster_status(
    struct stele_client *client, struct stele_cluster *out_cluster, struct stele_error *error);
typedef void stele_cluster_function(
    void *context, const struct stele_error *error, const struct stele_cluster *cluster);
void stele_cluster_status_async(
    struct stele_client *client, stele_cluster_function *done, void *context);
void stele_cluster_free(struct stele_cluster *cluster);

#ifdef __cplusplus
}
#endif

#include "heat.h"

#endif
