/* Cells: order, sizes and tags (cell.h is the contract). */
#include "model/cell.h"

#include "base/limits.h"

/* The three parts of a row of hbase:meta: table, start key, and id; absent parts say so. */
struct meta_row {
    struct span table;
    struct span start_key;
    struct span id;
    bool has_start_key;
    bool has_id;
};

static struct meta_row meta_row_split(struct span row)
{
    struct meta_row parts = {.table = row};
    size_t comma = span_find(row, ',');
    if (comma == SIZE_MAX)
        return parts;
    parts.table = span_make(row.data, comma);
    parts.has_start_key = true;
    parts.start_key = span_make(row.data + comma + 1, row.size - comma - 1);
    comma = span_find_last(parts.start_key, ',');
    if (comma == SIZE_MAX)
        return parts;
    parts.has_id = true;
    parts.id = span_make(parts.start_key.data + comma + 1, parts.start_key.size - comma - 1);
    parts.start_key.size = comma;
    return parts;
}

static int meta_row_compare(struct span a, struct span b)
{
    struct meta_row left = meta_row_split(a);
    struct meta_row right = meta_row_split(b);
    int order = span_compare(left.table, right.table);
    if (order || !left.has_start_key || !right.has_start_key)
        return order ? order : left.has_start_key - right.has_start_key;
    order = span_compare(left.start_key, right.start_key);
    if (order || !left.has_id || !right.has_id)
        return order ? order : left.has_id - right.has_id;
    return span_compare(left.id, right.id);
}

int row_compare(enum row_order order, struct span a, struct span b)
{
    return order == ROW_ORDER_META ? meta_row_compare(a, b) : span_compare(a, b);
}

static bool cell_is_last_on_row(const struct cell *cell)
{
    return cell->type == CELL_MINIMUM && cell->family.size == 0 && cell->qualifier.size == 0;
}

int cell_compare_column(const struct cell *a, const struct cell *b)
{
    int order = span_compare(a->family, b->family);
    return order ? order : span_compare(a->qualifier, b->qualifier);
}

int cell_compare(enum row_order order, const struct cell *a, const struct cell *b)
{
    int result = row_compare(order, a->row, b->row);
    if (result)
        return result;
    result = cell_is_last_on_row(a) - cell_is_last_on_row(b);
    if (result)
        return result;
    result = cell_compare_column(a, b);
    if (result)
        return result;
    if (a->timestamp != b->timestamp)
        return a->timestamp > b->timestamp ? -1 : 1;
    if (a->type != b->type)
        return a->type > b->type ? -1 : 1;
    if (a->sequence != b->sequence)
        return a->sequence > b->sequence ? -1 : 1;
    return 0;
}

bool cell_is_delete(const struct cell *cell)
{
    switch (cell->type) {
    case CELL_DELETE:
    case CELL_DELETE_FAMILY_VERSION:
    case CELL_DELETE_COLUMN:
    case CELL_DELETE_FAMILY:
        return true;
    default:
        return false;
    }
}

size_t cell_encoded_size(const struct cell *cell)
{
    return 8 + 12 + cell->row.size + cell->family.size + cell->qualifier.size + cell->value.size +
           (cell->tags.size ? 2 + cell->tags.size : 0);
}

size_t cell_size(const struct cell *cell)
{
    return 4 + cell_encoded_size(cell);
}

/* Takes one tag from the front of `tags`; true when there is none or it is malformed. */
static bool tags_take(struct span *tags, uint8_t *out_type, struct span *out_payload)
{
    struct span rest = *tags;
    uint16_t size;
    if (span_take_be16(&rest, &size) || size == 0 || span_take_u8(&rest, out_type) ||
        span_take_bytes(&rest, size - 1u, out_payload))
        return true;
    *tags = rest;
    return false;
}

bool cell_find_tag(const struct cell *cell, enum cell_tag type, struct span *out_payload)
{
    struct span tags = cell->tags;
    struct span payload;
    uint8_t found;
    while (tags.size && !tags_take(&tags, &found, &payload)) {
        if (found == type) {
            *out_payload = payload;
            return true;
        }
    }
    return false;
}

bool cell_ttl_ms(const struct cell *cell, int64_t *out_ttl_ms)
{
    struct span payload;
    if (!cell_find_tag(cell, CELL_TAG_TTL, &payload) || payload.size != 8)
        return false;
    *out_ttl_ms = (int64_t)load_be64(payload.data);
    return true;
}

bool cell_tags_are_valid(struct span tags)
{
    struct span payload;
    uint8_t type;
    while (tags.size) {
        if (tags_take(&tags, &type, &payload))
            return false;
    }
    return true;
}

const char *cell_type_name(uint8_t type)
{
    switch (type) {
    case CELL_PUT:
        return "Put";
    case CELL_DELETE:
        return "Delete";
    case CELL_DELETE_FAMILY_VERSION:
        return "DeleteFamilyVersion";
    case CELL_DELETE_COLUMN:
        return "DeleteColumn";
    case CELL_DELETE_FAMILY:
        return "DeleteFamily";
    case CELL_MAXIMUM:
        return "Maximum";
    default:
        return "Unknown";
    }
}

/* ---- The limit of a cell ---- */

/* The size that HBase compares with its limit: the cell with its own length in front. */
static size_t wire_size(const struct cell *cell)
{
    return cell_encoded_size(cell) + 4;
}

enum status cell_check_outcome_size(const struct cell *cell, struct error *error)
{
    size_t size = wire_size(cell);
    if (size <= LIMIT_CELL_SIZE)
        return STATUS_OK;
    return error_set(
        error, STATUS_LIMIT, "Cell with size %zu exceeds limit of %u bytes", size, LIMIT_CELL_SIZE);
}

enum status cell_check_size(const struct cell *cell, struct error *error)
{
    size_t size = wire_size(cell);
    if (size <= LIMIT_CELL_SIZE)
        return STATUS_OK;
    struct buffer name = {0};
    struct span row = cell->row;
    struct span qualifier = cell->qualifier;
    row.size = row.size < 64 ? row.size : 64; /* the sentence must fit */
    qualifier.size = qualifier.size < 64 ? qualifier.size : 64;
    buffer_put_escaped(&name, row);
    buffer_put_u8(&name, '/');
    buffer_put_escaped(&name, cell->family);
    buffer_put_u8(&name, ':');
    buffer_put_escaped(&name, qualifier);
    if (cell->timestamp == TIMESTAMP_LATEST)
        buffer_put(&name, SPAN_LITERAL("/LATEST_TIMESTAMP"));
    else
        buffer_put_format(&name, "/%lld", (long long)cell->timestamp);
    enum status status = error_set(error, STATUS_LIMIT,
        "Cell[%.*s/%s/vlen=%zu/seqid=0] with size %zu exceeds limit of %u bytes", (int)name.size,
        (const char *)name.data, cell_type_name(cell->type), cell->value.size, size,
        LIMIT_CELL_SIZE);
    buffer_deinit(&name);
    return status;
}
