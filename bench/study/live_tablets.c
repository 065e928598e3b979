#include "bench/study/live_tablets.h"

#include "base/memory.h"

bool live_tablets_init(struct live_tablets *tablets)
{
    *tablets = (struct live_tablets){
        .now = memory_allocate_zeroed(LIVE_TABLETS_SEEN, sizeof *tablets->now),
        .next = memory_allocate_zeroed(LIVE_TABLETS_SEEN, sizeof *tablets->next)};
    return tablets->now && tablets->next;
}

void live_tablets_deinit(struct live_tablets *tablets)
{
    memory_free(tablets->now);
    memory_free(tablets->next);
}

void live_tablets_begin(struct live_tablets *tablets)
{
    tablets->next_count = 0;
}

void live_tablets_add(struct live_tablets *tablets, struct span start, size_t server)
{
    if (tablets->next_count == LIVE_TABLETS_SEEN)
        return;
    struct seen_tablet *one = &tablets->next[tablets->next_count++];
    if (server == SIZE_MAX) /* where it was */
        server = tablets->count ? tablets->now[0].server : 0;
    one->server = (uint32_t)server;
    study_row_set(&one->start, start);
}

static void note_changes(const struct live_tablets *tablets, const struct row_set *set,
    unsigned second, struct study_run *run)
{
    size_t old = 0;
    for (size_t i = 0; i < tablets->next_count; i++) {
        const struct seen_tablet *one = &tablets->next[i], *before = NULL;
        while (old < tablets->count && study_row_compare(&tablets->now[old].start, &one->start) < 0)
            old++;
        if (old < tablets->count && study_row_compare(&tablets->now[old].start, &one->start) == 0)
            before = &tablets->now[old];
        struct run_event event = {.second = second,
            .tablet = (uint32_t)i,
            .from = before ? before->server : one->server,
            .to = one->server,
            .is_split = !before,
            .at = (float)row_set_find(set, &one->start) / (float)set->count};
        if (!before || before->server != one->server)
            study_run_note(run, &event);
    }
}

/* Whether the tablet has the same range in two readings; both have its start. */
static bool is_same(
    const struct seen_tablet *before, bool was_last, const struct seen_tablet *now, bool is_last)
{
    return was_last == is_last &&
           (is_last || study_row_compare(&before[1].start, &now[1].start) == 0);
}

/* Tablets of the same range go on; others have ended, or begin. */
static void note_tablets(const struct live_tablets *tablets, const struct row_set *set,
    unsigned second, struct run_load *load)
{
    size_t old = 0;
    for (size_t i = 0; i < tablets->next_count; i++) {
        struct seen_tablet *one = &tablets->next[i];
        one->told = NO_TABLET;
        for (; old < tablets->count; old++) {
            const struct seen_tablet *before = &tablets->now[old];
            int order = study_row_compare(&before->start, &one->start);
            if (order > 0)
                break;
            if (order == 0 &&
                is_same(before, old + 1 == tablets->count, one, i + 1 == tablets->next_count))
                one->told = before->told;
            else
                run_load_close_tablet(load, before->told, second);
        }
        if (one->told == NO_TABLET)
            one->told = run_load_open_tablet(load, &one->start,
                (float)row_set_find(set, &one->start) / (float)set->count, one->server, second);
        else
            run_load_move_tablet(load, one->told, one->server);
    }
    for (; old < tablets->count; old++)
        run_load_close_tablet(load, tablets->now[old].told, second);
}

void live_tablets_end(
    struct live_tablets *tablets, const struct row_set *set, unsigned second, struct study_run *run)
{
    if (tablets->next_count == 0)
        return;
    if (tablets->count)
        note_changes(tablets, set, second, run);
    note_tablets(tablets, set, second, &run->load);
    struct seen_tablet *kept = tablets->now;
    tablets->now = tablets->next;
    tablets->next = kept;
    tablets->count = tablets->next_count;
}

const struct seen_tablet *live_tablets_of(
    const struct live_tablets *tablets, const struct study_row *row)
{
    return &tablets->now[study_row_last(tablets->now, sizeof *tablets->now, tablets->count, row)];
}
