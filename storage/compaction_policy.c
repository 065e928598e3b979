#include "storage/compaction_policy.h"

#include "base/dice.h"

void compaction_policy_init(struct compaction_policy *policy)
{
    *policy = (struct compaction_policy){.min_files = 3,
        .max_files = 10,
        .stuck_files = 16,
        .ratio_percent = 120,
        .small_bytes = 16u << 20,
        .delete_percent = 40,
        .delete_cells = 1000,
        .major_period_ms = (int64_t)7 * 24 * 3600 * 1000,
        .major_jitter = 0.5,
        .ttl_ms = INT64_MAX};
}

const char *compaction_reason_name(enum compaction_reason reason)
{
    static const char *const names[] = {
        "none", "asked", "expired", "stuck", "ratio", "parts", "deletes", "period"};
    return names[reason];
}

static bool is_expired(const struct compaction_policy *policy, const struct compaction_state *state,
    const struct compaction_file *file)
{
    return policy->ttl_ms != INT64_MAX && file->max_timestamp < state->now_ms &&
           state->now_ms - policy->ttl_ms > file->max_timestamp;
}

static struct compaction_choice pick_expired(
    const struct compaction_policy *policy, const struct compaction_state *state)
{
    struct compaction_choice best = {0};
    size_t run = 0;
    for (size_t i = 0; i < state->count; i++) {
        run = is_expired(policy, state, &state->files[i]) ? run + 1 : 0;
        if (run > best.count)
            best = (struct compaction_choice){
                .first = i + 1 - run, .count = run, .reason = COMPACTION_EXPIRED};
    }
    return best;
}

/* No file outweighs the others together by more than the ratio, or all are small. */
static bool is_in_ratio(const struct compaction_policy *policy, const struct compaction_file *files,
    size_t count, uint64_t sum)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t size = files[i].size_bytes;
        if (size > policy->small_bytes &&
            (double)size * 100 > (double)(sum - size) * policy->ratio_percent)
            return false;
    }
    return true;
}

static struct compaction_choice pick_run(const struct compaction_policy *policy,
    const struct compaction_state *state, bool is_ratio_needed)
{
    struct compaction_choice best = {0};
    uint64_t best_sum = 0;
    for (size_t first = 0; first < state->count; first++) {
        uint64_t sum = 0;
        for (size_t count = 1; first + count <= state->count && count <= policy->max_files;
             count++) {
            const struct compaction_file *files = &state->files[first];
            sum += files[count - 1].size_bytes;
            if (count < policy->min_files)
                continue;
            if (is_ratio_needed && !is_in_ratio(policy, files, count, sum))
                continue;
            bool is_better = best.count == 0 ||
                             (is_ratio_needed
                                     ? count > best.count || (count == best.count && sum < best_sum)
                                     : sum < best_sum);
            if (is_better) {
                best = (struct compaction_choice){.first = first,
                    .count = count,
                    .reason = is_ratio_needed ? COMPACTION_RATIO : COMPACTION_STUCK};
                best_sum = sum;
            }
        }
    }
    return best;
}

static struct compaction_choice pick_part(const struct compaction_state *state)
{
    for (size_t i = 0; i < state->count; i++) {
        if (state->files[i].is_part)
            return (struct compaction_choice){.first = i, .count = 1, .reason = COMPACTION_PARTS};
    }
    return (struct compaction_choice){0};
}

static bool are_deletes_many(
    const struct compaction_policy *policy, const struct compaction_state *state)
{
    uint64_t cells = 0, deletes = 0;
    for (size_t i = 0; i < state->count; i++) {
        cells += state->files[i].cell_count;
        deletes += state->files[i].delete_count;
    }
    return policy->delete_percent > 0 && cells >= policy->delete_cells &&
           (double)deletes * 100 >= (double)cells * policy->delete_percent &&
           /* What the last one had to keep, the next would have to keep too. */
           (state->count > 1 || state->major_compacted_ms == 0);
}

int64_t compaction_period_ms(const struct compaction_policy *policy, uint64_t identity)
{
    struct dice dice = {identity};
    double draw = (double)(dice_next(&dice) >> 11) / (double)(UINT64_C(1) << 53); /* [0, 1) */
    double period = (double)policy->major_period_ms;
    return (int64_t)(period + period * policy->major_jitter * (1 - 2 * draw));
}

static bool is_period_over(
    const struct compaction_policy *policy, const struct compaction_state *state)
{
    if (policy->major_period_ms <= 0 || state->now_ms - state->oldest_file_ms <
                                            compaction_period_ms(policy, state->oldest_identity))
        return false;
    const struct compaction_file *file = &state->files[0];
    bool has_expired = policy->ttl_ms != INT64_MAX &&
                       file->min_timestamp < state->now_ms - policy->ttl_ms;
    return state->count > 1 || file->delete_count > 0 || has_expired;
}

struct compaction_choice compaction_pick(
    const struct compaction_policy *policy, const struct compaction_state *state)
{
    struct compaction_choice all = {.count = state->count, .is_major = true};
    struct compaction_choice choice = {0};
    if (state->count == 0)
        return choice;
    if (state->is_major_asked) {
        all.reason = COMPACTION_ASKED;
        return all;
    }
    choice = pick_expired(policy, state);
    if (choice.count == 0 && state->count >= policy->stuck_files)
        choice = pick_run(policy, state, false);
    if (choice.count == 0)
        choice = pick_run(policy, state, true);
    if (choice.count == 0)
        choice = pick_part(state);
    if (choice.count == 0 && are_deletes_many(policy, state)) {
        all.reason = COMPACTION_DELETES;
        return all;
    }
    if (choice.count == 0 && is_period_over(policy, state)) {
        all.reason = COMPACTION_PERIOD;
        return all;
    }
    choice.is_major = choice.count == state->count;
    return choice;
}
