/* The bytes of files: what is written, what is synced, what other hosts see. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory_disk_internal.h"

void disk_release(struct inode *inode, bool is_dead)
{
    if (!is_dead) {
        inode->handles--;
        inode_uncount_if_gone(inode);
    }
    inode_drop(inode);
}

static void set_cached(struct inode *inode, uint64_t offset, uint64_t size, bool is_cached)
{
    size_t pages = (size_t)((inode->now.size + DISK_PAGE - 1) / DISK_PAGE);
    if (pages > inode->cached_page_count) {
        inode->cached_pages = disk_must(realloc(inode->cached_pages, pages));
        memset(inode->cached_pages + inode->cached_page_count, 0, pages - inode->cached_page_count);
        inode->cached_page_count = pages;
    }
    uint64_t end = size > UINT64_MAX - offset - DISK_PAGE
                       ? UINT64_MAX
                       : (offset + size + DISK_PAGE - 1) / DISK_PAGE;
    for (uint64_t page = offset / DISK_PAGE; page < end && page < inode->cached_page_count; page++)
        inode->cached_pages[page] = is_cached;
}

bool disk_is_cached(const struct inode *inode, uint64_t offset, size_t size)
{
    for (uint64_t at = offset / DISK_PAGE * DISK_PAGE; at < offset + size && at < inode->now.size;
         at += DISK_PAGE)
        if (at / DISK_PAGE >= inode->cached_page_count || !inode->cached_pages[at / DISK_PAGE])
            return false;
    return true;
}

void disk_forget(struct inode *inode, uint64_t offset, uint64_t size)
{
    set_cached(
        inode, offset, size ? size : UINT64_MAX, false); /* as posix_fadvise: 0 is to the end */
}

/* ---- What another host sees of what was not synced ---- */

static bool has_changes_of_others(const struct inode *inode)
{
    for (const struct file_change *change = inode->first_change; change; change = change->next)
        if (change->host != inode->disk->host)
            return true;
    return false;
}

/* Makes the changes of this host durable, or those of all but it. */
static void sync_changes(struct inode *inode, unsigned host, bool is_of_others)
{
    struct file_change **at = &inode->first_change;
    while (*at) {
        struct file_change *change = *at;
        if ((change->host == host) == is_of_others) {
            at = &change->next;
            continue;
        }
        inode_apply_change(&inode->on_disk, change);
        *at = change->next;
        free(change);
    }
    inode->last_change = at;
}

/* The file as the calling host sees it; *scratch may hold it, and is the caller's to free. */
static const struct bytes *view_of(const struct inode *inode, struct bytes *scratch)
{
    if (!has_changes_of_others(inode) || inode->disk->unsynced_visible_chance == 100)
        return &inode->now;
    bytes_copy(scratch, &inode->on_disk);
    for (const struct file_change *change = inode->first_change; change; change = change->next)
        if (change->host == inode->disk->host)
            inode_apply_change(scratch, change);
    return scratch;
}

int disk_read(struct inode *inode, uint64_t offset, void *out_bytes, size_t size, size_t *out_size)
{
    struct disk *disk = inode->disk;
    struct bytes scratch = {0};
    /* A file system that shows another's bytes has taken them from it: they are safe then. */
    if (has_changes_of_others(inode) && dice_chance(&disk->dice, disk->unsynced_visible_chance))
        sync_changes(inode, disk->host, true);
    const struct bytes *view = view_of(inode, &scratch);
    uint64_t left = offset < view->size ? view->size - offset : 0;
    size_t count = left < size ? (size_t)left : size;
    if (count)
        memcpy(out_bytes, view->data + offset, count);
    free(scratch.data);
    set_cached(inode, offset, count, true);
    *out_size = count;
    return 0;
}

static void note_file_change(
    struct inode *inode, bool is_truncation, uint64_t offset, const uint8_t *data, size_t size)
{
    struct file_change *change = disk_must(malloc(sizeof(*change) + size));
    *change = (struct file_change){
        .host = inode->disk->host, .is_truncation = is_truncation, .offset = offset, .size = size};
    if (size)
        memcpy(change->bytes, data, size);
    *inode->last_change = change;
    inode->last_change = &change->next;
}

/* Of a write that ends at `end`, how far it may go. */
static uint64_t end_within_space(const struct disk *disk, const struct inode *inode, uint64_t end)
{
    if (end <= inode->now.size)
        return end;
    uint64_t space = disk_space(disk);
    return end - inode->now.size <= space ? end : inode->now.size + space;
}

static void count_growth(struct disk *disk, const struct inode *inode, uint64_t new_size)
{
    if (inode->is_counted)
        disk->used_bytes += new_size - inode->now.size; /* modulo 2^64: it may also shrink */
}

int disk_write(struct inode *inode, uint64_t offset, struct span bytes, int64_t now_ms)
{
    struct disk *disk = inode->disk;
    uint64_t end = end_within_space(disk, inode, offset + bytes.size);
    size_t fits = end > offset ? (size_t)(end - offset) : 0;
    if (fits > bytes.size)
        fits = bytes.size;
    if (fits) {
        if (end > inode->now.size)
            count_growth(disk, inode, end);
        bytes_write(&inode->now, offset, bytes.data, fits);
        note_file_change(inode, false, offset, bytes.data, fits);
        set_cached(inode, offset, fits, true);
        inode->modified_ms = now_ms;
    }
    return fits < bytes.size ? ENOSPC : 0;
}

int disk_truncate(struct inode *inode, uint64_t size, int64_t now_ms)
{
    struct disk *disk = inode->disk;
    if (end_within_space(disk, inode, size) < size)
        return ENOSPC;
    count_growth(disk, inode, size);
    bytes_resize(&inode->now, size);
    note_file_change(inode, true, size, NULL, 0);
    inode->modified_ms = now_ms;
    return 0;
}

int disk_preallocate(struct inode *inode, uint64_t size, int64_t now_ms)
{
    struct disk *disk = inode->disk;
    if (end_within_space(disk, inode, size) < size)
        return ENOSPC; /* nothing half done: the real one gives back what it took */
    if (inode->now.size == 0 && inode->on_disk.size == 0 && !inode->first_change) {
        count_growth(disk, inode, size); /* the usual case: a fresh file, all of zero pages */
        bytes_resize(&inode->now, size);
        bytes_resize(&inode->on_disk, size);
        inode->modified_ms = now_ms;
        inode->mode_on_disk = inode->mode;
        return 0;
    }
    uint8_t *zeroes = disk_must(calloc(1, size ? size : 1));
    int result = disk_write(inode, 0, span_make(zeroes, size), now_ms);
    free(zeroes);
    disk_sync(inode);
    return result;
}

uint64_t disk_file_size(const struct inode *inode)
{
    return inode->now.size;
}

bool disk_unsynced(const struct inode *inode, uint64_t *out_offset)
{
    for (const struct file_change *change = inode->first_change; change; change = change->next)
        if (change->host == inode->disk->host) {
            *out_offset = change->offset;
            return true;
        }
    return false;
}

void disk_sync(struct inode *inode)
{
    sync_changes(inode, inode->disk->host, false);
    inode->mode_on_disk = inode->mode;
}

void disk_sync_failed(struct inode *inode)
{
    struct disk *disk = inode->disk;
    struct file_change **at = &inode->first_change;
    inode->has_sync_failed = true;
    while (*at) {
        struct file_change *change = *at;
        if (change->host != disk->host) {
            at = &change->next;
            continue;
        }
        if (dice_chance(&disk->dice, 50))
            inode_apply_change(&inode->on_disk, change);
        *at = change->next;
        free(change);
    }
    inode->last_change = at;
}

void disk_chmod(struct inode *inode, uint32_t mode)
{
    inode->mode = mode;
    inode->mode_host = inode->disk->host;
}

void disk_stat(const struct inode *inode, struct env_stat *out_stat)
{
    struct bytes scratch = {0};
    *out_stat = (struct env_stat){
        .size = view_of(inode, &scratch)->size,
        .inode = inode->number,
        .link_count = inode->is_directory ? 2 : inode->links,
        .mode = inode->mode,
        .is_directory = inode->is_directory,
        .modified_ms = inode->modified_ms,
    };
    free(scratch.data);
}

int disk_lock(struct inode *inode, bool is_shared, const void *owner)
{
    bool is_mine = inode->lock_sharer_count == 1 && inode->lock_sharers[0] == owner;
    if ((inode->lock_owner && inode->lock_owner != owner) ||
        (!is_shared && inode->lock_sharer_count > 0 && !is_mine))
        return EBUSY;
    disk_unlock(inode, owner);
    if (!is_shared) {
        inode->lock_owner = owner;
        return 0;
    }
    inode->lock_sharers = disk_must(realloc(
        inode->lock_sharers, (inode->lock_sharer_count + 1) * sizeof(*inode->lock_sharers)));
    inode->lock_sharers[inode->lock_sharer_count++] = owner;
    return 0;
}

void disk_forget_handle(struct inode *inode, const void *owner)
{
    disk_unlock(inode, owner);
    inode->handles--;
    inode_uncount_if_gone(inode);
}

void disk_unlock(struct inode *inode, const void *owner)
{
    if (inode->lock_owner == owner)
        inode->lock_owner = NULL;
    for (size_t i = 0; i < inode->lock_sharer_count; i++)
        if (inode->lock_sharers[i] == owner)
            inode->lock_sharers[i--] = inode->lock_sharers[--inode->lock_sharer_count];
}
