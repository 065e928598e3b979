/* Trouble: what is tried again and again and fails, told so that the log can be read: when it begins, once a minute
 * while it lasts, and when it is over.
 *
 * All zero is none. Threads: the caller's, one at a time. */
#ifndef STELE_BASE_TROUBLE_H
#define STELE_BASE_TROUBLE_H

#include <stdbool.h>
#include <stdint.h>

#define TROUBLE_PERIOD_NS UINT64_C(60000000000)

struct trouble {
    uint64_t failures; /* in a row; 0 = no trouble */
    uint64_t since_ns, told_ns;
};

/* It failed. A line of level warn, "<event> error=... failures=...", when it is due: then true. */
bool trouble_failed(
    struct trouble *trouble, uint64_t now_ns, const char *event, const char *error_message);
/* It went well: a line "<event>.again failures=... s=..." when it had not. */
void trouble_over(struct trouble *trouble, uint64_t now_ns, const char *event);

#endif
