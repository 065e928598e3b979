/* Lists of the API: filtered, sorted, in pages (docs/api.md, "Lists").
 *
 *   begin: limit, after, sort, filter -> add: one entry for each, under whatever lock -> answer: sorts, and has the
 *   entries of the page made into JSON, under the lock again where the maker takes it
 *
 * An entry is only what it is sorted by and the id by which the maker finds it once more: so the lock is held for a copy
 * of a few bytes each, also for 100,000 tablets, and the sorting is done without it. All of it lives in the call's arena. */
#ifndef STELE_SERVER_WEB_WEB_LIST_H
#define STELE_SERVER_WEB_WEB_LIST_H

#include "server/web/web_call.h"

#define WEB_LIST_DEFAULT 100
#define WEB_LIST_MOST    1000

struct web_entry {
    double number;    /* what it is sorted by ... */
    struct span text; /* ... when the numbers are equal */
    struct span id;
};

struct web_list {
    struct web_call *call;
    struct web_entry *entries;
    size_t count, room;
    struct span filter;
    size_t sort; /* index in the names given to begin */
    bool is_falling;
    size_t offset, limit;
    bool has_failed; /* no memory */
};

/* `sorts`: the fields to sort by, NULL at the end; the first is the default, rising. False: the call is answered. */
bool web_list_begin(struct web_list *list, struct web_call *call, const char *const *sorts);
/* True when the filter is in one of the two texts. */
bool web_list_wants(const struct web_list *list, struct span first, struct span second);
/* Copies text and id. */
void web_list_add(struct web_list *list, double number, struct span text, struct span id);
/* Sorts, then calls make() for the page's entries between lock and unlock (either NULL); those that it makes NULL of are
 * left out: they are gone meanwhile. */
json_t *web_list_page(struct web_list *list,
    json_t *(*make)(struct web_call *call, const struct web_entry *entry, void *context),
    struct mutex *lock, void *context);
/* {"items", "total", "next"}; takes the items. NULL on no memory. */
json_t *web_list_object(const struct web_list *list, json_t *items);

#endif
