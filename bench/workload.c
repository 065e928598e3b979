#include "bench/workload.h"

#include <math.h>
#include <stdio.h>

#include "base/memory.h"

#define ZIPF_THETA       0.99
#define VALUE_POOL_BYTES (1u << 20)

static const char *const operation_names[OPERATION_COUNT] = {"get", "put", "scan", "increment"};

const char *operation_name(enum operation operation)
{
    return operation_names[operation];
}

bool operation_parse(struct span name, enum operation *out_operation)
{
    for (int i = 0; i < OPERATION_COUNT; i++) {
        if (span_equal(name, span_string(operation_names[i]))) {
            *out_operation = (enum operation)i;
            return true;
        }
    }
    return false;
}

bool key_order_parse(struct span name, enum key_order *out_order)
{
    static const char *const names[] = {"random", "sequential", "zipf"};
    for (int i = 0; i < 3; i++) {
        if (span_equal(name, span_string(names[i]))) {
            *out_order = (enum key_order)i;
            return true;
        }
    }
    return false;
}

static uint64_t mix(uint64_t x)
{
    x ^= x >> 33;
    x *= 0xff51afd7ed558ccdull;
    x ^= x >> 33;
    x *= 0xc4ceb9fe1a85ec53ull;
    return x ^ (x >> 33);
}

static uint64_t draw(struct workload_stream *stream)
{
    uint64_t x = stream->random;
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return stream->random = x;
}

/* Sum of 1/i^theta for i in 1..n: exact to a million, the integral beyond. */
static double zeta(uint64_t n)
{
    double sum = 0;
    uint64_t exact = n < 1000000 ? n : 1000000;
    for (uint64_t i = 1; i <= exact; i++)
        sum += pow((double)i, -ZIPF_THETA);
    if (n > exact)
        sum += (pow((double)n, 1 - ZIPF_THETA) - pow((double)exact, 1 - ZIPF_THETA)) /
               (1 - ZIPF_THETA);
    return sum;
}

void workload_prepare(struct workload *workload)
{
    workload->zipf_zeta = workload->order == KEYS_ZIPF ? zeta(workload->rows) : 0;
}

bool workload_stream_init(struct workload_stream *stream, const struct workload *workload,
    uint64_t seed, size_t index, size_t count)
{
    stream->workload = workload;
    stream->random = mix(seed * 1000003 + index + 1) | 1;
    stream->next = index;
    stream->step = count;
    stream->value_room = VALUE_POOL_BYTES > 2 * (size_t)workload->value_bytes
                             ? VALUE_POOL_BYTES
                             : 2 * (size_t)workload->value_bytes + 1;
    stream->value = memory_allocate(stream->value_room);
    if (!stream->value)
        return false;
    for (size_t i = 0; i < stream->value_room; i++)
        stream->value[i] = i % 32 < 16 ? (uint8_t)(draw(stream) >> 24) : (uint8_t)('a' + i % 16);
    return true;
}

void workload_stream_deinit(struct workload_stream *stream)
{
    memory_free(stream->value);
    stream->value = NULL;
}

enum operation workload_next_operation(struct workload_stream *stream)
{
    unsigned at = (unsigned)(draw(stream) % 100), sum = 0;
    for (int i = 0; i < OPERATION_COUNT; i++) {
        sum += stream->workload->percent[i];
        if (at < sum)
            return (enum operation)i;
    }
    return OPERATION_GET;
}

/* Gray et al., "Quickly generating billion-record synthetic databases" (SIGMOD 1994). */
static uint64_t draw_zipf(struct workload_stream *stream)
{
    uint64_t n = stream->workload->rows;
    double zeta_n = stream->workload->zipf_zeta, alpha = 1 / (1 - ZIPF_THETA);
    double eta = (1 - pow(2.0 / (double)n, 1 - ZIPF_THETA)) /
                 (1 - (1 + pow(0.5, ZIPF_THETA)) / zeta_n);
    double u = (double)(draw(stream) >> 11) / 9007199254740992.0, uz = u * zeta_n;
    if (uz < 1)
        return 0;
    if (uz < 1 + pow(0.5, ZIPF_THETA))
        return 1;
    uint64_t rank = (uint64_t)((double)n * pow(eta * u - eta + 1, alpha));
    return rank < n ? rank : n - 1;
}

uint64_t workload_next_row(struct workload_stream *stream)
{
    const struct workload *workload = stream->workload;
    uint64_t row;
    switch (workload->fills ? KEYS_SEQUENTIAL : workload->order) {
    case KEYS_SEQUENTIAL:
        row = stream->next % workload->rows;
        stream->next += stream->step;
        return row;
    case KEYS_ZIPF:
        return mix(draw_zipf(stream)) % workload->rows;
    default:
        return draw(stream) % workload->rows;
    }
}

void workload_key(const struct workload *workload, uint64_t row, uint8_t out_key[WORKLOAD_KEY_SIZE])
{
    char text[WORKLOAD_KEY_SIZE + 1];
    uint64_t number = workload->order == KEYS_SEQUENTIAL ? row
                                                         : mix(row + 1) % 10000000000000000ull;
    snprintf(text, sizeof text, "user%016llu", (unsigned long long)(number % 10000000000000000ull));
    memcpy(out_key, text, WORKLOAD_KEY_SIZE);
}

struct span workload_value(struct workload_stream *stream)
{
    size_t size = stream->workload->value_bytes;
    return span_make(stream->value + draw(stream) % (stream->value_room - size), size);
}
