/* A small root with one file of every kind in it, and what must be read from it: for golden files and flipped bytes.
 *
 * Two lives: the first flushes, fills and closes a log segment, and is killed; the second replays it (so a seal, a plan,
 * and a manifest that needs a dead log), writes a last row and is killed. */
#ifndef STELE_TESTS_SAMPLE_ROOT_H
#define STELE_TESTS_SAMPLE_ROOT_H

#include "base/env_memory.h"
#include "storage/storage.h"

#define SAMPLE_ROOT "/root"
#define SAMPLE_ROWS 41 /* the last by the second life */

/* A world in memory that holds the root, with nothing running. Always the same bytes. */
struct env *sample_root_make(void);
/* Starts a store on it, reads everything, and kills the store. STATUS_OK: all is there, except that *out_rows may be
 * SAMPLE_ROWS - 1 when the last row is not. STATUS_OUT_OF_RANGE: something else was read than was written. */
enum status sample_root_read(struct env *env, unsigned *out_rows, struct error *error);

#endif
