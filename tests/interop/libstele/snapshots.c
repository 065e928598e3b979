/* Snapshots: taken, listed, cloned, restored, deleted. */
#include "tests/interop/libstele/expect.h"

static const struct stele_bytes source = {(const uint8_t *)"libstele_snapped", 16};

static bool is_there(const char *name, struct stele_bytes table_name, enum stele_snapshot_kind kind)
{
    struct stele_snapshot_list list;
    bool is_found = false;
    EXPECT_OK(stele_list_snapshots(client, &list, &error));
    for (size_t i = 0; i < list.count; i++) {
        const struct stele_snapshot *snapshot = &list.snapshots[i];
        if (bytes_are(snapshot->name, name))
            is_found = snapshot->table.size == table_name.size &&
                       memcmp(snapshot->table.data, table_name.data, table_name.size) == 0 &&
                       snapshot->kind == kind && snapshot->created_ms > 0;
    }
    stele_snapshot_list_free(&list);
    return is_found;
}

static bool has_row(const char *table_name, const char *row)
{
    struct stele_table *rows = stele_table_open(client, stele_text(table_name));
    struct stele_result result = {0};
    struct stele_get get;
    stele_get_init(&get, stele_text(row));
    EXPECT_OK(stele_get(rows, &get, &result, &error));
    bool is_found = result.cell_count > 0;
    stele_result_free(&result);
    stele_table_close(rows);
    return is_found;
}

static void put(const char *row)
{
    struct stele_table *rows = stele_table_open(client, source);
    EXPECT_OK(stele_put_column(
        rows, stele_text(row), STELE_TEXT("f"), STELE_TEXT("q"), STELE_TEXT("v"), &error));
    stele_table_close(rows);
}

static enum stele_status take(const char *name, struct stele_bytes table_name)
{
    struct stele_snapshot snapshot;
    stele_snapshot_init(&snapshot, stele_text(name), table_name);
    return stele_take_snapshot(client, &snapshot, &error);
}

void test_snapshots(void)
{
    struct stele_bytes first = STELE_TEXT("libstele_first"), second = STELE_TEXT("libstele_second");
    struct stele_snapshot skipping;
    drop("libstele_snapped");
    drop("libstele_cloned");
    stele_delete_snapshot(client, first, NULL);
    stele_delete_snapshot(client, second, NULL);
    create("libstele_snapped", 2);
    put("row0100");
    EXPECT_OK(take("libstele_first", source));
    EXPECT(is_there("libstele_first", source, STELE_SNAPSHOT_FLUSH));
    EXPECT(take("libstele_first", source) == STELE_EXISTS);
    EXPECT(class_ends_with("SnapshotExistsException"));
    EXPECT(take("libstele_third", STELE_TEXT("libstele_missing")) != STELE_OK);
    put("row0300");

    EXPECT_OK(stele_clone_snapshot(client, first, STELE_TEXT("libstele_cloned"), &error));
    EXPECT(has_row("libstele_cloned", "row0100") && !has_row("libstele_cloned", "row0300"));
    EXPECT(
        stele_clone_snapshot(client, first, STELE_TEXT("libstele_cloned"), &error) == STELE_EXISTS);
    EXPECT(stele_clone_snapshot(client, STELE_TEXT("libstele_none"), STELE_TEXT("libstele_other"),
               &error) == STELE_NOT_FOUND);
    EXPECT(class_ends_with("SnapshotDoesNotExistException"));

    EXPECT(stele_restore_snapshot(client, first, &error) == STELE_WRONG_STATE);
    EXPECT_OK(stele_disable_table(client, source, &error));
    stele_snapshot_init(&skipping, second, source);
    EXPECT_OK(stele_take_snapshot(client, &skipping, &error));
    EXPECT_OK(stele_restore_snapshot(client, first, &error));
    EXPECT_OK(stele_enable_table(client, source, &error));
    EXPECT(has_row("libstele_snapped", "row0100") && !has_row("libstele_snapped", "row0300"));
    EXPECT(stele_restore_snapshot(client, STELE_TEXT("libstele_none"), &error) == STELE_NOT_FOUND);
    EXPECT(class_ends_with("SnapshotDoesNotExistException"));
    drop("libstele_snapped");
    EXPECT_OK(stele_restore_snapshot(client, second, &error)); /* the table is gone: made again */
    EXPECT(has_row("libstele_snapped", "row0100") && has_row("libstele_snapped", "row0300"));

    EXPECT_OK(stele_delete_snapshot(client, first, &error));
    EXPECT(!is_there("libstele_first", source, STELE_SNAPSHOT_FLUSH));
    EXPECT(stele_delete_snapshot(client, first, &error) == STELE_NOT_FOUND);
    EXPECT_OK(stele_delete_snapshot(client, second, &error));
    EXPECT(has_row("libstele_cloned", "row0100")); /* what was made of it stays */
    drop("libstele_snapped");
    drop("libstele_cloned");
}
