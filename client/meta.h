/* hbase:meta as clients read it: how its rows are asked for, and what they say (facts: hbase-rpc
 * 7c). */
#ifndef STELE_CLIENT_META_H
#define STELE_CLIENT_META_H

#include "client/include/stele/stele.h"
#include "model/cell.h"
#include "proto/region.h"
#include "proto/result_message.h"

/* One row: a region's, or a table's with its state. Spans borrow from the cells, and from
 * `storage`. */
struct meta_row {
    struct span name; /* the row: a region's name, or a table's */
    bool is_table;
    enum stele_table_state table_state;
    struct region_info info;
    struct span host; /* empty: on no server */
    uint32_t port;
    uint64_t start_code;
    int64_t open_sequence; /* -1: not there */
    struct span state;     /* "OPEN" */
};

/* Reads a row of family info or table. False when it is neither (a row that is being removed, say).
 * storage: at least LIMIT_TABLE_NAME_SIZE bytes. */
bool meta_row_decode(
    const struct cell *cells, size_t count, uint8_t *storage, struct meta_row *out_row);

enum meta_scan {
    META_SCAN_TABLE,  /* the table's state row and then its regions in order */
    META_SCAN_ROW,    /* the region that holds `row`, or a few that may: parents of splits too */
    META_SCAN_BEFORE, /* the same for the rows just below `row`; empty: the last region */
    META_SCAN_ALL,    /* every row */
};

/* Appends a ScanRequest for at most `limit` rows in one answer, which closes its scanner. from:
 * (TABLE, ALL) the row to go on after, empty at first. */
void meta_scan_encode(struct buffer *out, enum meta_scan kind, struct span table, struct span row,
    struct span from, uint32_t limit);

/* Called for each row of an answer. */
typedef void meta_row_function(void *context, const struct meta_row *row);

struct meta_answer {
    size_t count;     /* rows */
    struct span last; /* the last row's name, borrowed from the answer */
    bool has_more;    /* the server stopped before the end, at the limit or anywhere else */
};

/* Walks an answer to that. */
enum status meta_answer_decode(struct span message, struct span cell_block, struct arena *arena,
    meta_row_function *each, void *context, struct meta_answer *out_answer, struct error *error);

#endif
