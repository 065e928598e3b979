/* A fuzz target is one function over one input: it must neither crash, leak, hang, nor read
 * outside.
 *
 *   tests/fuzz/fuzz_<parser>.c     the function
 *   tests/fuzz/corpus/<parser>/    inputs, small and few, each for a path of the parser; a bug's
 * input stays
 *
 * With -Dfuzz=true (clang) libFuzzer drives it (./check fuzz). In every other build replay.c runs
 * the corpus through it as a test of suite "fuzz", so a found input is a regression test
 * everywhere. Besides surviving, a target checks what must hold of any input (fuzz_check): what was
 * decoded encodes to the same bytes, two ways to read agree. */
#ifndef STELE_TESTS_FUZZ_FUZZ_H
#define STELE_TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A property of the parser that must hold whatever the input: on in every build. */
#define fuzz_check(condition) CHECK(condition)

#endif
