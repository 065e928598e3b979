/* Regions and the cluster: what there is, flush and compaction. */
#include "tests/interop/libstele/expect.h"

void test_regions(void)
{
    struct stele_bytes name = STELE_TEXT("libstele_rows");
    struct stele_region_list list;
    enum stele_compaction_state state;
    char encoded[64];
    EXPECT_OK(stele_list_regions(client, name, &list, &error));
    EXPECT(list.count == 3);
    if (list.count == 3) {
        EXPECT(
            list.regions[0].start_key.size == 0 && bytes_are(list.regions[0].end_key, "row0200"));
        EXPECT(
            bytes_are(list.regions[2].start_key, "row0500") && list.regions[2].end_key.size == 0);
        EXPECT(list.regions[1].server.port != 0 && list.regions[1].encoded_name.size == 32);
        EXPECT(bytes_are(list.regions[1].table, "libstele_rows") &&
               bytes_are(list.regions[1].state, "OPEN"));
        snprintf(encoded, sizeof(encoded), "%s", (const char *)list.regions[1].encoded_name.data);
        EXPECT_OK(stele_flush(client, list.regions[1].name, STELE_NO_BYTES, &error));
        EXPECT_OK(stele_compact(client, stele_text(encoded), STELE_NO_BYTES, false, &error));
    }
    stele_region_list_free(&list);
    EXPECT_OK(stele_locate_region(client, name, STELE_TEXT("row0350"), &list, &error));
    EXPECT(list.count == 1 && bytes_are(list.regions[0].start_key, "row0200"));
    stele_region_list_free(&list);
    EXPECT_OK(stele_flush(client, name, STELE_NO_BYTES, &error));
    EXPECT_OK(stele_flush(client, name, STELE_TEXT("f"), &error));
    EXPECT_OK(stele_compact(client, name, STELE_NO_BYTES, true, &error));
    EXPECT_OK(stele_get_compaction_state(client, name, &state, &error));
    EXPECT(stele_list_regions(client, STELE_TEXT("libstele_missing"), &list, &error) ==
           STELE_NOT_FOUND);
    EXPECT_OK(stele_list_regions(client, STELE_TEXT("hbase:meta"), &list, &error));
    EXPECT(list.count == 1 && bytes_are(list.regions[0].encoded_name, "1588230740"));
    stele_region_list_free(&list);
}

void test_cluster(void)
{
    struct stele_cluster cluster;
    const char *id = "";
    bool has_table = false;
    EXPECT_OK(stele_cluster_id(client, &id, &error));
    EXPECT(strlen(id) > 0);
    EXPECT_OK(stele_cluster_status(client, &cluster, &error));
    EXPECT(cluster.server_count >= 1 && cluster.master.host.size > 0 && cluster.version.size > 0);
    EXPECT(bytes_are(cluster.id, id));
    EXPECT(cluster.average_load >= 3);
    for (size_t i = 0; i < cluster.table_count; i++)
        has_table |= bytes_are(cluster.tables[i].table, "libstele_rows") &&
                     cluster.tables[i].open == 3;
    EXPECT(has_table);
    stele_cluster_free(&cluster);
}
