/* The requests of a load, made with libstele: each slot is one at a time. */
#ifndef STELE_BENCH_CLIENT_TARGET_H
#define STELE_BENCH_CLIENT_TARGET_H

#include "bench/driver.h"

/* How a request ended; called on the loop, once. */
typedef void target_done_function(
    void *context, struct slot *slot, const struct stele_error *error);

struct target {
    const struct driver_plan *plan;
    struct workload_stream stream;
    char columns[COLUMNS_MOST][32]; /* qualifiers */
    struct batch_room *room;        /* owned; NULL without batches */
    struct stele_cell *cells;       /* of a batch; owned */
    target_done_function *done;
    void *context;
};

struct target_slot {
    struct slot slot; /* first */
    struct target *target;
    struct stele_client *client;
    struct stele_table *table;
    struct stele_scanner *scanner;
    uint8_t key[KEY_SIZE_MOST]; /* of a read-modify-write, for its second half */
    size_t key_size;
};

/* False on no memory. */
bool target_init(struct target *target, const struct driver_plan *plan, size_t thread,
    target_done_function *done, void *context);
void target_deinit(struct target *target);
/* Draws the next operation and starts it. now_s: since the start. */
void target_start(struct target *target, struct target_slot *slot, double now_s);

#endif
