#include "tests/sim/owner_check.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "storage/directory.h"
#include "storage/manifest.h"

struct search {
    const struct directory *directory;
    const char *tablet_id;
    struct arena *arena;
    struct manifest manifest;
    bool is_found;
};

/* A tablet's id is in one table only. */
static enum status look_in_table(void *context, const char *name, struct error *error)
{
    struct search *search = context;
    struct error own = {0};
    (void)error;
    if (!search->is_found && directory_id_is_valid(name))
        search->is_found = manifest_read(search->directory, name, search->tablet_id, search->arena,
                               &search->manifest, &own) == STATUS_OK;
    return STATUS_OK;
}

/* The id is the last part of a region's name: "table,start,id.<tablet id>." */
static bool read_id(struct span name, char out_id[TABLET_ID_SIZE])
{
    size_t length = TABLET_ID_SIZE - 1;
    if (name.size < length + 2)
        return false;
    memcpy(out_id, name.data + name.size - length - 1, length);
    out_id[length] = 0;
    return directory_id_is_valid(out_id);
}

static bool is_same(const struct manifest *manifest, const struct seen_region *region)
{
    char text[128], owner[DIRECTORY_NAME_SIZE + 1];
    struct error error = {0};
    snprintf(text, sizeof text, "%.*s,%d,%" PRIu64, (int)region->server.size,
        (const char *)region->server.data, 16020, region->start_code);
    return directory_name_encode(span_string(text), owner, &error) == STATUS_OK &&
           manifest->state == TABLET_OPEN && span_equal(manifest->owner, span_string(owner)) &&
           span_equal(manifest->start_row, region->info.start_key) &&
           span_equal(manifest->end_row, region->info.end_key);
}

bool owner_check(struct env *env, const char *root, const struct seen_region *regions, size_t count,
    struct buffer *out_report)
{
    struct directory directory;
    struct arena arena = {0};
    struct error error = {0};
    struct path tables;
    bool is_right = true;
    CHECK(directory_init(&directory, env, root, "", &error) == STATUS_OK);
    directory_path(&directory, &tables, "tables");
    for (size_t i = 0; i < count; i++) {
        char id[TABLET_ID_SIZE];
        struct search search = {.directory = &directory, .tablet_id = id, .arena = &arena};
        if (regions[i].is_over)
            continue;
        if (read_id(regions[i].name, id))
            (void)env_directory_list(env, tables.text, look_in_table, &search, &error);
        if (search.is_found && is_same(&search.manifest, &regions[i]))
            continue;
        is_right = false;
        buffer_put_format(out_report,
            "  tablet %s: hbase:meta says %.*s,%" PRIu64 ", its manifest ", id,
            (int)regions[i].server.size, (const char *)regions[i].server.data,
            regions[i].start_code);
        if (search.is_found)
            buffer_put_format(out_report, "state %d, owner %.*s\n", (int)search.manifest.state,
                (int)search.manifest.owner.size, (const char *)search.manifest.owner.data);
        else
            buffer_put_format(out_report, "is not there\n");
    }
    arena_deinit(&arena);
    return is_right;
}
