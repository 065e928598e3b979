#include "bench/runner.h"

static uint64_t intended_start(const struct runner *runner, uint64_t number)
{
    return runner->started_ns +
           (uint64_t)(((double)number + runner->plan.offset) * 1e9 / runner->plan.rate);
}

void runner_init(struct runner *runner, const struct runner_plan *plan, struct timeline *timeline,
    size_t thread, uint64_t now_ns, runner_start_function *start, void *context)
{
    *runner = (struct runner){
        .plan = *plan, .start = start, .context = context, .started_ns = now_ns};
    runner->counted_from_ns = now_ns + plan->warmup_ns;
    runner->ends_ns = plan->duration_ns ? runner->counted_from_ns + plan->duration_ns : UINT64_MAX;
    runner->last_answer_ns = now_ns;
    recorder_init(&runner->recorder, timeline, thread, now_ns, runner->counted_from_ns);
}

void runner_deinit(struct runner *runner)
{
    recorder_deinit(&runner->recorder);
}

void runner_add_slot(struct runner *runner, struct slot *slot)
{
    slot->next = runner->idle;
    runner->idle = slot;
}

static bool may_start(struct runner *runner, uint64_t now_ns)
{
    if ((runner->plan.operations && runner->issued >= runner->plan.operations) ||
        now_ns >= runner->ends_ns)
        runner->is_over = true;
    return !runner->is_over;
}

/* is_woken: by its clock, while a slot was idle; else a slot has just become so. */
static uint64_t start_due(struct runner *runner, uint64_t now_ns, bool is_woken)
{
    while (may_start(runner, now_ns) && runner->idle) {
        uint64_t intended_ns = now_ns;
        if (runner->plan.rate > 0) {
            intended_ns = intended_start(runner, runner->issued);
            if (intended_ns > now_ns)
                return intended_ns < runner->ends_ns ? intended_ns : runner->ends_ns;
        }
        struct slot *slot = runner->idle;
        runner->idle = slot->next;
        slot->rows = slot->bytes = slot->missing = 0;
        slot->intended_ns = intended_ns;
        slot->start_ns = now_ns;
        if (is_woken && runner->late && now_ns >= runner->counted_from_ns)
            histogram_record(runner->late, now_ns - intended_ns, 1);
        runner->issued++;
        runner->busy++;
        runner->start(runner->context, slot, now_ns);
    }
    return UINT64_MAX;
}

uint64_t runner_go(struct runner *runner, uint64_t now_ns)
{
    recorder_tick(&runner->recorder, now_ns);
    return start_due(runner, now_ns, true);
}

uint64_t runner_done(
    struct runner *runner, struct slot *slot, bool is_failed, bool has_answer, uint64_t now_ns)
{
    recorder_tick(&runner->recorder, now_ns);
    if (has_answer)
        runner->last_answer_ns = now_ns;
    if (now_ns >= runner->counted_from_ns && slot->start_ns < runner->counted_from_ns) {
        /* began in the warm-up: belongs to neither */
    } else if (is_failed) {
        runner->recorder.tallies[slot->operation].failed++;
    } else {
        uint64_t intended_ns = now_ns - slot->intended_ns;
        struct tally *tally = recorder_record(&runner->recorder, slot->operation,
            now_ns - slot->start_ns, runner->plan.rate > 0 ? &intended_ns : NULL);
        tally->rows += slot->rows;
        tally->bytes += slot->bytes;
        tally->missing += slot->missing;
    }
    runner->busy--;
    runner_add_slot(runner, slot);
    return start_due(runner, now_ns, false);
}

void runner_stop(struct runner *runner)
{
    runner->is_over = true;
}

bool runner_is_done(const struct runner *runner)
{
    return runner->is_over && runner->busy == 0;
}

uint64_t runner_end(struct runner *runner, uint64_t now_ns)
{
    recorder_end(&runner->recorder, now_ns);
    if (runner->plan.rate <= 0)
        return 0;
    uint64_t until_ns = now_ns < runner->ends_ns ? now_ns : runner->ends_ns;
    uint64_t due = (uint64_t)((double)(until_ns - runner->started_ns) * runner->plan.rate / 1e9);
    if (runner->plan.operations && due > runner->plan.operations)
        due = runner->plan.operations;
    return due > runner->issued ? due - runner->issued : 0;
}

double runner_seconds(const struct runner *runner, uint64_t now_ns)
{
    return (double)(now_ns - runner->started_ns) / 1e9;
}
