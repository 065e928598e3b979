/* A recorded history: internal to linearizability.c (the search) and history.c (the record). */
#ifndef STELE_TESTS_HISTORY_H
#define STELE_TESTS_HISTORY_H

#include "base/arena.h"
#include "tests/support/linearizability.h"

#define HISTORY_NEVER UINT64_MAX

struct operation {
    struct history_call call;
    struct history_answer answer;
    uint64_t begun, ended; /* positions among all events; ended HISTORY_NEVER: no answer */
    uint64_t begun_ns, ended_ns;
    size_t next_of_row; /* SIZE_MAX: the last */
};

struct history_row {
    const char *name;
    size_t first, last; /* operations, in the order of their beginnings */
    size_t count;
};

struct history {
    struct arena arena; /* of all spans and names */
    struct operation *operations;
    size_t count, capacity;
    struct history_row *rows;
    size_t row_count, row_capacity;
    uint64_t events;
};

/* What the report shows above the operations. */
void history_print_operations(
    const struct history *history, const struct history_row *row, struct buffer *out_text);

#endif
