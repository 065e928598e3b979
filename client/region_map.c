#include "client/region_map.h"

#include "base/memory.h"

struct region *region_new(struct span name, struct span start_key, struct span end_key,
    struct server *server, int64_t open_sequence)
{
    struct region *region = memory_allocate(
        sizeof(*region) + name.size + start_key.size + end_key.size + 1);
    if (!region)
        return NULL;
    uint8_t *at = region->bytes;
    struct span from[3] = {name, start_key, end_key};
    struct span *to[3] = {&region->name, &region->start_key, &region->end_key};
    for (size_t i = 0; i < 3; i++) {
        if (from[i].size)
            memcpy(at, from[i].data, from[i].size);
        *to[i] = span_make(at, from[i].size);
        at += from[i].size;
    }
    region->refs = 1;
    region->server = server;
    region->open_sequence = open_sequence;
    return region;
}

struct region *region_ref(struct region *region)
{
    region->refs++;
    return region;
}

void region_unref(struct region *region)
{
    if (region && --region->refs == 0)
        memory_free(region);
}

bool region_holds(const struct region *region, struct span row)
{
    return span_compare(row, region->start_key) >= 0 &&
           (region->end_key.size == 0 || span_compare(row, region->end_key) < 0);
}

void region_map_clear(struct region_map *map)
{
    for (size_t i = 0; i < map->count; i++)
        region_unref(map->regions[i]);
    map->count = map->hint = 0;
}

void region_map_deinit(struct region_map *map)
{
    region_map_clear(map);
    memory_free(map->regions);
    *map = (struct region_map){0};
}

/* How many regions start at or below the row. */
static size_t rank(const struct region_map *map, struct span row)
{
    size_t low = 0, high = map->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (span_compare(map->regions[middle]->start_key, row) <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct region *region_map_find(struct region_map *map, struct span row)
{
    if (map->hint < map->count && region_holds(map->regions[map->hint], row))
        return map->regions[map->hint];
    size_t at = rank(map, row);
    if (at == 0 || !region_holds(map->regions[at - 1], row))
        return NULL;
    map->hint = at - 1;
    return map->regions[at - 1];
}

struct region *region_map_find_before(struct region_map *map, struct span row)
{
    if (map->count == 0)
        return NULL;
    if (row.size == 0) {
        struct region *last = map->regions[map->count - 1];
        return last->end_key.size == 0 ? last : NULL;
    }
    size_t at = rank(map, row);
    if (at > 0 && span_equal(map->regions[at - 1]->start_key, row))
        at--;
    if (at == 0)
        return NULL;
    struct region *region = map->regions[at - 1];
    return region->end_key.size == 0 || span_compare(row, region->end_key) <= 0 ? region : NULL;
}

static bool overlaps(const struct region *a, const struct region *b)
{
    return (a->end_key.size == 0 || span_compare(b->start_key, a->end_key) < 0) &&
           (b->end_key.size == 0 || span_compare(a->start_key, b->end_key) < 0);
}

static void remove_at(struct region_map *map, size_t index)
{
    region_unref(map->regions[index]);
    map->count--;
    memmove(map->regions + index, map->regions + index + 1,
        (map->count - index) * sizeof(*map->regions));
}

bool region_map_add(struct region_map *map, struct region *region)
{
    if (!memory_grow(&map->regions, map->count, &map->capacity, sizeof *map->regions))
        return false;
    size_t at = rank(map, region->start_key);
    if (at > 0 && overlaps(map->regions[at - 1], region))
        remove_at(map, --at);
    while (at < map->count && overlaps(map->regions[at], region))
        remove_at(map, at);
    memmove(map->regions + at + 1, map->regions + at, (map->count - at) * sizeof(*map->regions));
    map->regions[at] = region_ref(region);
    map->count++;
    return true;
}

void region_map_remove(struct region_map *map, const struct region *region)
{
    for (size_t i = 0; i < map->count; i++) {
        if (map->regions[i] == region) {
            remove_at(map, i);
            return;
        }
    }
}

void region_map_remove_server(struct region_map *map, const struct server *server)
{
    for (size_t i = map->count; i-- > 0;)
        if (map->regions[i]->server == server)
            remove_at(map, i);
}
