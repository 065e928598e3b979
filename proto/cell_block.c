#include "proto/cell_block.h"

#include "base/limits.h"
#include "proto/frame.h"

enum { KEY_OVERHEAD = 2 + 1 + 8 + 1 };

bool cell_codec_find(struct span class_name, enum cell_codec *out_codec)
{
    if (class_name.size == 0)
        *out_codec = CELL_CODEC_NONE;
    else if (span_equal(class_name, SPAN_LITERAL(CODEC_KEY_VALUE)))
        *out_codec = CELL_CODEC_KEY_VALUE;
    else if (span_equal(class_name, SPAN_LITERAL(CODEC_KEY_VALUE_WITH_TAGS)))
        *out_codec = CELL_CODEC_KEY_VALUE_WITH_TAGS;
    else
        return false;
    return true;
}

static uint8_t *put_span(uint8_t *out, struct span bytes)
{
    if (bytes.size)
        memcpy(out, bytes.data, bytes.size);
    return out + bytes.size;
}

uint8_t *cell_block_store(uint8_t *out, const struct cell *cell, enum cell_codec codec)
{
    size_t key_size = KEY_OVERHEAD + cell->row.size + cell->family.size + cell->qualifier.size;
    store_be32(out, (uint32_t)(cell_block_cell_size(cell, codec) - 4));
    store_be32(out + 4, (uint32_t)key_size);
    store_be32(out + 8, (uint32_t)cell->value.size);
    store_be16(out + 12, (uint16_t)cell->row.size);
    out = put_span(out + 14, cell->row);
    *out++ = (uint8_t)cell->family.size;
    out = put_span(out, cell->family);
    out = put_span(out, cell->qualifier);
    store_be64(out, (uint64_t)cell->timestamp);
    out[8] = cell->type;
    out = put_span(out + 9, cell->value);
    if (codec == CELL_CODEC_KEY_VALUE_WITH_TAGS && cell->tags.size) {
        store_be16(out, (uint16_t)cell->tags.size);
        out = put_span(out + 2, cell->tags);
    }
    return out;
}

void cell_block_put(struct buffer *out, const struct cell *cell, enum cell_codec codec)
{
    size_t size = cell_block_cell_size(cell, codec);
    uint8_t *at = buffer_reserve(out, size);
    if (at) {
        cell_block_store(at, cell, codec);
        buffer_commit(out, size);
    }
}

enum status cell_block_take(struct span *in, struct cell *out_cell, struct error *error)
{
    if (in->size == 0)
        return STATUS_END;
    if (in->size < 4)
        return error_set(error, STATUS_INVALID, "cell block ends within a cell's size");
    const uint8_t *p = in->data;
    uint64_t size = load_be32(p);
    if (size > in->size - 4)
        return error_set(error, STATUS_INVALID, "cell of %llu bytes exceeds its block",
            (unsigned long long)size);
    if (size > (uint64_t)LIMIT_CELL_SIZE + LIMIT_ROW_SIZE + LIMIT_TAGS_SIZE)
        return error_set(error, STATUS_LIMIT, "cell of %llu bytes exceeds the limit of %u bytes",
            (unsigned long long)size, LIMIT_CELL_SIZE);
    if (size < 8)
        return error_set(
            error, STATUS_INVALID, "cell of %llu bytes is too short", (unsigned long long)size);
    uint64_t key_size = load_be32(p + 4), value_size = load_be32(p + 8);
    uint64_t used = 8 + key_size + value_size; /* sums of 32-bit sizes: no overflow in 64 */
    if (used > size || key_size < KEY_OVERHEAD)
        return error_set(error, STATUS_INVALID, "cell sizes disagree");
    const uint8_t *key = p + 12, *key_end = key + key_size;
    uint64_t row_size = (uint64_t)key[0] << 8 | key[1];
    if (row_size + KEY_OVERHEAD > key_size)
        return error_set(error, STATUS_INVALID, "cell's row exceeds its key");
    if (row_size > LIMIT_ROW_SIZE)
        return error_set(error, STATUS_LIMIT, "row of %llu bytes exceeds the limit of %d bytes",
            (unsigned long long)row_size, LIMIT_ROW_SIZE);
    uint64_t family_size = key[2 + row_size];
    if (row_size + family_size + KEY_OVERHEAD > key_size)
        return error_set(error, STATUS_INVALID, "cell's family exceeds its key");
    if (family_size > LIMIT_FAMILY_SIZE)
        return error_set(error, STATUS_LIMIT, "family of %llu bytes exceeds the limit of %d bytes",
            (unsigned long long)family_size, LIMIT_FAMILY_SIZE);
    struct cell cell = {
        .row = {key + 2, row_size},
        .family = {key + 3 + row_size, family_size},
        .qualifier = {key + 3 + row_size + family_size,
            key_size - KEY_OVERHEAD - row_size - family_size},
        .value = {key_end, value_size},
        .timestamp = (int64_t)load_be64(key_end - 9),
        .type = key_end[-1],
    };
    if (used < size) {
        const uint8_t *tags = key_end + value_size;
        if (size - used < 2 || ((uint64_t)tags[0] << 8 | tags[1]) != size - used - 2)
            return error_set(error, STATUS_INVALID, "cell's tags disagree with its size");
        cell.tags = span_make(tags + 2, size - used - 2);
        if (!cell_tags_are_valid(cell.tags))
            return error_set(error, STATUS_INVALID, "cell's tags are malformed");
    }
    in->data += size + 4;
    in->size -= size + 4;
    *out_cell = cell;
    return STATUS_OK;
}
