/* What a tablet server tells the leading master about heat, every HEAT_REPORT_MS: the minute that runs as far as it
 * has come, and, once each, the minutes that have ended.
 *
 * A tablet that was closed meanwhile, moved, split or merged, is in the minute with what it took until then; opened again
 * in that minute it has a column more.
 *
 * A report is bounded: idle tablets are left out; past HEAT_REPORT_BUCKETS stretches idle ones side by side become one,
 * and cooler tablets go as one stretch each; past HEAT_REPORT_TABLETS the coolest are left out. All spans are the
 * sender's. */
#ifndef STELE_SERVER_HEAT_HEAT_REPORT_H
#define STELE_SERVER_HEAT_HEAT_REPORT_H

#include <stdbool.h>

#include "proto/server_name.h"
#include "server/heat/heat_axis.h"
#include "storage/storage.h"

#define HEAT_REPORT_MS       5000
#define HEAT_REPORT_BUCKETS  16384
#define HEAT_REPORT_TABLETS  16384
#define HEAT_REPORT_ROWS     16   /* hot rows of a tablet and kind */
#define HEAT_REPORT_ALL_ROWS 2048 /* hot rows of a report */

/* One tablet's minute. */
struct heat_column {
    struct span table; /* the name as users say it */
    char table_id[TABLE_ID_SIZE];
    char tablet_id[TABLET_ID_SIZE];
    struct heat_axis axis; /* from its start key to its end key */
    bool is_closed;        /* the server has it no more: what it took there until then */
};

enum heat_row_kind { HEAT_ROW_READ, HEAT_ROW_WRITE, HEAT_ROW_KINDS };

/* A row that took much of what its tablet did in the window. */
struct hot_row {
    struct span row; /* maybe cut: HOT_ROW_PREFIX */
    enum heat_row_kind kind;
    double count; /* operations in the window, at most; at least count - error */
    double error;
};

struct heat_tablet_rows {
    struct span table;
    char tablet_id[TABLET_ID_SIZE];
    double window_s;            /* that the counts are of */
    double all[HEAT_ROW_KINDS]; /* operations of the tablet in the window */
    const struct hot_row *rows; /* most first, by kind */
    size_t row_count;
};

struct heat_minute {
    int64_t minute; /* since 1970 */
    double seconds; /* of it that have passed; 60 when it has ended */
    const struct heat_column *columns;
    size_t column_count;
};

struct heat_report {
    struct server_name server;
    const struct heat_minute *minutes; /* oldest first; the last is the one that runs */
    size_t minute_count;
    const struct heat_tablet_rows *hot; /* of the tablets that have any */
    size_t hot_count;
    size_t left_out; /* active tablets that the bounds left out */
};

/* What the server is told back. */
struct heat_report_answer {
    uint64_t epoch;       /* 0: it leads nobody */
    int64_t minutes_from; /* minutes that have ended are welcome from this one on */
};

#endif
