#include "bench/workload.h"

bool workload_stream_init(
    struct workload_stream *stream, struct workload *workload, size_t index, size_t count)
{
    stream->workload = workload;
    key_draw_init(&stream->draw, &workload->keys, workload->rows, workload->seed, index, count);
    return value_maker_init(&stream->maker, &workload->value, &stream->draw.dice);
}

void workload_stream_deinit(struct workload_stream *stream)
{
    value_maker_deinit(&stream->maker);
}

enum operation workload_next_operation(struct workload_stream *stream)
{
    return mix_draw(&stream->workload->mix, &stream->draw.dice);
}

bool workload_makes_row(const struct workload *workload, enum operation operation)
{
    return operation == OPERATION_INSERT ||
           (operation == OPERATION_UPDATE && workload->keys.kind == KEYS_APPEND);
}

size_t workload_next_key(
    struct workload_stream *stream, enum operation operation, double now_s, uint8_t *out_key)
{
    struct workload *workload = stream->workload;
    uint64_t number;
    if (workload_makes_row(workload, operation)) {
        number = atomic_fetch_add_explicit(&workload->inserted, 1, memory_order_relaxed);
        if (workload->is_filling && number >= workload->rows)
            return 0;
        number += workload->is_filling ? 0 : workload->rows;
    } else {
        uint64_t rows = workload->rows +
                        atomic_load_explicit(&workload->acknowledged, memory_order_relaxed);
        number = key_draw_next(&stream->draw, &workload->keys, rows, now_s);
    }
    key_format_write(&workload->format, number, out_key);
    return workload->format.size;
}

struct span workload_next_value(struct workload_stream *stream)
{
    return value_maker_next(&stream->maker, &stream->draw.dice);
}

uint64_t workload_next_scan_rows(struct workload_stream *stream)
{
    return size_draw_next(&stream->workload->scan_rows, &stream->draw.dice);
}

uint32_t workload_next_column(struct workload_stream *stream)
{
    uint32_t columns = stream->workload->columns;
    return columns > 1 ? (uint32_t)dice_below(&stream->draw.dice, columns) : 0;
}

void workload_acknowledge(struct workload *workload, enum operation operation, uint64_t rows)
{
    if (workload_makes_row(workload, operation) && !workload->is_filling)
        atomic_fetch_add_explicit(&workload->acknowledged, rows, memory_order_relaxed);
}
