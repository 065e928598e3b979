/* The inodes of memory_disk.h, for its four files only: memory_disk.c (paths and names),
 * memory_file.c (bytes), memory_inode.c (what both stand on), memory_cut.c (what a power cut or a
 * host's crash leaves).
 *
 * Every change knows the host that made it, until some sync makes it durable: a host that crashes
 * takes only its own along. */
#ifndef STELE_BASE_MEMORY_DISK_INTERNAL_H
#define STELE_BASE_MEMORY_DISK_INTERNAL_H

#include "base/memory_disk.h"

enum { DISK_PAGE = 4096, DISK_NAME_SIZE = 256 };

struct bytes {
    uint8_t *data;
    uint64_t size;
    uint64_t capacity;
};

/* A write (`bytes` at `offset`) or, with is_truncation, a new size in `offset`. */
struct file_change {
    struct file_change *next;
    unsigned host;
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
    unsigned host;
    char *name;
    struct inode *inode; /* held; NULL: the name is gone */
    char *old_name;      /* NULL, or the name a rename took away */
};

struct inode {
    struct disk *disk;
    uint64_t number;
    unsigned holds;   /* entries, entries on the disk, changes, handles: freed when none is left */
    unsigned handles; /* open ones; after a power cut the dead ones no longer count */
    unsigned links;   /* entries now */
    bool is_directory;
    bool is_counted; /* its size is part of the disk's used space */
    uint32_t mode, mode_on_disk;
    unsigned mode_host; /* who changed the mode last */
    int64_t modified_ms;
    const void *lock_owner;
    const void **lock_sharers;
    size_t lock_sharer_count;
    struct inode *next_of_disk, **at_of_disk;

    struct bytes now, on_disk; /* files */
    struct file_change *first_change, **last_change;
    bool has_sync_failed;  /* `now` may hold what the disk never will */
    uint8_t *cached_pages; /* a byte each, cached_page_count of them */
    size_t cached_page_count;

    struct entries entries_now, entries_on_disk; /* directories */
    struct entry_change *first_entry_change, **last_entry_change;
};

struct disk {
    struct inode *root;
    struct inode *inodes; /* all of them, linked by next_of_disk */
    struct dice dice;
    unsigned host;                    /* whose calls come now */
    unsigned unsynced_visible_chance; /* in a hundred: disk_set_sharing */
    uint64_t last_number;
    uint64_t used_bytes;
    uint64_t space_bytes; /* used and free; UINT64_MAX: endless */
};

/* The simulated world does not run out of memory; a test that does has lost anyway. */
void *disk_must(void *memory);

void bytes_resize(struct bytes *bytes, uint64_t size);
void bytes_write(struct bytes *bytes, uint64_t offset, const uint8_t *data, size_t size);
void bytes_copy(struct bytes *to, const struct bytes *from);

struct inode *inode_new(struct disk *disk, bool is_directory, uint32_t mode, int64_t now_ms);
struct inode *inode_hold(struct inode *inode);
void inode_drop(struct inode *inode);
/* Gives the space back once neither a name nor a handle leads to the bytes. */
void inode_uncount_if_gone(struct inode *inode);

void inode_apply_change(struct bytes *bytes, const struct file_change *change);
void inode_forget_changes(struct inode *inode);

struct entry *entries_find(const struct entries *entries, const char *name);
/* Sets (inode) or takes away (NULL). */
void entries_set(struct entries *entries, const char *name, struct inode *inode);
void entries_clear(struct entries *entries);
void entries_copy(struct entries *to, const struct entries *from);
void entries_apply_change(struct entries *entries, const struct entry_change *change);
void entry_change_free(struct entry_change *change);
void inode_forget_entry_changes(struct inode *directory);

#endif
