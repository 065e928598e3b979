/* The board: the measured heat of a cluster, where pages, RPC and shell read it. It is the leading master's; in
 * standalone the process's.
 *
 *   tablet servers -> heat_report each 5 s -> [minute that runs] -- it has ended --> heat_history (layered, 5 weeks)
 *   master: splits, merges, moves ---------> ring of events
 *                                                 |
 *                 any thread: tablets, rows, matrix, events <--'
 *
 * The minute that runs is there too, as far as it has come. A master that has just begun to lead asks for the last
 * hour from the tablet servers, which keep it; what is older went with its predecessor.
 *
 * Threads: any, for every call. A mutex is held for copies and pointers only; pictures are made without it. Answers
 * live in the caller's arena and are his. Memory is bounded by heat_history.h and the reports' bounds. */
#ifndef STELE_SERVER_HEAT_HEAT_BOARD_H
#define STELE_SERVER_HEAT_HEAT_BOARD_H

#include "base/env.h"
#include "server/heat/heat_event.h"
#include "server/heat/heat_history.h"
#include "server/heat/heat_report.h"

#define HEAT_EVENTS_KEPT 4096

struct heat_board;

/* `is_alone`: one server reports, so its minutes need not wait for those of others. */
enum status heat_board_new(struct env *env, bool is_alone, struct heat_board **out_board);
void heat_board_free(struct heat_board *board); /* NULL is fine */

/* ---- Feeding ---- */

/* Copies. `out_answer->minutes_from` is set. */
void heat_board_take(struct heat_board *board, const struct heat_report *report,
    struct heat_report_answer *out_answer);
/* Copies; number and, when it is 0, time_ms are the board's. */
void heat_board_note(struct heat_board *board, const struct heat_event *event);

/* ---- Reading ---- */

/* A tablet and what it takes now: mean of the minute that runs and the one before it. */
struct heat_tablet {
    struct span table, tablet_id, server; /* server: "host,port,startcode" */
    struct span start_key, end_key;
    struct heat_values per_s;
    double share; /* of the asked metric, of all that the table takes; 0 .. 1 */
    struct span hottest_start, hottest_end; /* its hottest stretch, by the asked metric ... */
    double hottest_share;                   /* ... and that stretch's share of the tablet */
    struct heat_axis stretches; /* of the minute that says most: operations in it, not a second */
};

struct heat_tablets {
    struct heat_tablet *tablets; /* hottest first */
    size_t count;
    /* Of those past the limit too: */
    size_t active;            /* tablets that had a call in the window */
    struct heat_values per_s; /* what they take together */
};

/* `table` empty: of all tables. */
enum status heat_board_tablets(struct heat_board *board, struct span table, uint32_t metric,
    size_t limit, struct arena *arena, struct heat_tablets *out_tablets);

/* What the whole table takes a second, by the metric; 0 where nothing is known. */
double heat_board_total(struct heat_board *board, struct span table, uint32_t metric);

/* The part of what the tablet is asked for that lies before `row`, 0 to 1; where nothing is known, a half. A stretch that
 * the row cuts is taken to be even. */
double heat_board_share_before(struct heat_board *board, struct span tablet_id, struct span row);

/* A row and what it takes. Counts are of the last one to two minutes (window_s). */
struct heat_row {
    struct span table, tablet_id, server, row;
    enum heat_row_kind kind;
    double window_s;
    double count, error; /* operations; between count - error and count */
    double share;        /* of the tablet's operations of this kind in the window */
};

struct heat_rows {
    struct heat_row *rows; /* most first */
    size_t count;
};

/* `table` empty: of all tables. */
enum status heat_board_rows(struct heat_board *board, struct span table, size_t limit,
    struct arena *arena, struct heat_rows *out_rows);

/* The heat map: heat_history.h. STATUS_INVALID says what is wrong with the query; STATUS_NOT_FOUND: nothing is known of
 * such a table, which may well exist. */
enum status heat_board_matrix(struct heat_board *board, const struct heat_query *query,
    struct arena *arena, struct heat_matrix *out_matrix, struct error *error);

/* Oldest first: those after number `after` (0 = all that are kept), the newest `limit` of them. `table` empty: of all. */
struct heat_events {
    struct heat_event *events;
    size_t count;
};

enum status heat_board_events(struct heat_board *board, struct span table, uint64_t after,
    size_t limit, struct arena *arena, struct heat_events *out_events);

/* Tables of which there is heat, in order of names. */
struct heat_tables {
    struct span *names;
    size_t count;
};

enum status heat_board_tables(
    struct heat_board *board, struct arena *arena, struct heat_tables *out_tables);

#endif
