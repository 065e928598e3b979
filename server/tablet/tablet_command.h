/* What a master asks of a tablet server: one struct from the master to whoever executes it.
 *
 *   master -> tablet_link (server/master) -> [peer message] -> tablet_host -> engine
 *
 * Every command may be repeated: a tablet that is open already, closed already, or has the schema already, is
 * STATUS_OK. So a master whose command's fate is unknown sends it again.
 *
 * Commands of one tablet are executed one after another in the order of arrival, those of different tablets side by
 * side. A command with an epoch lower than the highest that the server has seen is refused (design 7.6).
 *
 * Memory: all of the sender's, spans and pointed-to structs included, until done() runs; what an answer holds is in
 * the sender's arena. done() runs once, on any executor: it should only post a message. */
#ifndef STELE_SERVER_TABLET_TABLET_COMMAND_H
#define STELE_SERVER_TABLET_TABLET_COMMAND_H

#include "proto/server_name.h"
#include "storage/storage.h"

/* On the wire between servers: numbers stay. */
enum tablet_command_kind {
    TABLET_COMMAND_OPEN = 1,
    TABLET_COMMAND_CLOSE = 2,
    TABLET_COMMAND_SET_SCHEMA = 3, /* of every open tablet of a table */
    TABLET_COMMAND_LIST = 4,       /* every tablet that is open, opening or closing there */
    TABLET_COMMAND_FLUSH = 5,      /* one tablet, every family */
    TABLET_COMMAND_WRITE = 6,      /* rows of one tablet: those of hbase:meta */
    TABLET_COMMAND_READ = 7,       /* rows of one tablet, some at a time */
    TABLET_COMMAND_STOP = 8,       /* the server closes as it would on SIGTERM */
    TABLET_COMMAND_SPLIT_ROW = 9,  /* a row that halves the tablet's data */
    TABLET_COMMAND_EXPECT =
        10, /* an OPEN will come soon: hold the tablet's requests until then (a move) */
    TABLET_COMMAND_COMPACT = 11, /* one tablet; answered when it is begun, not when it is done */
};

enum served_state { SERVED_OPENING = 0, SERVED_OPEN = 1, SERVED_CLOSING = 2 };

/* One line of a LIST. */
struct tablet_presence {
    char id[TABLET_ID_SIZE];
    char table_id[TABLE_ID_SIZE];
    enum served_state state;
    uint64_t open_sequence; /* 0 while opening */
};

struct tablet_command {
    enum tablet_command_kind kind;
    const struct server_name *server; /* who is meant: this very life of it */
    uint64_t epoch;                   /* the master's */
    uint32_t
        timeout_ms; /* for the whole of it; 0 = TABLET_COMMAND_TIMEOUT_MS. Only peers time out */
    /* OPEN, EXPECT: id, table_id, region_id, start_row, end_row. SET_SCHEMA: table_id, no id.
     * Others: id. */
    struct tablet_info tablet;
    const struct table_schema *schema; /* OPEN, EXPECT, SET_SCHEMA */
    bool is_major;                     /* COMPACT */
    /* CLOSE */
    bool is_dropped;  /* no flush, and the manifest says dropped */
    bool is_prepared; /* flush while it still serves, so that its rows stop only for the rest */
    const struct server_name *destination; /* whom later requests are sent to; NULL = not known */
    /* WRITE: answers are in the operations, in `arena` */
    struct write_operation *operations;
    size_t operation_count;
    /* READ: the rows behind this one (empty = from the first), newest cells of every family, about so many bytes */
    struct span after_row;
    uint64_t read_bytes;
    struct arena *arena; /* for answers of WRITE, READ, LIST, SPLIT_ROW */

    /* answers */
    enum status status; /* see below */
    struct error error;
    bool is_unknown;         /* it failed on its way: it may have been executed, or be under way */
    bool was_done;           /* OPEN: it was open already. CLOSE: it was not there */
    uint64_t open_sequence;  /* OPEN; CLOSE unless was_done */
    uint64_t prepared_bytes; /* CLOSE: of memtables, flushed while it served */
    uint64_t rest_bytes;     /* CLOSE: flushed while it did not */
    uint64_t stopped_ns;     /* CLOSE: how long its rows could not be written here */
    struct tablet_presence *tablets; /* LIST */
    size_t tablet_count;
    struct cell *cells; /* READ: whole rows; go on after the last of them */
    size_t cell_count;
    bool is_end;           /* READ: nothing is left */
    struct span split_row; /* SPLIT_ROW */
    void (*done)(struct tablet_command *command);
    void *sender; /* the sender's own */

    /* The executor's, while under way. */
    struct task task;
    struct completion completion;
    struct tablet_command *next;
    struct write write;
    void *state;
};

#define TABLET_COMMAND_TIMEOUT_MS 60000

/* Statuses that say something to a master, besides the engine's own:
 *   STATUS_SUPERSEDED  its epoch is too low: somebody else leads
 *   STATUS_NOT_FOUND   that life of the server is over (another has its address), or WRITE, READ, FLUSH,
 *                      COMPACT: the tablet is not open there
 *   STATUS_BUSY        OPEN: the tablet's owner is not sealed yet; the message names it
 *   STATUS_CLOSED      the server is stopping
 *   STATUS_IO, STATUS_TIMEOUT with is_unknown  the server could not be reached, or did not answer in time */

#endif
