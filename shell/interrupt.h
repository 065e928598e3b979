/* ^C: a flag that a running command looks at between rows. */
#ifndef STELE_SHELL_INTERRUPT_H
#define STELE_SHELL_INTERRUPT_H

#include <stdbool.h>

void interrupt_install(void); /* SIGINT sets the flag from now on, and ends a blocking read */
bool interrupt_is_set(void);
void interrupt_clear(void);

#endif
