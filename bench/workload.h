/* What a load asks for: operations, keys and values, drawn from a seed. */
#ifndef STELE_BENCH_WORKLOAD_H
#define STELE_BENCH_WORKLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

enum operation {
    OPERATION_GET,
    OPERATION_PUT,
    OPERATION_SCAN,
    OPERATION_INCREMENT,
    OPERATION_COUNT
};

enum key_order {
    KEYS_RANDOM,     /* uniform over all rows */
    KEYS_SEQUENTIAL, /* each row once, in order, the threads interleaved */
    KEYS_ZIPF,       /* skewed: a few rows take most (theta 0.99), scattered over the key space */
};

struct workload {
    unsigned percent[OPERATION_COUNT]; /* of each operation; sum 100 */
    enum key_order order;
    uint64_t rows; /* keys are 0 .. rows-1 */
    uint32_t value_bytes;
    uint32_t scan_rows;  /* rows of a scan */
    uint32_t batch_rows; /* rows of a put: 1, or a batch */
    bool fills;          /* rows in number order, whatever `order` says of their keys */
    double zipf_zeta;    /* of KEYS_ZIPF: workload_prepare */
};

/* A thread's stream of choices. */
struct workload_stream {
    const struct workload *workload;
    uint64_t random; /* xorshift state */
    uint64_t next;   /* KEYS_SEQUENTIAL */
    uint64_t step;
    uint8_t *value; /* random bytes to cut values from */
    size_t value_room;
};

/* The name of an operation or order, and back; false when unknown. */
const char *operation_name(enum operation operation);
bool operation_parse(struct span name, enum operation *out_operation);
bool key_order_parse(struct span name, enum key_order *out_order);

/* Sums of the distribution; once before the streams are made. */
void workload_prepare(struct workload *workload);
/* False on no memory. Stream i of n. */
bool workload_stream_init(struct workload_stream *stream, const struct workload *workload,
    uint64_t seed, size_t index, size_t count);
void workload_stream_deinit(struct workload_stream *stream);

enum operation workload_next_operation(struct workload_stream *stream);
/* Number of the next row. */
uint64_t workload_next_row(struct workload_stream *stream);
#define WORKLOAD_KEY_SIZE 20
/* "user" and 16 digits: a bijection of the number, spread unless the order is sequential. */
void workload_key(
    const struct workload *workload, uint64_t row, uint8_t out_key[WORKLOAD_KEY_SIZE]);
/* Borrowed until the stream goes: half random, half text, so that it compresses about two to one.
 */
struct span workload_value(struct workload_stream *stream);

#endif
