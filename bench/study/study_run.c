#include "bench/study/study_run.h"

#include <string.h>

#include "base/memory.h"
#include "bench/study/skew.h"

#define ENDS_S     10  /* the first and last seconds that "start" and "end" are means of */
#define BETTER     0.9 /* of the start's max/mean is an improvement */
#define WHILE_S    5
#define SMOOTHED_S 4 /* seconds that a max/mean is of: the noise of counting is not skew */

enum status study_run_init(
    struct study_run *run, unsigned seconds, size_t servers, struct error *error)
{
    struct study_run made = {.room = seconds, .servers = servers, .balanced_after_s = -1};
    made.max_mean = memory_allocate_zeroed(seconds, sizeof *made.max_mean);
    made.served = memory_allocate_zeroed(seconds, sizeof *made.served);
    made.heat = memory_allocate_zeroed((size_t)seconds * RUN_BUCKETS, sizeof *made.heat);
    made.asked = memory_allocate_zeroed((size_t)seconds * servers, sizeof *made.asked);
    enum status status = run_load_init(&made.load, seconds, servers, error);
    if (!status && (!made.max_mean || !made.served || !made.heat || !made.asked))
        status = error_set(error, STATUS_NO_MEMORY, "no memory for a run of %u seconds", seconds);
    if (status) {
        study_run_deinit(&made);
        return status;
    }
    *run = made;
    return STATUS_OK;
}

void study_run_deinit(struct study_run *run)
{
    memory_free(run->max_mean);
    memory_free(run->served);
    memory_free(run->heat);
    memory_free(run->asked);
    run_load_deinit(&run->load);
    run->max_mean = run->served = run->heat = run->asked = NULL;
}

void study_run_note(struct study_run *run, const struct run_event *event)
{
    if (event->is_split)
        run->splits++;
    else
        run->moves++;
    if (run->event_count < RUN_EVENTS_MOST)
        run->events[run->event_count++] = *event;
}

void study_run_end_second(struct study_run *run, unsigned second)
{
    double sums[SKEW_MOST] = {0};
    unsigned from = second + 1 < SMOOTHED_S ? 0 : second + 1 - SMOOTHED_S;
    for (unsigned one = from; one <= second; one++)
        for (size_t server = 0; server < run->servers; server++)
            sums[server] += run->asked[one * run->servers + server];
    struct skew skew = skew_of(sums, run->servers);
    run->max_mean[second] = skew.max_mean;
    run_load_end_second(&run->load, second, &skew);
}

bool study_run_is_settled(const struct study_run *run, unsigned second)
{
    if (second + 1 < RUN_BALANCED_FOR)
        return false;
    for (unsigned i = 0; i < RUN_BALANCED_FOR; i++)
        if (run->max_mean[second - i] > RUN_BALANCED)
            return false;
    return true;
}

void study_run_conclude(struct study_run *run)
{
    run->balanced_after_s = -1;
    run->balanced_seconds = 0;
    run->start_max_mean = run->end_max_mean = run->start_served = run->end_served = 0;
    for (unsigned second = 0; second < run->seconds; second++) {
        run->balanced_seconds += run->max_mean[second] <= RUN_BALANCED;
        if (run->balanced_after_s < 0 && study_run_is_settled(run, second))
            run->balanced_after_s = (int)(second + 1 - RUN_BALANCED_FOR);
    }
    unsigned ends = run->seconds < 2 * ENDS_S ? 1 : ENDS_S;
    for (unsigned i = 0; i < ends && i < run->seconds; i++) {
        unsigned last = run->seconds - 1 - i;
        run->start_max_mean += run->max_mean[i] / ends;
        run->start_served += run->served[i] / ends;
        run->end_max_mean += run->max_mean[last] / ends;
        run->end_served += run->served[last] / ends;
    }
    run_load_conclude(&run->load, run->seconds, ends);
}

/* Balanced for a while, then out of balance for a while. */
static bool lost_its_balance(const struct study_run *run)
{
    unsigned even = 0, uneven = 0;
    bool was_even = false;
    for (unsigned i = 0; i < run->seconds; i++) {
        bool is_even = run->max_mean[i] <= RUN_BALANCED;
        even = is_even ? even + 1 : 0;
        uneven = is_even ? 0 : uneven + 1;
        was_even = was_even || even >= WHILE_S;
        if (was_even && uneven >= WHILE_S)
            return true;
    }
    return false;
}

const char *study_run_verdict(const struct study_run *run)
{
    if (lost_its_balance(run))
        return "comes back";
    if (run->balanced_after_s >= 0)
        return run->start_max_mean <= RUN_BALANCED ? "even" : "cured";
    return run->end_max_mean < run->start_max_mean * BETTER ? "better, not cured" : "not cured";
}

bool study_run_ends_well(const struct study_run *run)
{
    return run->balanced_after_s >= 0 && !lost_its_balance(run);
}
