/* ^C. The first ends what the command at work waits for, and sets a flag that scans look at between
 * rows and commands and loops before each round. A bare `while` without commands sees neither: for it a second ^C,
 * a second later or more, leaves the shell (the history is on disk by then). */
#ifndef STELE_SHELL_INTERRUPT_H
#define STELE_SHELL_INTERRUPT_H

#include <stdbool.h>

struct stele_client;

void interrupt_install(void); /* SIGINT means this from now on, and ends a blocking read */
/* Whose calls ^C ends; NULL: nobody's. Borrowed. */
void interrupt_set_client(struct stele_client *client);
bool interrupt_is_set(void);
/* Takes a ^C back, from the client too. */
void interrupt_clear(void);

#endif
