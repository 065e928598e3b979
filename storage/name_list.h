/* The names in a folder, read at once and sorted. */
#ifndef STELE_STORAGE_NAME_LIST_H
#define STELE_STORAGE_NAME_LIST_H

#include "base/arena.h"
#include "base/env.h"

struct name_list {
    struct arena arena;
    const char **items;
    size_t count;
    size_t capacity;
};

/* *out_names is to be deinited even on failure. STATUS_NOT_FOUND: no such folder. */
enum status name_list_read(
    struct env *env, const char *folder, struct name_list *out_names, struct error *error);
/* At the end. STATUS_NO_MEMORY. */
enum status name_list_add(struct name_list *names, const char *name, struct error *error);
void name_list_deinit(struct name_list *names);

#endif
