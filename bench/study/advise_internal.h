/* What advise.c and its sources share: a file of keys, the server's measured history, counters watched for a while. */
#ifndef STELE_BENCH_STUDY_ADVISE_INTERNAL_H
#define STELE_BENCH_STUDY_ADVISE_INTERNAL_H

#include <stele/stele.h>

#include "model/key_advice.h"

#define ADVISE_UNREACHED 3 /* the exit code */

/* "stele: bench study: ..." on stderr. */
void advise_complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Where the heat is from, for people and as a word of the JSON. */
struct advise_source {
    const char *name; /* "file", "history", "counters" */
    const char *unit; /* what its ranges are: "ranges of keys", "tablets" */
    char text[160];
};
void advise_tell(const struct key_heat *heat, const struct key_diagnosis *diagnosis,
    const struct advise_source *source, bool is_json);

/* Each returns an exit code. "-" is standard input. */
int advise_file(const char *name, bool is_json);
/* By the counters of its tablets, looked at each second for a while. */
int advise_counters(struct stele_client *client, const char *table, size_t servers, bool is_json);
/* By the server's measured heat of the last `minutes`. False: there is none, and *out_why says why. */
bool advise_history(struct stele_client *client, const char *table, unsigned minutes,
    size_t servers, bool is_json, struct stele_error *out_why);

#endif
