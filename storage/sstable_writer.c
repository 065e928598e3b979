#include "storage/sstable.h"

#include "base/limits.h"
#include "base/memory.h"
#include "storage/bloom.h"
#include "storage/compress.h"
#include "storage/sorted_block.h"
#include "storage/sstable_format.h"

#define DATA_RESTART_INTERVAL  16u
#define INDEX_RESTART_INTERVAL 1u
#define INDEX_PART_BYTES       (16u << 10)
#define BLOOM_PART_ROWS        26214u /* 32 KiB of filter */
#define WRITE_BYTES            (256u << 10)
#define BLOCK_SIZE_DEFAULT     (16u << 10)

/* A copy of a key, for which the cells' own spans do not live long enough. */
struct kept_key {
    struct cell cell; /* row and qualifier point into `bytes`; no family, value, tags */
    struct buffer bytes;
};

struct sstable_writer {
    struct env *env;
    struct env_file *file;
    char *path;
    struct sstable_properties properties; /* spans: family and rows below */
    struct buffer family;
    struct buffer first_row;
    bool is_finished;

    struct buffer out;   /* sealed bytes not yet written */
    uint64_t out_offset; /* in the file, of the first of them */

    struct sorted_block_builder data;
    struct kept_key last;       /* the newest cell */
    struct kept_key data_start; /* separates the block being built from the one before */

    struct sorted_block_builder index;
    struct kept_key index_start; /* of the first entry of the part being built */
    struct sorted_block_builder top_index;

    uint64_t *row_hashes; /* of the bloom part being built; NULL = no filter */
    size_t row_hash_count;
    struct buffer bloom_row; /* first row of that part */
    struct buffer bloom_raw;
    struct sorted_block_builder top_bloom;
};

/* ---- Keys ---- */

static size_t shared_prefix(struct span a, struct span b)
{
    size_t size = a.size < b.size ? a.size : b.size;
    size_t i = 0;
    while (i + 8 <= size && memcmp(a.data + i, b.data + i, 8) == 0)
        i += 8;
    while (i < size && a.data[i] == b.data[i])
        i++;
    return i;
}

static void kept_key_set(struct kept_key *key, const struct cell *cell)
{
    buffer_reset(&key->bytes);
    buffer_put(&key->bytes, cell->row);
    buffer_put(&key->bytes, cell->qualifier);
    if (key->bytes.is_failed)
        return;
    key->cell = *cell;
    key->cell.row = span_make(key->bytes.data, cell->row.size);
    key->cell.qualifier = span_make(key->bytes.data + cell->row.size, cell->qualifier.size);
    key->cell.family = key->cell.value = key->cell.tags = SPAN_EMPTY;
}

/* Sets *key to the shortest that is above the newest cell and not above `cell`, which follows it.
 */
static void separate(struct sstable_writer *writer, const struct cell *cell, size_t shared_row,
    size_t shared_qualifier, struct kept_key *key)
{
    if (writer->properties.row_order != ROW_ORDER_BYTES) {
        kept_key_set(key, cell);
        return;
    }
    bool is_first = writer->properties.cell_count == 0;
    struct cell start = cell_probe_row(cell->row);
    if (is_first || shared_row < cell->row.size || shared_row < writer->last.cell.row.size) {
        if (!is_first)
            start.row.size = shared_row + 1;
    } else if (shared_qualifier < cell->qualifier.size) {
        start.qualifier = span_slice(cell->qualifier, 0, shared_qualifier + 1);
    } else {
        start = *cell;
    }
    kept_key_set(key, &start);
}

/* ---- Blocks on their way out ---- */

static enum status write_out(struct sstable_writer *writer, struct error *error)
{
    enum status status = env_file_write(
        writer->file, writer->out_offset, buffer_span(&writer->out), error);
    if (status == STATUS_OK) {
        writer->out_offset += writer->out.size;
        buffer_reset(&writer->out);
    }
    return status;
}

static enum status put_block(struct sstable_writer *writer, struct span raw, uint32_t restart_count,
    enum block_kind kind, struct block_handle *out_handle, struct error *error)
{
    bool is_packed = kind != BLOCK_BLOOM && kind != BLOCK_PROPERTIES;
    struct block_handle handle = {.offset = writer->out_offset + writer->out.size};
    enum status status = block_seal(raw, restart_count, kind,
        is_packed ? writer->properties.compression : COMPRESSION_NONE, writer->properties.identity,
        handle.offset, &writer->out);
    if (status != STATUS_OK)
        return error_set(error, status, "%s: %s block of %zu bytes", writer->path,
            block_kind_name(kind), raw.size);
    handle.size = (uint32_t)(writer->out_offset + writer->out.size - handle.offset);
    *out_handle = handle;
    return writer->out.size >= WRITE_BYTES ? write_out(writer, error) : STATUS_OK;
}

static enum status put_cells(struct sstable_writer *writer, struct sorted_block_builder *builder,
    enum block_kind kind, struct block_handle *out_handle, struct error *error)
{
    struct span raw = SPAN_EMPTY;
    enum status status = sorted_block_builder_finish(builder, &raw);
    if (status != STATUS_OK)
        return error_set(error, status, "%s: no memory for a block", writer->path);
    status = put_block(writer, raw, builder->restart_count, kind, out_handle, error);
    sorted_block_builder_reset(builder);
    return status;
}

/* An index entry: from `start` on, look into the block of `handle`. */
static void put_entry(
    struct sorted_block_builder *builder, const struct cell *start, struct block_handle handle)
{
    uint8_t value[BLOCK_HANDLE_MOST];
    struct cell entry = *start;
    entry.value = span_make(value, block_handle_encode(handle, value));
    sorted_block_builder_add(builder, &entry, NULL, 0, 0);
}

static enum status end_index_part(struct sstable_writer *writer, struct error *error)
{
    if (writer->index.cells == 0)
        return STATUS_OK;
    struct block_handle handle;
    enum status status = put_cells(writer, &writer->index, BLOCK_INDEX, &handle, error);
    if (status != STATUS_OK)
        return status;
    writer->properties.index_file_bytes += handle.size;
    put_entry(&writer->top_index, &writer->index_start.cell, handle);
    return STATUS_OK;
}

static enum status end_data_block(struct sstable_writer *writer, struct error *error)
{
    if (writer->data.cells == 0)
        return STATUS_OK;
    size_t raw_size = sorted_block_builder_size(&writer->data);
    struct block_handle handle;
    enum status status = put_cells(writer, &writer->data, BLOCK_DATA, &handle, error);
    if (status != STATUS_OK)
        return status;
    writer->properties.data_block_count++;
    writer->properties.data_raw_bytes += raw_size;
    writer->properties.data_file_bytes += handle.size;
    if (writer->index.cells == 0)
        kept_key_set(&writer->index_start, &writer->data_start.cell);
    put_entry(&writer->index, &writer->data_start.cell, handle);
    if (sorted_block_builder_size(&writer->index) >= INDEX_PART_BYTES)
        return end_index_part(writer, error);
    return STATUS_OK;
}

static enum status end_bloom_part(struct sstable_writer *writer, struct error *error)
{
    if (writer->row_hash_count == 0)
        return STATUS_OK;
    size_t size = bloom_size(writer->row_hash_count);
    buffer_reset(&writer->bloom_raw);
    uint8_t *filter = buffer_reserve(&writer->bloom_raw, size);
    if (!filter)
        return error_set(error, STATUS_NO_MEMORY, "%s: no memory for a filter", writer->path);
    bloom_build(writer->row_hashes, writer->row_hash_count, filter);
    struct block_handle handle;
    enum status status = put_block(writer, span_make(filter, size), 0, BLOCK_BLOOM, &handle, error);
    if (status != STATUS_OK)
        return status;
    writer->properties.bloom_file_bytes += handle.size;
    struct cell start = cell_probe_row(buffer_span(&writer->bloom_row));
    put_entry(&writer->top_bloom, &start, handle);
    writer->row_hash_count = 0;
    return STATUS_OK;
}

static enum status add_row_hash(struct sstable_writer *writer, struct span row, struct error *error)
{
    if (writer->row_hash_count == BLOOM_PART_ROWS) {
        enum status status = end_bloom_part(writer, error);
        if (status != STATUS_OK)
            return status;
    }
    if (writer->row_hash_count == 0) {
        buffer_reset(&writer->bloom_row);
        buffer_put(&writer->bloom_row, row);
    }
    writer->row_hashes[writer->row_hash_count++] = bloom_hash(row);
    return STATUS_OK;
}

/* ---- Cells ---- */

static enum status check_cell(const struct sstable_writer *writer, const struct cell *cell,
    size_t shared_row, size_t shared_qualifier, bool is_same_row, struct error *error)
{
    if (cell->row.size == 0 || cell->row.size > LIMIT_ROW_SIZE)
        return error_set(
            error, STATUS_INVALID, "%s: row of %zu bytes", writer->path, cell->row.size);
    if (!span_equal(cell->family, writer->properties.family))
        return error_set(error, STATUS_INVALID, "%s: cell of another family", writer->path);
    if (cell->qualifier.size + cell->value.size + cell->tags.size > LIMIT_BLOCK_SIZE / 2)
        return error_set(error, STATUS_LIMIT, "%s: cell of %zu bytes", writer->path,
            cell->qualifier.size + cell->value.size + cell->tags.size);
    if (writer->properties.cell_count == 0)
        return STATUS_OK;
    const struct cell *last = &writer->last.cell;
    bool is_rising;
    if (!is_same_row)
        is_rising = writer->properties.row_order != ROW_ORDER_BYTES
                        ? row_compare(writer->properties.row_order, last->row, cell->row) < 0
                        : shared_row < cell->row.size &&
                              (shared_row == last->row.size ||
                                  last->row.data[shared_row] < cell->row.data[shared_row]);
    else if (shared_qualifier < cell->qualifier.size || shared_qualifier < last->qualifier.size)
        is_rising = shared_qualifier < cell->qualifier.size &&
                    (shared_qualifier == last->qualifier.size ||
                        last->qualifier.data[shared_qualifier] <
                            cell->qualifier.data[shared_qualifier]);
    else if (cell->timestamp != last->timestamp)
        is_rising = cell->timestamp < last->timestamp;
    else if (cell->type != last->type)
        is_rising = cell->type < last->type;
    else
        is_rising = cell->sequence < last->sequence;
    return is_rising ? STATUS_OK
                     : error_set(error, STATUS_INVALID, "%s: cells are out of order at cell %llu",
                           writer->path, (unsigned long long)writer->properties.cell_count);
}

/* A block is cut when it has reached its target, or when the next cell would take it far over. */
static bool is_block_full(const struct sstable_writer *writer, const struct cell *cell)
{
    size_t target = writer->properties.block_size_bytes;
    size_t size = sorted_block_builder_size(&writer->data);
    return writer->data.cells > 0 &&
           (size >= target ||
               size + cell->row.size + cell->qualifier.size + cell->tags.size + cell->value.size >
                   target + target / 4);
}

/* The newest key, reusing what it shares with the one before. */
static void keep_last(
    struct kept_key *last, const struct cell *cell, bool is_same_row, size_t shared_qualifier)
{
    if (!is_same_row || !last->bytes.data) {
        kept_key_set(last, cell);
        return;
    }
    last->bytes.size = cell->row.size + shared_qualifier;
    buffer_put(&last->bytes,
        span_slice(cell->qualifier, shared_qualifier, cell->qualifier.size - shared_qualifier));
    if (last->bytes.is_failed)
        return;
    last->cell.row.data = last->bytes.data;
    last->cell.qualifier = span_make(last->bytes.data + cell->row.size, cell->qualifier.size);
    last->cell.timestamp = cell->timestamp;
    last->cell.sequence = cell->sequence;
    last->cell.type = cell->type;
}

/* A kept key that could not be kept would make a wrong file. */
static enum status check_memory(const struct sstable_writer *writer, struct error *error)
{
    bool is_failed = writer->last.bytes.is_failed || writer->data_start.bytes.is_failed ||
                     writer->index_start.bytes.is_failed || writer->bloom_row.is_failed ||
                     writer->first_row.is_failed;
    return is_failed ? error_set(error, STATUS_NO_MEMORY, "%s: no memory for a key", writer->path)
                     : STATUS_OK;
}

enum status sstable_writer_add(
    struct sstable_writer *writer, const struct cell *cell, struct error *error)
{
    const struct cell *last = &writer->last.cell;
    bool is_first = writer->properties.cell_count == 0;
    size_t shared_row = is_first ? 0 : shared_prefix(cell->row, last->row);
    size_t shared_qualifier = is_first ? 0 : shared_prefix(cell->qualifier, last->qualifier);
    bool is_same_row = !is_first && shared_row == cell->row.size && shared_row == last->row.size;
    enum status status = check_cell(writer, cell, shared_row, shared_qualifier, is_same_row, error);
    if (status != STATUS_OK)
        return status;
    if (is_block_full(writer, cell)) {
        status = end_data_block(writer, error);
        if (status != STATUS_OK)
            return status;
    }
    if (!is_same_row && writer->row_hashes) {
        status = add_row_hash(writer, cell->row, error);
        if (status != STATUS_OK)
            return status;
    }
    if (writer->data.cells == 0)
        separate(writer, cell, shared_row, shared_qualifier, &writer->data_start);
    sorted_block_builder_add(&writer->data, cell, last, shared_row, shared_qualifier);
    sstable_properties_count(&writer->properties, cell, !is_same_row);
    if (is_first)
        buffer_put(&writer->first_row, cell->row);
    keep_last(&writer->last, cell, is_same_row, shared_qualifier);
    return check_memory(writer, error);
}

uint64_t sstable_writer_size(const struct sstable_writer *writer)
{
    return writer->out_offset + writer->out.size + sorted_block_builder_size(&writer->data) +
           sorted_block_builder_size(&writer->index) +
           sorted_block_builder_size(&writer->top_index) + bloom_size(writer->row_hash_count);
}

uint64_t sstable_writer_cell_count(const struct sstable_writer *writer)
{
    return writer->properties.cell_count;
}

/* ---- Life ---- */

static enum status put_tail(struct sstable_writer *writer, struct error *error)
{
    struct sstable_properties *properties = &writer->properties;
    struct sstable_footer footer = {.identity = properties->identity,
        .row_order = properties->row_order,
        .version = SSTABLE_FORMAT_VERSION};
    enum status status = put_cells(
        writer, &writer->top_index, BLOCK_TOP_INDEX, &footer.top_index, error);
    if (status != STATUS_OK)
        return status;
    properties->index_file_bytes += footer.top_index.size;
    if (writer->row_hashes) {
        status = put_cells(writer, &writer->top_bloom, BLOCK_TOP_BLOOM, &footer.top_bloom, error);
        if (status != STATUS_OK)
            return status;
        properties->bloom_file_bytes += footer.top_bloom.size;
    }
    properties->first_row = buffer_span(&writer->first_row);
    properties->last_row = writer->last.cell.row;
    struct buffer bytes = {0};
    sstable_properties_encode(properties, &bytes);
    status = buffer_status(&bytes);
    if (status == STATUS_OK)
        status = put_block(
            writer, buffer_span(&bytes), 0, BLOCK_PROPERTIES, &footer.properties, error);
    else
        error_set(error, status, "%s: no memory for properties", writer->path);
    buffer_deinit(&bytes);
    if (status != STATUS_OK)
        return status;
    uint8_t encoded[SSTABLE_FOOTER_SIZE];
    sstable_footer_encode(&footer, writer->out_offset + writer->out.size, encoded);
    buffer_put(&writer->out, span_make(encoded, sizeof encoded));
    status = buffer_status(&writer->out);
    if (status != STATUS_OK)
        return error_set(error, status, "%s: no memory for a footer", writer->path);
    return write_out(writer, error);
}

enum status sstable_writer_finish(
    struct sstable_writer *writer, struct sstable_properties *out_properties, struct error *error)
{
    if (writer->properties.cell_count == 0 || writer->is_finished)
        return error_set(error, STATUS_INVALID, "%s: %s", writer->path,
            writer->is_finished ? "is finished already" : "holds no cells");
    enum status status = end_data_block(writer, error);
    if (status == STATUS_OK)
        status = check_memory(writer, error);
    if (status == STATUS_OK)
        status = end_index_part(writer, error);
    if (status == STATUS_OK)
        status = end_bloom_part(writer, error);
    if (status == STATUS_OK)
        status = put_tail(writer, error);
    if (status == STATUS_OK)
        status = env_file_sync(writer->file, error);
    if (status != STATUS_OK)
        return status;
    writer->is_finished = true;
    writer->properties.file_bytes = writer->out_offset;
    *out_properties = writer->properties;
    return STATUS_OK;
}

enum status sstable_writer_new(struct env *env, const char *path,
    const struct sstable_writer_options *options, struct sstable_writer **out_writer,
    struct error *error)
{
    struct sstable_writer *writer = memory_allocate_zeroed(1, sizeof *writer);
    if (!writer)
        return error_set(error, STATUS_NO_MEMORY, "%s: no memory for a writer", path);
    writer->env = env;
    writer->path = memory_duplicate_string(path);
    buffer_put(&writer->family, options->family);
    if (options->bloom != BLOOM_NONE)
        writer->row_hashes = memory_allocate(BLOOM_PART_ROWS * sizeof *writer->row_hashes);
    sorted_block_builder_init(&writer->data, DATA_RESTART_INTERVAL);
    sorted_block_builder_init(&writer->index, INDEX_RESTART_INTERVAL);
    sorted_block_builder_init(&writer->top_index, INDEX_RESTART_INTERVAL);
    sorted_block_builder_init(&writer->top_bloom, INDEX_RESTART_INTERVAL);
    struct sstable_properties *properties = &writer->properties;
    properties->row_order = options->row_order;
    properties->compression = options->compression;
    properties->bloom = options->bloom == BLOOM_NONE ? BLOOM_NONE : BLOOM_ROW;
    properties->block_size_bytes = options->block_size_bytes ? options->block_size_bytes
                                                             : BLOCK_SIZE_DEFAULT;
    if (properties->block_size_bytes > LIMIT_BLOCK_SIZE / 4)
        properties->block_size_bytes = LIMIT_BLOCK_SIZE / 4;
    properties->family = buffer_span(&writer->family);
    properties->created_ms = (uint64_t)env_wall_ms(env);
    properties->identity = options->identity;
    while (properties->identity == 0)
        properties->identity = env_random_u64(env);

    enum status status = STATUS_OK;
    if (options->family.size == 0 || options->family.size > LIMIT_FAMILY_SIZE ||
        !compression_is_known((unsigned)options->compression))
        status = error_set(error, STATUS_INVALID, "%s: bad family or codec", path);
    else if (!writer->path || writer->family.is_failed ||
             (options->bloom != BLOOM_NONE && !writer->row_hashes))
        status = error_set(error, STATUS_NO_MEMORY, "%s: no memory for a writer", path);
    else
        status = env_file_open(
            env, path, ENV_WRITE | ENV_CREATE | ENV_EXCLUSIVE, 0644, &writer->file, error);
    if (status != STATUS_OK) {
        sstable_writer_free(writer);
        return status;
    }
    *out_writer = writer;
    return STATUS_OK;
}

void sstable_writer_discard(struct sstable_writer *writer)
{
    if (!writer)
        return;
    env_file_close(writer->file);
    writer->file = NULL;
    env_path_remove(writer->env, writer->path, NULL); /* left over, the collector finds it */
    sstable_writer_free(writer);
}

void sstable_writer_free(struct sstable_writer *writer)
{
    if (!writer)
        return;
    env_file_close(writer->file);
    buffer_deinit(&writer->family);
    buffer_deinit(&writer->first_row);
    buffer_deinit(&writer->out);
    buffer_deinit(&writer->last.bytes);
    buffer_deinit(&writer->data_start.bytes);
    buffer_deinit(&writer->index_start.bytes);
    buffer_deinit(&writer->bloom_row);
    buffer_deinit(&writer->bloom_raw);
    sorted_block_builder_deinit(&writer->data);
    sorted_block_builder_deinit(&writer->index);
    sorted_block_builder_deinit(&writer->top_index);
    sorted_block_builder_deinit(&writer->top_bloom);
    memory_free(writer->row_hashes);
    memory_free(writer->path);
    memory_free(writer);
}
