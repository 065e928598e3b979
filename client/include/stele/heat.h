/* libstele, measured heat: which tablets and rows take most, and a table's heat map. Included by <stele/admin.h>, whose
 * rules hold here.
 *
 * Only Stele measures heat. Real HBase, and a Stele that is older, end these calls with STELE_UNSUPPORTED and a message
 * that says so. The leading master answers for the whole cluster, from what tablet servers tell it each five seconds.
 *
 * A metric is "ops" (gets, scanned rows and writes), "reads" (gets and scanned rows), "gets", "scans", "writes", "bytes", "bytes_in",
 * "bytes_out" or "cpu" (nanoseconds of the threads that run calls); empty is "ops". STELE_REMOTE says when it is none. */
#ifndef STELE_HEAT_H
#define STELE_HEAT_H

#include "admin.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Tablets ---- */

/* A tablet (HBase: region) and what it takes a second: mean of the last one to two minutes. */
struct stele_hot_tablet {
    struct stele_bytes table;
    struct stele_bytes encoded_name;
    struct stele_bytes server; /* "host,port,startcode" */
    struct stele_bytes start_key, end_key;
    double gets, scanned_rows, writes; /* a second */
    double bytes_in, bytes_out;        /* a second */
    double cpu;                        /* cores */
    double share;                      /* of all that its table takes, by the metric; 0 to 1 */
    struct stele_bytes hottest_start,
        hottest_end;      /* of up to 32 stretches of its keys, the one that takes most ... */
    double hottest_share; /* ... and that one's share of the tablet */
};

struct stele_hot_tablet_list {
    const struct stele_hot_tablet *tablets; /* hottest first */
    size_t count;
    size_t active; /* tablets with any call in the window, also those past the limit */
    void *memory;
};
void stele_hot_tablet_list_free(struct stele_hot_tablet_list *list);
typedef void stele_hot_tablet_list_function(
    void *context, const struct stele_error *error, const struct stele_hot_tablet_list *list);

/* table empty: of all tables. Tablets that took nothing are not listed. */
enum stele_status stele_hot_tablets(struct stele_client *client, struct stele_bytes table,
    struct stele_bytes metric, uint32_t limit, struct stele_hot_tablet_list *out_list,
    struct stele_error *error);
void stele_hot_tablets_async(struct stele_client *client, struct stele_bytes table,
    struct stele_bytes metric, uint32_t limit, stele_hot_tablet_list_function *done, void *context);

/* ---- Rows ---- */

/* A row that takes much of what its tablet takes. The true count lies between count - error and count; where calls were
 * sampled, for 19 rows in 20. */
struct stele_hot_row {
    struct stele_bytes table;
    struct stele_bytes row; /* its first 64 bytes */
    bool is_write;          /* else reads */
    double count, error;    /* operations in the window */
    double window_s; /* seconds that were counted: 60 to 120, or since the tablet's first call */
    double share;    /* of its tablet's reads, or writes */
    struct stele_bytes encoded_name, server; /* of the tablet */
};

struct stele_hot_row_list {
    const struct stele_hot_row *rows; /* most operations a second first */
    size_t count;
    void *memory;
};
void stele_hot_row_list_free(struct stele_hot_row_list *list);
typedef void stele_hot_row_list_function(
    void *context, const struct stele_error *error, const struct stele_hot_row_list *list);

/* table empty: of all tables. */
enum stele_status stele_hot_rows(struct stele_client *client, struct stele_bytes table,
    uint32_t limit, struct stele_hot_row_list *out_list, struct stele_error *error);
void stele_hot_rows_async(struct stele_client *client, struct stele_bytes table, uint32_t limit,
    stele_hot_row_list_function *done, void *context);

/* ---- Map ---- */

/* A picture asked for. Zero-initialised is "the last hour of the whole table by ops, 32 x 60". */
struct stele_heat_query {
    struct stele_bytes metric;
    int64_t from_s, to_s;                  /* since 1970; 0: an hour before to_s; 0: now */
    struct stele_bytes start_key, end_key; /* empty: of the table */
    uint32_t rows, columns;                /* at most; 0: 32, 60 */
};

/* Row r is [bounds[r], bounds[r + 1]); column c begins at from_s + c * step_s. Rows are as wide as shows most: hot keys
 * by themselves, cold ones together. */
struct stele_heat_map {
    const struct stele_bytes *bounds; /* row_count + 1; the last is empty at the end of the table */
    size_t row_count, column_count;
    int64_t from_s;
    uint32_t step_s;     /* a multiple of 60 */
    const float *values; /* values[column * row_count + row]: the metric a second, of all keys of
                            the row together */
    const double *bytes; /* by row: about what is stored there; NULL: not known */
    void *memory;
};
void stele_heat_map_free(struct stele_heat_map *map);
typedef void stele_heat_map_function(
    void *context, const struct stele_error *error, const struct stele_heat_map *map);

/* STELE_REMOTE when nothing is known of the table, which may well exist, and when the query makes no sense. */
enum stele_status stele_heat_map(struct stele_client *client, struct stele_bytes table,
    const struct stele_heat_query *query, struct stele_heat_map *out_map,
    struct stele_error *error);
void stele_heat_map_async(struct stele_client *client, struct stele_bytes table,
    const struct stele_heat_query *query, stele_heat_map_function *done, void *context);

/* ---- Events ---- */

/* A tablet was split, merged or moved. */
struct stele_tablet_event {
    uint64_t number; /* rises */
    int64_t time_ms;
    struct stele_bytes kind; /* "split", "merge", "move" */
    struct stele_bytes table;
    struct stele_bytes encoded_name;
    struct stele_bytes key;      /* of a split where; else where the tablet begins */
    struct stele_bytes from, to; /* servers; empty where not known */
    struct stele_bytes reason;   /* in words */
};

struct stele_tablet_event_list {
    const struct stele_tablet_event *events; /* oldest first */
    size_t count;
    void *memory;
};
void stele_tablet_event_list_free(struct stele_tablet_event_list *list);
typedef void stele_tablet_event_list_function(
    void *context, const struct stele_error *error, const struct stele_tablet_event_list *list);

/* table empty: of all tables; after: those with a higher number; limit: the newest of them. */
enum stele_status stele_tablet_events(struct stele_client *client, struct stele_bytes table,
    uint64_t after, uint32_t limit, struct stele_tablet_event_list *out_list,
    struct stele_error *error);
void stele_tablet_events_async(struct stele_client *client, struct stele_bytes table,
    uint64_t after, uint32_t limit, stele_tablet_event_list_function *done, void *context);

#ifdef __cplusplus
}
#endif

#endif
