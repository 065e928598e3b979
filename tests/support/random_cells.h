/* Random sorted cells of one family, for tests of what stores and merges cells. */
#ifndef STELE_TESTS_RANDOM_CELLS_H
#define STELE_TESTS_RANDOM_CELLS_H

#include "base/arena.h"
#include "base/dice.h"
#include "model/cell.h"

struct random_cells {
    struct arena arena;
    struct cell *cells; /* sorted by cell_compare, no two equal */
    size_t count;
    enum row_order order;
};

/* The shape: which keys and values, drawn from the dice when zero. */
struct random_cells_options {
    enum row_order order;
    size_t count;      /* about; duplicates fall out */
    size_t rows;       /* how many different rows at most; 0 = drawn */
    size_t value_size; /* most; 0 = drawn */
    bool is_put_only;
};

/* "f" is the family. Rows share prefixes, some are prefixes of others, some hold zero bytes;
 * qualifiers may be empty; several versions, types, tags and sequences. */
void random_cells_make(
    struct random_cells *cells, struct dice *dice, const struct random_cells_options *options);
void random_cells_deinit(struct random_cells *cells);

/* A probe near the cells: one of them, a neighbour, a first-of or last-on of row or column, another
 * family. Spans live in the arena. */
struct cell random_probe(struct random_cells *cells, struct dice *dice);
/* Index of the first cell at or after the probe; count when there is none. */
size_t random_cells_lower_bound(const struct random_cells *cells, const struct cell *probe);

/* All of it: key, value, tags, sequence. */
#define assert_cells_equal(a, b) check_cells_equal((a), (b), __FILE__, __LINE__)
void check_cells_equal(const struct cell *a, const struct cell *b, const char *file, int line);

#endif
