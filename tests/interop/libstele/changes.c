/* Regions that are split, merged, moved, closed and opened, and what reads and writes see of it. */
#include "tests/interop/libstele/expect.h"

enum { ROWS = 800 };

static const struct stele_bytes changing = {(const uint8_t *)"libstele_changes", 16};

/* The regions that serve, in order: those of parents are left out. Caller frees. */
static size_t list_open(struct stele_region_list *list, const struct stele_region *open[16])
{
    size_t count = 0;
    EXPECT_OK(stele_list_regions(client, changing, list, &error));
    for (size_t i = 0; i < list->count && count < 16; i++)
        if (!list->regions[i].is_split && !list->regions[i].is_offline)
            open[count++] = &list->regions[i];
    return count;
}

static size_t count_open(void)
{
    struct stele_region_list list;
    const struct stele_region *open[16];
    size_t count = list_open(&list, open);
    stele_region_list_free(&list);
    return count;
}

static void fill(struct stele_table *rows)
{
    struct stele_cell cell = {.family = STELE_TEXT("f"),
        .qualifier = STELE_TEXT("q"),
        .value = STELE_TEXT("value"),
        .timestamp = STELE_LATEST,
        .type = STELE_CELL_PUT};
    struct stele_mutation puts[ROWS];
    struct stele_action actions[ROWS];
    char names[ROWS][16];
    struct stele_batch batch = {0};
    memset(actions, 0, sizeof(actions));
    for (int i = 0; i < ROWS; i++) {
        stele_mutation_init(&puts[i], STELE_PUT, row_name(names[i], i));
        puts[i].cells = &cell;
        puts[i].cell_count = 1;
        actions[i].mutation = &puts[i];
    }
    EXPECT_OK(stele_batch(rows, actions, ROWS, &batch, &error));
    EXPECT(batch.failed_count == 0);
    stele_batch_free(&batch);
}

/* A compaction rewrites what are references, and the janitor removes the parents. */
static void settle(void)
{
    enum stele_compaction_state state = STELE_COMPACTION_MAJOR;
    int64_t removed;
    EXPECT_OK(stele_compact(client, changing, STELE_NO_BYTES, true, &error));
    while (!stele_get_compaction_state(client, changing, &state, &error) &&
           state != STELE_COMPACTION_NONE)
        usleep(10000);
    EXPECT_OK(stele_run_catalog_janitor(client, &removed, &error));
}

/* HBase refuses to split or merge a region whose files are references still. True when the last failure was that, after
 * they have been rewritten. */
static bool has_settled(void)
{
    if (!strstr(error.message, "NOT splittable") && !strstr(error.message, "is not mergeable") &&
        !strstr(error.message, "merge qualifier"))
        return false;
    settle();
    return true;
}

static void split_at(struct stele_bytes target, const char *key)
{
    enum stele_status status;
    int attempts = 0;
    do {
        status = stele_split(client, target, stele_text(key), &error);
    } while (status && attempts++ < 200 && has_settled());
    EXPECT_OK(status);
}

/* Merges all open regions into one, two at a time as HBase's oldest form does. */
static void merge_all(void)
{
    for (size_t count = count_open(); count > 1; count--) {
        struct stele_region_list list;
        const struct stele_region *open[16];
        list_open(&list, open);
        struct stele_bytes two[] = {open[0]->name, open[1]->encoded_name};
        enum stele_status status;
        int attempts = 0;
        do {
            status = stele_merge_regions(client, two, 2, false, &error);
        } while (status && attempts++ < 200 && has_settled());
        EXPECT_OK(status);
        stele_region_list_free(&list);
        if (status)
            return;
    }
}

void test_moves(void)
{
    struct stele_region_list list;
    const struct stele_region *open[16];
    drop("libstele_changes");
    create("libstele_changes", 0);
    struct stele_table *rows = stele_table_open(client, changing);
    fill(rows);
    /* a table at a key: the region that holds it */
    EXPECT_OK(stele_split(client, changing, STELE_TEXT("row0300"), &error));
    EXPECT(count_open() == 2);
    size_t count = list_open(&list, open);
    EXPECT(count == 2 && bytes_are(open[1]->start_key, "row0300"));
    if (count == 2) {
        /* a region by its encoded name, and one by its whole name */
        split_at(open[0]->encoded_name, "row0100");
        split_at(open[1]->name, "row0600");
    }
    stele_region_list_free(&list);
    EXPECT(count_open() == 4);
    count = list_open(&list, open);
    if (count == 4) { /* its own first key, and one of another region */
        EXPECT(stele_split(client, open[2]->name, STELE_TEXT("row0300"), &error) != STELE_OK);
        EXPECT(stele_split(client, open[2]->name, STELE_TEXT("row0100"), &error) != STELE_OK);
    }
    stele_region_list_free(&list);
    EXPECT(stele_split(client, STELE_TEXT("libstele_missing"), STELE_TEXT("k"), &error) ==
           STELE_NOT_FOUND);
    EXPECT(stele_split(client, STELE_TEXT("0123456789abcdef0123456789abcdef"), STELE_TEXT("k"),
               &error) == STELE_NOT_FOUND);
    fill(rows); /* with a map that is four regions behind */

    count = list_open(&list, open);
    if (count == 4) {
        char server[256];
        snprintf(server, sizeof(server), "%s,%u,%llu", (const char *)open[1]->server.host.data,
            open[1]->server.port, (unsigned long long)open[1]->server.start_code);
        EXPECT_OK(stele_move_region(client, open[1]->encoded_name, stele_text(server), &error));
        EXPECT_OK(stele_move_region(client, open[2]->name, STELE_NO_BYTES, &error));
        EXPECT(stele_move_region(client, STELE_TEXT("0123456789abcdef0123456789abcdef"),
                   STELE_NO_BYTES, &error) == STELE_NOT_FOUND);
        EXPECT(class_ends_with("UnknownRegionException"));
        EXPECT(stele_move_region(client, open[2]->name, STELE_TEXT("not a server"), &error) ==
               STELE_INVALID);
        EXPECT_OK(stele_unassign_region(client, open[3]->encoded_name, &error));
        EXPECT_OK(stele_assign_region(client, open[3]->name, &error));
        EXPECT(
            stele_assign_region(client, STELE_TEXT("no such region"), &error) == STELE_NOT_FOUND);
        struct stele_bytes apart[] = {open[0]->encoded_name, open[2]->encoded_name};
        EXPECT(stele_merge_regions(client, apart, 2, false, &error) == STELE_INVALID);
        EXPECT(class_ends_with("MergeRegionException"));
        EXPECT(stele_merge_regions(client, apart, 1, false, &error) == STELE_INVALID);
        struct stele_region_list one;
        EXPECT_OK(stele_find_region(client, open[1]->encoded_name, &one, &error));
        EXPECT(one.count == 1 && bytes_are(one.regions[0].start_key, "row0100"));
        stele_region_list_free(&one);
    }
    stele_region_list_free(&list);
    fill(rows);
    merge_all();
    EXPECT(count_open() == 1);
    fill(rows);
    stele_table_close(rows);
}

/* ---- scans while regions change under them ---- */

/* What happens when the scan has read that many rows. */
struct change {
    size_t at;
    const char *split_key; /* NULL: merge all */
};

/* Reads all rows in pages of 7, with the changes on the way: every row once, in order. */
static void scan_over(struct stele_table *rows, const struct change *changes, size_t change_count,
    bool is_reversed, uint32_t caching)
{
    struct stele_scan scan;
    const struct stele_result *result;
    size_t count = 0, next = 0;
    enum stele_status status;
    settle(); /* else a scan could open what the last merge left as references, and hold them to its end */
    base_scan(&scan);
    scan.caching = caching;
    /* Looking ahead it would open the new region at once, and with it the references, which HBase does not split as
     * long as they are open. Scans that look ahead are in tests/unit/client/test_changes.c and the simulation. */
    scan.prefetches = false;
    if (is_reversed) {
        scan.start_row = STELE_TEXT("rox");
        scan.stop_row = STELE_TEXT("row");
        scan.is_reversed = true;
    }
    struct stele_scanner *scanner = stele_scanner_open(rows, &scan);
    while ((status = stele_scanner_next(scanner, &result, &error)) == STELE_OK) {
        char name[16];
        row_name(name, is_reversed ? ROWS - 1 - (int)count : (int)count);
        if (!bytes_are(result->cells[0].row, name)) {
            EXPECT(bytes_are(result->cells[0].row, name));
            printf("at row %zu expected %s, got %.*s\n", count, name,
                (int)result->cells[0].row.size, (const char *)result->cells[0].row.data);
            break;
        }
        count++;
        if (next < change_count && count == changes[next].at) {
            const char *key = changes[next++].split_key;
            if (key)
                split_at(changing, key);
            else
                merge_all();
            settle(); /* before the scan goes on, for the same reason */
        }
    }
    EXPECT(status == STELE_END && count == ROWS);
    EXPECT(next == change_count);
    stele_scanner_close(scanner);
}

void test_scan_over_change(void)
{
    static const struct change forward[] = {
        {50, "row0400"}, {100, "row0200"}, {250, "row0600"}, {300, NULL}, {650, "row0700"}};
    static const struct change backward[] = {
        {50, "row0400"}, {100, "row0600"}, {250, "row0500"}, {450, NULL}, {700, "row0040"}};
    struct stele_table *rows = stele_table_open(client, changing);
    for (uint32_t caching = 1; caching <= 49; caching *= 7) {
        merge_all();
        scan_over(rows, forward, 5, false, caching);
        merge_all();
        scan_over(rows, backward, 5, true, caching);
    }
    stele_table_close(rows);
    drop("libstele_changes");
}
