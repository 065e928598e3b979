#include "server/master/balance_log.h"

#include <string.h>

#include "base/memory.h"

void balance_log_init(struct balance_log *log)
{
    memset(log, 0, sizeof *log);
    mutex_init(&log->mu, LOCK_RANK_MASTER);
}

void balance_log_deinit(struct balance_log *log)
{
    mutex_deinit(&log->mu);
    memory_free(log->records);
}

static void note_locked(struct balance_log *log, const struct balance_record *record)
{
    if (!log->records)
        log->records = memory_allocate_zeroed(BALANCE_LOG_KEPT, sizeof *log->records);
    if (log->records)
        log->records[log->count++ % BALANCE_LOG_KEPT] = *record;
}

void balance_log_note(struct balance_log *log, const struct balance_record *record)
{
    mutex_lock(&log->mu);
    note_locked(log, record);
    mutex_unlock(&log->mu);
}

static bool is_known_locked(const struct balance_log *log, const struct balance_record *record)
{
    for (size_t i = 0; i < log->count && i < BALANCE_LOG_KEPT; i++)
        if (log->records[i].time_ms == record->time_ms &&
            strcmp(log->records[i].tablet, record->tablet) == 0)
            return true;
    return false;
}

void balance_log_take(struct balance_log *log, const struct balance_record *record)
{
    mutex_lock(&log->mu);
    if (!is_known_locked(log, record))
        note_locked(log, record);
    mutex_unlock(&log->mu);
}

void balance_log_take_run(struct balance_log *log, const struct balance_run *run)
{
    mutex_lock(&log->mu);
    if (run->time_ms > log->last.time_ms)
        log->last = *run;
    mutex_unlock(&log->mu);
}

void balance_log_note_run(struct balance_log *log, const struct balance_run *run, size_t begun)
{
    mutex_lock(&log->mu);
    uint64_t runs = log->last.runs + 1, moves = log->last.moves + begun;
    uint64_t with_moves = log->last.runs_with_moves + (begun > 0);
    log->last = *run;
    log->last.runs = runs;
    log->last.moves = moves;
    log->last.runs_with_moves = with_moves;
    mutex_unlock(&log->mu);
}

void balance_log_last(struct balance_log *log, struct balance_run *out_run)
{
    mutex_lock(&log->mu);
    *out_run = log->last;
    mutex_unlock(&log->mu);
}

uint64_t balance_log_count(struct balance_log *log)
{
    mutex_lock(&log->mu);
    uint64_t count = log->count;
    mutex_unlock(&log->mu);
    return count;
}

bool balance_log_read(struct balance_log *log, uint64_t number, struct balance_record *out_record)
{
    mutex_lock(&log->mu);
    bool is_kept = number < log->count && log->count - number <= BALANCE_LOG_KEPT;
    if (is_kept)
        *out_record = log->records[number % BALANCE_LOG_KEPT];
    mutex_unlock(&log->mu);
    return is_kept;
}
