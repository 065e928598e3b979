/* What the parts of storage_check share. Private to check*.c. */
#ifndef STELE_STORAGE_CHECK_H
#define STELE_STORAGE_CHECK_H

#include <stdio.h>

#include "storage/directory.h"
#include "storage/name_list.h"
#include "storage/sstable_check.h"
#include "storage/storage.h"

struct check {
    struct env *env;
    struct directory directory;
    check_problem_function *problem;
    void *context;
    storage_words_function *say_document; /* NULL: none */
    void *words;
    uint64_t problems;
};

void check_tell(struct check *check, const char *path, uint64_t offset, const char *what);
/* Whether a status says something of the bytes rather than of our looking at them. */
bool check_is_about_bytes(enum status status);
/* Turns a finding into a problem, with the offset that its message names; passes on what ends the
 * check. */
enum status check_judge(struct check *check, const char *path, enum status status,
    const struct error *error, struct error *out_error);
/* name_list_read, where a folder that is not there is empty. */
enum status check_names(
    struct env *env, const char *folder, struct name_list *out_names, struct error *error);
void check_join(const char *folder, const char *name, struct path *out_path);

/* Holds the root's lock for the time of the work; a root without a lock file was never in use:
 * *out_lock is left as it is. STATUS_BUSY. */
enum status check_lock_root(
    const struct directory *directory, struct env_file **out_lock, struct error *error);

/* check_root.c */
enum status check_root(struct check *check, struct error *error);

/* check_tables.c */
enum status check_table(struct check *check, const char *table_id, struct error *error);
enum status check_snapshots(struct check *check, struct error *error);

/* check_log.c */
enum status check_incarnation(struct check *check, const char *incarnation, struct error *error);
enum status check_seal(struct check *check, const char *incarnation, struct error *error);

#endif
