#include "server/web/web_list.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mutex.h"

static bool begin_sort(struct web_list *list, const char *const *sorts, struct error *error)
{
    const struct span *given = web_request_find(&list->call->request, "sort");
    if (!given)
        return true;
    struct span name = *given;
    list->is_falling = name.size > 0 && name.data[0] == '-';
    if (list->is_falling)
        name = span_make(name.data + 1, name.size - 1);
    for (size_t i = 0; sorts[i]; i++) {
        if (span_equal(name, span_string(sorts[i]))) {
            list->sort = i;
            return true;
        }
    }
    struct buffer names = {0};
    for (size_t i = 0; sorts[i]; i++)
        buffer_put_format(&names, "%s%s", i ? ", " : "", sorts[i]);
    error_set(error, STATUS_INVALID, "'sort' must be one of %.*s, or '-' and one of them",
        (int)names.size, names.data ? (const char *)names.data : "");
    buffer_deinit(&names);
    return false;
}

bool web_list_begin(struct web_list *list, struct web_call *call, const char *const *sorts)
{
    struct error error = {0};
    int64_t limit = 0, offset = 0;
    *list = (struct web_list){.call = call};
    const struct span *filter = web_request_find(&call->request, "filter");
    list->filter = filter ? *filter : SPAN_EMPTY;
    if (begin_sort(list, sorts, &error) &&
        !web_request_number(
            &call->request, "limit", WEB_LIST_DEFAULT, 1, WEB_LIST_MOST, &limit, &error) &&
        !web_request_number(&call->request, "after", 0, 0, INT32_MAX, &offset, &error)) {
        list->limit = (size_t)limit;
        list->offset = (size_t)offset;
        return true;
    }
    web_fail_error(call, &error);
    return false;
}

bool web_list_wants(const struct web_list *list, struct span first, struct span second)
{
    struct span filter = list->filter;
    return filter.size == 0 ||
           (first.size && memmem(first.data, first.size, filter.data, filter.size)) ||
           (second.size && memmem(second.data, second.size, filter.data, filter.size));
}

void web_list_add(struct web_list *list, double number, struct span text, struct span id)
{
    struct arena *arena = &list->call->arena;
    if (list->count == list->room) {
        size_t room = list->room ? list->room * 2 : 256;
        struct web_entry *entries = arena_allocate(arena, room * sizeof *entries);
        if (!entries) {
            list->has_failed = true;
            return;
        }
        if (list->count)
            memcpy(entries, list->entries, list->count * sizeof *entries);
        list->entries = entries;
        list->room = room;
    }
    struct web_entry *entry = &list->entries[list->count++];
    *entry = (struct web_entry){number, arena_copy(arena, text), arena_copy(arena, id)};
    list->has_failed = list->has_failed || entry->id.size != id.size;
}

static int compare(const void *a, const void *b)
{
    const struct web_entry *left = a, *right = b;
    if (left->number != right->number)
        return left->number < right->number ? -1 : 1;
    int order = span_compare(left->text, right->text);
    return order ? order : span_compare(left->id, right->id);
}

static int compare_falling(const void *a, const void *b)
{
    const struct web_entry *left = a, *right = b;
    /* the id rises all the same: it only tells equals apart */
    if (left->number == right->number && span_equal(left->text, right->text))
        return span_compare(left->id, right->id);
    return compare(b, a);
}

json_t *web_list_page(struct web_list *list,
    json_t *(*make)(struct web_call *call, const struct web_entry *entry, void *context),
    struct mutex *lock, void *context)
{
    json_t *items = json_array();
    if (list->has_failed || !items) {
        json_decref(items);
        return NULL;
    }
    if (list->count)
        qsort(list->entries, list->count, sizeof *list->entries,
            list->is_falling ? compare_falling : compare);
    if (lock)
        mutex_lock(lock);
    for (size_t i = list->offset; i < list->count && i - list->offset < list->limit; i++) {
        json_t *item = make(list->call, &list->entries[i], context);
        if (item)
            json_array_append_new(items, item);
    }
    if (lock)
        mutex_unlock(lock);
    return items;
}

json_t *web_list_object(const struct web_list *list, json_t *items)
{
    char next[24];
    size_t end = list->offset + list->limit;
    snprintf(next, sizeof next, "%zu", end);
    if (!items)
        return NULL;
    return json_pack("{s:o, s:I, s:s?}", "items", items, "total", (json_int_t)list->count, "next",
        end < list->count ? next : NULL);
}
