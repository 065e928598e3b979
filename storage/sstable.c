#include "storage/sstable.h"

#include <inttypes.h>

#include "base/limits.h"
#include "base/memory.h"
#include "storage/bloom.h"
#include "storage/sstable_table.h"
#include "storage/storage.h"

#define TAIL_BYTES 8192u /* read at once at open: usually footer, properties and both tops */

/* ---- Blocks ---- */

static bool is_of_cells(enum block_kind kind)
{
    return kind != BLOCK_BLOOM && kind != BLOCK_PROPERTIES;
}

static enum status block_fail(const struct sstable *table, struct block_handle handle,
    enum block_kind kind, enum status status, struct error *error)
{
    return error_prefix(error, status, "%s: %s block at offset %" PRIu64, table->path,
        block_kind_name(kind), handle.offset);
}

/* Checks stored bytes and makes of them the block that readers see, in memory that `reserve` gives.
 */
static enum status block_load(const struct sstable *table, struct span stored,
    struct block_handle handle, enum block_kind kind, bool is_kept, struct block_pin *out_pin,
    struct error *error)
{
    struct block_trailer trailer;
    struct block_pin pin = {0};
    enum status status = block_check(
        stored, kind, table->footer.identity, handle.offset, &trailer, error);
    if (status != STATUS_OK)
        return status;
    if (is_of_cells(kind) && trailer.restart_count > trailer.raw_size / sizeof(uint32_t))
        return error_set(error, STATUS_CORRUPT, "block of %u bytes with %u restart points",
            trailer.raw_size, trailer.restart_count);
    size_t front = is_of_cells(kind) ? sorted_block_front_size(trailer.restart_count) : 0;
    size_t size = front + trailer.raw_size;
    status = block_cache_reserve(
        table->cache, table->footer.identity, handle.offset, size, is_kept, &pin);
    if (status != STATUS_OK)
        return error_set(error, status, "no memory for %zu bytes", size);
    status = block_unpack(stored, &trailer, pin.data + front, error);
    if (status == STATUS_OK && is_of_cells(kind))
        status = sorted_block_prepare(
            pin.data, trailer.raw_size, trailer.restart_count, table->footer.row_order, error);
    if (status == STATUS_OK && kind == BLOCK_BLOOM &&
        (trailer.raw_size == 0 || trailer.raw_size % BLOOM_LINE_BYTES != 0))
        status = error_set(error, STATUS_CORRUPT, "filter of %u bytes", trailer.raw_size);
    if (status != STATUS_OK) {
        block_unpin(&pin);
        return status;
    }
    if (is_kept)
        block_cache_publish(table->cache, table->footer.identity, handle.offset, &pin);
    *out_pin = pin;
    return STATUS_OK;
}

/* The stored bytes out of the read-ahead buffer, filling it from the block on when they are not
 * there. */
static enum status read_ahead_take(const struct sstable *table, struct block_handle handle,
    struct read_ahead *ahead, struct span *out_stored, struct error *error)
{
    uint64_t end = ahead->offset + ahead->bytes.size;
    if (handle.offset < ahead->offset || handle.offset + handle.size > end) {
        uint64_t left = table->properties.file_bytes - handle.offset;
        size_t size = ahead->size_wanted > handle.size ? ahead->size_wanted : handle.size;
        if (size > left)
            size = (size_t)left;
        buffer_reset(&ahead->bytes);
        ahead->offset = handle.offset;
        uint8_t *bytes = buffer_reserve(&ahead->bytes, size);
        if (!bytes)
            return error_set(error, STATUS_NO_MEMORY, "no memory to read ahead");
        enum status status = env_file_read_exact(table->file, handle.offset, bytes, size, error);
        if (status != STATUS_OK)
            return status;
        buffer_commit(&ahead->bytes, size);
    }
    *out_stored = span_make(ahead->bytes.data + (handle.offset - ahead->offset), handle.size);
    return STATUS_OK;
}

static enum status read_stored(const struct sstable *table, struct block_handle handle,
    bool may_block, uint8_t *bytes, struct error *error)
{
    if (may_block)
        return env_file_read_exact(table->file, handle.offset, bytes, handle.size, error);
    size_t size = 0;
    enum status status = env_file_read_cached(
        table->file, handle.offset, bytes, handle.size, &size, error);
    if (status == STATUS_OK && size < handle.size)
        return STATUS_WOULD_BLOCK; /* the rest is on disk, or the file is too short: the worker will
                                      see */
    return status;
}

enum status sstable_read_block(struct sstable *table, struct block_handle handle,
    enum block_kind kind, const struct block_read *how, struct block_pin *out_pin,
    struct error *error)
{
    if (how->is_cache_used &&
        block_cache_get(table->cache, table->footer.identity, handle.offset, out_pin)) {
        if (how->places)
            how->places->cache_bytes += out_pin->size;
        return STATUS_OK;
    }
    uint64_t begun_ns = how->places ? env_monotonic_ns(table->env) : 0;
    struct span stored = SPAN_EMPTY;
    uint8_t *bytes = NULL;
    enum status status;
    if (how->ahead) {
        status = read_ahead_take(table, handle, how->ahead, &stored, error);
    } else {
        bytes = memory_allocate(handle.size);
        stored = span_make(bytes, handle.size);
        status = bytes ? read_stored(table, handle, how->may_block, bytes, error)
                       : error_set(error, STATUS_NO_MEMORY, "no memory for %u bytes", handle.size);
    }
    if (status == STATUS_OK && how->places) {
        how->places->file_reads++;
        how->places->file_bytes += handle.size;
        how->places->file_ns += env_monotonic_ns(table->env) - begun_ns;
    }
    if (status == STATUS_OK)
        status = block_load(table, stored, handle, kind, how->is_cache_fill, out_pin, error);
    memory_free(bytes);
    if (status != STATUS_OK && status != STATUS_WOULD_BLOCK)
        return block_fail(table, handle, kind, status, error);
    return status;
}

enum status sstable_index_handle(const struct sstable *table, const struct cell *entry,
    struct block_handle *out_handle, struct error *error)
{
    enum status status = block_handle_decode(
        entry->value, table->properties.file_bytes - SSTABLE_FOOTER_SIZE, out_handle, error);
    if (status == STATUS_OK && out_handle->size > 2u * LIMIT_BLOCK_SIZE)
        status = error_set(
            error, STATUS_CORRUPT, "an index entry claims %u bytes", out_handle->size);
    return status == STATUS_OK ? status : error_prefix(error, status, "%s", table->path);
}

enum status sstable_cursor_failure(const struct sstable *table, enum cursor_answer answer,
    uint64_t block_offset, struct error *error)
{
    if (answer == CURSOR_NO_MEMORY)
        return error_set(error, STATUS_NO_MEMORY, "%s: no memory for a key", table->path);
    return error_set(error, STATUS_CORRUPT, "%s: block at offset %" PRIu64 " has a malformed entry",
        table->path, block_offset);
}

/* ---- Opening ---- */

/* The last bytes of the file. */
struct tail {
    struct buffer bytes;
    uint64_t offset;
};

/* Stored bytes of a block: out of the tail where it reaches, read into *scratch otherwise. */
static enum status tail_block(const struct sstable *table, const struct tail *tail,
    struct block_handle handle, struct buffer *scratch, struct span *out_stored,
    struct error *error)
{
    if (handle.offset >= tail->offset) {
        *out_stored = span_make(tail->bytes.data + (handle.offset - tail->offset), handle.size);
        return STATUS_OK;
    }
    if (handle.size > 2u * LIMIT_BLOCK_SIZE)
        return error_set(error, STATUS_CORRUPT, "footer claims a block of %u bytes", handle.size);
    buffer_reset(scratch);
    uint8_t *bytes = buffer_reserve(scratch, handle.size);
    if (!bytes)
        return error_set(error, STATUS_NO_MEMORY, "no memory for %u bytes", handle.size);
    *out_stored = span_make(bytes, handle.size);
    return env_file_read_exact(table->file, handle.offset, bytes, handle.size, error);
}

/* Loads one of the blocks that stay in memory while the file is open. */
static enum status load_resident(struct sstable *table, const struct tail *tail,
    struct block_handle handle, enum block_kind kind, struct block_pin *out_pin,
    struct error *error)
{
    struct buffer scratch = {0};
    struct span stored = SPAN_EMPTY;
    table->failed_offset = handle.offset;
    enum status status = tail_block(table, tail, handle, &scratch, &stored, error);
    if (status == STATUS_OK)
        status = block_load(table, stored, handle, kind, false, out_pin, error);
    buffer_deinit(&scratch);
    return status == STATUS_OK ? status : block_fail(table, handle, kind, status, error);
}

static enum status read_tail(struct sstable *table, struct tail *tail, struct error *error)
{
    struct env_stat stat;
    enum status status = env_file_stat(table->file, &stat, error);
    if (status != STATUS_OK)
        return status;
    if (stat.size < SSTABLE_FOOTER_SIZE)
        return error_set(error, STATUS_CORRUPT,
            "%s: is no SSTable or was cut off: it has %" PRIu64 " bytes", table->path, stat.size);
    table->properties.file_bytes = stat.size;
    table->failed_offset = stat.size - SSTABLE_FOOTER_SIZE;
    size_t size = stat.size < TAIL_BYTES ? (size_t)stat.size : TAIL_BYTES;
    tail->offset = stat.size - size;
    uint8_t *bytes = buffer_reserve(&tail->bytes, size);
    if (!bytes)
        return error_set(error, STATUS_NO_MEMORY, "%s: no memory to open", table->path);
    buffer_commit(&tail->bytes, size);
    status = env_file_read_exact(table->file, tail->offset, bytes, size, error);
    if (status != STATUS_OK)
        return error_prefix(error, status, "%s: read the tail", table->path);
    struct span footer = span_slice(
        buffer_span(&tail->bytes), size - SSTABLE_FOOTER_SIZE, SSTABLE_FOOTER_SIZE);
    status = sstable_footer_decode(footer, stat.size - SSTABLE_FOOTER_SIZE, &table->footer, error);
    return status == STATUS_OK ? status : error_prefix(error, status, "%s", table->path);
}

static enum status open_table(
    struct sstable *table, struct env *env, uint64_t identity, struct error *error)
{
    struct tail tail = {0};
    enum status status = env_file_open(env, table->path, ENV_READ, 0, &table->file, error);
    if (status != STATUS_OK)
        return status;
    status = read_tail(table, &tail, error);
    if (status != STATUS_OK)
        goto done;
    const struct sstable_footer *footer = &table->footer;
    if (identity != 0 && identity != footer->identity) {
        status = error_set(error, STATUS_CORRUPT,
            "%s: is another file: identity %016" PRIx64 ", expected %016" PRIx64, table->path,
            footer->identity, identity);
        goto done;
    }
    status = load_resident(
        table, &tail, footer->properties, BLOCK_PROPERTIES, &table->properties_block, error);
    if (status != STATUS_OK)
        goto done;
    status = sstable_properties_decode(
        span_make(table->properties_block.data, table->properties_block.size), &table->properties,
        error);
    if (status != STATUS_OK) {
        error_prefix(error, status, "%s", table->path);
        goto done;
    }
    table->properties.identity = footer->identity;
    table->properties.row_order = footer->row_order;
    status = load_resident(
        table, &tail, footer->top_index, BLOCK_TOP_INDEX, &table->top_index, error);
    if (status != STATUS_OK || footer->top_bloom.size == 0)
        goto done;
    status = load_resident(
        table, &tail, footer->top_bloom, BLOCK_TOP_BLOOM, &table->top_bloom, error);
done:
    buffer_deinit(&tail.bytes);
    return status;
}

static void table_free(struct sstable *table)
{
    sstable_iterator_free(atomic_load(&table->spare));
    env_file_close(table->file);
    block_unpin(&table->properties_block);
    block_unpin(&table->top_index);
    block_unpin(&table->top_bloom);
    memory_free(table->path);
    memory_free(table);
}

enum status sstable_open_telling(struct env *env, const char *path, uint64_t identity,
    struct block_cache *cache, struct sstable **out_table, uint64_t *out_offset,
    struct error *error)
{
    struct sstable *table = memory_allocate_zeroed(1, sizeof *table);
    char *copy = memory_duplicate_string(path);
    if (!table || !copy) {
        memory_free(table);
        memory_free(copy);
        return error_set(error, STATUS_NO_MEMORY, "%s: no memory to open", path);
    }
    atomic_init(&table->references, 1);
    table->path = copy;
    table->env = env;
    table->cache = cache;
    enum status status = open_table(table, env, identity, error);
    if (status != STATUS_OK) {
        if (out_offset)
            *out_offset = table->failed_offset;
        table_free(table);
        return status;
    }
    *out_table = table;
    return STATUS_OK;
}

enum status sstable_open(struct env *env, const char *path, uint64_t identity,
    struct block_cache *cache, struct sstable **out_table, struct error *error)
{
    return sstable_open_telling(env, path, identity, cache, out_table, NULL, error);
}

struct sstable *sstable_ref(struct sstable *table)
{
    atomic_fetch_add_explicit(&table->references, 1, memory_order_relaxed);
    return table;
}

void sstable_unref(struct sstable *table)
{
    if (table && atomic_fetch_sub_explicit(&table->references, 1, memory_order_acq_rel) == 1)
        table_free(table);
}

/* ---- Answers without an iterator ---- */

const struct sstable_properties *sstable_get_properties(const struct sstable *table)
{
    return &table->properties;
}

const char *sstable_path(const struct sstable *table)
{
    return table->path;
}

bool sstable_overlaps_time(const struct sstable *table, struct time_range range)
{
    const struct sstable_properties *properties = &table->properties;
    if (properties->max_timestamp < range.from)
        return false;
    if (properties->min_timestamp < range.to || range.to == INT64_MAX)
        return true;
    return properties->delete_count > 0 && properties->max_delete_timestamp >= range.from;
}

enum status sstable_may_contain_row(struct sstable *table, struct span row, bool may_block,
    bool *out_may_contain, struct error *error)
{
    enum row_order order = table->footer.row_order;
    if (row_compare(order, row, table->properties.first_row) < 0 ||
        row_compare(order, row, table->properties.last_row) > 0) {
        *out_may_contain = false;
        return STATUS_OK;
    }
    *out_may_contain = true;
    if (!table->top_bloom.data)
        return STATUS_OK;
    struct cell entry = {0};
    struct cell_cursor cursor;
    struct cell probe = cell_probe_row(row);
    struct cell_probe key = cell_probe_of(order, table->properties.family, &probe);
    cell_cursor_init(&cursor, &entry);
    cell_cursor_set(&cursor, table->top_bloom.data);
    enum cursor_answer answer = cell_cursor_seek_last(&cursor, &key, true);
    cell_cursor_deinit(&cursor);
    if (answer == CURSOR_END)
        return STATUS_OK; /* before the first part: impossible in a sound file, and harmless */
    if (answer != CURSOR_CELL)
        return sstable_cursor_failure(table, answer, table->footer.top_bloom.offset, error);
    struct block_handle handle;
    struct block_pin pin = {0};
    enum status status = sstable_index_handle(table, &entry, &handle, error);
    if (status != STATUS_OK)
        return status;
    struct block_read how = {.may_block = may_block, .is_cache_used = true, .is_cache_fill = true};
    status = sstable_read_block(table, handle, BLOCK_BLOOM, &how, &pin, error);
    if (status != STATUS_OK)
        return status;
    *out_may_contain = bloom_may_contain(span_make(pin.data, pin.size), bloom_hash(row));
    block_unpin(&pin);
    return STATUS_OK;
}
