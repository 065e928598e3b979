/* The command line of `stele bench study`: what is to be studied, and how. */
#ifndef STELE_BENCH_STUDY_STUDY_OPTIONS_H
#define STELE_BENCH_STUDY_STUDY_OPTIONS_H

#include "bench/study/study_plan.h"

struct study_options {
    const char *mappers, *html, *svg, *connect, *zookeeper, *table;
    const char *advise_file;
    unsigned minutes;
    struct study_axes axes;
    bool is_simulated, is_json, is_overwriting, is_quiet, is_local, is_advising;
};

/* One line on stderr: "stele: bench study: WHAT 'NAME'; did you mean 'NEAREST'?"; the exit code of wrong usage. */
int study_complain(const char *what, const char *name, const char *nearest);
/* Reads the command line into the study and *own. An exit code, or -1 to go on. */
int study_options_parse(int argc, char **argv, struct study *study, struct study_options *own);
/* Keeps the command as it was typed. */
void study_note_command(struct study *study, int argc, char **argv);

#endif
