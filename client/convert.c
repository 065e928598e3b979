#include "client/convert.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/memory.h"
#include "client/failure.h"

_Static_assert(sizeof(struct cell) == sizeof(struct stele_cell), "one layout");
_Static_assert(offsetof(struct cell, row) == offsetof(struct stele_cell, row), "one layout");
_Static_assert(offsetof(struct cell, family) == offsetof(struct stele_cell, family), "one layout");
_Static_assert(
    offsetof(struct cell, qualifier) == offsetof(struct stele_cell, qualifier), "one layout");
_Static_assert(offsetof(struct cell, value) == offsetof(struct stele_cell, value), "one layout");
_Static_assert(offsetof(struct cell, tags) == offsetof(struct stele_cell, tags), "one layout");
_Static_assert(
    offsetof(struct cell, timestamp) == offsetof(struct stele_cell, timestamp), "one layout");
_Static_assert(
    offsetof(struct cell, sequence) == offsetof(struct stele_cell, sequence), "one layout");
_Static_assert(offsetof(struct cell, type) == offsetof(struct stele_cell, type), "one layout");

_Static_assert(sizeof(struct attribute) == sizeof(struct stele_attribute), "one layout");
_Static_assert(
    offsetof(struct attribute, value) == offsetof(struct stele_attribute, value), "one layout");

enum stele_status row_check(struct stele_bytes row, struct stele_error *error)
{
    if (row.size == 0)
        return failure_set(error, STELE_INVALID, "Row length is 0");
    if (row.size > LIMIT_ROW_SIZE)
        return failure_set(
            error, STELE_INVALID, "Row length %zu is > %d", row.size, LIMIT_ROW_SIZE);
    return STELE_OK;
}

static enum stele_status time_range_check(struct stele_time_range range, struct stele_error *error)
{
    if (range.from < 0 || range.to < 0)
        return failure_set(error, STELE_INVALID,
            "Timestamp cannot be negative. minStamp:%lld, maxStamp:%lld", (long long)range.from,
            (long long)range.to);
    if (range.to < range.from)
        return failure_set(error, STELE_INVALID, "maxStamp is smaller than minStamp");
    return STELE_OK;
}

static int compare_columns(const void *a, const void *b)
{
    const struct stele_column *x = a, *y = b;
    int order = span_compare(span_of(x->family), span_of(y->family));
    if (order)
        return order;
    if (x->is_whole_family != y->is_whole_family)
        return x->is_whole_family ? -1 : 1;
    return span_compare(span_of(x->qualifier), span_of(y->qualifier));
}

/* Columns to families. A whole family swallows the columns of it that are named too, as in HBase.
 */
static enum stele_status columns_convert(const struct stele_read *read, struct arena *arena,
    struct read_request *out_read, struct stele_error *error)
{
    size_t count = read->column_count;
    struct stele_column *columns = arena_allocate(arena, count * sizeof(*columns));
    struct family_selection *families = arena_allocate_zeroed(arena, count, sizeof(*families));
    struct span *qualifiers = arena_allocate(arena, count * sizeof(*qualifiers));
    if (!columns || !families || !qualifiers)
        return failure_set(error, STELE_NO_MEMORY, "no memory for %zu columns", count);
    memcpy(columns, read->columns, count * sizeof(*columns));
    qsort(columns, count, sizeof(*columns), compare_columns);
    size_t family_count = 0;
    for (size_t i = 0; i < count; i++) {
        struct span family = span_of(columns[i].family);
        struct family_selection *last = family_count ? &families[family_count - 1] : NULL;
        if (family.size == 0)
            return failure_set(error, STELE_INVALID, "a column has no family");
        if (!last || !span_equal(last->family, family)) {
            last = &families[family_count++];
            last->family = family;
            last->qualifiers = columns[i].is_whole_family ? NULL : qualifiers + i;
        }
        if (!last->qualifiers)
            continue;
        struct span qualifier = span_of(columns[i].qualifier);
        if (last->qualifier_count &&
            span_equal(last->qualifiers[last->qualifier_count - 1], qualifier))
            continue;
        last->qualifiers[last->qualifier_count++] = qualifier.data ? qualifier : SPAN_LITERAL("");
    }
    out_read->families = families;
    out_read->family_count = family_count;
    return STELE_OK;
}

enum stele_status read_convert(const struct stele_read *read, struct arena *arena,
    struct read_request *out_read, struct stele_error *error)
{
    enum stele_status status = time_range_check(read->time_range, error);
    if (status)
        return status;
    if (read->max_versions == 0)
        return failure_set(error, STELE_INVALID, "max_versions must be positive");
    read_request_init(out_read);
    out_read->time_range = (struct time_range){read->time_range.from, read->time_range.to};
    out_read->max_versions = read->max_versions;
    out_read->store_limit = read->store_limit;
    out_read->store_offset = read->store_offset;
    out_read->filter = read->filter ? read->filter->node : NULL;
    out_read->is_raw = read->is_raw;
    out_read->is_uncommitted = read->is_uncommitted;
    out_read->is_cache_fill = read->is_cached;
    out_read->is_timeline = read->is_timeline;
    out_read->attributes = inner_attributes(read->attributes);
    out_read->attribute_count = read->attribute_count;
    return read->column_count ? columns_convert(read, arena, out_read, error) : STELE_OK;
}

enum stele_status get_convert(const struct stele_get *get, struct arena *arena,
    struct get_message *out_get, struct stele_error *error)
{
    enum stele_status status = row_check(get->row, error);
    *out_get = (struct get_message){.row = span_of(get->row)};
    if (!status)
        status = read_convert(&get->read, arena, &out_get->read, error);
    out_get->read.is_existence_only = get->is_existence_only;
    return status;
}

static enum stele_status cell_check(
    const struct cell *cell, enum stele_mutation_kind kind, struct stele_error *error)
{
    if (cell->family.size == 0 || cell->family.size > LIMIT_FAMILY_SIZE)
        return failure_set(
            error, STELE_INVALID, "a cell has no family, or one over %d bytes", LIMIT_FAMILY_SIZE);
    if (cell->timestamp < 0)
        return failure_set(error, STELE_INVALID, "Timestamp cannot be negative. ts=%lld",
            (long long)cell->timestamp);
    if (cell->qualifier.size > LIMIT_CELL_SIZE || cell->value.size > LIMIT_CELL_SIZE)
        return failure_set(error, STELE_INVALID, "KeyValue size too large");
    if (kind == STELE_DELETE ? !cell_is_delete(cell) : kind != STELE_PUT && cell->type != CELL_PUT)
        return failure_set(
            error, STELE_INVALID, "a cell of type %u is not for this mutation", cell->type);
    if (kind == STELE_INCREMENT && cell->value.size != 8)
        return failure_set(error, STELE_INVALID, "an increment's amount is not 8 bytes");
    return STELE_OK;
}

enum stele_status mutation_convert(const struct stele_mutation *mutation, struct arena *arena,
    struct mutation *out_mutation, struct stele_error *error)
{
    enum stele_status status = row_check(mutation->row, error);
    if (status || (status = time_range_check(mutation->time_range, error)))
        return status;
    if (mutation->cell_count == 0 && mutation->kind != STELE_DELETE)
        return failure_set(error, STELE_INVALID, "No columns to insert");
    struct cell *cells = NULL;
    if (mutation->cell_count &&
        !(cells = arena_allocate(arena, mutation->cell_count * sizeof(*cells))))
        return failure_set(
            error, STELE_NO_MEMORY, "no memory for a mutation of %zu cells", mutation->cell_count);
    for (size_t i = 0; i < mutation->cell_count; i++) {
        memcpy(&cells[i], &mutation->cells[i], sizeof(cells[i]));
        cells[i].row = span_of(mutation->row);
        if (cells[i].type == 0 && mutation->kind != STELE_DELETE)
            cells[i].type = CELL_PUT;
        if ((status = cell_check(&cells[i], mutation->kind, error)))
            return status;
    }
    *out_mutation = (struct mutation){
        .kind = (enum mutation_kind)mutation->kind,
        .row = span_of(mutation->row),
        .cells = cells,
        .cell_count = mutation->cell_count,
        .timestamp = mutation->timestamp,
        .durability = (enum durability)mutation->durability,
        .time_range = {mutation->time_range.from, mutation->time_range.to},
        .has_ttl = mutation->ttl_ms != 0,
        .ttl_ms = mutation->ttl_ms,
        .is_result_wanted = mutation->is_result_wanted,
        .attributes = inner_attributes(mutation->attributes),
        .attribute_count = mutation->attribute_count,
    };
    return STELE_OK;
}

enum stele_status condition_convert(const struct stele_condition *condition, struct span row,
    struct comparator *storage, struct condition *out_condition, struct stele_error *error)
{
    if (!condition->filter && condition->family.size == 0)
        return failure_set(error, STELE_INVALID, "a condition has neither filter nor column");
    *storage = (struct comparator){.kind = COMPARATOR_BINARY, .value = span_of(condition->value)};
    *out_condition = (struct condition){
        .row = row,
        .filter = condition->filter ? condition->filter->node : NULL,
        .family = span_of(condition->family),
        .qualifier = span_of(condition->qualifier),
        .op = (enum compare_op)condition->compare,
        .comparator = storage,
        .time_range = {condition->time_range.from, condition->time_range.to},
    };
    return time_range_check(condition->time_range, error);
}

struct stele_result result_view(const struct result *result)
{
    return (struct stele_result){
        .cells = public_cells(result->cells),
        .cell_count = result->cell_count,
        .exists = result->has_exists ? result->exists : result->cell_count > 0,
        .is_partial = result->is_partial,
        .is_stale = result->is_stale,
    };
}

static uint8_t *copy_bytes(uint8_t *at, struct stele_bytes *bytes)
{
    if (bytes->size)
        memcpy(at, bytes->data, bytes->size);
    bytes->data = at;
    return at + bytes->size;
}

bool result_copy(const struct stele_result *from, struct stele_result *out_result)
{
    size_t size = from->cell_count * sizeof(struct stele_cell);
    for (size_t i = 0; i < from->cell_count; i++) {
        const struct stele_cell *cell = &from->cells[i];
        size += cell->row.size + cell->family.size + cell->qualifier.size + cell->value.size +
                cell->tags.size;
    }
    *out_result = *from;
    if (from->cell_count == 0)
        return true;
    struct stele_cell *cells = memory_allocate(size);
    if (!cells)
        return false;
    memcpy(cells, from->cells, from->cell_count * sizeof(*cells));
    uint8_t *at = (uint8_t *)(cells + from->cell_count);
    for (size_t i = 0; i < from->cell_count; i++) {
        at = copy_bytes(at, &cells[i].row);
        at = copy_bytes(at, &cells[i].family);
        at = copy_bytes(at, &cells[i].qualifier);
        at = copy_bytes(at, &cells[i].value);
        at = copy_bytes(at, &cells[i].tags);
    }
    out_result->cells = cells;
    out_result->memory = cells;
    return true;
}

void stele_result_free(struct stele_result *result)
{
    if (!result)
        return;
    memory_free(result->memory);
    *result = (struct stele_result){0};
}

/* ---- defaults ---- */

static const struct stele_read read_defaults = {
    .time_range = {0, INT64_MAX}, .max_versions = 1, .is_cached = true};

void stele_get_init(struct stele_get *get, struct stele_bytes row)
{
    *get = (struct stele_get){.row = row, .read = read_defaults};
}

void stele_scan_init(struct stele_scan *scan)
{
    *scan = (struct stele_scan){.is_start_inclusive = true,
        .read = read_defaults,
        .max_result_size = 2 << 20,
        .prefetches = true};
}

void stele_mutation_init(
    struct stele_mutation *mutation, enum stele_mutation_kind kind, struct stele_bytes row)
{
    *mutation = (struct stele_mutation){.kind = kind,
        .row = row,
        .timestamp = STELE_LATEST,
        .time_range = {0, INT64_MAX},
        .is_result_wanted = true};
}

void stele_condition_init(struct stele_condition *condition)
{
    *condition = (struct stele_condition){.compare = STELE_EQUAL, .time_range = {0, INT64_MAX}};
}

void stele_store_i64(uint8_t out_bytes[8], int64_t value)
{
    store_be64(out_bytes, (uint64_t)value);
}

int64_t stele_load_i64(const uint8_t bytes[8])
{
    return (int64_t)load_be64(bytes);
}
