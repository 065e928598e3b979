#include "client/retry.h"

#include "base/dice.h"

static const uint16_t multipliers[] = {1, 2, 3, 5, 10, 20, 40, 100, 100, 100, 100, 200, 200};

void retry_init(
    struct retry *retry, const struct stele_options *options, uint32_t timeout_ms, uint64_t now_ns)
{
    uint32_t operation_ms = timeout_ms ? timeout_ms : options->operation_timeout_ms;
    *retry = (struct retry){options, now_ns + (uint64_t)operation_ms * 1000000, 0, 0};
}

#define QUICK_ATTEMPTS 2

/* The clock is the dice of the last hundredth: many clients do not come back together. */
static uint64_t back_off_ns(uint32_t unit_ms, uint32_t attempts, uint64_t now_ns)
{
    size_t last = sizeof(multipliers) / sizeof(multipliers[0]) - 1;
    size_t index = attempts - 1 < last ? attempts - 1 : last;
    uint64_t pause = (uint64_t)unit_ms * 1000000 * multipliers[index];
    return pause + dice_below(&(struct dice){now_ns}, pause / 100 + 1);
}

/* Of a region that is somewhere else now: see retry_again. */
static uint64_t relocation_pause_ns(struct retry *retry, uint64_t now_ns)
{
    if (retry->quick == QUICK_ATTEMPTS)
        return back_off_ns(retry->options->pause_ms, retry->attempts - retry->quick, now_ns);
    return retry->quick++ == 0 ? 0 : back_off_ns(retry->options->pause_ms, 1, now_ns) / 4;
}

bool retry_again(
    struct retry *retry, struct failure *failure, uint64_t now_ns, uint64_t *out_pause_ns)
{
    const struct stele_options *options = retry->options;
    uint64_t pause;
    retry->attempts++;
    failure->error.attempts = retry->attempts;
    switch (failure->kind) {
    case EXCEPTION_DO_NOT_RETRY:
    case EXCEPTION_FATAL:
    case EXCEPTION_SCANNER_LOST:
        return false;
    case EXCEPTION_RETRY_NOW:
        pause = 0;
        break;
    case EXCEPTION_REGION_MOVED:
    case EXCEPTION_REGION_GONE:
        pause = relocation_pause_ns(retry, now_ns);
        break;
    case EXCEPTION_OVERLOADED:
        pause = back_off_ns(options->pause_overloaded_ms, retry->attempts, now_ns);
        break;
    case EXCEPTION_THROTTLED:
        pause = (uint64_t)failure_throttle_ms(&failure->error) * 1000000;
        if (pause == 0)
            pause = back_off_ns(options->pause_ms, retry->attempts, now_ns);
        break;
    default:
        pause = back_off_ns(options->pause_ms, retry->attempts, now_ns);
    }
    if (retry->attempts > options->retries)
        return false;
    if (now_ns + pause >= retry->deadline_ns)
        return false;
    *out_pause_ns = pause;
    return true;
}

uint32_t retry_call_timeout_ms(const struct retry *retry, uint64_t now_ns)
{
    uint64_t left_ms = retry->deadline_ns > now_ns ? (retry->deadline_ns - now_ns) / 1000000 : 0;
    if (left_ms > retry->options->rpc_timeout_ms)
        return retry->options->rpc_timeout_ms;
    return left_ms ? (uint32_t)left_ms : 1;
}
