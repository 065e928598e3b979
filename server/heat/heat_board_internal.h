/* What the parts of the board share: what servers have reported, kept by count. */
#ifndef STELE_SERVER_HEAT_HEAT_BOARD_INTERNAL_H
#define STELE_SERVER_HEAT_HEAT_BOARD_INTERNAL_H

#include <stdatomic.h>

#include "base/mutex.h"
#include "server/heat/heat_board.h"

#define HEAT_SERVER_TEXT    320
#define HEAT_SERVERS_MOST   4096
#define HEAT_SILENT_MS      20000 /* a server that says nothing for so long is waited for no more */
#define HEAT_PENDING_MOST   65536 /* ended minutes that wait for those of other servers */
#define HEAT_REPLAY_MINUTES 60

/* One minute of one server, as it was reported. Immutable. */
struct kept_minute {
    _Atomic unsigned references;
    struct arena arena; /* of all spans */
    struct span server;
    struct heat_minute minute;
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
    struct kept_minute *running;  /* NULL, as below: none yet */
    struct kept_minute *previous; /* the newest that has ended */
    struct kept_rows *rows;
};

struct kept_event {
    struct heat_event event; /* spans are in `memory` */
    uint8_t *memory;
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
    int64_t newest_drawn; /* the newest minute in the history */
    struct heat_history *history;
    struct kept_event events[HEAT_EVENTS_KEPT]; /* a ring */
    uint64_t event_count;                       /* ever noted */
};

void kept_minute_unref(struct kept_minute *minute); /* NULL is fine */
void kept_rows_unref(struct kept_rows *rows);       /* NULL is fine */

/* The axis of a table in the minutes given: their columns put together, in the arena, keys borrowed. */
enum status heat_minutes_axis(struct kept_minute *const *minutes, size_t count, struct span table,
    struct arena *arena, struct heat_axis *out_axis);

#endif
