#include "base/trouble.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/log_lines.h"

bool trouble_failed(
    struct trouble *trouble, uint64_t now_ns, const char *event, const char *error_message)
{
    if (trouble->failures++ == 0)
        trouble->since_ns = now_ns;
    else if (now_ns - trouble->told_ns < TROUBLE_PERIOD_NS)
        return false;
    trouble->told_ns = now_ns;
    log_line(LOG_WARN, event, "error=\"%s\" failures=%" PRIu64, error_message, trouble->failures);
    return true;
}

void trouble_over(struct trouble *trouble, uint64_t now_ns, const char *event)
{
    char again[80];
    if (trouble->failures == 0)
        return;
    snprintf(again, sizeof(again), "%s.again", event);
    log_line(LOG_INFO, again, "failures=%" PRIu64 " s=%" PRIu64, trouble->failures,
        (now_ns - trouble->since_ns) / UINT64_C(1000000000));
    *trouble = (struct trouble){0};
}
