/* The disk of env_memory: a tree of inodes that knows what would survive a power cut. Internal to
 * base.
 *
 *   directory:  entries now  ---- changes not yet synced ----  entries on the disk
 *   file:       bytes now    ---- writes not yet synced -----  bytes on the disk
 *
 * A sync moves a directory's or a file's changes to the disk, in order. A power cut moves a subset,
 * then makes "now" equal to the disk. Within one directory a rename is one change; across
 * directories it is two, one in each, and only both syncs make it whole: no file system promises
 * more by contract.
 *
 * Several hosts may share the disk: disk_set_host says whose calls come. A file's sync makes the
 * host's own writes durable, a directory's sync all that is in it (it is one at the server).
 *
 * Calls return 0 or an errno value, as system calls do. The caller serialises them. Memory comes
 * from malloc and not from base/memory.h, so that a test that fails allocation N fails the
 * program's, not the world's. */
#ifndef STELE_BASE_MEMORY_DISK_H
#define STELE_BASE_MEMORY_DISK_H

#include "base/dice.h"
#include "base/env_memory.h"

struct disk;
struct inode;

struct disk *disk_new(uint64_t seed);
void disk_free(struct disk *disk);

/* Which host makes the calls from now on. */
void disk_set_host(struct disk *disk, unsigned host);
/* How often, in a hundred, a read finds another host's bytes that were not synced; they are durable
 * from then on (the file system fetched them), else the reader sees the file without them. 100 (the
 * start) is CephFS, less is NFS. Names and modes are seen at once by all, and so are their
 * effects. */
void disk_set_sharing(struct disk *disk, unsigned visible_chance);

/* Finds what is at `path`; borrowed. */
int disk_find(struct disk *disk, const char *path, struct inode **out_inode);
/* Flags as env_file_open. The inode is held until disk_release. */
int disk_open(struct disk *disk, const char *path, unsigned flags, uint32_t mode, int64_t now_ms,
    struct inode **out_inode);
/* is_dead: its host crashed, or the power was cut, after it was opened. */
void disk_release(struct inode *inode, bool is_dead);

int disk_read(struct inode *inode, uint64_t offset, void *out_bytes, size_t size, size_t *out_size);
/* Whether the bytes are in the simulated page cache: written or read since start, power cut or
 * forget. */
bool disk_is_cached(const struct inode *inode, uint64_t offset, size_t size);
void disk_forget(struct inode *inode, uint64_t offset, uint64_t size);
/* ENOSPC after what fitted was written, as on Linux. */
int disk_write(struct inode *inode, uint64_t offset, struct span bytes, int64_t now_ms);
int disk_truncate(struct inode *inode, uint64_t size, int64_t now_ms);
int disk_preallocate(struct inode *inode, uint64_t size, int64_t now_ms);
/* Whether the host has written what is not synced; where the first of it lies. */
bool disk_unsynced(const struct inode *inode, uint64_t *out_offset);
uint64_t disk_file_size(const struct inode *inode);
void disk_sync(struct inode *inode);
/* What a failed sync leaves: each write is on the disk or will never be, whatever is synced later.
 */
void disk_sync_failed(struct inode *inode);
void disk_chmod(struct inode *inode, uint32_t mode);
void disk_stat(const struct inode *inode, struct env_stat *out_stat);

/* EBUSY while another owner has it, unless both share it. Owners are compared by address. */
int disk_lock(struct inode *inode, bool is_shared, const void *owner);
void disk_unlock(struct inode *inode, const void *owner);

int disk_link(struct disk *disk, const char *from, const char *to);
int disk_rename(struct disk *disk, const char *from, const char *to);
int disk_remove(struct disk *disk, const char *path);
int disk_make_directory(struct disk *disk, const char *path, uint32_t mode, int64_t now_ms);
int disk_remove_directory(struct disk *disk, const char *path);
/* Appends each name with its NUL to out_names, in an order drawn from the seed. */
int disk_list(struct disk *disk, const char *path, struct buffer *out_names);
int disk_sync_directory(struct disk *disk, const char *path);

uint64_t disk_space(const struct disk *disk);
void disk_set_space(struct disk *disk, uint64_t free_bytes);
/* EINVAL past the end of the file. Changes the bytes now and on the disk. */
int disk_flip(struct disk *disk, const char *path, uint64_t offset, uint8_t mask);

/* Inodes held from before are dead: the caller fails calls on them and still releases them. */
void disk_power_cut(struct disk *disk, enum env_memory_power_cut how);
/* As that for the unsynced changes of one host only. Its handles are the caller's to release, as
 * dead ones after disk_forget_handle. */
void disk_host_crash(struct disk *disk, unsigned host, enum env_memory_power_cut how);
/* A handle whose host is gone: it holds neither space nor the lock any more. */
void disk_forget_handle(struct inode *inode, const void *owner);

#endif
