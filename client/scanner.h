/* A scanner: a table's rows, region after region, page after page.
 *
 *   caller's side (scanner.c)         loop's side (scan_driver.c)            (scan_page.c)
 *   rows of the page in hand   <--    pages in order, prefetched    <--     an answer, decoded
 *
 * The loop's side opens a scanner on the region of `position`, asks for page after page, and goes
 * on to the next region; when the server or the region goes away, it opens a new one after the last
 * row that was taken in. The caller holds one page at a time and hands it back with its next
 * request, so that both sides own what they touch and nothing is locked. */
#ifndef STELE_CLIENT_SCANNER_H
#define STELE_CLIENT_SCANNER_H

#include "client/call.h"
#include "client/convert.h"
#include "proto/scan_message.h"

enum { SCAN_METRICS = 48 };

struct scan_count {
    char name[48];
    int64_t value;
};

/* Counts by name; what does not fit is dropped. */
struct scan_counts {
    struct scan_count counts[SCAN_METRICS];
    size_t count;
};

void scan_counts_add(struct scan_counts *counts, struct span name, int64_t value);

/* One answer's rows. */
struct scan_page {
    struct scan_page *next;
    struct block *block;  /* where the cells lie; NULL: none */
    struct arena arena;   /* cells and results */
    struct arena carried; /* bytes of a row that began in earlier answers */
    struct stele_result *results;
    size_t count;
    struct scan_counts counts; /* of this page */
};

/* A row whose end has not come yet. */
struct scan_partial {
    struct arena arena; /* the bytes */
    struct cell *cells; /* on the heap */
    size_t count;
    size_t capacity;
};

/* Where the delivery of parts of rows stands: the last cell delivered, to be skipped up to when its
 * row is read again. */
struct scan_mark {
    struct buffer bytes;
    struct cell cell;
    bool is_set;
};

/* The caller wants the next page: a message to the loop. Exactly one of wait and done is given. */
struct scan_demand {
    struct loop_task task;
    struct stele_scanner *scanner;
    struct scan_page *returned; /* the page the caller had; NULL: none */
    struct loop_wait *wait;
    stele_rows_function *done;
    void *done_context;
};

struct stele_scanner {
    struct stele_client *client;
    struct stele_table *table;
    struct stele_filter *filter; /* held */
    struct arena arena;          /* the request's */

    /* the caller's */
    struct scan_page *page; /* in hand */
    size_t row;             /* of it, the next one */
    struct scan_counts totals;
    struct stele_metric metrics[SCAN_METRICS];

    struct loop_task close_task; /* the last message from the caller */

    /* the loop's */
    struct loop_wait *wait;    /* of the demand that is not answered yet, or given up */
    stele_rows_function *done; /* the same, asynchronous */
    void *done_context;
    struct loop_task drive_task;
    struct scan_message message; /* the template of an open */
    struct buffer position;      /* the row to go on at */
    bool is_position_inclusive;
    struct span last_row; /* while an answer is decoded: the last row it had cells of */
    bool is_last_row_whole;
    uint64_t rows_left;    /* of the limit; UINT64_MAX: none */
    struct region *region; /* while open on it */
    struct server *server;
    uint64_t scanner_id;
    uint64_t next_call_seq;
    bool is_open;     /* the server has a scanner of ours */
    bool is_finished; /* no more rows come */
    bool is_failed;   /* `failure` ended it */
    bool is_waiting;  /* a request of the caller is not answered yet */
    bool is_closing;
    bool is_busy; /* a call, a look-up or a pause is under way */
    bool is_locating;
    struct failure failure;
    struct locate_waiter waiter;
    struct call *call; /* under way */
    struct timer timer;
    struct retry retry;
    uint32_t timeout_ms;
    bool prefetches;
    bool keeps_parts; /* results may be parts of rows: batch, or allows_partial */
    struct scan_partial partial;
    struct scan_mark mark;
    bool skips_to_mark; /* the row of the mark is being read again */
    struct scan_page *pages, **last_page;
    size_t page_count;
    struct scan_page *free_pages;
    struct scan_counts counts; /* since the last page */
    uint64_t sent_ns;          /* the call under way */
    bool is_remote;            /* the region's server is on another host */
};

/* ---- scan_page.c: loop thread ---- */

/* A page, empty; NULL on no memory. */
struct scan_page *scan_page_new(struct stele_scanner *scanner);
void scan_page_recycle(struct stele_scanner *scanner, struct scan_page *page); /* NULL is fine */
void scan_page_free(struct scan_page *page);
/* Decodes an answer's rows into the page, putting rows together across answers, and moves the
 * scanner's position and limit. is_row_ended: the region ends here, so a row that is pending is
 * complete. */
enum status scan_page_fill(struct stele_scanner *scanner, struct scan_page *page,
    const struct scan_response *response, struct span cell_block, struct block *block,
    bool is_row_ended, struct error *error);
/* Forgets a row that is pending, to read it again from its beginning. */
void scan_partial_drop(struct stele_scanner *scanner);
void scan_partial_deinit(struct scan_partial *partial);

/* ---- scan_driver.c: loop thread ---- */

/* Takes up a demand, and frees it. */
void scan_driver_demand(struct loop_task *task);
/* Closes on the server without waiting, then frees. */
void scan_driver_close(struct loop_task *task);

#endif
