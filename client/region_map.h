/* Where the regions of a table are, as far as the client knows. Sorted by start key, without
 * overlaps: a region that is added pushes out what it overlaps. Loop thread only. */
#ifndef STELE_CLIENT_REGION_MAP_H
#define STELE_CLIENT_REGION_MAP_H

#include "base/bytes.h"

struct server;

struct region {
    unsigned refs;
    struct server *server; /* NULL: on none, or not known any more */
    int64_t open_sequence;
    struct span name;
    struct span start_key;
    struct span end_key; /* empty: no end */
    uint8_t bytes[];
};

struct region_map {
    struct region **regions;
    size_t count;
    size_t capacity;
    size_t hint; /* where the last look-up ended */
};

/* Copies the spans. NULL on no memory. Held once. */
struct region *region_new(struct span name, struct span start_key, struct span end_key,
    struct server *server, int64_t open_sequence);
struct region *region_ref(struct region *region);
void region_unref(struct region *region); /* NULL is fine */
bool region_holds(const struct region *region, struct span row);

void region_map_deinit(struct region_map *map);
/* Borrowed; NULL when no known region holds the row. */
struct region *region_map_find(struct region_map *map, struct span row);
/* The region that holds the rows just below `row` (empty: the last one). For reversed scans. */
struct region *region_map_find_before(struct region_map *map, struct span row);
/* Adds, with a hold of its own. False on no memory. */
bool region_map_add(struct region_map *map, struct region *region);
void region_map_remove(struct region_map *map, const struct region *region);
/* Forgets where the server's regions are. */
void region_map_remove_server(struct region_map *map, const struct server *server);
void region_map_clear(struct region_map *map);

#endif
