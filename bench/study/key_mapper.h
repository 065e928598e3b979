/* Row key designs: pure functions from a logical key to the bytes of a row (facts: the HBase book's "Rowkey Design",
 * Phoenix SALT_BUCKETS, OpenTSDB's salt, Bigtable's field promotion).
 *
 *   raw                     the fields as they stand
 *   order:a,b               the fields in another order ("promote" puts the last one first, "swap" the second)
 *   reverse                 the bytes of raw from the end
 *   bit-reverse             the bits of raw from the end: the lowest bit decides most; rows are not text
 *   salt:N[:a,b]            hash % N as two hex digits, then raw; the hash is of the named fields, else of all
 *   random-salt:N           a random number below N as two hex digits, then raw: a get must ask N times
 *   md5:K                   K hex digits of the MD5 of raw, then raw
 *   md5                     all 32 digits alone
 *   uuid                    a random-looking id (the digest with dashes): needs an index from the natural key
 *   latest:f                field f of digits as 99...9 - f: the newest first
 *   template:TEXT           text with {field}, {field:FROM-TO} (bytes from FROM, before TO; TO may be left out)
 *
 * A design also says what a query costs: key_mapper_prefixes gives the row prefixes that hold all rows of a partial
 * key. One empty prefix is the whole table.
 *
 * Threads: any; no state. */
#ifndef STELE_BENCH_STUDY_KEY_MAPPER_H
#define STELE_BENCH_STUDY_KEY_MAPPER_H

#include "base/arena.h"
#include "base/dice.h"
#include "base/status.h"
#include "bench/study/study_key.h"

#define KEY_MAPPER_PARTS    8
#define KEY_MAPPER_SALT_MAX 256

enum key_mapper_kind {
    MAPPER_PARTS, /* raw, order, template */
    MAPPER_REVERSE,
    MAPPER_BIT_REVERSE,
    MAPPER_SALT,
    MAPPER_RANDOM_SALT,
    MAPPER_MD5_PREFIX,
    MAPPER_MD5,
    MAPPER_UUID,
};

/* A piece of a row: some bytes of a field, or a literal. */
struct key_part {
    int field; /* -1: the literal */
    uint8_t from, to;
    bool is_latest; /* digits d as 9 - d */
    struct span literal;
};

struct key_mapper {
    const char *name; /* as it was asked for */
    enum key_mapper_kind kind;
    const struct study_layout *layout; /* borrowed */
    struct key_part parts[KEY_MAPPER_PARTS];
    size_t part_count;
    unsigned buckets;     /* of a salt */
    unsigned digits;      /* of md5:K */
    unsigned salt_fields; /* bit mask; what the salt is of */
};

/* Reads a design. The names of unknown ones and of unknown fields are told with the nearest that is known. `text` and
 * `layout` must outlive the mapper. STATUS_INVALID. */
enum status key_mapper_parse(const char *text, const struct study_layout *layout,
    struct arena *arena, struct key_mapper *out_mapper, struct error *error);
/* The row of a whole key; its size. */
size_t key_mapper_encode(const struct key_mapper *mapper, const struct study_key *key,
    struct dice *dice, uint8_t out_row[STUDY_KEY_SIZE]);
/* The key of a row; false when the design does not keep it (md5, uuid, a template that drops bytes). */
bool key_mapper_decode(const struct key_mapper *mapper, struct span row, struct study_key *out_key);

struct key_prefix {
    uint8_t size;
    uint8_t bytes[STUDY_KEY_SIZE];
};

/* The prefixes that together hold every row of the partial key; their number, at most KEY_MAPPER_SALT_MAX. */
size_t key_mapper_prefixes(const struct key_mapper *mapper, const struct study_key *partial,
    struct key_prefix out_prefixes[KEY_MAPPER_SALT_MAX]);
/* How many rows a get of a whole key must ask for: 1, or N for random-salt:N. */
unsigned key_mapper_get_cost(const struct key_mapper *mapper);

#endif
