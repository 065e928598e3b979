/* Named pause points: where a test stops the program, kills it, or lets another run first.
 *
 * pause_point("log.sync.before") costs one load when nothing is armed. A name is
 * "module.step.when"; the list of all names is in pause.c (a test fails on a name that is not
 * listed). From the environment: STELE_PAUSE="name=kill", "name=stop" (SIGSTOP itself),
 * "name=exit:N" on its n-th visit with "name@n=kill". */
#ifndef STELE_BASE_PAUSE_H
#define STELE_BASE_PAUSE_H

#include <stdbool.h>

extern bool pause_is_armed;

#define pause_point(name)                                                                          \
    do {                                                                                           \
        if (__builtin_expect(__atomic_load_n(&pause_is_armed, __ATOMIC_RELAXED), 0))               \
            pause_reach(name);                                                                     \
    } while (0)

void pause_reach(const char *name);
/* Arms a function for a name (NULL function disarms); it runs at every visit, in the visiting
 * thread. Tests. */
void pause_arm(const char *name, void (*function)(void *context), void *context);
/* Reads STELE_PAUSE, several separated by commas; called once by main. False and a line in
 * *out_problem on a malformed or unknown name. */
bool pause_arm_from_environment(const char **out_problem);

#endif
