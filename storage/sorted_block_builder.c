#include "storage/sorted_block.h"
#include "storage/sorted_block_entry.h"

/* A restart point comes after that many bytes too, so that blocks of large cells keep several. */
#define RESTART_BYTES 512u

void sorted_block_builder_init(struct sorted_block_builder *builder, uint32_t restart_interval)
{
    *builder = (struct sorted_block_builder){.restart_interval = restart_interval};
}

void sorted_block_builder_deinit(struct sorted_block_builder *builder)
{
    if (!builder)
        return;
    buffer_deinit(&builder->bytes);
    buffer_deinit(&builder->restarts);
}

void sorted_block_builder_reset(struct sorted_block_builder *builder)
{
    buffer_reset(&builder->bytes);
    buffer_reset(&builder->restarts);
    builder->restart_count = 0;
    builder->cells = 0;
    builder->cells_since_restart = 0;
}

size_t sorted_block_builder_size(const struct sorted_block_builder *builder)
{
    return builder->bytes.size + builder->restarts.size;
}

static uint64_t zigzag(uint64_t difference)
{
    return difference << 1 ^ (0 - (difference >> 63));
}

static bool is_restart_due(const struct sorted_block_builder *builder)
{
    return builder->cells == 0 || builder->cells_since_restart >= builder->restart_interval ||
           builder->bytes.size - builder->restart_offset >= RESTART_BYTES;
}

static void begin_block(struct sorted_block_builder *builder, const struct cell *cell)
{
    builder->base_timestamp = cell->timestamp;
    builder->base_sequence = cell->sequence;
    buffer_put_u64(&builder->bytes, (uint64_t)cell->timestamp);
    buffer_put_u64(&builder->bytes, cell->sequence);
}

void sorted_block_builder_add(struct sorted_block_builder *builder, const struct cell *cell,
    const struct cell *previous, size_t shared_row, size_t shared_qualifier)
{
    if (builder->cells == 0)
        begin_block(builder, cell);
    unsigned flags = 0;
    if (is_restart_due(builder)) {
        builder->restart_offset = builder->bytes.size;
        builder->restart_count++;
        builder->cells_since_restart = 0;
        buffer_put_u32(&builder->restarts, (uint32_t)builder->bytes.size);
        shared_row = 0;
        shared_qualifier = 0;
    } else {
        if (shared_row == cell->row.size && shared_row == previous->row.size)
            flags |= ENTRY_SAME_ROW;
        if (shared_qualifier == cell->qualifier.size &&
            shared_qualifier == previous->qualifier.size)
            flags |= ENTRY_SAME_QUALIFIER;
        if (cell->timestamp == previous->timestamp)
            flags |= ENTRY_SAME_TIMESTAMP;
        if (cell->sequence == previous->sequence)
            flags |= ENTRY_SAME_SEQUENCE;
    }
    if (cell->type != CELL_PUT)
        flags |= ENTRY_HAS_TYPE;
    if (cell->tags.size > 0)
        flags |= ENTRY_HAS_TAGS;

    struct span row = span_slice(cell->row, shared_row, cell->row.size - shared_row);
    struct span qualifier = span_slice(
        cell->qualifier, shared_qualifier, cell->qualifier.size - shared_qualifier);
    uint8_t head[ENTRY_HEAD_MOST];
    size_t size = 0;
    head[size++] = (uint8_t)flags;
    if (!(flags & ENTRY_SAME_ROW)) {
        size += store_varint(head + size, shared_row);
        size += store_varint(head + size, row.size);
    }
    if (!(flags & ENTRY_SAME_QUALIFIER)) {
        size += store_varint(head + size, shared_qualifier);
        size += store_varint(head + size, qualifier.size);
    }
    if (!(flags & ENTRY_SAME_TIMESTAMP))
        size += store_varint(
            head + size, zigzag((uint64_t)cell->timestamp - (uint64_t)builder->base_timestamp));
    if (!(flags & ENTRY_SAME_SEQUENCE))
        size += store_varint(head + size, zigzag(cell->sequence - builder->base_sequence));
    if (flags & ENTRY_HAS_TYPE)
        head[size++] = cell->type;
    if (flags & ENTRY_HAS_TAGS)
        size += store_varint(head + size, cell->tags.size);
    size += store_varint(head + size, cell->value.size);

    size_t body = row.size + qualifier.size + cell->tags.size + cell->value.size;
    uint8_t *out = buffer_reserve(&builder->bytes, size + body);
    if (out) {
        const struct span parts[] = {
            span_make(head, size), row, qualifier, cell->tags, cell->value};
        for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
            if (parts[i].size > 0)
                memcpy(out, parts[i].data, parts[i].size);
            out += parts[i].size;
        }
        buffer_commit(&builder->bytes, size + body);
    }
    builder->cells++;
    builder->cells_since_restart++;
}

enum status sorted_block_builder_finish(struct sorted_block_builder *builder, struct span *out_raw)
{
    enum status status = buffer_status(&builder->restarts);
    if (status != STATUS_OK)
        return status;
    buffer_put(&builder->bytes, buffer_span(&builder->restarts));
    status = buffer_status(&builder->bytes);
    if (status == STATUS_OK)
        *out_raw = buffer_span(&builder->bytes);
    return status;
}
