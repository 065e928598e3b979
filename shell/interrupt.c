#include "shell/interrupt.h"

#include <signal.h>
#include <string.h>

static volatile sig_atomic_t is_interrupted;

static void note(int signal_number)
{
    (void)signal_number;
    is_interrupted = 1;
}

void interrupt_install(void)
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = note;
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
}

bool interrupt_is_set(void)
{
    return is_interrupted != 0;
}

void interrupt_clear(void)
{
    is_interrupted = 0;
}
