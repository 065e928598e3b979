/* Known workloads by name: YCSB's A to F and the commands of HBase's PerformanceEvaluation.
 *
 * A preset is a list of options with their values, as a user would write them; what is given on the
 * command line wins. */
#ifndef STELE_BENCH_PRESET_H
#define STELE_BENCH_PRESET_H

#include <stddef.h>

#define PRESET_OPTIONS 8

struct preset_option {
    const char *name; /* NULL: no more */
    const char *value;
};

struct preset {
    const char *name;
    const char *summary;
    struct preset_option options[PRESET_OPTIONS];
};

/* A command of PerformanceEvaluation that is known and not done. */
struct preset_refusal {
    const char *name;
    const char *why;
};

/* NULL when there is none. */
const struct preset *preset_find(const char *name);
/* Why the workload of that name is not done, or NULL. */
const char *preset_why_refused(const char *name);
/* The nearest name, or NULL. */
const char *preset_nearest(const char *name);
/* Calls each() for all of them, in order. */
void preset_each(void (*each)(void *context, const struct preset *preset), void *context);
void preset_each_refused(
    void (*each)(void *context, const struct preset_refusal *refusal), void *context);

#endif
