/* Lines of `import` and `export`.
 *
 *   cells:  row TAB family:qualifier [TAB timestamp] TAB value
 *   TSV:    fields between separators, told by a list of columns as HBase's ImportTsv has it
 *
 * In cells, bytes outside printable ASCII, tab and backslash are \xNN; nothing else is special.
 * Parsing unescapes in place: the spans point into the line. */
#ifndef STELE_CLI_CELL_LINE_H
#define STELE_CLI_CELL_LINE_H

#include "base/bytes.h"
#include "base/status.h"
#include "client/include/stele/stele.h"

/* One cell; its row, family, qualifier, value, timestamp (STELE_LATEST when there is none) and type
 * are set. STATUS_INVALID says what is wrong with the line. */
enum status cell_line_parse(
    uint8_t *line, size_t size, struct stele_cell *out_cell, struct error *error);
/* The same back, with the timestamp and a newline. */
void cell_line_put(struct buffer *out, const struct stele_cell *cell);

enum { TSV_COLUMNS = 1024, TSV_ATTRIBUTES = 16 };

enum tsv_kind { TSV_CELL, TSV_ROW, TSV_TIMESTAMP, TSV_TTL, TSV_ATTRIBUTE_LIST };
enum { TSV_KINDS = TSV_ATTRIBUTE_LIST + 1 };

struct tsv_columns {
    size_t count;
    struct {
        enum tsv_kind kind;
        struct stele_bytes family;
        struct stele_bytes qualifier;
    } columns[TSV_COLUMNS];
};

/* What a line tells of all its cells. */
struct tsv_beside {
    int64_t ttl_ms; /* 0: none of their own */
    size_t attribute_count;
    struct stele_attribute attributes[TSV_ATTRIBUTES];
};

/* "HBASE_ROW_KEY,f:q,f,HBASE_TS_KEY,HBASE_CELL_TTL,HBASE_ATTRIBUTES_KEY"; borrows the text. */
enum status tsv_columns_parse(
    struct span text, struct tsv_columns *out_columns, struct error *error);
/* The cells of a line: at most columns->count. As ImportTsv (ImportTsv.TsvParser.parse), fields at the end may be
 * missing; a line with more fields than columns, without a separator, row key, timestamp, time to live or attributes, or
 * with an empty row, is bad. A time to live is milliseconds in decimal (none when it is not above 0), attributes are
 * "key=>value,key=>value". */
enum status tsv_line_parse(const struct tsv_columns *columns, uint8_t separator, struct span line,
    struct stele_cell *out_cells, size_t *out_count, struct tsv_beside *out_beside,
    struct error *error);

#endif
