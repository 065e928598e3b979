/* Cells and their order (HBase CellComparator; design 1; facts: hbase-semantics 1).
 *
 * A cell is {row, family, qualifier, timestamp, type} -> value, with tags and the sequence of the write that
 * made it. All spans are borrowed from wherever the cell was decoded.
 *
 * Order, ascending unless said otherwise: row (by the table's row order), family, qualifier (unsigned bytes,
 * shorter first), timestamp descending (signed), type descending, sequence descending. Special: a cell of
 * type CELL_MINIMUM with empty family and qualifier sorts after all else of its row ("last on row"). */
#ifndef STELE_MODEL_CELL_H
#define STELE_MODEL_CELL_H

#include "base/bytes.h"

enum cell_type {
    CELL_MINIMUM = 0,
    CELL_PUT = 4,
    CELL_DELETE = 8, /* one version: the cells of the column with exactly this timestamp */
    CELL_DELETE_FAMILY_VERSION = 10, /* the cells of the family with exactly this timestamp */
    CELL_DELETE_COLUMN = 12,         /* the cells of the column at or below this timestamp */
    CELL_DELETE_FAMILY = 14,         /* the cells of the family at or below this timestamp */
    CELL_MAXIMUM = 255, /* only in probes: with TIMESTAMP_LATEST, first of its column */
};

#define TIMESTAMP_LATEST INT64_MAX /* "the server's now" in a mutation; sorts first in a probe */

/* How rows compare. hbase:meta has its own: the table part (to the first ','), then the start key (to the
 * last ','), then the rest, each as bytes (HBase MetaCellComparator). */
enum row_order { ROW_ORDER_BYTES = 0, ROW_ORDER_META = 1 };

struct cell {
    struct span row;
    struct span family;
    struct span qualifier;
    struct span value;
    struct span tags;  /* HBase's encoding: (u16be length of type+payload, u8 type, payload)* */
    int64_t timestamp; /* milliseconds since 1970, or what the client chose */
    uint64_t sequence; /* of the write; 0 on the wire */
    uint8_t type;      /* enum cell_type */
};

/* Tag types used by HBase. */
enum cell_tag {
    CELL_TAG_ACL = 1,
    CELL_TAG_VISIBILITY = 2,
    CELL_TAG_TTL = 8 /* i64be milliseconds */
};

int row_compare(enum row_order order, struct span a, struct span b);
/* The whole order above, sequence last. */
int cell_compare(enum row_order order, const struct cell *a, const struct cell *b);
/* Qualifier and family only. */
int cell_compare_column(const struct cell *a, const struct cell *b);
bool cell_is_delete(const struct cell *cell); /* any of the four markers */
const char *cell_type_name(uint8_t type);     /* as HBase's Cell.Type; "Unknown" */

/* Bytes of the cell as HBase counts them for limits and heap size: key + value + tags + fixed overhead. */
size_t cell_size(const struct cell *cell);
/* The key/value encoded size of HBase's KeyValue: 8 + 12 + row + family + qualifier + value (+ 2 + tags). */
size_t cell_encoded_size(const struct cell *cell);
/* STATUS_LIMIT in HBase's words when the cell is over LIMIT_CELL_SIZE; of a cell that a client sent, and of what
 * an increment or append comes to. */
enum status cell_check_size(const struct cell *cell, struct error *error);
enum status cell_check_outcome_size(const struct cell *cell, struct error *error);

/* First tag of that type; false when absent. A malformed tag list ends the search. */
bool cell_find_tag(const struct cell *cell, enum cell_tag type, struct span *out_payload);
/* The per-cell TTL tag in milliseconds; false when absent or not 8 bytes. */
bool cell_ttl_ms(const struct cell *cell, int64_t *out_ttl_ms);
/* Checks that a tag list is well formed. */
bool cell_tags_are_valid(struct span tags);

#endif
