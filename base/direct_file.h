/* The second handle of a real file, for writes past the page cache (env.h, ENV_DIRECT). Internal to base.
 *
 *     start:   io_submit of one write, O_DIRECT | O_DSYNC        the caller goes on while the disk works
 *     finish:  looks at the completion ring for a while, if the caller has that patience, then sleeps
 *
 * One system call starts bytes on their way and makes them durable: no copy into the page cache, no search for
 * dirty pages, no second call for the sync. Where the kernel has no asynchronous writes for us (io_setup refused:
 * a sandbox, the system's limit), start does the whole write.
 *
 * One write at a time; its bytes stay where they are until finish. One thread at a time. */
#ifndef STELE_BASE_DIRECT_FILE_H
#define STELE_BASE_DIRECT_FILE_H

#include "base/bytes.h"

struct direct_file;

/* NULL when the file system of `path` will not have it, and on no memory. */
struct direct_file *direct_file_open(const char *path);
/* Waits for a started write. NULL is fine. */
void direct_file_close(struct direct_file *direct);
/* 0 or an errno value, as direct_file_finish. EINVAL or EOPNOTSUPP: the file system refuses such
 * writes, nothing was written. */
int direct_file_start(struct direct_file *direct, uint64_t offset, struct span bytes);
/* *out_size: how much of it is durable when 0 is returned; less than asked for is not the end of it. */
int direct_file_finish(struct direct_file *direct, uint64_t poll_ns, size_t *out_size);

#endif
