/* Real files, virtual time: an env whose directory is Linux's and whose clocks and executors are its own. All executors
 * run in the one thread that calls virtual_env_run, in an order drawn from the seed (base/executor_seeded.c).
 *
 * Time passes in two ways: a task takes the processor time that it really took, so that slow work shows (or a given
 * time: virtual_env_set_task_time); and when nothing is left to run, the clock jumps to the next timer. A day of mostly
 * waiting takes minutes.
 *
 * For figures of programs too large for the disk in memory of base/env_memory.h. It knows the insides of env, as every
 * env does. */
#ifndef STELE_TESTS_SIM_VIRTUAL_ENV_H
#define STELE_TESTS_SIM_VIRTUAL_ENV_H

#include "base/env.h"

/* Never freed: one a process. */
struct env *virtual_env_new(uint64_t seed);
/* Every task takes so long, whatever it took: then one seed is one run, on any machine. 0: its processor time again. */
void virtual_env_set_task_time(struct env *env, uint64_t task_ns);
/* Runs until is_done(context) says so; false when limit_ns of virtual time have passed, or nothing is left to run. */
bool virtual_env_run(
    struct env *env, bool (*is_done)(const void *context), const void *context, uint64_t limit_ns);

#endif
