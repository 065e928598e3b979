/* The bytes of history/master.<n> (docs/formats/procedure.md): what masters did and the next ones still show. u8 format
 * (1), u64 epoch, the balancer's last run and sums, counts of procedures and of moves, then the procedures, then the
 * moves, each oldest first. */
#ifndef STELE_SERVER_MASTER_HISTORY_DOCUMENT_H
#define STELE_SERVER_MASTER_HISTORY_DOCUMENT_H

#include "base/bytes.h"
#include "base/status.h"

#define HISTORY_NAME "master"

struct history_head {
    uint64_t epoch; /* of the master that wrote it */
    int64_t run_ms; /* of the balancer's last run; 0 = there was none */
    double worst_share, potential;
    struct span verdict;
    uint64_t runs, runs_with_moves, moves; /* of the balancer, in all */
    uint64_t procedure_count, move_count;  /* that follow */
};

/* A procedure that has ended. */
struct history_procedure {
    uint64_t id;
    struct span
        kind; /* its name, as in HBase; changes of namespaces have one too, which are no procedures of ours */
    int64_t submitted_ms, ended_ms;
    int64_t asked_ms; /* when somebody was told that it has ended; 0 = nobody yet */
    uint64_t nonce_group, nonce;
    struct span exception_class, message; /* Java class; empty: it succeeded */
};

/* A move that the balancer decided. */
struct history_move {
    int64_t time_ms;
    struct span tablet, table, from, to, reason;
    double gain;
    bool is_begun;
};

/* Spans borrow from `bytes`, which moves past what was read. STATUS_CORRUPT, STATUS_NEWER_FORMAT. */
enum status history_take_head(
    struct span *bytes, struct history_head *out_head, struct error *error);
/* head.procedure_count times. */
enum status history_take_procedure(
    struct span *bytes, struct history_procedure *out_procedure, struct error *error);
/* Then head.move_count times. */
enum status history_take_move(
    struct span *bytes, struct history_move *out_move, struct error *error);
/* After the last: nothing may follow. */
enum status history_take_end(struct span bytes, struct error *error);

void history_put_head(struct buffer *out, const struct history_head *head);
void history_put_procedure(struct buffer *out, const struct history_procedure *procedure);
void history_put_move(struct buffer *out, const struct history_move *move);

#endif
