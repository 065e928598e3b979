#include "base/memory_disk.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { SECTOR = 512, PAGE = 4096 };

/* ---- Structures ---- */

struct bytes {
    uint8_t *data;
    uint64_t size;
    uint64_t capacity;
};

/* A write (`bytes` at `offset`) or, with is_truncation, a new size in `offset`. */
struct file_change {
    struct file_change *next;
    bool is_truncation;
    uint64_t offset;
    size_t size;
    uint8_t bytes[];
};

struct entry {
    char *name;
    struct inode *inode; /* held */
};

struct entries {
    struct entry *items;
    size_t count;
    size_t capacity;
};

/* `name` now leads to `inode`, or to nothing. A rename within a directory also takes `old_name`
 * away. */
struct entry_change {
    struct entry_change *next;
    char *name;
    struct inode *inode; /* held; NULL: the name is gone */
    char *old_name;      /* NULL, or the name a rename took away */
};

struct inode {
    uint64_t number;
    unsigned holds;   /* entries, entries on the disk, changes, handles: freed when none is left */
    unsigned handles; /* open ones; after a power cut the dead ones no longer count */
    unsigned links;   /* entries now */
    bool is_directory;
    bool is_counted; /* its size is part of the disk's used space */
    uint32_t mode, mode_on_disk;
    int64_t modified_ms;
    const void *lock_owner;
    struct inode *next_of_disk, **at_of_disk;

    struct bytes now, on_disk; /* files */
    struct file_change *first_change, **last_change;
    uint8_t *cached_pages; /* a byte each, cached_page_count of them */
    size_t cached_page_count;

    struct entries entries_now, entries_on_disk; /* directories */
    struct entry_change *first_entry_change, **last_entry_change;
};

struct disk {
    struct inode *root;
    struct inode *inodes; /* all of them, linked by next_of_disk */
    struct dice dice;
    uint64_t last_number;
    uint64_t used_bytes;
    uint64_t space_bytes; /* used and free; UINT64_MAX: endless */
};

/* The simulated world does not run out of memory; a test that does has lost anyway. */
static void *must(void *memory)
{
    CHECK(memory);
    return memory;
}

/* ---- Bytes ---- */

static void bytes_resize(struct bytes *bytes, uint64_t size)
{
    if (size > bytes->capacity) {
        uint64_t capacity = bytes->capacity * 2 > size ? bytes->capacity * 2 : size;
        bytes->data = must(realloc(bytes->data, capacity));
        bytes->capacity = capacity;
    }
    if (size > bytes->size)
        memset(bytes->data + bytes->size, 0, size - bytes->size);
    bytes->size = size;
}

static void bytes_write(struct bytes *bytes, uint64_t offset, const uint8_t *data, size_t size)
{
    if (size == 0)
        return;
    if (offset + size > bytes->size)
        bytes_resize(bytes, offset + size);
    memcpy(bytes->data + offset, data, size);
}

static void bytes_copy(struct bytes *to, const struct bytes *from)
{
    to->size = 0;
    bytes_write(to, 0, from->data, from->size);
}

/* ---- Inodes ---- */

static struct inode *inode_new(struct disk *disk, bool is_directory, uint32_t mode, int64_t now_ms)
{
    struct inode *inode = must(calloc(1, sizeof(*inode)));
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

static void forget_file_changes(struct inode *inode)
{
    while (inode->first_change) {
        struct file_change *change = inode->first_change;
        inode->first_change = change->next;
        free(change);
    }
    inode->last_change = &inode->first_change;
}

static void entries_clear(struct entries *entries);
static void forget_entry_changes(struct inode *inode);

static void inode_drop(struct inode *inode)
{
    if (--inode->holds)
        return;
    *inode->at_of_disk = inode->next_of_disk;
    if (inode->next_of_disk)
        inode->next_of_disk->at_of_disk = inode->at_of_disk;
    entries_clear(&inode->entries_now);
    entries_clear(&inode->entries_on_disk);
    forget_entry_changes(inode);
    free(inode->entries_now.items);
    free(inode->entries_on_disk.items);
    forget_file_changes(inode);
    free(inode->now.data);
    free(inode->on_disk.data);
    free(inode->cached_pages);
    free(inode);
}

static struct inode *inode_hold(struct inode *inode)
{
    inode->holds++;
    return inode;
}

/* Gives the space back once neither a name nor a handle leads to the bytes. */
static void uncount_if_gone(struct disk *disk, struct inode *inode)
{
    if (inode->is_counted && inode->links == 0 && inode->handles == 0) {
        inode->is_counted = false;
        disk->used_bytes -= inode->now.size;
    }
}

/* ---- Entries ---- */

static struct entry *entries_find(const struct entries *entries, const char *name)
{
    for (size_t i = 0; i < entries->count; i++)
        if (strcmp(entries->items[i].name, name) == 0)
            return &entries->items[i];
    return NULL;
}

/* Sets (inode) or takes away (NULL). */
static void entries_set(struct entries *entries, const char *name, struct inode *inode)
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
        entries->items = must(
            realloc(entries->items, entries->capacity * sizeof(entries->items[0])));
    }
    entries->items[entries->count++] = (struct entry){must(strdup(name)), inode};
}

static void entries_clear(struct entries *entries)
{
    while (entries->count) {
        struct entry entry = entries->items[--entries->count];
        free(entry.name);
        inode_drop(entry.inode);
    }
}

static void entries_copy(struct entries *to, const struct entries *from)
{
    entries_clear(to);
    for (size_t i = 0; i < from->count; i++)
        entries_set(to, from->items[i].name, from->items[i].inode);
}

static void apply_entry_change(struct inode *directory, const struct entry_change *change)
{
    if (change->old_name)
        entries_set(&directory->entries_on_disk, change->old_name, NULL);
    entries_set(&directory->entries_on_disk, change->name, change->inode);
}

static void forget_entry_changes(struct inode *inode)
{
    while (inode->first_entry_change) {
        struct entry_change *change = inode->first_entry_change;
        inode->first_entry_change = change->next;
        free(change->name);
        free(change->old_name);
        if (change->inode)
            inode_drop(change->inode);
        free(change);
    }
    inode->last_entry_change = &inode->first_entry_change;
}

static void note_entry_change(
    struct inode *directory, const char *name, struct inode *inode, const char *old_name)
{
    struct entry_change *change = must(calloc(1, sizeof(*change)));
    change->name = must(strdup(name));
    change->inode = inode ? inode_hold(inode) : NULL;
    change->old_name = old_name ? must(strdup(old_name)) : NULL;
    *directory->last_entry_change = change;
    directory->last_entry_change = &change->next;
}

/* Changes what a name leads to, now; the caller notes the change for the disk. */
static void set_entry_now(
    struct disk *disk, struct inode *directory, const char *name, struct inode *inode)
{
    struct entry *entry = entries_find(&directory->entries_now, name);
    struct inode *before = entry ? inode_hold(entry->inode) : NULL;
    if (inode)
        inode->links++;
    entries_set(&directory->entries_now, name, inode);
    if (before) {
        before->links--;
        uncount_if_gone(disk, before);
        inode_drop(before);
    }
}

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

enum { NAME_SIZE = 256 };

/* The directory that holds the last component of `path`, and that component. EINVAL for the root
 * itself. */
static int find_parent(
    struct disk *disk, const char *path, struct inode **out_directory, char name[NAME_SIZE])
{
    struct inode *at = disk->root;
    if (!next_name(&path, name, NAME_SIZE))
        return EINVAL;
    char next[NAME_SIZE];
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
    char name[NAME_SIZE];
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

/* ---- Files ---- */

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
        char name[NAME_SIZE];
        struct inode *directory;
        result = find_parent(disk, path, &directory, name);
        if (result)
            return result;
        if (is_full(disk))
            return ENOSPC;
        inode = inode_hold(inode_new(disk, false, mode, now_ms));
        set_entry_now(disk, directory, name, inode);
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
        disk_truncate(disk, inode, 0, now_ms);
    inode->handles++;
    *out_inode = inode_hold(inode);
    return 0;
}

void disk_release(struct disk *disk, struct inode *inode, bool is_dead)
{
    if (!is_dead) {
        inode->handles--;
        uncount_if_gone(disk, inode);
    }
    inode_drop(inode);
}

static void set_cached(struct inode *inode, uint64_t offset, uint64_t size, bool is_cached)
{
    size_t pages = (size_t)((inode->now.size + PAGE - 1) / PAGE);
    if (pages > inode->cached_page_count) {
        inode->cached_pages = must(realloc(inode->cached_pages, pages));
        memset(inode->cached_pages + inode->cached_page_count, 0, pages - inode->cached_page_count);
        inode->cached_page_count = pages;
    }
    uint64_t end = size > UINT64_MAX - offset - PAGE ? UINT64_MAX
                                                     : (offset + size + PAGE - 1) / PAGE;
    for (uint64_t page = offset / PAGE; page < end && page < inode->cached_page_count; page++)
        inode->cached_pages[page] = is_cached;
}

bool disk_is_cached(const struct inode *inode, uint64_t offset, size_t size)
{
    for (uint64_t at = offset / PAGE * PAGE; at < offset + size && at < inode->now.size; at += PAGE)
        if (at / PAGE >= inode->cached_page_count || !inode->cached_pages[at / PAGE])
            return false;
    return true;
}

void disk_forget(struct inode *inode, uint64_t offset, uint64_t size)
{
    set_cached(
        inode, offset, size ? size : UINT64_MAX, false); /* as posix_fadvise: 0 is to the end */
}

int disk_read(struct inode *inode, uint64_t offset, void *out_bytes, size_t size, size_t *out_size)
{
    uint64_t left = offset < inode->now.size ? inode->now.size - offset : 0;
    size_t count = left < size ? (size_t)left : size;
    if (count)
        memcpy(out_bytes, inode->now.data + offset, count);
    set_cached(inode, offset, count, true);
    *out_size = count;
    return 0;
}

static void note_file_change(
    struct inode *inode, bool is_truncation, uint64_t offset, const uint8_t *data, size_t size)
{
    struct file_change *change = must(malloc(sizeof(*change) + size));
    *change = (struct file_change){.is_truncation = is_truncation, .offset = offset, .size = size};
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

int disk_write(
    struct disk *disk, struct inode *inode, uint64_t offset, struct span bytes, int64_t now_ms)
{
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

int disk_truncate(struct disk *disk, struct inode *inode, uint64_t size, int64_t now_ms)
{
    if (end_within_space(disk, inode, size) < size)
        return ENOSPC;
    count_growth(disk, inode, size);
    bytes_resize(&inode->now, size);
    note_file_change(inode, true, size, NULL, 0);
    inode->modified_ms = now_ms;
    return 0;
}

int disk_preallocate(struct disk *disk, struct inode *inode, uint64_t size, int64_t now_ms)
{
    if (end_within_space(disk, inode, size) < size)
        return ENOSPC; /* nothing half done: the real one gives back what it took */
    uint8_t *zeroes = must(calloc(1, size ? size : 1));
    int result = disk_write(disk, inode, 0, span_make(zeroes, size), now_ms);
    free(zeroes);
    disk_sync(inode);
    return result;
}

static void apply_file_change(struct bytes *bytes, const struct file_change *change)
{
    if (change->is_truncation)
        bytes_resize(bytes, change->offset);
    else
        bytes_write(bytes, change->offset, change->bytes, change->size);
}

void disk_sync(struct inode *inode)
{
    for (const struct file_change *change = inode->first_change; change; change = change->next)
        apply_file_change(&inode->on_disk, change);
    forget_file_changes(inode);
    inode->mode_on_disk = inode->mode;
}

void disk_sync_failed(struct disk *disk, struct inode *inode)
{
    for (const struct file_change *change = inode->first_change; change; change = change->next)
        if (dice_chance(&disk->dice, 50))
            apply_file_change(&inode->on_disk, change);
    forget_file_changes(inode);
}

void disk_chmod(struct inode *inode, uint32_t mode)
{
    inode->mode = mode;
}

void disk_stat(const struct inode *inode, struct env_stat *out_stat)
{
    *out_stat = (struct env_stat){
        .size = inode->now.size,
        .inode = inode->number,
        .link_count = inode->is_directory ? 2 : inode->links,
        .mode = inode->mode,
        .is_directory = inode->is_directory,
        .modified_ms = inode->modified_ms,
    };
}

int disk_lock(struct inode *inode, const void *owner)
{
    if (inode->lock_owner && inode->lock_owner != owner)
        return EBUSY;
    inode->lock_owner = owner;
    return 0;
}

void disk_unlock(struct inode *inode, const void *owner)
{
    if (inode->lock_owner == owner)
        inode->lock_owner = NULL;
}

/* ---- Names ---- */

int disk_link(struct disk *disk, const char *from, const char *to)
{
    struct inode *inode, *directory;
    char name[NAME_SIZE];
    int result = disk_find(disk, from, &inode);
    if (!result)
        result = find_parent(disk, to, &directory, name);
    if (result)
        return result;
    if (inode->is_directory)
        return EPERM;
    if (entries_find(&directory->entries_now, name))
        return EEXIST;
    set_entry_now(disk, directory, name, inode);
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
    char from_name[NAME_SIZE], to_name[NAME_SIZE];
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

    set_entry_now(disk, to_directory, to_name, inode);
    set_entry_now(disk, from_directory, from_name, NULL);
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
    char name[NAME_SIZE];
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
    set_entry_now(disk, directory, name, NULL);
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
    char name[NAME_SIZE];
    int result = find_parent(disk, path, &directory, name);
    if (result)
        return result;
    if (entries_find(&directory->entries_now, name))
        return EEXIST;
    if (is_full(disk))
        return ENOSPC;
    struct inode *inode = inode_new(disk, true, mode, now_ms);
    set_entry_now(disk, directory, name, inode);
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
        apply_entry_change(directory, change);
    forget_entry_changes(directory);
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

/* ---- The power cut ---- */

/* A write that was on its way: whole, not at all, or some of its sectors. */
static void apply_by_chance(
    struct dice *dice, struct bytes *bytes, const struct file_change *change)
{
    uint64_t luck = dice_below(dice, 10);
    if (luck < 3)
        return;
    if (luck < 7 || change->is_truncation) {
        apply_file_change(bytes, change);
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

static void cut_file(struct disk *disk, struct inode *inode, enum env_memory_power_cut how)
{
    if (how == ENV_CUT_KEEP_ALL) {
        bytes_copy(&inode->on_disk, &inode->now);
        inode->mode_on_disk = inode->mode;
    } else if (how == ENV_CUT_RANDOM) {
        for (const struct file_change *change = inode->first_change; change; change = change->next)
            apply_by_chance(&disk->dice, &inode->on_disk, change);
        /* A file system may have written the new size before the bytes: they read as zeroes. */
        if (inode->first_change && inode->now.size > inode->on_disk.size &&
            dice_chance(&disk->dice, 25))
            bytes_resize(&inode->on_disk, inode->now.size);
        if (dice_chance(&disk->dice, 50))
            inode->mode_on_disk = inode->mode;
    }
    forget_file_changes(inode);
    bytes_copy(&inode->now, &inode->on_disk);
    inode->mode = inode->mode_on_disk;
}

static void cut_directory(struct disk *disk, struct inode *directory, enum env_memory_power_cut how)
{
    for (const struct entry_change *change = directory->first_entry_change; change;
         change = change->next)
        if (how == ENV_CUT_KEEP_ALL || (how == ENV_CUT_RANDOM && dice_chance(&disk->dice, 50)))
            apply_entry_change(directory, change);
    forget_entry_changes(directory);
    if (how == ENV_CUT_KEEP_ALL || (how == ENV_CUT_RANDOM && dice_chance(&disk->dice, 50)))
        directory->mode_on_disk = directory->mode;
    directory->mode = directory->mode_on_disk;
    entries_copy(&directory->entries_now, &directory->entries_on_disk);
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
        inode->is_counted = inode->links > 0;
        if (inode->is_counted)
            disk->used_bytes += inode->now.size;
    }
}

void disk_power_cut(struct disk *disk, enum env_memory_power_cut how)
{
    uint64_t space = disk_space(disk);

    /* Cutting one directory may free what is in another: hold all while walking. */
    size_t count = 0;
    for (struct inode *inode = disk->inodes; inode; inode = inode->next_of_disk)
        count++;
    struct inode **all = must(malloc(count * sizeof(struct inode *)));
    count = 0;
    for (struct inode *inode = disk->inodes; inode; inode = inode->next_of_disk)
        all[count++] = inode_hold(inode);
    for (size_t i = 0; i < count; i++) {
        struct inode *inode = all[i];
        if (inode->is_directory)
            cut_directory(disk, inode, how);
        else
            cut_file(disk, inode, how);
        inode->handles = 0;
        inode->lock_owner = NULL;
        if (inode->cached_page_count)
            memset(inode->cached_pages, 0, inode->cached_page_count);
    }
    for (size_t i = 0; i < count; i++)
        inode_drop(all[i]);
    free(all);

    recount(disk);
    if (space != UINT64_MAX)
        disk_set_space(disk, space);
}

struct disk *disk_new(uint64_t seed)
{
    struct disk *disk = must(calloc(1, sizeof(*disk)));
    disk->dice.state = seed;
    disk->space_bytes = UINT64_MAX;
    disk->root = inode_hold(inode_new(disk, true, 0755, 0));
    return disk;
}

void disk_free(struct disk *disk)
{
    inode_drop(disk->root);
    assert(!disk->inodes); /* a handle is still open */
    free(disk);
}
