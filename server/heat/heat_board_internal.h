/* What the parts of the board share: what servers have reported, kept by count. */
#ifndef STELE_SERVER_HEAT_HEAT_BOARD_INTERNAL_H
#define STELE_SERVER_HEAT_HEAT_BOARD_INTERNAL_H

#include <stdatomic.h>

#include "base/mutex.h"
#include "server/heat/heat_board.h"

#define HEAT_SERVER_TEXT    320
#define HEAT_SILENT_MS      20000 /* a server that says nothing for so long is waited for no more */
#define HEAT_REPLAY_MINUTES 60

/* One minute of one server, as it was reported. Immutable. */
struct kept_minute {
    _Atomic unsigned references;
    struct arena arena; /* of all spans */
    struct span server;
    struct heat_minute minute;
    struct heat_values *totals; /* of each column */
    size_t
        open_count; /* columns of tablets that the server has; behind them those that were closed in the minute */
};

/* The hot rows of one server. Immutable. */
struct kept_rows {
    _Atomic unsigned references;
    struct arena arena;
    struct span server;
    const struct heat_tablet_rows *hot;
    size_t hot_count;
};

struct board_server {
    char name[HEAT_SERVER_TEXT];
    int64_t heard_ms;
    int64_t newest_ended;         /* minute; 0 = none */
    struct kept_minute *running;  /* NULL, as below: none yet; or it fell silent */
    struct kept_minute *previous; /* the newest that has ended */
    struct kept_rows *rows;
};

struct kept_event {
    struct heat_event event; /* spans are in `memory` */
    uint8_t *memory;
};

struct recent_axes; /* heat_board_matrix.c */

/* Minutes of one table that are not in the history yet: what all servers said, put together and made as small as a
 * picture can be. Immutable. For a large table that takes long, and a page asks for several pictures at once. */
struct recent_axes {
    _Atomic unsigned references;
    struct arena arena;
    struct span table;
    int64_t first, last;   /* minutes */
    uint64_t report_count; /* of the board, when they were taken */
    uint64_t made_ns, took_ns;
    struct heat_axis *axes; /* one a minute that anybody told of */
    int64_t *minutes;
    double *seconds;
    size_t count;
};

struct heat_board {
    struct env *env;
    bool is_alone;
    struct mutex mu;  /* LOCK_RANK_HEAT_BOARD: guards all below */
    int64_t begun_ms; /* the first report */
    struct board_server *servers;
    size_t server_count;
    struct kept_minute **pending; /* ended, not in the history yet */
    size_t pending_count, pending_room;
    uint64_t report_count;     /* ever taken */
    struct recent_axes *drawn; /* of the last picture, for the next one; or NULL */
    struct heat_history *history;
    struct kept_event events[HEAT_EVENTS_KEPT]; /* a ring */
    uint64_t event_count;                       /* ever noted */
};

/* What the servers said last: of each the minute that runs and the one before it, then its hot rows. Of those that still
 * speak. */
struct viewed_minute {
    struct kept_minute *minute;
    bool is_running;
    double window_s; /* of its server: both minutes together; 1 at least */
};

struct board_view {
    struct viewed_minute *minutes;
    size_t minute_count;
    struct kept_rows **rows;
    size_t row_count;
};

/* References: STATUS_NO_MEMORY. */
enum status board_view_take(struct heat_board *board, struct board_view *out_view);
void board_view_free(struct board_view *view);

void kept_minute_unref(struct kept_minute *minute); /* NULL is fine */
void kept_rows_unref(struct kept_rows *rows);       /* NULL is fine */

void recent_axes_unref(struct recent_axes *recent); /* NULL is fine */

/* Puts the `limit` with the greatest values first, in no order; of equals at the limit any. */
struct heat_ranked {
    double value;
    const void *item;
};
void heat_ranked_select(struct heat_ranked *all, size_t count, size_t limit);

/* The axis of a table in the minutes given: their columns put together, in the arena, keys borrowed. */
enum status heat_minutes_axis(struct kept_minute *const *minutes, size_t count, struct span table,
    struct arena *arena, struct heat_axis *out_axis);

#endif
