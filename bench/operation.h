/* The operations of a load, by the names that users give and reports print. */
#ifndef STELE_BENCH_OPERATION_H
#define STELE_BENCH_OPERATION_H

#include <stdbool.h>

#include "base/bytes.h"

enum operation {
    OPERATION_READ,   /* a get of a whole row */
    OPERATION_UPDATE, /* a put of one column of a row that is there */
    OPERATION_INSERT, /* a put of all columns of a new row */
    OPERATION_SCAN,
    OPERATION_READ_MODIFY_WRITE, /* a get, then an update of the same row: one operation */
    OPERATION_INCREMENT,         /* of a counter in a column of its own */
    OPERATION_APPEND,
    OPERATION_DELETE, /* of the whole row */
    OPERATION_CHECK_AND_PUT,
    OPERATION_CHECK_AND_DELETE,
    OPERATION_LOCATE, /* which tablet has a row, asked of hbase:meta each time */
    OPERATION_COUNT
};

const char *operation_name(enum operation operation);
/* HBase's words too: get, put, rmw. False when unknown. */
bool operation_parse(struct span name, enum operation *out_operation);
/* The known name that is nearest to a wrong one, or NULL. */
const char *operation_nearest(const char *name);
/* Whether it changes rows. */
bool operation_is_write(enum operation operation);

#endif
