/* The scanners that clients hold open between calls, by id (facts: hbase-rpc 4a).
 *
 * An entry is idle, with a lease that runs, or taken by a call, without one: a second call on the same id
 * meanwhile is refused. Leases that ran out are closed by a sweep on a worker. Closed scanners are remembered for a
 * lease's time: clients of before HBase 2 close, or ask once more, what the server has closed with its last row.
 *
 * Threads: any; one mutex (LOCK_RANK_SERVICE), held for look-ups only. An entry's own fields belong to whoever
 * has taken it. */
#ifndef STELE_SERVER_HBASE_SCANNER_TABLE_H
#define STELE_SERVER_HBASE_SCANNER_TABLE_H

#include "base/env.h"
#include "server/tablet/tablet_load.h"
#include "server/tablet/tablet_service.h"
#include "storage/storage.h"

struct scanner_table;

struct scanner_entry {
    struct scanner_entry *next; /* in its bucket; guarded by the table's mutex, as the two below */
    uint64_t lease_due_ns;
    bool is_taken;
    uint64_t id;
    struct scanner *scanner;      /* owned */
    struct served_tablet *tablet; /* referenced */
    uint64_t next_call_seq;       /* that the next call must carry */
    uint64_t max_result_size;     /* bytes of an answer */
    uint32_t caching; /* rows of an answer, when a call does not say; 0 = not told either */
    bool is_cursor_wanted;
    uint8_t position[LOAD_KEY_PREFIX]; /* the row it has come to, cut */
    uint8_t position_size;
    bool is_heavy; /* runs on workers only: a filter may look at many rows in vain */
    bool is_wide;  /* its last answer was large, and so may the next be */
};

/* `workers` runs the sweeps. Stops and frees after the last call has ended; closes what is open. */
enum status scanner_table_new(
    struct env *env, struct executor *workers, struct scanner_table **out_table);
void scanner_table_free(struct scanner_table *table); /* NULL is fine */
uint64_t scanner_table_lease_ms(const struct scanner_table *table);
size_t scanner_table_count(struct scanner_table *table);

/* Takes scanner and tablet reference over in an entry that is taken by the caller and in no list yet: with a
 * fresh id (never 0, never 2^64-1). NULL on no memory: the caller keeps both. */
struct scanner_entry *scanner_table_make(
    struct scanner_table *table, struct scanner *scanner, struct served_tablet *tablet);

enum scanner_lookup {
    SCANNER_TAKEN,   /* *out_entry is the caller's until give or close */
    SCANNER_UNKNOWN, /* never seen, or its lease ran out */
    SCANNER_CLOSED,  /* not long ago; *out_next_call_seq is what its next call would have carried */
    SCANNER_IN_USE,  /* another call has it */
};

enum scanner_lookup scanner_table_take(struct scanner_table *table, uint64_t id,
    struct scanner_entry **out_entry, uint64_t *out_next_call_seq);
/* Puts a taken entry (back) under a fresh lease. False when there are too many scanners: it is closed. */
bool scanner_table_give(struct scanner_table *table, struct scanner_entry *entry);
void scanner_entry_set_position(struct scanner_entry *entry, struct span row);
/* Closes a taken entry and remembers its id. */
void scanner_table_close(struct scanner_table *table, struct scanner_entry *entry);

#endif
