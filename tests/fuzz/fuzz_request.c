/* The requests of the data path, as the server decodes them: get, mutate, batch, scan, filter. The
 * first byte chooses one, two more say how much of the rest is the message; what follows is the
 * cell block. */
#include "tests/fuzz/fuzz.h"

#include "proto/filter_message.h"
#include "proto/multi_message.h"
#include "proto/scan_message.h"

/* What was decoded is written, read and written again: the same bytes. */
static void check_get(struct span message, struct arena *arena)
{
    struct get_message get = {0};
    struct buffer first = {0}, second = {0};
    if (!get_request_decode(message, arena, &get, NULL)) {
        get_request_encode(&first, &get);
        fuzz_check(!get_request_decode(buffer_span(&first), arena, &get, NULL));
        get_request_encode(&second, &get);
        fuzz_check(span_equal(buffer_span(&first), buffer_span(&second)));
    }
    buffer_deinit(&first);
    buffer_deinit(&second);
}

static void check_scan(struct span message, struct arena *arena)
{
    struct scan_message scan;
    struct buffer first = {0}, second = {0};
    if (!scan_request_decode(message, arena, &scan, NULL)) {
        scan_request_encode(&first, &scan);
        fuzz_check(!scan_request_decode(buffer_span(&first), arena, &scan, NULL));
        scan_request_encode(&second, &scan);
        fuzz_check(span_equal(buffer_span(&first), buffer_span(&second)));
    }
    buffer_deinit(&first);
    buffer_deinit(&second);
}

static void check_filter(struct span message, struct arena *arena)
{
    const struct filter_node *filter;
    struct buffer first = {0}, second = {0};
    if (!filter_decode(message, arena, &filter, NULL)) {
        filter_encode(&first, filter);
        fuzz_check(!filter_decode(buffer_span(&first), arena, &filter, NULL));
        filter_encode(&second, filter);
        fuzz_check(span_equal(buffer_span(&first), buffer_span(&second)));
    }
    buffer_deinit(&first);
    buffer_deinit(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span in = span_make(data, size), message;
    struct arena arena = {0};
    struct mutate_message mutate;
    struct multi_message multi;
    uint8_t kind;
    uint16_t message_size;
    if (span_take_u8(&in, &kind) || span_take_be16(&in, &message_size) ||
        span_take_bytes(&in, message_size < in.size ? message_size : in.size, &message))
        return 0;
    switch (kind) {
    case 0:
        check_get(message, &arena);
        break;
    case 1:
        (void)mutate_request_decode(message, in, &arena, &mutate, NULL);
        break;
    case 2:
        if (!multi_request_decode(message, in, &arena, &multi, NULL))
            fuzz_check(multi.action_count <= size);
        break;
    case 3:
        check_scan(message, &arena);
        break;
    case 4:
        check_filter(message, &arena);
        break;
    }
    fuzz_check(arena.used_bytes <= size * 512 + 4096);
    arena_deinit(&arena);
    return 0;
}
