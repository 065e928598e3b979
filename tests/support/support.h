/* What every cmocka test includes: cmocka itself, assertions on statuses, seeds, temporary
 * directories.
 *
 * Seeds: a random test runs its body once per seed through for_each_seed. A failure or a crash
 * prints "failed with seed N", and STELE_SEED=N runs that one alone; STELE_SEEDS=N sets how many
 * are run, and both together so many from seed N on. */
#ifndef STELE_TESTS_SUPPORT_H
#define STELE_TESTS_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/dice.h"
#include "base/env.h"
#include "base/status.h"

/* Fails with the error's message when `call`, which sets `error`, does not return STATUS_OK. */
#define assert_ok(call, error) check_status((call), STATUS_OK, (error), #call, __FILE__, __LINE__)
/* Fails unless `call` returns `expected`. */
#define assert_status(call, expected)                                                              \
    check_status((call), (expected), NULL, #call, __FILE__, __LINE__)
void check_status(enum status status, enum status expected, const struct error *error,
    const char *call, const char *file, int line);

/* Compares bytes, printing both escaped when they differ. */
#define assert_spans_equal(a, b) check_spans_equal((a), (b), __FILE__, __LINE__)
void check_spans_equal(struct span a, struct span b, const char *file, int line);

/* Runs body(seed, context) with `count` seeds: the same ones in every run, unless STELE_SEED or
 * STELE_SEEDS says otherwise: then false, and a floor for what a whole run finds does not hold. */
bool for_each_seed(unsigned count, void (*body)(uint64_t seed, void *context), void *context);

/* Makes an empty directory below $TMPDIR or /tmp; its path is the caller's, freed by the remove,
 * which removes all that is in it. */
char *test_directory_new(void);
void test_directory_remove(char *path);
/* directory/name, valid until the eighth call from now. */
const char *test_path(const char *directory, const char *name);

/* Turns threads' executions into events: waits (real time, up to 30 s) until *count reaches
 * `wanted`; fails after that. For counters that tasks raise with __atomic_add_fetch. */
void wait_for_count(const unsigned *count, unsigned wanted);

#endif
