#include "storage/sorted_block.h"

#include "base/memory.h"
#include "storage/sorted_block_entry.h"

#define COPY_SLACK 16u /* short keys are copied as one 16-byte move, past their end */

/* What a prepared block begins with; then the search array, the restart points' offsets, and the
 * raw bytes: whoever searches finds all he needs in a few neighbouring cache lines, and one entry.
 */
struct block_front {
    uint32_t entries_size; /* of the raw bytes, restart points left out */
    uint32_t restart_count;
    uint32_t shared_size;
    uint32_t is_one_row;
    uint32_t first_row_offset; /* in the raw bytes; its qualifier lies behind it */
    uint32_t first_row_size;
    int64_t base_timestamp;
    uint64_t base_sequence;
};

/* ---- Entries ---- */

struct entry {
    unsigned flags;
    uint8_t type;
    uint32_t row_shared, row_added;
    uint32_t qualifier_shared, qualifier_added;
    uint32_t tags_size, value_size;
    uint64_t timestamp_code, sequence_code;
    const uint8_t *body;
};

static inline bool take_u32(const uint8_t **p, const uint8_t *end, uint32_t *out_value)
{
    if (__builtin_expect(*p < end && **p < 0x80, 1)) {
        *out_value = *(*p)++;
        return false;
    }
    struct span in = span_make(*p, (size_t)(end - *p));
    uint64_t value;
    if (span_take_varint(&in, &value) || value > UINT32_MAX)
        return true;
    *p = in.data;
    *out_value = (uint32_t)value;
    return false;
}

static inline bool take_u64(const uint8_t **p, const uint8_t *end, uint64_t *out_value)
{
    if (*p < end && **p < 0x80) {
        *out_value = *(*p)++;
        return false;
    }
    struct span in = span_make(*p, (size_t)(end - *p));
    if (span_take_varint(&in, out_value))
        return true;
    *p = in.data;
    return false;
}

/* Reads the entry at p, which lies before `end`, and returns the start of the one behind it; NULL
 * when the entry is malformed or reaches over the end. */
static inline __attribute__((always_inline)) const uint8_t *entry_parse(
    const uint8_t *p, const uint8_t *end, struct entry *entry)
{
    if (p >= end)
        return NULL;
    unsigned flags = *p++;
    entry->flags = flags;
    entry->row_added = 0;
    entry->qualifier_added = 0;
    entry->tags_size = 0;
    entry->type = CELL_PUT;
    if (flags & ~(unsigned)ENTRY_KNOWN)
        return NULL;
    if (!(flags & ENTRY_SAME_ROW) &&
        (take_u32(&p, end, &entry->row_shared) || take_u32(&p, end, &entry->row_added)))
        return NULL;
    if (!(flags & ENTRY_SAME_QUALIFIER) &&
        (take_u32(&p, end, &entry->qualifier_shared) || take_u32(&p, end, &entry->qualifier_added)))
        return NULL;
    if (!(flags & ENTRY_SAME_TIMESTAMP) && take_u64(&p, end, &entry->timestamp_code))
        return NULL;
    if (!(flags & ENTRY_SAME_SEQUENCE) && take_u64(&p, end, &entry->sequence_code))
        return NULL;
    if (flags & ENTRY_HAS_TYPE) {
        if (p >= end)
            return NULL;
        entry->type = *p++;
    }
    if ((flags & ENTRY_HAS_TAGS) && take_u32(&p, end, &entry->tags_size))
        return NULL;
    if (take_u32(&p, end, &entry->value_size))
        return NULL;
    uint64_t body = (uint64_t)entry->row_added + entry->qualifier_added + entry->tags_size +
                    entry->value_size;
    if (body > (uint64_t)(end - p))
        return NULL;
    entry->body = p;
    return p + body;
}

static inline uint64_t unzigzag(uint64_t code)
{
    return code >> 1 ^ (0 - (code & 1));
}

/* An entry at a restart point depends on nothing before it. */
static inline bool entry_is_whole(const struct entry *entry)
{
    return !(entry->flags & ENTRY_SAME_ANY) && entry->row_shared == 0 &&
           entry->qualifier_shared == 0;
}

static inline void entry_put_rest(const struct entry *entry, const uint8_t *rest,
    int64_t base_timestamp, uint64_t base_sequence, struct cell *cell)
{
    if (!(entry->flags & ENTRY_SAME_TIMESTAMP))
        cell->timestamp = (int64_t)((uint64_t)base_timestamp + unzigzag(entry->timestamp_code));
    if (!(entry->flags & ENTRY_SAME_SEQUENCE))
        cell->sequence = base_sequence + unzigzag(entry->sequence_code);
    cell->type = entry->type;
    cell->tags = span_make(rest, entry->tags_size);
    cell->value = span_make(rest + entry->tags_size, entry->value_size);
}

/* ---- Keys that span entries ---- */

static void key_bytes_init(struct key_bytes *key)
{
    key->data = key->inline_bytes;
    key->capacity = sizeof key->inline_bytes;
}

static void key_bytes_deinit(struct key_bytes *key)
{
    if (key->data != key->inline_bytes)
        memory_free(key->data);
    key_bytes_init(key);
}

static bool key_bytes_grow(struct key_bytes *key, size_t need, struct span *bytes, size_t keep)
{
    size_t capacity = need * 2;
    uint8_t *data = memory_allocate(capacity);
    if (!data)
        return false;
    if (keep > 0)
        memcpy(data, bytes->data, keep);
    bytes->data = data;
    if (key->data != key->inline_bytes)
        memory_free(key->data);
    key->data = data;
    key->capacity = capacity;
    return true;
}

/* *bytes becomes its own first `shared` bytes and then added[0, size). `limit` ends what may be
 * read. */
static inline bool key_bytes_extend(struct key_bytes *key, struct span *bytes, size_t shared,
    const uint8_t *added, size_t size, const uint8_t *limit)
{
    size_t need = shared + size;
    if (need + COPY_SLACK > key->capacity && !key_bytes_grow(key, need + COPY_SLACK, bytes, shared))
        return false;
    if (bytes->data != key->data)
        memcpy(key->data, bytes->data, shared);
    if (size <= COPY_SLACK && (size_t)(limit - added) >= COPY_SLACK)
        memcpy(key->data + shared, added, COPY_SLACK);
    else
        memcpy(key->data + shared, added, size);
    *bytes = span_make(key->data, need);
    return true;
}

/* ---- Preparing ---- */

size_t sorted_block_front_size(uint32_t restart_count)
{
    size_t size = sizeof(struct block_front) +
                  restart_count * (sizeof(uint64_t) + sizeof(uint32_t));
    return (size + 7) & ~(size_t)7;
}

static uint64_t search_key(struct span bytes, size_t from)
{
    if (bytes.size >= from + 8)
        return load_be64(bytes.data + from);
    uint8_t padded[8] = {0};
    if (bytes.size > from)
        memcpy(padded, bytes.data + from, bytes.size - from);
    return load_be64(padded);
}

static size_t shared_prefix(struct span a, struct span b)
{
    size_t size = a.size < b.size ? a.size : b.size;
    size_t i = 0;
    while (i < size && a.data[i] == b.data[i])
        i++;
    return i;
}

/* Row and qualifier of the entry at a restart point: whole, and lying in the block. */
static bool restart_key(const uint8_t *data, const uint8_t *entries_end, uint32_t offset,
    struct span *out_row, struct span *out_qualifier)
{
    struct entry entry;
    if (!entry_parse(data + offset, entries_end, &entry) || !entry_is_whole(&entry))
        return false;
    *out_row = span_make(entry.body, entry.row_added);
    *out_qualifier = span_make(entry.body + entry.row_added, entry.qualifier_added);
    return true;
}

enum status sorted_block_prepare(uint8_t *memory, uint32_t raw_size, uint32_t restart_count,
    enum row_order order, struct error *error)
{
    if (restart_count == 0 ||
        raw_size < SORTED_BLOCK_HEADER_SIZE + (uint64_t)restart_count * sizeof(uint32_t))
        return error_set(error, STATUS_CORRUPT, "block of %u bytes with %u restart points",
            raw_size, restart_count);
    const uint8_t *data = memory + sorted_block_front_size(restart_count);
    uint32_t entries_size = raw_size - restart_count * (uint32_t)sizeof(uint32_t);
    const uint8_t *end = data + entries_size;
    struct span first_row, first_qualifier, last_row, last_qualifier;
    uint32_t first = load_u32(end);
    uint32_t last = load_u32(end + (size_t)(restart_count - 1) * sizeof(uint32_t));
    if (first != SORTED_BLOCK_HEADER_SIZE || last >= entries_size ||
        !restart_key(data, end, first, &first_row, &first_qualifier) ||
        !restart_key(data, end, last, &last_row, &last_qualifier))
        return error_set(error, STATUS_CORRUPT, "first or last restart point is malformed");
    bool is_one_row = order == ROW_ORDER_BYTES && span_equal(first_row, last_row);
    size_t shared = is_one_row ? shared_prefix(first_qualifier, last_qualifier)
                               : shared_prefix(first_row, last_row);

    struct block_front front = {.entries_size = entries_size,
        .restart_count = restart_count,
        .shared_size = (uint32_t)shared,
        .is_one_row = is_one_row,
        .first_row_offset = (uint32_t)(first_row.data - data),
        .first_row_size = (uint32_t)first_row.size,
        .base_timestamp = (int64_t)load_u64(data),
        .base_sequence = load_u64(data + 8)};
    memcpy(memory, &front, sizeof front);
    uint64_t *keys = (uint64_t *)(void *)(memory + sizeof front);
    uint32_t *offsets = (uint32_t *)(void *)(keys + restart_count);
    uint32_t before = 0;
    for (uint32_t i = 0; i < restart_count; i++) {
        uint32_t offset = load_u32(end + (size_t)i * sizeof(uint32_t));
        struct span row, qualifier;
        if (offset <= before || offset >= entries_size ||
            !restart_key(data, end, offset, &row, &qualifier))
            return error_set(error, STATUS_CORRUPT, "restart point %u is malformed", i);
        before = offset;
        /* Rows of hbase:meta do not sort as bytes: there every key is equal, and full keys decide.
         */
        keys[i] = order == ROW_ORDER_BYTES ? search_key(is_one_row ? qualifier : row, shared) : 0;
        offsets[i] = offset;
    }
    return STATUS_OK;
}

/* ---- Probes ---- */

struct cell_probe cell_probe_of(enum row_order order, struct span family, const struct cell *probe)
{
    struct cell_probe out = {.order = order,
        .row = probe->row,
        .qualifier = probe->qualifier,
        .timestamp = probe->timestamp,
        .sequence = probe->sequence,
        .type = probe->type};
    bool is_last_on_row = probe->type == CELL_MINIMUM && probe->family.size == 0 &&
                          probe->qualifier.size == 0;
    int family_order = is_last_on_row ? 1 : span_compare(probe->family, family);
    if (family_order < 0) { /* the row's first key, which index entries are made of too */
        out.qualifier = SPAN_EMPTY;
        out.timestamp = TIMESTAMP_LATEST;
        out.sequence = UINT64_MAX;
        out.type = CELL_MAXIMUM;
    }
    out.is_row_end = family_order > 0;
    return out;
}

/* Qualifier and what follows it, of a cell in the probe's row. */
static int compare_in_row(const struct cell *cell, const struct cell_probe *probe)
{
    if (probe->is_row_end)
        return -1;
    int order = span_compare(cell->qualifier, probe->qualifier);
    if (order)
        return order;
    if (cell->timestamp != probe->timestamp)
        return cell->timestamp > probe->timestamp ? -1 : 1;
    if (cell->type != probe->type)
        return cell->type > probe->type ? -1 : 1;
    if (cell->sequence != probe->sequence)
        return cell->sequence > probe->sequence ? -1 : 1;
    return 0;
}

int cell_probe_compare(const struct cell *cell, const struct cell_probe *probe)
{
    int order = probe->order == ROW_ORDER_BYTES ? span_compare(cell->row, probe->row)
                                                : row_compare(probe->order, cell->row, probe->row);
    return order ? order : compare_in_row(cell, probe);
}

/* ---- Cursors ---- */

void cell_cursor_init(struct cell_cursor *cursor, struct cell *cell)
{
    memset(cursor, 0, offsetof(struct cell_cursor, row));
    cursor->cell = cell;
    key_bytes_init(&cursor->row);
    key_bytes_init(&cursor->qualifier);
}

void cell_cursor_deinit(struct cell_cursor *cursor)
{
    key_bytes_deinit(&cursor->row);
    key_bytes_deinit(&cursor->qualifier);
}

void cell_cursor_set(struct cell_cursor *cursor, const uint8_t *memory)
{
    cursor->at = NULL;
    cursor->next = NULL;
    cursor->data = NULL;
    if (!memory)
        return;
    struct block_front front;
    memcpy(&front, memory, sizeof front);
    cursor->keys = (const uint64_t *)(const void *)(memory + sizeof front);
    cursor->restarts = (const uint32_t *)(const void *)(cursor->keys + front.restart_count);
    cursor->data = memory + sorted_block_front_size(front.restart_count);
    cursor->entries_end = cursor->data + front.entries_size;
    cursor->restart_count = front.restart_count;
    cursor->shared_size = front.shared_size;
    cursor->is_one_row = front.is_one_row;
    cursor->first_row = span_make(cursor->data + front.first_row_offset, front.first_row_size);
    cursor->base_timestamp = front.base_timestamp;
    cursor->base_sequence = front.base_sequence;
}

static const uint8_t *restart_entry(const struct cell_cursor *cursor, uint32_t number)
{
    return cursor->data + cursor->restarts[number];
}

/* To a restart point. They were all parsed when the block was prepared. */
static enum cursor_answer cursor_jump(struct cell_cursor *cursor, uint32_t number)
{
    const uint8_t *p = restart_entry(cursor, number);
    struct entry entry;
    const uint8_t *next = entry_parse(p, cursor->entries_end, &entry);
    if (!next || !entry_is_whole(&entry))
        return CURSOR_DAMAGED;
    __builtin_prefetch(next);
    const uint8_t *qualifier = entry.body + entry.row_added;
    cursor->cell->row = span_make(entry.body, entry.row_added);
    cursor->cell->qualifier = span_make(qualifier, entry.qualifier_added);
    entry_put_rest(&entry, qualifier + entry.qualifier_added, cursor->base_timestamp,
        cursor->base_sequence, cursor->cell);
    cursor->at = p;
    cursor->next = next;
    return CURSOR_CELL;
}

enum cursor_answer cell_cursor_next(struct cell_cursor *cursor)
{
    const uint8_t *p = cursor->next;
    const uint8_t *end = cursor->entries_end;
    if (p == end)
        return CURSOR_END;
    struct entry entry;
    const uint8_t *next = entry_parse(p, end, &entry);
    if (!next)
        return CURSOR_DAMAGED;
    struct cell *cell = cursor->cell;
    const uint8_t *body = entry.body;
    if (!(entry.flags & ENTRY_SAME_ROW)) {
        if (entry.row_shared == 0)
            cell->row = span_make(body, entry.row_added);
        else if (entry.row_shared > cell->row.size)
            return CURSOR_DAMAGED;
        else if (!key_bytes_extend(
                     &cursor->row, &cell->row, entry.row_shared, body, entry.row_added, end))
            return CURSOR_NO_MEMORY;
        body += entry.row_added;
    }
    if (!(entry.flags & ENTRY_SAME_QUALIFIER)) {
        if (entry.qualifier_shared == 0)
            cell->qualifier = span_make(body, entry.qualifier_added);
        else if (entry.qualifier_shared > cell->qualifier.size)
            return CURSOR_DAMAGED;
        else if (!key_bytes_extend(&cursor->qualifier, &cell->qualifier, entry.qualifier_shared,
                     body, entry.qualifier_added, end))
            return CURSOR_NO_MEMORY;
        body += entry.qualifier_added;
    }
    entry_put_rest(&entry, body, cursor->base_timestamp, cursor->base_sequence, cell);
    cursor->at = p;
    cursor->next = next;
    return CURSOR_CELL;
}

enum cursor_answer cell_cursor_first(struct cell_cursor *cursor)
{
    return cursor_jump(cursor, 0);
}

/* From restart point `number` to the last entry that begins before `limit`. */
static enum cursor_answer cursor_walk(
    struct cell_cursor *cursor, uint32_t number, const uint8_t *limit)
{
    enum cursor_answer answer = cursor_jump(cursor, number);
    while (answer == CURSOR_CELL && cursor->next < limit)
        answer = cell_cursor_next(cursor);
    return answer;
}

enum cursor_answer cell_cursor_last(struct cell_cursor *cursor)
{
    return cursor_walk(cursor, cursor->restart_count - 1, cursor->entries_end);
}

enum cursor_answer cell_cursor_previous(struct cell_cursor *cursor)
{
    const uint8_t *at = cursor->at;
    if (at == restart_entry(cursor, 0))
        return CURSOR_END;
    uint32_t low = 0, high = cursor->restart_count; /* points below low lie before `at` */
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (restart_entry(cursor, middle) < at)
            low = middle + 1;
        else
            high = middle;
    }
    return cursor_walk(cursor, low - 1, at);
}

/* How restart point `number` compares with the probe, from its whole key. */
static int restart_compare(
    const struct cell_cursor *cursor, uint32_t number, const struct cell_probe *probe)
{
    struct entry entry;
    struct cell cell;
    if (!entry_parse(restart_entry(cursor, number), cursor->entries_end, &entry))
        return 1;
    cell.row = span_make(entry.body, entry.row_added);
    cell.qualifier = span_make(entry.body + entry.row_added, entry.qualifier_added);
    entry.flags &= ~(unsigned)ENTRY_SAME_ANY;
    entry_put_rest(&entry, entry.body, cursor->base_timestamp, cursor->base_sequence, &cell);
    return cell_probe_compare(&cell, probe);
}

/* The points whose search key equals that of `wanted`, which stands at rows' or qualifiers' place:
 * [low, high). All before sort before the probe, all behind after it. */
static void narrow(const struct cell_cursor *cursor, struct span wanted, struct span common,
    uint32_t *low, uint32_t *high)
{
    size_t size = wanted.size < common.size ? wanted.size : common.size;
    int order = size ? memcmp(wanted.data, common.data, size) : 0;
    if (order < 0 || (order == 0 && wanted.size < common.size)) {
        *high = 0;
        return;
    }
    if (order > 0) {
        *low = *high;
        return;
    }
    uint64_t key = search_key(wanted, common.size);
    const uint64_t *keys = cursor->keys;
    uint32_t first = 0, count = cursor->restart_count;
    while (count > 0) {
        uint32_t half = count / 2;
        bool is_before = keys[first + half] < key;
        first = is_before ? first + half + 1 : first;
        count = is_before ? count - half - 1 : half;
    }
    uint32_t behind = first;
    while (behind < cursor->restart_count && keys[behind] == key)
        behind++;
    *low = first;
    *high = behind;
}

/* How many restart points sort before the probe (is_or_equal: or are it). */
static uint32_t points_before(
    const struct cell_cursor *cursor, const struct cell_probe *probe, bool is_or_equal)
{
    uint32_t low = 0, high = cursor->restart_count;
    if (probe->order == ROW_ORDER_BYTES) {
        struct span row = cursor->first_row;
        if (!cursor->is_one_row) {
            narrow(cursor, probe->row, span_make(row.data, cursor->shared_size), &low, &high);
        } else {
            int order = span_compare(probe->row, row);
            if (order != 0 || probe->is_row_end)
                return order < 0 ? 0 : cursor->restart_count;
            narrow(cursor, probe->qualifier, span_make(row.data + row.size, cursor->shared_size),
                &low, &high);
        }
    }
    /* Both the point that is compared and the one before it, where the walk will start. */
    if (low < cursor->restart_count)
        __builtin_prefetch(restart_entry(cursor, low));
    if (low > 0)
        __builtin_prefetch(restart_entry(cursor, low - 1));
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = restart_compare(cursor, middle, probe);
        if (order < 0 || (order == 0 && is_or_equal))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* From the last of `before` points that sort before the probe, onward to it. */
static enum cursor_answer cursor_approach(
    struct cell_cursor *cursor, uint32_t before, const struct cell_probe *probe)
{
    if (before == 0)
        return cursor_jump(cursor, 0);
    enum cursor_answer answer = cursor_jump(cursor, before - 1);
    const uint8_t *limit = before < cursor->restart_count ? restart_entry(cursor, before) : NULL;
    do {
        if (cursor->next == limit)
            return cursor_jump(cursor, before);
        answer = cell_cursor_next(cursor);
    } while (answer == CURSOR_CELL && cell_probe_compare(cursor->cell, probe) < 0);
    return answer;
}

enum cursor_answer cell_cursor_seek(struct cell_cursor *cursor, const struct cell_probe *probe)
{
    return cursor_approach(cursor, points_before(cursor, probe, false), probe);
}

enum cursor_answer cell_cursor_seek_inside(
    struct cell_cursor *cursor, const struct cell_probe *probe)
{
    uint32_t before = points_before(cursor, probe, false);
    if (before == 0 || before == cursor->restart_count)
        return CURSOR_END;
    return cursor_approach(cursor, before, probe);
}

enum cursor_answer cell_cursor_seek_last(
    struct cell_cursor *cursor, const struct cell_probe *probe, bool is_or_equal)
{
    uint32_t before = points_before(cursor, probe, is_or_equal);
    if (before == 0)
        return CURSOR_END;
    const uint8_t *limit = before < cursor->restart_count ? restart_entry(cursor, before)
                                                          : cursor->entries_end;
    enum cursor_answer answer = cursor_jump(cursor, before - 1);
    while (answer == CURSOR_CELL && cursor->next != limit) {
        const uint8_t *at = cursor->at;
        answer = cell_cursor_next(cursor);
        if (answer != CURSOR_CELL)
            break;
        int order = cell_probe_compare(cursor->cell, probe);
        if (order > 0 || (order == 0 && !is_or_equal)) /* one too far */
            return cursor_walk(cursor, before - 1, at + 1);
    }
    return answer;
}
