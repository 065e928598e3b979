#include "server/master/clock_watch.h"

#include "base/limits.h"

bool clock_watch_take(struct clock_watch *watch, int64_t its_ms, int64_t our_ms)
{
    if (its_ms <= 0 || our_ms <= 0)
        return false;
    watch->ahead_ms = its_ms - our_ms;
    bool is_off = watch->ahead_ms > LIMIT_CLOCK_SKEW_MS || watch->ahead_ms < -LIMIT_CLOCK_SKEW_MS;
    bool is_contrary = is_off != watch->is_off;
    bool has_changed = is_contrary && watch->is_doubted;
    if (has_changed)
        watch->is_off = is_off;
    watch->is_doubted = is_contrary && !has_changed;
    return has_changed;
}
