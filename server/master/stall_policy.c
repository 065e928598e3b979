#include "server/master/stall_policy.h"

static bool is_in_time(const struct stall_proof *proof, uint64_t now_ns)
{
    return now_ns - proof->begun_ns < STALL_SHOWN_MS * 1000000ull;
}

void stall_proof_begin(struct stall_proof *proof, uint64_t now_ns)
{
    if (proof->ended_ns && now_ns - proof->ended_ns >= STALL_SHOWN_MS * 1000000ull)
        proof->since_ns = 0;
    proof->begun_ns = now_ns;
}

void stall_proof_end(struct stall_proof *proof, uint64_t now_ns, bool is_well)
{
    if (!is_well || !is_in_time(proof, now_ns))
        proof->since_ns = 0;
    else if (!proof->since_ns)
        proof->since_ns = proof->begun_ns;
    proof->begun_ns = 0;
    proof->ended_ns = now_ns;
}

uint64_t stall_proven_ms(const struct stall_proof *proof, uint64_t now_ns)
{
    if (!proof->since_ns || (proof->begun_ns && !is_in_time(proof, now_ns)))
        return 0;
    return (now_ns - proof->since_ns) / 1000000;
}

static bool is_heard(const struct stall_facts *facts)
{
    return facts->silent_ms <= STALL_SILENT_MS;
}

bool stall_is_well(const struct stall_facts *facts)
{
    return is_heard(facts) && facts->stalled_ms < STALL_SHOWN_MS;
}

bool stall_is_shown(const struct stall_facts *facts)
{
    return is_heard(facts) && facts->stalled_ms >= STALL_SHOWN_MS;
}

bool stall_gives_up(
    const struct stall_facts *facts, uint64_t proven_ms, size_t others_well, uint64_t limit_ms)
{
    return is_heard(facts) && others_well > 0 && facts->stalled_ms >= limit_ms &&
           proven_ms >= limit_ms;
}

bool stall_is_leader_shown(const struct stall_leader *leader)
{
    return leader->is_leading && leader->own_ms >= STALL_SHOWN_MS;
}

bool stall_gives_way(const struct stall_leader *leader, uint64_t limit_ms)
{
    return leader->is_leading && leader->has_successor && leader->own_ms >= limit_ms &&
           leader->proven_ms >= limit_ms;
}
