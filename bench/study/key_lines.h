/* A file of keys, one a line, for advice: with weights (a tab and a number behind the key) they are rows and how much each
 * is asked for; without, requests in order of time. Keys are written as `stele export` does: bytes outside printable
 * ASCII, tab and backslash as \xNN.
 *
 *   lines -> keys in an arena -> sorted -> ranges: with weights of as many rows each; without, equal parts of the space
 *   of keys, as lines that are requests say nothing of how many rows lie where -> key_heat (model/key_advice.h)
 *
 * Threads: one. */
#ifndef STELE_BENCH_STUDY_KEY_LINES_H
#define STELE_BENCH_STUDY_KEY_LINES_H

#include <stdio.h>

#include "base/arena.h"
#include "base/status.h"
#include "model/key_advice.h"

#define KEY_LINES_BUCKETS 64
#define KEY_LINES_COLUMNS 20

struct weighed_key {
    struct span key;
    double weight;
    size_t number; /* of the key, from 0, in the file's order */
};

/* Zero-initialised is empty. */
struct key_lines {
    struct arena arena; /* the keys */
    struct weighed_key *all;
    size_t count, room;
    bool has_weights;
    bool was_sorted; /* as they came, by key */
};
void key_lines_deinit(struct key_lines *lines);

/* STATUS_INVALID names the line; also when there are no keys. */
enum status key_lines_read(
    FILE *file, const char *name, struct key_lines *lines, struct error *error);

struct key_lines_heat {
    struct key_heat heat; /* of the two below */
    double loads[KEY_LINES_BUCKETS * KEY_LINES_COLUMNS];
    struct span starts[KEY_LINES_BUCKETS];
};
/* Sorts the lines. Borrows their keys. */
void key_lines_fold(struct key_lines *lines, struct key_lines_heat *out_heat);

#endif
