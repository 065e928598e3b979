/* Statuses and errors.
 *
 * Whatever can fail returns an `enum status` and may take a `struct error *` (NULL is fine), which
 * it sets once, where the failure happens: one sentence with the thing's name in it. Callers on the
 * way up prefix it ("open tablet 7: sst 000123: footer magic is 00000000") and only the top logs
 * it. STATUS_NOT_FOUND and STATUS_END are answers more than errors: they need no message. */
#ifndef STELE_BASE_STATUS_H
#define STELE_BASE_STATUS_H

#include <stdbool.h>
#include <stddef.h>

enum status {
    STATUS_OK = 0,
    STATUS_END,       /* an iterator or stream is exhausted; not a failure */
    STATUS_NOT_FOUND, /* the named thing is absent, and that is known for sure: never from an I/O
                         error */
    STATUS_EXISTS,    /* the name is taken */
    STATUS_INVALID, /* the caller's input is wrong: bad name, bad flag, malformed bytes from a peer
                     */
    STATUS_LIMIT,   /* a named limit (base/limits.h) is exceeded */
    STATUS_CORRUPT, /* bytes on disk break a promise of their format */
    STATUS_NEWER_FORMAT, /* a file's format version is newer than this program */
    STATUS_IO,           /* the operating system failed a call; errno text is in the message */
    STATUS_NO_SPACE,     /* ENOSPC or EDQUOT */
    STATUS_NO_MEMORY,    /* an allocation or a memory budget failed */
    STATUS_BUSY,         /* try again later: over budget, locked by another, queue full */
    STATUS_WOULD_BLOCK, /* the answer needs the disk and the caller said it must not wait: redo on a
                           worker */
    STATUS_SUPERSEDED,  /* somebody else committed first: you are no longer the owner (design 7) */
    STATUS_CLOSED,      /* the object is closed or closing */
    STATUS_TIMEOUT,     /* a deadline passed */
    STATUS_CANCELLED,   /* given up on request */
    STATUS_UNSUPPORTED, /* understood, but not built */
    STATUS_WRONG_STATE, /* the object exists but is in a state that forbids this (table enabled,
                           ...) */
    STATUS_OUT_OF_RANGE, /* the row is not in the tablet */
    STATUS_NO_FAMILY,    /* unknown column family */
    STATUS_REMOTE, /* a remote service answered with an exception: its class is in the message */
    STATUS_COUNT   /* how many there are; not a status */
};

#define ERROR_MESSAGE_SIZE 480

struct error {
    enum status status;
    const char *file; /* where it was set: static string */
    int line;
    char message[ERROR_MESSAGE_SIZE]; /* one sentence, no newline, always terminated */
};

/* The enumerator's name without its prefix, in lower case with spaces: "would block". */
const char *status_name(enum status status);

/* Sets *error (when not NULL) and returns status, so that `return error_set(...)` reads well. */
#define error_set(error, status, ...)                                                              \
    error_set_at((error), (status), __FILE__, __LINE__, __VA_ARGS__)
enum status error_set_at(struct error *error, enum status status, const char *file, int line,
    const char *format, ...) __attribute__((format(printf, 5, 6)));

/* As error_set, with ": " and strerror(error_number) at the end; maps ENOSPC and EDQUOT to
 * STATUS_NO_SPACE, ENOENT to STATUS_NOT_FOUND, EEXIST to STATUS_EXISTS, ENOMEM to STATUS_NO_MEMORY,
 * all else to STATUS_IO. */
#define error_set_errno(error, error_number, ...)                                                  \
    error_set_errno_at((error), (error_number), __FILE__, __LINE__, __VA_ARGS__)
enum status error_set_errno_at(struct error *error, int error_number, const char *file, int line,
    const char *format, ...) __attribute__((format(printf, 5, 6)));

/* Puts "<prefix>: " before the message and returns error->status (STATUS_IO when error is NULL is
 * never invented: pass the status you hold). */
enum status error_prefix(struct error *error, enum status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Forgets: status OK, empty message. On the path of each request it also begins an error, in place of the `= {0}` of
 * elsewhere: that writes 504 bytes, and takes 20 ns, for something that is hardly ever needed. */
static inline void error_clear(struct error *error)
{
    if (!error)
        return;
    error->status = STATUS_OK;
    error->file = NULL;
    error->line = 0;
    error->message[0] = '\0';
}

/* For invariants whose breach could corrupt data: stays on in release builds; prints where and
 * aborts. */
#define CHECK(condition) ((condition) ? (void)0 : check_failed(#condition, __FILE__, __LINE__))
void check_failed(const char *condition, const char *file, int line) __attribute__((noreturn));

#endif
