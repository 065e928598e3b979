/* The readers of base/bytes, in an order the input chooses, and the escaping of bytes. */
#include "tests/fuzz/fuzz.h"

/* What was read is written again: it must be the bytes that were read. */
static void take_one(struct span *in, uint8_t kind, struct buffer *again)
{
    uint8_t u8;
    uint16_t u16;
    uint32_t u32;
    uint64_t u64;
    struct span bytes;
    switch (kind % 10) {
    case 0:
        if (!span_take_u8(in, &u8))
            buffer_put_u8(again, u8);
        break;
    case 1:
        if (!span_take_u16(in, &u16))
            buffer_put_u16(again, u16);
        break;
    case 2:
        if (!span_take_u32(in, &u32))
            buffer_put_u32(again, u32);
        break;
    case 3:
        if (!span_take_u64(in, &u64))
            buffer_put_u64(again, u64);
        break;
    case 4:
        if (!span_take_be16(in, &u16))
            buffer_put_be16(again, u16);
        break;
    case 5:
        if (!span_take_be32(in, &u32))
            buffer_put_be32(again, u32);
        break;
    case 6:
        if (!span_take_be64(in, &u64))
            buffer_put_be64(again, u64);
        break;
    case 7:
        if (!span_take_varint(in, &u64))
            buffer_put_varint(again, u64);
        break;
    case 8:
        if (!span_take_sized(in, &bytes))
            buffer_put_sized(again, bytes);
        break;
    default:
        if (!span_take_bytes(in, kind, &bytes))
            buffer_put(again, bytes);
        break;
    }
}

static void check_readers(struct span in)
{
    struct buffer again = {0};
    uint8_t kind;
    while (!span_take_u8(&in, &kind)) {
        struct span before = in;
        buffer_reset(&again);
        take_one(&in, kind, &again);
        fuzz_check(in.size <= before.size && in.data + in.size == before.data + before.size);
        size_t taken = before.size - in.size;
        fuzz_check(span_equal(buffer_span(&again), span_slice(before, 0, taken)));
    }
    buffer_deinit(&again);
}

static void check_escaping(struct span in)
{
    struct buffer text = {0};
    struct buffer bytes = {0};
    buffer_put_escaped(&text, in);
    fuzz_check(bytes_unescape(buffer_span(&text), &bytes));
    fuzz_check(span_equal(buffer_span(&bytes), in));
    buffer_reset(&bytes);
    fuzz_check(bytes_unescape(in, &bytes) && bytes.size <= in.size);
    buffer_deinit(&text);
    buffer_deinit(&bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check_readers(span_make(data, size));
    check_escaping(span_make(data, size));
    return 0;
}
