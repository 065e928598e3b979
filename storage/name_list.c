#include "storage/name_list.h"

#include <stdlib.h>

#include "base/memory.h"

enum status name_list_add(struct name_list *names, const char *name, struct error *error)
{
    char *copy = arena_copy_string(&names->arena, span_string(name));
    if (!copy || !memory_grow(&names->items, names->count, &names->capacity, sizeof *names->items))
        return error_set(error, STATUS_NO_MEMORY, "list of %zu names", names->count);
    names->items[names->count++] = copy;
    return STATUS_OK;
}

static enum status note_name(void *context, const char *name, struct error *error)
{
    return name_list_add(context, name, error);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

enum status name_list_read(
    struct env *env, const char *folder, struct name_list *out_names, struct error *error)
{
    *out_names = (struct name_list){0};
    enum status status = env_directory_list(env, folder, note_name, out_names, error);
    if (status == STATUS_OK && out_names->count)
        qsort(out_names->items, out_names->count, sizeof(char *), compare_names);
    return status;
}

void name_list_deinit(struct name_list *names)
{
    arena_deinit(&names->arena);
    memory_free(names->items);
    *names = (struct name_list){0};
}
