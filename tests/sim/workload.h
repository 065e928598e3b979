/* Clients of the simulated cluster: libstele on hosts of their own, each doing one operation after the other on the
 * rows of one table and writing down what it did (tests/support/linearizability.h).
 *
 * A third of the rows are registers (put, delete, check and put, check and delete, get), a third counters
 * (increment), a third lists (append). A put writes two columns; a row read with two that differ, or only one, is
 * torn, and counted. Now and then a client scans the whole table (workload_scan.h). */
#ifndef STELE_TESTS_SIM_WORKLOAD_H
#define STELE_TESTS_SIM_WORKLOAD_H

#include "base/dice.h"
#include "client/client.h"
#include "tests/support/linearizability.h"

#define WORKLOAD_CLIENTS_MAX 6
#define WORKLOAD_ROWS_MAX    64
#define WORKLOAD_TABLE       "t"

struct workload;

struct workload_client {
    struct workload *workload;
    struct env *env;
    struct stele_client *client;
    struct stele_table *table;
    struct executor *executor; /* the client's */
    struct task next_task;     /* timer: the next operation */
    unsigned number;
    size_t operation; /* of the history, under way */
    struct history_call call;
    char row[16];
    struct buffer value;
    struct history_value last_seen[WORKLOAD_ROWS_MAX]; /* by row; spans in `memory` */
    bool is_reading_all;
    bool is_of_all;   /* the operation under way */
    size_t next_read; /* the row; when reading all, in their order */
    bool has_read_all;
    uint64_t answered_ns; /* when the last operation succeeded */
};

struct workload {
    struct env *world;
    struct dice dice;
    struct history *history;
    struct workload_client clients[WORKLOAD_CLIENTS_MAX];
    size_t client_count;
    size_t row_count;
    size_t tablets; /* of the table, at first */
    bool has_table;
    uint64_t acknowledged, unknown, reads, torn;
    uint64_t scans, scanned, misplaced; /* whole scans; their rows; rows twice or out of order */
    uint64_t repeated;                  /* acknowledged after more than one attempt */
    char first_error[256];              /* of those whose outcome is unknown; for the report */
    struct arena memory;
};

/* Opens the clients; the first makes the table, then all work until workload_stop. */
void workload_start(struct workload *workload, struct env *world, uint64_t seed, const char *places,
    size_t clients, size_t rows, size_t tablets);
/* From now on each client reads every row once, for as long as it takes, and stops then. */
void workload_read_all(struct workload *workload);
bool workload_has_read_all(const struct workload *workload);
/* Where a client that has not read all stands, for a report. */
void workload_print_state(const struct workload *workload, struct buffer *out);
/* Fails the test unless the history is linearizable, row by row, and no row was torn, missing or doubled. Returns how many
 * rows were too hard for the checker. */
uint64_t workload_check_history(const struct workload *workload);
/* Forgets the clients: the world is about to end. */
void workload_deinit(struct workload *workload);

/* What a row read holds; counts a torn one. Spans are the result's. */
struct history_value workload_value_of(
    struct workload *workload, size_t row, const struct stele_result *result);
/* Row number i: the first letter spreads the rows over the tablets. */
void workload_row_name(size_t row, char out_name[16]);

#endif
