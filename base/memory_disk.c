/* Paths, and the names that directories hold. */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory_disk_internal.h"

/* ---- Paths ---- */

/* The next component of *path into name; false at the end. */
static bool next_name(const char **path, char *name, size_t name_size)
{
    const char *from = *path;
    while (*from == '/')
        from++;
    size_t size = strcspn(from, "/");
    if (size == 0 || size >= name_size)
        return false;
    memcpy(name, from, size);
    name[size] = '\0';
    *path = from + size;
    return true;
}

/* The directory that holds the last component of `path`, and that component. EINVAL for the root
 * itself. */
static int find_parent(
    struct disk *disk, const char *path, struct inode **out_directory, char name[DISK_NAME_SIZE])
{
    struct inode *at = disk->root;
    if (!next_name(&path, name, DISK_NAME_SIZE))
        return EINVAL;
    char next[DISK_NAME_SIZE];
    while (next_name(&path, next, sizeof(next))) {
        if (strcmp(name, "..") == 0)
            return EINVAL; /* nobody needs it, and it hides mistakes */
        if (strcmp(name, ".") != 0) {
            struct entry *entry = entries_find(&at->entries_now, name);
            if (!entry)
                return ENOENT;
            if (!entry->inode->is_directory)
                return ENOTDIR;
            at = entry->inode;
        }
        memcpy(name, next, sizeof(next));
    }
    while (*path == '/')
        path++;
    if (*path)
        return ENAMETOOLONG;
    *out_directory = at;
    return 0;
}

int disk_find(struct disk *disk, const char *path, struct inode **out_inode)
{
    char name[DISK_NAME_SIZE];
    struct inode *directory;
    if (strspn(path, "/.") == strlen(path) && !strstr(path, "..")) {
        *out_inode = disk->root;
        return *path ? 0 : ENOENT;
    }
    int result = find_parent(disk, path, &directory, name);
    if (result)
        return result;
    struct entry *entry = entries_find(&directory->entries_now, name);
    if (!entry)
        return ENOENT;
    *out_inode = entry->inode;
    return 0;
}

static int find_directory(struct disk *disk, const char *path, struct inode **out_inode)
{
    int result = disk_find(disk, path, out_inode);
    return result == 0 && !(*out_inode)->is_directory ? ENOTDIR : result;
}

/* ---- Names ---- */

static void note_entry_change(
    struct inode *directory, const char *name, struct inode *inode, const char *old_name)
{
    struct entry_change *change = disk_must(calloc(1, sizeof(*change)));
    change->host = directory->disk->host;
    change->name = disk_must(strdup(name));
    change->inode = inode ? inode_hold(inode) : NULL;
    change->old_name = old_name ? disk_must(strdup(old_name)) : NULL;
    *directory->last_entry_change = change;
    directory->last_entry_change = &change->next;
}

/* Changes what a name leads to, now; the caller notes the change for the disk. */
static void set_entry_now(struct inode *directory, const char *name, struct inode *inode)
{
    struct entry *entry = entries_find(&directory->entries_now, name);
    struct inode *before = entry ? inode_hold(entry->inode) : NULL;
    if (inode)
        inode->links++;
    entries_set(&directory->entries_now, name, inode);
    if (before) {
        before->links--;
        inode_uncount_if_gone(before);
        inode_drop(before);
    }
}

static bool is_full(const struct disk *disk)
{
    return disk_space(disk) == 0;
}

int disk_open(struct disk *disk, const char *path, unsigned flags, uint32_t mode, int64_t now_ms,
    struct inode **out_inode)
{
    struct inode *inode;
    int result = disk_find(disk, path, &inode);
    if (result == ENOENT && (flags & ENV_CREATE)) {
        char name[DISK_NAME_SIZE];
        struct inode *directory;
        result = find_parent(disk, path, &directory, name);
        if (result)
            return result;
        if (is_full(disk))
            return ENOSPC;
        inode = inode_hold(inode_new(disk, false, mode, now_ms));
        set_entry_now(directory, name, inode);
        note_entry_change(directory, name, inode, NULL);
        inode->handles++;
        *out_inode = inode;
        return 0;
    }
    if (result)
        return result;
    if (flags & ENV_EXCLUSIVE)
        return EEXIST;
    if (inode->is_directory)
        return EISDIR;
    if (flags & ENV_TRUNCATE)
        disk_truncate(inode, 0, now_ms);
    inode->handles++;
    *out_inode = inode_hold(inode);
    return 0;
}

int disk_link(struct disk *disk, const char *from, const char *to)
{
    struct inode *inode, *directory;
    char name[DISK_NAME_SIZE];
    int result = disk_find(disk, from, &inode);
    if (!result)
        result = find_parent(disk, to, &directory, name);
    if (result)
        return result;
    if (inode->is_directory)
        return EPERM;
    if (entries_find(&directory->entries_now, name))
        return EEXIST;
    set_entry_now(directory, name, inode);
    note_entry_change(directory, name, inode, NULL);
    return 0;
}

static int check_replaced(const struct inode *inode, const struct inode *replaced)
{
    if (inode->is_directory && !replaced->is_directory)
        return ENOTDIR;
    if (!inode->is_directory && replaced->is_directory)
        return EISDIR;
    return replaced->entries_now.count ? ENOTEMPTY : 0;
}

int disk_rename(struct disk *disk, const char *from, const char *to)
{
    struct inode *inode, *from_directory, *to_directory;
    char from_name[DISK_NAME_SIZE], to_name[DISK_NAME_SIZE];
    int result = disk_find(disk, from, &inode);
    if (!result)
        result = find_parent(disk, from, &from_directory, from_name);
    if (!result)
        result = find_parent(disk, to, &to_directory, to_name);
    if (result)
        return result;
    struct entry *replaced = entries_find(&to_directory->entries_now, to_name);
    if (replaced && replaced->inode == inode)
        return 0; /* two names of one file: POSIX leaves both */
    if (replaced)
        result = check_replaced(inode, replaced->inode);
    if (result)
        return result;

    set_entry_now(to_directory, to_name, inode);
    set_entry_now(from_directory, from_name, NULL);
    if (from_directory == to_directory) {
        note_entry_change(to_directory, to_name, inode, from_name);
    } else {
        note_entry_change(to_directory, to_name, inode, NULL);
        note_entry_change(from_directory, from_name, NULL, NULL);
    }
    return 0;
}

static int remove_entry(struct disk *disk, const char *path, bool is_directory)
{
    struct inode *directory;
    char name[DISK_NAME_SIZE];
    int result = find_parent(disk, path, &directory, name);
    if (result)
        return result;
    struct entry *entry = entries_find(&directory->entries_now, name);
    if (!entry)
        return ENOENT;
    if (entry->inode->is_directory != is_directory)
        return is_directory ? ENOTDIR : EISDIR;
    if (entry->inode->entries_now.count)
        return ENOTEMPTY;
    set_entry_now(directory, name, NULL);
    note_entry_change(directory, name, NULL, NULL);
    return 0;
}

int disk_remove(struct disk *disk, const char *path)
{
    return remove_entry(disk, path, false);
}

int disk_remove_directory(struct disk *disk, const char *path)
{
    return remove_entry(disk, path, true);
}

int disk_make_directory(struct disk *disk, const char *path, uint32_t mode, int64_t now_ms)
{
    struct inode *directory;
    char name[DISK_NAME_SIZE];
    int result = find_parent(disk, path, &directory, name);
    if (result)
        return result;
    if (entries_find(&directory->entries_now, name))
        return EEXIST;
    if (is_full(disk))
        return ENOSPC;
    struct inode *inode = inode_new(disk, true, mode, now_ms);
    set_entry_now(directory, name, inode);
    note_entry_change(directory, name, inode, NULL);
    return 0;
}

int disk_list(struct disk *disk, const char *path, struct buffer *out_names)
{
    struct inode *directory;
    int result = find_directory(disk, path, &directory);
    if (result)
        return result;
    const struct entries *entries = &directory->entries_now;
    size_t first = entries->count ? (size_t)dice_below(&disk->dice, entries->count) : 0;
    for (size_t i = 0; i < entries->count; i++) {
        const char *name = entries->items[(first + i) % entries->count].name;
        buffer_put(out_names, span_make(name, strlen(name) + 1));
    }
    return 0;
}

int disk_sync_directory(struct disk *disk, const char *path)
{
    struct inode *directory;
    int result = find_directory(disk, path, &directory);
    if (result)
        return result;
    for (const struct entry_change *change = directory->first_entry_change; change;
         change = change->next)
        entries_apply_change(&directory->entries_on_disk, change);
    inode_forget_entry_changes(directory);
    directory->mode_on_disk = directory->mode;
    return 0;
}

uint64_t disk_space(const struct disk *disk)
{
    if (disk->space_bytes == UINT64_MAX)
        return UINT64_MAX;
    return disk->space_bytes > disk->used_bytes ? disk->space_bytes - disk->used_bytes : 0;
}

void disk_set_space(struct disk *disk, uint64_t free_bytes)
{
    disk->space_bytes = free_bytes > UINT64_MAX - disk->used_bytes ? UINT64_MAX
                                                                   : disk->used_bytes + free_bytes;
}

int disk_flip(struct disk *disk, const char *path, uint64_t offset, uint8_t mask)
{
    struct inode *inode;
    int result = disk_find(disk, path, &inode);
    if (result)
        return result;
    if (inode->is_directory || offset >= inode->now.size)
        return EINVAL;
    inode->now.data[offset] ^= mask;
    if (offset < inode->on_disk.size)
        inode->on_disk.data[offset] ^= mask;
    return 0;
}

struct disk *disk_new(uint64_t seed)
{
    struct disk *disk = disk_must(calloc(1, sizeof(*disk)));
    disk->dice.state = seed;
    disk->space_bytes = UINT64_MAX;
    disk->unsynced_visible_chance = 100;
    disk->root = inode_hold(inode_new(disk, true, 0755, 0));
    return disk;
}

void disk_set_host(struct disk *disk, unsigned host)
{
    disk->host = host;
}

void disk_set_sharing(struct disk *disk, unsigned visible_chance)
{
    disk->unsynced_visible_chance = visible_chance;
}

void disk_free(struct disk *disk)
{
    inode_drop(disk->root);
    assert(!disk->inodes); /* a handle is still open */
    free(disk);
}
