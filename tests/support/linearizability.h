/* Histories of single-row operations, and whether some order explains them.
 *
 * A row is a register that holds bytes or is absent. Clients note when an operation begins and when
 * its answer has come; history_check then looks, row by row, for an order in which each operation
 * takes effect at one instant between the two and every answer is what that order gives. That is
 * linearizability (Herlihy and Wing, 1990), which is local: rows are checked each on its own.
 *
 * An operation whose outcome nobody knows (its client was cut off) may take effect once at any
 * later time or never. One that is known to have failed must not have taken effect: it is left out
 * of the order, and shows when a read finds its value.
 *
 * The search is Wing and Gong's with Lowe's memory of the configurations tried ("Testing for
 * linearizability", 2017): a depth-first walk over the operations that may come next, never twice
 * from the same set of done operations and value. Operations of unknown outcome are what makes it long: of those that are alike
 * the first is taken, and it is tried first without those that left nothing to see. */
#ifndef STELE_TESTS_LINEARIZABILITY_H
#define STELE_TESTS_LINEARIZABILITY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"

struct history;

enum history_kind {
    HISTORY_GET,
    HISTORY_PUT,
    HISTORY_DELETE,
    HISTORY_CHECK_AND_PUT,    /* puts value when the row equals expected */
    HISTORY_CHECK_AND_DELETE, /* deletes when the row equals expected */
    HISTORY_INCREMENT,        /* adds amount to the row's eight bytes; absent counts as 0 */
    HISTORY_APPEND,           /* value comes behind what is there */
};

/* A value, or none. */
struct history_value {
    bool is_there;
    struct span bytes;
};

struct history_call {
    const char *row;
    unsigned client;
    enum history_kind kind;
    struct span value;             /* put, check and put, append */
    struct history_value expected; /* the two checks */
    int64_t amount;                /* increment */
};

struct history_answer {
    enum history_outcome { HISTORY_UNKNOWN, HISTORY_OK, HISTORY_FAILED } outcome;
    struct history_value value; /* get; increment and append: the value after it */
    bool is_value_unknown; /* increment and append: it happened, the value is of a later time */
    bool is_done;          /* the two checks */
};

struct history *history_new(void);
void history_free(struct history *history);

/* Begins an operation, and ends it. All is copied; calls come in the order of events. An operation
 * that is never ended is of unknown outcome. now_ns is for the report only. */
size_t history_invoke(struct history *history, const struct history_call *call, uint64_t now_ns);
void history_return(struct history *history, size_t operation, const struct history_answer *answer,
    uint64_t now_ns);

/* The operation was sent again without anybody knowing whether it was done, `times` more: each of these may have taken
 * effect once at any time since it began, or never. For what is not protected from happening twice. */
void history_repeat(struct history *history, size_t operation, unsigned times);

struct history_verdict {
    size_t rows, operations, unknown; /* checked */
    size_t undecided;                 /* rows given up: too many configurations */
};

/* False when some row has no such order: *out_report (appended) says which, and shows its
 * operations. */
bool history_check(
    const struct history *history, struct history_verdict *out_verdict, struct buffer *out_report);
/* Appends all operations of a row in the order of their beginnings. */
void history_print_row(const struct history *history, const char *row, struct buffer *out_text);

#endif
