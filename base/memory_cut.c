/* What is left of what was not synced: after a power cut, and after the crash of one host. */
#include <stdlib.h>
#include <string.h>

#include "base/memory_disk_internal.h"

enum { SECTOR = 512 };
#define ALL_HOSTS UINT32_MAX

/* A write that was on its way: whole, not at all, or some of its sectors. */
static void apply_by_chance(
    struct dice *dice, struct bytes *bytes, const struct file_change *change)
{
    uint64_t luck = dice_below(dice, 10);
    if (luck < 3)
        return;
    if (luck < 7 || change->is_truncation) {
        inode_apply_change(bytes, change);
        return;
    }
    for (size_t at = 0; at < change->size;) {
        uint64_t offset = change->offset + at;
        size_t size = SECTOR - (size_t)(offset % SECTOR);
        if (size > change->size - at)
            size = change->size - at;
        if (dice_chance(dice, 50))
            bytes_write(bytes, offset, change->bytes + at, size);
        at += size;
    }
}

/* What the disk keeps of one change that was not synced. */
static void settle_file_change(
    struct inode *inode, const struct file_change *change, enum env_memory_power_cut how)
{
    if (how == ENV_CUT_KEEP_ALL)
        inode_apply_change(&inode->on_disk, change);
    else if (how == ENV_CUT_RANDOM)
        apply_by_chance(&inode->disk->dice, &inode->on_disk, change);
}

static bool settles_whole(struct dice *dice, enum env_memory_power_cut how)
{
    return how == ENV_CUT_KEEP_ALL || (how == ENV_CUT_RANDOM && dice_chance(dice, 50));
}

static void settle_mode(struct inode *inode, enum env_memory_power_cut how)
{
    if (settles_whole(&inode->disk->dice, how))
        inode->mode_on_disk = inode->mode;
    inode->mode = inode->mode_on_disk;
}

/* `host` is gone (or all, ALL_HOSTS): its changes end on the disk or nowhere, and what the others
 * see follows. */
static void cut_file(struct inode *inode, unsigned host, enum env_memory_power_cut how)
{
    bool is_any = false;
    struct file_change **at = &inode->first_change;
    while (*at) {
        struct file_change *change = *at;
        if (host != ALL_HOSTS && change->host != host) {
            at = &change->next;
            continue;
        }
        is_any = true;
        settle_file_change(inode, change, how);
        *at = change->next;
        free(change);
    }
    inode->last_change = at;
    /* A file system may have written the new size before the bytes: they read as zeroes. */
    if (is_any && how == ENV_CUT_RANDOM && inode->now.size > inode->on_disk.size &&
        dice_chance(&inode->disk->dice, 25))
        bytes_resize(&inode->on_disk, inode->now.size);
    if (is_any || inode->has_sync_failed) {
        bytes_copy(&inode->now, &inode->on_disk);
        for (const struct file_change *change = inode->first_change; change; change = change->next)
            inode_apply_change(&inode->now, change);
        inode->has_sync_failed = false;
    }
}

static void cut_directory(struct inode *directory, unsigned host, enum env_memory_power_cut how)
{
    bool is_any = false;
    struct entry_change **at = &directory->first_entry_change;
    while (*at) {
        struct entry_change *change = *at;
        if (host != ALL_HOSTS && change->host != host) {
            at = &change->next;
            continue;
        }
        is_any = true;
        if (settles_whole(&directory->disk->dice, how))
            entries_apply_change(&directory->entries_on_disk, change);
        *at = change->next;
        entry_change_free(change);
    }
    directory->last_entry_change = at;
    if (is_any) {
        entries_copy(&directory->entries_now, &directory->entries_on_disk);
        for (const struct entry_change *change = directory->first_entry_change; change;
             change = change->next)
            entries_apply_change(&directory->entries_now, change);
    }
}

/* Counts links and space anew from the names that are left. */
static void recount(struct disk *disk)
{
    disk->used_bytes = 0;
    for (struct inode *inode = disk->inodes; inode; inode = inode->next_of_disk)
        inode->links = 0;
    for (struct inode *inode = disk->inodes; inode; inode = inode->next_of_disk)
        for (size_t i = 0; i < inode->entries_now.count; i++)
            inode->entries_now.items[i].inode->links++;
    for (struct inode *inode = disk->inodes; inode; inode = inode->next_of_disk) {
        inode->is_counted = inode->links > 0 || inode->handles > 0;
        if (inode->is_counted)
            disk->used_bytes += inode->now.size;
    }
}

/* Cutting one directory may free what is in another: all are held while walking. */
static struct inode **hold_all(struct disk *disk, size_t *out_count)
{
    size_t count = 0;
    for (struct inode *inode = disk->inodes; inode; inode = inode->next_of_disk)
        count++;
    struct inode **all = disk_must(malloc(count * sizeof(struct inode *)));
    count = 0;
    for (struct inode *inode = disk->inodes; inode; inode = inode->next_of_disk)
        all[count++] = inode_hold(inode);
    *out_count = count;
    return all;
}

static void cut_all(struct disk *disk, unsigned host, enum env_memory_power_cut how)
{
    uint64_t space = disk_space(disk);
    size_t count;
    struct inode **all = hold_all(disk, &count);
    for (size_t i = 0; i < count; i++) {
        struct inode *inode = all[i];
        if (inode->is_directory)
            cut_directory(inode, host, how);
        else
            cut_file(inode, host, how);
        if (inode->mode != inode->mode_on_disk && (host == ALL_HOSTS || inode->mode_host == host))
            settle_mode(inode, how);
        if (host == ALL_HOSTS) {
            inode->handles = 0;
            inode->lock_owner = NULL;
            inode->lock_sharer_count = 0;
            if (inode->cached_page_count)
                memset(inode->cached_pages, 0, inode->cached_page_count);
        }
    }
    for (size_t i = 0; i < count; i++)
        inode_drop(all[i]);
    free(all);

    recount(disk);
    if (space != UINT64_MAX)
        disk_set_space(disk, space);
}

void disk_power_cut(struct disk *disk, enum env_memory_power_cut how)
{
    cut_all(disk, ALL_HOSTS, how);
}

void disk_host_crash(struct disk *disk, unsigned host, enum env_memory_power_cut how)
{
    cut_all(disk, host, how);
}
