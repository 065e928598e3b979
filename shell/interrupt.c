#include "shell/interrupt.h"

#include <signal.h>
#include <stdatomic.h>
#include <stele/stele.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE_S     1
#define EXIT_ON_SIGINT 130 /* as shells have it: 128 and the signal's number */

static volatile sig_atomic_t is_interrupted;
static volatile time_t interrupted_s; /* when, by the monotonic clock */
static struct stele_client *_Atomic interrupted_client;

static void note(int signal_number)
{
    struct timespec now;
    (void)signal_number;
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (is_interrupted && now.tv_sec - interrupted_s > PATIENCE_S) {
        ssize_t written = write(STDOUT_FILENO, "\n", 1);
        _exit(written == 1 ? EXIT_ON_SIGINT : 1);
    }
    if (!is_interrupted)
        interrupted_s = now.tv_sec;
    is_interrupted = 1;
    struct stele_client *client = atomic_load(&interrupted_client);
    if (client)
        stele_client_interrupt(client);
}

void interrupt_install(void)
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = note;
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
}

void interrupt_set_client(struct stele_client *client)
{
    atomic_store(&interrupted_client, client);
}

bool interrupt_is_set(void)
{
    return is_interrupted != 0;
}

void interrupt_clear(void)
{
    struct stele_client *client = atomic_load(&interrupted_client);
    if (is_interrupted && client)
        stele_client_run(client, 0);
    is_interrupted = 0;
}
