/* Nonces of a tablet's recent writes: what makes a retried increment count once (facts:
 * hbase-semantics 5).
 *
 * A write with a nonce is entered when it begins, and settled when it is durable, or given up when
 * it failed before it was applied. A repeat that finds it under way waits for either; one that finds
 * it settled is answered with the current values. Settled nonces are kept between one and two times
 * NONCE_KEEP_MS: two generations, the older of which is dropped whole. They are written with each
 * log record and, for records already flushed, with the manifest, so they survive restarts and
 * moves.
 *
 * Threads: guarded by the owner's lock; waiters are handed back to be run outside it. */
#ifndef STELE_STORAGE_NONCE_TABLE_H
#define STELE_STORAGE_NONCE_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"

#define NONCE_KEEP_MS (10 * 60 * 1000)

/* Who waits for a nonce under way; embedded in the waiting write. */
struct nonce_waiter {
    struct nonce_waiter *next;
};

enum nonce_state {
    NONCE_NEW,       /* it was entered: apply the write, then settle or give up */
    NONCE_UNDER_WAY, /* the waiter was queued */
    NONCE_SETTLED,   /* applied before */
    NONCE_NO_MEMORY,
};

struct nonce_generation;

struct nonce_table {
    struct nonce_generation *current; /* NULL = empty */
    struct nonce_generation *previous;
    int64_t rotated_ms; /* when current was begun */
};

void nonce_table_deinit(struct nonce_table *table); /* zeroed memory is a valid empty table */

/* Looks up and, when it is new, enters. now_ms rotates the generations. */
enum nonce_state nonce_table_begin(struct nonce_table *table, uint64_t group, uint64_t nonce,
    int64_t now_ms, struct nonce_waiter *waiter);
/* Returns the waiters, which are then to look again. is_applied: settled; else forgotten. */
struct nonce_waiter *nonce_table_end(
    struct nonce_table *table, uint64_t group, uint64_t nonce, bool is_applied);
/* Recovery: enters a settled one. False on no memory. */
bool nonce_table_add(struct nonce_table *table, uint64_t group, uint64_t nonce, int64_t now_ms);

/* The settled ones, for a manifest: (u64 group, u64 nonce)*. */
void nonce_table_encode(const struct nonce_table *table, struct buffer *out);
/* Adds them. STATUS_CORRUPT, STATUS_NO_MEMORY. */
enum status nonce_table_decode(
    struct nonce_table *table, struct span bytes, int64_t now_ms, struct error *error);

#endif
