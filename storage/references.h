/* What the manifests of all tables and all snapshots need: the proof that the collector wants before it
 * deletes.
 *
 * Read in one go. Any table, manifest or snapshot that cannot be read fails the whole: an error is
 * never "absent".
 *
 * Threads: any that may block; the result belongs to the caller. */
#ifndef STELE_STORAGE_REFERENCES_H
#define STELE_STORAGE_REFERENCES_H

#include "storage/manifest.h"

struct file_reference {
    const char *table_id; /* whose folder holds it */
    const char *file;
    const char *by_table; /* whose manifest names it; "" for a snapshot */
};

struct incarnation_reference {
    const char *name;
    bool is_owner; /* of a tablet */
};

struct references {
    struct arena arena;
    struct file_reference *files; /* sorted by table and name, after references_read */
    size_t file_count;
    size_t file_capacity;
    struct incarnation_reference *incarnations; /* owners and dead logs: sorted */
    size_t incarnation_count;
    size_t incarnation_capacity;
};

/* Also prunes old versions of manifests. On failure nothing is left to free. */
enum status references_read(
    const struct directory *directory, struct references *out_references, struct error *error);
void references_deinit(struct references *references);
bool references_have_file(
    const struct references *references, const char *table_id, const char *file);
bool references_have_incarnation(const struct references *references, const char *incarnation);
/* It owns a tablet: sealed or not, the next manifest of that may be its own, for one that stands still before its link
 * finds the number free when it goes on. */
bool references_have_owner(const struct references *references, const char *incarnation);
/* A manifest of another table, or a snapshot, names a file of this one. */
bool references_have_table(const struct references *references, const char *table_id);

#endif
