#include "storage/log_group.h"

void log_entry_list_push(struct log_entry_list *list, struct log_entry *entry)
{
    entry->next = NULL;
    if (list->last)
        list->last->next = entry;
    else
        list->first = entry;
    list->last = entry;
}

void log_entry_list_push_front(struct log_entry_list *list, struct log_entry *entry)
{
    entry->next = list->first;
    list->first = entry;
    if (!list->last)
        list->last = entry;
}

struct log_entry *log_entry_list_pop(struct log_entry_list *list)
{
    struct log_entry *entry = list->first;
    if (entry) {
        list->first = entry->next;
        if (!list->first)
            list->last = NULL;
    }
    return entry;
}

bool log_entry_has_bytes(const struct log_entry *entry)
{
    return entry->sequence_count > 0 && entry->durability != DURABILITY_SKIP_WAL;
}

/* A barrier waits for the disk whatever it says, and so does all that asks for nothing less. */
static bool waits_for_disk(const struct log_entry *entry)
{
    bool is_lazy = entry->durability == DURABILITY_ASYNC_WAL ||
                   entry->durability == DURABILITY_SKIP_WAL;
    return entry->sequence_count == 0 || !is_lazy;
}

void log_group_begin(struct log_group *group)
{
    *group = (struct log_group){.tablets_end = &group->tablets};
}

static void join_tablet(struct log_group *group, struct log_tablet *tablet)
{
    tablet->is_in_group = true;
    tablet->group_next = NULL;
    tablet->group_first = tablet->group_last = NULL;
    *group->tablets_end = tablet;
    group->tablets_end = &tablet->group_next;
    group->bound += LOG_FRAME_OVERHEAD;
    group->index_bound += LOG_INDEX_TABLET_BOUND + LOG_INDEX_EXTENT_BOUND;
}

void log_group_join(struct log_group *group, struct log_entry *entry)
{
    struct log_tablet *tablet = entry->tablet;
    log_entry_list_push(&group->entries, entry);
    group->count++;
    entry->tablet_next = NULL;
    if (log_entry_has_bytes(entry)) {
        if (!tablet->is_in_group)
            join_tablet(group, tablet);
        if (tablet->group_last)
            tablet->group_last->tablet_next = entry;
        else
            tablet->group_first = entry;
        tablet->group_last = entry;
        group->bound += entry->body.size + LOG_RECORD_OVERHEAD;
        group->logged++;
    }
    if (waits_for_disk(entry))
        group->needs_sync = true;
}

bool log_group_is_open(const struct log_group *group)
{
    return group->count < LOG_GROUP_ENTRIES && group->bound < LOG_GROUP_BYTES;
}

uint64_t log_group_bound_with(const struct log_group *group, const struct log_entry *entry)
{
    return group->bound + group->index_bound + entry->body.size + LOG_RECORD_OVERHEAD +
           LOG_FRAME_OVERHEAD + LOG_INDEX_TABLET_BOUND + LOG_INDEX_EXTENT_BOUND;
}

void log_group_part(struct log_group *group)
{
    for (struct log_tablet *tablet = group->tablets; tablet;) {
        struct log_tablet *next = tablet->group_next;
        tablet->is_in_group = false;
        tablet->group_next = NULL;
        tablet->group_first = tablet->group_last = NULL;
        tablet = next;
    }
    group->tablets = NULL;
    group->tablets_end = &group->tablets;
}
