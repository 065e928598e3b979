/* What a master's start reads: the manifests of many tablets, made in bulk and listed.
 *
 *     tablet_list [TABLETS]      100000
 *
 * The directory is in the page cache: what is measured is the work, not the disk. */
#include <stdio.h>
#include <stdlib.h>

#include "base/log_lines.h"
#include "storage/storage.h"

#define TABLE "11111111111111111111111111111111"

static void must(enum status status, const struct error *error)
{
    if (status == STATUS_OK)
        return;
    fprintf(stderr, "tablet_list: %s\n", error->message);
    exit(1);
}

static enum status count(void *context, const struct tablet_info *tablet, struct error *error)
{
    (void)tablet;
    (void)error;
    (*(size_t *)context)++;
    return STATUS_OK;
}

static void make(struct store *store, size_t tablets)
{
    struct error error = {0};
    struct arena arena = {0};
    struct family_schema family = {.name = SPAN_LITERAL("f")};
    struct table_descriptor descriptor = {
        .id = TABLE, .schema = {.name = SPAN_LITERAL("t"), .families = &family, .family_count = 1}};
    struct tablet_info *infos = arena_allocate_zeroed(&arena, tablets, sizeof(*infos));
    must(table_schema_check(&descriptor.schema, &error), &error);
    must(store_table_commit(store, &descriptor, &error), &error);
    for (size_t i = 0; i < tablets; i++) {
        char *row = arena_allocate(&arena, 16);
        snprintf(row, 16, "%012zu", i);
        snprintf(infos[i].id, sizeof(infos[i].id), "%032zx", i);
        infos[i].region_id = i + 1;
        infos[i].start_row = i ? span_string(row) : SPAN_EMPTY;
        if (i)
            infos[i - 1].end_row = infos[i].start_row;
    }
    must(store_tablet_create(store, TABLE, infos, tablets, &error), &error);
    arena_deinit(&arena);
}

int main(int argc, char **argv)
{
    log_set_level(LOG_OFF);
    size_t tablets = argc > 1 ? strtoull(argv[1], NULL, 10) : 100000;
    char root[] = "/tmp/stele-tablet-list-XXXXXX";
    struct error error = {0};
    struct arena arena = {0};
    struct store *store;
    size_t found = 0;
    if (!mkdtemp(root))
        return 1;
    struct store_config config = {
        .env = env_real(), .role = STORE_DOCUMENTS, .root = root, .incarnation = "bench,1,1"};
    must(store_open(&config, &store, &error), &error);
    uint64_t started_ns = env_monotonic_ns(config.env);
    make(store, tablets);
    uint64_t made_ns = env_monotonic_ns(config.env);
    must(store_tablet_list(store, TABLE, &arena, count, &found, &error), &error);
    uint64_t listed_ns = env_monotonic_ns(config.env);
    store_collector_enable(store, true);
    must(store_collector_run(store, &error), &error);
    uint64_t collected_ns = env_monotonic_ns(config.env);
    printf("tablets=%zu make_ms=%.0f list_ms=%.0f collect_ms=%.0f\n", found,
        (double)(made_ns - started_ns) / 1e6, (double)(listed_ns - made_ns) / 1e6,
        (double)(collected_ns - listed_ns) / 1e6);
    arena_deinit(&arena);
    char command[96];
    snprintf(command, sizeof(command), "rm -rf %s", root);
    return system(command) != 0;
}
