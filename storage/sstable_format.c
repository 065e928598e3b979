#include "storage/sstable_format.h"

#include <xxhash.h>

#include "storage/compress.h"

/* ---- Footer ---- */

static void put_handle(uint8_t *p, struct block_handle handle)
{
    store_u64(p, handle.offset);
    store_u32(p + 8, handle.size);
}

static struct block_handle load_handle(const uint8_t *p)
{
    return (struct block_handle){load_u64(p), load_u32(p + 8)};
}

void sstable_footer_encode(
    const struct sstable_footer *footer, uint64_t offset, uint8_t out_bytes[SSTABLE_FOOTER_SIZE])
{
    store_u64(out_bytes, footer->identity);
    put_handle(out_bytes + 8, footer->top_index);
    put_handle(out_bytes + 20, footer->top_bloom);
    put_handle(out_bytes + 32, footer->properties);
    store_u32(out_bytes + 44, (uint32_t)footer->row_order);
    store_u32(out_bytes + 48, footer->version);
    store_u32(out_bytes + 52, 0);
    store_u64(out_bytes + 56, XXH3_64bits_withSeed(out_bytes, 56, footer->identity + offset));
    memcpy(out_bytes + 64, SSTABLE_MAGIC, 8);
}

static bool handle_fits(struct block_handle handle, uint64_t end)
{
    return handle.size > BLOCK_TRAILER_SIZE && handle.offset <= end &&
           handle.size <= end - handle.offset;
}

enum status sstable_footer_decode(
    struct span in, uint64_t offset, struct sstable_footer *out_footer, struct error *error)
{
    if (in.size != SSTABLE_FOOTER_SIZE)
        return error_set(error, STATUS_CORRUPT, "footer has %zu bytes", in.size);
    const uint8_t *bytes = in.data;
    if (memcmp(bytes + 64, SSTABLE_MAGIC, 8) != 0)
        return error_set(error, STATUS_CORRUPT, "footer magic is %08x%08x at offset %llu",
            load_be32(bytes + 64), load_be32(bytes + 68), (unsigned long long)offset);
    struct sstable_footer footer = {.identity = load_u64(bytes),
        .top_index = load_handle(bytes + 8),
        .top_bloom = load_handle(bytes + 20),
        .properties = load_handle(bytes + 32),
        .version = load_u32(bytes + 48)};
    if (XXH3_64bits_withSeed(bytes, 56, footer.identity + offset) != load_u64(bytes + 56))
        return error_set(error, STATUS_CORRUPT, "footer checksum is wrong at offset %llu",
            (unsigned long long)offset);
    if (footer.version > SSTABLE_FORMAT_VERSION)
        return error_set(error, STATUS_NEWER_FORMAT,
            "format version is %u, this program reads up to %u", footer.version,
            SSTABLE_FORMAT_VERSION);
    uint32_t comparator = load_u32(bytes + 44);
    if (footer.version == 0 || comparator > ROW_ORDER_META || load_u32(bytes + 52) != 0)
        return error_set(error, STATUS_CORRUPT, "footer has version %u, comparator %u",
            footer.version, comparator);
    footer.row_order = (enum row_order)comparator;
    bool has_bloom = footer.top_bloom.size != 0 || footer.top_bloom.offset != 0;
    if (!handle_fits(footer.top_index, offset) || !handle_fits(footer.properties, offset) ||
        (has_bloom && !handle_fits(footer.top_bloom, offset)))
        return error_set(error, STATUS_CORRUPT, "footer points outside the file");
    *out_footer = footer;
    return STATUS_OK;
}

/* ---- Handles ---- */

size_t block_handle_encode(struct block_handle handle, uint8_t out_bytes[BLOCK_HANDLE_MOST])
{
    size_t size = store_varint(out_bytes, handle.offset);
    return size + store_varint(out_bytes + size, handle.size);
}

enum status block_handle_decode(
    struct span in, uint64_t end, struct block_handle *out_handle, struct error *error)
{
    uint64_t offset, size;
    if (span_take_varint(&in, &offset) || span_take_varint(&in, &size) || in.size != 0 ||
        size > UINT32_MAX || !handle_fits((struct block_handle){offset, (uint32_t)size}, end))
        return error_set(error, STATUS_CORRUPT, "an index entry points nowhere");
    *out_handle = (struct block_handle){offset, (uint32_t)size};
    return STATUS_OK;
}

/* ---- Properties ---- */

#define FIELD(member, kind)                                                                        \
    {                                                                                              \
#member, offsetof(struct sstable_properties, member), kind                                 \
    }

/* By number, which is for ever. */
const struct sstable_property sstable_property_list[SSTABLE_PROPERTY_COUNT] = {
    [1] = FIELD(family, PROPERTY_SPAN),
    [2] = FIELD(compression, PROPERTY_U32),
    [3] = FIELD(bloom, PROPERTY_U32),
    [4] = FIELD(block_size_bytes, PROPERTY_U32),
    [5] = FIELD(created_ms, PROPERTY_U64),
    [6] = FIELD(cell_count, PROPERTY_U64),
    [7] = FIELD(row_count, PROPERTY_U64),
    [8] = FIELD(delete_count, PROPERTY_U64),
    [9] = FIELD(family_delete_count, PROPERTY_U64),
    [10] = FIELD(cell_ttl_count, PROPERTY_U64),
    [11] = FIELD(min_timestamp, PROPERTY_I64),
    [12] = FIELD(max_timestamp, PROPERTY_I64),
    [13] = FIELD(min_delete_timestamp, PROPERTY_I64),
    [14] = FIELD(max_delete_timestamp, PROPERTY_I64),
    [15] = FIELD(min_cell_expiry_ms, PROPERTY_I64),
    [16] = FIELD(max_cell_expiry_ms, PROPERTY_I64),
    [17] = FIELD(min_sequence, PROPERTY_U64),
    [18] = FIELD(max_sequence, PROPERTY_U64),
    [19] = FIELD(first_row, PROPERTY_SPAN),
    [20] = FIELD(last_row, PROPERTY_SPAN),
    [21] = FIELD(key_bytes, PROPERTY_U64),
    [22] = FIELD(value_bytes, PROPERTY_U64),
    [23] = FIELD(max_cell_bytes, PROPERTY_U64),
    [24] = FIELD(data_raw_bytes, PROPERTY_U64),
    [25] = FIELD(data_file_bytes, PROPERTY_U64),
    [26] = FIELD(index_file_bytes, PROPERTY_U64),
    [27] = FIELD(bloom_file_bytes, PROPERTY_U64),
    [28] = FIELD(data_block_count, PROPERTY_U64),
};

static const void *field(const struct sstable_properties *properties, unsigned number)
{
    return (const uint8_t *)properties + sstable_property_list[number].offset;
}

void sstable_properties_encode(
    const struct sstable_properties *properties, struct buffer *out_bytes)
{
    for (unsigned number = 1; number < SSTABLE_PROPERTY_COUNT; number++) {
        buffer_put_u8(out_bytes, (uint8_t)number);
        if (sstable_property_list[number].kind == PROPERTY_SPAN) {
            buffer_put_sized(out_bytes, *(const struct span *)field(properties, number));
            continue;
        }
        uint64_t value = sstable_property_list[number].kind == PROPERTY_U32
                             ? *(const uint32_t *)field(properties, number)
                             : *(const uint64_t *)field(properties, number);
        buffer_put_varint(out_bytes, sizeof value);
        buffer_put_u64(out_bytes, value);
    }
}

static bool property_set(struct sstable_properties *properties, unsigned number, struct span value)
{
    void *into = (uint8_t *)properties + sstable_property_list[number].offset;
    enum sstable_property_kind kind = sstable_property_list[number].kind;
    if (kind == PROPERTY_SPAN) {
        memcpy(into, &value, sizeof value);
        return value.size > 0;
    }
    if (value.size != sizeof(uint64_t))
        return false;
    uint64_t whole = load_u64(value.data);
    uint32_t half = (uint32_t)whole;
    if (kind == PROPERTY_U32)
        memcpy(into, &half, sizeof half);
    else
        memcpy(into, &whole, sizeof whole);
    return kind != PROPERTY_U32 || whole == half;
}

enum status sstable_properties_decode(
    struct span in, struct sstable_properties *out_properties, struct error *error)
{
    struct sstable_properties properties = *out_properties;
    unsigned next = 1;
    while (in.size > 0) {
        uint8_t number;
        struct span value;
        if (span_take_u8(&in, &number) || span_take_sized(&in, &value) || number < next)
            return error_set(
                error, STATUS_CORRUPT, "properties are malformed before number %u", next);
        if (number >= SSTABLE_PROPERTY_COUNT)
            break; /* a later writer's */
        if (number != next || !property_set(&properties, number, value))
            return error_set(error, STATUS_CORRUPT, "property %u (%s) is absent or malformed", next,
                sstable_property_list[next].name);
        next++;
    }
    if (next != SSTABLE_PROPERTY_COUNT)
        return error_set(error, STATUS_CORRUPT, "property %u (%s) is absent", next,
            sstable_property_list[next].name);
    if (!compression_is_known((unsigned)properties.compression) ||
        (unsigned)properties.bloom > BLOOM_ROW)
        return error_set(error, STATUS_CORRUPT, "properties name an unknown codec or filter");
    *out_properties = properties;
    return STATUS_OK;
}

void sstable_properties_count(
    struct sstable_properties *properties, const struct cell *cell, bool is_new_row)
{
    struct sstable_properties *p = properties;
    bool is_first = p->cell_count == 0;
    p->cell_count++;
    p->row_count += is_new_row;
    p->key_bytes += cell->row.size + cell->qualifier.size;
    p->value_bytes += cell->value.size + cell->tags.size;
    size_t size = cell_size(cell);
    if (size > p->max_cell_bytes)
        p->max_cell_bytes = size;
    if (is_first || cell->timestamp < p->min_timestamp)
        p->min_timestamp = cell->timestamp;
    if (is_first || cell->timestamp > p->max_timestamp)
        p->max_timestamp = cell->timestamp;
    if (is_first || cell->sequence < p->min_sequence)
        p->min_sequence = cell->sequence;
    if (is_first || cell->sequence > p->max_sequence)
        p->max_sequence = cell->sequence;
    if (cell_is_delete(cell)) {
        bool is_first_delete = p->delete_count++ == 0;
        if (cell->type == CELL_DELETE_FAMILY || cell->type == CELL_DELETE_FAMILY_VERSION)
            p->family_delete_count++;
        if (is_first_delete || cell->timestamp < p->min_delete_timestamp)
            p->min_delete_timestamp = cell->timestamp;
        if (is_first_delete || cell->timestamp > p->max_delete_timestamp)
            p->max_delete_timestamp = cell->timestamp;
    }
    int64_t ttl_ms;
    if (cell->tags.size > 0 && cell_ttl_ms(cell, &ttl_ms)) {
        int64_t expiry_ms;
        if (__builtin_add_overflow(cell->timestamp, ttl_ms, &expiry_ms))
            expiry_ms = ttl_ms > 0 ? INT64_MAX : INT64_MIN;
        bool is_first_ttl = p->cell_ttl_count++ == 0;
        if (is_first_ttl || expiry_ms < p->min_cell_expiry_ms)
            p->min_cell_expiry_ms = expiry_ms;
        if (is_first_ttl || expiry_ms > p->max_cell_expiry_ms)
            p->max_cell_expiry_ms = expiry_ms;
    }
}
