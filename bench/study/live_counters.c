#include "bench/study/live_counters.h"

#include <string.h>

void live_counters_begin(struct live_counters *counters)
{
    counters->total = counters->lost = 0;
    counters->has_begun = true;
}

void live_counters_begin_look(struct live_counters *counters)
{
    counters->look++;
    counters->reported = 0;
}

/* Its counters are gone, or began anew: what it took from its last report to its end is in none. In the mean that is
 * half the time between two reports, and the time that closing takes: about what it took from look to look. */
static void note_lost(struct live_counters *counters, struct counted_tablet *one)
{
    counters->lost += one->grown;
    one->grown = 0;
}

static struct counted_tablet *find(
    struct live_counters *counters, const uint8_t *encoded, size_t server)
{
    for (size_t i = 0; i < counters->count; i++) {
        struct counted_tablet *one = &counters->tablets[i];
        if (one->server == server && memcmp(one->encoded, encoded, LIVE_ENCODED_SIZE) == 0)
            return one;
    }
    return NULL;
}

void live_counters_take(
    struct live_counters *counters, struct span region, size_t server, uint64_t requests)
{
    counters->reported++;
    if (region.size < LIVE_ENCODED_SIZE + 2)
        return;
    const uint8_t *encoded = region.data + region.size - LIVE_ENCODED_SIZE - 1;
    struct counted_tablet *one = find(counters, encoded, server);
    if (!one) {
        if (counters->count == LIVE_COUNTED_MOST)
            return;
        one = &counters->tablets[counters->count++];
        *one = (struct counted_tablet){
            .server = server, .requests = counters->has_begun ? 0 : requests};
        memcpy(one->encoded, encoded, LIVE_ENCODED_SIZE);
    }
    if (requests < one->requests) { /* opened anew: it began at 0 */
        note_lost(counters, one);
        one->requests = 0;
    }
    one->grown = requests - one->requests;
    one->requests = requests;
    one->look = counters->look;
    counters->total += one->grown;
}

/* Those that the look did not have were split, or are on their way. */
void live_counters_end_look(struct live_counters *counters)
{
    for (size_t i = 0; i < counters->count; i++)
        if (counters->tablets[i].look != counters->look)
            note_lost(counters, &counters->tablets[i]);
}
