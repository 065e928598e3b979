/* The requests of a load, made of the storage engine: each slot is one at a time. */
#ifndef STELE_BENCH_ENGINE_REQUEST_H
#define STELE_BENCH_ENGINE_REQUEST_H

#include "bench/engine_driver.h"

struct engine_request;
/* A write has ended; called on a thread of the engine. */
typedef void engine_request_done(void *context, struct engine_request *request);

struct engine_request {
    struct slot slot;   /* first */
    struct write write; /* of a write; its operations are `operations` */
    const struct engine_plan *plan;
    struct workload_stream *stream;
    engine_request_done *done;
    void *context;
    struct engine_request *next; /* in a list of the driver's */
    struct arena arena;          /* answers of a write */
    size_t room;                 /* rows: length of the arrays, owned */
    struct write_operation *operations;
    struct mutation *mutations;
    struct cell *cells; /* room * columns */
    uint8_t *keys;      /* room * KEY_SIZE_MOST */
    struct condition condition;
    char columns[COLUMNS_MOST][32];
    struct error failure; /* of a read */
};

/* False on no memory. done: of writes. */
bool engine_request_init(struct engine_request *request, const struct engine_plan *plan,
    struct workload_stream *stream, engine_request_done *done, void *context);
void engine_request_deinit(struct engine_request *request);
/* Draws the next operation and its keys. True: it begins with a read, for engine_request_read. */
bool engine_request_draw(struct engine_request *request, double now_s);
/* Reads or scans; false when that failed. */
bool engine_request_read(struct engine_request *request);
/* Starts the write; done() comes from another thread, or before it returns when it was refused. */
void engine_request_write(struct engine_request *request);
/* Why a finished write failed, or NULL. */
const char *engine_request_failure(const struct engine_request *request);

#endif
