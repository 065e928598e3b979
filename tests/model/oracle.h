/* The naive oracle of the engine: every cell ever written, in a list, and reads that look at all of them.
 *
 * It knows HBase's rules (facts: hbase-semantics 1, 3, 4) in the plainest words, and nothing of files. The one thing that
 * files may change about answers, markers that a major compaction takes away, it is told (oracle_purge). */
#ifndef STELE_TESTS_ORACLE_H
#define STELE_TESTS_ORACLE_H

#include "model/read.h"
#include "model/schema.h"

#define ORACLE_ROWS       6
#define ORACLE_FAMILIES   2
#define ORACLE_QUALIFIERS 4

struct oracle_cell {
    uint8_t row, family, qualifier; /* qualifier: ORACLE_QUALIFIERS for family markers */
    uint8_t type;
    int64_t timestamp;
    uint64_t order;    /* of writing */
    struct span value; /* in the test's arena */
};

struct oracle {
    const struct table_schema *schema;
    struct oracle_cell *cells;
    size_t count, capacity;
    uint64_t next_order;
};

/* Names: rows "a" to "f", families "f", "g", qualifiers "", "p", "q", "r". */
struct span oracle_row_name(unsigned row);
struct span oracle_family_name(unsigned family);
struct span oracle_qualifier_name(unsigned qualifier);

void oracle_deinit(struct oracle *oracle);
void oracle_copy(const struct oracle *from, struct oracle *out_copy);
void oracle_write(struct oracle *oracle, unsigned row, unsigned family, unsigned qualifier,
    enum cell_type type, int64_t timestamp, struct span value);
/* A major compaction of the family: what is masked, and what masks, is gone. */
void oracle_purge(struct oracle *oracle, unsigned family);

/* What a read of one row gives, in order; at most `capacity` cells. Returns how many. */
size_t oracle_read(const struct oracle *oracle, unsigned row, const struct read_request *request,
    int64_t now_ms, struct oracle_cell *out_cells, size_t capacity);
/* The newest visible put of a column; NULL when there is none. */
const struct oracle_cell *oracle_newest(
    const struct oracle *oracle, unsigned row, unsigned family, unsigned qualifier, int64_t now_ms);

#endif
