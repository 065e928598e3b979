/* What live.c and its parts share: the cluster of a study, as its client sees it. */
#ifndef STELE_BENCH_STUDY_LIVE_INTERNAL_H
#define STELE_BENCH_STUDY_LIVE_INTERNAL_H

#include <stele/stele.h>

#include "bench/study/live.h"
#include "bench/study/skew.h"

#define LIVE_SERVERS_MOST 256
#define LIVE_NAME_SIZE    300

struct live {
    struct study *study;
    struct live_config config;
    struct event_base *loop;
    struct stele_client *admin; /* retries as usual */
    struct stele_client *looks; /* gives up soon */
    struct stele_client
        *data; /* gives up soon, and at once when it is refused: then it was not served */
    char servers[LIVE_SERVERS_MOST][LIVE_NAME_SIZE]; /* "host,port,startcode", by port */
    size_t server_count;
    bool has_switches; /* as they were */
    bool was_balancing, was_splitting;
    char made[STUDY_CELLS_MOST][64]; /* tables of this round, by cell; empty = none */
};

static inline struct span span_of(struct stele_bytes bytes)
{
    return span_make(bytes.data, bytes.size);
}

static inline struct stele_bytes bytes_of(struct span span)
{
    return stele_bytes(span.data, span.size);
}

/* The client's failure as ours. */
enum status live_fail(const struct stele_error *failure, const char *doing, struct error *error);
/* STATUS_CANCELLED after ^C. */
enum status live_check_stop(const struct live *live, struct error *error);
void live_tell(const struct live *live, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* The master's: whether tablets are split, and moved. */
enum status live_set_switches(
    struct live *live, bool has_split, bool has_balancer, struct error *error);
/* The server of that name by index; SIZE_MAX when it is none of the study's. */
size_t live_find_server(const struct live *live, const struct stele_server *server);

/* A logical key as a row's value, and back. Field after field, at its width. */
size_t live_put_value(const struct scenario *scenario, const struct study_key *key, uint8_t *out);
bool live_take_value(const struct scenario *scenario, struct span value, struct study_key *out_key);

/* ---- live_table.c ---- */

/* Makes, cuts, spreads and fills the table of a cell, and asks the queries. */
enum status live_table_make(struct live *live, size_t cell, struct error *error);
/* Drops it; best effort. */
void live_table_drop(struct live *live, size_t cell);

/* ---- live_fill.c ---- */

/* Writes the rows of a cell's table; what that cost goes into the cell. */
enum status live_fill(struct live *live, size_t cell, struct error *error);

/* ---- live_run.c ---- */

/* Runs the trace against the cell's table, with the switches as the cell has them from when its counters were first
 * read; *out_run is concluded. STATUS_CANCELLED and failures leave in it what
 * there was. */
enum status live_run(
    struct live *live, size_t cell, struct study_run *out_run, struct error *error);

#endif
