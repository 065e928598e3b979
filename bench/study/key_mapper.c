#include "bench/study/key_mapper.h"

#include <stdio.h>
#include <string.h>

#include "base/md5.h"
#include "base/options.h"

#define SALT_DIGITS 2
#define MD5_DIGITS  (2 * MD5_SIZE)

static const char *const mapper_names[] = {"raw", "promote", "swap", "order", "reverse",
    "bit-reverse", "salt", "random-salt", "md5", "uuid", "latest", "template"};

/* ---- Reading a design ---- */

static size_t part_size(const struct key_part *part)
{
    return part->field < 0 ? part->literal.size : (size_t)(part->to - part->from);
}

static void add_part(struct key_mapper *mapper, int field, size_t from, size_t to)
{
    mapper->parts[mapper->part_count++] = (struct key_part){
        .field = field, .from = (uint8_t)from, .to = (uint8_t)to};
}

static void add_whole(struct key_mapper *mapper, size_t field)
{
    add_part(mapper, (int)field, 0, mapper->layout->fields[field].width);
}

static void set_raw(struct key_mapper *mapper)
{
    mapper->part_count = 0;
    for (size_t i = 0; i < mapper->layout->count; i++)
        add_whole(mapper, i);
}

static enum status find_field(
    const struct key_mapper *mapper, struct span name, size_t *out_field, struct error *error)
{
    const char *names[STUDY_FIELDS];
    char text[64];
    int field = study_layout_find(mapper->layout, name);
    if (field >= 0) {
        *out_field = (size_t)field;
        return STATUS_OK;
    }
    for (size_t i = 0; i < mapper->layout->count; i++)
        names[i] = mapper->layout->fields[i].name;
    snprintf(
        text, sizeof text, "%.*s", (int)(name.size > 40 ? 40 : name.size), (const char *)name.data);
    const char *nearest = options_nearest(text, names, mapper->layout->count);
    return error_set(error, STATUS_INVALID,
        "mapper '%s': there is no field '%s'; did you mean '%s'?", mapper->name, text,
        nearest ? nearest : names[0]);
}

static struct span take_until(struct span *rest, uint8_t separator)
{
    size_t end = span_find(*rest, separator);
    struct span taken = span_slice(*rest, 0, end == SIZE_MAX ? rest->size : end);
    *rest = end == SIZE_MAX ? SPAN_EMPTY : span_slice(*rest, end + 1, rest->size - end - 1);
    return taken;
}

static bool take_number(struct span text, unsigned least, unsigned most, unsigned *out_number)
{
    unsigned number = 0;
    if (text.size == 0 || text.size > 6)
        return false;
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
        number = number * 10 + (unsigned)(text.data[i] - '0');
    }
    *out_number = number;
    return number >= least && number <= most;
}

static enum status parse_order(struct key_mapper *mapper, struct span fields, struct error *error)
{
    unsigned seen = 0;
    mapper->part_count = 0;
    while (fields.size) {
        size_t field;
        enum status status = find_field(mapper, take_until(&fields, ','), &field, error);
        if (status)
            return status;
        if (seen & 1u << field)
            return error_set(
                error, STATUS_INVALID, "mapper '%s' names a field twice", mapper->name);
        seen |= 1u << field;
        add_whole(mapper, field);
    }
    for (size_t i = 0; i < mapper->layout->count; i++)
        if (!(seen & 1u << i))
            add_whole(mapper, i);
    return STATUS_OK;
}

static enum status parse_salt(struct key_mapper *mapper, struct span rest, struct error *error)
{
    struct span number = take_until(&rest, ':');
    if (!take_number(number, 1, KEY_MAPPER_SALT_MAX, &mapper->buckets))
        return error_set(error, STATUS_INVALID,
            "mapper '%s': a salt has 1 to %d buckets, as in salt:16", mapper->name,
            KEY_MAPPER_SALT_MAX);
    set_raw(mapper);
    mapper->salt_fields = rest.size ? 0 : ~0u;
    while (rest.size) {
        size_t field;
        enum status status = find_field(mapper, take_until(&rest, ','), &field, error);
        if (status)
            return status;
        mapper->salt_fields |= 1u << field;
    }
    return STATUS_OK;
}

static enum status parse_latest(struct key_mapper *mapper, struct span name, struct error *error)
{
    size_t field;
    enum status status = find_field(mapper, name, &field, error);
    if (status)
        return status;
    set_raw(mapper);
    mapper->parts[field].is_latest = true;
    return STATUS_OK;
}

/* "{field}" or "{field:FROM-TO}" without its braces. */
static enum status parse_reference(
    struct key_mapper *mapper, struct span inner, struct error *error)
{
    size_t field;
    unsigned from = 0, to;
    struct span rest = inner, name = take_until(&rest, ':');
    enum status status = find_field(mapper, name, &field, error);
    if (status)
        return status;
    unsigned width = to = mapper->layout->fields[field].width;
    if (rest.size) {
        struct span first = take_until(&rest, '-');
        if (!take_number(first, 0, width - 1, &from) ||
            (rest.size && !take_number(rest, from + 1, width, &to)))
            return error_set(error, STATUS_INVALID,
                "mapper '%s': field '%s' has bytes 0 to %u, as in {%s:2-%u}", mapper->name,
                mapper->layout->fields[field].name, width, mapper->layout->fields[field].name,
                width);
    }
    add_part(mapper, (int)field, from, to);
    return STATUS_OK;
}

static enum status parse_template(struct key_mapper *mapper, struct span text, struct error *error)
{
    size_t bytes = 0;
    while (text.size) {
        if (mapper->part_count == KEY_MAPPER_PARTS)
            return error_set(error, STATUS_INVALID, "mapper '%s' has over %d parts", mapper->name,
                KEY_MAPPER_PARTS);
        if (text.data[0] == '{') {
            size_t end = span_find(text, '}');
            if (end == SIZE_MAX)
                return error_set(error, STATUS_INVALID, "mapper '%s': a { has no }", mapper->name);
            enum status status = parse_reference(mapper, span_slice(text, 1, end - 1), error);
            if (status)
                return status;
            text = span_slice(text, end + 1, text.size - end - 1);
        } else {
            size_t end = span_find(text, '{');
            if (end == SIZE_MAX)
                end = text.size;
            struct key_part *part = &mapper->parts[mapper->part_count++];
            *part = (struct key_part){
                .field = -1, .to = (uint8_t)end, .literal = span_slice(text, 0, end)};
            text = span_slice(text, end, text.size - end);
        }
        const struct key_part *last = &mapper->parts[mapper->part_count - 1];
        bytes += part_size(last);
        if (bytes > STUDY_KEY_SIZE / 2)
            return error_set(error, STATUS_INVALID, "mapper '%s' makes keys over %d bytes",
                mapper->name, STUDY_KEY_SIZE / 2);
    }
    return mapper->part_count
               ? STATUS_OK
               : error_set(error, STATUS_INVALID, "mapper '%s' is empty", mapper->name);
}

static enum status parse_kind(
    struct key_mapper *mapper, struct span name, struct span rest, struct error *error)
{
    size_t count = mapper->layout->count;
    set_raw(mapper);
    if (span_equal(name, SPAN_LITERAL("raw")) && !rest.size)
        return STATUS_OK;
    if (span_equal(name, SPAN_LITERAL("promote")) && !rest.size)
        return parse_order(mapper, span_string(mapper->layout->fields[count - 1].name), error);
    if (span_equal(name, SPAN_LITERAL("swap")) && !rest.size)
        return parse_order(
            mapper, span_string(mapper->layout->fields[count > 1 ? 1 : 0].name), error);
    if (span_equal(name, SPAN_LITERAL("order")) && rest.size)
        return parse_order(mapper, rest, error);
    if (span_equal(name, SPAN_LITERAL("latest")) && rest.size)
        return parse_latest(mapper, rest, error);
    if (span_equal(name, SPAN_LITERAL("template")) && rest.size) {
        mapper->part_count = 0;
        return parse_template(mapper, rest, error);
    }
    if (span_equal(name, SPAN_LITERAL("salt"))) {
        mapper->kind = MAPPER_SALT;
        return parse_salt(mapper, rest, error);
    }
    if (span_equal(name, SPAN_LITERAL("random-salt"))) {
        mapper->kind = MAPPER_RANDOM_SALT;
        return parse_salt(mapper, rest, error);
    }
    if (span_equal(name, SPAN_LITERAL("reverse")) && !rest.size) {
        mapper->kind = MAPPER_REVERSE;
        return STATUS_OK;
    }
    if (span_equal(name, SPAN_LITERAL("bit-reverse")) && !rest.size) {
        mapper->kind = MAPPER_BIT_REVERSE;
        return STATUS_OK;
    }
    if (span_equal(name, SPAN_LITERAL("uuid")) && !rest.size) {
        mapper->kind = MAPPER_UUID;
        return STATUS_OK;
    }
    if (span_equal(name, SPAN_LITERAL("md5"))) {
        mapper->kind = rest.size ? MAPPER_MD5_PREFIX : MAPPER_MD5;
        if (!rest.size || take_number(rest, 1, MD5_DIGITS, &mapper->digits))
            return STATUS_OK;
        return error_set(error, STATUS_INVALID, "mapper '%s': 1 to %d digits, as in md5:4",
            mapper->name, MD5_DIGITS);
    }
    char text[64];
    snprintf(
        text, sizeof text, "%.*s", (int)(name.size > 40 ? 40 : name.size), (const char *)name.data);
    const char *nearest = options_nearest(
        text, mapper_names, sizeof mapper_names / sizeof *mapper_names);
    if (nearest && strcmp(nearest, text) == 0)
        return error_set(error, STATUS_INVALID,
            "mapper '%s': '%s' is used otherwise; see 'stele bench study --help'", mapper->name,
            nearest);
    return error_set(error, STATUS_INVALID, "there is no mapper '%s'%s%s%s", mapper->name,
        nearest ? "; did you mean '" : "", nearest ? nearest : "", nearest ? "'?" : "");
}

enum status key_mapper_parse(const char *text, const struct study_layout *layout,
    struct arena *arena, struct key_mapper *out_mapper, struct error *error)
{
    struct key_mapper mapper = {
        .layout = layout, .name = arena_copy_string(arena, span_string(text))};
    if (!mapper.name)
        return error_set(error, STATUS_NO_MEMORY, "no memory for a mapper");
    struct span rest = span_string(mapper.name), name = take_until(&rest, ':');
    enum status status = parse_kind(&mapper, name, rest, error);
    if (!status)
        *out_mapper = mapper;
    return status;
}

/* ---- Rows ---- */

static size_t put_part(const struct key_part *part, const struct study_key *key, uint8_t *out)
{
    if (part->field < 0) {
        memcpy(out, part->literal.data, part->literal.size);
        return part->literal.size;
    }
    size_t to = part->to < key->known[part->field] ? part->to : key->known[part->field];
    if (to <= part->from)
        return 0;
    memcpy(out, key->text[part->field] + part->from, to - part->from);
    for (size_t i = 0; part->is_latest && i < to - part->from; i++)
        if (out[i] >= '0' && out[i] <= '9')
            out[i] = (uint8_t)('0' + '9' - out[i]);
    return to - part->from;
}

/* The parts one after another, until one is not wholly known. */
static size_t put_parts(const struct key_mapper *mapper, const struct study_key *key, uint8_t *out)
{
    size_t size = 0;
    for (size_t i = 0; i < mapper->part_count; i++) {
        const struct key_part *part = &mapper->parts[i];
        size_t put = put_part(part, key, out + size);
        size += put;
        if (part->field >= 0 && put < (size_t)(part->to - part->from))
            break;
    }
    return size;
}

/* The first four bytes of MD5, modulo the number of buckets: a hash that every language has, so that an application can
 * make the keys which were measured. */
static unsigned salt_of(const struct key_mapper *mapper, const struct study_key *key)
{
    uint8_t bytes[STUDY_FIELDS * STUDY_FIELD_SIZE], digest[MD5_SIZE];
    size_t size = 0;
    for (size_t i = 0; i < mapper->layout->count; i++) {
        if (!(mapper->salt_fields & 1u << i))
            continue;
        memcpy(bytes + size, key->text[i], key->known[i]);
        size += key->known[i];
    }
    md5(span_make(bytes, size), digest);
    return load_be32(digest) % mapper->buckets;
}

static size_t put_salt(unsigned salt, uint8_t *out)
{
    static const char digits[] = "0123456789abcdef";
    out[0] = (uint8_t)digits[salt >> 4 & 15];
    out[1] = (uint8_t)digits[salt & 15];
    return SALT_DIGITS;
}

static size_t put_uuid(const char *digest, uint8_t *out)
{
    static const size_t groups[] = {8, 4, 4, 4, 12};
    size_t size = 0, from = 0;
    for (size_t i = 0; i < sizeof groups / sizeof *groups; i++) {
        if (i)
            out[size++] = '-';
        memcpy(out + size, digest + from, groups[i]);
        size += groups[i];
        from += groups[i];
    }
    return size;
}

/* From the end, by bytes or by bits; twice is the same again. */
static void turn(const struct key_mapper *mapper, struct span bytes, uint8_t *out)
{
    for (size_t i = 0; i < bytes.size; i++) {
        uint8_t byte = bytes.data[bytes.size - 1 - i], turned = 0;
        for (unsigned bit = 0; bit < 8; bit++)
            turned = (uint8_t)(turned << 1 | (byte >> bit & 1));
        out[i] = mapper->kind == MAPPER_BIT_REVERSE ? turned : byte;
    }
}

size_t key_mapper_encode(const struct key_mapper *mapper, const struct study_key *key,
    struct dice *dice, uint8_t out_row[STUDY_KEY_SIZE])
{
    uint8_t raw[STUDY_KEY_SIZE];
    char digest[MD5_DIGITS + 1];
    size_t size, prefix = 0;
    switch (mapper->kind) {
    case MAPPER_PARTS:
        return put_parts(mapper, key, out_row);
    case MAPPER_SALT:
        prefix = put_salt(salt_of(mapper, key), out_row);
        break;
    case MAPPER_RANDOM_SALT:
        prefix = put_salt((unsigned)dice_below(dice, mapper->buckets), out_row);
        break;
    case MAPPER_REVERSE:
    case MAPPER_BIT_REVERSE:
        size = put_parts(mapper, key, raw);
        turn(mapper, span_make(raw, size), out_row);
        return size;
    case MAPPER_MD5_PREFIX:
    case MAPPER_MD5:
    case MAPPER_UUID:
        size = put_parts(mapper, key, raw);
        md5_hex(span_make(raw, size), digest);
        if (mapper->kind == MAPPER_UUID)
            return put_uuid(digest, out_row);
        prefix = mapper->kind == MAPPER_MD5 ? MD5_DIGITS : mapper->digits;
        memcpy(out_row, digest, prefix);
        if (mapper->kind == MAPPER_MD5)
            return prefix;
        break;
    }
    return prefix + put_parts(mapper, key, out_row + prefix);
}

bool key_mapper_decode(const struct key_mapper *mapper, struct span row, struct study_key *out_key)
{
    uint8_t turned[STUDY_KEY_SIZE];
    if (mapper->kind == MAPPER_MD5 || mapper->kind == MAPPER_UUID || row.size > sizeof turned)
        return false;
    size_t prefix = mapper->kind == MAPPER_SALT || mapper->kind == MAPPER_RANDOM_SALT ? SALT_DIGITS
                    : mapper->kind == MAPPER_MD5_PREFIX ? mapper->digits
                                                        : 0;
    if (row.size < prefix)
        return false;
    row = span_slice(row, prefix, row.size - prefix);
    if (mapper->kind == MAPPER_REVERSE || mapper->kind == MAPPER_BIT_REVERSE) {
        turn(mapper, row, turned);
        row.data = turned;
    }
    struct study_key key = {0};
    size_t at = 0;
    for (size_t i = 0; i < mapper->part_count; i++) {
        const struct key_part *part = &mapper->parts[i];
        size_t size = part_size(part);
        if (row.size - at < size)
            return false;
        if (part->field >= 0) {
            /* only parts that are whole, or that follow what is there, give a field back */
            if (key.known[part->field] != part->from)
                return false;
            for (size_t j = 0; j < size; j++) {
                uint8_t byte = row.data[at + j];
                key.text[part->field][part->from + j] = part->is_latest && byte >= '0' &&
                                                                byte <= '9'
                                                            ? (uint8_t)('0' + '9' - byte)
                                                            : byte;
            }
            key.known[part->field] = part->to;
        }
        at += size;
    }
    for (size_t i = 0; i < mapper->layout->count; i++)
        if (key.known[i] != mapper->layout->fields[i].width)
            return false;
    *out_key = key;
    return at == row.size;
}

/* ---- Queries ---- */

static bool knows_fields(
    const struct key_mapper *mapper, const struct study_key *partial, unsigned mask)
{
    for (size_t i = 0; i < mapper->layout->count; i++)
        if ((mask & 1u << i) && partial->known[i] < mapper->layout->fields[i].width)
            return false;
    return true;
}

size_t key_mapper_prefixes(const struct key_mapper *mapper, const struct study_key *partial,
    struct key_prefix out_prefixes[KEY_MAPPER_SALT_MAX])
{
    struct dice unused = {0};
    bool is_whole = knows_fields(mapper, partial, ~0u);
    bool is_salted = mapper->kind == MAPPER_SALT || mapper->kind == MAPPER_RANDOM_SALT;
    if (is_salted &&
        !(mapper->kind == MAPPER_SALT && knows_fields(mapper, partial, mapper->salt_fields))) {
        for (unsigned i = 0; i < mapper->buckets; i++) {
            struct key_prefix *prefix = &out_prefixes[i];
            size_t salt = put_salt(i, prefix->bytes);
            prefix->size = (uint8_t)(salt + put_parts(mapper, partial, prefix->bytes + salt));
        }
        return mapper->buckets;
    }
    if (mapper->kind == MAPPER_PARTS || mapper->kind == MAPPER_SALT || is_whole)
        out_prefixes[0].size = (uint8_t)key_mapper_encode(
            mapper, partial, &unused, out_prefixes[0].bytes);
    else
        out_prefixes[0].size = 0; /* the whole table */
    return 1;
}

unsigned key_mapper_get_cost(const struct key_mapper *mapper)
{
    return mapper->kind == MAPPER_RANDOM_SALT ? mapper->buckets : 1;
}
