#include <stdlib.h>
#include <string.h>

#include "base/memory_disk_internal.h"

void *disk_must(void *memory)
{
    CHECK(memory);
    return memory;
}

/* ---- Bytes ---- */

void bytes_resize(struct bytes *bytes, uint64_t size)
{
    if (bytes->capacity == 0 && size > 0) { /* zero pages that nobody has touched cost nothing */
        *bytes = (struct bytes){disk_must(calloc(1, size)), size, size};
        return;
    }
    if (size > bytes->capacity) {
        uint64_t capacity = bytes->capacity * 2 > size ? bytes->capacity * 2 : size;
        bytes->data = disk_must(realloc(bytes->data, capacity));
        bytes->capacity = capacity;
    }
    if (size > bytes->size)
        memset(bytes->data + bytes->size, 0, size - bytes->size);
    bytes->size = size;
}

void bytes_write(struct bytes *bytes, uint64_t offset, const uint8_t *data, size_t size)
{
    if (size == 0)
        return;
    if (offset + size > bytes->size)
        bytes_resize(bytes, offset + size);
    memcpy(bytes->data + offset, data, size);
}

void bytes_copy(struct bytes *to, const struct bytes *from)
{
    to->size = 0;
    bytes_write(to, 0, from->data, from->size);
}

/* ---- Inodes ---- */

struct inode *inode_new(struct disk *disk, bool is_directory, uint32_t mode, int64_t now_ms)
{
    struct inode *inode = disk_must(calloc(1, sizeof(*inode)));
    inode->disk = disk;
    inode->number = ++disk->last_number;
    inode->is_directory = is_directory;
    inode->mode = inode->mode_on_disk = mode;
    inode->modified_ms = now_ms;
    inode->is_counted = true;
    inode->last_change = &inode->first_change;
    inode->last_entry_change = &inode->first_entry_change;
    inode->next_of_disk = disk->inodes;
    inode->at_of_disk = &disk->inodes;
    if (disk->inodes)
        disk->inodes->at_of_disk = &inode->next_of_disk;
    disk->inodes = inode;
    return inode;
}

void inode_apply_change(struct bytes *bytes, const struct file_change *change)
{
    if (change->is_truncation)
        bytes_resize(bytes, change->offset);
    else
        bytes_write(bytes, change->offset, change->bytes, change->size);
}

void inode_forget_changes(struct inode *inode)
{
    while (inode->first_change) {
        struct file_change *change = inode->first_change;
        inode->first_change = change->next;
        free(change);
    }
    inode->last_change = &inode->first_change;
}

void inode_drop(struct inode *inode)
{
    if (--inode->holds)
        return;
    *inode->at_of_disk = inode->next_of_disk;
    if (inode->next_of_disk)
        inode->next_of_disk->at_of_disk = inode->at_of_disk;
    entries_clear(&inode->entries_now);
    entries_clear(&inode->entries_on_disk);
    inode_forget_entry_changes(inode);
    free(inode->entries_now.items);
    free(inode->entries_on_disk.items);
    inode_forget_changes(inode);
    free(inode->now.data);
    free(inode->on_disk.data);
    free(inode->cached_pages);
    free(inode->lock_sharers);
    free(inode);
}

struct inode *inode_hold(struct inode *inode)
{
    inode->holds++;
    return inode;
}

/* Gives the space back once neither a name nor a handle leads to the bytes. */
void inode_uncount_if_gone(struct inode *inode)
{
    if (inode->is_counted && inode->links == 0 && inode->handles == 0) {
        inode->is_counted = false;
        inode->disk->used_bytes -= inode->now.size;
    }
}

/* ---- Entries ---- */

struct entry *entries_find(const struct entries *entries, const char *name)
{
    for (size_t i = 0; i < entries->count; i++)
        if (strcmp(entries->items[i].name, name) == 0)
            return &entries->items[i];
    return NULL;
}

/* Sets (inode) or takes away (NULL). */
void entries_set(struct entries *entries, const char *name, struct inode *inode)
{
    struct entry *entry = entries_find(entries, name);
    if (inode)
        inode_hold(inode);
    if (entry) {
        struct inode *before = entry->inode;
        entry->inode = inode;
        if (!inode) {
            free(entry->name);
            *entry = entries->items[--entries->count];
        }
        inode_drop(before);
        return;
    }
    if (!inode)
        return;
    if (entries->count == entries->capacity) {
        entries->capacity = entries->capacity ? entries->capacity * 2 : 8;
        entries->items = disk_must(
            realloc(entries->items, entries->capacity * sizeof(entries->items[0])));
    }
    entries->items[entries->count++] = (struct entry){disk_must(strdup(name)), inode};
}

void entries_clear(struct entries *entries)
{
    while (entries->count) {
        struct entry entry = entries->items[--entries->count];
        free(entry.name);
        inode_drop(entry.inode);
    }
}

void entries_copy(struct entries *to, const struct entries *from)
{
    entries_clear(to);
    for (size_t i = 0; i < from->count; i++)
        entries_set(to, from->items[i].name, from->items[i].inode);
}

void entries_apply_change(struct entries *entries, const struct entry_change *change)
{
    if (change->old_name)
        entries_set(entries, change->old_name, NULL);
    entries_set(entries, change->name, change->inode);
}

void entry_change_free(struct entry_change *change)
{
    free(change->name);
    free(change->old_name);
    if (change->inode)
        inode_drop(change->inode);
    free(change);
}

void inode_forget_entry_changes(struct inode *inode)
{
    while (inode->first_entry_change) {
        struct entry_change *change = inode->first_entry_change;
        inode->first_entry_change = change->next;
        entry_change_free(change);
    }
    inode->last_entry_change = &inode->first_entry_change;
}
